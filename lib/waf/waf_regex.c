/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reads PCRE2's regular expressions (pcre2pattern(3)). What a later version reads in another way
 * than 10.42 is not understood.
 */
#include "waf_regex_impl.h"

#define DEPTH_MAX  200   /* PCRE2's own limit is 250 */
#define REPEAT_MAX 65535 /* PCRE2's largest count */

static struct waf_re *parse_alternatives(struct re_parser *p);

static struct waf_re *node(struct re_parser *p, enum waf_re_kind kind)
{
	struct waf_re *re = weir_arena_zalloc(p->a, sizeof(*re));

	if (re)
		re->kind = kind;
	else
		p->bad = true;
	return re;
}

static struct waf_re *set_node(struct re_parser *p, const struct waf_set *set)
{
	struct waf_re *re = node(p, WAF_RE_SET);

	if (re)
		re->set = *set;
	return re;
}

static struct waf_re *char_node(struct re_parser *p, uint8_t c)
{
	struct waf_set set = {0};

	waf_set_add(&set, c);
	if (p->flags & RE_CASELESS)
		re_set_fold(&set);
	return set_node(p, &set);
}

static struct waf_re *any_byte(struct re_parser *p)
{
	struct waf_set all = {0};

	re_set_invert(&all);
	return set_node(p, &all);
}

static struct waf_re *repeat(struct re_parser *p, struct waf_re *child, uint32_t min, uint32_t max)
{
	struct waf_re *re = node(p, WAF_RE_REPEAT);

	if (!re)
		return NULL;
	re->first = child;
	re->min = min;
	re->max = max;
	return re;
}

/* The comment (?# at p->pos. */
static void skip_group_comment(struct re_parser *p)
{
	while (p->pos < p->end && *p->pos != ')')
		p->pos++;
	if (p->pos == p->end)
		p->bad = true;
	else
		p->pos++;
}

/* A comment ends with the line; other ends than LF are a matter of PCRE2's configuration. */
static void skip_line(struct re_parser *p)
{
	while (p->pos < p->end && *p->pos != '\n') {
		if (*p->pos++ == '\r')
			p->bad = true;
	}
}

static bool skip_extended(struct re_parser *p)
{
	uint8_t c = *p->pos;

	if (!(p->flags & RE_EXTENDED))
		return false;
	if (c == '#') {
		skip_line(p);
		return true;
	}
	if (c == 0x85) /* white space to PCRE2 with Unicode only */
		p->bad = true;
	if (c != ' ' && (uint8_t)(c - '\t') > '\r' - '\t')
		return false;
	p->pos++;
	return true;
}

/* Passes over what stands for nothing, and over \Q. */
static void skip_nothing(struct re_parser *p)
{
	while (!p->bad && p->pos < p->end) {
		if (re_at_text(p, "\\E")) {
			p->quoting = false;
			p->pos += 2;
		} else if (p->quoting) {
			return;
		} else if (re_at_text(p, "\\Q")) {
			p->quoting = true;
			p->pos += 2;
		} else if (re_at_text(p, "(?#")) {
			skip_group_comment(p);
		} else if (!skip_extended(p)) {
			return;
		}
	}
}

static struct waf_re *escape_node(struct re_parser *p)
{
	struct re_escape e = re_read_escape(p, false);
	struct waf_re *re;

	switch (e.kind) {
	case RE_ESC_CHAR:
		return char_node(p, e.c);
	case RE_ESC_SET:
	case RE_ESC_UNSURE:
		return set_node(p, &e.set);
	case RE_ESC_ASSERTION:
		return node(p, WAF_RE_EMPTY);
	case RE_ESC_BEGIN:
		return node(p, WAF_RE_BEGIN);
	case RE_ESC_END:
		return node(p, WAF_RE_END);
	case RE_ESC_REFERENCE:
		return node(p, WAF_RE_ANY);
	case RE_ESC_NEWLINE: /* CR LF, or one of them and some more */
		re_set_range(&e.set, '\n', '\r');
		waf_set_add(&e.set, 0x85);
		re = set_node(p, &e.set);
		return repeat(p, re, 1, 2);
	case RE_ESC_CLUSTER:
		re = any_byte(p);
		return repeat(p, re, 1, WAF_RE_INF);
	default:
		p->bad = true;
		return NULL;
	}
}

static uint32_t flag_of(uint8_t letter)
{
	switch (letter) {
	case 'i':
		return RE_CASELESS;
	case 'x':
		return RE_EXTENDED;
	case 'n':
		return RE_NO_CAPTURE;
	case 'm':
		return RE_MULTILINE;
	default:
		return 0;
	}
}

