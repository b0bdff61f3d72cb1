/* SPDX-License-Identifier: BSD-3-Clause */
/* How flows begin, go on, are refused, reloaded and ended. */
#include "fixture.h"

Suite *path_answer_suite(void);
Suite *path_control_suite(void);
Suite *path_http_suite(void);
Suite *path_http_cut_suite(void);
Suite *path_http_random_suite(void);
Suite *path_http_text_suite(void);
Suite *path_http_turn_suite(void);
Suite *path_http2_suite(void);
Suite *path_http2_end_suite(void);
Suite *path_http2_evict_suite(void);
Suite *path_http2_grpc_suite(void);
Suite *path_http2_grpc_answer_suite(void);
Suite *path_http2_scan_suite(void);
Suite *path_http_refuse_suite(void);
Suite *path_waf_suite(void);
Suite *path_special_suite(void);
Suite *path_hello_suite(void);
Suite *path_identity_suite(void);
Suite *path_look_suite(void);
Suite *path_pools_suite(void);
Suite *path_intercept_suite(void);
Suite *path_tls_suite(void);
Suite *path_tls_close_suite(void);
Suite *path_http_grpc_suite(void);
Suite *path_tls_http2_suite(void);
Suite *path_tls_name_suite(void);
Suite *path_tls_end_suite(void);
Suite *path_tls_random_suite(void);
Suite *path_translate_suite(void);
Suite *path_translate_end_suite(void);

static struct frame_spec with(struct frame_spec s, uint8_t flags, uint32_t seq, uint32_t ack)
{
	s.tcp_flags = flags;
	s.seq = seq;
	s.ack = ack;
	return s;
}

static unsigned int feed_tcp(struct fixture *f, unsigned int port, struct frame_spec s)
{
	struct frame frame = frame_tcp(&s);

	return fixture_feed(f, port, &frame);
}

START_TEST(allowed_connection_crosses_unchanged)
{
	struct fixture *f = fixture_create(POLICY_WEB, 100);
	struct frame_spec s = with(client, 0x18, 1001, 5001);
	struct frame frame;

	fixture_handshake(f, client);
	s.payload = "GET / HTTP/1.1\r\n\r\n";
	frame = frame_tcp(&s);
	ck_assert_uint_eq(fixture_feed(f, 0, &frame), 1);
	ck_assert_uint_eq(fixture_last(f)->port, 1);
	ck_assert_uint_eq(fixture_last(f)->frame.len, frame.len);
	ck_assert_mem_eq(fixture_last(f)->frame.bytes, frame.bytes, frame.len);
	ck_assert_uint_eq(fixture_count(f, WEIR_COUNT_FLOWS_CREATED), 1);
	fixture_destroy(f);
}
END_TEST

START_TEST(both_families_follow_the_same_policy)
{
	struct fixture *f = fixture_create(POLICY_WEB, 100);
	struct frame_spec v6 = {.src = "fd00::2", .dst = "fd01::2", .sport = 40000, .dport = 80};

	fixture_handshake(f, v6);
	v6.dport = 81;
	ck_assert_uint_eq(feed_tcp(f, 0, with(v6, 0x02, 1, 0)), 1);
	ck_assert_uint_eq(fixture_last(f)->port, 0); /* the reset */
	fixture_destroy(f);
}
END_TEST

START_TEST(denied_connection_is_answered_and_never_crosses)
{
	struct fixture *f = fixture_create(POLICY_WEB, 100);
	struct frame_spec s = with(client, 0x02, 1000, 0);
	struct frame_view v;
	struct weir_event e;

	s.dport = 8080;
	ck_assert_uint_eq(feed_tcp(f, 0, s), 1);
	ck_assert_uint_eq(fixture_last(f)->port, 0);
	v = frame_read(&fixture_last(f)->frame);
	ck_assert_uint_eq(v.tcp_flags, 0x14);
	ck_assert_uint_eq(v.ack, 1001);
	ck_assert_uint_eq(v.sport, 8080);
	ck_assert_str_eq(v.src, "10.0.1.2");
	ck_assert_uint_eq(fixture_drops(f, WEIR_DROP_DEFAULT_DENY), 1);
	ck_assert_uint_eq(fixture_events_of(f, WEIR_EVENT_DECISION, &e), 1);
	ck_assert_uint_eq(e.reason, WEIR_DROP_DEFAULT_DENY);
	ck_assert_uint_eq(e.dport, 8080);
	fixture_destroy(f);
}
END_TEST

