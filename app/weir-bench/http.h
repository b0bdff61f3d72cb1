/* SPDX-License-Identifier: BSD-3-Clause */
/* The parts of `weir-bench http`. */
#ifndef BENCH_HTTP_H
#define BENCH_HTTP_H

#include "../waf/tool_waf.h"
#include "options.h"

#include <weir_path.h>

struct rte_mbuf;
struct rte_mempool;

/* What weir does with a connection, by the port that the server listens on. */
enum http_way { HTTP_RULES, HTTP_READ, HTTP_CARRIED, HTTP_FORWARDED, HTTP_WAYS };
extern const char *const http_way_name[HTTP_WAYS + 1];
#define HTTP_PORT 8080 /* and those after it */

/* What a request costs, in cycles; all of them add up to the total. */
#define HTTP_STAGES(X)                                       \
	X(PARSE, "parsing frames, finding the flow")         \
	X(TCP, "TCP input and policy")                       \
	X(SEND, "TCP output, sending, housekeeping")         \
	X(HTTP, "HTTP without its heads")                    \
	X(HEADS, "HTTP heads")                               \
	X(REQUEST_HEAD, "rules: request head, phase 1")      \
	X(REQUEST_BODY, "rules: request body taken in")      \
	X(REQUEST_END, "rules: request, phase 2")            \
	X(RESPONSE_HEAD, "rules: response head, phase 3")    \
	X(RESPONSE_BODY, "rules: response body taken in")    \
	X(RESPONSE_END, "rules: response, phase 4")          \
	X(LOG, "rules: phase 5")                             \
	X(TRANSACTION, "rules: transaction begun and freed") \
	X(RECORD, "the transaction's record")

enum http_stage {
#define X(id, text) HTTP_STAGE_##id,
	HTTP_STAGES(X)
#undef X
		HTTP_STAGE_END
};

struct http_options {
	const char *requests, *cache;
	const char *policy; /* NULL: one with a port for each way */
	struct bench_texts rules;
	uint64_t paranoia, rounds, connections, response;
	unsigned int only; /* enum http_way; HTTP_WAYS: all */
	bool json;
};

struct http_sample {
	uint64_t total;
	uint64_t stage[HTTP_STAGE_END];
};

/* ---- http_bed.c: a path in memory ---- */

struct http_bed {
	const struct http_options *opt;
	struct weir_conf *conf;
	struct weir_names *names;
	struct rte_mempool *pool;
	struct weir_event_ring *ring;
	struct weir_event_store *store;
	struct weir_tls_tickets *tickets;
	struct weir_path *path;
	uint64_t now_ns;
	uint64_t cycles; /* spent in weir */
	struct rte_mbuf *sent[256];
	uint8_t sent_port[256];
	unsigned int n_sent;
	uint64_t records; /* of transactions that were told */
};

/* Starts EAL and compiles the rules. 0, or negative: said on stderr. http_bed_fini in both cases.
 */
WEIR_MUST_CHECK int http_bed_init(struct http_bed *b, const struct http_options *o);
void http_bed_fini(struct http_bed *b);
/* Gives a frame to weir, in a turn of its own, which is counted in `cycles`; what it sends is in
 * `sent` afterwards, the caller's to free. */
void http_bed_give(struct http_bed *b, unsigned int port, struct rte_mbuf *m);
/* `n` frames that came together. */
void http_bed_give_burst(struct http_bed *b, unsigned int port, struct rte_mbuf *const *m,
			 unsigned int n);
/* Lets time pass. */
void http_bed_wait(struct http_bed *b, uint64_t ns);

/* ---- http_peers.c: clients and a server ---- */

struct http_peers;
/* NULL: no memory. */
struct http_peers *http_peers_create(struct http_bed *b, enum http_way way,
				     unsigned int connections);
/* Closes its connections. */
void http_peers_destroy(struct http_peers *p);
/* A request on the next connection, which is made, untimed, when there is none, and its response;
 * or on one that is made for it and closed, all of which is counted. False: something went wrong,
 * said. */
WEIR_MUST_CHECK bool http_peers_ask(struct http_peers *p, struct weir_bytes request, bool alone);

/* ---- http_report.c ---- */

struct http_figures {
	const struct http_options *opt;
	const struct tool_request *request;
	uint32_t n;
	double cycle_s;
	/* [request * rounds + round]; NULL: not measured */
	struct http_sample *kept[HTTP_WAYS], *closed[HTTP_WAYS];
	uint64_t refused, transactions; /* with rules, kept, in all rounds */
};

void http_report(const struct http_figures *f);

#endif
