/* SPDX-License-Identifier: BSD-3-Clause */
/* Leaves as they are made, after a certificate or for a name. They are judged by libcrypto's own
 * verification, as a client's would be. */
#include "hello_test.h"
#include "mint_lab.h"

#include <weir_tls.h>

#include <stdio.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

/* ---- leaves like a server's ---- */

static const struct {
	struct mint_making server;
	enum weir_tls_error error;
	const char *good[4], *bad[3];
} servers[] = {
	{{.subject = "a.test", .sans = "DNS:a.test"}, WEIR_TLS_OK, {"a.test"}, {"b.test"}},
	{{.subject = "a.test", .sans = "DNS:a.test", .rsa = true},
	 WEIR_TLS_OK,
	 {"a.test"},
	 {"x.a.test"}},
	{{.sans = "DNS:a.test,DNS:*.b.test,IP:192.0.2.1,IP:2001:db8::1"},
	 WEIR_TLS_OK,
	 {"a.test", "x.b.test", "192.0.2.1", "2001:db8::1"},
	 {"b.test", "x.y.b.test", "192.0.2.2"}},
	{{.subject = "other", .sans = "IP:192.0.2.1"}, WEIR_TLS_OK, {"192.0.2.1"}, {"other"}},
	/* Only a CN. */
	{{.subject = "cn.test"}, WEIR_TLS_OK, {"cn.test"}, {"a.test"}},
	{{.subject = "192.0.2.9"}, WEIR_TLS_OK, {"192.0.2.9"}, {"192.0.2.8"}},
	{{.subject = "Some Company"}, WEIR_TLS_E_CERT_NAME},
	{{.subject = NULL}, WEIR_TLS_E_CERT_NAME},
	/* With a SAN, a CN is none of the names (RFC 6125 section 6.4.4). */
	{{.subject = "cn.test", .sans = "email:a@b.test"}, WEIR_TLS_E_CERT_NAME},
	{{.subject = "cn.test", .sans = "DNS:a.test"}, WEIR_TLS_OK, {"a.test"}, {"cn.test"}},
	/* Names that are none stay behind. */
	{{.sans = "DNS:a.test,DNS:b b.test,DNS:w*.test,DNS:*"},
	 WEIR_TLS_OK,
	 {"a.test"},
	 {"wx.test"}},
	{{.sans = "DNS:bad name"}, WEIR_TLS_E_CERT_NAME},
	{{.subject = "0123456789012345678901234567890123456789.0123456789.a.test",
	  .sans = "DNS:0123456789012345678901234567890123456789."
		  "0123456789012345678901234567890123456789.a.test"},
	 WEIR_TLS_OK,
	 {"0123456789012345678901234567890123456789.0123456789012345678901234567890123456789.a."
	  "test"},
	 {"a.test"}},
};

static void check_extensions(X509 *leaf, bool rsa)
{
	uint32_t usage = X509_get_key_usage(leaf);

	ck_assert_int_eq(X509_check_ca(leaf), 0);
	ck_assert_uint_eq(usage,
			  rsa ? KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT : KU_DIGITAL_SIGNATURE);
	ck_assert_uint_eq(X509_get_extended_key_usage(leaf), XKU_SSL_SERVER);
	ck_assert_int_eq(EVP_PKEY_get_base_id(X509_get0_pubkey(leaf)),
			 rsa ? EVP_PKEY_RSA : EVP_PKEY_EC);
	ck_assert_int_eq(EVP_PKEY_get_bits(X509_get0_pubkey(leaf)), rsa ? 2048 : 256);
	ck_assert_ptr_nonnull(X509_get0_authority_key_id(leaf));
	for (size_t i = 0; i < 2; i++) {
		static const int critical[] = {NID_basic_constraints, NID_key_usage};
		int at = X509_get_ext_by_NID(leaf, critical[i], -1);

		ck_assert_int_eq(X509_EXTENSION_get_critical(X509_get_ext(leaf, at)), 1);
	}
}

