/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the client sends: requests beside each other, each held until it was judged. Judging is not
 * done where frames are read, for a few segments may hold a hundred heads: streams stand in a line
 * for it, and what a turn has no time for is done in a later one.
 */
#include "path_http2.h"

/* ---- refusing ---- */

static void refuse(struct path_http2_stream *s)
{
	s->e.refused = !s->e.begun;
	s->e.expects = false;
	if (s->e.verdict == WEIR_WAF_DROP)
		path_http_abort(s->h->x);
	else
		path_http2_answer(s);
}

void path_http2_refuse(struct path_http2_stream *s, uint16_t status, const char *bad)
{
	if (bad) {
		weir_count(&s->h->x->w->stats, WEIR_COUNT_HTTP_BAD_REQUEST, 1);
		s->e.bad = bad;
	}
	s->e.status = status;
	refuse(s);
}

void path_http2_on_slow_body(struct path_http2_stream *s)
{
	weir_count(&s->h->x->w->stats, WEIR_COUNT_HTTP_TIMEOUTS, 1);
	if (!s->e.begun && !s->e.answered) {
		path_http2_refuse(s, 408, "BODY_TIMEOUT");
		return;
	}
	weir_count(&s->h->x->w->stats, WEIR_COUNT_HTTP_BAD_REQUEST, 1);
	s->e.bad = "BODY_TIMEOUT";
	path_http2_reset(s, WEIR_HTTP2_CANCEL);
}

/* ---- going on ---- */

void path_http2_forward(struct path_http2_stream *s)
{
	s->way[PATH_TO_SERVER].fate = PATH_HTTP_PASS;
	s->h->progress = true;
	if (s->server)
		weir_http2_resume(s->server);
	else if (!s->e.forwarded && s->line != PATH_HTTP2_TO_JUDGE)
		path_http2_stand_in(s, PATH_HTTP2_READY);
}

/* The rest is done when it is its turn. */
static void judge_later(struct path_http2_stream *s, enum path_http_step step)
{
	s->step = step;
	path_http2_stand_in(s, PATH_HTTP2_TO_JUDGE);
}

void path_http2_judge_message_later(struct path_http2_stream *s)
{
	if (s->line != PATH_HTTP2_TO_JUDGE)
		judge_later(s, PATH_JUDGE_REQUEST_BODY);
}

void path_http2_judge_evicted(struct path_exchange *e)
{
	struct path_http2_stream *s = path_http2_stream_of(e);

	if (e->message) {
		path_http2_evict_message(s);
		path_http2_judge_message_later(s);
	} else {
		judge_later(s, PATH_JUDGE_REQUEST_END);
	}
}

static void judge(struct path_http2_stream *s, const struct path_http_question *q)
{
	bool judged = false;

	switch (path_http_judge(s->h->x, &s->e, q, &judged)) {
	case PATH_HTTP_ACCEPTED:
		if (judged || s->e.unjudged || q->step == PATH_JUDGE_REQUEST_END)
			path_http2_forward(s);
		break;
	case PATH_HTTP_REFUSED:
		refuse(s);
		break;
	case PATH_HTTP_UNDECIDED:
		judge_later(s, PATH_JUDGE_REQUEST_END);
		break;
	}
}

static void judge_end(struct path_http2_stream *s)
{
	judge(s, &(struct path_http_question){.step = PATH_JUDGE_REQUEST_END});
}

/* ---- content ---- */

/* Held bytes are all that there is room for. */
void path_http2_on_full(struct path_http2_stream *s)
{
	if (!s->messages[PATH_TO_SERVER] && path_http_is_cut(s->h->x, &s->e)) {
		judge_end(s);
		return;
	}
	if (path_http_fails_open(s->h->x, &s->e, WEIR_WAF_LIMIT)) {
		path_http2_leave_line(s);
		if (s->messages[PATH_TO_SERVER])
			path_http2_pass_messages(s, PATH_TO_SERVER);
		else
			path_http2_forward(s);
		return;
	}
	s->e.status = 413;
	refuse(s);
}

void path_http2_on_lost(struct path_http2_stream *s)
{
	weir_count(&s->h->x->w->stats, WEIR_COUNT_HTTP_MEMORY, 1);
	if (!s->e.begun && !s->e.answered) {
		path_http2_refuse(s, 503, NULL);
		return;
	}
	s->e.bad = "MEMORY";
	path_http2_reset(s, WEIR_HTTP2_INTERNAL_ERROR);
}

