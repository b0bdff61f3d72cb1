/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Required factors, bottom up: of each part the set of strings that it may be while that is small,
 * else those that it begins and ends with; and the conditions found on the way (after Cox,
 * "Regular Expression Matching with a Trigram Index", 2012, with disjunctions of any length).
 */
#include "waf_factor.h"

#define STRING_MAX 24 /* longer ones are cut: they begin or end so */
#define CLASS_MAX  32 /* larger classes are not written out */
#define COPIES_MAX 6  /* of a repeated part, written out */

/* Strings, sorted, one of which stands there unless a byte of `unless` does. */
struct claim {
	struct waf_strings s;
	struct waf_set unless;
};

/* What is known of a part. `head` is what it begins with and `tail` what it ends with; both are
 * the same, and all of it, when it is exact. */
struct part {
	struct claim head, tail;
	struct waf_factors found;
	bool exact;
};

struct factor {
	struct waf_model *m;
	uint32_t gap_cost;
	uint32_t refused; /* the cheapest tell of a gap that cost more */
};

static void part_of(struct factor *f, const struct waf_re *re, struct part *out);

/* ---- claims ---- */

static struct waf_strings no_strings(struct factor *f, uint32_t room)
{
	return (struct waf_strings){
		.v = weir_arena_alloc(f->m->a, room * sizeof(struct weir_bytes))};
}

/* The empty string only. */
static struct claim nothing_known(struct factor *f)
{
	struct claim c = {.s = no_strings(f, 1)};

	if (c.s.v)
		c.s.v[c.s.n++] = (struct weir_bytes){.ptr = (const uint8_t *)"", .len = 0};
	return c;
}

static bool is_known(const struct claim *c)
{
	return c->s.n != 1 || c->s.v[0].len > 0;
}

static size_t longest(const struct waf_strings *s)
{
	size_t n = 0;

	for (uint32_t i = 0; i < s->n; i++)
		n = s->v[i].len > n ? s->v[i].len : n;
	return n;
}

/* Cuts the strings to their first or last `len` bytes. */
static void cut(struct waf_strings *s, size_t len, bool keep_end)
{
	for (uint32_t i = 0; i < s->n; i++) {
		struct weir_bytes *b = &s->v[i];

		if (b->len <= len)
			continue;
		if (keep_end)
			b->ptr += b->len - len;
		b->len = len;
	}
	waf_strings_sort(s);
}

static struct weir_bytes join(struct factor *f, struct weir_bytes a, struct weir_bytes b)
{
	uint8_t *at;

	if (a.len == 0 || b.len == 0)
		return a.len ? a : b;
	at = weir_arena_alloc(f->m->a, a.len + b.len);
	if (!at)
		return (struct weir_bytes){0};
	memcpy(at, a.ptr, a.len);
	memcpy(at + a.len, b.ptr, b.len);
	return weir_bytes_of(at, a.len + b.len);
}

/* Each of a, then each of b. False when they are too many. */
static bool product(struct factor *f, const struct claim *a, const struct claim *b,
		    struct claim *out)
{
	uint64_t n = (uint64_t)a->s.n * b->s.n;
	struct claim c = {.unless = a->unless};

	if (n > f->m->max_literals || f->m->a->failed)
		return false;
	c.s = no_strings(f, (uint32_t)n);
	if (!c.s.v)
		return false;
	waf_set_join(&c.unless, &b->unless);
	for (uint32_t i = 0; i < a->s.n; i++) {
		for (uint32_t k = 0; k < b->s.n; k++)
			c.s.v[c.s.n++] = join(f, a->s.v[i], b->s.v[k]);
	}
	waf_strings_sort(&c.s);
	*out = c;
	return true;
}

/* Those of both; where they are too many, shorter ones. */
static struct claim unite(struct factor *f, const struct claim *a, const struct claim *b,
			  bool keep_end)
{
	struct claim c = {.s = no_strings(f, a->s.n + b->s.n), .unless = a->unless};

	if (!c.s.v)
		return nothing_known(f);
	waf_set_join(&c.unless, &b->unless);
	waf_strings_merge(&c.s, &a->s, &b->s);
	for (size_t len = 8; c.s.n > f->m->max_literals && len > 1; len--)
		cut(&c.s, len, keep_end);
	return c.s.n > f->m->max_literals ? nothing_known(f) : c;
}

static struct claim copy_claim(struct factor *f, const struct claim *c)
{
	struct claim none = {0};

	return unite(f, c, &none, false);
}

