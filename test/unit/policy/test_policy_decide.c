/* SPDX-License-Identifier: BSD-3-Clause */
/* What policies decide. */
#include "fixture.h"

#include <netinet/in.h>

Suite *policy_docs_suite(void);
Suite *policy_scale_suite(void);

#define GROUPS                                                                                 \
	"kind: Group\nmetadata: {name: web}\nspec: {cidrs: [10.0.1.0/24, 'fd01::/64']}\n---\n" \
	"kind: Group\nmetadata: {name: db}\nspec: {cidrs: [10.0.2.0/24, 'fd02::/64']}\n---\n"  \
	"kind: Group\nmetadata: {name: all-dc}\nspec: {cidrs: [10.0.0.0/16]}\n---\n"

#define POLICY(name, spec) "kind: AccessPolicy\nmetadata: {name: " name "}\nspec: {" spec "}\n---\n"
#define DEFAULTS(spec)     "kind: Defaults\nmetadata: {name: d}\nspec: {" spec "}\n---\n"

struct row {
	const char *from, *to;
	uint8_t proto;
	uint16_t port;
	enum weir_verdict verdict;
	uint16_t reason;
	const char *policy;
	const char *rule;
};

static void check_rows(const char *yaml, const struct row *rows, size_t n)
{
	struct loaded l = load_good(yaml);

	for (size_t i = 0; i < n; i++) {
		struct weir_policy_decision d =
			decide(&l, rows[i].from, rows[i].to, rows[i].proto, rows[i].port);

		ck_assert_msg(d.verdict == rows[i].verdict && d.reason == rows[i].reason,
			      "row %zu: %s %s", i, weir_verdict_name((enum weir_verdict)d.verdict),
			      weir_drop_name((enum weir_drop)d.reason));
		ck_assert_str_eq(weir_names_get(l.names, d.policy), rows[i].policy);
		ck_assert_str_eq(weir_names_get(l.names, d.rule), rows[i].rule ? rows[i].rule : "");
	}
	unload(&l);
}

#define CHECK_ROWS(yaml, rows) check_rows(yaml, rows, WEIR_ARRAY_LEN(rows))
#define ALLOW                  WEIR_VERDICT_ALLOW, WEIR_DROP_NONE
#define DENY                   WEIR_VERDICT_DENY, WEIR_DROP_POLICY_DENY
#define DROP                   WEIR_VERDICT_DROP, WEIR_DROP_POLICY_DROP
#define DEFAULT                WEIR_VERDICT_DENY, WEIR_DROP_DEFAULT_DENY
#define UNNAMED                WEIR_VERDICT_DENY, WEIR_DROP_NO_POLICY

START_TEST(rules_match_by_groups_protocol_and_port)
{
	static const struct row rows[] = {
		{"10.0.1.5", "10.0.2.6", 6, 5432, ALLOW, "db", NULL},
		{"fd01::5", "fd02::6", 6, 5432, ALLOW, "db", NULL},
		{"10.0.1.5", "10.0.2.6", 6, 5433, DEFAULT, "default", NULL},
		{"10.0.1.5", "10.0.2.6", 17, 5432, DEFAULT, "default", NULL},
		{"10.0.2.6", "10.0.1.5", 6, 5432, DEFAULT, "default", NULL},
		{"10.0.1.5", "10.0.2.6", 6, 8000, DROP, "range", NULL},
		{"10.0.1.5", "10.0.2.6", 6, 8010, DROP, "range", NULL},
		{"10.0.1.5", "10.0.2.6", 6, 8011, DEFAULT, "default", NULL},
		{"10.0.1.5", "10.0.2.6", 1, 8, ALLOW, "ping", NULL},
		{"10.0.1.5", "10.0.2.6", 1, 13, DEFAULT, "default", NULL},
	};

	CHECK_ROWS(GROUPS POLICY("db",
				 "from: web, to: db, protocol: tcp, ports: [5432], action: allow")
			   POLICY("range", "from: web, to: db, protocol: tcp, "
					   "ports: ['8000-8010'], action: drop")
				   POLICY("ping", "from: web, to: db, protocol: icmp, types: [8], "
						  "action: allow"),
		   rows);
}
END_TEST

