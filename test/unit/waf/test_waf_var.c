/* SPDX-License-Identifier: BSD-3-Clause */
#include "waf_lab.h"

#define DO(actions) "SecRule ARGS:q '@rx .' 'id:1,phase:1,pass,nolog," actions "'\n"

START_TEST(tx_counts_as_modsecurity_does)
{
	static const struct lab_told rows[] = {
		{DO("setvar:tx.n=5"), "/?q=1", "5"},
		{DO("setvar:tx.n=abc"), "/?q=1", "abc"},
		{DO("setvar:tx.n"), "/?q=1", "1"},
		{DO("setvar:tx.n=+3"), "/?q=1", "3"},
		{DO("setvar:tx.n=5,setvar:tx.n=+3"), "/?q=1", "8"},
		{DO("setvar:tx.n=5,setvar:tx.n=-3"), "/?q=1", "2"},
		{DO("setvar:tx.n=5,setvar:tx.n=-9"), "/?q=1", "0"},
		{DO("setvar:tx.n=abc,setvar:tx.n=+2"), "/?q=1", "2"},
		{DO("setvar:tx.n=12abc,setvar:tx.n=+2"), "/?q=1", "14"},
		{DO("setvar:tx.m=4,setvar:tx.n=5,setvar:tx.n=+%{tx.m}"), "/?q=1", "9"},
		{DO("setvar:tx.m=4,setvar:tx.n=5,setvar:tx.n=-%{tx.m}"), "/?q=1", "1"},
		{DO("setvar:tx.n=+%{tx.nothing}"), "/?q=1", "0"},
		{DO("setvar:tx.n=+%{args.q}"), "/?q=7", "7"},
		{DO("setvar:tx.n=-%{args.q}"), "/?q=7", "0"},
		{DO("setvar:tx.n=9223372036854775807,setvar:tx.n=+5"), "/?q=1",
		 "9223372036854775807"},
		{DO("setvar:tx.n=+99999999999999999999"), "/?q=1", "9223372036854775807"},
		{DO("setvar:tx.n=-99999999999999999999"), "/?q=1", "0"},
		{DO("setvar:tx.n=5,setvar:!tx.n"), "/?q=1", ""},
		{DO("setvar:TX.N=5"), "/?q=1", "5"},
		/* text stays as it is written */
		{DO("setvar:tx.n=007"), "/?q=1", "007"},
		{DO("setvar:tx.n=0"), "/?q=1", "0"},
		{DO("setvar:tx.n=1234567890123456789012"), "/?q=1", "1234567890123456789012"},
		{DO("setvar:tx.m=7,setvar:tx.n=a%{tx.m}b%{tx.m}"), "/?q=1", "a7b7"},
	};

	lab_told_rows(TELLER(2, "%{tx.n}"), rows, WEIR_ARRAY_LEN(rows));
}
END_TEST

START_TEST(names_may_be_made_of_macros)
{
	static const struct lab_row rows[] = {
		/* one that rules write down, and one that none does */
		{"SecRule ARGS '@rx .' "
		 "'id:1,phase:2,pass,nolog,setvar:tx.n_%{MATCHED_VAR_NAME}=+1'\n"
		 "SecRule TX:n_args:a '@eq 2' 'id:2,phase:2,pass'\n",
		 "/?a=1&A=2&b=3", "2"},
		{"SecRule ARGS_NAMES '@rx .' "
		 "'id:1,phase:2,pass,nolog,setvar:tx.n_%{MATCHED_VAR}=+1'\n"
		 "SecRule TX:/^n_/ '@gt 1' 'id:2,phase:2,pass'\n",
		 "/?a=1&b=2&c=3", ""},
		{"SecRule ARGS_NAMES '@rx .' "
		 "'id:1,phase:2,pass,nolog,setvar:tx.n_%{MATCHED_VAR}=+1'\n"
		 "SecRule TX:/^N_/ '@gt 1' 'id:2,phase:2,pass'\n"
		 "SecRule &TX:/^n_/ '@eq 2' 'id:3,phase:2,pass'\n",
		 "/?a=1&b=2&a=3", "2 3"},
		/* unset at run time */
		{"SecRule ARGS_NAMES '@rx .' "
		 "'id:1,phase:2,pass,nolog,setvar:tx.n_%{MATCHED_VAR}=+1'\n"
		 "SecRule ARGS:b '@rx .' 'id:2,phase:2,pass,nolog,setvar:!tx.n_%{ARGS.b}'\n"
		 "SecRule &TX:/^n_/ '@eq 1' 'id:3,phase:2,pass'\n",
		 "/?a=1&b=a", "3"},
	};

	lab_rows(rows, WEIR_ARRAY_LEN(rows));
}
END_TEST

