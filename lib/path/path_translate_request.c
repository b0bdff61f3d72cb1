/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Requests to HTTP/2, one after the other: what was judged and let pass is read where it lies in
 * the client's stream, and leaves it when the server has taken it.
 */
#include "path_stream.h"
#include "path_translate.h"

/* A head is looked for in so many bytes, and in twice as many when it has not ended there. */
#define USUAL_HEAD 4096u

/* ---- bodies ---- */

static void take(struct path_translator *t, uint32_t n)
{
	t->passable -= n;
	t->h.progress |= n > 0; /* what lies behind it can be read */
	path_line_discard(t->h.x->w, t->h.x->k, 0, n);
}

/* The first piece of `in`, its content to `to`. How many bytes it has; negative: no body goes on
 * so. */
static ssize_t take_piece(struct path_translator *t, struct weir_bytes in, uint8_t *to, size_t *n)
{
	bool trailers = weir_http_body_place(&t->body) == WEIR_HTTP_AT_TRAILERS;
	struct weir_bytes content;
	ssize_t used;

	in.len = path_http2_piece_of(&t->body, in);
	used = weir_http_body_feed(&t->body, in, &content);
	if (used < 0 || (trailers && !weir_http2_queue_add(t->h.server, &t->trailers,
							   weir_bytes_of(in.ptr, (size_t)used))))
		return -1;
	if (content.len)
		memcpy(to + *n, content.ptr, content.len);
	*n += content.len;
	return used;
}

/* What lies in one piece of memory, as far as there is room. False: as take_piece. */
static bool take_view(struct path_translator *t, uint8_t *to, size_t max, size_t *n)
{
	struct weir_bytes view;
	size_t done = 0, len;

	if (!path_line_read(t->h.x->k, 0, 0, &view, 1))
		return false;
	len = RTE_MIN(view.len, (size_t)t->passable);
	while (done < len && *n < max && !t->body.done) {
		struct weir_bytes in =
			weir_bytes_of(view.ptr + done, RTE_MIN(len - done, max - *n));
		ssize_t used = take_piece(t, in, to, n);

		if (used < 0)
			return false;
		done += (size_t)used;
	}
	take(t, (uint32_t)done);
	return true;
}

size_t path_translate_pull(void *user, struct weir_http2_stream *st, uint8_t *to, size_t max,
			   enum weir_http2_more *more)
{
	struct path_translator *t = user;
	size_t n = 0;

	while (n < max && t->passable && !t->body.done) {
		if (take_view(t, to, max, &n))
			continue;
		*more = WEIR_HTTP2_BROKEN;
		return 0;
	}
	path_http2_note_moved(&t->h, n);
	if (!t->body.done)
		return n;
	t->taking = false;
	*more = path_http2_end_message(t->h.x->w->http2, &t->trailers, st);
	weir_http2_queue_drop(t->h.server, &t->trailers, SIZE_MAX);
	return n;
}

/* ---- heads ---- */

const char *path_translate_check(struct path_translator *t, const struct weir_http_head *h)
{
	enum weir_http2_error why = weir_http2_request_check(h);

	if (!why)
		return NULL;
	t->h.x->w->http2->bad[0][why]++;
	return weir_http2_error_name(why);
}

/* It was read before, so there is one. Returns its bytes, or what the parser does. */
static ssize_t read_head(struct path_translator *t, struct weir_http_head *head)
{
	struct path_http *x = t->h.x;
	uint32_t all = RTE_MIN(t->passable, PATH_HTTP_HEAD_MAX), len = 0;
	ssize_t n = 0;

	for (uint32_t some = USUAL_HEAD; !n && len < all; some *= 2) {
		len = RTE_MIN(some, all);
		n = weir_http_request_parse(path_http_gather(x, 0, path_line_offset(x->k, 0), len),
					    &x->service.limits, x->w->http->headers, head);
	}
	return n;
}

static void begin_request(struct path_translator *t)
{
	struct weir_http2_head head = {0};
	enum weir_http2_error why = WEIR_HTTP2_E_HEAD;
	ssize_t n = read_head(t, &head.http);

	if (n > 0) {
		weir_http_body_init(&t->body, &head.http, &t->h.x->service.limits);
		t->stream = weir_http2_request(t->h.server, &head, !t->body.done, &why);
	}
	if (!t->stream) {
		if (why != WEIR_HTTP2_E_NO_ROOM)
			path_translate_fail(t, weir_http2_error_name(why));
		return;
	}
	t->taking = !t->body.done;
	t->answering = true;
	t->chunked = t->has_trailers = false;
	t->http10 = head.http.minor == 0;
	t->is_last = !head.http.keep_alive || t->http10;
	take(t, (uint32_t)n);
}

/* The one before has its answer, and the client has all of that. */
static bool is_free(struct path_translator *t)
{
	return path_translate_is_open(t) && !t->stream && !t->taking && !t->answering &&
	       !t->answer.bytes && !t->leaving && !t->ended && !t->failure;
}

void path_translate_send(struct path_translator *t)
{
	if (t->stream && t->taking)
		weir_http2_resume(t->stream);
	else if (t->taking)
		take(t, t->passable); /* the server wants no more of it */
	else if (is_free(t))
		begin_request(t);
}
