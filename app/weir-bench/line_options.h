/* SPDX-License-Identifier: BSD-3-Clause */
/* The command line of `weir-bench line`. */
#ifndef BENCH_LINE_OPTIONS_H
#define BENCH_LINE_OPTIONS_H

#include "line.h"
#include "options.h"

/* Directions: index of what is set for each. */
enum line_way { LINE_THERE, LINE_BACK }; /* from a to b, from b to a */

struct line_options {
	struct line_cfg cfg[2]; /* by enum line_way */
	const char *device[2];  /* a, b */
	unsigned int driver;    /* index of line_driver_words */
	uint64_t seed;
	uint64_t run_ns;
	uint64_t wait_ns;
	bool poll;
};

extern const char *const line_driver_words[];
#define LINE_OPTIONS 23
extern const struct bench_option line_option_table[LINE_OPTIONS];

void line_options_default(struct line_options *o);
/* What is wrong with the options as a whole, or NULL. */
const char *line_options_check(const struct line_options *o);

#endif