START_TEST(a_leaf_is_good_for_the_names_of_the_servers_certificate_and_no_others)
{
	struct mint m = mint_create(4);

	for (size_t i = 0; i < WEIR_ARRAY_LEN(servers); i++) {
		EVP_PKEY *key = mint_new_key(servers[i].server.rsa);
		X509 *server = mint_make(&servers[i].server, key, NULL, NULL);
		const struct weir_tls_identity *leaf;
		struct mint_seen seen;

		ck_assert_int_eq(mint_like(&m, server, &leaf), -(int)servers[i].error);
		ck_assert_int_eq(!leaf, servers[i].error != WEIR_TLS_OK);
		X509_free(server);
		EVP_PKEY_free(key);
		if (!leaf)
			continue;
		seen = mint_show(leaf);
		for (size_t k = 0; k < 4 && servers[i].good[k]; k++)
			ck_assert_msg(mint_verify(&m, &seen, servers[i].good[k], NOW) == X509_V_OK,
				      "row %zu: %s: %d", i, servers[i].good[k],
				      mint_verify(&m, &seen, servers[i].good[k], NOW));
		for (size_t k = 0; k < 3 && servers[i].bad[k]; k++)
			ck_assert_int_ne(mint_verify(&m, &seen, servers[i].bad[k], NOW), X509_V_OK);
		check_extensions(seen.leaf, servers[i].server.rsa);
		ck_assert_int_eq(sk_X509_num(seen.chain), 1); /* clients have the root */
		mint_seen_fini(&seen);
		weir_tls_mint_put(m.minter, leaf);
	}
	mint_destroy(&m);
}
END_TEST

/* "good.test", NUL, ".evil.test": two readers see two names in it. */
START_TEST(a_name_with_a_nul_is_not_signed_again)
{
	struct mint m = mint_create(4);
	EVP_PKEY *key = mint_new_key(false);
	X509 *server = mint_make(&(struct mint_making){.subject = "a.test"}, key, NULL, NULL);
	const struct weir_tls_identity *leaf;
	GENERAL_NAMES *names = GENERAL_NAMES_new();
	GENERAL_NAME *g = GENERAL_NAME_new();
	ASN1_IA5STRING *s = ASN1_IA5STRING_new();

	ASN1_STRING_set(s, "good.test\0.evil.test", 20);
	GENERAL_NAME_set0_value(g, GEN_DNS, s);
	sk_GENERAL_NAME_push(names, g);
	ck_assert_int_eq(X509_add1_ext_i2d(server, NID_subject_alt_name, names, 0, 0), 1);
	ck_assert_int_gt(X509_sign(server, key, EVP_sha256()), 0);
	ck_assert_int_eq(mint_like(&m, server, &leaf), -WEIR_TLS_E_CERT_NAME);
	GENERAL_NAMES_free(names);
	X509_free(server);
	EVP_PKEY_free(key);
	mint_destroy(&m);
}
END_TEST

/* A point that is on no curve: libcrypto reads the certificate, but gives no key. */
START_TEST(a_certificate_whose_key_is_none_is_refused)
{
	struct mint m = mint_create(4);
	EVP_PKEY *key = mint_new_key(false);
	X509 *server = mint_make(&(struct mint_making){.sans = "DNS:a.test"}, key, NULL, NULL);
	const struct weir_tls_identity *leaf;
	uint8_t der[4096], *at = der, *point;
	struct weir_tls_mint what = {.der.ptr = der, .now = NOW};
	size_t len = (size_t)i2d_X509(server, &at);

	point = memmem(der, len, X509_get0_pubkey_bitstr(server)->data, 65);
	ck_assert_ptr_nonnull(point);
	point[64] ^= 1;
	what.der.len = len;
	ck_assert_int_eq(weir_tls_mint(m.minter, &what, &leaf), -WEIR_TLS_E_CERT_BAD);
	ck_assert_uint_eq(ERR_peek_error(), 0);
	point[64] ^= 1;
	ck_assert_int_eq(weir_tls_mint(m.minter, &what, &leaf), 0);
	weir_tls_mint_put(m.minter, leaf);
	X509_free(server);
	EVP_PKEY_free(key);
	mint_destroy(&m);
}
END_TEST

