/* SPDX-License-Identifier: BSD-3-Clause */
/* Base frames to patch, mbufs from bytes in one or several segments. */
#ifndef FIXTURE_H
#define FIXTURE_H

#include "../weir_test.h"

#include <weir_pkt.h>

#include <rte_mbuf.h>

struct bytes {
	uint8_t at[9000];
	size_t len;
};

struct rte_mempool *pool(void);
/* A frame of `payload` zero bytes; checksums done. `kind`: "tcp4", "udp4", "icmp4", "tcp6", "udp6",
 * "icmp6", "syn4" (with options MSS, SACK permitted, timestamp, window scale 7). */
struct bytes base_frame(const char *kind, size_t payload);
/* Makes IPv4 header and transport checksums right again. */
void fix_sums(struct bytes *f);
/* Puts two bytes of VLAN id behind the MAC addresses with this EtherType. */
void add_tag(struct bytes *f, uint16_t type, uint16_t id);
/* Puts an IPv6 extension header of `len` bytes (content zero but next header and length) first. */
void add_ext(struct bytes *f, uint8_t proto, size_t len);

struct rte_mbuf *mbuf_of(const void *bytes, size_t len);
/* In segments that end at `a` and `b` (0: no such cut). */
struct rte_mbuf *mbuf_in_segments(const void *bytes, size_t len, size_t a, size_t b);
/* Parses a frame of one segment, frees it, returns what was found (pointers are dead). */
struct weir_pkt parse(const struct bytes *f);
enum weir_drop drop_of(const struct bytes *f);

#endif
