/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The time of judging. Each call into the engine has the budget, and returns when it is used up. A
 * body that is large is judged in several calls, between which the caller serves others: what it
 * may cost altogether grows with the bytes that its sender has paid for. Beyond that, and in phases
 * that have but one call, what was not judged is refused.
 */
#include "waf_fiber.h"
#include "waf_tx.h"

/* Each so many bytes of a body that is kept are worth a call. */
#define TURN_BYTES 8192
/* A call's time is over by that part of the budget before its end, so that the step that is then
 * under way is still within it. */
#define RESERVE(ns) ((ns) / 10)

static uint64_t ticks_of(const struct weir_waf *w, uint64_t ns)
{
	return (uint64_t)((double)ns / w->ns_per_tick);
}

/* ---- the end of a call ---- */

/* Asked by the clock. What the caller does meanwhile is not the transaction's time. */
static bool wait_for_turn(void *ctx)
{
	struct weir_waf_tx *tx = ctx;
	uint64_t then = waf_ticks();

	if (!tx->turns.fiber || !tx->turns.left || tx->turns.abandoned)
		return false;
	tx->turns.left--;
	waf_fiber_pause(tx->turns.fiber);
	tx->away += waf_ticks() - then;
	return !tx->turns.abandoned;
}

bool waf_is_out_of_time(struct weir_waf_tx *tx)
{
	if (waf_clock_wait(&tx->part->clock))
		return false;
	waf_clock_stop(&tx->part->clock);
	waf_exceed(tx);
	return true;
}

void waf_begin_call(struct weir_waf_tx *tx)
{
	const struct weir_waf *w = tx->waf;
	struct waf_clock *c = &tx->part->clock;

	waf_clock_start(c, waf_ticks(),
			ticks_of(w, w->options.budget_ns - RESERVE(w->options.budget_ns)),
			ticks_of(w, WAF_STEP_NS));
	c->more = wait_for_turn;
	c->ctx = tx;
	waf_scratch_clock(tx->part->ops, c);
}

/* ---- calls ---- */

static void on_fiber(void *ctx)
{
	struct weir_waf_tx *tx = ctx;

	tx->turns.work(tx);
}

static void run_fiber(struct weir_waf_tx *tx)
{
	struct waf_turns *t = &tx->turns;

	if (!waf_fiber_run(t->fiber))
		return;
	waf_fiber_give(tx->worker->fibers, t->fiber);
	*t = (struct waf_turns){0};
}

enum weir_waf_verdict waf_go_on(struct weir_waf_tx *tx)
{
	struct waf_turns *t = &tx->turns;

	if (!t->fiber) {
		t->fiber = waf_fiber_take(tx->worker->fibers);
		if (!t->fiber)
			return WEIR_WAF_MORE;
		waf_fiber_begin(t->fiber, on_fiber, tx);
	}
	waf_begin_call(tx);
	run_fiber(tx);
	return t->work ? WEIR_WAF_MORE : (enum weir_waf_verdict)tx->verdict;
}

enum weir_waf_verdict waf_judge(struct weir_waf_tx *tx, uint64_t bytes,
				void (*work)(struct weir_waf_tx *tx))
{
	uint64_t more = bytes / TURN_BYTES;

	if (tx->worker->fibers && tx->waf->options.budget_ns && more) {
		tx->turns = (struct waf_turns){.work = work, .left = more};
		return waf_go_on(tx);
	}
	waf_begin_call(tx);
	work(tx);
	return (enum weir_waf_verdict)tx->verdict;
}

/* It comes to its end at once, as there is no time at all. */
void waf_abandon(struct weir_waf_tx *tx)
{
	struct waf_turns *t = &tx->turns;

	t->abandoned = true;
	if (t->fiber) {
		waf_begin_call(tx);
		waf_clock_stop(&tx->part->clock);
		run_fiber(tx);
		weir_assert(!t->fiber);
	}
	*t = (struct waf_turns){0};
}
