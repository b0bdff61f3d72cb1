/* SPDX-License-Identifier: BSD-3-Clause */
/* Calls of gRPC, what servers say: each message is judged by itself, and goes on when it was. */
#include "grpc_lab.h"

#include <stdio.h>
#include <stdlib.h>

Suite *path_http2_grpc_answer_suite(void);

#define WEB "application/grpc-web+proto"
#define WEB_ANSWER(type) \
	"HTTP/1.1 200 OK\r\nContent-Type: " type "\r\nTransfer-Encoding: chunked\r\n\r\n"
/* BETTER, and LEAK; and both in one run. */
#define BETTER_TEXT "AAAAAAYKBG1pYXU="
#define LEAK_TEXT   "AAAAAAsKCWEgYXR0YWNrNA=="
#define RUN_TEXT    "AAAAAAYKBG1pYXUAAAAACwoJYSBhdHRhY2s0"

static const enum h2_way ways[] = {H2_CLEAR, H2_TLS_TLS2, H2_TLS_CLEAR2};

/* The server's next bytes, in the chunks of HTTP/1.1 or on the newest stream. */
static void tell(struct h2_lab *l, const char *bytes, size_t n)
{
	struct h2_seen *x;
	char size[16];

	if (!h2_lab_is_http2(l)) {
		snprintf(size, sizeof(size), "%zx\r\n", n);
		h2_say1(l, size, strlen(size));
		h2_say1(l, bytes, n);
		h2_say1(l, "\r\n", 2);
		h2_pump(l);
		return;
	}
	x = h2_seen(l, SERVER, l->end[SERVER].last);
	ck_assert_ptr_nonnull(x->st);
	x->to_send = bytes;
	x->n_to_send = n;
	weir_http2_resume(x->st);
	h2_pump(l);
}

/* A call, and the head of its answer. */
static uint32_t answered(struct h2_lab *l, const char *head)
{
	uint32_t id = grpc_call(l, BYTES(GOOD));

	if (h2_lab_is_http2(l)) {
		struct h2_seen *x = h2_seen(l, SERVER, l->end[SERVER].last);

		x->wait = true;
		x->trailer = "grpc";
		h2_answer(l, l->end[SERVER].last, head, NULL, 0);
	} else {
		h2_say1(l, head, strlen(head));
		h2_pump(l);
	}
	ck_assert_uint_eq(h2_seen(l, CLIENT, id)->status, 200);
	return id;
}

static void check_heard(struct h2_lab *l, uint32_t id, const char *bytes, size_t n)
{
	const struct h2_seen *x = h2_seen(l, CLIENT, id);

	ck_assert_uint_eq(x->body.len, n);
	if (n)
		ck_assert_mem_eq(x->body.ptr, bytes, n);
}

/* After these bytes of an answer that it was let have, the client is told that there are no more.
 */
static void check_cut(struct h2_lab *l, uint32_t id, const char *bytes, size_t n)
{
	const struct h2_seen *x = h2_seen(l, CLIENT, id);

	check_heard(l, id, bytes, n);
	ck_assert(x->ended);
	ck_assert_ptr_nonnull(strstr(x->trailers.ptr, "grpc-status: 7\n"));
	ck_assert_ptr_nonnull(strstr(x->trailers.ptr, "grpc-message: not let through"));
}

static const enum h2_way all_ways[] = {H2_CLEAR, H2_TLS_TLS2, H2_TLS_CLEAR2, H2_CLEAR1};

START_TEST(each_message_of_an_answer_goes_on_when_it_is_whole_and_judged)
{
	struct h2_lab *l = h2_lab_create(all_ways[_i], "");
	uint32_t id = answered(l, ANSWER);

	tell(l, BYTES(GOOD));
	check_heard(l, id, BYTES(GOOD));
	tell(l, BETTER, 4);
	check_heard(l, id, BYTES(GOOD));
	tell(l, BETTER + 4, sizeof(BETTER) - 1 - 4);
	check_heard(l, id, BYTES(GOOD BETTER));
	tell(l, BYTES(GOOD GOOD "\0"));
	check_heard(l, id, BYTES(GOOD BETTER GOOD GOOD));
	/* And the client may speak between them. */
	grpc_say(l, id, BYTES(BETTER));
	tell(l, BYTES("\0\0\0\0" BETTER));
	check_heard(l, id, BYTES(GOOD BETTER GOOD GOOD "\0\0\0\0\0" BETTER));
	h2_lab_destroy(l);
}
END_TEST

