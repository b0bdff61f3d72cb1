/* SPDX-License-Identifier: BSD-3-Clause */
/* An end of a conversation that speaks TLS by lib/tls, or says what it says as it is. */
#include "path_tls_peer.h"

#include <rte_common.h>

#define SEALED_MAX (WEIR_TLS_RECORD_MAX + 64)

/* ---- bytes into the stream ---- */

/* What it says from now on cannot be opened by anybody. */
static void spoil(struct tls_peer *p)
{
	if (!p->done || p->spoilt)
		return;
	p->spoilt = true;
	p->good = p->n_said;
}

static void put(struct tls_peer *p, const uint8_t *bytes, size_t len)
{
	talk_write(p->talk, p->end, bytes, len);
}

static void put_changed(struct tls_peer *p, struct weir_bytes bytes)
{
	uint8_t copy[2 * SEALED_MAX];
	size_t len = RTE_MIN(bytes.len, (size_t)SEALED_MAX), at = len ? p->at % len : 0;

	memcpy(copy, bytes.ptr, len);
	p->has_change = false;
	if (p->change == PEER_FLIP)
		copy[at] ^= 0x10;
	put(p, copy, p->change == PEER_DROP ? 0 : p->change == PEER_CUT ? at : len);
	if (p->change == PEER_TWICE)
		put(p, copy, len);
}

/* `len` bytes of what was said are in these: a copy of them may still arrive once. */
static int emit(struct tls_peer *p, struct weir_bytes bytes, size_t len)
{
	if (!p->has_change) {
		put(p, bytes.ptr, bytes.len);
		return 0;
	}
	if (p->change == PEER_TWICE) {
		p->n_said += len;
		spoil(p);
		p->n_said -= len;
	} else {
		spoil(p);
	}
	put_changed(p, bytes);
	return 0;
}

static int write_out(void *ctx, struct weir_bytes bytes)
{
	return emit(ctx, bytes, 0);
}

void peer_raw(struct tls_peer *p, struct weir_bytes bytes)
{
	if (!bytes.len)
		return;
	if (p->tls)
		spoil(p);
	else if (bytes.len > PEER_TEXT - p->n_said)
		return;
	if (!p->tls) {
		memcpy(p->said + p->n_said, bytes.ptr, bytes.len);
		p->n_said += bytes.len;
	}
	put(p, bytes.ptr, bytes.len);
}

void peer_change_next(struct tls_peer *p, enum peer_change change, size_t at)
{
	if (!p->tls)
		return;
	p->has_change = true;
	p->change = change;
	p->at = at;
}

/* ---- records ---- */

static bool has_room(const struct tls_peer *p, size_t len)
{
	return 2 * (len + 64) <= TALK_STREAM - p->talk->end[p->end].n_stream &&
	       len <= PEER_TEXT - p->n_said && !p->talk->end[p->end].fin_sent;
}

static bool seal(struct tls_peer *p, uint8_t type, struct weir_bytes content, size_t data)
{
	uint8_t out[SEALED_MAX];
	struct weir_tls_room room = {out, sizeof(out)};
	const struct weir_tls_spans s = {.in = &content, .n_in = 1, .out = &room, .n_out = 1};
	ssize_t n;

	if (!p->done || p->dead || !has_room(p, content.len))
		return false;
	n = weir_tls_seal(p->crypto, &p->records, type, &s);
	if (n <= 0)
		return false;
	emit(p, weir_bytes_of(out, (size_t)n), data);
	return true;
}

/* What follows from what came, or was asked for. */
static void post(struct tls_peer *p)
{
	uint8_t out[WEIR_TLS_POST_MAX];
	struct weir_tls_room room = {out, sizeof(out)};
	ssize_t n;

	while (weir_tls_post_due(&p->records) && has_room(p, sizeof(out))) {
		n = weir_tls_post_write(p->crypto, &p->records, &room, 1);
		if (n <= 0)
			return;
		emit(p, weir_bytes_of(out, (size_t)n), 0);
	}
}

static void say_plain(struct tls_peer *p, const uint8_t *bytes, size_t len)
{
	if (has_room(p, len))
		peer_raw(p, weir_bytes_of(bytes, len));
}

