/* SPDX-License-Identifier: BSD-3-Clause */
/* How streams and connections of HTTP/2 end: by either peer, by time, by what is wrong; what the
 * other one is told, and what is recorded. */
#include "http2_lab.h"

#include <stdio.h>

Suite *path_http2_end_suite(void);

#define FORM "Content-Type: application/x-www-form-urlencoded\r\n"
#define POST "POST / HTTP/1.1\r\nHost: shop.example\r\n"
#define OK5  "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"

/* A stream that never ends: the client has more to say. */
static uint32_t begin_upload(struct h2_lab *l, const char *head, const char *body)
{
	uint32_t id = h2_send(l, head, body, strlen(body));

	h2_seen(l, CLIENT, id)->wait = true;
	h2_pump(l);
	return id;
}

static void check_next(struct h2_lab *l)
{
	uint32_t id = h2_get(l, "/next");

	h2_answer(l, l->end[SERVER].last, OK5, "hello", 5);
	ck_assert_uint_eq(h2_seen(l, CLIENT, id)->status, 200);
	ck_assert(h2_seen(l, CLIENT, id)->ended);
}

static uint64_t bad(const struct h2_lab *l, unsigned int leg, enum weir_http2_error e)
{
	return weir_path_bad_http2(l->l->f->path, 0, leg, e);
}

/* ---- the server ends ---- */

START_TEST(when_the_server_closes_the_client_is_told_and_both_end)
{
	struct h2_lab *l = h2_lab_create((enum h2_way)_i, "");

	check_next(l);
	h2_close(l, SERVER);
	ck_assert(l->end[CLIENT].goaway);
	ck_assert_uint_eq(l->end[CLIENT].goaway_code, WEIR_HTTP2_NO_ERROR);
	ck_assert(l->l->end[CLIENT].fin && !l->l->end[CLIENT].rst);
	h2_lab_destroy(l);
}
END_TEST

/* Of those that wait for their turn in HTTP/1.1 the server has seen nothing. */
START_TEST(what_a_server_that_closes_has_not_seen_may_be_sent_again)
{
	struct h2_lab *l = h2_lab_create((enum h2_way)_i, "");
	uint32_t ids[4];

	for (unsigned int i = 0; i < 4; i++)
		ids[i] = h2_get(l, "/");
	ck_assert_uint_eq(h2_requests(l), 1);
	h2_say1(l, OK5 "hello", strlen(OK5 "hello"));
	ck_assert_uint_eq(h2_requests(l), 2);
	h2_say1(l, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nworld",
		strlen("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nworld"));
	for (unsigned int i = 0; i < 4; i++) {
		const struct h2_seen *x = h2_seen(l, CLIENT, ids[i]);

		ck_assert(x->closed);
		ck_assert_uint_eq(x->status, i < 2 ? 200 : 0);
		ck_assert_uint_eq(x->code, i < 2 ? WEIR_HTTP2_NO_ERROR : WEIR_HTTP2_REFUSED_STREAM);
	}
	ck_assert(l->end[CLIENT].goaway && l->l->end[CLIENT].fin);
	ck_assert_uint_eq(h2_requests(l), 2);
	h2_lab_destroy(l);
}
END_TEST

static const char *const cut[] = {
	"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello",
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
};

START_TEST(a_server_that_dies_in_its_answer_leaves_no_whole_one)
{
	for (int reset = 0; reset < 4; reset++) {
		struct h2_lab *l = h2_lab_create(reset < 2 ? H2_CLEAR1 : H2_TLS_CLEAR1, "");
		uint32_t id = h2_get(l, "/");
		const struct h2_seen *x = h2_seen(l, CLIENT, id);

		h2_say1(l, cut[_i], strlen(cut[_i]));
		ck_assert_uint_eq(x->status, 200);
		if (reset % 2)
			lab_reset(l->l, SERVER);
		else
			lab_fin(l->l, SERVER);
		h2_pump(l);
		ck_assert(!x->ended && x->closed);
		ck_assert_uint_eq(x->code, WEIR_HTTP2_INTERNAL_ERROR);
		ck_assert_str_eq(lab_record(l->l, NULL).bad, "CUT");
		ck_assert(l->end[CLIENT].goaway && l->l->end[CLIENT].fin);
		h2_lab_destroy(l);
	}
}
END_TEST

