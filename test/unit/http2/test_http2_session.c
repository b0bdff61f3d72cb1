/* SPDX-License-Identifier: BSD-3-Clause */
/* Sessions against nghttp2, as client and as server. */
#include "http2_test.h"

#include <stdio.h>

#define MIB     (1u << 20)
#define MANY    40u
#define GET_1_1 "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

/* The server's side echoes sizes: `answer` of the owner. */
static void requests_go(size_t body, unsigned int n, size_t step, bool trailers)
{
	struct owner *o = owner_create(true, NULL);
	struct peer *p = peer_create(o, 65535);
	int32_t id[MANY];

	o->answer = true;
	for (unsigned int i = 0; i < n; i++)
		id[i] = peer_request(p, "/a?b", body, trailers);
	pump(p, step);
	for (unsigned int i = 0; i < n; i++) {
		struct seen *x = seen_of(o, (uint32_t)id[i]);

		ck_assert_uint_eq(x->received, body);
		ck_assert_uint_eq(x->sum, sum_of((uint32_t)id[i], body));
		ck_assert_int_eq(x->why, WEIR_HTTP2_OK);
		ck_assert_uint_eq(x->closes, 1);
		ck_assert_str_eq(x->trailers, trailers ? "x-end: yes\n" : "");
		ck_assert_uint_eq(peer_of(p, id[i])->received, body);
		ck_assert_uint_eq(peer_of(p, id[i])->sum, sum_of((uint32_t)id[i], body));
		ck_assert_uint_eq(peer_of(p, id[i])->code, 0);
		ck_assert_uint_eq(peer_of(p, id[i])->closes, 1);
		ck_assert_str_eq(peer_of(p, id[i])->head, ":status: 200\n");
	}
	ck_assert_uint_eq(weir_http2_streams(o->s), 0);
	peer_destroy(p);
	owner_destroy(o);
}

START_TEST(a_client_gets_its_answers)
{
	requests_go(0, 1, 4096, false);
	requests_go(0, MANY, 1, false);
	requests_go(1000, MANY, 1, true);
	requests_go(100000, 3, 7, true);
}
END_TEST

START_TEST(bodies_of_one_mib_go_both_ways_over_many_streams_at_once)
{
	requests_go(MIB, MANY, 16384, false);
}
END_TEST

/* Towards a server: weir asks. */
static void answers_come(size_t body, size_t answer, unsigned int n, size_t step, bool trailers)
{
	struct owner *o = owner_create(false, NULL);
	struct peer *p = peer_create(o, 65535);
	enum weir_http2_error why;
	uint32_t id[MANY];

	pump(p, step);
	for (unsigned int i = 0; i < n; i++) {
		struct weir_http2_stream *st = owner_request(
			o,
			body ? "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
			     : "GET /x HTTP/1.1\r\nHost: a\r\nUser-Agent: u\r\n\r\n",
			body, &why);

		ck_assert_ptr_nonnull(st);
		id[i] = weir_http2_stream_id(st);
		seen_of(o, id[i])->trailers_follow = trailers;
		peer_of(p, (int32_t)id[i])->answer = answer;
		peer_of(p, (int32_t)id[i])->trailers = trailers;
	}
	pump(p, step);
	for (unsigned int i = 0; i < n; i++) {
		struct seen *x = seen_of(o, id[i]);
		struct peer_stream *y = peer_of(p, (int32_t)id[i]);

		ck_assert_uint_eq(y->received, body);
		ck_assert_uint_eq(y->sum, sum_of(id[i], body));
		ck_assert_uint_eq(x->received, answer);
		ck_assert_uint_eq(x->sum, sum_of(id[i], answer));
		ck_assert_int_eq(x->why, WEIR_HTTP2_OK);
		ck_assert_uint_eq(x->closes, 1);
		ck_assert_str_eq(x->trailers, trailers ? "x-end: yes\n" : "");
		if (trailers)
			ck_assert_ptr_nonnull(strstr(y->head, "grpc-status: 0\n"));
	}
	peer_destroy(p);
	owner_destroy(o);
}

START_TEST(a_server_answers)
{
	answers_come(0, 10, 1, 1, false);
	answers_come(0, 10, MANY, 1, false);
	answers_come(5000, 70000, 5, 3, true);
	answers_come(MIB, MIB, MANY, 16384, false);
}
END_TEST

