/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of flow/ share. */
#ifndef FLOW_IMPL_H
#define FLOW_IMPL_H

#include <weir_flow.h>
#include <weir_mem.h>

/* A tuple without direction, as the hashes keep it: the lower end first. 16 bytes for IPv4 without
 * an inner VLAN, which is nearly all there is; 48 for everything else. Compared as bytes: no
 * padding. */
struct flow_key4 {
	uint32_t addr[2];
	uint16_t port[2];
	uint8_t proto;
	uint8_t wire;
	uint16_t vlan;
};
_Static_assert(sizeof(struct flow_key4) == 16, "compared as bytes");

struct flow_key6 {
	uint64_t addr[2][2];
	uint16_t port[2];
	uint8_t proto;
	uint8_t wire;
	uint16_t vlan;
	uint16_t vlan_inner;
	uint16_t zero[3];
};
_Static_assert(sizeof(struct flow_key6) == 48, "compared as bytes");

struct flow_key {
	union {
		struct flow_key4 v4;
		struct flow_key6 v6;
	};
	bool narrow;  /* v4 */
	bool swapped; /* the tuple's source is the upper end */
};

struct weir_flow_table {
	struct rte_hash *narrow;
	struct rte_hash *wide;
	struct weir_pool *pool;
	struct weir_timer_wheel wheel;
	struct weir_siphash_key key;
	struct weir_flow_timeouts timeouts;
	uint64_t id_state;
	uint32_t capacity;
	uint32_t denied;
	uint32_t denied_max;
	bool evict_half_open;
	struct weir_flow *oldest; /* half-open */
	struct weir_flow *newest;
	weir_flow_end_fn on_end;
	void *ctx;
	uint64_t *live; /* a bit a place that holds a flow */
};

/* flow_key.c */
void flow_key_of(struct flow_key *k, const struct weir_pkt_tuple *t, uint8_t wire);
uint64_t flow_key_hash(const struct weir_siphash_key *key, const struct flow_key *k);
/* The key of a flow that is in the table. */
void flow_key_of_flow(struct flow_key *k, const struct weir_flow *f);

/* flow_age.c */
uint64_t flow_timeout(const struct weir_flow_table *t, const struct weir_flow *f);
/* Arms the flow's timer for its state, when that is earlier than it is armed for. */
void flow_arm(struct weir_flow_table *t, struct weir_flow *f, uint64_t now_ns);
void flow_half_open_add(struct weir_flow_table *t, struct weir_flow *f);
void flow_half_open_remove(struct weir_flow_table *t, struct weir_flow *f);

/* flow_tcp.c */
void flow_tcp_begin(struct weir_flow *f, const struct weir_pkt *p);
enum weir_drop flow_tcp_track(struct weir_flow *f, const struct weir_pkt *p, uint8_t dir,
			      bool *reopen);

#endif
