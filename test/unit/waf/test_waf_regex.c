/* SPDX-License-Identifier: BSD-3-Clause */
#include "waf_test.h"

static void dump(struct weir_buf *b, const struct waf_re *re);

static void dump_children(struct weir_buf *b, const struct waf_re *re, const char *between)
{
	weir_buf_str(b, "(");
	for (const struct waf_re *c = re->first; c; c = c->next) {
		dump(b, c);
		if (c->next)
			weir_buf_str(b, between);
	}
	weir_buf_str(b, ")");
}

/* Sets as [members], those of one member without brackets. */
static void dump(struct weir_buf *b, const struct waf_re *re)
{
	switch (re->kind) {
	case WAF_RE_EMPTY:
		weir_buf_str(b, "()");
		break;
	case WAF_RE_BEGIN:
		weir_buf_str(b, "begin");
		break;
	case WAF_RE_END:
		weir_buf_str(b, "end");
		break;
	case WAF_RE_ANY:
		weir_buf_str(b, "any");
		break;
	case WAF_RE_SET:
		weir_buf_str(b, "[");
		buf_set(b, &re->set);
		weir_buf_str(b, "]");
		break;
	case WAF_RE_CAT:
		dump_children(b, re, "");
		break;
	case WAF_RE_ALT:
		dump_children(b, re, "|");
		break;
	case WAF_RE_REPEAT:
		dump(b, re->first);
		if (re->max == WAF_RE_INF)
			weir_buf_printf(b, "{%u,}", re->min);
		else
			weir_buf_printf(b, "{%u,%u}", re->min, re->max);
	}
}

struct row {
	const char *pattern, *tree;
};

static void expect(const struct row *row, size_t len, bool caseless)
{
	struct weir_buf text = {0};
	const struct waf_re *re;
	struct weir_arena a;

	weir_arena_init(&a, &weir_arena_malloc, 1 << 20);
	re = waf_re_parse(weir_bytes_of(row->pattern, len), caseless, &a);
	if (re)
		dump(&text, re);
	ck_assert_msg(strcmp(re ? text.ptr : "none", row->tree) == 0, "%s: %s, not %s",
		      row->pattern, re ? text.ptr : "none", row->tree);
	weir_buf_fini(&text);
	weir_arena_reset(&a);
}

static void expect_rows(const struct row *row, size_t n, bool caseless)
{
	for (size_t i = 0; i < n; i++)
		expect(&row[i], strlen(row[i].pattern), caseless);
}

#define EXPECT_ROWS(rows, caseless) expect_rows(rows, WEIR_ARRAY_LEN(rows), caseless)

START_TEST(parts_are_put_together)
{
	static const struct row rows[] = {
		{"", "()"},
		{"ab", "([a][b])"},
		{"a|b|", "(([a])|([b])|())"},
		{"a*b+c?d{2}e{2,}f{2,3}", "([a]{0,}[b]{1,}[c]{0,1}[d]{2,2}[e]{2,}[f]{2,3})"},
		{"a*?b++c??", "([a]{0,}[b]{1,}[c]{0,1})"},
		{"a{2}{3}", "([a]{2,2}{3,3})"},
		{"a{,b}c{d}e{", "([a][{][,][b][}][c][{][d][}][e][{])"},
		{"^a$", "(begin[a]end)"},
		{"(?m)^a$(?-m)^a$", "(()()[a]()()begin[a]end)"},
		{"(?m:^)^(?^m)^(?^)$", "((())begin()()()end)"},
		{"(a)(?:b)(?<n>c)(?'n'd)(?P<n>e)(?>f)(?|g)",
		 "(([a])([b])([c])([d])([e])([f])([g]))"},
		{"a(?=b)c(?!d)(?<=e)(?<!f)(?*g)(?<*h)", "([a]()[c]()()()()())"},
		{"(a)\\1\\g1\\g{-1}\\k<n>\\k'n'\\k{n}(?P=n)", "(([a])anyanyanyanyanyanyany)"},
		{"a(?#b)+c", "([a]{1,}[c])"},
		{"\\Qa.*\\E+b\\Q\\E*", "([a][.][*]{1,}[b]{0,})"},
		{"\\Qa|)", "([a][|][)])"},
		{"[[:<:]]a[[:>:]]", "(()[a]())"},
		{".", "([^])"},
	};

	EXPECT_ROWS(rows, false);
}
END_TEST

