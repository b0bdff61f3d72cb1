/* SPDX-License-Identifier: BSD-3-Clause */
#include "waf_lab.h"

#include <stdio.h>

static const char get[] = "GET /?a=x HTTP/1.1\r\nHost: a\r\n\r\n";

static enum weir_waf_body mode_of(struct waf_lab *lab, const char *fields)
{
	char head[400];

	snprintf(head, sizeof(head), "POST / HTTP/1.1\r\nHost: a\r\n%s\r\n", fields);
	(void)lab_request_head(lab, head);
	return weir_waf_request_body_mode(lab->tx);
}

START_TEST(only_bodies_that_are_judged_are_kept_back)
{
	static const struct {
		const char *rules, *fields;
		enum weir_waf_body mode;
	} rows[] = {
		{"", "Content-Type: " FORM "\r\nContent-Length: 5\r\n", WEIR_WAF_BODY_HOLD},
		{"", "Content-Type: " FORM "\r\nTransfer-Encoding: chunked\r\n",
		 WEIR_WAF_BODY_HOLD},
		{"", "Content-Type: text/plain\r\nContent-Length: 5\r\n", WEIR_WAF_BODY_PASS},
		{"", "Content-Type: " FORM "\r\n", WEIR_WAF_BODY_PASS},
		{"SecRequestBodyAccess Off\n", "Content-Type: " FORM "\r\nContent-Length: 5\r\n",
		 WEIR_WAF_BODY_PASS},
		{"SecRuleEngine Off\n", "Content-Type: " FORM "\r\nContent-Length: 5\r\n",
		 WEIR_WAF_BODY_PASS},
		{"SecAction 'id:1,phase:1,deny'\n",
		 "Content-Type: " FORM "\r\nContent-Length: 5\r\n", WEIR_WAF_BODY_PASS},
		{"SecAction 'id:1,phase:1,allow'\n",
		 "Content-Type: " FORM "\r\nContent-Length: 5\r\n", WEIR_WAF_BODY_PASS},
		{"SecAction 'id:1,phase:1,pass,ctl:forceRequestBodyVariable=On'\n",
		 "Content-Type: text/plain\r\nContent-Length: 5\r\n", WEIR_WAF_BODY_HOLD},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct waf_lab lab;

		lab_init(&lab, rows[i].rules);
		ck_assert_msg(mode_of(&lab, rows[i].fields) == rows[i].mode, "%s%s", rows[i].rules,
			      rows[i].fields);
		lab_fini(&lab);
	}
}
END_TEST

START_TEST(a_body_over_its_limit_is_refused_or_judged_by_what_is_within)
{
#define LIMITED                                                                \
	"SecRequestBodyLimit 10\nSecRule ARGS:a '@rx .' 'id:1,phase:2,pass'\n" \
	"SecRule ARGS:late '@rx .' 'id:2,phase:2,pass'\n"                      \
	"SecRule INBOUND_DATA_ERROR '@eq 1' 'id:3,phase:2,pass'\n"
	static const struct {
		const char *rules;
		struct weir_waf_options o;
		const char *body, *ids, *verdict;
		bool partial;
	} rows[] = {
		{LIMITED, {0}, "a=12345678", "1", "pass", false},
		{LIMITED, {0}, "a=123456789", "", "limit 413 2 0", false},
		{LIMITED "SecRequestBodyLimitAction ProcessPartial\n",
		 {0},
		 "a=12345678&late=x",
		 "1 3",
		 "pass",
		 true},
		{LIMITED,
		 {.request_over = WEIR_WAF_OVER_PARTIAL},
		 "a=12345678&late=x",
		 "1 3",
		 "pass",
		 true},
		{LIMITED "SecRequestBodyLimitAction ProcessPartial\n",
		 {.request_over = WEIR_WAF_OVER_REJECT},
		 "a=12345678&late=x",
		 "",
		 "limit 413 2 0",
		 false},
		{LIMITED, {.request_body_limit = 5}, "a=1234", "", "limit 413 2 0", false},
		{LIMITED, {.request_body_limit = 50}, "a=12345678&late=x", "1 2", "pass", false},
		{"SecRequestBodyNoFilesLimit 3\n" LIMITED, {0}, "a=12", "", "limit 413 2 0", false},
		{LIMITED, {.mode = WEIR_WAF_DETECT}, "a=12345678&late=x", "1 3", "pass", true},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct waf_lab lab;

		lab_init_options(&lab, rows[i].rules, &rows[i].o);
		for (lab.piece = 0; lab.piece < 4; lab.piece++) {
			ck_assert_str_eq(lab_post(&lab, FORM, rows[i].body), rows[i].ids);
			ck_assert_str_eq(lab_verdict(&lab), rows[i].verdict);
			ck_assert(lab.result.request_partial == rows[i].partial);
			ck_assert(lab.judged == rows[i].partial);
		}
		lab_fini(&lab);
	}
}
END_TEST

