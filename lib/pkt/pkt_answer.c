/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames that weir sends itself: resets and ICMP errors, as if from the packet's destination. */
#include "pkt_impl.h"

#define ANSWER_TTL   64
#define V4_QUOTE_MAX (576 - 20 - 8)  /* RFC 1812 section 4.3.2.3 */
#define V6_QUOTE_MAX (1280 - 40 - 8) /* RFC 4443 section 2.4 (c) */

/* RFC 1122 section 3.2.2, RFC 4443 section 2.4 (e): about these nothing is said. */
static bool may_be_answered(const struct weir_pkt *p)
{
	const uint8_t *src = p->tuple.src, *dst = p->tuple.dst;

	if (p->kind == WEIR_PKT_NON_IP || pkt_at(p, 0)[0] & 1)
		return false;
	if (p->flags & (WEIR_PKT_ICMP_ERROR | WEIR_PKT_FRAGMENT))
		return false;
	if (p->kind == WEIR_PKT_IPV4)
		return dst[0] < 224 && load_be32(src) != 0;
	return dst[0] != 0xff && (load_be32(src) | load_be32(src + 4) | load_be32(src + 8) |
				  load_be32(src + 12)) != 0;
}

/* A buffer with the Ethernet header and tags of the way back, and room for `len` bytes after them.
 */
static struct rte_mbuf *begin(const struct weir_pkt *p, struct rte_mempool *pool, uint32_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	uint8_t *at = m ? (uint8_t *)rte_pktmbuf_append(m, (uint16_t)(p->l3_off + len)) : NULL;
	const uint8_t *theirs = pkt_at(p, 0);

	if (!at) {
		rte_pktmbuf_free(m);
		return NULL;
	}
	memcpy(at, theirs + RTE_ETHER_ADDR_LEN, RTE_ETHER_ADDR_LEN);
	memcpy(at + RTE_ETHER_ADDR_LEN, theirs, RTE_ETHER_ADDR_LEN);
	memcpy(at + 2 * RTE_ETHER_ADDR_LEN, theirs + 2 * RTE_ETHER_ADDR_LEN,
	       p->l3_off - 2u * RTE_ETHER_ADDR_LEN);
	memset(at + p->l3_off, 0, len);
	return m;
}

static uint32_t ip_header_len(const struct weir_pkt *p)
{
	return p->kind == WEIR_PKT_IPV4 ? sizeof(struct rte_ipv4_hdr) : sizeof(struct rte_ipv6_hdr);
}

static void put_ipv4(const struct weir_pkt *p, uint8_t *at, uint8_t proto, uint32_t len)
{
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)at;

	ip->version_ihl = 0x45;
	ip->total_length = rte_cpu_to_be_16((uint16_t)(sizeof(*ip) + len));
	ip->fragment_offset = rte_cpu_to_be_16(0x4000);
	ip->time_to_live = ANSWER_TTL;
	ip->next_proto_id = proto;
	memcpy(&ip->src_addr, p->tuple.dst, 4);
	memcpy(&ip->dst_addr, p->tuple.src, 4);
	ip->hdr_checksum = rte_ipv4_cksum(ip);
}

static void put_ipv6(const struct weir_pkt *p, uint8_t *at, uint8_t proto, uint32_t len)
{
	struct rte_ipv6_hdr *ip = (struct rte_ipv6_hdr *)at;

	ip->vtc_flow = rte_cpu_to_be_32(6u << 28);
	ip->payload_len = rte_cpu_to_be_16((uint16_t)len);
	ip->proto = proto;
	ip->hop_limits = ANSWER_TTL;
	memcpy(ip->src_addr, p->tuple.dst, 16);
	memcpy(ip->dst_addr, p->tuple.src, 16);
}

static void put_ip(const struct weir_pkt *p, uint8_t *at, uint8_t proto, uint32_t len)
{
	if (p->kind == WEIR_PKT_IPV4)
		put_ipv4(p, at, proto, len);
	else
		put_ipv6(p, at, proto, len);
}

static uint16_t pseudo_sum_back(const struct weir_pkt *p, uint8_t proto, uint32_t len)
{
	/* The sum does not care which address comes first. */
	return pkt_pseudo_sum(&p->tuple, proto, len);
}

static void put_sum(uint8_t *transport, uint32_t field, uint32_t len, uint16_t pseudo)
{
	uint32_t sum = (uint32_t)rte_raw_cksum(transport, len) + pseudo;
	uint16_t folded;

	sum = (sum & 0xffff) + (sum >> 16);
	folded = (uint16_t) ~((sum & 0xffff) + (sum >> 16));
	memcpy(transport + field, &folded, sizeof(folded));
}

/* RFC 9293 section 3.10.7.1. */
static void number_rst(const struct weir_pkt *p, struct rte_tcp_hdr *tcp)
{
	uint32_t len =
		p->payload_len + !!(p->tcp_flags & WEIR_TCP_SYN) + !!(p->tcp_flags & WEIR_TCP_FIN);

	tcp->src_port = rte_cpu_to_be_16(p->tuple.dport);
	tcp->dst_port = rte_cpu_to_be_16(p->tuple.sport);
	tcp->data_off = (sizeof(*tcp) / 4) << 4;
	if (p->tcp_flags & WEIR_TCP_ACK) {
		tcp->sent_seq = rte_cpu_to_be_32(p->ack);
		tcp->tcp_flags = WEIR_TCP_RST;
		return;
	}
	tcp->recv_ack = rte_cpu_to_be_32(p->seq + len);
	tcp->tcp_flags = WEIR_TCP_RST | WEIR_TCP_ACK;
}

