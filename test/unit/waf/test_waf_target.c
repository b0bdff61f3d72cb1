/* SPDX-License-Identifier: BSD-3-Clause */
#include "waf_lab.h"

#include <stdio.h>

START_TEST(targets_select_by_name_and_expression_and_count)
{
#define RULE(targets, test) "SecRule " targets " '" test "' 'id:1,phase:2,pass'\n"
	static const struct lab_row rows[] = {
		{RULE("ARGS:a", "@streq 1"), "/?A=1", "1"},
		{RULE("ARGS:a", "@streq 1"), "/?ab=1", ""},
		{RULE("ARGS:/^a/", "@streq 1"), "/?Ab=1", "1"},
		{RULE("ARGS:/^a/", "@streq 1"), "/?ba=1", ""},
		{RULE("ARGS|!ARGS:a", "@streq 1"), "/?a=1", ""},
		{RULE("ARGS|!ARGS:a", "@streq 1"), "/?a=1&b=1", "1"},
		{RULE("ARGS|!ARGS:/^a/", "@streq 1"), "/?ab=1&AC=1", ""},
		{RULE("ARGS|!ARGS", "@streq 1"), "/?a=1", ""},
		/* of names, the name is what is selected by */
		{RULE("ARGS_NAMES|!ARGS_NAMES:a", "@streq a"), "/?a=1", ""},
		{RULE("ARGS|!ARGS_NAMES:a", "@streq 1"), "/?a=1", "1"},
		{RULE("&ARGS", "@eq 3"), "/?a=1&a=2&b=3", "1"},
		{RULE("&ARGS:a", "@eq 2"), "/?a=1&a=2&b=3", "1"},
		{RULE("&ARGS:/^./", "@eq 3"), "/?a=1&a=2&b=3", "1"},
		{RULE("&ARGS:z", "@eq 0"), "/?a=1", "1"},
		{RULE("&REQUEST_HEADERS:Host", "@eq 1"), "/", "1"},
		{RULE("&TX:x", "@eq 0"), "/", "1"},
		{RULE("TX:x", "!@streq y"), "/", ""},
		{RULE("GEO:COUNTRY_CODE", "@rx ."), "/", ""},
	};

	lab_rows(rows, WEIR_ARRAY_LEN(rows));
}
END_TEST

START_TEST(a_match_tells_which_target_it_was)
{
	static const struct {
		const char *rule, *uri, *target, *value;
	} rows[] = {
		{"SecRule ARGS '@streq x' 'id:1,phase:2,pass'\n", "/?Id=x", "ARGS:Id", "x"},
		{"SecRule ARGS '@streq x' 'id:1,phase:2,pass'\n", "/?=x", "ARGS:", "x"},
		{"SecRule ARGS_NAMES '@streq Id' 'id:1,phase:2,pass'\n", "/?Id=x", "ARGS_NAMES:Id",
		 "Id"},
		{"SecRule &ARGS '@eq 1' 'id:1,phase:2,pass'\n", "/?Id=x", "&ARGS", "1"},
		{"SecRule &ARGS:id '@eq 1' 'id:1,phase:2,pass'\n", "/?Id=x", "&ARGS:id", "1"},
		{"SecRule REQUEST_METHOD '@streq GET' 'id:1,phase:2,pass'\n", "/", "REQUEST_METHOD",
		 "GET"},
		{"SecRule REQUEST_HEADERS:HOST '@streq a' 'id:1,phase:2,pass'\n", "/",
		 "REQUEST_HEADERS:Host", "a"},
		{"SecRule ARGS '@streq x' 'id:1,phase:2,pass,t:lowercase'\n", "/?a=X", "ARGS:a",
		 "x"},
		{"SecAction 'id:1,phase:2,pass'\n", "/", "", ""},
		/* what matched last */
		{"SecRule ARGS '@rx .' 'id:1,phase:2,pass'\n", "/?a=1&b=2", "ARGS:b", "2"},
		{"SecRule ARGS:a '@rx .' 'id:1,phase:2,pass,chain'\nSecRule ARGS:b '@rx .'\n",
		 "/?a=1&b=2", "ARGS:b", "2"},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct waf_lab lab;

		lab_init(&lab, rows[i].rule);
		ck_assert_str_eq(lab_get(&lab, rows[i].uri), "1");
		ck_assert_str_eq(lab_target(&lab, 1), rows[i].target);
		if (rows[i].value[0])
			ck_assert_str_eq(lab_value(&lab, 1), rows[i].value);
		lab_fini(&lab);
	}
}
END_TEST

