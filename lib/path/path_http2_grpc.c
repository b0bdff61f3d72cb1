/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Calls of gRPC. A call is a conversation: its messages cannot be held until the last of them has
 * come, for the server may have to answer one before the client says the next. So each is judged by
 * itself, as if it were all of a request's body, and goes on when it was: bytes of a message that
 * is not whole yet, or not judged, are the last of what is held. A message in which rules have
 * found something has a record of its own.
 */
#include "path_http2.h"

#include <stdio.h>

struct path_http2_grpc {
	struct path_exchange e; /* first; the message at hand, as a request */
	struct path_http2_stream *s;
	struct weir_grpc frame;
	struct weir_http2_queue head; /* of the call, for each of its messages */
	bool open;                    /* something of a message has come */
	bool passing;                 /* and what comes of it goes on */
	bool off;                     /* so does all that comes */
};

bool path_http2_is_grpc(const struct weir_http_head *h)
{
	struct weir_bytes codec;

	return weir_http_is_grpc(h, &codec);
}

/* ---- beginning and end ---- */

bool path_http2_begin_grpc(struct path_http2_stream *s)
{
	struct path_http2_worker *w = s->h->x->w->http2;
	struct path_http2_grpc *g = weir_http2_take(s->h->client, sizeof(*g));
	size_t n;

	if (!g)
		return false;
	memset(g, 0, sizeof(*g));
	g->s = s;
	s->grpc = g;
	weir_grpc_init(&g->frame, UINT32_MAX); /* rules say what is too long */
	n = weir_http2_queue_read(&s->way[PATH_TO_SERVER].head, w->text, sizeof(w->text));
	return weir_http2_queue_add(s->h->client, &g->head, weir_bytes_of(w->text, n));
}

void path_http2_end_grpc(struct path_http2_stream *s)
{
	struct path_http2_grpc *g = s->grpc;

	if (!g)
		return;
	s->grpc = NULL;
	path_http_forget_judging(s->h->x, &g->e);
	weir_http2_queue_drop(s->h->client, &g->head, SIZE_MAX);
	weir_http2_give(s->h->client, g);
}

struct path_http2_stream *path_http2_stream_of(struct path_exchange *e)
{
	if (e->message)
		return ((struct path_http2_grpc *)(void *)e)->s;
	return (struct path_http2_stream *)(void *)e;
}

/* ---- what becomes of a message ---- */

/* The call's record tells of the message that it ended by, whose head was the call's. */
static void refuse_call(struct path_http2_grpc *g)
{
	struct path_http2_stream *s = g->s;
	struct path_http *x = s->h->x;

	s->e.verdict = g->e.verdict;
	s->e.status = g->e.status;
	if (g->e.tx) {
		path_http_unlist(&g->e);
		path_http_forget_judging(x, &s->e);
		s->e.tx = g->e.tx;
		g->e.tx = NULL;
		s->e.told = false;
	}
	path_http2_refuse(s, g->e.status, NULL);
}

static void let_go(struct path_http2_grpc *g)
{
	g->s->way[PATH_TO_SERVER].held = 0;
	path_http2_forward(g->s);
}

/* Tells of the message when there is something to be told. */
static void close_message(struct path_http2_grpc *g)
{
	struct path_http2_stream *s = g->s;
	struct path_http *x = s->h->x;
	struct weir_waf_tx *of_call = s->e.tx;

	g->open = g->passing = s->judging_message = false;
	s->e.waf_ns += g->e.waf_ns;
	g->e.waf_ns = 0;
	if (!g->e.tx)
		return;
	if (path_http_has_news(&g->e, &s->e)) {
		s->e.tx = g->e.tx;
		path_exchange_tell(x, &s->e);
		s->e.tx = of_call;
	} else {
		path_http_end_judging(x, &g->e);
	}
	path_http_forget_judging(x, &g->e);
}

static void judge_end(struct path_http2_grpc *g)
{
	const struct path_http_question q = {.step = PATH_JUDGE_REQUEST_END};

	switch (path_http_judge(g->s->h->x, &g->e, &q, NULL)) {
	case PATH_HTTP_ACCEPTED:
		close_message(g);
		let_go(g);
		break;
	case PATH_HTTP_REFUSED:
		refuse_call(g);
		break;
	case PATH_HTTP_UNDECIDED:
		g->s->judging_message = true;
		path_http2_judge_message_later(g->s);
		break;
	}
}

/* ---- taking them ---- */

/* False: the call was refused. */
static bool judge(struct path_http2_grpc *g, const struct path_http_question *q)
{
	bool judged = false;

	switch (path_http_judge(g->s->h->x, &g->e, q, &judged)) {
	case PATH_HTTP_ACCEPTED:
		g->passing |= judged || g->e.unjudged;
		return true;
	case PATH_HTTP_REFUSED:
		refuse_call(g);
		return false;
	case PATH_HTTP_UNDECIDED: /* by what is here, as a rule's body limit has it */
		g->s->judging_message = true;
		path_http2_judge_message_later(g->s);
		return true;
	}
	return false;
}

