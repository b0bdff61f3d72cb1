/* SPDX-License-Identifier: BSD-3-Clause */
/* Walking through scattered memory: views that are read, rooms that are written. */
#include "tls_span.h"

#include <openssl/crypto.h>

size_t tls_views_len(const struct weir_bytes *v, unsigned int n)
{
	size_t len = 0;

	for (unsigned int i = 0; i < n; i++)
		len += v[i].len;
	return len;
}

bool tls_views_have(const struct weir_bytes *v, unsigned int n, size_t len)
{
	size_t there = 0;

	for (unsigned int i = 0; i < n && there < len; i++)
		there += v[i].len;
	return there >= len;
}

bool tls_rooms_have(const struct weir_tls_room *v, unsigned int n, size_t len)
{
	size_t there = 0;

	for (unsigned int i = 0; i < n && there < len; i++)
		there += v[i].len;
	return there >= len;
}

struct weir_bytes tls_reader_span(struct tls_reader *r)
{
	while (r->n && r->off == r->v->len) {
		r->v++;
		r->n--;
		r->off = 0;
	}
	return r->n ? weir_bytes_of(r->v->ptr + r->off, r->v->len - r->off)
		    : (struct weir_bytes){0};
}

struct weir_tls_room tls_writer_span(struct tls_writer *w)
{
	while (w->n && w->off == w->v->len) {
		w->v++;
		w->n--;
		w->off = 0;
	}
	if (!w->n)
		return (struct weir_tls_room){0};
	return (struct weir_tls_room){.ptr = w->v->ptr + w->off, .len = w->v->len - w->off};
}

/* `to` NULL: nowhere. */
static size_t read_on(struct tls_reader *r, uint8_t *to, size_t n)
{
	size_t done = 0;

	while (done < n) {
		struct weir_bytes span = tls_reader_span(r);
		size_t k = span.len < n - done ? span.len : n - done;

		if (!k)
			break;
		if (to)
			memcpy(to + done, span.ptr, k);
		tls_reader_skip(r, k);
		done += k;
	}
	return done;
}

size_t tls_reader_copy(struct tls_reader *r, uint8_t *to, size_t n)
{
	return read_on(r, to, n);
}

size_t tls_reader_pass(struct tls_reader *r, size_t n)
{
	return read_on(r, NULL, n);
}

/* One of `from` and `to` is NULL, or both are. */
static size_t write_on(struct tls_writer *w, const uint8_t *from, uint8_t *to, size_t n)
{
	size_t done = 0;

	while (done < n) {
		struct weir_tls_room span = tls_writer_span(w);
		size_t k = span.len < n - done ? span.len : n - done;

		if (!k)
			break;
		if (from)
			memcpy(span.ptr, from + done, k);
		if (to)
			memcpy(to + done, span.ptr, k);
		tls_writer_skip(w, k);
		done += k;
	}
	return done;
}

size_t tls_writer_put(struct tls_writer *w, const uint8_t *from, size_t n)
{
	return write_on(w, from, NULL, n);
}

size_t tls_writer_copy(struct tls_writer *w, uint8_t *to, size_t n)
{
	return write_on(w, NULL, to, n);
}

void tls_rooms_wipe(const struct weir_tls_room *v, unsigned int n, size_t len)
{
	for (unsigned int i = 0; i < n && len; i++) {
		size_t k = v[i].len < len ? v[i].len : len;

		OPENSSL_cleanse(v[i].ptr, k);
		len -= k;
	}
}
