/* SPDX-License-Identifier: BSD-3-Clause */
/* Heads of HTTP/1.1 as they go out in HTTP/2, and what is not sent at all. */
#include "http2_test.h"

#include <stdio.h>

#define LINE(target)      target " HTTP/1.1\r\nHost: a\r\n"
#define TOP(method, path) ":method: " method "\n:scheme: https\n:path: " path "\n:authority: a\n"

/* Requests, as the parser of HTTP/1.1 has read them. */
static const struct {
	const char *text;
	const char *fields; /* NULL: refused */
	enum weir_http2_error error;
} requests[] = {
	{LINE("GET /") "\r\n", TOP("GET", "/"), 0},
	{LINE("GET /a?b=c") "X-Y: 1\r\n\r\n", TOP("GET", "/a?b=c") "x-y: 1\n", 0},
	{LINE("GET /?") "\r\n", TOP("GET", "/?"), 0},
	{LINE("OPTIONS *") "\r\n", TOP("OPTIONS", "*"), 0},
	{LINE("OPTIONS http://a") "\r\n", TOP("OPTIONS", "*"), 0},
	{LINE("GET http://a") "\r\n", TOP("GET", "/"), 0},
	{LINE("GET http://a?q") "\r\n", TOP("GET", "/?q"), 0},
	{LINE("GET http://A/p?q") "\r\n",
	 ":method: GET\n:scheme: https\n:path: /p?q\n:authority: A\n", 0},
	{LINE("GET http://b/") "\r\n", NULL, WEIR_HTTP2_E_AUTHORITY_MISMATCH},
	{"GET / HTTP/1.0\r\n\r\n", ":method: GET\n:scheme: https\n:path: /\n", 0},
	/* what belongs to the connection stays behind */
	{LINE("GET /") "Connection: close\r\n\r\n", TOP("GET", "/"), 0},
	{LINE("GET /") "Connection: keep-alive\r\nKeep-Alive: 5\r\nX: 1\r\n\r\n",
	 TOP("GET", "/") "x: 1\n", 0},
	{LINE("GET /") "Proxy-Connection: close\r\n\r\n", TOP("GET", "/"), 0},
	{LINE("GET /") "Connection: x-hop\r\nX-Hop: 1\r\nY: 2\r\n\r\n", TOP("GET", "/") "y: 2\n",
	 0},
	{LINE("GET /") "X-Hop: 1\r\nConnection: close , X-HOP\r\n\r\n", TOP("GET", "/"), 0},
	{LINE("GET /") "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
		       "HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
	 TOP("GET", "/"), 0},
	{LINE("GET /") "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n", TOP("GET", "/"), 0},
	{LINE("POST /") "Transfer-Encoding: chunked\r\n\r\n", TOP("POST", "/"), 0},
	{LINE("POST /") "Content-Length: 5\r\n\r\n", TOP("POST", "/") "content-length: 5\n", 0},
	{LINE("GET /") "TE: trailers\r\n\r\n", TOP("GET", "/") "te: trailers\n", 0},
	{LINE("GET /") "TE: deflate;q=0.5, Trailers\r\nConnection: TE\r\n\r\n",
	 TOP("GET", "/") "te: trailers\n", 0},
	{LINE("GET /") "TE: deflate\r\nTE: xtrailers\r\n\r\n", TOP("GET", "/"), 0},
	{LINE("GET /") "Cookie: a=1; b=2\r\n\r\n", TOP("GET", "/") "cookie: a=1; b=2\n", 0},
	{LINE("GET /") "Expect: 100-continue\r\n\r\n", TOP("GET", "/") "expect: 100-continue\n", 0},
	{LINE("GET /") "X:  1 \t\r\n\r\n", TOP("GET", "/") "x: 1\n", 0},
	/* Connection must not take away what the message was judged by */
	{LINE("POST /") "Content-Length: 5\r\nConnection: content-length\r\n\r\n", NULL,
	 WEIR_HTTP2_E_CONNECTION_OPTION},
	{LINE("GET /") "Connection: close, Host\r\n\r\n", NULL, WEIR_HTTP2_E_CONNECTION_OPTION},
	{LINE("GET /") "Connection: Cookie\r\nCookie: a=1\r\n\r\n", NULL,
	 WEIR_HTTP2_E_CONNECTION_OPTION},
	{LINE("GET /") "Connection: Authorization\r\n\r\n", NULL, WEIR_HTTP2_E_CONNECTION_OPTION},
	{LINE("GET /") "Connection: X-Forwarded-For\r\n\r\n", NULL, WEIR_HTTP2_E_CONNECTION_OPTION},
	{"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", NULL, WEIR_HTTP2_E_CONNECT},
};

/* Whether CONNECT is taken is for the peer to say. */
START_TEST(what_has_no_words_is_known_before)
{
	const struct weir_http_limits limits = weir_http_limits_default;
	static struct weir_http_header fields[64];

	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(requests); i++) {
		enum weir_http2_error error = requests[i].error;
		struct weir_http_head h;

		ck_assert_int_gt(weir_http_request_parse(weir_bytes_str(requests[i].text), &limits,
							 fields, &h),
				 0);
		if (error == WEIR_HTTP2_E_CONNECT)
			error = WEIR_HTTP2_OK;
		ck_assert_msg(weir_http2_request_check(&h) == error, "row %u", i);
	}
}
END_TEST

