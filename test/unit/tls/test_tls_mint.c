/* SPDX-License-Identifier: BSD-3-Clause */
/* Leaves are judged by libcrypto's own verification, as a client's would be. */
#include "hello_test.h"

#include <weir_tls.h>
#include <weir_tls_info.h>
#include <weir_tls_mint.h>

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#define DAY 86400LL
#define NOW 1800000000LL /* January 2027 */

/* ---- a folder of our own ---- */

struct folder {
	char path[64];
};

static struct folder folder_create(void)
{
	struct folder f = {.path = "/tmp/weir-mint-XXXXXX"};

	ck_assert_ptr_nonnull(mkdtemp(f.path));
	return f;
}

static const char *file_in(const struct folder *f, const char *name, char path[128])
{
	snprintf(path, 128, "%s/%s", f->path, name);
	return path;
}

static void folder_destroy(const struct folder *f)
{
	static const char *const names[] = {"ca.pem", "ca.key", "leaf.pem", "sub/ca.pem",
					    "sub/ca.key"};
	char path[128];

	for (size_t i = 0; i < WEIR_ARRAY_LEN(names); i++)
		unlink(file_in(f, names[i], path));
	rmdir(file_in(f, "sub", path));
	ck_assert_int_eq(rmdir(f->path), 0);
}

/* ---- certificates ---- */

/* What a certificate is made of. */
struct making {
	const char *subject;       /* CN; NULL: none */
	const char *sans;          /* in OpenSSL's words; NULL: none */
	const char *basic, *usage; /* those extensions; NULL: none */
	const char *constraints;
	int64_t not_before, not_after; /* 0: NOW less and more 50 days */
	bool rsa;
};

static EVP_PKEY *new_key(bool rsa)
{
	return rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
}

static void extend(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *e;

	if (!value)
		return;
	X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
	e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	ck_assert_ptr_nonnull(e);
	ck_assert_int_eq(X509_add_ext(x, e, -1), 1);
	X509_EXTENSION_free(e);
}

/* Signed by `issuer`, or by itself. */
static X509 *make(const struct making *m, EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key)
{
	X509 *x = X509_new();

	X509_set_version(x, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 77);
	ASN1_TIME_set(X509_getm_notBefore(x),
		      (time_t)(m->not_before ? m->not_before : NOW - 50 * DAY));
	ASN1_TIME_set(X509_getm_notAfter(x),
		      (time_t)(m->not_after ? m->not_after : NOW + 50 * DAY));
	X509_set_pubkey(x, key);
	if (m->subject)
		X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8,
					   (const uint8_t *)m->subject, -1, -1, 0);
	X509_set_issuer_name(x, X509_get_subject_name(issuer ? issuer : x));
	extend(x, x, NID_basic_constraints, m->basic);
	extend(x, x, NID_key_usage, m->usage);
	extend(x, x, NID_name_constraints, m->constraints);
	extend(x, x, NID_subject_key_identifier, "hash");
	extend(x, issuer, NID_authority_key_identifier, issuer ? "keyid" : NULL);
	extend(x, x, NID_subject_alt_name, m->sans);
	ck_assert_int_gt(X509_sign(x, issuer_key ? issuer_key : key, EVP_sha256()), 0);
	return x;
}

static void write_pem(const char *path, mode_t mode, X509 *a, X509 *b, EVP_PKEY *key)
{
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(fchmod(fileno(f), mode), 0);
	if (a)
		ck_assert_int_eq(PEM_write_X509(f, a), 1);
	if (b)
		ck_assert_int_eq(PEM_write_X509(f, b), 1);
	if (key)
		ck_assert_int_eq(PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL), 1);
	fclose(f);
}

/* ---- a mint with its CA ---- */

struct mint {
	struct folder folder;
	X509 *ca, *root; /* root: what clients trust; the CA itself or its issuer */
	struct weir_tls_minter *minter;
};

static struct weir_tls_ca *load_ca(const struct folder *f, struct weir_buf *why)
{
	char cert[128], key[128];
	struct weir_tls_cert_files files = {.chain = file_in(f, "ca.pem", cert),
					    .key = file_in(f, "ca.key", key)};

	return weir_tls_ca_load(&files, why);
}

static X509 *read_pem(const char *path)
{
	FILE *f = fopen(path, "r");
	X509 *x;

	ck_assert_ptr_nonnull(f);
	x = PEM_read_X509(f, NULL, NULL, NULL);
	ck_assert_ptr_nonnull(x);
	fclose(f);
	return x;
}

static void open_mint(struct mint *m, unsigned int leaves)
{
	struct weir_buf why = {0};
	struct weir_tls_ca *ca = load_ca(&m->folder, &why);
	char path[128];

	ck_assert_msg(ca, "%s", why.ptr);
	m->minter = weir_tls_minter_create(ca, leaves, &why);
	ck_assert_msg(m->minter, "%s", why.ptr);
	weir_tls_ca_destroy(ca);
	weir_buf_fini(&why);
	m->ca = read_pem(file_in(&m->folder, "ca.pem", path));
}

