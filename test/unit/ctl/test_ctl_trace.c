/* SPDX-License-Identifier: BSD-3-Clause */
/* Traces: records of workers to the client that asked, for as long as it asked. */
#include "fixture.h"

#include <weir_pkt.h>
#include <weir_test.h>

#include <time.h>
#include <unistd.h>

static void begin_trace(struct fixture *f, int fd, const char *request)
{
	json_t *answer;

	client_send(f, fd, request, strlen(request));
	answer = client_line(f, fd);
	ck_assert_ptr_nonnull(answer);
	ck_assert(json_is_true(json_object_get(answer, "tracing")));
	json_decref(answer);
}

static void post(struct fixture *f, unsigned int n)
{
	struct timespec t;
	struct weir_event e = {.type = WEIR_EVENT_TRACE, .proto = WEIR_PROTO_TCP};

	clock_gettime(CLOCK_REALTIME, &t);
	e.unix_ns = (uint64_t)t.tv_sec * WEIR_NS_PER_S + (uint64_t)t.tv_nsec;
	for (unsigned int i = 0; i < n; i++) {
		e.flow_id = i + 1;
		ck_assert(weir_event_post(f->ring, &e));
	}
}

static void expect_packets(struct fixture *f, int fd, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		json_t *line = client_line(f, fd);

		ck_assert_str_eq(text_of(line, "event_type"), "trace");
		ck_assert_int_eq(int_of(line, "flow_id"), i + 1);
		json_decref(line);
	}
}

static void expect_done(struct fixture *f, int fd, unsigned int packets)
{
	json_t *line = client_line(f, fd);

	ck_assert_ptr_nonnull(line);
	ck_assert(json_is_true(json_object_get(line, "done")));
	ck_assert_int_eq(int_of(line, "packets"), packets);
	ck_assert_int_eq(int_of(line, "lost"), 0);
	json_decref(line);
	ck_assert(!f->path.tracing);
}

START_TEST(a_trace_ends_when_so_many_packets_were_told)
{
	struct fixture *f = fixture_create();
	int fd = client_open(f);

	begin_trace(f, fd, "{\"cmd\":\"trace\",\"any\":\"10.0.0.1\",\"port\":80,\"count\":3}\n");
	ck_assert(f->path.tracing);
	ck_assert_uint_eq(f->path.trace_filter.port, 80);
	ck_assert_uint_eq(f->path.trace_filter.any.addr.family, 4);
	post(f, 5);
	expect_packets(f, fd, 3);
	expect_done(f, fd, 3);
	/* The connection goes on. */
	client_send(f, fd, "{\"cmd\":\"version\"}\n", 18);
	json_decref(client_line(f, fd));
	close(fd);
	fixture_destroy(f);
}
END_TEST

START_TEST(a_trace_ends_when_its_time_is_over)
{
	struct fixture *f = fixture_create();
	int fd = client_open(f);

	begin_trace(f, fd, "{\"cmd\":\"trace\",\"seconds\":2}\n");
	post(f, 2);
	expect_packets(f, fd, 2);
	fixture_pass_seconds(3);
	expect_done(f, fd, 2);
	close(fd);
	fixture_destroy(f);
}
END_TEST

START_TEST(a_second_trace_is_refused_while_one_is_under_way)
{
	struct fixture *f = fixture_create();
	int first = client_open(f), second = client_open(f);
	json_t *answer;

	begin_trace(f, first, "{\"cmd\":\"trace\",\"count\":1}\n");
	client_send(f, second, "{\"cmd\":\"trace\"}\n", 16);
	answer = client_line(f, second);
	ck_assert_str_eq(text_of(answer, "error"), "another trace is under way; one at a time");
	json_decref(answer);
	post(f, 1);
	expect_packets(f, first, 1);
	expect_done(f, first, 1);
	begin_trace(f, second, "{\"cmd\":\"trace\",\"count\":2}\n");
	post(f, 2);
	expect_packets(f, second, 2);
	expect_done(f, second, 2);
	close(first);
	close(second);
	fixture_destroy(f);
}
END_TEST

START_TEST(a_client_that_goes_ends_its_trace)
{
	struct fixture *f = fixture_create();
	int fd = client_open(f);

	begin_trace(f, fd, "{\"cmd\":\"trace\",\"seconds\":3600}\n");
	close(fd);
	for (unsigned int i = 0; i < 20 && f->path.tracing; i++)
		weir_ctl_turn(f->ctl, 25);
	ck_assert(!f->path.tracing);
	fd = client_open(f);
	begin_trace(f, fd, "{\"cmd\":\"trace\",\"seconds\":3600}\n");
	close(fd);
	fixture_destroy(f); /* with the trace still on */
}
END_TEST

START_TEST(a_tracing_client_is_not_idle)
{
	struct fixture *f = fixture_create();
	int fd = client_open(f);

	begin_trace(f, fd, "{\"cmd\":\"trace\",\"seconds\":3600,\"count\":1}\n");
	fixture_pass_seconds(300);
	fixture_tick(f);
	ck_assert(!client_is_closed(f, fd));
	post(f, 1);
	expect_packets(f, fd, 1);
	expect_done(f, fd, 1);
	close(fd);
	fixture_destroy(f);
}
END_TEST

START_TEST(records_of_an_earlier_trace_are_not_told)
{
	struct weir_event old = {.type = WEIR_EVENT_TRACE, .unix_ns = 1, .flow_id = 99};
	struct fixture *f = fixture_create();
	int fd = client_open(f);

	begin_trace(f, fd, "{\"cmd\":\"trace\",\"count\":1}\n");
	ck_assert(weir_event_post(f->ring, &old));
	post(f, 1);
	expect_packets(f, fd, 1);
	expect_done(f, fd, 1);
	close(fd);
	fixture_destroy(f);
}
END_TEST

START_TEST(requests_after_a_trace_wait_for_its_end)
{
	struct fixture *f = fixture_create();
	int fd = client_open(f);
	json_t *answer;

	begin_trace(f, fd, "{\"cmd\":\"trace\",\"count\":1}\n{\"cmd\":\"version\"}\n");
	post(f, 1);
	expect_packets(f, fd, 1);
	expect_done(f, fd, 1);
	answer = client_line(f, fd);
	ck_assert_str_eq(text_of(answer, "version"), "1.2.3-test");
	json_decref(answer);
	close(fd);
	fixture_destroy(f);
}
END_TEST

Suite *ctl_trace_suite(void)
{
	return WEIR_SUITE("ctl trace", a_trace_ends_when_so_many_packets_were_told,
			  a_trace_ends_when_its_time_is_over,
			  a_second_trace_is_refused_while_one_is_under_way,
			  a_client_that_goes_ends_its_trace, a_tracing_client_is_not_idle,
			  records_of_an_earlier_trace_are_not_told,
			  requests_after_a_trace_wait_for_its_end);
}