START_TEST(dropped_connection_is_silent_and_named)
{
	struct fixture *f = fixture_create(POLICY_WEB, 100);
	struct frame_spec s = with(client, 0x02, 1000, 0);
	struct weir_event e;

	s.dport = 23;
	ck_assert_uint_eq(feed_tcp(f, 0, s), 0);
	ck_assert_uint_eq(fixture_drops(f, WEIR_DROP_POLICY_DROP), 1);
	ck_assert_uint_eq(fixture_events_of(f, WEIR_EVENT_DECISION, &e), 1);
	ck_assert_str_eq(weir_names_get(f->names, e.policy), "no-telnet");
	fixture_destroy(f);
}
END_TEST

START_TEST(refused_flow_has_one_record_however_often_it_tries)
{
	struct fixture *f = fixture_create(POLICY_WEB, 100);
	struct frame_spec s = with(client, 0x02, 1000, 0);

	s.dport = 23;
	for (int i = 0; i < 20; i++)
		feed_tcp(f, 0, s);
	ck_assert_uint_eq(fixture_drops(f, WEIR_DROP_POLICY_DROP), 20);
	ck_assert_uint_eq(fixture_events_of(f, WEIR_EVENT_DECISION, NULL), 1);
	fixture_destroy(f);
}
END_TEST

START_TEST(ended_flow_leaves_its_record_with_counts)
{
	struct fixture *f = fixture_create(POLICY_WEB, 100);
	struct weir_event e;

	fixture_handshake(f, client);
	feed_tcp(f, 0, with(client, 0x14, 1001, 5001));
	fixture_wait(f, 60 * WEIR_NS_PER_S);
	ck_assert_uint_eq(fixture_events_of(f, WEIR_EVENT_FLOW, &e), 1);
	ck_assert_uint_eq(e.packets[0], 3);
	ck_assert_uint_eq(e.packets[1], 1);
	ck_assert_str_eq(weir_names_get(f->names, e.policy), "web");
	fixture_destroy(f);
}
END_TEST

START_TEST(refused_connection_looks_refused_and_is_closed)
{
	struct fixture *f = fixture_create(POLICY_WEB, 100);
	struct weir_path_filter all = {0};
	struct weir_path_flow flow;

	ck_assert_uint_eq(feed_tcp(f, 0, with(client, 0x02, 1000, 0)), 1);
	ck_assert_uint_eq(feed_tcp(f, 1, with(server, 0x14, 0, 4711)), 0); /* not our SYN's */
	ck_assert_uint_eq(fixture_drops(f, WEIR_DROP_TCP_BAD_ACK), 1);
	ck_assert_uint_eq(feed_tcp(f, 1, with(server, 0x14, 0, 1001)), 1);
	ck_assert_int_eq(weir_path_flows(f->path, &all, &flow, 1, 100, NULL), 1);
	ck_assert_uint_eq(flow.flow.state, WEIR_FLOW_CLOSED);
	fixture_destroy(f);
}
END_TEST

START_TEST(one_side_cannot_speak_for_the_other)
{
	struct fixture *f = fixture_create(POLICY_WEB, 100);

	fixture_handshake(f, client);
	/* A reset with the server's addresses and the right number, from the client's side. */
	ck_assert_uint_eq(feed_tcp(f, 0, with(server, 0x14, 5001, 1001)), 0);
	ck_assert_uint_eq(fixture_drops(f, WEIR_DROP_TCP_WRONG_SIDE), 1);
	ck_assert_uint_eq(feed_tcp(f, 1, with(server, 0x10, 5001, 1001)), 1);
	fixture_destroy(f);
}
END_TEST

