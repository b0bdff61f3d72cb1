/* SPDX-License-Identifier: BSD-3-Clause */
#include "waf_lab.h"

START_TEST(a_match_is_told_with_what_its_rule_says)
{
	const struct weir_waf_match *m;
	struct waf_lab lab;

	lab_init(&lab, "SecRule ARGS:a '@rx ^(x)' \"id:7,phase:2,pass,capture,severity:ERROR,"
		       "msg:'found %{TX.1} in %{MATCHED_VAR_NAME}',logdata:'%{MATCHED_VAR}'\"\n");
	ck_assert_str_eq(lab_get(&lab, "/?a=xy"), "7");
	m = &lab.result.matches[0];
	ck_assert_uint_eq(m->severity, 3);
	ck_assert_uint_eq(m->phase, 2);
	ck_assert(m->logged && !m->detect_only);
	ck_assert(weir_bytes_is_case(m->msg, "found x in ARGS:a"));
	ck_assert(weir_bytes_is_case(m->data, "xy"));
	ck_assert_uint_eq(m->rule->id, 7);
	lab_fini(&lab);
}
END_TEST

START_TEST(values_are_cut_to_a_kilobyte)
{
	struct weir_buf body = {0};
	struct waf_lab lab;

	weir_buf_str(&body, "a=");
	for (unsigned int i = 0; i < 5000; i++)
		weir_buf_str(&body, "v");
	lab_init(&lab, "SecRule ARGS:a '@rx .' 'id:1,phase:2,pass,logdata:%{MATCHED_VAR}'\n");
	lab_post(&lab, FORM, body.ptr);
	ck_assert_uint_eq(lab.result.matches[0].value.len, 1024);
	ck_assert_uint_eq(lab.result.matches[0].data.len, 1024);
	lab_fini(&lab);
	weir_buf_fini(&body);
}
END_TEST

START_TEST(matches_over_256_are_counted)
{
	struct weir_buf rules = {0};
	struct waf_lab lab;

	for (unsigned int i = 1; i <= 300; i++)
		weir_buf_printf(&rules, "SecAction 'id:%u,phase:2,pass'\n", i);
	weir_buf_str(&rules, "SecAction 'id:301,phase:2,deny'\n");
	lab_init(&lab, rules.ptr);
	lab_get(&lab, "/");
	ck_assert_uint_eq(lab.result.n_matches, 256);
	ck_assert_uint_eq(lab.result.matches_lost, 45);
	ck_assert_uint_eq(lab.result.matches[255].id, 256);
	ck_assert_str_eq(lab_verdict(&lab), "deny 403 2 301");
	lab_fini(&lab);
	weir_buf_fini(&rules);
}
END_TEST

START_TEST(scores_are_those_of_crs)
{
	static const struct {
		const char *rules;
		int32_t in, out;
	} rows[] = {
		{"SecAction 'id:1,phase:2,pass,setvar:tx.blocking_inbound_anomaly_score=7,"
		 "setvar:tx.blocking_outbound_anomaly_score=3'\n",
		 7, 3},
		{"SecAction 'id:1,phase:2,pass,setvar:tx.anomaly_score=8,"
		 "setvar:tx.outbound_anomaly_score=2'\n",
		 8, 2},
		{"SecAction 'id:1,phase:2,pass'\n", 0, 0},
		{"SecAction 'id:1,phase:2,pass,setvar:tx.anomaly_score=99999999999'\n", INT32_MAX,
		 0},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct waf_lab lab;

		lab_init(&lab, rows[i].rules);
		lab_get(&lab, "/");
		ck_assert_int_eq(lab.result.inbound_score, rows[i].in);
		ck_assert_int_eq(lab.result.outbound_score, rows[i].out);
		lab_fini(&lab);
	}
}
END_TEST

START_TEST(rules_count_what_they_were_asked)
{
	struct weir_waf_rule_stat stat[4];
	struct waf_lab lab;

	lab_init(&lab, "SecRule ARGS '@contains evil' 'id:5,phase:2,pass,msg:bad'\n"
		       "SecMarker M\nSecRule REQUEST_METHOD '!@streq GET' 'id:6,phase:1,pass'\n");
	lab_get(&lab, "/?a=good");
	lab_get(&lab, "/?a=evil");
	ck_assert_uint_eq(weir_waf_rule_stats(lab.waf, stat, 4), 2);
	ck_assert_uint_eq(stat[0].id, 5);
	ck_assert_uint_eq(stat[0].phase, 2);
	ck_assert(weir_bytes_is_case(stat[0].msg, "bad"));
	ck_assert_uint_eq(stat[0].evaluated, 1);
	ck_assert_uint_eq(stat[0].hits, 1);
	ck_assert_uint_eq(stat[1].id, 6);
	ck_assert_uint_eq(stat[1].evaluated, 2);
	ck_assert_uint_eq(stat[1].hits, 0);
	ck_assert_uint_eq(weir_waf_rule_stats(lab.waf, stat, 1), 1);
	lab_fini(&lab);
}
END_TEST

static void add_line(void *ctx, const struct weir_waf_explained *e)
{
	weir_buf_printf(ctx, "%u.%u %s %.*s=%.*s\n", e->rule, e->link, e->outcome,
			(int)e->target.len, (const char *)e->target.ptr, (int)e->value.len,
			(const char *)e->value.ptr);
}

START_TEST(an_explanation_tells_each_question)
{
	struct weir_buf lines = {0};
	struct waf_lab lab;

	lab_init(&lab, "SecRule ARGS '@contains evil' 'id:5,phase:2,pass,t:lowercase,chain'\n"
		       "SecRule ARGS:b '!@streq x'\nSecAction 'id:6,phase:2,pass'\n");
	lab.begin.explain = add_line;
	lab.begin.explain_ctx = &lines;
	lab_get(&lab, "/?a=EVIL&b=x&c=good");
	ck_assert_str_eq(lines.ptr,
			 "5.0 matched ARGS:a=evil\n5.1 no match ARGS:b=x\n6.0 matched =\n");
	weir_buf_fini(&lines);
	lab_fini(&lab);
}
END_TEST

START_TEST(verdicts_have_names)
{
	static const char *const names[] = {"pass",  "deny",   "redirect", "drop",
					    "limit", "budget", "memory"};

	for (unsigned int v = WEIR_WAF_PASS; v <= WEIR_WAF_MEMORY; v++)
		ck_assert_str_eq(weir_waf_verdict_name((enum weir_waf_verdict)v), names[v]);
}
END_TEST

Suite *waf_result_suite(void)
{
	return WEIR_SUITE("waf results", a_match_is_told_with_what_its_rule_says,
			  values_are_cut_to_a_kilobyte, matches_over_256_are_counted,
			  scores_are_those_of_crs, rules_count_what_they_were_asked,
			  an_explanation_tells_each_question, verdicts_have_names);
}
