/* SPDX-License-Identifier: BSD-3-Clause */
/* What each frame is taken for, and the reason of each that is refused. */
#include "fixture.h"

Suite *pkt_answer_suite(void);
Suite *pkt_frag_suite(void);

/* One row: a base frame, bytes to overwrite, whether sums are made right afterwards. */
struct row {
	const char *base;
	struct {
		int off; /* from the frame's start; 14 is the IP header, v4 transport 34, v6 54 */
		uint8_t value;
	} patch[6];
	bool sums;
	enum weir_drop drop;
};

#define END           \
	{             \
		-1, 0 \
	}
#define D(x) WEIR_DROP_##x

static const struct row rows[] = {
	{"tcp4", {END}, false, D(NONE)},
	{"udp4", {END}, false, D(NONE)},
	{"icmp4", {END}, false, D(NONE)},
	{"tcp6", {END}, false, D(NONE)},
	{"udp6", {END}, false, D(NONE)},
	{"icmp6", {END}, false, D(NONE)},
	{"syn4", {END}, false, D(NONE)},
	/* IPv4 header */
	{"tcp4", {{14, 0x55}, END}, true, D(IPV4_BAD_VERSION)},
	{"tcp4", {{14, 0x44}, END}, false, D(IPV4_BAD_HEADER_LENGTH)},
	{"tcp4", {{14, 0x40}, END}, false, D(IPV4_BAD_HEADER_LENGTH)},
	{"tcp4", {{14, 0x4f}, {17, 40}, END}, false, D(IPV4_BAD_TOTAL_LENGTH)},
	{"tcp4", {{16, 0xff}, END}, true, D(IPV4_BAD_TOTAL_LENGTH)},
	{"tcp4", {{17, 19}, END}, true, D(IPV4_BAD_TOTAL_LENGTH)},
	{"tcp4", {{16, 0}, {17, 0}, END}, true, D(IPV4_BAD_TOTAL_LENGTH)},
	{"tcp4", {{24, 0xab}, END}, false, D(IPV4_BAD_CHECKSUM)},
	{"tcp4", {{22, 0}, END}, true, D(IPV4_TTL_ZERO)},
	{"tcp4", {{22, 1}, END}, true, D(NONE)},
	{"tcp4", {{20, 0x80}, END}, true, D(IPV4_RESERVED_FLAG)},
	{"tcp4", {{26, 224}, END}, true, D(IPV4_BAD_SOURCE)},
	{"tcp4", {{26, 239}, END}, true, D(IPV4_BAD_SOURCE)},
	{"tcp4", {{26, 240}, END}, true, D(IPV4_BAD_SOURCE)},
	{"tcp4", {{26, 255}, {27, 255}, {28, 255}, {29, 255}, END}, true, D(IPV4_BAD_SOURCE)},
	{"tcp4", {{26, 127}, END}, true, D(IPV4_BAD_SOURCE)},
	{"udp4", {{26, 0}, {29, 0}, END}, true, D(NONE)}, /* DHCP */
	{"tcp4", {{30, 0}, {31, 0}, {32, 0}, {33, 0}, END}, true, D(IPV4_BAD_DESTINATION)},
	{"tcp4", {{30, 127}, END}, true, D(IPV4_BAD_DESTINATION)},
	{"udp4", {{30, 224}, END}, true, D(NONE)},
	{"udp4", {{30, 255}, {31, 255}, {32, 255}, {33, 255}, END}, true, D(NONE)},
	/* IPv6 header */
	{"tcp6", {{14, 0x40}, END}, false, D(IPV6_BAD_VERSION)},
	{"tcp6", {{18, 0xff}, END}, false, D(IPV6_BAD_LENGTH)},
	{"tcp6", {{21, 0}, END}, true, D(IPV6_HOP_LIMIT_ZERO)},
	{"tcp6", {{22, 0xff}, END}, true, D(IPV6_BAD_SOURCE)},
	{"tcp6", {{38, 0}, {39, 0}, {40, 0}, {41, 0}, {53, 1}, END}, true, D(IPV6_BAD_DESTINATION)},
	{"tcp6", {{38, 0}, {39, 0}, {40, 0}, {41, 0}, {53, 0}, END}, true, D(IPV6_BAD_DESTINATION)},
	{"tcp6", {{22, 0}, {23, 0}, {24, 0}, {25, 0}, {37, 1}, END}, true, D(IPV6_BAD_SOURCE)},
	{"udp6", {{22, 0}, {23, 0}, {24, 0}, {25, 0}, {37, 0}, END}, true, D(NONE)}, /* DAD */
	/* TCP */
	{"tcp4", {{46, 0x40}, END}, true, D(TCP_BAD_OFFSET)},
	{"tcp4", {{46, 0x00}, END}, true, D(TCP_BAD_OFFSET)},
	{"tcp4", {{46, 0xf0}, END}, true, D(NONE)}, /* 40 bytes of end-of-options */
	{"tcp4", {{47, 0x00}, END}, true, D(TCP_BAD_FLAGS)},
	{"tcp4", {{47, 0x03}, END}, true, D(TCP_BAD_FLAGS)},
	{"tcp4", {{47, 0x06}, END}, true, D(TCP_BAD_FLAGS)},
	{"tcp4", {{47, 0x07}, END}, true, D(TCP_BAD_FLAGS)},
	{"tcp4", {{47, 0x01}, END}, true, D(TCP_BAD_FLAGS)},
	{"tcp4", {{47, 0x05}, END}, true, D(TCP_BAD_FLAGS)},
	{"tcp4", {{47, 0x15}, END}, true, D(TCP_BAD_FLAGS)},
	{"tcp4", {{47, 0x16}, END}, true, D(TCP_BAD_FLAGS)},
	{"tcp4", {{47, 0x13}, END}, true, D(TCP_BAD_FLAGS)},
	{"tcp4", {{47, 0x20}, END}, true, D(TCP_BAD_FLAGS)},
	{"tcp4", {{47, 0x29}, END}, true, D(TCP_BAD_FLAGS)},
	{"tcp4", {{47, 0x3f}, END}, true, D(TCP_BAD_FLAGS)},
	{"tcp4", {{47, 0x08}, END}, true, D(TCP_BAD_FLAGS)},
	{"tcp4", {{47, 0x02}, END}, true, D(NONE)},
	{"tcp4", {{47, 0x12}, END}, true, D(NONE)},
	{"tcp4", {{47, 0x04}, END}, true, D(NONE)},
	{"tcp4", {{47, 0x14}, END}, true, D(NONE)},
	{"tcp4", {{47, 0x11}, END}, true, D(NONE)},
	{"tcp4", {{47, 0x18}, END}, true, D(NONE)},
	{"tcp4", {{47, 0x30}, END}, true, D(NONE)},
	{"tcp4", {{47, 0xd0}, END}, true, D(NONE)}, /* with ECE and CWR */
	{"tcp4", {{34, 0}, {35, 0}, END}, true, D(TCP_PORT_ZERO)},
	{"tcp4", {{36, 0}, {37, 0}, END}, true, D(TCP_PORT_ZERO)},
	{"tcp4", {{50, 0x12}, END}, false, D(TCP_BAD_CHECKSUM)},
	{"tcp6", {{70, 0x12}, END}, false, D(TCP_BAD_CHECKSUM)},
	{"syn4", {{55, 0}, END}, true, D(TCP_BAD_OPTION)},
	{"syn4", {{55, 1}, END}, true, D(TCP_BAD_OPTION)},
	{"syn4", {{55, 5}, END}, true, D(TCP_BAD_OPTION)},
	{"syn4", {{55, 200}, END}, true, D(TCP_BAD_OPTION)},
	{"syn4", {{58, 2}, {59, 4}, END}, true, D(TCP_BAD_OPTION)}, /* MSS twice */
	{"syn4", {{61, 9}, END}, true, D(TCP_BAD_OPTION)},
	{"syn4", {{72, 4}, END}, true, D(TCP_BAD_OPTION)},
	{"syn4", {{70, 3}, {71, 3}, {72, 7}, {73, 3}, END}, true, D(TCP_BAD_OPTION)},
	{"syn4", {{70, 0}, {71, 99}, {72, 99}, {73, 99}, END}, true, D(NONE)}, /* after the end */
	{"syn4", {{70, 254}, {71, 4}, END}, true, D(NONE)},                    /* unknown kind */
	/* UDP */
	{"udp4", {{38, 0}, {39, 7}, END}, false, D(UDP_BAD_LENGTH)},
	{"udp4", {{38, 0}, {39, 200}, END}, false, D(UDP_BAD_LENGTH)},
	{"udp4", {{36, 0}, {37, 0}, END}, true, D(UDP_PORT_ZERO)},
	{"udp4", {{34, 0}, {35, 0}, END}, true, D(NONE)}, /* source port 0 is allowed */
	{"udp4", {{40, 0xde}, {41, 0xad}, END}, false, D(UDP_BAD_CHECKSUM)},
	{"udp4", {{40, 0}, {41, 0}, END}, false, D(NONE)},
	{"udp6", {{60, 0}, {61, 0}, END}, false, D(UDP_BAD_CHECKSUM)},
	/* ICMP */
	{"icmp4", {{36, 0x99}, END}, false, D(ICMP_BAD_CHECKSUM)},
	{"icmp6", {{56, 0x99}, END}, false, D(ICMP_BAD_CHECKSUM)},
	{"icmp4", {{34, 3}, END}, true, D(ICMP_ERROR_BAD_QUOTE)},
	{"icmp4", {{34, 11}, END}, true, D(ICMP_ERROR_BAD_QUOTE)},
	{"icmp6", {{54, 1}, END}, true, D(ICMP_ERROR_BAD_QUOTE)},
	{"icmp6", {{54, 2}, END}, true, D(ICMP_ERROR_BAD_QUOTE)},
	/* fragments */
	{"udp4", {{20, 0x20}, {21, 0}, END}, true, D(NONE)},
	{"udp4", {{20, 0x00}, {21, 0x05}, END}, true, D(NONE)},
	{"udp4", {{20, 0x1f}, {21, 0xff}, END}, true, D(FRAG_BAD_LENGTH)}, /* past 65,535 */
	{"tcp4", {{20, 0x00}, {21, 0x01}, END}, true, D(FRAG_TINY_FIRST)},
	/* other protocols */
	{"udp4", {{23, 47}, END}, true, D(NONE)},
	{"udp4", {{23, 50}, END}, true, D(NONE)},
	{"udp6", {{20, 59}, END}, true, D(NONE)},
	{"icmp4", {{23, 58}, END}, true, D(NONE)}, /* ICMPv6 over IPv4: no transport of ours */
};

