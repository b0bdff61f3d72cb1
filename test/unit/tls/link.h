/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A connection of two OpenSSL ends after its handshake, and the near end once more as weir's: what
 * is given to both near ends must have the same outcome, byte by byte.
 */
#ifndef LINK_H
#define LINK_H

#include "tls_test.h"

#include <openssl/ssl.h>

/* OpenSSL's contexts; made once for a suite of tests. */
struct link_contexts {
	SSL_CTX *client, *server;
};
void link_contexts_init(struct link_contexts *x, int tickets);
void link_contexts_fini(struct link_contexts *x);

struct link {
	SSL *near, *far;
	struct weir_tls_crypto *c;
	struct weir_tls_records r;     /* the near end */
	struct weir_tls_records craft; /* with the far end's keys: says what OpenSSL would not */
	uint8_t client_secret[48], server_secret[48];
	uint8_t handshake[WIRE_MAX]; /* what the near end has sent */
	size_t handshake_len;
};
void link_init(struct link *l, const struct link_contexts *x, struct kind kind);
void link_fini(struct link *l);

/* What an end has written since. */
size_t link_written(SSL *end, uint8_t *out);
void link_give(SSL *end, const uint8_t *bytes, size_t len);

/* How reading what there is has ended. */
enum outcome { OUTCOME_WAITS, OUTCOME_CLOSED, OUTCOME_FAILED };
struct heard {
	enum outcome outcome;
	uint8_t data[2 * WIRE_MAX], said[2 * WIRE_MAX];
	size_t data_len, said_len; /* read; written in answer */
};
/* What OpenSSL's near end, or weir's, makes of the bytes; either writes "x" then, if it can. */
void link_hear(SSL *end, const uint8_t *bytes, size_t len, struct heard *h);
void link_hear_own(struct link *l, const uint8_t *bytes, size_t len, struct heard *h);

#endif
