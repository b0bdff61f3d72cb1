/* SPDX-License-Identifier: BSD-3-Clause */
/* HTTP/2: what arrives, on whichever kind of server, in however many pieces; what is refused. */
#include "http2_lab.h"

#include <stdio.h>

Suite *path_http2_suite(void);

#define FORM "Content-Type: application/x-www-form-urlencoded\r\n"
#define POST "POST / HTTP/1.1\r\nHost: shop.example\r\n"
#define OK5  "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"

static void check_body(struct h2_lab *l, unsigned int end, uint32_t id, const char *body, size_t n)
{
	const struct h2_seen *x = h2_seen(l, end, id);

	ck_assert_uint_eq(x->body.len, n);
	if (n)
		ck_assert_mem_eq(x->body.ptr, body, n);
	ck_assert(x->ended);
}

START_TEST(a_request_and_its_response_arrive)
{
	struct h2_lab *l = h2_lab_create((enum h2_way)_i, "");

	for (unsigned int i = 1; i <= 3; i++) {
		uint32_t id = h2_get(l, "/page?a=b");

		ck_assert_uint_eq(h2_requests(l), i);
		if (h2_lab_is_http2(l))
			ck_assert_str_eq(h2_seen(l, SERVER, l->end[SERVER].last)->head,
					 "GET /page?a=b HTTP/1.1\r\nHost: shop.example\r\n\r\n");
		h2_answer(l, l->end[SERVER].last, OK5, "hello", 5);
		ck_assert_uint_eq(h2_seen(l, CLIENT, id)->status, 200);
		check_body(l, CLIENT, id, "hello", 5);
		ck_assert(h2_seen(l, CLIENT, id)->closed);
		ck_assert_int_eq(h2_seen(l, CLIENT, id)->why, WEIR_HTTP2_OK);
	}
	if (!h2_lab_is_http2(l))
		ck_assert_str_eq(h2_got1(l),
				 "GET /page?a=b HTTP/1.1\r\nHost: shop.example\r\n\r\n"
				 "GET /page?a=b HTTP/1.1\r\nHost: shop.example\r\n\r\n"
				 "GET /page?a=b HTTP/1.1\r\nHost: shop.example\r\n\r\n");
	ck_assert_uint_eq(lab_count(l->l, WEIR_COUNT_HTTP_REQUESTS), 3);
	ck_assert_uint_eq(lab_count(l->l, WEIR_COUNT_HTTP_RESPONSES), 3);
	ck_assert_uint_eq(lab_count(l->l, WEIR_COUNT_HTTP2_CONNECTIONS), 1);
	h2_lab_destroy(l);
}
END_TEST

START_TEST(its_memory_is_told)
{
	struct h2_lab *l = h2_lab_create((enum h2_way)_i, "");
	struct weir_path_gauges gauges;

	(void)h2_get(l, "/page");
	weir_path_gauges(l->l->f->path, 0, &gauges);
	ck_assert_uint_gt(gauges.http2_kib, 0);
	ck_assert_uint_lt(gauges.http2_kib, gauges.http2_kib_max);
	ck_assert_uint_eq(gauges.http2_kib_max, l->l->f->conf->http2_bytes >> 10);
	h2_lab_destroy(l);
}
END_TEST

START_TEST(a_record_tells_of_the_stream)
{
	struct h2_lab *l = h2_lab_create((enum h2_way)_i, "");
	struct weir_event_http h;
	unsigned int n;

	(void)h2_get(l, "/1");
	h2_answer(l, l->end[SERVER].last, OK5, "hello", 5);
	(void)h2_get(l, "/2");
	h2_answer(l, l->end[SERVER].last, OK5, "hello", 5);
	h = lab_record(l->l, &n);
	ck_assert_uint_eq(n, 2);
	ck_assert_str_eq(h.protocol, "HTTP/2.0");
	ck_assert_str_eq(h.path, "/2");
	ck_assert_str_eq(h.host, "shop.example");
	ck_assert_uint_eq(h.stream, 3);
	ck_assert_uint_eq(h.status, 200);
	ck_assert_uint_eq(h.response_bytes, 5);
	ck_assert_ptr_null(h.bad);
	if (l->t)
		ck_assert_uint_eq(h.tls[0].alpn, WEIR_EVENT_ALPN_HTTP2);
	h2_lab_destroy(l);
}
END_TEST

