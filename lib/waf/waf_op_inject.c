/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * @detectSQLi and @detectXSS: libinjection, out of Debian's static libmodsecurity.a, which installs
 * no header for it. Version 3.9 returns int.
 */
#include "waf_op_impl.h"

int libinjection_sqli(const char *input, size_t len, char fingerprint[]);
int libinjection_xss(const char *input, size_t len);
int libinjection_is_xss(const char *input, size_t len, int state);
/* Its state: where it reads stands in `pos`. Of the rest only the size matters. */
struct libinjection_sqli_state {
	const char *input;
	size_t len;
	void *lookup, *userdata;
	int flags;
	size_t pos;
	uint64_t rest[62];
};
typedef char sqli_lookup(struct libinjection_sqli_state *s, int type, const char *word, size_t len);
void libinjection_sqli_init(struct libinjection_sqli_state *s, const char *input, size_t len,
			    int flags);
void libinjection_sqli_callback(struct libinjection_sqli_state *s, sqli_lookup *lookup,
				void *userdata);
int libinjection_is_sqli(struct libinjection_sqli_state *s);
/* Of `word` in upper or lower case, 0: it is not known; `state` is not looked at. */
char libinjection_sqli_lookup_word(struct libinjection_sqli_state *state, int lookup_type,
				   const char *word, size_t len);

#define LOOKUP_WORD        1
#define LOOKUP_FINGERPRINT 4
#define FINGERPRINT_TYPE   'F'
#define TOKENS_MAX         5
#define FINGERPRINT_AT     0x1f8 /* in its state, as waf_inject_self_test() makes sure */

/* ---- asking ---- */

/* With zero bytes behind it; it has OP_TEXT_MAX at most. */
static const char *padded(struct waf_scratch *s, struct weir_bytes value)
{
	if (value.len)
		memcpy(s->text, value.ptr, value.len);
	memset(s->text + value.len, 0, OP_TEXT_PADDING);
	return (const char *)s->text;
}

/* ---- long values ---- */

/* Longer values are asked about by their beginning first, and with an eye on the clock. */
#define LONG (64u << 10)
/* Bytes behind a token that are looked at for its sake. */
#define BEHIND 64
/* Twice as much may take so many times as long. */
#define LONGER 4

struct reading {
	size_t most;  /* so far it has read */
	bool comment; /* the last of some tokens is one */
};

/* Asked at each word, and at the end of each pass with the types of tokens: libinjection reads up
 * to five tokens, so what follows them does not matter. */
static char note_place(struct libinjection_sqli_state *s, int type, const char *word, size_t len)
{
	struct reading *r = s->userdata;

	if (s->pos > r->most)
		r->most = s->pos;
	if (type == LOOKUP_FINGERPRINT && len && word[len - 1] == 'c')
		r->comment = true;
	return libinjection_sqli_lookup_word(s, type, word, len);
}

/* Behind a comment this word stands for an attack, wherever it is. True, too, without time. */
static bool has_password(struct waf_scratch *s, struct weir_bytes value)
{
	static const char word[] = "sp_password";
	const size_t len = sizeof(word) - 1;

	while (value.len >= len) {
		size_t n = value.len < LONG ? value.len : LONG;

		if (memmem(value.ptr, n, word, len) || op_is_late(s))
			return true;
		n -= len - 1;
		value = weir_bytes_of(value.ptr + n, value.len - n);
	}
	return false;
}

/* Passes in which the value began within quotes are made only when these stand in it. */
static size_t needed_beginning(struct weir_bytes value)
{
	const uint8_t *quote = memchr(value.ptr, '\'', value.len);
	const uint8_t *quotes = memchr(value.ptr, '"', value.len);
	size_t n = LONG / 4;

	if (quote && (size_t)(quote - value.ptr) + LONG / 4 > n)
		n = (size_t)(quote - value.ptr) + LONG / 4;
	if (quotes && (size_t)(quotes - value.ptr) + LONG / 4 > n)
		n = (size_t)(quotes - value.ptr) + LONG / 4;
	return n < value.len ? n : value.len;
}

