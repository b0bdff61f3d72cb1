/* SPDX-License-Identifier: BSD-3-Clause */
#include "waf_lab.h"

START_TEST(macros_are_variables_first_values)
{
	static const struct {
		const char *text, *uri, *is;
	} rows[] = {
		{"plain", "/", "plain"},
		{"%{REQUEST_METHOD}", "/", "GET"},
		{"<%{request_method}>", "/", "<GET>"},
		{"%{ARGS.b}", "/?a=1&B=2&b=3", "2"},
		{"%{ARGS}", "/?a=1&b=2", "1"},
		{"%{ARGS_NAMES.b}", "/?a=1&b=2", "b"},
		{"%{ARGS.none}%{GEO.x}", "/", ""},
		{"%{REQUEST_HEADERS.host}", "/", "a"},
		{"%{TX.none}x", "/", "x"},
		{"%{TX.n}-%{tx.N}", "/", "7-7"},
		{"%{REMOTE_ADDR}:%{REMOTE_PORT}", "/", "192.0.2.1:40000"},
		{"%{SERVER_ADDR}:%{SERVER_PORT}", "/", "198.51.100.2:80"},
		{"%{UNIQUE_ID}", "/", "0000000000000001"},
		{"%{REQUEST_LINE}", "/x?y", "GET /x?y HTTP/1.1"},
		{"%{MATCHED_VAR}", "/", ""},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct weir_buf rules = {0};
		struct waf_lab lab;

		weir_buf_printf(&rules,
				"SecAction 'id:1,phase:1,nolog,pass,setvar:tx.n=7'\n"
				"SecAction 'id:2,phase:2,pass,logdata:%s'\n",
				rows[i].text);
		lab_init(&lab, rules.ptr);
		lab_get(&lab, rows[i].uri);
		ck_assert_str_eq(lab_data(&lab, 2), rows[i].is);
		lab_fini(&lab);
		weir_buf_fini(&rules);
	}
}
END_TEST

START_TEST(what_is_told_stands_in_one_line)
{
	struct waf_lab lab;

	lab_init(&lab, "SecRule ARGS:a '@rx .' 'id:1,phase:2,pass,logdata:%{MATCHED_VAR}'\n");
	lab_get(&lab, "/?a=x%0d%0ay%00%7fz%c3%a9");
	ck_assert_str_eq(lab_data(&lab, 1), "x\\x0d\\x0ay\\x00\\x7fz\xc3\xa9");
	lab_fini(&lab);
}
END_TEST

START_TEST(an_operators_argument_may_be_a_macro)
{
	static const struct lab_row rows[] = {
		{"SecRule ARGS:a '@streq %{ARGS.b}' 'id:1,phase:2,pass'\n", "/?a=x&b=x", "1"},
		{"SecRule ARGS:a '@streq %{ARGS.b}' 'id:1,phase:2,pass'\n", "/?a=x&b=y", ""},
		{"SecRule ARGS:a '@contains %{ARGS.b}%{ARGS.c}' 'id:1,phase:2,pass'\n",
		 "/?a=wxyz&b=x&c=y", "1"},
		{"SecRule ARGS:a '@rx ^%{ARGS.b}$' 'id:1,phase:2,pass'\n", "/?a=xx&b=x%2b", "1"},
		{"SecAction 'id:2,phase:1,nolog,pass,setvar:tx.max=3'\n"
		 "SecRule &ARGS '@gt %{tx.max}' 'id:1,phase:2,pass'\n",
		 "/?a&b&c&d", "1"},
		{"SecAction 'id:2,phase:1,nolog,pass,setvar:tx.max=3'\n"
		 "SecRule &ARGS '@gt %{tx.max}' 'id:1,phase:2,pass'\n",
		 "/?a&b&c", ""},
	};

	lab_rows(rows, WEIR_ARRAY_LEN(rows));
}
END_TEST

START_TEST(text_of_many_pieces_is_whole)
{
	struct weir_buf rules = {0}, is = {0};
	struct waf_lab lab;

	weir_buf_str(&rules, "SecRule ARGS:a '@rx .' 'id:1,phase:2,pass,logdata:");
	for (unsigned int i = 0; i < 100; i++) {
		weir_buf_printf(&rules, "%%{ARGS.a}%u", i % 10);
		weir_buf_printf(&is, "x%u", i % 10);
	}
	weir_buf_str(&rules, "'\n");
	lab_init(&lab, rules.ptr);
	lab_get(&lab, "/?a=x");
	ck_assert_str_eq(lab_data(&lab, 1), is.ptr);
	lab_fini(&lab);
	weir_buf_fini(&rules);
	weir_buf_fini(&is);
}
END_TEST

Suite *waf_text_suite(void)
{
	return WEIR_SUITE("waf text", macros_are_variables_first_values,
			  what_is_told_stands_in_one_line, an_operators_argument_may_be_a_macro,
			  text_of_many_pieces_is_whole);
}
