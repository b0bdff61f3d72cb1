/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The packet's path: stages in order, from a port's burst to the verdict's transmission, and the
 * workers that turn it. Start reading at path.c.
 */
#ifndef WEIR_PATH_H
#define WEIR_PATH_H

#include <weir_base.h>
#include <weir_conf.h>
#include <weir_event.h>
#include <weir_flow.h>
#include <weir_http.h>
#include <weir_http2.h>
#include <weir_policy.h>
#include <weir_port.h>
#include <weir_scan.h>
#include <weir_stats.h>
#include <weir_tcp.h>
#include <weir_tls_cert.h>
#include <weir_tls_context.h>
#include <weir_tls_error.h>
#include <weir_waf.h>

/*
 * A ThreatPolicy as connections use it: its compiled rules, and what of the policy they ask. It
 * lives as long as a connection has it, which may be longer than its generation's policy.
 */
struct weir_program {
	struct weir_waf *waf; /* NULL: mode off; programs of the same rules and options share it */
	uint32_t name;        /* of the ThreatPolicy, interned */
	uint8_t mode;         /* enum weir_waf_mode */
	bool json_refusals;
	enum weir_failure on_error;
	uint64_t turn_ns; /* of judging, after which further messages of a connection wait */
};

/* The programs of a generation, by index of threat policy. */
struct weir_programs;
uint16_t weir_programs_count(const struct weir_programs *p); /* NULL: 0 */
const struct weir_program *weir_programs_at(const struct weir_programs *p, uint16_t i);
/* No transaction of them may be under way. */
void weir_programs_destroy(struct weir_programs *p);

/* TLS of a generation's Services, by index of weir_policy_tls. */
struct weir_tls_services;
uint16_t weir_tls_services_count(const struct weir_tls_services *s);            /* NULL: 0 */
uint32_t weir_tls_services_name(const struct weir_tls_services *s, uint16_t i); /* interned */
/* The certificates of one, in the order of its Service; what is shown to servers is the last. NULL:
 * there are no more. */
const struct weir_tls_cert_info *weir_tls_services_cert(const struct weir_tls_services *s,
							uint16_t i, uint32_t k);
/* No connection may have them. */
void weir_tls_services_destroy(struct weir_tls_services *s);

/* One immutable configuration that workers read; published by one pointer, freed after RCU. */
struct weir_generation {
	uint32_t number;                /* from 1 */
	struct weir_policy *policy;     /* owned */
	struct weir_scan_db *scan;      /* stream rules, NULL: none; set after creation, owned */
	struct weir_programs *programs; /* of threat policies, NULL: none; the same */
	struct weir_tls_services *tls;  /* NULL: none; the same */
	struct weir_flow_timeouts timeouts;
	uint64_t loaded_unix_ns;
	char *source; /* what it was loaded from, for status */
};
/* Takes `policy`, also when it fails. NULL: no memory. */
struct weir_generation *weir_generation_create(uint32_t number, struct weir_policy *policy,
					       const char *source);
void weir_generation_destroy(struct weir_generation *g);

/* Where frames go; live: the port's queue; replay: a file. Takes all `n` frames. */
typedef void (*weir_path_tx_fn)(void *ctx, unsigned int port, struct rte_mbuf **m, unsigned int n);

/*
 * The stream rules that `rules` names, made ready for `n_workers` workers of a weir that runs with
 * the memory of `running`. *out becomes NULL when there are none. 0, or negative: `r` says what.
 */
WEIR_MUST_CHECK int weir_path_load_rules(const struct weir_conf *rules,
					 const struct weir_conf *running, unsigned int n_workers,
					 struct weir_names *names, struct weir_conf_report *r,
					 struct weir_scan_db **out);

/*
 * Compiles the rules of a policy's threat policies for `n_workers` workers of a weir that runs with
 * the memory of `running`; `conf` names the cache. *out becomes NULL when there are none. 0, or
 * negative: `r` says what, at its place in the rule files. May take seconds.
 */
WEIR_MUST_CHECK int weir_path_load_waf(const struct weir_policy *policy,
				       const struct weir_conf *conf,
				       const struct weir_conf *running, unsigned int n_workers,
				       const struct weir_names *names, struct weir_conf_report *r,
				       struct weir_programs **out);

