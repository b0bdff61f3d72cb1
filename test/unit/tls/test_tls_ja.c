/* SPDX-License-Identifier: BSD-3-Clause */
/* Fingerprints whose values others have published. */
#include "hello_build.h"

#include "hello_test.h"

#include <weir_tls_hello.h>

#include <stdio.h>

static uint8_t room[WEIR_TLS_HELLO_MAX];

static void read_hello(const struct hello_words *w, struct weir_tls_hello *h)
{
	static struct build message, wire;
	struct weir_bytes view;

	build_hello(&message, w);
	build_records(&wire, &message, 16384);
	view = weir_bytes_of(wire.at, wire.len);
	ck_assert_int_eq(weir_tls_hello_parse(&view, 1, room, sizeof(room), h), (ssize_t)wire.len);
}

#define SNI  "0=000e 00 000b 'example.com';"
#define ALPN "16=000c 02'h2' 08'http/1.1';"
/* With and without GREASE, which makes no difference. */
#define CHROME_CIPHERS                                                                     \
	"0020 2a2a 1301 1302 1303 c02b c02f c02c c030 cca9 cca8 c013 c014 009c 009d 002f " \
	"0035"
#define CHROME_GROUPS     "10=0008 5a5a 001d 0017 0018;"
#define CHROME_SIGNATURES "13=0010 0403 0804 0401 0503 0805 0501 0806 0601;"
#define CHROME_VERSIONS   "43=06 6a6a 0304 0303;"

static const struct {
	struct hello_words words;
	const char *ja3_text, *ja3, *ja4;
} known[] = {
	/* The two examples of JA3's README. */
	{{.version = "0301",
	  .ciphers = "0018 002f 0035 0005 000a c009 c00a c013 c014 0032 0038 0013 0004",
	  .extensions = SNI "10=0006 0017 0018 0019;11=0100"},
	 "769,47-53-5-10-49161-49162-49171-49172-50-56-19-4,0-10-11,23-24-25,0",
	 "ada70206e40642a3e4461f35503241d5",
	 NULL},
	{{.version = "0301",
	  .ciphers = "0016 0004 0005 000a 0009 0064 0062 0003 0006 0013 0012 0063",
	  .extensions = "-"},
	 "769,4-5-10-9-100-98-3-6-19-18-99,,,",
	 "de350869b8c85de67a350c8d186f11e6",
	 NULL},
	/* Chrome 83; its JA3 is in every list of them. */
	{{.ciphers = CHROME_CIPHERS,
	  .extensions = "0x1a1a=;" SNI "23=;0xff01=00;" CHROME_GROUPS "11=0100;35=;" ALPN
			"5=0100000000;" CHROME_SIGNATURES "18=;51=0006 001d 0002 abcd;45=0101;"
			"43=0a 6a6a 0304 0303 0302 0301;27=020002;0x3a3a=00;21=0000"},
	 "771,4865-4866-4867-49195-49199-49196-49200-52393-52392-49171-49172-156-157-47-53,"
	 "0-23-65281-10-11-35-16-5-13-18-51-45-43-27-21,29-23-24,0",
	 "b32309a26951912be7dba376398abc3b",
	 NULL},
	/* Firefox 63. */
	{{.ciphers = "0024 1301 1303 1302 c02b c02f cca9 cca8 c02c c030 c00a c009 c013 c014 0033 "
		     "0039 002f 0035 000a",
	  .extensions =
		  SNI "23=;0xff01=00;10=000c 001d 0017 0018 0019 0100 0101;11=0100;35=;" ALPN
		      "5=0100000000;51=0006 001d 0002 abcd;43=08 0304 0303 0302 0301;"
		      "13=0016 0403 0503 0603 0804 0805 0806 0401 0501 0601 0203 0201;45=0101;"
		      "28=4001;21=0000"},
	 "771,4865-4867-4866-49195-49199-52393-52392-49196-49200-49162-49161-49171-49172-51-57-47-"
	 "53-10,0-23-65281-10-11-35-16-5-51-43-13-45-28-21,29-23-24-25-256-257,0",
	 "b20b44b18b853ef29ab773e921b03422",
	 NULL},
	/* The example of JA4.md. */
	{{.ciphers = CHROME_CIPHERS,
	  .extensions = "0x9a9a=;27=020002;" SNI "51=0006 001d 0002 abcd;" ALPN "0x4469=0003026832;"
			"23=;45=0101;" CHROME_SIGNATURES "5=0100000000;35=;18=;" CHROME_VERSIONS
			"0xff01=00;11=0100;" CHROME_GROUPS "21=00"},
	 NULL,
	 NULL,
	 "t13d1516h2_8daaf6152771_e5627efa2ab1"},
	/* FoxIO's capture with GREASE among the signature algorithms, sigalg-grease.pcapng. */
	{{.ciphers = CHROME_CIPHERS,
	  .extensions = "0xfe0d=00;" ALPN
			"23=;51=0006 001d 0002 abcd;0x44cd=0003026832;0xff01=00;" CHROME_GROUPS
			"13=0018 0a0a 0904 0905 0906 0403 0804 0401 0503 0805 0501 "
			"0806 0601;35=;" CHROME_VERSIONS "11=0100;0xca34=;45=0101;" SNI
			"5=0100000000;27=020002;18="},
	 NULL,
	 NULL,
	 "t13d1517h2_8daaf6152771_cb7bf5808d99"},
	/* Nothing to be hashed: JA4.md, "Cipher hash" and "Extension hash". */
	{{.ciphers = "0002 1a1a", .extensions = "-"},
	 "771,,,,",
	 NULL,
	 "t12i000000_000000000000_000000000000"},
	{{.version = "0300", .ciphers = "0002 1a1a", .extensions = SNI ALPN},
	 NULL,
	 NULL,
	 "ts3d0002h2_000000000000_000000000000"},
	{{.version = "0302", .ciphers = "0002 1a1a", .extensions = "43=02 0a0a"},
	 NULL,
	 NULL,
	 "t00i000100_000000000000_b9a491fefe05"},
};

