/* SPDX-License-Identifier: BSD-3-Clause */
/* What a peer may do too much of: each ends the session with its name, and costs no memory. */
#include "http2_test.h"

#include <stdio.h>

#define FLOOD 5000

/* One round of a flood, to be repeated; `i` counts. */
typedef void (*round_fn)(struct raw *r, uint32_t i);

static void rapid_reset(struct raw *r, uint32_t i)
{
	static const uint8_t cancel[] = {0, 0, 0, WEIR_HTTP2_CANCEL};

	raw_headers(r, 2 * i + 1, END_STREAM, GET);
	raw_frame(r, NGHTTP2_RST_STREAM, 0, 2 * i + 1, cancel, 4);
}

/* Streams that weir must reset count as those that the peer does. */
static void bad_heads(struct raw *r, uint32_t i)
{
	raw_headers(r, 2 * i + 1, END_STREAM, GET F("connection", "x"));
}

/* And those that nghttp2 resets: a window of more than 2^31-1. */
static void bad_windows(struct raw *r, uint32_t i)
{
	raw_headers(r, 2 * i + 1, END_STREAM, GET);
	raw_frame(r, NGHTTP2_WINDOW_UPDATE, 0, 2 * i + 1, "\x7f\xff\xff\xff", 4);
}

static void settings(struct raw *r, uint32_t i)
{
	const uint8_t entry[] = {0, 4, 0, 0, (uint8_t)i, 0};

	raw_frame(r, NGHTTP2_SETTINGS, 0, 0, entry, sizeof(entry));
}

static void empty_settings(struct raw *r, uint32_t i)
{
	(void)i;
	raw_frame(r, NGHTTP2_SETTINGS, 0, 0, NULL, 0);
}

static void ping(struct raw *r, uint32_t i)
{
	(void)i;
	raw_frame(r, NGHTTP2_PING, 0, 0, "12345678", 8);
}

static void ping_ack(struct raw *r, uint32_t i)
{
	(void)i;
	raw_frame(r, NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, "12345678", 8);
}

static void priority(struct raw *r, uint32_t i)
{
	const uint8_t depends[] = {0, 0, (uint8_t)(i >> 7), (uint8_t)(i << 1 | 1), 16};

	raw_frame(r, NGHTTP2_PRIORITY, 0, 2 * i + 5, depends, sizeof(depends));
}

static void priority_update(struct raw *r, uint32_t i)
{
	(void)i;
	raw_frame(r, 0x10, 0, 0, "\0\0\0\1u=1", 7);
}

static void empty_data(struct raw *r, uint32_t i)
{
	if (!i)
		raw_headers(r, 1, 0, POST);
	raw_frame(r, NGHTTP2_DATA, 0, 1, NULL, 0);
}

static void padding(struct raw *r, uint32_t i)
{
	if (!i)
		raw_headers(r, 1, 0, POST);
	raw_frame(r, NGHTTP2_DATA, NGHTTP2_FLAG_PADDED, 1, "\2\0\0", 3);
}

static void empty_headers(struct raw *r, uint32_t i)
{
	raw_frame(r, NGHTTP2_HEADERS, END_HEADERS | END_STREAM, 2 * i + 1, NULL, 0);
}

static void window_updates(struct raw *r, uint32_t i)
{
	(void)i;
	raw_frame(r, NGHTTP2_WINDOW_UPDATE, 0, 0, "\0\0\0\1", 4);
}

static void unknown(struct raw *r, uint32_t i)
{
	(void)i;
	raw_frame(r, 0x77, 0, 0, "abc", 3);
}

static void goaway(struct raw *r, uint32_t i)
{
	if (!i)
		raw_headers(r, 1, 0, POST);
	raw_frame(r, NGHTTP2_GOAWAY, 0, 0, "\0\0\0\0\0\0\0\0", 8);
}

/* A block that never ends. */
static void continuation(struct raw *r, uint32_t i)
{
	uint8_t block[256];
	size_t n = raw_block(r, i ? F("x", "1") : GET, block, sizeof(block));

	raw_frame(r, i ? NGHTTP2_CONTINUATION : NGHTTP2_HEADERS, 0, 1, block, n);
}

