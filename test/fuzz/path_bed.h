/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two connections through a path: records of {what, number, number, number} send the streams of
 * clients and servers in any segments, with losses, repetitions, ends, resets, closed windows and
 * time; buffers may run out.
 */
#ifndef PATH_BED_H
#define PATH_BED_H

#include "path_talk.h"

#include <weir_path.h>

#define BED_RECORD 4
#define BED_TALKS  2

/* What has nothing to do with what is said. */
enum bed_what {
	BED_RAW = 0, /* bytes of the input itself, which stand behind the record */
	BED_SEND = 2,
	BED_SEND_ALL = 3,
	BED_FIN = 4,
	BED_RESET = 5,
	BED_HEAR = 6,
	BED_TIME = 7,
	BED_SEND_AGAIN = 10,
	BED_STARVE = 11,
	BED_REOPEN = 14,
};

struct bed_record {
	unsigned int what, side;
	struct talk *talk;
	const uint8_t *n; /* three numbers */
};

struct bed_cfg {
	const char *conf; /* the appliance file */
	struct weir_generation *(*generation)(void);
};

struct bed {
	struct weir_path *path; /* NULL: it is not made yet */
	struct weir_conf *conf;
	struct weir_names *names;
	struct talk talks[BED_TALKS];
};
extern struct bed bed;

/* Names and configuration are there when the generation is asked for. */
void bed_start(const struct bed_cfg *cfg);
/* `text` as policy, with bed.names. */
struct weir_policy *bed_policy(const char *text, struct weir_conf_report *r);
uint64_t bed_count(enum weir_counter c);
/* Before the first connection. */
void bed_begin(void);
void bed_reopen(struct talk *t);
/* One of enum bed_what but BED_RAW; anything else acknowledges. */
void bed_act(const struct bed_record *r);

/* What records are to a target. */
struct bed_target {
	/* BED_RAW: takes as many of the `left` bytes as the record says; returns how many. */
	size_t (*raw)(const struct bed_record *r, const uint8_t *in, size_t left);
	void (*act)(const struct bed_record *r); /* all others */
	/* What must have come of a conversation, before it is forgotten. */
	void (*look)(const struct talk *t);
};

/*
 * Plays the records of an input: {what, with 0x10 the server's side, with 0x20 the second
 * connection; three numbers}. What must hold of the path holds after each. Then all ends: what was
 * taken is given back, and each request was told of.
 */
void bed_play(const struct bed_target *of, const uint8_t *data, size_t size);

#endif
