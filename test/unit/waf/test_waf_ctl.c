/* SPDX-License-Identifier: BSD-3-Clause */
#include "waf_lab.h"

#define CTL(what) "SecAction 'id:1,phase:1,pass,nolog,ctl:" what "'\n"
#define TWO                                                                                   \
	"SecRule ARGS '@streq x' 'id:10,phase:2,pass,msg:first-one,tag:attack-a,tag:other'\n" \
	"SecRule ARGS '@streq x' 'id:11,phase:2,pass,msg:second,tag:attack-b'\n"

START_TEST(rules_are_taken_out_by_id_tag_and_message)
{
	static const struct lab_row rows[] = {
		{CTL("ruleRemoveById=10") TWO, "/?a=x", "11"},
		{CTL("ruleRemoveById=10-11") TWO, "/?a=x", ""},
		{CTL("ruleRemoveById=12-99") TWO, "/?a=x", "10 11"},
		{CTL("ruleRemoveByTag=attack-b") TWO, "/?a=x", "10"},
		{CTL("ruleRemoveByTag=^attack") TWO, "/?a=x", ""},
		{CTL("ruleRemoveByTag=^other$") TWO, "/?a=x", "11"},
		{CTL("ruleRemoveByMsg=sec.nd") TWO, "/?a=x", "10"},
		{CTL("ruleRemoveByMsg=.*") "SecRule ARGS '@streq x' 'id:12,phase:2,pass'\n" TWO,
		 "/?a=x", "12"}, /* no message is none to match */
		/* the same expression is another one of a message */
		{CTL("ruleRemoveByMsg=attack,ctl:ruleRemoveByTag=attack-b") TWO, "/?a=x", "10"},
		{CTL("ruleRemoveByTag=second,ctl:ruleRemoveByMsg=second") TWO, "/?a=x", "10"},
		{CTL("ruleRemoveById=10,ctl:ruleRemoveById=11") TWO, "/?a=x", ""},
		/* what stands before it has been */
		{TWO "SecAction 'id:1,phase:2,pass,nolog,ctl:ruleRemoveById=10-11'\n", "/?a=x",
		 "10 11"},
		/* a rule that was taken out does not skip, and a chain goes whole */
		{CTL("ruleRemoveById=5") "SecAction 'id:5,phase:2,pass,nolog,skip:2'\n" TWO,
		 "/?a=x", "10 11"},
		{CTL("ruleRemoveById=5") "SecRule ARGS '@rx .' "
					 "'id:5,phase:2,pass,setvar:tx.a=1,chain'\n"
					 "SecRule ARGS '@rx .'\nSecRule TX:a '@eq 1' "
					 "'id:6,phase:2,pass'\n",
		 "/?a=x", ""},
	};

	lab_rows(rows, WEIR_ARRAY_LEN(rows));
}
END_TEST

START_TEST(targets_are_taken_out_of_rules)
{
	static const struct lab_row rows[] = {
		{CTL("ruleRemoveTargetById=10;ARGS:a") TWO, "/?a=x", "11"},
		{CTL("ruleRemoveTargetById=10;ARGS:A") TWO, "/?a=x", "11"},
		{CTL("ruleRemoveTargetById=10;ARGS:a") TWO, "/?a=x&b=x", "10 11"},
		{CTL("ruleRemoveTargetById=10;ARGS") TWO, "/?a=x&b=x", "11"},
		{CTL("ruleRemoveTargetById=10;ARGS:/^a/") TWO, "/?ab=x&AC=x", "11"},
		{CTL("ruleRemoveTargetById=10-11;ARGS:a") TWO, "/?a=x", ""},
		{CTL("ruleRemoveTargetByTag=attack;ARGS:a") TWO, "/?a=x", ""},
		{CTL("ruleRemoveTargetByMsg=first;ARGS:a") TWO, "/?a=x", "11"},
		/* one expression, two targets */
		{CTL("ruleRemoveTargetByTag=ack-b;ARGS:a,ctl:ruleRemoveTargetByTag=ack-b;ARGS:b")
			 TWO,
		 "/?a=x&b=x", "10"},
		{CTL("ruleRemoveTargetByTag=ack-b;ARGS:a,ctl:ruleRemoveTargetByTag=ack-b;ARGS:b")
			 TWO,
		 "/?a=x&c=x", "10 11"},
		{CTL("ruleRemoveTargetById=10;REQUEST_HEADERS") TWO, "/?a=x", "10 11"},
		/* of all links */
		{CTL("ruleRemoveTargetById=5;ARGS:b") "SecRule ARGS:a '@rx .' "
						      "'id:5,phase:2,pass,chain'\nSecRule ARGS "
						      "'@streq y'\n",
		 "/?a=x&b=y", ""},
	};

	lab_rows(rows, WEIR_ARRAY_LEN(rows));
}
END_TEST

