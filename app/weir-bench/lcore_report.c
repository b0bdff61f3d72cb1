/* SPDX-License-Identifier: BSD-3-Clause */
/* Best and median block of each peer, the ratios, and where weir's cycles go. */
#include "lcore.h"

#include "session.h"

#include <stdio.h>
#include <stdlib.h>

#include <rte_cycles.h>

/* TSC cycles a packet. */
struct cycles {
	double best, median;
};

struct summary {
	struct cycles source, worker, sink;
	double best_mpps, median_mpps; /* of the worker's stage, all workers together */
	uint64_t packets;
	uint64_t lost; /* of all that went in, also between blocks that count */
	unsigned int blocks;
};

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Of one field of all blocks; `values` has room for them. */
static struct cycles cycles_of(const struct lcore_result *r, size_t field, double *values)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < r->n; i++) {
		const struct lcore_block *block = &r->block[i];
		const uint64_t *cycles = (const void *)((const char *)block + field);

		if (block->packets)
			values[n++] = (double)*cycles / (double)block->packets;
	}
	if (n == 0)
		return (struct cycles){0};
	qsort(values, n, sizeof(*values), by_value);
	return (struct cycles){.best = values[0], .median = values[n / 2]};
}

static void add_worker(struct summary *s, const struct lcore_result *r, double *values)
{
	double hz = (double)rte_get_tsc_hz();
	struct cycles c = cycles_of(r, offsetof(struct lcore_block, worker), values);

	if (c.best > 0) {
		s->best_mpps += hz / c.best / 1e6;
		s->median_mpps += hz / c.median / 1e6;
	}
	for (unsigned int i = 0; i < r->n; i++)
		s->packets += r->block[i].packets;
	s->lost += r->sourced > r->sunk ? r->sourced - r->sunk : 0;
}

/* Cycles are the first worker's; rates and counts are all workers'. */
static struct summary summarize(const struct lcore_bench *b, enum lcore_peer peer, double *values)
{
	const struct lcore_result *first = &b->worker[0]->result[peer];
	struct summary s = {
		.source = cycles_of(first, offsetof(struct lcore_block, source), values),
		.worker = cycles_of(first, offsetof(struct lcore_block, worker), values),
		.sink = cycles_of(first, offsetof(struct lcore_block, sink), values),
		.blocks = first->n,
	};

	for (unsigned int i = 0; i < b->n_workers; i++)
		add_worker(&s, &b->worker[i]->result[peer], values);
	return s;
}

static double ratio(double a, double b)
{
	return b > 0 ? a / b : 0;
}

/* The median over the first worker's slices. */
static double stage_cycles(const struct lcore_bench *b, enum weir_stage stage)
{
	const struct lcore_worker *w = b->worker[0];
	double *values = calloc(w->slices + 1, sizeof(*values)), median = 0;
	unsigned int n = 0;

	for (unsigned int i = 0; values && i < w->slices; i++)
		if (w->slice[i].cycles[stage] >= 0)
			values[n++] = w->slice[i].cycles[stage];
	if (n) {
		qsort(values, n, sizeof(*values), by_value);
		median = values[n / 2];
	}
	free(values);
	return median;
}

static uint64_t drops(const struct lcore_bench *b, enum weir_drop d)
{
	uint64_t n = 0;

	for (unsigned int i = 0; i < b->n_workers; i++)
		n += b->worker[i]->after.drop[d] - b->worker[i]->before.drop[d];
	return n;
}

static uint64_t flows_created(const struct lcore_bench *b)
{
	uint64_t n = 0;

	for (unsigned int i = 0; i < b->n_workers; i++)
		n += b->worker[i]->after.count[WEIR_COUNT_FLOWS_CREATED] -
		     b->worker[i]->before.count[WEIR_COUNT_FLOWS_CREATED];
	return n;
}

/* ---- text ---- */

static void describe(const struct lcore_bench *b)
{
	const struct lcore_options *o = b->opt;
	struct weir_buf machine = {0};

	bench_machine(&machine);
	printf("%s, TSC %.0f MHz\n", machine.ptr ? machine.ptr : "",
	       (double)rte_get_tsc_hz() / 1e6);
	weir_buf_fini(&machine);
	printf("%u worker%s, %s ports, frames of %u bytes%s, %s, bursts of %llu, ", b->n_workers,
	       b->n_workers == 1 ? "" : "s", o->ports == LCORE_PORTS_RING ? "ring" : "null",
	       b->len[0] + BENCH_FCS_BYTES, o->sizes.n > 1 ? " and more (imix)" : "",
	       o->proto ? "TCP" : "UDP", (unsigned long long)o->burst);
	if (o->checksum != LCORE_CHECKSUM_VERIFY)
		printf("checksums %s, ",
		       o->checksum == LCORE_CHECKSUM_DEVICE ? "judged by the device" : "ignored");
	if (o->new_flows)
		printf("each packet a new flow\n");
	else
		printf("%llu flows a worker\n", (unsigned long long)o->flows);
}

