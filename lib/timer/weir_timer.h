/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Hierarchical timer wheel (Varghese and Lauck 1987, scheme 7): four levels of 256 slots, a tick
 * of 2^20 ns (1.05 ms), so up to 52 days; what is later is kept at the end and looked at again.
 * Timers are embedded in what they time. Arm, cancel: O(1). Worker only; time is an argument.
 */
#ifndef WEIR_TIMER_H
#define WEIR_TIMER_H

#include <weir_base.h>

/* Zeroed means not armed. */
struct weir_timer {
	struct weir_timer *next;
	struct weir_timer **slot; /* where the pointer to this timer stands; NULL: not armed */
	uint64_t expires_tick;
};

#define WEIR_TIMER_SLOTS      256
#define WEIR_TIMER_LEVELS     4
#define WEIR_TIMER_TICK_SHIFT 20

struct weir_timer_wheel {
	uint64_t now_tick;   /* every tick before this one has fired */
	uint64_t floor_tick; /* no timer is armed for a tick before this one; >= now_tick */
	uint64_t armed;      /* timers in the wheel */
	uint64_t pending[WEIR_TIMER_LEVELS]
			[WEIR_TIMER_SLOTS / 64]; /* a bit a slot that may hold one */
	struct weir_timer *slot[WEIR_TIMER_LEVELS][WEIR_TIMER_SLOTS];
};

/* Called with a timer that is no longer armed; it may arm it again, or any other, or cancel any, or
 * free it. What it arms fires at a later advance, however early it is due: no timer fires twice in
 * one. */
typedef void (*weir_timer_fn)(void *ctx, struct weir_timer *t);

void weir_timer_wheel_init(struct weir_timer_wheel *w, uint64_t now_ns);
/* (Re-)arms `t`; it fires at the first advance a tick after `expires_ns` at the latest, never
 * before it. */
void weir_timer_arm(struct weir_timer_wheel *w, struct weir_timer *t, uint64_t expires_ns);
/* Nothing happens when it is not armed. */
void weir_timer_cancel(struct weir_timer_wheel *w, struct weir_timer *t);
static inline bool weir_timer_armed(const struct weir_timer *t)
{
	return t->slot != NULL;
}
/* Fires what is due at `now_ns`, at most about `budget` timers (what is left fires at the next
 * call, none is lost). Skips empty slots, so a jump of days is cheap. Returns how many fired. */
unsigned int weir_timer_advance(struct weir_timer_wheel *w, uint64_t now_ns, unsigned int budget,
				weir_timer_fn fire, void *ctx);

#endif