START_TEST(what_must_not_leave_ends_the_call)
{
	struct h2_lab *l = h2_lab_create(all_ways[_i], "");
	uint32_t id = answered(l, ANSWER);
	struct weir_event_http h;

	tell(l, BYTES(LEAK GOOD));
	check_cut(l, id, NULL, 0);
	h = lab_record(l->l, NULL);
	ck_assert_uint_eq(h.verdict, WEIR_WAF_DENY);
	ck_assert_uint_eq(h.rule, 4);
	if (h2_lab_is_http2(l)) {
		id = answered(l, ANSWER);
		tell(l, BYTES(GOOD BETTER LEAK GOOD));
		check_cut(l, id, BYTES(GOOD BETTER));
		ck_assert_int_ne(h2_seen(l, SERVER, l->end[SERVER].last)->why, WEIR_HTTP2_OK);
	}
	h2_lab_destroy(l);
}
END_TEST

START_TEST(an_answer_may_come_a_byte_at_a_time)
{
	static const char text[] = GOOD BETTER LEAK;
	struct h2_lab *l = h2_lab_create(H2_CLEAR, "");
	uint32_t id = answered(l, ANSWER);

	for (size_t i = 0; i < sizeof(text) - 1; i++)
		tell(l, text + i, 1);
	check_cut(l, id, BYTES(GOOD BETTER));
	h2_lab_destroy(l);
}
END_TEST

/* The server says no more. */
static void end_answer(struct h2_lab *l)
{
	struct h2_seen *x = h2_seen(l, SERVER, l->end[SERVER].last);

	x->wait = false;
	tell(l, NULL, 0);
}

START_TEST(the_end_of_an_answer_is_the_servers)
{
	struct h2_lab *l = h2_lab_create(ways[_i], "");
	uint32_t id = answered(l, ANSWER);
	const struct h2_seen *x = h2_seen(l, CLIENT, id);

	grpc_finish(l, id);
	tell(l, BYTES(GOOD));
	ck_assert(!x->ended);
	end_answer(l);
	ck_assert(x->ended);
	ck_assert_ptr_nonnull(strstr(x->trailers.ptr, "x-trailer: grpc\n"));
	check_heard(l, id, BYTES(GOOD));
	ck_assert_uint_eq(lab_record(l->l, NULL).verdict, WEIR_WAF_PASS);
	/* A message that is cut off is judged by what there is. */
	id = answered(l, ANSWER);
	grpc_finish(l, id);
	tell(l, LEAK, sizeof(LEAK) - 2);
	end_answer(l);
	check_heard(l, id, LEAK, sizeof(LEAK) - 2);
	id = answered(l, ANSWER);
	grpc_finish(l, id);
	tell(l, BYTES("\0\0\0\0\x0f\x0a\x09"
		      "a attack4"));
	end_answer(l);
	check_cut(l, id, NULL, 0);
	h2_lab_destroy(l);
}
END_TEST

START_TEST(of_a_long_message_the_first_bytes_are_judged)
{
	struct h2_lab *l = h2_lab_create(ways[_i], "");
	uint32_t id = answered(l, ANSWER);
	char *text = grpc_large(100000);

	tell(l, text, 100005);
	ck_assert_uint_eq(h2_seen(l, CLIENT, id)->body.len, 100005);
	memcpy(text + 100, "attack4", 7);
	tell(l, text, 100005);
	ck_assert_uint_eq(h2_seen(l, CLIENT, id)->body.len, 100005);
	ck_assert_ptr_nonnull(strstr(h2_seen(l, CLIENT, id)->trailers.ptr, "grpc-status: 7\n"));
	free(text);
	h2_lab_destroy(l);
}
END_TEST

START_TEST(an_answer_whose_messages_cannot_be_told_apart_is_cut_off)
{
	struct h2_lab *l = h2_lab_create(ways[_i], "");
	uint32_t id = answered(l, ANSWER);

	tell(l, BYTES(GOOD "\2\0\0\0\1a"));
	check_heard(l, id, BYTES(GOOD));
	ck_assert_ptr_nonnull(strstr(h2_seen(l, CLIENT, id)->trailers.ptr, "grpc-status: 13\n"));
	ck_assert_str_eq(lab_record(l->l, NULL).bad, "GRPC_FLAG");
	h2_lab_destroy(l);
}
END_TEST

