/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ports inside the process: rings that the bench fills and empties, or net_null, whose receive side
 * hands out buffers of its pool as they are, so that the pool holds ready frames.
 */
#include "lcore.h"

#include <weir_mem.h>

#include <stdio.h>

#include <rte_bus_vdev.h>
#include <rte_eth_ring.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_ring.h>

#define NULL_BUFFERS 8192 /* at least */
#define POOL_CACHE   256
/* A pool's cache is last in, first out: through net_null the same few buffers come again and again.
 * For more flows than this buffers must go round, through a pool without a cache. */
#define CACHED_FLOWS 32
#define DESCRIPTORS  512

/* ---- pools ---- */

static uint32_t buffers(const struct lcore_bench *b)
{
	if (b->opt->ports == LCORE_PORTS_NULL && b->opt->flows > NULL_BUFFERS)
		return (uint32_t)b->opt->flows;
	return NULL_BUFFERS;
}

static void zero_buffer(struct rte_mempool *pool, void *ctx, void *object, unsigned int i)
{
	struct rte_mbuf *m = object;

	memset(m->buf_addr, 0, m->buf_len);
}

/* Where net_null's received packets begin: no headroom is skipped but the usual one. */
static void put_frame(struct rte_mempool *pool, void *worker, void *object, unsigned int i)
{
	struct lcore_worker *w = worker;
	struct rte_mbuf *m = object;

	lcore_write_frame(w, (uint8_t *)m->buf_addr + RTE_PKTMBUF_HEADROOM,
			  lcore_number(w, i % (uint32_t)w->bench->opt->flows), BENCH_TO_SERVER);
}

static bool make_pool(struct lcore_worker *w)
{
	const struct lcore_bench *b = w->bench;
	bool null = b->opt->ports == LCORE_PORTS_NULL;
	uint16_t frame = b->len[0] > BENCH_HEAD_BYTES ? b->len[0] : BENCH_HEAD_BYTES;
	unsigned int cache = null && b->opt->flows > CACHED_FLOWS ? 0 : POOL_CACHE;
	char name[24];

	snprintf(name, sizeof(name), "bench_pool%u", w->id);
	w->pool = weir_mbuf_pool_create(name, buffers(b), null ? frame : BENCH_SIZE_MAX, cache);
	if (!w->pool)
		return false;
	rte_mempool_obj_iter(w->pool, zero_buffer, NULL);
	if (null)
		rte_mempool_obj_iter(w->pool, put_frame, w);
	return true;
}

/* ---- rings ---- */

static struct rte_ring *make_ring(const char *what, unsigned int worker, unsigned int port)
{
	char name[32];

	snprintf(name, sizeof(name), "bench_%s%u_%u", what, worker, port);
	return rte_ring_create(name, LCORE_RING, (int)rte_socket_id(),
			       RING_F_SP_ENQ | RING_F_SC_DEQ);
}

static bool make_rings(struct lcore_worker *w)
{
	for (unsigned int port = 0; port < LCORE_PORTS; port++) {
		w->in[port] = make_ring("in", w->id, port);
		w->out[port] = make_ring("out", w->id, port);
		if (!w->in[port] || !w->out[port])
			return false;
	}
	return true;
}

static int ring_ethdev(struct lcore_bench *b, unsigned int port)
{
	struct rte_ring *in[BENCH_CPUS_MAX], *out[BENCH_CPUS_MAX];
	char name[24];

	for (unsigned int i = 0; i < b->n_workers; i++) {
		in[i] = b->worker[i]->in[port];
		out[i] = b->worker[i]->out[port];
	}
	snprintf(name, sizeof(name), "bench%u", port);
	return rte_eth_from_rings(name, in, b->n_workers, out, b->n_workers, rte_socket_id());
}

/* ---- null ---- */

/* Only the first receives. */
static int null_ethdev(const struct lcore_bench *b, unsigned int port)
{
	char name[24], args[48];
	uint16_t id;

	snprintf(name, sizeof(name), "net_null_bench%u", port);
	snprintf(args, sizeof(args), "size=%u%s", b->len[0], port ? ",no-rx=1" : "");
	if (rte_vdev_init(name, args) != 0 || rte_eth_dev_get_port_by_name(name, &id) != 0)
		return -1;
	return id;
}

/* ---- both ---- */

static bool start_ethdev(const struct lcore_bench *b, uint16_t id)
{
	const struct rte_eth_conf conf = {0};
	uint16_t n = (uint16_t)b->n_workers;

	if (rte_eth_dev_configure(id, n, n, &conf) != 0)
		return false;
	for (uint16_t i = 0; i < n; i++)
		if (rte_eth_rx_queue_setup(id, i, DESCRIPTORS, rte_eth_dev_socket_id(id), NULL,
					   b->worker[i]->pool) != 0 ||
		    rte_eth_tx_queue_setup(id, i, DESCRIPTORS, rte_eth_dev_socket_id(id), NULL) !=
			    0)
			return false;
	return rte_eth_dev_start(id) == 0;
}

static bool open_port(struct lcore_bench *b, unsigned int port)
{
	int id = b->opt->ports == LCORE_PORTS_RING ? ring_ethdev(b, port) : null_ethdev(b, port);

	if (id < 0 || !start_ethdev(b, (uint16_t)id))
		return false;
	b->ethdev[port] = (uint16_t)id;
	for (unsigned int i = 0; i < b->n_workers; i++)
		b->worker[i]->pair[port] = (struct weir_port_pair){(uint16_t)id, (uint16_t)i};
	return true;
}

int lcore_ports_open(struct lcore_bench *b)
{
	for (unsigned int i = 0; i < b->n_workers; i++) {
		struct lcore_worker *w = b->worker[i];

		if (make_pool(w) && (b->opt->ports == LCORE_PORTS_NULL || make_rings(w)))
			continue;
		fputs("weir-bench lcore: no memory for buffers and rings\n", stderr);
		return -WEIR_ENOMEM;
	}
	for (unsigned int port = 0; port < LCORE_PORTS; port++) {
		if (open_port(b, port))
			continue;
		fputs("weir-bench lcore: cannot make the ports\n", stderr);
		return -WEIR_EIO;
	}
	return 0;
}

void lcore_ports_close(struct lcore_bench *b)
{
	for (unsigned int port = 0; port < LCORE_PORTS; port++) {
		rte_eth_dev_stop(b->ethdev[port]);
		rte_eth_dev_close(b->ethdev[port]);
	}
}
