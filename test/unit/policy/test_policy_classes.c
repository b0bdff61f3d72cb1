/* SPDX-License-Identifier: BSD-3-Clause */
#include "fixture.h"

#include <stdio.h>

/* Two rules by port tell which groups an address is in. */
static const char nested[] =
	"kind: Group\n"
	"metadata: { name: wide }\n"
	"spec: { cidrs: [ 10.0.0.0/8, \"fd00::/16\" ] }\n"
	"---\n"
	"kind: Group\n"
	"metadata: { name: narrow }\n"
	"spec: { cidrs: [ 10.1.0.0/16, 192.0.2.1, \"fd00:1::/32\", \"::1\" ] }\n"
	"---\n"
	"kind: Group\n"
	"metadata: { name: same }\n"
	"spec: { cidrs: [ 10.1.0.0/16, 10.1.0.0/16, 10.1.2.3/32 ] }\n"
	"---\n"
	"kind: AccessPolicy\n"
	"metadata: { name: p }\n"
	"spec:\n"
	"  rules:\n"
	"  - { from: wide, protocol: tcp, ports: 1, action: allow }\n"
	"  - { from: narrow, protocol: tcp, ports: 2, action: allow }\n"
	"  - { from: same, protocol: tcp, ports: 3, action: allow }\n";

START_TEST(an_address_is_in_every_group_with_a_prefix_that_covers_it)
{
	static const struct {
		const char *src;
		const char *in; /* of w(ide), n(arrow), s(ame) */
	} rows[] = {
		{"10.0.0.0", "w"},
		{"10.0.255.255", "w"},
		{"10.1.0.0", "wns"},
		{"10.1.2.3", "wns"},
		{"10.1.255.255", "wns"},
		{"10.2.0.0", "w"},
		{"10.255.255.255", "w"},
		{"11.0.0.0", ""},
		{"9.255.255.255", ""},
		{"192.0.2.0", ""},
		{"192.0.2.1", "n"},
		{"192.0.2.2", ""},
		{"0.0.0.0", ""},
		{"255.255.255.255", ""},
		{"fd00::", "w"},
		{"fd00:0:ffff::1", "w"},
		{"fd00:1::", "wn"},
		{"fd00:1:ffff:ffff:ffff:ffff:ffff:ffff", "wn"},
		{"fd00:2::", "w"},
		{"fcff:ffff::", ""},
		{"fd01::", ""},
		{"::1", "n"},
		{"::", ""},
		{"::2", ""},
		/* The same 32 bits in the other family. */
		{"::ffff:10.1.2.3", ""},
	};
	struct loaded l = load_good(nested);

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++)
		for (uint16_t port = 1; port <= 3; port++) {
			bool in = strchr(rows[i].in, "wns"[port - 1]) != NULL;
			struct weir_policy_decision d =
				decide(&l, rows[i].src, "198.51.100.1", TCP, port);

			ck_assert_msg((d.verdict == WEIR_VERDICT_ALLOW) == in, "%s in %c: %d",
				      rows[i].src, "wns"[port - 1], !in);
		}
	unload(&l);
}
END_TEST

START_TEST(every_length_of_prefix_ends_where_it_should)
{
	for (unsigned int len = 1; len <= 128; len++) {
		struct weir_buf yaml = {0};
		bool v4 = len <= 32;
		struct weir_prefix p = {.addr = v4 ? weir_addr_v4(0)
						   : weir_addr_v6((uint8_t[16]){0}),
					.len = (uint8_t)len};
		unsigned int last = (v4 ? 96 : 0) + len - 1;
		char text[WEIR_PREFIX_TEXT], addr[WEIR_ADDR_TEXT];
		struct loaded l;
		struct weir_addr out;

		p.addr.bytes[last / 8] |= (uint8_t)(0x80 >> last % 8);
		weir_buf_printf(&yaml,
				"kind: AccessPolicy\nmetadata: { name: p }\n"
				"spec: { from: \"%s\", action: allow }\n",
				weir_prefix_format(&p, text));
		l = load_good(yaml.ptr);
		check_decides(&l, weir_addr_format(&p.addr, addr), v4 ? "fd00::1" : "10.0.0.1", TCP,
			      1, "allow p/ none");
		out = p.addr;
		out.bytes[last / 8] ^= (uint8_t)(0x80 >> last % 8);
		check_decides(&l, weir_addr_format(&out, addr), v4 ? "fd00::1" : "10.0.0.1", TCP, 1,
			      "deny default/ no_policy");
		unload(&l);
		weir_buf_fini(&yaml);
	}
}
END_TEST

START_TEST(a_prefix_of_length_0_is_its_whole_family_and_names_nobody)
{
	struct loaded l = load_good("kind: Group\nmetadata: { name: v4 }\n"
				    "spec: { cidrs: [ 0.0.0.0/0 ] }\n"
				    "---\nkind: Group\nmetadata: { name: some }\n"
				    "spec: { cidrs: [ \"::/0\", \"fd00::/16\" ] }\n"
				    "---\nkind: AccessPolicy\nmetadata: { name: p }\n"
				    "spec: { from: v4, to: some, protocol: tcp, ports: 80, "
				    "action: drop }\n"
				    "---\nkind: Defaults\nspec: { unmatched: allow }\n");

	check_decides(&l, "203.0.113.9", "2001:db8::1", TCP, 80, "drop p/ policy_drop");
	check_decides(&l, "2001:db8::1", "2001:db8::1", TCP, 80, "allow default/ none");
	check_decides(&l, "203.0.113.9", "2001:db8::1", TCP, 81, "allow default/ none");
	check_decides(&l, "203.0.113.9", "203.0.113.9", TCP, 80, "allow default/ none");
	/* Named by more than its family. */
	check_decides(&l, "203.0.113.9", "fd00::1", TCP, 81, "deny default/ default_deny");
	unload(&l);
}
END_TEST

START_TEST(groups_that_overlap_in_too_many_ways_are_refused)
{
	struct weir_buf yaml = {0};
	struct loaded l;

	/* 5,000 groups that all cover 3,000 prefixes, each of which has a group of its own. */
	for (unsigned int i = 0; i < 5000; i++)
		weir_buf_printf(&yaml,
				"---\nkind: Group\nmetadata: { name: g%u }\n"
				"spec: { cidrs: [ 10.0.0.0/8 ] }\n",
				i);
	for (unsigned int i = 0; i < 3000; i++)
		weir_buf_printf(&yaml,
				"---\nkind: Group\nmetadata: { name: h%u }\n"
				"spec: { cidrs: [ 10.%u.%u.0/24 ] }\n",
				i, i >> 8, i & 255);
	l = load(yaml.ptr);
	ck_assert_ptr_null(l.policy);
	ck_assert_str_eq(l.text.ptr,
			 "policy: error: too many groups share their addresses with others: over "
			 "8000000 groups in all combinations that occur\n");
	unload(&l);
	weir_buf_fini(&yaml);
}
END_TEST

Suite *classes_suite(void)
{
	return WEIR_SUITE("policy classes",
			  an_address_is_in_every_group_with_a_prefix_that_covers_it,
			  every_length_of_prefix_ends_where_it_should,
			  a_prefix_of_length_0_is_its_whole_family_and_names_nobody,
			  groups_that_overlap_in_too_many_ways_are_refused);
}
