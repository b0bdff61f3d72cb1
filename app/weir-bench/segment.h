/* SPDX-License-Identifier: BSD-3-Clause */
/* TCP segments as a Linux host sends them: IPv4, timestamps, checksums done. */
#ifndef BENCH_SEGMENT_H
#define BENCH_SEGMENT_H

#include <weir_base.h>

struct rte_mbuf;
struct rte_mempool;

/* Payload of a full segment: what timestamps leave of 1460. */
#define BENCH_MSS 1448

struct bench_segment {
	uint32_t src, dst; /* host order */
	uint16_t sport, dport;
	uint32_t seq, ack;
	uint8_t flags;
	uint32_t window;           /* bytes; of those that were read, but for SYN */
	uint32_t clock_ms;         /* of both hosts: nothing takes time between them */
	struct weir_bytes payload; /* at most BENCH_MSS */
};

/* NULL: no buffer left. The caller owns it. */
struct rte_mbuf *bench_segment_make(struct rte_mempool *pool, const struct bench_segment *s);

/* What weir has sent; the payload is a view into `m`. Only of segments in one buffer, without VLAN.
 */
void bench_segment_read(struct rte_mbuf *m, struct bench_segment *out);

#endif
