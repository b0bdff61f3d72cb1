/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory for judging. A request that is held until its body is whole keeps some for as long as its
 * client takes, which may be for ever, a byte at a time. So when little is left the oldest of those
 * give theirs back to whoever comes, and get what a request gets that finds none.
 */
#include "path_http2.h"

/* So many eighths of the memory may be taken before others have to go. */
#define FULL 7
/* Who came less than that ago holds nothing up. */
#define HELD_NS WEIR_NS_PER_S
/* So many go at most for one that comes. */
#define EVICT_MAX 4

void path_http_list_held(struct path_http *x, struct path_exchange *e)
{
	struct path_http_worker *h = x->w->http;

	e->owner = x;
	e->listed = true;
	e->newer = NULL;
	e->older = h->newest_held;
	*(e->older ? &e->older->newer : &h->oldest_held) = e;
	h->newest_held = e;
}

void path_http_unlist_held(struct path_exchange *e)
{
	struct path_http_worker *h;

	if (!e->listed)
		return;
	h = e->owner->w->http;
	e->listed = false;
	*(e->older ? &e->older->newer : &h->oldest_held) = e->newer;
	*(e->newer ? &e->newer->older : &h->newest_held) = e->older;
}

static bool is_nearly_full(const struct path_worker *w)
{
	uint64_t used, max;

	weir_waf_worker_memory(w->waf, &used, &max);
	return used > max / 8 * FULL;
}

/* Whether its client has more to say before it can be judged. */
static bool is_held(const struct path_exchange *e)
{
	const struct path_http *x = e->owner;
	const struct path_http_side *s = &x->side[PATH_TO_SERVER];

	if (x->dead || e->refused || e->answered)
		return false;
	return x->h2 ||
	       (x->reading == e && s->state == PATH_HTTP_BODY && s->fate == PATH_HTTP_HOLD);
}

/* It is told when it has its turn of judging: what is at hand belongs to somebody else now. */
static void evict(struct path_exchange *e)
{
	struct path_http *x = e->owner;

	weir_count(&x->w->stats, WEIR_COUNT_HTTP_EVICTED, 1);
	path_http_forget_judging(x, e);
	e->evicted = true;
	if (x->h2)
		path_http2_judge_evicted(e);
	else
		x->side[PATH_TO_SERVER].paused = false;
	path_http_wait_for_turn(x, PATH_TO_SERVER);
}

void path_http_make_way(struct path_worker *w)
{
	struct path_exchange *e;
	unsigned int n = 0;

	while (n < EVICT_MAX && (e = w->http->oldest_held) && is_nearly_full(w) &&
	       e->begun_ns + HELD_NS <= w->now_ns) {
		if (is_held(e)) {
			evict(e);
			n++;
		} else {
			path_http_unlist_held(e);
		}
	}
}
