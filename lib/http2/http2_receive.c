/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What nghttp2 has read: header blocks become heads, and DATA is held against the length that its
 * head has named.
 */
#include "http2_impl.h"

/* To be returned by a callback. */
static int result(const struct weir_http2_session *s)
{
	return s->error ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
}

static struct weir_http2_stream *stream_of(struct weir_http2_session *s, int32_t id)
{
	return id ? nghttp2_session_get_stream_user_data(s->ng, id) : NULL;
}

static bool ends_stream(const nghttp2_frame_hd *hd)
{
	return hd->flags & NGHTTP2_FLAG_END_STREAM;
}

/* ---- heads ---- */

static enum http2_block_kind kind_of(const struct weir_http2_stream *st)
{
	if (st->in != HTTP2_HEAD)
		return HTTP2_TRAILERS;
	return st->s->server ? HTTP2_REQUEST : HTTP2_RESPONSE;
}

/* Each has its share: by default nghttp2 would send one to its end before the next (RFC 9218
 * section 10), and those that come behind a long one would get nothing while the peer is slow. */
static int share(struct weir_http2_session *s, int32_t id)
{
	const nghttp2_extpri equal = {.urgency = NGHTTP2_EXTPRI_DEFAULT_URGENCY, .inc = 1};

	return nghttp2_session_change_extpri_stream_priority(s->ng, id, &equal, 1);
}

static int on_begin_headers(nghttp2_session *ng, const nghttp2_frame *frame, void *user)
{
	struct weir_http2_session *s = user;
	struct weir_http2_stream *st;

	http2_block_drop(s);
	if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
		st = http2_stream_open(s, frame->hd.stream_id);
		if (!st || share(s, frame->hd.stream_id) != 0)
			return http2_fail(s, WEIR_HTTP2_E_MEMORY);
		(void)nghttp2_session_set_stream_user_data(ng, st->id, st);
	} else {
		st = stream_of(s, frame->hd.stream_id);
	}
	if (!st || st->dead)
		return 0;
	s->block.st = st;
	s->block.kind = kind_of(st);
	s->block.since_ns = s->now_ns;
	return 0;
}

static int on_header(nghttp2_session *ng, const nghttp2_frame *frame, const uint8_t *name,
		     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
		     void *user)
{
	struct weir_http2_session *s = user;
	enum weir_http2_error e;

	(void)ng;
	(void)flags;
	if (!s->block.st || s->block.st->id != frame->hd.stream_id)
		return 0;
	e = http2_block_add(s, weir_bytes_of(name, name_len), weir_bytes_of(value, value_len));
	return e ? http2_fail(s, e) : 0;
}

/* The peer's message is complete. */
static void end_message(struct weir_http2_stream *st)
{
	if (st->dead)
		return;
	if (st->in == HTTP2_HEAD) {
		http2_stream_bad(st, WEIR_HTTP2_E_DATA_EARLY);
	} else if (st->in_counted && st->in_left) {
		http2_stream_bad(st, WEIR_HTTP2_E_LENGTH_MISMATCH);
	} else {
		st->in = HTTP2_ENDED;
		st->s->events->on_end(st->s->user, st);
	}
}

/* How much DATA must follow. */
static void expect_body(struct weir_http2_stream *st, const struct weir_http_head *h)
{
	st->in = HTTP2_BODY;
	st->in_counted = h->framing == WEIR_HTTP_LENGTH || h->framing == WEIR_HTTP_NO_BODY;
	st->in_left = h->framing == WEIR_HTTP_LENGTH ? h->length : 0;
}

#define INTERIMS_MAX 32 /* of one stream */

static bool is_interim(const struct weir_http_head *h)
{
	return h->status && h->status < 200;
}

static enum weir_http2_error check_head(struct weir_http2_stream *st,
					const struct weir_http2_head *h)
{
	if (is_interim(&h->http) && h->end)
		return WEIR_HTTP2_E_INTERIM_END;
	if (is_interim(&h->http))
		return st->interims++ < INTERIMS_MAX ? WEIR_HTTP2_OK : WEIR_HTTP2_E_INTERIM_LIMIT;
	expect_body(st, &h->http);
	if (h->end && st->in_left)
		return WEIR_HTTP2_E_LENGTH_MISMATCH;
	return WEIR_HTTP2_OK;
}

