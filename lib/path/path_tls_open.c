/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Records that have come are opened into the queue of plaintext, as long as not too much waits
 * there: what is not opened stays in TCP's receive queue, and its window closes.
 */
#include "path_tls.h"

/* A record in one piece, from more views than are handed on at a time. */
static struct weir_bytes gather(struct path_tls *x, unsigned int leg, size_t size)
{
	struct weir_bytes views[PATH_TLS_VIEWS];
	uint8_t *to = x->w->tls->record;
	size_t at = 0;

	weir_assert(size <= sizeof(x->w->tls->record));
	while (at < size) {
		unsigned int n =
			weir_tcp_read(x->k->conn, leg, (uint32_t)at, views, PATH_TLS_VIEWS);

		weir_assert(n > 0);
		for (unsigned int i = 0; i < n && at < size; i++) {
			size_t part = RTE_MIN(views[i].len, size - at);

			memcpy(to + at, views[i].ptr, part);
			at += part;
		}
	}
	return weir_bytes_of(to, size);
}

/* The views that the first `size` bytes are in; how many. */
static unsigned int cover(struct path_tls *x, unsigned int leg, size_t size,
			  struct weir_bytes *views)
{
	unsigned int n = weir_tcp_read(x->k->conn, leg, 0, views, PATH_TLS_VIEWS);
	size_t have = 0;

	for (unsigned int i = 0; i < n; i++) {
		have += views[i].len;
		if (have >= size)
			return i + 1;
	}
	views[0] = gather(x, leg, size);
	return 1;
}

static void on_content(struct path_tls *x, unsigned int leg, const struct weir_tls_opened *o,
		       const struct weir_tls_room *rooms, unsigned int n)
{
	struct path_tls_leg *l = &x->leg[leg];
	struct weir_bytes views[PATH_TLS_ROOMS];
	size_t left = o->content;
	unsigned int k = 0;

	if (o->type != WEIR_TLS_HANDSHAKE || !l->conn || !weir_tls_wants_ticket(l->conn))
		return;
	for (; k < n && left; k++) {
		views[k] = weir_bytes_of(rooms[k].ptr, RTE_MIN(rooms[k].len, left));
		left -= views[k].len;
	}
	weir_tls_conn_ticket(l->conn, x->w->tls->crypto, views, k);
	if (weir_tls_wants_ticket(l->conn))
		return;
	weir_tls_conn_destroy(l->conn);
	l->conn = NULL;
}

void path_tls_give_up_ticket(struct path_tls_leg *l)
{
	if (!path_tls_waits_for_ticket(l))
		return;
	weir_tls_conn_destroy(l->conn);
	l->conn = NULL;
}

static void be_ended(struct path_tls *x, unsigned int leg, bool cut)
{
	struct path_tls_leg *l = &x->leg[leg];

	l->ended = l->news = true;
	l->cut = cut;
	/* Many servers say nothing any more to who has said its own close_notify. */
	if (cut && !l->shut)
		weir_count(&x->w->stats, WEIR_COUNT_TLS_TRUNCATED, 1);
}

/* What was opened, of whatever kind. */
static void take(struct path_tls *x, unsigned int leg, const struct weir_tls_opened *o,
		 struct rte_mbuf *fresh)
{
	path_tls_take_room(x, leg, o->len, fresh);
	if (o->len) {
		x->leg[leg].news = true;
		path_tls_give_up_ticket(&x->leg[leg]);
	}
	if (o->closed)
		be_ended(x, leg, false);
	if (!path_tls_post(x, leg))
		x->retry = true;
}

/* True: another one may follow. */
static bool open_record(struct path_tls *x, unsigned int leg, size_t size)
{
	struct path_tls_leg *l = &x->leg[leg];
	struct weir_bytes views[PATH_TLS_VIEWS];
	struct weir_tls_room rooms[PATH_TLS_ROOMS];
	struct weir_tls_spans s = {.in = views, .out = rooms};
	struct weir_tls_opened opened;
	struct rte_mbuf *fresh;
	ssize_t used;
	int n;

	s.n_in = cover(x, leg, size, views);
	n = path_tls_make_room(x, leg, weir_tls_open_room(&l->records, size), rooms, PATH_TLS_ROOMS,
			       &fresh);
	if (n < 0)
		return false;
	s.n_out = (unsigned int)n;
	used = weir_tls_open(x->w->tls->crypto, &l->records, &s, &opened);
	if (used <= 0) {
		path_tls_take_room(x, leg, 0, fresh);
		path_tls_fail(x, leg, (int)used);
		return false;
	}
	on_content(x, leg, &opened, rooms, s.n_out);
	(void)weir_tcp_discard(x->w->tcp, x->k->conn, leg, (uint32_t)used);
	take(x, leg, &opened, fresh);
	return true;
}

