/* SPDX-License-Identifier: BSD-3-Clause */
/* Handshake messages in records that are not encrypted: what both hellos are read from. */
#ifndef TLS_PLAIN_H
#define TLS_PLAIN_H

#include "weir_tls_record.h"

#define RECORD_HEADER    5
#define MESSAGE_HEADER   4 /* of a handshake message: type and length */
#define RECORD_ALERT     21
#define RECORD_HANDSHAKE 22

/* Records are read from `views`, which are one run of bytes, and their content is put into the
 * caller's room. `len` never exceeds `cap`; what does not fit is counted in `total` only. */
struct tls_plain {
	const struct weir_bytes *views; /* those not read yet; the first from `skip` on */
	unsigned int n_views;
	size_t skip;
	size_t at; /* bytes read, from the front */

	uint8_t *room;
	size_t cap, len;
	size_t total; /* bytes of content so far */

	size_t need; /* bytes from the front without which nothing new can be told */
	unsigned int records, empty;
	uint16_t version; /* of the first record */
	uint8_t type;     /* of the newest record; of one that could not be read, too */
	uint16_t size;    /* of its content */
};

void tls_plain_init(struct tls_plain *p, const struct weir_bytes *views, unsigned int n_views,
		    uint8_t *room, size_t cap);

/*
 * Reads the next record, or as much of it as there is. 1 when it is whole, 0 when more is needed
 * (its beginning is in the room then, and a further call is not allowed), or a negative
 * weir_tls_error: NO_HELLO for a first record that is none of TLS.
 */
WEIR_MUST_CHECK int tls_plain_record(struct tls_plain *p);

/* Copies up to `n` bytes that come next and leaves them there; returns how many there are. */
size_t tls_plain_peek(const struct tls_plain *p, uint8_t *to, size_t n);
/* Goes past `n` bytes that are there, between records. */
void tls_plain_pass(struct tls_plain *p, size_t n);

/* The length that the message at `at` in the room says it has, its header included; 0 while that
 * header is not there. */
size_t tls_plain_message(const struct tls_plain *p, size_t at);

/* A vector of RFC 8446 section 3.4 whose length stands in one or two bytes before it. A length
 * that does not fit makes the cursor fail and gives an empty view. */
struct weir_bytes tls_vector8(struct weir_cursor *c);
struct weir_bytes tls_vector16(struct weir_cursor *c);

/* Of an empty view, too. */
static inline struct weir_cursor tls_cursor(struct weir_bytes b)
{
	return b.len ? weir_cursor_of(b.ptr, b.len) : weir_cursor_of("", 0);
}

#endif
