/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packet buffers. Where addresses are virtual (no hugepages, or an IOMMU) the pool lies in one
 * piece: DPDK's own way of filling it leaves gaps at page boundaries, and net_af_xdp registers only
 * `count` times the size of a buffer, so that those at the end would be lost with the packets in
 * them. With physical addresses a buffer must not cross a page, and the gaps are the price.
 */
#include <weir_log.h>
#include <weir_mem.h>

#include <stdio.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>
#include <rte_mbuf_pool_ops.h>
#include <rte_memzone.h>

/* DPDK refuses a cache that could hold two thirds of the pool, or more than its own limit. */
static unsigned int fitting_cache(unsigned int cache, uint32_t count)
{
	unsigned int most = count / 3;

	if (most > RTE_MEMPOOL_CACHE_MAX_SIZE)
		most = RTE_MEMPOOL_CACHE_MAX_SIZE;
	return cache < most ? cache : most;
}

static void free_zone(struct rte_mempool_memhdr *header, void *zone)
{
	(void)header;
	rte_memzone_free(zone);
}

static bool fill_in_one_piece(struct rte_mempool *pool)
{
	char name[RTE_MEMZONE_NAMESIZE];
	size_t size =
		(size_t)pool->size * (pool->header_size + pool->elt_size + pool->trailer_size);
	const struct rte_memzone *zone;
	int rc;

	snprintf(name, sizeof(name), "Z_%s", pool->name);
	zone = rte_memzone_reserve_aligned(name, size, pool->socket_id, 0, WEIR_CACHE_LINE);
	if (!zone)
		return false;
	rc = rte_mempool_populate_iova(pool, zone->addr, zone->iova, zone->len, free_zone,
				       (void *)(uintptr_t)zone);
	if (rc == (int)pool->size)
		return true;
	if (rc < 0) /* else the pool frees it */
		rte_memzone_free(zone);
	rte_errno = rc < 0 ? -rc : ENOMEM;
	return false;
}

static struct rte_mempool *create_in_one_piece(const char *name, uint32_t count, uint16_t room,
					       unsigned int cache)
{
	struct rte_pktmbuf_pool_private private = {.mbuf_data_room_size = room};
	struct rte_mempool *pool =
		rte_mempool_create_empty(name, count, sizeof(struct rte_mbuf) + room, cache,
					 sizeof(struct rte_pktmbuf_pool_private),
					 (int)rte_socket_id(), RTE_MEMPOOL_F_NO_IOVA_CONTIG);

	if (!pool)
		return NULL;
	if (rte_mempool_set_ops_byname(pool, rte_mbuf_best_mempool_ops(), NULL) == 0) {
		rte_pktmbuf_pool_init(pool, &private);
		if (fill_in_one_piece(pool)) {
			rte_mempool_obj_iter(pool, rte_pktmbuf_init, NULL);
			return pool;
		}
	}
	rte_mempool_free(pool);
	return NULL;
}

struct rte_mempool *weir_mbuf_pool_create(const char *name, uint32_t count, uint16_t frame_bytes,
					  unsigned int cache)
{
	uint32_t room = RTE_PKTMBUF_HEADROOM + frame_bytes;
	struct rte_mempool *pool;

	cache = fitting_cache(cache, count);
	room = (room + WEIR_CACHE_LINE - 1) & ~(uint32_t)(WEIR_CACHE_LINE - 1);
	if (room > UINT16_MAX) {
		weir_error("%s: packet buffers of %u bytes are larger than DPDK can have", name,
			   room);
		return NULL;
	}
	if (rte_eal_iova_mode() == RTE_IOVA_VA)
		pool = create_in_one_piece(name, count, (uint16_t)room, cache);
	else
		pool = rte_pktmbuf_pool_create(name, count, cache, 0, (uint16_t)room,
					       (int)rte_socket_id());
	if (!pool)
		weir_error("%s: cannot make %u packet buffers of %u bytes: %s", name, count, room,
			   rte_strerror(rte_errno));
	return pool;
}
