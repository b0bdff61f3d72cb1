/* SPDX-License-Identifier: BSD-3-Clause */
/* A fragment table with its clock, and datagrams in pieces. */
#ifndef FRAG_LAB_H
#define FRAG_LAB_H

#include "fixture.h"

struct lab {
	struct weir_frag *frag;
	uint64_t now_ns;
	uint16_t origin;
	struct bytes whole;   /* the last datagram that came out */
	struct weir_pkt made; /* the same, parsed; its mbuf is the test's to free */
	struct weir_stats stats;
};

void lab_open(struct lab *l, const struct weir_frag_cfg *cfg);
/* Fails the test when a buffer is still out afterwards. */
void lab_close(struct lab *l);

/* Bytes [from, to) of what an untagged datagram ("udp4", "udp6" and so on) has behind its IP
 * header, as a fragment; the last when `to` is its end. The header's checksum is right. */
struct bytes piece_of(const struct bytes *whole, uint32_t id, size_t from, size_t to);
/* How much there is to cut up. */
size_t payload_of(const struct bytes *whole);

/* Takes `m`. True when a datagram came out. */
bool feed_mbuf(struct lab *l, struct rte_mbuf *m, enum weir_drop want);
bool feed(struct lab *l, const struct bytes *f, enum weir_drop want);
/* Fails the test unless `whole` is what came out last; frees that. */
void check_whole(struct lab *l, const struct bytes *whole);

#endif
