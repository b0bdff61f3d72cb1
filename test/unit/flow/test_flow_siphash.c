/* SPDX-License-Identifier: BSD-3-Clause */
/* Many hashes at once are the same as each alone. */
#include "fixture.h"

static void fill(struct flow_columns *c, uint64_t x)
{
	for (unsigned int w = 0; w < FLOW_KEY_WIDE; w++)
		for (unsigned int i = 0; i < FLOW_BURST_MAX; i++) {
			x = x * 6364136223846793005u + 1442695040888963407u;
			c->word[w][i] = x ^ x >> 29;
		}
}

/* How many of a burst of `n` differ from weir_siphash13. */
static unsigned int differing(flow_siphash_fn hash, const struct flow_columns *c,
			      unsigned int words, unsigned int n)
{
	uint64_t value[FLOW_BURST_MAX];
	unsigned int wrong = 0;

	hash(&fixture_key, c, words, n, value);
	for (unsigned int i = 0; i < n; i++) {
		uint64_t in[FLOW_KEY_WIDE];

		for (unsigned int w = 0; w < words; w++)
			in[w] = c->word[w][i];
		wrong += value[i] != weir_siphash13(&fixture_key, in, words);
	}
	return wrong;
}

static void check(flow_siphash_fn hash)
{
	struct flow_columns c;

	for (uint64_t seed = 0; seed < 20; seed++) {
		fill(&c, seed);
		for (unsigned int n = 0; n <= FLOW_BURST_MAX; n++) {
			ck_assert_uint_eq(differing(hash, &c, FLOW_KEY_NARROW, n), 0);
			ck_assert_uint_eq(differing(hash, &c, FLOW_KEY_WIDE, n), 0);
		}
	}
}

START_TEST(the_scalar_hash_of_a_burst_is_siphash)
{
	check(flow_siphash_scalar);
}
END_TEST

START_TEST(the_best_hash_of_this_cpu_is_siphash)
{
	check(flow_siphash_best());
}
END_TEST

Suite *siphash_suite(void)
{
	return WEIR_SUITE("flow siphash", the_scalar_hash_of_a_burst_is_siphash,
			  the_best_hash_of_this_cpu_is_siphash);
}
