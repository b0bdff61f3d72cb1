/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The window offered to a peer. What a direction holds, wherever it waits (unread here, unsent or
 * unacknowledged on the other leg), is one account, so a slow reader on one leg shuts the window of
 * the other. The account grows while the peer fills it within a round trip.
 */
#include "tcp_impl.h"

#define BUFFER_START (64u << 10)
#define BUFFER_MIN   4096u
#define WINDOW_MAX   (4u << 20)

static uint32_t most(const struct weir_tcp *t)
{
	return t->cfg.window_bytes ? t->cfg.window_bytes : WINDOW_MAX;
}

void tcp_window_init(struct weir_tcp *t, struct tcp_leg *l)
{
	l->buffer = tcp_min(BUFFER_START, most(t));
	l->round_ns = t->now_ns;
}

/* Of the worker's views so many eighths are taken. */
static unsigned int pressure(const struct weir_tcp *t)
{
	return (unsigned int)((uint64_t)weir_span_stock_used(t->spans) * 8 /
			      weir_span_stock_size(t->spans));
}

static bool is_uncoupled(const struct tcp_leg *l)
{
	return ((const struct weir_tcp_conn *)(const void *)((const uint8_t *)(l - l->index) -
							     offsetof(struct weir_tcp_conn, leg)))
		->uncoupled;
}

/* What the buffer lets the peer send, from in.next on. What is dropped as it comes need not wait
 * for the other peer to read. */
static uint32_t room(const struct weir_tcp *t, const struct tcp_leg *l, const struct tcp_leg *other)
{
	bool alone = tcp_is_shut(other) || is_uncoupled(l);
	uint32_t held = l->q->in.ready.bytes + (alone ? 0 : other->q->out.bytes);
	uint32_t buffer = l->buffer;

	if (weir_unlikely(pressure(t) >= 4))
		buffer = pressure(t) >= 6 ? BUFFER_MIN : tcp_min(buffer, BUFFER_START / 4);
	return buffer > held ? buffer - held : 0;
}

/* The edge to offer: never left of what was (RFC 9293 section 3.8.6), and not moved by less than a
 * segment or half the buffer (section 3.8.6.2.2, silly window). */
static uint32_t next_edge(const struct weir_tcp *t, const struct tcp_leg *l,
			  const struct tcp_leg *other)
{
	uint32_t free = room(t, l, other) >> l->scale << l->scale;
	uint32_t limit = (uint32_t)UINT16_MAX << l->scale;
	uint32_t edge = l->in_next + tcp_min(free, limit);

	if (!weir_seq_lt(l->in_edge, edge))
		return l->in_edge;
	if (edge - l->in_edge < tcp_min(l->mss, l->buffer / 2))
		return l->in_edge;
	return edge;
}

uint16_t tcp_offer_window(struct weir_tcp *t, struct tcp_leg *l)
{
	uint32_t edge = next_edge(t, l, tcp_other(tcp_conn(l), l));
	uint32_t window = weir_seq_lt(l->in_next, edge) ? edge - l->in_next : 0;
	uint32_t unit = (1u << l->scale) - 1;

	window = tcp_min((window + unit) >> l->scale, UINT16_MAX);
	l->in_edge = weir_seq_max(l->in_edge, l->in_next + (window << l->scale));
	return (uint16_t)window;
}

bool tcp_window_grew(struct weir_tcp *t, struct tcp_leg *l)
{
	uint32_t left = weir_seq_lt(l->in_next, l->in_edge) ? l->in_edge - l->in_next : 0;
	uint32_t gain = next_edge(t, l, tcp_other(tcp_conn(l), l)) - l->in_edge;

	if (!gain)
		return false;
	return left < 2u * l->mss || gain >= l->buffer / 2 ||
	       (left < l->buffer / 4 && gain >= l->buffer / 8);
}

/* Dynamic right-sizing: what was passed in a round trip, twice, is what the peer should find. */
void tcp_tune_buffer(struct weir_tcp *t, struct tcp_leg *l, uint32_t passed)
{
	const struct tcp_leg *other = tcp_other(tcp_conn(l), l);
	uint64_t rtt_ns = ((uint64_t)l->srtt_us + other->srtt_us) * WEIR_NS_PER_US;

	l->round_bytes += passed;
	if (t->now_ns - l->round_ns < rtt_ns)
		return;
	if (l->round_bytes > l->buffer / 2 && pressure(t) < 3)
		l->buffer = tcp_min(tcp_max(l->buffer, 4 * l->round_bytes), most(t));
	l->round_bytes = 0;
	l->round_ns = t->now_ns;
}

/* ---- who holds bytes back ---- */

void weir_tcp_want(struct weir_tcp *t, struct weir_tcp_conn *c, unsigned int leg, uint32_t bytes)
{
	struct tcp_leg *l = &c->leg[leg];

	bytes = tcp_min(bytes, most(t));
	if (l->buffer >= bytes)
		return;
	l->buffer = bytes;
	tcp_mark_dirty(t, c);
}

/* An edge once offered stays, so what is left up to there counts too. */
bool weir_tcp_is_full(const struct weir_tcp *t, const struct weir_tcp_conn *c, unsigned int leg)
{
	const struct tcp_leg *l = &c->leg[leg];
	uint32_t edge = next_edge(t, l, &c->leg[!leg]);

	return l->q->in.ready.head &&
	       (!weir_seq_lt(l->in_next, edge) || edge - l->in_next < l->mss);
}
