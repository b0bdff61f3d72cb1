/* SPDX-License-Identifier: BSD-3-Clause */
/* The IPv6 header, chains of extension headers, fragments. */
#include "fixture.h"

#include <stdio.h>

static const struct row rows[] = {
	{"version 4 under IPv6's type", "tcp6", {{IP(0), 0x40}}, true, D(IPV6_BAD_VERSION)},
	{"version 0", "tcp6", {{IP(0), 0}}, true, D(IPV6_BAD_VERSION)},
	{"traffic class and flow label",
	 "tcp6",
	 {{IP(0), 0x6f}, {IP(1), 0xff}, {IP(2), 0xff}, {IP(3), 0xff}},
	 .drop = D(NONE)},
	{"payload length one past the frame", "tcp6", {{IP(5), 85}}, true, D(IPV6_BAD_LENGTH)},
	{"payload length 65535", "tcp6", {{IP(4), 0xff}, {IP(5), 0xff}}, true, D(IPV6_BAD_LENGTH)},
	{"payload length 0", "tcp6", {{IP(5), 0}}, true, D(TCP_TRUNCATED)},
	{"payload length 0 and hop-by-hop options",
	 "tcp6",
	 {{IP(5), 0}, {IP(6), 0}},
	 true,
	 D(IPV6_BAD_LENGTH)},
	{"hop limit 0", "tcp6", {{IP(7), 0}}, .drop = D(IPV6_HOP_LIMIT_ZERO)},
	{"hop limit 1", "tcp6", {{IP(7), 1}}, .drop = D(NONE)},
	{"source multicast", "tcp6", {{IP(8), 0xff}}, .drop = D(IPV6_BAD_SOURCE)},
	{"source loopback",
	 "tcp6",
	 {{IP(8), 0}, {IP(9), 0}, {IP(10), 0}, {IP(11), 0}},
	 .drop = D(IPV6_BAD_SOURCE)},
	{"source v4-mapped",
	 "tcp6",
	 {{IP(8), 0}, {IP(9), 0}, {IP(10), 0}, {IP(11), 0}, {IP(18), 0xff}, {IP(19), 0xff}},
	 .drop = D(IPV6_BAD_SOURCE)},
	{"source v4-compatible, deprecated",
	 "tcp6",
	 {{IP(8), 0}, {IP(9), 0}, {IP(10), 0}, {IP(11), 0}, {IP(20), 10}},
	 .drop = D(NONE)},
	{"source unspecified, as in duplicate address detection",
	 "udp6",
	 {{IP(8), 0}, {IP(9), 0}, {IP(10), 0}, {IP(11), 0}, {IP(23), 0}},
	 .drop = D(NONE)},
	{"source link-local", "udp6", {{IP(8), 0xfe}, {IP(9), 0x80}}, .drop = D(NONE)},
	{"destination unspecified",
	 "tcp6",
	 {{IP(24), 0}, {IP(25), 0}, {IP(26), 0}, {IP(27), 0}, {IP(39), 0}},
	 .drop = D(IPV6_BAD_DESTINATION)},
	{"destination loopback",
	 "tcp6",
	 {{IP(24), 0}, {IP(25), 0}, {IP(26), 0}, {IP(27), 0}, {IP(39), 1}},
	 .drop = D(IPV6_BAD_DESTINATION)},
	{"destination v4-mapped",
	 "tcp6",
	 {{IP(24), 0}, {IP(25), 0}, {IP(26), 0}, {IP(27), 0}, {IP(34), 0xff}, {IP(35), 0xff}},
	 .drop = D(IPV6_BAD_DESTINATION)},
	{"destination multicast", "udp6", {{IP(24), 0xff}, {IP(25), 2}}, .drop = D(NONE)},
	{"next header ESP", "udp6", {{IP(6), 50}}, .drop = D(NONE)},
	{"no next header", "udp6", {{IP(6), 59}}, .drop = D(NONE)},
	{"ICMP, which IPv6 has not", "icmp6", {{IP(6), 1}}, true, D(NONE)},
	{"next header 255", "udp6", {{IP(6), 255}}, .drop = D(NONE)},
};

START_TEST(each_odd_header_has_its_reason)
{
	check_rows(rows, WEIR_ARRAY_LEN(rows));
}
END_TEST

