/* SPDX-License-Identifier: BSD-3-Clause */
/* What the targets of the engine share: a transaction out of raw messages, and what must hold of
 * what comes of it. */
#ifndef FUZZ_WAF_H
#define FUZZ_WAF_H

#include <stdlib.h>

#include <weir_http.h>
#include <weir_waf.h>

#define HEADERS_MAX 128
#define FUZZ_NOW    (1700000000 * WEIR_NS_PER_S)

/* One way through a program. */
struct exchange {
	struct weir_waf *waf;
	struct weir_waf_worker *worker;
	struct weir_bytes request, response;
	uint64_t pieces; /* seed of the sizes of bodies' pieces; 0: whole */
	bool explain;
	bool twice; /* the response's body, from a mark before it */
	struct weir_waf_tx *tx;
	enum weir_waf_verdict verdict; /* the last that a call gave */
};

struct side {
	enum weir_waf_verdict (*feed)(struct weir_waf_tx *tx, struct weir_bytes content,
				      bool *judged);
	enum weir_waf_body (*mode)(const struct weir_waf_tx *tx);
	enum weir_waf_verdict (*end)(struct weir_waf_tx *tx);
};

static inline struct weir_waf *fuzz_compile(struct weir_bytes rules,
					    const struct weir_waf_options *o)
{
	struct weir_conf_report *r = weir_conf_report_create();
	struct weir_seclang *s = weir_seclang_create();
	struct weir_waf *w = NULL;

	if (!r || !s)
		abort();
	if (weir_seclang_add_text(s, "fuzz", "/nonexistent", rules, r) &&
	    weir_seclang_finish(s, r)) {
		w = weir_waf_create(s, o, r);
		weir_assert((w == NULL) == (weir_conf_errors(r) != 0));
	} else {
		weir_seclang_destroy(s);
	}
	weir_conf_report_destroy(r);
	return w;
}

static inline void fuzz_explain(void *ctx, const struct weir_waf_explained *e)
{
	weir_assert(ctx && e->phase >= 1 && e->phase <= 5 && e->outcome[0]);
	weir_assert(e->value.len <= 1024);
}

/* Memory of exactly the piece's size, so that a sanitizer sees a read past it or after it. */
static inline enum weir_waf_verdict feed_piece(struct exchange *x, const struct side *side,
					       struct weir_bytes piece)
{
	uint8_t *copy = malloc(piece.len);
	enum weir_waf_verdict v;
	bool judged;

	if (!copy)
		abort();
	memcpy(copy, piece.ptr, piece.len);
	v = side->feed(x->tx, weir_bytes_of(copy, piece.len), &judged);
	free(copy);
	return v;
}

static inline size_t piece_size(struct exchange *x, size_t len)
{
	size_t n;

	if (!x->pieces)
		return len;
	x->pieces = x->pieces * 6364136223846793005ULL + 1442695040888963407ULL;
	n = 1 + (x->pieces >> 33) % 97;
	return n < len ? n : len;
}

static inline enum weir_waf_verdict take_content(struct exchange *x, const struct side *side,
						 struct weir_bytes content)
{
	enum weir_waf_verdict v = WEIR_WAF_PASS;

	while (content.len && v == WEIR_WAF_PASS && side->mode(x->tx) != WEIR_WAF_BODY_PASS) {
		size_t n = piece_size(x, content.len);

		v = feed_piece(x, side, weir_bytes_of(content.ptr, n));
		content = weir_bytes_of(content.ptr + n, content.len - n);
	}
	return v;
}

/* False: the framing is wrong, and the transaction ends there. */
static inline bool take_body(struct exchange *x, const struct side *side,
			     const struct weir_http_head *head, struct weir_bytes rest)
{
	struct weir_http_body body;
	struct weir_bytes content;

	weir_http_body_init(&body, head, &weir_http_limits_default);
	while (!body.done && rest.len && x->verdict == WEIR_WAF_PASS) {
		ssize_t n = weir_http_body_feed(&body, rest, &content);

		if (n < 0)
			return false;
		x->verdict = take_content(x, side, content);
		rest = weir_bytes_of(rest.ptr + n, rest.len - (size_t)n);
	}
	if (x->verdict == WEIR_WAF_PASS)
		x->verdict = side->end(x->tx);
	return x->verdict == WEIR_WAF_PASS;
}

