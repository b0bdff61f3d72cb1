/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_TLS_IMPL_H
#define WEIR_TLS_IMPL_H

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <weir_tls.h>
#include <weir_tls_name.h>

/* Sets `why`; always false, so that a reader can return it. */
bool tls_fail(struct weir_buf *why, const char *format, ...) WEIR_PRINTF(2, 3);
/* The same, with OpenSSL's reason behind a colon; its queue is empty afterwards. */
bool tls_fail_openssl(struct weir_buf *why, const char *format, ...) WEIR_PRINTF(2, 3);

/* ---- tls_secret.c: memory that no dump has ---- */

struct tls_secret {
	uint8_t *ptr;
	size_t len;
	size_t mapped;
};
/* Zeroed. False: no memory. */
bool tls_secret_init(struct tls_secret *s, size_t len);
/* Wipes. An empty one is allowed. */
void tls_secret_fini(struct tls_secret *s);

/* ---- tls_file.c ---- */

/* What anybody may read. */
bool tls_file_read(const char *path, struct weir_buf *out, struct weir_buf *why);
/* What is the owner's alone. */
bool tls_file_read_key(const char *path, struct tls_secret *out, struct weir_buf *why);

/* ---- tls_cert.c, tls_cert_info.c, tls_ocsp.c ---- */

struct weir_tls_cert {
	struct weir_tls_cert_info info;
	struct weir_buf chain; /* PEM */
	struct tls_secret key; /* PEM */
	struct weir_buf ocsp;  /* DER */
};

/* Kinds of keys, those first that a client gets that can do all of them. */
enum tls_kind { TLS_KIND_EC, TLS_KIND_ED25519, TLS_KIND_RSA, TLS_KIND_END };

/* A certificate as one worker has parsed it. */
struct weir_tls_identity {
	X509 *leaf;
	EVP_PKEY *key;
	STACK_OF(X509) * chain;
	enum tls_kind kind;
	struct weir_bytes ocsp; /* owned; empty: none */
	int64_t ocsp_until;
};

struct weir_tls_identity *tls_identity_create(const struct weir_tls_cert *c, struct weir_buf *why);
void tls_identity_destroy(struct weir_tls_identity *i);

/* Fills all of `info` but ocsp_until. False: no memory. */
bool tls_cert_info_init(struct weir_tls_cert_info *info, X509 *leaf, EVP_PKEY *key);
void tls_cert_info_fini(struct weir_tls_cert_info *info);

/* Whether the DER bytes answer for `leaf`, that it is good; until when. */
bool tls_ocsp_check(struct weir_bytes der, X509 *leaf, int64_t *until, struct weir_buf *why);

/* Seconds since 1970; 0 for what is no time. */
int64_t tls_time(const ASN1_TIME *t);
/* RFC 2253, to be freed by OPENSSL_free(); NULL: no memory. */
char *tls_dn_text(const X509_NAME *name);

/* ---- tls_names.c: which certificates are for a name ---- */

/* At most one of a kind. */
struct tls_bundle {
	const struct weir_tls_identity *of[TLS_KIND_END];
};

struct tls_names;
/* `certs` and `identities` are parallel. NULL: no memory. */
struct tls_names *tls_names_create(const struct weir_tls_cert *const *certs,
				   struct weir_tls_identity *const *identities, unsigned int n);
void tls_names_destroy(struct tls_names *n);
/* By the exact name, then by a wildcard in place of its first label; NULL: none. */
const struct tls_bundle *tls_names_lookup(const struct tls_names *n, const char *name);
/* What a client gets that asks for no name, or for one that no certificate has. */
const struct tls_bundle *tls_names_default(const struct tls_names *n);

/* ---- tls_roots.c ---- */

struct weir_tls_roots {
	struct weir_buf certs; /* DER, each behind its length in four bytes */
	struct weir_buf crls;
	unsigned int n_certs;
	uint8_t sha256[32]; /* of all that is above */
};

/* Makes SSL_CTX's store of its own. */
bool tls_roots_use(const struct weir_tls_roots *r, SSL_CTX *ctx, struct weir_buf *why);
/* The names of all CAs, which clients choose their certificate by. */
bool tls_roots_announce(const struct weir_tls_roots *r, SSL_CTX *ctx);

/* ---- tls_ticket.c ---- */

struct tls_ticket_key {
	uint8_t name[16];
	uint8_t aes[32];
	uint8_t hmac[32];
};

