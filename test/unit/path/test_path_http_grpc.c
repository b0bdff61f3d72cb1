/* SPDX-License-Identifier: BSD-3-Clause */
/* Responses of gRPC-Web in HTTP/1.1: each message is judged by itself, and goes on when it was. */
#include "http2_lab.h"

#include <stdio.h>
#include <stdlib.h>

Suite *path_http_grpc_suite(void);

#define WEB  "application/grpc-web+proto"
#define TEXT "application/grpc-web-text+proto"
#define CALL(type)                                                \
	"POST /shop.Cart/List HTTP/1.1\r\nHost: shop.example\r\n" \
	"Content-Type: " type "\r\nContent-Length: 16\r\n\r\n" GOOD_TEXT
#define HEAD(type, framing) "HTTP/1.1 200 OK\r\nContent-Type: " type "\r\n" framing "\r\n"
#define CHUNKED             "Transfer-Encoding: chunked\r\n"
/* Messages with "hello", and "a attack4"; and their beginnings. */
#define GOOD_TEXT "AAAAAAcKBWhlbGxv"
#define LEAK_TEXT "AAAAAAsKCWEgYXR0YWNrNA=="
#define GOOD      "10\r\n" GOOD_TEXT "\r\n"
#define LEAK      "18\r\n" LEAK_TEXT "\r\n"
#define LAST      "0\r\n\r\n"

static struct http_lab *asked(const char *threat, const char *call)
{
	struct http_lab *l = lab_create("", threat);

	lab_say(l, CLIENT, call);
	ck_assert(lab_has(l, SERVER, call));
	return l;
}

/* What the client has got. */
static void check_got(const struct http_lab *l, const char *text)
{
	ck_assert_str_eq(lab_got(l, CLIENT), text);
}

/* After `text` a last message with the status, in the framing; and the connection's end. */
static void check_refused(struct http_lab *l, const char *text, bool chunked)
{
	const char *got = lab_got(l, CLIENT) + strlen(text), *at = got;
	struct weir_grpc_text t = {0};
	uint8_t frame[256];
	size_t n, len = strlen(got);

	ck_assert(strncmp(lab_got(l, CLIENT), text, strlen(text)) == 0);
	if (chunked) {
		len = strtoul(got, NULL, 16);
		at = strstr(got, "\r\n") + 2;
		ck_assert_str_eq(at + len, "\r\n0\r\n\r\n");
	}
	ck_assert_int_eq(
		weir_grpc_text_decode(&t, weir_bytes_of(at, len), frame, sizeof(frame), &n),
		(ssize_t)len);
	ck_assert_mem_eq(frame, "\x80\0\0\0", 4);
	ck_assert_uint_eq(frame[4], n - 5);
	frame[n] = '\0';
	ck_assert_ptr_nonnull(strstr((char *)frame + 5, "grpc-status: 7\r\ngrpc-message: not let"));
	ck_assert(l->end[CLIENT].fin && !l->end[CLIENT].rst);
	ck_assert(l->end[SERVER].rst);
}

