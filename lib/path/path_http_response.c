/* SPDX-License-Identifier: BSD-3-Clause */
/* What the server sends: responses, each to the oldest request that has none. */
#include "path_http.h"
#include "path_stream.h"

static struct path_http_side *side_of(struct path_http *x)
{
	return &x->side[PATH_TO_CLIENT];
}

/* ---- refusing ---- */

/* The client has not seen a byte of it: weir's own page takes its place. What is left of it is
 * still taken when it is not much; else the server is reset. */
static void replace(struct path_http *x, struct path_exchange *e, bool stays)
{
	struct path_http_side *s = side_of(x);

	path_http_discard(x, PATH_TO_CLIENT);
	s->fate = PATH_HTTP_DISCARD;
	e->close = !stays;
	e->answered = path_http_answer(x, e);
	if (!e->answered)
		path_http_abort(x);
	else if (!stays)
		path_http_leave_server(x);
}

static void refuse(struct path_http *x, struct path_exchange *e)
{
	const struct path_http_side *s = side_of(x);
	bool short_rest = s->body.done || (!s->chunked && s->body.left <= PATH_HTTP_DRAIN);

	if (e->verdict == WEIR_WAF_DROP)
		path_http_abort(x);
	else
		replace(x, e,
			short_rest && s->after == PATH_HTTP_HEAD && e->keep_alive &&
				x->reading != e);
}

static void on_bad(struct path_http *x, const char *name)
{
	struct path_exchange *e = x->first;

	bool refused = path_stream_is_refused(x->k);

	if (!refused)
		weir_count(&x->w->stats, WEIR_COUNT_HTTP_BAD_RESPONSE, 1);
	if (!e || !e->forwarded || e->begun || e->answered) {
		if (e && e->begun)
			e->bad = name;
		path_http_abort(x);
		return;
	}
	e->bad = name;
	e->status = refused ? 403 : 502;
	replace(x, e, false);
}

/* ---- going on ---- */

static void forward(struct path_http *x, struct path_exchange *e)
{
	struct path_http_side *s = side_of(x);

	s->fate = PATH_HTTP_PASS;
	s->free = s->at;
	e->begun = true;
}

/* After a response that closes, no request is taken any more: nobody would answer it, nor those
 * that have gone on already. */
static void be_last(struct path_http *x)
{
	struct path_http_side *request = &x->side[PATH_TO_SERVER];

	for (struct path_exchange *e = x->first; e; e = e->next)
		e->cut = e->forwarded;
	side_of(x)->state = PATH_HTTP_OVER;
	if (request->state == PATH_HTTP_BODY)
		request->after = PATH_HTTP_OVER;
	else
		request->state = PATH_HTTP_OVER;
}

static void end_response(struct path_http *x)
{
	struct path_http_side *s = side_of(x);

	x->responses++;
	weir_count(&x->w->stats, WEIR_COUNT_HTTP_RESPONSES, 1);
	path_http_end_call(x);
	path_exchange_end(x);
	if (s->after == PATH_HTTP_OVER) {
		be_last(x);
		return;
	}
	path_http_expect_head(x, PATH_TO_CLIENT);
	if (x->side[PATH_TO_SERVER].state == PATH_HTTP_WAIT)
		path_http_expect_head(x, PATH_TO_SERVER); /* it was no tunnel */
	path_http_advance_queue(x);
}

static void on_bad_framing(struct path_http *x, ssize_t error)
{
	on_bad(x, path_http_bad(x, error));
}

static const struct path_http_reader reader = {
	.leg = PATH_TO_CLIENT,
	.body = PATH_JUDGE_RESPONSE_BODY,
	.end = PATH_JUDGE_RESPONSE_END,
	.forward = forward,
	.refuse = refuse,
	.on_bad = on_bad_framing,
};

/* ---- heads ---- */

/* 1xx: others follow. */
static void on_interim(struct path_http *x, struct path_exchange *e, uint16_t status, size_t len)
{
	struct path_http_side *s = side_of(x);

	s->at += len;
	if (status == 100 && e->swallow_100) {
		path_http_discard(x, PATH_TO_CLIENT);
		e->swallow_100 = false;
	} else {
		s->free = s->at;
	}
	path_http_expect_head(x, PATH_TO_CLIENT);
}

/* Servers that take CONNECT for any other method answer it with content, and then the next request:
 * a tunnel has neither field (RFC 9110 section 9.3.6). */
static bool is_message(const struct weir_http_head *h)
{
	return h->status != 101 && (weir_http_header_find(h, "content-length") ||
				    weir_http_header_find(h, "transfer-encoding"));
}

