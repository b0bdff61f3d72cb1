/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Heads and trailers that wait, as HTTP/1.1 writes them: so a head can go on in either protocol,
 * and is read once more by the parser of HTTP/1.1 before it does.
 */
#include "path_http2.h"

#define VERSION_2 "HTTP/2.0"

static struct weir_http2_session *memory_of(const struct path_http2_stream *s)
{
	return s->h->client;
}

static struct path_http2_worker *worker_of(const struct path_http2_stream *s)
{
	return s->h->x->w->http2;
}

bool path_http2_keep_head(struct path_http2_stream *s, unsigned int leg,
			  const struct weir_http_head *head)
{
	struct path_http2_worker *w = worker_of(s);
	size_t n = weir_http2_to_http1(head, w->text, sizeof(w->text));

	return n &&
	       weir_http2_queue_add(memory_of(s), &s->way[leg].head, weir_bytes_of(w->text, n));
}

/* The limits of its first reading may have been others: all that was kept is well formed. */
static const struct weir_http_limits no_limits = {
	.line_bytes = PATH_HTTP_HEAD_MAX,
	.head_bytes = PATH_HTTP_HEAD_MAX,
	.headers = PATH_HTTP_HEADERS_MAX,
	.chunk_bytes = PATH_HTTP_HEAD_MAX,
};

/* What judges a request is told what the client speaks. */
static void be_version_2(struct path_http2_worker *w, struct weir_http_head *h)
{
	uint8_t *version = w->text + (h->protocol.ptr - w->text);

	memcpy(version, VERSION_2, sizeof(VERSION_2) - 1);
}

bool path_http2_read_head_in(struct path_http2_stream *s, const struct weir_http2_queue *q,
			     unsigned int leg, struct weir_http_head *out)
{
	struct path_http2_worker *w = worker_of(s);
	size_t n = weir_http2_queue_read(q, w->text, sizeof(w->text));
	const struct weir_http_head request = {.is_head = s->e.is_head,
					       .is_connect = s->e.is_connect};
	struct weir_bytes text = weir_bytes_of(w->text, n);
	ssize_t used;

	if (leg == PATH_TO_SERVER)
		used = weir_http_request_parse(text, &no_limits, w->headers, out);
	else
		used = weir_http_response_parse(text, &no_limits, &request, w->headers, out);
	if (used != (ssize_t)n || !n)
		return false;
	if (leg == PATH_TO_SERVER)
		be_version_2(w, out);
	return true;
}

bool path_http2_read_head(struct path_http2_stream *s, unsigned int leg, struct weir_http_head *out)
{
	return path_http2_read_head_in(s, &s->way[leg].head, leg, out);
}

/* ---- trailers ---- */

bool path_http2_keep_trailers(struct weir_http2_session *m, struct weir_http2_queue *q,
			      const struct weir_http_header *fields, unsigned int n)
{
	bool good = true;

	for (unsigned int i = 0; good && i < n; i++)
		good = weir_http2_queue_add(m, q, fields[i].name) &&
		       weir_http2_queue_add(m, q, weir_bytes_str(": ")) &&
		       weir_http2_queue_add(m, q, fields[i].value) &&
		       weir_http2_queue_add(m, q, weir_bytes_str("\r\n"));
	return good;
}

/* The line at the front without its end; an empty one ends them. */
static struct weir_bytes next_line(struct weir_bytes *text)
{
	const uint8_t *end = text->len ? memchr(text->ptr, '\r', text->len) : NULL;
	size_t n = end ? (size_t)(end - text->ptr) : 0;
	struct weir_bytes line = weir_bytes_of(text->ptr, n);

	*text = n ? weir_bytes_of(text->ptr + n + 2, text->len - n - 2) : (struct weir_bytes){0};
	return line;
}

/* In w->headers; how many. */
static unsigned int read_trailers(struct path_http2_worker *w, const struct weir_http2_queue *q)
{
	size_t n = weir_http2_queue_read(q, w->text, sizeof(w->text));
	struct weir_bytes text = weir_bytes_of(w->text, n), line;
	unsigned int fields = 0;

	while (fields < PATH_HTTP_HEADERS_MAX && (line = next_line(&text)).len) {
		const uint8_t *colon = memchr(line.ptr, ':', line.len);
		size_t name = colon ? (size_t)(colon - line.ptr) : line.len;
		size_t value = colon ? name + 1 : name;

		w->headers[fields++] = (struct weir_http_header){
			.name = weir_bytes_of(line.ptr, name),
			.value = weir_bytes_trim(weir_bytes_of(line.ptr + value, line.len - value)),
		};
	}
	return fields;
}

enum weir_http2_more path_http2_end_message(struct path_http2_worker *w,
					    const struct weir_http2_queue *trailers,
					    struct weir_http2_stream *to)
{
	unsigned int n = trailers->bytes ? read_trailers(w, trailers) : 0;

	if (!n)
		return WEIR_HTTP2_END;
	return weir_http2_send_trailers(to, w->headers, n) == WEIR_HTTP2_OK ? WEIR_HTTP2_TRAILERS
									    : WEIR_HTTP2_BROKEN;
}