START_TEST(a_writer_that_takes_a_byte_at_a_time_gets_the_same)
{
	struct owner *o = owner_create(true, NULL);
	struct peer *p = peer_create(o, 65535);
	int32_t id = peer_request(p, "/", 3000, true);

	o->answer = true;
	o->write_room = 0;
	pump(p, 1);
	for (unsigned int i = 0; i < 20000 && !peer_of(p, id)->closes; i++) {
		o->write_room = 1;
		pump(p, 1);
	}
	ck_assert_uint_eq(peer_of(p, id)->received, 3000);
	ck_assert_uint_eq(peer_of(p, id)->sum, sum_of((uint32_t)id, 3000));
	peer_destroy(p);
	owner_destroy(o);
}
END_TEST

START_TEST(what_the_owner_resets_is_closed_once_and_tells_nothing_more)
{
	struct owner *o = owner_create(true, NULL);
	struct peer *p = peer_create(o, 65535);
	int32_t id = peer_request(p, "/", 300000, false);

	o->reset_on_head = true;
	pump(p, 100);
	ck_assert_uint_eq(seen_of(o, (uint32_t)id)->received, 0);
	ck_assert_uint_eq(seen_of(o, (uint32_t)id)->closes, 1);
	ck_assert_int_eq(seen_of(o, (uint32_t)id)->why, WEIR_HTTP2_E_OWNER);
	ck_assert_uint_eq(peer_of(p, id)->code, WEIR_HTTP2_CANCEL);
	/* The window of all is whole again: others are not starved. */
	o->reset_on_head = false;
	o->answer = true;
	for (unsigned int i = 0; i < 5; i++)
		id = peer_request(p, "/", MIB, false);
	pump(p, 16384);
	ck_assert_uint_eq(peer_of(p, id)->received, MIB);
	peer_destroy(p);
	owner_destroy(o);
}
END_TEST

START_TEST(what_the_peer_resets_is_told)
{
	struct owner *o = owner_create(true, NULL);
	struct peer *p = peer_create(o, 65535);
	int32_t id = peer_request(p, "/", 300000, false);

	o->hold = true;
	pump(p, 100);
	ck_assert_uint_eq(seen_of(o, (uint32_t)id)->heads, 1);
	ck_assert_int_eq(nghttp2_submit_rst_stream(p->ng, 0, id, NGHTTP2_CANCEL), 0);
	pump(p, 100);
	ck_assert_uint_eq(seen_of(o, (uint32_t)id)->closes, 1);
	ck_assert_int_eq(seen_of(o, (uint32_t)id)->why, WEIR_HTTP2_E_PEER_RESET);
	ck_assert_uint_eq(seen_of(o, (uint32_t)id)->code, NGHTTP2_CANCEL);
	ck_assert_uint_eq(seen_of(o, (uint32_t)id)->bads, 0);
	peer_destroy(p);
	owner_destroy(o);
}
END_TEST

START_TEST(a_request_can_be_reset_before_it_was_sent)
{
	struct owner *o = owner_create(false, NULL);
	struct peer *p = peer_create(o, 65535);
	enum weir_http2_error why;
	struct weir_http2_stream *st;

	st = owner_request(o, GET_1_1, 0, &why);
	ck_assert_ptr_nonnull(st);
	weir_http2_reset(st, WEIR_HTTP2_CANCEL);
	pump(p, 1);
	ck_assert_uint_eq(seen_of(o, 1)->closes, 1);
	ck_assert_int_eq(seen_of(o, 1)->why, WEIR_HTTP2_E_OWNER);
	ck_assert_uint_eq(weir_http2_streams(o->s), 0);
	peer_destroy(p);
	owner_destroy(o);
}
END_TEST

START_TEST(content_that_breaks_off_resets_the_stream)
{
	struct owner *o = owner_create(true, NULL);
	struct peer *p = peer_create(o, 65535);
	struct weir_http_head h = {.status = 200, .framing = WEIR_HTTP_CHUNKED};
	int32_t id = peer_request(p, "/", 0, false);
	struct seen *x = seen_of(o, (uint32_t)id);

	pump(p, 100);
	x->to_send = MIB;
	x->broken = true;
	ck_assert_int_eq(weir_http2_response(x->st, &h, true), WEIR_HTTP2_OK);
	pump(p, 100);
	ck_assert_uint_eq(peer_of(p, id)->code, NGHTTP2_INTERNAL_ERROR);
	ck_assert_int_eq(x->why, WEIR_HTTP2_E_OWNER);
	peer_destroy(p);
	owner_destroy(o);
}
END_TEST

