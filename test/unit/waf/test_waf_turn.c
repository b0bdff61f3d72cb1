/* SPDX-License-Identifier: BSD-3-Clause */
/* Large bodies in several calls: the same comes of them, whoever is judged between. */
#include <stdio.h>

#include <weir_waf.h>

#include "waf_test.h"

#define MS      1000000ULL
#define HEADERS 16
#define BODY    (1u << 20)

/* Each argument is transformed, screened and asked, and the body as a whole. */
static const char rules[] =
	"SecRuleEngine On\nSecRequestBodyAccess On\nSecArgumentsLimit 100000\n"
	"SecRequestBodyJsonDepthLimit 1000\n"
	"SecRule REQBODY_ERROR \"!@eq 0\" \"id:9,phase:2,deny,status:400\"\n"
	"SecRule ARGS \"@rx (?i)union.{1,20}select\" \"id:1,phase:2,deny,status:403,"
	"t:none,t:urlDecodeUni,t:lowercase\"\n"
	"SecRule ARGS \"@rx o[^b]*a\" "
	"\"id:2,phase:2,pass,log,msg:'seen',t:none,t:htmlEntityDecode\"\n"
	"SecRule ARGS|ARGS_NAMES \"@detectXSS\" \"id:3,phase:2,deny,status:403\"\n"
	"SecRule REQUEST_BODY \"@contains of which there is none\" \"id:4,phase:2,deny\"\n"
	"SecAction \"id:5,phase:5,pass,log,msg:'end'\"\n";

struct engine {
	struct weir_waf *waf;
	struct weir_waf_worker *worker;
};

static void engine_init(struct engine *e, uint64_t budget_ns, unsigned int turns)
{
	const struct weir_waf_options o = {
		.budget_ns = budget_ns, .request_body_limit = 2 * BODY, .tx_bytes = 64 << 20};
	const struct weir_waf_worker_cfg cfg = {
		.bytes = 256ULL << 20, .collection_keys = 16, .turns = turns, .seed = 1};
	struct weir_conf_report *report = weir_conf_report_create();
	struct weir_seclang *s = weir_seclang_create();

	ck_assert(weir_seclang_add_text(s, "test.conf", "/", weir_bytes_str(rules), report));
	ck_assert(weir_seclang_finish(s, report));
	e->waf = weir_waf_create(s, &o, report);
	ck_assert_ptr_nonnull(e->waf);
	e->worker = weir_waf_worker_create(&cfg);
	ck_assert_ptr_nonnull(e->worker);
	weir_conf_report_destroy(report);
}

static void engine_fini(struct engine *e)
{
	uint64_t used, most;

	weir_waf_worker_memory(e->worker, &used, &most);
	ck_assert_uint_eq(used, 0);
	weir_waf_worker_destroy(e->worker);
	weir_waf_destroy(e->waf);
}

/* A transaction whose body has been given; phase 2 is to come. */
static struct weir_waf_tx *begin(struct engine *e, const char *type, struct weir_bytes body)
{
	const struct weir_waf_begin b = {.id = 1};
	struct weir_http_header headers[HEADERS];
	struct weir_http_limits limits = weir_http_limits_default;
	struct weir_http_head head;
	struct weir_waf_tx *tx;
	char text[256];
	bool judged;

	limits.headers = HEADERS;
	snprintf(text, sizeof(text),
		 "POST /a HTTP/1.1\r\nHost: a.example\r\nContent-Length: %zu\r\n"
		 "Content-Type: %s\r\n\r\n",
		 body.len, type);
	ck_assert_int_gt(weir_http_request_parse(weir_bytes_str(text), &limits, headers, &head), 0);
	tx = weir_waf_tx_begin(e->waf, e->worker, 0, &b);
	ck_assert_ptr_nonnull(tx);
	ck_assert_int_eq(weir_waf_request_head(tx, &head), WEIR_WAF_PASS);
	ck_assert_int_eq(weir_waf_request_body(tx, body, &judged), WEIR_WAF_PASS);
	return tx;
}

/* Ends it; what came of it, as text, in `out`. */
static void finish(struct weir_waf_tx *tx, char out[64])
{
	struct weir_waf_result r;
	size_t n;

	weir_waf_tx_end(tx);
	weir_waf_tx_result(tx, &r);
	n = (size_t)snprintf(out, 64, "%s %u %u:", weir_waf_verdict_name(r.would), r.status,
			     r.rule);
	for (uint32_t i = 0; i < r.n_matches; i++)
		n += (size_t)snprintf(out + n, 64 - n, " %u", r.matches[i].id);
	weir_waf_tx_destroy(tx);
}

/* ---- bodies ---- */

#define FORM "application/x-www-form-urlencoded"
#define ARGUMENTS                                                                     \
	"a=one+two%20three+and+so+on+until+there+is+no+more+of+them+that+has+a+name&" \
	"bob=four+days+after+that+and+many+words+later+it+was+still+the+same&amp;&"

static const struct body_row {
	const char *type, *unit, *tail, *wanted;
} body_rows[] = {
	{FORM, ARGUMENTS, "x=1", "pass 0 0: 2 5"},
	{FORM, ARGUMENTS, "x=union+all+select+1", "deny 403 1: 1 5"},
	{FORM, "some words that are all of one value ", "&b=union+all+select", "deny 403 1: 1 5"},
	{FORM, "&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&", "x=union+all+select", "deny 403 1: 1 5"},
};

static struct weir_bytes fill(const struct body_row *row)
{
	size_t unit = strlen(row->unit), tail = strlen(row->tail);
	uint8_t *at = malloc(BODY + unit + tail);
	size_t n = 0;

