/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of the operators share. */
#ifndef WAF_OP_IMPL_H
#define WAF_OP_IMPL_H

#define PCRE2_CODE_UNIT_WIDTH 8
#include <hs.h>
#include <pcre2.h>

#include "waf_op.h"

/* What an operator is compiled from, and where what is wrong with it is told. */
struct op_source {
	const struct weir_sec_test *test;
	const struct waf_op_cfg *cfg;
	struct weir_conf_pos pos;
	struct weir_arena *arena;
	struct weir_conf_report *report;
};

/* An address range, both ends included; families apart, as ModSecurity keeps them. */
struct op_range {
	uint8_t first[16], last[16];
};
struct op_ranges {
	struct op_range *at; /* in order, without overlap */
	uint32_t n;
};

/* SQL's words with their types, by hash: see waf_op_sqli.c. */
#define OP_SQLI_SLOTS 1024
struct op_sqli_words {
	uint32_t slot[OP_SQLI_SLOTS];
};

struct op_kind {
	/* Fills the operator's part of *op. False: reported. NULL: there is nothing to fill. */
	bool (*create)(struct waf_op *op, const struct op_source *from);
	/* NULL: there is nothing to free. */
	void (*destroy)(struct waf_op *op);
	enum waf_outcome (*run)(const struct waf_op *op, struct waf_scratch *s,
				struct weir_bytes value, struct weir_bytes argument,
				struct waf_op_match *want);
	/* NULL: no condition is known. */
	int (*need)(const struct waf_op *op, struct weir_arena *a, struct waf_need *out);
};

struct waf_op {
	const struct op_kind *kind;
	uint8_t op; /* enum weir_sec_operator */
	bool negated;
	bool has_macro;
	size_t bytes; /* of what is held */
	/* As written; what the operator compares with where it has no macro. */
	struct weir_bytes argument;
	union {
		struct {
			pcre2_code *code; /* NULL: compiled when asked, of a macro */
			bool jit;
			bool whole;  /* ^.*$: matches all, and captures it */
			bool first;  /* a dot: matches all that is not empty */
			bool slices; /* starts can be tried a few at a time */
			bool limit_grows;
			uint32_t match_limit, depth_limit;
		} rx;
		struct {
			hs_database_t *db; /* NULL: there is no phrase */
			struct weir_bytes *phrases;
			uint32_t n_phrases;
		} pm;
		int64_t number;
		struct waf_set bytes_allowed;
		struct op_ranges ranges[2]; /* IPv4, IPv6 */
		struct op_sqli_words *sqli;
	};
};

/* A region that PCRE2 allocates from while a worker compiles: nothing is freed singly, and all but
 * the first `kept` bytes is given back before the next expression. */
struct op_region {
	uint8_t *base;
	size_t used, room, kept;
};

/* The expression of the last @rx whose argument has macros. */
struct op_compiled {
	struct op_region region;
	pcre2_general_context *memory; /* of the region */
	pcre2_compile_context *context;
	const struct waf_op *op;
	struct weir_bytes text; /* in the region */
	pcre2_code *code;
	pcre2_match_data *match_data;
};

#define OP_FINGERPRINT_BYTES 8
/* libinjection reads a few bytes past the end; ModSecurity's values end with a zero byte. */
#define OP_TEXT_PADDING 64
/* Longer values are not given to libinjection, which would take tens of milliseconds. */
#define OP_TEXT_MAX (1 << 20)

struct waf_scratch {
	pcre2_match_data *match_data;
	pcre2_match_context *match_context;
	pcre2_jit_stack *jit_stack;
	uint32_t match_limit, depth_limit; /* that match_context has */
	struct waf_clock *clock;           /* NULL: there is time for all */
	hs_scratch_t *hs;                  /* NULL: no operator needs it */
	uint8_t *text;                     /* a value with padding; NULL: no operator needs it */
	struct op_compiled *compiled;      /* NULL: no operator needs it */
	uint64_t n_compiled;               /* how often a worker had to compile */
	char fingerprint[OP_FINGERPRINT_BYTES];
};

extern const struct op_kind waf_kind_rx, waf_kind_pm;
extern const struct op_kind waf_kind_begins_with, waf_kind_contains, waf_kind_contains_word,
	waf_kind_ends_with, waf_kind_streq, waf_kind_strmatch, waf_kind_within;
