/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One direction of a bad line: packets go in, and come out later, twice, damaged, in another order
 * or not at all. Plain C without I/O; time is an argument, and with the same seed and the same
 * calls everything happens again. Each mechanism draws from a sequence of its own, so that turning
 * one on does not change which packets another one meets.
 */
#ifndef BENCH_LINE_H
#define BENCH_LINE_H

#include <weir_base.h>

/* Probabilities are parts of a thousand million. */
#define LINE_ALWAYS 1000000000u

/* What the line does to the packets that it carries; the caller owns how they look. */
struct line_ops {
	/* A second packet like this one; NULL: there is no memory. */
	void *(*copy)(void *ctx, void *packet);
	/* Turns over bit `bit` (0 is the lowest bit of the first byte). */
	void (*flip)(void *ctx, void *packet, uint32_t bit);
	/* The line gives up `packet`. */
	void (*drop)(void *ctx, void *packet);
	void *ctx;
};

struct line_cfg {
	uint32_t loss; /* of each packet by itself, outside bursts */
	/* Bursts of loss (Gilbert 1960, Elliott 1963): one begins, ends, loses in it. */
	uint32_t burst_begin, burst_end, burst_loss;
	uint32_t duplicate;
	uint32_t corrupt;      /* one to three bits in a row turned over */
	uint32_t corrupt_from; /* byte; those before it stay whole */
	uint32_t reorder;      /* held back while later packets pass it */
	uint32_t reorder_by;   /* until so many have; 0: for reorder_ns */
	uint64_t reorder_ns;   /* and no longer than this */
	uint64_t delay_ns;
	uint64_t jitter_ns;   /* delay_ns more or less so much, even chances, never below 0 */
	bool jitter_reorders; /* else a packet waits for the one before it */
	uint64_t rate_bps;    /* bits a second of the packets' own bytes; 0: without limit */
	uint64_t queue_bytes; /* that may wait for the rate, the newest is dropped; 0: no limit */
	uint32_t capacity;    /* packets in the line at a time */
};

#define LINE_COUNTERS(X)                                                              \
	X(RECEIVED, received) /* packets put in */                                    \
	X(RECEIVED_BYTES, received_bytes)                                             \
	X(SENT, sent) /* packets taken out, duplicates too */                         \
	X(SENT_BYTES, sent_bytes)                                                     \
	X(LOST, lost)                   /* by chance */                               \
	X(BURST_LOST, burst_lost)       /* in bursts */                               \
	X(BURSTS, bursts)               /* that began */                              \
	X(QUEUE_DROPPED, queue_dropped) /* the rate's queue was full */               \
	X(OVERFLOWED, overflowed)       /* the line was full of `capacity` packets */ \
	X(DUPLICATED, duplicated)                                                     \
	X(NOT_COPIED, not_copied) /* there was no memory for a duplicate */           \
	X(CORRUPTED, corrupted)                                                       \
	X(HELD_BACK, held_back) /* to be reordered */                                 \
	X(REORDERED, reordered) /* packets that came out after a later one */

enum line_counter {
#define LINE_COUNTER_ENUM(id, name) LINE_##id,
	LINE_COUNTERS(LINE_COUNTER_ENUM)
#undef LINE_COUNTER_ENUM
		LINE_COUNTER_END
};
/* As in the report. */
const char *line_counter_name(enum line_counter c);

struct line;

/* NULL: no memory. Takes what it needs for `capacity` packets here, and nothing later. */
struct line *line_create(const struct line_cfg *cfg, const struct line_ops *ops, uint64_t seed);
/* Drops what it still carries. */
void line_destroy(struct line *l);

/* Takes `packet` of `len_bytes`. Returns how many packets the line carries for it: 0, it was
 * dropped; 1; or 2, with a duplicate. `now_ns` never goes back. */
unsigned int line_put(struct line *l, uint64_t now_ns, void *packet, uint32_t len_bytes);
/* When the next packet comes out; UINT64_MAX: the line is empty. */
uint64_t line_next_due(const struct line *l);
/* The next packet that is due by now, the caller's from here on; NULL: none is. */
void *line_take(struct line *l, uint64_t now_ns);

uint32_t line_held(const struct line *l); /* packets in it now */
uint64_t line_count(const struct line *l, enum line_counter c);

#endif
