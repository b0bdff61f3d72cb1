/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of pkt/ share: reading in steps, each returning the drop reason or none. */
#ifndef PKT_IMPL_H
#define PKT_IMPL_H

#include <weir_pkt.h>

#include <rte_ether.h>
#include <rte_icmp.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#define IPPROTO_HOPOPTS_  0
#define IPPROTO_ROUTING_  43
#define IPPROTO_FRAGMENT_ 44
#define IPPROTO_ESP_      50
#define IPPROTO_AH_       51
#define IPPROTO_NONE_     59
#define IPPROTO_DSTOPTS_  60
#define IPPROTO_MH_       135
#define IPPROTO_HIP_      139
#define IPPROTO_SHIM6_    140

static inline uint8_t *pkt_at(const struct weir_pkt *p, uint32_t off)
{
	return rte_pktmbuf_mtod_offset(p->mbuf, uint8_t *, off);
}

/* Whether bytes [off, off + len) lie in the first segment: all headers must. */
static inline bool pkt_has(const struct weir_pkt *p, uint32_t off, uint32_t len)
{
	return off + len <= rte_pktmbuf_data_len(p->mbuf);
}

/* Why pkt_has() says no: the frame ends before, or a segment does. */
static inline enum weir_drop pkt_lacks(const struct weir_pkt *p, uint32_t off, uint32_t len,
				       enum weir_drop truncated)
{
	return off + len > rte_pktmbuf_pkt_len(p->mbuf) ? truncated : WEIR_DROP_HEADERS_SEGMENTED;
}

static inline uint16_t load_be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t load_be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Where the IP packet ends in the frame: padding comes after. */
static inline uint32_t pkt_l3_end(const struct weir_pkt *p)
{
	return p->l3_off + p->l3_len;
}

static inline uint32_t pkt_l4_len(const struct weir_pkt *p)
{
	return pkt_l3_end(p) - p->l4_off;
}

#define TCP_OPTION_NOP       1
#define TCP_OPTION_TIMESTAMP 8

/* PSH, ECE and CWR say nothing about validity. */
#define TCP_FLAGS_JUDGED (WEIR_TCP_FIN | WEIR_TCP_SYN | WEIR_TCP_RST | WEIR_TCP_ACK | WEIR_TCP_URG)

static inline bool pkt_tcp_flags_are_sane(uint8_t flags)
{
	switch (flags & TCP_FLAGS_JUDGED) {
	case WEIR_TCP_SYN:
	case WEIR_TCP_SYN | WEIR_TCP_URG:
	case WEIR_TCP_SYN | WEIR_TCP_ACK:
	case WEIR_TCP_RST:
	case WEIR_TCP_RST | WEIR_TCP_ACK:
	case WEIR_TCP_FIN | WEIR_TCP_ACK:
	case WEIR_TCP_FIN | WEIR_TCP_ACK | WEIR_TCP_URG:
	case WEIR_TCP_ACK:
	case WEIR_TCP_ACK | WEIR_TCP_URG:
		return true;
	default:
		return false;
	}
}

/* What nearly every segment has: nothing, or NOP NOP and a timestamp (RFC 7323 appendix A). */
static inline bool pkt_tcp_options_are_usual(const uint8_t *at, uint32_t len)
{
	return len == 0 || (len == 12 && at[0] == TCP_OPTION_NOP && at[1] == TCP_OPTION_NOP &&
			    at[2] == TCP_OPTION_TIMESTAMP && at[3] == 10);
}

/* Reads a frame of the usual kind; false for any other, and then nothing in `p` is good. */
bool pkt_read_usual(struct weir_pkt *p, struct rte_mbuf *m, enum weir_pkt_checksum checksum);
enum weir_drop pkt_read_ipv4(struct weir_pkt *p, enum weir_pkt_checksum checksum);
enum weir_drop pkt_read_ipv6(struct weir_pkt *p, enum weir_pkt_checksum checksum);
/* From l4_off on, tuple.proto is set. */
enum weir_drop pkt_read_transport(struct weir_pkt *p, enum weir_pkt_checksum checksum);
enum weir_drop pkt_read_tcp(struct weir_pkt *p, enum weir_pkt_checksum checksum);
enum weir_drop pkt_read_icmp(struct weir_pkt *p, enum weir_pkt_checksum checksum);

/* FRAG_TINY_FIRST when a first fragment ends before the transport header at `off` does (RFC 1858,
 * RFC 7112); protocols without state here are not looked at. */
enum weir_drop pkt_check_first_fragment(const struct weir_pkt *p, uint8_t proto, uint32_t off);

/*
 * Verifies the transport checksum at `field` bytes into the transport header over `len` bytes; or
 * repairs it, as `mode` says. Returns `bad`, L4_CHECKSUM_UNFINISHED (flag set) or none.
 */
enum weir_drop pkt_check_transport(struct weir_pkt *p, uint32_t field, uint32_t len,
				   enum weir_pkt_checksum mode, enum weir_drop bad);
bool pkt_header_sum_is_good(const uint8_t *header, uint32_t len);
/* Folded sum of the pseudo-header, as it stands in memory. */
uint16_t pkt_pseudo_sum(const struct weir_pkt_tuple *t, uint8_t proto, uint32_t len);

/* A fragment that waits for the others. */
struct pkt_piece {
	struct rte_mbuf *m;
	uint16_t off; /* in the datagram's payload */
	uint16_t len;
	uint16_t l3_off; /* in the mbuf; tags without an id may differ within a datagram */
	uint16_t payload_off;
};

/* Whether a datagram with `total` bytes of payload and the first piece's headers can be. */
bool pkt_pieces_fit(const struct pkt_piece *first, uint32_t total, bool v6);
/* Takes the buffers of all pieces. NULL: more segments than a frame can have. */
struct rte_mbuf *pkt_join_pieces(const struct pkt_piece *piece, unsigned int n, bool v6);

/* One IPv6 extension header at `off` of `left` bytes: its length, 0 when it does not fit. */
uint32_t pkt_ext_len(uint8_t proto, const uint8_t *at, uint32_t left);
bool pkt_is_ext(uint8_t proto);

#endif