static struct bytes frame_of(const struct row *r)
{
	struct bytes f = base_frame(r->base, 64);

	for (size_t i = 0; r->patch[i].off >= 0; i++)
		f.at[r->patch[i].off] = r->patch[i].value;
	if (r->sums)
		fix_sums(&f);
	return f;
}

START_TEST(each_odd_packet_has_its_reason)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct bytes f = frame_of(&rows[i]);
		enum weir_drop drop = drop_of(&f);

		ck_assert_msg(drop == rows[i].drop, "row %zu (%s): %s, not %s", i, rows[i].base,
			      weir_drop_name(drop), weir_drop_name(rows[i].drop));
	}
}
END_TEST

START_TEST(fields_are_taken_from_where_they_stand)
{
	struct bytes f = base_frame("syn4", 10);
	struct weir_pkt p;

	add_tag(&f, 0x8100, 7);
	add_tag(&f, 0x88a8, 300);
	p = parse(&f);
	ck_assert_uint_eq(p.drop, WEIR_DROP_NONE);
	ck_assert_uint_eq(p.kind, WEIR_PKT_IPV4);
	ck_assert_uint_eq(p.tuple.vlan, 300);
	ck_assert_uint_eq(p.tuple.vlan_inner, 7);
	ck_assert_uint_eq(p.l3_off, 22);
	ck_assert_uint_eq(p.l4_off, 42);
	ck_assert_uint_eq(p.payload_off, 82);
	ck_assert_uint_eq(p.payload_len, 10);
	ck_assert_uint_eq(p.tuple.sport, 40000);
	ck_assert_uint_eq(p.tuple.dport, 80);
	ck_assert_uint_eq(p.seq, 0x1001);
	ck_assert_uint_eq(p.window, 65535);
	ck_assert_uint_eq(p.wscale, 7);
	ck_assert_uint_eq(p.tcp_flags, WEIR_TCP_SYN);
	add_tag(&f, 0x8100, 9);
	ck_assert_uint_eq(drop_of(&f), WEIR_DROP_VLAN_TOO_DEEP);
}
END_TEST