/* Whether it is being read to be judged, and not judged to its end already. */
static bool is_collected(const struct path_http2_stream *s)
{
	return s->way[PATH_TO_SERVER].fate == PATH_HTTP_HOLD && s->judged &&
	       s->line == PATH_HTTP2_NO_LINE;
}

bool path_http2_pass_on(struct path_http2_stream *s, struct weir_bytes content)
{
	enum path_http2_taken taken;

	if (s->way[PATH_TO_SERVER].fate != PATH_HTTP_DISCARD &&
	    !path_http2_scan(s, PATH_TO_SERVER, content))
		return false;
	taken = path_http2_keep(s, PATH_TO_SERVER, content);
	if (taken == PATH_HTTP2_LOST) {
		path_http2_on_lost(s);
		return false;
	}
	if (is_collected(s))
		judge(s, &(struct path_http_question){.step = PATH_JUDGE_REQUEST_BODY,
						      .content = content});
	if (taken == PATH_HTTP2_FULL && is_collected(s))
		path_http2_on_full(s);
	else if (s->way[PATH_TO_SERVER].fate == PATH_HTTP_PASS && s->server)
		weir_http2_resume(s->server);
	return s->way[PATH_TO_SERVER].fate != PATH_HTTP_DISCARD;
}

/* How many bytes were taken; of a call the rest may have to wait. */
static size_t take_content(struct path_http2_stream *s, unsigned int leg, struct weir_bytes content)
{
	if (path_http2_takes_messages(s, leg))
		return path_http2_take_messages(s, leg, content);
	(void)path_http2_pass_on(s, content);
	return content.len;
}

bool path_http2_is_early(const struct path_http2_stream *s, unsigned int leg)
{
	const struct path_http2_way *way = &s->way[leg];

	if (way->fate == PATH_HTTP_DISCARD)
		return false;
	return (leg == PATH_TO_SERVER && !s->judged) || path_http2_is_judging_message(s, leg) ||
	       (s->messages[leg] && (way->early.bytes || way->fate != PATH_HTTP_PASS));
}

/* What came meanwhile. */
static void take_early(struct path_http2_stream *s, unsigned int leg)
{
	struct path_http2_way *way = &s->way[leg];

	while (way->early.bytes && !path_http2_is_judging_message(s, leg) && !s->h->x->dead) {
		uint8_t copy[4096];
		size_t n = weir_http2_queue_read(&way->early, copy, sizeof(copy)), taken;

		way->unread -= n; /* it is counted anew */
		taken = take_content(s, leg, weir_bytes_of(copy, n));
		if (leg == PATH_TO_CLIENT && !path_http2_takes_messages(s, leg)) {
			path_http2_skip(s, leg, n - taken); /* it has been answered */
			return;
		}
		way->unread += n - taken;
		if (way->fate == PATH_HTTP_DISCARD)
			path_http2_discard(s, leg);
		else
			weir_http2_queue_drop(s->h->client, &way->early, taken);
	}
}

bool path_http2_keep_early(struct path_http2_stream *s, unsigned int leg, struct weir_bytes content)
{
	struct path_http2_way *way = &s->way[leg];

	if (way->fate == PATH_HTTP_DISCARD) {
		path_http2_skip(s, leg, content.len);
		return true;
	}
	way->unread += content.len;
	return weir_http2_queue_add(s->h->client, &way->early, content);
}

void path_http2_take_call(struct path_http2_stream *s, unsigned int leg)
{
	struct weir_http2_stream *to = leg == PATH_TO_SERVER ? s->server : s->client;
	struct path_http2_way *way = &s->way[leg];

	if (!path_http2_takes_messages(s, leg))
		return;
	(void)path_http2_take_messages(s, leg, (struct weir_bytes){0}); /* that wait there */
	take_early(s, leg);
	if (way->fate != PATH_HTTP_PASS)
		return;
	if (way->ended && !way->early.bytes)
		path_http2_finish_messages(s, leg);
	if (path_http2_is_judging_message(s, leg))
		path_http2_judge_message_later(s);
	else if (path_http2_is_whole(way) && to)
		weir_http2_resume(to);
}

/* ---- heads ---- */

