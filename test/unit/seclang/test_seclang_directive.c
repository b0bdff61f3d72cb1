/* SPDX-License-Identifier: BSD-3-Clause */
/* Directives by name. */
#include <stdio.h>

#include "seclang_test.h"

Suite *seclang_directive_suite(void);

START_TEST(directives_that_are_none_are_told)
{
	static const struct said_row rows[] = {
		{"SecRuleEngien On\n",
		 "t:1:1: error: no directive 'SecRuleEngien', did you mean 'SecRuleEngine'?\n"},
		{"LoadModule a b\n", "t:1:1: error: no directive 'LoadModule'\n"},
		{"<IfModule security2_module>\n",
		 "t:1:1: error: directive '<IfModule' is not supported\n"},
		{"SecRuleEngine\n", "t:1:14: error: SecRuleEngine needs 1 argument\n"},
		{"SecRuleEngine On Off\n", "t:1:18: error: SecRuleEngine takes 1 argument\n"},
		{"SecResponseBodyMimeTypesClear x\n",
		 "t:1:31: error: SecResponseBodyMimeTypesClear takes 0 arguments\n"},
		{"\"\"\n", "t:1:2: error: no directive ''\n"},
	};

	CHECK_SAID(rows);
}
END_TEST

START_TEST(directives_that_would_change_verdicts_are_refused)
{
	static const char *const names[] = {
		"SecConnEngine",
		"SecConnReadStateLimit",
		"SecConnWriteStateLimit",
		"SecGsbLookupDb",
		"SecHashKey",
		"SecHashMethodPm",
		"SecHashMethodRx",
		"SecHashParam",
		"SecReadStateLimit",
		"SecRemoteRules",
		"SecRemoteRulesFailAction",
		"SecRequestEncoding",
		"SecRuleInheritance",
		"SecRuleScript",
		"SecUnicodeCodePage",
		"SecWriteStateLimit",
	};
	char text[100], expected[100];

	for (size_t i = 0; i < WEIR_ARRAY_LEN(names); i++) {
		snprintf(text, sizeof(text), "%s x\n", names[i]);
		snprintf(expected, sizeof(expected),
			 "t:1:1: error: directive '%s' is not supported\n", names[i]);
		ck_assert_str_eq(said(text), expected);
	}
}
END_TEST

Suite *seclang_directive_suite(void)
{
	return WEIR_SUITE("seclang directive", directives_that_are_none_are_told,
			  directives_that_would_change_verdicts_are_refused);
}
