/* SPDX-License-Identifier: BSD-3-Clause */
/* Two hosts and weir between them, over two bad lines with a simulated clock. */
#ifndef WORLD_H
#define WORLD_H

#include "host.h"
#include "lab.h"

#define WORLD_STEP_NS  (WEIR_NS_PER_MS / 2)
#define WORLD_LIMIT_NS (1800 * WEIR_NS_PER_S)
#define ON_WAY         2048

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

struct world {
	struct lab lab;
	struct host host[2];
	struct line out[2], in[2]; /* from a host to weir, from weir to a host */
};

void world_open(struct world *w, const struct lab_cfg *cfg, const struct host_cfg hosts[2],
		const struct line_cfg lines[2], uint64_t seed);
/* Time passes, and what is due arrives. */
void world_step(struct world *w);
/* Hosts and lines of any kind. */
uint32_t world_random(uint64_t *rng);
uint32_t world_between(uint64_t *rng, uint32_t a, uint32_t b);
struct host_cfg world_random_host(uint64_t *rng, uint8_t salt);
struct line_cfg world_random_line(uint64_t *rng);

#endif
