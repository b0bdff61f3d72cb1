/* SPDX-License-Identifier: BSD-3-Clause */
/* Plaintext that was opened and waits to be judged and passed on: in packet buffers of the worker,
 * of which TLS may have a share. A buffer is filled before another one is begun. */
#include "path_tls.h"

static uint32_t tail_room(const struct path_tls_leg *l)
{
	return l->last ? rte_pktmbuf_tailroom(l->last) : 0;
}

static void free_list(struct path_tls *x, struct rte_mbuf *m)
{
	struct rte_mbuf *next;

	for (; m; m = next) {
		next = m->next;
		m->next = NULL;
		rte_pktmbuf_free_seg(m);
		weir_use_give(&x->w->tls->mbufs, 1);
	}
}

static struct rte_mbuf *take_mbuf(struct path_worker *w)
{
	struct weir_use *use = &w->tls->mbufs;
	struct rte_mbuf *m = use->used < use->size ? rte_pktmbuf_alloc(w->pool) : NULL;

	if (m) {
		weir_use_take(use, 1);
		return m;
	}
	use->full += use->used >= use->size;
	weir_count(&w->stats, WEIR_COUNT_TLS_MEMORY, 1);
	return NULL;
}

int path_tls_make_room(struct path_tls *x, unsigned int leg, size_t bytes,
		       struct weir_tls_room *rooms, unsigned int max, struct rte_mbuf **fresh)
{
	struct path_tls_leg *l = &x->leg[leg];
	struct rte_mbuf **end = fresh;
	unsigned int n = 0;
	size_t have = tail_room(l);

	*fresh = NULL;
	if (have)
		rooms[n++] = (struct weir_tls_room){
			rte_pktmbuf_mtod_offset(l->last, uint8_t *, l->last->data_len), have};
	while (have < bytes && n < max) {
		struct rte_mbuf *m = take_mbuf(x->w);

		if (!m)
			break;
		*end = m;
		end = &m->next;
		rooms[n] = (struct weir_tls_room){rte_pktmbuf_mtod(m, uint8_t *),
						  rte_pktmbuf_tailroom(m)};
		have += rooms[n++].len;
	}
	if (have >= bytes)
		return (int)n;
	free_list(x, *fresh);
	*fresh = NULL;
	x->leg[leg].starved = x->retry = true;
	return -1;
}

static size_t fill(struct rte_mbuf *m, size_t len)
{
	size_t n = RTE_MIN(len, (size_t)rte_pktmbuf_tailroom(m));

	m->data_len = (uint16_t)(m->data_len + n);
	return n;
}

void path_tls_take_room(struct path_tls *x, unsigned int leg, size_t len, struct rte_mbuf *fresh)
{
	struct path_tls_leg *l = &x->leg[leg];

	l->held += (uint32_t)len;
	if (l->last)
		len -= fill(l->last, len);
	while (len && fresh) {
		struct rte_mbuf *m = fresh;

		fresh = m->next;
		m->next = NULL;
		len -= fill(m, len);
		*(l->last ? &l->last->next : &l->first) = m;
		l->last = m;
	}
	free_list(x, fresh);
}

void path_tls_drop(struct path_tls *x, unsigned int leg, uint32_t n)
{
	struct path_tls_leg *l = &x->leg[leg];

	n = RTE_MIN(n, l->held);
	l->held -= n;
	l->offset += n;
	while (l->first && (n || !l->held)) {
		struct rte_mbuf *m = l->first;

		if (m->data_len > n) {
			m->data_off = (uint16_t)(m->data_off + n);
			m->data_len = (uint16_t)(m->data_len - n);
			break;
		}
		n -= m->data_len;
		l->first = m->next;
		m->next = NULL;
		free_list(x, m);
	}
	if (!l->first)
		l->last = NULL;
	if (!l->held)
		l->want = PATH_TLS_HELD;
}

/* ---- what reads it ---- */

unsigned int path_tls_read(const struct path_tls *x, unsigned int leg, uint32_t skip,
			   struct weir_bytes *views, unsigned int max)
{
	unsigned int n = 0;

	if (x->leg[leg].state == PATH_TLS_PLAIN)
		return weir_tcp_read(x->k->conn, leg, skip, views, max);
	for (const struct rte_mbuf *m = x->leg[leg].first; m && n < max; m = m->next) {
		if (skip >= m->data_len) {
			skip -= m->data_len;
			continue;
		}
		views[n++] = weir_bytes_of(rte_pktmbuf_mtod_offset(m, const uint8_t *, skip),
					   m->data_len - skip);
		skip = 0;
	}
	return n;
}

uint32_t path_tls_readable(const struct path_tls *x, unsigned int leg)
{
	const struct path_tls_leg *l = &x->leg[leg];

	return l->state == PATH_TLS_PLAIN ? weir_tcp_readable(x->k->conn, leg) : l->held;
}

uint64_t path_tls_offset(const struct path_tls *x, unsigned int leg)
{
	const struct path_tls_leg *l = &x->leg[leg];

	return l->state == PATH_TLS_PLAIN ? weir_tcp_offset(x->k->conn, leg) : l->offset;
}

void path_tls_want(struct path_tls *x, unsigned int leg, uint32_t bytes)
{
	struct path_tls_leg *l = &x->leg[leg];

	if (l->state == PATH_TLS_PLAIN)
		weir_tcp_want(x->w->tcp, x->k->conn, leg, bytes);
	else if (bytes > l->want)
		l->want = RTE_MIN(bytes, PATH_TLS_HELD_MAX);
}

/* Without buffers nothing can be opened either, so that what holds bytes must let them go. */
bool path_tls_is_full(const struct path_tls *x, unsigned int leg)
{
	const struct path_tls_leg *l = &x->leg[leg];

	if (l->state == PATH_TLS_PLAIN)
		return weir_tcp_is_full(x->w->tcp, x->k->conn, leg);
	return l->held && (l->held >= l->want || l->starved);
}

void path_tls_discard(struct path_tls *x, unsigned int leg, uint32_t n)
{
	if (x->leg[leg].state == PATH_TLS_PLAIN)
		(void)weir_tcp_discard(x->w->tcp, x->k->conn, leg, n);
	else
		path_tls_drop(x, leg, n);
}
