/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Regular expressions as trees that tell what a match must consist of. A tree describes at least
 * the strings that the expression matches: assertions but those of the value's ends match the empty
 * string, a back reference anything, and possessive, lazy and atomic parts are as others are.
 */
#ifndef WAF_REGEX_H
#define WAF_REGEX_H

#include "waf_need.h"

enum waf_re_kind {
	WAF_RE_EMPTY,  /* the empty string */
	WAF_RE_BEGIN,  /* the empty string where the value begins */
	WAF_RE_END,    /* the empty string where it ends */
	WAF_RE_SET,    /* one byte of `set` */
	WAF_RE_ANY,    /* any string */
	WAF_RE_CAT,    /* the children, one after the other */
	WAF_RE_ALT,    /* one of the children */
	WAF_RE_REPEAT, /* the child, `min` to `max` times */
};

#define WAF_RE_INF UINT32_MAX

struct waf_re {
	enum waf_re_kind kind;
	uint32_t min, max;
	struct waf_set set;
	struct waf_re *first; /* child */
	struct waf_re *next;  /* sibling */
};

/*
 * Reads an expression of PCRE2's syntax for bytes (no UTF, no UCP, newline is LF), as it is with
 * PCRE2_DOTALL and PCRE2_DOLLAR_ENDONLY. Returns a tree in `a`; NULL for what it does not
 * understand, for recursion, conditions, callouts and verbs, and when there is no memory.
 */
struct waf_re *waf_re_parse(struct weir_bytes pattern, bool caseless, struct weir_arena *a);

#endif
