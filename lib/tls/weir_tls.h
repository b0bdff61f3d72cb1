/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TLS 1.2 and 1.3 (RFC 5246, 8446) for either end of a connection, over byte views: nothing here
 * knows a socket or a packet. OpenSSL does the handshake, by this header; records are then sealed
 * and opened by weir_tls_record.h. Contexts (weir_tls_context.h) and connections are one worker's;
 * certificates, roots (weir_tls_cert.h) and ticket keys are loaded by control and shared.
 */
#ifndef WEIR_TLS_H
#define WEIR_TLS_H

#include <weir_base.h>
#include <weir_tls_context.h>
#include <weir_tls_error.h>
#include <weir_tls_record.h>

/* A handshake, and what is left of it. Worker only, as everything below. */
struct weir_tls_conn;

/* A certificate with its key as one worker has it parsed: a minted one. */
struct weir_tls_identity;

struct weir_tls_accept_opts {
	uint32_t alpn; /* bits of the server's list that may be chosen; 0: the extension is ignored
			*/
	/* Shown in place of the server's own; kept by its owner until the handshake is over. */
	const struct weir_tls_identity *identity;
};

/* NULL: no memory. */
struct weir_tls_conn *weir_tls_accept(struct weir_tls_server *s,
				      const struct weir_tls_accept_opts *opts);

struct weir_tls_connect_opts {
	/* Sent as SNI unless it is an address, and what a certificate is verified against. NULL: no
	 * SNI is sent; with WEIR_TLS_VERIFY_FULL that is refused. */
	const char *name;
	uint32_t alpn; /* bits of the client's list that are offered */
};

/* NULL: no memory, or a name that cannot be one. */
struct weir_tls_conn *weir_tls_connect(struct weir_tls_client *c,
				       const struct weir_tls_connect_opts *opts);

void weir_tls_conn_destroy(struct weir_tls_conn *c);

/* Takes all the bytes, or none and gives a negative number: the handshake then fails. */
struct weir_tls_writer {
	int (*write)(void *ctx, struct weir_bytes bytes);
	void *ctx;
};

#define WEIR_TLS_WANT 0
#define WEIR_TLS_DONE 1

/*
 * Goes on with a handshake. A client's begins with no input at all. Bytes may be cut anywhere; what
 * is to be sent is given to `out` during the call.
 * WEIR_TLS_WANT: all of `in` is used and more is needed. WEIR_TLS_DONE: *used bytes of it belonged
 * to the handshake, what stands behind them is records. Or a negative enum weir_tls_error: the
 * alert that tells the peer has been given to `out`, and nothing is left to do but to destroy.
 */
int weir_tls_handshake(struct weir_tls_conn *c, const struct weir_bytes *in, unsigned int n,
		       size_t *used, const struct weir_tls_writer *out);

/* Place in the context's list of the protocol that ALPN has chosen so far, -1: none. */
int weir_tls_conn_alpn(const struct weir_tls_conn *c);

/* The last fatal alert that was sent and that came, WEIR_TLS_NO_ALERT for none; and OpenSSL's words
 * on why a handshake failed, "" while it has not. They live as long as the process. */
struct weir_tls_failure {
	uint8_t alert_sent, alert_received;
	const char *detail;
};
struct weir_tls_failure weir_tls_conn_failure(const struct weir_tls_conn *c);

/*
 * Moves the keys into `out`, and libssl's object with all its memory is gone. False when libssl has
 * not told the keys (suites that are no AEAD, or the peer has asked for small fragments): then it
 * stays, and weir_tls_kept_read() and _write() are used in place of weir_tls_open() and _seal().
 */
WEIR_MUST_CHECK bool weir_tls_take_records(struct weir_tls_conn *c, struct weir_tls_records *out);

/*
 * A client of TLS 1.3 gets its session only with a ticket, after the handshake, and libssl's object
 * is kept for that, without buffers (14 KiB). As long as this is true, the content of each
 * handshake record that weir_tls_open() has opened (its first opened.content bytes of the rooms)
 * may be given to weir_tls_conn_ticket(); or the connection is destroyed, and the session is not
 * kept.
 */
bool weir_tls_wants_ticket(const struct weir_tls_conn *c);
void weir_tls_conn_ticket(struct weir_tls_conn *c, struct weir_tls_crypto *crypto,
			  const struct weir_bytes *content, unsigned int n);

/*
 * Where weir_tls_take_records() was false. Bytes may be cut anywhere; rooms are filled in order.
 * Returns the bytes of s->in that are used, or a negative enum weir_tls_error. When the rooms came
 * to be full, more may be waiting: call again, even without input. What the peer must be told is
 * given to `out`.
 */
WEIR_MUST_CHECK ssize_t weir_tls_kept_read(struct weir_tls_conn *c, const struct weir_tls_spans *s,
					   const struct weir_tls_writer *out,
					   struct weir_tls_opened *opened);
/* Whether a record has begun to come and is not whole: an end here is in its midst. */
bool weir_tls_kept_is_in_record(const struct weir_tls_conn *c);
/* Sends all of the views. 0, or a negative enum weir_tls_error. */
WEIR_MUST_CHECK int weir_tls_kept_write(struct weir_tls_conn *c, const struct weir_bytes *in,
					unsigned int n, const struct weir_tls_writer *out);
/* Sends close_notify, once. */
WEIR_MUST_CHECK int weir_tls_kept_close(struct weir_tls_conn *c, const struct weir_tls_writer *out);

#endif
