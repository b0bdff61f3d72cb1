/* SPDX-License-Identifier: BSD-3-Clause */
/* Heads as they come: what is refused has a name, and what is accepted is this in HTTP/1.1. */
#include "http2_test.h"

#include <stdio.h>

#define REQ    F(":method", "GET") F(":scheme", "https") F(":path", "/")
#define X      F("x", "1")
#define ONE_MB "1048576"
#define A8     "aaaaaaaa"
#define A64    A8 A8 A8 A8 A8 A8 A8 A8
#define A512   A64 A64 A64 A64 A64 A64 A64 A64
#define A4K    A512 A512 A512 A512 A512 A512 A512 A512

/* Requests that are refused, all with END_STREAM. */
static const struct {
	const char *fields;
	enum weir_http2_error error;
} refused[] = {
	/* pseudo-header fields */
	{"", WEIR_HTTP2_E_PSEUDO_MISSING},
	{X, WEIR_HTTP2_E_PSEUDO_MISSING},
	{F(":scheme", "https") F(":path", "/") F(":authority", "a"), WEIR_HTTP2_E_PSEUDO_MISSING},
	{F(":method", "GET") F(":path", "/") F(":authority", "a"), WEIR_HTTP2_E_PSEUDO_MISSING},
	{F(":method", "GET") F(":scheme", "https") F(":authority", "a"),
	 WEIR_HTTP2_E_PSEUDO_MISSING},
	{GET F(":method", "GET"), WEIR_HTTP2_E_PSEUDO_TWICE},
	{GET F(":path", "/"), WEIR_HTTP2_E_PSEUDO_TWICE},
	{GET F(":path", "/admin"), WEIR_HTTP2_E_PSEUDO_TWICE},
	{GET F(":scheme", "https"), WEIR_HTTP2_E_PSEUDO_TWICE},
	{GET F(":authority", "a"), WEIR_HTTP2_E_PSEUDO_TWICE},
	{GET F(":authority", "b"), WEIR_HTTP2_E_PSEUDO_TWICE},
	{GET F(":status", "200"), WEIR_HTTP2_E_PSEUDO_UNKNOWN},
	{GET F(":foo", "1"), WEIR_HTTP2_E_PSEUDO_UNKNOWN},
	{GET F(":", "1"), WEIR_HTTP2_E_PSEUDO_UNKNOWN},
	{GET F(":Path", "/"), WEIR_HTTP2_E_PSEUDO_UNKNOWN},
	{GET F(":protocol", "websocket"), WEIR_HTTP2_E_PSEUDO_UNKNOWN},
	{REQ X F(":authority", "a"), WEIR_HTTP2_E_PSEUDO_LATE},
	{F(":method", "GET") X F(":scheme", "https") F(":path", "/"), WEIR_HTTP2_E_PSEUDO_MISSING},
	/* method */
	{F(":method", "") F(":scheme", "https") F(":path", "/") F(":authority", "a"),
	 WEIR_HTTP2_E_METHOD},
	{F(":method", "GET /x") F(":scheme", "https") F(":path", "/") F(":authority", "a"),
	 WEIR_HTTP2_E_METHOD},
	{F(":method", "G(T") F(":scheme", "https") F(":path", "/") F(":authority", "a"),
	 WEIR_HTTP2_E_METHOD},
	{F(":method", "GET\r\nx: 1") F(":scheme", "https") F(":path", "/") F(":authority", "a"),
	 WEIR_HTTP2_E_VALUE},
	/* scheme */
	{F(":method", "GET") F(":scheme", "") F(":path", "/") F(":authority", "a"),
	 WEIR_HTTP2_E_SCHEME},
	{F(":method", "GET") F(":scheme", "ftp") F(":path", "/") F(":authority", "a"),
	 WEIR_HTTP2_E_SCHEME},
	{F(":method", "GET") F(":scheme", "https://b/?") F(":path", "/") F(":authority", "a"),
	 WEIR_HTTP2_E_SCHEME},
	/* path */
	{F(":method", "GET") F(":scheme", "https") F(":path", "") F(":authority", "a"),
	 WEIR_HTTP2_E_PATH},
	{F(":method", "GET") F(":scheme", "https") F(":path", "x") F(":authority", "a"),
	 WEIR_HTTP2_E_PATH},
	{F(":method", "GET") F(":scheme", "https") F(":path", "*") F(":authority", "a"),
	 WEIR_HTTP2_E_PATH},
	{F(":method", "GET") F(":scheme", "https") F(":path", "/a b") F(":authority", "a"),
	 WEIR_HTTP2_E_PATH},
	{F(":method", "GET") F(":scheme", "https") F(":path", "/ HTTP/1.1") F(":authority", "a"),
	 WEIR_HTTP2_E_PATH},
	{F(":method", "GET") F(":scheme", "https") F(":path", "/#f") F(":authority", "a"),
	 WEIR_HTTP2_E_PATH},
	{F(":method", "GET") F(":scheme", "https") F(":path", "/\x7f") F(":authority", "a"),
	 WEIR_HTTP2_E_PATH},
	{F(":method", "GET") F(":scheme", "https") F(":path", "http://b/") F(":authority", "a"),
	 WEIR_HTTP2_E_PATH},
	{F(":method", "GET") F(":scheme", "https") F(":path", "/\r\nHost: b") F(":authority", "a"),
	 WEIR_HTTP2_E_VALUE},
	{F(":method", "GET") F(":scheme", "https") F(":path", "/ HTTP/1.1\r\n\r\nGET /x")
		 F(":authority", "a"),
	 WEIR_HTTP2_E_VALUE},
	{F(":method", "GET") F(":scheme", "https") F(":path", "/\x02") F(":authority", "a"),
	 WEIR_HTTP2_E_VALUE},
	/* authority and Host */
	{REQ, WEIR_HTTP2_E_HOST_MISSING},
	{REQ F(":authority", ""), WEIR_HTTP2_E_AUTHORITY},
	{REQ F(":authority", "u@a"), WEIR_HTTP2_E_AUTHORITY},
	{REQ F(":authority", "a/b"), WEIR_HTTP2_E_AUTHORITY},
	{REQ F(":authority", "a:99999"), WEIR_HTTP2_E_AUTHORITY},
	{REQ F(":authority", "a b"), WEIR_HTTP2_E_AUTHORITY},
	{REQ F(":authority", "[::1"), WEIR_HTTP2_E_AUTHORITY},
	{REQ F("host", ""), WEIR_HTTP2_E_AUTHORITY},
	{REQ F("host", "a/b"), WEIR_HTTP2_E_AUTHORITY},
	{GET F("host", "b"), WEIR_HTTP2_E_AUTHORITY_MISMATCH},
	{GET F("host", "a:443"), WEIR_HTTP2_E_AUTHORITY_MISMATCH},
	{GET F("host", "a") F("host", "b"), WEIR_HTTP2_E_AUTHORITY_MISMATCH},
	{REQ F("host", "a") F("host", "a"), WEIR_HTTP2_E_HOST_TWICE},
	{REQ F("host", "a") F("host", "b"), WEIR_HTTP2_E_HOST_TWICE},
	{REQ F(":authority", "a\r\nx: 1"), WEIR_HTTP2_E_VALUE},
	/* names */
	{GET F("", "1"), WEIR_HTTP2_E_NAME},
	{GET F("X", "1"), WEIR_HTTP2_E_NAME_CASE},
	{GET F("Content-Length", "1"), WEIR_HTTP2_E_NAME_CASE},
	{GET F("Transfer-Encoding", "chunked"), WEIR_HTTP2_E_NAME_CASE},
	{GET F("a b", "1"), WEIR_HTTP2_E_NAME},
	{GET F("x ", "1"), WEIR_HTTP2_E_NAME},
	{GET F(" x", "1"), WEIR_HTTP2_E_NAME},
	{GET F("x:", "1"), WEIR_HTTP2_E_NAME},
	{GET F("x: 1\r\ny", "1"), WEIR_HTTP2_E_NAME},
	{GET F("x\x02", "1"), WEIR_HTTP2_E_NAME},
	{GET F("x\xe9", "1"), WEIR_HTTP2_E_NAME},
	{GET F("transfer-encoding:chunked", ""), WEIR_HTTP2_E_NAME},
	/* values */
	{GET F("x", "1\r\ny: 2"), WEIR_HTTP2_E_VALUE},
	{GET F("x", "1\ny: 2"), WEIR_HTTP2_E_VALUE},
	{GET F("x", "1\ry"), WEIR_HTTP2_E_VALUE},
	{GET F("x", "1\x02"), WEIR_HTTP2_E_VALUE},
	{GET F("x", "\r\n\r\nGET /x HTTP/1.1"), WEIR_HTTP2_E_VALUE},
	{GET F("cookie", "a=1\r\nx: 1"), WEIR_HTTP2_E_VALUE},
	{GET F("x", " 1"), WEIR_HTTP2_E_VALUE_SPACE},
	{GET F("x", "1 "), WEIR_HTTP2_E_VALUE_SPACE},
	{GET F("x", "\t1"), WEIR_HTTP2_E_VALUE_SPACE},
	{GET F("transfer-encoding", " chunked"), WEIR_HTTP2_E_VALUE_SPACE},
	/* what is of a connection of HTTP/1.1 */
	{GET F("connection", "close"), WEIR_HTTP2_E_CONNECTION_FIELD},
	{GET F("connection", "content-length"), WEIR_HTTP2_E_CONNECTION_FIELD},
	{GET F("keep-alive", "1"), WEIR_HTTP2_E_CONNECTION_FIELD},
	{GET F("proxy-connection", "close"), WEIR_HTTP2_E_CONNECTION_FIELD},
	{GET F("upgrade", "h2c"), WEIR_HTTP2_E_CONNECTION_FIELD},
	{GET F("http2-settings", "AAMAAABkAAQAAP__"), WEIR_HTTP2_E_CONNECTION_FIELD},
	{GET F("transfer-encoding", "chunked"), WEIR_HTTP2_E_TRANSFER_ENCODING},
	{GET F("transfer-encoding", "identity"), WEIR_HTTP2_E_TRANSFER_ENCODING},
	{GET F("te", "gzip"), WEIR_HTTP2_E_TE},
	{GET F("te", "trailers, deflate"), WEIR_HTTP2_E_TE},
	/* length */
	{GET F("content-length", "1"), WEIR_HTTP2_E_LENGTH_MISMATCH},
	{GET F("content-length", ONE_MB), WEIR_HTTP2_E_LENGTH_MISMATCH},
	{GET F("content-length", "-1"), WEIR_HTTP2_E_LENGTH},
	{GET F("content-length", "+0"), WEIR_HTTP2_E_LENGTH},
	{GET F("content-length", "0x0"), WEIR_HTTP2_E_LENGTH},
	{GET F("content-length", ""), WEIR_HTTP2_E_LENGTH},
	{GET F("content-length", "0, 0"), WEIR_HTTP2_E_LENGTH},
	{GET F("content-length", "99999999999999999999"), WEIR_HTTP2_E_LENGTH},
	{GET F("content-length", "0") F("content-length", "0"), WEIR_HTTP2_E_LENGTH_TWICE},
	{GET F("content-length", "0") F("content-length", "5"), WEIR_HTTP2_E_LENGTH_TWICE},
	/* CONNECT */
	{F(":method", "CONNECT") F(":authority", "a:443"), WEIR_HTTP2_E_CONNECT},
	{F(":method", "CONNECT") F(":scheme", "https") F(":path", "/") F(":authority", "a:443"),
	 WEIR_HTTP2_E_CONNECT},
	{F(":method", "CONNECT") F(":protocol", "websocket") F(":scheme", "https") F(":path", "/")
		 F(":authority", "a"),
	 WEIR_HTTP2_E_EXTENDED_CONNECT},
	/* size */
	{F(":method", "GET") F(":scheme", "https") F(":path", "/" A4K A4K) F(":authority", "a"),
	 WEIR_HTTP2_E_HEADER_LIMIT},
	{GET F("x", A4K A4K), WEIR_HTTP2_E_HEADER_LIMIT},
};

