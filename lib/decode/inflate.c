/* SPDX-License-Identifier: BSD-3-Clause */
/* Content codings undone by zlib and brotli, up to a bound. */
#include <stdlib.h>

#include <brotli/decode.h>
#include <zlib.h>

#include "decode_impl.h"

int weir_coding_find(struct weir_bytes coding)
{
	static const struct {
		const char *name;
		enum weir_coding coding;
	} codings[] = {
		{"identity", WEIR_CODING_IDENTITY}, {"gzip", WEIR_CODING_GZIP},
		{"x-gzip", WEIR_CODING_GZIP},       {"deflate", WEIR_CODING_DEFLATE},
		{"br", WEIR_CODING_BROTLI},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(codings); i++)
		if (weir_bytes_is_case(coding, codings[i].name))
			return (int)codings[i].coding;
	return -WEIR_ENOTFOUND;
}

/* What is made, a piece at a time, joined at the end: nobody knows how much it will be. */
#define PIECE 16384
struct piece {
	struct piece *next;
	size_t len;
	uint8_t bytes[PIECE];
};

struct output {
	struct weir_arena *arena;
	struct piece *first, **last;
	size_t total, max;
	const struct weir_inflate_limits *limits;
	uint8_t *window;     /* of brotli */
	size_t window_bytes; /* that are still to be had */
	bool stopped;        /* by the caller: what there is is not wanted */
};

static bool go_on(struct output *o)
{
	o->stopped = o->stopped || (o->limits->go_on && !o->limits->go_on(o->limits->context));
	return !o->stopped;
}

static bool may_make_more(struct output *o)
{
	return o->total <= o->max && go_on(o);
}

/* Room for more: a new piece where the last is full. NULL: no memory. */
static struct piece *room(struct output *o)
{
	struct piece *p;

	if (o->first) {
		p = (struct piece *)((uint8_t *)o->last - offsetof(struct piece, next));
		if (p->len < PIECE)
			return p;
	}
	p = weir_arena_alloc(o->arena, sizeof(*p));
	if (p) {
		p->next = NULL;
		p->len = 0;
		*o->last = p;
		o->last = &p->next;
	}
	return p;
}

static int join(struct output *o, struct weir_bytes *out)
{
	size_t n = o->total > o->max ? o->max : o->total, at = 0;
	uint8_t *bytes;

	if (!o->first || o->stopped)
		return 0;
	if (!o->first->next) {
		*out = weir_bytes_of(o->first->bytes, n);
		return 0;
	}
	bytes = weir_arena_alloc(o->arena, n);
	if (!bytes)
		return -WEIR_ENOMEM;
	for (const struct piece *p = o->first; p && at < n; p = p->next) {
		size_t take = p->len < n - at ? p->len : n - at;

		memcpy(bytes + at, p->bytes, take);
		at += take;
		if (!go_on(o))
			return -WEIR_ELIMIT;
	}
	*out = weir_bytes_of(bytes, n);
	return 0;
}

/* Runs `z` over all of its input. 0 at the end of the stream. */
static int run_zlib(z_stream *z, struct output *o)
{
	for (;;) {
		struct piece *p = room(o);
		int rc;

		if (!p)
			return -WEIR_ENOMEM;
		z->next_out = p->bytes + p->len;
		z->avail_out = (uInt)(PIECE - p->len);
		rc = inflate(z, Z_NO_FLUSH);
		o->total += PIECE - p->len - z->avail_out;
		p->len = PIECE - z->avail_out;
		if (!may_make_more(o))
			return -WEIR_ELIMIT;
		if (rc == Z_STREAM_END)
			return 0;
		if (rc == Z_MEM_ERROR)
			return -WEIR_ENOMEM;
		if (rc != Z_OK || (z->avail_in == 0 && z->avail_out))
			return -WEIR_EFORMAT;
	}
}

/* `window` as inflateInit2() takes it. */
static int undo_zlib(struct weir_bytes in, int window, struct output *o)
{
	z_stream z = {0};
	int rc;

	if (inflateInit2(&z, window) != Z_OK)
		return -WEIR_ENOMEM;
	z.next_in = (Bytef *)(uintptr_t)in.ptr;
	z.avail_in = (uInt)in.len;
	rc = run_zlib(&z, o);
	inflateEnd(&z);
	return rc;
}

/* The decoder takes the whole window, and may fill it before it gives a byte: that is a step,
 * before which the caller is asked for as much time. */
#define BROTLI_WINDOW 22 /* bits: what encoders take unless they are told otherwise */

/* Bits of the window, as the stream begins with them (RFC 7932 section 9.1); those of the smaller
 * ones are not told apart. */
