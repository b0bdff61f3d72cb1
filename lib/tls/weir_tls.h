/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TLS 1.2 and 1.3 (RFC 5246, 8446) for either end of a connection, over byte views: nothing here
 * knows a socket or a packet. OpenSSL does the handshake; records are then sealed and opened here,
 * from and into the caller's buffers. Contexts and connections are one worker's; certificates,
 * roots and ticket keys are loaded by control and shared.
 */
#ifndef WEIR_TLS_H
#define WEIR_TLS_H

#include <weir_base.h>

/* ---- what went wrong: name, alert sent to the peer (RFC 8446 section 6), text for people ---- */

#define WEIR_TLS_NO_ALERT 255
#define WEIR_TLS_ERRORS(X)                                                                   \
	X(RECORD_TYPE, 10, "a record of a type that may not come here")                      \
	X(RECORD_VERSION, 70, "a record whose version is none of TLS")                       \
	X(RECORD_SIZE, 22, "a record that is too large")                                     \
	X(RECORD_MAC, 20, "a record that was not made with the connection's keys")           \
	X(RECORDS_EMPTY, 10, "too many records without content in a row")                    \
	X(KEY_LIMIT, 80, "the keys have been used for as long as they may be")               \
	X(KEY_UPDATES, 10, "key updates come too fast")                                      \
	X(MESSAGE, 10, "a handshake message that may not come here")                         \
	X(MESSAGE_FORMAT, 50, "a handshake message that is malformed")                       \
	X(RENEGOTIATION, 100, "the peer wants to renegotiate")                               \
	X(TRUNCATED, WEIR_TLS_NO_ALERT, "the connection was closed without close_notify")    \
	X(PEER_ALERT, WEIR_TLS_NO_ALERT, "the peer has sent a fatal alert")                  \
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
	X(CERT_BAD, 42, "the peer's certificate is malformed, or may not be used for this")  \
	X(HANDSHAKE, 40, "the handshake failed")                                             \
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

/* ---- ClientHello ---- */

#define WEIR_TLS_HELLO_MAX       (65536 + 4) /* bytes of the largest message that is read */
#define WEIR_TLS_HELLO_LIST      512         /* cipher suites, and so with every other list */
#define WEIR_TLS_HELLO_EXTENSION 128         /* extensions */
#define WEIR_TLS_NAME_MAX        255         /* bytes of a host name */

/* What the client says whom it wants to talk to (RFC 6066 section 3). All but NAME are names that
 * no policy should take for the server's. */
enum weir_tls_sni {
	WEIR_TLS_SNI_NONE,
	WEIR_TLS_SNI_NAME,
	WEIR_TLS_SNI_ADDRESS, /* an address in the place of a name, which RFC 6066 forbids */
	WEIR_TLS_SNI_TWICE,   /* more than one name */
	WEIR_TLS_SNI_BAD,     /* NUL, or anything else that is not of a host's name */
	WEIR_TLS_SNI_LONG,    /* the name, or a label of it */
	WEIR_TLS_SNI_END
};
/* "none", "name", …: for records. */
const char *weir_tls_sni_name(enum weir_tls_sni sni);

/*
 * Brings a host's name into the one form that names are compared in: lower case, no dot at the
 * end. *text is "" unless NAME or ADDRESS comes back; it may be `in` itself, or NONE for an empty
 * one. Letters, digits, '-', '_' and dots between labels that are not empty.
 */
enum weir_tls_sni weir_tls_name_read(struct weir_bytes in, char text[WEIR_TLS_NAME_MAX + 1]);

/*
 * A ClientHello (RFC 8446 section 4.1.2). All views are into the room that it was read into. Lists
 * of numbers are in network order (weir_tls_u16); they and the extensions have GREASE values (RFC
 * 8701) where the client put them. A list that is not there is empty; where it is there it is
 * well formed.
 */
struct weir_tls_hello {
	struct weir_bytes message; /* the whole handshake message, as it was sent */
	uint16_t record_version;   /* of its first record */
	uint16_t legacy_version;
	uint16_t version;      /* the highest that is offered; 0 when GREASE is all there is */
	const uint8_t *random; /* 32 bytes */
	struct weir_bytes session_id;
	struct weir_bytes ciphers; /* numbers */
	struct weir_bytes compressions;
	struct weir_bytes extensions; /* weir_tls_extension_next */
	unsigned int n_extensions;    /* with GREASE */

	enum weir_tls_sni sni;
	struct weir_bytes server_name;    /* the first, as it was sent */
	char name[WEIR_TLS_NAME_MAX + 1]; /* of NAME and ADDRESS, see weir_tls_name_read */

