/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is sent, and when: what was lost before what is new, as far as the congestion window and the
 * peer's window allow; bytes go out as soon as they are passed, without Nagle's delay; and an
 * acknowledgement alone when nothing has carried it.
 */
#include "tcp_impl.h"

#define RETRY_NS (10 * WEIR_NS_PER_MS) /* without a packet buffer */

/* Small pieces that wait are put together up to a segment. */
static bool joins_tail(struct tcp_leg *l, const struct weir_span *s)
{
	struct weir_span *tail = l->q->out.tail;

	return l->q->unsent && !(tail->flags & WEIR_SPAN_FIN) && !tail->sends &&
	       weir_span_merge(tail, s, l->mss);
}

void tcp_queue(struct weir_tcp *t, struct tcp_leg *l, struct weir_span *s)
{
	struct tcp_queues *q = l->q;

	s->seq = l->end;
	s->flags &= WEIR_SPAN_SUMMED | WEIR_SPAN_PSH | WEIR_SPAN_FIN;
	l->end = weir_span_end(s);
	if (s->len && joins_tail(l, s)) {
		q->out.bytes += s->len;
		weir_span_free(t->spans, s);
		return;
	}
	weir_spans_append(&q->out, s);
	if (!q->unsent)
		q->unsent = s;
}

void tcp_queue_fin(struct weir_tcp *t, struct tcp_leg *l)
{
	struct weir_span *s;

	if (l->flags & LEG_FIN_QUEUED)
		return;
	s = tcp_borrow_queues(t, l) ? weir_span_make(t->spans, NULL, 0, 0, l->end) : NULL;
	if (!s)
		return; /* tcp_await_end has it asked for again */
	l->flags |= LEG_FIN_QUEUED;
	tcp_queue(t, l, s);
	tcp_move(t, l, TCP_ON_FIN_OUT);
}

/* ---- one segment ---- */

static void note_first(struct weir_tcp *t, struct tcp_leg *l, struct weir_span *s)
{
	l->q->unsent = s->next;
	l->nxt = weir_span_end(s);
	tcp_timer_on_send(t, l);
}

static void note_again(struct weir_tcp *t, struct tcp_leg *l, struct weir_span *s)
{
	if (s->flags & WEIR_SPAN_LOST && !(s->flags & WEIR_SPAN_RESENT)) {
		s->flags |= WEIR_SPAN_RESENT;
		l->q->resent += weir_span_end(s) - s->seq;
	}
	tcp_sent_list_remove(l, s);
	tcp_undo_note_resent(l, weir_span_end(s) - s->seq);
	l->resent_segments++;
	weir_count(t->cfg.stats, WEIR_COUNT_TCP_RESENT, 1);
	if (l->timer_for == TCP_TIMER_NONE)
		tcp_timer_rearm(t, l);
}

bool tcp_send_span(struct weir_tcp *t, struct tcp_leg *l, struct weir_span *s)
{
	struct weir_tcp_conn *c = tcp_conn(l);
	uint8_t flags = WEIR_TCP_ACK;
	struct rte_mbuf *m;

	if (s->flags & WEIR_SPAN_FIN)
		flags |= WEIR_TCP_FIN;
	if (s->flags & WEIR_SPAN_PSH || !s->next)
		flags |= s->len ? WEIR_TCP_PSH : 0;
	m = tcp_build(t, l, s, s->seq, flags);
	if (weir_unlikely(!m)) {
		weir_count_drop(t->cfg.stats, WEIR_DROP_MBUF_EXHAUSTED);
		if (l->timer_for == TCP_TIMER_NONE)
			tcp_timer_set(t, l, TCP_TIMER_PERSIST, t->now_ns + RETRY_NS);
		return false;
	}
	s->sends += s->sends < UINT8_MAX;
	s->sent_ns = t->now_ns;
	if (s == l->q->unsent)
		note_first(t, l, s);
	else
		note_again(t, l, s);
	tcp_sent_list_add(l, s);
	if (l->recovery == TCP_RECOVERY)
		l->cubic.prr.out += weir_span_end(s) - s->seq;
	l->flags &= (uint16_t)~LEG_ACK_NOW;
	l->ack_ns = 0;
	l->acked_in = l->in_next;
	weir_count(t->cfg.stats, WEIR_COUNT_TCP_SEGMENTS_OUT, 1);
	t->cfg.ops->send(t->cfg.ctx, c, l->index, m);
	return true;
}

