/* SPDX-License-Identifier: BSD-3-Clause */
#include "waf_lab.h"

/* A rule that tells that it was reached. */
#define AT(id) "SecAction 'id:" #id ",phase:2,pass,log'\n"

START_TEST(rules_are_asked_in_the_order_of_the_file_phase_by_phase)
{
	static const struct lab_row rows[] = {
		{AT(3) AT(1) AT(2), "/", "3 1 2"},
		{"SecAction 'id:5,phase:2,pass,log'\nSecAction 'id:6,phase:1,pass,log'\n"
		 "SecAction 'id:7,phase:5,pass,log'\nSecAction 'id:8,phase:1,pass,log'\n",
		 "/", "6 8 5 7"},
		{"SecAction 'id:1,phase:2,pass,nolog'\n" AT(2), "/", "2"},
		{"SecRule ARGS '@contains x' 'id:1,phase:2,pass'\n"
		 "SecRule ARGS:q '@streq x' 'id:2,phase:1,pass'\n",
		 "/?q=x", "2 1"},
	};

	lab_rows(rows, WEIR_ARRAY_LEN(rows));
}
END_TEST

START_TEST(a_match_may_skip_rules_of_its_phase)
{
	static const struct lab_row rows[] = {
		{"SecAction 'id:1,phase:2,pass,nolog,skip:1'\n" AT(2) AT(3), "/", "3"},
		{"SecAction 'id:1,phase:2,pass,nolog,skip:2'\n" AT(2) AT(3), "/", ""},
		{"SecAction 'id:1,phase:2,pass,nolog,skip:99'\n" AT(2) AT(3), "/", ""},
		/* rules of other phases and markers do not count, a chain counts once */
		{"SecAction 'id:1,phase:2,pass,nolog,skip:1'\nSecAction 'id:4,phase:1,pass,log'\n"
		 "SecMarker M\n"
		 "SecRule ARGS '@rx .' 'id:2,phase:2,pass,chain'\nSecRule ARGS '@rx .' "
		 "'t:none'\n" AT(3),
		 "/?a=b", "4 3"},
		{"SecRule ARGS '@streq no' 'id:1,phase:2,pass,nolog,skip:1'\n" AT(2), "/?a=b", "2"},
		{"SecAction 'id:1,phase:2,pass,nolog,skipAfter:M'\n" AT(2) "SecMarker M\n" AT(3),
		 "/", "3"},
		/* behind the rule of that id */
		{"SecAction 'id:1,phase:2,pass,nolog,skipAfter:3'\n" AT(2) AT(3) AT(4), "/", "4"},
		/* a marker stands in each phase, and the first behind the rule is meant */
		{"SecMarker M\nSecAction 'id:1,phase:2,pass,nolog,skipAfter:M'\n" AT(
			 2) "SecMarker M\n" AT(3) "SecMarker M\n",
		 "/", "3"},
		{"SecAction 'id:1,phase:1,pass,nolog,skipAfter:M'\n" AT(2) "SecMarker M\n" AT(3),
		 "/", "2 3"},
		/* a chain skips when all of it matches */
		{"SecRule ARGS:a '@streq 1' 'id:1,phase:2,pass,nolog,skipAfter:M,chain'\n"
		 "SecRule ARGS:b '@streq 1'\n" AT(2) "SecMarker M\n",
		 "/?a=1&b=2", "2"},
		{"SecRule ARGS:a '@streq 1' 'id:1,phase:2,pass,nolog,skipAfter:M,chain'\n"
		 "SecRule ARGS:b '@streq 1'\n" AT(2) "SecMarker M\n",
		 "/?a=1&b=1", ""},
		/* a skip may lead to a rule with a prefilter that is cold */
		{"SecAction 'id:1,phase:2,pass,nolog,skipAfter:M'\n" AT(
			 2) "SecMarker M\nSecRule ARGS '@contains nothing' "
			    "'id:3,phase:2,pass'\n" AT(4),
		 "/?a=b", "4"},
	};

	lab_rows(rows, WEIR_ARRAY_LEN(rows));
}
END_TEST

