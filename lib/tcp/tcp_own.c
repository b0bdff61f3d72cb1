/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What weir does with a connection on its own account: it throws away what a peer said, says
 * something itself, ends the stream to a peer, resets one peer alone. Each leg has its own numbers
 * anyway (tcp.c), so all that is new is that they part for good, and that a leg may go on while
 * nobody listens to its peer, or while the other leg is gone.
 */
#include "tcp_impl.h"

/* Written bytes stand so far behind the headroom of their buffer that any header fits before them,
 * and that they can be copied to another buffer with theirs. */
#define HEAD_MAX (TCP_TEMPLATE_MAX + 20 + 40)
_Static_assert(HEAD_MAX <= RTE_PKTMBUF_HEADROOM, "no more than the headroom of what is received");

/* ---- throwing away ---- */

static uint32_t drop_ready(struct weir_tcp *t, struct tcp_leg *l, uint32_t n)
{
	struct weir_spans *ready = &l->q->in.ready;
	uint32_t left = n;

	while (left && ready->head && ready->head->len <= left) {
		struct weir_span *s = weir_spans_take(ready);

		left -= s->len;
		weir_span_free(t->spans, s);
	}
	if (left && ready->head) {
		weir_span_trim_front(ready->head, left);
		ready->bytes -= left;
		left = 0;
	}
	return n - left;
}

uint32_t weir_tcp_discard(struct weir_tcp *t, struct weir_tcp_conn *c, unsigned int leg, uint32_t n)
{
	struct tcp_leg *l = &c->leg[leg];
	uint32_t taken = drop_ready(t, l, n);

	if (!taken)
		return 0;
	c->apart = true;
	l->passed += taken;
	tcp_tune_buffer(t, l, taken);
	tcp_mark_dirty(t, c);
	return taken;
}

void tcp_drop_input(struct weir_tcp *t, struct tcp_leg *l)
{
	(void)weir_tcp_discard(t, tcp_conn(l), l->index, l->q->in.ready.bytes);
}

/* ---- saying ---- */

static struct weir_span *make_span(struct weir_tcp *t, uint32_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(t->cfg.pool);
	struct weir_span *s;

	if (!m)
		return NULL;
	s = weir_span_make(t->spans, m, (uint16_t)(m->data_off + HEAD_MAX), (uint16_t)len, 0);
	if (!s)
		rte_pktmbuf_free(m);
	return s;
}

/* Bytes for a buffer: as many segments as fit, which are cut when they are sent. Who asks for small
 * ones and reads nothing would have a buffer for each, otherwise. */
static uint32_t piece_of(const struct weir_tcp *t, const struct tcp_leg *l)
{
	uint32_t most = rte_pktmbuf_data_room_size(t->cfg.pool) - RTE_PKTMBUF_HEADROOM - HEAD_MAX;

	if (weir_likely(l->mss > most / 2))
		return tcp_min(l->mss, most);
	return most / l->mss * l->mss;
}

/* As many spans as `len` bytes need; none when not all can be had. */
static int make_spans(struct weir_tcp *t, const struct tcp_leg *l, size_t len,
		      struct weir_spans *out)
{
	uint32_t piece = piece_of(t, l);
	size_t n = (len + piece - 1) / piece;

	if (n > weir_span_stock_size(t->spans) || !tcp_has_spans(t, (uint32_t)n))
		return -WEIR_ENOMEM;
	for (size_t at = 0; at < len; at += piece) {
		struct weir_span *s = make_span(t, (uint32_t)(len - at < piece ? len - at : piece));

		if (!s) {
			weir_spans_clear(t->spans, out);
			return -WEIR_ENOMEM;
		}
		weir_spans_append(out, s);
	}
	out->tail->flags |= WEIR_SPAN_PSH;
	return 0;
}

static bool may_say(const struct tcp_leg *l)
{
	return (l->state == WEIR_TCP_ESTABLISHED || l->state == WEIR_TCP_CLOSE_WAIT) &&
	       !tcp_is_shut(l);
}

int weir_tcp_reserve(struct weir_tcp *t, struct weir_tcp_conn *c, unsigned int leg, size_t len,
		     struct weir_spans *out)
{
	struct tcp_leg *l = &c->leg[leg];

	*out = (struct weir_spans){0};
	if (c->over || !may_say(l))
		return -WEIR_EINVAL;
	if (!len)
		return 0;
	if (!tcp_borrow_queues(t, l))
		return -WEIR_ENOMEM;
	tcp_mark_dirty(t, c); /* it may be given up */
	return make_spans(t, l, len, out);
}

void weir_tcp_commit(struct weir_tcp *t, struct weir_tcp_conn *c, unsigned int leg,
		     struct weir_spans *spans)
{
	struct weir_span *s;

	if (!spans->head)
		return;
	c->apart = true;
	while ((s = weir_spans_take(spans)))
		tcp_queue(t, &c->leg[leg], s);
	tcp_mark_dirty(t, c);
}

void weir_tcp_give_up(struct weir_tcp *t, struct weir_spans *spans)
{
	weir_spans_clear(t->spans, spans);
}

int weir_tcp_write(struct weir_tcp *t, struct weir_tcp_conn *c, unsigned int leg,
		   struct weir_bytes bytes)
{
	const uint8_t *at = bytes.ptr;
	struct weir_spans spans;
	int error = weir_tcp_reserve(t, c, leg, bytes.len, &spans);

