/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Records after the handshake (RFC 8446 section 5, RFC 5246 section 6): sealed and opened here,
 * from and into the caller's buffers, with the keys that weir_tls_take_records() gives.
 */
#ifndef WEIR_TLS_RECORD_H
#define WEIR_TLS_RECORD_H

#include <weir_base.h>
#include <weir_tls_error.h>

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
	bool is_server : 1;
	bool rx_closed : 1;
	bool tx_closed : 1;
	/* What is to be sent. */
	bool update_due : 1;   /* a KeyUpdate */
	bool update_ask : 1;   /* and the peer is asked for one with it */
	bool update_asked : 1; /* as it was before, but has sent none yet */
	bool refuse_due : 1;   /* a warning no_renegotiation */
	uint8_t fatal_due;     /* this fatal alert; WEIR_TLS_NO_ALERT: none */
	/* What came. */
	uint8_t error;         /* enum weir_tls_error: opening ended with it */
	uint8_t empty;         /* records without application data in a row */
	uint8_t warnings;      /* alerts of level warning in a row */
	uint16_t updates;      /* debt of key updates and renegotiations, paid off by data */
	uint8_t message[4];    /* header of the handshake message that has begun */
	uint8_t message_have;  /* bytes of it */
	uint32_t message_left; /* bytes of the message's body that are to come */
	uint32_t key_records;  /* TLS 1.3: a direction's key is changed after so many records */
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

#endif
