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

/* ---- records after the handshake (RFC 8446 section 5, RFC 5246 section 6) ---- */

#define WEIR_TLS_RECORD_MAX   16384 /* bytes of content in a record */
#define WEIR_TLS_HEADER       5     /* bytes */
#define WEIR_TLS_OVERHEAD_MAX 29    /* what a record has beside its content, at most */
#define WEIR_TLS_POST_MAX     64    /* bytes that weir_tls_post_write() writes, at most */

#define WEIR_TLS_1_2 0x0303
#define WEIR_TLS_1_3 0x0304

/* Content types. */
#define WEIR_TLS_CHANGE_CIPHER_SPEC 20
#define WEIR_TLS_ALERT              21
#define WEIR_TLS_HANDSHAKE          22
#define WEIR_TLS_APPLICATION_DATA   23

#define WEIR_TLS_CLOSE_NOTIFY 0 /* an alert */

/* By its AEAD and, in TLS 1.3, its hash; the hash of a TLS 1.2 suite does not matter here. */
enum weir_tls_suite {
	WEIR_TLS_AES_128_GCM_SHA256,
	WEIR_TLS_AES_256_GCM_SHA384,
	WEIR_TLS_CHACHA20_POLY1305_SHA256,
	WEIR_TLS_SUITE_END
};

/*
 * What a worker seals and opens with: intel-ipsec-mb's AES-GCM where it is allowed and the CPU has
 * VAES and AVX512, OpenSSL otherwise and for ChaCha20; and the tables of the keys used last.
 * Control makes it, one worker uses it.
 */
struct weir_tls_crypto;
/* NULL: no memory. */
struct weir_tls_crypto *weir_tls_crypto_create(bool allow_ipsec_mb);
void weir_tls_crypto_destroy(struct weir_tls_crypto *c);
/* "ipsec-mb" or "openssl": what AES-GCM is done with. */
const char *weir_tls_crypto_name(const struct weir_tls_crypto *c);

/*
 * Of one direction. In TLS 1.3 key and iv follow from the traffic secret, of 32 or 48 bytes. In
 * TLS 1.2 there is no secret; with AES-GCM `iv` is the salt of 4 bytes and then the explicit nonce
 * of record 0, so that the nonce of a record sent is the latter + seq (RFC 5288 section 3).
 */
struct weir_tls_keys {
	uint8_t key[32];
	uint8_t iv[12];
	uint8_t secret[48];
	uint64_t seq; /* of the next record */
};

/* How the handshake left a connection. TLS 1.3: secret and seq of each direction are read, TLS 1.2:
 * key, iv and seq. The caller wipes it. */
struct weir_tls_records_cfg {
	uint16_t version;
	enum weir_tls_suite suite;
	bool is_server;
	bool derived; /* TLS 1.3: key and iv stand beside the secret already, zeros behind the key
		       */
	struct weir_tls_keys tx, rx;
};

/*
 * Both directions after the handshake; embedded by its owner, used by one worker. `key_records` may
 * be lowered after init. Nothing is opened once `rx_closed`, or sealed once `tx_closed`.
 */
struct weir_tls_records {
	struct weir_tls_keys tx, rx;
	uint16_t version;
	uint8_t suite; /* enum weir_tls_suite */
	bool is_server;
	/* What came. */
	bool rx_closed;
	uint8_t error;         /* enum weir_tls_error: opening ended with it */
	uint8_t empty;         /* records without application data in a row */
	uint8_t warnings;      /* alerts of level warning in a row */
	uint16_t updates;      /* debt of key updates and renegotiations, paid off by data */
	uint8_t message[4];    /* header of the handshake message that has begun */
	uint8_t message_have;  /* bytes of it */
	uint32_t message_left; /* bytes of the message's body that are to come */
	/* What is to be sent. */
	bool tx_closed;
	bool update_due;      /* a KeyUpdate */
	bool update_ask;      /* and the peer is asked for one with it */
	bool update_asked;    /* as it was before, but has sent none yet */
	bool refuse_due;      /* a warning no_renegotiation */
	uint8_t fatal_due;    /* this fatal alert; WEIR_TLS_NO_ALERT: none */
	uint32_t key_records; /* TLS 1.3: a direction's key is changed after so many records */
};