START_TEST(a_malformed_extension_is_no_name_and_leaves_no_error_behind)
{
	struct mint m = mint_create(4);
	EVP_PKEY *key = mint_new_key(false);
	X509 *server = mint_make(&(struct mint_making){.subject = "a.test"}, key, NULL, NULL);
	ASN1_OCTET_STRING *text = ASN1_OCTET_STRING_new();
	X509_EXTENSION *e;
	const struct weir_tls_identity *leaf;

	ASN1_OCTET_STRING_set(text, (const uint8_t *)"no SAN", 6);
	e = X509_EXTENSION_create_by_NID(NULL, NID_subject_alt_name, 0, text);
	ck_assert_int_eq(X509_add_ext(server, e, -1), 1);
	ck_assert_int_gt(X509_sign(server, key, EVP_sha256()), 0);
	ck_assert_int_eq(mint_like(&m, server, &leaf), -WEIR_TLS_E_CERT_NAME);
	ck_assert_uint_eq(ERR_peek_error(), 0);
	X509_EXTENSION_free(e);
	ASN1_OCTET_STRING_free(text);
	X509_free(server);
	EVP_PKEY_free(key);
	mint_destroy(&m);
}
END_TEST

static const struct {
	int64_t not_before, not_after; /* of the server's */
	int64_t begin, end;            /* of the leaf; 0: refused */
} times[] = {
	{NOW - 10 * DAY, NOW + 80 * DAY, NOW - 10 * DAY, NOW + 80 * DAY},
	{NOW - 300 * DAY, NOW + 80 * DAY, NOW - 30 * DAY, NOW + 80 * DAY},
	{NOW - 3000 * DAY, NOW + 9000 * DAY, NOW - 30 * DAY, NOW + 367 * DAY},
	/* Over, and not begun: what a client would have said of the server. */
	{NOW - 300 * DAY, NOW - 100 * DAY, NOW - 300 * DAY, NOW - 100 * DAY},
	{NOW + 400 * DAY, NOW + 500 * DAY, NOW + 400 * DAY, NOW + 500 * DAY},
	{NOW - 10 * DAY, NOW - 1, NOW - 10 * DAY, NOW - 1},
	/* Cut to the CA's. */
	{NOW - 3000 * DAY, NOW - 100 * DAY, CA_BEGIN, NOW - 100 * DAY},
	{NOW - 3000 * DAY, NOW - 1000 * DAY, 0, 0},
	{NOW + 4000 * DAY, NOW + 5000 * DAY, 0, 0},
	{NOW + 2000 * DAY, NOW + 5000 * DAY, NOW + 2000 * DAY, CA_END},
};

START_TEST(a_leaf_is_valid_no_longer_than_server_and_ca)
{
	struct mint m = mint_create(64);
	EVP_PKEY *key = mint_new_key(false);

	for (size_t i = 0; i < WEIR_ARRAY_LEN(times); i++) {
		struct mint_making making = {.sans = "DNS:a.test",
					     .not_before = times[i].not_before,
					     .not_after = times[i].not_after};
		X509 *server = mint_make(&making, key, NULL, NULL);
		const struct weir_tls_identity *leaf;
		struct mint_seen seen;
		int rc = mint_like(&m, server, &leaf);

		X509_free(server);
		ck_assert_int_eq(rc, times[i].begin ? 0 : -WEIR_TLS_E_CERT_EXPIRED);
		if (rc)
			continue;
		seen = mint_show(leaf);
		ck_assert_int_eq(mint_seconds(X509_get0_notBefore(seen.leaf)), times[i].begin);
		ck_assert_int_eq(mint_seconds(X509_get0_notAfter(seen.leaf)), times[i].end);
		ck_assert_int_eq(mint_verify(&m, &seen, "a.test", times[i].end - 1), X509_V_OK);
		mint_seen_fini(&seen);
		weir_tls_mint_put(m.minter, leaf);
	}
	EVP_PKEY_free(key);
	mint_destroy(&m);
}
END_TEST

/* ---- leaves for a name ---- */

static const struct {
	const char *name;
	enum weir_tls_error error;
} asked[] = {
	{"a.test", WEIR_TLS_OK},
	{"xn--bcher-kva.example", WEIR_TLS_OK},
	{"under_score.test", WEIR_TLS_OK},
	{"localhost", WEIR_TLS_OK},
	{"192.0.2.1", WEIR_TLS_OK},
	{"2001:db8::1", WEIR_TLS_OK},
	{"0123456789012345678901234567890123456789.0123456789012345678901234567890123456789.a.test",
	 WEIR_TLS_OK},
	{"", WEIR_TLS_E_CERT_NAME},
	{"127.1", WEIR_TLS_E_CERT_NAME},
	{"a b.test", WEIR_TLS_E_CERT_NAME},
	{"*", WEIR_TLS_E_CERT_NAME},
};

