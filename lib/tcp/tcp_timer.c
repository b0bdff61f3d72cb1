/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A leg's timers: retransmission or one of its relatives, delayed acknowledgement, TIME_WAIT. One
 * timer of the wheel serves all; it is armed for the earliest and not touched when that moves
 * later, so that an acknowledgement costs no arming.
 */
#include "tcp_impl.h"

#define ACK_DELAY_NS   (40 * WEIR_NS_PER_MS)
#define PROBE_MAX_NS   (60 * WEIR_NS_PER_S)
#define GIVE_UP_NS     (924 * WEIR_NS_PER_S) /* R2, as Linux's 15 retries */
#define ZERO_WINDOW_NS (900 * WEIR_NS_PER_S)
#define PROBE_MIN_NS   (2 * WEIR_NS_PER_MS)
#define PEER_DELAY_NS  (200 * WEIR_NS_PER_MS) /* a peer's delayed acknowledgement, at most */

static uint64_t earliest(const struct tcp_leg *l)
{
	uint64_t at = UINT64_MAX;

	if (l->timer_for != TCP_TIMER_NONE)
		at = l->timer_ns;
	if (l->ack_ns && l->ack_ns < at)
		at = l->ack_ns;
	if (l->state_ns && l->state_ns < at)
		at = l->state_ns;
	return at;
}

static void arm(struct weir_tcp *t, struct tcp_leg *l, uint64_t at_ns)
{
	if (!weir_timer_armed(&l->timer) || at_ns >> WEIR_TIMER_TICK_SHIFT < l->timer.expires_tick)
		weir_timer_arm(&t->wheel, &l->timer, at_ns);
}

void tcp_timer_set(struct weir_tcp *t, struct tcp_leg *l, enum tcp_timer what, uint64_t at_ns)
{
	l->timer_for = (uint8_t)what;
	l->timer_ns = at_ns;
	arm(t, l, at_ns);
}

void tcp_timer_clear(struct weir_tcp *t, struct tcp_leg *l)
{
	(void)t;
	l->timer_for = TCP_TIMER_NONE;
}

void tcp_ack_later(struct weir_tcp *t, struct tcp_leg *l)
{
	if (l->ack_ns)
		return;
	l->ack_ns = t->now_ns + ACK_DELAY_NS;
	arm(t, l, l->ack_ns);
}

void tcp_state_until(struct weir_tcp *t, struct tcp_leg *l, uint64_t at_ns)
{
	l->state_ns = at_ns;
	arm(t, l, at_ns);
}

/* Probe timeout, RFC 8985 section 7.2. */
static uint64_t probe_ns(const struct tcp_leg *l)
{
	uint64_t ns = 2 * (uint64_t)l->srtt_us * WEIR_NS_PER_US;

	if (tcp_flight(l) <= l->mss)
		ns += PEER_DELAY_NS;
	return ns < PROBE_MIN_NS ? PROBE_MIN_NS : ns;
}

static bool may_probe(const struct tcp_leg *l)
{
	return l->recovery == TCP_OPEN && (l->flags & LEG_SACK) && (l->flags & LEG_RTT_SEEN) &&
	       !(l->flags & LEG_TLP_OUT) && !l->q->sacked && !l->backoff;
}

void tcp_timer_rearm(struct weir_tcp *t, struct tcp_leg *l)
{
	uint64_t rto = tcp_rto_ns(l), pto = probe_ns(l);

	if (!tcp_flight(l)) {
		if (l->q->unsent && l->timer_for == TCP_TIMER_PERSIST)
			return;
		tcp_timer_clear(t, l);
		return;
	}
	if (may_probe(l) && pto < rto)
		tcp_timer_set(t, l, TCP_TIMER_TLP, t->now_ns + pto);
	else
		tcp_timer_set(t, l, TCP_TIMER_RTO, t->now_ns + rto);
}

