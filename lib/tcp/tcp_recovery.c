/* SPDX-License-Identifier: BSD-3-Clause */
/* Fast recovery with proportional rate reduction (RFC 6675, 6937; RFC 6582 for peers without SACK)
 * and recovery after a timeout (RFC 5681 section 3.1, RFC 8985 section 6.3). */
#include "tcp_impl.h"

/* ---- undo (RFC 3708, RFC 3522, the response of RFC 4015) ---- */

static void note_event(struct tcp_leg *l)
{
	l->undo = (struct tcp_undo){
		.cwnd = l->cwnd, .ssthresh = l->ssthresh, .w_max = l->cubic.w_max, .from = l->una};
	if (l->blocks)
		l->blocks->echo = TCP_ECHO_NONE;
}

void tcp_undo_note_resent(struct tcp_leg *l, uint32_t bytes)
{
	if (!l->undo.cwnd)
		return;
	l->undo.bytes += bytes;
	if (l->blocks && l->blocks->echo == TCP_ECHO_NONE) {
		l->blocks->resent_ts = tcp_other(tcp_conn(l), l)->ts_seen;
		l->blocks->echo = TCP_ECHO_AWAITED;
	}
}

/* What was given up and not sent again yet is under way, and waited for anew. Its own time of
 * sending would have it given up at once; from now on it is no measure of the path (Karn). */
static void await_lost(struct weir_tcp *t, struct tcp_leg *l)
{
	for (struct weir_span *s = l->q->resend_at; s && s != l->q->unsent; s = s->next)
		if ((s->flags & (WEIR_SPAN_LOST | WEIR_SPAN_RESENT)) == WEIR_SPAN_LOST) {
			s->flags &= (uint8_t)~WEIR_SPAN_LOST;
			l->q->lost -= weir_span_end(s) - s->seq;
			s->sends += s->sends == 1;
			s->sent_ns = t->now_ns;
			tcp_sent_list_add(l, s);
		}
	l->q->resend_at = NULL;
}

/* Nothing was lost: it was late, or only its acknowledgement was. */
static void undo(struct weir_tcp *t, struct tcp_leg *l)
{
	l->cwnd = tcp_max(l->cwnd, l->undo.cwnd);
	l->ssthresh = tcp_max(l->ssthresh, l->undo.ssthresh);
	l->cubic.w_max = tcp_max(l->cubic.w_max, l->undo.w_max);
	l->cubic.epoch_ns = 0;
	l->recovery = TCP_OPEN;
	l->undo.cwnd = 0;
	await_lost(t, l);
	weir_count(t->cfg.stats, WEIR_COUNT_TCP_UNDONE, 1);
}

void tcp_undo_on_dsack(struct weir_tcp *t, struct tcp_leg *l, const struct tcp_sack *block)
{
	struct tcp_undo *u = &l->undo;
	uint32_t bytes = block->end - block->start;

	if (!u->cwnd || !u->bytes || weir_seq_lt(block->start, u->from) ||
	    weir_seq_lt(l->nxt, block->end) || weir_seq_le(block->end, block->start))
		return;
	u->bytes -= tcp_min(u->bytes, bytes);
	if (!u->bytes)
		undo(t, l);
}

/* RFC 3522: what fills the first gap was sent before anything was sent again. It shows as much of
 * how late segments may be as a DSACK does. */
void tcp_undo_on_echo(struct weir_tcp *t, struct tcp_leg *l, uint32_t ts)
{
	struct tcp_blocks *b = l->blocks;

	if (!l->undo.cwnd || !weir_seq_lt(l->undo.from, l->una) || !b ||
	    b->echo != TCP_ECHO_AWAITED)
		return;
	b->echo = TCP_ECHO_SEEN;
	if (!weir_seq_lt(ts, b->resent_ts))
		return;
	tcp_rack_on_dsack(l, true);
	undo(t, l);
}

/* What was given up has come before anything was sent again, perhaps in the same burst. */
static void undo_untouched(struct weir_tcp *t, struct tcp_leg *l)
{
	if (l->recovery != TCP_RECOVERY || !l->undo.cwnd || l->undo.bytes || l->q->lost)
		return;
	tcp_rack_on_dsack(l, true);
	undo(t, l);
}

/* ---- fast recovery ---- */

void tcp_enter_recovery(struct weir_tcp *t, struct tcp_leg *l)
{
	note_event(l);
	tcp_congestion_event(t, l);
	l->recovery = TCP_RECOVERY;
	l->recover = l->nxt;
	l->cubic.prr.flight = tcp_max(tcp_flight(l), 1);
	l->cubic.prr.delivered = l->cubic.prr.out = 0;
	l->flags &= (uint16_t)~LEG_TLP_OUT;
	/* There is nothing to probe for any more (RFC 8985 section 7.2). */
	if (l->timer_for == TCP_TIMER_TLP)
		tcp_timer_rearm(t, l);
	weir_count(t->cfg.stats, WEIR_COUNT_TCP_RECOVERIES, 1);
}

static void leave(struct tcp_leg *l)
{
	if (l->recovery == TCP_RECOVERY) {
		l->cwnd = l->ssthresh;
		l->cubic.epoch_ns = 0;
	}
	l->recovery = TCP_OPEN;
	if (l->rack.persist && --l->rack.persist == 0)
		l->rack.widths = 0;
}

/* RFC 6937 section 3.1, with slow-start reduction bound. */
static void reduce(struct tcp_leg *l, uint32_t delivered)
{
	uint32_t pipe = tcp_pipe(l), out = l->cubic.prr.out, room;

	l->cubic.prr.delivered += delivered;
	if (pipe > l->ssthresh) {
		uint32_t flight = l->cubic.prr.flight;
		uint64_t due =
			((uint64_t)l->cubic.prr.delivered * l->ssthresh + flight - 1) / flight;

		room = due > out ? (uint32_t)due - out : 0;
	} else {
		uint32_t behind = l->cubic.prr.delivered > out ? l->cubic.prr.delivered - out : 0;

		room = tcp_min(l->ssthresh - pipe, tcp_max(behind, delivered) + l->mss);
	}
	/* The first repetition goes out at once (section 3.1, last line). */
	if (!out)
		room = tcp_max(room, l->mss);
	l->cwnd = pipe + room;
}

/* A partial acknowledgement without SACK: the next one is lost, too (RFC 6582 section 3.2). */
static void on_partial(struct tcp_leg *l, const struct tcp_acked *a)
{
	if (!(l->flags & LEG_SACK) && a->cumulative && l->q->out.head &&
	    l->q->out.head != l->q->unsent)
		tcp_mark_lost(l, l->q->out.head);
}

void tcp_recovery_on_ack(struct weir_tcp *t, struct tcp_leg *l, const struct tcp_acked *a)
{
	bool lost;

	undo_untouched(t, l);
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
	if (l->q->out.head && l->q->out.head->flags & WEIR_SPAN_SACKED)
		tcp_forget_sacks(l);
	for (struct weir_span *s = l->q->out.head; s && s != l->q->unsent; s = s->next)
		if (!(s->flags & WEIR_SPAN_SACKED))
			tcp_mark_lost(l, s);
}

void tcp_on_rto(struct weir_tcp *t, struct tcp_leg *l)
{
	if (!l->q->out.head || l->q->out.head == l->q->unsent)
		return;
	if (l->recovery != TCP_LOSS || weir_seq_le(l->recover, l->una)) {
		/* In recovery what was before that is to be given back. */
		if (l->recovery == TCP_OPEN || !l->undo.cwnd)
			note_event(l);
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