void peer_say(struct tls_peer *p, size_t len)
{
	uint8_t bytes[WEIR_TLS_RECORD_MAX];

	len = RTE_MIN(len, sizeof(bytes));
	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)((p->n_said + i) * 7 + ((p->n_said + i) >> 8));
	if (!p->tls) {
		say_plain(p, bytes, len);
		return;
	}
	post(p);
	if (!seal(p, WEIR_TLS_APPLICATION_DATA, weir_bytes_of(bytes, len), len))
		return;
	memcpy(p->said + p->n_said, bytes, len);
	p->n_said += len;
}

void peer_record(struct tls_peer *p, uint8_t type, struct weir_bytes content)
{
	/* Data would count as said; it is peer_say's. */
	if (p->tls && type != WEIR_TLS_APPLICATION_DATA)
		(void)seal(p, type, content, 0);
}

void peer_update_key(struct tls_peer *p, bool ask)
{
	if (!p->done || p->dead)
		return;
	weir_tls_key_update(&p->records, ask);
	post(p);
}

void peer_alert(struct tls_peer *p, uint8_t alert)
{
	uint8_t out[WEIR_TLS_POST_MAX];
	struct weir_tls_room room = {out, sizeof(out)};
	ssize_t n;

	if (!p->done || p->dead || !has_room(p, sizeof(out)))
		return;
	post(p);
	n = weir_tls_alert_write(p->crypto, &p->records, alert, &room, 1);
	if (n > 0)
		emit(p, weir_bytes_of(out, (size_t)n), 0);
}

/* ---- what came ---- */

static struct weir_bytes left(const struct tls_peer *p)
{
	const struct talk_end *e = &p->talk->end[p->end];

	return weir_bytes_of(e->got + p->taken, e->n_got - p->taken);
}

static void hand(struct tls_peer *p)
{
	const struct weir_tls_writer out = {write_out, p};
	struct weir_bytes in = left(p);
	size_t used = 0;
	int rc = weir_tls_handshake(p->conn, &in, 1, &used, &out);

	p->taken += used;
	p->dead = rc < 0;
	if (rc != WEIR_TLS_DONE)
		return;
	/* Where libssl keeps the keys there is nothing to be fuzzed: it never does here. */
	weir_assert(weir_tls_take_records(p->conn, &p->records));
	p->done = true;
}

static bool open_one(struct tls_peer *p)
{
	uint8_t out[SEALED_MAX];
	struct weir_tls_room room = {out, sizeof(out)};
	struct weir_bytes in = left(p);
	const struct weir_tls_spans s = {.in = &in, .n_in = 1, .out = &room, .n_out = 1};
	struct weir_tls_opened opened;
	ssize_t used = in.len ? weir_tls_open(p->crypto, &p->records, &s, &opened) : 0;

	/* weir makes no record that cannot be opened. */
	weir_assert(used != -WEIR_TLS_E_RECORD_MAC || p->spoilt);
	p->dead = used < 0;
	if (used <= 0)
		return false;
	p->taken += (size_t)used;
	weir_assert(opened.len <= PEER_TEXT - p->n_got);
	memcpy(p->got + p->n_got, out, opened.len);
	p->n_got += opened.len;
	return true;
}

static void take_plain(struct tls_peer *p)
{
	struct weir_bytes in = left(p);
	size_t n = RTE_MIN(in.len, PEER_TEXT - p->n_got);

	memcpy(p->got + p->n_got, in.ptr, n);
	p->n_got += n;
	p->taken += n;
}

void peer_work(struct tls_peer *p)
{
	if (p->dead || !p->talk->end[p->end].opened)
		return;
	if (!p->tls) {
		take_plain(p);
		return;
	}
	if (!p->done)
		hand(p);
	while (p->done && !p->dead && open_one(p))
		;
	if (p->done)
		post(p);
}

void peer_check(const struct tls_peer *p, const struct tls_peer *other)
{
	weir_assert(p->n_got <= other->n_said);
	weir_assert(!other->spoilt || p->n_got <= other->good);
	weir_assert(memcmp(p->got, other->said, p->n_got) == 0);
}

/* ---- beginning and end ---- */

void peer_begin(struct tls_peer *p, struct weir_tls_conn *conn)
{
	memset(&p->records, 0, sizeof(p->records));
	p->conn = conn;
	p->tls = conn != NULL;
	p->done = p->dead = p->has_change = p->spoilt = false;
	p->taken = p->good = p->n_said = p->n_got = 0;
}

void peer_end(struct tls_peer *p)
{
	if (p->done)
		weir_tls_records_wipe(p->crypto, &p->records);
	weir_tls_conn_destroy(p->conn);
	p->conn = NULL;
	p->done = false;
}
