/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A transaction through the rules. Control compiles a rule tree (seclang/) into an immutable
 * program; a worker runs a transaction through it, phase by phase, as the parts of request and
 * response arrive. Knows HTTP's parts (http/), not its wire: bytes come as heads and body content.
 * On a worker nothing here allocates from the system, locks or waits.
 */
#ifndef WEIR_WAF_H
#define WEIR_WAF_H

#include <weir_base.h>
#include <weir_conf.h>
#include <weir_http.h>
#include <weir_seclang.h>

/* ---- programs; control thread ---- */

enum weir_waf_mode {
	WEIR_WAF_AS_RULES, /* SecRuleEngine says */
	WEIR_WAF_OFF,
	WEIR_WAF_DETECT, /* matches are told, nothing is refused */
	WEIR_WAF_ENFORCE
};

/* A rule's own mode: DETECT tells its matches but neither refuses nor adds to a score; OFF takes it
 * out. ENFORCE is what it is without. */
struct weir_waf_override {
	uint32_t first, last; /* ids, both included */
	enum weir_waf_mode mode;
};

/* What becomes of a transaction when a limit is reached. */
enum weir_waf_over {
	WEIR_WAF_OVER_AS_RULES, /* SecRequestBodyLimitAction, SecResponseBodyLimitAction say */
	WEIR_WAF_OVER_REJECT,   /* refused: 413, of responses 502 */
	WEIR_WAF_OVER_PARTIAL   /* judged by what is within; the rest passes and is marked so */
};

#define WEIR_WAF_TX_BYTES   (4ULL << 20)
#define WEIR_WAF_BODY_TIMES 16 /* a value, and what transformations make of it */

/* Zero: as the rules say. */
struct weir_waf_options {
	enum weir_waf_mode mode;
	uint8_t paranoia;           /* 1 to 4: of blocking, and of detection unless it is given */
	uint8_t detection_paranoia; /* 1 to 4 */
	uint32_t inbound_threshold, outbound_threshold;
	uint64_t request_body_limit; /* bytes that are kept for judging */
	uint64_t response_body_limit;
	enum weir_waf_over request_over, response_over;
	bool response_off; /* no phase 3 and 4 */
	/*
	 * The time that one call for a transaction may take: what could not be judged in it is
	 * refused as WEIR_WAF_BUDGET. Where the worker has turns, phases 2 and 4 may take one call
	 * more for each 8 KiB of the body that is kept. Time that the machine gives to others is
	 * not counted, up to ten times the budget. Zero: no bound.
	 */
	uint64_t budget_ns;
	/* Memory of one transaction, besides WEIR_WAF_BODY_TIMES of what is kept of its bodies;
	 * what needs more is refused as WEIR_WAF_MEMORY. Zero: WEIR_WAF_TX_BYTES. */
	uint64_t tx_bytes;
	const struct weir_waf_override *overrides;
	uint32_t n_overrides;
	const char *cache;      /* folder of compiled databases; NULL: none */
	unsigned int n_workers; /* scratch is made for so many; at least 1 */
	bool no_prefilter;      /* every rule asks every value: for tests */
};

struct weir_waf;
/* Compiles. Takes `rules` (finished), also when it fails. NULL: reported. May take a second. */
struct weir_waf *weir_waf_create(struct weir_seclang *rules, const struct weir_waf_options *o,
				 struct weir_conf_report *r);
/* No transaction may be under way. */
void weir_waf_destroy(struct weir_waf *w);

struct weir_waf_info {
	uint32_t rules; /* chains count once */
	uint32_t prefiltered;
	uint64_t bytes; /* of program, databases and scratch */
	uint64_t hash;
	uint32_t load_ms;
	bool cached;
};
void weir_waf_info(const struct weir_waf *w, struct weir_waf_info *out);

/* A rule's name and numbers. Any thread; numbers of running workers are a moment old. */
struct weir_waf_rule_stat {
	uint32_t id;
	uint8_t phase;
	struct weir_bytes msg; /* as written; lives as long as the program */
	uint64_t evaluated;    /* transactions in which it was asked about a value */
	uint64_t hits;
	uint64_t ns; /* about: sampled */
};
/* At most `max` of all rules that have an id, in file order; returns how many. */
uint32_t weir_waf_rule_stats(const struct weir_waf *w, struct weir_waf_rule_stat *out,
			     uint32_t max);