static void deliver_head(struct weir_http2_stream *st, const struct weir_http2_head *h)
{
	struct weir_http2_session *s = st->s;
	enum weir_http2_error e = check_head(st, h);

	if (e) {
		http2_stream_bad(st, e);
		return;
	}
	if (s->server) {
		st->is_head = h->http.is_head;
		st->is_connect = h->http.is_connect;
	}
	st->shown = true;
	s->events->on_head(s->user, st, h);
}

static void deliver_trailers(struct weir_http2_stream *st, const struct weir_http2_head *h)
{
	struct weir_http2_session *s = st->s;

	if (!h->end)
		http2_stream_bad(st, WEIR_HTTP2_E_TRAILER_END);
	else if (h->http.n_headers)
		s->events->on_trailers(s->user, st, h->http.headers, h->http.n_headers);
}

static int on_block(struct weir_http2_session *s, const nghttp2_frame_hd *hd)
{
	struct weir_http2_stream *st = s->block.st;
	struct http2_message m;
	enum weir_http2_error e;

	if (!st || st->id != hd->stream_id)
		return 0;
	e = http2_block_finish(s, ends_stream(hd), &m);
	if (e == WEIR_HTTP2_E_MEMORY)
		(void)http2_fail(s, e);
	else if (e)
		http2_stream_bad(st, e);
	else if (s->block.kind == HTTP2_TRAILERS)
		deliver_trailers(st, &m.head);
	else
		deliver_head(st, &m.head);
	http2_free(&s->memory, m.headers);
	http2_block_drop(s);
	if (!e && !s->error && ends_stream(hd))
		end_message(st);
	return result(s);
}

/* ---- content ---- */

/* A stream's window, or what it is until the peer has heard of it. */
static uint64_t window_of(const struct weir_http2_session *s)
{
	uint32_t window = s->w->limits.stream_window;

	return window > NGHTTP2_INITIAL_WINDOW_SIZE ? window : NGHTTP2_INITIAL_WINDOW_SIZE;
}

/* nghttp2 hands over the bytes that pass the window, too, before it resets the stream. */
static enum weir_http2_error take_data(struct weir_http2_stream *st, size_t len)
{
	if (st->unconsumed + len > window_of(st->s))
		return WEIR_HTTP2_E_FLOW_CONTROL;
	if (st->in != HTTP2_BODY)
		return WEIR_HTTP2_E_DATA_EARLY;
	if (st->in_counted && len > st->in_left)
		return st->s->server || st->in_left ? WEIR_HTTP2_E_LENGTH_MISMATCH
						    : WEIR_HTTP2_E_BODY_UNEXPECTED;
	if (st->in_counted)
		st->in_left -= len;
	return WEIR_HTTP2_OK;
}

static int on_data(nghttp2_session *ng, uint8_t flags, int32_t id, const uint8_t *data, size_t len,
		   void *user)
{
	struct weir_http2_session *s = user;
	struct weir_http2_stream *st = stream_of(s, id);
	enum weir_http2_error e = WEIR_HTTP2_OK;

	(void)flags;
	if (st && !st->dead) {
		e = take_data(st, len);
		if (e)
			http2_stream_bad(st, e);
	}
	if (!st || st->dead) {
		if (nghttp2_session_consume(ng, id, len) != 0)
			(void)http2_fail(s, WEIR_HTTP2_E_MEMORY);
		return result(s);
	}
	st->unconsumed += len;
	s->events->on_data(s->user, st, weir_bytes_of(data, len));
	return result(s);
}

/* Padding alone is no content either. */
static int on_data_end(struct weir_http2_session *s, const nghttp2_frame *frame)
{
	struct weir_http2_stream *st = stream_of(s, frame->hd.stream_id);

	if (frame->hd.length && frame->hd.length == frame->data.padlen &&
	    !ends_stream(&frame->hd) && !http2_charge(s, WEIR_HTTP2_E_EMPTY_FLOOD))
		return http2_fail(s, WEIR_HTTP2_E_EMPTY_FLOOD);
	if (st && ends_stream(&frame->hd))
		end_message(st);
	return result(s);
}