/* Made by weir itself, a year ago. */
static struct mint mint_create(unsigned int leaves)
{
	struct mint m = {.folder = folder_create()};
	struct weir_tls_ca_new ca = {m.folder.path, "weir test", NOW - 365 * DAY};
	struct weir_buf why = {0};

	ck_assert_int_eq(weir_tls_ca_init(&ca, &why), 0);
	open_mint(&m, leaves);
	m.root = m.ca;
	X509_up_ref(m.root);
	return m;
}

/* An intermediate CA under a root, with what `making` says. */
static struct mint mint_under_root(const struct making *making)
{
	static const struct making root = {
		.subject = "root", .basic = "critical,CA:TRUE", .usage = "critical,keyCertSign"};
	struct mint m = {.folder = folder_create()};
	EVP_PKEY *root_key = new_key(false), *key = new_key(making->rsa);
	char path[128];
	X509 *ca;

	m.root = make(&root, root_key, NULL, NULL);
	ca = make(making, key, m.root, root_key);
	write_pem(file_in(&m.folder, "ca.pem", path), 0644, ca, m.root, NULL);
	write_pem(file_in(&m.folder, "ca.key", path), 0600, NULL, NULL, key);
	X509_free(ca);
	EVP_PKEY_free(root_key);
	EVP_PKEY_free(key);
	open_mint(&m, 4);
	return m;
}

static void mint_destroy(struct mint *m)
{
	weir_tls_minter_destroy(m->minter);
	X509_free(m->ca);
	X509_free(m->root);
	folder_destroy(&m->folder);
}

/* ---- what comes out: shown in a handshake, as clients get it ---- */

struct seen {
	X509 *leaf;
	STACK_OF(X509) * chain;
};

static int collect(void *context, struct weir_bytes bytes)
{
	BIO_write(context, bytes.ptr, (int)bytes.len);
	return 0;
}

/* One flight to the server and one back, until both are done. */
static void shake(SSL *client, struct weir_tls_conn *server)
{
	struct weir_tls_writer writer = {collect, SSL_get_rbio(client)};
	int rc = WEIR_TLS_WANT;

	for (unsigned int i = 0; i < 10 && rc == WEIR_TLS_WANT; i++) {
		char *at = NULL;
		struct weir_bytes view;
		size_t used;

		SSL_do_handshake(client);
		view.len = (size_t)BIO_get_mem_data(SSL_get_wbio(client), &at);
		view.ptr = (const uint8_t *)at;
		rc = weir_tls_handshake(server, &view, 1, &used, &writer);
		(void)BIO_reset(SSL_get_wbio(client));
	}
	ck_assert_int_eq(rc, WEIR_TLS_DONE);
	ck_assert_int_eq(SSL_do_handshake(client), 1);
}

static struct seen show(const struct weir_tls_identity *identity)
{
	struct weir_tls_server_cfg cfg = {.id = "mint"};
	struct weir_tls_accept_opts opts = {.identity = identity};
	struct weir_buf why = {0};
	struct weir_tls_server *server = weir_tls_server_create(&cfg, &why);
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	struct weir_tls_conn *conn;
	struct seen seen;
	SSL *client = SSL_new(ctx);

	ck_assert_msg(server, "%s", why.ptr);
	SSL_set_bio(client, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	SSL_set_connect_state(client);
	conn = weir_tls_accept(server, &opts);
	shake(client, conn);
	seen.leaf = SSL_get1_peer_certificate(client);
	seen.chain = X509_chain_up_ref(SSL_get_peer_cert_chain(client));
	weir_tls_conn_destroy(conn);
	weir_tls_server_destroy(server);
	SSL_free(client);
	SSL_CTX_free(ctx);
	return seen;
}

static void seen_fini(struct seen *s)
{
	X509_free(s->leaf);
	sk_X509_pop_free(s->chain, X509_free);
}

/* An X509_V_ code. NULL: whatever the host is. */
static int verify(const struct mint *m, const struct seen *s, const char *host, int64_t now)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	X509_VERIFY_PARAM *p;
	struct weir_addr a;
	int code;

	X509_STORE_add_cert(store, m->root);
	ck_assert_int_eq(X509_STORE_CTX_init(ctx, store, s->leaf, s->chain), 1);
	p = X509_STORE_CTX_get0_param(ctx);
	X509_VERIFY_PARAM_set_time(p, (time_t)now);
	X509_VERIFY_PARAM_set_flags(p, X509_V_FLAG_X509_STRICT);
	X509_STORE_CTX_set_purpose(ctx, X509_PURPOSE_SSL_SERVER);
	if (host && weir_addr_parse(host, &a) == 0)
		X509_VERIFY_PARAM_set1_ip_asc(p, host);
	else if (host)
		X509_VERIFY_PARAM_set1_host(p, host, 0);
	X509_verify_cert(ctx);
	code = X509_STORE_CTX_get_error(ctx);
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	return code;
}

