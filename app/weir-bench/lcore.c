/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `weir-bench lcore`: source, worker and sink on one lcore, in blocks of 2048 packets. On a virtual
 * machine figures of two cores jump by a factor of five with where the host puts them; one core's
 * best block of many is steady. Each worker of several does all this alone.
 */
#include "lcore.h"

#include "bench.h"
#include "session.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_cycles.h>
#include <rte_mbuf.h>

#define SLICE     32 /* blocks of one peer before it is the turn of the next */
#define FLOWS_MAX (4ULL << 20)
#define CLIENTS   1024

/* ---- options ---- */

static const char *const ports_words[] = {"ring", "null", NULL};
static const char *const proto_words[] = {"udp", "tcp", NULL};
static const char *const checksum_words[] = {"verify", "device", "ignore", NULL};
static const char *const family_words[] = {"4", "6", "both", NULL};

#define AT(field) offsetof(struct lcore_options, field)
static const struct bench_option options[] = {
	{"ports", "ring|null",
	 "ring (default): the bench writes each packet's headers anew; null: net_null hands out "
	 "ready "
	 "frames and frees what is sent; above 32 flows from a pool without a cache, which costs "
	 "each peer some 70 cycles a packet",
	 bench_parse_word, AT(ports), .words = ports_words},
	{"size", "BYTES|imix", "frames on the wire with FCS, 64..1518, default 64",
	 bench_parse_sizes, AT(sizes)},
	{"flows", "N", "of each worker, default 1, at most 4 Mi", bench_parse_u64, AT(flows), 1,
	 FLOWS_MAX},
	{"new-flows", NULL, "each packet begins a flow (ring); the table holds them all",
	 bench_parse_flag, AT(new_flows)},
	{"family", "4|6|both", "IP version, default 4; both: half of the flows each",
	 bench_parse_word, AT(families), .words = family_words},
	{"proto", "udp|tcp", "default udp; tcp (ring): established connections' data segments",
	 bench_parse_word, AT(proto), .words = proto_words},
	{"checksum", "WHO",
	 "who looks at transport checksums: verify (default): weir, in software, as ports "
	 "without offloads need it; device (ring): frames are marked as a NIC marks good ones; "
	 "ignore: nobody",
	 bench_parse_word, AT(checksum), .words = checksum_words},
	{"both", NULL, "every second burst comes from the servers (ring)", bench_parse_flag,
	 AT(both)},
	{"burst", "N",
	 "packets that stand in the ring when the worker looks, default 32, at most 256",
	 bench_parse_u64, AT(burst), 1, LCORE_BURST},
	{"blocks", "N", "of 2048 packets for each of io, 5tswap and weir, default 400",
	 bench_parse_u64, AT(blocks), SLICE, 1000000},
	{"cpus", "LIST", "a worker on each, default: the first allowed one", bench_parse_cpus,
	 AT(cpus)},
	{"connections", "N", "places in weir's flow table; default: as many as are needed",
	 bench_parse_u64, AT(connections), 1000, 64ULL << 20},
	{"policy", "PATH", "file or folder of weir's policy; default: one rule between two groups",
	 bench_parse_text, AT(policy)},
	{"json", NULL, "the report as one JSON object", bench_parse_flag, AT(json)},
};

static const char *contradiction(const struct lcore_options *o)
{
	bool null = o->ports == LCORE_PORTS_NULL;

	if (null && (o->new_flows || o->both || o->proto || o->sizes.n > 1))
		return "null ports know one size and flows of UDP in one direction";
	if (null && o->checksum == LCORE_CHECKSUM_DEVICE)
		return "null ports mark no frames";
	if (o->new_flows && (o->both || o->proto))
		return "--new-flows is UDP in one direction";
	if (o->flows * (o->cpus.n ? o->cpus.n : 1) > (uint64_t)CLIENTS * BENCH_PORTS)
		return "more flows than there are addresses";
	return NULL;
}

/* ---- a block ---- */

