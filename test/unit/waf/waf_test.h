/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WAF_TEST_H
#define WAF_TEST_H

#include <waf_need.h>
#include <waf_regex.h>
#include <weir_test.h>

Suite *regex_suite(void);
Suite *waf_cache_suite(void);
Suite *cond_suite(void);
Suite *need_suite(void);
Suite *need_sound_suite(void);
Suite *need_benign_suite(void);
Suite *waf_budget_suite(void);
Suite *waf_clock_suite(void);
Suite *waf_fiber_suite(void);
Suite *waf_turn_suite(void);

/* A rule of a folder with CRS rules that has @rx; what its variables are and where it stands are
 * told from its text only. */
struct crs_rule {
	struct weir_bytes pattern;
	unsigned int level; /* of paranoia; 0: none */
	bool on_arguments;  /* asked about ARGS, and not negated */
};

typedef void (*crs_fn)(void *context, const struct crs_rule *rule);

/* Tells each; returns how many. 0 when `folder` (may be NULL) has none. */
unsigned int crs_rules(const char *folder, crs_fn tell, void *context);

/* Expressions that PCRE2 takes. */
extern const char *const waf_patterns[];
extern const size_t waf_n_patterns;

/* Repeatable. */
static inline uint32_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (uint32_t)(*state >> 16);
}

/* Bytes as text: what is no plain character comes as \xHH. */
void buf_bytes(struct weir_buf *b, struct weir_bytes bytes);
/* The members as characters and ranges; a set of most bytes begins with "^". */
void buf_set(struct weir_buf *b, const struct waf_set *set);

#endif
