/* SPDX-License-Identifier: BSD-3-Clause */
/* Checksums: the device's word, unfinished ones, sums over segments, what is never summed. */
#include "fixture.h"

#define L4_UNKNOWN RTE_MBUF_F_RX_L4_CKSUM_UNKNOWN
#define L4_GOOD    RTE_MBUF_F_RX_L4_CKSUM_GOOD
#define L4_BAD     RTE_MBUF_F_RX_L4_CKSUM_BAD
#define L4_NONE    RTE_MBUF_F_RX_L4_CKSUM_NONE
#define IP_GOOD    RTE_MBUF_F_RX_IP_CKSUM_GOOD
#define IP_BAD     RTE_MBUF_F_RX_IP_CKSUM_BAD
#define IP_NONE    RTE_MBUF_F_RX_IP_CKSUM_NONE

static const char *const kinds[] = {"tcp4", "udp4", "tcp6", "udp6"};

static enum weir_drop bad_sum_of(const char *kind)
{
	return kind[0] == 't' ? D(TCP_BAD_CHECKSUM) : D(UDP_BAD_CHECKSUM);
}

static struct weir_pkt parse_as(const struct bytes *f, uint64_t ol_flags,
				enum weir_pkt_checksum mode)
{
	struct rte_mbuf *m = mbuf_of(f->at, f->len);
	struct weir_pkt p;

	m->ol_flags |= ol_flags;
	weir_pkt_parse(&p, m, mode);
	rte_pktmbuf_free(m);
	return p;
}

START_TEST(unfinished_sums_are_told_apart_from_damage)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(kinds); i++) {
		struct bytes f = base_frame(kinds[i], 33);
		struct weir_pkt p;

		unfinish(&f);
		p = parse(&f);
		ck_assert_uint_eq(p.drop, D(L4_CHECKSUM_UNFINISHED));
		ck_assert(p.flags & WEIR_PKT_UNFINISHED);
		/* The device cannot have seen a good one, but may say that nobody summed yet. */
		ck_assert_uint_eq(parse_as(&f, L4_BAD, WEIR_PKT_CHECKSUM_VERIFY).drop,
				  D(L4_CHECKSUM_UNFINISHED));
		ck_assert_uint_eq(parse_as(&f, L4_NONE, WEIR_PKT_CHECKSUM_VERIFY).drop,
				  D(L4_CHECKSUM_UNFINISHED));
		f.at[f.len - 1] ^= 1; /* what it would have covered does not matter */
		ck_assert_uint_eq(parse(&f).drop, D(L4_CHECKSUM_UNFINISHED));
		f.at[IP(15)] ^= 1;
		p = parse_as(&f, IP_GOOD, WEIR_PKT_CHECKSUM_VERIFY);
		ck_assert_uint_eq(p.drop, bad_sum_of(kinds[i]));
		ck_assert(!(p.flags & WEIR_PKT_UNFINISHED));
	}
}
END_TEST

START_TEST(a_pseudo_header_sum_with_its_bits_turned_is_damage)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(kinds); i++) {
		struct bytes f = base_frame(kinds[i], 33);
		size_t at = (kinds[i][3] == '6' ? T6(0) : T4(0)) + (kinds[i][0] == 't' ? 16 : 6);

		unfinish(&f);
		f.at[at] ^= 0xff;
		f.at[at + 1] ^= 0xff;
		ck_assert_uint_eq(parse(&f).drop, bad_sum_of(kinds[i]));
	}
}
END_TEST

START_TEST(unfinished_sums_are_completed_where_asked)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(kinds); i++)
		for (size_t payload = 0; payload < 70; payload++) {
			struct bytes good = base_frame(kinds[i], payload), f = good;
			struct rte_mbuf *m;
			struct weir_pkt p;

			unfinish(&f);
			m = mbuf_of(f.at, f.len);
			m->ol_flags |= L4_BAD;
			weir_pkt_parse(&p, m, WEIR_PKT_CHECKSUM_REPAIR);
			ck_assert_uint_eq(p.drop, D(NONE));
			ck_assert(p.flags & WEIR_PKT_UNFINISHED);
			ck_assert_mem_eq(rte_pktmbuf_mtod(m, uint8_t *), good.at, good.len);
			/* Another worker reads it again. */
			weir_pkt_parse(&p, m, WEIR_PKT_CHECKSUM_REPAIR);
			ck_assert_uint_eq(p.drop, D(NONE));
			ck_assert_uint_eq(p.flags & WEIR_PKT_UNFINISHED, 0);
			rte_pktmbuf_free(m);
		}
}
END_TEST

