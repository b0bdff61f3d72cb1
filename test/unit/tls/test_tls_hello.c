/* SPDX-License-Identifier: BSD-3-Clause */
#include "hello_build.h"

#include "hello_test.h"

#include <weir_tls_hello.h>

#define SNI     "0=000e 00 000b 'example.com';"
#define LABEL63 "'aaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggg'"

static uint8_t room[WEIR_TLS_HELLO_MAX];

static ssize_t parse(const uint8_t *bytes, size_t len, struct weir_tls_hello *h)
{
	struct weir_bytes view = weir_bytes_of(bytes, len);

	return weir_tls_hello_parse(&view, 1, room, sizeof(room), h);
}

static ssize_t parse_two(const uint8_t *bytes, size_t cut, size_t len, struct weir_tls_hello *h)
{
	struct weir_bytes views[] = {weir_bytes_of(bytes, cut),
				     weir_bytes_of(bytes + cut, len - cut)};

	return weir_tls_hello_parse(views, 2, room, sizeof(room), h);
}

static ssize_t parse_bytes(const uint8_t *bytes, size_t len, struct weir_tls_hello *h)
{
	struct weir_bytes *views = calloc(len + 1, sizeof(*views));
	ssize_t rc;

	for (size_t i = 0; i < len; i++)
		views[i] = weir_bytes_of(bytes + i, 1);
	rc = weir_tls_hello_parse(views, (unsigned int)len, room, sizeof(room), h);
	free(views);
	return rc;
}

/* As the bytes come: never before `need` of them are there. Returns the calls it took. */
static unsigned int parse_when_needed(const uint8_t *bytes, size_t len, ssize_t expected)
{
	struct weir_tls_hello h = {.need = 1};
	unsigned int calls = 0;
	ssize_t rc = 0;

	while (rc == 0 && h.need <= len) {
		size_t had = h.need;

		rc = parse(bytes, h.need, &h);
		calls++;
		ck_assert(rc != 0 || h.need > had);
	}
	ck_assert_int_eq(rc, expected);
	return calls;
}

/* Parses it in every way that must make no difference; returns what comes out. */
static ssize_t parse_every_way(const struct build *wire, struct weir_tls_hello *h)
{
	struct edge e = edge_create(wire->len);
	ssize_t whole = parse(wire->at, wire->len, h), rc;
	size_t step = wire->len > 4096 ? 97 : 1;

	for (size_t cut = 0; cut <= wire->len; cut += step) {
		rc = parse(edge_put(&e, wire->at, cut), cut, h);
		ck_assert_msg(rc == whole || (rc == 0 && cut < wire->len),
			      "%zd in place of %zd at %zu", rc, whole, cut);
		ck_assert(rc != 0 || whole <= 0 || (h->need > cut && h->need <= wire->len));
		ck_assert_int_eq(parse_two(wire->at, cut, wire->len, h), whole);
	}
	edge_destroy(&e);
	parse_when_needed(wire->at, wire->len, whole);
	ck_assert_int_eq(parse_bytes(wire->at, wire->len, h), whole);
	return whole;
}

static void check_outcome(ssize_t rc, const struct build *wire, const char *error, const char *why,
			  const struct weir_tls_hello *h, size_t row)
{
	if (!error) {
		ck_assert_msg(rc == (ssize_t)wire->len, "row %zu: %zd: %s %s", row, rc,
			      rc < 0 ? weir_tls_error_name((enum weir_tls_error) - rc) : "",
			      h->why ? h->why : "");
		return;
	}
	ck_assert_msg(rc < 0, "row %zu: %zd", row, rc);
	ck_assert_str_eq(weir_tls_error_name((enum weir_tls_error) - rc), error);
	ck_assert_msg(why ? h->why && strstr(h->why, why) : !h->why, "row %zu: %s", row,
		      h->why ? h->why : "no reason");
}

/* ---- names ---- */

