/* SPDX-License-Identifier: BSD-3-Clause */
/* Workers and generations: made, started, stopped, taken apart. */
#include "path_layers.h"
#include "path_names.h"

#include <weir_log.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_malloc.h>

/* Payload views of a worker when nobody says how many. */
#define SEGMENTS 4096
/* Set their keys apart from the table's. */
#define COOKIES     0x636f6f6b696573ULL
#define COLLECTIONS 0x776166ULL

/* ---- generations ---- */

static struct weir_flow_timeouts timeouts_of(const struct weir_policy_defaults *d)
{
	return (struct weir_flow_timeouts){
		.syn_sent_ns = d->timeouts.syn_sent_ns,
		.syn_received_ns = d->timeouts.syn_received_ns,
		.established_ns = d->timeouts.established_ns,
		.closing_ns = d->timeouts.closing_ns,
		.time_wait_ns = d->timeouts.time_wait_ns,
		.closed_ns = d->timeouts.closed_ns,
		.udp_new_ns = d->timeouts.udp_new_ns,
		.udp_replied_ns = d->timeouts.udp_replied_ns,
		.icmp_ns = d->timeouts.icmp_ns,
		.other_ns = d->timeouts.other_ns,
		.denied_ns = d->timeouts.denied_ns,
	};
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * WEIR_NS_PER_S + (uint64_t)t.tv_nsec;
}

struct weir_generation *weir_generation_create(uint32_t number, struct weir_policy *policy,
					       const char *source)
{
	struct weir_generation *g = calloc(1, sizeof(*g));

	if (!g || !(g->source = strdup(source))) {
		weir_policy_destroy(policy);
		free(g);
		return NULL;
	}
	g->number = number;
	g->policy = policy;
	g->timeouts = timeouts_of(weir_policy_defaults(policy));
	g->loaded_unix_ns = clock_ns(CLOCK_REALTIME);
	return g;
}

void weir_generation_destroy(struct weir_generation *g)
{
	if (!g)
		return;
	weir_policy_destroy(g->policy);
	weir_assert(!g->scan || weir_scan_db_put(g->scan));
	weir_programs_destroy(g->programs);
	weir_tls_services_destroy(g->tls);
	free(g->source);
	free(g);
}

/* ---- a worker ---- */

void path_worker_adopt(struct path_worker *w, const struct weir_generation *gen)
{
	const struct weir_policy_defaults *d = weir_policy_defaults(gen->policy);

	w->gen = gen;
	weir_flow_set_timeouts(w->flows, &gen->timeouts);
	weir_flow_set_eviction(w->flows, d->evict_half_open);
	weir_tcp_set_eviction(w->tcp, d->evict_half_open);
	weir_tcp_set_half_open(w->tcp, d->syn_cookies ? w->half_open : UINT32_MAX);
	w->stats.count[WEIR_COUNT_GENERATION] = gen->number;
}

static struct weir_flow_table *make_flows(const struct weir_path_cfg *cfg, struct path_worker *w)
{
	char name[24];
	struct weir_flow_cfg flows = {
		.name = name,
		.flows = cfg->conf->connections / cfg->n_workers + 1,
		.key = w->key,
		.on_end = path_on_flow_end,
		.ctx = w,
	};

	snprintf(name, sizeof(name), "w%u_%x", w->id, (unsigned int)((uintptr_t)w >> 6));
	flows.id_seed = cfg->seed ? cfg->seed + w->id : rte_rdtsc() ^ w->key.k[0] ^ w->id;
	return weir_flow_table_create(&flows, w->now_ns);
}

static struct weir_frag *make_frags(const struct weir_path_cfg *cfg, const struct path_worker *w)
{
	struct weir_frag_cfg frags = {.datagrams = cfg->conf->fragments, .key = w->key};

	return weir_frag_create(&frags);
}

/* So many in the handshake are a flood: a quarter of the places, or what a busy moment brings.
 * Peers in a capture cannot answer what weir sends. */
static uint32_t half_open_limit(const struct weir_path_cfg *cfg, uint32_t connections)
{
	return cfg->tx ? UINT32_MAX : RTE_MAX(connections / 4, 64u);
}

static struct weir_tcp *make_tcp(const struct weir_path_cfg *cfg, struct path_worker *w)
{
	char name[24];
	struct weir_tcp_cfg tcp = {
		.name = name,
		.connections = cfg->conf->inspected / cfg->n_workers + 1,
		.segments = cfg->segments ? cfg->segments : SEGMENTS,
		.pool = w->pool,
		.stats = &w->stats,
		.ops = &path_tcp_ops,
		.ctx = w,
		.seed = (cfg->seed ? cfg->seed : rte_rdtsc()) ^ w->key.k[1] ^ w->id,
		.key = {{w->key.k[0] ^ COOKIES, w->key.k[1] ^ COOKIES}},
	};

