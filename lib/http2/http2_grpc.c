/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * gRPC's messages out of DATA: a flag byte, four bytes of length, the message (gRPC over HTTP2,
 * "Length-Prefixed-Message"). Frames and messages know nothing of each other's boundaries.
 */
#include "http2_impl.h"

#define COMPRESSED 0x01 /* of a message's flags */
#define TRAILERS   0x80 /* of gRPC-Web's */

void weir_grpc_init(struct weir_grpc *g, uint32_t max)
{
	*g = (struct weir_grpc){.max = max};
}

static ssize_t take_prefix(struct weir_grpc *g, struct weir_bytes in, struct weir_grpc_piece *piece)
{
	size_t n = sizeof(g->prefix) - g->have;
	struct weir_cursor c;

	if (n > in.len)
		n = in.len;
	memcpy(g->prefix + g->have, in.ptr, n);
	g->have += (uint8_t)n;
	if (g->prefix[0] & ~(COMPRESSED | (g->takes_trailers ? TRAILERS : 0)))
		return -WEIR_HTTP2_E_GRPC_FLAG;
	if (g->have < sizeof(g->prefix))
		return (ssize_t)n;
	c = weir_cursor_of(g->prefix + 1, 4);
	g->left = weir_cursor_u32(&c);
	if (g->left > g->max)
		return -WEIR_HTTP2_E_GRPC_LIMIT;
	piece->begins = true;
	piece->ends = g->left == 0;
	piece->length = g->left;
	piece->compressed = g->prefix[0] & COMPRESSED;
	if (piece->ends)
		g->have = 0;
	return (ssize_t)n;
}

ssize_t weir_grpc_feed(struct weir_grpc *g, struct weir_bytes in, struct weir_grpc_piece *piece)
{
	struct weir_cursor c = weir_cursor_of(g->prefix + 1, 4);
	size_t n = g->left < in.len ? g->left : in.len;

	*piece = (struct weir_grpc_piece){0};
	if (!in.len)
		return 0;
	if (g->have < sizeof(g->prefix))
		return take_prefix(g, in, piece);
	g->left -= (uint32_t)n;
	piece->content = weir_bytes_of(in.ptr, n);
	piece->length = weir_cursor_u32(&c);
	piece->compressed = g->prefix[0] & COMPRESSED;
	piece->ends = g->left == 0;
	if (piece->ends)
		g->have = 0;
	return (ssize_t)n;
}

/* ---- in Base64 ---- */

/* Bytes up to the end of the prefix, or of the message. */
static size_t left_of(const struct weir_grpc *g)
{
	return g->have < sizeof(g->prefix) ? sizeof(g->prefix) - g->have : g->left;
}

/* Decodes no more than is of one piece, but for what the last quantum has too many. */
static ssize_t decode(struct weir_grpc *g, struct weir_bytes in, uint8_t room[WEIR_GRPC_ROOM],
		      size_t *len)
{
	size_t wanted = left_of(g), max, n;
	ssize_t used;

	*len = g->n_rest;
	memcpy(room, g->rest, g->n_rest);
	if (*len >= wanted)
		return 0;
	max = wanted < WEIR_GRPC_ROOM ? wanted - *len : WEIR_GRPC_ROOM - *len;
	used = weir_grpc_text_decode(&g->text, in, room + *len, max < 3 ? 3 : max / 3 * 3, &n);
	*len += n;
	return used < 0 ? -WEIR_HTTP2_E_GRPC_TEXT : used;
}

static ssize_t read_text(struct weir_grpc *g, struct weir_bytes in, uint8_t room[WEIR_GRPC_ROOM],
			 struct weir_bytes *content, struct weir_grpc_piece *piece)
{
	size_t len;
	ssize_t used = decode(g, in, room, &len), n;

	*piece = (struct weir_grpc_piece){0};
	if (used < 0)
		return used;
	n = weir_grpc_feed(g, weir_bytes_of(room, len), piece);
	if (n < 0)
		return n;
	g->n_rest = (uint8_t)(len - (size_t)n);
	memcpy(g->rest, room + n, g->n_rest);
	*content = weir_bytes_of(room, (size_t)n);
	return used;
}

ssize_t weir_grpc_read(struct weir_grpc *g, struct weir_bytes in, uint8_t room[WEIR_GRPC_ROOM],
		       struct weir_bytes *content, struct weir_grpc_piece *piece)
{
	ssize_t n;

	if (g->is_text)
		return read_text(g, in, room, content, piece);
	n = weir_grpc_feed(g, in, piece);
	*content = weir_bytes_of(in.ptr, n < 0 ? 0 : (size_t)n);
	return n;
}

bool weir_grpc_is_whole(const struct weir_grpc *g)
{
	return g->have == 0 && !g->n_rest && !g->text.have;
}
