/* SPDX-License-Identifier: BSD-3-Clause */
/* Between the reader of expressions and that of escapes and classes. */
#ifndef WAF_REGEX_IMPL_H
#define WAF_REGEX_IMPL_H

#include "waf_regex.h"

enum {
	RE_CASELESS = 1,
	RE_EXTENDED = 2,      /* x: white space and comments are left out */
	RE_EXTENDED_MORE = 4, /* xx: in classes, too */
	RE_NO_CAPTURE = 8,
	RE_MULTILINE = 16,
};

struct re_parser {
	const uint8_t *pos, *end;
	struct weir_arena *a;
	uint32_t flags;
	uint32_t depth;
	uint32_t groups;    /* capturing ones opened so far */
	bool groups_unsure; /* their numbers cannot be told */
	bool quoting;       /* between \Q and \E */
	bool bad;           /* stays set: nothing of the expression is to be believed */
};

enum re_escape_kind {
	RE_ESC_BAD,
	RE_ESC_CHAR,
	RE_ESC_SET,
	RE_ESC_UNSURE, /* some set; `set` is larger */
	RE_ESC_ASSERTION,
	RE_ESC_BEGIN, /* of the value */
	RE_ESC_END,
	RE_ESC_REFERENCE, /* back, to a group */
	RE_ESC_NEWLINE,   /* \R */
	RE_ESC_CLUSTER,   /* \X */
};

struct re_escape {
	enum re_escape_kind kind;
	uint8_t c;
	struct waf_set set;
};

static inline bool re_at(const struct re_parser *p, uint8_t c)
{
	return p->pos < p->end && *p->pos == c;
}

static inline bool re_at_text(const struct re_parser *p, const char *text)
{
	size_t n = strlen(text);

	return (size_t)(p->end - p->pos) >= n && memcmp(p->pos, text, n) == 0;
}

static inline bool re_is_digit(uint8_t c)
{
	return (uint8_t)(c - '0') < 10;
}

void re_set_range(struct waf_set *s, unsigned int from, unsigned int to);
void re_set_invert(struct waf_set *s);
/* Adds the other case of each ASCII letter. */
void re_set_fold(struct waf_set *s);

/* What stands after a backslash, which is read already. */
struct re_escape re_read_escape(struct re_parser *p, bool in_class);
/* What stands after an opening bracket, which is read already, and the closing one. */
struct waf_set re_read_class(struct re_parser *p);

#endif
