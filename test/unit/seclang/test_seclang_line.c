/* SPDX-License-Identifier: BSD-3-Clause */
/* Lines, words, and where they stand. */
#include <stdio.h>
#include <stdlib.h>

#include "seclang_test.h"

Suite *seclang_line_suite(void);

START_TEST(an_error_has_the_line_and_column_of_its_word)
{
	static const struct said_row rows[] = {
		{"SecRul x\n", "t:1:1: error: no directive 'SecRul', did you mean 'SecRule'?\n"},
		{"\n# c\n  \tSecFoo\n", "t:3:4: error: no directive 'SecFoo'\n"},
		{"SecRuleEngine maybe\n",
		 "t:1:15: error: Off, DetectionOnly or On must stand here, not \"maybe\"\n"},
		{"SecRuleEngine \"maybe\"\n",
		 "t:1:16: error: Off, DetectionOnly or On must stand here, not \"maybe\"\n"},
		{"SecRuleEngine \\\n    maybe\n",
		 "t:2:5: error: Off, DetectionOnly or On must stand here, not \"maybe\"\n"},
		{"SecRule ARGS a \\\r\n  \"id:1,\\\r\n  deni\"\r\n",
		 "t:3:3: error: no action 'deni', did you mean 'deny'?\n"},
		{"SecRule ARGS \"@rx a\\\"(\" \"id:1\"\n",
		 "t:1:23: error: not a regular expression: missing closing parenthesis\n"},
		{"SecAction \"id:1,msg:'it\\'s',x\"\n",
		 "t:1:29: error: no action 'x', did you mean 't'?\n"},
		{"SecRule ARGS \"a\n", "t:1:14: error: the quote that opens here is not closed\n"},
		{"SecAction 'id:1\n", "t:1:11: error: the quote that opens here is not closed\n"},
	};

	CHECK_SAID(rows);
}
END_TEST

START_TEST(all_errors_are_told_at_once)
{
	ck_assert_str_eq(
		said("SecFoo\nSecRule ARGZ|ARGS_GE \"@foo\" \"id:1,phase:9,x:1\"\nSecBar\n"),
		"t:1:1: error: no directive 'SecFoo'\n"
		"t:2:9: error: no variable 'ARGZ', did you mean 'ARGS'?\n"
		"t:2:14: error: no variable 'ARGS_GE', did you mean 'ARGS_GET'?\n"
		"t:2:24: error: no operator 'foo'\n"
		"t:2:41: error: a number from 1 to 5 must stand here, not \"9\"\n"
		"t:2:43: error: no action 'x', did you mean 't'?\n"
		"t:3:1: error: no directive 'SecBar'\n");
}
END_TEST

/* Apache's ap_getword_conf, which ModSecurity 2 gets its arguments from. */
START_TEST(quotes_and_backslashes_are_undone_as_apache_does)
{
	static const struct {
		const char *written, *argument;
	} rows[] = {
		{"ARGS a\\d id:1", "a\\d"},
		{"ARGS \"a b\" id:1", "a b"},
		{"ARGS 'a \"b' id:1", "a \"b"},
		{"ARGS \"a\\\"b\" id:1", "a\"b"},
		{"ARGS 'a\\'b' id:1", "a'b"},
		{"ARGS 'a\\\"b' id:1", "a\\\"b"},
		{"ARGS \"a\\\\\\\\b\" id:1", "a\\\\b"},
		{"ARGS \"a\\\\b\" id:1", "a\\b"},
		{"ARGS a\\\\.b id:1", "a\\.b"},
		{"ARGS \"a\\\\\" id:1", "a\\"},
		{"ARGS \"\" id:1", ""},
		{"ARGS \"a\"id:1", "a"},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		char text[100];

		/* streq takes anything. */
		snprintf(text, sizeof(text), "%s", rows[i].written);
		if (strcmp(rows[i].argument, "a\\") == 0)
			snprintf(text, sizeof(text), "ARGS \"@streq a\\\\\" id:1");
		assert_bytes(only(text)->test.argument.source, rows[i].argument);
	}
}
END_TEST

START_TEST(lines_go_on_behind_a_backslash)
{
	struct weir_seclang *s =
		good("SecRule \\\n ARGS \\\n\\\n a \\\n \"id:1,\\\n  deny\"\n"
		     "SecAction id:2,nolog\\\n,pass\n# c \\\n# more\nSecAction id:3\\");

	ck_assert_uint_eq(n_rules(s), 3);
	ck_assert_uint_eq(rule_at(s, 0)->disruptive, WEIR_SEC_DENY);
	ck_assert(!rule_at(s, 1)->log);
	ck_assert_uint_eq(rule_at(s, 2)->pos.line, 11);
}
END_TEST

START_TEST(a_comment_that_takes_a_line_with_it_is_told)
{
	ck_assert_str_eq(
		said("# c \\\nSecRuleEngine On\n# d \\\n\n#e\\\n #f\n"),
		"t:2:1: warning: this line belongs to the comment before it, which ends in a "
		"backslash\n");
}
END_TEST

START_TEST(a_directive_has_its_limit)
{
	size_t len = (1U << 20) + 100;
	char *text = malloc(len + 30);

	ck_assert_ptr_nonnull(text);
	memset(text, 'a', len);
	memcpy(text, "SecComponentSignature ", 22);
	memcpy(text + 1000, "\\\n", 2);
	memcpy(text + len, "\nSecFoo\n", 9);
	ck_assert_str_eq(said(text), "t:1:1: error: a directive has over 1048576 bytes\n"
				     "t:3:1: error: no directive 'SecFoo'\n");
	free(text);
}
END_TEST

Suite *seclang_line_suite(void)
{
	return WEIR_SUITE("seclang line", an_error_has_the_line_and_column_of_its_word,
			  all_errors_are_told_at_once,
			  quotes_and_backslashes_are_undone_as_apache_does,
			  lines_go_on_behind_a_backslash,
			  a_comment_that_takes_a_line_with_it_is_told, a_directive_has_its_limit);
}