START_TEST(a_chain_matches_with_all_its_links_and_each_acts_at_its_own_match)
{
#define CHAIN                                                                                   \
	"SecRule ARGS:a '@streq 1' 'id:1,phase:2,pass,log,setvar:tx.n=+1,chain'\n"              \
	"SecRule ARGS:b '@streq 1' 'setvar:tx.n=+10,chain'\n"                                   \
	"SecRule ARGS:c '@streq 1' 'setvar:tx.n=+100'\n"                                        \
	"SecRule TX:n '@eq 1' 'id:2,phase:2,pass'\nSecRule TX:n '@eq 11' 'id:3,phase:2,pass'\n" \
	"SecRule TX:n '@eq 111' 'id:4,phase:2,pass'\n"
	static const struct lab_row rows[] = {
		{CHAIN, "/?a=0&b=1&c=1", ""},
		{CHAIN, "/?a=1&b=0&c=1", "2"},
		{CHAIN, "/?a=1&b=1&c=0", "3"},
		{CHAIN, "/?a=1&b=1&c=1", "1 4"},
		/* once for each value that matches */
		{"SecRule ARGS '@streq 1' 'id:1,phase:2,pass,nolog,setvar:tx.n=+1'\n"
		 "SecRule TX:n '@eq 3' 'id:2,phase:2,pass'\n",
		 "/?a=1&b=1&c=1&d=2", "2"},
		{"SecAction 'id:1,phase:2,pass,log,chain'\nSecRule ARGS '@streq 1'\n", "/?a=1",
		 "1"},
		{"SecAction 'id:1,phase:2,pass,log,chain'\nSecRule ARGS '@streq 1'\n", "/?a=2", ""},
	};

	lab_rows(rows, WEIR_ARRAY_LEN(rows));
}
END_TEST

START_TEST(captures_are_those_of_the_last_match_that_captures)
{
	static const struct lab_told rows[] = {
		{"SecRule ARGS:a '@rx ^(.)(.)(.)' 'id:1,phase:2,pass,nolog,capture'\n", "/?a=xyz",
		 "xyz/x/y/z"},
		{"SecRule ARGS:a '@rx ^(.)(.)(.)' 'id:1,phase:2,pass,nolog,capture'\n"
		 "SecRule ARGS:b '@rx ^(.)' 'id:2,phase:2,pass,nolog,capture'\n",
		 "/?a=xyz&b=q", "q/q//"},
		{"SecRule ARGS:a '@rx ^(.)(.)(.)' 'id:1,phase:2,pass,nolog,capture'\n"
		 "SecRule ARGS:b '@rx ^(.)' 'id:2,phase:2,pass,nolog'\n",
		 "/?a=xyz&b=q", "xyz/x/y/z"},
		{"SecRule ARGS:a '@rx ^(.)(.)(.)' 'id:1,phase:2,pass,nolog,capture'\n"
		 "SecRule ARGS:b '@rx ^(.)no' 'id:2,phase:2,pass,nolog,capture'\n",
		 "/?a=xyz&b=q", "xyz/x/y/z"},
		{"SecRule ARGS '@rx ^(.)(.)?' 'id:1,phase:2,pass,nolog,capture'\n", "/?a=xy&b=q",
		 "q/q//"},
		{"SecRule ARGS:a '@pm two one' 'id:1,phase:2,pass,nolog,capture'\n", "/?a=a-one",
		 "one///"},
		{"SecRule ARGS:a '@rx (b)|(c)' 'id:1,phase:2,pass,nolog,capture'\n", "/?a=c",
		 "c//c/"},
	};

	lab_told_rows(TELLER(2, "%{tx.0}/%{tx.1}/%{tx.2}/%{tx.3}"), rows, WEIR_ARRAY_LEN(rows));
}
END_TEST

START_TEST(a_negated_test_matches_where_the_operator_does_not)
{
	static const struct lab_row rows[] = {
		{"SecRule ARGS '!@streq a' 'id:1,phase:2,pass'\n", "/?x=a", ""},
		{"SecRule ARGS '!@streq a' 'id:1,phase:2,pass'\n", "/?x=a&y=b", "1"},
		/* of no value there is no match */
		{"SecRule ARGS '!@streq a' 'id:1,phase:2,pass'\n", "/", ""},
		{"SecRule ARGS '!@rx ^a' 'id:1,phase:2,pass,t:lowercase'\n", "/?x=ABC", ""},
		{"SecRule ARGS '!@pm a b' 'id:1,phase:2,pass'\n", "/?x=zzz", "1"},
		{"SecRule ARGS '!@unconditionalMatch' 'id:1,phase:2,pass'\n", "/?x=zzz", ""},
	};

	lab_rows(rows, WEIR_ARRAY_LEN(rows));
}
END_TEST