START_TEST(a_request_of_http_1_goes_out_as_this_or_not_at_all)
{
	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(requests); i++) {
		struct owner *o = owner_create(false, NULL);
		struct peer *p = peer_create(o, 65535);
		enum weir_http2_error why;
		struct weir_http2_stream *st;

		pump(p, 100);
		st = owner_request(o, requests[i].text, 0, &why);
		ck_assert_msg(!st == !requests[i].fields && why == requests[i].error, "row %u: %s",
			      i, weir_http2_error_name(why));
		ck_assert_uint_eq(weir_http2_streams(o->s), st ? 1 : 0);
		pump(p, 100);
		if (st)
			ck_assert_msg(!strcmp(peer_of(p, 1)->head, requests[i].fields),
				      "row %u: %s", i, peer_of(p, 1)->head);
		peer_destroy(p);
		owner_destroy(o);
	}
}
END_TEST

static const struct {
	const char *text;
	const char *fields; /* NULL: refused */
	enum weir_http2_error error;
} responses[] = {
	{"200 OK\r\nContent-Length: 0\r\n\r\n", ":status: 200\ncontent-length: 0\n", 0},
	{"200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", ":status: 200\n", 0},
	{"200 OK\r\nConnection: close\r\n\r\n", ":status: 200\n", 0},
	{"404 Not Found\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 0\r\n\r\n",
	 ":status: 404\nset-cookie: a=1\nset-cookie: b=2\ncontent-length: 0\n", 0},
	{"204 No Content\r\nContent-Length: 5\r\n\r\n", ":status: 204\n", 0},
	{"304 Not Modified\r\nContent-Length: 5\r\nETag: \"x\"\r\n\r\n",
	 ":status: 304\ncontent-length: 5\netag: \"x\"\n", 0},
	{"200 OK\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n", ":status: 200\n", 0},
	{"200 OK\r\nHost: b\r\nContent-Length: 0\r\n\r\n",
	 ":status: 200\nhost: b\ncontent-length: 0\n", 0},
	{"200 OK\r\nConnection: set-cookie\r\nSet-Cookie: a=1\r\n\r\n", NULL,
	 WEIR_HTTP2_E_CONNECTION_OPTION},
	{"101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n", NULL,
	 WEIR_HTTP2_E_UPGRADE},
};

START_TEST(a_response_of_http_1_goes_out_as_this_or_not_at_all)
{
	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(responses); i++) {
		struct owner *o = owner_create(true, NULL);
		struct peer *p = peer_create(o, 65535);
		struct weir_http_head request = {0}, h;
		struct weir_http_header fields[32];
		char text[256];
		enum weir_http2_error e;
		int32_t id = peer_request(p, "/", 0, false);

		pump(p, 100);
		snprintf(text, sizeof(text), "HTTP/1.1 %s", responses[i].text);
		ck_assert_int_gt(weir_http_response_parse(weir_bytes_str(text), &o->http, &request,
							  fields, &h),
				 0);
		e = weir_http2_response(seen_of(o, (uint32_t)id)->st, &h, false);
		ck_assert_msg(e == responses[i].error, "row %u: %s", i, weir_http2_error_name(e));
		pump(p, 100);
		if (!e)
			ck_assert_msg(!strcmp(peer_of(p, id)->head, responses[i].fields),
				      "row %u: %s", i, peer_of(p, id)->head);
		peer_destroy(p);
		owner_destroy(o);
	}
}
END_TEST

/* The owner adds to a head: what it adds is looked at as strictly. */
static const struct {
	const char *name, *value;
	enum weir_http2_error error;
} added[] = {
	{"x", "1", WEIR_HTTP2_OK},
	{"X-Request-Id", "1", WEIR_HTTP2_OK},
	{"x", "1\r\ny: 2", WEIR_HTTP2_E_VALUE},
	{"x", "1\n", WEIR_HTTP2_E_VALUE},
	{"x y", "1", WEIR_HTTP2_E_NAME},
	{"", "1", WEIR_HTTP2_E_NAME},
	{":path", "/b", WEIR_HTTP2_E_NAME},
};

START_TEST(a_field_that_the_owner_adds_is_checked)
{
	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(added); i++) {
		struct owner *o = owner_create(true, NULL);
		struct peer *p = peer_create(o, 65535);
		struct weir_http_header f = {weir_bytes_str(added[i].name),
					     weir_bytes_str(added[i].value)};
		struct weir_http_head h = {.status = 200, .headers = &f, .n_headers = 1};
		int32_t id = peer_request(p, "/", 0, false);
		struct weir_http2_stream *st;
		uint8_t out[256];

		pump(p, 100);
		st = seen_of(o, (uint32_t)id)->st;
		/* Trimming takes what only stands at the end away. */
		if (i != 3)
			ck_assert_int_eq(weir_http2_response(st, &h, false), added[i].error);
		h.keep_alive = true;
		ck_assert_int_eq(weir_http2_to_http1(&h, out, sizeof(out)) > 0, !added[i].error);
		peer_destroy(p);
		owner_destroy(o);
	}
}
END_TEST

