/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory of a worker's sessions. nghttp2 asks for many small pieces and frees them soon, so blocks
 * of the owner's are cut in pieces of a few sizes, and a piece that was freed waits for the next
 * session that wants one of its size. Nothing is given back to the owner before the end but what is
 * larger than the largest size.
 */
#include "http2_impl.h"

#define CHUNK (64u << 10)
/* Sizes up to 4 KiB: 32, 48, 64, 96, ... two to each power of two; then each 4 KiB up to 32 KiB. */
#define SMALL_CLASSES 15
#define SMALL_MAX     4096u
#define STEP          4096u
#define LARGE         (32u << 10)
#define DIRECT        255u /* of its own from the owner */

struct http2_chunk {
	struct http2_chunk *next;
	size_t bytes;
};

/* Stands before what is given out. */
struct http2_piece {
	union {
		struct http2_piece *next; /* while it is free */
		size_t bytes;             /* all of it, while it is in use */
	};
	uint32_t class;
	uint32_t unused;
};
_Static_assert(sizeof(struct http2_piece) == 16, "what is given out stays aligned to 16");
_Static_assert(sizeof(struct http2_chunk) == 16, "pieces stay aligned to 16");
_Static_assert(SMALL_CLASSES + (LARGE - SMALL_MAX) / STEP <= HTTP2_CLASSES, "classes fit");

static unsigned int class_of(size_t bytes, size_t *rounded)
{
	unsigned int power, half;

	if (bytes > LARGE) {
		*rounded = (bytes + 15) & ~(size_t)15;
		return DIRECT;
	}
	if (bytes > SMALL_MAX) {
		*rounded = (bytes + STEP - 1) & ~(size_t)(STEP - 1);
		return SMALL_CLASSES + (unsigned int)((*rounded - SMALL_MAX) / STEP) - 1;
	}
	if (bytes <= 32) {
		*rounded = 32;
		return 0;
	}
	power = 63 - (unsigned int)__builtin_clzl(bytes - 1); /* bytes in (2^power, 2^(power+1)] */
	half = bytes > (size_t)3 << (power - 1);
	*rounded = half ? (size_t)2 << power : (size_t)3 << (power - 1);
	return 2 * (power - 5) + 1 + half;
}

void http2_memory_init(struct http2_memory *m, const struct weir_arena_source *source)
{
	*m = (struct http2_memory){.source = source};
}

void http2_memory_fini(struct http2_memory *m)
{
	while (m->chunks) {
		struct http2_chunk *c = m->chunks;

		m->chunks = c->next;
		m->source->give(m->source->context, c, c->bytes);
	}
}

static struct http2_piece *cut(struct http2_memory *m, size_t bytes)
{
	struct http2_piece *p;

	if ((size_t)(m->end - m->pos) < bytes) {
		struct http2_chunk *c = m->source->take(m->source->context, CHUNK);

		if (!c)
			return NULL;
		*c = (struct http2_chunk){.next = m->chunks, .bytes = CHUNK};
		m->chunks = c;
		m->pos = (uint8_t *)(c + 1);
		m->end = (uint8_t *)c + CHUNK;
	}
	p = (struct http2_piece *)(void *)m->pos;
	m->pos += bytes;
	return p;
}

static struct http2_piece *take(struct http2_memory *m, unsigned int class, size_t bytes)
{
	struct http2_piece *p;

	if (class == DIRECT)
		return m->source->take(m->source->context, bytes);
	p = m->free[class];
	if (!p)
		return cut(m, bytes);
	m->free[class] = p->next;
	return p;
}

void *http2_alloc(struct http2_account *a, size_t bytes)
{
	struct http2_piece *p = NULL;
	unsigned int class;
	size_t all;

	if (bytes <= a->limit) {
		class = class_of(bytes + sizeof(*p), &all);
		if (all <= a->limit - a->used)
			p = take(a->from, class, all);
	}
	if (!p) {
		a->failed = true;
		return NULL;
	}
	p->bytes = all;
	p->class = class;
	a->used += all;
	if (a->used > a->peak)
		a->peak = a->used;
	return p + 1;
}

void *http2_zalloc(struct http2_account *a, size_t bytes)
{
	void *at = http2_alloc(a, bytes);

	return at ? memset(at, 0, bytes) : NULL;
}

void http2_free(struct http2_account *a, void *piece)
{
	struct http2_piece *p = piece;

	if (!p)
		return;
	p--;
	a->used -= p->bytes;
	if (p->class == DIRECT) {
		a->from->source->give(a->from->source->context, p, p->bytes);
		return;
	}
	p->next = a->from->free[p->class];
	a->from->free[p->class] = p;
}

void *http2_realloc(struct http2_account *a, void *piece, size_t bytes)
{
	size_t have =
		piece ? ((struct http2_piece *)piece)[-1].bytes - sizeof(struct http2_piece) : 0;
	void *at;

	if (piece && bytes <= have)
		return piece;
	at = http2_alloc(a, bytes);
	if (at && piece) {
		memcpy(at, piece, have);
		http2_free(a, piece);
	}
	return at;
}

/* ---- for nghttp2 ---- */

static void *ng_malloc(size_t bytes, void *account)
{
	return http2_alloc(account, bytes);
}

static void ng_free(void *piece, void *account)
{
	http2_free(account, piece);
}

static void *ng_calloc(size_t n, size_t bytes, void *account)
{
	return bytes && n > SIZE_MAX / bytes ? NULL : http2_zalloc(account, n * bytes);
}

static void *ng_realloc(void *piece, size_t bytes, void *account)
{
	return http2_realloc(account, piece, bytes);
}

nghttp2_mem http2_memory_for_nghttp2(struct http2_account *a)
{
	return (nghttp2_mem){
		.mem_user_data = a,
		.malloc = ng_malloc,
		.free = ng_free,
		.calloc = ng_calloc,
		.realloc = ng_realloc,
	};
}