START_TEST(multimatch_asks_before_the_first_step_and_after_each_that_changed_something)
{
	static const struct lab_told rows[] = {
		{"SecRule ARGS '@rx .' "
		 "'id:1,phase:2,pass,nolog,multiMatch,t:lowercase,setvar:tx.n=+1'\n",
		 "/?a=abc", "1"},
		{"SecRule ARGS '@rx .' "
		 "'id:1,phase:2,pass,nolog,multiMatch,t:lowercase,setvar:tx.n=+1'\n",
		 "/?a=ABC", "2"},
		{"SecRule ARGS '@rx .' 'id:1,phase:2,pass,nolog,multiMatch,t:lowercase,"
		 "t:removeWhitespace,t:length,setvar:tx.n=+1'\n",
		 "/?a=A%20BC", "4"},
		/* back to what it was is a change */
		{"SecRule ARGS '@rx .' 'id:1,phase:2,pass,nolog,multiMatch,t:uppercase,t:lowercase,"
		 "setvar:tx.n=+1'\n",
		 "/?a=abc", "3"},
		{"SecRule ARGS '@rx .' 'id:1,phase:2,pass,nolog,t:lowercase,setvar:tx.n=+1'\n",
		 "/?a=ABC", "1"},
		{"SecRule ARGS '@rx [A-Z]' 'id:1,phase:2,pass,nolog,multiMatch,t:lowercase,"
		 "setvar:tx.n=+1'\n",
		 "/?a=ABC", "1"},
	};

	lab_told_rows(TELLER(2, "%{tx.n}"), rows, WEIR_ARRAY_LEN(rows));
}
END_TEST

START_TEST(disruptive_actions_end_the_transaction)
{
	static const struct {
		const char *rules, *verdict, *ids;
	} rows[] = {
		{"SecAction 'id:1,phase:1,deny'\n" AT(2), "deny 403 1 1", "1"},
		{"SecAction 'id:1,phase:2,deny,status:418'\n" AT(2), "deny 418 2 1", "1"},
		{"SecAction 'id:1,phase:2,drop'\n" AT(2), "drop 403 2 1", "1"},
		{"SecAction 'id:1,phase:2,redirect:http://b/'\n" AT(2), "redirect 302 2 1", "1"},
		{"SecAction 'id:1,phase:2,status:307,redirect:http://b/'\n" AT(2),
		 "redirect 307 2 1", "1"},
		{"SecAction 'id:1,phase:2,block'\n" AT(2), "pass", "1 2"},
		{"SecDefaultAction 'phase:2,log,deny,status:406'\nSecAction "
		 "'id:1,phase:2,block'\n" AT(2),
		 "deny 406 2 1", "1"},
		{"SecDefaultAction 'phase:2,log,deny,status:406'\nSecAction "
		 "'id:1,phase:1,block'\n" AT(2),
		 "pass", "1 2"},
		{"SecAction 'id:1,phase:2,deny,nolog'\n" AT(2), "deny 403 2 1", ""},
		/* phase 5 comes all the same, and refuses nothing */
		{"SecAction 'id:1,phase:1,deny'\nSecAction 'id:2,phase:5,pass'\n", "deny 403 1 1",
		 "1 2"},
		{"SecRuleEngine DetectionOnly\nSecAction 'id:1,phase:1,deny'\n" AT(2), "pass",
		 "1 2"},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct waf_lab lab;

		lab_init(&lab, rows[i].rules);
		ck_assert_str_eq(lab_get(&lab, "/"), rows[i].ids);
		ck_assert_str_eq(lab_verdict(&lab), rows[i].verdict);
		lab_fini(&lab);
	}
}
END_TEST

