/* SPDX-License-Identifier: BSD-3-Clause */
/* ICMP (RFC 792) and ICMPv6 (RFC 4443), with the packet that an error quotes. */
#include "pkt_impl.h"

/* Bytes that every error must quote (RFC 792, RFC 1122 section 3.2.2). */
#define QUOTED_TRANSPORT 8

static bool v4_is_error(uint8_t type)
{
	return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}

static bool v4_has_identifier(uint8_t type)
{
	return type == 0 || type == 8 || (type >= 13 && type <= 18);
}

static bool is_error(const struct weir_pkt *p)
{
	if (p->kind == WEIR_PKT_IPV4)
		return v4_is_error(p->icmp_type);
	return p->icmp_type < 128 || p->icmp_type == 137;
}

static bool has_identifier(uint8_t family, uint8_t type)
{
	return family == 4 ? v4_has_identifier(type) : type == 128 || type == 129;
}

/* The first bytes of a quoted transport header, at `at`. */
static bool read_quoted_transport(struct weir_pkt *p, const uint8_t *at)
{
	struct weir_pkt_tuple *q = &p->quote;

	q->sport = q->dport = 0;
	switch (q->proto) {
	case WEIR_PROTO_TCP:
		p->quote_seq = load_be32(at + 4);
		__attribute__((fallthrough));
	case WEIR_PROTO_UDP:
	case WEIR_PROTO_SCTP:
		q->sport = load_be16(at);
		q->dport = load_be16(at + 2);
		return true;
	case WEIR_PROTO_ICMP:
	case WEIR_PROTO_ICMPV6:
		if (has_identifier(q->family, at[0]))
			q->sport = q->dport = load_be16(at + 4);
		return true;
	default:
		return true;
	}
}

static bool read_quoted_v4(struct weir_pkt *p, const uint8_t *at, uint32_t left)
{
	uint32_t header_len;

	if (left < sizeof(struct rte_ipv4_hdr) || at[0] >> 4 != 4)
		return false;
	header_len = (at[0] & 0xf) * 4u;
	if (header_len < sizeof(struct rte_ipv4_hdr) || left < header_len + QUOTED_TRANSPORT)
		return false;
	if (load_be16(at + 6) & 0x1fff)
		return false; /* a later fragment: no ports */
	p->quote.src = at + 12;
	p->quote.dst = at + 16;
	p->quote.family = 4;
	p->quote.proto = at[9];
	return read_quoted_transport(p, at + header_len);
}

static bool read_quoted_v6(struct weir_pkt *p, const uint8_t *at, uint32_t left)
{
	uint32_t off = sizeof(struct rte_ipv6_hdr);
	uint8_t proto;

	if (left < off || at[0] >> 4 != 6)
		return false;
	proto = at[6];
	while (pkt_is_ext(proto)) {
		uint32_t len = pkt_ext_len(proto, at + off, left - off);

		if (len == 0)
			return false;
		if (proto == IPPROTO_FRAGMENT_ && load_be16(at + off + 2) & 0xfff8)
			return false;
		proto = at[off];
		off += len;
	}
	if (left < off + QUOTED_TRANSPORT)
		return false;
	p->quote.src = at + 8;
	p->quote.dst = at + 24;
	p->quote.family = 6;
	p->quote.proto = proto;
	return read_quoted_transport(p, at + off);
}

static WEIR_COLD enum weir_drop read_error(struct weir_pkt *p)
{
	uint32_t end = RTE_MIN(pkt_l3_end(p), (uint32_t)rte_pktmbuf_data_len(p->mbuf));
	const uint8_t *at = pkt_at(p, p->l4_off + 8u);
	uint32_t left = end - (p->l4_off + 8u);
	bool good;

	p->flags |= WEIR_PKT_ICMP_ERROR;
	p->quote_seq = 0;
	p->quote.vlan = p->tuple.vlan;
	p->quote.vlan_inner = p->tuple.vlan_inner;
	if (p->kind == WEIR_PKT_IPV6 && p->icmp_type == 137)
		return WEIR_DROP_NONE; /* a redirect quotes in an option, and is refused anyway */
	good = p->kind == WEIR_PKT_IPV4 ? read_quoted_v4(p, at, left) : read_quoted_v6(p, at, left);
	return good ? WEIR_DROP_NONE : WEIR_DROP_ICMP_ERROR_BAD_QUOTE;
}

enum weir_drop pkt_read_icmp(struct weir_pkt *p, enum weir_pkt_checksum checksum)
{
	uint32_t len = pkt_l4_len(p);
	enum weir_drop drop;
	const uint8_t *at;

	if (weir_unlikely(len < 8))
		return WEIR_DROP_ICMP_TRUNCATED;
	if (weir_unlikely(!pkt_has(p, p->l4_off, 8)))
		return WEIR_DROP_HEADERS_SEGMENTED;
	at = pkt_at(p, p->l4_off);
	p->icmp_type = at[0];
	p->icmp_code = at[1];
	p->payload_off = p->l4_off + 8;
	p->payload_len = len - 8;
	if (has_identifier(p->tuple.family, at[0]))
		p->tuple.sport = p->tuple.dport = load_be16(at + 4);
	drop = pkt_check_transport(p, 2, len, checksum, WEIR_DROP_ICMP_BAD_CHECKSUM);
	if (weir_unlikely(drop != WEIR_DROP_NONE))
		return drop;
	return is_error(p) ? read_error(p) : WEIR_DROP_NONE;
}