/* As one does that closes before it has read all of the request. */
START_TEST(an_answer_that_came_before_the_servers_reset_is_whole)
{
	struct h2_lab *l = h2_lab_create((enum h2_way)_i, "");
	uint32_t id = h2_get(l, "/");
	const struct h2_seen *x = h2_seen(l, CLIENT, id);

	lab_gather(l->l);
	ck_assert_uint_gt(lab_send(l->l, SERVER, OK5 "hello", strlen(OK5 "hello")), 0);
	lab_reset(l->l, SERVER);
	lab_release(l->l, SERVER);
	h2_pump(l);
	ck_assert_uint_eq(x->status, 200);
	ck_assert(x->ended);
	ck_assert_mem_eq(x->body.ptr, "hello", 5);
	ck_assert(l->end[CLIENT].goaway && l->l->end[CLIENT].fin);
	ck_assert(!l->t || l->t->end[CLIENT].closed);
	h2_lab_destroy(l);
}
END_TEST

/* What the client has not taken yet waits in TCP's queue, and goes with the reset. */
START_TEST(a_server_that_dies_while_the_client_is_slow_leaves_no_whole_answer)
{
	static const char head[] = "HTTP/1.1 200 OK\r\nContent-Length: 500000\r\n\r\n";
	struct h2_lab *l = h2_lab_create((enum h2_way)_i, "");
	uint32_t id = h2_get(l, "/");
	const struct h2_seen *x = h2_seen(l, CLIENT, id);
	char *body = calloc(1, 450001);

	l->end[CLIENT].hold = true;
	memset(body, 'x', 450000);
	h2_say1(l, head, sizeof(head) - 1);
	h2_say1(l, body, 450000);
	ck_assert(!x->closed);
	lab_reset(l->l, SERVER);
	h2_pump(l);
	ck_assert(!x->ended && x->closed);
	ck_assert_uint_eq(x->code, WEIR_HTTP2_INTERNAL_ERROR);
	ck_assert(l->end[CLIENT].goaway);
	free(body);
	h2_lab_destroy(l);
}
END_TEST

START_TEST(a_server_of_http2_that_dies_leaves_no_whole_answer)
{
	struct h2_lab *l = h2_lab_create(H2_CLEAR, "");
	uint32_t one = h2_get(l, "/"), two = h2_get(l, "/");
	struct h2_seen *x = h2_seen(l, SERVER, 1);

	x->wait = true;
	h2_answer(l, 1, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "hello", 5);
	lab_reset(l->l, SERVER);
	h2_pump(l);
	ck_assert(!h2_seen(l, CLIENT, one)->ended && h2_seen(l, CLIENT, one)->closed);
	ck_assert_uint_eq(h2_seen(l, CLIENT, one)->code, WEIR_HTTP2_INTERNAL_ERROR);
	ck_assert_uint_eq(h2_seen(l, CLIENT, two)->status, 502);
	ck_assert(l->end[CLIENT].goaway);
	h2_lab_destroy(l);
}
END_TEST

/* A client of gRPC goes by the code. */
START_TEST(what_the_server_resets_is_reset_by_its_code)
{
	struct h2_lab *l = h2_lab_create((enum h2_way)_i, "");
	uint32_t id = h2_get(l, "/");

	weir_http2_reset(h2_seen(l, SERVER, l->end[SERVER].last)->st, WEIR_HTTP2_ENHANCE_YOUR_CALM);
	h2_pump(l);
	ck_assert(h2_seen(l, CLIENT, id)->closed);
	ck_assert_uint_eq(h2_seen(l, CLIENT, id)->code, WEIR_HTTP2_ENHANCE_YOUR_CALM);
	ck_assert_str_eq(lab_record(l->l, NULL).bad, "PEER_RESET");
	check_next(l);
	h2_lab_destroy(l);
}
END_TEST

