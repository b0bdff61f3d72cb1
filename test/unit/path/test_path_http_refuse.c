/* SPDX-License-Identifier: BSD-3-Clause */
/* What is refused: by rules in each phase, by form, by size; and that the connection stays. */
#include "http_lab.h"

#include <stdlib.h>

Suite *path_http_refuse_suite(void);

#define GET(path)     "GET " path " HTTP/1.1\r\nHost: shop.example\r\n\r\n"
#define OK(body, len) "HTTP/1.1 200 OK\r\nContent-Length: " #len "\r\n\r\n" body
#define FORM          "Content-Type: application/x-www-form-urlencoded\r\n"

/* What must be refused; `response` NULL: the request must be. */
static const struct {
	const char *request, *response;
	uint32_t rule;
	uint8_t phase;
} attacks[] = {
	{GET("/attack1"), NULL, 1, 1},
	{"POST /attack1 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", NULL, 1, 1},
	{"POST / HTTP/1.1\r\nHost: x\r\n" FORM "Content-Length: 9\r\n\r\na=attack2", NULL, 2, 2},
	{"POST / HTTP/1.1\r\nHost: x\r\n" FORM "Transfer-Encoding: chunked\r\n\r\n"
	 "5\r\na=att\r\n4\r\nack2\r\n0\r\n\r\n",
	 NULL, 2, 2},
	{GET("/"), "HTTP/1.1 200 OK\r\nX-Leak: attack3\r\nContent-Length: 2\r\n\r\nab", 3, 3},
	{GET("/"),
	 "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 7\r\n\r\nattack4", 4, 4},
	{GET("/"),
	 "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n"
	 "6\r\nattack\r\n1\r\n4\r\n0\r\n\r\n",
	 4, 4},
};

static void attack(struct http_lab *l, int i)
{
	lab_say(l, CLIENT, attacks[i].request);
	if (attacks[i].response) {
		ck_assert_str_eq(lab_got(l, SERVER), attacks[i].request);
		lab_say(l, SERVER, attacks[i].response);
	} else {
		ck_assert_str_eq(lab_got(l, SERVER), "");
	}
}

START_TEST(an_attack_is_refused_in_its_phase_and_the_next_request_works)
{
	struct http_lab *l = lab_create("", "");
	struct weir_event_http record;

	for (int piece = 0; piece < 2; piece++) {
		l->piece = piece ? 1 : 536;
		attack(l, _i);
		ck_assert_msg(strncmp(lab_got(l, CLIENT), "HTTP/1.1 403 Forbidden\r\n", 24) == 0,
			      "%s", lab_got(l, CLIENT));
		ck_assert(!lab_has(l, CLIENT, "attack"));
		ck_assert(lab_has(l, CLIENT, "\r\nCache-Control: no-store\r\n"));
		ck_assert(!l->end[CLIENT].fin && !l->end[SERVER].fin);
		record = lab_record(l, NULL);
		ck_assert_uint_eq(record.verdict, WEIR_WAF_DENY);
		ck_assert_uint_eq(record.rule, attacks[_i].rule);
		ck_assert_uint_eq(record.phase, attacks[_i].phase);
		ck_assert_uint_eq(record.status, 403);
		ck_assert(record.answered_by_weir);
		lab_clear(l, CLIENT);
		lab_clear(l, SERVER);
		lab_say(l, CLIENT, GET("/next"));
		ck_assert_str_eq(lab_got(l, SERVER), GET("/next"));
		lab_say(l, SERVER, OK("fine", 4));
		ck_assert_str_eq(lab_got(l, CLIENT), OK("fine", 4));
		lab_clear(l, CLIENT);
		lab_clear(l, SERVER);
	}
	ck_assert_uint_eq(lab_count(l, WEIR_COUNT_HTTP_DENIED), 2);
	lab_destroy(l);
}
END_TEST

START_TEST(in_detect_mode_an_attack_passes_and_is_told)
{
	struct http_lab *l = lab_create("", ", mode: detect");
	struct weir_event_http record;

	attack(l, 4);
	ck_assert_str_eq(lab_got(l, CLIENT), attacks[4].response);
	record = lab_record(l, NULL);
	ck_assert_uint_eq(record.verdict, WEIR_WAF_PASS);
	ck_assert_uint_eq(record.would, WEIR_WAF_DENY);
	ck_assert_uint_eq(record.status, 200);
	ck_assert_uint_eq(lab_count(l, WEIR_COUNT_HTTP_WOULD_DENY), 1);
	lab_destroy(l);
}
END_TEST