/* Records under one AES-GCM key: below the 2^24.5 of RFC 8446 section 5.5. */
#define WEIR_TLS_KEY_RECORDS (1U << 24)

/* 0, -WEIR_TLS_E_PROTOCOL_VERSION or -WEIR_TLS_E_NO_CIPHER for what is none of the above, or
 * -WEIR_TLS_E_MEMORY. */
WEIR_MUST_CHECK int weir_tls_records_init(struct weir_tls_records *r,
					  const struct weir_tls_records_cfg *cfg);
/* Forgets the keys, and their tables in `c`, which may be NULL. */
void weir_tls_records_wipe(struct weir_tls_crypto *c, struct weir_tls_records *r);

/* A borrowed place of `len` bytes that are written. */
struct weir_tls_room {
	uint8_t *ptr;
	size_t len;
};

/*
 * What is read and where the result goes: views and rooms in any number, of any sizes, 0 too. The
 * room of a byte is the memory that the byte is read from (in place), or is not read from at all.
 */
struct weir_tls_spans {
	const struct weir_bytes *in;
	unsigned int n_in;
	const struct weir_tls_room *out;
	unsigned int n_out;
};

/* Bytes of the record at the front of the views, with its header; 0: fewer than five bytes are
 * there. -WEIR_TLS_E_RECORD_TYPE, _RECORD_VERSION, _RECORD_SIZE or _RECORD_MAC (too short for a
 * tag) where these five tell; weir_tls_open() says the same, and then an alert is due. */
ssize_t weir_tls_peek(const struct weir_tls_records *r, const struct weir_bytes *in,
		      unsigned int n_in);

/* Bytes of rooms that weir_tls_open() needs for a record of `record` bytes (weir_tls_peek()): its
 * content with, in TLS 1.3, type and padding. */
size_t weir_tls_open_room(const struct weir_tls_records *r, size_t record);

/* The rooms for opening the record at the front of `in` in place, where all of `in` is writable.
 * Returns how many; 0 when the record is not there, or `max` are not enough: `n_in` always are. */
unsigned int weir_tls_open_in_place(const struct weir_tls_records *r, const struct weir_bytes *in,
				    unsigned int n_in, struct weir_tls_room *rooms,
				    unsigned int max);

struct weir_tls_opened {
	uint8_t type;   /* content type; 0 when nothing was opened */
	uint8_t alert;  /* with WEIR_TLS_ALERT: the peer's */
	bool closed;    /* by close_notify: nothing more will come */
	size_t len;     /* application data, the first bytes of the rooms */
	size_t content; /* bytes of the rooms that are content, of whatever type */
};

/*
 * Opens the record at the front of the views. What is no application data is dealt with here: key
 * updates, session tickets, refused renegotiation, alerts; what follows from it is to be sent by
 * weir_tls_post_write(). What comes after close_notify is passed over (RFC 8446 section 6.1).
 * Returns the record's bytes, 0 when more are needed, or a negative enum weir_tls_error, which ends
 * the connection: the same comes again, and the alert for the peer is due. Rooms then hold nothing
 * of the record. -WEIR_TLS_E_MEMORY when they are too small: then nothing has happened. Worker
 * only.
 */
WEIR_MUST_CHECK ssize_t weir_tls_open(struct weir_tls_crypto *c, struct weir_tls_records *r,
				      const struct weir_tls_spans *s,
				      struct weir_tls_opened *opened);

/* What the end of the peer's stream means: 0 after close_notify, otherwise -WEIR_TLS_E_TRUNCATED,
 * or the error that came before. */
