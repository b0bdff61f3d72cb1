/* SPDX-License-Identifier: BSD-3-Clause */
/* ClientHellos of libssl's own client, and what libssl's server says is in them. */
#include "hello_build.h"

#include "hello_test.h"

#include <weir_tls_hello.h>

#include <openssl/ssl.h>

static uint8_t room[WEIR_TLS_HELLO_MAX];

static const struct client {
	const char *name;
	int min, max;
	const char *ciphers12, *ciphers13, *groups, *signatures;
	const char *alpn; /* wire form */
	uint8_t max_fragment;
	bool status;
	uint64_t options;
	bool post_handshake;
	uint16_t version; /* expected */
} clients[] = {
	{.name = "example.com", .version = 0x0304},
	{.name = "EXAMPLE.com.", .version = 0x0304},
	{.name = NULL, .version = 0x0304},
	{.name = "a.test", .max = TLS1_2_VERSION, .version = 0x0303},
	{.name = "a.test", .min = TLS1_3_VERSION, .version = 0x0304},
	{.name = "a.test",
	 .min = TLS1_VERSION,
	 .max = TLS1_1_VERSION,
	 .ciphers12 = "ALL:@SECLEVEL=0",
	 .version = 0x0302},
	{.name = "a.test", .alpn = "\2h2\10http/1.1", .version = 0x0304},
	{.name = "a.test", .alpn = "\10http/1.1", .groups = "P-521:X448:X25519", .version = 0x0304},
	{.name = "a.test", .ciphers13 = "TLS_CHACHA20_POLY1305_SHA256", .version = 0x0304},
	{.name = "a.test",
	 .ciphers12 = "ECDHE-RSA-AES128-GCM-SHA256",
	 .max = TLS1_2_VERSION,
	 .signatures = "RSA+SHA256:ECDSA+SHA384",
	 .version = 0x0303},
	{.name = "a.test", .max_fragment = TLSEXT_max_fragment_length_1024, .version = 0x0304},
	{.name = "a.test", .status = true, .version = 0x0304},
	{.name = "a.test",
	 .options =
		 SSL_OP_NO_TICKET | SSL_OP_NO_EXTENDED_MASTER_SECRET | SSL_OP_NO_ENCRYPT_THEN_MAC,
	 .version = 0x0304},
	{.name = "a.test", .options = SSL_OP_TLSEXT_PADDING, .version = 0x0304},
	{.name = "a.test",
	 .ciphers12 = "ALL:COMPLEMENTOFALL:@SECLEVEL=0",
	 .min = TLS1_VERSION,
	 .version = 0x0304},
};

