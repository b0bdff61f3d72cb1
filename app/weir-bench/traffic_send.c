/* SPDX-License-Identifier: BSD-3-Clause */
/* How packets are made and handed to the ports, and the modes without connections. */
#include "traffic.h"

#include <rte_mbuf.h>

#define SYN 0x02
#define ACK 0x10
#define RST 0x04

/* ---- out ---- */

/* Packets to the server leave by the source, packets to the client by the sink. */
static unsigned int port_of(enum bench_dir dir)
{
	return dir == BENCH_TO_SERVER ? 0 : 1;
}

static struct traffic_out *out_of(struct traffic *t, enum bench_dir dir, uint32_t stream)
{
	return &t->out[port_of(dir)][stream % t->opt->queues];
}

static void flush_one(struct traffic *t, unsigned int port, unsigned int queue)
{
	struct traffic_out *out = &t->out[port][queue];
	unsigned int sent;

	if (out->n == 0)
		return;
	sent = weir_port_tx(&t->session.ports->port[port], queue, out->m, (uint16_t)out->n);
	out->n -= sent;
	if (weir_unlikely(out->n))
		memmove(out->m, out->m + sent, out->n * sizeof(out->m[0]));
}

void traffic_flush(struct traffic *t)
{
	for (unsigned int port = 0; port < t->session.ports->n; port++)
		for (unsigned int queue = 0; queue < t->opt->queues; queue++)
			flush_one(t, port, queue);
}

bool traffic_emit(struct traffic *t, enum bench_dir dir, uint32_t stream,
		  const struct bench_template *template, const struct bench_fields *fields)
{
	struct traffic_out *out = out_of(t, dir, stream);
	struct rte_mbuf *m;

	if (weir_unlikely(out->n == WEIR_ARRAY_LEN(out->m)))
		return false;
	m = rte_pktmbuf_alloc(t->session.tx_pool);
	if (weir_unlikely(!m))
		return false;
	m->data_len = fields->len;
	m->pkt_len = fields->len;
	bench_frame_write(rte_pktmbuf_mtod(m, uint8_t *), template, fields);
	out->m[out->n++] = m;
	return true;
}

static uint16_t next_len(struct traffic *t)
{
	uint16_t len = t->len[t->place];

	t->place = t->place + 1 < t->opt->sizes.n ? t->place + 1 : 0;
	return len;
}

/* ---- stamps ---- */

static struct bench_stamp next_stamp(struct traffic *t, enum bench_dir dir, uint32_t stream)
{
	return (struct bench_stamp){
		.magic = BENCH_STAMP_MAGIC,
		.stream = stream,
		.seq = t->seq[dir][stream],
		.tsc = t->now_tsc,
	};
}

bool traffic_send_stamped(struct traffic *t, enum bench_dir dir, uint32_t stream,
			  const struct bench_template *template, struct bench_fields *fields)
{
	fields->stamped = true;
	fields->stamp = next_stamp(t, dir, stream);
	fields->len = next_len(t);
	if (!traffic_emit(t, dir, stream, template, fields))
		return false;
	t->seq[dir][stream]++;
	t->count[dir].sent++;
	t->count[dir].sent_bytes += fields->len;
	return true;
}

void traffic_arrival(struct traffic *t, enum bench_dir dir, const struct bench_seen *seen)
{
	struct traffic_count *c = &t->count[dir];
	uint64_t took = t->now_tsc - seen->stamp.tsc;

	if (weir_unlikely(seen->stamp.stream >= t->streams)) {
		c->other++;
		return;
	}
	bench_account_arrival(&c->account, &t->stream[dir][seen->stamp.stream], seen->stamp.seq);
	weir_hist_add(&c->latency, traffic_ns(t, took));
}

static void receive_stamped(struct traffic *t, enum bench_dir dir, const uint8_t *frame,
			    const struct bench_seen *seen)
{
	if (weir_likely(seen->stamped))
		traffic_arrival(t, dir, seen);
	else
		t->count[dir].other++;
}

/* ---- udp: so many flows, one after the other ---- */

/* The server speaks in every second round, and never before it has heard its client. */
static enum bench_dir whose_turn(const struct traffic *t, uint32_t stream)
{
	if (!t->opt->both || t->next / t->streams % 2 == 0)
		return BENCH_TO_SERVER;
	return t->stream[BENCH_TO_SERVER][stream].next ? BENCH_TO_CLIENT : BENCH_TO_SERVER;
}

static unsigned int send_udp(struct traffic *t, unsigned int n)
{
	uint32_t stream = (uint32_t)(t->next % t->streams);
	unsigned int i;

	for (i = 0; i < n; i++) {
		enum bench_dir dir = whose_turn(t, stream);
		struct bench_fields fields = {.number = stream};

		if (!traffic_send_stamped(t, dir, stream,
					  bench_template_of(&t->templates, stream, dir, false),
					  &fields))
			break;
		t->next++;
		stream = stream + 1 < t->streams ? stream + 1 : 0;
	}
	return i;
}

const struct traffic_hooks traffic_udp = {.send = send_udp, .receive = receive_stamped};

/* ---- newflows: each packet is a flow's first ---- */

static unsigned int send_newflows(struct traffic *t, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		uint32_t number = (uint32_t)t->next, stream = number % t->streams;
		struct bench_fields fields = {.number = number};

		if (!traffic_send_stamped(
			    t, BENCH_TO_SERVER, stream,
			    bench_template_of(&t->templates, number, BENCH_TO_SERVER, false),
			    &fields))
			break;
		t->next++;
	}
	return i;
}

const struct traffic_hooks traffic_newflows = {.send = send_newflows, .receive = receive_stamped};

/* ---- flood: SYNs that nobody means ---- */

static unsigned int send_flood(struct traffic *t, unsigned int n)
{
	struct traffic_count *c = &t->count[BENCH_TO_SERVER];
	unsigned int i;

	for (i = 0; i < n; i++) {
		uint32_t number = (uint32_t)t->next;
		const struct bench_template *syn =
			bench_template_of(&t->templates, number, BENCH_TO_SERVER, true);
		struct bench_fields fields = {
			.number = number,
			.len = syn->payload,
			.tcp_flags = SYN,
			.tcp_seq = number * 2654435761u,
		};

		if (!traffic_emit(t, BENCH_TO_SERVER, number, syn, &fields))
			break;
		c->sent++;
		c->sent_bytes += fields.len;
		t->next++;
	}
	return i;
}

/* What comes back to the clients: resets, or SYN-ACKs with cookies. */
static void receive_flood(struct traffic *t, enum bench_dir dir, const uint8_t *frame,
			  const struct bench_seen *seen)
{
	if (dir == BENCH_TO_SERVER && seen->tcp_flags == SYN)
		t->count[dir].account.received++;
	else if (dir == BENCH_TO_CLIENT && seen->tcp_flags & RST)
		t->tcp.refused++;
	else if (dir == BENCH_TO_CLIENT && (seen->tcp_flags & (SYN | ACK)) == (SYN | ACK))
		t->tcp.opened++;
	else
		t->count[dir].other++;
}

const struct traffic_hooks traffic_flood = {.send = send_flood, .receive = receive_flood};