	if (error)
		return error;
	for (struct weir_span *s = spans.head; s; at += s->len, s = s->next)
		memcpy(weir_tcp_room(s), at, s->len);
	weir_tcp_commit(t, c, leg, &spans);
	return 0;
}

uint8_t *weir_tcp_room(const struct weir_span *s)
{
	return (uint8_t *)s->m->buf_addr + s->off;
}

uint32_t weir_tcp_queued(const struct weir_tcp_conn *c, unsigned int leg)
{
	return c->leg[leg].q->out.bytes;
}

void weir_tcp_tell_room(struct weir_tcp_conn *c, unsigned int leg)
{
	c->tells = (c->tells | 1u << leg) & 3;
}

bool tcp_tells_room(struct weir_tcp_conn *c, const struct tcp_leg *l)
{
	if (!(c->tells & 1u << l->index) || l->q->out.bytes > tcp_max(l->cwnd, WEIR_TCP_ROOM_MIN))
		return false;
	c->tells = (c->tells & ~(1u << l->index)) & 3;
	return true;
}

/* ---- ending ---- */

void weir_tcp_keep_ends(struct weir_tcp_conn *c)
{
	c->keeps_ends = c->apart = true;
}

void weir_tcp_uncouple(struct weir_tcp_conn *c)
{
	c->uncoupled = true;
}

void weir_tcp_shut(struct weir_tcp *t, struct weir_tcp_conn *c, unsigned int leg)
{
	struct tcp_leg *l = &c->leg[leg];

	if (c->over || tcp_is_shut(l))
		return;
	l->shut = c->apart = true;
	if (l->state != WEIR_TCP_HANDSHAKE)
		tcp_queue_fin(t, l);
	tcp_mark_dirty(t, c);
}

/* The FIN to its peer is to be queued: weir ends the stream, or has passed on all that the other
 * peer ever sent. */
static bool is_end_due(struct tcp_leg *l)
{
	const struct tcp_leg *other = tcp_other(tcp_conn(l), l);

	if (l->flags & LEG_FIN_QUEUED || l->state == WEIR_TCP_HANDSHAKE ||
	    l->state == WEIR_TCP_CLOSED)
		return false;
	return l->shut ||
	       (other->flags & LEG_FIN_IN && !other->q->in.ready.head && !tcp_conn(l)->keeps_ends);
}

void tcp_end_stream(struct weir_tcp *t, struct tcp_leg *l)
{
	const struct weir_tcp_conn *c = tcp_conn(l);

	if (c->leg[!l->index].aborted && !c->keeps_ends)
		l->shut = true;
	if (tcp_is_unheard(l))
		tcp_drop_input(t, l);
	if (is_end_due(l))
		tcp_queue_fin(t, l);
}

/* A peer that has acknowledged weir's FIN and that nobody listens to may not keep the connection
 * for as long as it likes. The time runs whether it sends or not. */
void tcp_await_end(struct weir_tcp *t, struct tcp_leg *l)
{
	const struct tcp_leg *other = tcp_other(tcp_conn(l), l);

	if (is_end_due(l)) /* there was no span for it */
		tcp_ack_later(t, l);
	if (l->state == WEIR_TCP_FIN_WAIT_2 && !l->state_ns && tcp_is_shut(other))
		tcp_state_until(t, l, t->now_ns + t->cfg.time_wait_ns);
}

/* ---- one leg alone ---- */

/* Its peer says and hears nothing any more. */
static void close_alone(struct weir_tcp *t, struct tcp_leg *l)
{
	tcp_drop_input(t, l);
	weir_reasm_forget_gaps(t->spans, &l->q->in);
	l->n_sack = 0;
	l->flags &= (uint16_t) ~(LEG_ACK_NOW | LEG_NEW_BYTES | LEG_KEEP_ASKED);
	tcp_close_leg(t, l);
	tcp_mark_dirty(t, tcp_conn(l));
}

bool tcp_leave_other(struct weir_tcp *t, struct tcp_leg *l, bool reset)
{
	const struct tcp_leg *other = tcp_other(tcp_conn(l), l);
	bool ends_own = tcp_conn(l)->keeps_ends && (l->shut || tcp_conn(l)->uncoupled);

	if ((!other->shut && !ends_own) || other->state == WEIR_TCP_HANDSHAKE ||
	    other->state == WEIR_TCP_CLOSED)
		return false;
	tcp_conn(l)->reset |= !reset;
	if (reset)
		tcp_abort_peer(t, l);
	else
		close_alone(t, l);
	if (tcp_conn(l)->keeps_ends)
		l->flags |= LEG_NEW_BYTES; /* whoever reads it is told that it is gone */
	return true;
}

void tcp_abort_peer(struct weir_tcp *t, struct tcp_leg *l)
{
	tcp_send_reset(t, l);
	l->aborted = true;
	close_alone(t, l);
}

void weir_tcp_abort_leg(struct weir_tcp *t, struct weir_tcp_conn *c, unsigned int leg,
			uint64_t now_ns)
{
	struct tcp_leg *l = &c->leg[leg];

	t->now_ns = now_ns;
	if (c->over || l->state == WEIR_TCP_CLOSED)
		return;
	if (tcp_other(c, l)->state == WEIR_TCP_HANDSHAKE) {
		weir_tcp_abort(t, c, 3, now_ns);
		return;
	}
	c->apart = true;
	tcp_abort_peer(t, l);
}