/* gRPC-Web has the status in the content: as it is, or in Base64. */
static void check_web_cut(struct h2_lab *l, uint32_t id, const char *bytes, size_t n, bool text)
{
	static const char said[] = "grpc-status: 7\r\ngrpc-message: not let through";
	const struct h2_seen *x = h2_seen(l, CLIENT, id);
	struct weir_grpc_text t = {0};
	uint8_t frame[256];
	size_t len = x->body.len - n;

	ck_assert_uint_gt(x->body.len, n);
	ck_assert_mem_eq(x->body.ptr, bytes, n);
	memcpy(frame, x->body.ptr + n, len);
	if (text) {
		ck_assert_int_eq(weir_grpc_text_decode(&t, weir_bytes_of(x->body.ptr + n, len),
						       frame, sizeof(frame), &len),
				 (ssize_t)(x->body.len - n));
		ck_assert_uint_eq(t.have, 0);
	}
	ck_assert_mem_eq(frame, "\x80\0\0\0", 4);
	ck_assert_uint_eq(frame[4], len - 5);
	ck_assert(strncmp((char *)frame + 5, said, strlen(said)) == 0);
	ck_assert_mem_eq(frame + len - 2, "\r\n", 2);
	ck_assert(x->ended);
	ck_assert_uint_eq(x->trailers.len, 0);
}

/* Of a client of gRPC-Web, and the head of its answer. */
static uint32_t web_answered(struct h2_lab *l, const char *head)
{
	uint32_t id = h2_send(l, WEB_CALL(TEXT), BYTES(GOOD_TEXT));

	h2_pump(l);
	if (h2_lab_is_http2(l)) {
		h2_seen(l, SERVER, l->end[SERVER].last)->wait = true;
		h2_seen(l, SERVER, l->end[SERVER].last)->trailer = "web";
		h2_answer(l, l->end[SERVER].last, head, NULL, 0);
	} else {
		h2_say1(l, head, strlen(head));
		h2_pump(l);
	}
	ck_assert_uint_eq(h2_seen(l, CLIENT, id)->status, 200);
	return id;
}

START_TEST(trailers_of_grpc_web_are_a_message)
{
	struct h2_lab *l = h2_lab_create(all_ways[_i], "");
	uint32_t id = web_answered(l, WEB_ANSWER(WEB));

	tell(l, BYTES(GOOD "\x80\0\0\0\x07"
			   "attack3"));
	check_heard(l, id,
		    BYTES(GOOD "\x80\0\0\0\x07"
			       "attack3"));
	tell(l, BYTES("\x80\0\0\0\x07"
		      "attack4"));
	check_web_cut(l, id,
		      BYTES(GOOD "\x80\0\0\0\x07"
				 "attack3"),
		      false);
	h2_lab_destroy(l);
}
END_TEST

START_TEST(an_answer_in_base64_is_judged_message_by_message)
{
	struct h2_lab *l = h2_lab_create(all_ways[_i], "");
	uint32_t id = web_answered(l, WEB_ANSWER(TEXT));

	tell(l, BYTES(GOOD_TEXT BETTER_TEXT));
	check_heard(l, id, BYTES(GOOD_TEXT BETTER_TEXT));
	for (const char *p = BETTER_TEXT; *p; p++)
		tell(l, p, 1);
	check_heard(l, id, BYTES(GOOD_TEXT BETTER_TEXT BETTER_TEXT));
	tell(l, BYTES("AAAAAAcK"));
	check_heard(l, id, BYTES(GOOD_TEXT BETTER_TEXT BETTER_TEXT));
	tell(l, BYTES("BWhlbGxv" LEAK_TEXT));
	check_web_cut(l, id, BYTES(GOOD_TEXT BETTER_TEXT BETTER_TEXT GOOD_TEXT), true);
	if (h2_lab_is_http2(l)) /* else the server is waited for */
		ck_assert_uint_eq(lab_record(l->l, NULL).rule, 4);
	h2_lab_destroy(l);
}
END_TEST

/* Where the next message has begun in what the client was let have, there is no place for one. */
START_TEST(a_message_that_shares_its_beginning_resets_the_stream)
{
	struct h2_lab *l = h2_lab_create(H2_CLEAR, "");
	uint32_t id = web_answered(l, WEB_ANSWER(TEXT));

	tell(l, RUN_TEXT, 16);
	check_heard(l, id, RUN_TEXT, 16);
	tell(l, RUN_TEXT + 16, strlen(RUN_TEXT) - 16);
	ck_assert(!h2_seen(l, CLIENT, id)->ended && h2_seen(l, CLIENT, id)->closed);
	check_heard(l, id, RUN_TEXT, 16);
	h2_lab_destroy(l);
}
END_TEST

