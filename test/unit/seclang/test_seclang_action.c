/* SPDX-License-Identifier: BSD-3-Clause */
/* Actions: what each says, where it may stand. */
#include <stdio.h>

#include "seclang_test.h"

Suite *seclang_action_suite(void);

START_TEST(metadata_is_read)
{
	const struct weir_sec_rule *r =
		only("ARGS a \"id:'942100',phase:request,msg:'a, b',LogData:%{tx.0},rev:'2',"
		     "ver:OWASP_CRS/3,maturity:9,accuracy:8,tag:'x/y',tag:z,severity:'CRITICAL'\"");

	ck_assert_uint_eq(r->id, 942100);
	ck_assert_uint_eq(r->phase, 2);
	assert_bytes(r->msg.source, "a, b");
	ck_assert_str_eq(text_text(&r->logdata), "[%TX.0]");
	assert_bytes(r->rev, "2");
	assert_bytes(r->ver, "OWASP_CRS/3");
	ck_assert_uint_eq(r->maturity, 9);
	ck_assert_uint_eq(r->accuracy, 8);
	ck_assert_uint_eq(r->severity, 2);
	ck_assert_uint_eq(r->n_tags, 2);
	assert_bytes(r->tags[0].source, "x/y");
	assert_bytes(r->tags[1].source, "z");
}
END_TEST

START_TEST(severities_have_names_and_numbers)
{
	static const char *const names[] = {"emergency", "ALERT",  "CRITICAL", "ERROR",
					    "Warning",   "NOTICE", "INFO",     "DEBUG"};
	char text[80];

	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(names); i++) {
		snprintf(text, sizeof(text), "ARGS a id:1,severity:%s", names[i]);
		ck_assert_uint_eq(only(text)->severity, i);
		snprintf(text, sizeof(text), "ARGS a id:1,severity:'%u'", i);
		ck_assert_uint_eq(only(text)->severity, i);
	}
	ck_assert_uint_eq(only("ARGS a id:1")->severity, WEIR_SEC_NO_SEVERITY);
}
END_TEST

START_TEST(phases_have_numbers_and_names)
{
	static const struct {
		const char *written;
		uint8_t phase;
	} rows[] = {{"1", 1}, {"2", 2},       {"3", 3},        {"4", 4},
		    {"5", 5}, {"request", 2}, {"Response", 4}, {"logging", 5}};
	char text[80];

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		snprintf(text, sizeof(text), "ARGS a id:1,phase:%s", rows[i].written);
		ck_assert_uint_eq(only(text)->phase, rows[i].phase);
	}
	ck_assert_uint_eq(only("ARGS a id:1")->phase, 2);
}
END_TEST

START_TEST(disruptive_actions_are_read)
{
	static const struct {
		const char *written;
		uint8_t disruptive;
		uint16_t status;
	} rows[] = {
		{"pass", WEIR_SEC_PASS, 403},
		{"block", WEIR_SEC_BLOCK, 403},
		{"deny", WEIR_SEC_DENY, 403},
		{"deny,status:500", WEIR_SEC_DENY, 500},
		{"status:406,deny", WEIR_SEC_DENY, 406},
		{"drop", WEIR_SEC_DROP, 403},
		{"allow", WEIR_SEC_ALLOW, 403},
		{"allow:phase", WEIR_SEC_ALLOW_PHASE, 403},
		{"allow:request", WEIR_SEC_ALLOW_REQUEST, 403},
		{"redirect:http://a/", WEIR_SEC_REDIRECT, 302},
		{"redirect:http://a/,status:301", WEIR_SEC_REDIRECT, 301},
		{"redirect:http://a/,status:403", WEIR_SEC_REDIRECT, 302},
		/* The last one counts. */
		{"deny,pass", WEIR_SEC_PASS, 403},
		/* A stand-in yields to any other. */
		{"drop,block", WEIR_SEC_DROP, 403},
		{"block,drop", WEIR_SEC_DROP, 403},
	};
	char text[80];

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		const struct weir_sec_rule *r;

		snprintf(text, sizeof(text), "ARGS a id:1,%s", rows[i].written);
		r = only(text);
		ck_assert_uint_eq(r->disruptive, rows[i].disruptive);
		ck_assert_uint_eq(r->status, rows[i].status);
		ck_assert(r->blocks == (r->disruptive == WEIR_SEC_BLOCK));
	}
	ck_assert_str_eq(
		text_text(&only("ARGS a id:1,redirect:http://%{request_headers.host}/")->redirect),
		"[http://][%REQUEST_HEADERS.host][/]");
}
END_TEST

START_TEST(log_actions_are_read_in_order)
{
	static const struct {
		const char *written;
		bool log, audit;
	} rows[] = {
		{"pass", true, true},
		{"nolog", false, false},
		{"nolog,auditlog", false, true},
		{"auditlog,nolog", false, false},
		{"noauditlog", true, false},
		{"nolog,log", true, false},
	};
	char text[80];

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		const struct weir_sec_rule *r;

		snprintf(text, sizeof(text), "ARGS a id:1,%s", rows[i].written);
		r = only(text);
		ck_assert(r->log == rows[i].log && r->audit_log == rows[i].audit);
	}
}
END_TEST

