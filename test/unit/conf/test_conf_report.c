/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages: their form, their number, and that they can be printed on any terminal. */
#include "conf_test.h"

static const struct weir_conf_pos here = {"f.yaml", 3, 7};

START_TEST(a_message_names_file_line_and_column)
{
	struct weir_conf_report *r = weir_conf_report_create();

	weir_conf_error(r, here, "unknown key '%s'", "polcy");
	weir_conf_warning(r, here, "port %d", 2);
	ck_assert_uint_eq(weir_conf_errors(r), 1);
	ck_assert_uint_eq(weir_conf_warnings(r), 1);
	assert_said(r, "", "f.yaml:3:7: error: unknown key 'polcy'\nf.yaml:3:7: warning: port 2\n");
}
END_TEST

START_TEST(a_message_about_the_whole_file_has_no_line)
{
	struct weir_conf_report *r = weir_conf_report_create();

	weir_conf_error(r, (struct weir_conf_pos){.file = "f.yaml"}, "is empty");
	weir_conf_error(r, (struct weir_conf_pos){0}, "no file");
	assert_said(r, "", "f.yaml: error: is empty\nweir: error: no file\n");
}
END_TEST

START_TEST(messages_past_the_limit_are_counted)
{
	struct weir_conf_report *r = weir_conf_report_create();
	struct weir_buf said = {0};
	unsigned int lines = 0;

	for (unsigned int i = 0; i < WEIR_CONF_MESSAGES_MAX; i++)
		weir_conf_error(r, here, "%u", i);
	weir_conf_error(r, here, "one too many");
	weir_conf_warning(r, here, "two too many");
	ck_assert_uint_eq(weir_conf_errors(r), WEIR_CONF_MESSAGES_MAX + 1);
	ck_assert_uint_eq(weir_conf_warnings(r), 1);
	weir_conf_report_text(r, &said);
	for (const char *p = said.ptr; (p = strchr(p, '\n')); p++)
		lines++;
	ck_assert_uint_eq(lines, WEIR_CONF_MESSAGES_MAX + 1);
	ck_assert_str_eq(said.ptr + said.len - strlen("weir: and 2 more\n"), "weir: and 2 more\n");
	weir_buf_fini(&said);
	weir_conf_report_destroy(r);
}
END_TEST

START_TEST(control_characters_are_escaped)
{
	static const struct said_row rows[] = {
		{"a\nb", "a\\x0ab"},
		{"\033[31mred", "\\x1b[31mred"},
		{"\x7f", "\\x7f"},
		{"\xc2\x9b"
		 "31m",
		 "\\x9b31m"},
		{"gr\xc3\xbc\xc3\x9f \xc2\xa0", "gr\xc3\xbc\xc3\x9f \xc2\xa0"},
		{"ends in half \xc2", "ends in half \xc2"},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct weir_conf_report *r = weir_conf_report_create();
		struct weir_conf_pos at = {.file = rows[i].text};
		struct weir_buf want = {0};

		weir_buf_printf(&want, "%s: error: %s\n", rows[i].said, rows[i].said);
		weir_conf_error(r, at, "%s", rows[i].text);
		assert_said(r, rows[i].text, want.ptr);
		weir_buf_fini(&want);
	}
}
END_TEST

START_TEST(long_messages_are_cut_between_characters)
{
	struct weir_buf text = {0};

	weir_buf_str(&text, "x");
	for (unsigned int i = 0; i < 300; i++)
		weir_buf_str(&text, "\xc3\xbc");
	for (unsigned int shift = 0; shift < 2; shift++) {
		struct weir_conf_report *r = weir_conf_report_create();
		struct weir_buf want = {0};

		weir_buf_str(&want, "f.yaml:3:7: error: ");
		weir_buf_add(&want, text.ptr + shift, shift ? 500 : 499);
		weir_buf_str(&want, "…\n");
		weir_conf_error(r, here, "%s", text.ptr + shift);
		assert_said(r, "", want.ptr);
		weir_buf_fini(&want);
	}
	weir_buf_fini(&text);
}
END_TEST

START_TEST(an_empty_report_says_nothing)
{
	struct weir_conf_report *r = weir_conf_report_create();

	ck_assert_uint_eq(weir_conf_errors(r), 0);
	ck_assert_uint_eq(weir_conf_warnings(r), 0);
	assert_said(r, "", "");
	weir_conf_report_destroy(NULL);
}
END_TEST

Suite *report_suite(void)
{
	return WEIR_SUITE("conf report", a_message_names_file_line_and_column,
			  a_message_about_the_whole_file_has_no_line,
			  messages_past_the_limit_are_counted, control_characters_are_escaped,
			  long_messages_are_cut_between_characters, an_empty_report_says_nothing);
}