static void refuse_row(unsigned int i, size_t step)
{
	struct owner *o = owner_create(true, NULL);
	struct raw *r = raw_create();
	struct seen *x = seen_of(o, 1);

	raw_begin(r, true);
	raw_headers(r, 1, END_STREAM, refused[i].fields);
	/* What follows is not touched by it. */
	raw_headers(r, 3, END_STREAM, GET);
	ck_assert_int_eq(raw_give(r, o, step), WEIR_HTTP2_OK);
	ck_assert_msg(x->bads == 1 && x->bad == refused[i].error, "row %u: %s, not %s", i,
		      weir_http2_error_name(x->bad), weir_http2_error_name(refused[i].error));
	ck_assert_uint_eq(wrote_reset(o, 1), weir_http2_error_code(refused[i].error));
	ck_assert_msg(!x->heads || refused[i].error == WEIR_HTTP2_E_LENGTH_MISMATCH, "row %u", i);
	ck_assert_uint_eq(x->ended, 0);
	ck_assert(seen_of(o, 3)->ended);
	raw_destroy(r);
	owner_destroy(o);
}

START_TEST(a_bad_request_is_refused_with_its_name_and_the_next_is_taken)
{
	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(refused); i++)
		refuse_row(i, SIZE_MAX / 2);
}
END_TEST

