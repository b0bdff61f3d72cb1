/* SPDX-License-Identifier: BSD-3-Clause */
/* A path without devices, with what `weir run` makes from files made in memory. */
#include "http.h"

#include <weir_mem.h>

#include <errno.h>
#include <stdlib.h>

#include <rte_cycles.h>
#include <rte_mbuf.h>

#define BUFFERS      16383
#define BUFFER_BYTES 2048
#define NEED_BYTES   (320ULL << 20)
#define EVENT_RING   1024
#define STORE        256
#define SEGMENTS     8192
#define STEP_NS      (20 * WEIR_NS_PER_US)

const char *const http_way_name[HTTP_WAYS + 1] = {"rules", "read", "carried", "forwarded", "all"};

static const char conf_text[] = "memory: { connections: 40000, inspected: 20000 }\n"
				"ports:\n"
				"  - { name: outside, device: 'vdev:bench0' }\n"
				"  - { name: inside, device: 'vdev:bench1' }\n"
				"wires: [ { name: bench, ports: [outside, inside] } ]\n";

/* Each way a port: HTTP by the rules, HTTP by none, TCP alone, and no look at all. */
static const char policy_text[] =
	"kind: Group\n"
	"metadata: { name: clients }\n"
	"spec: { cidrs: [10.1.0.0/16] }\n"
	"---\n"
	"kind: Group\n"
	"metadata: { name: servers }\n"
	"spec: { cidrs: [10.2.0.0/16] }\n"
	"---\n"
	"kind: AccessPolicy\n"
	"metadata: { name: inspected }\n"
	"spec: { from: clients, to: servers, protocol: tcp, ports: [8080-8082], action: allow, "
	"inspect: true }\n"
	"---\n"
	"kind: AccessPolicy\n"
	"metadata: { name: forwarded }\n"
	"spec: { from: clients, to: servers, protocol: tcp, ports: [8083], action: allow }\n"
	"---\n"
	"kind: Service\n"
	"metadata: { name: rules }\n"
	"spec: { addresses: servers, ports: [8080], protocol: http }\n"
	"---\n"
	"kind: Service\n"
	"metadata: { name: read }\n"
	"spec: { addresses: servers, ports: [8081], protocol: http }\n"
	"---\n"
	"kind: ThreatPolicy\n"
	"metadata: { name: read }\n"
	"spec: { services: read, mode: enforce, rules: { crs: [] } }\n"
	"---\n"
	"kind: ThreatPolicy\n"
	"metadata: { name: rules }\n"
	"spec: { services: rules, mode: enforce";

static void write_policy(const struct http_options *o, struct weir_buf *out)
{
	weir_buf_str(out, o->policy ? o->policy : policy_text);
	if (o->policy)
		return;
	if (o->paranoia)
		weir_buf_printf(out, ", paranoia: %llu", (unsigned long long)o->paranoia);
	if (o->rules.n) {
		weir_buf_str(out, ", rules: { crs: [");
		for (unsigned int i = 0; i < o->rules.n; i++)
			weir_buf_printf(out, "%s'%s'", i ? ", " : " ", o->rules.text[i]);
		weir_buf_str(out, " ] }");
	}
	weir_buf_str(out, " }\n");
}

static struct weir_policy *make_policy(struct http_bed *b, struct weir_conf_report *r)
{
	struct weir_conf_docs *docs;
	struct weir_buf text = {0};
	struct weir_policy *policy;

	write_policy(b->opt, &text);
	docs = weir_conf_load_text("(bench)", weir_bytes_of(text.ptr, text.len), r);
	weir_buf_fini(&text);
	if (!docs)
		return NULL;
	policy =
		weir_policy_from_docs((const struct weir_conf_docs *const[]){docs}, 1, b->names, r);
	weir_conf_docs_destroy(docs);
	return policy;
}

static int load_parts(struct http_bed *b, struct weir_conf_report *r,
		      const struct weir_policy *policy, struct weir_programs **programs,
		      struct weir_tls_services **tls)
{
	const struct weir_tls_loading loading = {.policy = policy,
						 .n_workers = 1,
						 .names = b->names,
						 .tickets = b->tickets,
						 .report = r};
	int error = weir_path_load_tls(&loading, tls);

	if (error)
		return error;
	error = weir_path_load_waf(policy, b->conf, b->conf, 1, b->names, r, programs);
	if (error)
		weir_tls_services_destroy(*tls);
	return error;
}

static struct weir_generation *make_generation(struct http_bed *b, struct weir_conf_report *r)
{
	struct weir_programs *programs;
	struct weir_tls_services *tls;
	struct weir_generation *g;
	struct weir_policy *policy;