START_TEST(a_refusal_has_its_turn_among_pipelined_responses)
{
	struct http_lab *l = lab_create("", "");

	lab_say(l, CLIENT, GET("/1") GET("/attack1") GET("/3"));
	ck_assert_str_eq(lab_got(l, SERVER), GET("/1") GET("/3"));
	ck_assert_str_eq(lab_got(l, CLIENT), "");
	lab_say(l, SERVER, OK("1", 1));
	ck_assert(lab_has(l, CLIENT, OK("1", 1) "HTTP/1.1 403 Forbidden\r\n"));
	lab_say(l, SERVER, OK("3", 1));
	ck_assert(lab_has(l, CLIENT, "</html>\n" OK("3", 1)));
	lab_destroy(l);
}
END_TEST

START_TEST(the_page_has_the_transactions_number_and_suits_who_asked)
{
	struct http_lab *l = lab_create("", "");
	char id[17];

	lab_say(l, CLIENT, "GET /attack1 HTTP/1.1\r\nHost: x\r\nAccept: application/json\r\n\r\n");
	snprintf(id, sizeof(id), "%016llx", (unsigned long long)lab_record(l, NULL).tx_id);
	ck_assert(lab_has(l, CLIENT, "\r\nContent-Type: application/json\r\n"));
	ck_assert(lab_has(l, CLIENT, "\r\n\r\n{\"status\":403,"));
	ck_assert(lab_has(l, CLIENT, id));
	lab_clear(l, CLIENT);
	lab_say(l, CLIENT, "HEAD /attack1 HTTP/1.1\r\nHost: x\r\n\r\n");
	ck_assert(lab_has(l, CLIENT, "text/html"));
	ck_assert_str_eq(strstr(lab_got(l, CLIENT), "\r\n\r\n"), "\r\n\r\n");
	ck_assert(!l->end[CLIENT].fin);
	lab_clear(l, CLIENT);
	lab_say(l, CLIENT, "GET /attack1 HTTP/1.0\r\n\r\n");
	ck_assert(lab_has(l, CLIENT, "\r\nConnection: close\r\n"));
	ck_assert(l->end[CLIENT].fin);
	lab_destroy(l);
}
END_TEST

START_TEST(redirects_and_drops_do_what_they_say)
{
	struct http_lab *l = lab_create("", "");

	lab_say(l, CLIENT, GET("/redirectme"));
	ck_assert(lab_has(l, CLIENT, "HTTP/1.1 302 Found\r\n"));
	ck_assert(lab_has(l, CLIENT, "\r\nLocation: http://elsewhere.example/\r\n"));
	lab_clear(l, CLIENT);
	lab_say(l, CLIENT, GET("/dropme"));
	ck_assert_str_eq(lab_got(l, CLIENT), "");
	ck_assert(l->end[CLIENT].rst && l->end[SERVER].rst);
	lab_destroy(l);
}
END_TEST

START_TEST(what_was_matched_is_blotted_out)
{
	struct http_lab *l = lab_create("", "");
	struct weir_event_http record;

	lab_say(l, CLIENT,
		"GET /attack1?q=1 HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: t\r\n\r\n");
	record = lab_record(l, NULL);
	ck_assert_uint_eq(record.n_matches, 1);
	ck_assert_str_eq(record.match[0].msg, "an attack");
	ck_assert_str_eq(record.match[0].data, "xxx attack0000");
	ck_assert_str_eq(record.host, "shop.example");
	ck_assert_str_eq(record.path, "/attack1");
	ck_assert_str_eq(record.user_agent, "t");
	lab_destroy(l);
}
END_TEST

START_TEST(what_comes_after_a_nul_is_told_too)
{
	struct http_lab *l = lab_create("", "");
	struct weir_event_http record;

	lab_say(l, CLIENT, GET("/?a%00b=%00many%00<x>"));
	record = lab_record(l, NULL);
	ck_assert_str_eq(record.match[0].target, "ARGS:a\\x00b");
	ck_assert_str_eq(record.match[0].data, " xxxx <x>");
	lab_destroy(l);
}
END_TEST

START_TEST(of_many_matches_the_ids_are_kept_and_what_decided)
{
	struct http_lab *l = lab_create("", "");
	struct weir_event_http record;

	lab_say(l, CLIENT, GET("/?a=many"));
	record = lab_record(l, NULL);
	ck_assert_uint_eq(record.n_rules, WEIR_EVENT_RULES);
	for (uint32_t i = 0; i < WEIR_EVENT_RULES; i++)
		ck_assert_uint_eq(record.rules[i], 100 + i);
	ck_assert_uint_eq(record.rules_more, 71 - WEIR_EVENT_RULES);
	ck_assert_uint_eq(record.n_matches, WEIR_EVENT_MATCHES);
	ck_assert_uint_eq(record.match[0].rule, 100);
	ck_assert_uint_eq(record.match[WEIR_EVENT_MATCHES - 1].rule, 170);
	ck_assert_str_eq(record.match[WEIR_EVENT_MATCHES - 1].msg, "too many");
	ck_assert_uint_eq(record.matches_more, 71 - WEIR_EVENT_MATCHES);
	ck_assert_uint_eq(record.rule, 170);
	lab_destroy(l);
}
END_TEST

