/* SPDX-License-Identifier: BSD-3-Clause */
/* HTTP/1.1 in front, HTTP/2 behind: what arrives either way, and what of HTTP/1.1 does not. */
#include "http2_lab.h"

#include <stdio.h>

Suite *path_translate_suite(void);

#define FORM    "Content-Type: application/x-www-form-urlencoded\r\n"
#define GET     "GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n"
#define POST    "POST / HTTP/1.1\r\nHost: shop.example\r\n"
#define OK5     "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
#define CHUNKED "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

/* ---- requests and responses ---- */

START_TEST(requests_are_streams_one_after_the_other)
{
	struct h2_lab *l = h2_lab_create((enum h2_way)_i, "");

	for (unsigned int i = 1; i <= 20; i++) {
		h1_say(l, "GET /page?a=b HTTP/1.1\r\nHost: shop.example\r\nX-A: b\r\n\r\n");
		ck_assert_uint_eq(h2_requests(l), i);
		ck_assert_str_eq(h2_last(l)->head,
				 "GET /page?a=b HTTP/1.1\r\nHost: shop.example\r\n"
				 "x-a: b\r\n\r\n");
		h2_answer_last(l, "HTTP/1.1 200 OK\r\nX-B: c\r\nContent-Length: 5\r\n\r\n",
			       "hello");
		ck_assert_str_eq(h1_got(l), "HTTP/1.1 200 \r\nx-b: c\r\ncontent-length: 5\r\n\r\n"
					    "hello");
		ck_assert(h2_last(l)->closed);
		ck_assert_int_eq(h2_last(l)->why, WEIR_HTTP2_OK);
		h1_clear(l);
	}
	ck_assert_uint_eq(lab_count(l->l, WEIR_COUNT_HTTP_REQUESTS), 20);
	ck_assert_uint_eq(lab_count(l->l, WEIR_COUNT_HTTP_RESPONSES), 20);
	ck_assert_uint_eq(lab_count(l->l, WEIR_COUNT_HTTP2_CONNECTIONS), 0);
	ck_assert_uint_eq(lab_count(l->l, WEIR_COUNT_HTTP_TUNNELS), 0);
	h2_lab_destroy(l);
}
END_TEST

START_TEST(a_record_tells_what_the_client_spoke)
{
	struct h2_lab *l = h2_lab_create((enum h2_way)_i, "");
	struct weir_event_http h;
	unsigned int n;

	h1_say(l, "GET /page HTTP/1.1\r\nHost: shop.example\r\n\r\n");
	h2_answer_last(l, OK5, "hello");
	h = lab_record(l->l, &n);
	ck_assert_uint_eq(n, 1);
	ck_assert_str_eq(h.protocol, "HTTP/1.1");
	ck_assert_str_eq(h.path, "/page");
	ck_assert_uint_eq(h.status, 200);
	ck_assert_uint_eq(h.stream, 0);
	ck_assert_uint_eq(h.response_bytes, 5);
	h2_lab_destroy(l);
}
END_TEST

/* The head as the server sees it, written as HTTP/1.1 again. */
static const struct {
	const char *said, *seen;
} heads[] = {
	{"GET http://shop.example/a?b HTTP/1.1\r\nHost: shop.example\r\n\r\n",
	 "GET /a?b HTTP/1.1\r\nHost: shop.example\r\n\r\n"},
	{"GET / HTTP/1.1\r\nHost: shop.example\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\n"
	 "Keep-Alive: timeout=5\r\nProxy-Connection: a\r\nTE: trailers, deflate\r\n\r\n",
	 "GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n"},
	{"GET / HTTP/1.1\r\nHost: shop.example\r\nConnection: Upgrade, HTTP2-Settings\r\n"
	 "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n",
	 "GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n"},
	{"OPTIONS * HTTP/1.1\r\nHost: shop.example\r\n\r\n",
	 "OPTIONS * HTTP/1.1\r\nHost: shop.example\r\n\r\n"},
	{"POST / HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 0\r\n\r\n",
	 "POST / HTTP/1.1\r\nHost: shop.example\r\ncontent-length: 0\r\n\r\n"},
	{"GET / HTTP/1.1\r\nHost: shop.example\r\nCookie: a=b\r\nCookie: c=d\r\n\r\n",
	 "GET / HTTP/1.1\r\nHost: shop.example\r\ncookie: a=b; c=d\r\n\r\n"},
};