extern const struct op_kind waf_kind_eq, waf_kind_ge, waf_kind_gt, waf_kind_le, waf_kind_lt;
extern const struct op_kind waf_kind_byte_range, waf_kind_url_encoding, waf_kind_utf8_encoding;
extern const struct op_kind waf_kind_ip_match;
extern const struct op_kind waf_kind_detect_sqli, waf_kind_detect_xss;
extern const struct op_kind waf_kind_verify_cc, waf_kind_verify_ssn, waf_kind_verify_cpf;

/* ---- what several of them do ---- */

/* What the operator compares with: its expanded argument, or the one that was written. */
static inline struct weir_bytes op_argument(const struct waf_op *op, struct weir_bytes expanded)
{
	return op->has_macro ? expanded : op->argument;
}

/* Whether there is no time left, nor more to be had. Bytes that an operator reads at once: */
#define OP_PIECE (128u << 10)
static inline bool op_is_late(const struct waf_scratch *s)
{
	return s->clock && waf_clock_is_over(s->clock, waf_ticks()) && !waf_clock_wait(s->clock);
}

static inline enum waf_outcome op_outcome(bool matches)
{
	return matches ? WAF_MATCH : WAF_NO_MATCH;
}

/* Adds the condition that one of the `n` literals must stand there; they are copied in lower case,
 * and none may be empty. */
WEIR_MUST_CHECK int waf_need_add_literals(struct waf_need *need, const struct weir_bytes *literals,
					  uint32_t n, struct weir_arena *a);
void waf_need_add_set(struct waf_need *need, const struct waf_set *set);

/* waf_op_slice.c: values longer than that are matched with an eye on the clock */
#define OP_SLICE_FROM 96
bool waf_rx_can_be_sliced(struct weir_bytes pattern);
/* As waf_rx_match; PCRE2_ERROR_MATCHLIMIT, too, when s->clock is over, or would be. */
int waf_rx_match_slices(const struct waf_op *op, struct waf_scratch *s, struct weir_bytes value,
			size_t offset, uint32_t options);

/* waf_op_rx.c: the limit of one start over `value`. */
uint32_t waf_rx_limit(const struct waf_op *op, struct weir_bytes value);
/* Sets PCRE2's limits, of which 0 is its own. */
void waf_rx_set_limits(const struct waf_op *op, struct waf_scratch *s, uint32_t limit);
/* One call of PCRE2 with the limits that are set. */
int waf_rx_match_once(const struct waf_op *op, struct waf_scratch *s, struct weir_bytes value,
		      size_t offset, uint32_t options);
/* Compiles with PCRE2's `options`, for machine code where that can be. False:
 * reported. */
WEIR_MUST_CHECK bool waf_rx_compile(struct waf_op *op, const struct op_source *from,
				    struct weir_bytes pattern, uint32_t options);
void waf_rx_free(struct waf_op *op);
/* Matches from `offset` on; what PCRE2 returns. s->match_data has the places. */
int waf_rx_match(const struct waf_op *op, struct waf_scratch *s, struct weir_bytes value,
		 size_t offset, uint32_t options);
/* What PCRE2 returned as an outcome. */
enum waf_outcome waf_rx_outcome(int rc);
/* NULL: no memory. */
struct op_compiled *waf_rx_compiled_create(void);
void waf_rx_compiled_destroy(struct op_compiled *c);

/* waf_op_inject.c: whether libinjection, as it is linked, tells known attacks from known text, and
 * whether what waf_op_sqli.c stands on is so there. Takes some ten milliseconds. */
bool waf_inject_self_test(void);

/* waf_op_sqli.c */
void waf_sqli_words_init(struct op_sqli_words *w);
/* Those of which one stands in each value that libinjection finds SQL in. */
void waf_sqli_needed_bytes(struct waf_set *set);
/* False: libinjection finds no SQL in it, and need not be asked. Looks at the clock of `s`; NULL:
 * the value is short. */
bool waf_inject_sqli_possible(const struct op_sqli_words *w, struct weir_bytes value,
			      const struct waf_scratch *s);

#endif
