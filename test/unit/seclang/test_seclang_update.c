/* SPDX-License-Identifier: BSD-3-Clause */
/* Updates and removals. */
#include <stdio.h>

#include "seclang_test.h"

Suite *seclang_update_suite(void);

#define RULES                                                                                   \
	"SecRule ARGS|!ARGS:x a \"id:10,tag:'attack/sqli',msg:'one %{tx.a}',chain\"\n"          \
	"SecRule ARGS_NAMES b\n"                                                                \
	"SecRule REQUEST_HEADERS|REQUEST_LINE a id:20,phase:1,deny,tag:other,tag:'attack/xss'," \
	"msg:two,t:md5\n"                                                                       \
	"SecAction id:30,tag:'attack/sqli'\n"

/* Ids that are left. */
static const char *ids(const struct weir_seclang *s)
{
	static char out[100];
	size_t n = 0;

	out[0] = 0;
	for (uint32_t i = 0; i < n_rules(s); i++)
		n += (size_t)snprintf(out + n, sizeof(out) - n, "%s%u", i ? " " : "",
				      rule_at(s, i)->id);
	return out;
}

START_TEST(rules_are_removed)
{
	static const struct {
		const char *directive, *left;
	} rows[] = {
		{"SecRuleRemoveById 20", "10 30"},
		{"SecRuleRemoveById 10 30", "20"},
		{"SecRuleRemoveById \"10,30\"", "20"},
		{"SecRuleRemoveById 5-25", "30"},
		{"SecRuleRemoveById \"1-10, 25-30\"", "20"},
		{"SecRuleRemoveById 10-30", ""},
		{"SecRuleRemoveByTag attack/sqli", "20"},
		{"SecRuleRemoveByTag ^attack/", ""},
		{"SecRuleRemoveByTag ^other$", "10 30"},
		{"SecRuleRemoveByMsg \"^one %\"", "20 30"},
		{"SecRuleRemoveByMsg o", "30"},
	};
	char text[600];

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		snprintf(text, sizeof(text), "%s%s\n", RULES, rows[i].directive);
		ck_assert_str_eq(ids(good(text)), rows[i].left);
	}
}
END_TEST

START_TEST(targets_are_added_and_replaced)
{
	static const struct {
		const char *directive, *first, *link, *second;
	} rows[] = {
		{"SecRuleUpdateTargetById 20 !REQUEST_HEADERS:a", NULL, NULL,
		 "REQUEST_HEADERS|REQUEST_LINE|!REQUEST_HEADERS:a"},
		{"SecRuleUpdateTargetById 20 \"!REQUEST_HEADERS:/a,|b/,TX:c\"", NULL, NULL,
		 "REQUEST_HEADERS|REQUEST_LINE|!REQUEST_HEADERS:/a,|b/|TX:c"},
		/* What is there already is not added. */
		{"SecRuleUpdateTargetById 20 request_line|TX:c", NULL, NULL,
		 "REQUEST_HEADERS|REQUEST_LINE|TX:c"},
		/* Of a chain, links too: as in ModSecurity 2. */
		{"SecRuleUpdateTargetById 10 !ARGS:y", "ARGS|!ARGS:x|!ARGS:y", "ARGS_NAMES|!ARGS:y",
		 NULL},
		{"SecRuleUpdateTargetById 1-15,20 TX:c", "ARGS|!ARGS:x|TX:c", "ARGS_NAMES|TX:c",
		 "REQUEST_HEADERS|REQUEST_LINE|TX:c"},
		{"SecRuleUpdateTargetByTag xss TX:c", NULL, NULL,
		 "REQUEST_HEADERS|REQUEST_LINE|TX:c"},
		{"SecRuleUpdateTargetByMsg ^two TX:c", NULL, NULL,
		 "REQUEST_HEADERS|REQUEST_LINE|TX:c"},
		{"SecRuleUpdateTargetById 20 ARGS REQUEST_LINE", NULL, NULL,
		 "REQUEST_HEADERS|ARGS"},
		{"SecRuleUpdateTargetById 20 ARGS,TX:c request_headers,REQUEST_LINE", NULL, NULL,
		 "ARGS|TX:c"},
		{"SecRuleUpdateTargetById 20 ARGS REQUEST_HEADERS:a", NULL, NULL, NULL},
		{"SecRuleUpdateTargetById 10 TX:c ARGS", "!ARGS:x|TX:c", NULL, NULL},
	};
	char text[600];

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct weir_seclang *s;

		snprintf(text, sizeof(text), "%s%s\n", RULES, rows[i].directive);
		s = good(text);
		ck_assert_str_eq(targets_text(rule_at(s, 0)),
				 rows[i].first ? rows[i].first : "ARGS|!ARGS:x");
		ck_assert_str_eq(targets_text(rule_at(s, 0)->chain),
				 rows[i].link ? rows[i].link : "ARGS_NAMES");
		ck_assert_str_eq(targets_text(rule_at(s, 1)),
				 rows[i].second ? rows[i].second : "REQUEST_HEADERS|REQUEST_LINE");
		ck_assert_uint_eq(rule_at(s, 2)->n_targets, 0);
	}
}
END_TEST

