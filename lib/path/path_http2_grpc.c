/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Calls of gRPC. A call is a conversation: its messages cannot be held until the last of them has
 * come, for either side may wait for the other's next one. So each is judged by itself, as if it
 * were all of a body, and goes on when it was: bytes of a message that is not whole yet, or not
 * judged, are the last of what is held. What the head is judged by is done once: for each message
 * the transaction goes back to what it was behind the head. A request's messages have one of their
 * own, a response's are judged by the call's. A message in which rules have found something has a
 * record of its own.
 */
#include "path_http2.h"

/* What one side of a call says. */
struct path_http2_messages {
	struct path_exchange own; /* first; of a request: the message at hand, as all of it */
	struct path_exchange *e;  /* that they are judged as */
	struct path_http2_stream *s;
	struct weir_grpc frame;
	struct weir_http2_queue head;       /* of a request, for each of its messages */
	struct path_http_findings of_heads; /* what rules have found in the call without them */
	uint8_t leg;
	bool begun;   /* one has come */
	bool open;    /* something of a message has come */
	bool whole;   /* and nothing more of it comes */
	bool passing; /* what comes of it goes on */
	bool judging; /* it is judged, in turns */
	bool marked;  /* the transaction can go back to behind the head */
	bool off;     /* all that comes goes on */
	bool shared;  /* the message at hand begins in a quantum that has gone on */
	bool over;    /* nothing is to be taken any more */
};

static struct path_http2_way *way_of(const struct path_http2_messages *m)
{
	return &m->s->way[m->leg];
}

/* ---- beginning and end ---- */

static struct path_http2_messages *begin(struct path_http2_stream *s, unsigned int leg,
					 enum weir_http_grpc kind)
{
	struct path_http2_messages *m = weir_http2_take(s->h->client, sizeof(*m));

	if (!m)
		return NULL;
	memset(m, 0, sizeof(*m));
	m->s = s;
	m->e = leg == PATH_TO_SERVER ? &m->own : &s->e;
	m->leg = (uint8_t)leg;
	s->messages[leg] = m;
	weir_grpc_init(&m->frame, UINT32_MAX); /* rules say what is too long */
	m->frame.is_text = kind == WEIR_HTTP_GRPC_WEB_TEXT;
	return m;
}

bool path_http2_begin_requests(struct path_http2_stream *s)
{
	struct path_http2_worker *w = s->h->x->w->http2;
	struct path_http2_messages *m = begin(s, PATH_TO_SERVER, s->e.call);
	size_t n;

	if (!m)
		return false;
	n = weir_http2_queue_read(&s->way[PATH_TO_SERVER].head, w->text, sizeof(w->text));
	return weir_http2_queue_add(s->h->client, &m->head, weir_bytes_of(w->text, n));
}

bool path_http2_begin_responses(struct path_http2_stream *s, enum weir_http_grpc kind)
{
	struct path_http2_messages *m = begin(s, PATH_TO_CLIENT, kind);

	if (!m)
		return false;
	if (!weir_waf_tx_mark(s->e.tx)) {
		path_http2_end_messages(s, PATH_TO_CLIENT);
		return false;
	}
	m->frame.takes_trailers = true;
	m->marked = true;
	path_http_hold(s->h->x, &s->e);
	return true;
}

void path_http2_end_messages(struct path_http2_stream *s, unsigned int leg)
{
	struct path_http2_messages *m = s->messages[leg];

	if (!m)
		return;
	s->messages[leg] = NULL;
	path_http_forget_judging(s->h->x, &m->own);
	weir_http2_queue_drop(s->h->client, &m->head, SIZE_MAX);
	weir_http2_give(s->h->client, m);
}

struct path_http2_stream *path_http2_stream_of(struct path_exchange *e)
{
	if (e->message)
		return ((struct path_http2_messages *)(void *)e)->s;
	return (struct path_http2_stream *)(void *)e;
}

bool path_http2_is_judging_message(const struct path_http2_stream *s, unsigned int leg)
{
	return s->messages[leg] && s->messages[leg]->judging;
}

