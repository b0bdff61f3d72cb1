/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of path/ share: the worker, a burst on its way, and the stages' entry points. */
#ifndef PATH_IMPL_H
#define PATH_IMPL_H

#include <weir_mem.h>
#include <weir_path.h>
#include <weir_pkt.h>
#include <weir_tcp.h>

#include <stdatomic.h>

#include <rte_cycles.h>
#include <rte_mbuf.h>
#include <rte_mbuf_dyn.h>
#include <rte_rcu_qsbr.h>
#include <rte_ring.h>

#define PATH_BURST    WEIR_PATH_FEED_MAX
#define PATH_TX_BURST 64
#define PATH_NO_WIRE  UINT8_MAX

/* Unused answering time is saved up to this much: a burst of a tenth of a second's answers. */
#define PATH_ANSWER_SAVED_NS (WEIR_NS_PER_S / 10)

/* ---- what a port is to the path; fixed after start ---- */

struct path_side {
	uint8_t wire; /* PATH_NO_WIRE: in no wire, its frames are not taken */
	uint8_t side;
	uint16_t peer;    /* the port that its frames leave by */
	uint16_t mtu;     /* of this port, bytes of L3 */
	uint8_t checksum; /* enum weir_pkt_checksum */
	bool rss;         /* this port and its peer spread flows alike */
	uint16_t queues;
	uint32_t name;
};

/* ---- what a frame carries from one worker to another (mbuf dynamic field) ---- */

struct path_mark {
	uint16_t port;      /* it came in by */
	uint16_t frag_size; /* non-zero: made from fragments */
	uint32_t frag_id;
};

/* ---- requests from control ---- */

struct path_request {
	struct weir_path_filter filter;
	struct weir_path_flow *out;
	unsigned int max;
	unsigned int n;
	uint64_t total;
	uint32_t place; /* the next one to look at */
	_Atomic bool cancelled;
};

struct path_trace {
	struct weir_path_filter filter;
	uint64_t until_unix_ns;
};

/* ---- what of a generation connections hold on to ---- */

/* How many connections of a worker do. It writes, control reads. */
struct path_users {
	_Atomic uint32_t n;
} __attribute__((aligned(WEIR_CACHE_LINE)));

static inline void path_users_add(struct path_users *u, uint32_t change)
{
	uint32_t n = atomic_load_explicit(&u->n, memory_order_relaxed);

	atomic_store_explicit(&u->n, n + change, memory_order_release);
}

/* Of all workers. Pairs with the release of path_users_add: what was read was read before it was
 * given back. */
static inline uint64_t path_users_count(const struct path_users u[WEIR_CONF_WORKERS_MAX])
{
	uint64_t n = 0;

	for (unsigned int i = 0; i < WEIR_CONF_WORKERS_MAX; i++)
		n += atomic_load_explicit(&u[i].n, memory_order_acquire);
	return n;
}

struct path_hello_worker;
struct path_http_worker;
struct path_texts;
struct path_http2_worker;
struct path_tls_worker;

/* ---- the worker ---- */

/* What outlives a connection of TLS, for the record of its flow. */
struct path_told {
	const struct weir_flow *of; /* NULL: none */
	struct weir_event_tls tls[2];
	char sni[WEIR_EVENT_SNI];
	struct weir_event_identity identity;
};

struct path_out {
	uint16_t n;
	struct rte_mbuf *m[PATH_TX_BURST];
};

/* How many drops of a reason, without a flow to tell of them, wait to be told in an event. */
struct path_untold {
	uint64_t count;
	uint64_t second; /* in which the last event was posted */
};

struct path_worker {
	/* fixed after start */
	struct weir_path *path;
	const struct weir_ports *ports; /* NULL: replay */
	const struct path_side *side;   /* by port */
	struct rte_mempool *pool;
	struct weir_flow_table *flows;
	struct weir_frag *frags;
	struct weir_tcp *tcp;
	struct weir_pool *scans; /* struct path_scan_leg, two each */
	struct weir_event_ring *ring;
	struct path_hello_worker *hello;
	struct path_http_worker *http;
	struct path_texts *names;        /* that clients of flows have asked for */
	struct path_texts *identities;   /* that they have shown */
	struct path_http2_worker *http2; /* NULL: memory.http2 is 0 */
	struct path_tls_worker *tls;
	struct weir_waf_worker *waf;    /* NULL: memory.waf is 0 */
	struct weir_event_store *store; /* of transactions' records; NULL: none are told */
	struct weir_siphash_key key;
	uint32_t half_open; /* inspected connections in the handshake that are a flood */
	uint64_t base_tsc, base_ns, ns_per_tsc_q32;
	uint16_t id;
	uint16_t n_workers;
	uint16_t n_ports;
	int mark_offset; /* of struct path_mark in an mbuf */
	bool live;       /* time is the TSC; false: weir_path_feed gives it */

