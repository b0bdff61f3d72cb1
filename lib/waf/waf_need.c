/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Chooses among the conditions that were found, and asks them. The choice is greedy: what leaves
 * the fewest benign values over is taken first, then what takes most of those away.
 */
#include "waf_factor.h"

#define SCRATCH_MAX     (256UL << 20)
#define CANDIDATES_MAX  96
#define MARKS_MAX       32                        /* literals of a single byte in a condition */
#define MARK_COST_MAX   (WAF_COST_ALWAYS / 4 * 3) /* of a condition that has them */
#define LITERALS_ENOUGH (WAF_COST_ALWAYS / 2)     /* poorer ones are not worth looking for */
#define RARE_SET        (WAF_COST_ALWAYS / 4)
#define RARE_LITERALS   (WAF_COST_ALWAYS / 16)
#define SET_ENOUGH      (WAF_COST_ALWAYS / 20 * 17)

/* What may be left of an optional part before it is called rare; and both ways, over it and into
 * it. */
static const struct waf_gaps gaps[] = {
	{.cost = 0},
	{.cost = WAF_COST_ALWAYS / 10},
	{.cost = WAF_COST_ALWAYS / 4},
	{.cost = WAF_COST_ALWAYS / 2, .cheap = WAF_COST_ALWAYS / 4, .forks = true},
};

struct candidates {
	const struct waf_cond *c[CANDIDATES_MAX];
	uint32_t n;
};

/* What is chosen so far and the benign values that meet all of it. */
struct chosen {
	const struct waf_cond *literals[WAF_NEED_LITERALS], *sets[WAF_NEED_SETS];
	uint32_t n_literals, n_sets;
	struct waf_samples left;
};

static void add_candidate(struct candidates *k, const struct waf_cond *c)
{
	if (c && k->n < CANDIDATES_MAX)
		k->c[k->n++] = c;
}

static void add_candidates(struct waf_model *m, struct candidates *k, const struct waf_factors *f)
{
	for (uint32_t i = 0; i < f->n_literals; i++) {
		add_candidate(k, f->literals[i]);
		add_candidate(k, waf_cond_as_set(m, f->literals[i]));
	}
	for (uint32_t i = 0; i < f->n_sets; i++)
		add_candidate(k, f->sets[i]);
	add_candidate(k, f->terse);
}

static bool is_fit(const struct waf_cond *c)
{
	if (c->literals.n == 0)
		return c->cost <= SET_ENOUGH;
	if (waf_set_count(&c->set) == 0)
		return c->cost <= LITERALS_ENOUGH;
	return waf_set_count(&c->set) <= MARKS_MAX && c->cost <= MARK_COST_MAX;
}

/* Whether it says the same as a chosen one, only more of it. */
static bool is_refinement(const struct chosen *h, const struct waf_cond *c)
{
	for (uint32_t i = 0; i < h->n_literals; i++) {
		if (waf_cond_implies(c, h->literals[i]))
			return true;
	}
	return false;
}

static bool is_implied(const struct chosen *h, const struct waf_cond *c)
{
	for (uint32_t i = 0; i < h->n_literals; i++) {
		if (waf_cond_implies(h->literals[i], c))
			return true;
	}
	for (uint32_t i = 0; i < h->n_sets; i++) {
		if (waf_cond_implies(h->sets[i], c))
			return true;
	}
	return false;
}

static bool has_room(const struct chosen *h, const struct waf_cond *c)
{
	return c->literals.n ? h->n_literals < WAF_NEED_LITERALS : h->n_sets < WAF_NEED_SETS;
}

static struct waf_samples both(const struct waf_samples *a, const struct waf_samples *b)
{
	struct waf_samples s;

	for (size_t i = 0; i < WAF_SAMPLE_WORDS; i++)
		s.bits[i] = a->bits[i] & b->bits[i];
	return s;
}

static void take(struct chosen *h, const struct waf_cond *c)
{
	if (c->literals.n)
		h->literals[h->n_literals++] = c;
	else
		h->sets[h->n_sets++] = c;
	h->left = both(&h->left, &c->passed);
}

static bool has_letters(const struct waf_set *s)
{
	for (uint8_t c = 'a'; c <= 'z'; c++) {
		if (waf_set_has(s, c) || waf_set_has(s, c ^ 0x20))
			return true;
	}
	return false;
}

/* What takes no benign value away may still take others, when it is rare. */
static bool is_worth_it(const struct chosen *h, const struct waf_cond *c, uint32_t left_before,
			uint32_t left_after)
{
	if (left_after < left_before)
		return true;
	if (c->literals.n)
		return waf_set_count(&c->set) == 0 && c->cost <= RARE_LITERALS &&
		       !is_refinement(h, c);
	return c->cost <= RARE_SET && !has_letters(&c->set);
}

/* The candidate that leaves the fewest values over; of equal ones the cheapest. */
static const struct waf_cond *next_best(const struct candidates *k, const struct chosen *h,
					bool literals)
{
	const struct waf_cond *best = NULL;
	uint32_t best_left = UINT32_MAX, before = waf_samples_count(&h->left);

	for (uint32_t i = 0; i < k->n; i++) {
		const struct waf_cond *c = k->c[i];
		struct waf_samples left = both(&h->left, &c->passed);
		uint32_t n = waf_samples_count(&left);

		if ((c->literals.n > 0) != literals || !has_room(h, c) || !is_fit(c) ||
		    n > best_left || (n == best_left && c->cost >= best->cost) ||
		    is_implied(h, c) || !is_worth_it(h, c, before, n))
			continue;
		best = c;
		best_left = n;
	}
	return best;
}

