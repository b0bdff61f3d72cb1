/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Required factors, bottom up: of each part the set of strings that it may be while that is small,
 * else those that it begins and ends with; and the conditions found on the way (after Cox,
 * "Regular Expression Matching with a Trigram Index", 2012, with disjunctions of any length).
 */
#include "waf_factor_impl.h"

#define CLASS_MAX 32 /* larger classes are not written out */

struct waf_claim factor_head(struct factor *f, const struct factor_part *p)
{
	struct waf_claim exact = {.s = p->exact};

	return p->head.s.n ? waf_claim_either(f->m, &exact, &p->head, false)
			   : (struct waf_claim){p->exact, p->head.unless};
}

struct waf_claim factor_tail(struct factor *f, const struct factor_part *p)
{
	struct waf_claim exact = {.s = p->exact};

	return p->tail.s.n ? waf_claim_either(f->m, &exact, &p->tail, true)
			   : (struct waf_claim){p->exact, p->tail.unless};
}

void factor_blur(struct factor *f, struct factor_part *p)
{
	struct waf_claim head = factor_head(f, p), tail = factor_tail(f, p);

	p->head = head;
	p->tail = tail;
	p->exact.n = 0;
}

void factor_empty(struct factor *f, struct factor_part *out)
{
	*out = (struct factor_part){.exact = waf_claim_of_nothing(f->m).s};
}

void factor_any(struct factor *f, struct factor_part *out)
{
	*out = (struct factor_part){.head = waf_claim_of_nothing(f->m)};
	out->tail = out->head;
}

static void part_mark(struct factor *f, uint8_t mark, struct factor_part *out)
{
	*out = (struct factor_part){.exact = waf_strings_room(f->m, 1)};
	if (out->exact.v)
		out->exact.v[out->exact.n++] = weir_arena_copy(f->m->a, weir_bytes_of(&mark, 1));
}

static bool is_written_out(const struct factor *f, const struct waf_set *lower)
{
	uint32_t n = waf_set_count(lower);

	return n <= CLASS_MAX && n <= f->m->max_literals && !waf_set_has(lower, WAF_BEGIN) &&
	       !waf_set_has(lower, WAF_END);
}

static void part_set(struct factor *f, const struct waf_set *set, struct factor_part *out)
{
	struct waf_set lower = waf_set_lower(set);
	struct waf_strings s;

	factor_any(f, out);
	out->found.min_len = 1;
	out->found.never = waf_set_count(set) == 0;
	factor_add(&out->found, waf_cond_create(f->m, (struct waf_strings){0}, set));
	if (!is_written_out(f, &lower))
		return;
	s = waf_strings_room(f->m, CLASS_MAX);
	for (unsigned int b = 0; b < 256 && s.v; b++) {
		uint8_t byte = (uint8_t)b;

		if (waf_set_has(&lower, byte))
			s.v[s.n++] = weir_arena_copy(f->m->a, weir_bytes_of(&byte, 1));
	}
	out->exact = s;
	out->head = out->tail = (struct waf_claim){0};
}

void factor_of(struct factor *f, const struct waf_re *re, struct factor_part *out)
{
	switch (re->kind) {
	case WAF_RE_EMPTY:
		factor_empty(f, out);
		break;
	case WAF_RE_BEGIN:
		part_mark(f, WAF_BEGIN, out);
		break;
	case WAF_RE_END:
		part_mark(f, WAF_END, out);
		break;
	case WAF_RE_SET:
		part_set(f, &re->set, out);
		break;
	case WAF_RE_CAT:
		factor_cat(f, re, out);
		break;
	case WAF_RE_ALT:
		factor_alt(f, re, out);
		break;
	case WAF_RE_REPEAT:
		factor_repeat(f, re, out);
		break;
	default:
		factor_any(f, out);
	}
}

uint32_t waf_factor(struct waf_model *m, const struct waf_re *re, struct waf_gaps gaps,
		    struct waf_factors *out)
{
	struct factor f = {.m = m, .gaps = gaps, .refused = UINT32_MAX};
	struct factor_part p;

	factor_of(&f, re, &p);
	factor_add_ends(&f, &p.found, &p);
	*out = p.found;
	return f.refused;
}
