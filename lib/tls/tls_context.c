/* SPDX-License-Identifier: BSD-3-Clause */
/* What the contexts of both roles have: versions, algorithms, ALPN, and what is switched off. */
#include "tls_impl.h"

#include <openssl/err.h>

/* Mozilla's intermediate configuration (version 5.7), without DHE and AES-256 before AES-128. All
 * of it is AEAD: libssl tells the keys of no other suite. */
#define CIPHERS12                                                    \
	"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:" \
	"ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:" \
	"ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
#define CIPHERS13 "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
#define GROUPS    "X25519:P-256:P-384"
/* Elliptic curves first: a server takes the first that both have a certificate for. No SHA-1. */
#define SIGNATURES                                                                      \
	"ecdsa_secp256r1_sha256:ecdsa_secp384r1_sha384:ecdsa_secp521r1_sha512:ed25519:" \
	"rsa_pss_rsae_sha256:rsa_pss_rsae_sha384:rsa_pss_rsae_sha512:"                  \
	"rsa_pss_pss_sha256:rsa_pss_pss_sha384:rsa_pss_pss_sha512:"                     \
	"rsa_pkcs1_sha256:rsa_pkcs1_sha384:rsa_pkcs1_sha512"

#define CERTIFICATES_MAX 65536 /* bytes of the peer's chain */

static const char *either(const char *given, const char *ours)
{
	return given ? given : ours;
}

static bool has_cipher(SSL_CTX *ctx, struct weir_bytes name)
{
	const STACK_OF(SSL_CIPHER) *all = SSL_CTX_get_ciphers(ctx);

	for (int i = 0; i < sk_SSL_CIPHER_num(all); i++)
		if (weir_bytes_equal(
			    weir_bytes_str(SSL_CIPHER_get_name(sk_SSL_CIPHER_value(all, i))), name))
			return true;
	return false;
}

/* libssl takes a list of which it knows one. */
static bool set_ciphers12(SSL_CTX *ctx, const char *list, struct weir_buf *why)
{
	size_t len;

	if (SSL_CTX_set_cipher_list(ctx, list) != 1)
		return tls_fail_openssl(why, "cipher suites of TLS 1.2");
	for (; *list; list += len + (list[len] == ':')) {
		len = strcspn(list, ":");
		if (!has_cipher(ctx, weir_bytes_of(list, len)))
			return tls_fail(why, "'%.*s' is no cipher suite of TLS 1.2", (int)len,
					list);
	}
	return true;
}

static bool set_algorithms(SSL_CTX *ctx, const struct weir_tls_algorithms *a, struct weir_buf *why)
{
	SSL_CTX_set_security_level(ctx, 2);
	if (!set_ciphers12(ctx, either(a->ciphers12, CIPHERS12), why))
		return false;
	if (SSL_CTX_set_ciphersuites(ctx, either(a->ciphers13, CIPHERS13)) != 1)
		return tls_fail_openssl(why, "cipher suites of TLS 1.3");
	if (SSL_CTX_set1_groups_list(ctx, tls_unwritten(either(a->groups, GROUPS))) != 1)
		return tls_fail_openssl(why, "groups");
	if (SSL_CTX_set1_sigalgs_list(ctx, tls_unwritten(either(a->signatures, SIGNATURES))) != 1)
		return tls_fail_openssl(why, "signature algorithms");
	return true;
}

static bool set_versions(SSL_CTX *ctx, const struct weir_tls_versions *v, struct weir_buf *why)
{
	uint16_t min = v->min ? v->min : WEIR_TLS_1_2, max = v->max ? v->max : WEIR_TLS_1_3;

	if (min < WEIR_TLS_1_2 || max > WEIR_TLS_1_3 || min > max)
		return tls_fail(why, "versions are 1.2, 1.3 or both");
	if (SSL_CTX_set_min_proto_version(ctx, min) != 1 ||
	    SSL_CTX_set_max_proto_version(ctx, max) != 1)
		return tls_fail_openssl(why, "versions");
	return true;
}

