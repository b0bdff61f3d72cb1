/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connections that weir carries itself, from top to bottom:
 *
 *   weir_tcp_input   tcp_handshake.c  the peers open the connection with each other, or, in a
 *                                     flood, tcp_cookie.c each with weir
 *                    tcp_input.c      then each segment is one of this leg's (RFC 9293, 5961, 7323)
 *                    tcp_ack.c        what it acknowledges; tcp_sack.c, tcp_rack.c, tcp_recovery.c,
 *                                     tcp_cubic.c, tcp_rtt.c
 *                    tcp_receive.c    what it brings, in order by reasm/
 *   weir_tcp_flush   on_bytes         whoever inspects them passes bytes to the other leg, or has
 *                    tcp_own.c        words of its own
 *                    tcp_output.c     what may be sent; tcp_segment.c, tcp_options.c, tcp_window.c
 *                    tcp_queues.c     what is empty then is lent to others
 *   weir_tcp_advance tcp_timer.c
 *
 * Nothing is sent while a burst comes in but challenges and probes: a burst's segments have one
 * acknowledgement, and small pieces go on together.
 */
#include "tcp_impl.h"

#include <weir_log.h>

#include <stdio.h>

#include <rte_malloc.h>

#define TIME_WAIT_NS (60 * WEIR_NS_PER_S)
/* Connections that there is one tcp_blocks for, and how many there are at least. */
#define BLOCKS_EVERY 4
#define BLOCKS_MIN   16

/* ---- making ---- */

static uint32_t n_blocks(const struct weir_tcp_cfg *cfg)
{
	return cfg->sack_legs ? cfg->sack_legs : cfg->connections / BLOCKS_EVERY + BLOCKS_MIN;
}

struct weir_tcp *weir_tcp_create(const struct weir_tcp_cfg *cfg, uint64_t now_ns)
{
	struct weir_tcp *t = rte_zmalloc(NULL, sizeof(*t), WEIR_CACHE_LINE);
	char name[32];

	if (!t)
		return NULL;
	t->cfg = *cfg;
	if (!t->cfg.time_wait_ns)
		t->cfg.time_wait_ns = TIME_WAIT_NS;
	t->now_ns = now_ns;
	t->rng = cfg->seed | 1;
	weir_timer_wheel_init(&t->wheel, now_ns);
	snprintf(name, sizeof(name), "tc_%s", cfg->name);
	t->conns = weir_pool_create(name, cfg->connections, sizeof(struct weir_tcp_conn));
	snprintf(name, sizeof(name), "ts_%s", cfg->name);
	t->spans = weir_span_stock_create(name, cfg->segments);
	snprintf(name, sizeof(name), "tb_%s", cfg->name);
	t->blocks = weir_pool_create(name, n_blocks(cfg), sizeof(struct tcp_blocks));
	if (!tcp_queues_create(t) || !t->conns || !t->spans || !t->blocks) {
		weir_tcp_destroy(t);
		return NULL;
	}
	return t;
}

void weir_tcp_destroy(struct weir_tcp *t)
{
	if (!t)
		return;
	for (uint32_t i = 0; t->conns && i < weir_pool_count(t->conns); i++)
		if (weir_pool_taken(t->conns, i))
			weir_tcp_forget(t, weir_pool_at(t->conns, i));
	if (t->conns)
		weir_pool_destroy(t->conns);
	if (t->spans)
		weir_span_stock_destroy(t->spans);
	if (t->blocks)
		weir_pool_destroy(t->blocks);
	tcp_queues_destroy(t);
	rte_free(t);
}

/* xorshift64*: for what an observer must not guess at once, not for keys. */
uint32_t tcp_random(struct weir_tcp *t)
{
	t->rng ^= t->rng >> 12;
	t->rng ^= t->rng << 25;
	t->rng ^= t->rng >> 27;
	return (uint32_t)(t->rng * 0x2545f4914f6cdd1dULL >> 32);
}

void weir_tcp_set_half_open(struct weir_tcp *t, uint32_t half_open)
{
	t->cfg.half_open = half_open;
}

