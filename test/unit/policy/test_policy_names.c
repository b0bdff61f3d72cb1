/* SPDX-License-Identifier: BSD-3-Clause */
#include "fixture.h"

#include <stdio.h>

#define GROUP  "kind: Group\nmetadata: { name: workloads }\nspec: { cidrs: [ 10.0.0.0/8 ] }\n---\n"
#define EGRESS GROUP "kind: EgressPolicy\nmetadata: { name: out }\nspec:\n  from: workloads\n"
#define BEGIN  "kind: EgressPolicy\nmetadata: { name: p }\nspec:\n  from: 10.0.0.0/8\n  "

struct asked {
	enum weir_name_state state;
	const char *name;
	const char *wanted;
};

static void check_asked(const struct loaded *l, const struct asked *rows, size_t n)
{
	struct weir_policy_query q = query("10.1.0.1", "192.0.2.1", TCP, 443);

	for (size_t i = 0; i < n; i++) {
		struct weir_policy_name name = {.state = rows[i].state, .text = rows[i].name};
		struct weir_policy_decision d;
		struct decision_text text;

		memset(&d, 0xee, sizeof(d));
		weir_policy_decide_name(l->policy, &q, &name, &d);
		ck_assert_msg(strcmp(describe(l->names, &d, &text), rows[i].wanted) == 0,
			      "%s %s: %s, wanted %s", weir_name_state_name(rows[i].state),
			      rows[i].name ? rows[i].name : "", text.is, rows[i].wanted);
		ck_assert_uint_eq(d.flags & WEIR_DECISION_NAMES, 0);
	}
}

START_TEST(a_name_fits_an_entry_or_the_next_one_is_asked)
{
	static const struct asked rows[] = {
		{WEIR_NAME_GOOD, "api.example.org", "allow out/api none"},
		{WEIR_NAME_GOOD, "api.example.com", "deny out/otherwise sni_denied"},
		{WEIR_NAME_GOOD, "x.api.example.org", "deny out/otherwise sni_denied"},
		{WEIR_NAME_GOOD, "a.cdn.example", "allow out/cdn none inspect"},
		{WEIR_NAME_GOOD, "c.b.a.cdn.example", "allow out/cdn none inspect"},
		{WEIR_NAME_GOOD, "cdn.example", "deny out/otherwise sni_denied"},
		{WEIR_NAME_GOOD, "acdn.example", "deny out/otherwise sni_denied"},
		{WEIR_NAME_GOOD, "second.example", "allow out/api none"},
		{WEIR_NAME_MISSING, NULL, "deny out/otherwise sni_missing"},
		{WEIR_NAME_BAD, NULL, "deny out/otherwise sni_bad"},
		{WEIR_NAME_NO_TLS, NULL, "deny out/otherwise no_hello"},
		{WEIR_NAME_MALFORMED, NULL, "deny out/otherwise hello_bad"},
		{WEIR_NAME_LATE, NULL, "deny out/otherwise hello_timeout"},
		{WEIR_NAME_UNSEEN, NULL, "deny out/otherwise name_unseen"},
	};
	struct loaded l = load_good(
		EGRESS
		"  allow:\n"
		"    - { name: api, names: [ API.Example.org., second.example ], ports: 443 }\n"
		"    - { name: cdn, names: '*.cdn.example', ports: [ 80, 443 ],\n"
		"        inspect: true }\n");

	check_asked(&l, rows, WEIR_ARRAY_LEN(rows));
	unload(&l);
}
END_TEST

