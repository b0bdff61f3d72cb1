/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which rules could match at all: before a phase runs, its new values are looked at together.
 * Every result that some chain makes of them goes through one scan for literals (waf_scan.c); with
 * the classes of bytes that occur they give, for a value, the slots whose rules may match it. A
 * rule whose slot stays cold is not even looked at (waf_run.c).
 */
#include "waf_scan.h"
#include "waf_way.h"

/* ---- what is to be scanned ---- */

static bool add_group(struct weir_waf_tx *tx, struct waf_value *v, struct waf_value *result,
		      const waf_bits *slots)
{
	struct waf_group *g;

	for (g = v->groups; g; g = g->next)
		if (g->value == result) {
			g->slots |= *slots;
			return true;
		}
	g = weir_arena_alloc(&tx->arena, sizeof(*g));
	if (!g)
		return false;
	g->next = v->groups;
	g->value = result;
	g->slots = *slots;
	v->groups = g;
	return true;
}

/* A value's results on the way of its view. */
struct queueing {
	struct waf_scan *s;
	struct waf_value *v;
	const struct waf_way *way;
	uint64_t key; /* of the way */
	struct waf_results results;
};

static void find_way(struct queueing *q)
{
	q->way = waf_way_of(q->s->tx, q->v->view, q->v->transforms);
	q->key = q->way->key;
}

/* Making a result may take until the next call, and other transactions may have found another way
 * in its place meanwhile. */
static const struct waf_way *way_of(struct queueing *q)
{
	if (weir_unlikely(q->way->key != q->key))
		find_way(q);
	return q->way;
}

static struct waf_value *result_of(struct queueing *q, unsigned int i)
{
	return waf_value_way_result(q->s->tx, q->v, way_of(q), &q->results, i);
}

static bool queue_result(struct queueing *q, unsigned int i, const waf_bits *slots)
{
	struct waf_value *r = result_of(q, i);

	if (!r || !add_group(q->s->tx, q->v, r, slots))
		return false;
	waf_scan_add(q->s, r);
	return true;
}

static bool queue_asked(struct queueing *q, unsigned int i)
{
	const struct waf_way *way = way_of(q);
	unsigned int asked = way->asked[i], gate = way->gate[i];
	size_t gate_len = way->gate_len[i];
	waf_bits slots = way->slots[i];

	if (gate) {
		struct waf_way_step step = way->step[gate];
		struct waf_value *from = result_of(q, step.from);

		if (!from)
			return false;
		if (weir_transform_most(step.transform, from->bytes) < gate_len)
			return true;
	}
	return queue_result(q, asked, &slots);
}

/* Of a way that could not keep what is asked about. */
static bool queue_each(struct queueing *q)
{
	const struct waf_view *view = q->v->view;
	size_t n = q->s->tx->waf->n_nodes;

	for (size_t node = 0; (node = waf_word_next(view->nodes, node, n)) < n; node++) {
		waf_bits slots = view->slots & q->s->screen->of_node[node];

		if (!queue_result(q, way_of(q)->of[node], &slots))
			return false;
	}
	return true;
}

/* What the view's chains make of the value. False: no memory, no time, or another way is to be
 * taken. */
static bool queue_way(struct queueing *q)
{
	const struct waf_way *way = way_of(q);
	unsigned int n = way->n_asked;

	q->v->groups = NULL;
	if (way->is_plain) {
		waf_scan_add(q->s, q->v);
		return true;
	}
	if (n > WAF_WAY_ASKED)
		return queue_each(q);
	for (unsigned int i = 0; i < n; i++)
		if (!queue_asked(q, i))
			return false;
	return true;
}

static void queue_results(struct waf_scan *s, struct waf_value *v)
{
	struct queueing q = {.s = s, .v = v};
	bool good;

	q.results.transforms = waf_transforms_of(s->tx, v, v->view->transforms);
	do {
		v->transforms = q.results.transforms;
		find_way(&q);
		good = queue_way(&q);
	} while (!good && v->transforms != q.results.transforms);
	s->tx->unscreened |= !good;
}