/* ---- a worker's part: memory and what is kept between transactions ---- */

struct weir_waf_worker_cfg {
	uint64_t bytes; /* for transactions under way; a request without a body takes 64 KiB */
	uint32_t collection_keys; /* of ip, global, session… at a time; the oldest goes; default
				     4096 */
	/* Transactions that may be judged in several calls at a time, with a stack each; others
	 * wait for their turn. Zero: none is, each phase is judged in one call. */
	unsigned int turns;
	uint64_t seed;
};
struct weir_waf_worker;
/* NULL: no memory. All of it is taken here. */
struct weir_waf_worker *weir_waf_worker_create(const struct weir_waf_worker_cfg *cfg);
void weir_waf_worker_destroy(struct weir_waf_worker *w);
/* Bytes in use and at most. */
void weir_waf_worker_memory(const struct weir_waf_worker *w, uint64_t *used, uint64_t *max);
/* How full what it was made with is. Any thread. */
struct weir_waf_uses {
	struct weir_use bytes, collections, turns;
};
struct weir_waf_uses weir_waf_worker_uses(const struct weir_waf_worker *w);

/* ---- transactions; worker ---- */

struct weir_waf_peer {
	struct weir_addr client, server;
	uint16_t client_port, server_port;
};

enum weir_waf_verdict {
	WEIR_WAF_PASS,
	WEIR_WAF_DENY,     /* answer with `status` */
	WEIR_WAF_REDIRECT, /* answer with `status` and `location` */
	WEIR_WAF_DROP,     /* close without an answer */
	WEIR_WAF_LIMIT,    /* a body is over its limit: `status` */
	WEIR_WAF_BUDGET,   /* judging took too long: `status` */
	WEIR_WAF_MEMORY,   /* no memory to judge: `status` 503; the failure mode of the path decides
			    */
	WEIR_WAF_MORE /* no verdict: the phase is not done, call its request_end or response_end
		       * again when others have been served */
};
const char *weir_waf_verdict_name(enum weir_waf_verdict v);

struct weir_waf_tx;

/* Of rules with --explain: what became of each that could have acted. */
struct weir_waf_explained {
	uint32_t rule; /* id; of a link its starter's */
	uint8_t link;  /* 0: the starter */
	uint8_t phase;
	const char *outcome;      /* "matched", "no match", "no candidate", "removed", "skipped" */
	struct weir_bytes target; /* "ARGS:id"; empty where none was asked */
	struct weir_bytes value;  /* transformed, as the operator saw it */
};

struct weir_waf_begin {
	struct weir_waf_peer peer;
	uint64_t unix_ns;
	uint64_t id; /* unique; UNIQUE_ID and the refusal show it in hexadecimal */
	void (*explain)(void *ctx, const struct weir_waf_explained *e); /* NULL: no */
	void *explain_ctx;
};

/* `index` is the worker's number, below options.n_workers. NULL: no memory (WEIR_WAF_MEMORY). */
struct weir_waf_tx *weir_waf_tx_begin(struct weir_waf *w, struct weir_waf_worker *worker,
				      unsigned int index, const struct weir_waf_begin *b);

/* What is to be done with a body. */
enum weir_waf_body {
	WEIR_WAF_BODY_PASS, /* not looked at: let it go as it comes */
	WEIR_WAF_BODY_HOLD, /* keep it back, and give it piece by piece */
	/* Of a response of gRPC, which SecResponseBodyMimeType does not name: keep back and give
	 * each of its messages, as all of a body, where they can be told apart; else as PASS. */
	WEIR_WAF_BODY_MESSAGES,
};

/*
 * Each runs its phase and returns the verdict so far; once it is not PASS nothing more is judged
 * but phase 5. The head is copied. Order: request_head, request_body…, request_end, response_head,
 * response_body…, response_end, end. The response may be left out, and so may request_end when the
 * verdict is not PASS. After WEIR_WAF_MORE only request_end or response_end follow, until they
 * return something else, or end.
 */
WEIR_MUST_CHECK enum weir_waf_verdict weir_waf_request_head(struct weir_waf_tx *tx,
							    const struct weir_http_head *head);
