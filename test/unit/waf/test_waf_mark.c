/* SPDX-License-Identifier: BSD-3-Clause */
/* A transaction that goes back to a mark is what it was there. */
#include "waf_lab.h"
#include "waf_test.h"

#define HEAD                                                                              \
	"POST /?h=head HTTP/1.1\r\nHost: a\r\nContent-Type: " FORM "\r\nContent-Length: " \
	"100\r\n\r\n"

static const char rules[] =
	"SecAction 'id:1,phase:1,pass,nolog,setvar:tx.n=1,initcol:ip=%{REMOTE_ADDR}'\n"
	"SecRule ARGS '@rx ^(head|evil[0-9]*)$' 'id:2,phase:2,pass,capture,"
	"setvar:tx.n=+1,setvar:tx.seen_%{MATCHED_VAR}=1,setvar:ip.all=+1,logdata:%{TX.1}'\n"
	"SecRule ARGS 'forget' 'id:4,phase:2,pass,nolog,ctl:ruleRemoveById=3,"
	"initcol:session=%{MATCHED_VAR},setvar:session.n=+1'\n"
	"SecRule ARGS 'stop' 'id:3,phase:2,deny,status:418'\n"
	"SecAction 'id:9,phase:2,pass,logdata:%{TX.n}-%{TX.seen_evil1}-%{IP.all}-%{SESSION.n}'\n";

static struct weir_waf_tx *begin(struct waf_lab *lab)
{
	ck_assert_int_eq(lab_request_head(lab, HEAD), WEIR_WAF_PASS);
	ck_assert(weir_waf_tx_mark(lab->tx));
	return lab->tx;
}

START_TEST(each_body_is_judged_from_behind_the_head)
{
	static const struct {
		const char *body, *ids, *data, *verdict;
	} rows[] = {
		{"a=evil1", "2 9", "3-1-2-", "pass"},
		{"a=good", "2 9", "2--3-", "pass"},
		{"a=stop", "2 3", "(none)", "deny 418 2 3"},
		{"a=forget&b=stop", "2 9", "2--5-1", "pass"},
		{"a=forget&b=stop", "2 9", "2--6-2", "pass"},
		{"a=stop", "2 3", "(none)", "deny 418 2 3"},
		{"a=evil1&b=evil2", "2 9", "4-1-10-", "pass"},
	};
	struct waf_lab lab;

	for (unsigned int piece = 0; piece < 3; piece++) {
		struct weir_waf_tx *tx;

		lab_init(&lab, rules);
		lab.piece = piece;
		tx = begin(&lab);
		for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
			if (i)
				weir_waf_tx_rewind(tx, lab.begin.unix_ns + i);
			(void)lab_request_body(&lab, weir_bytes_str(rows[i].body));
			lab_end(&lab);
			ck_assert_str_eq(lab_ids(&lab), rows[i].ids);
			ck_assert_str_eq(lab_data(&lab, 9), rows[i].data);
			ck_assert_str_eq(lab_verdict(&lab), rows[i].verdict);
		}
		lab_fini(&lab);
	}
}
END_TEST

START_TEST(a_transaction_that_grew_becomes_small_again)
{
	static uint8_t body[300000];
	uint64_t marked, used, max;
	struct waf_lab lab;

	memset(body, 'x', sizeof(body));
	lab_init(&lab, rules);
	begin(&lab);
	weir_waf_worker_memory(lab.worker, &marked, &max);
	for (unsigned int i = 0; i < 20; i++) {
		ck_assert_int_eq(lab_request_body(&lab, weir_bytes_of(body, sizeof(body))),
				 WEIR_WAF_PASS);
		weir_waf_worker_memory(lab.worker, &used, &max);
		ck_assert_uint_gt(used, marked);
		weir_waf_tx_rewind(lab.tx, lab.begin.unix_ns);
		weir_waf_worker_memory(lab.worker, &used, &max);
		ck_assert_uint_eq(used, marked);
	}
	lab_end(&lab);
	lab_fini(&lab);
}
END_TEST

START_TEST(without_memory_there_is_no_mark)
{
	static const struct weir_waf_worker_cfg small = {.bytes = WEIR_ARENA_CHUNK};
	struct waf_lab lab;

	lab_init_worker(&lab, "SecAction 'id:1,phase:1,pass'\n", NULL, &small);
	ck_assert_int_eq(lab_request_head(&lab, HEAD), WEIR_WAF_PASS);
	ck_assert(!weir_waf_tx_mark(lab.tx));
	ck_assert_int_eq(lab_request_body(&lab, weir_bytes_str("a=b")), WEIR_WAF_PASS);
	lab_end(&lab);
	ck_assert_str_eq(lab_ids(&lab), "1");
	lab_fini(&lab);
}
END_TEST

Suite *waf_mark_suite(void)
{
	return WEIR_SUITE("waf marks", each_body_is_judged_from_behind_the_head,
			  a_transaction_that_grew_becomes_small_again,
			  without_memory_there_is_no_mark);
}
