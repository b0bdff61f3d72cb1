/* SPDX-License-Identifier: BSD-3-Clause */
/* Handshakes in every cut, and everything that can be wrong with them. */
#include "conn_test.h"

static void limit(struct peer *p, int version)
{
	SSL_CTX_set_min_proto_version(p->ctx, version);
	SSL_CTX_set_max_proto_version(p->ctx, version);
}

/* ---- cuts ---- */

/* With a retry for the group, and with the client's certificate. */
static void serve_in_cuts(int version, const char *groups, size_t cut)
{
	struct weir_tls_server_cfg cfg = server_cfg();
	struct weir_tls_server *s;
	struct peer p;
	struct line l;

	cfg.verify_client = WEIR_TLS_CLIENT_REQUIRED;
	cfg.client_roots = pki()->roots;
	s = server_of(&cfg);
	peer_init(&p, false);
	limit(&p, version);
	peer_show(&p, &pki()->client);
	ck_assert_int_eq(SSL_CTX_set1_groups_list(p.ctx, groups), 1);
	peer_start(&p);
	line_init(&l, accept_from(s), &p);
	l.cut = cut;
	ck_assert_int_eq(line_shake(&l), WEIR_TLS_DONE);
	ck_assert_int_eq(SSL_do_handshake(p.ssl), 1);
	line_fini(&l);
	peer_fini(&p);
	weir_tls_server_destroy(s);
}

static void visit_in_cuts(int version, const char *groups, size_t cut)
{
	struct weir_tls_client_cfg cfg = client_cfg();
	struct weir_tls_client *c = client_of(&cfg);
	struct peer p;
	struct line l;

	peer_init(&p, true);
	limit(&p, version);
	peer_show(&p, &pki()->rsa);
	ck_assert_int_eq(SSL_CTX_set1_groups_list(p.ctx, groups), 1);
	peer_start(&p);
	line_init(&l, connect_to(c, "www.example.org"), &p);
	l.cut = cut;
	ck_assert_int_eq(line_shake(&l), WEIR_TLS_DONE);
	ck_assert_int_eq(SSL_do_handshake(p.ssl), 1);
	line_fini(&l);
	peer_fini(&p);
	weir_tls_client_destroy(c);
}

START_TEST(a_handshake_is_the_same_in_any_cut)
{
	static const char *const groups[] = {"X25519:P-256", "P-521:P-256"};
	static const size_t cuts[] = {1, 2, 3, 5, 6, 64, 1000};

	for (unsigned int g = 0; g < WEIR_ARRAY_LEN(groups); g++) {
		for (unsigned int i = 0; i < WEIR_ARRAY_LEN(cuts); i++) {
			for (int v = WEIR_TLS_1_2; v <= WEIR_TLS_1_3; v++) {
				serve_in_cuts(v, groups[g], cuts[i]);
				visit_in_cuts(v, groups[g], cuts[i]);
			}
		}
	}
}
END_TEST

START_TEST(what_comes_behind_the_handshake_is_left_for_the_records)
{
	for (int v = WEIR_TLS_1_2; v <= WEIR_TLS_1_3; v++) {
		struct weir_tls_server_cfg cfg = server_cfg();
		struct weir_tls_server *s = server_of(&cfg);
		struct weir_tls_crypto *crypto = weir_tls_crypto_create(false);
		uint8_t plain[100];
		struct weir_tls_room room = {plain, sizeof(plain)};
		struct weir_tls_records r;
		struct weir_tls_opened opened;
		struct weir_bytes in;
		struct peer p;
		struct line l;
		int rc;

		peer_init(&p, false);
		limit(&p, v);
		/* False start: TLS 1.2's client does not wait for our Finished either. */
		SSL_CTX_set_mode(p.ctx, SSL_MODE_AUTO_RETRY);
		peer_start(&p);
		line_init(&l, accept_from(s), &p);
		do {
			size_t used;

			in = weir_bytes_of(l.come.ptr, l.come.len);
			rc = weir_tls_handshake(l.us, &in, 1, &used, &l.writer);
			line_drop(&l, used);
			if (SSL_do_handshake(p.ssl) == 1)
				SSL_write(p.ssl, "first", 5);
			line_fetch(&l);
		} while (rc == WEIR_TLS_WANT);
		ck_assert_int_eq(rc, WEIR_TLS_DONE);
		ck_assert_uint_gt(l.come.len, 5);
		ck_assert(weir_tls_take_records(l.us, &r));
		in = weir_bytes_of(l.come.ptr, l.come.len);
		ck_assert_int_gt(weir_tls_open(crypto, &r,
					       &(struct weir_tls_spans){&in, 1, &room, 1}, &opened),
				 0);
		ck_assert_uint_eq(opened.len, 5);
		ck_assert_mem_eq(plain, "first", 5);
		weir_tls_records_wipe(crypto, &r);
		weir_tls_crypto_destroy(crypto);
		line_fini(&l);
		peer_fini(&p);
		weir_tls_server_destroy(s);
	}
}
END_TEST

