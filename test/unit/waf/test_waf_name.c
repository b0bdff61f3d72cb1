/* SPDX-License-Identifier: BSD-3-Clause */
#include "waf_lab.h"
#include "waf_test.h"

#include <stdio.h>

static void init(struct weir_waf *w)
{
	*w = (struct weir_waf){0};
	weir_arena_init(&w->arena, &weir_arena_malloc, 64 << 20);
}

START_TEST(a_name_has_one_number_in_any_case)
{
	struct weir_waf w;

	init(&w);
	ck_assert_uint_eq(waf_name_intern(&w, weir_bytes_str("Score")), 0);
	ck_assert_uint_eq(waf_name_intern(&w, weir_bytes_str("other")), 1);
	ck_assert_uint_eq(waf_name_intern(&w, weir_bytes_str("SCORE")), 0);
	ck_assert_uint_eq(waf_name_find(&w, weir_bytes_str("score")), 0);
	ck_assert_uint_eq(waf_name_find(&w, weir_bytes_str("scor")), WAF_NO_NAME);
	ck_assert_uint_eq(waf_name_find(&w, weir_bytes_str("scores")), WAF_NO_NAME);
	ck_assert_uint_eq(waf_name_find(&w, weir_bytes_str("")), WAF_NO_NAME);
	ck_assert_uint_eq(w.n_names, 2);
	weir_arena_reset(&w.arena);
}
END_TEST

START_TEST(thousands_of_names_are_found_again)
{
	struct weir_waf w;
	uint16_t number[5000];
	char text[32];

	init(&w);
	for (uint32_t i = 0; i < 5000; i++) {
		snprintf(text, sizeof(text), "n%u", i * 2654435761U);
		number[i] = waf_name_intern(&w, weir_bytes_str(text));
		ck_assert_uint_eq(number[i], i);
	}
	for (uint32_t i = 0; i < 5000; i++) {
		snprintf(text, sizeof(text), "n%u", i * 2654435761U);
		ck_assert_uint_eq(waf_name_find(&w, weir_bytes_str(text)), number[i]);
		ck_assert_uint_eq(waf_name_intern(&w, weir_bytes_str(text)), number[i]);
	}
	ck_assert_uint_eq(w.n_names, 5000);
	weir_arena_reset(&w.arena);
}
END_TEST

START_TEST(when_there_is_no_room_the_name_has_no_number)
{
	struct weir_waf w;
	uint16_t number = 0;
	char text[32];
	uint32_t i;

	init(&w);
	for (i = 0; i < UINT16_MAX + 10u && number != WAF_NO_NAME; i++) {
		snprintf(text, sizeof(text), "%05u", i);
		number = waf_name_intern(&w, weir_bytes_str(text));
	}
	ck_assert_uint_lt(i, UINT16_MAX);
	ck_assert_uint_eq(waf_name_find(&w, weir_bytes_str(text)), WAF_NO_NAME);
	ck_assert_uint_eq(waf_name_find(&w, weir_bytes_str("00000")), 0);
	weir_arena_reset(&w.arena);
}
END_TEST

Suite *waf_name_suite(void)
{
	return WEIR_SUITE("waf names", a_name_has_one_number_in_any_case,
			  thousands_of_names_are_found_again,
			  when_there_is_no_room_the_name_has_no_number);
}
