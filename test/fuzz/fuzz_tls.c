/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An end of a TLS connection and what its peer sends: records of any type and content, changed on
 * the way or not, key updates, bytes that are no records. Both libraries, in one piece and in many,
 * must make the same of it; once a byte was changed no data may come any more; what this end sends
 * must be understood by the peer.
 */
#include <stdlib.h>

#include <weir_tls_record.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define STREAM 65536
#define PIECES 2048

struct end {
	struct weir_tls_crypto *c;
	struct weir_tls_records r;
	size_t piece; /* bytes of a view or room; 0: all in one */
};

struct run {
	struct end us[2], them;
	struct weir_cursor script;
	uint8_t stream[STREAM]; /* on its way to us */
	size_t len;
	uint16_t change_at; /* of the next record, */
	uint8_t change;     /* its bits */
	bool changed;
	bool padded; /* the peer has chosen the inner type itself (RFC 8446 section 5.4) */
};

static void check(bool ok)
{
	if (!ok)
		abort();
}

/* ---- pieces ---- */

static unsigned int cut_views(struct weir_bytes all, size_t piece, struct weir_bytes *views)
{
	unsigned int n = 0;

	while (piece && n < PIECES - 1 && all.len > piece) {
		views[n++] = weir_bytes_of(all.ptr, piece);
		all = weir_bytes_of(all.ptr + piece, all.len - piece);
	}
	views[n++] = all;
	return n;
}

static unsigned int cut_rooms(uint8_t *at, size_t len, size_t piece, struct weir_tls_room *rooms)
{
	unsigned int n = 0;

	for (; piece && n < PIECES - 1 && len > piece; at += piece, len -= piece)
		rooms[n++] = (struct weir_tls_room){at, piece};
	rooms[n++] = (struct weir_tls_room){at, len};
	return n;
}

static ssize_t open_cut(struct end *e, struct weir_bytes wire, uint8_t *plain,
			struct weir_tls_opened *opened)
{
	static struct weir_bytes views[PIECES];
	static struct weir_tls_room rooms[PIECES];
	struct weir_tls_spans s = {.in = views, .out = rooms};

	s.n_in = cut_views(wire, e->piece, views);
	s.n_out = cut_rooms(plain, WEIR_TLS_RECORD_MAX + 1, e->piece * 3 / 2, rooms);
	return weir_tls_open(e->c, &e->r, &s, opened);
}

static ssize_t seal_cut(struct end *e, uint8_t type, struct weir_bytes content, uint8_t *wire)
{
	static struct weir_bytes views[PIECES];
	static struct weir_tls_room rooms[PIECES];
	struct weir_tls_spans s = {.in = views, .out = rooms};

	s.n_in = cut_views(content, e->piece, views);
	s.n_out = cut_rooms(wire, WEIR_TLS_RECORD_MAX + WEIR_TLS_OVERHEAD_MAX, e->piece * 3 / 2,
			    rooms);
	return weir_tls_seal(e->c, &e->r, type, &s);
}

static ssize_t post(struct end *e, uint8_t *wire)
{
	struct weir_tls_room room = {wire, WEIR_TLS_POST_MAX};
	ssize_t n = weir_tls_post_write(e->c, &e->r, &room, 1);

	check(n <= WEIR_TLS_POST_MAX);
	return n;
}

/* ---- our end ---- */

