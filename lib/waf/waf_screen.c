/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which rules could match at all: before a phase runs, its new values are looked at together.
 * Every result that some chain makes of them is put behind the others and one scan finds the
 * literals; with the classes of bytes that occur they give, for a value, the slots whose rules may
 * match it. A rule whose slot stays cold is not even looked at (waf_run.c).
 */
#include <hs.h>

#include "waf_impl.h"

/* Longer values are scanned where they stand. */
#define COPY_MAX 2048
/* Bytes that are scanned at once, so that the clock is looked at between. */
#define BATCH_MAX 65536

struct scan {
	struct weir_waf_tx *tx;
	const struct waf_screen *screen;
	const struct waf_literal_set *literals;
	struct waf_value *like;   /* those that differ from another in case */
	struct waf_value **value; /* in the order of their places */
	uint32_t *start;          /* of each; one more for the end */
	uint32_t n, cap;
	uint32_t hint;
	uint32_t queued; /* bytes of all in the queue */
	uint32_t found;  /* literals */
	uint8_t *bytes;
	uint32_t len, room;
};

static void scan(struct scan *s);

/* ---- what is to be scanned ---- */

static bool grow_queue(struct scan *s)
{
	uint32_t cap = s->cap ? s->cap * 2 : 64;
	struct waf_value **value = weir_arena_alloc(&s->tx->arena, cap * sizeof(*value));
	uint32_t *start = weir_arena_alloc(&s->tx->arena, (cap + 1) * sizeof(*start));

	if (!value || !start)
		return false;
	if (s->n) {
		memcpy(value, s->value, s->n * sizeof(*value));
		memcpy(start, s->start, s->n * sizeof(*start));
	}
	s->value = value;
	s->start = start;
	s->cap = cap;
	return true;
}

/* The scan is blind to case, so a result in another case has the literals of its origin. */
static bool has_hits_of(struct scan *s, struct waf_value *v, struct waf_value *origin)
{
	if (v == origin || v->bytes.len != origin->bytes.len || origin->screened ||
	    !weir_bytes_equal_case(v->bytes, origin->bytes))
		return false;
	v->queued = true;
	v->like = origin;
	v->like_next = s->like;
	s->like = v;
	return true;
}

static void queue(struct scan *s, struct waf_value *v, struct waf_value *origin)
{
	if (!v || v->queued || v->screened || has_hits_of(s, v, origin))
		return;
	if (s->n == s->cap && !grow_queue(s)) {
		s->tx->unscreened = true;
		return;
	}
	v->queued = true;
	s->value[s->n++] = v;
	s->queued += (uint32_t)v->bytes.len;
	if (s->queued > BATCH_MAX)
		scan(s);
}

static void queue_results(struct scan *s, struct waf_value *v, const struct waf_view *view)
{
	const struct waf_class_cache *c = waf_class_of(s->tx, v->classes);

	queue(s, v, v);
	for (uint32_t w = 0; w < s->screen->node_words; w++)
		for (uint64_t left = c->triggered[w] & view->nodes[w]; left; left &= left - 1) {
			unsigned int node = w * 64 + (unsigned int)__builtin_ctzll(left);

			queue(s, waf_value_result(s->tx, v, (uint16_t)node), v);
		}
}

static void queue_list(struct scan *s, unsigned int list)
{
	const struct waf_view *values = &s->screen->values[list], *names = &s->screen->names[list];
	unsigned int entries = 0;

	if (!values->used && !names->used)
		return;
	for (struct waf_entry *e = *s->tx->list[list].screened; e; e = e->next) {
		if (++entries % WAF_EVERY == 0 && waf_is_late(s->tx)) {
			s->tx->unscreened = true;
			return;
		}
		if (values->used)
			queue_results(s, &e->value, values);
		if (names->used)
			queue_results(s, &e->name_value, names);
	}
}

/* ---- literals ---- */

static struct waf_hits *hits_of(struct weir_waf_tx *tx, struct waf_value *v)
{
	if (!v->hits) {
		v->hits = weir_arena_alloc(&tx->arena, sizeof(*v->hits) + 64);
		if (!v->hits)
			return NULL;
		v->hits = (struct waf_hits *)(((uintptr_t)v->hits + 63) & ~(uintptr_t)63);
		*v->hits = (struct waf_hits){0};
	}
	return v->hits;
}

static void note_literal(struct scan *s, struct waf_value *v, unsigned int literal)
{
	const struct waf_literal_set *set = s->literals;
	struct waf_hits *h = hits_of(s->tx, v);

	if (!h)
		return;
	for (uint32_t i = set->first[literal]; i < set->first[literal + 1]; i++) {
		uint16_t pair = set->pair[i];

		waf_bits_set(&h->found[pair >> 15], pair & 0x7fff);
	}
}