START_TEST(a_leaf_for_a_name_is_good_for_it_alone)
{
	struct mint m = mint_create(4);

	for (size_t i = 0; i < WEIR_ARRAY_LEN(asked); i++) {
		const struct weir_tls_identity *leaf;
		struct mint_seen seen;

		ck_assert_int_eq(mint_name(&m, asked[i].name, NOW, &leaf), -(int)asked[i].error);
		if (!leaf)
			continue;
		seen = mint_show(leaf);
		ck_assert_int_eq(mint_verify(&m, &seen, asked[i].name, NOW), X509_V_OK);
		ck_assert_int_ne(mint_verify(&m, &seen, "other.test", NOW), X509_V_OK);
		check_extensions(seen.leaf, false);
		mint_seen_fini(&seen);
		weir_tls_mint_put(m.minter, leaf);
	}
	ck_assert_int_eq(mint_name(&m, NULL, NOW, &(const struct weir_tls_identity *){NULL}),
			 -WEIR_TLS_E_CERT_NAME);
	mint_destroy(&m);
}
END_TEST

START_TEST(what_is_no_certificate_is_refused)
{
	struct mint m = mint_create(4);
	const struct weir_tls_identity *leaf;
	struct weir_tls_mint what = {
		.der = weir_bytes_str("not DER"), .name = "a.test", .now = NOW};
	struct weir_tls_info info;
	struct weir_arena a;
	EVP_PKEY *key = mint_new_key(false);
	X509 *server = mint_make(&(struct mint_making){.subject = "s", .sans = "DNS:a.test"}, key,
				 NULL, NULL);
	uint8_t der[4096], *at = der;
	int len = i2d_X509(server, &at);
	struct weir_tls_leaf_reader *r = weir_tls_leaf_reader_create();
	uint8_t digest[32];

	weir_arena_init(&a, &weir_arena_malloc, 1 << 20);
	ck_assert_int_eq(weir_tls_mint(m.minter, &what, &leaf), -WEIR_TLS_E_CERT_BAD);
	ck_assert_ptr_null(leaf);
	what.der = weir_bytes_of(der, (size_t)len + 1);
	ck_assert_int_eq(weir_tls_mint(m.minter, &what, &leaf), -WEIR_TLS_E_CERT_BAD);
	ck_assert_int_eq(weir_tls_leaf_info(r, what.der, &a, &info), -WEIR_TLS_E_CERT_BAD);
	for (what.der.len = 1; what.der.len < (size_t)len; what.der.len++) {
		ck_assert_int_eq(weir_tls_mint(m.minter, &what, &leaf), -WEIR_TLS_E_CERT_BAD);
		ck_assert_int_eq(weir_tls_leaf_info(r, what.der, &a, &info), -WEIR_TLS_E_CERT_BAD);
	}
	ck_assert_uint_eq(weir_tls_minter_counts(m.minter).refused, (unsigned int)len + 1);
	ck_assert_int_eq(weir_tls_leaf_info(r, what.der, &a, &info), 0);
	ck_assert(weir_bytes_is(info.subject, "CN=s") && weir_bytes_is(info.issuer, "CN=s"));
	ck_assert_uint_eq(info.n_sans, 1);
	ck_assert(weir_bytes_is(info.sans[0].text, "a.test"));
	ck_assert_int_eq(info.not_after, NOW + 50 * DAY);
	ck_assert_int_eq(X509_digest(server, EVP_sha256(), digest, NULL), 1);
	ck_assert_mem_eq(info.sha256, digest, sizeof(digest));
	weir_tls_leaf_reader_destroy(r);
	weir_arena_reset(&a);
	X509_free(server);
	EVP_PKEY_free(key);
	mint_destroy(&m);
}
END_TEST

/* ---- leaves like that of a server that weir has connected to ---- */

static int keep_bytes(void *context, struct weir_bytes bytes)
{
	weir_buf_add(context, bytes.ptr, bytes.len);
	return 0;
}

/* Until `client` is done; both are weir's own. */
static void shake_with(struct weir_tls_conn *client, struct weir_tls_conn *server)
{
	struct weir_buf up = {0}, down = {0};
	int rc = WEIR_TLS_WANT;

	for (unsigned int i = 0; i < 4 && rc == WEIR_TLS_WANT; i++) {
		struct weir_bytes view = weir_bytes_of(down.ptr, down.len);
		struct weir_tls_writer to_server = {keep_bytes, &up},
				       to_client = {keep_bytes, &down};
		size_t used;

		rc = weir_tls_handshake(client, &view, down.len > 0, &used, &to_server);
		weir_buf_reset(&down);
		view = weir_bytes_of(up.ptr, up.len);
		ck_assert_int_ge(weir_tls_handshake(server, &view, 1, &used, &to_client), 0);
		weir_buf_reset(&up);
	}
	ck_assert_int_eq(rc, WEIR_TLS_DONE);
	weir_buf_fini(&up);
	weir_buf_fini(&down);
}

