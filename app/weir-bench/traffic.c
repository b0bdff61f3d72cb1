/* SPDX-License-Identifier: BSD-3-Clause */
/* `weir-bench traffic`: a packet source and sink around something that forwards. */
#include "traffic.h"

#include "bench.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_cycles.h>
#include <rte_ip.h>
#include <rte_mbuf.h>

#define STREAMS_NEWFLOWS 1024
#define FLOWS_MAX        (4ULL << 20)
#define QUEUES_MAX       16
/* A source that fell behind its schedule by more than this gives the rest up. */
#define BEHIND_MAX 1024

/* ---- options ---- */

static const char *const mode_words[] = {"udp", "tcp", "newflows", "flood", NULL};
static const char *const driver_words[] = {"auto", "af_xdp", "af_packet", NULL};
static const char *const family_words[] = {"4", "6", "both", NULL};

#define AT(field) offsetof(struct traffic_options, field)
static const struct bench_option options[] = {
	{"source", "DEVICE",
	 "where packets to the server leave: a PCI address, iface:NAME or vdev:ARGS, as in "
	 "weir.yaml",
	 bench_parse_text, AT(source)},
	{"sink", "DEVICE", "where they arrive; default: the source itself, which something echoes",
	 bench_parse_text, AT(sink)},
	{"driver", "NAME", "of kernel interfaces: auto (default), af_xdp, af_packet",
	 bench_parse_word, AT(driver), .words = driver_words},
	{"mode", "MODE",
	 "udp (default): flows without state; tcp: whole connections, handshake to FIN; newflows: "
	 "UDP, "
	 "each packet a flow of its own; flood: SYNs alone",
	 bench_parse_word, AT(mode), .words = mode_words},
	{"flows", "N", "flows (udp) or connections at a time (tcp), default 1000, at most 4 Mi",
	 bench_parse_u64, AT(flows), 1, FLOWS_MAX},
	{"family", "4|6|both", "IP version, default 4; both: every second flow is IPv6",
	 bench_parse_word, AT(families), .words = family_words},
	{"size", "BYTES|imix",
	 "frames on the wire with FCS, 64..1518, default 64; imix: 64, 594 and 1518 as 7:4:1; "
	 "raised to "
	 "what the headers and the 18-byte stamp need",
	 bench_parse_sizes, AT(sizes)},
	{"both", NULL, "the servers send too, after they have heard their client", bench_parse_flag,
	 AT(both)},
	{"rate", "PPS|max", "packets a second over both directions, default max", bench_parse_rate,
	 AT(rate), 1, 1000000000},
	{"seconds", "TIME", "how long to send, default 5 s, at most 1 h", bench_parse_duration,
	 AT(run_ns), WEIR_NS_PER_MS, 3600 * WEIR_NS_PER_S},
	{"packets", "N", "ends earlier, after so many packets", bench_parse_u64, AT(packets), 1,
	 1000000000000},
	{"segments", "N",
	 "tcp: data segments of a connection, both directions, default 100; 0: none",
	 bench_parse_u64, AT(per_connection), 0, UINT32_MAX},
	{"drain", "TIME", "ends when nothing has arrived for so long after sending, default 200 ms",
	 bench_parse_duration, AT(drain_ns), WEIR_NS_PER_MS, 60 * WEIR_NS_PER_S},
	{"wait", "TIME", "for a carrier on all ports, default 10 s", bench_parse_duration,
	 AT(wait_ns), 0, 600 * WEIR_NS_PER_S},
	{"cpu", "N", "that sends and receives; default: the first allowed one", bench_parse_cpus,
	 AT(cpus)},
	{"queues", "N", "of each port, default 1; flows are spread over them", bench_parse_u64,
	 AT(queues), 1, QUEUES_MAX},
	{"clients", "N", "client addresses, default 1024; times 64512 ports", bench_parse_u64,
	 AT(clients), 1, 65536},
	{"client4", "ADDRESS", "the first client, default 10.1.0.1", bench_parse_addr,
	 AT(client[0])},
	{"server4", "ADDRESS", "default 10.2.0.1", bench_parse_addr, AT(server[0])},
	{"client6", "ADDRESS", "the first client, default 2001:db8:1::1", bench_parse_addr,
	 AT(client[1])},
	{"server6", "ADDRESS", "default 2001:db8:2::1", bench_parse_addr, AT(server[1])},
	{"port", "N", "the server's, default 5001", bench_parse_u64, AT(port), 1, 65535},
	{"vlan", "ID", "tag of all frames, 1..4094; default none", bench_parse_u64, AT(vlan), 1,
	 4094},
	{"verify", NULL, "also check the transport checksum of what arrives", bench_parse_flag,
	 AT(verify)},
	{"json", NULL, "the report as one JSON object", bench_parse_flag, AT(json)},
};