/* ---- nothing in common ---- */

static const struct {
	const char *what;
	int version;
	const char *ciphers12, *ciphers13, *groups, *signatures;
	enum weir_tls_error error;
	uint8_t alert;
} strangers[] = {
	{"TLS 1.1", TLS1_1_VERSION, "ALL:@SECLEVEL=0", NULL, NULL, NULL,
	 WEIR_TLS_E_PROTOCOL_VERSION, 70},
	{"CBC", TLS1_2_VERSION, "ECDHE-ECDSA-AES128-SHA", NULL, NULL, NULL, WEIR_TLS_E_NO_CIPHER,
	 40},
	{"RSA only", TLS1_2_VERSION, "ECDHE-RSA-AES128-GCM-SHA256", NULL, NULL, NULL,
	 WEIR_TLS_E_NO_CIPHER, 40},
	{"CCM", TLS1_3_VERSION, NULL, "TLS_AES_128_CCM_SHA256", NULL, NULL, WEIR_TLS_E_NO_CIPHER,
	 40},
	{"group", TLS1_3_VERSION, NULL, NULL, "P-521", NULL, WEIR_TLS_E_NO_CIPHER, 40},
	{"group 1.2", TLS1_2_VERSION, NULL, NULL, "P-521", NULL, WEIR_TLS_E_NO_CIPHER, 40},
	{"signature", TLS1_3_VERSION, NULL, NULL, NULL, "rsa_pss_rsae_sha256", WEIR_TLS_E_NO_CIPHER,
	 40},
};

START_TEST(a_client_with_nothing_in_common_is_told_so)
{
	struct weir_tls_server_cfg cfg = server_cfg();
	struct weir_tls_server *s = server_of(&cfg);

	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(strangers); i++) {
		struct weir_tls_failure f;
		struct peer p;
		struct line l;
		int rc;

		peer_init(&p, false);
		limit(&p, strangers[i].version);
		if (strangers[i].ciphers12)
			SSL_CTX_set_cipher_list(p.ctx, strangers[i].ciphers12);
		if (strangers[i].ciphers13)
			SSL_CTX_set_ciphersuites(p.ctx, strangers[i].ciphers13);
		if (strangers[i].groups)
			SSL_CTX_set1_groups_list(p.ctx, strangers[i].groups);
		if (strangers[i].signatures)
			SSL_CTX_set1_sigalgs_list(p.ctx, strangers[i].signatures);
		peer_start(&p);
		line_init(&l, accept_from(s), &p);
		rc = line_shake(&l);
		f = weir_tls_conn_failure(l.us);
		ck_assert_msg(rc == -(int)strangers[i].error && f.alert_sent == strangers[i].alert,
			      "%s: %d, alert %u, %s", strangers[i].what, rc, f.alert_sent,
			      f.detail);
		line_fini(&l);
		peer_fini(&p);
	}
	weir_tls_server_destroy(s);
}
END_TEST

START_TEST(a_client_tells_a_server_with_nothing_in_common)
{
	struct weir_tls_client_cfg cfg = client_cfg();
	struct weir_tls_client *c;
	struct peer p;
	struct line l;

	cfg.versions.min = WEIR_TLS_1_3;
	c = client_of(&cfg);
	peer_init(&p, true);
	peer_show(&p, &pki()->ec);
	limit(&p, TLS1_2_VERSION);
	peer_start(&p);
	line_init(&l, connect_to(c, "www.example.org"), &p);
	ck_assert_tls_error(line_shake(&l), WEIR_TLS_E_PEER_ALERT);
	ck_assert_uint_eq(weir_tls_conn_failure(l.us).alert_received, 70);
	ck_assert_uint_eq(weir_tls_conn_failure(l.us).alert_sent, WEIR_TLS_NO_ALERT);
	line_fini(&l);
	peer_fini(&p);
	weir_tls_client_destroy(c);
}
END_TEST

