/* SPDX-License-Identifier: BSD-3-Clause */
/* SecUnicodeMapFile. */
#include "seclang_test.h"

Suite *seclang_unicode_suite(void);

/* As unicode.mapping has it: names have numbers in them, too. */
static const char mapping[] = "(MAC - Roman)\n\n\n"
			      "1250  (ANSI - Central Europe)\n00a1:21 00a2:63 ff5e:7e \n\n"
			      "20127 (US-ASCII 7 bit)\n00a0:20 00A1:21 2215:2f\r\nff0e:2e \n\n"
			      "20261 (T.61)\n00a0:ff\n";

START_TEST(a_code_page_is_read)
{
	const struct weir_unicode_map *m;

	write_file("unicode.mapping", mapping);
	m = weir_seclang_settings(good("SecUnicodeMapFile unicode.mapping 20127\n"))->unicode_map;
	ck_assert_ptr_nonnull(m);
	ck_assert_uint_eq(m->byte[0xa0], 0x20);
	ck_assert_uint_eq(m->byte[0xa1], 0x21);
	ck_assert_uint_eq(m->byte[0xa2], 0);
	ck_assert_uint_eq(m->byte[0x2215], '/');
	ck_assert_uint_eq(m->byte[0xff0e], '.');
	ck_assert_uint_eq(m->byte[0xff5e], 0);
	m = weir_seclang_settings(good("SecUnicodeMapFile unicode.mapping 1250\n"))->unicode_map;
	ck_assert_uint_eq(m->byte[0xa2], 0x63);
	ck_assert_uint_eq(m->byte[0xff0e], 0);
	remove_files();
}
END_TEST

START_TEST(maps_that_are_none_are_told)
{
	static const struct said_row rows[] = {
		{"SecUnicodeMapFile none 20127\n",
		 "t:1:19: error: none cannot be read: No such file or directory\n"},
		{"SecUnicodeMapFile m 437\n", "t:1:21: error: no map of code page 437 in 'm'\n"},
		{"SecUnicodeMapFile m 3\n", "t:1:21: error: no map of code page 3 in 'm'\n"},
		{"SecUnicodeMapFile m 4\n", "t:1:21: error: no map of code page 4 in 'm'\n"},
		{"SecUnicodeMapFile m x\n",
		 "t:1:21: error: a number from 1 to 99999 must stand here, not \"x\"\n"},
		{"SecUnicodeMapFile m\n", "t:1:20: error: SecUnicodeMapFile needs 2 arguments\n"},
	};

	write_file("m", "3 (a)\n00a0:1ff\n4 (b)\n10000:20\n");
	CHECK_SAID(rows);
	remove_files();
}
END_TEST

Suite *seclang_unicode_suite(void)
{
	return WEIR_SUITE("seclang unicode", a_code_page_is_read, maps_that_are_none_are_told);
}
