/* SPDX-License-Identifier: BSD-3-Clause */
#include "fixture.h"

#define GROUPS                                              \
	"kind: Group\nmetadata: { name: clients }\n"        \
	"spec: { cidrs: [ 10.1.0.0/16, \"fd01::/16\" ] }\n" \
	"---\nkind: Group\nmetadata: { name: servers }\n"   \
	"spec: { cidrs: [ 10.2.0.0/16, \"fd02::/16\" ] }\n---\n"
#define CLIENT "10.1.0.1"
#define SERVER "10.2.0.1"
#define OTHER  "192.0.2.1"

START_TEST(a_rule_allows_its_own_direction_protocol_and_ports_alone)
{
	struct loaded l = load_good(GROUPS "kind: AccessPolicy\nmetadata: { name: web }\n"
					   "spec: { from: clients, to: servers, protocol: tcp,\n"
					   "  ports: [ 80, 8000-8080 ], action: allow }\n");

	check_decides(&l, CLIENT, SERVER, TCP, 80, "allow web/ none");
	check_decides(&l, "fd01::5", "fd02::5", TCP, 80, "allow web/ none");
	check_decides(&l, CLIENT, SERVER, TCP, 8000, "allow web/ none");
	check_decides(&l, CLIENT, SERVER, TCP, 8080, "allow web/ none");
	check_decides(&l, CLIENT, SERVER, TCP, 79, "deny default/ default_deny");
	check_decides(&l, CLIENT, SERVER, TCP, 81, "deny default/ default_deny");
	check_decides(&l, CLIENT, SERVER, TCP, 7999, "deny default/ default_deny");
	check_decides(&l, CLIENT, SERVER, TCP, 8081, "deny default/ default_deny");
	check_decides(&l, CLIENT, SERVER, UDP, 80, "deny default/ default_deny");
	check_decides(&l, SERVER, CLIENT, TCP, 80, "deny default/ default_deny");
	check_decides(&l, CLIENT, OTHER, TCP, 80, "deny default/ default_deny");
	check_decides(&l, OTHER, SERVER, TCP, 80, "deny default/ default_deny");
	check_decides(&l, OTHER, OTHER, TCP, 80, "deny default/ no_policy");
	unload(&l);
}
END_TEST

START_TEST(the_action_of_a_rule_is_its_verdict_and_reason)
{
	struct loaded l = load_good("kind: AccessPolicy\nmetadata: { name: p }\nspec:\n  rules:\n"
				    "  - { protocol: tcp, ports: 1, action: allow }\n"
				    "  - { protocol: tcp, ports: 2, action: deny }\n"
				    "  - { name: hole, protocol: tcp, ports: 3, action: drop }\n");

	check_decides(&l, CLIENT, SERVER, TCP, 1, "allow p/#1 none");
	check_decides(&l, CLIENT, SERVER, TCP, 2, "deny p/#2 policy_deny");
	check_decides(&l, CLIENT, SERVER, TCP, 3, "drop p/hole policy_drop");
	unload(&l);
}
END_TEST

START_TEST(lower_priority_numbers_go_first_then_the_order_of_files)
{
	struct loaded l =
		load_good("kind: AccessPolicy\nmetadata: { name: last }\nspec: { action: deny }\n"
			  "---\nkind: AccessPolicy\nmetadata: { name: second }\n"
			  "spec: { priority: 5, protocol: tcp, action: drop }\n"
			  "---\nkind: AccessPolicy\nmetadata: { name: first }\n"
			  "spec: { priority: 4, protocol: tcp, ports: 1-2, action: allow }\n"
			  "---\nkind: AccessPolicy\nmetadata: { name: never }\n"
			  "spec: { priority: 5, protocol: tcp, ports: 1-3, action: allow }\n"
			  "---\nkind: AccessPolicy\nmetadata: { name: after-default-priority }\n"
			  "spec: { priority: 1001, protocol: udp, action: allow }\n");

	check_decides(&l, CLIENT, SERVER, TCP, 1, "allow first/ none");
	check_decides(&l, CLIENT, SERVER, TCP, 3, "drop second/ policy_drop");
	check_decides(&l, CLIENT, SERVER, UDP, 3, "deny last/ policy_deny");
	unload(&l);
}
END_TEST

