/* SPDX-License-Identifier: BSD-3-Clause */
/* HTTP/1.1 in front, HTTP/2 behind: how either side ends, and what the other one hears of it. */
#include "http2_lab.h"

Suite *path_translate_end_suite(void);

#define GET     "GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n"
#define POST    "POST / HTTP/1.1\r\nHost: shop.example\r\n"
#define OK5     "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
#define CHUNKED "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

START_TEST(a_stream_that_the_server_resets_is_no_answer)
{
	struct h2_lab *l = h2_lab_create((enum h2_way)_i, "");

	h1_say(l, GET);
	weir_http2_reset(h2_last(l)->st, WEIR_HTTP2_INTERNAL_ERROR);
	h2_pump(l);
	ck_assert_ptr_nonnull(strstr(h1_got(l), "HTTP/1.1 502 Bad Gateway"));
	ck_assert_ptr_nonnull(strstr(h1_got(l), "Connection: close"));
	ck_assert(l->l->end[CLIENT].fin && !l->l->end[CLIENT].rst);
	ck_assert(l->end[SERVER].goaway && l->l->end[SERVER].fin);
	ck_assert_str_eq(lab_record(l->l, NULL).bad, "PEER_RESET");
	h2_lab_destroy(l);
}
END_TEST

START_TEST(an_answer_that_is_cut_does_not_look_whole)
{
	static const char *const cut[] = {"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n", CHUNKED,
					  CHUNKED};
	struct h2_lab *l = h2_lab_create((enum h2_way)_i, "");

	for (unsigned int i = 0; i < 3; i++) {
		h1_say(l, i == 2 ? "GET / HTTP/1.0\r\nHost: a\r\n\r\n" : GET);
		h2_last(l)->wait = true;
		h2_answer_last(l, cut[i], "hello");
		ck_assert_ptr_nonnull(strstr(h1_got(l), "hello"));
		if (i) {
			weir_http2_reset(h2_last(l)->st, WEIR_HTTP2_CANCEL);
			h2_pump(l);
		} else {
			lab_reset(l->l, SERVER);
			h2_pump(l);
		}
		ck_assert_ptr_null(strstr(h1_got(l), "\r\n0\r\n"));
		ck_assert(l->l->end[CLIENT].rst);
		h2_lab_destroy(l);
		l = h2_lab_create((enum h2_way)_i, "");
	}
	h2_lab_destroy(l);
}
END_TEST

START_TEST(a_server_that_takes_no_streams_for_a_while_gets_them_afterwards)
{
	struct h2_lab *l = h2_lab_create((enum h2_way)_i, "");

	h2_allow_streams(l, 0);
	h1_say(l, GET);
	ck_assert_uint_eq(h2_requests(l), 0);
	h2_allow_streams(l, 1);
	ck_assert_uint_eq(h2_requests(l), 1);
	h2_answer_last(l, OK5, "hello");
	ck_assert_ptr_nonnull(strstr(h1_got(l), "hello"));
	h2_lab_destroy(l);
}
END_TEST

START_TEST(a_server_that_goes_away_ends_the_connection_in_order)
{
	struct h2_lab *l = h2_lab_create((enum h2_way)_i, "");

	h1_say(l, GET);
	weir_http2_drain(l->end[SERVER].s);
	h2_pump(l);
	h2_answer_last(l, OK5, "hello");
	ck_assert_ptr_nonnull(strstr(h1_got(l), "hello"));
	h1_clear(l);
	weir_http2_drain(l->end[SERVER].s);
	h2_pump(l);
	ck_assert(l->l->end[CLIENT].fin && !l->l->end[CLIENT].rst);
	ck_assert_str_eq(h1_got(l), "");
	h2_lab_destroy(l);
}
END_TEST

START_TEST(a_server_that_closes_without_an_answer_is_a_bad_gateway)
{
	struct h2_lab *l = h2_lab_create((enum h2_way)_i, "");

	h1_say(l, GET);
	h2_close(l, SERVER);
	ck_assert_ptr_nonnull(strstr(h1_got(l), "HTTP/1.1 502 Bad Gateway"));
	ck_assert(l->l->end[CLIENT].fin);
	ck_assert_str_eq(lab_record(l->l, NULL).bad, "CUT");
	h2_lab_destroy(l);
}
END_TEST

START_TEST(a_client_that_goes_has_its_stream_reset)
{
	struct h2_lab *l = h2_lab_create((enum h2_way)_i, "");

	h1_say(l, POST "Content-Length: 10\r\n\r\nhello");
	lab_reset(l->l, CLIENT);
	h2_pump(l);
	ck_assert(h2_last(l)->closed && !h2_last(l)->ended);
	ck_assert_int_eq(h2_last(l)->why, WEIR_HTTP2_E_PEER_RESET);
	ck_assert_uint_eq(h2_last(l)->code, WEIR_HTTP2_CANCEL);
	ck_assert(l->end[SERVER].goaway && l->l->end[SERVER].fin);
	h2_lab_destroy(l);
}
END_TEST

START_TEST(a_request_whose_client_ends_early_is_not_whole)
{
	struct h2_lab *l = h2_lab_create((enum h2_way)_i, "");

	h1_say(l, POST "Content-Length: 10\r\n\r\nhello");
	h2_close(l, CLIENT);
	ck_assert(h2_last(l)->closed && !h2_last(l)->ended);
	ck_assert_uint_eq(h2_last(l)->code, WEIR_HTTP2_CANCEL);
	ck_assert_ptr_nonnull(strstr(h1_got(l), "HTTP/1.1 400 "));
	ck_assert_str_eq(lab_record(l->l, NULL).bad, "CUT");
	h2_lab_destroy(l);
}
END_TEST

