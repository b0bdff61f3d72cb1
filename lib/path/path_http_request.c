/* SPDX-License-Identifier: BSD-3-Clause */
/* What the client sends: requests one after the other, each judged before it goes on. */
#include "path_http.h"
#include "path_stream.h"

static struct path_http_side *side_of(struct path_http *x)
{
	return &x->side[PATH_TO_SERVER];
}

/* ---- refusing ---- */

/* Weir answers, in its turn. What is left of the request is still taken when it is not much, so
 * that the connection stays; else the answer is the last. */
static void refuse(struct path_http *x, struct path_exchange *e, bool stays)
{
	struct path_http_side *s = side_of(x);

	e->refused = true;
	e->close = !stays || !e->keep_alive;
	e->expects = false;
	s->fate = PATH_HTTP_DISCARD;
	path_http_discard(x, PATH_TO_SERVER);
	if (e->close)
		s->after = s->state = PATH_HTTP_OVER;
	else if (s->after == PATH_HTTP_WAIT)
		s->after = PATH_HTTP_HEAD;
	path_http_advance_queue(x);
}

/* Whether so little is left of the body at hand that it may be waited for: a client that waits for
 * 100 (Continue) may not send it at all. */
static bool is_nearly_over(const struct path_http_side *s, const struct path_exchange *e)
{
	return s->body.done || (!s->chunked && !e->expects && s->body.left <= PATH_HTTP_DRAIN);
}

static void refuse_judged(struct path_http *x, struct path_exchange *e)
{
	refuse(x, e, is_nearly_over(side_of(x), e));
}

/* It is told by name, and nothing of it has gone to the server. */
static void refuse_bad(struct path_http *x, struct path_exchange *e, uint16_t status,
		       const char *name)
{
	weir_count(&x->w->stats, WEIR_COUNT_HTTP_BAD_REQUEST, 1);
	e->bad = name;
	e->status = status;
	refuse(x, e, false);
}

/* Not even a head could be read. */
static void refuse_head(struct path_http *x, uint16_t status, const char *name)
{
	struct path_http_side *s = side_of(x);
	struct path_exchange *e = path_exchange_begin(x, NULL);

	if (!e) {
		path_http_abort(x);
		return;
	}
	s->at = s->clean;
	refuse_bad(x, e, status, name);
}

/* The server has the beginning of a request whose end is bad, or does not come: it must not take
 * what it has for all of it. */
static void give_up(struct path_http *x, uint16_t status, const char *name)
{
	struct path_exchange *e = x->reading;

	if (!e || e != x->first || e->begun) {
		if (e)
			e->bad = name;
		path_http_abort(x);
		return;
	}
	e->bad = name;
	e->status = status;
	e->close = true;
	e->answered = path_http_answer(x, e);
	path_http_leave_server(x);
}

static void on_bad_body(struct path_http *x, uint16_t status, const char *name)
{
	struct path_exchange *e = x->reading;

	if (side_of(x)->fate == PATH_HTTP_HOLD && e) {
		refuse_bad(x, e, status, name);
		return;
	}
	weir_count(&x->w->stats, WEIR_COUNT_HTTP_BAD_REQUEST, 1);
	if (side_of(x)->fate == PATH_HTTP_PASS)
		give_up(x, status, name);
	else
		path_http_close(x); /* the answer is on its way, or will never be one */
}

/* ---- going on ---- */

static void forward(struct path_http *x, struct path_exchange *e)
{
	struct path_http_side *s = side_of(x);

	if (weir_unlikely(s->offers_http))
		path_http_hide_upgrade(x);
	s->fate = PATH_HTTP_PASS;
	s->free = s->at;
	e->forwarded = true;
	e->expects = false;
}

static void end_body(struct path_http *x)
{
	struct path_http_side *s = side_of(x);

	x->reading = NULL;
	if (s->after == PATH_HTTP_HEAD)
		path_http_expect_head(x, PATH_TO_SERVER);
	else
		s->state = s->after;
	/* The response may have come before the request was through. */
	if (s->state == PATH_HTTP_WAIT && !x->first)
		path_http_expect_head(x, PATH_TO_SERVER);
}