START_TEST(what_a_chain_matched_so_far_can_be_asked_about)
{
#define STARTER "SecRule ARGS '@rx ^x' 'id:1,phase:2,pass,chain'\n"
	static const struct lab_row rows[] = {
		{STARTER "SecRule MATCHED_VAR '@streq x2'\n", "/?a=x1&b=x2&c=y", "1"},
		{STARTER "SecRule MATCHED_VAR '@streq x1'\n", "/?a=x1&b=x2&c=y", ""},
		{STARTER "SecRule MATCHED_VAR_NAME '@streq ARGS:b'\n", "/?a=x1&b=x2", "1"},
		{STARTER "SecRule MATCHED_VARS '@streq x1'\n", "/?a=x1&b=x2", "1"},
		{STARTER "SecRule MATCHED_VARS '@streq y'\n", "/?a=x1&b=y", ""},
		{STARTER "SecRule MATCHED_VARS_NAMES '@streq ARGS:a'\n", "/?a=x1&b=x2", "1"},
		{STARTER "SecRule &MATCHED_VARS '@eq 2'\n", "/?a=x1&b=x2&c=y", "1"},
		/* the links before it count as well, the link itself does not */
		{STARTER "SecRule ARGS:c '@rx .' 'chain'\nSecRule MATCHED_VARS '@streq y'\n",
		 "/?a=x1&c=y", "1"},
		{STARTER "SecRule MATCHED_VARS '@rx .' 'chain'\nSecRule &MATCHED_VARS '@eq 4'\n",
		 "/?a=x1&b=x2", "1"},
		/* not over rules */
		{"SecRule ARGS '@rx ^x' 'id:1,phase:2,pass'\n"
		 "SecRule ARGS '@rx ^y' 'id:2,phase:2,pass,chain'\nSecRule MATCHED_VARS '@streq "
		 "x1'\n",
		 "/?a=x1&b=y", "1"},
	};

	lab_rows(rows, WEIR_ARRAY_LEN(rows));
}
END_TEST

START_TEST(the_clock_is_the_transactions)
{
	/* 2024-02-29 13:04:05 UTC, a Thursday */
	static const struct {
		const char *variable, *text;
	} rows[] = {
		{"TIME", "13:04:05"}, {"TIME_DAY", "29"}, {"TIME_EPOCH", "1709211845"},
		{"TIME_HOUR", "13"},  {"TIME_MIN", "4"},  {"TIME_MON", "1"},
		{"TIME_SEC", "5"},    {"TIME_WDAY", "4"}, {"TIME_YEAR", "2024"},
		{"DURATION", "0"},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		char rules[200];
		struct waf_lab lab;

		snprintf(rules, sizeof(rules),
			 "SecRule %s '@streq %s' 'id:1,phase:2,pass,logdata:%%{%s}'\n",
			 rows[i].variable, rows[i].text, rows[i].variable);
		lab_init(&lab, rules);
		lab.begin.unix_ns = 1709211845 * WEIR_NS_PER_S + 5;
		lab_get(&lab, "/");
		ck_assert_str_eq(lab_data(&lab, 1), rows[i].text);
		lab_fini(&lab);
	}
}
END_TEST

START_TEST(rule_is_the_rule_that_is_asked)
{
	static const struct {
		const char *rules, *data;
	} rows[] = {
		{"SecRule RULE:id '@eq 1' 'id:1,phase:2,pass,logdata:%{RULE.id}'\n", "1"},
		{"SecAction "
		 "'id:1,phase:2,pass,severity:ERROR,rev:7,logdata:%{RULE.severity}-%{rule.rev}'\n",
		 "3-7"},
		{"SecAction 'id:1,phase:2,pass,msg:hello,logdata:%{RULE.msg}'\n", "hello"},
		{"SecAction 'id:1,phase:2,pass,logdata:x%{RULE.severity}'\n", "x"},
		{"SecAction 'id:1,phase:2,pass,logdata:x%{RULE.nothing}'\n", "x"},
		/* as it is written: it may name itself */
		{"SecAction 'id:1,phase:2,pass,msg:m-%{RULE.msg},logdata:%{RULE.msg}'\n",
		 "m-%{RULE.msg}"},
		{"SecAction 'id:1,phase:2,pass,logdata:a-%{RULE.logdata}'\n",
		 "a-a-%{RULE.logdata}"},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct waf_lab lab;

		lab_init(&lab, rows[i].rules);
		lab_get(&lab, "/");
		ck_assert_str_eq(lab_data(&lab, 1), rows[i].data);
		lab_fini(&lab);
	}
}
END_TEST

START_TEST(text_and_attributes_of_xml_are_two_things)
{
#define XML_RULE(targets) "SecRule " targets " '@contains evil' 'id:1,phase:2,pass'\n"
	static const char text[] = "<a b=\"good\">evil</a>", attribute[] = "<a b=\"evil\">good</a>";
	static const struct {
		const char *rules, *text_ids, *attribute_ids;
	} rows[] = {
		{XML_RULE("XML:/*"), "1", ""},
		{XML_RULE("XML://@*"), "", "1"},
		{XML_RULE("XML:/*|XML://@*"), "1", "1"},
		{"SecAction 'id:2,phase:1,pass,nolog,ctl:ruleRemoveTargetById=1;XML:/*'\n" XML_RULE(
			 "XML:/*|XML://@*"),
		 "", "1"},
		{"SecAction "
		 "'id:2,phase:1,pass,nolog,ctl:ruleRemoveTargetById=1;XML://@*'\n" XML_RULE(
			 "XML:/*|XML://@*"),
		 "1", ""},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct waf_lab lab;

		lab_init(&lab, rows[i].rules);
		ck_assert_str_eq(lab_post(&lab, "text/xml", text), rows[i].text_ids);
		ck_assert_str_eq(lab_post(&lab, "text/xml", attribute), rows[i].attribute_ids);
		lab_fini(&lab);
	}
}
END_TEST

Suite *waf_target_suite(void)
{
	return WEIR_SUITE("waf targets", targets_select_by_name_and_expression_and_count,
			  a_match_tells_which_target_it_was,
			  what_a_chain_matched_so_far_can_be_asked_about,
			  the_clock_is_the_transactions, rule_is_the_rule_that_is_asked,
			  text_and_attributes_of_xml_are_two_things);
}