START_TEST(a_body_of_which_no_more_can_be_held_is_over_its_limit)
{
	static const struct {
		struct weir_waf_options o;
		bool cut;
		enum weir_waf_verdict would;
		const char *ids;
	} rows[] = {
		{{0}, false, WEIR_WAF_PASS, ""},
		{{.request_over = WEIR_WAF_OVER_PARTIAL}, true, WEIR_WAF_PASS, "1 3"},
		{{.mode = WEIR_WAF_DETECT}, true, WEIR_WAF_LIMIT, "1 3"},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct waf_lab lab;

		lab_init_options(&lab, LIMITED, &rows[i].o);
		(void)mode_of(&lab, "Content-Type: " FORM "\r\nContent-Length: 9\r\n");
		ck_assert_int_eq(weir_waf_request_body(lab.tx, weir_bytes_str("a=1"), &lab.judged),
				 WEIR_WAF_PASS);
		ck_assert(weir_waf_request_cut(lab.tx) == rows[i].cut);
		if (rows[i].cut)
			ck_assert_int_eq(weir_waf_request_end(lab.tx), WEIR_WAF_PASS);
		lab_end(&lab);
		ck_assert_str_eq(lab_ids(&lab), rows[i].ids);
		ck_assert(lab.result.request_partial == rows[i].cut);
		ck_assert_int_eq(lab.result.would, rows[i].would);
		lab_fini(&lab);
	}
}
END_TEST

START_TEST(detection_tells_that_a_limit_would_have_refused)
{
	static const struct weir_waf_options detect = {.mode = WEIR_WAF_DETECT};
	struct waf_lab lab;

	lab_init_options(&lab, LIMITED, &detect);
	lab_post(&lab, FORM, "a=12345678&late=x");
	ck_assert_int_eq(lab.result.would, WEIR_WAF_LIMIT);
	ck_assert_uint_eq(lab.result.status, 413);
	ck_assert_uint_eq(lab.result.phase, 2);
	lab_fini(&lab);
	lab_init_options(&lab, "SecResponseBodyLimit 3\n", &detect);
	lab_answer(&lab, "text/plain", "abcd");
	ck_assert_int_eq(lab.result.would, WEIR_WAF_LIMIT);
	ck_assert_uint_eq(lab.result.status, 502);
	lab_fini(&lab);
	lab_init_options(&lab, LIMITED "SecRequestBodyLimitAction ProcessPartial\n", &detect);
	lab_post(&lab, FORM, "a=12345678&late=x");
	ck_assert_int_eq(lab.result.would, WEIR_WAF_PASS);
	lab_fini(&lab);
}
END_TEST

START_TEST(a_response_over_its_limit_is_refused_or_judged_by_what_is_within)
{
#define ANSWER                                                                               \
	"SecResponseBodyLimit 6\nSecRule RESPONSE_BODY '@contains ab' 'id:1,phase:4,pass'\n" \
	"SecRule RESPONSE_BODY '@contains late' 'id:2,phase:4,pass'\n"                       \
	"SecRule OUTBOUND_DATA_ERROR '@eq 1' 'id:3,phase:4,pass'\n"
	static const struct {
		const char *rules;
		struct weir_waf_options o;
		const char *type, *body, *ids, *verdict;
		bool partial;
	} rows[] = {
		{ANSWER, {0}, "text/html", "abcdef", "1", "pass", false},
		{ANSWER, {0}, "text/html; charset=x", "abcdef", "1", "pass", false},
		{ANSWER, {0}, "image/png", "abcdef late", "", "pass", false},
		{ANSWER, {0}, "text/html", "abcdef late", "", "limit 502 4 0", false},
		{ANSWER,
		 {.response_over = WEIR_WAF_OVER_PARTIAL},
		 "text/html",
		 "abcdef late",
		 "1 3",
		 "pass",
		 true},
		{ANSWER,
		 {.response_body_limit = 50},
		 "text/html",
		 "abcdef late",
		 "1 2",
		 "pass",
		 false},
		{ANSWER "SecResponseBodyAccess Off\n",
		 {0},
		 "text/html",
		 "abcdef",
		 "",
		 "pass",
		 false},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct waf_lab lab;

		lab_init_options(&lab, rows[i].rules, &rows[i].o);
		ck_assert_str_eq(lab_answer(&lab, rows[i].type, rows[i].body), rows[i].ids);
		ck_assert_str_eq(lab_verdict(&lab), rows[i].verdict);
		ck_assert(lab.result.response_partial == rows[i].partial);
		lab_fini(&lab);
	}
}
END_TEST

/* With each size of memory there is either a judgement that is whole, or none for want of memory.
 */
