/* SPDX-License-Identifier: BSD-3-Clause */
/* A request and its response, raw, through HTTP's parser and a transaction, as the gateway does it
 * on the wire. */
#include "tool_waf.h"

#include <stdlib.h>

/* Of all transactions there is one at a time, whose bodies may be as large as rules allow. */
#define WORKER_BYTES (1ULL << 30)

/* What differs between the two messages once a head is there. */
struct side {
	enum weir_waf_verdict (*feed)(struct weir_waf_tx *tx, struct weir_bytes content,
				      bool *judged);
	enum weir_waf_body (*mode)(const struct weir_waf_tx *tx);
	enum weir_waf_verdict (*end)(struct weir_waf_tx *tx);
};
static const struct side request_side = {weir_waf_request_body, weir_waf_request_body_mode,
					 weir_waf_request_end};
static const struct side response_side = {weir_waf_response_body, weir_waf_response_body_mode,
					  weir_waf_response_end};

struct tool_message {
	const struct tool_exchange *of;
	const struct weir_http_head *head;
	struct weir_bytes body; /* with its framing */
};

/* What a body's framing came to. */
struct body_end {
	enum weir_http_error error;
	bool done;
	size_t left;
};

struct tool_engine *tool_engine_create(struct weir_waf *waf)
{
	const struct weir_waf_worker_cfg cfg = {.bytes = WORKER_BYTES, .turns = 1, .seed = 1};
	struct tool_engine *e = calloc(1, sizeof(*e));

	if (!e) {
		weir_waf_destroy(waf);
		return NULL;
	}
	e->waf = waf;
	e->worker = weir_waf_worker_create(&cfg);
	if (!e->worker) {
		tool_engine_destroy(e);
		return NULL;
	}
	return e;
}

void tool_engine_destroy(struct tool_engine *e)
{
	if (!e)
		return;
	if (e->worker)
		weir_waf_worker_destroy(e->worker);
	weir_waf_destroy(e->waf);
	free(e);
}

static void done(const struct tool_exchange *x, enum tool_stage stage)
{
	if (x->stage)
		x->stage(x->stage_ctx, stage);
}

/* One call into the engine has returned. */
static void called(const struct tool_exchange *x)
{
	if (x->called)
		x->called(x->stage_ctx);
}

static struct weir_bytes after(struct weir_bytes b, size_t n)
{
	return weir_bytes_of(b.ptr + n, b.len - n);
}

/* Judges to the end, as the gateway does over several turns. */
static enum weir_waf_verdict judge_end(struct weir_waf_tx *tx, const struct side *side,
				       const struct tool_exchange *x)
{
	enum weir_waf_verdict verdict;

	while ((verdict = side->end(tx)) == WEIR_WAF_MORE)
		called(x);
	called(x);
	return verdict;
}

/* Content goes to the engine while it wants it; the framing is read to its end all the same. */
static enum weir_waf_verdict run_body(struct weir_waf_tx *tx, const struct side *side,
				      const struct tool_message *m, struct body_end *end)
{
	struct weir_bytes rest = m->body;

	enum weir_waf_verdict verdict = WEIR_WAF_PASS;
	struct weir_http_body body;
	struct weir_bytes content;
	bool judged = false;

	weir_http_body_init(&body, m->head, &weir_http_limits_default);
	while (!body.done && rest.len) {
		ssize_t n = weir_http_body_feed(&body, rest, &content);

		if (n < 0) {
			end->error = (enum weir_http_error) - n;
			return verdict;
		}
		rest = after(rest, (size_t)n);
		if (content.len && verdict == WEIR_WAF_PASS &&
		    side->mode(tx) != WEIR_WAF_BODY_PASS) {
			verdict = side->feed(tx, content, &judged);
			called(m->of);
		}
		if (verdict == WEIR_WAF_MORE)
			verdict = judge_end(tx, side, m->of);
	}
	end->done = body.done;
	end->left = rest.len;
	return verdict == WEIR_WAF_PASS ? judge_end(tx, side, m->of) : verdict;
}

static enum weir_waf_verdict run_request(const struct tool_exchange *x, size_t head_bytes,
					 const struct weir_http_head *head,
					 struct tool_outcome *out)
{
	const struct tool_message m = {
		.of = x, .head = head, .body = after(x->request, head_bytes)};
	enum weir_waf_verdict verdict = weir_waf_request_head(out->tx, head);
	struct body_end end = {0};

	done(x, TOOL_HEAD);
	if (verdict != WEIR_WAF_PASS)
		return verdict;
	verdict = run_body(out->tx, &request_side, &m, &end);
	out->bad_request = end.error;
	out->cut = !end.done && !end.error && head->framing != WEIR_HTTP_TUNNEL;
	out->trailing = end.left;
	done(x, TOOL_BODY);
	return verdict;
}

static void run_response(struct tool_engine *e, const struct tool_exchange *x,
			 const struct weir_http_head *request, struct tool_outcome *out)
{
	struct weir_http_head head;
	struct tool_message m = {.of = x, .head = &head};
	struct body_end end = {0};
	ssize_t n = weir_http_response_parse(x->response, &weir_http_limits_default, request,
					     e->response_header, &head);

	out->no_response_head = n == 0;
	if (n < 0)
		out->bad_response = (enum weir_http_error) - n;
	if (n <= 0)
		return;
	out->status = head.status;
	if (weir_waf_response_head(out->tx, &head) != WEIR_WAF_PASS)
		return;
	m.body = after(x->response, (size_t)n);
	/* The verdict stays with the transaction. */
	(void)run_body(out->tx, &response_side, &m, &end);
	out->bad_response = end.error;
}

void tool_exchange_run(struct tool_engine *e, const struct tool_exchange *x,
		       struct tool_outcome *out)
{
	struct weir_http_head head;
	ssize_t n = weir_http_request_parse(x->request, &weir_http_limits_default,
					    e->request_header, &head);

	*out = (struct tool_outcome){.no_head = n == 0};
	if (n < 0)
		out->bad_request = (enum weir_http_error) - n;
	done(x, TOOL_PARSE);
	if (n <= 0)
		return;
	out->tx = weir_waf_tx_begin(e->waf, e->worker, 0, &x->begin);
	done(x, TOOL_BEGIN);
	if (!out->tx)
		return;
	if (run_request(x, (size_t)n, &head, out) == WEIR_WAF_PASS && !out->bad_request &&
	    x->has_response)
		run_response(e, x, &head, out);
	done(x, TOOL_RESPONSE);
	weir_waf_tx_end(out->tx);
	done(x, TOOL_END);
}