START_TEST(before_the_name_is_known_the_handshake_is_all_that_is_allowed)
{
	struct loaded l = load_good(
		EGRESS "  allow:\n"
		       "    - { name: dns, to: 192.0.2.1, protocol: udp, ports: 53 }\n"
		       "    - { name: api, names: a.example, ports: 443 }\n"
		       "    - { name: web, to: 192.0.2.1, protocol: tcp, ports: 80-600 }\n");
	struct weir_policy_decision d = decide(&l, "10.1.0.1", "192.0.2.1", TCP, 443);

	ck_assert_uint_eq(d.flags, WEIR_DECISION_NAMES);
	ck_assert_int_eq(d.verdict, WEIR_VERDICT_ALLOW);
	ck_assert_str_eq(weir_names_get(l.names, d.rule), "api");
	check_decides(&l, "10.1.0.1", "192.0.2.1", TCP, 442, "allow out/web none");
	check_decides(&l, "10.1.0.1", "192.0.2.1", UDP, 443, "deny out/otherwise policy_deny");
	check_decides(&l, "10.1.0.1", "192.0.2.9", TCP, 80, "deny out/otherwise policy_deny");
	d = decide(&l, "10.1.0.1", "192.0.2.9", TCP, 443);
	ck_assert_uint_eq(d.flags, WEIR_DECISION_NAMES);
	unload(&l);
}
END_TEST

START_TEST(a_rule_without_names_behind_those_with_takes_what_fits_none)
{
	static const struct asked rows[] = {
		{WEIR_NAME_GOOD, "a.example", "allow out/a none"},
		{WEIR_NAME_GOOD, "b.example", "allow out/rest none inspect"},
		{WEIR_NAME_NO_TLS, NULL, "allow out/rest none inspect"},
	};
	struct loaded l =
		load_good(EGRESS "  allow:\n"
				 "    - { name: a, names: a.example }\n"
				 "    - { name: rest, to: any, protocol: tcp, inspect: true }\n");

	check_asked(&l, rows, WEIR_ARRAY_LEN(rows));
	unload(&l);
}
END_TEST

START_TEST(what_an_earlier_rule_decides_needs_no_name)
{
	struct loaded l = load_good(
		EGRESS "  allow: [ { name: a, names: a.example } ]\n"
		       "---\nkind: AccessPolicy\nmetadata: { name: first }\n"
		       "spec: { from: workloads, to: 192.0.2.1, protocol: tcp, action: deny }\n");

	check_decides(&l, "10.1.0.1", "192.0.2.1", TCP, 443, "deny first/ policy_deny");
	unload(&l);
}
END_TEST

START_TEST(a_missing_name_is_let_pass_where_the_policy_says_so)
{
	static const struct asked rows[] = {
		{WEIR_NAME_GOOD, "b.example", "deny out/otherwise sni_denied"},
		{WEIR_NAME_MISSING, NULL, "allow out/#1 none"},
		{WEIR_NAME_BAD, NULL, "deny out/otherwise sni_bad"},
		{WEIR_NAME_NO_TLS, NULL, "deny out/otherwise no_hello"},
	};
	struct loaded l = load_good(EGRESS "  missingSni: allow\n"
					   "  allow: [ { names: a.example, tls: sni } ]\n");

	check_asked(&l, rows, WEIR_ARRAY_LEN(rows));
	unload(&l);
}
END_TEST

START_TEST(tls_any_takes_every_client_hello_that_is_one)
{
	static const struct asked rows[] = {
		{WEIR_NAME_GOOD, "b.example", "allow out/#1 none"},
		{WEIR_NAME_MISSING, NULL, "allow out/#1 none"},
		{WEIR_NAME_BAD, NULL, "drop out/otherwise sni_bad"},
		{WEIR_NAME_NO_TLS, NULL, "drop out/otherwise no_hello"},
		{WEIR_NAME_MALFORMED, NULL, "drop out/otherwise hello_bad"},
	};
	struct loaded l = load_good(EGRESS "  otherwise: drop\n"
					   "  allow: [ { to: 192.0.2.0/24, tls: any } ]\n");

	check_asked(&l, rows, WEIR_ARRAY_LEN(rows));
	unload(&l);
}
END_TEST

