/* SPDX-License-Identifier: BSD-3-Clause */
#include "http_test.h"

#include <stdio.h>

static struct weir_http_header fields[128];

static ssize_t parse(const char *text, struct weir_http_head *h)
{
	return weir_http_request_parse(weir_bytes_str(text), &weir_http_limits_default, fields, h);
}

#define LINE "GET / HTTP/1.1\r\nHost: a\r\n"
#define POST "POST / HTTP/1.1\r\nHost: a\r\n"

/* What two readers could take differently, and what is malformed: each has its name. */
static const struct {
	const char *text;
	enum weir_http_error error;
} refused[] = {
	{"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", WEIR_HTTP_E_TARGET},
	{"     GET / HTTP/1.1\r\nHost: a\r\n\r\n", WEIR_HTTP_E_METHOD},
	{"\tGET / HTTP/1.1\r\nHost: a\r\n\r\n", WEIR_HTTP_E_METHOD},
	{"GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", WEIR_HTTP_E_REQUEST_LINE},
	{"GET / HTTP/1.1 \r\nHost: a\r\n\r\n", WEIR_HTTP_E_TARGET},
	{"GET / a HTTP/1.1\r\nHost: a\r\n\r\n", WEIR_HTTP_E_TARGET},
	{"GET /\r\nHost: a\r\n\r\n", WEIR_HTTP_E_REQUEST_LINE},
	{"GET\r\n\r\n", WEIR_HTTP_E_REQUEST_LINE},
	{"\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", WEIR_HTTP_E_REQUEST_LINE},
	{"G(T / HTTP/1.1\r\nHost: a\r\n\r\n", WEIR_HTTP_E_METHOD},
	{"GET /#a HTTP/1.1\r\nHost: a\r\n\r\n", WEIR_HTTP_E_TARGET},
	{"GET a HTTP/1.1\r\nHost: a\r\n\r\n", WEIR_HTTP_E_TARGET},
	{"GET \\a HTTP/1.1\r\nHost: a\r\n\r\n", WEIR_HTTP_E_TARGET},
	{"GET * HTTP/1.1\r\nHost: a\r\n\r\n", WEIR_HTTP_E_TARGET},
	{"GET http:// HTTP/1.1\r\nHost: a\r\n\r\n", WEIR_HTTP_E_TARGET},
	{"GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n", WEIR_HTTP_E_TARGET},
	{"CONNECT a HTTP/1.1\r\nHost: a\r\n\r\n", WEIR_HTTP_E_TARGET},
	{"CONNECT / HTTP/1.1\r\nHost: a\r\n\r\n", WEIR_HTTP_E_TARGET},
	{"GET / HTTP/0.9\r\nHost: a\r\n\r\n", WEIR_HTTP_E_VERSION},
	{"GET / HTTP/1.2\r\nHost: a\r\n\r\n", WEIR_HTTP_E_VERSION},
	{"GET / HTTP/2.0\r\nHost: a\r\n\r\n", WEIR_HTTP_E_VERSION},
	{"GET / HTTP/2\r\nHost: a\r\n\r\n", WEIR_HTTP_E_VERSION},
	{"GET / http/1.1\r\nHost: a\r\n\r\n", WEIR_HTTP_E_VERSION},
	{"GET / JUNK/1.0\r\nHost: a\r\n\r\n", WEIR_HTTP_E_VERSION},
	{"GET / HTTP/1.1\nHost: a\n\n", WEIR_HTTP_E_LINE_END},
	{"GET / HTTP/1.1\r\nHost: a\n\r\n", WEIR_HTTP_E_LINE_END},
	{LINE "X: a\rb\r\n\r\n", WEIR_HTTP_E_HEADER_VALUE},
	{LINE "X: a\r\r\n\r\n", WEIR_HTTP_E_HEADER_VALUE},
	{LINE " X: a\r\n\r\n", WEIR_HTTP_E_HEADER_FOLDING},
	{LINE "X: a\r\n b\r\n\r\n", WEIR_HTTP_E_HEADER_FOLDING},
	{LINE "X: a\r\n\tb\r\n\r\n", WEIR_HTTP_E_HEADER_FOLDING},
	{LINE "X : a\r\n\r\n", WEIR_HTTP_E_HEADER_NAME},
	{LINE "X\t: a\r\n\r\n", WEIR_HTTP_E_HEADER_NAME},
	{LINE ": a\r\n\r\n", WEIR_HTTP_E_HEADER_NAME},
	{LINE "X\r\n\r\n", WEIR_HTTP_E_HEADER_NAME},
	{LINE "X(: a\r\n\r\n", WEIR_HTTP_E_HEADER_NAME},
	{LINE "X\xe9: a\r\n\r\n", WEIR_HTTP_E_HEADER_NAME},
	{"GET / HTTP/1.1\r\n\r\n", WEIR_HTTP_E_HOST_MISSING},
	{"GET / HTTP/1.1\r\nHost:\r\n\r\n", WEIR_HTTP_E_HOST},
	{"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", WEIR_HTTP_E_HOST},
	{"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", WEIR_HTTP_E_HOST},
	{"GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", WEIR_HTTP_E_HOST},
	{"GET / HTTP/1.1\r\nHost: a%00\r\n\r\n", WEIR_HTTP_E_HOST},
	{"GET / HTTP/1.1\r\nHost: a%1F\r\n\r\n", WEIR_HTTP_E_HOST},
	{"GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", WEIR_HTTP_E_HOST},
	{"GET / HTTP/1.1\r\nHost: a:99999\r\n\r\n", WEIR_HTTP_E_HOST},
	{"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", WEIR_HTTP_E_HOST},
	{LINE "Host: b\r\n\r\n", WEIR_HTTP_E_HOST_TWICE},
	{LINE "Host: a\r\n\r\n", WEIR_HTTP_E_HOST_TWICE},
	{POST "Content-Length: 1\r\nContent-Length: 1\r\n\r\n", WEIR_HTTP_E_LENGTH_TWICE},
	{POST "Content-Length: 1\r\nContent-Length: 2\r\n\r\n", WEIR_HTTP_E_LENGTH_TWICE},
	{POST "Content-Length: 1, 1\r\n\r\n", WEIR_HTTP_E_LENGTH},
	{POST "Content-Length: +1\r\n\r\n", WEIR_HTTP_E_LENGTH},
	{POST "Content-Length: -1\r\n\r\n", WEIR_HTTP_E_LENGTH},
	{POST "Content-Length: 0x1\r\n\r\n", WEIR_HTTP_E_LENGTH},
	{POST "Content-Length: 1x\r\n\r\n", WEIR_HTTP_E_LENGTH},
	{POST "Content-Length:\r\n\r\n", WEIR_HTTP_E_LENGTH},
	{POST "Content-Length: 99999999999999999999\r\n\r\n", WEIR_HTTP_E_LENGTH},
	{POST "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
	 WEIR_HTTP_E_LENGTH_AND_CHUNKED},
	{POST "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n",
	 WEIR_HTTP_E_LENGTH_AND_CHUNKED},
	{POST "Transfer-Encoding: gzip, chunked\r\n\r\n", WEIR_HTTP_E_TRANSFER_CODING},
	{POST "Transfer-Encoding: identity\r\n\r\n", WEIR_HTTP_E_TRANSFER_CODING},
	{POST "Transfer-Encoding: xchunked\r\n\r\n", WEIR_HTTP_E_TRANSFER_CODING},
	{POST "Transfer-Encoding: chunked, chunked\r\n\r\n", WEIR_HTTP_E_TRANSFER_TWICE},
	{POST "Transfer-Encoding:\r\n\r\n", WEIR_HTTP_E_TRANSFER_TWICE},
	{POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
	 WEIR_HTTP_E_TRANSFER_TWICE},
	{POST "Transfer-Encoding: \x0b"
	      "chunked\r\n\r\n",
	 WEIR_HTTP_E_TRANSFER_CODING},
	{"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", WEIR_HTTP_E_TRANSFER_VERSION},
};

