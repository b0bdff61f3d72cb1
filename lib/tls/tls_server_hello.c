/* SPDX-License-Identifier: BSD-3-Clause */
/* What a server answers in clear: its choice, and before TLS 1.3 its certificate. */
#include "tls_plain.h"
#include "weir_tls_hello.h"

#define SERVER_HELLO 2
#define CERTIFICATE  11

#define TLS_1_3 0x0304

#define SUPPORTED_VERSIONS 43
#define ALPN               16

/* The random number that makes a ServerHello a HelloRetryRequest (RFC 8446 section 4.1.3). */
static const uint8_t retry_random[32] = {0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11,
					 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
					 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e,
					 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};

static int bad(struct weir_tls_server_hello *h, const char *why)
{
	h->why = why;
	return -WEIR_TLS_E_MESSAGE_FORMAT;
}

/* ---- alerts before the ServerHello ---- */

#define ALERT_RECORD       (RECORD_HEADER + 2)
#define ALERTS_MAX         4
#define ALERT_WARNING      1
#define ALERT_CLOSE_NOTIFY 0

/* One alert at the front: 1 passed, 0 none or more is needed (then *needed), or an error. */
static int pass_alert(struct tls_plain *p, struct weir_tls_server_hello *h, size_t *needed)
{
	uint8_t a[ALERT_RECORD];
	size_t n = tls_plain_peek(p, a, sizeof(a));

	if (n == 0 || a[0] != RECORD_ALERT)
		return 0;
	*needed = p->at + sizeof(a);
	if ((n >= 2 && a[1] != 3) || (n >= RECORD_HEADER && (a[3] != 0 || a[4] != 2)))
		return -WEIR_TLS_E_NO_HELLO;
	if (n < sizeof(a))
		return 0;
	*needed = 0;
	h->alert = a[6];
	if (a[5] != ALERT_WARNING || a[6] == ALERT_CLOSE_NOTIFY)
		return -WEIR_TLS_E_PEER_ALERT;
	h->alert = WEIR_TLS_NO_ALERT;
	tls_plain_pass(p, sizeof(a));
	return 1;
}

/* Servers warn of a name they do not know before they answer (RFC 6066 section 3). */
static int pass_alerts(struct tls_plain *p, struct weir_tls_server_hello *h, size_t *needed)
{
	int rc = 1;

	*needed = 0;
	for (unsigned int i = 0; rc > 0 && i < ALERTS_MAX; i++)
		rc = pass_alert(p, h, needed);
	return rc > 0 ? -WEIR_TLS_E_NO_HELLO : rc;
}

/* ---- the ServerHello ---- */

static int read_alpn(struct weir_tls_server_hello *h, struct weir_bytes content)
{
	struct weir_cursor c = tls_cursor(content);
	struct weir_bytes list = tls_vector16(&c);
	struct weir_cursor inner = tls_cursor(list);

	h->alpn = tls_vector8(&inner);
	/* RFC 7301 section 3.1: exactly one. */
	if (!c.ok || weir_cursor_left(&c) || !inner.ok || weir_cursor_left(&inner) || !h->alpn.len)
		return bad(h, "application_layer_protocol_negotiation: not one protocol");
	return 0;
}

static int read_version(struct weir_tls_server_hello *h, struct weir_bytes content)
{
	if (content.len != 2)
		return bad(h, "supported_versions: not one version");
	h->version = weir_tls_u16(content, 0);
	return 0;
}

static int read_extensions(struct weir_tls_server_hello *h, struct weir_cursor *c)
{
	struct weir_cursor list;
	int rc = 0;

	if (weir_cursor_left(c) == 0)
		return 0;
	list = tls_cursor(tls_vector16(c));
	if (!c->ok || weir_cursor_left(c))
		return bad(h, "extensions that are cut off, or bytes after them");
	while (!rc && weir_cursor_left(&list)) {
		uint16_t type = weir_cursor_u16(&list);
		struct weir_bytes content = tls_vector16(&list);

		if (!list.ok)
			return bad(h, "an extension that is cut off");
		if (type == ALPN)
			rc = read_alpn(h, content);
		else if (type == SUPPORTED_VERSIONS)
			rc = read_version(h, content);
	}
	return rc;
}

static int read_hello(struct weir_tls_server_hello *h, struct weir_bytes message)
{
	struct weir_cursor c = tls_cursor(message);
	const uint8_t *random;

	weir_cursor_take(&c, MESSAGE_HEADER);
	h->version = weir_cursor_u16(&c);
	random = weir_cursor_take(&c, sizeof(retry_random));
	if (tls_vector8(&c).len > 32)
		return bad(h, "a session id that is too long");
	h->cipher = weir_cursor_u16(&c);
	weir_cursor_u8(&c); /* compression */
	if (!c.ok)
		return bad(h, "a ServerHello that is cut off");
	if (h->version >> 8 != 3)
		return bad(h, "a version that is none of TLS");
	h->is_retry = memcmp(random, retry_random, sizeof(retry_random)) == 0;
	return read_extensions(h, &c);
}

