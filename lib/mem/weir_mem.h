/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory of the packet path: one EAL start for every program of weir, how much is needed for a
 * configuration, mbuf pools, and fixed-size object pools of a worker.
 */
#ifndef WEIR_MEM_H
#define WEIR_MEM_H

#include <weir_base.h>

struct rte_mempool;

/* ---- EAL ---- */

struct weir_eal_cfg {
	const char *program;      /* argv[0] of EAL */
	const uint16_t *cpus;     /* one lcore is made for each, lcore ids 0..n_cpus-1 */
	unsigned int n_cpus;      /* 0 for tools: one lcore, no pinning */
	uint64_t need_bytes;      /* heap that must be there */
	const char *need_text;    /* " (…)": what for, when it is not; NULL: unsaid */
	bool hugepages;           /* false: --no-huge */
	bool in_memory;           /* no files that outlive the process; only with hugepages */
	bool pci;                 /* false: --no-pci */
	const char *const *allow; /* PCI addresses to take, else none */
	unsigned int n_allow;
	const char *file_prefix; /* NULL: one of this process alone, and no files stay behind */
	bool quiet;              /* EAL's own lines from warning up only */
};

/*
 * Starts EAL. The calling thread becomes the main lcore, whose id is `n_cpus` and which floats over
 * all CPUs that the process may use. Returns 0; or -WEIR_EINVAL for CPUs that cannot be used,
 * -WEIR_ENOMEM when `need_bytes` are not there, -WEIR_EIO when EAL refused. Then `why` (may be
 * NULL) has a sentence that an operator understands and, when there is one, the command that mends
 * it. Once a process; before any other thread that uses DPDK.
 */
WEIR_MUST_CHECK int weir_eal_start(const struct weir_eal_cfg *cfg, struct weir_buf *why);

/* Ordinary memory that this process may still take, and by whose limit: "left of the 512 MiB of
 * control group /x". */
struct weir_room {
	uint64_t bytes;
	char whose[160];
};
/* `root` stands before /proc and /sys: "" but in tests. */
struct weir_room weir_memory_room(const char *root);

/* 2 MiB and 1 GiB pages free on this machine, in bytes. */
uint64_t weir_hugepages_free(void);

/* ---- mbuf pools ---- */

/*
 * A pool of `count` packet buffers whose data room holds a frame of `frame_bytes` after the usual
 * headroom. `cache` is buffers a lcore keeps for itself (cut to what DPDK allows for `count`), 0
 * for pools used by threads that are not lcores. NULL: no memory, logged.
 */
struct rte_mempool *weir_mbuf_pool_create(const char *name, uint32_t count, uint16_t frame_bytes,
					  unsigned int cache);

/* ---- object pools ---- */

/*
 * `count` objects of `size` bytes, cache-line aligned, for one worker alone: a free list, no lock.
 * Objects keep their address and their place 0..count-1 for life; memory is from EAL's heap, zeroed
 * once at creation and not between uses.
 */
struct weir_pool;
/* NULL: no memory, logged. */
struct weir_pool *weir_pool_create(const char *name, uint32_t count, size_t size);
void weir_pool_destroy(struct weir_pool *p);
/* NULL when all are taken. */
void *weir_pool_take(struct weir_pool *p);
/* `object` must be one that was taken from `p` and not given back since. */
void weir_pool_give(struct weir_pool *p, void *object);
bool weir_pool_taken(const struct weir_pool *p, uint32_t index);
uint32_t weir_pool_index(const struct weir_pool *p, const void *object);
void *weir_pool_at(const struct weir_pool *p, uint32_t index);
uint32_t weir_pool_count(const struct weir_pool *p);
uint32_t weir_pool_used(const struct weir_pool *p);
/* Any thread. */
struct weir_use weir_pool_use(const struct weir_pool *p);
const char *weir_pool_name(const struct weir_pool *p);

#endif
