/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files about records share. */
#ifndef TLS_RECORD_H
#define TLS_RECORD_H

#include "tls_aead.h"
#include "tls_span.h"

static inline bool tls_is_13(const struct weir_tls_records *r)
{
	return r->version == WEIR_TLS_1_3;
}

/* TLS 1.2's AES-GCM has half of its nonce on the wire (RFC 5288 section 3). */
static inline size_t tls_explicit_len(const struct weir_tls_records *r)
{
	return !tls_is_13(r) && r->suite != WEIR_TLS_CHACHA20_POLY1305_SHA256 ? 8 : 0;
}

/* In front of the ciphertext. */
static inline size_t tls_prefix_len(const struct weir_tls_records *r)
{
	return WEIR_TLS_HEADER + tls_explicit_len(r);
}

static inline void tls_put_be16(uint8_t *to, size_t value)
{
	to[0] = (uint8_t)(value >> 8);
	to[1] = (uint8_t)value;
}

static inline void tls_put_be64(uint8_t *to, uint64_t value)
{
	uint64_t be = __builtin_bswap64(value);

	memcpy(to, &be, sizeof(be));
}

static inline uint64_t tls_get_be64(const uint8_t *from)
{
	uint64_t be;

	memcpy(&be, from, sizeof(be));
	return __builtin_bswap64(be);
}

/* Nonce and additional data of the record that begins with `prefix`, of tls_prefix_len() bytes, and
 * has `len` bytes of ciphertext without the tag. */
void tls_record_nonce(const struct weir_tls_records *r, const struct weir_tls_keys *k,
		      const uint8_t *prefix, size_t len, struct tls_nonce *n);

/* ---- keys ---- */

/* The next generation of a direction's keys (RFC 8446 section 7.2); the old ones are forgotten.
 * False: no memory. */
bool tls_keys_update(struct weir_tls_crypto *c, const struct weir_tls_records *r,
		     struct weir_tls_keys *k);

/* ---- what came ---- */

/*
 * Deals with the content of a record, `len` bytes at the front of the rooms. 0, or a negative enum
 * weir_tls_error.
 */
int tls_take_content(struct weir_tls_crypto *c, struct weir_tls_records *r,
		     const struct weir_tls_spans *s, size_t len, struct weir_tls_opened *opened);
int tls_take_alert(struct weir_tls_records *r, struct tls_writer content, size_t len,
		   struct weir_tls_opened *opened);
int tls_take_handshake(struct weir_tls_crypto *c, struct weir_tls_records *r,
		       struct tls_writer content, size_t len);

/* Ends the connection with an error, which it returns negative: an alert is due, or all is
 * forgotten at once. */
int tls_records_fail(struct weir_tls_crypto *c, struct weir_tls_records *r, enum weir_tls_error e);

/* ---- what is sent ---- */

/* As weir_tls_seal(), whatever is due. */
ssize_t tls_seal_record(struct weir_tls_crypto *c, struct weir_tls_records *r, uint8_t type,
			const struct weir_tls_spans *s);

#endif
