/* SPDX-License-Identifier: BSD-3-Clause */
#include "waf_lab.h"

START_TEST(what_is_assigned_stays_as_it_is_written)
{
	static const struct lab_told rows[] = {
#define SET(text) \
	{"SecRule ARGS:q '@rx .' 'id:1,phase:2,pass,nolog,setvar:tx.m=" text "'\n", "/?q=1", text}
		SET("0"),
		SET("5"),
		SET("05"),
		SET("00"),
		SET("5-"),
		SET("1e3"),
		SET("123456789012345678"),
		SET("a-5"),
		SET("1234567890123456789"),
	};

	lab_told_rows(TELLER(2, "%{tx.m}"), rows, WEIR_ARRAY_LEN(rows));
}
END_TEST

START_TEST(overrides_take_rules_out_or_let_them_only_tell)
{
	static const char rules[] = "SecRule ARGS '@rx .' 'id:10,phase:2,pass,setvar:tx.n=+1'\n"
				    "SecRule ARGS '@rx .' 'id:11,phase:2,deny,setvar:tx.n=+10'\n"
				    "SecRule ARGS '@rx .' 'id:12,phase:2,pass,setvar:tx.n=+100'\n"
				    "SecAction 'id:20,phase:5,pass,logdata:%{tx.n}'\n";
	static const struct {
		struct weir_waf_override one, two;
		const char *ids, *verdict, *n;
	} rows[] = {
		{{0}, {0}, "10 11 20", "deny 403 2 11", "11"},
		{{11, 11, WEIR_WAF_OFF}, {0}, "10 12 20", "pass", "101"},
		{{11, 11, WEIR_WAF_DETECT}, {0}, "10 11 12 20", "pass", "101"},
		{{10, 12, WEIR_WAF_DETECT}, {0}, "10 11 12 20", "pass", ""},
		{{10, 12, WEIR_WAF_OFF}, {0}, "20", "pass", ""},
		/* the last that is about a rule counts */
		{{10, 12, WEIR_WAF_OFF},
		 {11, 11, WEIR_WAF_ENFORCE},
		 "11 20",
		 "deny 403 2 11",
		 "10"},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		const struct weir_waf_override overrides[] = {rows[i].one, rows[i].two};
		struct weir_waf_options o = {.overrides = overrides, .n_overrides = 2};
		struct waf_lab lab;

		lab_init_options(&lab, rules, &o);
		ck_assert_str_eq(lab_get(&lab, "/?a=x"), rows[i].ids);
		ck_assert_str_eq(lab_verdict(&lab), rows[i].verdict);
		ck_assert_str_eq(lab_data(&lab, 20), rows[i].n);
		lab_fini(&lab);
	}
}
END_TEST

START_TEST(a_rule_that_is_off_is_still_where_a_skip_leads)
{
	static const struct weir_waf_override off = {3, 3, WEIR_WAF_OFF};
	static const struct weir_waf_options o = {.overrides = &off, .n_overrides = 1};
	struct waf_lab lab;

	lab_init_options(&lab,
			 "SecAction 'id:1,phase:2,pass,nolog,skipAfter:3'\n"
			 "SecAction 'id:2,phase:2,pass'\nSecAction 'id:3,phase:2,pass'\n"
			 "SecAction 'id:4,phase:2,pass'\n",
			 &o);
	ck_assert_str_eq(lab_get(&lab, "/"), "4");
	lab_fini(&lab);
}
END_TEST

START_TEST(another_name_of_a_variable_is_filled_in_as_well)
{
	static const char body[] = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n"
				   "--b--\r\n";
	struct waf_lab lab;

	/* the parameter without a semicolon before it */
	lab_init(&lab, "SecRule MULTIPART_SEMICOLON_MISSING '@eq 1' 'id:1,phase:2,pass'\n");
	ck_assert_str_eq(lab_post(&lab, "multipart/form-data boundary=b", body), "1");
	lab_fini(&lab);
	lab_init(&lab, "SecRule MULTIPART_MISSING_SEMICOLON '@eq 1' 'id:1,phase:2,pass'\n");
	ck_assert_str_eq(lab_post(&lab, "multipart/form-data boundary=b", body), "1");
	lab_fini(&lab);
	lab_init(&lab, "SecRule REMOTE_HOST '@streq 192.0.2.1' 'id:1,phase:1,pass'\n"
		       "SecRule REQBODY_PROCESSOR_ERROR '@eq 1' 'id:2,phase:2,pass'\n"
		       "SecRule REQBODY_PROCESSOR_ERROR_MSG '@rx .' 'id:3,phase:2,pass'\n");
	ck_assert_str_eq(lab_post(&lab, "application/json", "{"), "1 2 3");
	lab_fini(&lab);
}
END_TEST

START_TEST(a_program_tells_what_it_is)
{
	struct weir_waf *w = lab_compile("SecRule ARGS '@contains x' 'id:1,phase:2,pass,chain'\n"
					 "SecRule ARGS '@contains y'\n"
					 "SecRule REMOTE_ADDR '!@rx x' 'id:2,phase:2,pass'\n"
					 "SecMarker M\n",
					 NULL);
	struct weir_waf *other = lab_compile("SecAction 'id:1,phase:2,pass'\n", NULL);
	struct weir_waf_info info, second;

	weir_waf_info(w, &info);
	weir_waf_info(other, &second);
	ck_assert_uint_eq(info.rules, 2);
	ck_assert_uint_eq(info.prefiltered, 1);
	ck_assert_uint_gt(info.bytes, 0);
	ck_assert(info.hash != second.hash);
	weir_waf_destroy(w);
	weir_waf_destroy(other);
}
END_TEST

START_TEST(rules_of_the_response_are_left_out_where_it_is_not_looked_at)
{
	static const struct weir_waf_options o = {.response_off = true};
	struct waf_lab lab;

	lab_init_options(&lab,
			 "SecAction 'id:1,phase:2,pass'\nSecAction 'id:2,phase:3,pass'\n"
			 "SecRule RESPONSE_BODY '@rx .' 'id:3,phase:4,deny'\n"
			 "SecAction 'id:4,phase:5,pass'\n",
			 &o);
	ck_assert_str_eq(lab_answer(&lab, "text/plain", "x"), "1 4");
	ck_assert_str_eq(lab_verdict(&lab), "pass");
	lab_fini(&lab);
}
END_TEST

Suite *waf_compile_suite(void)
{
	return WEIR_SUITE("waf compile", what_is_assigned_stays_as_it_is_written,
			  overrides_take_rules_out_or_let_them_only_tell,
			  a_rule_that_is_off_is_still_where_a_skip_leads,
			  another_name_of_a_variable_is_filled_in_as_well,
			  a_program_tells_what_it_is,
			  rules_of_the_response_are_left_out_where_it_is_not_looked_at);
}
