/* SPDX-License-Identifier: BSD-3-Clause */
/* The IPv6 header and its extension headers (RFC 8200). */
#include "pkt_impl.h"

#define EXT_MAX 8

bool pkt_is_ext(uint8_t proto)
{
	switch (proto) {
	case IPPROTO_HOPOPTS_:
	case IPPROTO_ROUTING_:
	case IPPROTO_FRAGMENT_:
	case IPPROTO_AH_:
	case IPPROTO_DSTOPTS_:
	case IPPROTO_MH_:
	case IPPROTO_HIP_:
	case IPPROTO_SHIM6_:
		return true;
	default:
		return false;
	}
}

uint32_t pkt_ext_len(uint8_t proto, const uint8_t *at, uint32_t left)
{
	uint32_t len;

	if (left < 8)
		return 0;
	if (proto == IPPROTO_FRAGMENT_)
		len = 8;
	else if (proto == IPPROTO_AH_)
		len = (at[1] + 2u) * 4; /* RFC 4302 section 2.2 */
	else
		len = (at[1] + 1u) * 8;
	return len <= left ? len : 0;
}

/* Options of a hop-by-hop or destination header (RFC 8200 section 4.2): do their lengths fit? */
static bool options_fit(const uint8_t *at, uint32_t len)
{
	uint32_t off = 2;

	while (off < len) {
		if (at[off] == 0) { /* Pad1 */
			off++;
			continue;
		}
		if (len - off < 2 || at[off + 1] + 2u > len - off)
			return false;
		off += at[off + 1] + 2u;
	}
	return true;
}

/* What was seen of a chain of extension headers. */
struct chain {
	uint8_t proto; /* of what comes next */
	uint32_t off;
	unsigned int n;
	unsigned int destination_options;
	bool seen_routing, seen_fragment, seen_auth;
};

static enum weir_drop check_order(struct chain *c)
{
	bool twice = false;

	switch (c->proto) {
	case IPPROTO_HOPOPTS_:
		twice = c->n > 0;
		break;
	case IPPROTO_ROUTING_:
		twice = c->seen_routing;
		c->seen_routing = true;
		break;
	case IPPROTO_FRAGMENT_:
		twice = c->seen_fragment;
		c->seen_fragment = true;
		break;
	case IPPROTO_AH_:
		twice = c->seen_auth;
		c->seen_auth = true;
		break;
	case IPPROTO_DSTOPTS_:
		twice = ++c->destination_options > 2;
		break;
	default:
		break;
	}
	return twice ? WEIR_DROP_IPV6_EXT_ORDER : WEIR_DROP_NONE;
}

static enum weir_drop check_content(const struct chain *c, const uint8_t *at, uint32_t len)
{
	switch (c->proto) {
	case IPPROTO_HOPOPTS_:
	case IPPROTO_DSTOPTS_:
		return options_fit(at, len) ? WEIR_DROP_NONE : WEIR_DROP_IPV6_BAD_OPTION;
	case IPPROTO_ROUTING_: /* RFC 5095; segments left: the destination is not the last one */
		return at[2] == 0 || at[3] != 0 ? WEIR_DROP_IPV6_ROUTING : WEIR_DROP_NONE;
	default:
		return WEIR_DROP_NONE;
	}
}

/* Takes the fragment header at c->off. Not a fragment when it is atomic (RFC 6946). */
static enum weir_drop read_fragment_header(struct weir_pkt *p, const struct chain *c)
{
	const uint8_t *at = pkt_at(p, c->off);
	uint16_t field = load_be16(at + 2);
	uint32_t len = pkt_l3_end(p) - (c->off + 8);

	if ((field & 0xfff9) == 0)
		return WEIR_DROP_NONE;
	p->flags |= WEIR_PKT_FRAGMENT;
	p->frag_offset = field & 0xfff8;
	p->frag_more = field & 1;
	p->frag_id = load_be32(at + 4);
	p->frag_hdr_off = (uint16_t)c->off;
	if (len == 0 || (p->frag_more && len % 8) || p->frag_offset + len > 65535)
		return WEIR_DROP_FRAG_BAD_LENGTH;
	return WEIR_DROP_NONE;
}

static enum weir_drop read_ext(struct weir_pkt *p, struct chain *c)
{
	uint32_t left = pkt_l3_end(p) - c->off, len;
	enum weir_drop drop = check_order(c);
	const uint8_t *at = pkt_at(p, c->off);

	if (drop != WEIR_DROP_NONE)
		return drop;
	if (++c->n > EXT_MAX)
		return WEIR_DROP_IPV6_EXT_TOO_MANY;
	if (left < 8)
		return WEIR_DROP_IPV6_EXT_TRUNCATED;
	if (!pkt_has(p, c->off, 8))
		return WEIR_DROP_HEADERS_SEGMENTED;
	len = pkt_ext_len(c->proto, at, left);
	if (len == 0)
		return WEIR_DROP_IPV6_EXT_TRUNCATED;
	if (!pkt_has(p, c->off, len))
		return WEIR_DROP_HEADERS_SEGMENTED;
	drop = c->proto == IPPROTO_FRAGMENT_ ? read_fragment_header(p, c)
					     : check_content(c, at, len);
	c->proto = at[0];
	c->off += len;
	return drop;
}