START_TEST(what_is_ambiguous_is_refused_by_name)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(refused); i++) {
		struct weir_http_head h;
		ssize_t rc = parse(refused[i].text, &h);

		ck_assert_msg(rc == -(ssize_t)refused[i].error, "row %zu: %zd, not %d (%s)", i, rc,
			      -(int)refused[i].error, refused[i].text);
		ck_assert_uint_ge(weir_http_error_status(refused[i].error), 400);
		ck_assert_str_ne(weir_http_error_text(refused[i].error), "");
	}
}
END_TEST

START_TEST(a_nul_byte_is_refused_wherever_it_stands)
{
	static const char text[] = "GET /a HTTP/1.1\r\nHost: a\r\nX-Y: some\r\n\r\n";

	for (size_t i = 0; i + 5 < sizeof(text); i++) {
		char copy[sizeof(text)];
		struct weir_http_head h;

		memcpy(copy, text, sizeof(text));
		copy[i] = '\0';
		ck_assert_int_lt(weir_http_request_parse(weir_bytes_of(copy, sizeof(text) - 1),
							 &weir_http_limits_default, fields, &h),
				 0);
	}
}
END_TEST

static const struct {
	const char *text;
	const char *path, *query, *authority;
	enum weir_http_form form;
} targets[] = {
	{LINE "\r\n", "/", "", "", WEIR_HTTP_ORIGIN},
	{"GET /a?b=c?d HTTP/1.1\r\nHost: a\r\n\r\n", "/a", "b=c?d", "", WEIR_HTTP_ORIGIN},
	{"GET /\xc3\xa9\"<>{} HTTP/1.1\r\nHost: a\r\n\r\n", "/\xc3\xa9\"<>{}", "", "",
	 WEIR_HTTP_ORIGIN},
	{"GET http://b:80/a?c HTTP/1.1\r\nHost: a\r\n\r\n", "/a", "c", "b:80", WEIR_HTTP_ABSOLUTE},
	{"GET http://b?c HTTP/1.1\r\nHost: a\r\n\r\n", "", "c", "b", WEIR_HTTP_ABSOLUTE},
	{"GET http://[::1]:8/ HTTP/1.1\r\nHost: [::1]\r\n\r\n", "/", "", "[::1]:8",
	 WEIR_HTTP_ABSOLUTE},
	{"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", "", "", "a:443", WEIR_HTTP_AUTHORITY},
	{"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "*", "", "", WEIR_HTTP_ASTERISK},
};

START_TEST(targets_come_in_four_forms)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(targets); i++) {
		struct weir_http_head h;

		ck_assert_int_eq(parse(targets[i].text, &h), strlen(targets[i].text));
		ck_assert(weir_bytes_is(h.path, targets[i].path));
		ck_assert(weir_bytes_is(h.query, targets[i].query));
		ck_assert(weir_bytes_is(h.authority, targets[i].authority));
		ck_assert_int_eq(h.form, targets[i].form);
	}
}
END_TEST