START_TEST(lower_priority_numbers_come_first_then_the_order_in_the_file)
{
	static const struct row rows[] = {
		{"10.0.1.5", "10.0.2.6", 6, 22, DENY, "early", NULL},
		{"10.0.1.5", "10.0.2.6", 6, 80, ALLOW, "first", NULL},
	};

	CHECK_ROWS(GROUPS POLICY("first", "from: web, to: db, action: allow")
			   POLICY("second", "from: web, to: db, action: drop") POLICY(
				   "early", "priority: 10, from: web, to: db, protocol: tcp, "
					    "ports: [22], action: deny"),
		   rows);
}
END_TEST

START_TEST(address_is_in_every_group_that_covers_it)
{
	static const struct row rows[] = {
		{"10.0.1.5", "10.0.2.6", 6, 9, ALLOW, "dc", NULL}, /* by the wider group */
		{"10.0.9.5", "10.0.2.6", 6, 9, ALLOW, "dc", NULL},
		{"10.0.1.5", "10.0.9.6", 6, 9, DEFAULT, "default", NULL},
	};

	CHECK_ROWS(GROUPS POLICY("dc", "from: all-dc, to: db, action: allow"), rows);
}
END_TEST

START_TEST(who_is_named_nowhere_follows_unmatched)
{
	static const struct row closed[] = {
		{"192.0.2.1", "192.0.2.2", 6, 80, UNNAMED, "default", NULL},
		{"192.0.2.1", "10.0.2.6", 6, 80, DEFAULT, "default", NULL}, /* one side is named */
		{"10.0.1.5", "192.0.2.1", 6, 80, DEFAULT, "default", NULL},
	};
	static const struct row open[] = {
		{"192.0.2.1", "192.0.2.2", 6, 80, ALLOW, "default", NULL},
		{"192.0.2.1", "10.0.2.6", 6, 80, DEFAULT, "default", NULL},
	};
	static const char policy[] = GROUPS POLICY("db", "from: web, to: db, action: allow");
	static const char with[] = GROUPS POLICY("db", "from: web, to: db, action: allow")
		DEFAULTS("unmatched: allow");

	CHECK_ROWS(policy, closed);
	CHECK_ROWS(with, open);
}
END_TEST

START_TEST(unknown_protocols_follow_their_default_unless_a_rule_names_them)
{
	static const struct row rows[] = {
		{"10.0.1.5", "10.0.2.6", 47, 0, ALLOW, "gre", NULL},
		{"10.0.1.5", "10.0.2.6", 50, 0, WEIR_VERDICT_DROP, WEIR_DROP_UNKNOWN_PROTOCOL,
		 "default", NULL},
	};

	CHECK_ROWS(GROUPS POLICY("gre", "from: web, to: db, protocol: 47, action: allow"), rows);
}
END_TEST

START_TEST(egress_policies_of_one_group_add_up)
{
	static const struct row rows[] = {
		{"10.0.1.5", "198.51.100.7", 6, 443, ALLOW, "mirrors", "https"},
		{"10.0.1.5", "203.0.113.9", 17, 53, ALLOW, "dns", NULL},
		{"10.0.1.5", "203.0.113.9", 6, 443, DENY, "mirrors", "otherwise"},
		{"10.0.1.5", "10.0.2.6", 6, 5432, ALLOW, "db", NULL}, /* access rules come before */
		{"10.0.2.6", "198.51.100.7", 6, 443, DEFAULT, "default", NULL},
	};

	CHECK_ROWS(GROUPS
		   "kind: EgressPolicy\nmetadata: {name: mirrors}\nspec: {from: web, allow: "
		   "[{name: https, to: 198.51.100.0/24, protocol: tcp, ports: [443]}]}\n---\n"
		   "kind: EgressPolicy\nmetadata: {name: dns}\nspec: {from: web, otherwise: drop, "
		   "allow: [{to: 203.0.113.9, protocol: udp, ports: 53}]}\n---\n" POLICY(
			   "db", "from: web, to: db, action: allow"),
		   rows);
}
END_TEST

START_TEST(detect_changes_nothing_and_says_what_it_would_do)
{
	struct loaded l = load_good(GROUPS POLICY("on", "from: web, to: db, action: allow") POLICY(
		"trial",
		"priority: 1, mode: detect, from: web, to: db, protocol: tcp, ports: [22], "
		"action: deny"));
	struct weir_policy_decision d = decide(&l, "10.0.1.5", "10.0.2.6", 6, 22);

	ck_assert_uint_eq(d.verdict, WEIR_VERDICT_ALLOW);
	ck_assert(d.flags & WEIR_DECISION_WOULD_DENY);
	ck_assert_uint_eq(d.reason, WEIR_DROP_POLICY_DENY);
	ck_assert_str_eq(weir_names_get(l.names, d.policy), "trial");
	d = decide(&l, "10.0.1.5", "10.0.2.6", 6, 80);
	ck_assert(!(d.flags & WEIR_DECISION_WOULD_DENY));
	unload(&l);
}
END_TEST

