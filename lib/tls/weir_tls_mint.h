/* SPDX-License-Identifier: BSD-3-Clause */
/* Certificates that are made on the way, under the operator's CA. `why` is as in weir_tls_cert.h.
 */
#ifndef WEIR_TLS_MINT_H
#define WEIR_TLS_MINT_H

#include <weir_base.h>
#include <weir_tls_cert.h>
#include <weir_tls_error.h>

struct weir_tls_conn;
struct weir_tls_identity;

/*
 * The operator's CA, by which leaves are made for connections that are decrypted on their way out.
 * As a certificate's, its files are read by control and its key is in no dump; beside it are the
 * two keys, EC P-256 and RSA 2048, that all leaves share: a key for each would cost an RSA leaf a
 * tenth of a second, and whoever has this process has the CA. Fixed afterwards, shared by workers.
 */
struct weir_tls_ca;

/* Control. NULL with the reason in `why`: as weir_tls_cert_load(), or it is no CA that may sign. */
struct weir_tls_ca *weir_tls_ca_load(const struct weir_tls_cert_files *files, struct weir_buf *why);
void weir_tls_ca_destroy(struct weir_tls_ca *ca);
const struct weir_tls_cert_info *weir_tls_ca_info(const struct weir_tls_ca *ca);

#define WEIR_TLS_CA_CERT     "ca.pem"
#define WEIR_TLS_CA_KEY      "ca.key"
#define WEIR_TLS_CA_NAME_MAX 64 /* bytes */

struct weir_tls_ca_new {
	const char *folder; /* made for its owner alone if it is not there; its parents are not */
	const char *name;   /* the CN, UTF-8 */
	int64_t now;        /* seconds since 1970 */
};
/*
 * Makes a CA that signs leaves only (EC P-256, 10 years): its certificate and its key, the latter
 * with mode 0600, as files in the folder. Tools and control.
 * 0, or with the reason in `why` -WEIR_EEXIST (nothing is overwritten), -WEIR_EINVAL or -WEIR_EIO.
 */
WEIR_MUST_CHECK int weir_tls_ca_init(const struct weir_tls_ca_new *ca, struct weir_buf *why);

/* What one worker mints with, and the leaves that it used last, at most `leaves`. NULL with the
 * reason in `why`. The CA is not needed afterwards. */
struct weir_tls_minter;
struct weir_tls_minter *weir_tls_minter_create(const struct weir_tls_ca *ca, unsigned int leaves,
					       struct weir_buf *why);
/* Leaves that are lent stay until they are put back. NULL is allowed. */
void weir_tls_minter_destroy(struct weir_tls_minter *m);

/* What a leaf is asked for by: the first of these that is there. */
struct weir_tls_mint {
	const struct weir_tls_conn *upstream; /* its peer's certificate: done, keys not taken */
	struct weir_bytes der;                /* a certificate */
	const char *name;                     /* as weir_tls_name_read() gives it */
	int64_t now;                          /* seconds since 1970 */
};

/*
 * Lends a leaf for weir_tls_accept(): for a certificate with its hosts, addresses and URIs, its
 * kind of key (EC for what is neither EC nor RSA) and its validity, cut to the CA's and to thirteen
 * months; for a name with that name. Names that the name constraints of the CA or its issuers
 * exclude are left out. Nothing is said on whether the certificate is good: who connects upstream
 * decides that.
 * 0, -WEIR_TLS_E_CERT_MISSING (upstream has shown none), -WEIR_TLS_E_CERT_BAD (it cannot be read),
 * -WEIR_TLS_E_CERT_NAME (no name is left), -WEIR_TLS_E_CERT_EXPIRED (it is never valid together
 * with the CA) or -WEIR_TLS_E_MEMORY.
 */
WEIR_MUST_CHECK int weir_tls_mint(struct weir_tls_minter *m, const struct weir_tls_mint *what,
				  const struct weir_tls_identity **out);
/* Gives a leaf back, once the handshake that shows it is over. */
void weir_tls_mint_put(struct weir_tls_minter *m, const struct weir_tls_identity *identity);

struct weir_tls_mint_counts {
	uint64_t minted, found, evicted, refused;
};
struct weir_tls_mint_counts weir_tls_minter_counts(const struct weir_tls_minter *m);

#endif
