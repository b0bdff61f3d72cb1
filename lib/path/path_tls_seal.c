/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is said to the peer of a leg: records, sealed right into the packet buffers that TCP sends,
 * or the bytes as they are where there is no TLS. Nothing is said before its handshake is done.
 */
#include "path_tls.h"

#define PAUSE_NS   WEIR_NS_PER_S
#define SMALL_TILL (64u << 10) /* bytes */
#define OPTIONS    12          /* of each segment: timestamps */

/* ---- where libssl makes the bytes ---- */

static int write_bytes(void *ctx, struct weir_bytes bytes)
{
	const struct path_tls_out *o = ctx;

	return weir_tcp_write(o->x->w->tcp, o->x->k->conn, o->leg, bytes);
}

struct weir_tls_writer path_tls_writer(struct path_tls_out *o)
{
	return (struct weir_tls_writer){.write = write_bytes, .ctx = o};
}

/* ---- room in TCP's queue ---- */

static unsigned int rooms_of(const struct weir_spans *spans, struct weir_tls_room *rooms)
{
	unsigned int n = 0;

	for (const struct weir_span *s = spans->head; s && n < PATH_TLS_ROOMS; s = s->next)
		rooms[n++] = (struct weir_tls_room){weir_tcp_room(s), s->len};
	return n;
}

/* TCP says the same of a leg that is not open yet and of one that is over. */
static int why_not(const struct path_tls *x, unsigned int leg, int error)
{
	struct weir_tcp_leg_info info;

	if (error != -WEIR_EINVAL)
		return -WEIR_EAGAIN;
	weir_tcp_leg_info(x->k->conn, leg, &info);
	return info.state == WEIR_TCP_HANDSHAKE ? -WEIR_EAGAIN : -WEIR_EINVAL;
}

/* ---- records ---- */

/* A record can be read once all of it has come. At first, and after a pause, the window lets few
 * segments go, and each may be lost: then a record is a segment's, as browsers like it. */
uint32_t path_tls_most(const struct path_tls *x, unsigned int leg)
{
	const struct path_tls_leg *l = &x->leg[leg];
	struct weir_tcp_leg_info info;

	if (l->state != PATH_TLS_OPEN ||
	    (l->burst >= SMALL_TILL && x->w->now_ns - l->said_ns < PAUSE_NS))
		return WEIR_TLS_RECORD_MAX;
	weir_tcp_leg_info(x->k->conn, leg, &info);
	return info.mss > WEIR_TLS_OVERHEAD_MAX + OPTIONS
		       ? RTE_MIN(info.mss - WEIR_TLS_OVERHEAD_MAX - OPTIONS,
				 (uint32_t)WEIR_TLS_RECORD_MAX)
		       : 1;
}

static void note_said(struct path_tls *x, unsigned int leg, uint32_t len)
{
	struct path_tls_leg *l = &x->leg[leg];

	if (x->w->now_ns - l->said_ns >= PAUSE_NS)
		l->burst = 0;
	l->said_ns = x->w->now_ns;
	l->burst = RTE_MIN(l->burst + len, SMALL_TILL);
}

static int put_record(struct path_tls *x, unsigned int leg, const struct weir_bytes *views,
		      unsigned int n, uint32_t len)
{
	struct path_tls_leg *l = &x->leg[leg];
	struct weir_tcp *t = x->w->tcp;
	struct weir_tls_room rooms[PATH_TLS_ROOMS];
	struct weir_spans spans;
	struct weir_tls_spans s = {.in = views, .n_in = n, .out = rooms};
	size_t size = weir_tls_seal_room(&l->records, len);
	int error;

	if (!path_tls_post(x, leg))
		return -WEIR_EAGAIN;
	error = weir_tcp_reserve(t, x->k->conn, leg, size, &spans);
	if (error)
		return why_not(x, leg, error);
	s.n_out = rooms_of(&spans, rooms);
	if (weir_tls_seal(x->w->tls->crypto, &l->records, WEIR_TLS_APPLICATION_DATA, &s) !=
	    (ssize_t)size) {
		weir_tcp_give_up(t, &spans);
		path_tls_fail(x, leg, -WEIR_TLS_E_KEY_LIMIT);
		return -WEIR_EINVAL;
	}
	weir_tcp_commit(t, x->k->conn, leg, &spans);
	note_said(x, leg, len);
	return 0;
}