static inline void take_response(struct exchange *x, const struct weir_http_head *request)
{
	static const struct side side = {weir_waf_response_body, weir_waf_response_body_mode,
					 weir_waf_response_end};
	struct weir_http_header header[HEADERS_MAX];
	struct weir_http_head head;
	ssize_t n = weir_http_response_parse(x->response, &weir_http_limits_default, request,
					     header, &head);
	struct weir_bytes body;

	if (n <= 0)
		return;
	body = weir_bytes_of(x->response.ptr + n, x->response.len - (size_t)n);
	x->verdict = weir_waf_response_head(x->tx, &head);
	if (x->verdict == WEIR_WAF_PASS && x->twice && weir_waf_tx_mark(x->tx)) {
		(void)take_body(x, &side, &head, body);
		weir_waf_tx_rewind(x->tx, FUZZ_NOW);
		x->verdict = WEIR_WAF_PASS;
	}
	if (x->verdict == WEIR_WAF_PASS)
		(void)take_body(x, &side, &head, body);
}

/* False: the request has no head that is good, or there was no memory at all. */
static inline bool exchange_run(struct exchange *x)
{
	static const struct side side = {weir_waf_request_body, weir_waf_request_body_mode,
					 weir_waf_request_end};
	struct weir_waf_begin begin = {.unix_ns = FUZZ_NOW, .id = 42};
	struct weir_http_header header[HEADERS_MAX];
	struct weir_http_head head;
	ssize_t n = weir_http_request_parse(x->request, &weir_http_limits_default, header, &head);

	if (n <= 0)
		return false;
	begin.explain = x->explain ? fuzz_explain : NULL;
	begin.explain_ctx = x;
	x->tx = weir_waf_tx_begin(x->waf, x->worker, 0, &begin);
	if (!x->tx)
		return false;
	x->verdict = weir_waf_request_head(x->tx, &head);
	if (x->verdict == WEIR_WAF_PASS &&
	    take_body(x, &side, &head,
		      weir_bytes_of(x->request.ptr + n, x->request.len - (size_t)n)))
		take_response(x, &head);
	weir_waf_tx_end(x->tx);
	return true;
}

static inline void check_match(const struct weir_waf_match *m)
{
	weir_assert(m->id != 0 && m->rule->id == m->id && m->logged);
	weir_assert(m->phase >= 1 && m->phase <= 5 && m->phase == m->rule->phase);
	weir_assert(m->value.len <= 1024);
	for (size_t i = 0; i < m->data.len; i++)
		weir_assert(m->data.ptr[i] >= 0x20 && m->data.ptr[i] != 0x7f);
}

static inline void check_result(const struct exchange *x, const struct weir_waf_result *r)
{
	weir_assert(r->verdict == x->verdict);
	weir_assert(r->verdict == WEIR_WAF_PASS || r->would == r->verdict);
	weir_assert((r->would == WEIR_WAF_REDIRECT) == (r->location.len != 0));
	weir_assert(r->would == WEIR_WAF_PASS || (r->status >= 300 && r->status <= 599));
	weir_assert(r->phase < 5 && r->n_matches <= 256);
	weir_assert(r->matches_lost == 0 || r->n_matches == 256 || r->verdict == WEIR_WAF_MEMORY ||
		    r->n_matches == 0);
	for (uint32_t i = 0; i < r->n_matches; i++)
		check_match(&r->matches[i]);
}

static inline void exchange_end(struct exchange *x)
{
	uint64_t used, max;

	if (x->tx)
		weir_waf_tx_destroy(x->tx);
	weir_waf_worker_memory(x->worker, &used, &max);
	weir_assert(used == 0);
	weir_waf_worker_destroy(x->worker);
}

#endif
