/* SPDX-License-Identifier: BSD-3-Clause */
/* The body of a message, of either side: read as it comes, and judged. */
#include "path_http.h"

#define VIEWS 16
/* Pieces of framing or content in a turn, of which some kilobytes count for one more: a millisecond
 * or two. What is left waits, so that chunks of a byte keep nobody from being served. */
#define PIECES_MAX  4096
#define PIECE_BYTES 4096

static void count_content(struct path_exchange *e, unsigned int leg, size_t len)
{
	if (leg == PATH_TO_SERVER)
		e->request_bytes += len;
	else
		e->response_bytes += len;
}

/* False: refused, or not decided. */
static bool judge_content(struct path_http *x, struct path_exchange *e,
			  const struct path_http_reader *r, struct weir_bytes content)
{
	struct path_http_question q = {.step = r->body, .content = content};
	bool judged = false;

	if (!e)
		return true;
	count_content(e, r->leg, content.len);
	if (x->side[r->leg].fate != PATH_HTTP_HOLD)
		return true;
	if (weir_unlikely(x->call && r->leg == PATH_TO_CLIENT))
		return path_http_take_messages(x, content.len);
	if (!content.len)
		return true;
	switch (path_http_judge(x, e, &q, &judged)) {
	case PATH_HTTP_ACCEPTED:
		break;
	case PATH_HTTP_REFUSED:
		r->refuse(x, e);
		return false;
	case PATH_HTTP_UNDECIDED:
		path_http_wait_for_turn(x, r->leg);
		return false;
	}
	if (judged || e->unjudged)
		r->forward(x, e);
	return true;
}

void path_http_judge_end(struct path_http *x, struct path_exchange *e,
			 const struct path_http_reader *r)
{
	struct path_http_question q = {.step = r->end};

	switch (path_http_judge(x, e, &q, NULL)) {
	case PATH_HTTP_ACCEPTED:
		r->forward(x, e);
		break;
	case PATH_HTTP_REFUSED:
		r->refuse(x, e);
		break;
	case PATH_HTTP_UNDECIDED:
		path_http_wait_for_turn(x, r->leg);
		break;
	}
}

/* False: the rest of `in` is not to be looked at, or not yet. */
static bool read_piece(struct path_http *x, struct path_exchange *e,
		       const struct path_http_reader *r, struct weir_bytes in, size_t *pieces)
{
	struct path_http_side *s = &x->side[r->leg];

	while (in.len && !s->body.done) {
		struct weir_bytes content;
		ssize_t n = weir_http_body_feed(&s->body, in, &content);

		if (n < 0) {
			r->on_bad(x, n);
			return false;
		}
		*pieces += 1 + (size_t)n / PIECE_BYTES;
		s->at += (size_t)n;
		in = weir_bytes_of(in.ptr + n, in.len - (size_t)n);
		if (!judge_content(x, e, r, content))
			return false;
		if (*pieces >= PIECES_MAX && !s->body.done) {
			s->paused = true;
			path_http_wait_for_turn(x, r->leg);
			return false;
		}
	}
	return true;
}

void path_http_read_body(struct path_http *x, struct path_exchange *e,
			 const struct path_http_reader *r)
{
	struct weir_bytes views[VIEWS];
	unsigned int n = path_http_views(x, r->leg, views, VIEWS);
	size_t pieces = 0;

	for (unsigned int i = 0; i < n; i++)
		if (!read_piece(x, e, r, views[i], &pieces))
			break;
}

bool path_http_take_judging_turn(struct path_http *x, unsigned int leg)
{
	bool has = path_http_take_turn(x, leg), paused = x->side[leg].paused;

	x->side[leg].paused = paused && !has;
	return has && !paused;
}

void path_http_place(struct path_http *x, unsigned int leg)
{
	struct path_http_side *s = &x->side[leg];

	if (s->fate == PATH_HTTP_PASS)
		s->free = s->at;
	else if (s->fate == PATH_HTTP_DISCARD)
		path_http_discard(x, leg);
}
