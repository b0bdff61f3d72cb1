/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the two ends say in the clear: a client's hello with its fingerprints, and a server's answer
 * to it. For connections that pass undecrypted, and before it is known what is done with them.
 */
#ifndef WEIR_TLS_HELLO_H
#define WEIR_TLS_HELLO_H

#include <weir_base.h>
#include <weir_tls_error.h>
#include <weir_tls_name.h>

#define WEIR_TLS_HELLO_MAX       (65536 + 4) /* bytes of the largest message that is read */
#define WEIR_TLS_HELLO_LIST      512         /* cipher suites, and so with every other list */
#define WEIR_TLS_HELLO_EXTENSION 128         /* extensions */

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
