/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of path/ share: the worker, a burst on its way, and the stages' entry points. */
#ifndef PATH_IMPL_H
#define PATH_IMPL_H

#include <weir_mem.h>
#include <weir_path.h>
#include <weir_pkt.h>
#include <weir_tcp.h>
#include <weir_tls_hello.h>

#include <stdatomic.h>

#include <rte_cycles.h>
#include <rte_mbuf.h>
#include <rte_mbuf_dyn.h>
#include <rte_rcu_qsbr.h>
#include <rte_ring.h>

#define PATH_BURST    WEIR_PATH_FEED_MAX
#define PATH_TX_BURST 64
#define PATH_NO_WIRE  UINT8_MAX
#define PATH_TAIL     48

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

/* ---- a flow that weir carries itself ---- */

struct path_hello;
struct path_http;
struct path_tls;
struct path_translator;

/* What of TLS that stays closed is still to be looked at; see path_look.c. */
enum path_look {
	PATH_LOOK_DONE,
	PATH_LOOK_FIRST, /* whether the client's first bytes are its hello */
	PATH_LOOK_HELLO, /* the client's hello, which is waited for */
	PATH_LOOK_ANSWER /* what the server answers to it */
};

struct path_carried {
	struct weir_flow *flow;
	struct weir_tcp_conn *conn;
	struct weir_scan_stream stream[2]; /* by leg that the bytes come from */
	uint64_t first[2];                 /* offset of the first byte that was looked at */
	uint64_t scanned[2];               /* offset up to which bytes were */
	bool started[2];
	uint8_t n_tail[2];
	uint8_t tail[2][PATH_TAIL]; /* the last bytes that were looked at, for the context */
	struct path_hello *hello; /* NULL: whom the client asks for is known, or does not matter */
	struct path_http *http;   /* NULL: is not read as HTTP */
	struct path_tls *tls;     /* NULL: weir does not end its TLS */
	struct path_translator *translator; /* NULL: both peers speak the same HTTP, or none */
	uint8_t look;                       /* enum path_look */
	uint32_t look_need;                 /* bytes, before it is of use to look again */
	bool unscanned;                     /* passed without: the failure mode is open */
	uint8_t stopped;      /* enum weir_verdict: not ALLOW when weir has ended it */
	uint16_t stop_reason; /* enum weir_drop, then */
};

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
	struct weir_pool *carried; /* struct path_carried */
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

/* path_scan.c: bytes of a carried flow against the stream rules */
enum path_scanned {
	PATH_SCAN_PASS,  /* all of them */
	PATH_SCAN_STOP,  /* nothing from here on: *reset tells how */
	PATH_SCAN_FAILED /* no stream state, or Hyperscan failed: the failure mode acts */
};
enum path_scanned path_scan(struct path_worker *w, struct path_carried *k, unsigned int leg,
			    uint32_t *clean, bool *reset);

/* path_carry.c: flows whose connections weir carries itself */
/* What completes a match does not go on: the connection ends, silently but for `reset`. */
void path_carry_stop(struct path_worker *w, struct path_carried *k, unsigned int leg, bool reset);
extern const struct weir_tcp_ops path_tcp_ops;
/* For a SYN, or for what weir_tcp_is_cookie; `look` where its TLS is told of. False: no room. */
bool path_carry_begin(struct path_worker *w, const struct path_burst *b, const struct weir_pkt *p,
		      struct weir_flow *f, bool look);
/* Takes p->mbuf; what it causes to be sent goes out at the turn's end. */
enum weir_drop path_carry(struct path_worker *w, const struct path_burst *b, struct weir_pkt *p,
			  struct weir_flow *f, uint8_t dir);
bool path_carry_may_reopen(const struct weir_flow *f, uint8_t dir, const struct weir_pkt *p);
bool path_carry_icmp(struct path_worker *w, const struct weir_pkt *p, struct weir_flow *f,
		     uint8_t dir, bool *good);
void path_carry_forget(struct path_worker *w, struct weir_flow *f);
/* True: `f` is forwarded from here on. */
bool path_carry_release(struct path_worker *w, struct weir_flow *f);
void path_carry_describe(const struct weir_flow *f, struct weir_path_flow *out);
void path_carry_turn(struct path_worker *w);

/* What can be read from the peer of `leg` by path_stream.h, or its end: what may goes on. */
void path_carry_bytes(struct path_worker *w, struct path_carried *k, unsigned int leg);
/* Whom its client asks for is known, and policy allows it as the flow's decision says: what was
 * held goes on. `hello` is NULL where it was no TLS. False: no room, the connection is ended. */
