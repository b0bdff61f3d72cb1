/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Escapes and classes of PCRE2's regular expressions, for bytes in the C locale (pcre2pattern(3),
 * "Backslash", "Square brackets and character classes", "Posix character classes").
 */
#include "waf_regex_impl.h"

void re_set_range(struct waf_set *s, unsigned int from, unsigned int to)
{
	for (unsigned int c = from; c <= to; c++)
		waf_set_add(s, (uint8_t)c);
}

void re_set_invert(struct waf_set *s)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(s->bits); i++)
		s->bits[i] = ~s->bits[i];
}

void re_set_fold(struct waf_set *s)
{
	for (uint8_t c = 'a'; c <= 'z'; c++) {
		if (waf_set_has(s, c) || waf_set_has(s, c ^ 0x20)) {
			waf_set_add(s, c);
			waf_set_add(s, c ^ 0x20);
		}
	}
}

static void set_join(struct waf_set *s, const struct waf_set *other)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(s->bits); i++)
		s->bits[i] |= other->bits[i];
}

/* Pairs of first and last members. */
static struct waf_set set_of(const char *pairs, size_t n)
{
	struct waf_set s = {0};

	for (size_t i = 0; i + 1 < n; i += 2)
		re_set_range(&s, (uint8_t)pairs[i], (uint8_t)pairs[i + 1]);
	return s;
}

#define SET_OF(pairs) set_of(pairs, sizeof(pairs) - 1)

/* Lower-case letters of the generic types; upper-case ones are their complements. */
static bool generic_type(uint8_t letter, struct waf_set *s)
{
	switch (weir_lower(letter)) {
	case 'd':
		*s = SET_OF("09");
		break;
	case 'h':
		*s = SET_OF("\t\t  \xa0\xa0");
		break;
	case 's':
		*s = SET_OF("\t\r  ");
		break;
	case 'v':
		*s = SET_OF("\n\r\x85\x85");
		break;
	case 'w':
		*s = SET_OF("09AZaz__");
		break;
	default:
		return false;
	}
	if (letter < 'a')
		re_set_invert(s);
	return true;
}

static struct re_escape escape_bad(struct re_parser *p)
{
	p->bad = true;
	return (struct re_escape){.kind = RE_ESC_BAD};
}

static struct re_escape escape_char(unsigned int c)
{
	return (struct re_escape){.kind = RE_ESC_CHAR, .c = (uint8_t)c};
}

/* Digits of `base` (8 or 16) up to a closing brace; \x{} and \o{} must have one at least. */
static struct re_escape escape_braced(struct re_parser *p, int base)
{
	unsigned int c = 0, n = 0;

	for (p->pos++; p->pos < p->end && *p->pos != '}'; p->pos++, n++) {
		int digit = weir_hex_value(*p->pos);

		if (digit < 0 || digit >= base)
			return escape_bad(p);
		c = c * (unsigned int)base + (unsigned int)digit;
		if (c > 0xff)
			return escape_bad(p);
	}
	if (p->pos == p->end || n == 0)
		return escape_bad(p);
	p->pos++;
	return escape_char(c);
}

static struct re_escape escape_hex(struct re_parser *p)
{
	unsigned int c = 0;

	if (re_at(p, '{'))
		return escape_braced(p, 16);
	for (int n = 0; n < 2 && p->pos < p->end && weir_hex_value(*p->pos) >= 0; n++)
		c = c << 4 | (unsigned int)weir_hex_value(*p->pos++);
	return escape_char(c);
}

/* At most three octal digits from `p->pos`. */
static struct re_escape escape_octal(struct re_parser *p)
{
	unsigned int c = 0;

	for (int n = 0; n < 3 && p->pos < p->end && (*p->pos & 0xf8) == '0'; n++)
		c = c << 3 | (unsigned int)(*p->pos++ - '0');
	return c > 0xff ? escape_bad(p) : escape_char(c);
}