START_TEST(actions_are_added_and_replaced)
{
	struct weir_seclang *s = good(RULES "SecRuleUpdateActionById 20 "
					    "pass,msg:new,tag:more,t:none,t:lowercase,nolog\n"
					    "SecRuleUpdateActionById 10:1 setvar:tx.a=1,capture\n"
					    "SecRuleUpdateActionById 10 id:10,chain,drop\n");
	const struct weir_sec_rule *r = rule_at(s, 1);

	ck_assert_uint_eq(r->disruptive, WEIR_SEC_PASS);
	assert_bytes(r->msg.source, "new");
	ck_assert_uint_eq(r->n_tags, 3);
	assert_bytes(r->tags[2].source, "more");
	ck_assert_uint_eq(r->n_transforms, 1);
	ck_assert_uint_eq(r->transforms[0], WEIR_T_LOWERCASE);
	ck_assert(!r->log);
	ck_assert_uint_eq(r->phase, 1);
	r = rule_at(s, 0);
	ck_assert_uint_eq(r->disruptive, WEIR_SEC_DROP);
	ck_assert_uint_eq(r->n_actions, 0);
	ck_assert(r->chain && r->chain->capture);
	ck_assert_uint_eq(r->chain->n_actions, 1);
	ck_assert_uint_eq(r->chain->disruptive, WEIR_SEC_NO_DISRUPTIVE);
}
END_TEST

START_TEST(a_block_that_is_added_is_what_the_default_says)
{
	struct weir_seclang *s = good("SecDefaultAction phase:2,deny,status:401\n"
				      "SecAction id:1,pass\n"
				      "SecDefaultAction phase:2,pass\n"
				      "SecRuleUpdateActionById 1 block\n");

	ck_assert_uint_eq(rule_at(s, 0)->disruptive, WEIR_SEC_DENY);
	ck_assert_uint_eq(rule_at(s, 0)->status, 401);
	ck_assert(rule_at(s, 0)->blocks);
}
END_TEST

START_TEST(updates_are_about_rules_before_them)
{
	ck_assert_str_eq(said("SecRuleRemoveById 1\nSecAction id:1\n"),
			 "t:1:1: warning: no rule before this line is meant by it\n");
	ck_assert_str_eq(said("SecAction id:1\nSecRuleRemoveById 1\n"
			      "SecRuleUpdateTargetById 1 ARGS\n"),
			 "t:3:1: warning: no rule before this line is meant by it\n");
}
END_TEST

START_TEST(updates_that_are_none_are_told)
{
	static const struct said_row rows[] = {
		{"SecAction id:1\nSecRuleUpdateActionById 1 id:2\n",
		 "t:2:27: error: a rule's id cannot be changed\n"},
		{"SecAction id:1\nSecRuleUpdateActionById 1 phase:1\n",
		 "t:2:27: error: a rule's phase cannot be changed\n"},
		{"SecAction id:1\nSecRuleUpdateActionById 1 chain\n",
		 "t:2:1: error: rule 1 begins no chain\n"},
		{"SecAction id:1\nSecRuleUpdateActionById 1:1 log\n",
		 "t:2:1: error: the chain of rule 1 has no link 1\n"},
		{"SecAction id:1\nSecRuleUpdateActionById 1:1 deny\n",
		 "t:2:29: error: only the rule that begins a chain may have 'deny'\n"},
		{"SecAction id:1,phase:5\nSecRuleUpdateActionById 1 deny\n",
		 "t:2:27: error: in phase 5 the response has been sent: no deny, drop or "
		 "redirect\n"},
		{"SecRuleUpdateActionById x deny\n",
		 "t:1:25: error: a number from 1 to 4294967295 must stand here, not \"x\"\n"},
		{"SecRuleRemoveById x\n",
		 "t:1:19: error: a number from 0 to 4294967295 must stand here, not \"x\"\n"},
		{"SecRuleRemoveById \",\"\n", "t:1:20: error: a rule's id is missing\n"},
		{"SecRuleRemoveByTag a(\n",
		 "t:1:22: error: not a regular expression: missing closing parenthesis\n"},
		{"SecRuleUpdateTargetById 1 ARGX TZ:a\n",
		 "t:1:27: error: no variable 'ARGX', did you mean 'ARGS'?\n"
		 "t:1:32: error: no variable 'TZ', did you mean 'TX'?\n"},
		{"SecRuleUpdateTargetById 1\n",
		 "t:1:26: error: SecRuleUpdateTargetById needs 2 arguments\n"},
	};

	CHECK_SAID(rows);
}
END_TEST

START_TEST(tags_are_matched_by_expressions)
{
	static const struct {
		const char *pattern;
		bool matches;
	} rows[] = {{"CRS", true}, {"^CRS", false}, {"crs", false}, {"SQL$", true}, {"", true}};
	struct weir_bytes tag = weir_bytes_str("OWASP_CRS/SQL");

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct weir_seclang_regex *r =
			weir_seclang_regex_create(weir_bytes_str(rows[i].pattern));

		ck_assert_ptr_nonnull(r);
		ck_assert_int_eq(weir_seclang_regex_matches(r, tag), rows[i].matches);
		weir_seclang_regex_destroy(r);
	}
	ck_assert_ptr_null(weir_seclang_regex_create(weir_bytes_str("c(")));
}
END_TEST

Suite *seclang_update_suite(void)
{
	return WEIR_SUITE("seclang update", rules_are_removed, targets_are_added_and_replaced,
			  actions_are_added_and_replaced,
			  a_block_that_is_added_is_what_the_default_says,
			  updates_are_about_rules_before_them, updates_that_are_none_are_told,
			  tags_are_matched_by_expressions);
}