enum weir_waf_body weir_waf_request_body_mode(const struct weir_waf_tx *tx);
/* Content, without chunk framing. With PASS the bytes are kept. When the limit is reached and the
 * rest is to pass, phase 2 begins here, *judged becomes true and body_mode becomes BODY_PASS. */
WEIR_MUST_CHECK enum weir_waf_verdict
weir_waf_request_body(struct weir_waf_tx *tx, struct weir_bytes content, bool *judged);
/* Whoever calls can hold no more of the body, which is over the limit by that. True: the rest is to
 * pass, and phase 2 may begin with what there is. */
WEIR_MUST_CHECK bool weir_waf_request_cut(struct weir_waf_tx *tx);
/* Phase 2, unless it ran. With body_mode PASS it may be called before the body is through. */
WEIR_MUST_CHECK enum weir_waf_verdict weir_waf_request_end(struct weir_waf_tx *tx);
WEIR_MUST_CHECK enum weir_waf_verdict weir_waf_response_head(struct weir_waf_tx *tx,
							     const struct weir_http_head *head);
enum weir_waf_body weir_waf_response_body_mode(const struct weir_waf_tx *tx);
WEIR_MUST_CHECK enum weir_waf_verdict
weir_waf_response_body(struct weir_waf_tx *tx, struct weir_bytes content, bool *judged);
WEIR_MUST_CHECK enum weir_waf_verdict weir_waf_response_end(struct weir_waf_tx *tx);
/*
 * A message of a body may be judged by itself, and the next one as if that had not been: the mark
 * is set once, between two calls of which neither was or is WEIR_WAF_MORE, and rewinding makes the
 * transaction what it was there, but for what rules keep between transactions. Results that were
 * got since then are gone. Until it is destroyed as much memory is taken again. False: there is
 * none, and no mark.
 */
WEIR_MUST_CHECK bool weir_waf_tx_mark(struct weir_waf_tx *tx);
/* `unix_ns` is now. */
void weir_waf_tx_rewind(struct weir_waf_tx *tx, uint64_t unix_ns);
/* Phase 5; always the last but for rewinding, verdicts do not come of it. */
void weir_waf_tx_end(struct weir_waf_tx *tx);
/* Gives its memory back. */
void weir_waf_tx_destroy(struct weir_waf_tx *tx);

/* ---- what came of it; good until tx_destroy ---- */

struct weir_waf_match {
	uint32_t id;
	uint8_t severity; /* 0 to 7; WEIR_SEC_NO_SEVERITY */
	uint8_t phase;
	bool logged;                 /* the rule has `log` */
	bool detect_only;            /* by an override */
	struct weir_bytes msg, data; /* macros expanded */
	struct weir_bytes target;    /* "ARGS:id" */
	struct weir_bytes value;     /* transformed; at most 1 KiB */
	const struct weir_sec_rule *rule;
};

struct weir_waf_result {
	enum weir_waf_verdict verdict; /* what must be done; PASS in detect mode */
	enum weir_waf_verdict would;   /* what enforce mode would have done */
	uint16_t status;
	uint8_t phase;                          /* in which the verdict fell; 0: none */
	uint32_t rule;                          /* that decided; 0: none */
	struct weir_bytes location;             /* of REDIRECT */
	int32_t inbound_score, outbound_score;  /* of CRS, 0 where it is not loaded */
	bool request_partial, response_partial; /* a body was judged by its first bytes only */
	const struct weir_waf_match *matches;   /* in the order in which rules matched */
	uint32_t n_matches;
	uint32_t matches_lost; /* over 256 */
};
void weir_waf_tx_result(const struct weir_waf_tx *tx, struct weir_waf_result *out);
uint64_t weir_waf_tx_id(const struct weir_waf_tx *tx);

/* Work of a transaction, for benchmarks. */
struct weir_waf_work {
	uint32_t values;     /* distinct byte strings looked at, transformed ones too */
	uint32_t transforms; /* steps done */
	uint32_t scanned_bytes;
	uint32_t candidates; /* rule and value pairs that were asked */
	uint32_t steps;      /* of rules */
};
void weir_waf_tx_work(const struct weir_waf_tx *tx, struct weir_waf_work *out);

#endif
