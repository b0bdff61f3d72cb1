/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Records that are not encrypted (RFC 8446 section 5.1), over scattered views: their content, one
 * after the other, in the caller's room. Nothing is kept from call to call: the caller comes again
 * with more bytes, from the front, once there are `need` of them.
 */
#include "tls_plain.h"

/* No client is known to send empty handshake records, and RFC 8446 forbids them; libssl passes
 * over a few. A record costs its sender six bytes and us a walk over all that came before. */
#define EMPTY_MAX   8
#define RECORDS_MAX 512

#define CONTENT_MAX 16384

void tls_plain_init(struct tls_plain *p, const struct weir_bytes *views, unsigned int n_views,
		    uint8_t *room, size_t cap)
{
	*p = (struct tls_plain){.views = views,
				.n_views = n_views,
				.room = room,
				.cap = cap,
				.need = RECORD_HEADER};
}

static size_t min_size(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Moves up to `n` bytes to `to` (NULL: past them); returns how many there were. */
static size_t read_bytes(struct tls_plain *p, uint8_t *to, size_t n)
{
	size_t got = 0;

	while (got < n && p->n_views) {
		size_t piece = min_size(p->views->len - p->skip, n - got);

		if (to && piece)
			memcpy(to + got, p->views->ptr + p->skip, piece);
		got += piece;
		p->skip += piece;
		if (p->skip < p->views->len)
			break;
		p->views++;
		p->n_views--;
		p->skip = 0;
	}
	p->at += got;
	return got;
}

size_t tls_plain_peek(const struct tls_plain *p, uint8_t *to, size_t n)
{
	struct tls_plain copy = *p;

	return read_bytes(&copy, to, n);
}

void tls_plain_pass(struct tls_plain *p, size_t n)
{
	read_bytes(p, NULL, n);
}

/* What can be told from the first `n` bytes of a record's header. */
static int check_header(const struct tls_plain *p, const uint8_t *header, size_t n)
{
	bool first = p->records == 0;

	if (n >= 1 && header[0] != RECORD_HANDSHAKE)
		return first ? -WEIR_TLS_E_NO_HELLO : -WEIR_TLS_E_RECORD_TYPE;
	/* The minor version is whatever (RFC 8446 section 5.1, legacy_record_version). */
	if (n >= 2 && header[1] != 3)
		return first ? -WEIR_TLS_E_NO_HELLO : -WEIR_TLS_E_RECORD_VERSION;
	if (n >= RECORD_HEADER && (header[3] << 8 | header[4]) > CONTENT_MAX)
		return -WEIR_TLS_E_RECORD_SIZE;
	return 0;
}

static int count_record(struct tls_plain *p)
{
	if (++p->records > RECORDS_MAX)
		return -WEIR_TLS_E_HELLO_SIZE;
	if (p->size == 0 && ++p->empty > EMPTY_MAX)
		return -WEIR_TLS_E_RECORDS_EMPTY;
	return 0;
}

static int read_header(struct tls_plain *p)
{
	uint8_t header[RECORD_HEADER];
	size_t n;
	int rc;

	n = read_bytes(p, header, sizeof(header));
	/* Of the first one each byte may tell that it is not TLS at all. */
	p->need = p->records ? p->at + RECORD_HEADER - n : p->at + 1;
	if (n)
		p->type = header[0];
	rc = check_header(p, header, n);
	if (rc || n < sizeof(header))
		return rc;
	if (p->records == 0)
		p->version = (uint16_t)(header[1] << 8 | header[2]);
	p->size = (uint16_t)(header[3] << 8 | header[4]);
	rc = count_record(p);
	return rc ? rc : 1;
}

int tls_plain_record(struct tls_plain *p)
{
	size_t fits, got;
	int rc = read_header(p);

	if (rc <= 0)
		return rc;
	fits = min_size(p->size, p->cap - p->len);
	got = read_bytes(p, p->room + p->len, fits);
	p->len += got;
	if (got == fits)
		got += read_bytes(p, NULL, p->size - fits);
	p->total += got;
	/* The first message's type and length tell whether the rest is worth waiting for. */
	if (p->total == 0)
		p->need = p->at + 1;
	else if (p->total < MESSAGE_HEADER)
		p->need = p->at + min_size(p->size - got, MESSAGE_HEADER - p->total);
	else
		p->need = p->at + p->size - got;
	return got == p->size;
}

size_t tls_plain_message(const struct tls_plain *p, size_t at)
{
	const uint8_t *m = p->room + at;

	if (p->len < at || p->len - at < MESSAGE_HEADER)
		return 0;
	return MESSAGE_HEADER + ((size_t)m[1] << 16 | (size_t)m[2] << 8 | m[3]);
}

struct weir_bytes tls_vector8(struct weir_cursor *c)
{
	size_t len = weir_cursor_u8(c);
	const uint8_t *at = weir_cursor_take(c, len);

	return weir_bytes_of(at, at ? len : 0);
}

struct weir_bytes tls_vector16(struct weir_cursor *c)
{
	size_t len = weir_cursor_u16(c);
	const uint8_t *at = weir_cursor_take(c, len);

	return weir_bytes_of(at, at ? len : 0);
}