/* A record that libssl has made and that finds no room would be missing in the stream. */
static int put_kept(struct path_tls *x, unsigned int leg, const struct weir_bytes *views,
		    unsigned int n)
{
	struct path_tls_out o = {x, leg};
	const struct weir_tls_writer writer = path_tls_writer(&o);
	int error = weir_tls_kept_write(x->leg[leg].conn, views, n, &writer);

	if (!error)
		return 0;
	path_tls_fail(x, leg, error);
	return -WEIR_EINVAL;
}

static int put_plain(struct path_tls *x, unsigned int leg, const struct weir_bytes *views,
		     uint32_t len)
{
	struct weir_tcp *t = x->w->tcp;
	struct weir_spans spans;
	struct weir_bytes from = *views;
	int error = weir_tcp_reserve(t, x->k->conn, leg, len, &spans);

	if (error)
		return why_not(x, leg, error);
	for (struct weir_span *s = spans.head; s; s = s->next)
		for (uint32_t at = 0; at < s->len;) {
			uint32_t part = RTE_MIN((uint32_t)from.len, s->len - at);

			memcpy(weir_tcp_room(s) + at, from.ptr, part);
			at += part;
			from = weir_bytes_of(from.ptr + part, from.len - part);
			if (!from.len && len > part)
				from = *++views;
			len -= part;
		}
	weir_tcp_commit(t, x->k->conn, leg, &spans);
	return 0;
}

int path_tls_put(struct path_tls *x, unsigned int leg, const struct weir_bytes *views,
		 unsigned int n, uint32_t len)
{
	const struct path_tls_leg *l = &x->leg[leg];

	if (l->shut)
		return -WEIR_EINVAL;
	switch (l->state) {
	case PATH_TLS_PLAIN:
		return put_plain(x, leg, views, len);
	case PATH_TLS_OPEN:
		return l->kept ? put_kept(x, leg, views, n) : put_record(x, leg, views, n, len);
	case PATH_TLS_FAILED:
		return -WEIR_EINVAL;
	case PATH_TLS_IDLE:
	case PATH_TLS_HANDSHAKE:
		break;
	}
	return -WEIR_EAGAIN;
}

/* ---- what is no data ---- */

bool path_tls_post(struct path_tls *x, unsigned int leg)
{
	struct path_tls_leg *l = &x->leg[leg];
	struct weir_tls_room room;
	uint8_t bytes[WEIR_TLS_POST_MAX];
	ssize_t n;

	if (l->kept)
		return true;
	while (weir_tls_post_due(&l->records)) {
		struct weir_spans spans;

		/* Its size is known only afterwards, and what is sealed must be sent. */
		if (weir_tcp_reserve(x->w->tcp, x->k->conn, leg, sizeof(bytes), &spans))
			return false;
		weir_tcp_give_up(x->w->tcp, &spans);
		room = (struct weir_tls_room){bytes, sizeof(bytes)};
		n = weir_tls_post_write(x->w->tls->crypto, &l->records, &room, 1);
		if (n <= 0)
			break;
		if (weir_tcp_write(x->w->tcp, x->k->conn, leg, weir_bytes_of(bytes, (size_t)n)))
			return false;
	}
	return true;
}

void path_tls_alert(struct path_tls *x, unsigned int leg, uint8_t alert)
{
	struct path_tls_leg *l = &x->leg[leg];
	struct path_tls_out o = {x, leg};
	const struct weir_tls_writer writer = path_tls_writer(&o);
	uint8_t bytes[WEIR_TLS_POST_MAX];
	struct weir_tls_room room = {bytes, sizeof(bytes)};
	ssize_t n;

	if (l->state != PATH_TLS_OPEN || l->shut)
		return;
	if (l->kept) {
		if (alert == WEIR_TLS_CLOSE_NOTIFY)
			(void)!weir_tls_kept_close(l->conn, &writer);
		return;
	}
	if (!path_tls_post(x, leg))
		return;
	n = weir_tls_alert_write(x->w->tls->crypto, &l->records, alert, &room, 1);
	if (n > 0)
		(void)!weir_tcp_write(x->w->tcp, x->k->conn, leg, weir_bytes_of(bytes, (size_t)n));
}
