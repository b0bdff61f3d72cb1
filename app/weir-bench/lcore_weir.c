/* SPDX-License-Identifier: BSD-3-Clause */
/* weir's own path over the bench's ports: what `weir run` makes from files, made in memory. */
#include "lcore.h"

#include <weir_mem.h>

#include <stdio.h>
#include <stdlib.h>

#define EVENT_RING   65536
#define FLOW_BYTES   768 /* of EAL's memory, about: record, hash place, pools' slack */
#define CONNECTIONS  1000
#define BUFFER_BYTES 2304

/* Groups on both sides and one policy that allows, so that each flow is decided by a rule; flows
 * stay as long as the bench runs. */
static const char policy_text[] =
	"kind: Group\n"
	"metadata: { name: clients }\n"
	"spec: { cidrs: [10.1.0.0/16, \"2001:db8:1::/48\"] }\n"
	"---\n"
	"kind: Group\n"
	"metadata: { name: servers }\n"
	"spec: { cidrs: [10.2.0.0/16, \"2001:db8:2::/48\"] }\n"
	"---\n"
	"kind: AccessPolicy\n"
	"metadata: { name: bench }\n"
	"spec: { from: [clients], to: [servers], protocol: any, action: allow }\n"
	"---\n"
	"kind: Defaults\n"
	"metadata: { name: bench }\n"
	"spec:\n"
	"  timeouts: { udpNew: 1h, udpReplied: 1h, established: 1h, synSent: 1h, synReceived: 1h "
	"}\n";

uint64_t lcore_weir_connections(const struct lcore_bench *b)
{
	const struct lcore_options *o = b->opt;
	uint64_t flows = o->new_flows ? o->blocks * LCORE_BLOCK : o->flows;

	if (o->connections)
		return o->connections;
	return (flows + flows / 8 + CONNECTIONS) * b->n_workers;
}

uint64_t lcore_weir_bytes(const struct lcore_bench *b)
{
	uint64_t buffers = b->opt->flows > 65536 ? b->opt->flows : 65536;

	return (128ULL << 20) + lcore_weir_connections(b) * FLOW_BYTES +
	       (b->opt->ports == LCORE_PORTS_NULL ? buffers * 512 : 16384 * BUFFER_BYTES) *
		       b->n_workers;
}

static void discard(struct weir_event_ring *ring)
{
	struct weir_event taken[64];

	while (weir_event_take(ring, taken, WEIR_ARRAY_LEN(taken)) == WEIR_ARRAY_LEN(taken))
		;
}

void lcore_weir_discard_events(struct lcore_worker *w)
{
	discard(w->bench->event_ring[w->id]);
}

/* ---- configuration ---- */

static void write_configuration(const struct lcore_bench *b, struct weir_buf *out)
{
	struct weir_json j = weir_json_into(out);

	weir_json_object(&j, NULL);
	weir_json_object(&j, "memory");
	weir_json_u64(&j, "connections", lcore_weir_connections(b));
	weir_json_end_object(&j);
	weir_json_array(&j, "ports");
	for (unsigned int i = 0; i < LCORE_PORTS; i++) {
		weir_json_object(&j, NULL);
		weir_json_str(&j, "name", i ? "inside" : "outside");
		weir_json_str(&j, "device", i ? "vdev:bench1" : "vdev:bench0");
		weir_json_str(&j, "checksum",
			      b->opt->checksum == LCORE_CHECKSUM_IGNORE ? "ignore" : "verify");
		weir_json_end_object(&j);
	}
	weir_json_end_array(&j);
	weir_json_array(&j, "wires");
	weir_json_object(&j, NULL);
	weir_json_str(&j, "name", "bench");
	weir_json_array(&j, "ports");
	weir_json_str(&j, NULL, "outside");
	weir_json_str(&j, NULL, "inside");
	weir_json_end_array(&j);
	weir_json_end_object(&j);
	weir_json_end_array(&j);
	weir_json_end_object(&j);
}

static struct weir_conf *make_configuration(const struct lcore_bench *b, struct weir_conf_report *r)
{
	struct weir_buf text = {0};
	struct weir_conf *conf;

	write_configuration(b, &text);
	conf = weir_conf_from_text("(bench)",
				   (struct weir_bytes){(const uint8_t *)text.ptr, text.len}, r);
	weir_buf_fini(&text);
	return conf;
}