/* libssl offers the keys of records to kernel TLS; the BIO notes and declines them. */
static void set_options(SSL_CTX *ctx)
{
	SSL_CTX_set_options(ctx, SSL_OP_ENABLE_KTLS | SSL_OP_NO_COMPRESSION |
					 SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE |
					 SSL_OP_PRIORITIZE_CHACHA);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
				      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	/* So that libssl never reads beyond the record that it needs. */
	SSL_CTX_set_read_ahead(ctx, 0);
	SSL_CTX_set_max_early_data(ctx, 0);
	SSL_CTX_set_max_cert_list(ctx, CERTIFICATES_MAX);
	SSL_CTX_set_timeout(ctx, WEIR_TLS_SESSION_S);
}

static void on_info(const SSL *ssl, int where, int value)
{
	struct weir_tls_failure *f = &tls_conn_of(ssl)->failure;

	if (!(where & SSL_CB_ALERT) || value >> 8 != SSL3_AL_FATAL)
		return;
	if (where & SSL_CB_WRITE)
		f->alert_sent = (uint8_t)value;
	else
		f->alert_received = (uint8_t)value;
}

/* ---- ALPN ---- */

static bool set_alpn(struct tls_alpn *to, const struct weir_tls_alpn *from, struct weir_buf *why)
{
	if (from->n > WEIR_TLS_ALPN_MAX)
		return tls_fail(why, "more than %d application protocols", WEIR_TLS_ALPN_MAX);
	for (unsigned int i = 0; i < from->n; i++) {
		size_t len = strlen(from->names[i]);

		if (!len || len >= sizeof(to->name[i]))
			return tls_fail(why, "application protocol \"%s\": 1 to %zu bytes",
					from->names[i], sizeof(to->name[i]) - 1);
		memcpy(to->name[i], from->names[i], len + 1);
	}
	to->n = from->n;
	return true;
}

unsigned int tls_alpn_wire(const struct tls_alpn *a, uint32_t mask, uint8_t wire[TLS_ALPN_WIRE_MAX])
{
	unsigned int at = 0;

	for (unsigned int i = 0; i < a->n; i++) {
		size_t len = strlen(a->name[i]);

		if (!(mask >> i & 1))
			continue;
		wire[at++] = (uint8_t)len;
		memcpy(wire + at, a->name[i], len);
		at += (unsigned int)len;
	}
	return at;
}

int tls_alpn_find(const struct tls_alpn *a, uint32_t mask, struct weir_bytes name)
{
	for (unsigned int i = 0; i < a->n; i++)
		if ((mask >> i & 1) && weir_bytes_is(name, a->name[i]))
			return (int)i;
	return -1;
}

/* ---- the whole ---- */

bool tls_context_init(struct tls_context *c, const struct tls_context_cfg *cfg,
		      struct weir_buf *why)
{
	ERR_clear_error();
	c->bio = tls_bio_method_create();
	c->lib = cfg->lib;
	c->ctx = SSL_CTX_new_ex(tls_lib_get(c->lib), c->lib ? "?" TLS_LIB_PROPERTY : NULL,
				cfg->method);
	if (!c->bio || !c->ctx)
		return tls_fail_openssl(why, "no TLS context");
	set_options(c->ctx);
	SSL_CTX_set_info_callback(c->ctx, on_info);
	if (!c->lib)
		SSL_CTX_set_keylog_callback(c->ctx, tls_keylog);
	return set_versions(c->ctx, cfg->versions, why) &&
	       set_algorithms(c->ctx, cfg->algorithms, why) && set_alpn(&c->alpn, cfg->alpn, why);
}

void tls_context_fini(struct tls_context *c)
{
	SSL_CTX_free(c->ctx);
	tls_lib_put(c->lib);
	BIO_meth_free(c->bio);
}

void tls_context_drop(struct tls_context *c)
{
	c->dropped = true;
	if (!c->conns)
		c->free(c);
}

void tls_context_put(struct tls_context *c)
{
	c->conns--;
	if (c->dropped && !c->conns)
		c->free(c);
}