START_TEST(content_that_is_not_as_long_as_its_length_says_resets_the_stream)
{
	static const size_t lengths[] = {9, 11, 0};

	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(lengths); i++) {
		struct owner *o = owner_create(true, NULL);
		struct peer *p = peer_create(o, 65535);
		struct weir_http_head h = {
			.status = 200, .framing = WEIR_HTTP_LENGTH, .length = 10};
		int32_t id = peer_request(p, "/", 0, false);
		struct seen *x = seen_of(o, (uint32_t)id);

		pump(p, 100);
		x->to_send = lengths[i];
		ck_assert_int_eq(weir_http2_response(x->st, &h, true), WEIR_HTTP2_OK);
		pump(p, 100);
		ck_assert_int_eq(x->why, WEIR_HTTP2_E_LENGTH_MISMATCH);
		ck_assert_uint_eq(peer_of(p, id)->code, NGHTTP2_INTERNAL_ERROR);
		ck_assert_uint_eq(peer_of(p, id)->received, 0);
		peer_destroy(p);
		owner_destroy(o);
	}
}
END_TEST

/* ---- going away ---- */

START_TEST(a_server_that_drains_ends_what_is_open_and_takes_no_more)
{
	struct owner *o = owner_create(true, NULL);
	struct peer *p = peer_create(o, 65535);
	struct weir_http_head h = {.status = 200, .framing = WEIR_HTTP_NO_BODY};
	int32_t id = peer_request(p, "/", 0, false), late;

	pump(p, 100);
	weir_http2_drain(o->s);
	pump(p, 100);
	ck_assert_uint_eq(p->goaways, 1);
	ck_assert_uint_eq(p->goaway, 0);
	weir_http2_drain(o->s);
	/* What the client has sent before it has read that. */
	weir_http2_flush(o->s, o->now_ns);
	late = id + 2;
	pump(p, 100);
	ck_assert_uint_eq(p->goaways, 2);
	ck_assert(!weir_http2_is_over(o->s));
	ck_assert_int_eq(weir_http2_response(seen_of(o, (uint32_t)id)->st, &h, false),
			 WEIR_HTTP2_OK);
	pump(p, 100);
	ck_assert_uint_eq(peer_of(p, id)->code, 0);
	ck_assert_uint_eq(peer_of(p, id)->closes, 1);
	ck_assert_uint_eq(seen_of(o, (uint32_t)late)->heads, 0);
	ck_assert_uint_eq(o->overs, 1);
	ck_assert_int_eq(o->over, WEIR_HTTP2_OK);
	peer_destroy(p);
	owner_destroy(o);
}
END_TEST

START_TEST(a_client_hears_that_its_server_goes_and_which_requests_it_has_not_seen)
{
	struct owner *o = owner_create(false, NULL);
	struct raw *r = raw_create();
	enum weir_http2_error why;

	raw_begin(r, false);
	ck_assert_int_eq(raw_give(r, o, 1), WEIR_HTTP2_OK);
	ck_assert_ptr_nonnull(owner_request(o, GET_1_1, 0, &why));
	ck_assert_ptr_nonnull(owner_request(o, GET_1_1, 0, &why));
	weir_http2_flush(o->s, o->now_ns);
	raw_frame(r, NGHTTP2_GOAWAY, 0, 0, "\0\0\0\1\0\0\0\0", 8);
	ck_assert_int_eq(raw_give(r, o, 1), WEIR_HTTP2_OK);
	ck_assert_uint_eq(o->goaways, 1);
	ck_assert_int_eq(seen_of(o, 3)->why, WEIR_HTTP2_E_PEER_GOAWAY);
	ck_assert_uint_eq(seen_of(o, 1)->closes, 0);
	ck_assert(!weir_http2_has_room(o->s));
	ck_assert_ptr_null(owner_request(o, GET_1_1, 0, &why));
	ck_assert_int_eq(why, WEIR_HTTP2_E_NO_ROOM);
	raw_headers(r, 1, END_STREAM, F(":status", "200"));
	(void)raw_give(r, o, 1);
	ck_assert_int_eq(seen_of(o, 1)->why, WEIR_HTTP2_OK);
	ck_assert_uint_eq(seen_of(o, 1)->closes, 1);
	ck_assert_uint_eq(o->overs, 1);
	ck_assert_int_eq(o->over, WEIR_HTTP2_OK);
	raw_destroy(r);
	owner_destroy(o);
}
END_TEST