/* With rings: source, then the worker until it has had all, then the sink. */
static void ring_burst(struct lcore_worker *w, enum lcore_peer peer, struct lcore_block *block)
{
	uint64_t begun = rte_rdtsc(), filled, worked;
	unsigned int n = lcore_source(w, (unsigned int)w->bench->opt->burst), left = n;

	filled = rte_rdtsc();
	while (left) {
		unsigned int got = lcore_turn(w, peer);

		if (weir_unlikely(got == 0))
			break;
		left -= got;
	}
	worked = rte_rdtsc();
	w->result[peer].sourced += n;
	w->result[peer].sunk += lcore_sink(w);
	block->sink += rte_rdtsc() - worked;
	block->worker += worked - filled;
	block->source += filled - begun;
	block->packets += n;
}

static void null_burst(struct lcore_worker *w, enum lcore_peer peer, struct lcore_block *block)
{
	uint64_t begun = rte_rdtsc();

	block->packets += lcore_turn(w, peer);
	block->worker += rte_rdtsc() - begun;
}

static struct lcore_block run_block(struct lcore_worker *w, enum lcore_peer peer)
{
	bool ring = w->bench->opt->ports == LCORE_PORTS_RING;
	struct lcore_block block = {0};

	/* A burst may fail for want of buffers; then the block is short, not endless. */
	for (unsigned int i = 0; block.packets < LCORE_BLOCK && i < LCORE_BLOCK; i++) {
		if (ring)
			ring_burst(w, peer, &block);
		else
			null_burst(w, peer, &block);
	}
	return block;
}

static void run_slice(struct lcore_worker *w, enum lcore_peer peer, unsigned int blocks)
{
	struct lcore_result *r = &w->result[peer];

	pthread_barrier_wait(&w->bench->barrier);
	run_block(w, peer); /* warms what the peer before has cooled */
	for (unsigned int i = 0; i < blocks; i++)
		r->block[r->n++] = run_block(w, peer);
}

/* weir counts its stages over all it does: what a slice added is one sample, so that the report can
 * leave out those in which the host was elsewhere. */
static void run_weir_slice(struct lcore_worker *w, unsigned int blocks)
{
	const struct weir_stats *stats = weir_path_stats(w->bench->path, w->id);
	struct lcore_slice *slice = &w->slice[w->slices++];
	struct weir_stats before = *stats;

	run_slice(w, LCORE_WEIR, blocks);
	for (unsigned int i = 0; i < WEIR_STAGE_END; i++) {
		uint64_t packets = stats->stage_packets[i] - before.stage_packets[i];
		uint64_t cycles = stats->stage_cycles[i] - before.stage_cycles[i];

		slice->cycles[i] = packets ? (double)cycles / (double)packets : -1;
	}
	lcore_weir_discard_events(w);
}

static int run_worker(void *arg)
{
	struct lcore_worker *w = arg;
	const struct lcore_bench *b = w->bench;
	unsigned int blocks = (unsigned int)b->opt->blocks;

	lcore_open_flows(w);
	w->before = *weir_path_stats(b->path, w->id);
	for (unsigned int done = 0; done < blocks && !bench_interrupted(); done += SLICE) {
		unsigned int slice = blocks - done < SLICE ? blocks - done : SLICE;

		run_slice(w, LCORE_IO, slice);
		run_slice(w, LCORE_5TSWAP, slice);
		run_weir_slice(w, slice);
	}
	w->after = *weir_path_stats(b->path, w->id);
	return 0;
}

/* ---- set-up ---- */