/* \1 to \9 and, where there are as many groups, larger numbers are back references; so are those
 * that begin with 8 or 9. Others are octal. */
static struct re_escape escape_digit(struct re_parser *p, bool in_class)
{
	const uint8_t *digits = --p->pos;
	uint32_t number = 0;

	if (in_class && *digits >= '8') {
		p->pos++;
		return escape_char(*digits);
	}
	if (in_class || *digits == '0')
		return escape_octal(p);
	while (p->pos < p->end && re_is_digit(*p->pos) && number < 100000)
		number = number * 10 + (uint32_t)(*p->pos++ - '0');
	if (number < 10 || (*digits >= '8' && number < 100000))
		return (struct re_escape){.kind = RE_ESC_REFERENCE};
	if (p->groups_unsure || number >= 100000)
		return escape_bad(p);
	if (number <= p->groups)
		return (struct re_escape){.kind = RE_ESC_REFERENCE};
	p->pos = digits;
	return escape_octal(p);
}

static struct re_escape escape_control(struct re_parser *p)
{
	uint8_t c = p->pos < p->end ? *p->pos++ : 0;

	if (c < 0x20 || c > 0x7e)
		return escape_bad(p);
	if ((uint8_t)(c - 'a') < 26)
		c ^= 0x20;
	return escape_char(c ^ 0x40U);
}

/* Unicode properties are of bytes, too; which have them is not worth a table. */
static struct re_escape escape_property(struct re_parser *p)
{
	struct re_escape any = {.kind = RE_ESC_UNSURE};

	re_set_invert(&any.set);
	if (p->pos == p->end)
		return escape_bad(p);
	if (*p->pos != '{') {
		p->pos++;
		return any;
	}
	while (p->pos < p->end && *p->pos != '}')
		p->pos++;
	if (p->pos == p->end)
		return escape_bad(p);
	p->pos++;
	return any;
}

/* \k<name>, \k'name', \k{name}; \g{name or number} and \g with a number. Calls, \g<name> and
 * \g'name', are recursion. */
static struct re_escape escape_named(struct re_parser *p, uint8_t letter)
{
	uint8_t open = p->pos < p->end ? *p->pos : 0, close;
	const uint8_t *start;

	if (letter == 'g' && open != '{') {
		p->pos += open == '-' || open == '+';
		start = p->pos;
		while (p->pos < p->end && re_is_digit(*p->pos))
			p->pos++;
		return p->pos > start ? (struct re_escape){.kind = RE_ESC_REFERENCE}
				      : escape_bad(p);
	}
	close = open == '<' ? '>' : open == '{' ? '}' : open == '\'' ? '\'' : 0;
	if (!close)
		return escape_bad(p);
	for (start = ++p->pos; p->pos < p->end && *p->pos != close;)
		p->pos++;
	if (p->pos == p->end || p->pos == start)
		return escape_bad(p);
	p->pos++;
	return (struct re_escape){.kind = RE_ESC_REFERENCE};
}

/* Those that mean something outside of classes only. */
static struct re_escape escape_outside(struct re_parser *p, uint8_t c)
{
	struct re_escape e = {.kind = RE_ESC_SET};

	switch (c) {
	case 'A':
		return (struct re_escape){.kind = RE_ESC_BEGIN};
	case 'z':
		return (struct re_escape){.kind = RE_ESC_END};
	case 'B':
	case 'G':
	case 'K':
	case 'Z':
	case 'b':
		return (struct re_escape){.kind = RE_ESC_ASSERTION};
	case 'N': /* \N{...} is a character by name, or a quantifier */
		if (re_at(p, '{') && (p->end - p->pos < 2 || !re_is_digit(p->pos[1])))
			return escape_bad(p);
		re_set_range(&e.set, '\n', '\n');
		re_set_invert(&e.set);
		return e;
	case 'C':
		re_set_invert(&e.set);
		return e;
	case 'R':
		return (struct re_escape){.kind = RE_ESC_NEWLINE};
	case 'X':
		return (struct re_escape){.kind = RE_ESC_CLUSTER};
	case 'g':
	case 'k':
		return escape_named(p, c);
	default:
		return escape_bad(p);
	}
}

