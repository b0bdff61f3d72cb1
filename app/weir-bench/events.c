/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `weir-bench events`: what the writer of decision records costs while nothing comes, and what is
 * lost when a worker ends transactions in bursts. The worker is this thread; its records are those
 * of small requests. There are pauses between bursts, after which the writer sleeps its longest.
 */
#include "bench.h"

#include <stdio.h>
#include <time.h>

#include <weir_event.h>
#include <weir_mem.h>

#define NEED_BYTES (512ULL << 20)
#define RING       65536
#define PAUSE_NS   (20 * WEIR_NS_PER_MS)
#define IDLE_NS    (2 * WEIR_NS_PER_S)

struct events_options {
	const char *file;
	uint64_t rate, burst_ns, bursts, transactions;
	bool json;
};

struct events_bed {
	struct weir_names *names;
	struct weir_event_store *store;
	struct weir_event_ring *ring;
	struct weir_event_writer *writer;
};

struct events_figures {
	double idle_percent, us_a_record;
	uint64_t records, lost;
};

static void fini(struct events_bed *b)
{
	weir_event_writer_stop(b->writer);
	weir_event_ring_destroy(b->ring);
	weir_event_store_destroy(b->store);
	if (b->names)
		weir_names_destroy(b->names);
}

static bool init(struct events_bed *b, const struct events_options *o)
{
	struct weir_eal_cfg eal = {
		.program = "weir-bench", .need_bytes = NEED_BYTES, .quiet = true};
	struct weir_event_writer_cfg cfg = {.path = o->file, .rings = &b->ring, .n_rings = 1};

	*b = (struct events_bed){0};
	if (weir_eal_start(&eal, NULL) < 0)
		return false;
	b->names = weir_names_create();
	b->store = weir_event_store_create("bench_tx", (uint32_t)o->transactions);
	b->ring = weir_event_ring_create("bench", RING);
	if (!b->names || !b->store || !b->ring)
		return false;
	cfg.names = b->names;
	cfg.transactions = (uint32_t)o->transactions;
	b->writer = weir_event_writer_start(&cfg);
	return b->writer != NULL;
}

/* ---- clocks ---- */

static uint64_t now_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * WEIR_NS_PER_S + (uint64_t)t.tv_nsec;
}

static void rest(uint64_t ns)
{
	nanosleep(&(struct timespec){.tv_sec = (time_t)(ns / WEIR_NS_PER_S),
				     .tv_nsec = (long)(ns % WEIR_NS_PER_S)},
		  NULL);
}

/* Of the other thread: there is no third. */
static uint64_t writer_cpu_ns(void)
{
	return now_ns(CLOCK_PROCESS_CPUTIME_ID) - now_ns(CLOCK_THREAD_CPUTIME_ID);
}

/* ---- what is measured ---- */

static bool post(struct events_bed *b)
{
	struct weir_event e = {.type = WEIR_EVENT_HTTP, .http = weir_event_http_take(b->store)};

	if (!e.http)
		return false;
	strcpy(e.http->method, "GET");
	strcpy(e.http->host, "www.example");
	strcpy(e.http->path, "/index.html");
	strcpy(e.http->user_agent, "Mozilla/5.0 (X11; Linux x86_64) Firefox/128.0");
	strcpy(e.http->protocol, "HTTP/1.1");
	e.http->status = 200;
	return weir_event_post(b->ring, &e);
}

static void burst(struct events_bed *b, const struct events_options *o, struct events_figures *f)
{
	uint64_t begun = now_ns(CLOCK_MONOTONIC), every = WEIR_NS_PER_S / o->rate;

	for (uint64_t at = 0; at < o->burst_ns; at += every) {
		while (now_ns(CLOCK_MONOTONIC) - begun < at)
			;
		f->records++;
		if (!post(b))
			f->lost++;
	}
}

static void measure(struct events_bed *b, const struct events_options *o, struct events_figures *f)
{
	uint64_t cpu;

	rest(PAUSE_NS);
	cpu = writer_cpu_ns();
	rest(IDLE_NS);
	f->idle_percent = 100.0 * (double)(writer_cpu_ns() - cpu) / (double)IDLE_NS;
	cpu = writer_cpu_ns();
	for (uint64_t i = 0; i < o->bursts; i++) {
		burst(b, o, f);
		rest(PAUSE_NS);
	}
	f->us_a_record = (double)(writer_cpu_ns() - cpu) / 1000.0 / (double)(f->records - f->lost);
}

static void report(const struct events_options *o, const struct events_figures *f)
{
	if (o->json)
		printf("{\"idle_percent\":%.3f,\"us_a_record\":%.2f,\"records\":%llu,"
		       "\"lost\":%llu}\n",
		       f->idle_percent, f->us_a_record, (unsigned long long)f->records,
		       (unsigned long long)f->lost);
	else
		printf("the writer takes %.2f %% of a core while nothing comes, %.2f us a record\n"
		       "%llu records in bursts, %llu lost (%.2f %%)\n",
		       f->idle_percent, f->us_a_record, (unsigned long long)f->records,
		       (unsigned long long)f->lost, 100.0 * (double)f->lost / (double)f->records);
}

static int run_events(int argc, char **argv)
{
	struct events_options o = {.rate = 200000,
				   .burst_ns = 20 * WEIR_NS_PER_MS,
				   .bursts = 40,
				   .transactions = 4096};
	int parsed = bench_options_parse(&bench_events, argc, argv, &o);
	struct events_figures f = {0};
	struct events_bed b;
	bool good;

	if (parsed != BENCH_GO_ON)
		return parsed;
	good = init(&b, &o);
	if (good) {
		measure(&b, &o, &f);
		report(&o, &f);
	}
	fini(&b);
	return good ? BENCH_OK : BENCH_FAIL;
}

#define AT(field) offsetof(struct events_options, field)
static const struct bench_option options[] = {
	{"rate", "N", "records a second in a burst, default 200k", bench_parse_u64, AT(rate), 1,
	 100000000},
	{"burst", "TIME", "how long one is, default 20 ms", bench_parse_duration, AT(burst_ns),
	 WEIR_NS_PER_MS, 10 * WEIR_NS_PER_S},
	{"bursts", "N", "how many, 20 ms apart, default 40", bench_parse_u64, AT(bursts), 1,
	 1000000},
	{"transactions", "N", "of a worker's store (log.transactions), default 4096",
	 bench_parse_u64, AT(transactions), 16, 65536},
	{"file", "PATH", "where the records go; default: nowhere", bench_parse_text, AT(file)},
	{"json", NULL, "the report as one JSON object", bench_parse_flag, AT(json)},
};

const struct bench_command bench_events = {
	.name = "events",
	.about = "The writer of decision records: CPU time while nothing comes and a record, and "
		 "what is lost in bursts.",
	.options = options,
	.n_options = WEIR_ARRAY_LEN(options),
	.run = run_events,
};
