/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames to checked headers, and back: Ethernet, VLAN, IPv4, IPv6, TCP, UDP, ICMP; fragments to
 * datagrams and datagrams to fragments; the answers that weir sends itself. What cannot be read
 * has a drop reason; nothing here decides about what can be read. Worker only.
 */
#ifndef WEIR_PKT_H
#define WEIR_PKT_H

#include <weir_base.h>
#include <weir_stats.h>

struct rte_mbuf;
struct rte_mempool;

enum weir_pkt_kind { WEIR_PKT_NON_IP, WEIR_PKT_IPV4, WEIR_PKT_IPV6 };

/* weir_pkt.flags */
#define WEIR_PKT_FRAGMENT    0x01 /* an IP fragment: nothing after the IP headers was read */
#define WEIR_PKT_ICMP_ERROR  0x02 /* `quote` is set */
#define WEIR_PKT_UNFINISHED  0x04 /* transport checksum is the pseudo-header's sum alone */
#define WEIR_PKT_REASSEMBLED 0x08 /* made from fragments; `frag_size` and `frag_id` are set */
#define WEIR_PKT_UNKNOWN     0x10 /* IP, but a transport that weir has no state for */
#define WEIR_PKT_DF          0x20 /* IPv4 don't-fragment, or IPv6 */

#define WEIR_TCP_FIN 0x01
#define WEIR_TCP_SYN 0x02
#define WEIR_TCP_RST 0x04
#define WEIR_TCP_PSH 0x08
#define WEIR_TCP_ACK 0x10
#define WEIR_TCP_URG 0x20

#define WEIR_PROTO_ICMP   1
#define WEIR_PROTO_TCP    6
#define WEIR_PROTO_UDP    17
#define WEIR_PROTO_ICMPV6 58
#define WEIR_PROTO_SCTP   132

/* The transport's view of a packet: what a flow is looked up by. Addresses point into the frame,
 * 4 or 16 bytes. Ports are in host order; for ICMP echo both are the identifier; protocols without
 * ports have zeros. */
struct weir_pkt_tuple {
	const uint8_t *src;
	const uint8_t *dst;
	uint16_t sport;
	uint16_t dport;
	uint8_t family; /* 4 or 6 */
	uint8_t proto;
	uint16_t vlan;       /* outer VLAN id, 0: none */
	uint16_t vlan_inner; /* 0: none */
};

/* A parsed frame; lives on the worker's stack for one burst. Offsets count from the mbuf's data. */
struct weir_pkt {
	struct rte_mbuf *mbuf; /* owned by whoever owns the burst */
	uint16_t drop;         /* enum weir_drop; 0: well formed */
	uint8_t kind;          /* enum weir_pkt_kind */
	uint8_t flags;
	uint16_t ether_type; /* host order, after VLAN tags */
	uint16_t l3_off;
	uint16_t l4_off;      /* also set for fragments: where the fragment's payload begins */
	uint16_t payload_off; /* after the transport header */
	uint32_t l3_len; /* IP header and payload, bytes; less than the frame when it is padded */
	uint32_t payload_len; /* transport payload, bytes */
	struct weir_pkt_tuple tuple;
	/* TCP */
	uint32_t seq;
	uint32_t ack;
	uint16_t window; /* as on the wire, not scaled */
	uint8_t tcp_flags;
	uint8_t wscale; /* of a SYN; 0xff: option absent */
	/* ICMP */
	uint8_t icmp_type;
	uint8_t icmp_code;
	/* ICMP error: the packet that it complains of, as far as quoted (8 bytes of transport) */
	struct weir_pkt_tuple quote;
	uint32_t quote_seq; /* TCP */
	/* fragments and what was made of them */
	uint16_t frag_size;    /* largest fragment's L3 length, bytes */
	uint16_t frag_offset;  /* bytes; fragment only */
	bool frag_more;        /* fragment only */
	uint16_t frag_hdr_off; /* IPv6 fragment only: where the fragment header stands */
	uint32_t frag_id;
};

/* What parsing is to do with transport checksums that the device has not judged. */
enum weir_pkt_checksum {
	WEIR_PKT_CHECKSUM_VERIFY, /* wrong: drop reason *_bad_checksum; unfinished: flag and drop
				     reason */
	WEIR_PKT_CHECKSUM_REPAIR, /* unfinished: completed in place, flag set, no drop reason */
	WEIR_PKT_CHECKSUM_IGNORE
};