	while (n < BODY) {
		memcpy(at + n, row->unit, unit);
		n += unit;
	}
	memcpy(at + n, row->tail, tail);
	return weir_bytes_of(at, n + tail);
}

static void free_body(struct weir_bytes body)
{
	free((void *)(uintptr_t)body.ptr);
}

static enum weir_waf_verdict judge(struct weir_waf_tx *tx, unsigned int *calls)
{
	enum weir_waf_verdict v;

	for (*calls = 1; (v = weir_waf_request_end(tx)) == WEIR_WAF_MORE; ++*calls)
		ck_assert_uint_lt(*calls, 100000);
	return v;
}

static void finish_one(struct engine *e, const struct body_row *row, struct weir_bytes body,
		       char text[64], unsigned int *calls)
{
	struct weir_waf_tx *tx = begin(e, row->type, body);

	(void)judge(tx, calls);
	finish(tx, text);
}

/* ---- tests ---- */

START_TEST(in_many_calls_the_same_comes_of_it)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(body_rows); i++) {
		struct weir_bytes body = fill(&body_rows[i]);
		unsigned int calls;
		char text[64];
		struct engine e;

		engine_init(&e, 0, 0);
		finish_one(&e, &body_rows[i], body, text, &calls);
		ck_assert_str_eq(text, body_rows[i].wanted);
		ck_assert_uint_eq(calls, 1);
		engine_fini(&e);
		/* A call is long enough for any one step, sanitized ones too. */
		engine_init(&e, MS / 2, 1);
		finish_one(&e, &body_rows[i], body, text, &calls);
		ck_assert_str_eq(text, body_rows[i].wanted);
		ck_assert_uint_gt(calls, 1);
		engine_fini(&e);
		free_body(body);
	}
}
END_TEST

#define TOGETHER 5

/* Each step of one may lie between any two of another. */
START_TEST(transactions_that_are_judged_by_turns_do_not_see_each_other)
{
	struct weir_waf_tx *tx[TOGETHER];
	struct weir_bytes body[TOGETHER];
	unsigned int left = TOGETHER;
	bool done[TOGETHER] = {false};
	struct engine e;

	engine_init(&e, MS / 2, TOGETHER - 1); /* one has to wait for its stack */
	for (unsigned int i = 0; i < TOGETHER; i++) {
		const struct body_row *row = &body_rows[i % WEIR_ARRAY_LEN(body_rows)];

		body[i] = fill(row);
		tx[i] = begin(&e, row->type, body[i]);
	}
	for (unsigned int turn = 0; left; turn++) {
		unsigned int i = turn % TOGETHER;

		if (done[i] || weir_waf_request_end(tx[i]) == WEIR_WAF_MORE)
			continue;
		done[i] = true;
		left--;
	}
	for (unsigned int i = 0; i < TOGETHER; i++) {
		char text[64];

		finish(tx[i], text);
		ck_assert_str_eq(text, body_rows[i % WEIR_ARRAY_LEN(body_rows)].wanted);
		free_body(body[i]);
	}
	engine_fini(&e);
}
END_TEST

/* Before it has begun, in the middle, and while it waits for a stack. */
START_TEST(what_nobody_waits_for_any_more_ends_at_once)
{
	const struct body_row *row = &body_rows[0];
	struct weir_bytes body = fill(row);
	struct weir_waf_tx *tx[3];
	struct weir_waf_result r;
	struct engine e;

	engine_init(&e, MS / 2, 1);
	for (unsigned int i = 0; i < 3; i++)
		tx[i] = begin(&e, row->type, body);
	ck_assert_int_eq(weir_waf_request_end(tx[0]), WEIR_WAF_MORE);
	ck_assert_int_eq(weir_waf_request_end(tx[0]), WEIR_WAF_MORE);
	ck_assert_int_eq(weir_waf_request_end(tx[1]), WEIR_WAF_MORE);
	weir_waf_tx_end(tx[0]); /* phase 5 runs all the same */
	weir_waf_tx_result(tx[0], &r);
	ck_assert_int_eq(r.would, WEIR_WAF_PASS);
	ck_assert_uint_eq(r.matches[r.n_matches - 1].id, 5);
	ck_assert_int_eq(weir_waf_request_end(tx[1]), WEIR_WAF_MORE); /* it has the stack now */
	for (unsigned int i = 0; i < 3; i++)
		weir_waf_tx_destroy(tx[i]);
	engine_fini(&e);
	free_body(body);
}
END_TEST

/* Each start reads all that follows: that is more than its bytes are worth. */
START_TEST(what_costs_more_than_its_bytes_are_worth_is_refused)
{
	static const struct body_row row = {FORM, "ooooooooooooooooooooooo", "oo", NULL};
	struct weir_bytes body = fill(&row);
	struct weir_waf_tx *tx;
	unsigned int calls;
	struct engine e;
	char text[64];

	memset((uint8_t *)(uintptr_t)body.ptr + 1, '=', 1);
	memset((uint8_t *)(uintptr_t)body.ptr + 2, 'a', 1);
	engine_init(&e, MS, 1);
	tx = begin(&e, row.type, body);
	ck_assert_int_eq(judge(tx, &calls), WEIR_WAF_BUDGET);
	ck_assert_uint_gt(calls, 1);
	ck_assert_uint_le(calls, 1 + body.len / 8192);
	finish(tx, text);
	ck_assert_str_eq(text, "budget 503 2: 5");
	engine_fini(&e);
	free_body(body);
}
END_TEST

Suite *waf_turn_suite(void)
{
	return WEIR_SUITE("waf turn", in_many_calls_the_same_comes_of_it,
			  transactions_that_are_judged_by_turns_do_not_see_each_other,
			  what_nobody_waits_for_any_more_ends_at_once,
			  what_costs_more_than_its_bytes_are_worth_is_refused);
}
