/* SPDX-License-Identifier: BSD-3-Clause */
/* The bytes of a carried flow, in order, against the stream rules of the generation under which the
 * first of them came: a connection keeps its database, whatever is loaded meanwhile. */
#include "path_event.h"
#include "path_stream.h"

#define VIEWS   16
#define MATCHES 8

static uint8_t direction_of(unsigned int leg)
{
	return leg == 0 ? WEIR_SCAN_TO_SERVER : WEIR_SCAN_TO_CLIENT;
}

static struct path_scan_leg *borrow(struct path_worker *w, struct path_carried *k)
{
	if (k->scan)
		return k->scan;
	k->scan = weir_pool_take(w->scans);
	if (k->scan)
		memset(k->scan, 0, 2 * sizeof(*k->scan));
	return k->scan;
}

/* True when there is a stream to feed; *failed when there should be one. */
static bool open_stream(struct path_worker *w, struct path_carried *k, unsigned int leg,
			bool *failed)
{
	struct weir_scan_db *db = w->gen->scan;
	uint16_t port = k->flow->port[1];

	*failed = false;
	if (k->scan && k->scan[leg].stream.db)
		return true;
	if (!db || !weir_scan_applies(db, direction_of(leg), port))
		return false;
	*failed = !borrow(w, k) ||
		  weir_scan_open(&k->scan[leg].stream, db, w->id, direction_of(leg), port) < 0;
	return !*failed;
}

void path_scan_from(struct path_carried *k, unsigned int leg, uint64_t offset)
{
	if (k->scan)
		k->scan[leg].scanned = offset;
}

void path_scan_end(struct path_worker *w, struct path_carried *k)
{
	if (!k->scan)
		return;
	weir_scan_close(&k->scan[0].stream);
	weir_scan_close(&k->scan[1].stream);
	weir_pool_give(w->scans, k->scan);
	k->scan = NULL;
}

/* A match may have begun in earlier segments: `end` bytes of the view, and what came before it. */
static void make_context(const struct path_scan_leg *s, const struct weir_scan_rule *rule,
			 struct weir_bytes view, size_t end, char context[WEIR_SCAN_CONTEXT])
{
	uint8_t both[PATH_TAIL + WEIR_SCAN_CONTEXT];
	size_t skip = end > PATH_TAIL ? end - PATH_TAIL : 0;
	size_t tail = skip ? 0 : s->n_tail;
	size_t left = view.len - skip < WEIR_SCAN_CONTEXT ? view.len - skip : WEIR_SCAN_CONTEXT;

	memcpy(both, s->tail, tail);
	memcpy(both + tail, view.ptr + skip, left);
	weir_scan_context(rule, (struct weir_bytes){both, tail + left}, tail + end - skip, context);
}

static void keep_tail(struct path_scan_leg *s, struct weir_bytes view)
{
	size_t old = s->n_tail;

	if (view.len >= PATH_TAIL) {
		memcpy(s->tail, view.ptr + view.len - PATH_TAIL, PATH_TAIL);
		s->n_tail = PATH_TAIL;
		return;
	}
	if (old + view.len > PATH_TAIL) {
		size_t gone = old + view.len - PATH_TAIL;

		old -= gone;
		memmove(s->tail, s->tail + gone, old);
	}
	memcpy(s->tail + old, view.ptr, view.len);
	s->n_tail = (uint8_t)(old + view.len);
}

static void tell(struct path_worker *w, struct path_carried *k, unsigned int leg,
		 const struct weir_scan_match *m, struct weir_bytes view)
{
	const struct path_scan_leg *s = &k->scan[leg];
	const struct weir_scan_rule *rule = weir_scan_rule(s->stream.db, m->rule);
	char context[WEIR_SCAN_CONTEXT];

	make_context(s, rule, view, (size_t)(m->end - (s->scanned - s->first)), context);
	path_event_alert(w, k->flow, (uint8_t)leg, rule, s->first + m->end, context);
}

/* One view; `*reset` when a rule says how it stops. */
static enum path_scanned scan_view(struct path_worker *w, struct path_carried *k, unsigned int leg,
				   struct weir_bytes view, bool *reset)
{
	struct path_scan_leg *s = &k->scan[leg];
	struct weir_scan_match m[MATCHES];
	unsigned int more;
	bool stop;
	int n = weir_scan_feed(&s->stream, view, m, MATCHES, &more, &stop);

	if (weir_unlikely(n < 0))
		return PATH_SCAN_FAILED;
	weir_count(&w->stats, WEIR_COUNT_SCANNED_BYTES, view.len);
	for (int i = 0; i < n; i++)
		tell(w, k, leg, &m[i], view);
	if (weir_unlikely(more))
		weir_count(&w->stats, WEIR_COUNT_ALERTS_HELD_BACK, more);
	if (weir_likely(!stop)) {
		keep_tail(s, view);
		return PATH_SCAN_PASS;
	}
	*reset = weir_scan_rule(s->stream.db, m[n - 1].rule)->action == WEIR_SCAN_RESET;
	return PATH_SCAN_STOP;
}

/* *clean comes with how many bytes can be read, and goes with how many of them may go on. */
enum path_scanned path_scan(struct path_worker *w, struct path_carried *k, unsigned int leg,
			    uint32_t *clean, bool *reset)
{
	uint32_t readable = *clean;
	uint64_t base = path_stream_offset(k, leg);
	struct path_scan_leg *s;
	bool failed;

	if (!open_stream(w, k, leg, &failed))
		return failed ? PATH_SCAN_FAILED : PATH_SCAN_PASS;
	s = &k->scan[leg];
	if (!s->started) {
		s->started = true;
		s->first = s->scanned = base;
	}
	while (s->scanned < base + readable) {
		struct weir_bytes views[VIEWS];
		unsigned int n =
			path_stream_read(k, leg, (uint32_t)(s->scanned - base), views, VIEWS);

		for (unsigned int i = 0; i < n; i++) {
			enum path_scanned result = scan_view(w, k, leg, views[i], reset);

			if (result != PATH_SCAN_PASS) {
				*clean = (uint32_t)(s->scanned - base);
				return result;
			}
			s->scanned += views[i].len;
		}
	}
	return PATH_SCAN_PASS;
}
