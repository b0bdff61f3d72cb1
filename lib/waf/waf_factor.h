/* SPDX-License-Identifier: BSD-3-Clause */
/* From trees to conditions, of which waf_need.c chooses. */
#ifndef WAF_FACTOR_H
#define WAF_FACTOR_H

#include "waf_cond.h"

#define WAF_FACTOR_LITERALS 6
#define WAF_FACTOR_SETS     6

/* All of them are necessary. Those with literals and those without are kept apart, the cheapest
 * first, so that neither crowds out the other. */
struct waf_factors {
	struct waf_cond *literals[WAF_FACTOR_LITERALS];
	struct waf_cond *sets[WAF_FACTOR_SETS];
	uint32_t n_literals, n_sets;
	uint32_t min_len;
	bool never; /* nothing matches */
};

/*
 * Finds conditions of `re`. Gaps, which are parts that may be missing, end a literal; but where a
 * set that costs at most `gap_cost` tells that a gap is not empty the literal goes on over it, with
 * the set beside it: a"*b has "ab" or a quote. 0: no such gaps. Returns what `gap_cost` must be for
 * another gap to be one; with less the answer is the same.
 */
uint32_t waf_factor(struct waf_model *m, const struct waf_re *re, uint32_t gap_cost,
		    struct waf_factors *out);

#endif