static void set_defaults(struct traffic_options *o)
{
	static const uint8_t client6[16] = {0x20, 1, 0x0d, 0xb8, 0, 1, [15] = 1};
	static const uint8_t server6[16] = {0x20, 1, 0x0d, 0xb8, 0, 2, [15] = 1};

	*o = (struct traffic_options){
		.flows = 1000,
		.run_ns = 5 * WEIR_NS_PER_S,
		.drain_ns = 200 * WEIR_NS_PER_MS,
		.wait_ns = 10 * WEIR_NS_PER_S,
		.queues = 1,
		.per_connection = 100,
		.clients = 1024,
		.port = 5001,
		.packets = UINT64_MAX,
		.client = {weir_addr_v4(0x0a010001), weir_addr_v6(client6)},
		.server = {weir_addr_v4(0x0a020001), weir_addr_v6(server6)},
		.sizes = {.size = {BENCH_SIZE_MIN}, .n = 1},
	};
}

/* What the table cannot say. NULL: nothing is wrong. */
static const char *contradiction(const struct traffic_options *o)
{
	if (!o->source)
		return "--source is needed";
	if (o->cpus.n > 1)
		return "--cpu: one CPU sends and receives";
	if (!o->sink && (o->mode == TRAFFIC_TCP || o->both))
		return "servers need a --sink of their own";
	if (o->both && (o->mode == TRAFFIC_NEWFLOWS || o->mode == TRAFFIC_FLOOD))
		return "--both is for udp and tcp";
	if (o->client[0].family != 4 || o->server[0].family != 4)
		return "--client4 and --server4 take IPv4 addresses";
	if (o->client[1].family != 6 || o->server[1].family != 6)
		return "--client6 and --server6 take IPv6 addresses";
	if (o->flows > o->clients * BENCH_PORTS)
		return "--flows: more than --clients have ports";
	return NULL;
}

/* ---- set-up ---- */

static const struct traffic_hooks *hooks_of(unsigned int mode)
{
	static const struct traffic_hooks *const hooks[] = {
		[TRAFFIC_UDP] = &traffic_udp,
		[TRAFFIC_TCP] = &traffic_tcp,
		[TRAFFIC_NEWFLOWS] = &traffic_newflows,
		[TRAFFIC_FLOOD] = &traffic_flood,
	};

	return hooks[mode];
}

static void set_net(struct traffic *t)
{
	const struct traffic_options *o = t->opt;
	bool tcp = o->mode == TRAFFIC_TCP || o->mode == TRAFFIC_FLOOD;

	t->net = (struct bench_net){
		.families = o->families,
		.proto = tcp ? IPPROTO_TCP : IPPROTO_UDP,
		.vlan = (uint16_t)o->vlan,
		.port = (uint16_t)o->port,
		.clients = (uint32_t)o->clients,
		.client = {o->client[0], o->client[1]},
		.server = {o->server[0], o->server[1]},
	};
	bench_templates_init(&t->templates, &t->net);
	for (unsigned int i = 0; i < o->sizes.n; i++) {
		uint16_t min = bench_frame_min(&t->templates, o->mode != TRAFFIC_FLOOD);
		uint16_t len = (uint16_t)(o->sizes.size[i] - BENCH_FCS_BYTES);

		t->len[i] = len > min ? len : min;
	}
}

static bool allocate(struct traffic *t)
{
	t->streams = t->opt->mode == TRAFFIC_NEWFLOWS || t->opt->mode == TRAFFIC_FLOOD
			     ? STREAMS_NEWFLOWS
			     : (uint32_t)t->opt->flows;
	t->samples_max = (uint32_t)(t->opt->run_ns / TRAFFIC_SAMPLE_NS) + 1;
	t->sample = calloc(t->samples_max, sizeof(*t->sample));
	for (unsigned int dir = 0; dir < BENCH_DIRS; dir++) {
		t->stream[dir] = calloc(t->streams, sizeof(*t->stream[dir]));
		t->seq[dir] = calloc(t->streams, sizeof(*t->seq[dir]));
		if (!t->stream[dir] || !t->seq[dir])
			return false;
	}
	if (t->opt->mode != TRAFFIC_TCP)
		return t->sample != NULL;
	t->conn = traffic_tcp_create(t);
	return t->sample && t->conn;
}

