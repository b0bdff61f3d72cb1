/* SPDX-License-Identifier: BSD-3-Clause */
/* Views: for each list of a transaction's values which slots ask about them, and by which chains.
 */
#include <assert.h>
#include <stdlib.h>

#include "waf_screen_build.h"

/* A rule with multiMatch asks about each step of its way. */
static void add_slot(struct waf_build *b, struct waf_view *view, uint32_t slot)
{
	const struct waf_rule *rule = b->rule[slot];

	view->used = true;
	waf_bits_set(&view->slots, slot);
	waf_word_set(view->nodes, rule->node);
	for (unsigned int i = 0; i < rule->n_nodes; i++)
		waf_word_set(view->nodes, rule->nodes[i]);
}

static struct waf_named_view *named_view(struct waf_build *b, struct waf_list_view *list,
					 struct weir_bytes name)
{
	size_t bytes = b->screen->node_words * sizeof(uint64_t);
	struct waf_named_view *v;

	for (v = list->named; v; v = v->next)
		if (weir_bytes_equal_case(v->name, name))
			return v;
	v = aligned_alloc(64, (sizeof(*v) + 63) & ~(size_t)63);
	if (!v)
		return NULL;
	memset(v, 0, sizeof(*v));
	v->next = list->named;
	list->named = v;
	v->name = name;
	v->view.slots = list->all.slots;
	v->view.nodes = weir_arena_alloc(&b->w->arena, bytes);
	if (!v->view.nodes)
		return NULL;
	memcpy(v->view.nodes, list->all.nodes, bytes);
	return v;
}

/* Those of all members come first: the named ones begin as copies of them. */
static bool add_view(struct waf_build *b, struct waf_list_view *list, const struct waf_target *t,
		     uint32_t slot, bool named)
{
	struct waf_named_view *v;

	if ((t->selector == WEIR_SEC_NAME) != named)
		return true;
	if (!named) {
		add_slot(b, &list->all, slot);
		return true;
	}
	v = named_view(b, list, t->name);
	if (v)
		add_slot(b, &v->view, slot);
	return v != NULL;
}

static bool add_target(struct waf_build *b, const struct waf_target *t, uint32_t slot, bool named)
{
	const struct waf_source *source = waf_source(t->variable);
	struct waf_list_view *views = source->names ? b->screen->names : b->screen->values;
	bool good = true;

	if (t->variable == WEIR_SEC_V_XML)
		return add_view(b,
				&views[t->selector == WEIR_SEC_XML_ATTRS ? WAF_LIST_XML_ATTRS
									 : WEIR_SEC_V_XML],
				t, slot, named);
	for (unsigned int i = 0; i < 2; i++)
		if (source->list[i] != WAF_LISTS)
			good &= add_view(b, &views[source->list[i]], t, slot, named);
	return good;
}

static void mark_slot(struct waf_build *b, uint32_t slot)
{
	const struct waf_rule *rule = b->rule[slot];

	waf_bits_set(&b->screen->of_node[rule->node], slot);
	for (unsigned int i = 0; i < rule->n_nodes; i++)
		waf_bits_set(&b->screen->of_node[rule->nodes[i]], slot);
}

static bool add_targets(struct waf_build *b, bool named)
{
	for (uint32_t s = 0; s < b->screen->n_slots; s++)
		for (unsigned int i = 0; i < b->rule[s]->n_targets; i++)
			if (!add_target(b, &b->rule[s]->target[i], s, named))
				return false;
	return true;
}

static bool make_views(struct waf_build *b)
{
	struct weir_arena *a = &b->w->arena;
	struct waf_screen *screen = b->screen;
	size_t bytes;

	screen->node_words = (uint32_t)waf_words(b->w->n_nodes);
	bytes = screen->node_words * sizeof(uint64_t);
	for (unsigned int list = 0; list < WAF_LISTS; list++) {
		screen->values[list].all.nodes = weir_arena_zalloc(a, bytes);
		screen->names[list].all.nodes = weir_arena_zalloc(a, bytes);
	}
	screen->of_node = aligned_alloc(64, (b->w->n_nodes + 1u) * sizeof(waf_bits));
	if (a->failed || !screen->of_node)
		return false;
	memset(screen->of_node, 0, (b->w->n_nodes + 1u) * sizeof(waf_bits));
	return true;
}

static_assert(WEIR_T_END <= 64, "sets of transformations are words");

static void note_transforms(struct waf_build *b)
{
	struct waf_screen *screen = b->screen;

	for (uint16_t i = 1; i < b->w->n_nodes; i++) {
		uint8_t t = b->w->node[i].transform;

		if (screen->triggers[t] == WAF_ANY_VALUE)
			screen->untriggered |= 1ULL << t;
		else
			screen->transforms |= 1ULL << t;
	}
}

static bool is_used(const struct waf_list_view *list)
{
	return list->all.used || list->named;
}

/* Its number, and the transformations on the way to its nodes. */
static void finish_view(const struct weir_waf *w, struct waf_view *view, uint32_t *n)
{
	size_t node = 0;

	view->number = ++*n;
	for (; (node = waf_word_next(view->nodes, node, w->n_nodes)) < w->n_nodes; node++)
		for (size_t i = node; i; i = w->node[i].parent)
			view->transforms |= 1ULL << w->node[i].transform;
}

static void finish_list(const struct weir_waf *w, struct waf_list_view *list, uint32_t *n)
{
	finish_view(w, &list->all, n);
	for (struct waf_named_view *v = list->named; v; v = v->next)
		finish_view(w, &v->view, n);
}

static void finish_views(const struct weir_waf *w, struct waf_screen *screen)
{
	uint32_t n = 0;

	for (unsigned int i = 0; i < WAF_LISTS; i++) {
		enum waf_side side = waf_side_of_list(i);

		if (is_used(&screen->values[i]) || is_used(&screen->names[i]))
			screen->list[side][screen->n_lists[side]++] = (uint8_t)i;
		finish_list(w, &screen->values[i], &n);
		finish_list(w, &screen->names[i], &n);
	}
}

bool waf_build_views(struct waf_build *b)
{
	struct waf_screen *screen = b->screen;

	if (!make_views(b))
		return false;
	for (uint32_t s = 0; s < screen->n_slots; s++)
		mark_slot(b, s);
	if (!add_targets(b, false) || !add_targets(b, true))
		return false;
	note_transforms(b);
	finish_views(b->w, screen);
	return true;
}