START_TEST(segment_outside_the_window_does_not_cross)
{
	struct fixture *f = fixture_create(POLICY_WEB, 100);
	struct frame_spec s = with(client, 0x18, 0x40000000, 5001);

	fixture_handshake(f, client);
	s.payload = "chaff";
	ck_assert_uint_eq(feed_tcp(f, 0, s), 0);
	ck_assert_uint_eq(fixture_drops(f, WEIR_DROP_TCP_OUT_OF_WINDOW), 1);
	fixture_destroy(f);
}
END_TEST

/* Defaults in one line, after POLICY_WEB. */
#define DEFAULTS(spec) "---\nkind: Defaults\nmetadata: {name: d}\nspec: {" spec "}\n"

START_TEST(midstream_does_what_defaults_say)
{
	static const struct {
		const char *policy;
		unsigned int out_port;
		unsigned int n_out;
		uint64_t dropped;
	} rows[] = {
		{POLICY_WEB, 1, 1, 0},
		{POLICY_WEB DEFAULTS("midstream: deny"), 0, 1, 1},
		{POLICY_WEB DEFAULTS("midstream: drop"), 0, 0, 1},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct fixture *f = fixture_create(rows[i].policy, 100);

		ck_assert_uint_eq(feed_tcp(f, 0, with(client, 0x10, 7, 9)), rows[i].n_out);
		if (rows[i].n_out)
			ck_assert_uint_eq(fixture_last(f)->port, rows[i].out_port);
		ck_assert_uint_eq(fixture_drops(f, WEIR_DROP_TCP_MIDSTREAM), rows[i].dropped);
		fixture_destroy(f);
	}
}
END_TEST

START_TEST(midstream_from_the_server_is_allowed_as_the_clients_flow)
{
	struct fixture *f = fixture_create(POLICY_WEB, 100);
	struct weir_path_filter all = {0};
	struct weir_path_flow flow;

	ck_assert_uint_eq(feed_tcp(f, 1, with(server, 0x10, 7, 9)), 1);
	ck_assert_uint_eq(fixture_last(f)->port, 0);
	ck_assert_int_eq(weir_path_flows(f->path, &all, &flow, 1, 100, NULL), 1);
	ck_assert_uint_eq(flow.flow.port[1], 80);
	ck_assert_uint_eq(flow.flow.side, 0);
	fixture_destroy(f);
}
END_TEST

#define POLICY_SHOP(mode)                                                        \
	POLICY_WEB "---\nkind: Service\nmetadata: {name: shop}\n"                \
		   "spec: {addresses: [servers], ports: [80], protocol: http}\n" \
		   "---\nkind: ThreatPolicy\nmetadata: {name: shop-rules}\n"     \
		   "spec: {services: [shop], rules: {crs: []}, mode: " mode "}\n"

/* Nobody can tell what was said before: nothing goes on by a middle that is to be judged. */
START_TEST(a_protected_service_is_not_reached_by_a_connection_without_its_beginning)
{
	static const struct {
		const char *policy;
		bool passes;
	} rows[] = {
		{POLICY_SHOP("enforce"), false},
		{POLICY_SHOP("detect"), true},
		{POLICY_SHOP("off"), true},
		{POLICY_SHOP("enforce") DEFAULTS("unmatched: allow"), false},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++)
		for (unsigned int from = 0; from < 2; from++) {
			struct fixture *f = fixture_create(rows[i].policy, 100);

			ck_assert_uint_eq(
				feed_tcp(f, from, with(from ? server : client, 0x18, 7, 9)), 1);
			ck_assert_uint_eq(fixture_last(f)->port, rows[i].passes ? !from : from);
			ck_assert_uint_eq(fixture_drops(f, WEIR_DROP_TCP_MIDSTREAM),
					  !rows[i].passes);
			fixture_destroy(f);
		}
}
END_TEST

