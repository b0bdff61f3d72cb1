/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The screen of a program: rules whose operators have necessary conditions get a slot each; then
 * classes, literals and views are made of them.
 */
#include <hs.h>
#include <stdlib.h>

#include "waf_cache.h"
#include "waf_compile.h"
#include "waf_screen_build.h"
#include "waf_way.h"

/* ---- who gets a slot ---- */

static bool asks_tx_alone(const struct waf_rule *rule)
{
	for (unsigned int i = 0; i < rule->n_targets; i++)
		if (waf_source(rule->target[i].variable)->kind != WAF_FROM_TX)
			return false;
	return true;
}

static bool can_be_screened(const struct waf_rule *rule)
{
	if (!rule->op || rule->sec->test.negated)
		return false;
	for (unsigned int i = 0; i < rule->n_targets; i++) {
		const struct waf_target *t = &rule->target[i];

		if (t->count || waf_source(t->variable)->kind != WAF_FROM_LIST ||
		    waf_source(t->variable)->changes)
			return false;
	}
	return rule->n_targets > 0;
}

/* The link that is asked about values first, behind others that only look at TX and leave nothing
 * behind: where no value can match it the whole rule need not be asked. */
static struct waf_rule *link_to_screen(struct waf_rule *rule)
{
	while (rule->next && rule->op && !rule->n_actions && !rule->sec->capture &&
	       asks_tx_alone(rule))
		rule = rule->next;
	return rule;
}

static bool has_conditions(const struct waf_need *need)
{
	return need->n_sets || need->n_literals || need->never;
}

static uint16_t least(uint32_t len)
{
	return len < UINT16_MAX ? (uint16_t)len : UINT16_MAX;
}

/* The conditions of the rule in slot `slot`. False: no memory. */
static bool find_need(struct waf_build *b, const struct waf_rule *rule, uint32_t slot)
{
	struct weir_waf *w = b->w;

	if (waf_relay_need(w, rule, &b->need[slot])) {
		waf_bits_set(&b->screen->relays, slot);
		return true;
	}
	return waf_cache_need(w->cache, rule->op, &w->arena, &b->need[slot]) == 0;
}

static bool give_slots(struct waf_build *b)
{
	struct weir_waf *w = b->w;

	for (unsigned int phase = 1; phase <= WEIR_SEC_PHASES; phase++) {
		for (uint32_t i = 0; i < w->phase[phase].n; i++) {
			struct waf_step *step = &w->phase[phase].step[i];
			struct waf_rule *rule = link_to_screen(step->rule);
			uint32_t slot = b->screen->n_slots;

			if (slot == WAF_SLOTS || !can_be_screened(rule))
				continue;
			if (!find_need(b, rule, slot))
				return false;
			if (!has_conditions(&b->need[slot]))
				continue;
			rule->slot = (int16_t)slot;
			if (rule->sec->test.op == WEIR_SEC_O_DETECTSQLI)
				waf_bits_set(&b->screen->sqli, slot);
			step->screened = true;
			b->rule[slot] = rule;
			b->screen->slot[slot] = (struct waf_slot){(uint8_t)phase, i};
			b->screen->min_len[slot] = least(b->need[slot].min_len);
			b->screen->n_slots++;
		}
	}
	waf_relay_watch(w, b->screen);
	return true;
}

/* ---- all of it ---- */

static bool make_caches(struct weir_waf *w, struct waf_part *part)
{
	part->known = calloc(1, waf_known_bytes());
	part->class = aligned_alloc(64, WAF_CLASS_SETS * WAF_PLACES * sizeof(*part->class));
	part->class_places = calloc(WAF_CLASS_SETS, sizeof(*part->class_places));
	part->way = calloc(WAF_WAY_SETS * WAF_PLACES, sizeof(*part->way));
	part->way_places = calloc(WAF_WAY_SETS, sizeof(*part->way_places));
	return part->known && part->class && part->class_places && part->way && part->way_places &&
	       waf_make_ways(w, part->way, WAF_WAY_SETS * WAF_PLACES, WAF_WAY_RESULTS);
}