	b->conf = weir_conf_from_text("(bench)", weir_bytes_str(conf_text), r);
	policy = b->conf ? make_policy(b, r) : NULL;
	if (!policy)
		return NULL;
	if (b->opt->cache)
		b->conf->rule_cache = strdup(b->opt->cache);
	if (load_parts(b, r, policy, &programs, &tls) < 0) {
		weir_policy_destroy(policy);
		return NULL;
	}
	g = weir_generation_create(1, policy, "(bench)");
	if (g) {
		g->programs = programs;
		g->tls = tls;
	} else {
		weir_programs_destroy(programs);
		weir_tls_services_destroy(tls);
	}
	return g;
}

static struct weir_generation *load(struct http_bed *b)
{
	struct weir_conf_report *r = weir_conf_report_create();
	struct weir_generation *g = r ? make_generation(b, r) : NULL;
	struct weir_buf said = {0};

	if (r)
		weir_conf_report_text(r, &said);
	if (said.len)
		fputs(said.ptr, stderr);
	weir_buf_fini(&said);
	weir_conf_report_destroy(r);
	return g;
}

/* ---- frames ---- */

static void on_tx(void *ctx, unsigned int port, struct rte_mbuf **m, unsigned int n)
{
	struct http_bed *b = ctx;

	for (unsigned int i = 0; i < n; i++) {
		weir_assert(b->n_sent < WEIR_ARRAY_LEN(b->sent));
		b->sent_port[b->n_sent] = (uint8_t)port;
		b->sent[b->n_sent++] = m[i];
	}
}

/* The writer's part, which is another thread's. */
static void take_records(struct http_bed *b)
{
	struct weir_event taken[32];
	unsigned int n;

	while ((n = weir_event_take(b->ring, taken, WEIR_ARRAY_LEN(taken))) > 0)
		for (unsigned int i = 0; i < n; i++)
			if (taken[i].type == WEIR_EVENT_HTTP) {
				b->records++;
				weir_event_http_give(taken[i].http);
			}
}

void http_bed_give_burst(struct http_bed *b, unsigned int port, struct rte_mbuf *const *m,
			 unsigned int n)
{
	uint64_t begun;

	b->now_ns += STEP_NS;
	begun = rte_rdtsc();
	weir_path_feed_burst(b->path, port, m, n, b->now_ns);
	b->cycles += rte_rdtsc() - begun;
	take_records(b);
}

void http_bed_give(struct http_bed *b, unsigned int port, struct rte_mbuf *m)
{
	http_bed_give_burst(b, port, &m, 1);
}

void http_bed_wait(struct http_bed *b, uint64_t ns)
{
	b->now_ns += ns;
	weir_path_advance(b->path, b->now_ns);
	take_records(b);
}

/* ---- making ---- */

static int make_path(struct http_bed *b, struct weir_generation *generation)
{
	struct weir_path_cfg cfg = {
		.conf = b->conf,
		.n_workers = 1,
		.pool = &b->pool,
		.event_ring = &b->ring,
		.event_store = &b->store,
		.segments = SEGMENTS,
		.names = b->names,
		.generation = generation,
		.seed = 1,
		.now_ns = b->now_ns,
		.tx = on_tx,
		.tx_ctx = b,
	};

	b->path = weir_path_create(&cfg); /* takes the generation, also when it fails */
	return b->path ? 0 : -WEIR_ENOMEM;
}

int http_bed_init(struct http_bed *b, const struct http_options *o)
{
	struct weir_eal_cfg eal = {
		.program = "weir-bench", .need_bytes = NEED_BYTES, .quiet = true};
	struct weir_generation *generation;

	*b = (struct http_bed){.opt = o, .now_ns = 1700000000 * WEIR_NS_PER_S};
	if (weir_eal_start(&eal, NULL) < 0)
		return -WEIR_EIO;
	b->names = weir_names_create();
	b->pool = weir_mbuf_pool_create("bench", BUFFERS, BUFFER_BYTES, 256);
	b->ring = weir_event_ring_create("bench", EVENT_RING);
	b->store = weir_event_store_create("bench_tx", STORE);
	b->tickets = weir_tls_tickets_create();
	if (!b->names || !b->pool || !b->ring || !b->store || !b->tickets)
		return -WEIR_ENOMEM;
	generation = load(b);
	return generation ? make_path(b, generation) : -WEIR_EINVAL;
}

void http_bed_fini(struct http_bed *b)
{
	if (b->path)
		weir_path_destroy(b->path);
	if (b->ring)
		take_records(b);
	weir_event_ring_destroy(b->ring);
	weir_event_store_destroy(b->store);
	weir_tls_tickets_destroy(b->tickets);
	rte_mempool_free(b->pool);
	if (b->names)
		weir_names_destroy(b->names);
	if (b->conf)
		weir_conf_destroy(b->conf);
}
