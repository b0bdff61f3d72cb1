/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a client sends first. The outcome must be the same in one piece and in small ones; of a
 * beginning nothing but "more is needed" or the same outcome may be said; and a hello that is
 * accepted has a name in the one form, and fingerprints.
 */
#include <stdlib.h>

#include <weir_tls_hello.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ROOM  20000
#define VIEWS 64

static void check_name(const struct weir_tls_hello *h)
{
	char again[WEIR_TLS_NAME_MAX + 1];
	bool named = h->sni == WEIR_TLS_SNI_NAME || h->sni == WEIR_TLS_SNI_ADDRESS;

	if (named != (h->name[0] != '\0'))
		abort();
	if (named && (weir_tls_name_read(weir_bytes_str(h->name), again) != h->sni ||
		      strcmp(again, h->name) != 0))
		abort();
}

static void check_lists(const struct weir_tls_hello *h)
{
	struct weir_bytes left = h->extensions, each;
	unsigned int n = 0;
	uint16_t number;

	while (weir_tls_extension_next(&left, &number, &each))
		n++;
	if (n != h->n_extensions || left.len)
		abort();
	for (left = h->alpn; weir_tls_alpn_next(&left, &each);)
		if (!each.len)
			abort();
	for (left = h->key_shares; weir_tls_key_share_next(&left, &number, &each);)
		if (!each.len)
			abort();
}

static void check_fingerprints(const struct weir_tls_hello *h)
{
	char ja3[WEIR_TLS_JA3], ja4[WEIR_TLS_JA4];

	weir_tls_ja3(h, ja3);
	weir_tls_ja4(h, true, ja4);
	if (strlen(ja3) != WEIR_TLS_JA3 - 1 || strlen(ja4) != WEIR_TLS_JA4 - 1)
		abort();
}

static ssize_t parse_pieces(const uint8_t *data, size_t size, size_t step, uint8_t *room)
{
	struct weir_bytes views[VIEWS];
	struct weir_tls_hello h;
	unsigned int n = 0;

	for (size_t at = 0; at < size && n < VIEWS; at += views[n++].len) {
		size_t len = n == VIEWS - 1 || size - at < step ? size - at : step;

		views[n] = weir_bytes_of(data + at, len);
	}
	return weir_tls_hello_parse(views, n, room, ROOM, &h);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *room = malloc(2 * ROOM);
	struct weir_bytes view = weir_bytes_of(data, size);
	struct weir_tls_hello h, cut;
	ssize_t rc = weir_tls_hello_parse(&view, 1, room, ROOM, &h), begun;

	if (rc > (ssize_t)size || (rc == 0 && h.need <= size))
		abort();
	if (parse_pieces(data, size, 1, room + ROOM) != rc ||
	    parse_pieces(data, size, 7, room + ROOM) != rc)
		abort();
	view.len = size / 2;
	begun = weir_tls_hello_parse(&view, 1, room + ROOM, ROOM, &cut);
	if (begun != 0 && begun != rc)
		abort();
	if (rc > 0) {
		check_name(&h);
		check_lists(&h);
		check_fingerprints(&h);
	}
	free(room);
	return 0;
}
