/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames into a session of either role. The first byte says which, whether a preface is put before
 * the rest, and what the owner does; the second how many bytes come at a time. Whatever comes, a
 * head that is told must be one that HTTP/1.1 has, content must be as long as its head says,
 * streams must be told in order and closed once, and all memory must come back.
 */
#include <stdlib.h>

#include <weir_http2.h>

#include <nghttp2/nghttp2.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CLIENT  0x01 /* weir is the client */
#define PREFACE 0x02
#define HOLD    0x04 /* content is consumed later, on all streams together */
#define ANSWER  0x08
#define RESETS  0x10 /* every other stream is reset by its head */
#define SLOW    0x20 /* the writer takes 100 bytes a time */

struct stream {
	struct stream *next, **pprev;
	struct weir_http2_stream *st;
	enum weir_http_framing framing;
	uint64_t length, received;
	size_t unconsumed, to_send;
	bool headed, ended, reset;
};

struct owner {
	struct weir_http2_session *s;
	struct stream *streams;
	uint8_t flags;
	unsigned int open;
	bool over;
	size_t room;
	size_t memory;
};

static void check(bool holds)
{
	if (!holds)
		abort();
}

static struct stream *stream_of(struct owner *o, struct weir_http2_stream *st)
{
	struct stream *x = weir_http2_owner(st);

	check(!o->over);
	if (!x) {
		x = calloc(1, sizeof(*x));
		check(x);
		weir_http2_set_owner(st, x);
		x->st = st;
		x->next = o->streams;
		x->pprev = &o->streams;
		if (x->next)
			x->next->pprev = &x->next;
		o->streams = x;
		o->open++;
	}
	return x;
}

/* What HTTP/1.1 makes of the head is the same message. */
static void check_as_http1(const struct weir_http_head *h)
{
	static uint8_t text[1 << 18];
	struct weir_http_header fields[256];
	struct weir_http_limits limits = weir_http_limits_default;
	struct weir_http_head request = {.is_head = h->is_head, .is_connect = h->is_connect};
	struct weir_http_head again;
	size_t n = weir_http2_to_http1(h, text, sizeof(text));
	ssize_t rc;

	if (!n) {
		check(h->is_connect && !h->status);
		return;
	}
	limits.headers = 256;
	limits.head_bytes = sizeof(text);
	rc = h->status ? weir_http_response_parse(weir_bytes_of(text, n), &limits, &request, fields,
						  &again)
		       : weir_http_request_parse(weir_bytes_of(text, n), &limits, fields, &again);
	check(rc == (ssize_t)n);
	check(again.status == h->status && weir_bytes_equal(again.method, h->method));
	check(weir_bytes_equal(again.target, h->target) && weir_bytes_equal(again.host, h->host));
	check(h->is_connect || again.framing == h->framing);
	check(again.framing != WEIR_HTTP_LENGTH || again.length == h->length);
}

static void on_head(void *user, struct weir_http2_stream *st, const struct weir_http2_head *h)
{
	struct owner *o = user;
	struct stream *x = stream_of(o, st);
	struct weir_http_head answer = {.status = 200, .framing = WEIR_HTTP_CHUNKED};

	check(!x->headed && !x->ended && !x->reset);
	check_as_http1(&h->http);
	if (h->http.status && h->http.status < 200)
		return;
	x->headed = true;
	x->framing = h->http.framing;
	x->length = h->http.length;
	if (o->flags & RESETS && weir_http2_stream_id(st) & 2) {
		x->reset = true;
		weir_http2_reset(st, WEIR_HTTP2_CANCEL);
	} else if (o->flags & ANSWER && !(o->flags & CLIENT)) {
		x->to_send = 1000;
		(void)weir_http2_response(st, &answer, true);
	}
}

static void on_data(void *user, struct weir_http2_stream *st, struct weir_bytes data)
{
	struct owner *o = user;
	struct stream *x = stream_of(o, st);

	check(x->headed && !x->ended && !x->reset);
	x->received += data.len;
	check(x->framing != WEIR_HTTP_LENGTH || x->received <= x->length);
	check(x->framing != WEIR_HTTP_NO_BODY || !data.len);
	x->unconsumed += data.len;
	if (o->flags & HOLD)
		return;
	weir_http2_consume(st, x->unconsumed);
	x->unconsumed = 0;
}

static void on_trailers(void *user, struct weir_http2_stream *st,
			const struct weir_http_header *fields, unsigned int n)
{
	struct stream *x = stream_of(user, st);

	check(x->headed && !x->ended && !x->reset);
	for (unsigned int i = 0; i < n; i++)
		check(fields[i].name.len && fields[i].name.ptr[0] != ':' &&
		      !memchr(fields[i].value.ptr, '\n', fields[i].value.len) &&
		      !weir_bytes_is_case(fields[i].name, "content-length"));
}

static void on_end(void *user, struct weir_http2_stream *st)
{
	struct stream *x = stream_of(user, st);

	check(x->headed && !x->ended && !x->reset);
	check(x->framing != WEIR_HTTP_LENGTH || x->received == x->length);
	x->ended = true;
}

