/* SPDX-License-Identifier: BSD-3-Clause */
/* The connection: what goes on, when, in however many pieces it came; time and reloads. */
#include "http_lab.h"

#include <stdio.h>
#include <stdlib.h>

Suite *path_http_suite(void);

#define GET(path)     "GET " path " HTTP/1.1\r\nHost: shop.example\r\n\r\n"
#define FORM          "Content-Type: application/x-www-form-urlencoded\r\n"
#define OK(body, len) "HTTP/1.1 200 OK\r\nContent-Length: " #len "\r\n\r\n" body

START_TEST(what_rules_let_pass_arrives_as_it_was_sent)
{
	struct http_lab *l = lab_create("", "");

	lab_say(l, CLIENT, GET("/"));
	ck_assert_str_eq(lab_got(l, SERVER), GET("/"));
	lab_say(l, SERVER, OK("hello", 5));
	ck_assert_str_eq(lab_got(l, CLIENT), OK("hello", 5));
	ck_assert_uint_eq(lab_count(l, WEIR_COUNT_HTTP_REQUESTS), 1);
	ck_assert_uint_eq(lab_count(l, WEIR_COUNT_HTTP_RESPONSES), 1);
	lab_destroy(l);
}
END_TEST

/* Every kind is a part of the whole, and each but the bodies' was had to do. */
START_TEST(the_time_of_a_transaction_is_counted_by_work)
{
	struct http_lab *l = lab_create("", "");
	const uint64_t *cycles = weir_path_stats(l->f->path, 0)->http_cycles;
	uint64_t sum = 0;

	lab_say(l, CLIENT, GET("/"));
	lab_say(l, SERVER, OK("hello", 5));
	for (unsigned int w = 0; w < WEIR_HTTP_WORK_END; w++) {
		bool body = w == WEIR_HTTP_WORK_REQUEST_BODY || w == WEIR_HTTP_WORK_RESPONSE_BODY;

		ck_assert_msg(body == !cycles[w], "%s: %llu cycles",
			      weir_http_work_name((enum weir_http_work)w),
			      (unsigned long long)cycles[w]);
		if (w != WEIR_HTTP_WORK_ALL)
			sum += cycles[w];
	}
	ck_assert_uint_le(sum, cycles[WEIR_HTTP_WORK_ALL]);
	lab_destroy(l);
}
END_TEST

static const struct {
	const char *request, *response;
} exchanges[] = {
	{GET("/"), OK("hello", 5)},
	{"POST /a HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
	 "Content-Length: 7\r\n\r\na=b&c=d",
	 "HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"},
	{"POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
	 "3;a=b\r\nabc\r\n1\r\nd\r\n0\r\nX-T: 1\r\n\r\n",
	 "HTTP/1.1 204 No Content\r\n\r\n"},
	{"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n"},
	{"GET / HTTP/1.1\r\nHost: x\r\nIf-None-Match: \"a\"\r\n\r\n",
	 "HTTP/1.1 304 Not Modified\r\nContent-Length: 50\r\nETag: \"a\"\r\n\r\n"},
	{"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
	 "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" OK("hello", 5)},
	{"GET /t HTTP/1.1\r\nHost: x\r\n\r\n",
	 "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n\r\nheld back"},
	{"GET /t HTTP/1.1\r\nHost: x\r\n\r\n",
	 "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n"
	 "4\r\nheld\r\n5\r\n back\r\n0\r\n\r\n"},
};

/* Each cut of request and response, and every byte alone. */
START_TEST(segments_make_no_difference)
{
	const char *request = exchanges[_i].request, *response = exchanges[_i].response;
	struct http_lab *l = lab_create("", "");
	size_t n = strlen(request), m = strlen(response);

	for (size_t cut = 0; cut <= (n > m ? n : m); cut++) {
		size_t a = cut < n ? cut : n, b = cut < m ? cut : m;

		l->piece = cut ? 536 : 1;
		ck_assert_uint_eq(lab_send(l, CLIENT, request, a), a);
		ck_assert_uint_eq(lab_send(l, CLIENT, request + a, n - a), n - a);
		lab_wait(l, WEIR_NS_PER_S);
		ck_assert_str_eq(lab_got(l, SERVER), request);
		ck_assert_uint_eq(lab_send(l, SERVER, response, b), b);
		ck_assert_uint_eq(lab_send(l, SERVER, response + b, m - b), m - b);
		lab_wait(l, WEIR_NS_PER_S);
		ck_assert_str_eq(lab_got(l, CLIENT), response);
		lab_clear(l, CLIENT);
		lab_clear(l, SERVER);
	}
	lab_destroy(l);
}
END_TEST