	w->half_open = half_open_limit(cfg, tcp.connections);
	snprintf(name, sizeof(name), "w%u_%x", w->id, (unsigned int)((uintptr_t)w >> 6));
	return weir_tcp_create(&tcp, w->now_ns);
}

size_t weir_path_inspected_bytes(void)
{
	return weir_tcp_conn_bytes() + weir_tcp_lent_bytes() + 2 * sizeof(struct path_scan_leg) +
	       path_http_bytes_each() + path_tls_bytes_each();
}

size_t weir_path_worker_bytes(void)
{
	return path_names_bytes() + path_tls_worker_bytes() + SEGMENTS * weir_tcp_segment_bytes();
}

static struct weir_pool *make_scans(const struct weir_path_cfg *cfg, const struct path_worker *w)
{
	char name[24];

	snprintf(name, sizeof(name), "sc_%u_%x", w->id, (unsigned int)((uintptr_t)w >> 6));
	return weir_pool_create(name, cfg->conf->inspected / cfg->n_workers + 1,
				2 * sizeof(struct path_scan_leg));
}

/* What transactions under way use; they keep nothing of a program's there, and go first. */
static struct weir_waf_worker *make_waf(const struct weir_path_cfg *cfg,
					const struct path_worker *w)
{
	struct weir_waf_worker_cfg waf = {
		.bytes = cfg->conf->waf_bytes,
		.turns = PATH_HTTP_TURNS,
		.seed = w->key.k[0] ^ COLLECTIONS ^ w->id,
	};

	return waf.bytes ? weir_waf_worker_create(&waf) : NULL;
}

/* DPDK rounds the TSC's rate to 10 MHz: two milliseconds a second off, seen on a virtual machine.
 */
#define CALIBRATION_NS (20 * WEIR_NS_PER_MS)

static uint64_t measure_ns_per_tsc_q32(void)
{
	uint64_t tsc = rte_rdtsc(), ns = clock_ns(CLOCK_MONOTONIC_RAW);

	nanosleep(&(struct timespec){.tv_nsec = CALIBRATION_NS}, NULL);
	ns = clock_ns(CLOCK_MONOTONIC_RAW) - ns;
	tsc = rte_rdtsc() - tsc;
	return (uint64_t)(((unsigned __int128)ns << 32) / tsc);
}

static void start_clock(struct path_worker *w, uint64_t now_ns)
{
	w->base_tsc = rte_rdtsc();
	w->base_ns = now_ns;
	w->turn_tsc = 0;
	w->ns_per_tsc_q32 = w->path->ns_per_tsc_q32;
	w->now_ns = w->tick_ns = w->answer_refill_ns = now_ns;
	w->answer_tokens_ns = PATH_ANSWER_SAVED_NS;
}

struct path_worker *path_worker_create(const struct weir_path_cfg *cfg, struct weir_path *path,
				       unsigned int id, const struct weir_siphash_key *key)
{
	static const struct rte_mbuf_dynfield mark = {
		.name = "weir_path_mark",
		.size = sizeof(struct path_mark),
		.align = __alignof__(struct path_mark),
	};
	struct path_worker *w = rte_zmalloc(NULL, sizeof(*w), WEIR_CACHE_LINE);

	if (!w)
		return NULL;
	w->path = path;
	w->ports = cfg->ports;
	w->side = path->side;
	w->pool = cfg->pool[id];
	w->ring = cfg->event_ring[id];
	w->store = cfg->event_store ? cfg->event_store[id] : NULL;
	w->key = *key;
	w->id = (uint16_t)id;
	w->n_workers = (uint16_t)cfg->n_workers;
	w->n_ports = cfg->conf->n_ports;
	w->live = cfg->ports != NULL;
	w->mark_offset = rte_mbuf_dynfield_register(&mark);
	start_clock(w, cfg->now_ns ? cfg->now_ns : clock_ns(CLOCK_REALTIME));
	w->flows = make_flows(cfg, w);
	w->frags = make_frags(cfg, w);
	w->tcp = make_tcp(cfg, w);
	w->scans = make_scans(cfg, w);
	w->waf = make_waf(cfg, w);
	if (!path_names_create(w) || !w->flows || !w->frags || !w->tcp || !w->scans ||
	    w->mark_offset < 0 || (!w->waf && cfg->conf->waf_bytes)) {
		path_worker_destroy(w);
		return NULL;
	}
	if (path_hello_worker_create(w) ||
	    path_http_worker_create(w, cfg->conf->inspected / cfg->n_workers + 1) ||
	    path_http2_worker_create(w, cfg->conf->http2_bytes) ||
	    path_tls_worker_create(w, cfg->conf->inspected / cfg->n_workers + 1)) {
		path_worker_destroy(w);
		return NULL;
	}
	return w;
}

