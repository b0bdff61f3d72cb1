/* SPDX-License-Identifier: BSD-3-Clause */
#include "random_rules.h"
#include "waf_lab.h"
#include "waf_test.h"

#include <stdio.h>

#define SHOW(b) (int)(b).len, (const char *)(b).ptr

static void tell(const char *who, const struct weir_waf_match *m)
{
	fprintf(stderr, "%s: %u %.*s \"%.*s\" data \"%.*s\"\n", who, m->id, SHOW(m->target),
		SHOW(m->value), SHOW(m->data));
}

static bool same(const struct weir_waf_match *with, const struct weir_waf_match *without)
{
	bool equal = with->id == without->id && weir_bytes_equal(with->target, without->target) &&
		     weir_bytes_equal(with->value, without->value) &&
		     weir_bytes_equal(with->data, without->data);

	if (!equal) {
		tell("with a prefilter", with);
		tell("without", without);
	}
	return equal;
}

static void take(struct waf_lab *lab, const struct weir_buf *head, const struct weir_buf *body)
{
	if (lab_request_head(lab, head->ptr) == WEIR_WAF_PASS)
		(void)lab_request_body(lab, weir_bytes_of(body->ptr, body->len));
	lab_end(lab);
}

static void compare(struct waf_lab *with, struct waf_lab *without, const char *rules,
		    uint64_t *seed)
{
	struct weir_buf head = {0}, body = {0};
	bool equal;

	random_request(&head, &body, seed);
	take(with, &head, &body);
	take(without, &head, &body);
	equal = with->result.n_matches == without->result.n_matches;
	for (uint32_t i = 0; equal && i < with->result.n_matches; i++)
		equal = same(&with->result.matches[i], &without->result.matches[i]);
	if (!equal) {
		fprintf(stderr, "%s%s%s\nwithout a prefilter %s\n", rules, head.ptr, body.ptr,
			lab_ids(without));
		ck_abort_msg("with one %s", lab_ids(with));
	}
	weir_buf_fini(&head);
	weir_buf_fini(&body);
}

static void compare_program(unsigned int n_rules, unsigned int n_requests, uint64_t seed)
{
	static const struct weir_waf_options without = {.no_prefilter = true};
	struct weir_buf rules = {0};
	struct waf_lab a, b;
	struct weir_waf_info info;

	random_rules(&rules, n_rules, &seed);
	lab_init(&a, rules.ptr);
	lab_init_options(&b, rules.ptr, &without);
	weir_waf_info(a.waf, &info);
	ck_assert_uint_gt(info.prefiltered, n_rules / 20);
	weir_waf_info(b.waf, &info);
	ck_assert_uint_eq(info.prefiltered, 0);
	for (unsigned int i = 0; i < n_requests; i++)
		compare(&a, &b, rules.ptr, &seed);
	lab_fini(&a);
	lab_fini(&b);
	weir_buf_fini(&rules);
}

START_TEST(a_prefilter_changes_nothing_of_what_small_rule_sets_match)
{
	for (uint64_t seed = 1; seed <= 100; seed++)
		compare_program(12, 60, seed * 7919);
}
END_TEST

/* Chains of more than 64 nodes: sets of them have several words. */
START_TEST(a_prefilter_changes_nothing_of_what_large_rule_sets_match)
{
	for (uint64_t seed = 1; seed <= 5; seed++)
		compare_program(120, 250, seed * 104729);
}
END_TEST

/* There are 512 slots: rules beyond them are asked always. */
START_TEST(rules_beyond_the_slots_are_asked_always)
{
	struct weir_waf_info info;
	struct weir_buf rules = {0};
	struct waf_lab lab;

	for (unsigned int i = 0; i < WAF_SLOTS + 40; i++)
		weir_buf_printf(&rules, "SecRule ARGS '@streq word%u' 'id:%u,phase:2,pass'\n", i,
				i + 1);
	lab_init(&lab, rules.ptr);
	weir_waf_info(lab.waf, &info);
	ck_assert_uint_eq(info.prefiltered, WAF_SLOTS);
	ck_assert_str_eq(lab_get(&lab, "/?a=word0&b=word511&c=word512&d=word551&e=word552"),
			 "1 512 513 552");
	lab_fini(&lab);
	weir_buf_fini(&rules);
}
END_TEST

