/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The keys of a connection's records as libssl tells them. TLS 1.3: the traffic secrets come by the
 * key derivation (tls_kdf.c) or the key log; the offer to kernel TLS only says from where records
 * are counted. TLS 1.2: the offers have key, salt and nonce.
 */
#include "tls_impl.h"

#include <linux/tls.h>

void tls_counter_add(struct tls_counter *c, struct weir_bytes b)
{
	while (b.len) {
		size_t n;

		if (c->left) {
			n = b.len < c->left ? b.len : c->left;
			c->left -= (uint32_t)n;
		} else {
			n = 1;
			c->header[c->have++] = *b.ptr;
			if (c->have == sizeof(c->header)) {
				c->left = (uint32_t)c->header[3] << 8 | c->header[4];
				c->have = 0;
				c->records++;
			}
		}
		b = weir_bytes_of(b.ptr + n, b.len - n);
	}
}

/* ---- offers ---- */

/* The salt stands before the nonce in what AES-GCM's nonces are made of. */
static void note_key(struct weir_tls_keys *k, const uint8_t *key, size_t key_len,
		     const uint8_t *salt, size_t salt_len, const uint8_t *iv)
{
	memcpy(k->key, key, key_len);
	if (salt_len)
		memcpy(k->iv, salt, salt_len);
	memcpy(k->iv + salt_len, iv, sizeof(k->iv) - salt_len);
}

static bool note_crypto_info(struct weir_tls_keys *k, const struct tls_crypto_info *info)
{
	const union {
		const struct tls_crypto_info *info;
		const struct tls12_crypto_info_aes_gcm_128 *aes128;
		const struct tls12_crypto_info_aes_gcm_256 *aes256;
		const struct tls12_crypto_info_chacha20_poly1305 *chacha20;
	} of = {.info = info};

	switch (info->cipher_type) {
	case TLS_CIPHER_AES_GCM_128:
		note_key(k, of.aes128->key, sizeof(of.aes128->key), of.aes128->salt,
			 sizeof(of.aes128->salt), of.aes128->iv);
		return true;
	case TLS_CIPHER_AES_GCM_256:
		note_key(k, of.aes256->key, sizeof(of.aes256->key), of.aes256->salt,
			 sizeof(of.aes256->salt), of.aes256->iv);
		return true;
	case TLS_CIPHER_CHACHA20_POLY1305:
		note_key(k, of.chacha20->key, sizeof(of.chacha20->key), NULL, 0, of.chacha20->iv);
		return true;
	default:
		return false;
	}
}

/* In TLS 1.3 libssl offers what it writes with only. */
void tls_noted_offer(struct tls_noted *n, const struct tls_offer *offer)
{
	bool noted = note_crypto_info(offer->is_tx ? &n->tx : &n->rx, offer->info);

	if (offer->is_tx) {
		n->offer_tx = noted;
		n->written = (struct tls_counter){0};
	} else {
		n->offer_rx = noted;
		n->read = (struct tls_counter){0};
	}
}

/* ---- secrets ---- */

void tls_noted_secret(struct tls_noted *n, bool is_tx, struct weir_bytes secret)
{
	struct weir_tls_keys *k = is_tx ? &n->tx : &n->rx;

	if (secret.len > sizeof(k->secret))
		return;
	memcpy(k->secret, secret.ptr, secret.len);
	*(is_tx ? &n->secret_tx : &n->secret_rx) = true;
}

static bool is_secret(bool noted, const struct weir_tls_keys *k, struct weir_bytes secret)
{
	return noted && secret.len <= sizeof(k->secret) &&
	       CRYPTO_memcmp(k->secret, secret.ptr, secret.len) == 0;
}

void tls_noted_derived(struct tls_noted *n, struct weir_bytes secret, bool is_key,
		       struct weir_bytes made)
{
	struct weir_tls_keys *k = NULL;

	if (is_secret(n->secret_tx, &n->tx, secret))
		k = &n->tx;
	else if (is_secret(n->secret_rx, &n->rx, secret))
		k = &n->rx;
	if (!k || made.len > (is_key ? sizeof(k->key) : sizeof(k->iv)))
		return;
	memcpy(is_key ? k->key : k->iv, made.ptr, made.len);
	n->derived++;
}

/* ---- the key log ---- */

/* Returns the bytes, 0 when it is no secret. */
static size_t take_hex(const char *text, uint8_t secret[48])
{
	size_t len = strlen(text) / 2;

	if (len != 32 && len != 48)
		return 0;
	for (size_t i = 0; i < len; i++) {
		int high = weir_hex_value((uint8_t)text[2 * i]);
		int low = weir_hex_value((uint8_t)text[2 * i + 1]);

		if (high < 0 || low < 0)
			return 0;
		secret[i] = (uint8_t)(high << 4 | low);
	}
	return len;
}

/* "LABEL random secret", as NSS writes it. Those of later keys end in another number. */
void tls_noted_line(struct tls_noted *n, bool is_server, const char *line)
{
	static const char client[] = "CLIENT_TRAFFIC_SECRET_0 ",
			  server[] = "SERVER_TRAFFIC_SECRET_0 ";
	const char *hex = strrchr(line, ' ');
	bool of_client = strncmp(line, client, sizeof(client) - 1) == 0;
	bool of_server = strncmp(line, server, sizeof(server) - 1) == 0;
	uint8_t secret[48];
	size_t len;

	if (!hex || !(of_client || of_server))
		return;
	len = take_hex(hex + 1, secret);
	if (len)
		tls_noted_secret(n, of_server == is_server, weir_bytes_of(secret, len));
	OPENSSL_cleanse(secret, sizeof(secret));
}

void tls_keylog(const SSL *ssl, const char *line)
{
	struct weir_tls_conn *c = tls_conn_of(ssl);

	tls_noted_line(&c->noted, c->is_server, line);
}