static const struct waf_view *view_of(const struct waf_list_view *list, struct weir_bytes name)
{
	for (const struct waf_named_view *v = list->named; v; v = v->next)
		if (v->name.len == name.len && weir_bytes_equal_case(v->name, name))
			return &v->view;
	return &list->all;
}

static bool add_known(struct waf_scan *s, struct waf_value *v, const struct waf_view *view)
{
	waf_bits hot;

	return waf_known_find(s->tx->part, view, v->bytes, &hot) && add_group(s->tx, v, NULL, &hot);
}

static void queue_value(struct waf_scan *s, unsigned int list, struct waf_entry *e, bool name)
{
	const struct waf_view *view =
		view_of(name ? &s->screen->names[list] : &s->screen->values[list], e->name);
	struct waf_value *v = name ? &e->name_value : &e->value;

	if (!view->used)
		return;
	v->view = view;
	v->comes_again = waf_comes_again(list, name, e->name, e->value.bytes);
	if (!(v->comes_again && add_known(s, v, view)))
		queue_results(s, v);
}

static struct waf_entry *first_unscreened(const struct waf_list *l)
{
	return l->screened ? l->screened->next : l->first;
}

static void queue_list(struct waf_scan *s, unsigned int list)
{
	unsigned int entries = 0;

	for (struct waf_entry *e = first_unscreened(&s->tx->list[list]); e; e = e->next) {
		if (++entries % WAF_EVERY == 0 && waf_is_late(s->tx)) {
			s->tx->unscreened = true;
			return;
		}
		queue_value(s, list, e, false);
		queue_value(s, list, e, true);
	}
}

/* ---- candidates ---- */

/* Leaves in *may those slots whose conditions `v` meets. */
static void sift(struct weir_waf_tx *tx, struct waf_value *v, waf_bits *may)
{
	const struct waf_hits *hits = waf_hits_seen(v);
	const struct waf_class *c;

	if (weir_unlikely(!v->screened)) {
		tx->unscreened = true;
		return;
	}
	c = waf_class_of(tx, waf_value_classes(tx->waf, v));
	if (!hits) {
		*may &= c->cold;
		return;
	}
	*may &= c->satisfied;
	if (v->json)
		*may &= ~tx->waf->screen->sqli;
	for (unsigned int k = 0; k < WAF_NEED_LITERALS; k++)
		*may &= c->single[k] | hits->found[k];
}

static void add_pair(struct weir_waf_tx *tx, unsigned int slot, const struct waf_pair *from)
{
	struct waf_pair *p = weir_arena_alloc(&tx->arena, sizeof(*p));

	if (!p) {
		tx->unscreened = true;
		return;
	}
	*p = *from;
	if (!waf_bits_has(&tx->hot, slot)) {
		waf_bits_set(&tx->hot, slot);
		tx->pair_last[slot] = &tx->pair[slot];
	}
	*tx->pair_last[slot] = p;
	tx->pair_last[slot] = &p->next;
}

/* Of all results. */
static void hot_slots(struct weir_waf_tx *tx, struct waf_value *v, waf_bits *hot)
{
	*hot = (waf_bits){0};
	if (!v->groups) {
		const struct waf_way *way = waf_way_of(tx, v->view, v->transforms);

		if (!way->is_plain || !way->n_asked)
			return; /* too short for all that is asked about */
		*hot = way->slots[0];
		sift(tx, v, hot);
		return;
	}
	for (const struct waf_group *g = v->groups; g; g = g->next) {
		waf_bits slots = g->slots;

		if (g->value)
			sift(tx, g->value, &slots);
		*hot |= slots;
	}
}

/* The slots that may match one of the value's results keep it for their rules. */
static void heat(struct weir_waf_tx *tx, const struct waf_pair *from)
{
	struct waf_value *v = from->name ? &from->entry->name_value : &from->entry->value;
	bool known = v->groups && !v->groups->value;
	waf_bits hot;

	if (!v->view)
		return; /* nobody asks */
	hot_slots(tx, v, &hot);
	if (!known && !tx->unscreened && v->comes_again)
		waf_known_keep(tx->part, v->view, v->bytes, &hot);
	for (size_t w = 0; w < waf_words(tx->waf->screen->n_slots); w++)
		for (uint64_t left = hot[w]; left; left &= left - 1)
			add_pair(tx, (unsigned int)(w * 64) + (unsigned int)__builtin_ctzll(left),
				 from);
}

