/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A connection whose client speaks HTTP/2. What came is given to the session of its side, which
 * tells of streams; what they have to say goes out as far as TCP has room. The two sides end by
 * themselves: when the server goes, the client is told to begin no more streams, those under way
 * have their ends, and what the server has not seen may be sent again elsewhere.
 */
#include "path_http2.h"
#include "path_stream.h"

#define VIEWS 16
/* What stalls is looked for so often. */
#define TICK_NS WEIR_NS_PER_S

/* ---- ends ---- */

bool path_http2_is_leg_over(const struct path_http2 *h, unsigned int leg)
{
	const struct path_carried *k = h->x->k;

	return path_http_is_ended(h->x, leg) ||
	       (weir_tcp_is_gone(k->conn, leg) && !path_http_left(h->x, leg));
}

/* Twice, for the first time is but a warning. */
void path_http2_drain(struct path_http2 *h)
{
	if (h->draining)
		return;
	h->draining = h->progress = true;
	weir_http2_drain(h->client);
	weir_http2_drain(h->client);
}

void path_http2_refuse_rest(struct path_http2 *h)
{
	path_http2_drain(h);
	h->refusing = true;
	for (struct path_http2_stream *s = h->streams; s; s = s->next) {
		if (!s->client || s->e.forwarded || s->e.answered || s->forsaken)
			continue;
		s->e.bad = "REFUSED";
		path_http2_reset(s, WEIR_HTTP2_REFUSED_STREAM);
	}
}

void path_http2_leave_server(struct path_http2 *h, bool reset)
{
	struct path_http *x = h->x;

	if (h->speaks == PATH_HTTP2_LEFT || x->dead)
		return;
	h->speaks = PATH_HTTP2_LEFT;
	if (reset)
		path_stream_leave(x->w, x->k, 1);
	else
		path_stream_finish(x->w, x->k, 1);
	path_http2_refuse_rest(h);
}

/* The server's session is not asked any more, whatever state it is in. */
static bool detach(struct path_http2_stream *s)
{
	bool was = s->server || s->h->wire == s;

	if (s->server)
		weir_http2_set_owner(s->server, NULL);
	if (s->h->wire == s)
		s->h->wire = NULL;
	s->server = NULL;
	s->way[PATH_TO_CLIENT].unread = 0;
	return was;
}

/* The server cannot be spoken with any more. */
static void lose_server(struct path_http2 *h, const char *name, enum path_http2_server then)
{
	struct path_http2_stream *next;

	for (struct path_http2_stream *s = h->streams; s; s = next) {
		next = s->next;
		if (!detach(s))
			continue;
		if (!s->way[PATH_TO_CLIENT].ended && !s->forsaken)
			path_http2_on_bad_response(s, name);
		path_http2_release_stream(s);
	}
	if (then == PATH_HTTP2_LEFT)
		path_http2_leave_server(h, true);
	else
		h->speaks = then;
	h->progress = true;
}

/* ---- what is told of errors ---- */

static bool is_known(const struct path_http2 *h, uint32_t stream)
{
	const struct path_http2_stream *s = h->streams;

	while (s && s->e.stream != stream)
		s = s->next;
	return s;
}

/* A record for what never became a request. */
static void tell(struct path_http2 *h, enum weir_http2_error why, uint32_t stream)
{
	const struct weir_bytes texts[PATH_HTTP_TEXTS] = {
		[PATH_HTTP_PROTOCOL] = weir_bytes_str("HTTP/2.0"),
	};
	struct path_exchange e;

	path_exchange_init(h->x, &e, NULL);
	e.bad = weir_http2_error_name(why);
	e.stream = stream;
	path_http_note_texts(h->x->w, &e.texts, texts);
	path_exchange_fini(h->x, &e);
}

