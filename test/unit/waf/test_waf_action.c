/* SPDX-License-Identifier: BSD-3-Clause */
#include "waf_lab.h"

#include <stdio.h>

static const char *at(struct waf_lab *lab, uint64_t seconds, const char *client, const char *uri)
{
	lab->begin.unix_ns = seconds * WEIR_NS_PER_S;
	ck_assert(weir_addr_parse(client, &lab->begin.peer.client) == 0);
	return lab_get(lab, uri);
}

START_TEST(a_count_by_address_outlives_the_transaction_until_it_expires)
{
	struct waf_lab lab;

	lab_init(
		&lab,
		"SecAction 'id:1,phase:1,nolog,pass,initcol:ip=%{REMOTE_ADDR},initcol:global=all'\n"
		"SecRule REQUEST_FILENAME '@streq /in' 'id:2,phase:1,nolog,pass,setvar:ip.n=+1,"
		"expirevar:ip.n=60,setvar:global.n=+1'\n"
		"SecRule IP:n '@ge 2' 'id:3,phase:1,pass'\n"
		"SecRule GLOBAL:n '@ge 3' 'id:4,phase:1,pass'\n"
		"SecRule &IP:n '@eq 0' 'id:5,phase:1,pass'\n");
	ck_assert_str_eq(at(&lab, 1000, "192.0.2.1", "/"), "5");
	ck_assert_str_eq(at(&lab, 1000, "192.0.2.1", "/in"), "");
	ck_assert_str_eq(at(&lab, 1010, "192.0.2.1", "/in"), "3");
	ck_assert_str_eq(at(&lab, 1011, "192.0.2.2", "/in"), "4");
	ck_assert_str_eq(at(&lab, 1069, "192.0.2.1", "/"), "3 4");
	ck_assert_str_eq(at(&lab, 1070, "192.0.2.1", "/"), "4 5");
	ck_assert_str_eq(at(&lab, 1071, "192.0.2.1", "/in"), "4");
	lab_fini(&lab);
}
END_TEST

START_TEST(how_long_a_variable_is_kept_may_be_a_macro)
{
	struct waf_lab lab;

	lab_init(&lab, "SecAction 'id:1,phase:1,nolog,pass,initcol:ip=x,setvar:tx.t=30'\n"
		       "SecRule ARGS:set '@streq 1' "
		       "'id:2,phase:1,nolog,pass,setvar:ip.b=1,expirevar:ip.b=%{tx.t}'\n"
		       "SecRule IP:b '@streq 1' 'id:4,phase:1,pass'\n");
	ck_assert_str_eq(at(&lab, 100, "192.0.2.1", "/?set=1"), "4");
	ck_assert_str_eq(at(&lab, 129, "192.0.2.1", "/"), "4");
	ck_assert_str_eq(at(&lab, 130, "192.0.2.1", "/"), "");
	lab_fini(&lab);
}
END_TEST

START_TEST(collections_end_after_their_timeout)
{
	struct waf_lab lab;

	lab_init(&lab, "SecCollectionTimeout 100\n"
		       "SecAction 'id:1,phase:1,nolog,pass,initcol:ip=x'\n"
		       "SecRule ARGS:set '@streq 1' 'id:2,phase:1,nolog,pass,setvar:ip.b=1'\n"
		       "SecRule IP:b '@streq 1' 'id:4,phase:1,pass'\n");
	ck_assert_str_eq(at(&lab, 1000, "192.0.2.1", "/?set=1"), "4");
	ck_assert_str_eq(at(&lab, 1099, "192.0.2.1", "/"), "4");
	ck_assert_str_eq(at(&lab, 1100, "192.0.2.1", "/"), "");
	lab_fini(&lab);
}
END_TEST

/* A transaction that goes on while many others come keeps its collection. */
START_TEST(another_clients_count_is_never_written_to)
{
	struct weir_waf_begin begin = {.unix_ns = WEIR_NS_PER_S, .id = 77};
	struct weir_http_header header[8];
	struct weir_http_head head;
	struct weir_waf_tx *slow;
	struct waf_lab lab;
	char client[32];

	lab_init(&lab, "SecAction 'id:1,phase:1,nolog,pass,initcol:ip=%{REMOTE_ADDR}'\n"
		       "SecAction 'id:2,phase:5,nolog,pass,setvar:ip.n=+1'\n"
		       "SecRule IP:n '@gt 1' 'id:3,phase:5,pass'\n");
	begin.peer = lab.begin.peer;
	ck_assert_int_gt(
		weir_http_request_parse(weir_bytes_str("GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
					&weir_http_limits_default, header, &head),
		0);
	slow = weir_waf_tx_begin(lab.waf, lab.worker, 0, &begin);
	ck_assert_int_eq(weir_waf_request_head(slow, &head), WEIR_WAF_PASS);
	for (unsigned int i = 0; i < 40; i++) {
		struct weir_waf_tx *tx;

		snprintf(client, sizeof(client), "203.0.113.%u", i);
		ck_assert(weir_addr_parse(client, &begin.peer.client) == 0);
		tx = weir_waf_tx_begin(lab.waf, lab.worker, 0, &begin);
		ck_assert_int_eq(weir_waf_request_head(tx, &head), WEIR_WAF_PASS);
		weir_waf_tx_end(tx);
		weir_waf_tx_destroy(tx);
	}
	weir_waf_tx_end(slow);
	weir_waf_tx_destroy(slow);
	ck_assert_str_eq(at(&lab, 1, "203.0.113.39", "/"), "3");
	ck_assert_str_eq(at(&lab, 1, "192.0.2.1", "/"), "3");
	ck_assert_str_eq(at(&lab, 1, "203.0.113.1", "/"), "");
	lab_fini(&lab);
}
END_TEST

START_TEST(actions_are_done_in_the_order_in_which_they_are_written)
{
	static const struct lab_told rows[] = {
		{"SecAction "
		 "'id:1,phase:1,nolog,pass,setvar:tx.a=1,setvar:tx.b=%{tx.a},setvar:tx.a=2'\n",
		 "/", "2-1"},
		{"SecRule ARGS '@rx .' 'id:1,phase:1,nolog,pass,setvar:tx.b=%{tx.a},"
		 "setvar:tx.a=%{MATCHED_VAR}'\n",
		 "/?x=1&y=2&z=3", "3-2"},
	};

	lab_told_rows(TELLER(2, "%{tx.a}-%{tx.b}"), rows, WEIR_ARRAY_LEN(rows));
}
END_TEST

Suite *waf_action_suite(void)
{
	return WEIR_SUITE(
		"waf actions", a_count_by_address_outlives_the_transaction_until_it_expires,
		how_long_a_variable_is_kept_may_be_a_macro, collections_end_after_their_timeout,
		another_clients_count_is_never_written_to,
		actions_are_done_in_the_order_in_which_they_are_written);
}
