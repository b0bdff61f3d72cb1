/* SPDX-License-Identifier: BSD-3-Clause */
/* An acknowledgement is taken: what it frees, what it says of the path, what it lets go. */
#include "tcp_impl.h"

static uint32_t sent_len(const struct weir_span *s)
{
	return weir_span_end(s) - s->seq;
}

/* `s` was acknowledged for the first time, in either way. */
void tcp_note_delivered(struct tcp_leg *l, struct weir_span *s, struct tcp_acked *a)
{
	a->bytes += sent_len(s);
	if (s->sends == 1)
		a->rtt_us = (uint32_t)((a->now_ns - s->sent_ns) / WEIR_NS_PER_US) + 1;
	else
		a->resent_acked = true;
	tcp_rack_update(l, s, a);
}

/* Takes the first one off the queue. */
static void free_head(struct weir_tcp *t, struct tcp_leg *l, struct tcp_acked *a)
{
	struct tcp_queues *q = l->q;
	struct weir_span *s = q->out.head;
	uint32_t len = sent_len(s);

	if (s->flags & WEIR_SPAN_SACKED)
		q->sacked -= len;
	else
		tcp_note_delivered(l, s, a);
	if (s->flags & WEIR_SPAN_LOST)
		q->lost -= len;
	if (s->flags & WEIR_SPAN_RESENT)
		q->resent -= len;
	tcp_sent_list_remove(l, s);
	if (q->sack_at == s)
		q->sack_at = s->next == q->unsent ? NULL : s->next;
	if (q->resend_at == s)
		q->resend_at = s->next == q->unsent ? NULL : s->next;
	weir_span_free(t->spans, weir_spans_take(&q->out));
}

/* `ack` is inside the first one. */
static void trim_head(struct tcp_leg *l, uint32_t ack, struct tcp_acked *a)
{
	struct tcp_queues *q = l->q;
	struct weir_span *s = q->out.head;
	uint32_t n = ack - s->seq;

	if (s->flags & WEIR_SPAN_SACKED)
		q->sacked -= n;
	else
		a->bytes += n;
	if (s->flags & WEIR_SPAN_LOST)
		q->lost -= n;
	if (s->flags & WEIR_SPAN_RESENT)
		q->resent -= n;
	weir_span_trim_front(s, n);
	q->out.bytes -= n;
}

static void free_until(struct weir_tcp *t, struct tcp_leg *l, uint32_t ack, struct tcp_acked *a)
{
	struct weir_span *s;

	while ((s = l->q->out.head) && s != l->q->unsent && weir_seq_le(weir_span_end(s), ack))
		free_head(t, l, a);
	if (s && s != l->q->unsent && weir_seq_lt(s->seq, ack))
		trim_head(l, ack, a);
	a->cumulative = ack - l->una;
	l->una = ack;
	l->backoff = 0;
	l->dupacks = 0;
	l->stuck_ns = 0;
}

void tcp_take_window(struct tcp_leg *l, const struct weir_pkt *p)
{
	if (!weir_seq_lt(l->wl_seq, p->seq) &&
	    !(l->wl_seq == p->seq && weir_seq_le(l->wl_ack, p->ack)))
		return;
	l->window = (uint32_t)p->window << l->peer_scale;
	l->wl_seq = p->seq;
	l->wl_ack = p->ack;
	l->max_window = tcp_max(l->max_window, l->window);
	if (l->window && l->timer_for == TCP_TIMER_PERSIST) {
		l->timer_for = TCP_TIMER_NONE;
		l->backoff = 0;
		l->stuck_ns = 0;
	}
}

/* RFC 5681 section 2: a duplicate, from which one segment has left the network. */
static bool is_duplicate(const struct tcp_leg *l, const struct weir_pkt *p)
{
	return p->ack == l->una && p->payload_len == 0 && tcp_flight(l) &&
	       !(p->tcp_flags & WEIR_TCP_FIN) && (uint32_t)p->window << l->peer_scale == l->window;
}

/* Of peers without SACK: each duplicate stands for a segment that has arrived (RFC 5681 section
 * 3.2, RFC 3042, RFC 6582). */
static void count_duplicate(struct weir_tcp *t, struct tcp_leg *l, struct tcp_acked *a)
{
	if (l->dupacks < UINT8_MAX)
		l->dupacks++;
	a->bytes += l->mss;
	if (l->dupacks == 3 && l->recovery == TCP_OPEN && weir_seq_le(l->recover, l->una)) {
		tcp_mark_lost(l, l->q->out.head);
		tcp_enter_recovery(t, l);
	}
}

static void on_fin_acked(struct weir_tcp *t, struct tcp_leg *l)
{
	if (l->flags & LEG_FIN_QUEUED && l->una == l->end && !l->q->out.head)
		tcp_move(t, l, TCP_ON_FIN_ACKED);
}

/* All that blocks tell. */
static void take_blocks(struct weir_tcp *t, struct tcp_leg *l, uint32_t ack,
			const struct tcp_options *o, struct tcp_acked *a)
{
	if (l->flags & LEG_SACK && o->n_sack)
		tcp_take_sack(t, l, ack, o, a);
	tcp_rack_on_dsack(l, a->dsack);
}

/* What came twice is told once, and where acknowledgements overtake each other, often in one that
 * is late. */
void tcp_on_overtaken_ack(struct weir_tcp *t, struct tcp_leg *l, const struct weir_pkt *p,
			  const struct tcp_options *o)
{
	struct tcp_acked a = {.now_ns = t->now_ns};

	take_blocks(t, l, p->ack, o, &a);
	if (tcp_flight(l))
		tcp_recovery_on_ack(t, l, &a);
	if (a.dsack)
		tcp_undo_on_dsack(t, l, &a.dsack_block);
}

void tcp_on_ack(struct weir_tcp *t, struct tcp_leg *l, const struct weir_pkt *p,
		const struct tcp_options *o)
{
	struct tcp_acked a = {.now_ns = t->now_ns};
	bool duplicate = is_duplicate(l, p);
	bool had_flight = tcp_flight(l) != 0;

	if (weir_seq_lt(l->una, p->ack))
		free_until(t, l, p->ack, &a);
	tcp_take_window(l, p);
	if (!had_flight && !o->n_sack)
		return;
	if (duplicate && !(l->flags & LEG_SACK))
		count_duplicate(t, l, &a);
	take_blocks(t, l, p->ack, o, &a);
	/* What waited behind a repetition tells nothing of the path (Karn). */
	if (a.rtt_us && !a.resent_acked)
		tcp_rtt_sample(l, a.rtt_us);
	tcp_probe_acked(t, l, p->ack, a.dsack);
	if (had_flight)
		tcp_recovery_on_ack(t, l, &a);
	if (a.dsack)
		tcp_undo_on_dsack(t, l, &a.dsack_block);
	if (!had_flight)
		return;
	if (a.cumulative && l->flags & LEG_TIMESTAMPS && o->has_timestamp)
		tcp_undo_on_echo(t, l, o->ts_ecr);
	if (l->timer_for == TCP_TIMER_NONE || (a.cumulative && l->timer_for != TCP_TIMER_REORDER))
		tcp_timer_rearm(t, l);
	on_fin_acked(t, l);
}
