/* SPDX-License-Identifier: BSD-3-Clause */
/* TCP's windows, as scripts; without another number each segment offers 1000 bytes. */
#include "fixture.h"

#define OPEN_WIDE                                                            \
	{0, S, 0, 0, 0, PASS, SS, 60000}, {1, SA, 0, 1, 0, PASS, SR, 60000}, \
	{                                                                    \
		0, A, 1, 1, 0, PASS, ES, 60000                               \
	}

static const struct step right_edge[] = {
	HANDSHAKE,
	{0, A, 1, 1, 1000, PASS, ES},
	{0, A, 1001, 1, 100, PASS, ES}, /* at the edge: a probe, or a little early */
	{0, A, 1002, 1, 1, OUT, ES},
	{0, A, 5000, 1, 0, OUT, ES},
	{1, A, 1, 1001, 0, PASS, ES},
	{0, A, 2001, 1, 0, PASS, ES},
	{0, A, 2002, 1, 0, OUT, ES},
};
SCRIPT(what_begins_past_the_offered_window_is_refused, right_edge)

static const struct step right_edge_back[] = {
	HANDSHAKE,
	{1, A, 1001, 1, 10, PASS, ES},
	{1, A, 1002, 1, 10, OUT, ES},
	{1, A, 1 << 30, 1, 10, OUT, ES},
	{1, A, -(1LL << 30), 1, 10, OUT, ES},
};
SCRIPT(it_is_refused_from_the_responder_too, right_edge_back)

static const struct step left_edge[] = {
	OPEN_WIDE,
	{0, A, 1, 1, 50000, PASS, ES, 60000},
	{1, A, 1, 50001, 0, PASS, ES, 60000},
	{0, A, 50001, 1, 50000, PASS, ES, 60000},
	{0, A, 40000, 1, 1000, PASS, ES, 60000}, /* it may not know of the acknowledgement */
	{0, A, 39000, 1, 1000, PASS, ES, 60000}, /* the edge */
	{0, A, 38999, 1, 1000, OUT, ES, 60000},
	{0, A, -1000000, 1, 1000, OUT, ES, 60000},
};
SCRIPT(what_is_older_than_a_window_is_refused, left_edge)

static const struct step acks[] = {
	OPEN_WIDE,
	{1, A, 1, 1, 50000, PASS, ES, 60000},
	{0, A, 1, 50001, 0, PASS, ES, 60000},
	{1, A, 50001, 1, 50000, PASS, ES, 60000},
	{0, A, 1, 50001, 0, PASS, ES, 60000},
	{0, A, 1, 40000, 0, PASS, ES, 60000}, /* overtaken */
	{0, A, 1, 100001, 0, PASS, ES, 60000},
	{0, A, 1, 100002, 0, BADA, ES, 60000},
	{0, A, 1, 34001, 0, PASS, ES, 60000},
	{0, A, 1, 34000, 0, BADA, ES, 60000},
	{0, A, 1, 1 << 30, 0, BADA, ES, 60000},
};
SCRIPT(acknowledgements_lie_between_what_was_sent_and_66000_before, acks)

static const struct step zero_window[] = {
	HANDSHAKE,
	{0, A, 1, 1, 1000, PASS, ES},
	{1, A, 1, 1001, 0, PASS, ES, ZERO},
	{0, A, 1001, 1, 1, PASS, ES}, /* BSD probes with a byte */
	{1, A, 1, 1001, 0, PASS, ES, ZERO},
	{0, A, 1000, 1, 0, PASS, ES},       /* Linux with an old number */
	{1, A, 1, 1002, 0, PASS, ES, ZERO}, /* the byte was taken */
	{0, A, 1002, 1, 1, PASS, ES},
	{0, A, 1004, 1, 1, OUT, ES},
	{1, A, 1, 1002, 0, PASS, ES, 500},
	{0, A, 1002, 1, 500, PASS, ES},
};
SCRIPT(a_closed_window_is_probed_and_opens_again, zero_window)

static const struct step keep_alive[] = {
	HANDSHAKE,
	{0, A, 1, 1, 100, PASS, ES},
	{1, A, 1, 101, 0, PASS, ES},
	{0, A, 100, 1, 0, PASS, ES},
	{0, A, 100, 1, 1, PASS, ES},
	{1, A, 1, 101, 0, PASS, ES},
	{1, A, 0, 101, 0, PASS, ES},
	{0, A, 101, 1, 0, PASS, ES},
};
SCRIPT(keep_alives_pass_both_ways, keep_alive)