START_TEST(without_room_for_matches_the_ids_are_kept_all_the_same)
{
	struct http_lab *l = lab_create("", "");
	struct weir_event_http others = {0}, record;

	while (weir_event_http_take_matches(l->f->store, &others))
		;
	lab_say(l, CLIENT, GET("/?a=many"));
	record = lab_record(l, NULL);
	ck_assert_uint_eq(record.n_rules, WEIR_EVENT_RULES);
	ck_assert_uint_eq(record.n_matches, 0);
	ck_assert_uint_eq(record.matches_more, 71);
	ck_assert_uint_eq(record.rule, 170);
	lab_destroy(l);
}
END_TEST

/* ---- bad requests ---- */

static const struct {
	const char *request;
	unsigned int status;
	const char *name;
} bad[] = {
	{"GET /\r\n", 400, "REQUEST_LINE"},
	{"GET  / HTTP/1.1\r\n", 400, "TARGET"},
	{"G(T / HTTP/1.1\r\n", 400, "METHOD"},
	{"GET / HTTP/2.0\r\n", 400, "VERSION"},
	{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, "VERSION"},
	{"\x16\x03\x01\x02\n", 400, "LINE_END"},
	{"GET / HTTP/1.1\nHost: x\n\n", 400, "LINE_END"},
	{"GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400, "HEADER_NAME"},
	{"GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n", 400, "HEADER_FOLDING"},
	{"GET / HTTP/1.1\r\n\r\n", 400, "HOST_MISSING"},
	{"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, "HOST_TWICE"},
	{"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na", 400,
	 "LENGTH_TWICE"},
	{"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +1\r\n\r\na", 400, "LENGTH"},
	{"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
	 400, "LENGTH_AND_CHUNKED"},
	{"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501,
	 "TRANSFER_CODING"},
	{"POST / HTTP/1.1\r\nHost: x\r\n" FORM "Transfer-Encoding: chunked\r\n\r\nz\r\n", 400,
	 "CHUNK_SIZE"},
	{"POST / HTTP/1.1\r\nHost: x\r\n" FORM "Transfer-Encoding: chunked\r\n\r\n1\r\nab", 400,
	 "CHUNK_END"},
	{"POST / HTTP/1.1\r\nHost: x\r\n" FORM
	 "Transfer-Encoding: chunked\r\n\r\n0\r\nHost: y\r\n\r\n",
	 400, "TRAILER"},
};

/* How many messages were malformed, and in that way when it has a name. */
static uint64_t malformed(const struct http_lab *l, const char *name)
{
	uint64_t n = 0;

	for (unsigned int e = 1; e < WEIR_HTTP_ERROR_END; e++)
		if (!name || strcmp(weir_http_error_name((enum weir_http_error)e), name) == 0)
			n += weir_path_bad_http(l->f->path, 0, (enum weir_http_error)e);
	return n;
}

/* One of them would be HTTP/2, else. */
START_TEST(a_bad_request_is_answered_by_name_and_goes_nowhere)
{
	struct http_lab *l = lab_create(", http2: false", "");
	char status[32];

	for (int piece = 0; piece < 2; piece++) {
		struct weir_event_http record;

		l->piece = piece ? 1 : 536;
		if (piece)
			lab_connect(l);
		lab_send(l, CLIENT, bad[_i].request, strlen(bad[_i].request));
		lab_wait(l, WEIR_NS_PER_S);
		snprintf(status, sizeof(status), "HTTP/1.1 %u ", bad[_i].status);
		ck_assert_msg(strncmp(lab_got(l, CLIENT), status, strlen(status)) == 0, "%s: %s",
			      bad[_i].name, lab_got(l, CLIENT));
		ck_assert(lab_has(l, CLIENT, "\r\nConnection: close\r\n"));
		ck_assert_str_eq(lab_got(l, SERVER), "");
		ck_assert(l->end[CLIENT].fin && l->end[SERVER].fin && !l->end[CLIENT].rst);
		record = lab_record(l, NULL);
		ck_assert_str_eq(record.bad, bad[_i].name);
		ck_assert_uint_eq(record.status, bad[_i].status);
	}
	ck_assert_uint_eq(lab_count(l, WEIR_COUNT_HTTP_BAD_REQUEST), 2);
	ck_assert_uint_eq(malformed(l, bad[_i].name), 2);
	lab_destroy(l);
}
END_TEST

/* Its body was not held, so the server has the beginning: it must not take that for all. */
START_TEST(a_body_that_turns_bad_on_its_way_is_answered_and_the_server_reset)
{
	struct http_lab *l = lab_create("", "");

	lab_say(l, CLIENT,
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\n"
		"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
	ck_assert(lab_has(l, SERVER, "3\r\nabc\r\n"));
	lab_say(l, CLIENT, "z\r\n");
	ck_assert(!lab_has(l, SERVER, "z"));
	ck_assert(lab_has(l, CLIENT, "HTTP/1.1 400 "));
	ck_assert(l->end[CLIENT].fin && l->end[SERVER].rst);
	ck_assert_str_eq(lab_record(l, NULL).bad, "CHUNK_SIZE");
	lab_destroy(l);
}
END_TEST

START_TEST(before_a_bad_request_is_answered_the_good_ones_are)
{
	struct http_lab *l = lab_create("", "");

	lab_say(l, CLIENT, GET("/1") "GET / HTTP/1.1\r\n\r\n" GET("/3"));
	ck_assert_str_eq(lab_got(l, SERVER), GET("/1"));
	ck_assert_str_eq(lab_got(l, CLIENT), "");
	lab_say(l, SERVER, OK("1", 1));
	ck_assert(lab_has(l, CLIENT, OK("1", 1) "HTTP/1.1 400 "));
	ck_assert(l->end[CLIENT].fin);
	ck_assert_str_eq(lab_got(l, SERVER), GET("/1"));
	lab_destroy(l);
}
END_TEST

static void say_much(struct http_lab *l, unsigned int from, char c, size_t n)
{
	char piece[500];

	memset(piece, c, sizeof(piece));
	while (n) {
		size_t now = n < sizeof(piece) ? n : sizeof(piece);

		if (lab_send(l, from, piece, now) < now)
			break;
		n -= now;
	}
	lab_wait(l, 50 * WEIR_NS_PER_MS);
}

START_TEST(long_lines_and_heads_have_their_status)
{
	struct http_lab *l = lab_create("", "");

	lab_say(l, CLIENT, "GET /");
	say_much(l, CLIENT, 'a', 9000);
	ck_assert(lab_has(l, CLIENT, "HTTP/1.1 414 "));
	lab_connect(l);
	lab_say(l, CLIENT, "GET / HTTP/1.1\r\nX: ");
	say_much(l, CLIENT, 'a', 9000);
	ck_assert(lab_has(l, CLIENT, "HTTP/1.1 431 "));
	lab_connect(l);
	lab_say(l, CLIENT, "GET / HTTP/1.1\r\nHost: x\r\n");
	for (int i = 0; i < 20 && !l->end[CLIENT].fin; i++) {
		lab_send(l, CLIENT, "X: ", 3);
		say_much(l, CLIENT, 'a', 8000);
		lab_send(l, CLIENT, "\r\n", 2);
	}
	ck_assert(lab_has(l, CLIENT, "HTTP/1.1 431 "));
	ck_assert_str_eq(lab_got(l, SERVER), "");
	lab_destroy(l);
}
END_TEST

/* ---- bad responses ---- */

START_TEST(a_bad_response_is_replaced_and_the_server_reset)
{
	static const char *const responses[] = {
		"ICY 200 OK\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na",
		"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"
		"1\r\na\r\nz",
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(responses); i++) {
		struct http_lab *l = lab_create("", "");

		lab_say(l, CLIENT, GET("/"));
		lab_say(l, SERVER, responses[i]);
		ck_assert(strncmp(lab_got(l, CLIENT), "HTTP/1.1 502 Bad Gateway\r\n", 26) == 0);
		ck_assert(l->end[CLIENT].fin && l->end[SERVER].rst);
		ck_assert_uint_eq(lab_count(l, WEIR_COUNT_HTTP_BAD_RESPONSE), 1);
		ck_assert_uint_eq(malformed(l, NULL), 1);
		lab_destroy(l);
	}
}
END_TEST

START_TEST(what_cannot_be_unsaid_ends_in_a_reset)
{
	struct http_lab *l = lab_create("", "");

	lab_say(l, CLIENT, GET("/"));
	lab_say(l, SERVER, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n");
	ck_assert(lab_has(l, CLIENT, "1\r\na\r\n"));
	lab_say(l, SERVER, "z");
	ck_assert(l->end[CLIENT].rst && l->end[SERVER].rst);
	lab_connect(l);
	lab_say(l, SERVER, OK("unasked", 7));
	ck_assert(l->end[CLIENT].rst && l->end[SERVER].rst);
	ck_assert_str_eq(lab_got(l, CLIENT), "");
	lab_destroy(l);
}
END_TEST

/* ---- limits ---- */

START_TEST(a_body_over_the_rules_limit_is_answered_413)
{
	struct http_lab *l = lab_create("", "");

	lab_say(l, CLIENT, "POST / HTTP/1.1\r\nHost: x\r\n" FORM "Content-Length: 300000\r\n\r\n");
	say_much(l, CLIENT, 'a', 150000);
	ck_assert(lab_has(l, CLIENT, "HTTP/1.1 413 Content Too Large\r\n"));
	ck_assert_str_eq(lab_got(l, SERVER), "");
	ck_assert_uint_eq(lab_count(l, WEIR_COUNT_HTTP_LIMIT), 1);
	ck_assert(l->end[CLIENT].fin);
	lab_destroy(l);
}
END_TEST

START_TEST(a_body_under_the_limit_arrives_whole_though_the_window_began_smaller)
{
	struct http_lab *l = lab_create("", "");

	lab_say(l, CLIENT, "POST / HTTP/1.1\r\nHost: x\r\n" FORM "Content-Length: 120000\r\n\r\n");
	say_much(l, CLIENT, 'a', 119999);
	ck_assert_uint_eq(l->end[SERVER].n_got, 0);
	say_much(l, CLIENT, 'b', 1);
	lab_wait(l, WEIR_NS_PER_S);
	ck_assert_uint_gt(l->end[SERVER].n_got, 120000);
	ck_assert_int_eq(lab_got(l, SERVER)[l->end[SERVER].n_got - 1], 'b');
	lab_destroy(l);
}
END_TEST

START_TEST(a_response_is_judged_by_its_first_bytes_and_the_rest_passes)
{
	struct http_lab *l = lab_create("", "");

	lab_say(l, CLIENT, GET("/"));
	lab_say(l, SERVER,
		"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 200007\r\n\r\n");
	say_much(l, SERVER, 'a', 60000);
	ck_assert_uint_eq(l->end[CLIENT].n_got, 0);
	say_much(l, SERVER, 'a', 140000);
	lab_say(l, SERVER, "attack4");
	lab_wait(l, WEIR_NS_PER_S);
	ck_assert_uint_gt(l->end[CLIENT].n_got, 200007);
	ck_assert(lab_has(l, CLIENT, "attack4"));
	lab_destroy(l);
}
END_TEST

Suite *path_http_refuse_suite(void)
{
	Suite *s = suite_create("path_http_refuse");
	TCase *t = tcase_create("refuse");

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, an_attack_is_refused_in_its_phase_and_the_next_request_works, 0,
			    (int)WEIR_ARRAY_LEN(attacks));
	tcase_add_test(t, in_detect_mode_an_attack_passes_and_is_told);
	tcase_add_test(t, a_refusal_has_its_turn_among_pipelined_responses);
	tcase_add_test(t, the_page_has_the_transactions_number_and_suits_who_asked);
	tcase_add_test(t, redirects_and_drops_do_what_they_say);
	tcase_add_test(t, what_was_matched_is_blotted_out);
	tcase_add_test(t, what_comes_after_a_nul_is_told_too);
	tcase_add_test(t, of_many_matches_the_ids_are_kept_and_what_decided);
	tcase_add_test(t, without_room_for_matches_the_ids_are_kept_all_the_same);
	tcase_add_loop_test(t, a_bad_request_is_answered_by_name_and_goes_nowhere, 0,
			    (int)WEIR_ARRAY_LEN(bad));
	tcase_add_test(t, a_body_that_turns_bad_on_its_way_is_answered_and_the_server_reset);
	tcase_add_test(t, before_a_bad_request_is_answered_the_good_ones_are);
	tcase_add_test(t, long_lines_and_heads_have_their_status);
	tcase_add_test(t, a_bad_response_is_replaced_and_the_server_reset);
	tcase_add_test(t, what_cannot_be_unsaid_ends_in_a_reset);
	tcase_add_test(t, a_body_over_the_rules_limit_is_answered_413);
	tcase_add_test(t, a_body_under_the_limit_arrives_whole_though_the_window_began_smaller);
	tcase_add_test(t, a_response_is_judged_by_its_first_bytes_and_the_rest_passes);
	suite_add_tcase(s, t);
	return s;
}
