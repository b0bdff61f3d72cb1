/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * As much of HTTP/1.1 as a Prometheus scraper or curl needs on the control socket: one GET or HEAD
 * a connection, without a body (RFC 9112 sections 2 to 4 and 9.6).
 */
#include "ctl_impl.h"

#define HEADER_MAX 8192

struct http_line {
	struct weir_bytes method;
	struct weir_bytes target; /* without its query */
};

static bool is(struct weir_bytes text, const char *word)
{
	return text.len == strlen(word) && memcmp(text.ptr, word, text.len) == 0;
}

static bool split(struct weir_bytes *rest, uint8_t at, struct weir_bytes *before)
{
	const uint8_t *p = memchr(rest->ptr, at, rest->len);

	if (!p)
		return false;
	*before = (struct weir_bytes){rest->ptr, (size_t)(p - rest->ptr)};
	*rest = (struct weir_bytes){p + 1, rest->len - before->len - 1};
	return true;
}

static bool is_method(struct weir_bytes text)
{
	if (text.len == 0 || text.len > 16)
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] < 'A' || text.ptr[i] > 'Z')
			return false;
	return true;
}

/* "GET /metrics HTTP/1.1", with or without CR at its end (RFC 9112 section 2.2). */
static bool parse_line(struct weir_bytes line, struct http_line *out)
{
	struct weir_bytes rest = line, path;

	if (rest.len && rest.ptr[rest.len - 1] == '\r')
		rest.len--;
	if (!split(&rest, ' ', &out->method) || !is_method(out->method) ||
	    !split(&rest, ' ', &out->target) || !out->target.len)
		return false;
	if (!is(rest, "HTTP/1.1") && !is(rest, "HTTP/1.0"))
		return false;
	rest = out->target;
	if (split(&rest, '?', &path))
		out->target = path;
	return true;
}

/* Whether the empty line after the header is there. */
static bool header_is_whole(struct weir_bytes in)
{
	return memmem(in.ptr, in.len, "\r\n\r\n", 4) || memmem(in.ptr, in.len, "\n\n", 2);
}

static void respond(struct weir_buf *out, const char *status, const char *extra,
		    const struct weir_buf *body, bool with_body)
{
	weir_buf_printf(out,
			"HTTP/1.1 %s\r\n"
			"Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
			"Content-Length: %zu\r\n"
			"Cache-Control: no-store\r\n"
			"%sConnection: close\r\n\r\n",
			status, body->len, extra);
	if (with_body)
		weir_buf_add(out, body->ptr, body->len);
}

static void respond_text(struct weir_buf *out, const char *status, const char *extra,
			 const char *text, bool with_body)
{
	struct weir_buf body = {0};

	weir_buf_str(&body, text);
	respond(out, status, extra, &body, with_body);
	weir_buf_fini(&body);
}

static void serve_line(struct weir_ctl *c, const struct http_line *line, struct weir_buf *out)
{
	bool get = is(line->method, "GET");
	struct weir_buf body = {0};

	if (!get && !is(line->method, "HEAD")) {
		respond_text(out, "405 Method Not Allowed", "Allow: GET, HEAD\r\n",
			     "GET or HEAD only\n", true);
		return;
	}
	if (!is(line->target, "/metrics")) {
		respond_text(out, "404 Not Found", "", "there is /metrics only\n", get);
		return;
	}
	weir_ctl_metrics(c, &body);
	respond(out, "200 OK", "", &body, get);
	out->failed |= body.failed;
	weir_buf_fini(&body);
}

enum ctl_http_result ctl_http_serve(struct weir_ctl *c, struct weir_bytes in, struct weir_buf *out)
{
	struct weir_bytes rest = in, first;
	struct http_line line;

	if (!split(&rest, '\n', &first) || !parse_line(first, &line))
		return CTL_HTTP_NOT;
	if (!header_is_whole(in)) {
		if (in.len <= HEADER_MAX)
			return CTL_HTTP_PARTIAL;
		respond_text(out, "431 Request Header Fields Too Large", "",
			     "the header is larger than 8192 bytes\n", true);
		return CTL_HTTP_DONE;
	}
	serve_line(c, &line, out);
	return CTL_HTTP_DONE;
}
