/* SPDX-License-Identifier: BSD-3-Clause */
/* Payload and FIN of an acceptable segment: cut to the window, put in order, acknowledged. */
#include "tcp_impl.h"

#include <weir_sum.h>

#include <rte_byteorder.h>
#include <rte_ip.h>
#include <rte_tcp.h>

/* Spans that may wait behind gaps: what a window of full segments can need, and never a share of
 * the stock that starves others (CVE-2018-5390, SegmentSmack). */
#define GAPS_MAX            8192u
#define GAPS_PRESSED        64u
#define SPANS_PRESSED(size) ((size) / 8 * 5)

static uint32_t gaps_max(const struct weir_tcp *t)
{
	uint32_t size = weir_span_stock_size(t->spans);
	uint32_t most = tcp_min(GAPS_MAX, size / 8);

	return weir_span_stock_used(t->spans) > SPANS_PRESSED(size) ? tcp_min(most, GAPS_PRESSED)
								    : most;
}

/*
 * Sum of the payload, from the checksum that it came with and the headers: all of them together
 * are 0xffff (RFC 1071), so nobody needs to read the payload for it.
 */
static uint16_t sum_of_payload(const struct weir_pkt *p)
{
	const uint8_t *at = rte_pktmbuf_mtod(p->mbuf, const uint8_t *);
	uint32_t header_len = (uint32_t)p->payload_off - p->l4_off;
	uint64_t sum = (uint64_t)weir_sum(p->tuple.src, p->tuple.family == 4 ? 4 : 16) +
		       weir_sum(p->tuple.dst, p->tuple.family == 4 ? 4 : 16) +
		       rte_cpu_to_be_16(WEIR_PROTO_TCP) +
		       rte_cpu_to_be_16((uint16_t)(header_len + p->payload_len)) +
		       weir_sum(at + p->l4_off, header_len);

	return (uint16_t)~weir_sum_fold(sum);
}

/* Adds `len` bytes of the buffer `m` at `at` of its data; the buffer gets one reference more. */
static int add(struct weir_tcp *t, struct tcp_leg *l, struct rte_mbuf *m, uint32_t at, uint32_t len,
	       uint32_t seq, const struct weir_pkt *summed)
{
	struct weir_span *s;

	if (!tcp_has_spans(t, 0) || !tcp_borrow_queues(t, l))
		return -WEIR_ENOMEM;
	s = weir_span_make(t->spans, m, (uint16_t)(m->data_off + at), (uint16_t)len, seq);
	if (!s)
		return -WEIR_ENOMEM;
	rte_mbuf_refcnt_update(m, 1);
	if (summed) {
		s->sum = sum_of_payload(summed);
		s->flags |= WEIR_SPAN_SUMMED;
	}
	return weir_reasm_add(t->spans, &l->q->in, &l->in_next, s, gaps_max(t));
}

/* A chain is taken apart: each buffer has a span of its own. */
static int add_chain(struct weir_tcp *t, struct tcp_leg *l, struct weir_pkt *p, uint32_t len)
{
	struct rte_mbuf *m = p->mbuf, *next;
	uint32_t at = p->payload_off, seq = p->seq;
	int ready = 0;

	for (; m && len; m = next) {
		uint32_t here = m->data_len > at ? tcp_min(m->data_len - at, len) : 0;
		int n = here ? add(t, l, m, at, here, seq, NULL) : 0;

		next = m->next;
		if (n < 0)
			return ready ? ready : n;
		ready += n;
		len -= here;
		seq += here;
		at = here ? 0 : at - m->data_len;
	}
	return ready;
}

/* Each buffer on its own, so that a reference to one holds no other. The first stays p->mbuf; the
 * references of those behind it are given up. */
static void unchain(struct rte_mbuf *m)
{
	struct rte_mbuf *next = m->next;

	m->next = NULL;
	m->nb_segs = 1;
	m->pkt_len = m->data_len;
	while ((m = next)) {
		next = m->next;
		m->next = NULL;
		m->nb_segs = 1;
		rte_pktmbuf_free_seg(m);
	}
}