static int mint_like(const struct mint *m, X509 *like, const struct weir_tls_identity **out)
{
	uint8_t *der = NULL;
	int len = i2d_X509(like, &der), rc;
	struct weir_tls_mint what = {.der = weir_bytes_of(der, (size_t)len), .now = NOW};

	rc = weir_tls_mint(m->minter, &what, out);
	OPENSSL_free(der);
	return rc;
}

static int mint_name(const struct mint *m, const char *name, int64_t now,
		     const struct weir_tls_identity **out)
{
	struct weir_tls_mint what = {.name = name, .now = now};

	return weir_tls_mint(m->minter, &what, out);
}

/* ---- leaves like a server's ---- */

static const struct {
	struct making server;
	enum weir_tls_error error;
	const char *good[4], *bad[3];
} servers[] = {
	{{.subject = "a.test", .sans = "DNS:a.test"}, WEIR_TLS_OK, {"a.test"}, {"b.test"}},
	{{.subject = "a.test", .sans = "DNS:a.test", .rsa = true},
	 WEIR_TLS_OK,
	 {"a.test"},
	 {"x.a.test"}},
	{{.sans = "DNS:a.test,DNS:*.b.test,IP:192.0.2.1,IP:2001:db8::1"},
	 WEIR_TLS_OK,
	 {"a.test", "x.b.test", "192.0.2.1", "2001:db8::1"},
	 {"b.test", "x.y.b.test", "192.0.2.2"}},
	{{.subject = "other", .sans = "IP:192.0.2.1"}, WEIR_TLS_OK, {"192.0.2.1"}, {"other"}},
	/* Only a CN. */
	{{.subject = "cn.test"}, WEIR_TLS_OK, {"cn.test"}, {"a.test"}},
	{{.subject = "192.0.2.9"}, WEIR_TLS_OK, {"192.0.2.9"}, {"192.0.2.8"}},
	{{.subject = "Some Company"}, WEIR_TLS_E_CERT_NAME},
	{{.subject = NULL}, WEIR_TLS_E_CERT_NAME},
	/* With a SAN, a CN is none of the names (RFC 6125 section 6.4.4). */
	{{.subject = "cn.test", .sans = "email:a@b.test"}, WEIR_TLS_E_CERT_NAME},
	{{.subject = "cn.test", .sans = "DNS:a.test"}, WEIR_TLS_OK, {"a.test"}, {"cn.test"}},
	/* Names that are none stay behind. */
	{{.sans = "DNS:a.test,DNS:b b.test,DNS:w*.test,DNS:*"},
	 WEIR_TLS_OK,
	 {"a.test"},
	 {"wx.test"}},
	{{.sans = "DNS:bad name"}, WEIR_TLS_E_CERT_NAME},
	{{.subject = "0123456789012345678901234567890123456789.0123456789.a.test",
	  .sans = "DNS:0123456789012345678901234567890123456789."
		  "0123456789012345678901234567890123456789.a.test"},
	 WEIR_TLS_OK,
	 {"0123456789012345678901234567890123456789.0123456789012345678901234567890123456789.a."
	  "test"},
	 {"a.test"}},
};

static void check_extensions(X509 *leaf, bool rsa)
{
	uint32_t usage = X509_get_key_usage(leaf);

	ck_assert_int_eq(X509_check_ca(leaf), 0);
	ck_assert_uint_eq(usage,
			  rsa ? KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT : KU_DIGITAL_SIGNATURE);
	ck_assert_uint_eq(X509_get_extended_key_usage(leaf), XKU_SSL_SERVER);
	ck_assert_int_eq(EVP_PKEY_get_base_id(X509_get0_pubkey(leaf)),
			 rsa ? EVP_PKEY_RSA : EVP_PKEY_EC);
	ck_assert_int_eq(EVP_PKEY_get_bits(X509_get0_pubkey(leaf)), rsa ? 2048 : 256);
	ck_assert_ptr_nonnull(X509_get0_authority_key_id(leaf));
	for (size_t i = 0; i < 2; i++) {
		static const int critical[] = {NID_basic_constraints, NID_key_usage};
		int at = X509_get_ext_by_NID(leaf, critical[i], -1);

		ck_assert_int_eq(X509_EXTENSION_get_critical(X509_get_ext(leaf, at)), 1);
	}
}

START_TEST(a_leaf_is_good_for_the_names_of_the_servers_certificate_and_no_others)
{
	struct mint m = mint_create(4);

	for (size_t i = 0; i < WEIR_ARRAY_LEN(servers); i++) {
		EVP_PKEY *key = new_key(servers[i].server.rsa);
		X509 *server = make(&servers[i].server, key, NULL, NULL);
		const struct weir_tls_identity *leaf;
		struct seen seen;

		ck_assert_int_eq(mint_like(&m, server, &leaf), -(int)servers[i].error);
		ck_assert_int_eq(!leaf, servers[i].error != WEIR_TLS_OK);
		X509_free(server);
		EVP_PKEY_free(key);
		if (!leaf)
			continue;
		seen = show(leaf);
		for (size_t k = 0; k < 4 && servers[i].good[k]; k++)
			ck_assert_msg(verify(&m, &seen, servers[i].good[k], NOW) == X509_V_OK,
				      "row %zu: %s: %d", i, servers[i].good[k],
				      verify(&m, &seen, servers[i].good[k], NOW));
		for (size_t k = 0; k < 3 && servers[i].bad[k]; k++)
			ck_assert_int_ne(verify(&m, &seen, servers[i].bad[k], NOW), X509_V_OK);
		check_extensions(seen.leaf, servers[i].server.rsa);
		ck_assert_int_eq(sk_X509_num(seen.chain), 1); /* clients have the root */
		seen_fini(&seen);
		weir_tls_mint_put(m.minter, leaf);
	}
	mint_destroy(&m);
}
END_TEST