static const struct {
	const char *extensions;
	enum weir_tls_sni sni;
	const char *name;
} names[] = {
	{"43=020304", WEIR_TLS_SNI_NONE, ""},
	{"-", WEIR_TLS_SNI_NONE, ""},
	{SNI, WEIR_TLS_SNI_NAME, "example.com"},
	{"0=000e 00 000b 'eXample.COM'", WEIR_TLS_SNI_NAME, "example.com"},
	{"0=000f 00 000c 'Example.com.'", WEIR_TLS_SNI_NAME, "example.com"},
	{"0=0010 00 000d 'example.com..'", WEIR_TLS_SNI_BAD, ""},
	{"0=0004 00 0001 '.'", WEIR_TLS_SNI_BAD, ""},
	{"0=000f 00 000c 'example..com'", WEIR_TLS_SNI_BAD, ""},
	{"0=000f 00 000c '.example.com'", WEIR_TLS_SNI_BAD, ""},
	{"0=000f 00 000c 'a_b-.example'", WEIR_TLS_SNI_NAME, "a_b-.example"},
	{"0=000e 00 000b 'example.com' 00", WEIR_TLS_SNI_END, ""}, /* malformed */
	{"0=000f 00 000c 'example.com' 00", WEIR_TLS_SNI_BAD, ""},
	{"0=0014 00 0011 'good.com' 00 'evil.com'", WEIR_TLS_SNI_BAD, ""},
	{"0=000e 00 000b '*.exampl.co'", WEIR_TLS_SNI_BAD, ""},
	{"0=000e 00 000b 'exa mple.co'", WEIR_TLS_SNI_BAD, ""},
	{"0=000e 00 000b 'b' c3bc 'cher.com'", WEIR_TLS_SNI_BAD, ""},
	{"0=0014 00 0011 'xn--bcher-kva.com'", WEIR_TLS_SNI_NAME, "xn--bcher-kva.com"},
	{"0=000c 00 0009 '192.0.2.1'", WEIR_TLS_SNI_ADDRESS, "192.0.2.1"},
	{"0=000d 00 000a '192.0.2.1.'", WEIR_TLS_SNI_ADDRESS, "192.0.2.1"},
	{"0=000e 00 000b '2001:DB8::1'", WEIR_TLS_SNI_ADDRESS, "2001:db8::1"},
	{"0=0006 00 0003 '::1'", WEIR_TLS_SNI_ADDRESS, "::1"},
	{"0=0010 00 000d '[2001:db8::1]'", WEIR_TLS_SNI_BAD, ""},
	{"0=000d 00 000a '2001:db8:g'", WEIR_TLS_SNI_BAD, ""},
	{"0=0008 00 0005 '127.1'", WEIR_TLS_SNI_ADDRESS, "127.1"},
	{"0=000d 00 000a '0x7F000001'", WEIR_TLS_SNI_ADDRESS, "0x7f000001"},
	{"0=000d 00 000a 'example.1c'", WEIR_TLS_SNI_NAME, "example.1c"},
	{"0=0012 00 0006 'a.test' 00 0006 'b.test'", WEIR_TLS_SNI_TWICE, ""},
	{"0=0012 00 0006 'a.test' 01 0006 'b.test'", WEIR_TLS_SNI_TWICE, ""},
	{"0=0009 01 0006 'a.test'", WEIR_TLS_SNI_BAD, ""},
	{"0=0042 00 003f " LABEL63, WEIR_TLS_SNI_NAME,
	 "aaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggg"},
	{"0=0043 00 0040 " LABEL63 "'h'", WEIR_TLS_SNI_LONG, ""},
};

START_TEST(a_name_is_read_into_one_form_or_told_what_is_wrong)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(names); i++) {
		struct hello_words w = {.extensions = names[i].extensions};
		static struct build message, wire;
		struct weir_tls_hello h;
		ssize_t rc;

		build_hello(&message, &w);
		build_records(&wire, &message, 16384);
		rc = parse_every_way(&wire, &h);
		if (names[i].sni == WEIR_TLS_SNI_END) {
			check_outcome(rc, &wire, "MESSAGE_FORMAT", "server_name", &h, i);
			continue;
		}
		check_outcome(rc, &wire, NULL, NULL, &h, i);
		ck_assert_str_eq(weir_tls_sni_name(h.sni), weir_tls_sni_name(names[i].sni));
		ck_assert_str_eq(h.name, names[i].name);
	}
}
END_TEST

static void make_long_name(struct build *b, size_t len)
{
	struct hello_words w = {.extensions = "-"};
	size_t extensions, extension, list, name, message = 4;

	build_hello(b, &w);
	extensions = build_open(b, 2);
	build_u16(b, 0);
	extension = build_open(b, 2);
	list = build_open(b, 2);
	build_add(b, "00");
	name = build_open(b, 2);
	for (size_t i = 0; i < len; i++)
		build_add(b, i % 50 == 49 ? "'.'" : "'a'");
	build_close(b, name, 2);
	build_close(b, list, 2);
	build_close(b, extension, 2);
	build_close(b, extensions, 2);
	build_close(b, message, 3);
}

