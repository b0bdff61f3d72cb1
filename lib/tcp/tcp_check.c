/* SPDX-License-Identifier: BSD-3-Clause */
/* What must hold of a connection between any two calls. Tests and fuzzers ask; the path does not.
 */
#include "tcp_impl.h"

struct sums {
	uint32_t bytes, n;
	uint32_t sacked, lost, resent;
	uint32_t timed;
};

static void count_span(struct sums *sum, const struct weir_span *s)
{
	uint32_t len = weir_span_end(s) - s->seq;

	sum->bytes += s->len;
	sum->n++;
	if (s->flags & WEIR_SPAN_SACKED)
		sum->sacked += len;
	if (s->flags & WEIR_SPAN_LOST)
		sum->lost += len;
	if (s->flags & WEIR_SPAN_RESENT)
		sum->resent += len;
	sum->timed += (s->flags & WEIR_SPAN_TIMED) != 0;
	weir_assert(!(s->flags & WEIR_SPAN_RESENT) || s->flags & WEIR_SPAN_LOST);
	weir_assert(!(s->flags & WEIR_SPAN_SACKED) ||
		    !(s->flags & (WEIR_SPAN_LOST | WEIR_SPAN_TIMED)));
	weir_assert(s->m ? s->len && !(s->flags & WEIR_SPAN_FIN)
			 : s->len == 0 && s->flags & WEIR_SPAN_FIN);
}

/* The queue is without gap from `una` to `end`, sent up to `nxt`. */
static void check_queue(const struct tcp_leg *l)
{
	struct sums sum = {0};
	uint32_t at = l->una;
	bool sent = true;

	for (const struct weir_span *s = l->q->out.head; s; s = s->next) {
		if (s == l->q->unsent) {
			weir_assert(at == l->nxt);
			sent = false;
		}
		weir_assert(s->seq == at);
		weir_assert(sent || !(s->flags & (WEIR_SPAN_SACKED | WEIR_SPAN_LOST |
						  WEIR_SPAN_RESENT | WEIR_SPAN_TIMED)));
		at = weir_span_end(s);
		count_span(&sum, s);
		weir_assert(s->next || s == l->q->out.tail);
	}
	weir_assert(at == l->end);
	weir_assert(l->q->unsent || l->nxt == l->end);
	weir_assert(sum.bytes == l->q->out.bytes && sum.n == l->q->out.n);
	weir_assert(sum.sacked == l->q->sacked && sum.lost == l->q->lost &&
		    sum.resent == l->q->resent);
	for (const struct weir_span *s = l->q->oldest; s; s = s->newer) {
		weir_assert(s->flags & WEIR_SPAN_TIMED);
		weir_assert(!s->newer || s->sent_ns <= s->newer->sent_ns);
		weir_assert(s->newer ? s->newer->older == s : s == l->q->newest);
		sum.timed--;
	}
	weir_assert(sum.timed == 0);
	if (!l->q->out.head)
		weir_assert(!l->q->unsent && !l->q->sack_at && !l->q->resend_at);
}

/* Nothing is lost and waits without being found. */
static void check_resend(const struct tcp_leg *l)
{
	for (const struct weir_span *s = l->q->out.head;
	     s && s != l->q->unsent && s != l->q->resend_at; s = s->next)
		weir_assert((s->flags & (WEIR_SPAN_LOST | WEIR_SPAN_RESENT)) != WEIR_SPAN_LOST);
}

static void check_input(const struct tcp_leg *l)
{
	uint32_t at = l->in_next;

	weir_assert(!weir_seq_lt(l->in_edge, l->in_next - 1)); /* the FIN needs no room */
	for (const struct weir_span *s = l->q->in.gaps.head; s; s = s->next) {
		weir_assert(weir_seq_lt(l->in_next, s->seq) && weir_seq_le(at, s->seq));
		at = weir_span_end(s);
		weir_assert(weir_seq_le(at, l->in_edge));
	}
	weir_assert(l->n_sack <= TCP_SACK_BLOCKS);
	weir_assert(l->blocks || (!l->n_sack && !(l->flags & LEG_DSACK)));
}

/* Who waits for an answer has a timer, or it would wait for ever. */
static void check_timer(const struct tcp_leg *l)
{
	if (l->state == WEIR_TCP_CLOSED)
		return;
	if (tcp_flight(l) || l->q->unsent)
		weir_assert(l->timer_for != TCP_TIMER_NONE);
	if (l->timer_for != TCP_TIMER_NONE || l->ack_ns || l->state_ns)
		weir_assert(weir_timer_armed(&l->timer));
}

/* Unless weir had words of its own, what one peer sent is what the other one gets, by number. */
static void check_pair(const struct weir_tcp_conn *c)
{
	for (unsigned int i = 0; i < 2; i++) {
		const struct tcp_leg *l = &c->leg[i], *other = &c->leg[!i];
		uint32_t got = l->in_next - l->q->in.ready.bytes;

		if (other->state == WEIR_TCP_HANDSHAKE || l->state == WEIR_TCP_HANDSHAKE)
			continue;
		if (l->flags & LEG_FIN_IN && !(other->flags & LEG_FIN_QUEUED))
			got--;
		weir_assert(c->apart || c->by_cookie || other->end == got);
		weir_assert(c->apart || !(l->shut || l->aborted));
	}
}

/* What nobody listens to is not kept, and what is over holds nothing. */
static void check_end(const struct weir_tcp_conn *c, const struct tcp_leg *l)
{
	const struct tcp_leg *other = &c->leg[!l->index];

	weir_assert(!l->aborted || l->state == WEIR_TCP_CLOSED);
	if (l->state == WEIR_TCP_CLOSED)
		weir_assert(!l->q->out.head);
	if (l->aborted)
		weir_assert(!l->q->in.ready.head && !l->q->in.gaps.head);
	if (c->dirty)
		return;
	if (tcp_is_shut(other) && !c->keeps_ends)
		weir_assert(!l->q->in.ready.head);
	if ((other->aborted && !c->keeps_ends) || l->shut)
		weir_assert(l->state == WEIR_TCP_HANDSHAKE || l->state == WEIR_TCP_CLOSED ||
			    l->flags & LEG_FIN_QUEUED || l->ack_ns);
	if (l->state == WEIR_TCP_FIN_WAIT_2 && tcp_is_shut(other))
		weir_assert(l->state_ns);
}

static bool has_nothing(const struct tcp_leg *l)
{
	return !l->q->out.head && !l->q->in.ready.head && !l->q->in.gaps.head;
}

/* Who is idle has given back what was lent: both legs have the worker's empty queues. */
static void check_lent(const struct weir_tcp_conn *c)
{
	if (!c->dirty && has_nothing(&c->leg[0]) && has_nothing(&c->leg[1]))
		weir_assert(c->leg[0].q == c->leg[1].q);
}

void weir_tcp_check(const struct weir_tcp_conn *c)
{
	for (unsigned int i = 0; i < 2 && !c->over; i++) {
		const struct tcp_leg *l = &c->leg[i];

		if (l->state == WEIR_TCP_HANDSHAKE)
			continue;
		check_queue(l);
		check_resend(l);
		check_input(l);
		check_end(c, l);
		if (!c->dirty)
			check_timer(l);
	}
	if (c->over)
		return;
	check_pair(c);
	check_lent(c);
}
