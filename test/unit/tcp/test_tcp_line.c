/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two hosts and weir between them, over two bad lines with a simulated clock: whatever is lost,
 * late, twice, damaged or out of order, each host reads what the other one wrote, both connections
 * end, and nothing stays behind. Each seed is another line, another pair of hosts.
 */
#include "host.h"
#include "lab.h"
#include "weir_test.h"

#include <stdio.h>

#include <rte_mbuf.h>

#define STEP_NS  (WEIR_NS_PER_MS / 2)
#define LIMIT_NS (1800 * WEIR_NS_PER_S)
#define ON_WAY   2048

/* ---- the line ---- */

struct line_cfg {
	double loss, duplicate, corrupt, late; /* parts of one */
	uint32_t delay_us, jitter_us;
};

struct parcel {
	uint64_t due_ns;
	uint64_t order;
	struct segment segment;
	bool damaged;
};

struct line {
	struct line_cfg cfg;
	uint64_t rng, order;
	uint64_t last_due_ns;
	unsigned int n;
	struct parcel way[ON_WAY];
};

static uint32_t next_random(uint64_t *rng)
{
	*rng ^= *rng >> 12;
	*rng ^= *rng << 25;
	*rng ^= *rng >> 27;
	return (uint32_t)(*rng * 0x2545f4914f6cdd1dULL >> 32);
}

static bool happens(uint64_t *rng, double part)
{
	return next_random(rng) < part * 4294967295.0;
}

static void line_put_one(struct line *l, const struct segment *s, uint64_t now_ns)
{
	uint64_t due = now_ns + l->cfg.delay_us * WEIR_NS_PER_US;
	struct parcel *p;

	if (l->cfg.jitter_us)
		due += next_random(&l->rng) % l->cfg.jitter_us * WEIR_NS_PER_US;
	if (happens(&l->rng, l->cfg.late))
		due += (2 * l->cfg.delay_us + 3000) * WEIR_NS_PER_US;
	else if (due < l->last_due_ns)
		due = l->last_due_ns;
	else
		l->last_due_ns = due;
	if (l->n == ON_WAY)
		return; /* a full queue loses, too */
	p = &l->way[l->n++];
	p->due_ns = due;
	p->order = l->order++;
	p->segment = *s;
	p->damaged = happens(&l->rng, l->cfg.corrupt);
}

static void line_put(struct line *l, const struct segment *s, uint64_t now_ns)
{
	if (happens(&l->rng, l->cfg.loss))
		return;
	line_put_one(l, s, now_ns);
	if (happens(&l->rng, l->cfg.duplicate))
		line_put_one(l, s, now_ns);
}

static bool line_take(struct line *l, struct parcel *out, uint64_t now_ns)
{
	unsigned int best = ON_WAY;

	for (unsigned int i = 0; i < l->n; i++)
		if (l->way[i].due_ns <= now_ns &&
		    (best == ON_WAY || l->way[i].due_ns < l->way[best].due_ns ||
		     (l->way[i].due_ns == l->way[best].due_ns &&
		      l->way[i].order < l->way[best].order)))
			best = i;
	if (best == ON_WAY)
		return false;
	*out = l->way[best];
	l->way[best] = l->way[--l->n];
	return true;
}

/* ---- the world ---- */

static struct lab lab;
static struct host host[2];
static struct line out_line[2], in_line[2]; /* from a host to weir, from weir to a host */

/* With WEIR_TCP_TRACE set: every segment that leaves a host or weir. */
static void trace(const char *who, unsigned int n, const struct segment *s)
{
	if (!getenv("WEIR_TCP_TRACE"))
		return;
	printf("%8.3f %s%u %s%s%s%s seq %u+%u ack %u win %u",
	       (double)(lab.now_ns % (1000 * WEIR_NS_PER_S)) / 1e9, who, n,
	       s->flags & WEIR_TCP_SYN ? "S" : "", s->flags & WEIR_TCP_FIN ? "F" : "",
	       s->flags & WEIR_TCP_RST ? "R" : "", s->flags & WEIR_TCP_ACK ? "A" : "", s->seq,
	       s->len, s->ack, s->window);
	if (s->timestamp)
		printf(" ts %u %u", s->ts_val, s->ts_ecr);
	for (unsigned int i = 0; i < s->n_sack; i++)
		printf(" [%u %u]", s->sack[i][0], s->sack[i][1]);
	printf("\n");
}

static void deliver_to_weir(unsigned int from)
{
	struct parcel p;

	while (line_take(&out_line[from], &p, lab.now_ns)) {
		struct rte_mbuf *m = segment_to_frame(&p.segment, from, lab.family, lab_pool());

		if (p.damaged)
			*rte_pktmbuf_mtod_offset(m, uint8_t *, m->data_len - 1u) ^= 0x5a;
		lab_send_frame(&lab, from, m);
	}
}

