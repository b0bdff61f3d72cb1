/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A header block to a head. Its fields are checked one by one as they come out of HPACK and written
 * down as HTTP/1.1 has them; at the end that text is read by the parser of HTTP/1.1. What this
 * accepts can therefore go on as HTTP/1.1 without being anything else there, and the two forms
 * cannot differ in what they take for Host, length or target.
 *
 * The text has the values of the pseudo-header fields first, then the message.
 */
#include "http2_impl.h"

/* An unpacked block may be so many times as large as a head may be, before the session ends: up to
 * there it costs only the stream. */
#define BOMB 4

#define VERSION_2 "HTTP/2.0"

static const char *const pseudo_names[HTTP2_PSEUDOS] = {
	[HTTP2_METHOD] = ":method",       [HTTP2_SCHEME] = ":scheme",
	[HTTP2_AUTHORITY] = ":authority", [HTTP2_PATH] = ":path",
	[HTTP2_PROTOCOL] = ":protocol",   [HTTP2_STATUS] = ":status",
};

/* ---- text ---- */

static bool reserve(struct weir_http2_session *s, struct http2_text *t, size_t more)
{
	size_t room = t->room ? t->room : 1024;
	uint8_t *to;

	if (t->ptr && more <= t->room - t->len)
		return true;
	while (room < t->len + more)
		room *= 2;
	to = http2_realloc(&s->memory, t->ptr, room);
	if (!to)
		return false;
	t->ptr = to;
	t->room = (uint32_t)room;
	return true;
}

/* Adds up to four pieces, all or none of them. */
static enum weir_http2_error add(struct weir_http2_session *s, struct http2_text *t,
				 const struct weir_bytes *pieces, unsigned int n)
{
	size_t more = 0;

	for (unsigned int i = 0; i < n; i++)
		more += pieces[i].len;
	if (!reserve(s, t, more))
		return WEIR_HTTP2_E_MEMORY;
	for (unsigned int i = 0; i < n; i++) {
		if (pieces[i].len)
			memcpy(t->ptr + t->len, pieces[i].ptr, pieces[i].len);
		t->len += (uint32_t)pieces[i].len;
	}
	return WEIR_HTTP2_OK;
}

static enum weir_http2_error add_str(struct weir_http2_session *s, const char *text)
{
	struct weir_bytes piece = weir_bytes_str(text);

	return add(s, &s->block.text, &piece, 1);
}

static enum weir_http2_error add_field(struct weir_http2_session *s, struct weir_bytes name,
				       struct weir_bytes value)
{
	struct weir_bytes pieces[] = {name, weir_bytes_str(": "), value, weir_bytes_str("\r\n")};

	return add(s, &s->block.text, pieces, WEIR_ARRAY_LEN(pieces));
}

/* Copies what is in the text already to its end. */
static enum weir_http2_error add_span(struct weir_http2_session *s, const struct http2_span *span)
{
	struct http2_text *t = &s->block.text;

	if (!reserve(s, t, span->len))
		return WEIR_HTTP2_E_MEMORY;
	memcpy(t->ptr + t->len, t->ptr + span->off, span->len);
	t->len += span->len;
	return WEIR_HTTP2_OK;
}

static struct weir_bytes view_of(const struct http2_block *b, enum http2_pseudo p)
{
	return weir_bytes_of(b->text.ptr + b->pseudo[p].off, b->pseudo[p].len);
}

static bool pseudo_is(const struct http2_block *b, enum http2_pseudo p, const char *text)
{
	return b->pseudo[p].there && weir_bytes_is(view_of(b, p), text);
}

/* ---- pseudo-header fields (RFC 9113 section 8.3) ---- */

static enum http2_pseudo pseudo_of(struct weir_bytes name)
{
	unsigned int p = 0;

	while (p < HTTP2_PSEUDOS && !weir_bytes_is(name, pseudo_names[p]))
		p++;
	return p;
}

static enum weir_http2_error take_pseudo(struct weir_http2_session *s, struct weir_bytes name,
					 struct weir_bytes value)
{
	struct http2_block *b = &s->block;
	enum http2_pseudo p = pseudo_of(name);
	enum weir_http2_error e = http2_value_check(value);

	if (b->kind == HTTP2_TRAILERS || p == HTTP2_PSEUDOS ||
	    (p == HTTP2_STATUS) != (b->kind == HTTP2_RESPONSE))
		return WEIR_HTTP2_E_PSEUDO_UNKNOWN;
	if (b->regular)
		return WEIR_HTTP2_E_PSEUDO_LATE;
	if (b->pseudo[p].there)
		return WEIR_HTTP2_E_PSEUDO_TWICE;
	if (e)
		return e;
	b->pseudo[p] = (struct http2_span){b->text.len, (uint32_t)value.len, true};
	return add(s, &b->text, &value, 1);
}