START_TEST(trailers_that_frame_or_route_are_not_sent)
{
	struct owner *o = owner_create(true, NULL);
	struct peer *p = peer_create(o, 65535);
	struct weir_http_head h = {.status = 200, .framing = WEIR_HTTP_CHUNKED};
	struct weir_http_header bad = {weir_bytes_str("Content-Length"), weir_bytes_str("5")};
	int32_t id = peer_request(p, "/", 0, false);
	struct seen *x = seen_of(o, (uint32_t)id);

	pump(p, 100);
	ck_assert_int_eq(weir_http2_response(x->st, &h, true), WEIR_HTTP2_OK);
	ck_assert_int_eq(weir_http2_send_trailers(x->st, &bad, 1), WEIR_HTTP2_E_TRAILER);
	/* A second response is none. */
	ck_assert_int_eq(weir_http2_response(x->st, &h, true), WEIR_HTTP2_E_STATUS);
	peer_destroy(p);
	owner_destroy(o);
}
END_TEST

START_TEST(interim_responses_go_out_before_the_final_one)
{
	struct owner *o = owner_create(true, NULL);
	struct peer *p = peer_create(o, 65535);
	struct weir_http_head h = {.status = 100};
	int32_t id = peer_request(p, "/", 0, false);
	struct seen *x = seen_of(o, (uint32_t)id);

	pump(p, 100);
	ck_assert_int_eq(weir_http2_response(x->st, &h, false), WEIR_HTTP2_OK);
	h.status = 103;
	ck_assert_int_eq(weir_http2_response(x->st, &h, false), WEIR_HTTP2_OK);
	h.status = 200;
	ck_assert_int_eq(weir_http2_response(x->st, &h, false), WEIR_HTTP2_OK);
	pump(p, 1);
	ck_assert_str_eq(peer_of(p, id)->head, ":status: 100\n:status: 103\n:status: 200\n");
	ck_assert(peer_of(p, id)->ended);
	peer_destroy(p);
	owner_destroy(o);
}
END_TEST

START_TEST(connect_goes_out_where_it_is_allowed)
{
	struct weir_http2_limits limits = weir_http2_limits_default;
	struct owner *o;
	struct raw *r = raw_create();
	struct weir_http2_head h = {
		.http = {.method = weir_bytes_str("CONNECT"),
			 .target = weir_bytes_str("/chat"),
			 .host = weir_bytes_str("a"),
			 .is_connect = true},
		.extended = weir_bytes_str("websocket"),
	};
	enum weir_http2_error why;

	limits.connect = limits.extended_connect = true;
	o = owner_create(false, &limits);
	raw_frame(r, NGHTTP2_SETTINGS, 0, 0, NULL, 0);
	ck_assert_int_eq(raw_give(r, o, 1), WEIR_HTTP2_OK);
	ck_assert_ptr_nonnull(
		owner_request(o, "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", 5, &why));
	/* The server has not said that it takes the extended form. */
	ck_assert_ptr_null(weir_http2_request(o->s, &h, true, &why));
	ck_assert_int_eq(why, WEIR_HTTP2_E_EXTENDED_CONNECT);
	raw_frame(r, NGHTTP2_SETTINGS, 0, 0, "\0\x8\0\0\0\1", 6);
	ck_assert_int_eq(raw_give(r, o, 1), WEIR_HTTP2_OK);
	ck_assert_ptr_nonnull(weir_http2_request(o->s, &h, false, &why));
	raw_destroy(r);
	owner_destroy(o);
}
END_TEST

START_TEST(a_head_as_http_1_needs_room)
{
	struct weir_http_header f = {weir_bytes_str("x"), weir_bytes_str("1")};
	struct weir_http_head h = {.status = 200,
				   .reason = weir_bytes_str("OK"),
				   .headers = &f,
				   .n_headers = 1,
				   .framing = WEIR_HTTP_CHUNKED};
	static const char text[] = "HTTP/1.1 200 OK\r\nx: 1\r\nTransfer-Encoding: chunked\r\n"
				   "Connection: close\r\n\r\n";
	uint8_t out[128];

	for (size_t room = 0; room < sizeof(out); room++)
		ck_assert_uint_eq(weir_http2_to_http1(&h, out, room),
				  room < sizeof(text) - 1 ? 0 : sizeof(text) - 1);
	ck_assert_mem_eq(out, text, sizeof(text) - 1);
}
END_TEST

Suite *send_suite(void)
{
	return WEIR_SUITE("http2 send", what_has_no_words_is_known_before,
			  a_request_of_http_1_goes_out_as_this_or_not_at_all,
			  a_response_of_http_1_goes_out_as_this_or_not_at_all,
			  a_field_that_the_owner_adds_is_checked,
			  trailers_that_frame_or_route_are_not_sent,
			  interim_responses_go_out_before_the_final_one,
			  connect_goes_out_where_it_is_allowed, a_head_as_http_1_needs_room);
}
