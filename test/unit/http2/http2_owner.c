/* SPDX-License-Identifier: BSD-3-Clause */
/* An owner of a session that notes what it is told, and frames made by hand. */
#include "http2_test.h"

#include <stdio.h>

struct seen *seen_of(struct owner *o, uint32_t id)
{
	return &o->seen[id / 2 % STREAMS];
}

static struct seen *seen(struct owner *o, struct weir_http2_stream *st)
{
	return seen_of(o, weir_http2_stream_id(st));
}

uint8_t content_at(uint32_t id, size_t i)
{
	return (uint8_t)(i * 31 + (i >> 8) * 7 + id * 13);
}

static uint64_t sum_add(uint64_t sum, uint8_t byte)
{
	return (sum ^ byte) * 1099511628211ULL;
}

uint64_t sum_of(uint32_t id, size_t n)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum = sum_add(sum, content_at(id, i));
	return sum;
}

/* ---- memory, counted ---- */

static void *take(void *context, size_t bytes)
{
	struct owner *o = context;

	o->memory_taken += bytes;
	return malloc(bytes);
}

static void give(void *context, void *chunk, size_t bytes)
{
	struct owner *o = context;

	o->memory_taken -= bytes;
	free(chunk);
}

/* ---- events ---- */

static void answer(struct owner *o, struct weir_http2_stream *st)
{
	struct weir_http_head h = {.status = 200, .framing = WEIR_HTTP_CHUNKED};
	struct seen *x = seen(o, st);
	enum weir_http2_error e;

	x->to_send = o->answer_empty ? 0 : x->received;
	e = weir_http2_response(st, &h, x->to_send > 0);
	ck_assert(!e || (o->may_fail && e == WEIR_HTTP2_E_MEMORY));
	if (e)
		weir_http2_end(o->s, e);
}

static void on_head(void *user, struct weir_http2_stream *st, const struct weir_http2_head *h)
{
	struct owner *o = user;
	struct seen *x = seen(o, st);
	bool interim = h->http.status && h->http.status < 200;
	char *to = interim ? x->interim : x->head;
	size_t room = interim ? sizeof(x->interim) : sizeof(x->head);
	size_t n = weir_http2_to_http1(&h->http, (uint8_t *)to, room - 1);

	ck_assert(x->st == NULL || x->st == st);
	x->st = st;
	to[n] = 0;
	x->heads++;
	x->framing = h->http.framing;
	x->end = h->end;
	ck_assert(weir_bytes_is(h->http.protocol, "HTTP/2.0"));
	if (o->reset_on_head)
		weir_http2_reset(st, WEIR_HTTP2_CANCEL);
}

static void on_data(void *user, struct weir_http2_stream *st, struct weir_bytes data)
{
	struct owner *o = user;
	struct seen *x = seen(o, st);

	for (size_t i = 0; i < data.len; i++)
		x->sum = sum_add(x->sum, data.ptr[i]);
	x->received += data.len;
	if (o->hold)
		x->held += data.len;
	else
		weir_http2_consume(st, data.len);
}

static void on_trailers(void *user, struct weir_http2_stream *st,
			const struct weir_http_header *fields, unsigned int n)
{
	struct seen *x = seen(user, st);
	size_t at = 0;

	for (unsigned int i = 0; i < n; i++)
		at += (size_t)snprintf(x->trailers + at, sizeof(x->trailers) - at, "%.*s: %.*s\n",
				       (int)fields[i].name.len, (const char *)fields[i].name.ptr,
				       (int)fields[i].value.len, (const char *)fields[i].value.ptr);
}

static void on_end(void *user, struct weir_http2_stream *st)
{
	struct owner *o = user;
	struct seen *x = seen(o, st);

	ck_assert(!x->ended);
	x->ended = true;
	if (o->answer || o->answer_empty)
		answer(o, st);
}

static void on_close(void *user, struct weir_http2_stream *st, enum weir_http2_error why,
		     uint32_t code)
{
	struct owner *o = user;
	struct seen *x = seen(o, st);

	weir_http2_queue_drop(o->s, &x->queue, SIZE_MAX);
	x->st = NULL;
	x->closes++;
	x->why = why;
	x->code = code;
}

static void on_bad(void *user, uint32_t id, enum weir_http2_error why)
{
	struct seen *x = seen_of(user, id);

	x->bads++;
	x->bad = why;
}

static void on_goaway(void *user, uint32_t last, uint32_t code)
{
	struct owner *o = user;

	(void)last;
	(void)code;
	o->goaways++;
}

static void on_over(void *user, enum weir_http2_error why)
{
	struct owner *o = user;

	o->overs++;
	o->over = why;
	for (unsigned int i = 0; i < STREAMS; i++)
		ck_assert_ptr_null(o->seen[i].st);
}

static size_t pull(void *user, struct weir_http2_stream *st, uint8_t *to, size_t max,
		   enum weir_http2_more *more)
{
	struct owner *o = user;
	struct seen *x = seen(o, st);
	size_t n = x->to_send - x->sent < max ? x->to_send - x->sent : max;