START_TEST(a_bad_request_has_the_same_name_byte_by_byte)
{
	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(refused); i++)
		refuse_row(i, 1);
}
END_TEST

#define HEAD_1(line) line " HTTP/1.1\r\nHost: a\r\n"

/* Requests that are accepted, and what they are in HTTP/1.1. */
static const struct {
	const char *fields;
	bool end;
	const char *text;
} accepted[] = {
	{GET, true, HEAD_1("GET /") "\r\n"},
	{GET X F("y", ""), true, HEAD_1("GET /") "x: 1\r\ny: \r\n\r\n"},
	{F(":path", "/") F(":authority", "a") F(":scheme", "https") F(":method", "GET"), true,
	 HEAD_1("GET /") "\r\n"},
	{F(":method", "GET") F(":scheme", "http") F(":path", "/a/b?c=d&e?f") F(":authority", "a"),
	 true, HEAD_1("GET /a/b?c=d&e?f") "\r\n"},
	{F(":method", "GET") F(":scheme", "https") F(":path", "/?") F(":authority", "a"), true,
	 HEAD_1("GET /?") "\r\n"},
	{F(":method", "GET") F(":scheme", "https") F(":path", "//b/") F(":authority", "a"), true,
	 HEAD_1("GET //b/") "\r\n"},
	{F(":method", "OPTIONS") F(":scheme", "https") F(":path", "*") F(":authority", "a"), true,
	 HEAD_1("OPTIONS *") "\r\n"},
	{F(":method", "get") F(":scheme", "https") F(":path", "/") F(":authority", "a"), true,
	 HEAD_1("get /") "\r\n"},
	{REQ F("host", "a"), true, HEAD_1("GET /") "\r\n"},
	{REQ X F("host", "a"), true, HEAD_1("GET /") "x: 1\r\n\r\n"},
	{GET F("host", "a"), true, HEAD_1("GET /") "\r\n"},
	{GET F("host", "A"), true, HEAD_1("GET /") "\r\n"},
	{GET F("host", "a") F("host", "a"), true, HEAD_1("GET /") "\r\n"},
	{REQ F(":authority", "[::1]:8443"), true, "GET / HTTP/1.1\r\nHost: [::1]:8443\r\n\r\n"},
	{GET F("cookie", "a=1"), true, HEAD_1("GET /") "cookie: a=1\r\n\r\n"},
	{GET F("cookie", "a=1") X F("cookie", "b=2") F("cookie", "c=3"), true,
	 HEAD_1("GET /") "x: 1\r\ncookie: a=1; b=2; c=3\r\n\r\n"},
	{GET F("te", "trailers"), true, HEAD_1("GET /") "\r\n"},
	{GET F("x", "a\tb \xe9\x01"), true, HEAD_1("GET /") "x: a\tb \xe9\x01\r\n\r\n"},
	{GET F("x", "1") F("x", "2"), true, HEAD_1("GET /") "x: 1\r\nx: 2\r\n\r\n"},
	{GET F("content-length", "0"), true, HEAD_1("GET /") "content-length: 0\r\n\r\n"},
	{GET F("expect", "100-continue"), true, HEAD_1("GET /") "expect: 100-continue\r\n\r\n"},
	{POST, true, HEAD_1("POST /") "Content-Length: 0\r\n\r\n"},
	{POST, false, HEAD_1("POST /") "Transfer-Encoding: chunked\r\n\r\n"},
	{POST F("content-length", "5"), false, HEAD_1("POST /") "content-length: 5\r\n\r\n"},
	{GET, false, HEAD_1("GET /") "Transfer-Encoding: chunked\r\n\r\n"},
	{POST F("content-type", "application/grpc") F("te", "trailers"), false,
	 HEAD_1("POST /") "content-type: application/grpc\r\nTransfer-Encoding: chunked\r\n\r\n"},
};

