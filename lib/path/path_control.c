/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What control asks of running workers: copies of flows, made by the workers themselves a few
 * places a turn, and traces. A request is a pointer that the worker takes and puts back as NULL.
 */
#include "path_http2.h"
#include "path_names.h"

#include <stdlib.h>
#include <time.h>

#define PLACES_A_TURN 256

static bool prefix_matches(const struct weir_prefix *p, const struct weir_addr *a)
{
	return p->addr.family == 0 || weir_prefix_contains(p, a);
}

bool path_filter_matches(const struct weir_path_filter *filter, const struct weir_flow *f)
{
	return (filter->proto == 0 || filter->proto == f->proto) &&
	       (filter->port == 0 || filter->port == f->port[0] || filter->port == f->port[1]) &&
	       (filter->flow_id == 0 || filter->flow_id == f->id) &&
	       (!filter->denied_only || f->decision.verdict != WEIR_VERDICT_ALLOW) &&
	       prefix_matches(&filter->src, &f->addr[0]) &&
	       prefix_matches(&filter->dst, &f->addr[1]) &&
	       (prefix_matches(&filter->any, &f->addr[0]) ||
		prefix_matches(&filter->any, &f->addr[1]));
}

static void copy_flow(const struct path_worker *w, struct path_request *r,
		      const struct weir_flow *f)
{
	struct weir_path_flow *out;

	r->total++;
	if (r->n == r->max)
		return;
	out = &r->out[r->n++];
	out->flow = *f;
	out->age_ns = w->now_ns - f->start_ns;
	out->idle_ns = w->now_ns - f->last_ns;
	out->worker = (uint8_t)w->id;
	out->carried = (f->flags & WEIR_FLOW_F_CARRIED) != 0;
	if (out->carried)
		path_carry_describe(f, out);
}

void path_serve_request(struct path_worker *w)
{
	struct path_request *r = atomic_load_explicit(&w->request, memory_order_acquire);
	uint32_t capacity = weir_flow_capacity(w->flows);
	uint32_t end = capacity - r->place < PLACES_A_TURN ? capacity : r->place + PLACES_A_TURN;

	if (atomic_load_explicit(&r->cancelled, memory_order_relaxed))
		end = r->place = capacity;
	for (; r->place < end; r->place++) {
		const struct weir_flow *f = weir_flow_at(w->flows, r->place);

		if (f && path_filter_matches(&r->filter, f))
			copy_flow(w, r, f);
	}
	/* What stands in *r is released with it; pairs with the acquire in wait_for. */
	if (r->place == capacity)
		atomic_store_explicit(&w->request, NULL, memory_order_release);
}

/* ---- control's side ---- */

static void pause_a_moment(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 200 * 1000}, NULL);
}

static uint64_t monotonic_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * WEIR_NS_PER_S + (uint64_t)t.tv_nsec;
}

/* False when `deadline_ns` came first; then the request has been withdrawn. */
static bool wait_for(struct weir_path *p, struct path_worker *w, struct path_request *r,
		     uint64_t deadline_ns)
{
	bool in_time = true;

	while (atomic_load_explicit(&w->request, memory_order_acquire)) {
		if (!p->running) {
			path_serve_request(w); /* replay and tests: nobody else does it */
			continue;
		}
		if (in_time && monotonic_ns() > deadline_ns) {
			in_time = false;
			atomic_store_explicit(&r->cancelled, true, memory_order_relaxed);
		}
		pause_a_moment();
	}
	return in_time;
}

static unsigned int gather(struct path_request *r, struct weir_path_flow *out, unsigned int n,
			   unsigned int max)
{
	unsigned int take = r->n < max - n ? r->n : max - n;

	memcpy(out + n, r->out, take * sizeof(*out));
	return n + take;
}

int weir_path_flows(struct weir_path *p, const struct weir_path_filter *filter,
		    struct weir_path_flow *out, unsigned int max, unsigned int timeout_ms,
		    uint64_t *total)
{
	uint64_t deadline_ns = monotonic_ns() + timeout_ms * WEIR_NS_PER_MS;
	struct path_request *requests = calloc(p->n_workers, sizeof(*requests));
	struct weir_path_flow *room = calloc((size_t)p->n_workers * max + 1, sizeof(*room));
	unsigned int n = 0;
	uint64_t sum = 0;
	bool in_time = true;

	for (unsigned int i = 0; requests && room && i < p->n_workers; i++) {
		struct path_request *r = &requests[i];

		r->filter = *filter;
		r->out = room + (size_t)i * max;
		r->max = max;
		atomic_store_explicit(&p->worker[i]->request, r, memory_order_release);
	}
	for (unsigned int i = 0; requests && room && i < p->n_workers; i++) {
		in_time &= wait_for(p, p->worker[i], &requests[i], deadline_ns);
		sum += requests[i].total;
		n = gather(&requests[i], out, n, max);
	}
	if (total)
		*total = sum;
	in_time &= requests && room;
	free(requests);
	free(room);
	return in_time ? (int)n : -WEIR_EAGAIN;
}