START_TEST(policies_on_trial_look_at_names_and_refuse_nothing)
{
	static const struct asked rows[] = {
		{WEIR_NAME_GOOD, "a.example", "allow default/ none"},
		{WEIR_NAME_GOOD, "b.example", "allow out/otherwise sni_denied would_deny"},
		{WEIR_NAME_NO_TLS, NULL, "allow out/otherwise no_hello would_deny"},
	};
	struct loaded l = load_good(
		EGRESS "  mode: detect\n  priority: 1\n  allow: [ { names: a.example } ]\n"
		       "---\nkind: Defaults\nspec: { unmatched: allow }\n");

	check_asked(&l, rows, WEIR_ARRAY_LEN(rows));
	unload(&l);
}
END_TEST

START_TEST(access_rules_ask_for_names_in_the_same_way)
{
	static const struct asked rows[] = {
		{WEIR_NAME_GOOD, "a.example", "allow p/ none keep"},
		{WEIR_NAME_GOOD, "b.example", "deny default/ sni_denied"},
	};
	struct loaded l = load_good(
		"kind: AccessPolicy\nmetadata: { name: p }\n"
		"spec: { from: 10.0.0.0/8, names: a.example, action: allow, onChange: keep }\n");

	check_asked(&l, rows, WEIR_ARRAY_LEN(rows));
	unload(&l);
}
END_TEST

START_TEST(the_first_of_many_entries_that_fits_decides_at_every_port)
{
	char yaml[20000] = EGRESS "  allow:\n";
	struct loaded l;

	for (unsigned int i = 0; i < 100; i++)
		snprintf(yaml + strlen(yaml), sizeof(yaml) - strlen(yaml),
			 "    - { name: e%u, names: [ n%u.example, '*.%u.example' ], ports: %u-%u "
			 "}\n",
			 i, i % 10, i, i * 10, i * 10 + 500);
	l = load_good(yaml);
	for (unsigned int port = 1; port < 1600; port += 7)
		for (unsigned int k = 0; k < 10; k++) {
			struct weir_policy_query q =
				query("10.1.0.1", "192.0.2.1", TCP, (uint16_t)port);
			char text[24], wanted[24] = "otherwise";
			struct weir_policy_name name = {.text = text};
			struct weir_policy_decision d;

			snprintf(text, sizeof(text), "n%u.example", k);
			for (unsigned int i = 0; i < 100; i++)
				if (i % 10 == k && i * 10 <= port && port <= i * 10 + 500) {
					snprintf(wanted, sizeof(wanted), "e%u", i);
					break;
				}
			weir_policy_decide_name(l.policy, &q, &name, &d);
			ck_assert_msg(strcmp(weir_names_get(l.names, d.rule), wanted) == 0,
				      "%s at %u: %s, wanted %s", text, port,
				      weir_names_get(l.names, d.rule), wanted);
		}
	unload(&l);
}
END_TEST

START_TEST(explain_says_that_a_name_decides_and_then_which)
{
	struct loaded l = load_good(EGRESS "  allow: [ { name: a, names: a.example } ]\n");
	struct weir_policy_query q = query("10.1.0.1", "192.0.2.1", TCP, 443);
	struct weir_policy_name name = {.text = "b.example"};
	struct weir_policy_explaining x = {.q = &q, .names = l.names};
	struct weir_buf out = {0};
	struct weir_json j = weir_json_into(&out);

	weir_policy_explain(l.policy, &x, &j, NULL);
	ck_assert_ptr_nonnull(strstr(out.ptr, "\"matches\":false,\"why_not\":\"whom the client "
					      "asks for decides\""));
	ck_assert_ptr_nonnull(strstr(out.ptr, "\"by_name\":true"));
	weir_buf_reset(&out);
	x.name = &name;
	j = weir_json_into(&out);
	weir_policy_explain(l.policy, &x, &j, NULL);
	ck_assert_ptr_nonnull(strstr(out.ptr, "\"name\":{\"source\":\"sni\",\"state\":\"good\","
					      "\"text\":\"b.example\"}"));
	ck_assert_ptr_nonnull(strstr(out.ptr, "\"why_not\":\"another name\""));
	ck_assert_ptr_nonnull(strstr(out.ptr, "\"reason\":\"sni_denied\""));
	weir_buf_fini(&out);
	unload(&l);
}
END_TEST

