/* SPDX-License-Identifier: BSD-3-Clause */
/* Ethernet, VLAN tags, frames that are not IP, UDP, SCTP, bursts. */
#include "fixture.h"

static const struct row rows[] = {
	{"UDP length 7", "udp4", {{T4(5), 7}}, true, D(UDP_BAD_LENGTH)},
	{"UDP length 0", "udp4", {{T4(5), 0}}, true, D(UDP_BAD_LENGTH)},
	{"UDP length one past the packet", "udp4", {{T4(5), 73}}, true, D(UDP_BAD_LENGTH)},
	{"UDP length 65535", "udp4", {{T4(4), 255}, {T4(5), 255}}, true, D(UDP_BAD_LENGTH)},
	{"UDP length 0 over IPv6, a jumbogram", "udp6", {{T6(5), 0}}, true, D(UDP_BAD_LENGTH)},
	{"UDP length 7 over IPv6", "udp6", {{T6(5), 7}}, true, D(UDP_BAD_LENGTH)},
	{"UDP length one past the packet over IPv6",
	 "udp6",
	 {{T6(5), 73}},
	 true,
	 D(UDP_BAD_LENGTH)},
	{"UDP destination port 0", "udp4", {{T4(2), 0}, {T4(3), 0}}, .drop = D(UDP_PORT_ZERO)},
	{"UDP destination port 0 over IPv6",
	 "udp6",
	 {{T6(2), 0}, {T6(3), 0}},
	 .drop = D(UDP_PORT_ZERO)},
	{"UDP source port 0", "udp4", {{T4(0), 0}, {T4(1), 0}}, .drop = D(NONE)},
	{"UDP checksum wrong", "udp4", {{T4(6), 0xde}, {T4(7), 0xad}}, true, D(UDP_BAD_CHECKSUM)},
	{"UDP without a checksum", "udp4", {{T4(6), 0}, {T4(7), 0}}, true, D(NONE)},
	{"UDP without a checksum over IPv6",
	 "udp6",
	 {{T6(6), 0}, {T6(7), 0}},
	 true,
	 D(UDP_BAD_CHECKSUM)},
	{"UDP checksum wrong over IPv6", "udp6", {{T6(6), 0xde}}, true, D(UDP_BAD_CHECKSUM)},
	{"SCTP", "udp4", {{IP(9), 132}}, .drop = D(NONE)},
};

START_TEST(each_odd_datagram_has_its_reason)
{
	check_rows(rows, WEIR_ARRAY_LEN(rows));
}
END_TEST

START_TEST(the_udp_header_must_fit_the_packet)
{
	for (size_t len = 0; len <= 8; len++) {
		struct bytes f = base_frame("udp4", 40), g = base_frame("udp6", 40);

		f.at[T4(5)] = g.at[T6(5)] = 8;
		shorten(&f, 48 - len);
		shorten(&g, 48 - len);
		check_drop(&f, len < 8 ? D(UDP_TRUNCATED) : D(NONE), "over IPv4");
		check_drop(&g, len < 8 ? D(UDP_TRUNCATED) : D(NONE), "over IPv6");
	}
}
END_TEST

/* RFC 9868: there may be options between UDP's end and IP's. */
START_TEST(what_follows_the_udp_length_is_not_payload)
{
	struct bytes f = base_frame("udp4", 20);

	f.at[T4(5)] = 12;
	f.at[T4(6)] = f.at[T4(7)] = 0;
	ck_assert_uint_eq(parse(&f).drop, D(NONE));
	ck_assert_uint_eq(parse(&f).payload_len, 4);
	ck_assert_uint_eq(parse(&f).payload_off, T4(8));
}
END_TEST

START_TEST(sctp_has_ports_when_its_header_is_whole)
{
	struct bytes f = base_frame("udp4", 4), g = base_frame("udp4", 3);

	f.at[IP(9)] = g.at[IP(9)] = 132;
	fix_sums(&f);
	fix_sums(&g);
	ck_assert_uint_eq(parse(&f).tuple.sport, 40000);
	ck_assert_uint_eq(parse(&f).tuple.dport, 53);
	ck_assert_uint_eq(parse(&f).flags, WEIR_PKT_DF);
	ck_assert_uint_eq(parse(&g).tuple.sport, 0);
	ck_assert_uint_eq(parse(&g).flags, WEIR_PKT_DF | WEIR_PKT_UNKNOWN);
}
END_TEST

/* ---- Ethernet ---- */

START_TEST(frames_that_are_not_ip_keep_their_type)
{
	static const uint16_t types[] = {0x0806, 0x88cc, 0x8847, 0x8864, 0x893a, 0xffff,
					 0x0600, 0x05ff, 0x05dc, 46,     0x0027, 0};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(types); i++)
		for (unsigned int tags = 0; tags <= 2; tags++) {
			struct bytes f = base_frame("udp4", 40);
			struct weir_pkt p;

			f.at[12] = (uint8_t)(types[i] >> 8);
			f.at[13] = (uint8_t)types[i];
			for (unsigned int t = 0; t < tags; t++)
				add_tag(&f, 0x8100, (uint16_t)(10 + t));
			p = parse(&f);
			ck_assert_uint_eq(p.drop, D(NONE));
			ck_assert_uint_eq(p.kind, WEIR_PKT_NON_IP);
			ck_assert_uint_eq(p.ether_type, types[i]);
			ck_assert_uint_eq(p.l3_off, 14 + 4 * tags);
			ck_assert_uint_eq(p.flags, 0);
			ck_assert_uint_eq(p.tuple.family, 0);
			ck_assert_uint_eq(p.l3_len, 0);
			ck_assert_uint_eq(p.tuple.vlan, tags ? 9 + tags : 0);
		}
}
END_TEST

