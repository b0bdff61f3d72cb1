/* SPDX-License-Identifier: BSD-3-Clause */
/* Answers that their servers did not finish, or never began: what is told of them. */
#include "http_lab.h"

Suite *path_http_cut_suite(void);

#define GET(path) "GET " path " HTTP/1.1\r\nHost: shop.example\r\n\r\n"

/* What the server says before its end, and whether that is one; or the client's. */
static const struct {
	const char *said;
	uint16_t status;
	enum { SERVER_CLOSES, SERVER_RESETS, CLIENT_RESETS } end;
	bool cut;
} ends[] = {
	{"", 0, SERVER_CLOSES, true},
	{"", 0, SERVER_RESETS, true},
	{"", 0, CLIENT_RESETS, false},
	{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", 200, SERVER_CLOSES, true},
	{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", 200, SERVER_RESETS, true},
	{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", 200, CLIENT_RESETS, false},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", 200, SERVER_CLOSES,
	 true},
	{"HTTP/1.1 200 OK\r\n\r\nabc", 200, SERVER_CLOSES, false},
	{"HTTP/1.1 200 OK\r\n\r\nabc", 200, SERVER_RESETS, true},
	{"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nabc", 200, SERVER_CLOSES, false},
	{"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", 200, SERVER_RESETS, false},
};

START_TEST(a_record_tells_that_the_server_left_it_without_its_end)
{
	struct http_lab *l = lab_create("", "");
	struct weir_event_http h;
	unsigned int n;

	lab_say(l, CLIENT, GET("/"));
	lab_say(l, SERVER, ends[_i].said);
	ck_assert(!strstr(ends[_i].said, "text/plain") ? lab_has(l, CLIENT, ends[_i].said)
						       : !l->end[CLIENT].n_got);
	if (ends[_i].end == SERVER_CLOSES)
		lab_fin(l, SERVER);
	else
		lab_reset(l, ends[_i].end == SERVER_RESETS ? SERVER : CLIENT);
	ck_assert_str_eq(lab_got(l, CLIENT), ends[_i].said);
	lab_reset(l, CLIENT);
	h = lab_record(l, &n);
	ck_assert_uint_eq(n, 1);
	ck_assert_uint_eq(h.status, ends[_i].status);
	ck_assert_uint_eq(h.verdict, WEIR_WAF_PASS);
	ck_assert_int_eq(h.cut, ends[_i].cut);
	ck_assert_str_eq(h.bad ? h.bad : "", ends[_i].cut ? "CUT" : "");
	ck_assert_uint_eq(lab_count(l, WEIR_COUNT_HTTP_BAD_RESPONSE), 0);
	lab_destroy(l);
}
END_TEST

START_TEST(after_a_response_that_closes_the_requests_behind_it_were_not_answered)
{
	struct http_lab *l = lab_create("", "");
	struct weir_event_http h;
	unsigned int n;

	lab_say(l, CLIENT, GET("/1") GET("/2"));
	lab_say(l, SERVER, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
	h = lab_record(l, &n);
	ck_assert_uint_eq(n, 2);
	ck_assert_str_eq(h.path, "/2");
	ck_assert_uint_eq(h.status, 0);
	ck_assert_str_eq(h.bad, "CUT");
	lab_fin(l, SERVER);
	lab_reset(l, CLIENT);
	(void)lab_record(l, &n);
	ck_assert_uint_eq(n, 0);
	lab_destroy(l);
}
END_TEST

Suite *path_http_cut_suite(void)
{
	Suite *s =
		WEIR_SUITE("path http cut",
			   after_a_response_that_closes_the_requests_behind_it_were_not_answered);
	TCase *c = tcase_create("ends");

	tcase_set_timeout(c, 60);
	tcase_add_loop_test(c, a_record_tells_that_the_server_left_it_without_its_end, 0,
			    WEIR_ARRAY_LEN(ends));
	suite_add_tcase(s, c);
	return s;
}