START_TEST(any_takes_part_in_every_protocol)
{
	struct loaded l =
		load_good(GROUPS "kind: AccessPolicy\nmetadata: { name: p }\nspec:\n  rules:\n"
				 "  - { from: clients, protocol: tcp, ports: 22, action: deny }\n"
				 "  - { from: clients, to: servers, action: allow }\n"
				 "  - { protocol: 47, action: deny }\n"
				 "  - { to: servers, protocol: udp, action: drop }\n");

	check_decides(&l, CLIENT, SERVER, TCP, 22, "deny p/#1 policy_deny");
	check_decides(&l, CLIENT, SERVER, TCP, 23, "allow p/#2 none");
	check_decides(&l, CLIENT, SERVER, UDP, 22, "allow p/#2 none");
	check_decides(&l, CLIENT, SERVER, ICMP, 8, "allow p/#2 none");
	check_decides(&l, CLIENT, SERVER, GRE, 0, "allow p/#2 none");
	check_decides(&l, CLIENT, SERVER, 255, 0, "allow p/#2 none");
	check_decides(&l, OTHER, SERVER, GRE, 0, "deny p/#3 policy_deny");
	check_decides(&l, OTHER, SERVER, UDP, 1, "drop p/#4 policy_drop");
	unload(&l);
}
END_TEST

START_TEST(ports_of_any_protocol_are_those_of_tcp_udp_and_sctp)
{
	struct loaded l = load_good("kind: AccessPolicy\nmetadata: { name: p }\n"
				    "spec: { ports: [ 0, 8 ], action: allow }\n");
	static const uint8_t with[] = {TCP, UDP, SCTP}, without[] = {ICMP, ICMPV6};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(with); i++) {
		check_decides(&l, CLIENT, SERVER, with[i], 8, "allow p/ none");
		check_decides(&l, CLIENT, SERVER, with[i], 0, "allow p/ none");
	}
	for (size_t i = 0; i < WEIR_ARRAY_LEN(without); i++)
		check_decides(&l, CLIENT, SERVER, without[i], 8, "deny default/ no_policy");
	check_decides(&l, CLIENT, SERVER, GRE, 0, "drop default/ unknown_protocol");
	unload(&l);
}
END_TEST

START_TEST(types_of_icmp_stand_where_ports_do)
{
	struct loaded l = load_good("kind: AccessPolicy\nmetadata: { name: ping }\nspec:\n"
				    "  rules:\n"
				    "  - { protocol: icmp, types: [ 8 ], action: allow }\n"
				    "  - { protocol: icmpv6, types: [ 128-129 ], action: allow }\n"
				    "  - { protocol: icmp, action: drop }\n");

	check_decides(&l, CLIENT, SERVER, ICMP, 8, "allow ping/#1 none");
	check_decides(&l, CLIENT, SERVER, ICMP, 13, "drop ping/#3 policy_drop");
	check_decides(&l, CLIENT, SERVER, ICMPV6, 128, "allow ping/#2 none");
	check_decides(&l, CLIENT, SERVER, ICMPV6, 130, "deny default/ no_policy");
	check_decides(&l, CLIENT, SERVER, TCP, 8, "deny default/ no_policy");
	unload(&l);
}
END_TEST

/* ---- egress ---- */

START_TEST(an_egress_policy_denies_all_that_it_does_not_allow)
{
	struct loaded l = load_good(
		GROUPS "kind: EgressPolicy\nmetadata: { name: out }\nspec:\n  from: clients\n"
		       "  allow:\n"
		       "  - { name: dns, to: 192.0.2.53, protocol: udp, ports: 53 }\n"
		       "  - { to: [ servers, 198.51.100.0/24 ], protocol: tcp, ports: 443 }\n");

	check_decides(&l, CLIENT, "192.0.2.53", UDP, 53, "allow out/dns none");
	check_decides(&l, CLIENT, SERVER, TCP, 443, "allow out/#2 none");
	check_decides(&l, CLIENT, "198.51.100.7", TCP, 443, "allow out/#2 none");
	check_decides(&l, CLIENT, "198.51.100.7", TCP, 389, "deny out/otherwise policy_deny");
	check_decides(&l, CLIENT, OTHER, ICMP, 8, "deny out/otherwise policy_deny");
	check_decides(&l, CLIENT, OTHER, GRE, 0, "deny out/otherwise policy_deny");
	check_decides(&l, OTHER, "192.0.2.53", UDP, 53, "deny default/ default_deny");
	unload(&l);
}
END_TEST

START_TEST(two_egress_policies_of_one_group_add_up)
{
	struct loaded l = load_good(
		GROUPS "kind: EgressPolicy\nmetadata: { name: a }\nspec:\n  from: clients\n"
		       "  priority: 1\n  otherwise: drop\n"
		       "  allow: [ { to: any, protocol: tcp, ports: 1 } ]\n"
		       "---\nkind: EgressPolicy\nmetadata: { name: b }\nspec:\n  from: clients\n"
		       "  allow: [ { to: any, protocol: tcp, ports: 2 } ]\n"
		       "---\nkind: AccessPolicy\nmetadata: { name: c }\n"
		       "spec: { priority: 65535, from: clients, protocol: tcp, ports: 3, "
		       "action: allow }\n"
		       "---\nkind: EgressPolicy\nmetadata: { name: earlier-rest }\nspec:\n"
		       "  from: clients\n  priority: 0\n");

	check_decides(&l, CLIENT, OTHER, TCP, 1, "allow a/#1 none");
	check_decides(&l, CLIENT, OTHER, TCP, 2, "allow b/#1 none");
	check_decides(&l, CLIENT, OTHER, TCP, 3, "allow c/ none");
	check_decides(&l, CLIENT, OTHER, TCP, 4, "deny earlier-rest/otherwise policy_deny");
	unload(&l);
}
END_TEST

