/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Conditions while they are looked for: what they say, and how many benign values they let pass.
 * Everything lives in one scratch arena; where that is used up, answers are NULL or empty and
 * `weir_arena.failed` is set, and nothing found may be used.
 */
#ifndef WAF_COND_H
#define WAF_COND_H

#include "waf_regex.h"

#define WAF_SAMPLE_WORDS 3

/*
 * Marks of a value's beginning and end in strings. They are told apart while strings are put
 * together, and both WAF_MARK in what comes of it. As bytes of an expression they are never written
 * into strings, and no set has them for marks.
 */
#define WAF_BEGIN WAF_MARK
#define WAF_END   0x1f

static inline bool waf_is_mark(uint8_t c)
{
	return c == WAF_BEGIN || c == WAF_END;
}

/* Which of the benign values. */
struct waf_samples {
	uint64_t bits[WAF_SAMPLE_WORDS];
};

/* What bytes let pass: the benign values that have one of them, and an estimate. */
struct waf_byte_cost {
	struct waf_samples passed;
	uint64_t cost;
};

#define WAF_KINDS 6 /* of bytes, see waf_set_widen */

/* Benign values, by what occurs in them. Few pairs of bytes do: all others have number 0. */
struct waf_model {
	struct weir_bytes *text; /* each value in lower case, between marks */
	uint16_t *pair_number;   /* of two bytes, one after the other, lower case */
	struct waf_samples *pair;
	struct waf_samples byte[256];
	struct waf_byte_cost kind[WAF_KINDS];
	struct waf_samples not_ascii; /* those that have such bytes */
	uint8_t bits[256];            /* of information in a byte */
	uint32_t max_literals;
	struct weir_arena *a;
};

struct waf_strings {
	struct weir_bytes *v;
	uint32_t n;
};

/* Every match has one of `literals` or one byte of `set` in it. The cost tells how often benign
 * values do; WAF_COST_ALWAYS stands for each of them. */
struct waf_cond {
	struct waf_strings literals; /* lower case, of two bytes and more, sorted */
	struct waf_set set;
	struct waf_samples passed;
	uint32_t cost;
};

#define WAF_COST_ALWAYS (1U << 20)

extern const char *const waf_benign_values[];
extern const uint32_t waf_benign_n;

bool waf_model_init(struct waf_model *m, uint32_t max_literals, struct weir_arena *a);

static inline struct waf_samples waf_samples_all(void)
{
	struct waf_samples s = {0};

	for (uint32_t i = 0; i < waf_benign_n; i++)
		s.bits[i / 64] |= 1ULL << (i & 63);
	return s;
}

static inline uint32_t waf_samples_count(const struct waf_samples *s)
{
	uint32_t n = 0;

	for (size_t i = 0; i < WAF_SAMPLE_WORDS; i++)
		n += (uint32_t)__builtin_popcountll(s->bits[i]);
	return n;
}

static inline void waf_set_join(struct waf_set *s, const struct waf_set *other)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(s->bits); i++)
		s->bits[i] |= other->bits[i];
}

static inline bool waf_set_meets(const struct waf_set *s, const struct waf_set *other)
{
	uint64_t both = 0;

	for (size_t i = 0; i < WEIR_ARRAY_LEN(s->bits); i++)
		both |= s->bits[i] & other->bits[i];
	return both != 0;
}

static inline uint32_t waf_set_count(const struct waf_set *s)
{
	uint32_t n = 0;

	for (size_t i = 0; i < WEIR_ARRAY_LEN(s->bits); i++)
		n += (uint32_t)__builtin_popcountll(s->bits[i]);
	return n;
}

/* Adds `c` and, where it is a letter, its other case. */
static inline void waf_set_add_case(struct waf_set *s, uint8_t c)
{
	waf_set_add(s, c);
	if ((uint8_t)(weir_lower(c) - 'a') < 26)
		waf_set_add(s, c ^ 0x20);
}

/* With lower-case letters for the upper-case ones. */
static inline struct waf_set waf_set_lower(const struct waf_set *s)
{
	const uint64_t upper = 0x07fffffe; /* A to Z, in the second word */
	struct waf_set lower = *s;

	lower.bits[1] = (lower.bits[1] & ~upper) | (lower.bits[1] & upper) << ('a' - 'A');
	return lower;
}

/* Kinds of bytes of which a set has all or none: what values have of letters and digits is not
 * worth telling apart, see waf_screen_classes.c. */
void waf_set_widen(struct waf_set *s);

/* Sorts, and leaves out what occurs twice. */
void waf_strings_sort(struct waf_strings *s);
/* Those of both, which are sorted, into s->v, which has room for them: sorted, too. */
void waf_strings_merge(struct waf_strings *s, const struct waf_strings *a,
		       const struct waf_strings *b);
/* Leaves out each string that has another one in it: whoever has it has the other. */
void waf_strings_minimize(struct waf_strings *s);
bool waf_literal_in(struct weir_bytes text, struct weir_bytes literal);

/* A condition of copies of `strings` and `set`. NULL when it says nothing: there is an empty
 * string or one of marks alone, too many of them, or a set that nearly every value meets. */
struct waf_cond *waf_cond_create(struct waf_model *m, struct waf_strings strings,
				 const struct waf_set *set);
/* One of the two holds. */
struct waf_cond *waf_cond_either(struct waf_model *m, const struct waf_cond *a,
				 const struct waf_cond *b);
/* The bytes, one of each literal, that occur least in benign values. */
struct waf_cond *waf_cond_as_set(struct waf_model *m, const struct waf_cond *c);
/* Whether what meets `a`, with its letters in lower case, meets `b`: then `b` tells nothing new. */
bool waf_cond_implies(const struct waf_cond *a, const struct waf_cond *b);

#endif