START_TEST(in_detection_an_answer_passes_and_has_its_own_record)
{
	struct h2_lab *l = h2_lab_create(H2_CLEAR, "");
	struct weir_event_http h;
	unsigned int n;
	uint32_t id;

	lab_reload(l->l, "", ", mode: detect", 2);
	id = answered(l, ANSWER);
	tell(l, BYTES(GOOD LEAK BETTER));
	check_heard(l, id, BYTES(GOOD LEAK BETTER));
	h = lab_record(l->l, &n);
	ck_assert_uint_eq(n, 1);
	ck_assert_uint_eq(h.would, WEIR_WAF_DENY);
	ck_assert_uint_eq(h.rule, 4);
	grpc_finish(l, id);
	end_answer(l);
	h = lab_record(l->l, &n);
	ck_assert_uint_eq(n, 1);
	ck_assert_uint_eq(h.would, WEIR_WAF_PASS);
	h2_lab_destroy(l);
}
END_TEST

static uint32_t waf_kib(const struct h2_lab *l)
{
	struct weir_path_gauges g;

	weir_path_gauges(l->l->f->path, 0, &g);
	return g.waf_kib;
}

START_TEST(a_long_call_takes_no_more_memory_than_a_short_one)
{
	struct h2_lab *l = h2_lab_create(H2_CLEAR, "");
	uint32_t id = answered(l, ANSWER), before;

	grpc_say(l, id, BYTES(GOOD));
	tell(l, BYTES(GOOD));
	before = waf_kib(l);
	for (unsigned int i = 0; i < 200; i++) {
		grpc_say(l, id, BYTES(GOOD BETTER));
		tell(l, BYTES(BETTER GOOD));
	}
	ck_assert_uint_eq(waf_kib(l), before);
	grpc_finish(l, id);
	end_answer(l);
	ck_assert_uint_eq(waf_kib(l), 0);
	h2_lab_destroy(l);
}
END_TEST

/* Calls whose answers are to be judged need theirs: the oldest of them is ended. */
START_TEST(the_oldest_call_makes_way_when_nothing_else_can)
{
	struct h2_lab *l = h2_lab_create(H2_CLEAR, "");
	const struct h2_seen *first;
	uint32_t id = 0;

	for (unsigned int i = 0; i < 40; i++) {
		lab_wait(l->l, WEIR_NS_PER_S / 4);
		id = answered(l, ANSWER);
		tell(l, BYTES(GOOD));
		check_heard(l, id, BYTES(GOOD));
	}
	ck_assert_uint_ge(lab_count(l->l, WEIR_COUNT_HTTP_EVICTED), 1);
	first = h2_seen(l, CLIENT, 1);
	ck_assert(first->ended);
	ck_assert_ptr_nonnull(strstr(first->trailers.ptr, "grpc-status: 14\n"));
	tell(l, BYTES(LEAK));
	check_cut(l, id, BYTES(GOOD));
	h2_lab_destroy(l);
}
END_TEST

Suite *path_http2_grpc_answer_suite(void)
{
	Suite *s = suite_create("path http2 grpc answer");
	TCase *t = tcase_create("grpc");
	const int n = (int)WEIR_ARRAY_LEN(ways);

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, each_message_of_an_answer_goes_on_when_it_is_whole_and_judged, 0,
			    (int)WEIR_ARRAY_LEN(all_ways));
	tcase_add_loop_test(t, what_must_not_leave_ends_the_call, 0, (int)WEIR_ARRAY_LEN(all_ways));
	tcase_add_test(t, an_answer_may_come_a_byte_at_a_time);
	tcase_add_loop_test(t, the_end_of_an_answer_is_the_servers, 0, n);
	tcase_add_loop_test(t, of_a_long_message_the_first_bytes_are_judged, 0, n);
	tcase_add_loop_test(t, an_answer_whose_messages_cannot_be_told_apart_is_cut_off, 0, n);
	tcase_add_loop_test(t, trailers_of_grpc_web_are_a_message, 0, WEIR_ARRAY_LEN(all_ways));
	tcase_add_loop_test(t, an_answer_in_base64_is_judged_message_by_message, 0,
			    WEIR_ARRAY_LEN(all_ways));
	tcase_add_test(t, a_message_that_shares_its_beginning_resets_the_stream);
	tcase_add_test(t, in_detection_an_answer_passes_and_has_its_own_record);
	tcase_add_test(t, a_long_call_takes_no_more_memory_than_a_short_one);
	tcase_add_test(t, the_oldest_call_makes_way_when_nothing_else_can);
	suite_add_tcase(s, t);
	return s;
}