START_TEST(without_memory_there_is_no_judgement)
{
	static const char rules[] = "SecRule ARGS '@contains evil' "
				    "'id:1,phase:2,pass,t:urlDecode,t:lowercase,multiMatch'\n"
				    "SecRule ARGS_NAMES '@rx .' "
				    "'id:2,phase:2,pass,nolog,setvar:tx.n_%{MATCHED_VAR}=1'\n"
				    "SecRule ARGS:last '@streq x' 'id:3,phase:2,pass'\n";
	struct weir_buf body = {0};
	unsigned int judged = 0, without = 0;

	for (unsigned int i = 0; i < 300; i++)
		weir_buf_printf(&body, "a%u=Evil%%2541%u&", i, i);
	weir_buf_str(&body, "last=x");
	for (unsigned int chunks = 0; chunks < 80; chunks++) {
		struct weir_waf_worker_cfg cfg = {.bytes = chunks * WEIR_ARENA_CHUNK,
						  .collection_keys = 1};
		struct waf_lab lab;

		lab_init_worker(&lab, rules, NULL, &cfg);
		lab_post(&lab, FORM, body.ptr);
		if (lab.result.verdict == WEIR_WAF_MEMORY) {
			ck_assert_uint_eq(lab.result.status, 503);
			without++;
		} else {
			ck_assert_str_eq(lab_ids(&lab), "1 3");
			judged++;
		}
		lab_fini(&lab);
	}
	ck_assert_uint_gt(without, 2);
	ck_assert_uint_gt(judged, 2);
	weir_buf_fini(&body);
}
END_TEST

START_TEST(a_request_without_a_body_takes_64_kib)
{
	static const struct weir_waf_worker_cfg cfg = {.bytes = 64 << 10, .collection_keys = 1};
	struct waf_lab lab;

	lab_init_worker(&lab, "SecRule ARGS '@contains x' 'id:1,phase:1,pass'\n", NULL, &cfg);
	ck_assert_str_eq(lab_get(&lab, "/?a=x"), "1");
	ck_assert_str_eq(lab_verdict(&lab), "pass");
	lab_fini(&lab);
}
END_TEST

START_TEST(a_length_that_is_only_claimed_takes_no_memory)
{
	uint64_t before, after, max;
	struct waf_lab lab;
	bool judged;

	lab_init(&lab, "SecRequestBodyLimit 13107200\nSecRequestBodyNoFilesLimit 13107200\n");
	ck_assert_int_eq(mode_of(&lab, "Content-Type: " FORM "\r\nContent-Length: 12000000\r\n"),
			 WEIR_WAF_BODY_HOLD);
	weir_waf_worker_memory(lab.worker, &before, &max);
	ck_assert_int_eq(weir_waf_request_body(lab.tx, weir_bytes_str("a"), &judged),
			 WEIR_WAF_PASS);
	weir_waf_worker_memory(lab.worker, &after, &max);
	ck_assert_uint_le(after - before, 64 << 10);
	lab_fini(&lab);
}
END_TEST

START_TEST(transactions_stand_side_by_side)
{
	struct weir_waf_begin begin = {.id = 5};
	struct weir_waf_result r;
	struct weir_waf_tx *tx[20];
	struct waf_lab lab;

	lab_init(&lab, "SecRule ARGS:a '@streq x' 'id:1,phase:1,pass,nolog,setvar:tx.n=+1'\n"
		       "SecRule TX:n '@eq 1' 'id:2,phase:2,deny'\n");
	ck_assert_int_eq(lab_request_head(&lab, get), WEIR_WAF_PASS);
	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(tx); i++) {
		struct weir_http_header header[4];
		struct weir_http_head head;

		ck_assert_int_gt(weir_http_request_parse(weir_bytes_str(get),
							 &weir_http_limits_default, header, &head),
				 0);
		begin.id++;
		tx[i] = weir_waf_tx_begin(lab.waf, lab.worker, 0, &begin);
		ck_assert_int_eq(weir_waf_request_head(tx[i], &head), WEIR_WAF_PASS);
		ck_assert_uint_eq(weir_waf_tx_id(tx[i]), begin.id);
	}
	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(tx); i += 2)
		weir_waf_tx_destroy(tx[i]);
	for (unsigned int i = 1; i < WEIR_ARRAY_LEN(tx); i += 2) {
		ck_assert_int_eq(weir_waf_request_end(tx[i]), WEIR_WAF_DENY);
		weir_waf_tx_end(tx[i]);
		weir_waf_tx_result(tx[i], &r);
		ck_assert_uint_eq(r.n_matches, 1);
		weir_waf_tx_destroy(tx[i]);
	}
	lab_end(&lab);
	lab_fini(&lab);
}
END_TEST

Suite *waf_tx_suite(void)
{
	return WEIR_SUITE(
		"waf transactions", only_bodies_that_are_judged_are_kept_back,
		a_body_over_its_limit_is_refused_or_judged_by_what_is_within,
		a_body_of_which_no_more_can_be_held_is_over_its_limit,
		detection_tells_that_a_limit_would_have_refused,
		a_response_over_its_limit_is_refused_or_judged_by_what_is_within,
		without_memory_there_is_no_judgement, a_request_without_a_body_takes_64_kib,
		a_length_that_is_only_claimed_takes_no_memory, transactions_stand_side_by_side);
}