static struct weir_policy *make_policy(const struct lcore_bench *b, struct weir_conf_report *r)
{
	const struct weir_bytes text = {(const uint8_t *)policy_text, sizeof(policy_text) - 1};
	struct weir_conf_docs *docs;
	struct weir_policy *policy;

	if (b->opt->policy)
		return weir_policy_load(&b->opt->policy, 1, b->names, r);
	docs = weir_conf_load_text("(bench)", text, r);
	if (!docs)
		return NULL;
	policy =
		weir_policy_from_docs((const struct weir_conf_docs *const[]){docs}, 1, b->names, r);
	weir_conf_docs_destroy(docs);
	return policy;
}

static struct weir_generation *make_generation(struct lcore_bench *b)
{
	struct weir_conf_report *report = weir_conf_report_create();
	struct weir_policy *policy = NULL;
	struct weir_buf said = {0};

	if (!report)
		return NULL;
	b->conf = make_configuration(b, report);
	if (b->conf)
		policy = make_policy(b, report);
	weir_conf_report_text(report, &said);
	if (said.len)
		fputs(said.ptr, stderr);
	weir_buf_fini(&said);
	weir_conf_report_destroy(report);
	return policy ? weir_generation_create(1, policy, "(bench)") : NULL;
}

/* ---- ports ---- */

/* The ports claim the symmetric RSS of a NIC; lcore_flows.c sees to it that they speak the truth.
 */
int lcore_weir_prepare(struct lcore_bench *b)
{
	b->ports = calloc(1, sizeof(*b->ports));
	if (!b->ports)
		return -WEIR_ENOMEM;
	b->ports->n = LCORE_PORTS;
	b->ports->n_workers = (uint16_t)b->n_workers;
	for (unsigned int i = 0; i < WEIR_RSS_KEY_BYTES; i++)
		b->ports->rss_key[i] = i % 2 ? 0x5a : 0x6d;
	return 0;
}

static void fill_ports(const struct lcore_bench *b)
{
	for (unsigned int i = 0; i < LCORE_PORTS; i++) {
		struct weir_port *p = &b->ports->port[i];

		p->n_queues = p->n_rx = (uint16_t)b->n_workers;
		p->mtu = 1500;
		p->rss = true;
		p->tx_chains = true;
		p->conf = &b->conf->ports[i];
		p->name = weir_names_intern(b->names, p->conf->name);
		for (unsigned int w = 0; w < b->n_workers; w++)
			p->rx[w] = p->tx[w] = b->worker[w]->pair[i];
	}
}

static bool make_event_rings(struct lcore_bench *b)
{
	char name[24];

	for (unsigned int i = 0; i < b->n_workers; i++) {
		snprintf(name, sizeof(name), "bench_events%u", i);
		b->event_ring[i] = weir_event_ring_create(name, EVENT_RING);
		if (!b->event_ring[i])
			return false;
	}
	return true;
}

static struct weir_path *make_path(struct lcore_bench *b, struct weir_generation *generation)
{
	struct rte_mempool *pool[BENCH_CPUS_MAX];
	struct weir_path_cfg cfg = {
		.conf = b->conf,
		.ports = b->ports,
		.n_workers = b->n_workers,
		.pool = pool,
		.event_ring = b->event_ring,
		.names = b->names,
		.generation = generation,
	};

	for (unsigned int i = 0; i < b->n_workers; i++)
		pool[i] = b->worker[i]->pool;
	return weir_path_create(&cfg);
}

int lcore_weir_create(struct lcore_bench *b)
{
	struct weir_generation *generation;

	b->names = weir_names_create();
	generation = b->names ? make_generation(b) : NULL;
	if (!generation)
		return -WEIR_EINVAL;
	fill_ports(b);
	if (make_event_rings(b))
		b->path = make_path(b, generation); /* takes it, also when it fails */
	else
		weir_generation_destroy(generation);
	if (b->path)
		return 0;
	fputs("weir-bench lcore: no memory for weir's path\n", stderr);
	return -WEIR_ENOMEM;
}

void lcore_weir_destroy(struct lcore_bench *b)
{
	if (b->path)
		weir_path_destroy(b->path);
	for (unsigned int i = 0; i < b->n_workers; i++)
		if (b->event_ring[i])
			weir_event_ring_destroy(b->event_ring[i]);
	weir_conf_destroy(b->conf);
	weir_names_destroy(b->names);
}