START_TEST(names_of_run_time_are_told_apart_by_what_they_have_in_them)
{
#define COUNTED \
	"SecRule ARGS_NAMES '@rx .' 'id:1,phase:2,pass,nolog,setvar:tx.n_%{MATCHED_VAR}=+1'\n"
#define TAKES(selector) COUNTED "SecRule TX:/" selector "/ '@eq 1' 'id:2,phase:2,pass'\n"
	static const struct lab_row rows[] = {
		{TAKES("n_ab"), "/?AB=1", "2"},      {TAKES("n_ab"), "/?a=1&b=1", ""},
		{TAKES("ab.*"), "/?xab=1", "2"},     {TAKES("ab.*"), "/?a.=1", ""},
		{TAKES("^n_ab.*"), "/?abc=1", "2"},  {TAKES("^n_ab.*"), "/?xn_abc=1", ""},
		{TAKES("^n_.b+c"), "/?xbbc=1", "2"}, {TAKES("^n_.b+c"), "/?xn_xbbc=1", ""},
		{TAKES("ab.?$"), "/?xabc=1", "2"},   {TAKES("ab.?$"), "/?xabcd=1", ""},
		{TAKES("^n_ab.c"), "/?abxc=1", "2"}, {TAKES("^n_ab.c"), "/?abc=1", ""},
	};

	lab_rows(rows, WEIR_ARRAY_LEN(rows));
}
END_TEST

START_TEST(names_of_run_time_are_many_and_all_are_kept)
{
	struct weir_buf body = {0};
	struct waf_lab lab;

	lab_init(&lab, "SecRule ARGS_NAMES '@rx .' "
		       "'id:1,phase:2,pass,nolog,setvar:tx.n_%{MATCHED_VAR}=+1'\n"
		       "SecRule &TX:/^n_/ '@eq 900' 'id:2,phase:2,pass'\n"
		       "SecRule TX:/^n_/ '!@eq 1' 'id:3,phase:2,pass'\n");
	for (unsigned int i = 0; i < 900; i++)
		weir_buf_printf(&body, "%s%u=x", i ? "&" : "", i);
	ck_assert_str_eq(lab_post(&lab, FORM, body.ptr), "2");
	weir_buf_fini(&body);
	lab_fini(&lab);
}
END_TEST

START_TEST(a_copy_of_a_stored_variable_keeps_what_it_was)
{
#define OPEN "SecAction 'id:1,phase:1,pass,nolog,initcol:ip=%{REMOTE_ADDR},setvar:ip.n=5'\n"
	static const struct lab_told rows[] = {
		{OPEN "SecAction 'id:2,phase:1,pass,nolog,setvar:tx.old=%{ip.n},setvar:ip.n=7'\n",
		 "/", "5/7"},
		{OPEN "SecRule IP:n '@eq 5' 'id:2,phase:1,pass,nolog,setvar:ip.n=7,"
		      "setvar:tx.old=%{MATCHED_VAR}'\n",
		 "/", "5/7"},
		{OPEN "SecAction 'id:2,phase:1,pass,nolog,setvar:ip.n=+2,setvar:tx.old=x'\n", "/",
		 "x/7"},
		{OPEN "SecAction 'id:2,phase:1,pass,nolog,setvar:tx.old=x,setvar:!ip.n'\n", "/",
		 "x/"},
		{OPEN
		 "SecAction 'id:2,phase:1,pass,nolog,setvar:tx.old=x,setvar:ip.n=%{ip.n}%{ip.n}'\n",
		 "/", "x/55"},
	};

	lab_told_rows(TELLER(2, "%{tx.old}/%{ip.n}"), rows, WEIR_ARRAY_LEN(rows));
}
END_TEST

START_TEST(a_collection_that_was_not_opened_keeps_nothing)
{
	static const struct lab_told rows[] = {
		{DO("setvar:ip.n=5"), "/?q=1", "/"},
		{DO("setvar:ip.n=+5,initcol:ip=%{REMOTE_ADDR}"), "/?q=1", "/"},
		{DO("initcol:global=g,setvar:global.n=+5"), "/?q=1", "/5"},
		/* the first opening counts */
		{DO("initcol:ip=a,setvar:ip.n=1,initcol:ip=b"), "/?q=1", "1/"},
	};

	lab_told_rows(TELLER(2, "%{ip.n}/%{global.n}"), rows, WEIR_ARRAY_LEN(rows));
}
END_TEST

Suite *waf_var_suite(void)
{
	return WEIR_SUITE("waf variables of TX", tx_counts_as_modsecurity_does,
			  names_may_be_made_of_macros,
			  names_of_run_time_are_told_apart_by_what_they_have_in_them,
			  names_of_run_time_are_many_and_all_are_kept,
			  a_copy_of_a_stored_variable_keeps_what_it_was,
			  a_collection_that_was_not_opened_keeps_nothing);
}