START_TEST(fields_of_the_header_are_taken)
{
	struct bytes f = base_frame("udp6", 5);
	struct rte_mbuf *m = mbuf_of(f.at, f.len);
	struct weir_pkt p;

	weir_pkt_parse(&p, m, WEIR_PKT_CHECKSUM_VERIFY);
	ck_assert_uint_eq(p.kind, WEIR_PKT_IPV6);
	ck_assert_uint_eq(p.tuple.family, 6);
	ck_assert_mem_eq(p.tuple.src, f.at + IP(8), 16);
	ck_assert_mem_eq(p.tuple.dst, f.at + IP(24), 16);
	ck_assert_uint_eq(p.l3_len, 53);
	ck_assert_uint_eq(p.l4_off, T6(0));
	ck_assert_uint_eq(p.flags, WEIR_PKT_DF);
	rte_pktmbuf_free(m);
}
END_TEST

#define HBH  0
#define RT   43
#define FRAG 44
#define AH   51
#define DST  60
#define MH   135

START_TEST(extension_headers_are_followed)
{
	static const struct {
		uint8_t chain[11]; /* innermost first; ended by 255 */
		enum weir_drop drop;
	} chains[] = {
		{{HBH, 255}, D(NONE)},
		{{DST, 255}, D(NONE)},
		{{RT, 255}, D(NONE)},
		{{AH, 255}, D(NONE)},
		{{MH, 255}, D(NONE)},
		{{139, 255}, D(NONE)},
		{{140, 255}, D(NONE)},
		{{FRAG, 255}, D(NONE)}, /* atomic */
		{{FRAG, HBH, 255}, D(NONE)},
		{{DST, FRAG, 255}, D(NONE)},
		{{RT, HBH, 255}, D(NONE)},
		{{AH, DST, RT, DST, HBH, 255}, D(NONE)},
		{{MH, MH, MH, MH, MH, MH, MH, MH, 255}, D(NONE)},
		{{MH, MH, MH, MH, MH, MH, MH, MH, MH, 255}, D(IPV6_EXT_TOO_MANY)},
		{{HBH, DST, 255}, D(IPV6_EXT_ORDER)},
		{{HBH, HBH, 255}, D(IPV6_EXT_ORDER)},
		{{HBH, FRAG, 255}, D(IPV6_EXT_ORDER)},
		{{RT, RT, 255}, D(IPV6_EXT_ORDER)},
		{{RT, DST, RT, 255}, D(IPV6_EXT_ORDER)},
		{{DST, DST, DST, 255}, D(IPV6_EXT_ORDER)},
		{{AH, AH, 255}, D(IPV6_EXT_ORDER)},
		{{FRAG, FRAG, 255}, D(IPV6_EXT_ORDER)},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(chains); i++) {
		struct bytes f = base_frame("tcp6", 12);
		char what[64];

		for (size_t k = 0; chains[i].chain[k] != 255; k++)
			add_ext(&f, chains[i].chain[k], chains[i].chain[k] == AH ? 12 : 8);
		snprintf(what, sizeof(what), "chain %zu", i);
		check_drop(&f, chains[i].drop, what);
		if (chains[i].drop == D(NONE)) {
			ck_assert_uint_eq(parse(&f).tuple.proto, WEIR_PROTO_TCP);
			ck_assert_uint_eq(parse(&f).tuple.dport, 80);
			ck_assert_uint_eq(parse(&f).payload_len, 12);
			ck_assert(!(parse(&f).flags & WEIR_PKT_FRAGMENT));
		}
	}
}
END_TEST