/* The client has asked for it, and has sent nothing that would be a request. */
static bool may_be_tunnel(const struct path_http *x, const struct path_exchange *e,
			  const struct weir_http_head *h)
{
	return x->side[PATH_TO_SERVER].state == PATH_HTTP_WAIT && !e->next && !is_message(h) &&
	       (h->status == 101 ? e->upgrade : e->is_connect);
}

static void end_in_tunnel(struct path_http *x)
{
	x->responses++;
	weir_count(&x->w->stats, WEIR_COUNT_HTTP_RESPONSES, 1);
	path_exchange_end(x);
	path_http_be_tunnel(x);
}

/* Whether it is judged by messages, and of which kind they are. */
static enum weir_http_grpc kind_of(const struct path_http *x, const struct path_exchange *e,
				   const struct weir_http_head *h)
{
	if (x->side[PATH_TO_CLIENT].body.done || !path_http_judges_messages(e))
		return WEIR_HTTP_NO_GRPC;
	return path_http_grpc(h);
}

static void judge_by_message(struct path_http *x, struct path_exchange *e, enum weir_http_grpc kind)
{
	if (path_http_begin_call(x, e, kind))
		return;
	if (path_http_fails_open(x, e, WEIR_WAF_MEMORY)) {
		forward(x, e);
		return;
	}
	e->status = 503;
	refuse(x, e);
}

static void judge_head(struct path_http *x, struct path_exchange *e, const struct weir_http_head *h)
{
	struct path_http_side *s = side_of(x);
	struct path_http_question q = {.step = PATH_JUDGE_RESPONSE_HEAD, .head = h};
	bool refused = path_http_judge(x, e, &q, NULL) == PATH_HTTP_REFUSED;
	enum weir_http_grpc kind = refused ? WEIR_HTTP_NO_GRPC : kind_of(x, e, h);

	if (refused) {
		refuse(x, e);
	} else if (weir_unlikely(kind)) {
		judge_by_message(x, e, kind);
	} else if (!s->body.done && h->framing != WEIR_HTTP_TUNNEL &&
		   path_http_body_fate(e, PATH_TO_CLIENT) == PATH_HTTP_HOLD) {
		s->fate = PATH_HTTP_HOLD;
	} else {
		path_http_judge_end(x, e, &reader);
	}
	if (!e->answered)
		e->status = h->status;
}

static void on_final(struct path_http *x, struct path_exchange *e, const struct weir_http_head *h,
		     size_t len)
{
	struct path_http_side *s = side_of(x);
	bool tunnel = h->framing == WEIR_HTTP_TUNNEL;

	if (tunnel && !may_be_tunnel(x, e, h)) {
		on_bad(x, "TUNNEL");
		return;
	}
	s->at += len;
	s->state = PATH_HTTP_BODY;
	s->after = h->keep_alive ? PATH_HTTP_HEAD : PATH_HTTP_OVER;
	s->chunked = h->framing == WEIR_HTTP_CHUNKED;
	s->until_close = h->framing == WEIR_HTTP_UNTIL_CLOSE;
	weir_http_body_init(&s->body, h, &x->service.limits);
	path_http_end_call(x);
	judge_head(x, e, h);
	if (x->dead)
		return;
	if (tunnel && s->fate == PATH_HTTP_PASS)
		end_in_tunnel(x);
	else if (s->body.done)
		end_response(x);
}

static void on_head(struct path_http *x, const struct weir_http_head *h, size_t len)
{
	struct path_exchange *e = x->first;

	if (h->status / 100 == 1 && h->status != 101)
		on_interim(x, e, h->status, len);
	else
		on_final(x, e, h, len);
}

/* It need not wait for a request, which is told as soon as there is one. */
static void on_wrong_server(struct path_http *x)
{
	if (x->k->tls)
		path_tls_learn_http2(x->k->tls);
	if (x->first && x->first->forwarded)
		on_bad(x, PATH_HTTP2_ONLY);
}

static bool read_head(struct path_http *x)
{
	const struct path_exchange *e = x->first;
	struct weir_http_head request = {0}, head;
	struct weir_bytes in;
	uint64_t tsc;
	bool last;
	ssize_t n;

	if (!path_http_left(x, PATH_TO_CLIENT))
		return false;
	if (weir_unlikely(path_http_is_wrong_server(x))) {
		on_wrong_server(x);
		return false;
	}
	if (!e || !e->forwarded) {
		on_bad(x, "UNASKED");
		return false;
	}
	if (!path_http_find_head(x, PATH_TO_CLIENT, &in, &last))
		return false;
	request.is_head = e->is_head;
	request.is_connect = e->is_connect;
	tsc = rte_rdtsc();
	n = weir_http_response_parse(in, &x->service.limits, &request, x->w->http->headers, &head);
	(void)path_http_spent(x->w, WEIR_HTTP_WORK_PARSE, tsc);
	if (n == 0 && last)
		n = -WEIR_HTTP_E_HEADER_LIMIT;
	if (n == 0)
		return false;
	if (n < 0)
		on_bad(x, path_http_bad(x, n));
	else
		on_head(x, &head, (size_t)n);
	return true;
}

