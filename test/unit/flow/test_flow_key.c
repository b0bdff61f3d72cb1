/* SPDX-License-Identifier: BSD-3-Clause */
/* Keys: both directions are one, and all that makes flows different makes keys different. */
#include "fixture.h"

/* An end: an address by number and a port. */
struct end {
	uint32_t addr;
	uint16_t port;
};

static const struct end ends[] = {
	{1, 1},          {1, 2},
	{2, 1},          {2, 2},
	{0x01000000, 1}, {0xffffffff, 65535},
	{0, 0},          {256, 65535},
	{0x80000000, 1}, {0x7fffffff, 65535},
};

/* The number stands in different bytes of a v6 address, by `shift`. */
static void tuple_of(struct weir_pkt_tuple *t, uint8_t bytes[2][16], uint8_t family,
		     const struct end *src, const struct end *dst, unsigned int shift)
{
	memset(bytes, 0, 32);
	memcpy(bytes[0] + (family == 6 ? shift : 0), &src->addr, 4);
	memcpy(bytes[1] + (family == 6 ? shift : 0), &dst->addr, 4);
	*t = (struct weir_pkt_tuple){
		.src = bytes[0],
		.dst = bytes[1],
		.sport = src->port,
		.dport = dst->port,
		.family = family,
		.proto = WEIR_PROTO_TCP,
	};
}

static bool same_key(const struct flow_key *a, const struct flow_key *b)
{
	return a->words == b->words && memcmp(a->word, b->word, a->words * sizeof(uint64_t)) == 0;
}

/* What the two directions of all pairs of ends give. `inner` makes IPv4 keys wide. */
static void check_pairs(uint8_t family, unsigned int shift, uint16_t inner)
{
	uint8_t bytes[2][2][16];
	struct weir_pkt_tuple go, back;
	struct flow_key a, b;

	for (size_t i = 0; i < WEIR_ARRAY_LEN(ends); i++)
		for (size_t j = 0; j < WEIR_ARRAY_LEN(ends); j++) {
			tuple_of(&go, bytes[0], family, &ends[i], &ends[j], shift);
			tuple_of(&back, bytes[1], family, &ends[j], &ends[i], shift);
			go.vlan_inner = back.vlan_inner = inner;
			flow_key_of(&a, &go, 3);
			flow_key_of(&b, &back, 3);
			ck_assert(same_key(&a, &b));
			ck_assert_int_eq(a.swapped != b.swapped, i != j);
			ck_assert_uint_eq(weir_flow_hash(&fixture_key, &go, 3),
					  weir_flow_hash(&fixture_key, &back, 3));
		}
}

START_TEST(both_directions_have_one_key_one_hash_and_opposite_order)
{
	check_pairs(4, 0, 0);
	check_pairs(4, 0, 5);
	for (unsigned int shift = 0; shift <= 12; shift += 4)
		check_pairs(6, shift, 0);
}
END_TEST

START_TEST(keys_of_other_pairs_differ)
{
	uint8_t bytes[2][2][16];
	struct weir_pkt_tuple t, u;
	struct flow_key a, b;
	unsigned int same = 0, n = WEIR_ARRAY_LEN(ends);

	for (unsigned int i = 0; i < n * n; i++)
		for (unsigned int j = 0; j < n * n; j++) {
			bool one = i == j || (i / n == j % n && i % n == j / n);

			tuple_of(&t, bytes[0], 4, &ends[i / n], &ends[i % n], 0);
			tuple_of(&u, bytes[1], 4, &ends[j / n], &ends[j % n], 0);
			flow_key_of(&a, &t, 0);
			flow_key_of(&b, &u, 0);
			same += same_key(&a, &b) != one;
		}
	ck_assert_uint_eq(same, 0);
}
END_TEST

