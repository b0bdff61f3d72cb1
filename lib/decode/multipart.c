/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * multipart/form-data, with a flag for each liberty that a sender took: parsers differ there, and
 * an attack lives in the difference. Rules decide what a flag is worth.
 */
#include "decode_impl.h"

#define BOUNDARY_MAX 1024 /* bytes; RFC 2046 says 70, browsers write about 40 */
#define HEADER_MAX   8192 /* of a part, folded lines included; ModSecurity gives up at 4096 */

struct reader {
	struct weir_bytes left; /* what was not read */
	struct weir_bytes boundary;
	const struct weir_multipart_limits *limits;
	struct weir_arena *arena;
	const struct weir_part_sink *sink;
	struct weir_decode_error *error;
	const uint8_t *start; /* of the body */
	uint32_t flags, parts;
	bool seen_crlf, seen_lf;
	const uint8_t *looked; /* where the caller has last looked at the clock */
	bool stopped;          /* by the caller: there is nothing left to be read */
};

enum line { LINE_PLAIN, LINE_BOUNDARY, LINE_FINAL };

static int fail(struct reader *r, const char *text)
{
	*r->error =
		(struct weir_decode_error){.text = text, .at = (size_t)(r->left.ptr - r->start)};
	return -WEIR_EFORMAT;
}

/* ---- the boundary ---- */

static bool is_token_char(uint8_t c)
{
	return c > ' ' && c < 0x7f && !strchr("()<>@,;:\\\"/[]?=", c);
}

/* The place of the parameter's name in the field, without case; -1 for none. Browsers have the word
 * in its value, too: `boundary=----WebKitFormBoundary…`. */
static ssize_t find_boundary(struct weir_bytes type, size_t from)
{
	for (size_t i = from; i + 8 <= type.len; i++) {
		size_t end = i + 8;

		if (i && is_token_char(type.ptr[i - 1]))
			continue;
		if (!weir_bytes_is_case(weir_bytes_of(type.ptr + i, 8), "boundary"))
			continue;
		while (end < type.len && is_space(type.ptr[end]))
			end++;
		if (end < type.len && type.ptr[end] == '=')
			return (ssize_t)i;
	}
	return -1;
}

/* What stands after "boundary", up to a semicolon; quotes taken off. */
static int read_boundary_value(struct reader *r, struct weir_bytes v)
{
	const uint8_t *semicolon;

	if (v.len && is_space(v.ptr[0]))
		r->flags |= WEIR_MULTIPART_BOUNDARY_WHITESPACE;
	v = weir_bytes_trim(v);
	if (!v.len || v.ptr[0] != '=')
		return fail(r, "a boundary without '='");
	v = weir_bytes_of(v.ptr + 1, v.len - 1);
	if (v.len && is_space(v.ptr[0]))
		r->flags |= WEIR_MULTIPART_BOUNDARY_WHITESPACE;
	v = weir_bytes_trim(v);
	if (v.len >= 2 && v.ptr[0] == '"') {
		const uint8_t *end = memchr(v.ptr + 1, '"', v.len - 1);

		if (!end)
			return fail(r, "a boundary whose quote has no end");
		r->flags |= WEIR_MULTIPART_BOUNDARY_QUOTED;
		r->boundary = weir_bytes_of(v.ptr + 1, (size_t)(end - v.ptr) - 1);
		return 0;
	}
	semicolon = v.len ? memchr(v.ptr, ';', v.len) : NULL;
	r->boundary = weir_bytes_trim(
		weir_bytes_of(v.ptr, semicolon ? (size_t)(semicolon - v.ptr) : v.len));
	return 0;
}

static int check_boundary(struct reader *r)
{
	if (!r->boundary.len)
		return fail(r, "an empty boundary");
	if (r->boundary.len > BOUNDARY_MAX)
		return fail(r, "a boundary that is too long");
	for (size_t i = 0; i < r->boundary.len; i++) {
		uint8_t c = r->boundary.ptr[i];

		if (is_space(c))
			r->flags |= WEIR_MULTIPART_BOUNDARY_WHITESPACE;
		else if (c < 0x20 || c > 0x7e)
			return fail(r, "a boundary with characters that it cannot have");
	}
	return 0;
}

