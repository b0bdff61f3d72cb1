/* SPDX-License-Identifier: BSD-3-Clause */
#include "op_test.h"

START_TEST(expressions_are_read_as_modsecurity_v2_does)
{
	static const struct op_row rows[] = {
		{WEIR_SEC_O_RX, "bc", "abcd", true},       {WEIR_SEC_O_RX, "BC", "abcd", false},
		{WEIR_SEC_O_RX, "(?i)BC", "abcd", true},   {WEIR_SEC_O_RX, "", "", true},
		{WEIR_SEC_O_RX, "^$", "", true},           {WEIR_SEC_O_RX, "^$", "a", false},
		{WEIR_SEC_O_RX, "a.c", "a\nc", true},   /* a dot matches line ends */
		{WEIR_SEC_O_RX, "a$", "a\n", false},    /* the very end only */
		{WEIR_SEC_O_RX, "^b", "a\nb", false},   /* lines have no beginnings */
		{WEIR_SEC_O_RX, "\\xe9", "\xe9", true}, /* bytes */
		{WEIR_SEC_O_RX, "^.$", "\xc3\xa9", false}, {WEIR_SEC_O_RX, ".", "\n", true},
		{WEIR_SEC_O_RX, ".", "", false},
	};

	op_test_rows(rows, WEIR_ARRAY_LEN(rows));
}
END_TEST

START_TEST(zero_bytes_are_bytes)
{
	struct op_test t;

	op_test_init(&t, WEIR_SEC_O_RX, "^a\\x00b$");
	ck_assert_int_eq(op_test_ask_bytes(&t, "a\0b", 3), WAF_MATCH);
	ck_assert_int_eq(op_test_ask_bytes(&t, "a\0c", 3), WAF_NO_MATCH);
	ck_assert_int_eq(op_test_ask_bytes(&t, NULL, 0), WAF_NO_MATCH);
	op_test_fini(&t);
}
END_TEST

START_TEST(groups_are_captured)
{
	struct op_test t;

	op_test_init(&t, WEIR_SEC_O_RX, "(a)|(b)(c)?x");
	ck_assert_int_eq(op_test_ask(&t, "zzbxy"), WAF_MATCH);
	ck_assert_uint_eq(t.match.n_captures, 3);
	ck_assert_str_eq(op_test_capture(&t, 0), "bx");
	ck_assert_str_eq(op_test_capture(&t, 1), "(none)");
	ck_assert_str_eq(op_test_capture(&t, 2), "b");
	ck_assert_int_eq(op_test_ask(&t, "zz"), WAF_NO_MATCH);
	ck_assert_uint_eq(t.match.n_captures, 0);
	op_test_fini(&t);
	op_test_init(&t, WEIR_SEC_O_RX, ".");
	ck_assert_int_eq(op_test_ask(&t, "ab"), WAF_MATCH);
	ck_assert_uint_eq(t.match.n_captures, 1);
	ck_assert_str_eq(op_test_capture(&t, 0), "a");
	op_test_fini(&t);
	op_test_init(&t, WEIR_SEC_O_RX, "(1)(2)(3)(4)(5)(6)(7)(8)(9)(a)(b)");
	ck_assert_int_eq(op_test_ask(&t, "_123456789ab"), WAF_MATCH);
	ck_assert_uint_eq(t.match.n_captures, WAF_CAPTURES);
	ck_assert_str_eq(op_test_capture(&t, 9), "9");
	op_test_fini(&t);
}
END_TEST

START_TEST(an_empty_group_is_not_an_absent_one)
{
	struct op_test t;

	op_test_init(&t, WEIR_SEC_O_RX, "a(x*)b");
	ck_assert_int_eq(op_test_ask(&t, "ab"), WAF_MATCH);
	ck_assert_str_eq(op_test_capture(&t, 1), "");
	op_test_fini(&t);
}
END_TEST

START_TEST(wrong_expressions_are_refused)
{
	static const char *const wrong[] = {"(", "[a", "a{2,1}", "\\", "(*UTF)a"};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(wrong); i++) {
		struct op_test t;

		op_test_init(&t, WEIR_SEC_O_RX, wrong[i]);
		ck_assert_msg(!t.op, "\"%s\" is taken", wrong[i]);
		op_test_fini(&t);
	}
}
END_TEST

