/* SPDX-License-Identifier: BSD-3-Clause */
/* The parts of `weir-bench https`. */
#ifndef BENCH_HTTPS_H
#define BENCH_HTTPS_H

#include "http.h"

#define HTTPS_PORT     443  /* TLS of the client ends in weir */
#define PLAIN_PORT     8080 /* the same without TLS */
#define PASSED_PORT    8443 /* TLS is passed on, and its handshake looked at */
#define FORWARDED_PORT 9443 /* nothing is looked at */

/* ---- https_flights.c: a handshake that weir does not take part in ---- */

#define HTTPS_FLIGHTS 5
/* What client and server say in turn, the last of them nothing. */
struct https_flights {
	struct weir_buf flight[HTTPS_FLIGHTS];
	unsigned int n;
};
/* Of one version of TLS, with a leaf by this CA. False: said on stderr. https_flights_fini in both
 * cases. */
WEIR_MUST_CHECK bool https_flights_make(struct https_flights *f,
					const struct weir_tls_cert_files *ca, uint16_t version);
void https_flights_fini(struct https_flights *f);

/* ---- https_peers.c: a client and a server ---- */

struct https_peers;
/* NULL: no memory. Clients of TLS trust everybody. */
struct https_peers *https_peers_create(struct http_bed *b);
void https_peers_destroy(struct https_peers *p);
/* A connection, and its handshake where there is TLS: one that may resume the session before it.
 * All is counted in the bed's cycles. False: something went wrong, said. */
WEIR_MUST_CHECK bool https_open(struct https_peers *p, uint16_t port, bool resume);
/* The handshake of a connection that was opened without one. */
WEIR_MUST_CHECK bool https_talk(struct https_peers *p, const struct https_flights *f);
/* A request, which is answered with a body of so many bytes. */
WEIR_MUST_CHECK bool https_ask(struct https_peers *p, size_t body);
/* In order, by both. */
WEIR_MUST_CHECK bool https_close(struct https_peers *p);
/* Records with data that have come, since it was made. */
uint64_t https_records(const struct https_peers *p);

#endif
