/* SPDX-License-Identifier: BSD-3-Clause */
/* Streams: what is kept of one while nghttp2 has it open, and how it ends. */
#include "http2_impl.h"

struct weir_http2_stream *http2_stream_open(struct weir_http2_session *s, int32_t id)
{
	struct weir_http2_stream *st = http2_zalloc(&s->memory, sizeof(*st));

	if (!st)
		return NULL;
	st->s = s;
	st->id = id;
	st->next = s->streams;
	st->pprev = &s->streams;
	if (st->next)
		st->next->pprev = &st->next;
	s->streams = st;
	s->n_streams++;
	return st;
}

void http2_stream_close(struct weir_http2_stream *st, enum weir_http2_error why, uint32_t code)
{
	struct weir_http2_session *s = st->s;

	if (s->block.st == st)
		http2_block_drop(s);
	if (st->shown)
		s->events->on_close(s->user, st, why, code);
	/* Nobody will give back what lies with the owner: the others would starve. */
	if (st->unconsumed && !s->told &&
	    nghttp2_session_consume_connection(s->ng, st->unconsumed) != 0)
		(void)http2_fail(s, WEIR_HTTP2_E_MEMORY);
	*st->pprev = st->next;
	if (st->next)
		st->next->pprev = st->pprev;
	s->n_streams -= !st->gone;
	http2_free(&s->memory, st);
}

void http2_stream_gone(struct weir_http2_stream *st, enum weir_http2_error why, uint32_t code)
{
	if (why || !st->unconsumed) {
		http2_stream_close(st, why, code);
		return;
	}
	st->gone = st->dead = true;
	st->s->n_streams--;
}

bool http2_stream_close_ripe(struct weir_http2_session *s)
{
	struct weir_http2_stream *next;

	if (!s->n_ripe)
		return false;
	s->n_ripe = 0;
	for (struct weir_http2_stream *st = s->streams; st; st = next) {
		next = st->next;
		if (st->gone && !st->unconsumed)
			http2_stream_close(st, WEIR_HTTP2_OK, WEIR_HTTP2_NO_ERROR);
	}
	return true;
}

static void submit_reset(struct weir_http2_stream *st, uint32_t code)
{
	struct weir_http2_session *s = st->s;

	st->dead = true;
	if (nghttp2_submit_rst_stream(s->ng, NGHTTP2_FLAG_NONE, st->id, code) != 0)
		(void)http2_fail(s, WEIR_HTTP2_E_MEMORY);
}

/* A peer that has its streams reset by being wrong costs as much as one that resets them itself. */
void http2_stream_bad(struct weir_http2_stream *st, enum weir_http2_error why)
{
	struct weir_http2_session *s = st->s;

	if (st->dead)
		return;
	st->why = why;
	s->events->on_bad(s->user, (uint32_t)st->id, why);
	submit_reset(st, weir_http2_error_code(why));
	if (!http2_charge_reset(s))
		(void)http2_fail(s, WEIR_HTTP2_E_RAPID_RESET);
}

void weir_http2_reset(struct weir_http2_stream *st, uint32_t code)
{
	if (st->gone)
		weir_http2_consume(st, st->unconsumed);
	if (st->dead || st->s->error)
		return;
	st->why = WEIR_HTTP2_E_OWNER;
	submit_reset(st, code);
}

void weir_http2_consume(struct weir_http2_stream *st, size_t n)
{
	struct weir_http2_session *s = st->s;
	int rc;

	weir_assert(n <= st->unconsumed);
	st->unconsumed -= n;
	if (!n || s->error)
		return;
	rc = st->gone ? nghttp2_session_consume_connection(s->ng, n)
		      : nghttp2_session_consume(s->ng, st->id, n);
	s->n_ripe += st->gone && !st->unconsumed;
	if (rc)
		(void)http2_fail(s, WEIR_HTTP2_E_MEMORY);
}

void weir_http2_resume(struct weir_http2_stream *st)
{
	struct weir_http2_session *s = st->s;

	if (!st->deferred || st->dead || s->error)
		return;
	st->deferred = false;
	st->progress_ns = s->now_ns;
	if (nghttp2_session_resume_data(s->ng, st->id) == NGHTTP2_ERR_NOMEM)
		(void)http2_fail(s, WEIR_HTTP2_E_MEMORY);
}

uint32_t weir_http2_stream_id(const struct weir_http2_stream *st)
{
	return (uint32_t)st->id;
}

void *weir_http2_owner(const struct weir_http2_stream *st)
{
	return st->owner;
}

void weir_http2_set_owner(struct weir_http2_stream *st, void *owner)
{
	st->owner = owner;
}
