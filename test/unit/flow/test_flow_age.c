/* SPDX-License-Identifier: BSD-3-Clause */
/* Ageing: per protocol and state, by what was last heard. */
#include "fixture.h"

#define SECOND WEIR_NS_PER_S

/* Every one another time, so that none can stand for another. */
static const struct weir_flow_timeouts timeouts = {
	.syn_sent_ns = 11 * SECOND,
	.syn_received_ns = 12 * SECOND,
	.established_ns = 13 * SECOND,
	.closing_ns = 14 * SECOND,
	.time_wait_ns = 15 * SECOND,
	.closed_ns = 16 * SECOND,
	.udp_new_ns = 17 * SECOND,
	.udp_replied_ns = 18 * SECOND,
	.icmp_ns = 19 * SECOND,
	.other_ns = 20 * SECOND,
	.denied_ns = 21 * SECOND,
};

static void age(struct bed *b, uint64_t after_ns)
{
	b->now_ns += after_ns;
	weir_flow_age(b->table, b->now_ns, 1000);
}

/* Asserts that the flow ends `life_s` seconds after it was heard last, and why. */
static void dies_after(struct bed *b, uint64_t life_s, enum weir_flow_end why)
{
	ck_assert_uint_eq(weir_flow_count(b->table), 1);
	age(b, life_s * SECOND - 5 * WEIR_NS_PER_MS);
	ck_assert_uint_eq(weir_flow_count(b->table), 1);
	age(b, 10 * WEIR_NS_PER_MS);
	ck_assert_uint_eq(weir_flow_count(b->table), 0);
	ck_assert_uint_eq(b->ended[why], 1);
	ck_assert_uint_eq(b->table->wheel.armed, 0);
}

START_TEST(datagrams_age_by_protocol_and_answer)
{
	static const struct {
		uint8_t proto;
		bool answered;
		bool denied;
		uint64_t life_s;
	} rows[] = {
		{WEIR_PROTO_UDP, false, false, 17},    {WEIR_PROTO_UDP, true, false, 18},
		{WEIR_PROTO_ICMP, false, false, 19},   {WEIR_PROTO_ICMP, true, false, 19},
		{WEIR_PROTO_ICMPV6, false, false, 19}, {WEIR_PROTO_ICMPV6, true, false, 19},
		{WEIR_PROTO_SCTP, false, false, 20},   {47, true, false, 20},
		{WEIR_PROTO_UDP, false, true, 21},     {WEIR_PROTO_TCP, true, true, 21},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct packet k;
		struct weir_flow *f;
		struct bed b;

		bed_init(&b, 8, 0, false);
		weir_flow_set_timeouts(b.table, &timeouts);
		packet_of(&k, 4, rows[i].proto, 1, 0);
		f = weir_flow_add(b.table, &k.p, 0, 0, rows[i].denied, b.now_ns);
		ck_assert_int_eq(bed_track(&b, f, &k, 0), PASS);
		if (rows[i].answered)
			ck_assert_int_eq(bed_track(&b, f, &k, 1), PASS);
		dies_after(&b, rows[i].life_s, WEIR_FLOW_END_EXPIRED);
		bed_fini(&b);
	}
}
END_TEST

START_TEST(tcp_ages_by_state)
{
	static const struct step steps[] = {
		HANDSHAKE,
		{0, FA, 1, 1, 0, PASS, FW},
		{1, A, 1, 2, 0, PASS, CW},
		{1, FA, 1, 2, 0, PASS, LA},
		{0, A, 2, 2, 0, PASS, TW},
		{0, R, 2, 0, 0, PASS, CL},
	};
	static const uint64_t life_s[] = {11, 12, 13, 14, 14, 14, 15, 16};

	for (size_t n = 1; n <= WEIR_ARRAY_LEN(steps); n++) {
		struct weir_flow *f = NULL;
		struct bed b;

		bed_init(&b, 8, 0, false);
		weir_flow_set_timeouts(b.table, &timeouts);
		for (size_t s = 0; s < n; s++) {
			struct packet k;

			packet_of(&k, 4, WEIR_PROTO_TCP, 1, steps[s].dir);
			k.p.tcp_flags = steps[s].flags;
			k.p.seq = (uint32_t)steps[s].seq;
			k.p.ack = (uint32_t)steps[s].ack;
			age(&b, SECOND);
			if (!f)
				f = bed_begin(&b, &k);
			else
				ck_assert_int_eq(bed_track(&b, f, &k, steps[s].dir), PASS);
			ck_assert_int_eq(f->state, steps[s].state);
		}
		dies_after(&b, life_s[n - 1], n > 6 ? WEIR_FLOW_END_CLOSED : WEIR_FLOW_END_EXPIRED);
		ck_assert_int_eq(b.last_state, steps[n - 1].state);
		bed_fini(&b);
	}
}
END_TEST

START_TEST(a_reset_shortens_the_life_of_a_long_lived_flow_at_once)
{
	struct packet k;
	struct weir_flow *f;
	struct bed b;

	bed_init(&b, 8, 0, false); /* with the default times */
	packet_of(&k, 4, WEIR_PROTO_TCP, 1, 0);
	k.p.tcp_flags = A;
	f = bed_begin(&b, &k);
	ck_assert_int_eq(f->state, ES);
	age(&b, 3600 * SECOND);
	k.p.tcp_flags = R;
	ck_assert_int_eq(bed_track(&b, f, &k, 0), PASS);
	ck_assert_int_eq(f->state, CL);
	dies_after(&b, 10, WEIR_FLOW_END_CLOSED);
	bed_fini(&b);
}
END_TEST

