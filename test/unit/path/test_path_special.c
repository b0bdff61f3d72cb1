/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames that are not IP, fragments, ICMP errors, what cannot be read. */
#include "fixture.h"

Suite *path_special_suite(void);

START_TEST(arp_passes_and_other_ether_types_do_not)
{
	struct fixture *f = fixture_create(POLICY_WEB, 100);
	struct frame arp = frame_arp(), lldp = frame_ether(0x88cc);

	ck_assert_uint_eq(fixture_feed(f, 0, &arp), 1);
	ck_assert_uint_eq(fixture_last(f)->port, 1);
	ck_assert_uint_eq(fixture_feed(f, 0, &lldp), 0);
	ck_assert_uint_eq(fixture_drops(f, WEIR_DROP_NON_IP_DENIED), 1);
	fixture_destroy(f);
}
END_TEST

START_TEST(ping_and_its_answer_are_one_flow)
{
	struct fixture *f = fixture_create(POLICY_WEB, 100);
	struct frame ask = frame_echo(&client, false), answer;
	struct frame_spec back = server;

	back.sport = client.sport; /* the identifier */
	answer = frame_echo(&back, true);
	ck_assert_uint_eq(fixture_feed(f, 1, &answer), 0);
	ck_assert_uint_eq(fixture_drops(f, WEIR_DROP_ICMP_UNSOLICITED), 1);
	ck_assert_uint_eq(fixture_feed(f, 0, &ask), 1);
	ck_assert_uint_eq(fixture_feed(f, 1, &answer), 1);
	ck_assert_uint_eq(fixture_last(f)->port, 0);
	ck_assert_uint_eq(fixture_count(f, WEIR_COUNT_FLOWS_CREATED), 1);
	fixture_destroy(f);
}
END_TEST

START_TEST(icmp_error_passes_only_for_a_live_flow_and_from_its_other_side)
{
	struct fixture *f = fixture_create(POLICY_WEB, 100);
	struct frame_spec dns = client;
	struct frame ask, error;

	dns.dport = 53;
	ask = frame_udp(&dns);
	error = frame_unreachable(&server, &ask);
	ck_assert_uint_eq(fixture_feed(f, 1, &error), 0);
	ck_assert_uint_eq(fixture_feed(f, 0, &ask), 1);
	ck_assert_uint_eq(fixture_feed(f, 0, &error), 0); /* from the side that asked */
	ck_assert_uint_eq(fixture_drops(f, WEIR_DROP_ICMP_ERROR_NO_FLOW), 2);
	ck_assert_uint_eq(fixture_feed(f, 1, &error), 1);
	ck_assert_uint_eq(fixture_last(f)->port, 0);
	ck_assert_uint_eq(fixture_count(f, WEIR_COUNT_ICMP_ERRORS_RELATED), 1);
	fixture_destroy(f);
}
END_TEST

START_TEST(icmp_error_about_a_segment_never_sent_is_forged)
{
	struct fixture *f = fixture_create(POLICY_WEB, 100);
	struct frame_spec s = client;
	struct frame quoted, error;

	fixture_handshake(f, client);
	s.tcp_flags = 0x10;
	s.seq = 0x50000000;
	quoted = frame_tcp(&s);
	error = frame_unreachable(&server, &quoted);
	ck_assert_uint_eq(fixture_feed(f, 1, &error), 0);
	ck_assert_uint_eq(fixture_drops(f, WEIR_DROP_ICMP_ERROR_NO_FLOW), 1);
	fixture_destroy(f);
}
END_TEST

static struct frame big_datagram(void)
{
	struct frame_spec s = client;

	s.dport = 53;
	s.payload_len = 4000;
	return frame_udp(&s);
}

START_TEST(fragments_leave_as_fragments_of_their_size)
{
	struct fixture *f = fixture_create(POLICY_WEB, 100);
	struct frame whole = big_datagram();
	struct frame a = frame_fragment(&whole, 9, 0, 1480);
	struct frame b = frame_fragment(&whole, 9, 1480, 2960);
	struct frame c = frame_fragment(&whole, 9, 2960, whole.len - 34);

	ck_assert_uint_eq(fixture_feed(f, 0, &c), 0);
	ck_assert_uint_eq(fixture_feed(f, 0, &a), 0);
	ck_assert_uint_eq(fixture_feed(f, 0, &b), 3);
	for (unsigned int i = 0; i < 3; i++) {
		ck_assert_uint_eq(f->out[i].port, 1);
		ck_assert_uint_le(frame_read(&f->out[i].frame).l3_len, 1500);
		ck_assert_uint_eq(frame_read(&f->out[i].frame).frag & 0x1fff, i * 185);
	}
	ck_assert_uint_eq(fixture_count(f, WEIR_COUNT_DATAGRAMS_REASSEMBLED), 1);
	ck_assert_uint_eq(fixture_count(f, WEIR_COUNT_FRAGMENTS_OUT), 3);
	fixture_destroy(f);
}
END_TEST