/* The key that seals. The caller wipes it. */
void tls_tickets_newest(const struct weir_tls_tickets *t, struct tls_ticket_key *key);
/* The key of that name: 0, 1 when it is not the newest any more, or -WEIR_ENOTFOUND. */
int tls_tickets_find(const struct weir_tls_tickets *t, const uint8_t name[16],
		     struct tls_ticket_key *key);

/* ---- tls_kdf.c ---- */

/* What contexts are made in, NULL for the process's own; and given back. */
OSSL_LIB_CTX *tls_lib_get(struct weir_tls_lib *lib);
void tls_lib_put(struct weir_tls_lib *lib);
/* Whose secrets are noted until the next call. */
void tls_lib_watch(struct weir_tls_lib *lib, struct weir_tls_conn *conn);
/* What our own algorithms there are known by. */
#define TLS_LIB_PROPERTY "provider=weir"

/* ---- tls_x25519.c ---- */

/* Keys of X25519 are made by libsodium in `libctx`, which has `defaults`. To be unloaded; NULL: it
 * cannot be done. */
OSSL_PROVIDER *tls_x25519_load(OSSL_LIB_CTX *libctx, const OSSL_PROVIDER *defaults);

/* ---- tls_context.c: what both roles have ---- */

struct tls_alpn {
	unsigned int n;
	char name[WEIR_TLS_ALPN_MAX][32];
};

struct tls_context {
	SSL_CTX *ctx;
	struct weir_tls_lib *lib; /* NULL: none */
	BIO_METHOD *bio;
	struct tls_alpn alpn;
	unsigned int conns; /* that are not destroyed */
	bool dropped;       /* goes with the last of them */
	void (*free)(struct tls_context *c);
};

struct tls_context_cfg {
	const SSL_METHOD *method;
	struct weir_tls_lib *lib;
	const struct weir_tls_versions *versions;
	const struct weir_tls_algorithms *algorithms;
	const struct weir_tls_alpn *alpn;
};

bool tls_context_init(struct tls_context *c, const struct tls_context_cfg *cfg,
		      struct weir_buf *why);
void tls_context_fini(struct tls_context *c);
/* Frees it when neither owner nor connection has it any more. */
void tls_context_drop(struct tls_context *c);
void tls_context_put(struct tls_context *c);
/* The names of the list that `mask` has, as RFC 7301 writes them. Returns the bytes. */
#define TLS_ALPN_WIRE_MAX (WEIR_TLS_ALPN_MAX * 32)
unsigned int tls_alpn_wire(const struct tls_alpn *a, uint32_t mask,
			   uint8_t wire[TLS_ALPN_WIRE_MAX]);
/* Its place in the list, or -1. */
int tls_alpn_find(const struct tls_alpn *a, uint32_t mask, struct weir_bytes name);

struct weir_tls_server {
	struct tls_context base;
	struct weir_tls_identity **identities;
	unsigned int n_identities;
	struct tls_names *names; /* NULL: no certificate of its own */
	const struct weir_tls_tickets *tickets;
	EVP_CIPHER *aes;
	bool sni_strict;
	bool staples; /* some certificate has a response */
};

struct weir_tls_client {
	struct tls_context base;
	struct weir_tls_identity *identity;
	struct tls_sessions *sessions;
	enum weir_tls_verify verify;
};

/* ---- tls_session.c: the last session of each name ---- */

struct tls_sessions;
struct tls_sessions *tls_sessions_create(unsigned int names);
void tls_sessions_destroy(struct tls_sessions *s);
/* Takes `session` and replaces what was there. */
void tls_sessions_put(struct tls_sessions *s, const char *name, SSL_SESSION *session);
/* NULL, or a session with a reference for the caller. It stays: servers are not told apart from
 * those who see us connect, which is what RFC 8446 appendix C.4 uses a ticket only once for. `now`
 * is in seconds since 1970. */
SSL_SESSION *tls_sessions_get(struct tls_sessions *s, const char *name, int64_t now);

/* ---- tls_bio.c, tls_noted.c: what libssl reads and writes, and its keys ---- */

/* Counts records in a stream of them. */
struct tls_counter {
	uint64_t records;
	uint8_t header[WEIR_TLS_HEADER];
	uint8_t have; /* bytes of the header */
	uint32_t left;
};
void tls_counter_add(struct tls_counter *c, struct weir_bytes bytes);

/* The keys of the application's records as libssl told them: secrets by its key log (TLS 1.3), key
 * and nonce by the offer of kernel TLS, which is declined. */
