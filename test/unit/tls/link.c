/* SPDX-License-Identifier: BSD-3-Clause */
#include "link.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/x509.h>

/* ---- contexts ---- */

static void read_hex(const char *hex, uint8_t *out, size_t max)
{
	uint8_t bytes[EVP_MAX_MD_SIZE];
	size_t n = from_hex(hex, bytes);

	memcpy(out, bytes, n < max ? n : max);
}

/* "LABEL random secret" */
static void on_keylog(const SSL *ssl, const char *line)
{
	struct link *l = SSL_get_app_data(ssl);
	const char *secret = strrchr(line, ' ') + 1;

	if (strncmp(line, "CLIENT_TRAFFIC_SECRET_0 ", 24) == 0)
		read_hex(secret, l->client_secret, sizeof(l->client_secret));
	if (strncmp(line, "SERVER_TRAFFIC_SECRET_0 ", 24) == 0)
		read_hex(secret, l->server_secret, sizeof(l->server_secret));
}

static void use_certificate(SSL_CTX *ctx)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	X509_NAME *name = X509_get_subject_name(cert);

	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)"weir", -1, -1, 0);
	X509_set_issuer_name(cert, name);
	X509_gmtime_adj(X509_getm_notBefore(cert), 0);
	X509_gmtime_adj(X509_getm_notAfter(cert), 86400);
	X509_set_pubkey(cert, key);
	ck_assert_int_gt(X509_sign(cert, key, EVP_sha256()), 0);
	ck_assert_int_eq(SSL_CTX_use_certificate(ctx, cert), 1);
	ck_assert_int_eq(SSL_CTX_use_PrivateKey(ctx, key), 1);
	X509_free(cert);
	EVP_PKEY_free(key);
}

static SSL_CTX *context(const SSL_METHOD *method)
{
	SSL_CTX *ctx = SSL_CTX_new(method);

	ck_assert_ptr_nonnull(ctx);
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_keylog_callback(ctx, on_keylog);
	return ctx;
}

void link_contexts_init(struct link_contexts *x, int tickets)
{
	x->client = context(TLS_client_method());
	x->server = context(TLS_server_method());
	use_certificate(x->server);
	SSL_CTX_set_num_tickets(x->server, (size_t)tickets);
}

void link_contexts_fini(struct link_contexts *x)
{
	SSL_CTX_free(x->client);
	SSL_CTX_free(x->server);
}

/* ---- bytes ---- */

size_t link_written(SSL *end, uint8_t *out)
{
	int n = BIO_read(SSL_get_wbio(end), out, WIRE_MAX);

	return n > 0 ? (size_t)n : 0;
}

void link_give(SSL *end, const uint8_t *bytes, size_t len)
{
	ck_assert_int_eq(BIO_write(SSL_get_rbio(end), bytes, (int)len), (int)len);
}

/* ---- handshake ---- */

static SSL *create_end(SSL_CTX *ctx, struct link *l, struct kind kind, bool is_server)
{
	static const char *const ciphers12[] = {"ECDHE-ECDSA-AES128-GCM-SHA256",
						"ECDHE-ECDSA-AES256-GCM-SHA384",
						"ECDHE-ECDSA-CHACHA20-POLY1305"};
	static const char *const ciphers13[] = {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384",
						"TLS_CHACHA20_POLY1305_SHA256"};
	SSL *ssl = SSL_new(ctx);

	ck_assert_ptr_nonnull(ssl);
	SSL_set_app_data(ssl, l);
	SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	SSL_set_min_proto_version(ssl, kind.version);
	SSL_set_max_proto_version(ssl, kind.version);
	ck_assert_int_eq(SSL_set_cipher_list(ssl, ciphers12[kind.suite]), 1);
	ck_assert_int_eq(SSL_set_ciphersuites(ssl, ciphers13[kind.suite]), 1);
	if (is_server)
		SSL_set_accept_state(ssl);
	else
		SSL_set_connect_state(ssl);
	return ssl;
}

static void shake_hands(struct link *l)
{
	uint8_t bytes[WIRE_MAX];
	int near = 0, far = 0;

	for (unsigned int i = 0; i < 10 && (near != 1 || far != 1); i++) {
		size_t n;

		near = SSL_do_handshake(l->near);
		n = link_written(l->near, bytes);
		memcpy(l->handshake + l->handshake_len, bytes, n);
		l->handshake_len += n;
		link_give(l->far, bytes, n);
		far = SSL_do_handshake(l->far);
		n = link_written(l->far, bytes);
		link_give(l->near, bytes, n);
	}
	ck_assert_int_eq(near, 1);
	ck_assert_int_eq(far, 1);
}

/* ---- keys ---- */

/* RFC 5246 section 6.3, by OpenSSL's own means. */
static void derive_block(const struct link *l, uint8_t *block, size_t len)
{
	const SSL_CIPHER *cipher = SSL_get_current_cipher(l->near);
	uint8_t master[48], random[64];
	char digest[16];
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "TLS1-PRF", NULL);
	EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
	OSSL_PARAM params[] = {
		OSSL_PARAM_utf8_string("digest", digest, 0),
		OSSL_PARAM_octet_string("secret", master, sizeof(master)),
		OSSL_PARAM_octet_string("seed", (void *)(uintptr_t) "key expansion", 13),
		OSSL_PARAM_octet_string("seed", random, sizeof(random)),
		OSSL_PARAM_END,
	};

	strcpy(digest, EVP_MD_get0_name(SSL_CIPHER_get_handshake_digest(cipher)));
	params[0].data_size = strlen(digest);
	SSL_SESSION_get_master_key(SSL_get_session(l->near), master, sizeof(master));
	SSL_get_server_random(l->near, random, 32);
	SSL_get_client_random(l->near, random + 32, 32);
	ck_assert_int_eq(EVP_KDF_derive(ctx, block, len, params), 1);
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
}

