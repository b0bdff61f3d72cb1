/* SPDX-License-Identifier: BSD-3-Clause */
#include "base_test.h"

#include <stdlib.h>

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

/* Chunks that are in use, so that none is lost or given back twice. */
static void *counted_take(void *context, size_t bytes)
{
	++*(int *)context;
	return malloc(bytes);
}

static void counted_give(void *context, void *chunk, size_t bytes)
{
	(void)bytes;
	--*(int *)context;
	free(chunk);
}

/* Allocations of so many bytes before an image is saved, and behind it. */
static const struct {
	size_t before[4], after[4];
} histories[] = {
	{{100}, {100}},
	{{100}, {40000, 100}},
	{{100}, {30000, 30000}},
	{{100, 40000}, {40000, 30000, 40000}},
	{{100, 40000, 30000}, {50000, 30000, 30000, 20000}},
	{{30000, 30000, 30000, 50000}, {8}},
	{{0}, {100, 40000}},
};

static void allocate(struct weir_arena *a, const size_t sizes[4], uint8_t *at[4], uint8_t mark)
{
	for (unsigned int i = 0; i < 4 && sizes[i]; i++) {
		at[i] = weir_arena_alloc(a, sizes[i]);
		ck_assert_ptr_nonnull(at[i]);
		memset(at[i], mark + (int)i, sizes[i]);
	}
}

START_TEST(an_arena_goes_back_to_its_image_as_often_as_it_is_asked)
{
	int chunks = 0;
	const struct weir_arena_source source = {counted_take, counted_give, &chunks};

	for (size_t row = 0; row < WEIR_ARRAY_LEN(histories); row++) {
		uint8_t *at[4], *later[4];
		struct weir_arena a;
		void *image;
		int had;

		weir_arena_init(&a, &source, 1 << 20);
		allocate(&a, histories[row].before, at, 1);
		had = chunks;
		image = malloc(weir_arena_image_bytes(&a));
		weir_arena_save(&a, image);
		for (unsigned int round = 0; round < 3; round++) {
			allocate(&a, histories[row].after, later, 100);
			for (unsigned int i = 0; i < 4 && histories[row].before[i]; i++)
				memset(at[i], 99, histories[row].before[i]);
			weir_arena_restore(&a, image);
			ck_assert_int_eq(chunks, had);
			for (unsigned int i = 0; i < 4 && histories[row].before[i]; i++)
				for (size_t k = 0; k < histories[row].before[i]; k++)
					ck_assert_uint_eq(at[i][k], 1 + i);
		}
		free(image);
		weir_arena_reset(&a);
		ck_assert_int_eq(chunks, 0);
	}
}
END_TEST

Suite *arena_suite(void)
{
	return WEIR_SUITE("base arena", allocations_are_apart_and_aligned,
			  the_limit_is_kept_and_remembered,
			  a_large_one_leaves_the_newest_chunk_in_use, what_is_trimmed_is_used_again,
			  an_arena_goes_back_to_its_image_as_often_as_it_is_asked);
}
