/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the server answers, in whichever protocol it does: a response is held as far as rules ask
 * for it, and then goes to the client's stream, as fast as that takes it.
 */
#include "path_http2.h"
#include "path_stream.h"

static struct path_http2_way *way_of(struct path_http2_stream *s)
{
	return &s->way[PATH_TO_CLIENT];
}

/* ---- refusing ---- */

void path_http2_refuse_response(struct path_http2_stream *s)
{
	if (s->e.verdict == WEIR_WAF_DROP)
		path_http_abort(s->h->x);
	else
		path_http2_answer(s);
}

/* A response whose beginning the client has must not look whole. */
static void fail(struct path_http2_stream *s, uint16_t status, const char *name)
{
	s->e.bad = name;
	if (s->e.begun || s->e.answered || !s->client) {
		path_http2_reset(s, WEIR_HTTP2_INTERNAL_ERROR);
		return;
	}
	s->e.status = status;
	path_http2_answer(s);
}

void path_http2_on_bad_response(struct path_http2_stream *s, const char *name)
{
	bool refused = path_stream_is_refused(s->h->x->k);

	if (!refused)
		weir_count(&s->h->x->w->stats, WEIR_COUNT_HTTP_BAD_RESPONSE, 1);
	if (s->client)
		fail(s, refused ? 403 : 502, name);
}

void path_http2_on_lost_response(struct path_http2_stream *s)
{
	weir_count(&s->h->x->w->stats, WEIR_COUNT_HTTP_MEMORY, 1);
	fail(s, 503, "MEMORY");
}

/* ---- going on ---- */

static void send_head(struct path_http2_stream *s, const struct weir_http_head *head)
{
	struct path_http2_way *way = way_of(s);
	enum weir_http2_error why = weir_http2_response(s->client, head, !way->empty);

	if (why != WEIR_HTTP2_OK) {
		path_http2_on_bad_response(s, weir_http2_error_name(why));
		return;
	}
	way->fate = PATH_HTTP_PASS;
	way->gone = s->e.begun = true;
	way->over = way->empty;
	s->h->progress = true;
}

/* What was held of it is let go. */
static void let_go(struct path_http2_stream *s)
{
	struct weir_http_head head;

	path_http2_leave_line(s);
	if (!path_http2_read_head(s, PATH_TO_CLIENT, &head)) {
		path_http2_on_bad_response(s, "HEAD");
		return;
	}
	send_head(s, &head);
	weir_http2_queue_drop(s->h->client, &way_of(s)->head, SIZE_MAX);
}

static void judge_later(struct path_http2_stream *s)
{
	s->step = PATH_JUDGE_RESPONSE_END;
	path_http2_stand_in(s, PATH_HTTP2_TO_JUDGE);
}

void path_http2_judge_response_end(struct path_http2_stream *s)
{
	const struct path_http_question q = {.step = PATH_JUDGE_RESPONSE_END};

	switch (path_http_judge(s->h->x, &s->e, &q, NULL)) {
	case PATH_HTTP_ACCEPTED:
		let_go(s);
		break;
	case PATH_HTTP_REFUSED:
		path_http2_refuse_response(s);
		break;
	case PATH_HTTP_UNDECIDED:
		judge_later(s);
		break;
	}
}

/* ---- heads ---- */

/* 1xx: others follow. */
static void on_interim(struct path_http2_stream *s, const struct weir_http_head *head)
{
	if (head->status == 100 && s->e.swallow_100) {
		s->e.swallow_100 = false;
		return;
	}
	if (weir_http2_response(s->client, head, false) != WEIR_HTTP2_OK)
		path_http2_on_bad_response(s, "INTERIM");
	s->h->progress = true;
}

/* A call is answered by messages, unless it has no answer. */
static bool has_messages(const struct path_http2_stream *s, const struct weir_http_head *head)
{
	return s->e.call && !s->way[PATH_TO_CLIENT].empty && path_http_grpc(head);
}

static bool is_held(const struct path_http2_stream *s, const struct weir_http_head *head)
{
	return !s->way[PATH_TO_CLIENT].empty && !has_messages(s, head) &&
	       path_http_body_fate(&s->e, PATH_TO_CLIENT) == PATH_HTTP_HOLD;
}

/* The head goes on at once, and what is behind it when it was judged. */
static void judge_by_message(struct path_http2_stream *s, const struct weir_http_head *head)
{
	if (path_http2_begin_responses(s, path_http_grpc(head)) ||
	    path_http_fails_open(s->h->x, &s->e, WEIR_WAF_MEMORY))
		send_head(s, head);
	else
		path_http2_on_lost_response(s);
}