/* One extension header of 16 bytes (AH: 16 too) with these bytes from its second on. */
START_TEST(what_extension_headers_say_is_judged)
{
	static const struct {
		const char *what;
		uint8_t proto;
		uint8_t at[9]; /* from the length byte; zeros follow */
		enum weir_drop drop;
	} headers[] = {
		{"Pad1 only", HBH, {1}, D(NONE)},
		{"PadN to the end", HBH, {1, 1, 12}, D(NONE)},
		{"PadN one past the end", HBH, {1, 1, 13}, D(IPV6_BAD_OPTION)},
		{"an option of 255 bytes", DST, {1, 5, 255}, D(IPV6_BAD_OPTION)},
		{"an unknown option", DST, {1, 0xc2, 2, 0, 0, 0x3e, 1, 9}, D(NONE)},
		{"the second option past the end", HBH, {1, 5, 2, 0, 0, 1, 9}, D(IPV6_BAD_OPTION)},
		{"routing type 0", RT, {1, 0, 0}, D(IPV6_ROUTING)},
		{"routing type 0 with segments left", RT, {1, 0, 1}, D(IPV6_ROUTING)},
		{"routing type 2 with a segment left", RT, {1, 2, 1}, D(IPV6_ROUTING)},
		{"routing type 2, arrived", RT, {1, 2, 0}, D(NONE)},
		{"segment routing with segments left", RT, {1, 4, 3}, D(IPV6_ROUTING)},
		{"a length past the packet", DST, {9}, D(IPV6_EXT_TRUNCATED)},
		{"length 255", HBH, {255}, D(IPV6_EXT_TRUNCATED)},
		{"AH past the packet", AH, {30}, D(IPV6_EXT_TRUNCATED)},
		{"AH with its length in 4-byte units", AH, {2}, D(NONE)},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(headers); i++) {
		struct bytes f = base_frame("tcp6", 12);

		add_ext(&f, headers[i].proto, 16);
		memcpy(f.at + T6(1), headers[i].at, sizeof(headers[i].at));
		check_drop(&f, headers[i].drop, headers[i].what);
	}
}
END_TEST

/* An option whose length byte is missing: the header ends with its type. */
START_TEST(an_option_without_a_length_is_refused)
{
	struct bytes f = base_frame("udp6", 12);

	add_ext(&f, HBH, 8);
	f.at[T6(2)] = 1;
	f.at[T6(3)] = 3;
	f.at[T6(7)] = 5;
	check_drop(&f, D(IPV6_BAD_OPTION), "type in the last byte");
}
END_TEST

START_TEST(a_chain_that_ends_early_is_refused)
{
	for (size_t left = 0; left < 8; left++) {
		struct bytes f = base_frame("udp6", 12);

		add_ext(&f, DST, 8);
		shorten(&f, 28 - left);
		check_drop(&f, D(IPV6_EXT_TRUNCATED), "less than 8 bytes of a header");
	}
}
END_TEST

START_TEST(encrypted_and_empty_chains_are_unknown)
{
	static const uint8_t ends[] = {50, 59, 47, 1, 253};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(ends); i++) {
		struct bytes f = base_frame("udp6", 12);
		struct weir_pkt p;

		add_ext(&f, DST, 8);
		f.at[T6(0)] = ends[i];
		p = parse(&f);
		ck_assert_uint_eq(p.drop, D(NONE));
		ck_assert(p.flags & WEIR_PKT_UNKNOWN);
		ck_assert_uint_eq(p.tuple.proto, ends[i]);
		ck_assert_uint_eq(p.tuple.dport, 0);
		ck_assert_uint_eq(p.icmp_type, 0);
		ck_assert_uint_eq(p.payload_len, 20);
	}
}
END_TEST

/* ---- fragments: `field` is the fragment header's third and fourth byte ---- */

static struct bytes fragment(const char *kind, size_t payload, uint16_t field)
{
	struct bytes f = base_frame(kind, payload);

	add_ext(&f, FRAG, 8);
	f.at[T6(2)] = (uint8_t)(field >> 8);
	f.at[T6(3)] = (uint8_t)field;
	f.at[T6(4)] = 0xca;
	f.at[T6(7)] = 0xfe;
	return f;
}

START_TEST(a_fragment_header_makes_a_fragment_unless_it_is_atomic)
{
	struct bytes f = fragment("udp6", 64, 0x108 | 1);
	struct weir_pkt p = parse(&f);

	ck_assert_uint_eq(p.drop, D(NONE));
	ck_assert_uint_eq(p.flags, WEIR_PKT_FRAGMENT | WEIR_PKT_DF);
	ck_assert_uint_eq(p.frag_offset, 0x108);
	ck_assert(p.frag_more);
	ck_assert_uint_eq(p.frag_id, 0xca0000fe);
	ck_assert_uint_eq(p.frag_hdr_off, T6(0));
	ck_assert_uint_eq(p.l4_off, T6(8));
	ck_assert_uint_eq(p.tuple.sport, 0);
	f = fragment("udp6", 64, 0x108);
	ck_assert(!parse(&f).frag_more);
	f = fragment("udp6", 64, 0x0006); /* reserved bits alone */
	ck_assert_uint_eq(parse(&f).flags, WEIR_PKT_DF);
	ck_assert_uint_eq(parse(&f).tuple.dport, 53);
}
END_TEST

