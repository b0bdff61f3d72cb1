/* SPDX-License-Identifier: BSD-3-Clause */
/* Bodies that take so long to judge that others have their turn between. */
#include "http_lab.h"

#include <stdio.h>

#define BODY  60000
#define SLOW  40 /* places where an expression reads all that follows */
#define TURNS 10000

Suite *path_http_turn_suite(void);

static const char threat[] = ", budget: 3ms";

/* "a=!coooo…xxxx…" and `tail`: what the expression needs is there. */
static void write_body(char *at, const char *tail)
{
	memset(at, 'x', BODY);
	memcpy(at, "a=!c", 4);
	memset(at + 4, 'o', SLOW);
	strcpy(at + BODY - strlen(tail), tail);
}

static void say_request(struct http_lab *l, const char *path, const char *tail)
{
	static char text[BODY + 200];
	int n = snprintf(text, 200,
			 "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %u\r\n"
			 "Content-Type: application/x-www-form-urlencoded\r\n\r\n",
			 path, BODY);

	write_body(text + n, tail);
	ck_assert_uint_eq(lab_send(l, CLIENT, text, strlen(text)), strlen(text));
}

/* Until `end` has something, or so many turns are over. */
static unsigned int wait_for(struct http_lab *l, unsigned int end)
{
	unsigned int turns = 0;

	for (; !l->end[end].n_got && turns < TURNS; turns++)
		lab_wait(l, WEIR_NS_PER_MS);
	lab_wait(l, 50 * WEIR_NS_PER_MS);
	return turns;
}

