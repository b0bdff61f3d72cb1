/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The packet's path, read from top to bottom:
 *
 *   rx -> parse -> sort -> classify -> police -> carry -> tx
 *
 * A worker takes up to 32 frames from a port, reads all headers, sorts out what no flow is looked
 * up for (path_special.c), looks up the rest in one go, and does with each packet what its flow's
 * decision says (path_flow.c); new flows are decided by policy there. Connections that are
 * inspected end here and are sent anew (path_carry.c), at the end of the turn, as far as stream
 * rules (path_scan.c) and, of HTTP, a threat policy's rules (path_http.c) let them. What leaves is
 * collected by port and sent at the end of the turn (path_send.c).
 */
#include "path_event.h"
#include "path_layers.h"

/* One turn in 64 is measured by stage, so that the clock reads cost nothing to speak of. */
#define SAMPLE_EVERY 64

/* Ageing looks at so many timers a turn, and housekeeping runs so often. */
#define AGE_BUDGET      64
#define HOUSEKEEPING_NS (10 * WEIR_NS_PER_MS)

struct stopwatch {
	bool on;
	uint64_t last;
};

static void lap(struct path_worker *w, struct stopwatch *s, enum weir_stage stage, unsigned int n)
{
	uint64_t now;

	if (weir_likely(!s->on))
		return;
	now = rte_rdtsc();
	w->stats.stage_cycles[stage] += now - s->last;
	w->stats.stage_packets[stage] += n;
	s->last = now;
}

static struct stopwatch start_watch(const struct path_worker *w)
{
	struct stopwatch s = {.on = w->stats.count[WEIR_COUNT_LOOPS_BUSY] % SAMPLE_EVERY == 0};

	if (s.on)
		s.last = rte_rdtsc();
	return s;
}

/* What a frame was made of before it came here from another worker. */
static void restore_mark(const struct path_worker *w, struct weir_pkt *p)
{
	const struct path_mark *mark = path_mark(w, p->mbuf);

	if (!mark->frag_size)
		return;
	p->flags |= WEIR_PKT_REASSEMBLED;
	p->frag_size = mark->frag_size;
	p->frag_id = mark->frag_id;
}

/* True when `p` is to be looked up by its own addresses; else it has been dealt with. */
static bool sort_one(struct path_worker *w, struct path_burst *b, struct weir_pkt *p)
{
	if (weir_unlikely(p->drop)) {
		path_unreadable(w, b, p);
		return false;
	}
	if (weir_unlikely(p->kind == WEIR_PKT_NON_IP)) {
		path_non_ip(w, b, p);
		return false;
	}
	if (weir_unlikely(p->flags & WEIR_PKT_FRAGMENT) && !path_fragment(w, b, p))
		return false;
	if (weir_unlikely(p->flags & WEIR_PKT_ICMP_ERROR)) {
		path_icmp_error(w, b, p);
		return false;
	}
	if (weir_unlikely(p->tuple.proto == WEIR_PROTO_ICMPV6) && path_is_neighbour(p)) {
		path_neighbour(w, b, p);
		return false;
	}
	/* Without RSS that brings a flow to its owner the software does it. */
	return w->n_workers == 1 || b->in->rss || b->handed || !path_steer(w, b, p, &p->tuple);
}

static unsigned int sort(struct path_worker *w, struct path_burst *b, struct weir_pkt **left)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < b->n; i++) {
		if (weir_unlikely(b->handed))
			restore_mark(w, &b->pkt[i]);
		if (sort_one(w, b, &b->pkt[i]))
			left[n++] = &b->pkt[i];
	}
	return n;
}

static void classify(struct path_worker *w, const struct path_burst *b, struct weir_pkt **pkt,
		     unsigned int n, struct weir_flow **flow, uint8_t *dir)
{
	const struct weir_pkt_tuple *tuple[PATH_BURST];
	uint8_t wire[PATH_BURST];

	for (unsigned int i = 0; i < n; i++) {
		tuple[i] = &pkt[i]->tuple;
		wire[i] = b->in->wire;
	}
	weir_flow_lookup_burst(w->flows, tuple, wire, n, flow, dir);
}

static void police(struct path_worker *w, const struct path_burst *b, struct weir_pkt **pkt,
		   unsigned int n, struct weir_flow **flow, uint8_t *dir)
{
	uint64_t begun = w->flows_begun, ended = w->flows_ended;

	for (unsigned int i = 0; i < n; i++) {
		/* An earlier packet of this burst may have begun or ended this one's flow. */
		if (weir_unlikely(ended != w->flows_ended || (!flow[i] && begun != w->flows_begun)))
			flow[i] = weir_flow_lookup(w->flows, &pkt[i]->tuple, b->in->wire, &dir[i]);
		if (weir_likely(flow[i] != NULL))
			path_known_flow(w, b, pkt[i], flow[i], dir[i]);
		else
			path_new_flow(w, b, pkt[i]);
	}
}

