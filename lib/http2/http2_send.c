/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Heads to HTTP/2. They may be of HTTP/1.1: what belongs to that connection stays behind (RFC 9113
 * section 8.2.2), and what HTTP/1.1 says in two ways is refused when they differ. Every field is
 * looked at once more: the owner may have added to them.
 */
#include "http2_impl.h"

/* What nghttp2 is given; it copies all. */
struct fields {
	struct weir_http2_session *s;
	const struct weir_http_head *head; /* NULL: trailers */
	nghttp2_nv *nv;
	size_t n;
	bool connection; /* the head has Connection */
	bool te;
	uint8_t *path; /* made for :path */
};

static enum weir_http2_error init_fields(struct fields *f, struct weir_http2_session *s,
					 const struct weir_http_head *head, unsigned int n)
{
	*f = (struct fields){.s = s, .head = head};
	f->connection = head && weir_http_header_find(head, "connection");
	f->nv = http2_alloc(&s->memory, (n + 6) * sizeof(*f->nv));
	return f->nv ? WEIR_HTTP2_OK : WEIR_HTTP2_E_MEMORY;
}

static void free_fields(struct fields *f)
{
	http2_free(&f->s->memory, f->nv);
	http2_free(&f->s->memory, f->path);
}

/* nghttp2's struct is not const-correct: it does not write there. */
static uint8_t *unconst(const uint8_t *p)
{
	return (uint8_t *)(uintptr_t)p;
}

static void put(struct fields *f, struct weir_bytes name, struct weir_bytes value)
{
	f->nv[f->n++] = (nghttp2_nv){
		.name = unconst(name.ptr),
		.namelen = name.len,
		.value = unconst(value.ptr),
		.valuelen = value.len,
		.flags = NGHTTP2_NV_FLAG_NONE,
	};
}

static void put_pseudo(struct fields *f, const char *name, struct weir_bytes value)
{
	put(f, weir_bytes_str(name), value);
}

/* ---- regular fields ---- */

/* No length goes with a status that has no content (RFC 9110 section 8.6). */
static bool is_dropped(const struct fields *f, struct weir_bytes name)
{
	const struct weir_http_head *h = f->head;

	if (http2_is_hop_by_hop(name) || (f->connection && http2_is_connection_option(h, name)))
		return true;
	if (weir_bytes_is_case(name, "host"))
		return h->method.len;
	if (weir_bytes_is_case(name, "content-length"))
		return h->framing == WEIR_HTTP_CHUNKED || h->status / 100 == 1 || h->status == 204;
	return false;
}

/* Of TE only this may be said (RFC 9113 section 8.2.2). */
static void put_te(struct fields *f, struct weir_bytes value)
{
	if (f->te || !http2_list_has(value, weir_bytes_str("trailers")))
		return;
	f->te = true;
	put(f, weir_bytes_str("te"), weir_bytes_str("trailers"));
}

static enum weir_http2_error check_headers(const struct weir_http_head *h)
{
	enum weir_http2_error e = http2_connection_check(h);

	for (uint16_t i = 0; !e && i < h->n_headers; i++)
		e = http2_is_token(h->headers[i].name)
			    ? http2_value_check(weir_bytes_trim(h->headers[i].value))
			    : WEIR_HTTP2_E_NAME;
	return e;
}

static void put_headers(struct fields *f)
{
	const struct weir_http_head *h = f->head;

	for (uint16_t i = 0; i < h->n_headers; i++) {
		struct weir_bytes name = h->headers[i].name, value = h->headers[i].value;

		if (weir_bytes_is_case(name, "te"))
			put_te(f, value);
		else if (!is_dropped(f, name))
			put(f, name, weir_bytes_trim(value));
	}
}

/* ---- requests ---- */

/* The target of the absolute form without scheme and authority; an empty path is "/", and "*" of
 * OPTIONS (RFC 9112 section 3.2.4). */
static enum weir_http2_error path_of_absolute(struct fields *f, struct weir_bytes *path)
{
	const struct weir_http_head *h = f->head;
	const uint8_t *end = h->target.ptr + h->target.len;

	if (h->path.len) {
		*path = weir_bytes_of(h->path.ptr, (size_t)(end - h->path.ptr));
	} else if (!h->query.len) {
		*path = weir_bytes_str(weir_bytes_is(h->method, "OPTIONS") ? "*" : "/");
	} else {
		f->path = http2_alloc(&f->s->memory, h->query.len + 2);
		if (!f->path)
			return WEIR_HTTP2_E_MEMORY;
		memcpy(f->path, "/?", 2);
		memcpy(f->path + 2, h->query.ptr, h->query.len);
		*path = weir_bytes_of(f->path, h->query.len + 2);
	}
	return WEIR_HTTP2_OK;
}