START_TEST(a_name_of_253_bytes_is_good_and_of_254_too_long)
{
	static const struct {
		size_t len;
		enum weir_tls_sni sni;
	} rows[] = {{253, WEIR_TLS_SNI_NAME},
		    {254, WEIR_TLS_SNI_LONG},
		    {300, WEIR_TLS_SNI_LONG},
		    {60000, WEIR_TLS_SNI_LONG}};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		static struct build message, wire;
		struct weir_tls_hello h;

		make_long_name(&message, rows[i].len);
		build_records(&wire, &message, 16384);
		check_outcome(parse_every_way(&wire, &h), &wire, NULL, NULL, &h, i);
		ck_assert_int_eq(h.sni, rows[i].sni);
		ck_assert_uint_eq(h.server_name.len, rows[i].len);
		ck_assert_uint_eq(strlen(h.name),
				  rows[i].sni == WEIR_TLS_SNI_NAME ? rows[i].len : 0);
	}
}
END_TEST

/* ---- the message ---- */

static const struct {
	struct hello_words words;
	const char *error, *why;
} messages[] = {
	{{0}, NULL, NULL},
	{{.version = "0300"}, NULL, NULL},
	{{.version = "03ff"}, NULL, NULL},
	{{.version = "0200"}, "PROTOCOL_VERSION", NULL},
	{{.version = "fefd"}, "PROTOCOL_VERSION", NULL},
	{{.session_id = "20 000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f"},
	 NULL,
	 NULL},
	{{.session_id = "21 000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f00"},
	 "MESSAGE_FORMAT",
	 "session id"},
	{{.session_id = "ff"}, "MESSAGE_FORMAT", "session id"},
	{{.ciphers = "0000"}, "MESSAGE_FORMAT", "no cipher suites"},
	{{.ciphers = "0003 130113"}, "MESSAGE_FORMAT", "half of one"},
	{{.ciphers = "ffff 1301"}, "MESSAGE_FORMAT", "cipher suites"},
	{{.compressions = "00"}, "MESSAGE_FORMAT", "null compression"},
	{{.compressions = "0101"}, "MESSAGE_FORMAT", "null compression"},
	{{.compressions = "020100"}, NULL, NULL},
	{{.compressions = "ff00"}, "MESSAGE_FORMAT", "compression methods"},
	{{.extensions = "-"}, NULL, NULL},
	{{.extensions = "-", .tail = "00"}, "MESSAGE_FORMAT", "extensions that are cut off"},
	{{.extensions = "-", .tail = "0001"}, "MESSAGE_FORMAT", "extensions that are cut off"},
	{{.extensions = "-", .tail = "0000"}, NULL, NULL},
	{{.extensions = "-", .tail = "0000 00"}, "MESSAGE_FORMAT", "after the extensions"},
	{{.extensions = "-", .tail = "0001 00"}, "MESSAGE_FORMAT", "an extension that is cut off"},
	{{.extensions = "-", .tail = "0004 ffff 0001"}, "MESSAGE_FORMAT", "extension that is cut"},
	{{.extensions = "-", .tail = "0005 ffff 0000 00"}, "MESSAGE_FORMAT", "extension that"},
	{{.tail = "00"}, "MESSAGE_FORMAT", "after the extensions"},
	{{.extensions = "99=;98=01;99=02"}, "MESSAGE_FORMAT", "there twice"},
	{{.extensions = SNI SNI}, "MESSAGE_FORMAT", "there twice"},
	{{.extensions = "0x0a0a=;99=;0x0a0a="}, "MESSAGE_FORMAT", "there twice"},
	{{.extensions = "0x0a0a=;99=;0x1a1a=00"}, NULL, NULL},
	/* server_name */
	{{.extensions = "0="}, "MESSAGE_FORMAT", "server_name: no list"},
	{{.extensions = "0=00"}, "MESSAGE_FORMAT", "server_name: no list"},
	{{.extensions = "0=0000"}, "MESSAGE_FORMAT", "server_name: no list, or an empty one"},
	{{.extensions = "0=0001 00"}, "MESSAGE_FORMAT", "server_name: a name"},
	{{.extensions = "0=0003 00 0000"}, "MESSAGE_FORMAT", "server_name: a name"},
	{{.extensions = "0=0004 00 0002 'a'"}, "MESSAGE_FORMAT", "server_name: a name"},
	{{.extensions = "0=0003 00 0001 'a'"}, "MESSAGE_FORMAT", "server_name: no list"},
	{{.extensions = "0=0005 00 0001 'a'"}, "MESSAGE_FORMAT", "server_name: no list"},
	{{.extensions = "0=0005 00 0001 'a' 00"}, "MESSAGE_FORMAT", "server_name: a name"},
	/* max_fragment_length, record_size_limit */
	{{.extensions = "1=04"}, NULL, NULL},
	{{.extensions = "1="}, "MESSAGE_FORMAT", "max_fragment"},
	{{.extensions = "1=00"}, "MESSAGE_FORMAT", "max_fragment"},
	{{.extensions = "1=05"}, "MESSAGE_FORMAT", "max_fragment"},
	{{.extensions = "1=0101"}, "MESSAGE_FORMAT", "max_fragment"},
	{{.extensions = "28=4001"}, NULL, NULL},
	{{.extensions = "28=003f"}, "MESSAGE_FORMAT", "record_size"},
	{{.extensions = "28=40"}, "MESSAGE_FORMAT", "record_size"},
	{{.extensions = "28=400100"}, "MESSAGE_FORMAT", "record_size"},
	/* supported_groups, ec_point_formats, signature_algorithms, supported_versions */
	{{.extensions = "10="}, "MESSAGE_FORMAT", "supported_groups: no list"},
	{{.extensions = "10=0000"}, "MESSAGE_FORMAT", "supported_groups: empty"},
	{{.extensions = "10=0001 00"}, "MESSAGE_FORMAT", "supported_groups: empty, or half"},
	{{.extensions = "10=0004 001d"}, "MESSAGE_FORMAT", "supported_groups: no list"},
	{{.extensions = "10=0002 001d 00"}, "MESSAGE_FORMAT", "supported_groups: no list"},
	{{.extensions = "11=0100"}, NULL, NULL},
	{{.extensions = "11="}, "MESSAGE_FORMAT", "ec_point_formats"},
	{{.extensions = "11=00"}, "MESSAGE_FORMAT", "ec_point_formats"},
	{{.extensions = "11=0200"}, "MESSAGE_FORMAT", "ec_point_formats"},
	{{.extensions = "11=010000"}, "MESSAGE_FORMAT", "ec_point_formats"},
	{{.extensions = "13="}, "MESSAGE_FORMAT", "signature_algorithms: no list"},
	{{.extensions = "13=0000"}, "MESSAGE_FORMAT", "signature_algorithms: empty"},
	{{.extensions = "13=0003 040304"}, "MESSAGE_FORMAT", "signature_algorithms: empty, or"},
	{{.extensions = "13=0002 0403 00"}, "MESSAGE_FORMAT", "signature_algorithms: no list"},
	{{.extensions = "43="}, "MESSAGE_FORMAT", "supported_versions: no list"},
	{{.extensions = "43=00"}, "MESSAGE_FORMAT", "supported_versions: empty"},
	{{.extensions = "43=03 0304 03"}, "MESSAGE_FORMAT", "supported_versions: empty, or half"},
	{{.extensions = "43=04 0304 03"}, "MESSAGE_FORMAT", "supported_versions: no list"},
	/* application_layer_protocol_negotiation */
	{{.extensions = "16=0003 02'h2'"}, NULL, NULL},
	{{.extensions = "16="}, "MESSAGE_FORMAT", "application_layer"},
	{{.extensions = "16=0000"}, "MESSAGE_FORMAT", "application_layer"},
	{{.extensions = "16=0001 00"}, "MESSAGE_FORMAT", "a protocol that is"},
	{{.extensions = "16=0003 03'h2'"}, "MESSAGE_FORMAT", "a protocol that is"},
	{{.extensions = "16=0004 02'h2' 00"}, "MESSAGE_FORMAT", "a protocol that is"},
	{{.extensions = "16=0003 02'h2' 00"}, "MESSAGE_FORMAT", "application_layer"},
	/* flags */
	{{.extensions = "23="}, NULL, NULL},
	{{.extensions = "23=00"}, "MESSAGE_FORMAT", "extended_master_secret"},
	{{.extensions = "42="}, NULL, NULL},
	{{.extensions = "42=00"}, "MESSAGE_FORMAT", "early_data"},
	{{.extensions = "0xff01=00"}, NULL, NULL},
	{{.extensions = "0xff01="}, "MESSAGE_FORMAT", "renegotiation_info"},
	{{.extensions = "0xff01=0100"}, "MESSAGE_FORMAT", "renegotiation_info"},
	{{.extensions = "0xfe0d="}, "MESSAGE_FORMAT", "encrypted_client_hello"},
	{{.extensions = "0xfe0d=01"}, NULL, NULL},
	/* key_share, psk_key_exchange_modes, pre_shared_key */
	{{.extensions = "51=0000"}, NULL, NULL},
	{{.extensions = "51=0006 001d 0002 0102"}, NULL, NULL},
	{{.extensions = "51="}, "MESSAGE_FORMAT", "key_share: no list"},
	{{.extensions = "51=0004 001d 0000"}, "MESSAGE_FORMAT", "key_share: a key"},
	{{.extensions = "51=0005 001d 0002 01"}, "MESSAGE_FORMAT", "key_share: a key"},
	{{.extensions = "51=0002 001d"}, "MESSAGE_FORMAT", "key_share: a key"},
	{{.extensions = "45=0101"}, NULL, NULL},
	{{.extensions = "45=00"}, "MESSAGE_FORMAT", "psk_key"},
	{{.extensions = "45=0201"}, "MESSAGE_FORMAT", "psk_key"},
#define BINDER "000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f"
	{{.extensions = "41=0007 0001 'x' 00000000 0021 20" BINDER}, NULL, NULL},
	{{.extensions = "41=0007 0001 'x' 00000000 0021 20" BINDER ";99="},
	 "MESSAGE_FORMAT",
	 "not the last"},
	{{.extensions = "41="}, "MESSAGE_FORMAT", "pre_shared_key: not as many"},
	{{.extensions = "41=0000 0000"}, "MESSAGE_FORMAT", "pre_shared_key: not as many"},
	{{.extensions = "41=0006 0000 00000000 0021 20" BINDER}, "MESSAGE_FORMAT", "an identity"},
	{{.extensions = "41=0007 0002 'x' 00000000 0021 20" BINDER},
	 "MESSAGE_FORMAT",
	 "an identity"},
	{{.extensions = "41=0007 0001 'x' 00000000 0001 00"}, "MESSAGE_FORMAT", "a binder"},
	{{.extensions = "41=0007 0001 'x' 00000000 0021 21" BINDER}, "MESSAGE_FORMAT", "a binder"},
	{{.extensions = "41=0007 0001 'x' 00000000 0021 20" BINDER "00"},
	 "MESSAGE_FORMAT",
	 "not as many"},
	{{.extensions = "41=000e 0001 'x' 00000000 0001 'y' 00000000 0021 20" BINDER},
	 "MESSAGE_FORMAT",
	 "not as many"},
};

