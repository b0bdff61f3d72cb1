/* SPDX-License-Identifier: BSD-3-Clause */
#include "base_test.h"

START_TEST(allocations_are_apart_and_aligned)
{
	struct weir_arena a;
	uint8_t *before = NULL;

	weir_arena_init(&a, &weir_arena_malloc, 1 << 20);
	for (size_t n = 1; n < 3000; n += 7) {
		uint8_t *at = weir_arena_alloc(&a, n);

		ck_assert_ptr_nonnull(at);
		ck_assert_uint_eq((uintptr_t)at % 8, 0);
		memset(at, (int)(n & 0xff), n);
		if (before)
			ck_assert_uint_eq(before[0], (n - 7) & 0xff);
		before = at;
	}
	weir_arena_reset(&a);
	ck_assert_uint_eq(a.taken, 0);
}
END_TEST

START_TEST(the_limit_is_kept_and_remembered)
{
	struct weir_arena a;

	weir_arena_init(&a, &weir_arena_malloc, WEIR_ARENA_CHUNK);
	ck_assert_ptr_nonnull(weir_arena_alloc(&a, 100));
	ck_assert_ptr_null(weir_arena_alloc(&a, WEIR_ARENA_CHUNK));
	ck_assert_ptr_null(weir_arena_alloc(&a, SIZE_MAX - 3));
	ck_assert(a.failed);
	ck_assert_uint_le(a.taken, a.limit);
	weir_arena_reset(&a);
	ck_assert(!a.failed);
	ck_assert_ptr_nonnull(weir_arena_alloc(&a, 100));
	weir_arena_reset(&a);
}
END_TEST

START_TEST(a_large_one_leaves_the_newest_chunk_in_use)
{
	struct weir_arena a;
	uint8_t *small, *next;

	weir_arena_init(&a, &weir_arena_malloc, 1 << 20);
	small = weir_arena_alloc(&a, 16);
	ck_assert_ptr_nonnull(weir_arena_zalloc(&a, 100000));
	next = weir_arena_alloc(&a, 16);
	ck_assert_ptr_eq(next, small + 16);
	weir_arena_reset(&a);
}
END_TEST

START_TEST(what_is_trimmed_is_used_again)
{
	struct weir_arena a;
	uint8_t *at;

	weir_arena_init(&a, &weir_arena_malloc, 1 << 20);
	at = weir_arena_alloc(&a, 1000);
	weir_arena_trim(&a, at, 1000, 5);
	ck_assert_ptr_eq(weir_arena_alloc(&a, 8), at + 8);
	weir_arena_reset(&a);
}
END_TEST

Suite *arena_suite(void)
{
	return WEIR_SUITE(
		"base arena", allocations_are_apart_and_aligned, the_limit_is_kept_and_remembered,
		a_large_one_leaves_the_newest_chunk_in_use, what_is_trimmed_is_used_again);
}