START_TEST(echo_identifier_stands_for_ports)
{
	struct bytes v4 = base_frame("icmp4", 8), v6 = base_frame("icmp6", 8);

	ck_assert_uint_eq(parse(&v4).tuple.sport, 0x7777);
	ck_assert_uint_eq(parse(&v4).tuple.dport, 0x7777);
	ck_assert_uint_eq(parse(&v6).tuple.dport, 0x7777);
	ck_assert_uint_eq(parse(&v6).icmp_type, 128);
}
END_TEST

START_TEST(padding_after_the_packet_is_not_payload)
{
	struct bytes f = base_frame("tcp4", 0);

	f.len = 60;
	memset(f.at + 54, 0xee, 6);
	ck_assert_uint_eq(drop_of(&f), WEIR_DROP_NONE);
	ck_assert_uint_eq(parse(&f).payload_len, 0);
}
END_TEST

START_TEST(unfinished_checksums_are_told_apart_and_can_be_completed)
{
	static const char *const kinds[] = {"tcp4", "udp4", "tcp6", "udp6"};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(kinds); i++) {
		struct bytes good = base_frame(kinds[i], 33), f = good;
		size_t l4 = kinds[i][3] == '6' ? 54 : 34, field = kinds[i][0] == 't' ? 16 : 6;
		const uint8_t *addrs = f.at + (kinds[i][3] == '6' ? 22 : 26);
		size_t addrs_len = kinds[i][3] == '6' ? 32 : 8;
		uint32_t sum = (uint32_t)(f.len - l4) + (kinds[i][0] == 't' ? 6 : 17);
		struct rte_mbuf *m;
		struct weir_pkt p;

		for (size_t k = 0; k < addrs_len; k += 2)
			sum += (uint32_t)addrs[k] << 8 | addrs[k + 1];
		while (sum >> 16)
			sum = (sum & 0xffff) + (sum >> 16);
		f.at[l4 + field] = (uint8_t)(sum >> 8);
		f.at[l4 + field + 1] = (uint8_t)sum;
		p = parse(&f);
		ck_assert_uint_eq(p.drop, WEIR_DROP_L4_CHECKSUM_UNFINISHED);
		ck_assert(p.flags & WEIR_PKT_UNFINISHED);
		m = mbuf_of(f.at, f.len);
		weir_pkt_parse(&p, m, WEIR_PKT_CHECKSUM_REPAIR);
		ck_assert_uint_eq(p.drop, WEIR_DROP_NONE);
		ck_assert_mem_eq(rte_pktmbuf_mtod(m, uint8_t *), good.at, good.len);
		rte_pktmbuf_free(m);
	}
}
END_TEST