/* Two names for the host must be one: which of them the server takes is not known. */
static enum weir_http2_error authority_of(const struct weir_http_head *h, struct weir_bytes *out)
{
	*out = h->host;
	if (h->form != WEIR_HTTP_ABSOLUTE && h->form != WEIR_HTTP_AUTHORITY)
		return WEIR_HTTP2_OK;
	*out = h->authority;
	if (h->form == WEIR_HTTP_ABSOLUTE && h->host.len &&
	    !weir_bytes_equal_case(h->host, h->authority))
		return WEIR_HTTP2_E_AUTHORITY_MISMATCH;
	return WEIR_HTTP2_OK;
}

enum weir_http2_error weir_http2_request_check(const struct weir_http_head *h)
{
	struct weir_bytes authority;
	enum weir_http2_error e = authority_of(h, &authority);

	if (!e && !http2_is_token(h->method))
		e = WEIR_HTTP2_E_METHOD;
	e = e ?: http2_value_check(h->target);
	e = e ?: http2_value_check(authority);
	return e ?: check_headers(h);
}

static enum weir_http2_error put_request_line(struct fields *f, const struct weir_http2_head *head)
{
	const struct weir_http_head *h = &head->http;
	bool plain = h->is_connect && !head->extended.len;
	struct weir_bytes authority, path = h->target;
	enum weir_http2_error e = authority_of(h, &authority);

	if (!e && h->form == WEIR_HTTP_ABSOLUTE)
		e = path_of_absolute(f, &path);
	if (e)
		return e;
	put_pseudo(f, ":method", h->method);
	if (!plain) {
		put_pseudo(f, ":scheme", weir_bytes_str(f->s->secure ? "https" : "http"));
		put_pseudo(f, ":path", path);
	}
	if (authority.len)
		put_pseudo(f, ":authority", authority);
	if (head->extended.len)
		put_pseudo(f, ":protocol", head->extended);
	return WEIR_HTTP2_OK;
}

static bool peer_takes_extended(const struct weir_http2_session *s)
{
	return s->w->limits.extended_connect &&
	       nghttp2_session_get_remote_settings(s->ng,
						   NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL) == 1;
}

/* Whether the peer takes it, now. */
static enum weir_http2_error check_peer(const struct weir_http2_session *s,
					const struct weir_http2_head *h)
{
	weir_assert(!s->server);
	if (s->error || s->told)
		return WEIR_HTTP2_E_OVER;
	if (!weir_http2_has_room(s))
		return WEIR_HTTP2_E_NO_ROOM;
	if (h->extended.len && !peer_takes_extended(s))
		return WEIR_HTTP2_E_EXTENDED_CONNECT;
	if (h->http.is_connect && !h->extended.len && !s->w->limits.connect)
		return WEIR_HTTP2_E_CONNECT;
	return WEIR_HTTP2_OK;
}

/* What is sent must be what the head says, too. */
static void expect_sending(struct weir_http2_stream *st, const struct weir_http_head *h, bool body)
{
	bool sized = h->framing == WEIR_HTTP_LENGTH || h->framing == WEIR_HTTP_NO_BODY;

	st->out = body ? HTTP2_BODY : HTTP2_ENDED;
	st->out_counted = body && sized && !st->is_connect;
	st->out_left = h->framing == WEIR_HTTP_LENGTH ? h->length : 0;
	st->progress_ns = st->s->now_ns;
}

static enum weir_http2_error submit_request(struct weir_http2_stream *st, struct fields *f,
					    bool body)
{
	nghttp2_data_provider provider = {.read_callback = http2_pull};
	int32_t id =
		nghttp2_submit_request(st->s->ng, NULL, f->nv, f->n, body ? &provider : NULL, st);

	if (id < 0)
		return id == NGHTTP2_ERR_NOMEM ? WEIR_HTTP2_E_MEMORY : WEIR_HTTP2_E_NO_ROOM;
	st->id = id;
	return WEIR_HTTP2_OK;
}

/* A stream that the owner has never seen. */
static void forget(struct weir_http2_stream *st)
{
	st->shown = false;
	http2_stream_close(st, WEIR_HTTP2_E_NO_ROOM, 0);
}

struct weir_http2_stream *weir_http2_request(struct weir_http2_session *s,
					     const struct weir_http2_head *h, bool body,
					     enum weir_http2_error *why)
{
	struct weir_http2_stream *st = NULL;
	struct fields f = {.s = s};

	*why = check_peer(s, h);
	*why = *why ?: weir_http2_request_check(&h->http);
	*why = *why ?: http2_value_check(h->extended);
	if (*why)
		return NULL;
	*why = init_fields(&f, s, &h->http, h->http.n_headers);
	*why = *why ?: put_request_line(&f, h);
	if (!*why) {
		put_headers(&f);
		st = http2_stream_open(s, 0);
		*why = st ? submit_request(st, &f, body) : WEIR_HTTP2_E_MEMORY;
	}
	free_fields(&f);
	if (*why) {
		if (st)
			forget(st);
		return NULL;
	}
	st->shown = true;
	st->is_head = weir_bytes_is(h->http.method, "HEAD");
	st->is_connect = h->http.is_connect;
	expect_sending(st, &h->http, body);
	return st;
}

