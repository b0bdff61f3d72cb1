/* SPDX-License-Identifier: BSD-3-Clause */
/* What handshakes leave behind: nothing, however they end. */
#include "conn_test.h"

#define ROUNDS 3000

static int discard(void *ctx, struct weir_bytes bytes)
{
	size_t *sum = ctx;

	*sum += bytes.len;
	return 0;
}

static struct weir_bytes hello(void)
{
	static uint8_t bytes[2048];
	static int len;
	struct peer p;

	if (!len) {
		peer_init(&p, false);
		peer_start(&p);
		SSL_do_handshake(p.ssl);
		len = BIO_read(p.tx, bytes, sizeof(bytes));
		peer_fini(&p);
	}
	return weir_bytes_of(bytes, (size_t)len);
}

/* A ClientHello, cut or changed somewhere; then the client is never heard of again. */
static void begin_one(struct weir_tls_server *s, unsigned int i)
{
	struct weir_tls_conn *c = accept_from(s);
	struct weir_bytes in = hello();
	uint8_t bytes[2048];
	size_t used, sum = 0;
	const struct weir_tls_writer out = {discard, &sum};

	ck_assert_ptr_nonnull(c);
	memcpy(bytes, in.ptr, in.len);
	in.ptr = bytes;
	if (i % 3 == 1)
		bytes[i % in.len] ^= 0x55;
	if (i % 3 == 2)
		in.len = i % in.len;
	if (weir_tls_handshake(c, &in, 1, &used, &out) > 0)
		ck_abort_msg("a handshake without a Finished");
	weir_tls_conn_destroy(c);
}

START_TEST(half_done_and_failed_handshakes_leave_nothing)
{
	struct weir_tls_server_cfg cfg = server_cfg();
	struct weir_tls_server *s = server_of(&cfg);
	long before = 0;

	for (unsigned int i = 0; i < ROUNDS; i++) {
		if (i == 600)
			before = openssl_bytes();
		begin_one(s, i);
	}
	ck_assert_int_eq(openssl_bytes(), before);
	weir_tls_server_destroy(s);
}
END_TEST

/* One of ours with one of theirs; what is taken is counted for our end alone afterwards. */
static void do_one(struct weir_tls_server *s, struct peer *p)
{
	struct weir_tls_records r;
	struct line l;

	peer_start(p);
	line_init(&l, accept_from(s), p);
	ck_assert_int_eq(line_shake(&l), WEIR_TLS_DONE);
	ck_assert(weir_tls_take_records(l.us, &r));
	weir_tls_records_wipe(NULL, &r);
	line_fini(&l);
}

START_TEST(handshakes_that_were_done_leave_nothing)
{
	struct weir_tls_tickets *t = weir_tls_tickets_create();
	struct weir_tls_server_cfg cfg = server_cfg();
	struct weir_tls_server *s;
	struct peer p;
	long before = 0;

	cfg.tickets = t;
	s = server_of(&cfg);
	peer_init(&p, false);
	for (unsigned int i = 0; i < 300; i++) {
		if (i == 50)
			before = openssl_bytes();
		do_one(s, &p);
	}
	ck_assert_int_eq(openssl_bytes(), before);
	peer_fini(&p);
	weir_tls_server_destroy(s);
	weir_tls_tickets_destroy(t);
}
END_TEST

START_TEST(contexts_leave_nothing)
{
	struct weir_tls_server_cfg server = server_cfg();
	struct weir_tls_client_cfg client = client_cfg();
	long before = 0;

	server.verify_client = WEIR_TLS_CLIENT_OPTIONAL;
	server.client_roots = pki()->roots;
	client.cert = pki()->client_cert;
	client.sessions = 10;
	for (unsigned int i = 0; i < 20; i++) {
		struct weir_tls_lib *lib = weir_tls_lib_create();
		struct weir_tls_server *s;
		struct weir_tls_client *c;

		ck_assert_ptr_nonnull(lib);
		server.lib = client.lib = lib;
		s = server_of(&server);
		c = client_of(&client);
		weir_tls_lib_destroy(lib);
		weir_tls_conn_destroy(accept_from(s));
		weir_tls_conn_destroy(connect_to(c, "www.example.org"));
		weir_tls_server_destroy(s);
		weir_tls_client_destroy(c);
		if (i == 5)
			before = openssl_bytes();
	}
	ck_assert_int_eq(openssl_bytes(), before);
}
END_TEST

/* What a connection has taken from libssl while its keys are still there, and after. */
START_TEST(a_connection_whose_keys_were_taken_has_nothing_of_libssl)
{
	struct weir_tls_server_cfg cfg = server_cfg();
	struct weir_tls_server *s = server_of(&cfg);
	struct weir_tls_records r;
	long with, without;
	struct peer p;
	struct line l;

	peer_init(&p, false);
	peer_start(&p);
	line_init(&l, accept_from(s), &p);
	ck_assert_int_eq(line_shake(&l), WEIR_TLS_DONE);
	with = openssl_bytes();
	ck_assert(weir_tls_take_records(l.us, &r));
	without = openssl_bytes();
	ck_assert_int_gt(with - without, 5000);
	weir_tls_conn_destroy(l.us);
	l.us = NULL;
	ck_assert_int_lt(without - openssl_bytes(), 2048);
	weir_tls_records_wipe(NULL, &r);
	line_fini(&l);
	peer_fini(&p);
	weir_tls_server_destroy(s);
}
END_TEST

Suite *memory_suite(void)
{
	return WEIR_SUITE("tls memory", half_done_and_failed_handshakes_leave_nothing,
			  handshakes_that_were_done_leave_nothing, contexts_leave_nothing,
			  a_connection_whose_keys_were_taken_has_nothing_of_libssl);
}
