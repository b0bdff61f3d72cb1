/* SPDX-License-Identifier: BSD-3-Clause */
/* The IPv4 header, its options, and what makes a fragment a fragment. */
#include "fixture.h"

#include <stdio.h>

static const struct row rows[] = {
	{"version 5", "tcp4", {{IP(0), 0x55}}, .drop = D(IPV4_BAD_VERSION)},
	{"version 0", "tcp4", {{IP(0), 0x05}}, .drop = D(IPV4_BAD_VERSION)},
	{"version 6 under IPv4's type", "tcp4", {{IP(0), 0x65}}, .drop = D(IPV4_BAD_VERSION)},
	{"IHL 4", "tcp4", {{IP(0), 0x44}}, true, D(IPV4_BAD_HEADER_LENGTH)},
	{"IHL 0", "tcp4", {{IP(0), 0x40}}, true, D(IPV4_BAD_HEADER_LENGTH)},
	{"IHL past total length",
	 "tcp4",
	 {{IP(0), 0x4f}, {IP(3), 40}},
	 true,
	 D(IPV4_BAD_TOTAL_LENGTH)},
	{"total length one past the frame",
	 "tcp4",
	 {{IP(3), 105}},
	 .drop = D(IPV4_BAD_TOTAL_LENGTH)},
	{"total length 65535",
	 "tcp4",
	 {{IP(2), 0xff}, {IP(3), 0xff}},
	 .drop = D(IPV4_BAD_TOTAL_LENGTH)},
	{"total length 19", "tcp4", {{IP(3), 19}}, .drop = D(IPV4_BAD_TOTAL_LENGTH)},
	{"total length 0", "tcp4", {{IP(3), 0}}, .drop = D(IPV4_BAD_TOTAL_LENGTH)},
	{"header checksum off by one", "tcp4", {{IP(10), 0xab}}, true, D(IPV4_BAD_CHECKSUM)},
	{"header checksum 0", "tcp4", {{IP(10), 0}, {IP(11), 0}}, true, D(IPV4_BAD_CHECKSUM)},
	{"header changed after the sum", "tcp4", {{IP(8), 63}}, true, D(IPV4_BAD_CHECKSUM)},
	{"TTL 0", "tcp4", {{IP(8), 0}}, .drop = D(IPV4_TTL_ZERO)},
	{"TTL 1", "tcp4", {{IP(8), 1}}, .drop = D(NONE)},
	{"TTL 255", "tcp4", {{IP(8), 255}}, .drop = D(NONE)},
	{"reserved flag", "tcp4", {{IP(6), 0x80}}, .drop = D(IPV4_RESERVED_FLAG)},
	{"reserved flag and DF", "udp4", {{IP(6), 0xc0}}, .drop = D(IPV4_RESERVED_FLAG)},
	{"reserved flag and MF", "udp4", {{IP(6), 0xa0}}, .drop = D(IPV4_RESERVED_FLAG)},
	{"without DF", "tcp4", {{IP(6), 0}}, .drop = D(NONE)},
	{"DSCP and congestion experienced", "tcp4", {{IP(1), 0xbb}}, .drop = D(NONE)},
	{"source multicast", "tcp4", {{IP(12), 224}}, .drop = D(IPV4_BAD_SOURCE)},
	{"source multicast, last", "udp4", {{IP(12), 239}}, .drop = D(IPV4_BAD_SOURCE)},
	{"source class E", "tcp4", {{IP(12), 240}}, .drop = D(IPV4_BAD_SOURCE)},
	{"source broadcast",
	 "tcp4",
	 {{IP(12), 255}, {IP(13), 255}, {IP(14), 255}, {IP(15), 255}},
	 .drop = D(IPV4_BAD_SOURCE)},
	{"source loopback", "tcp4", {{IP(12), 127}}, .drop = D(IPV4_BAD_SOURCE)},
	{"source unspecified, as DHCP has it", "udp4", {{IP(12), 0}, {IP(15), 0}}, .drop = D(NONE)},
	{"source 223.0.0.1", "tcp4", {{IP(12), 223}}, .drop = D(NONE)},
	{"destination unspecified",
	 "tcp4",
	 {{IP(16), 0}, {IP(17), 0}, {IP(18), 0}, {IP(19), 0}},
	 .drop = D(IPV4_BAD_DESTINATION)},
	{"destination loopback", "tcp4", {{IP(16), 127}}, .drop = D(IPV4_BAD_DESTINATION)},
	{"destination multicast", "udp4", {{IP(16), 224}}, .drop = D(NONE)},
	{"destination broadcast",
	 "udp4",
	 {{IP(16), 255}, {IP(17), 255}, {IP(18), 255}, {IP(19), 255}},
	 .drop = D(NONE)},
	/* fragments: 72 bytes of UDP, 84 of TCP */
	{"first fragment", "udp4", {{IP(6), 0x20}, {IP(7), 0}}, .drop = D(NONE)},
	{"middle fragment", "udp4", {{IP(6), 0x20}, {IP(7), 9}}, .drop = D(NONE)},
	{"last fragment", "udp4", {{IP(6), 0}, {IP(7), 9}}, .drop = D(NONE)},
	{"fragment with DF", "udp4", {{IP(6), 0x60}, {IP(7), 9}}, .drop = D(NONE)},
	{"84 bytes and more to come",
	 "tcp4",
	 {{IP(6), 0x20}, {IP(7), 0}},
	 .drop = D(FRAG_BAD_LENGTH)},
	{"fragment past 65535", "udp4", {{IP(6), 0x1f}, {IP(7), 0xff}}, .drop = D(FRAG_BAD_LENGTH)},
	{"fragment one past 65535, header counted",
	 "udp4",
	 {{IP(6), 0x1f}, {IP(7), 0xf5}},
	 .drop = D(FRAG_BAD_LENGTH)},
	{"fragment that ends at 65532", "udp4", {{IP(6), 0x1f}, {IP(7), 0xf4}}, .drop = D(NONE)},
	{"TCP from byte 8", "tcp4", {{IP(6), 0}, {IP(7), 1}}, .drop = D(FRAG_TINY_FIRST)},
	{"TCP from byte 16", "tcp4", {{IP(6), 0}, {IP(7), 2}}, .drop = D(FRAG_TINY_FIRST)},
	{"TCP from byte 24", "tcp4", {{IP(6), 0}, {IP(7), 3}}, .drop = D(NONE)},
	{"UDP from byte 8", "udp4", {{IP(6), 0}, {IP(7), 1}}, .drop = D(NONE)},
	{"nonsense behind a later fragment's header",
	 "udp4",
	 {{IP(6), 0}, {IP(7), 9}, {T4(4), 0xff}, {T4(3), 0}},
	 .drop = D(NONE)},
};

