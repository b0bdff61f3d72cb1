/* SPDX-License-Identifier: BSD-3-Clause */
/* Addresses and prefixes: text to bytes and back. */
#include "base_test.h"

#include <arpa/inet.h>

static const struct {
	const char *text, *again; /* NULL: comes out as it went in */
	uint8_t family;
} good_addresses[] = {
	{"0.0.0.0", NULL, 4},
	{"10.1.2.3", NULL, 4},
	{"255.255.255.255", NULL, 4},
	{"::", NULL, 6},
	{"::1", NULL, 6},
	{"2001:db8::1", NULL, 6},
	{"2001:0DB8:0000:0000:0000:0000:0000:0001", "2001:db8::1", 6},
	{"2001:db8:0:1:0:0:0:1", "2001:db8:0:1::1", 6},
	{"::ffff:10.1.2.3", NULL, 6},
	{"ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
	 6},
};

START_TEST(good_addresses_come_out_in_their_canonical_form)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(good_addresses); i++) {
		const char *want =
			good_addresses[i].again ? good_addresses[i].again : good_addresses[i].text;
		char text[WEIR_ADDR_TEXT];
		struct weir_addr a;

		ck_assert_int_eq(weir_addr_parse(good_addresses[i].text, &a), 0);
		ck_assert_uint_eq(a.family, good_addresses[i].family);
		ck_assert_str_eq(weir_addr_format(&a, text), want);
	}
}
END_TEST

START_TEST(each_byte_of_a_v4_address_is_written_as_inet_ntop_does)
{
	for (uint32_t i = 0; i < 4 * 256; i++) {
		struct weir_addr a = weir_addr_v4((i & 255) << (i / 256 * 8));
		char text[WEIR_ADDR_TEXT], want[WEIR_ADDR_TEXT];

		inet_ntop(AF_INET, a.bytes + 12, want, sizeof(want));
		ck_assert_str_eq(weir_addr_format(&a, text), want);
	}
}
END_TEST

static const char *const bad_addresses[] = {
	"",
	" ",
	"1",
	"1.2.3",
	"1.2.3.4.5",
	"256.1.1.1",
	"1.2.3.4 ",
	" 1.2.3.4",
	"01.2.3.4",
	"0x1.2.3.4",
	"1.2.3.-4",
	"1.2.3.4/32",
	"::1/128",
	":::",
	"1::2::3",
	"12345::",
	"g::",
	"fe80::1%eth0",
	"1:2:3:4:5",
	"::1.2.3.256",
	"::ffff:1.2",
	"localhost",
	"1:2:3:4:5:6:7:8:9",
};

START_TEST(bad_addresses_are_not_well_formed)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(bad_addresses); i++) {
		struct weir_addr a;

		ck_assert_msg(weir_addr_parse(bad_addresses[i], &a) == -WEIR_EFORMAT, "took '%s'",
			      bad_addresses[i]);
	}
}
END_TEST

START_TEST(v4_addresses_stand_mapped_in_the_last_four_bytes)
{
	static const uint8_t want[16] = {[10] = 0xff, [11] = 0xff, 10, 1, 2, 3};
	struct weir_addr a = weir_addr_v4(0x0a010203), b;

	ck_assert_uint_eq(a.family, 4);
	ck_assert_mem_eq(a.bytes, want, 16);
	ck_assert_uint_eq(weir_addr_to_v4(&a), 0x0a010203);
	ck_assert_int_eq(weir_addr_parse("10.1.2.3", &b), 0);
	ck_assert_mem_eq(a.bytes, b.bytes, 16);
	a = weir_addr_v4(0xfffefdfc);
	ck_assert_uint_eq(weir_addr_to_v4(&a), 0xfffefdfc);
}
END_TEST

START_TEST(v6_addresses_keep_their_bytes)
{
	static const uint8_t bytes[16] = {0x20, 1, 0xd, 0xb8, [15] = 7};
	struct weir_addr a = weir_addr_v6(bytes);
	char text[WEIR_ADDR_TEXT];

	ck_assert_uint_eq(a.family, 6);
	ck_assert_mem_eq(a.bytes, bytes, 16);
	ck_assert_str_eq(weir_addr_format(&a, text), "2001:db8::7");
}
END_TEST

START_TEST(no_address_has_no_text)
{
	struct weir_addr none = {.family = 0};
	char text[WEIR_ADDR_TEXT] = "before";

	ck_assert_str_eq(weir_addr_format(&none, text), "");
}
END_TEST

/* ---- prefixes ---- */

static const struct {
	const char *text;
	int rc;
	const char *again; /* also of those with host bits: cleared */
} prefixes[] = {
	{"10.0.0.0/8", 0, "10.0.0.0/8"},
	{"0.0.0.0/0", 0, "0.0.0.0/0"},
	{"10.1.2.3", 0, "10.1.2.3/32"},
	{"10.1.2.3/32", 0, "10.1.2.3/32"},
	{"10.1.2.2/31", 0, "10.1.2.2/31"},
	{"128.0.0.0/1", 0, "128.0.0.0/1"},
	{"::/0", 0, "::/0"},
	{"2001:db8::/32", 0, "2001:db8::/32"},
	{"2001:db8::1", 0, "2001:db8::1/128"},
	{"8000::/1", 0, "8000::/1"},
	{"ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255/128", 0,
	 "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128"},
	{"10.0.0.1/8", -WEIR_EINVAL, "10.0.0.0/8"},
	{"10.1.2.3/31", -WEIR_EINVAL, "10.1.2.2/31"},
	{"128.0.0.0/0", -WEIR_EINVAL, "0.0.0.0/0"},
	{"2001:db8::1/32", -WEIR_EINVAL, "2001:db8::/32"},
	{"2001:db8::1/127", -WEIR_EINVAL, "2001:db8::/127"},
	{"::1/0", -WEIR_EINVAL, "::/0"},
};