START_TEST(an_alert_of_the_peer_is_told)
{
	struct weir_tls_server_cfg cfg = server_cfg();
	struct weir_tls_server *s = server_of(&cfg);

	for (int v = WEIR_TLS_1_2; v <= WEIR_TLS_1_3; v++) {
		struct peer p;
		struct line l;

		peer_init(&p, false);
		limit(&p, v);
		SSL_CTX_set_verify(p.ctx, SSL_VERIFY_PEER, NULL);
		peer_start(&p);
		line_init(&l, accept_from(s), &p);
		ck_assert_tls_error(line_shake(&l), WEIR_TLS_E_PEER_ALERT);
		ck_assert_uint_eq(weir_tls_conn_failure(l.us).alert_received, 48);
		line_fini(&l);
		peer_fini(&p);
	}
	weir_tls_server_destroy(s);
}
END_TEST

/* ---- bytes that are no handshake ---- */

struct heard {
	uint8_t bytes[4096];
	size_t len;
	bool deaf;
};

static int hear(void *ctx, struct weir_bytes bytes)
{
	struct heard *h = ctx;

	if (h->deaf || bytes.len > sizeof(h->bytes) - h->len)
		return -1;
	memcpy(h->bytes + h->len, bytes.ptr, bytes.len);
	h->len += bytes.len;
	return 0;
}

static const struct {
	const char *bytes;
	size_t len;
	enum weir_tls_error error;
	uint8_t alert;
} garbage[] = {
#define G(text, error, alert)                        \
	{                                            \
		text, sizeof(text) - 1, error, alert \
	}
	G("GET / HTTP/1.1\r\nHost: a\r\n\r\n", WEIR_TLS_E_NO_HELLO, 10),
	G("CONNECT a:443 HTTP/1.1\r\n\r\n", WEIR_TLS_E_NO_HELLO, 10),
	G("SSH-2.0-OpenSSH\r\n", WEIR_TLS_E_NO_HELLO, 10),
	G("\x80\x2e\x01\x03\x03\x00\x15\x00\x00\x00\x10", WEIR_TLS_E_NO_HELLO, 10),
	G("\x17\x03\x03\x00\x01\x00", WEIR_TLS_E_NO_HELLO, 10),
	G("\x15\x03\x03\x00\x02\x02\x28", WEIR_TLS_E_NO_HELLO, 10),
	G("\x00", WEIR_TLS_E_NO_HELLO, 10),
	G("\x16\x09\x01\x00\x05\x01\x00\x00\x01\x00", WEIR_TLS_E_RECORD_VERSION, 70),
	G("\x16\x02\x00\x00\x05\x01\x00\x00\x01\x00", WEIR_TLS_E_RECORD_VERSION, 70),
	G("\x16\x03\x01\xff\xff\x01\x00\x00\x01\x00", WEIR_TLS_E_RECORD_SIZE, 22),
	G("\x16\x03\x01\x00\x04\x02\x00\x00\x00", WEIR_TLS_E_MESSAGE, 10),
	G("\x16\x03\x01\x00\x04\x14\x00\x00\x00", WEIR_TLS_E_MESSAGE, 10),
	G("\x16\x03\x01\x00\x04\x01\x00\x00\x00", WEIR_TLS_E_MESSAGE_FORMAT, 50),
	G("\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03", WEIR_TLS_E_MESSAGE_FORMAT, 50),
	G("\x16\x03\x01\x00\x04\x01\xff\xff\xff", WEIR_TLS_E_MESSAGE_VALUE, 47),
	G("\x16\x03\x01\x00\x01\x01\x17\x03\x01\x00\x01\x00", WEIR_TLS_E_MESSAGE, 10),
#undef G
};

static int throw_at(struct weir_tls_server *s, struct weir_bytes bytes, size_t step,
		    struct heard *h, struct weir_tls_failure *failure)
{
	struct weir_tls_conn *c = accept_from(s);
	const struct weir_tls_writer writer = {hear, h};
	int rc = WEIR_TLS_WANT;
	size_t used;

	ck_assert_ptr_nonnull(c);
	for (size_t at = 0; at < bytes.len && rc == WEIR_TLS_WANT; at += step) {
		size_t n = bytes.len - at < step ? bytes.len - at : step;
		struct weir_bytes in = weir_bytes_of(bytes.ptr + at, n);

		rc = weir_tls_handshake(c, &in, 1, &used, &writer);
	}
	*failure = weir_tls_conn_failure(c);
	weir_tls_conn_destroy(c);
	return rc;
}

