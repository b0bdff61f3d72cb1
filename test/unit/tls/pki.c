/* SPDX-License-Identifier: BSD-3-Clause */
/* A public key infrastructure in a temporary folder. */
#include "conn_test.h"

#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#define DAY_S 86400L

/* ---- files ---- */

static char folder[PATH_LEN];

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static void remove_folder(void)
{
	nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

const char *pki_folder(void)
{
	if (!*folder) {
		strcpy(folder, "/tmp/weir-tls-XXXXXX");
		ck_assert_ptr_nonnull(mkdtemp(folder));
		atexit(remove_folder);
	}
	return folder;
}

const char *pki_path(const char *name)
{
	static char path[8][2 * PATH_LEN];
	static unsigned int next;
	char *at = path[next++ % 8];

	snprintf(at, sizeof(path[0]), "%s/%s", pki_folder(), name);
	return at;
}

void pki_write(const char *path, const void *bytes, size_t len, unsigned int mode)
{
	FILE *f = fopen(path, "wb");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(bytes, 1, len, f), len);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_int_eq(chmod(path, mode), 0);
}

/* ---- certificates ---- */

/* RSA keys take long to make: all certificates share one. */
static EVP_PKEY *make_key(enum pki_key kind)
{
	static EVP_PKEY *rsa;

	if (kind == PKI_EC)
		return EVP_EC_gen("P-256");
	if (kind == PKI_ED25519)
		return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	if (!rsa)
		rsa = EVP_RSA_gen(2048);
	EVP_PKEY_up_ref(rsa);
	return rsa;
}

static void add_ext(X509 *x, const struct pki_spec *s, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *e;

	X509V3_set_ctx(&ctx, s->issuer ? s->issuer->x509 : x, x, NULL, NULL, 0);
	e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	ck_assert_ptr_nonnull(e);
	ck_assert_int_eq(X509_add_ext(x, e, -1), 1);
	X509_EXTENSION_free(e);
}

static void set_times(X509 *x, const struct pki_spec *s)
{
	bool given = s->from_days || s->until_days;

	X509_gmtime_adj(X509_getm_notBefore(x), (given ? s->from_days : -1) * DAY_S);
	X509_gmtime_adj(X509_getm_notAfter(x),
			s->until_s ? s->until_s : (given ? s->until_days : 365) * DAY_S);
}

static X509 *make_x509(const struct pki_spec *s, EVP_PKEY *key)
{
	static long serial = 1000;
	X509 *x = X509_new();
	X509_NAME *subject = X509_get_subject_name(x);
	EVP_PKEY *signer = s->issuer ? s->issuer->key : key;

	X509_set_version(x, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(x), serial++);
	set_times(x, s);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)s->name, -1,
				   -1, 0);
	X509_set_issuer_name(x, s->issuer ? X509_get_subject_name(s->issuer->x509) : subject);
	X509_set_pubkey(x, key);
	add_ext(x, s, NID_basic_constraints, s->ca ? "critical,CA:TRUE" : "CA:FALSE");
	add_ext(x, s, NID_subject_key_identifier, "hash");
	if (s->ca)
		add_ext(x, s, NID_key_usage, "critical,keyCertSign,cRLSign,digitalSignature");
	if (s->usage)
		add_ext(x, s, NID_ext_key_usage, s->usage);
	if (s->sans)
		add_ext(x, s, NID_subject_alt_name, s->sans);
	ck_assert_int_gt(
		X509_sign(x, signer,
			  EVP_PKEY_get_base_id(signer) == EVP_PKEY_ED25519 ? NULL : EVP_sha256()),
		0);
	return x;
}

static void write_cert(struct pki_cert *c, const struct pki_spec *s)
{
	static unsigned int n;
	FILE *f;

	snprintf(c->chain, sizeof(c->chain), "%s/cert-%u.pem", pki_folder(), n);
	snprintf(c->key_file, sizeof(c->key_file), "%s/cert-%u.key", pki_folder(), n++);
	f = fopen(c->chain, "w");
	ck_assert_ptr_nonnull(f);
	PEM_write_X509(f, c->x509);
	if (s->issuer && X509_check_issued(s->issuer->x509, s->issuer->x509) != X509_V_OK)
		PEM_write_X509(f, s->issuer->x509);
	fclose(f);
	f = fopen(c->key_file, "w");
	ck_assert_ptr_nonnull(f);
	PEM_write_PrivateKey(f, c->key, NULL, NULL, 0, NULL, NULL);
	fclose(f);
	chmod(c->key_file, 0600);
}

struct pki_cert pki_make(const struct pki_spec *spec)
{
	struct pki_cert c = {.key = make_key(spec->key)};

	ck_assert_ptr_nonnull(c.key);
	c.x509 = make_x509(spec, c.key);
	write_cert(&c, spec);
	return c;
}

void pki_fini(struct pki_cert *c)
{
	X509_free(c->x509);
	EVP_PKEY_free(c->key);
	*c = (struct pki_cert){0};
}

