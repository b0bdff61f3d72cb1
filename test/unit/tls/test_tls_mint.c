/* SPDX-License-Identifier: BSD-3-Clause */
/* The leaves that a worker keeps: which is lent, which goes, which is made anew. */
#include "hello_test.h"
#include "mint_lab.h"

START_TEST(a_leaf_is_made_once_and_the_oldest_goes)
{
	struct mint m = mint_create(3);
	const struct weir_tls_identity *leaf[4], *again;
	static const char *const names[] = {"a.test", "b.test", "c.test", "d.test"};
	struct weir_tls_mint_counts counts;

	for (size_t i = 0; i < 3; i++)
		ck_assert_int_eq(mint_name(&m, names[i], NOW, &leaf[i]), 0);
	ck_assert_int_eq(mint_name(&m, "a.test", NOW, &again), 0);
	ck_assert_ptr_eq(again, leaf[0]);
	weir_tls_mint_put(m.minter, again);
	/* b.test is now the one used longest ago; who has it goes on having it. */
	ck_assert_int_eq(mint_name(&m, "d.test", NOW, &leaf[3]), 0);
	counts = weir_tls_minter_counts(m.minter);
	ck_assert_uint_eq(counts.minted, 4);
	ck_assert_uint_eq(counts.found, 1);
	ck_assert_uint_eq(counts.evicted, 1);
	ck_assert_int_eq(mint_name(&m, "a.test", NOW, &again), 0);
	ck_assert_ptr_eq(again, leaf[0]);
	weir_tls_mint_put(m.minter, again);
	ck_assert_int_eq(mint_name(&m, "b.test", NOW, &again), 0);
	ck_assert_ptr_ne(again, leaf[1]);
	weir_tls_mint_put(m.minter, again);
	for (size_t i = 0; i < 4; i++) {
		struct mint_seen seen = mint_show(leaf[i]);

		ck_assert_int_eq(mint_verify(&m, &seen, names[i], NOW), X509_V_OK);
		mint_seen_fini(&seen);
		weir_tls_mint_put(m.minter, leaf[i]);
	}
	mint_destroy(&m);
}
END_TEST

START_TEST(a_leaf_is_made_anew_before_its_end)
{
	struct mint m = mint_create(3);
	const struct weir_tls_identity *leaf, *later;

	ck_assert_int_eq(mint_name(&m, "a.test", NOW, &leaf), 0);
	weir_tls_mint_put(m.minter, leaf);
	ck_assert_int_eq(mint_name(&m, "a.test", NOW + 336 * DAY, &later), 0);
	ck_assert_ptr_eq(leaf, later);
	ck_assert_int_eq(mint_name(&m, "a.test", NOW + 338 * DAY, &leaf), 0);
	ck_assert_ptr_ne(leaf, later);
	ck_assert_uint_eq(weir_tls_minter_counts(m.minter).minted, 2);
	weir_tls_mint_put(m.minter, leaf);
	weir_tls_mint_put(m.minter, later);
	mint_destroy(&m);
}
END_TEST

START_TEST(leaves_that_are_lent_outlive_their_minter)
{
	struct mint m = mint_create(3);
	struct weir_tls_minter *minter = m.minter;
	const struct weir_tls_identity *a, *b;
	struct mint_seen seen;

	ck_assert_int_eq(mint_name(&m, "a.test", NOW, &a), 0);
	ck_assert_int_eq(mint_name(&m, "b.test", NOW, &b), 0);
	weir_tls_minter_destroy(minter);
	m.minter = NULL;
	weir_tls_mint_put(minter, b);
	seen = mint_show(a);
	ck_assert_int_eq(mint_verify(&m, &seen, "a.test", NOW), X509_V_OK);
	mint_seen_fini(&seen);
	weir_tls_mint_put(minter, a);
	mint_destroy(&m);
}
END_TEST

/* A certificate of the same names is another one. */
START_TEST(each_certificate_of_a_server_has_its_own_leaf)
{
	struct mint m = mint_create(8);
	const struct weir_tls_identity *leaf[3];

	for (size_t i = 0; i < 3; i++) {
		EVP_PKEY *key = mint_new_key(i == 2);
		X509 *server =
			mint_make(&(struct mint_making){.sans = "DNS:a.test"}, key, NULL, NULL);

		ck_assert_int_eq(mint_like(&m, server, &leaf[i]), 0);
		X509_free(server);
		EVP_PKEY_free(key);
		for (size_t k = 0; k < i; k++)
			ck_assert_ptr_ne(leaf[i], leaf[k]);
	}
	for (size_t i = 0; i < 3; i++)
		weir_tls_mint_put(m.minter, leaf[i]);
	mint_destroy(&m);
}
END_TEST

Suite *mint_suite(void)
{
	return WEIR_SUITE("tls mint", a_leaf_is_made_once_and_the_oldest_goes,
			  a_leaf_is_made_anew_before_its_end,
			  leaves_that_are_lent_outlive_their_minter,
			  each_certificate_of_a_server_has_its_own_leaf);
}