static int read_boundary(struct reader *r, struct weir_bytes type)
{
	ssize_t at = find_boundary(type, 0);
	size_t before;
	int rc;

	if (at < 0)
		return fail(r, "no boundary");
	if (find_boundary(type, (size_t)at + 8) >= 0)
		return fail(r, "two boundaries");
	before = (size_t)at;
	while (before && is_space(type.ptr[before - 1]))
		before--;
	if (!before || (type.ptr[before - 1] != ';' && type.ptr[before - 1] != ','))
		r->flags |= WEIR_MULTIPART_MISSING_SEMICOLON;
	rc = read_boundary_value(r, weir_bytes_of(type.ptr + at + 8, type.len - (size_t)at - 8));
	return rc ? rc : check_boundary(r);
}

/* ---- lines ---- */

static void look(struct reader *r)
{
	if (weir_likely((size_t)(r->left.ptr - r->looked) < LOOK_EVERY))
		return;
	r->looked = r->left.ptr;
	r->stopped = r->sink->go_on && !r->sink->go_on(r->sink->context);
	if (r->stopped)
		r->left.len = 0;
}

/* Takes the next line; `line` is without its end, *end_len of which is 0 to 2 bytes. */
static struct weir_bytes take_line(struct reader *r, size_t *end_len)
{
	const uint8_t *lf = memchr(r->left.ptr, '\n', r->left.len);
	size_t all = lf ? (size_t)(lf - r->left.ptr) + 1 : r->left.len;
	struct weir_bytes line = weir_bytes_of(r->left.ptr, all);

	*end_len = 0;
	if (lf)
		*end_len = all >= 2 && lf[-1] == '\r' ? 2 : 1;
	line.len -= *end_len;
	r->left = weir_bytes_of(r->left.ptr + all, r->left.len - all);
	look(r);
	return line;
}

/* Lines that are not content: their ends are looked at. */
static void note_line_end(struct reader *r, size_t end_len)
{
	r->seen_crlf |= end_len == 2;
	r->seen_lf |= end_len == 1;
	if (end_len == 1)
		r->flags |= WEIR_MULTIPART_LF_LINE;
	if (r->seen_crlf && r->seen_lf)
		r->flags |= WEIR_MULTIPART_CRLF_LF_LINES;
}

/* What a line is. One that begins with two hyphens and is no boundary may be one to somebody else.
 */
static enum line classify(struct reader *r, struct weir_bytes line)
{
	struct weir_bytes rest;

	if (line.len < 2 || line.ptr[0] != '-' || line.ptr[1] != '-')
		return LINE_PLAIN;
	rest = weir_bytes_of(line.ptr + 2, line.len - 2);
	if (rest.len < r->boundary.len || memcmp(rest.ptr, r->boundary.ptr, r->boundary.len) != 0) {
		r->flags |= WEIR_MULTIPART_UNMATCHED_BOUNDARY;
		return LINE_PLAIN;
	}
	rest = weir_bytes_of(rest.ptr + r->boundary.len, rest.len - r->boundary.len);
	if (!rest.len)
		return LINE_BOUNDARY;
	if (rest.len >= 2 && rest.ptr[0] == '-' && rest.ptr[1] == '-') {
		if (rest.len > 2)
			r->flags |= WEIR_MULTIPART_INVALID_PART;
		return LINE_FINAL;
	}
	r->flags |= WEIR_MULTIPART_UNMATCHED_BOUNDARY;
	if (!weir_bytes_trim(rest).len) {
		r->flags |= WEIR_MULTIPART_BOUNDARY_WHITESPACE;
		return LINE_BOUNDARY;
	}
	return LINE_PLAIN;
}

/* ---- a part's headers ---- */

static int add_header(struct reader *r, struct weir_part *p, struct weir_bytes line)
{
	if (p->n_headers == r->limits->headers)
		return fail(r, "too many headers in a part");
	if (!p->headers) {
		p->headers = weir_arena_alloc(r->arena, r->limits->headers * sizeof(*p->headers));
		if (!p->headers)
			return -WEIR_ENOMEM;
	}
	if (line.len > HEADER_MAX)
		return fail(r, "a header of a part is too long");
	if (!line.len || !memchr(line.ptr, ':', line.len)) {
		r->flags |= WEIR_MULTIPART_INVALID_HEADER;
		return fail(r, "a part's header without colon");
	}
	p->headers[p->n_headers++] = line;
	return 0;
}

/* A line that begins with a space belongs to the one before; both stand side by side in the body.
 */
static int fold_header(struct reader *r, struct weir_part *p, struct weir_bytes line)
{
	struct weir_bytes *last;

	r->flags |= WEIR_MULTIPART_HEADER_FOLDING;
	if (!p->n_headers) {
		r->flags |= WEIR_MULTIPART_INVALID_HEADER;
		return fail(r, "a part begins with a folded header");
	}
	last = &p->headers[p->n_headers - 1];
	last->len = (size_t)(line.ptr + line.len - last->ptr);
	return last->len > HEADER_MAX ? fail(r, "a header of a part is too long") : 0;
}

