/* SPDX-License-Identifier: BSD-3-Clause */
#include "conn_test.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <openssl/ocsp.h>
#include <openssl/pem.h>

static struct weir_tls_cert *load(const char *chain, const char *key, const char *ocsp,
				  struct weir_buf *why)
{
	return weir_tls_cert_load(
		&(struct weir_tls_cert_files){.chain = chain, .key = key, .ocsp = ocsp}, why);
}

static void expect_refused(const char *chain, const char *key, const char *ocsp, const char *words)
{
	struct weir_buf why = {0};

	ck_assert_ptr_null(load(chain, key, ocsp, &why));
	ck_assert_msg(why.ptr && strstr(why.ptr, words), "\"%s\" has no \"%s\"", why.ptr, words);
	weir_buf_fini(&why);
}

START_TEST(a_certificate_tells_names_times_and_key)
{
	const struct weir_tls_cert_info *i = weir_tls_cert_info(pki()->ec_cert);

	ck_assert_str_eq(i->subject, "CN=www.example.org");
	ck_assert_str_eq(i->issuer, "CN=Test CA");
	ck_assert_uint_eq(i->n_names, 3);
	ck_assert_str_eq(i->names[0], "www.example.org");
	ck_assert_str_eq(i->names[1], "www2.example.org");
	ck_assert_str_eq(i->names[2], "192.0.2.1");
	ck_assert_str_eq(i->key, "EC 256");
	ck_assert_str_eq(weir_tls_cert_info(pki()->rsa_cert)->key, "RSA 2048");
	ck_assert(i->not_before < time(NULL) && i->not_after > time(NULL) + 364 * 86400);
	ck_assert_int_eq(i->ocsp_until, 0);
}
END_TEST

START_TEST(without_alternative_names_the_common_name_counts)
{
	struct pki_cert c = pki_make(&(struct pki_spec){.name = "Old.example.org"});
	struct weir_tls_cert *cert = pki_load(&c);

	ck_assert_uint_eq(weir_tls_cert_info(cert)->n_names, 1);
	ck_assert_str_eq(weir_tls_cert_info(cert)->names[0], "old.example.org");
	weir_tls_cert_destroy(cert);
	pki_fini(&c);
}
END_TEST

START_TEST(a_key_that_others_may_read_is_refused)
{
	static const unsigned int modes[] = {0640, 0604, 0620, 0602, 0610, 0601, 0644, 0777};
	const struct pki *p = pki();
	struct weir_buf why = {0};

	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(modes); i++) {
		ck_assert_int_eq(chmod(p->ec.key_file, modes[i]), 0);
		expect_refused(p->ec.chain, p->ec.key_file, NULL, "chmod 600");
	}
	ck_assert_int_eq(chmod(p->ec.key_file, 0400), 0);
	weir_tls_cert_destroy(load(p->ec.chain, p->ec.key_file, NULL, &why));
	ck_assert_ptr_null(why.ptr);
	ck_assert_int_eq(chmod(p->ec.key_file, 0600), 0);
}
END_TEST

START_TEST(a_key_of_another_user_is_refused)
{
	const struct pki *p = pki();

	if (geteuid() != 0)
		return;
	ck_assert_int_eq(chown(p->ec.key_file, 65534, 65534), 0);
	expect_refused(p->ec.chain, p->ec.key_file, NULL, "must belong to root");
	ck_assert_int_eq(chown(p->ec.key_file, 0, 0), 0);
}
END_TEST

