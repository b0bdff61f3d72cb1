/* SPDX-License-Identifier: BSD-3-Clause */
/* AES-GCM and ChaCha20-Poly1305 by OpenSSL. A slot's table is a cipher context that has its key. */
#include "tls_aead.h"

#include <openssl/err.h>
#include <openssl/evp.h>

static void *create_context(const char *cipher)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	EVP_CIPHER *fetched = EVP_CIPHER_fetch(NULL, cipher, NULL);

	/* The context keeps a reference of its own. */
	if (!ctx || !fetched || EVP_CipherInit_ex2(ctx, fetched, NULL, NULL, 1, NULL) != 1) {
		EVP_CIPHER_CTX_free(ctx);
		ctx = NULL;
	}
	EVP_CIPHER_free(fetched);
	return ctx;
}

static void *create_aes128(struct weir_tls_crypto *c)
{
	return create_context("AES-128-GCM");
}

static void *create_aes256(struct weir_tls_crypto *c)
{
	return create_context("AES-256-GCM");
}

static void *create_chacha(struct weir_tls_crypto *c)
{
	return create_context("ChaCha20-Poly1305");
}

static void destroy_context(void *table)
{
	EVP_CIPHER_CTX_free(table);
}

static bool rekey(struct weir_tls_crypto *c, struct tls_slot *slot)
{
	return EVP_CipherInit_ex2(slot->table, NULL, slot->key, NULL, 1, NULL) == 1;
}

static void begin(struct weir_tls_crypto *c, const struct tls_nonce *n)
{
	EVP_CIPHER_CTX *ctx = c->at->table;
	int done;

	if (EVP_CipherInit_ex2(ctx, NULL, NULL, n->nonce, c->seal, NULL) != 1 ||
	    EVP_CipherUpdate(ctx, NULL, &done, n->aad, n->aad_len) != 1)
		c->failed = true;
}

static void update(struct weir_tls_crypto *c, const struct tls_text *t)
{
	int done;

	if (!c->failed && EVP_CipherUpdate(c->at->table, t->dst, &done, t->src, (int)t->len) != 1)
		c->failed = true;
}

static bool finish_seal(EVP_CIPHER_CTX *ctx, uint8_t tag[TLS_TAG])
{
	uint8_t rest[16];
	int done;

	return EVP_CipherFinal_ex(ctx, rest, &done) == 1 &&
	       EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TLS_TAG, tag) == 1;
}

static bool finish_open(EVP_CIPHER_CTX *ctx, uint8_t tag[TLS_TAG])
{
	uint8_t rest[16];
	int done;

	return EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TLS_TAG, tag) == 1 &&
	       EVP_CipherFinal_ex(ctx, rest, &done) == 1;
}

/* What OpenSSL has to say is not left for the next handshake on this thread to find. */
static bool finish(struct weir_tls_crypto *c, uint8_t tag[TLS_TAG])
{
	EVP_CIPHER_CTX *ctx = c->at->table;
	bool ok = !c->failed && (c->seal ? finish_seal(ctx, tag) : finish_open(ctx, tag));

	if (!ok)
		ERR_clear_error();
	return ok;
}

static bool once(struct weir_tls_crypto *c, const struct tls_nonce *n, const struct tls_text *t,
		 uint8_t tag[TLS_TAG])
{
	begin(c, n);
	update(c, t);
	return finish(c, tag);
}

#define OPS(create_context)                                                           \
	{                                                                             \
		.create = create_context, .destroy = destroy_context, .rekey = rekey, \
		.begin = begin, .update = update, .finish = finish, .once = once,     \
	}

const struct tls_aead_ops tls_aead_evp_aes128 = OPS(create_aes128);
const struct tls_aead_ops tls_aead_evp_aes256 = OPS(create_aes256);
const struct tls_aead_ops tls_aead_evp_chacha = OPS(create_chacha);
