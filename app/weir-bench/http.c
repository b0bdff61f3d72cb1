/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `weir-bench http`: what a request costs one core from frame to frame, without devices: both TCP
 * endpoints, HTTP, the rules, the record. Beside it the same requests with HTTP read but no rules,
 * with TCP carried but nothing read, and forwarded. Frames are made, and records encoded, outside
 * of the time that is measured; each frame is a turn of the worker's loop of its own.
 *
 * Of each request the median of all rounds counts, and of those the mean: what other processes took
 * meanwhile does not show.
 */
#include "http.h"
#include "bench.h"
#include "clock.h"

#include <stdlib.h>

#include <rte_cycles.h>

#define WARM_ROUNDS 2

struct http_bench {
	struct http_bed bed;
	struct tool_request_list requests;
	struct http_figures figures;
};

/* ---- measuring ---- */

/* The cycles of HTTP by work are weir's own; what is left is TCP's, in its sampled stages, which
 * are always measured where there are no ports. */
static void split(struct http_sample *s, const struct weir_stats *a, const struct weir_stats *z)
{
#define WORK(w)   (z->http_cycles[WEIR_HTTP_WORK_##w] - a->http_cycles[WEIR_HTTP_WORK_##w])
#define STAGE(st) (z->stage_cycles[WEIR_STAGE_##st] - a->stage_cycles[WEIR_STAGE_##st])
	uint64_t *to = s->stage, of_http = 0;

	to[HTTP_STAGE_HEADS] = WORK(PARSE);
	to[HTTP_STAGE_REQUEST_HEAD] = WORK(REQUEST_HEAD);
	to[HTTP_STAGE_REQUEST_BODY] = WORK(REQUEST_BODY);
	to[HTTP_STAGE_REQUEST_END] = WORK(REQUEST_END);
	to[HTTP_STAGE_RESPONSE_HEAD] = WORK(RESPONSE_HEAD);
	to[HTTP_STAGE_RESPONSE_BODY] = WORK(RESPONSE_BODY);
	to[HTTP_STAGE_RESPONSE_END] = WORK(RESPONSE_END);
	to[HTTP_STAGE_LOG] = WORK(LOG);
	to[HTTP_STAGE_TRANSACTION] = WORK(TRANSACTION);
	to[HTTP_STAGE_RECORD] = WORK(RECORD);
	for (unsigned int i = HTTP_STAGE_HEADS; i < HTTP_STAGE_END; i++)
		of_http += to[i];
	to[HTTP_STAGE_HTTP] = WORK(ALL) - of_http;
	to[HTTP_STAGE_PARSE] = STAGE(PARSE) + STAGE(CLASSIFY);
	to[HTTP_STAGE_TCP] = STAGE(POLICE);
	to[HTTP_STAGE_SEND] = s->total - STAGE(PARSE) - STAGE(CLASSIFY) - STAGE(POLICE) - WORK(ALL);
#undef STAGE
#undef WORK
}

static bool ask_all(struct http_bench *b, struct http_peers *peers, struct http_sample *sample,
		    uint64_t round, bool alone)
{
	const struct weir_stats *stats = weir_path_stats(b->bed.path, 0);
	struct http_figures *f = &b->figures;

	for (uint32_t i = 0; i < f->n; i++) {
		struct http_sample *s = &sample[i * f->opt->rounds + round];
		struct weir_stats before = *stats;

		if (!http_peers_ask(peers, f->request[i].raw, alone))
			return false;
		s->total = b->bed.cycles;
		split(s, &before, stats);
	}
	return true;
}

static struct http_sample *make_samples(const struct http_figures *f)
{
	return calloc(f->n * f->opt->rounds, sizeof(struct http_sample));
}

static bool prepare(struct http_bench *b, struct http_peers *peers[HTTP_WAYS])
{
	const struct http_options *o = b->figures.opt;
	bool good = true;

	for (unsigned int way = 0; way < HTTP_WAYS && good; way++) {
		if (o->only != HTTP_WAYS && o->only != way)
			continue;
		peers[way] = http_peers_create(&b->bed, (enum http_way)way,
					       (unsigned int)o->connections);
		b->figures.kept[way] = make_samples(&b->figures);
		b->figures.closed[way] = make_samples(&b->figures);
		good = peers[way] && b->figures.kept[way] && b->figures.closed[way];
		for (unsigned int i = 0; i < WARM_ROUNDS && good; i++)
			good = ask_all(b, peers[way], b->figures.kept[way], 0, false);
	}
	return good;
}

