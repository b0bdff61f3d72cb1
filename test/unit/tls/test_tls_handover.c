/* SPDX-License-Identifier: BSD-3-Clause */
/* What comes after a handshake: records with the keys that libssl told, or records by libssl. */
#include "conn_test.h"

#define TOTAL (1U << 20)

static const struct {
	uint16_t version;
	const char *cipher;
} kinds[] = {
	{WEIR_TLS_1_3, "TLS_AES_128_GCM_SHA256"},
	{WEIR_TLS_1_3, "TLS_AES_256_GCM_SHA384"},
	{WEIR_TLS_1_3, "TLS_CHACHA20_POLY1305_SHA256"},
	{WEIR_TLS_1_2, "ECDHE-ECDSA-AES128-GCM-SHA256"},
	{WEIR_TLS_1_2, "ECDHE-ECDSA-AES256-GCM-SHA384"},
	{WEIR_TLS_1_2, "ECDHE-ECDSA-CHACHA20-POLY1305"},
};

static void limit_peer(struct peer *p, unsigned int kind)
{
	SSL_CTX_set_min_proto_version(p->ctx, kinds[kind].version);
	SSL_CTX_set_max_proto_version(p->ctx, kinds[kind].version);
	if (kinds[kind].version == WEIR_TLS_1_3)
		ck_assert_int_eq(SSL_CTX_set_ciphersuites(p->ctx, kinds[kind].cipher), 1);
	else
		ck_assert_int_eq(SSL_CTX_set_cipher_list(p->ctx, kinds[kind].cipher), 1);
}

static uint8_t byte_at(size_t i)
{
	return (uint8_t)(i * 7 + (i >> 8) * 13);
}

/* ---- with records of ours ---- */

/* We send `total` bytes in records of changing sizes, the peer reads them. */
static void send_all(struct line *l, struct weir_tls_crypto *c, struct weir_tls_records *r,
		     size_t total)
{
	static uint8_t plain[WEIR_TLS_RECORD_MAX], got[WEIR_TLS_RECORD_MAX],
		wire[WEIR_TLS_RECORD_MAX + WEIR_TLS_OVERHEAD_MAX];

	for (size_t at = 0, size = 1; at < total; size = size * 5 % WEIR_TLS_RECORD_MAX + 1) {
		size_t n = size < total - at ? size : total - at;
		struct weir_bytes in = weir_bytes_of(plain, n);
		struct weir_tls_room room = {wire, sizeof(wire)};
		ssize_t len;

		for (size_t i = 0; i < n; i++)
			plain[i] = byte_at(at + i);
		len = weir_tls_seal(c, r, WEIR_TLS_APPLICATION_DATA,
				    &(struct weir_tls_spans){&in, 1, &room, 1});
		ck_assert_int_gt(len, 0);
		ck_assert_int_eq(BIO_write(l->them->rx, wire, (int)len), len);
		ck_assert_int_eq(SSL_read(l->them->ssl, got, sizeof(got)), (int)n);
		ck_assert_mem_eq(got, plain, n);
		at += n;
	}
}

/* Opens what the peer has sent; bytes of it that are data are checked from `at` on. */
static size_t open_all(struct line *l, struct weir_tls_crypto *c, struct weir_tls_records *r,
		       size_t at, bool *closed)
{
	static uint8_t plain[WEIR_TLS_RECORD_MAX + 256];
	struct weir_tls_room room = {plain, sizeof(plain)};
	struct weir_tls_opened opened;
	size_t wrong = 0;
	ssize_t used;

	line_fetch(l);
	do {
		struct weir_bytes in = weir_bytes_of(l->come.ptr, l->come.len);
		struct weir_bytes content;

		used = weir_tls_open(c, r, &(struct weir_tls_spans){&in, 1, &room, 1}, &opened);
		ck_assert_int_ge(used, 0);
		line_drop(l, (size_t)used);
		content = weir_bytes_of(plain, opened.content);
		if (opened.type == WEIR_TLS_HANDSHAKE)
			weir_tls_conn_ticket(l->us, c, &content, 1);
		for (size_t i = 0; i < opened.len; i++)
			wrong += plain[i] != byte_at(at++);
		*closed = opened.closed;
	} while (used && !*closed);
	ck_assert_uint_eq(wrong, 0);
	return at;
}

