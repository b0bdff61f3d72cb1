/* SPDX-License-Identifier: BSD-3-Clause */
#include "waf_lab.h"

#define AT(id) "SecAction 'id:" #id ",phase:2,pass,log,tag:t" #id "'\n"
#define GATE(id)                                                                      \
	"SecRule TX:DETECTION_PARANOIA_LEVEL '@lt 2' 'id:" #id ",phase:2,pass,nolog," \
	"tag:gates,skipAfter:END'\n"
#define LEVEL "SecAction 'id:900,phase:1,nolog,pass,setvar:tx.detection_paranoia_level=3'\n"

/* Steps of phase 2 that are left of `rules`. */
static uint32_t steps(const char *rules, const struct weir_waf_options *o)
{
	struct weir_waf *w = lab_compile(rules, o);
	uint32_t n;

	ck_assert_ptr_nonnull(w);
	n = w->phase[2].n;
	weir_waf_destroy(w);
	return n;
}

static const struct weir_waf_options level_1 = {.paranoia = 1}, level_2 = {.paranoia = 2};

START_TEST(a_gate_of_a_pinned_level_is_folded_with_all_it_holds_back)
{
#define GATED GATE(1) AT(2) AT(3) "SecMarker END\n" AT(4)
	ck_assert_uint_eq(steps(GATED, NULL), 4);
	ck_assert_uint_eq(steps(GATED, &level_1), 1);
	ck_assert_uint_eq(steps(GATED, &level_2), 3);
}
END_TEST

START_TEST(a_pinned_level_stays_whatever_rules_set)
{
	static const struct {
		const char *rules;
		struct weir_waf_options o;
		const char *ids;
	} rows[] = {
		{LEVEL GATED, {0}, "2 3 4"},
		{LEVEL GATED, {.paranoia = 1}, "4"},
		{LEVEL GATED, {.paranoia = 2}, "2 3 4"},
		{LEVEL GATED, {.paranoia = 1, .detection_paranoia = 2}, "2 3 4"},
		/* by a name of run time, too */
		{"SecAction 'id:901,phase:1,nolog,pass,setvar:tx.l=level'\n"
		 "SecAction "
		 "'id:900,phase:1,nolog,pass,setvar:tx.detection_paranoia_%{tx.l}=3'\n" GATED,
		 {.paranoia = 1},
		 "4"},
		{"SecAction "
		 "'id:900,phase:2,nolog,pass,setvar:!tx.detection_paranoia_level'\n" GATED,
		 {.paranoia = 1},
		 "4"},
		{"SecRule TX:inbound_anomaly_score_threshold '@eq 7' 'id:1,phase:2,pass'\n"
		 "SecRule TX:blocking_paranoia_level '@eq 4' 'id:2,phase:2,pass'\n"
		 "SecRule TX:outbound_anomaly_score_threshold '@eq 9' 'id:3,phase:2,pass'\n"
		 "SecRule &TX:detection_paranoia_level '@eq 1' 'id:4,phase:2,pass'\n",
		 {.paranoia = 4, .inbound_threshold = 7, .outbound_threshold = 9},
		 "1 2 3 4"},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct waf_lab lab;

		lab_init_options(&lab, rows[i].rules, &rows[i].o);
		ck_assert_str_eq(lab_get(&lab, "/"), rows[i].ids);
		lab_fini(&lab);
	}
}
END_TEST