/* Which of them a request must have (sections 8.3.1 and 8.5; RFC 8441 section 4). */
static enum weir_http2_error check_connect(const struct weir_http2_session *s)
{
	const struct http2_block *b = &s->block;

	if (b->pseudo[HTTP2_PROTOCOL].there) {
		if (!s->w->limits.extended_connect || !b->pseudo[HTTP2_PROTOCOL].len)
			return WEIR_HTTP2_E_EXTENDED_CONNECT;
		return WEIR_HTTP2_OK;
	}
	if (!s->w->limits.connect)
		return WEIR_HTTP2_E_CONNECT;
	if (b->pseudo[HTTP2_SCHEME].there || b->pseudo[HTTP2_PATH].there)
		return WEIR_HTTP2_E_PSEUDO_UNKNOWN;
	return b->pseudo[HTTP2_AUTHORITY].there ? WEIR_HTTP2_OK : WEIR_HTTP2_E_PSEUDO_MISSING;
}

static bool is_plain_connect(const struct http2_block *b)
{
	return pseudo_is(b, HTTP2_METHOD, "CONNECT") && !b->pseudo[HTTP2_PROTOCOL].there;
}

static enum weir_http2_error check_request(const struct weir_http2_session *s)
{
	const struct http2_block *b = &s->block;
	enum weir_http2_error e = WEIR_HTTP2_OK;
	struct weir_bytes path;

	if (!b->pseudo[HTTP2_METHOD].there)
		return WEIR_HTTP2_E_PSEUDO_MISSING;
	if (!http2_is_token(view_of(b, HTTP2_METHOD)))
		return WEIR_HTTP2_E_METHOD;
	if (pseudo_is(b, HTTP2_METHOD, "CONNECT"))
		e = check_connect(s);
	else if (b->pseudo[HTTP2_PROTOCOL].there)
		e = WEIR_HTTP2_E_PSEUDO_UNKNOWN;
	if (e || is_plain_connect(b))
		return e;
	if (!b->pseudo[HTTP2_SCHEME].there || !b->pseudo[HTTP2_PATH].there)
		return WEIR_HTTP2_E_PSEUDO_MISSING;
	if (!pseudo_is(b, HTTP2_SCHEME, "http") && !pseudo_is(b, HTTP2_SCHEME, "https"))
		return WEIR_HTTP2_E_SCHEME;
	/* An absolute form in :path would have a second authority. */
	path = view_of(b, HTTP2_PATH);
	return path.len && (path.ptr[0] == '/' || weir_bytes_is(path, "*")) ? WEIR_HTTP2_OK
									    : WEIR_HTTP2_E_PATH;
}

/* ---- the message's first lines ---- */

/* Extended CONNECT has a path, and is written as GET is. */
static enum weir_http2_error begin_request(struct weir_http2_session *s)
{
	struct http2_block *b = &s->block;
	bool plain = is_plain_connect(b);
	enum weir_http2_error e = check_request(s);

	if (e)
		return e;
	b->line = b->text.len;
	e = b->pseudo[HTTP2_PROTOCOL].there ? add_str(s, "GET")
					    : add_span(s, &b->pseudo[HTTP2_METHOD]);
	e = e ?: add_str(s, " ");
	e = e ?: add_span(s, &b->pseudo[plain ? HTTP2_AUTHORITY : HTTP2_PATH]);
	e = e ?: add_str(s, " HTTP/1.1\r\n");
	if (e || !b->pseudo[HTTP2_AUTHORITY].there)
		return e;
	b->host = true;
	e = add_str(s, "host: ");
	e = e ?: add_span(s, &b->pseudo[HTTP2_AUTHORITY]);
	return e ?: add_str(s, "\r\n");
}

static enum weir_http2_error begin_response(struct weir_http2_session *s)
{
	struct http2_block *b = &s->block;
	enum weir_http2_error e;

	if (!b->pseudo[HTTP2_STATUS].there)
		return WEIR_HTTP2_E_PSEUDO_MISSING;
	if (b->pseudo[HTTP2_STATUS].len != 3)
		return WEIR_HTTP2_E_STATUS;
	if (pseudo_is(b, HTTP2_STATUS, "101"))
		return WEIR_HTTP2_E_UPGRADE;
	b->line = b->text.len;
	e = add_str(s, "HTTP/1.1 ");
	e = e ?: add_span(s, &b->pseudo[HTTP2_STATUS]);
	return e ?: add_str(s, " \r\n");
}

