/* SPDX-License-Identifier: BSD-3-Clause */
/* ICMP and ICMPv6: identifiers, and the packets that errors quote. */
#include "fixture.h"

static const struct row rows[] = {
	{"checksum off", "icmp4", {{T4(2), 0x99}}, true, D(ICMP_BAD_CHECKSUM)},
	{"checksum 0", "icmp4", {{T4(2), 0}, {T4(3), 0}}, true, D(ICMP_BAD_CHECKSUM)},
	{"checksum off over IPv6", "icmp6", {{T6(2), 0x99}}, true, D(ICMP_BAD_CHECKSUM)},
	{"source changed after the sum", "icmp6", {{IP(23), 7}}, true, D(ICMP_BAD_CHECKSUM)},
	{"echo request with code 9", "icmp4", {{T4(1), 9}}, .drop = D(NONE)},
	{"type 255", "icmp4", {{T4(0), 255}}, .drop = D(NONE)},
	{"type 255 over IPv6", "icmp6", {{T6(0), 255}}, .drop = D(NONE)},
	{"router solicitation", "icmp6", {{T6(0), 133}}, .drop = D(NONE)},
	{"unreachable that quotes nonsense",
	 "icmp4",
	 {{T4(0), 3}},
	 .drop = D(ICMP_ERROR_BAD_QUOTE)},
	{"quench that quotes nonsense", "icmp4", {{T4(0), 4}}, .drop = D(ICMP_ERROR_BAD_QUOTE)},
	{"redirect that quotes nonsense", "icmp4", {{T4(0), 5}}, .drop = D(ICMP_ERROR_BAD_QUOTE)},
	{"time exceeded that quotes nonsense",
	 "icmp4",
	 {{T4(0), 11}},
	 .drop = D(ICMP_ERROR_BAD_QUOTE)},
	{"parameter problem that quotes nonsense",
	 "icmp4",
	 {{T4(0), 12}},
	 .drop = D(ICMP_ERROR_BAD_QUOTE)},
	{"unreachable that quotes nonsense, IPv6",
	 "icmp6",
	 {{T6(0), 1}},
	 .drop = D(ICMP_ERROR_BAD_QUOTE)},
	{"too big that quotes nonsense", "icmp6", {{T6(0), 2}}, .drop = D(ICMP_ERROR_BAD_QUOTE)},
	{"unknown error that quotes nonsense",
	 "icmp6",
	 {{T6(0), 127}},
	 .drop = D(ICMP_ERROR_BAD_QUOTE)},
	{"an error type of IPv6 over IPv4", "icmp4", {{T4(0), 1}}, .drop = D(NONE)},
};

START_TEST(each_odd_message_has_its_reason)
{
	check_rows(rows, WEIR_ARRAY_LEN(rows));
}
END_TEST

START_TEST(the_header_must_fit_the_packet)
{
	for (size_t len = 0; len <= 8; len++) {
		struct bytes f = base_frame("icmp4", 40), g = base_frame("icmp6", 40);

		shorten(&f, 48 - len);
		shorten(&g, 48 - len);
		check_drop(&f, len < 8 ? D(ICMP_TRUNCATED) : D(NONE), "ICMP");
		check_drop(&g, len < 8 ? D(ICMP_TRUNCATED) : D(NONE), "ICMPv6");
	}
}
END_TEST

START_TEST(identifiers_of_queries_stand_for_ports)
{
	static const uint8_t v4[] = {0, 8, 13, 14, 15, 16, 17, 18}, v6[] = {128, 129},
			     others4[] = {9, 10, 40, 42, 255},
			     others6[] = {130, 133, 135, 143, 200};
	struct bytes f = base_frame("icmp4", 8), g = base_frame("icmp6", 8);

	for (unsigned int type = 0; type < 256; type++) {
		f.at[T4(0)] = g.at[T6(0)] = (uint8_t)type;
		fix_sums(&f);
		fix_sums(&g);
		if (memchr(v4, (int)type, sizeof(v4))) {
			ck_assert_uint_eq(parse(&f).tuple.sport, 0x7777);
			ck_assert_uint_eq(parse(&f).tuple.dport, 0x7777);
		}
		if (memchr(v6, (int)type, sizeof(v6)))
			ck_assert_uint_eq(parse(&g).tuple.dport, 0x7777);
		if (memchr(others4, (int)type, sizeof(others4)))
			ck_assert_uint_eq(parse(&f).tuple.sport, 0);
		if (memchr(others6, (int)type, sizeof(others6)))
			ck_assert_uint_eq(parse(&g).tuple.sport, 0);
		ck_assert_uint_eq(parse(&f).icmp_type, type);
		ck_assert_uint_eq(parse(&g).icmp_type, type);
	}
}
END_TEST