/* "good.test", NUL, ".evil.test": two readers see two names in it. */
START_TEST(a_name_with_a_nul_is_not_signed_again)
{
	struct mint m = mint_create(4);
	EVP_PKEY *key = new_key(false);
	X509 *server = make(&(struct making){.subject = "a.test"}, key, NULL, NULL);
	const struct weir_tls_identity *leaf;
	GENERAL_NAMES *names = GENERAL_NAMES_new();
	GENERAL_NAME *g = GENERAL_NAME_new();
	ASN1_IA5STRING *s = ASN1_IA5STRING_new();

	ASN1_STRING_set(s, "good.test\0.evil.test", 20);
	GENERAL_NAME_set0_value(g, GEN_DNS, s);
	sk_GENERAL_NAME_push(names, g);
	ck_assert_int_eq(X509_add1_ext_i2d(server, NID_subject_alt_name, names, 0, 0), 1);
	ck_assert_int_gt(X509_sign(server, key, EVP_sha256()), 0);
	ck_assert_int_eq(mint_like(&m, server, &leaf), -WEIR_TLS_E_CERT_NAME);
	GENERAL_NAMES_free(names);
	X509_free(server);
	EVP_PKEY_free(key);
	mint_destroy(&m);
}
END_TEST

/* A point that is on no curve: libcrypto reads the certificate, but gives no key. */
START_TEST(a_certificate_whose_key_is_none_is_refused)
{
	struct mint m = mint_create(4);
	EVP_PKEY *key = new_key(false);
	X509 *server = make(&(struct making){.sans = "DNS:a.test"}, key, NULL, NULL);
	const struct weir_tls_identity *leaf;
	uint8_t der[4096], *at = der, *point;
	struct weir_tls_mint what = {.der.ptr = der, .now = NOW};
	size_t len = (size_t)i2d_X509(server, &at);

	point = memmem(der, len, X509_get0_pubkey_bitstr(server)->data, 65);
	ck_assert_ptr_nonnull(point);
	point[64] ^= 1;
	what.der.len = len;
	ck_assert_int_eq(weir_tls_mint(m.minter, &what, &leaf), -WEIR_TLS_E_CERT_BAD);
	ck_assert_uint_eq(ERR_peek_error(), 0);
	point[64] ^= 1;
	ck_assert_int_eq(weir_tls_mint(m.minter, &what, &leaf), 0);
	weir_tls_mint_put(m.minter, leaf);
	X509_free(server);
	EVP_PKEY_free(key);
	mint_destroy(&m);
}
END_TEST

START_TEST(a_malformed_extension_is_no_name_and_leaves_no_error_behind)
{
	struct mint m = mint_create(4);
	EVP_PKEY *key = new_key(false);
	X509 *server = make(&(struct making){.subject = "a.test"}, key, NULL, NULL);
	ASN1_OCTET_STRING *text = ASN1_OCTET_STRING_new();
	X509_EXTENSION *e;
	const struct weir_tls_identity *leaf;

	ASN1_OCTET_STRING_set(text, (const uint8_t *)"no SAN", 6);
	e = X509_EXTENSION_create_by_NID(NULL, NID_subject_alt_name, 0, text);
	ck_assert_int_eq(X509_add_ext(server, e, -1), 1);
	ck_assert_int_gt(X509_sign(server, key, EVP_sha256()), 0);
	ck_assert_int_eq(mint_like(&m, server, &leaf), -WEIR_TLS_E_CERT_NAME);
	ck_assert_uint_eq(ERR_peek_error(), 0);
	X509_EXTENSION_free(e);
	ASN1_OCTET_STRING_free(text);
	X509_free(server);
	EVP_PKEY_free(key);
	mint_destroy(&m);
}
END_TEST

static int64_t seconds(const ASN1_TIME *t)
{
	struct tm tm;

	ck_assert_int_eq(ASN1_TIME_to_tm(t, &tm), 1);
	return timegm(&tm);
}

#define CA_BEGIN (NOW - 365 * DAY - 3600)
#define CA_END   (NOW - 365 * DAY + 3650 * DAY)