void path_carry_go_on(struct path_worker *w, struct path_carried *k,
		      const struct weir_policy_decision *d, const struct weir_tls_hello *hello);
bool path_carry_is_held(const struct weir_flow *f);
/* Who its client has shown to be. False: that is yet to be seen. */
bool path_carry_identity(const struct path_worker *w, const struct weir_flow *f,
			 struct weir_policy_identity *out);

/* path_hello.c: flows that are allowed by whom their clients ask for */
/* False: no room for another. */
bool path_hello_begin(struct path_worker *w, struct path_carried *k);
void path_hello_end(struct path_hello *x);
/* TCP has something of the peer of `leg`. */
void path_hello_input(struct path_hello *x, unsigned int leg);
void path_hello_turn(struct path_worker *w);
/* A fatal alert in the clear, to a client that has said nothing but its hello. False: no room. */
bool path_hello_alert(struct path_worker *w, struct path_carried *k, uint8_t alert);
/* The ClientHello at the front of what the client has sent, good until the next call: its bytes; 0:
 * it is not whole yet; or a negative enum weir_tls_error. *need: no use in asking again before so
 * many bytes are there. */
ssize_t path_hello_read(struct path_worker *w, struct path_carried *k,
			const struct weir_tls_hello **out, size_t *need);
WEIR_MUST_CHECK int path_hello_worker_create(struct path_worker *w);
void path_hello_worker_destroy(struct path_worker *w);

/* path_texts.c: texts that many flows have, each kept once */
#define PATH_TEXT_MAX 2048 /* bytes */
/* Room for `n` texts of at most `max` bytes. NULL: no memory. */
struct path_texts *path_texts_create(const struct weir_siphash_key *key, uint32_t n, size_t max);
void path_texts_destroy(struct path_texts *t);
size_t path_texts_bytes(uint32_t n, size_t max);
/* How many are there, a moment old for other threads; for how many there is room. */
uint32_t path_texts_count(const struct path_texts *t);
uint32_t path_texts_room(const struct path_texts *t);
/* 0: no room, or already `most` others. Held until it is put back. */
uint32_t path_text_get(struct path_texts *t, uint8_t kind, const char *text, uint32_t most);
/* 0: nothing happens. */
void path_text_put(struct path_texts *t, uint32_t id);
/* Of one that is held. */
const char *path_text_of(const struct path_texts *t, uint32_t id, uint8_t *kind);

/* The same of what the server has answered in the clear: 1 when that is known; 0: it is not whole
 * yet; or a negative enum weir_tls_error. */
int path_hello_read_answer(struct path_worker *w, struct path_carried *k,
			   const struct weir_tls_server_hello **out, size_t *need);

/* path_look.c */
/* Looks at what the peer of `leg` has said. False: that is held until there is more of it. */
bool path_look(struct path_worker *w, struct path_carried *k, unsigned int leg);

/* path_names.c: whom clients asked for, and who they are, kept as long as their flows: a reload
 * asks policy again */
WEIR_MUST_CHECK bool path_names_create(struct path_worker *w);
void path_names_destroy(struct path_worker *w);
/* Whom the client asks for by its ClientHello, whose text it borrows. */
struct weir_policy_name path_name_of_hello(const struct weir_tls_hello *hello);
/* 0: no room. Held until it is put back. */
uint32_t path_name_get(struct path_worker *w, const struct weir_policy_name *name);
/* The same of a flow that no rule asks for its name: it takes no room of the half that is left to
 * those of which one does, or strangers could have it all. */
uint32_t path_name_note(struct path_worker *w, const struct weir_policy_name *name);
void path_name_put(struct path_worker *w, uint32_t id);
/* Of a flow; one that was not seen for 0. */
struct weir_policy_name path_name_of(const struct path_worker *w, uint32_t id);
/* The same of clients. */
uint32_t path_identity_get(struct path_worker *w, const struct weir_policy_identity *identity);
void path_identity_put(struct path_worker *w, uint32_t id);
struct weir_policy_identity path_identity_of(const struct path_worker *w, uint32_t id);

/* path_tls.c: connections whose TLS weir ends. Those that path_stream.h calls mean what they mean
 * there. */
/* False: no room for another. */
bool path_tls_begin(struct path_worker *w, struct path_carried *k);
/* The same to whatever server, by the policy's interception `tls`. */
bool path_tls_begin_intercepted(struct path_worker *w, struct path_carried *k, uint16_t tls,
				const struct weir_tls_hello *hello);
