/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Classes of bytes: byte values that no condition of a slot and no transformation tells apart
 * become one of 63 classes, so that what occurs in a value is a word.
 */
#include <stdlib.h>

#include "waf_cond.h"
#include "waf_screen_build.h"

#define CLASSES_MAX 63 /* so that no set of them is a word of ones, see waf_class.c */

/* Literals of one byte are looked for by class, not by the database: they would be found
 * everywhere. */
static struct waf_set single_bytes(const struct waf_literals *l)
{
	struct waf_set set = {0};

	for (uint32_t i = 0; i < l->n; i++) {
		uint8_t c = l->literal[i].ptr[0];

		if (l->literal[i].len != 1)
			continue;
		waf_set_add(&set, c);
		if ((uint8_t)(c - 'a') < 26)
			waf_set_add(&set, (uint8_t)(c - 32));
	}
	return set;
}

static bool add_set(struct waf_build *b, struct waf_set *set)
{
	waf_set_widen(set); /* few classes make many values alike */
	if (b->n_sets == b->cap_sets) {
		uint32_t cap = b->cap_sets ? b->cap_sets * 2 : 128;
		struct waf_set *sets = realloc(b->sets, cap * sizeof(*sets));

		if (!sets)
			return false;
		b->sets = sets;
		b->cap_sets = cap;
	}
	b->sets[b->n_sets++] = *set;
	return true;
}

static bool gather_triggers(struct waf_build *b)
{
	for (uint16_t i = 1; i < b->w->n_nodes; i++) {
		const uint64_t *bits = weir_transform_triggers(b->w->node[i].transform);
		struct waf_set set;

		if (!bits)
			continue;
		memcpy(set.bits, bits, sizeof(set.bits));
		if (!add_set(b, &set))
			return false;
	}
	return true;
}

static bool gather_sets_of(struct waf_build *b, struct waf_need *need)
{
	for (unsigned int k = 0; k < need->n_sets; k++)
		if (!add_set(b, &need->set[k]))
			return false;
	for (unsigned int k = 0; k < need->n_literals; k++) {
		struct waf_set set = single_bytes(&need->literals[k]);

		if (!add_set(b, &set))
			return false;
	}
	return true;
}

static bool gather_sets(struct waf_build *b)
{
	if (!gather_triggers(b))
		return false;
	for (uint32_t s = 0; s < b->screen->n_slots; s++)
		if (!gather_sets_of(b, &b->need[s]))
			return false;
	return true;
}

/* Splits each class by each set while there is room; a class that could not be split makes the sets
 * that cut it larger, which only costs time. */
static void split_classes(struct waf_build *b, uint8_t class_of[256])
{
	unsigned int n = 1;

	memset(class_of, 0, 256);
	for (uint32_t i = 0; i < b->n_sets; i++) {
		int within[CLASSES_MAX];
		unsigned int before = n;
		bool outside[CLASSES_MAX] = {false};

		memset(within, -1, sizeof(within));
		for (unsigned int c = 0; c < 256; c++)
			if (!waf_set_has(&b->sets[i], (uint8_t)c))
				outside[class_of[c]] = true;
		for (unsigned int c = 0; c < 256; c++) {
			uint8_t k = class_of[c];

			if (!waf_set_has(&b->sets[i], (uint8_t)c) || !outside[k] || k >= before)
				continue;
			if (within[k] < 0 && n < CLASSES_MAX)
				within[k] = (int)n++;
			if (within[k] >= 0)
				class_of[c] = (uint8_t)within[k];
		}
	}
	b->screen->n_classes = n;
}

static uint64_t classes_of_set(const struct waf_screen *screen, const uint64_t bits[4])
{
	uint64_t classes = 0;

	for (unsigned int c = 0; c < 256; c++)
		if (bits[c >> 6] >> (c & 63) & 1)
			classes |= screen->class_of[c];
	return classes;
}

static void fill_singles(struct waf_build *b, uint32_t s)
{
	struct waf_screen *screen = b->screen;

	for (unsigned int k = 0; k < b->need[s].n_literals; k++) {
		struct waf_set set = single_bytes(&b->need[s].literals[k]);
		uint64_t classes = classes_of_set(screen, set.bits);

		b->rule[s]->single[k] = classes;
		for (; classes; classes &= classes - 1)
			waf_bits_set(&screen->single[k][__builtin_ctzll(classes)], s);
	}
}

static void fill_sets(struct waf_build *b)
{
	struct waf_screen *screen = b->screen;

	for (unsigned int k = 0; k < WAF_NEED_SETS; k++)
		screen->no_set[k] = ~(waf_bits){0};
	for (uint32_t s = 0; s < screen->n_slots; s++) {
		struct waf_rule *rule = b->rule[s];

		rule->n_sets = b->need[s].n_sets;
		for (unsigned int k = 0; k < rule->n_sets; k++) {
			uint64_t classes = classes_of_set(screen, b->need[s].set[k].bits);

			rule->set[k] = classes;
			screen->no_set[k][s / 64] &= ~(1ULL << (s % 64));
			for (; classes; classes &= classes - 1)
				waf_bits_set(&screen->set[k][__builtin_ctzll(classes)], s);
		}
		fill_singles(b, s);
	}
}

bool waf_build_classes(struct waf_build *b)
{
	uint8_t class_of[256];

	if (!gather_sets(b))
		return false;
	split_classes(b, class_of);
	for (unsigned int c = 0; c < 256; c++)
		b->screen->class_of[c] = 1ULL << class_of[c];
	for (unsigned int t = 0; t < WEIR_T_END; t++) {
		const uint64_t *bits = weir_transform_triggers((enum weir_transform)t);

		b->screen->triggers[t] = bits ? classes_of_set(b->screen, bits) : WAF_ANY_VALUE;
	}
	for (uint16_t i = 1; i < b->w->n_nodes; i++) {
		struct waf_node *n = &b->w->node[i];

		n->triggers = b->w->node[n->parent].triggers | b->screen->triggers[n->transform];
	}
	fill_sets(b);
	return true;
}
