/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What must stand in a value for an operator to match it: necessary conditions, cheap to ask for
 * many operators at once. A condition that is missing costs time, one that is wrong costs a missed
 * attack: everything here errs towards fewer conditions.
 */
#ifndef WAF_NEED_H
#define WAF_NEED_H

#include <weir_base.h>

/* A set of byte values. */
struct waf_set {
	uint64_t bits[4];
};

static inline void waf_set_add(struct waf_set *s, uint8_t c)
{
	s->bits[c >> 6] |= 1ULL << (c & 63);
}

static inline bool waf_set_has(const struct waf_set *s, uint8_t c)
{
	return s->bits[c >> 6] >> (c & 63) & 1;
}

/*
 * Stands before a value and behind it where literals are looked for, so that they can ask for where
 * a value begins or ends. Values that have the byte themselves meet a literal once more than they
 * need, which only costs time.
 */
#define WAF_MARK 0x1e

/* One of these must occur in the value, in any case of ASCII letters. Some may be of one byte,
 * beside longer ones: "busybox", or a quote. Such are better looked for among the value's bytes. A
 * mark may be the first byte of a longer one, or the last. */
struct waf_literals {
	struct weir_bytes *literal; /* lower case; none is empty */
	uint32_t n;
};

#define WAF_NEED_SETS     3
#define WAF_NEED_LITERALS 2

/* All conditions must hold at once. With none of them any value may match. */
struct waf_need {
	struct waf_set set[WAF_NEED_SETS]; /* of each, at least one byte must occur */
	struct waf_literals literals[WAF_NEED_LITERALS];
	uint8_t n_sets;
	uint8_t n_literals;
	bool never;       /* no value matches */
	uint32_t min_len; /* bytes that a value must have */
};

/*
 * The conditions of a regular expression (PCRE2 syntax, options as @rx compiles them), most
 * selective first: literals of which the shortest is long and the number small, then small sets
 * that the literals do not imply. Leaves *out without conditions for what it does not understand.
 * At most `max_literals` literals a condition. 0, or -WEIR_ENOMEM.
 */
WEIR_MUST_CHECK int waf_need_of_regex(struct weir_bytes pattern, bool caseless,
				      uint32_t max_literals, struct weir_arena *a,
				      struct waf_need *out);
/* Asks directly: for tests, and for values that no prefilter has seen. */
bool waf_need_is_met(const struct waf_need *need, struct weir_bytes value);

#endif
