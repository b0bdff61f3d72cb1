/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Random conversations: requests of every kind, some refused, sent in pieces and ahead of their
 * responses, which come in pieces too. Whatever the order of segments, the server gets exactly the
 * requests that pass, and the client the responses in the order of its requests. And what happens
 * without memory.
 */
#include "http_lab.h"

#include <stdio.h>
#include <stdlib.h>

Suite *path_http_random_suite(void);

#define FORM "Content-Type: application/x-www-form-urlencoded\r\n"

/* `response` NULL: weir answers the request. `seen` NULL: the client sees the response as it is. */
struct kind {
	const char *request, *response, *seen;
};

static const struct kind kinds[] = {
	{"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
	 NULL},
	{"GET /n HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n", NULL},
	{"HEAD /h HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n",
	 NULL},
	{"POST /f HTTP/1.1\r\nHost: x\r\n" FORM "Content-Length: 7\r\n\r\na=b&c=d",
	 "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\nheld", NULL},
	{"POST /c HTTP/1.1\r\nHost: x\r\n" FORM
	 "Transfer-Encoding: chunked\r\n\r\n2\r\na=\r\n3\r\nbcd\r\n0\r\n\r\n",
	 "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n"
	 "2\r\nhe\r\n2\r\nld\r\n0\r\nX: y\r\n\r\n",
	 NULL},
	{"PUT /s HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: 5\r\n\r\nabcde",
	 "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 201 Created\r\nTransfer-Encoding: "
	 "chunked\r\n\r\n"
	 "1\r\na\r\n0\r\n\r\n",
	 NULL},
	{"GET /attack1 HTTP/1.1\r\nHost: x\r\n\r\n", NULL, "HTTP/1.1 403 "},
	{"POST /a HTTP/1.1\r\nHost: x\r\n" FORM "Content-Length: 9\r\n\r\na=attack2", NULL,
	 "HTTP/1.1 403 "},
	{"GET /l HTTP/1.1\r\nHost: x\r\n\r\n",
	 "HTTP/1.1 200 OK\r\nX-Leak: attack3\r\nContent-Length: 3\r\n\r\nabc", "HTTP/1.1 403 "},
	{"GET /t HTTP/1.1\r\nHost: x\r\n\r\n",
	 "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 7\r\n\r\nattack4",
	 "HTTP/1.1 403 "},
};

#define EXCHANGES 40

struct talk {
	struct http_lab *l;
	const struct kind *kind[EXCHANGES];
	char requests[EXCHANGES * 256], responses[EXCHANGES * 256], forwarded[EXCHANGES * 256];
	size_t ready[EXCHANGES]; /* of `responses`: up to here when so many requests have come */
	size_t needs[EXCHANGES]; /* of `forwarded`: where the request ends */
	unsigned int passing;
};

static void make_talk(struct talk *t)
{
	for (unsigned int i = 0; i < EXCHANGES; i++) {
		const struct kind *k = &kinds[(unsigned int)rand() % WEIR_ARRAY_LEN(kinds)];

		t->kind[i] = k;
		strcat(t->requests, k->request);
		if (!k->response)
			continue;
		strcat(t->forwarded, k->request);
		strcat(t->responses, k->response);
		t->needs[t->passing] = strlen(t->forwarded);
		t->ready[t->passing++] = strlen(t->responses);
	}
}

/* What the server may say by now. */
static size_t may_say(const struct talk *t)
{
	size_t n = 0;

	for (unsigned int i = 0; i < t->passing; i++)
		if (t->l->end[SERVER].n_got >= t->needs[i])
			n = t->ready[i];
	return n;
}

static size_t some(size_t left)
{
	size_t n = 1 + (size_t)rand() % (rand() % 4 ? 40 : 400);

	return n < left ? n : left;
}

static void hold(struct talk *t)
{
	size_t all = strlen(t->requests), asked = 0, said = 0;

	while (asked < all || said < strlen(t->responses)) {
		size_t can = may_say(t);

		ck_assert(asked < all || said < can);
		if (asked < all && (rand() % 2 || said == can))
			asked += lab_send(t->l, CLIENT, t->requests + asked, some(all - asked));
		else if (said < can)
			said += lab_send(t->l, SERVER, t->responses + said, some(can - said));
		if (rand() % 8 == 0)
			lab_wait(t->l, 300 * WEIR_NS_PER_MS);
	}
	lab_wait(t->l, WEIR_NS_PER_S);
}

/* The end of the response at `at`: weir's own pages end so. */
static const char *skip_page(const char *at, const char *status)
{
	const char *end = strstr(at, "</html>\n");

	ck_assert_msg(strncmp(at, status, strlen(status)) == 0, "%.100s", at);
	ck_assert_ptr_nonnull(end);
	return end + strlen("</html>\n");
}

static void look(const struct talk *t)
{
	const char *at = lab_got(t->l, CLIENT);

	ck_assert_str_eq(lab_got(t->l, SERVER), t->forwarded);
	for (unsigned int i = 0; i < EXCHANGES; i++) {
		const struct kind *k = t->kind[i];

		if (k->seen) {
			at = skip_page(at, k->seen);
			continue;
		}
		ck_assert_msg(strncmp(at, k->response, strlen(k->response)) == 0, "%u: %.200s", i,
			      at);
		at += strlen(k->response);
	}
	ck_assert_str_eq(at, "");
}

