/* SPDX-License-Identifier: BSD-3-Clause */
/* The parts of `weir-bench https`. */
#ifndef BENCH_HTTPS_H
#define BENCH_HTTPS_H

#include "http.h"

#define HTTPS_PORT 443  /* TLS of the client ends in weir */
#define PLAIN_PORT 8080 /* the same without TLS */

/* ---- https_peers.c: a client and a server ---- */

struct https_peers;
/* NULL: no memory. Clients of TLS trust everybody. */
struct https_peers *https_peers_create(struct http_bed *b);
void https_peers_destroy(struct https_peers *p);
/* A connection, and its handshake where there is TLS: one that may resume the session before it.
 * All is counted in the bed's cycles. False: something went wrong, said. */
WEIR_MUST_CHECK bool https_open(struct https_peers *p, uint16_t port, bool resume);
/* A request, which is answered with a body of so many bytes. */
WEIR_MUST_CHECK bool https_ask(struct https_peers *p, size_t body);
/* In order, by both. */
WEIR_MUST_CHECK bool https_close(struct https_peers *p);
/* Records with data that have come, since it was made. */
uint64_t https_records(const struct https_peers *p);

#endif
