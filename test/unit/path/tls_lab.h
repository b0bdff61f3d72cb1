/* SPDX-License-Identifier: BSD-3-Clause */
/* The laboratory of http_lab.h with a Service whose TLS weir ends: OpenSSL stands behind either end
 * that speaks TLS, in memory. */
#ifndef TLS_LAB_H
#define TLS_LAB_H

#include "../tls/conn_test.h"
#include "http_lab.h"

#define SERVER_NAME "www.example.org" /* of the shared PKI's certificates, all of them */

struct tls_end {
	bool tls;
	struct peer peer;
	struct weir_buf plain; /* that it got, ended by NUL once there is any */
	struct weir_buf wire;  /* that it has to send and the window did not take */
	size_t fed;            /* bytes of what TCP brought that its TLS has taken */
	bool closed;           /* close_notify has come */
	int alert;             /* the last fatal one that came, -1: none */
	char asks[160];        /* a client for this name */
	SSL_SESSION *session;  /* that a client goes on with, the test's; NULL: none */
};

struct tls_lab {
	struct http_lab *l;
	struct tls_end end[2];
	bool used; /* the connection that the laboratory begins with */
	bool deaf; /* what comes is not given to the ends' TLS */
};

/* `tls` is added to the Service's key tls, "" for nothing; `certs` of the Service is the PKI's EC
 * certificate. */
struct tls_lab *tls_lab_create(const char *tls, const char *service);
/* The same, with a client that speaks TLS, and a server that does if `tls` says that it is spoken
 * to so. */
struct tls_lab *tls_lab_with(const char *tls);
/* Over a laboratory of any policy. Takes `l`. */
struct tls_lab *tls_lab_over(struct http_lab *l);
/* What stands for `tls` where the servers speak TLS, too, and are known by the PKI's CA. */
#define UPSTREAM_TLS ", upstream: {mode: tls, ca: '%s', name: " SERVER_NAME "}"
const char *upstream_tls(const char *more);
void tls_lab_destroy(struct tls_lab *t);
/* A context for the connections to come; it may be changed before tls_lab_connect. */
SSL_CTX *tls_lab_speak(struct tls_lab *t, unsigned int end);
/* TCP's connection, and the handshakes as far as they go. */
void tls_lab_connect(struct tls_lab *t);
/* Lets both ends take what came and say what they have to. */
void tls_lab_pump(struct tls_lab *t);
void tls_lab_say(struct tls_lab *t, unsigned int end, const char *text);
void tls_lab_send(struct tls_lab *t, unsigned int end, const void *bytes, size_t len);
/* close_notify, or nothing where there is no TLS. */
void tls_lab_close(struct tls_lab *t, unsigned int end);
const char *tls_lab_got(const struct tls_lab *t, unsigned int end);
uint64_t tls_lab_count(const struct tls_lab *t, enum weir_counter c);
uint64_t tls_lab_bad(const struct tls_lab *t, unsigned int leg, enum weir_tls_error e);

#endif
