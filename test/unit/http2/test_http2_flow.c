/* SPDX-License-Identifier: BSD-3-Clause */
/* Flow control end to end: who does not read bounds what the other may send, and all memory. */
#include "http2_test.h"

#define MIB (1u << 20)

START_TEST(an_owner_that_consumes_nothing_gets_a_window_and_no_more)
{
	struct owner *o = owner_create(true, NULL);
	struct peer *p = peer_create(o, 65535);
	const struct weir_http2_limits *l = &weir_http2_limits_default;
	size_t all = 0, peak;

	o->hold = true;
	for (unsigned int i = 0; i < 10; i++)
		(void)peer_request(p, "/", 4 * MIB, false);
	pump(p, 16384);
	for (uint32_t id = 1; id < 20; id += 2) {
		ck_assert_uint_le(seen_of(o, id)->held, l->stream_window);
		all += seen_of(o, id)->held;
	}
	ck_assert_uint_eq(all, l->session_window);
	(void)weir_http2_memory(o->s, &peak);
	ck_assert_uint_lt(peak, 64 << 10); /* content lies with the owner, not here */
	peer_destroy(p);
	owner_destroy(o);
}
END_TEST

START_TEST(what_is_consumed_may_be_sent_anew)
{
	struct owner *o = owner_create(true, NULL);
	struct peer *p = peer_create(o, 65535);
	struct seen *x = seen_of(o, 1);

	o->hold = true;
	ck_assert_int_eq(peer_request(p, "/", 4 * MIB, false), 1);
	for (unsigned int i = 0; i < 100 && !x->ended; i++) {
		pump(p, 16384);
		ck_assert_uint_le(x->held, weir_http2_limits_default.stream_window);
		weir_http2_consume(x->st, x->held);
		x->held = 0;
	}
	ck_assert_uint_eq(x->received, 4 * MIB);
	ck_assert_uint_eq(x->sum, sum_of(1, 4 * MIB));
	peer_destroy(p);
	owner_destroy(o);
}
END_TEST

/* Streams that have ended still hold the window of all, as long as their content lies there. */
START_TEST(a_stream_is_closed_when_all_of_it_is_consumed)
{
	struct owner *o = owner_create(true, NULL);
	struct peer *p = peer_create(o, 65535);
	size_t held = 0;

	o->hold = o->answer_empty = true;
	for (unsigned int i = 0; i < 40; i++) {
		(void)peer_request(p, "/", 100000, false);
		pump(p, 16384);
	}
	for (uint32_t id = 1; id < 80; id += 2)
		held += seen_of(o, id)->held;
	ck_assert_uint_eq(held, weir_http2_limits_default.session_window);
	ck_assert(seen_of(o, 1)->ended && peer_of(p, 1)->closes == 1);
	ck_assert_uint_eq(seen_of(o, 1)->closes, 0);
	for (unsigned int i = 0; i < 100; i++) {
		for (uint32_t id = 1; id < 80; id += 2) {
			struct seen *x = seen_of(o, id);

			if (x->held)
				weir_http2_consume(x->st, x->held);
			x->held = 0;
		}
		pump(p, 16384);
	}
	for (uint32_t id = 1; id < 80; id += 2) {
		ck_assert_uint_eq(seen_of(o, id)->received, 100000);
		ck_assert_uint_eq(seen_of(o, id)->closes, 1);
		ck_assert_int_eq(seen_of(o, id)->why, WEIR_HTTP2_OK);
	}
	peer_destroy(p);
	owner_destroy(o);
}
END_TEST

START_TEST(a_stream_that_is_over_can_be_let_go_unconsumed)
{
	struct owner *o = owner_create(true, NULL);
	struct peer *p = peer_create(o, 65535);

	o->hold = o->answer_empty = true;
	(void)peer_request(p, "/", 1000, false);
	pump(p, 16384);
	ck_assert_uint_eq(weir_http2_streams(o->s), 0);
	/* The session is not over before it is. */
	weir_http2_drain(o->s);
	weir_http2_drain(o->s);
	pump(p, 16384);
	ck_assert_uint_eq(o->overs, 0);
	weir_http2_reset(seen_of(o, 1)->st, WEIR_HTTP2_CANCEL);
	pump(p, 16384);
	ck_assert_uint_eq(seen_of(o, 1)->closes, 1);
	ck_assert_int_eq(seen_of(o, 1)->why, WEIR_HTTP2_OK);
	ck_assert_uint_eq(o->overs, 1);
	peer_destroy(p);
	owner_destroy(o);
}
END_TEST