static void on_close(void *user, struct weir_http2_stream *st, enum weir_http2_error why,
		     uint32_t code)
{
	struct owner *o = user;
	struct stream *x = weir_http2_owner(st);

	(void)code;
	check(x && why < WEIR_HTTP2_ERROR_END);
	*x->pprev = x->next;
	if (x->next)
		x->next->pprev = x->pprev;
	free(x);
	o->open--;
}

static void on_bad(void *user, uint32_t id, enum weir_http2_error why)
{
	struct owner *o = user;

	check(!o->over && id && why && why < WEIR_HTTP2_ERROR_END);
}

static void on_goaway(void *user, uint32_t last, uint32_t code)
{
	struct owner *o = user;

	(void)last;
	(void)code;
	check(!o->over);
}

static void on_over(void *user, enum weir_http2_error why)
{
	struct owner *o = user;

	check(!o->over && !o->open && why < WEIR_HTTP2_ERROR_END);
	o->over = true;
}

static size_t pull(void *user, struct weir_http2_stream *st, uint8_t *to, size_t max,
		   enum weir_http2_more *more)
{
	struct stream *x = stream_of(user, st);
	size_t n = x->to_send < max ? x->to_send : max;

	memset(to, 'x', n);
	x->to_send -= n;
	if (!x->to_send)
		*more = WEIR_HTTP2_END;
	return n;
}

static size_t write_out(void *user, struct weir_bytes out)
{
	struct owner *o = user;
	size_t n = out.len < o->room ? out.len : o->room;

	if (o->flags & SLOW)
		o->room -= n;
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

/* ---- memory that is counted ---- */

static void *take(void *context, size_t bytes)
{
	((struct owner *)context)->memory += bytes;
	return malloc(bytes);
}

static void give(void *context, void *chunk, size_t bytes)
{
	((struct owner *)context)->memory -= bytes;
	free(chunk);
}

/* ---- a run ---- */

/* A GET, a HEAD and a POST with content wait for what comes. */
static void ask(struct owner *o)
{
	static const char *const texts[] = {
		"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
		"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
	};

	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(texts); i++) {
		struct weir_http_header fields[8];
		struct weir_http_limits limits = weir_http_limits_default;
		struct weir_http2_head h = {0};
		struct weir_http2_stream *st;
		enum weir_http2_error why;

		limits.headers = 8;
		check(weir_http_request_parse(weir_bytes_str(texts[i]), &limits, fields, &h.http) >
		      0);
		st = weir_http2_request(o->s, &h, i == 2, &why);
		check(st);
		stream_of(o, st)->to_send = i == 2 ? 1000 : 0;
	}
	(void)weir_http2_flush(o->s, 0);
}

static void begin(struct owner *o)
{
	static const uint8_t settings[] = {0, 0, 0, 4, 0, 0, 0, 0, 0};

	if (o->flags & CLIENT)
		ask(o);
	if (!(o->flags & PREFACE))
		return;
	if (!(o->flags & CLIENT))
		(void)weir_http2_feed(
			o->s, weir_bytes_of(NGHTTP2_CLIENT_MAGIC, NGHTTP2_CLIENT_MAGIC_LEN), 0);
	(void)weir_http2_feed(o->s, weir_bytes_of(settings, sizeof(settings)), 0);
}

static void consume_all(struct owner *o)
{
	for (struct stream *x = o->streams; x; x = x->next) {
		weir_http2_consume(x->st, x->unconsumed);
		x->unconsumed = 0;
	}
}

static void feed(struct owner *o, struct weir_bytes in, size_t step)
{
	uint64_t now_ns = 0;

	while (in.len) {
		size_t n = in.len < step ? in.len : step;

		if (o->flags & SLOW)
			o->room = 100;
		(void)weir_http2_feed(o->s, weir_bytes_of(in.ptr, n), now_ns);
		in = weir_bytes_of(in.ptr + n, in.len - n);
		now_ns += WEIR_NS_PER_MS;
		if (in.len & 1)
			consume_all(o);
	}
	weir_http2_tick(o->s, now_ns + 60 * WEIR_NS_PER_S);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct owner o = {.room = SIZE_MAX};
	struct weir_http2_limits limits = weir_http2_limits_default;
	struct weir_arena_source source = {take, give, &o};
	struct weir_http2_config config = {.events = &events, .user = &o};
	struct weir_http2 *w;

	if (size < 2)
		return 0;
	o.flags = data[0];
	limits.connect = limits.extended_connect = data[0] & 0x40;
	limits.memory = data[0] & 0x80 ? 40 << 10 : 1 << 20;
	config.http = &weir_http_limits_default;
	config.server = !(o.flags & CLIENT);
	w = weir_http2_create(&source, &limits);
	check(w);
	o.s = weir_http2_session_create(w, &config);
	if (o.s) {
		begin(&o);
		feed(&o, weir_bytes_of(data + 2, size - 2), (size_t)data[1] + 1);
	}
	weir_http2_session_destroy(o.s);
	weir_http2_destroy(w);
	check(!o.open && !o.memory);
	return 0;
}