START_TEST(a_message_goes_on_when_it_is_whole_and_judged)
{
	struct http_lab *l = asked("", CALL(TEXT));

	lab_say(l, SERVER, HEAD(TEXT, CHUNKED));
	check_got(l, HEAD(TEXT, CHUNKED));
	lab_say(l, SERVER, "10\r\nAAAAAAcKBWhlbG");
	check_got(l, HEAD(TEXT, CHUNKED));
	lab_say(l, SERVER, "xv");
	check_got(l, HEAD(TEXT, CHUNKED) "10\r\n" GOOD_TEXT);
	lab_say(l, SERVER, "\r\n");
	check_got(l, HEAD(TEXT, CHUNKED) GOOD);
	lab_say(l, SERVER, GOOD GOOD);
	lab_say(l, SERVER, LAST);
	check_got(l, HEAD(TEXT, CHUNKED) GOOD GOOD GOOD LAST);
	lab_clear(l, CLIENT);
	lab_say(l, CLIENT, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	lab_say(l, SERVER, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
	check_got(l, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
	lab_destroy(l);
}
END_TEST

/* What the server says, and what the client gets of that. */
static const struct {
	const char *said, *got;
	bool chunked;
} refusals[] = {
	{HEAD(TEXT, CHUNKED) GOOD GOOD LEAK LAST, HEAD(TEXT, CHUNKED) GOOD GOOD, true},
	{HEAD(TEXT, CHUNKED) LEAK LAST, HEAD(TEXT, CHUNKED), true},
	/* In one chunk none goes on before all of that is judged. */
	{HEAD(TEXT, CHUNKED) "28\r\n" GOOD_TEXT LEAK_TEXT "\r\n" LAST, HEAD(TEXT, CHUNKED), true},
	{HEAD(TEXT, CHUNKED) GOOD "8\r\nAAAAAAsK\r\n10\r\nCWEgYXR0YWNrNA==\r\n",
	 HEAD(TEXT, CHUNKED) GOOD, true},
	{HEAD(TEXT, "") GOOD_TEXT LEAK_TEXT, HEAD(TEXT, "") GOOD_TEXT, false},
};

START_TEST(a_refused_message_has_the_status_in_its_place)
{
	struct http_lab *l = asked("", CALL(TEXT));
	struct weir_event_http h;

	lab_say(l, SERVER, refusals[_i].said);
	check_refused(l, refusals[_i].got, refusals[_i].chunked);
	h = lab_record(l, NULL);
	ck_assert_uint_eq(h.rule, 4);
	ck_assert_uint_eq(h.verdict, WEIR_WAF_DENY);
	ck_assert_uint_eq(h.status, 200);
	ck_assert_uint_eq(lab_count(l, WEIR_COUNT_HTTP_DENIED), 1);
	lab_destroy(l);
}
END_TEST

START_TEST(cut_at_any_byte_the_same_comes_of_it)
{
	const char *said = refusals[0].said;

	for (size_t at = 1; at < strlen(said); at++) {
		struct http_lab *l = asked("", CALL(TEXT));

		lab_send(l, SERVER, said, at);
		if (!l->end[CLIENT].fin)
			lab_send(l, SERVER, said + at, strlen(said) - at);
		check_refused(l, refusals[0].got, true);
		lab_destroy(l);
	}
}
END_TEST

START_TEST(byte_by_byte_the_same_comes_of_it)
{
	struct http_lab *l = asked("", CALL(TEXT));

	for (const char *p = refusals[0].said; *p && !l->end[CLIENT].fin; p++)
		lab_send(l, SERVER, p, 1);
	check_refused(l, refusals[0].got, true);
	lab_destroy(l);
}
END_TEST

/* A length was said, or the beginning of a chunk, or of another message, has gone on; or it is no
 * gRPC-Web. */
static const struct {
	const char *said, *got, *refused;
} cuts[] = {
	{HEAD(TEXT, "Content-Length: 40\r\n") GOOD_TEXT,
	 HEAD(TEXT, "Content-Length: 40\r\n") GOOD_TEXT, LEAK_TEXT},
	{HEAD(TEXT, CHUNKED) "14\r\n" GOOD_TEXT "AAAA\r\n", HEAD(TEXT, CHUNKED) "14\r\n" GOOD_TEXT,
	 "14\r\nAAsKCWEgYXR0YWNrNA==\r\n" LAST},
};

START_TEST(where_there_is_no_place_for_it_the_connection_is_cut)
{
	struct http_lab *l = asked("", CALL(TEXT));

	lab_say(l, SERVER, cuts[_i].said);
	check_got(l, cuts[_i].got);
	lab_say(l, SERVER, cuts[_i].refused);
	check_got(l, cuts[_i].got);
	ck_assert(l->end[CLIENT].rst && l->end[SERVER].rst);
	ck_assert_uint_eq(lab_record(l, NULL).rule, 4);
	lab_destroy(l);
}
END_TEST

START_TEST(messages_as_they_are_are_judged_so_too)
{
	static const char head[] = HEAD(WEB, CHUNKED),
			  good[] = "c\r\n\0\0\0\0\x07\x0a\x05hello\r\n",
			  leak[] = "10\r\n\0\0\0\0\x0b\x0a\x09"
				   "a attack4\r\n";
	struct http_lab *l = asked("", CALL(TEXT));
	const struct lab_end *e = &l->end[CLIENT];
	size_t n = sizeof(head) - 1 + sizeof(good) - 1;
	const char *frame;

	lab_say(l, SERVER, head);
	lab_send(l, SERVER, good, sizeof(good) - 1);
	ck_assert_uint_eq(e->n_got, n);
	ck_assert_mem_eq(lab_got(l, CLIENT) + n - 7, "hello\r\n", 7);
	lab_send(l, SERVER, leak, sizeof(leak) - 1);
	frame = strstr(lab_got(l, CLIENT) + n, "\r\n") + 2;
	ck_assert_mem_eq(frame, "\x80\0\0\0", 4);
	ck_assert_ptr_nonnull(strstr(frame + 5, "grpc-status: 7\r\n"));
	ck_assert_mem_eq(lab_got(l, CLIENT) + e->n_got - 7, "\r\n0\r\n\r\n", 7);
	ck_assert(e->fin && !e->rst);
	lab_destroy(l);
}
END_TEST

START_TEST(what_is_no_base64_ends_the_response)
{
	struct http_lab *l = asked("", CALL(TEXT));

	lab_say(l, SERVER, HEAD(TEXT, CHUNKED) GOOD "4\r\nAA-A\r\n");
	ck_assert(lab_has(l, CLIENT, "\r\n0\r\n\r\n"));
	ck_assert_str_eq(lab_record(l, NULL).bad, "GRPC_TEXT");
	ck_assert_uint_eq(lab_count(l, WEIR_COUNT_HTTP_BAD_RESPONSE), 1);
	lab_destroy(l);
}
END_TEST

START_TEST(in_detection_all_passes_and_is_told)
{
	struct http_lab *l = asked(", mode: detect", CALL(TEXT));
	struct weir_event_http h;
	unsigned int n;

	lab_say(l, SERVER, HEAD(TEXT, CHUNKED) GOOD LEAK GOOD);
	check_got(l, HEAD(TEXT, CHUNKED) GOOD LEAK GOOD);
	h = lab_record(l, &n);
	ck_assert_uint_eq(n, 1);
	ck_assert_uint_eq(h.would, WEIR_WAF_DENY);
	ck_assert_uint_eq(h.rule, 4);
	lab_say(l, SERVER, "4\r\n!!!!\r\n" LAST);
	check_got(l, HEAD(TEXT, CHUNKED) GOOD LEAK GOOD "4\r\n!!!!\r\n" LAST);
	h = lab_record(l, &n);
	ck_assert_uint_eq(n, 1);
	ck_assert_str_eq(h.bad, "GRPC_TEXT");
	lab_destroy(l);
}
END_TEST

/* A server that goes in the midst of a message leaves no whole response. */
START_TEST(what_there_is_at_the_end_is_judged)
{
	struct http_lab *l = asked("", CALL(TEXT));

	lab_say(l, SERVER, HEAD(TEXT, "") GOOD_TEXT "AAAAAAsKCWEgYXR0YWNr");
	check_got(l, HEAD(TEXT, "") GOOD_TEXT);
	lab_say(l, SERVER, "NA=");
	lab_fin(l, SERVER);
	ck_assert(l->end[CLIENT].fin || l->end[CLIENT].rst);
	ck_assert(!lab_has(l, CLIENT, "AAAAAAsK"));
	ck_assert_str_eq(lab_record(l, NULL).bad, "GRPC_TEXT");
	lab_destroy(l);
}
END_TEST

START_TEST(a_translated_response_is_judged_so_too)
{
	struct h2_lab *l = h2_lab_create((enum h2_way)_i, "");
	struct h2_seen *x;

	h1_say(l, CALL(TEXT));
	x = h2_seen(l, SERVER, l->end[SERVER].last);
	x->wait = true;
	x->trailer = "web";
	h2_answer(l, l->end[SERVER].last, HEAD(TEXT, CHUNKED), GOOD_TEXT, 16);
	ck_assert_ptr_nonnull(strstr(h1_got(l), "10\r\n" GOOD_TEXT));
	h1_clear(l);
	x->to_send = LEAK_TEXT;
	x->n_to_send = strlen(LEAK_TEXT);
	weir_http2_resume(x->st);
	h2_pump(l);
	ck_assert_ptr_null(strstr(h1_got(l), "CWEgYXR0YWNrNA"));
	ck_assert_ptr_nonnull(strstr(h1_got(l), "\r\ngAAAA")); /* the flag, and a short length */
	ck_assert_ptr_nonnull(strstr(h1_got(l), "\r\n0\r\n\r\n"));
	ck_assert(l->l->end[CLIENT].fin && !l->l->end[CLIENT].rst);
	h2_lab_destroy(l);
}
END_TEST

/* What the client says and its server, and what the client is told in place of a page. */
static const struct {
	const char *call, *said, *type;
	unsigned int code;
	bool closes;
} answers[] = {
#define TO(path, type, more) \
	"POST " path " HTTP/1.1\r\nHost: shop.example\r\nContent-Type: " type "\r\n" more "\r\n"
	{TO("/attack1", WEB, "Content-Length: 0\r\n"), NULL, WEB, 7, false},
	{TO("/attack1", TEXT, "Content-Length: 16\r\n") GOOD_TEXT, NULL, TEXT, 7, false},
	{TO("/attack1", TEXT, "Content-Length: 900000\r\n"), NULL, TEXT, 7, true},
	{TO("/", WEB, CHUNKED) "x\r\n", NULL, WEB, 13, true},
	{CALL(TEXT), "HTTP/1.1 200 OK\r\nX-Leak: attack3\r\nContent-Length: 0\r\n\r\n", TEXT, 7,
	 false},
	{CALL(TEXT), "HTTP/1.1 nonsense\r\n\r\n", TEXT, 14, true},
#undef TO
};

static void check_answer(struct http_lab *l, const char *type, unsigned int code, bool closes)
{
	struct weir_event_http h = lab_record(l, NULL);
	char text[512];

	snprintf(text, sizeof(text),
		 "HTTP/1.1 200 OK\r\nContent-Type: %s\r\ngrpc-status: %u\r\n"
		 "grpc-message: not let through; the number is %016llx\r\nContent-Length: 0\r\n"
		 "Cache-Control: no-store\r\nConnection: %s\r\n\r\n",
		 type, code, (unsigned long long)h.tx_id, closes ? "close" : "keep-alive");
	check_got(l, text);
	ck_assert_uint_eq(h.status, 200);
	ck_assert_int_eq(l->end[CLIENT].fin, closes);
}

START_TEST(a_refused_call_is_told_by_its_status)
{
	struct http_lab *l = lab_create("", "");

	lab_say(l, CLIENT, answers[_i].call);
	if (answers[_i].said)
		lab_say(l, SERVER, answers[_i].said);
	check_answer(l, answers[_i].type, answers[_i].code, answers[_i].closes);
	if (!answers[_i].closes) {
		lab_clear(l, CLIENT);
		lab_say(l, CLIENT, CALL(TEXT));
		lab_say(l, SERVER, HEAD(WEB, "Content-Length: 0\r\n"));
		check_got(l, HEAD(WEB, "Content-Length: 0\r\n"));
	}
	lab_destroy(l);
}
END_TEST

START_TEST(who_speaks_no_grpc_web_gets_a_page)
{
	struct http_lab *l = lab_create("", "");

	lab_say(l, CLIENT,
		"POST /attack1 HTTP/1.1\r\nHost: shop.example\r\nContent-Type: application/grpc\r\n"
		"Content-Length: 0\r\n\r\n");
	ck_assert(lab_has(l, CLIENT, "HTTP/1.1 403 Forbidden\r\n"));
	ck_assert_uint_eq(lab_record(l, NULL).status, 403);
	lab_destroy(l);
}
END_TEST

Suite *path_http_grpc_suite(void)
{
	Suite *s =
		WEIR_SUITE("path http grpc", a_message_goes_on_when_it_is_whole_and_judged,
			   cut_at_any_byte_the_same_comes_of_it, byte_by_byte_the_same_comes_of_it,
			   messages_as_they_are_are_judged_so_too,
			   what_is_no_base64_ends_the_response, in_detection_all_passes_and_is_told,
			   what_there_is_at_the_end_is_judged, who_speaks_no_grpc_web_gets_a_page);
	TCase *c = tcase_create("rows");

	tcase_set_timeout(c, 60);
	tcase_add_loop_test(c, a_refused_message_has_the_status_in_its_place, 0,
			    WEIR_ARRAY_LEN(refusals));
	tcase_add_loop_test(c, where_there_is_no_place_for_it_the_connection_is_cut, 0,
			    WEIR_ARRAY_LEN(cuts));
	tcase_add_loop_test(c, a_refused_call_is_told_by_its_status, 0, WEIR_ARRAY_LEN(answers));
	tcase_add_loop_test(c, a_translated_response_is_judged_so_too, H1_CLEAR2, H1_WAYS);
	suite_add_tcase(s, c);
	return s;
}
