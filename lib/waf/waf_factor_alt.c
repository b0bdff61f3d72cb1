/* SPDX-License-Identifier: BSD-3-Clause */
/* Alternatives: what one or another of them has. */
#include <ctype.h>

#include "waf_factor_impl.h"

#define RARE 16 /* one of so many benign values has the byte */

enum choice { CHOOSE_CHEAPEST, CHOOSE_LITERALS, CHOOSE_SETS, CHOOSE_TERSE, CHOICES };

/* What is known so far of the alternatives: a condition for each way of choosing. */
struct choices {
	const struct waf_cond *c[CHOICES];
	bool first;
};

static const struct waf_cond *choose(struct factor *f, const struct factor_part *p, enum choice how)
{
	const struct waf_cond *l = p->found.n_literals ? p->found.literals[0] : NULL;
	const struct waf_cond *s = p->found.n_sets ? p->found.sets[0] : NULL;

	switch (how) {
	case CHOOSE_LITERALS:
		return l ? l : s;
	case CHOOSE_SETS:
		return factor_best_set(f, p);
	case CHOOSE_TERSE:
		return p->found.terse;
	default:
		return !s || (l && l->cost < s->cost) ? l : s;
	}
}

/* Of the alternative's sets that which makes the union cheapest. */
static const struct waf_cond *join_set(struct factor *f, const struct waf_cond *so_far,
				       const struct factor_part *p)
{
	const struct waf_cond *best = NULL, *set = factor_best_set(f, p);

	if (set)
		best = waf_cond_either(f->m, so_far, set);
	for (uint32_t i = 0; i < p->found.n_sets; i++) {
		const struct waf_cond *c = waf_cond_either(f->m, so_far, p->found.sets[i]);

		if (c && (!best || c->cost < best->cost))
			best = c;
	}
	return best;
}

static void join_choices(struct factor *f, struct choices *k, const struct factor_part *p)
{
	for (unsigned int how = 0; how < CHOICES; how++) {
		const struct waf_cond *c = choose(f, p, how);

		if (k->first)
			k->c[how] = c;
		else if (k->c[how] && how == CHOOSE_SETS)
			k->c[how] = join_set(f, k->c[how], p);
		else if (k->c[how])
			k->c[how] = c ? waf_cond_either(f->m, k->c[how], c) : NULL;
	}
	k->first = false;
}

/* An alternative that is not exact but that a rare byte tells. */
static void alternative_gap(struct factor *f, struct factor_part *p)
{
	const struct waf_cond *tell = factor_tell(f, p);

	if (!tell)
		return;
	p->exact.n = 0;
	p->head = p->tail = (struct waf_claim){.unless = tell->set};
}

/* A byte of the string that is rare and no letter, or 0. */
static uint8_t rare_byte(const struct factor *f, struct weir_bytes s)
{
	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.ptr[i];

		if (c > ' ' && c < 0x7f && !isalnum(c) &&
		    waf_samples_count(&f->m->byte[c]) * RARE < waf_benign_n)
			return c;
	}
	return 0;
}

/* Strings with rare bytes become exceptions: what stands beside them would only make them more. */
static void except_rare(struct factor *f, struct factor_part *p)
{
	struct waf_strings s = waf_strings_room(f->m, p->exact.n);

	for (uint32_t i = 0; s.v && i < p->exact.n; i++) {
		uint8_t c = rare_byte(f, p->exact.v[i]);

		if (c) {
			waf_set_add(&p->head.unless, c);
			waf_set_add(&p->tail.unless, c);
		} else {
			s.v[s.n++] = p->exact.v[i];
		}
	}
	if (s.v)
		p->exact = s;
}

static void join_part(struct factor *f, struct factor_part *out, struct factor_part *p, bool first)
{
	struct waf_claim exact = {.s = p->exact}, so_far = {.s = out->exact};

	if (!factor_is_exact(p))
		alternative_gap(f, p);
	else if (f->gaps.forks)
		except_rare(f, p);
	if (!f->gaps.forks && !factor_is_exact(p))
		factor_blur(f, p);
	if (first) {
		out->exact = p->exact;
		out->head = p->head;
		out->tail = p->tail;
		return;
	}
	if ((!f->gaps.forks && (factor_is_exact(out) != factor_is_exact(p))) ||
	    out->exact.n + p->exact.n > f->m->max_literals) {
		factor_blur(f, out);
		factor_blur(f, p);
	}
	exact.s = p->exact;
	so_far.s = out->exact;
	out->exact = waf_claim_either(f->m, &so_far, &exact, false).s;
	out->head = waf_claim_either(f->m, &out->head, &p->head, false);
	out->tail = waf_claim_either(f->m, &out->tail, &p->tail, true);
}

void factor_alt(struct factor *f, const struct waf_re *re, struct factor_part *out)
{
	struct choices k = {.first = true};
	uint32_t min_len = UINT32_MAX;
	struct factor_part p;

	factor_empty(f, out);
	for (const struct waf_re *child = re->first; child; child = child->next) {
		factor_of(f, child, &p);
		if (p.found.never)
			continue;
		if (factor_is_exact(&p))
			factor_add_ends(f, &p.found, &p);
		min_len = p.found.min_len < min_len ? p.found.min_len : min_len;
		join_part(f, out, &p, k.first);
		join_choices(f, &k, &p);
	}
	out->found = (struct waf_factors){.never = k.first, .min_len = k.first ? 0 : min_len};
	for (unsigned int how = 0; how < CHOICES; how++) {
		if (k.c[how])
			factor_add(&out->found,
				   waf_cond_create(f->m, k.c[how]->literals, &k.c[how]->set));
	}
	if (!k.first && !factor_is_exact(out))
		factor_add_ends(f, &out->found, out);
}
