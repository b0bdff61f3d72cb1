/* SPDX-License-Identifier: BSD-3-Clause */
#include "waf_lab.h"

START_TEST(the_line_is_taken_apart)
{
#define LINE                                                                          \
	"SecAction 'id:9,phase:1,pass,logdata:%{REQUEST_METHOD}_%{REQUEST_URI}_"      \
	"%{REQUEST_URI_RAW}_%{REQUEST_FILENAME}_%{REQUEST_BASENAME}_%{QUERY_STRING}_" \
	"%{REQUEST_PROTOCOL}_%{PATH_INFO}_%{SERVER_NAME}'\n"
	static const struct {
		const char *head, *data;
	} rows[] = {
		{"GET /d/f.php?a=b HTTP/1.1\r\nHost: h:8080\r\n\r\n",
		 "GET_/d/f.php?a=b_/d/f.php?a=b_/d/f.php_f.php_a=b_HTTP/1.1__h"},
		{"POST /%64/f%2ephp HTTP/1.1\r\nHost: h\r\n\r\n",
		 "POST_/%64/f%2ephp_/%64/f%2ephp_/d/f.php_f.php__HTTP/1.1__h"},
		{"GET /a%2 HTTP/1.0\r\nHost: h\r\n\r\n", "GET_/a%2_/a%2_/a%2_a%2__HTTP/1.0__h"},
		{"GET /a%zz%41 HTTP/1.1\r\nHost: h\r\n\r\n",
		 "GET_/a%zz%41_/a%zz%41_/a%zzA_a%zzA__HTTP/1.1__h"},
		{"GET /d%5cf HTTP/1.1\r\nHost: [::1]:80\r\n\r\n",
		 "GET_/d%5cf_/d%5cf_/d\\f_f__HTTP/1.1__[::1]:80"},
		{"GET http://h/p?q HTTP/1.1\r\nHost: h\r\n\r\n",
		 "GET_/p?q_http://h/p?q_/p_p_q_HTTP/1.1__h"},
		{"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", "OPTIONS_*_*_*_*__HTTP/1.1__h"},
		{"GET / HTTP/1.1\r\nHost: h\r\n\r\n", "GET_/_/_/___HTTP/1.1__h"},
		{"CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n",
		 "CONNECT_h:443_h:443_h:443_h:443__HTTP/1.1__h"},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct waf_lab lab;

		lab_init(&lab, LINE);
		ck_assert_int_eq(lab_request_head(&lab, rows[i].head), WEIR_WAF_PASS);
		lab_end(&lab);
		ck_assert_str_eq(lab_data(&lab, 9), rows[i].data);
		lab_fini(&lab);
	}
}
END_TEST

START_TEST(fields_cookies_and_arguments_are_listed_in_order)
{
	static const struct {
		const char *rules, *uri, *headers, *ids;
	} rows[] = {
		{"SecRule REQUEST_HEADERS:x-a '@streq 2' 'id:1,phase:1,pass'\n", "/",
		 "X-A: 1\r\nx-a:  2 \r\n", "1"},
		{"SecRule &REQUEST_HEADERS '@eq 3' 'id:1,phase:1,pass'\n", "/",
		 "X-A: 1\r\nx-a: 2\r\n", "1"},
		{"SecRule REQUEST_HEADERS_NAMES '@streq X-A' 'id:1,phase:1,pass'\n", "/",
		 "X-A: 1\r\n", "1"},
		{"SecRule REQUEST_COOKIES:b '@streq 2' 'id:1,phase:1,pass'\n", "/",
		 "Cookie: a=1; b=2\r\n", "1"},
		{"SecRule &REQUEST_COOKIES '@eq 3' 'id:1,phase:1,pass'\n", "/",
		 "Cookie: a=1; b=2\r\nCookie: c=3\r\n", "1"},
		{"SecRule REQUEST_COOKIES_NAMES '@streq b' 'id:1,phase:1,pass'\n", "/",
		 "Cookie: a=1; b=2\r\n", "1"},
		{"SecRule REMOTE_USER '@streq user' 'id:1,phase:1,pass'\n", "/",
		 "Authorization: Basic dXNlcjpwYXNz\r\n", "1"},
		{"SecRule REMOTE_USER '@unconditionalMatch' 'id:1,phase:1,pass'\n", "/",
		 "Authorization: Bearer dXNlcjpwYXNz\r\n", ""},
		{"SecAction 'id:9,phase:1,pass,nolog,setsid:%{REQUEST_COOKIES.s}'\n"
		 "SecRule SESSIONID '@streq abc' 'id:1,phase:1,pass'\n",
		 "/", "Cookie: s=abc\r\n", "1"},
		{"SecAction 'id:9,phase:1,pass,nolog,setuid:me'\n"
		 "SecRule USERID '@streq me' 'id:1,phase:1,pass'\n",
		 "/", "", "1"},
		{"SecRule FULL_REQUEST '@rx ^GET / HTTP.1.1\\r\\n(?s:.*)X-A: 1\\r\\n\\r\\n$' "
		 "'id:1,phase:2,pass'\n",
		 "/", "X-A: 1\r\n", "1"},
		{"SecRule FULL_REQUEST_LENGTH '@gt 24' 'id:1,phase:2,pass'\n", "/", "X-A: 1\r\n",
		 "1"},
		{"SecRule ARGS_GET:a '@streq x y' 'id:1,phase:1,pass'\n", "/?a=x%20y", "", "1"},
		{"SecRule ARGS_GET:a '@streq x y' 'id:1,phase:1,pass'\n", "/?a=x+y", "", "1"},
		{"SecRule ARGS_GET_NAMES '@streq a b' 'id:1,phase:1,pass'\n", "/?a%20b", "", "1"},
		{"SecRule ARGS_COMBINED_SIZE '@eq 6' 'id:1,phase:1,pass'\n", "/?a=xy&bc=d", "",
		 "1"},
		{"SecRule AUTH_TYPE '@streq Basic' 'id:1,phase:1,pass'\n", "/",
		 "Authorization: Basic eDp5\r\n", "1"},
		{"SecRule REQBODY_PROCESSOR '@streq JSON' 'id:1,phase:1,pass'\n", "/",
		 "Content-Type: application/problem+json; charset=x\r\n", "1"},
		{"SecRule REQBODY_PROCESSOR '@streq XML' 'id:1,phase:1,pass'\n", "/",
		 "Content-Type: application/soap+XML\r\n", "1"},
		{"SecRule REQBODY_PROCESSOR '@rx ^$' 'id:1,phase:1,pass'\n", "/",
		 "Content-Type: text/plain\r\n", "1"},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct waf_lab lab;

		lab_init(&lab, rows[i].rules);
		ck_assert_msg(
			!strcmp(lab_get_with(&lab, rows[i].uri, rows[i].headers), rows[i].ids),
			"%s%s %s", rows[i].rules, rows[i].uri, rows[i].headers);
		lab_fini(&lab);
	}
}
END_TEST

