/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What nearly all frames are, in a straight line: one buffer, no tag, IPv4 without options that is
 * no fragment or IPv6 without extension headers, TCP or UDP, everything in order. Whatever is not
 * so is left to the readers by layer, who know the reasons; these lines never refuse a frame. They
 * take two thirds of those readers' cycles, whose fields travel through memory.
 */
#include "pkt_impl.h"
#include <weir_sum.h>

#define IPV4_LEN ((uint32_t)sizeof(struct rte_ipv4_hdr))
#define IPV6_LEN ((uint32_t)sizeof(struct rte_ipv6_hdr))

/* A packet as far as it was read. */
struct usual {
	const uint8_t *ip;
	const uint8_t *l4;
	uint32_t room; /* from `ip` to the frame's end */
	uint32_t l4_len;
	uint64_t pseudo; /* sum of the addresses */
	uint64_t ol_flags;
	bool ignore; /* transport checksums */
};

static inline bool transport_sum_is_good(const struct usual *u, uint8_t proto, uint32_t len)
{
	uint64_t word = u->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;
	uint64_t sum;

	if (word == RTE_MBUF_F_RX_L4_CKSUM_GOOD || u->ignore)
		return true;
	if (word == RTE_MBUF_F_RX_L4_CKSUM_BAD)
		return false;
	sum = u->pseudo + rte_cpu_to_be_16(proto) + rte_cpu_to_be_16((uint16_t)len);
	return weir_sum_fold(sum + weir_sum(u->l4, len)) == 0xffff;
}

static inline bool read_ports(struct weir_pkt *p, const struct usual *u, bool source_may_be_zero)
{
	p->tuple.sport = load_be16(u->l4);
	p->tuple.dport = load_be16(u->l4 + 2);
	return p->tuple.dport != 0 && (source_may_be_zero || p->tuple.sport != 0);
}

static inline bool read_usual_tcp(struct weir_pkt *p, const struct usual *u)
{
	const uint8_t *tcp = u->l4;
	uint32_t header_len = (tcp[12] >> 4) * 4u;

	if (header_len < sizeof(struct rte_tcp_hdr) || header_len > u->l4_len)
		return false;
	if (!pkt_tcp_flags_are_sane(tcp[13]) || !read_ports(p, u, false))
		return false;
	if (!pkt_tcp_options_are_usual(tcp + sizeof(struct rte_tcp_hdr),
				       header_len - (uint32_t)sizeof(struct rte_tcp_hdr)))
		return false;
	p->payload_off = (uint16_t)(p->l4_off + header_len);
	p->payload_len = u->l4_len - header_len;
	p->seq = load_be32(tcp + 4);
	p->ack = load_be32(tcp + 8);
	p->window = load_be16(tcp + 14);
	p->tcp_flags = tcp[13] & 0x3f;
	p->wscale = 0xff;
	return transport_sum_is_good(u, WEIR_PROTO_TCP, u->l4_len);
}

static inline bool read_usual_udp(struct weir_pkt *p, const struct usual *u)
{
	uint32_t len = load_be16(u->l4 + 4);

	if (len < sizeof(struct rte_udp_hdr) || len > u->l4_len || !read_ports(p, u, true))
		return false;
	p->payload_off = (uint16_t)(p->l4_off + sizeof(struct rte_udp_hdr));
	p->payload_len = len - (uint32_t)sizeof(struct rte_udp_hdr);
	if (weir_load16(u->l4 + 6) == 0)
		return p->kind == WEIR_PKT_IPV4; /* RFC 768; not over IPv6 */
	return transport_sum_is_good(u, WEIR_PROTO_UDP, len);
}

/* The packet's fields are in `p` but for the transport's. */
static inline bool read_usual_transport(struct weir_pkt *p, const struct usual *u)
{
	if (p->tuple.proto == WEIR_PROTO_TCP)
		return u->l4_len >= sizeof(struct rte_tcp_hdr) && read_usual_tcp(p, u);
	return p->tuple.proto == WEIR_PROTO_UDP && u->l4_len >= sizeof(struct rte_udp_hdr) &&
	       read_usual_udp(p, u);
}

