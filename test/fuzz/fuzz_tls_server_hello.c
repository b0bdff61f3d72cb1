/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a server answers in clear. The outcome must be the same in one piece and in small ones, and
 * of a beginning nothing but "more is needed" or the same outcome may be said.
 */
#include <stdlib.h>

#include <weir_tls_hello.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ROOM  20000
#define VIEWS 64

static bool is_inside(struct weir_bytes b, const uint8_t *room)
{
	return b.len == 0 || (b.ptr >= room && b.ptr + b.len <= room + ROOM);
}

static int parse_pieces(const uint8_t *data, size_t size, size_t step, uint8_t *room,
			struct weir_tls_server_hello *h)
{
	struct weir_bytes views[VIEWS];
	unsigned int n = 0;

	for (size_t at = 0; at < size && n < VIEWS; at += views[n++].len) {
		size_t len = n == VIEWS - 1 || size - at < step ? size - at : step;

		views[n] = weir_bytes_of(data + at, len);
	}
	return weir_tls_server_hello_parse(views, n, room, ROOM, h);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *room = malloc(2 * ROOM);
	struct weir_bytes view = weir_bytes_of(data, size);
	struct weir_tls_server_hello h, other;
	int rc = weir_tls_server_hello_parse(&view, 1, room, ROOM, &h), begun;

	if (rc > 1 || (rc == 0 && h.need <= size))
		abort();
	if (!is_inside(h.alpn, room) || !is_inside(h.leaf, room) || !is_inside(h.issuer, room))
		abort();
	if (parse_pieces(data, size, 1, room + ROOM, &other) != rc ||
	    !weir_bytes_equal(h.leaf, other.leaf) ||
	    parse_pieces(data, size, 7, room + ROOM, &other) != rc ||
	    !weir_bytes_equal(h.alpn, other.alpn) || h.version != other.version)
		abort();
	view.len = size / 2;
	begun = weir_tls_server_hello_parse(&view, 1, room + ROOM, ROOM, &other);
	if (begun != 0 && begun != rc)
		abort();
	free(room);
	return 0;
}
