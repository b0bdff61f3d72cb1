/* SPDX-License-Identifier: BSD-3-Clause */
/* Source and sink of a worker: buffers go round between them, the headers are written anew. */
#include "lcore.h"

#include <netinet/in.h>

#include <rte_mbuf.h>
#include <rte_ring.h>

#define SYN 0x02
#define PSH 0x08
#define ACK 0x10

/* Buffers that go round: as many as a NIC's ring has, so that they stay in the second-level cache.
 */
#define IN_ROUND 512

/* Both ends' first sequence numbers; any will do. */
#define ISN_CLIENT 1000
#define ISN_SERVER 2000000000u

/* ---- what is sent ---- */

/* Rounds go through the flows by a stride that shares no divisor with their number, so that flows
 * that were made after one another are not met after one another: no prefetcher helps. */
static uint32_t next_number(struct lcore_worker *w)
{
	uint32_t flows = (uint32_t)w->bench->opt->flows;
	uint64_t next;

	if (w->bench->opt->new_flows)
		return lcore_fresh_number(w);
	next = (uint64_t)w->at + w->bench->stride;
	w->at = (uint32_t)(next >= flows ? next - flows : next);
	return lcore_number(w, w->at);
}

static uint16_t next_len(struct lcore_worker *w)
{
	uint16_t len = w->bench->len[w->place];

	w->place = w->place + 1 < w->bench->opt->sizes.n ? w->place + 1 : 0;
	return len;
}

/* A data segment is the same each time, as one sent again is: the window never moves. */
uint16_t lcore_write_frame(struct lcore_worker *w, uint8_t *frame, uint32_t number,
			   enum bench_dir dir)
{
	bool to_server = dir == BENCH_TO_SERVER;
	struct bench_fields fields = {
		.number = number,
		.len = next_len(w),
		.tcp_flags = PSH | ACK,
		.tcp_seq = (to_server ? ISN_CLIENT : ISN_SERVER) + 1,
		.tcp_ack = (to_server ? ISN_SERVER : ISN_CLIENT) + 1,
	};

	bench_frame_write(frame, bench_template_of(&w->bench->templates, number, dir, false),
			  &fields);
	return fields.len;
}

/* ---- buffers ---- */

static unsigned int in_stock(const struct lcore_worker *w)
{
	return w->stock_tail - w->stock_head;
}

static void put_back(struct lcore_worker *w, struct rte_mbuf *m)
{
	if (weir_likely(in_stock(w) < LCORE_STOCK))
		w->stock[w->stock_tail++ % LCORE_STOCK] = m;
	else
		rte_pktmbuf_free(m);
}

/* What a peer dropped went back to the pool. */
static void fill_stock(struct lcore_worker *w, unsigned int n)
{
	while (in_stock(w) < n) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(w->pool);

		if (!m)
			return;
		put_back(w, m);
	}
}

static struct rte_mbuf *take_buffer(struct lcore_worker *w)
{
	struct rte_mbuf *m = w->stock[w->stock_head++ % LCORE_STOCK];

	__builtin_prefetch(rte_pktmbuf_mtod(w->stock[(w->stock_head + 4) % LCORE_STOCK], void *),
			   1);
	return m;
}

/* As a driver hands it over. */
static void set_received(const struct lcore_worker *w, struct rte_mbuf *m, uint16_t len)
{
	m->data_len = len;
	m->pkt_len = len;
	m->ol_flags = w->bench->ol_flags;
}

/* ---- stages ---- */

unsigned int lcore_source(struct lcore_worker *w, unsigned int n)
{
	enum bench_dir dir = w->to_client ? BENCH_TO_CLIENT : BENCH_TO_SERVER;
	struct rte_mbuf *m[LCORE_BURST];

	if (weir_unlikely(in_stock(w) < n + 8)) {
		fill_stock(w, IN_ROUND);
		if (in_stock(w) < n + 8)
			return 0;
	}
	for (unsigned int i = 0; i < n; i++) {
		uint32_t number = next_number(w);

		m[i] = take_buffer(w);
		set_received(w, m[i],
			     lcore_write_frame(w, rte_pktmbuf_mtod(m[i], uint8_t *), number, dir));
	}
	w->to_client = w->bench->opt->both && !w->to_client;
	return rte_ring_enqueue_burst(w->in[dir], (void **)m, n, NULL);
}

unsigned int lcore_sink(struct lcore_worker *w)
{
	struct rte_mbuf *m[LCORE_BURST];
	unsigned int all = 0;

	for (unsigned int port = 0; port < LCORE_PORTS; port++) {
		unsigned int n =
			rte_ring_dequeue_burst(w->out[port], (void **)m, LCORE_BURST, NULL);

		for (unsigned int i = 0; i < n; i++)
			put_back(w, m[i]);
		all += n;
	}
	return all;
}

/* ---- opening flows ---- */

static void pass_one(struct lcore_worker *w, enum bench_dir dir, uint32_t number, uint8_t tcp_flags)
{
	bool to_server = dir == BENCH_TO_SERVER, syn = tcp_flags & SYN;
	const struct bench_template *template =
		bench_template_of(&w->bench->templates, number, dir, syn);
	struct bench_fields fields = {
		.number = number,
		.len = syn ? template->payload : w->bench->len[0],
		.tcp_flags = tcp_flags,
		.tcp_seq = (to_server ? ISN_CLIENT : ISN_SERVER) + !syn,
		.tcp_ack = tcp_flags & ACK ? (to_server ? ISN_SERVER : ISN_CLIENT) + 1 : 0,
	};
	struct rte_mbuf *m;

	fill_stock(w, 8);
	if (in_stock(w) < 8)
		return;
	m = take_buffer(w);
	bench_frame_write(rte_pktmbuf_mtod(m, uint8_t *), template, &fields);
	set_received(w, m, fields.len);
	if (rte_ring_enqueue(w->in[dir], m) != 0)
		put_back(w, m);
}

static void pass_all(struct lcore_worker *w, enum bench_dir dir, uint8_t tcp_flags)
{
	uint32_t flows = (uint32_t)w->bench->opt->flows;

	for (uint32_t i = 0; i < flows;) {
		for (unsigned int n = 0; n < 32 && i < flows; n++, i++)
			pass_one(w, dir, lcore_number(w, i), tcp_flags);
		while (lcore_turn(w, LCORE_WEIR))
			;
		lcore_sink(w);
		lcore_weir_discard_events(w);
	}
}

/* net_null hands out all buffers of the pool, and with them all flows, in a round. */
static void pass_pool(struct lcore_worker *w)
{
	uint32_t round = w->pool->size;

	for (uint32_t i = 0; i < round; i += 32)
		lcore_turn(w, LCORE_WEIR);
	lcore_weir_discard_events(w);
}

void lcore_open_flows(struct lcore_worker *w)
{
	if (w->bench->opt->ports == LCORE_PORTS_NULL) {
		pass_pool(w);
		return;
	}
	fill_stock(w, IN_ROUND);
	if (w->bench->opt->new_flows)
		return;
	if (w->bench->net.proto == IPPROTO_TCP) {
		pass_all(w, BENCH_TO_SERVER, SYN);
		pass_all(w, BENCH_TO_CLIENT, SYN | ACK);
		pass_all(w, BENCH_TO_SERVER, ACK);
	} else {
		pass_all(w, BENCH_TO_SERVER, 0);
	}
	if (w->bench->opt->both)
		pass_all(w, BENCH_TO_CLIENT, ACK);
}
