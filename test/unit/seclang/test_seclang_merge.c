/* SPDX-License-Identifier: BSD-3-Clause */
/* Default actions and what rules make of them. */
#include "seclang_test.h"

Suite *seclang_merge_suite(void);

START_TEST(default_actions_apply_to_later_rules_of_their_phase)
{
	struct weir_seclang *s = good("SecAction id:1,phase:1\n"
				      "SecDefaultAction phase:1,nolog,auditlog,deny,status:406\n"
				      "SecAction id:2,phase:1\n"
				      "SecAction id:3,phase:2\n"
				      "SecAction id:4,phase:1,log,pass,status:500\n"
				      "SecDefaultAction phase:1,drop\n"
				      "SecAction id:5,phase:1\n");
	static const struct {
		uint8_t disruptive;
		uint16_t status;
		bool log;
	} rows[] = {{WEIR_SEC_PASS, 403, true},
		    {WEIR_SEC_DENY, 406, false},
		    {WEIR_SEC_PASS, 403, true},
		    {WEIR_SEC_PASS, 500, true},
		    {WEIR_SEC_DROP, 403, true}};

	for (uint32_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		ck_assert_uint_eq(rule_at(s, i)->disruptive, rows[i].disruptive);
		ck_assert_uint_eq(rule_at(s, i)->status, rows[i].status);
		ck_assert(rule_at(s, i)->log == rows[i].log);
		ck_assert(rule_at(s, i)->audit_log);
		ck_assert(!rule_at(s, i)->blocks);
	}
}
END_TEST

START_TEST(block_is_what_the_default_says)
{
	const struct weir_sec_rule *r;
	struct weir_seclang *s =
		good("SecDefaultAction \"phase:2,log,auditlog,deny,status:401\"\n"
		     "SecAction id:1,block\n"
		     "SecDefaultAction \"phase:2,log,auditlog,redirect:'http://%{server_name}/'\"\n"
		     "SecAction id:2,block\n"
		     "SecDefaultAction phase:2,pass\n"
		     "SecAction id:3,block\n");

	r = rule_at(s, 0);
	ck_assert(r->disruptive == WEIR_SEC_DENY && r->blocks && r->status == 401);
	r = rule_at(s, 1);
	ck_assert(r->disruptive == WEIR_SEC_REDIRECT && r->blocks && r->status == 302);
	ck_assert_str_eq(text_text(&r->redirect), "[http://][%SERVER_NAME][/]");
	r = rule_at(s, 2);
	ck_assert(r->disruptive == WEIR_SEC_BLOCK && r->blocks);
}
END_TEST

START_TEST(lists_of_the_default_come_first)
{
	static const char text[] = "SecDefaultAction phase:2,pass,tag:a,setvar:tx.a=1\n"
				   "SecAction id:1,tag:b,setvar:tx.b=1\n"
				   "SecAction id:2\n";
	struct weir_seclang *s = good(text);
	const struct weir_sec_rule *r = rule_at(s, 0);

	ck_assert_uint_eq(r->n_tags, 2);
	assert_bytes(r->tags[0].source, "a");
	assert_bytes(r->tags[1].source, "b");
	ck_assert_uint_eq(r->n_actions, 2);
	assert_bytes(r->actions[0].setvar.name.source, "a");
	assert_bytes(r->actions[1].setvar.name.source, "b");
	ck_assert_uint_eq(rule_at(s, 1)->n_tags, 1);
	ck_assert_uint_eq(rule_at(s, 1)->n_actions, 1);
}
END_TEST

START_TEST(transformations_of_the_default_come_first_unless_none_clears_them)
{
	struct weir_conf_report *report = weir_conf_report_create();
	struct weir_seclang *s = weir_seclang_create();
	const struct weir_sec_rule *r;

	ck_assert(weir_seclang_add_text(
		s, "t", "/",
		weir_bytes_str("SecDefaultAction phase:2,pass,t:lowercase\n"
			       "SecAction id:1,t:urlDecode\nSecAction id:2,t:none,t:urlDecode\n"),
		report));
	ck_assert(weir_seclang_finish(s, report));
	r = rule_at(s, 0);
	ck_assert_uint_eq(r->n_transforms, 2);
	ck_assert_uint_eq(r->transforms[0], WEIR_T_LOWERCASE);
	ck_assert_uint_eq(r->transforms[1], WEIR_T_URLDECODE);
	r = rule_at(s, 1);
	ck_assert_uint_eq(r->n_transforms, 1);
	ck_assert_uint_eq(r->transforms[0], WEIR_T_URLDECODE);
	ck_assert_uint_eq(weir_conf_warnings(report), 1);
	weir_seclang_destroy(s);
	weir_conf_report_destroy(report);
}
END_TEST

START_TEST(default_actions_that_are_none_are_told)
{
	static const struct said_row rows[] = {
		{"SecDefaultAction phase:1,log\n",
		 "t:1:18: error: SecDefaultAction needs a disruptive action that is not 'block'\n"},
		{"SecDefaultAction phase:1,block\n",
		 "t:1:18: error: SecDefaultAction needs a disruptive action that is not 'block'\n"},
		{"SecDefaultAction pass\n", "t:1:18: error: SecDefaultAction needs a phase\n"},
		{"SecDefaultAction phase:1,pass,id:1\n",
		 "t:1:31: error: SecDefaultAction may not have 'id'\n"},
		{"SecDefaultAction phase:1,pass,chain\n",
		 "t:1:31: error: SecDefaultAction may not have 'chain'\n"},
		{"SecDefaultAction phase:1,pass,skipAfter:A\n",
		 "t:1:31: error: SecDefaultAction may not have 'skipAfter'\n"},
		{"SecDefaultAction phase:1,pass,msg:A\n",
		 "t:1:31: error: SecDefaultAction may not have 'msg'\n"},
		{"SecDefaultAction phase:5,deny\n",
		 "t:1:26: error: in phase 5 the response has been sent: no deny, drop or "
		 "redirect\n"},
		{"SecDefaultAction phase:2,pass,t:lowercase\n",
		 "t:1:18: warning: transformations in SecDefaultAction are deprecated\n"},
	};

	CHECK_SAID(rows);
}
END_TEST

Suite *seclang_merge_suite(void)
{
	return WEIR_SUITE("seclang merge", default_actions_apply_to_later_rules_of_their_phase,
			  block_is_what_the_default_says, lists_of_the_default_come_first,
			  transformations_of_the_default_come_first_unless_none_clears_them,
			  default_actions_that_are_none_are_told);
}
