/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a condition costs is what it lets pass: of the benign values those in which it is met, and
 * for what they do not show an estimate from how frequent its bytes are.
 */
#include <ctype.h>
#include <stdlib.h>

#include "waf_cond.h"

#define SET_MEMBERS_MAX  200
#define SET_ESTIMATE_MAX (WAF_COST_ALWAYS / 8)
#define ESTIMATE_MAX     (WAF_COST_ALWAYS / 4) /* what values show counts for more */
#define LITERAL_COST     8                     /* of having one more, whatever it lets pass */

#define PAIRS       (1U << 14)
#define PAIRS_KNOWN 4096 /* of which benign values have so many at most */

/* Bytes that differ in the highest bit only share a place. */
static unsigned int pair_of(uint8_t c, uint8_t d)
{
	return (c & 127U) << 7 | (d & 127U);
}

static void samples_join(struct waf_samples *s, const struct waf_samples *other)
{
	for (size_t i = 0; i < WAF_SAMPLE_WORDS; i++)
		s->bits[i] |= other->bits[i];
}

/* ---- estimates ---- */

/* Bits of information in a byte of texts and headers, roughly. */
static uint32_t bits_of(uint8_t c)
{
	static const uint8_t letters[26] = {4, 6, 5, 5, 4, 6, 6, 5, 4, 9, 7, 5, 5,
					    4, 4, 6, 9, 4, 4, 4, 5, 7, 6, 8, 6, 9};

	c = weir_lower(c);
	if (waf_is_mark(c))
		return 6;
	if ((uint8_t)(c - 'a') < 26)
		return letters[c - 'a'];
	if (c == ' ')
		return 3;
	if ((uint8_t)(c - '0') < 10)
		return 6;
	if (c && strchr("./-_,:", c))
		return 7;
	return c > ' ' && c < 0x7f ? 10 : 14;
}

/* In 64 places. */
static uint32_t estimate(uint32_t bits)
{
	return bits <= 6 ? WAF_COST_ALWAYS : bits >= 26 ? 1 : WAF_COST_ALWAYS >> (bits - 6);
}

/* ---- the model ---- */

/* Kinds of bytes of which a set has all or none, once it is widened. */
static const struct waf_set kinds[WAF_KINDS] = {
	{{0, 0x07fffffe00000000}}, /* a to z */
	{{0, 0x0000000007fffffe}}, /* A to Z */
	{{0x03ff000000000000}},    /* 0 to 9 */
	{{0, 0, ~0ULL, ~0ULL}},    /* above ASCII */
	{{0x00000000000001fe}},    /* controls before the tabulator */
	{{0x00000000ffffc000}},    /* and behind what ends lines */
};

static const struct waf_samples *samples_of(const struct waf_model *m, uint8_t c, uint8_t d)
{
	return &m->pair[m->pair_number[pair_of(c, d)]];
}

static void add_pairs(struct waf_model *m, uint32_t i, uint16_t *pairs)
{
	struct weir_bytes text = m->text[i];

	for (size_t k = 1; k < text.len; k++) {
		uint16_t *number = &m->pair_number[pair_of(text.ptr[k - 1], text.ptr[k])];

		weir_assert(*number || *pairs + 1 < PAIRS_KNOWN);
		if (!*number)
			*number = ++*pairs;
		m->pair[*number].bits[i / 64] |= 1ULL << (i & 63);
	}
}

/* Adds what the bytes of a set let pass, each for itself. */
static void add_bytes(const struct waf_model *m, const struct waf_set *s, struct waf_byte_cost *sum)
{
	for (size_t w = 0; w < WEIR_ARRAY_LEN(s->bits); w++) {
		for (uint64_t left = s->bits[w]; left; left &= left - 1) {
			size_t b = w * 64 + (size_t)__builtin_ctzll(left);

			samples_join(&sum->passed, &m->byte[b]);
			sum->cost += estimate(m->bits[b]) / 64;
		}
	}
}

static void add_value(struct waf_model *m, uint32_t i, uint16_t *pairs)
{
	struct weir_bytes text = weir_bytes_str(waf_benign_values[i]);
	uint8_t *lower = weir_arena_alloc(m->a, text.len + 2);
	uint64_t bit = 1ULL << (i & 63);

	if (!lower)
		return;
	lower[0] = WAF_BEGIN;
	lower[text.len + 1] = WAF_END;
	for (size_t k = 0; k < text.len; k++) {
		lower[k + 1] = weir_lower(text.ptr[k]);
		m->byte[text.ptr[k]].bits[i / 64] |= bit;
		if (text.ptr[k] & 0x80)
			m->not_ascii.bits[i / 64] |= bit;
	}
	m->text[i] = weir_bytes_of(lower, text.len + 2);
	add_pairs(m, i, pairs);
}