static int read_headers(struct reader *r, struct weir_part *p)
{
	while (r->left.len) {
		size_t end_len;
		struct weir_bytes line = take_line(r, &end_len);
		int rc;

		note_line_end(r, end_len);
		if (!line.len)
			return 0;
		if (memchr(line.ptr, 0, line.len))
			rc = fail(r, "NUL in a header of a part");
		else if (is_space(line.ptr[0]))
			rc = fold_header(r, p, line);
		else
			rc = add_header(r, p, line);
		if (rc)
			return rc;
	}
	r->flags |= WEIR_MULTIPART_INCOMPLETE;
	return 0;
}

/* ---- Content-Disposition (RFC 6266, RFC 7578 section 4.2) ---- */

/* Whether a backslash at `i` of a quoted value hides what follows. */
static bool is_escape(struct weir_bytes v, size_t i)
{
	return v.ptr[i] == '\\' && i + 1 < v.len &&
	       (v.ptr[i + 1] == v.ptr[0] || v.ptr[i + 1] == '\\');
}

/* Where the quote that `v` begins with ends; v.len or more where it does not. */
static size_t quoted_end(struct weir_bytes v)
{
	size_t i = 1;

	while (i < v.len && v.ptr[i] != v.ptr[0])
		i += is_escape(v, i) ? 2 : 1;
	return i;
}

/* A quoted value at the start of *v, its quotes and backslash escapes undone. */
static int take_quoted(struct reader *r, struct weir_bytes *v, struct weir_bytes *out)
{
	size_t end = quoted_end(*v), n = 0;
	uint8_t *text;

	if (end >= v->len)
		return fail(r, "a quote in Content-Disposition has no end");
	text = weir_arena_alloc(r->arena, end);
	if (!text)
		return -WEIR_ENOMEM;
	for (size_t i = 1; i < end; i++) {
		i += is_escape(*v, i);
		text[n++] = v->ptr[i];
	}
	if (v->ptr[0] == '\'')
		r->flags |= WEIR_MULTIPART_INVALID_QUOTING;
	*out = weir_bytes_of(text, n);
	*v = weir_bytes_of(v->ptr + end + 1, v->len - end - 1);
	return 0;
}

static int take_value(struct reader *r, struct weir_bytes *v, struct weir_bytes *out)
{
	size_t n = 0;

	if (v->len && (v->ptr[0] == '"' || v->ptr[0] == '\''))
		return take_quoted(r, v, out);
	while (n < v->len && is_token_char(v->ptr[n]))
		n++;
	*out = weir_bytes_of(v->ptr, n);
	*v = weir_bytes_of(v->ptr + n, v->len - n);
	return 0;
}

static void skip_space(struct weir_bytes *v)
{
	while (v->len && is_space(v->ptr[0]))
		*v = weir_bytes_of(v->ptr + 1, v->len - 1);
}

static int keep_parameter(struct reader *r, struct weir_part *p, struct weir_bytes name,
			  struct weir_bytes value)
{
	if (weir_bytes_is_case(name, "name")) {
		if (p->name.ptr)
			return fail(r, "two names in Content-Disposition");
		p->name = value;
	} else if (weir_bytes_is_case(name, "filename") || weir_bytes_is_case(name, "filename*")) {
		if (p->is_file && weir_bytes_is_case(name, "filename"))
			return fail(r, "two file names in Content-Disposition");
		p->is_file = true;
		p->filename = value;
	}
	return 0;
}

/* `; name=value` at the start of *v. */
static int take_parameter(struct reader *r, struct weir_part *p, struct weir_bytes *v)
{
	struct weir_bytes name, value;
	size_t n = 0;
	int rc;

	if (v->ptr[0] != ';')
		return fail(r, "Content-Disposition: ';' was expected");
	*v = weir_bytes_of(v->ptr + 1, v->len - 1);
	skip_space(v);
	if (!v->len)
		return 0;
	while (n < v->len && is_token_char(v->ptr[n]))
		n++;
	name = weir_bytes_of(v->ptr, n);
	*v = weir_bytes_of(v->ptr + n, v->len - n);
	skip_space(v);
	if (!n || !v->len || v->ptr[0] != '=')
		return fail(r, "Content-Disposition: a parameter without '='");
	*v = weir_bytes_of(v->ptr + 1, v->len - 1);
	skip_space(v);
	rc = take_value(r, v, &value);
	if (rc)
		return rc;
	skip_space(v);
	return keep_parameter(r, p, name, value);
}