START_TEST(fragments_of_a_denied_flow_never_cross)
{
	struct fixture *f = fixture_create(POLICY_WEB, 100);
	struct frame_spec s = client;
	struct frame whole, a, b;

	s.dport = 5353;
	s.payload_len = 2000;
	whole = frame_udp(&s);
	a = frame_fragment(&whole, 9, 0, 1480);
	b = frame_fragment(&whole, 9, 1480, whole.len - 34);
	ck_assert_uint_eq(fixture_feed(f, 0, &a), 0);
	fixture_feed(f, 0, &b);
	for (unsigned int i = 0; i < f->n_out; i++)
		ck_assert_uint_eq(f->out[i].port, 0);
	ck_assert_uint_eq(fixture_drops(f, WEIR_DROP_DEFAULT_DENY), 1);
	fixture_destroy(f);
}
END_TEST

START_TEST(unfinished_fragments_are_let_go_in_time)
{
	struct fixture *f = fixture_create(POLICY_WEB, 100);
	struct frame whole = big_datagram();
	struct frame a = frame_fragment(&whole, 9, 0, 1480);

	fixture_feed(f, 0, &a);
	fixture_wait(f, 40 * WEIR_NS_PER_S);
	fixture_wait(f, 40 * WEIR_NS_PER_S);
	ck_assert_uint_eq(fixture_drops(f, WEIR_DROP_FRAG_TIMEOUT), 1);
	fixture_destroy(f); /* asserts that the buffer came back */
}
END_TEST

START_TEST(unfinished_checksum_is_counted_and_named)
{
	struct fixture *f = fixture_create(POLICY_WEB, 100);
	struct frame_spec s = client;
	struct frame frame;

	s.unfinished = true;
	s.tcp_flags = 0x02;
	frame = frame_tcp(&s);
	ck_assert_uint_eq(fixture_feed(f, 0, &frame), 0);
	ck_assert_uint_eq(fixture_drops(f, WEIR_DROP_L4_CHECKSUM_UNFINISHED), 1);
	ck_assert_uint_eq(fixture_count(f, WEIR_COUNT_CHECKSUM_UNFINISHED), 1);
	fixture_destroy(f);
}
END_TEST

START_TEST(unreadable_packets_pass_when_parse_failure_is_open)
{
	struct fixture *f = fixture_create(POLICY_WEB "---\nkind: Defaults\nmetadata: {name: d}\n"
						      "spec: {failure: {parse: open}}\n",
					   100);
	struct frame frame = frame_udp(&client);

	frame.bytes[14] = 0x42; /* IHL 2 */
	ck_assert_uint_eq(fixture_feed(f, 0, &frame), 1);
	ck_assert_uint_eq(fixture_last(f)->port, 1);
	ck_assert_uint_eq(fixture_count(f, WEIR_COUNT_FORWARDED_STATELESS), 1);
	fixture_destroy(f);
}
END_TEST

START_TEST(frames_for_a_port_without_link_are_dropped_by_name)
{
	struct fixture *f = fixture_create(POLICY_WEB, 100);
	struct frame arp = frame_arp();

	weir_path_set_link(f->path, 1, false);
	ck_assert_uint_eq(fixture_feed(f, 0, &arp), 0);
	ck_assert_uint_eq(fixture_drops(f, WEIR_DROP_TX_LINK_DOWN), 1);
	weir_path_set_link(f->path, 1, true);
	ck_assert_uint_eq(fixture_feed(f, 0, &arp), 1);
	fixture_destroy(f);
}
END_TEST

Suite *path_special_suite(void)
{
	return WEIR_SUITE(
		"path special", arp_passes_and_other_ether_types_do_not,
		ping_and_its_answer_are_one_flow,
		icmp_error_passes_only_for_a_live_flow_and_from_its_other_side,
		icmp_error_about_a_segment_never_sent_is_forged,
		fragments_leave_as_fragments_of_their_size, fragments_of_a_denied_flow_never_cross,
		unfinished_fragments_are_let_go_in_time, unfinished_checksum_is_counted_and_named,
		unreadable_packets_pass_when_parse_failure_is_open,
		frames_for_a_port_without_link_are_dropped_by_name);
}
