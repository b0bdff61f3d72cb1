/* SPDX-License-Identifier: BSD-3-Clause */
/* A frame from its first byte to its transport's: Ethernet and VLAN here, the rest by layer. */
#include "pkt_impl.h"

#include <rte_prefetch.h>

#define ETHER_TYPE_QINQ_OLD 0x9100

/* Headers of a segmented frame are brought together up to here: Ethernet, two tags, IPv6 with some
 * extension headers, TCP with options, or the headers that an ICMP error quotes. */
#define HEADERS_MAX 256

#define PREFETCH_AHEAD 4

static void drop_empty_next(struct rte_mbuf *m)
{
	struct rte_mbuf *next = m->next;

	m->next = next->next;
	m->nb_segs--;
	next->next = NULL;
	next->nb_segs = 1;
	rte_pktmbuf_free_seg(next);
}

/* Moves bytes from the following segments into the first, as far as its tail room goes. */
static WEIR_COLD void join_headers(struct rte_mbuf *m)
{
	while (m->data_len < HEADERS_MAX && m->next) {
		struct rte_mbuf *next = m->next;
		uint16_t want = (uint16_t)(HEADERS_MAX - m->data_len);
		uint16_t n = RTE_MIN(RTE_MIN(want, next->data_len), rte_pktmbuf_tailroom(m));

		if (n) {
			memcpy(rte_pktmbuf_mtod_offset(m, uint8_t *, m->data_len),
			       rte_pktmbuf_mtod(next, uint8_t *), n);
			m->data_len += n;
			next->data_off += n;
			next->data_len -= n;
		}
		if (next->data_len)
			return;
		drop_empty_next(m);
	}
}

static bool is_vlan(uint16_t type)
{
	return type == RTE_ETHER_TYPE_VLAN || type == RTE_ETHER_TYPE_QINQ ||
	       type == ETHER_TYPE_QINQ_OLD;
}

static WEIR_COLD enum weir_drop read_vlan(struct weir_pkt *p)
{
	for (unsigned int tags = 0; is_vlan(p->ether_type); tags++) {
		uint16_t id;

		if (tags == 2)
			return WEIR_DROP_VLAN_TOO_DEEP;
		if (!pkt_has(p, p->l3_off, 4))
			return pkt_lacks(p, p->l3_off, 4, WEIR_DROP_ETH_TRUNCATED);
		id = load_be16(pkt_at(p, p->l3_off)) & 0xfff;
		*(tags ? &p->tuple.vlan_inner : &p->tuple.vlan) = id;
		p->ether_type = load_be16(pkt_at(p, p->l3_off) + 2);
		p->l3_off += 4;
	}
	return WEIR_DROP_NONE;
}

static enum weir_drop read_frame(struct weir_pkt *p, enum weir_pkt_checksum checksum)
{
	enum weir_drop drop;

	if (weir_unlikely(p->mbuf->nb_segs > 1))
		join_headers(p->mbuf);
	if (weir_unlikely(!pkt_has(p, 0, RTE_ETHER_HDR_LEN)))
		return pkt_lacks(p, 0, RTE_ETHER_HDR_LEN, WEIR_DROP_ETH_TRUNCATED);
	p->ether_type = load_be16(pkt_at(p, 12));
	p->l3_off = RTE_ETHER_HDR_LEN;
	if (weir_unlikely(is_vlan(p->ether_type))) {
		drop = read_vlan(p);
		if (drop != WEIR_DROP_NONE)
			return drop;
	}
	if (weir_likely(p->ether_type == RTE_ETHER_TYPE_IPV4))
		return pkt_read_ipv4(p, checksum);
	if (p->ether_type == RTE_ETHER_TYPE_IPV6)
		return pkt_read_ipv6(p, checksum);
	return WEIR_DROP_NONE;
}

void weir_pkt_parse(struct weir_pkt *p, struct rte_mbuf *m, enum weir_pkt_checksum checksum)
{
	if (weir_likely(pkt_read_usual(p, m, checksum)))
		return;
	p->mbuf = m;
	p->kind = WEIR_PKT_NON_IP;
	p->flags = 0;
	p->origin = 0;
	p->ether_type = 0;
	p->l3_off = 0;
	p->l3_len = 0;
	p->tuple.family = 0;
	p->tuple.vlan = p->tuple.vlan_inner = 0;
	p->tuple.sport = p->tuple.dport = 0;
	p->tuple.proto = 0;
	p->drop = read_frame(p, checksum);
}