/* RFC 768: what comes out as 0 is sent as 0xffff, since 0 means that there is none. */
START_TEST(a_udp_sum_is_never_completed_to_zero)
{
	struct bytes f = base_frame("udp4", 2);
	struct rte_mbuf *m;
	struct weir_pkt p;

	/* The payload takes the sum's own place: over all of it there is nothing left. */
	f.at[T4(8)] = f.at[T4(6)];
	f.at[T4(9)] = f.at[T4(7)];
	f.at[T4(8)] = f.at[T4(9)] = 0;
	fix_sums(&f);
	f.at[T4(8)] = f.at[T4(6)];
	f.at[T4(9)] = f.at[T4(7)];
	unfinish(&f);
	m = mbuf_of(f.at, f.len);
	weir_pkt_parse(&p, m, WEIR_PKT_CHECKSUM_REPAIR);
	ck_assert_uint_eq(p.drop, D(NONE));
	ck_assert_mem_eq(rte_pktmbuf_mtod_offset(m, uint8_t *, T4(6)), "\xff\xff", 2);
	m->ol_flags = 0;
	weir_pkt_parse(&p, m, WEIR_PKT_CHECKSUM_VERIFY);
	ck_assert_uint_eq(p.drop, D(NONE));
	rte_pktmbuf_free(m);
}
END_TEST

START_TEST(damage_is_not_repaired)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(kinds); i++) {
		struct bytes f = base_frame(kinds[i], 33);

		f.at[f.len - 1] ^= 0x10;
		ck_assert_uint_eq(parse_as(&f, 0, WEIR_PKT_CHECKSUM_REPAIR).drop,
				  bad_sum_of(kinds[i]));
		ck_assert_uint_eq(parse_as(&f, 0, WEIR_PKT_CHECKSUM_IGNORE).drop, D(NONE));
		ck_assert_uint_eq(parse_as(&f, L4_BAD, WEIR_PKT_CHECKSUM_IGNORE).drop, D(NONE));
	}
}
END_TEST

START_TEST(the_devices_word_counts)
{
	static const struct {
		bool ip_is_good, l4_is_good;
		uint64_t word;
		enum weir_drop drop;
	} cases[] = {
		{true, true, 0, D(NONE)},
		{true, true, L4_NONE | IP_NONE, D(NONE)},
		{true, true, L4_BAD, D(TCP_BAD_CHECKSUM)},
		{true, true, IP_BAD, D(IPV4_BAD_CHECKSUM)},
		{true, true, IP_BAD | L4_GOOD, D(IPV4_BAD_CHECKSUM)},
		{true, false, L4_UNKNOWN, D(TCP_BAD_CHECKSUM)},
		{true, false, L4_NONE, D(TCP_BAD_CHECKSUM)},
		{true, false, L4_GOOD, D(NONE)},
		{true, false, IP_GOOD, D(TCP_BAD_CHECKSUM)},
		{false, true, 0, D(IPV4_BAD_CHECKSUM)},
		{false, true, IP_NONE, D(IPV4_BAD_CHECKSUM)},
		{false, true, L4_GOOD, D(IPV4_BAD_CHECKSUM)},
		{false, true, IP_GOOD, D(NONE)},
		{false, false, IP_GOOD | L4_GOOD, D(NONE)},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(cases); i++) {
		struct bytes f = base_frame("tcp4", 5);

		f.at[IP(10)] ^= !cases[i].ip_is_good;
		f.at[T4(16)] ^= !cases[i].l4_is_good;
		ck_assert_msg(parse_as(&f, cases[i].word, WEIR_PKT_CHECKSUM_VERIFY).drop ==
				      cases[i].drop,
			      "case %zu", i);
	}
}
END_TEST

