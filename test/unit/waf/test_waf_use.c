/* SPDX-License-Identifier: BSD-3-Clause */
/* What is filled in is what rules ask for, and that is all they can tell. */
#include "waf_lab.h"

#include <stdio.h>

static unsigned int entries(const struct waf_lab *lab, unsigned int list)
{
	unsigned int n = 0;

	for (const struct waf_entry *e = lab->tx->list[list].first; e; e = e->next)
		n++;
	return n;
}

START_TEST(a_list_has_what_rules_ask_for_and_nothing_else)
{
#define ID "'id:1,phase:1,pass'\n"
	static const struct {
		const char *rules;
		unsigned int list, n;
	} rows[] = {
		{"SecRule REQUEST_METHOD '@streq GET' " ID, WEIR_SEC_V_REQUEST_HEADERS, 0},
		{"SecRule REQUEST_METHOD '@streq GET' " ID, WEIR_SEC_V_REQUEST_METHOD, 1},
		{"SecRule REQUEST_METHOD '@streq GET' " ID, WEIR_SEC_V_REQUEST_URI, 0},
		{"SecRule REQUEST_METHOD '@streq GET' " ID, WEIR_SEC_V_ARGS_GET, 0},
		{"SecRule REQUEST_METHOD '@streq GET' " ID, WEIR_SEC_V_REQUEST_COOKIES, 0},
		{"SecRule REQUEST_METHOD '@streq GET' " ID, WEIR_SEC_V_REMOTE_ADDR, 0},
		{"SecRule REMOTE_HOST '@streq h' " ID, WEIR_SEC_V_REMOTE_ADDR, 1},
		{"SecRule REQUEST_HEADERS '@streq a' " ID, WEIR_SEC_V_REQUEST_HEADERS, 3},
		{"SecRule REQUEST_HEADERS_NAMES '@streq a' " ID, WEIR_SEC_V_REQUEST_HEADERS, 3},
		{"SecRule REQUEST_HEADERS:x-a '@streq a' " ID, WEIR_SEC_V_REQUEST_HEADERS, 1},
		{"SecRule REQUEST_HEADERS:X-A|REQUEST_HEADERS:host '@streq a' " ID,
		 WEIR_SEC_V_REQUEST_HEADERS, 2},
		{"SecRule REQUEST_HEADERS:/^x/ '@streq a' " ID, WEIR_SEC_V_REQUEST_HEADERS, 3},
		{"SecRule &REQUEST_HEADERS '@eq 3' " ID, WEIR_SEC_V_REQUEST_HEADERS, 0},
		{"SecAction 'id:1,phase:1,pass,logdata:%{REQUEST_HEADERS.x-a}'\n",
		 WEIR_SEC_V_REQUEST_HEADERS, 1},
		{"SecRule &ARGS '@eq 3' " ID, WEIR_SEC_V_ARGS_GET, 0},
		{"SecRule ARGS:b '@streq 2' " ID, WEIR_SEC_V_ARGS_GET, 1},
		{"SecRule ARGS_GET '@streq 2' " ID, WEIR_SEC_V_ARGS_GET, 3},
		{"SecRule ARGS '@streq 2' " ID, WEIR_SEC_V_ARGS_GET, 3},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct waf_lab lab;

		lab_init(&lab, rows[i].rules);
		lab_get_with(&lab, "/?a=1&b=2&a=3", "X-A: 1\r\nCookie: c=1\r\n");
		ck_assert_msg(entries(&lab, rows[i].list) == rows[i].n, "%s: %u entries",
			      rows[i].rules, entries(&lab, rows[i].list));
		lab_fini(&lab);
	}
}
END_TEST