static unsigned int brotli_window(struct weir_bytes in)
{
	unsigned int n = in.len ? in.ptr[0] >> 1 & 7 : 0;

	return in.len && in.ptr[0] & 1 && n ? 17 + n : 17;
}

/* What the decoder puts behind its window. */
#define WINDOW_MORE 1024
#define PAGE        4096

static bool has_time_for(struct output *o, size_t bytes)
{
	const struct weir_inflate_limits *l = o->limits;

	o->stopped = o->stopped || (l->has_time_for && !l->has_time_for(l->context, bytes));
	return !o->stopped;
}

/* The window is touched before, with looks at the clock: memory that was never used takes as long
 * as what it is used for. */
static bool make_window(struct output *o, size_t bytes)
{
	o->window = malloc(bytes);
	o->window_bytes = o->window ? bytes : 0;
	for (size_t i = 0; i < o->window_bytes; i += PAGE) {
		o->window[i] = 0;
		if (i % (16 * PAGE) == 0 && !go_on(o))
			return false;
	}
	return o->window;
}

static void *take_brotli(void *context, size_t bytes)
{
	struct output *o = context;
	void *at = o->window;

	if (bytes < PIECE || bytes > o->window_bytes)
		return malloc(bytes);
	o->window_bytes = 0; /* it is taken */
	return at;
}

static void give_brotli(void *context, void *at)
{
	struct output *o = context;

	if (at != o->window)
		free(at);
}

static int undo_brotli(struct weir_bytes in, struct output *o)
{
	BrotliDecoderState *b = NULL;
	BrotliDecoderResult result;
	const uint8_t *next = in.ptr;
	size_t left = in.len;
	int rc = -WEIR_EFORMAT;

	if (make_window(o, ((size_t)1 << brotli_window(in)) + WINDOW_MORE))
		b = BrotliDecoderCreateInstance(take_brotli, give_brotli, o);
	if (!b) {
		free(o->window);
		return o->stopped ? -WEIR_ELIMIT : -WEIR_ENOMEM;
	}
	do {
		struct piece *p = room(o);
		size_t avail = p ? PIECE - p->len : 0;
		uint8_t *at = p ? p->bytes + p->len : NULL;

		if (!p) {
			rc = -WEIR_ENOMEM;
			break;
		}
		if (!has_time_for(o, (size_t)1 << brotli_window(in))) {
			rc = -WEIR_ELIMIT;
			break;
		}
		result = BrotliDecoderDecompressStream(b, &left, &next, &avail, &at, NULL);
		o->total += PIECE - avail - p->len;
		p->len = PIECE - avail;
		if (!may_make_more(o)) {
			rc = -WEIR_ELIMIT;
			break;
		}
		if (result == BROTLI_DECODER_RESULT_SUCCESS)
			rc = 0;
	} while (result == BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT);
	BrotliDecoderDestroyInstance(b);
	free(o->window);
	return rc;
}

/* zlib's header (RFC 1950 section 2.2) as the standard wants it for "deflate". */
static bool has_zlib_header(struct weir_bytes in)
{
	return in.len >= 2 && (in.ptr[0] & 0x0f) == Z_DEFLATED && in.ptr[0] >> 4 <= 7 &&
	       (in.ptr[0] << 8 | in.ptr[1]) % 31 == 0;
}

int weir_inflate(enum weir_coding coding, struct weir_bytes in,
		 const struct weir_inflate_limits *limits, struct weir_arena *a,
		 struct weir_bytes *out)
{
	size_t max = limits->max;
	struct output o = {.arena = a, .last = &o.first, .max = max, .limits = limits};
	int rc, joined;

	*out = (struct weir_bytes){0};
	if (in.len > INT32_MAX)
		return -WEIR_ELIMIT;
	if (coding == WEIR_CODING_IDENTITY) {
		*out = weir_bytes_of(in.ptr, in.len > max ? max : in.len);
		return in.len > max ? -WEIR_ELIMIT : 0;
	}
	if (coding == WEIR_CODING_GZIP)
		rc = undo_zlib(in, MAX_WBITS + 16, &o);
	else if (coding == WEIR_CODING_DEFLATE)
		rc = undo_zlib(in, has_zlib_header(in) ? MAX_WBITS : -MAX_WBITS, &o);
	else if (brotli_window(in) > BROTLI_WINDOW && (size_t)1 << brotli_window(in) > max)
		rc = -WEIR_ELIMIT;
	else
		rc = undo_brotli(in, &o);
	joined = join(&o, out);
	return joined ? joined : rc;
}