/* ---- bodies ---- */

static const struct {
	size_t n;
	const char *type;
	bool length;
} uploads[] = {
	{0, FORM, false},
	{9, FORM, true},
	{9, FORM, false},
	{100000, FORM, true},
	{300000, "Content-Type: image/png\r\n", true},
	{300000, "Content-Type: image/png\r\n", false},
};

START_TEST(bodies_of_requests_arrive)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(uploads); i++) {
		struct h2_lab *l = h2_lab_create((enum h2_way)_i, "");
		size_t n = uploads[i].n;
		char *body = h2_text(n), head[512], length[64] = "Transfer-Encoding: chunked\r\n";
		const char *got;
		uint32_t id;

		if (uploads[i].length)
			snprintf(length, sizeof(length), "Content-Length: %zu\r\n", n);
		snprintf(head, sizeof(head), POST "%s%s\r\n", uploads[i].type, length);
		id = h2_send(l, head, body, n);
		h2_pump(l);
		ck_assert_uint_eq(h2_requests(l), 1);
		if (h2_lab_is_http2(l)) {
			check_body(l, SERVER, l->end[SERVER].last, body, n);
		} else if (uploads[i].length) {
			got = strstr(h2_got1(l), "\r\n\r\n");
			ck_assert_ptr_nonnull(got);
			ck_assert_uint_eq(h2_got1_len(l) - (size_t)(got + 4 - h2_got1(l)), n);
			ck_assert_mem_eq(got + 4, body, n);
		} else {
			ck_assert_ptr_nonnull(
				strstr(h2_got1(l), "Transfer-Encoding: chunked\r\n\r\n"));
			ck_assert_str_eq(h2_got1(l) + h2_got1_len(l) - 5, "0\r\n\r\n");
		}
		h2_answer(l, l->end[SERVER].last, OK5, "hello", 5);
		check_body(l, CLIENT, id, "hello", 5);
		free(body);
		h2_lab_destroy(l);
	}
}
END_TEST

START_TEST(bodies_of_responses_arrive)
{
	static const char *const types[] = {"image/png", "text/plain"};

	for (size_t i = 0; i < 2; i++) {
		struct h2_lab *l = h2_lab_create((enum h2_way)_i, "");
		size_t n = 700000;
		char *body = h2_text(n), head[128];
		uint32_t id = h2_get(l, "/");

		snprintf(head, sizeof(head),
			 "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n",
			 types[i], n);
		h2_answer(l, l->end[SERVER].last, head, body, n);
		check_body(l, CLIENT, id, body, n);
		free(body);
		h2_lab_destroy(l);
	}
}
END_TEST

START_TEST(who_does_not_read_holds_the_server_back)
{
	struct h2_lab *l = h2_lab_create((enum h2_way)_i, "");
	size_t n = 8 << 20, left;
	char *body = h2_text(n), head[128];
	uint32_t id = h2_get(l, "/");

	l->end[CLIENT].hold = true;
	snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", n);
	h2_answer(l, l->end[SERVER].last, head, body, n);
	left = h2_lab_is_http2(l) ? h2_seen(l, SERVER, l->end[SERVER].last)->n_to_send
				  : l->end[SERVER].out.len;
	if (l->t && l->t->end[SERVER].tls)
		left += l->t->end[SERVER].wire.len;
	ck_assert_uint_gt(left, 2 << 20);
	ck_assert_uint_lt(h2_seen(l, CLIENT, id)->body.len, 2 << 20);
	free(body);
	h2_lab_destroy(l);
}
END_TEST

START_TEST(many_large_responses_at_once_arrive)
{
	struct h2_lab *l = h2_lab_create((enum h2_way)_i, "");
	size_t n = 300000;
	char *body = h2_text(n), head[128];
	uint32_t ids[20];

	snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", n);
	for (unsigned int i = 0; i < 20; i++)
		ids[i] = h2_get(l, "/");
	for (unsigned int i = 0; i < 20; i++)
		h2_answer(l, 2 * i + 1, head, body, n);
	for (unsigned int i = 0; i < 20; i++)
		check_body(l, CLIENT, ids[i], body, n);
	free(body);
	h2_lab_destroy(l);
}
END_TEST