bool path_http2_takes_messages(const struct path_http2_stream *s, unsigned int leg)
{
	return s->messages[leg] && !s->messages[leg]->over && s->way[leg].fate == PATH_HTTP_PASS;
}

void path_http2_stop_messages(struct path_http2_stream *s)
{
	for (unsigned int leg = PATH_TO_SERVER; leg <= PATH_TO_CLIENT; leg++)
		if (s->messages[leg])
			s->messages[leg]->over = true;
}

/* ---- what becomes of a message ---- */

/* The call's record tells of the message that it ended by, whose head was the call's. */
static void refuse_call(struct path_http2_messages *m)
{
	struct path_http2_stream *s = m->s;

	s->e.verdict = m->e->verdict;
	s->e.status = m->e->status;
	if (m->e->tx) {
		path_http_unlist(m->e);
		path_http_forget_judging(s->h->x, &s->e);
		s->e.tx = m->e->tx;
		m->e->tx = NULL;
		s->e.told = false;
	}
	path_http2_refuse(s, m->e->status, NULL);
}

static void refuse(struct path_http2_messages *m)
{
	if (m->leg == PATH_TO_SERVER)
		refuse_call(m);
	else
		path_http2_refuse_response(m->s);
}

static void let_go(struct path_http2_messages *m)
{
	struct path_http2_stream *s = m->s;

	way_of(m)->held = 0;
	if (m->leg == PATH_TO_SERVER)
		path_http2_forward(s);
	else if (s->client)
		weir_http2_resume(s->client);
	s->h->progress = true;
}

/* It waits for the next message, unless others need its memory before. */
static void keep_judging(struct path_http2_messages *m)
{
	struct path_http *x = m->s->h->x;

	weir_waf_tx_rewind(m->e->tx, path_unix_ns(x->w));
	m->own.idle = m->leg == PATH_TO_SERVER;
	path_http_hold(x, m->e);
}

/* Tells of the message when there is something to be told. */
static void close_message(struct path_http2_messages *m)
{
	struct path_http2_stream *s = m->s;
	struct path_http *x = s->h->x;
	struct weir_waf_tx *of_call = s->e.tx;
	bool is_request = m->leg == PATH_TO_SERVER;

	m->open = m->passing = m->judging = m->whole = m->shared = false;
	s->e.waf_ns += m->own.waf_ns;
	m->own.waf_ns = 0;
	if (!m->e->tx)
		return;
	if (path_http_has_more(m->e, m->of_heads)) {
		s->e.tx = m->e->tx;
		path_exchange_tell(x, &s->e);
		s->e.tx = of_call;
	} else {
		path_http_end_judging(x, m->e);
	}
	if (m->marked && !m->e->unjudged)
		keep_judging(m);
	else if (is_request)
		path_http_forget_judging(x, m->e);
}

static void judge_end(struct path_http2_messages *m)
{
	const struct path_http_question q = {.step = m->leg == PATH_TO_SERVER
							     ? PATH_JUDGE_REQUEST_END
							     : PATH_JUDGE_RESPONSE_END};

	m->judging = false;
	switch (path_http_judge(m->s->h->x, m->e, &q, NULL)) {
	case PATH_HTTP_ACCEPTED:
		if (m->whole)
			close_message(m);
		else
			m->passing = true; /* what is still to come of it */
		let_go(m);
		break;
	case PATH_HTTP_REFUSED:
		refuse(m);
		break;
	case PATH_HTTP_UNDECIDED:
		m->judging = true;
		path_http2_judge_message_later(m->s);
		break;
	}
}

/* ---- taking them ---- */

/* False: the call was refused. */
static bool judge(struct path_http2_messages *m, const struct path_http_question *q)
{
	bool judged = false;

	switch (path_http_judge(m->s->h->x, m->e, q, &judged)) {
	case PATH_HTTP_ACCEPTED:
		m->passing |= judged || m->e->unjudged;
		if (judged && m->leg == PATH_TO_CLIENT)
			path_http_hold(m->s->h->x, m->e);
		return true;
	case PATH_HTTP_REFUSED:
		refuse(m);
		return false;
	case PATH_HTTP_UNDECIDED: /* by what is here, as a rule's body limit has it */
		m->judging = true;
		path_http2_judge_message_later(m->s);
		return true;
	}
	return false;
}

