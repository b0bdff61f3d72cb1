/* SPDX-License-Identifier: BSD-3-Clause */
/* Turns of judging: what would take a worker long waits in a line, and is done a part at a time in
 * what others leave of it. */
#include "path_http.h"

/* In the order in which they have come: each goes to the end when its turn is over. */
void path_http_wait_for_turn(struct path_http *x, unsigned int leg)
{
	struct path_http_worker *h = x->w->http;

	x->side[leg].judging = true;
	if (x->waits_at)
		return;
	x->waiting = NULL;
	x->waits_at = h->last_waiting;
	*h->last_waiting = x;
	h->last_waiting = &x->waiting;
}

void path_http_stop_waiting(struct path_http *x)
{
	struct path_http_worker *h = x->w->http;

	if (!x->waits_at)
		return;
	*x->waits_at = x->waiting;
	if (x->waiting)
		x->waiting->waits_at = x->waits_at;
	else
		h->last_waiting = x->waits_at;
	x->waits_at = NULL;
}

bool path_http_take_turn(struct path_http *x, unsigned int leg)
{
	bool has = x->has_turn && x->side[leg].judging;

	if (has)
		x->has_turn = x->side[leg].judging = false;
	return has;
}

bool path_http_may_judge_more(struct path_http *x, unsigned int leg)
{
	struct path_http_side *s = &x->side[leg];

	if (s->judging)
		return path_http_take_turn(x, leg);
	if (!x->program || x->w->http->judged_ns < x->program->turn_ns || !path_http_left(x, leg))
		return true;
	path_http_wait_for_turn(x, leg);
	return false;
}

/* While others come, it has half of the time at most. */
bool path_http_judge_turn(struct path_worker *w, bool is_busy)
{
	struct path_http_worker *h = w->http;
	struct path_http *x = h ? h->waiting : NULL;
	uint64_t tsc = rte_rdtsc(), spent;

	if (!x || (is_busy && w->now_ns < h->judge_from_ns))
		return false;
	weir_count(&w->stats, WEIR_COUNT_HTTP_TURNS, 1);
	path_http_stop_waiting(x);
	x->has_turn = true;
	path_http_run(x);
	x->has_turn = false;
	/* Where both legs wait, but one has had the turn. */
	for (unsigned int leg = 0; leg < 2 && !x->dead; leg++)
		if (x->side[leg].judging)
			path_http_wait_for_turn(x, leg);
	spent = path_ns_of(w, rte_rdtsc() - tsc);
	h->judge_from_ns = w->now_ns + 2 * spent;
	return true;
}