static void release(struct traffic *t)
{
	for (unsigned int dir = 0; dir < BENCH_DIRS; dir++) {
		free(t->stream[dir]);
		free(t->seq[dir]);
	}
	free(t->sample);
	traffic_tcp_destroy(t->conn);
	free(t);
}

/* ---- receiving ---- */

/* Over a right checksum itself the sum is all ones: 0, which for UDP is written as 0xffff. */
static bool checksum_good(const uint8_t *frame, const struct bench_seen *seen)
{
	const void *l3 = frame + seen->l3, *l4 = frame + seen->l4;
	uint16_t sum =
		seen->family == 4 ? rte_ipv4_udptcp_cksum(l3, l4) : rte_ipv6_udptcp_cksum(l3, l4);

	return sum == 0 || sum == 0xffff;
}

static void take(struct traffic *t, const struct traffic_hooks *hooks, enum bench_dir dir,
		 struct rte_mbuf *m)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
	struct traffic_count *c = &t->count[dir];
	struct bench_seen seen;

	if (weir_unlikely(!bench_frame_read(frame, m->data_len, &seen))) {
		c->other++;
		return;
	}
	c->received_bytes += m->pkt_len;
	if (t->opt->verify && !checksum_good(frame, &seen))
		c->bad_checksum++;
	hooks->receive(t, dir, frame, &seen);
}

static unsigned int receive(struct traffic *t, const struct traffic_hooks *hooks, uint16_t port,
			    uint16_t queue)
{
	enum bench_dir dir = port == 1 || t->echo ? BENCH_TO_SERVER : BENCH_TO_CLIENT;
	struct rte_mbuf *m[TRAFFIC_BURST];
	uint16_t n = weir_port_rx(&t->session.ports->port[port], queue, m, TRAFFIC_BURST);

	if (n == 0)
		return 0;
	t->now_tsc = rte_rdtsc();
	for (uint16_t i = 0; i < n; i++) {
		if (i + 4 < n)
			__builtin_prefetch(rte_pktmbuf_mtod(m[i + 4], void *));
		take(t, hooks, dir, m[i]);
	}
	rte_pktmbuf_free_bulk(m, n);
	return n;
}

static unsigned int receive_all(struct traffic *t, const struct traffic_hooks *hooks)
{
	unsigned int n = 0;

	for (uint16_t port = 0; port < t->session.ports->n; port++)
		for (uint16_t queue = 0; queue < t->opt->queues; queue++)
			n += receive(t, hooks, port, queue);
	return n;
}

/* ---- the run ---- */

struct pacer {
	double per_tsc; /* packets; 0: no limit */
	double begun;   /* of the schedule, TSC */
	uint64_t done;
};

static unsigned int due(struct pacer *p, uint64_t now)
{
	double behind;

	if (p->per_tsc == 0)
		return TRAFFIC_BURST;
	behind = ((double)now - p->begun) * p->per_tsc - (double)p->done;
	if (behind > BEHIND_MAX) {
		p->begun += (behind - BEHIND_MAX) / p->per_tsc;
		behind = BEHIND_MAX;
	}
	return behind >= TRAFFIC_BURST ? TRAFFIC_BURST : behind > 0 ? (unsigned int)behind : 0;
}

static uint64_t arrived(const struct traffic *t)
{
	return t->count[0].account.received + t->count[1].account.received;
}

static uint64_t sent(const struct traffic *t)
{
	return t->count[0].sent + t->count[1].sent;
}

struct sampler {
	uint64_t last_tsc, last_arrived;
};

static void sample(struct traffic *t, struct sampler *s)
{
	uint64_t ns = traffic_ns(t, t->now_tsc - s->last_tsc);

	if (ns < TRAFFIC_SAMPLE_NS || t->samples == t->samples_max)
		return;
	t->sample[t->samples++] = (double)(arrived(t) - s->last_arrived) * 1e9 / (double)ns;
	*s = (struct sampler){t->now_tsc, arrived(t)};
}