static uint32_t common_divisor(uint32_t a, uint32_t b)
{
	while (b) {
		uint32_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/* About the golden section of the round, and without a common divisor with it. */
static uint32_t stride_of(uint32_t flows)
{
	uint32_t stride = (uint32_t)((double)flows * 0.618034);

	if (flows == 1)
		return 0;
	while (stride == 0 || common_divisor(stride, flows) != 1)
		stride++;
	return stride;
}

static void set_net(struct lcore_bench *b)
{
	static const uint8_t client6[16] = {0x20, 1, 0x0d, 0xb8, 0, 1, [15] = 1};
	static const uint8_t server6[16] = {0x20, 1, 0x0d, 0xb8, 0, 2, [15] = 1};
	const struct lcore_options *o = b->opt;

	b->net = (struct bench_net){
		.families = o->families,
		.proto = o->proto ? IPPROTO_TCP : IPPROTO_UDP,
		.port = 5001,
		.clients = CLIENTS,
		.client = {weir_addr_v4(0x0a010001), weir_addr_v6(client6)},
		.server = {weir_addr_v4(0x0a020001), weir_addr_v6(server6)},
	};
	bench_templates_init(&b->templates, &b->net);
	for (unsigned int i = 0; i < o->sizes.n; i++) {
		uint16_t min = bench_frame_min(&b->templates, false);
		uint16_t len = (uint16_t)(o->sizes.size[i] - BENCH_FCS_BYTES);

		b->len[i] = len > min ? len : min;
	}
	if (o->checksum == LCORE_CHECKSUM_DEVICE)
		b->ol_flags = RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD;
	b->stride = stride_of((uint32_t)o->flows);
}

static struct lcore_worker *make_worker(struct lcore_bench *b, unsigned int id)
{
	struct lcore_worker *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->bench = b;
	w->id = id;
	for (unsigned int peer = 0; peer < LCORE_PEERS; peer++)
		w->result[peer].block = calloc(b->opt->blocks, sizeof(struct lcore_block));
	w->slice = calloc(b->opt->blocks / SLICE + 1, sizeof(*w->slice));
	return w;
}

static bool make_workers(struct lcore_bench *b)
{
	for (unsigned int i = 0; i < b->n_workers; i++) {
		b->worker[i] = make_worker(b, i);
		if (!b->worker[i] || !b->worker[i]->slice)
			return false;
		for (unsigned int peer = 0; peer < LCORE_PEERS; peer++)
			if (!b->worker[i]->result[peer].block)
				return false;
	}
	return true;
}

static void free_workers(struct lcore_bench *b)
{
	for (unsigned int i = 0; i < b->n_workers && b->worker[i]; i++) {
		for (unsigned int peer = 0; peer < LCORE_PEERS; peer++)
			free(b->worker[i]->result[peer].block);
		free(b->worker[i]->slice);
		free(b->worker[i]->number);
		free(b->worker[i]);
	}
}

static int run_with_eal(struct lcore_bench *b)
{
	int rc = BENCH_FAIL;

	if (lcore_ports_open(b) != 0)
		return rc;
	if (lcore_weir_create(b) == 0) {
		pthread_barrier_init(&b->barrier, NULL, b->n_workers);
		bench_run_on_lcores(run_worker, (void *const *)b->worker, b->n_workers);
		pthread_barrier_destroy(&b->barrier);
		lcore_report(b);
		rc = BENCH_OK;
	}
	lcore_weir_destroy(b);
	lcore_ports_close(b);
	return rc;
}

static int run_lcore(int argc, char **argv)
{
	struct lcore_options o = {
		.flows = 1,
		.burst = 32,
		.blocks = 400,
		.sizes = {.size = {BENCH_SIZE_MIN}, .n = 1},
	};
	struct lcore_bench b = {.opt = &o};
	int rc = BENCH_FAIL;
	int parsed = bench_options_parse(&bench_lcore, argc, argv, &o);

	if (parsed != BENCH_GO_ON)
		return parsed;
	if (contradiction(&o)) {
		fprintf(stderr, "weir-bench lcore: %s\n", contradiction(&o));
		return BENCH_USAGE;
	}
	if (!o.cpus.n)
		bench_cpus_default(&o.cpus, 1);
	b.n_workers = o.cpus.n;
	set_net(&b);
	bench_catch_signals();
	if (!make_workers(&b) || lcore_weir_prepare(&b) != 0 || lcore_flows_assign(&b) != 0)
		fputs("weir-bench lcore: no memory\n", stderr);
	else if (bench_eal_start(&o.cpus, lcore_weir_bytes(&b), NULL, 0) == 0) {
		rc = run_with_eal(&b);
		bench_eal_stop();
	}
	free(b.ports);
	free_workers(&b);
	return rc;
}

const struct bench_command bench_lcore = {
	.name = "lcore",
	.about = "Source, worker and sink on one lcore: packets a second and TSC cycles a packet "
		 "of io, "
		 "5tswap (as dpdk-testpmd does them) and weir's path, over the same ports in one "
		 "run.",
	.options = options,
	.n_options = WEIR_ARRAY_LEN(options),
	.run = run_lcore,
};
