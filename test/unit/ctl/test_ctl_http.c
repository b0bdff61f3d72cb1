/* SPDX-License-Identifier: BSD-3-Clause */
/* HTTP on the control socket: what a scraper sends, whole and in parts, and what it must not. */
#include "fixture.h"

#include <weir_test.h>

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static void exchange(struct fixture *f, const char *request, struct weir_buf *out)
{
	int fd = client_open(f);

	client_send(f, fd, request, strlen(request));
	client_read_to_end(f, fd, out);
	close(fd);
}

static bool starts_with(const struct weir_buf *b, const char *text)
{
	return b->len >= strlen(text) && memcmp(b->ptr, text, strlen(text)) == 0;
}

/* Asserts that Content-Length tells the truth; gives the body. */
static const char *body_of(const struct weir_buf *b)
{
	const char *body = strstr(b->ptr, "\r\n\r\n");
	const char *length = strstr(b->ptr, "Content-Length: ");

	ck_assert_ptr_nonnull(body);
	ck_assert_ptr_nonnull(length);
	ck_assert_uint_eq(strtoul(length + 16, NULL, 10), b->len - (size_t)(body + 4 - b->ptr));
	return body + 4;
}

START_TEST(metrics_are_served_and_the_connection_ends)
{
	struct fixture *f = fixture_create();
	struct weir_buf out = {0}, metrics = {0};

	exchange(f, "GET /metrics HTTP/1.1\r\nHost: weir\r\nAccept: */*\r\n\r\n", &out);
	ck_assert(starts_with(&out, "HTTP/1.1 200 OK\r\n"));
	ck_assert_ptr_nonnull(strstr(out.ptr, "Content-Type: text/plain; version=0.0.4"));
	ck_assert_ptr_nonnull(strstr(out.ptr, "Connection: close\r\n"));
	ck_assert_ptr_nonnull(strstr(body_of(&out), "weir_build_info{version=\"1.2.3-test\"} 1\n"));
	weir_ctl_answer(f->ctl, "/metrics", strlen("/metrics"), &metrics);
	ck_assert_ptr_nonnull(strstr(metrics.ptr, "weir_build_info"));
	weir_buf_fini(&metrics);
	weir_buf_fini(&out);
	fixture_destroy(f);
}
END_TEST

START_TEST(each_request_gets_its_status)
{
	static const struct {
		const char *request, *status;
	} rows[] = {
		{"GET /metrics HTTP/1.0\n\n", "HTTP/1.1 200 OK\r\n"},
		{"GET /metrics?name=x HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK\r\n"},
		{"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 404 Not Found\r\n"},
		{"GET /metrics/ HTTP/1.1\r\n\r\n", "HTTP/1.1 404 Not Found\r\n"},
		{"GET /../etc/passwd HTTP/1.1\r\n\r\n", "HTTP/1.1 404 Not Found\r\n"},
		{"POST /metrics HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
		 "HTTP/1.1 405 Method Not Allowed\r\n"},
		{"DELETE / HTTP/1.1\r\n\r\n", "HTTP/1.1 405 Method Not Allowed\r\n"},
	};
	struct fixture *f = fixture_create();

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct weir_buf out = {0};

		exchange(f, rows[i].request, &out);
		ck_assert_msg(starts_with(&out, rows[i].status), "%s: %s", rows[i].request,
			      out.ptr);
		body_of(&out);
		weir_buf_fini(&out);
	}
	fixture_destroy(f);
}
END_TEST

START_TEST(head_has_no_body)
{
	struct fixture *f = fixture_create();
	struct weir_buf out = {0};

	exchange(f, "HEAD /metrics HTTP/1.1\r\n\r\n", &out);
	ck_assert(starts_with(&out, "HTTP/1.1 200 OK\r\n"));
	ck_assert_ptr_null(strstr(out.ptr, "weir_build_info"));
	ck_assert_ptr_null(strstr(out.ptr, "Content-Length: 0\r\n"));
	weir_buf_fini(&out);
	fixture_destroy(f);
}
END_TEST

START_TEST(a_request_may_be_cut_at_any_byte)
{
	static const char request[] = "GET /none HTTP/1.1\r\nHost: weir\r\n\r\n";
	struct fixture *f = fixture_create();

	for (size_t cut = 1; cut < sizeof(request) - 1; cut++) {
		struct weir_buf out = {0};
		int fd = client_open(f);

		client_send(f, fd, request, cut);
		weir_ctl_turn(f->ctl, 0);
		ck_assert(!client_is_closed(f, fd));
		client_send(f, fd, request + cut, sizeof(request) - 1 - cut);
		client_read_to_end(f, fd, &out);
		ck_assert(starts_with(&out, "HTTP/1.1 404 "));
		weir_buf_fini(&out);
		close(fd);
	}
	fixture_destroy(f);
}
END_TEST

START_TEST(an_endless_header_is_refused)
{
	struct fixture *f = fixture_create();
	struct weir_buf out = {0}, in = {0};

	weir_buf_str(&in, "GET /metrics HTTP/1.1\r\n");
	while (in.len < 9000)
		weir_buf_str(&in, "X-Filler: yes\r\n");
	exchange(f, in.ptr, &out);
	ck_assert(starts_with(&out, "HTTP/1.1 431 "));
	weir_buf_fini(&in);
	weir_buf_fini(&out);
	fixture_destroy(f);
}
END_TEST

START_TEST(half_a_request_and_then_nothing_ends_without_an_answer)
{
	struct fixture *f = fixture_create();
	struct weir_buf out = {0};
	int fd = client_open(f);

	client_send(f, fd, "GET /metrics HTTP/1.1\r\nHost", 27);
	ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
	client_read_to_end(f, fd, &out);
	ck_assert_uint_eq(out.len, 0);
	close(fd);
	fixture_destroy(f);
}
END_TEST

START_TEST(what_only_looks_like_http_is_a_bad_request)
{
	static const char *const rows[] = {"GET /metrics HTTP/2\n", "GET /metrics\n",
					   "get /metrics HTTP/1.1\n", "GET  HTTP/1.1\n",
					   "HELO weir\n"};
	struct fixture *f = fixture_create();

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		int fd = client_open(f);
		json_t *answer;

		client_send(f, fd, rows[i], strlen(rows[i]));
		answer = client_line(f, fd);
		ck_assert_ptr_nonnull(answer);
		ck_assert_ptr_nonnull(strstr(text_of(answer, "error"), "not JSON"));
		json_decref(answer);
		close(fd);
	}
	fixture_destroy(f);
}
END_TEST

Suite *ctl_http_suite(void)
{
	return WEIR_SUITE("ctl http", metrics_are_served_and_the_connection_ends,
			  each_request_gets_its_status, head_has_no_body,
			  a_request_may_be_cut_at_any_byte, an_endless_header_is_refused,
			  half_a_request_and_then_nothing_ends_without_an_answer,
			  what_only_looks_like_http_is_a_bad_request);
}
