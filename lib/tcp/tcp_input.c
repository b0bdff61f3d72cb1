/* SPDX-License-Identifier: BSD-3-Clause */
/* A segment arrives at an endpoint: RFC 9293 section 3.10.7.4, in its order, with RFC 5961's
 * answers to what might be forged and RFC 7323's protection against what is old. */
#include "tcp_impl.h"

#include <rte_tcp.h>

static bool has_timestamps(const struct tcp_leg *l, const struct tcp_options *o)
{
	return l->flags & LEG_TIMESTAMPS && o->has_timestamp;
}

/* RFC 7323 section 5.3 R1. A reset is judged by its number alone. */
static bool is_old(const struct tcp_leg *l, const struct tcp_options *o, const struct weir_pkt *p)
{
	return has_timestamps(l, o) && (int32_t)(o->ts_val - l->ts_recent) < 0 &&
	       !(p->tcp_flags & WEIR_TCP_RST);
}

/* Two acknowledgements that overtook each other: the older one has only blocks to tell of, and is
 * no sign of a connection of long ago. */
static bool is_overtaken(const struct tcp_leg *l, const struct weir_pkt *p)
{
	return p->payload_len == 0 &&
	       (p->tcp_flags & (WEIR_TCP_ACK | WEIR_TCP_SYN | WEIR_TCP_FIN)) == WEIR_TCP_ACK &&
	       l->in_next - p->seq <= l->buffer && l->una - p->ack <= l->max_window;
}

/* RFC 7323 section 4.3: of what the next acknowledgement is about. */
static void take_timestamp(struct tcp_leg *l, const struct tcp_options *o, const struct weir_pkt *p)
{
	if (!has_timestamps(l, o))
		return;
	if (weir_seq_le(p->seq, l->acked_in) && (int32_t)(o->ts_val - l->ts_recent) >= 0)
		l->ts_recent = o->ts_val;
	if ((int32_t)(o->ts_val - l->ts_seen) > 0)
		l->ts_seen = o->ts_val;
}

/* The first check, table 6; the right edge itself is good for what takes no number. */
static bool is_acceptable(const struct tcp_leg *l, uint32_t seq, uint32_t len)
{
	uint32_t next = l->in_next;

	if (weir_seq_lt(l->in_edge, seq) || weir_seq_lt(seq + len, next))
		return false;
	if (len == 0)
		return weir_seq_le(next, seq);
	return weir_seq_lt(next, seq + len) && (weir_seq_lt(seq, l->in_edge) || seq == next);
}

/* The probe of RFC 9293 section 3.8.4: one number back, with a byte that was there, or none. */
static bool is_keep_alive(const struct tcp_leg *l, const struct weir_pkt *p)
{
	return p->seq == l->in_next - 1 && p->payload_len <= 1 && p->ack == l->nxt &&
	       (p->tcp_flags & (WEIR_TCP_SYN | WEIR_TCP_FIN | WEIR_TCP_RST)) == 0;
}

static bool is_idle(const struct tcp_leg *l)
{
	return !l->q->out.head && !l->q->in.ready.head && !l->q->in.gaps.head;
}

/*
 * A peer asks whether the other one lives: asked on, and answered when that one answers. While
 * something is under way between them the answer is known.
 */
static void on_keep_alive(struct weir_tcp *t, struct weir_tcp_conn *c, struct tcp_leg *l)
{
	struct tcp_leg *other = tcp_other(c, l);

	if (other->state != WEIR_TCP_ESTABLISHED || !is_idle(l) || !is_idle(other)) {
		l->flags |= LEG_ACK_NOW;
		return;
	}
	other->flags |= LEG_KEEP_ASKED;
	tcp_send_keep_alive(t, other);
}

static void answer_keep_alive(struct weir_tcp_conn *c, struct tcp_leg *l)
{
	if (!(l->flags & LEG_KEEP_ASKED))
		return;
	l->flags &= (uint16_t)~LEG_KEEP_ASKED;
	tcp_other(c, l)->flags |= LEG_ACK_NOW;
}