START_TEST(the_owner_may_end_a_session_at_once)
{
	struct owner *o = owner_create(true, NULL);
	struct peer *p = peer_create(o, 65535);
	int32_t id = peer_request(p, "/", 300000, false);

	o->hold = true;
	pump(p, 100);
	weir_http2_end(o->s, WEIR_HTTP2_E_OWNER);
	weir_http2_flush(o->s, o->now_ns);
	ck_assert_uint_eq(wrote_goaway(o), WEIR_HTTP2_CANCEL);
	ck_assert_int_eq(o->over, WEIR_HTTP2_E_OWNER);
	ck_assert_uint_eq(seen_of(o, (uint32_t)id)->closes, 1);
	peer_destroy(p);
	owner_destroy(o);
}
END_TEST

START_TEST(a_session_that_is_destroyed_closes_its_streams)
{
	struct owner *o = owner_create(true, NULL);
	struct peer *p = peer_create(o, 65535);
	int32_t id = peer_request(p, "/", 300000, false);
	struct weir_http2_session *s = o->s;

	o->hold = true;
	pump(p, 100);
	weir_http2_session_destroy(s);
	ck_assert_uint_eq(seen_of(o, (uint32_t)id)->closes, 1);
	ck_assert_int_eq(seen_of(o, (uint32_t)id)->why, WEIR_HTTP2_E_OVER);
	o->s = NULL;
	peer_destroy(p);
	owner_destroy(o);
}
END_TEST

START_TEST(a_ping_is_answered)
{
	struct owner *o = owner_create(true, NULL);
	struct raw *r = raw_create();
	struct weir_bytes b;

	raw_begin(r, true);
	raw_frame(r, NGHTTP2_PING, 0, 0, "abcdefgh", 8);
	ck_assert_int_eq(raw_give(r, o, 1), WEIR_HTTP2_OK);
	ck_assert(wrote_frame(o, NGHTTP2_PING, 0, &b));
	ck_assert(weir_bytes_is(b, "abcdefgh"));
	raw_destroy(r);
	owner_destroy(o);
}
END_TEST

START_TEST(no_more_streams_are_opened_than_the_server_takes)
{
	struct owner *o = owner_create(false, NULL);
	struct raw *r = raw_create();
	enum weir_http2_error why;

	raw_frame(r, NGHTTP2_SETTINGS, 0, 0, "\0\3\0\0\0\2", 6);
	raw_frame(r, NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0, NULL, 0);
	ck_assert_int_eq(raw_give(r, o, 1), WEIR_HTTP2_OK);
	ck_assert_ptr_nonnull(owner_request(o, GET_1_1, 0, &why));
	ck_assert_ptr_nonnull(owner_request(o, GET_1_1, 0, &why));
	ck_assert(!weir_http2_has_room(o->s));
	ck_assert_ptr_null(owner_request(o, GET_1_1, 0, &why));
	ck_assert_int_eq(why, WEIR_HTTP2_E_NO_ROOM);
	weir_http2_flush(o->s, o->now_ns);
	raw_headers(r, 1, END_STREAM, F(":status", "200"));
	ck_assert_int_eq(raw_give(r, o, 1), WEIR_HTTP2_OK);
	ck_assert_ptr_nonnull(owner_request(o, GET_1_1, 0, &why));
	raw_destroy(r);
	owner_destroy(o);
}
END_TEST

Suite *peer_suite(void)
{
	return WEIR_SUITE("http2 session", a_client_gets_its_answers,
			  bodies_of_one_mib_go_both_ways_over_many_streams_at_once,
			  a_server_answers, a_writer_that_takes_a_byte_at_a_time_gets_the_same,
			  what_the_owner_resets_is_closed_once_and_tells_nothing_more,
			  what_the_peer_resets_is_told, a_request_can_be_reset_before_it_was_sent,
			  content_that_breaks_off_resets_the_stream,
			  content_that_is_not_as_long_as_its_length_says_resets_the_stream,
			  a_server_that_drains_ends_what_is_open_and_takes_no_more,
			  a_client_hears_that_its_server_goes_and_which_requests_it_has_not_seen,
			  the_owner_may_end_a_session_at_once,
			  a_session_that_is_destroyed_closes_its_streams, a_ping_is_answered,
			  no_more_streams_are_opened_than_the_server_takes);
}