static const struct step shrunk[] = {
	HANDSHAKE,
	{1, A, 1, 1, 0, PASS, ES, 100},
	{0, A, 1, 1, 1000, PASS, ES}, /* under way when the window shrank */
	{0, A, 1001, 1, 0, PASS, ES},
};
SCRIPT(a_window_that_shrinks_takes_nothing_back, shrunk)

/* ---- scales ---- */

static const struct step scaled[] = {
	{0, S, 0, 0, 0, PASS, SS, 60000},
	{1, SA, 0, 1, 0, PASS, SR, 60000},
	{0, A, 1, 1, 0, PASS, ES, 1000},
	{1, A, 60001, 1, 1, PASS, ES, 1000}, /* in the third's 1000 << scale */
	{0, A, 1, 60002, 0, PASS, ES, 65535},
	{1, A, 1000 << 14, 1, 1, PASS, ES, 65535},
	{1, A, (65535 << 14) + 60002, 1, 1, PASS, ES, 65535},
	{1, A, (65535 << 14) + 60003, 1, 1, OUT, ES, 65535},
};
SCRIPT_SCALED(windows_are_scaled_when_both_say_so, scaled, 14, 14)
/* RFC 7323 section 2.3: 14 is used when more is said. */
SCRIPT_SCALED(a_scale_above_14_counts_as_14, scaled, 200, 15)

static const struct step unscaled[] = {
	HANDSHAKE,
	{1, A, 1001, 1, 0, PASS, ES},
	{1, A, 1002, 1, 0, OUT, ES},
	{0, A, 1001, 1, 0, PASS, ES},
	{0, A, 1002, 1, 0, OUT, ES},
};
SCRIPT_SCALED(a_scale_of_the_initiator_alone_does_not_count, unscaled, 7, NO_SCALE)
SCRIPT_SCALED(a_scale_of_the_responder_alone_does_not_count, unscaled, NO_SCALE, 7)

static const struct step scale_by_side[] = {
	HANDSHAKE,
	{1, A, 4001, 1, 0, PASS, ES}, /* the initiator's 1000 << 2 */
	{1, A, 4002, 1, 0, OUT, ES},
	{1, A, 1, 1, 0, PASS, ES},
	{0, A, 32001, 1, 0, PASS, ES}, /* the responder's 1000 << 5 */
	{0, A, 32002, 1, 0, OUT, ES},
};
SCRIPT_SCALED(each_side_has_its_own_scale, scale_by_side, 2, 5)

static const struct step scale_of_syn_ack[] = {
	{0, S, 0, 0, 0, PASS, SS, 1000},
	{1, SA, 0, 1, 0, PASS, SR, 1000},
	{0, A, 1001, 1, 0, PASS, ES, 1000}, /* the SYN-ACK's window is not scaled */
	{0, A, 1002, 1, 0, OUT, ES, 1000},
};
SCRIPT_SCALED(windows_of_syns_are_not_scaled, scale_of_syn_ack, 14, 14)

static const struct step scale_simultaneous[] = {
	{0, S, 0, 0, 0, PASS, SS},   {1, S, 0, 0, 0, PASS, SR}, {0, SA, 0, 1, 0, PASS, SR},
	{1, SA, 0, 1, 0, PASS, ES},  {0, A, 1, 1, 0, PASS, ES}, {1, A, 8001, 1, 0, PASS, ES},
	{1, A, 8002, 1, 0, OUT, ES},
};
SCRIPT_SCALED(scales_count_after_a_simultaneous_open, scale_simultaneous, 3, 3)

/* ---- long streams ---- */