/* `b` has its frames, number and port; takes the frames. */
void path_run_burst(struct path_worker *w, struct path_burst *b)
{
	struct stopwatch watch = start_watch(w);
	struct weir_pkt *left[PATH_BURST];
	struct weir_flow *flow[PATH_BURST];
	uint8_t dir[PATH_BURST];
	unsigned int n;

	weir_pkt_parse_burst(b->pkt, b->m, b->n, (enum weir_pkt_checksum)b->in->checksum);
	lap(w, &watch, WEIR_STAGE_PARSE, b->n);
	n = sort(w, b, left);
	classify(w, b, left, n, flow, dir);
	lap(w, &watch, WEIR_STAGE_CLASSIFY, b->n);
	police(w, b, left, n, flow, dir);
	lap(w, &watch, WEIR_STAGE_POLICE, b->n);
}

static unsigned int receive(struct path_worker *w, uint16_t port)
{
	struct stopwatch watch = start_watch(w);
	uint64_t bytes = 0;
	struct path_burst b;

	b.n = weir_port_rx(&w->ports->port[port], w->id, b.m, PATH_BURST);
	if (b.n == 0)
		return 0;
	b.port = port;
	b.in = &w->side[port];
	b.handed = false;
	for (unsigned int i = 0; i < b.n; i++)
		bytes += rte_pktmbuf_pkt_len(b.m[i]);
	weir_count(&w->stats, WEIR_COUNT_RX_PACKETS, b.n);
	weir_count(&w->stats, WEIR_COUNT_RX_BYTES, bytes);
	lap(w, &watch, WEIR_STAGE_RX, b.n);
	path_run_burst(w, &b);
	return b.n;
}

/* What is due now and then: ageing, unfinished datagrams, records of many like drops. */
static void keep_house(struct path_worker *w)
{
	uint64_t late;

	weir_flow_age(w->flows, w->now_ns, AGE_BUDGET);
	if (w->now_ns - w->tick_ns < HOUSEKEEPING_NS)
		return;
	w->tick_ns = w->now_ns;
	late = w->stats.drop[WEIR_DROP_FRAG_TIMEOUT];
	weir_frag_expire(w->frags, w->now_ns, &w->stats);
	for (late = w->stats.drop[WEIR_DROP_FRAG_TIMEOUT] - late; late; late--)
		path_note_drop(w, NULL, NULL, WEIR_DROP_FRAG_TIMEOUT);
	path_tell_untold(w);
}

/* The time, and what the turn before has taken. */
static void read_clock(struct path_worker *w)
{
	uint64_t tsc = rte_rdtsc() - w->base_tsc;

	weir_count(&w->stats, WEIR_COUNT_CYCLES, tsc - w->turn_tsc);
	if (w->turn_busy)
		weir_count(&w->stats, WEIR_COUNT_CYCLES_BUSY, tsc - w->turn_tsc);
	w->turn_tsc = tsc;
	w->now_ns = w->base_ns + path_ns_of(w, tsc);
}

/* Takes up what control has published. */
static void look_up_to_control(struct path_worker *w)
{
	const struct weir_generation *gen =
		atomic_load_explicit(&w->path->generation, memory_order_acquire);

	if (weir_unlikely(gen != w->gen))
		path_worker_adopt(w, gen);
	w->trace = atomic_load_explicit(&w->path->trace, memory_order_acquire);
	if (weir_unlikely(atomic_load_explicit(&w->request, memory_order_relaxed) != NULL))
		path_serve_request(w);
}

unsigned int path_turn(struct path_worker *w)
{
	uint64_t sent = w->stats.count[WEIR_COUNT_TX_PACKETS];
	struct stopwatch watch;
	unsigned int n = 0;
	bool judged;

	if (w->live)
		read_clock(w);
	look_up_to_control(w);
	for (uint16_t port = 0; w->ports && port < w->n_ports; port++)
		if (w->side[port].wire != PATH_NO_WIRE)
			n += receive(w, port);
	if (w->n_workers > 1) {
		path_take_handed(w);
		path_send_for_others(w);
	}
	watch = start_watch(w);
	path_carry_turn(w);
	if (n)
		lap(w, &watch, WEIR_STAGE_CARRY, n);
	path_flush(w);
	path_empty_trash(w);
	if (n) {
		lap(w, &watch, WEIR_STAGE_TX, n);
		weir_count(&w->stats, WEIR_COUNT_LOOPS_BUSY, 1);
	}
	keep_house(w);
	judged = path_http_judge_turn(w, n != 0);
	w->turn_busy = n || judged || sent != w->stats.count[WEIR_COUNT_TX_PACKETS];
	weir_count(&w->stats, WEIR_COUNT_LOOPS, 1);
	return n;
}
