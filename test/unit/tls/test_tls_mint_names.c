/* SPDX-License-Identifier: BSD-3-Clause */
/* Which names of a certificate its leaf has, where the CA may not sign all. */
#include "hello_test.h"
#include "mint_lab.h"

static const struct {
	const char *constraints, *sans;
	const char *good, *bad; /* hosts; good NULL: refused */
} limits[] = {
	{"critical,permitted;DNS:in.test", "DNS:a.in.test,DNS:a.out.test", "a.in.test",
	 "a.out.test"},
	{"critical,permitted;DNS:in.test", "DNS:a.out.test", NULL, NULL},
	{"critical,permitted;DNS:in.test", "DNS:*.in.test,DNS:*.test", "a.in.test", "a.test"},
	{"critical,excluded;DNS:out.test", "DNS:a.in.test,DNS:a.out.test", "a.in.test",
	 "a.out.test"},
	{"critical,excluded;DNS:out.test", "DNS:out.test", NULL, NULL},
	{"critical,permitted;IP:192.0.2.0/255.255.255.0", "IP:192.0.2.1,IP:198.51.100.1",
	 "192.0.2.1", "198.51.100.1"},
	{"critical,permitted;IP:192.0.2.0/255.255.255.0", "IP:198.51.100.1", NULL, NULL},
	{"critical,permitted;DNS:in.test,excluded;DNS:no.in.test", "DNS:a.in.test,DNS:no.in.test",
	 "a.in.test", "no.in.test"},
	{"critical,permitted;dirName:none", "DNS:a.in.test", "a.in.test", "a.out.test"},
};

/* OpenSSL takes a directory name from a configuration only. */
static void constrain_subject(struct mint_making *m, bool *done)
{
	*done = m->constraints && strstr(m->constraints, "dirName");
	if (*done)
		m->constraints = NULL;
}

static struct mint mint_with_dir_name(void)
{
	static const struct mint_making root = {
		.subject = "root", .basic = "critical,CA:TRUE", .usage = "critical,keyCertSign"};
	struct mint m = {.folder = mint_folder_create()};
	EVP_PKEY *root_key = mint_new_key(false), *key = mint_new_key(false);
	NAME_CONSTRAINTS *nc = NAME_CONSTRAINTS_new();
	GENERAL_SUBTREE *tree = GENERAL_SUBTREE_new();
	X509_NAME *name = X509_NAME_new();
	X509 *ca;
	char path[128];

	X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC, (const uint8_t *)"Us", -1, -1, 0);
	GENERAL_NAME_set0_value(tree->base, GEN_DIRNAME, name);
	nc->permittedSubtrees = sk_GENERAL_SUBTREE_new_null();
	sk_GENERAL_SUBTREE_push(nc->permittedSubtrees, tree);
	m.root = mint_make(&root, root_key, NULL, NULL);
	ca = mint_make(&(struct mint_making){SUB_CA}, key, m.root, root_key);
	ck_assert_int_eq(X509_add1_ext_i2d(ca, NID_name_constraints, nc, 1, 0), 1);
	ck_assert_int_gt(X509_sign(ca, root_key, EVP_sha256()), 0);
	mint_write_pem(mint_file(&m.folder, "ca.pem", path), 0644, ca, NULL, NULL);
	mint_write_pem(mint_file(&m.folder, "ca.key", path), 0600, NULL, NULL, key);
	NAME_CONSTRAINTS_free(nc);
	X509_free(ca);
	EVP_PKEY_free(key);
	EVP_PKEY_free(root_key);
	mint_open(&m, 4);
	return m;
}

START_TEST(names_that_the_ca_may_not_sign_are_left_out)
{
	EVP_PKEY *key = mint_new_key(false);

	for (size_t i = 0; i < WEIR_ARRAY_LEN(limits); i++) {
		struct mint_making ca = {SUB_CA, .constraints = limits[i].constraints};
		struct mint_making server = {.sans = limits[i].sans};
		const struct weir_tls_identity *leaf;
		X509 *like = mint_make(&server, key, NULL, NULL);
		bool dir_name;
		struct mint m;
		struct mint_seen seen;

		constrain_subject(&ca, &dir_name);
		m = dir_name ? mint_with_dir_name() : mint_under_root(&ca);
		ck_assert_int_eq(mint_like(&m, like, &leaf),
				 limits[i].good ? 0 : -WEIR_TLS_E_CERT_NAME);
		X509_free(like);
		if (leaf) {
			seen = mint_show(leaf);
			ck_assert_msg(mint_verify(&m, &seen, limits[i].good, NOW) == X509_V_OK,
				      "row %zu: %d", i,
				      mint_verify(&m, &seen, limits[i].good, NOW));
			ck_assert_int_eq(mint_verify(&m, &seen, limits[i].bad, NOW),
					 strchr("0123456789", limits[i].bad[0])
						 ? X509_V_ERR_IP_ADDRESS_MISMATCH
						 : X509_V_ERR_HOSTNAME_MISMATCH);
			/* The CA is shown, its root is not. */
			ck_assert_int_eq(sk_X509_num(seen.chain), 2);
			mint_seen_fini(&seen);
			weir_tls_mint_put(m.minter, leaf);
		}
		mint_destroy(&m);
	}
	EVP_PKEY_free(key);
}
END_TEST

Suite *mint_names_suite(void)
{
	return WEIR_SUITE("tls mint names", names_that_the_ca_may_not_sign_are_left_out);
}
