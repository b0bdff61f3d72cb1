/* SPDX-License-Identifier: BSD-3-Clause */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>

#include <rte_mbuf.h>

/* ---- the line ---- */

uint32_t world_random(uint64_t *rng)
{
	*rng ^= *rng >> 12;
	*rng ^= *rng << 25;
	*rng ^= *rng >> 27;
	return (uint32_t)(*rng * 0x2545f4914f6cdd1dULL >> 32);
}

static bool happens(uint64_t *rng, double part)
{
	return world_random(rng) < part * 4294967295.0;
}

static void line_put_one(struct line *l, const struct segment *s, uint64_t now_ns)
{
	uint64_t due = now_ns + l->cfg.delay_us * WEIR_NS_PER_US;
	struct parcel *p;

	if (l->cfg.jitter_us)
		due += world_random(&l->rng) % l->cfg.jitter_us * WEIR_NS_PER_US;
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

/* With WEIR_TCP_TRACE set: every segment that leaves a host or weir. */
static void trace(const struct world *w, const char *who, unsigned int n, const struct segment *s)
{
	if (!getenv("WEIR_TCP_TRACE"))
		return;
	printf("%8.3f %s%u %s%s%s%s seq %u+%u ack %u win %u",
	       (double)(w->lab.now_ns % (1000 * WEIR_NS_PER_S)) / 1e9, who, n,
	       s->flags & WEIR_TCP_SYN ? "S" : "", s->flags & WEIR_TCP_FIN ? "F" : "",
	       s->flags & WEIR_TCP_RST ? "R" : "", s->flags & WEIR_TCP_ACK ? "A" : "", s->seq,
	       s->len, s->ack, s->window);
	if (s->timestamp)
		printf(" ts %u %u", s->ts_val, s->ts_ecr);
	for (unsigned int i = 0; i < s->n_sack; i++)
		printf(" [%u %u]", s->sack[i][0], s->sack[i][1]);
	printf("\n");
}

static void deliver_to_weir(struct world *w, unsigned int from)
{
	struct parcel p;

	while (line_take(&w->out[from], &p, w->lab.now_ns)) {
		struct rte_mbuf *m = segment_to_frame(&p.segment, from, w->lab.family, lab_pool());

		if (p.damaged)
			*rte_pktmbuf_mtod_offset(m, uint8_t *, m->data_len - 1u) ^= 0x5a;
		lab_send_frame(&w->lab, from, m);
	}
}

static void deliver_to_host(struct world *w, unsigned int to)
{
	struct segment s;
	struct parcel p;

	while (lab_next(&w->lab, to, &s)) {
		trace(w, "to host ", to, &s);
		line_put(&w->in[to], &s, w->lab.now_ns);
	}
	while (line_take(&w->in[to], &p, w->lab.now_ns))
		if (!p.damaged) /* its checksum would tell */
			host_input(&w->host[to], &p.segment, w->lab.now_ns);
	while (host_output(&w->host[to], &s, w->lab.now_ns)) {
		trace(w, "from host ", to, &s);
		line_put(&w->out[to], &s, w->lab.now_ns);
	}
}

void world_open(struct world *w, const struct lab_cfg *cfg, const struct host_cfg hosts[2],
		const struct line_cfg lines[2], uint64_t seed)
{
	lab_open(&w->lab, cfg);
	for (unsigned int i = 0; i < 2; i++) {
		host_init(&w->host[i], &hosts[i], i == 0);
		w->out[i] = (struct line){.cfg = lines[i], .rng = seed * 4 + i + 1};
		w->in[i] = (struct line){.cfg = lines[i], .rng = seed * 4 + i + 3};
	}
}

void world_step(struct world *w)
{
	lab_advance(&w->lab, WORLD_STEP_NS);
	for (unsigned int i = 0; i < 2; i++)
		deliver_to_weir(w, i);
	for (unsigned int i = 0; i < 2; i++)
		deliver_to_host(w, i);
}

/* ---- at random ---- */

uint32_t world_between(uint64_t *rng, uint32_t a, uint32_t b)
{
	return a + world_random(rng) % (b - a + 1);
}

struct host_cfg world_random_host(uint64_t *rng, uint8_t salt)
{
	static const uint32_t windows[] = {1, 100, 1460, 8192, 65535, 1u << 20};
	static const uint16_t sizes[] = {100, 536, 1220, 1448, 1460};
	uint32_t window = windows[world_random(rng) % WEIR_ARRAY_LEN(windows)];
	uint8_t scale = (uint8_t)world_between(rng, 0, 14);

	while (scale && window >> scale < 4)
		scale--;

	return (struct host_cfg){
		.iss = world_random(rng) % 4 ? world_random(rng)
					     : 0u - world_between(rng, 0, 50000),
		.send = world_between(rng, 0, 60000),
		.window = window,
		.burst = world_between(rng, 1, 40),
		.mss = sizes[world_random(rng) % WEIR_ARRAY_LEN(sizes)],
		.read_every = world_random(rng) % 4 ? 0 : (uint16_t)world_between(rng, 1, 300),
		.scale = world_random(rng) % 4 ? scale : 0xff,
		.sack = world_random(rng) % 4,
		.timestamps = world_random(rng) % 4,
		.salt = salt,
		.salt_expected = (uint8_t)(3 - salt),
	};
}

struct line_cfg world_random_line(uint64_t *rng)
{
	static const double losses[] = {0, 0.01, 0.05, 0.2};

	return (struct line_cfg){
		.loss = losses[world_random(rng) % WEIR_ARRAY_LEN(losses)],
		.duplicate = world_random(rng) % 3 ? 0 : 0.05,
		.corrupt = world_random(rng) % 3 ? 0 : 0.02,
		.late = world_random(rng) % 3 ? 0 : 0.1,
		.delay_us = world_between(rng, 0, 60000),
		.jitter_us = world_random(rng) % 3 ? 0 : world_between(rng, 1, 20000),
	};
}
