/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bodies of gRPC: messages, each behind a flag and a length ("Length-Prefixed-Message" of gRPC over
 * HTTP2), which may be compressed, and are Protocol Buffers where nothing else is said. Of a
 * request the text in them are arguments, named by the numbers of their fields, and REQUEST_BODY,
 * where rules have asked for it, is the messages without what stands around them. Of a response all
 * text is RESPONSE_BODY, each field on a line of its own.
 */
#include "waf_body.h"
#include "waf_tx.h"

#define PREFIX "grpc"

#define COMPRESSED 0x01 /* of a message's flags */
#define TRAILERS   0x80 /* gRPC-Web: it is none, but the call's trailers as text */
#define TEXT_PIECE (64u << 10)

/* Bytes that are put together in the transaction's arena. */
struct joined {
	uint8_t *at;
	size_t len, room, max;
};

struct messages {
	struct weir_waf_tx *tx;
	int coding; /* of what is compressed; negative: it is not known */
	bool json, text, is_response;
	uint64_t left;        /* bytes that may still come of decoding */
	struct joined joined; /* what is to be a body */
};

static void init(struct messages *m, struct weir_waf_tx *tx, const struct weir_http_head *head,
		 uint64_t limit)
{
	const struct weir_http_header *coding = weir_http_header_find(head, "grpc-encoding");
	struct weir_bytes codec;
	enum weir_http_grpc kind = weir_http_grpc(head, &codec);

	*m = (struct messages){
		.tx = tx,
		.coding = coding ? weir_coding_find(weir_bytes_trim(coding->value)) : -1,
		.json = kind && weir_bytes_is_case(codec, "json"),
		.text = kind == WEIR_HTTP_GRPC_WEB_TEXT,
		.is_response = head == &tx->response,
		.left = limit,
		.joined.max = limit,
	};
}

/* ---- bodies ---- */

/* As far as the limit goes. False: not all of it. */
static bool join(struct messages *m, struct weir_bytes b)
{
	struct joined *j = &m->joined;
	size_t n = b.len < j->max - j->len ? b.len : j->max - j->len;

	if (n > j->room - j->len) {
		size_t room = 2 * (j->len + n);
		uint8_t *at = weir_arena_alloc(&m->tx->arena, room);

		if (!at)
			return false; /* told by the arena */
		if (j->len)
			memcpy(at, j->at, j->len);
		j->at = at;
		j->room = room;
	}
	if (n)
		memcpy(j->at + j->len, b.ptr, n);
	j->len += n;
	return n == b.len;
}

/* What is cut off at the limit is told as a body over its limit is. */
static bool join_text(void *ctx, struct weir_bytes name, struct weir_bytes text)
{
	struct messages *m = ctx;

	if ((!m->joined.len || join(m, weir_bytes_str("\n"))) && join(m, text))
		return true;
	waf_set_number(m->tx, WEIR_SEC_V_OUTBOUND_DATA_ERROR, 1);
	m->tx->response_partial = true;
	return false;
}

/* ---- messages ---- */

static struct weir_bytes uncompressed(struct messages *m, struct weir_bytes in)
{
	struct weir_bytes out = in;
	bool good = m->coding >= 0 &&
		    waf_undo_coding(m->tx, (enum weir_coding)m->coding, &out, m->left);

	if (!good && !m->is_response)
		waf_body_error(m->tx, "a message's coding could not be undone");
	m->left -= out.len < m->left ? out.len : m->left;
	return out;
}

static bool go_on(void *ctx)
{
	const struct messages *m = ctx;

	return !waf_is_late(m->tx);
}

static int parse(struct messages *m, struct weir_bytes content, struct weir_param_sink sink)
{
	static const struct weir_protobuf_limits limits = {
		.depth = WEIR_PROTOBUF_DEPTH_MAX,
		.values = UINT32_MAX, /* the sink ends it before */
	};

	return weir_protobuf_parse(content, PREFIX, &limits, &m->tx->arena, &sink);
}

