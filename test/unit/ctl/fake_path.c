/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/path as control sees it, without workers. */
#include "fake_path.h"

#include <stdlib.h>

struct weir_generation *weir_generation_create(uint32_t number, struct weir_policy *policy,
					       const char *source)
{
	struct weir_generation *g = calloc(1, sizeof(*g));

	g->number = number;
	g->policy = policy;
	g->loaded_unix_ns = 1700000000 * WEIR_NS_PER_S;
	g->source = strdup(source);
	return g;
}

void weir_generation_destroy(struct weir_generation *g)
{
	if (!g)
		return;
	weir_policy_destroy(g->policy);
	weir_assert(!g->scan || weir_scan_db_put(g->scan));
	weir_programs_destroy(g->programs);
	free(g->source);
	free(g);
}

int weir_path_load_rules(const struct weir_conf *rules, const struct weir_conf *running,
			 unsigned int n_workers, struct weir_names *names,
			 struct weir_conf_report *r, struct weir_scan_db **out)
{
	struct weir_scan_cfg cfg = {
		.paths = (const char *const *)rules->stream_rules,
		.n_paths = rules->n_stream_rules,
		.n_workers = n_workers,
		.streams = 1,
		.names = names,
	};

	return weir_scan_load(&cfg, r, out);
}

void weir_path_publish(struct weir_path *p, struct weir_generation *next)
{
	weir_generation_destroy(p->generation);
	p->generation = next;
	p->publishes++;
}

const struct weir_generation *weir_path_generation(const struct weir_path *p)
{
	return p->generation;
}

void weir_path_sync_clock(struct weir_path *p)
{
	p->syncs++;
}

unsigned int weir_path_workers(const struct weir_path *p)
{
	return FAKE_WORKERS;
}

const struct weir_stats *weir_path_stats(const struct weir_path *p, unsigned int worker)
{
	return &p->stats[worker];
}

unsigned int weir_path_cpu(const struct weir_path *p, unsigned int worker)
{
	return worker + 1;
}

uint64_t weir_path_bad_tls(const struct weir_path *p, unsigned int worker, unsigned int leg,
			   enum weir_tls_error e)
{
	return worker == 1 && leg == 1 && e == WEIR_TLS_E_CERT_NAME ? 5 : 0;
}

uint64_t weir_path_bad_http2(const struct weir_path *p, unsigned int worker, unsigned int leg,
			     enum weir_http2_error e)
{
	return worker == 1 && leg == 1 && e == WEIR_HTTP2_E_PROTOCOL ? 3 : 0;
}

uint64_t weir_path_bad_http(const struct weir_path *p, unsigned int worker, enum weir_http_error e)
{
	return worker == 1 && e == WEIR_HTTP_E_HOST_TWICE ? 7 : 0;
}

void weir_path_gauges(const struct weir_path *p, unsigned int worker, struct weir_path_gauges *out)
{
	*out = p->gauges[worker];
}

void weir_path_pools(const struct weir_path *p, unsigned int worker,
		     struct weir_use out[WEIR_PATH_POOL_END])
{
	memcpy(out, p->pools[worker], sizeof(p->pools[worker]));
}

int weir_path_flows(struct weir_path *p, const struct weir_path_filter *filter,
		    struct weir_path_flow *out, unsigned int max, unsigned int timeout_ms,
		    uint64_t *total)
{
	unsigned int n = p->n_flows < max ? p->n_flows : max;

	p->filter = *filter;
	p->max = max;
	memcpy(out, p->flow, n * sizeof(*out));
	if (total)
		*total = p->n_flows;
	return p->flows_rc < 0 ? p->flows_rc : (int)n;
}

void weir_path_trace(struct weir_path *p, const struct weir_path_filter *filter,
		     uint64_t until_unix_ns)
{
	p->tracing = filter != NULL;
	if (filter)
		p->trace_filter = *filter;
	p->trace_until_ns = until_unix_ns;
}

void weir_path_set_link(struct weir_path *p, unsigned int port, bool up)
{
	p->link_up[port] = up;
}