struct weir_tls_loading {
	const struct weir_policy *policy;
	unsigned int n_workers;
	const struct weir_names *names;
	const struct weir_tls_tickets *tickets; /* outlive the path; NULL: no session is resumed */
	struct weir_conf_report *report;
};
/* Reads the certificates of a policy's Services and makes their contexts. *out becomes NULL when
 * there are none. 0, or negative: the report says what, at its place. */
WEIR_MUST_CHECK int weir_path_load_tls(const struct weir_tls_loading *cfg,
				       struct weir_tls_services **out);

struct weir_path_cfg {
	const struct weir_conf *conf;
	const struct weir_ports *ports; /* NULL: no ports, frames come by weir_path_feed (replay) */
	unsigned int n_workers;
	struct rte_mempool *const *pool;           /* by worker */
	struct weir_event_ring *const *event_ring; /* by worker */
	/* By worker, of transactions' records; NULL: none are told. They outlive the path: records
	 * of it may wait for the writer. */
	struct weir_event_store *const *event_store;
	uint32_t segments; /* of TCP that a worker may hold at a time; 0: 4096 */
	struct weir_names *names;
	struct weir_generation *generation; /* the first; owned by the path from here */
	uint64_t seed;                      /* of flow ids and hash keys; 0: from the system */
	uint64_t now_ns;                    /* replay: the capture's first time */
	weir_path_tx_fn tx;                 /* replay only */
	void *tx_ctx;
};

/* What an inspected connection holds beyond its flow, without payload and scanning. */
size_t weir_path_inspected_bytes(void);
/* What a worker holds of clients' names and identities, and of TCP's segments without payload,
 * however many flows there may be. */
size_t weir_path_worker_bytes(void);

struct weir_path;
struct weir_path *weir_path_create(const struct weir_path_cfg *cfg);
/* After stop. Ends all flows (their events are posted). */
void weir_path_destroy(struct weir_path *p);

/* Launches worker i on lcore i. 0 or negative. */
WEIR_MUST_CHECK int weir_path_start(struct weir_path *p);
void weir_path_stop(struct weir_path *p);

/* Replay: takes `m`, which came in by `port` at `now_ns` (never less than before). Worker 0 alone.
 */
void weir_path_feed(struct weir_path *p, unsigned int port, struct rte_mbuf *m, uint64_t now_ns);
/* The same of `n` frames that came together, at most WEIR_PATH_FEED_MAX. */
#define WEIR_PATH_FEED_MAX 32
void weir_path_feed_burst(struct weir_path *p, unsigned int port, struct rte_mbuf *const *m,
			  unsigned int n, uint64_t now_ns);

/* Replay: lets time pass without a frame. Worker 0 alone. */
void weir_path_advance(struct weir_path *p, uint64_t now_ns);

/* Asserts what must hold of connections that are carried, between two calls of the above. For
 * tests; not beside weir_path_start. */
void weir_path_check(const struct weir_path *p);

/*
 * Makes `next` (taken) what all workers use, waits until none uses the one before, frees that.
 * Control thread. Returns when it is done; a worker is never made to wait.
 */
void weir_path_publish(struct weir_path *p, struct weir_generation *next);
/* Control thread; stays good until the next publish. */
const struct weir_generation *weir_path_generation(const struct weir_path *p);

/* One turn of a worker's loop on the calling thread: receive, decide, send, age. For benchmarks and
 * tests; not beside weir_path_start. Returns how many frames it received. */
unsigned int weir_path_turn(struct weir_path *p, unsigned int worker);

/* Tells the workers the wall clock's distance from theirs; control calls it once a second. */
void weir_path_sync_clock(struct weir_path *p);

/* ---- what control reads ---- */

unsigned int weir_path_workers(const struct weir_path *p);
const struct weir_stats *weir_path_stats(const struct weir_path *p, unsigned int worker);
unsigned int weir_path_cpu(const struct weir_path *p, unsigned int worker);

/* Messages of HTTP that a worker found to be malformed so; a moment old. Any thread. */
uint64_t weir_path_bad_http(const struct weir_path *p, unsigned int worker, enum weir_http_error e);

