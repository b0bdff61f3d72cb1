/* SPDX-License-Identifier: BSD-3-Clause */
/* What only the whole set shows. */
#include "seclang_test.h"

Suite *seclang_check_suite(void);

START_TEST(ids_stand_once)
{
	static const struct said_row rows[] = {
		{"SecAction id:5\nSecAction id:4\n SecAction nolog,id:5\nSecAction id:5\n",
		 "t:3:18: error: id 5 stands already at t:1:11\n"
		 "t:4:11: error: id 5 stands already at t:1:11\n"},
		/* A removed rule keeps its id. */
		{"SecAction id:5\nSecRuleRemoveById 5\nSecAction id:5\n",
		 "t:3:11: error: id 5 stands already at t:1:11\n"},
		{"SecAction id:5,chain\nSecRule ARGS a\nSecMarker 5\n", ""},
	};

	CHECK_SAID(rows);
}
END_TEST

START_TEST(skips_without_their_marker_are_told)
{
	static const struct said_row rows[] = {
		{"SecAction id:1,skipAfter:A\n",
		 "t:1:1: warning: no SecMarker 'A' follows: the rest of the phase is skipped\n"},
		{"SecMarker A\nSecAction id:1,skipAfter:A\n",
		 "t:2:1: warning: no SecMarker 'A' follows: the rest of the phase is skipped\n"},
		{"SecAction id:1,skipAfter:A\nSecMarker a\n",
		 "t:1:1: warning: no SecMarker 'A' follows: the rest of the phase is skipped\n"},
		{"SecAction \"id:1,skipAfter:'A b'\"\nSecAction id:2\nSecMarker \"A b\"\n", ""},
		/* The id of a rule is a marker as well. */
		{"SecAction id:1,skipAfter:2\nSecAction id:2\n", ""},
		{"SecAction id:1,skipAfter:2\nSecAction id:2\nSecRuleRemoveById 2\n",
		 "t:1:1: warning: no SecMarker '2' follows: the rest of the phase is skipped\n"},
	};

	CHECK_SAID(rows);
}
END_TEST

Suite *seclang_check_suite(void)
{
	return WEIR_SUITE("seclang check", ids_stand_once, skips_without_their_marker_are_told);
}
