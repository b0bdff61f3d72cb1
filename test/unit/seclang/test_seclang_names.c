/* SPDX-License-Identifier: BSD-3-Clause */
/* Variables and operators by name. */
#include "seclang_test.h"

Suite *seclang_names_suite(void);

START_TEST(variables_are_found_by_name_in_any_case)
{
	for (int v = 0; v < WEIR_SEC_V_END; v++)
		ck_assert_int_eq(weir_sec_variable_find(weir_bytes_str(
					 weir_sec_variable_name((enum weir_sec_variable)v))),
				 v);
	ck_assert_int_eq(weir_sec_variable_find(weir_bytes_str("request_Line")),
			 WEIR_SEC_V_REQUEST_LINE);
	ck_assert_int_eq(weir_sec_variable_find(weir_bytes_str("ARG")), -WEIR_ENOTFOUND);
	ck_assert_int_eq(weir_sec_variable_find(weir_bytes_str("")), -WEIR_ENOTFOUND);
}
END_TEST

START_TEST(collections_are_told_from_single_values)
{
	ck_assert(weir_sec_variable_is_collection(WEIR_SEC_V_ARGS));
	ck_assert(weir_sec_variable_is_collection(WEIR_SEC_V_XML));
	ck_assert(!weir_sec_variable_is_collection(WEIR_SEC_V_REQUEST_LINE));
	ck_assert(!weir_sec_variable_is_collection(WEIR_SEC_V_MATCHED_VAR));
}
END_TEST

START_TEST(operators_have_the_manuals_names)
{
	ck_assert_str_eq(weir_sec_operator_name(WEIR_SEC_O_RX), "rx");
	ck_assert_str_eq(weir_sec_operator_name(WEIR_SEC_O_PMFROMFILE), "pmFromFile");
	ck_assert_str_eq(weir_sec_operator_name(WEIR_SEC_O_WITHIN), "within");
}
END_TEST

Suite *seclang_names_suite(void)
{
	return WEIR_SUITE("seclang names", variables_are_found_by_name_in_any_case,
			  collections_are_told_from_single_values,
			  operators_have_the_manuals_names);
}