void weir_tcp_set_eviction(struct weir_tcp *t, bool evict)
{
	t->cfg.evict = evict;
}

/* ---- beginning and end ---- */

void tcp_put_on_list(struct weir_tcp *t, struct weir_tcp_conn *c, enum tcp_list list)
{
	if (c->list == list)
		return;
	t->n_handshake += (list == TCP_LIST_HANDSHAKE) - (c->list == TCP_LIST_HANDSHAKE);
	if (c->list != TCP_LIST_NONE) {
		*(c->older ? &c->older->newer : &t->oldest[c->list]) = c->newer;
		*(c->newer ? &c->newer->older : &t->newest[c->list]) = c->older;
	}
	c->list = (uint8_t)list;
	if (list == TCP_LIST_NONE)
		return;
	c->newer = NULL;
	c->older = t->newest[list];
	*(c->older ? &c->older->newer : &t->oldest[list]) = c;
	t->newest[list] = c;
}

static void end_one(struct weir_tcp *t, struct weir_tcp_conn *c)
{
	t->cfg.ops->on_end(t->cfg.ctx, c, (enum weir_tcp_end)c->end);
	weir_tcp_forget(t, c);
}

static struct weir_tcp_conn *take_conn(struct weir_tcp *t)
{
	struct weir_tcp_conn *c = weir_pool_take(t->conns), *old = t->oldest[TCP_LIST_WAITING];

	if (c)
		return c;
	if (old) {
		old->end = WEIR_TCP_END_CLOSED;
	} else if (t->cfg.evict && (old = t->oldest[TCP_LIST_HANDSHAKE])) {
		old->end = WEIR_TCP_END_EVICTED;
	} else {
		return NULL;
	}
	end_one(t, old);
	return weir_pool_take(t->conns);
}

struct weir_tcp_conn *weir_tcp_open(struct weir_tcp *t, const struct weir_pkt *syn,
				    const struct weir_tcp_open *cfg, uint64_t now_ns)
{
	struct weir_tcp_conn *c;

	t->now_ns = now_ns;
	c = take_conn(t);
	if (!c)
		return NULL;
	memset(c, 0, sizeof(*c));
	tcp_put_on_list(t, c, TCP_LIST_HANDSHAKE);
	c->family = syn->tuple.family;
	for (unsigned int i = 0; i < 2; i++) {
		c->mtu[i] = cfg->mtu[i];
		c->leg[i].index = (uint8_t)i;
		c->leg[i].q = &t->empty;
		c->leg[i].state = WEIR_TCP_HANDSHAKE;
	}
	c->port[0] = syn->tuple.sport;
	c->port[1] = syn->tuple.dport;
	return c;
}

static void free_leg(struct weir_tcp *t, struct tcp_leg *l)
{
	weir_timer_cancel(&t->wheel, &l->timer);
	tcp_drop_queues(t, l);
	tcp_sack_fini(t, l);
}

static void unlink_dirty(struct weir_tcp *t, struct weir_tcp_conn *c)
{
	struct weir_tcp_conn **at = &t->dirty;

	if (!c->dirty)
		return;
	while (*at != c)
		at = &(*at)->dirty_next;
	*at = c->dirty_next;
	c->dirty = false;
}

void weir_tcp_forget(struct weir_tcp *t, struct weir_tcp_conn *c)
{
	unlink_dirty(t, c);
	tcp_put_on_list(t, c, TCP_LIST_NONE);
	free_leg(t, &c->leg[0]);
	free_leg(t, &c->leg[1]);
	weir_pool_give(t->conns, c);
}

void tcp_mark_dirty(struct weir_tcp *t, struct weir_tcp_conn *c)
{
	if (c->dirty)
		return;
	c->dirty = true;
	c->dirty_next = t->dirty;
	t->dirty = c;
}

