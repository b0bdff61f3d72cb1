/* SPDX-License-Identifier: BSD-3-Clause */
#include "waf_lab.h"

#define SET(id, what) "SecAction 'id:" #id ",phase:1,nolog,pass,setvar:" what "'\n"
#define TELL(id)      "SecRule TX:a '@eq 1' 'id:" #id ",phase:2,pass,log'\n"

/* What is asked of each transaction in phase 1. */
static uint32_t steps_left(const char *rules)
{
	struct weir_waf *w = lab_compile(rules, NULL);
	uint32_t n;

	ck_assert_ptr_nonnull(w);
	n = w->phase[1].n;
	weir_waf_destroy(w);
	return n;
}

START_TEST(rules_at_the_beginning_that_depend_on_tx_alone_are_run_once)
{
	static const struct {
		const char *rules;
		uint32_t left;
	} rows[] = {
		{SET(1,
		     "tx.a=1,setvar:tx.b=%{tx.a}") "SecRule &TX:c '@eq 0' "
						   "'id:2,phase:1,nolog,pass,setvar:tx.c=5'\n"
						   "SecRule TX:a '@eq 2' 'id:3,phase:1,deny,log'\n",
		 0},
		{"SecAction 'id:1,phase:1,log,pass'\n", 1},
		{SET(1, "tx.a=%{REMOTE_ADDR}"), 1},
		{SET(1, "ip.a=1"), 1},
		{"SecAction 'id:1,phase:1,nolog,pass,ctl:ruleEngine=Off'\n", 1},
		{SET(1, "tx.x%{tx.a}=1"), 1},
		{"SecRule TX:/a/ '@eq 0' 'id:1,phase:1,nolog,pass'\n", 1},
		{"SecAction 'id:1,phase:1,nolog,allow'\n", 1},
		{SET(1, "tx.a=1") "SecRule TX:a '@eq 1' 'id:3,phase:1,deny,log'\n", 1},
		{SET(1, "tx.a=1") "SecRule TX:a '@eq 1' 'id:3,phase:1,nolog,pass,skip:1'\n" SET(
			 4, "ip.a=1") SET(5, "tx.b=1"),
		 0},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++)
		ck_assert_msg(steps_left(rows[i].rules) == rows[i].left, "%s", rows[i].rules);
}
END_TEST

/* Rule 5 stands before what sets TX:a, and may be asked behind it as well. */
START_TEST(bystanders_stay_and_what_is_behind_them_is_run_once)
{
	static const struct {
		const char *rules, *ids;
	} rows[] = {
		{"SecRule ARGS:x '@rx .' 'id:5,phase:1,pass,log'\n" SET(6, "tx.a=1") TELL(7),
		 "5 7"},
		{"SecRule ARGS:x '@rx .' "
		 "'id:5,phase:1,pass,nolog,ctl:requestBodyProcessor=XML'\n" SET(6, "tx.a=1")
			 TELL(7),
		 "7"},
		/* it touches TX, of other names */
		{"SecRule ARGS:x '@rx .' "
		 "'id:5,phase:1,pass,log,logdata:%{tx.b},setvar:tx.c=%{tx.d},"
		 "capture'\n" SET(6, "tx.a=1") TELL(7),
		 "5 7"},
		/* it takes out what is behind the prologue */
		{"SecRule ARGS:x '@rx .' 'id:5,phase:1,pass,nolog,ctl:ruleRemoveById=7'\n" SET(
			 6, "tx.a=1") TELL(7) TELL(8),
		 "8"},
		{"SecRule ARGS:x '@rx .' 'id:5,phase:1,pass,nolog,chain'\n"
		 "SecRule ARGS:x '@rx .' 'setvar:tx.c=1'\n" SET(6, "tx.a=1") TELL(7),
		 "7"},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct waf_lab lab;

		lab_init(&lab, rows[i].rules);
		ck_assert_msg(lab.waf->phase[1].n == 1, "%s", rows[i].rules);
		ck_assert_msg(!strcmp(lab_get(&lab, "/?x=1"), rows[i].ids), "%s%s", rows[i].rules,
			      lab_ids(&lab));
		lab_fini(&lab);
	}
}
END_TEST