void path_http2_on_error(struct path_http2 *h, unsigned int leg, enum weir_http2_error why,
			 uint32_t stream)
{
	struct weir_stats *stats = &h->x->w->stats;

	h->x->w->http2->bad[leg][why]++;
	if (leg == 1)
		return; /* its stream tells, or weir's own answer */
	weir_count(stats, WEIR_COUNT_HTTP_BAD_REQUEST, 1);
	if (!stream || !is_known(h, stream))
		tell(h, why, stream);
}

/* ---- the server's side ---- */

struct weir_http2_session *path_http2_open_session(struct path_http2 *h, struct weir_http2 *of,
						   const struct weir_http2_events *events)
{
	uint64_t stall_ns = h->x->service.body_timeout_ns;
	const struct weir_http2_config config = {
		.events = events,
		.user = h,
		.http = &h->x->service.limits,
		.server = of == h->x->w->http2->of_clients,
		.secure = h->x->k->tls != NULL,
		.now_ns = h->x->w->now_ns,
		.stall_ns = stall_ns ? stall_ns : UINT64_MAX,
	};

	return weir_http2_session_create(of, &config);
}

/* As soon as it is known. */
static void choose_server(struct path_http2 *h)
{
	const struct path_carried *k = h->x->k;
	struct weir_tcp_leg_info info;

	weir_tcp_leg_info(k->conn, 1, &info);
	if (info.state == WEIR_TCP_HANDSHAKE || (k->tls && !path_tls_is_up(k->tls, 1)))
		return;
	h->progress = true;
	if (!path_http_server_speaks_http2(h->x, h->by_prior_knowledge)) {
		h->speaks = PATH_HTTP2_HTTP1;
		return;
	}
	h->server =
		path_http2_open_session(h, h->x->w->http2->of_servers, &path_http2_server_events);
	h->speaks = h->server ? PATH_HTTP2_HTTP2 : PATH_HTTP2_FAILED;
}

/* Gives a session what its peer has sent. */
static void feed(struct path_http2 *h, unsigned int leg, struct weir_http2_session *to)
{
	struct path_http *x = h->x;
	struct weir_bytes views[VIEWS];
	unsigned int n = path_http_views(x, leg, views, VIEWS);

	for (unsigned int i = 0; i < n && !x->dead; i++) {
		x->side[leg].at += views[i].len;
		(void)weir_http2_feed(to, views[i], x->w->now_ns);
		path_http2_push(h, leg);
	}
	path_http_discard(x, leg);
	h->progress |= n > 0;
}

static void serve_http2(struct path_http2 *h)
{
	feed(h, 1, h->server);
	if (h->x->dead || h->speaks != PATH_HTTP2_HTTP2)
		return;
	path_http2_send_streams(h);
	if (path_http2_is_leg_over(h, 1) && !path_http_left(h->x, 1))
		lose_server(h, "CUT", PATH_HTTP2_LEFT);
}

static void fail_ready(struct path_http2 *h, const char *name)
{
	while (h->ready.first && !h->x->dead) {
		struct path_http2_stream *s = h->ready.first;

		path_http2_leave_line(s);
		path_http2_on_bad_response(s, name ? name : "MEMORY");
	}
}

static void throw_away(struct path_http2 *h, unsigned int leg)
{
	h->x->side[leg].at = h->x->side[leg].clean;
	path_http_discard(h->x, leg);
}

static void serve(struct path_http2 *h)
{
	const char *failure = path_stream_failure(h->x->k);

	if (weir_unlikely(failure && h->speaks != PATH_HTTP2_FAILED &&
			  h->speaks != PATH_HTTP2_LEFT))
		lose_server(h, failure, PATH_HTTP2_FAILED);
	if (h->speaks == PATH_HTTP2_UNKNOWN)
		choose_server(h);
	switch (h->speaks) {
	case PATH_HTTP2_UNKNOWN:
		break;
	case PATH_HTTP2_HTTP1:
		path_http2_serve_http1(h);
		break;
	case PATH_HTTP2_HTTP2:
		serve_http2(h);
		break;
	case PATH_HTTP2_FAILED:
		fail_ready(h, failure);
		throw_away(h, 1);
		break;
	case PATH_HTTP2_LEFT:
		throw_away(h, 1);
		break;
	}
}

