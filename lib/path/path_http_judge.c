/* SPDX-License-Identifier: BSD-3-Clause */
/* An exchange's questions to the rules, what time they take, and what happens when they cannot be
 * answered. */
#include "path_event.h"
#include "path_http.h"

static const enum weir_http_work work_of[] = {
	[PATH_JUDGE_REQUEST_HEAD] = WEIR_HTTP_WORK_REQUEST_HEAD,
	[PATH_JUDGE_REQUEST_BODY] = WEIR_HTTP_WORK_REQUEST_BODY,
	[PATH_JUDGE_REQUEST_END] = WEIR_HTTP_WORK_REQUEST_END,
	[PATH_JUDGE_RESPONSE_HEAD] = WEIR_HTTP_WORK_RESPONSE_HEAD,
	[PATH_JUDGE_RESPONSE_BODY] = WEIR_HTTP_WORK_RESPONSE_BODY,
	[PATH_JUDGE_RESPONSE_END] = WEIR_HTTP_WORK_RESPONSE_END,
};

static enum weir_waf_verdict ask(struct weir_waf_tx *tx, const struct path_http_question *q,
				 bool *judged)
{
	switch (q->step) {
	case PATH_JUDGE_REQUEST_HEAD:
		return weir_waf_request_head(tx, q->head);
	case PATH_JUDGE_REQUEST_BODY:
		return weir_waf_request_body(tx, q->content, judged);
	case PATH_JUDGE_REQUEST_END:
		return weir_waf_request_end(tx);
	case PATH_JUDGE_RESPONSE_HEAD:
		return weir_waf_response_head(tx, q->head);
	case PATH_JUDGE_RESPONSE_BODY:
		return weir_waf_response_body(tx, q->content, judged);
	case PATH_JUDGE_RESPONSE_END:
		return weir_waf_response_end(tx);
	}
	return WEIR_WAF_MEMORY;
}

static enum weir_counter counter_of(enum weir_waf_verdict verdict)
{
	switch (verdict) {
	case WEIR_WAF_LIMIT:
		return WEIR_COUNT_HTTP_LIMIT;
	case WEIR_WAF_BUDGET:
		return WEIR_COUNT_HTTP_BUDGET;
	case WEIR_WAF_MEMORY:
		return WEIR_COUNT_HTTP_MEMORY;
	default:
		return WEIR_COUNT_HTTP_DENIED;
	}
}

static bool is_failure(enum weir_waf_verdict verdict)
{
	return verdict == WEIR_WAF_BUDGET || verdict == WEIR_WAF_MEMORY;
}

bool path_http_is_cut(struct path_http *x, struct path_exchange *e)
{
	if (!e->tx || !weir_waf_request_cut(e->tx))
		return false;
	weir_count(&x->w->stats, WEIR_COUNT_HTTP_LIMIT, 1);
	return true;
}

bool path_http_fails_open(struct path_http *x, struct path_exchange *e,
			  enum weir_waf_verdict verdict)
{
	e->verdict = (uint8_t)verdict;
	weir_count(&x->w->stats, counter_of(verdict), 1);
	path_note_drop(x->w, NULL, NULL, WEIR_DROP_HTTP_EXHAUSTED);
	if (e->program->on_error != WEIR_FAIL_OPEN && e->program->mode != WEIR_WAF_DETECT)
		return false;
	if (!e->unjudged)
		weir_count(&x->w->stats, WEIR_COUNT_HTTP_UNJUDGED, 1);
	e->unjudged = true;
	return true;
}

/* A rule's status is kept to what a response can have. */
static uint16_t refusal_status(enum weir_waf_verdict verdict, uint16_t status)
{
	if (verdict == WEIR_WAF_REDIRECT)
		return status == 301 || status == 303 || status == 307 || status == 308 ? status
											: 302;
	if (is_failure(verdict))
		return 503;
	return status >= 400 && status < 600 ? status : 403;
}

static enum path_http_judgement accept_verdict(struct path_http *x, struct path_exchange *e,
					       enum weir_waf_verdict verdict)
{
	struct weir_waf_result result;

	if (weir_likely(verdict == WEIR_WAF_PASS))
		return PATH_HTTP_ACCEPTED;
	if (verdict == WEIR_WAF_MORE)
		return PATH_HTTP_UNDECIDED;
	if (is_failure(verdict)) {
		if (path_http_fails_open(x, e, verdict))
			return PATH_HTTP_ACCEPTED;
		e->status = 503;
		return PATH_HTTP_REFUSED;
	}
	weir_waf_tx_result(e->tx, &result);
	e->verdict = (uint8_t)verdict;
	e->status = refusal_status(verdict, result.status);
	weir_count(&x->w->stats, counter_of(verdict), 1);
	return PATH_HTTP_REFUSED;
}