static void empty_continuation(struct raw *r, uint32_t i)
{
	uint8_t block[256];
	size_t n = raw_block(r, GET, block, sizeof(block));

	raw_frame(r, i ? NGHTTP2_CONTINUATION : NGHTTP2_HEADERS, 0, 1, block, i ? 0 : n);
}

/* The same block on a stream that is not read any more. */
static void ignored_continuation(struct raw *r, uint32_t i)
{
	static const uint8_t cancel[] = {0, 0, 0, WEIR_HTTP2_CANCEL};
	uint8_t block[256];
	size_t n = raw_block(r, F("x", "1"), block, sizeof(block));

	if (!i) {
		raw_headers(r, 1, 0, POST);
		raw_frame(r, NGHTTP2_RST_STREAM, 0, 1, cancel, 4);
	}
	raw_frame(r, i ? NGHTTP2_CONTINUATION : NGHTTP2_HEADERS, 0, 1, block, n);
}

/* A field of 2,900 bytes for one byte, a thousand times. */
static void hpack_bomb(struct raw *r, uint32_t i)
{
	static uint8_t block[20000];
	static char field[4096];
	size_t n;

	memset(field, 'a', 2900);
	memcpy(field, "x\x1f", 2);
	strcpy(field + 2900, "\x1e");
	if (!i) {
		raw_headers(r, 1, END_STREAM, GET);
		n = raw_block(r, GET, block, sizeof(block));
		n += raw_block(r, field, block + n, sizeof(block) - n);
	} else {
		n = raw_block(r, GET, block, sizeof(block));
	}
	memset(block + n, 0x80 | 62, 1000); /* the newest of the dynamic table */
	raw_frame(r, NGHTTP2_HEADERS, END_HEADERS | END_STREAM, 2 * i + 3, block, n + 1000);
}

static void streams(struct raw *r, uint32_t i)
{
	raw_headers(r, 2 * i + 1, END_STREAM, GET);
}

static const struct {
	const char *what;
	round_fn round;
	unsigned int least; /* rounds that must be borne */
	enum weir_http2_error error;
	uint32_t code;
} floods[] = {
	{"rapid reset", rapid_reset, 100, WEIR_HTTP2_E_RAPID_RESET, 0xb},
	{"bad heads", bad_heads, 100, WEIR_HTTP2_E_RAPID_RESET, 0xb},
	{"bad windows", bad_windows, 100, WEIR_HTTP2_E_RAPID_RESET, 0xb},
	{"settings", settings, 10, WEIR_HTTP2_E_SETTINGS_FLOOD, 0xb},
	{"empty settings", empty_settings, 10, WEIR_HTTP2_E_SETTINGS_FLOOD, 0xb},
	{"ping", ping, 20, WEIR_HTTP2_E_PING_FLOOD, 0xb},
	{"ping ack", ping_ack, 20, WEIR_HTTP2_E_PING_FLOOD, 0xb},
	{"priority", priority, 100, WEIR_HTTP2_E_PRIORITY_FLOOD, 0xb},
	{"priority update", priority_update, 100, WEIR_HTTP2_E_PRIORITY_FLOOD, 0xb},
	{"empty data", empty_data, 20, WEIR_HTTP2_E_EMPTY_FLOOD, 0xb},
	{"padding", padding, 20, WEIR_HTTP2_E_EMPTY_FLOOD, 0xb},
	{"empty headers", empty_headers, 20, WEIR_HTTP2_E_EMPTY_FLOOD, 0xb},
	{"window updates", window_updates, 500, WEIR_HTTP2_E_WINDOW_FLOOD, 0xb},
	{"unknown frames", unknown, 20, WEIR_HTTP2_E_UNKNOWN_FLOOD, 0xb},
	{"goaway", goaway, 20, WEIR_HTTP2_E_UNKNOWN_FLOOD, 0xb},
	{"continuation", continuation, 4, WEIR_HTTP2_E_CONTINUATION_FLOOD, 0xb},
	{"empty continuation", empty_continuation, 4, WEIR_HTTP2_E_CONTINUATION_FLOOD, 0xb},
	{"ignored continuation", ignored_continuation, 4, WEIR_HTTP2_E_CONTINUATION_FLOOD, 0xb},
	{"HPACK bomb", hpack_bomb, 0, WEIR_HTTP2_E_HPACK_BOMB, 0xb},
	{"streams", streams, 100, WEIR_HTTP2_E_STREAMS_LIMIT, 0xb},
};

