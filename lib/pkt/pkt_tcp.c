/* SPDX-License-Identifier: BSD-3-Clause */
/* The TCP header and its options (RFC 9293 section 3.1, RFC 7323). */
#include "pkt_impl.h"

#define OPTION_END     0
#define OPTION_MSS     2
#define OPTION_WSCALE  3
#define OPTION_SACK_OK 4
#define WSCALE_MAX     14 /* RFC 7323 section 2.3 */

/* The length an option must have, 0: any. */
static uint8_t option_len(uint8_t kind)
{
	switch (kind) {
	case OPTION_MSS:
		return 4;
	case OPTION_WSCALE:
		return 3;
	case OPTION_SACK_OK:
		return 2;
	case TCP_OPTION_TIMESTAMP:
		return 10;
	default:
		return 0;
	}
}

static void take_wscale(struct weir_pkt *p, uint8_t shift)
{
	if (p->tcp_flags & WEIR_TCP_SYN)
		p->wscale = shift > WSCALE_MAX ? WSCALE_MAX : shift;
}

static enum weir_drop read_options(struct weir_pkt *p, const uint8_t *at, uint32_t len)
{
	uint16_t seen = 0; /* a bit a kind below 16 */
	uint32_t off = 0;

	while (off < len) {
		uint8_t kind = at[off], must;

		if (kind == OPTION_END)
			break;
		if (kind == TCP_OPTION_NOP) {
			off++;
			continue;
		}
		if (len - off < 2 || at[off + 1] < 2 || at[off + 1] > len - off)
			return WEIR_DROP_TCP_BAD_OPTION;
		must = option_len(kind);
		if (must && (at[off + 1] != must || seen & 1u << kind))
			return WEIR_DROP_TCP_BAD_OPTION;
		if (must)
			seen |= (uint16_t)(1u << kind);
		if (kind == OPTION_WSCALE)
			take_wscale(p, at[off + 2]);
		off += at[off + 1];
	}
	return WEIR_DROP_NONE;
}

static void take_fields(struct weir_pkt *p, const uint8_t *at)
{
	p->tuple.sport = load_be16(at);
	p->tuple.dport = load_be16(at + 2);
	p->seq = load_be32(at + 4);
	p->ack = load_be32(at + 8);
	p->tcp_flags = at[13] & 0x3f;
	p->window = load_be16(at + 14);
	p->wscale = 0xff;
}

enum weir_drop pkt_read_tcp(struct weir_pkt *p, enum weir_pkt_checksum checksum)
{
	uint32_t room = pkt_l4_len(p), header_len;
	enum weir_drop drop;
	const uint8_t *at;

	if (weir_unlikely(room < sizeof(struct rte_tcp_hdr)))
		return WEIR_DROP_TCP_TRUNCATED;
	if (weir_unlikely(!pkt_has(p, p->l4_off, sizeof(struct rte_tcp_hdr))))
		return WEIR_DROP_HEADERS_SEGMENTED;
	at = pkt_at(p, p->l4_off);
	header_len = (at[12] >> 4) * 4u;
	if (weir_unlikely(header_len < sizeof(struct rte_tcp_hdr) || header_len > room))
		return WEIR_DROP_TCP_BAD_OFFSET;
	if (weir_unlikely(!pkt_has(p, p->l4_off, header_len)))
		return WEIR_DROP_HEADERS_SEGMENTED;
	take_fields(p, at);
	p->payload_off = (uint16_t)(p->l4_off + header_len);
	p->payload_len = room - header_len;
	if (weir_unlikely(!pkt_tcp_flags_are_sane(p->tcp_flags)))
		return WEIR_DROP_TCP_BAD_FLAGS;
	if (weir_unlikely(p->tuple.sport == 0 || p->tuple.dport == 0))
		return WEIR_DROP_TCP_PORT_ZERO;
	header_len -= (uint32_t)sizeof(struct rte_tcp_hdr);
	if (weir_unlikely(
		    !pkt_tcp_options_are_usual(at + sizeof(struct rte_tcp_hdr), header_len))) {
		drop = read_options(p, at + sizeof(struct rte_tcp_hdr), header_len);
		if (drop != WEIR_DROP_NONE)
			return drop;
	}
	return pkt_check_transport(p, 16, room, checksum, WEIR_DROP_TCP_BAD_CHECKSUM);
}