START_TEST(each_odd_header_has_its_reason)
{
	check_rows(rows, WEIR_ARRAY_LEN(rows));
}
END_TEST

START_TEST(a_header_length_past_the_frame_is_refused)
{
	struct bytes f = base_frame("udp4", 0);

	f.at[IP(0)] = 0x48;
	check_drop(&f, D(IPV4_BAD_HEADER_LENGTH), "IHL 8 in 28 bytes");
}
END_TEST

START_TEST(options_are_judged)
{
	static const struct {
		uint8_t option[8];
		enum weir_drop drop;
	} options[] = {
		{{1, 1, 1, 1, 1, 1, 1, 1}, D(NONE)},
		{{0, 9, 9, 9, 9, 9, 9, 9}, D(NONE)}, /* after the end anything is fine */
		{{148, 4, 0, 0, 0}, D(NONE)},        /* router alert */
		{{7, 7, 4, 0, 0, 0, 0, 0}, D(NONE)}, /* record route */
		{{7, 8, 5, 0, 0, 0, 0, 0}, D(NONE)}, /* ends with the header */
		{{222, 3, 0, 1, 1, 1, 1, 1}, D(NONE)},
		{{131, 7, 4, 10, 0, 0, 9, 0}, D(IPV4_SOURCE_ROUTE)},
		{{137, 7, 4, 10, 0, 0, 9, 0}, D(IPV4_SOURCE_ROUTE)},
		{{1, 131, 3, 4, 0}, D(IPV4_SOURCE_ROUTE)},
		{{148, 4, 0, 0, 137, 3, 4, 0}, D(IPV4_SOURCE_ROUTE)},
		{{131, 2}, D(IPV4_SOURCE_ROUTE)},
		{{131, 1}, D(IPV4_BAD_OPTION)}, /* not even that */
		{{7, 0}, D(IPV4_BAD_OPTION)},
		{{7, 1}, D(IPV4_BAD_OPTION)},
		{{7, 9}, D(IPV4_BAD_OPTION)}, /* one past the header */
		{{7, 255}, D(IPV4_BAD_OPTION)},
		{{1, 1, 1, 1, 1, 1, 1, 7}, D(IPV4_BAD_OPTION)}, /* no length byte */
		{{148, 4, 0, 0, 7, 5, 0, 0}, D(IPV4_BAD_OPTION)},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(options); i++) {
		struct bytes f = base_frame("tcp4", 4);
		char what[64];

		snprintf(what, sizeof(what), "options %zu", i);
		add_ipv4_options(&f, options[i].option, 8);
		check_drop(&f, options[i].drop, what);
		if (options[i].drop == D(NONE)) {
			ck_assert_uint_eq(parse(&f).l4_off, T4(8));
			ck_assert_uint_eq(parse(&f).tuple.dport, 80);
		}
		f.at[IP(6)] = 0x20; /* of fragments, too */
		fix_sums(&f);
		if (options[i].drop)
			check_drop(&f, options[i].drop, what);
	}
}
END_TEST