START_TEST(what_is_no_name_is_refused_at_its_place)
{
	static const struct bad_row rows[] = {
		{BEGIN "allow: [ { names: [] } ]\n",
		 "t:5:21: error: names is empty: nobody could be asked for\n"},
		{BEGIN "allow: [ { names: [ 'a b' ] } ]\n",
		 "t:5:23: error: 'a b' is no host's name (letters, digits, '-', '_' and dots; "
		 "others "
		 "as xn--…), or \"*.\" and one\n"},
		{BEGIN "allow: [ { names: 'a.*.example' } ]\n",
		 "t:5:21: error: 'a.*.example' is no host's name (letters, digits, '-', '_' and "
		 "dots; others as xn--…), or \"*.\" and one\n"},
		{BEGIN "allow: [ { names: '*.' } ]\n",
		 "t:5:21: error: '*.' is no host's name (letters, digits, '-', '_' and dots; "
		 "others "
		 "as xn--…), or \"*.\" and one\n"},
		{BEGIN "allow: [ { names: '*' } ]\n",
		 "t:5:21: error: '*' is no host's name (letters, digits, '-', '_' and dots; others "
		 "as xn--…), or \"*.\" and one\n"},
		{BEGIN "allow: [ { names: '' } ]\n",
		 "t:5:21: error: '' is no name; leave names out for all\n"},
		{BEGIN "allow: [ { names: 192.0.2.1 } ]\n",
		 "t:5:21: error: '192.0.2.1' is an address, which 'to' takes\n"},
		{BEGIN "allow: [ { names: a.example, protocol: udp } ]\n",
		 "t:5:32: error: names, tls and identities need 'protocol: tcp'\n"},
		{BEGIN "allow: [ { names: a.example, tls: any } ]\n",
		 "t:5:32: error: 'tls: any' takes all names: 'sni' asks for one\n"},
		{BEGIN "allow: [ { names: a.example, tls: none } ]\n",
		 "t:5:32: error: names need that TLS is looked at\n"},
		{BEGIN "allow: [ { tls: sni } ]\n", "t:5:14: error: 'tls: sni' needs names\n"},
		{BEGIN "allow: [ { ports: 1 } ]\n", "t:5:12: error: 'to' is missing\n"},
		{"kind: AccessPolicy\nmetadata: { name: p }\n"
		 "spec: { names: a.example, action: deny }\n",
		 "t:3:9: error: names needs 'action: allow': a client may well hide its name\n"},
		{BEGIN "missingSni: maybe\n",
		 "t:5:15: error: missingSni cannot be 'maybe': it is deny or allow\n"},
	};

	check_bad_rows(rows, WEIR_ARRAY_LEN(rows));
}
END_TEST

Suite *names_suite(void)
{
	return WEIR_SUITE("policy names", a_name_fits_an_entry_or_the_next_one_is_asked,
			  before_the_name_is_known_the_handshake_is_all_that_is_allowed,
			  a_rule_without_names_behind_those_with_takes_what_fits_none,
			  what_an_earlier_rule_decides_needs_no_name,
			  a_missing_name_is_let_pass_where_the_policy_says_so,
			  tls_any_takes_every_client_hello_that_is_one,
			  policies_on_trial_look_at_names_and_refuse_nothing,
			  access_rules_ask_for_names_in_the_same_way,
			  the_first_of_many_entries_that_fits_decides_at_every_port,
			  explain_says_that_a_name_decides_and_then_which,
			  what_is_no_name_is_refused_at_its_place);
}
