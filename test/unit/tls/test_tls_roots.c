/* SPDX-License-Identifier: BSD-3-Clause */
#include "conn_test.h"

#include <stdio.h>
#include <sys/stat.h>

#include <openssl/pem.h>

static void expect_refused(const struct weir_tls_roots_files *files, const char *words)
{
	struct weir_buf why = {0};

	ck_assert_ptr_null(weir_tls_roots_load(files, &why));
	ck_assert_msg(why.ptr && strstr(why.ptr, words), "\"%s\" has no \"%s\"", why.ptr, words);
	weir_buf_fini(&why);
}

static unsigned int count(const struct weir_tls_roots_files *files)
{
	struct weir_buf why = {0};
	struct weir_tls_roots *r = weir_tls_roots_load(files, &why);
	unsigned int n;

	ck_assert_msg(r, "%s", why.ptr);
	n = weir_tls_roots_count(r);
	weir_tls_roots_destroy(r);
	weir_buf_fini(&why);
	return n;
}

static void write_pem(const char *path, const struct pki_cert *a, const struct pki_cert *b)
{
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	PEM_write_X509(f, a->x509);
	if (b)
		PEM_write_X509(f, b->x509);
	fclose(f);
}

START_TEST(authorities_come_from_files_folders_and_the_system)
{
	const struct pki *p = pki();
	const char *folder = pki_path("roots"), *file = pki_path("two.pem");

	ck_assert_int_eq(mkdir(folder, 0755), 0);
	write_pem(file, &p->ca, &p->ec);
	write_pem(pki_path("roots/a.pem"), &p->ca, NULL);
	write_pem(pki_path("roots/b.crt"), &p->ca, &p->ec);
	pki_write(pki_path("roots/README"), "text", 4, 0644);
	ck_assert_uint_eq(count(&(struct weir_tls_roots_files){.file = file}), 2);
	ck_assert_uint_eq(count(&(struct weir_tls_roots_files){.folder = folder}), 3);
	ck_assert_uint_eq(count(&(struct weir_tls_roots_files){.file = file, .folder = folder}), 5);
	ck_assert_uint_gt(count(&(struct weir_tls_roots_files){.system = true}), 50);
}
END_TEST

START_TEST(what_holds_no_authorities_is_refused)
{
	const struct pki *p = pki();
	const char *empty = pki_path("no-roots"), *text = pki_path("roots.txt");

	ck_assert_int_eq(mkdir(empty, 0755), 0);
	pki_write(text, "text", 4, 0644);
	expect_refused(&(struct weir_tls_roots_files){0}, "no certificate");
	expect_refused(&(struct weir_tls_roots_files){.folder = empty}, "no certificate");
	expect_refused(&(struct weir_tls_roots_files){.folder = pki_path("none")}, "No such file");
	expect_refused(&(struct weir_tls_roots_files){.file = pki_path("none")}, "No such file");
	expect_refused(&(struct weir_tls_roots_files){.file = text}, "not all of it");
	expect_refused(&(struct weir_tls_roots_files){.file = p->ca.chain, .crl = p->ca.chain},
		       "revocation list");
	expect_refused(&(struct weir_tls_roots_files){.file = p->ca.chain, .crl = text},
		       "revocation list");
}
END_TEST

Suite *roots_suite(void)
{
	return WEIR_SUITE("tls roots", authorities_come_from_files_folders_and_the_system,
			  what_holds_no_authorities_is_refused);
}
