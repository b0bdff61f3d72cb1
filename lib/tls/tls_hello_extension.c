/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The extensions of a ClientHello: each that weir knows is read to its last byte, the others are
 * passed over. Every length that is wrong makes the message malformed.
 */
#include "tls_hello.h"

static int bad(struct weir_tls_hello *h, const char *why)
{
	h->why = why;
	return -WEIR_TLS_E_MESSAGE_FORMAT;
}

/* The content is one vector and nothing else. */
static bool whole_vector8(struct weir_bytes content, struct weir_bytes *out)
{
	struct weir_cursor c = tls_cursor(content);

	*out = tls_vector8(&c);
	return c.ok && weir_cursor_left(&c) == 0;
}

static bool whole_vector16(struct weir_bytes content, struct weir_bytes *out)
{
	struct weir_cursor c = tls_cursor(content);

	*out = tls_vector16(&c);
	return c.ok && weir_cursor_left(&c) == 0;
}

int tls_hello_numbers(struct weir_tls_hello *h, struct weir_bytes list, const char *why)
{
	if (list.len == 0 || list.len % 2)
		return bad(h, why);
	return list.len / 2 > WEIR_TLS_HELLO_LIST ? -WEIR_TLS_E_HELLO_SIZE : 0;
}

/* ---- one function an extension ---- */

static int read_server_name(struct weir_tls_hello *h, struct weir_bytes content)
{
	struct weir_bytes list, name;
	struct weir_cursor c;
	uint8_t type;

	if (!whole_vector16(content, &list) || list.len == 0)
		return bad(h, "server_name: no list, or an empty one");
	c = tls_cursor(list);
	for (unsigned int n = 0; weir_cursor_left(&c); n++) {
		type = weir_cursor_u8(&c);
		name = tls_vector16(&c);
		if (!c.ok || name.len == 0)
			return bad(h, "server_name: a name that is cut off or empty");
		if (n) {
			h->sni = WEIR_TLS_SNI_TWICE;
			h->name[0] = '\0';
			continue;
		}
		h->server_name = name;
		h->sni = type ? WEIR_TLS_SNI_BAD : weir_tls_name_read(name, h->name);
	}
	return 0;
}

static int read_alpn(struct weir_tls_hello *h, struct weir_bytes content)
{
	struct weir_bytes left;
	struct weir_cursor c;

	if (!whole_vector16(content, &h->alpn) || h->alpn.len == 0)
		return bad(h, "application_layer_protocol_negotiation: no list, or an empty one");
	for (c = tls_cursor(h->alpn); weir_cursor_left(&c);) {
		left = tls_vector8(&c);
		if (!c.ok || left.len == 0)
			return bad(h, "application_layer_protocol_negotiation: a protocol that is "
				      "cut off or empty");
	}
	return 0;
}

static int read_versions(struct weir_tls_hello *h, struct weir_bytes content)
{
	if (!whole_vector8(content, &h->versions))
		return bad(h, "supported_versions: no list");
	return tls_hello_numbers(h, h->versions, "supported_versions: empty, or half a number");
}

static int read_groups(struct weir_tls_hello *h, struct weir_bytes content)
{
	if (!whole_vector16(content, &h->groups))
		return bad(h, "supported_groups: no list");
	return tls_hello_numbers(h, h->groups, "supported_groups: empty, or half a number");
}

static int read_signatures(struct weir_tls_hello *h, struct weir_bytes content)
{
	if (!whole_vector16(content, &h->signatures))
		return bad(h, "signature_algorithms: no list");
	return tls_hello_numbers(h, h->signatures, "signature_algorithms: empty, or half a number");
}

static int read_formats(struct weir_tls_hello *h, struct weir_bytes content)
{
	if (!whole_vector8(content, &h->formats) || h->formats.len == 0)
		return bad(h, "ec_point_formats: no list, or an empty one");
	return 0;
}

/* An empty list asks for a HelloRetryRequest (RFC 8446 section 4.2.8). */
static int read_key_shares(struct weir_tls_hello *h, struct weir_bytes content)
{
	struct weir_bytes key;
	struct weir_cursor c;

	if (!whole_vector16(content, &h->key_shares))
		return bad(h, "key_share: no list");
	for (c = tls_cursor(h->key_shares); weir_cursor_left(&c);) {
		weir_cursor_u16(&c);
		key = tls_vector16(&c);
		if (!c.ok || key.len == 0)
			return bad(h, "key_share: a key that is cut off or empty");
	}
	return 0;
}

static int read_psk_modes(struct weir_tls_hello *h, struct weir_bytes content)
{
	if (!whole_vector8(content, &h->psk_modes) || h->psk_modes.len == 0)
		return bad(h, "psk_key_exchange_modes: no list, or an empty one");
	return 0;
}

#define BINDER_MIN 32

/* RFC 8446 section 4.2.11; that it is the last one is looked at by the caller. */
static int read_psk(struct weir_tls_hello *h, struct weir_bytes content)
{
	struct weir_cursor c = tls_cursor(content), each;
	unsigned int identities = 0, binders = 0;

	for (each = tls_cursor(tls_vector16(&c)); weir_cursor_left(&each); identities++) {
		if (tls_vector16(&each).len == 0)
			each.ok = false;
		weir_cursor_u32(&each);
		if (!each.ok)
			return bad(h, "pre_shared_key: an identity that is cut off or empty");
	}
	for (each = tls_cursor(tls_vector16(&c)); weir_cursor_left(&each); binders++) {
		if (tls_vector8(&each).len < BINDER_MIN)
			return bad(h, "pre_shared_key: a binder that is cut off or too short");
	}
	if (!c.ok || weir_cursor_left(&c) || identities == 0 || identities != binders)
		return bad(h, "pre_shared_key: not as many binders as identities");
	h->has_psk = true;
	return 0;
}

