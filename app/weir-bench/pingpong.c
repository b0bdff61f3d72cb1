/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `weir-bench pingpong`: how long a cache line takes from one core to another and back. On a
 * virtual machine this changes by the second, and every figure of two cores with it: print it
 * before and after, and compare only what was measured in the same state.
 */
#include "bench.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define STEP_NS       (100 * WEIR_NS_PER_MS)
#define LOOK_EVERY    256 /* round trips between two looks at the clock */
#define STOP          UINT32_MAX
#define STARVED_SPINS (1u << 16) /* then the other thread may be waiting for this very CPU */

struct pingpong_options {
	uint64_t run_ns;
	struct bench_cpus cpus;
	bool json;
};

/* Nothing else stands in its line. Odd: the partner is to answer. */
struct table {
	_Alignas(WEIR_CACHE_LINE) _Atomic uint32_t ball;
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * WEIR_NS_PER_S + (uint64_t)t.tv_nsec;
}

static cpu_set_t only(uint16_t cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return set;
}

/* Waits until the ball is no longer `old`; acquire pairs with the other side's release. */
static uint32_t wait_for_change(struct table *table, uint32_t old)
{
	uint32_t ball;

	for (uint32_t spins = 1;; spins++) {
		ball = atomic_load_explicit(&table->ball, memory_order_acquire);
		if (ball != old)
			return ball;
		if (spins % STARVED_SPINS == 0)
			sched_yield();
	}
}

static void *partner(void *arg)
{
	struct table *table = arg;
	uint32_t ball = 0;

	for (;;) {
		ball = wait_for_change(table, ball);
		if (ball == STOP)
			return NULL;
		atomic_store_explicit(&table->ball, ++ball, memory_order_release);
	}
}

/* Nanoseconds of a round trip, over one step. */
static double play_step(struct table *table, uint32_t *ball)
{
	uint64_t begun = now_ns(), ns, trips = 0;

	do {
		for (unsigned int i = 0; i < LOOK_EVERY; i++) {
			*ball = (*ball + 1) & 0x7fffffff;
			atomic_store_explicit(&table->ball, *ball, memory_order_release);
			*ball = wait_for_change(table, *ball);
		}
		trips += LOOK_EVERY;
		ns = now_ns() - begun;
	} while (ns < STEP_NS);
	return (double)ns / (double)trips;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void report(const struct pingpong_options *o, double *step, unsigned int n)
{
	double first = step[0], last = step[n - 1];

	qsort(step, n, sizeof(*step), by_value);
	if (o->json)
		printf("{\"cpus\":[%u,%u],\"steps\":%u,\"first_ns\":%.1f,\"last_ns\":%.1f,"
		       "\"min_ns\":%.1f,\"median_ns\":%.1f,\"max_ns\":%.1f}\n",
		       o->cpus.cpu[0], o->cpus.cpu[1], n, first, last, step[0], step[n / 2],
		       step[n - 1]);
	else
		printf("CPU %u and %u: a cache line there and back in %.0f ns (median of %u steps "
		       "of "
		       "100 ms; %.0f to %.0f, first %.0f, last %.0f)\n",
		       o->cpus.cpu[0], o->cpus.cpu[1], step[n / 2], n, step[0], step[n - 1], first,
		       last);
}

/* Pins this thread and starts the partner, each on its CPU. */
static bool meet(const struct pingpong_options *o, struct table *table, pthread_t *thread)
{
	cpu_set_t mine = only(o->cpus.cpu[0]), other = only(o->cpus.cpu[1]);
	pthread_attr_t attr;
	bool met;

	if (pthread_setaffinity_np(pthread_self(), sizeof(mine), &mine) != 0)
		return false;
	pthread_attr_init(&attr);
	pthread_attr_setaffinity_np(&attr, sizeof(other), &other);
	met = pthread_create(thread, &attr, partner, table) == 0;
	pthread_attr_destroy(&attr);
	return met;
}

static int play(const struct pingpong_options *o)
{
	unsigned int n = (unsigned int)((o->run_ns + STEP_NS - 1) / STEP_NS);
	double *step = calloc(n, sizeof(*step));
	struct table table = {0};
	uint32_t ball = 0;
	pthread_t thread;

	if (!step || !meet(o, &table, &thread)) {
		fputs("weir-bench pingpong: cannot use these CPUs\n", stderr);
		free(step);
		return BENCH_FAIL;
	}
	for (unsigned int i = 0; i < n; i++)
		step[i] = play_step(&table, &ball);
	atomic_store_explicit(&table.ball, STOP, memory_order_release);
	pthread_join(thread, NULL);
	report(o, step, n);
	free(step);
	return BENCH_OK;
}

static int run_pingpong(int argc, char **argv)
{
	struct pingpong_options o = {.run_ns = WEIR_NS_PER_S};
	int parsed = bench_options_parse(&bench_pingpong, argc, argv, &o);

	if (parsed != BENCH_GO_ON)
		return parsed;
	if (!o.cpus.n)
		bench_cpus_default(&o.cpus, 2);
	if (o.cpus.n != 2) {
		fputs("weir-bench pingpong: needs two CPUs\n", stderr);
		return BENCH_USAGE;
	}
	return play(&o);
}

#define AT(field) offsetof(struct pingpong_options, field)
static const struct bench_option options[] = {
	{"cpus", "A,B", "default: the first two allowed", bench_parse_cpus, AT(cpus)},
	{"seconds", "TIME", "how long, default 1 s, at most 1 m", bench_parse_duration, AT(run_ns),
	 100 * WEIR_NS_PER_MS, 60 * WEIR_NS_PER_S},
	{"json", NULL, "the report as one JSON object", bench_parse_flag, AT(json)},
};

const struct bench_command bench_pingpong = {
	.name = "pingpong",
	.about = "Nanoseconds that a cache line takes between two cores and back, in steps of 100 "
		 "ms.",
	.options = options,
	.n_options = WEIR_ARRAY_LEN(options),
	.run = run_pingpong,
};