START_TEST(full_table_does_what_defaults_say)
{
	static const struct {
		const char *policy;
		unsigned int n_out;
		unsigned int out_port;
		uint64_t dropped;
	} rows[] = {
		{POLICY_WEB DEFAULTS("evictHalfOpen: false, failure: {memory: closed}"), 0, 0, 1},
		{POLICY_WEB DEFAULTS("evictHalfOpen: false, failure: {memory: open}"), 1, 1, 0},
		{POLICY_WEB DEFAULTS("evictHalfOpen: false, failure: {memory: reset}"), 1, 0, 1},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct fixture *f = fixture_create(rows[i].policy, 64);
		struct frame_spec s = with(client, 0x02, 1, 0);
		struct weir_path_gauges g;

		for (unsigned int k = 0; k < 4096; k++) {
			weir_path_gauges(f->path, 0, &g);
			if (g.flows == g.flows_max)
				break;
			s.sport = (uint16_t)(1024 + k);
			feed_tcp(f, 0, s);
		}
		ck_assert_uint_eq(g.flows, g.flows_max);
		fixture_events_of(f, WEIR_EVENT_FAILURE, NULL);
		s.sport = 9;
		ck_assert_uint_eq(feed_tcp(f, 0, s), rows[i].n_out);
		if (rows[i].n_out)
			ck_assert_uint_eq(fixture_last(f)->port, rows[i].out_port);
		ck_assert_uint_eq(fixture_drops(f, WEIR_DROP_FLOW_TABLE_FULL), rows[i].dropped);
		ck_assert_uint_eq(fixture_events_of(f, WEIR_EVENT_FAILURE, NULL), 1);
		fixture_destroy(f);
	}
}
END_TEST

START_TEST(half_open_flows_make_room_when_the_table_is_full)
{
	struct fixture *f = fixture_create(POLICY_WEB, 64);
	struct frame_spec s = with(client, 0x02, 1, 0);

	for (unsigned int k = 0; k < 500; k++) {
		s.sport = (uint16_t)(1024 + k);
		ck_assert_uint_eq(feed_tcp(f, 0, s), 1);
		ck_assert_uint_eq(fixture_last(f)->port, 1);
	}
	ck_assert_uint_gt(fixture_count(f, WEIR_COUNT_FLOWS_EVICTED), 400);
	ck_assert_uint_eq(fixture_drops(f, WEIR_DROP_FLOW_TABLE_FULL), 0);
	fixture_destroy(f);
}
END_TEST

/* ---- reload ---- */

#define POLICY_NO_WEB                                                                 \
	"kind: Group\nmetadata: {name: clients}\nspec: {cidrs: [10.0.0.0/24]}\n---\n" \
	"kind: AccessPolicy\nmetadata: {name: nothing}\n"                             \
	"spec: {from: clients, to: any, action: deny}\n"

START_TEST(reload_takes_a_permission_away_from_a_live_flow)
{
	struct fixture *f = fixture_create(POLICY_WEB, 100);
	struct weir_event e;

	fixture_handshake(f, client);
	fixture_reload(f, POLICY_NO_WEB, 2);
	ck_assert_uint_eq(feed_tcp(f, 0, with(client, 0x10, 1001, 5001)), 1);
	ck_assert_uint_eq(fixture_last(f)->port, 0); /* a reset, back to the client */
	ck_assert_uint_eq(frame_read(&fixture_last(f)->frame).tcp_flags & 0x04, 0x04);
	ck_assert_uint_eq(feed_tcp(f, 1, with(server, 0x10, 5001, 1001)), 1);
	ck_assert_uint_eq(fixture_last(f)->port, 1);
	ck_assert_uint_eq(fixture_drops(f, WEIR_DROP_POLICY_DENY), 2);
	ck_assert_uint_eq(fixture_events_of(f, WEIR_EVENT_DECISION, &e), 1);
	ck_assert_uint_eq(e.generation, 2);
	fixture_destroy(f);
}
END_TEST