/* Returns the rounds that were borne. */
static unsigned int run_flood(unsigned int row, size_t step)
{
	struct owner *o = owner_create(true, NULL);
	struct raw *r = raw_create();
	unsigned int i = 0;
	size_t peak;

	raw_begin(r, true);
	ck_assert_int_eq(raw_give(r, o, step), WEIR_HTTP2_OK);
	for (; i < FLOOD && !o->overs; i++) {
		floods[row].round(r, i);
		(void)raw_give(r, o, step);
	}
	ck_assert_msg(o->overs == 1, "%s: not ended", floods[row].what);
	ck_assert_msg(o->over == floods[row].error, "%s: %s", floods[row].what,
		      weir_http2_error_name(o->over));
	ck_assert_msg(wrote_goaway(o) == floods[row].code, "%s: %u", floods[row].what,
		      wrote_goaway(o));
	(void)weir_http2_memory(o->s, &peak);
	ck_assert_msg(peak < 512 << 10, "%s: %zu bytes", floods[row].what, peak);
	/* What comes later is not even looked at. */
	floods[row].round(r, i);
	ck_assert_int_eq(raw_give(r, o, step), floods[row].error);
	ck_assert_uint_eq(o->overs, 1);
	raw_destroy(r);
	owner_destroy(o);
	return i;
}

START_TEST(each_flood_ends_the_session_with_its_name)
{
	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(floods); i++) {
		unsigned int borne = run_flood(i, SIZE_MAX / 2);

		ck_assert_msg(borne > floods[i].least, "%s: after %u", floods[i].what, borne);
	}
}
END_TEST

START_TEST(each_flood_has_the_same_name_byte_by_byte)
{
	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(floods); i++)
		(void)run_flood(i, 1);
}
END_TEST

START_TEST(what_comes_slowly_is_no_flood)
{
	static const round_fn rounds[] = {empty_settings, ping, unknown};
	struct owner *o = owner_create(true, NULL);
	struct raw *r = raw_create();

	raw_begin(r, true);
	for (unsigned int i = 0; i < 500; i++) {
		for (unsigned int k = 0; k < WEIR_ARRAY_LEN(rounds); k++)
			rounds[k](r, i);
		ck_assert_int_eq(raw_give(r, o, 4096), WEIR_HTTP2_OK);
		o->now_ns += SECOND;
	}
	raw_destroy(r);
	owner_destroy(o);
}
END_TEST

START_TEST(answers_that_are_not_read_are_bounded)
{
	struct weir_http2_limits limits = weir_http2_limits_default;
	struct owner *o;
	struct raw *r = raw_create();
	size_t peak;

	limits.rates[WEIR_HTTP2_E_PING_FLOOD - 1] =
		(struct weir_http2_rate){.burst = 1000000, .per_s = 1000000};
	o = owner_create(true, &limits);
	o->write_room = 0;
	raw_begin(r, true);
	for (unsigned int i = 0; i < 10000 && !o->overs; i++) {
		ping(r, i);
		(void)raw_give(r, o, 4096);
	}
	ck_assert_int_eq(o->over, WEIR_HTTP2_E_ACK_FLOOD);
	(void)weir_http2_memory(o->s, &peak);
	ck_assert_uint_lt(peak, 128 << 10);
	/* It is told when there is room. */
	ck_assert_uint_eq(wrote_goaway(o), UINT32_MAX);
	o->write_room = SIZE_MAX;
	ck_assert(weir_http2_flush(o->s, o->now_ns));
	ck_assert_uint_eq(wrote_goaway(o), WEIR_HTTP2_ENHANCE_YOUR_CALM);
	raw_destroy(r);
	owner_destroy(o);
}
END_TEST