/* The same of HTTP/2, what clients (leg 0) or servers (1) have done. */
uint64_t weir_path_bad_http2(const struct weir_path *p, unsigned int worker, unsigned int leg,
			     enum weir_http2_error e);

/* TLS that a worker found to be wrong so, with clients (leg 0) or servers (1). Any thread. */
uint64_t weir_path_bad_tls(const struct weir_path *p, unsigned int worker, unsigned int leg,
			   enum weir_tls_error e);

/* How full what a worker has is: its name in status and metrics, and what it is. */
#define WEIR_PATH_GAUGES(X)                                                      \
	X(flows, "flows in the table")                                           \
	X(flows_max, "room in the flow table")                                   \
	X(flows_denied, "denied flows that are remembered")                      \
	X(names, "names that clients of its flows have asked for")               \
	X(names_max, "room for those; reloads end flows whose names had none")   \
	X(identities, "identities that clients of its flows have shown")         \
	X(identities_max, "room for those; the same")                            \
	X(datagrams, "datagrams that wait for fragments")                        \
	X(mbufs_free, "packet buffers that are free")                            \
	X(mbufs_max, "packet buffers")                                           \
	X(waf_kib, "KiB that HTTP transactions under way take")                  \
	X(waf_kib_max, "KiB for HTTP transactions (memory.waf)")                 \
	X(http2_kib, "KiB that HTTP/2 has, some of it for the next connections") \
	X(http2_kib_max, "KiB for HTTP/2 (memory.http2)")                        \
	X(http2_open, "connections that speak HTTP/2 on either side")            \
	X(http2_streams, "streams of HTTP/2 under way")

struct weir_path_gauges {
#define WEIR_PATH_GAUGE(field, text) uint32_t field;
	WEIR_PATH_GAUGES(WEIR_PATH_GAUGE)
#undef WEIR_PATH_GAUGE
};
void weir_path_gauges(const struct weir_path *p, unsigned int worker, struct weir_path_gauges *out);

/*
 * Every pool of a worker: its name in metrics and `weirctl pools`; the key of the appliance file
 * that its size comes from, "": it is fixed, more workers have more; what it holds, and what
 * happens when it is full.
 */
#define WEIR_PATH_POOLS(X)                                                                         \
	X(FLOWS, "flows", "memory.connections", "flows; failure.memory of Defaults is for others") \
	X(INSPECTED, "inspected", "memory.inspected",                                              \
	  "flows that weir carries itself; failure.memory is for others")                          \
	X(MBUFS, "mbufs", "memory.packets", "packet buffers; packets are lost, and sent again")    \
	X(DATAGRAMS, "datagrams", "memory.fragments",                                              \
	  "datagrams that wait for fragments; the oldest goes")                                    \
	X(TCP_QUEUES, "tcp_queues", "",                                                            \
	  "directions of inspected flows with bytes on their way; others wait")                    \
	X(TCP_SPANS, "tcp_spans", "", "pieces of those bytes; a sixteenth is kept, others wait")   \
	X(TCP_BLOCKS, "tcp_blocks", "memory.inspected",                                            \
	  "directions that lost packets; others are sent again more than is needed")               \
	X(STREAM_RULES, "stream_rules", "memory.inspected",                                        \
	  "flows under stream rules; failure.memory is for others (scan_exhausted)")               \
	X(NAMES, "names", "",                                                                      \
	  "names that clients asked for, half of it for flows that rules allow by theirs; others " \
	  "are not in records and end at a reload (names_lost)")                                   \
	X(IDENTITIES, "identities", "",                                                            \
	  "identities that clients have shown; flows of others end at a reload (identities_lost)") \
	X(TLS_CONNECTIONS, "tls_connections", "memory.inspected",                                  \
	  "flows whose TLS is ended, or looked at; failure.memory is for others")                  \
	X(TLS_HANDSHAKES, "tls_handshakes", "",                                                    \
	  "handshakes under way with clients; the oldest fails (MEMORY)")                          \
	X(TLS_NAMES, "tls_names", "",                                                              \
	  "names of handshakes that found no place in `names`; others fail")                       \
	X(TLS_MBUFS, "tls_mbufs", "memory.packets",                                                \
	  "packet buffers with opened bytes, a quarter of all; others wait (tls_memory)")          \
	X(HTTP_CONNECTIONS, "http_connections", "memory.inspected",                                \
	  "flows that are read as HTTP; failure.memory is for others")                             \
	X(HTTP_EXCHANGES, "http_exchanges", "memory.inspected",                                    \
	  "requests of HTTP/1.1 under way; others' connections are reset")                         \
	X(HTTP_CALLS, "http_calls", "memory.inspected",                                            \
	  "answers of gRPC in HTTP/1.1 that are judged; the policy's failure is for others")       \
	X(HTTP_TEXTS, "http_texts", "memory.inspected",                                            \
	  "requests with long names, paths or agents; others' are cut (http_texts_cut)")           \
	X(WAF_BYTES, "waf_bytes", "memory.waf",                                                    \
	  "bytes of transactions; the oldest that are held go, the policy's failure is for "       \
	  "others")                                                                                \
	X(WAF_TURNS, "waf_turns", "", "bodies judged by turns; others wait")                       \
	X(WAF_COLLECTIONS, "waf_collections", "",                                                  \
	  "keys of collections (IP, GLOBAL, …), never fewer; the oldest is forgotten")             \
	X(HTTP2_BYTES, "http2_bytes", "memory.http2",                                              \
	  "bytes of HTTP/2; at seven eighths a connection is ended (EVICTED)")                     \
	X(RECORDS, "records", "log.ring", "records for the writer; others are lost (events_lost)") \
	X(TRANSACTIONS, "transactions", "log.transactions",                                        \
	  "records of transactions; others are lost (tx_records_lost)")                            \
	X(TRANSACTION_MATCHES, "transaction_matches", "log.transactions",                          \
	  "those with matches told in full; others tell the rules' ids (matches_more)")