void tcp_finish(struct weir_tcp *t, struct weir_tcp_conn *c, enum weir_tcp_end why)
{
	if (c->over)
		return;
	c->over = true;
	c->end = (uint8_t)why;
	if (why == WEIR_TCP_END_TIMEOUT) {
		tcp_send_reset(t, &c->leg[0]);
		tcp_send_reset(t, &c->leg[1]);
	}
	tcp_mark_dirty(t, c);
}

void weir_tcp_abort(struct weir_tcp *t, struct weir_tcp_conn *c, unsigned int legs, uint64_t now_ns)
{
	t->now_ns = now_ns;
	if (c->over)
		return;
	for (unsigned int i = 0; i < 2 && weir_tcp_is_open(c); i++)
		if (legs & 1u << i)
			tcp_send_reset(t, &c->leg[i]);
	tcp_finish(t, c, WEIR_TCP_END_ABORTED);
}

static bool is_past(const struct tcp_leg *l)
{
	return l->state == WEIR_TCP_CLOSED || l->state == WEIR_TCP_TIME_WAIT;
}

bool weir_tcp_may_reopen(const struct weir_tcp_conn *c, unsigned int leg, const struct weir_pkt *p)
{
	const struct tcp_leg *l = &c->leg[leg];

	if ((p->tcp_flags & (WEIR_TCP_SYN | WEIR_TCP_ACK | WEIR_TCP_RST)) != WEIR_TCP_SYN)
		return false;
	if (c->over || (is_past(&c->leg[0]) && is_past(&c->leg[1])))
		return true;
	return l->state == WEIR_TCP_HANDSHAKE && leg == 0 && l->flags & LEG_SYN_SEEN &&
	       p->seq != l->irs;
}

/* ---- the burst's end ---- */

static void read_leg(struct weir_tcp *t, struct weir_tcp_conn *c, struct tcp_leg *l)
{
	bool is_new = l->flags & LEG_NEW_BYTES;

	is_new |= tcp_tells_room(c, l);
	l->flags &= (uint16_t)~LEG_NEW_BYTES;
	if (is_new && !tcp_is_unheard(l))
		t->cfg.ops->on_bytes(t->cfg.ctx, c, l->index);
}

static void flush_one(struct weir_tcp *t, struct weir_tcp_conn *c)
{
	for (unsigned int i = 0; i < 2 && !c->over; i++)
		read_leg(t, c, &c->leg[i]);
	for (unsigned int i = 0; i < 2 && !c->over; i++)
		tcp_end_stream(t, &c->leg[i]);
	for (unsigned int i = 0; i < 2 && !c->over; i++)
		tcp_output(t, &c->leg[i]);
	for (unsigned int i = 0; i < 2 && !c->over; i++) {
		tcp_await_end(t, &c->leg[i]);
		tcp_sack_settle(t, &c->leg[i]);
		tcp_settle_queues(t, &c->leg[i]);
	}
}

void weir_tcp_flush(struct weir_tcp *t, uint64_t now_ns)
{
	struct weir_tcp_conn *c;

	t->now_ns = now_ns;
	while ((c = t->dirty)) {
		if (!c->over)
			flush_one(t, c);
		if (c->over) {
			end_one(t, c);
			continue;
		}
		/* What it caused may have put others before it. */
		unlink_dirty(t, c);
	}
}

unsigned int weir_tcp_advance(struct weir_tcp *t, uint64_t now_ns, unsigned int budget)
{
	t->now_ns = now_ns;
	return weir_timer_advance(&t->wheel, now_ns, budget, tcp_on_timer, t);
}

/* ---- bytes ---- */

unsigned int weir_tcp_read(const struct weir_tcp_conn *c, unsigned int leg, uint32_t skip,
			   struct weir_bytes *views, unsigned int max)
{
	unsigned int n = 0;

	for (const struct weir_span *s = c->leg[leg].q->in.ready.head; s && n < max; s = s->next) {
		if (skip >= s->len) {
			skip -= s->len;
			continue;
		}
		views[n++] = (struct weir_bytes){weir_span_bytes(s) + skip, s->len - skip};
		skip = 0;
	}
	return n;
}