/* Returns when no worker can be reading what was published before. */
static void wait_for_workers(struct weir_path *p)
{
	uint64_t token;

	if (!p->running)
		return;
	token = rte_rcu_qsbr_start(p->rcu);
	while (!rte_rcu_qsbr_check(p->rcu, token, false))
		pause_a_moment();
}

void weir_path_publish(struct weir_path *p, struct weir_generation *next)
{
	struct weir_generation *before =
		atomic_exchange_explicit(&p->generation, next, memory_order_acq_rel);

	for (unsigned int i = 0; !p->running && i < p->n_workers; i++)
		path_worker_adopt(p->worker[i], next);
	wait_for_workers(p);
	path_retire_rules(p, before);
	path_retire_programs(p, before);
	path_retire_tls(p, before);
	weir_generation_destroy(before);
}

/* ---- stream rules ---- */

int weir_path_load_rules(const struct weir_conf *rules, const struct weir_conf *running,
			 unsigned int n_workers, struct weir_names *names,
			 struct weir_conf_report *r, struct weir_scan_db **out)
{
	struct weir_scan_cfg cfg = {
		.paths = (const char *const *)rules->stream_rules,
		.n_paths = rules->n_stream_rules,
		.cache = rules->rule_cache,
		.n_workers = n_workers,
		.streams = 2 * (running->inspected / n_workers + 1), /* each direction has one */
		.names = names,
	};

	return weir_scan_load(&cfg, r, out);
}

/* A database goes when its last stream is closed; until then it waits here. */
void path_retire_rules(struct weir_path *p, struct weir_generation *g)
{
	struct path_retired *r;

	path_free_retired(p);
	if (!g->scan || weir_scan_db_put(g->scan)) {
		g->scan = NULL;
		return;
	}
	r = malloc(sizeof(*r));
	weir_assert(r != NULL);
	*r = (struct path_retired){.db = g->scan, .next = p->retired};
	p->retired = r;
	g->scan = NULL;
}

void path_free_retired(struct weir_path *p)
{
	struct path_retired **at = &p->retired, *r;

	while ((r = *at)) {
		if (weir_scan_db_put_again(r->db)) {
			*at = r->next;
			free(r);
		} else {
			at = &r->next;
		}
	}
}

const struct weir_generation *weir_path_generation(const struct weir_path *p)
{
	return atomic_load_explicit(&p->generation, memory_order_acquire);
}

void weir_path_trace(struct weir_path *p, const struct weir_path_filter *filter,
		     uint64_t until_unix_ns)
{
	struct path_trace *next = NULL, *before;

	if (filter) {
		next = calloc(1, sizeof(*next));
		if (!next)
			return;
		next->filter = *filter;
		next->until_unix_ns = until_unix_ns;
	}
	before = atomic_exchange_explicit(&p->trace, next, memory_order_acq_rel);
	if (!before)
		return;
	wait_for_workers(p);
	free(before);
}

void weir_path_set_link(struct weir_path *p, unsigned int port, bool up)
{
	atomic_store_explicit(&p->link_down[port], !up, memory_order_relaxed);
}

void weir_path_gauges(const struct weir_path *p, unsigned int worker, struct weir_path_gauges *out)
{
	const struct path_worker *w = p->worker[worker];
	uint64_t used = 0, max = 0, http2, http2_max;

	path_http2_memory(w, &http2, &http2_max);
	if (w->waf)
		weir_waf_worker_memory(w->waf, &used, &max);
	*out = (struct weir_path_gauges){
		.flows = weir_flow_count(w->flows),
		.flows_max = weir_flow_capacity(w->flows),
		.flows_denied = weir_flow_denied_count(w->flows),
		.names = (uint32_t)path_texts_use(w->names).used,
		.names_max = (uint32_t)path_texts_use(w->names).size,
		.identities = (uint32_t)path_texts_use(w->identities).used,
		.identities_max = (uint32_t)path_texts_use(w->identities).size,
		.datagrams = weir_frag_held(w->frags),
		.mbufs_free = rte_mempool_avail_count(w->pool),
		.mbufs_max = w->pool->size,
		.waf_kib = (uint32_t)(used >> 10),
		.waf_kib_max = (uint32_t)(max >> 10),
		.http2_kib = (uint32_t)(http2 >> 10),
		.http2_kib_max = (uint32_t)(http2_max >> 10),
		.http2_open = w->http2 ? w->http2->n_connections : 0,
		.http2_streams = w->http2 ? w->http2->streams : 0,
	};
}

unsigned int weir_path_workers(const struct weir_path *p)
{
	return p->n_workers;
}

const struct weir_stats *weir_path_stats(const struct weir_path *p, unsigned int worker)
{
	return &p->worker[worker]->stats;
}

unsigned int weir_path_cpu(const struct weir_path *p, unsigned int worker)
{
	return p->conf->workers[worker];
}
