/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Opening: the peers do it with each other, in either order (RFC 9293 sections 3.5 and 3.5.1), and
 * weir passes their segments on with the options cut to what it speaks. So a port that is refused
 * looks refused, nobody waits a round trip more, and both legs are born with the peers' own
 * numbers. When each SYN is known to be acknowledged both legs are endpoints, from the segment on
 * that told it.
 */
#include "tcp_impl.h"

#include <rte_byteorder.h>
#include <rte_ip.h>
#include <rte_tcp.h>

#define SCALE_MAX 14 /* RFC 7323 section 2.3 */
#define QUICK     16

/* ---- passing on ---- */

static void set_l3_len(uint8_t *l3, uint8_t family, uint32_t len)
{
	if (family == 4)
		((struct rte_ipv4_hdr *)(void *)l3)->total_length = rte_cpu_to_be_16((uint16_t)len);
	else
		((struct rte_ipv6_hdr *)(void *)l3)->payload_len =
			rte_cpu_to_be_16((uint16_t)(len - sizeof(struct rte_ipv6_hdr)));
}

/* Cuts the frame after its TCP header, which becomes `tcp_len` long, and mends what counts it. */
static void cut_frame(struct weir_tcp_conn *c, struct weir_pkt *p, uint32_t tcp_len)
{
	uint8_t *at = rte_pktmbuf_mtod(p->mbuf, uint8_t *);
	struct rte_tcp_hdr *h = (struct rte_tcp_hdr *)(void *)(at + p->l4_off);

	rte_pktmbuf_free(p->mbuf->next);
	p->mbuf->next = NULL;
	p->mbuf->nb_segs = 1;
	p->mbuf->data_len = (uint16_t)(p->l4_off + tcp_len);
	p->mbuf->pkt_len = p->mbuf->data_len;
	p->mbuf->ol_flags = 0;
	h->data_off = (uint8_t)(tcp_len / 4 << 4);
	set_l3_len(at + p->l3_off, c->family, p->l4_off - p->l3_off + tcp_len);
	tcp_fix_checksums(at + p->l3_off, at + p->l4_off, tcp_len, c->family);
}

static void relay(struct weir_tcp *t, struct weir_tcp_conn *c, struct tcp_leg *to,
		  struct weir_pkt *p)
{
	t->cfg.ops->send(t->cfg.ctx, c, to->index, p->mbuf);
}

/* A SYN goes on with the options that weir speaks, and without data: who sent some sends it again
 * (RFC 9293 section 3.10.7.4 lets the receiver queue it; weir lets it wait at the sender). */
static void relay_syn(struct weir_tcp *t, struct weir_tcp_conn *c, struct tcp_leg *to,
		      struct weir_pkt *p, struct tcp_options *o)
{
	uint8_t *tcp = rte_pktmbuf_mtod_offset(p->mbuf, uint8_t *, p->l4_off);
	struct rte_tcp_hdr *h = (struct rte_tcp_hdr *)(void *)tcp;
	uint32_t most = c->mtu[to->index] - tcp_headers_len(c->family);

	o->mss = (uint16_t)tcp_min(o->mss, most);
	o->scale = o->scale > SCALE_MAX ? SCALE_MAX : o->scale;
	h->tcp_flags = (p->tcp_flags & (WEIR_TCP_SYN | WEIR_TCP_ACK)) |
		       tcp_ecn_of_syn(tcp_other(c, to), to, p);
	h->tcp_urp = 0;
	cut_frame(c, p, (uint32_t)sizeof(*h) + tcp_write_syn_options(tcp + sizeof(*h), o));
	relay(t, c, to, p);
}

static enum weir_drop refuse(struct weir_pkt *p, enum weir_drop reason)
{
	rte_pktmbuf_free(p->mbuf);
	return reason;
}

/* ---- learning ---- */

