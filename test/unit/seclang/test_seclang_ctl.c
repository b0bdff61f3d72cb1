/* SPDX-License-Identifier: BSD-3-Clause */
/* ctl. */
#include <stdio.h>

#include "seclang_test.h"

Suite *seclang_ctl_suite(void);

START_TEST(values_are_read)
{
	static const struct {
		const char *written;
		uint8_t kind;
		uint64_t value;
	} rows[] = {
		{"auditEngine=Off", WEIR_SEC_CTL_AUDIT_ENGINE, 0},
		{"auditengine=relevantonly", WEIR_SEC_CTL_AUDIT_ENGINE, 2},
		{"forceRequestBodyVariable=On", WEIR_SEC_CTL_FORCE_REQUEST_BODY_VARIABLE, 1},
		{"requestBodyAccess=Off", WEIR_SEC_CTL_REQUEST_BODY_ACCESS, 0},
		{"requestBodyLimit=1000", WEIR_SEC_CTL_REQUEST_BODY_LIMIT, 1000},
		{"requestBodyProcessor=URLENCODED", WEIR_SEC_CTL_REQUEST_BODY_PROCESSOR,
		 WEIR_SEC_BODY_URLENCODED},
		{"requestBodyProcessor=multipart", WEIR_SEC_CTL_REQUEST_BODY_PROCESSOR,
		 WEIR_SEC_BODY_MULTIPART},
		{"requestBodyProcessor=JSON", WEIR_SEC_CTL_REQUEST_BODY_PROCESSOR,
		 WEIR_SEC_BODY_JSON},
		{"requestBodyProcessor=XML", WEIR_SEC_CTL_REQUEST_BODY_PROCESSOR,
		 WEIR_SEC_BODY_XML},
		{"responseBodyAccess=On", WEIR_SEC_CTL_RESPONSE_BODY_ACCESS, 1},
		{"responseBodyLimit=9", WEIR_SEC_CTL_RESPONSE_BODY_LIMIT, 9},
		{"ruleEngine=Off", WEIR_SEC_CTL_RULE_ENGINE, WEIR_SEC_OFF},
		{"ruleEngine=DetectionOnly", WEIR_SEC_CTL_RULE_ENGINE, WEIR_SEC_DETECTION_ONLY},
		{"ruleEngine=On", WEIR_SEC_CTL_RULE_ENGINE, WEIR_SEC_ON},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		const struct weir_sec_rule *r;
		char text[100];

		snprintf(text, sizeof(text), "ARGS a id:1,ctl:%s", rows[i].written);
		r = only(text);
		ck_assert_uint_eq(r->n_actions, 1);
		ck_assert_uint_eq(r->actions[0].kind, WEIR_SEC_A_CTL);
		ck_assert_uint_eq(r->actions[0].ctl.kind, rows[i].kind);
		ck_assert_uint_eq(r->actions[0].ctl.value, rows[i].value);
	}
	assert_bytes(only("ARGS a id:1,ctl:auditLogParts=+E")->actions[0].ctl.text, "+E");
	ck_assert_uint_eq(only("ARGS a id:1,ctl:debugLogLevel=9")->n_actions, 0);
}
END_TEST

/* kind first-last text target, one a line. */
static const char *removals(const struct weir_sec_rule *r)
{
	static char out[600];
	size_t n = 0;

	out[0] = 0;
	for (uint16_t i = 0; i < r->n_actions; i++) {
		const struct weir_sec_ctl *c = &r->actions[i].ctl;
		static const char *const sign[] = {"", ":", "~", "/*", "//@*"};

		n += (size_t)snprintf(out + n, sizeof(out) - n, "%u-%u<%.*s>%s%s%.*s\n", c->first,
				      c->last, (int)c->text.len, (const char *)c->text.ptr,
				      c->kind >= WEIR_SEC_CTL_RULE_REMOVE_TARGET_BY_ID
					      ? weir_sec_variable_name(c->target.variable)
					      : "",
				      sign[c->target.selector], (int)c->target.name.len,
				      (const char *)c->target.name.ptr);
	}
	return out;
}

