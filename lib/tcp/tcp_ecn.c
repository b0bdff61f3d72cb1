/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Explicit congestion notification (RFC 3168). The peers agree on it with each other; then each leg
 * speaks it by itself: a mark on one leg slows that leg's sender, and does not cross weir.
 */
#include "tcp_impl.h"

#define BOTH (TCP_FLAG_ECE | TCP_FLAG_CWR)

/* weir_pkt has those of RFC 793 alone. */
static uint8_t flags_of(const struct weir_pkt *p)
{
	return *rte_pktmbuf_mtod_offset(p->mbuf, const uint8_t *, p->l4_off + 13) & BOTH;
}

uint8_t tcp_ecn_of_syn(struct tcp_leg *l, const struct tcp_leg *other, const struct weir_pkt *p)
{
	uint8_t flags = flags_of(p);
	/* Section 6.1.1: ECE alone agrees; both in a SYN-ACK is a reflection of old hosts. */
	bool asked = p->tcp_flags & WEIR_TCP_ACK ? flags == TCP_FLAG_ECE && other->ecn & ECN_ASKED
						 : flags == BOTH;

	l->ecn = asked ? ECN_ASKED : 0;
	return asked ? flags : 0;
}

void tcp_ecn_agree(struct weir_tcp_conn *c)
{
	bool on = c->leg[0].ecn & c->leg[1].ecn & ECN_ASKED;

	c->leg[0].ecn = c->leg[1].ecn = on ? ECN_ON : 0;
	for (unsigned int i = 0; i < 2; i++)
		c->leg[i].ecn_end = c->leg[!i].irs;
}

void tcp_ecn_set(uint8_t *l3, uint8_t family, uint8_t codepoint)
{
	if (family == 4)
		l3[1] = (uint8_t)((l3[1] & ~IP_ECN_MASK) | codepoint);
	else
		l3[1] = (uint8_t)((l3[1] & ~(IP_ECN_MASK << 4)) | codepoint << 4);
}

static bool is_marked(const struct weir_pkt *p)
{
	uint8_t at = *rte_pktmbuf_mtod_offset(p->mbuf, const uint8_t *, p->l3_off + 1);

	return ((p->tuple.family == 4 ? at : at >> 4) & IP_ECN_MASK) == IP_ECN_CE;
}

/* Section 6.1.2: as for a loss, but once in what was under way, and nothing is sent again. */
static void heed(struct weir_tcp *t, struct tcp_leg *l, uint32_t ack)
{
	if (l->recovery != TCP_OPEN || weir_seq_le(ack, l->ecn_end))
		return;
	tcp_congestion_event(t, l);
	l->undo.cwnd = 0;
	l->cwnd = l->ssthresh;
	l->ecn_end = l->nxt;
	l->ecn |= ECN_CWR;
	weir_count(t->cfg.stats, WEIR_COUNT_TCP_MARKS, 1);
}

void tcp_ecn_on_segment(struct weir_tcp *t, struct tcp_leg *l, const struct weir_pkt *p)
{
	uint8_t flags = flags_of(p);

	if (flags & TCP_FLAG_CWR)
		l->ecn &= (uint8_t)~ECN_ECHO;
	if (is_marked(p) && p->payload_len) {
		l->ecn |= ECN_ECHO;
		l->flags |= LEG_ACK_NOW;
	}
	if (flags & TCP_FLAG_ECE)
		heed(t, l, p->ack);
}

/* Section 6.1.5: a repetition is not marked, and does not tell. */
bool tcp_ecn_may_mark(const struct tcp_leg *l, const struct weir_span *s)
{
	return s && s->len && s == l->q->unsent;
}

uint8_t tcp_ecn_flags(struct tcp_leg *l, const struct weir_span *s)
{
	uint8_t flags = l->ecn & ECN_ECHO ? TCP_FLAG_ECE : 0;

	if (l->ecn & ECN_CWR && tcp_ecn_may_mark(l, s)) {
		flags |= TCP_FLAG_CWR;
		l->ecn &= (uint8_t)~ECN_CWR;
	}
	return flags;
}
