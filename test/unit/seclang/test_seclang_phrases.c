/* SPDX-License-Identifier: BSD-3-Clause */
/* Words of @pm, members of @ipMatch, data files. */
#include <stdio.h>

#include "seclang_test.h"

Suite *seclang_phrases_suite(void);

/* <a><b> */
static const char *phrases(const struct weir_sec_rule *r)
{
	static char out[500];
	size_t n = 0;

	for (uint32_t i = 0; i < r->test.n_phrases; i++)
		n += (size_t)snprintf(out + n, sizeof(out) - n, "<%.*s>",
				      (int)r->test.phrases[i].len,
				      (const char *)r->test.phrases[i].ptr);
	return out;
}

START_TEST(words_are_parted_and_undone)
{
	static const struct {
		const char *written, *read;
	} rows[] = {
		{"a b  c", "<a><b><c>"},
		{"A|42|C|44 45|F", "<ABCDEF>"},
		{"a|20|b", "<a><b>"},
		{"a\\;b c\\:", "<a;b><c:>"},
		{"\\\"a b\\\"", "<a><b>"},
		/* Not pairs, so not undone. */
		{"a|4|b", "<a|4|b>"},
		{"a|xy|b", "<a|xy|b>"},
		{"a||b", "<a||b>"},
		{"a|b", "<a|b>"},
		/* An escape that is none: the text stays. */
		{"a\\nb |41|", "<a\\nb><|41|>"},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		char text[100];

		snprintf(text, sizeof(text), "ARGS \"@pm %s\" id:1", rows[i].written);
		ck_assert_str_eq(phrases(only(text)), rows[i].read);
	}
}
END_TEST

START_TEST(a_data_file_has_a_phrase_a_line)
{
	write_file("a.data",
		   "# comment\nfirst one\n\n  second\t\r\n#x\n|41 42|c\na\\\\b\nq\\n\n|41\nz");
	write_file("b.data", "last\n");
	ck_assert_str_eq(phrases(only("ARGS \"@pmFromFile a.data  b.data\" id:1")),
			 "<first one><second><ABc><a\\b><q\\n><|41><z><last>");
	ck_assert_str_eq(phrases(only("ARGS \"@pmf b.data\" id:1")), "<last>");
	ck_assert_str_eq(said("SecRule ARGS \"@pmFromFile b.data c.data\" id:1\n"),
			 "t:1:34: error: c.data cannot be read: No such file or directory\n");
	write_file("b.data", "# nothing\n\n");
	ck_assert_str_eq(said("SecRule ARGS \"@pmFromFile b.data\" id:1\n"),
			 "t:1:27: error: no phrase is left to look for\n");
	remove_files();
}
END_TEST

START_TEST(addresses_are_checked_in_files_too)
{
	write_file("a.data", "# net\n10.1.2.3/8\n\n2001:db8::/32\n");
	ck_assert_str_eq(phrases(only("REMOTE_ADDR \"@ipMatchFromFile a.data\" id:1")),
			 "<10.1.2.3/8><2001:db8::/32>");
	ck_assert_str_eq(phrases(only("REMOTE_ADDR \"@ipMatch 10.1.2.3/8, ::1\" id:1")),
			 "<10.1.2.3/8><::1>");
	write_file("a.data", "1.2.3.4\n\nhost\n");
	ck_assert_str_eq(said("SecRule REMOTE_ADDR \"@ipMatchF a.data\" id:1\n"),
			 "a.data:3:1: error: 'host' is not an address\n");
	remove_files();
}
END_TEST

Suite *seclang_phrases_suite(void)
{
	return WEIR_SUITE("seclang phrases", words_are_parted_and_undone,
			  a_data_file_has_a_phrase_a_line, addresses_are_checked_in_files_too);
}