START_TEST(what_is_of_the_connection_stays_behind)
{
	struct h2_lab *l = h2_lab_create(H1_CLEAR2, "");

	h1_say(l, heads[_i].said);
	ck_assert_uint_eq(h2_requests(l), 1);
	ck_assert_str_eq(h2_last(l)->head, heads[_i].seen);
	h2_answer_last(l, OK5, "hello");
	ck_assert_ptr_nonnull(strstr(h1_got(l), "hello"));
	h2_lab_destroy(l);
}
END_TEST

START_TEST(bodies_arrive_with_their_trailers)
{
	struct h2_lab *l = h2_lab_create((enum h2_way)_i, "");

	h1_say(l, POST "Content-Length: 5\r\n\r\nhello");
	ck_assert_str_eq(h2_last(l)->head, POST "content-length: 5\r\n\r\n");
	ck_assert(h2_last(l)->ended);
	ck_assert_str_eq(h2_last(l)->body.ptr, "hello");
	h2_answer_last(l, OK5, "world");
	h1_clear(l);
	h1_say(l, POST "Transfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n6\r\n");
	ck_assert(!h2_last(l)->ended);
	h1_say(l, " world\r\n0\r\nX-End: yes\r\nX-More: no\r\n\r\n");
	ck_assert(h2_last(l)->ended);
	ck_assert_str_eq(h2_last(l)->body.ptr, "hello world");
	ck_assert_str_eq(h2_last(l)->trailers.ptr, "x-end: yes\nx-more: no\n");
	h2_last(l)->trailer = "there";
	h2_answer_last(l, CHUNKED, "hello");
	ck_assert_str_eq(h1_got(l), "HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n"
				    "5\r\nhello\r\n0\r\nx-trailer: there\r\n\r\n");
	h1_clear(l);
	h1_say(l, GET);
	h2_last(l)->trailer = "again";
	h2_answer_last(l, "HTTP/1.1 200 OK\r\nTrailer: x-trailer\r\nContent-Length: 5\r\n\r\n",
		       "hello");
	ck_assert_str_eq(h1_got(l), "HTTP/1.1 200 \r\ntrailer: x-trailer\r\n"
				    "Transfer-Encoding: chunked\r\n\r\n"
				    "5\r\nhello\r\n0\r\nx-trailer: again\r\n\r\n");
	h1_clear(l);
	h1_say(l, GET);
	h2_last(l)->trailer = "lost";
	h2_answer_last(l, OK5, "hello");
	ck_assert_str_eq(h1_got(l), "HTTP/1.1 200 \r\ncontent-length: 5\r\n\r\nhello");
	h2_lab_destroy(l);
}
END_TEST

START_TEST(a_body_in_single_bytes_arrives)
{
	static const char text[] = POST "Transfer-Encoding: chunked\r\n\r\n"
					"3\r\nabc\r\n2\r\nde\r\n0\r\nX-T: u\r\n\r\n";
	struct h2_lab *l = h2_lab_create((enum h2_way)_i, ", timeouts: {header: 0ms}");

	for (size_t i = 0; i < sizeof(text) - 1; i++)
		h1_send(l, text + i, 1);
	ck_assert(h2_last(l)->ended);
	ck_assert_str_eq(h2_last(l)->body.ptr, "abcde");
	ck_assert_str_eq(h2_last(l)->trailers.ptr, "x-t: u\n");
	h2_lab_destroy(l);
}
END_TEST

