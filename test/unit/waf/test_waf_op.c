/* SPDX-License-Identifier: BSD-3-Clause */
#include "op_test.h"

START_TEST(some_always_match_and_some_never)
{
	static const struct op_row rows[] = {
		{WEIR_SEC_O_UNCONDITIONALMATCH, "", "", true},
		{WEIR_SEC_O_UNCONDITIONALMATCH, "", "a", true},
		{WEIR_SEC_O_NOMATCH, "", "", false},
		{WEIR_SEC_O_NOMATCH, "", "a", false},
	};

	op_test_rows(rows, WEIR_ARRAY_LEN(rows));
}
END_TEST

START_TEST(what_asks_outside_is_loaded_with_a_warning)
{
	static const enum weir_sec_operator ops[] = {WEIR_SEC_O_GEOLOOKUP, WEIR_SEC_O_RBL};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(ops); i++) {
		struct op_test t;

		op_test_init(&t, ops[i], "bl.example.net");
		ck_assert_ptr_nonnull(t.op);
		ck_assert_uint_eq(weir_conf_warnings(t.report), 1);
		ck_assert_int_eq(op_test_ask(&t, "192.0.2.1"), WAF_NO_MATCH);
		ck_assert(!op_test_need(&t, weir_bytes_str("192.0.2.1")));
		op_test_fini(&t);
	}
}
END_TEST

START_TEST(scratch_serves_operators_of_all_kinds)
{
	static const enum weir_sec_operator which[] = {WEIR_SEC_O_PM, WEIR_SEC_O_RX,
						       WEIR_SEC_O_DETECTXSS, WEIR_SEC_O_PM};
	static const char *const arguments[] = {"select union", "^sel", "", "garden selec"};
	static const enum waf_outcome wanted[] = {WAF_MATCH, WAF_MATCH, WAF_NO_MATCH, WAF_MATCH};
	struct op_test t[WEIR_ARRAY_LEN(which)];
	struct waf_op *ops[WEIR_ARRAY_LEN(which)];
	struct waf_scratch *s;

	for (size_t i = 0; i < WEIR_ARRAY_LEN(which); i++) {
		op_test_init(&t[i], which[i], arguments[i]);
		ops[i] = t[i].op;
	}
	s = waf_scratch_create(ops, WEIR_ARRAY_LEN(which));
	ck_assert_ptr_nonnull(s);
	for (size_t i = 0; i < WEIR_ARRAY_LEN(which); i++)
		ck_assert_int_eq(waf_op_run(ops[i], s, weir_bytes_str("select 1"),
					    (struct weir_bytes){0}, NULL),
				 wanted[i]);
	waf_scratch_destroy(s);
	waf_scratch_destroy(NULL);
	waf_op_destroy(NULL);
	for (size_t i = 0; i < WEIR_ARRAY_LEN(which); i++)
		op_test_fini(&t[i]);
}
END_TEST

START_TEST(no_memory_is_reported)
{
	struct weir_sec_test test = {.op = WEIR_SEC_O_STREQ};
	struct waf_op_cfg cfg = {0};
	struct weir_conf_report *r = weir_conf_report_create();
	struct weir_arena none;

	weir_arena_init(&none, &weir_arena_malloc, 1);
	ck_assert_ptr_null(
		waf_op_create(&test, &cfg, (struct weir_conf_pos){.file = "t"}, &none, r));
	ck_assert_uint_eq(weir_conf_errors(r), 1);
	weir_arena_reset(&none);
	weir_conf_report_destroy(r);
}
END_TEST

Suite *waf_op_suite(void)
{
	return WEIR_SUITE("waf op", some_always_match_and_some_never,
			  what_asks_outside_is_loaded_with_a_warning,
			  scratch_serves_operators_of_all_kinds, no_memory_is_reported);
}