static bool build_scratch(struct weir_waf *w)
{
	for (unsigned int i = 0; i < w->options.n_workers; i++) {
		hs_scratch_t *s = NULL;

		for (unsigned int side = 0; side < WAF_SIDES; side++)
			if (w->screen->literals[side].database &&
			    hs_alloc_scratch(w->screen->literals[side].database, &s) != HS_SUCCESS)
				return false;
		w->part[i].hs = s;
		if (!make_caches(w, &w->part[i]))
			return false;
	}
	return true;
}

static bool make_way_of_all(struct weir_waf *w)
{
	w->screen->all = weir_arena_alloc(&w->arena, sizeof(*w->screen->all));
	if (!w->screen->all || !waf_make_ways(w, w->screen->all, 1, w->n_nodes))
		return false;
	waf_find_way_of_all(w, w->screen->all);
	return true;
}

bool waf_make_screen(struct weir_waf *w)
{
	w->screen = aligned_alloc(64, sizeof(*w->screen));
	if (!w->screen)
		return false;
	memset(w->screen, 0, sizeof(*w->screen));
	for (unsigned int c = 0; c < 256; c++)
		w->screen->class_of[c] = 1;
	for (unsigned int t = 0; t < WEIR_T_END; t++)
		w->screen->triggers[t] = WAF_ANY_VALUE;
	for (uint16_t i = 1; i < w->n_nodes; i++)
		w->node[i].triggers = 1;
	return make_way_of_all(w);
}

bool waf_build_screen(struct weir_waf *w, struct weir_conf_report *r)
{
	struct waf_build *b = calloc(1, sizeof(*b));
	bool good;

	if (!b)
		return false;
	b->w = w;
	b->r = r;
	b->screen = w->screen;
	good = (w->options.no_prefilter || give_slots(b)) && waf_build_classes(b) &&
	       waf_build_literals(b) && waf_build_views(b) && build_scratch(w);
	free(b->sets);
	free(b->literal);
	free(b);
	return good;
}

static void free_named(struct waf_named_view *v)
{
	while (v) {
		struct waf_named_view *next = v->next;

		free(v);
		v = next;
	}
}

void waf_destroy_screen(struct weir_waf *w)
{
	for (unsigned int i = 0; w->part && i < w->options.n_workers; i++) {
		hs_free_scratch(w->part[i].hs);
		free(w->part[i].known);
		free(w->part[i].class);
		free(w->part[i].class_places);
		free(w->part[i].way);
		free(w->part[i].way_places);
	}
	if (!w->screen)
		return;
	for (unsigned int side = 0; side < WAF_SIDES; side++)
		hs_free_database(w->screen->literals[side].database);
	free(w->screen->of_node);
	for (unsigned int list = 0; list < WAF_LISTS; list++) {
		free_named(w->screen->values[list].named);
		free_named(w->screen->names[list].named);
	}
	free(w->screen);
}

size_t waf_screen_bytes(const struct weir_waf *w)
{
	size_t database = 0, scratch = 0, bytes = 0;

	for (unsigned int side = 0; side < WAF_SIDES; side++)
		if (w->screen->literals[side].database &&
		    hs_database_size(w->screen->literals[side].database, &database) == HS_SUCCESS)
			bytes += database;
	for (unsigned int i = 0; i < w->options.n_workers; i++) {
		bytes += WAF_WAY_SETS * WAF_PLACES * sizeof(struct waf_way);
		bytes += WAF_CLASS_SETS * WAF_PLACES * sizeof(struct waf_class) + waf_known_bytes();
		if (w->part[i].hs && hs_scratch_size(w->part[i].hs, &scratch) == HS_SUCCESS)
			bytes += scratch;
	}
	return bytes;
}