START_TEST(escapes_are_bytes_types_and_assertions)
{
	static const struct row rows[] = {
		{"\\x41\\x4\\x\\x{e9}\\o{101}\\101\\0\\08",
		 "([A][\\x04][\\x00][\\xe9][A][A][\\x00][\\x00][8])"},
		{"\\a\\e\\f\\n\\r\\t\\cA\\c?\\cz",
		 "([\\x07][\\x1b][\\x0c][\\x0a][\\x0d][\\x09][\\x01][\\x7f][\\x1a])"},
		{"\\.\\_\\ \\\xff", "([.][_][ ][\\xff])"},
		{"\\d\\D", "([0-9][^0-9])"},
		{"\\s\\w", "([\\x09-\\x0d ][0-9A-Z_a-z])"},
		{"\\h\\v", "([\\x09 \\xa0][\\x0a-\\x0d\\x85])"},
		{"\\N\\N{2}", "([^\\x0a][^\\x0a]{2,2})"},
		{"\\C", "([^])"},
		{"\\R", "([\\x0a-\\x0d\\x85]{1,2})"},
		{"\\X", "([^]{1,})"},
		{"\\pL\\P{Lu}", "([^][^])"},
		{"a\\b\\B\\A\\z\\Z\\G\\K", "([a]()()beginend()()())"},
		{"\\12", "([\\x0a])"},
		{"(a)(a)(a)(a)(a)(a)(a)(a)(a)(a)\\10\\11",
		 "(([a])([a])([a])([a])([a])([a])([a])([a])([a])([a])any[\\x09])"},
		{"\\81", "(any)"},
	};

	EXPECT_ROWS(rows, false);
}
END_TEST

START_TEST(classes_are_sets)
{
	static const struct row rows[] = {
		{"[abc]", "([a-c])"},
		{"[]a][^]a]", "([]a][^]a])"},
		{"[a-cx-]", "([-a-cx])"},
		{"[-a][a\\-z]", "([-a][-az])"},
		{"[+--]", "([+--])"},
		{"[\\d-x]", "([-0-9x])"},
		{"[\\]\\\\\\x41-\\x43\\b]", "([\\x08A-C\\]])"},
		{"[\\101\\8]", "([8A])"},
		{"[[:digit:][:^digit:]]", "([^])"},
		{"[[:alpha:]_][[:xdigit:]][[:punct:]]", "([A-Z_a-z][0-9A-Fa-f][!-/:-@[-`{-~])"},
		{"[[:a]b]", "([:[a][b][]])"},
		{"[\\Qa-z]\\E-~]", "([-]-~])"},
		{"[\\Q-a\\E]", "([-a])"},
		{"[a\\E-\\Qc\\E]", "([a-c])"},
		{"[\\E^a][\\Q\\E^]]", "([^a][^]])"},
		{"[^\\W\\d]", "([A-Z_a-z])"},
		{"[\\x{bc}-\\xff]", "([\\xbc-\\xff])"},
		{"[#-'\\s]", "([\\x09-\\x0d #-'])"},
	};

	EXPECT_ROWS(rows, false);
}
END_TEST

START_TEST(flags_hold_to_the_end_of_their_group)
{
	static const struct row rows[] = {
		{"a(?i)b(?-i)c", "([a]()[Bb]()[c])"},
		{"(?:a(?i)b|c)d", "((([a]()[Bb])|([Cc]))[d])"},
		{"(?i:a)b", "(([Aa])[b])"},
		{"(?i)(?^:a)b", "(()([a])[Bb])"},
		{"(?i)[a-c][^k][[:^upper:]]", "(()[A-Ca-c][^Kk][^A-Za-z])"},
		{"(?i)\\x41\\101[\\x41]", "(()[Aa][Aa][Aa])"},
		{"(?x) a b # c\n d\\ e [ f]", "(()[a][b][d][ ][e][ f])"},
		{"(?x)a +", "(()[a]{1,})"},
		{"(?xx)[ a\tb\\ ]", "(()[ ab])"},
		{"(?xx)(?x)[ a]", "(()()[ a])"},
		{"(?x-x:a b)", "(([a][ ][b]))"},
		{"(?msUJ)a", "(()[a])"},
		{"(?n)(a)(?<b>c)\\1", "(()([a])([c])any)"},
	};

	EXPECT_ROWS(rows, false);
}
END_TEST