static inline void take_common(struct weir_pkt *p, struct rte_mbuf *m)
{
	p->mbuf = m;
	p->drop = WEIR_DROP_NONE;
	p->origin = 0;
	p->l3_off = RTE_ETHER_HDR_LEN;
	p->tuple.vlan = p->tuple.vlan_inner = 0;
}

static inline bool ipv4_is_usual(const struct usual *u)
{
	uint64_t word = u->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK;
	const uint8_t *ip = u->ip;

	if (u->room < IPV4_LEN || ip[0] != 0x45 || load_be16(ip + 6) & 0xbfff || ip[8] == 0)
		return false;
	if (load_be16(ip + 2) < IPV4_LEN || load_be16(ip + 2) > u->room)
		return false;
	if (ip[12] >= 224 || ip[12] == 127 || ip[16] == 127 || weir_load32(ip + 16) == 0)
		return false;
	if (word == RTE_MBUF_F_RX_IP_CKSUM_GOOD)
		return true;
	return word != RTE_MBUF_F_RX_IP_CKSUM_BAD &&
	       weir_sum_fold(weir_sum(ip, IPV4_LEN)) == 0xffff;
}

static inline bool read_usual_ipv4(struct weir_pkt *p, struct usual *u)
{
	const uint8_t *ip = u->ip;

	if (!ipv4_is_usual(u))
		return false;
	p->kind = WEIR_PKT_IPV4;
	p->flags = ip[6] & 0x40 ? WEIR_PKT_DF : 0;
	p->ether_type = RTE_ETHER_TYPE_IPV4;
	p->l3_len = load_be16(ip + 2);
	p->l4_off = RTE_ETHER_HDR_LEN + IPV4_LEN;
	p->tuple.src = ip + 12;
	p->tuple.dst = ip + 16;
	p->tuple.family = 4;
	p->tuple.proto = ip[9];
	u->l4 = ip + IPV4_LEN;
	u->l4_len = p->l3_len - IPV4_LEN;
	u->pseudo = (uint64_t)weir_load32(ip + 12) + weir_load32(ip + 16);
	return read_usual_transport(p, u);
}

/* All special addresses but multicast destinations begin with 0 or are multicast (RFC 4291). */
static inline bool ipv6_is_usual(const struct usual *u)
{
	const uint8_t *ip = u->ip;

	return u->room >= IPV6_LEN && ip[0] >> 4 == 6 && ip[7] != 0 && ip[8] != 0 &&
	       ip[8] != 0xff && ip[24] != 0 && load_be16(ip + 4) <= u->room - IPV6_LEN;
}

static inline bool read_usual_ipv6(struct weir_pkt *p, struct usual *u)
{
	const uint8_t *ip = u->ip;

	if (!ipv6_is_usual(u))
		return false;
	p->kind = WEIR_PKT_IPV6;
	p->flags = WEIR_PKT_DF;
	p->ether_type = RTE_ETHER_TYPE_IPV6;
	p->l3_len = load_be16(ip + 4) + IPV6_LEN;
	p->l4_off = RTE_ETHER_HDR_LEN + IPV6_LEN;
	p->tuple.src = ip + 8;
	p->tuple.dst = ip + 24;
	p->tuple.family = 6;
	p->tuple.proto = ip[6];
	u->l4 = ip + IPV6_LEN;
	u->l4_len = load_be16(ip + 4);
	u->pseudo = weir_sum(ip + 8, 32);
	return read_usual_transport(p, u);
}

bool pkt_read_usual(struct weir_pkt *p, struct rte_mbuf *m, enum weir_pkt_checksum checksum)
{
	const uint8_t *at = rte_pktmbuf_mtod(m, const uint8_t *);
	uint32_t len = rte_pktmbuf_data_len(m);
	struct usual u = {
		.ip = at + RTE_ETHER_HDR_LEN,
		.room = len - RTE_ETHER_HDR_LEN,
		.ol_flags = m->ol_flags,
		.ignore = checksum == WEIR_PKT_CHECKSUM_IGNORE,
	};

	if (m->nb_segs != 1 || len < RTE_ETHER_HDR_LEN)
		return false;
	take_common(p, m);
	switch (load_be16(at + 12)) {
	case RTE_ETHER_TYPE_IPV4:
		return read_usual_ipv4(p, &u);
	case RTE_ETHER_TYPE_IPV6:
		return read_usual_ipv6(p, &u);
	default:
		return false;
	}
}