static int read_record_size_limit(struct weir_tls_hello *h, struct weir_bytes content)
{
	struct weir_cursor c = tls_cursor(content);

	h->record_size_limit = weir_cursor_u16(&c);
	/* RFC 8449 section 4: less than 64 is an illegal parameter. */
	if (!c.ok || weir_cursor_left(&c) || h->record_size_limit < 64)
		return bad(h, "record_size_limit: not two bytes, or under 64");
	return 0;
}

static int read_max_fragment(struct weir_tls_hello *h, struct weir_bytes content)
{
	if (content.len != 1 || content.ptr[0] < 1 || content.ptr[0] > 4)
		return bad(h, "max_fragment_length: not one byte from 1 to 4");
	h->max_fragment = content.ptr[0];
	return 0;
}

static int read_early_data(struct weir_tls_hello *h, struct weir_bytes content)
{
	h->has_early_data = true;
	return content.len ? bad(h, "early_data: not empty") : 0;
}

static int read_ems(struct weir_tls_hello *h, struct weir_bytes content)
{
	h->has_ems = true;
	return content.len ? bad(h, "extended_master_secret: not empty") : 0;
}

static int read_ticket(struct weir_tls_hello *h, struct weir_bytes content)
{
	h->has_ticket = content.len > 0;
	return 0;
}

/* The content of a made-up one is whatever its maker likes. */
static int read_ech(struct weir_tls_hello *h, struct weir_bytes content)
{
	h->has_ech = true;
	return content.len ? 0 : bad(h, "encrypted_client_hello: empty");
}

static int read_quic(struct weir_tls_hello *h, struct weir_bytes content)
{
	h->has_quic = true;
	return 0;
}

/* A first handshake's is empty (RFC 5746 section 3.4). */
static int read_renegotiation(struct weir_tls_hello *h, struct weir_bytes content)
{
	struct weir_bytes info;

	if (!whole_vector8(content, &info) || info.len)
		return bad(h, "renegotiation_info: not of a first handshake");
	return 0;
}

/* ---- all of them ---- */

#define PRE_SHARED_KEY 41

static const struct {
	uint16_t type;
	int (*read)(struct weir_tls_hello *h, struct weir_bytes content);
} readers[] = {
	{0, read_server_name},
	{1, read_max_fragment},
	{10, read_groups},
	{11, read_formats},
	{13, read_signatures},
	{16, read_alpn},
	{23, read_ems},
	{28, read_record_size_limit},
	{35, read_ticket},
	{PRE_SHARED_KEY, read_psk},
	{42, read_early_data},
	{43, read_versions},
	{45, read_psk_modes},
	{51, read_key_shares},
	{57, read_quic},
	{0xfe0d, read_ech},
	{0xff01, read_renegotiation},
};

static int read_one(struct weir_tls_hello *h, uint16_t type, struct weir_bytes content)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(readers); i++)
		if (readers[i].type == type)
			return readers[i].read(h, content);
	return 0;
}

static bool was_seen(const uint16_t *seen, unsigned int n, uint16_t type)
{
	for (unsigned int i = 0; i < n; i++)
		if (seen[i] == type)
			return true;
	return false;
}

int tls_hello_extensions(struct weir_tls_hello *h)
{
	uint16_t seen[WEIR_TLS_HELLO_EXTENSION], type;
	struct weir_cursor c = tls_cursor(h->extensions);
	struct weir_bytes content;
	int rc = 0;

	while (!rc && weir_cursor_left(&c)) {
		type = weir_cursor_u16(&c);
		content = tls_vector16(&c);
		if (!c.ok)
			return bad(h, "an extension that is cut off");
		if (h->n_extensions == WEIR_TLS_HELLO_EXTENSION)
			return -WEIR_TLS_E_HELLO_SIZE;
		if (was_seen(seen, h->n_extensions, type))
			return bad(h, "an extension that is there twice");
		if (type == PRE_SHARED_KEY && weir_cursor_left(&c))
			return bad(h, "pre_shared_key: not the last extension");
		seen[h->n_extensions++] = type;
		rc = read_one(h, type, content);
	}
	return rc;
}

bool weir_tls_extension_next(struct weir_bytes *left, uint16_t *type, struct weir_bytes *content)
{
	struct weir_cursor c = tls_cursor(*left);

	*type = weir_cursor_u16(&c);
	*content = tls_vector16(&c);
	*left = weir_bytes_of(c.pos, weir_cursor_left(&c));
	return c.ok;
}

bool weir_tls_alpn_next(struct weir_bytes *left, struct weir_bytes *protocol)
{
	struct weir_cursor c = tls_cursor(*left);

	*protocol = tls_vector8(&c);
	*left = weir_bytes_of(c.pos, weir_cursor_left(&c));
	return c.ok;
}

bool weir_tls_key_share_next(struct weir_bytes *left, uint16_t *group, struct weir_bytes *key)
{
	return weir_tls_extension_next(left, group, key);
}