bool waf_model_init(struct waf_model *m, uint32_t max_literals, struct weir_arena *a)
{
	uint16_t pairs = 0;

	*m = (struct waf_model){.max_literals = max_literals, .a = a};
	m->pair_number = weir_arena_zalloc(a, PAIRS * sizeof(*m->pair_number));
	m->pair = weir_arena_zalloc(a, PAIRS_KNOWN * sizeof(*m->pair));
	m->text = weir_arena_alloc(a, waf_benign_n * sizeof(*m->text));
	if (!m->pair_number || !m->pair || !m->text)
		return false;
	weir_assert(waf_benign_n <= 64 * WAF_SAMPLE_WORDS);
	for (uint32_t i = 0; i < waf_benign_n; i++)
		add_value(m, i, &pairs);
	for (unsigned int b = 0; b < 256; b++)
		m->bits[b] = (uint8_t)bits_of((uint8_t)b);
	for (unsigned int i = 0; i < WAF_KINDS; i++)
		add_bytes(m, &kinds[i], &m->kind[i]);
	return !a->failed;
}

/* ---- what a condition costs ---- */

static uint32_t estimate_literal(const struct waf_model *m, struct weir_bytes s)
{
	uint32_t bits = 0;

	for (size_t i = 0; i < s.len; i++)
		bits += m->bits[s.ptr[i]];
	return estimate(bits);
}

/* `text` and `literal`, which has two bytes at least, are lower case. */
static bool has_literal(struct weir_bytes text, struct weir_bytes literal)
{
	for (size_t at = 0; at + literal.len <= text.len; at++) {
		size_t i = 0;

		while (i < literal.len && text.ptr[at + i] == literal.ptr[i])
			i++;
		if (i == literal.len)
			return true;
	}
	return false;
}

static void literal_samples(const struct waf_model *m, struct weir_bytes s,
			    struct waf_samples *passed)
{
	struct waf_samples may = *samples_of(m, s.ptr[0], s.ptr[1]);
	/* Of ASCII's pairs it is known already where they stand. */
	bool sure = s.len == 2 && !((s.ptr[0] | s.ptr[1]) & 0x80);

	for (size_t i = 1; i + 1 < s.len; i++) {
		const struct waf_samples *next = samples_of(m, s.ptr[i], s.ptr[i + 1]);

		for (size_t w = 0; w < WAF_SAMPLE_WORDS; w++)
			may.bits[w] &= next->bits[w];
	}
	for (size_t w = 0; w < WAF_SAMPLE_WORDS; w++) {
		uint64_t known = sure ? may.bits[w] & ~m->not_ascii.bits[w] : 0;
		uint64_t left = may.bits[w] & ~known & ~passed->bits[w];

		passed->bits[w] |= known;
		for (; left; left &= left - 1) {
			size_t i = w * 64 + (size_t)__builtin_ctzll(left);

			if (has_literal(m->text[i], s))
				passed->bits[w] |= left & -left;
		}
	}
}

/* Of a set that is widened. */
static struct waf_byte_cost judge_set(const struct waf_model *m, const struct waf_set *set)
{
	struct waf_byte_cost sum = {0};
	struct waf_set rest = *set;

	for (unsigned int i = 0; i < WAF_KINDS; i++) {
		if (!waf_set_meets(set, &kinds[i]))
			continue;
		samples_join(&sum.passed, &m->kind[i].passed);
		sum.cost += m->kind[i].cost;
		for (size_t w = 0; w < WEIR_ARRAY_LEN(rest.bits); w++)
			rest.bits[w] &= ~kinds[i].bits[w];
	}
	add_bytes(m, &rest, &sum);
	return sum;
}

static void judge(const struct waf_model *m, struct waf_cond *c)
{
	struct waf_byte_cost set = judge_set(m, &c->set);
	uint64_t cost = set.cost, passed;

	c->passed = set.passed;
	if (cost > SET_ESTIMATE_MAX)
		cost = SET_ESTIMATE_MAX;
	for (uint32_t i = 0; i < c->literals.n; i++) {
		literal_samples(m, c->literals.v[i], &c->passed);
		cost += estimate_literal(m, c->literals.v[i]);
	}
	if (cost > ESTIMATE_MAX)
		cost = ESTIMATE_MAX;
	cost += (uint64_t)c->literals.n * LITERAL_COST;
	passed = waf_samples_count(&c->passed);
	cost += passed * WAF_COST_ALWAYS / waf_benign_n;
	if (cost >= WAF_COST_ALWAYS)
		cost = passed < waf_benign_n ? WAF_COST_ALWAYS - 1 : WAF_COST_ALWAYS;
	c->cost = (uint32_t)cost;
}

