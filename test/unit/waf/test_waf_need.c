/* SPDX-License-Identifier: BSD-3-Clause */
#include "waf_test.h"

static void buf_need(struct weir_buf *b, const struct waf_need *need)
{
	weir_buf_printf(b, "%u", need->min_len);
	if (need->never)
		weir_buf_str(b, " never");
	for (uint8_t k = 0; k < need->n_literals; k++) {
		weir_buf_str(b, " ");
		for (uint32_t i = 0; i < need->literals[k].n; i++) {
			weir_buf_str(b, i ? "|" : "");
			buf_bytes(b, need->literals[k].literal[i]);
		}
	}
	for (uint8_t k = 0; k < need->n_sets; k++) {
		weir_buf_str(b, " [");
		buf_set(b, &need->set[k]);
		weir_buf_str(b, "]");
	}
}

/* The least length, the literals and the sets. */
static const struct {
	const char *pattern, *need;
} rows[] = {
	{"", "0"},
	{"a*", "0"},
	{"abc", "3 abc"},
	{"(?i)union.*select", "11 union select"},
	{"(?i)union\\s+select", "12 union \\x09select|\\x0aselect|\\x0bselect|\\x0cselect|"
				"\\x0dselect| select"},
	{"(?i)union.*?select.*?from", "15 union select"},
	{"(?i)[\"';]or\\s+\\d", "5 \"or\\x09|\"or\\x0a|\"or\\x0b|\"or\\x0c|\"or\\x0d|\"or "
				"|'or\\x09|'or\\x0a|'or\\x0b|'or\\x0c|'or\\x0d|'or "
				"|;or\\x09|;or\\x0a|;or\\x0b|;or\\x0c|;or\\x0d|;or "},
	{"(?:eval|exec|system)\\s*\\(", "5 eval|exec|system [(]"},
	{"a[\"']*b[\"']*c", "3 abc|\"|'"},
	{"<script[^>]*>", "8 <script [>]"},
	{"https?://", "7 http://|https://"},
	{"[0-9a-f]{32}", "32"},
	{"['\"`]", "1 [\"'`]"},
	{"(?:'|--|#)x", "2 #x|'x|--x"},
	{"(?:abc|b)c", "2 bc"},
	{"(?=union)<", "1 [<]"},
	{"(?!union)u<", "2 u<"},
	{"(?:union)?<", "1 [<]"},
	{"(union)\\1=", "6 union [=]"},
	{"=x|;y|&z", "2 &z|;y|=x"},
	{"x{3,5}=", "4 xxx x="},
	{"(?:;|--)\\s*drop|alter.+table",
	 "5 \\x09drop|\\x0adrop|\\x0bdrop|\\x0cdrop|\\x0ddrop| drop|"
	 "--drop|;drop|alter --\\x09|--\\x0a|--\\x0b|--\\x0c|--\\x0d|"
	 "-- |--drop|;\\x09|;\\x0a|;\\x0b|;\\x0c|;\\x0d|; |;drop|alter"},
	{"[^\\s\\S]", "1 never []"},
	{"a[^\\s\\S]|<x", "2 <x"},
	{"(?:ab|[^\\s\\S])?;;", "2 ;;"},
	{"[A-Z]{4}", "4 [A-Z]"},
	{"\\xe9\\xff", "2 \\xe9\\xff"},
	{"\\$\\{[^}]*\\}", "3 ${ [}]"},
	{"(?:^|[/\\\\])\\.{2,3}[/\\\\]",
	 "3 \\x1e.../|\\x1e...\\|\\x1e../|\\x1e..\\|/.../|/...\\|/../|"
	 "/..\\|\\.../|\\...\\|\\../|\\..\\"},
	{"(?R)", "0"},
	/* where the value begins and ends; a mark is written as \x1e */
	{"^abc", "3 \\x1eabc"},
	{"^^abc$$", "3 \\x1eabc\\x1e"},
	{"abc$d?", "3 abc\\x1e"},
	{"(?m)^abc$", "3 abc"},
	{"^$", "0"},
	{"^a?$^", "0"},
	{"^\\s*cat", "3 \\x09cat|\\x0acat|\\x0bcat|\\x0ccat|\\x0dcat|\\x1ecat| cat"},
	{"(?:^|;)(?:cat|id)$", "2 \\x1ecat\\x1e|\\x1eid\\x1e|;cat\\x1e|;id\\x1e"},
	{"\\x1ecat", "4 cat [\\x0e-\\x1f]"},
	/* in two ways over a part that may be missing */
	{"cat\\w*/etc|id[#;]", "3 /etc|id#|id; cat|id#|id;"},
};

