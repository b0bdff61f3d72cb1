/* SPDX-License-Identifier: BSD-3-Clause */
/* Certificates made for a test, a mint with its CA in a folder of its own, and what a client makes
 * of the leaves that come out. */
#ifndef MINT_LAB_H
#define MINT_LAB_H

#include <openssl/x509v3.h>

#include <weir_test.h>
#include <weir_tls_error.h>
#include <weir_tls_info.h>
#include <weir_tls_mint.h>

#define DAY 86400LL
#define NOW 1800000000LL /* January 2027 */

/* ---- a folder of its own ---- */

struct mint_folder {
	char path[64];
};

struct mint_folder mint_folder_create(void);
const char *mint_file(const struct mint_folder *f, const char *name, char path[128]);
void mint_folder_destroy(const struct mint_folder *f);

/* ---- certificates ---- */

/* What a certificate is made of. */
struct mint_making {
	const char *subject;       /* CN; NULL: none */
	const char *sans;          /* in OpenSSL's words; NULL: none */
	const char *basic, *usage; /* those extensions; NULL: none */
	const char *constraints;
	int64_t not_before, not_after; /* 0: NOW less and more 50 days */
	bool rsa;
};

EVP_PKEY *mint_new_key(bool rsa);
/* Signed by `issuer`, or by itself. */
X509 *mint_make(const struct mint_making *m, EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key);
void mint_write_pem(const char *path, mode_t mode, X509 *a, X509 *b, EVP_PKEY *key);
int64_t mint_seconds(const ASN1_TIME *t);

/* ---- a mint with its CA ---- */

#define SUB_CA \
	.subject = "sub", .basic = "critical,CA:TRUE,pathlen:0", .usage = "critical,keyCertSign"
/* Of the CA that mint_create() makes. */
#define CA_BEGIN (NOW - 365 * DAY - 3600)
#define CA_END   (NOW - 365 * DAY + 3650 * DAY)

struct mint {
	struct mint_folder folder;
	X509 *ca, *root; /* root: what clients trust; the CA itself or its issuer */
	struct weir_tls_minter *minter;
};

struct weir_tls_ca *mint_load_ca(const struct mint_folder *f, struct weir_buf *why);
/* Made by weir itself, a year ago. */
struct mint mint_create(unsigned int leaves);
/* An intermediate CA under a root, with what `making` says. */
struct mint mint_under_root(const struct mint_making *making);
/* A mint of the CA that is in the folder. */
void mint_open(struct mint *m, unsigned int leaves);
void mint_destroy(struct mint *m);
/* Both as weir_tls_mint(). */
int mint_like(const struct mint *m, X509 *like, const struct weir_tls_identity **out);
int mint_name(const struct mint *m, const char *name, int64_t now,
	      const struct weir_tls_identity **out);

/* ---- what comes out: shown in a handshake, as clients get it ---- */

struct mint_seen {
	X509 *leaf;
	STACK_OF(X509) * chain;
};

struct mint_seen mint_show(const struct weir_tls_identity *identity);
void mint_seen_fini(struct mint_seen *s);
/* An X509_V_ code. NULL: whatever the host is. */
int mint_verify(const struct mint *m, const struct mint_seen *s, const char *host, int64_t now);

#endif
