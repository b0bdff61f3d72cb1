/* SPDX-License-Identifier: BSD-3-Clause */
/* Parts that may be missing or stand there more often than once. */
#include "waf_factor_impl.h"

#define COPIES_MAX 6 /* of a repeated part, written out */

/* Whether each string has a byte at least: they are sorted. */
static bool has_none_empty(const struct waf_claim *c)
{
	return !c->s.n || c->s.v[0].len > 0;
}

/* Whether it is known what the part begins with and what it ends with. */
static bool has_ends(const struct factor_part *p)
{
	return has_none_empty(&p->head) && has_none_empty(&p->tail);
}

const struct waf_cond *factor_tell(struct factor *f, const struct factor_part *p)
{
	uint32_t most = f->gaps.forks && has_ends(p) ? f->gaps.cheap : f->gaps.cost;
	const struct waf_cond *tell = factor_best_set(f, p);

	if (!tell || (most && tell->cost <= most))
		return tell;
	f->refused = tell->cost < f->refused ? tell->cost : f->refused;
	return NULL;
}

/* An optional part whose presence a rare byte tells. */
static bool skip_gap(struct factor *f, const struct factor_part *child, struct factor_part *out)
{
	const struct waf_cond *tell = factor_tell(f, child);

	if (!tell)
		return false;
	factor_empty(f, out);
	out->head.unless = out->tail.unless = tell->set;
	return true;
}

/* All but the empty string. */
static struct waf_claim not_empty(const struct waf_strings *s)
{
	struct waf_claim c = {.s = *s};

	if (c.s.n && !c.s.v[0].len) {
		c.s.v++;
		c.s.n--;
	}
	return c;
}

/* What is repeated begins as its first copy that is not empty, and ends as the last. */
static void begin_as(struct factor *f, const struct factor_part *child, struct factor_part *out)
{
	struct waf_claim some = not_empty(&child->exact);

	out->head = waf_claim_either(f->m, &child->head, &some, false);
	out->tail = waf_claim_either(f->m, &child->tail, &some, true);
}

/* Zero times, once, or more often. */
static bool fork_at_gap(struct factor *f, const struct factor_part *child, uint32_t max,
			struct factor_part *out)
{
	struct waf_claim none = waf_claim_of_nothing(f->m), some = {.s = child->exact};

	if (!has_ends(child))
		return false;
	factor_empty(f, out);
	if (max > 1) {
		begin_as(f, child, out);
	} else {
		if (child->exact.n >= f->m->max_literals)
			return false;
		out->exact = waf_claim_either(f->m, &none, &some, false).s;
		out->head = child->head;
		out->tail = child->tail;
	}
	return has_ends(out);
}

/* Zero to `max` times. */
static void optional(struct factor *f, const struct factor_part *child, uint32_t max,
		     struct factor_part *out)
{
	struct waf_claim none = waf_claim_of_nothing(f->m), some = {.s = child->exact};

	if (skip_gap(f, child, out))
		return;
	if (f->gaps.forks && fork_at_gap(f, child, max, out))
		return;
	factor_any(f, out);
	if (max > 1 || !factor_is_exact(child) || child->exact.n >= f->m->max_literals)
		return;
	*out = (struct factor_part){.exact = waf_claim_either(f->m, &none, &some, false).s,
				    .head.unless = child->head.unless,
				    .tail.unless = child->tail.unless};
}

/* Once, or more often. */
static bool once_or_more(struct factor *f, const struct factor_part *child, struct factor_part *out)
{
	if (!f->gaps.forks || !has_ends(child))
		return false;
	*out = *child;
	begin_as(f, child, out);
	return true;
}

static void copies_of(struct factor *f, const struct factor_part *child, const struct waf_re *re,
		      struct factor_part *out)
{
	uint32_t copies = re->min < COPIES_MAX ? re->min : COPIES_MAX;
	struct factor_part rest;

	if (copies == 1 && re->max > 1 && once_or_more(f, child, out))
		return;
	for (uint32_t i = 0; i < copies; i++)
		factor_append(f, out, child);
	if (re->max > copies) {
		optional(f, child, re->max - copies, &rest);
		factor_append(f, out, &rest);
	}
}

void factor_repeat(struct factor *f, const struct waf_re *re, struct factor_part *out)
{
	struct factor_part child;

	factor_empty(f, out);
	if (re->max == 0)
		return;
	factor_of(f, re->first, &child);
	if (child.found.never) {
		out->found.never = re->min > 0;
		return;
	}
	copies_of(f, &child, re, out);
	out->found.min_len = child.found.min_len > UINT16_MAX / (re->min ? re->min : 1)
				     ? UINT16_MAX
				     : child.found.min_len * re->min;
}