START_TEST(every_packet_prolongs_a_flow)
{
	struct packet k;
	struct weir_flow *f;
	struct bed b;

	bed_init(&b, 8, 0, false);
	weir_flow_set_timeouts(b.table, &timeouts);
	packet_of(&k, 4, WEIR_PROTO_UDP, 1, 0);
	f = bed_begin(&b, &k);
	for (unsigned int i = 0; i < 100; i++) {
		age(&b, 16 * SECOND);
		ck_assert_int_eq(bed_track(&b, f, &k, 0), PASS);
	}
	dies_after(&b, 17, WEIR_FLOW_END_EXPIRED);
	bed_fini(&b);
}
END_TEST

START_TEST(what_is_refused_does_not_prolong_a_flow)
{
	struct packet k;
	struct weir_flow *f;
	struct bed b;

	bed_init(&b, 8, 0, false);
	weir_flow_set_timeouts(b.table, &timeouts);
	packet_of(&k, 4, WEIR_PROTO_TCP, 1, 0);
	f = bed_begin(&b, &k);
	age(&b, 6 * SECOND);
	k.p.tcp_flags = A;
	ck_assert_int_eq(bed_track(&b, f, &k, 0), STATE);
	dies_after(&b, 5, WEIR_FLOW_END_EXPIRED);
	bed_fini(&b);
}
END_TEST

START_TEST(shorter_timeouts_reach_flows_that_are_there)
{
	enum { FLOWS = 2000 };
	struct weir_flow_timeouts shorter = timeouts;
	struct bed b;

	bed_init(&b, FLOWS, 0, false);
	for (uint32_t n = 0; n < FLOWS; n++) {
		struct packet k;

		packet_of(&k, 4, 47, n, 0);
		bed_begin(&b, &k);
	}
	shorter.other_ns = 2 * SECOND;
	weir_flow_set_timeouts(b.table, &shorter);
	for (unsigned int i = 0; i < 20; i++)
		age(&b, 0);
	ck_assert_uint_eq(weir_flow_count(b.table), FLOWS);
	for (unsigned int i = 0; i < 20; i++)
		age(&b, i == 0 ? 3 * SECOND : 0);
	ck_assert_uint_eq(weir_flow_count(b.table), 0);
	ck_assert_uint_eq(b.ended[WEIR_FLOW_END_EXPIRED], FLOWS);
	bed_fini(&b);
}
END_TEST

START_TEST(longer_timeouts_reach_flows_that_are_there)
{
	struct weir_flow_timeouts longer = timeouts;
	struct packet k;
	struct bed b;

	bed_init(&b, 8, 0, false);
	weir_flow_set_timeouts(b.table, &timeouts);
	packet_of(&k, 4, WEIR_PROTO_UDP, 1, 0);
	bed_begin(&b, &k);
	longer.udp_new_ns = 50 * SECOND;
	weir_flow_set_timeouts(b.table, &longer);
	dies_after(&b, 50, WEIR_FLOW_END_EXPIRED);
	bed_fini(&b);
}
END_TEST

START_TEST(a_budget_bounds_how_many_end_at_once)
{
	struct bed b;

	bed_init(&b, 100, 0, false);
	for (uint32_t n = 0; n < 100; n++) {
		struct packet k;

		packet_of(&k, 4, WEIR_PROTO_UDP, n, 0);
		bed_begin(&b, &k);
	}
	b.now_ns += 3600 * SECOND;
	for (unsigned int i = 1; i <= 10; i++) {
		ck_assert_uint_eq(weir_flow_age(b.table, b.now_ns, 10), 10);
		ck_assert_uint_eq(weir_flow_count(b.table), 100 - i * 10);
	}
	ck_assert_uint_eq(weir_flow_age(b.table, b.now_ns, 10), 0);
	bed_fini(&b);
}
END_TEST

START_TEST(the_default_times_are_those_of_the_manual)
{
	const struct weir_flow_timeouts *d = &weir_flow_timeouts_default;

	ck_assert_uint_eq(d->syn_sent_ns, 30 * SECOND);
	ck_assert_uint_eq(d->syn_received_ns, 30 * SECOND);
	ck_assert_uint_eq(d->established_ns, 7200 * SECOND);
	ck_assert_uint_eq(d->closing_ns, 120 * SECOND);
	ck_assert_uint_eq(d->time_wait_ns, 60 * SECOND);
	ck_assert_uint_eq(d->closed_ns, 10 * SECOND);
	ck_assert_uint_eq(d->udp_new_ns, 30 * SECOND);
	ck_assert_uint_eq(d->udp_replied_ns, 120 * SECOND);
	ck_assert_uint_eq(d->icmp_ns, 30 * SECOND);
	ck_assert_uint_eq(d->other_ns, 600 * SECOND);
	ck_assert_uint_eq(d->denied_ns, 10 * SECOND);
}
END_TEST

Suite *age_suite(void)
{
	return WEIR_SUITE("flow age", datagrams_age_by_protocol_and_answer, tcp_ages_by_state,
			  a_reset_shortens_the_life_of_a_long_lived_flow_at_once,
			  every_packet_prolongs_a_flow, what_is_refused_does_not_prolong_a_flow,
			  shorter_timeouts_reach_flows_that_are_there,
			  longer_timeouts_reach_flows_that_are_there,
			  a_budget_bounds_how_many_end_at_once,
			  the_default_times_are_those_of_the_manual);
}