static enum weir_drop on_unacceptable(struct weir_tcp *t, struct weir_tcp_conn *c,
				      struct tcp_leg *l, const struct weir_pkt *p)
{
	if (p->tcp_flags & WEIR_TCP_RST)
		return WEIR_DROP_TCP_OUT_OF_WINDOW;
	if (is_keep_alive(l, p)) {
		on_keep_alive(t, c, l);
		return WEIR_DROP_NONE;
	}
	/* Told twice: the peer learns so by DSACK (RFC 2883). */
	if (p->payload_len && weir_seq_lt(p->seq, l->in_next))
		tcp_sack_repeated(t, l, p->seq, weir_seq_min(p->seq + p->payload_len, l->in_next));
	/* What is not a repetition might be forged, and two ends that disagree might answer each
	 * other for ever: such answers are limited. */
	if (weir_seq_le(p->seq + p->payload_len, l->in_next) && p->payload_len) {
		l->flags |= LEG_ACK_NOW;
		weir_count(t->cfg.stats, WEIR_COUNT_TCP_REPEATED, 1);
		return WEIR_DROP_NONE;
	}
	tcp_challenge(t, l);
	return is_overtaken(l, p) ? WEIR_DROP_NONE : WEIR_DROP_TCP_OUT_OF_WINDOW;
}

/* Both directions of this leg are closed already: for it nothing is lost, and the other peer may
 * still be waiting for the last bytes (RFC 9293 section 3.10.7.4, CLOSING, LAST-ACK, TIME-WAIT). */
static bool is_closed_twice(const struct tcp_leg *l)
{
	return l->state == WEIR_TCP_CLOSING || l->state == WEIR_TCP_LAST_ACK ||
	       l->state == WEIR_TCP_TIME_WAIT;
}

/* What was passed still goes out, then the reset: a receiver may read what came before it. */
static void on_reset(struct weir_tcp *t, struct weir_tcp_conn *c, struct tcp_leg *l)
{
	struct tcp_leg *other = tcp_other(c, l);

	if (is_closed_twice(l)) {
		tcp_close_leg(t, l);
		return;
	}
	l->state = WEIR_TCP_CLOSED;
	if (l->q->in.ready.head && !tcp_is_shut(other))
		t->cfg.ops->on_bytes(t->cfg.ctx, c, l->index);
	if (c->over || tcp_leave_other(t, l, false))
		return;
	other->cwnd = UINT32_MAX / 2;
	tcp_output(t, other);
	tcp_send_reset(t, other);
	tcp_finish(t, c, WEIR_TCP_END_RESET);
}

/* RFC 5961 sections 3.2 and 4.2. True: there is nothing more to it. */
static bool is_reset_or_syn(struct weir_tcp *t, struct weir_tcp_conn *c, struct tcp_leg *l,
			    const struct weir_pkt *p, enum weir_drop *drop)
{
	if (p->tcp_flags & WEIR_TCP_RST) {
		if (p->seq == l->in_next) {
			on_reset(t, c, l);
			return true;
		}
		tcp_challenge(t, l);
		*drop = WEIR_DROP_TCP_OUT_OF_WINDOW;
		return true;
	}
	if (p->tcp_flags & WEIR_TCP_SYN) {
		tcp_challenge(t, l);
		*drop = WEIR_DROP_TCP_BAD_STATE;
		return true;
	}
	return false;
}

/* RFC 5961 section 5.2. */
static enum weir_drop judge_ack(struct weir_tcp *t, struct tcp_leg *l, const struct weir_pkt *p)
{
	if (!(p->tcp_flags & WEIR_TCP_ACK))
		return WEIR_DROP_TCP_BAD_STATE;
	if (weir_seq_lt(l->nxt, p->ack) || weir_seq_lt(p->ack, l->una - l->max_window - 1)) {
		tcp_challenge(t, l);
		return WEIR_DROP_TCP_BAD_ACK;
	}
	return WEIR_DROP_NONE;
}

/* The other peer's frames keep up with a change of route, TTL or traffic class. */
static void follow_template(struct tcp_leg *other, const struct weir_pkt *p)
{
	const uint8_t *at = rte_pktmbuf_mtod(p->mbuf, const uint8_t *);

	if (weir_unlikely(memcmp(other->template, at, 12) != 0) && other->l3_at == p->l3_off)
		memcpy(other->template, at, 12);
}