static void take_argument_message(struct messages *m, struct weir_bytes content)
{
	struct weir_decode_error error = {0};
	int rc;

	if (m->tx->force_body)
		(void)join(m, content);
	rc = m->json ? waf_json(m->tx, content, PREFIX, &error)
		     : parse(m, content, waf_param_sink(m->tx));
	waf_tell_error(m->tx, rc, &error);
}

static void take_text_message(struct messages *m, struct weir_bytes content, bool is_text)
{
	const struct weir_param_sink sink = {.param = join_text, .context = m, .go_on = go_on};

	if (is_text)
		join_text(m, (struct weir_bytes){0}, content);
	else
		(void)!parse(m, content, sink);
}

/* Of the last one perhaps not all is here. A flag that has no meaning ends what can be told from
 * one another. */
static void take_next(struct messages *m, struct weir_cursor *c)
{
	uint8_t flag = weir_cursor_u8(c), known = COMPRESSED | (m->is_response ? TRAILERS : 0);
	uint32_t len = weir_cursor_u32(c);
	size_t here = weir_cursor_left(c);
	struct weir_bytes content;

	if (!(flag & ~known) && len < here)
		here = len;
	content = weir_bytes_of(weir_cursor_take(c, here), here);
	if (!(flag & ~known) && flag & COMPRESSED)
		content = uncompressed(m, content);
	if (m->is_response) {
		take_text_message(m, content, m->json || flag & TRAILERS);
		return;
	}
	if (flag & ~known)
		waf_body_error(m->tx, "a gRPC message whose first byte is neither 0 nor 1");
	take_argument_message(m, content);
}

/* Who gives the messages one by one has decoded them: no digit of Base64 is a flag. */
static bool is_base64(const struct messages *m, struct weir_bytes body)
{
	return m->text && body.len && body.ptr[0] & ~(COMPRESSED | TRAILERS);
}

/* As far as it is Base64, and there is time. */
static struct weir_bytes decoded(struct messages *m, struct weir_bytes in)
{
	size_t room = in.len / 4 * 3 + 3, len = 0, n;
	uint8_t *out = weir_arena_alloc(&m->tx->arena, room);
	struct weir_grpc_text t = {0};
	ssize_t used = 1;

	if (!out)
		return (struct weir_bytes){0}; /* told by the arena */
	while (in.len && used > 0 && !waf_is_late(m->tx)) {
		size_t some = in.len < TEXT_PIECE ? in.len : TEXT_PIECE;

		used = weir_grpc_text_decode(&t, weir_bytes_of(in.ptr, some), out + len, room - len,
					     &n);
		len += n;
		some = used > 0 ? (size_t)used : 0;
		in = weir_bytes_of(in.ptr + some, in.len - some);
	}
	if ((used < 0 || t.have) && !m->is_response)
		waf_body_error(m->tx, "gRPC-Web's text is no Base64");
	return weir_bytes_of(out, len);
}

static void take_all(struct messages *m, struct weir_bytes body)
{
	struct weir_cursor c;

	if (is_base64(m, body))
		body = decoded(m, body);
	c = weir_cursor_of(body.ptr, body.len);
	while (weir_cursor_left(&c) >= 5 && !waf_is_late(m->tx))
		take_next(m, &c);
}

void waf_take_grpc(struct weir_waf_tx *tx, struct weir_bytes body)
{
	struct messages m;

	init(&m, tx, &tx->request, tx->body_limit);
	take_all(&m, body);
	if (tx->force_body)
		waf_list_add(tx, WEIR_SEC_V_REQUEST_BODY, (struct weir_bytes){0},
			     weir_bytes_of(m.joined.at, m.joined.len));
}

struct weir_bytes waf_grpc_text(struct weir_waf_tx *tx, struct weir_bytes body)
{
	struct messages m;

	init(&m, tx, &tx->response, tx->response_limit);
	take_all(&m, body);
	return weir_bytes_of(m.joined.at, m.joined.len);
}