/* What the rules would come to without pins, with a rule that sets the level first. */
START_TEST(a_gate_that_may_be_passed_otherwise_stays)
{
	static const struct {
		const char *rules, *uri, *ids;
		uint32_t steps;
	} rows[] = {
		/* a ctl takes the gate out, but not all behind it */
		{"SecRule ARGS:x '@rx .' 'id:5,phase:2,nolog,pass,ctl:ruleRemoveById=1'\n" GATED,
		 "/?x=1", "2 3 4", 5},
		{"SecRule ARGS:x '@rx .' 'id:5,phase:2,nolog,pass,ctl:ruleRemoveById=1-2'\n" GATED,
		 "/?x=1", "3 4", 5},
		{"SecRule ARGS:x '@rx .' "
		 "'id:5,phase:1,nolog,pass,ctl:ruleRemoveByTag=gates'\n" GATED,
		 "/?x=1", "2 3 4", 4},
		{"SecRule ARGS:x '@rx .' "
		 "'id:5,phase:1,nolog,pass,ctl:ruleRemoveTargetById=1;TX:detection_paranoia_level'"
		 "\n" GATED,
		 "/?x=1", "2 3 4", 4},
		/* all of it, and one that is about something else */
		{"SecRule ARGS:x '@rx .' 'id:5,phase:1,nolog,pass,ctl:ruleRemoveById=1-3'\n" GATED,
		 "/?x=1", "4", 1},
		{"SecRule ARGS:x '@rx .' "
		 "'id:5,phase:1,nolog,pass,ctl:ruleRemoveTargetById=1-4;ARGS:x'\n" GATED,
		 "/?x=1", "4", 1},
		/* somebody leads behind the gate */
		{"SecRule ARGS:x '@rx .' 'id:5,phase:2,nolog,pass,skipAfter:2'\n" GATED, "/?x=1",
		 "3 4", 5},
		{"SecRule ARGS:x '@rx .' 'id:5,phase:2,nolog,pass,skip:1'\n" GATED, "/?x=1",
		 "2 3 4", 5},
		{"SecRule ARGS:x '@rx .' 'id:5,phase:2,nolog,pass,skipAfter:END'\n" GATED, "/?x=1",
		 "4", 2},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct waf_lab lab;

		lab_init_options(&lab, rows[i].rules, &level_1);
		ck_assert_msg(!strcmp(lab_get(&lab, rows[i].uri), rows[i].ids), "%s%s",
			      rows[i].rules, lab_ids(&lab));
		ck_assert_str_eq(lab_get(&lab, "/"), "4");
		ck_assert_uint_eq(lab.waf->phase[2].n, rows[i].steps);
		lab_fini(&lab);
	}
}
END_TEST

START_TEST(what_does_more_than_skip_is_no_gate)
{
	static const char *const rules[] = {
		"SecRule TX:DETECTION_PARANOIA_LEVEL '@lt 2' "
		"'id:1,phase:2,pass,log,skipAfter:END'\n" AT(2) "SecMarker END\n",
		"SecRule TX:DETECTION_PARANOIA_LEVEL '@lt 2' "
		"'id:1,phase:2,pass,nolog,setvar:tx.a=1,skipAfter:END'\n" AT(2) "SecMarker END\n",
		"SecRule TX:DETECTION_PARANOIA_LEVEL '@lt 2' "
		"'id:1,phase:2,deny,nolog,skipAfter:END'\n" AT(2) "SecMarker END\n",
		"SecRule TX:DETECTION_PARANOIA_LEVEL '@lt 2' 'id:1,phase:2,pass,nolog,chain,"
		"skipAfter:END'\nSecRule ARGS '@rx .'\n" AT(2) "SecMarker END\n",
		"SecRule &TX:DETECTION_PARANOIA_LEVEL '@lt 2' "
		"'id:1,phase:2,pass,nolog,skipAfter:END'\n" AT(2) "SecMarker END\n",
		"SecRule TX:DETECTION_PARANOIA_LEVEL|ARGS '@lt 2' "
		"'id:1,phase:2,pass,nolog,skipAfter:END'\n" AT(2) "SecMarker END\n",
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rules); i++)
		ck_assert_msg(steps(rules[i], &level_1) == 2, "%s", rules[i]);
}
END_TEST

START_TEST(gates_stand_within_each_other)
{
	static const char rules[] = "SecRule TX:DETECTION_PARANOIA_LEVEL '@lt 1' "
				    "'id:1,phase:2,pass,nolog,skipAfter:END'\n" AT(
					    2) "SecRule TX:DETECTION_PARANOIA_LEVEL '@lt 2' "
					       "'id:3,phase:2,pass,nolog,skipAfter:END'\n" AT(
						       4) "SecRule "
							  "TX:DETECTION_"
							  "PARANOIA_LEVEL '@lt "
							  "3' "
							  "'id:5,phase:2,pass,"
							  "nolog,skipAfter:END'"
							  "\n" AT(6) "SecMarker "
								     "END\n" AT(7);
	static const char *const ids[] = {"2 7", "2 4 7", "2 4 6 7"};

	for (uint8_t level = 1; level <= 3; level++) {
		struct weir_waf_options o = {.paranoia = level};
		struct waf_lab lab;

		lab_init_options(&lab, rules, &o);
		ck_assert_str_eq(lab_get(&lab, "/"), ids[level - 1]);
		ck_assert_uint_eq(lab.waf->phase[2].n, level + 1u);
		lab_fini(&lab);
	}
}
END_TEST

Suite *waf_fold_suite(void)
{
	return WEIR_SUITE("waf folding", a_gate_of_a_pinned_level_is_folded_with_all_it_holds_back,
			  a_pinned_level_stays_whatever_rules_set,
			  a_gate_that_may_be_passed_otherwise_stays,
			  what_does_more_than_skip_is_no_gate, gates_stand_within_each_other);
}