static enum weir_drop accept(struct weir_tcp *t, struct weir_tcp_conn *c, struct tcp_leg *l,
			     struct weir_pkt *p, struct tcp_options *o, bool verified)
{
	enum weir_drop drop = judge_ack(t, l, p);
	bool beyond = p->payload_len && l->in_edge == l->in_next && p->seq == l->in_next;

	if (drop != WEIR_DROP_NONE)
		return drop;
	take_timestamp(l, o, p);
	follow_template(tcp_other(c, l), p);
	answer_keep_alive(c, l);
	if (l->ecn & ECN_ON)
		tcp_ecn_on_segment(t, l, p);
	tcp_on_ack(t, l, p, o);
	if (c->over)
		return WEIR_DROP_NONE;
	if (weir_unlikely(beyond)) { /* a probe of a window that is shut */
		l->flags |= LEG_ACK_NOW;
		return WEIR_DROP_TCP_OUT_OF_WINDOW;
	}
	return tcp_receive(t, l, p, verified);
}

/* The reset was lost, or crossed what its peer sent (RFC 9293 section 3.10.7.1). */
static void reset_again(struct weir_tcp *t, struct tcp_leg *l, const struct weir_pkt *p)
{
	if ((p->tcp_flags & (WEIR_TCP_ACK | WEIR_TCP_RST)) == WEIR_TCP_ACK &&
	    tcp_may_challenge(t, l))
		tcp_send_number(t, l, p->ack, WEIR_TCP_RST);
}

static enum weir_drop segment(struct weir_tcp *t, struct weir_tcp_conn *c, struct tcp_leg *l,
			      struct weir_pkt *p, bool verified)
{
	uint32_t len =
		p->payload_len + !!(p->tcp_flags & WEIR_TCP_FIN) + !!(p->tcp_flags & WEIR_TCP_SYN);
	enum weir_drop drop = WEIR_DROP_NONE;
	struct tcp_options o;

	if (l->state == WEIR_TCP_CLOSED) {
		if (l->aborted)
			reset_again(t, l, p);
		return WEIR_DROP_TCP_BAD_STATE;
	}
	tcp_read_options(p, &o);
	if (weir_unlikely(is_old(l, &o, p))) {
		if (is_overtaken(l, p)) {
			tcp_on_overtaken_ack(t, l, p, &o);
			return WEIR_DROP_NONE;
		}
		l->flags |= LEG_ACK_NOW;
		return WEIR_DROP_TCP_OLD_TIMESTAMP;
	}
	if (weir_unlikely(!is_acceptable(l, p->seq, len)))
		return on_unacceptable(t, c, l, p);
	if (weir_unlikely(is_reset_or_syn(t, c, l, p, &drop)))
		return drop;
	return accept(t, c, l, p, &o, verified);
}

enum weir_drop weir_tcp_input(struct weir_tcp *t, struct weir_tcp_conn *c, unsigned int leg,
			      struct weir_pkt *p, bool verified, uint64_t now_ns)
{
	struct tcp_leg *l = &c->leg[leg];
	enum weir_drop drop = WEIR_DROP_TCP_BAD_STATE;
	bool mine = true;

	t->now_ns = now_ns;
	weir_count(t->cfg.stats, WEIR_COUNT_TCP_SEGMENTS_IN, 1);
	if (c->over) {
		rte_pktmbuf_free(p->mbuf);
		return drop;
	}
	tcp_mark_dirty(t, c);
	if (weir_unlikely(l->state == WEIR_TCP_HANDSHAKE && c->by_cookie)) {
		drop = tcp_cookie_handshake(t, c, l, p);
		rte_pktmbuf_free(p->mbuf);
		return drop;
	}
	if (weir_unlikely(l->state == WEIR_TCP_HANDSHAKE)) {
		mine = false;
		drop = tcp_handshake(t, c, l, p, &mine);
	}
	if (!mine)
		return drop;
	drop = segment(t, c, l, p, verified);
	rte_pktmbuf_free(p->mbuf); /* what was taken of it has its own reference */
	return drop;
}