static void accept_row(unsigned int i, size_t step)
{
	struct owner *o = owner_create(true, NULL);
	struct weir_http_header fields[32];
	struct weir_http_head h;
	struct raw *r = raw_create();
	struct seen *x = seen_of(o, 1);

	raw_begin(r, true);
	raw_headers(r, 1, accepted[i].end ? END_STREAM : 0, accepted[i].fields);
	ck_assert_int_eq(raw_give(r, o, step), WEIR_HTTP2_OK);
	ck_assert_msg(x->heads == 1, "row %u: %s", i, weir_http2_error_name(x->bad));
	ck_assert_msg(!strcmp(x->head, accepted[i].text), "row %u: %s", i, x->head);
	ck_assert_uint_eq(x->ended, accepted[i].end);
	/* The parser of HTTP/1.1 takes all of it, and for the same framing. */
	ck_assert_int_eq(weir_http_request_parse(weir_bytes_str(x->head), &o->http, fields, &h),
			 (ssize_t)strlen(x->head));
	ck_assert_int_eq(h.framing, x->framing);
	raw_destroy(r);
	owner_destroy(o);
}

START_TEST(a_good_request_is_the_same_in_http_1)
{
	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(accepted); i++)
		accept_row(i, SIZE_MAX / 2);
	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(accepted); i++)
		accept_row(i, 1);
}
END_TEST