	/* worker only */
	uint64_t now_ns;
	const struct weir_generation *gen;
	const struct path_trace *trace;
	uint64_t flows_begun; /* since start: has the table changed since a lookup? */
	uint64_t flows_ended;
	uint64_t answer_tokens_ns; /* unused answering time: answers_per_second is the rate */
	uint64_t answer_refill_ns;
	uint64_t tick_ns;  /* of the last housekeeping */
	uint64_t turn_tsc; /* since base_tsc, when the turn began */
	bool turn_busy;    /* it had something to do */
	struct path_out out[WEIR_CONF_PORTS_MAX];
	struct rte_mbuf *trash[PATH_TX_BURST]; /* to be freed in one go */
	uint16_t n_trash;
	struct path_untold untold[WEIR_DROP_END];
	struct path_told told_tls; /* of the flow that is about to be told of */

	/* control writes, worker reads: pointers are released, and acquired here */
	_Atomic(struct path_request *) request; /* the worker puts NULL when it is done */

	/* worker writes, control reads */
	struct weir_stats stats;
} __attribute__((aligned(WEIR_CACHE_LINE)));

/* Stream rules of generations that are gone; control only. */
struct path_retired {
	struct path_retired *next;
	struct weir_scan_db *db;
};

/* Cycles of the TSC in nanoseconds. */
static inline uint64_t path_ns_of(const struct path_worker *w, uint64_t cycles)
{
	return (uint64_t)(((unsigned __int128)cycles * w->ns_per_tsc_q32) >> 32);
}

struct weir_path {
	const struct weir_conf *conf;
	const struct weir_ports *ports;
	struct weir_names *names;
	unsigned int n_workers;
	struct path_worker *worker[WEIR_CONF_WORKERS_MAX];
	struct path_side side[WEIR_CONF_PORTS_MAX];
	/* [from][to]; NULL on the diagonal */
	struct rte_ring *handoff[WEIR_CONF_WORKERS_MAX][WEIR_CONF_WORKERS_MAX];
	/* Frames of workers without a queue on the port, by the worker that sends them for all. */
	struct rte_ring *send_for[WEIR_CONF_PORTS_MAX][WEIR_CONF_WORKERS_MAX];
	weir_path_tx_fn tx;
	void *tx_ctx;
	struct rte_rcu_qsbr *rcu;
	uint64_t ns_per_tsc_q32;
	bool running;
	struct path_retired *retired;
	struct weir_programs *retired_programs; /* the same of threat policies */
	struct weir_tls_services *retired_tls;  /* and of TLS */

	/* control writes, workers read: release, acquire in path_turn */
	_Atomic(struct weir_generation *) generation;
	_Atomic(struct path_trace *) trace;
	_Atomic bool stop;
	_Atomic bool link_down[WEIR_CONF_PORTS_MAX]; /* relaxed */
	_Atomic int64_t wall_offset_ns;              /* relaxed; unix time less now_ns */
};

/* ---- a burst on its way; all frames came in by one port ---- */

struct path_burst {
	unsigned int n;
	uint16_t port;
	bool handed; /* came from another worker, with a mark: it stays here */
	const struct path_side *in;
	struct rte_mbuf *m[PATH_BURST];
	struct weir_pkt pkt[PATH_BURST];
};

static inline struct path_mark *path_mark(const struct path_worker *w, struct rte_mbuf *m)
{
	return RTE_MBUF_DYNFIELD(m, w->mark_offset, struct path_mark *);
}

static inline uint64_t path_unix_ns(const struct path_worker *w)
{
	return w->now_ns +
	       (uint64_t)atomic_load_explicit(&w->path->wall_offset_ns, memory_order_relaxed);
}

/* path.c */
void path_run_burst(struct path_worker *w, struct path_burst *b);
unsigned int path_turn(struct path_worker *w);

/* path_flow.c: what is done with a packet of a flow, known or new. Each takes p->mbuf. */
void path_known_flow(struct path_worker *w, const struct path_burst *b, struct weir_pkt *p,
		     struct weir_flow *f, uint8_t dir);
void path_new_flow(struct path_worker *w, const struct path_burst *b, struct weir_pkt *p);
/* What policy has decided about it stands from now on. */
void path_flow_remember(const struct path_worker *w, struct weir_flow *f,
			const struct weir_policy_decision *d);
