/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The flow table of one worker: keyed hash, bulk lookup, direction, state, ageing. It knows nothing
 * of policy; what policy decided is remembered in the flow by path/. Worker only, time an argument.
 */
#ifndef WEIR_FLOW_H
#define WEIR_FLOW_H

#include <weir_base.h>
#include <weir_pkt.h>
#include <weir_stats.h>
#include <weir_timer.h>

/* Names are what `weirctl flows` and events show. */
#define WEIR_FLOW_STATES(X)                                                       \
	X(NEW, "new")             /* one side was heard */                        \
	X(REPLIED, "established") /* both sides were heard (UDP, ICMP, others) */ \
	X(SYN_SENT, "syn_sent")                                                   \
	X(SYN_RECEIVED, "syn_received")                                           \
	X(ESTABLISHED, "established")                                             \
	X(FIN_WAIT, "fin_wait")     /* the first FIN was seen */                  \
	X(CLOSE_WAIT, "close_wait") /* it was acknowledged */                     \
	X(LAST_ACK, "last_ack")     /* the second FIN was seen */                 \
	X(TIME_WAIT, "time_wait")   /* both were acknowledged */                  \
	X(CLOSED, "closed")         /* reset */                                   \
	X(DENIED, "denied")         /* policy said no: remembered to answer at once */

enum weir_flow_state {
#define WEIR_FLOW_STATE_ENUM(id, name) WEIR_FLOW_##id,
	WEIR_FLOW_STATES(WEIR_FLOW_STATE_ENUM)
#undef WEIR_FLOW_STATE_ENUM
		WEIR_FLOW_STATE_END
};
const char *weir_flow_state_name(enum weir_flow_state s);

/* Why a flow ended. */
enum weir_flow_end {
	WEIR_FLOW_END_CLOSED,  /* its peers closed or reset it */
	WEIR_FLOW_END_EXPIRED, /* nothing was heard for its state's time */
	WEIR_FLOW_END_EVICTED, /* half-open, and room was needed */
	WEIR_FLOW_END_POLICY,  /* a reload took its permission away, or it was killed */
	WEIR_FLOW_END_REUSED,  /* a new connection with the same addresses and ports began */
	WEIR_FLOW_END_STOP     /* weir stops */
};
const char *weir_flow_end_name(enum weir_flow_end e);

/* One direction's view of a TCP connection, after G. van Rooij, "Real Stateful TCP Packet Filtering
 * in IP Filter" (2001): sequence numbers that the other side may use follow from what this one
 * sent. */
struct weir_flow_tcp {
	uint32_t start;   /* after its last SYN, when WEIR_FLOW_F_SYN or RENEW */
	uint32_t end;     /* highest seq + len it sent */
	uint32_t max_end; /* highest seq it may send: the peer's ack + window */
	uint32_t max_win; /* largest window it offered, scaled; 0: nothing was heard of it */
	uint32_t ack;     /* highest it acknowledged */
	uint32_t fin_seq; /* sequence number after its FIN, when fin */
	uint8_t scale;    /* its window scale, 0..14 (RFC 7323 section 2.3) */
	bool scale_sent;  /* its SYN had the option */
	bool acked;       /* `ack` is set */
	bool fin;
};

/* weir_flow.decision; path/ writes it, flow/ only keeps it. */
struct weir_flow_decision {
	uint32_t generation; /* of configuration, when it was made */
	uint32_t policy;     /* interned name */
	uint32_t rule;       /* interned name */
	uint16_t reason;     /* enum weir_drop, or 0 for allowed */
	uint8_t verdict;     /* enum weir_verdict of policy/ */
	uint8_t flags;       /* WEIR_DECISION_* of policy/ */
};

#define WEIR_FLOW_CARRIED 64 /* bytes that whoever carries a flow has in it */

/*
 * Invariants: it is in the table exactly while `table` holds it; `timer` is armed then. Direction 0
 * is from the initiator to the responder. A flow that is carried is not tracked: whose it is has
 * the place of `tcp`, and leaves zeros there.
 */
