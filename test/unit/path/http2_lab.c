/* SPDX-License-Identifier: BSD-3-Clause */
/* HTTP/2 behind the ends of a connection through the fixture's path. */
#include "http2_lab.h"

#include <http2_impl.h>

#include <stdio.h>
#include <stdlib.h>

#define ROUNDS 4000 /* of pumping, more than any test needs */

static const struct weir_http_limits limits = {
	.line_bytes = 65536, .head_bytes = 262144, .headers = 256, .chunk_bytes = 65536};

struct h2_seen *h2_seen(struct h2_lab *l, unsigned int end, uint32_t id)
{
	ck_assert_uint_lt(id / 2, H2_STREAMS);
	return &l->end[end].seen[id / 2];
}

static struct h2_seen *seen_of(struct h2_end *e, struct weir_http2_stream *st)
{
	return h2_seen(e->lab, e->side, weir_http2_stream_id(st));
}

/* ---- what a session tells ---- */

static char *as_text(const struct weir_http_head *h)
{
	static uint8_t text[262144];
	size_t n = weir_http2_to_http1(h, text, sizeof(text) - 1);

	text[n] = '\0';
	return strdup((char *)text);
}

static void on_head(void *user, struct weir_http2_stream *st, const struct weir_http2_head *h)
{
	struct h2_end *e = user;
	struct h2_seen *x = seen_of(e, st);

	if (h->http.status && h->http.status < 200) {
		weir_buf_printf(&x->interim, "%u ", h->http.status);
		return;
	}
	if (e->side == SERVER) {
		e->last = weir_http2_stream_id(st);
		e->streams++;
	}
	x->st = st;
	x->status = h->http.status;
	free(x->head);
	x->head = as_text(&h->http);
}

static void on_data(void *user, struct weir_http2_stream *st, struct weir_bytes data)
{
	struct h2_end *e = user;

	weir_buf_add(&seen_of(e, st)->body, (const char *)data.ptr, data.len);
	if (!e->hold)
		weir_http2_consume(st, data.len);
}

static void on_trailers(void *user, struct weir_http2_stream *st,
			const struct weir_http_header *fields, unsigned int n)
{
	struct weir_buf *b = &seen_of(user, st)->trailers;

	for (unsigned int i = 0; i < n; i++)
		weir_buf_printf(b, "%.*s: %.*s\n", (int)fields[i].name.len,
				(const char *)fields[i].name.ptr, (int)fields[i].value.len,
				(const char *)fields[i].value.ptr);
}

static void on_end(void *user, struct weir_http2_stream *st)
{
	seen_of(user, st)->ended = true;
}

static void on_close(void *user, struct weir_http2_stream *st, enum weir_http2_error why,
		     uint32_t code)
{
	struct h2_seen *x = seen_of(user, st);

	x->st = NULL;
	x->closed = true;
	x->why = why;
	x->code = code;
}

static void on_bad(void *user, uint32_t id, enum weir_http2_error why)
{
	(void)user;
	ck_abort_msg("stream %u of weir's is bad: %s", id, weir_http2_error_name(why));
}

static void on_goaway(void *user, uint32_t last, uint32_t code)
{
	struct h2_end *e = user;

	(void)last;
	e->goaway = true;
	e->goaway_code = code;
}

static void on_over(void *user, enum weir_http2_error why)
{
	struct h2_end *e = user;

	e->over = true;
	e->over_why = why;
}

static size_t pull(void *user, struct weir_http2_stream *st, uint8_t *to, size_t max,
		   enum weir_http2_more *more)
{
	struct h2_seen *x = seen_of(user, st);
	size_t n = x->n_to_send < max ? x->n_to_send : max;
	struct weir_http_header trailer = {.name = weir_bytes_str("x-trailer")};

	if (n)
		memcpy(to, x->to_send, n);
	x->to_send += n;
	x->n_to_send -= n;
	if (x->n_to_send || x->wait)
		return n;
	*more = x->trailer ? WEIR_HTTP2_TRAILERS : WEIR_HTTP2_END;
	if (x->trailer) {
		trailer.value = weir_bytes_str(x->trailer);
		ck_assert_int_eq(weir_http2_send_trailers(st, &trailer, 1), WEIR_HTTP2_OK);
	}
	return n;
}