static SSL *new_client(SSL_CTX **ctx, const struct client *c)
{
	SSL *s;

	*ctx = SSL_CTX_new(TLS_client_method());
	ck_assert_int_eq(SSL_CTX_set_min_proto_version(*ctx, c->min ? c->min : TLS1_2_VERSION), 1);
	ck_assert_int_eq(SSL_CTX_set_max_proto_version(*ctx, c->max), 1);
	ck_assert(!c->ciphers12 || SSL_CTX_set_cipher_list(*ctx, c->ciphers12) == 1);
	ck_assert(!c->ciphers13 || SSL_CTX_set_ciphersuites(*ctx, c->ciphers13) == 1);
	ck_assert(!c->groups || SSL_CTX_set1_groups_list(*ctx, c->groups) == 1);
	ck_assert(!c->signatures || SSL_CTX_set1_sigalgs_list(*ctx, c->signatures) == 1);
	ck_assert(!c->alpn || SSL_CTX_set_alpn_protos(*ctx, (const uint8_t *)c->alpn,
						      (unsigned int)strlen(c->alpn)) == 0);
	if (c->max_fragment)
		ck_assert_int_eq(SSL_CTX_set_tlsext_max_fragment_length(*ctx, c->max_fragment), 1);
	SSL_CTX_set_options(*ctx, c->options);
	SSL_CTX_set_post_handshake_auth(*ctx, c->post_handshake);
	s = SSL_new(*ctx);
	if (c->name)
		ck_assert_int_eq(SSL_set_tlsext_host_name(s, c->name), 1);
	if (c->status)
		SSL_set_tlsext_status_type(s, TLSEXT_STATUSTYPE_ocsp);
	SSL_set_bio(s, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	SSL_set_connect_state(s);
	return s;
}

static void take_hello(const struct client *c, struct build *wire)
{
	SSL_CTX *ctx;
	SSL *s = new_client(&ctx, c);

	ck_assert_int_lt(SSL_do_handshake(s), 0);
	wire->len = (size_t)BIO_read(SSL_get_wbio(s), wire->at, BUILD_MAX);
	SSL_free(s);
	SSL_CTX_free(ctx);
}

/* What libssl's server sees; filled in by its callback. */
struct seen {
	struct weir_tls_hello *ours;
	unsigned int calls;
};

static bool same(const uint8_t *theirs, size_t len, struct weir_bytes ours)
{
	return weir_bytes_equal(weir_bytes_of(theirs, len), ours);
}

/* libssl keeps only what it knows. */
static bool is_known(uint16_t type)
{
	return type == 0 || type == 10 || type == 13 || type == 16 || type == 43 || type == 51;
}

static int compare(SSL *s, int *alert, void *context)
{
	struct seen *seen = context;
	struct weir_bytes left = seen->ours->extensions, content;
	const uint8_t *p;
	uint16_t type;
	size_t len;

	seen->calls++;
	ck_assert_uint_eq(SSL_client_hello_get0_legacy_version(s), seen->ours->legacy_version);
	ck_assert(SSL_client_hello_get0_random(s, &p) == 32 &&
		  memcmp(p, seen->ours->random, 32) == 0);
	len = SSL_client_hello_get0_session_id(s, &p);
	ck_assert(same(p, len, seen->ours->session_id));
	len = SSL_client_hello_get0_ciphers(s, &p);
	ck_assert(same(p, len, seen->ours->ciphers));
	len = SSL_client_hello_get0_compression_methods(s, &p);
	ck_assert(same(p, len, seen->ours->compressions));
	while (weir_tls_extension_next(&left, &type, &content)) {
		if (SSL_client_hello_get0_ext(s, type, &p, &len) == 1)
			ck_assert(same(p, len, content));
		else
			ck_assert(!is_known(type));
	}
	return SSL_CLIENT_HELLO_ERROR;
}

/* How often libssl's server got as far as looking at a ClientHello. */
static unsigned int show_to_server(const struct build *wire, struct weir_tls_hello *ours)
{
	struct seen seen = {.ours = ours};
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	SSL *s;

	SSL_CTX_set_client_hello_cb(ctx, compare, &seen);
	s = SSL_new(ctx);
	SSL_set_bio(s, BIO_new_mem_buf(wire->at, (int)wire->len), BIO_new(BIO_s_mem()));
	SSL_set_accept_state(s);
	ck_assert_int_lt(SSL_do_handshake(s), 1);
	SSL_free(s);
	SSL_CTX_free(ctx);
	return seen.calls;
}

static ssize_t parse(const struct build *wire, size_t len, struct weir_tls_hello *h)
{
	struct weir_bytes view = weir_bytes_of(wire->at, len);

	return weir_tls_hello_parse(&view, 1, room, sizeof(room), h);
}

START_TEST(hellos_of_libssl_are_read_as_libssl_reads_them)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(clients); i++) {
		static struct build wire;
		struct weir_tls_hello h;

		take_hello(&clients[i], &wire);
		for (size_t len = 0; len < wire.len; len++)
			ck_assert_int_eq(parse(&wire, len, &h), 0);
		ck_assert_int_eq(parse(&wire, wire.len, &h), (ssize_t)wire.len);
		ck_assert_uint_eq(show_to_server(&wire, &h), 1);
	}
}
END_TEST

START_TEST(what_a_client_is_set_to_is_in_its_hello)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(clients); i++) {
		const struct client *c = &clients[i];
		static struct build wire;
		struct weir_tls_hello h;

		take_hello(c, &wire);
		ck_assert_int_eq(parse(&wire, wire.len, &h), (ssize_t)wire.len);
		ck_assert_uint_eq(h.version, c->version);
		ck_assert_int_eq(h.sni, c->name ? WEIR_TLS_SNI_NAME : WEIR_TLS_SNI_NONE);
		if (c->name)
			ck_assert(
				weir_bytes_is_case(weir_bytes_of(c->name, strlen(h.name)), h.name));
		ck_assert(weir_bytes_is(h.alpn, c->alpn ? c->alpn : ""));
		ck_assert_uint_eq(h.max_fragment, c->max_fragment);
		ck_assert_int_eq(h.has_ems, !(c->options & SSL_OP_NO_EXTENDED_MASTER_SECRET));
		if (c->groups)
			ck_assert_uint_eq(weir_tls_u16(h.groups, 0), 25); /* P-521 */
		if (c->ciphers13)
			ck_assert_uint_eq(weir_tls_u16(h.ciphers, 0), 0x1303);
		if (c->version == 0x0304)
			ck_assert_uint_gt(h.key_shares.len, 0);
	}
}
END_TEST

