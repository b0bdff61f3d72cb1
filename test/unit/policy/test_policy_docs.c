/* SPDX-License-Identifier: BSD-3-Clause */
/* What documents are refused, where and with which words. */
#include "fixture.h"

Suite *policy_docs_suite(void);

#define WEB          "kind: Group\nmetadata: {name: web}\nspec: {cidrs: [10.0.1.0/24]}\n---\n"
#define ACCESS(spec) WEB "kind: AccessPolicy\nmetadata: {name: a}\nspec: {" spec "}\n"

START_TEST(each_mistake_is_told_with_its_place)
{
	static const struct {
		const char *yaml;
		const char *says;
	} rows[] = {
		{"kind: Grup\nmetadata: {name: x}\n",
		 "p.yaml:1:7: error: kind cannot be 'Grup', did you mean 'Group'?"},
		{"metadata: {name: x}\n", "p.yaml:1:1: error: 'kind' is missing"},
		{"kind: Group\nspec: {}\n", "p.yaml:1:1: error: 'metadata' is missing"},
		{"kind: Group\nmetadata: {nam: x}\n",
		 "p.yaml:2:12: error: unknown key 'nam', did you mean 'name'?"},
		{"kind: Group\nmetadata: {name: x}\n", "p.yaml:1:1: error: 'spec' is missing"},
		{"kind: Group\nmetadata: {name: x}\nspec: {cidrs: [10.0.0.1/8]}\n",
		 "p.yaml:3:16: error: '10.0.0.1/8' has bits set below its prefix, did you mean "
		 "'10.0.0.0/8'?"},
		{"kind: Group\nmetadata: {name: x}\nspec: {cidrs: [10.0.0/8]}\n",
		 "p.yaml:3:16: error: '10.0.0/8' is not an address or CIDR"},
		{"kind: Group\nmetadata: {name: any}\nspec: {cidrs: []}\n",
		 "p.yaml:1:1: error: 'any' means every address"},
		{WEB WEB, "p.yaml:5:1: error: there is already a Group 'web' on line 1"},
		{ACCESS("from: wbe, to: any, action: allow"),
		 "p.yaml:7:14: error: no Group 'wbe', did you mean 'web'?"},
		{ACCESS("from: web, to: any, action: alow"),
		 "action cannot be 'alow', did you mean 'allow'?"},
		{ACCESS("from: web, to: any"), "'action' is missing"},
		{ACCESS("from: web, action: allow"), "'to' is missing"},
		{ACCESS("from: [], to: any, action: allow"), "from is empty"},
		{ACCESS("from: web, to: any, ports: [80], action: allow"),
		 "ports need 'protocol: tcp', udp or sctp"},
		{ACCESS("from: web, to: any, protocol: tcp, types: [8], action: allow"),
		 "types need 'protocol: icmp' or icmpv6"},
		{ACCESS("from: web, to: any, protocol: tcp, ports: [70000], action: allow"),
		 "'70000' is not a number up to 65535"},
		{ACCESS("from: web, to: any, protocol: tcp, ports: ['90-80'], action: allow"),
		 "'90-80' is not a number"},
		{ACCESS("from: web, to: any, protocol: tpc, action: allow"),
		 "protocol cannot be 'tpc', did you mean 'tcp'?"},
		{ACCESS("from: web, to: any, protocol: 256, action: allow"),
		 "must lie between 0 and 255"},
		{ACCESS("from: web, to: any, action: allow, prority: 3"),
		 "unknown key 'prority', did you mean 'priority'?"},
		{ACCESS("priority: 70000, from: web, to: any, action: allow"),
		 "priority must lie between 0 and 65535"},
		{ACCESS("mode: on, from: web, to: any, action: allow"), "mode cannot be 'on'"},
		{ACCESS("rules: [{from: web, to: any, action: allow, mode: off}]"),
		 "unknown key 'mode'"},
		{"kind: EgressPolicy\nmetadata: {name: e}\nspec: {allow: []}\n",
		 "'from' is missing"},
		{"kind: Defaults\nmetadata: {name: d}\nspec: {unmatched: maybe}\n",
		 "unmatched cannot be 'maybe'"},
		{"kind: Defaults\nmetadata: {name: d}\nspec: {failure: {memory: close}}\n",
		 "did you mean 'closed'?"},
		{"kind: Defaults\nmetadata: {name: d}\nspec: {timeouts: {udpNew: 30}}\n",
		 "a number with a unit"},
		{"kind: Defaults\nmetadata: {name: d}\n---\nkind: Defaults\nmetadata: {name: e}\n",
		 "p.yaml:4:1: error: there is already a Defaults document: p.yaml:1"},
		{ACCESS("from: web, to: any, action: allow") "---\nkind: EgressPolicy\nmetadata: "
							     "{name: a}\nspec: {from: web}\n",
		 "there is already a policy 'a' on line 5"},
		{"- a list\n", "must be a mapping"},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct loaded l = load(rows[i].yaml);

		ck_assert_msg(l.policy == NULL, "row %zu was taken", i);
		ck_assert_msg(strstr(l.said.ptr, rows[i].says) != NULL, "row %zu: %s", i,
			      l.said.ptr);
		unload(&l);
	}
}
END_TEST