static void learn_options(struct weir_tcp_conn *c, struct tcp_leg *l, const struct tcp_options *o)
{
	uint32_t mss = o->has_mss ? o->mss : tcp_default_mss(c->family);

	l->mss = (uint16_t)tcp_min(tcp_max(mss, TCP_MSS_MIN),
				   c->mtu[l->index] - tcp_headers_len(c->family));
	l->flags &= (uint16_t) ~(LEG_SCALE | LEG_SACK | LEG_TIMESTAMPS);
	if (o->has_scale) {
		l->flags |= LEG_SCALE;
		l->peer_scale = o->scale > SCALE_MAX ? SCALE_MAX : o->scale;
	}
	if (o->has_sack_ok)
		l->flags |= LEG_SACK;
	if (o->has_timestamp) {
		l->flags |= LEG_TIMESTAMPS;
		l->ts_recent = l->ts_seen = o->ts_val;
	}
}

static void learn_syn(struct weir_tcp *t, struct weir_tcp_conn *c, struct tcp_leg *l,
		      const struct weir_pkt *p, const struct tcp_options *o)
{
	bool again = l->flags & LEG_SYN_SEEN;

	learn_options(c, l, o);
	l->flags |= LEG_SYN_SEEN;
	l->irs = p->seq;
	l->window = l->max_window = p->window; /* never scaled in a SYN */
	l->wl_seq = p->seq;
	l->wl_ack = p->ack;
	tcp_take_template(tcp_other(c, l), p);
	tcp_other(c, l)->asked_ns = again ? 0 : t->now_ns;
}

/* The other peer has acknowledged the SYN of `l`'s, which says how far away it is. */
static void note_syn_acked(struct weir_tcp *t, struct weir_tcp_conn *c, struct tcp_leg *l)
{
	struct tcp_leg *other = tcp_other(c, l);

	if (l->flags & LEG_SYN_ACKED)
		return;
	l->flags |= LEG_SYN_ACKED;
	if (other->asked_ns)
		tcp_rtt_sample(other, (uint32_t)((t->now_ns - other->asked_ns) / WEIR_NS_PER_US));
}

/* ---- establishing ---- */

static void agree_on_options(struct weir_tcp_conn *c)
{
	uint16_t agreed =
		c->leg[0].flags & c->leg[1].flags & (LEG_SCALE | LEG_SACK | LEG_TIMESTAMPS);

	for (unsigned int i = 0; i < 2; i++) {
		struct tcp_leg *l = &c->leg[i];

		l->flags &= (uint16_t) ~(LEG_SCALE | LEG_SACK | LEG_TIMESTAMPS);
		l->flags |= agreed;
		if (!(agreed & LEG_SCALE))
			l->peer_scale = 0;
		if (agreed & LEG_TIMESTAMPS)
			l->mss = (uint16_t)(l->mss - TCP_TIMESTAMP_LEN);
	}
	tcp_ecn_agree(c);
	c->leg[0].scale = c->leg[1].peer_scale;
	c->leg[1].scale = c->leg[0].peer_scale;
}

void tcp_establish_leg(struct weir_tcp *t, struct tcp_leg *l, uint32_t iss, uint32_t offered)
{
	l->state = WEIR_TCP_ESTABLISHED;
	l->una = l->nxt = l->end = iss + 1;
	l->recover = l->tlp_end = l->una;
	l->rack.end = l->rack.fack = l->rack.dsack_round = l->una;
	l->in_next = l->acked_in = l->irs + 1;
	l->in_edge = l->irs + 1 + offered;
	l->quick = QUICK;
	l->ip_id = (uint16_t)tcp_random(t);
	tcp_congestion_init(l);
	tcp_window_init(t, l);
}

static void establish(struct weir_tcp *t, struct weir_tcp_conn *c, struct tcp_leg *l)
{
	agree_on_options(c);
	/* What the other peer's SYN offered. */
	tcp_establish_leg(t, &c->leg[0], c->leg[1].irs, c->leg[1].max_window);
	tcp_establish_leg(t, &c->leg[1], c->leg[0].irs, c->leg[0].max_window);
	tcp_put_on_list(t, c, TCP_LIST_NONE);
	/* What this peer has acknowledged the other does not know yet. */
	tcp_other(c, l)->flags |= LEG_ACK_NOW;
	weir_count(t->cfg.stats, WEIR_COUNT_TCP_OPENED, 1);
}