struct tls_noted {
	struct weir_tls_keys tx, rx;
	bool secret_tx, secret_rx;
	uint8_t derived; /* how many of two keys and two nonces were seen to be made of them */
	bool offer_tx, offer_rx;
	struct tls_counter written, read; /* since the offer, or the beginning */
};

struct tls_offer {
	bool is_tx;
	const void *info; /* one of linux/tls.h */
};
void tls_noted_offer(struct tls_noted *n, const struct tls_offer *offer);
/* A secret of TLS 1.3: what we write with, or what we read with. */
void tls_noted_secret(struct tls_noted *n, bool is_tx, struct weir_bytes secret);
/* A key, or a nonce, that was made of `secret`, which may be another than ours. */
void tls_noted_derived(struct tls_noted *n, struct weir_bytes secret, bool is_key,
		       struct weir_bytes made);
#define TLS_NOTED_DERIVED 4
/* A line of the key log. */
void tls_noted_line(struct tls_noted *n, bool is_server, const char *line);
void tls_keylog(const SSL *ssl, const char *line);

BIO_METHOD *tls_bio_method_create(void);

/* ---- tls_handshake.c ---- */

struct weir_tls_conn {
	SSL *ssl;
	struct tls_context *context;
	bool is_server;
	bool done;
	bool began; /* some byte came */
	/* Of the call that is going on. */
	const struct weir_bytes *in;
	unsigned int n_in;
	size_t in_at; /* bytes of the first view that are used */
	size_t used;
	const struct weir_tls_writer *out;
	bool write_failed;
	size_t written;
	/* What libssl told. */
	struct tls_noted noted;
	struct weir_tls_failure failure;
	enum weir_tls_error error; /* what a callback found; WEIR_TLS_OK: nothing */
	/* What was asked for. */
	uint32_t alpn;
	const struct tls_bundle *bundle;          /* a server's; NULL: the default */
	const struct weir_tls_identity *identity; /* a server's for this connection only */
	char name[WEIR_TLS_NAME_MAX + 1];         /* a client's; "": none */
	/* A client's of TLS 1.3 after its keys were taken: noted.rx is kept for tickets. */
	uint8_t tickets; /* records of them that libssl was given */
	bool wants_ticket;
	bool has_session;
};

static inline struct weir_tls_conn *tls_conn_of(const SSL *ssl)
{
	return SSL_get_app_data(ssl);
}

struct weir_tls_conn *tls_conn_create(struct tls_context *context, bool is_server);
/* Lends the views and the writer to the connection until tls_conn_idle(). */
void tls_conn_lend(struct weir_tls_conn *c, const struct weir_bytes *in, unsigned int n,
		   const struct weir_tls_writer *out);
size_t tls_conn_idle(struct weir_tls_conn *c);
/* Its keys are forgotten, its session is not. */
void tls_conn_free_ssl(struct weir_tls_conn *c);

/* ---- tls_handover.c ---- */

/* False: none that records are made of here. */
bool tls_suite_of(const SSL *ssl, enum weir_tls_suite *suite);

/* ---- tls_server.c ---- */

/* Shows `bundle` instead of what the connection has so far. */
bool tls_show_bundle(SSL *ssl, const struct tls_bundle *bundle);
bool tls_show_identity(SSL *ssl, const struct weir_tls_identity *i);

/* ---- tls_info.c, tls_id.c ---- */

/* The peer's certificate, if it has shown one, is good by what the context demands. */
bool tls_is_verified(const struct weir_tls_conn *c);
/* The SPIFFE ID among the names, empty: none. */
struct weir_bytes tls_spiffe_of(const GENERAL_NAMES *names);

/* ---- tls_client.c ---- */

void tls_client_keep_renewed(struct weir_tls_conn *c);

/* ---- tls_reason.c, tls_verify.c ---- */

/* Why SSL_do_handshake() failed; sets failure.detail. The queue of errors is empty afterwards. */
enum weir_tls_error tls_reason(struct weir_tls_conn *c);
/* Of an X509_V_ code that is not X509_V_OK. */
enum weir_tls_error tls_verify_error(long code);
/* Of a fatal alert that we have sent. */
enum weir_tls_error tls_alert_error(uint8_t alert);
/* What the peer's certificate must be for. False: it cannot be a name, or no memory. */
bool tls_verify_name(SSL *ssl, const char *name, enum weir_tls_verify verify);

/* libssl's macros take texts for writable that nothing writes; clang looks into them. */
static inline char *tls_unwritten(const char *text)
{
	return (char *)(uintptr_t)text;
}

#endif