static const struct {
	int64_t not_before, not_after; /* of the server's */
	int64_t begin, end;            /* of the leaf; 0: refused */
} times[] = {
	{NOW - 10 * DAY, NOW + 80 * DAY, NOW - 10 * DAY, NOW + 80 * DAY},
	{NOW - 300 * DAY, NOW + 80 * DAY, NOW - 30 * DAY, NOW + 80 * DAY},
	{NOW - 3000 * DAY, NOW + 9000 * DAY, NOW - 30 * DAY, NOW + 367 * DAY},
	/* Over, and not begun: what a client would have said of the server. */
	{NOW - 300 * DAY, NOW - 100 * DAY, NOW - 300 * DAY, NOW - 100 * DAY},
	{NOW + 400 * DAY, NOW + 500 * DAY, NOW + 400 * DAY, NOW + 500 * DAY},
	{NOW - 10 * DAY, NOW - 1, NOW - 10 * DAY, NOW - 1},
	/* Cut to the CA's. */
	{NOW - 3000 * DAY, NOW - 100 * DAY, CA_BEGIN, NOW - 100 * DAY},
	{NOW - 3000 * DAY, NOW - 1000 * DAY, 0, 0},
	{NOW + 4000 * DAY, NOW + 5000 * DAY, 0, 0},
	{NOW + 2000 * DAY, NOW + 5000 * DAY, NOW + 2000 * DAY, CA_END},
};

START_TEST(a_leaf_is_valid_no_longer_than_server_and_ca)
{
	struct mint m = mint_create(64);
	EVP_PKEY *key = new_key(false);

	for (size_t i = 0; i < WEIR_ARRAY_LEN(times); i++) {
		struct making making = {.sans = "DNS:a.test",
					.not_before = times[i].not_before,
					.not_after = times[i].not_after};
		X509 *server = make(&making, key, NULL, NULL);
		const struct weir_tls_identity *leaf;
		struct seen seen;
		int rc = mint_like(&m, server, &leaf);

		X509_free(server);
		ck_assert_int_eq(rc, times[i].begin ? 0 : -WEIR_TLS_E_CERT_EXPIRED);
		if (rc)
			continue;
		seen = show(leaf);
		ck_assert_int_eq(seconds(X509_get0_notBefore(seen.leaf)), times[i].begin);
		ck_assert_int_eq(seconds(X509_get0_notAfter(seen.leaf)), times[i].end);
		ck_assert_int_eq(verify(&m, &seen, "a.test", times[i].end - 1), X509_V_OK);
		seen_fini(&seen);
		weir_tls_mint_put(m.minter, leaf);
	}
	EVP_PKEY_free(key);
	mint_destroy(&m);
}
END_TEST

/* ---- leaves for a name ---- */

static const struct {
	const char *name;
	enum weir_tls_error error;
} asked[] = {
	{"a.test", WEIR_TLS_OK},
	{"xn--bcher-kva.example", WEIR_TLS_OK},
	{"under_score.test", WEIR_TLS_OK},
	{"localhost", WEIR_TLS_OK},
	{"192.0.2.1", WEIR_TLS_OK},
	{"2001:db8::1", WEIR_TLS_OK},
	{"0123456789012345678901234567890123456789.0123456789012345678901234567890123456789.a.test",
	 WEIR_TLS_OK},
	{"", WEIR_TLS_E_CERT_NAME},
	{"127.1", WEIR_TLS_E_CERT_NAME},
	{"a b.test", WEIR_TLS_E_CERT_NAME},
	{"*", WEIR_TLS_E_CERT_NAME},
};

START_TEST(a_leaf_for_a_name_is_good_for_it_alone)
{
	struct mint m = mint_create(4);

	for (size_t i = 0; i < WEIR_ARRAY_LEN(asked); i++) {
		const struct weir_tls_identity *leaf;
		struct seen seen;

		ck_assert_int_eq(mint_name(&m, asked[i].name, NOW, &leaf), -(int)asked[i].error);
		if (!leaf)
			continue;
		seen = show(leaf);
		ck_assert_int_eq(verify(&m, &seen, asked[i].name, NOW), X509_V_OK);
		ck_assert_int_ne(verify(&m, &seen, "other.test", NOW), X509_V_OK);
		check_extensions(seen.leaf, false);
		seen_fini(&seen);
		weir_tls_mint_put(m.minter, leaf);
	}
	ck_assert_int_eq(mint_name(&m, NULL, NOW, &(const struct weir_tls_identity *){NULL}),
			 -WEIR_TLS_E_CERT_NAME);
	mint_destroy(&m);
}
END_TEST