START_TEST(an_answer_that_the_server_resets_does_not_look_whole)
{
	struct h2_lab *l = h2_lab_create((enum h2_way)_i, "");
	uint32_t id = h2_get(l, "/");
	const struct h2_seen *x = h2_seen(l, CLIENT, id);

	h2_last(l)->wait = true;
	h2_answer_last(l, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "hello");
	ck_assert_uint_eq(x->body.len, 5);
	weir_http2_reset(h2_last(l)->st, WEIR_HTTP2_NO_ERROR);
	h2_pump(l);
	ck_assert(x->closed && !x->ended);
	ck_assert_uint_eq(x->code, WEIR_HTTP2_INTERNAL_ERROR);
	h2_lab_destroy(l);
}
END_TEST

START_TEST(a_server_that_takes_no_streams_for_a_while_gets_them_afterwards)
{
	struct h2_lab *l = h2_lab_create((enum h2_way)_i, "");
	uint32_t ids[3];

	check_next(l);
	h2_allow_streams(l, 0);
	for (unsigned int i = 0; i < 3; i++)
		ids[i] = h2_get(l, "/");
	ck_assert_uint_eq(h2_requests(l), 1);
	h2_allow_streams(l, 2);
	ck_assert_uint_eq(h2_requests(l), 3);
	h2_answer_last(l, OK5, "hello");
	ck_assert_uint_eq(h2_requests(l), 4);
	h2_allow_streams(l, 0);
	h2_answer_last(l, OK5, "hello");
	ck_assert(h2_seen(l, CLIENT, ids[1])->ended && h2_seen(l, CLIENT, ids[2])->ended);
	ck_assert(!l->end[CLIENT].goaway);
	h2_lab_destroy(l);
}
END_TEST

START_TEST(a_server_that_goes_away_ends_what_is_under_way_first)
{
	struct h2_lab *l = h2_lab_create(H2_CLEAR, "");
	uint32_t id = h2_get(l, "/");

	weir_http2_drain(l->end[SERVER].s);
	weir_http2_drain(l->end[SERVER].s);
	h2_pump(l);
	ck_assert(l->end[CLIENT].goaway && !h2_seen(l, CLIENT, id)->closed);
	h2_answer(l, 1, OK5, "hello", 5);
	ck_assert_uint_eq(h2_seen(l, CLIENT, id)->status, 200);
	ck_assert(h2_seen(l, CLIENT, id)->ended);
	ck_assert(l->l->end[CLIENT].fin);
	h2_lab_destroy(l);
}
END_TEST

START_TEST(a_server_that_is_no_server_is_a_502)
{
	static const struct {
		const char *says, *bad;
	} rows[] = {
		{"hello\r\n\r\n", "STATUS_LINE"},
		{"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na",
		 "LENGTH_TWICE"},
		{"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
		 "TUNNEL"},
		{"", "CUT"},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct h2_lab *l = h2_lab_create(H2_CLEAR1, "");
		uint32_t one = h2_get(l, "/"), two = h2_get(l, "/");

		h2_say1(l, rows[i].says, strlen(rows[i].says));
		if (!*rows[i].says)
			h2_close(l, SERVER);
		ck_assert_uint_eq(h2_seen(l, CLIENT, one)->status, 502);
		ck_assert(h2_seen(l, CLIENT, one)->ended);
		ck_assert_uint_eq(h2_seen(l, CLIENT, two)->code, WEIR_HTTP2_REFUSED_STREAM);
		ck_assert(l->end[CLIENT].goaway && l->l->end[CLIENT].fin);
		ck_assert(l->l->end[SERVER].rst || l->l->end[SERVER].fin);
		h2_lab_destroy(l);
	}
}
END_TEST