/* A chain that goes on past a first fragment's end is as bad as ports that do. */
static enum weir_drop as_first_fragment(const struct weir_pkt *p, enum weir_drop drop)
{
	return p->flags & WEIR_PKT_FRAGMENT && drop == WEIR_DROP_IPV6_EXT_TRUNCATED
		       ? WEIR_DROP_FRAG_TINY_FIRST
		       : drop;
}

static WEIR_COLD enum weir_drop read_chain(struct weir_pkt *p, struct chain *c)
{
	uint16_t fragment_l4 = 0;

	while (pkt_is_ext(c->proto)) {
		enum weir_drop drop = read_ext(p, c);

		if (drop != WEIR_DROP_NONE)
			return as_first_fragment(p, drop);
		if (!(p->flags & WEIR_PKT_FRAGMENT) || fragment_l4)
			continue;
		fragment_l4 = (uint16_t)c->off;
		p->tuple.proto = c->proto;
		if (p->frag_offset)
			break; /* what follows is not a header */
	}
	p->l4_off = fragment_l4 ? fragment_l4 : (uint16_t)c->off;
	if (!fragment_l4) {
		p->tuple.proto = c->proto;
		return WEIR_DROP_NONE;
	}
	/* A first fragment must have the whole chain and the transport header (RFC 7112). */
	return p->frag_offset ? WEIR_DROP_NONE : pkt_check_first_fragment(p, c->proto, c->off);
}

static bool is_zero(const uint8_t *bytes, size_t n)
{
	uint8_t any = 0;

	while (n--)
		any |= bytes[n];
	return any == 0;
}

static bool is_loopback(const uint8_t *a)
{
	return a[15] == 1 && is_zero(a, 15);
}

static bool is_v4_mapped(const uint8_t *a)
{
	return a[10] == 0xff && a[11] == 0xff && is_zero(a, 10);
}

/* RFC 4291 sections 2.5.2, 2.5.3, 2.7; v4-mapped does not belong on the wire. */
static enum weir_drop check_addresses(const struct weir_pkt *p)
{
	const uint8_t *src = p->tuple.src, *dst = p->tuple.dst;

	if (weir_unlikely(src[0] == 0xff ||
			  (src[0] == 0 && (is_loopback(src) || is_v4_mapped(src)))))
		return WEIR_DROP_IPV6_BAD_SOURCE;
	if (weir_unlikely(dst[0] == 0 &&
			  (is_zero(dst, 16) || is_loopback(dst) || is_v4_mapped(dst))))
		return WEIR_DROP_IPV6_BAD_DESTINATION;
	return WEIR_DROP_NONE;
}

enum weir_drop pkt_read_ipv6(struct weir_pkt *p, enum weir_pkt_checksum checksum)
{
	const uint8_t *at = pkt_at(p, p->l3_off);
	struct chain chain = {.off = p->l3_off + (uint32_t)sizeof(struct rte_ipv6_hdr)};
	enum weir_drop drop;
	uint32_t len;

	if (weir_unlikely(!pkt_has(p, p->l3_off, sizeof(struct rte_ipv6_hdr))))
		return pkt_lacks(p, p->l3_off, sizeof(struct rte_ipv6_hdr),
				 WEIR_DROP_IPV6_TRUNCATED);
	if (weir_unlikely(at[0] >> 4 != 6))
		return WEIR_DROP_IPV6_BAD_VERSION;
	len = load_be16(at + 4);
	chain.proto = at[6];
	/* Length 0 with options: a jumbogram (RFC 2675). */
	if (weir_unlikely(len + sizeof(struct rte_ipv6_hdr) >
				  rte_pktmbuf_pkt_len(p->mbuf) - p->l3_off ||
			  (len == 0 && chain.proto == IPPROTO_HOPOPTS_)))
		return WEIR_DROP_IPV6_BAD_LENGTH;
	p->kind = WEIR_PKT_IPV6;
	p->flags |= WEIR_PKT_DF;
	p->l3_len = len + (uint32_t)sizeof(struct rte_ipv6_hdr);
	p->tuple.src = at + 8;
	p->tuple.dst = at + 24;
	p->tuple.family = 6;
	p->tuple.proto = chain.proto;
	p->l4_off = (uint16_t)chain.off;
	if (weir_unlikely(at[7] == 0))
		return WEIR_DROP_IPV6_HOP_LIMIT_ZERO;
	drop = check_addresses(p);
	if (weir_likely(drop == WEIR_DROP_NONE) && weir_unlikely(pkt_is_ext(chain.proto)))
		drop = read_chain(p, &chain);
	if (weir_unlikely(drop != WEIR_DROP_NONE || p->flags & WEIR_PKT_FRAGMENT))
		return drop;
	return pkt_read_transport(p, checksum);
}