static enum weir_drop take_bytes(struct weir_tcp *t, struct tcp_leg *l, struct weir_pkt *p,
				 uint32_t len, bool verified)
{
	bool had_gaps = l->q->in.gaps.head != NULL;
	bool whole = verified && p->mbuf->nb_segs == 1 && len == p->payload_len;
	int ready = p->mbuf->nb_segs == 1
			    ? add(t, l, p->mbuf, p->payload_off, len, p->seq, whole ? p : NULL)
			    : add_chain(t, l, p, len);

	if (p->mbuf->nb_segs > 1)
		unchain(p->mbuf);
	if (weir_unlikely(ready < 0)) {
		l->flags |= LEG_ACK_NOW;
		return WEIR_DROP_TCP_MEMORY;
	}
	if (ready > 0)
		l->flags |= LEG_NEW_BYTES;
	if (weir_unlikely(ready == 0 || had_gaps)) {
		if (ready == 0)
			tcp_sack_received(t, l, p->seq, p->seq + len);
		tcp_sack_advance(l);
		l->flags |= LEG_ACK_NOW;
	}
	return WEIR_DROP_NONE;
}

/* Bytes behind a FIN are no bytes, as Linux has it. */
static void take_fin(struct weir_tcp *t, struct tcp_leg *l)
{
	weir_reasm_forget_gaps(t->spans, &l->q->in);
	l->n_sack = 0;
	l->in_next++;
	l->flags |= LEG_FIN_IN | LEG_ACK_NOW | LEG_NEW_BYTES;
	tcp_move(t, l, TCP_ON_FIN_IN);
}

/* RFC 9293 section 3.8.6.3 and RFC 5681 section 4.2: at least every second segment is acknowledged,
 * and at the beginning each, so that the peer's window opens fast. */
static void decide_ack(struct weir_tcp *t, struct tcp_leg *l)
{
	if (l->in_next == l->acked_in || l->flags & LEG_ACK_NOW)
		return;
	if (l->in_next - l->acked_in >= 2u * l->mss) {
		l->flags |= LEG_ACK_NOW;
	} else if (l->quick) {
		l->quick--;
		l->flags |= LEG_ACK_NOW;
	} else {
		tcp_ack_later(t, l);
	}
}

static bool takes_bytes(const struct tcp_leg *l)
{
	return l->state == WEIR_TCP_ESTABLISHED || l->state == WEIR_TCP_FIN_WAIT_1 ||
	       l->state == WEIR_TCP_FIN_WAIT_2;
}

enum weir_drop tcp_receive(struct weir_tcp *t, struct tcp_leg *l, struct weir_pkt *p, bool verified)
{
	uint32_t len = p->payload_len;
	bool fin = p->tcp_flags & WEIR_TCP_FIN;
	enum weir_drop drop = WEIR_DROP_NONE;

	if (!takes_bytes(l)) {
		if (len || fin)
			l->flags |= LEG_ACK_NOW; /* its repetition: the answer was lost */
		return WEIR_DROP_NONE;
	}
	if (weir_seq_lt(l->in_edge, p->seq + len)) {
		len = l->in_edge - p->seq;
		fin = false;
		l->flags |= LEG_ACK_NOW;
	}
	if (l->flags & LEG_FIN_SEEN && weir_seq_lt(l->fin_seq, p->seq + len))
		len = weir_seq_lt(p->seq, l->fin_seq) ? l->fin_seq - p->seq : 0;
	if (len)
		drop = take_bytes(t, l, p, len, verified);
	if (fin && !(l->flags & LEG_FIN_SEEN) && drop == WEIR_DROP_NONE &&
	    weir_seq_le(l->in_next, p->seq + len)) {
		l->flags |= LEG_FIN_SEEN | LEG_ACK_NOW;
		l->fin_seq = p->seq + len;
	}
	if (l->flags & LEG_FIN_SEEN && !(l->flags & LEG_FIN_IN) && l->in_next == l->fin_seq)
		take_fin(t, l);
	decide_ack(t, l);
	return drop;
}
