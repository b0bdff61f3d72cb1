/* SPDX-License-Identifier: BSD-3-Clause */
/* Calls of gRPC, what clients say: each message is judged by itself, and goes on when it was. */
#include "grpc_lab.h"

#include <stdlib.h>

Suite *path_http2_grpc_suite(void);

static const enum h2_way ways[] = {H2_CLEAR, H2_TLS_TLS2, H2_TLS_CLEAR2};

/* What the server has of the newest call. */
static void check_got(struct h2_lab *l, const char *bytes, size_t n)
{
	const struct h2_seen *x = h2_seen(l, SERVER, l->end[SERVER].last);

	ck_assert_uint_eq(x->body.len, n);
	if (n)
		ck_assert_mem_eq(x->body.ptr, bytes, n);
}

static void check_refused(struct h2_lab *l, uint32_t id, const char *status)
{
	const struct h2_seen *x = h2_seen(l, CLIENT, id);

	ck_assert_uint_eq(x->status, 200);
	ck_assert_ptr_nonnull(strstr(x->head, "content-type: application/grpc"));
	ck_assert_ptr_nonnull(strstr(x->head, status));
	ck_assert(x->ended);
	ck_assert_uint_eq(x->body.len, 0);
}

START_TEST(each_message_goes_on_when_it_is_whole_and_judged)
{
	struct h2_lab *l = h2_lab_create(ways[_i], "");
	uint32_t id = grpc_call(l, BYTES(GOOD));

	ck_assert_uint_eq(h2_requests(l), 1);
	check_got(l, BYTES(GOOD));
	/* The server may answer before the client goes on. */
	h2_seen(l, SERVER, l->end[SERVER].last)->wait = true;
	h2_answer(l, l->end[SERVER].last, ANSWER, BYTES(GOOD));
	ck_assert_uint_eq(h2_seen(l, CLIENT, id)->body.len, sizeof(GOOD) - 1);
	grpc_say(l, id, BETTER, 4);
	check_got(l, BYTES(GOOD));
	grpc_say(l, id, BETTER + 4, 4);
	check_got(l, BYTES(GOOD));
	grpc_say(l, id, BETTER + 8, sizeof(BETTER) - 1 - 8);
	check_got(l, BYTES(GOOD BETTER));
	grpc_say(l, id, BYTES(GOOD GOOD "\0"));
	check_got(l, BYTES(GOOD BETTER GOOD GOOD));
	grpc_say(l, id, "\0\0\0\0", 4);
	grpc_finish(l, id);
	check_got(l, BYTES(GOOD BETTER GOOD GOOD "\0\0\0\0\0"));
	ck_assert(h2_seen(l, SERVER, l->end[SERVER].last)->ended);
	h2_lab_destroy(l);
}
END_TEST

START_TEST(a_call_is_heard_of_before_its_first_message)
{
	struct h2_lab *l = h2_lab_create(ways[_i], "");
	uint32_t id = grpc_call(l, NULL, 0);

	ck_assert_uint_eq(h2_requests(l), 1);
	grpc_finish(l, id);
	ck_assert(h2_seen(l, SERVER, l->end[SERVER].last)->ended);
	h2_lab_destroy(l);
}
END_TEST

START_TEST(an_attack_in_the_first_message_is_refused_and_nobody_hears_of_it)
{
	struct h2_lab *l = h2_lab_create(ways[_i], "");
	uint32_t id = grpc_call(l, BYTES(ATTACK));
	struct weir_event_http h = lab_record(l->l, NULL);
	char number[64];

	check_refused(l, id, "grpc-status: 7\r\n");
	snprintf(number, sizeof(number), "%016llx\r\n", (unsigned long long)h.tx_id);
	ck_assert_ptr_nonnull(strstr(h2_seen(l, CLIENT, id)->head, number));
	ck_assert_uint_eq(h2_requests(l), 0);
	ck_assert_uint_eq(h.verdict, WEIR_WAF_DENY);
	ck_assert_uint_eq(h.rule, 2);
	ck_assert_uint_eq(h.status, 200);
	/* The connection goes on. */
	id = grpc_call(l, BYTES(GOOD));
	check_got(l, BYTES(GOOD));
	h2_lab_destroy(l);
}
END_TEST

