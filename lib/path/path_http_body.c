/* SPDX-License-Identifier: BSD-3-Clause */
/* The body of a message, of either side, as it comes. */
#include "path_http.h"

#define VIEWS 16
/* Pieces of framing or content in a turn, of which some kilobytes count for one more: a millisecond
 * or two. What is left waits, so that chunks of a byte keep nobody from being served. */
#define PIECES_MAX  4096
#define PIECE_BYTES 4096

/* False: the rest of `in` is not to be looked at, or not yet. */
static bool read_piece(struct path_http *x, const struct path_http_reader *r, struct weir_bytes in,
		       size_t *pieces)
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
		if (!r->on_content(x, content))
			return false;
		if (*pieces >= PIECES_MAX && !s->body.done) {
			s->paused = true;
			path_http_wait_for_turn(x, r->leg);
			return false;
		}
	}
	return true;
}

void path_http_read_body(struct path_http *x, const struct path_http_reader *r)
{
	struct weir_bytes views[VIEWS];
	unsigned int n = path_http_views(x, r->leg, views, VIEWS);
	size_t pieces = 0;

	for (unsigned int i = 0; i < n; i++)
		if (!read_piece(x, r, views[i], &pieces))
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
