/* SPDX-License-Identifier: BSD-3-Clause */
/* TCP segments as tests speak of them, to frames and back. Written apart from lib/tcp on purpose.
 */
#ifndef SEGMENT_H
#define SEGMENT_H

#include <weir_base.h>
#include <weir_pkt.h>

struct rte_mbuf;
struct rte_mempool;

#define SEGMENT_PAYLOAD_MAX 1460

struct segment {
	uint32_t seq;
	uint32_t ack;
	uint16_t window;
	uint8_t flags;
	uint8_t ecn;   /* of the IP header (RFC 3168 section 5) */
	uint8_t ttl;   /* read only: of the frame that it came in */
	uint8_t scale; /* 0xff: no option */
	uint16_t mss;  /* 0: no option */
	uint16_t urgent;
	bool sack_ok;
	bool timestamp;
	bool fast_open;
	uint32_t ts_val, ts_ecr;
	uint8_t n_sack;
	uint32_t sack[4][2];
	uint16_t len;
	uint8_t payload[SEGMENT_PAYLOAD_MAX];
};

/* A frame from host `from` (0: 10.0.0.1 port 4000, 1: 10.0.0.2 port 80) to the other one. */
struct rte_mbuf *segment_to_frame(const struct segment *s, unsigned int from, uint8_t family,
				  struct rte_mempool *pool);
/* Reads a frame that must be without fault and must look as if host `from` had sent it; frees it.
 */
void segment_from_frame(struct segment *s, struct rte_mbuf *m, unsigned int from, uint8_t family);

#endif