/* ---- segments ---- */

static bool both(const struct weir_tcp_conn *c, uint16_t flags)
{
	return (c->leg[0].flags & c->leg[1].flags & flags) == flags;
}

/* Whether `p` acknowledges the other peer's SYN. */
static bool acks_syn(const struct tcp_leg *other, const struct weir_pkt *p)
{
	return p->tcp_flags & WEIR_TCP_ACK && other->flags & LEG_SYN_SEEN &&
	       p->ack == other->irs + 1;
}

/* The peers judge a reset themselves; weir only must not end for one that they do not take. */
static enum weir_drop on_reset(struct weir_tcp *t, struct weir_tcp_conn *c, struct tcp_leg *l,
			       struct weir_pkt *p)
{
	struct tcp_leg *other = tcp_other(c, l);
	bool good = acks_syn(other, p) || (l->flags & LEG_SYN_SEEN && p->seq == l->irs + 1);

	if (p->tcp_flags & WEIR_TCP_ACK && other->flags & LEG_SYN_SEEN && !acks_syn(other, p))
		return refuse(p, WEIR_DROP_TCP_BAD_ACK);
	cut_frame(c, p, p->payload_off - p->l4_off);
	relay(t, c, other, p);
	if (good)
		tcp_finish(t, c, WEIR_TCP_END_RESET);
	return WEIR_DROP_NONE;
}

static enum weir_drop on_syn(struct weir_tcp *t, struct weir_tcp_conn *c, struct tcp_leg *l,
			     struct weir_pkt *p)
{
	struct tcp_leg *other = tcp_other(c, l);
	struct tcp_options o;

	if (l->flags & LEG_SYN_SEEN && p->seq != l->irs)
		return refuse(p, WEIR_DROP_TCP_BAD_STATE);
	if (p->tcp_flags & WEIR_TCP_ACK && !acks_syn(other, p))
		return refuse(p, WEIR_DROP_TCP_BAD_ACK);
	tcp_read_options(p, &o);
	learn_syn(t, c, l, p, &o);
	if (p->tcp_flags & WEIR_TCP_ACK)
		note_syn_acked(t, c, other);
	relay_syn(t, c, other, p, &o);
	/* Simultaneous open: the second SYN-ACK tells what the third segment else does. */
	if (both(c, LEG_SYN_SEEN | LEG_SYN_ACKED))
		establish(t, c, l);
	return WEIR_DROP_NONE;
}

enum weir_drop tcp_handshake(struct weir_tcp *t, struct weir_tcp_conn *c, struct tcp_leg *l,
			     struct weir_pkt *p, bool *mine)
{
	struct tcp_leg *other = tcp_other(c, l);

	if (p->tcp_flags & WEIR_TCP_RST)
		return on_reset(t, c, l, p);
	if (p->tcp_flags & WEIR_TCP_SYN)
		return on_syn(t, c, l, p);
	if (!(p->tcp_flags & WEIR_TCP_ACK))
		return refuse(p, WEIR_DROP_TCP_BAD_STATE);
	if (!(l->flags & LEG_SYN_SEEN)) {
		/* A responder with an older connection in its memory says where that stands, and
		 * the initiator resets it (RFC 9293 section 3.5.1, figure 9). */
		if (l->index == 0 || p->payload_len)
			return refuse(p, WEIR_DROP_TCP_BAD_STATE);
		cut_frame(c, p, p->payload_off - p->l4_off);
		relay(t, c, other, p);
		return WEIR_DROP_NONE;
	}
	if (!acks_syn(other, p))
		return refuse(p, WEIR_DROP_TCP_BAD_ACK);
	if (!weir_seq_lt(l->irs, p->seq) || !weir_seq_le(p->seq, l->irs + 1 + other->max_window))
		return refuse(p, WEIR_DROP_TCP_OUT_OF_WINDOW);
	note_syn_acked(t, c, other);
	if (!both(c, LEG_SYN_SEEN | LEG_SYN_ACKED))
		return refuse(p, WEIR_DROP_TCP_BAD_STATE);
	establish(t, c, l);
	*mine = true;
	return WEIR_DROP_NONE;
}
