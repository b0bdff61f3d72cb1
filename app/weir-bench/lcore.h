/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the files of `weir-bench lcore` share. A worker has two ports of its own, source and sink of
 * its own, all on one lcore: nothing waits for another core.
 */
#ifndef BENCH_LCORE_H
#define BENCH_LCORE_H

#include "frame.h"
#include "options.h"

#include <weir_path.h>

#include <pthread.h>

struct rte_ring;

#define LCORE_BLOCK 2048 /* packets */
#define LCORE_STOCK 1024 /* room for buffers that go round; a power of two */
#define LCORE_RING  1024
#define LCORE_BURST 256 /* the largest burst of the source */
#define LCORE_PORTS 2

enum lcore_ports { LCORE_PORTS_RING, LCORE_PORTS_NULL };

/* Who looks at transport checksums: weir, the device (frames are marked as a NIC marks good ones),
 * or nobody. */
enum lcore_checksum { LCORE_CHECKSUM_VERIFY, LCORE_CHECKSUM_DEVICE, LCORE_CHECKSUM_IGNORE };

/* Who forwards: as dpdk-testpmd does in its modes io and 5tswap, and weir. */
enum lcore_peer { LCORE_IO, LCORE_5TSWAP, LCORE_WEIR, LCORE_PEERS };
extern const char *const lcore_peer_names[LCORE_PEERS + 1];

struct lcore_options {
	unsigned int ports;    /* enum lcore_ports */
	unsigned int proto;    /* 0: UDP, 1: TCP */
	unsigned int checksum; /* enum lcore_checksum */
	unsigned int families;
	uint64_t flows; /* a worker */
	uint64_t burst;
	uint64_t blocks;
	uint64_t connections; /* 0: as many as are needed */
	struct bench_sizes sizes;
	struct bench_cpus cpus;
	const char *policy;
	bool new_flows;
	bool both;
	bool json;
};

/* TSC cycles of a block. With null ports source and sink are the ports' own, and so the worker's.
 */
struct lcore_block {
	uint64_t source, worker, sink;
	uint64_t packets;
};

struct lcore_result {
	struct lcore_block *block;
	unsigned int n;
	uint64_t sourced, sunk; /* with rings */
};

/* weir's sampled stages over some blocks. */
struct lcore_slice {
	double cycles[WEIR_STAGE_END]; /* a packet; negative: no sample */
};

struct lcore_bench;

struct lcore_worker {
	/* fixed after start */
	struct lcore_bench *bench;
	unsigned int id;
	struct rte_mempool *pool;
	struct weir_port_pair pair[LCORE_PORTS];
	struct rte_ring *in[LCORE_PORTS];  /* what the port receives; NULL with null ports */
	struct rte_ring *out[LCORE_PORTS]; /* what it sends */
	uint32_t *number;                  /* of its flows; NULL: one worker has them all */

	/* the lcore's */
	struct rte_mbuf *stock[LCORE_STOCK];
	uint32_t stock_head, stock_tail; /* free running */
	uint32_t at;                     /* the flow whose turn it is */
	uint32_t fresh;                  /* the next number that no flow has had */
	unsigned int place;              /* in the sizes */
	bool to_client;                  /* the direction of the next burst, when both send */
	struct lcore_result result[LCORE_PEERS];
	struct weir_stats before, after; /* weir's, around what was measured */
	struct lcore_slice *slice;       /* weir's stages, slice by slice */
	unsigned int slices;
};

struct lcore_bench {
	const struct lcore_options *opt;
	struct bench_net net;
	struct bench_templates templates;
	uint16_t len[BENCH_SIZES_MAX];
	uint64_t ol_flags; /* of what the ports receive */
	uint32_t stride;   /* between flows that follow each other */
	unsigned int n_workers;
	struct lcore_worker *worker[BENCH_CPUS_MAX];
	uint16_t ethdev[LCORE_PORTS];
	pthread_barrier_t barrier; /* all workers measure the same peer at the same time */

	/* weir */
	struct weir_conf *conf;
	struct weir_names *names;
	struct weir_ports *ports;
	struct weir_event_ring *event_ring[BENCH_CPUS_MAX];
	struct weir_path *path;
};

/* lcore_ports.c */
/* 0 or negative, with a line on stderr. */
WEIR_MUST_CHECK int lcore_ports_open(struct lcore_bench *b);
void lcore_ports_close(struct lcore_bench *b);

/* lcore_peers.c */
/* One turn of a peer on the worker's lcore: receives from each port, forwards. Returns packets. */
unsigned int lcore_turn(struct lcore_worker *w, enum lcore_peer peer);

/* lcore_flows.c: which flows are whose */
/* Gives each worker its flows. 0, or -WEIR_ENOMEM. After lcore_weir_prepare. */
WEIR_MUST_CHECK int lcore_flows_assign(struct lcore_bench *b);
/* The number of the worker's flow `i`, which is below the flows of a worker. */
static inline uint32_t lcore_number(const struct lcore_worker *w, uint32_t i)
{
	return w->number ? w->number[i] : i;
}
/* A number that the worker has not used. */
uint32_t lcore_fresh_number(struct lcore_worker *w);

/* lcore_weir.c */
/* The part of `ports` that tells whose a flow is. 0 or -WEIR_ENOMEM. */
WEIR_MUST_CHECK int lcore_weir_prepare(struct lcore_bench *b);
/* What the path needs, made without a configuration file. 0 or negative, with a line on stderr. */
WEIR_MUST_CHECK int lcore_weir_create(struct lcore_bench *b);
void lcore_weir_destroy(struct lcore_bench *b);
/* Takes the events that stand in the worker's ring. */
void lcore_weir_discard_events(struct lcore_worker *w);
/* Flows that the table of all workers must hold. */
uint64_t lcore_weir_connections(const struct lcore_bench *b);
uint64_t lcore_weir_bytes(const struct lcore_bench *b);

/* lcore_source.c */
/* Puts a burst of at most `n` into the ports' rings; returns how many. */
unsigned int lcore_source(struct lcore_worker *w, unsigned int n);
/* Takes all that was sent; returns how many. */
unsigned int lcore_sink(struct lcore_worker *w);
/* Makes the worker's flows known to weir, untimed. */
void lcore_open_flows(struct lcore_worker *w);
/* A frame of flow `i` into `frame`; returns its length, bytes without FCS. */
uint16_t lcore_write_frame(struct lcore_worker *w, uint8_t *frame, uint32_t number,
			   enum bench_dir dir);

/* lcore_report.c */
void lcore_report(struct lcore_bench *b);

#endif