WEIR_MUST_CHECK int weir_tls_eof(const struct weir_tls_records *r);

/* Bytes of the record that has `len` bytes of content. */
size_t weir_tls_seal_room(const struct weir_tls_records *r, size_t len);

/* Where, in the record, its content lies: for sealing in place. */
size_t weir_tls_seal_offset(const struct weir_tls_records *r);

/*
 * Makes one record out of all views, of 0 to WEIR_TLS_RECORD_MAX bytes together.
 * Returns the bytes written (weir_tls_seal_room()), or 0 when weir_tls_post_write() has to come
 * first. -WEIR_TLS_E_RECORD_SIZE, -WEIR_TLS_E_CLOSED, or -WEIR_TLS_E_MEMORY when the rooms are too
 * small: nothing has happened then. -WEIR_TLS_E_KEY_LIMIT: the numbers of records are used up
 * (TLS 1.2). Worker only.
 */
WEIR_MUST_CHECK ssize_t weir_tls_seal(struct weir_tls_crypto *c, struct weir_tls_records *r,
				      uint8_t type, const struct weir_tls_spans *s);

/* Whether something is to be sent that follows from what came, or from the age of the keys. */
bool weir_tls_post_due(const struct weir_tls_records *r);
/*
 * Writes what is due: a KeyUpdate and the change of our key (RFC 8446 section 4.6.3), the refusal
 * of a renegotiation, or the fatal alert, after which the keys are forgotten. The rooms take
 * WEIR_TLS_POST_MAX bytes. Returns the bytes written, 0 for none, or -WEIR_TLS_E_MEMORY.
 */
WEIR_MUST_CHECK ssize_t weir_tls_post_write(struct weir_tls_crypto *c, struct weir_tls_records *r,
					    const struct weir_tls_room *out, unsigned int n_out);

/* A KeyUpdate becomes due, which asks the peer for one too when `ask`. TLS 1.2 has none: nothing
 * happens. */
void weir_tls_key_update(struct weir_tls_records *r, bool ask);

/* Writes close_notify or a fatal alert, into WEIR_TLS_POST_MAX bytes; nothing is sealed after it.
 * Returns as weir_tls_post_write(); -WEIR_TLS_E_CLOSED when this end has closed already. */
WEIR_MUST_CHECK ssize_t weir_tls_alert_write(struct weir_tls_crypto *c, struct weir_tls_records *r,
					     uint8_t alert, const struct weir_tls_room *out,
					     unsigned int n_out);

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

/* ---- contexts and certificates ---- */

/*
 * Files are read by control into structs that are fixed afterwards and shared by all workers: a
 * context of a worker parses its own copy of them, so that workers share no reference count.
 * Whoever made a struct keeps it alive for as long as contexts may be made of it, no longer.
 * `why` gets one line of text without a newline when something fails.
 */

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

/*
 * The keys of session tickets (RFC 5077), one set for all workers and generations: the newest
 * seals, it and the two before it open. Workers take no lock. Held as keys of certificates are.
 */
struct weir_tls_tickets;

/* Control. NULL: no memory or no randomness. */
struct weir_tls_tickets *weir_tls_tickets_create(void);
void weir_tls_tickets_destroy(struct weir_tls_tickets *t);
/* A new key. Control, one thread. 0, or -WEIR_EIO when there is no randomness: the old one stays.
 */
WEIR_MUST_CHECK int weir_tls_tickets_rotate(struct weir_tls_tickets *t);

/* Of a session, and so how long a key for tickets is good for something. */
#define WEIR_TLS_SESSION_S 7200

#define WEIR_TLS_ALPN_MAX 16 /* names in a list */

/* OpenSSL's names, separated by colons. NULL for each: Mozilla's intermediate configuration without
 * finite-field DH (a peer can make that too expensive), AES-128-GCM and X25519 first. */
