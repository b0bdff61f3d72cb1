/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Answers of HTTP/2 as HTTP/1.1 writes them. The session has looked at all of it: no name or value
 * has an end of line, and content is as long as its head says. What says where the content ends
 * is written anew.
 */
#include "path_translate.h"

#include <stdio.h>

static bool add(struct path_translator *t, struct weir_bytes bytes)
{
	return weir_http2_queue_add(t->h.server, &t->answer, bytes);
}

/* Nobody can read on. */
static void give_up(struct path_translator *t, const char *name)
{
	path_translate_fail(t, name);
	if (t->stream)
		weir_http2_reset(t->stream, WEIR_HTTP2_INTERNAL_ERROR);
}

/* ---- heads ---- */

static void add_head(struct path_translator *t, const struct weir_http_head *head)
{
	struct path_http2_worker *w = t->h.x->w->http2;
	size_t n = weir_http2_to_http1(head, w->text, sizeof(w->text));

	if (!n)
		give_up(t, "HEAD");
	else if (!add(t, weir_bytes_of(w->text, n)))
		give_up(t, "MEMORY");
}

/* A length leaves no place for trailers, so where some are announced there is none. */
static enum weir_http_framing framing_of(const struct path_translator *t,
					 const struct weir_http_head *head)
{
	if (t->http10)
		return head->framing == WEIR_HTTP_CHUNKED ? WEIR_HTTP_UNTIL_CLOSE : head->framing;
	if (head->framing == WEIR_HTTP_LENGTH && weir_http_header_find(head, "trailer"))
		return WEIR_HTTP_CHUNKED;
	return head->framing;
}

static void on_head(void *user, struct weir_http2_stream *st, const struct weir_http2_head *h)
{
	struct path_translator *t = user;
	struct weir_http_head head = h->http;

	(void)st;
	if (head.status < 200) {
		if (!t->http10)
			add_head(t, &head);
		return;
	}
	head.framing = framing_of(t, &head);
	t->chunked = head.framing == WEIR_HTTP_CHUNKED;
	t->is_last |= t->leaving;
	head.keep_alive = !t->is_last;
	add_head(t, &head);
}

/* ---- content ---- */

static bool add_content(struct path_translator *t, struct weir_bytes data)
{
	char size[12];
	int n = snprintf(size, sizeof(size), "%zx\r\n", data.len);

	if (!t->chunked || !data.len)
		return add(t, data);
	return add(t, weir_bytes_of(size, (size_t)n)) && add(t, data) &&
	       add(t, weir_bytes_str("\r\n"));
}

static void on_data(void *user, struct weir_http2_stream *st, struct weir_bytes data)
{
	struct path_translator *t = user;

	(void)st;
	t->unread += data.len;
	if (!t->failure && !add_content(t, data))
		give_up(t, "MEMORY");
}

/* ---- ends ---- */

static bool add_last_chunk(struct path_translator *t)
{
	return !t->chunked || t->has_trailers || add(t, weir_bytes_str("0\r\n"));
}

/* Those that were not announced have no place in a message that has a length. */
static void on_trailers(void *user, struct weir_http2_stream *st,
			const struct weir_http_header *fields, unsigned int n)
{
	struct path_translator *t = user;

	(void)st;
	if (!t->chunked || t->failure)
		return;
	if (add_last_chunk(t) && path_http2_keep_trailers(t->h.server, &t->answer, fields, n))
		t->has_trailers = true;
	else
		give_up(t, "MEMORY");
}

static void on_end(void *user, struct weir_http2_stream *st)
{
	struct path_translator *t = user;

	(void)st;
	if (t->failure)
		return;
	if (!add_last_chunk(t) || (t->chunked && !add(t, weir_bytes_str("\r\n")))) {
		give_up(t, "MEMORY");
		return;
	}
	t->answering = false;
	t->h.progress = true;
	if (t->is_last || t->leaving)
		path_translate_finish(t);
}

/* A server that wants no more of a request than it has answered hears nothing else either: the
 * client may have much more to say. */
static void on_close(void *user, struct weir_http2_stream *st, enum weir_http2_error why,
		     uint32_t code)
{
	struct path_translator *t = user;

	(void)st;
	(void)code;
	t->stream = NULL;
	t->unread = 0; /* it is all consumed, or taken for that */
	t->h.progress = true;
	if (t->answering)
		path_translate_fail(t, weir_http2_error_name(why));
	else if (t->taking)
		path_translate_finish(t);
}

static void on_goaway(void *user, uint32_t last, uint32_t code)
{
	struct path_translator *t = user;

	(void)last;
	(void)code;
	t->leaving = true;
	if (!t->answering)
		path_translate_finish(t);
}

static void on_over(void *user, enum weir_http2_error why)
{
	struct path_translator *t = user;

	if (why == WEIR_HTTP2_OK || why == WEIR_HTTP2_E_OVER) {
		path_translate_finish(t);
		return;
	}
	path_http2_on_error(&t->h, 1, why, 0);
	path_translate_fail(t, weir_http2_error_name(why));
}

const struct weir_http2_events path_translate_events = {
	.on_head = on_head,
	.on_data = on_data,
	.on_trailers = on_trailers,
	.on_end = on_end,
	.on_close = on_close,
	.on_bad = path_http2_on_bad_server,
	.on_goaway = on_goaway,
	.on_over = on_over,
	.pull = path_translate_pull,
	.write = path_http2_write_server,
};