START_TEST(one_stream_that_waits_does_not_stop_the_others)
{
	struct owner *o = owner_create(true, NULL);
	struct peer *p = peer_create(o, 65535);

	o->hold = true;
	ck_assert_int_eq(peer_request(p, "/", 4 * MIB, false), 1);
	pump(p, 16384);
	o->hold = false;
	ck_assert_int_eq(peer_request(p, "/", 2 * MIB, false), 3);
	pump(p, 16384);
	ck_assert_uint_eq(seen_of(o, 3)->received, 2 * MIB);
	ck_assert_uint_eq(seen_of(o, 1)->received, weir_http2_limits_default.stream_window);
	peer_destroy(p);
	owner_destroy(o);
}
END_TEST

START_TEST(more_than_the_window_is_an_error)
{
	struct weir_http2_limits limits = weir_http2_limits_default;
	static const uint8_t data[16384];
	struct owner *o;
	struct raw *r = raw_create();
	enum weir_http2_error e = WEIR_HTTP2_OK;

	limits.stream_window = 65535;
	limits.session_window = 1 << 20;
	o = owner_create(true, &limits);
	o->hold = true;
	raw_begin(r, true);
	raw_headers(r, 1, 0, POST);
	ck_assert_int_eq(raw_give(r, o, 1), WEIR_HTTP2_OK);
	for (unsigned int i = 0; i < 5; i++) {
		raw_frame(r, NGHTTP2_DATA, 0, 1, data, sizeof(data));
		e = raw_give(r, o, 1000);
	}
	/* Of a stream's window it costs the stream or all, as nghttp2 sees it: never goes on. */
	ck_assert(e == WEIR_HTTP2_E_FLOW_CONTROL ||
		  seen_of(o, 1)->why == WEIR_HTTP2_E_FLOW_CONTROL);
	ck_assert_uint_le(seen_of(o, 1)->received, 65535);
	raw_destroy(r);
	owner_destroy(o);
}
END_TEST

/* ---- the peer does not read ---- */

static int32_t begin_response(struct owner *o, struct peer *p, size_t body)
{
	struct weir_http_head h = {.status = 200, .framing = WEIR_HTTP_CHUNKED};
	int32_t id = peer_request(p, "/", 0, false);
	struct seen *x = seen_of(o, (uint32_t)id);

	pump(p, 100);
	x->to_send = body;
	ck_assert_int_eq(weir_http2_response(x->st, &h, true), WEIR_HTTP2_OK);
	return id;
}

START_TEST(no_more_is_pulled_than_the_peer_has_room_for)
{
	struct owner *o = owner_create(true, NULL);
	struct peer *p = peer_create(o, 1000);
	int32_t id;

	p->hold = true;
	id = begin_response(o, p, MIB);
	pump(p, 100);
	ck_assert_uint_eq(seen_of(o, (uint32_t)id)->sent, 1000);
	ck_assert_uint_eq(peer_of(p, id)->received, 1000);
	ck_assert_int_eq(nghttp2_session_consume(p->ng, id, 1000), 0);
	pump(p, 100);
	ck_assert_uint_eq(seen_of(o, (uint32_t)id)->sent, 2000);
	peer_destroy(p);
	owner_destroy(o);
}
END_TEST

