/* SPDX-License-Identifier: BSD-3-Clause */
#include "fixture.h"

#define POLICY                                       \
	"kind: Group\nmetadata: { name: servers }\n" \
	"spec: { cidrs: [ 10.0.0.0/8 ] }\n---\n"     \
	"kind: AccessPolicy\nmetadata: { name: p }\nspec: "
#define EGRESS "kind: EgressPolicy\nmetadata: { name: p }\nspec: "

START_TEST(what_is_wrong_with_an_access_policy_is_told_with_its_place)
{
	static const struct bad_row rows[] = {
		{POLICY "{}\n", "t:7:7: error: 'action' is missing\n"},
		{POLICY "{ action: alow }\n",
		 "t:7:17: error: action cannot be 'alow', did you mean 'allow'?\n"},
		{POLICY "{ acton: allow, action: allow }\n",
		 "t:7:9: error: unknown key 'acton', did you mean 'action'?\n"},
		{POLICY "{ priority: 65536, action: allow }\n",
		 "t:7:19: error: priority must lie between 0 and 65535, not 65536\n"},
		{POLICY "{ mode: on, action: allow }\n",
		 "t:7:15: error: mode cannot be 'on', did you mean 'off'?\n"},
		{POLICY "{ onChange: kept, action: allow }\n",
		 "t:7:19: error: onChange cannot be 'kept', did you mean 'keep'?\n"},
		{POLICY "{ inspect: maybe, action: allow }\n",
		 "t:7:18: error: inspect must be true or false, not 'maybe'\n"},
		{POLICY "{ from: server, action: allow }\n",
		 "t:7:15: error: no Group 'server', did you mean 'servers'?\n"},
		{POLICY "{ to: [ any, nobody-knows-it ], action: allow }\n",
		 "t:7:20: error: no Group 'nobody-knows-it'\n"},
		{POLICY "{ from: [], action: allow }\n",
		 "t:7:15: error: from is empty; 'any' is every address\n"},
		{POLICY "{ from: { a: b }, action: allow }\n",
		 "t:7:15: error: a group or CIDR must be a value, not a mapping\n"},
		{POLICY "{ from: 10.0.0.1/24, action: allow }\n",
		 "t:7:15: error: '10.0.0.1/24' has bits set below its prefix, did you mean "
		 "'10.0.0.0/24'?\n"},
		{POLICY "{ from: servers/8, action: allow }\n",
		 "t:7:15: error: 'servers/8' is not an address or CIDR (10.0.0.0/8, "
		 "2001:db8::/32)\n"},
		{POLICY "{ protocol: tpc, action: allow }\n",
		 "t:7:19: error: protocol cannot be 'tpc', did you mean 'tcp'?\n"},
		{POLICY "{ protocol: 256, action: allow }\n",
		 "t:7:19: error: protocol must lie between 0 and 255, not 256\n"},
		{POLICY "{ protocol: [], action: allow }\n",
		 "t:7:19: error: protocol is empty; 'any' is every protocol\n"},
		{POLICY "{ protocol: [ tcp, icmp ], ports: 80, action: allow }\n",
		 "t:7:34: error: ports need 'protocol: tcp', udp or sctp\n"},
		{POLICY "{ protocol: 47, ports: 80, action: allow }\n",
		 "t:7:23: error: ports need 'protocol: tcp', udp or sctp\n"},
		{POLICY "{ protocol: tcp, types: 8, action: allow }\n",
		 "t:7:24: error: types need 'protocol: icmp' or icmpv6\n"},
		{POLICY "{ types: 8, action: allow }\n",
		 "t:7:9: error: types need 'protocol: icmp' or icmpv6\n"},
		{POLICY "{ protocol: icmp, types: 8, ports: 8, action: allow }\n",
		 "t:7:25: error: a rule has ports or types, not both\n"},
		{POLICY "{ ports: [], action: allow }\n",
		 "t:7:16: error: ports is empty; leave it out for all\n"},
		{POLICY "{ ports: [ http ], action: allow }\n",
		 "t:7:18: error: 'http' is not a number up to 65535 or a range \"a-b\"\n"},
		{POLICY "{ ports: [ 65536 ], action: allow }\n",
		 "t:7:18: error: '65536' is not a number up to 65535 or a range \"a-b\"\n"},
		{POLICY "{ ports: [ 1-65536 ], action: allow }\n",
		 "t:7:18: error: '1-65536' is not a number up to 65535 or a range \"a-b\"\n"},
		{POLICY "{ ports: [ 9-8 ], action: allow }\n",
		 "t:7:18: error: '9-8' is not a number up to 65535 or a range \"a-b\"\n"},
		{POLICY "{ ports: [ 8- ], action: allow }\n",
		 "t:7:18: error: '8-' is not a number up to 65535 or a range \"a-b\"\n"},
		{POLICY "{ ports: [ \"8 - 9\" ], action: allow }\n",
		 "t:7:18: error: '8 - 9' is not a number up to 65535 or a range \"a-b\"\n"},
		{POLICY "{ ports: [ -1 ], action: allow }\n",
		 "t:7:18: error: '-1' is not a number up to 65535 or a range \"a-b\"\n"},
		{POLICY "{ ports: [ 18446744073709551617 ], action: allow }\n",
		 "t:7:18: error: '18446744073709551617' is not a number up to 65535 or a range "
		 "\"a-b\"\n"},
		{POLICY "{ protocol: icmp, types: 256, action: allow }\n",
		 "t:7:32: error: '256' is not a number up to 255 or a range \"a-b\"\n"},
		{POLICY "{ name: \"#1\", action: allow }\n",
		 "t:7:15: error: a rule's name has 1 to 253 bytes and does not begin with '#'\n"},
	};

	check_bad_rows(rows, WEIR_ARRAY_LEN(rows));
}
END_TEST

