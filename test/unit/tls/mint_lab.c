/* SPDX-License-Identifier: BSD-3-Clause */
#include "mint_lab.h"

#include <weir_tls.h>

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/pem.h>
#include <openssl/ssl.h>

/* ---- a folder of its own ---- */

struct mint_folder mint_folder_create(void)
{
	struct mint_folder f = {.path = "/tmp/weir-mint-XXXXXX"};

	ck_assert_ptr_nonnull(mkdtemp(f.path));
	return f;
}

const char *mint_file(const struct mint_folder *f, const char *name, char path[128])
{
	snprintf(path, 128, "%s/%s", f->path, name);
	return path;
}

void mint_folder_destroy(const struct mint_folder *f)
{
	static const char *const names[] = {"ca.pem", "ca.key", "leaf.pem", "sub/ca.pem",
					    "sub/ca.key"};
	char path[128];

	for (size_t i = 0; i < WEIR_ARRAY_LEN(names); i++)
		unlink(mint_file(f, names[i], path));
	rmdir(mint_file(f, "sub", path));
	ck_assert_int_eq(rmdir(f->path), 0);
}

/* ---- certificates ---- */

EVP_PKEY *mint_new_key(bool rsa)
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

X509 *mint_make(const struct mint_making *m, EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key)
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

void mint_write_pem(const char *path, mode_t mode, X509 *a, X509 *b, EVP_PKEY *key)
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

struct weir_tls_ca *mint_load_ca(const struct mint_folder *f, struct weir_buf *why)
{
	char cert[128], key[128];
	struct weir_tls_cert_files files = {.chain = mint_file(f, "ca.pem", cert),
					    .key = mint_file(f, "ca.key", key)};

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

void mint_open(struct mint *m, unsigned int leaves)
{
	struct weir_buf why = {0};
	struct weir_tls_ca *ca = mint_load_ca(&m->folder, &why);
	char path[128];

	ck_assert_msg(ca, "%s", why.ptr);
	m->minter = weir_tls_minter_create(ca, leaves, &why);
	ck_assert_msg(m->minter, "%s", why.ptr);
	weir_tls_ca_destroy(ca);
	weir_buf_fini(&why);
	m->ca = read_pem(mint_file(&m->folder, "ca.pem", path));
}

struct mint mint_create(unsigned int leaves)
{
	struct mint m = {.folder = mint_folder_create()};
	struct weir_tls_ca_new ca = {m.folder.path, "weir test", NOW - 365 * DAY};
	struct weir_buf why = {0};

	ck_assert_int_eq(weir_tls_ca_init(&ca, &why), 0);
	mint_open(&m, leaves);
	m.root = m.ca;
	X509_up_ref(m.root);
	return m;
}

struct mint mint_under_root(const struct mint_making *making)
{
	static const struct mint_making root = {
		.subject = "root", .basic = "critical,CA:TRUE", .usage = "critical,keyCertSign"};
	struct mint m = {.folder = mint_folder_create()};
	EVP_PKEY *root_key = mint_new_key(false), *key = mint_new_key(making->rsa);
	char path[128];
	X509 *ca;

	m.root = mint_make(&root, root_key, NULL, NULL);
	ca = mint_make(making, key, m.root, root_key);
	mint_write_pem(mint_file(&m.folder, "ca.pem", path), 0644, ca, m.root, NULL);
	mint_write_pem(mint_file(&m.folder, "ca.key", path), 0600, NULL, NULL, key);
	X509_free(ca);
	EVP_PKEY_free(root_key);
	EVP_PKEY_free(key);
	mint_open(&m, 4);
	return m;
}

void mint_destroy(struct mint *m)
{
	weir_tls_minter_destroy(m->minter);
	X509_free(m->ca);
	X509_free(m->root);
	mint_folder_destroy(&m->folder);
}

/* ---- what comes out: shown in a handshake, as clients get it ---- */

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

struct mint_seen mint_show(const struct weir_tls_identity *identity)
{
	struct weir_tls_server_cfg cfg = {.id = "mint"};
	struct weir_tls_accept_opts opts = {.identity = identity};
	struct weir_buf why = {0};
	struct weir_tls_server *server = weir_tls_server_create(&cfg, &why);
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	struct weir_tls_conn *conn;
	struct mint_seen seen;
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

void mint_seen_fini(struct mint_seen *s)
{
	X509_free(s->leaf);
	sk_X509_pop_free(s->chain, X509_free);
}

int mint_verify(const struct mint *m, const struct mint_seen *s, const char *host, int64_t now)
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

int mint_like(const struct mint *m, X509 *like, const struct weir_tls_identity **out)
{
	uint8_t *der = NULL;
	int len = i2d_X509(like, &der), rc;
	struct weir_tls_mint what = {.der = weir_bytes_of(der, (size_t)len), .now = NOW};

	rc = weir_tls_mint(m->minter, &what, out);
	OPENSSL_free(der);
	return rc;
}

int mint_name(const struct mint *m, const char *name, int64_t now,
	      const struct weir_tls_identity **out)
{
	struct weir_tls_mint what = {.name = name, .now = now};

	return weir_tls_mint(m->minter, &what, out);
}

int64_t mint_seconds(const ASN1_TIME *t)
{
	struct tm tm;

	ck_assert_int_eq(ASN1_TIME_to_tm(t, &tm), 1);
	return timegm(&tm);
}