START_TEST(a_window_that_stays_shut_costs_the_stream)
{
	struct owner *o = owner_create(true, NULL);
	struct peer *p = peer_create(o, 0);
	int32_t id;

	p->hold = true;
	id = begin_response(o, p, MIB);
	pump(p, 100);
	ck_assert_uint_eq(seen_of(o, (uint32_t)id)->sent, 0);
	o->now_ns += 29 * SECOND;
	weir_http2_tick(o->s, o->now_ns);
	pump(p, 100);
	ck_assert_uint_eq(seen_of(o, (uint32_t)id)->closes, 0);
	o->now_ns += 2 * SECOND;
	weir_http2_tick(o->s, o->now_ns);
	pump(p, 100);
	ck_assert_int_eq(seen_of(o, (uint32_t)id)->why, WEIR_HTTP2_E_STALLED);
	ck_assert_uint_eq(peer_of(p, id)->code, WEIR_HTTP2_ENHANCE_YOUR_CALM);
	peer_destroy(p);
	owner_destroy(o);
}
END_TEST

/* The window of all is what the peer is slow with. */
static void check_shares(struct owner *o, struct peer *p, const int32_t ids[3])
{
	size_t taken[3] = {0};

	for (unsigned int round = 0; round < 100; round++) {
		pump(p, 16384);
		for (unsigned int i = 0; i < 3; i++) {
			size_t n = peer_of(p, ids[i])->received - taken[i];

			taken[i] += n;
			ck_assert_int_eq(nghttp2_session_consume(p->ng, ids[i], n), 0);
		}
		o->now_ns += SECOND;
		weir_http2_tick(o->s, o->now_ns);
	}
	for (unsigned int i = 0; i < 3; i++) {
		ck_assert_uint_gt(taken[i], MIB);
		ck_assert_uint_eq(seen_of(o, (uint32_t)ids[i])->closes, 0);
	}
}

START_TEST(responses_have_their_share_of_a_slow_peer)
{
	struct owner *o = owner_create(true, NULL);
	struct peer *p = peer_create(o, 4 * MIB);
	int32_t ids[3];

	p->hold = true;
	for (unsigned int i = 0; i < 3; i++)
		ids[i] = begin_response(o, p, 4 * MIB);
	check_shares(o, p, ids);
	peer_destroy(p);
	owner_destroy(o);
}
END_TEST

START_TEST(requests_have_their_share_of_a_slow_peer)
{
	static const char post[] =
		"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
	struct owner *o = owner_create(false, NULL);
	struct peer *p = peer_create(o, 4 * MIB);
	int32_t ids[3] = {1, 3, 5};
	enum weir_http2_error why;

	p->hold = true;
	pump(p, 16384);
	for (unsigned int i = 0; i < 3; i++)
		ck_assert_ptr_nonnull(owner_request(o, post, 4 * MIB, &why));
	check_shares(o, p, ids);
	peer_destroy(p);
	owner_destroy(o);
}
END_TEST

/* Where many have a share it comes seldom, which is no stall. */
START_TEST(a_stream_that_waits_for_others_has_not_stalled)
{
	struct owner *o = owner_create(true, NULL);
	struct peer *p = peer_create(o, MIB);
	int32_t id;

	p->hold = true;
	for (unsigned int i = 0; i < 20; i++)
		id = begin_response(o, p, MIB);
	for (unsigned int round = 0; round < 100; round++) {
		pump(p, 16384);
		ck_assert_int_eq(nghttp2_session_consume_connection(p->ng, 8192), 0);
		o->now_ns += 5 * SECOND;
		weir_http2_tick(o->s, o->now_ns);
	}
	ck_assert_uint_eq(seen_of(o, (uint32_t)id)->closes, 0);
	ck_assert_uint_gt(peer_of(p, id)->received, 0);
	o->now_ns += 31 * SECOND;
	weir_http2_tick(o->s, o->now_ns);
	ck_assert_int_eq(seen_of(o, (uint32_t)id)->why, WEIR_HTTP2_E_STALLED);
	peer_destroy(p);
	owner_destroy(o);
}
END_TEST

