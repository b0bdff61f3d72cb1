/* SPDX-License-Identifier: BSD-3-Clause */
/* Sets of prefilter slots: a machine word of 512 bits, which the compiler maps to what there is. */
#ifndef WAF_BITS_H
#define WAF_BITS_H

#include <weir_base.h>

#define WAF_SLOTS      512
#define WAF_SLOT_WORDS (WAF_SLOTS / 64)

typedef uint64_t waf_bits __attribute__((vector_size(WAF_SLOTS / 8)));

/* The same where memory is aligned to words only. */
typedef uint64_t waf_bits_loose __attribute__((vector_size(WAF_SLOTS / 8), aligned(8)));

static inline void waf_bits_set(waf_bits *b, unsigned int i)
{
	(*b)[i / 64] |= 1ULL << (i % 64);
}

static inline bool waf_bits_has(const waf_bits *b, unsigned int i)
{
	return (*b)[i / 64] >> (i % 64) & 1;
}

/* ---- sets of any size: words of 64 ---- */

static inline size_t waf_words(size_t bits)
{
	return (bits + 63) / 64;
}

static inline void waf_word_set(uint64_t *w, size_t i)
{
	w[i / 64] |= 1ULL << (i % 64);
}

static inline bool waf_word_has(const uint64_t *w, size_t i)
{
	return w[i / 64] >> (i % 64) & 1;
}

/* The first member from `i` on, or `n`. */
static inline size_t waf_word_next(const uint64_t *w, size_t i, size_t n)
{
	uint64_t left;

	if (i >= n)
		return n;
	left = w[i / 64] >> (i % 64);
	if (left)
		return i + (size_t)__builtin_ctzll(left);
	for (size_t k = i / 64 + 1; k < waf_words(n); k++)
		if (w[k])
			return k * 64 + (size_t)__builtin_ctzll(w[k]);
	return n;
}

#endif