void path_tls_end(struct path_tls *x);
/* TCP has something of the peer of `leg`. */
void path_tls_input(struct path_tls *x, unsigned int leg);
void path_tls_flush(struct path_tls *x);
void path_tls_turn(struct path_worker *w);
unsigned int path_tls_read(const struct path_tls *x, unsigned int leg, uint32_t skip,
			   struct weir_bytes *views, unsigned int max);
uint32_t path_tls_readable(const struct path_tls *x, unsigned int leg);
uint64_t path_tls_offset(const struct path_tls *x, unsigned int leg);
bool path_tls_is_ended(const struct path_tls *x, unsigned int leg);
void path_tls_want(struct path_tls *x, unsigned int leg, uint32_t bytes);
bool path_tls_is_full(const struct path_tls *x, unsigned int leg);
void path_tls_pass(struct path_tls *x, unsigned int leg, uint32_t n);
void path_tls_discard(struct path_tls *x, unsigned int leg, uint32_t n);
/* *done bytes were taken, all of them when 0 is returned. */
WEIR_MUST_CHECK int path_tls_write(struct path_tls *x, unsigned int leg, struct weir_bytes bytes,
				   size_t *done);
void path_tls_shut(struct path_tls *x, unsigned int leg);
void path_tls_abort_leg(struct path_tls *x, unsigned int leg);
/* Resets the peer of `leg`; the other one is heard and spoken to as before. */
void path_tls_leave(struct path_tls *x, unsigned int leg);
/* close_notify and FIN to the peer of `leg` alone. */
void path_tls_finish(struct path_tls *x, unsigned int leg);
bool path_tls_is_cut(const struct path_tls *x, unsigned int leg);
/* From now on the end of one side is not done to the other by itself. */
void path_tls_keep_ends(struct path_tls *x);
/* Whoever reads `leg` is called when TCP has told of room for more towards its peer. */
void path_tls_tell_room(struct path_tls *x, unsigned int leg);
/* Its handshake is done, or it has none. */
bool path_tls_is_up(const struct path_tls *x, unsigned int leg);
enum weir_event_alpn path_tls_alpn(const struct path_tls *x, unsigned int leg);
/* Its servers speak TLS, too. */
bool path_tls_has_server(const struct path_tls *x);
/* Its servers are asked for HTTP/2 whatever the client speaks. */
bool path_tls_may_translate(const struct path_tls *x);
/* It is a Service of HTTP whose clients may speak HTTP/2. */
bool path_tls_speaks_http2(const struct path_tls *x);
bool path_tls_is_open(const struct path_tls *x);
const char *path_tls_failure(const struct path_tls *x);
/* Because policy does not let this client. */
bool path_tls_is_refused(const struct path_tls *x);
void path_tls_describe(const struct path_tls *x, struct weir_event_tls tls[2],
		       char sni[WEIR_EVENT_SNI], struct weir_event_identity *identity);
/* path_tls_identity.c */
/* Who the client is. False: its handshake is not over. */
bool path_tls_identity(const struct path_tls *x, struct weir_policy_identity *out);
/* The same for records; "" where it is not known. */
void path_tls_identity_told(const struct path_tls *x, struct weir_event_identity *out);
WEIR_MUST_CHECK int path_tls_worker_create(struct path_worker *w, uint32_t connections);
void path_tls_worker_destroy(struct path_worker *w);
/* Memory that goes with an inspected connection. */
size_t path_tls_bytes_each(void);
/* path_tls_load.c */
void path_retire_tls(struct weir_path *p, struct weir_generation *g);
void path_free_retired_tls(struct weir_path *p);

/* path_http.c: connections to a Service of HTTP that a threat policy protects */
/* False: no room for another. */
bool path_http_begin(struct path_worker *w, struct path_carried *k);
void path_http_end(struct path_http *x);
/* Of the bytes that can be read from the peer of `leg`, the first `clean` are let pass by stream
 * rules: passes what may go. Also to be called for a FIN. */