/* False: the call was refused. */
static bool open_message(struct path_http2_grpc *g)
{
	struct path_http2_stream *s = g->s;
	struct path_http *x = s->h->x;
	struct weir_http_head head;
	const struct path_http_question q = {.step = PATH_JUDGE_REQUEST_HEAD, .head = &head};

	g->e = (struct path_exchange){
		.program = s->e.program,
		.id = s->e.id,
		.begun_ns = x->w->now_ns,
		.stream = s->e.stream,
		.message = true,
	};
	g->open = true;
	path_http_begin_judging(x, &g->e);
	if (!g->e.tx) {
		g->passing = path_http_fails_open(x, &g->e, WEIR_WAF_MEMORY);
		g->e.status = 503;
		if (!g->passing)
			refuse_call(g);
		return g->passing;
	}
	return path_http2_read_head_in(s, &g->head, PATH_TO_SERVER, &head) && judge(g, &q);
}

/* Its messages cannot be told apart. */
static void on_bad(struct path_http2_grpc *g, enum weir_http2_error why)
{
	struct path_http2_stream *s = g->s;

	if (s->e.program->mode != WEIR_WAF_DETECT) {
		path_http2_refuse(s, 400, weir_http2_error_name(why));
		return;
	}
	s->e.bad = weir_http2_error_name(why);
	g->off = true;
	close_message(g);
	let_go(g);
}

/* So many bytes of a message, kept and judged; false: nothing more is to be taken now. */
static bool take_piece(struct path_http2_grpc *g, struct weir_bytes bytes,
		       const struct weir_grpc_piece *piece)
{
	const struct path_http_question q = {.step = PATH_JUDGE_REQUEST_BODY, .content = bytes};
	struct path_http2_stream *s = g->s;
	struct path_http2_way *way = &s->way[PATH_TO_SERVER];
	enum path_http2_taken taken;

	if (!path_http2_scan(s, PATH_TO_SERVER, bytes))
		return false;
	way->held += bytes.len;
	if (s->line == PATH_HTTP2_READY)
		path_http2_leave_line(s); /* the server need not know of what is refused */
	taken = path_http2_keep(s, PATH_TO_SERVER, bytes);
	if (taken == PATH_HTTP2_LOST) {
		path_http2_on_lost(s);
		return false;
	}
	if ((!g->open && !open_message(g)) || (!g->passing && !judge(g, &q)))
		return false;
	if (s->judging_message)
		return false;
	if (piece->ends)
		judge_end(g);
	else if (g->passing)
		let_go(g);
	else if (taken == PATH_HTTP2_FULL)
		path_http2_on_full(s);
	return way->fate != PATH_HTTP_DISCARD && !s->judging_message;
}

size_t path_http2_take_messages(struct path_http2_stream *s, struct weir_bytes in)
{
	struct path_http2_grpc *g = s->grpc;
	struct weir_grpc_piece piece;
	size_t at = 0;
	bool more = true;

	while (more && at < in.len && !s->h->x->dead) {
		struct weir_bytes rest = weir_bytes_of(in.ptr + at, in.len - at);
		ssize_t n = g->off ? (ssize_t)rest.len : weir_grpc_feed(&g->frame, rest, &piece);

		if (n < 0) {
			on_bad(g, (enum weir_http2_error)(-n));
			more = g->off;
			continue;
		}
		rest.len = (size_t)n;
		at += rest.len;
		if (g->off)
			more = path_http2_pass_on(s, rest);
		else
			more = take_piece(g, rest, &piece);
	}
	return at;
}

void path_http2_end_messages(struct path_http2_stream *s)
{
	struct path_http2_grpc *g = s->grpc;

	if (g->open && !s->judging_message && s->way[PATH_TO_SERVER].fate != PATH_HTTP_DISCARD)
		judge_end(g); /* by what there is of it */
}

void path_http2_judge_message(struct path_http2_stream *s)
{
	s->judging_message = false;
	judge_end(s->grpc);
}

void path_http2_pass_messages(struct path_http2_stream *s)
{
	struct path_http2_grpc *g = s->grpc;

	g->passing = g->e.unjudged = true;
	s->judging_message = false;
	let_go(g);
}

/* ---- answers ---- */

/* gRPC over HTTP2, "HTTP2 Transport Mapping"; for what weir itself answers with. */
static unsigned int status_of(uint16_t http)
{
	switch (http) {
	case 400:
		return 13; /* INTERNAL */
	case 401:
		return 16; /* UNAUTHENTICATED */
	case 404:
	case 501:
		return 12; /* UNIMPLEMENTED */
	case 408:
		return 4; /* DEADLINE_EXCEEDED */
	case 413:
	case 431:
		return 8; /* RESOURCE_EXHAUSTED */
	case 429:
	case 502:
	case 503:
	case 504:
		return 14; /* UNAVAILABLE */
	default:
		return 7; /* PERMISSION_DENIED */
	}
}

void path_http2_make_status(struct path_http2_status *to, const struct path_exchange *e)
{
	snprintf(to->code, sizeof(to->code), "%u", status_of(e->status));
	snprintf(to->message, sizeof(to->message), "not let through; the number is %016llx",
		 (unsigned long long)e->id);
	to->fields[0] =
		(struct weir_http_header){weir_bytes_str("grpc-status"), weir_bytes_str(to->code)};
	to->fields[1] = (struct weir_http_header){weir_bytes_str("grpc-message"),
						  weir_bytes_str(to->message)};
}