/* The client waits for weir to say so, and the server's own is not passed on. */
static void say_continue(struct path_http2_stream *s)
{
	const struct weir_http_head head = {.status = 100};

	if (!s->e.expects || s->way[PATH_TO_SERVER].early.bytes || !s->client)
		return;
	s->e.expects = false;
	s->e.swallow_100 = weir_http2_response(s->client, &head, false) == WEIR_HTTP2_OK;
}

static void hold_body(struct path_http2_stream *s)
{
	if (s->e.call) {
		if (path_http2_begin_requests(s))
			judge_end(s);
		else
			path_http2_on_lost(s);
		return;
	}
	say_continue(s);
	take_early(s, PATH_TO_SERVER);
	if (s->way[PATH_TO_SERVER].ended && is_collected(s))
		judge_end(s);
}

static bool begin_judging(struct path_http2_stream *s)
{
	struct path_http *x = s->h->x;

	if (!s->e.program)
		return true;
	path_http_begin_judging(x, &s->e);
	if (s->e.tx || path_http_fails_open(x, &s->e, WEIR_WAF_MEMORY))
		return true;
	s->e.status = 503;
	return false;
}

static void judge_head(struct path_http2_stream *s)
{
	struct path_http2_way *way = &s->way[PATH_TO_SERVER];
	struct weir_http_head head;
	struct path_http_question q = {.step = PATH_JUDGE_REQUEST_HEAD, .head = &head};

	s->judged = true;
	if (!path_http2_read_head(s, PATH_TO_SERVER, &head)) {
		path_http2_refuse(s, 400, "HEAD");
	} else if (!begin_judging(s) ||
		   path_http_judge(s->h->x, &s->e, &q, NULL) == PATH_HTTP_REFUSED) {
		refuse(s);
	} else if (s->has_body && path_http_body_fate(&s->e, PATH_TO_SERVER) == PATH_HTTP_HOLD) {
		hold_body(s);
	} else {
		judge_end(s);
		if (way->fate != PATH_HTTP_DISCARD)
			take_early(s, PATH_TO_SERVER);
	}
}

/* ---- turns ---- */

static void judge_one(struct path_http2_stream *s)
{
	path_http2_leave_line(s);
	switch (s->step) {
	case PATH_JUDGE_REQUEST_HEAD:
		judge_head(s);
		break;
	case PATH_JUDGE_REQUEST_END:
		judge_end(s);
		break;
	case PATH_JUDGE_REQUEST_BODY:
		path_http2_judge_messages(s);
		break;
	default:
		path_http2_judge_response_end(s);
		break;
	}
	path_http2_take_call(s, PATH_TO_SERVER);
	path_http2_take_call(s, PATH_TO_CLIENT);
}

/* Who is undecided has had its time, and stands at the end of the line again: so a look at each of
 * those that stand there now is enough. */
void path_http2_judge_some(struct path_http2 *h)
{
	struct path_http *x = h->x;
	uint64_t turn_ns = x->program ? x->program->turn_ns : WEIR_NS_PER_MS;
	bool has_turn = path_http_take_turn(x, PATH_TO_SERVER);

	if (x->side[PATH_TO_SERVER].judging && !has_turn)
		return;
	for (uint32_t n = h->n_streams; n && h->to_judge.first && !x->dead; n--) {
		if (x->w->http->judged_ns >= turn_ns)
			break;
		judge_one(h->to_judge.first);
	}
	if (h->to_judge.first && !x->dead)
		path_http_wait_for_turn(x, PATH_TO_SERVER);
}

/* ---- what the session tells ---- */

static void on_request(void *user, struct weir_http2_stream *st, const struct weir_http2_head *h)
{
	struct path_http2 *c = user;
	struct path_http2_stream *s;

	(void)path_http_renew(c->x);
	s = c->refusing || c->x->dead ? NULL : path_http2_begin_stream(c, st, &h->http);
	if (!s) {
		weir_http2_reset(st, WEIR_HTTP2_REFUSED_STREAM);
		return;
	}
	s->has_body = !h->end;
	s->chunked = h->http.framing == WEIR_HTTP_CHUNKED;
	s->te = weir_http_header_find(&h->http, "te") != NULL;
	if (h->http.is_connect)
		path_http2_refuse(s, 501, "CONNECT");
	else if (!path_http2_keep_head(s, PATH_TO_SERVER, &h->http))
		path_http2_refuse(s, 431, "HEADER_LIMIT");
	else if (path_http2_scan_head(s, PATH_TO_SERVER, &h->http))
		judge_later(s, PATH_JUDGE_REQUEST_HEAD);
}

