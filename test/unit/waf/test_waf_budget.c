/* SPDX-License-Identifier: BSD-3-Clause */
/* What becomes of a transaction that needs more time or memory than it may have. */
#include <stdio.h>

#include <weir_waf.h>

#include "waf_test.h"

#define WORKER_BYTES (64ULL << 20)
#define HEADERS      16
#define MS           1000000ULL

/* Slow for values of many 'a': each start reads all that follows, and none is above the limit. */
static const char slow_rules[] =
	"SecRuleEngine On\n"
	"SecRequestBodyAccess On\n"
	"SecRule REQUEST_URI \"@beginsWith /evil\" \"id:1,phase:1,deny,status:403\"\n"
	"SecRule ARGS \"@rx a[^b]*c\" \"id:2,phase:2,deny,status:403\"\n"
	"SecRule ARGS \"@unconditionalMatch\" \"id:3,phase:2,pass,log,msg:'seen'\"\n"
	"SecAction \"id:5,phase:5,pass,log,msg:'end'\"\n";

struct engine {
	struct weir_waf *waf;
	struct weir_waf_worker *worker;
	struct weir_waf_tx *tx;
	struct weir_waf_result result;
};

static void engine_init(struct engine *e, const char *rules, const struct weir_waf_options *o)
{
	const struct weir_waf_worker_cfg cfg = {
		.bytes = WORKER_BYTES, .collection_keys = 16, .seed = 1};
	struct weir_conf_report *report = weir_conf_report_create();
	struct weir_seclang *s = weir_seclang_create();

	ck_assert(weir_seclang_add_text(s, "test.conf", "/", weir_bytes_str(rules), report));
	ck_assert(weir_seclang_finish(s, report));
	*e = (struct engine){.waf = weir_waf_create(s, o, report)};
	ck_assert_ptr_nonnull(e->waf);
	e->worker = weir_waf_worker_create(&cfg);
	ck_assert_ptr_nonnull(e->worker);
	weir_conf_report_destroy(report);
}

static void engine_fini(struct engine *e)
{
	uint64_t used, most;

	weir_waf_tx_destroy(e->tx);
	weir_waf_worker_memory(e->worker, &used, &most);
	ck_assert_uint_eq(used, 0);
	weir_waf_worker_destroy(e->worker);
	weir_waf_destroy(e->waf);
}

/* A form of `body` through all phases; what came of it is in e->result. */
static void judge(struct engine *e, struct weir_bytes body)
{
	const struct weir_waf_begin begin = {.id = 1};
	struct weir_http_header headers[HEADERS];
	struct weir_http_limits limits = weir_http_limits_default;
	struct weir_http_head head;
	bool judged;
	char text[256];

	limits.headers = HEADERS;
	snprintf(text, sizeof(text),
		 "POST /a HTTP/1.1\r\nHost: a.example\r\nContent-Length: %zu\r\n"
		 "Content-Type: application/x-www-form-urlencoded\r\n\r\n",
		 body.len);
	ck_assert_int_gt(weir_http_request_parse(weir_bytes_str(text), &limits, headers, &head), 0);
	e->tx = weir_waf_tx_begin(e->waf, e->worker, 0, &begin);
	ck_assert_ptr_nonnull(e->tx);
	if (weir_waf_request_head(e->tx, &head) == WEIR_WAF_PASS &&
	    weir_waf_request_body(e->tx, body, &judged) == WEIR_WAF_PASS)
		(void)!weir_waf_request_end(e->tx);
	weir_waf_tx_end(e->tx);
	weir_waf_tx_result(e->tx, &e->result);
}

static bool matched(const struct engine *e, uint32_t id)
{
	for (uint32_t i = 0; i < e->result.n_matches; i++)
		if (e->result.matches[i].id == id)
			return true;
	return false;
}

/* "x=" and `n` bytes of `c`. */
static struct weir_bytes form_of(uint8_t c, size_t n)
{
	uint8_t *at = malloc(n + 2);

	memset(at, c, n + 2);
	memcpy(at, "x=", 2);
	return weir_bytes_of(at, n + 2);
}

static void free_form(struct weir_bytes form)
{
	free((void *)(uintptr_t)form.ptr);
}

/* ---- time ---- */

static struct weir_bytes slow_form(void)
{
	struct weir_bytes form = form_of('a', 256 << 10);

	/* At the end, so that what the expression needs is there, but out of its reach. */
	((uint8_t *)(uintptr_t)form.ptr)[form.len - 2] = 'b';
	((uint8_t *)(uintptr_t)form.ptr)[form.len - 1] = 'c';
	return form;
}

START_TEST(what_takes_too_long_is_refused)
{
	const struct weir_waf_options o = {.budget_ns = 20 * MS, .request_body_limit = 8 << 20};
	struct weir_bytes form = slow_form();
	struct engine e;

	engine_init(&e, slow_rules, &o);
	judge(&e, form);
	ck_assert_int_eq(e.result.verdict, WEIR_WAF_BUDGET);
	ck_assert_int_eq(e.result.would, WEIR_WAF_BUDGET);
	ck_assert_uint_eq(e.result.status, 503);
	ck_assert_uint_eq(e.result.phase, 2);
	ck_assert(!matched(&e, 3));
	ck_assert(matched(&e, 5)); /* phase 5 has a budget of its own */
	engine_fini(&e);
	free_form(form);
}
END_TEST

