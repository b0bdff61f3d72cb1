/* SPDX-License-Identifier: BSD-3-Clause */
/* What control asks of workers: copies of flows, traces, gauges. */
#include "fixture.h"

Suite *path_control_suite(void);

static void begin_flows(struct fixture *f, unsigned int n)
{
	struct frame_spec s = client;

	s.tcp_flags = 0x02;
	for (unsigned int i = 0; i < n; i++) {
		struct frame frame;

		s.sport = (uint16_t)(2000 + i);
		frame = frame_tcp(&s);
		ck_assert_uint_eq(fixture_feed(f, 0, &frame), 1);
	}
}

START_TEST(flows_are_copied_by_filter_and_counted_beyond_the_limit)
{
	struct fixture *f = fixture_create(POLICY_WEB, 1000);
	struct weir_path_filter filter = {.port = 2007};
	struct weir_path_flow flows[10];
	uint64_t total = 0;

	begin_flows(f, 50);
	ck_assert_int_eq(weir_path_flows(f->path, &filter, flows, 10, 100, &total), 1);
	ck_assert_uint_eq(total, 1);
	ck_assert_uint_eq(flows[0].flow.port[0], 2007);
	filter = (struct weir_path_filter){.proto = 6};
	ck_assert_int_eq(weir_path_flows(f->path, &filter, flows, 10, 100, &total), 10);
	ck_assert_uint_eq(total, 50);
	filter.proto = 17;
	ck_assert_int_eq(weir_path_flows(f->path, &filter, flows, 10, 100, &total), 0);
	filter = (struct weir_path_filter){.denied_only = true};
	ck_assert_int_eq(weir_path_flows(f->path, &filter, flows, 10, 100, &total), 0);
	fixture_destroy(f);
}
END_TEST

START_TEST(trace_tells_packets_of_matching_flows_until_it_ends)
{
	struct fixture *f = fixture_create(POLICY_WEB, 1000);
	struct weir_path_filter filter = {.port = 2001};
	struct weir_event e;

	weir_path_trace(f->path, &filter, f->now_ns + WEIR_NS_PER_S);
	begin_flows(f, 3);
	ck_assert_uint_eq(fixture_events_of(f, WEIR_EVENT_TRACE, &e), 1);
	ck_assert_uint_eq(e.sport, 2001);
	ck_assert_uint_eq(e.trace_tcp_flags, 0x02);
	f->now_ns += 2 * WEIR_NS_PER_S;
	begin_flows(f, 3);
	ck_assert_uint_eq(fixture_events_of(f, WEIR_EVENT_TRACE, NULL), 0);
	weir_path_trace(f->path, NULL, 0);
	fixture_destroy(f);
}
END_TEST

START_TEST(gauges_follow_flows_to_zero)
{
	struct fixture *f = fixture_create(POLICY_WEB, 1000);
	struct weir_path_gauges g;

	begin_flows(f, 20);
	weir_path_gauges(f->path, 0, &g);
	ck_assert_uint_eq(g.flows, 20);
	for (int i = 0; i < 200; i++)
		fixture_wait(f, WEIR_NS_PER_S);
	weir_path_gauges(f->path, 0, &g);
	ck_assert_uint_eq(g.flows, 0);
	ck_assert_uint_eq(g.mbufs_free, g.mbufs_max);
	fixture_destroy(f);
}
END_TEST

Suite *path_control_suite(void)
{
	return WEIR_SUITE("path control", flows_are_copied_by_filter_and_counted_beyond_the_limit,
			  trace_tells_packets_of_matching_flows_until_it_ends,
			  gauges_follow_flows_to_zero);
}