struct re_escape re_read_escape(struct re_parser *p, bool in_class)
{
	static const char letters[] = "aefnrt", controls[] = "\a\x1b\f\n\r\t";
	struct re_escape e = {.kind = RE_ESC_SET};
	const char *at;
	uint8_t c;

	if (p->pos == p->end)
		return escape_bad(p);
	c = *p->pos++;
	if (!re_is_digit(c) && (uint8_t)(weir_lower(c) - 'a') >= 26)
		return escape_char(c);
	if (re_is_digit(c))
		return escape_digit(p, in_class);
	at = strchr(letters, c);
	if (at)
		return escape_char((uint8_t)controls[at - letters]);
	if (generic_type(c, &e.set))
		return e;
	if (c == 'x')
		return escape_hex(p);
	if (c == 'o')
		return re_at(p, '{') ? escape_braced(p, 8) : escape_bad(p);
	if (c == 'c')
		return escape_control(p);
	if (c == 'p' || c == 'P')
		return escape_property(p);
	if (in_class)
		return c == 'b' ? escape_char('\b') : escape_bad(p);
	return escape_outside(p, c);
}

static const struct {
	const char *name;
	const char *pairs;
} posix_classes[] = {
	{"alpha", "AZaz"},     {"lower", "az"},     {"upper", "AZ"},      {"alnum", "09AZaz"},
	{"blank", "\t\t  "},   {"digit", "09"},     {"graph", "!~"},      {"print", " ~"},
	{"punct", "!/:@[`{~"}, {"space", "\t\r  "}, {"word", "09AZaz__"}, {"xdigit", "09AFaf"},
};

/* The set that `name`, what stands between "[:" and ":]", is for. */
static struct waf_set posix_set(struct re_parser *p, struct weir_bytes name)
{
	struct waf_set s = {0};
	bool negated = name.len && *name.ptr == '^';

	if (negated)
		name = weir_bytes_of(name.ptr + 1, name.len - 1);
	/* Without regard to case, upper and lower are all letters, also in a complement. */
	if (p->flags & RE_CASELESS &&
	    (weir_bytes_is(name, "upper") || weir_bytes_is(name, "lower")))
		name = weir_bytes_str("alpha");
	if (weir_bytes_is(name, "ascii"))
		re_set_range(&s, 0, 0x7f);
	else if (weir_bytes_is(name, "cntrl")) {
		re_set_range(&s, 0, 0x1f);
		waf_set_add(&s, 0x7f);
	} else {
		size_t i = 0;

		while (i < WEIR_ARRAY_LEN(posix_classes) &&
		       !weir_bytes_is(name, posix_classes[i].name))
			i++;
		if (i == WEIR_ARRAY_LEN(posix_classes)) {
			p->bad = true;
			return s;
		}
		s = set_of(posix_classes[i].pairs, strlen(posix_classes[i].pairs));
	}
	if (negated)
		re_set_invert(&s);
	return s;
}

/* The end of the name when ":", "." or "=" at p->pos begins one, as PCRE2 looks for it; or NULL. */
static const uint8_t *posix_end(const struct re_parser *p)
{
	uint8_t mark = *p->pos;

	for (const uint8_t *at = p->pos + 1; p->end - at >= 2; at++) {
		if (at[0] == '\\' && (at[1] == ']' || at[1] == '\\'))
			at++;
		else if ((at[0] == '[' && at[1] == mark) || at[0] == ']')
			return NULL;
		else if (at[0] == mark && at[1] == ']')
			return at;
	}
	return NULL;
}

/* A class while it is read: what a hyphen would begin a range with, and whether one stands open. */
struct class_state {
	struct waf_set set;
	bool unsure; /* any byte may be a member or not */
	int last;    /* -1: nothing that begins a range */
	bool range;
};

