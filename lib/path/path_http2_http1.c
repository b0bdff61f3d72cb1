/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The server in HTTP/1.1: it takes the requests of a connection one after the other, each when the
 * response to the one before is complete. When it closes the connection, or has to be left in the
 * midst of a message, the client's session ends in order.
 */
#include "path_http2.h"
#include "path_stream.h"

#include <stdio.h>

#define VIEWS 16
/* Of a response that nobody waits for so much is taken to keep the connection. */
#define DISCARD_MAX (256u << 10)
/* Framing of a chunk: its size in at most eight digits, two ends of lines. */
#define CHUNK_FRAMING 16

static struct path_http_side *side_of(const struct path_http2 *h)
{
	return &h->x->side[PATH_TO_CLIENT];
}

/* ---- ends ---- */

static struct path_http2_stream *take_wire(struct path_http2 *h)
{
	struct path_http2_stream *s = h->wire;

	h->wire = NULL;
	return s;
}

/* What the server says is none, or it has ended too early. */
static void fail_wire(struct path_http2 *h, const char *name)
{
	struct path_http2_stream *s = take_wire(h);

	if (s) {
		path_http2_on_bad_response(s, name);
		path_http2_release_stream(s);
	} else {
		weir_count(&h->x->w->stats, WEIR_COUNT_HTTP_BAD_RESPONSE, 1);
	}
	path_http2_leave_server(h, true);
}

void path_http2_forsake_wire(struct path_http2 *h)
{
	const struct path_http_side *side = side_of(h);

	if (h->speaks == PATH_HTTP2_HTTP1 && h->sent && side->state == PATH_HTTP_BODY) {
		h->discarded = 0;
		return;
	}
	(void)take_wire(h);
	path_http2_leave_server(h, true);
}

/* ---- requests ---- */

static void begin_request(struct path_http2 *h)
{
	struct path_http2_stream *s = h->ready.first;

	if (!s)
		return;
	path_http2_leave_line(s);
	h->wire = s;
	h->sent = false;
	s->e.forwarded = true;
	path_http_expect_head(h->x, PATH_TO_CLIENT);
}

/* Writes what is in a queue as it is. False: there is no room for all of it. */
static bool send_queue(struct path_http2 *h, struct weir_http2_queue *q)
{
	while (q->bytes) {
		struct weir_bytes front = weir_http2_queue_front(q);
		size_t n = path_http2_write(h, 1, front);

		weir_http2_queue_drop(h->client, q, n);
		if (n < front.len)
			return false;
	}
	return true;
}

static void send_chunk(struct path_http2 *h, struct weir_bytes content)
{
	char size[12];
	int n = snprintf(size, sizeof(size), "%zx\r\n", content.len);

	path_http2_put(h, 1, weir_bytes_of(size, (size_t)n));
	path_http2_put(h, 1, content);
	path_http2_put(h, 1, weir_bytes_str("\r\n"));
}

/* False: there is no room for all of it. */
static bool send_content(struct path_http2 *h, struct path_http2_stream *s)
{
	struct path_http2_way *way = &s->way[PATH_TO_SERVER];

	while (way->body.bytes > way->held) {
		struct weir_bytes front = weir_http2_queue_front(&way->body);
		size_t room = path_http2_room(h, 1, CHUNK_FRAMING);

		if (!room)
			return false;
		front.len = RTE_MIN(front.len, room);
		front.len = RTE_MIN(front.len, way->body.bytes - way->held);
		if (s->chunked)
			send_chunk(h, front);
		else
			path_http2_put(h, 1, front);
		path_http2_drop(s, PATH_TO_SERVER, front.len);
	}
	return true;
}