void path_worker_destroy(struct path_worker *w)
{
	if (!w)
		return;
	if (w->flows && w->gen)
		weir_flow_clear(w->flows, w->now_ns);
	weir_flow_table_destroy(w->flows);
	weir_tcp_destroy(w->tcp);
	path_hello_worker_destroy(w);
	path_http_worker_destroy(w);
	path_http2_worker_destroy(w);
	path_tls_worker_destroy(w);
	path_names_destroy(w);
	if (w->scans)
		weir_pool_destroy(w->scans);
	weir_frag_destroy(w->frags);
	weir_waf_worker_destroy(w->waf);
	path_empty_trash(w);
	for (uint16_t port = 0; port < w->n_ports; port++)
		rte_pktmbuf_free_bulk(w->out[port].m, w->out[port].n);
	rte_free(w);
}

int path_worker_loop(void *worker)
{
	struct path_worker *w = worker;
	struct rte_rcu_qsbr *rcu = w->path->rcu;

	rte_rcu_qsbr_thread_online(rcu, w->id);
	while (!atomic_load_explicit(&w->path->stop, memory_order_relaxed)) {
		path_turn(w);
		rte_rcu_qsbr_quiescent(rcu, w->id);
	}
	rte_rcu_qsbr_thread_offline(rcu, w->id);
	return 0;
}

/* ---- all of them ---- */

static void plan_side(struct weir_path *path, const struct weir_path_cfg *cfg, unsigned int wire,
		      unsigned int side)
{
	const struct weir_conf_wire *w = &cfg->conf->wires[wire];
	uint16_t port = w->port[side];
	const struct weir_conf_port *conf = &cfg->conf->ports[port];
	struct path_side *s = &path->side[port];

	s->wire = (uint8_t)wire;
	s->side = (uint8_t)side;
	s->peer = w->port[!side];
	s->mtu = conf->mtu;
	s->checksum = (uint8_t)conf->checksum;
	s->name = weir_names_intern(cfg->names, conf->name);
	if (cfg->ports) {
		const struct weir_port *a = &cfg->ports->port[port];
		const struct weir_port *b = &cfg->ports->port[s->peer];

		s->mtu = a->mtu;
		s->queues = a->n_queues;
		s->rss = a->rss && b->rss && a->n_queues == cfg->n_workers &&
			 b->n_queues == cfg->n_workers;
	}
}

static void plan_sides(struct weir_path *path, const struct weir_path_cfg *cfg)
{
	for (unsigned int port = 0; port < WEIR_CONF_PORTS_MAX; port++)
		path->side[port].wire = PATH_NO_WIRE;
	for (unsigned int wire = 0; wire < cfg->conf->n_wires; wire++) {
		plan_side(path, cfg, wire, 0);
		plan_side(path, cfg, wire, 1);
	}
}

static int make_rcu(struct weir_path *path)
{
	size_t size = rte_rcu_qsbr_get_memsize(path->n_workers);

	path->rcu = rte_zmalloc(NULL, size, WEIR_CACHE_LINE);
	if (!path->rcu || rte_rcu_qsbr_init(path->rcu, path->n_workers))
		return -WEIR_ENOMEM;
	for (unsigned int i = 0; i < path->n_workers; i++)
		if (rte_rcu_qsbr_thread_register(path->rcu, i))
			return -WEIR_ENOMEM;
	return 0;
}

static struct weir_siphash_key make_key(uint64_t seed)
{
	struct weir_siphash_key key = {{seed, ~seed}};

	if (!seed && getrandom(&key, sizeof(key), 0) != sizeof(key))
		key.k[0] = rte_rdtsc();
	return key;
}

static int make_workers(struct weir_path *path, const struct weir_path_cfg *cfg)
{
	struct weir_siphash_key key = make_key(cfg->seed);

	for (unsigned int i = 0; i < cfg->n_workers; i++) {
		path->worker[i] = path_worker_create(cfg, path, i, &key);
		if (!path->worker[i])
			return -WEIR_ENOMEM;
		path_worker_adopt(path->worker[i], cfg->generation);
	}
	return 0;
}

