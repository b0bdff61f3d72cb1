/* SPDX-License-Identifier: BSD-3-Clause */
/* Certificates made for the occasion, and OpenSSL as the other end of a connection, in memory. */
#ifndef CONN_TEST_H
#define CONN_TEST_H

#include <openssl/ssl.h>

#include <weir_test.h>
#include <weir_tls.h>

Suite *cert_suite(void);
Suite *roots_suite(void);
Suite *server_suite(void);
Suite *client_suite_tls(void);
Suite *ticket_suite(void);
Suite *handshake_suite(void);
Suite *handover_suite(void);
Suite *info_suite(void);
Suite *id_suite(void);
Suite *memory_suite(void);
Suite *kept_suite(void);
Suite *session_suite(void);
Suite *x25519_suite(void);

/* ---- pki.c ---- */

#define PATH_LEN 160

enum pki_key { PKI_EC, PKI_RSA, PKI_ED25519 };

struct pki_cert {
	X509 *x509;
	EVP_PKEY *key;
	char chain[PATH_LEN];
	char key_file[PATH_LEN];
};

struct pki_spec {
	const char *name; /* the subject's CN */
	const char *sans; /* as in openssl.cnf; NULL: none */
	enum pki_key key;
	const struct pki_cert *issuer; /* NULL: signed by itself */
	const char *usage;             /* extendedKeyUsage; NULL: none */
	bool ca;
	long from_days, until_days; /* from now; both 0: from yesterday to a year from now */
	long until_s;               /* if not 0: from yesterday to so many seconds from now */
};

/* A folder that is made for the test program and removed at its end. */
const char *pki_folder(void);
/* A path in it; the same buffer is used again after eight calls. */
const char *pki_path(const char *name);
void pki_write(const char *path, const void *bytes, size_t len, unsigned int mode);

/* Files are <name>-<n>.pem and .key; the chain file has the issuers that are no roots, too. */
struct pki_cert pki_make(const struct pki_spec *spec);
void pki_fini(struct pki_cert *c);
/* DER of a response about `leaf`; status as V_OCSP_CERTSTATUS_. Writes and returns the path. */
const char *pki_ocsp(const struct pki_cert *leaf, const struct pki_cert *issuer, int status,
		     long until_s);
/* A list of `revoked` (NULL: empty) that is good for so long. Appends to the file. */
void pki_crl(const char *path, const struct pki_cert *issuer, const struct pki_cert *revoked,
	     long until_s);

struct pki {
	struct pki_cert ca;      /* trusted */
	struct pki_cert ec, rsa; /* www.example.org */
	struct pki_cert client;  /* spiffe://example.org/web */
	struct weir_tls_roots *roots;
	struct weir_tls_cert *ec_cert, *rsa_cert, *client_cert;
};
/* Made once. */
const struct pki *pki(void);
struct weir_tls_cert *pki_load(const struct pki_cert *c);

/* ---- peer.c ---- */

/* The other end: an SSL over two memory BIOs. */
struct peer {
	SSL_CTX *ctx;
	SSL *ssl;
	BIO *rx, *tx;
};
/* No verification unless the test sets it. */
void peer_init(struct peer *p, bool is_server);
/* Whatever is set on the context before counts. */
void peer_start(struct peer *p);
void peer_stop(struct peer *p);
void peer_fini(struct peer *p);
void peer_show(struct peer *p, const struct pki_cert *c);
/* The last session that a peer's context was given; the caller's. */
void peer_keep_sessions(struct peer *p, SSL_SESSION **session);

/* Our end and theirs. */
struct line {
	struct weir_tls_conn *us;
	struct peer *them;
	struct weir_tls_writer writer; /* to the peer */
	struct weir_buf come;          /* from the peer, not used yet */
	size_t cut;                    /* bytes given at a time; 0: all there is */
};
void line_init(struct line *l, struct weir_tls_conn *us, struct peer *them);
void line_fini(struct line *l);
/* What weir_tls_handshake() comes to: DONE, negative, or WANT when both ends wait. The peer goes on
 * until it waits, too. */
int line_shake(struct line *l);
/* Takes what the peer has sent into `come`. */
void line_fetch(struct line *l);
void line_drop(struct line *l, size_t n);

/* A server of ours with one EC certificate for www.example.org, to be changed before use. */
struct weir_tls_server_cfg server_cfg(void);
struct weir_tls_server *server_of(const struct weir_tls_server_cfg *cfg);
struct weir_tls_client_cfg client_cfg(void);
struct weir_tls_client *client_of(const struct weir_tls_client_cfg *cfg);
struct weir_tls_conn *accept_from(struct weir_tls_server *s);
struct weir_tls_conn *connect_to(struct weir_tls_client *c, const char *name);

/* ---- count.c ---- */

/* What libssl and libcrypto hold of the heap. */
long openssl_bytes(void);

/* Names errors in what a failing test prints. */
#define ck_assert_tls_error(rc, error)                                                          \
	ck_assert_str_eq((rc) < 0 ? weir_tls_error_name((enum weir_tls_error) - (rc)) : "fine", \
			 weir_tls_error_name(error))

#endif