START_TEST(detect_never_allows_what_is_denied)
{
	struct loaded l = load_good(
		GROUPS POLICY("trial", "mode: detect, from: web, to: db, action: allow")
			POLICY("other", "from: web, to: all-dc, protocol: udp, action: allow"));
	struct weir_policy_decision d = decide(&l, "10.0.1.5", "10.0.2.6", 6, 80);

	ck_assert_uint_eq(d.verdict, WEIR_VERDICT_DENY);
	ck_assert_uint_eq(d.reason, WEIR_DROP_DEFAULT_DENY);
	unload(&l);
}
END_TEST

START_TEST(mode_off_is_as_if_the_policy_were_not_there)
{
	static const struct row rows[] = {
		{"10.0.1.5", "10.0.2.6", 6, 80, UNNAMED, "default", NULL},
	};

	CHECK_ROWS(GROUPS POLICY("off", "mode: off, from: web, to: db, action: allow"), rows);
}
END_TEST

START_TEST(flags_follow_policy_rule_and_defaults)
{
	struct loaded l = load_good(
		GROUPS DEFAULTS("onChange: keep") POLICY("a",
							 "inspect: true, rules: "
							 "[{from: web, to: db, action: allow}, "
							 "{from: db, to: web, action: allow, "
							 "inspect: false}]")
			POLICY("b", "onChange: reevaluate, from: web, to: web, action: allow"));

	ck_assert_uint_eq(decide(&l, "10.0.1.5", "10.0.2.6", 6, 1).flags,
			  WEIR_DECISION_INSPECT | WEIR_DECISION_KEEP);
	ck_assert_uint_eq(decide(&l, "10.0.2.6", "10.0.1.5", 6, 1).flags, WEIR_DECISION_KEEP);
	ck_assert_uint_eq(decide(&l, "10.0.1.5", "10.0.1.6", 6, 1).flags, 0);
	unload(&l);
}
END_TEST

START_TEST(explain_says_why_each_candidate_did_or_did_not_match)
{
	struct loaded l = load_good(
		GROUPS POLICY("ssh", "from: web, to: db, protocol: tcp, ports: [22], action: allow")
			POLICY("dns", "from: web, to: db, protocol: udp, action: allow")
				POLICY("all", "from: web, to: db, action: deny"));
	struct weir_policy_query q = query("10.0.1.5", "10.0.2.6", 6, 80);
	struct weir_buf text = {0};
	struct weir_json j = weir_json_into(&text);

	weir_policy_explain(l.policy, &q, l.names, &j, NULL);
	ck_assert_ptr_nonnull(strstr(text.ptr, "\"groups\":[\"web\",\"all-dc\"]"));
	ck_assert_ptr_nonnull(strstr(text.ptr, "\"why_not\":\"another port\""));
	ck_assert_ptr_nonnull(strstr(text.ptr, "\"why_not\":\"another protocol\""));
	ck_assert_ptr_nonnull(strstr(text.ptr, "\"policy\":\"all\",\"reason\":\"policy_deny\""));
	weir_buf_fini(&text);
	unload(&l);
}
END_TEST

static Suite *policy_decide_suite(void)
{
	return WEIR_SUITE(
		"policy decide", rules_match_by_groups_protocol_and_port,
		lower_priority_numbers_come_first_then_the_order_in_the_file,
		address_is_in_every_group_that_covers_it, who_is_named_nowhere_follows_unmatched,
		unknown_protocols_follow_their_default_unless_a_rule_names_them,
		egress_policies_of_one_group_add_up,
		detect_changes_nothing_and_says_what_it_would_do,
		detect_never_allows_what_is_denied, mode_off_is_as_if_the_policy_were_not_there,
		flags_follow_policy_rule_and_defaults,
		explain_says_why_each_candidate_did_or_did_not_match);
}

WEIR_TEST_MAIN(policy_decide_suite, policy_docs_suite, policy_scale_suite)