START_TEST(the_devices_word_about_checksums_counts)
{
	struct bytes f = base_frame("tcp4", 5);
	struct rte_mbuf *m;
	struct weir_pkt p;

	f.at[24] ^= 1;
	f.at[50] ^= 1;
	m = mbuf_of(f.at, f.len);
	m->ol_flags |= RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD;
	weir_pkt_parse(&p, m, WEIR_PKT_CHECKSUM_VERIFY);
	ck_assert_uint_eq(p.drop, WEIR_DROP_NONE);
	m->ol_flags = RTE_MBUF_F_RX_IP_CKSUM_BAD;
	weir_pkt_parse(&p, m, WEIR_PKT_CHECKSUM_VERIFY);
	ck_assert_uint_eq(p.drop, WEIR_DROP_IPV4_BAD_CHECKSUM);
	m->ol_flags = RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_BAD;
	weir_pkt_parse(&p, m, WEIR_PKT_CHECKSUM_VERIFY);
	ck_assert_uint_eq(p.drop, WEIR_DROP_TCP_BAD_CHECKSUM);
	rte_pktmbuf_free(m);
}
END_TEST

/* ---- IPv6 extension headers ---- */

START_TEST(extension_headers_are_followed_and_judged)
{
	static const struct {
		uint8_t chain[10]; /* first is innermost; ended by 255 */
		enum weir_drop drop;
	} chains[] = {
		{{0, 255}, D(NONE)},
		{{60, 255}, D(NONE)},
		{{43, 0, 255}, D(NONE)},
		{{51, 60, 43, 60, 0, 255}, D(NONE)},
		{{0, 60, 255}, D(IPV6_EXT_ORDER)}, /* hop-by-hop second */
		{{0, 0, 255}, D(IPV6_EXT_ORDER)},
		{{43, 43, 255}, D(IPV6_EXT_ORDER)},
		{{60, 60, 60, 255}, D(IPV6_EXT_ORDER)},
		{{51, 51, 255}, D(IPV6_EXT_ORDER)},
		{{135, 135, 135, 135, 135, 135, 135, 135, 135, 255}, D(IPV6_EXT_TOO_MANY)},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(chains); i++) {
		struct bytes f = base_frame("tcp6", 12);
		enum weir_drop drop;

		for (size_t k = 0; chains[i].chain[k] != 255; k++)
			add_ext(&f, chains[i].chain[k], chains[i].chain[k] == 51 ? 12 : 8);
		drop = drop_of(&f);
		ck_assert_msg(drop == chains[i].drop, "chain %zu: %s", i, weir_drop_name(drop));
		if (drop == WEIR_DROP_NONE)
			ck_assert_uint_eq(parse(&f).tuple.dport, 80);
	}
}
END_TEST