static size_t write_out(void *user, struct weir_bytes out)
{
	struct h2_end *e = user;

	weir_buf_add(&e->out, (const char *)out.ptr, out.len);
	return out.len;
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

/* ---- bytes ---- */

static struct tls_end *tls_of(const struct h2_lab *l, unsigned int end)
{
	return l->t && l->t->end[end].tls ? &l->t->end[end] : NULL;
}

static bool feed(struct h2_lab *l, unsigned int end)
{
	struct h2_end *e = &l->end[end];
	struct tls_end *t = tls_of(l, end);
	const char *at = t ? t->plain.ptr : l->l->end[end].got;
	size_t n = t ? t->plain.len : l->l->end[end].n_got;

	if (!n || !e->s)
		return false;
	(void)weir_http2_feed(e->s, weir_bytes_of(at, n), l->now_ns);
	if (t)
		t->plain.len = 0;
	else
		lab_clear(l->l, end);
	return true;
}

static bool drain(struct h2_lab *l, unsigned int end)
{
	struct h2_end *e = &l->end[end];
	size_t n = e->out.len, sent = n;

	if (e->s)
		(void)weir_http2_flush(e->s, l->now_ns);
	n = sent = e->out.len;
	if (!n || (tls_of(l, end) && !SSL_is_init_finished(tls_of(l, end)->peer.ssl)))
		return false;
	if (tls_of(l, end))
		tls_lab_send(l->t, end, e->out.ptr, n);
	else
		sent = lab_send(l->l, end, e->out.ptr, n);
	memmove(e->out.ptr, e->out.ptr + sent, n - sent);
	e->out.len = n - sent;
	return sent > 0;
}

static bool work(struct h2_lab *l)
{
	bool more = false;

	if (l->t)
		tls_lab_pump(l->t);
	else
		lab_wait(l->l, WEIR_NS_PER_MS);
	for (unsigned int end = 0; end < 2; end++) {
		more |= feed(l, end);
		more |= drain(l, end);
	}
	weir_path_check(l->l->f->path);
	return more;
}

void h2_pump(struct h2_lab *l)
{
	unsigned int quiet = 0, rounds = 0;

	while (quiet < 3) {
		ck_assert_uint_lt(rounds++, ROUNDS);
		quiet = work(l) ? 0 : quiet + 1;
		if (quiet)
			lab_wait(l->l, 20 * WEIR_NS_PER_MS);
	}
}

/* ---- the laboratory ---- */

bool h2_lab_is_http2(const struct h2_lab *l)
{
	return l->way != H2_CLEAR1 && l->way != H2_TLS_CLEAR1 && l->way != H2_TLS_TLS1;
}

static bool is_http1_client(const struct h2_lab *l)
{
	return l->way >= H1_CLEAR2;
}

static void begin_end(struct h2_lab *l, unsigned int end)
{
	struct h2_end *e = &l->end[end];
	struct weir_http2_config config = {.events = &events,
					   .user = e,
					   .http = &limits,
					   .server = end == SERVER,
					   .secure = l->t != NULL,
					   .now_ns = l->now_ns};
	struct weir_http2_limits mild = weir_http2_limits_default;

	e->lab = l;
	e->side = end;
	mild.streams = 200;
	mild.memory = 64 << 20;
	mild.connect = true;
	if (end == SERVER ? !h2_lab_is_http2(l) : is_http1_client(l))
		return;
	e->w = weir_http2_create(&weir_arena_malloc, &mild);
	ck_assert_ptr_nonnull(e->w);
	e->s = weir_http2_session_create(e->w, &config);
	ck_assert_ptr_nonnull(e->s);
}

static int choose(SSL *ssl, const unsigned char **out, unsigned char *out_len,
		  const unsigned char *in, unsigned int in_len, void *wanted)
{
	(void)ssl;
	for (unsigned int i = 0; i < in_len; i += 1u + in[i])
		if (in[i] == strlen(wanted) && memcmp(in + i + 1, wanted, in[i]) == 0) {
			*out = in + i + 1;
			*out_len = in[i];
			return SSL_TLSEXT_ERR_OK;
		}
	return SSL_TLSEXT_ERR_NOACK;
}

static void begin_tls(struct h2_lab *l, const char *service, const struct pki_cert *cert)
{
	static char http1[] = "http/1.1", http2[] = "h2";
	bool upstream = l->way == H2_TLS_TLS1 || l->way == H2_TLS_TLS2 || l->way == H1_TLS_TLS2;
	const char *offer = "\x02h2\x08http/1.1" + (is_http1_client(l) ? 3 : 0);
	SSL_CTX *ctx;

	l->t = tls_lab_create(upstream ? upstream_tls("") : "", service);
	l->l = l->t->l;
	ctx = tls_lab_speak(l->t, CLIENT);
	SSL_CTX_set_alpn_protos(ctx, (const uint8_t *)offer, (unsigned int)strlen(offer));
	if (upstream) {
		ctx = tls_lab_speak(l->t, SERVER);
		SSL_CTX_set_alpn_select_cb(ctx, choose, l->way == H2_TLS_TLS1 ? http1 : http2);
	}
	if (cert)
		peer_show(&l->t->end[SERVER].peer, cert);
	tls_lab_connect(l->t);
}

static const char *upstream_of(enum h2_way way)
{
	if (way == H2_TLS_CLEAR2 || way >= H1_CLEAR2)
		return ", http2Upstream: true";
	return way == H2_CLEAR1 ? ", http2Upstream: false" : "";
}

static struct h2_lab *create(enum h2_way way, const char *service, const char *threat,
			     const struct pki_cert *cert)
{
	struct h2_lab *l = calloc(1, sizeof(*l));
	char text[1024];

	ck_assert_ptr_nonnull(l);
	l->way = way;
	l->now_ns = WEIR_NS_PER_S;
	snprintf(text, sizeof(text), "%s%s", upstream_of(way), service);
	if (way == H2_CLEAR || way == H2_CLEAR1 || way == H1_CLEAR2)
		l->l = lab_create(text, threat);
	else
		begin_tls(l, text, cert);
	begin_end(l, CLIENT);
	begin_end(l, SERVER);
	h2_pump(l);
	return l;
}

struct h2_lab *h2_lab_create(enum h2_way way, const char *service)
{
	return create(way, service, "", NULL);
}

struct h2_lab *h2_lab_create_unprotected(enum h2_way way)
{
	return create(way, "", ", mode: off", NULL);
}

struct h2_lab *h2_lab_create_showing(enum h2_way way, const struct pki_cert *cert)
{
	return create(way, "", "", cert);
}

static void end_end(struct h2_end *e)
{
	weir_http2_session_destroy(e->s);
	weir_http2_destroy(e->w);
	weir_buf_fini(&e->out);
	for (unsigned int i = 0; i < H2_STREAMS; i++) {
		free(e->seen[i].head);
		weir_buf_fini(&e->seen[i].interim);
		weir_buf_fini(&e->seen[i].body);
		weir_buf_fini(&e->seen[i].trailers);
	}
}

void h2_lab_destroy(struct h2_lab *l)
{
	end_end(&l->end[CLIENT]);
	end_end(&l->end[SERVER]);
	if (l->t)
		tls_lab_destroy(l->t);
	else
		lab_destroy(l->l);
	free(l);
}

/* ---- messages ---- */

uint32_t h2_send(struct h2_lab *l, const char *text, const char *body, size_t n)
{
	static struct weir_http_header fields[256];
	struct weir_http2_head h = {.end = !body};
	enum weir_http2_error why;
	struct weir_http2_stream *st;
	struct h2_seen *x;
	uint32_t id;

	ck_assert_int_eq(weir_http_request_parse(weir_bytes_str(text), &limits, fields, &h.http),
			 (ssize_t)strlen(text));
	st = weir_http2_request(l->end[CLIENT].s, &h, body != NULL, &why);
	ck_assert_msg(st != NULL, "%s", weir_http2_error_name(why));
	id = weir_http2_stream_id(st);
	x = h2_seen(l, CLIENT, id);
	x->st = st;
	x->to_send = body;
	x->n_to_send = n;
	return id;
}

uint32_t h2_get(struct h2_lab *l, const char *path)
{
	char head[4096];
	uint32_t id;

	snprintf(head, sizeof(head), "GET %s HTTP/1.1\r\nHost: shop.example\r\n\r\n", path);
	id = h2_send(l, head, NULL, 0);
	h2_pump(l);
	return id;
}

void h2_answer(struct h2_lab *l, uint32_t id, const char *text, const char *body, size_t n)
{
	static struct weir_http_header fields[256];
	const struct weir_http_head request = {0};
	struct weir_http_head h;
	struct h2_seen *x;

	if (!h2_lab_is_http2(l)) {
		h2_say1(l, text, strlen(text));
		h2_say1(l, body, n);
		return;
	}
	x = h2_seen(l, SERVER, id);
	ck_assert_int_gt(
		weir_http_response_parse(weir_bytes_str(text), &limits, &request, fields, &h), 0);
	x->to_send = body;
	x->n_to_send = n;
	ck_assert_ptr_nonnull(x->st);
	ck_assert_int_eq(weir_http2_response(x->st, &h, h.status >= 200 && (n || x->trailer)),
			 WEIR_HTTP2_OK);
	h2_pump(l);
}

static const char *got(const struct h2_lab *l, unsigned int end)
{
	return l->t ? tls_lab_got(l->t, end) : lab_got(l->l, end);
}

static void say(struct h2_lab *l, unsigned int end, const char *text, size_t n)
{
	weir_buf_add(&l->end[end].out, text, n);
	h2_pump(l);
}

struct h2_seen *h2_last(struct h2_lab *l)
{
	return h2_seen(l, SERVER, l->end[SERVER].last);
}

void h2_answer_last(struct h2_lab *l, const char *head, const char *body)
{
	h2_answer(l, l->end[SERVER].last, head, body, strlen(body));
}

void h2_close(struct h2_lab *l, unsigned int end)
{
	if (l->t && l->t->end[end].tls)
		tls_lab_close(l->t, end);
	lab_fin(l->l, end);
	h2_pump(l);
}

const char *h2_got1(const struct h2_lab *l)
{
	return got(l, SERVER);
}

size_t h2_got1_len(const struct h2_lab *l)
{
	struct tls_end *t = tls_of(l, SERVER);

	return t ? t->plain.len : l->l->end[SERVER].n_got;
}

void h2_say1(struct h2_lab *l, const char *text, size_t n)
{
	say(l, SERVER, text, n);
}

const char *h1_got(const struct h2_lab *l)
{
	return got(l, CLIENT);
}

void h1_say(struct h2_lab *l, const char *text)
{
	say(l, CLIENT, text, strlen(text));
}

void h1_send(struct h2_lab *l, const char *bytes, size_t n)
{
	say(l, CLIENT, bytes, n);
}

void h1_clear(struct h2_lab *l)
{
	if (tls_of(l, CLIENT))
		tls_of(l, CLIENT)->plain.len = 0;
	lab_clear(l->l, CLIENT);
}

char *h2_text(size_t len)
{
	char *text = malloc(len + 1);

	ck_assert_ptr_nonnull(text);
	for (size_t i = 0; i < len; i++)
		text[i] = (char)('a' + (i * 7 + (i >> 8)) % 26);
	text[len] = '\0';
	return text;
}

unsigned int h2_requests(const struct h2_lab *l)
{
	const char *at = h2_got1(l);
	unsigned int n = 0;

	if (h2_lab_is_http2(l))
		return l->end[SERVER].streams;
	for (; (at = strstr(at, " HTTP/1.1\r\n")); at++)
		n++;
	return n;
}

void h2_allow_streams(struct h2_lab *l, uint32_t n)
{
	const nghttp2_settings_entry e = {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, n};

	ck_assert_int_eq(nghttp2_submit_settings(l->end[SERVER].s->ng, 0, &e, 1), 0);
	h2_pump(l);
}