/* RFC 6298 section 5.1: a running timeout runs on; a probe's is counted from what was sent last. */
void tcp_timer_on_send(struct weir_tcp *t, struct tcp_leg *l)
{
	uint64_t pto = probe_ns(l);

	if (l->timer_for == TCP_TIMER_NONE || l->timer_for == TCP_TIMER_PERSIST)
		tcp_timer_rearm(t, l);
	else if (l->timer_for != TCP_TIMER_REORDER && may_probe(l) && pto < tcp_rto_ns(l))
		tcp_timer_set(t, l, TCP_TIMER_TLP, t->now_ns + pto);
}

/* True when the peer has been silent for too long: the connection is over. */
static bool gives_up(struct weir_tcp *t, struct tcp_leg *l, uint64_t limit_ns)
{
	if (!l->stuck_ns)
		l->stuck_ns = t->now_ns;
	if (t->now_ns - l->stuck_ns < limit_ns)
		return false;
	if (!tcp_leave_other(t, l, true))
		tcp_finish(t, tcp_conn(l), WEIR_TCP_END_TIMEOUT);
	return true;
}

/* RFC 9293 section 3.8.6.1: a window that is shut is asked about, ever more seldom. */
static void on_persist(struct weir_tcp *t, struct tcp_leg *l)
{
	uint64_t next;

	if (tcp_send_little(t, l))
		return;
	if (gives_up(t, l, t->cfg.zero_window_ns ? t->cfg.zero_window_ns : ZERO_WINDOW_NS))
		return;
	tcp_send_keep_alive(t, l);
	if (l->backoff < 16)
		l->backoff++;
	next = tcp_rto_ns(l);
	tcp_timer_set(t, l, TCP_TIMER_PERSIST,
		      t->now_ns + (next < PROBE_MAX_NS ? next : PROBE_MAX_NS));
}

static void on_transmit_timer(struct weir_tcp *t, struct tcp_leg *l)
{
	enum tcp_timer what = (enum tcp_timer)l->timer_for;

	l->timer_for = TCP_TIMER_NONE;
	switch (what) {
	case TCP_TIMER_NONE:
		break;
	case TCP_TIMER_RTO:
		if (!gives_up(t, l, GIVE_UP_NS))
			tcp_on_rto(t, l);
		break;
	case TCP_TIMER_TLP:
		tcp_send_probe(t, l);
		break;
	case TCP_TIMER_REORDER:
		if (tcp_rack_detect(t, l) && l->recovery == TCP_OPEN)
			tcp_enter_recovery(t, l);
		if (l->timer_for == TCP_TIMER_NONE)
			tcp_timer_rearm(t, l);
		break;
	case TCP_TIMER_PERSIST:
		on_persist(t, l);
		break;
	case TCP_TIMER_SYN:
		tcp_on_syn_timer(t, l);
		break;
	}
}

static void on_state_timer(struct weir_tcp *t, struct tcp_leg *l)
{
	if (l->state == WEIR_TCP_FIN_WAIT_2)
		tcp_abort_peer(t, l); /* nobody listens to it, and it did not come to its end */
	else
		tcp_close_leg(t, l);
}

void tcp_on_timer(void *tcp, struct weir_timer *timer)
{
	struct weir_tcp *t = tcp;
	struct tcp_leg *l =
		(struct tcp_leg *)(void *)((uint8_t *)timer - offsetof(struct tcp_leg, timer));
	struct weir_tcp_conn *c = tcp_conn(l);

	if (c->over)
		return;
	if (l->timer_for != TCP_TIMER_NONE && l->timer_ns <= t->now_ns)
		on_transmit_timer(t, l);
	if (l->ack_ns && l->ack_ns <= t->now_ns) {
		l->ack_ns = 0;
		l->flags |= LEG_ACK_NOW;
	}
	if (l->state_ns && l->state_ns <= t->now_ns)
		on_state_timer(t, l);
	if (earliest(l) != UINT64_MAX)
		arm(t, l, earliest(l));
	tcp_mark_dirty(t, c);
}
