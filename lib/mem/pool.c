/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Objects of one size for one worker: an array, a stack of free places, and a bit a place for those
 * that are taken. The bit makes a walk cheap and catches what is given back twice.
 */
#include <weir_log.h>
#include <weir_mem.h>

#include <stdio.h>
#include <stdlib.h>

#include <rte_malloc.h>

struct weir_pool {
	uint8_t *objects;
	uint32_t *free_places; /* the last one is taken next */
	uint64_t *taken;
	uint32_t n_free;
	uint32_t least_free; /* that there were since it was made */
	uint32_t count;
	uint64_t full; /* times that it had none */
	size_t size;
	/* Division by `size`, which is an odd number shifted, is multiplication by that one's
	 * inverse modulo 2^64, where nothing is left over. */
	unsigned int shift;
	uint64_t inverse;
	char name[32];
};

static void *zeroed(const char *name, size_t n, size_t size)
{
	size_t bytes;

	/* rte_calloc multiplies without looking. */
	if (__builtin_mul_overflow(n, size, &bytes))
		return NULL;
	return rte_zmalloc(name, bytes, WEIR_CACHE_LINE);
}

/* Newton's method: each step doubles the bits that are right, of which `odd` itself has three. */
static uint64_t inverse_of(uint64_t odd)
{
	uint64_t x = odd;

	for (unsigned int bits = 3; bits < 64; bits *= 2)
		x *= 2 - odd * x;
	return x;
}

struct weir_pool *weir_pool_create(const char *name, uint32_t count, size_t size)
{
	struct weir_pool *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	snprintf(p->name, sizeof(p->name), "%s", name);
	p->size = (size + WEIR_CACHE_LINE - 1) & ~(size_t)(WEIR_CACHE_LINE - 1);
	p->shift = (unsigned int)__builtin_ctzll(p->size);
	p->inverse = inverse_of(p->size >> p->shift);
	p->count = p->n_free = p->least_free = count;
	p->objects = zeroed(name, count, p->size);
	p->free_places = zeroed(name, count, sizeof(*p->free_places));
	p->taken = zeroed(name, ((size_t)count + 63) / 64, sizeof(*p->taken));
	if (!p->objects || !p->free_places || !p->taken) {
		weir_error("%s: no memory for %u objects of %zu bytes", name, count, p->size);
		weir_pool_destroy(p);
		return NULL;
	}
	/* The first one taken is the first in memory. */
	for (uint32_t i = 0; i < count; i++)
		p->free_places[i] = count - 1 - i;
	return p;
}

void weir_pool_destroy(struct weir_pool *p)
{
	if (!p)
		return;
	rte_free(p->taken);
	rte_free(p->free_places);
	rte_free(p->objects);
	free(p);
}

void *weir_pool_take(struct weir_pool *p)
{
	uint32_t place;

	if (weir_unlikely(p->n_free == 0)) {
		p->full++;
		return NULL;
	}
	place = p->free_places[--p->n_free];
	if (p->n_free < p->least_free)
		p->least_free = p->n_free;
	p->taken[place / 64] |= 1ULL << (place % 64);
	return p->objects + p->size * place;
}

void weir_pool_give(struct weir_pool *p, void *object)
{
	uint32_t place = weir_pool_index(p, object);

	weir_assert(weir_pool_taken(p, place));
	p->taken[place / 64] &= ~(1ULL << (place % 64));
	p->free_places[p->n_free++] = place;
}

bool weir_pool_taken(const struct weir_pool *p, uint32_t index)
{
	weir_assert(index < p->count);
	return p->taken[index / 64] >> (index % 64) & 1;
}

uint32_t weir_pool_index(const struct weir_pool *p, const void *object)
{
	size_t offset = (size_t)((const uint8_t *)object - p->objects);
	uint64_t place = (offset >> p->shift) * p->inverse;

	weir_assert(place < p->count && place * p->size == offset);
	return (uint32_t)place;
}

void *weir_pool_at(const struct weir_pool *p, uint32_t index)
{
	weir_assert(index < p->count);
	return p->objects + p->size * index;
}

uint32_t weir_pool_count(const struct weir_pool *p)
{
	return p->count;
}

uint32_t weir_pool_used(const struct weir_pool *p)
{
	return p->count - p->n_free;
}

struct weir_use weir_pool_use(const struct weir_pool *p)
{
	return (struct weir_use){
		.used = p->count - p->n_free,
		.size = p->count,
		.peak = p->count - p->least_free,
		.full = p->full,
	};
}

const char *weir_pool_name(const struct weir_pool *p)
{
	return p->name;
}