/* ---- quotes ---- */

/* What the test expects to be read; `needs` bytes of L3 have to be quoted for that. */
struct quoting {
	const char *what;
	const char *kind;
	uint8_t ext; /* one IPv6 extension header, 0: none (hop-by-hop: see below) */
	size_t needs;
	uint8_t proto;
	uint16_t sport, dport;
	uint32_t seq;
};

static const struct quoting quotings[] = {
	{"TCP", "tcp4", 0, 28, 6, 40000, 80, 0x1001},
	{"UDP", "udp4", 0, 28, 17, 40000, 53, 0},
	{"echo", "icmp4", 0, 28, 1, 0x7777, 0x7777, 0},
	{"TCP over IPv6", "tcp6", 0, 48, 6, 40000, 80, 0x1001},
	{"UDP over IPv6", "udp6", 0, 48, 17, 40000, 53, 0},
	{"echo over IPv6", "icmp6", 0, 48, 58, 0x7777, 0x7777, 0},
	{"UDP behind options", "udp6", 60, 56, 17, 40000, 53, 0},
	{"TCP behind an atomic fragment header", "tcp6", 44, 56, 6, 40000, 80, 0x1001},
	{"TCP behind AH", "tcp6", 51, 64, 6, 40000, 80, 0x1001},
};

static struct bytes quoted(const struct quoting *q)
{
	struct bytes about = base_frame(q->kind, 60);

	if (q->ext)
		add_ext(&about, q->ext, q->ext == 51 ? 16 : 8);
	return about;
}

START_TEST(what_an_error_quotes_is_read)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(quotings); i++) {
		const struct quoting *q = &quotings[i];
		uint8_t family = q->kind[strlen(q->kind) - 1] == '6' ? 6 : 4;
		struct bytes about = quoted(q);

		for (size_t len = 0; len < q->needs + 20; len++) {
			struct bytes f = error_frame(family, family == 6 ? 1 : 3, 1, &about, len);
			struct weir_pkt p = parse(&f);

			check_drop(&f, len < q->needs ? D(ICMP_ERROR_BAD_QUOTE) : D(NONE), q->what);
			if (p.drop)
				continue;
			ck_assert(p.flags & WEIR_PKT_ICMP_ERROR);
			ck_assert_uint_eq(p.quote.family, family);
			ck_assert_uint_eq(p.quote.proto, q->proto);
			ck_assert_uint_eq(p.quote.sport, q->sport);
			ck_assert_uint_eq(p.quote.dport, q->dport);
			ck_assert_uint_eq(p.quote_seq, q->seq);
			ck_assert_uint_eq(p.tuple.sport, 0);
		}
	}
}
END_TEST

START_TEST(addresses_and_tags_of_a_quote_are_those_of_the_quoted)
{
	struct bytes about = base_frame("tcp4", 60), f;
	struct rte_mbuf *m;
	struct weir_pkt p;

	about.at[IP(15)] = 77;
	f = error_frame(4, 11, 0, &about, 28);
	add_tag(&f, 0x8100, 5);
	add_tag(&f, 0x88a8, 6);
	m = mbuf_of(f.at, f.len);
	weir_pkt_parse(&p, m, WEIR_PKT_CHECKSUM_VERIFY);
	ck_assert_uint_eq(p.drop, D(NONE));
	ck_assert_mem_eq(p.quote.src, ((const uint8_t[]){10, 0, 0, 77}), 4);
	ck_assert_mem_eq(p.quote.dst, ((const uint8_t[]){10, 0, 0, 2}), 4);
	ck_assert_uint_eq(p.quote.vlan, 6);
	ck_assert_uint_eq(p.quote.vlan_inner, 5);
	rte_pktmbuf_free(m);
}
END_TEST

START_TEST(quoted_options_are_stepped_over)
{
	struct bytes about = base_frame("udp4", 60), f;

	add_ipv4_options(&about, (const uint8_t[]){1, 1, 1, 1, 1, 1, 1, 0}, 8);
	f = error_frame(4, 3, 3, &about, 36);
	ck_assert_uint_eq(parse(&f).quote.dport, 53);
	f = error_frame(4, 3, 3, &about, 35);
	check_drop(&f, D(ICMP_ERROR_BAD_QUOTE), "7 bytes of transport");
	about.at[IP(0)] = 0x44;
	f = error_frame(4, 3, 3, &about, 60);
	check_drop(&f, D(ICMP_ERROR_BAD_QUOTE), "IHL 4");
	about.at[IP(0)] = 0x4f;
	f = error_frame(4, 3, 3, &about, 60);
	check_drop(&f, D(ICMP_ERROR_BAD_QUOTE), "IHL past the quote");
}
END_TEST