/* Nothing else makes it go on within the second until the session's next tick. */
START_TEST(a_server_in_http1_whose_queue_was_full_gets_more_when_it_acknowledges)
{
	struct h2_lab *l = h2_lab_create(H2_CLEAR1, "");
	uint64_t begin = l->l->f->now_ns;
	size_t n = 160000, full = 131072, before;
	char *body = h2_text(n), head[128];

	l->l->end[SERVER].late = true;
	snprintf(head, sizeof(head), POST "Content-Type: image/png\r\nContent-Length: %zu\r\n\r\n",
		 n);
	(void)h2_send(l, head, body, n);
	h2_pump(l);
	ck_assert_uint_lt(h2_got1_len(l), full);
	do {
		before = h2_got1_len(l);
		lab_acknowledge(l->l, SERVER);
	} while (h2_got1_len(l) > before);
	ck_assert_uint_eq(h2_got1_len(l), strlen(head) + n);
	ck_assert_mem_eq(h2_got1(l) + strlen(head), body, n);
	ck_assert_uint_lt(l->l->f->now_ns - begin, WEIR_NS_PER_S);
	free(body);
	h2_lab_destroy(l);
}
END_TEST

/* ---- what HTTP/1.1 says otherwise ---- */

static const struct {
	const char *response, *body, *trailers, *interim;
	bool close;
} answers[] = {
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	 "2;x=y\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
	 "hello", "", "", false},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	 "5\r\nhello\r\n0\r\nX-A: b\r\nX-C:d \r\n\r\n",
	 "hello", "x-a: b\nx-c: d\n", "", false},
	{"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"
	 "5\r\nhello\r\n0\r\nX-A: b\r\n\r\n",
	 "hello", "x-a: b\n", "", false},
	{"HTTP/1.1 204 No Content\r\n\r\n", "", "", "", false},
	{"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\n"
	 "Content-Length: 5\r\n\r\nhello",
	 "hello", "", "103 ", false},
	{"HTTP/1.0 200 OK\r\n\r\nuntil the end", "until the end", "", "", true},
	{"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\nhello", "hello",
	 "", "", true},
	{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello", "hello", "", "",
	 true},
};

static void end_server(struct h2_lab *l)
{
	if (l->t && l->t->end[SERVER].tls)
		tls_lab_close(l->t, SERVER);
	lab_fin(l->l, SERVER);
	h2_pump(l);
}

START_TEST(a_response_of_http1_comes_over_right)
{
	for (enum h2_way way = H2_CLEAR1; way <= H2_TLS_TLS1; way++) {
		struct h2_lab *l = h2_lab_create(way, "");
		uint32_t id = h2_get(l, "/");
		const struct h2_seen *x = h2_seen(l, CLIENT, id);

		h2_say1(l, answers[_i].response, strlen(answers[_i].response));
		if (answers[_i].close)
			end_server(l);
		ck_assert_uint_eq(x->status, strstr(answers[_i].response, " 204 ") ? 204 : 200);
		check_body(l, CLIENT, id, answers[_i].body, strlen(answers[_i].body));
		ck_assert_str_eq(x->trailers.len ? x->trailers.ptr : "", answers[_i].trailers);
		ck_assert_str_eq(x->interim.len ? x->interim.ptr : "", answers[_i].interim);
		ck_assert_int_eq(x->why, WEIR_HTTP2_OK);
		ck_assert_int_eq(l->end[CLIENT].goaway, answers[_i].close);
		ck_assert_int_eq(l->l->end[CLIENT].fin, answers[_i].close);
		h2_lab_destroy(l);
	}
}
END_TEST

START_TEST(trailers_of_requests_and_responses_arrive)
{
	struct h2_lab *l = h2_lab_create((enum h2_way)_i, "");
	uint32_t id =
		h2_send(l, POST "TE: trailers\r\nTransfer-Encoding: chunked\r\n\r\n", "abc", 3);
	struct h2_seen *x;

	h2_seen(l, CLIENT, id)->trailer = "of the client";
	h2_pump(l);
	if (!h2_lab_is_http2(l)) {
		ck_assert_ptr_nonnull(strstr(h2_got1(l), "\r\n\r\n3\r\nabc\r\n0\r\n"
							 "x-trailer: of the client\r\n\r\n"));
		h2_lab_destroy(l);
		return;
	}
	x = h2_seen(l, SERVER, l->end[SERVER].last);
	ck_assert_str_eq(x->trailers.ptr, "x-trailer: of the client\n");
	x->trailer = "of the server";
	h2_answer(l, l->end[SERVER].last, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
		  "hello", 5);
	check_body(l, CLIENT, id, "hello", 5);
	ck_assert_str_eq(h2_seen(l, CLIENT, id)->trailers.ptr, "x-trailer: of the server\n");
	h2_lab_destroy(l);
}
END_TEST