START_TEST(streams_over_the_limit_that_came_too_early_are_refused_alone)
{
	struct owner *o = owner_create(true, NULL);
	struct raw *r = raw_create();

	raw_bytes(r, NGHTTP2_CLIENT_MAGIC, NGHTTP2_CLIENT_MAGIC_LEN);
	raw_frame(r, NGHTTP2_SETTINGS, 0, 0, NULL, 0);
	for (uint32_t i = 0; i < 103; i++)
		streams(r, i);
	ck_assert_int_eq(raw_give(r, o, 4096), WEIR_HTTP2_OK);
	ck_assert_uint_eq(weir_http2_streams(o->s), 100);
	ck_assert_int_eq(seen_of(o, 201)->bad, WEIR_HTTP2_E_REFUSED);
	ck_assert_uint_eq(wrote_reset(o, 201), WEIR_HTTP2_REFUSED_STREAM);
	ck_assert_uint_eq(seen_of(o, 199)->heads, 1);
	raw_destroy(r);
	owner_destroy(o);
}
END_TEST

START_TEST(a_head_that_is_too_large_costs_only_its_stream)
{
	struct owner *o = owner_create(true, NULL);
	struct raw *r = raw_create();
	static char fields[1 << 17];
	static uint8_t block[1 << 17];
	size_t n, at = 0;

	strcpy(fields, GET);
	for (unsigned int i = 0; i < 20; i++) {
		size_t end = strlen(fields);

		snprintf(fields + end, 8, "x%u\x1f", i);
		memset(fields + strlen(fields), '~', 4000);
		strcat(fields, "\x1e");
	}
	n = raw_block(r, fields, block, sizeof(block));
	raw_begin(r, true);
	for (; n - at > 16384; at += 16384)
		raw_frame(r, at ? NGHTTP2_CONTINUATION : NGHTTP2_HEADERS, 0, 1, block + at, 16384);
	raw_frame(r, NGHTTP2_CONTINUATION, END_HEADERS, 1, block + at, n - at);
	raw_headers(r, 3, END_STREAM, GET);
	ck_assert_int_eq(raw_give(r, o, 1), WEIR_HTTP2_OK);
	ck_assert_int_eq(seen_of(o, 1)->bad, WEIR_HTTP2_E_HEADER_LIMIT);
	ck_assert(seen_of(o, 3)->ended);
	raw_destroy(r);
	owner_destroy(o);
}
END_TEST

/* ---- errors of the protocol ---- */

