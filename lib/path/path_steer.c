/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which worker owns a flow, and the rings that bring its packets there. Where both ports of a wire
 * spread by the same symmetric RSS the device has done it already, and only what it cannot see
 * (fragments, ICMP errors) is handed over; elsewhere the keyed hash decides, in software.
 */
#include "path_impl.h"

#include <weir_log.h>

#include <stdio.h>

#define HANDOFF_FRAMES 2048

static bool device_sees_ports(const struct weir_pkt_tuple *t)
{
	return t->proto == WEIR_PROTO_TCP || t->proto == WEIR_PROTO_UDP;
}

static unsigned int owner_of(const struct path_worker *w, const struct path_burst *b,
			     const struct weir_pkt_tuple *t)
{
	bool ports = device_sees_ports(t);

	if (b->in->rss)
		return weir_ports_rss_queue(w->ports, t->src, t->dst, t->family,
					    ports ? t->sport : 0, ports ? t->dport : 0,
					    b->in->queues);
	return (unsigned int)((weir_flow_hash(&w->key, t, b->in->wire) >> 32) * w->n_workers >> 32);
}

static bool hand_over(struct path_worker *w, const struct path_burst *b, struct weir_pkt *p,
		      unsigned int owner)
{
	struct rte_mbuf *m = p->mbuf;

	if (owner == w->id)
		return false;
	*path_mark(w, m) = (struct path_mark){
		.port = b->port,
		.frag_size = p->flags & WEIR_PKT_REASSEMBLED ? p->frag_size : 0,
		.frag_id = p->flags & WEIR_PKT_REASSEMBLED ? p->frag_id : 0,
	};
	if (rte_ring_sp_enqueue(w->path->handoff[w->id][owner], m) == 0)
		weir_count(&w->stats, WEIR_COUNT_HANDOFF_OUT, 1);
	else
		path_drop(w, b, p, WEIR_DROP_HANDOFF_FULL);
	return true;
}

/* True when `p` has gone to the worker that owns the flow of `tuple`. */
bool path_steer(struct path_worker *w, const struct path_burst *b, struct weir_pkt *p,
		const struct weir_pkt_tuple *tuple)
{
	return hand_over(w, b, p, owner_of(w, b, tuple));
}

/* All fragments of a datagram meet at one worker: they have only addresses in common. */
bool path_steer_fragment(struct path_worker *w, const struct path_burst *b, struct weir_pkt *p)
{
	struct weir_pkt_tuple t = p->tuple;

	t.sport = t.dport = 0;
	t.proto = 0;
	return hand_over(w, b, p, owner_of(w, b, &t));
}

/* Frames of one burst must have come in by one port. */
static void run_handed(struct path_worker *w, struct rte_mbuf **m, unsigned int n)
{
	struct path_burst b;

	while (n) {
		b.port = path_mark(w, m[0])->port;
		b.in = &w->side[b.port];
		b.handed = true;
		b.n = 0;
		while (b.n < n && path_mark(w, m[b.n])->port == b.port) {
			b.m[b.n] = m[b.n];
			b.n++;
		}
		path_run_burst(w, &b);
		m += b.n;
		n -= b.n;
	}
}

void path_take_handed(struct path_worker *w)
{
	struct rte_mbuf *m[PATH_BURST];

	for (unsigned int from = 0; from < w->n_workers; from++) {
		struct rte_ring *ring = w->path->handoff[from][w->id];
		unsigned int n =
			ring ? rte_ring_sc_dequeue_burst(ring, (void **)m, PATH_BURST, NULL) : 0;

		weir_count(&w->stats, WEIR_COUNT_HANDOFF_IN, n);
		run_handed(w, m, n);
	}
}

/* ---- making the rings ---- */

static struct rte_ring *make_ring(const struct weir_path *path, const char *kind, unsigned int a,
				  unsigned int b, unsigned int flags)
{
	char name[RTE_RING_NAMESIZE];
	struct rte_ring *ring;

	snprintf(name, sizeof(name), "%s_%x_%u_%u", kind, (unsigned int)((uintptr_t)path >> 6), a,
		 b);
	ring = rte_ring_create(name, HANDOFF_FRAMES, (int)rte_socket_id(), flags);
	if (!ring)
		weir_error("no memory for the ring %s between workers", name);
	return ring;
}

static int make_handoff(struct weir_path *path)
{
	for (unsigned int from = 0; from < path->n_workers; from++)
		for (unsigned int to = 0; to < path->n_workers; to++) {
			if (from == to)
				continue;
			path->handoff[from][to] =
				make_ring(path, "hand", from, to, RING_F_SP_ENQ | RING_F_SC_DEQ);
			if (!path->handoff[from][to])
				return -WEIR_ENOMEM;
		}
	return 0;
}

/* Where some worker has no queue, the ones that have take its frames by ring. */
static int make_send_for(struct weir_path *path, unsigned int port)
{
	unsigned int queues = path->ports->port[port].n_queues;

	for (unsigned int w = 0; w < queues && queues < path->n_workers; w++) {
		path->send_for[port][w] = make_ring(path, "send", port, w, RING_F_SC_DEQ);
		if (!path->send_for[port][w])
			return -WEIR_ENOMEM;
	}
	return 0;
}

int path_rings_create(struct weir_path *path)
{
	int rc = make_handoff(path);

	for (unsigned int port = 0; rc == 0 && path->ports && port < path->ports->n; port++)
		rc = make_send_for(path, port);
	return rc;
}

static void free_ring(struct rte_ring *ring)
{
	void *m;

	while (ring && rte_ring_sc_dequeue(ring, &m) == 0)
		rte_pktmbuf_free(m);
	rte_ring_free(ring);
}

void path_rings_destroy(struct weir_path *path)
{
	for (unsigned int a = 0; a < path->n_workers; a++) {
		for (unsigned int b = 0; b < path->n_workers; b++)
			free_ring(path->handoff[a][b]);
		for (unsigned int port = 0; port < WEIR_CONF_PORTS_MAX; port++)
			free_ring(path->send_for[port][a]);
	}
}
