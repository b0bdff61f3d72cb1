/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of flow/ share. */
#ifndef FLOW_IMPL_H
#define FLOW_IMPL_H

#include <weir_flow.h>
#include <weir_mem.h>

#define FLOW_BURST_MAX 64

/* ---- flow_key.c ---- */

/* 16 bytes for IPv4 without an inner VLAN, which is nearly all there is; 48 for everything else. */
#define FLOW_KEY_NARROW 2
#define FLOW_KEY_WIDE   6

struct flow_key {
	uint64_t word[FLOW_KEY_WIDE];
	uint8_t words; /* FLOW_KEY_NARROW or FLOW_KEY_WIDE */
	bool swapped;  /* the tuple's source is the upper end */
};

void flow_key_of(struct flow_key *k, const struct weir_pkt_tuple *t, uint8_t wire);
/* The key of a flow that is in the table; `swapped` as for its initiator's packets. */
void flow_key_of_flow(struct flow_key *k, const struct weir_flow *f);

/* ---- flow_siphash.c ---- */

/* Keys of a burst side by side: word w of key i is word[w][i]. */
struct flow_columns {
	uint64_t word[FLOW_KEY_WIDE][FLOW_BURST_MAX];
};

/* Hashes the first `n` keys of `words` words into `hash`, which has room for FLOW_BURST_MAX; what
 * stands behind the n-th is undefined, and is read rounded up to four keys. */
typedef void (*flow_siphash_fn)(const struct weir_siphash_key *key, const struct flow_columns *in,
				unsigned int words, unsigned int n, uint64_t *hash);
void flow_siphash_scalar(const struct weir_siphash_key *key, const struct flow_columns *in,
			 unsigned int words, unsigned int n, uint64_t *hash);
void flow_siphash_avx2(const struct weir_siphash_key *key, const struct flow_columns *in,
		       unsigned int words, unsigned int n, uint64_t *hash);
/* The fastest that this CPU can do. */
flow_siphash_fn flow_siphash_best(void);

/* ---- the table ---- */

/* Flows that may have to make room, in the order they came; a flow is in one at most. */
struct flow_list {
	struct weir_flow *oldest;
	struct weir_flow *newest;
};

struct weir_flow_table {
	struct rte_hash *narrow;
	struct rte_hash *wide;
	flow_siphash_fn siphash;
	struct weir_siphash_key key;
	struct weir_pool *pool;
	struct weir_timer_wheel wheel;
	struct weir_flow_timeouts timeouts;
	uint64_t id_state;
	uint32_t capacity;
	uint32_t rearm; /* the next place to arm by new timeouts; capacity: all are */
	uint32_t denied;
	uint32_t denied_max;
	bool evict_half_open;
	struct flow_list half_open;
	struct flow_list waiting; /* in TIME_WAIT */
	weir_flow_end_fn on_end;
	void *ctx;
};

/* ---- flow_age.c ---- */

uint64_t flow_timeout(const struct weir_flow_table *t, const struct weir_flow *f);
/* Arms the flow's timer for its state, last heard at `heard_ns`, when that is earlier than it is
 * armed for. */
void flow_arm(struct weir_flow_table *t, struct weir_flow *f, uint64_t heard_ns);
/* Puts the flow on the list that its state belongs to, or takes it off. */
void flow_list_begin(struct weir_flow_table *t, struct weir_flow *f);
void flow_list_change(struct weir_flow_table *t, struct weir_flow *f, uint8_t before);
void flow_list_end(struct weir_flow_table *t, struct weir_flow *f);

/* ---- flow_tcp.c ---- */

void flow_tcp_begin(struct weir_flow *f, const struct weir_pkt *p);
enum weir_drop flow_tcp_track(struct weir_flow *f, const struct weir_pkt *p, uint8_t dir,
			      bool *reopen);

#endif