/* What has come of a request or response before it was judged stays where it is. */
START_TEST(nothing_goes_on_before_it_was_judged)
{
	struct http_lab *l = lab_create("", "");

	lab_say(l, CLIENT, "POST / HTTP/1.1\r\nHost: x\r\n");
	ck_assert_str_eq(lab_got(l, SERVER), "");
	lab_say(l, CLIENT,
		"Content-Type: application/x-www-form-urlencoded\r\n"
		"Content-Length: 4\r\n\r\na=");
	ck_assert_str_eq(lab_got(l, SERVER), "");
	lab_say(l, CLIENT, "bc");
	ck_assert(lab_has(l, SERVER, "\r\n\r\na=bc"));
	lab_say(l, SERVER, "HTTP/1.1 200 OK\r\n");
	ck_assert_str_eq(lab_got(l, CLIENT), "");
	lab_say(l, SERVER, "Content-Type: text/plain\r\nContent-Length: 4\r\n\r\nabc");
	ck_assert_str_eq(lab_got(l, CLIENT), "");
	lab_say(l, SERVER, "d");
	ck_assert(lab_has(l, CLIENT, "\r\n\r\nabcd"));
	lab_destroy(l);
}
END_TEST

START_TEST(what_is_not_looked_at_goes_on_as_it_comes)
{
	struct http_lab *l = lab_create("", "");

	lab_say(l, CLIENT, GET("/"));
	lab_say(l, SERVER,
		"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: 9\r\n\r\n");
	ck_assert(lab_has(l, CLIENT, "image/png"));
	lab_say(l, SERVER, "abc");
	ck_assert(lab_has(l, CLIENT, "\r\n\r\nabc"));
	lab_say(l, SERVER, "attack");
	ck_assert(lab_has(l, CLIENT, "\r\n\r\nabcattack"));
	lab_destroy(l);
}
END_TEST

START_TEST(pipelined_requests_go_on_and_have_their_responses_in_order)
{
	struct http_lab *l = lab_create("", "");
	unsigned int n;

	lab_say(l, CLIENT, GET("/1") GET("/2") "HEAD /3 HTTP/1.1\r\nHost: x\r\n\r\n" GET("/4"));
	ck_assert_str_eq(lab_got(l, SERVER),
			 GET("/1") GET("/2") "HEAD /3 HTTP/1.1\r\nHost: x\r\n\r\n" GET("/4"));
	lab_say(l, SERVER, OK("1", 1) OK("2", 1) OK("", 9) OK("4", 1));
	ck_assert_str_eq(lab_got(l, CLIENT), OK("1", 1) OK("2", 1) OK("", 9) OK("4", 1));
	ck_assert_str_eq(lab_record(l, &n).path, "/4");
	ck_assert_uint_eq(n, 4);
	lab_destroy(l);
}
END_TEST

START_TEST(a_seventeenth_request_waits_for_a_response)
{
	struct http_lab *l = lab_create("", "");
	size_t each = strlen(GET("/"));

	for (int i = 0; i < 18; i++)
		lab_say(l, CLIENT, GET("/"));
	ck_assert_uint_eq(l->end[SERVER].n_got, 16 * each);
	lab_say(l, SERVER, OK("", 0));
	ck_assert_uint_eq(l->end[SERVER].n_got, 17 * each);
	for (int i = 0; i < 17; i++)
		lab_say(l, SERVER, OK("", 0));
	ck_assert_uint_eq(l->end[SERVER].n_got, 18 * each);
	ck_assert_uint_eq(lab_count(l, WEIR_COUNT_HTTP_RESPONSES), 18);
	lab_destroy(l);
}
END_TEST

