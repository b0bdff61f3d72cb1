/* SPDX-License-Identifier: BSD-3-Clause */
/* A bump allocator over chunks of its owner's memory. */
#include <stdlib.h>

#include <weir_base.h>

struct weir_arena_chunk {
	struct weir_arena_chunk *next;
	size_t bytes; /* with this header */
};
_Static_assert(sizeof(struct weir_arena_chunk) % 16 == 0, "allocations stay aligned");

static void *malloc_take(void *context, size_t bytes)
{
	(void)context;
	return malloc(bytes);
}

static void malloc_give(void *context, void *chunk, size_t bytes)
{
	(void)context;
	(void)bytes;
	free(chunk);
}

const struct weir_arena_source weir_arena_malloc = {.take = malloc_take, .give = malloc_give};

void weir_arena_init(struct weir_arena *a, const struct weir_arena_source *source, size_t limit)
{
	*a = (struct weir_arena){.source = source, .limit = limit};
}

void weir_arena_reset(struct weir_arena *a)
{
	while (a->chunks) {
		struct weir_arena_chunk *c = a->chunks;

		a->chunks = c->next;
		a->source->give(a->source->context, c, c->bytes);
	}
	weir_arena_init(a, a->source, a->limit);
}

/* What is left of the newest chunk is wasted, but for a large allocation: that gets a chunk for
 * itself, behind the newest. */
void *weir_arena_grow(struct weir_arena *a, size_t bytes)
{
	size_t need = ((bytes + 15) & ~(size_t)15) + sizeof(struct weir_arena_chunk);
	bool own = need > WEIR_ARENA_CHUNK / 2 && a->chunks;
	size_t want = need > WEIR_ARENA_CHUNK ? need : WEIR_ARENA_CHUNK;
	struct weir_arena_chunk *c = NULL;
	uint8_t *at;

	if (own)
		want = need;
	if (need >= bytes && want <= a->limit - a->taken)
		c = a->source->take(a->source->context, want);
	if (!c) {
		a->failed = true;
		return NULL;
	}
	c->bytes = want;
	a->taken += want;
	at = (uint8_t *)(c + 1);
	if (own) {
		c->next = a->chunks->next;
		a->chunks->next = c;
		return at;
	}
	c->next = a->chunks;
	a->chunks = c;
	a->pos = at + ((bytes + 7) & ~(size_t)7);
	a->end = (uint8_t *)c + want;
	return at;
}

struct weir_bytes weir_arena_copy(struct weir_arena *a, struct weir_bytes b)
{
	uint8_t *at = weir_arena_alloc(a, b.len);

	if (!at)
		return (struct weir_bytes){0};
	if (b.len)
		memcpy(at, b.ptr, b.len);
	return weir_bytes_of(at, b.len);
}

/* ---- images: the arena, then what each of its chunks has of use, newest first ---- */

static size_t used_of(const struct weir_arena *a, const struct weir_arena_chunk *c)
{
	return c == a->chunks ? (size_t)(a->pos - (const uint8_t *)c) : c->bytes;
}

size_t weir_arena_image_bytes(const struct weir_arena *a)
{
	size_t bytes = sizeof(*a);

	for (const struct weir_arena_chunk *c = a->chunks; c; c = c->next)
		bytes += used_of(a, c);
	return bytes;
}

void weir_arena_save(const struct weir_arena *a, void *image)
{
	uint8_t *at = image;

	memcpy(at, a, sizeof(*a));
	at += sizeof(*a);
	for (const struct weir_arena_chunk *c = a->chunks; c; c = c->next) {
		memcpy(at, c, used_of(a, c));
		at += used_of(a, c);
	}
}

/* Newer chunks stand before the newest of the image, and large ones directly behind that one. */
static void give_newer(struct weir_arena *a, const struct weir_arena_chunk *newest,
		       const struct weir_arena_chunk *next)
{
	struct weir_arena_chunk *c = a->chunks, *after;

	for (; c != next; c = after) {
		after = c->next;
		if (c != newest)
			a->source->give(a->source->context, c, c->bytes);
	}
}

void weir_arena_restore(struct weir_arena *a, const void *image)
{
	const uint8_t *at = image;
	struct weir_arena_chunk first;
	struct weir_arena was;

	memcpy(&was, at, sizeof(was));
	at += sizeof(was);
	if (was.chunks) {
		memcpy(&first, at, sizeof(first));
		give_newer(a, was.chunks, first.next);
	} else {
		weir_arena_reset(a);
	}
	for (struct weir_arena_chunk *c = was.chunks; c; c = c->next) {
		size_t used = used_of(&was, c);

		memcpy(c, at, used);
		at += used;
	}
	*a = was;
}
