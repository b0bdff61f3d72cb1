/* SPDX-License-Identifier: BSD-3-Clause */
/* nghttp2 itself, as a client or as a server, on the other end of a session. */
#include "http2_test.h"

#include <stdio.h>

struct peer_stream *peer_of(struct peer *p, int32_t id)
{
	ck_assert_int_lt(id / 2, STREAMS);
	return &p->stream[id / 2];
}

static int on_header(nghttp2_session *ng, const nghttp2_frame *frame, const uint8_t *name,
		     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
		     void *user)
{
	struct peer_stream *x = peer_of(user, frame->hd.stream_id);
	size_t at = strlen(x->head);

	(void)ng;
	(void)flags;
	snprintf(x->head + at, sizeof(x->head) - at, "%.*s: %.*s\n", (int)name_len,
		 (const char *)name, (int)value_len, (const char *)value);
	return 0;
}

static int on_data(nghttp2_session *ng, uint8_t flags, int32_t id, const uint8_t *data, size_t len,
		   void *user)
{
	struct peer *p = user;
	struct peer_stream *x = peer_of(p, id);

	(void)flags;
	for (size_t i = 0; i < len; i++)
		x->sum = (x->sum ^ data[i]) * 1099511628211ULL;
	x->received += len;
	if (!p->hold)
		ck_assert_int_eq(nghttp2_session_consume(ng, id, len), 0);
	return 0;
}

static int on_frame(nghttp2_session *ng, const nghttp2_frame *frame, void *user)
{
	struct peer *p = user;

	(void)ng;
	if (frame->hd.type == NGHTTP2_GOAWAY) {
		p->goaways++;
		p->goaway = frame->goaway.error_code;
	}
	if ((frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS) &&
	    frame->hd.flags & NGHTTP2_FLAG_END_STREAM) {
		struct peer_stream *x = peer_of(p, frame->hd.stream_id);

		x->ended = true;
		if (x->answer)
			peer_respond(p, frame->hd.stream_id, x->answer);
	}
	return 0;
}

static int on_close(nghttp2_session *ng, int32_t id, uint32_t code, void *user)
{
	struct peer_stream *x = peer_of(user, id);

	(void)ng;
	x->closes++;
	x->code = code;
	return 0;
}

static ssize_t read_data(nghttp2_session *ng, int32_t id, uint8_t *to, size_t max, uint32_t *flags,
			 nghttp2_data_source *source, void *user)
{
	struct peer_stream *x = peer_of(user, id);
	size_t n = x->to_send - x->sent < max ? x->to_send - x->sent : max;
	nghttp2_nv t = {(uint8_t *)(uintptr_t) "x-end", (uint8_t *)(uintptr_t) "yes", 5, 3, 0};

	(void)source;
	for (size_t i = 0; i < n; i++)
		to[i] = content_at((uint32_t)id, x->sent + i);
	x->sent += n;
	if (x->sent < x->to_send)
		return (ssize_t)n;
	*flags |= NGHTTP2_DATA_FLAG_EOF;
	if (x->trailers) {
		*flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
		ck_assert_int_eq(nghttp2_submit_trailer(ng, id, &t, 1), 0);
	}
	return (ssize_t)n;
}

struct peer *peer_create(struct owner *o, uint32_t window)
{
	struct peer *p = calloc(1, sizeof(*p));
	nghttp2_settings_entry e = {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, window};
	nghttp2_session_callbacks *c;
	nghttp2_option *option;

	p->o = o;
	ck_assert_int_eq(nghttp2_session_callbacks_new(&c), 0);
	ck_assert_int_eq(nghttp2_option_new(&option), 0);
	nghttp2_option_set_no_auto_window_update(option, 1);
	nghttp2_session_callbacks_set_on_header_callback(c, on_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(c, on_data);
	nghttp2_session_callbacks_set_on_frame_recv_callback(c, on_frame);
	nghttp2_session_callbacks_set_on_stream_close_callback(c, on_close);
	p->server = !o->server;
	if (p->server)
		ck_assert_int_eq(nghttp2_session_server_new2(&p->ng, c, p, option), 0);
	else
		ck_assert_int_eq(nghttp2_session_client_new2(&p->ng, c, p, option), 0);
	ck_assert_int_eq(nghttp2_submit_settings(p->ng, 0, &e, 1), 0);
	nghttp2_session_callbacks_del(c);
	nghttp2_option_del(option);
	return p;
}

void peer_destroy(struct peer *p)
{
	nghttp2_session_del(p->ng);
	free(p);
}

static nghttp2_nv nv_of(const char *name, const char *value)
{
	return (nghttp2_nv){(uint8_t *)(uintptr_t)name, (uint8_t *)(uintptr_t)value, strlen(name),
			    strlen(value), NGHTTP2_NV_FLAG_NONE};
}

int32_t peer_request(struct peer *p, const char *path, size_t body, bool trailers)
{
	nghttp2_data_provider provider = {.read_callback = read_data};
	nghttp2_nv nv[] = {nv_of(":method", body ? "POST" : "GET"), nv_of(":scheme", "https"),
			   nv_of(":authority", "a"), nv_of(":path", path)};
	int32_t id = nghttp2_submit_request(p->ng, NULL, nv, 4, body ? &provider : NULL, NULL);

	ck_assert_int_gt(id, 0);
	peer_of(p, id)->to_send = body;
	peer_of(p, id)->trailers = trailers;
	return id;
}

void peer_respond(struct peer *p, int32_t id, size_t body)
{
	nghttp2_data_provider provider = {.read_callback = read_data};
	nghttp2_nv nv = nv_of(":status", "200");

	peer_of(p, id)->to_send = body;
	ck_assert_int_eq(nghttp2_submit_response(p->ng, id, &nv, 1, body ? &provider : NULL), 0);
}

static bool to_owner(struct peer *p, size_t step)
{
	const uint8_t *out;
	ssize_t n = nghttp2_session_mem_send(p->ng, &out);

	ck_assert_int_ge(n, 0);
	if (n > 0)
		(void)owner_feed(p->o, out, (size_t)n, step);
	return n > 0;
}

static bool from_owner(struct peer *p, size_t step)
{
	struct owner *o = p->o;
	size_t n = o->n_out;

	for (size_t at = 0; at < n; at += step) {
		size_t give = n - at < step ? n - at : step;
		ssize_t used = nghttp2_session_mem_recv(p->ng, o->out + at, give);

		ck_assert_int_eq(used, (ssize_t)give);
	}
	o->n_out = 0;
	return n > 0;
}

void pump(struct peer *p, size_t step)
{
	bool moved = true;

	while (moved) {
		weir_http2_flush(p->o->s, p->o->now_ns);
		moved = from_owner(p, step);
		moved |= to_owner(p, step);
	}
}