/* ---- what tells whether one is revoked ---- */

const char *pki_ocsp(const struct pki_cert *leaf, const struct pki_cert *issuer, int status,
		     long until_s)
{
	OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
	OCSP_CERTID *id = OCSP_cert_to_id(NULL, leaf->x509, issuer->x509);
	ASN1_TIME *from = X509_gmtime_adj(NULL, -DAY_S), *until = X509_gmtime_adj(NULL, until_s);
	const char *path = pki_path("ocsp.der");
	OCSP_RESPONSE *response;
	uint8_t *der = NULL;
	int len;

	OCSP_basic_add1_status(basic, id, status, OCSP_REVOKED_STATUS_KEYCOMPROMISE, from, from,
			       until);
	ck_assert_int_eq(OCSP_basic_sign(basic, issuer->x509, issuer->key, EVP_sha256(), NULL, 0),
			 1);
	response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
	len = i2d_OCSP_RESPONSE(response, &der);
	ck_assert_int_gt(len, 0);
	pki_write(path, der, (size_t)len, 0644);
	OPENSSL_free(der);
	OCSP_RESPONSE_free(response);
	OCSP_BASICRESP_free(basic);
	OCSP_CERTID_free(id);
	ASN1_TIME_free(from);
	ASN1_TIME_free(until);
	return path;
}

void pki_crl(const char *path, const struct pki_cert *issuer, const struct pki_cert *revoked,
	     long until_s)
{
	X509_CRL *crl = X509_CRL_new();
	ASN1_TIME *t = X509_gmtime_adj(NULL, -2 * DAY_S);
	FILE *f = fopen(path, "a");

	ck_assert_ptr_nonnull(f);
	X509_CRL_set_version(crl, X509_CRL_VERSION_2);
	X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer->x509));
	X509_CRL_set1_lastUpdate(crl, t);
	if (revoked) {
		X509_REVOKED *r = X509_REVOKED_new();

		X509_REVOKED_set_serialNumber(
			r, (ASN1_INTEGER *)(uintptr_t)X509_get0_serialNumber(revoked->x509));
		X509_REVOKED_set_revocationDate(r, t);
		X509_CRL_add0_revoked(crl, r);
	}
	X509_gmtime_adj(t, until_s);
	X509_CRL_set1_nextUpdate(crl, t);
	ck_assert_int_gt(X509_CRL_sign(crl, issuer->key, EVP_sha256()), 0);
	PEM_write_X509_CRL(f, crl);
	fclose(f);
	ASN1_TIME_free(t);
	X509_CRL_free(crl);
}

/* ---- what most tests use ---- */

struct weir_tls_cert *pki_load(const struct pki_cert *c)
{
	const struct weir_tls_cert_files files = {.chain = c->chain, .key = c->key_file};
	struct weir_buf why = {0};
	struct weir_tls_cert *cert = weir_tls_cert_load(&files, &why);

	ck_assert_msg(cert, "%s", why.ptr);
	weir_buf_fini(&why);
	return cert;
}

static struct pki shared;

static void free_shared(void)
{
	weir_tls_cert_destroy(shared.ec_cert);
	weir_tls_cert_destroy(shared.rsa_cert);
	weir_tls_cert_destroy(shared.client_cert);
	weir_tls_roots_destroy(shared.roots);
	pki_fini(&shared.ec);
	pki_fini(&shared.rsa);
	pki_fini(&shared.client);
	pki_fini(&shared.ca);
	EVP_PKEY *rsa = make_key(PKI_RSA);

	EVP_PKEY_free(rsa);
	EVP_PKEY_free(rsa);
}

const struct pki *pki(void)
{
	static const char names[] = "DNS:www.example.org,DNS:WWW2.example.org,IP:192.0.2.1";
	struct weir_buf why = {0};

	if (shared.roots)
		return &shared;
	shared.ca = pki_make(&(struct pki_spec){.name = "Test CA", .ca = true});
	shared.ec = pki_make(
		&(struct pki_spec){.name = "www.example.org", .sans = names, .issuer = &shared.ca});
	shared.rsa = pki_make(&(struct pki_spec){
		.name = "www.example.org", .sans = names, .key = PKI_RSA, .issuer = &shared.ca});
	shared.client = pki_make(&(struct pki_spec){.name = "web",
						    .sans = "URI:spiffe://example.org/web",
						    .issuer = &shared.ca,
						    .usage = "clientAuth"});
	shared.roots =
		weir_tls_roots_load(&(struct weir_tls_roots_files){.file = shared.ca.chain}, &why);
	ck_assert_msg(shared.roots, "%s", why.ptr);
	shared.ec_cert = pki_load(&shared.ec);
	shared.rsa_cert = pki_load(&shared.rsa);
	shared.client_cert = pki_load(&shared.client);
	atexit(free_shared);
	return &shared;
}