START_TEST(a_literal_is_found_in_its_value_and_not_across_two)
{
	static const struct lab_row rows[] = {
		{"SecRule ARGS '@contains select' 'id:1,phase:2,pass'\n", "/?a=sel&b=ect", ""},
		{"SecRule ARGS '@contains select' 'id:1,phase:2,pass'\n", "/?a=&b=select&c=", "1"},
		{"SecRule ARGS '@contains select' 'id:1,phase:2,pass'\n", "/?a=xselect&b=", "1"},
		{"SecRule ARGS_NAMES '@contains select' 'id:1,phase:2,pass'\n", "/?a=select", ""},
		{"SecRule ARGS_NAMES '@contains select' 'id:1,phase:2,pass'\n", "/?select=a", "1"},
		/* after a transformation, and in another case */
		{"SecRule ARGS '@contains select' 'id:1,phase:2,pass,t:lowercase'\n", "/?a=SeLeCt",
		 "1"},
		{"SecRule ARGS '@contains select' 'id:1,phase:2,pass'\n", "/?a=SeLeCt", ""},
		{"SecRule ARGS '@contains select' 'id:1,phase:2,pass,t:urlDecode,t:lowercase'\n",
		 "/?a=%2553ELECT", "1"},
		/* one byte alone is looked for by class */
		{"SecRule ARGS '@contains <' 'id:1,phase:2,pass'\n", "/?a=b%3c", "1"},
		{"SecRule ARGS '@pm a' 'id:1,phase:2,pass'\n", "/?q=A", "1"},
		{"SecRule ARGS '@pm a' 'id:1,phase:2,pass'\n", "/?a=q", ""},
	};

	lab_rows(rows, WEIR_ARRAY_LEN(rows));
}
END_TEST

#define MARK "%1e"

/* Values stand behind one another where they are scanned, with a mark between. */
START_TEST(where_a_value_begins_and_ends_is_known)
{
#define BEGINS "SecRule ARGS '@rx ^(?:;|cat)' 'id:1,phase:2,pass'\n"
#define ENDS   "SecRule ARGS '@rx (?:;|cat)$' 'id:2,phase:2,pass'\n"
#define WHOLE  "SecRule ARGS '@rx ^cat$' 'id:3,phase:2,pass'\n"
#define ALL    BEGINS ENDS WHOLE "SecRule ARGS '@rx ^$' 'id:4,phase:2,pass'\n"
	static const struct lab_row rows[] = {
		{ALL, "/?a=cats&b=x", "1"},
		{ALL, "/?a=x&b=scat", "2"},
		{ALL, "/?a=x&b=cat&c=x", "1 2 3"},
		{ALL, "/?a=xcats&b=sca&c=ts", ""},
		{ALL, "/?a=c&b=at&c=ca&d=t", ""},
		{ALL, "/?a=&b=x", "4"},
		{ALL, "/?a=&b=cat", "1 2 3 4"},
		/* a value that has the mark is asked about, and that is all */
		{ALL, "/?a=x" MARK "cat" MARK "x", ""},
		{ALL, "/?a=" MARK "cat", "2"},
		{ALL, "/?a=cat" MARK, "1"},
		{ALL, "/?a=" MARK "&b=cat" MARK "&c=" MARK "cat", "1 2"},
		{"SecRule ARGS '@rx \\x1ecat' 'id:1,phase:2,pass'\n", "/?a=x&b=cat", ""},
		{"SecRule ARGS '@rx \\x1ecat' 'id:1,phase:2,pass'\n", "/?a=x" MARK "cat", "1"},
		/* after a transformation it is what that leaves */
		{"SecRule ARGS '@rx ^cat$' 'id:1,phase:2,pass,t:removeWhitespace'\n", "/?a=+ca+t",
		 "1"},
		{"SecRule ARGS '@rx ^cat' 'id:1,phase:2,pass,t:removeNulls'\n", "/?a=%00cat", "1"},
		{"SecRule ARGS '@rx (?m)^cat$' 'id:1,phase:2,pass'\n", "/?a=x%0acat%0ax", "1"},
	};

	lab_rows(rows, WEIR_ARRAY_LEN(rows));
}
END_TEST

START_TEST(a_long_value_has_its_ends_too)
{
	static const char *const rules = "SecRule ARGS '@rx ^cat' 'id:1,phase:2,pass'\n"
					 "SecRule ARGS '@rx cat$' 'id:2,phase:2,pass'\n"
					 "SecRule ARGS '@rx ^hay' 'id:3,phase:2,pass'\n";
	static const struct {
		const char *first, *last, *ids;
	} rows[] = {{"cat", "", "1"}, {"", "cat", "2 3"}, {"x", "catx", ""}};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct weir_buf body = {0};
		struct waf_lab lab;

		weir_buf_printf(&body, "a=%s", rows[i].first);
		for (unsigned int n = 0; n < 40000; n++)
			weir_buf_str(&body, "hay");
		weir_buf_printf(&body, "%s&b=x", rows[i].last);
		lab_init(&lab, rules);
		ck_assert_str_eq(lab_post(&lab, FORM, body.ptr), rows[i].ids);
		lab_fini(&lab);
		weir_buf_fini(&body);
	}
}
END_TEST