struct weir_path *weir_path_create(const struct weir_path_cfg *cfg)
{
	struct weir_path *path = calloc(1, sizeof(*path));

	if (!path)
		return NULL;
	path->conf = cfg->conf;
	path->ports = cfg->ports;
	path->names = cfg->names;
	path->n_workers = cfg->n_workers;
	path->tx = cfg->tx;
	path->tx_ctx = cfg->tx_ctx;
	path->ns_per_tsc_q32 = measure_ns_per_tsc_q32();
	atomic_init(&path->generation, cfg->generation);
	plan_sides(path, cfg);
	if (make_rcu(path) < 0 || path_rings_create(path) < 0 || make_workers(path, cfg) < 0) {
		weir_error("not enough memory for %u connections on %u workers, with %llu MiB for "
			   "transactions each (memory.connections, memory.waf)",
			   cfg->conf->connections, cfg->n_workers,
			   (unsigned long long)(cfg->conf->waf_bytes >> 20));
		weir_path_destroy(path);
		return NULL;
	}
	return path;
}

void weir_path_destroy(struct weir_path *p)
{
	if (!p)
		return;
	path_rings_destroy(p);
	for (unsigned int i = 0; i < p->n_workers; i++)
		path_worker_destroy(p->worker[i]);
	path_free_retired(p);
	path_free_retired_programs(p);
	path_free_retired_tls(p);
	weir_generation_destroy(atomic_load(&p->generation));
	free(atomic_load(&p->trace));
	rte_free(p->rcu);
	free(p);
}

int weir_path_start(struct weir_path *p)
{
	atomic_store(&p->stop, false);
	p->running = true;
	for (unsigned int i = 0; i < p->n_workers; i++) {
		start_clock(p->worker[i], clock_ns(CLOCK_REALTIME));
		if (rte_eal_remote_launch(path_worker_loop, p->worker[i], i)) {
			weir_error("worker %u cannot be started on its lcore", i);
			weir_path_stop(p);
			return -WEIR_EIO;
		}
	}
	return 0;
}

void weir_path_stop(struct weir_path *p)
{
	atomic_store(&p->stop, true);
	for (unsigned int i = 0; i < p->n_workers; i++)
		rte_eal_wait_lcore(i);
	p->running = false;
}

void weir_path_feed_burst(struct weir_path *p, unsigned int port, struct rte_mbuf *const *m,
			  unsigned int n, uint64_t now_ns)
{
	struct path_worker *w = p->worker[0];
	struct path_burst b; /* large: what is not used is not cleared */

	weir_assert(n <= PATH_BURST);
	b.n = n;
	b.port = (uint16_t)port;
	b.in = &p->side[port];
	b.handed = false;
	w->now_ns = now_ns;
	weir_count(&w->stats, WEIR_COUNT_RX_PACKETS, n);
	for (unsigned int i = 0; i < n; i++) {
		b.m[i] = m[i];
		weir_count(&w->stats, WEIR_COUNT_RX_BYTES, rte_pktmbuf_pkt_len(m[i]));
		if (b.in->wire == PATH_NO_WIRE)
			path_free(w, m[i]);
	}
	if (b.in->wire != PATH_NO_WIRE)
		path_run_burst(w, &b);
	path_turn(w);
}

void weir_path_feed(struct weir_path *p, unsigned int port, struct rte_mbuf *m, uint64_t now_ns)
{
	weir_path_feed_burst(p, port, &m, 1, now_ns);
}

void weir_path_advance(struct weir_path *p, uint64_t now_ns)
{
	p->worker[0]->now_ns = now_ns;
	path_turn(p->worker[0]);
}

unsigned int weir_path_turn(struct weir_path *p, unsigned int worker)
{
	return path_turn(p->worker[worker]);
}

/* A worker's clock runs on the TSC from the wall clock at its start; NTP and drift go in here. */
void weir_path_sync_clock(struct weir_path *p)
{
	const struct path_worker *w = p->worker[0];
	uint64_t tsc = rte_rdtsc() - w->base_tsc;
	uint64_t now_ns = w->base_ns + path_ns_of(w, tsc);

	path_free_retired(p);
	path_free_retired_programs(p);
	path_free_retired_tls(p);
	if (w->live)
		atomic_store_explicit(&p->wall_offset_ns,
				      (int64_t)(clock_ns(CLOCK_REALTIME) - now_ns),
				      memory_order_relaxed);
}