static void on_bad_framing(struct path_http *x, ssize_t error)
{
	on_bad_body(x, (uint16_t)weir_http_error_status((enum weir_http_error)(-error)),
		    path_http_bad(x, error));
}

static const struct path_http_reader reader = {
	.leg = PATH_TO_SERVER,
	.body = PATH_JUDGE_REQUEST_BODY,
	.end = PATH_JUDGE_REQUEST_END,
	.forward = forward,
	.refuse = refuse_judged,
	.on_bad = on_bad_framing,
};

/* ---- heads ---- */

static enum path_http_state state_after(const struct weir_http_head *h)
{
	if (h->upgrade || h->is_connect)
		return PATH_HTTP_WAIT;
	return h->keep_alive ? PATH_HTTP_HEAD : PATH_HTTP_OVER;
}

static void hold_body(struct path_http *x, struct path_exchange *e)
{
	side_of(x)->fate = PATH_HTTP_HOLD;
	e->expects = e->expects && !path_http_left(x, PATH_TO_SERVER);
	path_http_advance_queue(x);
}

static void judge_head(struct path_http *x, struct path_exchange *e, const struct weir_http_head *h)
{
	struct path_http_side *s = side_of(x);
	struct path_http_question q = {.step = PATH_JUDGE_REQUEST_HEAD, .head = h};

	if (e->program)
		path_http_begin_judging(x, e);
	if (e->program && !e->tx && !path_http_fails_open(x, e, WEIR_WAF_MEMORY)) {
		e->status = 503;
		refuse_judged(x, e);
	} else if (path_http_judge(x, e, &q, NULL) == PATH_HTTP_REFUSED) {
		refuse_judged(x, e);
	} else if (!s->body.done && path_http_body_fate(e, PATH_TO_SERVER) == PATH_HTTP_HOLD) {
		hold_body(x, e);
	} else {
		path_http_judge_end(x, e, &reader);
	}
}

/* Where servers speak HTTP/2: false when there are no words for it in that. */
static bool is_translatable(struct path_http *x, struct path_exchange *e,
			    const struct weir_http_head *h)
{
	const char *bad;

	if (h->is_connect || h->upgrade) { /* what HTTP/2 does not do */
		refuse_bad(x, e, 501, h->is_connect ? "CONNECT" : "UPGRADE");
		return false;
	}
	bad = path_translate_check(x->k->translator, h);
	if (bad)
		refuse_bad(x, e, 400, bad);
	return !bad;
}

static void on_head(struct path_http *x, const struct weir_http_head *h, size_t len)
{
	struct path_http_side *s = side_of(x);
	struct path_exchange *e = path_exchange_begin(x, h);

	if (!e) {
		weir_count(&x->w->stats, WEIR_COUNT_HTTP_MEMORY, 1);
		path_http_abort(x);
		return;
	}
	s->at += len;
	s->since_ns = x->w->now_ns;
	s->state = PATH_HTTP_BODY;
	s->after = state_after(h);
	s->offers_http = h->upgrade_http && h->minor == 1 && !x->k->translator;
	weir_http_body_init(&s->body, h, &x->service.limits);
	s->chunked = h->framing == WEIR_HTTP_CHUNKED;
	if (!x->k->translator || is_translatable(x, e, h))
		judge_head(x, e, h);
	if (s->state == PATH_HTTP_BODY && s->body.done)
		end_body(x);
}

static bool read_head(struct path_http *x)
{
	struct weir_http_head head;
	struct weir_bytes in;
	uint64_t tsc;
	bool last;
	ssize_t n;

	if (!path_http_find_head(x, PATH_TO_SERVER, &in, &last))
		return false;
	tsc = rte_rdtsc();
	n = weir_http_request_parse(in, &x->service.limits, x->w->http->headers, &head);
	(void)path_http_spent(x->w, WEIR_HTTP_WORK_PARSE, tsc);
	if (n == 0 && last)
		n = -WEIR_HTTP_E_HEADER_LIMIT;
	if (n == 0)
		return false;
	if (n < 0)
		refuse_head(x, (uint16_t)weir_http_error_status((enum weir_http_error)(-n)),
			    path_http_bad(x, n));
	else
		on_head(x, &head, (size_t)n);
	return true;
}

/* ---- bodies ---- */