START_TEST(allow_ends_the_transaction_the_request_or_the_phase)
{
#define EACH                                                               \
	"SecAction 'id:11,phase:1,pass'\nSecAction 'id:12,phase:2,pass'\n" \
	"SecAction 'id:13,phase:3,pass'\nSecAction 'id:14,phase:4,pass'\n" \
	"SecAction 'id:15,phase:5,pass'\n"
	static const struct {
		const char *rules, *ids;
	} rows[] = {
		{EACH, "11 12 13 14 15"},
		{"SecAction 'id:1,phase:1,allow,nolog'\n" EACH, "15"},
		{"SecAction 'id:1,phase:1,allow:phase,nolog'\n" EACH, "12 13 14 15"},
		{"SecAction 'id:1,phase:1,allow:request,nolog'\n" EACH, "13 14 15"},
		{"SecAction 'id:1,phase:2,allow:request,nolog'\n" EACH, "11 13 14 15"},
		{"SecAction 'id:1,phase:3,allow:request,nolog'\n" EACH, "11 12 14 15"},
		{"SecAction 'id:1,phase:3,allow:phase,nolog'\n" EACH, "11 12 14 15"},
		{"SecAction 'id:1,phase:3,allow,nolog'\n" EACH, "11 12 15"},
		{"SecAction 'id:1,phase:4,allow,nolog'\n" EACH, "11 12 13 15"},
		{"SecRuleEngine DetectionOnly\nSecAction 'id:1,phase:1,allow,nolog'\n" EACH,
		 "11 12 13 14 15"},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct waf_lab lab;
		const char *ids;

		lab_init(&lab, rows[i].rules);
		ids = lab_answer(&lab, "text/plain", "x");
		ck_assert_msg(!strcmp(ids, rows[i].ids), "%s%s", rows[i].rules, ids);
		ck_assert_str_eq(lab_verdict(&lab), "pass");
		lab_fini(&lab);
	}
}
END_TEST

START_TEST(detection_tells_what_enforcement_would_have_done)
{
	struct waf_lab lab;

	lab_init(&lab, "SecRuleEngine DetectionOnly\nSecAction 'id:1,phase:1,pass'\n"
		       "SecAction 'id:2,phase:1,deny,status:410'\n"
		       "SecAction 'id:3,phase:2,redirect:http://b/'\n");
	ck_assert_str_eq(lab_get(&lab, "/"), "1 2 3");
	ck_assert_int_eq(lab.result.verdict, WEIR_WAF_PASS);
	ck_assert_int_eq(lab.result.would, WEIR_WAF_DENY);
	ck_assert_uint_eq(lab.result.status, 410);
	ck_assert_uint_eq(lab.result.phase, 1);
	ck_assert_uint_eq(lab.result.rule, 2);
	lab_fini(&lab);
}
END_TEST

START_TEST(the_verdict_is_told_with_its_own_status_after_what_was_only_detected)
{
	struct waf_lab lab;

	lab_init(&lab, "SecRuleEngine DetectionOnly\nSecAction 'id:1,phase:1,deny,status:410'\n"
		       "SecAction 'id:2,phase:1,pass,ctl:ruleEngine=On'\n"
		       "SecAction 'id:3,phase:2,status:307,redirect:http://b/'\n");
	ck_assert_str_eq(lab_get(&lab, "/"), "1 2 3");
	ck_assert_str_eq(lab_verdict(&lab), "redirect 307 2 3");
	ck_assert_int_eq(lab.result.would, WEIR_WAF_REDIRECT);
	ck_assert(weir_bytes_is_case(lab.result.location, "http://b/"));
	lab_fini(&lab);
}
END_TEST

START_TEST(an_expression_that_takes_too_long_is_refused_as_a_budget_is)
{
#define SLOW(act)                                                             \
	"SecPcreMatchLimit 100\nSecPcreMatchLimitRecursion 100\n"             \
	"SecRule ARGS '@rx ^(?:a+)+[^b]$|^x' 'id:1,phase:2," act ",t:none'\n" \
	"SecRule TX:MSC_PCRE_LIMITS_EXCEEDED '@streq 1' 'id:2,phase:5,pass,t:none'\n"
	static const struct {
		const char *rules, *uri, *verdict, *ids;
	} rows[] = {
		{SLOW("pass"), "/?a=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", "budget 503 2 1", "2"},
		{SLOW("deny"), "/?a=x", "deny 403 2 1", "1"},
		/* what matched before does not make another verdict of it */
		{SLOW("deny,status:410"), "/?b=x&a=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaab",
		 "budget 503 2 1", "1 2"},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct waf_lab lab;

		lab_init(&lab, rows[i].rules);
		ck_assert_str_eq(lab_get(&lab, rows[i].uri), rows[i].ids);
		ck_assert_str_eq(lab_verdict(&lab), rows[i].verdict);
		lab_fini(&lab);
	}
}
END_TEST

/* Nobody has set a limit: that a value is long is not what makes it too dear. */
START_TEST(a_long_value_may_be_read_to_its_end)
{
#define LAZY "SecRule ARGS '@rx from.*?limit' 'id:1,phase:2,deny'\n"
	static const struct {
		const char *rules, *verdict;
	} rows[] = {
		{LAZY, "pass"},
		{"SecPcreMatchLimit 1000\n" LAZY, "budget 503 2 1"},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct weir_buf body = {0};
		struct waf_lab lab;

		weir_buf_str(&body, "a=limit+from");
		for (unsigned int n = 0; n < 300000; n++)
			weir_buf_str(&body, "xt");
		lab_init(&lab, rows[i].rules);
		lab_post(&lab, FORM, body.ptr);
		ck_assert_str_eq(lab_verdict(&lab), rows[i].verdict);
		lab_fini(&lab);
		weir_buf_fini(&body);
	}
}
END_TEST

