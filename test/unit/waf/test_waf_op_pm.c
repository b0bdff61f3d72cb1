/* SPDX-License-Identifier: BSD-3-Clause */
#include "op_test.h"

#include <stdio.h>

START_TEST(phrases_are_found_in_any_case)
{
	static const struct op_row rows[] = {
		{WEIR_SEC_O_PM, "select union", "UniOn all", true},
		{WEIR_SEC_O_PM, "SELECT UNION", "a select b", true},
		{WEIR_SEC_O_PM, "select union", "selec tunio n", false},
		{WEIR_SEC_O_PM, "select", "", false},
		{WEIR_SEC_O_PM, "a", "xAx", true},
		{WEIR_SEC_O_PM, "a b", "xyz", false},
		{WEIR_SEC_O_PM, "@ longer", "a@b", true},
		{WEIR_SEC_O_PM, "%2e .*", "a.*", true}, /* no expressions */
		{WEIR_SEC_O_PM, ".*", "abc", false},
		{WEIR_SEC_O_PM, "\xc3\xa9", "\xc3\xa9", true},
		{WEIR_SEC_O_PM, "\xc3\xa9", "\xc3\x89", false}, /* only ASCII has cases */
		{WEIR_SEC_O_PMFROMFILE, "passwd shadow", "/etc/shadow", true},
	};

	op_test_rows(rows, WEIR_ARRAY_LEN(rows));
}
END_TEST

START_TEST(the_phrase_that_ends_first_is_told)
{
	static const struct {
		const char *words, *value, *found;
	} rows[] = {
		{"long longer longest", "the Longest", "Long"},
		{"bcd abcdef c", "xabcdef", "c"},
		{"cd abcd d", "abcd", "abcd"}, /* of those that end there, the longest */
		{"zz aa", "xaazz", "aa"},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct op_test t;

		op_test_init(&t, WEIR_SEC_O_PM, rows[i].words);
		ck_assert_int_eq(op_test_ask(&t, rows[i].value), WAF_MATCH);
		ck_assert_uint_eq(t.match.n_captures, 1);
		ck_assert_str_eq(op_test_capture(&t, 0), rows[i].found);
		op_test_fini(&t);
		op_test_init(&t, WEIR_SEC_O_PM, "%{tx.words}");
		ck_assert_int_eq(op_test_ask_macro(&t, rows[i].value, rows[i].words), WAF_MATCH);
		ck_assert_str_eq(op_test_capture(&t, 0), rows[i].found);
		op_test_fini(&t);
	}
}
END_TEST

START_TEST(macros_are_split_into_words)
{
	struct op_test t;

	op_test_init(&t, WEIR_SEC_O_PM, "%{tx.words}");
	ck_assert_int_eq(op_test_ask_macro(&t, "the cat", "dog  CAT\t"), WAF_MATCH);
	ck_assert_int_eq(op_test_ask_macro(&t, "the cat", "dog cats"), WAF_NO_MATCH);
	ck_assert_int_eq(op_test_ask_macro(&t, "the cat", " "), WAF_NO_MATCH);
	ck_assert_int_eq(op_test_ask_macro(&t, "", "a"), WAF_NO_MATCH);
	ck_assert(op_test_need(&t, weir_bytes_str("")));
	op_test_fini(&t);
}
END_TEST

static void init_phrases(struct op_test *t, struct weir_bytes *phrases, uint32_t n)
{
	struct weir_sec_test test = {
		.op = WEIR_SEC_O_PMFROMFILE, .phrases = phrases, .n_phrases = n};
	struct waf_op_cfg cfg = {0};

	*t = (struct op_test){0};
	weir_arena_init(&t->arena, &weir_arena_malloc, 64 << 20);
	t->report = weir_conf_report_create();
	t->op = waf_op_create(&test, &cfg, (struct weir_conf_pos){.file = "t"}, &t->arena,
			      t->report);
	ck_assert_ptr_nonnull(t->op);
	t->s = waf_scratch_create(&t->op, 1);
	ck_assert_ptr_nonnull(t->s);
}

START_TEST(phrases_may_have_zero_bytes_and_spaces)
{
	struct weir_bytes phrases[] = {weir_bytes_of("a\0b", 3), weir_bytes_of("in the", 6)};
	struct op_test t;

	init_phrases(&t, phrases, WEIR_ARRAY_LEN(phrases));
	ck_assert_int_eq(op_test_ask_bytes(&t, "xA\0Bx", 5), WAF_MATCH);
	ck_assert_uint_eq(t.match.capture[0].len, 3);
	ck_assert_int_eq(op_test_ask(&t, "in thE garden"), WAF_MATCH);
	ck_assert_int_eq(op_test_ask_bytes(&t, "a\0c", 3), WAF_NO_MATCH);
	op_test_fini(&t);
}
END_TEST

