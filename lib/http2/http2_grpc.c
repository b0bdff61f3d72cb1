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

bool weir_grpc_is_whole(const struct weir_grpc *g)
{
	return g->have == 0;
}
