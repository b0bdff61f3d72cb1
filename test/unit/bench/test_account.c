/* SPDX-License-Identifier: BSD-3-Clause */
#include "../../../app/weir-bench/account.h"
#include "weir_test.h"

#define MAX 12

static const struct {
	const char *what;
	uint32_t seq[MAX];
	unsigned int n;
	struct bench_account want;
	uint64_t sent, lost;
} rows[] = {
	{"in order", {0, 1, 2, 3}, 4, {.received = 4}, 4, 0},
	{"a gap", {0, 1, 4, 5}, 4, {.received = 4}, 6, 2},
	{"the first is missing", {1, 2}, 2, {.received = 2}, 3, 1},
	{"the last is missing", {0, 1}, 2, {.received = 2}, 3, 1},
	{"two swapped", {1, 0, 2}, 3, {.received = 3, .reordered = 1}, 3, 0},
	{"one twice", {0, 1, 1, 2}, 4, {.received = 4, .duplicates = 1}, 3, 0},
	{"one three times", {0, 0, 0}, 3, {.received = 3, .duplicates = 2}, 1, 0},
	{"a late one twice",
	 {0, 2, 1, 1},
	 4,
	 {.received = 4, .duplicates = 1, .reordered = 1},
	 3,
	 0},
	{"a duplicate beside a loss", {0, 0, 2}, 3, {.received = 3, .duplicates = 1}, 3, 1},
	{"at the window's edge", {64, 1}, 2, {.received = 2, .reordered = 1}, 65, 63},
	{"twice at the window's edge", {1, 64, 1}, 3, {.received = 3, .duplicates = 1}, 65, 63},
	{"behind the window", {65, 1}, 2, {.received = 2, .reordered = 1, .too_late = 1}, 66, 64},
	{"a gap as wide as the window", {0, 64, 63}, 3, {.received = 3, .reordered = 1}, 65, 62},
	{"a gap wider than the window",
	 {0, 500, 500},
	 3,
	 {.received = 3, .duplicates = 1},
	 501,
	 499},
};

START_TEST(arrivals_are_counted_by_what_came_before)
{
	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct bench_account a = {0};
		struct bench_stream s = {0};

		for (unsigned int k = 0; k < rows[i].n; k++)
			bench_account_arrival(&a, &s, rows[i].seq[k]);
		ck_assert_msg(memcmp(&a, &rows[i].want, sizeof(a)) == 0,
			      "%s: received %llu duplicates %llu reordered %llu too late %llu",
			      rows[i].what, (unsigned long long)a.received,
			      (unsigned long long)a.duplicates, (unsigned long long)a.reordered,
			      (unsigned long long)a.too_late);
		ck_assert_msg(bench_account_lost(&a, rows[i].sent) == rows[i].lost, "%s: lost %llu",
			      rows[i].what,
			      (unsigned long long)bench_account_lost(&a, rows[i].sent));
	}
}
END_TEST

START_TEST(numbers_wrap)
{
	struct bench_stream s = {.next = UINT32_MAX - 1};
	struct bench_account a = {0};
	const uint32_t seq[] = {UINT32_MAX - 1, 0, UINT32_MAX, 1, 0};

	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(seq); i++)
		bench_account_arrival(&a, &s, seq[i]);
	ck_assert_uint_eq(a.received, 5);
	ck_assert_uint_eq(a.reordered, 1);
	ck_assert_uint_eq(a.duplicates, 1);
	ck_assert_uint_eq(a.too_late, 0);
	ck_assert_uint_eq(s.next, 2);
}
END_TEST

/* Every order of six packets: none is lost, none is taken for a duplicate. */
static void permute(uint32_t *seq, unsigned int n, unsigned int fixed, unsigned int *count)
{
	struct bench_account a = {0};
	struct bench_stream s = {0};

	if (fixed < n) {
		for (unsigned int i = fixed; i < n; i++) {
			uint32_t kept = seq[fixed];

			seq[fixed] = seq[i];
			seq[i] = kept;
			permute(seq, n, fixed + 1, count);
			seq[i] = seq[fixed];
			seq[fixed] = kept;
		}
		return;
	}
	for (unsigned int i = 0; i < n; i++)
		bench_account_arrival(&a, &s, seq[i]);
	ck_assert_uint_eq(a.duplicates, 0);
	ck_assert_uint_eq(bench_account_lost(&a, n), 0);
	(*count)++;
}

START_TEST(no_order_is_taken_for_a_loss)
{
	uint32_t seq[] = {0, 1, 2, 3, 4, 5};
	unsigned int count = 0;

	permute(seq, 6, 0, &count);
	ck_assert_uint_eq(count, 720);
}
END_TEST

START_TEST(more_arrivals_than_were_sent_are_no_negative_loss)
{
	struct bench_account a = {.received = 5};

	ck_assert_uint_eq(bench_account_lost(&a, 4), 0);
}
END_TEST

static Suite *account(void)
{
	return WEIR_SUITE("bench account", arrivals_are_counted_by_what_came_before, numbers_wrap,
			  no_order_is_taken_for_a_loss,
			  more_arrivals_than_were_sent_are_no_negative_loss);
}

Suite *bench_frame_suite(void);
Suite *bench_line_suite(void);
Suite *bench_line_options_suite(void);
Suite *bench_options_suite(void);

WEIR_TEST_MAIN(account, bench_frame_suite, bench_line_suite, bench_line_options_suite,
	       bench_options_suite)
