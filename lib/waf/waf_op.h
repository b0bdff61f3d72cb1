/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Operators: a rule's test compiled, and asked about one value. Compiling is control's; asking is a
 * worker's, with scratch of its own, without allocation or lock.
 */
#ifndef WAF_OP_H
#define WAF_OP_H

#include <weir_conf.h>
#include <weir_seclang.h>

#include "waf_clock.h"
#include "waf_need.h"

struct waf_op;
struct waf_scratch; /* of a worker: match data, JIT stack, Hyperscan's */
struct waf_cache;   /* waf_cache.h */

struct waf_op_cfg {
	uint32_t match_limit; /* of PCRE2; 0: its own */
	uint32_t depth_limit;
	bool limit_grows;        /* with the value, so that it can be read to its end */
	struct waf_cache *cache; /* while operators are made; NULL: none */
};

/*
 * Compiles `test`; errors are reported at `pos`. `arena` holds what the operator needs and outlives
 * it. Macros in the argument are left to waf_op_run's caller. NULL: reported.
 */
struct waf_op *waf_op_create(const struct weir_sec_test *test, const struct waf_op_cfg *cfg,
			     struct weir_conf_pos pos, struct weir_arena *arena,
			     struct weir_conf_report *r);
/* Frees what libraries hold. NULL: nothing. */
void waf_op_destroy(struct waf_op *op);
/* Bytes that it holds, libraries' included. */
size_t waf_op_bytes(const struct waf_op *op);
/* The conditions under which it can match, its negation left aside: whoever asks for a negated
 * operator must not use them. 0, or -WEIR_ENOMEM. */
WEIR_MUST_CHECK int waf_op_need(const struct waf_op *op, struct weir_arena *a,
				struct waf_need *out);

/* Scratch that is enough for each of `ops`. NULL: no memory. */
struct waf_scratch *waf_scratch_create(struct waf_op *const *ops, uint32_t n);
void waf_scratch_destroy(struct waf_scratch *s);

/* The processor's clock; cheap enough to be read between any two steps. */
static inline uint64_t waf_ticks(void)
{
	return __builtin_ia32_rdtsc();
}
/* Operators look at that clock: what takes longer gives WAF_LIMIT as soon as it is noticed. While
 * an operator waits for more time others may use the scratch. NULL: as long as it takes. */
void waf_scratch_clock(struct waf_scratch *s, struct waf_clock *clock);

/*
 * The name of a JSON member of which all names are plain, as JSON's decoder makes it: @detectSQLi
 * does not match it.
 */
bool waf_inject_is_json_name(struct weir_bytes value);

#define WAF_CAPTURES 10

/* What matched: views into the value. capture[0] is the whole match; those that did not take part
 * are empty with ptr NULL. */
struct waf_op_match {
	struct weir_bytes capture[WAF_CAPTURES];
	uint8_t n_captures; /* 0: the operator gives none */
};

enum waf_outcome {
	WAF_NO_MATCH,
	WAF_MATCH,
	WAF_LIMIT /* a budget was used up before it could be told */
};

/*
 * Asks `op` about `value`; the outcome has the negation applied. `argument` is the expanded
 * argument where it has macros, else not looked at; an operator whose argument has macros and is
 * compiled (@rx, @pm) is matched slowly and correctly. `want` (may be NULL) gets the captures: of
 * @rx the groups, of @pm the phrase, of @detectSQLi the fingerprint (which lives in `s` until the
 * next call), of @detectXSS and the rest what ModSecurity v2 puts into TX:0.
 */
enum waf_outcome waf_op_run(const struct waf_op *op, struct waf_scratch *s, struct weir_bytes value,
			    struct weir_bytes argument, struct waf_op_match *want);

#endif