START_TEST(a_quote_of_the_wrong_version_is_refused)
{
	struct bytes v4 = base_frame("udp4", 60), v6 = base_frame("udp6", 60), f;

	f = error_frame(4, 3, 3, &v6, 80);
	check_drop(&f, D(ICMP_ERROR_BAD_QUOTE), "IPv6 in IPv4");
	f = error_frame(6, 1, 3, &v4, 80);
	check_drop(&f, D(ICMP_ERROR_BAD_QUOTE), "IPv4 in IPv6");
}
END_TEST

START_TEST(a_quoted_later_fragment_has_no_ports_and_is_refused)
{
	struct bytes v4 = base_frame("udp4", 60), v6 = base_frame("udp6", 60), f;

	v4.at[IP(7)] = 9;
	f = error_frame(4, 3, 3, &v4, 60);
	check_drop(&f, D(ICMP_ERROR_BAD_QUOTE), "IPv4");
	v4.at[IP(6)] = 0x20;
	v4.at[IP(7)] = 0;
	f = error_frame(4, 3, 3, &v4, 60);
	check_drop(&f, D(NONE), "IPv4, the first");
	add_ext(&v6, 44, 8);
	v6.at[T6(3)] = 8;
	f = error_frame(6, 1, 3, &v6, 80);
	check_drop(&f, D(ICMP_ERROR_BAD_QUOTE), "IPv6");
	v6.at[T6(3)] = 1;
	f = error_frame(6, 1, 3, &v6, 80);
	check_drop(&f, D(NONE), "IPv6, the first");
}
END_TEST

START_TEST(quoted_extension_headers_past_the_quote_are_refused)
{
	struct bytes v6 = base_frame("udp6", 60), f;

	add_ext(&v6, 60, 8);
	v6.at[T6(1)] = 9;
	f = error_frame(6, 1, 3, &v6, 100);
	check_drop(&f, D(ICMP_ERROR_BAD_QUOTE), "80 bytes of options in 60");
	v6.at[T6(0)] = 60; /* for ever */
	v6.at[T6(1)] = 0;
	memset(v6.at + T6(8), 60, 1);
	f = error_frame(6, 1, 3, &v6, 50);
	check_drop(&f, D(ICMP_ERROR_BAD_QUOTE), "options without an end");
}
END_TEST

START_TEST(other_protocols_are_quoted_without_ports)
{
	struct bytes about = base_frame("udp4", 60), f;

	about.at[IP(9)] = 47;
	f = error_frame(4, 3, 2, &about, 28);
	ck_assert_uint_eq(parse(&f).drop, D(NONE));
	ck_assert_uint_eq(parse(&f).quote.proto, 47);
	ck_assert_uint_eq(parse(&f).quote.sport, 0);
	about.at[IP(9)] = 132;
	f = error_frame(4, 3, 2, &about, 28);
	ck_assert_uint_eq(parse(&f).quote.dport, 53);
}
END_TEST

START_TEST(an_icmpv6_redirect_is_an_error_without_a_quote)
{
	struct bytes f = base_frame("icmp6", 40);

	f.at[T6(0)] = 137;
	fix_sums(&f);
	ck_assert_uint_eq(parse(&f).drop, D(NONE));
	ck_assert(parse(&f).flags & WEIR_PKT_ICMP_ERROR);
}
END_TEST

Suite *pkt_icmp_suite(void)
{
	return WEIR_SUITE("pkt icmp", each_odd_message_has_its_reason,
			  the_header_must_fit_the_packet, identifiers_of_queries_stand_for_ports,
			  what_an_error_quotes_is_read,
			  addresses_and_tags_of_a_quote_are_those_of_the_quoted,
			  quoted_options_are_stepped_over, a_quote_of_the_wrong_version_is_refused,
			  a_quoted_later_fragment_has_no_ports_and_is_refused,
			  quoted_extension_headers_past_the_quote_are_refused,
			  other_protocols_are_quoted_without_ports,
			  an_icmpv6_redirect_is_an_error_without_a_quote);
}