/* ---- bodies ---- */

/* No more can be held: it is judged by what is here, as a rule's body limit has it. */
static void on_full(struct path_http *x)
{
	if (weir_unlikely(x->call)) {
		path_http_on_full_of_messages(x);
		return;
	}
	weir_count(&x->w->stats, WEIR_COUNT_HTTP_LIMIT, 1);
	path_http_judge_end(x, x->first, &reader);
}

/* All of the body that there is has been read. */
static void end_body(struct path_http *x)
{
	if (side_of(x)->fate == PATH_HTTP_HOLD && weir_unlikely(x->call))
		path_http_end_messages(x);
	else if (side_of(x)->fate == PATH_HTTP_HOLD)
		path_http_judge_end(x, x->first, &reader);
	if (!x->dead && !side_of(x)->judging)
		end_response(x);
}

/* True: something has changed. */
static bool read_body(struct path_http *x)
{
	struct path_http_side *s = side_of(x);
	bool has_turn = path_http_take_judging_turn(x, PATH_TO_CLIENT);
	uint64_t before = s->at;

	if (has_turn && weir_unlikely(x->call))
		(void)path_http_judge_message(x);
	else if (has_turn)
		path_http_judge_end(x, x->first, &reader);
	else if (!s->judging)
		path_http_read_body(x, x->first, &reader);
	if (x->dead || s->judging)
		return false;
	path_http_place(x, PATH_TO_CLIENT);
	if (s->body.done)
		end_body(x);
	else if (s->fate == PATH_HTTP_HOLD)
		path_http_make_room(x, PATH_TO_CLIENT, on_full);
	return s->at != before || has_turn;
}

/* A head, and what has come of content that passes: the two go on in one piece. */
static bool read_message(struct path_http *x)
{
	const struct path_http_side *s = side_of(x);

	if (!read_head(x))
		return false;
	if (!x->dead && s->state == PATH_HTTP_BODY && s->fate == PATH_HTTP_PASS && !s->judging &&
	    path_http_left(x, PATH_TO_CLIENT))
		(void)read_body(x);
	return true;
}

/* ---- the end of what the server sends ---- */

static bool on_end(struct path_http *x)
{
	struct path_http_side *s = side_of(x);

	if (s->state == PATH_HTTP_OVER)
		return false;
	if (s->state == PATH_HTTP_HEAD && path_http_is_wrong_server(x)) {
		on_wrong_server(x);
		if (x->dead)
			return false;
	}
	if (s->state == PATH_HTTP_HEAD && !path_http_left(x, PATH_TO_CLIENT)) {
		be_last(x);
		return false;
	}
	if (s->state == PATH_HTTP_HEAD ||
	    (s->fate == PATH_HTTP_HOLD && !s->until_close && !x->call)) {
		on_bad(x, "CUT");
		return false;
	}
	x->first->cut = !x->first->answered && (!s->until_close || path_stream_is_cut(x->k, 1));
	s->after = PATH_HTTP_OVER;
	end_body(x);
	return true;
}

/* ---- steps ---- */

/* There are no servers to speak with: whoever asks for them is told so. */
static bool on_no_server(struct path_http *x, const char *failure)
{
	if (x->first && x->first->forwarded)
		on_bad(x, failure);
	return false;
}

bool path_http_step_response(struct path_http *x)
{
	const char *failure = path_stream_failure(x->k);
	struct path_http_side *s = side_of(x);
	bool progress = false;

	if (weir_unlikely(failure != NULL))
		return on_no_server(x, failure);
	if (s->state == PATH_HTTP_HEAD)
		progress = path_http_may_judge_more(x, PATH_TO_CLIENT) && read_message(x);
	else if (s->state == PATH_HTTP_BODY)
		progress = read_body(x);
	else if (path_http_left(x, PATH_TO_CLIENT))
		on_bad(x, "UNASKED");
	if (!progress && !x->dead && !s->judging && path_http_is_ended(x, PATH_TO_CLIENT))
		return on_end(x);
	return progress;
}