/* False: the call was refused. */
static bool judge_head(struct path_http2_messages *m)
{
	struct weir_http_head head;
	const struct path_http_question q = {.step = PATH_JUDGE_REQUEST_HEAD, .head = &head};

	if (!path_http2_read_head_in(m->s, &m->head, PATH_TO_SERVER, &head) || !judge(m, &q))
		return false;
	m->marked = !m->passing && weir_waf_tx_mark(m->e->tx);
	return true;
}

/* False: the call was refused. */
static bool open_request(struct path_http2_messages *m)
{
	struct path_http2_stream *s = m->s;
	struct path_http *x = s->h->x;
	struct weir_waf_tx *kept = m->own.tx;

	path_http_unlist(&m->own);
	m->own = (struct path_exchange){
		.program = s->e.program,
		.tx = kept,
		.id = s->e.id,
		.begun_ns = x->w->now_ns,
		.stream = s->e.stream,
		.message = true,
	};
	if (kept) {
		path_http_list(PATH_HTTP_HELD, x, &m->own);
		return true;
	}
	m->marked = false;
	path_http_begin_judging(x, &m->own);
	if (m->own.tx)
		return judge_head(m);
	m->passing = path_http_fails_open(x, &m->own, WEIR_WAF_MEMORY);
	m->own.status = 503;
	if (!m->passing)
		refuse(m);
	return m->passing;
}

/* False: the call was refused. */
static bool open_message(struct path_http2_messages *m)
{
	if (!m->begun)
		m->of_heads = path_http_findings(&m->s->e);
	m->begun = m->open = true;
	return m->leg == PATH_TO_CLIENT || open_request(m);
}

/* Its messages cannot be told apart. */
static void on_bad(struct path_http2_messages *m, enum weir_http2_error why)
{
	struct path_http2_stream *s = m->s;

	if (s->e.program->mode == WEIR_WAF_DETECT) {
		s->e.bad = weir_http2_error_name(why);
		m->off = true;
		m->frame.n_rest = 0;
		if (m->open)
			close_message(m);
		let_go(m);
	} else if (m->leg == PATH_TO_SERVER) {
		path_http2_refuse(s, 400, weir_http2_error_name(why));
	} else {
		weir_count(&s->h->x->w->stats, WEIR_COUNT_HTTP_BAD_RESPONSE, 1);
		s->e.bad = weir_http2_error_name(why);
		s->e.status = 400;
		path_http2_refuse_response(s);
	}
}

static void on_lost(struct path_http2_messages *m)
{
	if (m->leg == PATH_TO_SERVER)
		path_http2_on_lost(m->s);
	else
		path_http2_on_lost_response(m->s);
}

/* All that there is room for is held: a response is judged by that, a request perhaps. */
static void on_full(struct path_http2_messages *m)
{
	struct path_http *x = m->s->h->x;

	if (m->leg == PATH_TO_SERVER && !path_http_is_cut(x, m->e)) {
		path_http2_on_full(m->s);
		return;
	}
	if (m->leg == PATH_TO_CLIENT)
		weir_count(&x->w->stats, WEIR_COUNT_HTTP_LIMIT, 1);
	judge_end(m);
}

/* Whether there is more to be taken, now. */
static bool may_go_on(const struct path_http2_messages *m)
{
	return !m->over && !m->judging && way_of(m)->fate != PATH_HTTP_DISCARD;
}

/* So many bytes of a message, kept and judged by what they are; false: nothing more is to be taken
 * now. */
static bool take_piece(struct path_http2_messages *m, struct weir_bytes bytes,
		       struct weir_bytes content, const struct weir_grpc_piece *piece)
{
	const struct path_http_question q = {.step = m->leg == PATH_TO_SERVER
							     ? PATH_JUDGE_REQUEST_BODY
							     : PATH_JUDGE_RESPONSE_BODY,
					     .content = content};
	struct path_http2_stream *s = m->s;
	enum path_http2_taken taken;