START_TEST(conversations_arrive_in_order_whatever_the_segments)
{
	struct talk *t = calloc(1, sizeof(*t));
	unsigned int n;

	srand((unsigned int)_i + 1);
	make_talk(t);
	t->l = lab_create("", "");
	hold(t);
	look(t);
	(void)lab_record(t->l, &n);
	ck_assert_uint_eq(n, EXCHANGES);
	lab_destroy(t->l);
	free(t);
}
END_TEST

/* ---- without memory ---- */

static void begin_request(struct http_lab *l)
{
	static const char text[] =
		"POST / HTTP/1.1\r\nHost: x\r\n" FORM "Content-Length: 9\r\n\r\na";

	lab_connect(l);
	ck_assert_uint_eq(lab_send(l, CLIENT, text, strlen(text)), strlen(text));
}

/* Transactions that are under way, all at once, take all of memory.waf; they stay when the lab goes
 * on to the next connection. */
static void use_up(struct http_lab *l)
{
	for (int i = 0; i < 200 && !lab_count(l, WEIR_COUNT_HTTP_MEMORY); i++)
		begin_request(l);
	ck_assert_uint_ge(lab_count(l, WEIR_COUNT_HTTP_MEMORY), 1);
}

START_TEST(without_memory_a_request_is_answered_503)
{
	struct http_lab *l = lab_create("", "");

	use_up(l);
	ck_assert(lab_has(l, CLIENT, "HTTP/1.1 503 Service Unavailable\r\n"));
	ck_assert_str_eq(lab_got(l, SERVER), "");
	ck_assert_uint_eq(lab_record(l, NULL).verdict, WEIR_WAF_MEMORY);
	ck_assert_uint_eq(lab_count(l, WEIR_COUNT_HTTP_UNJUDGED), 0);
	lab_destroy(l);
}
END_TEST

START_TEST(without_memory_a_request_passes_unjudged_where_the_policy_says_so)
{
	struct http_lab *l = lab_create("", ", failure: open");

	use_up(l);
	ck_assert(lab_has(l, SERVER, "\r\n\r\na"));
	ck_assert_uint_eq(lab_count(l, WEIR_COUNT_HTTP_UNJUDGED), 1);
	lab_say(l, CLIENT, "bcdefghi");
	lab_say(l, SERVER, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
	ck_assert(lab_has(l, CLIENT, "\r\n\r\nok"));
	lab_destroy(l);
}
END_TEST

START_TEST(who_is_held_for_long_makes_way)
{
	struct http_lab *l = lab_create("", "");

	for (int i = 0; i < 200; i++) {
		begin_request(l);
		lab_wait(l, 50 * WEIR_NS_PER_MS);
	}
	ck_assert_uint_ge(lab_count(l, WEIR_COUNT_HTTP_EVICTED), 1);
	ck_assert_uint_eq(lab_count(l, WEIR_COUNT_HTTP_EVICTED),
			  lab_count(l, WEIR_COUNT_HTTP_MEMORY));
	ck_assert_uint_eq(lab_record(l, NULL).verdict, WEIR_WAF_MEMORY);
	lab_say(l, CLIENT, "bcdefghi");
	ck_assert(lab_has(l, SERVER, "\r\n\r\nabcdefghi"));
	lab_destroy(l);
}
END_TEST

/* Answers that were judged as far as rules look at them, and do not end. */
START_TEST(who_is_judged_but_not_at_its_end_makes_way_and_has_its_record)
{
	struct http_lab *l = lab_create("", "");
	static char text[66000];
	unsigned int n, told;

	memset(text, 'a', sizeof(text));
	for (int i = 0; i < 30; i++) {
		lab_connect(l);
		lab_say(l, CLIENT, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
		lab_say(l, SERVER,
			"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 99999\r\n"
			"\r\n");
		ck_assert_uint_eq(lab_send(l, SERVER, text, sizeof(text)), sizeof(text));
	}
	told = (unsigned int)lab_count(l, WEIR_COUNT_HTTP_TOLD_EARLY);
	ck_assert_uint_ge(told, 10);
	ck_assert_uint_eq(lab_count(l, WEIR_COUNT_HTTP_MEMORY), 0);
	ck_assert_uint_eq(lab_record(l, &n).status, 200);
	ck_assert_uint_ge(n, told);
	lab_destroy(l);
}
END_TEST

Suite *path_http_random_suite(void)
{
	Suite *s = suite_create("path_http_random");
	TCase *t = tcase_create("random");

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, conversations_arrive_in_order_whatever_the_segments, 0, 30);
	tcase_add_test(t, without_memory_a_request_is_answered_503);
	tcase_add_test(t, who_is_held_for_long_makes_way);
	tcase_add_test(t, who_is_judged_but_not_at_its_end_makes_way_and_has_its_record);
	tcase_add_test(t, without_memory_a_request_passes_unjudged_where_the_policy_says_so);
	suite_add_tcase(s, t);
	return s;
}
