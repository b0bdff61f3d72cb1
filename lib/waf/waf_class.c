/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the classes of a value's bytes tell of it: slots whose conditions it meets, and the
 * transformations that may change it. Values have the same few sets of classes again and again, so
 * the answers are kept.
 */
#include "waf_screen.h"
#include "waf_tx.h"
#include "waf_way.h"

unsigned int waf_place_of(struct waf_places *places, unsigned int bits, uint64_t key, bool *known)
{
	unsigned int set = (unsigned int)(key * 0x9e3779b97f4a7c15ULL >> (64 - bits));
	struct waf_places *p = &places[set];
	unsigned int i;

	*known = true;
	for (i = 0; i < WAF_PLACES; i++)
		if (p->key[i] == key)
			return set * WAF_PLACES + i;
	*known = false;
	i = p->next++ % WAF_PLACES;
	p->key[i] = key;
	return set * WAF_PLACES + i;
}

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

static void find_singles(const struct waf_screen *screen, uint64_t classes, struct waf_class *c)
{
	c->cold = c->satisfied;
	for (unsigned int k = 0; k < WAF_NEED_LITERALS; k++) {
		c->single[k] = screen->no_literal[k];
		for (uint64_t left = classes; left; left &= left - 1)
			c->single[k] |= screen->single[k][__builtin_ctzll(left)];
		c->cold &= c->single[k];
	}
}

static void find_class(const struct waf_screen *screen, uint64_t classes, struct waf_class *c)
{
	find_satisfied(screen, classes, &c->satisfied);
	find_singles(screen, classes, c);
	c->transforms = 0;
	for (uint64_t left = screen->transforms; left; left &= left - 1)
		if (classes & screen->triggers[__builtin_ctzll(left)])
			c->transforms |= left & -left;
}

/* There are less than 64 classes, so the key is never 0. */
const struct waf_class *waf_class_of(struct weir_waf_tx *tx, uint64_t classes)
{
	struct waf_part *part = tx->part;
	bool known;
	unsigned int i = waf_place_of(part->class_places, WAF_CLASS_BITS, ~classes, &known);

	if (weir_unlikely(!known))
		find_class(tx->waf->screen, classes, &part->class[i]);
	return &part->class[i];
}

uint64_t waf_transforms_of(struct weir_waf_tx *tx, struct waf_value *v, uint64_t of)
{
	uint64_t transforms = waf_class_of(tx, waf_value_classes(tx->waf, v))->transforms & of;

	for (uint64_t left = transforms; left; left &= left - 1) {
		unsigned int t = (unsigned int)__builtin_ctzll(left);

		if (weir_transform_leaves((enum weir_transform)t, v->bytes))
			transforms &= ~(1ULL << t);
	}
	return transforms | (tx->waf->screen->untriggered & of);
}