/* Whether to go on: a value that is made of literals has more of them than there is time for. */
static int go_on(struct scan *s)
{
	return ++s->found % 256 == 0 && waf_is_late(s->tx);
}

/* Ends come in ascending order but for a few: the value is where the last one was, or near. */
static int on_literal(unsigned int id, unsigned long long from, unsigned long long to,
		      unsigned int flags, void *ctx)
{
	struct scan *s = ctx;
	uint32_t i = s->hint;

	(void)from;
	(void)flags;
	while (i + 1 < s->n && s->start[i + 1] < to)
		i++;
	while (i && s->start[i] >= to)
		i--;
	s->hint = i;
	if (to - s->literals->length[id] >= s->start[i])
		note_literal(s, s->value[i], id);
	return go_on(s);
}

static int on_literal_alone(unsigned int id, unsigned long long from, unsigned long long to,
			    unsigned int flags, void *ctx)
{
	struct scan *s = ctx;

	(void)from;
	(void)to;
	(void)flags;
	note_literal(s, s->value[s->hint], id);
	return go_on(s);
}

static bool hs_over(struct scan *s, struct weir_bytes bytes, match_event_handler tell)
{
	s->tx->work.scanned_bytes += (uint32_t)bytes.len;
	return hs_scan(s->literals->database, (const char *)bytes.ptr, (unsigned int)bytes.len, 0,
		       s->tx->part->hs, tell, s) == HS_SUCCESS;
}

/* A long value piece by piece; what stands across two pieces is in both. */
static bool scan_long(struct scan *s, struct weir_bytes b)
{
	size_t both = s->literals->longest;

	while (!waf_is_late(s->tx)) {
		size_t n = b.len < BATCH_MAX ? b.len : BATCH_MAX;

		if (!hs_over(s, weir_bytes_of(b.ptr, n), on_literal_alone))
			return false;
		if (n == b.len)
			return true;
		b = weir_bytes_of(b.ptr + n - both, b.len - n + both);
	}
	return false;
}

/* Puts short values behind one another; long ones are scanned at once. False: none was screened. */
static bool scan_all(struct scan *s)
{
	uint32_t total = 0, kept = 0;

	for (uint32_t i = 0; i < s->n; i++)
		if (s->value[i]->bytes.len <= COPY_MAX)
			total += (uint32_t)s->value[i]->bytes.len;
	if (!s->bytes || total > s->room) {
		s->bytes = weir_arena_alloc(&s->tx->arena, total);
		s->room = total;
	}
	if (!s->bytes)
		return false;
	s->len = 0;
	for (uint32_t i = 0; i < s->n; i++) {
		struct waf_value *v = s->value[i];

		s->hint = i;
		if (v->bytes.len > COPY_MAX) {
			v->screened = scan_long(s, v->bytes);
			continue;
		}
		s->value[kept] = v;
		s->start[kept++] = s->len;
		if (v->bytes.len)
			memcpy(s->bytes + s->len, v->bytes.ptr, v->bytes.len);
		s->len += (uint32_t)v->bytes.len;
	}
	s->n = kept;
	s->hint = 0;
	return !s->len || hs_over(s, weir_bytes_of(s->bytes, s->len), on_literal);
}

/* What is in the queue; it is empty then. */
static void scan(struct scan *s)
{
	bool good;

	s->tx->work.values += s->n;
	good = !s->literals->database || (!waf_is_late(s->tx) && scan_all(s));
	for (uint32_t i = 0; i < s->n; i++)
		s->value[i]->screened |= good;
	for (struct waf_value *v = s->like; v; v = v->like_next) {
		v->hits = v->like->hits;
		v->screened = v->like->screened;
	}
	s->like = NULL;
	s->n = 0;
	s->queued = 0;
}

/* ---- candidates ---- */

static void find_satisfied(const struct waf_screen *screen, uint64_t classes, waf_bits *out)
{
	*out = ~(waf_bits){0};
	for (unsigned int k = 0; k < WAF_NEED_SETS; k++) {
		waf_bits any = screen->no_set[k];

		for (uint64_t left = classes; left; left &= left - 1)
			any |= screen->set[k][__builtin_ctzll(left)];
		*out &= any;
	}
}

static void find_singles(const struct waf_screen *screen, struct waf_class_cache *c)
{
	for (unsigned int k = 0; k < WAF_NEED_LITERALS; k++) {
		c->single[k] = screen->no_literal[k];
		for (uint64_t left = c->classes; left; left &= left - 1)
			c->single[k] |= screen->single[k][__builtin_ctzll(left)];
	}
}

