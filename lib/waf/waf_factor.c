/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Required factors, bottom up: of each part the set of strings that it may be while that is small,
 * else those that it begins and ends with; and the conditions found on the way (after Cox,
 * "Regular Expression Matching with a Trigram Index", 2012, with disjunctions of any length).
 */
#include <ctype.h>

#include "waf_claim.h"
#include "waf_factor.h"

#define STRING_MAX 24 /* longer ones are cut: they begin or end so */
#define CLASS_MAX  32 /* larger classes are not written out */
#define COPIES_MAX 6  /* of a repeated part, written out */
#define RARE       16 /* one of so many benign values has the byte */

#define TERSE_COST_MAX (WAF_COST_ALWAYS / 10 * 9)

/*
 * What is known of a part: it is one of `exact`, or it begins with one of `head` and ends with one
 * of `tail`. Without these two it is exact. Each claim stands by itself: where a byte of its
 * `unless` is in the part it says nothing.
 */
struct part {
	struct waf_strings exact;
	struct waf_claim head, tail;
	struct waf_factors found;
};

struct factor {
	struct waf_model *m;
	struct waf_gaps gaps;
	uint32_t refused; /* the cheapest tell of a gap that cost more */
};

static void part_of(struct factor *f, const struct waf_re *re, struct part *out);

static bool is_exact(const struct part *p)
{
	return !p->head.s.n && !p->tail.s.n;
}

/* What any such part begins with, or ends with. */
static struct waf_claim any_head(struct factor *f, const struct part *p)
{
	struct waf_claim exact = {.s = p->exact};

	return p->head.s.n ? waf_claim_either(f->m, &exact, &p->head, false)
			   : (struct waf_claim){p->exact, p->head.unless};
}

static struct waf_claim any_tail(struct factor *f, const struct part *p)
{
	struct waf_claim exact = {.s = p->exact};

	return p->tail.s.n ? waf_claim_either(f->m, &exact, &p->tail, true)
			   : (struct waf_claim){p->exact, p->tail.unless};
}

/* ---- conditions found ---- */

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

static void add_found(struct waf_factors *found, struct waf_cond *c)
{
	if (!c || c->cost >= WAF_COST_ALWAYS)
		return;
	prefer_terse(found, c);
	if (c->literals.n)
		keep(found->literals, &found->n_literals, WAF_FACTOR_LITERALS, c);
	else
		keep(found->sets, &found->n_sets, WAF_FACTOR_SETS, c);
}

static void add_all(struct waf_factors *found, const struct waf_factors *other)
{
	if (other->terse)
		prefer_terse(found, other->terse);
	for (uint32_t i = 0; i < other->n_literals; i++)
		add_found(found, other->literals[i]);
	for (uint32_t i = 0; i < other->n_sets; i++)
		add_found(found, other->sets[i]);
}

static void add_claim(struct factor *f, struct waf_factors *found, const struct waf_claim *c)
{
	if (waf_claim_is_known(c))
		add_found(found, waf_cond_create(f->m, c->s, &c->unless));
}

static void add_ends(struct factor *f, struct waf_factors *found, const struct part *p)
{
	struct waf_claim head = any_head(f, p), tail = any_tail(f, p);

	add_claim(f, found, &head);
	if (!is_exact(p))
		add_claim(f, found, &tail);
}

static uint32_t add_len(uint32_t a, uint32_t b)
{
	return a > UINT16_MAX || b > UINT16_MAX ? UINT16_MAX : a + b;
}

/* The cheapest set that tells the part from the empty string, or NULL. */
static const struct waf_cond *best_set(struct factor *f, const struct part *p)
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

/* The set that tells that a part which may be missing is there, if it costs at most `most`. */
static const struct waf_cond *tell_of_gap(struct factor *f, const struct part *p, uint32_t most)
{
	const struct waf_cond *tell = best_set(f, p);

	if (!tell || (most && tell->cost <= most))
		return tell;
	f->refused = tell->cost < f->refused ? tell->cost : f->refused;
	return NULL;
}

/* ---- kinds of parts ---- */

static void part_empty(struct factor *f, struct part *out)
{
	*out = (struct part){.exact = waf_claim_of_nothing(f->m).s};
}

static void part_any(struct factor *f, struct part *out)
{
	*out = (struct part){.head = waf_claim_of_nothing(f->m)};
	out->tail = out->head;
}