START_TEST(removals_are_read)
{
	static const struct {
		const char *written;
		uint8_t kind;
		const char *read;
	} rows[] = {
		{"ruleRemoveById=1", WEIR_SEC_CTL_RULE_REMOVE_BY_ID, "1-1<>\n"},
		{"ruleRemoveById=951000-951999", WEIR_SEC_CTL_RULE_REMOVE_BY_ID,
		 "951000-951999<>\n"},
		{"'ruleRemoveById=1,3-5 9'", WEIR_SEC_CTL_RULE_REMOVE_BY_ID,
		 "1-1<>\n3-5<>\n9-9<>\n"},
		{"ruleRemoveById='7'", WEIR_SEC_CTL_RULE_REMOVE_BY_ID, "7-7<>\n"},
		{"'ruleRemoveByTag=\\\"a b\\\"'", WEIR_SEC_CTL_RULE_REMOVE_BY_TAG, "0-0<a b>\n"},
		{"ruleRemoveByTag=attack-.*", WEIR_SEC_CTL_RULE_REMOVE_BY_TAG, "0-0<attack-.*>\n"},
		{"'ruleRemoveByMsg=a b'", WEIR_SEC_CTL_RULE_REMOVE_BY_MSG, "0-0<a b>\n"},
		{"ruleRemoveTargetById=9;ARGS:a[0][b]", WEIR_SEC_CTL_RULE_REMOVE_TARGET_BY_ID,
		 "9-9<>ARGS:a[0][b]\n"},
		{"'ruleRemoveTargetById=9,11-12;ARGS:a,XML:/*'",
		 WEIR_SEC_CTL_RULE_REMOVE_TARGET_BY_ID,
		 "9-9<>ARGS:a\n9-9<>XML/*\n11-12<>ARGS:a\n11-12<>XML/*\n"},
		{"ruleRemoveTargetById=9;ARGS", WEIR_SEC_CTL_RULE_REMOVE_TARGET_BY_ID,
		 "9-9<>ARGS\n"},
		{"'ruleRemoveTargetByTag=CRS;ARGS:/^a|b/'", WEIR_SEC_CTL_RULE_REMOVE_TARGET_BY_TAG,
		 "0-0<CRS>ARGS~^a|b\n"},
		{"ruleRemoveTargetByMsg=x;REQUEST_LINE", WEIR_SEC_CTL_RULE_REMOVE_TARGET_BY_MSG,
		 "0-0<x>REQUEST_LINE\n"},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		const struct weir_sec_rule *r;
		char text[100];

		snprintf(text, sizeof(text), "ARGS a \"id:1,ctl:%s\"", rows[i].written);
		r = only(text);
		ck_assert_str_eq(removals(r), rows[i].read);
		ck_assert_uint_eq(r->actions[0].ctl.kind, rows[i].kind);
	}
}
END_TEST

START_TEST(what_ctl_cannot_do_is_told)
{
	static const struct said_row rows[] = {
		{"SecAction id:1,ctl:ruleEngin=On\n",
		 "t:1:20: error: no ctl 'ruleEngin', did you mean 'ruleEngine'?\n"},
		{"SecAction id:1,ctl:ruleEngine\n",
		 "t:1:30: error: ctl:ruleEngine needs = and a value\n"},
		{"SecAction id:1,ctl:ruleEngine=x\n",
		 "t:1:31: error: Off, DetectionOnly or On must stand here, not \"x\"\n"},
		{"SecAction id:1,ctl:hashEngine=On\n",
		 "t:1:31: error: ctl:hashEngine is not supported\n"},
		{"SecAction id:1,ctl:requestBodyProcessor=YAML\n",
		 "t:1:41: error: URLENCODED, MULTIPART, JSON, XML or GRPC must stand here, not "
		 "\"YAML\"\n"},
		{"SecAction id:1,ctl:auditLogParts=+Q\n",
		 "t:1:35: error: parts of the audit log are A to K and Z\n"},
		{"SecAction id:1,ctl:ruleRemoveById=a\n",
		 "t:1:35: error: a number from 0 to 4294967295 must stand here, not \"a\"\n"},
		{"SecAction id:1,ctl:ruleRemoveById=5-4\n",
		 "t:1:35: error: the range 5-4 is empty\n"},
		{"SecAction id:1,ctl:ruleRemoveByTag=a(\n",
		 "t:1:38: error: not a regular expression: missing closing parenthesis\n"},
		{"SecAction id:1,ctl:ruleRemoveTargetById=5\n",
		 "t:1:41: error: a semicolon and a target are missing\n"},
		{"SecAction id:1,ctl:ruleRemoveTargetById=5;ARGX\n",
		 "t:1:43: error: no variable 'ARGX', did you mean 'ARGS'?\n"},
		{"SecAction id:1,ctl:ruleRemoveTargetById=5;!ARGS\n",
		 "t:1:43: error: a target stands here without ! or &\n"},
	};

	CHECK_SAID(rows);
}
END_TEST

Suite *seclang_ctl_suite(void)
{
	return WEIR_SUITE("seclang ctl", values_are_read, removals_are_read,
			  what_ctl_cannot_do_is_told);
}