START_TEST(what_is_no_clienthello_is_named_and_answered_by_an_alert)
{
	struct weir_tls_server_cfg cfg = server_cfg();
	struct weir_tls_server *s = server_of(&cfg);

	for (unsigned int i = 0; i < 2 * WEIR_ARRAY_LEN(garbage); i++) {
		unsigned int k = i / 2;
		struct weir_bytes bytes = weir_bytes_of(garbage[k].bytes, garbage[k].len);
		struct heard h = {0};
		struct weir_tls_failure f;
		int rc = throw_at(s, bytes, i % 2 ? 1 : bytes.len, &h, &f);

		ck_assert_msg(rc == -(int)garbage[k].error && f.alert_sent == garbage[k].alert,
			      "row %u: %d, alert %u, %s", k, rc, f.alert_sent, f.detail);
		ck_assert_uint_eq(h.len, 7);
		ck_assert_uint_eq(h.bytes[0], 21);
		ck_assert_uint_eq(h.bytes[6], garbage[k].alert);
	}
	weir_tls_server_destroy(s);
}
END_TEST

/* What stands where a ServerHello must. */
static const struct {
	const char *bytes;
	size_t len;
	enum weir_tls_error error;
	uint8_t sent, received;
} answers[] = {
#define G(text, error, sent, received)                        \
	{                                                     \
		text, sizeof(text) - 1, error, sent, received \
	}
	G("HTTP/1.1 400 Bad Request\r\n", WEIR_TLS_E_RECORD_VERSION, 70, 255),
	G("220 mail.example.org\r\n", WEIR_TLS_E_RECORD_VERSION, 70, 255),
	G("\x15\xff\x03\x00\x02\x02\x03", WEIR_TLS_E_RECORD_VERSION, 70, 255),
	G("\x15\x03\x03\x00\x02\x02\x28", WEIR_TLS_E_PEER_ALERT, 255, 40),
	G("\x17\x03\x03\x00\x01\x00", WEIR_TLS_E_MESSAGE, 10, 255),
	G("\x16\x03\x03\x00\x04\x0e\x00\x00\x00", WEIR_TLS_E_MESSAGE, 10, 255),
	G("\x16\x03\x03\x00\x04\x02\x00\x00\x00", WEIR_TLS_E_MESSAGE_FORMAT, 50, 255),
#undef G
};

START_TEST(what_is_no_serverhello_is_named_and_answered_by_an_alert)
{
	struct weir_tls_client_cfg cfg = client_cfg();
	struct weir_tls_client *client = client_of(&cfg);

	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(answers); i++) {
		struct weir_tls_conn *c = connect_to(client, "www.example.org");
		struct weir_bytes in = weir_bytes_of(answers[i].bytes, answers[i].len);
		struct heard h = {0};
		const struct weir_tls_writer writer = {hear, &h};
		struct weir_tls_failure f;
		size_t used, hello;
		int rc;

		ck_assert_int_eq(weir_tls_handshake(c, NULL, 0, &used, &writer), WEIR_TLS_WANT);
		hello = h.len;
		rc = weir_tls_handshake(c, &in, 1, &used, &writer);
		f = weir_tls_conn_failure(c);
		ck_assert_msg(rc == -(int)answers[i].error && f.alert_sent == answers[i].sent &&
				      f.alert_received == answers[i].received,
			      "row %u: %d, alert %u, %s", i, rc, f.alert_sent, f.detail);
		ck_assert_uint_eq(h.len - hello, f.alert_sent == WEIR_TLS_NO_ALERT ? 0 : 7);
		weir_tls_conn_destroy(c);
	}
	weir_tls_client_destroy(client);
}
END_TEST

static size_t first_flight(uint8_t *to, size_t size, int version)
{
	struct peer p;
	int n;

	peer_init(&p, false);
	limit(&p, version);
	peer_start(&p);
	SSL_set_tlsext_host_name(p.ssl, "www.example.org");
	SSL_do_handshake(p.ssl);
	n = BIO_read(p.tx, to, (int)size);
	ck_assert_int_gt(n, 100);
	peer_fini(&p);
	return (size_t)n;
}

START_TEST(a_hello_that_is_cut_off_wants_more)
{
	struct weir_tls_server_cfg cfg = server_cfg();
	struct weir_tls_server *s = server_of(&cfg);
	uint8_t hello[2048];
	size_t len = first_flight(hello, sizeof(hello), TLS1_3_VERSION);

	for (size_t n = 0; n < len; n++) {
		struct heard h = {0};
		struct weir_tls_failure f;

		ck_assert_int_eq(throw_at(s, weir_bytes_of(hello, n), n ? n : 1, &h, &f),
				 WEIR_TLS_WANT);
		ck_assert_uint_eq(h.len, 0);
	}
	weir_tls_server_destroy(s);
}
END_TEST

