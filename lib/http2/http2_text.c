/* SPDX-License-Identifier: BSD-3-Clause */
/* Heads as HTTP/1.1 writes them (RFC 9112): what a connection says about itself is said anew. */
#include "http2_impl.h"

/* Writes while there is room; `full` stays set. */
struct writer {
	uint8_t *pos, *end;
	bool full;
};

static void put(struct writer *w, struct weir_bytes b)
{
	if (w->full || b.len > (size_t)(w->end - w->pos)) {
		w->full = true;
		return;
	}
	if (b.len)
		memcpy(w->pos, b.ptr, b.len);
	w->pos += b.len;
}

static void put_str(struct writer *w, const char *text)
{
	put(w, weir_bytes_str(text));
}

static void put_field(struct writer *w, struct weir_bytes name, struct weir_bytes value)
{
	put(w, name);
	put_str(w, ": ");
	put(w, value);
	put_str(w, "\r\n");
}

static void put_line(struct writer *w, const struct weir_http_head *h)
{
	uint8_t status[3] = {(uint8_t)('0' + h->status / 100), (uint8_t)('0' + h->status / 10 % 10),
			     (uint8_t)('0' + h->status % 10)};

	if (h->status) {
		put_str(w, "HTTP/1.1 ");
		put(w, weir_bytes_of(status, sizeof(status)));
		put_str(w, " ");
		put(w, h->reason);
		put_str(w, "\r\n");
		return;
	}
	put(w, h->method);
	put_str(w, " ");
	put(w, h->target);
	put_str(w, " HTTP/1.1\r\n");
	if (h->host.len)
		put_field(w, weir_bytes_str("Host"), h->host);
}

/* A length beside chunks would be a second opinion; none goes with 1xx and 204 (RFC 9110 section
 * 8.6). */
static bool is_dropped(const struct weir_http_head *h, struct weir_bytes name, bool connection)
{
	if (http2_is_hop_by_hop(name) || weir_bytes_is_case(name, "te") ||
	    (connection && http2_is_connection_option(h, name)))
		return true;
	if (weir_bytes_is_case(name, "host"))
		return !h->status;
	if (weir_bytes_is_case(name, "content-length"))
		return h->framing == WEIR_HTTP_CHUNKED || h->framing == WEIR_HTTP_UNTIL_CLOSE ||
		       h->status / 100 == 1 || h->status == 204;
	return false;
}

static bool put_headers(struct writer *w, const struct weir_http_head *h)
{
	bool connection = weir_http_header_find(h, "connection");

	if (http2_connection_check(h))
		return false;
	for (uint16_t i = 0; i < h->n_headers; i++) {
		const struct weir_http_header *f = &h->headers[i];

		if (is_dropped(h, f->name, connection))
			continue;
		/* The owner may have added to them. */
		if (!http2_is_token(f->name) || http2_value_check(weir_bytes_trim(f->value)))
			return false;
		put_field(w, f->name, f->value);
	}
	return true;
}

/* HTTP/2 says on a frame that nothing follows. HTTP/1.1 would read a response until the end of the
 * connection, and some servers want a length where the method means content. */
static bool needs_no_length(const struct weir_http_head *h)
{
	if (h->framing != WEIR_HTTP_NO_BODY || weir_http_header_find(h, "content-length"))
		return true;
	if (h->status)
		return h->is_head || h->status / 100 == 1 || h->status == 204 || h->status == 304;
	return !weir_bytes_is(h->method, "POST") && !weir_bytes_is(h->method, "PUT") &&
	       !weir_bytes_is(h->method, "PATCH");
}

size_t weir_http2_to_http1(const struct weir_http_head *h, uint8_t *out, size_t room)
{
	struct writer w = {.pos = out, .end = out + room};

	if (h->is_connect && h->form != WEIR_HTTP_AUTHORITY && !h->status)
		return 0;
	put_line(&w, h);
	if (!put_headers(&w, h))
		return 0;
	if (h->framing == WEIR_HTTP_CHUNKED)
		put_str(&w, "Transfer-Encoding: chunked\r\n");
	if (!needs_no_length(h))
		put_str(&w, "Content-Length: 0\r\n");
	if (!h->keep_alive)
		put_str(&w, "Connection: close\r\n");
	put_str(&w, "\r\n");
	return w.full ? 0 : (size_t)(w.pos - out);
}
