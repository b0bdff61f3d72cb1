/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is said to a peer, by HTTP/2's frames or in HTTP/1.1: as much as TCP can have on its way,
 * and no more, so that what waits does so where its sender's window knows of it. Frames are
 * gathered, for each write becomes a record of TLS.
 */
#include "path_http2.h"
#include "path_stream.h"

#define ROOM_MIN (128u << 10)
#define ROOM_MAX (2u << 20)

/* Twice what may be under way, so that it need not stand still while TCP tells of room. */
static size_t most(const struct path_http2 *h, unsigned int leg)
{
	struct weir_tcp_leg_info info;

	weir_tcp_leg_info(h->x->k->conn, leg, &info);
	return RTE_MIN(RTE_MAX(2 * (size_t)info.cwnd, ROOM_MIN), ROOM_MAX);
}

/* What there was no packet buffer for. */
static struct weir_bytes send(struct path_http2 *h, unsigned int leg, struct weir_bytes bytes)
{
	size_t done;
	int error = path_stream_write(h->x->w, h->x->k, leg, bytes, &done);

	if (error == -WEIR_EINVAL) /* to who is gone nothing need be said */
		done = bytes.len;
	return weir_bytes_of(bytes.ptr + done, bytes.len - done);
}

/* What there was no packet buffer for goes first. */
static bool send_unsent(struct path_http2 *h, unsigned int leg)
{
	struct weir_http2_queue *q = &h->unsent[leg];

	while (q->bytes) {
		struct weir_bytes front = weir_http2_queue_front(q), left = send(h, leg, front);

		weir_http2_queue_drop(path_http2_memory_of(h), q, front.len - left.len);
		if (left.len)
			return false;
	}
	return true;
}

bool path_http2_is_written(const struct path_http2 *h, unsigned int leg)
{
	return !h->unsent[leg].bytes;
}

void path_http2_push(struct path_http2 *h, unsigned int leg)
{
	struct path_http2_worker *w = h->x->w->http2;
	struct weir_bytes bytes = weir_bytes_of(w->out, w->n_out);

	if (w->writer != h || w->writer_leg != leg || !w->n_out)
		return;
	w->n_out = 0;
	if (send_unsent(h, leg))
		bytes = send(h, leg, bytes);
	if (!weir_http2_queue_add(path_http2_memory_of(h), &h->unsent[leg], bytes))
		path_http_abort(h->x);
}

size_t path_http2_room(struct path_http2 *h, unsigned int leg, size_t beside)
{
	const struct path_http2_worker *w = h->x->w->http2;
	struct path_carried *k = h->x->k;
	size_t all = most(h, leg), queued;

	if (weir_unlikely(!send_unsent(h, leg)))
		return 0;
	queued = weir_tcp_queued(k->conn, leg) + beside +
		 (w->writer == h && w->writer_leg == leg ? w->n_out : 0);
	if (queued < all)
		return all - queued;
	weir_tcp_tell_room(k->conn, leg);
	if (k->tls)
		path_tls_tell_room(k->tls, leg);
	return 0;
}

void path_http2_put(struct path_http2 *h, unsigned int leg, struct weir_bytes bytes)
{
	struct path_http2_worker *w = h->x->w->http2;

	weir_assert(!w->n_out || (w->writer == h && w->writer_leg == leg));
	w->writer = h;
	w->writer_leg = leg;
	while (bytes.len) {
		size_t part = RTE_MIN(bytes.len, sizeof(w->out) - w->n_out);

		memcpy(w->out + w->n_out, bytes.ptr, part);
		w->n_out += part;
		bytes = weir_bytes_of(bytes.ptr + part, bytes.len - part);
		if (w->n_out == sizeof(w->out))
			path_http2_push(h, leg);
	}
}

size_t path_http2_write(struct path_http2 *h, unsigned int leg, struct weir_bytes bytes)
{
	size_t n = RTE_MIN(bytes.len, path_http2_room(h, leg, 0));

	path_http2_put(h, leg, weir_bytes_of(bytes.ptr, n));
	return n;
}