START_TEST(a_head_cut_anywhere_waits_for_more)
{
	static const char text[] = "\r\nPOST /a?b HTTP/1.1\r\nHost: a\r\nX_y.z: 1\r\n"
				   "Content-Length: 12\r\nConnection: close\r\n\r\nbody";
	size_t head = sizeof(text) - 1 - 4;

	for (size_t n = 0; n < sizeof(text); n++) {
		char *exact = malloc(n + 1);
		struct weir_http_head h;
		ssize_t rc;

		memcpy(exact, text, n);
		rc = weir_http_request_parse(weir_bytes_of(exact, n), &weir_http_limits_default,
					     fields, &h);
		ck_assert_int_eq(rc, n < head ? 0 : (ssize_t)head);
		if (rc) {
			ck_assert_int_eq(h.framing, WEIR_HTTP_LENGTH);
			ck_assert_uint_eq(h.length, 12);
			ck_assert(!h.keep_alive);
			ck_assert(weir_bytes_is(weir_http_header_find(&h, "x_Y.Z")->value, "1"));
		}
		free(exact);
	}
}
END_TEST

START_TEST(limits_are_told_before_the_end_has_come)
{
	struct weir_http_limits small = {
		.line_bytes = 20, .head_bytes = 60, .headers = 2, .chunk_bytes = 10};
	static const struct {
		const char *text;
		enum weir_http_error error;
	} rows[] = {
		{"GET /aaaaaaaaaaaaaaaaaaaaaaaaa", WEIR_HTTP_E_LINE_LIMIT},
		{"GET / HTTP/1.1\r\nX: aaaaaaaaaaaaaaaaaaaaaaaaaa", WEIR_HTTP_E_HEADER_LIMIT},
		{"GET / HTTP/1.1\r\nA: 1\r\nB: 1\r\nC: 1\r\n", WEIR_HTTP_E_HEADER_LIMIT},
		{"GET / HTTP/1.1\r\nA: aaaaaaaaaaaaaaaa\r\nB: aaaaaaaaaaaaaaaa\r\nC: aaaaaaaa\r\n",
		 WEIR_HTTP_E_HEADER_LIMIT},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct weir_http_head h;

		ck_assert_int_eq(
			weir_http_request_parse(weir_bytes_str(rows[i].text), &small, fields, &h),
			-(int)rows[i].error);
	}
}
END_TEST

