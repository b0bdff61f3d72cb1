/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The bytes of a head, in one piece. Heads come in as many segments as their sender likes, so each
 * byte is looked at once for the empty line; the parser is asked only when that has come, when the
 * first line is there, and when there is twice as much as it has seen: what is wrong is found
 * early, and a head of n bytes costs some n, in however many pieces.
 */
#include "path_http.h"
#include "path_stream.h"

#define VIEWS 16
/* A window that large is there from the beginning, half of it at least. */
#define USUAL_HEAD (32u << 10)

void path_http_expect_head(struct path_http *x, unsigned int leg)
{
	struct path_http_side *s = &x->side[leg];

	s->state = PATH_HTTP_HEAD;
	s->fate = PATH_HTTP_HOLD;
	s->searched = s->tried = s->line = 0;
	s->last = 0;
	s->since_ns = 0;
}

/* Whether the line that ends before `lf` has nothing but a CR, perhaps. */
static bool is_empty_line(const struct path_http_side *s, const uint8_t *from, size_t len)
{
	uint32_t all = s->line + (uint32_t)len;
	uint8_t last = len ? from[len - 1] : s->last;

	return all == 0 || (all == 1 && last == '\r');
}

/* True when an empty line ends among `b`; counts lines in *lines. */
static bool search(struct path_http_side *s, struct weir_bytes b, unsigned int *lines)
{
	const uint8_t *at = b.ptr, *end = b.ptr + b.len;
	bool found = false;

	while (at < end) {
		const uint8_t *lf = memchr(at, '\n', (size_t)(end - at));
		size_t len = (size_t)((lf ? lf : end) - at);

		if (!lf) {
			s->line += (uint32_t)len;
			s->last = end[-1];
			break;
		}
		found |= is_empty_line(s, at, len);
		(*lines)++;
		s->line = 0;
		s->last = '\n';
		at = lf + 1;
	}
	s->searched += (uint32_t)b.len;
	return found;
}

/* Looks at what is new. True when the parser should see it. */
static bool is_worth_parsing(struct path_http *x, unsigned int leg, uint32_t left)
{
	struct path_http_side *s = &x->side[leg];
	struct weir_bytes views[VIEWS];
	unsigned int lines = 0;
	bool found = false;

	while (s->searched < left && !found) {
		unsigned int n = path_stream_read(
			x->k, leg, (uint32_t)(s->at - path_stream_offset(x->k, leg)) + s->searched,
			views, VIEWS);

		if (!n)
			break;
		for (unsigned int i = 0; i < n && s->searched < left; i++) {
			if (views[i].len > left - s->searched)
				views[i].len = left - s->searched;
			found |= search(s, views[i], &lines);
		}
	}
	return found || s->line > x->service.limits.line_bytes ||
	       (lines && (!s->tried || left >= 2 * s->tried));
}

/* In one segment it lies well where it is. */
struct weir_bytes path_http_gather(struct path_http *x, unsigned int leg, uint64_t from,
				   uint32_t len)
{
	uint8_t *to = x->w->http->head;
	struct weir_bytes views[VIEWS];
	uint64_t offset = path_stream_offset(x->k, leg);
	uint32_t done = 0;

	while (done < len) {
		unsigned int n =
			path_stream_read(x->k, leg, (uint32_t)(from - offset) + done, views, VIEWS);

		weir_assert(n > 0);
		if (!done && views[0].len >= len)
			return weir_bytes_of(views[0].ptr, len);
		for (unsigned int i = 0; i < n && done < len; i++) {
			uint32_t part = RTE_MIN((uint32_t)views[i].len, len - done);

			memcpy(to + done, views[i].ptr, part);
			done += part;
		}
	}
	return weir_bytes_of(to, len);
}

bool path_http_find_head(struct path_http *x, unsigned int leg, struct weir_bytes *in, bool *last)
{
	struct path_http_side *s = &x->side[leg];
	uint64_t all = path_http_left(x, leg);
	uint32_t left = (uint32_t)RTE_MIN(all, PATH_HTTP_HEAD_MAX);

	if (!left)
		return false;
	if (!s->since_ns)
		s->since_ns = x->w->now_ns;
	if (left > USUAL_HEAD)
		path_stream_want(x->w, x->k, leg, 2 * left);
	*last = left == PATH_HTTP_HEAD_MAX || path_http_is_full(x, leg);
	if (!is_worth_parsing(x, leg, left) && !*last)
		return false;
	s->tried = left;
	*in = path_http_gather(x, leg, s->at, left);
	return true;
}
