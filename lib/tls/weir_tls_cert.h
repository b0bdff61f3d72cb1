/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Certificates and roots, from files. They are read by control into structs that are fixed
 * afterwards and shared by all workers: a context of a worker parses its own copy of them, so that
 * workers share no reference count. Whoever made a struct keeps it alive for as long as contexts
 * may be made of it, no longer. `why` gets one line of text without a newline when something fails.
 */
#ifndef WEIR_TLS_CERT_H
#define WEIR_TLS_CERT_H

#include <weir_base.h>

/* PEM: the leaf, then its issuers. NULL for `key`: it stands in the chain's file. `ocsp` is a DER
 * response that is stapled while it is fresh; NULL for none. */
struct weir_tls_cert_files {
	const char *chain;
	const char *key;
	const char *ocsp;
};

/* Strings are the certificate's. */
struct weir_tls_cert_info {
	const char *subject, *issuer; /* RFC 2253 */
	const char *const *names;     /* DNS names in lower case and addresses; CN if no SAN is */
	unsigned int n_names;
	const char *key;               /* "EC 256", "RSA 2048", "ED25519 256" */
	int64_t not_before, not_after; /* seconds since 1970 */
	int64_t ocsp_until;            /* as those; 0: no response */
	uint8_t sha256[32];            /* of the leaf */
};

struct weir_tls_cert;

/*
 * Reads a certificate and its key and looks whether they belong together. The key's file must be
 * its owner's alone (no bit for group or others), and the owner root or who runs this; the key is
 * kept in memory that no dump has and is wiped at the end. Encrypted keys are refused. Control.
 * NULL with the reason in `why`.
 */
struct weir_tls_cert *weir_tls_cert_load(const struct weir_tls_cert_files *files,
					 struct weir_buf *why);
void weir_tls_cert_destroy(struct weir_tls_cert *c);
const struct weir_tls_cert_info *weir_tls_cert_info(const struct weir_tls_cert *c);

/* Any of the first three may be given, and their certificates are all trusted; an issuer among them
 * that is no root is the end of a chain, too. With `crl` (PEM, any number of lists) every issuer
 * of a chain must have a list that is not out of date. */
struct weir_tls_roots_files {
	const char *file;   /* PEM */
	const char *folder; /* its files that end in .pem, .crt or .cer */
	bool system;        /* what the system trusts */
	const char *crl;
};

struct weir_tls_roots;

/* Control. NULL with the reason in `why`: a file cannot be read or has something else in it, or
 * there is no certificate at all. */
struct weir_tls_roots *weir_tls_roots_load(const struct weir_tls_roots_files *files,
					   struct weir_buf *why);
void weir_tls_roots_destroy(struct weir_tls_roots *r);
unsigned int weir_tls_roots_count(const struct weir_tls_roots *r);

#endif
