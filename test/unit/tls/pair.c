/* SPDX-License-Identifier: BSD-3-Clause */
#include "tls_test.h"

struct kind kind_of(unsigned int i)
{
	return (struct kind){
		.version = i & 1 ? WEIR_TLS_1_3 : WEIR_TLS_1_2,
		.is_server = i >> 1 & 1,
		.suite = (enum weir_tls_suite)(i >> 2),
	};
}

/* Any will do, if only they differ. */
static void fill_keys(struct weir_tls_keys *k, uint8_t from)
{
	uint8_t *bytes = (uint8_t *)k;

	memset(k, 0, sizeof(*k));
	for (size_t i = 0; i < offsetof(struct weir_tls_keys, seq); i++)
		bytes[i] = (uint8_t)(from + i * 7);
}

struct weir_tls_records_cfg other_end(const struct weir_tls_records *r)
{
	return (struct weir_tls_records_cfg){
		.version = r->version,
		.suite = (enum weir_tls_suite)r->suite,
		.is_server = !r->is_server,
		.tx = r->rx,
		.rx = r->tx,
	};
}

struct weir_tls_crypto *test_crypto(void)
{
	static struct weir_tls_crypto *c;

	if (!c)
		c = weir_tls_crypto_create(true);
	ck_assert_ptr_nonnull(c);
	return c;
}

void pair_init(struct pair *p, struct kind kind)
{
	struct weir_tls_records_cfg cfg = {
		.version = kind.version, .suite = kind.suite, .is_server = kind.is_server};

	*p = (struct pair){.kind = kind, .c = test_crypto()};
	fill_keys(&cfg.tx, 1);
	fill_keys(&cfg.rx, 100);
	ck_assert_int_eq(weir_tls_records_init(&p->us, &cfg), 0);
	cfg = other_end(&p->us);
	ck_assert_int_eq(weir_tls_records_init(&p->them, &cfg), 0);
}

void pair_fini(struct pair *p)
{
	weir_tls_records_wipe(p->c, &p->us);
	weir_tls_records_wipe(p->c, &p->them);
}

ssize_t seal(struct weir_tls_crypto *c, struct weir_tls_records *r, uint8_t type,
	     struct weir_bytes content, uint8_t *wire)
{
	struct weir_tls_room room = {wire, WIRE_MAX};
	struct weir_tls_spans s = {.in = &content, .n_in = 1, .out = &room, .n_out = 1};

	return weir_tls_seal(c, r, type, &s);
}

ssize_t open_one(struct weir_tls_crypto *c, struct weir_tls_records *r, struct weir_bytes wire,
		 uint8_t *plain, struct weir_tls_opened *opened)
{
	struct weir_tls_room room = {plain, WIRE_MAX};
	struct weir_tls_spans s = {.in = &wire, .n_in = 1, .out = &room, .n_out = 1};

	return weir_tls_open(c, r, &s, opened);
}

size_t post_all(struct weir_tls_crypto *c, struct weir_tls_records *r, uint8_t *wire)
{
	size_t n = 0;

	while (weir_tls_post_due(r)) {
		struct weir_tls_room room = {wire + n, WIRE_MAX - n};
		ssize_t more = weir_tls_post_write(c, r, &room, 1);

		ck_assert_int_gt(more, 0);
		n += (size_t)more;
	}
	return n;
}

int hear(struct pair *p, uint8_t type, const void *content, size_t len,
	 struct weir_tls_opened *opened)
{
	uint8_t wire[WIRE_MAX], plain[WIRE_MAX];
	ssize_t n = seal(p->c, &p->them, type, weir_bytes_of(content, len), wire), rc;

	ck_assert_int_gt(n, 0);
	rc = open_one(p->c, &p->us, weir_bytes_of(wire, (size_t)n), plain, opened);
	if (rc > 0) {
		ck_assert_int_eq(rc, n);
		ck_assert(!opened->len || memcmp(plain, content, len) == 0);
	}
	return rc < 0 ? (int)rc : 0;
}

void hear_ok(struct pair *p, uint8_t type, const void *content, size_t len)
{
	struct weir_tls_opened opened;

	ck_assert_int_eq(hear(p, type, content, len, &opened), 0);
	ck_assert_uint_eq(opened.type, type);
	ck_assert_uint_eq(opened.len, type == WEIR_TLS_APPLICATION_DATA ? len : 0);
}

void hear_data(struct pair *p, unsigned int times)
{
	while (times--)
		hear_ok(p, WEIR_TLS_APPLICATION_DATA, "x", 1);
}

void answer(struct pair *p, struct weir_tls_opened *opened)
{
	uint8_t wire[WIRE_MAX], plain[WIRE_MAX];
	size_t n = post_all(p->c, &p->us, wire);

	ck_assert_uint_gt(n, 0);
	(void)!open_one(p->c, &p->them, weir_bytes_of(wire, n), plain, opened);
}

const uint8_t *some_bytes(void)
{
	static uint8_t bytes[WEIR_TLS_RECORD_MAX + 1];
	uint32_t x = 1;

	for (size_t i = 0; !bytes[0] && i < sizeof(bytes); i++) {
		x = x * 1103515245 + 12345;
		bytes[sizeof(bytes) - 1 - i] = (uint8_t)(x >> 16 | 1);
	}
	return bytes;
}

struct scattered *scattered_create(void)
{
	struct scattered *s = malloc(sizeof(*s));

	ck_assert_ptr_nonnull(s);
	return s;
}

void scatter(struct scattered *s, const void *content, size_t len, size_t piece)
{
	size_t at = GAP;

	s->n = 0;
	s->len = len;
	memset(s->bytes, GAP_BYTE, len + (len / piece + 2) * GAP);
	for (size_t done = 0; done < len; done += s->view[s->n++].len) {
		size_t n = len - done < piece ? len - done : piece;

		s->room[s->n] = (struct weir_tls_room){s->bytes + at, n};
		s->view[s->n] = weir_bytes_of(s->bytes + at, n);
		if (content)
			memcpy(s->bytes + at, (const uint8_t *)content + done, n);
		at += n + GAP;
	}
}

static bool is_gap(const uint8_t *at)
{
	return at[0] == GAP_BYTE && at[1] == GAP_BYTE && at[2] == GAP_BYTE;
}

void gather(const struct scattered *s, uint8_t *out)
{
	const uint8_t *gap = s->bytes;
	bool kept = true;

	for (unsigned int i = 0; i < s->n; i++) {
		kept &= is_gap(gap);
		memcpy(out, s->view[i].ptr, s->view[i].len);
		out += s->view[i].len;
		gap = s->view[i].ptr + s->view[i].len;
	}
	/* One assertion: each takes a system call. */
	ck_assert(kept && is_gap(gap));
}

size_t from_hex(const char *hex, uint8_t *out)
{
	size_t n = 0;

	for (; hex[0] && hex[1]; hex += 2)
		out[n++] = (uint8_t)(weir_hex_value((uint8_t)hex[0]) << 4 |
				     weir_hex_value((uint8_t)hex[1]));
	return n;
}