/* Letters after "(?", up to ")" or ":"; their flags are valid at once. */
static void parse_flags(struct re_parser *p)
{
	bool off = false;

	if (re_at(p, '^')) {
		p->flags = 0;
		p->pos++;
	}
	for (; p->pos < p->end && *p->pos != ')' && *p->pos != ':'; p->pos++) {
		uint32_t flag = flag_of(*p->pos);

		if (*p->pos == '-' && !off) {
			off = true;
		} else if (re_at_text(p, "xx")) {
			p->pos++;
			flag |= RE_EXTENDED_MORE;
			p->flags = off ? p->flags & ~flag : p->flags | flag;
		} else if (flag == RE_EXTENDED) { /* a single x also ends xx */
			p->flags &= ~(uint32_t)(RE_EXTENDED | RE_EXTENDED_MORE);
			p->flags |= off ? 0 : flag;
		} else if (flag || *p->pos == 's' || *p->pos == 'J' || *p->pos == 'U') {
			p->flags = off ? p->flags & ~flag : p->flags | flag;
		} else {
			p->bad = true;
		}
	}
	if (p->pos == p->end)
		p->bad = true;
}

static void skip_name(struct re_parser *p, uint8_t close)
{
	const uint8_t *start = p->pos;

	while (p->pos < p->end && *p->pos != close && *p->pos != ')')
		p->pos++;
	if (!re_at(p, close) || p->pos == start)
		p->bad = true;
	else
		p->pos++;
	p->groups++;
}

/* (?P=name) is a back reference; the calls (?P>name) are not understood. */
static bool is_reference(struct re_parser *p)
{
	if (!re_at_text(p, "P="))
		return false;
	while (p->pos < p->end && *p->pos != ')')
		p->pos++;
	return true;
}

enum group_kind { GROUP_PLAIN, GROUP_ASSERTION, GROUP_FLAGS, GROUP_REFERENCE };

/* What stands between "(" and the group's contents. */
static enum group_kind parse_group_head(struct re_parser *p)
{
	static const char *const assertions[] = {"=", "!", "*", "<=", "<!", "<*"};

	if (re_at(p, '*')) { /* a verb, or an assertion by name */
		p->bad = true;
		return GROUP_PLAIN;
	}
	if (!re_at(p, '?')) {
		p->groups += !(p->flags & RE_NO_CAPTURE);
		return GROUP_PLAIN;
	}
	p->pos++;
	for (size_t i = 0; i < WEIR_ARRAY_LEN(assertions); i++) {
		if (re_at_text(p, assertions[i])) {
			p->pos += strlen(assertions[i]);
			return GROUP_ASSERTION;
		}
	}
	if (re_at(p, '>')) {
		p->pos++;
		return GROUP_PLAIN;
	}
	if (re_at(p, '|')) {
		p->groups_unsure = true;
		p->pos++;
		return GROUP_PLAIN;
	}
	if (re_at(p, '<') || re_at(p, '\'') || re_at_text(p, "P<")) {
		p->pos += *p->pos == 'P';
		skip_name(p, *p->pos++ == '<' ? '>' : '\'');
		return GROUP_PLAIN;
	}
	if (is_reference(p))
		return GROUP_REFERENCE;
	parse_flags(p);
	if (re_at(p, ')'))
		return GROUP_FLAGS;
	p->pos++;
	return GROUP_PLAIN;
}

/* After "(". Flags inside end with the group; those of "(?i)" go on after it. */
static struct waf_re *parse_group(struct re_parser *p)
{
	uint32_t flags = p->flags;
	enum group_kind kind;
	struct waf_re *re;

	if (++p->depth > DEPTH_MAX)
		p->bad = true;
	kind = parse_group_head(p);
	if (p->bad)
		return NULL;
	if (kind == GROUP_FLAGS)
		flags = p->flags;
	re = kind == GROUP_FLAGS       ? node(p, WAF_RE_EMPTY)
	     : kind == GROUP_REFERENCE ? node(p, WAF_RE_ANY)
				       : parse_alternatives(p);
	if (!re_at(p, ')')) {
		p->bad = true;
		return NULL;
	}
	p->pos++;
	p->depth--;
	p->flags = flags;
	return kind == GROUP_ASSERTION ? node(p, WAF_RE_EMPTY) : re;
}

static bool is_word_end(const struct re_parser *p)
{
	return re_at_text(p, "[[:<:]]") || re_at_text(p, "[[:>:]]");
}

static struct waf_re *parse_atom(struct re_parser *p)
{
	struct waf_set set;
	uint8_t c;