uint32_t weir_tcp_readable(const struct weir_tcp_conn *c, unsigned int leg)
{
	return c->leg[leg].q->in.ready.bytes;
}

uint64_t weir_tcp_offset(const struct weir_tcp_conn *c, unsigned int leg)
{
	return c->leg[leg].passed;
}

bool weir_tcp_is_ended(const struct weir_tcp_conn *c, unsigned int leg)
{
	return c->leg[leg].flags & LEG_FIN_IN;
}

bool weir_tcp_is_gone(const struct weir_tcp_conn *c, unsigned int leg)
{
	return c->leg[leg].state == WEIR_TCP_CLOSED;
}

/* Moves the first span over, or its first `n` bytes; returns how many went. */
static uint32_t pass_one(struct weir_tcp *t, struct tcp_leg *l, struct tcp_leg *other, uint32_t n)
{
	struct weir_span *s = l->q->in.ready.head;

	if (!tcp_borrow_queues(t, other))
		return 0;
	if (s->len > n) {
		bool last = l->q->in.ready.tail == s;

		if (!weir_span_split(t->spans, s, n))
			return 0;
		l->q->in.ready.n++;
		if (last)
			l->q->in.ready.tail = s->next;
	}
	s = weir_spans_take(&l->q->in.ready);
	n = s->len;
	tcp_queue(t, other, s);
	return n;
}

void weir_tcp_pass(struct weir_tcp *t, struct weir_tcp_conn *c, unsigned int leg, uint32_t n)
{
	struct tcp_leg *l = &c->leg[leg], *other = tcp_other(c, l);
	uint32_t left = n;

	if (weir_unlikely(tcp_is_shut(other))) {
		(void)weir_tcp_discard(t, c, leg, n);
		return;
	}
	while (left && l->q->in.ready.head) {
		uint32_t went = pass_one(t, l, other, left);

		if (!went)
			break;
		left -= went;
	}
	l->passed += n - left;
	if (n - left)
		tcp_tune_buffer(t, l, n - left);
	tcp_mark_dirty(t, c);
}

/* ---- ICMP ---- */

/* RFC 1191 and 8201, with RFC 5927's check: what it quotes must be under way, and no path is as
 * narrow as some say. */
void weir_tcp_on_icmp(struct weir_tcp *t, struct weir_tcp_conn *c, unsigned int leg,
		      uint32_t quoted_seq, uint16_t mtu, uint64_t now_ns)
{
	struct tcp_leg *l = &c->leg[leg];
	uint32_t least = c->family == 4 ? 576 : 1280, headers = c->family == 4 ? 40 : 60;
	uint32_t mss;

	if (c->over || !weir_tcp_is_open(c) || mtu < least ||
	    !weir_tcp_is_under_way(c, leg, quoted_seq))
		return;
	mss = mtu - headers - (l->flags & LEG_TIMESTAMPS ? TCP_TIMESTAMP_LEN : 0);
	if (mss >= l->mss)
		return;
	t->now_ns = now_ns;
	l->mss = (uint16_t)mss;
	for (struct weir_span *s = l->q->out.head; s && s != l->q->unsent; s = s->next)
		if (s->len > mss && !(s->flags & WEIR_SPAN_SACKED))
			tcp_mark_lost(l, s);
	tcp_mark_dirty(t, c);
}

/* ---- release ---- */

static bool leg_is_quiet(const struct tcp_leg *l)
{
	return l->state == WEIR_TCP_ESTABLISHED && !l->q->out.head && !l->q->in.ready.head &&
	       !l->q->in.gaps.head && !(l->flags & (LEG_ACK_NOW | LEG_NEW_BYTES | LEG_FIN_SEEN));
}

bool weir_tcp_is_quiet(const struct weir_tcp_conn *c)
{
	const struct tcp_leg *a = &c->leg[0], *b = &c->leg[1];

	return !c->over && !c->apart && leg_is_quiet(a) && leg_is_quiet(b) &&
	       a->in_next == b->nxt && b->in_next == a->nxt && a->acked_in == a->in_next &&
	       b->acked_in == b->in_next;
}

