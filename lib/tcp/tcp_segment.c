/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Segments that weir sends: what stands before the payload is as the other peer's frames have it
 * (addresses, VLAN, TTL, traffic class), the payload goes out in the buffer it came in when nobody
 * else holds that, and its checksum is the one that it came with.
 */
#include "tcp_impl.h"

#include <weir_sum.h>

#include <rte_byteorder.h>
#include <rte_ip.h>
#include <rte_tcp.h>

#define OPTIONS_MAX 40
/* Challenges of one connection: one in this time on average, at random (RFC 5961 section 10). */
#define CHALLENGE_NS (10 * WEIR_NS_PER_MS)

/* ---- the template ---- */

static uint64_t addresses_sum(const uint8_t *l3, uint8_t family)
{
	const uint8_t *addresses = l3 + (family == 4 ? 12 : 8);

	return weir_sum(addresses, family == 4 ? 8 : 32) + rte_cpu_to_be_16(WEIR_PROTO_TCP);
}

void tcp_take_template(struct tcp_leg *l, const struct weir_pkt *from)
{
	const uint8_t *at = rte_pktmbuf_mtod(from->mbuf, const uint8_t *);
	uint8_t l3_len =
		from->tuple.family == 4 ? sizeof(struct rte_ipv4_hdr) : sizeof(struct rte_ipv6_hdr);
	uint8_t *l3;

	memcpy(l->template, at, from->l3_off + l3_len);
	l->l3_at = (uint8_t)from->l3_off;
	l->template_len = (uint8_t)(from->l3_off + l3_len);
	l3 = l->template + l->l3_at;
	if (from->tuple.family == 4) {
		struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(void *)l3;

		ip->version_ihl = RTE_IPV4_VHL_DEF;
		ip->next_proto_id = WEIR_PROTO_TCP;
		ip->fragment_offset &= rte_cpu_to_be_16(RTE_IPV4_HDR_DF_FLAG);
		ip->total_length = ip->packet_id = ip->hdr_checksum = 0;
	} else {
		struct rte_ipv6_hdr *ip = (struct rte_ipv6_hdr *)(void *)l3;

		ip->proto = WEIR_PROTO_TCP;
		ip->payload_len = 0;
	}
	tcp_ecn_set(l3, from->tuple.family, 0);
	l->sum_base = weir_sum_fold(addresses_sum(l3, from->tuple.family));
}

/* ---- building ---- */

static void write_l3(struct tcp_leg *l, uint8_t *l3, uint8_t family, uint32_t l4_len)
{
	if (family == 4) {
		struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(void *)l3;

		ip->total_length = rte_cpu_to_be_16((uint16_t)(sizeof(*ip) + l4_len));
		ip->packet_id = rte_cpu_to_be_16(l->ip_id++);
		ip->hdr_checksum = rte_ipv4_cksum(ip);
	} else {
		((struct rte_ipv6_hdr *)(void *)l3)->payload_len =
			rte_cpu_to_be_16((uint16_t)l4_len);
	}
}

static uint16_t payload_sum(struct weir_span *s)
{
	if (!(s->flags & WEIR_SPAN_SUMMED)) {
		s->sum = weir_sum_fold(weir_sum(weir_span_bytes(s), s->len));
		s->flags |= WEIR_SPAN_SUMMED;
	}
	return s->sum;
}

/* A buffer with the payload and `head` bytes before it, data starting there. */
static struct rte_mbuf *frame_of(struct weir_tcp *t, struct weir_span *s, uint32_t head)
{
	struct rte_mbuf *m = s ? s->m : NULL;
	uint32_t len = s ? s->len : 0;

	if (m && rte_mbuf_refcnt_read(m) == 1 && s->off >= head && RTE_MBUF_DIRECT(m)) {
		rte_mbuf_refcnt_set(m, 2);
		m->data_off = (uint16_t)(s->off - head);
	} else {
		m = rte_pktmbuf_alloc(t->cfg.pool);
		if (weir_unlikely(!m))
			return NULL;
		if (weir_unlikely((uint32_t)m->buf_len - m->data_off < head + len)) {
			rte_pktmbuf_free(m);
			return NULL;
		}
		if (len)
			memcpy((uint8_t *)m->buf_addr + m->data_off + head, weir_span_bytes(s),
			       len);
	}
	m->data_len = (uint16_t)(head + len);
	m->pkt_len = head + len;
	m->nb_segs = 1;
	m->next = NULL;
	m->ol_flags &= RTE_MBUF_F_EXTERNAL | RTE_MBUF_F_INDIRECT;
	return m;
}

