/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Between the files that find conditions of an expression, one for each way of putting parts
 * together: waf_factor.c begins, and has what is a part by itself.
 */
#ifndef WAF_FACTOR_IMPL_H
#define WAF_FACTOR_IMPL_H

#include "waf_claim.h"
#include "waf_factor.h"

/*
 * What is known of a part: it is one of `exact`, or it begins with one of `head` and ends with one
 * of `tail`. Without these two it is exact. Each claim stands by itself: where a byte of its
 * `unless` is in the part it says nothing.
 */
struct factor_part {
	struct waf_strings exact;
	struct waf_claim head, tail;
	struct waf_factors found;
};

struct factor {
	struct waf_model *m;
	struct waf_gaps gaps;
	uint32_t refused; /* the cheapest tell of a gap that cost more */
};

static inline bool factor_is_exact(const struct factor_part *p)
{
	return !p->head.s.n && !p->tail.s.n;
}

/* waf_factor.c: of any expression */
void factor_of(struct factor *f, const struct waf_re *re, struct factor_part *out);
/* The empty string, and any string. */
void factor_empty(struct factor *f, struct factor_part *out);
void factor_any(struct factor *f, struct factor_part *out);
/* What any such part begins with, or ends with. */
struct waf_claim factor_head(struct factor *f, const struct factor_part *p);
struct waf_claim factor_tail(struct factor *f, const struct factor_part *p);
/* What is exact no longer, because it is too long or has too many forms. */
void factor_blur(struct factor *f, struct factor_part *p);

/* waf_factor_cat.c: `p`, then `next`, becomes `p` */
void factor_append(struct factor *f, struct factor_part *p, const struct factor_part *next);
void factor_cat(struct factor *f, const struct waf_re *re, struct factor_part *out);

/* waf_factor_repeat.c */
void factor_repeat(struct factor *f, const struct waf_re *re, struct factor_part *out);
/* The set that tells that a part is there that may be missing, or that an alternative is there that
 * is vague: then literals go on over it. NULL: it would cost more than such a gap may. */
const struct waf_cond *factor_tell(struct factor *f, const struct factor_part *p);

/* waf_factor_alt.c */
void factor_alt(struct factor *f, const struct waf_re *re, struct factor_part *out);

/* waf_factor_found.c: adds what is worth it. NULL: nothing. */
void factor_add(struct waf_factors *found, struct waf_cond *c);
void factor_add_all(struct waf_factors *found, const struct waf_factors *other);
void factor_add_claim(struct factor *f, struct waf_factors *found, const struct waf_claim *c);
/* What it begins with and what it ends with. */
void factor_add_ends(struct factor *f, struct waf_factors *found, const struct factor_part *p);
/* The cheapest set that tells the part from the empty string, or NULL. */
const struct waf_cond *factor_best_set(struct factor *f, const struct factor_part *p);

#endif
