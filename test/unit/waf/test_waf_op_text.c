/* SPDX-License-Identifier: BSD-3-Clause */
#include "op_test.h"

START_TEST(text_is_compared_in_its_case)
{
	static const struct op_row rows[] = {
		{WEIR_SEC_O_STREQ, "abc", "abc", true},
		{WEIR_SEC_O_STREQ, "abc", "Abc", false},
		{WEIR_SEC_O_STREQ, "abc", "abcd", false},
		{WEIR_SEC_O_STREQ, "", "", true},
		{WEIR_SEC_O_STREQ, "", "a", false},
		{WEIR_SEC_O_BEGINSWITH, "ab", "abc", true},
		{WEIR_SEC_O_BEGINSWITH, "ab", "aBc", false},
		{WEIR_SEC_O_BEGINSWITH, "abcd", "abc", false},
		{WEIR_SEC_O_BEGINSWITH, "b", "abc", false},
		{WEIR_SEC_O_BEGINSWITH, "", "", true},
		{WEIR_SEC_O_BEGINSWITH, "", "abc", true},
		{WEIR_SEC_O_ENDSWITH, "bc", "abc", true},
		{WEIR_SEC_O_ENDSWITH, "BC", "abc", false},
		{WEIR_SEC_O_ENDSWITH, "xabc", "abc", false},
		{WEIR_SEC_O_ENDSWITH, "", "", true},
		{WEIR_SEC_O_CONTAINS, "b", "abc", true},
		{WEIR_SEC_O_CONTAINS, "B", "abc", false},
		{WEIR_SEC_O_CONTAINS, "abcd", "abc", false},
		{WEIR_SEC_O_CONTAINS, "", "", true},
		{WEIR_SEC_O_CONTAINS, "a", "", false},
		{WEIR_SEC_O_CONTAINS, "aab", "aaab", true},
		{WEIR_SEC_O_STRMATCH, "WebZIP", "x WebZIP y", true},
		{WEIR_SEC_O_STRMATCH, "WebZIP", "x webzip y", false},
		{WEIR_SEC_O_STRMATCH, "a|62 63|d", "xabcdx", true},
		{WEIR_SEC_O_STRMATCH, "a|6263|d", "xabcdx", true},
		{WEIR_SEC_O_STRMATCH, "a|62|d", "a|62|d", false},
	};

	op_test_rows(rows, WEIR_ARRAY_LEN(rows));
}
END_TEST

START_TEST(a_value_is_within_the_argument)
{
	static const struct op_row rows[] = {
		{WEIR_SEC_O_WITHIN, "GET HEAD POST", "GET", true},
		{WEIR_SEC_O_WITHIN, "GET HEAD POST", "get", false},
		{WEIR_SEC_O_WITHIN, "GET HEAD POST", "D P", true},
		{WEIR_SEC_O_WITHIN, "GET HEAD POST", "PUT", false},
		{WEIR_SEC_O_WITHIN, "GET", "GET ", false},
		{WEIR_SEC_O_WITHIN, "GET", "", true}, /* an empty value always is */
		{WEIR_SEC_O_WITHIN, "", "", true},
		{WEIR_SEC_O_WITHIN, "", "a", false},
	};

	op_test_rows(rows, WEIR_ARRAY_LEN(rows));
}
END_TEST

START_TEST(words_have_borders)
{
	static const struct op_row rows[] = {
		{WEIR_SEC_O_CONTAINSWORD, "cat", "cat", true},
		{WEIR_SEC_O_CONTAINSWORD, "cat", "the cat!", true},
		{WEIR_SEC_O_CONTAINSWORD, "cat", "cats", false},
		{WEIR_SEC_O_CONTAINSWORD, "cat", "bobcat", false},
		{WEIR_SEC_O_CONTAINSWORD, "cat", "_cat", false},
		{WEIR_SEC_O_CONTAINSWORD, "cat", "cat7 cat", true},
		{WEIR_SEC_O_CONTAINSWORD, "cat",
		 "\xe9"
		 "cat\xe9",
		 true},
		{WEIR_SEC_O_CONTAINSWORD, "aa", "aaa aa", true},
		{WEIR_SEC_O_CONTAINSWORD, "-x", "a-x", false}, /* what is before it is a word */
		{WEIR_SEC_O_CONTAINSWORD, "", "", true},
		{WEIR_SEC_O_CONTAINSWORD, "cat", "", false},
	};

	op_test_rows(rows, WEIR_ARRAY_LEN(rows));
}
END_TEST

