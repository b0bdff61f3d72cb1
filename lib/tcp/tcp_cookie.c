/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SYN cookies (RFC 4987 section 3.6): while too many connections wait in the handshake, weir
 * answers SYNs itself and remembers nothing of them. All that it must know stands in the number of
 * its SYN-ACK: when, which segment size, and a keyed hash of both, the addresses and the client's
 * own number. Who acknowledges that number was reached by it, and only then weir opens the
 * connection to the server, which so sees no flood either.
 *
 * The price: no options but MSS, since the number has no room for more, and numbers towards the
 * client that are not the server's, so that such a connection is never released to forwarding.
 */
#include "tcp_impl.h"

#include <rte_byteorder.h>
#include <rte_ip.h>

/*  31      27 26    24 23                0
 * +----------+--------+-------------------+
 * | period   | size   | hash              |
 * +----------+--------+-------------------+ */
#define PERIOD_NS    (64 * WEIR_NS_PER_S)
#define PERIOD_SHIFT 27
#define PERIOD_MASK  0x1f
#define SIZE_SHIFT   24
#define SIZE_MASK    0x7
#define HASH_MASK    0xffffff

#define WINDOW    UINT16_MAX
#define SYN_TRIES 6 /* as Linux's; about two minutes */

/* Segment sizes that can be told, ascending: what hosts have behind tunnels, and usually. */
static const uint16_t sizes[SIZE_MASK + 1] = {TCP_MSS_MIN, 536, 1220, 1300, 1360, 1400, 1440, 1460};

static uint32_t size_index(uint16_t mss)
{
	uint32_t i = SIZE_MASK;

	while (i && sizes[i] > mss)
		i--;
	return i;
}

static uint32_t hash_of(const struct weir_tcp *t, const struct weir_pkt_tuple *tuple, uint32_t isn,
			uint64_t period, uint32_t size)
{
	size_t address = tuple->family == 4 ? 4 : 16;
	uint64_t in[6] = {0};

	memcpy(in, tuple->src, address);
	memcpy(in + 2, tuple->dst, address);
	in[4] = (uint64_t)tuple->sport << 48 | (uint64_t)tuple->dport << 32 | isn;
	in[5] = period << 8 | (uint64_t)tuple->family << 4 | size;
	return (uint32_t)weir_siphash13(&t->cfg.key, in, WEIR_ARRAY_LEN(in)) & HASH_MASK;
}

static uint32_t number_of(const struct weir_tcp *t, const struct weir_pkt_tuple *tuple,
			  uint32_t isn, uint64_t period, uint32_t size)
{
	return (uint32_t)(period & PERIOD_MASK) << PERIOD_SHIFT | size << SIZE_SHIFT |
	       hash_of(t, tuple, isn, period, size);
}

/* ---- answering ---- */

bool weir_tcp_is_flooded(const struct weir_tcp *t)
{
	return t->n_handshake >= t->cfg.half_open;
}

struct rte_mbuf *weir_tcp_answer_by_cookie(struct weir_tcp *t, const struct weir_pkt *syn,
					   uint16_t mtu, uint64_t now_ns)
{
	struct weir_pkt_syn_ack answer = {.window = WINDOW};
	uint32_t headers = syn->tuple.family == 4 ? 40 : 60;
	struct tcp_options o;

	tcp_read_options(syn, &o);
	if (!o.has_mss)
		o.mss = syn->tuple.family == 4 ? TCP_MSS_DEFAULT_V4 : TCP_MSS_DEFAULT_V6;
	answer.mss = (uint16_t)(mtu - headers);
	answer.seq = number_of(t, &syn->tuple, syn->seq, now_ns / PERIOD_NS, size_index(o.mss));
	t->cookies_until_ns = now_ns + 2 * PERIOD_NS;
	weir_count(t->cfg.stats, WEIR_COUNT_TCP_COOKIES_SENT, 1);
	return weir_pkt_build_syn_ack(syn, &answer, t->cfg.pool);
}

/* ---- taking the acknowledgement ---- */

bool weir_tcp_is_cookie(const struct weir_tcp *t, const struct weir_pkt *p, uint64_t now_ns)
{
	uint32_t number = p->ack - 1, size = number >> SIZE_SHIFT & SIZE_MASK;
	uint64_t now = now_ns / PERIOD_NS, age = (now - (number >> PERIOD_SHIFT)) & PERIOD_MASK;

	if (weir_likely(now_ns > t->cookies_until_ns) || age > 1 ||
	    (p->tcp_flags & (WEIR_TCP_ACK | WEIR_TCP_SYN | WEIR_TCP_RST)) != WEIR_TCP_ACK)
		return false;
	return number == number_of(t, &p->tuple, p->seq - 1, now - age, size);
}

/* Frames to the client until the server's are known: those from the client, turned round. */
static void reverse_template(struct tcp_leg *to, const struct tcp_leg *from, uint8_t family)
{
	uint32_t address = family == 4 ? 4 : 16;
	uint8_t *at = to->template;
	const uint8_t *theirs = from->template;

	memcpy(at, theirs, from->template_len);
	memcpy(at, theirs + 6, 6);
	memcpy(at + 6, theirs, 6);
	at += from->template_len - 2 * address;
	theirs += from->template_len - 2 * address;
	memcpy(at, theirs + address, address);
	memcpy(at + address, theirs, address);
	to->template_len = from->template_len;
	to->l3_at = from->l3_at;
	to->sum_base = from->sum_base;
}