START_TEST(case_does_not_matter_where_none_is_asked_for)
{
	static const struct row rows[] = {
		{"a1[b-d]\xe9", "([Aa][1][B-Db-d][\\xe9])"},
		{"(?-i)a", "(()[a])"},
	};

	EXPECT_ROWS(rows, true);
}
END_TEST

START_TEST(what_is_not_understood_has_no_tree)
{
	static const struct row rows[] = {
		{"(", "none"},           {")", "none"},         {"a)", "none"},
		{"[a", "none"},          {"[b-a]", "none"},     {"\\", "none"},
		{"*a", "none"},          {"(?R)", "none"},      {"(a)(?1)", "none"},
		{"(?&n)", "none"},       {"(?P>n)", "none"},    {"\\g<n>", "none"},
		{"\\g'1'", "none"},      {"(?(1)a)", "none"},   {"(?C)a", "none"},
		{"(*ACCEPT)a", "none"},  {"(*UTF)a", "none"},   {"(*pla:a)", "none"},
		{"\\x{100}", "none"},    {"\\x{g}", "none"},    {"\\400", "none"},
		{"\\j", "none"},         {"\\u0041", "none"},   {"\\N{U+41}", "none"},
		{"[[.a.]]", "none"},     {"[[:foo:]]", "none"}, {"[\\R]", "none"},
		{"a{3,2}", "none"},      {"a{65536}", "none"},  {"a{,3}", "none"},
		{"a{ 1}", "none"},       {"(?z)a", "none"},     {"(?i", "none"},
		{"(?<n", "none"},        {"(?#a", "none"},      {"(?|(a))\\11", "none"},
		{"(?x)a#\rb\n", "none"}, {"(?x)a\x85", "none"}, {"\\p{L", "none"},
		{"\\c\x7f", "none"},     {"\\k<n", "none"},     {"\\o{}", "none"},
		{"\\o9", "none"},        {"(?[a])", "none"},    {"(?-1)", "none"},
		{"(?)(?r)a", "none"},
	};

	EXPECT_ROWS(rows, false);
}
END_TEST

START_TEST(deep_nesting_ends)
{
	struct weir_buf text = {0};
	struct weir_arena a;

	for (int i = 0; i < 100000; i++)
		weir_buf_str(&text, "(");
	weir_arena_init(&a, &weir_arena_malloc, 1 << 24);
	ck_assert_ptr_null(waf_re_parse(weir_bytes_of(text.ptr, text.len), false, &a));
	weir_arena_reset(&a);
	weir_buf_fini(&text);
}
END_TEST

START_TEST(zero_bytes_are_bytes)
{
	static const struct row row = {"a\0b[\0]", "([a][\\x00][b][\\x00])"};

	expect(&row, 6, false);
}
END_TEST

START_TEST(without_memory_there_is_no_tree)
{
	static const char pattern[] = "(?:abc|def)+";

	for (size_t limit = 0; limit < 3; limit++) {
		struct weir_arena a;

		weir_arena_init(&a, &weir_arena_malloc, limit);
		ck_assert_ptr_null(waf_re_parse(weir_bytes_str(pattern), false, &a));
		weir_arena_reset(&a);
	}
}
END_TEST

Suite *regex_suite(void)
{
	return WEIR_SUITE(
		"waf regex", parts_are_put_together, escapes_are_bytes_types_and_assertions,
		classes_are_sets, flags_hold_to_the_end_of_their_group,
		case_does_not_matter_where_none_is_asked_for, what_is_not_understood_has_no_tree,
		deep_nesting_ends, zero_bytes_are_bytes, without_memory_there_is_no_tree);
}