START_TEST(the_header_sum_is_verified_in_every_mode)
{
	struct bytes f = base_frame("tcp4", 5);

	f.at[IP(10)] ^= 1;
	ck_assert_uint_eq(parse_as(&f, 0, WEIR_PKT_CHECKSUM_IGNORE).drop, D(IPV4_BAD_CHECKSUM));
	ck_assert_uint_eq(parse_as(&f, 0, WEIR_PKT_CHECKSUM_REPAIR).drop, D(IPV4_BAD_CHECKSUM));
}
END_TEST

START_TEST(a_sum_of_ones_is_right)
{
	struct bytes f;

	/* All lengths, and payloads that carry out of every partial sum. */
	for (size_t payload = 0; payload < 300; payload++) {
		f = base_frame("udp4", payload);
		memset(f.at + T4(8), 0xff, payload);
		fix_sums(&f);
		check_drop(&f, D(NONE), "UDP of ones");
		f = base_frame("tcp6", payload);
		memset(f.at + T6(20), 0xff, payload);
		fix_sums(&f);
		check_drop(&f, D(NONE), "TCP of ones");
	}
	f = base_frame("tcp4", 9000);
	memset(f.at + T4(20), 0xff, 9000);
	fix_sums(&f);
	check_drop(&f, D(NONE), "a large segment of ones");
	f.at[9000] ^= 1;
	check_drop(&f, D(TCP_BAD_CHECKSUM), "a large segment of ones but one");
}
END_TEST

/* Segments that begin at odd bytes: their sums have to be turned. */
START_TEST(sums_go_on_over_segments)
{
	for (size_t a = 300; a < 310; a++)
		for (size_t b = a + 1; b < a + 8; b++) {
			struct bytes f = base_frame("udp4", 1400);
			struct rte_mbuf *m = mbuf_in_segments(&f, a, b);
			struct weir_pkt p;

			weir_pkt_parse(&p, m, WEIR_PKT_CHECKSUM_VERIFY);
			ck_assert_uint_eq(p.drop, D(NONE));
			rte_pktmbuf_free(m);
			f.at[f.len - 1] ^= 1;
			m = mbuf_in_segments(&f, a, b);
			weir_pkt_parse(&p, m, WEIR_PKT_CHECKSUM_VERIFY);
			ck_assert_uint_eq(p.drop, D(UDP_BAD_CHECKSUM));
			rte_pktmbuf_free(m);
			unfinish(&f);
			m = mbuf_in_segments(&f, a, b);
			weir_pkt_parse(&p, m, WEIR_PKT_CHECKSUM_REPAIR);
			ck_assert_uint_eq(p.drop, D(NONE));
			m->ol_flags = 0;
			weir_pkt_parse(&p, m, WEIR_PKT_CHECKSUM_VERIFY);
			ck_assert_uint_eq(p.drop, D(NONE));
			rte_pktmbuf_free(m);
		}
	check_pool_is_full();
}
END_TEST

START_TEST(padding_is_not_summed)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(kinds); i++) {
		struct bytes f = base_frame(kinds[i], 0);
		size_t len = f.len;

		memset(f.at + len, 0xee, 20);
		f.len = len + 20;
		check_drop(&f, D(NONE), "padded");
		ck_assert_uint_eq(parse(&f).payload_len, 0);
		ck_assert_uint_eq(parse(&f).l3_len, len - 14);
	}
}
END_TEST

Suite *pkt_checksum_suite(void)
{
	return WEIR_SUITE("pkt checksum", unfinished_sums_are_told_apart_from_damage,
			  a_pseudo_header_sum_with_its_bits_turned_is_damage,
			  unfinished_sums_are_completed_where_asked,
			  a_udp_sum_is_never_completed_to_zero, damage_is_not_repaired,
			  the_devices_word_counts, the_header_sum_is_verified_in_every_mode,
			  a_sum_of_ones_is_right, sums_go_on_over_segments, padding_is_not_summed);
}