START_TEST(whatever_rules_ask_for_together_each_gets_what_it_asks_for)
{
#define COUNT "SecRule &ARGS '@eq 3' 'id:1,phase:1,pass'\n"
#define NINE                                                                      \
	"ARGS:c|ARGS:d|ARGS:e|ARGS:f|ARGS:g|ARGS:h|ARGS:i|ARGS:j|ARGS:k '@streq " \
	"4' 'id:2,phase:1,pass'\n"
	static const struct lab_row rows[] = {
		{COUNT, "/?a=1&b=2&a=3", "1"},
		{COUNT, "/?a=1&b=2", ""},
		{COUNT "SecRule ARGS '@streq 2' 'id:2,phase:1,pass'\n", "/?a=1&b=2&a=3", "1 2"},
		{COUNT "SecRule ARGS:b '@streq 2' 'id:2,phase:1,pass'\n", "/?a=1&b=2&a=3", "1 2"},
		{"SecRule ARGS:b '@streq 2' 'id:2,phase:1,pass'\n" COUNT, "/?a=1&b=2&a=3", "2 1"},
		{"SecRule &ARGS:A '@eq 2' 'id:1,phase:1,pass'\n", "/?a=1&b=2&a=3", "1"},
		{"SecRule &ARGS:c '@eq 0' 'id:1,phase:1,pass'\n", "/?a=1&b=2&a=3", "1"},
		{"SecRule &ARGS|!ARGS:a '@eq 1' 'id:1,phase:1,pass'\n", "/?a=1&b=2&a=3", "1"},
		{"SecAction 'id:3,phase:1,pass,nolog,ctl:ruleRemoveTargetById=1;ARGS:a'\n"
		 "SecRule &ARGS '@eq 1' 'id:1,phase:1,pass'\n",
		 "/?a=1&b=2&a=3", "1"},
		{"SecRule ARGS_NAMES '@streq b' 'id:1,phase:1,pass'\n"
		 "SecRule ARGS:a '@streq 3' 'id:2,phase:1,pass'\n",
		 "/?a=1&b=2&a=3", "1 2"},
		{"SecRule " NINE, "/?a=1&k=4", "2"},
		{"SecRule " NINE, "/?c=4", "2"},
	};

	lab_rows(rows, WEIR_ARRAY_LEN(rows));
}
END_TEST

#define RESPONSE "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\n"
#define REQUEST  "GET / HTTP/1.1\r\nHost: h\r\n\r\n"

START_TEST(content_that_nobody_judges_is_not_held_back)
{
	static const struct {
		const char *rules;
		enum weir_waf_body mode;
	} rows[] = {
		{"SecRule ARGS '@streq 1' 'id:1,phase:2,pass'\n", WEIR_WAF_BODY_PASS},
		{"SecRule RESPONSE_STATUS '@eq 200' 'id:1,phase:3,pass'\n", WEIR_WAF_BODY_PASS},
		{"SecRule RESPONSE_STATUS '@eq 200' 'id:1,phase:4,pass'\n", WEIR_WAF_BODY_HOLD},
		{"SecRule RESPONSE_BODY '@contains a' 'id:1,phase:5,pass'\n", WEIR_WAF_BODY_HOLD},
		{"SecRule OUTBOUND_DATA_ERROR '@eq 1' 'id:1,phase:5,pass'\n", WEIR_WAF_BODY_HOLD},
		{"SecResponseBodyLimitAction Reject\n", WEIR_WAF_BODY_HOLD},
		{"SecResponseBodyLimitAction ProcessPartial\n", WEIR_WAF_BODY_PASS},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct waf_lab lab;
		char rules[256];

		snprintf(rules, sizeof(rules), "SecResponseBodyLimitAction ProcessPartial\n%s",
			 rows[i].rules);
		lab_init(&lab, rules);
		ck_assert_int_eq(lab_request_head(&lab, REQUEST), WEIR_WAF_PASS);
		ck_assert_int_eq(weir_waf_request_end(lab.tx), WEIR_WAF_PASS);
		ck_assert_int_eq(lab_response_head(&lab, RESPONSE), WEIR_WAF_PASS);
		ck_assert_msg(weir_waf_response_body_mode(lab.tx) == rows[i].mode, "%s",
			      rows[i].rules);
		lab_end(&lab);
		lab_fini(&lab);
	}
}
END_TEST

Suite *waf_use_suite(void)
{
	return WEIR_SUITE("waf use", a_list_has_what_rules_ask_for_and_nothing_else,
			  whatever_rules_ask_for_together_each_gets_what_it_asks_for,
			  content_that_nobody_judges_is_not_held_back);
}
