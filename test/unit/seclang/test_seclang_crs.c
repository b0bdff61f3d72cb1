/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The OWASP Core Rule Set: Debian's 3.3.4 (package modsecurity-crs), and version 4 from the folder
 * that WEIR_CRS4 names. Counts are those of grep over the same files.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "seclang_test.h"

Suite *seclang_crs_suite(void);

struct counts {
	uint32_t rules, actions, markers, starters, links, deepest;
};

static void count_chain(const struct weir_sec_rule *starter, struct counts *c)
{
	uint32_t deep = 0;

	c->starters += starter->chain != NULL;
	for (const struct weir_sec_rule *r = starter; r; r = r->chain) {
		c->rules += r->kind == WEIR_SEC_RULE;
		c->actions += r->kind == WEIR_SEC_ACTION;
		c->markers += r->kind == WEIR_SEC_MARKER;
		c->links += r != starter;
		deep++;
	}
	if (deep > c->deepest)
		c->deepest = deep;
}

static struct counts count(const struct weir_seclang *s)
{
	struct counts c = {0};

	for (uint32_t i = 0; i < n_rules(s); i++)
		count_chain(rule_at(s, i), &c);
	return c;
}

static struct weir_seclang *load(const char *setup, const char *rules)
{
	struct weir_conf_report *r = weir_conf_report_create();
	struct weir_seclang *s = weir_seclang_create();
	struct weir_buf b = {0};
	bool loaded = weir_seclang_add(s, setup, r);

	loaded = weir_seclang_add(s, rules, r) && loaded;
	loaded = weir_seclang_finish(s, r) && loaded;
	weir_conf_report_text(r, &b);
	ck_assert_msg(loaded && b.len == 0, "%s", b.ptr ? b.ptr : "");
	weir_buf_fini(&b);
	weir_conf_report_destroy(r);
	return s;
}

static const struct weir_sec_rule *rule_of(const struct weir_seclang *s, uint32_t id)
{
	for (uint32_t i = 0; i < n_rules(s); i++)
		if (rule_at(s, i)->id == id)
			return rule_at(s, i);
	ck_abort_msg("no rule %u", id);
}

static void check_counts(const struct weir_seclang *s, const struct counts *expected)
{
	struct counts c = count(s);

	ck_assert_uint_eq(c.rules, expected->rules);
	ck_assert_uint_eq(c.actions, expected->actions);
	ck_assert_uint_eq(c.markers, expected->markers);
	ck_assert_uint_eq(c.starters, expected->starters);
	ck_assert_uint_eq(c.links, expected->links);
	ck_assert_uint_eq(c.deepest, expected->deepest);
}

START_TEST(debians_core_rule_set_is_read)
{
	static const struct counts expected = {790, 10, 40, 115, 166, 5};
	struct weir_seclang *s;
	const struct weir_sec_rule *r;

	if (access("/usr/share/modsecurity-crs/rules", R_OK)) {
		printf("skip - debians_core_rule_set_is_read: modsecurity-crs is not installed\n");
		return;
	}
	s = load("/etc/modsecurity/crs/crs-setup.conf", "/usr/share/modsecurity-crs/rules/*.conf");
	check_counts(s, &expected);
	/* "@rx [a-z]:\\\\inetpub\b": Apache makes two backslashes of four. */
	r = rule_of(s, 954100);
	assert_bytes(r->test.argument.source, "[a-z]:\\\\inetpub\\b");
	ck_assert_uint_eq(r->phase, 4);
	ck_assert(r->blocks && r->disruptive == WEIR_SEC_BLOCK);
	ck_assert_uint_eq(r->severity, 3);
	assert_bytes(weir_seclang_settings(s)->component_signatures, "OWASP_CRS/3.3.4");
	ck_assert_uint_eq(weir_seclang_settings(s)->collection_timeout_s, 600);
	weir_seclang_destroy(s);
}
END_TEST