/* As curl sets libssl 3.0; both values are in every list of them. */
START_TEST(curl_has_its_known_fingerprints)
{
	static const struct client curl = {.name = "example.com",
					   .alpn = "\2h2\10http/1.1",
					   .options = SSL_OP_ALL | SSL_OP_NO_TICKET,
					   .post_handshake = true};
	static struct build wire;
	char ja3[WEIR_TLS_JA3], ja4[WEIR_TLS_JA4];
	struct weir_tls_hello h;

	take_hello(&curl, &wire);
	ck_assert_int_gt(parse(&wire, wire.len, &h), 0);
	weir_tls_ja3(&h, ja3);
	weir_tls_ja4(&h, true, ja4);
	ck_assert_str_eq(ja3, "0149f47eabf9a20d0893e2a44e5a6323");
	ck_assert_str_eq(ja4, "t13d3112h2_e8f1e7e78f70_b26ce05bbdd6");
}
END_TEST

START_TEST(fingerprints_of_libssl_say_what_it_is_set_to)
{
	static const struct {
		size_t client;
		const char *begin;
	} rows[] = {{0, "t13d"}, {2, "t13i"}, {3, "t12d"}, {5, "t11d"}, {6, "t13d"}};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		static struct build wire;
		char ja4[WEIR_TLS_JA4], again[WEIR_TLS_JA4], ja3[2][WEIR_TLS_JA3];
		struct weir_tls_hello h;

		take_hello(&clients[rows[i].client], &wire);
		ck_assert_int_gt(parse(&wire, wire.len, &h), 0);
		weir_tls_ja4(&h, true, ja4);
		weir_tls_ja3(&h, ja3[0]);
		ck_assert_int_eq(strncmp(ja4, rows[i].begin, 4), 0);
		ck_assert_int_eq(strncmp(ja4 + 8, rows[i].client == 6 ? "h2" : "00", 2), 0);
		/* Another random number, the same client. */
		take_hello(&clients[rows[i].client], &wire);
		ck_assert_int_gt(parse(&wire, wire.len, &h), 0);
		weir_tls_ja4(&h, true, again);
		weir_tls_ja3(&h, ja3[1]);
		ck_assert_str_eq(ja4, again);
		ck_assert_str_eq(ja3[0], ja3[1]);
	}
}
END_TEST

/* Whatever libssl would serve must not be read in another way here: cut, and with bytes changed. */
START_TEST(what_is_accepted_of_a_damaged_hello_is_what_libssl_sees)
{
	static struct build wire;
	struct weir_tls_hello h;
	unsigned int accepted = 0, both = 0;

	take_hello(&clients[6], &wire);
	for (size_t at = 5; at < wire.len; at++) {
		for (unsigned int bit = 0; bit < 8; bit++) {
			wire.at[at] ^= (uint8_t)(1 << bit);
			if (parse(&wire, wire.len, &h) > 0) {
				accepted++;
				both += show_to_server(&wire, &h);
			}
			wire.at[at] ^= (uint8_t)(1 << bit);
		}
	}
	ck_assert_uint_gt(accepted, 8 * 32);
	/* libssl refuses further ones, in which a version or a compression is changed. */
	ck_assert_uint_gt(both, accepted * 9 / 10);
}
END_TEST

Suite *libssl_suite(void)
{
	return WEIR_SUITE("tls hello of libssl", hellos_of_libssl_are_read_as_libssl_reads_them,
			  what_a_client_is_set_to_is_in_its_hello, curl_has_its_known_fingerprints,
			  fingerprints_of_libssl_say_what_it_is_set_to,
			  what_is_accepted_of_a_damaged_hello_is_what_libssl_sees);
}
