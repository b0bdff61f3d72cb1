/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `weir-bench waf`: CPU time of a transaction through the WAF engine, over a file of requests, by
 * class of request. Each is parsed, judged whole (head, body, end, phase 5; no response) and its
 * memory given back.
 */
#include "waf.h"
#include "bench.h"

struct waf_options {
	const char *requests, *cache;
	struct bench_texts rules;
	uint64_t paranoia, rounds, passes, by_rule;
	bool by_stage, no_prefilter, json;
};

struct waf_bench {
	const struct waf_options *opt;
	struct tool_request_list requests;
	struct tool_engine *engine;
	double clock_us; /* what reading the clock costs */
	struct waf_figures figures;
	/* of the transaction at hand */
	struct waf_class *class;
	double stage_begun;
	double stages_us; /* of all its stages so far */
};

/* The least of many: what is above it is noise. */
static double clock_cost_us(void)
{
	double least = 1e9;

	for (unsigned int i = 0; i < 1000; i++) {
		double begun = tool_cpu_us(), took = tool_cpu_us() - begun;

		least = took < least ? took : least;
	}
	return least;
}

static bool load_engine(struct waf_bench *b)
{
	struct tool_rules rules = {
		.n = b->opt->rules.n,
		.options.paranoia = (uint8_t)b->opt->paranoia,
		.options.cache = b->opt->cache,
		.options.no_prefilter = b->opt->no_prefilter,
	};
	struct weir_waf *waf;

	memcpy(rules.pattern, b->opt->rules.text, sizeof(b->opt->rules.text));
	waf = tool_waf_create(&rules);
	if (!waf)
		return false;
	weir_waf_info(waf, &b->figures.info);
	b->engine = tool_engine_create(waf);
	return b->engine != NULL;
}

/* ---- measuring ---- */

static void end_stage(void *ctx, enum tool_stage stage)
{
	struct waf_bench *b = ctx;
	double now = tool_cpu_us(), took = now - b->stage_begun - b->clock_us;

	b->stages_us += took;
	b->class->stage_us[stage] += took;
	b->figures.class[WAF_MIX].stage_us[stage] += took;
	b->stage_begun = tool_cpu_us();
}

static void note_memory(struct waf_bench *b)
{
	uint64_t used, room;

	weir_waf_worker_memory(b->engine->worker, &used, &room);
	if (used > b->figures.memory_max)
		b->figures.memory_max = used;
}

static void count_work(struct waf_class *c, const struct weir_waf_tx *tx)
{
	struct weir_waf_result result;
	struct weir_waf_work work;

	weir_waf_tx_work(tx, &work);
	weir_waf_tx_result(tx, &result);
	c->transactions++;
	c->refused += result.verdict != WEIR_WAF_PASS;
	c->values += work.values;
	c->transforms += work.transforms;
	c->scanned_bytes += work.scanned_bytes;
	c->candidates += work.candidates;
	c->steps += work.steps;
}

/* One transaction; microseconds. What it did is counted outside of the time. */
static double judge(struct waf_bench *b, const struct tool_request *request, uint64_t id)
{
	struct tool_exchange x = {
		.request = request->raw,
		.begin = {.peer = {.client = weir_addr_v4(0xc0000201),
				   .server = weir_addr_v4(0xc0000202),
				   .client_port = 40000,
				   .server_port = 80},
			  .unix_ns = 1600000000 * WEIR_NS_PER_S,
			  .id = id},
		.stage = b->opt->by_stage ? end_stage : NULL,
		.stage_ctx = b,
	};
	struct tool_outcome outcome;
	double begun, us;

	b->class = &b->figures.class[request->label];
	b->stages_us = 0;
	begun = b->stage_begun = tool_cpu_us();
	tool_exchange_run(b->engine, &x, &outcome);
	us = tool_cpu_us() - begun - b->clock_us;
	if (!outcome.tx)
		return us;
	note_memory(b);
	count_work(b->class, outcome.tx);
	count_work(&b->figures.class[WAF_MIX], outcome.tx);
	begun = b->stage_begun = tool_cpu_us();
	weir_waf_tx_destroy(outcome.tx);
	us += tool_cpu_us() - begun - b->clock_us;
	if (!b->opt->by_stage)
		return us;
	end_stage(b, TOOL_DESTROY); /* the clock was read at each: what that costs is in `us` */
	return b->stages_us;
}