START_TEST(an_owner_that_has_nothing_to_send_is_no_stall)
{
	struct owner *o = owner_create(true, NULL);
	struct peer *p = peer_create(o, 65535);
	int32_t id = begin_response(o, p, 0);
	struct seen *x = seen_of(o, (uint32_t)id);

	x->queued = true;
	pump(p, 100);
	o->now_ns += 100 * SECOND;
	weir_http2_tick(o->s, o->now_ns);
	ck_assert_uint_eq(x->closes, 0);
	/* And goes on when there is something. */
	ck_assert(weir_http2_queue_add(o->s, &x->queue, weir_bytes_str("hello")));
	weir_http2_resume(x->st);
	pump(p, 1);
	ck_assert_uint_eq(peer_of(p, id)->received, 5);
	x->queue_ends = true;
	ck_assert(weir_http2_queue_add(o->s, &x->queue, weir_bytes_str("!")));
	weir_http2_resume(x->st);
	pump(p, 1);
	ck_assert_uint_eq(peer_of(p, id)->received, 6);
	ck_assert(peer_of(p, id)->ended);
	peer_destroy(p);
	owner_destroy(o);
}
END_TEST

START_TEST(a_window_opened_by_a_byte_at_a_time_is_bounded)
{
	struct owner *o = owner_create(true, NULL);
	struct raw *r = raw_create();
	struct weir_http_head h = {.status = 200, .framing = WEIR_HTTP_CHUNKED};
	enum weir_http2_error e = WEIR_HTTP2_OK;
	struct seen *x = seen_of(o, 1);

	raw_bytes(r, NGHTTP2_CLIENT_MAGIC, NGHTTP2_CLIENT_MAGIC_LEN);
	raw_frame(r, NGHTTP2_SETTINGS, 0, 0, "\0\4\0\0\0\0", 6); /* windows of 0 */
	raw_frame(r, NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0, NULL, 0);
	raw_headers(r, 1, END_STREAM, GET);
	ck_assert_int_eq(raw_give(r, o, 1000), WEIR_HTTP2_OK);
	x->to_send = MIB;
	ck_assert_int_eq(weir_http2_response(x->st, &h, true), WEIR_HTTP2_OK);
	for (unsigned int i = 0; i < 10000 && !e; i++) {
		raw_frame(r, NGHTTP2_WINDOW_UPDATE, 0, 1, "\0\0\0\1", 4);
		e = raw_give(r, o, 1000);
	}
	ck_assert_int_eq(e, WEIR_HTTP2_E_WINDOW_FLOOD);
	ck_assert_uint_le(x->sent, 2000);
	raw_destroy(r);
	owner_destroy(o);
}
END_TEST

START_TEST(a_reader_that_opens_its_window_often_for_much_is_no_flood)
{
	struct owner *o = owner_create(true, NULL);
	struct peer *p = peer_create(o, 4096); /* two WINDOW_UPDATE for each 2 KiB */
	int32_t id = begin_response(o, p, 16 * MIB);

	pump(p, 16384);
	ck_assert_uint_eq(peer_of(p, id)->received, 16 * MIB);
	ck_assert_uint_eq(o->overs, 0);
	peer_destroy(p);
	owner_destroy(o);
}
END_TEST

START_TEST(an_idle_session_is_small)
{
	struct owner *o = owner_create(true, NULL);
	struct peer *p = peer_create(o, 65535);

	o->answer = true;
	(void)peer_request(p, "/", 1000, false);
	pump(p, 16384);
	ck_assert_uint_lt(weir_http2_memory(o->s, NULL), 36 << 10);
	peer_destroy(p);
	owner_destroy(o);
}
END_TEST

Suite *flow_suite(void)
{
	return WEIR_SUITE(
		"http2 flow", an_owner_that_consumes_nothing_gets_a_window_and_no_more,
		what_is_consumed_may_be_sent_anew, a_stream_is_closed_when_all_of_it_is_consumed,
		a_stream_that_is_over_can_be_let_go_unconsumed,
		one_stream_that_waits_does_not_stop_the_others, more_than_the_window_is_an_error,
		no_more_is_pulled_than_the_peer_has_room_for,
		a_window_that_stays_shut_costs_the_stream,
		responses_have_their_share_of_a_slow_peer, requests_have_their_share_of_a_slow_peer,
		a_stream_that_waits_for_others_has_not_stalled,
		an_owner_that_has_nothing_to_send_is_no_stall,
		a_window_opened_by_a_byte_at_a_time_is_bounded,
		a_reader_that_opens_its_window_often_for_much_is_no_flood,
		an_idle_session_is_small);
}