/* The Finished ends what the near end has sent; its explicit nonce is where they begin. */
static const uint8_t *first_explicit(const struct link *l)
{
	size_t at = 0, last = 0;

	while (at < l->handshake_len) {
		last = at;
		at += 5U + ((size_t)l->handshake[at + 3] << 8 | l->handshake[at + 4]);
	}
	return l->handshake + last + 5;
}

static void take_block(struct link *l, struct kind kind, struct weir_tls_records_cfg *cfg)
{
	struct weir_tls_keys *client = kind.is_server ? &cfg->rx : &cfg->tx;
	struct weir_tls_keys *server = kind.is_server ? &cfg->tx : &cfg->rx;
	size_t key = kind.suite == WEIR_TLS_AES_128_GCM_SHA256 ? 16 : 32;
	size_t iv = kind.suite == WEIR_TLS_CHACHA20_POLY1305_SHA256 ? 12 : 4;
	uint8_t block[88];

	derive_block(l, block, 2 * key + 2 * iv);
	memcpy(client->key, block, key);
	memcpy(server->key, block + key, key);
	memcpy(client->iv, block + 2 * key, iv);
	memcpy(server->iv, block + 2 * key + iv, iv);
	if (iv == 4)
		memcpy(cfg->tx.iv + 4, first_explicit(l), 8);
	cfg->tx.seq = cfg->rx.seq = 1; /* the Finished */
}

static void take_keys(struct link *l, struct kind kind)
{
	struct weir_tls_records_cfg cfg = {
		.version = kind.version, .suite = kind.suite, .is_server = kind.is_server};

	if (kind.version == WEIR_TLS_1_2) {
		take_block(l, kind, &cfg);
	} else {
		memcpy(cfg.tx.secret, kind.is_server ? l->server_secret : l->client_secret, 48);
		memcpy(cfg.rx.secret, kind.is_server ? l->client_secret : l->server_secret, 48);
		if (kind.is_server)
			cfg.tx.seq = SSL_get_num_tickets(l->near);
	}
	ck_assert_int_eq(weir_tls_records_init(&l->r, &cfg), 0);
	cfg = other_end(&l->r);
	ck_assert_int_eq(weir_tls_records_init(&l->craft, &cfg), 0);
}

void link_init(struct link *l, const struct link_contexts *x, struct kind kind)
{
	memset(l, 0, sizeof(*l));
	l->c = test_crypto();
	l->near = create_end(kind.is_server ? x->server : x->client, l, kind, kind.is_server);
	l->far = create_end(kind.is_server ? x->client : x->server, l, kind, !kind.is_server);
	shake_hands(l);
	take_keys(l, kind);
}

void link_fini(struct link *l)
{
	SSL_free(l->near);
	SSL_free(l->far);
	ERR_clear_error();
}

/* ---- hearing ---- */

void link_hear(SSL *end, const uint8_t *bytes, size_t len, struct heard *h)
{
	int n, error;

	memset(h, 0, sizeof(*h));
	link_give(end, bytes, len);
	ERR_clear_error();
	while ((n = SSL_read(end, h->data + h->data_len, WIRE_MAX)) > 0)
		h->data_len += (size_t)n;
	error = SSL_get_error(end, n);
	h->outcome = error == SSL_ERROR_ZERO_RETURN ? OUTCOME_CLOSED
		     : error == SSL_ERROR_WANT_READ ? OUTCOME_WAITS
						    : OUTCOME_FAILED;
	if (h->outcome == OUTCOME_WAITS)
		ck_assert_int_eq(SSL_write(end, "x", 1), 1);
	h->said_len = link_written(end, h->said);
}

static void hear_records(struct link *l, const uint8_t *bytes, size_t len, struct heard *h)
{
	struct weir_tls_opened opened;
	ssize_t n;

	do {
		n = open_one(l->c, &l->r, weir_bytes_of(bytes, len), h->data + h->data_len,
			     &opened);
		h->data_len += opened.len;
		if (n < 0)
			h->outcome = OUTCOME_FAILED;
		else if (opened.closed)
			h->outcome = OUTCOME_CLOSED;
		bytes += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
		/* As soon as it is due, as OpenSSL sends its alerts. */
		if (l->r.version == WEIR_TLS_1_2 || n < 0)
			h->said_len += post_all(l->c, &l->r, h->said + h->said_len);
	} while (n > 0 && !opened.closed);
}

void link_hear_own(struct link *l, const uint8_t *bytes, size_t len, struct heard *h)
{
	memset(h, 0, sizeof(*h));
	hear_records(l, bytes, len, h);
	if (h->outcome != OUTCOME_WAITS)
		return;
	h->said_len += post_all(l->c, &l->r, h->said + h->said_len);
	h->said_len += (size_t)seal(l->c, &l->r, WEIR_TLS_APPLICATION_DATA, weir_bytes_str("x"),
				    h->said + h->said_len);
}
