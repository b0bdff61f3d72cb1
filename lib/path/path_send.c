/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where frames leave: collected by port, sent in bursts, freed in bursts. What a port cannot send
 * is a drop with a reason, never a loss without one.
 */
#include "path_impl.h"

void path_empty_trash(struct path_worker *w)
{
	if (!w->n_trash)
		return;
	rte_pktmbuf_free_bulk(w->trash, w->n_trash);
	w->n_trash = 0;
}

void path_free(struct path_worker *w, struct rte_mbuf *m)
{
	w->trash[w->n_trash++] = m;
	if (w->n_trash == PATH_TX_BURST)
		path_empty_trash(w);
}

static void refuse(struct path_worker *w, struct rte_mbuf **m, unsigned int n,
		   enum weir_drop reason)
{
	w->stats.drop[reason] += n;
	for (unsigned int i = 0; i < n; i++)
		path_free(w, m[i]);
}

static void count_sent(struct path_worker *w, struct rte_mbuf **m, unsigned int n)
{
	uint64_t bytes = 0;

	for (unsigned int i = 0; i < n; i++)
		bytes += rte_pktmbuf_pkt_len(m[i]);
	weir_count(&w->stats, WEIR_COUNT_TX_PACKETS, n);
	weir_count(&w->stats, WEIR_COUNT_TX_BYTES, bytes);
}

/* The worker whose queue sends for this one, when it has none of its own. */
static unsigned int sender_for(const struct path_worker *w, uint16_t port)
{
	return w->id % w->ports->port[port].n_queues;
}

static void hand_to_sender(struct path_worker *w, uint16_t port, struct rte_mbuf **m,
			   unsigned int n)
{
	struct rte_ring *ring = w->path->send_for[port][sender_for(w, port)];
	unsigned int done = rte_ring_mp_enqueue_burst(ring, (void **)m, n, NULL);

	refuse(w, m + done, n - done, WEIR_DROP_TX_FULL);
}

/* A queue that is full gets a second chance at once: the device may just have been slow to free. */
static void transmit(struct path_worker *w, uint16_t port, struct rte_mbuf **m, unsigned int n)
{
	const struct weir_port *p = &w->ports->port[port];
	unsigned int sent;

	count_sent(w, m, n);
	sent = weir_port_tx(p, w->id, m, (uint16_t)n);
	if (weir_unlikely(sent < n))
		sent += weir_port_tx(p, w->id, m + sent, (uint16_t)(n - sent));
	if (weir_unlikely(sent < n)) {
		w->stats.count[WEIR_COUNT_TX_PACKETS] -= n - sent;
		for (unsigned int i = sent; i < n; i++)
			w->stats.count[WEIR_COUNT_TX_BYTES] -= rte_pktmbuf_pkt_len(m[i]);
		refuse(w, m + sent, n - sent, WEIR_DROP_TX_FULL);
	}
}

static void flush_port(struct path_worker *w, uint16_t port)
{
	struct path_out *out = &w->out[port];

	if (!w->live) {
		count_sent(w, out->m, out->n);
		w->path->tx(w->path->tx_ctx, port, out->m, out->n);
	} else if (w->ports->port[port].tx[w->id].ethdev == WEIR_PORT_NONE) {
		hand_to_sender(w, port, out->m, out->n);
	} else {
		transmit(w, port, out->m, out->n);
	}
	out->n = 0;
}

void path_flush(struct path_worker *w)
{
	for (uint16_t port = 0; port < w->n_ports; port++)
		if (w->out[port].n)
			flush_port(w, port);
}

void path_send_for_others(struct path_worker *w)
{
	struct rte_mbuf *m[PATH_TX_BURST];

	for (uint16_t port = 0; port < w->n_ports; port++) {
		struct rte_ring *ring = w->path->send_for[port][w->id];
		unsigned int n =
			ring ? rte_ring_sc_dequeue_burst(ring, (void **)m, PATH_TX_BURST, NULL) : 0;

		if (n)
			transmit(w, port, m, n);
	}
}

void path_send(struct path_worker *w, uint16_t port, struct rte_mbuf *m)
{
	struct path_out *out = &w->out[port];

	out->m[out->n++] = m;
	if (out->n == PATH_TX_BURST)
		flush_port(w, port);
}

/* Datagrams that came in fragments leave in fragments of the size they came in. */
static WEIR_COLD void forward_fragments(struct path_worker *w, const struct path_burst *b,
					struct weir_pkt *p)
{
	struct rte_mbuf *cut[64 + 65536 / 512];
	int n = weir_frag_cut(p, w->pool, cut, WEIR_ARRAY_LEN(cut));

	if (n < 0) {
		weir_count_drop(&w->stats, WEIR_DROP_MBUF_EXHAUSTED);
		return;
	}
	weir_count(&w->stats, WEIR_COUNT_FRAGMENTS_OUT, (uint64_t)n);
	for (int i = 0; i < n; i++)
		path_send(w, b->in->peer, cut[i]);
}

static uint32_t l3_len(const struct weir_pkt *p)
{
	if (p->flags & WEIR_PKT_REASSEMBLED)
		return p->frag_size;
	if (p->kind == WEIR_PKT_NON_IP)
		return rte_pktmbuf_pkt_len(p->mbuf) - p->l3_off;
	return p->l3_len;
}

void path_forward(struct path_worker *w, const struct path_burst *b, struct weir_pkt *p)
{
	uint16_t peer = b->in->peer;
	uint16_t mtu = w->side[peer].mtu;

	if (weir_unlikely(atomic_load_explicit(&w->path->link_down[peer], memory_order_relaxed))) {
		path_drop(w, b, p, WEIR_DROP_TX_LINK_DOWN);
		return;
	}
	if (weir_unlikely(l3_len(p) > mtu)) {
		path_answer_too_big(w, b, p, mtu);
		path_drop(w, b, p, WEIR_DROP_TX_TOO_BIG);
		return;
	}
	if (weir_unlikely(p->flags & WEIR_PKT_REASSEMBLED)) {
		forward_fragments(w, b, p);
		return;
	}
	path_send(w, peer, p->mbuf);
}