START_TEST(a_client_that_has_said_all_is_answered)
{
	struct h2_lab *l = h2_lab_create(H1_CLEAR2, "");

	h1_say(l, GET);
	h2_close(l, CLIENT);
	h2_answer_last(l, OK5, "hello");
	ck_assert_ptr_nonnull(strstr(h1_got(l), "hello"));
	ck_assert(l->l->end[CLIENT].fin && l->l->end[SERVER].fin);
	h2_lab_destroy(l);
}
END_TEST

/* RST_STREAM with NO_ERROR behind the response (RFC 9113 section 8.1). */
START_TEST(an_early_answer_ends_the_connection)
{
	struct h2_lab *l = h2_lab_create((enum h2_way)_i, "");

	h1_say(l, POST "Content-Type: image/png\r\nContent-Length: 100000\r\n\r\nhello");
	h2_answer_last(l, "HTTP/1.1 413 Too Large\r\nContent-Length: 5\r\n\r\n", "large");
	weir_http2_reset(h2_last(l)->st, WEIR_HTTP2_NO_ERROR);
	h2_pump(l);
	ck_assert_ptr_nonnull(strstr(h1_got(l), "large"));
	ck_assert(l->l->end[CLIENT].fin && !l->l->end[CLIENT].rst);
	h2_lab_destroy(l);
}
END_TEST

START_TEST(a_server_that_speaks_no_http2_is_a_bad_gateway)
{
	struct h2_lab *l = h2_lab_create(H1_CLEAR2, "");
	static const char old[] = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";

	weir_http2_session_destroy(l->end[SERVER].s);
	l->end[SERVER].s = NULL;
	l->end[SERVER].out.len = 0;
	lab_connect(l->l);
	h1_say(l, GET);
	ck_assert(lab_has(l->l, SERVER, "PRI * HTTP/2.0\r\n"));
	ck_assert_uint_gt(l->l->end[SERVER].n_got, 60); /* and the request, though it is silent */
	h2_say1(l, old, sizeof(old) - 1);
	ck_assert_ptr_nonnull(strstr(h1_got(l), "HTTP/1.1 502 Bad Gateway"));
	h2_lab_destroy(l);
}
END_TEST

START_TEST(slow_clients_are_told_so)
{
	struct h2_lab *l = h2_lab_create((enum h2_way)_i, "");

	h1_say(l, POST "Content-Length: 10\r\n\r\nhello");
	lab_wait(l->l, 61 * WEIR_NS_PER_S);
	h2_pump(l);
	ck_assert_ptr_nonnull(strstr(h1_got(l), "HTTP/1.1 408 "));
	ck_assert(h2_last(l)->closed && !h2_last(l)->ended);
	ck_assert_uint_eq(lab_count(l->l, WEIR_COUNT_HTTP_TIMEOUTS), 1);
	h2_lab_destroy(l);
}
END_TEST

START_TEST(idle_connections_end_in_order)
{
	struct h2_lab *l = h2_lab_create((enum h2_way)_i, "");

	h1_say(l, GET);
	h2_answer_last(l, OK5, "hello");
	lab_wait(l->l, 76 * WEIR_NS_PER_S);
	h2_pump(l);
	ck_assert(l->l->end[CLIENT].fin && !l->l->end[CLIENT].rst);
	ck_assert(l->end[SERVER].goaway && l->l->end[SERVER].fin);
	h2_lab_destroy(l);
}
END_TEST

Suite *path_translate_end_suite(void)
{
	Suite *s = suite_create("path translate end");
	TCase *c = tcase_create("end");

	tcase_set_timeout(c, 60);
	tcase_add_loop_test(c, a_stream_that_the_server_resets_is_no_answer, H1_CLEAR2, H1_WAYS);
	tcase_add_loop_test(c, an_answer_that_is_cut_does_not_look_whole, H1_CLEAR2, H1_WAYS);
	tcase_add_loop_test(c, a_server_that_takes_no_streams_for_a_while_gets_them_afterwards,
			    H1_CLEAR2, H1_WAYS);
	tcase_add_loop_test(c, a_server_that_goes_away_ends_the_connection_in_order, H1_CLEAR2,
			    H1_WAYS);
	tcase_add_loop_test(c, a_server_that_closes_without_an_answer_is_a_bad_gateway, H1_CLEAR2,
			    H1_WAYS);
	tcase_add_loop_test(c, a_client_that_goes_has_its_stream_reset, H1_CLEAR2, H1_WAYS);
	tcase_add_loop_test(c, a_request_whose_client_ends_early_is_not_whole, H1_CLEAR2, H1_WAYS);
	tcase_add_test(c, a_client_that_has_said_all_is_answered);
	tcase_add_loop_test(c, an_early_answer_ends_the_connection, H1_CLEAR2, H1_WAYS);
	tcase_add_test(c, a_server_that_speaks_no_http2_is_a_bad_gateway);
	tcase_add_loop_test(c, slow_clients_are_told_so, H1_CLEAR2, H1_WAYS);
	tcase_add_loop_test(c, idle_connections_end_in_order, H1_CLEAR2, H1_WAYS);
	suite_add_tcase(s, c);
	return s;
}
