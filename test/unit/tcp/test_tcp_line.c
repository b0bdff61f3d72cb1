/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two hosts and weir between them, over two bad lines with a simulated clock: whatever is lost,
 * late, twice, damaged or out of order, each host reads what the other one wrote, both connections
 * end, and nothing stays behind. Each seed is another line, another pair of hosts.
 */
#include "weir_test.h"
#include "world.h"

#include <stdio.h>
#include <stdlib.h>

static struct world world;

static bool is_done(const struct world *w)
{
	return host_is_done(&w->host[0]) && host_is_done(&w->host[1]);
}

static void run_world(struct world *w, const char *what)
{
	uint64_t end_ns = w->lab.now_ns + WORLD_LIMIT_NS;

	while (!is_done(w)) {
		ck_assert_msg(w->lab.now_ns < end_ns,
			      "%s: not done: read %u of %u and %u of %u; open %d %d", what,
			      w->host[0].in, w->host[0].cfg.expect, w->host[1].in,
			      w->host[1].cfg.expect, w->host[0].open, w->host[1].open);
		ck_assert_msg(!w->host[0].failed && !w->host[1].failed, "%s: reset", what);
		world_step(w);
	}
}

static void close_world(struct world *w, const char *what)
{
	for (unsigned int i = 0; i < 400000 && w->lab.conn; i++)
		world_step(w);
	ck_assert_msg(w->lab.ended && w->lab.end == WEIR_TCP_END_CLOSED, "%s: still there", what);
	lab_close(&w->lab);
}

static void run_seed(uint64_t seed)
{
	uint64_t rng = seed * 0x9e3779b97f4a7c15ULL + 1;
	struct host_cfg hosts[2] = {world_random_host(&rng, 1), world_random_host(&rng, 2)};
	struct line_cfg lines[2] = {world_random_line(&rng), world_random_line(&rng)};
	struct lab_cfg cfg = {.family = world_random(&rng) % 2 ? 4 : 6,
			      .seed = seed,
			      .sack_legs = seed % 3 ? 0 : 1}; /* one has no blocks of SACK */
	char what[32];

	snprintf(what, sizeof(what), "seed %llu", (unsigned long long)seed);
	/* A window of a byte takes a round trip a byte. */
	for (unsigned int i = 0; i < 2; i++)
		if (hosts[i].window < 1000)
			hosts[!i].send /= 100;
	hosts[0].expect = hosts[1].send;
	hosts[1].expect = hosts[0].send;
	world_open(&world, &cfg, hosts, lines, seed);
	run_world(&world, what);
	close_world(&world, what);
}

START_TEST(every_byte_arrives_whatever_the_line_does)
{
	const char *from = getenv("WEIR_TCP_SEED"), *count = getenv("WEIR_TCP_SEEDS");
	uint64_t first = from ? strtoull(from, NULL, 10) : 1;
	uint64_t n = count ? strtoull(count, NULL, 10) : from ? 1 : 15;

	for (uint64_t seed = first; seed < first + n; seed++)
		run_seed(seed);
}
END_TEST

Suite *tcp_line_suite(void)
{
	return WEIR_SUITE("tcp line", every_byte_arrives_whatever_the_line_does);
}
