/* SPDX-License-Identifier: BSD-3-Clause */
/* Which library does which suite, and the tables of the keys that a worker used last. */
#include "tls_aead.h"

#include <openssl/crypto.h>
#include <stdlib.h>

static const uint8_t no_key[32];

/* Takes the same time wherever they differ. */
static bool same_key(const uint8_t *a, const uint8_t *b)
{
	uint64_t x[4], y[4];

	memcpy(x, a, sizeof(x));
	memcpy(y, b, sizeof(y));
	return ((x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2]) | (x[3] ^ y[3])) == 0;
}

/* Keys are random: so are their places. */
static struct tls_slot *slot_of(struct weir_tls_crypto *c, uint8_t suite, const uint8_t *key)
{
	return &c->slot[suite][key[0] & (TLS_KEY_SLOTS - 1)];
}

/* When the library fails the slot is nobody's: no connection has the key that is all zeros. */
static bool set_key(struct weir_tls_crypto *c, uint8_t suite, struct tls_slot *s,
		    const uint8_t *key)
{
	memcpy(s->key, key, sizeof(s->key));
	if (weir_likely(c->ops[suite]->rekey(c, s)))
		return true;
	memset(s->key, 0, sizeof(s->key));
	return false;
}

void tls_aead_key(struct weir_tls_crypto *c, uint8_t suite, const uint8_t *key, bool seal)
{
	struct tls_slot *s = slot_of(c, suite, key);

	c->failed = !same_key(s->key, key) && !set_key(c, suite, s, key);
	c->op = c->ops[suite];
	c->at = s;
	c->seal = seal;
}

void tls_aead_forget(struct weir_tls_crypto *c, uint8_t suite, const uint8_t *key)
{
	struct tls_slot *s = slot_of(c, suite, key);

	if (same_key(s->key, key) && !set_key(c, suite, s, no_key))
		c->failed = true;
}

static bool create_slots(struct weir_tls_crypto *c, uint8_t suite)
{
	for (unsigned int i = 0; i < TLS_KEY_SLOTS; i++) {
		struct tls_slot *s = &c->slot[suite][i];

		s->table = c->ops[suite]->create(c);
		if (!s->table || !set_key(c, suite, s, no_key))
			return false;
	}
	return true;
}

struct weir_tls_crypto *weir_tls_crypto_create(bool allow_ipsec_mb)
{
	struct weir_tls_crypto *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->mb = allow_ipsec_mb ? tls_mb_create() : NULL;
	c->ops[WEIR_TLS_AES_128_GCM_SHA256] = c->mb ? &tls_aead_mb128 : &tls_aead_evp_aes128;
	c->ops[WEIR_TLS_AES_256_GCM_SHA384] = c->mb ? &tls_aead_mb256 : &tls_aead_evp_aes256;
	c->ops[WEIR_TLS_CHACHA20_POLY1305_SHA256] = &tls_aead_evp_chacha;
	for (uint8_t suite = 0; suite < WEIR_TLS_SUITE_END; suite++)
		if (!create_slots(c, suite)) {
			weir_tls_crypto_destroy(c);
			return NULL;
		}
	return c;
}

void weir_tls_crypto_destroy(struct weir_tls_crypto *c)
{
	if (!c)
		return;
	for (unsigned int suite = 0; suite < WEIR_TLS_SUITE_END; suite++)
		for (unsigned int i = 0; i < TLS_KEY_SLOTS; i++)
			if (c->slot[suite][i].table)
				c->ops[suite]->destroy(c->slot[suite][i].table);
	tls_mb_destroy(c->mb);
	OPENSSL_cleanse(c, sizeof(*c));
	free(c);
}

const char *weir_tls_crypto_name(const struct weir_tls_crypto *c)
{
	return c->mb ? "ipsec-mb" : "openssl";
}
