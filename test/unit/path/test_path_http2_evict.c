/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory for HTTP/2 gets short: who holds most of it for longest goes, and nobody else. */
#include "http_lab.h"

#include <weir_http2.h>

#include <stdlib.h>

Suite *path_http2_evict_suite(void);

/* Content of so many is half of the memory, which is what a session may have. */
#define STREAMS 30
#define DATA    16000u /* of a frame */
#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"
/* :method POST or GET, :scheme http, :path /, :authority x; the type is none that is judged. */
#define POST "\x83\x86\x84\x41\x01x\x5f\x09image/png"
#define GET  "\x82\x86\x84\x41\x01x"

enum { FRAME_DATA, FRAME_HEADERS };
enum { END_STREAM = 1, END_HEADERS = 4 };

static struct http_lab *create(const char *memory)
{
	struct http_lab *l = lab_create_with("", "", memory);

	l->piece = 1400;
	return l;
}

static void say(struct http_lab *l, const void *bytes, size_t n)
{
	ck_assert_uint_eq(lab_send(l, CLIENT, bytes, n), n);
}

static void say_frame(struct http_lab *l, uint8_t type, uint8_t flags, uint32_t id,
		      struct weir_bytes content)
{
	uint8_t head[9] = {(uint8_t)(content.len >> 16), (uint8_t)(content.len >> 8),
			   (uint8_t)content.len, type, flags};

	for (unsigned int i = 0; i < 4; i++)
		head[5 + i] = (uint8_t)(id >> (24 - 8 * i));
	say(l, head, sizeof(head));
	say(l, content.ptr, content.len);
}

static void begin(struct http_lab *l)
{
	lab_connect(l);
	say(l, PREFACE, sizeof(PREFACE) - 1);
}

/* Uploads that stand still: nothing of them goes on, for the server opens no window. */
static void upload(struct http_lab *l, unsigned int from, unsigned int end)
{
	static const uint8_t content[DATA];

	for (unsigned int i = from; i < end && !l->end[CLIENT].fin; i++) {
		say_frame(l, FRAME_HEADERS, END_HEADERS, 2 * i + 1, weir_bytes_str(POST));
		for (unsigned int k = 0; k < 4 && !l->end[CLIENT].fin; k++)
			say_frame(l, FRAME_DATA, 0, 2 * i + 1, weir_bytes_of(content, DATA));
	}
}

static uint64_t evicted(const struct http_lab *l)
{
	return weir_path_bad_http2(l->f->path, 0, 0, WEIR_HTTP2_E_EVICTED);
}

static void check_gauges(const struct http_lab *l)
{
	struct weir_path_gauges g;

	weir_path_gauges(l->f->path, 0, &g);
	ck_assert_uint_lt(g.http2_kib, g.http2_kib_max);
}

START_TEST(those_that_hold_most_make_way_and_others_are_served)
{
	struct http_lab *l = create("4MiB");

	for (unsigned int i = 0; i < 6; i++) {
		begin(l);
		upload(l, 0, STREAMS);
		lab_wait(l, 20 * WEIR_NS_PER_MS);
		check_gauges(l);
		begin(l);
		say_frame(l, FRAME_HEADERS, END_HEADERS | END_STREAM, 1, weir_bytes_str(GET));
		ck_assert(lab_has(l, SERVER, "PRI * HTTP/2.0\r\n"));
		ck_assert(!l->end[CLIENT].rst);
	}
	ck_assert_uint_ge(evicted(l), 3);
	ck_assert_uint_le(evicted(l), 6);
	ck_assert_uint_eq(lab_count(l, WEIR_COUNT_HTTP_MEMORY), 0);
	ck_assert_str_eq(lab_record(l, NULL).bad, "EVICTED");
	weir_path_check(l->f->path);
	lab_destroy(l);
}
END_TEST

START_TEST(who_has_to_go_is_told_to_calm_down)
{
	const struct lab_end *c;
	struct http_lab *l = create("4MiB");

	begin(l);
	upload(l, 0, 14);
	begin(l);
	upload(l, 0, 14);
	lab_wait(l, 2 * WEIR_NS_PER_S);
	ck_assert_uint_eq(evicted(l), 0);
	upload(l, 14, STREAMS);
	lab_wait(l, 10 * WEIR_NS_PER_MS);
	ck_assert_uint_eq(evicted(l), 1);
	c = &l->end[CLIENT];
	ck_assert_uint_gt(c->n_got, 17);
	ck_assert_mem_eq(c->got + c->n_got - 17, "\0\0\x08\7\0\0\0\0\0", 9);
	ck_assert_mem_eq(c->got + c->n_got - 4, "\0\0\0\x0b", 4); /* ENHANCE_YOUR_CALM */
	ck_assert(c->fin);
	lab_destroy(l);
}
END_TEST

/* Their number, not their size, is what fills the memory: the oldest goes. */
START_TEST(many_that_hold_little_make_way_too)
{
	struct http_lab *l = create("2MiB");

	for (unsigned int i = 0; i < 120; i++) {
		begin(l);
		lab_wait(l, WEIR_NS_PER_MS);
	}
	check_gauges(l);
	ck_assert_uint_ge(evicted(l), 1);
	ck_assert_uint_eq(lab_count(l, WEIR_COUNT_HTTP_MEMORY), 0);
	lab_destroy(l);
}
END_TEST

/* Of clients in HTTP/1.1 whose servers speak HTTP/2: those that wait for an answer are told, and
 * those that do not have an end in order. */
START_TEST(connections_that_are_translated_make_way_too)
{
	struct http_lab *l = lab_create_with(", http2Upstream: true", "", "2MiB");
	unsigned int records;

	for (unsigned int i = 0; i < 120; i++) {
		lab_connect(l);
		if (_i == 0)
			lab_say(l, CLIENT, "GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n");
		else
			lab_say(l, CLIENT, "GET / HT");
		lab_wait(l, WEIR_NS_PER_MS);
	}
	check_gauges(l);
	ck_assert_uint_ge(weir_path_bad_http2(l->f->path, 0, 1, WEIR_HTTP2_E_EVICTED), 1);
	ck_assert_uint_eq(lab_count(l, WEIR_COUNT_HTTP_MEMORY), 0);
	ck_assert(!l->end[CLIENT].rst);
	if (_i == 0)
		ck_assert_str_eq(lab_record(l, &records).bad, "EVICTED");
	else
		(void)lab_record(l, &records);
	ck_assert_uint_eq(records > 0, _i == 0);
	weir_path_check(l->f->path);
	lab_destroy(l);
}
END_TEST

Suite *path_http2_evict_suite(void)
{
	Suite *s =
		WEIR_SUITE("path http2 evict", those_that_hold_most_make_way_and_others_are_served,
			   who_has_to_go_is_told_to_calm_down, many_that_hold_little_make_way_too);
	TCase *c = tcase_create("translated");

	tcase_add_loop_test(c, connections_that_are_translated_make_way_too, 0, 2);
	suite_add_tcase(s, c);
	return s;
}