static void heat_list(struct weir_waf_tx *tx, unsigned int list)
{
	struct waf_pair p = {.list = (uint8_t)list};
	struct waf_list *l = &tx->list[list];
	unsigned int entries = 0;

	for (struct waf_entry *e = first_unscreened(l); e; e = e->next) {
		if (++entries % WAF_EVERY == 0 && waf_is_late(tx)) {
			tx->unscreened = true;
			return;
		}
		p.entry = e;
		p.name = false;
		heat(tx, &p);
		p.name = true;
		heat(tx, &p);
	}
	l->screened = l->last;
}

static void screen_side(struct weir_waf_tx *tx, enum waf_side side)
{
	struct waf_scan s = {
		.tx = tx,
		.screen = tx->waf->screen,
		.literals = &tx->waf->screen->literals[side],
	};

	for (unsigned int i = 0; i < s.screen->n_lists[side]; i++)
		queue_list(&s, s.screen->list[side][i]);
	if (s.n)
		waf_scan(&s);
}

static bool make_pairs(struct weir_waf_tx *tx)
{
	size_t n = tx->waf->screen->n_slots;

	if (!tx->pair) {
		tx->pair = weir_arena_alloc(&tx->arena, n * sizeof(*tx->pair));
		tx->pair_last = weir_arena_alloc(&tx->arena, n * sizeof(*tx->pair_last));
	}
	return tx->pair && tx->pair_last;
}

/* They hand on every value. */
static void widen_relays(struct weir_waf_tx *tx)
{
	const struct waf_screen *screen = tx->waf->screen;

	for (unsigned int i = 0; i < screen->n_slots; i++) {
		if (!waf_bits_has(&screen->relays, i) || waf_bits_has(&tx->wide, i))
			continue;
		waf_bits_set(&tx->wide, i);
		waf_bits_set(&tx->hot, i);
		tx->pair[i] = NULL;
		tx->pair_last[i] = &tx->pair[i];
	}
}

static bool is_any(const waf_bits *b)
{
	uint64_t any = 0;

	for (unsigned int i = 0; i < WAF_SLOT_WORDS; i++)
		any |= (*b)[i];
	return any != 0;
}

static bool is_overheard(const struct weir_waf_tx *tx)
{
	const struct waf_screen *screen = tx->waf->screen;
	waf_bits told = tx->hot & screen->overhear;

	return screen->overheard || is_any(&told);
}

void waf_screen(struct weir_waf_tx *tx)
{
	const struct waf_screen *screen = tx->waf->screen;

	if (!screen->n_slots || tx->unscreened)
		return;
	if (!make_pairs(tx)) {
		tx->unscreened = true;
		return;
	}
	for (unsigned int side = 0; side < WAF_SIDES; side++)
		screen_side(tx, (enum waf_side)side);
	for (unsigned int side = 0; side < WAF_SIDES; side++)
		for (unsigned int i = 0; i < screen->n_lists[side]; i++)
			heat_list(tx, screen->list[side][i]);
	if (is_overheard(tx))
		widen_relays(tx);
}

bool waf_is_candidate(const struct weir_waf_tx *tx, const struct waf_rule *rule,
		      struct waf_value *v)
{
	const struct waf_screen *screen = tx->waf->screen;
	const struct waf_hits *hits = waf_hits_seen(v);

	if (rule->slot < 0 || !v->screened || waf_bits_has(&tx->wide, (unsigned int)rule->slot))
		return true;
	for (unsigned int k = 0; k < rule->n_sets; k++)
		if (!(waf_value_classes(tx->waf, v) & rule->set[k]))
			return false;
	for (unsigned int k = 0; k < WAF_NEED_LITERALS; k++)
		if (!waf_bits_has(&screen->no_literal[k], (unsigned int)rule->slot) &&
		    !(waf_value_classes(tx->waf, v) & rule->single[k]) &&
		    !(hits && hits->found[k][rule->slot / 64] >> (rule->slot % 64) & 1))
			return false;
	return true;
}