/* ---- responses ---- */

#define OK_200 F(":status", "200")

static const struct {
	const char *method;
	const char *fields;
	bool end;
	const char *text; /* NULL: refused */
	enum weir_http2_error error;
} responses[] = {
	{"GET", OK_200, true, "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", 0},
	{"GET", OK_200, false, "HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n", 0},
	{"GET", OK_200 F("content-length", "3"), false,
	 "HTTP/1.1 200 \r\ncontent-length: 3\r\n\r\n", 0},
	{"HEAD", OK_200 F("content-length", "3"), true,
	 "HTTP/1.1 200 \r\ncontent-length: 3\r\n\r\n", 0},
	{"HEAD", OK_200, true, "HTTP/1.1 200 \r\n\r\n", 0},
	{"GET", F(":status", "304") F("content-length", "3"), true,
	 "HTTP/1.1 304 \r\ncontent-length: 3\r\n\r\n", 0},
	{"GET", F(":status", "204"), true, "HTTP/1.1 204 \r\n\r\n", 0},
	{"GET", F(":status", "204") F("content-length", "3"), true, "HTTP/1.1 204 \r\n\r\n", 0},
	{"GET", OK_200 F("set-cookie", "a=1") F("set-cookie", "b=2"), true,
	 "HTTP/1.1 200 \r\nset-cookie: a=1\r\nset-cookie: b=2\r\nContent-Length: 0\r\n\r\n", 0},
	{"GET", OK_200 F("host", "b"), true,
	 "HTTP/1.1 200 \r\nhost: b\r\nContent-Length: 0\r\n\r\n", 0},
	{"GET", F("x", "1"), true, NULL, WEIR_HTTP2_E_PSEUDO_MISSING},
	{"GET", OK_200 OK_200, true, NULL, WEIR_HTTP2_E_PSEUDO_TWICE},
	{"GET", OK_200 F(":path", "/"), true, NULL, WEIR_HTTP2_E_PSEUDO_UNKNOWN},
	{"GET", F(":method", "GET") OK_200, true, NULL, WEIR_HTTP2_E_PSEUDO_UNKNOWN},
	{"GET", X OK_200, true, NULL, WEIR_HTTP2_E_PSEUDO_MISSING},
	{"GET", OK_200 X F(":status", "200"), true, NULL, WEIR_HTTP2_E_PSEUDO_LATE},
	{"GET", F(":status", ""), true, NULL, WEIR_HTTP2_E_STATUS},
	{"GET", F(":status", "20"), true, NULL, WEIR_HTTP2_E_STATUS},
	{"GET", F(":status", "2000"), true, NULL, WEIR_HTTP2_E_STATUS},
	{"GET", F(":status", "099"), true, NULL, WEIR_HTTP2_E_STATUS},
	{"GET", F(":status", "600"), true, NULL, WEIR_HTTP2_E_STATUS},
	{"GET", F(":status", "2x0"), true, NULL, WEIR_HTTP2_E_STATUS},
	{"GET", F(":status", "200 OK"), true, NULL, WEIR_HTTP2_E_STATUS},
	{"GET", F(":status", "101"), false, NULL, WEIR_HTTP2_E_UPGRADE},
	{"GET", F(":status", "100"), true, NULL, WEIR_HTTP2_E_INTERIM_END},
	{"GET", OK_200 F("connection", "close"), true, NULL, WEIR_HTTP2_E_CONNECTION_FIELD},
	{"GET", OK_200 F("upgrade", "h2c"), true, NULL, WEIR_HTTP2_E_CONNECTION_FIELD},
	{"GET", OK_200 F("transfer-encoding", "chunked"), false, NULL,
	 WEIR_HTTP2_E_TRANSFER_ENCODING},
	{"GET", OK_200 F("X", "1"), true, NULL, WEIR_HTTP2_E_NAME_CASE},
	{"GET", OK_200 F("x y", "1"), true, NULL, WEIR_HTTP2_E_NAME},
	{"GET", OK_200 F("location", "/\r\nset-cookie: a=1"), true, NULL, WEIR_HTTP2_E_VALUE},
	{"GET", OK_200 F("x", "1 "), true, NULL, WEIR_HTTP2_E_VALUE_SPACE},
	{"GET", OK_200 F("content-length", "3"), true, NULL, WEIR_HTTP2_E_LENGTH_MISMATCH},
	{"GET", OK_200 F("content-length", "x"), true, NULL, WEIR_HTTP2_E_LENGTH},
	{"GET", OK_200 F("content-length", "3") F("content-length", "4"), false, NULL,
	 WEIR_HTTP2_E_LENGTH_TWICE},
};

