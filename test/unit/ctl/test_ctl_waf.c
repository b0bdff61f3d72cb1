/* SPDX-License-Identifier: BSD-3-Clause */
/* Programs in status, metrics and reload; the rules' numbers after real requests; transactions. */
#include "fixture.h"

#include <weir_http.h>
#include <weir_test.h>
#include <weir_waf.h>

#include <time.h>

#define POLICY                                                                          \
	"kind: Defaults\nspec: { unmatched: allow }\n---\n"                             \
	"kind: Service\nmetadata: { name: shop }\n"                                     \
	"spec: { addresses: 10.0.0.1, ports: 80, protocol: http }\n---\n"               \
	"kind: Service\nmetadata: { name: idle }\n"                                     \
	"spec: { addresses: 10.0.0.2, ports: 80, protocol: http }\n---\n"               \
	"kind: ThreatPolicy\nmetadata: { name: guard }\n"                               \
	"spec: { services: all, mode: enforce, rules: { crs: [ rules.conf ] } }\n---\n" \
	"kind: ThreatPolicy\nmetadata: { name: spare }\n"                               \
	"spec: { services: idle, mode: off }\n"
#define RULES                                                                            \
	"SecRule REQUEST_METHOD \"@streq PUT\" \"id:101,phase:1,pass,msg:'a method'\"\n" \
	"SecRule ARGS \"@contains evil\" \"id:102,phase:1,deny,msg:'an argument'\"\n"

static json_t *reload_with(struct fixture *f, const char *rules)
{
	fixture_write(f, "policy.yaml", POLICY);
	fixture_write(f, "rules.conf", rules);
	return ask(f, "{\"cmd\":\"reload\"}");
}

static void reload(struct fixture *f)
{
	json_t *answer = reload_with(f, RULES);
	const json_t *waf = json_object_get(answer, "waf");

	ck_assert(json_is_true(json_object_get(answer, "ok")));
	ck_assert_int_eq(int_of(waf, "programs"), 1);
	ck_assert_int_ge(int_of(waf, "rules"), 2);
	ck_assert(json_is_boolean(json_object_get(waf, "cached")));
	ck_assert(json_is_integer(json_object_get(waf, "load_ms")));
	json_decref(answer);
}

START_TEST(status_names_the_program_of_each_threat_policy)
{
	struct fixture *f = fixture_create();
	json_t *answer, *programs;

	reload(f);
	answer = ask(f, "{\"cmd\":\"status\"}");
	programs = json_object_get(json_object_get(answer, "generation"), "waf");
	ck_assert_uint_eq(json_array_size(programs), 2);
	ck_assert_str_eq(text_of(json_array_get(programs, 0), "policy"), "guard");
	ck_assert_str_eq(text_of(json_array_get(programs, 0), "mode"), "enforce");
	ck_assert_int_ge(int_of(json_array_get(programs, 0), "rules"), 2);
	ck_assert_int_gt(int_of(json_array_get(programs, 0), "bytes"), 0);
	ck_assert_str_eq(text_of(json_array_get(programs, 1), "mode"), "off");
	ck_assert_ptr_null(json_object_get(json_array_get(programs, 1), "rules"));
	json_decref(answer);
	fixture_destroy(f);
}
END_TEST

START_TEST(a_bad_rule_is_named_with_its_place_and_changes_nothing)
{
	struct fixture *f = fixture_create();
	json_t *answer = reload_with(f, "SecRule ARGS \"@contains x\" \"id:1\"\nSecNonsense On\n");
	const json_t *report = json_object_get(answer, "report");

	ck_assert(json_is_false(json_object_get(answer, "ok")));
	ck_assert_str_eq(text_of(answer, "error"), "not loaded, generation 1 stays: 2 errors");
	ck_assert_uint_eq(json_array_size(report), 2);
	ck_assert_ptr_nonnull(
		strstr(json_string_value(json_array_get(report, 0)), "/rules.conf:2:1: error: "));
	ck_assert_ptr_nonnull(strstr(json_string_value(json_array_get(report, 1)),
				     "/policy.yaml:13:19: error: the rules of ThreatPolicy 'guard' "
				     "cannot be used"));
	ck_assert_uint_eq(f->path.generation->number, 1);
	ck_assert_ptr_null(f->path.generation->programs);
	json_decref(answer);
	fixture_destroy(f);
}
END_TEST