START_TEST(a_request_that_takes_long_is_judged_in_turns)
{
	struct http_lab *l = lab_create("", threat);

	say_request(l, "/a", "c");
	ck_assert_uint_eq(l->end[SERVER].n_got, 0);
	ck_assert_uint_lt(wait_for(l, SERVER), TURNS);
	ck_assert(lab_has(l, SERVER, "xxxc"));
	lab_say(l, SERVER, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
	ck_assert(lab_has(l, CLIENT, "ok"));
	ck_assert_uint_eq(lab_count(l, WEIR_COUNT_HTTP_BUDGET), 0);
	lab_destroy(l);
}
END_TEST

START_TEST(what_is_found_in_a_later_turn_is_refused)
{
	struct http_lab *l = lab_create("", threat);

	say_request(l, "/a", "c&b=attack2");
	ck_assert_uint_lt(wait_for(l, CLIENT), TURNS);
	ck_assert(lab_has(l, CLIENT, "HTTP/1.1 403 Forbidden\r\n"));
	ck_assert_uint_eq(l->end[SERVER].n_got, 0);
	lab_destroy(l);
}
END_TEST

/* The client has closed its half; that cuts nothing. The next request waits behind it. */
START_TEST(what_follows_waits_and_so_does_the_end)
{
	struct http_lab *l = lab_create("", threat);

	say_request(l, "/a", "c");
	lab_say(l, CLIENT, "GET /b HTTP/1.1\r\nHost: x\r\n\r\n");
	lab_fin(l, CLIENT);
	ck_assert_uint_lt(wait_for(l, SERVER), TURNS);
	for (unsigned int i = 0; i < TURNS && !lab_has(l, SERVER, "GET /b"); i++)
		lab_wait(l, WEIR_NS_PER_MS);
	ck_assert(lab_has(l, SERVER, "xxxcGET /b HTTP/1.1\r\n"));
	lab_destroy(l);
}
END_TEST

START_TEST(a_response_that_takes_long_is_judged_in_turns)
{
	struct http_lab *l = lab_create("", threat);
	static char text[BODY + 200];
	int n = snprintf(
		text, 200,
		"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %u\r\n\r\n", BODY);

	write_body(text + n, "c");
	lab_say(l, CLIENT, "GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
	ck_assert_uint_eq(lab_send(l, SERVER, text, strlen(text)), strlen(text));
	ck_assert_uint_eq(l->end[CLIENT].n_got, 0);
	ck_assert_uint_lt(wait_for(l, CLIENT), TURNS);
	ck_assert(lab_has(l, CLIENT, "xxxc"));
	lab_clear(l, SERVER);
	lab_say(l, CLIENT, "GET /b HTTP/1.1\r\nHost: x\r\n\r\n");
	ck_assert(lab_has(l, SERVER, "/b"));
	lab_destroy(l);
}
END_TEST

/* It ends when the server closes, which it has done before the last turn. */
START_TEST(a_response_without_length_has_its_end_when_it_was_judged)
{
	struct http_lab *l = lab_create("", threat);
	static char text[BODY + 200] = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n";

	write_body(text + strlen(text), "c");
	lab_say(l, CLIENT, "GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
	ck_assert_uint_eq(lab_send(l, SERVER, text, strlen(text)), strlen(text));
	lab_fin(l, SERVER);
	ck_assert_uint_lt(wait_for(l, CLIENT), TURNS);
	ck_assert(lab_has(l, CLIENT, "xxxc"));
	ck_assert(l->end[CLIENT].fin);
	lab_destroy(l);
}
END_TEST

#define PIPELINED 15
#define ARGUMENTS 200

static unsigned int n_arrived(const struct http_lab *l)
{
	unsigned int n = 0;

	for (const char *at = lab_got(l, SERVER); (at = strstr(at, "GET /next")); at++)
		n++;
	return n;
}

static size_t write_next(char *at)
{
	size_t n = (size_t)sprintf(at, "GET /next?");

	for (unsigned int i = 0; i < ARGUMENTS; i++)
		n += (size_t)sprintf(at + n, "a%u=a+value+%u&", i, i);
	return n + (size_t)sprintf(at + n, " HTTP/1.1\r\nHost: x\r\n\r\n");
}

/* They wait until it is known whether they are any. All take more than a turn, which is a tenth of
 * the budget. False: a busy machine took the processor away for longer than a budget. */
static bool judge_in_turns(struct http_lab *l)
{
	static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
	static char text[PIPELINED * (ARGUMENTS + 2) * 32];
	unsigned int turns = 0;
	size_t n = 0;

	lab_say(l, CLIENT,
		"GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\n"
		"Upgrade: none\r\n\r\n");
	for (unsigned int i = 0; i < PIPELINED; i++)
		n += write_next(text + n);
	ck_assert_uint_eq(lab_send(l, CLIENT, text, n), n);
	ck_assert_uint_eq(n_arrived(l), 0);
	ck_assert_uint_eq(lab_send(l, SERVER, answer, strlen(answer)), strlen(answer));
	for (; n_arrived(l) < PIPELINED && turns < TURNS; turns++)
		lab_wait(l, WEIR_NS_PER_MS);
	return lab_count(l, WEIR_COUNT_HTTP_BUDGET) == 0;
}

START_TEST(requests_that_came_at_once_are_judged_in_turns)
{
	bool undisturbed = false;

	for (unsigned int i = 0; i < 10 && !undisturbed; i++) {
		struct http_lab *l = lab_create("", ", budget: 1ms");

		undisturbed = judge_in_turns(l);
		if (undisturbed) {
			ck_assert_uint_eq(n_arrived(l), PIPELINED);
			ck_assert_uint_ge(lab_count(l, WEIR_COUNT_HTTP_TURNS), 1);
		}
		lab_destroy(l);
	}
	ck_assert(undisturbed);
}
END_TEST

#define CHUNKS 9000

/* They have all come when the request before them is judged: thousands of pieces at once. */
START_TEST(many_small_chunks_are_read_in_turns)
{
	static char text[CHUNKS * 6 + 200];
	struct http_lab *l = lab_create("", threat);
	unsigned int turns = 0;
	size_t n;

	say_request(l, "/a", "c");
	n = (size_t)sprintf(text, "POST /b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
				  "Content-Type: application/x-www-form-urlencoded\r\n\r\n");
	for (unsigned int i = 0; i < CHUNKS; i++)
		n += (size_t)sprintf(text + n, "1\r\nx\r\n");
	n += (size_t)sprintf(text + n, "0\r\n\r\n");
	ck_assert_uint_eq(lab_send(l, CLIENT, text, n), n);
	for (; !lab_has(l, SERVER, "x\r\n0\r\n\r\n") && turns < TURNS; turns++)
		lab_wait(l, WEIR_NS_PER_MS);
	ck_assert_uint_lt(turns, TURNS);
	ck_assert(lab_has(l, SERVER, "POST /b"));
	lab_destroy(l);
}
END_TEST

#define MANY 20

/* More than there are stacks to judge on: they wait for one another. */
START_TEST(many_at_a_time_are_all_judged)
{
	struct http_lab *l = lab_create("", threat);

	for (unsigned int i = 0; i < MANY; i++) {
		lab_connect(l);
		say_request(l, "/a", i % 2 ? "c" : "c&b=attack2");
	}
	for (unsigned int i = 0; i < TURNS && lab_count(l, WEIR_COUNT_HTTP_DENIED) < MANY / 2; i++)
		lab_wait(l, WEIR_NS_PER_MS);
	ck_assert_uint_eq(lab_count(l, WEIR_COUNT_HTTP_DENIED), MANY / 2);
	ck_assert_uint_eq(lab_count(l, WEIR_COUNT_HTTP_BUDGET), 0);
	lab_destroy(l);
}
END_TEST

START_TEST(a_client_that_goes_away_leaves_nothing_behind)
{
	struct http_lab *l = lab_create("", threat);
	unsigned int n;

	say_request(l, "/a", "c");
	ck_assert_uint_eq(l->end[SERVER].n_got, 0);
	lab_reset(l, CLIENT);
	for (unsigned int i = 0; i < 100; i++)
		lab_wait(l, WEIR_NS_PER_MS);
	(void)lab_record(l, &n);
	ck_assert_uint_eq(n, 1);
	lab_connect(l);
	say_request(l, "/b", "c");
	ck_assert_uint_lt(wait_for(l, SERVER), TURNS);
	ck_assert(lab_has(l, SERVER, "POST /b"));
	lab_destroy(l);
}
END_TEST

Suite *path_http_turn_suite(void)
{
	Suite *s = suite_create("path_http_turn");
	TCase *t = tcase_create("turns");

	tcase_set_timeout(t, 120);
	tcase_add_test(t, a_request_that_takes_long_is_judged_in_turns);
	tcase_add_test(t, what_is_found_in_a_later_turn_is_refused);
	tcase_add_test(t, what_follows_waits_and_so_does_the_end);
	tcase_add_test(t, requests_that_came_at_once_are_judged_in_turns);
	tcase_add_test(t, a_response_that_takes_long_is_judged_in_turns);
	tcase_add_test(t, a_response_without_length_has_its_end_when_it_was_judged);
	tcase_add_test(t, many_small_chunks_are_read_in_turns);
	tcase_add_test(t, many_at_a_time_are_all_judged);
	tcase_add_test(t, a_client_that_goes_away_leaves_nothing_behind);
	suite_add_tcase(s, t);
	return s;
}