START_TEST(phase_5_is_no_verdict_whatever_happens_in_it)
{
	struct waf_lab lab;

	lab_init(&lab, "SecPcreMatchLimit 100\nSecPcreMatchLimitRecursion 100\n"
		       "SecRule ARGS '@rx ^(?:a+)+$' 'id:1,phase:5,pass,t:none'\n"
		       "SecAction 'id:2,phase:5,pass'\n");
	ck_assert_str_eq(lab_get(&lab, "/?a=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"), "2");
	ck_assert_int_eq(lab.result.would, WEIR_WAF_PASS);
	ck_assert_uint_eq(lab.result.phase, 0);
	lab_fini(&lab);
}
END_TEST

START_TEST(a_budget_that_is_used_up_refuses_what_was_not_judged)
{
	static const struct weir_waf_options o = {.budget_ns = 1};
	struct waf_lab lab;

	lab_init_options(&lab, "SecRule ARGS '@rx a' 'id:1,phase:2,pass'\n" AT(2), &o);
	ck_assert_str_eq(lab_get(&lab, "/?a=a"), "");
	ck_assert_int_eq(lab.result.verdict, WEIR_WAF_BUDGET);
	ck_assert_uint_eq(lab.result.status, 503);
	lab_fini(&lab);
	lab_init_options(
		&lab,
		"SecRuleEngine DetectionOnly\nSecRule ARGS '@rx a' 'id:1,phase:2,pass'\n" AT(2),
		&o);
	ck_assert_str_eq(lab_get(&lab, "/?a=a"), "");
	ck_assert_int_eq(lab.result.verdict, WEIR_WAF_PASS);
	ck_assert_int_eq(lab.result.would, WEIR_WAF_BUDGET);
	lab_fini(&lab);
}
END_TEST

START_TEST(the_highest_severity_is_the_least_number_of_those_that_matched)
{
	static const struct lab_told rows[] = {
		{"", "/?a=b", "255"},
		{"SecRule ARGS '@rx .' 'id:1,phase:2,pass,severity:WARNING'\n"
		 "SecRule ARGS '@rx .' 'id:2,phase:2,pass,severity:CRITICAL'\n"
		 "SecRule ARGS '@rx .' 'id:3,phase:2,pass,severity:NOTICE'\n",
		 "/?a=b", "2"},
		{"SecRule ARGS '@rx no' 'id:1,phase:2,pass,severity:WARNING'\n", "/?a=b", "255"},
		{"SecRule ARGS '@rx .' 'id:1,phase:2,pass,nolog,severity:ERROR'\n", "/?a=b", "3"},
		/* of a rule that is run once and for all, too */
		{"SecAction 'id:1,phase:1,nolog,pass,severity:ERROR,setvar:tx.a=1'\n", "/?a=b",
		 "3"},
	};

	lab_told_rows(TELLER(2, "%{HIGHEST_SEVERITY}"), rows, WEIR_ARRAY_LEN(rows));
}
END_TEST

Suite *waf_run_suite(void)
{
	return WEIR_SUITE(
		"waf run", rules_are_asked_in_the_order_of_the_file_phase_by_phase,
		a_match_may_skip_rules_of_its_phase,
		a_chain_matches_with_all_its_links_and_each_acts_at_its_own_match,
		captures_are_those_of_the_last_match_that_captures,
		a_negated_test_matches_where_the_operator_does_not,
		multimatch_asks_before_the_first_step_and_after_each_that_changed_something,
		disruptive_actions_end_the_transaction,
		allow_ends_the_transaction_the_request_or_the_phase,
		detection_tells_what_enforcement_would_have_done,
		the_verdict_is_told_with_its_own_status_after_what_was_only_detected,
		an_expression_that_takes_too_long_is_refused_as_a_budget_is,
		a_long_value_may_be_read_to_its_end, phase_5_is_no_verdict_whatever_happens_in_it,
		a_budget_that_is_used_up_refuses_what_was_not_judged,
		the_highest_severity_is_the_least_number_of_those_that_matched);
}
