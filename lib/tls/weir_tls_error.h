/* SPDX-License-Identifier: BSD-3-Clause */
/* What may go wrong in TLS: name, alert sent to the peer (RFC 8446 section 6), text for people. */
#ifndef WEIR_TLS_ERROR_H
#define WEIR_TLS_ERROR_H

#include <weir_base.h>

#define WEIR_TLS_NO_ALERT 255
#define WEIR_TLS_ERRORS(X)                                                                   \
	X(RECORD_TYPE, 10, "a record of a type that may not come here")                      \
	X(RECORD_VERSION, 70, "a record whose version is none of TLS")                       \
	X(RECORD_SIZE, 22, "a record that is too large")                                     \
	X(RECORD_MAC, 20, "a record that was not made with the connection's keys")           \
	X(RECORDS_EMPTY, 10, "too many records without content in a row")                    \
	X(KEY_LIMIT, 80, "the keys have been used for as long as they may be")               \
	X(KEY_UPDATES, 10, "key updates come too fast")                                      \
	X(MESSAGE, 10, "a message that may not come here")                                   \
	X(MESSAGE_FORMAT, 50, "a message that is malformed")                                 \
	X(MESSAGE_VALUE, 47, "a message with a value that it may not have")                  \
	X(RENEGOTIATION, 10, "the peer wants to renegotiate again and again")                \
	X(TRUNCATED, WEIR_TLS_NO_ALERT, "the connection was closed without close_notify")    \
	X(PEER_ALERT, WEIR_TLS_NO_ALERT, "the peer has sent a fatal alert")                  \
	X(CLOSED, WEIR_TLS_NO_ALERT, "this end has closed the connection")                   \
	X(NO_HELLO, 10, "no ClientHello where one must be")                                  \
	X(HELLO_SIZE, 47, "a hello that is too large, or in too many records")               \
	X(PROTOCOL_VERSION, 70, "no protocol version in common")                             \
	X(NO_CIPHER, 40, "no cipher suite, group or signature in common")                    \
	X(NO_ALPN, 120, "no application protocol in common")                                 \
	X(SNI_UNKNOWN, 112, "no certificate for the name that was asked for")                \
	X(CERT_MISSING, 116, "the peer has no certificate")                                  \
	X(CERT_EXPIRED, 45, "the peer's certificate is expired or not yet valid")            \
	X(CERT_SELF_SIGNED, 48, "the peer's certificate is signed by nobody who is trusted") \
	X(CERT_ISSUER, 48, "the issuer of the peer's certificate is not known")              \
	X(CERT_NAME, 42, "the peer's certificate is for another name")                       \
	X(CERT_REVOKED, 44, "the peer's certificate is revoked")                             \
	X(CERT_CRL, 48, "no valid list tells whether the peer's certificate is revoked")     \
	X(CERT_BAD, 42, "the peer's certificate is malformed, or may not be used for this")  \
	X(HANDSHAKE, 40, "the handshake failed")                                             \
	X(TIMEOUT, WEIR_TLS_NO_ALERT, "the handshake took too long")                         \
	X(MEMORY, 80, "no memory")

/* Returned as negative numbers, apart from those of enum weir_error by name only. */
enum weir_tls_error {
	WEIR_TLS_OK,
#define X(name, alert, text) WEIR_TLS_E_##name,
	WEIR_TLS_ERRORS(X)
#undef X
		WEIR_TLS_ERROR_END
};

/* "RECORD_MAC": for counters and records. "" for WEIR_TLS_OK. */
const char *weir_tls_error_name(enum weir_tls_error e);
const char *weir_tls_error_text(enum weir_tls_error e);
/* WEIR_TLS_NO_ALERT: none is sent. */
uint8_t weir_tls_error_alert(enum weir_tls_error e);

#endif
