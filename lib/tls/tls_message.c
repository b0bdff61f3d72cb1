/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Handshake messages after the handshake, in any cut: key updates, session tickets, which a client
 * has no use for any more, and renegotiation, which is refused.
 */
#include "tls_record.h"

#define HELLO_REQUEST      0
#define CLIENT_HELLO       1
#define NEW_SESSION_TICKET 4
#define KEY_UPDATE         24

#define MESSAGE_HEADER 4

/* A session ticket with all of its fields at their longest (RFC 8446 section 4.6.1), which a
 * ClientHello does not reach either. */
#define MESSAGE_MAX (4 + 4 + 1 + 255 + 2 + 65535 + 2 + 65535)

/* A key update or a refusal costs as much as UPDATE_COST small records of data; so many may come at
 * once. */
#define UPDATE_COST 8
#define UPDATES_MAX 32

static bool may_come(const struct weir_tls_records *r, uint8_t type)
{
	switch (type) {
	case HELLO_REQUEST:
		return !tls_is_13(r) && !r->is_server;
	case CLIENT_HELLO:
		return !tls_is_13(r) && r->is_server;
	case NEW_SESSION_TICKET:
		return tls_is_13(r) && !r->is_server;
	case KEY_UPDATE:
		return tls_is_13(r);
	default:
		return false;
	}
}

static int check_length(const struct weir_tls_records *r)
{
	switch (r->message[0]) {
	case HELLO_REQUEST:
		return r->message_left == 0 ? 0 : -WEIR_TLS_E_MESSAGE_FORMAT;
	case KEY_UPDATE:
		return r->message_left == 1 ? 0 : -WEIR_TLS_E_MESSAGE_FORMAT;
	default:
		return r->message_left <= MESSAGE_MAX ? 0 : -WEIR_TLS_E_MESSAGE_VALUE;
	}
}

/* Takes what there is of the header; 0 also when it is not whole yet. */
static int take_header(struct weir_tls_records *r, struct tls_writer *content, size_t *len)
{
	while (*len && r->message_have < MESSAGE_HEADER) {
		*len -= tls_writer_copy(content, &r->message[r->message_have++], 1);
		if (!may_come(r, r->message[0]))
			return -WEIR_TLS_E_MESSAGE;
		if (r->message_have < MESSAGE_HEADER)
			continue;
		r->message_left = (uint32_t)r->message[1] << 16 | (uint32_t)r->message[2] << 8 |
				  r->message[3];
		return check_length(r);
	}
	return 0;
}

static int count_update(struct weir_tls_records *r, enum weir_tls_error e)
{
	r->updates = (uint16_t)(r->updates + UPDATE_COST);
	return r->updates > UPDATES_MAX * UPDATE_COST ? -(int)e : 0;
}

/* An update that we asked for is free. */
static int count_peer_update(struct weir_tls_records *r)
{
	if (!r->update_asked)
		return count_update(r, WEIR_TLS_E_KEY_UPDATES);
	r->update_asked = false;
	r->empty = 0;
	return 0;
}

/*
 * RFC 8446 section 4.6.3. Requests that come before ours is sent are answered by one. The message
 * ends its record (section 5.1): what follows is under another key.
 */
static int take_key_update(struct weir_tls_crypto *c, struct weir_tls_records *r, uint8_t request,
			   size_t behind)
{
	int rc;

	if (behind)
		return -WEIR_TLS_E_MESSAGE;
	if (request > 1)
		return -WEIR_TLS_E_MESSAGE_VALUE;
	rc = count_peer_update(r);
	if (rc)
		return rc;
	if (!tls_keys_update(c, r, &r->rx))
		return -WEIR_TLS_E_MEMORY;
	if (request)
		weir_tls_key_update(r, false);
	return 0;
}

/* RFC 5246 section 7.2.2: the peer may go on without. */
static int refuse(struct weir_tls_records *r)
{
	r->refuse_due = !r->tx_closed;
	return count_update(r, WEIR_TLS_E_RENEGOTIATION);
}

/* `last` is the body's last byte, `behind` what the record has after it. */
static int end_message(struct weir_tls_crypto *c, struct weir_tls_records *r, uint8_t last,
		       size_t behind)
{
	r->message_have = 0;
	switch (r->message[0]) {
	case KEY_UPDATE:
		return take_key_update(c, r, last, behind);
	case NEW_SESSION_TICKET:
		return 0;
	default:
		return refuse(r);
	}
}

/* Passes over what there is of the body. */
static void take_body(struct weir_tls_records *r, struct tls_writer *content, size_t *len,
		      uint8_t *last)
{
	while (*len && r->message_left) {
		struct weir_tls_room span = tls_writer_span(content);
		size_t n = span.len < *len ? span.len : *len;

		if (n > r->message_left)
			n = r->message_left;
		*last = span.ptr[n - 1];
		tls_writer_skip(content, n);
		*len -= n;
		r->message_left -= (uint32_t)n;
	}
}

int tls_take_handshake(struct weir_tls_crypto *c, struct weir_tls_records *r,
		       struct tls_writer content, size_t len)
{
	uint8_t last = 0;
	int rc = len ? 0 : -WEIR_TLS_E_MESSAGE; /* RFC 8446 section 5.1, RFC 5246 section 6.2.1 */

	while (rc == 0 && len) {
		rc = take_header(r, &content, &len);
		if (rc || r->message_have < MESSAGE_HEADER)
			return rc;
		take_body(r, &content, &len, &last);
		if (r->message_left)
			return 0;
		rc = end_message(c, r, last, len);
	}
	return rc;
}
