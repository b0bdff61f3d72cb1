/* SPDX-License-Identifier: BSD-3-Clause */
/* Variables and operators by name. */
#include <stdio.h>

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

/* Of the reference manual. */
START_TEST(what_is_not_supported_is_told_from_what_there_is_not)
{
	static const char *const variables[] = {
		"ENV",
		"FILES_TMPNAMES",
		"PERF_ALL",
		"PERF_COMBINED",
		"PERF_GC",
		"PERF_LOGGING",
		"PERF_PHASE1",
		"PERF_PHASE5",
		"PERF_RULES",
		"PERF_SREAD",
		"PERF_SWRITE",
		"SCRIPT_BASENAME",
		"SCRIPT_GID",
		"SCRIPT_USERNAME",
		"SDBM_DELETE_ERROR",
		"STREAM_INPUT_BODY",
		"USERAGENT_IP",
		"STREAM_OUTPUT_BODY",
		"WEBSERVER_ERROR_LOG",
		"script_mode",
	};
	static const char *const operators[] = {"fuzzyHash",     "gsbLookup",   "inspectFile",
						"rsub",          "validateDTD", "validateHash",
						"validateSchema"};
	char text[100], expected[100];

	for (size_t i = 0; i < WEIR_ARRAY_LEN(variables); i++) {
		snprintf(text, sizeof(text), "SecRule %s a id:1\n", variables[i]);
		snprintf(expected, sizeof(expected),
			 "t:1:9: error: variable '%s' is not supported\n", variables[i]);
		ck_assert_str_eq(said(text), expected);
	}
	for (size_t i = 0; i < WEIR_ARRAY_LEN(operators); i++) {
		snprintf(text, sizeof(text), "SecRule ARGS \"@%s a\" id:1\n", operators[i]);
		snprintf(expected, sizeof(expected),
			 "t:1:16: error: operator '%s' is not supported\n", operators[i]);
		ck_assert_str_eq(said(text), expected);
	}
}
END_TEST

Suite *seclang_names_suite(void)
{
	return WEIR_SUITE("seclang names", variables_are_found_by_name_in_any_case,
			  collections_are_told_from_single_values, operators_have_the_manuals_names,
			  what_is_not_supported_is_told_from_what_there_is_not);
}
