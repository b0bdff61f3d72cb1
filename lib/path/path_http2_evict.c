/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory for HTTP/2 when it gets short. Windows that were opened and streams that may be begun are
 * promises, and a client may call them in and then take its time. So when little is left, the
 * connection that holds most for longest gives its memory back to all others: how long is told by
 * how fast bytes go on from it (Little's law), so a large download that is being read is spared,
 * and one that is read a byte at a time is not.
 */
#include "path_http2.h"
#include "path_stream.h"

/* So many eighths of the memory may be taken before somebody has to go. */
#define FULL 7
#define MS   (WEIR_NS_PER_S / 1000)

/* ---- what has gone on ---- */

/* Half of what is older than a second counts, a quarter of what is older than two, and so on. */
static void age(struct path_http2 *h)
{
	uint64_t seconds = (h->x->w->now_ns - h->moved_ns) / WEIR_NS_PER_S;

	if (!seconds)
		return;
	h->moved = seconds < 64 ? h->moved >> seconds : 0;
	h->moved_ns += seconds * WEIR_NS_PER_S;
}

void path_http2_note_moved(struct path_http2 *h, size_t n)
{
	age(h);
	h->moved += n;
}

/* ---- who has to go ---- */

static size_t held(const struct path_http2 *h)
{
	return (h->client ? weir_http2_memory(h->client, NULL) : 0) +
	       (h->server ? weir_http2_memory(h->server, NULL) : 0);
}

/* Bytes times the milliseconds that each stays, as far as can be told. */
static uint64_t burden(struct path_http2 *h, size_t bytes)
{
	uint64_t here = (h->x->w->now_ns - h->busy_ns) / MS;

	age(h);
	return bytes * RTE_MIN(here, 1000 * (uint64_t)bytes / (h->moved + 1));
}

/* Who holds less than half of an equal share holds nothing up. */
static struct path_http2 *find_victim(const struct path_http2_worker *w, uint64_t max)
{
	struct path_http2 *victim = NULL;
	uint64_t most = 0;

	for (struct path_http2 *h = w->connections; h; h = h->next) {
		size_t bytes = held(h);
		uint64_t b = bytes >= max / 2 / w->n_connections ? burden(h, bytes) : 0;

		if (b <= most || h->x->dead)
			continue;
		most = b;
		victim = h;
	}
	return victim;
}

void path_http2_make_way(struct path_worker *w)
{
	uint64_t used, max;

	if (w->http2->victim)
		return;
	path_http2_memory(w, &used, &max);
	if (weir_unlikely(used > max / 8 * FULL))
		w->http2->victim = find_victim(w->http2, max);
}

struct path_http *path_http2_victim(const struct path_worker *w)
{
	return w->http2 && w->http2->victim ? w->http2->victim->x : NULL;
}

void path_http2_evict(struct path_worker *w)
{
	struct path_http2 *h = w->http2->victim;

	bool is_open = path_stream_is_open(h->x->k);

	w->http2->victim = NULL;
	if (is_open && (h->client || h->x->first)) { /* somebody is to be told */
		weir_http2_end(path_http2_memory_of(h), WEIR_HTTP2_E_EVICTED);
		return;
	}
	path_http2_on_error(h, h->client ? 0 : 1, WEIR_HTTP2_E_EVICTED, 0);
	if (is_open)
		path_http_close(h->x);
	else
		path_http_abort(h->x);
}

/* ---- the list of them ---- */

void path_http2_list(struct path_http2 *h)
{
	struct path_http2_worker *w = h->x->w->http2;

	h->busy_ns = h->moved_ns = h->x->w->now_ns;
	h->next = w->connections;
	h->pprev = &w->connections;
	if (h->next)
		h->next->pprev = &h->next;
	w->connections = h;
	w->n_connections++;
}

void path_http2_unlist(struct path_http2 *h)
{
	struct path_http2_worker *w = h->x->w->http2;

	*h->pprev = h->next;
	if (h->next)
		h->next->pprev = h->pprev;
	w->n_connections--;
	if (w->victim == h)
		w->victim = NULL;
}