START_TEST(a_server_whose_tls_fails_is_a_502_for_each_stream)
{
	struct pki_cert other = pki_make(
		&(struct pki_spec){.name = "x", .sans = "DNS:other.example", .issuer = &pki()->ca});
	struct h2_lab *l = h2_lab_create_showing(H2_TLS_TLS2, &other);

	for (unsigned int i = 0; i < 3; i++) {
		uint32_t id = h2_get(l, "/");
		struct weir_event_http h = lab_record(l->l, NULL);

		ck_assert_uint_eq(h2_seen(l, CLIENT, id)->status, 502);
		ck_assert(h2_seen(l, CLIENT, id)->ended && h2_seen(l, CLIENT, id)->closed);
		ck_assert_uint_eq(h.status, 502);
		ck_assert_str_eq(h.bad, weir_tls_error_name(WEIR_TLS_E_CERT_NAME));
	}
	ck_assert(!l->end[CLIENT].goaway);
	pki_fini(&other);
	h2_lab_destroy(l);
}
END_TEST

/* ---- the client ends ---- */

START_TEST(a_stream_that_the_client_resets_is_none_of_the_others)
{
	struct h2_lab *l = h2_lab_create((enum h2_way)_i, "");
	uint32_t id = h2_get(l, "/");
	struct weir_event_http h;

	if (!h2_lab_is_http2(l))
		h2_say1(l, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhell",
			strlen("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhell"));
	weir_http2_reset(h2_seen(l, CLIENT, id)->st, WEIR_HTTP2_CANCEL);
	h2_pump(l);
	if (!h2_lab_is_http2(l))
		h2_say1(l, "o all", 5);
	else
		ck_assert(h2_seen(l, SERVER, 1)->closed);
	h = lab_record(l->l, NULL);
	ck_assert_str_eq(h.path, "/");
	ck_assert_ptr_null(h.bad);
	check_next(l);
	h2_lab_destroy(l);
}
END_TEST

/* The server cannot be told to stop, and may take its time. */
START_TEST(an_answer_that_nobody_waits_for_ends_the_session_when_it_does_not_come)
{
	struct h2_lab *l = h2_lab_create(H2_CLEAR1, "");
	uint32_t id = h2_get(l, "/");

	weir_http2_reset(h2_seen(l, CLIENT, id)->st, WEIR_HTTP2_CANCEL);
	h2_pump(l);
	ck_assert(l->l->end[SERVER].rst);
	ck_assert(l->end[CLIENT].goaway && l->l->end[CLIENT].fin);
	h2_lab_destroy(l);
}
END_TEST

START_TEST(a_client_that_goes_away_leaves_nothing_behind)
{
	for (unsigned int how = 0; how < 3; how++) {
		struct h2_lab *l = h2_lab_create((enum h2_way)_i, "");
		unsigned int n;

		(void)h2_get(l, "/1");
		(void)h2_get(l, "/2");
		(void)begin_upload(l, POST FORM "Transfer-Encoding: chunked\r\n\r\n", "a=b");
		if (how == 0) {
			lab_reset(l->l, CLIENT);
		} else {
			if (how == 1 && l->t)
				tls_lab_close(l->t, CLIENT);
			lab_fin(l->l, CLIENT);
		}
		h2_pump(l);
		lab_reset(l->l, SERVER);
		h2_pump(l);
		lab_wait(l->l, 200 * WEIR_NS_PER_S);
		(void)lab_record(l->l, &n);
		ck_assert_uint_eq(n, 3);
		weir_path_check(l->l->f->path);
		h2_lab_destroy(l);
	}
}
END_TEST

/* ---- time ---- */

