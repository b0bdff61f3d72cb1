/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RACK-TLP (RFC 8985): a segment is lost when one that was sent sufficiently later has arrived; a
 * probe finds losses at the end. The list by time of sending holds what was sent and neither
 * acknowledged nor given up, so that what has been judged is not looked at again.
 */
#include "tcp_impl.h"

#define WIDTHS_MAX      16
#define PERSIST_ROUNDS  16 /* section 6.2 step 4 */
#define DUPLICATES_LOST 3

/* ---- list by time of sending ---- */

void tcp_sent_list_add(struct tcp_leg *l, struct weir_span *s)
{
	struct tcp_queues *q = l->q;

	s->flags |= WEIR_SPAN_TIMED;
	s->newer = NULL;
	s->older = q->newest;
	if (q->newest)
		q->newest->newer = s;
	else
		q->oldest = s;
	q->newest = s;
}

void tcp_sent_list_remove(struct tcp_leg *l, struct weir_span *s)
{
	struct tcp_queues *q = l->q;

	if (!(s->flags & WEIR_SPAN_TIMED))
		return;
	s->flags &= (uint8_t)~WEIR_SPAN_TIMED;
	if (s->older)
		s->older->newer = s->newer;
	else
		q->oldest = s->newer;
	if (s->newer)
		s->newer->older = s->older;
	else
		q->newest = s->older;
}

/* ---- what was delivered (section 6.2 steps 1 and 2) ---- */

static bool sent_after(uint64_t a_ns, uint32_t a_end, uint64_t b_ns, uint32_t b_end)
{
	return a_ns > b_ns || (a_ns == b_ns && weir_seq_lt(b_end, a_end));
}

void tcp_rack_update(struct tcp_leg *l, const struct weir_span *s, struct tcp_acked *a)
{
	struct tcp_rack *r = &l->rack;
	uint32_t rtt_us = (uint32_t)((a->now_ns - s->sent_ns) / WEIR_NS_PER_US);
	uint32_t end = weir_span_end(s);

	if (s->sends > 1) {
		/* Too soon for the repetition: the first one has arrived. */
		if (rtt_us < r->min_rtt_us)
			return;
	} else if (weir_seq_lt(end, r->fack)) {
		l->flags |= LEG_REORDERING;
	}
	r->fack = weir_seq_max(r->fack, end);
	r->rtt_us = rtt_us ? rtt_us : 1;
	if (sent_after(s->sent_ns, end, r->sent_ns, r->end)) {
		r->sent_ns = s->sent_ns;
		r->end = end;
	}
}

/* Section 6.2 step 4: how far apart segments may arrive before that means loss. */
void tcp_rack_on_dsack(struct tcp_leg *l, bool dsack)
{
	struct tcp_rack *r = &l->rack;

	if (!dsack || weir_seq_lt(l->una, r->dsack_round))
		return;
	l->flags |= LEG_REORDERING;
	r->dsack_round = l->nxt;
	if (r->widths < WIDTHS_MAX)
		r->widths++;
	r->persist = PERSIST_ROUNDS;
}

static uint64_t reorder_window_ns(const struct tcp_leg *l)
{
	uint64_t us;

	if (!(l->flags & LEG_REORDERING) &&
	    (l->recovery != TCP_OPEN || l->q->sacked >= DUPLICATES_LOST * (uint32_t)l->mss))
		return 0;
	us = (uint64_t)l->rack.min_rtt_us / 4 * (1u + l->rack.widths);
	return (us < l->srtt_us ? us : l->srtt_us) * WEIR_NS_PER_US;
}

/* ---- loss (step 5) ---- */

void tcp_mark_lost(struct tcp_leg *l, struct weir_span *s)
{
	uint32_t len = weir_span_end(s) - s->seq;

	tcp_sent_list_remove(l, s);
	if (s->flags & WEIR_SPAN_RESENT) {
		s->flags &= (uint8_t)~WEIR_SPAN_RESENT;
		l->q->resent -= len;
	} else if (!(s->flags & WEIR_SPAN_LOST)) {
		l->q->lost += len;
	}
	s->flags |= WEIR_SPAN_LOST;
	if (!l->q->resend_at || weir_seq_lt(s->seq, l->q->resend_at->seq))
		l->q->resend_at = s;
}

bool tcp_rack_detect(struct weir_tcp *t, struct tcp_leg *l)
{
	const struct tcp_rack *r = &l->rack;
	uint64_t window_ns = reorder_window_ns(l);
	struct weir_span *s, *newer;
	bool lost = false;

	for (s = l->q->oldest; s; s = newer) {
		uint64_t due = s->sent_ns + r->rtt_us * WEIR_NS_PER_US + window_ns;

		newer = s->newer;
		if (!sent_after(r->sent_ns, r->end, s->sent_ns, weir_span_end(s)))
			break;
		if (due > t->now_ns) {
			tcp_timer_set(t, l, TCP_TIMER_REORDER, due);
			return lost;
		}
		tcp_mark_lost(l, s);
		lost = true;
	}
	if (l->timer_for == TCP_TIMER_REORDER)
		l->timer_for = TCP_TIMER_NONE;
	return lost;
}

/* ---- tail loss probe (section 7) ---- */

void tcp_send_probe(struct weir_tcp *t, struct tcp_leg *l)
{
	struct weir_span *s = l->q->unsent;
	bool fresh = s && weir_seq_le(weir_span_end(s), l->una + l->window) && s->len <= l->mss;

	if (!fresh)
		s = l->q->newest;
	if (!s || !tcp_flight(l))
		return;
	l->flags |= LEG_TLP_OUT;
	l->flags &= (uint16_t)~LEG_TLP_RESENT;
	if (!fresh)
		l->flags |= LEG_TLP_RESENT;
	(void)tcp_send_span(t, l, s);
	l->tlp_end = l->nxt;
	tcp_timer_set(t, l, TCP_TIMER_RTO, t->now_ns + tcp_rto_ns(l));
}

/* Section 7.4: a probe that was a repetition and is acknowledged without a DSACK has repaired a
 * loss, for which the window is cut as for any. */
void tcp_probe_acked(struct weir_tcp *t, struct tcp_leg *l, uint32_t ack, bool dsack)
{
	if (!(l->flags & LEG_TLP_OUT) || weir_seq_lt(ack, l->tlp_end))
		return;
	/* The probe or what it repeats: a DSACK is still to come, or more is acknowledged without.
	 */
	if (l->flags & LEG_TLP_RESENT && !dsack && ack == l->tlp_end)
		return;
	l->flags &= (uint16_t)~LEG_TLP_OUT;
	if (!(l->flags & LEG_TLP_RESENT) || dsack || l->recovery != TCP_OPEN)
		return;
	tcp_congestion_event(t, l);
	l->cwnd = l->ssthresh;
}