void weir_pkt_parse_burst(struct weir_pkt *p, struct rte_mbuf *const *m, unsigned int n,
			  enum weir_pkt_checksum checksum)
{
	for (unsigned int i = 0; i < n && i < PREFETCH_AHEAD; i++)
		rte_prefetch0(rte_pktmbuf_mtod(m[i], void *));
	for (unsigned int i = 0; i < n; i++) {
		if (i + PREFETCH_AHEAD < n)
			rte_prefetch0(rte_pktmbuf_mtod(m[i + PREFETCH_AHEAD], void *));
		weir_pkt_parse(&p[i], m[i], checksum);
	}
}

/* ---- transport ---- */

static uint32_t header_min(uint8_t proto)
{
	switch (proto) {
	case WEIR_PROTO_TCP:
		return sizeof(struct rte_tcp_hdr);
	case WEIR_PROTO_UDP:
	case WEIR_PROTO_ICMP:
	case WEIR_PROTO_ICMPV6:
		return 8;
	case WEIR_PROTO_SCTP:
		return 12;
	default:
		return 0;
	}
}

enum weir_drop pkt_check_first_fragment(const struct weir_pkt *p, uint8_t proto, uint32_t off)
{
	uint32_t left = pkt_l3_end(p) - off, need = header_min(proto);

	if (left < need)
		return WEIR_DROP_FRAG_TINY_FIRST;
	if (proto != WEIR_PROTO_TCP)
		return WEIR_DROP_NONE;
	if (!pkt_has(p, off, need))
		return WEIR_DROP_HEADERS_SEGMENTED;
	return left < (pkt_at(p, off)[12] >> 4) * 4u ? WEIR_DROP_FRAG_TINY_FIRST : WEIR_DROP_NONE;
}

static enum weir_drop read_udp(struct weir_pkt *p, enum weir_pkt_checksum checksum)
{
	uint32_t room = pkt_l4_len(p), len;
	const uint8_t *at;

	if (weir_unlikely(room < sizeof(struct rte_udp_hdr)))
		return WEIR_DROP_UDP_TRUNCATED;
	if (weir_unlikely(!pkt_has(p, p->l4_off, sizeof(struct rte_udp_hdr))))
		return WEIR_DROP_HEADERS_SEGMENTED;
	at = pkt_at(p, p->l4_off);
	len = load_be16(at + 4);
	if (weir_unlikely(len < sizeof(struct rte_udp_hdr) || len > room))
		return WEIR_DROP_UDP_BAD_LENGTH;
	p->tuple.sport = load_be16(at);
	p->tuple.dport = load_be16(at + 2);
	p->payload_off = p->l4_off + sizeof(struct rte_udp_hdr);
	p->payload_len = len - sizeof(struct rte_udp_hdr);
	if (weir_unlikely(p->tuple.dport == 0))
		return WEIR_DROP_UDP_PORT_ZERO;
	if (load_be16(at + 6) == 0) /* RFC 768: none; RFC 8200 section 8.1: not over IPv6 */
		return p->kind == WEIR_PKT_IPV4 ? WEIR_DROP_NONE : WEIR_DROP_UDP_BAD_CHECKSUM;
	return pkt_check_transport(p, 6, len, checksum, WEIR_DROP_UDP_BAD_CHECKSUM);
}

/* SCTP has ports where UDP has them (RFC 9260 section 3.1); its CRC32c is its own affair. */
static enum weir_drop read_other(struct weir_pkt *p)
{
	p->flags |= WEIR_PKT_UNKNOWN;
	p->icmp_type = p->icmp_code = 0; /* ICMPv6 over IPv4 says nothing */
	p->payload_off = p->l4_off;
	p->payload_len = pkt_l4_len(p);
	if (p->tuple.proto == WEIR_PROTO_SCTP && p->payload_len >= 12 && pkt_has(p, p->l4_off, 4)) {
		p->tuple.sport = load_be16(pkt_at(p, p->l4_off));
		p->tuple.dport = load_be16(pkt_at(p, p->l4_off) + 2);
		p->flags &= (uint8_t)~WEIR_PKT_UNKNOWN;
	}
	return WEIR_DROP_NONE;
}

enum weir_drop pkt_read_transport(struct weir_pkt *p, enum weir_pkt_checksum checksum)
{
	switch (p->tuple.proto) {
	case WEIR_PROTO_TCP:
		return pkt_read_tcp(p, checksum);
	case WEIR_PROTO_UDP:
		return read_udp(p, checksum);
	case WEIR_PROTO_ICMP:
		return p->kind == WEIR_PKT_IPV4 ? pkt_read_icmp(p, checksum) : read_other(p);
	case WEIR_PROTO_ICMPV6:
		return p->kind == WEIR_PKT_IPV6 ? pkt_read_icmp(p, checksum) : read_other(p);
	default:
		return read_other(p);
	}
}