/* ---- strings ---- */

/* `literal` is lower case. */
bool waf_literal_in(struct weir_bytes text, struct weir_bytes literal)
{
	for (size_t at = 0; at + literal.len <= text.len; at++) {
		size_t i = 0;

		while (i < literal.len && weir_lower(text.ptr[at + i]) == literal.ptr[i])
			i++;
		if (i == literal.len)
			return true;
	}
	return false;
}

static int compare(const void *a, const void *b)
{
	const struct weir_bytes *x = a, *y = b;
	size_t n = x->len < y->len ? x->len : y->len;

	/* They are short: a call would take longer. */
	for (size_t i = 0; i < n; i++) {
		if (x->ptr[i] != y->ptr[i])
			return x->ptr[i] < y->ptr[i] ? -1 : 1;
	}
	return (x->len > y->len) - (x->len < y->len);
}

/* Each once and in order, as most are that were made of such. */
static bool is_sorted(const struct waf_strings *s)
{
	for (uint32_t i = 1; i < s->n; i++) {
		if (compare(&s->v[i - 1], &s->v[i]) >= 0)
			return false;
	}
	return true;
}

void waf_strings_sort(struct waf_strings *s)
{
	uint32_t n = 0;

	if (is_sorted(s))
		return;
	qsort(s->v, s->n, sizeof(*s->v), compare);
	for (uint32_t i = 0; i < s->n; i++) {
		if (n == 0 || compare(&s->v[n - 1], &s->v[i]) != 0)
			s->v[n++] = s->v[i];
	}
	s->n = n;
}

void waf_strings_merge(struct waf_strings *s, const struct waf_strings *a,
		       const struct waf_strings *b)
{
	uint32_t i = 0, k = 0;

	s->n = 0;
	while (i < a->n && k < b->n) {
		int order = compare(&a->v[i], &b->v[k]);

		s->v[s->n++] = order <= 0 ? a->v[i] : b->v[k];
		i += order <= 0;
		k += order >= 0;
	}
	while (i < a->n)
		s->v[s->n++] = a->v[i++];
	while (k < b->n)
		s->v[s->n++] = b->v[k++];
}

static int compare_length(const void *a, const void *b)
{
	const struct weir_bytes *x = a, *y = b;

	return x->len != y->len ? (x->len > y->len ? 1 : -1) : compare(a, b);
}

void waf_strings_minimize(struct waf_strings *s)
{
	uint32_t n = 0;

	if (s->n < 2)
		return;
	qsort(s->v, s->n, sizeof(*s->v), compare_length);
	for (uint32_t i = 0; i < s->n; i++) {
		uint32_t k = 0;

		while (k < n && weir_bytes_find(s->v[i], s->v[k]) < 0)
			k++;
		if (k == n)
			s->v[n++] = s->v[i];
	}
	s->n = n;
	qsort(s->v, s->n, sizeof(*s->v), compare);
}

/* ---- conditions ---- */

void waf_set_widen(struct waf_set *s)
{
	for (unsigned int i = 0; i < WAF_KINDS; i++)
		if (waf_set_meets(s, &kinds[i]))
			waf_set_join(s, &kinds[i]);
}

static bool is_of_marks(struct weir_bytes s)
{
	size_t i = 0;

	while (i < s.len && waf_is_mark(s.ptr[i]))
		i++;
	return i == s.len;
}

/* Strings of one byte become members of the set. False when there is one that says nothing. */
static bool take_strings(struct waf_cond *c, const struct waf_strings *s)
{
	for (uint32_t i = 0; i < s->n; i++) {
		if (is_of_marks(s->v[i]))
			return false;
		if (s->v[i].len == 1)
			waf_set_add_case(&c->set, s->v[i].ptr[0]);
		else
			c->literals.v[c->literals.n++] = s->v[i];
	}
	return true;
}

/* Whether whoever has `s` in some case has a byte of the set. */
static bool literal_tells(struct weir_bytes s, const struct waf_set *set)
{
	for (size_t k = 0; k < s.len; k++) {
		bool letter = (uint8_t)(s.ptr[k] - 'a') < 26;

		if (waf_is_mark(s.ptr[k]))
			continue;
		if (waf_set_has(set, s.ptr[k]) && (!letter || waf_set_has(set, s.ptr[k] ^ 0x20)))
			return true;
	}
	return false;
}