/* ---- the client's side ---- */

/* Who has said his last word sends no more of what he has begun. */
static void on_client_end(struct path_http2 *h)
{
	h->client_ended = true;
	path_http2_drain(h);
	for (struct path_http2_stream *s = h->streams; s; s = s->next)
		if (s->client && !s->way[PATH_TO_SERVER].ended)
			path_http2_reset(s, WEIR_HTTP2_CANCEL);
}

/* It has reset the connection, or is silent for good. */
static void on_client_gone(struct path_http2 *h)
{
	struct path_http *x = h->x;

	x->dead = true;
	weir_tcp_abort(x->w->tcp, x->k->conn, 2, x->w->now_ns);
}

static void hear_client(struct path_http2 *h)
{
	if (weir_tcp_is_gone(h->x->k->conn, 0)) {
		on_client_gone(h);
		return;
	}
	feed(h, 0, h->client);
	if (!h->x->dead && !h->client_ended && path_http2_is_leg_over(h, 0) &&
	    !path_http_left(h->x, 0))
		on_client_end(h);
}

/* Streams whose answer is complete, and gone, though the client has more to say. */
static void reset_late(struct path_http2 *h)
{
	for (struct path_http2_stream *s = h->streams; s && h->n_late; s = s->next) {
		if (!s->late || !s->client || !s->way[PATH_TO_CLIENT].over)
			continue;
		s->late = false;
		h->n_late--;
		h->progress = true;
		weir_http2_reset(s->client, WEIR_HTTP2_NO_ERROR);
	}
}

static void flush(struct path_http2 *h)
{
	uint64_t now = h->x->w->now_ns;

	if (h->server && !h->x->dead) {
		(void)weir_http2_flush(h->server, now);
		path_http2_push(h, 1);
	}
	if (h->x->dead)
		return;
	if (weir_http2_flush(h->client, now))
		reset_late(h);
	path_http2_push(h, 0);
}

/* ---- going on ---- */

static void finish(struct path_http2 *h)
{
	if (h->x->dead)
		return;
	if (h->over || (h->client_ended && !h->n_streams))
		if (path_http2_is_written(h, 0))
			path_http_close(h->x);
}

/* A reset takes away what was not read. */
static void note_loss(struct path_http2 *h, unsigned int leg)
{
	uint64_t offset = path_stream_offset(h->x->k, leg);
	struct path_http_side *s = &h->x->side[leg];

	if (weir_unlikely(offset > s->at))
		s->at = s->free = s->clean = offset;
}

bool path_http2_run(struct path_http2 *h)
{
	struct path_http *x = h->x;

	note_loss(h, 0);
	note_loss(h, 1);
	do {
		h->progress = false;
		hear_client(h);
		if (!x->dead)
			path_http2_judge_some(h);
		if (!x->dead)
			serve(h);
		flush(h);
	} while (h->progress && !x->dead);
	finish(h);
	path_http2_make_way(x->w);
	return (h->speaks != PATH_HTTP2_UNKNOWN || !h->ready.first) &&
	       path_http2_is_written(h, 0) && path_http2_is_written(h, 1);
}

/* ---- time ---- */

/* Of a head that has begun; 0: none has, or it may take as long as it likes. */
static uint64_t head_deadline(const struct path_http2 *h)
{
	uint64_t since = weir_http2_head_since(h->client);
	uint64_t timeout = h->x->service.header_timeout_ns;

	return since && timeout ? since + timeout : 0;
}

uint64_t path_http2_deadline(const struct path_http2 *h)
{
	uint64_t idle = h->x->service.idle_timeout_ns, head = head_deadline(h);

	if (h->n_streams)
		return h->ticked_ns + TICK_NS;
	if (head)
		return head;
	return idle ? h->x->idle_ns + idle : 0;
}