static void write_tcp(struct weir_tcp *t, struct tcp_leg *l, struct rte_tcp_hdr *h,
		      uint32_t options_len, uint32_t seq, uint8_t flags)
{
	const struct weir_tcp_conn *c = tcp_conn(l);

	h->src_port = rte_cpu_to_be_16(c->port[!l->index]);
	h->dst_port = rte_cpu_to_be_16(c->port[l->index]);
	h->sent_seq = rte_cpu_to_be_32(seq);
	h->recv_ack = rte_cpu_to_be_32(l->in_next);
	h->data_off = (uint8_t)((sizeof(*h) + options_len) / 4 << 4);
	h->tcp_flags = flags;
	h->rx_win = rte_cpu_to_be_16(tcp_offer_window(t, l));
	h->cksum = 0;
	h->tcp_urp = 0;
}

struct rte_mbuf *tcp_build(struct weir_tcp *t, struct tcp_leg *l, struct weir_span *s, uint32_t seq,
			   uint8_t flags)
{
	struct weir_tcp_conn *c = tcp_conn(l);
	uint8_t options[OPTIONS_MAX];
	uint32_t options_len = tcp_write_options(c, l, options, !s || !s->len);
	uint32_t tcp_len = (uint32_t)sizeof(struct rte_tcp_hdr) + options_len;
	uint32_t len = s ? s->len : 0;
	struct rte_mbuf *m = frame_of(t, s && len ? s : NULL, l->template_len + tcp_len);
	struct rte_tcp_hdr *h;
	uint64_t sum;
	uint8_t *at;

	if (weir_unlikely(!m))
		return NULL;
	at = rte_pktmbuf_mtod(m, uint8_t *);
	memcpy(at, l->template, l->template_len);
	h = (struct rte_tcp_hdr *)(void *)(at + l->template_len);
	if (l->ecn & ECN_ON && !(flags & WEIR_TCP_RST)) {
		flags |= tcp_ecn_flags(l, s);
		if (tcp_ecn_may_mark(l, s))
			tcp_ecn_set(at + l->l3_at, c->family, IP_ECN_ECT0);
	}
	write_l3(l, at + l->l3_at, c->family, tcp_len + len);
	write_tcp(t, l, h, options_len, seq, flags);
	memcpy(h + 1, options, options_len);
	sum = (uint64_t)l->sum_base + rte_cpu_to_be_16((uint16_t)(tcp_len + len)) +
	      weir_sum((const uint8_t *)h, tcp_len) + (len ? payload_sum(s) : 0);
	h->cksum = (uint16_t)~weir_sum_fold(sum);
	return m;
}

void tcp_fix_checksums(uint8_t *l3, uint8_t *tcp, uint32_t tcp_len, uint8_t family)
{
	struct rte_tcp_hdr *h = (struct rte_tcp_hdr *)(void *)tcp;
	uint64_t sum;

	h->cksum = 0;
	sum = (uint64_t)addresses_sum(l3, family) + rte_cpu_to_be_16((uint16_t)tcp_len) +
	      weir_sum(tcp, tcp_len);
	h->cksum = (uint16_t)~weir_sum_fold(sum);
	if (family == 4) {
		struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(void *)l3;

		ip->hdr_checksum = 0;
		ip->hdr_checksum =
			(uint16_t)~weir_sum_fold(weir_sum(l3, (ip->version_ihl & 0xf) * 4u));
	}
}

/* ---- segments without payload ---- */

