/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * @detectSQLi and @detectXSS: libinjection, out of Debian's static libmodsecurity.a, which installs
 * no header for it. Version 3.9 returns int.
 */
#include "waf_op_impl.h"

int libinjection_sqli(const char *input, size_t len, char fingerprint[]);
int libinjection_xss(const char *input, size_t len);
/* Of `word` in upper or lower case, 0: it is not known; `state` is not looked at. */
char libinjection_sqli_lookup_word(void *state, int lookup_type, const char *word, size_t len);

#define LOOKUP_WORD      1
#define FINGERPRINT_TYPE 'F'
#define TOKENS_MAX       5

/* ---- asking ---- */

/* With zero bytes behind it; NULL: it is too long. */
static const char *padded(struct waf_scratch *s, struct weir_bytes value)
{
	if (value.len > OP_TEXT_MAX)
		return NULL;
	if (value.len)
		memcpy(s->text, value.ptr, value.len);
	memset(s->text + value.len, 0, OP_TEXT_PADDING);
	return (const char *)s->text;
}

static enum waf_outcome run_sqli(const struct waf_op *op, struct waf_scratch *s,
				 struct weir_bytes value, struct weir_bytes argument,
				 struct waf_op_match *want)
{
	const char *text;

	if (!waf_inject_sqli_possible(op->sqli, value))
		return WAF_NO_MATCH;
	text = padded(s, value);
	if (!text)
		return WAF_LIMIT;
	if (!libinjection_sqli(text, value.len, s->fingerprint))
		return WAF_NO_MATCH;
	if (want) {
		want->capture[0] = weir_bytes_str(s->fingerprint);
		want->n_captures = 1;
	}
	return WAF_MATCH;
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

static enum waf_outcome run_xss(const struct waf_op *op, struct waf_scratch *s,
				struct weir_bytes value, struct weir_bytes argument,
				struct waf_op_match *want)
{
	const char *text;

	if (!xss_possible(value))
		return WAF_NO_MATCH;
	text = padded(s, value);
	if (!text)
		return WAF_LIMIT;
	return op_outcome(libinjection_xss(text, value.len) != 0);
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
		size_t len = strlen(rows[i].text);

		memset(text, 0, sizeof(text));
		memcpy(text, rows[i].text, len);
		if ((libinjection_sqli(text, len, fingerprint) != 0) != rows[i].sqli ||
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