static const struct {
	const char *text;
	bool is_head, is_connect, keep_alive;
	enum weir_http_framing framing;
} responses[] = {
	{"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", false, false, true, WEIR_HTTP_LENGTH},
	{"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", true, false, true, WEIR_HTTP_NO_BODY},
	{"HTTP/1.1 200 OK\r\n\r\n", false, false, false, WEIR_HTTP_UNTIL_CLOSE},
	{"HTTP/1.1 204 No\r\n\r\n", false, false, true, WEIR_HTTP_NO_BODY},
	{"HTTP/1.1 304 \r\nContent-Length: 3\r\n\r\n", false, false, true, WEIR_HTTP_NO_BODY},
	{"HTTP/1.1 100 Continue\r\n\r\n", false, false, true, WEIR_HTTP_NO_BODY},
	{"HTTP/1.1 101 Switch\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n", false, false,
	 false, WEIR_HTTP_TUNNEL},
	{"HTTP/1.1 200\r\n\r\n", false, true, false, WEIR_HTTP_TUNNEL},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", false, false, true,
	 WEIR_HTTP_CHUNKED},
	{"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\n", false, false, false, WEIR_HTTP_LENGTH},
	{"HTTP/1.0 200 OK\r\nContent-Length: 3\r\nConnection: keep-alive\r\n\r\n", false, false,
	 true, WEIR_HTTP_LENGTH},
};

START_TEST(a_responses_body_depends_on_what_it_answers)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(responses); i++) {
		struct weir_http_head request = {.is_head = responses[i].is_head,
						 .is_connect = responses[i].is_connect};
		struct weir_http_head h;

		ck_assert_int_gt(weir_http_response_parse(weir_bytes_str(responses[i].text),
							  &weir_http_limits_default, &request,
							  fields, &h),
				 0);
		ck_assert_int_eq(h.framing, responses[i].framing);
		ck_assert_msg(h.keep_alive == responses[i].keep_alive, "row %zu", i);
	}
}
END_TEST

static const struct {
	const char *fields;
	bool upgrade, upgrade_http;
} upgrades[] = {
	{"Connection: upgrade\r\nUpgrade: websocket\r\n", true, false},
	{"Upgrade: websocket\r\n", false, false},
	{"Connection: upgrade\r\n", false, false},
	{"Connection: keep-alive, Upgrade\r\nUpgrade: h2c\r\n", false, true},
	{"Connection: Upgrade\r\nUpgrade: H2C\r\n", false, true},
	{"Connection: Upgrade\r\nUpgrade: h2\r\n", false, true},
	{"Connection: Upgrade\r\nUpgrade: http/2.0\r\n", false, true},
	{"Connection: Upgrade\r\nUpgrade: TLS/1.0\r\n", false, true},
	{"Connection: Upgrade\r\nUpgrade: websocket, h2c\r\n", false, true},
	{"Connection: Upgrade\r\nUpgrade: h2c\r\nUpgrade: websocket\r\n", false, true},
	{"Connection: Upgrade\r\nUpgrade: h2cx, tls\r\n", true, false},
	{"Upgrade: h2c\r\n", false, false},
};

START_TEST(an_upgrade_to_http_is_told_from_others)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(upgrades); i++) {
		struct weir_http_head h;
		char text[256];

		snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nHost: x\r\n%s\r\n",
			 upgrades[i].fields);
		ck_assert_int_gt(weir_http_request_parse(weir_bytes_str(text),
							 &weir_http_limits_default, fields, &h),
				 0);
		ck_assert_msg(h.upgrade == upgrades[i].upgrade, "row %zu", i);
		ck_assert_msg(h.upgrade_http == upgrades[i].upgrade_http, "row %zu", i);
	}
}
END_TEST

START_TEST(a_malformed_status_line_is_refused)
{
	static const char *const lines[] = {
		"HTTP/1.1 20 OK\r\n\r\n",    "HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.1  200 OK\r\n\r\n",
		"HTTP/2 200 OK\r\n\r\n",     "HTTP/1.1 099 OK\r\n\r\n",  "HTTP/1.1 600 OK\r\n\r\n",
		"HTTP/1.1 200 O\rK\r\n\r\n", "ICY 200 OK\r\n\r\n",
	};
	struct weir_http_head request = {0}, h;

	for (size_t i = 0; i < WEIR_ARRAY_LEN(lines); i++)
		ck_assert_int_eq(weir_http_response_parse(weir_bytes_str(lines[i]),
							  &weir_http_limits_default, &request,
							  fields, &h),
				 -WEIR_HTTP_E_STATUS_LINE);
}
END_TEST

Suite *head_suite(void)
{
	return WEIR_SUITE(
		"http head", what_is_ambiguous_is_refused_by_name,
		a_nul_byte_is_refused_wherever_it_stands, targets_come_in_four_forms,
		a_head_cut_anywhere_waits_for_more, limits_are_told_before_the_end_has_come,
		a_responses_body_depends_on_what_it_answers, an_upgrade_to_http_is_told_from_others,
		a_malformed_status_line_is_refused);
}