static int read_disposition(struct reader *r, struct weir_part *p, struct weir_bytes v)
{
	int rc = 0;

	v = weir_bytes_trim(v);
	if (v.len < 9 || !weir_bytes_is_case(weir_bytes_of(v.ptr, 9), "form-data"))
		return fail(r, "a part that is no form-data");
	v = weir_bytes_of(v.ptr + 9, v.len - 9);
	skip_space(&v);
	while (!rc && v.len)
		rc = take_parameter(r, p, &v);
	return rc;
}

static int understand_headers(struct reader *r, struct weir_part *p)
{
	bool found = false;

	for (uint32_t i = 0; i < p->n_headers; i++) {
		struct weir_bytes h = p->headers[i];
		const uint8_t *colon = memchr(h.ptr, ':', h.len);
		struct weir_bytes name = weir_bytes_of(h.ptr, (size_t)(colon - h.ptr));
		int rc;

		if (!weir_bytes_is_case(weir_bytes_trim(name), "content-disposition"))
			continue;
		if (found)
			return fail(r, "two Content-Disposition headers in a part");
		found = true;
		rc = read_disposition(r, p, weir_bytes_of(colon + 1, h.len - name.len - 1));
		if (rc)
			return rc;
	}
	if (!found)
		return fail(r, "a part without Content-Disposition");
	if (!p->name.ptr)
		r->flags |= WEIR_MULTIPART_INVALID_PART;
	return 0;
}

/* ---- parts ---- */

/* The content up to the next boundary; the line end before that belongs to the boundary. */
static enum line read_content(struct reader *r, struct weir_part *p)
{
	const uint8_t *start = r->left.ptr, *end = start;

	while (r->left.len) {
		const uint8_t *line_start = r->left.ptr;
		size_t end_len;
		struct weir_bytes line = take_line(r, &end_len);
		enum line kind = classify(r, line);

		if (kind != LINE_PLAIN) {
			note_line_end(r, end_len);
			p->body = weir_bytes_of(start, (size_t)(end - start));
			return kind;
		}
		end = line_start + line.len;
	}
	r->flags |= WEIR_MULTIPART_INCOMPLETE;
	p->body = weir_bytes_of(start, (size_t)(r->left.ptr - start));
	return LINE_FINAL;
}

static int read_part(struct reader *r, enum line *next)
{
	struct weir_part p = {0};
	int rc = read_headers(r, &p);

	if (!rc)
		rc = understand_headers(r, &p);
	if (rc)
		return rc;
	*next = read_content(r, &p);
	if (++r->parts > r->limits->parts) {
		r->flags |= WEIR_MULTIPART_FILE_LIMIT;
		return -WEIR_ELIMIT;
	}
	return r->sink->part(r->sink->context, &p) ? 0 : -WEIR_ELIMIT;
}

static enum line read_preamble(struct reader *r)
{
	while (r->left.len) {
		size_t end_len;
		struct weir_bytes line = take_line(r, &end_len);
		enum line kind = classify(r, line);

		if (kind != LINE_PLAIN) {
			note_line_end(r, end_len);
			return kind;
		}
		r->flags |= WEIR_MULTIPART_DATA_BEFORE;
	}
	r->flags |= WEIR_MULTIPART_INCOMPLETE;
	return LINE_FINAL;
}

int weir_multipart_parse(struct weir_bytes body, struct weir_bytes type,
			 const struct weir_multipart_limits *limits, struct weir_arena *a,
			 const struct weir_part_sink *sink, uint32_t *flags,
			 struct weir_decode_error *error)
{
	struct reader r = {.left = body,
			   .start = body.ptr,
			   .looked = body.ptr,
			   .limits = limits,
			   .arena = a,
			   .sink = sink,
			   .error = error};
	enum line next = LINE_FINAL;
	int rc;

	*error = (struct weir_decode_error){0};
	rc = read_boundary(&r, type);
	if (!rc)
		next = read_preamble(&r);
	while (!rc && next == LINE_BOUNDARY)
		rc = read_part(&r, &next);
	if (!rc && r.stopped)
		rc = -WEIR_ELIMIT;
	if (!rc && r.left.len)
		r.flags |= WEIR_MULTIPART_DATA_AFTER;
	if (!rc && r.flags & WEIR_MULTIPART_INCOMPLETE)
		rc = fail(&r, "the final boundary is missing");
	*flags = r.flags;
	return rc;
}
