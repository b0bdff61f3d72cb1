/* SPDX-License-Identifier: BSD-3-Clause */
/* Macros. */
#include <stdio.h>

#include "seclang_test.h"

Suite *seclang_text_suite(void);

START_TEST(macros_are_taken_apart)
{
	static const struct {
		const char *written, *read;
	} rows[] = {
		{"plain", "[plain]"},
		{"%{TX.0}", "[%TX.0]"},
		{"a %{tx.b} c", "[a ][%TX.b][ c]"},
		{"%{Request_Headers:Host}%{MATCHED_VAR}", "[%REQUEST_HEADERS.Host][%MATCHED_VAR]"},
		{"%{tx.942131_MATCHED_VAR_NAME}", "[%TX.942131_MATCHED_VAR_NAME]"},
		{"%{rule.msg}", "[%RULE.msg]"},
		{"%{HTTP_Host}", "[%REQUEST_HEADERS.Host]"},
		{"50% {a} %{2} %", "[50% {a} %{2} %]"},
		{"%{", "[%{]"},
		{"%{REMOTE_ADDR}_%{tx.ua}", "[%REMOTE_ADDR][_][%TX.ua]"},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		const struct weir_sec_rule *r;
		char text[200];

		snprintf(text, sizeof(text), "ARGS a \"id:1,msg:'%s'\"", rows[i].written);
		r = only(text);
		ck_assert_str_eq(text_text(&r->msg), rows[i].read);
		ck_assert(r->msg.has_macro == (strstr(rows[i].read, "[%") && i != 8));
		assert_bytes(r->msg.source, rows[i].written);
	}
}
END_TEST

START_TEST(macros_that_are_none_are_told)
{
	static const struct said_row rows[] = {
		{"SecAction id:1,msg:a%{tz.a}\n",
		 "t:1:23: error: no variable 'tz', did you mean 'TX'?\n"},
		{"SecAction id:1,msg:%{ENV.a}\n",
		 "t:1:22: error: variable 'ENV' is not supported\n"},
		{"SecAction id:1,msg:%{tx}\n", "t:1:22: error: TX needs a member: %{TX.name}\n"},
		{"SecAction id:1,msg:%{remote_addr.a}\n",
		 "t:1:22: error: REMOTE_ADDR has no members\n"},
		{"SecAction id:1,msg:a%{tx.a\n", "t:1:21: error: the macro is not closed by '}'\n"},
		{"SecRule ARGS \"@within %{tx.a} %{txx.b}\" id:1\n",
		 "t:1:33: error: no variable 'txx', did you mean 'TX'?\n"},
	};

	CHECK_SAID(rows);
}
END_TEST

Suite *seclang_text_suite(void)
{
	return WEIR_SUITE("seclang text", macros_are_taken_apart, macros_that_are_none_are_told);
}
