/* SPDX-License-Identifier: BSD-3-Clause */
/* Hellos made from a few words, put into records, and given to a parser in pieces. */
#ifndef HELLO_BUILD_H
#define HELLO_BUILD_H

#include <weir_test.h>

#define BUILD_MAX (1 << 18)

/* Bytes being made. */
struct build {
	uint8_t at[BUILD_MAX];
	size_t len;
};

/* Hexadecimal digits, spaces, and 'text' as it is. */
void build_add(struct build *b, const char *words);
void build_u16(struct build *b, unsigned int n);
void build_zeros(struct build *b, size_t n);
/* Begins a vector whose length stands in `bytes` bytes before it, and ends it. */
size_t build_open(struct build *b, unsigned int bytes);
void build_close(struct build *b, size_t opened, unsigned int bytes);

/* What a ClientHello is made of, as words; NULL: what a plain client has. */
struct hello_words {
	const char *version, *session_id, *ciphers, *compressions;
	/* "TYPE=words;…", the length is put before; "-" for no extensions at all. */
	const char *extensions;
	const char *tail; /* after the extensions */
	size_t padding;   /* bytes of an extension 21 at the end */
};

/* The handshake message, without records. */
void build_hello(struct build *b, const struct hello_words *w);
/* A handshake message in records of up to `size` bytes. */
void build_records(struct build *b, const struct build *message, size_t size);
void build_record(struct build *b, uint8_t type, unsigned int version, const void *content,
		  size_t len);

/* A copy of `len` bytes of which the next one is in no mapped page. One at a time. */
struct edge {
	uint8_t *pages;
	size_t size;
};
struct edge edge_create(size_t size);
void edge_destroy(struct edge *e);
const uint8_t *edge_put(const struct edge *e, const uint8_t *bytes, size_t len);

#endif
