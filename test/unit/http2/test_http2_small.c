/* SPDX-License-Identifier: BSD-3-Clause */
/* What is small: names, the preface, the queue, gRPC's messages, a worker's memory. */
#include "http2_test.h"

START_TEST(every_error_has_a_name_a_text_and_a_code)
{
	for (int e = 1; e < WEIR_HTTP2_ERROR_END; e++) {
		ck_assert_uint_gt(strlen(weir_http2_error_name(e)), 1);
		ck_assert_uint_gt(strlen(weir_http2_error_text(e)), 4);
		ck_assert_uint_ne(weir_http2_error_code(e), 0);
	}
	ck_assert_str_eq(weir_http2_error_name(WEIR_HTTP2_OK), "");
	ck_assert_str_eq(weir_http2_error_name(WEIR_HTTP2_E_RAPID_RESET), "RAPID_RESET");
	ck_assert_str_eq(weir_http2_error_name(WEIR_HTTP2_E_GRPC_LIMIT), "GRPC_LIMIT");
}
END_TEST

START_TEST(the_preface_is_told_from_the_first_bytes)
{
	static const char magic[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0";

	for (size_t n = 0; n < 24; n++)
		ck_assert_int_eq(weir_http2_detect(weir_bytes_of(magic, n)),
				 WEIR_HTTP2_PREFACE_MORE);
	ck_assert_int_eq(weir_http2_detect(weir_bytes_of(magic, 24)), WEIR_HTTP2_PREFACE_YES);
	ck_assert_int_eq(weir_http2_detect(weir_bytes_of(magic, 26)), WEIR_HTTP2_PREFACE_YES);
	for (size_t n = 0; n < 24; n++) {
		char bad[24];

		memcpy(bad, magic, sizeof(bad));
		bad[n] ^= 1;
		ck_assert_int_eq(weir_http2_detect(weir_bytes_of(bad, n + 1)),
				 WEIR_HTTP2_PREFACE_NOT);
		ck_assert_int_eq(weir_http2_detect(weir_bytes_of(bad, 24)), WEIR_HTTP2_PREFACE_NOT);
	}
	ck_assert_int_eq(weir_http2_detect(weir_bytes_str("POST / HTTP/1.1\r\n")),
			 WEIR_HTTP2_PREFACE_NOT);
}
END_TEST

/* ---- gRPC ---- */

#define MESSAGES "\0\0\0\0\3abc\1\0\0\0\0\0\0\0\0\5hello"

/* What came out: "[3abc]" for a message, "z" before the length when it is compressed. */
static ssize_t read_messages(const char *bytes, size_t n, size_t step, uint32_t max, char *out,
			     struct weir_grpc *g)
{
	char *to = out;

	weir_grpc_init(g, max);
	for (size_t at = 0; at < n;) {
		size_t give = n - at < step ? n - at : step;
		struct weir_grpc_piece piece;
		ssize_t used = weir_grpc_feed(g, weir_bytes_of(bytes + at, give), &piece);

		if (used < 0)
			return used;
		ck_assert_int_gt(used, 0);
		ck_assert_uint_le((size_t)used, give);
		at += (size_t)used;
		if (piece.begins) {
			*to++ = '[';
			if (piece.compressed)
				*to++ = 'z';
			*to++ = (char)('0' + piece.length);
		}
		if (piece.content.len)
			memcpy(to, piece.content.ptr, piece.content.len);
		to += piece.content.len;
		if (piece.ends)
			*to++ = ']';
	}
	*to = 0;
	return 0;
}

START_TEST(grpc_messages_come_out_however_they_are_cut)
{
	static const char bytes[] = MESSAGES;
	struct weir_grpc g;
	char out[64];

	for (size_t step = 1; step < sizeof(bytes); step++) {
		ck_assert_int_eq(read_messages(bytes, sizeof(bytes) - 1, step, 5, out, &g), 0);
		ck_assert_str_eq(out, "[3abc][z0][5hello]");
		ck_assert(weir_grpc_is_whole(&g));
	}
	for (size_t n = 1; n < sizeof(bytes) - 1; n++) {
		ck_assert_int_eq(read_messages(bytes, n, n, 5, out, &g), 0);
		ck_assert_int_eq(weir_grpc_is_whole(&g), n == 8 || n == 13);
	}
}
END_TEST

START_TEST(grpc_that_is_wrong_or_too_long_has_its_name)
{
	struct weir_grpc g;
	char out[64];

	ck_assert_int_eq(read_messages("\2", 1, 1, 5, out, &g), -WEIR_HTTP2_E_GRPC_FLAG);
	ck_assert_int_eq(read_messages("\0\0\0\0\6", 5, 1, 5, out, &g), -WEIR_HTTP2_E_GRPC_LIMIT);
	ck_assert_int_eq(read_messages("\0\xff\xff\xff\xff", 5, 5, 1 << 20, out, &g),
			 -WEIR_HTTP2_E_GRPC_LIMIT);
}
END_TEST

START_TEST(trailers_of_grpc_web_are_taken_where_they_may_be)
{
	static const uint8_t flags[] = {0x00, 0x01, 0x80, 0x81, 0x02, 0x82, 0x40};

	for (unsigned int web = 0; web < 2; web++) {
		for (size_t i = 0; i < sizeof(flags); i++) {
			const uint8_t bytes[5] = {flags[i]};
			struct weir_grpc_piece piece;
			struct weir_grpc g;
			bool good = i < (web ? 4 : 2);

			weir_grpc_init(&g, 5);
			g.takes_trailers = web;
			ck_assert_int_eq(weir_grpc_feed(&g, weir_bytes_of(bytes, 5), &piece),
					 good ? 5 : -WEIR_HTTP2_E_GRPC_FLAG);
			if (good)
				ck_assert_int_eq(piece.compressed, flags[i] & 1);
		}
	}
}
END_TEST

/* ---- the queue ---- */

START_TEST(a_queue_is_cut_wherever_that_is)
{
	static const size_t drops[] = {0, 1, 4000, 4100, 9000},
			    cuts[] = {0, 1, 899, 900, 901, 5000};
	struct owner *o = owner_create(true, NULL);
	size_t before = weir_http2_memory(o->s, NULL);
	uint8_t bytes[10000], got[10100];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = content_at(1, i);
	for (size_t i = 0; i < WEIR_ARRAY_LEN(drops) * WEIR_ARRAY_LEN(cuts); i++) {
		size_t drop = drops[i / WEIR_ARRAY_LEN(cuts)], cut = cuts[i % WEIR_ARRAY_LEN(cuts)];
		size_t left = drop + cut < sizeof(bytes) ? sizeof(bytes) - drop - cut : 0;
		struct weir_http2_queue q = {0};

		ck_assert(weir_http2_queue_add(o->s, &q, weir_bytes_of(bytes, sizeof(bytes))));
		weir_http2_queue_drop(o->s, &q, drop);
		weir_http2_queue_cut(o->s, &q, cut);
		ck_assert_uint_eq(q.bytes, left);
		/* It goes on behind what is left. */
		ck_assert(weir_http2_queue_add(o->s, &q, weir_bytes_of(bytes, 100)));
		ck_assert_uint_eq(weir_http2_queue_take(o->s, &q, got, sizeof(got)), left + 100);
		ck_assert_mem_eq(got, bytes + (left ? drop : 0), left ? left : 100);
		ck_assert_mem_eq(got + left, bytes, 100);
		ck_assert_uint_eq(weir_http2_memory(o->s, NULL), before);
	}
	owner_destroy(o);
}
END_TEST

/* Behind `skip` bytes, the first of which is the `at`th that was put in. */
static void check_views(const struct weir_http2_queue *q, size_t skip, size_t at)
{
	struct weir_bytes views[100];
	unsigned int n = weir_http2_queue_views(q, skip, views, WEIR_ARRAY_LEN(views));
	size_t all = skip;

	for (unsigned int i = 0; i < n; i++) {
		ck_assert_uint_gt(views[i].len, 0);
		for (size_t k = 0; k < views[i].len; k++)
			ck_assert_uint_eq(views[i].ptr[k], content_at(1, at + all + k));
		all += views[i].len;
	}
	ck_assert_uint_eq(all, skip < q->bytes ? q->bytes : skip);
	ck_assert_uint_eq(weir_http2_queue_views(q, 0, views, 1), q->bytes > 0);
}

START_TEST(a_queue_gives_back_what_was_put_in_whatever_the_sizes)
{
	struct owner *o = owner_create(true, NULL);
	struct weir_http2_queue q = {0};
	size_t before = weir_http2_memory(o->s, NULL), in = 0, out = 0, step = 1;
	uint8_t bytes[9000], got[7000];

	while (out < 300000) {
		size_t n = step * 37 % sizeof(bytes), m = step * 61 % sizeof(got), taken;

		for (size_t i = 0; i < n; i++)
			bytes[i] = content_at(1, in + i);
		ck_assert(weir_http2_queue_add(o->s, &q, weir_bytes_of(bytes, n)));
		in += n;
		if (step % 3 == 0) {
			struct weir_bytes front = weir_http2_queue_front(&q);

			ck_assert_uint_eq(front.ptr[0], content_at(1, out));
		}
		taken = weir_http2_queue_read(&q, got, m);
		ck_assert_uint_eq(taken, m < in - out ? m : in - out);
		for (size_t i = 0; i < taken; i++)
			ck_assert_uint_eq(got[i], content_at(1, out + i));
		check_views(&q, m, out);
		taken = weir_http2_queue_take(o->s, &q, got, m);
		for (size_t i = 0; i < taken; i++)
			ck_assert_uint_eq(got[i], content_at(1, out + i));
		out += taken;
		ck_assert_uint_eq(q.bytes, in - out);
		step++;
	}
	weir_http2_queue_drop(o->s, &q, 10);
	weir_http2_queue_drop(o->s, &q, SIZE_MAX);
	ck_assert_uint_eq(q.bytes, 0);
	ck_assert_ptr_null(weir_http2_queue_front(&q).ptr);
	ck_assert_uint_eq(weir_http2_memory(o->s, NULL), before);
	owner_destroy(o);
}
END_TEST

START_TEST(a_queue_takes_all_or_nothing_when_memory_ends)
{
	struct weir_http2_limits limits = weir_http2_limits_default;
	struct weir_http2_queue q = {0};
	static uint8_t bytes[70000];
	struct owner *o;

	limits.memory = 200 << 10;
	o = owner_create(true, &limits);
	ck_assert(weir_http2_queue_add(o->s, &q, weir_bytes_of(bytes, sizeof(bytes))));
	while (weir_http2_queue_add(o->s, &q, weir_bytes_of(bytes, sizeof(bytes))))
		;
	ck_assert_uint_eq(q.bytes % sizeof(bytes), 0);
	ck_assert_uint_le(weir_http2_memory(o->s, NULL), limits.memory);
	weir_http2_queue_drop(o->s, &q, SIZE_MAX);
	ck_assert(weir_http2_queue_add(o->s, &q, weir_bytes_of(bytes, sizeof(bytes))));
	weir_http2_queue_drop(o->s, &q, SIZE_MAX);
	owner_destroy(o);
}
END_TEST

/* ---- memory ---- */

START_TEST(a_session_that_reaches_its_memory_limit_ends_with_that_name)
{
	unsigned int ended = 0;

	for (size_t memory = 40 << 10; memory <= 100 << 10; memory += 4 << 10) {
		struct weir_http2_limits limits = weir_http2_limits_default;
		struct owner *o;
		struct raw *r = raw_create();
		size_t peak;

		limits.memory = memory;
		o = owner_create(true, &limits);
		raw_begin(r, true);
		for (uint32_t i = 0; i < 100; i++)
			raw_headers(r, 2 * i + 1, END_STREAM, GET);
		(void)raw_give(r, o, 4096);
		ck_assert(!o->overs || o->over == WEIR_HTTP2_E_MEMORY);
		ended += o->overs;
		(void)weir_http2_memory(o->s, &peak);
		ck_assert_uint_le(peak, memory);
		raw_destroy(r);
		owner_destroy(o);
	}
	ck_assert_uint_gt(ended, 0);
}
END_TEST

/* Requests with cookies, content and trailers, answered; or asked for and answered. */
static void ask_and_answer(struct owner *o, struct raw *r)
{
	enum weir_http2_error why;
	struct weir_http2_stream *st =
		owner_request(o, "GET /a HTTP/1.1\r\nHost: a\r\nCookie: b\r\n\r\n", 0, &why);
	uint32_t id = st ? weir_http2_stream_id(st) : 0;

	weir_http2_flush(o->s, o->now_ns);
	if (!st || o->overs)
		return;
	raw_headers(r, id, 0, F(":status", "100"));
	raw_headers(r, id, 0, F(":status", "200") F("server", "x"));
	raw_frame(r, NGHTTP2_DATA, 0, id, "hello", 5);
	raw_headers(r, id, END_STREAM, F("x", "1"));
}

static void talk(struct owner *o, struct raw *r)
{
	raw_begin(r, o->server);
	for (uint32_t id = 1; id < 40; id += 2) {
		if (o->server) {
			raw_headers(r, id, 0, POST F("cookie", "a=1") F("cookie", "b=2"));
			raw_frame(r, NGHTTP2_DATA, 0, id, "hello", 5);
			raw_headers(r, id, END_STREAM, F("x", "1"));
		} else {
			ask_and_answer(o, r);
		}
		(void)raw_give(r, o, 1000);
	}
}

START_TEST(memory_may_end_anywhere)
{
	unsigned int ended = 0, went = 0;

	for (size_t memory = 28 << 10; memory < 80 << 10; memory += 48) {
		struct weir_http2_limits limits = weir_http2_limits_default;
		struct owner *o;
		struct raw *r;

		limits.memory = memory;
		o = owner_create_if(memory / 48 % 2, &limits);
		if (!o)
			continue;
		r = raw_create();
		o->answer = o->server;
		o->may_fail = true;
		talk(o, r);
		ck_assert_msg(!o->overs || o->over == WEIR_HTTP2_E_MEMORY,
			      "%zu bytes, server %d: %s", memory, o->server,
			      weir_http2_error_name(o->over));
		ended += o->overs;
		went += !o->overs;
		raw_destroy(r);
		owner_destroy(o);
	}
	ck_assert_uint_gt(ended, 50);
	ck_assert_uint_gt(went, 50);
}
END_TEST

START_TEST(no_session_comes_out_of_too_little_memory)
{
	for (size_t memory = 0; memory < 60 << 10; memory += 512) {
		struct weir_http2_limits limits = weir_http2_limits_default;
		struct weir_http2 *w;
		struct weir_http2_config config = {.http = &weir_http_limits_default,
						   .server = memory & 512};
		struct weir_http2_session *s;

		limits.memory = memory;
		w = weir_http2_create(&weir_arena_malloc, &limits);
		ck_assert_ptr_nonnull(w);
		s = weir_http2_session_create(w, &config);
		ck_assert(memory > 8 << 10 || !s);
		weir_http2_session_destroy(s);
		weir_http2_destroy(w);
	}
}
END_TEST

START_TEST(memory_goes_from_session_to_session)
{
	struct weir_http2 *w;
	struct owner *o = owner_create(true, NULL);
	struct weir_http2_config config = {.http = &weir_http_limits_default, .server = true};
	size_t first;

	w = weir_http2_create(&o->source, &weir_http2_limits_default);
	first = o->memory_taken;
	for (unsigned int i = 0; i < 1000; i++) {
		struct weir_http2_session *s = weir_http2_session_create(w, &config);

		ck_assert_ptr_nonnull(s);
		weir_http2_session_destroy(s);
	}
	ck_assert_uint_le(o->memory_taken - first, 64 << 10);
	weir_http2_destroy(w);
	owner_destroy(o);
}
END_TEST

Suite *small_suite(void)
{
	return WEIR_SUITE("http2 small", every_error_has_a_name_a_text_and_a_code,
			  the_preface_is_told_from_the_first_bytes,
			  grpc_messages_come_out_however_they_are_cut,
			  grpc_that_is_wrong_or_too_long_has_its_name,
			  trailers_of_grpc_web_are_taken_where_they_may_be,
			  a_queue_is_cut_wherever_that_is,
			  a_queue_gives_back_what_was_put_in_whatever_the_sizes,
			  a_queue_takes_all_or_nothing_when_memory_ends,
			  a_session_that_reaches_its_memory_limit_ends_with_that_name,
			  memory_may_end_anywhere, no_session_comes_out_of_too_little_memory,
			  memory_goes_from_session_to_session);
}