START_TEST(a_slow_upload_is_let_go_and_the_session_goes_on)
{
	struct h2_lab *l = h2_lab_create((enum h2_way)_i, ", timeouts: {body: 5s}");
	uint32_t id = begin_upload(l, POST FORM "Transfer-Encoding: chunked\r\n\r\n", "a=b");
	struct weir_event_http h;

	lab_wait(l->l, 2 * WEIR_NS_PER_S);
	h2_pump(l);
	ck_assert(!h2_seen(l, CLIENT, id)->closed);
	for (unsigned int i = 0; i < 6; i++)
		lab_wait(l->l, WEIR_NS_PER_S);
	h2_pump(l);
	ck_assert_uint_eq(h2_seen(l, CLIENT, id)->status, 408);
	ck_assert(h2_seen(l, CLIENT, id)->closed);
	h = lab_record(l->l, NULL);
	ck_assert_str_eq(h.bad, "BODY_TIMEOUT");
	ck_assert_uint_eq(lab_count(l->l, WEIR_COUNT_HTTP_TIMEOUTS), 1);
	ck_assert_uint_eq(h2_requests(l), 0);
	check_next(l);
	h2_lab_destroy(l);
}
END_TEST

/* A download that stands still, by what the client's window has room for. */
static struct h2_lab *stand_still(enum h2_way way, const char *timeouts, const struct h2_seen **x)
{
	struct h2_lab *l = h2_lab_create(way, timeouts);
	char *body = h2_text(300000);

	l->end[CLIENT].hold = true;
	*x = h2_seen(l, CLIENT, h2_get(l, "/"));
	h2_answer(l, l->end[SERVER].last, "HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n", body,
		  300000);
	free(body);
	ck_assert_uint_gt((*x)->body.len, 200000);
	ck_assert_uint_lt((*x)->body.len, 300000);
	return l;
}

static void wait_seconds(struct h2_lab *l, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		lab_wait(l->l, WEIR_NS_PER_S);
	h2_pump(l);
}

START_TEST(a_client_that_lets_nothing_come_has_the_time_of_a_body)
{
	const struct h2_seen *x;
	struct h2_lab *l = stand_still((enum h2_way)_i, ", timeouts: {body: 45s}", &x);

	wait_seconds(l, 43);
	ck_assert(!x->closed);
	wait_seconds(l, 5);
	ck_assert(x->closed && !x->ended);
	ck_assert_uint_eq(x->code, WEIR_HTTP2_ENHANCE_YOUR_CALM);
	ck_assert_str_eq(lab_record(l->l, NULL).bad, "STALLED");
	h2_lab_destroy(l);
	l = stand_still((enum h2_way)_i, ", timeouts: {body: 0ms}", &x);
	wait_seconds(l, 300);
	ck_assert(!x->closed);
	h2_lab_destroy(l);
}
END_TEST

START_TEST(who_is_idle_for_too_long_is_told_and_let_go)
{
	struct h2_lab *l = h2_lab_create((enum h2_way)_i, ", timeouts: {idle: 10s}");

	check_next(l);
	lab_wait(l->l, 8 * WEIR_NS_PER_S);
	h2_pump(l);
	ck_assert(!l->end[CLIENT].goaway);
	lab_wait(l->l, 3 * WEIR_NS_PER_S);
	h2_pump(l);
	ck_assert(l->end[CLIENT].goaway);
	ck_assert(l->l->end[CLIENT].fin && l->l->end[SERVER].fin);
	h2_lab_destroy(l);
}
END_TEST

/* ---- what is wrong ---- */

static void say_raw(struct h2_lab *l, const void *bytes, size_t n)
{
	weir_buf_add(&l->end[CLIENT].out, bytes, n);
	h2_pump(l);
}

/* HEADERS, stream 1, that CONTINUATION has to follow; and one of which bytes are missing. */
static const uint8_t begun_heads[2][11] = {
	{0, 0, 2, 1, 0, 0, 0, 0, 1, 0x82, 0x87},
	{0, 0, 200, 1, 4, 0, 0, 0, 1, 0x82, 0x87},
};