static void response_row(unsigned int i, size_t step)
{
	struct owner *o = owner_create(false, NULL);
	struct weir_http_head request = {.is_head = !strcmp(responses[i].method, "HEAD")}, h;
	struct weir_http_header fields[32];
	struct raw *r = raw_create();
	struct seen *x = seen_of(o, 1);
	enum weir_http2_error why;
	char text[64];

	snprintf(text, sizeof(text), "%s / HTTP/1.1\r\nHost: a\r\n\r\n", responses[i].method);
	raw_begin(r, false);
	ck_assert_int_eq(raw_give(r, o, step), WEIR_HTTP2_OK);
	ck_assert_ptr_nonnull(owner_request(o, text, 0, &why));
	weir_http2_flush(o->s, o->now_ns);
	raw_headers(r, 1, responses[i].end ? END_STREAM : 0, responses[i].fields);
	ck_assert_int_eq(raw_give(r, o, step), WEIR_HTTP2_OK);
	if (responses[i].text) {
		ck_assert_msg(x->heads == 1, "row %u: %s", i, weir_http2_error_name(x->bad));
		ck_assert_msg(!strcmp(x->head, responses[i].text), "row %u: %s", i, x->head);
		ck_assert_uint_eq(x->ended, responses[i].end);
		ck_assert_int_eq(weir_http_response_parse(weir_bytes_str(x->head), &o->http,
							  &request, fields, &h),
				 (ssize_t)strlen(x->head));
		ck_assert_int_eq(h.framing, x->framing);
	} else {
		ck_assert_msg(x->bads == 1 && x->bad == responses[i].error, "row %u: %s", i,
			      weir_http2_error_name(x->bad));
		ck_assert_msg(x->closes == 1 && x->why == responses[i].error, "row %u", i);
		ck_assert_uint_eq(wrote_reset(o, 1), weir_http2_error_code(responses[i].error));
	}
	raw_destroy(r);
	owner_destroy(o);
}

START_TEST(a_response_is_the_same_in_http_1_or_refused_with_its_name)
{
	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(responses); i++)
		response_row(i, SIZE_MAX / 2);
	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(responses); i++)
		response_row(i, 1);
}
END_TEST

