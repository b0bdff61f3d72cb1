/* SPDX-License-Identifier: BSD-3-Clause */
#include "waf_lab.h"

#define FIRST(how) "SecRule ARGS_NAMES '@rx ^.*$' 'id:1,phase:2,pass,log," how ",chain'\n"
#define HANDS_ON   "capture,setvar:tx.name_%{tx.0}=/%{tx.0}/"
#define SECOND     "SecRule TX:/^name_/ '@within /proxy/ /if/'\n"
#define RELAY      FIRST(HANDS_ON) SECOND

static bool has_relay(const char *rules)
{
	struct weir_waf *w = lab_compile(rules, NULL);
	bool any = false;

	ck_assert_msg(w != NULL, "%s", rules);
	for (unsigned int i = 0; i < w->screen->n_slots; i++)
		any |= waf_bits_has(&w->screen->relays, i);
	weir_waf_destroy(w);
	return any;
}

START_TEST(what_nobody_else_acts_on_is_handed_on_only_where_it_may_be_found)
{
	static const char *const rules[] = {
		RELAY,
		FIRST(HANDS_ON ",t:lowercase") SECOND,
		"SecAction 'id:2,phase:1,pass,nolog,setvar:tx.list=/a/b/'\n" FIRST(
			HANDS_ON) "SecRule TX:/^name_/ '@within %{tx.list}'\n",
		FIRST(HANDS_ON ",logdata:%{MATCHED_VAR}") SECOND,
		RELAY "SecRule TX:/other/ '@rx .' 'id:2,phase:2,pass'\n",
		RELAY "SecRule TX:/^other/ '@rx .' 'id:2,phase:2,pass'\n",
		RELAY "SecRule TX:other '@rx .' 'id:2,phase:2,pass,setvar:tx.other2=1'\n",
		RELAY "SecRule ARGS '@rx (.)' 'id:2,phase:2,pass,capture,setvar:tx.o_%{tx.1}=1'\n",
		RELAY "SecRule ARGS '@rx (.)' 'id:2,phase:2,pass,capture,chain'\n"
		      "SecRule TX:1 '@eq 1'\n",
		/* only tells of what was captured */
		RELAY "SecRule ARGS '@rx a' 'id:2,phase:2,pass,logdata:%{tx.0}'\n",
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rules); i++)
		ck_assert_msg(has_relay(rules[i]), "%s", rules[i]);
}
END_TEST

START_TEST(what_somebody_may_act_on_is_handed_on_always)
{
	static const char *const rules[] = {
		/* of another shape */
		FIRST("setvar:tx.name_%{tx.0}=/%{tx.0}/") SECOND,
		FIRST("capture,setvar:tx.name_%{tx.0}=%{tx.0}/") SECOND,
		FIRST("capture,setvar:tx.name_%{tx.1}=/%{tx.0}/") SECOND,
		FIRST("capture,setvar:tx.name_%{tx.0}=/%{tx.0}/,setvar:tx.b=1") SECOND,
		FIRST(HANDS_ON ",logdata:%{tx.0}") SECOND,
		FIRST(HANDS_ON ",logdata:%{MATCHED_VARS}") SECOND,
		"SecRule ARGS_NAMES '@rx .' 'id:1,phase:2,pass," HANDS_ON ",chain'\n" SECOND,
		FIRST(HANDS_ON) "SecRule TX:/^name_/ '!@within /proxy/ /if/'\n",
		FIRST(HANDS_ON) "SecRule TX:/^name_/ '@contains a'\n",
		FIRST(HANDS_ON) "SecRule TX:/name_/ '@within /a/'\n",
		FIRST(HANDS_ON) "SecRule TX:/^name_/ '@within /a/' 't:lowercase'\n",
		FIRST(HANDS_ON) "SecRule TX:/^name_/ '@within /a/' chain\nSecRule ARGS '@rx .'\n",
		/* what is looked up is not known, or may be empty */
		FIRST(HANDS_ON) "SecRule TX:/^name_/ '@within %{ARGS.x}'\n",
		FIRST(HANDS_ON) "SecRule TX:/^name_/ '@within %{tx.list}'\n",
		"SecAction 'id:2,phase:1,pass,nolog,setvar:tx.list=/a/b/'\n" FIRST(
			HANDS_ON) "SecRule TX:/^name_/ '@within %{tx.list}'\n"
				  "SecRule ARGS '@rx a' "
				  "'id:3,phase:2,pass,setvar:tx.list=/c/'\n",
		FIRST(HANDS_ON) "SecRule TX:/^name_/ '@within /a//b/'\n",
		/* another makes variables of that name */
		RELAY "SecAction 'id:2,phase:2,pass,setvar:tx.name_x=1'\n",
		RELAY "SecAction 'id:2,phase:2,pass,setvar:tx.name_%{ARGS.x}=1'\n",
		RELAY "SecAction 'id:2,phase:2,pass,setvar:tx.%{ARGS.x}=1'\n",
		RELAY "SecAction 'id:2,phase:2,pass,setvar:tx.n%{ARGS.x}=1'\n",
		/* another takes them */
		RELAY "SecRule TX:/^na/ '@rx .' 'id:2,phase:2,pass'\n",
		RELAY "SecRule TX:/^name_x/ '@rx .' 'id:2,phase:2,pass'\n",
		RELAY "SecRule TX:/me_x/ '@rx .' 'id:2,phase:2,pass'\n",
		RELAY "SecRule TX:/./ '@rx .' 'id:2,phase:2,pass'\n",
		RELAY "SecRule &TX:/^name_/ '@gt 1' 'id:2,phase:2,pass'\n",
		/* or what was captured, or matched */
		RELAY "SecRule TX:0 '@rx .' 'id:2,phase:2,pass'\n",
		RELAY "SecRule ARGS '@rx .' 'id:2,phase:2,pass,setvar:tx.o=%{tx.0}'\n",
		RELAY "SecRule ARGS '@streq %{tx.0}' 'id:2,phase:2,pass'\n",
		RELAY "SecRule MATCHED_VAR '@rx .' 'id:2,phase:2,pass'\n",
		RELAY "SecAction 'id:2,phase:2,pass,setvar:tx.o=%{MATCHED_VAR}'\n",
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rules); i++)
		ck_assert_msg(!has_relay(rules[i]), "%s", rules[i]);
}
END_TEST