START_TEST(flow_and_flags_are_read)
{
	const struct weir_sec_rule *r =
		only("ARGS a id:1,capture,multimatch,skip:3,xmlns:a=b,sanitiseMatched,"
		     "sanitiseArg:a,setenv:a=b");

	ck_assert(r->capture && r->multi_match);
	ck_assert_uint_eq(r->skip, 3);
	ck_assert_uint_eq(r->n_actions, 0);
	r = rule_at(good("SecAction id:1,skipAfter:END\nSecMarker END\n"), 0);
	assert_bytes(r->skip_after, "END");
	ck_assert(!r->capture && !r->multi_match);
}
END_TEST

START_TEST(transformations_stand_in_order)
{
	const struct weir_sec_rule *r = only("ARGS a id:1,t:none,t:urlDecodeUni,t:LOWERCASE");

	ck_assert_uint_eq(r->n_transforms, 2);
	ck_assert_uint_eq(r->transforms[0], WEIR_T_URLDECODEUNI);
	ck_assert_uint_eq(r->transforms[1], WEIR_T_LOWERCASE);
	r = only("ARGS a id:1,t:md5,t:none,t:normalisePath");
	ck_assert_uint_eq(r->n_transforms, 1);
	ck_assert_uint_eq(r->transforms[0], WEIR_T_NORMALIZEPATH);
	ck_assert_uint_eq(only("ARGS a id:1,t:md5,t:none")->n_transforms, 0);
}
END_TEST

START_TEST(quoted_values_are_unquoted)
{
	assert_bytes(only("ARGS a \"id:1,msg:'it\\\\'s, a | b'\"")->msg.source, "it's, a | b");
	assert_bytes(only("ARGS a \"id:1 , msg:a , deny\"")->msg.source, "a");
	assert_bytes(only("ARGS a \"id:1,msg:'a\\.b'\"")->msg.source, "a\\.b");
	assert_bytes(only("ARGS a \"id:1,deny,\"")->msg.source, "");
}
END_TEST

START_TEST(actions_that_are_none_are_told)
{
	static const struct said_row rows[] = {
		{"SecAction id:1,denny\n",
		 "t:1:16: error: no action 'denny', did you mean 'deny'?\n"},
		{"SecAction nolog,,id:1\n", "t:1:17: error: no action ''\n"},
		{"SecAction id\n", "t:1:11: error: action 'id' needs a value\n"},
		{"SecAction id:x\n",
		 "t:1:14: error: a number from 1 to 4294967295 must stand here, not \"x\"\n"},
		{"SecAction id:4294967296\n",
		 "t:1:14: error: a number from 1 to 4294967295 must stand here, not "
		 "\"4294967296\"\n"},
		{"SecAction id:1,deny:1\n", "t:1:21: error: action 'deny' takes no value\n"},
		{"SecAction id:1,status:44\n",
		 "t:1:23: error: a number from 100 to 599 must stand here, not \"44\"\n"},
		{"SecAction id:1,severity:8\n",
		 "t:1:25: error: EMERGENCY, ALERT, CRITICAL, ERROR, WARNING, NOTICE, INFO or DEBUG "
		 "must stand here, not \"8\"\n"},
		{"SecAction id:1,allow:x\n",
		 "t:1:22: error: phase or request must stand here, not \"x\"\n"},
		{"SecAction id:1,t:lowercas\n",
		 "t:1:18: error: no transformation 'lowercas', did you mean 'lowercase'?\n"},
		{"SecAction id:1,exec:/bin/a\n", "t:1:16: error: action 'exec' is not supported\n"},
		{"SecAction id:1,pause:1\n", "t:1:16: error: action 'pause' is not supported\n"},
		{"SecAction id:1,proxy:a\n", "t:1:16: error: action 'proxy' is not supported\n"},
		{"SecAction id:1,append:a\n", "t:1:16: error: action 'append' is not supported\n"},
		{"SecAction id:1,prepend:a\n",
		 "t:1:16: error: action 'prepend' is not supported\n"},
		{"SecAction id:1,deprecatevar:a\n",
		 "t:1:16: error: action 'deprecatevar' is not supported\n"},
		{"SecAction \"id:1,msg:'a\"\n",
		 "t:1:21: error: the quote that opens here is not closed\n"},
		{"SecAction \"id:1,deny drop\"\n",
		 "t:1:22: error: a comma or the end must stand here\n"},
		{"SecAction id:1,phase:5,deny\n",
		 "t:1:24: error: in phase 5 the response has been sent: no deny, drop or "
		 "redirect\n"},
		{"SecAction pass\n", "t:1:1: error: a rule needs an id\n"},
	};

	CHECK_SAID(rows);
}
END_TEST

Suite *seclang_action_suite(void)
{
	return WEIR_SUITE("seclang action", metadata_is_read, severities_have_names_and_numbers,
			  phases_have_numbers_and_names, disruptive_actions_are_read,
			  log_actions_are_read_in_order, flow_and_flags_are_read,
			  transformations_stand_in_order, quoted_values_are_unquoted,
			  actions_that_are_none_are_told);
}