/* The last chunk, and the trailers. A body that has a length ends by that. */
static bool make_tail(struct path_http2 *h, struct path_http2_stream *s)
{
	struct path_http2_way *way = &s->way[PATH_TO_SERVER];
	struct weir_http2_queue *to = &way->head;
	bool good = true;

	if (s->tail || !s->chunked)
		return true;
	s->tail = true;
	good = weir_http2_queue_add(h->client, to, weir_bytes_str("0\r\n"));
	while (good && way->trailers.bytes) {
		struct weir_bytes front = weir_http2_queue_front(&way->trailers);

		good = weir_http2_queue_add(h->client, to, front);
		weir_http2_queue_drop(h->client, &way->trailers, front.len);
	}
	return good && weir_http2_queue_add(h->client, to, weir_bytes_str("\r\n"));
}

static void send_request(struct path_http2 *h)
{
	struct path_http2_stream *s = h->wire;
	struct path_http2_way *way = &s->way[PATH_TO_SERVER];

	if (way->fate == PATH_HTTP_DISCARD || !send_queue(h, &way->head))
		return;
	way->gone = true;
	if (s->has_body && !s->tail) {
		if (!send_content(h, s) || !path_http2_is_whole(way))
			return;
		if (!make_tail(h, s)) {
			fail_wire(h, "MEMORY");
			return;
		}
		if (!send_queue(h, &way->head))
			return;
	}
	h->sent = way->over = true;
}

/* ---- responses ---- */

static void end_response(struct path_http2 *h)
{
	struct path_http2_stream *s = take_wire(h);
	bool keeps = h->sent && side_of(h)->after == PATH_HTTP_HEAD;

	if (!s->forsaken)
		path_http2_on_response_end(s);
	if (!h->sent && s->client && !s->forsaken)
		path_http2_forget_request(s);
	path_http2_release_stream(s);
	path_http_expect_head(h->x, PATH_TO_CLIENT);
	if (!keeps)
		path_http2_leave_server(h, !h->sent);
	h->progress = true;
}

static void on_final(struct path_http2 *h, const struct weir_http_head *head)
{
	struct path_http_side *side = side_of(h);

	side->state = PATH_HTTP_BODY;
	side->after = head->keep_alive ? PATH_HTTP_HEAD : PATH_HTTP_OVER;
	side->until_close = head->framing == WEIR_HTTP_UNTIL_CLOSE;
	weir_http_body_init(&side->body, head, &h->x->service.limits);
	path_http2_on_response(h->wire, head, side->body.done);
}

static void on_head(struct path_http2 *h, const struct weir_http_head *head, size_t len)
{
	struct path_http_side *side = side_of(h);
	bool interim = head->status < 200;

	if (head->framing == WEIR_HTTP_TUNNEL || head->status == 101) {
		fail_wire(h, "TUNNEL");
		return;
	}
	if (interim)
		path_http2_on_response(h->wire, head, false);
	else
		on_final(h, head);
	side->at += len;
	path_http_discard(h->x, PATH_TO_CLIENT);
	if (interim)
		path_http_expect_head(h->x, PATH_TO_CLIENT);
	else if (h->wire && side->body.done)
		end_response(h);
}

/* True: something has changed. */
static bool read_head(struct path_http2 *h)
{
	struct path_http *x = h->x;
	struct weir_http_head request = {0}, head;
	struct weir_bytes in;
	bool last;
	ssize_t n;

	if (!path_http_left(x, PATH_TO_CLIENT))
		return false;
	if (!h->wire) {
		fail_wire(h, "UNASKED");
		return false;
	}
	if (!path_http_find_head(x, PATH_TO_CLIENT, &in, &last))
		return false;
	request.is_head = h->wire->e.is_head;
	n = weir_http_response_parse(in, &x->service.limits, &request, x->w->http->headers, &head);
	if (n == 0 && last)
		n = -WEIR_HTTP_E_HEADER_LIMIT;
	if (n < 0)
		fail_wire(h, path_http_bad(x, n));
	else if (n > 0)
		on_head(h, &head, (size_t)n);
	return n > 0;
}

/* ---- bodies ---- */

/* False: it is too much. */
static bool throw_away(struct path_http2 *h, size_t n)
{
	h->discarded += n;
	if (h->discarded <= DISCARD_MAX)
		return true;
	path_http2_release_stream(take_wire(h));
	path_http2_leave_server(h, true);
	return false;
}