START_TEST(interim_responses_pass_before_the_final_one)
{
	struct owner *o = owner_create(false, NULL);
	struct raw *r = raw_create();

	raw_answer(r, o, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	raw_headers(r, 1, 0, F(":status", "100"));
	raw_headers(r, 1, 0, F(":status", "103") F("link", "x"));
	raw_headers(r, 1, END_STREAM, OK_200);
	ck_assert_int_eq(raw_give(r, o, 1), WEIR_HTTP2_OK);
	ck_assert_uint_eq(seen_of(o, 1)->heads, 3);
	ck_assert_str_eq(seen_of(o, 1)->interim, "HTTP/1.1 103 \r\nlink: x\r\n\r\n");
	ck_assert_int_eq(seen_of(o, 1)->why, WEIR_HTTP2_OK);
	ck_assert_uint_eq(seen_of(o, 1)->closes, 1);
	raw_destroy(r);
	owner_destroy(o);
}
END_TEST

/* ---- what DATA and trailers may be ---- */

static const struct {
	const char *head; /* POST without END_STREAM */
	const char *data; /* NULL: no DATA */
	bool data_ends;
	const char *trailers; /* NULL: none */
	bool trailers_end;
	enum weir_http2_error error;
} bodies[] = {
	{POST, "abc", true, NULL, false, 0},
	{POST, "", true, NULL, false, 0},
	{POST F("content-length", "3"), "abc", true, NULL, false, 0},
	{POST F("content-length", "0"), "", true, NULL, false, 0},
	{POST F("content-length", "3"), "abc", false, F("x", "1"), true, 0},
	{POST, NULL, false, F("x", "1"), true, 0},
	{POST, "abc", false, F("grpc-status", "0") F("grpc-message", ""), true, 0},
	{POST F("content-length", "3"), "ab", true, NULL, false, WEIR_HTTP2_E_LENGTH_MISMATCH},
	{POST F("content-length", "3"), "", true, NULL, false, WEIR_HTTP2_E_LENGTH_MISMATCH},
	{POST F("content-length", "3"), "abcd", true, NULL, false, WEIR_HTTP2_E_LENGTH_MISMATCH},
	{POST F("content-length", "3"), "abcd", false, NULL, false, WEIR_HTTP2_E_LENGTH_MISMATCH},
	{POST F("content-length", "0"), "a", true, NULL, false, WEIR_HTTP2_E_LENGTH_MISMATCH},
	{POST F("content-length", "3"), "ab", false, F("x", "1"), true,
	 WEIR_HTTP2_E_LENGTH_MISMATCH},
	{POST F("content-length", "3"), NULL, false, F("x", "1"), true,
	 WEIR_HTTP2_E_LENGTH_MISMATCH},
	{POST, "abc", false, F("x", "1"), false, WEIR_HTTP2_E_TRAILER_END},
	{POST, "abc", false, GET, false, WEIR_HTTP2_E_PSEUDO_UNKNOWN},
	{POST, "abc", false, F(":path", "/"), true, WEIR_HTTP2_E_PSEUDO_UNKNOWN},
	{POST, "abc", false, F("content-length", "3"), true, WEIR_HTTP2_E_TRAILER},
	{POST, "abc", false, F("host", "b"), true, WEIR_HTTP2_E_TRAILER},
	{POST, "abc", false, F("cookie", "a=1"), true, WEIR_HTTP2_E_TRAILER},
	{POST, "abc", false, F("authorization", "x"), true, WEIR_HTTP2_E_TRAILER},
	{POST, "abc", false, F("te", "trailers"), true, WEIR_HTTP2_E_TRAILER},
	{POST, "abc", false, F("transfer-encoding", "chunked"), true,
	 WEIR_HTTP2_E_TRANSFER_ENCODING},
	{POST, "abc", false, F("connection", "x"), true, WEIR_HTTP2_E_CONNECTION_FIELD},
	{POST, "abc", false, F("X", "1"), true, WEIR_HTTP2_E_NAME_CASE},
	{POST, "abc", false, F("x", "1\r\ny: 2"), true, WEIR_HTTP2_E_VALUE},
};

static void body_row(unsigned int i, size_t step)
{
	struct owner *o = owner_create(true, NULL);
	struct raw *r = raw_create();
	struct seen *x = seen_of(o, 1);

	raw_begin(r, true);
	raw_headers(r, 1, 0, bodies[i].head);
	if (bodies[i].data)
		raw_frame(r, NGHTTP2_DATA, bodies[i].data_ends ? END_STREAM : 0, 1, bodies[i].data,
			  strlen(bodies[i].data));
	if (bodies[i].trailers)
		raw_headers(r, 1, bodies[i].trailers_end ? END_STREAM : 0, bodies[i].trailers);
	ck_assert_int_eq(raw_give(r, o, step), WEIR_HTTP2_OK);
	ck_assert_uint_eq(x->heads, 1);
	ck_assert_msg(x->bad == bodies[i].error, "row %u: %s", i, weir_http2_error_name(x->bad));
	ck_assert_msg(x->ended == !bodies[i].error, "row %u", i);
	if (bodies[i].error) {
		ck_assert_uint_eq(x->closes, 1);
		ck_assert_int_eq(x->why, bodies[i].error);
		ck_assert_uint_eq(wrote_reset(o, 1), WEIR_HTTP2_PROTOCOL_ERROR);
	} else if (bodies[i].data) {
		ck_assert_uint_eq(x->received, strlen(bodies[i].data));
	}
	raw_destroy(r);
	owner_destroy(o);
}

START_TEST(content_is_what_the_head_has_said_or_refused_with_its_name)
{
	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(bodies); i++)
		body_row(i, SIZE_MAX / 2);
	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(bodies); i++)
		body_row(i, 1);
}
END_TEST

