/* SPDX-License-Identifier: BSD-3-Clause */
/* A transaction's life: the calls of weir_waf.h in their order, and how much of bodies is kept. */
#include <stdlib.h>

#include "waf_body.h"
#include "waf_fiber.h"
#include "waf_memory.h"
#include "waf_tx.h"

/* ---- the worker's part ---- */

struct weir_waf_worker *weir_waf_worker_create(const struct weir_waf_worker_cfg *cfg)
{
	struct weir_waf_worker *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->memory = waf_memory_create(cfg->bytes);
	w->store = waf_store_create(cfg->collection_keys, cfg->seed);
	w->seed = cfg->seed;
	if (cfg->turns)
		w->fibers = waf_fibers_create(cfg->turns);
	if (!w->memory || !w->store || (cfg->turns && !w->fibers)) {
		weir_waf_worker_destroy(w);
		return NULL;
	}
	w->source = (struct weir_arena_source){
		.take = waf_memory_take, .give = waf_memory_give, .context = w->memory};
	return w;
}

void weir_waf_worker_destroy(struct weir_waf_worker *w)
{
	if (!w)
		return;
	waf_fibers_destroy(w->fibers);
	waf_memory_destroy(w->memory);
	waf_store_destroy(w->store);
	free(w);
}

void weir_waf_worker_memory(const struct weir_waf_worker *w, uint64_t *used, uint64_t *max)
{
	struct weir_use use = waf_memory_use(w->memory);

	*used = use.used;
	*max = use.size;
}

struct weir_waf_uses weir_waf_worker_uses(const struct weir_waf_worker *w)
{
	struct weir_waf_uses u = {
		.bytes = waf_memory_use(w->memory),
		.collections = waf_store_use(w->store),
	};

	if (w->fibers)
		u.turns = waf_fibers_use(w->fibers);
	return u;
}

/* ---- beginning and end ---- */

static uint64_t limit_of(uint64_t option, uint64_t rules)
{
	return option ? option : rules;
}

static bool prepare(struct weir_waf_tx *tx)
{
	const struct weir_waf *w = tx->waf;
	size_t steps = 1;

	for (unsigned int phase = 1; phase <= WEIR_SEC_PHASES; phase++)
		if (w->phase[phase].n > steps)
			steps = w->phase[phase].n;
	tx->live = weir_arena_alloc(&tx->arena, waf_words(steps) * sizeof(*tx->live));
	tx->tx_kind = weir_arena_alloc(&tx->arena, w->n_names);
	tx->tx_var = weir_arena_alloc(&tx->arena, w->n_names * sizeof(*tx->tx_var));
	if (!tx->live || !tx->tx_kind || !tx->tx_var)
		return false;
	memcpy(tx->tx_kind, w->tx_kind, w->n_names);
	memcpy(tx->tx_var, w->tx_var, w->n_names * sizeof(*tx->tx_var));
	return true;
}

struct weir_waf_tx *weir_waf_tx_begin(struct weir_waf *w, struct weir_waf_worker *worker,
				      unsigned int index, const struct weir_waf_begin *b)
{
	struct weir_arena arena;
	struct weir_waf_tx *tx;

	weir_arena_init(&arena, &worker->source, limit_of(w->options.tx_bytes, WEIR_WAF_TX_BYTES));
	tx = weir_arena_alloc(&arena, sizeof(*tx) + 64);
	if (!tx)
		return NULL;
	tx = (struct weir_waf_tx *)(((uintptr_t)tx + 63) & ~(uintptr_t)63);
	memset(tx, 0, sizeof(*tx));
	tx->arena = arena;
	tx->waf = w;
	tx->worker = worker;
	tx->part = &w->part[index];
	tx->begin = *b;
	tx->engine = w->engine;
	tx->highest_severity = WEIR_SEC_NO_SEVERITY;
	tx->body_access = w->settings->request_body_access;
	tx->response_access = w->settings->response_body_access && !w->options.response_off;
	tx->response_limit =
		limit_of(w->options.response_body_limit, w->settings->response_body_limit);
	tx->timed = tx->part->turn++ % WAF_TIMED_EVERY == 0;
	if (prepare(tx))
		return tx;
	weir_waf_tx_destroy(tx);
	return NULL;
}