void path_http_bytes(struct path_http *x, unsigned int leg, uint32_t clean);
/* Stream rules see its messages, which are not what is on the wire. */
bool path_http_scans(const struct path_http *x);
/* The connection is over for a reason that is none of HTTP: nothing more is done. */
void path_http_abandon(struct path_http *x);
/* False: what it says is no HTTP any more. */
bool path_http_is_active(const struct path_http *x);
void path_http_describe(const struct path_http *x, struct weir_path_flow *out);
void path_http_turn(struct path_worker *w);
/* Bodies of which so many are being judged at a time, by turns; others wait till one is done. */
#define PATH_HTTP_TURNS 16
/* Goes on with one that is judged by turns, in time that others leave. True: there was one. */
bool path_http_judge_turn(struct path_worker *w, bool is_busy);
WEIR_MUST_CHECK int path_http_worker_create(struct path_worker *w, uint32_t connections);
void path_http_worker_destroy(struct path_worker *w);
/* Memory that goes with an inspected connection. */
size_t path_http_bytes_each(void);

/*
 * path_translate.c: a client of HTTP/1.1 whose servers speak HTTP/2. Those that path_stream.h calls
 * mean what they mean there: what the servers answer can be read as HTTP/1.1.
 */
/* TCP or TLS has something of the servers. */
void path_translate_input(struct path_translator *t);
unsigned int path_translate_read(const struct path_translator *t, uint32_t skip,
				 struct weir_bytes *views, unsigned int max);
uint32_t path_translate_readable(const struct path_translator *t);
uint64_t path_translate_offset(const struct path_translator *t);
bool path_translate_is_ended(const struct path_translator *t);
void path_translate_want(struct path_translator *t, uint32_t bytes);
bool path_translate_is_full(const struct path_translator *t);
/* Of what the client has said, and of what the servers have. */
void path_translate_pass_request(struct path_translator *t, uint32_t n);
void path_translate_pass_response(struct path_translator *t, uint32_t n);
void path_translate_discard(struct path_translator *t, uint32_t n);
/* The servers are told that nothing more comes, and that nobody waits for what is under way. */
void path_translate_leave(struct path_translator *t);
const char *path_translate_failure(const struct path_translator *t);

/* path_http2_memory.c */
WEIR_MUST_CHECK int path_http2_worker_create(struct path_worker *w, uint64_t bytes);
void path_http2_worker_destroy(struct path_worker *w);
bool path_http2_is_possible(const struct path_worker *w);
/* Bytes of memory.http2 that are taken, in blocks of 64 KiB. */
void path_http2_memory(const struct path_worker *w, uint64_t *used, uint64_t *max);

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

/* path_event.c */
void path_event_decision(struct path_worker *w, const struct path_burst *b,
			 const struct weir_pkt *p, const struct weir_policy_decision *d,
			 uint64_t flow_id);
void path_event_flow(struct path_worker *w, const struct weir_flow *f, enum weir_flow_end why);
void path_event_alert(struct path_worker *w, const struct weir_flow *f, uint8_t dir,
		      const struct weir_scan_rule *rule, uint64_t offset, const char *context);
/* Whether control wants to see this flow's packets now. */
bool path_is_traced(const struct path_worker *w, const struct weir_flow *f);
/* `port` is an interned name. */
void path_event_trace(struct path_worker *w, uint32_t port, enum weir_event_step step,
		      const struct weir_pkt *p, const struct weir_flow *f, uint8_t dir,
		      enum weir_drop reason);
void path_event_stopped(struct path_worker *w, const struct weir_flow *f, uint8_t dir, uint32_t len,
			uint8_t verdict);
/* Takes `http`. */
void path_event_transaction(struct path_worker *w, const struct weir_flow *f,
			    struct weir_event_http *http);
/* A ClientHello of `f`, and what policy has said to it; NULL: what it said before stands. */
void path_event_hello(struct path_worker *w, const struct weir_flow *f,
		      const struct weir_policy_decision *d, const struct weir_tls_hello *hello);
/* What its server has answered in the clear. */
void path_event_server(struct path_worker *w, const struct weir_flow *f,
		       const struct weir_event_server *server);
/* Its client did not take the certificate that was made for the server. */
void path_event_pinned(struct path_worker *w, const struct weir_flow *f, const char *name);
/* It was refused by what came, or did not come, in place of a ClientHello, or by who its client is;
 * NULL: that is not known. */
void path_event_refused(struct path_worker *w, const struct weir_flow *f,
			const struct weir_policy_decision *d,
			const struct weir_policy_identity *identity);
void path_note_drop(struct path_worker *w, const struct path_burst *b, const struct weir_pkt *p,
		    enum weir_drop reason);
void path_tell_untold(struct path_worker *w);

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

/* path_event.c: the wire form of a filter's tuple and events */
struct weir_addr path_addr(const uint8_t *bytes, uint8_t family);

#endif
