/* SPDX-License-Identifier: BSD-3-Clause */
/* The IPv4 header (RFC 791, RFC 1122 section 3.2.1). */
#include "pkt_impl.h"

#define OPTION_END  0
#define OPTION_NOP  1
#define OPTION_LSRR 131
#define OPTION_SSRR 137

/* RFC 791 section 3.1; what RFC 7126 says about each is followed for source routes only. */
static WEIR_COLD enum weir_drop read_options(const uint8_t *at, uint32_t len)
{
	uint32_t off = 0;

	while (off < len) {
		uint8_t type = at[off];

		if (type == OPTION_END)
			return WEIR_DROP_NONE;
		if (type == OPTION_NOP) {
			off++;
			continue;
		}
		if (len - off < 2 || at[off + 1] < 2 || at[off + 1] > len - off)
			return WEIR_DROP_IPV4_BAD_OPTION;
		if (type == OPTION_LSRR || type == OPTION_SSRR)
			return WEIR_DROP_IPV4_SOURCE_ROUTE;
		off += at[off + 1];
	}
	return WEIR_DROP_NONE;
}

/* RFC 1122 section 3.2.1.3. 0.0.0.0 is a source that DHCP needs. */
static enum weir_drop check_addresses(const struct weir_pkt *p)
{
	uint8_t src = p->tuple.src[0], dst = p->tuple.dst[0];

	if (weir_unlikely(src >= 224 || src == 127))
		return WEIR_DROP_IPV4_BAD_SOURCE;
	if (weir_unlikely(dst == 127 || (dst == 0 && load_be32(p->tuple.dst) == 0)))
		return WEIR_DROP_IPV4_BAD_DESTINATION;
	return WEIR_DROP_NONE;
}

static bool header_sum_is_good(const struct weir_pkt *p, const uint8_t *at, uint32_t len)
{
	uint64_t word = p->mbuf->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK;

	if (word == RTE_MBUF_F_RX_IP_CKSUM_GOOD)
		return true;
	return word != RTE_MBUF_F_RX_IP_CKSUM_BAD && pkt_header_sum_is_good(at, len);
}

/* A piece of a datagram: is it one that a sane sender makes? */
static WEIR_COLD enum weir_drop read_fragment(struct weir_pkt *p, uint32_t header_len,
					      uint16_t field)
{
	uint32_t len = p->l3_len - header_len;

	p->flags |= WEIR_PKT_FRAGMENT;
	p->frag_offset = (uint16_t)((field & 0x1fff) * 8);
	p->frag_more = (field & 0x2000) != 0;
	p->frag_id = load_be16(pkt_at(p, p->l3_off) + 4);
	if (len == 0 || (p->frag_more && len % 8) || header_len + p->frag_offset + len > 65535)
		return WEIR_DROP_FRAG_BAD_LENGTH;
	if (p->frag_offset == 0)
		return pkt_check_first_fragment(p, p->tuple.proto, p->l4_off);
	/* RFC 1858 section 3.2.2: nor a second piece that begins within the TCP header. */
	if (p->tuple.proto == WEIR_PROTO_TCP && p->frag_offset < sizeof(struct rte_tcp_hdr))
		return WEIR_DROP_FRAG_TINY_FIRST;
	return WEIR_DROP_NONE;
}

static enum weir_drop read_lengths(struct weir_pkt *p, const uint8_t *at, uint32_t *header_len)
{
	uint32_t room = rte_pktmbuf_pkt_len(p->mbuf) - p->l3_off;

	if (weir_unlikely(at[0] >> 4 != 4))
		return WEIR_DROP_IPV4_BAD_VERSION;
	*header_len = (at[0] & 0xf) * 4u;
	p->l3_len = load_be16(at + 2);
	if (weir_unlikely(*header_len < sizeof(struct rte_ipv4_hdr) || *header_len > room))
		return WEIR_DROP_IPV4_BAD_HEADER_LENGTH;
	if (weir_unlikely(p->l3_len < *header_len || p->l3_len > room))
		return WEIR_DROP_IPV4_BAD_TOTAL_LENGTH;
	if (weir_unlikely(!pkt_has(p, p->l3_off, *header_len)))
		return WEIR_DROP_HEADERS_SEGMENTED;
	return WEIR_DROP_NONE;
}

static void take_fields(struct weir_pkt *p, const uint8_t *at, uint32_t header_len)
{
	p->kind = WEIR_PKT_IPV4;
	p->l4_off = (uint16_t)(p->l3_off + header_len);
	p->tuple.src = at + 12;
	p->tuple.dst = at + 16;
	p->tuple.family = 4;
	p->tuple.proto = at[9];
	if (at[6] & 0x40)
		p->flags |= WEIR_PKT_DF;
}

enum weir_drop pkt_read_ipv4(struct weir_pkt *p, enum weir_pkt_checksum checksum)
{
	const uint8_t *at = pkt_at(p, p->l3_off);
	enum weir_drop drop;
	uint32_t header_len;
	uint16_t frag;

	if (weir_unlikely(!pkt_has(p, p->l3_off, sizeof(struct rte_ipv4_hdr))))
		return pkt_lacks(p, p->l3_off, sizeof(struct rte_ipv4_hdr),
				 WEIR_DROP_IPV4_TRUNCATED);
	drop = read_lengths(p, at, &header_len);
	if (weir_unlikely(drop != WEIR_DROP_NONE))
		return drop;
	if (weir_unlikely(!header_sum_is_good(p, at, header_len)))
		return WEIR_DROP_IPV4_BAD_CHECKSUM;
	take_fields(p, at, header_len);
	if (weir_unlikely(at[8] == 0))
		return WEIR_DROP_IPV4_TTL_ZERO;
	frag = load_be16(at + 6);
	if (weir_unlikely(frag & 0x8000))
		return WEIR_DROP_IPV4_RESERVED_FLAG;
	if (weir_unlikely(header_len > sizeof(struct rte_ipv4_hdr)))
		drop = read_options(at + sizeof(struct rte_ipv4_hdr),
				    header_len - (uint32_t)sizeof(struct rte_ipv4_hdr));
	if (weir_likely(drop == WEIR_DROP_NONE))
		drop = check_addresses(p);
	if (weir_unlikely(drop != WEIR_DROP_NONE))
		return drop;
	if (weir_unlikely(frag & 0x3fff))
		return read_fragment(p, header_len, frag);
	return pkt_read_transport(p, checksum);
}