START_TEST(prefixes_come_out_with_their_host_bits_cleared)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(prefixes); i++) {
		char text[WEIR_PREFIX_TEXT];
		struct weir_prefix p;

		ck_assert_msg(weir_prefix_parse(prefixes[i].text, &p) == prefixes[i].rc, "%s",
			      prefixes[i].text);
		ck_assert_str_eq(weir_prefix_format(&p, text), prefixes[i].again);
	}
}
END_TEST

static const char *const bad_prefixes[] = {
	"",
	"/",
	"/8",
	"10.0.0.0/",
	"10.0.0.0/33",
	"::/129",
	"::/",
	"10.0.0.0/08",
	"10.0.0.0/-1",
	"10.0.0.0/+8",
	"10/8",
	"::/1 ",
	"10.0.0.0 /8",
	"10.0.0.0/8/8",
	"10.0.0.0/255.0.0.0",
	"::/0x10",
	"::/1000",
	"::/00",
	"example.com/8",
	"10.0.0.0/999999999999",
	"10.0.0/8",
	"10.0.0.0//8",
	"0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000/8",
};

START_TEST(bad_prefixes_are_not_well_formed)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(bad_prefixes); i++) {
		struct weir_prefix p;

		ck_assert_msg(weir_prefix_parse(bad_prefixes[i], &p) == -WEIR_EFORMAT, "took '%s'",
			      bad_prefixes[i]);
	}
}
END_TEST

static const struct {
	const char *prefix, *addr;
	bool inside;
} memberships[] = {
	{"10.0.0.0/8", "10.255.255.255", true},
	{"10.0.0.0/8", "11.0.0.0", false},
	{"10.0.0.0/8", "9.255.255.255", false},
	{"10.1.2.3/32", "10.1.2.3", true},
	{"10.1.2.3/32", "10.1.2.2", false},
	{"10.1.2.2/31", "10.1.2.3", true},
	{"0.0.0.0/0", "203.0.113.9", true},
	{"0.0.0.0/0", "2001:db8::1", false},
	{"::/0", "2001:db8::1", true},
	{"::/0", "10.1.2.3", false},
	{"::/0", "::ffff:10.1.2.3", true},
	{"::ffff:0:0/96", "10.1.2.3", false},
	{"10.0.0.0/8", "::ffff:10.1.2.3", false},
	{"2001:db8::/33", "2001:db8:7fff::", true},
	{"2001:db8::/33", "2001:db8:8000::", false},
	{"2001:db8::1", "2001:db8::1", true},
	{"2001:db8::1", "2001:db8::2", false},
};

START_TEST(a_prefix_contains_its_addresses_and_no_other_family)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(memberships); i++) {
		struct weir_prefix p;
		struct weir_addr a;

		ck_assert_int_eq(weir_prefix_parse(memberships[i].prefix, &p), 0);
		ck_assert_int_eq(weir_addr_parse(memberships[i].addr, &a), 0);
		ck_assert_msg(weir_prefix_contains(&p, &a) == memberships[i].inside, "%s in %s",
			      memberships[i].addr, memberships[i].prefix);
	}
}
END_TEST

/* The first address before and after a prefix of each length are outside, its ends inside. */
START_TEST(v4_prefixes_of_every_length_have_exact_edges)
{
	for (unsigned int len = 1; len <= 32; len++) {
		uint32_t mask = ~0u << (32 - len), base = 0xc0a85a5a & mask;
		struct weir_prefix p = {weir_addr_v4(base), (uint8_t)len};
		struct weir_addr first = weir_addr_v4(base), last = weir_addr_v4(base | ~mask);
		struct weir_addr before = weir_addr_v4(base - 1);
		struct weir_addr after = weir_addr_v4((base | ~mask) + 1);

		ck_assert(weir_prefix_contains(&p, &first));
		ck_assert(weir_prefix_contains(&p, &last));
		ck_assert(!weir_prefix_contains(&p, &before));
		ck_assert(!weir_prefix_contains(&p, &after));
	}
}
END_TEST

Suite *addr_suite(void)
{
	return WEIR_SUITE(
		"base addr", good_addresses_come_out_in_their_canonical_form,
		each_byte_of_a_v4_address_is_written_as_inet_ntop_does,
		bad_addresses_are_not_well_formed, v4_addresses_stand_mapped_in_the_last_four_bytes,
		v6_addresses_keep_their_bytes, no_address_has_no_text,
		prefixes_come_out_with_their_host_bits_cleared, bad_prefixes_are_not_well_formed,
		a_prefix_contains_its_addresses_and_no_other_family,
		v4_prefixes_of_every_length_have_exact_edges);
}
