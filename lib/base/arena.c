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