/*
 * Reads `m` into `p`. Never fails: what is wrong stands in p->drop, the first thing found, outside
 * in. The IPv4 header checksum is always verified (by the device's word when it has one). Headers
 * that span segments are joined in place when the tail room allows.
 * RFC 791, 1122, 7126 (options), 8200, 5095, 7112, 9293 section 3.1, 768, 792, 4443, 5722.
 */
void weir_pkt_parse(struct weir_pkt *p, struct rte_mbuf *m, enum weir_pkt_checksum checksum);
/* The same for a burst, prefetching ahead. */
void weir_pkt_parse_burst(struct weir_pkt *p, struct rte_mbuf *const *m, unsigned int n,
			  enum weir_pkt_checksum checksum);

/* ---- fragments ---- */

struct weir_frag_cfg {
	uint32_t datagrams;  /* unfinished ones at a time */
	uint32_t per_source; /* unfinished ones of one source address; default 64 when 0 */
	uint64_t timeout_ns; /* default 30 s when 0 (RFC 8200 section 4.5 says 60, RFC 791 15) */
	struct weir_siphash_key key;
};

struct weir_frag;
struct weir_frag *weir_frag_create(const struct weir_frag_cfg *cfg);
/* Frees held fragments too. */
void weir_frag_destroy(struct weir_frag *f);
/*
 * Takes p->mbuf, which has WEIR_PKT_FRAGMENT. Returns the whole datagram as a new frame (a chain,
 * to be parsed again; then set frag_size, frag_id and WEIR_PKT_REASSEMBLED from *made), or NULL
 * while it is held, or NULL with *drop set when it was refused (then it is freed, and what was held
 * of its datagram too). Overlaps are refused whole (RFC 5722; for IPv4 as well).
 */
struct weir_frag_made {
	uint16_t frag_size;
	uint32_t frag_id;
};
struct rte_mbuf *weir_frag_add(struct weir_frag *f, struct weir_pkt *p, uint64_t now_ns,
			       struct weir_frag_made *made, enum weir_drop *drop);
/* Frees what is too old; counts each datagram as FRAG_TIMEOUT in `stats`. */
void weir_frag_expire(struct weir_frag *f, uint64_t now_ns, struct weir_stats *stats);
uint32_t weir_frag_held(const struct weir_frag *f); /* unfinished datagrams */

/*
 * Cuts the datagram of `p` (taken) into frames of at most p->frag_size bytes of L3 with its
 * Ethernet and VLAN header and, for IPv6, id p->frag_id. Returns how many stand in `out`, or
 * negative
 * (-WEIR_ENOMEM, -WEIR_ELIMIT when `max` is too few), and then nothing is left of it.
 */
WEIR_MUST_CHECK int weir_frag_cut(struct weir_pkt *p, struct rte_mempool *pool,
				  struct rte_mbuf **out, unsigned int max);

/* ---- answers that weir sends itself ---- */

/* Each gives a new frame for the port that `p` came from, checksums done, VLAN tags kept, or NULL
 * when there is no buffer or nothing may be said (RFC 1122 section 3.2.2: not about ICMP errors,
 * fragments other than the first, broadcast or multicast). They read `p`, which stays with its
 * owner. */

/* RFC 9293 section 3.5.2 group 1: a reset that the sender of `p` takes as coming from its peer. */
struct rte_mbuf *weir_pkt_build_rst(const struct weir_pkt *p, struct rte_mempool *pool);
/* Administratively prohibited: ICMP 3/13 (RFC 1812 section 5.2.7.1) or ICMPv6 1/1 (RFC 4443
 * section 3.1). */
struct rte_mbuf *weir_pkt_build_prohibited(const struct weir_pkt *p, struct rte_mempool *pool);
/* Fragmentation needed (RFC 1191) or Packet Too Big (RFC 8201); `mtu` in bytes of L3. */
struct rte_mbuf *weir_pkt_build_too_big(const struct weir_pkt *p, uint16_t mtu,
					struct rte_mempool *pool);

#endif
