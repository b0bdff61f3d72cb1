/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Responses of gRPC in HTTP/1.1, in which browsers speak it, too (gRPC-Web). They may last for as
 * long as the client listens, so they are judged as those in HTTP/2 are (path_http2_grpc.c): each
 * message by itself, as if it were all of the body, and it goes on when it was. Requests are held
 * to their end, as any other: a browser says all of one before it listens.
 *
 * A refused message has the call's status put in its place, as a last one. In chunks that needs a
 * chunk of weir's own, so messages go on when the chunk that they end in is whole, if it ends with
 * one. Where part of a chunk, or of a message, has gone on, or the length was said before, the
 * connection is cut.
 */
#include "path_http.h"
#include "path_stream.h"

#include <stdio.h>

static struct path_http_side *side_of(struct path_http *x)
{
	return &x->side[PATH_TO_CLIENT];
}

bool path_http_begin_call(struct path_http *x, struct path_exchange *e, enum weir_http_grpc kind)
{
	struct path_http_side *s = side_of(x);
	struct path_http_call *c;

	if (!weir_waf_tx_mark(e->tx))
		return false;
	c = x->call = weir_pool_take(x->w->http->calls);
	if (!c)
		return false;
	*c = (struct path_http_call){.end = s->at, .boundary = s->at, .kind = kind};
	weir_grpc_init(&c->frame, UINT32_MAX); /* rules say what is too long */
	c->frame.takes_trailers = true;
	c->frame.is_text = kind == WEIR_HTTP_GRPC_WEB_TEXT;
	s->fate = PATH_HTTP_HOLD;
	s->free = s->at;
	e->begun = true;
	path_http_hold(x, e);
	return true;
}

void path_http_end_call(struct path_http *x)
{
	if (x->call)
		weir_pool_give(x->w->http->calls, x->call);
	x->call = NULL;
}

/* ---- refusing ---- */

/* Whether what has gone on is whole messages, and chunks. */
static bool has_place(const struct path_http *x)
{
	const struct path_http_side *s = &x->side[PATH_TO_CLIENT];

	return x->call->kind != WEIR_HTTP_GRPC && (s->chunked || s->until_close) &&
	       s->free == x->call->boundary && path_stream_offset(x->k, 1) == s->free;
}

static bool say_last(struct path_http *x, const struct path_exchange *e)
{
	char last[PATH_GRPC_LAST], text[PATH_GRPC_LAST + 32];
	size_t n = path_grpc_last_message(e, x->call->kind, last), done;
	struct weir_bytes out = weir_bytes_of(last, n);

	if (side_of(x)->chunked) {
		size_t head = (size_t)snprintf(text, sizeof(text), "%zx\r\n", n);

		memcpy(text + head, last, n);
		memcpy(text + head + n, "\r\n0\r\n\r\n", 7);
		out = weir_bytes_of(text, head + n + 7);
	}
	return path_stream_write(x->w, x->k, 0, out, &done) == 0;
}

static void refuse(struct path_http *x)
{
	struct path_exchange *e = x->first;
	bool settled = path_http_settle(x, PATH_TO_CLIENT);

	if (e->verdict == WEIR_WAF_DROP || !settled || !has_place(x) || !say_last(x, e)) {
		path_http_abort(x);
		return;
	}
	e->status = 200; /* as its head has said */
	path_http_discard(x, PATH_TO_CLIENT);
	side_of(x)->fate = PATH_HTTP_DISCARD;
	path_http_leave_server(x);
}

/* Its messages cannot be told apart. */
static void on_bad(struct path_http *x, enum weir_http2_error why)
{
	struct path_http_side *s = side_of(x);
	struct path_exchange *e = x->first;

	e->bad = weir_http2_error_name(why);
	if (e->program->mode == WEIR_WAF_DETECT) {
		x->call->unread = 0;
		s->fate = PATH_HTTP_PASS;
		return;
	}
	weir_count(&x->w->stats, WEIR_COUNT_HTTP_BAD_RESPONSE, 1);
	e->status = 400;
	refuse(x);
}

/* ---- going on ---- */

static bool is_in_chunk(struct path_http *x)
{
	const struct path_http_side *s = side_of(x);

	return s->chunked &&
	       (x->call->unread || weir_http_body_place(&s->body) == WEIR_HTTP_AT_CONTENT);
}

static uint64_t taken(struct path_http *x)
{
	return side_of(x)->at - x->call->unread;
}

static void let_go_whole(struct path_http *x)
{
	struct path_http_side *s = side_of(x);

	if (x->call->end > s->free)
		s->free = x->call->end;
}

/* Where a chunk ends with a message there is a place behind its end of line. */
static void find_place(struct path_http *x)
{
	struct path_http_side *s = side_of(x);
	struct path_http_call *c = x->call;
	uint64_t place = c->end + (s->chunked ? 2 : 0);

	if (!c->ends_chunk || s->free != c->end || taken(x) < place)
		return;
	s->free = c->boundary = place;
	c->ends_chunk = false;
}