struct weir_flow {
	/* first line: every packet */
	uint64_t last_ns;
	uint64_t packets[2];
	uint64_t bytes[2]; /* of L3 */
	struct weir_flow_decision decision;
	uint8_t state; /* enum weir_flow_state */
	uint8_t proto;
	uint8_t family; /* 4 or 6 */
	uint8_t flags;  /* WEIR_FLOW_F_* */
	uint8_t wire;
	uint8_t side;         /* of the wire that the initiator is on: 0 or 1 */
	uint8_t tcp_flags[2]; /* all that were seen, or-ed */
	/* second line: every TCP segment */
	union {
		struct weir_flow_tcp tcp[2];
		uint64_t carried[WEIR_FLOW_CARRIED / 8]; /* WEIR_FLOW_F_CARRIED: path/ knows */
	};
	/* seldom */
	uint64_t id; /* random, never 0; what events call flow_id */
	uint64_t start_ns;
	struct weir_addr addr[2]; /* of the initiator, of the responder */
	uint16_t port[2];
	uint16_t vlan;
	uint16_t vlan_inner;
	uint32_t place; /* in its table */
	uint32_t name;  /* of whom the client asked for, path/ knows; 0: none */
	struct weir_timer timer;
	struct weir_flow *older; /* list of half-open flows, or of those in TIME_WAIT */
	struct weir_flow *newer;
} __attribute__((aligned(WEIR_CACHE_LINE)));

#define WEIR_FLOW_F_SWAPPED    0x01 /* the initiator is the upper one of the key's ordered pair */
#define WEIR_FLOW_F_MIDSTREAM  0x02 /* its beginning was not seen */
#define WEIR_FLOW_F_HALF_OPEN  0x04 /* on the eviction list */
#define WEIR_FLOW_F_SYN(dir)   ((uint8_t)(0x08 << (dir))) /* a SYN came in this direction */
#define WEIR_FLOW_F_RENEW(dir) ((uint8_t)(0x20 << (dir))) /* and another when it was open */
#define WEIR_FLOW_F_CARRIED    0x80 /* its segments end here: weir_flow_note, not weir_flow_track */

/* Nanoseconds without a packet after which a flow ends, by state. */
struct weir_flow_timeouts {
	uint64_t syn_sent_ns;
	uint64_t syn_received_ns;
	uint64_t established_ns;
	uint64_t closing_ns; /* FIN_WAIT, CLOSE_WAIT, LAST_ACK */
	uint64_t time_wait_ns;
	uint64_t closed_ns;
	uint64_t udp_new_ns;
	uint64_t udp_replied_ns;
	uint64_t icmp_ns;
	uint64_t other_ns;
	uint64_t denied_ns;
};
/* 30 s, 30 s, 2 h, 120 s, 60 s, 10 s, 30 s, 120 s, 30 s, 600 s, 10 s; see config/weir.yaml. */
extern const struct weir_flow_timeouts weir_flow_timeouts_default;

typedef void (*weir_flow_end_fn)(void *ctx, struct weir_flow *f, enum weir_flow_end why,
				 uint64_t now_ns);

struct weir_flow_cfg {
	const char *name; /* of its pools, unique in the process */
	uint32_t flows;
	uint32_t denied;             /* at most so many of them DENIED; 0: an eighth */
	struct weir_siphash_key key; /* the same in all workers: it also tells the owner */
	uint64_t id_seed;            /* of flow ids */
	bool evict_half_open;        /* a full table ends its oldest half-open flow for a new one */
	weir_flow_end_fn on_end;     /* called before the flow is taken out */
	void *ctx;
};

struct weir_flow_table;
struct weir_flow_table *weir_flow_table_create(const struct weir_flow_cfg *cfg, uint64_t now_ns);
void weir_flow_table_destroy(struct weir_flow_table *t);
/* Flows that are there follow within the next calls of weir_flow_age. */
void weir_flow_set_timeouts(struct weir_flow_table *t, const struct weir_flow_timeouts *timeouts);
void weir_flow_set_eviction(struct weir_flow_table *t, bool evict_half_open);

/* Direction-free hash of a tuple under `key`: who owns the flow is hash * workers >> 32 of its
 * upper half. Both directions give the same. */
uint64_t weir_flow_hash(const struct weir_siphash_key *key, const struct weir_pkt_tuple *tuple,
			uint8_t wire);

