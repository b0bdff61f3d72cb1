/* SPDX-License-Identifier: BSD-3-Clause */
/* Lists of targets. */
#include <stdio.h>

#include "seclang_test.h"

Suite *seclang_target_suite(void);

START_TEST(targets_are_read)
{
	static const struct {
		const char *written, *read;
	} rows[] = {
		{"ARGS", NULL},
		{"ARGS|REQUEST_HEADERS:User-Agent|!ARGS:a", NULL},
		{"args|Request_Headers:user-agent", "ARGS|REQUEST_HEADERS:user-agent"},
		{"ARGS,TX:a", "ARGS|TX:a"},
		{"\"ARGS | TX:a\"", "ARGS|TX:a"},
		{"&ARGS", NULL},
		{"&TX:a", NULL},
		{"&TX:/^a/", NULL},
		{"ARGS:/a|b,c/|TX:d", NULL},
		{"ARGS:/a\\/|b/|TX:d", NULL},
		{"\"ARGS:'/a|b /'|TX:d\"", "ARGS:/a|b /|TX:d"},
		{"ARGS:'a|b'", "ARGS:a|b"},
		{"\"ARGS:'it\\\\'s'\"", "ARGS:it's"},
		{"ARGS:'/a\\\\\\\\d/'", "ARGS:/a\\d/"},
		{"ARGS:/", NULL},
		{"ARGS://", NULL},
		{"ARGS:/a", NULL},
		{"XML:/*", NULL},
		{"XML://@*|XML:/*|!XML:/*|ARGS:/x/", NULL},
		{"!XML|ARGS", NULL},
		{"!TX|ARGS", NULL},
		{"HTTP_Host|REQUEST_LINE", "REQUEST_HEADERS:Host|REQUEST_LINE"},
		{"!REQUEST_COOKIES:/__utm/|ARGS", NULL},
		{"ARGS:a[0][b]", NULL},
		{"ARGS:|REQUEST_LINE", "ARGS|REQUEST_LINE"},
		{"MULTIPART_PART_HEADERS:/^x/", NULL},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		char text[200];

		snprintf(text, sizeof(text), "%s a id:1", rows[i].written);
		ck_assert_str_eq(targets_text(only(text)),
				 rows[i].read ? rows[i].read : rows[i].written);
	}
}
END_TEST

START_TEST(targets_that_are_none_are_told)
{
	static const struct said_row rows[] = {
		{"SecRule ARGX a id:1\n",
		 "t:1:9: error: no variable 'ARGX', did you mean 'ARGS'?\n"},
		{"SecRule ARGS|!ARGX:a a id:1\n",
		 "t:1:15: error: no variable 'ARGX', did you mean 'ARGS'?\n"},
		{"SecRule ENV:a a id:1\n", "t:1:9: error: variable 'ENV' is not supported\n"},
		{"SecRule \"\" a id:1\n", "t:1:10: error: a target is missing\n"},
		{"SecRule |ARGS a id:1\n", "t:1:9: error: no variable ''\n"},
		{"SecRule &REQUEST_LINE a id:1\n",
		 "t:1:9: error: & counts members, and REQUEST_LINE has none\n"},
		{"SecRule REQUEST_LINE:a a id:1\n", "t:1:22: error: REQUEST_LINE has no members\n"},
		{"SecRule TX a id:1\n", "t:1:9: error: TX needs a member: TX:name\n"},
		{"SecRule ARGS|&IP a id:1\n", "t:1:14: error: IP needs a member: IP:name\n"},
		{"SecRule XML a id:1\n", "t:1:9: error: XML needs /* or //@*\n"},
		{"SecRule XML:/a/b a id:1\n",
		 "t:1:13: error: of XPath only /* and //@* are supported\n"},
		{"SecRule ARGS:/a(/ a id:1\n",
		 "t:1:17: error: not a regular expression: missing closing parenthesis\n"},
		{"SecRule ARGS:'a a id:1\n",
		 "t:1:14: error: the quote that opens here is not closed\n"},
		{"SecRule \"ARGS TX:a\" a id:1\n",
		 "t:1:15: error: a comma or the end must stand here\n"},
	};

	CHECK_SAID(rows);
}
END_TEST

Suite *seclang_target_suite(void)
{
	return WEIR_SUITE("seclang target", targets_are_read, targets_that_are_none_are_told);
}
