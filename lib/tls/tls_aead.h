/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * AES-GCM and ChaCha20-Poly1305 over scattered bytes: one record at a time, by the one of two
 * libraries that the worker's crypto has chosen.
 */
#ifndef TLS_AEAD_H
#define TLS_AEAD_H

#include "weir_tls_record.h"

#define TLS_TAG       16 /* bytes, of every suite here */
#define TLS_NONCE     12
#define TLS_KEY_SLOTS 8 /* tables kept of a suite; a power of two */

/* What makes a record differ from all others under its key, and its header. */
struct tls_nonce {
	uint8_t nonce[TLS_NONCE];
	uint8_t aad[13];
	uint8_t aad_len;
};

/* `table` is always that of `key`, whose bytes past the suite's are zero: at first all are. */
struct tls_slot {
	uint8_t key[32];
	void *table;
};

/* The record that lies in one piece: `dst` is `src` or apart from it. */
struct tls_text {
	uint8_t *dst;
	const uint8_t *src;
	size_t len;
};

/* How one library does one suite. */
struct tls_aead_ops {
	void *(*create)(struct weir_tls_crypto *c); /* an empty table; NULL: no memory */
	void (*destroy)(void *table);
	bool (*rekey)(struct weir_tls_crypto *c, struct tls_slot *slot);
	void (*begin)(struct weir_tls_crypto *c, const struct tls_nonce *n);
	void (*update)(struct weir_tls_crypto *c, const struct tls_text *t);
	/* Sealing writes the tag and is true but when the library failed, opening compares it. */
	bool (*finish)(struct weir_tls_crypto *c, uint8_t tag[TLS_TAG]);
	/* All three at once. */
	bool (*once)(struct weir_tls_crypto *c, const struct tls_nonce *n, const struct tls_text *t,
		     uint8_t tag[TLS_TAG]);
};

extern const struct tls_aead_ops tls_aead_mb128, tls_aead_mb256, tls_aead_evp_aes128,
	tls_aead_evp_aes256, tls_aead_evp_chacha;

/* ipsec-mb's state of a worker; NULL when the CPU has not what makes it worth while. */
struct tls_mb *tls_mb_create(void);
void tls_mb_destroy(struct tls_mb *mb);

struct weir_tls_crypto {
	struct tls_mb *mb; /* NULL: OpenSSL */
	const struct tls_aead_ops *ops[WEIR_TLS_SUITE_END];
	struct tls_slot slot[WEIR_TLS_SUITE_END][TLS_KEY_SLOTS];
	/* The record under way. */
	const struct tls_aead_ops *op;
	const struct tls_slot *at;
	bool seal;
	bool failed;
};

/* The next record is sealed, or opened, with this key of 32 bytes. */
void tls_aead_key(struct weir_tls_crypto *c, uint8_t suite, const uint8_t *key, bool seal);

static inline void tls_aead_begin(struct weir_tls_crypto *c, const struct tls_nonce *n)
{
	c->op->begin(c, n);
}

static inline void tls_aead_update(struct weir_tls_crypto *c, const struct tls_text *t)
{
	c->op->update(c, t);
}

static inline bool tls_aead_finish(struct weir_tls_crypto *c, uint8_t tag[TLS_TAG])
{
	return c->op->finish(c, tag);
}

static inline bool tls_aead_once(struct weir_tls_crypto *c, const struct tls_nonce *n,
				 const struct tls_text *t, uint8_t tag[TLS_TAG])
{
	return c->op->once(c, n, t, tag);
}

/* No table of this key is kept any longer. */
void tls_aead_forget(struct weir_tls_crypto *c, uint8_t suite, const uint8_t *key);

#endif