START_TEST(a_head_that_takes_too_long_ends_the_session)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(begun_heads); i++) {
		struct h2_lab *l = h2_lab_create((enum h2_way)_i, "");

		say_raw(l, begun_heads[i], sizeof(begun_heads[i]));
		lab_wait(l->l, 9 * WEIR_NS_PER_S);
		h2_pump(l);
		ck_assert(!l->end[CLIENT].goaway);
		lab_wait(l->l, 2 * WEIR_NS_PER_S);
		h2_pump(l);
		ck_assert(l->end[CLIENT].goaway && l->l->end[CLIENT].fin);
		ck_assert_uint_eq(l->end[CLIENT].goaway_code, WEIR_HTTP2_ENHANCE_YOUR_CALM);
		ck_assert_str_eq(lab_record(l->l, NULL).bad, "HEAD_TIMEOUT");
		ck_assert_uint_eq(lab_count(l->l, WEIR_COUNT_HTTP_TIMEOUTS), 1);
		h2_lab_destroy(l);
	}
}
END_TEST

START_TEST(a_head_beside_a_stream_has_its_time_too)
{
	/* the same on stream 3 */
	static const uint8_t head[] = {0, 0, 2, 1, 0, 0, 0, 0, 3, 0x82, 0x87};
	struct h2_lab *l = h2_lab_create((enum h2_way)_i, "");

	(void)h2_get(l, "/");
	say_raw(l, head, sizeof(head));
	for (unsigned int i = 0; i < 12; i++)
		lab_wait(l->l, WEIR_NS_PER_S);
	h2_pump(l);
	ck_assert(l->end[CLIENT].goaway);
	ck_assert_uint_eq(bad(l, 0, WEIR_HTTP2_E_HEAD_TIMEOUT), 1);
	h2_lab_destroy(l);
}
END_TEST

START_TEST(a_flood_ends_the_session_and_is_recorded_by_name)
{
	static const uint8_t ping[] = {0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8};
	struct h2_lab *l = h2_lab_create((enum h2_way)_i, "");
	struct weir_event_http h;

	check_next(l);
	for (unsigned int i = 0; i < 1000; i++)
		weir_buf_add(&l->end[CLIENT].out, (const char *)ping, sizeof(ping));
	h2_pump(l);
	ck_assert(l->end[CLIENT].goaway);
	ck_assert_uint_eq(l->end[CLIENT].goaway_code, WEIR_HTTP2_ENHANCE_YOUR_CALM);
	ck_assert_uint_eq(bad(l, 0, WEIR_HTTP2_E_PING_FLOOD), 1);
	h = lab_record(l->l, NULL);
	ck_assert_str_eq(h.bad, "PING_FLOOD");
	ck_assert_str_eq(h.protocol, "HTTP/2.0");
	ck_assert_uint_eq(lab_count(l->l, WEIR_COUNT_HTTP_BAD_REQUEST), 1);
	ck_assert(l->l->end[CLIENT].fin && l->l->end[SERVER].fin);
	h2_lab_destroy(l);
}
END_TEST

START_TEST(a_bad_head_resets_its_stream_and_is_recorded_by_name)
{
	/* HEADERS, stream 1: GET, no path */
	static const uint8_t head[] = {0, 0, 5, 1, 5, 0, 0, 0, 1, 0x82, 0x87, 0x41, 1, 'x'};
	struct h2_lab *l = h2_lab_create((enum h2_way)_i, "");

	say_raw(l, head, sizeof(head));
	ck_assert_uint_eq(bad(l, 0, WEIR_HTTP2_E_PSEUDO_MISSING), 1);
	ck_assert_str_eq(lab_record(l->l, NULL).bad, "PSEUDO_MISSING");
	ck_assert(!l->end[CLIENT].goaway);
	ck_assert_uint_eq(h2_requests(l), 0);
	h2_lab_destroy(l);
}
END_TEST