static void judge_head(struct path_http2_stream *s, const struct weir_http_head *head)
{
	const struct path_http_question q = {.step = PATH_JUDGE_RESPONSE_HEAD, .head = head};
	const struct path_http_question end = {.step = PATH_JUDGE_RESPONSE_END};
	enum path_http_judgement j = path_http_judge(s->h->x, &s->e, &q, NULL);
	bool held = is_held(s, head);

	if (j == PATH_HTTP_ACCEPTED && has_messages(s, head) && path_http_judges_messages(&s->e)) {
		judge_by_message(s, head);
		return;
	}
	if (j != PATH_HTTP_REFUSED && !held)
		j = path_http_judge(s->h->x, &s->e, &end, NULL);
	if (j == PATH_HTTP_REFUSED)
		path_http2_refuse_response(s);
	else if (!held && j == PATH_HTTP_ACCEPTED)
		send_head(s, head);
	else if (!path_http2_keep_head(s, PATH_TO_CLIENT, head))
		path_http2_on_lost_response(s);
	else if (!held)
		judge_later(s);
}

void path_http2_on_response(struct path_http2_stream *s, const struct weir_http_head *head,
			    bool end)
{
	if (!s->client || s->forsaken)
		return;
	if (head->status < 200) {
		on_interim(s, head);
		return;
	}
	s->e.status = head->status;
	way_of(s)->empty = end;
	if (s->e.call != WEIR_HTTP_GRPC && has_messages(s, head))
		s->e.call = path_http_grpc(head);
	if (path_http2_scan_head(s, PATH_TO_CLIENT, head))
		judge_head(s, head);
}

/* ---- content ---- */

/* Whether it is being read to be judged, and not judged to its end already. */
static bool is_collected(struct path_http2_stream *s)
{
	return way_of(s)->fate == PATH_HTTP_HOLD && s->line == PATH_HTTP2_NO_LINE;
}

static void judge_content(struct path_http2_stream *s, struct weir_bytes content)
{
	const struct path_http_question q = {.step = PATH_JUDGE_RESPONSE_BODY, .content = content};
	bool judged = false;

	switch (path_http_judge(s->h->x, &s->e, &q, &judged)) {
	case PATH_HTTP_ACCEPTED:
		if (judged || s->e.unjudged)
			let_go(s);
		break;
	case PATH_HTTP_REFUSED:
		path_http2_refuse_response(s);
		break;
	case PATH_HTTP_UNDECIDED:
		judge_later(s);
		break;
	}
}

/* No more can be held: it is judged by what is here, as a rule's body limit has it. */
static void on_full(struct path_http2_stream *s)
{
	weir_count(&s->h->x->w->stats, WEIR_COUNT_HTTP_LIMIT, 1);
	path_http2_judge_response_end(s);
}

bool path_http2_pass_response(struct path_http2_stream *s, struct weir_bytes content)
{
	struct path_http2_way *way = way_of(s);
	enum path_http2_taken taken;

	if (way->fate != PATH_HTTP_DISCARD && !path_http2_scan(s, PATH_TO_CLIENT, content))
		return false;
	taken = path_http2_keep(s, PATH_TO_CLIENT, content);
	if (taken == PATH_HTTP2_LOST) {
		path_http2_on_lost_response(s);
		return false;
	}
	if (is_collected(s))
		judge_content(s, content);
	if (taken == PATH_HTTP2_FULL && is_collected(s))
		on_full(s);
	if (way->fate == PATH_HTTP_PASS && s->client)
		weir_http2_resume(s->client);
	s->h->progress = true;
	if (way->fate == PATH_HTTP_PASS)
		return way->body.bytes < PATH_HTTP2_READ_AHEAD;
	return taken != PATH_HTTP2_FULL || way->fate == PATH_HTTP_DISCARD;
}

static bool take_messages(struct path_http2_stream *s, struct weir_bytes content)
{
	size_t n = path_http2_is_early(s, PATH_TO_CLIENT)
			   ? 0
			   : path_http2_take_messages(s, PATH_TO_CLIENT, content);
	struct weir_bytes rest = weir_bytes_of(content.ptr + n, content.len - n);

	if (!path_http2_takes_messages(s, PATH_TO_CLIENT))
		path_http2_skip(s, PATH_TO_CLIENT, rest.len);
	else if (rest.len && !path_http2_keep_early(s, PATH_TO_CLIENT, rest))
		path_http2_on_lost_response(s);
	s->h->progress = true;
	return !path_http2_is_judging_message(s, PATH_TO_CLIENT) &&
	       way_of(s)->body.bytes < PATH_HTTP2_READ_AHEAD;
}

bool path_http2_on_content(struct path_http2_stream *s, struct weir_bytes content)
{
	s->e.response_bytes += content.len;
	if (path_http2_takes_messages(s, PATH_TO_CLIENT))
		return take_messages(s, content);
	return path_http2_pass_response(s, content);
}

void path_http2_on_response_end(struct path_http2_stream *s)
{
	struct path_http2_way *way = way_of(s);

	s->h->x->responses++;
	weir_count(&s->h->x->w->stats, WEIR_COUNT_HTTP_RESPONSES, 1);
	s->h->progress = true;
	if (way->ended || !path_http2_scan_trailers(s, PATH_TO_CLIENT))
		return;
	way->ended = way->fate != PATH_HTTP_DISCARD;
	if (path_http2_takes_messages(s, PATH_TO_CLIENT))
		path_http2_take_call(s, PATH_TO_CLIENT);
	else if (is_collected(s) && s->client)
		judge_later(s);
	else if (way->fate == PATH_HTTP_PASS && s->client)
		weir_http2_resume(s->client);
}