START_TEST(no_policy_at_all_is_a_warning)
{
	struct loaded l = load("");

	ck_assert_ptr_nonnull(l.policy);
	ck_assert_ptr_nonnull(strstr(l.said.ptr, "warning: no policy"));
	ck_assert_uint_eq(weir_policy_defaults(l.policy)->unmatched, WEIR_VERDICT_DENY);
	unload(&l);
	l = load("kind: Defaults\nmetadata: {name: d}\nspec: {unmatched: allow}\n");
	ck_assert_str_eq(l.said.ptr, "");
	unload(&l);
}
END_TEST

START_TEST(defaults_are_taken_over_field_by_field)
{
	struct loaded l = load_good("kind: Defaults\nmetadata: {name: d}\nspec:\n  unmatched: "
				    "drop\n  unknownProtocol: deny\n"
				    "  arp: drop\n  nonIP: allow\n  fragments: drop\n  midstream: "
				    "deny\n  onChange: keep\n"
				    "  evictHalfOpen: false\n  answersPerSecond: 7\n"
				    "  failure: {memory: open, parse: open, state: reset}\n"
				    "  timeouts: {synSent: 1s, established: 3h, denied: 250ms}\n");
	const struct weir_policy_defaults *d = weir_policy_defaults(l.policy);

	ck_assert_uint_eq(d->unmatched, WEIR_VERDICT_DROP);
	ck_assert_uint_eq(d->unknown_protocol, WEIR_VERDICT_DENY);
	ck_assert_uint_eq(d->arp, WEIR_VERDICT_DROP);
	ck_assert_uint_eq(d->non_ip, WEIR_VERDICT_ALLOW);
	ck_assert(!d->reassemble_fragments);
	ck_assert_uint_eq(d->midstream, WEIR_VERDICT_DENY);
	ck_assert(d->keep_on_change);
	ck_assert(!d->evict_half_open);
	ck_assert_uint_eq(d->answers_per_second, 7);
	ck_assert_uint_eq(d->on_memory, WEIR_FAIL_OPEN);
	ck_assert_uint_eq(d->on_parse, WEIR_FAIL_OPEN);
	ck_assert_uint_eq(d->on_state, WEIR_FAIL_RESET);
	ck_assert_uint_eq(d->timeouts.syn_sent_ns, WEIR_NS_PER_S);
	ck_assert_uint_eq(d->timeouts.established_ns, 3 * 3600 * WEIR_NS_PER_S);
	ck_assert_uint_eq(d->timeouts.denied_ns, 250 * WEIR_NS_PER_MS);
	ck_assert_uint_eq(d->timeouts.udp_new_ns, 30 * WEIR_NS_PER_S);
	unload(&l);
}
END_TEST

START_TEST(many_loads_and_destroys_leave_nothing_behind)
{
	for (int i = 0; i < 300; i++) {
		struct loaded l = load_good(ACCESS("from: web, to: any, action: allow"));

		unload(&l);
	}
}
END_TEST

Suite *policy_docs_suite(void)
{
	return WEIR_SUITE("policy documents", each_mistake_is_told_with_its_place,
			  no_policy_at_all_is_a_warning, defaults_are_taken_over_field_by_field,
			  many_loads_and_destroys_leave_nothing_behind);
}