struct weir_tls_algorithms {
	const char *ciphers12, *ciphers13;
	const char *groups;
	const char *signatures;
};

/* Zero for `min_version` and `max_version`: 1.2 and 1.3. */
struct weir_tls_versions {
	uint16_t min, max;
};

/* Names in our order of preference, at most WEIR_TLS_ALPN_MAX: "h2", "http/1.1". */
struct weir_tls_alpn {
	const char *const *names;
	unsigned int n;
};

/*
 * What the contexts of one worker may share: a context of libcrypto's for that worker alone, which
 * derives TLS 1.3's keys itself. Without it everything works the same, and a handshake takes
 * longer. It takes 0.3 MB. Control makes it, and contexts in it at any time; else it is the
 * worker's. Contexts that are left keep it.
 */
struct weir_tls_lib;
/* NULL: no memory. */
struct weir_tls_lib *weir_tls_lib_create(void);
void weir_tls_lib_destroy(struct weir_tls_lib *lib);

enum weir_tls_verify_client {
	WEIR_TLS_CLIENT_NONE,
	WEIR_TLS_CLIENT_OPTIONAL, /* one that is shown must be good */
	WEIR_TLS_CLIENT_REQUIRED
};

/* The caller's for the time of the call. */
struct weir_tls_server_cfg {
	struct weir_tls_lib *lib; /* the worker's; NULL: none */
	const char *id; /* sessions are resumed among contexts of one id, if client_roots agree */
	const struct weir_tls_cert *const *certs; /* the first is for unknown names and for none */
	unsigned int n_certs;
	struct weir_tls_versions versions;
	struct weir_tls_algorithms algorithms;
	struct weir_tls_alpn alpn;
	enum weir_tls_verify_client verify_client;
	const struct weir_tls_roots *client_roots;
	const struct weir_tls_tickets
		*tickets; /* NULL: no session is resumed; outlives the context */
	bool sni_strict;  /* a name that no certificate has is refused; none at all is not */
};

enum weir_tls_verify {
	WEIR_TLS_VERIFY_FULL, /* the chain and the name */
	WEIR_TLS_VERIFY_CA,   /* the chain */
	WEIR_TLS_VERIFY_NONE
};

struct weir_tls_client_cfg {
	struct weir_tls_lib *lib; /* the worker's; NULL: none */
	enum weir_tls_verify verify;
	const struct weir_tls_roots *roots; /* NULL only where nothing is verified */
	const struct weir_tls_cert *cert;   /* shown to servers that ask; NULL: none */
	struct weir_tls_versions versions;
	struct weir_tls_algorithms algorithms;
	struct weir_tls_alpn alpn;
	unsigned int sessions; /* names whose last session is kept for resumption; 0: none */
};

/* What one worker accepts and makes connections with. Made by control or the worker; afterwards the
 * worker's alone. NULL with the reason in `why`. */
struct weir_tls_server;
struct weir_tls_server *weir_tls_server_create(const struct weir_tls_server_cfg *cfg,
					       struct weir_buf *why);
struct weir_tls_client;
struct weir_tls_client *weir_tls_client_create(const struct weir_tls_client_cfg *cfg,
					       struct weir_buf *why);
/* Connections that are left keep what they need until they are destroyed. NULL is allowed. */
void weir_tls_server_destroy(struct weir_tls_server *s);
void weir_tls_client_destroy(struct weir_tls_client *c);

/* ---- connections ---- */

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

/* ---- minting ---- */

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
/* Sends all of the views. 0, or a negative enum weir_tls_error. */
WEIR_MUST_CHECK int weir_tls_kept_write(struct weir_tls_conn *c, const struct weir_bytes *in,
					unsigned int n, const struct weir_tls_writer *out);
/* Sends close_notify, once. */
WEIR_MUST_CHECK int weir_tls_kept_close(struct weir_tls_conn *c, const struct weir_tls_writer *out);

#endif