static const struct {
	const char *what;
	const char *bytes; /* of a client, behind its preface */
	size_t n;
	enum weir_http2_error error;
	uint32_t code;
} errors[] = {
#define B(text) text, sizeof(text) - 1
	{"DATA on stream 0", B("\0\0\0\0\1\0\0\0\0"), WEIR_HTTP2_E_PROTOCOL, 1},
	{"DATA on an idle stream", B("\0\0\0\0\1\0\0\0\1"), WEIR_HTTP2_E_PROTOCOL, 1},
	{"HEADERS on stream 0", B("\0\0\1\1\5\0\0\0\0\x82"), WEIR_HTTP2_E_PROTOCOL, 1},
	{"HEADERS on an even stream", B("\0\0\1\1\5\0\0\0\2\x82"), WEIR_HTTP2_E_PROTOCOL, 1},
	{"CONTINUATION alone", B("\0\0\1\x9\4\0\0\0\1\x82"), WEIR_HTTP2_E_PROTOCOL, 1},
	{"PING within a block",
	 B("\0\0\1\1\1\0\0\0\1\x82\0\0\x8\6\0\0\0\0\0"
	   "12345678"),
	 WEIR_HTTP2_E_PROTOCOL, 1},
	{"PING of 7",
	 B("\0\0\7\6\0\0\0\0\0"
	   "1234567"),
	 WEIR_HTTP2_E_FRAME_SIZE, 6},
	{"SETTINGS of 5", B("\0\0\5\4\0\0\0\0\0\0\0\0\0\0"), WEIR_HTTP2_E_FRAME_SIZE, 6},
	{"frame of 16385", B("\0\x40\1\0\0\0\0\0\1"), WEIR_HTTP2_E_FRAME_SIZE, 6},
	{"HPACK of nothing", B("\0\0\1\1\5\0\0\0\1\x80"), WEIR_HTTP2_E_COMPRESSION, 9},
	{"HPACK table of 64 KiB", B("\0\0\4\1\5\0\0\0\1\x3f\xe1\xff\x3"), WEIR_HTTP2_E_COMPRESSION,
	 9},
	{"PUSH_PROMISE of a client", B("\0\0\4\5\4\0\0\0\1\0\0\0\2"), WEIR_HTTP2_E_PUSH, 1},
	{"window of 2^31", B("\0\0\4\x8\0\0\0\0\0\x7f\xff\xff\xff"), WEIR_HTTP2_E_FLOW_CONTROL, 3},
	{"window by 0", B("\0\0\4\x8\0\0\0\0\0\0\0\0\0"), WEIR_HTTP2_E_PROTOCOL, 1},
	{"initial window of 2^31", B("\0\0\6\4\0\0\0\0\0\0\4\x80\0\0\0"), WEIR_HTTP2_E_FLOW_CONTROL,
	 3},
	{"RST_STREAM on an idle stream", B("\0\0\4\3\0\0\0\0\1\0\0\0\0"), WEIR_HTTP2_E_PROTOCOL, 1},
	{"padding longer than DATA",
	 B("\0\0\6\1\4\0\0\0\1\x83\x87\x84\x1\1"
	   "a"
	   "\0\0\1\0\x8\0\0\0\1\5"),
	 WEIR_HTTP2_E_PROTOCOL, 1},
#undef B
};

START_TEST(each_error_of_the_protocol_has_its_name_and_code)
{
	static const size_t steps[] = {SIZE_MAX / 2, 1};

	for (unsigned int k = 0; k < 2 * WEIR_ARRAY_LEN(errors); k++) {
		unsigned int i = k / 2;
		struct owner *o = owner_create(true, NULL);
		struct raw *r = raw_create();

		raw_begin(r, true);
		raw_bytes(r, errors[i].bytes, errors[i].n);
		(void)raw_give(r, o, steps[k % 2]);
		ck_assert_msg(o->overs == 1 && o->over == errors[i].error, "%s: %s", errors[i].what,
			      weir_http2_error_name(o->over));
		ck_assert_msg(wrote_goaway(o) == errors[i].code, "%s: %u", errors[i].what,
			      wrote_goaway(o));
		raw_destroy(r);
		owner_destroy(o);
	}
}
END_TEST

START_TEST(what_does_not_begin_as_http_2_is_told_so)
{
	static const char *const begins[] = {"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
					     "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n",
					     "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\0\0\0\0\0\0"};

	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(begins); i++) {
		struct owner *o = owner_create(true, NULL);
		size_t n = i < 2 ? strlen(begins[i]) : NGHTTP2_CLIENT_MAGIC_LEN + 9;

		(void)owner_feed(o, begins[i], n, 1);
		ck_assert_int_eq(o->over, WEIR_HTTP2_E_PREFACE);
		ck_assert_uint_eq(wrote_goaway(o), WEIR_HTTP2_PROTOCOL_ERROR);
		owner_destroy(o);
	}
}
END_TEST