	if (x->broken) {
		*more = WEIR_HTTP2_BROKEN;
		return 0;
	}
	if (x->queued) {
		n = weir_http2_queue_take(o->s, &x->queue, to, max);
		x->sent += n;
		if (!x->queue.bytes && x->queue_ends)
			*more = WEIR_HTTP2_END;
		return n;
	}
	for (size_t i = 0; i < n; i++)
		to[i] = content_at(weir_http2_stream_id(st), x->sent + i);
	x->sent += n;
	if (x->sent == x->to_send)
		*more = x->trailers_follow ? WEIR_HTTP2_TRAILERS : WEIR_HTTP2_END;
	if (x->sent == x->to_send && x->trailers_follow) {
		struct weir_http_header t = {weir_bytes_str("grpc-status"), weir_bytes_str("0")};

		ck_assert_int_eq(weir_http2_send_trailers(st, &t, 1), WEIR_HTTP2_OK);
	}
	return n;
}

static size_t write_out(void *user, struct weir_bytes out)
{
	struct owner *o = user;
	size_t n = out.len < o->write_room ? out.len : o->write_room;

	if (o->write_room != SIZE_MAX)
		o->write_room -= n;
	if (o->n_out + n > o->room_out) {
		o->room_out = 2 * (o->n_out + n);
		o->out = realloc(o->out, o->room_out);
	}
	if (n)
		memcpy(o->out + o->n_out, out.ptr, n);
	o->n_out += n;
	return n;
}

static const struct weir_http2_events events = {
	.on_head = on_head,
	.on_data = on_data,
	.on_trailers = on_trailers,
	.on_end = on_end,
	.on_close = on_close,
	.on_bad = on_bad,
	.on_goaway = on_goaway,
	.on_over = on_over,
	.pull = pull,
	.write = write_out,
};

struct owner *owner_create_if(bool server, const struct weir_http2_limits *limits)
{
	struct owner *o = calloc(1, sizeof(*o));
	struct weir_http2_config config = {
		.events = &events, .user = o, .server = server, .secure = true};

	o->server = server;
	o->http = weir_http_limits_default;
	o->now_ns = config.now_ns = 1000 * SECOND;
	o->write_room = SIZE_MAX;
	o->source = (struct weir_arena_source){take, give, o};
	o->w = weir_http2_create(&o->source, limits ? limits : &weir_http2_limits_default);
	ck_assert_ptr_nonnull(o->w);
	config.http = &o->http;
	o->s = weir_http2_session_create(o->w, &config);
	if (o->s)
		return o;
	owner_destroy(o);
	return NULL;
}

struct owner *owner_create(bool server, const struct weir_http2_limits *limits)
{
	struct owner *o = owner_create_if(server, limits);

	ck_assert_ptr_nonnull(o);
	return o;
}

void owner_destroy(struct owner *o)
{
	for (unsigned int i = 0; i < STREAMS; i++)
		weir_http2_queue_drop(o->s, &o->seen[i].queue, SIZE_MAX);
	weir_http2_session_destroy(o->s);
	weir_http2_destroy(o->w);
	ck_assert_uint_eq(o->memory_taken, 0);
	free(o->out);
	free(o);
}

enum weir_http2_error owner_feed(struct owner *o, const void *bytes, size_t n, size_t step)
{
	enum weir_http2_error e = WEIR_HTTP2_OK;

	for (size_t at = 0; at < n; at += step) {
		size_t give_now = n - at < step ? n - at : step;
		uint8_t *exact = malloc(give_now); /* so that a sanitizer sees a read past it */

		memcpy(exact, (const uint8_t *)bytes + at, give_now);
		e = weir_http2_feed(o->s, weir_bytes_of(exact, give_now), o->now_ns);
		free(exact);
	}
	return e;
}

struct weir_http2_stream *owner_request(struct owner *o, const char *text, size_t body,
					enum weir_http2_error *why)
{
	struct weir_http_header fields[32];
	struct weir_http2_head h = {0};
	struct weir_http2_stream *st;

	ck_assert_int_gt(weir_http_request_parse(weir_bytes_str(text), &o->http, fields, &h.http),
			 0);
	st = weir_http2_request(o->s, &h, body > 0, why);
	if (st) {
		seen(o, st)->st = st;
		seen(o, st)->to_send = body;
	}
	return st;
}

/* ---- frames by hand ---- */

struct raw *raw_create(void)
{
	struct raw *r = calloc(1, sizeof(*r));

	ck_assert_int_eq(nghttp2_hd_deflate_new(&r->hd, 4096), 0);
	return r;
}

void raw_destroy(struct raw *r)
{
	nghttp2_hd_deflate_del(r->hd);
	free(r);
}

void raw_bytes(struct raw *r, const void *bytes, size_t n)
{
	ck_assert_uint_le(r->n + n, sizeof(r->bytes));
	if (n)
		memcpy(r->bytes + r->n, bytes, n);
	r->n += n;
}