START_TEST(the_metrics_have_what_programs_take)
{
	struct fixture *f = fixture_create();
	struct weir_buf out = {0};

	reload(f);
	weir_ctl_metrics(f->ctl, &out);
	ck_assert_ptr_nonnull(strstr(out.ptr, "\nweir_policy_services 2\n"));
	ck_assert_ptr_nonnull(strstr(out.ptr, "\nweir_policy_threats 2\n"));
	ck_assert_ptr_nonnull(strstr(out.ptr, "\nweir_waf_programs 1\n"));
	ck_assert_ptr_nonnull(strstr(out.ptr, "\nweir_waf_rules "));
	ck_assert_ptr_null(strstr(out.ptr, "\nweir_waf_bytes 0\n"));
	weir_buf_fini(&out);
	fixture_destroy(f);
}
END_TEST

/* ---- rules ---- */

static void run_request(struct weir_waf *waf, struct weir_waf_worker *worker, const char *text)
{
	struct weir_http_header headers[128];
	struct weir_http_head head;
	struct weir_waf_begin begin = {.id = 1};
	struct weir_waf_tx *tx = weir_waf_tx_begin(waf, worker, 0, &begin);

	ck_assert_ptr_nonnull(tx);
	ck_assert_int_gt(weir_http_request_parse(weir_bytes_str(text), &weir_http_limits_default,
						 headers, &head),
			 0);
	if (weir_waf_request_head(tx, &head) == WEIR_WAF_PASS)
		ck_assert_uint_eq(weir_waf_request_end(tx), WEIR_WAF_PASS);
	weir_waf_tx_end(tx);
	weir_waf_tx_destroy(tx);
}

static void run_requests(struct fixture *f)
{
	static const char *const requests[] = {
		"PUT /?a=b HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET /?a=evil HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET /?a=evil HTTP/1.1\r\nHost: a\r\n\r\n",
	};
	struct weir_waf *waf = weir_programs_at(f->path.generation->programs, 0)->waf;
	struct weir_waf_worker_cfg cfg = {.bytes = 1 << 20};
	struct weir_waf_worker *worker = weir_waf_worker_create(&cfg);

	ck_assert_ptr_nonnull(worker);
	for (size_t i = 0; i < WEIR_ARRAY_LEN(requests); i++)
		run_request(waf, worker, requests[i]);
	weir_waf_worker_destroy(worker);
}

START_TEST(rules_are_told_by_hits_or_time)
{
	struct fixture *f = fixture_create();
	json_t *answer, *rules;

	reload(f);
	run_requests(f);
	answer = ask(f, "{\"cmd\":\"rules\",\"view\":\"top\",\"count\":2}");
	rules = json_object_get(answer, "rules");
	ck_assert_int_ge(int_of(answer, "total"), 2);
	ck_assert_uint_eq(json_array_size(rules), 2);
	ck_assert_int_eq(int_of(json_array_get(rules, 0), "id"), 102);
	ck_assert_int_eq(int_of(json_array_get(rules, 0), "hits"), 2);
	ck_assert_str_eq(text_of(json_array_get(rules, 0), "msg"), "an argument");
	ck_assert_str_eq(text_of(json_array_get(rules, 0), "policy"), "guard");
	ck_assert_int_eq(int_of(json_array_get(rules, 1), "id"), 101);
	ck_assert_int_eq(int_of(json_array_get(rules, 1), "hits"), 1);
	json_decref(answer);
	answer = ask(f, "{\"cmd\":\"rules\",\"by\":\"time\"}");
	rules = json_object_get(answer, "rules");
	for (size_t i = 1; i < json_array_size(rules); i++)
		ck_assert_int_ge(int_of(json_array_get(rules, i - 1), "time_us"),
				 int_of(json_array_get(rules, i), "time_us"));
	json_decref(answer);
	fixture_destroy(f);
}
END_TEST

