/* SPDX-License-Identifier: BSD-3-Clause */
#include "fixture.h"

#define S WEIR_NS_PER_S

START_TEST(without_a_document_the_defaults_are_the_safe_ones)
{
	struct loaded l = load_good("kind: AccessPolicy\nmetadata: { name: p }\n"
				    "spec: { action: deny }\n");
	const struct weir_policy_defaults *d = weir_policy_defaults(l.policy);

	ck_assert_uint_eq(d->unmatched, WEIR_VERDICT_DENY);
	ck_assert_uint_eq(d->unknown_protocol, WEIR_VERDICT_DROP);
	ck_assert_uint_eq(d->arp, WEIR_VERDICT_ALLOW);
	ck_assert_uint_eq(d->non_ip, WEIR_VERDICT_DROP);
	ck_assert(d->reassemble_fragments);
	ck_assert_uint_eq(d->midstream, WEIR_VERDICT_ALLOW);
	ck_assert(!d->keep_on_change);
	ck_assert(d->evict_half_open);
	ck_assert(d->syn_cookies);
	ck_assert_uint_eq(d->on_memory, WEIR_FAIL_CLOSED);
	ck_assert_uint_eq(d->on_parse, WEIR_FAIL_CLOSED);
	ck_assert_uint_eq(d->on_state, WEIR_FAIL_CLOSED);
	ck_assert_uint_eq(d->answers_per_second, 10000);
	ck_assert_uint_eq(d->timeouts.syn_sent_ns, 30 * S);
	ck_assert_uint_eq(d->timeouts.syn_received_ns, 30 * S);
	ck_assert_uint_eq(d->timeouts.established_ns, 7200 * S);
	ck_assert_uint_eq(d->timeouts.closing_ns, 120 * S);
	ck_assert_uint_eq(d->timeouts.time_wait_ns, 60 * S);
	ck_assert_uint_eq(d->timeouts.closed_ns, 10 * S);
	ck_assert_uint_eq(d->timeouts.udp_new_ns, 30 * S);
	ck_assert_uint_eq(d->timeouts.udp_replied_ns, 120 * S);
	ck_assert_uint_eq(d->timeouts.icmp_ns, 30 * S);
	ck_assert_uint_eq(d->timeouts.other_ns, 600 * S);
	ck_assert_uint_eq(d->timeouts.denied_ns, 10 * S);
	unload(&l);
}
END_TEST

START_TEST(every_key_is_read_into_its_field)
{
	struct loaded l = load_good(
		"kind: Defaults\nspec:\n  unmatched: allow\n  unknownProtocol: deny\n"
		"  arp: drop\n  nonIP: allow\n  fragments: drop\n  midstream: deny\n"
		"  onChange: keep\n  evictHalfOpen: false\n  synCookies: false\n"
		"  failure: { memory: open, parse: reset, state: open }\n"
		"  answersPerSecond: 7\n"
		"  timeouts: { synSent: 1s, synReceived: 2s, established: 3h, closing: 4s, "
		"timeWait: 5s, closed: 6s, udpNew: 7s, udpReplied: 8s, icmp: 9s, other: 10m, "
		"denied: 250ms }\n");
	const struct weir_policy_defaults *d = weir_policy_defaults(l.policy);

	ck_assert_uint_eq(d->unmatched, WEIR_VERDICT_ALLOW);
	ck_assert_uint_eq(d->unknown_protocol, WEIR_VERDICT_DENY);
	ck_assert_uint_eq(d->arp, WEIR_VERDICT_DROP);
	ck_assert_uint_eq(d->non_ip, WEIR_VERDICT_ALLOW);
	ck_assert(!d->reassemble_fragments);
	ck_assert_uint_eq(d->midstream, WEIR_VERDICT_DENY);
	ck_assert(d->keep_on_change);
	ck_assert(!d->evict_half_open);
	ck_assert(!d->syn_cookies);
	ck_assert_uint_eq(d->on_memory, WEIR_FAIL_OPEN);
	ck_assert_uint_eq(d->on_parse, WEIR_FAIL_RESET);
	ck_assert_uint_eq(d->on_state, WEIR_FAIL_OPEN);
	ck_assert_uint_eq(d->answers_per_second, 7);
	ck_assert_uint_eq(d->timeouts.syn_sent_ns, 1 * S);
	ck_assert_uint_eq(d->timeouts.syn_received_ns, 2 * S);
	ck_assert_uint_eq(d->timeouts.established_ns, 10800 * S);
	ck_assert_uint_eq(d->timeouts.closing_ns, 4 * S);
	ck_assert_uint_eq(d->timeouts.time_wait_ns, 5 * S);
	ck_assert_uint_eq(d->timeouts.closed_ns, 6 * S);
	ck_assert_uint_eq(d->timeouts.udp_new_ns, 7 * S);
	ck_assert_uint_eq(d->timeouts.udp_replied_ns, 8 * S);
	ck_assert_uint_eq(d->timeouts.icmp_ns, 9 * S);
	ck_assert_uint_eq(d->timeouts.other_ns, 600 * S);
	ck_assert_uint_eq(d->timeouts.denied_ns, 250 * WEIR_NS_PER_MS);
	unload(&l);
}
END_TEST

START_TEST(what_is_wrong_with_defaults_is_told_with_its_place)
{
#define DEFAULTS "kind: Defaults\nspec: "
	static const struct bad_row rows[] = {
		{DEFAULTS "{ unmached: allow }\n",
		 "t:2:9: error: unknown key 'unmached', did you mean 'unmatched'?\n"},
		{DEFAULTS "{ unmatched: pass }\n",
		 "t:2:20: error: unmatched cannot be 'pass': it is allow, deny or drop\n"},
		{DEFAULTS "{ nonIP: alow }\n",
		 "t:2:16: error: nonIP cannot be 'alow', did you mean 'allow'?\n"},
		{DEFAULTS "{ fragments: keep }\n",
		 "t:2:20: error: fragments cannot be 'keep': it is drop or reassemble\n"},
		{DEFAULTS "{ failure: open }\n",
		 "t:2:18: error: failure must be a mapping, not a value\n"},
		{DEFAULTS "{ failure: { memry: open } }\n",
		 "t:2:20: error: unknown key 'memry', did you mean 'memory'?\n"},
		{DEFAULTS "{ failure: { state: opened } }\n",
		 "t:2:27: error: state cannot be 'opened', did you mean 'open'?\n"},
		{DEFAULTS "{ timeouts: { synsent: 1s } }\n",
		 "t:2:21: error: unknown key 'synsent', did you mean 'synSent'?\n"},
		{DEFAULTS "{ timeouts: { icmp: 30 } }\n",
		 "t:2:27: error: icmp: no unit in '30', write 250ms, 30s, 5m, 2h or 1d\n"},
		{DEFAULTS "{ answersPerSecond: -1 }\n",
		 "t:2:27: error: answersPerSecond must be a number, not '-1': write it without a "
		 "sign\n"},
		{DEFAULTS "{ evictHalfOpen: 1 }\n",
		 "t:2:24: error: evictHalfOpen must be true or false, not '1'\n"},
	};

	check_bad_rows(rows, WEIR_ARRAY_LEN(rows));
}
END_TEST

Suite *defaults_suite(void)
{
	return WEIR_SUITE("policy defaults", without_a_document_the_defaults_are_the_safe_ones,
			  every_key_is_read_into_its_field,
			  what_is_wrong_with_defaults_is_told_with_its_place);
}