START_TEST(what_extension_headers_say_is_judged)
{
	struct bytes f = base_frame("tcp6", 12);

	add_ext(&f, 0, 8);
	f.at[54 + 2] = 5;
	f.at[54 + 3] = 200; /* an option past its header */
	ck_assert_uint_eq(drop_of(&f), WEIR_DROP_IPV6_BAD_OPTION);
	f = base_frame("tcp6", 12);
	add_ext(&f, 43, 8);
	f.at[54 + 2] = 0;
	ck_assert_uint_eq(drop_of(&f), WEIR_DROP_IPV6_ROUTING);
	f.at[54 + 2] = 4;
	f.at[54 + 3] = 1;
	ck_assert_uint_eq(drop_of(&f), WEIR_DROP_IPV6_ROUTING);
	f = base_frame("tcp6", 12);
	add_ext(&f, 60, 8);
	f.at[54 + 1] = 200;
	ck_assert_uint_eq(drop_of(&f), WEIR_DROP_IPV6_EXT_TRUNCATED);
	f = base_frame("tcp6", 12);
	add_ext(&f, 0, 8);
	f.at[18] = f.at[19] = 0; /* a jumbogram */
	ck_assert_uint_eq(drop_of(&f), WEIR_DROP_IPV6_BAD_LENGTH);
	f = base_frame("tcp6", 12);
	add_ext(&f, 44, 8); /* atomic fragment (RFC 6946) */
	ck_assert_uint_eq(drop_of(&f), WEIR_DROP_NONE);
	ck_assert(!(parse(&f).flags & WEIR_PKT_FRAGMENT));
	f.at[54 + 3] = 1; /* more fragments, and it does not end on 8 bytes */
	ck_assert(parse(&f).flags & WEIR_PKT_FRAGMENT);
}
END_TEST

/* ---- IPv4 options ---- */

START_TEST(ipv4_options_are_judged)
{
	static const struct {
		uint8_t option[4];
		enum weir_drop drop;
	} options[] = {
		{{1, 1, 1, 0}, D(NONE)},
		{{148, 4, 0, 0}, D(NONE)},
		{{131, 3, 4, 0}, D(IPV4_SOURCE_ROUTE)},
		{{137, 3, 4, 0}, D(IPV4_SOURCE_ROUTE)},
		{{7, 0, 0, 0}, D(IPV4_BAD_OPTION)},
		{{7, 1, 0, 0}, D(IPV4_BAD_OPTION)},
		{{7, 9, 0, 0}, D(IPV4_BAD_OPTION)},
		{{1, 1, 1, 7}, D(IPV4_BAD_OPTION)},
		{{0, 9, 9, 9}, D(NONE)},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(options); i++) {
		struct bytes f = base_frame("udp4", 4);

		memmove(f.at + 38, f.at + 34, f.len - 34);
		memcpy(f.at + 34, options[i].option, 4);
		f.len += 4;
		f.at[14] = 0x46;
		f.at[17] += 4;
		fix_sums(&f);
		ck_assert_msg(drop_of(&f) == options[i].drop, "option %zu: %s", i,
			      weir_drop_name(drop_of(&f)));
	}
}
END_TEST

