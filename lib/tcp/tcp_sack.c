/* SPDX-License-Identifier: BSD-3-Clause */
/* Selective acknowledgements (RFC 2018, 2883): those told to a peer, and those that it tells. Few
 * legs have any at a time, so what they are noted in is lent. */
#include "tcp_impl.h"

/* A peer's word on what it has is advice, so finding the segments that it speaks of may be given
 * up: no acknowledgement costs more than this many steps. */
#define STEPS_MAX 2048

/* ---- lent ---- */

static struct tcp_blocks *borrow(struct weir_tcp *t, struct tcp_leg *l)
{
	if (l->blocks)
		return l->blocks;
	l->blocks = weir_pool_take(t->blocks);
	if (l->blocks)
		memset(l->blocks, 0, sizeof(*l->blocks));
	else
		weir_count(t->cfg.stats, WEIR_COUNT_TCP_NO_BLOCKS, 1);
	return l->blocks;
}

void tcp_sack_fini(struct weir_tcp *t, struct tcp_leg *l)
{
	if (l->blocks)
		weir_pool_give(t->blocks, l->blocks);
	l->blocks = NULL;
	l->n_sack = 0;
	l->flags &= (uint16_t)~LEG_DSACK;
}

void tcp_sack_settle(struct weir_tcp *t, struct tcp_leg *l)
{
	if (l->blocks && !l->n_sack && !l->q->sacked && !(l->flags & LEG_DSACK))
		tcp_sack_fini(t, l);
}

/* ---- told ---- */

static bool touch(const struct tcp_sack *s, uint32_t start, uint32_t end)
{
	return weir_seq_le(s->start, end) && weir_seq_le(start, s->end);
}

static void drop_block(struct tcp_leg *l, unsigned int i)
{
	for (l->n_sack--; i < l->n_sack; i++)
		l->blocks->sack[i] = l->blocks->sack[i + 1];
}

void tcp_sack_received(struct weir_tcp *t, struct tcp_leg *l, uint32_t start, uint32_t end)
{
	struct tcp_blocks *b = l->flags & LEG_SACK ? borrow(t, l) : NULL;

	if (!b)
		return;
	for (unsigned int i = 0; i < l->n_sack;) {
		if (touch(&b->sack[i], start, end)) {
			start = weir_seq_min(start, b->sack[i].start);
			end = weir_seq_max(end, b->sack[i].end);
			drop_block(l, i);
		} else {
			i++;
		}
	}
	if (l->n_sack == TCP_SACK_BLOCKS)
		l->n_sack--;
	for (unsigned int i = l->n_sack; i > 0; i--)
		b->sack[i] = b->sack[i - 1];
	b->sack[0] = (struct tcp_sack){start, end};
	l->n_sack++;
}

void tcp_sack_repeated(struct weir_tcp *t, struct tcp_leg *l, uint32_t start, uint32_t end)
{
	if (!(l->flags & LEG_SACK) || !borrow(t, l))
		return;
	if (l->flags & LEG_DSACK && touch(&l->blocks->dsack, start, end)) {
		start = weir_seq_min(start, l->blocks->dsack.start);
		end = weir_seq_max(end, l->blocks->dsack.end);
	} else if (l->flags & LEG_DSACK) {
		tcp_send_ack(t, l); /* has room for one of these */
	}
	l->blocks->dsack = (struct tcp_sack){start, end};
	l->flags |= LEG_DSACK;
}

void tcp_sack_advance(struct tcp_leg *l)
{
	for (unsigned int i = 0; i < l->n_sack;) {
		const struct tcp_sack *s = &l->blocks->sack[i];

		if (weir_seq_le(s->end, l->in_next) || weir_seq_le(s->start, l->in_next))
			drop_block(l, i);
		else
			i++;
	}
}

/* ---- heard ---- */

/* The first span that may end after `seq`, from where the last search ended when that helps. */
static struct weir_span *start_at(const struct tcp_leg *l, uint32_t seq)
{
	if (l->q->sack_at && weir_seq_le(l->q->sack_at->seq, seq))
		return l->q->sack_at;
	return l->q->out.head;
}

static void mark(struct tcp_leg *l, struct weir_span *s, struct tcp_acked *a)
{
	uint32_t len = weir_span_end(s) - s->seq;

	tcp_note_delivered(l, s, a);
	tcp_sent_list_remove(l, s);
	if (s->flags & WEIR_SPAN_LOST) {
		l->q->lost -= len;
		if (s->flags & WEIR_SPAN_RESENT)
			l->q->resent -= len;
	}
	s->flags &= (uint8_t) ~(WEIR_SPAN_LOST | WEIR_SPAN_RESENT);
	s->flags |= WEIR_SPAN_SACKED;
	l->q->sacked += len;
}

static void take_block(struct tcp_leg *l, const struct tcp_sack *b, struct tcp_acked *a,
		       unsigned int *steps)
{
	struct weir_span *s = start_at(l, b->start);

	for (; s && s != l->q->unsent && weir_seq_lt(s->seq, b->end) && *steps; s = s->next) {
		(*steps)--;
		l->q->sack_at = s;
		if (!(s->flags & WEIR_SPAN_SACKED) && weir_seq_le(b->start, s->seq) &&
		    weir_seq_le(weir_span_end(s), b->end))
			mark(l, s, a);
	}
}

/* RFC 2883 section 4: the first block is about what was acknowledged before, or is in the second.
 */
static bool is_dsack(uint32_t ack, const struct tcp_options *o)
{
	const struct tcp_sack *b = o->sack;

	if (weir_seq_lt(b[0].start, ack))
		return true;
	return o->n_sack > 1 && weir_seq_le(b[1].start, b[0].start) &&
	       weir_seq_le(b[0].end, b[1].end);
}

static bool is_sound(const struct tcp_leg *l, const struct tcp_sack *b)
{
	return weir_seq_lt(b->start, b->end) && weir_seq_lt(l->una, b->end) &&
	       weir_seq_le(b->end, l->nxt) && weir_seq_le(l->una, b->start);
}

/* Most blocks of an acknowledgement repeat those of the one before. */
static bool was_heard(const struct tcp_leg *l, const struct tcp_sack *b)
{
	for (unsigned int i = 0; l->blocks && i < TCP_SACK_BLOCKS; i++)
		if (l->blocks->heard[i].start == b->start && l->blocks->heard[i].end == b->end)
			return true;
	return false;
}

void tcp_take_sack(struct weir_tcp *t, struct tcp_leg *l, uint32_t ack, const struct tcp_options *o,
		   struct tcp_acked *a)
{
	unsigned int steps = STEPS_MAX;

	a->dsack = is_dsack(ack, o);
	a->dsack_block = o->sack[0];
	for (unsigned int i = a->dsack; i < o->n_sack; i++)
		if (is_sound(l, &o->sack[i]) && !was_heard(l, &o->sack[i]))
			take_block(l, &o->sack[i], a, &steps);
	if (steps && l->q->sacked && borrow(t, l))
		memcpy(l->blocks->heard, o->sack, sizeof(o->sack[0]) * o->n_sack);
}

/* The peer has thrown away what it said it had (RFC 2018 section 8). */
void tcp_forget_sacks(struct tcp_leg *l)
{
	for (struct weir_span *s = l->q->out.head; s && s != l->q->unsent; s = s->next)
		s->flags &= (uint8_t)~WEIR_SPAN_SACKED;
	l->q->sacked = 0;
	l->q->sack_at = NULL;
	if (l->blocks)
		memset(l->blocks->heard, 0, sizeof(l->blocks->heard));
}