static void send_bare(struct weir_tcp *t, struct tcp_leg *l, uint32_t seq, uint8_t flags)
{
	struct weir_tcp_conn *c = tcp_conn(l);
	struct rte_mbuf *m = tcp_build(t, l, NULL, seq, flags);

	if (weir_likely(m != NULL)) {
		t->cfg.ops->send(t->cfg.ctx, c, l->index, m);
		weir_count(t->cfg.stats, WEIR_COUNT_TCP_SEGMENTS_OUT, 1);
	} else {
		weir_count_drop(t->cfg.stats, WEIR_DROP_MBUF_EXHAUSTED);
	}
}

void tcp_send_number(struct weir_tcp *t, struct tcp_leg *l, uint32_t seq, uint8_t flags)
{
	send_bare(t, l, seq, flags);
}

void tcp_send_syn(struct weir_tcp *t, struct tcp_leg *l, uint32_t seq, uint16_t mss,
		  uint16_t window)
{
	struct weir_tcp_conn *c = tcp_conn(l);
	struct tcp_options o = {.has_mss = true, .mss = mss};
	struct rte_mbuf *m = tcp_build(t, l, NULL, seq, WEIR_TCP_SYN);
	struct rte_tcp_hdr *h;
	uint32_t len;
	uint8_t *at;

	if (weir_unlikely(!m)) {
		weir_count_drop(t->cfg.stats, WEIR_DROP_MBUF_EXHAUSTED);
		return;
	}
	at = rte_pktmbuf_mtod(m, uint8_t *);
	h = (struct rte_tcp_hdr *)(void *)(at + l->template_len);
	len = (uint32_t)sizeof(*h) + tcp_write_syn_options((uint8_t *)(h + 1), &o);
	m->data_len = (uint16_t)(l->template_len + len);
	m->pkt_len = m->data_len;
	write_l3(l, at + l->l3_at, c->family, len);
	h->recv_ack = 0;
	h->data_off = (uint8_t)(len / 4 << 4);
	h->rx_win = rte_cpu_to_be_16(window);
	tcp_fix_checksums(at + l->l3_at, (uint8_t *)h, len, c->family);
	t->cfg.ops->send(t->cfg.ctx, c, l->index, m);
	weir_count(t->cfg.stats, WEIR_COUNT_TCP_SEGMENTS_OUT, 1);
}

void tcp_send_ack(struct weir_tcp *t, struct tcp_leg *l)
{
	l->flags &= (uint16_t)~LEG_ACK_NOW;
	l->ack_ns = 0;
	l->acked_in = l->in_next;
	send_bare(t, l, l->nxt, WEIR_TCP_ACK);
}

/* The peer takes a reset only at its next number (RFC 5961 section 3.2), which is here one of two:
 * what has been acknowledged, or all that was sent. */
void tcp_send_reset(struct weir_tcp *t, struct tcp_leg *l)
{
	if (l->state == WEIR_TCP_CLOSED || l->state == WEIR_TCP_TIME_WAIT)
		return;
	send_bare(t, l, l->nxt, WEIR_TCP_RST | WEIR_TCP_ACK);
	if (l->una != l->nxt)
		send_bare(t, l, l->una, WEIR_TCP_RST | WEIR_TCP_ACK);
	weir_count(t->cfg.stats, WEIR_COUNT_RST_SENT, 1);
}

/* RFC 9293 section 3.8.4: a number that was acknowledged makes the peer say where it is. */
void tcp_send_keep_alive(struct weir_tcp *t, struct tcp_leg *l)
{
	send_bare(t, l, l->una - 1, WEIR_TCP_ACK);
}

/* RFC 5961: who sends what might be forged is told the truth, now and then. */
bool tcp_may_challenge(struct weir_tcp *t, struct tcp_leg *l)
{
	if (t->now_ns < l->challenge_ns)
		return false;
	l->challenge_ns = t->now_ns + CHALLENGE_NS / 2 + tcp_random(t) % CHALLENGE_NS;
	return true;
}

void tcp_challenge(struct weir_tcp *t, struct tcp_leg *l)
{
	if (!tcp_may_challenge(t, l))
		return;
	weir_count(t->cfg.stats, WEIR_COUNT_TCP_CHALLENGES, 1);
	tcp_send_ack(t, l);
}