/* ---- the Certificate ---- */

static struct weir_bytes vector24(struct weir_cursor *c)
{
	size_t len = (size_t)weir_cursor_u8(c) << 16;
	const uint8_t *at;

	len |= weir_cursor_u16(c);
	at = weir_cursor_take(c, len);
	return weir_bytes_of(at, at ? len : 0);
}

static int read_certificate(struct weir_tls_server_hello *h, struct weir_bytes message)
{
	struct weir_cursor c = tls_cursor(message), list;

	weir_cursor_take(&c, MESSAGE_HEADER);
	list = tls_cursor(vector24(&c));
	if (!c.ok || weir_cursor_left(&c))
		return bad(h, "a list of certificates that is cut off, or bytes after it");
	for (unsigned int i = 0; weir_cursor_left(&list); i++) {
		struct weir_bytes der = vector24(&list);

		if (!list.ok || der.len == 0)
			return bad(h, "a certificate that is cut off or empty");
		if (i == 0)
			h->leaf = der;
		else if (i == 1)
			h->issuer = der;
	}
	return h->leaf.len ? 0 : bad(h, "no certificate in the list");
}

/* ---- the records ---- */

/* 1: the message at `at` is whole; *len is set as soon as it is known. */
static int gather_message(struct tls_plain *p, size_t at, size_t *len, bool *whole_record)
{
	int rc;

	while (!(*len = tls_plain_message(p, at)) || p->total < at + *len) {
		if (*len && (*len > p->cap - at || *len > WEIR_TLS_HELLO_MAX))
			return -WEIR_TLS_E_HELLO_SIZE;
		if (p->total >= p->cap)
			return -WEIR_TLS_E_HELLO_SIZE;
		if (!*whole_record)
			return 0;
		rc = tls_plain_record(p);
		if (rc < 0)
			return rc;
		*whole_record = rc;
		if (at == 0 && p->len && p->room[0] != SERVER_HELLO)
			return -WEIR_TLS_E_NO_HELLO;
	}
	return *len <= p->cap - at ? 1 : -WEIR_TLS_E_HELLO_SIZE;
}

/* 1 when a Certificate follows or something that tells that none does, 0 when that is not known. */
static int find_certificate(struct tls_plain *p, size_t at, bool *whole_record, bool *found)
{
	int rc;

	*found = false;
	while (p->total <= at) {
		if (!*whole_record)
			return 0;
		rc = tls_plain_record(p);
		/* Of another type: ChangeCipherSpec, when a session is resumed. */
		if (rc == -WEIR_TLS_E_RECORD_TYPE)
			return 1;
		if (rc < 0)
			return rc;
		*whole_record = rc;
	}
	if (p->len <= at)
		return -WEIR_TLS_E_HELLO_SIZE;
	*found = p->room[at] == CERTIFICATE;
	return 1;
}

static int read_flight(struct tls_plain *p, struct weir_tls_server_hello *h)
{
	bool whole_record = true, found;
	size_t hello, certificate;
	int rc = gather_message(p, 0, &hello, &whole_record);

	if (rc <= 0)
		return rc;
	rc = read_hello(h, weir_bytes_of(p->room, hello));
	if (rc)
		return rc;
	if (h->version >= TLS_1_3) /* what follows is encrypted, and in records of its own */
		return p->total == hello && whole_record ? 1 : -WEIR_TLS_E_MESSAGE;
	rc = find_certificate(p, hello, &whole_record, &found);
	if (rc <= 0 || !found)
		return rc;
	rc = gather_message(p, hello, &certificate, &whole_record);
	if (rc <= 0)
		return rc;
	rc = read_certificate(h, weir_bytes_of(p->room + hello, certificate));
	return rc ? rc : 1;
}

int weir_tls_server_hello_parse(const struct weir_bytes *views, unsigned int n_views, uint8_t *room,
				size_t room_len, struct weir_tls_server_hello *out)
{
	struct tls_plain p;
	size_t needed;
	int rc;

	*out = (struct weir_tls_server_hello){.alert = WEIR_TLS_NO_ALERT};
	tls_plain_init(&p, views, n_views, room, room_len);
	rc = pass_alerts(&p, out, &needed);
	if (rc == 0 && !needed)
		rc = read_flight(&p, out);
	if (rc == 0)
		out->need = needed ? needed : p.need;
	return rc;
}
