/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory of a worker's sessions. nghttp2 asks for many small pieces and frees them soon, so blocks
 * of the owner's are cut in pieces, each block in those of one size (Bonwick 1994, slabs). A block
 * of which nothing is in use goes back to the owner: what one kind of session has filled with
 * content is there for the heads and tables of others, once it is gone.
 */
#include "http2_impl.h"

#define CHUNK (64u << 10)
/* Sizes up to 4 KiB: 32, 48, 64, 96, ... two to each power of two; then each 4 KiB up to 32 KiB. */
#define SMALL_CLASSES 15
#define SMALL_MAX     4096u
#define STEP          4096u
#define LARGE         (32u << 10)
#define DIRECT        255u /* of its own from the owner */

/* Stands at the beginning of a block; it is in its class's list while `left` is not 0. */
struct http2_chunk {
	struct http2_chunk *next, **pprev;
	struct http2_piece *free; /* that were given back */
	uint32_t pos;             /* where what was never given out begins */
	uint16_t used, left;      /* pieces that are given out, and that can be */
};

/* Stands before what is given out. */
struct http2_piece {
	union {
		struct http2_piece *next; /* while it is free */
		size_t bytes;             /* all of it, while it is in use */
	};
	uint32_t class;
	uint32_t at; /* where it stands in its block */
};
_Static_assert(sizeof(struct http2_piece) == 16, "what is given out stays aligned to 16");
_Static_assert(sizeof(struct http2_chunk) % 16 == 0, "pieces stay aligned to 16");
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
	for (unsigned int i = 0; i < HTTP2_CLASSES; i++)
		weir_assert(!m->room[i]);
}

/* ---- blocks ---- */

static void list(struct http2_memory *m, struct http2_chunk *c, unsigned int class)
{
	c->next = m->room[class];
	c->pprev = &m->room[class];
	if (c->next)
		c->next->pprev = &c->next;
	m->room[class] = c;
}

static void unlist(struct http2_chunk *c)
{
	*c->pprev = c->next;
	if (c->next)
		c->next->pprev = c->pprev;
}

static struct http2_chunk *make_chunk(struct http2_memory *m, unsigned int class, size_t bytes)
{
	struct http2_chunk *c = m->source->take(m->source->context, CHUNK);

	if (!c)
		return NULL;
	*c = (struct http2_chunk){.pos = sizeof(*c),
				  .left = (uint16_t)((CHUNK - sizeof(*c)) / bytes)};
	list(m, c, class);
	return c;
}

static struct http2_piece *take(struct http2_memory *m, unsigned int class, size_t bytes)
{
	struct http2_chunk *c;
	struct http2_piece *p;

	if (class == DIRECT)
		return m->source->take(m->source->context, bytes);
	c = m->room[class] ? m->room[class] : make_chunk(m, class, bytes);
	if (!c)
		return NULL;
	p = c->free;
	if (p) {
		c->free = p->next;
	} else {
		p = (struct http2_piece *)(void *)((uint8_t *)c + c->pos);
		p->at = c->pos;
		c->pos += (uint32_t)bytes;
	}
	c->used++;
	if (--c->left == 0)
		unlist(c);
	return p;
}

static void give(struct http2_memory *m, struct http2_piece *p)
{
	struct http2_chunk *c;

	if (p->class == DIRECT) {
		m->source->give(m->source->context, p, p->bytes);
		return;
	}
	c = (struct http2_chunk *)(void *)((uint8_t *)p - p->at);
	p->next = c->free;
	c->free = p;
	if (c->left++ == 0)
		list(m, c, p->class);
	if (--c->used == 0) {
		unlist(c);
		m->source->give(m->source->context, c, CHUNK);
	}
}

/* ---- pieces ---- */

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
	give(a->from, p);
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