/* What waits for a server, or to be judged, is none of the client's fault. */
static bool is_slow(const struct path_http2_stream *s)
{
	const struct path_http2_way *way = &s->way[PATH_TO_SERVER];
	const struct path_http *x = s->h->x;

	/* A call may be silent between its messages for as long as it likes. */
	if (s->e.call && !way->held)
		return false;
	return s->client && !way->ended && way->fate != PATH_HTTP_DISCARD && !s->late &&
	       s->line == PATH_HTTP2_NO_LINE &&
	       (way->fate == PATH_HTTP_HOLD || way->body.bytes == way->held) &&
	       x->service.body_timeout_ns &&
	       s->since_ns + x->service.body_timeout_ns <= x->w->now_ns;
}

void path_http2_on_deadline(struct path_http2 *h)
{
	uint64_t now = h->x->w->now_ns, head = head_deadline(h);

	if (head && head <= now) {
		weir_count(&h->x->w->stats, WEIR_COUNT_HTTP_TIMEOUTS, 1);
		weir_http2_end(h->client, WEIR_HTTP2_E_HEAD_TIMEOUT);
		return;
	}
	if (!h->n_streams) {
		weir_count(&h->x->w->stats, WEIR_COUNT_HTTP_TIMEOUTS, 1);
		if (h->draining)
			path_http_close(h->x);
		h->x->idle_ns = now;
		path_http2_drain(h);
		return;
	}
	h->ticked_ns = now;
	for (struct path_http2_stream *s = h->streams; s && !h->x->dead; s = s->next)
		if (is_slow(s))
			path_http2_on_slow_body(s);
	if (h->x->dead)
		return;
	if (h->server) {
		weir_http2_tick(h->server, now);
		path_http2_push(h, 1);
	}
	weir_http2_tick(h->client, now);
	path_http2_push(h, 0);
}

/* ---- beginning and end ---- */

void path_http2_keep_ends(struct path_carried *k)
{
	if (k->tls)
		path_tls_keep_ends(k->tls);
	else
		weir_tcp_keep_ends(k->conn);
	weir_tcp_uncouple(k->conn);
}

bool path_http2_begin(struct path_http *x, bool by_prior_knowledge)
{
	struct path_http2 *h = path_http2_take_connection(x->w->http2);

	if (!h)
		return false;
	*h = (struct path_http2){
		.x = x,
		.by_prior_knowledge = by_prior_knowledge,
		.ticked_ns = x->w->now_ns,
	};
	h->to_judge.last = &h->to_judge.first;
	h->ready.last = &h->ready.first;
	h->client = path_http2_open_session(h, x->w->http2->of_clients, &path_http2_client_events);
	if (!h->client) {
		path_http2_give_connection(x->w->http2, h);
		return false;
	}
	path_http2_keep_ends(x->k);
	x->h2 = h;
	path_http2_list(h);
	weir_count(&x->w->stats, WEIR_COUNT_HTTP2_CONNECTIONS, 1);
	return true;
}

/* Streams that only the server knows would outlive the memory of what they hold. */
static void detach_streams(struct path_http2 *h)
{
	struct path_http2_stream *next;

	for (struct path_http2_stream *s = h->streams; s; s = next) {
		next = s->next;
		(void)detach(s);
		path_http2_release_stream(s);
	}
}

void path_http2_end(struct path_http2 *h)
{
	struct path_http2_worker *w = h->x->w->http2;

	h->speaks = PATH_HTTP2_LEFT; /* nothing is done to it any more */
	h->refusing = true;
	if (w->writer == h)
		w->n_out = 0;
	detach_streams(h);
	weir_http2_session_destroy(h->server);
	h->server = NULL;
	for (unsigned int leg = 0; leg < 2; leg++)
		weir_http2_queue_drop(h->client, &h->unsent[leg], SIZE_MAX);
	weir_http2_session_destroy(h->client);
	weir_assert(!h->n_streams && !h->ahead);
	path_http2_unlist(h);
	h->x->h2 = NULL;
	path_http2_give_connection(w, h);
}