static void part_mark(struct factor *f, uint8_t mark, struct part *out)
{
	*out = (struct part){.exact = waf_strings_room(f->m, 1)};
	if (out->exact.v)
		out->exact.v[out->exact.n++] = weir_arena_copy(f->m->a, weir_bytes_of(&mark, 1));
}

static bool is_written_out(const struct factor *f, const struct waf_set *lower)
{
	uint32_t n = waf_set_count(lower);

	return n <= CLASS_MAX && n <= f->m->max_literals && !waf_set_has(lower, WAF_BEGIN) &&
	       !waf_set_has(lower, WAF_END);
}

static void part_set(struct factor *f, const struct waf_set *set, struct part *out)
{
	struct waf_set lower = waf_set_lower(set);
	struct waf_strings s;

	part_any(f, out);
	out->found.min_len = 1;
	out->found.never = waf_set_count(set) == 0;
	add_found(&out->found, waf_cond_create(f->m, (struct waf_strings){0}, set));
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

/* What is exact no longer, because it is too long or has too many forms. */
static void blur(struct factor *f, struct part *p)
{
	struct waf_claim head = any_head(f, p), tail = any_tail(f, p);

	p->head = head;
	p->tail = tail;
	p->exact.n = 0;
}

static size_t longest(const struct waf_strings *s)
{
	size_t n = 0;

	for (uint32_t i = 0; i < s->n; i++)
		n = s->v[i].len > n ? s->v[i].len : n;
	return n;
}

static void limit_length(struct factor *f, struct part *p)
{
	if (longest(&p->exact) > STRING_MAX) {
		add_ends(f, &p->found, p);
		blur(f, p);
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

/* ---- one after the other ---- */

/* `p`, then `next`: with `exact` for all that is known whole of both, what else it begins with. */
static struct waf_claim head_of_both(struct factor *f, const struct part *p,
				     const struct part *next, bool exact)
{
	struct waf_claim first = {.s = p->exact}, more, rest;

	if (!p->exact.n)
		return p->head;
	rest = exact ? next->head : any_head(f, next);
	if (f->gaps.forks ? waf_claim_joint(f->m, &first, &rest, WAF_LEFT_WHOLE, &more)
			  : waf_claim_product(f->m, &first, &rest, &more))
		return waf_claim_either(f->m, &p->head, &more, false);
	return waf_claim_either(f->m, &p->head, &first, false);
}

static struct waf_claim tail_of_both(struct factor *f, const struct part *p,
				     const struct part *next, bool exact)
{
	struct waf_claim last = {.s = next->exact}, more, rest;

	if (!next->exact.n)
		return next->tail;
	rest = exact ? p->tail : any_tail(f, p);
	if (waf_claim_joint(f->m, &rest, &last, WAF_RIGHT_WHOLE, &more))
		return waf_claim_either(f->m, &next->tail, &more, true);
	return waf_claim_either(f->m, &next->tail, &last, true);
}

/* The conditions of what begins in `p` and ends in `next`. */
static void add_between(struct factor *f, const struct part *p, const struct part *next,
			struct waf_factors *found)
{
	struct waf_claim tail = any_tail(f, p), head = any_head(f, next), both;

	if (waf_claim_joint(f->m, &tail, &head, WAF_CUT_BOTH, &both))
		add_claim(f, found, &both);
	add_claim(f, found, &tail);
	add_claim(f, found, &head);
}

/* `p`, then `next`, becomes `p`. */
static void append(struct factor *f, struct part *p, const struct part *next)
{
	struct waf_claim left = {.s = p->exact}, right = {.s = next->exact}, exact = {0};
	struct part out = {.found = p->found};
	bool fits = waf_claim_product(f->m, &left, &right, &exact);

	add_all(&out.found, &next->found);
	out.found.min_len = add_len(p->found.min_len, next->found.min_len);
	out.found.never = p->found.never || next->found.never;
	if (!fits || !is_exact(p) || !is_exact(next))
		add_between(f, p, next, &out.found);
	out.exact = exact.s;
	out.head = head_of_both(f, p, next, fits);
	out.tail = tail_of_both(f, p, next, fits);
	*p = out;
	limit_length(f, p);
}

/* From the last part to the first: what stands at the end is known better so where the first parts
 * are vague. */
static void add_backwards(struct factor *f, const struct part *part, uint32_t n,
			  struct waf_factors *found)
{
	struct part all = part[n - 1];

	for (uint32_t i = n - 1; i--;) {
		struct part first = part[i];

		append(f, &first, &all);
		all = first;
	}
	if (!is_exact(&all))
		add_ends(f, &all.found, &all);
	add_all(found, &all.found);
}

static void part_cat(struct factor *f, const struct waf_re *re, struct part *out)
{
	struct part *part;
	uint32_t n = 0;

	part_empty(f, out);
	for (const struct waf_re *child = re->first; child; child = child->next)
		n++;
	part = weir_arena_alloc(f->m->a, n * sizeof(*part));
	if (!part)
		return;
	n = 0;
	for (const struct waf_re *child = re->first; child; child = child->next) {
		part_of(f, child, &part[n]);
		append(f, out, &part[n++]);
	}
	if (!is_exact(out))
		add_ends(f, &out->found, out);
	if (f->gaps.forks && n > 2)
		add_backwards(f, part, n, &out->found);
}

/* ---- gaps ---- */

/* Whether it is known what the part begins with and what it ends with. */
static bool is_known(const struct waf_claim *c)
{
	return !c->s.n || c->s.v[0].len > 0; /* they are sorted */
}

static bool has_ends(const struct part *p)
{
	return is_known(&p->head) && is_known(&p->tail);
}

/* What a gap may cost whose ends are known, or not. */
static uint32_t cost_of_gap(const struct factor *f, const struct part *p)
{
	return f->gaps.forks && has_ends(p) ? f->gaps.cheap : f->gaps.cost;
}

/* An optional part whose presence a rare byte tells. */
static bool part_gap(struct factor *f, const struct part *child, struct part *out)
{
	const struct waf_cond *tell = tell_of_gap(f, child, cost_of_gap(f, child));

	if (!tell)
		return false;
	part_empty(f, out);
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
static void begin_as(struct factor *f, const struct part *child, struct part *out)
{
	struct waf_claim some = not_empty(&child->exact);

	out->head = waf_claim_either(f->m, &child->head, &some, false);
	out->tail = waf_claim_either(f->m, &child->tail, &some, true);
}

/* Zero times, once, or more often. */
static bool part_fork(struct factor *f, const struct part *child, uint32_t max, struct part *out)
{
	struct waf_claim none = waf_claim_of_nothing(f->m), some = {.s = child->exact};

	if (!has_ends(child))
		return false;
	part_empty(f, out);
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
static void part_optional(struct factor *f, const struct part *child, uint32_t max,
			  struct part *out)
{
	struct waf_claim none = waf_claim_of_nothing(f->m), some = {.s = child->exact};

	if (part_gap(f, child, out))
		return;
	if (f->gaps.forks && part_fork(f, child, max, out))
		return;
	part_any(f, out);
	if (max > 1 || !is_exact(child) || child->exact.n >= f->m->max_literals)
		return;
	*out = (struct part){.exact = waf_claim_either(f->m, &none, &some, false).s,
			     .head.unless = child->head.unless,
			     .tail.unless = child->tail.unless};
}

/* Once, or more often. */
static bool part_plus(struct factor *f, const struct part *child, struct part *out)
{
	if (!f->gaps.forks || !has_ends(child))
		return false;
	*out = *child;
	begin_as(f, child, out);
	return true;
}

static void part_copies(struct factor *f, const struct part *child, const struct waf_re *re,
			struct part *out)
{
	uint32_t copies = re->min < COPIES_MAX ? re->min : COPIES_MAX;
	struct part rest;

	if (copies == 1 && re->max > 1 && part_plus(f, child, out))
		return;
	for (uint32_t i = 0; i < copies; i++)
		append(f, out, child);
	if (re->max > copies) {
		part_optional(f, child, re->max - copies, &rest);
		append(f, out, &rest);
	}
}

static void part_repeat(struct factor *f, const struct waf_re *re, struct part *out)
{
	struct part child;

	part_empty(f, out);
	if (re->max == 0)
		return;
	part_of(f, re->first, &child);
	if (child.found.never) {
		out->found.never = re->min > 0;
		return;
	}
	part_copies(f, &child, re, out);
	out->found.min_len = child.found.min_len > UINT16_MAX / (re->min ? re->min : 1)
				     ? UINT16_MAX
				     : child.found.min_len * re->min;
}

/* ---- alternatives ---- */

enum choice { CHOOSE_CHEAPEST, CHOOSE_LITERALS, CHOOSE_SETS, CHOOSE_TERSE, CHOICES };

/* What is known so far of the alternatives: a condition for each way of choosing. */
struct choices {
	const struct waf_cond *c[CHOICES];
	bool first;
};

static const struct waf_cond *choose(struct factor *f, const struct part *p, enum choice how)
{
	const struct waf_cond *l = p->found.n_literals ? p->found.literals[0] : NULL;
	const struct waf_cond *s = p->found.n_sets ? p->found.sets[0] : NULL;

	switch (how) {
	case CHOOSE_LITERALS:
		return l ? l : s;
	case CHOOSE_SETS:
		return best_set(f, p);
	case CHOOSE_TERSE:
		return p->found.terse;
	default:
		return !s || (l && l->cost < s->cost) ? l : s;
	}
}

/* Of the alternative's sets that which makes the union cheapest. */
static const struct waf_cond *join_set(struct factor *f, const struct waf_cond *so_far,
				       const struct part *p)
{
	const struct waf_cond *best = NULL, *set = best_set(f, p);

	if (set)
		best = waf_cond_either(f->m, so_far, set);
	for (uint32_t i = 0; i < p->found.n_sets; i++) {
		const struct waf_cond *c = waf_cond_either(f->m, so_far, p->found.sets[i]);

		if (c && (!best || c->cost < best->cost))
			best = c;
	}
	return best;
}

static void join_choices(struct factor *f, struct choices *k, const struct part *p)
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
static void alternative_gap(struct factor *f, struct part *p)
{
	const struct waf_cond *tell = tell_of_gap(f, p, cost_of_gap(f, p));

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
static void except_rare(struct factor *f, struct part *p)
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

static void join_part(struct factor *f, struct part *out, struct part *p, bool first)
{
	struct waf_claim exact = {.s = p->exact}, so_far = {.s = out->exact};

	if (!is_exact(p))
		alternative_gap(f, p);
	else if (f->gaps.forks)
		except_rare(f, p);
	if (!f->gaps.forks && !is_exact(p))
		blur(f, p);
	if (first) {
		out->exact = p->exact;
		out->head = p->head;
		out->tail = p->tail;
		return;
	}
	if ((!f->gaps.forks && (is_exact(out) != is_exact(p))) ||
	    out->exact.n + p->exact.n > f->m->max_literals) {
		blur(f, out);
		blur(f, p);
	}
	exact.s = p->exact;
	so_far.s = out->exact;
	out->exact = waf_claim_either(f->m, &so_far, &exact, false).s;
	out->head = waf_claim_either(f->m, &out->head, &p->head, false);
	out->tail = waf_claim_either(f->m, &out->tail, &p->tail, true);
}

static void part_alt(struct factor *f, const struct waf_re *re, struct part *out)
{
	struct choices k = {.first = true};
	uint32_t min_len = UINT32_MAX;
	struct part p;

	part_empty(f, out);
	for (const struct waf_re *child = re->first; child; child = child->next) {
		part_of(f, child, &p);
		if (p.found.never)
			continue;
		if (is_exact(&p))
			add_ends(f, &p.found, &p);
		min_len = p.found.min_len < min_len ? p.found.min_len : min_len;
		join_part(f, out, &p, k.first);
		join_choices(f, &k, &p);
	}
	out->found = (struct waf_factors){.never = k.first, .min_len = k.first ? 0 : min_len};
	for (unsigned int how = 0; how < CHOICES; how++) {
		if (k.c[how])
			add_found(&out->found,
				  waf_cond_create(f->m, k.c[how]->literals, &k.c[how]->set));
	}
	if (!k.first && !is_exact(out))
		add_ends(f, &out->found, out);
}

static void part_of(struct factor *f, const struct waf_re *re, struct part *out)
{
	switch (re->kind) {
	case WAF_RE_EMPTY:
		part_empty(f, out);
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
		part_cat(f, re, out);
		break;
	case WAF_RE_ALT:
		part_alt(f, re, out);
		break;
	case WAF_RE_REPEAT:
		part_repeat(f, re, out);
		break;
	default:
		part_any(f, out);
	}
}

uint32_t waf_factor(struct waf_model *m, const struct waf_re *re, struct waf_gaps gaps,
		    struct waf_factors *out)
{
	struct factor f = {.m = m, .gaps = gaps, .refused = UINT32_MAX};
	struct part p;

	part_of(&f, re, &p);
	add_ends(&f, &p.found, &p);
	*out = p.found;
	return f.refused;
}
