/* SPDX-License-Identifier: BSD-3-Clause */
/* One record made out of scattered views into scattered rooms. */
#include "tls_record.h"

/* Header and explicit nonce. */
static void build_prefix(const struct weir_tls_records *r, uint8_t type, size_t size,
			 uint8_t *prefix)
{
	prefix[0] = tls_is_13(r) ? WEIR_TLS_APPLICATION_DATA : type;
	tls_put_be16(prefix + 1, WEIR_TLS_1_2);
	tls_put_be16(prefix + 3, size - WEIR_TLS_HEADER);
	if (tls_explicit_len(r))
		tls_put_be64(prefix + WEIR_TLS_HEADER, tls_get_be64(r->tx.iv + 4) + r->tx.seq);
}

/* A record under way. */
struct sealing {
	struct weir_tls_crypto *c;
	const struct weir_tls_records *r;
	uint8_t type;
	size_t len; /* of the content */
	struct tls_reader in;
	struct tls_writer out;
	struct tls_nonce nonce;
	uint8_t tag[TLS_TAG];
};

/*
 * One call can do what lies in one piece. TLS 1.3's type belongs behind the content, where it has a
 * place only when that is sealed in place.
 */
static bool is_one_piece(const struct sealing *w, struct weir_bytes from, struct weir_tls_room to)
{
	if (!w->len || from.len < w->len)
		return false;
	return tls_is_13(w->r) ? from.ptr == to.ptr && to.len > w->len : to.len >= w->len;
}

static bool seal_at_once(struct sealing *w, struct tls_text t)
{
	if (tls_is_13(w->r))
		t.dst[t.len++] = w->type;
	tls_writer_skip(&w->out, t.len);
	return tls_aead_once(w->c, &w->nonce, &t, w->tag);
}

static void seal_some(struct sealing *w, struct tls_reader *in, size_t len)
{
	while (len) {
		struct weir_bytes from = tls_reader_span(in);
		struct weir_tls_room to = tls_writer_span(&w->out);
		struct tls_text t = {to.ptr, from.ptr, from.len < to.len ? from.len : to.len};

		tls_aead_update(w->c, &t);
		tls_reader_skip(in, t.len);
		tls_writer_skip(&w->out, t.len);
		len -= t.len;
	}
}

/* Writes the ciphertext; its tag goes to w->tag. */
static bool seal_content(struct sealing *w)
{
	const struct weir_bytes behind = {&w->type, 1};
	struct tls_reader last = tls_reader_of(&behind, 1);
	struct weir_bytes from = tls_reader_span(&w->in);
	struct weir_tls_room to = tls_writer_span(&w->out);

	if (is_one_piece(w, from, to))
		return seal_at_once(w, (struct tls_text){to.ptr, from.ptr, w->len});
	tls_aead_begin(w->c, &w->nonce);
	seal_some(w, &w->in, w->len);
	if (tls_is_13(w->r))
		seal_some(w, &last, 1);
	return tls_aead_finish(w->c, w->tag);
}

static int check_seal(const struct weir_tls_records *r, const struct weir_tls_spans *s, size_t len)
{
	if (r->tx_closed)
		return -WEIR_TLS_E_CLOSED;
	if (len > WEIR_TLS_RECORD_MAX)
		return -WEIR_TLS_E_RECORD_SIZE;
	if (r->tx.seq == UINT64_MAX)
		return -WEIR_TLS_E_KEY_LIMIT;
	if (!tls_rooms_have(s->out, s->n_out, weir_tls_seal_room(r, len)))
		return -WEIR_TLS_E_MEMORY;
	return 0;
}

ssize_t tls_seal_record(struct weir_tls_crypto *c, struct weir_tls_records *r, uint8_t type,
			const struct weir_tls_spans *s)
{
	struct sealing w = {
		.c = c,
		.r = r,
		.type = type,
		.len = tls_views_len(s->in, s->n_in),
		.in = tls_reader_of(s->in, s->n_in),
		.out = tls_writer_of(s->out, s->n_out),
	};
	size_t size = weir_tls_seal_room(r, w.len);
	uint8_t prefix[WEIR_TLS_HEADER + 8];
	int rc = check_seal(r, s, w.len);

	if (rc)
		return rc;
	build_prefix(r, type, size, prefix);
	tls_record_nonce(r, &r->tx, prefix, w.len, &w.nonce);
	tls_aead_key(c, r->suite, r->tx.key, true);
	tls_writer_put(&w.out, prefix, tls_prefix_len(r));
	/* Whatever comes of it, this number is used. */
	r->tx.seq++;
	if (!seal_content(&w))
		return tls_records_fail(c, r, WEIR_TLS_E_MEMORY);
	tls_writer_put(&w.out, w.tag, sizeof(w.tag));
	return (ssize_t)size;
}

ssize_t weir_tls_seal(struct weir_tls_crypto *c, struct weir_tls_records *r, uint8_t type,
		      const struct weir_tls_spans *s)
{
	if (type == WEIR_TLS_APPLICATION_DATA && weir_tls_post_due(r))
		return 0;
	return tls_seal_record(c, r, type, s);
}