/* As far as messages are whole and judged. */
static void release(struct path_http *x)
{
	struct path_http_call *c = x->call;

	if (c->passing) {
		side_of(x)->free = taken(x);
	} else if (!is_in_chunk(x)) {
		let_go_whole(x);
		c->ends_chunk |= c->end == taken(x) && weir_grpc_is_whole(&c->frame);
		find_place(x);
	}
}

/* Tells of the message when there is something to be told; the next one is judged by what was
 * before. */
static void close_message(struct path_http *x)
{
	struct path_exchange *e = x->first;
	struct path_http_call *c = x->call;

	c->open = c->whole = c->passing = c->ends_chunk = false;
	c->end = taken(x);
	if (!e->tx)
		return;
	if (path_http_has_more(e, c->of_heads))
		path_exchange_tell(x, e);
	else
		path_http_end_judging(x, e);
	if (e->unjudged)
		return;
	weir_waf_tx_rewind(e->tx, path_unix_ns(x->w));
	path_http_hold(x, e);
}

static void accept(struct path_http *x)
{
	if (x->call->whole)
		close_message(x);
	else
		x->call->passing = true; /* what is still to come of it */
	release(x);
}

/* What was judged. False: it was refused, or is not decided. */
static bool act(struct path_http *x, enum path_http_judgement j)
{
	switch (j) {
	case PATH_HTTP_ACCEPTED:
		return true;
	case PATH_HTTP_REFUSED:
		refuse(x);
		break;
	case PATH_HTTP_UNDECIDED:
		path_http_wait_for_turn(x, PATH_TO_CLIENT);
		break;
	}
	return false;
}

static bool judge_end(struct path_http *x)
{
	const struct path_http_question q = {.step = PATH_JUDGE_RESPONSE_END};

	if (!act(x, path_http_judge(x, x->first, &q, NULL)))
		return false;
	accept(x);
	return true;
}

/* ---- taking them ---- */

static bool take_piece(struct path_http *x, struct weir_bytes content,
		       const struct weir_grpc_piece *piece)
{
	const struct path_http_question q = {.step = PATH_JUDGE_RESPONSE_BODY, .content = content};
	struct path_exchange *e = x->first;
	struct path_http_call *c = x->call;
	bool judged = false;

	if (!c->begun)
		c->of_heads = path_http_findings(e);
	c->begun = c->open = true;
	c->whole = piece->ends;
	if (!c->passing) {
		if (!act(x, path_http_judge(x, e, &q, &judged)))
			return false;
		c->passing = judged || e->unjudged;
		if (judged)
			path_http_hold(x, e);
	}
	if (c->whole)
		return judge_end(x);
	release(x);
	return true;
}

/* What lies in one piece of memory of what was read and not taken. */
static struct weir_bytes next_view(struct path_http *x)
{
	struct weir_bytes view = {0};
	uint64_t from = side_of(x)->at - x->call->unread - path_stream_offset(x->k, 1);

	if (x->call->unread && path_stream_read(x->k, 1, (uint32_t)from, &view, 1) &&
	    view.len > x->call->unread)
		view.len = x->call->unread;
	return view;
}

bool path_http_take_messages(struct path_http *x, size_t n)
{
	struct path_http_call *c = x->call;
	uint8_t room[WEIR_GRPC_ROOM];

	if (side_of(x)->fate != PATH_HTTP_HOLD)
		return true;
	c->unread += (uint32_t)n;
	find_place(x);
	while (c->unread || c->frame.n_rest) {
		struct weir_bytes content;
		struct weir_grpc_piece piece;
		ssize_t used = weir_grpc_read(&c->frame, next_view(x), room, &content, &piece);

		if (used < 0) {
			on_bad(x, (enum weir_http2_error)(-used));
			return !x->dead;
		}
		weir_assert(used || content.len);
		c->unread -= (uint32_t)used;
		if (!take_piece(x, content, &piece))
			return false;
	}
	release(x);
	return true;
}

bool path_http_judge_message(struct path_http *x)
{
	return judge_end(x) && path_http_take_messages(x, 0);
}

/* What is whole goes on first, though a chunk is not. */
void path_http_on_full_of_messages(struct path_http *x)
{
	struct path_http_call *c = x->call;

	if (c->end > side_of(x)->free) {
		let_go_whole(x);
		return;
	}
	weir_count(&x->w->stats, WEIR_COUNT_HTTP_LIMIT, 1);
	(void)judge_end(x);
}

/* The last one is judged by what there is of it, and then what rules say of the response's end. */
void path_http_end_messages(struct path_http *x)
{
	const struct path_http_question q = {.step = PATH_JUDGE_RESPONSE_END};
	struct path_http_side *s = side_of(x);
	struct path_http_call *c = x->call;

	if (c->frame.text.have) {
		on_bad(x, WEIR_HTTP2_E_GRPC_TEXT);
		return;
	}
	c->whole = true;
	if ((c->open && !judge_end(x)) || !act(x, path_http_judge(x, x->first, &q, NULL)))
		return;
	s->fate = PATH_HTTP_PASS;
	s->free = s->at;
}