START_TEST(a_leaf_is_made_like_the_peer_of_a_connection)
{
	struct mint far = mint_create(1), m = mint_create(1);
	struct weir_tls_server_cfg server_cfg = {.id = "far"};
	struct weir_tls_client_cfg client_cfg = {.verify = WEIR_TLS_VERIFY_NONE};
	struct weir_tls_connect_opts to = {.name = "far.test"};
	struct weir_tls_accept_opts opts = {0};
	struct weir_buf why = {0};
	struct weir_tls_server *server = weir_tls_server_create(&server_cfg, &why);
	struct weir_tls_client *client = weir_tls_client_create(&client_cfg, &why);
	struct weir_tls_conn *upstream, *peer;
	const struct weir_tls_identity *leaf;
	struct weir_tls_mint what = {.name = "ignored.test", .now = NOW};
	struct mint_seen seen;

	ck_assert_int_eq(mint_name(&far, "far.test", NOW, &opts.identity), 0);
	peer = weir_tls_accept(server, &opts);
	upstream = weir_tls_connect(client, &to);
	what.upstream = upstream;
	ck_assert_int_eq(weir_tls_mint(m.minter, &what, &leaf), -WEIR_TLS_E_CERT_MISSING);
	shake_with(upstream, peer);
	ck_assert_int_eq(weir_tls_mint(m.minter, &what, &leaf), 0);
	seen = mint_show(leaf);
	ck_assert_int_eq(mint_verify(&m, &seen, "far.test", NOW), X509_V_OK);
	ck_assert_int_ne(mint_verify(&m, &seen, "ignored.test", NOW), X509_V_OK);
	ck_assert_int_ne(mint_verify(&far, &seen, "far.test", NOW), X509_V_OK);
	mint_seen_fini(&seen);
	weir_tls_mint_put(m.minter, leaf);
	weir_tls_conn_destroy(upstream);
	weir_tls_conn_destroy(peer);
	weir_tls_mint_put(far.minter, opts.identity);
	weir_tls_server_destroy(server);
	weir_tls_client_destroy(client);
	weir_buf_fini(&why);
	mint_destroy(&m);
	mint_destroy(&far);
}
END_TEST

/* By another verifier's command line. */
START_TEST(openssl_verify_takes_a_leaf)
{
	struct mint m = mint_create(1);
	const struct weir_tls_identity *leaf;
	char path[128], command[512];
	struct mint_seen seen;

	ck_assert_int_eq(mint_name(&m, "a.test", NOW, &leaf), 0);
	seen = mint_show(leaf);
	mint_write_pem(mint_file(&m.folder, "leaf.pem", path), 0644, seen.leaf, NULL, NULL);
	for (unsigned int good = 0; good < 2; good++) {
		snprintf(command, sizeof(command),
			 "openssl verify -x509_strict -purpose sslserver -attime %lld -CAfile "
			 "%s/ca.pem -verify_hostname %s %s/leaf.pem >/dev/null 2>&1",
			 NOW, m.folder.path, good ? "a.test" : "b.test", m.folder.path);
		ck_assert_int_eq(system(command) == 0, good);
	}
	mint_seen_fini(&seen);
	weir_tls_mint_put(m.minter, leaf);
	mint_destroy(&m);
}
END_TEST

Suite *mint_leaf_suite(void)
{
	return WEIR_SUITE("tls mint leaf",
			  a_leaf_is_good_for_the_names_of_the_servers_certificate_and_no_others,
			  a_name_with_a_nul_is_not_signed_again,
			  a_malformed_extension_is_no_name_and_leaves_no_error_behind,
			  a_certificate_whose_key_is_none_is_refused,
			  a_leaf_is_valid_no_longer_than_server_and_ca,
			  a_leaf_for_a_name_is_good_for_it_alone,
			  a_leaf_is_made_like_the_peer_of_a_connection,
			  what_is_no_certificate_is_refused, openssl_verify_takes_a_leaf);
}