/* A round of a way with connections kept, and then of connections for one request each. */
static bool run_round(struct http_bench *b, struct http_peers *peers, unsigned int way,
		      uint64_t round)
{
	const uint64_t *count = weir_path_stats(b->bed.path, 0)->count;
	uint64_t refused = count[WEIR_COUNT_HTTP_DENIED];
	uint64_t responses = count[WEIR_COUNT_HTTP_REQUESTS];

	if (!ask_all(b, peers, b->figures.kept[way], round, false))
		return false;
	if (way == HTTP_RULES) {
		b->figures.refused += count[WEIR_COUNT_HTTP_DENIED] - refused;
		b->figures.transactions += count[WEIR_COUNT_HTTP_REQUESTS] - responses;
	}
	return ask_all(b, peers, b->figures.closed[way], round, true);
}

static bool measure(struct http_bench *b)
{
	struct http_peers *peers[HTTP_WAYS] = {NULL};
	bool good;

	b->figures.cycle_s = bench_seconds_a_cycle();
	good = prepare(b, peers);
	for (uint64_t round = 0; round < b->figures.opt->rounds && good; round++)
		for (unsigned int way = 0; way < HTTP_WAYS && good; way++)
			if (peers[way])
				good = run_round(b, peers[way], way, round);
	for (unsigned int way = 0; way < HTTP_WAYS; way++)
		http_peers_destroy(peers[way]);
	return good;
}

static void forget(struct http_bench *b)
{
	for (unsigned int way = 0; way < HTTP_WAYS; way++) {
		free(b->figures.kept[way]);
		free(b->figures.closed[way]);
	}
	tool_requests_unload(&b->requests);
}

static int play(const struct http_options *o)
{
	struct http_bench b = {.figures.opt = o};
	bool good = tool_requests_load(&b.requests, o->requests, "weir-bench http");

	if (good) {
		b.figures.request = b.requests.request;
		b.figures.n = b.requests.n;
		good = http_bed_init(&b.bed, o) == 0 && measure(&b);
		if (good)
			http_report(&b.figures);
		http_bed_fini(&b.bed);
	}
	forget(&b);
	return good ? BENCH_OK : BENCH_FAIL;
}

static int run(int argc, char **argv)
{
	struct http_options o = {
		.rounds = 15, .connections = 64, .response = 512, .only = HTTP_WAYS};
	int parsed = bench_options_parse(&bench_http, argc, argv, &o);

	if (parsed != BENCH_GO_ON)
		return parsed;
	if (!o.requests) {
		fputs("weir-bench http: --requests FILE is needed\n", stderr);
		return BENCH_USAGE;
	}
	return play(&o);
}

#define AT(field) offsetof(struct http_options, field)
static const struct bench_option options[] = {
	{"requests", "FILE", "raw requests with labels (test/perf/requests.py makes one)",
	 bench_parse_text, AT(requests)},
	{"rules", "PATTERN", "rule files in order, again for more; else Debian's modsecurity-crs",
	 bench_parse_texts, AT(rules)},
	{"paranoia", "N", "1 to 4; else as the rules say", bench_parse_u64, AT(paranoia), 1, 4},
	{"only", "WAY", "rules, read (HTTP without rules), carried (TCP), forwarded; default all",
	 bench_parse_word, AT(only), .words = http_way_name},
	{"rounds", "N", "times the file, default 15", bench_parse_u64, AT(rounds), 1, 1000},
	{"connections", "N", "that take turns, default 64", bench_parse_u64, AT(connections), 1,
	 4096},
	{"response", "BYTES", "of content, default 512", bench_parse_u64, AT(response), 0, 1200},
	{"cache", "DIR", "where compiled databases are kept", bench_parse_text, AT(cache)},
	{"json", NULL, "one JSON object", bench_parse_flag, AT(json)},
};

const struct bench_command bench_http = {
	.name = "http",
	.about = "What a request of HTTP costs one core from frame to frame, without devices: by "
		 "rules, and beside that without.",
	.options = options,
	.n_options = WEIR_ARRAY_LEN(options),
	.run = run,
};