static const struct {
	const char *request, *answer, *body, *got;
	bool closes;
} answers[] = {
	{GET, CHUNKED, "hello",
	 "HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", false},
	{GET, "HTTP/1.1 204 No Content\r\n\r\n", "", "HTTP/1.1 204 \r\n\r\n", false},
	{GET, "HTTP/1.1 304 Not Modified\r\nETag: a\r\n\r\n", "",
	 "HTTP/1.1 304 \r\netag: a\r\n\r\n", false},
	{GET, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "",
	 "HTTP/1.1 200 \r\ncontent-length: 0\r\n\r\n", false},
	{"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "",
	 "HTTP/1.1 200 \r\ncontent-length: 5\r\n\r\n", false},
	{"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", OK5, "hello",
	 "HTTP/1.1 200 \r\ncontent-length: 5\r\nConnection: close\r\n\r\nhello", true},
	{"GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n", OK5, "hello",
	 "HTTP/1.1 200 \r\ncontent-length: 5\r\nConnection: close\r\n\r\nhello", true},
	{"GET / HTTP/1.0\r\nHost: a\r\n\r\n", CHUNKED, "hello",
	 "HTTP/1.1 200 \r\nConnection: close\r\n\r\nhello", true},
};

START_TEST(an_answer_has_the_end_that_its_client_knows)
{
	for (unsigned int way = H1_CLEAR2; way < H1_WAYS; way++) {
		struct h2_lab *l = h2_lab_create((enum h2_way)way, "");

		h1_say(l, answers[_i].request);
		h2_answer_last(l, answers[_i].answer, answers[_i].body);
		ck_assert_str_eq(h1_got(l), answers[_i].got);
		ck_assert_uint_eq(l->l->end[CLIENT].fin, answers[_i].closes);
		ck_assert_uint_eq(l->l->end[SERVER].fin, answers[_i].closes);
		ck_assert_uint_eq(l->end[SERVER].goaway, answers[_i].closes);
		ck_assert(!l->l->end[CLIENT].rst && !l->l->end[SERVER].rst);
		h2_lab_destroy(l);
	}
}
END_TEST