START_TEST(a_response_to_head_has_no_content)
{
	struct owner *o = owner_create(false, NULL);
	struct raw *r = raw_create();

	raw_answer(r, o, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
	raw_headers(r, 1, 0, OK_200 F("content-length", "3"));
	raw_frame(r, NGHTTP2_DATA, END_STREAM, 1, "abc", 3);
	ck_assert_int_eq(raw_give(r, o, 1), WEIR_HTTP2_OK);
	ck_assert_int_eq(seen_of(o, 1)->why, WEIR_HTTP2_E_BODY_UNEXPECTED);
	raw_destroy(r);
	owner_destroy(o);
}
END_TEST

START_TEST(data_before_the_response_is_refused)
{
	struct owner *o = owner_create(false, NULL);
	struct raw *r = raw_create();

	raw_answer(r, o, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	raw_headers(r, 1, 0, F(":status", "100"));
	raw_frame(r, NGHTTP2_DATA, END_STREAM, 1, "abc", 3);
	ck_assert_int_eq(raw_give(r, o, 1), WEIR_HTTP2_OK);
	ck_assert_int_eq(seen_of(o, 1)->why, WEIR_HTTP2_E_DATA_EARLY);
	raw_destroy(r);
	owner_destroy(o);
}
END_TEST

START_TEST(connect_passes_where_it_is_allowed)
{
	struct weir_http2_limits limits = weir_http2_limits_default;
	struct weir_http_head h = {.status = 200, .framing = WEIR_HTTP_TUNNEL};
	struct owner *o;
	struct raw *r = raw_create();
	struct seen *x;

	limits.connect = limits.extended_connect = true;
	o = owner_create(true, &limits);
	x = seen_of(o, 1);
	raw_begin(r, true);
	raw_headers(r, 1, 0, F(":method", "CONNECT") F(":authority", "a:443"));
	raw_frame(r, NGHTTP2_DATA, 0, 1, "abc", 3);
	raw_headers(r, 3, 0, F(":method", "CONNECT") F(":authority", "a"));
	raw_headers(r, 5, 0, F(":method", "CONNECT") F(":authority", "a:1") F(":path", "/"));
	raw_headers(r, 7, 0,
		    F(":method", "CONNECT") F(":protocol", "websocket") F(":scheme", "https")
			    F(":path", "/chat") F(":authority", "a"));
	ck_assert_int_eq(raw_give(r, o, 1), WEIR_HTTP2_OK);
	ck_assert_str_eq(x->head, "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n");
	ck_assert_int_eq(x->framing, WEIR_HTTP_TUNNEL);
	ck_assert_uint_eq(x->received, 3);
	ck_assert_int_eq(weir_http2_response(x->st, &h, true), WEIR_HTTP2_OK);
	ck_assert_int_eq(seen_of(o, 3)->bad, WEIR_HTTP2_E_PATH);
	ck_assert_int_eq(seen_of(o, 5)->bad, WEIR_HTTP2_E_PSEUDO_UNKNOWN);
	ck_assert_uint_eq(seen_of(o, 7)->heads, 1);
	ck_assert_str_eq(seen_of(o, 7)->head, ""); /* HTTP/1.1 has none for it */
	ck_assert_int_eq(seen_of(o, 7)->framing, WEIR_HTTP_TUNNEL);
	raw_destroy(r);
	owner_destroy(o);
}
END_TEST

START_TEST(a_head_has_at_most_as_many_fields_as_the_limit)
{
	for (unsigned int n = 127; n <= 130; n++) {
		struct owner *o = owner_create(true, NULL);
		struct raw *r = raw_create();
		char fields[4096] = GET;

		for (unsigned int i = 0; i < n; i++)
			strcat(fields, F("x", "1"));
		raw_begin(r, true);
		raw_headers(r, 1, END_STREAM, fields);
		ck_assert_int_eq(raw_give(r, o, 4096), WEIR_HTTP2_OK);
		ck_assert_uint_eq(seen_of(o, 1)->heads, n <= 128);
		ck_assert_int_eq(seen_of(o, 1)->bad,
				 n <= 128 ? WEIR_HTTP2_OK : WEIR_HTTP2_E_HEADER_LIMIT);
		raw_destroy(r);
		owner_destroy(o);
	}
}
END_TEST

Suite *head_suite(void)
{
	return WEIR_SUITE(
		"http2 block", a_bad_request_is_refused_with_its_name_and_the_next_is_taken,
		a_bad_request_has_the_same_name_byte_by_byte, a_good_request_is_the_same_in_http_1,
		a_response_is_the_same_in_http_1_or_refused_with_its_name,
		interim_responses_pass_before_the_final_one,
		content_is_what_the_head_has_said_or_refused_with_its_name,
		a_response_to_head_has_no_content, data_before_the_response_is_refused,
		connect_passes_where_it_is_allowed, a_head_has_at_most_as_many_fields_as_the_limit);
}