START_TEST(reload_gives_permission_to_a_refused_flow)
{
	struct fixture *f = fixture_create(POLICY_NO_WEB, 100);

	ck_assert_uint_eq(feed_tcp(f, 0, with(client, 0x02, 1000, 0)), 1);
	ck_assert_uint_eq(fixture_last(f)->port, 0);
	fixture_reload(f, POLICY_WEB, 2);
	fixture_handshake(f, client);
	fixture_destroy(f);
}
END_TEST

START_TEST(flow_of_a_policy_that_keeps_outlives_a_reload)
{
	struct fixture *f = fixture_create(POLICY_WEB DEFAULTS("onChange: keep"), 100);
	struct frame_spec other = with(client, 0x02, 1, 0);

	fixture_handshake(f, client);
	fixture_reload(f, POLICY_NO_WEB, 2);
	ck_assert_uint_eq(feed_tcp(f, 0, with(client, 0x10, 1001, 5001)), 1);
	ck_assert_uint_eq(fixture_last(f)->port, 1);
	other.sport = 40001;
	feed_tcp(f, 0, other);
	ck_assert_uint_eq(fixture_last(f)->port, 0); /* a new one is refused */
	fixture_destroy(f);
}
END_TEST

START_TEST(detect_mode_passes_and_says_what_it_would_have_done)
{
	struct fixture *f = fixture_create(
		POLICY_WEB "---\nkind: AccessPolicy\nmetadata: {name: trial}\n"
			   "spec: {priority: 1, mode: detect, from: clients, to: servers, "
			   "protocol: tcp, ports: [80], action: deny}\n",
		100);
	struct weir_event e;

	fixture_handshake(f, client);
	ck_assert_uint_eq(fixture_count(f, WEIR_COUNT_FLOWS_WOULD_DENY), 1);
	feed_tcp(f, 0, with(client, 0x14, 1001, 5001));
	fixture_wait(f, 60 * WEIR_NS_PER_S);
	ck_assert_uint_eq(fixture_events_of(f, WEIR_EVENT_FLOW, &e), 1);
	ck_assert(e.decision_flags & WEIR_DECISION_WOULD_DENY);
	ck_assert_str_eq(weir_names_get(f->names, e.policy), "trial");
	fixture_destroy(f);
}
END_TEST

static Suite *path_flow_suite(void)
{
	return WEIR_SUITE(
		"path flow", allowed_connection_crosses_unchanged,
		both_families_follow_the_same_policy,
		denied_connection_is_answered_and_never_crosses,
		dropped_connection_is_silent_and_named,
		refused_flow_has_one_record_however_often_it_tries,
		ended_flow_leaves_its_record_with_counts,
		refused_connection_looks_refused_and_is_closed, one_side_cannot_speak_for_the_other,
		segment_outside_the_window_does_not_cross, midstream_does_what_defaults_say,
		midstream_from_the_server_is_allowed_as_the_clients_flow,
		a_protected_service_is_not_reached_by_a_connection_without_its_beginning,
		full_table_does_what_defaults_say, half_open_flows_make_room_when_the_table_is_full,
		reload_takes_a_permission_away_from_a_live_flow,
		reload_gives_permission_to_a_refused_flow,
		flow_of_a_policy_that_keeps_outlives_a_reload,
		detect_mode_passes_and_says_what_it_would_have_done);
}

WEIR_TEST_MAIN(path_flow_suite, path_answer_suite, path_special_suite, path_control_suite,
	       path_pools_suite, path_http_suite, path_http_refuse_suite, path_http_random_suite,
	       path_http_turn_suite, path_http2_suite, path_http2_end_suite, path_http2_evict_suite,
	       path_http2_grpc_suite, path_http2_grpc_answer_suite, path_http2_scan_suite,
	       path_hello_suite, path_identity_suite, path_look_suite, path_intercept_suite,
	       path_tls_suite, path_tls_end_suite, path_tls_random_suite, path_waf_suite,
	       path_http_text_suite, path_http_grpc_suite, path_tls_http2_suite,
	       path_tls_name_suite, path_tls_close_suite, path_translate_suite,
	       path_translate_end_suite, path_http_cut_suite)