/* ---- many at once ---- */

START_TEST(streams_run_beside_each_other_and_one_attack_is_refused_alone)
{
	struct h2_lab *l = h2_lab_create((enum h2_way)_i, "");
	uint32_t ids[60];

	for (unsigned int i = 0; i < 60; i++) {
		char head[256];

		snprintf(head, sizeof(head), "GET /%u%s HTTP/1.1\r\nHost: shop.example\r\n\r\n", i,
			 i == 30 ? "attack1" : "");
		ids[i] = h2_send(l, head, NULL, 0);
	}
	h2_pump(l);
	for (unsigned int i = 0; i < 59; i++)
		h2_answer(l, 2 * i + 1, OK5, "hello", 5);
	ck_assert_uint_eq(h2_requests(l), 59);
	for (unsigned int i = 0; i < 60; i++) {
		const struct h2_seen *x = h2_seen(l, CLIENT, ids[i]);

		ck_assert_uint_eq(x->status, i == 30 ? 403 : 200);
		ck_assert(x->ended && x->closed && !x->why);
	}
	ck_assert_uint_eq(lab_count(l->l, WEIR_COUNT_HTTP_DENIED), 1);
	h2_lab_destroy(l);
}
END_TEST

/* ---- refusals ---- */

START_TEST(a_refused_request_goes_nowhere_and_the_session_goes_on)
{
	struct h2_lab *l = h2_lab_create((enum h2_way)_i, "");
	uint32_t id = h2_get(l, "/attack1");
	struct h2_seen *x = h2_seen(l, CLIENT, id);
	struct weir_event_http h;

	ck_assert_uint_eq(x->status, 403);
	ck_assert(x->ended && x->closed && !x->why);
	ck_assert_ptr_nonnull(strstr(x->head, "Content-Type: text/html")
				      ?: strstr(x->head, "content-type: text/html"));
	ck_assert_ptr_nonnull(strstr(x->body.ptr, "<h1>Forbidden</h1>"));
	ck_assert_uint_eq(h2_requests(l), 0);
	h = lab_record(l->l, NULL);
	ck_assert_uint_eq(h.status, 403);
	ck_assert(h.answered_by_weir);
	ck_assert_uint_eq(h.rules[0], 1);
	id = h2_get(l, "/");
	h2_answer(l, l->end[SERVER].last, OK5, "hello", 5);
	check_body(l, CLIENT, id, "hello", 5);
	h2_lab_destroy(l);
}
END_TEST

START_TEST(an_attack_in_a_body_is_refused_before_the_server_sees_anything)
{
	struct h2_lab *l = h2_lab_create((enum h2_way)_i, "");
	uint32_t id = h2_send(l, POST FORM "Content-Length: 11\r\nAccept: application/json\r\n\r\n",
			      "a=b&attack2", 11);
	struct h2_seen *x;

	h2_pump(l);
	id = h2_send(l, POST FORM "Transfer-Encoding: chunked\r\nAccept: application/json\r\n\r\n",
		     "a=attack2", 9);
	h2_pump(l);
	x = h2_seen(l, CLIENT, id);
	ck_assert_uint_eq(x->status, 403);
	ck_assert(strncmp(x->body.ptr, "{\"status\":403,", 14) == 0);
	ck_assert(x->closed && !x->why);
	ck_assert_uint_eq(h2_requests(l), 1);
	h2_lab_destroy(l);
}
END_TEST

/* The client is told not to send the rest, once it has the answer. */
START_TEST(who_is_refused_while_it_uploads_has_the_answer_and_may_stop)
{
	struct h2_lab *l = h2_lab_create((enum h2_way)_i, "");
	uint32_t id = h2_send(l, "POST /attack1 HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n",
			      "abc", 3);
	struct h2_seen *x = h2_seen(l, CLIENT, id);

	x->wait = true;
	h2_pump(l);
	ck_assert_uint_eq(x->status, 403);
	ck_assert(x->ended && x->closed);
	ck_assert_uint_eq(x->code, WEIR_HTTP2_NO_ERROR);
	ck_assert_uint_eq(h2_requests(l), 0);
	id = h2_get(l, "/");
	h2_answer(l, l->end[SERVER].last, OK5, "hello", 5);
	check_body(l, CLIENT, id, "hello", 5);
	h2_lab_destroy(l);
}
END_TEST