static bool same_state(const struct weir_tls_records *a, const struct weir_tls_records *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* Both of our ends send the same, and the peer understands it. */
static void tell(struct run *x, const uint8_t *wire, const uint8_t *other, ssize_t n, ssize_t m)
{
	uint8_t plain[WEIR_TLS_RECORD_MAX + 1];
	struct weir_tls_opened opened;
	ssize_t rc;

	check(n == m);
	if (n <= 0)
		return;
	check(memcmp(wire, other, (size_t)n) == 0 && same_state(&x->us[0].r, &x->us[1].r));
	rc = open_cut(&x->them, weir_bytes_of(wire, (size_t)n), plain, &opened);
	check(rc == n || (rc < 0 && rc != -WEIR_TLS_E_RECORD_MAC));
}

static void tell_due(struct run *x)
{
	uint8_t wire[WEIR_TLS_POST_MAX], other[WEIR_TLS_POST_MAX];

	while (weir_tls_post_due(&x->us[0].r)) {
		ssize_t n = post(&x->us[0], wire);

		check(n != 0);
		tell(x, wire, other, n, post(&x->us[1], other));
	}
}

static void tell_data(struct run *x, size_t len)
{
	static const uint8_t data[WEIR_TLS_RECORD_MAX];
	static uint8_t wire[2][WEIR_TLS_RECORD_MAX + WEIR_TLS_OVERHEAD_MAX];
	ssize_t n[2];

	for (unsigned int i = 0; i < 2; i++)
		n[i] = seal_cut(&x->us[i], WEIR_TLS_APPLICATION_DATA, weir_bytes_of(data, len),
				wire[i]);
	tell(x, wire[0], wire[1], n[0], n[1]);
}

static void take_out(struct run *x, size_t n)
{
	check(n <= x->len);
	memmove(x->stream, x->stream + n, x->len - n);
	x->len -= n;
}

/* Opens what has come; 0 when more is needed, or it has ended. */
static ssize_t hear_one(struct run *x)
{
	static uint8_t plain[2][WEIR_TLS_RECORD_MAX + 1];
	struct weir_tls_opened opened[2];
	ssize_t n[2];

	for (unsigned int i = 0; i < 2; i++)
		n[i] = open_cut(&x->us[i], weir_bytes_of(x->stream, x->len), plain[i], &opened[i]);
	check(n[0] == n[1] && same_state(&x->us[0].r, &x->us[1].r));
	check(opened[0].type == opened[1].type && opened[0].len == opened[1].len);
	check(memcmp(plain[0], plain[1], opened[0].len) == 0);
	check(!opened[0].len ||
	      (n[0] > 0 && opened[0].type == WEIR_TLS_APPLICATION_DATA && !x->changed));
	for (size_t i = 0; i < opened[0].len && !x->padded; i++)
		check(plain[0][i] == (uint8_t)i);
	return opened[0].closed ? 0 : n[0];
}

static void hear(struct run *x)
{
	ssize_t n;

	while ((n = hear_one(x)) > 0) {
		take_out(x, (size_t)n);
		tell_due(x);
	}
	tell_due(x);
}

/* ---- the peer ---- */

static void arrive(struct run *x, uint8_t *wire, size_t n)
{
	if (x->change && x->change_at < n) {
		wire[x->change_at] ^= x->change;
		x->changed = true;
		x->change = 0;
	}
	if (n > sizeof(x->stream) - x->len)
		return;
	memcpy(x->stream + x->len, wire, n);
	x->len += n;
}

static void send_record(struct run *x, uint8_t type, struct weir_bytes content)
{
	static uint8_t wire[WEIR_TLS_RECORD_MAX + WEIR_TLS_OVERHEAD_MAX];
	ssize_t n = seal_cut(&x->them, type, content, wire);

	if (n > 0)
		arrive(x, wire, (size_t)n);
}

static void send_data(struct run *x, size_t len)
{
	static uint8_t content[WEIR_TLS_RECORD_MAX];

	for (size_t i = 0; i < len; i++)
		content[i] = (uint8_t)i;
	send_record(x, WEIR_TLS_APPLICATION_DATA, weir_bytes_of(content, len));
}

static void send_due(struct run *x)
{
	uint8_t wire[WEIR_TLS_POST_MAX];
	ssize_t n;

	while ((n = post(&x->them, wire)) > 0)
		arrive(x, wire, (size_t)n);
}

static void send_raw(struct run *x, struct weir_bytes bytes)
{
	uint8_t copy[64];

	memcpy(copy, bytes.ptr, bytes.len);
	x->changed |= bytes.len != 0;
	arrive(x, copy, bytes.len);
}

/* Up to 31 bytes, their number first. */
static struct weir_bytes script_bytes(struct run *x)
{
	size_t n = weir_cursor_u8(&x->script) % 32;
	const uint8_t *at;

	if (n > weir_cursor_left(&x->script))
		n = weir_cursor_left(&x->script);
	at = weir_cursor_take(&x->script, n);
	return at ? weir_bytes_of(at, n) : weir_bytes_str("");
}

static void step(struct run *x)
{
	uint8_t what = weir_cursor_u8(&x->script), type;

	switch (what % 8) {
	case 0:
		send_data(x, weir_cursor_u16(&x->script) % (WEIR_TLS_RECORD_MAX + 1));
		break;
	case 1:
		send_record(x, WEIR_TLS_HANDSHAKE, script_bytes(x));
		break;
	case 2:
		send_record(x, WEIR_TLS_ALERT, script_bytes(x));
		break;
	case 3:
		type = weir_cursor_u8(&x->script);
		x->padded |= type == 0;
		if (type != WEIR_TLS_APPLICATION_DATA)
			send_record(x, type, script_bytes(x));
		break;
	case 4:
		x->change_at = weir_cursor_u16(&x->script);
		x->change = weir_cursor_u8(&x->script);
		break;
	case 5:
		weir_tls_key_update(&x->them.r, what & 8);
		send_due(x);
		break;
	case 6:
		send_raw(x, script_bytes(x));
		break;
	default:
		weir_tls_key_update(&x->us[0].r, what & 8);
		weir_tls_key_update(&x->us[1].r, what & 8);
		tell_due(x);
		tell_data(x, what);
		send_due(x);
	}
	hear(x);
}

/* ---- */

static void run_init(struct run *x, uint8_t kind, uint8_t piece)
{
	struct weir_tls_records_cfg cfg =
					    {
						    .version =
							    kind & 1 ? WEIR_TLS_1_3 : WEIR_TLS_1_2,
						    .suite = (enum weir_tls_suite)(kind >> 2 & 3) %
							     WEIR_TLS_SUITE_END,
						    .is_server = kind >> 1 & 1,
					    },
				    back;

	memset(&cfg.tx, 1, offsetof(struct weir_tls_keys, seq));
	memset(&cfg.rx, 2, offsetof(struct weir_tls_keys, seq));
	back = cfg;
	back.is_server = !cfg.is_server;
	back.tx = cfg.rx;
	back.rx = cfg.tx;
	for (unsigned int i = 0; i < 2; i++) {
		x->us[i].piece = i ? piece : 0;
		check(weir_tls_records_init(&x->us[i].r, &cfg) == 0);
		x->us[i].r.key_records = 50;
	}
	check(weir_tls_records_init(&x->them.r, &back) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct weir_tls_crypto *c[2];
	static struct run x;

	if (size < 2)
		return 0;
	for (unsigned int i = 0; i < 2; i++)
		c[i] = c[i] ? c[i] : weir_tls_crypto_create(i == 0);
	memset(&x, 0, sizeof(x));
	x.us[0].c = x.them.c = c[0];
	x.us[1].c = c[1];
	run_init(&x, data[0], data[1]);
	x.script = weir_cursor_of(data + 2, size - 2);
	/* A kind that has bit 7: a stream of whatever it is. */
	if (data[0] & 0x80) {
		x.len = size - 2 < STREAM ? size - 2 : STREAM;
		memcpy(x.stream, data + 2, x.len);
		x.changed = true;
		hear(&x);
	}
	while (!(data[0] & 0x80) && x.script.ok && weir_cursor_left(&x.script))
		step(&x);
	return 0;
}
