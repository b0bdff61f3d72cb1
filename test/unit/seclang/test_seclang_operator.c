/* SPDX-License-Identifier: BSD-3-Clause */
/* Operators and their arguments. */
#include <stdio.h>

#include "seclang_test.h"

Suite *seclang_operator_suite(void);

START_TEST(operators_are_read)
{
	static const struct {
		const char *written;
		uint8_t op;
		bool negated;
		const char *argument;
	} rows[] = {
		{"^a b$", WEIR_SEC_O_RX, false, "^a b$"},
		{"!^a", WEIR_SEC_O_RX, true, "^a"},
		{"  ^a ", WEIR_SEC_O_RX, false, "^a "},
		{"@rx ^a ", WEIR_SEC_O_RX, false, "^a "},
		{"@rx", WEIR_SEC_O_RX, false, ""},
		{"@rx   a%{2}", WEIR_SEC_O_RX, false, "a%{2}"},
		{"!@rx a", WEIR_SEC_O_RX, true, "a"},
		{"! @rx a", WEIR_SEC_O_RX, true, "a"},
		{"@RX a", WEIR_SEC_O_RX, false, "a"},
		{"@beginsWith a", WEIR_SEC_O_BEGINSWITH, false, "a"},
		{"@contains a b", WEIR_SEC_O_CONTAINS, false, "a b"},
		{"@containsWord a", WEIR_SEC_O_CONTAINSWORD, false, "a"},
		{"@detectSQLi", WEIR_SEC_O_DETECTSQLI, false, ""},
		{"@detectXSS ", WEIR_SEC_O_DETECTXSS, false, ""},
		{"@endsWith a", WEIR_SEC_O_ENDSWITH, false, "a"},
		{"@eq 0", WEIR_SEC_O_EQ, false, "0"},
		{"!@ge -1", WEIR_SEC_O_GE, true, "-1"},
		{"@geoLookup", WEIR_SEC_O_GEOLOOKUP, false, ""},
		{"@gt %{tx.a}", WEIR_SEC_O_GT, false, "%{tx.a}"},
		{"@ipMatch 10.0.0.0/8,::1", WEIR_SEC_O_IPMATCH, false, "10.0.0.0/8,::1"},
		{"@le 1", WEIR_SEC_O_LE, false, "1"},
		{"@lt 1", WEIR_SEC_O_LT, false, "1"},
		{"@noMatch", WEIR_SEC_O_NOMATCH, false, ""},
		{"@pm a b", WEIR_SEC_O_PM, false, "a b"},
		{"@rbl a.example", WEIR_SEC_O_RBL, false, "a.example"},
		{"@streq ", WEIR_SEC_O_STREQ, false, ""},
		{"@strmatch a", WEIR_SEC_O_STRMATCH, false, "a"},
		{"@unconditionalMatch", WEIR_SEC_O_UNCONDITIONALMATCH, false, ""},
		{"@validateByteRange 9, 10,13,32-126", WEIR_SEC_O_VALIDATEBYTERANGE, false,
		 "9, 10,13,32-126"},
		{"@validateUrlEncoding", WEIR_SEC_O_VALIDATEURLENCODING, false, ""},
		{"@validateUtf8Encoding", WEIR_SEC_O_VALIDATEUTF8ENCODING, false, ""},
		{"@verifyCC \\d{13,16}", WEIR_SEC_O_VERIFYCC, false, "\\d{13,16}"},
		{"@verifySSN \\d{9}", WEIR_SEC_O_VERIFYSSN, false, "\\d{9}"},
		{"@verifyCPF \\d{11}", WEIR_SEC_O_VERIFYCPF, false, "\\d{11}"},
		{"@within %{tx.a} b", WEIR_SEC_O_WITHIN, false, "%{tx.a} b"},
	};
	uint64_t seen = 0;

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		const struct weir_sec_rule *r;
		char text[200];

		snprintf(text, sizeof(text), "ARGS \"%s\" id:1", rows[i].written);
		r = only(text);
		ck_assert_msg(r->test.op == rows[i].op, "%s", rows[i].written);
		ck_assert(r->test.negated == rows[i].negated);
		assert_bytes(r->test.argument.source, rows[i].argument);
		seen |= 1ULL << r->test.op;
	}
	/* All but those of files, which have tests of their own. */
	seen |= 1ULL << WEIR_SEC_O_PMFROMFILE | 1ULL << WEIR_SEC_O_IPMATCHFROMFILE;
	ck_assert_uint_eq(seen, (1ULL << WEIR_SEC_O_END) - 1);
}
END_TEST

START_TEST(operators_that_are_none_are_told)
{
	static const struct said_row rows[] = {
		{"SecRule ARGS @rxx id:1\n",
		 "t:1:15: error: no operator 'rxx', did you mean 'rx'?\n"},
		{"SecRule ARGS \"!@contain a\" id:1\n",
		 "t:1:17: error: no operator 'contain', did you mean 'contains'?\n"},
		{"SecRule ARGS \"@rsub s/a/b/\" id:1\n",
		 "t:1:16: error: operator 'rsub' is not supported\n"},
		{"SecRule ARGS @ id:1\n", "t:1:15: error: no operator ''\n"},
		{"SecRule ARGS \"@rx a[\" id:1\n",
		 "t:1:21: error: not a regular expression: missing terminating ] for character "
		 "class\n"},
		{"SecRule ARGS \"@eq a\" id:1\n",
		 "t:1:19: error: a number from 0 to 9223372036854775807 must stand here, not "
		 "\"a\"\n"},
		{"SecRule ARGS @eq id:1\n", "t:1:17: error: @eq needs an argument\n"},
		{"SecRule ARGS \"@pm \" id:1\n", "t:1:19: error: @pm needs an argument\n"},
		{"SecRule ARGS \"@detectXSS a\" id:1\n",
		 "t:1:26: error: @detectXSS takes no argument\n"},
		{"SecRule ARGS \"@validateByteRange 1-256\" id:1\n",
		 "t:1:36: error: a number from 0 to 255 must stand here, not \"256\"\n"},
		{"SecRule ARGS \"@validateByteRange 1,9-3\" id:1\n",
		 "t:1:36: error: the range 9-3 is empty\n"},
		{"SecRule ARGS \"@validateByteRange 1,\" id:1\n",
		 "t:1:36: error: a number from 0 to 255 must stand here, not \"\"\n"},
		{"SecRule ARGS \"@ipMatch 1.2.3.4,1.2.3\" id:1\n",
		 "t:1:32: error: '1.2.3' is not an address\n"},
	};

	CHECK_SAID(rows);
}
END_TEST

START_TEST(an_expression_with_a_macro_is_known_only_at_run_time)
{
	const struct weir_sec_rule *r = only("ARGS \"@rx ^%{tx.a}(\" id:1");

	ck_assert(r->test.argument.has_macro);
	ck_assert_str_eq(text_text(&r->test.argument), "[^][%TX.a][(]");
}
END_TEST

Suite *seclang_operator_suite(void)
{
	return WEIR_SUITE("seclang operator", operators_are_read, operators_that_are_none_are_told,
			  an_expression_with_a_macro_is_known_only_at_run_time);
}
