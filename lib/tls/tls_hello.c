/* SPDX-License-Identifier: BSD-3-Clause */
/* The ClientHello (RFC 8446 section 4.1.2, RFC 5246 section 7.4.1.2) from its records. */
#include "tls_hello.h"

#define CLIENT_HELLO   1
#define RANDOM         32
#define SESSION_ID_MAX 32

static int bad(struct weir_tls_hello *h, const char *why)
{
	h->why = why;
	return -WEIR_TLS_E_MESSAGE_FORMAT;
}

/* ---- the message ---- */

static int read_session_id(struct weir_tls_hello *h, struct weir_cursor *c)
{
	h->session_id = tls_vector8(c);
	return !c->ok || h->session_id.len > SESSION_ID_MAX ? bad(h, "a session id that is cut off "
								     "or too long")
							    : 0;
}

static int read_ciphers(struct weir_tls_hello *h, struct weir_cursor *c)
{
	h->ciphers = tls_vector16(c);
	if (!c->ok)
		return bad(h, "cipher suites that are cut off");
	return tls_hello_numbers(h, h->ciphers, "no cipher suites, or half of one");
}

/* The null method must be there (RFC 5246 section 7.4.1.2); in TLS 1.3 it is alone, which libssl
 * looks at. */
static int read_compressions(struct weir_tls_hello *h, struct weir_cursor *c)
{
	h->compressions = tls_vector8(c);
	if (!c->ok)
		return bad(h, "compression methods that are cut off");
	if (!h->compressions.len || !memchr(h->compressions.ptr, 0, h->compressions.len))
		return bad(h, "no null compression");
	return 0;
}

/* Before TLS 1.3 there may be no extensions at all. */
static int read_extensions(struct weir_tls_hello *h, struct weir_cursor *c)
{
	if (weir_cursor_left(c) == 0)
		return 0;
	h->extensions = tls_vector16(c);
	if (!c->ok)
		return bad(h, "extensions that are cut off");
	if (weir_cursor_left(c))
		return bad(h, "bytes after the extensions");
	return tls_hello_extensions(h);
}

/* RFC 8446 section 4.2.1: where the extension is there, the old field says nothing. */
static uint16_t highest_version(const struct weir_tls_hello *h)
{
	uint16_t highest = 0, v;

	if (h->versions.len == 0)
		return h->legacy_version;
	for (size_t i = 0; i < h->versions.len / 2; i++) {
		v = weir_tls_u16(h->versions, i);
		if (!weir_tls_is_grease(v) && v > highest)
			highest = v;
	}
	return highest;
}

static int read_message(struct weir_tls_hello *h)
{
	struct weir_cursor c = tls_cursor(h->message);
	int rc;

	weir_cursor_take(&c, MESSAGE_HEADER);
	h->legacy_version = weir_cursor_u16(&c);
	h->random = weir_cursor_take(&c, RANDOM);
	if (!c.ok)
		return bad(h, "a message that is cut off");
	if (h->legacy_version >> 8 != 3)
		return -WEIR_TLS_E_PROTOCOL_VERSION;
	rc = read_session_id(h, &c);
	if (!rc)
		rc = read_ciphers(h, &c);
	if (!rc)
		rc = read_compressions(h, &c);
	if (!rc)
		rc = read_extensions(h, &c);
	h->version = highest_version(h);
	return rc;
}

/* ---- the records ---- */

/* What can be told from what is there of the message; 1 when it is whole. */
static int look(const struct tls_plain *p)
{
	size_t len = tls_plain_message(p, 0);

	if (p->len && p->room[0] != CLIENT_HELLO)
		return -WEIR_TLS_E_NO_HELLO;
	if (p->cap < MESSAGE_HEADER || len > p->cap || len > WEIR_TLS_HELLO_MAX)
		return -WEIR_TLS_E_HELLO_SIZE;
	if (len == 0)
		return 0;
	return p->len >= len;
}

/* Nothing may follow in the last record: what a client sends next waits for an answer or comes
 * under other keys (RFC 8446 section 5.1). */
static bool ends_its_record(const struct tls_plain *p, bool record_is_whole)
{
	return record_is_whole && p->total == tls_plain_message(p, 0);
}

static int gather(struct tls_plain *p)
{
	int record, message;

	do {
		record = tls_plain_record(p);
		if (record < 0)
			return record;
		message = look(p);
		if (message < 0)
			return message;
		if (message && !ends_its_record(p, record))
			return -WEIR_TLS_E_MESSAGE;
	} while (record && !message);
	return message;
}

ssize_t weir_tls_hello_parse(const struct weir_bytes *views, unsigned int n_views, uint8_t *room,
			     size_t room_len, struct weir_tls_hello *out)
{
	struct tls_plain p;
	int rc;

	memset(out, 0, sizeof(*out));
	tls_plain_init(&p, views, n_views, room, room_len);
	rc = gather(&p);
	if (rc <= 0) {
		out->need = rc == 0 ? p.need : 0;
		return rc;
	}
	out->record_version = p.version;
	out->message = weir_bytes_of(room, p.len);
	rc = read_message(out);
	return rc ? rc : (ssize_t)p.at;
}
