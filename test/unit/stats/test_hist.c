/* SPDX-License-Identifier: BSD-3-Clause */
/* The log-linear histogram: exact below 8, then within an eighth of an octave. */
#include "stats_test.h"

/* The quantile of a histogram of `value` and of one far larger, so that no maximum clips it. */
static uint64_t edge_of(uint64_t value)
{
	struct weir_hist h = {0};

	weir_hist_add(&h, value);
	weir_hist_add(&h, UINT64_MAX);
	return weir_hist_quantile(&h, 0.5);
}

START_TEST(small_values_are_exact)
{
	for (uint64_t v = 0; v < 16; v++)
		ck_assert_uint_eq(edge_of(v), v);
}
END_TEST

START_TEST(edges_lie_at_or_above_the_value_and_within_an_eighth)
{
	for (unsigned int bit = 3; bit < 40; bit++)
		for (uint64_t part = 0; part < 64; part++) {
			uint64_t v = (1ULL << bit) + (part << bit >> 6);
			uint64_t edge = edge_of(v);

			ck_assert_uint_ge(edge, v);
			ck_assert_uint_le(edge, v + v / 8);
			ck_assert_uint_eq(edge_of(edge), edge);
			if (edge + 1 < 1ULL << 40)
				ck_assert_uint_gt(edge_of(edge + 1), edge);
		}
}
END_TEST

START_TEST(every_bucket_is_used_and_values_past_the_last_are_kept)
{
	struct weir_hist h = {0};

	for (uint64_t v = 0, last = 0; v < 1ULL << 40; v = last + 1) {
		last = edge_of(v);
		weir_hist_add(&h, v);
	}
	for (unsigned int b = 0; b < WEIR_HIST_BUCKETS; b++)
		ck_assert_uint_eq(h.bucket[b], 1);
	weir_hist_add(&h, 1ULL << 41);
	weir_hist_add(&h, UINT64_MAX);
	ck_assert_uint_eq(h.bucket[WEIR_HIST_BUCKETS - 1], 3);
	ck_assert_uint_eq(h.max, UINT64_MAX);
}
END_TEST

START_TEST(an_empty_histogram_has_zero_quantiles)
{
	struct weir_hist h = {0};

	ck_assert_uint_eq(weir_hist_quantile(&h, 0), 0);
	ck_assert_uint_eq(weir_hist_quantile(&h, 0.5), 0);
	ck_assert_uint_eq(weir_hist_quantile(&h, 1), 0);
}
END_TEST

START_TEST(one_sample_is_every_quantile)
{
	struct weir_hist h = {0};

	weir_hist_add(&h, 1001);
	ck_assert_uint_eq(weir_hist_quantile(&h, 0), 1001);
	ck_assert_uint_eq(weir_hist_quantile(&h, 0.5), 1001);
	ck_assert_uint_eq(weir_hist_quantile(&h, 1), 1001);
}
END_TEST

static const struct {
	double part;
	uint64_t exact;
} quantiles[] = {{0, 1}, {0.01, 10}, {0.5, 500}, {0.9, 900}, {0.99, 990}, {0.999, 999}, {1, 1000}};

START_TEST(quantiles_of_known_samples_are_near)
{
	struct weir_hist h = {0};

	for (uint64_t v = 1000; v >= 1; v--)
		weir_hist_add(&h, v);
	ck_assert_uint_eq(h.count, 1000);
	ck_assert_uint_eq(h.sum, 500500);
	ck_assert_uint_eq(h.max, 1000);
	for (size_t i = 0; i < WEIR_ARRAY_LEN(quantiles); i++) {
		uint64_t q = weir_hist_quantile(&h, quantiles[i].part);

		ck_assert_uint_ge(q, quantiles[i].exact);
		ck_assert_uint_le(q, quantiles[i].exact + quantiles[i].exact / 8);
	}
	ck_assert_uint_eq(weir_hist_quantile(&h, 1), 1000);
}
END_TEST

START_TEST(merged_histograms_are_as_if_filled_together)
{
	struct weir_hist a = {0}, b = {0}, both = {0};

	for (uint64_t v = 0; v < 5000; v++) {
		weir_hist_add(v % 3 ? &a : &b, v * v);
		weir_hist_add(&both, v * v);
	}
	weir_hist_merge(&a, &b);
	ck_assert_mem_eq(&a, &both, sizeof(both));
	b = (struct weir_hist){0};
	weir_hist_merge(&a, &b);
	ck_assert_mem_eq(&a, &both, sizeof(both));
}
END_TEST

Suite *hist_suite(void)
{
	return WEIR_SUITE("stats hist", small_values_are_exact,
			  edges_lie_at_or_above_the_value_and_within_an_eighth,
			  every_bucket_is_used_and_values_past_the_last_are_kept,
			  an_empty_histogram_has_zero_quantiles, one_sample_is_every_quantile,
			  quantiles_of_known_samples_are_near,
			  merged_histograms_are_as_if_filled_together);
}
