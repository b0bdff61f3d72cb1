/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fingerprints of a client: JA3 (github.com/salesforce/ja3) and JA4 of TLS clients
 * (github.com/FoxIO-LLC/ja4, technical_details/JA4.md, under the BSD licence).
 */
#include "weir_tls_hello.h"

#include <openssl/evp.h>

/* Text in the making. The limits of the parser keep it under WEIR_TLS_JA_TEXT. */
struct text {
	char *at;
	size_t len;
};

_Static_assert(6 + 6 * (3 * WEIR_TLS_HELLO_LIST + WEIR_TLS_HELLO_EXTENSION) + 4 * 256 <
		       WEIR_TLS_JA_TEXT,
	       "a fingerprint's text must have room");

static void put(struct text *t, char c)
{
	weir_assert(t->len + 1 < WEIR_TLS_JA_TEXT);
	t->at[t->len++] = c;
}

static void put_decimal(struct text *t, unsigned int n)
{
	if (n >= 10)
		put_decimal(t, n / 10);
	put(t, (char)('0' + n % 10));
}

static char hex_digit(unsigned int n)
{
	return "0123456789abcdef"[n & 15];
}

static void put_hex16(struct text *t, unsigned int n)
{
	for (int shift = 12; shift >= 0; shift -= 4)
		put(t, hex_digit(n >> shift));
}

static void put_end(struct text *t)
{
	t->at[t->len] = '\0';
}

/* The digest's first `digits` digits; "" when libcrypto refuses, as it does MD5 in FIPS mode. */
static void put_digest(char *out, const char *text, size_t len, const EVP_MD *kind,
		       unsigned int digits)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned int n = 0;

	out[0] = '\0';
	if (EVP_Digest(text, len, digest, &n, kind, NULL) != 1 || n * 2 < digits)
		return;
	for (unsigned int i = 0; i < digits; i++)
		out[i] = hex_digit(i % 2 ? digest[i / 2] : digest[i / 2] >> 4);
	out[digits] = '\0';
}

/* The types of the extensions, in their order and without GREASE; returns how many. */
static unsigned int list_extensions(const struct weir_tls_hello *h, uint16_t *out)
{
	struct weir_bytes left = h->extensions, content;
	unsigned int n = 0;
	uint16_t type;

	while (n < WEIR_TLS_HELLO_EXTENSION && weir_tls_extension_next(&left, &type, &content))
		if (!weir_tls_is_grease(type))
			out[n++] = type;
	return n;
}

static unsigned int list_numbers(struct weir_bytes list, uint16_t *out)
{
	unsigned int n = 0;

	for (size_t i = 0; i < list.len / 2 && n < WEIR_TLS_HELLO_LIST; i++)
		if (!weir_tls_is_grease(weir_tls_u16(list, i)))
			out[n++] = weir_tls_u16(list, i);
	return n;
}

/* ---- JA3 ---- */

static void put_dashed(struct text *t, const uint16_t *list, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		if (i)
			put(t, '-');
		put_decimal(t, list[i]);
	}
}

static void put_formats(struct text *t, struct weir_bytes formats)
{
	for (size_t i = 0; i < formats.len; i++) {
		if (i)
			put(t, '-');
		put_decimal(t, formats.ptr[i]);
	}
}

static void build_ja3(const struct weir_tls_hello *h, struct text *t)
{
	uint16_t list[WEIR_TLS_HELLO_LIST];

	put_decimal(t, h->legacy_version);
	put(t, ',');
	put_dashed(t, list, list_numbers(h->ciphers, list));
	put(t, ',');
	put_dashed(t, list, list_extensions(h, list));
	put(t, ',');
	put_dashed(t, list, list_numbers(h->groups, list));
	put(t, ',');
	put_formats(t, h->formats);
	put_end(t);
}

void weir_tls_ja3_text(const struct weir_tls_hello *h, char out[WEIR_TLS_JA_TEXT])
{
	struct text t = {.at = out};

	build_ja3(h, &t);
}

void weir_tls_ja3(const struct weir_tls_hello *h, char out[WEIR_TLS_JA3])
{
	char at[WEIR_TLS_JA_TEXT];
	struct text t = {.at = at};

	build_ja3(h, &t);
	put_digest(out, t.at, t.len, EVP_md5(), WEIR_TLS_JA3 - 1);
}

/* ---- JA4 ---- */

#define SERVER_NAME 0
#define ALPN        16
#define SHORT_HASH  12

/* Shell's sort with Ciura's gaps: lists have up to 512 numbers of the client's choice. */
static void sort(uint16_t *list, unsigned int n)
{
	static const unsigned int gaps[] = {301, 132, 57, 23, 10, 4, 1};

	for (size_t g = 0; g < WEIR_ARRAY_LEN(gaps); g++) {
		for (unsigned int gap = gaps[g], i = gap; i < n; i++) {
			uint16_t moved = list[i];
			unsigned int k = i;

			for (; k >= gap && list[k - gap] > moved; k -= gap)
				list[k] = list[k - gap];
			list[k] = moved;
		}
	}
}

