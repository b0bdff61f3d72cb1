/* SPDX-License-Identifier: BSD-3-Clause */
/* Large policies against the naive decider, and how long they take to load. */
#include "fixture.h"
#include "reference.h"

#include <stdio.h>
#include <time.h>

Suite *policy_scale_suite(void);

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void compare(struct reference *r, const struct loaded *l, unsigned int queries)
{
	struct weir_buf want = {0}, got = {0}, told = {0};

	for (unsigned int i = 0; i < queries; i++) {
		struct weir_policy_query q = reference_query(r);

		weir_buf_reset(&want);
		weir_buf_reset(&got);
		weir_buf_reset(&told);
		reference_decide(r, &q, &want);
		decided(l, &q, &got);
		ck_assert_str_eq(got.ptr, want.ptr);
		explained(l, &q, &told);
		ck_assert_str_eq(told.ptr, want.ptr);
	}
	weir_buf_fini(&want);
	weir_buf_fini(&got);
	weir_buf_fini(&told);
}

START_TEST(small_random_policies_agree_with_the_naive_decider)
{
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct reference *r = reference_create(2 + seed % 20, 4 + (unsigned int)seed * 3,
						       (unsigned int)seed * 5, seed);
		struct loaded l = load_good(reference_yaml(r));

		compare(r, &l, 300);
		unload(&l);
		reference_destroy(r);
	}
}
END_TEST

START_TEST(ten_thousand_rules_agree_with_the_naive_decider)
{
	struct reference *r = reference_create(1000, 4000, 10000, 99);
	double start = seconds();
	struct loaded l = load_good(reference_yaml(r));
	struct weir_policy_size size = weir_policy_size(l.policy);

	printf("10,000 rules, 1,000 groups, 4,000 prefixes: loaded in %.3f s, about %llu KiB\n",
	       seconds() - start, (unsigned long long)(size.bytes >> 10));
	ck_assert_uint_eq(size.rules, 10000);
	ck_assert_uint_eq(size.groups, 1000);
	compare(r, &l, 1000);
	unload(&l);
	reference_destroy(r);
}
END_TEST

Suite *policy_scale_suite(void)
{
	return WEIR_SUITE("policy scale", small_random_policies_agree_with_the_naive_decider,
			  ten_thousand_rules_agree_with_the_naive_decider);
}