void tcp_ask_server(struct weir_tcp *t, struct weir_tcp_conn *c)
{
	struct tcp_leg *server = &c->leg[1];

	tcp_send_syn(t, server, c->leg[0].irs, (uint16_t)(c->mtu[1] - tcp_headers_len(c->family)),
		     WINDOW);
	tcp_timer_set(t, server, TCP_TIMER_SYN, t->now_ns + tcp_rto_ns(server));
}

struct weir_tcp_conn *weir_tcp_open_by_cookie(struct weir_tcp *t, const struct weir_pkt *ack,
					      const struct weir_tcp_open *cfg, uint64_t now_ns)
{
	struct weir_tcp_conn *c = weir_tcp_open(t, ack, cfg, now_ns);
	struct tcp_leg *client, *server;

	if (!c)
		return NULL;
	client = &c->leg[0];
	server = &c->leg[1];
	tcp_put_on_list(t, c, TCP_LIST_NONE); /* its client is there, and waits */
	c->by_cookie = true;
	client->irs = ack->seq - 1;
	client->window = client->max_window = ack->window;
	client->wl_seq = ack->seq;
	client->wl_ack = ack->ack;
	client->flags |= LEG_SYN_SEEN;
	for (unsigned int i = 0; i < 2; i++)
		c->leg[i].mss = (uint16_t)(c->mtu[i] - tcp_headers_len(c->family));
	client->mss =
		(uint16_t)tcp_min(client->mss, sizes[(ack->ack - 1) >> SIZE_SHIFT & SIZE_MASK]);
	tcp_take_template(server, ack);
	reverse_template(client, server, c->family);
	tcp_establish_leg(t, client, ack->ack - 1, WINDOW);
	tcp_establish_leg(t, server, client->irs, WINDOW);
	server->state = WEIR_TCP_HANDSHAKE;
	server->asked_ns = now_ns;
	weir_count(t->cfg.stats, WEIR_COUNT_TCP_COOKIES_TAKEN, 1);
	return c;
}

/* ---- the server ---- */

static void on_syn_ack(struct weir_tcp *t, struct weir_tcp_conn *c, struct tcp_leg *l,
		       const struct weir_pkt *p)
{
	struct tcp_options o;

	tcp_read_options(p, &o);
	l->mss = (uint16_t)tcp_min(
		l->mss, tcp_max(o.has_mss ? o.mss : tcp_default_mss(c->family), TCP_MSS_MIN));
	l->irs = p->seq;
	l->window = l->max_window = p->window;
	l->wl_seq = p->seq;
	l->wl_ack = p->ack;
	l->flags |= LEG_SYN_SEEN;
	l->backoff = 0;
	tcp_timer_clear(t, l);
	tcp_take_template(&c->leg[0], p);
	if (l->asked_ns)
		tcp_rtt_sample(l, (uint32_t)((t->now_ns - l->asked_ns) / WEIR_NS_PER_US));
	l->in_next = l->acked_in = l->irs + 1;
	l->in_edge = l->irs + 1 + WINDOW;
	l->state = WEIR_TCP_ESTABLISHED;
	l->flags |= LEG_ACK_NOW;
	weir_count(t->cfg.stats, WEIR_COUNT_TCP_OPENED, 1);
}

enum weir_drop tcp_cookie_handshake(struct weir_tcp *t, struct weir_tcp_conn *c, struct tcp_leg *l,
				    const struct weir_pkt *p)
{
	bool answers = p->tcp_flags & WEIR_TCP_ACK && p->ack == l->una;

	switch (p->tcp_flags & (WEIR_TCP_SYN | WEIR_TCP_ACK | WEIR_TCP_RST)) {
	case WEIR_TCP_SYN | WEIR_TCP_ACK:
		if (!answers)
			return WEIR_DROP_TCP_BAD_ACK;
		on_syn_ack(t, c, l, p);
		return WEIR_DROP_NONE;
	case WEIR_TCP_RST | WEIR_TCP_ACK: /* refused: the client hears so now */
		if (!answers)
			return WEIR_DROP_TCP_BAD_ACK;
		if (tcp_leave_other(t, l, false))
			return WEIR_DROP_NONE;
		l->state = WEIR_TCP_CLOSED;
		tcp_send_reset(t, &c->leg[0]);
		tcp_finish(t, c, WEIR_TCP_END_RESET);
		return WEIR_DROP_NONE;
	case WEIR_TCP_ACK: /* an older connection in its memory (RFC 9293 section 3.5.1) */
		tcp_send_number(t, l, p->ack, WEIR_TCP_RST);
		return WEIR_DROP_TCP_BAD_STATE;
	default:
		return WEIR_DROP_TCP_BAD_STATE;
	}
}

void tcp_on_syn_timer(struct weir_tcp *t, struct tcp_leg *l)
{
	struct weir_tcp_conn *c = tcp_conn(l);

	if (l->backoff == SYN_TRIES) {
		if (tcp_leave_other(t, l, false))
			return;
		l->state = WEIR_TCP_CLOSED;
		tcp_finish(t, c, WEIR_TCP_END_TIMEOUT);
		return;
	}
	l->backoff++;
	l->asked_ns = 0;
	tcp_ask_server(t, c);
}
