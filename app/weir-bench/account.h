/* SPDX-License-Identifier: BSD-3-Clause */
/* What arrived of a numbered stream: in order, late, twice, or not at all. */
#ifndef BENCH_ACCOUNT_H
#define BENCH_ACCOUNT_H

#include <weir_base.h>

/* How far back, in packets of its stream, a late one can still be told from one seen twice. */
#define BENCH_WINDOW 64

/* One direction of one stream; begins as zeros. Bit i of `seen` stands for number next - 1 - i. */
struct bench_stream {
	uint64_t seen;
	uint32_t next; /* one more than the highest number that arrived */
};

struct bench_account {
	uint64_t received;
	uint64_t duplicates;
	uint64_t reordered; /* arrived after a later one of its stream */
	uint64_t too_late;  /* of these: older than the window, so perhaps a duplicate */
};

/* Counts the arrival of number `seq`. Numbers wrap; they stay within 2^31 of each other. */
void bench_account_arrival(struct bench_account *a, struct bench_stream *s, uint32_t seq);

/* How many of `sent` never arrived. */
uint64_t bench_account_lost(const struct bench_account *a, uint64_t sent);

#endif
