/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TLS, by lib/tls, of an end of a conversation (path_talk.h): what it says is sealed into its
 * stream, and what came is opened. A change may wait for the next bytes that it makes: from then on
 * nothing that it says may arrive.
 */
#ifndef PATH_TLS_PEER_H
#define PATH_TLS_PEER_H

#include "path_talk.h"

#include <weir_tls.h>

#define PEER_TEXT TALK_STREAM

enum peer_change { PEER_FLIP, PEER_DROP, PEER_CUT, PEER_TWICE, PEER_CHANGES };

struct tls_peer {
	struct talk *talk;
	unsigned int end;
	struct weir_tls_crypto *crypto;
	struct weir_tls_conn *conn; /* NULL before and after the handshake; it speaks no TLS */
	struct weir_tls_records records;
	bool tls, done, dead;
	size_t taken; /* of what TCP brought */
	/* the change that waits */
	bool has_change;
	enum peer_change change;
	size_t at;
	/* plaintext */
	bool spoilt; /* after its handshake: of `said` no more than `good` may arrive */
	size_t good;
	size_t n_said, n_got;
	uint8_t said[PEER_TEXT], got[PEER_TEXT];
};

/* For a new conversation; takes `conn`, NULL for an end without TLS. */
void peer_begin(struct tls_peer *p, struct weir_tls_conn *conn);
void peer_end(struct tls_peer *p);
/* Takes what came, and goes on with the handshake. */
void peer_work(struct tls_peer *p);
/* Says so many bytes, each a function of its place. */
void peer_say(struct tls_peer *p, size_t len);
/* A record of this type with any content; what follows from it is the fuzzer's affair. */
void peer_record(struct tls_peer *p, uint8_t type, struct weir_bytes content);
void peer_update_key(struct tls_peer *p, bool ask);
void peer_alert(struct tls_peer *p, uint8_t alert);
/* Bytes into the stream that its TLS knows nothing of. */
void peer_raw(struct tls_peer *p, struct weir_bytes bytes);
void peer_change_next(struct tls_peer *p, enum peer_change change, size_t at);
/* What `p` got is what `other` has said, from the first byte on. */
void peer_check(const struct tls_peer *p, const struct tls_peer *other);

#endif
