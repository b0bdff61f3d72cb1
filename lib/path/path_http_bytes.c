/* SPDX-License-Identifier: BSD-3-Clause */
/* The bytes of a side: what is to be read of its peer's stream, and what of it goes on. */
#include "path_http.h"
#include "path_stream.h"

#define ROOM_AHEAD (64u << 10)

bool path_http_settle(struct path_http *x, unsigned int leg)
{
	struct path_http_side *s = &x->side[leg];
	uint64_t offset = path_stream_offset(x->k, leg);

	if (offset < s->free)
		path_stream_pass(x->w, x->k, leg, (uint32_t)(s->free - offset));
	return path_stream_offset(x->k, leg) == s->free;
}

void path_http_discard(struct path_http *x, unsigned int leg)
{
	struct path_http_side *s = &x->side[leg];

	if (s->at > s->free)
		path_stream_discard(x->w, x->k, leg, (uint32_t)(s->at - s->free));
	s->free = s->at;
}

unsigned int path_http_views(const struct path_http *x, unsigned int leg, struct weir_bytes *views,
			     unsigned int max)
{
	uint64_t left = path_http_left(x, leg);
	uint64_t skip = x->side[leg].at - path_stream_offset(x->k, leg);
	unsigned int n = left ? path_stream_read(x->k, leg, (uint32_t)skip, views, max) : 0;

	for (unsigned int i = 0; i < n; i++) {
		if (views[i].len >= left) {
			views[i].len = left;
			return i + 1;
		}
		left -= views[i].len;
	}
	return n;
}

/* What stream rules have not let pass yet comes before its end. */
bool path_http_is_ended(const struct path_http *x, unsigned int leg)
{
	return path_stream_is_ended(x->k, leg) &&
	       x->side[leg].clean ==
		       path_stream_offset(x->k, leg) + path_stream_readable(x->k, leg);
}

bool path_http_is_full(const struct path_http *x, unsigned int leg)
{
	return path_stream_is_full(x->w, x->k, leg);
}

/* Chunk framing comes on top of what is held for a rule's body limit, so room is made for twice as
 * much as there is. */
void path_http_make_room(struct path_http *x, unsigned int leg,
			 void (*on_full)(struct path_http *x))
{
	struct path_http_side *s = &x->side[leg];
	uint64_t held = s->at - s->free;

	if (path_http_left(x, leg))
		return;
	path_stream_want(x->w, x->k, leg, (uint32_t)(2 * held) + ROOM_AHEAD);
	if (path_http_is_full(x, leg))
		on_full(x);
}
