/* SPDX-License-Identifier: BSD-3-Clause */
/* What a part of an expression begins or ends with, while waf_factor.c puts parts together. */
#ifndef WAF_CLAIM_H
#define WAF_CLAIM_H

#include "waf_cond.h"

/* Strings, sorted, one of which stands there unless a byte of `unless` does. */
struct waf_claim {
	struct waf_strings s;
	struct waf_set unless;
};

/* Room for so many strings, of which there is none yet. */
struct waf_strings waf_strings_room(struct waf_model *m, uint32_t room);
/* The empty string only: it says nothing. */
struct waf_claim waf_claim_of_nothing(struct waf_model *m);
/* Whether it is more than that. */
bool waf_claim_is_known(const struct waf_claim *c);
/* Cuts the strings to their first or, with `keep_end`, last `len` bytes. */
void waf_strings_cut(struct waf_strings *s, size_t len, bool keep_end);
struct waf_strings waf_strings_copy(struct waf_model *m, const struct waf_strings *s);
/* Each of a, then each of b. False when they are too many. */
bool waf_claim_product(struct waf_model *m, const struct waf_claim *a, const struct waf_claim *b,
		       struct waf_claim *out);
/* Those of both; where they are too many their beginnings or, with `keep_end`, their ends. */
struct waf_claim waf_claim_either(struct waf_model *m, const struct waf_claim *a,
				  const struct waf_claim *b, bool keep_end);

enum waf_whole { WAF_CUT_BOTH, WAF_LEFT_WHOLE, WAF_RIGHT_WHOLE };
/* What stands where `a` ends and `b` begins: where there are too many, shorter ends of `a` and
 * shorter beginnings of `b`, but for what is to stay whole. False: still too many. */
bool waf_claim_joint(struct waf_model *m, const struct waf_claim *a, const struct waf_claim *b,
		     enum waf_whole whole, struct waf_claim *out);

#endif