START_TEST(in_detect_mode_it_is_told_and_ends_as_well)
{
	const struct weir_waf_options o = {
		.budget_ns = 20 * MS, .request_body_limit = 8 << 20, .mode = WEIR_WAF_DETECT};
	struct weir_bytes form = slow_form();
	struct engine e;

	engine_init(&e, slow_rules, &o);
	judge(&e, form);
	ck_assert_int_eq(e.result.verdict, WEIR_WAF_PASS);
	ck_assert_int_eq(e.result.would, WEIR_WAF_BUDGET);
	ck_assert_uint_eq(e.result.phase, 2);
	ck_assert(!matched(&e, 3));
	engine_fini(&e);
	free_form(form);
}
END_TEST

/* However little there is, what was not screened is not taken for harmless. */
START_TEST(no_time_at_all_lets_nothing_pass)
{
	static const uint64_t budgets[] = {1, 100, 1000, 3000, 10000, 30000};
	struct weir_bytes form = form_of('&', 4000);

	for (size_t i = 0; i < 400; i++)
		memcpy((uint8_t *)(uintptr_t)form.ptr + 2 + 10 * i, "a=%41Bbc&x", 10);
	for (size_t i = 0; i < WEIR_ARRAY_LEN(budgets); i++) {
		const struct weir_waf_options o = {.budget_ns = budgets[i]};
		struct engine e;

		engine_init(&e,
			    "SecRuleEngine On\nSecRequestBodyAccess On\n"
			    "SecRule ARGS \"@rx abbc\" \"id:1,phase:2,deny,status:403,"
			    "t:urlDecodeUni,t:lowercase\"\n",
			    &o);
		judge(&e, form);
		ck_assert(e.result.verdict == WEIR_WAF_BUDGET || e.result.verdict == WEIR_WAF_DENY);
		engine_fini(&e);
	}
	free_form(form);
}
END_TEST

START_TEST(a_generous_budget_changes_nothing)
{
	const struct weir_waf_options o = {.budget_ns = 60000 * MS};
	struct weir_bytes form = form_of('a', 10000);
	struct engine e;

	engine_init(&e, slow_rules, &o);
	judge(&e, form);
	ck_assert_int_eq(e.result.would, WEIR_WAF_PASS);
	ck_assert(matched(&e, 3));
	weir_waf_tx_destroy(e.tx);
	((uint8_t *)(uintptr_t)form.ptr)[form.len - 1] = 'c';
	judge(&e, form);
	ck_assert_int_eq(e.result.verdict, WEIR_WAF_DENY);
	ck_assert_uint_eq(e.result.rule, 2);
	engine_fini(&e);
	free_form(form);
}
END_TEST

/* ---- memory ---- */

static const char wide_rules[] =
	"SecRuleEngine On\nSecRequestBodyAccess On\nSecArgumentsLimit 100000\n"
	"SecRule ARGS|ARGS_NAMES \"@rx '.*or\" \"id:1,phase:2,deny,status:403,t:none,"
	"t:urlDecodeUni,t:hexEncode\"\n";

static const struct memory_row {
	uint64_t tx_bytes;
	size_t arguments;
	enum weir_waf_verdict verdict;
} memory_rows[] = {
	{128 << 10, 4, WEIR_WAF_PASS},    {128 << 10, 20000, WEIR_WAF_MEMORY},
	{0, 1000, WEIR_WAF_PASS},         {0, 60000, WEIR_WAF_MEMORY},
	{64 << 20, 10000, WEIR_WAF_PASS},
};

START_TEST(what_needs_too_much_memory_is_refused)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(memory_rows); i++) {
		const struct memory_row *row = &memory_rows[i];
		const struct weir_waf_options o = {.tx_bytes = row->tx_bytes};
		struct weir_bytes form = form_of('&', 4 * row->arguments);
		uint64_t used, most;
		struct engine e;

		for (size_t k = 0; k < row->arguments; k++)
			memcpy((uint8_t *)(uintptr_t)form.ptr + 2 + 4 * k, "a=b&", 4);
		engine_init(&e, wide_rules, &o);
		judge(&e, form);
		ck_assert_int_eq(e.result.verdict, row->verdict);
		ck_assert_uint_eq(e.result.status, row->verdict == WEIR_WAF_MEMORY ? 503 : 0);
		weir_waf_worker_memory(e.worker, &used, &most);
		/* Blocks are powers of two. */
		ck_assert_uint_le(used, 2 * ((row->tx_bytes ? row->tx_bytes : WEIR_WAF_TX_BYTES) +
					     (WEIR_WAF_BODY_TIMES + 1) * 2 * form.len + 65536));
		engine_fini(&e);
		free_form(form);
	}
}
END_TEST

START_TEST(memory_grows_with_the_body)
{
	const struct weir_waf_options o = {.tx_bytes = 128 << 10, .request_body_limit = 8 << 20};
	struct weir_bytes form = form_of('b', 4 << 20);
	struct engine e;

	engine_init(&e, wide_rules, &o);
	judge(&e, form);
	ck_assert_int_eq(e.result.verdict, WEIR_WAF_PASS);
	engine_fini(&e);
	free_form(form);
}
END_TEST

Suite *waf_budget_suite(void)
{
	return WEIR_SUITE("waf budget", what_takes_too_long_is_refused,
			  in_detect_mode_it_is_told_and_ends_as_well,
			  no_time_at_all_lets_nothing_pass, a_generous_budget_changes_nothing,
			  what_needs_too_much_memory_is_refused, memory_grows_with_the_body);
}
