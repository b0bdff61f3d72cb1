/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is known of a connection and of its peer once the handshake is done, and what a certificate
 * tells that was seen on its way.
 */
#ifndef WEIR_TLS_INFO_H
#define WEIR_TLS_INFO_H

#include <weir_base.h>
#include <weir_tls_error.h>

struct weir_tls_conn;

enum weir_tls_san_kind { WEIR_TLS_SAN_DNS, WEIR_TLS_SAN_URI, WEIR_TLS_SAN_EMAIL, WEIR_TLS_SAN_IP };
struct weir_tls_san {
	enum weir_tls_san_kind kind;
	struct weir_bytes text;
};

/* What is known once the handshake is done. Texts of the peer's certificate have neither control
 * characters nor bytes above 126: names that do are left out. */
struct weir_tls_info {
	uint16_t version;
	const char *cipher; /* OpenSSL's name, for as long as the process lives */
	bool resumed;
	int alpn;                          /* place in the context's list, -1: none */
	struct weir_bytes sni;             /* as it was asked for */
	bool has_cert;                     /* the peer has shown one */
	bool verified;                     /* and it is good by what the context demands */
	struct weir_bytes subject, issuer; /* RFC 2253 */
	const struct weir_tls_san *sans;
	unsigned int n_sans;
	struct weir_bytes spiffe; /* the SPIFFE ID, if the certificate is an X.509-SVID */
	int64_t not_after;
	uint8_t sha256[32];
};
#define WEIR_TLS_SANS_MAX 64 /* more of a certificate are left out */

/* After WEIR_TLS_DONE and before the keys are taken. Texts are put into the arena. 0, or
 * -WEIR_TLS_E_MEMORY. */
WEIR_MUST_CHECK int weir_tls_conn_info(const struct weir_tls_conn *c, struct weir_arena *a,
				       struct weir_tls_info *out);

/* A SPIFFE ID by the letter of its specification, with a path or without. */
bool weir_tls_is_spiffe(struct weir_bytes uri);

#define WEIR_TLS_ID_MAX 2048 /* bytes */
enum weir_tls_id {
	WEIR_TLS_ID_GOOD,
	WEIR_TLS_ID_MISSING, /* no certificate was shown, or none is asked for */
	WEIR_TLS_ID_NAMELESS /* it is good, and has no name of these */
};
/*
 * Who the peer is by its certificate, which must have been verified: "spiffe://domain/path" of an
 * X.509-SVID, else its hosts' names as "dns:a.example,b.example" in the form of
 * weir_tls_name_read(), as many as have room, else "cn:" and its one common name, of characters
 * from ' ' to '~'. Of a session that goes on it is that of the session. After WEIR_TLS_DONE and
 * before the keys are taken. *text is "" unless GOOD comes back.
 */
enum weir_tls_id weir_tls_conn_id(const struct weir_tls_conn *c, char text[WEIR_TLS_ID_MAX + 1]);

/* What one worker reads certificates with that nobody's handshake of its own has shown: as it does
 * not look into their keys, a tenth of the time is enough. NULL: no memory. */
struct weir_tls_leaf_reader;
struct weir_tls_leaf_reader *weir_tls_leaf_reader_create(void);
/* NULL is allowed. */
void weir_tls_leaf_reader_destroy(struct weir_tls_leaf_reader *r);
/* What weir_tls_conn_info() tells of a certificate, of one that was read from a server's answer in
 * clear: subject, issuer, names, not_after, digest. 0, -WEIR_TLS_E_CERT_BAD when it is none, or
 * -WEIR_TLS_E_MEMORY. */
WEIR_MUST_CHECK int weir_tls_leaf_info(struct weir_tls_leaf_reader *r, struct weir_bytes der,
				       struct weir_arena *a, struct weir_tls_info *out);

#endif