static void class_char(struct re_parser *p, struct class_state *k, uint8_t c)
{
	if (!k->range) {
		waf_set_add(&k->set, c);
		k->last = c;
		return;
	}
	if (k->last > c)
		p->bad = true;
	else
		re_set_range(&k->set, (unsigned int)k->last, c);
	k->range = false;
	k->last = -1;
}

static void class_set(struct class_state *k, const struct waf_set *s)
{
	if (k->range)
		waf_set_add(&k->set, '-');
	k->range = false;
	k->last = -1;
	set_join(&k->set, s);
}

static void class_escape(struct re_parser *p, struct class_state *k)
{
	struct re_escape e;

	if (re_at(p, 'Q') || re_at(p, 'E')) {
		p->quoting = *p->pos++ == 'Q';
		return;
	}
	e = re_read_escape(p, true);
	k->unsure |= e.kind == RE_ESC_UNSURE;
	if (e.kind == RE_ESC_CHAR)
		class_char(p, k, e.c);
	else if (e.kind == RE_ESC_SET || e.kind == RE_ESC_UNSURE)
		class_set(k, &e.set);
	else
		p->bad = true;
}

/* True when a POSIX name was there. */
static bool class_posix(struct re_parser *p, struct class_state *k)
{
	const uint8_t *end;
	struct waf_set s;

	if (!re_at(p, ':') && !re_at(p, '.') && !re_at(p, '='))
		return false;
	end = posix_end(p);
	if (!end)
		return false;
	if (*p->pos != ':') {
		p->bad = true;
		return true;
	}
	s = posix_set(p, weir_bytes_of(p->pos + 1, (size_t)(end - p->pos - 1)));
	class_set(k, &s);
	p->pos = end + 2;
	return true;
}

static void class_item(struct re_parser *p, struct class_state *k)
{
	uint8_t c = *p->pos++;

	if (p->quoting) {
		if (c == '\\' && re_at(p, 'E')) {
			p->quoting = false;
			p->pos++;
		} else {
			class_char(p, k, c);
		}
	} else if (p->flags & RE_EXTENDED_MORE && (c == ' ' || c == '\t')) {
		return;
	} else if (c == '[' && class_posix(p, k)) {
		return;
	} else if (c == '-' && k->last >= 0 && !k->range) {
		k->range = true;
	} else if (c == '\\') {
		class_escape(p, k);
	} else {
		class_char(p, k, c);
	}
}

/* The circumflex, and what may stand around it and means nothing. Returns whether it was there. */
static bool class_head(struct re_parser *p)
{
	bool negated = false;

	for (;;) {
		if (re_at_text(p, "\\E"))
			p->pos += 2;
		else if (re_at_text(p, "\\Q\\E"))
			p->pos += 4;
		else if (p->flags & RE_EXTENDED_MORE && (re_at(p, ' ') || re_at(p, '\t')))
			p->pos++;
		else if (!negated && re_at(p, '^')) {
			negated = true;
			p->pos++;
		} else
			return negated;
	}
}

struct waf_set re_read_class(struct re_parser *p)
{
	struct class_state k = {.last = -1};
	bool negated = class_head(p), first = true;

	while (!p->bad && p->pos < p->end && (first || p->quoting || *p->pos != ']')) {
		if (first && *p->pos == ']') {
			p->pos++;
			class_char(p, &k, ']');
		} else {
			class_item(p, &k);
		}
		first = false;
	}
	if (p->pos == p->end)
		p->bad = true;
	else
		p->pos++;
	if (k.range)
		waf_set_add(&k.set, '-');
	if (p->flags & RE_CASELESS)
		re_set_fold(&k.set);
	if (k.unsure)
		re_set_range(&k.set, 0, 255);
	else if (negated)
		re_set_invert(&k.set);
	return k.set;
}
