/* SPDX-License-Identifier: BSD-3-Clause */
/* From secrets to keys, and the end of them (RFC 8446 section 7). */
#include "tls_record.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

static const struct {
	size_t key_len, hash_len;
	const EVP_MD *(*hash)(void);
} suites[WEIR_TLS_SUITE_END] = {
	[WEIR_TLS_AES_128_GCM_SHA256] = {16, 32, EVP_sha256},
	[WEIR_TLS_AES_256_GCM_SHA384] = {32, 48, EVP_sha384},
	[WEIR_TLS_CHACHA20_POLY1305_SHA256] = {32, 32, EVP_sha256},
};

/* HKDF-Expand-Label with no context, for at most one hash of output: one HMAC (section 7.1, RFC
 * 5869 section 2.3). `label` is of 16 bytes at most. */
static bool expand_label(uint8_t suite, const uint8_t *secret, const char *label, uint8_t *out,
			 size_t len)
{
	uint8_t info[32], made[EVP_MAX_MD_SIZE];
	size_t label_len = strlen(label), n = 0;
	bool ok;

	tls_put_be16(info, len);
	info[2] = (uint8_t)(6 + label_len);
	memcpy(info + 3, "tls13 ", 6);
	memcpy(info + 9, label, label_len);
	n = 9 + label_len;
	info[n++] = 0; /* the context's length */
	info[n++] = 1; /* the first block */
	ok = HMAC(suites[suite].hash(), secret, (int)suites[suite].hash_len, info, n, made, NULL) !=
	     NULL;
	if (ok)
		memcpy(out, made, len);
	else
		ERR_clear_error();
	OPENSSL_cleanse(made, sizeof(made));
	return ok;
}

/* Section 7.3. */
static bool keys_from_secret(uint8_t suite, struct weir_tls_keys *k)
{
	memset(k->key, 0, sizeof(k->key));
	return expand_label(suite, k->secret, "key", k->key, suites[suite].key_len) &&
	       expand_label(suite, k->secret, "iv", k->iv, sizeof(k->iv));
}

bool tls_keys_update(struct weir_tls_crypto *c, const struct weir_tls_records *r,
		     struct weir_tls_keys *k)
{
	uint8_t next[sizeof(k->secret)] = {0};
	bool ok = expand_label(r->suite, k->secret, "traffic upd", next, suites[r->suite].hash_len);

	tls_aead_forget(c, r->suite, k->key);
	memcpy(k->secret, next, sizeof(k->secret));
	OPENSSL_cleanse(next, sizeof(next));
	k->seq = 0;
	return ok && keys_from_secret(r->suite, k);
}

/* TLS 1.2 has them ready; what lies past a key's own bytes must not tell two apart. */
static bool keys_init(const struct weir_tls_records *r, struct weir_tls_keys *k, bool derived)
{
	size_t len = suites[r->suite].key_len;

	if (tls_is_13(r) && !derived)
		return keys_from_secret(r->suite, k);
	memset(k->key + len, 0, sizeof(k->key) - len);
	return true;
}

_Static_assert(sizeof(struct weir_tls_records) <= 256, "every idle connection has one a leg");

int weir_tls_records_init(struct weir_tls_records *r, const struct weir_tls_records_cfg *cfg)
{
	if (cfg->version != WEIR_TLS_1_2 && cfg->version != WEIR_TLS_1_3)
		return -WEIR_TLS_E_PROTOCOL_VERSION;
	if ((unsigned int)cfg->suite >= WEIR_TLS_SUITE_END)
		return -WEIR_TLS_E_NO_CIPHER;
	/* Field by field: no copy of the keys is left on the stack. */
	memset(r, 0, sizeof(*r));
	r->tx = cfg->tx;
	r->rx = cfg->rx;
	r->version = cfg->version;
	r->suite = (uint8_t)cfg->suite;
	r->is_server = cfg->is_server;
	r->fatal_due = WEIR_TLS_NO_ALERT;
	r->key_records = WEIR_TLS_KEY_RECORDS;
	if (keys_init(r, &r->tx, cfg->derived) && keys_init(r, &r->rx, cfg->derived))
		return 0;
	weir_tls_records_wipe(NULL, r);
	return -WEIR_TLS_E_MEMORY;
}

void weir_tls_records_wipe(struct weir_tls_crypto *c, struct weir_tls_records *r)
{
	if (c) {
		tls_aead_forget(c, r->suite, r->tx.key);
		tls_aead_forget(c, r->suite, r->rx.key);
	}
	OPENSSL_cleanse(&r->tx, sizeof(r->tx));
	OPENSSL_cleanse(&r->rx, sizeof(r->rx));
	r->tx_closed = true;
	r->fatal_due = WEIR_TLS_NO_ALERT;
	r->update_due = r->refuse_due = false;
	if (!r->error && !r->rx_closed)
		r->error = WEIR_TLS_E_CLOSED;
}
