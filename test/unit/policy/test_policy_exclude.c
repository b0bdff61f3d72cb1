/* SPDX-License-Identifier: BSD-3-Clause */
#include "fixture.h"

#define THREAT(exclusions)                                                               \
	"kind: AccessPolicy\nmetadata: { name: p }\nspec: { action: allow }\n---\n"      \
	"kind: ThreatPolicy\nmetadata: { name: t }\nspec: { services: all, exclusions: " \
	"[ " exclusions " ] }\n"

#define CHAIN(id, path)                                      \
	"SecRule REQUEST_FILENAME \"@beginsWith " path "\" " \
	"\"id:" id ",phase:1,pass,nolog,t:none,chain\"\n"    \
	"SecRule REQUEST_FILENAME \"@beginsWith " path "\" " \
	"\"t:none,t:urlDecodeUni,t:normalizePath"

/* What the exclusions add to the text before and after the rules. */
static const struct {
	const char *yaml, *first, *last;
} rows[] = {
	{"{ rules: 942100, target: 'ARGS:password' }", "",
	 "SecRuleUpdateTargetById 942100 \"!ARGS:password\"\n"},
	{"{ rules: [ 942100, 941100-941999 ], target: ARGS }", "",
	 "SecRuleUpdateTargetById 942100 \"!ARGS\"\n"
	 "SecRuleUpdateTargetById 941100-941999 \"!ARGS\"\n"},
	{"{ rules: 942100-942999 }", "", "SecRuleRemoveById 942100-942999\n"},
	{"{ tag: attack-sqli }", "", "SecRuleRemoveByTag \"attack-sqli\"\n"},
	{"{ tag: 'attack-(sqli|xss)', target: 'request_cookies:session' }", "",
	 "SecRuleUpdateTargetByTag \"attack-(sqli|xss)\" \"!request_cookies:session\"\n"},
	{"{ rules: [ 942100, 941100-941999 ], target: 'ARGS:body', path: /api/ }",
	 CHAIN("2000000100", "/api/") ",ctl:ruleRemoveTargetById=942100;ARGS:body"
				      ",ctl:ruleRemoveTargetById=941100-941999;ARGS:body\"\n",
	 ""},
	{"{ rules: 920350, path: /health }, { tag: OWASP_CRS, path: /.well-known/ }",
	 CHAIN("2000000100", "/health") ",ctl:ruleRemoveById=920350\"\n" CHAIN(
		 "2000000101", "/.well-known/") ",ctl:ruleRemoveByTag=OWASP_CRS\"\n",
	 ""},
	{"{ tag: attack-xss, target: 'ARGS:html', path: /cms/, description: 'editors' }",
	 CHAIN("2000000100", "/cms/") ",ctl:ruleRemoveTargetByTag=attack-xss;ARGS:html\"\n", ""},
};

START_TEST(exclusions_become_seclang)
{
	struct loaded plain = load_good(THREAT(""));
	const char *base = weir_policy_threat(plain.policy, 0)->first;

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct weir_buf yaml = {0};
		const struct weir_threat_policy *t;
		struct loaded l;

		weir_buf_printf(&yaml, THREAT("%s"), rows[i].yaml);
		l = load_good(yaml.ptr);
		t = weir_policy_threat(l.policy, 0);
		ck_assert_uint_eq(strncmp(t->first, base, strlen(base)), 0);
		ck_assert_str_eq(t->first + strlen(base), rows[i].first);
		ck_assert_str_eq(t->last, rows[i].last);
		weir_buf_fini(&yaml);
		unload(&l);
	}
	unload(&plain);
}
END_TEST

/* What policy/ writes must be what seclang/ reads. */
static void check_text(const char *text)
{
	struct weir_conf_report *r = weir_conf_report_create();
	struct weir_seclang *s = weir_seclang_create();
	struct weir_buf said = {0};
	bool good = weir_seclang_add_text(s, "own", "/", weir_bytes_str(text), r);

	weir_conf_report_text(r, &said);
	ck_assert_msg(good, "%s%s", said.ptr ? said.ptr : "", text);
	weir_buf_fini(&said);
	weir_seclang_destroy(s);
	weir_conf_report_destroy(r);
}