START_TEST(wire_vlans_protocol_and_family_separate_flows)
{
	uint8_t bytes[2][16];
	struct weir_pkt_tuple t[7];
	static const uint8_t wire[7] = {0, 1};
	struct flow_key key[7];

	for (unsigned int i = 0; i < 7; i++)
		tuple_of(&t[i], bytes, 4, &ends[0], &ends[3], 0);
	t[2].vlan = 1;
	t[3].vlan_inner = 1;
	t[4].vlan = t[4].vlan_inner = 1;
	t[5].proto = WEIR_PROTO_UDP;
	t[6].family = 6;
	for (unsigned int i = 0; i < 7; i++) {
		flow_key_of(&key[i], &t[i], wire[i]);
		for (unsigned int j = 0; j < i; j++) {
			ck_assert_msg(!same_key(&key[i], &key[j]), "%u and %u", i, j);
			ck_assert_uint_ne(weir_flow_hash(&fixture_key, &t[i], wire[i]),
					  weir_flow_hash(&fixture_key, &t[j], wire[j]));
		}
	}
}
END_TEST

START_TEST(an_ipv4_flow_in_qinq_is_not_the_v4_mapped_one)
{
	uint8_t mapped[2][16] = {{[10] = 0xff, 0xff, 10, 0, 0, 1},
				 {[10] = 0xff, 0xff, 10, 0, 0, 2}};
	struct weir_pkt_tuple six = {
		.src = mapped[0], .dst = mapped[1], .family = 6, .proto = 17, .vlan_inner = 9};
	struct weir_pkt_tuple four = six;
	struct flow_key a, b;

	four.family = 4;
	four.src += 12;
	four.dst += 12;
	flow_key_of(&a, &six, 0);
	flow_key_of(&b, &four, 0);
	ck_assert(!same_key(&a, &b));
}
END_TEST

START_TEST(addresses_at_any_alignment_give_the_same_key)
{
	uint8_t room[64];
	uint8_t bytes[2][16];
	struct weir_pkt_tuple t;
	struct flow_key a, b;

	for (uint8_t family = 4; family <= 6; family += 2)
		for (unsigned int off = 0; off < 8; off++) {
			tuple_of(&t, bytes, family, &ends[8], &ends[5], 4);
			flow_key_of(&a, &t, 0);
			memcpy(room + off, bytes[0], 16);
			memcpy(room + off + 17, bytes[1], 16);
			t.src = room + off;
			t.dst = room + off + 17;
			flow_key_of(&b, &t, 0);
			ck_assert(same_key(&a, &b));
		}
}
END_TEST

START_TEST(the_key_of_a_flow_is_that_of_its_first_packet)
{
	struct packet k;
	struct bed b;

	bed_init(&b, 64, 0, false);
	for (uint32_t n = 0; n < 8; n++) {
		struct flow_key of_packet, of_flow;
		struct weir_flow *f;

		packet_of(&k, n & 4 ? 6 : 4, WEIR_PROTO_UDP, n, 0);
		k.p.tuple.vlan = 7;
		k.p.tuple.vlan_inner = n & 2 ? 8 : 0;
		f = weir_flow_add(b.table, &k.p, 5, 1, false, b.now_ns);
		flow_key_of(&of_packet, &k.p.tuple, 5);
		flow_key_of_flow(&of_flow, f);
		ck_assert(same_key(&of_packet, &of_flow));
		ck_assert_int_eq(of_packet.swapped, of_flow.swapped);
		ck_assert_int_eq(of_flow.swapped, (f->flags & WEIR_FLOW_F_SWAPPED) != 0);
	}
	bed_fini(&b);
}
END_TEST

START_TEST(owners_share_tuples_fairly)
{
	uint32_t share[3] = {0};

	for (uint32_t i = 0; i < 30000; i++) {
		struct packet k;

		packet_of(&k, 4, WEIR_PROTO_TCP, i, 0);
		share[(weir_flow_hash(&fixture_key, &k.p.tuple, 0) >> 32) * 3 >> 32]++;
	}
	/* 10,000 each; the deviation of a fair die is 82 */
	for (unsigned int w = 0; w < 3; w++) {
		ck_assert_uint_gt(share[w], 9500);
		ck_assert_uint_lt(share[w], 10500);
	}
}
END_TEST

Suite *key_suite(void)
{
	return WEIR_SUITE("flow key", both_directions_have_one_key_one_hash_and_opposite_order,
			  keys_of_other_pairs_differ, wire_vlans_protocol_and_family_separate_flows,
			  an_ipv4_flow_in_qinq_is_not_the_v4_mapped_one,
			  addresses_at_any_alignment_give_the_same_key,
			  the_key_of_a_flow_is_that_of_its_first_packet,
			  owners_share_tuples_fairly);
}