/* Once all pseudo-header fields are known: before the first other field, or at the end. */
static enum weir_http2_error begin(struct weir_http2_session *s)
{
	struct http2_block *b = &s->block;

	b->regular = true;
	if (b->kind == HTTP2_REQUEST)
		return begin_request(s);
	if (b->kind == HTTP2_RESPONSE)
		return begin_response(s);
	return add_str(s, "HTTP/1.1 200 \r\n");
}

/* ---- fields ---- */

/* Host beside :authority must be the same, and is then left out (section 8.3.1). */
static enum weir_http2_error take_host(struct weir_http2_session *s, struct weir_bytes name,
				       struct weir_bytes value)
{
	struct http2_block *b = &s->block;

	if (b->pseudo[HTTP2_AUTHORITY].there) {
		if (!weir_bytes_equal_case(view_of(b, HTTP2_AUTHORITY), value))
			return WEIR_HTTP2_E_AUTHORITY_MISMATCH;
		return WEIR_HTTP2_OK;
	}
	if (b->host)
		return WEIR_HTTP2_E_HOST_TWICE;
	b->host = true;
	return add_field(s, name, value);
}

/* Crumbs of a cookie become one again (section 8.2.3). */
static enum weir_http2_error take_cookie(struct weir_http2_session *s, struct weir_bytes value)
{
	struct http2_text *t = &s->block.cookie;
	struct weir_bytes pieces[] = {weir_bytes_str(t->len ? "; " : ""), value};

	s->block.fields -= t->len != 0;
	return add(s, t, pieces, WEIR_ARRAY_LEN(pieces));
}

static enum weir_http2_error take_field(struct weir_http2_session *s, struct weir_bytes name,
					struct weir_bytes value)
{
	struct http2_block *b = &s->block;
	enum weir_http2_error e = WEIR_HTTP2_OK;

	if (!b->regular)
		e = begin(s);
	e = e ?: http2_field_check(name, value);
	if (e)
		return e;
	if (b->kind == HTTP2_TRAILERS && !http2_may_be_trailer(name))
		return WEIR_HTTP2_E_TRAILER;
	b->fields++;
	if (b->kind == HTTP2_REQUEST && weir_bytes_is(name, "host"))
		return take_host(s, name, value);
	if (b->kind == HTTP2_REQUEST && weir_bytes_is(name, "cookie"))
		return take_cookie(s, value);
	return add_field(s, name, value);
}

enum weir_http2_error http2_block_add(struct weir_http2_session *s, struct weir_bytes name,
				      struct weir_bytes value)
{
	struct http2_block *b = &s->block;

	b->size += name.len + value.len + 32;
	if (b->size > (uint64_t)BOMB * s->http.head_bytes)
		return WEIR_HTTP2_E_HPACK_BOMB;
	if (b->error)
		return WEIR_HTTP2_OK;
	if (b->size > s->http.head_bytes || b->fields >= s->http.headers)
		b->error = WEIR_HTTP2_E_HEADER_LIMIT;
	else if (name.len && name.ptr[0] == ':')
		b->error = take_pseudo(s, name, value);
	else
		b->error = take_field(s, name, value);
	return b->error == WEIR_HTTP2_E_MEMORY ? WEIR_HTTP2_E_MEMORY : WEIR_HTTP2_OK;
}

/* ---- the end ---- */

static enum weir_http2_error error_of_http(enum weir_http_error e)
{
	switch (e) {
	case WEIR_HTTP_OK:
		return WEIR_HTTP2_OK;
	case WEIR_HTTP_E_TARGET:
		return WEIR_HTTP2_E_PATH;
	case WEIR_HTTP_E_METHOD:
		return WEIR_HTTP2_E_METHOD;
	case WEIR_HTTP_E_STATUS_LINE:
		return WEIR_HTTP2_E_STATUS;
	case WEIR_HTTP_E_HOST:
		return WEIR_HTTP2_E_AUTHORITY;
	case WEIR_HTTP_E_HOST_MISSING:
		return WEIR_HTTP2_E_HOST_MISSING;
	case WEIR_HTTP_E_HOST_TWICE:
		return WEIR_HTTP2_E_HOST_TWICE;
	case WEIR_HTTP_E_LENGTH:
		return WEIR_HTTP2_E_LENGTH;
	case WEIR_HTTP_E_LENGTH_TWICE:
		return WEIR_HTTP2_E_LENGTH_TWICE;
	case WEIR_HTTP_E_LINE_LIMIT:
	case WEIR_HTTP_E_HEADER_LIMIT:
		return WEIR_HTTP2_E_HEADER_LIMIT;
	default:
		return WEIR_HTTP2_E_HEAD;
	}
}