START_TEST(a_relay_matches_what_it_would_match_unscreened)
{
	static const char taken[] = RELAY "SecRule TX:/other/ '@rx q' 'id:2,phase:2,pass'\n";
	static const struct lab_row rows[] = {
		{RELAY, "/", ""},
		{RELAY, "/?proxy=1", "1"},
		{RELAY, "/?Proxy=1", ""},
		{RELAY, "/?prox=1&proxyy=2", ""},
		{RELAY, "/?a=1&if=2&b=3", "1"},
		{RELAY, "/?%20=1", "1"}, /* between two names */
		{RELAY, "/?proxy%2f%20%2fif=1", "1"},
		{FIRST(HANDS_ON ",t:lowercase") SECOND, "/?Proxy=1", "1"},
		{taken, "/?anotherq=1", "2"},
		{taken, "/?proxy=1&anotherq=1", "1 2"},
		{taken, "/?another=1", ""},
	};

	lab_rows(rows, WEIR_ARRAY_LEN(rows));
}
END_TEST

/* What was captured last is told by rules that have not captured it: it must be the same. */
START_TEST(what_a_relay_captured_is_told_as_if_all_were_handed_on)
{
	static const struct weir_waf_options options[] = {{0}, {.no_prefilter = true}};
	static const char *const tellers[] = {
		"SecRule ARGS '@streq tell' 'id:2,phase:2,pass,log,logdata:%{tx.0}'\n",
		"SecAction 'id:2,phase:2,pass,log,logdata:%{tx.0}'\n",
		"SecRule ARGS '@streq tell' 'id:2,phase:5,pass,log,logdata:%{tx.0}'\n",
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(tellers); i++)
		for (size_t k = 0; k < WEIR_ARRAY_LEN(options); k++) {
			struct weir_buf rules = {0};
			struct waf_lab lab;

			weir_buf_printf(&rules, "%s%s", RELAY, tellers[i]);
			lab_init_options(&lab, rules.ptr, &options[k]);
			ck_assert_str_eq(lab_get(&lab, "/?x=tell&last=1"), "2");
			ck_assert_str_eq(lab_data(&lab, 2), "last");
			ck_assert_str_eq(lab_get(&lab, "/?proxy=1&x=tell"), "1 2");
			ck_assert_str_eq(lab_data(&lab, 2), "x");
			lab_fini(&lab);
			weir_buf_fini(&rules);
		}
}
END_TEST

Suite *waf_relay_suite(void)
{
	return WEIR_SUITE("waf relay",
			  what_nobody_else_acts_on_is_handed_on_only_where_it_may_be_found,
			  what_somebody_may_act_on_is_handed_on_always,
			  a_relay_matches_what_it_would_match_unscreened,
			  what_a_relay_captured_is_told_as_if_all_were_handed_on);
}