/* Counts are of this round alone. */
static void forget_counts(struct waf_figures *f)
{
	for (unsigned int c = 0; c < WAF_CLASSES; c++) {
		struct waf_class *class = &f->class[c];

		class->transactions = class->refused = class->values = class->transforms = 0;
		class->scanned_bytes = class->candidates = class->steps = 0;
		memset(class->stage_us, 0, sizeof(class->stage_us));
	}
}

static void run_round(struct waf_bench *b, unsigned int round)
{
	const struct tool_request_list *all = &b->requests;
	double us[WAF_CLASSES] = {0};
	uint64_t n[WAF_CLASSES] = {0};

	forget_counts(&b->figures);
	for (uint64_t pass = 0; pass < b->opt->passes; pass++)
		for (uint32_t i = 0; i < all->n; i++) {
			double took = judge(b, &all->request[i], pass * all->n + i + 1);

			us[all->request[i].label] += took;
			us[WAF_MIX] += took;
			n[all->request[i].label]++;
			n[WAF_MIX]++;
		}
	for (unsigned int c = 0; c < WAF_CLASSES; c++)
		b->figures.class[c].us[round] = n[c] ? us[c] / (double)n[c] : 0;
}

static void measure(struct waf_bench *b)
{
	b->clock_us = clock_cost_us();
	run_round(b, 0); /* warms caches, and is overwritten */
	for (unsigned int i = 0; i < b->opt->rounds; i++)
		run_round(b, i);
	b->figures.rounds = (unsigned int)b->opt->rounds;
}

static void report(struct waf_bench *b)
{
	if (b->opt->json)
		waf_report_json(&b->figures, b->opt->by_stage);
	else
		waf_report_text(&b->figures, b->opt->by_stage);
	if (b->opt->by_rule)
		waf_report_rules(b->engine->waf, b->opt->by_rule);
}

static int run_waf(int argc, char **argv)
{
	struct waf_options o = {.rounds = 5, .passes = 5};
	struct waf_bench b = {.opt = &o};
	bool good;
	int parsed = bench_options_parse(&bench_waf, argc, argv, &o);

	if (parsed != BENCH_GO_ON)
		return parsed;
	if (!o.requests) {
		fputs("weir-bench waf: --requests FILE is needed\n", stderr);
		return BENCH_USAGE;
	}
	good = tool_requests_load(&b.requests, o.requests, "weir-bench waf") && load_engine(&b);
	if (good) {
		measure(&b);
		report(&b);
	}
	tool_engine_destroy(b.engine);
	tool_requests_unload(&b.requests);
	return good ? BENCH_OK : BENCH_FAIL;
}

#define AT(field) offsetof(struct waf_options, field)
static const struct bench_option options[] = {
	{"requests", "FILE", "raw requests with labels (test/perf/requests.py makes one)",
	 bench_parse_text, AT(requests)},
	{"rules", "PATTERN", "rule files in order, again for more; else Debian's modsecurity-crs",
	 bench_parse_texts, AT(rules)},
	{"paranoia", "N", "1 to 4; else as the rules say", bench_parse_u64, AT(paranoia), 1, 4},
	{"rounds", "N", "medians of so many, default 5", bench_parse_u64, AT(rounds), 1,
	 WAF_ROUNDS_MAX},
	{"passes", "N", "times the file in a round, default 5", bench_parse_u64, AT(passes), 1,
	 1000},
	{"by-stage", NULL, "also where the time goes", bench_parse_flag, AT(by_stage)},
	{"by-rule", "N", "also the rules that took most of it", bench_parse_u64, AT(by_rule), 1,
	 1000},
	{"cache", "DIR", "where compiled databases are kept", bench_parse_text, AT(cache)},
	{"no-prefilter", NULL, "every rule is asked about every value", bench_parse_flag,
	 AT(no_prefilter)},
	{"json", NULL, "the report as one JSON object", bench_parse_flag, AT(json)},
};

const struct bench_command bench_waf = {
	.name = "waf",
	.about = "The WAF engine: CPU time of a transaction over a file of requests, by class of "
		 "request, and the work that it took.",
	.options = options,
	.n_options = WEIR_ARRAY_LEN(options),
	.run = run_waf,
};