START_TEST(what_is_no_certificate_is_refused)
{
	struct mint m = mint_create(4);
	const struct weir_tls_identity *leaf;
	struct weir_tls_mint what = {
		.der = weir_bytes_str("not DER"), .name = "a.test", .now = NOW};
	struct weir_tls_info info;
	struct weir_arena a;
	EVP_PKEY *key = new_key(false);
	X509 *server =
		make(&(struct making){.subject = "s", .sans = "DNS:a.test"}, key, NULL, NULL);
	uint8_t der[4096], *at = der;
	int len = i2d_X509(server, &at);
	struct weir_tls_leaf_reader *r = weir_tls_leaf_reader_create();
	uint8_t digest[32];

	weir_arena_init(&a, &weir_arena_malloc, 1 << 20);
	ck_assert_int_eq(weir_tls_mint(m.minter, &what, &leaf), -WEIR_TLS_E_CERT_BAD);
	ck_assert_ptr_null(leaf);
	what.der = weir_bytes_of(der, (size_t)len + 1);
	ck_assert_int_eq(weir_tls_mint(m.minter, &what, &leaf), -WEIR_TLS_E_CERT_BAD);
	ck_assert_int_eq(weir_tls_leaf_info(r, what.der, &a, &info), -WEIR_TLS_E_CERT_BAD);
	for (what.der.len = 1; what.der.len < (size_t)len; what.der.len++) {
		ck_assert_int_eq(weir_tls_mint(m.minter, &what, &leaf), -WEIR_TLS_E_CERT_BAD);
		ck_assert_int_eq(weir_tls_leaf_info(r, what.der, &a, &info), -WEIR_TLS_E_CERT_BAD);
	}
	ck_assert_uint_eq(weir_tls_minter_counts(m.minter).refused, (unsigned int)len + 1);
	ck_assert_int_eq(weir_tls_leaf_info(r, what.der, &a, &info), 0);
	ck_assert(weir_bytes_is(info.subject, "CN=s") && weir_bytes_is(info.issuer, "CN=s"));
	ck_assert_uint_eq(info.n_sans, 1);
	ck_assert(weir_bytes_is(info.sans[0].text, "a.test"));
	ck_assert_int_eq(info.not_after, NOW + 50 * DAY);
	ck_assert_int_eq(X509_digest(server, EVP_sha256(), digest, NULL), 1);
	ck_assert_mem_eq(info.sha256, digest, sizeof(digest));
	weir_tls_leaf_reader_destroy(r);
	weir_arena_reset(&a);
	X509_free(server);
	EVP_PKEY_free(key);
	mint_destroy(&m);
}
END_TEST

/* ---- leaves like that of a server that weir has connected to ---- */

static int keep_bytes(void *context, struct weir_bytes bytes)
{
	weir_buf_add(context, bytes.ptr, bytes.len);
	return 0;
}

/* Until `client` is done; both are weir's own. */
static void shake_with(struct weir_tls_conn *client, struct weir_tls_conn *server)
{
	struct weir_buf up = {0}, down = {0};
	int rc = WEIR_TLS_WANT;

	for (unsigned int i = 0; i < 4 && rc == WEIR_TLS_WANT; i++) {
		struct weir_bytes view = weir_bytes_of(down.ptr, down.len);
		struct weir_tls_writer to_server = {keep_bytes, &up},
				       to_client = {keep_bytes, &down};
		size_t used;

		rc = weir_tls_handshake(client, &view, down.len > 0, &used, &to_server);
		weir_buf_reset(&down);
		view = weir_bytes_of(up.ptr, up.len);
		ck_assert_int_ge(weir_tls_handshake(server, &view, 1, &used, &to_client), 0);
		weir_buf_reset(&up);
	}
	ck_assert_int_eq(rc, WEIR_TLS_DONE);
	weir_buf_fini(&up);
	weir_buf_fini(&down);
}

START_TEST(a_leaf_is_made_like_the_peer_of_a_connection)
{
	struct mint far = mint_create(1), m = mint_create(1);
	struct weir_tls_server_cfg server_cfg = {.id = "far"};
	struct weir_tls_client_cfg client_cfg = {.verify = WEIR_TLS_VERIFY_NONE};
	struct weir_tls_connect_opts to = {.name = "far.test"};
	struct weir_tls_accept_opts opts = {0};
	struct weir_buf why = {0};
	struct weir_tls_server *server = weir_tls_server_create(&server_cfg, &why);
	struct weir_tls_client *client = weir_tls_client_create(&client_cfg, &why);
	struct weir_tls_conn *upstream, *peer;
	const struct weir_tls_identity *leaf;
	struct weir_tls_mint what = {.name = "ignored.test", .now = NOW};
	struct seen seen;

	ck_assert_int_eq(mint_name(&far, "far.test", NOW, &opts.identity), 0);
	peer = weir_tls_accept(server, &opts);
	upstream = weir_tls_connect(client, &to);
	what.upstream = upstream;
	ck_assert_int_eq(weir_tls_mint(m.minter, &what, &leaf), -WEIR_TLS_E_CERT_MISSING);
	shake_with(upstream, peer);
	ck_assert_int_eq(weir_tls_mint(m.minter, &what, &leaf), 0);
	seen = show(leaf);
	ck_assert_int_eq(verify(&m, &seen, "far.test", NOW), X509_V_OK);
	ck_assert_int_ne(verify(&m, &seen, "ignored.test", NOW), X509_V_OK);
	ck_assert_int_ne(verify(&far, &seen, "far.test", NOW), X509_V_OK);
	seen_fini(&seen);
	weir_tls_mint_put(m.minter, leaf);
	weir_tls_conn_destroy(upstream);
	weir_tls_conn_destroy(peer);
	weir_tls_mint_put(far.minter, opts.identity);
	weir_tls_server_destroy(server);
	weir_tls_client_destroy(client);
	weir_buf_fini(&why);
	mint_destroy(&m);
	mint_destroy(&far);
}
END_TEST