/* *told: the beginning is enough to tell. */
static bool beginning_is_sqli(struct waf_scratch *s, struct weir_bytes value, size_t n, bool *told)
{
	struct libinjection_sqli_state state;
	struct reading r = {0};
	bool is;

	libinjection_sqli_init(&state, padded(s, weir_bytes_of(value.ptr, n)), n, 0);
	libinjection_sqli_callback(&state, note_place, &r);
	is = libinjection_is_sqli(&state);
	*told = n == value.len || r.most + BEHIND < n;
	if (!is && *told && r.comment && n < value.len)
		*told = !has_password(s, value);
	if (is)
		memcpy(s->fingerprint, (const char *)&state + FINGERPRINT_AT,
		       sizeof(s->fingerprint));
	return is;
}

/* Twice as much each time, while there is time for that. */
static enum waf_outcome run_long_sqli(const struct waf_op *op, struct waf_scratch *s,
				      struct weir_bytes value)
{
	size_t n = needed_beginning(value);
	bool told = false, asked = false;

	while (n <= OP_TEXT_MAX) {
		uint64_t then = waf_ticks(), took;
		bool is = beginning_is_sqli(s, value, n, &told);

		took = waf_ticks() - then;
		if (told)
			return op_outcome(is);
		if (!asked && !waf_inject_sqli_possible(op->sqli, value, s))
			return WAF_NO_MATCH;
		asked = true;
		n = 2 * n < value.len ? 2 * n : value.len;
		if (s->clock && !waf_clock_fits(s->clock, waf_ticks(), took * LONGER))
			return WAF_LIMIT;
	}
	return asked || waf_inject_sqli_possible(op->sqli, value, s) ? WAF_LIMIT : WAF_NO_MATCH;
}

static bool is_sqli(struct waf_scratch *s, struct weir_bytes value)
{
	return libinjection_sqli(padded(s, value), value.len, s->fingerprint) != 0;
}

static enum waf_outcome run_sqli(const struct waf_op *op, struct waf_scratch *s,
				 struct weir_bytes value, struct weir_bytes argument,
				 struct waf_op_match *want)
{
	enum waf_outcome outcome;

	if (value.len > LONG)
		outcome = run_long_sqli(op, s, value);
	else
		outcome = op_outcome(waf_inject_sqli_possible(op->sqli, value, NULL) &&
				     is_sqli(s, value));
	if (outcome == WAF_MATCH && want) {
		want->capture[0] = weir_bytes_str(s->fingerprint);
		want->n_captures = 1;
	}
	return outcome;
}

/*
 * A tag, a comment or a declaration begins with '<'; an attribute's value, which alone makes its
 * name matter, follows '='. So it is in each of the five states that libinjection begins in.
 */
static bool xss_possible(struct weir_bytes value)
{
	return value.len &&
	       (memchr(value.ptr, '<', value.len) || memchr(value.ptr, '=', value.len));
}

/* Ends an attribute's value, behind which a name may begin. */
static bool ends_value(uint8_t c)
{
	return c == ' ' || (uint8_t)(c - '\t') < 5 || !c || c == '"' || c == '\'' || c == '`' ||
	       c == '>';
}

/* Without tags there are but attributes, whose names begin behind the end of a value and stand
 * before an equals sign. Those of Base64 end it. */
static bool long_xss_possible(struct waf_scratch *s, struct weir_bytes value)
{
	const uint8_t *last = value.ptr ? memrchr(value.ptr, '=', value.len) : NULL;

	if (!last || memchr(value.ptr, '<', value.len))
		return true;
	for (const uint8_t *at = value.ptr; at < last; at++)
		if (ends_value(*at) ||
		    ((size_t)(at - value.ptr) % LONG == LONG - 1 && op_is_late(s)))
			return true;
	return false;
}

/* The states in which it begins, one at a time. Another transaction may have had the text between.
 */
#define XSS_STATES 5

static enum waf_outcome run_long_xss(struct waf_scratch *s, struct weir_bytes value)
{
	uint64_t took = 0;

	for (int state = 0; state < XSS_STATES; state++) {
		uint64_t then;

		if (s->clock && !waf_clock_fits(s->clock, waf_ticks(), took))
			return WAF_LIMIT;
		then = waf_ticks();
		if (libinjection_is_xss(padded(s, value), value.len, state))
			return WAF_MATCH;
		took = waf_ticks() - then;
	}
	return WAF_NO_MATCH;
}

