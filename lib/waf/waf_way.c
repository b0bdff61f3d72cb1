/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ways: of the transformations that all chains name together few change a given value, so many
 * chains make the same of it. A way tells, for a set of transformations and a view, the results
 * that are left, which chain ends at which, and which slots ask about which. It is found once, and
 * again for values of the same kind.
 */
#include <assert.h>

#include "waf_screen.h"
#include "waf_tx.h"
#include "waf_way.h"

bool waf_make_ways(struct weir_waf *w, struct waf_way *way, unsigned int n, unsigned int results)
{
	struct weir_arena *a = &w->arena;
	const size_t align = sizeof(waf_bits);

	for (unsigned int i = 0; i < n; i++) {
		uint8_t *bits = weir_arena_alloc(a, (WAF_WAY_ASKED + 1) * align);

		way[i] = (struct waf_way){0};
		way[i].step = weir_arena_alloc(a, (results + 1u) * sizeof(*way[i].step));
		way[i].of = weir_arena_alloc(a, (w->n_nodes + 1u) * sizeof(*way[i].of));
		if (a->failed)
			return false;
		way[i].slots = (waf_bits *)(bits + (-(uintptr_t)bits & (align - 1)));
	}
	return true;
}

/* ---- finding one ---- */

static uint16_t add_step(struct waf_way *way, uint16_t from, uint8_t transform)
{
	way->step[way->n] = (struct waf_way_step){.from = from, .transform = transform};
	return way->n++;
}

/* WAF_WAY_RESULTS: there are too many. */
static uint16_t step_from(struct waf_way *way, uint16_t from, uint8_t transform)
{
	for (uint16_t i = 1; i < way->n; i++)
		if (way->step[i].from == from && way->step[i].transform == transform)
			return i;
	return way->n < WAF_WAY_RESULTS ? add_step(way, from, transform) : WAF_WAY_RESULTS;
}

static bool find_results(const struct weir_waf *w, uint64_t transforms, uint64_t asked,
			 struct waf_way *way)
{
	way->n = 0;
	way->of[0] = add_step(way, 0, 0);
	for (uint16_t i = 1; i < w->n_nodes; i++) {
		const struct waf_node *node = &w->node[i];

		way->of[i] = way->of[node->parent];
		way->step[way->of[i]].later |= asked & 1ULL << node->transform;
		if (transforms >> node->transform & 1)
			way->of[i] = step_from(way, way->of[i], node->transform);
		if (way->of[i] == WAF_WAY_RESULTS)
			return false;
	}
	return true;
}

/* Of what is asked about, the place of `result`. */
static unsigned int place_among_asked(struct waf_way *way, uint16_t result)
{
	unsigned int i;

	for (i = 0; i < way->n_asked; i++)
		if (way->asked[i] == result)
			return i;
	if (i < WAF_WAY_ASKED) {
		way->asked[i] = result;
		way->slots[i] = (waf_bits){0};
	}
	way->n_asked++;
	return i;
}

static uint16_t least_len(const struct waf_screen *screen, const waf_bits *slots)
{
	uint16_t least = UINT16_MAX;

	for (size_t w = 0; w < waf_words(screen->n_slots); w++)
		for (uint64_t left = (*slots)[w]; left; left &= left - 1) {
			uint16_t len = screen->min_len[w * 64 + (size_t)__builtin_ctzll(left)];

			least = len < least ? len : least;
		}
	return least;
}

/* What is no Base64 makes a few bytes of noise: they are not worth looking at where nothing so
 * short matches, and what comes behind does not make them more. */
static void find_gate(const struct waf_screen *screen, struct waf_way *way, unsigned int asked)
{
	uint16_t i = way->asked[asked];

	way->gate[asked] = 0;
	while (i && way->step[i].transform != WEIR_T_BASE64DECODE) {
		if (weir_transform_bound(way->step[i].transform, 64) > 64)
			return;
		i = way->step[i].from;
	}
	way->gate[asked] = i;
	way->gate_len[asked] = least_len(screen, &way->slots[asked]);
}

static void find_asked(const struct weir_waf *w, const struct waf_view *view, struct waf_way *way)
{
	way->n_asked = 0;
	way->is_plain = true;
	if (!view)
		return;
	for (size_t node = 0; (node = waf_word_next(view->nodes, node, w->n_nodes)) < w->n_nodes;
	     node++) {
		unsigned int i = place_among_asked(way, way->of[node]);

		way->is_plain &= way->of[node] == 0;
		if (i == WAF_WAY_ASKED)
			return;
		way->slots[i] |= view->slots & w->screen->of_node[node];
	}
	for (unsigned int i = 0; i < way->n_asked; i++)
		find_gate(w->screen, way, i);
}

void waf_find_way_of_all(const struct weir_waf *w, struct waf_way *way)
{
	way->n = 0;
	for (uint16_t i = 0; i < w->n_nodes; i++)
		way->of[i] = add_step(way, w->node[i].parent, w->node[i].transform);
	way->n_asked = WAF_WAY_ASKED + 1;
	way->is_plain = false;
}

/* ---- found before ---- */

static_assert(WEIR_T_END < 40, "a set of transformations and a view are one number");

const struct waf_way *waf_way_of(struct weir_waf_tx *tx, const struct waf_view *view,
				 uint64_t transforms)
{
	const struct weir_waf *w = tx->waf;
	uint64_t key = transforms | (view ? (uint64_t)view->number << 40 : 0) | 1ULL << 63;
	struct waf_way *way;
	bool known;

	if (transforms == WAF_ALL_TRANSFORMS)
		return w->screen->all;
	way = &tx->part->way[waf_place_of(tx->part->way_places, WAF_WAY_BITS, key, &known)];
	if (weir_unlikely(!known)) {
		way->key = key;
		if (find_results(w, transforms, view ? view->transforms : WAF_ALL_TRANSFORMS, way))
			find_asked(w, view, way);
		else
			way->n = 0;
	}
	return way->n ? way : w->screen->all;
}