static void peer_text(const char *name, const struct summary *s, bool ring)
{
	printf("  %-7s best block %7.2f Mpps (%6.1f cycles a packet), median %7.2f Mpps (%6.1f)",
	       name, s->best_mpps, s->worker.best, s->median_mpps, s->worker.median);
	if (ring)
		printf("; source %.1f, sink %.1f", s->source.median, s->sink.median);
	if (s->lost)
		printf("; %llu of %llu lost", (unsigned long long)s->lost,
		       (unsigned long long)s->packets);
	printf("\n");
}

static void report_text(const struct lcore_bench *b, const struct summary s[LCORE_PEERS])
{
	const struct summary *weir = &s[LCORE_WEIR];

	describe(b);
	for (unsigned int peer = 0; peer < LCORE_PEERS; peer++)
		peer_text(lcore_peer_names[peer], &s[peer], b->opt->ports == LCORE_PORTS_RING);
	for (unsigned int peer = 0; peer < LCORE_WEIR; peer++)
		printf("  weir / %-6s best %.2f, median %.2f\n", lcore_peer_names[peer],
		       ratio(weir->best_mpps, s[peer].best_mpps),
		       ratio(weir->median_mpps, s[peer].median_mpps));
	printf("  weir's cycles a packet by stage (sampled; median of slices):");
	for (unsigned int stage = 0; stage < WEIR_STAGE_END; stage++)
		printf(" %s %.1f", weir_stage_name(stage), stage_cycles(b, stage));
	printf("\n");
	if (b->opt->new_flows)
		printf("  weir made %llu flows\n", (unsigned long long)flows_created(b));
	for (unsigned int d = WEIR_DROP_NONE + 1; d < WEIR_DROP_END; d++)
		if (drops(b, d))
			printf("  weir dropped %llu: %s\n", (unsigned long long)drops(b, d),
			       weir_drop_name(d));
}

/* ---- JSON ---- */

static void cycles_json(struct weir_json *j, const char *key, struct cycles c)
{
	weir_json_object(j, key);
	weir_json_double(j, "best", c.best);
	weir_json_double(j, "median", c.median);
	weir_json_end_object(j);
}

static void peer_json(struct weir_json *j, const char *name, const struct summary *s)
{
	weir_json_object(j, name);
	weir_json_u64(j, "blocks", s->blocks);
	weir_json_u64(j, "packets", s->packets);
	weir_json_u64(j, "lost", s->lost);
	weir_json_double(j, "best_mpps", s->best_mpps);
	weir_json_double(j, "median_mpps", s->median_mpps);
	cycles_json(j, "source_cycles", s->source);
	cycles_json(j, "worker_cycles", s->worker);
	cycles_json(j, "sink_cycles", s->sink);
	weir_json_end_object(j);
}

static void ratio_json(struct weir_json *j, const char *key, const struct summary *weir,
		       const struct summary *peer)
{
	weir_json_object(j, key);
	weir_json_double(j, "best", ratio(weir->best_mpps, peer->best_mpps));
	weir_json_double(j, "median", ratio(weir->median_mpps, peer->median_mpps));
	weir_json_end_object(j);
}

static void path_json(struct weir_json *j, const struct lcore_bench *b)
{
	weir_json_object(j, "stage_cycles");
	for (unsigned int stage = 0; stage < WEIR_STAGE_END; stage++)
		weir_json_double(j, weir_stage_name(stage), stage_cycles(b, stage));
	weir_json_end_object(j);
	weir_json_u64(j, "flows_created", flows_created(b));
	weir_json_object(j, "drops");
	for (unsigned int d = WEIR_DROP_NONE + 1; d < WEIR_DROP_END; d++)
		if (drops(b, d))
			weir_json_u64(j, weir_drop_name(d), drops(b, d));
	weir_json_end_object(j);
}

static void report_json(const struct lcore_bench *b, const struct summary s[LCORE_PEERS])
{
	struct weir_buf out = {0}, machine = {0};
	struct weir_json j = weir_json_into(&out);

	bench_machine(&machine);
	weir_json_object(&j, NULL);
	weir_json_str(&j, "machine", machine.ptr ? machine.ptr : "");
	weir_json_u64(&j, "tsc_hz", rte_get_tsc_hz());
	weir_json_u64(&j, "workers", b->n_workers);
	weir_json_u64(&j, "flows", b->opt->flows);
	weir_json_u64(&j, "frame_bytes", b->len[0] + BENCH_FCS_BYTES);
	for (unsigned int peer = 0; peer < LCORE_PEERS; peer++)
		peer_json(&j, lcore_peer_names[peer], &s[peer]);
	ratio_json(&j, "weir_to_io", &s[LCORE_WEIR], &s[LCORE_IO]);
	ratio_json(&j, "weir_to_5tswap", &s[LCORE_WEIR], &s[LCORE_5TSWAP]);
	path_json(&j, b);
	weir_json_end_object(&j);
	printf("%s\n", out.ptr ? out.ptr : "{}");
	weir_buf_fini(&machine);
	weir_buf_fini(&out);
}

void lcore_report(struct lcore_bench *b)
{
	double *values = calloc(b->opt->blocks, sizeof(*values));
	struct summary s[LCORE_PEERS];

	if (!values)
		return;
	for (unsigned int peer = 0; peer < LCORE_PEERS; peer++)
		s[peer] = summarize(b, peer, values);
	free(values);
	if (b->opt->json)
		report_json(b, s);
	else
		report_text(b, s);
}
