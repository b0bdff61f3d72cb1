/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames in and out, a burst at a time. */
#include "port_impl.h"

#include <rte_mbuf.h>

/* More receive queues than workers: each worker goes round its own, another first each time. */
static __attribute__((noinline)) uint16_t rx_several(const struct weir_port *p, unsigned int worker,
						     struct rte_mbuf **m, uint16_t n)
{
	unsigned int mine = (p->n_rx - worker + p->n_queues - 1U) / p->n_queues;
	unsigned int turn = p->state->worker[worker].turn++;
	uint16_t got = 0;

	for (unsigned int i = 0; i < mine && got < n; i++) {
		const struct weir_port_pair *q = &p->rx[worker + (turn + i) % mine * p->n_queues];

		got += rte_eth_rx_burst(q->ethdev, q->queue, m + got, (uint16_t)(n - got));
	}
	return got;
}

static uint16_t rx(const struct weir_port *p, unsigned int worker, struct rte_mbuf **m, uint16_t n)
{
	if (weir_unlikely(p->n_rx > p->n_queues))
		return rx_several(p, worker, m, n);
	return rte_eth_rx_burst(p->rx[worker].ethdev, p->rx[worker].queue, m, n);
}

static __attribute__((noinline)) uint16_t rx_guarded(const struct weir_port *p, unsigned int worker,
						     struct rte_mbuf **m, uint16_t n)
{
	if (!port_guard_enter(p->guard, worker))
		return 0;
	n = rx(p, worker, m, n);
	port_guard_leave(p->guard, worker);
	return n;
}

uint16_t weir_port_rx(const struct weir_port *p, unsigned int worker, struct rte_mbuf **m,
		      uint16_t n)
{
	if (weir_unlikely(worker >= p->n_queues))
		return 0;
	if (weir_unlikely(p->guard != NULL))
		return rx_guarded(p, worker, m, n);
	return rx(p, worker, m, n);
}

/* ---- devices that take one buffer a frame, and only its own memory ---- */

static bool plain(const struct rte_mbuf *m)
{
	return m->nb_segs == 1 && RTE_MBUF_DIRECT(m);
}

static struct rte_mbuf *copy_of(struct port_state *s, unsigned int worker, const struct rte_mbuf *m)
{
	struct rte_mbuf *copy = rte_pktmbuf_alloc(s->pool[worker]);
	const void *from;
	char *to;

	if (!copy)
		return NULL;
	to = rte_pktmbuf_append(copy, (uint16_t)m->pkt_len);
	from = rte_pktmbuf_read(m, 0, m->pkt_len, to);
	if (from != to)
		memcpy(to, from, m->pkt_len);
	copy->port = m->port;
	return copy;
}

enum readiness { READY, NO_BUFFER, UNSENDABLE };

/* Puts a copy in the place of a frame that the device could not read. */
static enum readiness make_plain(struct port_state *s, unsigned int worker, struct rte_mbuf **m)
{
	uint32_t room = rte_pktmbuf_data_room_size(s->pool[worker]);
	struct rte_mbuf *copy;

	if (weir_likely(plain(*m)))
		return READY;
	if ((*m)->pkt_len + RTE_PKTMBUF_HEADROOM > room)
		return UNSENDABLE;
	copy = copy_of(s, worker, *m);
	if (!copy)
		return NO_BUFFER;
	rte_pktmbuf_free(*m);
	*m = copy;
	return READY;
}

static uint16_t tx_plain(const struct weir_port *p, unsigned int worker, struct rte_mbuf **m,
			 uint16_t n)
{
	const struct weir_port_pair *q = &p->tx[worker];
	uint16_t done = 0;

	while (done < n) {
		enum readiness next = READY;
		uint16_t run = 0, sent;

		while (done + run < n &&
		       (next = make_plain(p->state, worker, &m[done + run])) == READY)
			run++;
		sent = run ? rte_eth_tx_burst(q->ethdev, q->queue, m + done, run) : 0;
		done += sent;
		if (sent < run || next != UNSENDABLE)
			break;
		rte_pktmbuf_free(m[done++]);
		p->state->worker[worker].tx_unsendable++;
	}
	return done;
}

static uint16_t tx(const struct weir_port *p, unsigned int worker, struct rte_mbuf **m, uint16_t n)
{
	if (!p->tx_chains)
		return tx_plain(p, worker, m, n);
	return rte_eth_tx_burst(p->tx[worker].ethdev, p->tx[worker].queue, m, n);
}

static __attribute__((noinline)) uint16_t tx_guarded(const struct weir_port *p, unsigned int worker,
						     struct rte_mbuf **m, uint16_t n)
{
	if (!port_guard_enter_to_send(p->guard, worker))
		return 0;
	n = tx(p, worker, m, n);
	port_guard_leave(p->guard, worker);
	return n;
}

uint16_t weir_port_tx(const struct weir_port *p, unsigned int worker, struct rte_mbuf **m,
		      uint16_t n)
{
	if (weir_unlikely(worker >= p->n_queues))
		return 0;
	if (weir_unlikely(p->guard != NULL))
		return tx_guarded(p, worker, m, n);
	return tx(p, worker, m, n);
}