START_TEST(interim_responses_come_before_the_other)
{
	struct h2_lab *l = h2_lab_create((enum h2_way)_i, "");

	h1_say(l, POST "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n");
	h2_answer_last(l, "HTTP/1.1 100 Continue\r\n\r\n", "");
	h2_answer_last(l, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", "");
	ck_assert_str_eq(h1_got(l), "HTTP/1.1 100 \r\n\r\nHTTP/1.1 103 \r\nlink: </a>\r\n\r\n");
	h1_say(l, "abc");
	h2_answer_last(l, OK5, "hello");
	ck_assert_ptr_nonnull(strstr(h1_got(l), "\r\n\r\nhello"));
	h2_lab_destroy(l);
}
END_TEST

/* The second is not sent before the first one is answered. */
START_TEST(pipelined_requests_are_answered_in_order)
{
	struct h2_lab *l = h2_lab_create((enum h2_way)_i, "");

	h1_say(l, "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"
		  "POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
		  "GET /3?attack1 HTTP/1.1\r\nHost: a\r\n\r\n"
		  "GET /4 HTTP/1.1\r\nHost: a\r\n\r\n");
	ck_assert_uint_eq(h2_requests(l), 1);
	h2_answer_last(l, OK5, "first");
	ck_assert_uint_eq(h2_requests(l), 2);
	ck_assert_str_eq(h2_last(l)->body.ptr, "abc");
	ck_assert_ptr_null(strstr(h1_got(l), "403"));
	h2_answer_last(l, OK5, "again");
	ck_assert_uint_eq(h2_requests(l), 3);
	ck_assert_ptr_nonnull(strstr(h2_last(l)->head, "GET /4"));
	h2_answer_last(l, OK5, "third");
	ck_assert_ptr_nonnull(strstr(h1_got(l), "first"));
	ck_assert_ptr_nonnull(strstr(strstr(h1_got(l), "again"), "HTTP/1.1 403 Forbidden"));
	ck_assert_ptr_nonnull(strstr(strstr(h1_got(l), "HTTP/1.1 403"), "third"));
	h2_lab_destroy(l);
}
END_TEST

/* ---- much ---- */

START_TEST(large_bodies_arrive_both_ways)
{
	struct h2_lab *l = h2_lab_create((enum h2_way)_i, "");
	size_t n = 400000;
	char *text = h2_text(n);
	const char *at;

	h1_say(l, POST "Content-Type: image/png\r\nContent-Length: 400000\r\n\r\n");
	h1_send(l, text, n);
	ck_assert(h2_last(l)->ended);
	ck_assert_uint_eq(h2_last(l)->body.len, n);
	ck_assert_mem_eq(h2_last(l)->body.ptr, text, n);
	h2_answer(l, l->end[SERVER].last, "HTTP/1.1 200 OK\r\nContent-Length: 400000\r\n\r\n", text,
		  n);
	at = strstr(h1_got(l), "\r\n\r\n");
	ck_assert_ptr_nonnull(at);
	ck_assert_str_eq(at + 4, text);
	free(text);
	h2_lab_destroy(l);
}
END_TEST

/* Beyond what TCP and the windows have there is nothing. */
START_TEST(who_does_not_read_is_sent_no_more)
{
	struct h2_lab *l = h2_lab_create((enum h2_way)_i, "");
	size_t n = 8 << 20;
	char *text = h2_text(n);
	struct weir_path_gauges gauges;

	h1_say(l, GET);
	l->l->end[CLIENT].silent = true;
	h2_answer(l, l->end[SERVER].last, "HTTP/1.1 200 OK\r\nContent-Length: 8388608\r\n\r\n",
		  text, n);
	ck_assert_uint_gt(h2_last(l)->n_to_send, 7 << 20);
	weir_path_gauges(l->l->f->path, 0, &gauges);
	ck_assert_uint_lt(gauges.http2_kib, 1024);
	free(text);
	h2_lab_destroy(l);
}
END_TEST

START_TEST(a_server_that_takes_nothing_is_sent_no_more)
{
	struct h2_lab *l = h2_lab_create((enum h2_way)_i, "");
	size_t n = 8 << 20;
	char *text = h2_text(n);

	l->end[SERVER].hold = true;
	h1_say(l, POST "Content-Type: image/png\r\nContent-Length: 8388608\r\n\r\n");
	h1_send(l, text, n);
	ck_assert_uint_gt(l->t ? l->t->end[CLIENT].wire.len : l->end[CLIENT].out.len, 3 << 20);
	ck_assert_uint_lt(h2_last(l)->body.len, 2 << 20);
	free(text);
	h2_lab_destroy(l);
}
END_TEST

/* ---- judging ---- */

START_TEST(what_rules_refuse_goes_nowhere)
{
	struct h2_lab *l = h2_lab_create((enum h2_way)_i, "");

	h1_say(l, "GET /attack1 HTTP/1.1\r\nHost: a\r\n\r\n");
	ck_assert_uint_eq(h2_requests(l), 0);
	ck_assert_ptr_nonnull(strstr(h1_got(l), "HTTP/1.1 403 Forbidden"));
	h1_clear(l);
	h1_say(l, POST FORM "Content-Length: 9\r\n\r\na=attack2");
	ck_assert_uint_eq(h2_requests(l), 0);
	ck_assert_ptr_nonnull(strstr(h1_got(l), "HTTP/1.1 403 Forbidden"));
	h1_clear(l);
	h1_say(l, GET);
	h2_answer_last(l, "HTTP/1.1 200 OK\r\nX-Leak: attack3\r\nContent-Length: 0\r\n\r\n", "");
	ck_assert_ptr_nonnull(strstr(h1_got(l), "HTTP/1.1 403 Forbidden"));
	ck_assert_ptr_null(strstr(h1_got(l), "attack3"));
	ck_assert_uint_eq(lab_count(l->l, WEIR_COUNT_HTTP_DENIED), 3);
	h2_lab_destroy(l);
}
END_TEST

START_TEST(text_of_answers_is_judged)
{
	struct h2_lab *l = h2_lab_create((enum h2_way)_i, "");

	h1_say(l, GET);
	h2_answer_last(
		l,
		"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n",
		"no secrets here");
	ck_assert_ptr_nonnull(strstr(h1_got(l), "f\r\nno secrets here\r\n0\r\n\r\n"));
	h1_clear(l);
	h1_say(l, GET);
	h2_answer_last(
		l,
		"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n",
		"attack4");
	ck_assert_ptr_nonnull(strstr(h1_got(l), "HTTP/1.1 403 Forbidden"));
	ck_assert_ptr_null(strstr(h1_got(l), "attack4"));
	h2_lab_destroy(l);
}
END_TEST

/* ---- what HTTP/2 has not ---- */

static const struct {
	const char *said, *bad;
	unsigned int status;
} untranslatable[] = {
	{"CONNECT shop.example:443 HTTP/1.1\r\nHost: shop.example:443\r\n\r\n", "CONNECT", 501},
	{"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
	 "UPGRADE", 501},
	{"GET / HTTP/1.1\r\nHost: a\r\nConnection: content-type\r\nContent-Type: b/c\r\n\r\n",
	 "CONNECTION_OPTION", 400},
	{"GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n", "AUTHORITY_MISMATCH", 400},
};

START_TEST(what_http2_has_no_words_for_is_refused)
{
	struct h2_lab *l = h2_lab_create(H1_CLEAR2, "");
	char status[32];

	h1_say(l, untranslatable[_i].said);
	snprintf(status, sizeof(status), "HTTP/1.1 %u ", untranslatable[_i].status);
	ck_assert_ptr_nonnull(strstr(h1_got(l), status));
	ck_assert_uint_eq(h2_requests(l), 0);
	ck_assert_str_eq(lab_record(l->l, NULL).bad, untranslatable[_i].bad);
	ck_assert_uint_eq(lab_count(l->l, WEIR_COUNT_HTTP_BAD_REQUEST), 1);
	ck_assert_uint_eq(lab_count(l->l, WEIR_COUNT_HTTP_BAD_RESPONSE), 0);
	ck_assert(l->l->end[CLIENT].fin && !l->l->end[CLIENT].rst);
	h2_lab_destroy(l);
}
END_TEST

/* ---- where nothing protects the Service ---- */

START_TEST(http1_is_translated_where_nothing_is_judged)
{
	struct h2_lab *l = h2_lab_create_unprotected(H1_CLEAR2);

	h1_say(l, "GET /?a=attack2 HTTP/1.1\r\nHost: shop.example\r\n\r\n");
	ck_assert_uint_eq(h2_requests(l), 1);
	h2_answer_last(l, OK5, "hello");
	ck_assert_ptr_nonnull(strstr(h1_got(l), "hello"));
	ck_assert_uint_eq(lab_count(l->l, WEIR_COUNT_HTTP_TUNNELS), 0);
	h2_lab_destroy(l);
}
END_TEST

START_TEST(http2_is_translated_where_nothing_is_judged)
{
	struct h2_lab *l = h2_lab_create_unprotected(H2_CLEAR1);
	uint32_t id = h2_get(l, "/?a=attack2");

	ck_assert_ptr_nonnull(strstr(h2_got1(l), "GET /?a=attack2 HTTP/1.1\r\n"));
	h2_answer(l, id, OK5, "hello", 5);
	ck_assert_str_eq(h2_seen(l, CLIENT, id)->body.ptr, "hello");
	h2_lab_destroy(l);
}
END_TEST

/* It need not be read any further. */
START_TEST(what_needs_no_translation_is_forwarded)
{
	struct http_lab *l = lab_create(", http2Upstream: false", ", mode: off");

	lab_say(l, CLIENT, GET);
	ck_assert_str_eq(lab_got(l, SERVER), GET);
	ck_assert_uint_eq(lab_count(l, WEIR_COUNT_HTTP_TUNNELS), 1);
	ck_assert_uint_eq(lab_count(l, WEIR_COUNT_HTTP_REQUESTS), 0);
	lab_destroy(l);
}
END_TEST

/* ---- what servers are asked for ---- */

/* These take nothing but HTTP/2. */
START_TEST(servers_by_tls_are_not_offered_http2_where_the_service_says_so)
{
	struct h2_lab *l = h2_lab_create(H2_TLS_TLS2, ", http2Upstream: false");
	const unsigned char *protocol;
	unsigned int n;

	SSL_get0_alpn_selected(l->t->end[SERVER].peer.ssl, &protocol, &n);
	ck_assert(SSL_is_init_finished(l->t->end[SERVER].peer.ssl));
	ck_assert_uint_eq(n, 0);
	h2_lab_destroy(l);
}
END_TEST

/* ---- reloads ---- */

START_TEST(a_reload_changes_what_the_next_request_is_judged_by)
{
	struct h2_lab *l = h2_lab_create(H1_CLEAR2, "");

	h1_say(l, GET);
	lab_reload(l->l, ", http2Upstream: true", ", paranoia: 1", 9);
	h2_answer_last(l, OK5, "hello");
	h1_say(l, GET);
	h2_answer_last(l, OK5, "world");
	ck_assert_ptr_nonnull(strstr(h1_got(l), "world"));
	ck_assert_uint_eq(lab_count(l->l, WEIR_COUNT_HTTP_TUNNELS), 0);
	h2_lab_destroy(l);
}
END_TEST

Suite *path_translate_suite(void)
{
	Suite *s = suite_create("path translate");
	TCase *c = tcase_create("translate");

	tcase_set_timeout(c, 60);
	tcase_add_loop_test(c, requests_are_streams_one_after_the_other, H1_CLEAR2, H1_WAYS);
	tcase_add_loop_test(c, a_record_tells_what_the_client_spoke, H1_CLEAR2, H1_WAYS);
	tcase_add_loop_test(c, what_is_of_the_connection_stays_behind, 0, WEIR_ARRAY_LEN(heads));
	tcase_add_loop_test(c, bodies_arrive_with_their_trailers, H1_CLEAR2, H1_WAYS);
	tcase_add_loop_test(c, a_body_in_single_bytes_arrives, H1_CLEAR2, H1_WAYS);
	tcase_add_loop_test(c, an_answer_has_the_end_that_its_client_knows, 0,
			    WEIR_ARRAY_LEN(answers));
	tcase_add_loop_test(c, interim_responses_come_before_the_other, H1_CLEAR2, H1_WAYS);
	tcase_add_loop_test(c, pipelined_requests_are_answered_in_order, H1_CLEAR2, H1_WAYS);
	tcase_add_loop_test(c, large_bodies_arrive_both_ways, H1_CLEAR2, H1_WAYS);
	tcase_add_loop_test(c, who_does_not_read_is_sent_no_more, H1_CLEAR2, H1_WAYS);
	tcase_add_loop_test(c, a_server_that_takes_nothing_is_sent_no_more, H1_CLEAR2, H1_WAYS);
	tcase_add_loop_test(c, what_rules_refuse_goes_nowhere, H1_CLEAR2, H1_WAYS);
	tcase_add_loop_test(c, text_of_answers_is_judged, H1_CLEAR2, H1_WAYS);
	tcase_add_loop_test(c, what_http2_has_no_words_for_is_refused, 0,
			    WEIR_ARRAY_LEN(untranslatable));
	tcase_add_test(c, http1_is_translated_where_nothing_is_judged);
	tcase_add_test(c, http2_is_translated_where_nothing_is_judged);
	tcase_add_test(c, what_needs_no_translation_is_forwarded);
	tcase_add_test(c, servers_by_tls_are_not_offered_http2_where_the_service_says_so);
	tcase_add_test(c, a_reload_changes_what_the_next_request_is_judged_by);
	suite_add_tcase(s, c);
	return s;
}
