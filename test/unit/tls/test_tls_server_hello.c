/* SPDX-License-Identifier: BSD-3-Clause */
#include "hello_build.h"

#include "hello_test.h"

#include <weir_tls_hello.h>

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

static uint8_t room[WEIR_TLS_HELLO_MAX * 2];

static int parse(const uint8_t *bytes, size_t len, struct weir_tls_server_hello *h)
{
	struct weir_bytes view = weir_bytes_of(bytes, len);

	return weir_tls_server_hello_parse(&view, 1, room, sizeof(room), h);
}

/* However it is cut it must be the same, and of a beginning nothing else may be said. */
static int parse_every_way(const struct build *wire, struct weir_tls_server_hello *h)
{
	struct edge e = edge_create(wire->len);
	struct weir_bytes views[2];
	int whole = parse(wire->at, wire->len, h), rc;

	for (size_t cut = 0; cut <= wire->len; cut++) {
		rc = parse(edge_put(&e, wire->at, cut), cut, h);
		ck_assert_msg(rc == whole || (rc == 0 && cut < wire->len),
			      "%d in place of %d at %zu", rc, whole, cut);
		ck_assert(rc != 0 || (h->need > cut && (whole <= 0 || h->need <= wire->len)));
		views[0] = weir_bytes_of(wire->at, cut);
		views[1] = weir_bytes_of(wire->at + cut, wire->len - cut);
		ck_assert_int_eq(weir_tls_server_hello_parse(views, 2, room, sizeof(room), h),
				 whole);
	}
	edge_destroy(&e);
	return parse(wire->at, wire->len, h);
}

#define RANDOM     "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define RETRY      "cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c"
#define HELLO_12   "02 00002c 0303" RANDOM "00 c02f 00 0004 0017 0000" /* a ServerHello, 48 bytes */
#define RECORD(n)  "16 0303 " n
#define ALERT_WARN "15 0303 0002 01 70"

