/* SPDX-License-Identifier: BSD-3-Clause */
/* What this end sends beside data: key updates, the refusal of a renegotiation, alerts. */
#include "tls_record.h"

#define LEVEL_WARNING 1
#define LEVEL_FATAL   2

#define NO_RENEGOTIATION 100

static bool is_key_old(const struct weir_tls_records *r)
{
	return tls_is_13(r) && r->tx.seq >= r->key_records;
}

bool weir_tls_post_due(const struct weir_tls_records *r)
{
	if (r->tx_closed)
		return false;
	return r->fatal_due != WEIR_TLS_NO_ALERT || r->update_due || r->refuse_due || is_key_old(r);
}

void weir_tls_key_update(struct weir_tls_records *r, bool ask)
{
	if (!tls_is_13(r))
		return;
	r->update_due = true;
	r->update_ask |= ask;
}

/* Made in one piece, for it is short, and then put where there is room. */
static ssize_t write_short(struct weir_tls_crypto *c, struct weir_tls_records *r, uint8_t type,
			   struct weir_bytes content, struct tls_writer *out)
{
	uint8_t bytes[WEIR_TLS_POST_MAX];
	struct weir_tls_room room = {bytes, sizeof(bytes)};
	struct weir_tls_spans s = {.in = &content, .n_in = 1, .out = &room, .n_out = 1};
	ssize_t n = tls_seal_record(c, r, type, &s);

	if (n > 0)
		tls_writer_put(out, bytes, (size_t)n);
	return n;
}

/* The message goes under the old key, what follows under the next (RFC 8446 section 4.6.3). */
static ssize_t write_update(struct weir_tls_crypto *c, struct weir_tls_records *r,
			    struct tls_writer *out)
{
	const uint8_t message[] = {24, 0, 0, 1, r->update_ask};
	ssize_t n =
		write_short(c, r, WEIR_TLS_HANDSHAKE, weir_bytes_of(message, sizeof(message)), out);

	if (n < 0)
		return n;
	r->update_asked |= r->update_ask;
	r->update_due = r->update_ask = false;
	if (tls_keys_update(c, r, &r->tx))
		return n;
	r->tx_closed = true; /* there is no key to say so with */
	return tls_records_fail(c, r, WEIR_TLS_E_MEMORY);
}

static ssize_t write_alert(struct weir_tls_crypto *c, struct weir_tls_records *r, uint8_t level,
			   uint8_t code, struct tls_writer *out)
{
	const uint8_t alert[] = {level, code};

	return write_short(c, r, WEIR_TLS_ALERT, weir_bytes_of(alert, sizeof(alert)), out);
}

static ssize_t write_refusal(struct weir_tls_crypto *c, struct weir_tls_records *r,
			     struct tls_writer *out)
{
	r->refuse_due = false;
	return write_alert(c, r, LEVEL_WARNING, NO_RENEGOTIATION, out);
}

/* A fatal alert is the end of both directions (RFC 8446 section 6.2), close_notify of ours. */
static ssize_t write_last(struct weir_tls_crypto *c, struct weir_tls_records *r, uint8_t alert,
			  struct tls_writer *out)
{
	bool fatal = alert != WEIR_TLS_CLOSE_NOTIFY;
	ssize_t n = write_alert(c, r, fatal ? LEVEL_FATAL : LEVEL_WARNING, alert, out);

	if (fatal)
		weir_tls_records_wipe(c, r);
	r->tx_closed = true;
	return n;
}

ssize_t weir_tls_post_write(struct weir_tls_crypto *c, struct weir_tls_records *r,
			    const struct weir_tls_room *out, unsigned int n_out)
{
	struct tls_writer to = tls_writer_of(out, n_out);

	if (!weir_tls_post_due(r))
		return 0;
	if (!tls_rooms_have(out, n_out, WEIR_TLS_POST_MAX))
		return -WEIR_TLS_E_MEMORY;
	if (r->fatal_due != WEIR_TLS_NO_ALERT)
		return write_last(c, r, r->fatal_due, &to);
	return r->refuse_due ? write_refusal(c, r, &to) : write_update(c, r, &to);
}

ssize_t weir_tls_alert_write(struct weir_tls_crypto *c, struct weir_tls_records *r, uint8_t alert,
			     const struct weir_tls_room *out, unsigned int n_out)
{
	struct tls_writer to = tls_writer_of(out, n_out);

	if (r->tx_closed)
		return -WEIR_TLS_E_CLOSED;
	if (!tls_rooms_have(out, n_out, WEIR_TLS_POST_MAX))
		return -WEIR_TLS_E_MEMORY;
	return write_last(c, r, alert, &to);
}
