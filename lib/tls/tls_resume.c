/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tickets that come to a client after the handshake (RFC 8446 section 4.6.1). Only libssl can make
 * a session of them, but its records were taken from it: so a ticket is sealed once more, with the
 * keys that libssl still reads with and under its own count, and read by it. That record is seen by
 * nobody else.
 */
#include "tls_impl.h"

#define NEW_SESSION_TICKET 4
#define TICKETS_MAX        4 /* records of tickets until one is enough */

/* Whether there is nothing but whole tickets: anything else would change libssl's state. */
static bool is_tickets(struct weir_bytes content)
{
	struct weir_cursor c = weir_cursor_of(content.ptr, content.len);

	while (c.ok && weir_cursor_left(&c)) {
		uint32_t head = weir_cursor_u32(&c);

		if (head >> 24 != NEW_SESSION_TICKET)
			return false;
		weir_cursor_take(&c, head & 0xffffff);
	}
	return c.ok && content.len;
}

/* As the server would have sent it in libssl's eyes. Returns the record's bytes, 0 when that cannot
 * be done. */
static size_t seal_again(struct weir_tls_conn *c, struct weir_tls_crypto *crypto,
			 struct weir_bytes content, struct weir_tls_room room)
{
	const struct weir_tls_spans s = {.in = &content, .n_in = 1, .out = &room, .n_out = 1};
	struct weir_tls_records_cfg cfg = {.version = WEIR_TLS_1_3, .is_server = true};
	struct weir_tls_records server;
	ssize_t len = 0;

	cfg.tx = cfg.rx = c->noted.rx;
	cfg.tx.seq = c->tickets;
	if (tls_suite_of(c->ssl, &cfg.suite) && weir_tls_records_init(&server, &cfg) == 0) {
		len = weir_tls_seal(crypto, &server, WEIR_TLS_HANDSHAKE, &s);
		weir_tls_records_wipe(crypto, &server);
	}
	OPENSSL_cleanse(&cfg, sizeof(cfg));
	return len > 0 ? (size_t)len : 0;
}

/* Takes what libssl reads; on_session() is called in it. */
static void read_ticket(struct weir_tls_conn *c, struct weir_bytes record)
{
	uint8_t none;

	tls_conn_lend(c, &record, 1, NULL);
	(void)!SSL_read(c->ssl, &none, sizeof(none));
	tls_conn_idle(c);
}

bool weir_tls_wants_ticket(const struct weir_tls_conn *c)
{
	return c->wants_ticket;
}

static void end(struct weir_tls_conn *c)
{
	c->wants_ticket = false;
	OPENSSL_cleanse(&c->noted.rx, sizeof(c->noted.rx));
	tls_conn_free_ssl(c);
}

void weir_tls_conn_ticket(struct weir_tls_conn *c, struct weir_tls_crypto *crypto,
			  const struct weir_bytes *content, unsigned int n)
{
	uint8_t plain[WEIR_TLS_RECORD_MAX], sealed[WEIR_TLS_RECORD_MAX + WEIR_TLS_OVERHEAD_MAX];
	struct weir_bytes whole = weir_bytes_of(plain, 0);
	size_t len;

	if (!c->wants_ticket)
		return;
	for (unsigned int i = 0; i < n && content[i].len <= sizeof(plain) - whole.len; i++) {
		if (content[i].len)
			memcpy(plain + whole.len, content[i].ptr, content[i].len);
		whole.len += content[i].len;
	}
	if (!is_tickets(whole))
		return;
	len = seal_again(c, crypto, whole, (struct weir_tls_room){sealed, sizeof(sealed)});
	if (len)
		read_ticket(c, weir_bytes_of(sealed, len));
	c->tickets++;
	if (!len || c->has_session || c->tickets == TICKETS_MAX)
		end(c);
}
