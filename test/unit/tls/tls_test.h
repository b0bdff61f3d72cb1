/* SPDX-License-Identifier: BSD-3-Clause */
/* Two ends of a connection whose keys are known, both of them weir's. */
#ifndef TLS_TEST_H
#define TLS_TEST_H

#include <weir_test.h>
#include <weir_tls_record.h>

Suite *error_suite(void);
Suite *keys_suite(void);
Suite *record_suite(void);
Suite *seal_suite(void);
Suite *open_suite(void);
Suite *take_suite(void);
Suite *message_suite(void);
Suite *post_suite(void);
Suite *openssl_suite(void);

#define WIRE_MAX 20000 /* holds any record */

struct kind {
	uint16_t version;
	enum weir_tls_suite suite;
	bool is_server; /* our end */
};
/* Every version with every suite and both roles. */
#define N_KINDS 12
struct kind kind_of(unsigned int i);

struct pair {
	struct kind kind;
	struct weir_tls_crypto *c;
	struct weir_tls_records us, them;
};
/* One for all tests; it takes a while to make. */
struct weir_tls_crypto *test_crypto(void);
void pair_init(struct pair *p, struct kind kind);
void pair_fini(struct pair *p);

/* The keys of `r` with the directions changed. */
struct weir_tls_records_cfg other_end(const struct weir_tls_records *r);

/* A record in one piece; returns as weir_tls_seal() does. */
ssize_t seal(struct weir_tls_crypto *c, struct weir_tls_records *r, uint8_t type,
	     struct weir_bytes content, uint8_t *wire);
/* The first record of `wire`, its content to `plain` of WIRE_MAX bytes. */
ssize_t open_one(struct weir_tls_crypto *c, struct weir_tls_records *r, struct weir_bytes wire,
		 uint8_t *plain, struct weir_tls_opened *opened);
/* What is due, all of it. */
size_t post_all(struct weir_tls_crypto *c, struct weir_tls_records *r, uint8_t *wire);

/* They send, we open. What weir_tls_open() returned, 0 in place of a record's bytes. */
int hear(struct pair *p, uint8_t type, const void *content, size_t len,
	 struct weir_tls_opened *opened);
/* The same, and nothing may go wrong. */
void hear_ok(struct pair *p, uint8_t type, const void *content, size_t len);
void hear_data(struct pair *p, unsigned int times);

/* We post what is due, they open it. */
void answer(struct pair *p, struct weir_tls_opened *opened);

/* Bytes that look like nothing in particular, the same each time. */
const uint8_t *some_bytes(void); /* WEIR_TLS_RECORD_MAX + 1 of them */

/*
 * Memory in pieces of `piece` bytes, each apart from the next, `len` together. Pieces that are
 * views hold `content`.
 */
#define GAP       3
#define GAP_BYTE  0xa5
#define SCATTERED (WIRE_MAX * (GAP + 1))
struct scattered {
	uint8_t bytes[SCATTERED];
	struct weir_bytes view[WIRE_MAX];
	struct weir_tls_room room[WIRE_MAX];
	unsigned int n;
	size_t len;
};
struct scattered *scattered_create(void);
void scatter(struct scattered *s, const void *content, size_t len, size_t piece);
/* The pieces one after the other; nothing between them may have been written. */
void gather(const struct scattered *s, uint8_t *out);

size_t from_hex(const char *hex, uint8_t *out);

#endif
