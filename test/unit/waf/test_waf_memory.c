/* SPDX-License-Identifier: BSD-3-Clause */
#include "waf_lab.h"
#include "waf_test.h"

#define LEAST   ((size_t)WEIR_ARENA_CHUNK)
#define TAKEN   64
#define REGIONS 7

struct taken {
	uint8_t *at;
	size_t bytes, asked;
};

/* A block is a power of two times the least. */
static size_t rounded(size_t bytes)
{
	size_t n = LEAST;

	while (n < bytes)
		n *= 2;
	return n;
}

static uint64_t used_of(const struct waf_memory *m)
{
	return waf_memory_use(m).used;
}

START_TEST(a_block_is_as_large_as_was_asked_and_nothing_else_is_there)
{
	struct waf_memory *m = waf_memory_create(4 * LEAST);
	uint8_t *all = waf_memory_take(m, 4 * LEAST);

	ck_assert_ptr_nonnull(all);
	memset(all, 1, 4 * LEAST);
	ck_assert_ptr_null(waf_memory_take(m, 1));
	waf_memory_give(m, all, 4 * LEAST);
	ck_assert_uint_eq(used_of(m), 0);
	ck_assert_uint_eq(waf_memory_use(m).peak, 4 * LEAST);
	ck_assert_uint_eq(waf_memory_use(m).full, 1);
	waf_memory_destroy(m);
}
END_TEST

START_TEST(a_size_that_no_block_has_is_refused)
{
	struct waf_memory *m = waf_memory_create(8 * LEAST);

	ck_assert_ptr_null(waf_memory_take(m, 8 * LEAST + 1));
	ck_assert_ptr_null(waf_memory_take(m, SIZE_MAX));
	ck_assert_uint_eq(used_of(m), 0);
	waf_memory_destroy(m);
}
END_TEST

START_TEST(a_region_smaller_than_a_block_has_nothing)
{
	struct waf_memory *m = waf_memory_create(LEAST - 1);

	ck_assert_ptr_nonnull(m);
	ck_assert_uint_eq(waf_memory_use(m).size, 0);
	ck_assert_ptr_null(waf_memory_take(m, 1));
	waf_memory_destroy(m);
}
END_TEST

START_TEST(halves_become_whole_again_in_any_order)
{
	static const uint8_t orders[][4] = {
		{0, 1, 2, 3}, {3, 2, 1, 0}, {0, 2, 1, 3}, {1, 3, 2, 0}, {2, 0, 3, 1}};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(orders); i++) {
		struct waf_memory *m = waf_memory_create(4 * LEAST);
		void *part[4], *all;

		for (unsigned int k = 0; k < 4; k++)
			ck_assert_ptr_nonnull(part[k] = waf_memory_take(m, LEAST));
		ck_assert_ptr_null(waf_memory_take(m, LEAST));
		for (unsigned int k = 0; k < 4; k++)
			waf_memory_give(m, part[orders[i][k]], LEAST);
		ck_assert_ptr_nonnull(all = waf_memory_take(m, 4 * LEAST));
		waf_memory_give(m, all, 4 * LEAST);
		waf_memory_destroy(m);
	}
}
END_TEST

static bool overlap(const struct taken *a, const struct taken *b)
{
	return a->at < b->at + b->bytes && b->at < a->at + a->bytes;
}

static void check_taken(const struct waf_memory *m, const struct taken *t, unsigned int n)
{
	uint64_t used = 0;

	for (unsigned int i = 0; i < n; i++) {
		used += t[i].bytes;
		for (unsigned int k = 0; k < i; k++)
			ck_assert(!overlap(&t[i], &t[k]));
		ck_assert_uint_eq(t[i].at[0], (uint8_t)t[i].asked);
		ck_assert_uint_eq(t[i].at[t[i].asked - 1], (uint8_t)t[i].asked);
	}
	ck_assert_uint_eq(used_of(m), used);
}

static void take_one(struct waf_memory *m, struct taken *t, unsigned int *n, size_t bytes)
{
	uint8_t *at = waf_memory_take(m, bytes);

	if (!at)
		return;
	ck_assert_uint_eq((uintptr_t)at % 16, 0);
	t[*n] = (struct taken){at, rounded(bytes), bytes};
	at[0] = at[bytes - 1] = (uint8_t)bytes;
	++*n;
}

static void give_one(struct waf_memory *m, struct taken *t, unsigned int *n, unsigned int i)
{
	waf_memory_give(m, t[i].at, t[i].asked);
	t[i] = t[--*n];
}

/* What was one region must be one again: the largest power of two within it can be taken. */
static void check_whole(struct waf_memory *m, size_t blocks)
{
	size_t largest = LEAST;
	void *at;

	while (largest * 2 <= blocks * LEAST)
		largest *= 2;
	ck_assert_uint_eq(used_of(m), 0);
	ck_assert_ptr_nonnull(at = waf_memory_take(m, largest));
	waf_memory_give(m, at, largest);
}

START_TEST(blocks_never_overlap_and_the_count_is_right)
{
	static const size_t blocks[REGIONS] = {1, 2, 3, 7, 16, 21, 64};
	uint64_t random = 0x1234567;

	for (unsigned int r = 0; r < REGIONS; r++) {
		struct waf_memory *m = waf_memory_create(blocks[r] * LEAST + 100);
		struct taken t[TAKEN];
		unsigned int n = 0;

		for (unsigned int i = 0; i < 4000; i++) {
			size_t bytes =
				1 + next_random(&random) % (LEAST << next_random(&random) % 5);

			if (n < TAKEN && next_random(&random) % 2)
				take_one(m, t, &n, bytes);
			else if (n)
				give_one(m, t, &n, next_random(&random) % n);
			check_taken(m, t, n);
		}
		while (n)
			give_one(m, t, &n, 0);
		check_whole(m, blocks[r]);
		waf_memory_destroy(m);
	}
}
END_TEST

Suite *waf_memory_suite(void)
{
	return WEIR_SUITE("waf memory", a_block_is_as_large_as_was_asked_and_nothing_else_is_there,
			  a_size_that_no_block_has_is_refused,
			  a_region_smaller_than_a_block_has_nothing,
			  halves_become_whole_again_in_any_order,
			  blocks_never_overlap_and_the_count_is_right);
}