/* The fixture's thousand connections have as many exchanges, and sixteen. Rules have no memory for
 * so many, which in detection is nothing. */
START_TEST(who_sends_many_requests_at_once_leaves_some_to_others)
{
	struct http_lab *l = lab_create("", ", mode: detect");
	size_t each = strlen(GET("/"));

	for (int i = 0; i < 100; i++) {
		lab_connect(l);
		for (int k = 0; k < 16; k++)
			ck_assert_uint_eq(lab_send(l, CLIENT, GET("/"), each), each);
		lab_fin(l, CLIENT);
		ck_assert(!l->end[CLIENT].rst);
		ck_assert_uint_ge(l->end[SERVER].n_got, each);
		ck_assert_uint_eq(l->end[SERVER].n_got % each, 0);
	}
	ck_assert_uint_eq(l->end[SERVER].n_got, each);
	for (int i = 0; i < 16; i++)
		lab_say(l, SERVER, OK("", 0));
	ck_assert_uint_eq(l->end[SERVER].n_got, 16 * each);
	ck_assert_uint_eq(lab_count(l, WEIR_COUNT_HTTP_BAD_REQUEST), 0);
	lab_destroy(l);
}
END_TEST

/* ---- ends ---- */

START_TEST(who_half_closes_after_the_request_has_the_response)
{
	struct http_lab *l = lab_create("", "");

	lab_say(l, CLIENT, GET("/"));
	lab_fin(l, CLIENT);
	ck_assert(l->end[SERVER].fin);
	lab_say(l, SERVER, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nuntil the end");
	ck_assert_str_eq(lab_got(l, CLIENT), "");
	lab_fin(l, SERVER);
	lab_wait(l, WEIR_NS_PER_S);
	ck_assert(lab_has(l, CLIENT, "until the end"));
	ck_assert(l->end[CLIENT].fin);
	ck_assert(!l->end[CLIENT].rst && !l->end[SERVER].rst);
	ck_assert_uint_eq(lab_record(l, NULL).status, 200);
	lab_destroy(l);
}
END_TEST

START_TEST(a_request_without_its_end_goes_nowhere_and_is_told)
{
	static const char *const cut[] = {
		"G",
		"GET / HTTP/1.1\r\nHost: x\r\n",
		"POST / HTTP/1.1\r\nHost: x\r\n" FORM "Content-Length: 9\r\n\r\nabc",
		"POST / HTTP/1.1\r\nHost: x\r\n" FORM
		"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n",
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(cut); i++) {
		struct http_lab *l = lab_create("", "");
		struct weir_event_http record;

		lab_say(l, CLIENT, cut[i]);
		lab_fin(l, CLIENT);
		lab_wait(l, WEIR_NS_PER_S);
		ck_assert_str_eq(lab_got(l, SERVER), "");
		ck_assert(l->end[SERVER].fin);
		ck_assert(lab_has(l, CLIENT, "HTTP/1.1 400 Bad Request\r\n"));
		record = lab_record(l, NULL);
		ck_assert_str_eq(record.bad, "CUT");
		ck_assert_uint_eq(record.status, 400);
		lab_fin(l, SERVER);
		lab_wait(l, WEIR_NS_PER_S);
		ck_assert(l->end[CLIENT].fin);
		lab_destroy(l);
	}
}
END_TEST

START_TEST(a_request_that_is_cut_is_told_after_those_before_it)
{
	struct http_lab *l = lab_create("", "");

	lab_say(l, CLIENT, GET("/") "GET /2 HTTP/1.1\r\n");
	lab_fin(l, CLIENT);
	lab_wait(l, WEIR_NS_PER_S);
	ck_assert_str_eq(lab_got(l, CLIENT), "");
	lab_say(l, SERVER, OK("1", 1));
	ck_assert(lab_has(l, CLIENT, OK("1", 1) "HTTP/1.1 400 Bad Request\r\n"));
	ck_assert_str_eq(lab_got(l, SERVER), GET("/"));
	lab_destroy(l);
}
END_TEST

START_TEST(a_response_without_its_end_is_replaced_or_left_so)
{
	struct http_lab *l = lab_create("", "");

	lab_say(l, CLIENT, GET("/"));
	lab_say(l, SERVER,
		"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n\r\nabc");
	lab_fin(l, SERVER);
	lab_wait(l, WEIR_NS_PER_S);
	ck_assert(lab_has(l, CLIENT, "HTTP/1.1 502 Bad Gateway\r\n"));
	ck_assert(l->end[CLIENT].fin);
	lab_connect(l);
	lab_say(l, CLIENT, GET("/"));
	lab_say(l, SERVER, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc");
	lab_fin(l, SERVER);
	lab_wait(l, WEIR_NS_PER_S);
	ck_assert_str_eq(lab_got(l, CLIENT), "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc");
	ck_assert(l->end[CLIENT].fin);
	lab_destroy(l);
}
END_TEST

START_TEST(what_follows_a_request_that_closes_is_thrown_away)
{
	struct http_lab *l = lab_create("", "");

#define LAST "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
	lab_say(l, CLIENT, LAST GET("/2"));
	ck_assert_str_eq(lab_got(l, SERVER), LAST);
	lab_say(l, SERVER, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\na");
	lab_fin(l, SERVER);
	ck_assert(lab_has(l, CLIENT, "\r\n\r\na"));
	ck_assert(l->end[CLIENT].fin);
	lab_destroy(l);
}
END_TEST

/* ---- tunnels ---- */

START_TEST(after_an_upgrade_bytes_go_both_ways_unread)
{
	struct http_lab *l = lab_create("", "");

#define UPGRADE "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
#define SWITCHING \
	"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
	lab_say(l, CLIENT, UPGRADE "early");
	ck_assert_str_eq(lab_got(l, SERVER), UPGRADE);
	lab_say(l, SERVER, SWITCHING "first");
	ck_assert_str_eq(lab_got(l, CLIENT), SWITCHING "first");
	ck_assert_str_eq(lab_got(l, SERVER), UPGRADE "early");
	lab_say(l, CLIENT, "\x81\x02GET attack1");
	ck_assert_str_eq(lab_got(l, SERVER), UPGRADE "early\x81\x02GET attack1");
	ck_assert_uint_eq(lab_count(l, WEIR_COUNT_HTTP_TUNNELS), 1);
	lab_destroy(l);
}
END_TEST

START_TEST(an_upgrade_that_the_server_does_not_want_stays_http)
{
	struct http_lab *l = lab_create("", "");

	lab_say(l, CLIENT, UPGRADE GET("/attack1"));
	ck_assert_str_eq(lab_got(l, SERVER), UPGRADE);
	lab_say(l, SERVER, OK("no", 2));
	ck_assert_str_eq(lab_got(l, SERVER), UPGRADE);
	ck_assert_msg(lab_has(l, CLIENT, OK("no", 2) "HTTP/1.1 403 Forbidden\r\n"), "%s",
		      lab_got(l, CLIENT));
	lab_destroy(l);
}
END_TEST

START_TEST(a_tunnel_that_nobody_asked_for_is_a_bad_response)
{
	struct http_lab *l = lab_create("", "");

	lab_say(l, CLIENT, GET("/"));
	lab_say(l, SERVER, SWITCHING);
	ck_assert(lab_has(l, CLIENT, "HTTP/1.1 502 "));
	ck_assert(l->end[SERVER].rst);
	lab_destroy(l);
}
END_TEST

#define CONNECT "CONNECT x:80 HTTP/1.1\r\nHost: x:80\r\n\r\n"

START_TEST(after_connect_bytes_go_both_ways_unread)
{
	struct http_lab *l = lab_create("", "");

	lab_say(l, CLIENT, CONNECT GET("/attack1"));
	ck_assert_str_eq(lab_got(l, SERVER), CONNECT);
	lab_say(l, SERVER, "HTTP/1.1 200 OK\r\n\r\n");
	ck_assert_str_eq(lab_got(l, SERVER), CONNECT GET("/attack1"));
	ck_assert_uint_eq(lab_count(l, WEIR_COUNT_HTTP_TUNNELS), 1);
	lab_destroy(l);
}
END_TEST

/* They would take what follows for the next request. */
START_TEST(servers_that_answer_connect_with_content_make_no_tunnel)
{
	static const char *const answers[] = {
		OK("", 0), OK("hello", 5),
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		"0\r\n\r\n"};
	struct http_lab *l = lab_create("", "");

	lab_say(l, CLIENT, CONNECT GET("/attack1"));
	lab_say(l, SERVER, answers[_i]);
	ck_assert_str_eq(lab_got(l, SERVER), CONNECT);
	ck_assert(lab_has(l, CLIENT, "HTTP/1.1 502 "));
	ck_assert_str_eq(lab_record(l, NULL).bad, "TUNNEL");
	ck_assert_uint_eq(lab_count(l, WEIR_COUNT_HTTP_TUNNELS), 0);
	lab_destroy(l);
}
END_TEST

static const struct {
	const char *fields, *rest;
} offers[] = {
	{"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n", ""},
	{"Connection: upgrade\r\nUpgrade: websocket\r\nupgrade: H2C\r\n", ""},
	{"Upgrade: other, HTTP/2.0\r\nConnection: Upgrade\r\n", ""},
	{"Upgrade: TLS/1.2,HTTP/1.1\r\nConnection: close, Upgrade\r\n", "Connection: close\r\n"},
};

/* Behind the 101 nobody would judge what comes. */
START_TEST(an_offer_to_go_on_in_http2_or_tls_is_not_heard)
{
	for (size_t piece = 536; piece; piece = piece == 536 ? 7 : 0) {
		struct http_lab *l = lab_create("", "");
		char request[512], arrives[512];

		snprintf(request, sizeof(request),
			 "POST /a HTTP/1.1\r\nHost: x\r\n%s" FORM
			 "Content-Length: 7\r\n\r\na=b&c=d",
			 offers[_i].fields);
		snprintf(arrives, sizeof(arrives),
			 "POST /a HTTP/1.1\r\nHost: x\r\n" FORM
			 "Content-Length: 7\r\n%s\r\na=b&c=d",
			 offers[_i].rest);
		l->piece = piece;
		lab_say(l, CLIENT, request);
		ck_assert_str_eq(lab_got(l, SERVER), arrives);
		lab_say(l, SERVER, SWITCHING);
		ck_assert(lab_has(l, CLIENT, "HTTP/1.1 502 "));
		ck_assert(l->end[SERVER].rst);
		ck_assert_str_eq(lab_record(l, NULL).bad, "TUNNEL");
		ck_assert_uint_eq(lab_count(l, WEIR_COUNT_HTTP_TUNNELS), 0);
		lab_destroy(l);
	}
}
END_TEST

/* Where there is no memory for HTTP/2 there is none to write the head anew. */
START_TEST(an_offer_that_is_heard_is_a_bad_response_when_it_is_taken)
{
	struct http_lab *l = lab_create_with("", "", "0");

	lab_say(l, CLIENT,
		"GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n");
	ck_assert(lab_has(l, SERVER, "Upgrade: h2c\r\n"));
	lab_say(l, SERVER, SWITCHING);
	ck_assert(lab_has(l, CLIENT, "HTTP/1.1 502 "));
	ck_assert_uint_eq(lab_count(l, WEIR_COUNT_HTTP_TUNNELS), 0);
	lab_destroy(l);
}
END_TEST

START_TEST(pipelined_requests_go_on_around_such_an_offer)
{
	struct http_lab *l = lab_create("", "");

	lab_say(l, CLIENT,
		GET("/1") "GET /2 HTTP/1.1\r\nHost: shop.example\r\nConnection: "
			  "upgrade\r\nUpgrade: "
			  "h2c\r\n\r\n" GET("/3"));
	ck_assert_str_eq(lab_got(l, SERVER), GET("/1") GET("/2") GET("/3"));
	for (unsigned int i = 0; i < 3; i++)
		lab_say(l, SERVER, OK("ok", 2));
	ck_assert_str_eq(lab_got(l, CLIENT), OK("ok", 2) OK("ok", 2) OK("ok", 2));
	lab_destroy(l);
}
END_TEST

/* ---- 100 (Continue) ---- */

#define EXPECTS                                                  \
	"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n" \
	"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\n\r\n"
#define CONTINUE "HTTP/1.1 100 Continue\r\n\r\n"

START_TEST(weir_says_continue_where_it_holds_the_body_and_the_server_need_not)
{
	struct http_lab *l = lab_create("", "");

	lab_say(l, CLIENT, EXPECTS);
	ck_assert_str_eq(lab_got(l, SERVER), "");
	ck_assert_str_eq(lab_got(l, CLIENT), CONTINUE);
	lab_say(l, CLIENT, "a=b");
	ck_assert_str_eq(lab_got(l, SERVER), EXPECTS "a=b");
	lab_say(l, SERVER, CONTINUE);
	lab_say(l, SERVER, OK("x", 1));
	ck_assert_str_eq(lab_got(l, CLIENT), CONTINUE OK("x", 1));
	lab_destroy(l);
}
END_TEST

START_TEST(continue_is_said_in_its_turn)
{
	struct http_lab *l = lab_create("", "");

	lab_say(l, CLIENT, GET("/") EXPECTS);
	ck_assert_str_eq(lab_got(l, CLIENT), "");
	lab_say(l, SERVER, OK("x", 1));
	ck_assert_str_eq(lab_got(l, CLIENT), OK("x", 1) CONTINUE);
	lab_destroy(l);
}
END_TEST

/* ---- time ---- */

START_TEST(a_head_that_takes_too_long_is_answered_408)
{
	struct http_lab *l = lab_create(", timeouts: {header: 5s}", "");

	lab_say(l, CLIENT, "GET / HTTP/1.1\r\n");
	for (int i = 0; i < 4; i++) {
		lab_wait(l, WEIR_NS_PER_S);
		lab_say(l, CLIENT, "X-A: b\r\n");
		ck_assert_str_eq(lab_got(l, CLIENT), "");
	}
	lab_wait(l, 2 * WEIR_NS_PER_S);
	ck_assert(lab_has(l, CLIENT, "HTTP/1.1 408 Request Timeout\r\n"));
	ck_assert(l->end[CLIENT].fin && l->end[SERVER].fin);
	ck_assert_str_eq(lab_got(l, SERVER), "");
	ck_assert_uint_eq(lab_count(l, WEIR_COUNT_HTTP_TIMEOUTS), 1);
	lab_destroy(l);
}
END_TEST

START_TEST(a_body_that_stalls_is_answered_408)
{
	struct http_lab *l = lab_create(", timeouts: {body: 5s}", "");

	lab_say(l, CLIENT, "POST / HTTP/1.1\r\nHost: x\r\n" FORM "Content-Length: 9\r\n\r\na");
	for (int i = 0; i < 4; i++) {
		lab_wait(l, 3 * WEIR_NS_PER_S);
		lab_say(l, CLIENT, "b");
		ck_assert_str_eq(lab_got(l, CLIENT), "");
	}
	lab_wait(l, 6 * WEIR_NS_PER_S);
	ck_assert(lab_has(l, CLIENT, "HTTP/1.1 408 "));
	ck_assert(l->end[CLIENT].fin && l->end[SERVER].fin);
	lab_destroy(l);
}
END_TEST

START_TEST(who_says_nothing_for_long_is_let_go)
{
	struct http_lab *l = lab_create(", timeouts: {idle: 5s}", "");

	lab_wait(l, 4 * WEIR_NS_PER_S);
	lab_say(l, CLIENT, GET("/"));
	lab_wait(l, 20 * WEIR_NS_PER_S); /* the server's fault */
	ck_assert(!l->end[CLIENT].fin);
	lab_say(l, SERVER, OK("x", 1));
	lab_wait(l, 4 * WEIR_NS_PER_S);
	ck_assert(!l->end[CLIENT].fin);
	lab_wait(l, 2 * WEIR_NS_PER_S);
	ck_assert(l->end[CLIENT].fin && l->end[SERVER].fin);
	ck_assert_str_eq(lab_got(l, CLIENT), OK("x", 1));
	lab_destroy(l);
}
END_TEST

/* ---- reloads ---- */

START_TEST(a_connection_goes_over_to_the_next_generation_between_requests)
{
	struct http_lab *l = lab_create("", "");

	lab_say(l, CLIENT, GET("/"));
	lab_reload(l, "", ", mode: detect", 2);
	lab_say(l, CLIENT, GET("/attack1")); /* one is under way, under the rules of before */
	lab_say(l, SERVER, OK("x", 1));
	ck_assert(lab_has(l, CLIENT, OK("x", 1) "HTTP/1.1 403 "));
	lab_clear(l, SERVER);
	lab_say(l, CLIENT, GET("/attack1"));
	ck_assert_str_eq(lab_got(l, SERVER), GET("/attack1"));
	lab_say(l, SERVER, OK("y", 1));
	ck_assert_uint_eq(lab_count(l, WEIR_COUNT_HTTP_WOULD_DENY), 1);
	ck_assert(lab_record(l, NULL).detect);
	lab_destroy(l);
}
END_TEST

START_TEST(without_a_policy_any_more_it_goes_on_unread)
{
	struct http_lab *l = lab_create("", "");

	lab_say(l, CLIENT, GET("/"));
	lab_say(l, SERVER, OK("x", 1));
	fixture_reload(l->f, POLICY_WEB, 2);
	lab_clear(l, SERVER);
	lab_say(l, CLIENT, GET("/attack1"));
	ck_assert_str_eq(lab_got(l, SERVER), GET("/attack1"));
	lab_destroy(l);
}
END_TEST

Suite *path_http_suite(void)
{
	Suite *s = suite_create("path_http");
	TCase *t = tcase_create("http");

	tcase_set_timeout(t, 120);
	tcase_add_test(t, what_rules_let_pass_arrives_as_it_was_sent);
	tcase_add_test(t, the_time_of_a_transaction_is_counted_by_work);
	tcase_add_loop_test(t, segments_make_no_difference, 0, (int)WEIR_ARRAY_LEN(exchanges));
	tcase_add_test(t, nothing_goes_on_before_it_was_judged);
	tcase_add_test(t, what_is_not_looked_at_goes_on_as_it_comes);
	tcase_add_test(t, pipelined_requests_go_on_and_have_their_responses_in_order);
	tcase_add_test(t, a_seventeenth_request_waits_for_a_response);
	tcase_add_test(t, who_sends_many_requests_at_once_leaves_some_to_others);
	tcase_add_test(t, who_half_closes_after_the_request_has_the_response);
	tcase_add_test(t, a_request_without_its_end_goes_nowhere_and_is_told);
	tcase_add_test(t, a_request_that_is_cut_is_told_after_those_before_it);
	tcase_add_test(t, a_response_without_its_end_is_replaced_or_left_so);
	tcase_add_test(t, what_follows_a_request_that_closes_is_thrown_away);
	tcase_add_test(t, after_an_upgrade_bytes_go_both_ways_unread);
	tcase_add_test(t, an_upgrade_that_the_server_does_not_want_stays_http);
	tcase_add_test(t, a_tunnel_that_nobody_asked_for_is_a_bad_response);
	tcase_add_test(t, after_connect_bytes_go_both_ways_unread);
	tcase_add_loop_test(t, servers_that_answer_connect_with_content_make_no_tunnel, 0, 3);
	tcase_add_loop_test(t, an_offer_to_go_on_in_http2_or_tls_is_not_heard, 0,
			    (int)WEIR_ARRAY_LEN(offers));
	tcase_add_test(t, an_offer_that_is_heard_is_a_bad_response_when_it_is_taken);
	tcase_add_test(t, pipelined_requests_go_on_around_such_an_offer);
	tcase_add_test(t, weir_says_continue_where_it_holds_the_body_and_the_server_need_not);
	tcase_add_test(t, continue_is_said_in_its_turn);
	tcase_add_test(t, a_head_that_takes_too_long_is_answered_408);
	tcase_add_test(t, a_body_that_stalls_is_answered_408);
	tcase_add_test(t, who_says_nothing_for_long_is_let_go);
	tcase_add_test(t, a_connection_goes_over_to_the_next_generation_between_requests);
	tcase_add_test(t, without_a_policy_any_more_it_goes_on_unread);
	suite_add_tcase(s, t);
	return s;
}