enum weir_path_pool {
#define WEIR_PATH_POOL(id, name, key, text) WEIR_PATH_POOL_##id,
	WEIR_PATH_POOLS(WEIR_PATH_POOL)
#undef WEIR_PATH_POOL
		WEIR_PATH_POOL_END
};

/* By enum weir_path_pool; what a worker does not have is of size 0. Any thread. */
void weir_path_pools(const struct weir_path *p, unsigned int worker,
		     struct weir_use out[WEIR_PATH_POOL_END]);

/* A filter over flows; zero fields match all. */
struct weir_path_filter {
	struct weir_prefix any;      /* either side; family 0: all */
	struct weir_prefix src, dst; /* initiator, responder */
	uint16_t port;               /* either side; 0: all */
	uint8_t proto;               /* 0: all */
	bool denied_only;
	uint64_t flow_id; /* 0: all */
};

/* A flow as it was when its worker copied it. */
struct weir_path_flow {
	struct weir_flow flow; /* its lists and timer mean nothing here */
	uint64_t age_ns;
	uint64_t idle_ns;
	uint8_t worker;
	bool carried; /* by weir itself; then: */
	struct weir_tcp_leg_info leg[2];
	struct weir_event_identity identity; /* of the client whose TLS it ends */
	bool http;                           /* and read as HTTP; then: */
	bool http2;                          /* it is HTTP/2: `outstanding` are its streams */
	uint64_t requests, responses;
	uint16_t outstanding; /* requests that wait for their responses */
	uint64_t scanned[2];  /* bytes held against the stream rules, by leg they came from */
};

/*
 * Copies at most `max` flows that match into `out`; the workers do it themselves, a few places a
 * turn, so traffic does not notice. Control thread; waits at most `timeout_ms`.
 * Returns how many, or -WEIR_EAGAIN when a worker did not finish in time; *total (may be NULL) is
 * how many matched.
 */
WEIR_MUST_CHECK int weir_path_flows(struct weir_path *p, const struct weir_path_filter *filter,
				    struct weir_path_flow *out, unsigned int max,
				    unsigned int timeout_ms, uint64_t *total);

/* From now on, until `until_unix_ns`, packets of flows that match give TRACE events; NULL: none.
 * Control thread. */
void weir_path_trace(struct weir_path *p, const struct weir_path_filter *filter,
		     uint64_t until_unix_ns);

/* Tells the workers that a port cannot send (its link is down) or can again. */
void weir_path_set_link(struct weir_path *p, unsigned int port, bool up);

#endif