/* ---- responses ---- */

static enum weir_http2_error submit_response(struct weir_http2_stream *st, struct fields *f,
					     bool interim, bool body)
{
	nghttp2_data_provider provider = {.read_callback = http2_pull};
	int rc;

	if (interim)
		rc = nghttp2_submit_headers(st->s->ng, NGHTTP2_FLAG_NONE, st->id, NULL, f->nv, f->n,
					    NULL);
	else
		rc = nghttp2_submit_response(st->s->ng, st->id, f->nv, f->n,
					     body ? &provider : NULL);
	if (!rc)
		return WEIR_HTTP2_OK;
	return rc == NGHTTP2_ERR_NOMEM ? WEIR_HTTP2_E_MEMORY : WEIR_HTTP2_E_INTERNAL;
}

enum weir_http2_error weir_http2_response(struct weir_http2_stream *st,
					  const struct weir_http_head *h, bool body)
{
	struct weir_http2_session *s = st->s;
	bool interim = h->status < 200;
	char status[3] = {(char)('0' + h->status / 100 % 10), (char)('0' + h->status / 10 % 10),
			  (char)('0' + h->status % 10)};
	struct fields f;
	enum weir_http2_error e;

	weir_assert(s->server && !(interim && body));
	if (st->dead || s->error)
		return WEIR_HTTP2_E_OVER;
	if (h->status == 101)
		return WEIR_HTTP2_E_UPGRADE;
	if (h->status < 100 || h->status > 599 || st->out != HTTP2_HEAD)
		return WEIR_HTTP2_E_STATUS;
	e = check_headers(h);
	if (e)
		return e;
	e = init_fields(&f, s, h, h->n_headers);
	if (!e) {
		put_pseudo(&f, ":status", weir_bytes_of(status, sizeof(status)));
		put_headers(&f);
		e = submit_response(st, &f, interim, body);
	}
	free_fields(&f);
	if (!e && !interim)
		expect_sending(st, h, body);
	return e;
}

/* ---- trailers and content ---- */

enum weir_http2_error weir_http2_send_trailers(struct weir_http2_stream *st,
					       const struct weir_http_header *fields,
					       unsigned int n)
{
	struct fields f;
	enum weir_http2_error e;

	if (st->dead || st->s->error)
		return WEIR_HTTP2_E_OVER;
	e = init_fields(&f, st->s, NULL, n);
	for (unsigned int i = 0; !e && i < n; i++) {
		struct weir_bytes value = weir_bytes_trim(fields[i].value);

		if (!http2_is_token(fields[i].name))
			e = WEIR_HTTP2_E_NAME;
		else if (!http2_may_be_trailer(fields[i].name))
			e = WEIR_HTTP2_E_TRAILER;
		else
			e = http2_value_check(value);
		put(&f, fields[i].name, value);
	}
	if (!e && nghttp2_submit_trailer(st->s->ng, st->id, f.nv, f.n) != 0)
		e = WEIR_HTTP2_E_MEMORY;
	free_fields(&f);
	return e;
}

/* Content that is not as long as its head has said would be the next message's in HTTP/1.1. */
static bool is_as_long_as_said(struct weir_http2_stream *st, size_t n, enum weir_http2_more more)
{
	if (!st->out_counted)
		return true;
	if (n > st->out_left)
		return false;
	st->out_left -= n;
	return more == WEIR_HTTP2_MORE || !st->out_left;
}

ssize_t http2_pull(nghttp2_session *ng, int32_t id, uint8_t *to, size_t max, uint32_t *flags,
		   nghttp2_data_source *source, void *user)
{
	struct weir_http2_session *s = user;
	struct weir_http2_stream *st = nghttp2_session_get_stream_user_data(ng, id);
	enum weir_http2_more more = WEIR_HTTP2_MORE;
	size_t n;

	(void)source;
	if (!st || st->dead)
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	n = s->events->pull(s->user, st, to, max, &more);
	weir_assert(n <= max);
	if (s->error)
		return NGHTTP2_ERR_CALLBACK_FAILURE;
	if (more == WEIR_HTTP2_BROKEN || !is_as_long_as_said(st, n, more)) {
		st->why = more == WEIR_HTTP2_BROKEN ? WEIR_HTTP2_E_OWNER
						    : WEIR_HTTP2_E_LENGTH_MISMATCH;
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	}
	if (!n && more == WEIR_HTTP2_MORE) {
		st->deferred = true;
		return NGHTTP2_ERR_DEFERRED;
	}
	if (more != WEIR_HTTP2_MORE) {
		*flags |= NGHTTP2_DATA_FLAG_EOF;
		st->out = HTTP2_ENDED;
	}
	if (more == WEIR_HTTP2_TRAILERS)
		*flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
	return (ssize_t)n;
}
