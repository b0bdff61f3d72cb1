/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a condition costs is what it lets pass: of the benign values those in which it is met, and
 * for what they do not show an estimate from how frequent its bytes are.
 */
#include <stdlib.h>

#include "waf_cond.h"

#define SET_MEMBERS_MAX  100
#define SET_ESTIMATE_MAX (WAF_COST_ALWAYS / 8)
#define ESTIMATE_MAX     (WAF_COST_ALWAYS / 4) /* what values show counts for more */
#define LITERAL_COST     8                     /* of having one more, whatever it lets pass */

#define PAIRS (1U << 14)

/* Bytes that differ in the highest bit only share a place. */
static unsigned int pair_of(uint8_t c, uint8_t d)
{
	return (c & 127U) << 7 | (d & 127U);
}

bool waf_model_init(struct waf_model *m, uint32_t max_literals, struct weir_arena *a)
{
	*m = (struct waf_model){.max_literals = max_literals, .a = a};
	m->pair = weir_arena_zalloc(a, PAIRS * sizeof(*m->pair));
	if (!m->pair)
		return false;
	weir_assert(waf_benign_n <= 64 * WAF_SAMPLE_WORDS);
	for (uint32_t i = 0; i < waf_benign_n; i++) {
		const char *text = waf_benign_values[i];
		uint64_t bit = 1ULL << (i & 63);

		for (; *text; text++) {
			uint8_t c = weir_lower((uint8_t)text[0]), d = weir_lower((uint8_t)text[1]);

			m->byte[(uint8_t)*text].bits[i / 64] |= bit;
			m->pair[pair_of(c, d)].bits[i / 64] |= bit;
		}
	}
	return true;
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

static uint32_t estimate_literal(struct weir_bytes s)
{
	uint32_t bits = 0;

	for (size_t i = 0; i < s.len; i++)
		bits += bits_of(s.ptr[i]);
	return estimate(bits);
}

static void literal_samples(const struct waf_model *m, struct weir_bytes s,
			    struct waf_samples *passed)
{
	struct waf_samples may = m->pair[pair_of(s.ptr[0], s.ptr[1])];

	for (size_t i = 1; i + 1 < s.len; i++) {
		for (size_t w = 0; w < WAF_SAMPLE_WORDS; w++)
			may.bits[w] &= m->pair[pair_of(s.ptr[i], s.ptr[i + 1])].bits[w];
	}
	for (size_t w = 0; w < WAF_SAMPLE_WORDS; w++) {
		for (uint64_t left = may.bits[w]; left; left &= left - 1) {
			size_t i = w * 64 + (size_t)__builtin_ctzll(left);

			if (waf_literal_in(weir_bytes_str(waf_benign_values[i]), s))
				passed->bits[w] |= left & -left;
		}
	}
}

static void judge(const struct waf_model *m, struct waf_cond *c)
{
	uint64_t cost = 0;

	c->passed = (struct waf_samples){0};
	for (unsigned int b = 0; b < 256; b++) {
		if (!waf_set_has(&c->set, (uint8_t)b))
			continue;
		samples_join(&c->passed, &m->byte[b]);
		cost += estimate(bits_of((uint8_t)b)) / 64;
	}
	if (cost > SET_ESTIMATE_MAX)
		cost = SET_ESTIMATE_MAX;
	for (uint32_t i = 0; i < c->literals.n; i++) {
		literal_samples(m, c->literals.v[i], &c->passed);
		cost += estimate_literal(c->literals.v[i]);
	}
	if (cost > ESTIMATE_MAX)
		cost = ESTIMATE_MAX;
	cost += (uint64_t)c->literals.n * LITERAL_COST;
	cost += (uint64_t)waf_samples_count(&c->passed) * WAF_COST_ALWAYS / waf_benign_n;
	c->cost = cost < WAF_COST_ALWAYS ? (uint32_t)cost : WAF_COST_ALWAYS;
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
	int order = n ? memcmp(x->ptr, y->ptr, n) : 0;

	return order ? order : (x->len > y->len) - (x->len < y->len);
}

void waf_strings_sort(struct waf_strings *s)
{
	uint32_t n = 0;

	if (s->n < 2)
		return;
	qsort(s->v, s->n, sizeof(*s->v), compare);
	for (uint32_t i = 0; i < s->n; i++) {
		if (n == 0 || compare(&s->v[n - 1], &s->v[i]) != 0)
			s->v[n++] = s->v[i];
	}
	s->n = n;
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

/* Strings of one byte become members of the set. False when there is an empty one. */
static bool take_strings(struct waf_cond *c, const struct waf_strings *s)
{
	for (uint32_t i = 0; i < s->n; i++) {
		if (s->v[i].len == 0)
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
	take_strings(c, &a->literals);
	take_strings(c, &b->literals);
	return finish(m, c);
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
			uint32_t cost = waf_set_has(&out->set, b) ? 0 : estimate(bits_of(b));

			if (cost < best) {
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
		if (waf_set_has(&c->set, s.ptr[k]))
			return true;
	}
	for (uint32_t i = 0; i < c->literals.n; i++) {
		if (waf_literal_in(s, c->literals.v[i]))
			return true;
	}
	return false;
}

bool waf_cond_implies(const struct waf_cond *a, const struct waf_cond *b)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(a->set.bits); i++) {
		if (a->set.bits[i] & ~b->set.bits[i])
			return false;
	}
	for (uint32_t i = 0; i < a->literals.n; i++) {
		if (!literal_meets(a->literals.v[i], b))
			return false;
	}
	return true;
}
