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

struct scan {
	struct weir_waf_tx *tx;
	const struct waf_screen *screen;
	struct waf_value **value; /* in the order of their places */
	uint32_t *start;          /* of each; one more for the end */
	uint32_t n, cap;
	uint32_t hint;
	uint8_t *bytes;
	uint32_t len, room;
};

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

static void queue(struct scan *s, struct waf_value *v)
{
	if (!v || v->queued || v->screened)
		return;
	if (s->n == s->cap && !grow_queue(s))
		return; /* not screened: asked by every rule */
	v->queued = true;
	s->value[s->n++] = v;
}

static void queue_results(struct scan *s, struct waf_value *v, const struct waf_view *view)
{
	queue(s, v);
	if (weir_likely(!view->always && !(view->triggers & v->classes)))
		return;
	for (unsigned int i = 0; i < view->n_nodes; i++)
		queue(s, waf_value_result(s->tx, v, view->node[i]));
}

static bool is_asked_about(const struct waf_view *view)
{
	return view->n_nodes != 0;
}

static void queue_list(struct scan *s, unsigned int list)
{
	const struct waf_view *values = &s->screen->values[list], *names = &s->screen->names[list];

	for (struct waf_entry *e = *s->tx->list[list].screened; e; e = e->next) {
		if (is_asked_about(values))
			queue_results(s, &e->value, values);
		if (is_asked_about(names))
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
	const struct waf_screen *screen = s->screen;
	struct waf_hits *h = hits_of(s->tx, v);

	if (!h)
		return;
	for (uint32_t i = screen->first[literal]; i < screen->first[literal + 1]; i++) {
		uint16_t pair = screen->pair[i];

		waf_bits_set(&h->found[pair >> 15], pair & 0x7fff);
	}
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
	if (to - s->screen->length[id] >= s->start[i])
		note_literal(s, s->value[i], id);
	return 0;
}

static int on_literal_alone(unsigned int id, unsigned long long from, unsigned long long to,
			    unsigned int flags, void *ctx)
{
	struct scan *s = ctx;

	(void)from;
	(void)to;
	(void)flags;
	note_literal(s, s->value[s->hint], id);
	return 0;
}

static bool hs_over(struct scan *s, struct weir_bytes bytes, match_event_handler tell)
{
	s->tx->work.scanned_bytes += (uint32_t)bytes.len;
	return hs_scan(s->screen->database, (const char *)bytes.ptr, (unsigned int)bytes.len, 0,
		       s->tx->part->hs, tell, s) == HS_SUCCESS;
}

/* Puts short values behind one another; long ones are scanned at once. False: none was screened. */
static bool scan_all(struct scan *s)
{
	uint32_t total = 0, kept = 0;

	for (uint32_t i = 0; i < s->n; i++)
		if (s->value[i]->bytes.len <= COPY_MAX)
			total += (uint32_t)s->value[i]->bytes.len;
	s->bytes = weir_arena_alloc(&s->tx->arena, total);
	if (!s->bytes)
		return false;
	for (uint32_t i = 0; i < s->n; i++) {
		struct waf_value *v = s->value[i];

		s->hint = i;
		if (v->bytes.len > COPY_MAX) {
			v->screened = hs_over(s, v->bytes, on_literal_alone);
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

static void scan(struct scan *s)
{
	bool good = !s->screen->database || scan_all(s);

	for (uint32_t i = 0; i < s->n; i++)
		s->value[i]->screened |= good;
	s->tx->work.values += s->n;
}

/* ---- candidates ---- */

/* Slots whose byte sets these classes satisfy. */
static const waf_bits *satisfied_by(struct weir_waf_tx *tx, uint64_t classes)
{
	const struct waf_screen *screen = tx->waf->screen;
	struct waf_class_cache *c;
	waf_bits all = {0};

	c = &tx->part->classes[classes * 0x9e3779b97f4a7c15ULL >> 56];
	if (weir_likely(c->classes == classes))
		return &c->satisfied;
	all = ~all;
	for (unsigned int k = 0; k < WAF_NEED_SETS; k++) {
		waf_bits any = screen->no_set[k];

		for (uint64_t left = classes; left; left &= left - 1)
			any |= screen->set[k][__builtin_ctzll(left)];
		all &= any;
	}
	*c = (struct waf_class_cache){classes, all};
	return &c->satisfied;
}

/* Of `may`, those that become hot. */
static void heat_slots(struct weir_waf_tx *tx, const struct waf_value *v, waf_bits *may)
{
	const struct waf_screen *screen = tx->waf->screen;

	if (weir_likely(v->screened)) {
		*may &= *satisfied_by(tx, v->classes);
		for (unsigned int k = 0; k < WAF_NEED_LITERALS; k++)
			*may &= v->hits ? screen->no_literal[k] | v->hits->found[k]
					: screen->no_literal[k];
	}
	tx->hot |= *may;
}

static void heat(struct weir_waf_tx *tx, struct waf_value *v, const struct waf_view *view)
{
	waf_bits may = view->slots;

	if (weir_likely(!view->always && !(view->triggers & v->classes))) {
		heat_slots(tx, v, &may);
		return;
	}
	for (unsigned int i = 0; i < view->n_nodes; i++) {
		const struct waf_value *r = waf_value_result(tx, v, view->node[i]);

		may = view->slots & tx->waf->screen->of_node[view->node[i]];
		if (r)
			heat_slots(tx, r, &may);
		else
			tx->hot |= may;
	}
}

static void heat_list(struct weir_waf_tx *tx, unsigned int list)
{
	const struct waf_screen *screen = tx->waf->screen;
	struct waf_list *l = &tx->list[list];

	for (struct waf_entry *e = *l->screened; e; e = e->next) {
		if (is_asked_about(&screen->values[list]))
			heat(tx, &e->value, &screen->values[list]);
		if (is_asked_about(&screen->names[list]))
			heat(tx, &e->name_value, &screen->names[list]);
	}
	l->screened = l->last;
}

void waf_screen(struct weir_waf_tx *tx)
{
	struct scan s = {.tx = tx, .screen = tx->waf->screen};

	if (!s.screen->n_slots)
		return;
	for (unsigned int list = 0; list < WAF_LISTS; list++)
		queue_list(&s, list);
	if (s.n)
		scan(&s);
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
		    !(v->hits && waf_bits_has(&v->hits->found[k], (unsigned int)rule->slot)))
			return false;
	return true;
}