void weir_waf_tx_destroy(struct weir_waf_tx *tx)
{
	struct weir_arena arena;

	waf_abandon(tx);
	waf_drop_image(tx);
	arena = tx->arena; /* it holds the transaction itself */
	for (unsigned int i = 0; i < WAF_STORES; i++)
		if (tx->store[i])
			waf_store_close(tx->worker->store, tx->store[i]);
	weir_arena_reset(&arena);
}

/* Before the phase's variables are filled in: that is part of its work. */
static void begin_phase(struct weir_waf_tx *tx, unsigned int phase)
{
	tx->phase = (uint8_t)phase;
	tx->rule = NULL;
	waf_begin_call(tx);
}

static enum weir_waf_verdict out_of_memory(struct weir_waf_tx *tx)
{
	tx->verdict = WEIR_WAF_MEMORY;
	tx->status = 503;
	return WEIR_WAF_MEMORY;
}

static enum weir_waf_verdict run(struct weir_waf_tx *tx, unsigned int phase)
{
	waf_run_phase(tx, phase);
	return (enum weir_waf_verdict)tx->verdict;
}

/* ---- keeping bodies ---- */

/* A body as far as it is kept, and what happens when not all of it is. */
struct kept {
	struct weir_bytes *bytes;
	size_t *cap;
	uint64_t *total;
	uint64_t limit;
	uint64_t expected; /* Content-Length, 0: not known */
	uint8_t error;     /* variable that tells */
	bool rejects;
	uint16_t status;
	uint8_t phase;
	bool *partial;
};

#define ROOM_FIRST 16384

/* Room grows with what has come, not with what a head says will come: that costs its sender
 * nothing. */
static bool make_room(struct weir_waf_tx *tx, const struct kept *k, size_t more)
{
	size_t need = k->bytes->len + more, cap = *k->cap ? *k->cap * 2 : ROOM_FIRST;
	uint8_t *at;

	if (need <= *k->cap)
		return true;
	if (k->expected && cap > k->expected)
		cap = (size_t)k->expected;
	if (cap < need)
		cap = need;
	tx->arena.limit += (WEIR_WAF_BODY_TIMES + 1) * (cap - *k->cap) + *k->cap;
	at = weir_arena_alloc(&tx->arena, cap);
	if (!at)
		return false;
	if (k->bytes->len)
		memcpy(at, k->bytes->ptr, k->bytes->len);
	k->bytes->ptr = at;
	*k->cap = cap;
	return true;
}

/* Keeps what is within the limit. 1: all of it, 0: not all, negative: no memory. */
static int keep(struct weir_waf_tx *tx, const struct kept *k, struct weir_bytes content)
{
	uint64_t room = k->limit - k->bytes->len;
	bool fits = content.len <= room;

	*k->total += content.len;
	if (!fits)
		content.len = (size_t)room;
	if (!content.len)
		return fits;
	if (!make_room(tx, k, content.len))
		return -WEIR_ENOMEM;
	memcpy((uint8_t *)(uintptr_t)k->bytes->ptr + k->bytes->len, content.ptr, content.len);
	k->bytes->len += content.len;
	return fits;
}

static bool is_rejected(enum weir_waf_over option, uint8_t rules)
{
	return option == WEIR_WAF_OVER_AS_RULES ? rules == WEIR_SEC_REJECT
						: option == WEIR_WAF_OVER_REJECT;
}

/* False: nothing is refused in detection, it is only told. */
static bool reject(struct weir_waf_tx *tx, uint16_t status, uint8_t phase)
{
	bool acts = tx->engine == WEIR_SEC_ON;

	if (!acts && tx->would != WEIR_WAF_PASS)
		return false;
	if (acts)
		tx->verdict = WEIR_WAF_LIMIT;
	tx->would = WEIR_WAF_LIMIT;
	tx->status = status;
	tx->decided_phase = phase;
	tx->deciding = 0;
	return acts;
}

/* *over: the body is to be judged by what is kept, and nothing more is taken. */
static enum weir_waf_verdict take_content(struct weir_waf_tx *tx, const struct kept *k,
					  struct weir_bytes content, bool *over)
{
	int rc = keep(tx, k, content);

	if (rc < 0)
		return out_of_memory(tx);
	if (rc)
		return WEIR_WAF_PASS;
	waf_set_number(tx, k->error, 1);
	if (k->rejects && reject(tx, k->status, k->phase))
		return WEIR_WAF_LIMIT;
	*k->partial = true;
	*over = true;
	return WEIR_WAF_PASS;
}

