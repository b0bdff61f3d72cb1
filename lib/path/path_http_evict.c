/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory for judging. A request that is held until its body is whole keeps some for as long as its
 * client takes, which may be for ever, a byte at a time. So when little is left the oldest of those
 * give theirs back to whoever comes, and get what a request gets that finds none. Of what was
 * judged to its end only the record is missing: there it is made early.
 */
#include "path_http2.h"

/* So many eighths of the memory may be taken before others have to go. */
#define FULL 7
/* Who came less than that ago holds nothing up. */
#define HELD_NS WEIR_NS_PER_S
/* So many go at most for one that comes. */
#define EVICT_MAX 4

void path_http_list(enum path_http_listing in, struct path_http *x, struct path_exchange *e)
{
	struct path_exchanges *l = &x->w->http->list[in];

	e->owner = x;
	e->listed = in;
	e->newer = NULL;
	e->older = l->newest;
	*(e->older ? &e->older->newer : &l->oldest) = e;
	l->newest = e;
}

void path_http_unlist(struct path_exchange *e)
{
	struct path_exchanges *l;

	if (!e->listed)
		return;
	l = &e->owner->w->http->list[e->listed];
	e->listed = PATH_HTTP_UNLISTED;
	*(e->older ? &e->older->newer : &l->oldest) = e->newer;
	*(e->newer ? &e->newer->older : &l->newest) = e->older;
}

void path_http_hold(struct path_http *x, struct path_exchange *e)
{
	path_http_unlist(e);
	path_http_list(PATH_HTTP_HELD, x, e);
}

static bool is_nearly_full(const struct path_worker *w)
{
	uint64_t used, max;

	weir_waf_worker_memory(w->waf, &used, &max);
	return used > max / 8 * FULL;
}

/* Of a response of gRPC its server may say the next one at any time. */
static bool is_between_messages(const struct path_http *x, const struct path_exchange *e)
{
	return x->call && x->first == e;
}

/* Whether its client has more to say before it can be judged. */
static bool is_held(const struct path_exchange *e)
{
	const struct path_http *x = e->owner;
	const struct path_http_side *s = &x->side[PATH_TO_SERVER];

	if (x->dead || e->refused || e->answered)
		return false;
	return x->h2 || is_between_messages(x, e) ||
	       (x->reading == e && s->state == PATH_HTTP_BODY && s->fate == PATH_HTTP_HOLD);
}

/* It is told when it has its turn of judging: what is at hand belongs to somebody else now. */
static void evict(struct path_exchange *e)
{
	struct path_http *x = e->owner;

	path_http_forget_judging(x, e);
	if (e->idle)
		return; /* the next one begins anew */
	weir_count(&x->w->stats, WEIR_COUNT_HTTP_EVICTED, 1);
	e->evicted = true;
	if (is_between_messages(x, e))
		return; /* the next one is told so */
	if (x->h2)
		path_http2_judge_evicted(e);
	else
		x->side[PATH_TO_SERVER].paused = false;
	path_http_wait_for_turn(x, PATH_TO_SERVER);
}

/* The oldest of them, when it has to make way. */
static struct path_exchange *next_of(const struct path_worker *w, enum path_http_listing list)
{
	struct path_exchange *e = w->http->list[list].oldest;

	return e && e->begun_ns + HELD_NS <= w->now_ns && is_nearly_full(w) ? e : NULL;
}

/* Nothing more comes of its rules: only its client is slow with what it gets. */
static void tell_early(struct path_exchange *e)
{
	struct path_http *x = e->owner;

	weir_count(&x->w->stats, WEIR_COUNT_HTTP_TOLD_EARLY, 1);
	path_exchange_tell(x, e);
	path_http_forget_judging(x, e);
	e->told = true;
}

void path_http_make_way(struct path_worker *w)
{
	struct path_exchange *e;

	for (unsigned int n = 0; n < EVICT_MAX && (e = next_of(w, PATH_HTTP_JUDGED)); n++)
		tell_early(e);
	for (unsigned int n = 0; n < EVICT_MAX && (e = next_of(w, PATH_HTTP_HELD));) {
		if (!is_held(e)) {
			path_http_unlist(e);
			continue;
		}
		evict(e);
		n++;
	}
}