/* ---- frames ---- */

static void on_reset(struct weir_http2_session *s, int32_t id)
{
	struct weir_http2_stream *st = stream_of(s, id);

	if (st && !st->dead)
		st->why = WEIR_HTTP2_E_PEER_RESET;
	if (st)
		st->dead = true;
}

static int on_frame(nghttp2_session *ng, const nghttp2_frame *frame, void *user)
{
	struct weir_http2_session *s = user;

	(void)ng;
	switch (frame->hd.type) {
	case NGHTTP2_HEADERS:
		return on_block(s, &frame->hd);
	case NGHTTP2_DATA:
		return on_data_end(s, frame);
	case NGHTTP2_RST_STREAM:
		on_reset(s, frame->hd.stream_id);
		break;
	case NGHTTP2_GOAWAY:
		s->peer_leaves = true;
		s->events->on_goaway(s->user, (uint32_t)frame->goaway.last_stream_id,
				     frame->goaway.error_code);
		break;
	default:
		break;
	}
	return result(s);
}

/* nghttp2 is going to reset a stream, or to end the session. */
static int on_invalid_frame(nghttp2_session *ng, const nghttp2_frame *frame, int error, void *user)
{
	struct weir_http2_session *s = user;
	struct weir_http2_stream *st = stream_of(s, frame->hd.stream_id);
	bool opens = s->server && frame->hd.type == NGHTTP2_HEADERS && !st;

	(void)ng;
	s->hint = http2_error_of(error);
	if (opens && error == NGHTTP2_ERR_REFUSED_STREAM) {
		s->events->on_bad(s->user, (uint32_t)frame->hd.stream_id, WEIR_HTTP2_E_REFUSED);
		if (!http2_charge_reset(s))
			return http2_fail(s, WEIR_HTTP2_E_RAPID_RESET);
	} else if (opens && s->n_streams >= s->w->limits.streams) {
		return http2_fail(s, WEIR_HTTP2_E_STREAMS_LIMIT);
	} else if (st && !st->why) {
		st->why = s->hint;
		s->events->on_bad(s->user, (uint32_t)st->id, st->why);
		if (!http2_charge_reset(s))
			return http2_fail(s, WEIR_HTTP2_E_RAPID_RESET);
	}
	return 0;
}

static enum weir_http2_error why_closed(struct weir_http2_stream *st, uint32_t code)
{
	if (st->why || code == WEIR_HTTP2_NO_ERROR)
		return st->why;
	if (st->s->peer_leaves && code == WEIR_HTTP2_REFUSED_STREAM)
		return WEIR_HTTP2_E_PEER_GOAWAY;
	return http2_error_of_code(code);
}

/* nghttp2 has reset the stream without a word before: that is the peer's doing, too. */
static void count_unnamed(struct weir_http2_stream *st, enum weir_http2_error why)
{
	struct weir_http2_session *s = st->s;

	if (!s->server || st->why || !why)
		return;
	s->events->on_bad(s->user, (uint32_t)st->id, why);
	if (!http2_charge_reset(s))
		(void)http2_fail(s, WEIR_HTTP2_E_RAPID_RESET);
}

static int on_stream_close(nghttp2_session *ng, int32_t id, uint32_t code, void *user)
{
	struct weir_http2_session *s = user;
	struct weir_http2_stream *st = stream_of(s, id);

	(void)ng;
	if (st) {
		count_unnamed(st, why_closed(st, code));
		http2_stream_gone(st, why_closed(st, code), code);
	}
	return result(s);
}

void http2_set_receive_callbacks(nghttp2_session_callbacks *c)
{
	nghttp2_session_callbacks_set_on_begin_headers_callback(c, on_begin_headers);
	nghttp2_session_callbacks_set_on_header_callback(c, on_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(c, on_data);
	nghttp2_session_callbacks_set_on_frame_recv_callback(c, on_frame);
	nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(c, on_invalid_frame);
	nghttp2_session_callbacks_set_on_stream_close_callback(c, on_stream_close);
}