/* ---- requests ---- */

static uint64_t request_limit(const struct weir_waf_tx *tx)
{
	const struct weir_sec_settings *s = tx->waf->settings;
	uint64_t rules = tx->processor == WEIR_SEC_BODY_MULTIPART ? s->request_body_limit
								  : s->request_body_no_files_limit;

	if (s->request_body_limit < rules)
		rules = s->request_body_limit;
	return limit_of(tx->waf->options.request_body_limit, rules);
}

enum weir_waf_verdict weir_waf_request_head(struct weir_waf_tx *tx,
					    const struct weir_http_head *head)
{
	enum weir_waf_verdict v;

	if (tx->engine == WEIR_SEC_OFF)
		return WEIR_WAF_PASS;
	begin_phase(tx, 1);
	if (!waf_take_request(tx, head))
		return out_of_memory(tx);
	v = run(tx, 1);
	if (!tx->body_limit)
		tx->body_limit = request_limit(tx);
	return v;
}

enum weir_waf_body weir_waf_request_body_mode(const struct weir_waf_tx *tx)
{
	bool wanted = tx->processor != WEIR_SEC_BODY_NONE || tx->force_body;

	if (tx->engine == WEIR_SEC_OFF || tx->verdict != WEIR_WAF_PASS || tx->request_judged ||
	    !tx->body_access || !wanted || tx->request.framing == WEIR_HTTP_NO_BODY ||
	    tx->request.framing == WEIR_HTTP_TUNNEL || tx->allowed)
		return WEIR_WAF_BODY_PASS;
	return WEIR_WAF_BODY_HOLD;
}

static bool is_request_rejected(const struct weir_waf_tx *tx)
{
	return is_rejected(tx->waf->options.request_over,
			   tx->waf->settings->request_body_limit_action);
}

enum weir_waf_verdict weir_waf_request_body(struct weir_waf_tx *tx, struct weir_bytes content,
					    bool *judged)
{
	struct kept k = {
		.bytes = &tx->body,
		.cap = &tx->body_cap,
		.total = &tx->body_total,
		.limit = tx->body_limit,
		.expected = tx->request.framing == WEIR_HTTP_LENGTH ? tx->request.length : 0,
		.error = WEIR_SEC_V_INBOUND_DATA_ERROR,
		.rejects = is_request_rejected(tx),
		.status = 413,
		.phase = 2,
		.partial = &tx->body_partial,
	};
	enum weir_waf_verdict v;

	*judged = false;
	if (weir_waf_request_body_mode(tx) == WEIR_WAF_BODY_PASS)
		return (enum weir_waf_verdict)tx->verdict;
	v = take_content(tx, &k, content, judged);
	return *judged ? weir_waf_request_end(tx) : v;
}

bool weir_waf_request_cut(struct weir_waf_tx *tx)
{
	if (is_request_rejected(tx) && tx->engine == WEIR_SEC_ON)
		return false;
	if (is_request_rejected(tx))
		(void)reject(tx, 413, 2);
	waf_set_number(tx, WEIR_SEC_V_INBOUND_DATA_ERROR, 1);
	tx->body_partial = true;
	return true;
}

static void judge_request(struct weir_waf_tx *tx)
{
	waf_take_body(tx);
	waf_run_phase(tx, 2);
}

enum weir_waf_verdict weir_waf_request_end(struct weir_waf_tx *tx)
{
	if (tx->turns.work)
		return waf_go_on(tx);
	if (tx->request_judged || tx->verdict != WEIR_WAF_PASS || tx->engine == WEIR_SEC_OFF)
		return (enum weir_waf_verdict)tx->verdict;
	tx->request_judged = true;
	begin_phase(tx, 2);
	return waf_judge(tx, tx->body.len, judge_request);
}

/* ---- responses ---- */

static bool is_call(const struct weir_waf_tx *tx)
{
	struct weir_bytes codec;

	return weir_http_grpc(&tx->response, &codec);
}

