/* SPDX-License-Identifier: BSD-3-Clause */
/* Parts that stand one after the other: what they begin and end with, and what stands between. */
#include "waf_factor_impl.h"

#define STRING_MAX 24 /* longer ones are cut: they begin or end so */

static size_t longest(const struct waf_strings *s)
{
	size_t n = 0;

	for (uint32_t i = 0; i < s->n; i++)
		n = s->v[i].len > n ? s->v[i].len : n;
	return n;
}

static void limit_length(struct factor *f, struct factor_part *p)
{
	if (longest(&p->exact) > STRING_MAX) {
		factor_add_ends(f, &p->found, p);
		factor_blur(f, p);
	}
	if (longest(&p->head.s) > STRING_MAX) {
		p->head.s = waf_strings_copy(f->m, &p->head.s);
		waf_strings_cut(&p->head.s, STRING_MAX, false);
	}
	if (longest(&p->tail.s) > STRING_MAX) {
		p->tail.s = waf_strings_copy(f->m, &p->tail.s);
		waf_strings_cut(&p->tail.s, STRING_MAX, true);
	}
}

static uint32_t add_len(uint32_t a, uint32_t b)
{
	return a > UINT16_MAX || b > UINT16_MAX ? UINT16_MAX : a + b;
}

/* `p`, then `next`: with `exact` for all that is known whole of both, what else it begins with. */
static struct waf_claim head_of_both(struct factor *f, const struct factor_part *p,
				     const struct factor_part *next, bool exact)
{
	struct waf_claim first = {.s = p->exact}, more, rest;

	if (!p->exact.n)
		return p->head;
	rest = exact ? next->head : factor_head(f, next);
	if (f->gaps.forks ? waf_claim_joint(f->m, &first, &rest, WAF_LEFT_WHOLE, &more)
			  : waf_claim_product(f->m, &first, &rest, &more))
		return waf_claim_either(f->m, &p->head, &more, false);
	return waf_claim_either(f->m, &p->head, &first, false);
}

static struct waf_claim tail_of_both(struct factor *f, const struct factor_part *p,
				     const struct factor_part *next, bool exact)
{
	struct waf_claim last = {.s = next->exact}, more, rest;

	if (!next->exact.n)
		return next->tail;
	rest = exact ? p->tail : factor_tail(f, p);
	if (waf_claim_joint(f->m, &rest, &last, WAF_RIGHT_WHOLE, &more))
		return waf_claim_either(f->m, &next->tail, &more, true);
	return waf_claim_either(f->m, &next->tail, &last, true);
}

/* The conditions of what begins in `p` and ends in `next`. */
static void add_between(struct factor *f, const struct factor_part *p,
			const struct factor_part *next, struct waf_factors *found)
{
	struct waf_claim tail = factor_tail(f, p), head = factor_head(f, next), both;

	if (waf_claim_joint(f->m, &tail, &head, WAF_CUT_BOTH, &both))
		factor_add_claim(f, found, &both);
	factor_add_claim(f, found, &tail);
	factor_add_claim(f, found, &head);
}

void factor_append(struct factor *f, struct factor_part *p, const struct factor_part *next)
{
	struct waf_claim left = {.s = p->exact}, right = {.s = next->exact}, exact = {0};
	struct factor_part out = {.found = p->found};
	bool fits = waf_claim_product(f->m, &left, &right, &exact);

	factor_add_all(&out.found, &next->found);
	out.found.min_len = add_len(p->found.min_len, next->found.min_len);
	out.found.never = p->found.never || next->found.never;
	if (!fits || !factor_is_exact(p) || !factor_is_exact(next))
		add_between(f, p, next, &out.found);
	out.exact = exact.s;
	out.head = head_of_both(f, p, next, fits);
	out.tail = tail_of_both(f, p, next, fits);
	*p = out;
	limit_length(f, p);
}

/* From the last part to the first: what stands at the end is known better so where the first parts
 * are vague. */
static void add_backwards(struct factor *f, const struct factor_part *part, uint32_t n,
			  struct waf_factors *found)
{
	struct factor_part all = part[n - 1];

	for (uint32_t i = n - 1; i--;) {
		struct factor_part first = part[i];

		factor_append(f, &first, &all);
		all = first;
	}
	if (!factor_is_exact(&all))
		factor_add_ends(f, &all.found, &all);
	factor_add_all(found, &all.found);
}

void factor_cat(struct factor *f, const struct waf_re *re, struct factor_part *out)
{
	struct factor_part *part;
	uint32_t n = 0;

	factor_empty(f, out);
	for (const struct waf_re *child = re->first; child; child = child->next)
		n++;
	part = weir_arena_alloc(f->m->a, n * sizeof(*part));
	if (!part)
		return;
	n = 0;
	for (const struct waf_re *child = re->first; child; child = child->next) {
		factor_of(f, child, &part[n]);
		factor_append(f, out, &part[n++]);
	}
	if (!factor_is_exact(out))
		factor_add_ends(f, &out->found, out);
	if (f->gaps.forks && n > 2)
		add_backwards(f, part, n, &out->found);
}
