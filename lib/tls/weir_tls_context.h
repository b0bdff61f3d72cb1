/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What one worker accepts and makes connections with: certificates, roots, versions, algorithms,
 * protocols, and the keys of session tickets. `why` is as in weir_tls_cert.h.
 */
#ifndef WEIR_TLS_CONTEXT_H
#define WEIR_TLS_CONTEXT_H

#include <weir_base.h>
#include <weir_tls_cert.h>

/*
 * The keys of session tickets (RFC 5077), one set for all workers and generations: the newest
 * seals, it and the two before it open. Workers take no lock. Held as keys of certificates are.
 */
struct weir_tls_tickets;

/* Control. NULL: no memory or no randomness. */
struct weir_tls_tickets *weir_tls_tickets_create(void);
void weir_tls_tickets_destroy(struct weir_tls_tickets *t);
/* A new key. Control, one thread. 0, or -WEIR_EIO when there is no randomness: the old one stays.
 */
WEIR_MUST_CHECK int weir_tls_tickets_rotate(struct weir_tls_tickets *t);

/* Of a session, and so how long a key for tickets is good for something. */
#define WEIR_TLS_SESSION_S 7200

#define WEIR_TLS_ALPN_MAX 16 /* names in a list */

/* OpenSSL's names, separated by colons. NULL for each: Mozilla's intermediate configuration without
 * finite-field DH (a peer can make that too expensive), AES-128-GCM and X25519 first. */
struct weir_tls_algorithms {
	const char *ciphers12, *ciphers13;
	const char *groups;
	const char *signatures;
};

/* Zero for either: 1.2 and 1.3. */
struct weir_tls_versions {
	uint16_t min, max;
};

/* Names in our order of preference, at most WEIR_TLS_ALPN_MAX: "h2", "http/1.1". */
struct weir_tls_alpn {
	const char *const *names;
	unsigned int n;
};

/*
 * What the contexts of one worker may share: a context of libcrypto's for that worker alone, which
 * derives TLS 1.3's keys itself. Without it everything works the same, and a handshake takes
 * longer. It takes 0.3 MB. Control makes it, and contexts in it at any time; else it is the
 * worker's. Contexts that are left keep it.
 */
struct weir_tls_lib;
/* NULL: no memory. */
struct weir_tls_lib *weir_tls_lib_create(void);
void weir_tls_lib_destroy(struct weir_tls_lib *lib);

enum weir_tls_verify_client {
	WEIR_TLS_CLIENT_NONE,
	WEIR_TLS_CLIENT_OPTIONAL, /* one that is shown must be good */
	WEIR_TLS_CLIENT_REQUIRED
};

/* The caller's for the time of the call. */
struct weir_tls_server_cfg {
	struct weir_tls_lib *lib; /* the worker's; NULL: none */
	const char *id; /* sessions are resumed among contexts of one id, if client_roots agree */
	const struct weir_tls_cert *const *certs; /* the first is for unknown names and for none */
	unsigned int n_certs;
	struct weir_tls_versions versions;
	struct weir_tls_algorithms algorithms;
	struct weir_tls_alpn alpn;
	enum weir_tls_verify_client verify_client;
	const struct weir_tls_roots *client_roots;
	const struct weir_tls_tickets
		*tickets; /* NULL: no session is resumed; outlives the context */
	bool sni_strict;  /* a name that no certificate has is refused; none at all is not */
};

enum weir_tls_verify {
	WEIR_TLS_VERIFY_FULL, /* the chain and the name */
	WEIR_TLS_VERIFY_CA,   /* the chain */
	WEIR_TLS_VERIFY_NONE
};

struct weir_tls_client_cfg {
	struct weir_tls_lib *lib; /* the worker's; NULL: none */
	enum weir_tls_verify verify;
	const struct weir_tls_roots *roots; /* NULL only where nothing is verified */
	const struct weir_tls_cert *cert;   /* shown to servers that ask; NULL: none */
	struct weir_tls_versions versions;
	struct weir_tls_algorithms algorithms;
	struct weir_tls_alpn alpn;
	unsigned int sessions; /* names whose last session is kept for resumption; 0: none */
};

/* What one worker accepts and makes connections with. Made by control or the worker; afterwards the
 * worker's alone. NULL with the reason in `why`. */
struct weir_tls_server;
struct weir_tls_server *weir_tls_server_create(const struct weir_tls_server_cfg *cfg,
					       struct weir_buf *why);
struct weir_tls_client;
struct weir_tls_client *weir_tls_client_create(const struct weir_tls_client_cfg *cfg,
					       struct weir_buf *why);
/* Connections that are left keep what they need until they are destroyed. NULL is allowed. */
void weir_tls_server_destroy(struct weir_tls_server *s);
void weir_tls_client_destroy(struct weir_tls_client *c);

#endif