START_TEST(an_attack_in_a_later_message_ends_the_call)
{
	for (unsigned int begun = 0; begun < 2; begun++) {
		struct h2_lab *l = h2_lab_create(ways[_i], "");
		uint32_t id = grpc_call(l, BYTES(GOOD)), at = l->end[SERVER].last;
		const struct h2_seen *x = h2_seen(l, CLIENT, id);

		h2_seen(l, SERVER, at)->wait = true;
		if (begun)
			h2_answer(l, at, ANSWER, BYTES(BETTER));
		grpc_say(l, id, BYTES(BETTER));
		grpc_say(l, id, BYTES(ATTACK));
		check_got(l, BYTES(GOOD BETTER));
		ck_assert(h2_seen(l, SERVER, at)->closed);
		ck_assert_int_ne(h2_seen(l, SERVER, at)->why, WEIR_HTTP2_OK);
		if (!begun) {
			check_refused(l, id, "grpc-status: 7\r\n");
		} else {
			ck_assert_uint_eq(x->body.len, sizeof(BETTER) - 1);
			ck_assert_ptr_nonnull(strstr(x->trailers.ptr, "grpc-status: 7\n"));
			ck_assert(x->ended);
		}
		ck_assert_uint_eq(lab_record(l->l, NULL).rule, 2);
		h2_lab_destroy(l);
	}
}
END_TEST

START_TEST(a_message_may_come_a_byte_at_a_time)
{
	static const char text[] = GOOD BETTER ATTACK;
	struct h2_lab *l = h2_lab_create(H2_CLEAR, "");
	uint32_t id = grpc_call(l, text, 1);

	for (size_t i = 1; i < sizeof(text) - 1; i++)
		grpc_say(l, id, text + i, 1);
	check_got(l, BYTES(GOOD BETTER));
	check_refused(l, id, "grpc-status: 7\r\n");
	h2_lab_destroy(l);
}
END_TEST

/* ---- what is wrong with them ---- */

START_TEST(messages_that_cannot_be_told_apart_are_refused)
{
	struct h2_lab *l = h2_lab_create(ways[_i], "");
	uint32_t id = grpc_call(l, BYTES(GOOD "\2\0\0\0\1a"));

	check_refused(l, id, "grpc-status: 13\r\n");
	ck_assert_str_eq(lab_record(l->l, NULL).bad, "GRPC_FLAG");
	h2_lab_destroy(l);
}
END_TEST

START_TEST(a_message_over_the_limit_is_refused)
{
	struct h2_lab *l = h2_lab_create(ways[_i], "");
	char *text = grpc_large(200000);
	uint32_t id = grpc_call(l, text, 200005);

	check_refused(l, id, "grpc-status: 8\r\n");
	ck_assert_uint_eq(lab_record(l->l, NULL).verdict, WEIR_WAF_LIMIT);
	free(text);
	text = grpc_large(100000);
	id = grpc_call(l, text, 100005);
	check_got(l, text, 100005);
	grpc_say(l, id, text, 100005);
	ck_assert_uint_eq(h2_seen(l, SERVER, l->end[SERVER].last)->body.len, 200010);
	free(text);
	h2_lab_destroy(l);
}
END_TEST

START_TEST(a_message_that_is_cut_off_is_judged)
{
	struct h2_lab *l = h2_lab_create(ways[_i], "");
	uint32_t id = grpc_call(l, ATTACK, sizeof(ATTACK) - 2);

	grpc_finish(l, id); /* "attack" alone */
	check_got(l, ATTACK, sizeof(ATTACK) - 2);
	id = grpc_call(l, BYTES("\0\0\0\0\x0f\x0a\x09"
				"a attack2"));
	ck_assert_uint_eq(h2_requests(l), 1);
	grpc_finish(l, id);
	check_refused(l, id, "grpc-status: 7\r\n");
	h2_lab_destroy(l);
}
END_TEST

START_TEST(in_detection_a_message_passes_and_has_its_own_record)
{
	struct h2_lab *l = h2_lab_create(H2_CLEAR, "");
	struct weir_event_http h;
	unsigned int n;
	uint32_t id;

	lab_reload(l->l, "", ", mode: detect", 2);
	id = grpc_call(l, BYTES(GOOD ATTACK BETTER));
	check_got(l, BYTES(GOOD ATTACK BETTER));
	h = lab_record(l->l, &n);
	ck_assert_uint_eq(n, 1);
	ck_assert_uint_eq(h.would, WEIR_WAF_DENY);
	ck_assert_str_eq(h.path, "/shop.Cart/Add");
	grpc_say(l, id, BYTES("\2\0\0\0\1a"));
	check_got(l, BYTES(GOOD ATTACK BETTER "\2\0\0\0\1a"));
	grpc_finish(l, id);
	h2_lab_destroy(l);
}
END_TEST

