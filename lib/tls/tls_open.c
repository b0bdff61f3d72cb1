/* SPDX-License-Identifier: BSD-3-Clause */
/* One record out of scattered views into scattered rooms, and what its content is. */
#include "tls_record.h"

/* A record under way. */
struct opening {
	struct weir_tls_crypto *c;
	struct weir_tls_records *r;
	size_t len; /* of the ciphertext without its tag */
	struct tls_reader in;
	struct tls_writer out;
	struct tls_nonce nonce;
};

static bool open_at_once(struct opening *w, struct tls_text t)
{
	uint8_t tag[TLS_TAG];

	tls_reader_skip(&w->in, w->len);
	tls_reader_copy(&w->in, tag, sizeof(tag));
	return tls_aead_once(w->c, &w->nonce, &t, tag);
}

static bool open_pieces(struct opening *w)
{
	uint8_t tag[TLS_TAG];

	tls_aead_begin(w->c, &w->nonce);
	for (size_t left = w->len; left;) {
		struct weir_bytes from = tls_reader_span(&w->in);
		struct weir_tls_room to = tls_writer_span(&w->out);
		struct tls_text t = {to.ptr, from.ptr, from.len < to.len ? from.len : to.len};

		if (t.len > left)
			t.len = left;
		tls_aead_update(w->c, &t);
		tls_reader_skip(&w->in, t.len);
		tls_writer_skip(&w->out, t.len);
		left -= t.len;
	}
	tls_reader_copy(&w->in, tag, sizeof(tag));
	return tls_aead_finish(w->c, tag);
}

/* Writes the plaintext; false when the tag is another. */
static bool open_content(struct opening *w)
{
	struct weir_bytes from = tls_reader_span(&w->in);
	struct weir_tls_room to = tls_writer_span(&w->out);

	if (w->len && from.len >= w->len && to.len >= w->len)
		return open_at_once(w, (struct tls_text){to.ptr, from.ptr, w->len});
	return open_pieces(w);
}

static bool decrypt(struct weir_tls_crypto *c, struct weir_tls_records *r,
		    const struct weir_tls_spans *s, size_t len)
{
	struct opening w = {
		.c = c,
		.r = r,
		.len = len,
		.in = tls_reader_of(s->in, s->n_in),
		.out = tls_writer_of(s->out, s->n_out),
	};
	uint8_t prefix[WEIR_TLS_HEADER + 8];

	tls_reader_copy(&w.in, prefix, tls_prefix_len(r));
	tls_record_nonce(r, &r->rx, prefix, len, &w.nonce);
	tls_aead_key(c, r->suite, r->rx.key, false);
	r->rx.seq++;
	return open_content(&w);
}

/* Index of the last byte that is not zero in the first `len` bytes of the rooms, -1 for none:
 * TLS 1.3's type, behind which is nothing but padding (RFC 8446 section 5.4). */
static ssize_t find_type(const struct weir_tls_spans *s, size_t len, uint8_t *type)
{
	unsigned int i = 0;
	size_t before = 0; /* bytes in the rooms before room i */

	while (before + s->out[i].len < len)
		before += s->out[i++].len;
	for (size_t at = len; at > 0; at--) {
		while (at <= before)
			before -= s->out[--i].len;
		*type = s->out[i].ptr[at - 1 - before];
		if (*type)
			return (ssize_t)(at - 1);
	}
	return -1;
}

/* Tells content and type apart. 0, or a negative error. */
static int look_inside(const struct weir_tls_records *r, const struct weir_tls_spans *s,
		       size_t *len, uint8_t *type)
{
	struct tls_reader in = tls_reader_of(s->in, s->n_in);
	ssize_t at;

	if (!tls_is_13(r)) {
		tls_reader_copy(&in, type, 1);
		return 0;
	}
	at = find_type(s, *len, type);
	if (at < 0)
		return -WEIR_TLS_E_RECORD_TYPE;
	*len = (size_t)at;
	return 0;
}

/* A peer that never changes its key is asked for it, once a key. */
static void watch_age(struct weir_tls_records *r)
{
	if (tls_is_13(r) && r->rx.seq >= r->key_records && !r->update_asked && !r->tx_closed)
		weir_tls_key_update(r, true);
}

static int open_record(struct weir_tls_crypto *c, struct weir_tls_records *r,
		       const struct weir_tls_spans *s, size_t record,
		       struct weir_tls_opened *opened)
{
	size_t len = weir_tls_open_room(r, record);
	uint8_t type = 0;
	int rc;

	if (r->rx.seq == UINT64_MAX)
		return -WEIR_TLS_E_KEY_LIMIT;
	if (!decrypt(c, r, s, len))
		return -WEIR_TLS_E_RECORD_MAC;
	rc = look_inside(r, s, &len, &type);
	if (rc)
		return rc;
	opened->type = type;
	opened->content = len;
	return tls_take_content(c, r, s, len, opened);
}

ssize_t weir_tls_open(struct weir_tls_crypto *c, struct weir_tls_records *r,
		      const struct weir_tls_spans *s, struct weir_tls_opened *opened)
{
	ssize_t record;
	size_t room;
	int rc;

	*opened = (struct weir_tls_opened){.closed = r->rx_closed};
	if (r->error)
		return -(ssize_t)r->error;
	if (r->rx_closed)
		return (ssize_t)tls_views_len(s->in, s->n_in);
	record = weir_tls_peek(r, s->in, s->n_in);
	if (record < 0)
		return tls_records_fail(c, r, (enum weir_tls_error) - record);
	if (!record || !tls_views_have(s->in, s->n_in, (size_t)record))
		return 0;
	room = weir_tls_open_room(r, (size_t)record);
	if (!tls_rooms_have(s->out, s->n_out, room))
		return -WEIR_TLS_E_MEMORY;
	rc = open_record(c, r, s, (size_t)record, opened);
	if (rc) {
		tls_rooms_wipe(s->out, s->n_out, room);
		opened->len = opened->content = 0;
		return tls_records_fail(c, r, (enum weir_tls_error) - rc);
	}
	watch_age(r);
	return record;
}

int weir_tls_eof(const struct weir_tls_records *r)
{
	if (r->error)
		return -(int)r->error;
	return r->rx_closed ? 0 : -WEIR_TLS_E_TRUNCATED;
}
