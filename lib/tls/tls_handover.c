/* SPDX-License-Identifier: BSD-3-Clause */
/* The end of libssl's part: the keys go to the records, its object is freed. */
#include "tls_impl.h"

bool tls_suite_of(const SSL *ssl, enum weir_tls_suite *suite)
{
	switch (SSL_CIPHER_get_cipher_nid(SSL_get_current_cipher(ssl))) {
	case NID_aes_128_gcm:
		*suite = WEIR_TLS_AES_128_GCM_SHA256;
		return true;
	case NID_aes_256_gcm:
		*suite = WEIR_TLS_AES_256_GCM_SHA384;
		return true;
	case NID_chacha20_poly1305:
		*suite = WEIR_TLS_CHACHA20_POLY1305_SHA256;
		return true;
	default:
		return false;
	}
}

/* Without an offer it is not known from where records count, even where the secrets are. What
 * libssl has read beyond the handshake would be lost. */
static bool is_known(const struct weir_tls_conn *c, uint16_t version)
{
	const struct tls_noted *n = &c->noted;

	if (!c->done || !c->ssl || c->error || SSL_has_pending(c->ssl) || !n->offer_tx)
		return false;
	return version == WEIR_TLS_1_3 ? n->secret_tx && n->secret_rx : n->offer_rx;
}

/* libssl has written records under the new key, which in TLS 1.3 are tickets and in TLS 1.2 is
 * Finished; it has read Finished only, and that in TLS 1.3 was under another key. */
static void count_records(struct tls_noted *n, uint16_t version)
{
	n->tx.seq = n->written.records;
	n->rx.seq = version == WEIR_TLS_1_3 ? 0 : n->read.records;
}

static bool waits_for_ticket(const struct weir_tls_conn *c, uint16_t version)
{
	const struct weir_tls_client *client = (const void *)c->context;

	return !c->is_server && version == WEIR_TLS_1_3 && client->sessions;
}

bool weir_tls_take_records(struct weir_tls_conn *c, struct weir_tls_records *out)
{
	struct weir_tls_records_cfg cfg = {.is_server = c->is_server};
	bool ok;

	if (!c->ssl || c->wants_ticket)
		return false;
	cfg.version = (uint16_t)SSL_version(c->ssl);
	if (!is_known(c, cfg.version) || !tls_suite_of(c->ssl, &cfg.suite))
		return false;
	count_records(&c->noted, cfg.version);
	cfg.derived = c->noted.derived == TLS_NOTED_DERIVED;
	cfg.tx = c->noted.tx;
	cfg.rx = c->noted.rx;
	ok = weir_tls_records_init(out, &cfg) == 0;
	OPENSSL_cleanse(&cfg, sizeof(cfg));
	if (!ok)
		return false;
	c->wants_ticket = waits_for_ticket(c, (uint16_t)SSL_version(c->ssl));
	OPENSSL_cleanse(&c->noted.tx, sizeof(c->noted.tx));
	if (!c->wants_ticket) {
		OPENSSL_cleanse(&c->noted.rx, sizeof(c->noted.rx));
		tls_conn_free_ssl(c);
	}
	return true;
}