static enum weir_http2_error end_text(struct weir_http2_session *s)
{
	struct http2_block *b = &s->block;
	enum weir_http2_error e = WEIR_HTTP2_OK;

	if (!b->regular)
		e = begin(s);
	if (!e && b->cookie.len)
		e = add_field(s, weir_bytes_str("cookie"),
			      weir_bytes_of(b->cookie.ptr, b->cookie.len));
	return e ?: add_str(s, "\r\n");
}

/* The parser of HTTP/1.1 has room for one field more than were counted: Host of :authority. */
static enum weir_http2_error parse(struct weir_http2_session *s, struct http2_message *m)
{
	struct http2_block *b = &s->block;
	struct weir_http_head request = {.is_head = b->st->is_head,
					 .is_connect = b->st->is_connect};
	struct weir_http_limits limits = s->http;
	struct weir_bytes text = weir_bytes_of(b->text.ptr + b->line, b->text.len - b->line);
	ssize_t n;

	limits.headers = (uint16_t)(b->fields + 1);
	limits.head_bytes = b->text.len;
	m->headers = http2_alloc(&s->memory, limits.headers * sizeof(*m->headers));
	if (!m->headers)
		return WEIR_HTTP2_E_MEMORY;
	if (b->kind == HTTP2_REQUEST)
		n = weir_http_request_parse(text, &limits, m->headers, &m->head.http);
	else
		n = weir_http_response_parse(text, &limits, &request, m->headers, &m->head.http);
	if (n < 0)
		return error_of_http((enum weir_http_error)(-n));
	/* Had it ended before the text does, a field would have become a body. */
	return (size_t)n == text.len ? WEIR_HTTP2_OK : WEIR_HTTP2_E_HEAD;
}

/* What differs from HTTP/1.1: the version's eight bytes, and where the body ends. */
static void be_http2(struct http2_block *b, struct weir_http2_head *h)
{
	uint8_t *version = b->text.ptr + (h->http.protocol.ptr - b->text.ptr);
	bool sized = h->http.framing == WEIR_HTTP_LENGTH || h->http.framing == WEIR_HTTP_TUNNEL;

	memcpy(version, VERSION_2, sizeof(VERSION_2) - 1);
	h->http.keep_alive = true;
	h->http.upgrade = false;
	if (b->kind == HTTP2_REQUEST && !h->end && !sized &&
	    !weir_http_header_find(&h->http, "content-length"))
		h->http.framing = WEIR_HTTP_CHUNKED;
	if (h->http.framing == WEIR_HTTP_UNTIL_CLOSE)
		h->http.framing = h->end ? WEIR_HTTP_NO_BODY : WEIR_HTTP_CHUNKED;
}

static void finish_request(struct http2_block *b, struct weir_http2_head *h)
{
	h->scheme = view_of(b, HTTP2_SCHEME);
	if (b->pseudo[HTTP2_PROTOCOL].there) {
		h->extended = view_of(b, HTTP2_PROTOCOL);
		h->http.method = weir_bytes_str("CONNECT");
		h->http.is_connect = true;
	}
	if (h->http.is_connect)
		h->http.framing = h->end ? WEIR_HTTP_NO_BODY : WEIR_HTTP_TUNNEL;
}

enum weir_http2_error http2_block_finish(struct weir_http2_session *s, bool end,
					 struct http2_message *out)
{
	struct http2_block *b = &s->block;
	enum weir_http2_error e = b->error;

	*out = (struct http2_message){.head.end = end};
	e = e ?: end_text(s);
	e = e ?: parse(s, out);
	if (e)
		return e;
	be_http2(b, &out->head);
	if (b->kind == HTTP2_REQUEST) {
		finish_request(b, &out->head);
	} else {
		out->head.http.is_head = b->st->is_head;
		out->head.http.is_connect = b->st->is_connect;
	}
	return WEIR_HTTP2_OK;
}

void http2_block_drop(struct weir_http2_session *s)
{
	http2_free(&s->memory, s->block.text.ptr);
	http2_free(&s->memory, s->block.cookie.ptr);
	s->block = (struct http2_block){0};
}
