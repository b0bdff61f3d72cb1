/* SPDX-License-Identifier: BSD-3-Clause */
/* The server in HTTP/2: each stream of the client's has one of its own there. */
#include "path_http2.h"

/* ---- requests ---- */

/* What HTTP/1.1 leaves out as its connection's: that the client takes trailers (RFC 9113 section
 * 8.2.2). gRPC's servers insist on it. */
static void add_te(struct path_http2_stream *s, struct weir_http_head *head)
{
	if (s->te)
		head->headers[head->n_headers++] =
			(struct weir_http_header){weir_bytes_str("te"), weir_bytes_str("trailers")};
}

/* False: the server takes no more now. */
static bool send_request(struct path_http2_stream *s)
{
	struct path_http2_way *way = &s->way[PATH_TO_SERVER];
	struct weir_http2_head head = {.end = !s->has_body};
	enum weir_http2_error why = WEIR_HTTP2_E_HEAD;

	if (path_http2_read_head(s, PATH_TO_SERVER, &head.http)) {
		add_te(s, &head.http);
		s->server = weir_http2_request(s->h->server, &head, s->has_body, &why);
	}
	if (!s->server && why == WEIR_HTTP2_E_NO_ROOM)
		return false;
	path_http2_leave_line(s);
	if (!s->server) {
		path_http2_on_bad_response(s, weir_http2_error_name(why));
		return true;
	}
	weir_http2_set_owner(s->server, s);
	weir_http2_queue_drop(s->h->client, &way->head, SIZE_MAX);
	s->e.forwarded = way->gone = true;
	way->over = !s->has_body;
	s->h->progress = true;
	return true;
}

void path_http2_send_streams(struct path_http2 *h)
{
	while (h->ready.first && !h->x->dead && weir_http2_has_room(h->server))
		if (!send_request(h->ready.first))
			return;
}

/* ---- what the session tells ---- */

static void on_head(void *user, struct weir_http2_stream *st, const struct weir_http2_head *head)
{
	struct path_http2_stream *s = weir_http2_owner(st);

	(void)user;
	if (s)
		path_http2_on_response(s, &head->http, head->end);
}

static void on_data(void *user, struct weir_http2_stream *st, struct weir_bytes data)
{
	struct path_http2_stream *s = weir_http2_owner(st);

	(void)user;
	if (s)
		(void)path_http2_on_content(s, data);
	else
		weir_http2_consume(st, data.len);
}

static void on_trailers(void *user, struct weir_http2_stream *st,
			const struct weir_http_header *fields, unsigned int n)
{
	struct path_http2_stream *s = weir_http2_owner(st);

	(void)user;
	if (s && s->way[PATH_TO_CLIENT].fate != PATH_HTTP_DISCARD &&
	    !path_http2_keep_trailers(s->h->client, &s->way[PATH_TO_CLIENT].trailers, fields, n))
		path_http2_on_bad_response(s, "MEMORY");
}

static void on_end(void *user, struct weir_http2_stream *st)
{
	struct path_http2_stream *s = weir_http2_owner(st);

	(void)user;
	if (s)
		path_http2_on_response_end(s);
}

/* It has reset the stream, or the session is over: what the client may make of it depends on
 * whether the server has seen the request, and on what the client has seen of the response. */
static void on_cut(struct path_http2_stream *s, enum weir_http2_error why, uint32_t code)
{
	if (!s->client || why == WEIR_HTTP2_E_OWNER)
		return;
	if (why == WEIR_HTTP2_E_PEER_GOAWAY && !s->e.begun) {
		path_http2_reset(s, WEIR_HTTP2_REFUSED_STREAM);
	} else if (why == WEIR_HTTP2_E_PEER_RESET) {
		s->e.bad = weir_http2_error_name(why);
		/* Clients take NO_ERROR for the end of what they have (RFC 9113 section 8.1). */
		path_http2_reset(s, code ? code : WEIR_HTTP2_INTERNAL_ERROR);
	} else {
		path_http2_on_bad_response(s, weir_http2_error_name(why));
	}
}

static void on_close(void *user, struct weir_http2_stream *st, enum weir_http2_error why,
		     uint32_t code)
{
	struct path_http2_stream *s = weir_http2_owner(st);

	(void)user;
	if (!s)
		return;
	s->server = NULL;
	s->h->progress = true;
	if (!s->way[PATH_TO_CLIENT].ended)
		on_cut(s, why, code);
	else if (!s->way[PATH_TO_SERVER].over && s->client)
		path_http2_forget_request(s);
	path_http2_release_stream(s);
}

void path_http2_on_bad_server(void *user, uint32_t stream, enum weir_http2_error why)
{
	path_http2_on_error(user, 1, why, stream);
}

static void on_goaway(void *user, uint32_t last, uint32_t code)
{
	(void)last;
	(void)code;
	path_http2_refuse_rest(user);
}

static void on_over(void *user, enum weir_http2_error why)
{
	struct path_http2 *h = user;

	if (why != WEIR_HTTP2_OK && why != WEIR_HTTP2_E_OVER && why != WEIR_HTTP2_E_OWNER)
		path_http2_on_error(h, 1, why, 0);
	path_http2_leave_server(h, false);
}

static size_t pull(void *user, struct weir_http2_stream *st, uint8_t *to, size_t max,
		   enum weir_http2_more *more)
{
	struct path_http2_stream *s = weir_http2_owner(st);

	(void)user;
	if (!s) {
		*more = WEIR_HTTP2_BROKEN;
		return 0;
	}
	return path_http2_pull(s, PATH_TO_SERVER, to, max, more);
}

size_t path_http2_write_server(void *user, struct weir_bytes out)
{
	return path_http2_write(user, 1, out);
}

const struct weir_http2_events path_http2_server_events = {
	.on_head = on_head,
	.on_data = on_data,
	.on_trailers = on_trailers,
	.on_end = on_end,
	.on_close = on_close,
	.on_bad = path_http2_on_bad_server,
	.on_goaway = on_goaway,
	.on_over = on_over,
	.pull = pull,
	.write = path_http2_write_server,
};