struct rte_mbuf *weir_pkt_build_rst(const struct weir_pkt *p, struct rte_mempool *pool)
{
	const uint32_t len = sizeof(struct rte_tcp_hdr);
	struct rte_mbuf *m;
	uint8_t *ip;

	if (!may_be_answered(p) || p->tuple.proto != WEIR_PROTO_TCP || p->tcp_flags & WEIR_TCP_RST)
		return NULL;
	m = begin(p, pool, ip_header_len(p) + len);
	if (!m)
		return NULL;
	ip = rte_pktmbuf_mtod_offset(m, uint8_t *, p->l3_off);
	put_ip(p, ip, WEIR_PROTO_TCP, len);
	number_rst(p, (struct rte_tcp_hdr *)(ip + ip_header_len(p)));
	put_sum(ip + ip_header_len(p), 16, len, pseudo_sum_back(p, WEIR_PROTO_TCP, len));
	return m;
}

struct rte_mbuf *weir_pkt_build_syn_ack(const struct weir_pkt *p, const struct weir_pkt_syn_ack *a,
					struct rte_mempool *pool)
{
	const uint8_t mss[] = {2, 4, (uint8_t)(a->mss >> 8), (uint8_t)a->mss};
	const uint32_t len = sizeof(struct rte_tcp_hdr) + sizeof(mss);
	struct rte_mbuf *m = may_be_answered(p) ? begin(p, pool, ip_header_len(p) + len) : NULL;
	struct rte_tcp_hdr *tcp;
	uint8_t *ip;

	if (!m)
		return NULL;
	ip = rte_pktmbuf_mtod_offset(m, uint8_t *, p->l3_off);
	put_ip(p, ip, WEIR_PROTO_TCP, len);
	tcp = (struct rte_tcp_hdr *)(ip + ip_header_len(p));
	tcp->src_port = rte_cpu_to_be_16(p->tuple.dport);
	tcp->dst_port = rte_cpu_to_be_16(p->tuple.sport);
	tcp->sent_seq = rte_cpu_to_be_32(a->seq);
	tcp->recv_ack = rte_cpu_to_be_32(p->seq + 1);
	tcp->data_off = (uint8_t)(len / 4 << 4);
	tcp->tcp_flags = WEIR_TCP_SYN | WEIR_TCP_ACK;
	tcp->rx_win = rte_cpu_to_be_16(a->window);
	memcpy(tcp + 1, mss, sizeof(mss));
	put_sum((uint8_t *)tcp, 16, len, pseudo_sum_back(p, WEIR_PROTO_TCP, len));
	return m;
}

struct complaint {
	uint8_t type;
	uint8_t code;
	uint32_t rest; /* the header's last four bytes, host order */
};

static struct rte_mbuf *build_error(const struct weir_pkt *p, struct rte_mempool *pool,
				    struct complaint what)
{
	bool v4 = p->kind == WEIR_PKT_IPV4;
	uint32_t quote = RTE_MIN(p->l3_len, v4 ? (uint32_t)V4_QUOTE_MAX : (uint32_t)V6_QUOTE_MAX);
	uint8_t proto = v4 ? WEIR_PROTO_ICMP : WEIR_PROTO_ICMPV6;
	uint32_t rest = rte_cpu_to_be_32(what.rest);
	const uint8_t *quoted;
	struct rte_mbuf *m;
	uint8_t *icmp;

	if (!may_be_answered(p))
		return NULL;
	m = begin(p, pool, ip_header_len(p) + 8 + quote);
	if (!m)
		return NULL;
	icmp = rte_pktmbuf_mtod_offset(m, uint8_t *, p->l3_off + ip_header_len(p));
	put_ip(p, icmp - ip_header_len(p), proto, 8 + quote);
	icmp[0] = what.type;
	icmp[1] = what.code;
	memcpy(icmp + 4, &rest, sizeof(rest));
	quoted = rte_pktmbuf_read(p->mbuf, p->l3_off, quote, icmp + 8);
	if (quoted != icmp + 8)
		memcpy(icmp + 8, quoted, quote);
	put_sum(icmp, 2, 8 + quote, v4 ? 0 : pseudo_sum_back(p, proto, 8 + quote));
	return m;
}

struct rte_mbuf *weir_pkt_build_prohibited(const struct weir_pkt *p, struct rte_mempool *pool)
{
	if (p->kind == WEIR_PKT_IPV4)
		return build_error(p, pool, (struct complaint){.type = 3, .code = 13});
	return build_error(p, pool, (struct complaint){.type = 1, .code = 1});
}

struct rte_mbuf *weir_pkt_build_too_big(const struct weir_pkt *p, uint16_t mtu,
					struct rte_mempool *pool)
{
	if (p->kind == WEIR_PKT_IPV4)
		return build_error(p, pool, (struct complaint){.type = 3, .code = 4, .rest = mtu});
	return build_error(p, pool, (struct complaint){.type = 2, .code = 0, .rest = mtu});
}
