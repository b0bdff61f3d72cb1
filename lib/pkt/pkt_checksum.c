/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Transport checksums: the device's word when it has one, else ours. A sender that leaves them to
 * hardware it does not have (a veth with tx offload on) writes the pseudo-header's sum alone: that
 * is told apart from damage, because the cure is another one.
 */
#include "pkt_impl.h"
#include <weir_sum.h>

bool pkt_header_sum_is_good(const uint8_t *header, uint32_t len)
{
	return weir_sum_fold(weir_sum(header, len)) == 0xffff;
}

/* The two addresses stand side by side in both headers (RFC 9293 section 3.1, RFC 8200
 * section 8.1). */
static inline uint64_t pseudo_sum(const struct weir_pkt_tuple *t, uint8_t proto, uint32_t len)
{
	uint64_t sum = t->family == 4 ? (uint64_t)weir_load32(t->src) + weir_load32(t->dst)
				      : weir_sum(t->src, 32);

	return sum + rte_cpu_to_be_16(proto) + rte_cpu_to_be_32(len);
}

uint16_t pkt_pseudo_sum(const struct weir_pkt_tuple *t, uint8_t proto, uint32_t len)
{
	return weir_sum_fold(pseudo_sum(t, proto, len));
}

/* Not rte_raw_cksum_mbuf, which in 22.11 loses the carries of a segment that begins at an odd byte.
 */
static WEIR_COLD uint64_t sum_of_chain(const struct weir_pkt *p, uint32_t len)
{
	const struct rte_mbuf *m = p->mbuf;
	uint32_t off = p->l4_off, done = 0;
	uint64_t sum = 0;

	for (; done < len; m = m->next, off = 0) {
		uint32_t n = RTE_MIN(m->data_len - off, len - done);
		uint16_t part =
			weir_sum_fold(weir_sum(rte_pktmbuf_mtod_offset(m, uint8_t *, off), n));

		sum += done & 1 ? rte_bswap16(part) : part;
		done += n;
	}
	return sum;
}

static inline uint64_t sum_of(const struct weir_pkt *p, uint32_t len)
{
	if (weir_unlikely(!pkt_has(p, p->l4_off, len)))
		return sum_of_chain(p, len);
	return weir_sum(pkt_at(p, p->l4_off), len);
}

/* Without pseudo-header: ICMP over IPv4. */
static inline uint64_t pseudo_for(const struct weir_pkt *p, uint32_t len)
{
	return p->tuple.proto == WEIR_PROTO_ICMP ? 0 : pseudo_sum(&p->tuple, p->tuple.proto, len);
}

static WEIR_COLD enum weir_drop on_bad_sum(struct weir_pkt *p, uint32_t field, uint32_t len,
					   uint16_t pseudo, enum weir_pkt_checksum mode,
					   enum weir_drop bad)
{
	uint16_t found, right;

	memcpy(&found, pkt_at(p, p->l4_off + field), sizeof(found));
	if (found != pseudo || pseudo == 0)
		return bad;
	p->flags |= WEIR_PKT_UNFINISHED;
	if (mode != WEIR_PKT_CHECKSUM_REPAIR)
		return WEIR_DROP_L4_CHECKSUM_UNFINISHED;
	/* The pseudo-header's sum stands in the field already: the rest is what is to be added. */
	right = (uint16_t)~weir_sum_fold(sum_of(p, len));
	if (right == 0 && p->tuple.proto == WEIR_PROTO_UDP)
		right = 0xffff;
	memcpy(pkt_at(p, p->l4_off + field), &right, sizeof(right));
	/* The frame may be parsed again, by another worker: what the device said is true no more.
	 */
	p->mbuf->ol_flags &= ~RTE_MBUF_F_RX_L4_CKSUM_MASK;
	p->mbuf->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_GOOD;
	return WEIR_DROP_NONE;
}

enum weir_drop pkt_check_transport(struct weir_pkt *p, uint32_t field, uint32_t len,
				   enum weir_pkt_checksum mode, enum weir_drop bad)
{
	uint64_t word = p->mbuf->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;
	uint64_t pseudo;

	if (word == RTE_MBUF_F_RX_L4_CKSUM_GOOD || mode == WEIR_PKT_CHECKSUM_IGNORE)
		return WEIR_DROP_NONE;
	pseudo = pseudo_for(p, len);
	if (weir_likely(word != RTE_MBUF_F_RX_L4_CKSUM_BAD &&
			weir_sum_fold(pseudo + sum_of(p, len)) == 0xffff))
		return WEIR_DROP_NONE;
	return on_bad_sum(p, field, len, weir_sum_fold(pseudo), mode, bad);
}