START_TEST(each_wrong_length_is_told_by_name)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(messages); i++) {
		static struct build message, wire;
		struct weir_tls_hello h;

		build_hello(&message, &messages[i].words);
		build_records(&wire, &message, 16384);
		check_outcome(parse_every_way(&wire, &h), &wire, messages[i].error, messages[i].why,
			      &h, i);
	}
}
END_TEST

/* The message's length is made to fit, so that each cut is met inside it. */
START_TEST(a_message_cut_at_any_byte_is_malformed_or_has_no_extensions)
{
	static struct build message, cut, wire;
	struct hello_words w = {.extensions = SNI "43=020304"};
	struct weir_tls_hello h;
	size_t without = 4 + 2 + 32 + 1 + 6 + 2;

	build_hello(&message, &w);
	for (size_t len = 4; len < message.len; len++) {
		memcpy(cut.at, message.at, len);
		cut.len = len;
		build_close(&cut, 4, 3);
		build_records(&wire, &cut, 16384);
		if (len == without)
			ck_assert_int_eq(parse(wire.at, wire.len, &h), (ssize_t)wire.len);
		else
			ck_assert_int_eq(parse(wire.at, wire.len, &h), -WEIR_TLS_E_MESSAGE_FORMAT);
	}
}
END_TEST

