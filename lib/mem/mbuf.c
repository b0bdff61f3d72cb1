/* SPDX-License-Identifier: BSD-3-Clause */
/* Packet buffers. */
#include <weir_log.h>
#include <weir_mem.h>

#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>

/* DPDK refuses a cache that could hold two thirds of the pool, or more than its own limit. */
static unsigned int fitting_cache(unsigned int cache, uint32_t count)
{
	unsigned int most = count / 3;

	if (most > RTE_MEMPOOL_CACHE_MAX_SIZE)
		most = RTE_MEMPOOL_CACHE_MAX_SIZE;
	return cache < most ? cache : most;
}

struct rte_mempool *weir_mbuf_pool_create(const char *name, uint32_t count, uint16_t frame_bytes,
					  unsigned int cache)
{
	uint32_t room = RTE_PKTMBUF_HEADROOM + (uint32_t)frame_bytes;
	struct rte_mempool *pool;

	room = (room + WEIR_CACHE_LINE - 1) & ~(uint32_t)(WEIR_CACHE_LINE - 1);
	if (room > UINT16_MAX) {
		weir_error("%s: packet buffers of %u bytes are larger than DPDK can have", name,
			   room);
		return NULL;
	}
	pool = rte_pktmbuf_pool_create(name, count, fitting_cache(cache, count), 0, (uint16_t)room,
				       (int)rte_socket_id());
	if (!pool)
		weir_error("%s: cannot make %u packet buffers of %u bytes: %s", name, count, room,
			   rte_strerror(rte_errno));
	return pool;
}
