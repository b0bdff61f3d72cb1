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
 * 4 or 16 bytes. Ports are in host order; for ICMP echo and other queries both are the identifier;
 * protocols without ports have zeros. */
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

/*
 * A parsed frame; lives on the worker's stack for one burst. Offsets count from the mbuf's data.
 * Nothing is cleared for each packet: a group of fields is good when its heading holds, and
 * anything otherwise. With a drop reason only the first group is.
 */
struct weir_pkt {
	/* always */
	struct rte_mbuf *mbuf; /* owned by whoever owns the burst */
	uint16_t drop;         /* enum weir_drop; 0: well formed */
	uint8_t kind;          /* enum weir_pkt_kind */
	uint8_t flags;
	uint16_t origin;     /* 0; for weir_frag_add, see there */
	uint16_t ether_type; /* host order, after VLAN tags; 0: none was read */
	uint32_t l3_len; /* IP header and payload, as the header says: what follows in the frame is
			  * padding; 0: none was read */
	uint16_t l3_off;
	/* kind is IPv4 or IPv6 (of the tuple always the family, 0: no IP header, and the VLAN ids)
	 */
	uint16_t l4_off; /* of a fragment: where its payload begins */
	struct weir_pkt_tuple tuple;
	/* and no fragment: the transport's payload, which for UNKNOWN is all of L4 */
	uint16_t payload_off;
	uint32_t payload_len;
	/* and TCP */
	uint32_t seq;
	uint32_t ack;
	uint16_t window; /* as on the wire, not scaled */
	uint8_t tcp_flags;
	uint8_t wscale; /* of a SYN; 0xff: option absent */
	/* or ICMP or ICMPv6, by protocol number; zeros with the other one's IP version */
	uint8_t icmp_type;
	uint8_t icmp_code;
	/* WEIR_PKT_ICMP_ERROR: the packet that it complains of, as far as quoted (8 bytes of
	 * transport); not of an ICMPv6 redirect, which quotes in an option */
	struct weir_pkt_tuple quote;
	uint32_t quote_seq; /* TCP, else 0 */
	/* WEIR_PKT_FRAGMENT */
	uint16_t frag_offset; /* bytes */
	bool frag_more;
	uint16_t frag_hdr_off; /* IPv6: where the fragment header stands */
	/* WEIR_PKT_FRAGMENT; WEIR_PKT_REASSEMBLED, set by the one who set that flag */
	uint32_t frag_id;
	uint16_t frag_size; /* REASSEMBLED only: largest fragment's L3 length, bytes */
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
	uint32_t per_source; /* unfinished ones of one source; default 64 when 0 */
	uint32_t buffers;    /* mbufs that wait at most; default 4 a datagram when 0 */
	uint64_t timeout_ns; /* default 30 s when 0 (RFC 8200 section 4.5 says 60, RFC 791 15) */
	struct weir_siphash_key key;
};

/*
 * A source is an IPv4 address or an IPv6 /64: one that has its fill of unfinished datagrams, or
 * half of all buffers that may wait, gets nothing more (FRAG_QUOTA). When others need the room the
 * oldest datagram goes. Whatever `buffers` says, no more than a quarter of an mbuf pool waits.
 */
struct weir_frag;
/* NULL: no memory. */
struct weir_frag *weir_frag_create(const struct weir_frag_cfg *cfg);
/* Frees held fragments too. */
void weir_frag_destroy(struct weir_frag *f);
/*
 * Takes p->mbuf, which has WEIR_PKT_FRAGMENT. Returns the whole datagram as a new frame (a chain,
 * to be parsed again; then set frag_size, frag_id and WEIR_PKT_REASSEMBLED from *made), or NULL
 * while it is held, or NULL with *drop set when it was refused (then it is freed, and what was held
 * of its datagram too). Overlaps are refused whole (RFC 5722; for IPv4 as well); an exact copy of a
 * piece that is there is dropped alone, as FRAG_OVERLAP. Fragments with different p->origin (the
 * port, as the caller numbers ports; to be set after parsing) or VLAN ids never meet. The first
 * segment of what comes out has the headers of the first fragment, without the fragment header; L4
 * checksum flags are cleared.
 */
struct weir_frag_made {
	uint16_t frag_size;
	uint32_t frag_id;
};
struct rte_mbuf *weir_frag_add(struct weir_frag *f, struct weir_pkt *p, uint64_t now_ns,
			       struct weir_frag_made *made, enum weir_drop *drop);
/* Frees what is too old; counts each such datagram as FRAG_TIMEOUT in `stats`, and each that had
 * to make room since the last call as FRAG_TABLE_FULL. */
void weir_frag_expire(struct weir_frag *f, uint64_t now_ns, struct weir_stats *stats);
uint32_t weir_frag_held(const struct weir_frag *f); /* unfinished datagrams */
struct weir_use weir_frag_use(const struct weir_frag *f);

/*
 * Cuts the datagram of `p` (taken) into frames of at most p->frag_size bytes of L3 with its
 * Ethernet and VLAN header and, for IPv6, id p->frag_id. Returns how many stand in `out`, or
 * negative (-WEIR_ENOMEM, -WEIR_ELIMIT when `max` is too few, -WEIR_EINVAL when the headers leave
 * no room for 8 bytes in p->frag_size), and then nothing is left of it. Frames that do not fit one
 * buffer of `pool` are chains.
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
/* The second of three for the SYN `p`, with no option but MSS (RFC 4987 section 3.6). */
struct weir_pkt_syn_ack {
	uint32_t seq;
	uint16_t mss;
	uint16_t window;
};
struct rte_mbuf *weir_pkt_build_syn_ack(const struct weir_pkt *p, const struct weir_pkt_syn_ack *a,
					struct rte_mempool *pool);
/* Administratively prohibited: ICMP 3/13 (RFC 1812 section 5.2.7.1) or ICMPv6 1/1 (RFC 4443
 * section 3.1). */
struct rte_mbuf *weir_pkt_build_prohibited(const struct weir_pkt *p, struct rte_mempool *pool);
/* Fragmentation needed (RFC 1191) or Packet Too Big (RFC 8201); `mtu` in bytes of L3. */
struct rte_mbuf *weir_pkt_build_too_big(const struct weir_pkt *p, uint16_t mtu,
					struct rte_mempool *pool);

#endif