/* ---- cuts ---- */

static const char *const all_kinds[] = {"tcp4", "udp4", "icmp4", "syn4", "tcp6", "udp6", "icmp6"};

START_TEST(every_frame_cut_at_every_byte_is_refused_with_a_reason)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(all_kinds); i++) {
		struct bytes whole = base_frame(all_kinds[i], 40);

		for (size_t len = 0; len < whole.len; len++) {
			struct bytes f = whole;

			f.len = len;
			ck_assert_msg(drop_of(&f) != WEIR_DROP_NONE, "%s cut to %zu was taken",
				      all_kinds[i], len);
		}
	}
}
END_TEST

static void check_same(const struct weir_pkt *a, const struct weir_pkt *b)
{
	ck_assert_uint_eq(a->drop, b->drop);
	ck_assert_uint_eq(a->kind, b->kind);
	ck_assert_uint_eq(a->l4_off, b->l4_off);
	ck_assert_uint_eq(a->payload_len, b->payload_len);
	ck_assert_uint_eq(a->tuple.sport, b->tuple.sport);
	ck_assert_uint_eq(a->tuple.dport, b->tuple.dport);
}

START_TEST(segments_make_no_difference)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(all_kinds); i++) {
		struct bytes f = base_frame(all_kinds[i], 400);
		struct weir_pkt whole = parse(&f);

		for (size_t cut = 1; cut < f.len - 1; cut++) {
			struct rte_mbuf *m = mbuf_in_segments(
				f.at, f.len, cut, cut % 3 ? 0 : cut + (f.len - cut) / 2);
			struct weir_pkt p;

			weir_pkt_parse(&p, m, WEIR_PKT_CHECKSUM_VERIFY);
			check_same(&p, &whole);
			ck_assert_uint_eq(rte_pktmbuf_pkt_len(m), f.len);
			rte_pktmbuf_free(m);
		}
	}
	ck_assert_uint_eq(rte_mempool_in_use_count(pool()), 0);
}
END_TEST

START_TEST(what_an_error_quotes_is_read)
{
	struct bytes quoted = base_frame("tcp4", 20), f = base_frame("icmp4", 28);
	struct weir_pkt p;

	memcpy(f.at + 42, quoted.at + 14, 28);
	f.at[34] = 3;
	f.at[35] = 1;
	fix_sums(&f);
	p = parse(&f);
	ck_assert_uint_eq(p.drop, WEIR_DROP_NONE);
	ck_assert(p.flags & WEIR_PKT_ICMP_ERROR);
	ck_assert_uint_eq(p.quote.proto, 6);
	ck_assert_uint_eq(p.quote.sport, 40000);
	ck_assert_uint_eq(p.quote.dport, 80);
	ck_assert_uint_eq(p.quote_seq, 0x1001);
	f.at[42 + 6] = 0;
	f.at[42 + 7] = 9; /* a later fragment is quoted: no ports */
	fix_sums(&f);
	ck_assert_uint_eq(drop_of(&f), WEIR_DROP_ICMP_ERROR_BAD_QUOTE);
}
END_TEST

static Suite *pkt_parse_suite(void)
{
	return WEIR_SUITE(
		"pkt parse", each_odd_packet_has_its_reason, fields_are_taken_from_where_they_stand,
		echo_identifier_stands_for_ports, padding_after_the_packet_is_not_payload,
		unfinished_checksums_are_told_apart_and_can_be_completed,
		the_devices_word_about_checksums_counts, extension_headers_are_followed_and_judged,
		what_extension_headers_say_is_judged, ipv4_options_are_judged,
		every_frame_cut_at_every_byte_is_refused_with_a_reason, segments_make_no_difference,
		what_an_error_quotes_is_read);
}

WEIR_TEST_MAIN(pkt_parse_suite, pkt_frag_suite, pkt_answer_suite)