START_TEST(bad_questions_are_refused)
{
	struct fixture *f = fixture_create();

	ask_refused(f, "{\"cmd\":\"rules\",\"by\":\"name\"}", "by: hits or time is wanted");
	ask_refused(f, "{\"cmd\":\"rules\",\"by\":7}", "by: hits or time is wanted");
	ask_refused(f, "{\"cmd\":\"rules\",\"view\":\"all\"}", "view: top is all there is");
	ask_refused(f, "{\"cmd\":\"rules\",\"count\":0}",
		    "count: a whole number from 1 to 100000 is wanted");
	ask_refused(f, "{\"cmd\":\"tx\",\"denied\":1}", "denied: true or false is wanted");
	ask_refused(f, "{\"cmd\":\"tx\",\"count\":1001}",
		    "count: a whole number from 1 to 1000 is wanted");
	fixture_destroy(f);
}
END_TEST

/* ---- transactions ---- */

static void post_others(struct fixture *f)
{
	struct weir_event e = {.type = WEIR_EVENT_DECISION};

	ck_assert(weir_event_post(f->ring, &e));
}

/* Every third is refused, every third but one would be, and others lack their ends. */
static void post_transactions(struct fixture *f, struct weir_event_store *store, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		struct weir_event e = {.type = WEIR_EVENT_HTTP,
				       .http = weir_event_http_take(store)};

		ck_assert_ptr_nonnull(e.http);
		e.http->tx_id = i;
		if (i % 3 == 0)
			e.http->verdict = e.http->would = WEIR_WAF_DENY;
		if (i % 3 == 1)
			e.http->would = WEIR_WAF_DENY;
		if (i % 3 == 2) {
			e.http->bad = "CUT";
			e.http->cut = true;
		}
		ck_assert(weir_event_post(f->ring, &e));
		post_others(f);
	}
	while (weir_event_writer_stats(f->writer).records < 2 * n)
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

static void check_tx(struct fixture *f, const char *request, const unsigned int *ids, size_t n)
{
	json_t *answer = ask(f, request), *all = json_object_get(answer, "transactions");

	ck_assert_uint_eq(json_array_size(all), n);
	for (size_t i = 0; i < n; i++)
		ck_assert_int_eq(int_of(json_array_get(all, i), "tx_id"), ids[i]);
	json_decref(answer);
}

START_TEST(transactions_are_the_newest_that_are_wanted)
{
	struct fixture *f = fixture_create();
	struct weir_event_store *store = weir_event_store_create("ctl_waf", 32);

	ck_assert_ptr_nonnull(store);
	check_tx(f, "{\"cmd\":\"tx\"}", NULL, 0);
	post_transactions(f, store, 9);
	check_tx(f, "{\"cmd\":\"tx\"}", (unsigned int[]){0, 1, 2, 3, 4, 5, 6, 7, 8}, 9);
	check_tx(f, "{\"cmd\":\"tx\",\"count\":2}", (unsigned int[]){7, 8}, 2);
	check_tx(f, "{\"cmd\":\"tx\",\"denied\":true}", (unsigned int[]){0, 1, 3, 4, 6, 7}, 6);
	check_tx(f, "{\"cmd\":\"tx\",\"denied\":true,\"count\":3}", (unsigned int[]){4, 6, 7}, 3);
	fixture_destroy(f);
	weir_event_store_destroy(store);
}
END_TEST

Suite *ctl_waf_suite(void)
{
	return WEIR_SUITE("ctl waf", status_names_the_program_of_each_threat_policy,
			  a_bad_rule_is_named_with_its_place_and_changes_nothing,
			  the_metrics_have_what_programs_take, rules_are_told_by_hits_or_time,
			  bad_questions_are_refused, transactions_are_the_newest_that_are_wanted);
}