	if (!p->quoting && is_word_end(p)) {
		p->pos += 7;
		return node(p, WAF_RE_EMPTY);
	}
	c = *p->pos++;
	if (p->quoting)
		return char_node(p, c);
	switch (c) {
	case '^':
		return node(p, p->flags & RE_MULTILINE ? WAF_RE_EMPTY : WAF_RE_BEGIN);
	case '$':
		return node(p, p->flags & RE_MULTILINE ? WAF_RE_EMPTY : WAF_RE_END);
	case '.':
		return any_byte(p);
	case '\\':
		return escape_node(p);
	case '[':
		set = re_read_class(p);
		return set_node(p, &set);
	case '(':
		return parse_group(p);
	case '*':
	case '+':
	case '?':
		p->bad = true;
		return NULL;
	default:
		return char_node(p, c);
	}
}

static const uint8_t *read_count(const uint8_t *at, const uint8_t *end, uint32_t *count)
{
	*count = 0;
	for (; at < end && re_is_digit(*at); at++) {
		if (*count <= REPEAT_MAX)
			*count = *count * 10 + (uint32_t)(*at - '0');
	}
	return at;
}

/* Later versions also read {,n}, and spaces inside of the braces, as counts. */
static bool is_doubtful_brace(const uint8_t *at, const uint8_t *end)
{
	bool digit = false;

	while (at < end && (re_is_digit(*at) || *at == ',' || *at == ' ' || *at == '\t'))
		digit |= re_is_digit(*at++);
	return digit && at < end && *at == '}';
}

/* {n}, {n,} and {n,m}; another brace is a character. */
static bool parse_braces(struct re_parser *p, uint32_t *min, uint32_t *max)
{
	const uint8_t *at = read_count(p->pos + 1, p->end, min);

	*max = *min;
	if (at == p->pos + 1 || at == p->end)
		goto none;
	if (*at == ',') {
		const uint8_t *from = ++at;

		at = read_count(at, p->end, max);
		if (at == from)
			*max = WAF_RE_INF;
	}
	if (at == p->end || *at != '}')
		goto none;
	if (*min > *max || *min > REPEAT_MAX || (*max > REPEAT_MAX && *max != WAF_RE_INF))
		p->bad = true;
	p->pos = at + 1;
	return true;
none:
	if (is_doubtful_brace(p->pos + 1, p->end))
		p->bad = true;
	return false;
}

static bool parse_quantifier(struct re_parser *p, uint32_t *min, uint32_t *max)
{
	uint8_t c;

	skip_nothing(p);
	if (p->bad || p->quoting || p->pos == p->end)
		return false;
	c = *p->pos;
	if (c == '{') {
		if (!parse_braces(p, min, max))
			return false;
	} else if (c == '*' || c == '+' || c == '?') {
		*min = c == '+';
		*max = c == '?' ? 1 : WAF_RE_INF;
		p->pos++;
	} else {
		return false;
	}
	if (re_at(p, '?') || re_at(p, '+'))
		p->pos++;
	return true;
}

static struct waf_re *parse_sequence(struct re_parser *p)
{
	struct waf_re *cat = node(p, WAF_RE_CAT), **link = cat ? &cat->first : NULL;
	uint32_t min, max;

	for (;;) {
		struct waf_re *re;

		skip_nothing(p);
		if (p->bad || p->pos == p->end)
			return cat;
		if (!p->quoting && (*p->pos == '|' || *p->pos == ')'))
			return cat;
		re = parse_atom(p);
		while (!p->bad && parse_quantifier(p, &min, &max))
			re = repeat(p, re, min, max);
		if (p->bad)
			return NULL;
		*link = re;
		link = &re->next;
	}
}

static struct waf_re *parse_alternatives(struct re_parser *p)
{
	struct waf_re *first = parse_sequence(p), *alt, **link;

	if (p->bad || !re_at(p, '|'))
		return first;
	alt = node(p, WAF_RE_ALT);
	if (!alt)
		return NULL;
	alt->first = first;
	link = &first->next;
	while (!p->bad && re_at(p, '|')) {
		p->pos++;
		*link = parse_sequence(p);
		if (*link)
			link = &(*link)->next;
	}
	return alt;
}

struct waf_re *waf_re_parse(struct weir_bytes pattern, bool caseless, struct weir_arena *a)
{
	struct re_parser p = {.pos = pattern.ptr,
			      .end = pattern.ptr + pattern.len,
			      .a = a,
			      .flags = caseless ? RE_CASELESS : 0};
	struct waf_re *re = parse_alternatives(&p);

	return p.bad || p.pos != p.end ? NULL : re;
}