/* ---- the cache ---- */

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
		struct seen seen = show(leaf[i]);

		ck_assert_int_eq(verify(&m, &seen, names[i], NOW), X509_V_OK);
		seen_fini(&seen);
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
	struct seen seen;

	ck_assert_int_eq(mint_name(&m, "a.test", NOW, &a), 0);
	ck_assert_int_eq(mint_name(&m, "b.test", NOW, &b), 0);
	weir_tls_minter_destroy(minter);
	m.minter = NULL;
	weir_tls_mint_put(minter, b);
	seen = show(a);
	ck_assert_int_eq(verify(&m, &seen, "a.test", NOW), X509_V_OK);
	seen_fini(&seen);
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
		EVP_PKEY *key = new_key(i == 2);
		X509 *server = make(&(struct making){.sans = "DNS:a.test"}, key, NULL, NULL);

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

/* ---- the CA's limits ---- */

#define SUB_CA \
	.subject = "sub", .basic = "critical,CA:TRUE,pathlen:0", .usage = "critical,keyCertSign"

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
static void constrain_subject(struct making *m, bool *done)
{
	*done = m->constraints && strstr(m->constraints, "dirName");
	if (*done)
		m->constraints = NULL;
}

static struct mint mint_with_dir_name(void)
{
	static const struct making root = {
		.subject = "root", .basic = "critical,CA:TRUE", .usage = "critical,keyCertSign"};
	struct mint m = {.folder = folder_create()};
	EVP_PKEY *root_key = new_key(false), *key = new_key(false);
	NAME_CONSTRAINTS *nc = NAME_CONSTRAINTS_new();
	GENERAL_SUBTREE *tree = GENERAL_SUBTREE_new();
	X509_NAME *name = X509_NAME_new();
	X509 *ca;
	char path[128];

	X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC, (const uint8_t *)"Us", -1, -1, 0);
	GENERAL_NAME_set0_value(tree->base, GEN_DIRNAME, name);
	nc->permittedSubtrees = sk_GENERAL_SUBTREE_new_null();
	sk_GENERAL_SUBTREE_push(nc->permittedSubtrees, tree);
	m.root = make(&root, root_key, NULL, NULL);
	ca = make(&(struct making){SUB_CA}, key, m.root, root_key);
	ck_assert_int_eq(X509_add1_ext_i2d(ca, NID_name_constraints, nc, 1, 0), 1);
	ck_assert_int_gt(X509_sign(ca, root_key, EVP_sha256()), 0);
	write_pem(file_in(&m.folder, "ca.pem", path), 0644, ca, NULL, NULL);
	write_pem(file_in(&m.folder, "ca.key", path), 0600, NULL, NULL, key);
	NAME_CONSTRAINTS_free(nc);
	X509_free(ca);
	EVP_PKEY_free(key);
	EVP_PKEY_free(root_key);
	open_mint(&m, 4);
	return m;
}

START_TEST(names_that_the_ca_may_not_sign_are_left_out)
{
	EVP_PKEY *key = new_key(false);

	for (size_t i = 0; i < WEIR_ARRAY_LEN(limits); i++) {
		struct making ca = {SUB_CA, .constraints = limits[i].constraints};
		struct making server = {.sans = limits[i].sans};
		const struct weir_tls_identity *leaf;
		X509 *like = make(&server, key, NULL, NULL);
		bool dir_name;
		struct mint m;
		struct seen seen;

		constrain_subject(&ca, &dir_name);
		m = dir_name ? mint_with_dir_name() : mint_under_root(&ca);
		ck_assert_int_eq(mint_like(&m, like, &leaf),
				 limits[i].good ? 0 : -WEIR_TLS_E_CERT_NAME);
		X509_free(like);
		if (leaf) {
			seen = show(leaf);
			ck_assert_msg(verify(&m, &seen, limits[i].good, NOW) == X509_V_OK,
				      "row %zu: %d", i, verify(&m, &seen, limits[i].good, NOW));
			ck_assert_int_eq(verify(&m, &seen, limits[i].bad, NOW),
					 strchr("0123456789", limits[i].bad[0])
						 ? X509_V_ERR_IP_ADDRESS_MISMATCH
						 : X509_V_ERR_HOSTNAME_MISMATCH);
			/* The CA is shown, its root is not. */
			ck_assert_int_eq(sk_X509_num(seen.chain), 2);
			seen_fini(&seen);
			weir_tls_mint_put(m.minter, leaf);
		}
		mint_destroy(&m);
	}
	EVP_PKEY_free(key);
}
END_TEST