START_TEST(all_that_a_client_says_is_there_to_be_read)
{
	static const char *const extensions =
		"0x2a2a=;" SNI "23=;0xff01=00;10=0008 3a3a 001d 0017 0018;11=0100;35='tick';"
		"16=000c 02'h2' 08'http/1.1';5=0100000000;13=0004 0403 0804;28=4001;"
		"51=000b 3a3a 0001 00 001d 0002 abcd;45=0101;43=06 4a4a 0304 0303;0xfe0d=00;42=;"
		"57=;41=0007 0001 'x' 00000000 0021 20" BINDER;
	static struct build message, wire;
	struct hello_words w = {.extensions = extensions, .session_id = "03'sid'"};
	struct weir_bytes left, each;
	struct weir_tls_hello h;
	uint16_t group;

	build_hello(&message, &w);
	build_records(&wire, &message, 16384);
	ck_assert_int_eq(parse_every_way(&wire, &h), (ssize_t)wire.len);
	ck_assert(weir_bytes_equal(h.message, weir_bytes_of(message.at, message.len)));
	ck_assert_uint_eq(h.record_version, 0x0301);
	ck_assert_uint_eq(h.legacy_version, 0x0303);
	ck_assert_uint_eq(h.version, 0x0304);
	ck_assert_uint_eq(h.random[31], 0xa0 + 31);
	ck_assert(weir_bytes_is(h.session_id, "sid"));
	ck_assert_uint_eq(h.ciphers.len, 4);
	ck_assert_uint_eq(weir_tls_u16(h.ciphers, 1), 0xc02b);
	ck_assert_uint_eq(weir_tls_u16(h.ciphers, 2), 0);
	ck_assert_uint_eq(h.n_extensions, 18);
	ck_assert_uint_eq(weir_tls_u16(h.groups, 0), 0x3a3a);
	ck_assert_uint_eq(weir_tls_u16(h.groups, 3), 0x18);
	ck_assert_uint_eq(weir_tls_u16(h.signatures, 1), 0x0804);
	ck_assert_uint_eq(h.formats.len, 1);
	ck_assert_uint_eq(h.psk_modes.len, 1);
	ck_assert_uint_eq(h.record_size_limit, 0x4001);
	ck_assert(h.has_ech && h.has_psk && h.has_early_data && h.has_ticket && h.has_ems);
	ck_assert(h.has_quic);
	left = h.alpn;
	ck_assert(weir_tls_alpn_next(&left, &each) && weir_bytes_is(each, "h2"));
	ck_assert(weir_tls_alpn_next(&left, &each) && weir_bytes_is(each, "http/1.1"));
	ck_assert(!weir_tls_alpn_next(&left, &each));
	left = h.key_shares;
	ck_assert(weir_tls_key_share_next(&left, &group, &each) && weir_tls_is_grease(group));
	ck_assert(weir_tls_key_share_next(&left, &group, &each) && group == 0x1d);
	ck_assert_uint_eq(each.len, 2);
	ck_assert(!weir_tls_key_share_next(&left, &group, &each));
}
END_TEST

