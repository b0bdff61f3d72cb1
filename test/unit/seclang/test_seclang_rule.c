/* SPDX-License-Identifier: BSD-3-Clause */
/* Rules, unconditional actions, markers, chains. */
#include <stdio.h>

#include "seclang_test.h"

Suite *seclang_rule_suite(void);

START_TEST(kinds_are_told_apart)
{
	struct weir_seclang *s = good("SecRule ARGS a id:3,phase:4\nSecAction id:1\nsecmarker END\n"
				      "SECRULE TX:a \"@lt 1\" id:2\n");
	static const struct {
		uint8_t kind;
		uint32_t id;
		uint8_t phase;
	} rows[] = {{WEIR_SEC_RULE, 3, 4},
		    {WEIR_SEC_ACTION, 1, 2},
		    {WEIR_SEC_MARKER, 0, 0},
		    {WEIR_SEC_RULE, 2, 2}};

	ck_assert_uint_eq(n_rules(s), WEIR_ARRAY_LEN(rows));
	for (uint32_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		const struct weir_sec_rule *r = rule_at(s, i);

		ck_assert_uint_eq(r->kind, rows[i].kind);
		ck_assert_uint_eq(r->id, rows[i].id);
		ck_assert_uint_eq(r->phase, rows[i].phase);
		ck_assert_uint_eq(r->pos.line, i + 1);
		ck_assert_uint_eq(r->pos.column, 1);
		ck_assert_str_eq(r->pos.file, "t");
		ck_assert(r->chain == NULL);
	}
	assert_bytes(rule_at(s, 2)->marker, "END");
	ck_assert_uint_eq(rule_at(s, 1)->n_targets, 0);
}
END_TEST

START_TEST(links_stand_behind_their_starters)
{
	struct weir_seclang *s =
		good("SecRule ARGS a id:1,phase:1,deny,nolog,msg:m,chain\n"
		     "SecRule TX:a b chain,setvar:tx.a=1,capture,t:md5\n"
		     "SecRuleEngine On\n"
		     "SecRule TX:b c\n"
		     "SecAction id:2,chain\nSecAction setvar:tx.c=1,tag:x,log,status:500\n");
	const struct weir_sec_rule *r = rule_at(s, 0), *link = r->chain;

	ck_assert_uint_eq(n_rules(s), 2);
	ck_assert_uint_eq(r->disruptive, WEIR_SEC_DENY);
	ck_assert(link && link->chain && !link->chain->chain);
	ck_assert_uint_eq(link->phase, 1);
	ck_assert_uint_eq(link->id, 0);
	ck_assert_uint_eq(link->disruptive, WEIR_SEC_NO_DISRUPTIVE);
	ck_assert_uint_eq(link->n_actions, 1);
	ck_assert_uint_eq(link->n_transforms, 1);
	ck_assert(link->capture);
	ck_assert_uint_eq(link->chain->phase, 1);
	ck_assert_uint_eq(link->chain->pos.line, 4);
	ck_assert_uint_eq(rule_at(s, 1)->chain->kind, WEIR_SEC_ACTION);
	ck_assert_uint_eq(rule_at(s, 1)->chain->n_tags, 1);
}
END_TEST

START_TEST(links_may_not_say_what_only_starters_say)
{
	static const struct {
		const char *action, *name;
	} rows[] = {
		{"id:2", "id"},           {"phase:2", "phase"},        {"deny", "deny"},
		{"pass", "pass"},         {"block", "block"},          {"allow", "allow"},
		{"drop", "drop"},         {"redirect:a", "redirect"},  {"msg:a", "msg"},
		{"logdata:a", "logdata"}, {"severity:1", "severity"},  {"rev:1", "rev"},
		{"ver:1", "ver"},         {"maturity:1", "maturity"},  {"accuracy:1", "accuracy"},
		{"skip:1", "skip"},       {"skipAfter:a", "skipAfter"}};
	char text[100], expected[100];

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		snprintf(text, sizeof(text), "SecAction id:1,chain\nSecRule ARGS a t:md5,%s\n",
			 rows[i].action);
		snprintf(expected, sizeof(expected),
			 "t:2:22: error: only the rule that begins a chain may have '%s'\n",
			 rows[i].name);
		ck_assert_str_eq(said(text), expected);
	}
}
END_TEST