/* Where rule 5 makes a difference to what is behind it that is asked each time. */
START_TEST(what_another_rule_may_change_is_not_run_once)
{
	static const struct {
		const char *rules, *ids, *without; /* with and without ARGS:x */
		uint32_t left;
	} rows[] = {
		{"SecRule ARGS:x '@rx .' 'id:5,phase:1,pass,nolog,setvar:tx.b=1'\n"
		 "SecRule TX:b '@eq 1' 'id:6,phase:1,pass,nolog,setvar:tx.a=1'\n" TELL(7),
		 "7", "", 2},
		{"SecRule ARGS:x '@rx .' 'id:5,phase:1,pass,nolog,setvar:tx.a=2'\n" SET(6, "tx.a=1")
			 TELL(7),
		 "7", "7", 2},
		{"SecRule ARGS:x '@rx .' 'id:5,phase:1,pass,log,logdata:%{tx.a}'\n" SET(6, "tx.a=1")
			 TELL(7),
		 "5 7", "7", 2},
		{"SecRule ARGS:x '@rx .' 'id:5,phase:1,pass,nolog,chain'\nSecRule TX:a '@eq "
		 "0'\n" SET(6, "tx.a=1") TELL(7),
		 "7", "7", 2},
		{"SecRule ARGS:x '@rx .' 'id:5,phase:1,pass,nolog,setvar:tx.%{ARGS.x}=2'\n" SET(
			 6, "tx.a=1") TELL(7),
		 "7", "7", 2},
		{"SecRule TX:/^a/ '@rx .' 'id:5,phase:1,pass,log'\n" SET(6, "tx.a=1") TELL(7), "7",
		 "7", 2},
		{"SecRule ARGS:x '@rx (.)' 'id:5,phase:1,pass,nolog,capture'\n"
		 "SecRule TX:1 '@eq 1' 'id:6,phase:1,pass,nolog,setvar:tx.a=1'\n" TELL(7),
		 "7", "", 2},
		{"SecRule ARGS:x '@rx .' 'id:5,phase:1,pass,nolog,skip:1'\n" SET(6, "tx.a=1")
			 TELL(7),
		 "", "7", 2},
		{"SecRule ARGS:x '@rx .' 'id:5,phase:1,pass,nolog,skipAfter:M'\n" SET(
			 6, "tx.a=1") "SecMarker M\n" TELL(7),
		 "", "7", 2},
		{"SecRule ARGS:x '@rx .' 'id:5,phase:1,nolog,allow:phase'\n" SET(6, "tx.a=1")
			 TELL(7),
		 "", "7", 2},
		{"SecRule ARGS:x '@rx .' 'id:5,phase:1,pass,nolog,ctl:ruleRemoveById=6'\n" SET(
			 6, "tx.a=1") TELL(7),
		 "", "7", 2},
		{SET(4, "tx.c=1") "SecRule ARGS:x '@rx .' "
				  "'id:5,phase:1,pass,nolog,ctl:ruleRemoveTargetById=6;TX:c'"
				  "\nSecRule TX:c '@eq 1' "
				  "'id:6,phase:1,pass,nolog,setvar:tx.a=1'\n" TELL(7),
		 "", "7", 2},
		{"SecRule ARGS:x '@rx .' 'id:5,phase:1,pass,nolog,ctl:ruleEngine=Off'\n" SET(
			 6, "tx.a=1") TELL(7),
		 "", "7", 2},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct waf_lab lab;

		lab_init(&lab, rows[i].rules);
		ck_assert_msg(lab.waf->phase[1].n == rows[i].left, "%s%u", rows[i].rules,
			      lab.waf->phase[1].n);
		ck_assert_msg(!strcmp(lab_get(&lab, "/?x=1"), rows[i].ids), "%s%s", rows[i].rules,
			      lab_ids(&lab));
		ck_assert_msg(!strcmp(lab_get(&lab, "/"), rows[i].without), "%s%s", rows[i].rules,
			      lab_ids(&lab));
		lab_fini(&lab);
	}
}
END_TEST

START_TEST(what_was_run_once_comes_to_the_same_in_each_transaction)
{
	struct waf_lab lab;

	lab_init(&lab,
		 "SecAction 'id:1,phase:1,nolog,pass,setvar:tx.n=+2,setvar:tx.s=a%{tx.n}b'\n"
		 "SecRule TX:n '@eq 2' 'id:2,phase:1,nolog,pass,skipAfter:M'\n"
		 "SecAction 'id:3,phase:1,nolog,pass,setvar:tx.n=99'\n"
		 "SecMarker M\n"
		 "SecRule ARGS:x '@rx .' 'id:4,phase:1,nolog,pass,setvar:tx.n=+1,setvar:tx.s=c'\n"
		 "SecAction 'id:5,phase:2,pass,logdata:%{tx.n}%{tx.s}'\n");
	for (unsigned int i = 0; i < 3; i++) {
		lab_get(&lab, "/?x=1");
		ck_assert_str_eq(lab_data(&lab, 5), "3c");
		lab_get(&lab, "/");
		ck_assert_str_eq(lab_data(&lab, 5), "2a2b");
	}
	lab_fini(&lab);
}
END_TEST

Suite *waf_prologue_suite(void)
{
	return WEIR_SUITE("waf prologue",
			  rules_at_the_beginning_that_depend_on_tx_alone_are_run_once,
			  bystanders_stay_and_what_is_behind_them_is_run_once,
			  what_another_rule_may_change_is_not_run_once,
			  what_was_run_once_comes_to_the_same_in_each_transaction);
}