/* ---- modes ---- */

START_TEST(a_policy_in_mode_detect_says_what_it_would_do_and_does_nothing)
{
	struct loaded l = load_good(
		GROUPS
		"kind: AccessPolicy\nmetadata: { name: real }\n"
		"spec: { from: clients, protocol: tcp, ports: 1-5, inspect: true, "
		"onChange: keep, action: allow }\n"
		"---\nkind: AccessPolicy\nmetadata: { name: trial }\nspec:\n  priority: 1\n"
		"  mode: detect\n  rules:\n"
		"  - { name: refuse, from: clients, protocol: tcp, ports: 1, action: deny }\n"
		"  - { name: hide, from: clients, protocol: tcp, ports: 2, action: drop }\n"
		"  - { name: pass, from: clients, protocol: tcp, ports: 3-9, action: allow }\n");

	check_decides(&l, CLIENT, OTHER, TCP, 1,
		      "allow trial/refuse policy_deny inspect keep would_deny");
	check_decides(&l, CLIENT, OTHER, TCP, 2,
		      "allow trial/hide policy_drop inspect keep would_deny");
	/* Both allow: it is the enforced one that speaks. */
	check_decides(&l, CLIENT, OTHER, TCP, 3, "allow real/ none inspect keep");
	/* What is denied stays denied, whatever a policy in mode detect would allow. */
	check_decides(&l, CLIENT, OTHER, TCP, 9, "deny default/ default_deny");
	unload(&l);
}
END_TEST

START_TEST(a_group_that_only_a_policy_in_mode_detect_names_would_be_denied_by_default)
{
	struct loaded l = load_good(
		GROUPS
		"kind: Defaults\nspec: { unmatched: allow }\n"
		"---\nkind: EgressPolicy\nmetadata: { name: trial }\n"
		"spec: { mode: detect, from: 10.9.0.0/16, allow: [ { to: servers } ] }\n"
		"---\nkind: AccessPolicy\nmetadata: { name: web }\n"
		"spec: { from: clients, to: any, protocol: tcp, ports: 80, action: allow }\n");

	check_decides(&l, "10.9.0.1", OTHER, TCP, 80,
		      "allow trial/otherwise policy_deny would_deny");
	check_decides(&l, OTHER, SERVER, TCP, 80, "allow default/ default_deny would_deny");
	check_decides(&l, OTHER, OTHER, TCP, 80, "allow default/ none");
	check_decides(&l, OTHER, CLIENT, TCP, 80, "deny default/ default_deny");
	unload(&l);
}
END_TEST

START_TEST(a_policy_that_is_off_is_checked_and_does_not_count)
{
	struct loaded l = load_good(GROUPS "kind: Defaults\nspec: { unmatched: allow }\n"
					   "---\nkind: AccessPolicy\nmetadata: { name: p }\n"
					   "spec: { mode: off, from: clients, action: deny }\n");

	check_decides(&l, CLIENT, OTHER, TCP, 80, "allow default/ none");
	unload(&l);
	l = load(GROUPS "kind: AccessPolicy\nmetadata: { name: p }\n"
			"spec: { mode: off, from: nobody, action: deny }\n");
	ck_assert_str_eq(l.text.ptr, "t:11:26: error: no Group 'nobody'\n");
	unload(&l);
}
END_TEST

/* ---- where no rule matches ---- */

