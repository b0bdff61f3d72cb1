/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the tests of the engine share: rules as text, a request and a response as text, taken
 * through HTTP's parser and all phases, and what came of them as text.
 */
#ifndef WAF_LAB_H
#define WAF_LAB_H

#include <waf_body.h>
#include <waf_compile.h>
#include <waf_memory.h>
#include <waf_screen.h>
#include <waf_tx.h>
#include <waf_way.h>

#include "weir_test.h"

struct waf_lab {
	struct weir_waf *waf;
	struct weir_waf_worker *worker;
	/* of the next transaction */
	struct weir_waf_begin begin;
	size_t piece; /* bytes of a body that are fed at a time; 0: all */
	/* of the last one, until the next */
	struct weir_waf_tx *tx;
	struct weir_waf_result result;
	bool judged; /* a body was, before its end */
	struct weir_http_header header[128], response_header[128];
	struct weir_http_head head;
	char text[8192];
};

/* The engine is on and bodies are looked at, unless `rules` say otherwise; arguments in single
 * quotes. Zeroed options: as the rules say. */
void lab_init(struct waf_lab *lab, const char *rules);
void lab_init_options(struct waf_lab *lab, const char *rules, const struct weir_waf_options *o);
void lab_init_worker(struct waf_lab *lab, const char *rules, const struct weir_waf_options *o,
		     const struct weir_waf_worker_cfg *cfg);
/* All memory must have come back. */
void lab_fini(struct waf_lab *lab);
/* NULL: refused. */
struct weir_waf *lab_compile(const char *rules, const struct weir_waf_options *o);

/* One step; the transaction is begun with the request's head. */
enum weir_waf_verdict lab_request_head(struct waf_lab *lab, const char *head);
enum weir_waf_verdict lab_request_body(struct waf_lab *lab, struct weir_bytes body);
enum weir_waf_verdict lab_response_head(struct waf_lab *lab, const char *head);
enum weir_waf_verdict lab_response_body(struct waf_lab *lab, struct weir_bytes body);
/* Phase 5 and the result. */
void lab_end(struct waf_lab *lab);

/* All of it: the ids that matched, in order, parted by spaces. */
const char *lab_get(struct waf_lab *lab, const char *uri);
const char *lab_get_with(struct waf_lab *lab, const char *uri, const char *headers);
const char *lab_post(struct waf_lab *lab, const char *type, const char *body);
/* A request for "/" and its response, with the body of `type`. */
const char *lab_answer(struct waf_lab *lab, const char *type, const char *body);
const char *lab_ids(struct waf_lab *lab);
/* Of the first match of a rule; "(none)" where it did not match. */
const char *lab_data(struct waf_lab *lab, uint32_t id);
const char *lab_target(struct waf_lab *lab, uint32_t id);
const char *lab_value(struct waf_lab *lab, uint32_t id);
/* "deny 403 2 17": verdict, status, phase and rule; "pass". */
const char *lab_verdict(struct waf_lab *lab);

struct lab_row {
	const char *rules, *uri, *ids;
};
/* Each row's rules and a GET of its uri, with and without a prefilter. */
void lab_rows(const struct lab_row *rows, size_t n);

/* The log data of rule 9, which stands behind each row's rules as `teller`. */
struct lab_told {
	const char *rules, *uri, *data;
};
void lab_told_rows(const char *teller, const struct lab_told *rows, size_t n);
#define TELLER(phase, data) "SecAction 'id:9,phase:" #phase ",pass,log,logdata:" data "'\n"

#define FORM "application/x-www-form-urlencoded"
Suite *waf_mark_suite(void);
Suite *waf_memory_suite(void);
Suite *waf_name_suite(void);
Suite *waf_chain_suite(void);
Suite *waf_value_suite(void);
Suite *waf_store_suite(void);
Suite *waf_screen_suite(void);
Suite *waf_fold_suite(void);
Suite *waf_grpc_suite(void);
Suite *waf_prologue_suite(void);
Suite *waf_relay_suite(void);
Suite *waf_compile_suite(void);
Suite *waf_text_suite(void);
Suite *waf_target_suite(void);
Suite *waf_var_suite(void);
Suite *waf_action_suite(void);
Suite *waf_ctl_suite(void);
Suite *waf_request_suite(void);
Suite *waf_body_suite(void);
Suite *waf_tx_suite(void);
Suite *waf_use_suite(void);
Suite *waf_run_suite(void);
Suite *waf_result_suite(void);

#endif
