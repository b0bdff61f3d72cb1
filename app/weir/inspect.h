/* SPDX-License-Identifier: BSD-3-Clause */
/* The parts of `weir inspect`. */
#ifndef INSPECT_H
#define INSPECT_H

#include "../waf/tool_waf.h"

#include <jansson.h>

/* ---- inspect_input.c ---- */

/* A line of input. */
struct inspect_line {
	json_t *id; /* a string, a number, or null; owned */
	struct tool_exchange x;
	uint8_t *bytes; /* what x views; owned */
};

/*
 * Reads {"id":…, "client":"192.0.2.1", "time":seconds, "request":base64, "response":base64}.
 * Returns NULL, or what is wrong with it; the line is finished with inspect_line_fini either way.
 */
const char *inspect_line_read(struct weir_bytes text, struct inspect_line *out);
void inspect_line_fini(struct inspect_line *l);
/* Who asks and when, where nothing is said: localhost, now. */
void inspect_begin_default(struct weir_waf_begin *out);
/* Base64 (RFC 4648 section 4, padded) into `out`, which has room for 3 bytes of each 4. Returns the
 * bytes, or -WEIR_EFORMAT. */
ssize_t inspect_base64(struct weir_bytes text, uint8_t *out);

/* ---- inspect_explain.c ---- */

/* What became of each rule, kept until the transaction is told about. */
struct inspect_explained {
	struct weir_arena arena;
	struct inspect_explained_one *first, **last;
};
struct inspect_explained_one {
	struct weir_waf_explained e; /* target and value are copies */
	struct inspect_explained_one *next;
};

void inspect_explained_init(struct inspect_explained *all);
void inspect_explained_fini(struct inspect_explained *all);
/* For struct weir_waf_begin; `ctx` is a struct inspect_explained. */
void inspect_explained_add(void *ctx, const struct weir_waf_explained *e);

/* ---- inspect_output.c: what came of it ---- */

/* Calls into the engine. */
struct inspect_calls {
	double longest_us;
	uint64_t n;
};

struct inspect_told {
	const struct tool_outcome *outcome;
	const struct inspect_explained *explained; /* NULL: not asked for */
	double us;                                 /* of CPU time */
	const double *stages;              /* the same by enum tool_stage; NULL: not asked for */
	const struct inspect_calls *calls; /* with `stages` */
	uint64_t bytes;                    /* that the transaction had taken at its end */
};

/* "pass", "deny", …, or "bad_request". */
const char *inspect_verdict(const struct tool_outcome *o, const struct weir_waf_result *r);
/* That the client gets: of the refusal, else of the response, else 200. */
unsigned int inspect_status(const struct tool_outcome *o, const struct weir_waf_result *r);
/* The name of what is wrong with the messages, or NULL. */
const char *inspect_bad(const struct tool_outcome *o);
/* One JSON object and its line end. */
void inspect_write_json(const json_t *id, const struct inspect_told *t, struct weir_buf *out);
void inspect_write_error(const json_t *id, unsigned long long line, const char *why,
			 struct weir_buf *out);

/* ---- inspect_text.c ---- */

/* For people: verdict, scores, each match, and each rule when it was asked for. */
void inspect_write_text(const struct inspect_told *t, struct weir_buf *out);

#endif