/* Held bytes fill the window: there is no room to judge more of it by. */
static void on_full(struct path_http *x)
{
	struct path_exchange *e = x->reading;

	if (path_http_is_cut(x, e)) {
		path_http_judge_end(x, e, &reader);
	} else if (path_http_fails_open(x, e, WEIR_WAF_LIMIT)) {
		forward(x, e);
	} else {
		e->status = 413;
		refuse_judged(x, e);
	}
}

/* True: something has changed. */
static bool read_body(struct path_http *x)
{
	struct path_http_side *s = side_of(x);
	bool has_turn = path_http_take_judging_turn(x, PATH_TO_SERVER);
	uint64_t before = s->at;

	if (!s->judging && !has_turn)
		path_http_read_body(x, x->reading, &reader);
	if (x->dead || s->judging)
		return false;
	if (s->at != before || has_turn)
		s->since_ns = x->w->now_ns;
	if (s->state == PATH_HTTP_BODY && s->fate == PATH_HTTP_HOLD && (s->body.done || has_turn))
		path_http_judge_end(x, x->reading, &reader);
	if (x->dead || s->judging)
		return false;
	path_http_place(x, PATH_TO_SERVER);
	if (s->state == PATH_HTTP_BODY && s->body.done)
		end_body(x);
	else if (s->state == PATH_HTTP_BODY && s->fate == PATH_HTTP_HOLD)
		path_http_make_room(x, PATH_TO_SERVER, on_full);
	return s->at != before || has_turn || s->state != PATH_HTTP_BODY;
}

/* ---- the end of what the client sends ---- */

/* A request that never got its end goes nowhere, and its client is told so; then the FIN follows.
 * One that has begun to go on ends as it is, but in HTTP/2 where it would have no end. */
static bool on_end(struct path_http *x)
{
	struct path_http_side *s = side_of(x);
	bool cut_head = s->state == PATH_HTTP_HEAD && path_http_left(x, PATH_TO_SERVER);
	bool cut_body = s->state == PATH_HTTP_BODY && s->fate == PATH_HTTP_HOLD && x->reading;

	if (s->state == PATH_HTTP_OVER || s->state == PATH_HTTP_WAIT)
		return false;
	if (cut_head) {
		refuse_head(x, 400, "CUT");
	} else if (s->state == PATH_HTTP_BODY && s->fate == PATH_HTTP_PASS && x->reading &&
		   x->k->translator) {
		give_up(x, 400, "CUT");
		return false;
	} else if (cut_body) {
		s->at = s->clean;
		refuse_bad(x, x->reading, 400, "CUT");
	}
	x->reading = NULL;
	s->state = PATH_HTTP_OVER;
	path_http_advance_queue(x);
	return true;
}

static bool throw_away(struct path_http *x)
{
	struct path_http_side *s = side_of(x);

	s->at = s->clean;
	path_http_discard(x, PATH_TO_SERVER);
	return false;
}

/* ---- steps ---- */

bool path_http_step_request(struct path_http *x)
{
	struct path_http_side *s = side_of(x);
	bool progress = false;

	switch (s->state) {
	case PATH_HTTP_HEAD:
		progress = path_http_may_judge_more(x, PATH_TO_SERVER) &&
			   path_exchange_may_begin(x) && read_head(x);
		break;
	case PATH_HTTP_BODY:
		progress = read_body(x);
		break;
	case PATH_HTTP_WAIT:
		break;
	case PATH_HTTP_OVER:
		return throw_away(x);
	}
	if (!progress && !x->dead && !s->judging && path_http_is_ended(x, PATH_TO_SERVER) &&
	    path_exchange_may_begin(x))
		return on_end(x);
	return progress;
}

void path_http_on_slow_client(struct path_http *x)
{
	struct path_http_side *s = side_of(x);

	if (s->state == PATH_HTTP_HEAD) {
		refuse_head(x, 408, "HEADER_TIMEOUT");
	} else if (weir_tcp_queued(x->k->conn, 1) || path_stream_offset(x->k, 0) < s->free) {
		s->since_ns = x->w->now_ns; /* it is the server that does not take more */
	} else {
		on_bad_body(x, 408, "BODY_TIMEOUT");
	}
}