START_TEST(what_is_wrong_with_a_list_of_rules_is_told_with_its_place)
{
	static const struct bad_row rows[] = {
		{POLICY "{ rules: {} }\n", "t:7:16: error: rules must be a list, not a mapping\n"},
		{POLICY "{ rules: [] }\n",
		 "t:7:16: error: rules is empty: the policy would do nothing\n"},
		{POLICY "{ rules: [ any ] }\n",
		 "t:7:18: error: a rule must be a mapping, not a value\n"},
		{POLICY "{ from: any, rules: [ { action: allow } ] }\n",
		 "t:7:9: error: 'from' belongs into one of the rules\n"},
		{POLICY "\n  rules:\n  - { action: allow }\n  - { form: any, action: allow }\n",
		 "t:10:7: error: unknown key 'form', did you mean 'from'?\n"},
		{POLICY "\n  rules:\n  - { action: allow, mode: detect }\n",
		 "t:9:22: error: unknown key 'mode'\n"},
		{POLICY
		 "\n  rules:\n  - { name: a, action: allow }\n  - { name: a, action: deny }\n",
		 "t:10:13: error: this policy has a rule 'a' already\n"},
		{POLICY "\n  rules:\n  - { name: \"\", action: allow }\n",
		 "t:9:13: error: a rule's name has 1 to 253 bytes and does not begin with '#'\n"},
	};

	check_bad_rows(rows, WEIR_ARRAY_LEN(rows));
}
END_TEST

START_TEST(what_is_wrong_with_an_egress_policy_is_told_with_its_place)
{
	static const struct bad_row rows[] = {
		{EGRESS "{ allow: [] }\n", "t:3:7: error: 'from' is missing\n"},
		{EGRESS "{ from: any, otherwise: allow }\n",
		 "t:3:31: error: otherwise cannot be 'allow': it is deny or drop\n"},
		{EGRESS "{ from: any, allow: any }\n",
		 "t:3:27: error: allow must be a list, not a value\n"},
		{EGRESS "{ from: any, allow: [ { protocol: tcp } ] }\n",
		 "t:3:29: error: 'to' is missing\n"},
		{EGRESS "{ from: any, allow: [ { to: any, action: allow } ] }\n",
		 "t:3:40: error: unknown key 'action'\n"},
		{EGRESS "{ from: any, allow: [ { name: otherwise, to: any } ] }\n",
		 "t:3:7: error: this policy has a rule 'otherwise' already\n"},
		{EGRESS "{ from: any, action: deny }\n", "t:3:20: error: unknown key 'action'\n"},
	};

	check_bad_rows(rows, WEIR_ARRAY_LEN(rows));
}
END_TEST

START_TEST(all_that_is_wrong_is_told_at_once)
{
	struct loaded l = load("kind: AccessPolicy\nmetadata: { name: p }\nspec:\n  rules:\n"
			       "  - { from: x1, to: x2, protocol: tpc, action: alow }\n"
			       "  - { ports: [ a, 1, b ], action: deny }\n");

	ck_assert_str_eq(l.text.ptr,
			 "t:5:13: error: no Group 'x1'\n"
			 "t:5:21: error: no Group 'x2'\n"
			 "t:5:35: error: protocol cannot be 'tpc', did you mean 'tcp'?\n"
			 "t:5:48: error: action cannot be 'alow', did you mean 'allow'?\n"
			 "t:6:16: error: 'a' is not a number up to 65535 or a range \"a-b\"\n"
			 "t:6:22: error: 'b' is not a number up to 65535 or a range \"a-b\"\n");
	unload(&l);
}
END_TEST

START_TEST(lists_may_repeat_overlap_and_stand_in_any_order)
{
	struct loaded l = load_good(
		POLICY "\n  from: [ 10.1.0.0/16, servers, 10.1.0.0/16, servers ]\n"
		       "  to: [ 10.9.9.9/32, any, 10.9.9.9 ]\n"
		       "  protocol: [ 17, tcp, udp, 6 ]\n"
		       "  ports: [ 90-100, 80, 81-89, 85-95, 80, 65535 ]\n  action: allow\n");

	check_decides(&l, "10.1.0.1", "192.0.2.1", TCP, 80, "allow p/ none");
	check_decides(&l, "10.1.0.1", "192.0.2.1", UDP, 100, "allow p/ none");
	check_decides(&l, "10.2.0.1", "192.0.2.1", UDP, 65535, "allow p/ none");
	check_decides(&l, "10.2.0.1", "192.0.2.1", UDP, 79, "deny default/ default_deny");
	check_decides(&l, "10.2.0.1", "192.0.2.1", UDP, 101, "deny default/ default_deny");
	unload(&l);
}
END_TEST

Suite *rules_suite(void)
{
	return WEIR_SUITE(
		"policy rules", what_is_wrong_with_an_access_policy_is_told_with_its_place,
		what_is_wrong_with_a_list_of_rules_is_told_with_its_place,
		what_is_wrong_with_an_egress_policy_is_told_with_its_place,
		all_that_is_wrong_is_told_at_once, lists_may_repeat_overlap_and_stand_in_any_order);
}