/* Whatever comes of it, it is an error with a name and an alert, or a hello that is still one. */
START_TEST(a_hello_with_any_byte_changed_ends_in_order)
{
	struct weir_tls_server_cfg cfg = server_cfg();
	struct weir_tls_server *s = server_of(&cfg);
	unsigned int failed = 0;
	uint8_t hello[2048];

	for (int v = WEIR_TLS_1_2; v <= WEIR_TLS_1_3; v++) {
		size_t len = first_flight(hello, sizeof(hello), v);

		for (size_t i = 0; i < len; i++) {
			struct heard h = {0};
			struct weir_tls_failure f;
			int rc;

			hello[i] ^= 0xff;
			rc = throw_at(s, weir_bytes_of(hello, len), len, &h, &f);
			hello[i] ^= 0xff;
			ck_assert_int_le(rc, 0);
			failed += rc < 0;
			if (rc < 0 && (f.alert_sent == WEIR_TLS_NO_ALERT || h.len < 7))
				ck_abort_msg("byte %zu: %s without alert", i,
					     weir_tls_error_name((enum weir_tls_error) - rc));
		}
	}
	ck_assert_uint_gt(failed, 50);
	weir_tls_server_destroy(s);
}
END_TEST

START_TEST(a_caller_that_cannot_take_the_bytes_ends_the_handshake)
{
	struct weir_tls_server_cfg cfg = server_cfg();
	struct weir_tls_server *s = server_of(&cfg);
	struct heard h = {.deaf = true};
	struct weir_tls_failure f;
	uint8_t hello[2048];
	size_t len = first_flight(hello, sizeof(hello), TLS1_3_VERSION);

	ck_assert_tls_error(throw_at(s, weir_bytes_of(hello, len), len, &h, &f), WEIR_TLS_E_MEMORY);
	weir_tls_server_destroy(s);
}
END_TEST

/* A client's Finished, changed on its way. */
START_TEST(a_finished_that_was_changed_is_refused)
{
	struct weir_tls_server_cfg cfg = server_cfg();
	struct weir_tls_server *s = server_of(&cfg);

	for (int v = WEIR_TLS_1_2; v <= WEIR_TLS_1_3; v++) {
		struct weir_bytes in;
		size_t used;
		struct peer p;
		struct line l;

		peer_init(&p, false);
		limit(&p, v);
		peer_start(&p);
		line_init(&l, accept_from(s), &p);
		SSL_do_handshake(p.ssl);
		line_fetch(&l);
		in = weir_bytes_of(l.come.ptr, l.come.len);
		ck_assert_int_eq(weir_tls_handshake(l.us, &in, 1, &used, &l.writer), WEIR_TLS_WANT);
		line_drop(&l, used);
		SSL_do_handshake(p.ssl);
		line_fetch(&l);
		l.come.ptr[l.come.len - 1] ^= 1;
		in = weir_bytes_of(l.come.ptr, l.come.len);
		ck_assert_tls_error(weir_tls_handshake(l.us, &in, 1, &used, &l.writer),
				    WEIR_TLS_E_RECORD_MAC);
		ck_assert_uint_eq(weir_tls_conn_failure(l.us).alert_sent, 20);
		/* The peer understands the alert. */
		ck_assert_int_le(SSL_read(p.ssl, &(char){0}, 1), 0);
		line_fini(&l);
		peer_fini(&p);
	}
	weir_tls_server_destroy(s);
}
END_TEST

Suite *handshake_suite(void)
{
	return WEIR_SUITE(
		"tls handshake", a_handshake_is_the_same_in_any_cut,
		what_comes_behind_the_handshake_is_left_for_the_records,
		a_client_with_nothing_in_common_is_told_so,
		a_client_tells_a_server_with_nothing_in_common, an_alert_of_the_peer_is_told,
		what_is_no_clienthello_is_named_and_answered_by_an_alert,
		what_is_no_serverhello_is_named_and_answered_by_an_alert,
		a_hello_that_is_cut_off_wants_more, a_hello_with_any_byte_changed_ends_in_order,
		a_caller_that_cannot_take_the_bytes_ends_the_handshake,
		a_finished_that_was_changed_is_refused);
}
