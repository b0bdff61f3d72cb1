/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two connections through a path: records of {what, number, number, number} add to the streams of
 * clients and servers and send them in any segments, with losses, repetitions, ends, resets, closed
 * windows, time and reloads; buffers may run out. A stream rule looks at the bytes, too.
 */
#ifndef PATH_BED_H
#define PATH_BED_H

#include "path_talk.h"

#include <weir_path.h>

#define BED_RECORD 4
#define BED_TALKS  2

struct bed_record {
	unsigned int what, side;
	struct talk *talk;
	const uint8_t *n; /* three numbers */
};

struct bed {
	struct weir_path *path; /* NULL: it is not made yet */
	struct talk *talks;
};
extern struct bed bed;

/* `policy` has FOLDER for the folder in which waf.conf, with `rules`, is. The second connection
 * goes to the port `second` of the server, the first one to 80. "streamattack" is reset. */
void bed_start(const char *policy, const char *rules, uint16_t second);
/* Another one of that policy. */
struct weir_generation *bed_generation(void);
uint64_t bed_count(enum weir_counter c);
/* Both connections, anew. */
void bed_begin(void);
void bed_reopen(struct talk *t);
/* What has nothing to do with what is said: `what` is 2 to 11, 15; anything else acknowledges. */
void bed_act(const struct bed_record *r);
/* Adds of the `left` bytes of input as many as the record says; returns how many. */
size_t bed_write_raw(const struct bed_record *r, const uint8_t *in, size_t left);
/* What must hold after each record. */
void bed_check(void);
/* All ends, all that was taken is given back, and each request was told of. */
void bed_end(void);

#endif