START_TEST(zero_bytes_are_compared)
{
	struct op_test t;

	op_test_init_bytes(&t, WEIR_SEC_O_STREQ, false, weir_bytes_of("a\0b", 3));
	ck_assert_int_eq(op_test_ask_bytes(&t, "a\0b", 3), WAF_MATCH);
	ck_assert_int_eq(op_test_ask_bytes(&t, "a\0c", 3), WAF_NO_MATCH);
	ck_assert_int_eq(op_test_ask(&t, "a"), WAF_NO_MATCH);
	op_test_fini(&t);
	op_test_init(&t, WEIR_SEC_O_CONTAINS, "b");
	ck_assert_int_eq(op_test_ask_bytes(&t, "a\0b", 3), WAF_MATCH);
	op_test_fini(&t);
}
END_TEST

START_TEST(macros_are_compared_with_what_they_stand_for)
{
	static const struct {
		enum weir_sec_operator op;
		const char *value, *yes, *no;
	} rows[] = {
		{WEIR_SEC_O_STREQ, "abc", "abc", ""},
		{WEIR_SEC_O_BEGINSWITH, "abc", "a", "b"},
		{WEIR_SEC_O_ENDSWITH, "abc", "c", "b"},
		{WEIR_SEC_O_CONTAINS, "abc", "b", "%{x}"},
		{WEIR_SEC_O_CONTAINSWORD, "a b", "b", "ab"},
		{WEIR_SEC_O_STRMATCH, "abc", "bc", "cb"},
		{WEIR_SEC_O_WITHIN, "b", "abc", "xyz"},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct op_test t;

		op_test_init(&t, rows[i].op, "%{x}");
		ck_assert_int_eq(op_test_ask_macro(&t, rows[i].value, rows[i].yes), WAF_MATCH);
		ck_assert_int_eq(op_test_ask_macro(&t, rows[i].value, rows[i].no), WAF_NO_MATCH);
		ck_assert(op_test_need(&t, weir_bytes_str(rows[i].value)));
		op_test_fini(&t);
	}
}
END_TEST

START_TEST(hexadecimal_that_is_not_is_refused)
{
	static const char *const wrong[] = {"a|6", "|6 2|", "|zz|", "|62", "|6"};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(wrong); i++) {
		struct op_test t;

		op_test_init(&t, WEIR_SEC_O_STRMATCH, wrong[i]);
		ck_assert_msg(!t.op, "\"%s\" is taken", wrong[i]);
		op_test_fini(&t);
	}
}
END_TEST

START_TEST(conditions_rule_values_out)
{
	struct op_test t;

	op_test_init(&t, WEIR_SEC_O_ENDSWITH, "Ab");
	ck_assert(!op_test_need(&t, weir_bytes_str("b")));
	ck_assert(!op_test_need(&t, weir_bytes_str("a b")));
	ck_assert(op_test_need(&t, weir_bytes_str("ab"))); /* literals have no case */
	op_test_fini(&t);
	op_test_init(&t, WEIR_SEC_O_CONTAINS, "A");
	ck_assert(!op_test_need(&t, weir_bytes_str("a")));
	ck_assert(op_test_need(&t, weir_bytes_str("xA")));
	op_test_fini(&t);
}
END_TEST

Suite *waf_op_text_suite(void)
{
	return WEIR_SUITE("waf op text", text_is_compared_in_its_case,
			  a_value_is_within_the_argument, words_have_borders,
			  zero_bytes_are_compared, macros_are_compared_with_what_they_stand_for,
			  hexadecimal_that_is_not_is_refused, conditions_rule_values_out);
}