START_TEST(a_call_may_be_silent_between_its_messages)
{
	struct h2_lab *l = h2_lab_create(H2_CLEAR, ", timeouts: {body: 2s}");
	uint32_t id = grpc_call(l, BYTES(GOOD));

	lab_wait(l->l, 10 * WEIR_NS_PER_S);
	grpc_say(l, id, BYTES(BETTER "\0\0"));
	check_got(l, BYTES(GOOD BETTER));
	lab_wait(l->l, 10 * WEIR_NS_PER_S);
	h2_pump(l);
	check_refused(l, id, "grpc-status: 4\r\n");
	h2_lab_destroy(l);
}
END_TEST

START_TEST(a_request_in_base64_is_refused_as_its_client_understands)
{
	struct h2_lab *l = h2_lab_create(ways[_i], "");
	uint32_t id = h2_send(l, WEB_CALL(TEXT), BYTES(GOOD_TEXT ATTACK_TEXT));

	h2_pump(l);
	check_refused(l, id, "grpc-status: 7\r\n");
	ck_assert_ptr_nonnull(strstr(h2_seen(l, CLIENT, id)->head, "content-type: " TEXT "\r\n"));
	ck_assert_uint_eq(lab_record(l->l, NULL).rule, 2);
	h2_lab_destroy(l);
}
END_TEST

START_TEST(what_is_no_base64_ends_the_call)
{
	static const char *const bad[] = {"AAAA-AAA", "AAAAAAcKBWhlbGx", "\1AA", "AAAA AAA"};
	struct h2_lab *l = h2_lab_create(H2_CLEAR, "");
	uint32_t id = h2_send(l, WEB_CALL(TEXT), bad[_i], strlen(bad[_i]));

	h2_pump(l);
	check_refused(l, id, "grpc-status: 13\r\n");
	ck_assert_str_eq(lab_record(l->l, NULL).bad, "GRPC_TEXT");
	h2_lab_destroy(l);
}
END_TEST

/* The memory is 2 MiB: with what is kept behind the head a call takes 96 KiB, without it 32. */
START_TEST(what_is_kept_for_the_next_message_makes_way_for_others)
{
	struct h2_lab *l = h2_lab_create(H2_CLEAR, "");
	uint32_t id[40];

	for (size_t i = 0; i < WEIR_ARRAY_LEN(id); i++) {
		lab_wait(l->l, WEIR_NS_PER_S / 4);
		id[i] = grpc_call(l, BYTES(GOOD));
		check_got(l, BYTES(GOOD));
	}
	ck_assert_uint_eq(h2_requests(l), WEIR_ARRAY_LEN(id));
	ck_assert_uint_eq(lab_count(l->l, WEIR_COUNT_HTTP_EVICTED), 0);
	/* Those that have lost it go on, and so does judging. */
	grpc_say(l, id[0], BYTES(BETTER));
	grpc_say(l, id[0], BYTES(ATTACK));
	check_refused(l, id[0], "grpc-status: 7\r\n");
	grpc_say(l, id[39], BYTES(BETTER));
	check_got(l, BYTES(GOOD BETTER));
	h2_lab_destroy(l);
}
END_TEST

Suite *path_http2_grpc_suite(void)
{
	Suite *s = suite_create("path http2 grpc");
	TCase *t = tcase_create("grpc");
	const int n = (int)WEIR_ARRAY_LEN(ways);

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, each_message_goes_on_when_it_is_whole_and_judged, 0, n);
	tcase_add_loop_test(t, a_call_is_heard_of_before_its_first_message, 0, n);
	tcase_add_loop_test(t, an_attack_in_the_first_message_is_refused_and_nobody_hears_of_it, 0,
			    n);
	tcase_add_loop_test(t, an_attack_in_a_later_message_ends_the_call, 0, n);
	tcase_add_test(t, a_message_may_come_a_byte_at_a_time);
	tcase_add_loop_test(t, messages_that_cannot_be_told_apart_are_refused, 0, n);
	tcase_add_loop_test(t, a_message_over_the_limit_is_refused, 0, n);
	tcase_add_loop_test(t, a_message_that_is_cut_off_is_judged, 0, n);
	tcase_add_test(t, in_detection_a_message_passes_and_has_its_own_record);
	tcase_add_test(t, a_call_may_be_silent_between_its_messages);
	tcase_add_loop_test(t, a_request_in_base64_is_refused_as_its_client_understands, 0,
			    WEIR_ARRAY_LEN(ways));
	tcase_add_loop_test(t, what_is_no_base64_ends_the_call, 0, 4);
	tcase_add_test(t, what_is_kept_for_the_next_message_makes_way_for_others);
	suite_add_tcase(s, t);
	return s;
}