START_TEST(no_phrase_matches_nothing)
{
	struct op_test t;
	struct weir_bytes empty = {0};

	init_phrases(&t, &empty, 0);
	ck_assert_int_eq(op_test_ask(&t, "abc"), WAF_NO_MATCH);
	ck_assert(!op_test_need(&t, weir_bytes_str("abc")));
	op_test_fini(&t);
	init_phrases(&t, &empty, 1);
	ck_assert_int_eq(op_test_ask(&t, "abc"), WAF_NO_MATCH);
	op_test_fini(&t);
}
END_TEST

#define MANY 5000
START_TEST(thousands_of_phrases_are_found_each)
{
	static char text[MANY][24];
	static struct weir_bytes phrases[MANY];
	char value[64];
	struct op_test t;

	for (unsigned int i = 0; i < MANY; i++) {
		snprintf(text[i], sizeof(text[i]), "p%u/%x.php", i, i * 2654435761u);
		phrases[i] = weir_bytes_str(text[i]);
	}
	init_phrases(&t, phrases, MANY);
	for (unsigned int i = 0; i < MANY; i += 7) {
		snprintf(value, sizeof(value), "/x/%.23s?y", text[i]);
		ck_assert_int_eq(op_test_ask(&t, value), WAF_MATCH);
		ck_assert_str_eq(op_test_capture(&t, 0), text[i]);
	}
	ck_assert_int_eq(op_test_ask(&t, "/x/p17/index.php"), WAF_NO_MATCH);
	ck_assert(!op_test_need(&t, weir_bytes_str("/x/p17/index.php")));
	op_test_fini(&t);
}
END_TEST

/* The definition against the database, over all short values of a small alphabet. */
START_TEST(the_earliest_end_is_that_of_the_definition)
{
	static const char *const words[] = {"ab", "bca", "c", "aabb", "bb"};
	struct op_test t;
	char value[8] = "";

	op_test_init(&t, WEIR_SEC_O_PM, "ab bca c aabb bb");
	for (unsigned int n = 0; n < 2187; n++) {
		size_t end = 0, len = 0;

		for (unsigned int i = 0, rest = n; i < 7; i++, rest /= 3)
			value[i] = "abc"[rest % 3];
		for (size_t e = 1; e <= 7 && !len; e++)
			for (size_t w = 0; w < WEIR_ARRAY_LEN(words); w++) {
				size_t l = strlen(words[w]);

				if (l <= e && l > len && memcmp(value + e - l, words[w], l) == 0) {
					end = e;
					len = l;
				}
			}
		ck_assert_int_eq(op_test_ask(&t, value), len ? WAF_MATCH : WAF_NO_MATCH);
		if (len)
			ck_assert_mem_eq(op_test_capture(&t, 0), value + end - len, len);
	}
	op_test_fini(&t);
}
END_TEST

/* Pieces are 128 KiB. */
START_TEST(a_phrase_is_found_wherever_it_stands_in_a_long_value)
{
	size_t len = 300000, border = 128 << 10;
	char *value = malloc(len);
	struct op_test t;

	op_test_init(&t, WEIR_SEC_O_PM, "needle edle");
	for (size_t at = border - 8; at < border + 8; at++) {
		memset(value, 'n', len);
		memcpy(value + at, "needle", 6);
		memcpy(value + 2 * border, "edle", 4);
		ck_assert_int_eq(op_test_ask_bytes(&t, value, len), WAF_MATCH);
		ck_assert_str_eq(op_test_capture(&t, 0), "needle");
	}
	memset(value, 'n', len);
	ck_assert_int_eq(op_test_ask_bytes(&t, value, len), WAF_NO_MATCH);
	op_test_fini(&t);
	free(value);
}
END_TEST

Suite *waf_op_pm_suite(void)
{
	return WEIR_SUITE("waf op pm", phrases_are_found_in_any_case,
			  the_phrase_that_ends_first_is_told, macros_are_split_into_words,
			  phrases_may_have_zero_bytes_and_spaces, no_phrase_matches_nothing,
			  thousands_of_phrases_are_found_each,
			  the_earliest_end_is_that_of_the_definition,
			  a_phrase_is_found_wherever_it_stands_in_a_long_value);
}