START_TEST(what_is_no_frame_ends_the_session)
{
	struct h2_lab *l = h2_lab_create((enum h2_way)_i, "");
	char junk[100];

	memset(junk, 0x55, sizeof(junk));
	say_raw(l, junk, sizeof(junk));
	ck_assert(l->end[CLIENT].goaway && l->l->end[CLIENT].fin);
	ck_assert_uint_eq(l->end[CLIENT].goaway_code, WEIR_HTTP2_FRAME_SIZE_ERROR);
	ck_assert_str_eq(lab_record(l->l, NULL).bad, "FRAME_SIZE");
	h2_lab_destroy(l);
}
END_TEST

/* ---- policy ---- */

START_TEST(a_reload_is_for_the_streams_that_begin_after_it)
{
	struct h2_lab *l = h2_lab_create(H2_CLEAR, "");
	uint32_t id = begin_upload(l, POST FORM "Transfer-Encoding: chunked\r\n\r\n", "a=");
	struct h2_seen *x = h2_seen(l, CLIENT, id);

	lab_reload(l->l, "", ", mode: off", 2);
	h2_pump(l);
	(void)h2_get(l, "/attack1");
	ck_assert_uint_eq(h2_requests(l), 1);
	x->to_send = "attack2";
	x->n_to_send = 7;
	x->wait = false;
	weir_http2_resume(x->st);
	h2_pump(l);
	ck_assert_uint_eq(x->status, 403);
	lab_reload(l->l, "", "", 3);
	h2_pump(l);
	id = h2_get(l, "/attack1");
	ck_assert_uint_eq(h2_seen(l, CLIENT, id)->status, 403);
	ck_assert_uint_eq(h2_requests(l), 1);
	h2_lab_destroy(l);
}
END_TEST

START_TEST(http1_is_not_held_up_by_looking_for_http2)
{
	static const char request[] = "PRIVATE / HTTP/1.1\r\nHost: x\r\n\r\n";
	struct http_lab *l = lab_create("", "");

	l->piece = 1;
	lab_say(l, CLIENT, request);
	ck_assert_str_eq(lab_got(l, SERVER), request);
	lab_say(l, SERVER, OK5 "hello");
	ck_assert(lab_has(l, CLIENT, "hello"));
	lab_destroy(l);
}
END_TEST