static bool is_inspected_type(const struct weir_waf_tx *tx)
{
	const struct weir_sec_settings *s = tx->waf->settings;
	const struct weir_http_header *h = weir_http_header_find(&tx->response, "Content-Type");
	struct weir_bytes type;

	if (!h)
		return false;
	type = waf_media_type(h->value);
	for (uint16_t i = 0; i < s->n_response_mime_types; i++)
		if (weir_bytes_equal_case(s->response_mime_types[i], type))
			return true;
	return false;
}

static bool refuses_response(const struct weir_waf *w)
{
	return is_rejected(w->options.response_over, w->settings->response_body_limit_action);
}

/* Whether anything comes of holding content back. */
static bool judges_content(const struct weir_waf *w)
{
	return w->phase[4].n || refuses_response(w) || w->uses[WEIR_SEC_V_RESPONSE_BODY] ||
	       w->uses[WEIR_SEC_V_OUTBOUND_DATA_ERROR];
}

static bool judges_responses(const struct weir_waf *w)
{
	return w->phase[3].n || w->phase[5].n || judges_content(w);
}

enum weir_waf_verdict weir_waf_response_head(struct weir_waf_tx *tx,
					     const struct weir_http_head *head)
{
	if (tx->verdict != WEIR_WAF_PASS || tx->engine == WEIR_SEC_OFF)
		return (enum weir_waf_verdict)tx->verdict;
	if (tx->allowed == WEIR_SEC_ALLOW_REQUEST)
		tx->allowed = 0;
	if (!judges_responses(tx->waf))
		return WEIR_WAF_PASS;
	begin_phase(tx, 3);
	if (!waf_take_response(tx, head))
		return out_of_memory(tx);
	if (!judges_content(tx->waf))
		tx->response_mode = WEIR_WAF_BODY_PASS;
	else if (is_inspected_type(tx))
		tx->response_mode = WEIR_WAF_BODY_HOLD;
	else if (is_call(tx))
		tx->response_mode = WEIR_WAF_BODY_MESSAGES;
	return run(tx, 3);
}

enum weir_waf_body weir_waf_response_body_mode(const struct weir_waf_tx *tx)
{
	if (tx->engine == WEIR_SEC_OFF || tx->verdict != WEIR_WAF_PASS || tx->response_judged ||
	    !tx->response_access || tx->allowed || tx->response.framing == WEIR_HTTP_NO_BODY ||
	    tx->response.framing == WEIR_HTTP_TUNNEL)
		return WEIR_WAF_BODY_PASS;
	return (enum weir_waf_body)tx->response_mode;
}

enum weir_waf_verdict weir_waf_response_body(struct weir_waf_tx *tx, struct weir_bytes content,
					     bool *judged)
{
	struct kept k = {
		.bytes = &tx->response_body,
		.cap = &tx->response_cap,
		.total = &tx->response_total,
		.limit = tx->response_limit,
		.expected = tx->response.framing == WEIR_HTTP_LENGTH ? tx->response.length : 0,
		.error = WEIR_SEC_V_OUTBOUND_DATA_ERROR,
		.rejects = refuses_response(tx->waf),
		.status = 502,
		.phase = 4,
		.partial = &tx->response_partial,
	};
	enum weir_waf_verdict v;

	*judged = false;
	if (weir_waf_response_body_mode(tx) == WEIR_WAF_BODY_PASS)
		return (enum weir_waf_verdict)tx->verdict;
	v = take_content(tx, &k, content, judged);
	return *judged ? weir_waf_response_end(tx) : v;
}

static void judge_response(struct weir_waf_tx *tx)
{
	if (tx->response_total)
		waf_take_response_body(tx);
	waf_run_phase(tx, 4);
}

enum weir_waf_verdict weir_waf_response_end(struct weir_waf_tx *tx)
{
	if (tx->turns.work)
		return waf_go_on(tx);
	if (tx->response_judged || tx->verdict != WEIR_WAF_PASS || tx->engine == WEIR_SEC_OFF)
		return (enum weir_waf_verdict)tx->verdict;
	tx->response_judged = true;
	begin_phase(tx, 4);
	return waf_judge(tx, tx->response_body.len, judge_response);
}

void weir_waf_tx_end(struct weir_waf_tx *tx)
{
	if (tx->engine == WEIR_SEC_OFF)
		return;
	waf_abandon(tx);
	begin_phase(tx, WEIR_SEC_PHASES);
	waf_run_phase(tx, WEIR_SEC_PHASES);
}