START_TEST(forty_bytes_of_options_are_read)
{
	struct bytes f = base_frame("udp4", 3);
	uint8_t options[40];

	memset(options, 1, sizeof(options));
	add_ipv4_options(&f, options, sizeof(options));
	check_drop(&f, D(NONE), "IHL 15");
	ck_assert_uint_eq(parse(&f).l4_off, T4(40));
	ck_assert_uint_eq(parse(&f).payload_len, 3);
	options[39] = 130;
	memcpy(f.at + T4(0), options, sizeof(options));
	fix_sums(&f);
	check_drop(&f, D(IPV4_BAD_OPTION), "IHL 15, no length byte at the end");
}
END_TEST

START_TEST(fields_of_the_header_are_taken)
{
	struct bytes f = base_frame("udp4", 5);
	struct rte_mbuf *m = mbuf_of(f.at, f.len);
	struct weir_pkt p;

	weir_pkt_parse(&p, m, WEIR_PKT_CHECKSUM_VERIFY);
	ck_assert_uint_eq(p.kind, WEIR_PKT_IPV4);
	ck_assert_uint_eq(p.tuple.family, 4);
	ck_assert_uint_eq(p.tuple.proto, WEIR_PROTO_UDP);
	ck_assert_mem_eq(p.tuple.src, ((const uint8_t[]){10, 0, 0, 1}), 4);
	ck_assert_mem_eq(p.tuple.dst, ((const uint8_t[]){10, 0, 0, 2}), 4);
	ck_assert_uint_eq(p.l3_off, 14);
	ck_assert_uint_eq(p.l3_len, 33);
	ck_assert_uint_eq(p.flags, WEIR_PKT_DF);
	rte_pktmbuf_free(m);
	f.at[IP(6)] = 0;
	fix_sums(&f);
	ck_assert_uint_eq(parse(&f).flags, 0);
}
END_TEST