	struct weir_bytes alpn;       /* weir_tls_alpn_next */
	struct weir_bytes versions;   /* numbers */
	struct weir_bytes groups;     /* numbers */
	struct weir_bytes signatures; /* numbers */
	struct weir_bytes formats;    /* of points, a byte each */
	struct weir_bytes key_shares; /* weir_tls_key_share_next */
	struct weir_bytes psk_modes;  /* a byte each */
	uint16_t record_size_limit;   /* RFC 8449; 0: none */
	uint8_t max_fragment;         /* RFC 6066 section 4; 0: none */
	bool has_ech;                 /* of either kind: a made-up one looks the same */
	bool has_psk;
	bool has_early_data;
	bool has_ticket; /* one that is not empty (RFC 5077) */
	bool has_ems;    /* extended master secret */
	bool has_quic;   /* transport parameters of QUIC */

	size_t need;     /* when more is needed: no use in asking before so many bytes are there */
	const char *why; /* when it is malformed: what is wrong, for people */
};

/*
 * Reads the ClientHello at the front of `views`, which are one run of bytes from the connection's
 * first on: any segmentation, any split into records. The message is copied to `room`, and none
 * larger than `room_len` is taken. Worker only; takes no memory.
 * Returns the bytes up to the end of its last record; 0 when more is needed (out->need); or as
 * soon as it is clear a negative weir_tls_error: NO_HELLO (not TLS, or SSLv2's hello), RECORD_TYPE,
 * RECORD_VERSION, RECORD_SIZE, RECORDS_EMPTY, HELLO_SIZE (also of a list), MESSAGE (something
 * follows it in its record), MESSAGE_FORMAT (out->why), PROTOCOL_VERSION.
 */
WEIR_MUST_CHECK ssize_t weir_tls_hello_parse(const struct weir_bytes *views, unsigned int n_views,
					     uint8_t *room, size_t room_len,
					     struct weir_tls_hello *out);

/* The number at `i`; 0 past the end. */
static inline uint16_t weir_tls_u16(struct weir_bytes list, size_t i)
{
	return i < list.len / 2 ? (uint16_t)(list.ptr[2 * i] << 8 | list.ptr[2 * i + 1]) : 0;
}
/* Reserved by RFC 8701, so that servers learn to pass over what they do not know. */
static inline bool weir_tls_is_grease(uint16_t value)
{
	return (value & 0x0f0f) == 0x0a0a && value >> 8 == (value & 0xff);
}

/* Take the next one off the front of *left; false when none is left. */
bool weir_tls_extension_next(struct weir_bytes *left, uint16_t *type, struct weir_bytes *content);
bool weir_tls_alpn_next(struct weir_bytes *left, struct weir_bytes *protocol);
bool weir_tls_key_share_next(struct weir_bytes *left, uint16_t *group, struct weir_bytes *key);

/*
 * Fingerprints of the client, as text. JA3 (Salesforce 2017) is the MD5 of what the text form has;
 * JA4 is FoxIO's, of TLS clients. *out is "" when libcrypto refuses the digest.
 */
#define WEIR_TLS_JA3 33
#define WEIR_TLS_JA4 37
void weir_tls_ja3(const struct weir_tls_hello *h, char out[WEIR_TLS_JA3]);
void weir_tls_ja4(const struct weir_tls_hello *h, bool is_tcp, char out[WEIR_TLS_JA4]);
/* What they are digests of: JA3's string, and JA4_r. */
#define WEIR_TLS_JA_TEXT 16384
void weir_tls_ja3_text(const struct weir_tls_hello *h, char out[WEIR_TLS_JA_TEXT]);
void weir_tls_ja4_text(const struct weir_tls_hello *h, bool is_tcp, char out[WEIR_TLS_JA_TEXT]);

/*
 * What a server answers in clear (RFC 8446 section 4.1.3, RFC 5246 sections 7.4.1.3 and 7.4.2), for
 * connections that pass undecrypted. Views are into the room.
 */
struct weir_tls_server_hello {
	uint16_t version; /* that is chosen */
	uint16_t cipher;
	bool is_retry;            /* a HelloRetryRequest: the ServerHello is yet to come */
	struct weir_bytes alpn;   /* the protocol that is chosen; before TLS 1.3 only */
	struct weir_bytes leaf;   /* the server's certificate, DER; before TLS 1.3 only */
	struct weir_bytes issuer; /* the next one of its chain */
	uint8_t alert;            /* with -PEER_ALERT: what the server refused by */
	size_t need;              /* as with weir_tls_hello_parse */
	const char *why;
};

/*
 * Reads what is at the front of `views`: alerts that only warn, the ServerHello, and before TLS 1.3
 * the Certificate behind it, unless a session is resumed. Messages are copied to `room`. Worker
 * only; takes no memory.
 * Returns 1 when that is known, 0 when more is needed (out->need), or as soon as it is clear a
 * negative weir_tls_error: PEER_ALERT (out->alert), NO_HELLO, RECORD_TYPE, RECORD_VERSION,
 * RECORD_SIZE, RECORDS_EMPTY, HELLO_SIZE, MESSAGE (something follows a ServerHello of TLS 1.3 in
 * its record), MESSAGE_FORMAT (out->why).
 */
WEIR_MUST_CHECK int weir_tls_server_hello_parse(const struct weir_bytes *views,
						unsigned int n_views, uint8_t *room,
						size_t room_len, struct weir_tls_server_hello *out);

#endif
