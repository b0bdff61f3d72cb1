/* SPDX-License-Identifier: BSD-3-Clause */
#include "op_test.h"

#include <stdio.h>

START_TEST(addresses_are_looked_for_in_prefixes)
{
	static const struct op_row rows[] = {
		{WEIR_SEC_O_IPMATCH, "127.0.0.1 ::1", "127.0.0.1", true},
		{WEIR_SEC_O_IPMATCH, "127.0.0.1 ::1", "::1", true},
		{WEIR_SEC_O_IPMATCH, "127.0.0.1 ::1", "0:0::0:1", true},
		{WEIR_SEC_O_IPMATCH, "127.0.0.1 ::1", "127.0.0.2", false},
		{WEIR_SEC_O_IPMATCH, "10.0.0.0/8", "10.255.0.1", true},
		{WEIR_SEC_O_IPMATCH, "10.1.2.3/8", "10.255.0.1", true}, /* bits below it */
		{WEIR_SEC_O_IPMATCH, "10.0.0.0/8", "11.0.0.0", false},
		{WEIR_SEC_O_IPMATCH, "10.0.0.0/8", "9.255.255.255", false},
		{WEIR_SEC_O_IPMATCH, "192.0.2.128/25", "192.0.2.127", false},
		{WEIR_SEC_O_IPMATCH, "192.0.2.128/25", "192.0.2.128", true},
		{WEIR_SEC_O_IPMATCH, "0.0.0.0/0", "203.0.113.9", true},
		{WEIR_SEC_O_IPMATCH, "0.0.0.0/0", "2001:db8::1", false},
		{WEIR_SEC_O_IPMATCH, "::/0", "203.0.113.9", false}, /* families are apart */
		{WEIR_SEC_O_IPMATCH, "::/0", "2001:db8::1", true},
		{WEIR_SEC_O_IPMATCH, "2001:db8::/32", "2001:db8:ffff::", true},
		{WEIR_SEC_O_IPMATCH, "2001:db8::/32", "2001:db9::", false},
		{WEIR_SEC_O_IPMATCH, "192.0.2.0/24", "::ffff:192.0.2.7", true},
		{WEIR_SEC_O_IPMATCH, "192.0.2.0/24", "::ffff:192.0.3.7", false},
		{WEIR_SEC_O_IPMATCH, "10.0.0.0/8 10.1.0.0/16 10.0.0.0/9", "10.200.0.0", true},
		{WEIR_SEC_O_IPMATCHFROMFILE, "192.0.2.1 198.51.100.0/24", "198.51.100.77", true},
	};

	op_test_rows(rows, WEIR_ARRAY_LEN(rows));
}
END_TEST

START_TEST(what_is_no_address_is_in_no_prefix)
{
	static const struct op_row rows[] = {
		{WEIR_SEC_O_IPMATCH, "0.0.0.0/0 ::/0", "", false},
		{WEIR_SEC_O_IPMATCH, "0.0.0.0/0 ::/0", "example.com", false},
		{WEIR_SEC_O_IPMATCH, "0.0.0.0/0 ::/0", "1.2.3", false},
		{WEIR_SEC_O_IPMATCH, "0.0.0.0/0 ::/0", "1.2.3.4 ", false},
		{WEIR_SEC_O_IPMATCH, "0.0.0.0/0 ::/0", "1.2.3.4/8", false},
		{WEIR_SEC_O_IPMATCH, "0.0.0.0/0 ::/0",
		 "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000", false},
	};
	struct op_test t;

	op_test_rows(rows, WEIR_ARRAY_LEN(rows));
	op_test_init(&t, WEIR_SEC_O_IPMATCH, "1.2.3.4");
	ck_assert_int_eq(op_test_ask_bytes(&t, "1.2.3.4\0005", 9), WAF_NO_MATCH);
	op_test_fini(&t);
}
END_TEST

START_TEST(members_that_are_none_are_told_all)
{
	struct op_test t;

	op_test_init(&t, WEIR_SEC_O_IPMATCH, "1.2.3.4 1.2.3 a/8 10.0.0.0/33 ::1");
	ck_assert_ptr_null(t.op);
	ck_assert_uint_eq(weir_conf_errors(t.report), 3);
	op_test_fini(&t);
	op_test_init(&t, WEIR_SEC_O_IPMATCH, "%{tx.list}");
	ck_assert_ptr_null(t.op);
	op_test_fini(&t);
}
END_TEST

/* 50 prefixes that partly overlap, against a comparison with each. */
START_TEST(bisection_finds_what_a_walk_finds)
{
	struct weir_prefix p[50];
	char text[50 * WEIR_PREFIX_TEXT] = "", one[WEIR_PREFIX_TEXT], value[WEIR_ADDR_TEXT];
	uint32_t seed = 12345;
	struct op_test t;

	for (size_t i = 0; i < WEIR_ARRAY_LEN(p); i++) {
		seed = seed * 1664525 + 1013904223;
		snprintf(one, sizeof(one), "10.%u.%u.%u/%u", seed >> 24 & 7, seed >> 16 & 255,
			 seed >> 8 & 255, 12 + seed % 21);
		(void)!weir_prefix_parse(one, &p[i]);
		strcat(text, one);
		strcat(text, " ");
	}
	op_test_init(&t, WEIR_SEC_O_IPMATCH, text);
	ck_assert_ptr_nonnull(t.op);
	for (unsigned int n = 0; n < 4000; n++) {
		struct weir_addr a;
		bool wanted = false;

		seed = seed * 1664525 + 1013904223;
		snprintf(value, sizeof(value), "10.%u.%u.%u", seed >> 24 & 7, seed >> 16 & 255,
			 seed >> 8 & 255);
		ck_assert_int_eq(weir_addr_parse(value, &a), 0);
		for (size_t i = 0; i < WEIR_ARRAY_LEN(p); i++)
			wanted |= weir_prefix_contains(&p[i], &a);
		ck_assert_int_eq(op_test_ask(&t, value), wanted ? WAF_MATCH : WAF_NO_MATCH);
	}
	op_test_fini(&t);
}
END_TEST

Suite *waf_op_ip_suite(void)
{
	return WEIR_SUITE("waf op ip", addresses_are_looked_for_in_prefixes,
			  what_is_no_address_is_in_no_prefix, members_that_are_none_are_told_all,
			  bisection_finds_what_a_walk_finds);
}
