/* SPDX-License-Identifier: BSD-3-Clause */
/* The conditions that are found of a part: few of each kind are kept, the cheapest first. */
#include "waf_factor_impl.h"

#define TERSE_COST_MAX (WAF_COST_ALWAYS / 10 * 9)

static void keep(struct waf_cond **list, uint32_t *n, uint32_t max, struct waf_cond *c)
{
	uint32_t at = 0;

	while (at < *n && list[at]->cost < c->cost)
		at++;
	for (uint32_t i = at; i < *n && list[i]->cost == c->cost; i++) {
		if (waf_cond_implies(list[i], c) && waf_cond_implies(c, list[i]))
			return;
	}
	if (at == max)
		return;
	if (*n < max)
		(*n)++;
	memmove(list + at + 1, list + at, (*n - at - 1) * sizeof(*list));
	list[at] = c;
}

static void prefer_terse(struct waf_factors *found, const struct waf_cond *c)
{
	const struct waf_cond *old = found->terse;
	bool is_set = !c->literals.n;

	if (c->cost > TERSE_COST_MAX)
		return;
	if (!old || is_set > !old->literals.n ||
	    (is_set == !old->literals.n && c->cost < old->cost))
		found->terse = c;
}

void factor_add(struct waf_factors *found, struct waf_cond *c)
{
	if (!c || c->cost >= WAF_COST_ALWAYS)
		return;
	prefer_terse(found, c);
	if (c->literals.n)
		keep(found->literals, &found->n_literals, WAF_FACTOR_LITERALS, c);
	else
		keep(found->sets, &found->n_sets, WAF_FACTOR_SETS, c);
}

void factor_add_all(struct waf_factors *found, const struct waf_factors *other)
{
	if (other->terse)
		prefer_terse(found, other->terse);
	for (uint32_t i = 0; i < other->n_literals; i++)
		factor_add(found, other->literals[i]);
	for (uint32_t i = 0; i < other->n_sets; i++)
		factor_add(found, other->sets[i]);
}

void factor_add_claim(struct factor *f, struct waf_factors *found, const struct waf_claim *c)
{
	if (waf_claim_is_known(c))
		factor_add(found, waf_cond_create(f->m, c->s, &c->unless));
}

void factor_add_ends(struct factor *f, struct waf_factors *found, const struct factor_part *p)
{
	struct waf_claim head = factor_head(f, p), tail = factor_tail(f, p);

	factor_add_claim(f, found, &head);
	if (!factor_is_exact(p))
		factor_add_claim(f, found, &tail);
}

const struct waf_cond *factor_best_set(struct factor *f, const struct factor_part *p)
{
	const struct waf_cond *best = p->found.n_sets ? p->found.sets[0] : NULL;
	const struct waf_cond *c;

	for (uint32_t i = 0; i < p->found.n_literals; i++) {
		c = waf_cond_as_set(f->m, p->found.literals[i]);
		if (c && (!best || c->cost < best->cost))
			best = c;
	}
	return best;
}