START_TEST(fragments_that_cannot_be_are_refused)
{
	static const struct {
		const char *what;
		const char *kind;
		size_t payload;
		uint16_t field;
		enum weir_drop drop;
	} cases[] = {
		{"not a multiple of 8, more to come", "udp6", 63, 0x100 | 1, D(FRAG_BAD_LENGTH)},
		{"not a multiple of 8, the last", "udp6", 63, 0x100, D(NONE)},
		{"past 65535", "udp6", 64, 0xfff8, D(FRAG_BAD_LENGTH)},
		{"up to 65536", "udp6", 64, 0xffb8, D(FRAG_BAD_LENGTH)},
		{"up to 65535", "udp6", 63, 0xffb8, D(NONE)},
		{"first with all of UDP", "udp6", 0, 1, D(NONE)},
		{"first with all of TCP", "tcp6", 4, 1, D(NONE)},
		{"first without TCP's options", "syn6", 0, 1, D(NONE)},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(cases); i++) {
		struct bytes f = fragment(cases[i].kind, cases[i].payload, cases[i].field);

		check_drop(&f, cases[i].drop, cases[i].what);
	}
}
END_TEST

START_TEST(an_empty_fragment_is_refused)
{
	struct bytes f = fragment("udp6", 0, 0x100);

	shorten(&f, 8);
	check_drop(&f, D(FRAG_BAD_LENGTH), "no payload");
}
END_TEST

/* RFC 7112: the chain and the transport header, whole. */
START_TEST(a_first_fragment_holds_the_whole_chain)
{
	for (size_t len = 8; len <= 40; len += 8) {
		struct bytes f = fragment("syn6", 0, 1);

		shorten(&f, 40 - len);
		check_drop(&f, len < 40 ? D(FRAG_TINY_FIRST) : D(NONE), "a SYN with options");
	}
	for (size_t len = 8; len <= 24; len += 8) {
		struct bytes f = base_frame("udp6", 0);

		add_ext(&f, DST, 16);
		add_ext(&f, FRAG, 8);
		f.at[T6(3)] = 1;
		shorten(&f, 24 - len);
		check_drop(&f, len < 24 ? D(FRAG_TINY_FIRST) : D(NONE), "options, then UDP");
		f.at[T6(3)] = 0x11; /* not the first: nothing of it is a header */
		if (len % 8 == 0)
			check_drop(&f, D(NONE), "a later fragment");
	}
}
END_TEST

START_TEST(headers_behind_a_first_fragments_header_are_judged)
{
	struct bytes f = base_frame("udp6", 8);

	add_ext(&f, RT, 8);
	add_ext(&f, FRAG, 8);
	f.at[T6(3)] = 1;
	check_drop(&f, D(NONE), "a routing header inside");
	ck_assert_uint_eq(parse(&f).l4_off, T6(8));
	ck_assert_uint_eq(parse(&f).tuple.proto, RT);
	f.at[T6(8) + 2] = 0;
	check_drop(&f, D(IPV6_ROUTING), "a routing header of type 0 inside");
}
END_TEST

Suite *pkt_ipv6_suite(void)
{
	return WEIR_SUITE("pkt ipv6", each_odd_header_has_its_reason,
			  fields_of_the_header_are_taken, extension_headers_are_followed,
			  what_extension_headers_say_is_judged,
			  an_option_without_a_length_is_refused, a_chain_that_ends_early_is_refused,
			  encrypted_and_empty_chains_are_unknown,
			  a_fragment_header_makes_a_fragment_unless_it_is_atomic,
			  fragments_that_cannot_be_are_refused, an_empty_fragment_is_refused,
			  a_first_fragment_holds_the_whole_chain,
			  headers_behind_a_first_fragments_header_are_judged);
}
