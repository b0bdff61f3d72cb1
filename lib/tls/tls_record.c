/* SPDX-License-Identifier: BSD-3-Clause */
/* A record's header, its sizes and its nonce (RFC 8446 sections 5.1 to 5.3, RFC 5246 section 6.2).
 */
#include "tls_record.h"

/* Of TLS 1.3's content, type and padding. */
#define INNER_MAX (WEIR_TLS_RECORD_MAX + 1)

/* After the handshake all records of TLS 1.3 are protected, and look like application data. */
static bool type_may_be(const struct weir_tls_records *r, uint8_t type)
{
	if (tls_is_13(r))
		return type == WEIR_TLS_APPLICATION_DATA;
	return type >= WEIR_TLS_CHANGE_CIPHER_SPEC && type <= WEIR_TLS_APPLICATION_DATA;
}

/* The bound of the plaintext is also told from here: a tag, of a fixed size, is all that is added.
 */
static int check_size(const struct weir_tls_records *r, size_t len)
{
	size_t max = tls_is_13(r) ? INNER_MAX : WEIR_TLS_RECORD_MAX;
	size_t min = tls_is_13(r) ? 1 : 0;
	size_t added = tls_explicit_len(r) + TLS_TAG;

	if (len > max + added)
		return -WEIR_TLS_E_RECORD_SIZE;
	return len < min + added ? -WEIR_TLS_E_RECORD_MAC : 0;
}

ssize_t weir_tls_peek(const struct weir_tls_records *r, const struct weir_bytes *in,
		      unsigned int n_in)
{
	struct tls_reader from = tls_reader_of(in, n_in);
	uint8_t head[WEIR_TLS_HEADER];
	size_t len;
	int rc;

	if (tls_reader_copy(&from, head, sizeof(head)) < sizeof(head))
		return 0;
	if (!type_may_be(r, head[0]))
		return -WEIR_TLS_E_RECORD_TYPE;
	if (head[1] != 3 || head[2] != 3)
		return -WEIR_TLS_E_RECORD_VERSION;
	len = (size_t)head[3] << 8 | head[4];
	rc = check_size(r, len);
	return rc ? rc : (ssize_t)(WEIR_TLS_HEADER + len);
}

size_t weir_tls_open_room(const struct weir_tls_records *r, size_t record)
{
	size_t added = tls_prefix_len(r) + TLS_TAG;

	return record > added ? record - added : 0;
}

size_t weir_tls_seal_offset(const struct weir_tls_records *r)
{
	return tls_prefix_len(r);
}

size_t weir_tls_seal_room(const struct weir_tls_records *r, size_t len)
{
	return tls_prefix_len(r) + len + (tls_is_13(r) ? 1 : 0) + TLS_TAG;
}

unsigned int weir_tls_open_in_place(const struct weir_tls_records *r, const struct weir_bytes *in,
				    unsigned int n_in, struct weir_tls_room *rooms,
				    unsigned int max)
{
	struct tls_reader from = tls_reader_of(in, n_in);
	ssize_t record = weir_tls_peek(r, in, n_in);
	unsigned int n = 0;
	size_t left;

	if (record <= 0 || !tls_views_have(in, n_in, (size_t)record))
		return 0;
	left = weir_tls_open_room(r, (size_t)record);
	for (tls_reader_pass(&from, tls_prefix_len(r)); left; n++) {
		struct weir_bytes span = tls_reader_span(&from);
		size_t take = span.len < left ? span.len : left;

		if (n == max)
			return 0;
		rooms[n] = (struct weir_tls_room){(uint8_t *)(uintptr_t)span.ptr, take};
		tls_reader_skip(&from, take);
		left -= take;
	}
	return n;
}

/* RFC 8446 section 5.3, RFC 7905 section 2: the number of the record under the key, and the IV. */
static void xor_nonce(const struct weir_tls_keys *k, uint8_t nonce[TLS_NONCE])
{
	memcpy(nonce, k->iv, 4);
	tls_put_be64(nonce + 4, tls_get_be64(k->iv + 4) ^ k->seq);
}

void tls_record_nonce(const struct weir_tls_records *r, const struct weir_tls_keys *k,
		      const uint8_t *prefix, size_t len, struct tls_nonce *n)
{
	if (tls_explicit_len(r)) {
		memcpy(n->nonce, k->iv, 4);
		memcpy(n->nonce + 4, prefix + WEIR_TLS_HEADER, 8);
	} else {
		xor_nonce(k, n->nonce);
	}
	if (tls_is_13(r)) {
		memcpy(n->aad, prefix, WEIR_TLS_HEADER);
		n->aad_len = WEIR_TLS_HEADER;
		return;
	}
	tls_put_be64(n->aad, k->seq);
	memcpy(n->aad + 8, prefix, 3);
	tls_put_be16(n->aad + 11, len);
	n->aad_len = 13;
}