void weir_tcp_edge(const struct weir_tcp_conn *c, unsigned int leg, struct weir_tcp_edge *out)
{
	const struct tcp_leg *l = &c->leg[leg];

	*out = (struct weir_tcp_edge){
		.seq_start = l->irs + 1,
		.seq_next = l->in_next,
		.seq_end = l->in_edge,
		.ack = l->una,
		.window = l->window,
		.scale = l->peer_scale,
		.scale_sent = (l->flags & LEG_SCALE) != 0,
	};
}

/* ---- sight ---- */

void weir_tcp_leg_info(const struct weir_tcp_conn *c, unsigned int leg,
		       struct weir_tcp_leg_info *out)
{
	const struct tcp_leg *l = &c->leg[leg];

	*out = (struct weir_tcp_leg_info){
		.state = (enum weir_tcp_state)l->state,
		.srtt_us = l->srtt_us,
		.rto_us = (uint32_t)(tcp_rto_ns(l) / WEIR_NS_PER_US),
		.cwnd = l->cwnd,
		.ssthresh = l->ssthresh,
		.mss = l->mss,
		.window_in = l->window,
		.window_out = weir_seq_lt(l->in_next, l->in_edge) ? l->in_edge - l->in_next : 0,
		.unread = l->q->in.ready.bytes,
		.gaps = l->q->in.gaps.bytes,
		.unacked = tcp_flight(l),
		.unsent = l->end - l->nxt,
		.resent = l->resent_segments,
		.timeouts = l->timeouts,
	};
}

void weir_tcp_set_user(struct weir_tcp_conn *c, void *user)
{
	c->user = user;
}

void *weir_tcp_user(const struct weir_tcp_conn *c)
{
	return c->user;
}

bool weir_tcp_is_open(const struct weir_tcp_conn *c)
{
	return c->leg[0].state != WEIR_TCP_HANDSHAKE;
}

bool weir_tcp_is_answered(const struct weir_tcp_conn *c)
{
	return c->leg[1].flags & LEG_SYN_SEEN;
}

bool weir_tcp_is_closing(const struct weir_tcp_conn *c)
{
	return weir_tcp_is_open(c) &&
	       (c->leg[0].state != WEIR_TCP_ESTABLISHED || c->leg[1].state != WEIR_TCP_ESTABLISHED);
}

bool weir_tcp_is_past(const struct weir_tcp_conn *c)
{
	return is_past(&c->leg[0]) && is_past(&c->leg[1]);
}

bool weir_tcp_is_under_way(const struct weir_tcp_conn *c, unsigned int leg, uint32_t seq)
{
	const struct tcp_leg *l = &c->leg[leg];

	if (l->state == WEIR_TCP_HANDSHAKE && !c->by_cookie)
		return c->leg[!leg].flags & LEG_SYN_SEEN && seq == c->leg[!leg].irs;
	return weir_seq_le(l->una, seq) && weir_seq_lt(seq, l->nxt);
}

uint32_t weir_tcp_count(const struct weir_tcp *t)
{
	return weir_pool_used(t->conns);
}

uint32_t weir_tcp_segments_used(const struct weir_tcp *t)
{
	return weir_span_stock_used(t->spans);
}

struct weir_tcp_uses weir_tcp_uses(const struct weir_tcp *t)
{
	struct weir_tcp_uses u = {
		.connections = weir_pool_use(t->conns),
		.queues = t->lent_queues,
		.spans = weir_span_stock_use(t->spans),
		.blocks = weir_pool_use(t->blocks),
	};

	u.spans.full += t->short_of_spans;
	return u;
}

size_t weir_tcp_conn_bytes(void)
{
	return sizeof(struct weir_tcp_conn);
}

size_t weir_tcp_lent_bytes(void)
{
	return sizeof(struct tcp_blocks) / BLOCKS_EVERY;
}

size_t weir_tcp_segment_bytes(void)
{
	return sizeof(struct weir_span) + sizeof(struct tcp_queues);
}