/* The cheapest set, poor as it may be: without any condition each value is asked about. */
static void take_any(const struct candidates *k, struct chosen *h)
{
	const struct waf_cond *best = NULL;

	for (uint32_t i = 0; i < k->n; i++) {
		const struct waf_cond *c = k->c[i];

		if (!c->literals.n &&
		    waf_samples_count(&c->passed) < waf_samples_count(&h->left) / 20 * 19 &&
		    (!best || c->cost < best->cost))
			best = c;
	}
	if (best)
		take(h, best);
}

static void choose(const struct candidates *k, struct chosen *h)
{
	const struct waf_cond *c;

	h->left = waf_samples_all();
	for (int round = 0; round < WAF_NEED_LITERALS; round++) {
		c = next_best(k, h, true);
		if (c)
			take(h, c);
	}
	while ((c = next_best(k, h, false)) != NULL)
		take(h, c);
	if (!h->n_literals && !h->n_sets)
		take_any(k, h);
}

/* ---- the answer ---- */

/* In what is looked for marks are all alike. */
static struct weir_bytes with_marks(struct weir_arena *a, struct weir_bytes s)
{
	uint8_t *at = weir_arena_alloc(a, s.len);

	for (size_t i = 0; at && i < s.len; i++)
		at[i] = waf_is_mark(s.ptr[i]) ? WAF_MARK : s.ptr[i];
	return weir_bytes_of(at, at ? s.len : 0);
}

static bool copy_literals(const struct waf_cond *c, struct weir_arena *a, struct waf_literals *out)
{
	struct waf_set marks = waf_set_lower(&c->set);
	struct waf_strings s = c->literals;

	waf_strings_minimize(&s);
	out->literal = weir_arena_alloc(a, (s.n + waf_set_count(&marks)) * sizeof(*out->literal));
	if (!out->literal)
		return false;
	for (uint32_t i = 0; i < s.n; i++)
		out->literal[out->n++] = with_marks(a, s.v[i]);
	for (unsigned int b = 0; b < 256; b++) {
		uint8_t byte = (uint8_t)b;

		if (waf_set_has(&marks, byte))
			out->literal[out->n++] = weir_arena_copy(a, weir_bytes_of(&byte, 1));
	}
	return !a->failed;
}

static int answer(const struct chosen *h, struct weir_arena *a, struct waf_need *out)
{
	for (uint32_t i = 0; i < h->n_sets; i++)
		out->set[out->n_sets++] = h->sets[i]->set;
	for (uint32_t i = 0; i < h->n_literals; i++) {
		if (!copy_literals(h->literals[i], a, &out->literals[out->n_literals++])) {
			*out = (struct waf_need){0};
			return -WEIR_ENOMEM;
		}
	}
	return 0;
}

static int need_of_tree(const struct waf_re *re, struct waf_model *m, struct weir_arena *a,
			struct waf_need *out)
{
	struct candidates k = {0};
	struct chosen h = {0};
	struct waf_factors f = {0};
	uint32_t other = 0; /* from this cost on the answer is another */

	for (size_t i = 0; i < WEIR_ARRAY_LEN(gaps); i++) {
		if (gaps[i].cost < other && !gaps[i].forks)
			continue;
		other = waf_factor(m, re, gaps[i], &f);
		if (m->a->failed)
			return 0;
		add_candidates(m, &k, &f);
	}
	choose(&k, &h);
	if (m->a->failed)
		return 0;
	out->never = f.never;
	out->min_len = f.min_len;
	return answer(&h, a, out);
}

int waf_need_of_regex(struct weir_bytes pattern, bool caseless, uint32_t max_literals,
		      struct weir_arena *a, struct waf_need *out)
{
	struct weir_arena scratch;
	const struct waf_re *re;
	struct waf_model m;
	int rc = 0;

	*out = (struct waf_need){0};
	weir_arena_init(&scratch, &weir_arena_malloc, SCRATCH_MAX);
	re = waf_re_parse(pattern, caseless, &scratch);
	if (re && waf_model_init(&m, max_literals, &scratch))
		rc = need_of_tree(re, &m, a, out);
	weir_arena_reset(&scratch);
	return rc;
}

static bool set_is_met(const struct waf_set *s, struct weir_bytes value)
{
	for (size_t i = 0; i < value.len; i++) {
		if (waf_set_has(s, value.ptr[i]))
			return true;
	}
	return false;
}

/* Whether `literal` stands at `at` of the value between its marks. */
static bool stands_at(struct weir_bytes value, size_t at, struct weir_bytes literal)
{
	for (size_t i = 0; i < literal.len; i++, at++) {
		uint8_t c = at && at <= value.len ? weir_lower(value.ptr[at - 1]) : WAF_MARK;

		if (c != literal.ptr[i])
			return false;
	}
	return true;
}

static bool literals_are_met(const struct waf_literals *l, struct weir_bytes value)
{
	for (uint32_t i = 0; i < l->n; i++) {
		for (size_t at = 0; at + l->literal[i].len <= value.len + 2; at++) {
			if (stands_at(value, at, l->literal[i]))
				return true;
		}
	}
	return false;
}

bool waf_need_is_met(const struct waf_need *need, struct weir_bytes value)
{
	if (need->never || value.len < need->min_len)
		return false;
	for (uint8_t i = 0; i < need->n_sets; i++) {
		if (!set_is_met(&need->set[i], value))
			return false;
	}
	for (uint8_t i = 0; i < need->n_literals; i++) {
		if (!literals_are_met(&need->literals[i], value))
			return false;
	}
	return true;
}