static const struct {
	const char *head, *body;
} leaks[] = {
	{"HTTP/1.1 200 OK\r\nX-Leak: attack3\r\nContent-Length: 5\r\n\r\n", "hello"},
	{"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n\r\n", "a attack4"},
	{"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n", NULL},
};

START_TEST(a_response_that_leaks_is_replaced)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(leaks); i++) {
		struct h2_lab *l = h2_lab_create((enum h2_way)_i, "");
		const char *body = leaks[i].body;
		uint32_t id = h2_get(l, "/");
		struct h2_seen *x = h2_seen(l, CLIENT, id);

		if (!body)
			body = h2_lab_is_http2(l) ? "xattack4" : "8\r\nxattack4\r\n0\r\n\r\n";
		h2_answer(l, l->end[SERVER].last, leaks[i].head, body, strlen(body));
		ck_assert_uint_eq(x->status, 403);
		ck_assert_ptr_nonnull(strstr(x->body.ptr, "<h1>Forbidden</h1>"));
		ck_assert_ptr_null(strstr(x->body.ptr, "attack4"));
		id = h2_get(l, "/next");
		ck_assert_uint_eq(h2_requests(l), 2);
		h2_answer(l, l->end[SERVER].last, OK5, "hello", 5);
		check_body(l, CLIENT, id, "hello", 5);
		h2_lab_destroy(l);
	}
}
END_TEST

START_TEST(connect_is_refused)
{
	struct h2_lab *l = h2_lab_create((enum h2_way)_i, "");
	uint32_t id =
		h2_send(l, "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n", "", 0);

	h2_seen(l, CLIENT, id)->wait = true;
	h2_pump(l);
	ck_assert_uint_eq(h2_seen(l, CLIENT, id)->status, 501);
	ck_assert_str_eq(lab_record(l->l, NULL).bad, "CONNECT");
	ck_assert_uint_eq(h2_requests(l), 0);
	h2_lab_destroy(l);
}
END_TEST

Suite *path_http2_suite(void)
{
	Suite *s = suite_create("path http2");
	TCase *c = tcase_create("ways");

	tcase_set_timeout(c, 60);
	tcase_add_loop_test(c, a_request_and_its_response_arrive, 0, H2_WAYS);
	tcase_add_loop_test(c, its_memory_is_told, 0, H2_WAYS);
	tcase_add_loop_test(c, a_record_tells_of_the_stream, 0, H2_WAYS);
	tcase_add_loop_test(c, bodies_of_requests_arrive, 0, H2_WAYS);
	tcase_add_loop_test(c, bodies_of_responses_arrive, 0, H2_WAYS);
	tcase_add_loop_test(c, who_does_not_read_holds_the_server_back, 0, H2_WAYS);
	tcase_add_test(c, a_server_in_http1_whose_queue_was_full_gets_more_when_it_acknowledges);
	tcase_add_loop_test(c, many_large_responses_at_once_arrive, 0, H2_WAYS);
	tcase_add_loop_test(c, a_response_of_http1_comes_over_right, 0, WEIR_ARRAY_LEN(answers));
	tcase_add_loop_test(c, trailers_of_requests_and_responses_arrive, 0, H2_WAYS);
	tcase_add_loop_test(c, streams_run_beside_each_other_and_one_attack_is_refused_alone, 0,
			    H2_WAYS);
	tcase_add_loop_test(c, a_refused_request_goes_nowhere_and_the_session_goes_on, 0, H2_WAYS);
	tcase_add_loop_test(c, an_attack_in_a_body_is_refused_before_the_server_sees_anything, 0,
			    H2_WAYS);
	tcase_add_loop_test(c, who_is_refused_while_it_uploads_has_the_answer_and_may_stop, 0,
			    H2_WAYS);
	tcase_add_loop_test(c, a_response_that_leaks_is_replaced, 0, H2_WAYS);
	tcase_add_loop_test(c, connect_is_refused, 0, H2_WAYS);
	suite_add_tcase(s, c);
	return s;
}
