/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory of a worker's transactions: one region taken at the start, cut in halves (a buddy system).
 * A block's size is a power of two times the least; buddies that are both free become one again.
 */
#include <stdlib.h>

#include "waf_memory.h"

#define LEAST      WEIR_ARENA_CHUNK
#define ORDERS_MAX 24

struct block {
	struct block *next, **pprev; /* of a free one, in the list of its order */
};

struct waf_memory {
	uint8_t *region;
	uint8_t *order_of; /* by least block, of the one that begins there: order + 1 while free */
	uint64_t bytes;
	struct weir_use use; /* bytes */
	struct block *free[ORDERS_MAX];
};

static size_t bytes_of(unsigned int order)
{
	return (size_t)LEAST << order;
}

static void put(struct waf_memory *m, size_t index, unsigned int order)
{
	struct block *b = (struct block *)(void *)(m->region + index * LEAST);

	b->next = m->free[order];
	b->pprev = &m->free[order];
	if (b->next)
		b->next->pprev = &b->next;
	m->free[order] = b;
	m->order_of[index] = (uint8_t)(order + 1);
}

static void unlink_block(struct waf_memory *m, struct block *b, size_t index)
{
	*b->pprev = b->next;
	if (b->next)
		b->next->pprev = b->pprev;
	m->order_of[index] = 0;
}

static size_t index_of(const struct waf_memory *m, const void *block)
{
	return (size_t)((const uint8_t *)block - m->region) / LEAST;
}

/* The region as the fewest blocks: one for each bit of its size. */
struct waf_memory *waf_memory_create(uint64_t bytes)
{
	struct waf_memory *m = calloc(1, sizeof(*m));
	size_t blocks = bytes / LEAST, at = 0;

	if (!m)
		return NULL;
	m->bytes = m->use.size = blocks * LEAST;
	m->region = aligned_alloc(LEAST, m->bytes ? m->bytes : LEAST);
	m->order_of = calloc(blocks + 1, 1);
	if (!m->region || !m->order_of) {
		waf_memory_destroy(m);
		return NULL;
	}
	for (unsigned int order = ORDERS_MAX; order-- > 0;)
		for (; blocks - at >= (size_t)1 << order; at += (size_t)1 << order)
			put(m, at, order);
	return m;
}

void waf_memory_destroy(struct waf_memory *m)
{
	if (!m)
		return;
	free(m->region);
	free(m->order_of);
	free(m);
}

static unsigned int order_for(size_t bytes)
{
	unsigned int order = 0;

	while (order < ORDERS_MAX && bytes_of(order) < bytes)
		order++;
	return order;
}

void *waf_memory_take(void *memory, size_t bytes)
{
	struct waf_memory *m = memory;
	unsigned int want = order_for(bytes), order = want;
	struct block *b;
	size_t index;

	while (order < ORDERS_MAX && !m->free[order])
		order++;
	if (order >= ORDERS_MAX) {
		m->use.full++;
		return NULL;
	}
	b = m->free[order];
	index = index_of(m, b);
	unlink_block(m, b, index);
	while (order > want) {
		order--;
		put(m, index + ((size_t)1 << order), order);
	}
	weir_use_take(&m->use, bytes_of(want));
	return b;
}

void waf_memory_give(void *memory, void *block, size_t bytes)
{
	struct waf_memory *m = memory;
	unsigned int order = order_for(bytes);
	size_t index = index_of(m, block), blocks = m->bytes / LEAST;

	weir_use_give(&m->use, bytes_of(order));
	for (; order + 1 < ORDERS_MAX; order++) {
		size_t buddy = index ^ (size_t)1 << order;

		if (buddy >= blocks || m->order_of[buddy] != order + 1)
			break;
		unlink_block(m, (struct block *)(void *)(m->region + buddy * LEAST), buddy);
		index &= ~((size_t)1 << order);
	}
	put(m, index, order);
}

struct weir_use waf_memory_use(const struct waf_memory *m)
{
	return m->use;
}