/* Bytes of the record at the front when all of it has come, 0 else; or negative. */
static ssize_t find_record(struct path_tls *x, unsigned int leg)
{
	struct weir_bytes views[WEIR_TLS_HEADER];
	unsigned int n = weir_tcp_read(x->k->conn, leg, 0, views, WEIR_TLS_HEADER);
	ssize_t size = weir_tls_peek(&x->leg[leg].records, views, n);

	if (size <= 0)
		return size;
	if ((uint32_t)size <= weir_tcp_readable(x->k->conn, leg))
		return size;
	weir_tcp_want(x->w->tcp, x->k->conn, leg, (uint32_t)size + PATH_TLS_HELD);
	return 0;
}

/* It is the same to libssl where its bytes are cut. */
static bool open_kept(struct path_tls *x, unsigned int leg)
{
	struct path_tls_out o = {x, leg};
	const struct weir_tls_writer writer = path_tls_writer(&o);
	struct weir_bytes views[PATH_TLS_VIEWS];
	struct weir_tls_room rooms[PATH_TLS_ROOMS];
	struct weir_tls_spans s = {.in = views, .out = rooms};
	struct weir_tls_opened opened;
	struct rte_mbuf *fresh;
	ssize_t used;
	int n;

	s.n_in = weir_tcp_read(x->k->conn, leg, 0, views, PATH_TLS_VIEWS);
	n = path_tls_make_room(x, leg, WEIR_TLS_RECORD_MAX, rooms, PATH_TLS_ROOMS, &fresh);
	if (n < 0)
		return false;
	s.n_out = (unsigned int)n;
	used = weir_tls_kept_read(x->leg[leg].conn, &s, &writer, &opened);
	if (used < 0) {
		path_tls_take_room(x, leg, 0, fresh);
		path_tls_fail(x, leg, (int)used);
		return false;
	}
	(void)weir_tcp_discard(x->w->tcp, x->k->conn, leg, (uint32_t)used);
	take(x, leg, &opened, fresh);
	return used > 0 || opened.len;
}

static bool open_one(struct path_tls *x, unsigned int leg)
{
	ssize_t size;

	if (x->leg[leg].kept)
		return open_kept(x, leg);
	size = find_record(x, leg);
	if (size >= 0)
		return size && open_record(x, leg, (size_t)size);
	/* It says the same, and has an alert to be sent. */
	(void)!open_record(x, leg, WEIR_TLS_HEADER);
	return false;
}

static bool is_in_record(const struct path_tls *x, unsigned int leg)
{
	const struct path_tls_leg *l = &x->leg[leg];

	return weir_tcp_readable(x->k->conn, leg) ||
	       (l->kept && weir_tls_kept_is_in_record(l->conn));
}

/* FIN, and nothing before it that could still be opened. */
static void look_for_end(struct path_tls *x, unsigned int leg)
{
	struct path_tls_leg *l = &x->leg[leg];
	uint32_t rest = weir_tcp_readable(x->k->conn, leg);
	bool room = l->held < l->want;

	if (!path_tls_is_over(x, leg) || !room || l->starved)
		return;
	l->torn = is_in_record(x, leg) || !weir_tcp_is_ended(x->k->conn, leg);
	(void)weir_tcp_discard(x->w->tcp, x->k->conn, leg, rest);
	be_ended(x, leg, true);
}

bool path_tls_open(struct path_tls *x, unsigned int leg)
{
	struct path_tls_leg *l = &x->leg[leg];
	bool news;

	l->starved = false;
	while (l->state == PATH_TLS_OPEN && !l->ended && !l->unheard && l->held < l->want)
		if (!open_one(x, leg))
			break;
	if (l->state == PATH_TLS_OPEN && !l->ended && !l->unheard)
		look_for_end(x, leg);
	if (l->ended || l->unheard || l->state == PATH_TLS_FAILED)
		(void)weir_tcp_discard(x->w->tcp, x->k->conn, leg,
				       weir_tcp_readable(x->k->conn, leg));
	news = l->news;
	l->news = false;
	return news;
}
