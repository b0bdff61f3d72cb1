/* SPDX-License-Identifier: BSD-3-Clause */
#include "op_test.h"

#define CC  "\\d{13,16}"
#define SSN "\\d{3}-?\\d{2}-?\\d{4}"
#define CPF "([0-9]{3}\\.){2}[0-9]{3}-[0-9]{2}"

START_TEST(numbers_count_when_their_digits_say_so)
{
	static const struct op_row rows[] = {
		{WEIR_SEC_O_VERIFYCC, CC, "4111111111111111", true},
		{WEIR_SEC_O_VERIFYCC, CC, "pay 5500005555555559 now", true},
		{WEIR_SEC_O_VERIFYCC, "\\d{16}", "4111111111111112", false},
		{WEIR_SEC_O_VERIFYCC, CC, "411111111111", false},
		{WEIR_SEC_O_VERIFYCC, CC, "", false},
		{WEIR_SEC_O_VERIFYCC, "(?:\\d[ -]*){13,16}", "4111-1111-1111-1111", true},
		{WEIR_SEC_O_VERIFYCC, CC, "x\n94111111111111111", true}, /* from the next place */
		{WEIR_SEC_O_VERIFYCC, "^" CC "$", "a\n4111111111111111\nb", true}, /* lines */
		{WEIR_SEC_O_VERIFYCC, "[a-z]+", "no digits", false},
		{WEIR_SEC_O_VERIFYCC, "[a-z]*", "0", false}, /* nothing is no match */
		{WEIR_SEC_O_VERIFYSSN, SSN, "078-05-1120", true},
		{WEIR_SEC_O_VERIFYSSN, SSN, "000-05-1120", false},
		{WEIR_SEC_O_VERIFYSSN, SSN, "078-00-1120", false},
		{WEIR_SEC_O_VERIFYSSN, SSN, "078-05-0000", false},
		{WEIR_SEC_O_VERIFYSSN, SSN, "666-05-1120", false},
		{WEIR_SEC_O_VERIFYSSN, SSN, "740-05-1120", false},
		{WEIR_SEC_O_VERIFYSSN, SSN, "739-05-1120", true},
		{WEIR_SEC_O_VERIFYSSN, SSN, "123-45-6789", false},
		{WEIR_SEC_O_VERIFYSSN, SSN, "111-11-1111", false},
		{WEIR_SEC_O_VERIFYCPF, CPF, "529.982.247-25", true},
		{WEIR_SEC_O_VERIFYCPF, CPF, "529.982.247-26", false},
		{WEIR_SEC_O_VERIFYCPF, CPF, "111.111.111-11", false},
		{WEIR_SEC_O_VERIFYCPF, CPF, "012.345.678-90", false},
		{WEIR_SEC_O_VERIFYCPF, "\\d{9}", "529982247", false},
	};

	op_test_rows(rows, WEIR_ARRAY_LEN(rows));
}
END_TEST

START_TEST(each_group_captures_the_number)
{
	struct op_test t;

	op_test_init(&t, WEIR_SEC_O_VERIFYCPF, CPF);
	ck_assert_int_eq(op_test_ask(&t, "cpf 529.982.247-25."), WAF_MATCH);
	ck_assert_uint_eq(t.match.n_captures, 2);
	ck_assert_str_eq(op_test_capture(&t, 0), "529.982.247-25");
	ck_assert_str_eq(op_test_capture(&t, 1), "529.982.247-25");
	ck_assert_int_eq(op_test_ask(&t, "nothing"), WAF_NO_MATCH);
	ck_assert_uint_eq(t.match.n_captures, 0);
	op_test_fini(&t);
}
END_TEST

START_TEST(a_value_full_of_numbers_ends_at_the_limit)
{
	size_t len = 100000;
	char *value = malloc(len);
	struct op_test t;

	ck_assert_ptr_nonnull(value);
	for (size_t i = 0; i < len; i++)
		value[i] = '1';
	op_test_init(&t, WEIR_SEC_O_VERIFYCC, "!1");
	ck_assert_int_eq(op_test_ask_bytes(&t, value, len), WAF_LIMIT);
	op_test_fini(&t);
	free(value);
}
END_TEST

START_TEST(expressions_that_are_wrong_are_refused)
{
	struct op_test t;

	op_test_init(&t, WEIR_SEC_O_VERIFYCC, "(");
	ck_assert_ptr_null(t.op);
	op_test_fini(&t);
	op_test_init(&t, WEIR_SEC_O_VERIFYSSN, "%{tx.x}");
	ck_assert_ptr_null(t.op);
	op_test_fini(&t);
}
END_TEST

Suite *waf_op_card_suite(void)
{
	return WEIR_SUITE("waf op card", numbers_count_when_their_digits_say_so,
			  each_group_captures_the_number, a_value_full_of_numbers_ends_at_the_limit,
			  expressions_that_are_wrong_are_refused);
}