static const struct {
	const char *version, *extensions;
	uint16_t highest;
} versions[] = {
	{"0303", "43=04 0303 0304", 0x0304},
	{"0303", "43=04 0302 0303", 0x0303},
	{"0301", "43=02 0304", 0x0304},
	{"0303", "43=02 1a1a", 0},
	{"0302", "99=", 0x0302},
	{"0303", "43=04 7f17 0304", 0x7f17},
};

START_TEST(an_empty_ticket_is_none)
{
	static struct build message, wire;
	struct weir_tls_hello h;

	build_hello(&message, &(struct hello_words){.extensions = "35="});
	build_records(&wire, &message, 16384);
	ck_assert_int_eq(parse(wire.at, wire.len, &h), (ssize_t)wire.len);
	ck_assert(!h.has_ticket && !h.has_psk && !h.has_ech && !h.has_early_data);
	ck_assert(!h.has_ems && !h.has_quic);
}
END_TEST

START_TEST(the_version_is_the_highest_that_is_not_grease)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(versions); i++) {
		struct hello_words w = {.version = versions[i].version,
					.extensions = versions[i].extensions};
		static struct build message, wire;
		struct weir_tls_hello h;

		build_hello(&message, &w);
		build_records(&wire, &message, 16384);
		ck_assert_int_eq(parse(wire.at, wire.len, &h), (ssize_t)wire.len);
		ck_assert_uint_eq(h.version, versions[i].highest);
	}
}
END_TEST

START_TEST(grease_is_what_rfc_8701_reserves_and_nothing_else)
{
	unsigned int n = 0;

	for (unsigned int v = 0; v <= 0xffff; v++)
		n += weir_tls_is_grease((uint16_t)v);
	ck_assert_uint_eq(n, 16);
	for (unsigned int v = 0x0a0a; v <= 0xfafa; v += 0x1010)
		ck_assert(weir_tls_is_grease((uint16_t)v));
}
END_TEST

/* ---- records ---- */