void raw_frame(struct raw *r, uint8_t type, uint8_t flags, uint32_t id, const void *payload,
	       size_t n)
{
	uint8_t head[9] = {
		(uint8_t)(n >> 16),  (uint8_t)(n >> 8),   (uint8_t)n,         type,       flags,
		(uint8_t)(id >> 24), (uint8_t)(id >> 16), (uint8_t)(id >> 8), (uint8_t)id};

	raw_bytes(r, head, sizeof(head));
	raw_bytes(r, payload, n);
}

void raw_begin(struct raw *r, bool client)
{
	if (client)
		raw_bytes(r, NGHTTP2_CLIENT_MAGIC, NGHTTP2_CLIENT_MAGIC_LEN);
	raw_frame(r, NGHTTP2_SETTINGS, 0, 0, NULL, 0);
	raw_frame(r, NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0, NULL, 0);
}

void raw_answer(struct raw *r, struct owner *o, const char *request)
{
	enum weir_http2_error why;

	ck_assert_ptr_nonnull(owner_request(o, request, 0, &why));
	weir_http2_flush(o->s, o->now_ns);
	raw_begin(r, false);
}

/* nghttp2's encoder would put names in lower case only when a session does it: here not. */
size_t raw_block(struct raw *r, const char *fields, uint8_t *block, size_t room)
{
	static char copy[1 << 20];
	nghttp2_nv nv[512];
	size_t n = 0;
	char *at = copy;
	ssize_t len;

	ck_assert_uint_lt(strlen(fields), sizeof(copy));
	strcpy(copy, fields);
	while (*at) {
		char *middle = strchr(at, '\x1f'), *end = strchr(at, '\x1e');

		ck_assert(n < 512 && middle && end && middle < end);
		nv[n++] = (nghttp2_nv){(uint8_t *)at, (uint8_t *)middle + 1, (size_t)(middle - at),
				       (size_t)(end - middle) - 1, NGHTTP2_NV_FLAG_NONE};
		at = end + 1;
	}
	for (char *c = copy; c < at; c++)
		if (*c == '\x02')
			*c = 0;
	len = nghttp2_hd_deflate_hd(r->hd, block, room, nv, n);
	ck_assert_int_ge(len, 0);
	return (size_t)len;
}

void raw_headers(struct raw *r, uint32_t id, uint8_t flags, const char *fields)
{
	static uint8_t block[1 << 20];
	size_t n = raw_block(r, fields, block, sizeof(block));

	ck_assert_uint_le(n, 16384);
	raw_frame(r, NGHTTP2_HEADERS, flags | END_HEADERS, id, block, n);
}

enum weir_http2_error raw_give(struct raw *r, struct owner *o, size_t step)
{
	enum weir_http2_error e = owner_feed(o, r->bytes, r->n, step);

	r->n = 0;
	return e;
}

/* ---- what was written ---- */

static bool next_frame(const struct owner *o, size_t *at, nghttp2_frame_hd *hd,
		       struct weir_bytes *payload)
{
	static const size_t magic = NGHTTP2_CLIENT_MAGIC_LEN;
	const uint8_t *p;

	if (*at == 0 && o->n_out >= magic && !memcmp(o->out, NGHTTP2_CLIENT_MAGIC, magic))
		*at = magic;
	if (o->n_out - *at < 9)
		return false;
	p = o->out + *at;
	hd->length = (size_t)p[0] << 16 | (size_t)p[1] << 8 | p[2];
	hd->type = p[3];
	hd->flags = p[4];
	hd->stream_id =
		(int32_t)((uint32_t)p[5] << 24 | (uint32_t)p[6] << 16 | (uint32_t)p[7] << 8 | p[8]);
	if (o->n_out - *at < 9 + hd->length)
		return false;
	*payload = weir_bytes_of(p + 9, hd->length);
	*at += 9 + hd->length;
	return true;
}

bool wrote_frame(const struct owner *o, uint8_t type, uint32_t id, struct weir_bytes *payload)
{
	nghttp2_frame_hd hd;
	struct weir_bytes b;
	bool found = false;

	for (size_t at = 0; next_frame(o, &at, &hd, &b);) {
		if (hd.type != type || hd.stream_id != (int32_t)id)
			continue;
		found = true;
		*payload = b;
	}
	return found;
}

unsigned int wrote_count(const struct owner *o, uint8_t type)
{
	nghttp2_frame_hd hd;
	struct weir_bytes b;
	unsigned int n = 0;

	for (size_t at = 0; next_frame(o, &at, &hd, &b);)
		n += hd.type == type;
	return n;
}

static uint32_t code_at(struct weir_bytes b, size_t off)
{
	struct weir_cursor c = weir_cursor_of(b.ptr + off, 4);

	ck_assert_uint_ge(b.len, off + 4);
	return weir_cursor_u32(&c);
}

uint32_t wrote_goaway(const struct owner *o)
{
	struct weir_bytes b;

	return wrote_frame(o, NGHTTP2_GOAWAY, 0, &b) ? code_at(b, 4) : UINT32_MAX;
}

uint32_t wrote_reset(const struct owner *o, uint32_t id)
{
	struct weir_bytes b;

	return wrote_frame(o, NGHTTP2_RST_STREAM, id, &b) ? code_at(b, 0) : UINT32_MAX;
}