static void on_data(void *user, struct weir_http2_stream *st, struct weir_bytes data)
{
	struct path_http2_stream *s = weir_http2_owner(st);
	struct path_http2 *h = user;

	if (!s) {
		weir_http2_consume(st, data.len);
		return;
	}
	s->e.request_bytes += data.len;
	s->since_ns = h->x->w->now_ns;
	if (!path_http2_is_early(s, PATH_TO_SERVER)) {
		size_t n = take_content(s, PATH_TO_SERVER, data);

		data = weir_bytes_of(data.ptr + n, data.len - n);
	}
	if (data.len && !path_http2_keep_early(s, PATH_TO_SERVER, data))
		path_http2_on_lost(s);
}

static void on_trailers(void *user, struct weir_http2_stream *st,
			const struct weir_http_header *fields, unsigned int n)
{
	struct path_http2_stream *s = weir_http2_owner(st);

	(void)user;
	if (!s || s->way[PATH_TO_SERVER].fate == PATH_HTTP_DISCARD)
		return;
	if (path_http2_keep_trailers(s->h->client, &s->way[PATH_TO_SERVER].trailers, fields, n))
		(void)path_http2_scan_trailers(s, PATH_TO_SERVER);
	else
		path_http2_on_lost(s);
}

static void on_end(void *user, struct weir_http2_stream *st)
{
	struct path_http2_stream *s = weir_http2_owner(st);
	struct path_http2 *h = user;

	if (!s)
		return;
	h->progress = true;
	s->way[PATH_TO_SERVER].ended = true;
	if (s->messages[PATH_TO_SERVER])
		path_http2_take_call(s, PATH_TO_SERVER);
	else if (is_collected(s))
		judge_later(s, PATH_JUDGE_REQUEST_END);
	else if (s->server)
		weir_http2_resume(s->server);
}

/* What a client does of its own accord is nothing to be told of. */
static bool is_bad(enum weir_http2_error why)
{
	return why != WEIR_HTTP2_OK && why != WEIR_HTTP2_E_PEER_RESET &&
	       why != WEIR_HTTP2_E_OWNER && why != WEIR_HTTP2_E_OVER;
}

static void on_close(void *user, struct weir_http2_stream *st, enum weir_http2_error why,
		     uint32_t code)
{
	struct path_http2_stream *s = weir_http2_owner(st);

	(void)user;
	if (!s)
		return;
	s->client = NULL;
	s->h->progress = true;
	if (is_bad(why) && !s->e.bad)
		s->e.bad = weir_http2_error_name(why);
	path_http2_leave_line(s);
	if (why != WEIR_HTTP2_OK || !s->way[PATH_TO_SERVER].over) {
		path_http2_discard(s, PATH_TO_SERVER);
		path_http2_discard(s, PATH_TO_CLIENT);
		path_http2_cancel_server(s, code ? code : WEIR_HTTP2_CANCEL);
	}
	path_http2_release_stream(s);
}

static void on_bad(void *user, uint32_t stream, enum weir_http2_error why)
{
	path_http2_on_error(user, 0, why, stream);
}

static void on_goaway(void *user, uint32_t last, uint32_t code)
{
	(void)last;
	(void)code;
	path_http2_drain(user);
}

static void on_over(void *user, enum weir_http2_error why)
{
	struct path_http2 *h = user;

	h->over = h->progress = true;
	if (why != WEIR_HTTP2_OK && why != WEIR_HTTP2_E_OVER)
		path_http2_on_error(h, 0, why, 0);
}

static size_t pull(void *user, struct weir_http2_stream *st, uint8_t *to, size_t max,
		   enum weir_http2_more *more)
{
	struct path_http2_stream *s = weir_http2_owner(st);

	(void)user;
	return path_http2_pull(s, PATH_TO_CLIENT, to, max, more);
}

static size_t put(void *user, struct weir_bytes out)
{
	return path_http2_write(user, 0, out);
}

const struct weir_http2_events path_http2_client_events = {
	.on_head = on_request,
	.on_data = on_data,
	.on_trailers = on_trailers,
	.on_end = on_end,
	.on_close = on_close,
	.on_bad = on_bad,
	.on_goaway = on_goaway,
	.on_over = on_over,
	.pull = pull,
	.write = put,
};
