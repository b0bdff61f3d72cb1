/* SPDX-License-Identifier: BSD-3-Clause */
/* Base frames to patch, tables of odd ones, mbufs from bytes in one or several segments. */
#ifndef FIXTURE_H
#define FIXTURE_H

#include "../weir_test.h"

#include <weir_pkt.h>

#include <rte_mbuf.h>

#define D(x) WEIR_DROP_##x

/* Offsets in an untagged frame: into the IP header, and the transport's over IPv4 and IPv6. */
#define IP(n) (14 + (n))
#define T4(n) (34 + (n))
#define T6(n) (54 + (n))

struct bytes {
	uint8_t at[66000];
	size_t len;
};

struct rte_mempool *pool(void);
/* Fails the test when a buffer is still out. */
void check_pool_is_full(void);

/* ---- frames ---- */

/*
 * Checksums are done. `kind`: "tcp4", "udp4", "icmp4", "tcp6", "udp6", "icmp6" (echo requests),
 * "syn4", "syn6" (with MSS, SACK permitted, timestamp, NOP, window scale 7). From 2.0.0.0.0.1 to
 * 2.0.0.0.0.2, 10.0.0.1 or 2001:db8::1 to ….2, port 40000 to 80 (TCP), 53; sequence 0x1001, ack
 * 0x2002, echo identifier 0x7777. The payload has no two equal bytes side by side.
 */
struct bytes base_frame(const char *kind, size_t payload);
/* An ICMP error of this type and code that quotes `len` bytes of L3 of `about`; 4 or 6. */
struct bytes error_frame(uint8_t family, uint8_t type, uint8_t code, const struct bytes *about,
			 size_t len);
/* Makes checksums right again: the IPv4 header's, and over all that is left of the frame the
 * transport's unless that is a fragment. */
void fix_sums(struct bytes *f);
/* Leaves in the transport checksum what a sender does that leaves it to hardware. */
void unfinish(struct bytes *f);
/* Puts a VLAN tag in front of what is there. */
void add_tag(struct bytes *f, uint16_t type, uint16_t id);
/* Puts an IPv6 extension header of `len` bytes first: content zero but next header, length, and for
 * a routing header type 4. The frame is untagged. */
void add_ext(struct bytes *f, uint8_t proto, size_t len);
/* Puts IPv4 options (a multiple of 4 bytes) into an untagged frame. */
void add_ipv4_options(struct bytes *f, const uint8_t *options, size_t len);
/* Puts TCP options (a multiple of 4 bytes) into an untagged "tcp4" or "tcp6". */
void add_tcp_options(struct bytes *f, const uint8_t *options, size_t len);
/* Takes bytes off the end and makes the IP length agree. Untagged frames. */
void shorten(struct bytes *f, size_t len);

/* ---- tables ---- */

/* A base frame with 64 bytes of payload, bytes to overwrite (offset 0 ends the list), and the
 * reason. Checksums are made right afterwards unless `raw`. */
struct row {
	const char *what;
	const char *base;
	struct {
		uint16_t off;
		uint8_t value;
	} patch[8];
	bool raw;
	enum weir_drop drop;
};
void check_rows(const struct row *rows, size_t n);

/* ---- parsing ---- */

struct rte_mbuf *mbuf_of(const void *bytes, size_t len);
/* In segments that end at `a` and `b` (0: no such cut). */
struct rte_mbuf *mbuf_in_segments(const struct bytes *f, size_t a, size_t b);
/* Parses a frame of one segment, frees it, returns what was found (pointers are dead). */
struct weir_pkt parse(const struct bytes *f);
enum weir_drop drop_of(const struct bytes *f);
/* The same with a sentence for the failure. */
void check_drop(const struct bytes *f, enum weir_drop want, const char *what);

/* Frames that are good, of every kind: returns false when there is no `i`th. */
bool good_frame(size_t i, struct bytes *f);

Suite *pkt_answer_suite(void);
Suite *pkt_checksum_suite(void);
Suite *pkt_cuts_suite(void);
Suite *pkt_frag_suite(void);
Suite *pkt_frag_cut_suite(void);
Suite *pkt_icmp_suite(void);
Suite *pkt_ipv4_suite(void);
Suite *pkt_ipv6_suite(void);
Suite *pkt_parse_suite(void);
Suite *pkt_tcp_suite(void);

#endif
