/* SPDX-License-Identifier: BSD-3-Clause */
/* Walking through scattered memory: views that are read, rooms that are written. */
#ifndef TLS_SPAN_H
#define TLS_SPAN_H

#include "weir_tls_record.h"

/* The next byte is `off` bytes into the first of the `n` views. */
struct tls_reader {
	const struct weir_bytes *v;
	unsigned int n;
	size_t off;
};

struct tls_writer {
	const struct weir_tls_room *v;
	unsigned int n;
	size_t off;
};

static inline struct tls_reader tls_reader_of(const struct weir_bytes *v, unsigned int n)
{
	return (struct tls_reader){.v = v, .n = n};
}

static inline struct tls_writer tls_writer_of(const struct weir_tls_room *v, unsigned int n)
{
	return (struct tls_writer){.v = v, .n = n};
}

size_t tls_views_len(const struct weir_bytes *v, unsigned int n);
/* Whether there are `len` bytes; looks no further than that. */
bool tls_views_have(const struct weir_bytes *v, unsigned int n, size_t len);
bool tls_rooms_have(const struct weir_tls_room *v, unsigned int n, size_t len);

/* What lies together at the front; empty at the end only. */
struct weir_bytes tls_reader_span(struct tls_reader *r);
struct weir_tls_room tls_writer_span(struct tls_writer *w);

/* `n` bytes of the front's span are done. */
static inline void tls_reader_skip(struct tls_reader *r, size_t n)
{
	r->off += n;
}

static inline void tls_writer_skip(struct tls_writer *w, size_t n)
{
	w->off += n;
}

/* As many as there are of `n` bytes; returns how many. */
size_t tls_reader_copy(struct tls_reader *r, uint8_t *to, size_t n);
size_t tls_reader_pass(struct tls_reader *r, size_t n);
size_t tls_writer_put(struct tls_writer *w, const uint8_t *from, size_t n);
/* What was written, read again. */
size_t tls_writer_copy(struct tls_writer *w, uint8_t *to, size_t n);

/* Overwrites the first `len` bytes. */
void tls_rooms_wipe(const struct weir_tls_room *v, unsigned int n, size_t len);

#endif