/* False: nothing more is to be read now. */
static bool take_piece(struct path_http2 *h, struct weir_bytes in, size_t *used)
{
	struct path_http_side *side = side_of(h);
	struct path_http2_stream *s = h->wire;
	bool trailers = weir_http_body_place(&side->body) == WEIR_HTTP_AT_TRAILERS;
	struct weir_bytes content;
	ssize_t n = weir_http_body_feed(&side->body, in, &content);

	if (n < 0) {
		fail_wire(h, path_http_bad(h->x, n));
		return false;
	}
	*used = (size_t)n;
	if (s->forsaken)
		return throw_away(h, (size_t)n);
	if (trailers && !weir_http2_queue_add(h->client, &s->way[PATH_TO_CLIENT].trailers,
					      weir_bytes_of(in.ptr, (size_t)n))) {
		fail_wire(h, "MEMORY");
		return false;
	}
	return !content.len || path_http2_on_content(s, content);
}

static bool may_read(const struct path_http2 *h)
{
	const struct path_http2_way *way = h->wire ? &h->wire->way[PATH_TO_CLIENT] : NULL;

	if (!way || h->x->dead || h->speaks != PATH_HTTP2_HTTP1)
		return false;
	if (h->wire->forsaken)
		return true;
	return way->fate == PATH_HTTP_PASS ? way->body.bytes < PATH_HTTP2_READ_AHEAD
					   : h->ahead < PATH_HTTP2_AHEAD;
}

/* One view of it, or as much as may be read. */
static size_t read_view(struct path_http2 *h, struct weir_bytes view)
{
	struct path_http_side *side = side_of(h);
	size_t done = 0;

	while (done < view.len && may_read(h) && !side->body.done) {
		struct weir_bytes in = weir_bytes_of(view.ptr + done, view.len - done);
		size_t used = 0;
		bool more = take_piece(
			h, weir_bytes_of(in.ptr, path_http2_piece_of(&side->body, in)), &used);

		done += used;
		if (!more)
			break;
	}
	return done;
}

static bool read_body(struct path_http2 *h)
{
	struct path_http_side *side = side_of(h);
	struct weir_bytes views[VIEWS];
	unsigned int n = may_read(h) ? path_http_views(h->x, PATH_TO_CLIENT, views, VIEWS) : 0;
	uint64_t before = side->at;

	for (unsigned int i = 0; i < n; i++) {
		size_t done = read_view(h, views[i]);

		side->at += done;
		if (done < views[i].len)
			break;
	}
	path_http_discard(h->x, PATH_TO_CLIENT);
	if (h->wire && side->body.done)
		end_response(h);
	return side->at != before;
}

/* ---- the end of what the server sends ---- */

static void on_end(struct path_http2 *h)
{
	struct path_http_side *side = side_of(h);
	bool whole = side->state == PATH_HTTP_BODY && side->until_close &&
		     !path_stream_is_cut(h->x->k, 1);

	if (h->wire && whole) {
		side->after = PATH_HTTP_OVER;
		end_response(h);
	} else if (h->wire) {
		fail_wire(h, "CUT");
	} else {
		path_http2_leave_server(h, false);
	}
}

/* True: something has changed. */
static bool read_response(struct path_http2 *h)
{
	struct path_http *x = h->x;
	bool progress = side_of(h)->state == PATH_HTTP_BODY ? read_body(h) : read_head(h);

	if (!progress && h->speaks == PATH_HTTP2_HTTP1 && !x->dead &&
	    !path_http_left(x, PATH_TO_CLIENT) && path_http2_is_leg_over(h, 1))
		on_end(h);
	return progress;
}

void path_http2_serve_http1(struct path_http2 *h)
{
	bool more = true;

	while (more && h->speaks == PATH_HTTP2_HTTP1 && !h->x->dead) {
		if (!h->wire)
			begin_request(h);
		if (h->wire && !h->sent)
			send_request(h);
		more = h->speaks == PATH_HTTP2_HTTP1 && read_response(h);
		h->progress |= more;
	}
	path_http2_push(h, 1);
}