START_TEST(known_clients_have_their_known_fingerprints)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(known); i++) {
		char text[WEIR_TLS_JA_TEXT], ja3[WEIR_TLS_JA3], ja4[WEIR_TLS_JA4];
		struct weir_tls_hello h;

		read_hello(&known[i].words, &h);
		weir_tls_ja3_text(&h, text);
		weir_tls_ja3(&h, ja3);
		weir_tls_ja4(&h, true, ja4);
		if (known[i].ja3_text)
			ck_assert_str_eq(text, known[i].ja3_text);
		if (known[i].ja3)
			ck_assert_str_eq(ja3, known[i].ja3);
		if (known[i].ja4)
			ck_assert_str_eq(ja4, known[i].ja4);
	}
}
END_TEST

START_TEST(the_text_of_ja4_is_the_one_of_its_specification)
{
	char text[WEIR_TLS_JA_TEXT];
	struct weir_tls_hello h;

	read_hello(&known[4].words, &h);
	weir_tls_ja4_text(&h, true, text);
	ck_assert_str_eq(text, "t13d1516h2_002f,0035,009c,009d,1301,1302,1303,c013,c014,c02b,c02c,"
			       "c02f,c030,cca8,cca9_0005,000a,000b,000d,0012,0015,0017,001b,0023,"
			       "002b,002d,0033,4469,ff01_0403,0804,0401,0503,0805,0501,0806,0601");
	weir_tls_ja4_text(&h, false, text);
	ck_assert_int_eq(text[0], 'q');
}
END_TEST

/* JA4.md, "ALPN Extension Value". */
static const struct {
	const char *alpn, *shown;
} protocols[] = {
	{"02'h2'", "h2"},         {"08'http/1.1'", "h1"}, {"01'x'", "xx"},
	{"01 ab", "ab"},          {"02 abcd", "ad"},      {"02 30ab", "3b"},
	{"04 3031abcd", "3d"},    {"04 30abcd31", "01"},  {"02 0a0a 02'h2'", "0a"},
	{"03'c3p' 02'h2'", "cp"},
};

START_TEST(ja4_shows_the_ends_of_the_first_protocol)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(protocols); i++) {
		struct build list = {.len = 0};
		char extensions[128], ja4[WEIR_TLS_JA4];
		struct hello_words w = {.extensions = extensions};
		struct weir_tls_hello h;

		build_add(&list, protocols[i].alpn);
		snprintf(extensions, sizeof(extensions), "16=%04zx %s", list.len,
			 protocols[i].alpn);
		read_hello(&w, &h);
		weir_tls_ja4(&h, true, ja4);
		ck_assert_int_eq(strncmp(ja4 + 8, protocols[i].shown, 2), 0);
	}
}
END_TEST

START_TEST(ja4_does_not_depend_on_the_order_but_of_signature_algorithms)
{
	static const char *const orders[] = {
		"23=;35=;13=0004 0403 0804;99=", "99=;13=0004 0403 0804;35=;23=",
		"99=;13=0004 0804 0403;35=;23="};
	static const char *const ciphers[] = {"0006 1301 c02b 0035", "0006 0035 c02b 1301",
					      "0006 0035 c02b 1301"};
	char ja4[3][WEIR_TLS_JA4], ja3[3][WEIR_TLS_JA3];

	for (size_t i = 0; i < 3; i++) {
		struct hello_words w = {.ciphers = ciphers[i], .extensions = orders[i]};
		struct weir_tls_hello h;

		read_hello(&w, &h);
		weir_tls_ja4(&h, true, ja4[i]);
		weir_tls_ja3(&h, ja3[i]);
	}
	ck_assert_str_eq(ja4[0], ja4[1]);
	ck_assert_str_ne(ja4[1], ja4[2]);
	ck_assert_str_ne(ja3[0], ja3[1]);
	ck_assert_str_eq(ja3[1], ja3[2]);
}
END_TEST

Suite *ja_suite(void)
{
	return WEIR_SUITE("tls ja", known_clients_have_their_known_fingerprints,
			  the_text_of_ja4_is_the_one_of_its_specification,
			  ja4_shows_the_ends_of_the_first_protocol,
			  ja4_does_not_depend_on_the_order_but_of_signature_algorithms);
}
