/* SPDX-License-Identifier: BSD-3-Clause */
/* From trees to conditions, of which waf_need.c chooses. */
#ifndef WAF_FACTOR_H
#define WAF_FACTOR_H

#include "waf_cond.h"

#define WAF_FACTOR_LITERALS 6
#define WAF_FACTOR_SETS     6

/* All of them are necessary. Those with literals and those without are kept apart, the cheapest
 * first, so that neither crowds out the other. `terse` has few literals: of each alternative a set
 * where there is one, whatever it costs. */
struct waf_factors {
	struct waf_cond *literals[WAF_FACTOR_LITERALS];
	struct waf_cond *sets[WAF_FACTOR_SETS];
	const struct waf_cond *terse; /* or NULL */
	uint32_t n_literals, n_sets;
	uint32_t min_len;
	bool never; /* nothing matches */
};

/*
 * How parts are dealt with that may be missing, or be many things: gaps. They end a literal; but
 * where a set that costs at most `cost` tells that a gap is not empty the literal goes on over it,
 * with the set beside it: a"*b has "ab" or a quote. With `forks` it also goes on in two ways, over
 * the gap and into it: a"*b has "ab" or `a"`; a set is taken then only where it is not known what
 * the gap begins and ends with, or where it costs at most `cheap`.
 */
struct waf_gaps {
	uint32_t cost, cheap;
	bool forks;
};

/* Finds conditions of `re`. Returns what gaps.cost must be for another gap to be one; with less the
 * answer is the same. */
uint32_t waf_factor(struct waf_model *m, const struct waf_re *re, struct waf_gaps gaps,
		    struct waf_factors *out);

#endif