#define OF_JSON         "SecAction 'id:9,phase:1,nolog,pass,ctl:requestBodyProcessor=JSON'\n"
#define NAMED(id, what) "SecRule ARGS_NAMES '" what "' 'id:" #id ",phase:2,pass'\n"

/* Of those literals that are within it nothing is looked for, unless one goes on behind it. */
START_TEST(how_names_of_json_begin_is_known)
{
	static const struct weir_waf_options options[] = {{0}, {.no_prefilter = true}};
	static const struct {
		const char *rules, *body, *ids;
		uint8_t skipped;
	} rows[] = {
#define WITHIN                                                                               \
	OF_JSON NAMED(1, "@contains json") NAMED(2, "@contains so") NAMED(3, "@contains .a") \
		NAMED(4, "@contains jsox") NAMED(5, "@rx on.*select")
		{WITHIN, "{\"ab\":1}", "1 2 3", 4},
		{WITHIN, "{\"b\":{\"jsox\":1}}", "1 2 4", 4},
		{WITHIN, "{\"b\":{\"select\":1}}", "1 2 5", 4},
		{WITHIN, "{\"b c\":{\"select\":1}}", "1 2 5", 4},
		{WITHIN "SecRule ARGS '@contains on.a' 'id:6,phase:2,pass'\n"
			"SecRule ARGS_NAMES '@contains on.a' 'id:7,phase:2,pass'\n",
		 "{\"ab\":1}", "1 2 3 7", 0},
		/* where they begin and end */
		{OF_JSON NAMED(1, "@rx ^(?:json\\.)?ab$") NAMED(2, "@rx ^json$") NAMED(3, "@rx ^js")
			 NAMED(4, "@rx ^JSON.ab") NAMED(5, "@rx ^ab") NAMED(6, "@rx ^json\\.ab c"),
		 "{\"ab\":1}", "1 3", 4},
		{OF_JSON NAMED(1, "@rx (?i)^JSON.ab") NAMED(2, "@rx ^json\\.ab c"), "{\"ab c\":1}",
		 "1 2", 4},
		/* names that are plain are no SQL */
		{OF_JSON NAMED(1, "@detectSQLi"), "{\"1\":{\"or\":1}}", "", 4},
		{OF_JSON NAMED(1, "@detectSQLi"), "{\"x' or 1=1 -- \":1}", "1", 4},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++)
		for (size_t k = 0; k < WEIR_ARRAY_LEN(options); k++) {
			struct waf_lab lab;

			lab_init_options(&lab, rows[i].rules, &options[k]);
			ck_assert_msg(!strcmp(lab_post(&lab, "application/json", rows[i].body),
					      rows[i].ids),
				      "%s%s: %s", rows[i].rules, rows[i].body, lab_ids(&lab));
			if (!k)
				ck_assert_uint_eq(
					lab.waf->screen->literals[WAF_REQUEST].json.skipped,
					rows[i].skipped);
			lab_fini(&lab);
		}
}
END_TEST

/* Behind links that look at TX and leave nothing behind, what values are asked about comes first.
 */
