/* SPDX-License-Identifier: BSD-3-Clause */
/* What packets do to flows of any protocol: counts, states, names. */
#include "fixture.h"

START_TEST(every_state_and_every_end_has_a_name)
{
	for (unsigned int s = 0; s < WEIR_FLOW_STATE_END; s++) {
		ck_assert_ptr_nonnull(weir_flow_state_name((enum weir_flow_state)s));
		ck_assert_str_ne(weir_flow_state_name((enum weir_flow_state)s), "unknown");
	}
	ck_assert_str_eq(weir_flow_state_name(WEIR_FLOW_STATE_END), "unknown");
	ck_assert_str_eq(weir_flow_state_name(WEIR_FLOW_REPLIED), "established");
	for (unsigned int e = 0; e <= WEIR_FLOW_END_STOP; e++)
		ck_assert_str_ne(weir_flow_end_name((enum weir_flow_end)e), "unknown");
	ck_assert_str_eq(weir_flow_end_name((enum weir_flow_end)(WEIR_FLOW_END_STOP + 1)),
			 "unknown");
	ck_assert_str_eq(weir_flow_end_name(WEIR_FLOW_END_EXPIRED), "timeout");
}
END_TEST

START_TEST(datagrams_are_new_until_the_responder_answers)
{
	static const uint8_t protos[] = {WEIR_PROTO_UDP, WEIR_PROTO_ICMP, WEIR_PROTO_ICMPV6,
					 WEIR_PROTO_SCTP, 47};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(protos); i++) {
		struct packet go, back;
		struct weir_flow *f;
		struct bed b;

		bed_init(&b, 8, 0, false);
		packet_of(&go, 4, protos[i], 1, 0);
		packet_of(&back, 4, protos[i], 1, 1);
		f = bed_begin(&b, &go);
		ck_assert_int_eq(f->state, WEIR_FLOW_NEW);
		ck_assert_int_eq(bed_track(&b, f, &go, 0), PASS);
		ck_assert_int_eq(f->state, WEIR_FLOW_NEW);
		ck_assert(f->flags & WEIR_FLOW_F_HALF_OPEN);
		ck_assert_int_eq(bed_track(&b, f, &back, 1), PASS);
		ck_assert_int_eq(f->state, WEIR_FLOW_REPLIED);
		ck_assert(!(f->flags & WEIR_FLOW_F_HALF_OPEN));
		ck_assert_int_eq(bed_track(&b, f, &go, 0), PASS);
		ck_assert_int_eq(f->state, WEIR_FLOW_REPLIED);
		bed_fini(&b);
	}
}
END_TEST

START_TEST(packets_bytes_and_flags_are_counted_by_direction)
{
	struct packet k;
	struct weir_flow *f;
	struct bed b;

	bed_init(&b, 8, 0, false);
	packet_of(&k, 4, WEIR_PROTO_TCP, 1, 0);
	f = bed_begin(&b, &k);
	packet_of(&k, 4, WEIR_PROTO_TCP, 1, 1);
	k.p.tcp_flags = SA;
	k.p.ack = 1;
	k.p.l3_len = 60;
	b.now_ns += 5;
	ck_assert_int_eq(bed_track(&b, f, &k, 1), PASS);
	ck_assert_uint_eq(f->packets[0], 1);
	ck_assert_uint_eq(f->packets[1], 1);
	ck_assert_uint_eq(f->bytes[0], 100);
	ck_assert_uint_eq(f->bytes[1], 60);
	ck_assert_uint_eq(f->tcp_flags[0], S);
	ck_assert_uint_eq(f->tcp_flags[1], SA);
	ck_assert_uint_eq(f->last_ns, b.now_ns);
	k.p.ack = 12345;
	b.now_ns += 5;
	ck_assert_int_eq(bed_track(&b, f, &k, 1), BADA);
	ck_assert_uint_eq(f->packets[1], 1);
	ck_assert_uint_eq(f->last_ns, b.now_ns - 5);
	bed_fini(&b);
}
END_TEST

START_TEST(a_denied_flow_counts_everything_and_stays_denied)
{
	struct packet k;
	struct weir_flow *f;
	struct bed b;

	bed_init(&b, 8, 0, false);
	packet_of(&k, 4, WEIR_PROTO_TCP, 1, 0);
	f = weir_flow_add(b.table, &k.p, 0, 0, true, b.now_ns);
	ck_assert_int_eq(f->state, WEIR_FLOW_DENIED);
	for (unsigned int flags = 0; flags < 64; flags++) {
		k.p.tcp_flags = (uint8_t)flags;
		k.p.seq = flags * 77777777;
		ck_assert_int_eq(bed_track(&b, f, &k, flags & 1), PASS);
		ck_assert_int_eq(f->state, WEIR_FLOW_DENIED);
	}
	ck_assert_uint_eq(f->packets[0] + f->packets[1], 64);
	bed_fini(&b);
}
END_TEST

/* Whatever comes in whatever state: a known outcome, and a table that stays sound. */
START_TEST(two_million_random_segments_leave_a_sound_table)
{
	unsigned int seed = 3, passed = 0, reopened = 0, unknown = 0;
	struct weir_flow *f = NULL;
	struct bed b;

	bed_init(&b, 8, 0, false);
	for (unsigned int i = 0; i < 2000000; i++) {
		uint8_t dir = (uint8_t)rand_r(&seed) & 1;
		struct packet k;
		bool reopen = false;
		enum weir_drop reason;

		packet_of(&k, 4, WEIR_PROTO_TCP, 1, dir);
		k.p.tcp_flags = (uint8_t)rand_r(&seed) & 0x3f;
		k.p.seq = (uint32_t)rand_r(&seed) % 16 - 8;
		k.p.ack = (uint32_t)rand_r(&seed) % 16 - 8;
		k.p.payload_len = rand_r(&seed) % 4 ? 0 : (uint32_t)rand_r(&seed) % 8;
		k.p.window = (uint16_t)(rand_r(&seed) % 16);
		k.p.wscale = rand_r(&seed) % 2 ? NO_SCALE : (uint8_t)(rand_r(&seed) % 20);
		if (!f)
			f = weir_flow_add(b.table, &k.p, 0, 0, false, b.now_ns);
		reason = weir_flow_track(b.table, f, &k.p, dir, b.now_ns, &reopen);
		passed += reason == PASS;
		reopened += reopen;
		unknown += reason != PASS && reason != STATE && reason != OUT && reason != BADA;
		unknown += f->state >= WEIR_FLOW_DENIED || f->tcp[0].scale > 14;
		if (reopen || i % 64 == 0) {
			weir_flow_remove(b.table, f, WEIR_FLOW_END_REUSED, b.now_ns);
			f = NULL;
		}
	}
	ck_assert_uint_eq(unknown, 0);
	ck_assert_uint_gt(passed, 10000);
	ck_assert_uint_gt(reopened, 1000);
	bed_fini(&b);
}
END_TEST

Suite *state_suite(void)
{
	return WEIR_SUITE("flow state", every_state_and_every_end_has_a_name,
			  datagrams_are_new_until_the_responder_answers,
			  packets_bytes_and_flags_are_counted_by_direction,
			  a_denied_flow_counts_everything_and_stays_denied,
			  two_million_random_segments_leave_a_sound_table);
}