/* Each doubles the work with each byte. */
START_TEST(hostile_values_end_at_the_limit_negated_or_not)
{
	static const char *const patterns[] = {"(a+)+$", "!(a+)+$", "^(a|a)*$", "^(?:a|ab|a?)+c?$"};
	char value[64];

	memset(value, 'a', sizeof(value));
	value[sizeof(value) - 1] = '!';
	for (size_t i = 0; i < WEIR_ARRAY_LEN(patterns); i++) {
		struct op_test t;

		op_test_init_limits(&t, patterns[i], 10000);
		ck_assert_msg(op_test_ask_bytes(&t, value, sizeof(value)) == WAF_LIMIT, "%s",
			      patterns[i]);
		ck_assert_uint_eq(t.match.n_captures, 0);
		op_test_fini(&t);
	}
}
END_TEST

START_TEST(a_long_recursion_ends_at_the_stack)
{
	size_t len = 4 << 20;
	char *value = malloc(len);
	struct op_test t;

	ck_assert_ptr_nonnull(value);
	memset(value, 'a', len);
	op_test_init_limits(&t, "^(?:(a)(?=a|$))*+b", 0);
	ck_assert_int_ne(
		waf_op_run(t.op, t.s, weir_bytes_of(value, len), (struct weir_bytes){0}, NULL),
		WAF_MATCH);
	op_test_fini(&t);
	op_test_init_limits(&t, "^(?:(a)|x)*b", 0);
	ck_assert_int_eq(
		waf_op_run(t.op, t.s, weir_bytes_of(value, len), (struct weir_bytes){0}, NULL),
		WAF_LIMIT);
	op_test_fini(&t);
	free(value);
}
END_TEST

START_TEST(macros_are_matched_with_what_they_stand_for)
{
	struct op_test t;

	op_test_init(&t, WEIR_SEC_O_RX, "^%{tx.charsets}$");
	ck_assert(op_test_need(&t, weir_bytes_str("")));
	ck_assert_int_eq(op_test_ask_macro(&t, "utf-8", "^utf-8|iso-8859-1$"), WAF_MATCH);
	ck_assert_str_eq(op_test_capture(&t, 0), "utf-8");
	ck_assert_int_eq(op_test_ask_macro(&t, "utf-7", "^utf-8|iso-8859-1$"), WAF_NO_MATCH);
	ck_assert_int_eq(op_test_ask_macro(&t, "b", "^(a)|(b)$"), WAF_MATCH);
	ck_assert_str_eq(op_test_capture(&t, 2), "b");
	ck_assert_int_eq(op_test_ask_macro(&t, "b", "(b"), WAF_NO_MATCH);
	ck_assert_int_eq(op_test_ask_macro(&t, "b", "b"), WAF_MATCH);
	op_test_fini(&t);
}
END_TEST

START_TEST(macros_end_at_limits_too)
{
	static char value[40], pattern[400000];
	struct op_test t;

	memset(value, 'a', sizeof(value) - 2);
	value[sizeof(value) - 2] = '!';
	memset(pattern, 'x', sizeof(pattern) - 1);
	op_test_init(&t, WEIR_SEC_O_RX, "!%{args.x}");
	ck_assert_int_eq(op_test_ask_macro(&t, value, "(a+)+$"), WAF_LIMIT);
	ck_assert_int_eq(op_test_ask_macro(&t, value, pattern), WAF_LIMIT);
	ck_assert_int_eq(op_test_ask_macro(&t, value, "b"), WAF_MATCH);
	op_test_fini(&t);
}
END_TEST

Suite *waf_op_rx_suite(void)
{
	return WEIR_SUITE("waf op rx", expressions_are_read_as_modsecurity_v2_does,
			  zero_bytes_are_bytes, groups_are_captured,
			  an_empty_group_is_not_an_absent_one, wrong_expressions_are_refused,
			  hostile_values_end_at_the_limit_negated_or_not,
			  a_long_recursion_ends_at_the_stack,
			  macros_are_matched_with_what_they_stand_for, macros_end_at_limits_too);
}
