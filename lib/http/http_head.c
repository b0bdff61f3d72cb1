/* SPDX-License-Identifier: BSD-3-Clause */
/* Request and response heads (RFC 9112 sections 2 to 5). */
#include "http_impl.h"

const struct weir_http_limits weir_http_limits_default = {
	.line_bytes = 8192,
	.head_bytes = 65536,
	.headers = 128,
	.chunk_bytes = 8192,
};

struct reader {
	struct weir_bytes in;
	size_t at;
	const struct weir_http_limits *limits;
	struct weir_http_head *head;
};

/* A line at hand. Returns 1 with *line, its CRLF passed; 0 when more is needed; or an error,
 * `too_long` where it passes the limit. */
static int take_line(struct reader *r, enum weir_http_error too_long, struct weir_bytes *line)
{
	const uint8_t *start = r->in.ptr + r->at;
	size_t left = r->in.len - r->at, n;
	const uint8_t *lf = left ? memchr(start, '\n', left) : NULL;

	n = lf ? (size_t)(lf - start) : left;
	if (n > r->limits->line_bytes)
		return -(int)too_long;
	if (!lf)
		return 0;
	if (!n || start[n - 1] != '\r')
		return -WEIR_HTTP_E_LINE_END;
	*line = weir_bytes_of(start, n - 1);
	r->at += n + 1;
	return 1;
}

/* Of a line, which has no LF: HTTP_VALUE, as the C library finds it many bytes at a time. */
static bool is_value(struct weir_bytes b)
{
	return !b.len || (!memchr(b.ptr, '\r', b.len) && !memchr(b.ptr, '\0', b.len));
}

/* "HTTP/1.0" and "HTTP/1.1", no others (RFC 9112 section 2.3). */
static bool read_version(struct weir_http_head *h, struct weir_bytes v)
{
	if (v.len != 8 || memcmp(v.ptr, "HTTP/1.", 7) != 0 || (v.ptr[7] != '0' && v.ptr[7] != '1'))
		return false;
	h->protocol = v;
	h->minor = (uint8_t)(v.ptr[7] - '0');
	return true;
}

/* METHOD SP target SP version: one space each, none else (section 3). */
static int read_request_line(struct weir_http_head *h, struct weir_bytes line)
{
	const uint8_t *first = line.len ? memchr(line.ptr, ' ', line.len) : NULL;
	const uint8_t *last = line.len ? memrchr(line.ptr, ' ', line.len) : NULL;

	h->line = line;
	if (!first || first == last)
		return -WEIR_HTTP_E_REQUEST_LINE;
	h->method = weir_bytes_of(line.ptr, (size_t)(first - line.ptr));
	h->target = weir_bytes_of(first + 1, (size_t)(last - first) - 1);
	if (!h->method.len || !http_all(h->method, HTTP_TOKEN))
		return -WEIR_HTTP_E_METHOD;
	if (!h->target.len || !http_all(h->target, HTTP_TARGET))
		return -WEIR_HTTP_E_TARGET;
	if (!read_version(h, weir_bytes_of(last + 1, (size_t)(line.ptr + line.len - last) - 1)))
		return -WEIR_HTTP_E_VERSION;
	h->is_head = weir_bytes_is(h->method, "HEAD");
	h->is_connect = weir_bytes_is(h->method, "CONNECT");
	return http_target_split(h) ? 0 : -WEIR_HTTP_E_TARGET;
}

/* version SP three digits SP reason; the last space may be missing with the reason (section 4). */
static int read_status_line(struct weir_http_head *h, struct weir_bytes line)
{
	uint64_t status;

	h->line = line;
	if (line.len < 12 || !read_version(h, weir_bytes_of(line.ptr, 8)) || line.ptr[8] != ' ' ||
	    !http_number(weir_bytes_of(line.ptr + 9, 3), &status) || status < 100 || status > 599 ||
	    (line.len > 12 && line.ptr[12] != ' ') || !is_value(line))
		return -WEIR_HTTP_E_STATUS_LINE;
	h->status = (uint16_t)status;
	h->reason = line.len > 13 ? weir_bytes_of(line.ptr + 13, line.len - 13)
				  : weir_bytes_of(line.ptr + line.len, 0);
	return 0;
}

