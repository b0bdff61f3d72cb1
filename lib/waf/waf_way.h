/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a value's bytes tell before it is transformed: which transformations change it at all, and
 * which slots its classes of bytes satisfy. Workers keep what they found out.
 */
#ifndef WAF_WAY_H
#define WAF_WAY_H

#include "waf_bits.h"
#include "waf_need.h"

struct weir_waf;
struct weir_waf_tx;
struct waf_value;
struct waf_view;

/* A table of what was found before, by a number that is never 0: four places a set, the oldest of
 * which is given up. */
#define WAF_PLACES 4
struct waf_places {
	uint64_t key[WAF_PLACES];
	uint8_t next;
};

/*
 * Of the transformations on the ways of all chains only those matter that change a value: which
 * results its chains then have, many of them the same one, and which slots of a view ask about
 * which. Result 0 is the value itself.
 */
#define WAF_WAY_RESULTS 32 /* where there are more all transformations are taken */
#define WAF_WAY_ASKED   12
struct waf_way_step {
	uint16_t from; /* result */
	uint8_t transform;
	uint64_t later; /* transformations that some chain does to the result */
};
struct waf_way {
	uint64_t key;                  /* of its transformations and view */
	uint16_t n;                    /* results */
	uint8_t n_asked;               /* of them; WAF_WAY_ASKED + 1: too many to be kept here */
	bool is_plain;                 /* about the value itself alone, or about nothing */
	struct waf_way_step *step;     /* by result, from 1 */
	uint16_t *of;                  /* result by node */
	waf_bits *slots;               /* by what is asked about */
	uint16_t asked[WAF_WAY_ASKED]; /* results */
	/* What is asked about matters only if the result of this step has so many bytes; 0: none.
	 */
	uint16_t gate[WAF_WAY_ASKED], gate_len[WAF_WAY_ASKED];
};
#define WAF_WAY_BITS 5
#define WAF_WAY_SETS (1 << WAF_WAY_BITS)

/* What a value's classes tell. */
#define WAF_CLASS_BITS 7
#define WAF_CLASS_SETS (1 << WAF_CLASS_BITS)
struct waf_class {
	uint64_t transforms; /* that are triggered, as a set */
	waf_bits satisfied;  /* slots whose byte sets the classes satisfy */
	waf_bits single[WAF_NEED_LITERALS];
	waf_bits cold; /* slots whose conditions are met without any literal */
};

/* waf_class.c */
/* The place of `key` among 2^bits sets; *known: it was there. */
unsigned int waf_place_of(struct waf_places *places, unsigned int bits, uint64_t key, bool *known);
/* Valid until another is asked for. */
const struct waf_class *waf_class_of(struct weir_waf_tx *tx, uint64_t classes);
/* Those of `transforms` that change `v`, as far as a glance tells. */
uint64_t waf_transforms_of(struct weir_waf_tx *tx, struct waf_value *v, uint64_t transforms);

/* waf_way.c */
#define WAF_ALL_TRANSFORMS (~0ULL)
/* Valid until it is asked for another, which other transactions do between two calls. */
const struct waf_way *waf_way_of(struct weir_waf_tx *tx, const struct waf_view *view,
				 uint64_t transforms);
/* Rooms of ways. False: no memory. */
bool waf_make_ways(struct weir_waf *w, struct waf_way *way, unsigned int n, unsigned int results);
void waf_find_way_of_all(const struct weir_waf *w, struct waf_way *way);

#endif
