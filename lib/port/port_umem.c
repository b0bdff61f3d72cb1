/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net_af_xdp registers a pool's memory with the kernel as one area of as many bytes as its buffers
 * have together, from the first on. A mempool leaves gaps where a buffer would cross a page, so
 * its last buffers lie past that area: the kernel silently throws away what is sent from or
 * received into them, and they never come back. Here such buffers are taken out of the pool first.
 */
#include "port_impl.h"

#include <stdlib.h>

#include <rte_mempool.h>

struct area {
	uintptr_t start, end; /* half-open, of what the kernel will know */
	unsigned int outside;
};

/* As xdp_umem_configure() of net_af_xdp reckons it. */
static struct area area_of(const struct rte_mempool *pool)
{
	const struct rte_mempool_memhdr *first = STAILQ_FIRST(&pool->mem_list);
	uintptr_t start = (uintptr_t)first->addr;
	uint32_t each = rte_mempool_calc_obj_size(pool->elt_size, pool->flags, NULL);

	return (struct area){.start = start, .end = start + (uintptr_t)pool->populated_size * each};
}

static bool inside(const struct area *a, const struct rte_mempool *pool, const void *object)
{
	uintptr_t at = (uintptr_t)object - pool->header_size;

	return at >= a->start &&
	       at + pool->header_size + pool->elt_size + pool->trailer_size <= a->end;
}

static void count_outside(struct rte_mempool *pool, void *area, void *object, unsigned int index)
{
	struct area *a = area;

	a->outside += !inside(a, pool, object);
}

unsigned int port_umem_fit(struct rte_mempool *pool)
{
	struct area a = area_of(pool);
	unsigned int n = 0;
	void **all;

	rte_mempool_obj_iter(pool, count_outside, &a);
	if (!a.outside)
		return 0;
	all = calloc(pool->populated_size, sizeof(*all));
	if (!all)
		return a.outside;
	while (n < pool->populated_size && rte_mempool_get(pool, &all[n]) == 0)
		n++;
	for (unsigned int i = 0; i < n; i++)
		if (inside(&a, pool, all[i]))
			rte_mempool_put(pool, all[i]);
	free(all);
	return a.outside;
}