START_TEST(a_fragment_is_read_no_further_than_its_header)
{
	struct bytes f = base_frame("udp4", 64);
	struct weir_pkt p;

	f.at[IP(6)] = 0x21;
	f.at[IP(7)] = 0x02;
	fix_sums(&f);
	p = parse(&f);
	ck_assert_uint_eq(p.drop, D(NONE));
	ck_assert_uint_eq(p.flags, WEIR_PKT_FRAGMENT);
	ck_assert_uint_eq(p.frag_offset, 0x102 * 8);
	ck_assert(p.frag_more);
	ck_assert_uint_eq(p.frag_id, 0x1234);
	ck_assert_uint_eq(p.l4_off, T4(0));
	ck_assert_uint_eq(p.tuple.sport, 0);
	ck_assert_uint_eq(p.tuple.dport, 0);
	f.at[IP(6)] = 1;
	fix_sums(&f);
	ck_assert(!parse(&f).frag_more);
}
END_TEST

/* RFC 1858, RFC 7112. */
START_TEST(a_first_fragment_holds_the_transport_header)
{
	static const struct {
		uint8_t proto;
		uint8_t data_off; /* TCP */
		size_t len;
		enum weir_drop drop;
	} firsts[] = {
		{6, 5, 8, D(FRAG_TINY_FIRST)},
		{6, 5, 16, D(FRAG_TINY_FIRST)},
		{6, 5, 24, D(NONE)},
		{6, 8, 24, D(FRAG_TINY_FIRST)},
		{6, 8, 32, D(NONE)},
		{6, 15, 56, D(FRAG_TINY_FIRST)},
		{6, 15, 64, D(NONE)},
		{17, 0, 8, D(NONE)},
		{1, 0, 8, D(NONE)},
		{132, 0, 8, D(FRAG_TINY_FIRST)},
		{132, 0, 16, D(NONE)},
		{47, 0, 8, D(NONE)},
		{6, 0, 24, D(NONE)}, /* nonsense, which the whole will be refused for */
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(firsts); i++) {
		struct bytes f = base_frame("tcp4", 64);
		char what[64];

		f.at[IP(6)] = 0x20;
		f.at[IP(9)] = firsts[i].proto;
		f.at[T4(12)] = (uint8_t)(firsts[i].data_off << 4);
		shorten(&f, 84 - firsts[i].len);
		snprintf(what, sizeof(what), "first fragment %zu", i);
		check_drop(&f, firsts[i].drop, what);
	}
}
END_TEST

START_TEST(an_empty_fragment_is_refused)
{
	struct bytes f = base_frame("udp4", 0);

	f.at[IP(6)] = 0;
	f.at[IP(7)] = 4;
	shorten(&f, 8);
	check_drop(&f, D(FRAG_BAD_LENGTH), "no payload");
	f.at[IP(6)] = 0x20;
	fix_sums(&f);
	check_drop(&f, D(FRAG_BAD_LENGTH), "no payload, more to come");
}
END_TEST

START_TEST(other_protocols_are_unknown_but_good)
{
	static const uint8_t protos[] = {0, 2, 4, 41, 47, 50, 51, 58, 89, 103, 112, 253, 255};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(protos); i++) {
		struct bytes f = base_frame("udp4", 20);
		struct weir_pkt p;

		f.at[IP(9)] = protos[i];
		fix_sums(&f);
		p = parse(&f);
		ck_assert_uint_eq(p.drop, D(NONE));
		ck_assert_uint_eq(p.flags, WEIR_PKT_UNKNOWN | WEIR_PKT_DF);
		ck_assert_uint_eq(p.tuple.proto, protos[i]);
		ck_assert_uint_eq(p.tuple.sport, 0);
		ck_assert_uint_eq(p.tuple.dport, 0);
		ck_assert_uint_eq(p.icmp_type, 0); /* ICMPv6 over IPv4 is no neighbour discovery */
		ck_assert_uint_eq(p.payload_off, T4(0));
		ck_assert_uint_eq(p.payload_len, 28);
	}
}
END_TEST

Suite *pkt_ipv4_suite(void)
{
	return WEIR_SUITE("pkt ipv4", each_odd_header_has_its_reason,
			  a_header_length_past_the_frame_is_refused, options_are_judged,
			  forty_bytes_of_options_are_read, fields_of_the_header_are_taken,
			  a_fragment_is_read_no_further_than_its_header,
			  a_first_fragment_holds_the_transport_header, an_empty_fragment_is_refused,
			  other_protocols_are_unknown_but_good);
}