static const struct {
	const char *words;
	const char *error, *why; /* NULL: none */
	bool more;
	uint16_t version, cipher;
	const char *alpn, *leaf, *issuer;
	bool retry;
	uint8_t alert;
} answers[] = {
	/* TLS 1.3 */
	{RECORD("0034") "02 000030 0303" RANDOM "00 1301 00 0008 002b 0002 0304 ffff",
	 "MESSAGE_FORMAT", "extension that is cut"},
	{RECORD("0032") "02 00002e 0303" RANDOM "00 1301 00 0006 002b 0002 0304", .version = 0x0304,
	 .cipher = 0x1301},
	{RECORD("0032") "02 00002e 0303" RETRY "00 1302 00 0006 002b 0002 0304", .version = 0x0304,
	 .cipher = 0x1302, .retry = true},
	{RECORD("0033") "02 00002e 0303" RANDOM "00 1301 00 0006 002b 0002 0304 0b", "MESSAGE"},
	{RECORD("0031") "02 00002d 0303" RANDOM "00 1301 00 0005 002b 0001 03", "MESSAGE_FORMAT",
	 "supported_versions"},
	/* TLS 1.2 with a chain of none, one, two certificates */
	{RECORD("0030") HELLO_12, .more = true},
	{RECORD("0030") HELLO_12 RECORD("000f") "0b 00000b 000008 000005 'DER-1'",
	 .version = 0x0303, .cipher = 0xc02f, .leaf = "DER-1"},
	{RECORD("0047") HELLO_12 "0b 000013 000010 000005 'DER-1' 000005 'DER-2'",
	 .version = 0x0303, .cipher = 0xc02f, .leaf = "DER-1", .issuer = "DER-2"},
	{RECORD("0043") HELLO_12 "0b 00000b 000008 000005 'DER-1' 0c000000", .version = 0x0303,
	 .cipher = 0xc02f, .leaf = "DER-1"},
	{RECORD("0037") HELLO_12 "0b 000003 000000", "MESSAGE_FORMAT", "no certificate"},
	{RECORD("003a") HELLO_12 "0b 000006 000003 000000", "MESSAGE_FORMAT", "cut off or empty"},
	{RECORD("003b") HELLO_12 "0b 000007 000004 000005 'D'", "MESSAGE_FORMAT", "cut off or"},
	{RECORD("003b") HELLO_12 "0b 000007 000005 000001 'D'", "MESSAGE_FORMAT", "a list of"},
	{RECORD("003c") HELLO_12 "0b 000008 000004 000001 'D' 00", "MESSAGE_FORMAT", "bytes after"},
	{RECORD("0034") HELLO_12 "0b ffffff", "HELLO_SIZE"},
	/* resumed, anonymous */
	{RECORD("0030") HELLO_12 "14 0303 0001 01", .version = 0x0303, .cipher = 0xc02f},
	{RECORD("0031") HELLO_12 "04", .version = 0x0303, .cipher = 0xc02f},
	{RECORD("0031") HELLO_12 "0c", .version = 0x0303, .cipher = 0xc02f},
	/* ALPN */
	{RECORD("0035") "02 000031 0303" RANDOM
			"00 c02f 00 0009 0010 0005 0003 02 'h2'" RECORD("0001") "0c",
	 .version = 0x0303, .cipher = 0xc02f, .alpn = "h2"},
	{RECORD("0032") "02 00002e 0303" RANDOM "00 c02f 00 0006 0010 0002 0000", "MESSAGE_FORMAT",
	 "not one protocol"},
	{RECORD("0037") "02 000033 0303" RANDOM "00 c02f 00 000b 0010 0007 0005 01 'a' 02 'h2'",
	 "MESSAGE_FORMAT", "not one protocol"},
	{RECORD("0031") "02 00002d 0303" RANDOM "00 c02f 00 0004 0017 0000 ff", "MESSAGE_FORMAT",
	 "bytes after them"},
	{RECORD("0030") "02 00002c 0303" RANDOM "00 c02f 00 0005 0017 0000", "MESSAGE_FORMAT",
	 "extensions that are cut off"},
	/* TLS 1.0 without extensions */
	{RECORD("002a") "02 000026 0301" RANDOM "00 002f 00" RECORD("0001") "0e", .version = 0x0301,
	 .cipher = 0x002f},
	{RECORD("002a") "02 000026 0201" RANDOM "00 002f 00", "MESSAGE_FORMAT", "none of TLS"},
	{RECORD("002a") "02 000026 0301" RANDOM "21 002f 00", "MESSAGE_FORMAT", "cut off"},
	{RECORD("0004") "02 000000", "MESSAGE_FORMAT", "cut off"},
	/* alerts */
	{"15 0301 0002 02 28", "PEER_ALERT", .alert = 40},
	{"15 0301 0002 01 00", "PEER_ALERT", .alert = 0},
	{"15 0301 0003", "NO_HELLO"},
	{"15 0201", "NO_HELLO"},
	{ALERT_WARN "15 0301 0002 02 28", "PEER_ALERT", .alert = 40},
	{ALERT_WARN RECORD("0031") HELLO_12 "0c", .version = 0x0303, .cipher = 0xc02f},
	{ALERT_WARN ALERT_WARN ALERT_WARN ALERT_WARN "16", "NO_HELLO"},
	{RECORD("0030") HELLO_12 "15 0303 0002 02 28", .version = 0x0303, .cipher = 0xc02f},
	/* no answer of TLS */
	{"'HTTP/1.1 400 Bad'", "NO_HELLO"},
	{RECORD("0001") "01", "NO_HELLO"},
	{RECORD("4001"), "RECORD_SIZE"},
	{RECORD("0001") "02 16 0403 0001 00", "RECORD_VERSION"},
	{RECORD("0001") "02 17 0303 0001 00", "RECORD_TYPE"},
};

static bool is(struct weir_bytes b, const char *text)
{
	return weir_bytes_is(b, text ? text : "");
}

START_TEST(each_answer_of_a_server_has_its_outcome)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(answers); i++) {
		static struct build wire;
		struct weir_tls_server_hello h;
		int rc;

		wire.len = 0;
		build_add(&wire, answers[i].words);
		rc = parse_every_way(&wire, &h);
		if (answers[i].error) {
			ck_assert_msg(rc < 0, "row %zu: %d", i, rc);
			ck_assert_str_eq(weir_tls_error_name((enum weir_tls_error) - rc),
					 answers[i].error);
			ck_assert_msg(answers[i].why ? h.why && strstr(h.why, answers[i].why)
						     : !h.why,
				      "row %zu: %s", i, h.why ? h.why : "no reason");
			if (rc == -WEIR_TLS_E_PEER_ALERT)
				ck_assert_uint_eq(h.alert, answers[i].alert);
			continue;
		}
		ck_assert_msg(rc == !answers[i].more, "row %zu: %d: %s", i, rc, h.why ? h.why : "");
		if (answers[i].more)
			continue;
		ck_assert_uint_eq(h.version, answers[i].version);
		ck_assert_uint_eq(h.cipher, answers[i].cipher);
		ck_assert_int_eq(h.is_retry, answers[i].retry);
		ck_assert(is(h.alpn, answers[i].alpn));
		ck_assert(is(h.leaf, answers[i].leaf) && is(h.issuer, answers[i].issuer));
		ck_assert_uint_eq(h.alert, WEIR_TLS_NO_ALERT);
	}
}
END_TEST

