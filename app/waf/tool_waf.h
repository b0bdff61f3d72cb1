/* SPDX-License-Identifier: BSD-3-Clause */
/* What `weir inspect` and `weir-bench waf` share: rules out of files, files of requests, and whole
 * messages through the engine. */
#ifndef TOOL_WAF_H
#define TOOL_WAF_H

#include <weir_waf.h>

#include <stdio.h>

/* ---- tool_rules.c ---- */

/* Patterns of rule files in order. */
#define TOOL_PATTERNS_MAX 64
struct tool_rules {
	const char *pattern[TOOL_PATTERNS_MAX];
	unsigned int n; /* 0: the CRS that Debian installs */
	struct weir_waf_options options;
};

/*
 * Reads the rules and compiles them for one worker. Before them stand SecRuleEngine,
 * SecRequestBodyAccess and SecResponseBodyAccess On, which they may change. NULL: what is wrong has
 * been printed.
 */
struct weir_waf *tool_waf_create(const struct tool_rules *rules);

/* ---- tool_requests.c ---- */

/*
 * A file of requests, all numbers little-endian: "REQS0001", u32 records; of each u32 bytes, u8
 * label, three zero bytes, the raw request.
 */
enum tool_label { TOOL_GET, TOOL_FORM, TOOL_JSON, TOOL_ATTACK, TOOL_LABELS };
#define TOOL_REQUESTS_MAGIC "REQS0001"

struct tool_requests {
	struct weir_bytes left; /* after what was read */
	uint32_t records;
	uint32_t number; /* of the next one, from 0 */
};

struct tool_request {
	struct weir_bytes raw;
	uint8_t label; /* enum tool_label */
};

/* 0, or -WEIR_EFORMAT. `file` is borrowed. */
WEIR_MUST_CHECK int tool_requests_open(struct tool_requests *r, struct weir_bytes file);
/* 1: *out is the next; 0: there is none; -WEIR_EFORMAT: it is cut short or has no such label. */
WEIR_MUST_CHECK int tool_requests_next(struct tool_requests *r, struct tool_request *out);

/* All requests of a file. */
struct tool_request_list {
	struct tool_request *request;
	uint32_t n;
	struct weir_buf file; /* what the requests view */
};

/* Reads the file, in which there must be a request. False: what is wrong with it was printed, as
 * `who` says it. tool_requests_unload in both cases. */
WEIR_MUST_CHECK bool tool_requests_load(struct tool_request_list *l, const char *path,
					const char *who);
void tool_requests_unload(struct tool_request_list *l);
/* All that is left of a stream. 0, or -WEIR_EIO with errno. */
WEIR_MUST_CHECK int tool_read_stream(FILE *in, struct weir_buf *out);
/* All of a file ("-": standard input). 0, or -WEIR_EIO with errno. */
WEIR_MUST_CHECK int tool_read_file(const char *path, struct weir_buf *out);

/* CPU time of this thread. */
double tool_cpu_us(void);

/* ---- tool_exchange.c ---- */

#define TOOL_HEADERS 128 /* as weir_http_limits_default has it */

struct tool_engine {
	struct weir_waf *waf;
	struct weir_waf_worker *worker;
	struct weir_http_header request_header[TOOL_HEADERS];
	struct weir_http_header response_header[TOOL_HEADERS];
};

/* Takes `waf`, also when it fails. NULL: no memory. */
struct tool_engine *tool_engine_create(struct weir_waf *waf);
void tool_engine_destroy(struct tool_engine *e);

/* What a transaction spends its time on, in this order. */
#define TOOL_STAGES(X)                          \
	X(PARSE, "HTTP head")                   \
	X(BEGIN, "begin")                       \
	X(HEAD, "request head, phase 1")        \
	X(BODY, "request body, phase 2")        \
	X(RESPONSE, "response, phases 3 and 4") \
	X(END, "phase 5")                       \
	X(DESTROY, "destroy")

enum tool_stage {
#define X(id, text) TOOL_##id,
	TOOL_STAGES(X)
#undef X
		TOOL_STAGE_END
};

struct tool_exchange {
	struct weir_bytes request, response;
	bool has_response;
	struct weir_waf_begin begin;
	void (*stage)(void *ctx, enum tool_stage done); /* called at the end of each; NULL: no */
	void (*called)(void *ctx); /* when a call about a body has returned; NULL: no */
	void *stage_ctx;           /* of both */
};

/* What HTTP had to say, and the transaction, which the caller destroys. */
struct tool_outcome {
	struct weir_waf_tx *tx;            /* NULL: no head to judge, or no memory */
	enum weir_http_error bad_request;  /* the message's, or its body's framing */
	enum weir_http_error bad_response; /* then the request was judged alone */
	bool no_head;                      /* the request ends before its head does: it is none */
	bool no_response_head;             /* the same of the response */
	bool cut;                          /* the request's body ends before its framing says */
	size_t trailing;                   /* bytes after the request: not looked at */
	uint16_t status;                   /* of the response; 0: there was none */
};

/* Parses both messages and judges them; the response only when the request may pass. The
 * transaction has ended. */
void tool_exchange_run(struct tool_engine *e, const struct tool_exchange *x,
		       struct tool_outcome *out);

#endif