START_TEST(what_they_become_is_read_by_seclang)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct weir_buf yaml = {0};
		struct loaded l;

		weir_buf_printf(&yaml, THREAT("%s"), rows[i].yaml);
		l = load_good(yaml.ptr);
		check_text(weir_policy_threat(l.policy, 0)->first);
		check_text(weir_policy_threat(l.policy, 0)->last);
		weir_buf_fini(&yaml);
		unload(&l);
	}
}
END_TEST

#define TARGET_FORM \
	"error: a target is VARIABLE or VARIABLE:name, without spaces, quotes and ,;|\\%\n"
#define PATH_FORM                                                                            \
	"error: a path begins with '/', and has no spaces, quotes, %, ?, # and no empty or " \
	"dot segments\n"

START_TEST(what_is_wrong_with_an_exclusion_is_told_with_its_place)
{
	static const struct bad_row bad[] = {
		{THREAT("{ target: ARGS }"),
		 "t:7:38: error: an exclusion has either rules or a tag\n"},
		{THREAT("{ rules: 1, tag: a }"),
		 "t:7:38: error: an exclusion has either rules or a tag\n"},
		{THREAT("{ rules: x }"),
		 "t:7:47: error: 'x' is not a rule id or a range \"a-b\" of them\n"},
		{THREAT("{ rules: 4294967296 }"),
		 "t:7:47: error: '4294967296' is not a rule id or a range \"a-b\" of them\n"},
		{THREAT("{ rule: 1, tag: a }"),
		 "t:7:40: error: unknown key 'rule', did you mean 'rules'?\n"},
		{THREAT("{ rules: 1, target: ARGZ }"),
		 "t:7:58: error: 'ARGZ' is no variable of SecLang\n"},
		{THREAT("{ rules: 1, target: 'REQUEST_URI:x' }"),
		 "t:7:58: error: REQUEST_URI is one value: leave out what follows it\n"},
		{THREAT("{ rules: 1, target: 'ARGS:a b' }"), "t:7:58: " TARGET_FORM},
		{THREAT("{ rules: 1, target: 'ARGS:a|ARGS:b' }"), "t:7:58: " TARGET_FORM},
		{THREAT("{ rules: 1, target: 'ARGS:\"' }"), "t:7:58: " TARGET_FORM},
		{THREAT("{ rules: 1, target: 'ARGS:' }"), "t:7:58: " TARGET_FORM},
		{THREAT("{ tag: 'a,deny' }"),
		 "t:7:45: error: a tag has no spaces, quotes and ,;%\n"},
		{THREAT("{ tag: '(' }"), "t:7:45: error: '(' is not a regular expression\n"},
		{THREAT("{ rules: 1, path: api }"), "t:7:56: " PATH_FORM},
		{THREAT("{ rules: 1, path: '/a\" \"b' }"), "t:7:56: " PATH_FORM},
		{THREAT("{ rules: 1, path: /a%2f }"), "t:7:56: " PATH_FORM},
		{THREAT("{ rules: 1, path: /a/../b }"), "t:7:56: " PATH_FORM},
		{THREAT("{ rules: 1, path: '/a?b=c' }"), "t:7:56: " PATH_FORM},
		{THREAT("x"), "t:7:38: error: an exclusion must be a mapping, not a value\n"},
	};

	check_bad_rows(bad, WEIR_ARRAY_LEN(bad));
}
END_TEST

Suite *exclude_suite(void)
{
	return WEIR_SUITE("policy exclude", exclusions_become_seclang,
			  what_they_become_is_read_by_seclang,
			  what_is_wrong_with_an_exclusion_is_told_with_its_place);
}