/* name ":" OWS value OWS (section 5). */
static int read_field(struct reader *r, struct weir_bytes line)
{
	const uint8_t *colon = memchr(line.ptr, ':', line.len);
	struct weir_http_header *to = &r->head->headers[r->head->n_headers];

	if (line.ptr[0] == ' ' || line.ptr[0] == '\t')
		return -WEIR_HTTP_E_HEADER_FOLDING;
	if (!colon || colon == line.ptr)
		return -WEIR_HTTP_E_HEADER_NAME;
	to->name = weir_bytes_of(line.ptr, (size_t)(colon - line.ptr));
	to->value = weir_bytes_of(colon + 1, line.len - to->name.len - 1);
	if (!http_all(to->name, HTTP_TOKEN))
		return -WEIR_HTTP_E_HEADER_NAME;
	if (!is_value(to->value))
		return -WEIR_HTTP_E_HEADER_VALUE;
	to->value = weir_bytes_trim(to->value);
	r->head->n_headers++;
	return 0;
}

/* Fields up to the empty line. 1 when it has come. */
static int read_fields(struct reader *r)
{
	for (;;) {
		struct weir_bytes line;
		int rc = take_line(r, WEIR_HTTP_E_HEADER_LIMIT, &line);

		if (rc > 0 && r->at > r->limits->head_bytes)
			return -WEIR_HTTP_E_HEADER_LIMIT;
		if (rc <= 0)
			return rc;
		if (!line.len)
			return 1;
		if (r->head->n_headers == r->limits->headers)
			return -WEIR_HTTP_E_HEADER_LIMIT;
		rc = read_field(r, line);
		if (rc)
			return rc;
	}
}

ssize_t weir_http_request_parse(struct weir_bytes in, const struct weir_http_limits *limits,
				struct weir_http_header *headers, struct weir_http_head *out)
{
	struct reader r = {.in = in, .limits = limits, .head = out};
	struct weir_bytes line = {0};
	int rc;

	*out = (struct weir_http_head){.headers = headers};
	for (int empty = 0;; empty++) {
		rc = take_line(&r, WEIR_HTTP_E_LINE_LIMIT, &line);
		if (rc <= 0)
			return rc;
		if (line.len)
			break;
		if (empty == 2)
			return -WEIR_HTTP_E_REQUEST_LINE;
	}
	rc = read_request_line(out, line);
	if (!rc) {
		rc = read_fields(&r);
		if (rc == 0)
			return 0;
	}
	if (rc > 0)
		rc = http_request_understand(out);
	out->text = weir_bytes_of(in.ptr, r.at);
	return rc < 0 ? rc : (ssize_t)r.at;
}

ssize_t weir_http_response_parse(struct weir_bytes in, const struct weir_http_limits *limits,
				 const struct weir_http_head *request,
				 struct weir_http_header *headers, struct weir_http_head *out)
{
	struct reader r = {.in = in, .limits = limits, .head = out};
	struct weir_bytes line;
	int rc;

	*out = (struct weir_http_head){.headers = headers};
	rc = take_line(&r, WEIR_HTTP_E_STATUS_LINE, &line);
	if (rc <= 0)
		return rc;
	rc = read_status_line(out, line);
	if (!rc) {
		rc = read_fields(&r);
		if (rc == 0)
			return 0;
	}
	if (rc > 0)
		rc = http_response_understand(out, request);
	out->text = weir_bytes_of(in.ptr, r.at);
	return rc < 0 ? rc : (ssize_t)r.at;
}

const struct weir_http_header *weir_http_header_find(const struct weir_http_head *h,
						     const char *name)
{
	struct weir_bytes wanted = weir_bytes_str(name);

	for (uint16_t i = 0; i < h->n_headers; i++)
		if (weir_bytes_equal_case(h->headers[i].name, wanted))
			return &h->headers[i];
	return NULL;
}