START_TEST(a_header_alone_is_a_frame)
{
	struct bytes f = base_frame("udp4", 0);

	f.at[12] = 0x88;
	f.at[13] = 0xcc;
	f.len = 14;
	check_drop(&f, D(NONE), "14 bytes");
	f.len = 13;
	check_drop(&f, D(ETH_TRUNCATED), "13 bytes");
	f.len = 0;
	check_drop(&f, D(ETH_TRUNCATED), "nothing");
}
END_TEST

START_TEST(up_to_two_tags_of_any_type_are_read)
{
	static const uint16_t types[] = {0x8100, 0x88a8, 0x9100};

	for (size_t i = 0; i < 3; i++)
		for (size_t k = 0; k < 3; k++) {
			struct bytes f = base_frame("tcp4", 10);
			struct weir_pkt p;

			add_tag(&f, types[i], 0xf007); /* priority 7, DEI */
			p = parse(&f);
			ck_assert_uint_eq(p.drop, D(NONE));
			ck_assert_uint_eq(p.kind, WEIR_PKT_IPV4);
			ck_assert_uint_eq(p.tuple.vlan, 7);
			ck_assert_uint_eq(p.tuple.vlan_inner, 0);
			ck_assert_uint_eq(p.l3_off, 18);
			add_tag(&f, types[k], 300);
			p = parse(&f);
			ck_assert_uint_eq(p.drop, D(NONE));
			ck_assert_uint_eq(p.tuple.vlan, 300);
			ck_assert_uint_eq(p.tuple.vlan_inner, 7);
			ck_assert_uint_eq(p.l3_off, 22);
			ck_assert_uint_eq(p.l4_off, 42);
			ck_assert_uint_eq(p.payload_off, 62);
			ck_assert_uint_eq(p.payload_len, 10);
			ck_assert_uint_eq(p.tuple.dport, 80);
			add_tag(&f, types[i], 9);
			check_drop(&f, D(VLAN_TOO_DEEP), "three tags");
		}
}
END_TEST

START_TEST(a_priority_tag_is_no_vlan)
{
	struct bytes f = base_frame("udp6", 10);

	add_tag(&f, 0x8100, 0xe000);
	ck_assert_uint_eq(parse(&f).drop, D(NONE));
	ck_assert_uint_eq(parse(&f).tuple.vlan, 0);
	ck_assert_uint_eq(parse(&f).l3_off, 18);
	ck_assert_uint_eq(parse(&f).tuple.dport, 53);
}
END_TEST

START_TEST(a_tag_the_device_took_off_is_not_used)
{
	struct bytes f = base_frame("udp4", 10);
	struct rte_mbuf *m = mbuf_of(f.at, f.len);
	struct weir_pkt p;

	m->ol_flags |= RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
	m->vlan_tci = 77;
	weir_pkt_parse(&p, m, WEIR_PKT_CHECKSUM_VERIFY);
	ck_assert_uint_eq(p.tuple.vlan, 0);
	rte_pktmbuf_free(m);
}
END_TEST

/* ---- bursts ---- */

START_TEST(a_burst_is_read_like_its_frames)
{
	struct rte_mbuf *m[32] = {NULL};
	struct weir_pkt p[32], one;
	struct bytes f;

	for (unsigned int n = 0; n <= 32; n += n < 6 ? 1 : 13) {
		for (size_t i = 0; i < n; i++) {
			ck_assert(good_frame(i % 15, &f));
			m[i] = mbuf_of(f.at, f.len);
		}
		weir_pkt_parse_burst(p, m, n, WEIR_PKT_CHECKSUM_VERIFY);
		for (size_t i = 0; i < n; i++) {
			weir_pkt_parse(&one, m[i], WEIR_PKT_CHECKSUM_VERIFY);
			ck_assert_ptr_eq(p[i].mbuf, m[i]);
			ck_assert_uint_eq(p[i].drop, one.drop);
			ck_assert_uint_eq(p[i].tuple.proto, one.tuple.proto);
			ck_assert_uint_eq(p[i].tuple.dport, one.tuple.dport);
			ck_assert_uint_eq(p[i].l4_off, one.l4_off);
			rte_pktmbuf_free(m[i]);
		}
	}
	check_pool_is_full();
}
END_TEST

Suite *pkt_parse_suite(void)
{
	return WEIR_SUITE(
		"pkt parse", each_odd_datagram_has_its_reason, the_udp_header_must_fit_the_packet,
		what_follows_the_udp_length_is_not_payload, sctp_has_ports_when_its_header_is_whole,
		frames_that_are_not_ip_keep_their_type, a_header_alone_is_a_frame,
		up_to_two_tags_of_any_type_are_read, a_priority_tag_is_no_vlan,
		a_tag_the_device_took_off_is_not_used, a_burst_is_read_like_its_frames);
}
