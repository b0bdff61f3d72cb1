/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bodies of gRPC: messages, each behind a flag and a length ("Length-Prefixed-Message" of gRPC over
 * HTTP2), which may be compressed, and are Protocol Buffers where nothing else is said. The text in
 * them are arguments, named by the numbers of their fields; REQUEST_BODY, where rules have asked
 * for it, is the messages without what stands around them.
 */
#include "waf_body.h"
#include "waf_tx.h"

#define PREFIX "grpc"

struct messages {
	struct weir_waf_tx *tx;
	int coding; /* of what is compressed; negative: it is not known */
	bool json;
	uint64_t left; /* bytes that may still come of decoding */
	/* all of them, when they are asked for */
	uint8_t *raw;
	size_t len, room;
};

static void init(struct messages *m, struct weir_waf_tx *tx)
{
	const struct weir_http_header *coding =
		weir_http_header_find(&tx->request, "grpc-encoding");
	struct weir_bytes codec;

	*m = (struct messages){
		.tx = tx,
		.coding = coding ? weir_coding_find(weir_bytes_trim(coding->value)) : -1,
		.json = weir_http_is_grpc(&tx->request, &codec) &&
			weir_bytes_is_case(codec, "json"),
		.left = tx->body_limit,
	};
}

/* ---- REQUEST_BODY ---- */

static void add_raw(struct messages *m, struct weir_bytes b)
{
	if (!m->tx->force_body || !b.len)
		return;
	if (b.len > m->room - m->len) {
		size_t room = 2 * (m->len + b.len);
		uint8_t *raw = weir_arena_alloc(&m->tx->arena, room);

		if (!raw)
			return; /* told by the arena */
		if (m->len)
			memcpy(raw, m->raw, m->len);
		m->raw = raw;
		m->room = room;
	}
	memcpy(m->raw + m->len, b.ptr, b.len);
	m->len += b.len;
}

/* ---- messages ---- */

static struct weir_bytes uncompressed(struct messages *m, struct weir_bytes in)
{
	struct weir_bytes out = in;

	if (m->coding < 0 || !waf_undo_coding(m->tx, (enum weir_coding)m->coding, &out, m->left))
		waf_body_error(m->tx, "a message's coding could not be undone");
	m->left -= out.len < m->left ? out.len : m->left;
	return out;
}

static void take_message(struct messages *m, struct weir_bytes content)
{
	static const struct weir_protobuf_limits limits = {
		.depth = WEIR_PROTOBUF_DEPTH_MAX,
		.values = UINT32_MAX, /* SecArgumentsLimit ends it before */
	};
	struct weir_param_sink sink = waf_param_sink(m->tx);
	struct weir_decode_error error = {0};

	add_raw(m, content);
	if (m->json)
		waf_tell_error(m->tx, waf_json(m->tx, content, PREFIX, &error), &error);
	else
		waf_tell_error(m->tx,
			       weir_protobuf_parse(content, PREFIX, &limits, &m->tx->arena, &sink),
			       &error);
}

/* Of the last one perhaps not all is here. A flag that has no meaning ends what can be told from
 * one another. */
static void take_next(struct messages *m, struct weir_cursor *c)
{
	uint8_t flag = weir_cursor_u8(c);
	uint32_t len = weir_cursor_u32(c);
	size_t here = weir_cursor_left(c);
	struct weir_bytes content;

	if (flag > 1)
		waf_body_error(m->tx, "a gRPC message whose first byte is neither 0 nor 1");
	if (flag <= 1 && len < here)
		here = len;
	content = weir_bytes_of(weir_cursor_take(c, here), here);
	take_message(m, flag == 1 ? uncompressed(m, content) : content);
}

void waf_take_grpc(struct weir_waf_tx *tx, struct weir_bytes body)
{
	struct weir_cursor c = weir_cursor_of(body.ptr, body.len);
	struct messages m;

	init(&m, tx);
	while (weir_cursor_left(&c) >= 5 && !waf_is_late(tx))
		take_next(&m, &c);
	if (tx->force_body)
		waf_list_add(tx, WEIR_SEC_V_REQUEST_BODY, (struct weir_bytes){0},
			     weir_bytes_of(m.raw, m.len));
}