/* Whether the client has no more to say to that. */
static bool is_over(enum path_http_step step, enum weir_waf_verdict verdict, const bool *judged)
{
	if (verdict == WEIR_WAF_MORE)
		return false;
	return verdict != WEIR_WAF_PASS || step == PATH_JUDGE_REQUEST_END || (judged && *judged);
}

static bool ends_response(enum path_http_step step, const bool *judged)
{
	return step == PATH_JUDGE_RESPONSE_END ||
	       (step == PATH_JUDGE_RESPONSE_BODY && judged && *judged);
}

enum path_http_judgement path_http_judge(struct path_http *x, struct path_exchange *e,
					 const struct path_http_question *q, bool *judged)
{
	enum weir_waf_verdict verdict;
	bool ignored = false;
	uint64_t tsc, ns;

	if (e->evicted && !e->unjudged)
		return accept_verdict(x, e, WEIR_WAF_MEMORY);
	if (!e->tx || e->unjudged)
		return PATH_HTTP_ACCEPTED;
	tsc = rte_rdtsc();
	verdict = ask(e->tx, q, judged ? judged : &ignored);
	ns = path_ns_of(x->w, path_http_spent(x->w, work_of[q->step], tsc));
	e->waf_ns += ns;
	x->w->http->judged_ns += ns;
	if (is_over(q->step, verdict, judged))
		path_http_unlist(e);
	if (ends_response(q->step, judged) && verdict == WEIR_WAF_PASS && !e->listed)
		path_http_list(PATH_HTTP_JUDGED, x, e);
	return accept_verdict(x, e, verdict);
}

void path_http_begin_judging(struct path_http *x, struct path_exchange *e)
{
	const struct weir_flow *f = x->k->flow;
	struct weir_waf_begin begin = {
		.peer = {.client = f->addr[0],
			 .server = f->addr[1],
			 .client_port = f->port[0],
			 .server_port = f->port[1]},
		.unix_ns = path_unix_ns(x->w),
		.id = e->id,
	};
	uint64_t tsc = rte_rdtsc();

	path_http_make_way(x->w);
	e->tx = weir_waf_tx_begin(e->program->waf, x->w->waf, x->w->id, &begin);
	if (e->tx)
		path_http_list(PATH_HTTP_HELD, x, e);
	(void)path_http_spent(x->w, WEIR_HTTP_WORK_TRANSACTION, tsc);
}

void path_http_end_judging(struct path_http *x, struct path_exchange *e)
{
	uint64_t tsc = rte_rdtsc();

	if (!e->tx)
		return;
	weir_waf_tx_end(e->tx);
	(void)path_http_spent(x->w, WEIR_HTTP_WORK_LOG, tsc);
}

void path_http_forget_judging(struct path_http *x, struct path_exchange *e)
{
	uint64_t tsc = rte_rdtsc();

	if (!e->tx)
		return;
	path_http_unlist(e);
	weir_waf_tx_destroy(e->tx);
	e->tx = NULL;
	(void)path_http_spent(x->w, WEIR_HTTP_WORK_TRANSACTION, tsc);
}

struct path_http_findings path_http_findings(const struct path_exchange *e)
{
	struct weir_waf_result r = {0};

	if (e->tx)
		weir_waf_tx_result(e->tx, &r);
	return (struct path_http_findings){.n_matches = r.n_matches, .would = (uint8_t)r.would};
}

bool path_http_has_more(const struct path_exchange *e, struct path_http_findings than)
{
	struct path_http_findings now = path_http_findings(e);

	return now.n_matches > than.n_matches || now.would != than.would;
}

bool path_http_judges_messages(const struct path_exchange *e)
{
	return e->tx && !e->unjudged && weir_waf_response_body_mode(e->tx) != WEIR_WAF_BODY_PASS;
}

enum path_http_fate path_http_body_fate(const struct path_exchange *e, unsigned int leg)
{
	enum weir_waf_body mode;

	if (e->evicted && !e->unjudged)
		return PATH_HTTP_HOLD;
	if (!e->tx || e->unjudged)
		return PATH_HTTP_PASS;
	mode = leg == PATH_TO_SERVER ? weir_waf_request_body_mode(e->tx)
				     : weir_waf_response_body_mode(e->tx);
	return mode == WEIR_WAF_BODY_HOLD ? PATH_HTTP_HOLD : PATH_HTTP_PASS;
}
