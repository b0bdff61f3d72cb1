/* SPDX-License-Identifier: BSD-3-Clause */
#include "op_test.h"

START_TEST(numbers_are_compared)
{
	static const struct op_row rows[] = {
		{WEIR_SEC_O_EQ, "5", "5", true},  {WEIR_SEC_O_EQ, "5", "05", true},
		{WEIR_SEC_O_EQ, "5", "6", false}, {WEIR_SEC_O_GE, "5", "5", true},
		{WEIR_SEC_O_GE, "5", "4", false}, {WEIR_SEC_O_GT, "5", "6", true},
		{WEIR_SEC_O_GT, "5", "5", false}, {WEIR_SEC_O_LE, "5", "5", true},
		{WEIR_SEC_O_LE, "5", "6", false}, {WEIR_SEC_O_LT, "5", "4", true},
		{WEIR_SEC_O_LT, "5", "5", false}, {WEIR_SEC_O_LT, "-1", "-2", true},
	};

	op_test_rows(rows, WEIR_ARRAY_LEN(rows));
}
END_TEST

START_TEST(what_is_no_number_is_zero)
{
	static const struct op_row rows[] = {
		{WEIR_SEC_O_EQ, "0", "", true},
		{WEIR_SEC_O_EQ, "0", "abc", true},
		{WEIR_SEC_O_EQ, "", "0", true},
		{WEIR_SEC_O_EQ, "x", "y", true},
		{WEIR_SEC_O_EQ, "12", "12abc", true},
		{WEIR_SEC_O_EQ, "12", " \t\n12", true},
		{WEIR_SEC_O_EQ, "12", "+12", true},
		{WEIR_SEC_O_EQ, "-12", "-12", true},
		{WEIR_SEC_O_EQ, "0", "--12", true},
		{WEIR_SEC_O_EQ, "0", "- 12", true},
		{WEIR_SEC_O_EQ, "0", "0x12", true},
		{WEIR_SEC_O_EQ, "1", "1.9", true},
		{WEIR_SEC_O_EQ, "0",
		 "\xa0"
		 "1",
		 true},
		{WEIR_SEC_O_EQ, "0", "-", true},
	};

	op_test_rows(rows, WEIR_ARRAY_LEN(rows));
}
END_TEST

START_TEST(large_numbers_stop_at_the_ends)
{
	static const struct op_row rows[] = {
		{WEIR_SEC_O_EQ, "4294967296", "4294967296", true},
		{WEIR_SEC_O_EQ, "0", "4294967296", false},
		{WEIR_SEC_O_EQ, "9223372036854775807", "9223372036854775807", true},
		{WEIR_SEC_O_EQ, "9223372036854775807", "9223372036854775808", true},
		{WEIR_SEC_O_EQ, "9223372036854775807", "99999999999999999999999999999999", true},
		{WEIR_SEC_O_EQ, "9223372036854775807", "18446744073709551616", true},
		{WEIR_SEC_O_GT, "9223372036854775806", "18446744073709551617", true},
		{WEIR_SEC_O_LT, "-9223372036854775807", "-9223372036854775808", true},
		{WEIR_SEC_O_LT, "-9223372036854775807", "-99999999999999999999", true},
	};

	op_test_rows(rows, WEIR_ARRAY_LEN(rows));
}
END_TEST

START_TEST(a_zero_byte_ends_a_number)
{
	struct op_test t;

	op_test_init(&t, WEIR_SEC_O_EQ, "1");
	ck_assert_int_eq(op_test_ask_bytes(&t, "1\0002", 3), WAF_MATCH);
	ck_assert_int_eq(op_test_ask_bytes(&t, NULL, 0), WAF_NO_MATCH);
	op_test_fini(&t);
}
END_TEST

START_TEST(macros_are_numbers)
{
	struct op_test t;

	op_test_init(&t, WEIR_SEC_O_GE, "%{tx.threshold}");
	ck_assert_int_eq(op_test_ask_macro(&t, "5", "5"), WAF_MATCH);
	ck_assert_int_eq(op_test_ask_macro(&t, "5", "6"), WAF_NO_MATCH);
	ck_assert_int_eq(op_test_ask_macro(&t, "5", ""), WAF_MATCH);
	op_test_fini(&t);
	op_test_init(&t, WEIR_SEC_O_LT, "!%{tx.threshold}");
	ck_assert_int_eq(op_test_ask_macro(&t, "5", "6"), WAF_NO_MATCH);
	op_test_fini(&t);
}
END_TEST

Suite *waf_op_number_suite(void)
{
	return WEIR_SUITE("waf op number", numbers_are_compared, what_is_no_number_is_zero,
			  large_numbers_stop_at_the_ends, a_zero_byte_ends_a_number,
			  macros_are_numbers);
}