START_TEST(defaults_decide_what_no_rule_matches)
{
	static const struct {
		const char *spec;
		uint8_t proto;
		const char *named, *unnamed; /* decisions */
	} rows[] = {
		{"", TCP, "deny default/ default_deny", "deny default/ no_policy"},
		{"unmatched: drop", TCP, "deny default/ default_deny", "drop default/ no_policy"},
		{"unmatched: allow", UDP, "deny default/ default_deny", "allow default/ none"},
		{"unmatched: allow", ICMP, "deny default/ default_deny", "allow default/ none"},
		{"unmatched: allow, onChange: keep", ICMPV6, "deny default/ default_deny",
		 "allow default/ none keep"},
		{"unmatched: allow", GRE, "drop default/ unknown_protocol",
		 "drop default/ unknown_protocol"},
		{"unmatched: allow", SCTP, "drop default/ unknown_protocol",
		 "drop default/ unknown_protocol"},
		{"unknownProtocol: deny", GRE, "deny default/ unknown_protocol",
		 "deny default/ unknown_protocol"},
		{"unknownProtocol: allow", GRE, "allow default/ none", "allow default/ none"},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct weir_buf yaml = {0};
		struct loaded l;

		weir_buf_printf(&yaml,
				GROUPS "kind: Defaults\nspec: { %s }\n---\n"
				       "kind: AccessPolicy\nmetadata: { name: p }\n"
				       "spec: { from: clients, protocol: tcp, ports: 1, "
				       "action: allow }\n",
				rows[i].spec);
		l = load_good(yaml.ptr);
		check_decides(&l, CLIENT, OTHER, rows[i].proto, 0, rows[i].named);
		check_decides(&l, OTHER, CLIENT, rows[i].proto, 0, rows[i].named);
		check_decides(&l, OTHER, OTHER, rows[i].proto, 0, rows[i].unnamed);
		/* In a group that no policy names. */
		check_decides(&l, SERVER, SERVER, rows[i].proto, 0, rows[i].unnamed);
		unload(&l);
		weir_buf_fini(&yaml);
	}
}
END_TEST

START_TEST(a_protocol_by_number_may_be_any_of_256)
{
	for (unsigned int proto = 0; proto < 256; proto++) {
		struct weir_buf yaml = {0};
		struct loaded l;

		weir_buf_printf(&yaml,
				"kind: AccessPolicy\nmetadata: { name: p }\n"
				"spec: { protocol: [ %u ], action: allow }\n",
				proto);
		l = load_good(yaml.ptr);
		check_decides(&l, CLIENT, OTHER, (uint8_t)proto, 0, "allow p/ none");
		ck_assert_uint_ne(decide(&l, CLIENT, OTHER, (uint8_t)(proto + 1), 0).verdict,
				  WEIR_VERDICT_ALLOW);
		unload(&l);
		weir_buf_fini(&yaml);
	}
}
END_TEST

START_TEST(inspect_and_keep_go_with_what_is_allowed)
{
	struct loaded l = load_good(
		"kind: Defaults\nspec: { onChange: keep }\n"
		"---\nkind: AccessPolicy\nmetadata: { name: p }\nspec:\n  inspect: true\n  rules:\n"
		"  - { protocol: tcp, ports: 1, action: allow }\n"
		"  - { protocol: tcp, ports: 2, action: allow, inspect: false }\n"
		"  - { protocol: tcp, ports: 3, action: deny }\n"
		"---\nkind: AccessPolicy\nmetadata: { name: q }\nspec:\n  onChange: reevaluate\n"
		"  rules:\n"
		"  - { protocol: tcp, ports: 4, action: allow }\n"
		"  - { protocol: tcp, ports: 5, action: allow, inspect: true }\n");

	check_decides(&l, CLIENT, OTHER, TCP, 1, "allow p/#1 none inspect keep");
	check_decides(&l, CLIENT, OTHER, TCP, 2, "allow p/#2 none keep");
	check_decides(&l, CLIENT, OTHER, TCP, 3, "deny p/#3 policy_deny");
	check_decides(&l, CLIENT, OTHER, TCP, 4, "allow q/#1 none");
	check_decides(&l, CLIENT, OTHER, TCP, 5, "allow q/#2 none inspect");
	unload(&l);
}
END_TEST

START_TEST(verdicts_have_names)
{
	ck_assert_str_eq(weir_verdict_name(WEIR_VERDICT_ALLOW), "allow");
	ck_assert_str_eq(weir_verdict_name(WEIR_VERDICT_DENY), "deny");
	ck_assert_str_eq(weir_verdict_name(WEIR_VERDICT_DROP), "drop");
}
END_TEST

Suite *decide_suite(void)
{
	return WEIR_SUITE(
		"policy decide", a_rule_allows_its_own_direction_protocol_and_ports_alone,
		the_action_of_a_rule_is_its_verdict_and_reason,
		lower_priority_numbers_go_first_then_the_order_of_files,
		any_takes_part_in_every_protocol,
		ports_of_any_protocol_are_those_of_tcp_udp_and_sctp,
		types_of_icmp_stand_where_ports_do,
		an_egress_policy_denies_all_that_it_does_not_allow,
		two_egress_policies_of_one_group_add_up,
		a_policy_in_mode_detect_says_what_it_would_do_and_does_nothing,
		a_group_that_only_a_policy_in_mode_detect_names_would_be_denied_by_default,
		a_policy_that_is_off_is_checked_and_does_not_count,
		defaults_decide_what_no_rule_matches, a_protocol_by_number_may_be_any_of_256,
		inspect_and_keep_go_with_what_is_allowed, verdicts_have_names);
}
