/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ageing. A packet only writes the time it came; when a flow's timer fires and something was heard
 * since, it is armed again for the rest. A change to a state with a shorter time arms at once.
 */
#include "flow_impl.h"

#include <stddef.h>

/* So that a reload is no pause: a million flows take some thousand turns of the worker's loop. */
#define REARM_A_CALL 256

const struct weir_flow_timeouts weir_flow_timeouts_default = {
	.syn_sent_ns = 30 * WEIR_NS_PER_S,
	.syn_received_ns = 30 * WEIR_NS_PER_S,
	.established_ns = 7200 * WEIR_NS_PER_S,
	.closing_ns = 120 * WEIR_NS_PER_S,
	.time_wait_ns = 60 * WEIR_NS_PER_S,
	.closed_ns = 10 * WEIR_NS_PER_S,
	.udp_new_ns = 30 * WEIR_NS_PER_S,
	.udp_replied_ns = 120 * WEIR_NS_PER_S,
	.icmp_ns = 30 * WEIR_NS_PER_S,
	.other_ns = 600 * WEIR_NS_PER_S,
	.denied_ns = 10 * WEIR_NS_PER_S,
};

static uint64_t datagram_timeout(const struct weir_flow_timeouts *t, const struct weir_flow *f)
{
	switch (f->proto) {
	case WEIR_PROTO_UDP:
		return f->state == WEIR_FLOW_NEW ? t->udp_new_ns : t->udp_replied_ns;
	case WEIR_PROTO_ICMP:
	case WEIR_PROTO_ICMPV6:
		return t->icmp_ns;
	default:
		return t->other_ns;
	}
}

uint64_t flow_timeout(const struct weir_flow_table *t, const struct weir_flow *f)
{
	switch ((enum weir_flow_state)f->state) {
	case WEIR_FLOW_SYN_SENT:
		return t->timeouts.syn_sent_ns;
	case WEIR_FLOW_SYN_RECEIVED:
		return t->timeouts.syn_received_ns;
	case WEIR_FLOW_ESTABLISHED:
		return t->timeouts.established_ns;
	case WEIR_FLOW_FIN_WAIT:
	case WEIR_FLOW_CLOSE_WAIT:
	case WEIR_FLOW_LAST_ACK:
		return t->timeouts.closing_ns;
	case WEIR_FLOW_TIME_WAIT:
		return t->timeouts.time_wait_ns;
	case WEIR_FLOW_CLOSED:
		return t->timeouts.closed_ns;
	case WEIR_FLOW_DENIED:
		return t->timeouts.denied_ns;
	case WEIR_FLOW_NEW:
	case WEIR_FLOW_REPLIED:
	case WEIR_FLOW_STATE_END:
		break;
	}
	return datagram_timeout(&t->timeouts, f);
}

void flow_arm(struct weir_flow_table *t, struct weir_flow *f, uint64_t heard_ns)
{
	uint64_t expires_ns = heard_ns + flow_timeout(t, f);

	if (weir_timer_armed(&f->timer) &&
	    f->timer.expires_tick <= expires_ns >> WEIR_TIMER_TICK_SHIFT)
		return;
	weir_timer_arm(&t->wheel, &f->timer, expires_ns);
}

struct ageing {
	struct weir_flow_table *table;
	uint64_t now_ns;
};

static void on_timer(void *ctx, struct weir_timer *timer)
{
	struct ageing *a = ctx;
	struct weir_flow *f =
		(struct weir_flow *)((char *)timer - offsetof(struct weir_flow, timer));
	uint64_t expires_ns = f->last_ns + flow_timeout(a->table, f);
	bool over = f->state == WEIR_FLOW_TIME_WAIT || f->state == WEIR_FLOW_CLOSED;

	if (expires_ns > a->now_ns)
		weir_timer_arm(&a->table->wheel, timer, expires_ns);
	else
		weir_flow_remove(a->table, f, over ? WEIR_FLOW_END_CLOSED : WEIR_FLOW_END_EXPIRED,
				 a->now_ns);
}

/* Timeouts have changed: goes on through the places, and arms what now ends earlier. */
static WEIR_COLD void rearm_some(struct weir_flow_table *t)
{
	uint32_t left = t->capacity - t->rearm;
	uint32_t end = t->rearm + (left < REARM_A_CALL ? left : REARM_A_CALL);

	for (; t->rearm < end; t->rearm++)
		if (weir_pool_taken(t->pool, t->rearm)) {
			struct weir_flow *f = weir_pool_at(t->pool, t->rearm);

			flow_arm(t, f, f->last_ns);
		}
}

void weir_flow_set_timeouts(struct weir_flow_table *t, const struct weir_flow_timeouts *timeouts)
{
	if (memcmp(&t->timeouts, timeouts, sizeof(*timeouts)) == 0)
		return;
	t->timeouts = *timeouts;
	t->rearm = 0;
}

unsigned int weir_flow_age(struct weir_flow_table *t, uint64_t now_ns, unsigned int budget)
{
	struct ageing a = {.table = t, .now_ns = now_ns};

	if (weir_unlikely(t->rearm < t->capacity))
		rearm_some(t);
	return weir_timer_advance(&t->wheel, now_ns, budget, on_timer, &a);
}

/* ---- flows that may have to make room, in the order they came ---- */

static void list_add(struct flow_list *l, struct weir_flow *f)
{
	f->newer = NULL;
	f->older = l->newest;
	*(l->newest ? &l->newest->newer : &l->oldest) = f;
	l->newest = f;
}

static void list_remove(struct flow_list *l, struct weir_flow *f)
{
	*(f->older ? &f->older->newer : &l->oldest) = f->newer;
	*(f->newer ? &f->newer->older : &l->newest) = f->older;
}

void flow_list_begin(struct weir_flow_table *t, struct weir_flow *f)
{
	f->flags |= WEIR_FLOW_F_HALF_OPEN;
	list_add(&t->half_open, f);
}

static void end_half_open(struct weir_flow_table *t, struct weir_flow *f)
{
	if (!(f->flags & WEIR_FLOW_F_HALF_OPEN))
		return;
	f->flags &= (uint8_t)~WEIR_FLOW_F_HALF_OPEN;
	list_remove(&t->half_open, f);
}

static bool is_half_open(const struct weir_flow *f)
{
	return f->state == WEIR_FLOW_SYN_SENT || f->state == WEIR_FLOW_SYN_RECEIVED ||
	       f->state == WEIR_FLOW_NEW;
}

void flow_list_change(struct weir_flow_table *t, struct weir_flow *f, uint8_t before)
{
	if (!is_half_open(f))
		end_half_open(t, f);
	if (before == WEIR_FLOW_TIME_WAIT)
		list_remove(&t->waiting, f);
	if (f->state == WEIR_FLOW_TIME_WAIT)
		list_add(&t->waiting, f);
}

void flow_list_end(struct weir_flow_table *t, struct weir_flow *f)
{
	end_half_open(t, f);
	if (f->state == WEIR_FLOW_TIME_WAIT)
		list_remove(&t->waiting, f);
}