/* Leaves the first `n` bytes of `s`, which was or was not sent, as a segment of their own. */
static bool cut(struct weir_tcp *t, struct tcp_leg *l, struct weir_span *s, uint32_t n)
{
	bool last = l->q->out.tail == s;

	if (!weir_span_split(t->spans, s, n))
		return false;
	l->q->out.n++;
	if (last)
		l->q->out.tail = s->next;
	return true;
}

/* ---- again ---- */

static bool may_send(const struct tcp_leg *l, const struct weir_span *s)
{
	uint32_t pipe = tcp_pipe(l), cwnd = l->cwnd;

	/* Limited transmit (RFC 3042); with SACK the pipe itself has shrunk. */
	if (l->recovery == TCP_OPEN && !(l->flags & LEG_SACK))
		cwnd += tcp_min(l->dupacks, 2) * l->mss;
	return pipe == 0 || pipe + (weir_span_end(s) - s->seq) <= cwnd;
}

static void resend(struct weir_tcp *t, struct tcp_leg *l)
{
	struct weir_span *s = l->q->resend_at;

	while (s && s != l->q->unsent && l->q->lost > l->q->resent) {
		if ((s->flags & (WEIR_SPAN_LOST | WEIR_SPAN_RESENT)) == WEIR_SPAN_LOST) {
			/* The path has become narrower (RFC 1191) since it was sent. */
			if (s->len > l->mss && !cut(t, l, s, l->mss))
				break;
			if (!may_send(l, s) || !tcp_send_span(t, l, s))
				break;
		}
		s = s->next;
	}
	l->q->resend_at = s == l->q->unsent ? NULL : s;
}

/* ---- new ---- */

/* RFC 9293 section 3.8.6.2.1: a full segment, or all there is, or half of the largest window. */
static bool is_worth_sending(const struct tcp_leg *l, const struct weir_span *s, uint32_t usable)
{
	return s->len <= usable || (usable && usable >= l->max_window / 2) || usable >= l->mss;
}

/* RFC 9293 section 3.8.6.1: the peer's window is shut and nothing is under way that would tell of
 * its opening. */
static void wait_for_window(struct weir_tcp *t, struct tcp_leg *l)
{
	if (!tcp_flight(l) && l->timer_for == TCP_TIMER_NONE)
		tcp_timer_set(t, l, TCP_TIMER_PERSIST, t->now_ns + tcp_rto_ns(l));
}

static uint32_t usable_window(const struct tcp_leg *l)
{
	uint32_t edge = l->wl_ack + l->window;

	return weir_seq_lt(l->nxt, edge) ? edge - l->nxt : 0;
}

bool tcp_send_little(struct weir_tcp *t, struct tcp_leg *l)
{
	uint32_t usable = tcp_min(usable_window(l), l->mss);
	struct weir_span *s = l->q->unsent;

	if (!s || !usable || (s->len > usable && !cut(t, l, s, usable)))
		return false;
	return tcp_send_span(t, l, s);
}

static void send_new(struct weir_tcp *t, struct tcp_leg *l)
{
	struct weir_span *s;

	while ((s = l->q->unsent)) {
		uint32_t usable = usable_window(l);

		if (s->len > l->mss && !cut(t, l, s, l->mss))
			return;
		if (!is_worth_sending(l, s, usable)) {
			wait_for_window(t, l);
			return;
		}
		if (s->len > usable && !cut(t, l, s, usable))
			return;
		if (!may_send(l, s) || !tcp_send_span(t, l, s))
			return;
	}
}

static bool may_carry(const struct tcp_leg *l)
{
	return l->state != WEIR_TCP_HANDSHAKE && l->state != WEIR_TCP_CLOSED &&
	       l->state != WEIR_TCP_TIME_WAIT;
}

void tcp_output(struct weir_tcp *t, struct tcp_leg *l)
{
	if (weir_unlikely(l->state == WEIR_TCP_HANDSHAKE)) {
		if (tcp_conn(l)->by_cookie && l->timer_for == TCP_TIMER_NONE)
			tcp_ask_server(t, tcp_conn(l));
		return;
	}
	if (l->state == WEIR_TCP_CLOSED)
		return;
	if (may_carry(l) && l->q->out.head) {
		if (!tcp_flight(l) && l->q->newest == NULL && l->q->unsent && l->rack.sent_ns &&
		    t->now_ns - l->rack.sent_ns > tcp_rto_ns(l))
			tcp_congestion_idle(t, l);
		if (l->q->lost > l->q->resent)
			resend(t, l);
		if (l->q->lost <= l->q->resent)
			send_new(t, l);
	}
	if (l->flags & LEG_ACK_NOW || tcp_window_grew(t, l))
		tcp_send_ack(t, l);
}