START_TEST(version_4_of_the_core_rule_set_is_read)
{
	static const struct counts expected = {695, 8, 30, 55, 73, 5};
	const char *crs = getenv("WEIR_CRS4");
	char setup[300], rules[300];
	struct weir_seclang *s;
	const struct weir_sec_rule *r;

	if (!crs || !*crs) {
		printf("skip - version_4_of_the_core_rule_set_is_read: WEIR_CRS4 is not set\n");
		return;
	}
	snprintf(setup, sizeof(setup), "%s/crs-setup.conf.example", crs);
	snprintf(rules, sizeof(rules), "%s/rules/*.conf", crs);
	s = load(setup, rules);
	check_counts(s, &expected);
	r = rule_of(s, 942100);
	ck_assert_uint_eq(r->test.op, WEIR_SEC_O_DETECTSQLI);
	ck_assert(r->multi_match && r->capture);
	/* SecRuleUpdateTargetById of the last file. */
	ck_assert_ptr_nonnull(strstr(targets_text(rule_of(s, 932240)), "|!REQUEST_COOKIES:/"));
	weir_seclang_destroy(s);
}
END_TEST

/* What modsecurity.conf-recommended has that the rule sets have not. */
START_TEST(modsecuritys_recommended_rules_are_read)
{
	const struct weir_sec_rule *r;
	struct weir_seclang *s = good(
		"SecRule REQUEST_HEADERS:Content-Type \"^(?:application(?:/soap\\+|/)|text/)xml\" "
		"\\\n"
		"     "
		"\"id:'200000',phase:1,t:none,t:lowercase,pass,nolog,ctl:requestBodyProcessor="
		"XML\"\n"
		"SecRule REQBODY_ERROR \"!@eq 0\" \\\n"
		"\"id:'200002', phase:2,t:none,log,deny,status:400,msg:'Failed to parse.',"
		"logdata:'%{reqbody_error_msg}',severity:2\"\n"
		"SecRule MULTIPART_STRICT_ERROR \"!@eq 0\" \\\n"
		"\"id:'200003',phase:2,t:none,log,deny,status:400, \\\n"
		"msg:'Strict validation: \\\n"
		"PE %{REQBODY_PROCESSOR_ERROR}, \\\n"
		"BQ %{MULTIPART_BOUNDARY_QUOTED}, \\\n"
		"FL %{MULTIPART_FILE_LIMIT_EXCEEDED}'\"\n"
		"SecRule TX:/^MSC_/ \"!@streq 0\" \\\n"
		"        \"id:'200005',phase:2,t:none,deny,msg:'flagged: %{MATCHED_VAR_NAME}'\"\n"
		"SecRule &ARGS \"@ge 1000\" \"id:'200007', phase:2,t:none,log,deny,status:400,"
		"msg:'Too many arguments', severity:2\"\n");

	r = rule_of(s, 200000);
	ck_assert_uint_eq(r->actions[0].ctl.value, WEIR_SEC_BODY_XML);
	r = rule_of(s, 200002);
	ck_assert(r->test.negated && r->test.op == WEIR_SEC_O_EQ && r->severity == 2);
	ck_assert_str_eq(text_text(&rule_of(s, 200003)->msg),
			 "[Strict validation: PE ][%REQBODY_PROCESSOR_ERROR][, BQ ]"
			 "[%MULTIPART_BOUNDARY_QUOTED][, FL ][%MULTIPART_FILE_LIMIT_EXCEEDED]");
	ck_assert_str_eq(targets_text(rule_of(s, 200005)), "TX:/^MSC_/");
	ck_assert_str_eq(targets_text(rule_of(s, 200007)), "&ARGS");
}
END_TEST

Suite *seclang_crs_suite(void)
{
	return WEIR_SUITE("seclang core rule set", debians_core_rule_set_is_read,
			  version_4_of_the_core_rule_set_is_read,
			  modsecuritys_recommended_rules_are_read);
}
