/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Streams: exchanges whose messages come in pieces among those of others. What is kept of one,
 * what its sender may send meanwhile, and how it ends.
 */
#include "path_http2.h"

/* ---- lines that streams stand in ---- */

static struct path_http2_queue_of_streams *line_of(struct path_http2_stream *s)
{
	return s->line == PATH_HTTP2_TO_JUDGE ? &s->h->to_judge : &s->h->ready;
}

void path_http2_stand_in(struct path_http2_stream *s, enum path_http2_line line)
{
	struct path_http2_queue_of_streams *q;

	path_http2_leave_line(s);
	s->line = line;
	q = line_of(s);
	s->behind = NULL;
	*q->last = s;
	q->last = &s->behind;
	s->h->progress = true;
}

void path_http2_leave_line(struct path_http2_stream *s)
{
	struct path_http2_queue_of_streams *q;
	struct path_http2_stream **at;

	if (s->line == PATH_HTTP2_NO_LINE)
		return;
	q = line_of(s);
	at = &q->first;
	while (*at != s)
		at = &(*at)->behind;
	*at = s->behind;
	if (!s->behind)
		q->last = at;
	s->line = PATH_HTTP2_NO_LINE;
}

/* ---- beginning and end ---- */

struct path_http2_stream *path_http2_begin_stream(struct path_http2 *h,
						  struct weir_http2_stream *client,
						  const struct weir_http_head *head)
{
	struct path_http2_stream *s = weir_http2_take(h->client, sizeof(*s));

	if (!s)
		return NULL;
	memset((uint8_t *)s + sizeof(s->e), 0, sizeof(*s) - sizeof(s->e));
	path_exchange_init(h->x, &s->e, head);
	s->e.stream = weir_http2_stream_id(client);
	s->h = h;
	s->client = client;
	s->since_ns = h->x->w->now_ns;
	s->next = h->streams;
	s->pprev = &h->streams;
	if (s->next)
		s->next->pprev = &s->next;
	h->streams = s;
	if (h->n_streams++ == 0)
		h->busy_ns = h->x->w->now_ns;
	h->x->w->http2->streams++;
	weir_http2_set_owner(client, s);
	return s;
}

static void forget_way(struct path_http2_stream *s, unsigned int leg)
{
	struct path_http2_way *way = &s->way[leg];

	path_http2_discard(s, leg);
	weir_http2_queue_drop(s->h->client, &way->head, SIZE_MAX);
	weir_http2_queue_drop(s->h->client, &way->trailers, SIZE_MAX);
	weir_scan_close(&way->scan);
}

void path_http2_release_stream(struct path_http2_stream *s)
{
	struct path_http2 *h = s->h;

	if (s->client || s->server || h->wire == s)
		return;
	path_http2_leave_line(s);
	h->n_late -= s->late;
	path_http2_end_messages(s, PATH_TO_SERVER);
	path_http2_end_messages(s, PATH_TO_CLIENT);
	forget_way(s, PATH_TO_SERVER);
	forget_way(s, PATH_TO_CLIENT);
	path_exchange_fini(h->x, &s->e);
	*s->pprev = s->next;
	if (s->next)
		s->next->pprev = s->pprev;
	if (--h->n_streams == 0)
		h->busy_ns = h->x->w->now_ns;
	h->x->w->http2->streams--;
	weir_http2_give(h->client, s);
}

/* ---- content ---- */

static struct weir_http2_stream *sender_of(const struct path_http2_stream *s, unsigned int leg)
{
	return leg == PATH_TO_SERVER ? s->client : s->server;
}

/* The sender may send `n` bytes more than it could. */
static void consume(struct path_http2_stream *s, unsigned int leg, size_t n)
{
	struct weir_http2_stream *from = sender_of(s, leg);

	s->way[leg].unread -= n;
	if (from && n)
		weir_http2_consume(from, n);
}

void path_http2_drop(struct path_http2_stream *s, unsigned int leg, size_t n)
{
	struct path_http2_way *way = &s->way[leg];
	size_t ahead = RTE_MIN(n, way->ahead);

	weir_http2_queue_drop(s->h->client, &way->body, n);
	way->ahead -= ahead;
	s->h->ahead -= ahead;
	consume(s, leg, n - ahead);
	path_http2_note_moved(s->h, n);
	s->h->progress = true;
}

void path_http2_skip(struct path_http2_stream *s, unsigned int leg, size_t n)
{
	s->way[leg].unread += n;
	consume(s, leg, n);
}

void path_http2_discard(struct path_http2_stream *s, unsigned int leg)
{
	struct path_http2_way *way = &s->way[leg];

	way->fate = PATH_HTTP_DISCARD;
	way->held = 0;
	path_http2_drop(s, leg, way->body.bytes);
	consume(s, leg, way->unread);
	weir_http2_queue_drop(s->h->client, &way->early, SIZE_MAX);
}

static uint32_t window_of(unsigned int leg)
{
	return leg == PATH_TO_SERVER ? PATH_HTTP2_WINDOW : PATH_HTTP2_SERVER_WINDOW;
}

/* What is held to be judged whole is more than a window, perhaps. */
static enum path_http2_taken read_ahead(struct path_http2_stream *s, unsigned int leg)
{
	struct path_http2_way *way = &s->way[leg];
	size_t n = way->unread;

	if (s->h->ahead + n > PATH_HTTP2_AHEAD)
		return n < window_of(leg) / 2 ? PATH_HTTP2_TAKEN : PATH_HTTP2_FULL;
	consume(s, leg, n);
	way->ahead += n;
	s->h->ahead += n;
	return PATH_HTTP2_TAKEN;
}

enum path_http2_taken path_http2_keep(struct path_http2_stream *s, unsigned int leg,
				      struct weir_bytes content)
{
	struct path_http2_way *way = &s->way[leg];