START_TEST(what_is_not_there_or_not_pem_is_refused)
{
	const struct pki *p = pki();
	const char *text = pki_path("text"), *empty = pki_path("empty"), *cut = pki_path("cut");
	char begin[] = "-----BEGIN CERTIFICATE-----\nMIIB\n";

	pki_write(text, "not PEM\n", 8, 0600);
	pki_write(empty, "", 0, 0600);
	pki_write(cut, begin, sizeof(begin) - 1, 0600);
	expect_refused(pki_path("none"), p->ec.key_file, NULL, "No such file");
	expect_refused(p->ec.chain, pki_path("none"), NULL, "No such file");
	expect_refused(pki_folder(), p->ec.key_file, NULL, "no file");
	expect_refused(p->ec.chain, pki_folder(), NULL, "no file");
	expect_refused(text, p->ec.key_file, NULL, "no certificate in it");
	expect_refused(empty, p->ec.key_file, NULL, "no certificate in it");
	expect_refused(cut, p->ec.key_file, NULL, "no certificate in it");
	expect_refused(p->ec.chain, text, NULL, "no private key in it");
	expect_refused(p->ec.chain, empty, NULL, "no private key in it");
	expect_refused(p->ec.key_file, p->ec.key_file, NULL, "no certificate in it");
	expect_refused(p->ec.chain, p->rsa.key_file, NULL, "not that of the first certificate");
	expect_refused(p->ec.chain, p->client.key_file, NULL, "not that of the first certificate");
}
END_TEST

/* A chain whose second certificate is cut off is not the chain that was meant. */
START_TEST(a_chain_with_something_malformed_behind_is_refused)
{
	const char *path = pki_path("broken-chain");
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	PEM_write_X509(f, pki()->ec.x509);
	fputs("-----BEGIN CERTIFICATE-----\nMIIB!\n-----END CERTIFICATE-----\n", f);
	fclose(f);
	expect_refused(path, pki()->ec.key_file, NULL, "not all of it is certificates");
}
END_TEST

START_TEST(an_encrypted_key_is_refused_and_nobody_is_asked)
{
	const char *path = pki_path("encrypted");
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	PEM_write_PrivateKey(f, pki()->ec.key, EVP_aes_128_cbc(), (const unsigned char *)"secret",
			     6, NULL, NULL);
	fclose(f);
	chmod(path, 0600);
	expect_refused(pki()->ec.chain, path, NULL, "encrypted");
}
END_TEST

START_TEST(a_key_of_a_kind_that_nobody_speaks_is_refused)
{
	struct pki_cert c = pki_make(&(struct pki_spec){.name = "a"});
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED448");
	FILE *f = fopen(c.key_file, "w");

	ck_assert_ptr_nonnull(f);
	PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL);
	fclose(f);
	expect_refused(c.chain, c.key_file, NULL, "RSA, EC or Ed25519");
	EVP_PKEY_free(key);
	pki_fini(&c);
}
END_TEST

START_TEST(one_file_may_hold_chain_and_key)
{
	const char *path = pki_path("both");
	FILE *f = fopen(path, "w");
	struct weir_tls_cert *cert;
	struct weir_buf why = {0};

	ck_assert_ptr_nonnull(f);
	PEM_write_PrivateKey(f, pki()->ec.key, NULL, NULL, 0, NULL, NULL);
	PEM_write_X509(f, pki()->ec.x509);
	PEM_write_X509(f, pki()->ca.x509);
	fclose(f);
	chmod(path, 0644);
	expect_refused(path, NULL, NULL, "chmod 600");
	chmod(path, 0600);
	cert = load(path, NULL, NULL, &why);
	ck_assert_msg(cert, "%s", why.ptr);
	ck_assert_str_eq(weir_tls_cert_info(cert)->subject, "CN=www.example.org");
	weir_tls_cert_destroy(cert);
}
END_TEST

START_TEST(responses_of_ocsp_must_be_for_the_certificate_and_good)
{
	const struct pki *p = pki();
	struct weir_buf why = {0};
	struct weir_tls_cert *cert;
	const char *path;

	path = pki_ocsp(&p->ec, &p->ca, V_OCSP_CERTSTATUS_REVOKED, 3600);
	expect_refused(p->ec.chain, p->ec.key_file, path, "revoked");
	path = pki_ocsp(&p->ec, &p->ca, V_OCSP_CERTSTATUS_UNKNOWN, 3600);
	expect_refused(p->ec.chain, p->ec.key_file, path, "unknown");
	path = pki_ocsp(&p->rsa, &p->ca, V_OCSP_CERTSTATUS_GOOD, 3600);
	expect_refused(p->ec.chain, p->ec.key_file, path, "not for the certificate");
	expect_refused(p->ec.chain, p->ec.key_file, p->ec.chain, "no response of OCSP");
	path = pki_ocsp(&p->ec, &p->ca, V_OCSP_CERTSTATUS_GOOD, 3600);
	cert = load(p->ec.chain, p->ec.key_file, path, &why);
	ck_assert_msg(cert, "%s", why.ptr);
	ck_assert_int_gt(weir_tls_cert_info(cert)->ocsp_until, time(NULL) + 3500);
	ck_assert_int_lt(weir_tls_cert_info(cert)->ocsp_until, time(NULL) + 3700);
	weir_tls_cert_destroy(cert);
}
END_TEST