static void deliver_to_host(unsigned int to)
{
	struct segment s;
	struct parcel p;

	while (lab_next(&lab, to, &s)) {
		trace("to host ", to, &s);
		line_put(&in_line[to], &s, lab.now_ns);
	}
	while (line_take(&in_line[to], &p, lab.now_ns))
		if (!p.damaged) /* its checksum would tell */
			host_input(&host[to], &p.segment, lab.now_ns);
	while (host_output(&host[to], &s, lab.now_ns)) {
		trace("from host ", to, &s);
		line_put(&out_line[to], &s, lab.now_ns);
	}
}

static bool world_is_done(void)
{
	return host_is_done(&host[0]) && host_is_done(&host[1]);
}

static void run_world(const char *what)
{
	uint64_t end_ns = lab.now_ns + LIMIT_NS;

	while (!world_is_done()) {
		ck_assert_msg(lab.now_ns < end_ns,
			      "%s: not done: read %u of %u and %u of %u; open %d %d", what,
			      host[0].in, host[0].cfg.expect, host[1].in, host[1].cfg.expect,
			      host[0].open, host[1].open);
		ck_assert_msg(!host[0].failed && !host[1].failed, "%s: reset", what);
		lab_advance(&lab, STEP_NS);
		for (unsigned int i = 0; i < 2; i++)
			deliver_to_weir(i);
		for (unsigned int i = 0; i < 2; i++)
			deliver_to_host(i);
	}
}

static void open_world(const struct lab_cfg *cfg, const struct host_cfg hosts[2],
		       const struct line_cfg lines[2], uint64_t seed)
{
	lab_open(&lab, cfg);
	for (unsigned int i = 0; i < 2; i++) {
		host_init(&host[i], &hosts[i], i == 0);
		out_line[i] = (struct line){.cfg = lines[i], .rng = seed * 4 + i + 1};
		in_line[i] = (struct line){.cfg = lines[i], .rng = seed * 4 + i + 3};
	}
}

static void close_world(const char *what)
{
	for (unsigned int i = 0; i < 200000 && lab.conn; i++) {
		struct segment s;

		lab_advance(&lab, WEIR_NS_PER_MS);
		for (unsigned int to = 0; to < 2; to++) {
			deliver_to_weir(to);
			deliver_to_host(to);
			while (lab_next(&lab, to, &s))
				;
		}
	}
	ck_assert_msg(lab.ended && lab.end == WEIR_TCP_END_CLOSED, "%s: still there", what);
	lab_close(&lab);
}

/* ---- seeds ---- */

static uint32_t between(uint64_t *rng, uint32_t a, uint32_t b)
{
	return a + next_random(rng) % (b - a + 1);
}

static struct host_cfg random_host(uint64_t *rng, uint8_t salt)
{
	static const uint32_t windows[] = {1, 100, 1460, 8192, 65535, 1u << 20};
	static const uint16_t sizes[] = {100, 536, 1220, 1448, 1460};
	uint32_t window = windows[next_random(rng) % WEIR_ARRAY_LEN(windows)];
	uint8_t scale = (uint8_t)between(rng, 0, 14);

	while (scale && window >> scale < 4)
		scale--;

	return (struct host_cfg){
		.iss = next_random(rng) % 4 ? next_random(rng) : 0u - between(rng, 0, 50000),
		.send = between(rng, 0, 60000),
		.window = window,
		.burst = between(rng, 1, 40),
		.mss = sizes[next_random(rng) % WEIR_ARRAY_LEN(sizes)],
		.read_every = next_random(rng) % 4 ? 0 : (uint16_t)between(rng, 1, 300),
		.scale = next_random(rng) % 4 ? scale : 0xff,
		.sack = next_random(rng) % 4,
		.timestamps = next_random(rng) % 4,
		.salt = salt,
		.salt_expected = (uint8_t)(3 - salt),
	};
}

static struct line_cfg random_line(uint64_t *rng)
{
	static const double losses[] = {0, 0.01, 0.05, 0.2};

	return (struct line_cfg){
		.loss = losses[next_random(rng) % WEIR_ARRAY_LEN(losses)],
		.duplicate = next_random(rng) % 3 ? 0 : 0.05,
		.corrupt = next_random(rng) % 3 ? 0 : 0.02,
		.late = next_random(rng) % 3 ? 0 : 0.1,
		.delay_us = between(rng, 0, 60000),
		.jitter_us = next_random(rng) % 3 ? 0 : between(rng, 1, 20000),
	};
}

static void run_seed(uint64_t seed)
{
	uint64_t rng = seed * 0x9e3779b97f4a7c15ULL + 1;
	struct host_cfg hosts[2] = {random_host(&rng, 1), random_host(&rng, 2)};
	struct line_cfg lines[2] = {random_line(&rng), random_line(&rng)};
	struct lab_cfg cfg = {.family = next_random(&rng) % 2 ? 4 : 6, .seed = seed};
	char what[32];

	snprintf(what, sizeof(what), "seed %llu", (unsigned long long)seed);
	/* A window of a byte takes a round trip a byte. */
	for (unsigned int i = 0; i < 2; i++)
		if (hosts[i].window < 1000)
			hosts[!i].send /= 100;
	hosts[0].expect = hosts[1].send;
	hosts[1].expect = hosts[0].send;
	open_world(&cfg, hosts, lines, seed);
	run_world(what);
	close_world(what);
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