	if (way->fate == PATH_HTTP_DISCARD) {
		path_http2_skip(s, leg, content.len);
		return PATH_HTTP2_TAKEN;
	}
	if (!weir_http2_queue_add(s->h->client, &way->body, content)) {
		path_http2_skip(s, leg, content.len);
		return PATH_HTTP2_LOST;
	}
	way->unread += content.len;
	return way->fate == PATH_HTTP_HOLD || way->held ? read_ahead(s, leg) : PATH_HTTP2_TAKEN;
}

size_t path_http2_pull(struct path_http2_stream *s, unsigned int leg, uint8_t *to, size_t max,
		       enum weir_http2_more *more)
{
	struct path_http2_way *way = &s->way[leg];
	size_t n = 0;

	if (way->fate == PATH_HTTP_PASS) {
		n = weir_http2_queue_read(&way->body, to,
					  RTE_MIN(max, way->body.bytes - way->held));
		path_http2_drop(s, leg, n);
	}
	if (way->fate != PATH_HTTP_PASS || way->body.bytes || !path_http2_is_whole(way))
		return n;
	way->over = true;
	*more = path_http2_end_message(s->h->x->w->http2, &way->trailers,
				       leg == PATH_TO_SERVER ? s->server : s->client);
	return n;
}

/* ---- ends ---- */

void path_http2_cancel_server(struct path_http2_stream *s, uint32_t code)
{
	s->forsaken = true;
	if (s->server)
		weir_http2_reset(s->server, code);
	else if (s->h->wire == s)
		path_http2_forsake_wire(s->h);
}

void path_http2_reset(struct path_http2_stream *s, uint32_t code)
{
	path_http2_leave_line(s);
	path_http2_discard(s, PATH_TO_SERVER);
	path_http2_discard(s, PATH_TO_CLIENT);
	if (s->client)
		weir_http2_reset(s->client, code);
	path_http2_cancel_server(s, WEIR_HTTP2_CANCEL);
	s->h->progress = true;
}

/* What is left of a request need not be sent any more once its answer has gone (RFC 9113 section
 * 8.1). */
static void be_late(struct path_http2_stream *s)
{
	if (s->way[PATH_TO_SERVER].ended || s->late)
		return;
	s->late = true;
	s->h->n_late++;
}

void path_http2_forget_request(struct path_http2_stream *s)
{
	path_http2_discard(s, PATH_TO_SERVER);
	be_late(s);
}

static void fill_answer(const struct path_http_page *page, const struct path_exchange *e,
			struct weir_http_header fields[4], struct weir_http_head *out)
{
	uint16_t n = 0;

	fields[n++] = (struct weir_http_header){weir_bytes_str("content-type"),
						weir_bytes_str(page->type)};
	fields[n++] = (struct weir_http_header){weir_bytes_str("content-length"),
						weir_bytes_str(page->length)};
	fields[n++] = (struct weir_http_header){weir_bytes_str("cache-control"),
						weir_bytes_str("no-store")};
	if (page->location[0])
		fields[n++] = (struct weir_http_header){weir_bytes_str("location"),
							weir_bytes_str(page->location)};
	*out = (struct weir_http_head){
		.status = e->status,
		.headers = fields,
		.n_headers = n,
		.framing = e->is_head ? WEIR_HTTP_NO_BODY : WEIR_HTTP_LENGTH,
		.length = page->len,
	};
}

static bool say_page(struct path_http2_stream *s)
{
	struct path_http2_way *way = &s->way[PATH_TO_CLIENT];
	struct weir_http_header fields[4];
	struct weir_http_head head;
	struct path_http_page page;

	path_http_make_page(&page, &s->e);
	fill_answer(&page, &s->e, fields, &head);
	way->over = s->e.is_head;
	return weir_http2_response(s->client, &head, !s->e.is_head) == WEIR_HTTP2_OK &&
	       (s->e.is_head ||
		weir_http2_queue_add(s->h->client, &way->body, weir_bytes_of(page.text, page.len)));
}

/* Messages of a call that were let go stay: its status comes behind them. */
static void drop_response(struct path_http2_stream *s)
{
	struct path_http2_way *way = &s->way[PATH_TO_CLIENT];

	if (!s->e.call || !s->e.begun || way->fate != PATH_HTTP_PASS) {
		path_http2_discard(s, PATH_TO_CLIENT);
		return;
	}
	weir_http2_queue_cut(s->h->client, &way->body, way->held);
	weir_http2_queue_drop(s->h->client, &way->early, SIZE_MAX);
	way->held = 0;
	s->h->ahead -= way->ahead;
	consume(s, PATH_TO_CLIENT, way->unread);
}

void path_http2_answer(struct path_http2_stream *s)
{
	struct path_http2_way *way = &s->way[PATH_TO_CLIENT];
	bool begun = s->e.begun;

	path_http2_leave_line(s);
	path_http2_stop_messages(s);
	path_http2_discard(s, PATH_TO_SERVER);
	drop_response(s);
	weir_http2_queue_drop(s->h->client, &way->trailers, SIZE_MAX);
	if (!s->client || !(s->e.call ? path_http2_say_status(s) : say_page(s))) {
		path_http2_reset(s, WEIR_HTTP2_INTERNAL_ERROR);
		return;
	}
	s->e.answered = !begun;
	way->ahead = way->body.bytes; /* they were nobody's */
	s->h->ahead += way->ahead;
	way->fate = PATH_HTTP_PASS;
	way->gone = way->ended = true;
	be_late(s);
	weir_http2_resume(s->client);
	path_http2_cancel_server(s, WEIR_HTTP2_CANCEL);
	s->h->progress = true;
}
