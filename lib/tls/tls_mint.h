/* SPDX-License-Identifier: BSD-3-Clause */
/* The parts of minting: names, the leaf, and the worker's cache of them. */
#ifndef TLS_MINT_H
#define TLS_MINT_H

#include <openssl/x509v3.h>

#include <weir_tls_mint.h>

#include "tls_impl.h"

/* Leaves have one of two kinds of keys. */
enum tls_leaf_key { TLS_LEAF_EC, TLS_LEAF_RSA, TLS_LEAF_KEYS };

struct weir_tls_ca {
	struct weir_tls_cert *cert;
	struct tls_secret key[TLS_LEAF_KEYS]; /* of leaves, DER */
};

/* A worker's copy of the CA. */
struct tls_signer {
	struct weir_tls_identity *ca;
	EVP_PKEY *key[TLS_LEAF_KEYS];  /* of leaves */
	X509 *template[TLS_LEAF_KEYS]; /* what all leaves of a kind of key have */
	STACK_OF(X509) * shown;        /* behind a leaf: the CA and its issuers, without a root */
	STACK_OF(X509) * constrained;  /* those of them, a root too, that constrain names */
	int64_t not_before, not_after; /* of the CA */
};

bool tls_signer_init(struct tls_signer *s, const struct weir_tls_ca *ca, struct weir_buf *why);
void tls_signer_fini(struct tls_signer *s);

/* ---- tls_mint_names.c: all give NULL without memory ---- */

/* What clients may take `leaf` for: hosts, addresses and URIs of its SAN, else its CN. */
GENERAL_NAMES *tls_mint_names_of(X509 *leaf);
/* The one name, in the form of weir_tls_name_read(); empty when it is none. */
GENERAL_NAMES *tls_mint_names_for(const char *name);
/* Takes out what the CA may not sign. False: no memory. */
bool tls_mint_names_permit(GENERAL_NAMES *names, const struct tls_signer *s);
/* Whether the CA may sign this certificate: its subject counts, too. */
bool tls_mint_is_permitted(X509 *x, const struct tls_signer *s);

/* ---- tls_mint_leaf.c ---- */

struct tls_leaf {
	const GENERAL_NAMES *names; /* not empty */
	X509 *like;                 /* the upstream certificate, NULL: none */
	enum tls_leaf_key key;
	int64_t not_before, not_after;
};
/* A leaf without names, subject and times of its own: libcrypto takes longer to write a public key
 * into a certificate than for all else. NULL: no memory or no randomness. */
X509 *tls_mint_template(const struct tls_signer *s, enum tls_leaf_key key);
/* NULL: *error says why. */
X509 *tls_mint_leaf(const struct tls_signer *s, const struct tls_leaf *leaf,
		    enum weir_tls_error *error);

/* What both leaves and CAs are made with; false: no memory, or no randomness. */
bool tls_x509_serial(X509 *x);
bool tls_x509_times(X509 *x, int64_t not_before, int64_t not_after);
bool tls_x509_common_name(X509_NAME *name, const char *text);
bool tls_x509_extension(X509 *x, int nid, bool critical, const char *value);
bool tls_x509_key_id(X509 *x);
bool tls_x509_sign(X509 *x, EVP_PKEY *key);

#endif