START_TEST(a_chain_is_screened_by_the_first_link_that_asks_about_values)
{
#define ON      "SecRule ARGS:on '@streq yes' 'id:5,phase:2,pass,nolog,setvar:tx.a=1'\n"
#define IF(how) ON "SecRule TX:a '@eq 1' 'id:1,phase:2,pass" how ",chain'\n"
#define SELECT  "SecRule ARGS:x '@contains select'"
	static const struct {
		const char *rules;
		bool screened;
	} rows[] = {
		{IF("") SELECT "\n", true},
		{IF("") "SecRule &TX:b '@eq 0' chain\n" SELECT "\n", true},
		{IF("") SELECT " chain\nSecRule TX:a '@eq 1'\n", true},
		{IF("") "SecRule TX:a '@eq 1'\n", false},
		/* a link before it acts, captures or asks about more */
		{IF(",setvar:tx.b=1") SELECT "\n", false},
		{IF(",capture") SELECT "\n", false},
		{ON "SecRule TX:a|REMOTE_ADDR '@rx 1' 'id:1,phase:2,pass,chain'\n" SELECT "\n",
		 false},
	};
	static const struct lab_row asked[] = {
		{IF("") SELECT "\n", "/?on=yes&x=select", "1"},
		{IF("") SELECT "\n", "/?on=no&x=select", ""},
		{IF("") SELECT "\n", "/?on=yes&x=selec", ""},
		{IF("") SELECT "\n", "/?x=select&on=yes&y=select", "1"},
		{IF("") SELECT "\n", "/?on=yes&y=select", ""},
		{IF("") SELECT " chain\nSecRule ARGS:y '@rx .'\n", "/?on=yes&x=select&y=1", "1"},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct weir_waf *w = lab_compile(rows[i].rules, NULL);

		ck_assert_msg(w->phase[2].step[1].screened == rows[i].screened, "%s",
			      rows[i].rules);
		weir_waf_destroy(w);
	}
	lab_rows(asked, WEIR_ARRAY_LEN(asked));
}
END_TEST

START_TEST(a_value_that_is_scanned_alone_is_found_as_well)
{
	static const struct weir_waf_options without = {.no_prefilter = true};
	struct weir_buf body = {0};
	struct waf_lab lab;

	weir_buf_str(&body, "first=needle&long=");
	for (unsigned int i = 0; i < 5000; i++)
		weir_buf_str(&body, "hay");
	weir_buf_str(&body, "NEEDLE&last=x");
	for (unsigned int i = 0; i < 2; i++) {
		lab_init_options(&lab,
				 "SecRule ARGS:long '@contains needle' "
				 "'id:1,phase:2,pass,t:lowercase'\n"
				 "SecRule ARGS:first '@contains needle' 'id:2,phase:2,pass'\n"
				 "SecRule ARGS:last '@contains needle' 'id:3,phase:2,pass'\n"
				 "SecRule ARGS:long '@contains needle' 'id:4,phase:2,pass'\n",
				 i ? &without : NULL);
		ck_assert_str_eq(lab_post(&lab, FORM, body.ptr), "1 2");
		lab_fini(&lab);
	}
	weir_buf_fini(&body);
}
END_TEST

START_TEST(a_benign_request_asks_no_rule)
{
	struct weir_waf_work work;
	struct waf_lab lab;

	lab_init(&lab, "SecRule ARGS '@rx (?i)union.{1,9}select' 'id:1,phase:2,deny'\n"
		       "SecRule ARGS|ARGS_NAMES '@detectXSS' 'id:2,phase:2,deny'\n"
		       "SecRule ARGS '@pm passwd shadow' 'id:3,phase:2,deny,t:lowercase'\n");
	lab_get(&lab, "/?name=John&city=Bern");
	weir_waf_tx_work(lab.tx, &work);
	ck_assert_uint_eq(work.steps, 0);
	ck_assert_uint_eq(work.candidates, 0);
	ck_assert_uint_gt(work.values, 0);
	lab_fini(&lab);
}
END_TEST

START_TEST(values_of_an_earlier_phase_are_asked_about_in_a_later_one)
{
	struct waf_lab lab;

	lab_init(&lab, "SecRule ARGS|RESPONSE_BODY '@contains both' 'id:1,phase:4,pass'\n"
		       "SecRule RESPONSE_BODY '@contains leak' 'id:2,phase:4,pass'\n"
		       "SecRule REQUEST_HEADERS:Host '@streq a' 'id:3,phase:3,pass'\n");
	ck_assert_str_eq(lab_answer(&lab, "text/plain", "a leak"), "3 2");
	ck_assert_str_eq(lab_answer(&lab, "text/plain", "of both"), "3 1");
	lab_fini(&lab);
}
END_TEST

Suite *waf_screen_suite(void)
{
	return WEIR_SUITE("waf screen", a_prefilter_changes_nothing_of_what_small_rule_sets_match,
			  a_prefilter_changes_nothing_of_what_large_rule_sets_match,
			  rules_beyond_the_slots_are_asked_always,
			  a_literal_is_found_in_its_value_and_not_across_two,
			  where_a_value_begins_and_ends_is_known, a_long_value_has_its_ends_too,
			  how_names_of_json_begin_is_known,
			  a_chain_is_screened_by_the_first_link_that_asks_about_values,
			  a_value_that_is_scanned_alone_is_found_as_well,
			  a_benign_request_asks_no_rule,
			  values_of_an_earlier_phase_are_asked_about_in_a_later_one);
}