static const struct {
	struct making ca;
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
		struct folder f = folder_create();
		EVP_PKEY *key = new_key(authorities[i].ca.rsa);
		X509 *x = make(&authorities[i].ca, key, NULL, NULL);
		struct weir_buf why = {0};
		struct weir_tls_ca *ca;
		char path[128];

		write_pem(file_in(&f, "ca.pem", path), 0644, x, NULL, NULL);
		write_pem(file_in(&f, "ca.key", path), authorities[i].mode, NULL, NULL, key);
		ca = load_ca(&f, &why);
		ck_assert_int_eq(!ca, authorities[i].why != NULL);
		ck_assert_msg(ca || strstr(why.ptr, authorities[i].why), "%s", why.ptr);
		weir_tls_ca_destroy(ca);
		weir_buf_fini(&why);
		X509_free(x);
		EVP_PKEY_free(key);
		folder_destroy(&f);
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

	ck_assert_int_eq(stat(file_in(&m.folder, "ca.key", path), &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	ck_assert_int_eq(stat(file_in(&m.folder, "ca.pem", path), &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0644);
	ck_assert_int_eq(X509_check_ca(m.ca), 1);
	ck_assert_int_eq(X509_get_pathlen(m.ca), 0);
	ck_assert_uint_eq(X509_get_key_usage(m.ca), KU_KEY_CERT_SIGN | KU_CRL_SIGN);
	ck_assert_int_eq(seconds(X509_get0_notAfter(m.ca)), CA_END);
	ck_assert_int_eq(seconds(X509_get0_notBefore(m.ca)), CA_BEGIN);

	ck_assert_int_eq(weir_tls_ca_init(&ca, &why), -WEIR_EEXIST);
	ck_assert_ptr_nonnull(strstr(why.ptr, "ca.pem"));
	/* A key alone is not written over either, and no certificate is left beside it. */
	ca.folder = file_in(&m.folder, "sub", sub);
	ck_assert_int_eq(mkdir(sub, 0700), 0);
	write_pem(file_in(&m.folder, "sub/ca.key", path), 0600, NULL, NULL, NULL);
	ck_assert_int_eq(weir_tls_ca_init(&ca, &why), -WEIR_EEXIST);
	ck_assert_int_ne(access(file_in(&m.folder, "sub/ca.pem", path), F_OK), 0);
	unlink(file_in(&m.folder, "sub/ca.key", path));
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
	struct folder f = folder_create();
	char long_name[80] = "", nowhere[128];
	struct weir_tls_ca_new rows[] = {{f.path, "", NOW},
					 {f.path, long_name, NOW},
					 {f.path, "\xff\xfe", NOW},
					 {file_in(&f, "no/where", nowhere), "name", NOW}};
	static const int codes[] = {-WEIR_EINVAL, -WEIR_EINVAL, -WEIR_EINVAL, -WEIR_EIO};
	struct weir_buf why = {0};

	memset(long_name, 'x', 65);
	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		weir_buf_reset(&why);
		ck_assert_int_eq(weir_tls_ca_init(&rows[i], &why), codes[i]);
		ck_assert_uint_gt(why.len, 0);
	}
	weir_buf_fini(&why);
	folder_destroy(&f);
}
END_TEST

/* By another verifier's command line. */
START_TEST(openssl_verify_takes_a_leaf)
{
	struct mint m = mint_create(1);
	const struct weir_tls_identity *leaf;
	char path[128], command[512];
	struct seen seen;

	ck_assert_int_eq(mint_name(&m, "a.test", NOW, &leaf), 0);
	seen = show(leaf);
	write_pem(file_in(&m.folder, "leaf.pem", path), 0644, seen.leaf, NULL, NULL);
	for (unsigned int good = 0; good < 2; good++) {
		snprintf(command, sizeof(command),
			 "openssl verify -x509_strict -purpose sslserver -attime %lld -CAfile "
			 "%s/ca.pem -verify_hostname %s %s/leaf.pem >/dev/null 2>&1",
			 NOW, m.folder.path, good ? "a.test" : "b.test", m.folder.path);
		ck_assert_int_eq(system(command) == 0, good);
	}
	seen_fini(&seen);
	weir_tls_mint_put(m.minter, leaf);
	mint_destroy(&m);
}
END_TEST

Suite *mint_suite(void)
{
	return WEIR_SUITE(
		"tls mint", a_leaf_is_good_for_the_names_of_the_servers_certificate_and_no_others,
		a_name_with_a_nul_is_not_signed_again,
		a_malformed_extension_is_no_name_and_leaves_no_error_behind,
		a_certificate_whose_key_is_none_is_refused,
		a_leaf_is_valid_no_longer_than_server_and_ca,
		a_leaf_for_a_name_is_good_for_it_alone,
		a_leaf_is_made_like_the_peer_of_a_connection, what_is_no_certificate_is_refused,
		a_leaf_is_made_once_and_the_oldest_goes, a_leaf_is_made_anew_before_its_end,
		leaves_that_are_lent_outlive_their_minter,
		each_certificate_of_a_server_has_its_own_leaf,
		names_that_the_ca_may_not_sign_are_left_out,
		only_what_may_sign_and_has_its_key_to_itself_is_a_ca,
		a_new_ca_signs_leaves_only_and_is_written_over_no_other,
		a_ca_that_cannot_be_made_is_told_why, openssl_verify_takes_a_leaf);
}