START_TEST(a_server_that_pushes_is_left)
{
	struct owner *o = owner_create(false, NULL);
	struct raw *r = raw_create();

	raw_answer(r, o, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	raw_frame(r, NGHTTP2_PUSH_PROMISE, END_HEADERS, 1, "\0\0\0\2\x82\x87\x84", 7);
	ck_assert_int_eq(raw_give(r, o, 1), WEIR_HTTP2_E_PUSH);
	ck_assert_int_eq(seen_of(o, 1)->why, WEIR_HTTP2_E_PUSH);
	raw_destroy(r);
	owner_destroy(o);
}
END_TEST

START_TEST(interim_responses_without_end_cost_the_stream)
{
	struct owner *o = owner_create(false, NULL);
	struct raw *r = raw_create();

	raw_answer(r, o, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	for (unsigned int i = 0; i < 1000; i++)
		raw_headers(r, 1, 0, F(":status", "102"));
	ck_assert_int_eq(raw_give(r, o, 4096), WEIR_HTTP2_OK);
	ck_assert_uint_eq(seen_of(o, 1)->heads, 32);
	ck_assert_int_eq(seen_of(o, 1)->why, WEIR_HTTP2_E_INTERIM_LIMIT);
	raw_destroy(r);
	owner_destroy(o);
}
END_TEST

START_TEST(a_server_may_reset_what_it_was_asked_and_its_client_ping_what_it_gets)
{
	static const uint8_t no_error[] = {0, 0, 0, 0};
	struct owner *o = owner_create(false, NULL);
	struct raw *r = raw_create();
	enum weir_http2_error why;

	raw_begin(r, false);
	ck_assert_int_eq(raw_give(r, o, 4096), WEIR_HTTP2_OK);
	for (uint32_t i = 0; i < 2000; i++) {
		uint32_t id = 2 * i + 1;

		memset(o->seen, 0, sizeof(o->seen));
		ck_assert_ptr_nonnull(owner_request(
			o, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n", 10, &why));
		weir_http2_flush(o->s, o->now_ns);
		raw_headers(r, id, 0, F(":status", "200"));
		raw_frame(r, NGHTTP2_RST_STREAM, 0, id, no_error, 4);
		/* For the DATA that was sent. */
		raw_frame(r, NGHTTP2_PING, 0, 0, "12345678", 8);
		raw_frame(r, NGHTTP2_WINDOW_UPDATE, 0, 0, "\0\0\0\xa", 4);
		ck_assert_int_eq(raw_give(r, o, 4096), WEIR_HTTP2_OK);
	}
	raw_destroy(r);
	owner_destroy(o);
}
END_TEST

START_TEST(a_block_that_is_begun_and_not_ended_runs_out_of_time)
{
	struct owner *o = owner_create(true, NULL);
	struct raw *r = raw_create();

	raw_begin(r, true);
	ck_assert_uint_eq(weir_http2_head_since(o->s), 0);
	continuation(r, 0);
	ck_assert_int_eq(raw_give(r, o, 1), WEIR_HTTP2_OK);
	ck_assert_uint_eq(weir_http2_head_since(o->s), o->now_ns);
	weir_http2_tick(o->s, o->now_ns + 29 * SECOND);
	ck_assert(!weir_http2_is_over(o->s));
	weir_http2_tick(o->s, o->now_ns + 31 * SECOND);
	ck_assert_int_eq(o->over, WEIR_HTTP2_E_HEAD_TIMEOUT);
	raw_destroy(r);
	owner_destroy(o);
}
END_TEST

Suite *flood_suite(void)
{
	return WEIR_SUITE("http2 limit", each_flood_ends_the_session_with_its_name,
			  each_flood_has_the_same_name_byte_by_byte, what_comes_slowly_is_no_flood,
			  answers_that_are_not_read_are_bounded,
			  streams_over_the_limit_that_came_too_early_are_refused_alone,
			  a_head_that_is_too_large_costs_only_its_stream,
			  each_error_of_the_protocol_has_its_name_and_code,
			  what_does_not_begin_as_http_2_is_told_so, a_server_that_pushes_is_left,
			  interim_responses_without_end_cost_the_stream,
			  a_server_may_reset_what_it_was_asked_and_its_client_ping_what_it_gets,
			  a_block_that_is_begun_and_not_ended_runs_out_of_time);
}