/*
 * Looks up `n` (at most 64) tuples: flow[i] becomes the flow or NULL, dir[i] 0 when the tuple goes
 * from its initiator to its responder, else 1 (undefined without a flow). Hashes and prefetches all
 * before the first is compared, and has the flows' first two lines on their way when it returns.
 */
void weir_flow_lookup_burst(struct weir_flow_table *t, const struct weir_pkt_tuple *const *tuple,
			    const uint8_t *wire, unsigned int n, struct weir_flow **flow,
			    uint8_t *dir);
struct weir_flow *weir_flow_lookup(struct weir_flow_table *t, const struct weir_pkt_tuple *tuple,
				   uint8_t wire, uint8_t *dir);

/*
 * Adds the flow that `p` begins, its sender the initiator, state by protocol (a TCP segment without
 * SYN: ESTABLISHED with MIDSTREAM). The packet itself is not yet counted: call weir_flow_track.
 * `denied` puts it in DENIED instead. A full table ends its oldest flow in TIME_WAIT for it, or, if
 * it may, its oldest half-open one. NULL: full (or the denied share is used), nothing changed.
 */
struct weir_flow *weir_flow_add(struct weir_flow_table *t, const struct weir_pkt *p, uint8_t wire,
				uint8_t side, bool denied, uint64_t now_ns);

/*
 * Moves the flow's state by packet `p` in direction `dir`, counts it, and re-arms its age. Returns
 * WEIR_DROP_NONE, or the reason for which it must not pass: TCP_* after RFC 9293 section 3.10.7 as
 * a third party can tell, and RFC 5961 section 3.2 (a reset outside the window is dropped). What
 * must not pass changes and counts nothing; but a SYN-ACK that shows that both peers have forgotten
 * the connection closes it, so that the SYN's repetition finds it closed.
 * *reopen is set when `p` is a SYN that may begin a new connection in place of this closed one:
 * then the caller removes the flow (REUSED) and adds anew.
 */
enum weir_drop weir_flow_track(struct weir_flow_table *t, struct weir_flow *f,
			       const struct weir_pkt *p, uint8_t dir, uint64_t now_ns,
			       bool *reopen);

/* The same for a flow that is carried: counts `p`, and sets the state that its connection has. */
void weir_flow_note(struct weir_flow_table *t, struct weir_flow *f, const struct weir_pkt *p,
		    uint8_t dir, enum weir_flow_state state, uint64_t now_ns);

/* A flow that is there is refused from now on: DENIED, beyond the share for such flows if need be.
 */
void weir_flow_deny(struct weir_flow_table *t, struct weir_flow *f, uint64_t now_ns);

/* A flow that was carried and was reset stays for a while: only a SYN, which begins another, and
 * resets pass it. What else still comes would be taken for a connection that began before weir. */
void weir_flow_close(struct weir_flow_table *t, struct weir_flow *f, uint64_t now_ns);

/* A flow that was carried is tracked again from here on: `from` has what is known of each side. */
void weir_flow_resume(struct weir_flow *f, const struct weir_flow_tcp from[2]);

/* Whether the TCP sequence number that an ICMP error quotes is in flight (RFC 5927 section 4.1);
 * `dir` is the direction of the quoted packet. True for other protocols. */
bool weir_flow_quote_in_window(const struct weir_flow *f, uint32_t quote_seq, uint8_t dir);

void weir_flow_remove(struct weir_flow_table *t, struct weir_flow *f, enum weir_flow_end why,
		      uint64_t now_ns);
/* Ends flows that are too old, about `budget` at most. Returns how many it looked at. */
unsigned int weir_flow_age(struct weir_flow_table *t, uint64_t now_ns, unsigned int budget);
/* Ends them all (STOP). */
void weir_flow_clear(struct weir_flow_table *t, uint64_t now_ns);

uint32_t weir_flow_count(const struct weir_flow_table *t);
uint32_t weir_flow_denied_count(const struct weir_flow_table *t);
struct weir_use weir_flow_use(const struct weir_flow_table *t);
uint32_t weir_flow_capacity(const struct weir_flow_table *t);
/* Places 0..capacity-1; NULL where no flow is. For dumps, a few places at a time. */
const struct weir_flow *weir_flow_at(const struct weir_flow_table *t, uint32_t place);

#endif