static void put_hex_list(struct text *t, const uint16_t *list, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		if (i)
			put(t, ',');
		put_hex16(t, list[i]);
	}
}

static const char *version_text(uint16_t version)
{
	switch (version) {
	case 0x0304:
		return "13";
	case 0x0303:
		return "12";
	case 0x0302:
		return "11";
	case 0x0301:
		return "10";
	case 0x0300:
		return "s3";
	default:
		return "00";
	}
}

static void put_count(struct text *t, unsigned int n)
{
	n = n > 99 ? 99 : n;
	put(t, (char)('0' + n / 10));
	put(t, (char)('0' + n % 10));
}

static bool is_alnum(uint8_t c)
{
	return (uint8_t)(weir_lower(c) - 'a') < 26 || (uint8_t)(c - '0') < 10;
}

/* First and last character of the first protocol, or of its hexadecimal form. */
static void put_alpn(struct text *t, struct weir_bytes alpn)
{
	struct weir_bytes first;
	uint8_t a = '0', z = '0';

	if (weir_tls_alpn_next(&alpn, &first) && first.len) {
		a = first.ptr[0];
		z = first.ptr[first.len - 1];
	}
	if (!is_alnum(a) || !is_alnum(z)) {
		a = (uint8_t)hex_digit(a >> 4);
		z = (uint8_t)hex_digit(z);
	}
	put(t, (char)a);
	put(t, (char)z);
}

static bool has_extension(const uint16_t *list, unsigned int n, uint16_t type)
{
	for (unsigned int i = 0; i < n; i++)
		if (list[i] == type)
			return true;
	return false;
}

static unsigned int without_names(uint16_t *list, unsigned int n)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < n; i++)
		if (list[i] != SERVER_NAME && list[i] != ALPN)
			list[kept++] = list[i];
	return kept;
}

/* Where the three parts of JA4_r stand in its text. */
struct ja4 {
	size_t ciphers, extensions;
};

static struct ja4 build_ja4(const struct weir_tls_hello *h, bool is_tcp, struct text *t)
{
	uint16_t ciphers[WEIR_TLS_HELLO_LIST], list[WEIR_TLS_HELLO_LIST];
	unsigned int n_ciphers = list_numbers(h->ciphers, ciphers), n = list_extensions(h, list);
	const char *version = version_text(h->version);
	struct ja4 at;

	put(t, is_tcp ? 't' : 'q');
	put(t, version[0]);
	put(t, version[1]);
	put(t, has_extension(list, n, SERVER_NAME) ? 'd' : 'i');
	put_count(t, n_ciphers);
	put_count(t, n);
	put_alpn(t, h->alpn);
	put(t, '_');
	at.ciphers = t->len;
	sort(ciphers, n_ciphers);
	put_hex_list(t, ciphers, n_ciphers);
	put(t, '_');
	at.extensions = t->len;
	n = without_names(list, n);
	sort(list, n);
	put_hex_list(t, list, n);
	n = list_numbers(h->signatures, list);
	if (n)
		put(t, '_');
	put_hex_list(t, list, n);
	put_end(t);
	return at;
}

void weir_tls_ja4_text(const struct weir_tls_hello *h, bool is_tcp, char out[WEIR_TLS_JA_TEXT])
{
	struct text t = {.at = out};

	build_ja4(h, is_tcp, &t);
}

/* A list without anything has no digest, so that one sees it. */
static void put_short_hash(char *out, const char *text, size_t len)
{
	if (len)
		put_digest(out, text, len, EVP_sha256(), SHORT_HASH);
	else
		strcpy(out, "000000000000");
}

void weir_tls_ja4(const struct weir_tls_hello *h, bool is_tcp, char out[WEIR_TLS_JA4])
{
	char at[WEIR_TLS_JA_TEXT], b[SHORT_HASH + 1], c[SHORT_HASH + 1];
	struct text t = {.at = at};
	struct ja4 parts = build_ja4(h, is_tcp, &t);

	put_short_hash(b, at + parts.ciphers, parts.extensions - 1 - parts.ciphers);
	put_short_hash(c, at + parts.extensions, t.len - parts.extensions);
	out[0] = '\0';
	if (!*b || !*c)
		return;
	memcpy(out, at, parts.ciphers);
	memcpy(out + parts.ciphers, b, SHORT_HASH);
	out[parts.ciphers + SHORT_HASH] = '_';
	strcpy(out + parts.ciphers + SHORT_HASH + 1, c);
}