/* What stands where `a` ends and `b` begins: where there are too many, shorter ends of `a` and, but
 * for a `b` that is to stay whole, shorter beginnings of it. */
static bool joint(struct factor *f, const struct claim *a, const struct claim *b, bool whole,
		  struct claim *out)
{
	struct claim left, right;

	if (product(f, a, b, out))
		return true;
	if (!is_known(a) || !is_known(b))
		return false;
	left = copy_claim(f, a);
	right = copy_claim(f, b);
	for (size_t len = 4; len > 0; len--) {
		cut(&left.s, len, true);
		if (!whole)
			cut(&right.s, len, false);
		if (product(f, &left, &right, out))
			return true;
	}
	return false;
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

static void add_found(struct waf_factors *found, struct waf_cond *c)
{
	if (!c || c->cost >= WAF_COST_ALWAYS)
		return;
	if (c->literals.n)
		keep(found->literals, &found->n_literals, WAF_FACTOR_LITERALS, c);
	else
		keep(found->sets, &found->n_sets, WAF_FACTOR_SETS, c);
}

static void add_all(struct waf_factors *found, const struct waf_factors *other)
{
	for (uint32_t i = 0; i < other->n_literals; i++)
		add_found(found, other->literals[i]);
	for (uint32_t i = 0; i < other->n_sets; i++)
		add_found(found, other->sets[i]);
}

static void add_claim(struct factor *f, struct waf_factors *found, const struct claim *c)
{
	if (is_known(c))
		add_found(found, waf_cond_create(f->m, c->s, &c->unless));
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

/* The set that tells that a part which may be missing is there, if it is rare enough. */
static const struct waf_cond *tell_of_gap(struct factor *f, const struct part *p)
{
	const struct waf_cond *tell = best_set(f, p);

	if (!tell || (f->gap_cost && tell->cost <= f->gap_cost))
		return tell;
	f->refused = tell->cost < f->refused ? tell->cost : f->refused;
	return NULL;
}

/* ---- kinds of parts ---- */

static void part_empty(struct factor *f, struct part *out)
{
	*out = (struct part){.exact = true};
	out->head = out->tail = nothing_known(f);
}

static void part_any(struct factor *f, struct part *out)
{
	part_empty(f, out);
	out->exact = false;
}

static void part_set(struct factor *f, const struct waf_set *set, struct part *out)
{
	struct waf_set lower = waf_set_lower(set);
	struct claim c = {0};

	part_any(f, out);
	out->found.min_len = 1;
	out->found.never = waf_set_count(set) == 0;
	add_found(&out->found, waf_cond_create(f->m, (struct waf_strings){0}, set));
	if (waf_set_count(&lower) > CLASS_MAX || waf_set_count(&lower) > f->m->max_literals)
		return;
	c.s = no_strings(f, CLASS_MAX);
	for (unsigned int b = 0; b < 256 && c.s.v; b++) {
		uint8_t byte = (uint8_t)b;

		if (waf_set_has(&lower, byte))
			c.s.v[c.s.n++] = weir_arena_copy(f->m->a, weir_bytes_of(&byte, 1));
	}
	out->exact = true;
	out->head = out->tail = c;
}

/* What is exact no longer, because it is too long or has too many forms. */
static void part_blur(struct factor *f, struct part *p)
{
	struct claim c = p->head;

	if (!p->exact)
		return;
	add_claim(f, &p->found, &c);
	p->exact = false;
}

static void limit_length(struct factor *f, struct part *p)
{
	if (longest(&p->head.s) <= STRING_MAX && longest(&p->tail.s) <= STRING_MAX)
		return;
	part_blur(f, p);
	p->head = copy_claim(f, &p->head);
	p->tail = copy_claim(f, &p->tail);
	cut(&p->head.s, STRING_MAX, false);
	cut(&p->tail.s, STRING_MAX, true);
}

/* `p`, then `next`, becomes `p`. */
static void append(struct factor *f, struct part *p, const struct part *next)
{
	struct part out = {.found = p->found};
	struct claim c;

	add_all(&out.found, &next->found);
	out.found.min_len = add_len(p->found.min_len, next->found.min_len);
	out.found.never = p->found.never || next->found.never;
	if (p->exact && next->exact && product(f, &p->head, &next->head, &c)) {
		out.exact = true;
		out.head = out.tail = c;
	} else {
		if (joint(f, &p->tail, &next->head, false, &c))
			add_claim(f, &out.found, &c);
		add_claim(f, &out.found, &p->tail);
		add_claim(f, &out.found, &next->head);
		out.head = p->head;
		if (p->exact && product(f, &p->head, &next->head, &c))
			out.head = c;
		out.tail = next->tail;
		if (next->exact && joint(f, &p->tail, &next->tail, true, &c))
			out.tail = c;
	}
	*p = out;
	limit_length(f, p);
}

static void part_cat(struct factor *f, const struct waf_re *re, struct part *out)
{
	struct part next;

	part_empty(f, out);
	for (const struct waf_re *child = re->first; child; child = child->next) {
		part_of(f, child, &next);
		append(f, out, &next);
	}
	if (!out->exact) {
		add_claim(f, &out->found, &out->head);
		add_claim(f, &out->found, &out->tail);
	}
}

/* An optional part whose presence a rare byte tells. */
static bool part_gap(struct factor *f, const struct part *child, struct part *out)
{
	const struct waf_cond *tell = tell_of_gap(f, child);

	if (!tell)
		return false;
	part_empty(f, out);
	out->head.unless = out->tail.unless = tell->set;
	return true;
}

/* Zero to `max` times. */
static void part_optional(struct factor *f, const struct part *child, uint32_t max,
			  struct part *out)
{
	struct claim c;

	if (part_gap(f, child, out))
		return;
	part_any(f, out);
	if (max > 1 || !child->exact)
		return;
	c = unite(f, &out->head, &child->head, false);
	if (!is_known(&c))
		return;
	out->exact = true;
	out->head = out->tail = c;
}

static void part_repeat(struct factor *f, const struct waf_re *re, struct part *out)
{
	uint32_t copies = re->min < COPIES_MAX ? re->min : COPIES_MAX;
	struct part child, rest;

	part_empty(f, out);
	if (re->max == 0)
		return;
	part_of(f, re->first, &child);
	if (child.found.never) {
		out->found.never = re->min > 0;
		return;
	}
	for (uint32_t i = 0; i < copies; i++)
		append(f, out, &child);
	if (re->max > copies) {
		part_optional(f, &child, re->max - copies, &rest);
		append(f, out, &rest);
	}
	out->found.min_len = child.found.min_len > UINT16_MAX / (re->min ? re->min : 1)
				     ? UINT16_MAX
				     : child.found.min_len * re->min;
}

/* ---- alternatives ---- */

enum choice { CHOOSE_CHEAPEST, CHOOSE_LITERALS, CHOOSE_SETS, CHOICES };

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
static bool alternative_gap(struct factor *f, struct part *p)
{
	const struct waf_cond *tell = tell_of_gap(f, p);

	if (!tell)
		return false;
	p->exact = true;
	p->head = (struct claim){.s = no_strings(f, 0), .unless = tell->set};
	p->tail = p->head;
	return true;
}

static void join_claims(struct factor *f, struct part *out, struct part *p, bool first)
{
	bool exact;

	if (!p->exact)
		alternative_gap(f, p);
	if (first) {
		out->head = p->head;
		out->tail = p->tail;
		out->exact = p->exact;
		return;
	}
	exact = out->exact && p->exact && out->head.s.n + p->head.s.n <= f->m->max_literals;
	out->head = unite(f, &out->head, &p->head, false);
	out->tail = exact ? out->head : unite(f, &out->tail, &p->tail, true);
	out->exact = exact;
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
		if (p.exact)
			add_claim(f, &p.found, &p.head);
		min_len = p.found.min_len < min_len ? p.found.min_len : min_len;
		join_claims(f, out, &p, k.first);
		join_choices(f, &k, &p);
	}
	out->found = (struct waf_factors){.never = k.first, .min_len = k.first ? 0 : min_len};
	for (unsigned int how = 0; how < CHOICES; how++) {
		if (k.c[how])
			add_found(&out->found,
				  waf_cond_create(f->m, k.c[how]->literals, &k.c[how]->set));
	}
	if (!k.first && !out->exact) {
		add_claim(f, &out->found, &out->head);
		add_claim(f, &out->found, &out->tail);
	}
}

static void part_of(struct factor *f, const struct waf_re *re, struct part *out)
{
	switch (re->kind) {
	case WAF_RE_EMPTY:
		part_empty(f, out);
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

uint32_t waf_factor(struct waf_model *m, const struct waf_re *re, uint32_t gap_cost,
		    struct waf_factors *out)
{
	struct factor f = {.m = m, .gap_cost = gap_cost, .refused = UINT32_MAX};
	struct part p;

	part_of(&f, re, &p);
	if (p.exact)
		add_claim(&f, &p.found, &p.head);
	*out = p.found;
	return f.refused;
}