START_TEST(arguments_beyond_the_limit_are_an_error)
{
#define LIMIT                                                                      \
	"SecArgumentsLimit 3\nSecRule REQBODY_ERROR '@eq 1' 'id:1,phase:1,pass'\n" \
	"SecRule &ARGS '@eq 3' 'id:2,phase:2,pass'\n"                              \
	"SecRule REQBODY_ERROR '@eq 1' 'id:3,phase:2,pass'\n"
	struct waf_lab lab;

	lab_init(&lab, LIMIT);
	ck_assert_str_eq(lab_get(&lab, "/?a&b&c"), "2");
	ck_assert_str_eq(lab_get(&lab, "/?a&b&c&d"), "1 2 3");
	ck_assert_str_eq(lab_post(&lab, FORM, "a&b&c"), "2");
	ck_assert_str_eq(lab_post(&lab, FORM, "a&b&c&d"), "2 3");
	ck_assert_str_eq(lab_post(&lab, "application/json", "[1,2,3]"), "2");
	ck_assert_str_eq(lab_post(&lab, "application/json", "[1,2,3,4]"), "2 3");
	lab_fini(&lab);
}
END_TEST

START_TEST(a_bad_escape_is_flagged)
{
	static const struct lab_row rows[] = {
		{"SecRule URLENCODED_ERROR '@eq 1' 'id:1,phase:1,pass'\n", "/?a=%zz", "1"},
		{"SecRule URLENCODED_ERROR '@eq 1' 'id:1,phase:1,pass'\n", "/?a=%41", ""},
		{"SecRule URLENCODED_ERROR '@eq 0' 'id:1,phase:1,pass'\n", "/?a=%41", "1"},
	};

	lab_rows(rows, WEIR_ARRAY_LEN(rows));
}
END_TEST

START_TEST(a_response_is_taken_apart)
{
	struct waf_lab lab;

	lab_init(&lab, "SecAction 'id:9,phase:3,pass,logdata:%{STATUS_LINE}_%{RESPONSE_STATUS}_"
		       "%{RESPONSE_PROTOCOL}_%{RESPONSE_HEADERS.x-a}_%{RESPONSE_CONTENT_TYPE}_"
		       "%{RESPONSE_CONTENT_LENGTH}'\n"
		       "SecRule RESPONSE_HEADERS_NAMES '@streq X-A' 'id:1,phase:3,pass'\n");
	ck_assert_int_eq(lab_request_head(&lab, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
			 WEIR_WAF_PASS);
	ck_assert_int_eq(weir_waf_request_end(lab.tx), WEIR_WAF_PASS);
	ck_assert_int_eq(lab_response_head(&lab, "HTTP/1.1 404 Not Found\r\nX-A: b\r\n"
						 "Content-Type: text/html; x\r\n"
						 "Content-Length: 5\r\n\r\n"),
			 WEIR_WAF_PASS);
	lab_end(&lab);
	ck_assert_str_eq(lab_ids(&lab), "9 1");
	ck_assert_str_eq(lab_data(&lab, 9), "HTTP/1.1 404 Not Found_404_HTTP/1.1_b_text/html; x_5");
	lab_fini(&lab);
}
END_TEST

Suite *waf_request_suite(void)
{
	return WEIR_SUITE("waf request", the_line_is_taken_apart,
			  fields_cookies_and_arguments_are_listed_in_order,
			  arguments_beyond_the_limit_are_an_error, a_bad_escape_is_flagged,
			  a_response_is_taken_apart);
}
