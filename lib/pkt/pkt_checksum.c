/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Transport checksums: the device's word when it has one, else ours. A sender that leaves them to
 * hardware it does not have (a veth with tx offload on) writes the pseudo-header's sum alone: that
 * is told apart from damage, because the cure is another one.
 */
#include "pkt_impl.h"

static uint16_t fold(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

/* The two addresses stand side by side in both headers (RFC 9293 section 3.1, RFC 8200
 * section 8.1). */
uint16_t pkt_pseudo_sum(const struct weir_pkt_tuple *t, uint8_t proto, uint32_t len)
{
	uint64_t sum = rte_raw_cksum(t->src, t->family == 4 ? 8 : 32);

	sum += rte_cpu_to_be_16(proto);
	sum += rte_cpu_to_be_16((uint16_t)len);
	sum += rte_cpu_to_be_16((uint16_t)(len >> 16));
	return fold(sum);
}

static uint16_t sum_of(const struct weir_pkt *p, uint32_t len)
{
	uint16_t sum = 0;

	if (weir_likely(pkt_has(p, p->l4_off, len)))
		return rte_raw_cksum(pkt_at(p, p->l4_off), len);
	rte_raw_cksum_mbuf(p->mbuf, p->l4_off, len, &sum);
	return sum;
}

/* Without pseudo-header: ICMP over IPv4. */
static uint16_t pseudo_for(const struct weir_pkt *p, uint32_t len)
{
	return p->tuple.proto == WEIR_PROTO_ICMP ? 0
						 : pkt_pseudo_sum(&p->tuple, p->tuple.proto, len);
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
	right = (uint16_t)~sum_of(p, len);
	if (right == 0 && p->tuple.proto == WEIR_PROTO_UDP)
		right = 0xffff;
	memcpy(pkt_at(p, p->l4_off + field), &right, sizeof(right));
	return WEIR_DROP_NONE;
}

enum weir_drop pkt_check_transport(struct weir_pkt *p, uint32_t field, uint32_t len,
				   enum weir_pkt_checksum mode, enum weir_drop bad)
{
	uint64_t word = p->mbuf->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;
	uint16_t pseudo;

	if (word == RTE_MBUF_F_RX_L4_CKSUM_GOOD || mode == WEIR_PKT_CHECKSUM_IGNORE)
		return WEIR_DROP_NONE;
	pseudo = pseudo_for(p, len);
	if (weir_likely(word != RTE_MBUF_F_RX_L4_CKSUM_BAD &&
			fold((uint64_t)pseudo + sum_of(p, len)) == 0xffff))
		return WEIR_DROP_NONE;
	return on_bad_sum(p, field, len, pseudo, mode, bad);
}
