/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The states of a leg (RFC 9293 section 3.3.2). Opening is one state, HANDSHAKE, because the peers
 * do that with each other (tcp_handshake.c); closing is each leg's own.
 */
#include "tcp_impl.h"

const char *weir_tcp_state_name(enum weir_tcp_state s)
{
	static const char *const names[] = {
#define STATE_NAME(id, name) [WEIR_TCP_##id] = name,
		WEIR_TCP_STATES(STATE_NAME)
#undef STATE_NAME
	};

	return s < WEIR_TCP_STATE_END ? names[s] : "";
}

/* An absent cell changes nothing: CLOSED is 0, and no leg moves there but from LAST_ACK, or by
 * tcp_close_leg. */
static const uint8_t next[WEIR_TCP_STATE_END][TCP_EVENT_END] = {
	[WEIR_TCP_ESTABLISHED] =
		{
			[TCP_ON_FIN_IN] = WEIR_TCP_CLOSE_WAIT,
			[TCP_ON_FIN_OUT] = WEIR_TCP_FIN_WAIT_1,
		},
	[WEIR_TCP_FIN_WAIT_1] =
		{
			[TCP_ON_FIN_IN] = WEIR_TCP_CLOSING,
			[TCP_ON_FIN_ACKED] = WEIR_TCP_FIN_WAIT_2,
		},
	[WEIR_TCP_FIN_WAIT_2] =
		{
			[TCP_ON_FIN_IN] = WEIR_TCP_TIME_WAIT,
		},
	[WEIR_TCP_CLOSE_WAIT] =
		{
			[TCP_ON_FIN_OUT] = WEIR_TCP_LAST_ACK,
		},
	[WEIR_TCP_CLOSING] =
		{
			[TCP_ON_FIN_ACKED] = WEIR_TCP_TIME_WAIT,
		},
	[WEIR_TCP_LAST_ACK] =
		{
			[TCP_ON_FIN_ACKED] = WEIR_TCP_CLOSED,
		},
};

static bool is_done(const struct tcp_leg *l)
{
	return l->state == WEIR_TCP_CLOSED;
}

/* Where a peer has reset its leg weir only did the same to the other. */
static enum weir_tcp_end end_of(const struct weir_tcp_conn *c)
{
	if (!c->leg[0].aborted && !c->leg[1].aborted)
		return WEIR_TCP_END_CLOSED;
	return c->reset ? WEIR_TCP_END_RESET : WEIR_TCP_END_ABORTED;
}

static void note_past(struct weir_tcp *t, struct weir_tcp_conn *c)
{
	if (weir_tcp_is_past(c))
		tcp_put_on_list(t, c, TCP_LIST_WAITING);
	if (is_done(&c->leg[0]) && is_done(&c->leg[1]))
		tcp_finish(t, c, end_of(c));
}

void tcp_move(struct weir_tcp *t, struct tcp_leg *l, enum tcp_event event)
{
	struct weir_tcp_conn *c = tcp_conn(l);
	uint8_t to = next[l->state][event];

	if (to == 0 && !(l->state == WEIR_TCP_LAST_ACK && event == TCP_ON_FIN_ACKED))
		return;
	l->state = to;
	if (to == WEIR_TCP_TIME_WAIT)
		tcp_state_until(t, l, t->now_ns + t->cfg.time_wait_ns);
	note_past(t, c);
}

/* What of its queue was not acknowledged is not asked for any more. */
static void forget_queue(struct weir_tcp *t, struct tcp_leg *l)
{
	weir_spans_clear(t->spans, &l->q->out);
	l->q->unsent = l->q->oldest = l->q->newest = l->q->sack_at = l->q->resend_at = NULL;
	l->q->sacked = l->q->lost = l->q->resent = 0;
	l->una = l->nxt = l->end;
}

void tcp_close_leg(struct weir_tcp *t, struct tcp_leg *l)
{
	l->state = WEIR_TCP_CLOSED;
	l->state_ns = l->ack_ns = 0;
	tcp_timer_clear(t, l);
	forget_queue(t, l);
	note_past(t, tcp_conn(l));
}
