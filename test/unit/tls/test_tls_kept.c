/* SPDX-License-Identifier: BSD-3-Clause */
/* Connections whose records libssl goes on making. */
#include "conn_test.h"

#include <openssl/err.h>

struct kept {
	struct weir_tls_server *server;
	struct peer peer;
	struct line line;
};

/* With a suite that has no AEAD, or small fragments in either version. */
static void kept_init(struct kept *k, int version, bool small)
{
	struct weir_tls_server_cfg cfg = server_cfg();
	struct weir_tls_records r;

	if (!small)
		cfg.algorithms.ciphers12 = "ECDHE-ECDSA-AES128-SHA256";
	*k = (struct kept){.server = server_of(&cfg)};
	peer_init(&k->peer, false);
	SSL_CTX_set_min_proto_version(k->peer.ctx, version);
	SSL_CTX_set_max_proto_version(k->peer.ctx, version);
	if (small)
		SSL_CTX_set_tlsext_max_fragment_length(k->peer.ctx, TLSEXT_max_fragment_length_512);
	peer_start(&k->peer);
	line_init(&k->line, accept_from(k->server), &k->peer);
	ck_assert_int_eq(line_shake(&k->line), WEIR_TLS_DONE);
	SSL_do_handshake(k->peer.ssl);
	ck_assert(!weir_tls_take_records(k->line.us, &r));
}

static void kept_fini(struct kept *k)
{
	line_fini(&k->line);
	peer_fini(&k->peer);
	weir_tls_server_destroy(k->server);
}

/* Reads what has come, `cut` bytes at a time, into rooms of odd sizes. */
static size_t read_all(struct kept *k, uint8_t *to, size_t cut, bool *closed)
{
	size_t got = 0;

	line_fetch(&k->line);
	*closed = false;
	for (;;) {
		size_t give = k->line.come.len < cut ? k->line.come.len : cut;
		struct weir_bytes in = weir_bytes_of(k->line.come.ptr, give);
		const struct weir_tls_room rooms[] = {
			{to + got, 1}, {to + got + 1, 0}, {to + got + 1, 300}};
		struct weir_tls_opened opened;
		ssize_t used =
			weir_tls_kept_read(k->line.us, &(struct weir_tls_spans){&in, 1, rooms, 3},
					   &k->line.writer, &opened);

		ck_assert_int_ge(used, 0);
		line_drop(&k->line, (size_t)used);
		got += opened.len;
		*closed |= opened.closed;
		if (!used && !opened.len)
			return got;
	}
}

static void talk(int version, bool small, size_t cut)
{
	static uint8_t sent[50000], got[60000];
	const struct weir_bytes views[] = {weir_bytes_of(sent, 1), weir_bytes_of(sent, 0),
					   weir_bytes_of(sent + 1, sizeof(sent) - 1)};
	struct kept k;
	bool closed;

	for (size_t i = 0; i < sizeof(sent); i++)
		sent[i] = (uint8_t)(i * 31 + (i >> 8));
	kept_init(&k, version, small);
	SSL_write(k.peer.ssl, sent, sizeof(sent));
	ck_assert_uint_eq(read_all(&k, got, cut, &closed), sizeof(sent));
	ck_assert_mem_eq(sent, got, sizeof(sent));
	ck_assert(!closed);
	ck_assert_int_eq(weir_tls_kept_write(k.line.us, views, 3, &k.line.writer), 0);
	for (size_t at = 0; at < sizeof(sent);) {
		int n = SSL_read(k.peer.ssl, got + at, (int)(sizeof(sent) - at));

		ck_assert_int_gt(n, 0);
		at += (size_t)n;
	}
	ck_assert_mem_eq(sent, got, sizeof(sent));
	SSL_shutdown(k.peer.ssl);
	read_all(&k, got, cut, &closed);
	ck_assert(closed);
	ck_assert_int_eq(weir_tls_kept_close(k.line.us, &k.line.writer), 0);
	ck_assert_int_eq(SSL_shutdown(k.peer.ssl), 1);
	kept_fini(&k);
}

START_TEST(data_goes_both_ways_in_any_cut)
{
	static const size_t cuts[] = {1, 7, 100000};

	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(cuts); i++) {
		talk(TLS1_2_VERSION, false, cuts[i]);
		talk(TLS1_2_VERSION, true, cuts[i]);
		talk(TLS1_3_VERSION, true, cuts[i]);
	}
}
END_TEST

START_TEST(a_record_that_was_changed_ends_the_connection)
{
	uint8_t plain[100];
	struct weir_tls_room room = {plain, sizeof(plain)};
	struct weir_tls_opened opened;
	struct weir_bytes in;
	struct kept k;

	kept_init(&k, TLS1_3_VERSION, true);
	SSL_write(k.peer.ssl, "data", 4);
	line_fetch(&k.line);
	k.line.come.ptr[k.line.come.len - 1] ^= 1;
	in = weir_bytes_of(k.line.come.ptr, k.line.come.len);
	for (unsigned int i = 0; i < 2; i++)
		ck_assert_tls_error(weir_tls_kept_read(k.line.us,
						       &(struct weir_tls_spans){&in, 1, &room, 1},
						       &k.line.writer, &opened),
				    WEIR_TLS_E_RECORD_MAC);
	ck_assert_uint_eq(weir_tls_conn_failure(k.line.us).alert_sent, 20);
	ck_assert_int_lt(weir_tls_kept_write(k.line.us, &in, 1, &k.line.writer), 0);
	kept_fini(&k);
}
END_TEST

START_TEST(renegotiation_is_refused)
{
	uint8_t plain[100];
	bool closed;
	struct kept k;

	kept_init(&k, TLS1_2_VERSION, false);
	ck_assert_int_eq(SSL_renegotiate(k.peer.ssl), 1);
	SSL_do_handshake(k.peer.ssl);
	ck_assert_uint_eq(read_all(&k, plain, 100, &closed), 0);
	ck_assert_int_le(SSL_do_handshake(k.peer.ssl), 0);
	ck_assert_int_eq(ERR_GET_REASON(ERR_peek_last_error()), SSL_R_NO_RENEGOTIATION);
	ERR_clear_error();
	kept_fini(&k);
}
END_TEST

START_TEST(an_end_in_a_record_can_be_told_from_one_between_two)
{
	uint8_t plain[100];
	struct weir_tls_room room = {plain, sizeof(plain)};
	struct weir_tls_opened opened;
	struct kept k;

	kept_init(&k, TLS1_3_VERSION, true);
	SSL_write(k.peer.ssl, "data", 4);
	line_fetch(&k.line);
	for (size_t at = 0; at < k.line.come.len; at++) {
		struct weir_bytes in = weir_bytes_of(k.line.come.ptr + at, 1);
		struct weir_tls_spans s = {&in, 1, &room, 1};

		ck_assert_int_eq(weir_tls_kept_is_in_record(k.line.us), at > 0);
		ck_assert_int_eq(weir_tls_kept_read(k.line.us, &s, &k.line.writer, &opened), 1);
	}
	ck_assert_uint_eq(opened.len, 4);
	ck_assert(!weir_tls_kept_is_in_record(k.line.us));
	kept_fini(&k);
}
END_TEST

Suite *kept_suite(void)
{
	return WEIR_SUITE("tls kept", data_goes_both_ways_in_any_cut,
			  a_record_that_was_changed_ends_the_connection, renegotiation_is_refused,
			  an_end_in_a_record_can_be_told_from_one_between_two);
}
