/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * AES-GCM by intel-ipsec-mb's direct calls. Its AVX512 and VAES code is what OpenSSL 3.0 lacks; its
 * older code is no faster than OpenSSL's, and is left alone. Every call of version 1.3 stores into
 * a variable of the whole process (imb_errno), whose cache line the workers take from each other: a
 * store buffer hides that between two, so that it cost 0 to 8 percent where it was measured.
 */
#include "tls_aead.h"

#include <intel-ipsec-mb.h>
#include <openssl/crypto.h>
#include <stdlib.h>

struct tls_mb {
	IMB_MGR *mgr;
	struct gcm_context_data gcm; /* of the record under way */
};

/* Aligned as the library's own build has it. */
#define TABLE_ALIGN 64
#define TABLE_BYTES ((sizeof(struct gcm_key_data) + TABLE_ALIGN - 1) / TABLE_ALIGN * TABLE_ALIGN)

#define WANTED (IMB_FEATURE_AVX512_SKX | IMB_FEATURE_VAES | IMB_FEATURE_VPCLMULQDQ)

static bool is_usable(const IMB_MGR *mgr)
{
	bool tested = !(mgr->features & IMB_FEATURE_SELF_TEST) ||
		      (mgr->features & IMB_FEATURE_SELF_TEST_PASS);

	return tested && (mgr->features & WANTED) == WANTED;
}

struct tls_mb *tls_mb_create(void)
{
	struct tls_mb *mb = calloc(1, sizeof(*mb));
	IMB_ARCH arch;

	if (!mb)
		return NULL;
	mb->mgr = alloc_mb_mgr(0);
	if (mb->mgr)
		init_mb_mgr_auto(mb->mgr, &arch);
	if (mb->mgr && is_usable(mb->mgr))
		return mb;
	tls_mb_destroy(mb);
	return NULL;
}

void tls_mb_destroy(struct tls_mb *mb)
{
	if (!mb)
		return;
	if (mb->mgr)
		free_mb_mgr(mb->mgr);
	OPENSSL_cleanse(mb, sizeof(*mb));
	free(mb);
}

static void *create_table(struct weir_tls_crypto *c)
{
	return aligned_alloc(TABLE_ALIGN, TABLE_BYTES);
}

static void destroy_table(void *table)
{
	OPENSSL_cleanse(table, TABLE_BYTES);
	free(table);
}

/* The tag that was computed, against the one that came or into the room for it. */
static bool settle(const struct weir_tls_crypto *c, const uint8_t made[TLS_TAG],
		   uint8_t tag[TLS_TAG])
{
	if (!c->seal)
		return CRYPTO_memcmp(made, tag, TLS_TAG) == 0;
	memcpy(tag, made, TLS_TAG);
	return true;
}

static bool rekey128(struct weir_tls_crypto *c, struct tls_slot *slot)
{
	IMB_AES128_GCM_PRE(c->mb->mgr, slot->key, slot->table);
	return true;
}

static void begin128(struct weir_tls_crypto *c, const struct tls_nonce *n)
{
	IMB_AES128_GCM_INIT(c->mb->mgr, c->at->table, &c->mb->gcm, n->nonce, n->aad, n->aad_len);
}

static void update128(struct weir_tls_crypto *c, const struct tls_text *t)
{
	if (c->seal)
		IMB_AES128_GCM_ENC_UPDATE(c->mb->mgr, c->at->table, &c->mb->gcm, t->dst, t->src,
					  t->len);
	else
		IMB_AES128_GCM_DEC_UPDATE(c->mb->mgr, c->at->table, &c->mb->gcm, t->dst, t->src,
					  t->len);
}

static bool finish128(struct weir_tls_crypto *c, uint8_t tag[TLS_TAG])
{
	uint8_t made[TLS_TAG];

	if (c->seal)
		IMB_AES128_GCM_ENC_FINALIZE(c->mb->mgr, c->at->table, &c->mb->gcm, made, TLS_TAG);
	else
		IMB_AES128_GCM_DEC_FINALIZE(c->mb->mgr, c->at->table, &c->mb->gcm, made, TLS_TAG);
	return settle(c, made, tag);
}

static bool once128(struct weir_tls_crypto *c, const struct tls_nonce *n, const struct tls_text *t,
		    uint8_t tag[TLS_TAG])
{
	uint8_t made[TLS_TAG];

	if (c->seal)
		IMB_AES128_GCM_ENC(c->mb->mgr, c->at->table, &c->mb->gcm, t->dst, t->src, t->len,
				   n->nonce, n->aad, n->aad_len, made, TLS_TAG);
	else
		IMB_AES128_GCM_DEC(c->mb->mgr, c->at->table, &c->mb->gcm, t->dst, t->src, t->len,
				   n->nonce, n->aad, n->aad_len, made, TLS_TAG);
	return settle(c, made, tag);
}

static bool rekey256(struct weir_tls_crypto *c, struct tls_slot *slot)
{
	IMB_AES256_GCM_PRE(c->mb->mgr, slot->key, slot->table);
	return true;
}

static void begin256(struct weir_tls_crypto *c, const struct tls_nonce *n)
{
	IMB_AES256_GCM_INIT(c->mb->mgr, c->at->table, &c->mb->gcm, n->nonce, n->aad, n->aad_len);
}

static void update256(struct weir_tls_crypto *c, const struct tls_text *t)
{
	if (c->seal)
		IMB_AES256_GCM_ENC_UPDATE(c->mb->mgr, c->at->table, &c->mb->gcm, t->dst, t->src,
					  t->len);
	else
		IMB_AES256_GCM_DEC_UPDATE(c->mb->mgr, c->at->table, &c->mb->gcm, t->dst, t->src,
					  t->len);
}

static bool finish256(struct weir_tls_crypto *c, uint8_t tag[TLS_TAG])
{
	uint8_t made[TLS_TAG];

	if (c->seal)
		IMB_AES256_GCM_ENC_FINALIZE(c->mb->mgr, c->at->table, &c->mb->gcm, made, TLS_TAG);
	else
		IMB_AES256_GCM_DEC_FINALIZE(c->mb->mgr, c->at->table, &c->mb->gcm, made, TLS_TAG);
	return settle(c, made, tag);
}

static bool once256(struct weir_tls_crypto *c, const struct tls_nonce *n, const struct tls_text *t,
		    uint8_t tag[TLS_TAG])
{
	uint8_t made[TLS_TAG];

	if (c->seal)
		IMB_AES256_GCM_ENC(c->mb->mgr, c->at->table, &c->mb->gcm, t->dst, t->src, t->len,
				   n->nonce, n->aad, n->aad_len, made, TLS_TAG);
	else
		IMB_AES256_GCM_DEC(c->mb->mgr, c->at->table, &c->mb->gcm, t->dst, t->src, t->len,
				   n->nonce, n->aad, n->aad_len, made, TLS_TAG);
	return settle(c, made, tag);
}

const struct tls_aead_ops tls_aead_mb128 = {
	.create = create_table,
	.destroy = destroy_table,
	.rekey = rekey128,
	.begin = begin128,
	.update = update128,
	.finish = finish128,
	.once = once128,
};

const struct tls_aead_ops tls_aead_mb256 = {
	.create = create_table,
	.destroy = destroy_table,
	.rekey = rekey256,
	.begin = begin256,
	.update = update256,
	.finish = finish256,
	.once = once256,
};