START_TEST(the_engine_is_switched_for_the_transaction)
{
#define DENY "SecAction 'id:2,phase:2,deny'\nSecAction 'id:3,phase:5,pass'\n"
	static const struct {
		const char *rules;
		enum weir_waf_mode mode;
		const char *verdict, *ids;
	} rows[] = {
		{CTL("ruleEngine=Off") DENY, WEIR_WAF_AS_RULES, "pass", ""},
		{CTL("ruleEngine=DetectionOnly") DENY, WEIR_WAF_AS_RULES, "pass", "2 3"},
		{"SecRuleEngine DetectionOnly\n" CTL("ruleEngine=On") DENY, WEIR_WAF_AS_RULES,
		 "deny 403 2 2", "2 3"},
		/* what the configuration says goes before what rules say, but for Off */
		{CTL("ruleEngine=DetectionOnly") DENY, WEIR_WAF_ENFORCE, "deny 403 2 2", "2 3"},
		{CTL("ruleEngine=On") DENY, WEIR_WAF_DETECT, "pass", "2 3"},
		{CTL("ruleEngine=Off") DENY, WEIR_WAF_ENFORCE, "pass", ""},
		{"SecRuleEngine Off\n" DENY, WEIR_WAF_AS_RULES, "pass", ""},
		{"SecRuleEngine Off\n" DENY, WEIR_WAF_ENFORCE, "deny 403 2 2", "2 3"},
		{DENY, WEIR_WAF_OFF, "pass", ""},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct weir_waf_options o = {.mode = rows[i].mode};
		struct waf_lab lab;

		lab_init_options(&lab, rows[i].rules, &o);
		ck_assert_msg(!strcmp(lab_get(&lab, "/"), rows[i].ids), "%s%s", rows[i].rules,
			      lab_ids(&lab));
		ck_assert_str_eq(lab_verdict(&lab), rows[i].verdict);
		lab_fini(&lab);
	}
}
END_TEST

START_TEST(how_the_body_is_read_is_switched)
{
#define BODY                                        \
	"SecRule ARGS_POST:a|REQUEST_BODY '@rx .' " \
	"'id:2,phase:2,pass,logdata:%{MATCHED_VAR_NAME}'\n"
	static const struct {
		const char *rules, *type, *body, *data;
	} rows[] = {
		{BODY, FORM, "a=x", "REQUEST_BODY"},
		{BODY, "text/plain", "a=x", "(none)"},
		{CTL("forceRequestBodyVariable=On") BODY, "text/plain", "a=x", "REQUEST_BODY"},
		{CTL("forceRequestBodyVariable=Off") BODY, "text/plain", "a=x", "(none)"},
		{CTL("requestBodyProcessor=URLENCODED") BODY, "text/plain", "a=x", "REQUEST_BODY"},
		{CTL("requestBodyAccess=Off") BODY, FORM, "a=x", "(none)"},
		{"SecRequestBodyAccess Off\n" CTL("requestBodyAccess=On") BODY, FORM, "a=x",
		 "REQUEST_BODY"},
		{CTL("requestBodyProcessor=JSON") "SecRule ARGS_POST:json.a '@streq x' "
						  "'id:2,phase:2,pass,logdata:json'\n",
		 FORM, "{\"a\":\"x\"}", "json"},
		{CTL("requestBodyProcessor=XML") "SecRule XML:/* '@streq x' "
						 "'id:2,phase:2,pass,logdata:%{REQBODY_PROCESSOR}'"
						 "\n",
		 FORM, "<a>x</a>", "XML"},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct waf_lab lab;

		lab_init(&lab, rows[i].rules);
		lab_post(&lab, rows[i].type, rows[i].body);
		ck_assert_msg(!strcmp(lab_data(&lab, 2), rows[i].data), "%s%s", rows[i].rules,
			      lab_data(&lab, 2));
		lab_fini(&lab);
	}
}
END_TEST

START_TEST(limits_and_access_of_bodies_are_switched)
{
	struct waf_lab lab;

	lab_init(&lab, CTL("requestBodyLimit=4"));
	lab_post(&lab, FORM, "a=bc");
	ck_assert_str_eq(lab_verdict(&lab), "pass");
	lab_post(&lab, FORM, "a=bcd");
	ck_assert_str_eq(lab_verdict(&lab), "limit 413 2 0");
	lab_fini(&lab);
	lab_init(&lab, CTL("responseBodyAccess=Off") "SecRule RESPONSE_BODY '@rx .' "
						     "'id:2,phase:4,pass'\n");
	ck_assert_str_eq(lab_answer(&lab, "text/plain", "x"), "");
	lab_fini(&lab);
	lab_init(&lab, "SecResponseBodyLimitAction ProcessPartial\n"
		       "SecAction 'id:1,phase:3,pass,nolog,ctl:responseBodyLimit=3'\n"
		       "SecRule RESPONSE_BODY '@streq abc' 'id:2,phase:4,pass'\n");
	ck_assert_str_eq(lab_answer(&lab, "text/plain", "abcdef"), "2");
	ck_assert(lab.result.response_partial);
	lab_fini(&lab);
}
END_TEST

Suite *waf_ctl_suite(void)
{
	return WEIR_SUITE(
		"waf ctl", rules_are_taken_out_by_id_tag_and_message,
		targets_are_taken_out_of_rules, the_engine_is_switched_for_the_transaction,
		how_the_body_is_read_is_switched, limits_and_access_of_bodies_are_switched);
}