#define LOOKED_AT (16UL << 20) /* larger mappings are a sanitizer's */

/* Memory that is in no dump, for what looks for words. */
static char *unseen(void)
{
	char *at =
		mmap(NULL, LOOKED_AT, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(at, MAP_FAILED);
	ck_assert_int_eq(madvise(at, LOOKED_AT, MADV_DONTDUMP), 0);
	return at;
}

static unsigned int times(const char *in, size_t in_len, const char *words, size_t len)
{
	unsigned int n = 0;
	const char *at;

	while ((at = memmem(in, in_len, words, len))) {
		n++;
		in_len -= (size_t)(at + len - in);
		in = at + len;
	}
	return n;
}

/* How often a dump of this process would have the words in it. */
static unsigned int dumped(const char *words, size_t len)
{
	char line[512], perms[8], *copy = unseen();
	unsigned int here = 0, found = 0;
	unsigned long from, to;
	FILE *f = fopen("/proc/self/smaps", "r"), *memory = fopen("/proc/self/mem", "r");

	ck_assert(f && memory);
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx %7s", &from, &to, perms) == 3) {
			ssize_t n = 0;

			if (strncmp(perms, "rw", 2) == 0 && to - from <= LOOKED_AT)
				n = pread(fileno(memory), copy, to - from, (off_t)from);
			here = n > 0 ? times(copy, (size_t)n, words, len) : 0;
		} else if (strncmp(line, "VmFlags:", 8) == 0) {
			found += strstr(line, " dd") ? 0 : here;
		}
	}
	fclose(f);
	fclose(memory);
	munmap(copy, LOOKED_AT);
	return found;
}

static void read_second_line(const char *path, char *to)
{
	int fd = open(path, O_RDONLY);

	ck_assert_int_gt(read(fd, to, 120), 100);
	close(fd);
	memmove(to, to + 40, 40);
}

/* The test program's own copies, from writing the file, are there before, too. */
START_TEST(the_key_file_is_in_no_dump_but_the_chain_is)
{
	char *key = unseen(), *chain = unseen();
	unsigned int key_before;
	struct weir_tls_cert *cert;

	read_second_line(pki()->ec.key_file, key);
	read_second_line(pki()->ec.chain, chain);
	key_before = dumped(key, 40);
	cert = pki_load(&pki()->ec);
	ck_assert_uint_eq(dumped(key, 40), key_before);
	ck_assert_uint_gt(dumped(chain, 40), 0);
	munmap(key, LOOKED_AT);
	munmap(chain, LOOKED_AT);
	weir_tls_cert_destroy(cert);
}
END_TEST

Suite *cert_suite(void)
{
	return WEIR_SUITE("tls cert", a_certificate_tells_names_times_and_key,
			  without_alternative_names_the_common_name_counts,
			  a_key_that_others_may_read_is_refused, a_key_of_another_user_is_refused,
			  what_is_not_there_or_not_pem_is_refused,
			  a_chain_with_something_malformed_behind_is_refused,
			  an_encrypted_key_is_refused_and_nobody_is_asked,
			  a_key_of_a_kind_that_nobody_speaks_is_refused,
			  one_file_may_hold_chain_and_key,
			  responses_of_ocsp_must_be_for_the_certificate_and_good,
			  the_key_file_is_in_no_dump_but_the_chain_is);
}