static void receive_all(struct line *l, struct weir_tls_crypto *c, struct weir_tls_records *r,
			size_t total)
{
	static uint8_t plain[40000];
	bool closed = false;
	size_t at = 0;

	while (at < total) {
		size_t n = sizeof(plain) < total - at ? sizeof(plain) : total - at;

		for (size_t i = 0; i < n; i++)
			plain[i] = byte_at(at + i);
		ck_assert_int_eq(SSL_write(l->them->ssl, plain, (int)n), (int)n);
		at = open_all(l, c, r, at, &closed);
	}
	ck_assert_uint_eq(at, total);
}

static void close_both(struct line *l, struct weir_tls_crypto *c, struct weir_tls_records *r)
{
	uint8_t wire[WEIR_TLS_POST_MAX], none;
	struct weir_tls_room room = {wire, sizeof(wire)};
	ssize_t n = weir_tls_alert_write(c, r, WEIR_TLS_CLOSE_NOTIFY, &room, 1);
	bool closed = false;

	ck_assert_int_gt(n, 0);
	BIO_write(l->them->rx, wire, (int)n);
	ck_assert_int_eq(SSL_read(l->them->ssl, &none, 1), 0);
	ck_assert_int_eq(SSL_get_shutdown(l->them->ssl), SSL_RECEIVED_SHUTDOWN);
	SSL_shutdown(l->them->ssl);
	open_all(l, c, r, 0, &closed);
	ck_assert(closed);
	ck_assert_int_eq(weir_tls_eof(r), 0);
}

static void talk(struct line *l)
{
	struct weir_tls_crypto *c = weir_tls_crypto_create(true);
	struct weir_tls_records r;

	ck_assert_int_eq(line_shake(l), WEIR_TLS_DONE);
	SSL_do_handshake(l->them->ssl);
	ck_assert_int_eq(SSL_is_init_finished(l->them->ssl), 1);
	ck_assert(weir_tls_take_records(l->us, &r));
	ck_assert(!weir_tls_take_records(l->us, &r));
	send_all(l, c, &r, TOTAL);
	receive_all(l, c, &r, TOTAL);
	close_both(l, c, &r);
	weir_tls_records_wipe(c, &r);
	weir_tls_crypto_destroy(c);
}

static void serve(unsigned int kind, size_t cut, const struct weir_tls_tickets *tickets, bool lib)
{
	struct weir_tls_server_cfg cfg = server_cfg();
	struct weir_tls_server *s;
	struct peer peer;
	struct line l;

	cfg.tickets = tickets;
	cfg.lib = lib ? cfg.lib : NULL;
	s = server_of(&cfg);
	peer_init(&peer, false);
	limit_peer(&peer, kind);
	peer_start(&peer);
	line_init(&l, accept_from(s), &peer);
	l.cut = cut;
	talk(&l);
	line_fini(&l);
	peer_fini(&peer);
	weir_tls_server_destroy(s);
}

START_TEST(a_server_talks_a_mebibyte_both_ways)
{
	struct weir_tls_tickets *t = weir_tls_tickets_create();

	for (unsigned int k = 0; k < WEIR_ARRAY_LEN(kinds); k++) {
		serve(k, 0, NULL, true);
		serve(k, 0, t, true);
		serve(k, 1, t, true);
		serve(k, 0, t, false);
	}
	weir_tls_tickets_destroy(t);
}
END_TEST

static void visit(unsigned int kind, size_t cut, unsigned int sessions, bool lib)
{
	struct weir_tls_client_cfg cfg = client_cfg();
	struct weir_tls_client *c;
	struct peer peer;
	struct line l;

	cfg.sessions = sessions;
	cfg.lib = lib ? cfg.lib : NULL;
	c = client_of(&cfg);
	peer_init(&peer, true);
	peer_show(&peer, &pki()->ec);
	limit_peer(&peer, kind);
	peer_start(&peer);
	line_init(&l, connect_to(c, "www.example.org"), &peer);
	l.cut = cut;
	talk(&l);
	line_fini(&l);
	peer_fini(&peer);
	weir_tls_client_destroy(c);
}

START_TEST(a_client_talks_a_mebibyte_both_ways)
{
	for (unsigned int k = 0; k < WEIR_ARRAY_LEN(kinds); k++) {
		visit(k, 0, 0, true);
		visit(k, 0, 4, true);
		visit(k, 1, 4, true);
		visit(k, 0, 4, false);
	}
}
END_TEST

Suite *handover_suite(void)
{
	return WEIR_SUITE("tls handover", a_server_talks_a_mebibyte_both_ways,
			  a_client_talks_a_mebibyte_both_ways);
}
