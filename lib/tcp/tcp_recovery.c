/* SPDX-License-Identifier: BSD-3-Clause */
/* Fast recovery with proportional rate reduction (RFC 6675, 6937; RFC 6582 for peers without SACK)
 * and recovery after a timeout (RFC 5681 section 3.1, RFC 8985 section 6.3). */
#include "tcp_impl.h"

void tcp_enter_recovery(struct weir_tcp *t, struct tcp_leg *l)
{
	tcp_congestion_event(t, l);
	l->recovery = TCP_RECOVERY;
	l->recover = l->nxt;
	l->prr_flight = tcp_max(tcp_flight(l), 1);
	l->prr_delivered = l->prr_out = 0;
	l->flags &= (uint16_t)~LEG_TLP_OUT;
	weir_count(t->cfg.stats, WEIR_COUNT_TCP_RECOVERIES, 1);
}

static void leave(struct tcp_leg *l)
{
	if (l->recovery == TCP_RECOVERY)
		l->cwnd = l->ssthresh;
	l->recovery = TCP_OPEN;
	if (l->rack.persist && --l->rack.persist == 0)
		l->rack.widths = 0;
}

/* RFC 6937 section 3.1, with slow-start reduction bound. */
static void reduce(struct tcp_leg *l, uint32_t delivered)
{
	uint32_t pipe = tcp_pipe(l), room;

	l->prr_delivered += delivered;
	if (pipe > l->ssthresh) {
		uint64_t due = ((uint64_t)l->prr_delivered * l->ssthresh + l->prr_flight - 1) /
			       l->prr_flight;

		room = due > l->prr_out ? (uint32_t)due - l->prr_out : 0;
	} else {
		uint32_t behind = l->prr_delivered > l->prr_out ? l->prr_delivered - l->prr_out : 0;

		room = tcp_min(l->ssthresh - pipe, tcp_max(behind, delivered) + l->mss);
	}
	/* The first repetition goes out at once (section 3.1, last line). */
	if (!l->prr_out)
		room = tcp_max(room, l->mss);
	l->cwnd = pipe + room;
}

/* A partial acknowledgement without SACK: the next one is lost, too (RFC 6582 section 3.2). */
static void on_partial(struct tcp_leg *l, const struct tcp_acked *a)
{
	if (!(l->flags & LEG_SACK) && a->cumulative && l->out.head && l->out.head != l->unsent)
		tcp_mark_lost(l, l->out.head);
}

void tcp_recovery_on_ack(struct weir_tcp *t, struct tcp_leg *l, const struct tcp_acked *a)
{
	bool lost;

	if (l->recovery != TCP_OPEN && weir_seq_le(l->recover, l->una))
		leave(l);
	lost = l->flags & LEG_SACK && tcp_rack_detect(t, l);
	if (l->recovery == TCP_OPEN && lost)
		tcp_enter_recovery(t, l);
	switch ((enum tcp_recovery)l->recovery) {
	case TCP_OPEN:
		if (a->bytes && a->cumulative)
			tcp_congestion_acked(t, l, a->bytes);
		break;
	case TCP_RECOVERY:
		on_partial(l, a);
		reduce(l, a->bytes);
		break;
	case TCP_LOSS:
		on_partial(l, a);
		if (a->cumulative)
			tcp_congestion_acked(t, l, a->bytes);
		break;
	}
}

/* All that is under way counts as lost; what arrives meanwhile is told by selective
 * acknowledgements, unless the peer has thrown that away (RFC 2018 section 8). */
static void mark_all_lost(struct tcp_leg *l)
{
	if (l->out.head && l->out.head->flags & WEIR_SPAN_SACKED)
		tcp_forget_sacks(l);
	for (struct weir_span *s = l->out.head; s && s != l->unsent; s = s->next)
		if (!(s->flags & WEIR_SPAN_SACKED))
			tcp_mark_lost(l, s);
}

void tcp_on_rto(struct weir_tcp *t, struct tcp_leg *l)
{
	if (!l->out.head || l->out.head == l->unsent)
		return;
	if (l->recovery != TCP_LOSS || weir_seq_le(l->recover, l->una)) {
		tcp_congestion_event(t, l);
		l->ssthresh = tcp_max(tcp_min(l->ssthresh, tcp_flight(l) / 2), 2u * l->mss);
		l->recover = l->nxt;
	}
	l->recovery = TCP_LOSS;
	l->flags &= (uint16_t)~LEG_TLP_OUT;
	l->dupacks = 0;
	mark_all_lost(l);
	l->cwnd = l->mss;
	if (l->backoff < 16)
		l->backoff++;
	l->timeouts++;
	weir_count(t->cfg.stats, WEIR_COUNT_TCP_TIMEOUTS, 1);
	tcp_timer_set(t, l, TCP_TIMER_RTO, t->now_ns + tcp_rto_ns(l));
}