START_TEST(an_answer_larger_than_the_room_is_refused)
{
	static struct build wire;
	const size_t messages = 48 + 15;

	wire.len = 0;
	build_add(&wire, RECORD("0030") HELLO_12 RECORD("000f") "0b 00000b 000008 000005 'DER-1'");
	for (size_t len = 0; len <= messages; len++) {
		struct weir_bytes view = weir_bytes_of(wire.at, wire.len);
		uint8_t *small = malloc(len + 1);
		struct weir_tls_server_hello h;

		ck_assert_int_eq(weir_tls_server_hello_parse(&view, 1, small, len, &h),
				 len < messages ? -WEIR_TLS_E_HELLO_SIZE : 1);
		free(small);
	}
}
END_TEST

/* ---- libssl's server ---- */

static X509 *make_leaf(EVP_PKEY *key, size_t padding)
{
	X509 *x = X509_new();
	char *text = malloc(padding + 1);

	memset(text, 'x', padding);
	text[padding] = '\0';
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), 0);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	X509_set_pubkey(x, key);
	for (size_t at = 0; at + 60 < padding; at += 60)
		X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "OU", MBSTRING_ASC,
					   (uint8_t *)text + at, 60, -1, 0);
	ck_assert_int_gt(X509_sign(x, key, EVP_sha256()), 0);
	free(text);
	return x;
}

struct pair {
	SSL_CTX *server, *client;
};

static int choose_h2(SSL *s, const uint8_t **out, uint8_t *len, const uint8_t *in,
		     unsigned int in_len, void *context)
{
	*out = in + 1;
	*len = in[0];
	return SSL_TLSEXT_ERR_OK;
}

static struct pair make_pair(X509 *leaf, EVP_PKEY *key, int version)
{
	struct pair p = {SSL_CTX_new(TLS_server_method()), SSL_CTX_new(TLS_client_method())};

	ck_assert_int_eq(SSL_CTX_use_certificate(p.server, leaf), 1);
	ck_assert_int_eq(SSL_CTX_use_PrivateKey(p.server, key), 1);
	SSL_CTX_set_alpn_select_cb(p.server, choose_h2, NULL);
	ck_assert_int_eq(SSL_CTX_set_max_proto_version(p.client, version), 1);
	ck_assert_int_eq(SSL_CTX_set_alpn_protos(p.client, (const uint8_t *)"\2h2", 3), 0);
	return p;
}

/* The server's first flight to a client of that version. */
static void take_answer(const struct pair *p, struct build *wire)
{
	BIO *up = BIO_new(BIO_s_mem()), *down = BIO_new(BIO_s_mem());
	SSL *c = SSL_new(p->client), *s = SSL_new(p->server);

	BIO_up_ref(up);
	BIO_up_ref(down);
	SSL_set_bio(c, down, up);
	SSL_set_bio(s, up, down);
	SSL_set_connect_state(c);
	SSL_set_accept_state(s);
	ck_assert_int_lt(SSL_do_handshake(c), 0);
	ck_assert_int_lt(SSL_do_handshake(s), 0);
	wire->len = (size_t)BIO_read(down, wire->at, BUILD_MAX);
	SSL_free(c);
	SSL_free(s);
}

START_TEST(answers_of_libssl_are_read_with_their_certificate)
{
	static const struct {
		int version;
		size_t padding;
	} rows[] = {{TLS1_2_VERSION, 0}, {TLS1_2_VERSION, 20000}, {TLS1_3_VERSION, 0}};
	EVP_PKEY *key = EVP_EC_gen("P-256");

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		X509 *leaf = make_leaf(key, rows[i].padding);
		struct pair p = make_pair(leaf, key, rows[i].version);
		struct weir_tls_server_hello h;
		static struct build wire;
		uint8_t *der = NULL;
		int der_len = i2d_X509(leaf, &der);

		take_answer(&p, &wire);
		ck_assert_int_eq(parse_every_way(&wire, &h), 1);
		ck_assert_int_eq(h.version, rows[i].version);
		if (rows[i].version == TLS1_2_VERSION) {
			ck_assert(weir_bytes_equal(h.leaf, weir_bytes_of(der, (size_t)der_len)));
			ck_assert(weir_bytes_is(h.alpn, "h2"));
		} else {
			ck_assert_uint_eq(h.leaf.len, 0);
		}
		OPENSSL_free(der);
		X509_free(leaf);
		SSL_CTX_free(p.server);
		SSL_CTX_free(p.client);
	}
	EVP_PKEY_free(key);
}
END_TEST

Suite *server_hello_suite(void)
{
	return WEIR_SUITE("tls server hello", each_answer_of_a_server_has_its_outcome,
			  an_answer_larger_than_the_room_is_refused,
			  answers_of_libssl_are_read_with_their_certificate);
}