START_TEST(a_stream_of_nine_gigabytes_wraps_twice_and_passes)
{
	struct weir_flow *f;
	uint32_t sent = 77, wrong = 0;
	struct packet k;
	struct bed b;

	bed_init(&b, 8, 0, false);
	packet_of(&k, 4, WEIR_PROTO_TCP, 7, 0);
	k.p.wscale = 8;
	k.p.seq = sent - 1;
	f = bed_begin(&b, &k);
	packet_of(&k, 4, WEIR_PROTO_TCP, 7, 1);
	k.p.tcp_flags = SA;
	k.p.wscale = 8;
	k.p.ack = sent;
	ck_assert_int_eq(bed_track(&b, f, &k, 1), PASS);
	for (unsigned int i = 0; i < 150000; i++) {
		packet_of(&k, 4, WEIR_PROTO_TCP, 7, 0);
		k.p.tcp_flags = A;
		k.p.window = 60000;
		k.p.seq = sent;
		k.p.ack = 1;
		k.p.payload_len = i ? 60000 : 0;
		sent += k.p.payload_len;
		wrong += weir_flow_track(b.table, f, &k.p, 0, b.now_ns, &(bool){false}) != PASS;
		packet_of(&k, 4, WEIR_PROTO_TCP, 7, 1);
		k.p.tcp_flags = A;
		k.p.window = 60000;
		k.p.seq = 1;
		k.p.ack = sent;
		wrong += weir_flow_track(b.table, f, &k.p, 1, b.now_ns, &(bool){false}) != PASS;
	}
	ck_assert_uint_eq(wrong, 0);
	ck_assert_int_eq(f->state, ES);
	ck_assert_uint_eq(f->packets[1], 150001);
	bed_fini(&b);
}
END_TEST

/* ---- quoted segments ---- */

START_TEST(a_quoted_segment_must_be_in_flight)
{
	static const struct step steps[] = {
		HANDSHAKE,
		{0, A, 1, 1, 500, PASS, ES},
		{1, A, 1, 201, 0, PASS, ES},
	};
	/* after so many steps, a quote from `dir` with `seq` */
	static const struct {
		size_t after;
		uint8_t dir;
		uint32_t seq;
		bool ok;
	} rows[] = {
		{1, 0, 1000, true},  {1, 0, 1001, true},  {1, 0, 999, false},  {1, 0, 1002, false},
		{1, 1, 5, true}, /* not heard: nothing to tell by */
		{2, 1, 9000, true},  {2, 1, 8999, false}, {5, 0, 1201, true},  {5, 0, 1200, false},
		{5, 0, 1501, true},  {5, 0, 1502, false}, {5, 0, 1000, false}, {5, 1, 9001, true},
		{5, 1, 9000, false}, {5, 1, 9002, false},
	};
	const uint32_t isn[2] = {1000, 9000};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct weir_flow *f = NULL;
		struct packet k;
		struct bed b;

		bed_init(&b, 8, 0, false);
		for (size_t s = 0; s < rows[i].after; s++) {
			packet_of(&k, 4, WEIR_PROTO_TCP, 7, steps[s].dir);
			k.p.tcp_flags = steps[s].flags;
			k.p.seq = isn[steps[s].dir] + (uint32_t)steps[s].seq;
			k.p.ack = isn[!steps[s].dir] + (uint32_t)steps[s].ack;
			k.p.payload_len = steps[s].len;
			if (s == 0)
				f = bed_begin(&b, &k);
			else
				ck_assert_int_eq(bed_track(&b, f, &k, steps[s].dir), PASS);
		}
		ck_assert_msg(weir_flow_quote_in_window(f, rows[i].seq, rows[i].dir) == rows[i].ok,
			      "row %zu", i);
		bed_fini(&b);
	}
}
END_TEST

START_TEST(a_quoted_packet_of_another_protocol_is_in_flight)
{
	struct packet k;
	struct bed b;

	bed_init(&b, 8, 0, false);
	packet_of(&k, 4, WEIR_PROTO_UDP, 1, 0);
	ck_assert(weir_flow_quote_in_window(bed_begin(&b, &k), 12345, 1));
	bed_fini(&b);
}
END_TEST

Suite *window_suite(void)
{
	return WEIR_SUITE(
		"flow window", what_begins_past_the_offered_window_is_refused,
		it_is_refused_from_the_responder_too, what_is_older_than_a_window_is_refused,
		acknowledgements_lie_between_what_was_sent_and_66000_before,
		a_closed_window_is_probed_and_opens_again, keep_alives_pass_both_ways,
		a_window_that_shrinks_takes_nothing_back, windows_are_scaled_when_both_say_so,
		a_scale_above_14_counts_as_14, a_scale_of_the_initiator_alone_does_not_count,
		a_scale_of_the_responder_alone_does_not_count, each_side_has_its_own_scale,
		windows_of_syns_are_not_scaled, scales_count_after_a_simultaneous_open,
		a_stream_of_nine_gigabytes_wraps_twice_and_passes,
		a_quoted_segment_must_be_in_flight,
		a_quoted_packet_of_another_protocol_is_in_flight);
}
