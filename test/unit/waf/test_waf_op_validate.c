/* SPDX-License-Identifier: BSD-3-Clause */
#include "op_test.h"

START_TEST(bytes_outside_the_range_match)
{
	static const struct op_row rows[] = {
		{WEIR_SEC_O_VALIDATEBYTERANGE, "1-255", "abc\xff", false},
		{WEIR_SEC_O_VALIDATEBYTERANGE, "32-126", "a b~", false},
		{WEIR_SEC_O_VALIDATEBYTERANGE, "32-126", "a\n", true},
		{WEIR_SEC_O_VALIDATEBYTERANGE, "9,10,13,32-126,128-255", "a\n\x80", false},
		{WEIR_SEC_O_VALIDATEBYTERANGE, "9, 10 ,13, 32 - 126", "\x0b", true},
		{WEIR_SEC_O_VALIDATEBYTERANGE, "38,44-46", "&,-.", false},
		{WEIR_SEC_O_VALIDATEBYTERANGE, "38,44-46", "/", true},
		{WEIR_SEC_O_VALIDATEBYTERANGE, "38", "", false},
		{WEIR_SEC_O_VALIDATEBYTERANGE, "", "a", true},
		{WEIR_SEC_O_VALIDATEBYTERANGE, "0-255", "\x01\xff", false},
	};
	struct op_test t;

	op_test_rows(rows, WEIR_ARRAY_LEN(rows));
	op_test_init(&t, WEIR_SEC_O_VALIDATEBYTERANGE, "1-255");
	ck_assert_int_eq(op_test_ask_bytes(&t, "a\0", 2), WAF_MATCH);
	ck_assert(op_test_need(&t, weir_bytes_of("a\0", 2)));
	ck_assert(!op_test_need(&t, weir_bytes_str("ab")));
	op_test_fini(&t);
	op_test_init(&t, WEIR_SEC_O_VALIDATEBYTERANGE, "0-255");
	ck_assert(!op_test_need(&t, weir_bytes_of("a\0", 2)));
	op_test_fini(&t);
}
END_TEST

START_TEST(ranges_that_are_none_are_refused)
{
	static const char *const wrong[] = {"256", "1-256", "5-1",   "a",       "1-",
					    "-1",  "1,,2",  "1-2-3", "%{tx.a}", "99999999999"};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(wrong); i++) {
		struct op_test t;

		op_test_init(&t, WEIR_SEC_O_VALIDATEBYTERANGE, wrong[i]);
		ck_assert_msg(!t.op, "\"%s\" is taken", wrong[i]);
		op_test_fini(&t);
	}
}
END_TEST

START_TEST(escapes_that_are_none_match)
{
	static const struct op_row rows[] = {
		{WEIR_SEC_O_VALIDATEURLENCODING, "", "abc", false},
		{WEIR_SEC_O_VALIDATEURLENCODING, "", "", false},
		{WEIR_SEC_O_VALIDATEURLENCODING, "", "%41%4a%4A", false},
		{WEIR_SEC_O_VALIDATEURLENCODING, "", "%", true},
		{WEIR_SEC_O_VALIDATEURLENCODING, "", "a%4", true},
		{WEIR_SEC_O_VALIDATEURLENCODING, "", "%4g", true},
		{WEIR_SEC_O_VALIDATEURLENCODING, "", "%g4", true},
		{WEIR_SEC_O_VALIDATEURLENCODING, "", "%%41", true},
		{WEIR_SEC_O_VALIDATEURLENCODING, "", "%25%", true},
		{WEIR_SEC_O_VALIDATEURLENCODING, "", "%u0041", true},
	};

	op_test_rows(rows, WEIR_ARRAY_LEN(rows));
}
END_TEST

START_TEST(what_is_not_utf8_matches)
{
	static const struct op_row rows[] = {
		{WEIR_SEC_O_VALIDATEUTF8ENCODING, "", "", false},
		{WEIR_SEC_O_VALIDATEUTF8ENCODING, "", "abc", false},
		{WEIR_SEC_O_VALIDATEUTF8ENCODING, "", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80",
		 false},
		{WEIR_SEC_O_VALIDATEUTF8ENCODING, "", "\xc3", true}, /* cut */
		{WEIR_SEC_O_VALIDATEUTF8ENCODING, "",
		 "\xc3"
		 "a",
		 true},
		{WEIR_SEC_O_VALIDATEUTF8ENCODING, "", "\x80", true},
		{WEIR_SEC_O_VALIDATEUTF8ENCODING, "", "\xc0\xaf", true}, /* over-long */
		{WEIR_SEC_O_VALIDATEUTF8ENCODING, "", "\xe0\x80\xaf", true},
		{WEIR_SEC_O_VALIDATEUTF8ENCODING, "", "\xf0\x80\x80\xaf", true},
		{WEIR_SEC_O_VALIDATEUTF8ENCODING, "", "\xed\xa0\x80", true}, /* surrogate */
		{WEIR_SEC_O_VALIDATEUTF8ENCODING, "", "\xf4\x90\x80\x80", true},
		{WEIR_SEC_O_VALIDATEUTF8ENCODING, "", "\xf5\x80\x80\x80", true},
		{WEIR_SEC_O_VALIDATEUTF8ENCODING, "", "\xff", true},
	};

	op_test_rows(rows, WEIR_ARRAY_LEN(rows));
}
END_TEST

Suite *waf_op_validate_suite(void)
{
	return WEIR_SUITE("waf op validate", bytes_outside_the_range_match,
			  ranges_that_are_none_are_refused, escapes_that_are_none_match,
			  what_is_not_utf8_matches);
}
