/* SPDX-License-Identifier: BSD-3-Clause */
/* Content that waits, in pieces of the session's memory. */
#include "http2_impl.h"

#define PIECE 4064u /* with its heads, 4 KiB */

struct weir_http2_piece {
	struct weir_http2_piece *next;
	uint32_t len;
	uint32_t unused;
	uint8_t bytes[];
};
#define ROOM (PIECE - (uint32_t)sizeof(struct weir_http2_piece))

static size_t min(size_t a, size_t b)
{
	return a < b ? a : b;
}

static void free_all(struct weir_http2_session *s, struct weir_http2_piece *p)
{
	while (p) {
		struct weir_http2_piece *next = p->next;

		http2_free(&s->memory, p);
		p = next;
	}
}

/* Pieces for `bytes`, empty. */
static bool make_room(struct weir_http2_session *s, size_t bytes, struct weir_http2_piece **first)
{
	*first = NULL;
	for (size_t have = 0; have < bytes; have += ROOM) {
		struct weir_http2_piece *p = http2_alloc(&s->memory, PIECE);

		if (!p) {
			free_all(s, *first);
			return false;
		}
		p->next = *first;
		p->len = 0;
		*first = p;
	}
	return true;
}

static struct weir_bytes fill(struct weir_http2_piece *p, struct weir_bytes in)
{
	size_t n = min(ROOM - p->len, in.len);

	memcpy(p->bytes + p->len, in.ptr, n);
	p->len += (uint32_t)n;
	return weir_bytes_of(in.ptr + n, in.len - n);
}

bool weir_http2_queue_add(struct weir_http2_session *s, struct weir_http2_queue *q,
			  struct weir_bytes in)
{
	size_t room = q->last ? ROOM - q->last->len : 0;
	struct weir_http2_piece *more;

	if (!in.len)
		return true;
	if (!make_room(s, in.len > room ? in.len - room : 0, &more))
		return false;
	q->bytes += in.len;
	if (q->last) {
		in = fill(q->last, in);
		q->last->next = more;
	} else {
		q->first = more;
	}
	for (; more; more = more->next) {
		in = fill(more, in);
		q->last = more;
	}
	return true;
}

struct weir_bytes weir_http2_queue_front(const struct weir_http2_queue *q)
{
	if (!q->first)
		return (struct weir_bytes){0};
	return weir_bytes_of(q->first->bytes + q->off, q->first->len - q->off);
}

size_t weir_http2_queue_read(const struct weir_http2_queue *q, uint8_t *to, size_t max)
{
	uint32_t off = q->off;
	size_t done = 0;

	for (const struct weir_http2_piece *p = q->first; p && done < max; p = p->next) {
		size_t n = min(p->len - off, max - done);

		memcpy(to + done, p->bytes + off, n);
		done += n;
		off = 0;
	}
	return done;
}

unsigned int weir_http2_queue_views(const struct weir_http2_queue *q, size_t skip,
				    struct weir_bytes *views, unsigned int max)
{
	unsigned int n = 0;

	skip += q->off;
	for (const struct weir_http2_piece *p = q->first; p && n < max; p = p->next) {
		if (skip < p->len)
			views[n++] = weir_bytes_of(p->bytes + skip, p->len - skip);
		skip -= min(skip, p->len);
	}
	return n;
}

void weir_http2_queue_drop(struct weir_http2_session *s, struct weir_http2_queue *q, size_t n)
{
	n = min(n, q->bytes);
	q->bytes -= n;
	while (q->first && n >= q->first->len - q->off) {
		struct weir_http2_piece *p = q->first;

		n -= p->len - q->off;
		q->off = 0;
		q->first = p->next;
		http2_free(&s->memory, p);
	}
	q->off += (uint32_t)n;
	if (!q->first)
		*q = (struct weir_http2_queue){0};
}

void weir_http2_queue_cut(struct weir_http2_session *s, struct weir_http2_queue *q, size_t n)
{
	size_t left = q->bytes - min(n, q->bytes);
	struct weir_http2_piece *p = q->first;

	if (!left) {
		weir_http2_queue_drop(s, q, q->bytes);
		return;
	}
	q->bytes = left;
	for (left += q->off; left > p->len; p = p->next)
		left -= p->len;
	p->len = (uint32_t)left;
	free_all(s, p->next);
	p->next = NULL;
	q->last = p;
}

size_t weir_http2_queue_take(struct weir_http2_session *s, struct weir_http2_queue *q, uint8_t *to,
			     size_t max)
{
	size_t done = 0;

	while (done < max && q->first) {
		struct weir_bytes front = weir_http2_queue_front(q);
		size_t n = min(front.len, max - done);

		memcpy(to + done, front.ptr, n);
		weir_http2_queue_drop(s, q, n);
		done += n;
	}
	return done;
}