static void find_triggered(const struct weir_waf *w, struct waf_class_cache *c)
{
	const struct waf_screen *screen = w->screen;

	memcpy(c->triggered, screen->always, screen->node_words * sizeof(*c->triggered));
	for (uint64_t left = c->classes; left; left &= left - 1)
		for (uint32_t i = 0; i < screen->node_words; i++)
			c->triggered[i] |= screen->by_class[__builtin_ctzll(left)][i];
	c->plain = (waf_bits){0};
	for (uint16_t i = 0; i < w->n_nodes; i++)
		if (!waf_word_has(c->triggered, i))
			c->plain |= screen->of_node[i];
}

const struct waf_class_cache *waf_class_of(struct weir_waf_tx *tx, uint64_t classes)
{
	struct waf_class_cache *c = &tx->part->classes[classes * 0x9e3779b97f4a7c15ULL >> 56];

	if (weir_unlikely(c->classes != classes)) {
		c->classes = classes;
		find_satisfied(tx->waf->screen, classes, &c->satisfied);
		find_singles(tx->waf->screen, c);
		find_triggered(tx->waf, c);
	}
	return c;
}

/* Leaves in *may those slots whose conditions `v` meets. */
static void sift(struct weir_waf_tx *tx, const struct waf_value *v, waf_bits *may)
{
	const struct waf_class_cache *c;

	if (weir_unlikely(!v->screened)) {
		tx->unscreened = true;
		return;
	}
	c = waf_class_of(tx, v->classes);
	*may &= c->satisfied;
	for (unsigned int k = 0; k < WAF_NEED_LITERALS; k++)
		*may &= v->hits ? c->single[k] | v->hits->found[k] : c->single[k];
}

/* The slots that ask about `v` and may match one of its results. */
static void candidates_of(struct weir_waf_tx *tx, struct waf_value *v, const struct waf_view *view,
			  waf_bits *out)
{
	const struct waf_screen *screen = tx->waf->screen;
	struct waf_class_cache c = *waf_class_of(tx, v->classes);

	*out = view->slots & c.plain;
	sift(tx, v, out);
	for (uint32_t w = 0; w < screen->node_words; w++)
		for (uint64_t left = c.triggered[w] & view->nodes[w]; left; left &= left - 1) {
			unsigned int node = w * 64 + (unsigned int)__builtin_ctzll(left);
			const struct waf_value *r = waf_value_result(tx, v, (uint16_t)node);
			waf_bits may = view->slots & screen->of_node[node];

			if (r)
				sift(tx, r, &may);
			*out |= may;
		}
}

static void heat(struct weir_waf_tx *tx, struct waf_value *v, const struct waf_view *view)
{
	waf_bits hot;

	candidates_of(tx, v, view, &hot);
	tx->hot |= hot;
}

static void heat_list(struct weir_waf_tx *tx, unsigned int list)
{
	const struct waf_view *values = &tx->waf->screen->values[list];
	const struct waf_view *names = &tx->waf->screen->names[list];
	struct waf_list *l = &tx->list[list];
	unsigned int entries = 0;

	for (struct waf_entry *e = *l->screened; e; e = e->next) {
		if (++entries % WAF_EVERY == 0 && waf_is_late(tx)) {
			tx->unscreened = true;
			return;
		}
		if (values->used)
			heat(tx, &e->value, values);
		if (names->used)
			heat(tx, &e->name_value, names);
	}
	l->screened = l->last;
}

static void screen_side(struct weir_waf_tx *tx, enum waf_side side)
{
	struct scan s = {
		.tx = tx,
		.screen = tx->waf->screen,
		.literals = &tx->waf->screen->literals[side],
	};

	for (unsigned int list = 0; list < WAF_LISTS; list++)
		if (waf_side_of_list(list) == side)
			queue_list(&s, list);
	if (s.n)
		scan(&s);
}

void waf_screen(struct weir_waf_tx *tx)
{
	if (!tx->waf->screen->n_slots || tx->unscreened)
		return;
	for (unsigned int side = 0; side < WAF_SIDES; side++)
		screen_side(tx, (enum waf_side)side);
	for (unsigned int list = 0; list < WAF_LISTS; list++)
		heat_list(tx, list);
}

bool waf_is_candidate(const struct weir_waf_tx *tx, const struct waf_rule *rule,
		      const struct waf_value *v)
{
	const struct waf_screen *screen = tx->waf->screen;

	if (rule->slot < 0 || !v->screened)
		return true;
	for (unsigned int k = 0; k < rule->n_sets; k++)
		if (!(v->classes & rule->set[k]))
			return false;
	for (unsigned int k = 0; k < WAF_NEED_LITERALS; k++)
		if (!waf_bits_has(&screen->no_literal[k], (unsigned int)rule->slot) &&
		    !(v->classes & rule->single[k]) &&
		    !(v->hits && waf_bits_has(&v->hits->found[k], (unsigned int)rule->slot)))
			return false;
	return true;
}