static const struct {
	const char *words, *error;
} openings[] = {
	{"'GET / HTTP/1.1'", "NO_HELLO"},
	{"'SSH-2.0-x'", "NO_HELLO"},
	{"80 2e 01 0002 0015 0000 0010", "NO_HELLO"}, /* SSLv2's ClientHello */
	{"15 0301 0002 0228", "NO_HELLO"},            /* an alert */
	{"17 0303 0010", "NO_HELLO"},
	{"14 0303 0001 01", "NO_HELLO"},
	{"16 02", "NO_HELLO"},
	{"16 fe fd", "NO_HELLO"}, /* DTLS */
	{"16 0301 4001", "RECORD_SIZE"},
	{"16 0301 ffff 01", "RECORD_SIZE"},
	{"16 0301 0004 02", "NO_HELLO"}, /* a ServerHello */
	{"16 0301 0004 01 010001", "HELLO_SIZE"},
	{"16 0301 0004 01 ffffff", "HELLO_SIZE"},
	{"16 0301 0004 01 000000", "MESSAGE_FORMAT"},
	{"16 0301 0005 01 000001 03", "MESSAGE_FORMAT"},
	{"16 0301 0005 01 000000", "MESSAGE"}, /* a byte follows it */
	{"16 0301 0001 01 17 0301 0001 00", "RECORD_TYPE"},
	{"16 0301 0001 01 15 0301 0002 0100", "RECORD_TYPE"},
	{"16 0301 0001 01 16 0401 0001 00", "RECORD_VERSION"},
	{"16 0301 0001 01 16 0301 4001", "RECORD_SIZE"},
	{"16 0301 0000 160301 0000 160301 0000 160301 0000 160301 0000 160301 0000 160301 0000 "
	 "160301 0000 160301 0000",
	 "RECORDS_EMPTY"},
};

START_TEST(what_is_no_hello_is_known_at_once)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(openings); i++) {
		static struct build wire;
		struct weir_tls_hello h;
		ssize_t rc;

		wire.len = 0;
		build_add(&wire, openings[i].words);
		rc = parse_every_way(&wire, &h);
		ck_assert_msg(rc < 0, "row %zu: %zd", i, rc);
		ck_assert_str_eq(weir_tls_error_name((enum weir_tls_error) - rc),
				 openings[i].error);
	}
}
END_TEST

START_TEST(a_hello_is_the_same_in_one_record_and_in_many)
{
	static const size_t sizes[] = {16384, 200, 100, 64, 5, 3, 2, 1};
	static struct build message, wire;
	struct hello_words w = {.extensions = SNI "43=020304", .padding = 100};
	struct weir_tls_hello h;

	build_hello(&message, &w);
	for (size_t i = 0; i < WEIR_ARRAY_LEN(sizes); i++) {
		unsigned int records = (unsigned int)((message.len + sizes[i] - 1) / sizes[i]);

		build_records(&wire, &message, sizes[i]);
		ck_assert_int_eq(parse_every_way(&wire, &h), (ssize_t)wire.len);
		ck_assert_str_eq(h.name, "example.com");
		ck_assert(weir_bytes_equal(h.message, weir_bytes_of(message.at, message.len)));
		ck_assert_uint_le(parse_when_needed(wire.at, wire.len, (ssize_t)wire.len),
				  2 * records + 7);
	}
}
END_TEST

START_TEST(a_few_empty_records_between_do_no_harm)
{
	static struct build message, wire;
	struct weir_tls_hello h;

	build_hello(&message, &(struct hello_words){.extensions = SNI});
	wire.len = 0;
	for (unsigned int i = 0; i < 4; i++)
		build_record(&wire, 22, 0x0303, "", 0);
	build_record(&wire, 22, 0x0303, message.at, 2);
	for (unsigned int i = 0; i < 4; i++)
		build_record(&wire, 22, 0x0303, "", 0);
	build_record(&wire, 22, 0x0303, message.at + 2, message.len - 2);
	ck_assert_int_eq(parse_every_way(&wire, &h), (ssize_t)wire.len);
	ck_assert_str_eq(h.name, "example.com");
	ck_assert_uint_eq(h.record_version, 0x0303);
}
END_TEST

START_TEST(a_hello_of_16_and_60_kib_is_read)
{
	static const size_t padding[] = {16384, 60 * 1024, 65000};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(padding); i++) {
		static struct build message, wire;
		struct hello_words w = {.extensions = SNI, .padding = padding[i]};
		struct weir_tls_hello h;

		build_hello(&message, &w);
		build_records(&wire, &message, 16384);
		ck_assert_int_eq(parse_every_way(&wire, &h), (ssize_t)wire.len);
		ck_assert_str_eq(h.name, "example.com");
		ck_assert_uint_eq(h.message.len, message.len);
	}
}
END_TEST

START_TEST(a_hello_larger_than_the_room_is_refused_by_its_first_bytes)
{
	static struct build message, wire;
	struct weir_tls_hello h;
	struct weir_bytes view;

	build_hello(&message, &(struct hello_words){.extensions = SNI});
	build_records(&wire, &message, 16384);
	view = weir_bytes_of(wire.at, wire.len);
	ck_assert_int_eq(weir_tls_hello_parse(&view, 1, room, message.len, &h), (ssize_t)wire.len);
	view.len = 9;
	for (size_t len = 4; len < message.len; len++)
		ck_assert_int_eq(weir_tls_hello_parse(&view, 1, room, len, &h),
				 -WEIR_TLS_E_HELLO_SIZE);
	for (size_t len = 0; len < 4; len++)
		ck_assert_int_eq(weir_tls_hello_parse(&view, 1, room, len, &h),
				 -WEIR_TLS_E_HELLO_SIZE);
}
END_TEST

