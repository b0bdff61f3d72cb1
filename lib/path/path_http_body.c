/* SPDX-License-Identifier: BSD-3-Clause */
/* The body of a message, of either side, as it comes. */
#include "path_http.h"

#define VIEWS 16

/* False: the rest of `in` is not to be looked at. */
static bool read_piece(struct path_http *x, const struct path_http_reader *r, struct weir_bytes in)
{
	struct path_http_side *s = &x->side[r->leg];

	while (in.len && !s->body.done) {
		struct weir_bytes content;
		ssize_t n = weir_http_body_feed(&s->body, in, &content);

		if (n < 0) {
			r->on_bad(x, n);
			return false;
		}
		s->at += (size_t)n;
		in = weir_bytes_of(in.ptr + n, in.len - (size_t)n);
		if (!r->on_content(x, content))
			return false;
	}
	return true;
}

void path_http_read_body(struct path_http *x, const struct path_http_reader *r)
{
	struct weir_bytes views[VIEWS];
	unsigned int n = path_http_views(x, r->leg, views, VIEWS);

	for (unsigned int i = 0; i < n; i++)
		if (!read_piece(x, r, views[i]))
			break;
}

void path_http_place(struct path_http *x, unsigned int leg)
{
	struct path_http_side *s = &x->side[leg];

	if (s->fate == PATH_HTTP_PASS)
		s->free = s->at;
	else if (s->fate == PATH_HTTP_DISCARD)
		path_http_discard(x, leg);
}