/* As gRPC's servers do. */
START_TEST(a_server_may_send_its_settings_first)
{
	static const char settings[] = "\0\0\0\x04\0\0\0\0\0";
	struct http_lab *l = lab_create("", "");
	unsigned int n;

	ck_assert_uint_eq(lab_send(l, SERVER, settings, 9), 9);
	lab_wait(l, WEIR_NS_PER_S);
	ck_assert(!l->end[CLIENT].rst && !l->end[SERVER].rst);
	lab_say(l, CLIENT, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
	lab_wait(l, WEIR_NS_PER_S);
	ck_assert(!l->end[CLIENT].rst && !l->end[SERVER].rst);
	ck_assert_uint_eq(lab_count(l, WEIR_COUNT_HTTP2_CONNECTIONS), 1);
	ck_assert_uint_gt(l->end[SERVER].n_got, 24);
	ck_assert_int_eq(memcmp(l->end[SERVER].got, "PRI * HTTP/2.0", 14), 0);
	lab_connect(l);
	lab_say(l, SERVER, "220 mail\r\n");
	ck_assert(l->end[CLIENT].rst);
	(void)lab_record(l, &n);
	ck_assert_uint_eq(n, 0);
	lab_destroy(l);
}
END_TEST

START_TEST(http2_comes_in_any_pieces)
{
	struct h2_lab *l = h2_lab_create((enum h2_way)_i, "");

	l->l->piece = 1;
	check_next(l);
	(void)h2_get(l, "/attack1");
	ck_assert_uint_eq(h2_requests(l), 1);
	check_next(l);
	h2_lab_destroy(l);
}
END_TEST

/* None of them can shut the window of the one that has its turn. */
START_TEST(many_uploads_at_once_arrive)
{
	struct h2_lab *l = h2_lab_create((enum h2_way)_i, "");
	size_t n = 150000;
	char *body = calloc(1, n + 1);
	uint32_t ids[20];

	memset(body, 'x', n);
	for (unsigned int i = 0; i < 20; i++)
		ids[i] =
			h2_send(l, POST "Content-Type: image/png\r\nContent-Length: 150000\r\n\r\n",
				body, n);
	h2_pump(l);
	for (unsigned int i = 0; i < 20; i++) {
		ck_assert_uint_eq(h2_requests(l), 1);
		ck_assert_uint_gt(l->l->end[SERVER].n_got, n);
		lab_clear(l->l, SERVER);
		h2_answer(l, 2 * i + 1, OK5, "hello", 5);
		ck_assert_uint_eq(h2_seen(l, CLIENT, ids[i])->status, 200);
	}
	free(body);
	h2_lab_destroy(l);
}
END_TEST

Suite *path_http2_end_suite(void)
{
	Suite *s = WEIR_SUITE(
		"path http2 end", a_server_of_http2_that_dies_leaves_no_whole_answer,
		a_server_that_goes_away_ends_what_is_under_way_first,
		a_server_that_is_no_server_is_a_502,
		a_server_whose_tls_fails_is_a_502_for_each_stream,
		an_answer_that_nobody_waits_for_ends_the_session_when_it_does_not_come,
		a_reload_is_for_the_streams_that_begin_after_it,
		a_server_may_send_its_settings_first, http1_is_not_held_up_by_looking_for_http2);
	const TTest *const everywhere[] = {
		when_the_server_closes_the_client_is_told_and_both_end,
		a_stream_that_the_client_resets_is_none_of_the_others,
		a_client_that_goes_away_leaves_nothing_behind,
		a_slow_upload_is_let_go_and_the_session_goes_on,
		who_is_idle_for_too_long_is_told_and_let_go,
		a_client_that_lets_nothing_come_has_the_time_of_a_body,
		a_head_that_takes_too_long_ends_the_session,
		a_head_beside_a_stream_has_its_time_too,
		a_flood_ends_the_session_and_is_recorded_by_name,
		a_bad_head_resets_its_stream_and_is_recorded_by_name,
		what_is_no_frame_ends_the_session,
		http2_comes_in_any_pieces,
	};
	TCase *c = tcase_create("ways");

	tcase_set_timeout(c, 60);
	for (size_t i = 0; i < WEIR_ARRAY_LEN(everywhere); i++)
		tcase_add_loop_test(c, everywhere[i], 0, H2_WAYS);
	tcase_add_loop_test(c, many_uploads_at_once_arrive, H2_CLEAR1, H2_TLS_CLEAR1 + 1);
	tcase_add_loop_test(c, a_server_that_dies_while_the_client_is_slow_leaves_no_whole_answer,
			    H2_CLEAR1, H2_TLS_CLEAR1 + 1);
	tcase_add_loop_test(c, an_answer_that_came_before_the_servers_reset_is_whole, H2_CLEAR1,
			    H2_TLS_CLEAR1 + 1);
	tcase_add_loop_test(c, what_the_server_resets_is_reset_by_its_code, H2_TLS_TLS2, H2_WAYS);
	tcase_add_loop_test(c, a_server_that_takes_no_streams_for_a_while_gets_them_afterwards,
			    H2_TLS_TLS2, H2_WAYS);
	tcase_add_loop_test(c, an_answer_that_the_server_resets_does_not_look_whole, H2_TLS_TLS2,
			    H2_WAYS);
	tcase_add_loop_test(c, what_a_server_that_closes_has_not_seen_may_be_sent_again, H2_CLEAR1,
			    H2_TLS_TLS1 + 1);
	tcase_add_loop_test(c, a_server_that_dies_in_its_answer_leaves_no_whole_one, 0,
			    WEIR_ARRAY_LEN(cut));
	suite_add_tcase(s, c);
	return s;
}
