/* SPDX-License-Identifier: BSD-3-Clause */
/* What weir says itself, and how often. */
#include "fixture.h"

Suite *path_answer_suite(void);

START_TEST(denied_datagram_is_answered_as_prohibited)
{
	struct fixture *f = fixture_create(POLICY_WEB, 100);
	struct frame_spec s = client;
	struct frame frame;
	struct frame_view v;

	s.dport = 5353;
	s.payload = "?";
	frame = frame_udp(&s);
	ck_assert_uint_eq(fixture_feed(f, 0, &frame), 1);
	ck_assert_uint_eq(fixture_last(f)->port, 0);
	v = frame_read(&fixture_last(f)->frame);
	ck_assert_uint_eq(v.proto, 1);
	ck_assert_uint_eq(v.icmp_type, 3);
	ck_assert_uint_eq(v.icmp_code, 13);
	ck_assert_str_eq(v.dst, "10.0.0.2");
	fixture_destroy(f);
}
END_TEST

START_TEST(answers_keep_to_their_rate)
{
	struct fixture *f = fixture_create(POLICY_WEB "---\nkind: Defaults\nmetadata: {name: d}\n"
						      "spec: {answersPerSecond: 10}\n",
					   1000);
	struct frame_spec s = client;
	unsigned int answered = 0;

	s.dport = 8080;
	s.tcp_flags = 0x02;
	for (unsigned int i = 0; i < 1000; i++) { /* a second */
		struct frame frame;

		s.sport = (uint16_t)(1000 + i);
		frame = frame_tcp(&s);
		answered += fixture_feed(f, 0, &frame);
	}
	ck_assert_uint_ge(answered, 9);
	ck_assert_uint_le(answered, 12);
	ck_assert_uint_eq(fixture_count(f, WEIR_COUNT_ANSWERS_LIMITED), 1000 - answered);
	ck_assert_uint_eq(fixture_drops(f, WEIR_DROP_DEFAULT_DENY), 1000);
	fixture_destroy(f);
}
END_TEST

START_TEST(no_reset_answers_a_reset)
{
	struct fixture *f = fixture_create(POLICY_WEB, 100);
	struct frame_spec s = client;
	struct frame frame;

	s.dport = 8080;
	s.tcp_flags = 0x04;
	frame = frame_tcp(&s);
	ck_assert_uint_eq(fixture_feed(f, 0, &frame), 0);
	fixture_destroy(f);
}
END_TEST

START_TEST(too_big_for_the_other_side_is_answered_with_its_mtu)
{
	struct fixture *f = fixture_create(POLICY_WEB, 100);
	struct frame_spec s = client;
	struct frame frame;
	struct frame_view v;

	s.dport = 53;
	s.payload_len = 1600;
	s.df = true;
	frame = frame_udp(&s);
	ck_assert_uint_eq(fixture_feed(f, 0, &frame), 1);
	v = frame_read(&fixture_last(f)->frame);
	ck_assert_uint_eq(fixture_last(f)->port, 0);
	ck_assert_uint_eq(v.icmp_type, 3);
	ck_assert_uint_eq(v.icmp_code, 4);
	ck_assert_uint_eq(fixture_drops(f, WEIR_DROP_TX_TOO_BIG), 1);
	fixture_destroy(f);
}
END_TEST

START_TEST(drops_without_a_flow_are_told_once_a_second_and_counted)
{
	struct fixture *f = fixture_create(POLICY_WEB, 100);
	struct frame frame = frame_ether(0x88cc);
	struct weir_event events[16];
	uint64_t told = 0;
	unsigned int n;

	fixture_wait(f, WEIR_NS_PER_S);
	for (unsigned int i = 0; i < 100; i++)
		fixture_feed(f, 0, &frame);
	fixture_wait(f, 2 * WEIR_NS_PER_S);
	n = fixture_events(f, events, WEIR_ARRAY_LEN(events));
	ck_assert_uint_ge(n, 2);
	ck_assert_uint_le(n, 3);
	for (unsigned int i = 0; i < n; i++) {
		ck_assert_uint_eq(events[i].type, WEIR_EVENT_DROP);
		ck_assert_uint_eq(events[i].reason, WEIR_DROP_NON_IP_DENIED);
		told += events[i].count;
	}
	ck_assert_uint_eq(told, 100);
	fixture_destroy(f);
}
END_TEST

Suite *path_answer_suite(void)
{
	return WEIR_SUITE("path answer", denied_datagram_is_answered_as_prohibited,
			  answers_keep_to_their_rate, no_reset_answers_a_reset,
			  too_big_for_the_other_side_is_answered_with_its_mtu,
			  drops_without_a_flow_are_told_once_a_second_and_counted);
}