void path_on_flow_end(void *ctx, struct weir_flow *f, enum weir_flow_end why, uint64_t now_ns);

/* path_reload.c */
/* The flow as policy was asked for it. */
struct weir_policy_query path_flow_query(const struct weir_flow *f);
/* What a reload has made of a flow's decision. */
enum path_outcome { PATH_STANDS, PATH_NOW_REFUSED, PATH_NOW_ALLOWED };
/* The flow, to which `p` belongs, was decided under another generation: asks again, and brings the
 * decision up to date when the answer is the same; when it has turned, *d has the new one. */
WEIR_COLD enum path_outcome path_reload_ask(struct path_worker *w, struct weir_flow *f,
					    const struct weir_pkt *p, uint8_t dir,
					    struct weir_policy_decision *d);

/* path_special.c: what is not looked up by its own addresses. Each takes p->mbuf. */
void path_non_ip(struct path_worker *w, const struct path_burst *b, struct weir_pkt *p);
void path_unreadable(struct path_worker *w, const struct path_burst *b, struct weir_pkt *p);
void path_icmp_error(struct path_worker *w, const struct path_burst *b, struct weir_pkt *p);
bool path_is_neighbour(const struct weir_pkt *p);
void path_neighbour(struct path_worker *w, const struct path_burst *b, struct weir_pkt *p);
/* True when `p` has become a whole datagram that goes on; else its frame is held, gone, or with
 * another worker. */
bool path_fragment(struct path_worker *w, const struct path_burst *b, struct weir_pkt *p);

/* path_send.c */
void path_forward(struct path_worker *w, const struct path_burst *b, struct weir_pkt *p);
void path_send(struct path_worker *w, uint16_t port, struct rte_mbuf *m);
void path_flush(struct path_worker *w);
void path_send_for_others(struct path_worker *w);
void path_free(struct path_worker *w, struct rte_mbuf *m);
void path_empty_trash(struct path_worker *w);

/* path_answer.c: drops, and what is said about them. Each takes p->mbuf. */
void path_drop(struct path_worker *w, const struct path_burst *b, struct weir_pkt *p,
	       enum weir_drop reason);
/* Of a flow whose record tells it: counted, without an event of its own. */
void path_drop_told(struct path_worker *w, struct weir_pkt *p, enum weir_drop reason);
/* RST or ICMP to the sender, as far as the rate allows; the frame stays. */
void path_answer(struct path_worker *w, const struct path_burst *b, const struct weir_pkt *p);
void path_answer_too_big(struct path_worker *w, const struct path_burst *b,
			 const struct weir_pkt *p, uint16_t mtu);

/* path_steer.c: which worker owns a flow, and the rings between workers */
bool path_steer(struct path_worker *w, const struct path_burst *b, struct weir_pkt *p,
		const struct weir_pkt_tuple *tuple);
bool path_steer_fragment(struct path_worker *w, const struct path_burst *b, struct weir_pkt *p);
void path_take_handed(struct path_worker *w);
int path_rings_create(struct weir_path *path);
void path_rings_destroy(struct weir_path *path);

/* path_control.c: what control asks of a worker */
bool path_filter_matches(const struct weir_path_filter *filter, const struct weir_flow *f);
void path_serve_request(struct path_worker *w);

void path_retire_rules(struct weir_path *p, struct weir_generation *g);
void path_free_retired(struct weir_path *p);

/*
 * path_waf.c: programs of threat policies. A connection that has one keeps its generation's
 * programs alive; control sees by a count that the last is given back.
 */
/* NULL: the policy is off, or there is no memory for transactions. Worker only. */
const struct weir_program *path_program_get(struct path_worker *w,
					    const struct weir_generation *gen, uint16_t threat);
/* Once more. */
const struct weir_program *path_program_hold(struct path_worker *w,
					     const struct weir_program *program);
/* Once for each get and hold, by the same worker. */
void path_program_put(struct path_worker *w, const struct weir_program *program);
void path_retire_programs(struct weir_path *p, struct weir_generation *g);
void path_free_retired_programs(struct weir_path *p);

/* path_worker.c */
struct path_worker *path_worker_create(const struct weir_path_cfg *cfg, struct weir_path *path,
				       unsigned int id, const struct weir_siphash_key *key);
void path_worker_destroy(struct path_worker *w);
void path_worker_adopt(struct path_worker *w, const struct weir_generation *gen);
int path_worker_loop(void *worker);

#endif