START_TEST(chains_without_an_end_are_told)
{
	static const struct said_row rows[] = {
		{"SecAction id:1,chain\n", "t:1:1: error: the chain that begins here has no end\n"},
		{"\nSecAction id:1,chain\nSecRule ARGS a chain\n",
		 "t:2:1: error: the chain that begins here has no end\n"},
		{"SecAction id:1,chain\nSecMarker A\nSecAction id:2\n",
		 "t:2:1: error: the chain that begins at t:1 has no end\n"},
		{"SecMarker \"\"\n", "t:1:12: error: a marker needs a name\n"},
	};

	CHECK_SAID(rows);
}
END_TEST

/* One mistake is told once: what follows from it is not. */
START_TEST(links_of_a_broken_starter_are_no_rules_without_an_id)
{
	static const struct said_row rows[] = {
		{"SecRule ARGX a id:1,chain\nSecRule ARGS a\nSecAction nolog\n",
		 "t:1:9: error: no variable 'ARGX', did you mean 'ARGS'?\n"
		 "t:3:1: error: a rule needs an id\n"},
		{"SecRule ARGS a id:1,denny,chain\nSecRule ARGS a\n",
		 "t:1:21: error: no action 'denny', did you mean 'deny'?\n"},
		{"SecRule ARGS a \"id:1,chain\nSecRule ARGS a chain\nSecRule ARGS a\n"
		 "SecRule ARGS b\n",
		 "t:1:16: error: the quote that opens here is not closed\n"
		 "t:4:1: error: a rule needs an id\n"},
		{"SecRule ARGS a id:1 chain\nSecRule ARGS a t:none\n",
		 "t:1:21: error: SecRule takes 3 arguments\n"},
		{"SecRule ARGS\nSecAction id:1,deny\nSecRule ARGS a\n",
		 "t:1:13: error: SecRule needs 2 arguments\nt:3:1: error: a rule needs an id\n"},
	};

	CHECK_SAID(rows);
}
END_TEST

/* `before`, `n` times `each`, `behind`. */
static const char *many(const char *before, const char *each, unsigned int n, const char *behind)
{
	static char out[65536];
	size_t len = (size_t)snprintf(out, sizeof(out), "%s", before);

	for (unsigned int i = 0; i < n; i++)
		len += (size_t)snprintf(out + len, sizeof(out) - len, "%s", each);
	ck_assert_uint_lt(len + strlen(behind), sizeof(out));
	strcpy(out + len, behind);
	return out;
}

START_TEST(rules_have_their_limits)
{
	ck_assert_str_eq(said(many("SecRule TX:a", "|TX:a", 4095, " a id:1\n")), "");
	ck_assert_str_eq(said(many("SecRule TX:a", "|TX:a", 4096, " a id:1\n")),
			 "t:1:9: error: over 4096 targets\n");
	ck_assert_str_eq(said(many("SecAction id:1,msg:", "a%{TX.a}", 512, "\n")), "");
	ck_assert_str_eq(said(many("SecAction id:1,msg:", "a%{TX.a}", 513, "\n")),
			 "t:1:20: error: a text has over 512 macros\n");
	ck_assert_str_eq(said(many("SecAction id:1", ",t:md5", 255, "\n")), "");
	ck_assert_str_eq(said(many("SecAction id:1", ",t:md5", 256, "\n")),
			 "t:1:1: error: a rule has over 255 transformations\n");
	ck_assert_str_eq(said(many("SecAction id:1", ",tag:a", 4097, "\n")),
			 "t:1:11: error: too many actions in one rule\n");
	ck_assert_str_eq(said(many("SecAction \"id:1,ctl:'ruleRemoveTargetById=1,2;ARGS", ",ARGS",
				   2048, "'\"\n")),
			 "t:1:43: error: too many targets of too many rules\n");
}
END_TEST

Suite *seclang_rule_suite(void)
{
	return WEIR_SUITE("seclang rule", kinds_are_told_apart, links_stand_behind_their_starters,
			  links_may_not_say_what_only_starters_say, chains_without_an_end_are_told,
			  links_of_a_broken_starter_are_no_rules_without_an_id,
			  rules_have_their_limits);
}