/* Leaves out literals that a byte of the set tells already. */
static void drop_told(struct waf_cond *c)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < c->literals.n; i++) {
		if (!literal_tells(c->literals.v[i], &c->set))
			c->literals.v[n++] = c->literals.v[i];
	}
	c->literals.n = n;
}

static struct waf_cond *finish(struct waf_model *m, struct waf_cond *c)
{
	waf_strings_sort(&c->literals);
	waf_set_widen(&c->set);
	drop_told(c);
	if (c->literals.n > m->max_literals || waf_set_count(&c->set) > SET_MEMBERS_MAX)
		return NULL;
	judge(m, c);
	return c;
}

struct waf_cond *waf_cond_create(struct waf_model *m, struct waf_strings strings,
				 const struct waf_set *set)
{
	struct waf_cond *c = weir_arena_zalloc(m->a, sizeof(*c));

	if (!c || strings.n > 4 * m->max_literals)
		return NULL;
	c->literals.v = weir_arena_alloc(m->a, strings.n * sizeof(*strings.v));
	if (!c->literals.v)
		return NULL;
	if (set)
		c->set = *set;
	return take_strings(c, &strings) ? finish(m, c) : NULL;
}

struct waf_cond *waf_cond_either(struct waf_model *m, const struct waf_cond *a,
				 const struct waf_cond *b)
{
	struct waf_cond *c = weir_arena_zalloc(m->a, sizeof(*c));

	if (!c)
		return NULL;
	c->literals.v =
		weir_arena_alloc(m->a, (a->literals.n + b->literals.n) * sizeof(*c->literals.v));
	if (!c->literals.v)
		return NULL;
	c->set = a->set;
	waf_set_join(&c->set, &b->set);
	waf_strings_merge(&c->literals, &a->literals, &b->literals);
	return finish(m, c);
}

/* A letter or a digit stands for all of them. */
static uint32_t cost_of_byte(const struct waf_model *m, uint8_t b)
{
	return b < 0x80 && isalnum(b) ? WAF_COST_ALWAYS : estimate(m->bits[b]);
}

/* The members that `literals` add to `c`'s set: of each one whose sight adds the fewest values. */
struct waf_cond *waf_cond_as_set(struct waf_model *m, const struct waf_cond *c)
{
	struct waf_cond *out = weir_arena_zalloc(m->a, sizeof(*out));

	if (!out)
		return NULL;
	out->set = c->set;
	for (uint32_t i = 0; i < c->literals.n; i++) {
		struct weir_bytes s = c->literals.v[i];
		uint32_t best = UINT32_MAX;
		uint8_t member = s.ptr[0];

		for (size_t k = 0; k < s.len; k++) {
			uint8_t b = s.ptr[k];
			uint32_t cost = waf_set_has(&out->set, b) ? 0 : cost_of_byte(m, b);

			if (cost < best && !waf_is_mark(b)) {
				best = cost;
				member = b;
			}
		}
		waf_set_add_case(&out->set, member);
	}
	return finish(m, out);
}

static bool literal_meets(struct weir_bytes s, const struct waf_cond *c)
{
	for (size_t k = 0; k < s.len; k++) {
		if (waf_set_has(&c->set, s.ptr[k]) && !waf_is_mark(s.ptr[k]))
			return true;
	}
	for (uint32_t i = 0; i < c->literals.n; i++) {
		if (has_literal(s, c->literals.v[i]))
			return true;
	}
	return false;
}

/* Whether letters are in the set in both cases or in none. */
static bool is_caseless(const struct waf_set *s)
{
	uint64_t letters = s->bits[1] & 0x07fffffe07fffffe;

	return (uint32_t)letters == (uint32_t)(letters >> 32);
}

/* Whether there is a benign value that meets `a` only. */
static bool shows_otherwise(const struct waf_cond *a, const struct waf_cond *b)
{
	uint64_t only = 0;

	for (size_t i = 0; i < WAF_SAMPLE_WORDS; i++)
		only |= a->passed.bits[i] & ~b->passed.bits[i];
	return only && is_caseless(&b->set);
}

bool waf_cond_implies(const struct waf_cond *a, const struct waf_cond *b)
{
	if (shows_otherwise(a, b))
		return false;
	for (size_t i = 0; i < WEIR_ARRAY_LEN(a->set.bits); i++) {
		if (a->set.bits[i] & ~b->set.bits[i])
			return false;
	}
	for (uint32_t i = 0, k = 0; i < a->literals.n; i++) {
		struct weir_bytes s = a->literals.v[i];

		while (k < b->literals.n && compare(&b->literals.v[k], &s) < 0)
			k++;
		if ((k == b->literals.n || compare(&b->literals.v[k], &s) != 0) &&
		    !literal_meets(s, b))
			return false;
	}
	return true;
}