START_TEST(a_hello_in_too_many_records_is_refused)
{
	static struct build message, wire;
	struct hello_words w = {.extensions = SNI, .padding = 600};
	struct weir_tls_hello h;

	build_hello(&message, &w);
	build_records(&wire, &message, 1);
	ck_assert_int_eq(parse(wire.at, wire.len, &h), -WEIR_TLS_E_HELLO_SIZE);
	ck_assert_int_eq(parse(wire.at, 512 * 6, &h), 0);
	build_records(&wire, &message, 2);
	ck_assert_int_eq(parse(wire.at, wire.len, &h), (ssize_t)wire.len);
}
END_TEST

START_TEST(what_follows_the_hello_in_later_records_is_left)
{
	static struct build message, wire;
	struct weir_tls_hello h;
	size_t len;

	build_hello(&message, &(struct hello_words){.extensions = SNI});
	build_records(&wire, &message, 100);
	len = wire.len;
	build_record(&wire, 20, 0x0303, "\1", 1);
	ck_assert_int_eq(parse(wire.at, wire.len, &h), (ssize_t)len);
	/* In the same record it is an error. */
	build_zeros(&message, 1);
	build_records(&wire, &message, 16384);
	ck_assert_int_eq(parse(wire.at, wire.len, &h), -WEIR_TLS_E_MESSAGE);
}
END_TEST

static void build_many(struct build *b, unsigned int ciphers, unsigned int extensions)
{
	struct hello_words w = {.ciphers = "", .compressions = "", .extensions = "-"};
	size_t opened;

	build_hello(b, &w);
	build_u16(b, ciphers * 2);
	for (unsigned int i = 0; i < ciphers; i++)
		build_u16(b, 0xffff - i);
	build_add(b, "0100");
	opened = build_open(b, 2);
	for (unsigned int i = 0; i < extensions; i++) {
		build_u16(b, 0xff00 - i);
		build_u16(b, 0);
	}
	build_close(b, opened, 2);
	build_close(b, 4, 3);
}

START_TEST(lists_have_a_limit)
{
	static const struct {
		unsigned int ciphers, extensions;
		ssize_t rc;
	} rows[] = {{512, 128, 0},
		    {513, 1, -WEIR_TLS_E_HELLO_SIZE},
		    {1, 129, -WEIR_TLS_E_HELLO_SIZE},
		    {1, 10000, -WEIR_TLS_E_HELLO_SIZE}};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		static struct build message, wire;
		struct weir_tls_hello h;
		char ja3[WEIR_TLS_JA3], ja4[WEIR_TLS_JA4];

		build_many(&message, rows[i].ciphers, rows[i].extensions);
		build_records(&wire, &message, 16384);
		ck_assert_int_eq(parse(wire.at, wire.len, &h),
				 rows[i].rc ? rows[i].rc : (ssize_t)wire.len);
		if (rows[i].rc)
			continue;
		weir_tls_ja3(&h, ja3);
		weir_tls_ja4(&h, true, ja4);
		ck_assert_uint_eq(strlen(ja3), 32);
		ck_assert_int_eq(strncmp(ja4, "t12i999900_", 11), 0);
	}
}
END_TEST

Suite *hello_suite(void)
{
	return WEIR_SUITE(
		"tls hello", a_name_is_read_into_one_form_or_told_what_is_wrong,
		a_name_of_253_bytes_is_good_and_of_254_too_long, each_wrong_length_is_told_by_name,
		a_message_cut_at_any_byte_is_malformed_or_has_no_extensions,
		all_that_a_client_says_is_there_to_be_read, an_empty_ticket_is_none,
		the_version_is_the_highest_that_is_not_grease,
		grease_is_what_rfc_8701_reserves_and_nothing_else,
		what_is_no_hello_is_known_at_once, a_hello_is_the_same_in_one_record_and_in_many,
		a_few_empty_records_between_do_no_harm, a_hello_of_16_and_60_kib_is_read,
		a_hello_larger_than_the_room_is_refused_by_its_first_bytes,
		a_hello_in_too_many_records_is_refused,
		what_follows_the_hello_in_later_records_is_left, lists_have_a_limit);
}