START_TEST(the_most_selective_conditions_are_chosen)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct weir_buf text = {0};
		struct waf_need need;
		struct weir_arena a;

		weir_arena_init(&a, &weir_arena_malloc, 1 << 20);
		ck_assert_int_eq(
			waf_need_of_regex(weir_bytes_str(rows[i].pattern), false, 100, &a, &need),
			0);
		buf_need(&text, &need);
		ck_assert_msg(strcmp(text.ptr, rows[i].need) == 0, "%s: %s, not %s",
			      rows[i].pattern, text.ptr, rows[i].need);
		weir_buf_fini(&text);
		weir_arena_reset(&a);
	}
}
END_TEST

static struct waf_need need_of(const char *pattern, bool caseless, uint32_t max_literals,
			       struct weir_arena *a)
{
	struct waf_need need;

	ck_assert_int_eq(
		waf_need_of_regex(weir_bytes_str(pattern), caseless, max_literals, a, &need), 0);
	return need;
}

START_TEST(no_condition_has_more_literals_than_asked_for)
{
	static const uint32_t most[] = {0, 1, 2, 3, 7, 30};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(most); i++) {
		struct weir_arena a;
		struct waf_need need;

		weir_arena_init(&a, &weir_arena_malloc, 1 << 20);
		need = need_of("(?:alpha|beta|gamma|delta)x(?:eps|zeta|eta)", false, most[i], &a);
		for (uint8_t k = 0; k < need.n_literals; k++)
			ck_assert_uint_le(need.literals[k].n, most[i]);
		weir_arena_reset(&a);
	}
}
END_TEST

START_TEST(conditions_are_asked_in_any_case)
{
	struct weir_arena a;
	struct waf_need need;

	weir_arena_init(&a, &weir_arena_malloc, 1 << 20);
	need = need_of("union.*select", true, 10, &a);
	ck_assert(waf_need_is_met(&need, weir_bytes_str("UNION all SeLeCt")));
	ck_assert(!waf_need_is_met(&need, weir_bytes_str("onion all select")));
	ck_assert(!waf_need_is_met(&need, weir_bytes_str("union")));
	ck_assert(!waf_need_is_met(&need, weir_bytes_str("")));
	weir_arena_reset(&a);
}
END_TEST

START_TEST(each_condition_is_asked_for)
{
	struct weir_bytes ab = weir_bytes_str("ab");
	struct waf_need need = {
		.n_sets = 1, .n_literals = 1, .literals = {{.literal = &ab, .n = 1}}, .min_len = 4};

	waf_set_add(&need.set[0], '=');
	ck_assert(waf_need_is_met(&need, weir_bytes_str("=xab")));
	ck_assert(!waf_need_is_met(&need, weir_bytes_str("=ab")));
	ck_assert(!waf_need_is_met(&need, weir_bytes_str("xxab")));
	ck_assert(!waf_need_is_met(&need, weir_bytes_str("=xba")));
	need.never = true;
	ck_assert(!waf_need_is_met(&need, weir_bytes_str("=xab")));
}
END_TEST

START_TEST(a_lack_of_memory_is_told)
{
	struct weir_arena a;
	struct waf_need need;

	weir_arena_init(&a, &weir_arena_malloc, 16);
	ck_assert_int_eq(waf_need_of_regex(weir_bytes_str("union"), false, 10, &a, &need),
			 -WEIR_ENOMEM);
	ck_assert_uint_eq(need.n_literals, 0);
	weir_arena_reset(&a);
}
END_TEST

/* Each pair of parentheses doubles what there is to look at. */
START_TEST(hostile_expressions_end_without_conditions)
{
	struct weir_buf text = {0};
	struct weir_arena a;
	struct waf_need need;

	for (int i = 0; i < 150; i++)
		weir_buf_str(&text, "(?:[a-p]{6}|");
	for (int i = 0; i < 150; i++)
		weir_buf_str(&text, "x){6}");
	weir_arena_init(&a, &weir_arena_malloc, 1 << 20);
	need = need_of(text.ptr, false, 1000, &a);
	ck_assert_uint_le(need.min_len, UINT16_MAX);
	weir_arena_reset(&a);
	weir_buf_fini(&text);
}
END_TEST

Suite *need_suite(void)
{
	return WEIR_SUITE("waf need", the_most_selective_conditions_are_chosen,
			  no_condition_has_more_literals_than_asked_for,
			  conditions_are_asked_in_any_case, each_condition_is_asked_for,
			  a_lack_of_memory_is_told, hostile_expressions_end_without_conditions);
}