static void send_and_receive(struct traffic *t, const struct traffic_hooks *hooks)
{
	double hz = (double)rte_get_tsc_hz();
	uint64_t end_tsc = rte_rdtsc() + (uint64_t)((double)t->opt->run_ns / t->ns_per_tsc);
	struct pacer pacer = {.per_tsc = (double)t->opt->rate / hz};
	struct sampler sampler;

	t->now_tsc = t->begin_tsc = rte_rdtsc();
	pacer.begun = (double)t->begin_tsc;
	sampler = (struct sampler){.last_tsc = t->begin_tsc};
	while (t->now_tsc < end_tsc && sent(t) < t->opt->packets && !bench_interrupted()) {
		unsigned int n = due(&pacer, t->now_tsc);

		if (n > t->opt->packets - sent(t))
			n = (unsigned int)(t->opt->packets - sent(t));
		if (n) {
			pacer.done += hooks->send(t, n);
			traffic_flush(t);
		}
		receive_all(t, hooks);
		t->now_tsc = rte_rdtsc();
		sample(t, &sampler);
	}
	t->end_tsc = t->now_tsc;
}

/* Takes what is still under way, until nothing has come for a while. */
static void drain(struct traffic *t, const struct traffic_hooks *hooks)
{
	uint64_t last_tsc = rte_rdtsc();

	do {
		traffic_flush(t);
		if (hooks->wind_down)
			hooks->wind_down(t, TRAFFIC_BURST);
		if (receive_all(t, hooks))
			last_tsc = t->now_tsc;
		t->now_tsc = rte_rdtsc();
	} while (traffic_ns(t, t->now_tsc - last_tsc) < t->opt->drain_ns && !bench_interrupted());
}

static void free_unsent(struct traffic *t)
{
	for (unsigned int port = 0; port < 2; port++)
		for (unsigned int queue = 0; queue < t->opt->queues; queue++)
			rte_pktmbuf_free_bulk(t->out[port][queue].m, t->out[port][queue].n);
}

static int run(void *arg)
{
	struct traffic *t = arg;
	const struct traffic_hooks *hooks = hooks_of(t->opt->mode);

	t->ns_per_tsc = 1e9 / (double)rte_get_tsc_hz();
	receive_all(t, hooks); /* what stood in the rings before */
	memset(t->count, 0, sizeof(t->count));
	send_and_receive(t, hooks);
	drain(t, hooks);
	free_unsent(t);
	return 0;
}

static int run_session(struct traffic *t)
{
	struct bench_session_cfg cfg = {
		.device = {t->opt->source, t->opt->sink},
		.driver = driver_words[t->opt->driver],
		.cpus = t->opt->cpus,
		.queues = (unsigned int)t->opt->queues,
	};

	if (bench_session_open(&t->session, &cfg) != 0)
		return BENCH_FAIL;
	t->echo = t->session.ports->n == 1;
	if (!bench_session_wait_link(&t->session, t->opt->wait_ns)) {
		fputs("weir-bench traffic: a port has no carrier\n", stderr);
		bench_session_close(&t->session);
		return BENCH_FAIL;
	}
	bench_run_on_lcores(run, (void *[]){t}, 1);
	traffic_report(t);
	bench_session_close(&t->session);
	return BENCH_OK;
}

static int run_traffic(int argc, char **argv)
{
	int parsed;
	struct traffic_options o;
	struct traffic *t;
	int rc = BENCH_FAIL;

	set_defaults(&o);
	parsed = bench_options_parse(&bench_traffic, argc, argv, &o);
	if (parsed != BENCH_GO_ON)
		return parsed;
	if (contradiction(&o)) {
		fprintf(stderr, "weir-bench traffic: %s\n", contradiction(&o));
		return BENCH_USAGE;
	}
	if (!o.cpus.n)
		bench_cpus_default(&o.cpus, 1);
	bench_catch_signals();
	t = calloc(1, sizeof(*t));
	if (!t)
		return rc;
	t->opt = &o;
	set_net(t);
	if (allocate(t))
		rc = run_session(t);
	else
		fputs("weir-bench traffic: no memory\n", stderr);
	release(t);
	return rc;
}

const struct bench_command bench_traffic = {
	.name = "traffic",
	.about = "Sends numbered, stamped packets by the source, takes them at the sink (and "
		 "back), and "
		 "tells loss, order, duplicates, rate and latency.",
	.options = options,
	.n_options = WEIR_ARRAY_LEN(options),
	.run = run_traffic,
};
