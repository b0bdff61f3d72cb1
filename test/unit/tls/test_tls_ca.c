/* SPDX-License-Identifier: BSD-3-Clause */
/* The operator's CA: what may be one, and a new one. */
#include "hello_test.h"
#include "mint_lab.h"

#include <sys/stat.h>
#include <unistd.h>

static const struct {
	struct mint_making ca;
	mode_t mode;
	const char *why; /* NULL: loads */
} authorities[] = {
	{{SUB_CA}, 0600, NULL},
	{{SUB_CA, .rsa = true}, 0600, NULL},
	{{.subject = "no usage", .basic = "CA:TRUE"}, 0600, NULL},
	{{SUB_CA}, 0640, "chmod 600"},
	{{SUB_CA}, 0604, "chmod 600"},
	{{.subject = "leaf", .basic = "CA:FALSE"}, 0600, "that may sign"},
	{{.subject = "leaf"}, 0600, "that may sign"},
	{{.subject = "crl", .basic = "CA:TRUE", .usage = "cRLSign"}, 0600, "that may sign"},
};

START_TEST(only_what_may_sign_and_has_its_key_to_itself_is_a_ca)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(authorities); i++) {
		struct mint_folder f = mint_folder_create();
		EVP_PKEY *key = mint_new_key(authorities[i].ca.rsa);
		X509 *x = mint_make(&authorities[i].ca, key, NULL, NULL);
		struct weir_buf why = {0};
		struct weir_tls_ca *ca;
		char path[128];

		mint_write_pem(mint_file(&f, "ca.pem", path), 0644, x, NULL, NULL);
		mint_write_pem(mint_file(&f, "ca.key", path), authorities[i].mode, NULL, NULL, key);
		ca = mint_load_ca(&f, &why);
		ck_assert_int_eq(!ca, authorities[i].why != NULL);
		ck_assert_msg(ca || strstr(why.ptr, authorities[i].why), "%s", why.ptr);
		weir_tls_ca_destroy(ca);
		weir_buf_fini(&why);
		X509_free(x);
		EVP_PKEY_free(key);
		mint_folder_destroy(&f);
	}
}
END_TEST

START_TEST(a_new_ca_signs_leaves_only_and_is_written_over_no_other)
{
	struct mint m = mint_create(1);
	struct weir_tls_ca_new ca = {m.folder.path, "another", NOW};
	struct weir_buf why = {0};
	char path[128], sub[128];
	struct stat st;

	ck_assert_int_eq(stat(mint_file(&m.folder, "ca.key", path), &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	ck_assert_int_eq(stat(mint_file(&m.folder, "ca.pem", path), &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0644);
	ck_assert_int_eq(X509_check_ca(m.ca), 1);
	ck_assert_int_eq(X509_get_pathlen(m.ca), 0);
	ck_assert_uint_eq(X509_get_key_usage(m.ca), KU_KEY_CERT_SIGN | KU_CRL_SIGN);
	ck_assert_int_eq(mint_seconds(X509_get0_notAfter(m.ca)), CA_END);
	ck_assert_int_eq(mint_seconds(X509_get0_notBefore(m.ca)), CA_BEGIN);

	ck_assert_int_eq(weir_tls_ca_init(&ca, &why), -WEIR_EEXIST);
	ck_assert_ptr_nonnull(strstr(why.ptr, "ca.pem"));
	/* A key alone is not written over either, and no certificate is left beside it. */
	ca.folder = mint_file(&m.folder, "sub", sub);
	ck_assert_int_eq(mkdir(sub, 0700), 0);
	mint_write_pem(mint_file(&m.folder, "sub/ca.key", path), 0600, NULL, NULL, NULL);
	ck_assert_int_eq(weir_tls_ca_init(&ca, &why), -WEIR_EEXIST);
	ck_assert_int_ne(access(mint_file(&m.folder, "sub/ca.pem", path), F_OK), 0);
	unlink(mint_file(&m.folder, "sub/ca.key", path));
	rmdir(sub);
	/* Where there is no folder it is made for its owner alone. */
	ck_assert_int_eq(weir_tls_ca_init(&ca, &why), 0);
	ck_assert_int_eq(stat(sub, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0700);
	weir_buf_fini(&why);
	mint_destroy(&m);
}
END_TEST

START_TEST(a_ca_that_cannot_be_made_is_told_why)
{
	struct mint_folder f = mint_folder_create();
	char long_name[80] = "", nowhere[128];
	struct weir_tls_ca_new rows[] = {{f.path, "", NOW},
					 {f.path, long_name, NOW},
					 {f.path, "\xff\xfe", NOW},
					 {mint_file(&f, "no/where", nowhere), "name", NOW}};
	static const int codes[] = {-WEIR_EINVAL, -WEIR_EINVAL, -WEIR_EINVAL, -WEIR_EIO};
	struct weir_buf why = {0};

	memset(long_name, 'x', 65);
	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		weir_buf_reset(&why);
		ck_assert_int_eq(weir_tls_ca_init(&rows[i], &why), codes[i]);
		ck_assert_uint_gt(why.len, 0);
	}
	weir_buf_fini(&why);
	mint_folder_destroy(&f);
}
END_TEST

Suite *ca_suite(void)
{
	return WEIR_SUITE("tls ca", only_what_may_sign_and_has_its_key_to_itself_is_a_ca,
			  a_new_ca_signs_leaves_only_and_is_written_over_no_other,
			  a_ca_that_cannot_be_made_is_told_why);
}