	if (!path_http2_scan(s, m->leg, bytes))
		return false;
	way_of(m)->held += bytes.len;
	if (s->line == PATH_HTTP2_READY)
		path_http2_leave_line(s); /* the server need not know of what is refused */
	taken = path_http2_keep(s, m->leg, bytes);
	if (taken == PATH_HTTP2_LOST) {
		on_lost(m);
		return false;
	}
	if (!m->open)
		m->shared = !bytes.len;
	if ((!m->open && !open_message(m)) || (!m->passing && !judge(m, &q)))
		return false;
	m->whole = piece->ends;
	if (m->judging)
		return false;
	if (piece->ends)
		judge_end(m);
	else if (m->passing)
		let_go(m);
	else if (taken == PATH_HTTP2_FULL)
		on_full(m);
	return may_go_on(m);
}

static bool pass_on(struct path_http2_messages *m, struct weir_bytes bytes)
{
	if (m->leg == PATH_TO_SERVER)
		return path_http2_pass_on(m->s, bytes);
	return path_http2_pass_response(m->s, bytes);
}

size_t path_http2_take_messages(struct path_http2_stream *s, unsigned int leg, struct weir_bytes in)
{
	struct path_http2_messages *m = s->messages[leg];
	struct weir_grpc_piece piece;
	struct weir_bytes content;
	uint8_t room[WEIR_GRPC_ROOM];
	size_t at = 0;
	bool more = !m->judging;

	while (more && (at < in.len || m->frame.n_rest) && !s->h->x->dead) {
		struct weir_bytes rest = weir_bytes_of(in.ptr + at, in.len - at);
		ssize_t n = m->off ? (ssize_t)rest.len
				   : weir_grpc_read(&m->frame, rest, room, &content, &piece);

		if (n < 0) {
			on_bad(m, (enum weir_http2_error)(-n));
			more = m->off;
			continue;
		}
		rest.len = (size_t)n;
		at += rest.len;
		if (m->off)
			more = pass_on(m, rest);
		else
			more = take_piece(m, rest, content, &piece);
	}
	return at;
}

/* What a response's rules say of its end, of whose messages nothing more comes. */
static void judge_end_of_response(struct path_http2_messages *m)
{
	const struct path_http_question q = {.step = PATH_JUDGE_RESPONSE_END};

	m->over = true;
	path_http_unlist(m->e);
	if (path_http_judge(m->s->h->x, m->e, &q, NULL) == PATH_HTTP_REFUSED)
		refuse(m);
}

void path_http2_finish_messages(struct path_http2_stream *s, unsigned int leg)
{
	struct path_http2_messages *m = s->messages[leg];

	if (m->frame.text.have && !m->off && may_go_on(m))
		on_bad(m, WEIR_HTTP2_E_GRPC_TEXT);
	if (m->open && may_go_on(m)) {
		m->whole = true;
		judge_end(m); /* by what there is of it */
	}
	if (leg == PATH_TO_CLIENT && may_go_on(m))
		judge_end_of_response(m);
}

bool path_http2_is_at_message(const struct path_http2_stream *s)
{
	const struct path_http2_messages *m = s->messages[PATH_TO_CLIENT];

	return m && !m->off && !m->frame.n_rest && !(m->open && (m->passing || m->shared));
}

void path_http2_judge_messages(struct path_http2_stream *s)
{
	for (unsigned int leg = PATH_TO_SERVER; leg <= PATH_TO_CLIENT; leg++) {
		struct path_http2_messages *m = s->messages[leg];

		if (m && m->judging && !m->over)
			judge_end(m);
	}
}

void path_http2_evict_message(struct path_http2_stream *s)
{
	s->messages[PATH_TO_SERVER]->judging = true;
}

void path_http2_pass_messages(struct path_http2_stream *s, unsigned int leg)
{
	struct path_http2_messages *m = s->messages[leg];

	m->passing = m->e->unjudged = true;
	m->judging = false;
	let_go(m);
}