static enum waf_outcome run_xss(const struct waf_op *op, struct waf_scratch *s,
				struct weir_bytes value, struct weir_bytes argument,
				struct waf_op_match *want)
{
	if (!xss_possible(value))
		return WAF_NO_MATCH;
	if (value.len > OP_TEXT_MAX)
		return long_xss_possible(s, value) ? WAF_LIMIT : WAF_NO_MATCH;
	if (value.len > LONG)
		return run_long_xss(s, value);
	return op_outcome(libinjection_xss(padded(s, value), value.len) != 0);
}

/* ---- conditions ---- */

static int need_xss(const struct waf_op *op, struct weir_arena *a, struct waf_need *out)
{
	struct waf_set set = {0};

	waf_set_add(&set, '<');
	waf_set_add(&set, '=');
	waf_need_add_set(out, &set);
	return 0;
}

static int need_sqli(const struct waf_op *op, struct weir_arena *a, struct waf_need *out)
{
	struct waf_set set;

	waf_sqli_needed_bytes(&set);
	waf_need_add_set(out, &set);
	out->min_len = 2;
	return 0;
}

/* ---- whether it is the library that we take it for ---- */

static bool knows_attacks(void)
{
	static const struct {
		const char *text;
		bool sqli, xss;
	} rows[] = {
		{"1' or '1'='1' -- ", true, false},
		{"-1 union select 1,2,3", true, false},
		{"admin'/*", true, false},
		{"<script>alert(1)</script>", false, true},
		{"x onerror=alert(1)", false, true},
		{"\" onmouseover=\"alert(1)", false, true},
		{"blue bottle garden", false, false},
		{"a.b@example.com", false, false},
		{"2024-01-31", false, false},
	};
	char text[64 + OP_TEXT_PADDING], fingerprint[OP_FINGERPRINT_BYTES];

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct libinjection_sqli_state state;
		struct reading r = {0};
		size_t len = strlen(rows[i].text);

		memset(text, 0, sizeof(text));
		memcpy(text, rows[i].text, len);
		libinjection_sqli_init(&state, text, len, 0);
		libinjection_sqli_callback(&state, note_place, &r);
		if ((libinjection_sqli(text, len, fingerprint) != 0) != rows[i].sqli ||
		    (libinjection_is_sqli(&state) != 0) != rows[i].sqli || !r.most ||
		    r.most > len ||
		    (rows[i].sqli && strcmp(fingerprint, (const char *)&state + FINGERPRINT_AT)) ||
		    (libinjection_xss(text, len) != 0) != rows[i].xss)
			return false;
	}
	return true;
}

/* Three tokens with a keyword in the middle are looked at once more, and pass. */
static bool passes(const char *types, size_t n)
{
	return n == 3 && types[1] == 'K';
}

/* None of the strings over `alphabet` that begin with the `n` types behind the '0' is known. */
static bool all_harmless(const char *alphabet, char *word, size_t n)
{
	if (n && !passes(word + 1, n) &&
	    libinjection_sqli_lookup_word(NULL, LOOKUP_WORD, word, n + 1) == FINGERPRINT_TYPE)
		return false;
	for (const char *c = alphabet; n < TOKENS_MAX && *c; c++) {
		word[n + 1] = *c;
		if (!all_harmless(alphabet, word, n + 1))
			return false;
	}
	return true;
}

bool waf_inject_self_test(void)
{
	char word[TOKENS_MAX + 2] = "0";

	return knows_attacks() && all_harmless("N1FO,.:;?", word, 0) &&
	       all_harmless("N1FKV,.:?", word, 0);
}

/* ---- compiling ---- */

static bool create_xss(struct waf_op *op, const struct op_source *from)
{
	if (knows_attacks())
		return true;
	weir_conf_error(from->report, from->pos, "libinjection does not work as it should");
	return false;
}

static bool create_sqli(struct waf_op *op, const struct op_source *from)
{
	op->sqli = weir_arena_alloc(from->arena, sizeof(*op->sqli));
	op->bytes += sizeof(*op->sqli);
	if (!op->sqli) {
		weir_conf_error(from->report, from->pos, "out of memory");
		return false;
	}
	waf_sqli_words_init(op->sqli);
	return create_xss(op, from);
}

const struct op_kind waf_kind_detect_sqli = {
	.create = create_sqli, .run = run_sqli, .need = need_sqli};
const struct op_kind waf_kind_detect_xss = {.create = create_xss, .run = run_xss, .need = need_xss};
