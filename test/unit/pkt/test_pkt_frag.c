/* SPDX-License-Identifier: BSD-3-Clause */
/* Fragments in any order become the datagram; what cannot is refused, and no buffer is lost. */
#include "frag_lab.h"

static const struct weir_frag_cfg plain = {.datagrams = 16};

static const char *const kinds[] = {"udp4", "udp6", "tcp4", "icmp6"};

static void shuffle(size_t *order, size_t n, unsigned int seed)
{
	for (size_t i = n - 1; i > 0; i--) {
		size_t k = (seed = seed * 1103515245 + 12345) / 65536 % (i + 1), t = order[i];

		order[i] = order[k];
		order[k] = t;
	}
}

/* ---- what comes together ---- */

START_TEST(pieces_in_any_order_become_the_datagram)
{
	struct lab l;

	lab_open(&l, &plain);
	for (unsigned int seed = 0; seed < 200; seed++) {
		struct bytes whole = base_frame(kinds[seed % 4], 7000);
		size_t total = payload_of(&whole), step = 8 * (20 + seed % 100);
		size_t n = (total + step - 1) / step, order[64];
		bool done = false;

		for (size_t i = 0; i < n; i++)
			order[i] = i;
		shuffle(order, n, seed);
		for (size_t i = 0; i < n; i++) {
			size_t from = order[i] * step;
			struct bytes f = piece_of(&whole, seed, from, RTE_MIN(from + step, total));

			ck_assert(!done);
			done = feed(&l, &f, D(NONE));
		}
		ck_assert(done);
		ck_assert_uint_eq(l.made.frag_id, seed);
		ck_assert_uint_eq(l.made.frag_size,
				  step + (seed % 4 == 1 || seed % 4 == 3 ? 48 : 20));
		check_whole(&l, &whole);
	}
	ck_assert_uint_eq(weir_frag_held(l.frag), 0);
	lab_close(&l);
}
END_TEST

START_TEST(the_fragment_size_is_that_of_the_largest)
{
	struct lab l;
	struct bytes whole = base_frame("udp4", 992), f;

	lab_open(&l, &plain);
	f = piece_of(&whole, 1, 0, 64);
	ck_assert(!feed(&l, &f, D(NONE)));
	f = piece_of(&whole, 1, 864, 1000);
	ck_assert(!feed(&l, &f, D(NONE)));
	f = piece_of(&whole, 1, 64, 864);
	ck_assert(feed(&l, &f, D(NONE)));
	ck_assert_uint_eq(l.made.frag_size, 820);
	check_whole(&l, &whole);
	lab_close(&l);
}
END_TEST

/* A 64 KB ping over MTU 1500, and the largest datagrams that there can be. */
START_TEST(the_largest_datagrams_come_together)
{
	static const struct {
		const char *kind;
		size_t payload; /* of the transport */
		size_t step;
		enum weir_drop drop;
	} cases[] = {
		{"icmp4", 65507, 1480, D(NONE)},
		{"icmp4", 65507, 512, D(NONE)}, /* as many pieces as there may be */
		{"icmp6", 65527, 1448, D(NONE)},
		{"icmp6", 65527, 512, D(NONE)},
		{"icmp6", 65527, 9000, D(NONE)},
	};
	struct lab l;

	lab_open(&l, &plain);
	for (size_t i = 0; i < WEIR_ARRAY_LEN(cases); i++)
		for (unsigned int tags = 0; tags <= 2; tags++) {
			struct bytes whole = base_frame(cases[i].kind, cases[i].payload);
			size_t total = payload_of(&whole), step = cases[i].step;
			bool done = false;

			for (size_t from = 0; from < total; from += step) {
				struct bytes f = piece_of(&whole, (uint32_t)i, from,
							  RTE_MIN(from + step, total));

				for (unsigned int t = 0; t < tags; t++)
					add_tag(&f, 0x8100, 5);
				ck_assert(!done);
				done = feed(&l, &f, D(NONE));
			}
			ck_assert(done);
			for (unsigned int t = 0; t < tags; t++)
				add_tag(&whole, 0x8100, 5);
			ck_assert_uint_eq(l.whole.len, whole.len);
			ck_assert_uint_eq(l.made.drop, D(NONE)); /* its checksum is right */
			rte_pktmbuf_free(l.made.mbuf);
		}
	lab_close(&l);
}
END_TEST

/* The pieces alone say nothing wrong: it is the first one's header that is too much. */
START_TEST(a_datagram_that_its_first_header_makes_too_long_is_refused)
{
	struct lab l;
	struct bytes whole = base_frame("udp4", 65504), f, first;

	lab_open(&l, &plain);
	for (size_t from = 9000; from < 65512; from += 9000) {
		f = piece_of(&whole, 1, from, RTE_MIN(from + 9000, (size_t)65512));
		ck_assert(!feed(&l, &f, D(NONE)));
	}
	first = piece_of(&whole, 1, 0, 9000);
	add_ipv4_options(&first, (const uint8_t[]){1, 1, 1, 0}, 4);
	ck_assert(!feed(&l, &first, D(FRAG_BAD_LENGTH)));
	ck_assert(!feed(&l, &first, D(FRAG_BAD_LENGTH)));
	ck_assert_uint_eq(weir_frag_held(l.frag), 1);
	check_pool_is_full(); /* the place is kept, its buffers are not */
	whole = base_frame("udp6", 65520);
	for (size_t from = 9000; from < 65528; from += 9000) {
		f = piece_of(&whole, 2, from, RTE_MIN(from + 9000, (size_t)65528));
		ck_assert(!feed(&l, &f, D(NONE)));
	}
	first = piece_of(&whole, 2, 0, 9000);
	add_ext(&first, 60, 8);
	ck_assert(!feed(&l, &first, D(FRAG_BAD_LENGTH)));
	lab_close(&l);
}
END_TEST

START_TEST(the_first_fragments_headers_are_those_of_the_whole)
{
	static const uint8_t options[8] = {148, 4, 0, 0, 7, 4, 4, 0};
	struct lab l;
	struct bytes whole = base_frame("udp4", 1000), first, rest;

	lab_open(&l, &plain);
	first = piece_of(&whole, 1, 0, 504);
	rest = piece_of(&whole, 1, 504, 1008);
	add_ipv4_options(&first, options, 8);
	ck_assert(!feed(&l, &rest, D(NONE)));
	ck_assert(feed(&l, &first, D(NONE)));
	ck_assert_uint_eq(l.made.drop, D(NONE));
	ck_assert_uint_eq(l.made.l4_off, T4(8));
	ck_assert_mem_eq(l.whole.at + T4(0), options, 8);
	ck_assert_mem_eq(l.whole.at + T4(8), whole.at + T4(0), 1008);
	rte_pktmbuf_free(l.made.mbuf);
	whole = base_frame("udp6", 1000);
	first = piece_of(&whole, 1, 0, 504);
	rest = piece_of(&whole, 1, 504, 1008);
	add_ext(&first, 43, 24);
	add_ext(&first, 0, 8);
	ck_assert(!feed(&l, &first, D(NONE)));
	ck_assert(feed(&l, &rest, D(NONE)));
	add_ext(&whole, 43, 24);
	add_ext(&whole, 0, 8);
	check_whole(&l, &whole);
	lab_close(&l);
}
END_TEST

START_TEST(padding_and_segments_of_fragments_make_no_difference)
{
	struct lab l;

	lab_open(&l, &plain);
	for (size_t i = 0; i < WEIR_ARRAY_LEN(kinds); i++)
		for (size_t cut = 1; cut < 300; cut += 7) {
			struct bytes whole = base_frame(kinds[i], 500);
			size_t total = payload_of(&whole);
			struct bytes first = piece_of(&whole, 3, 0, 256),
				     last = piece_of(&whole, 3, 256, total);

			memset(first.at + first.len, 0xee, 40);
			first.len += 40;
			memset(last.at + last.len, 0xee, 70);
			last.len += 70;
			ck_assert(!feed_mbuf(&l, mbuf_in_segments(&last, cut, last.len - 60),
					     D(NONE)));
			ck_assert(feed_mbuf(&l, mbuf_in_segments(&first, cut, first.len - 20),
					    D(NONE)));
			check_whole(&l, &whole);
		}
	lab_close(&l);
}
END_TEST

/* A tag with priority alone names no network: pieces with and without it belong together. */
START_TEST(pieces_with_and_without_a_priority_tag_come_together)
{
	struct lab l;

	lab_open(&l, &plain);
	for (size_t i = 0; i < WEIR_ARRAY_LEN(kinds); i++)
		for (unsigned int tagged = 0; tagged < 4; tagged++)
			for (unsigned int order = 0; order < 2; order++) {
				struct bytes whole = base_frame(kinds[i], 500), f[2];

				f[0] = piece_of(&whole, 3, 0, 256);
				f[1] = piece_of(&whole, 3, 256, payload_of(&whole));
				if (tagged & 1)
					add_tag(&f[0], 0x8100, 0xe000);
				if (tagged & 2)
					add_tag(&f[1], 0x8100, 0xe000);
				ck_assert(!feed(&l, &f[order], D(NONE)));
				ck_assert(feed(&l, &f[!order], D(NONE)));
				if (tagged & 1)
					add_tag(&whole, 0x8100, 0xe000);
				ck_assert_uint_eq(l.made.drop, D(NONE));
				ck_assert_uint_eq(l.whole.len, whole.len);
				rte_pktmbuf_free(l.made.mbuf);
			}
	lab_close(&l);
}
END_TEST

START_TEST(what_the_device_said_of_a_piece_is_not_said_of_the_whole)
{
	struct lab l;
	struct bytes whole = base_frame("udp4", 500), f;
	struct rte_mbuf *m;

	whole.at[T4(300)] ^= 1; /* damaged */
	lab_open(&l, &plain);
	f = piece_of(&whole, 3, 0, 256);
	m = mbuf_of(f.at, f.len);
	m->ol_flags |= RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD;
	ck_assert(!feed_mbuf(&l, m, D(NONE)));
	f = piece_of(&whole, 3, 256, 508);
	ck_assert(feed(&l, &f, D(NONE)));
	ck_assert_uint_eq(l.made.drop, D(UDP_BAD_CHECKSUM));
	rte_pktmbuf_free(l.made.mbuf);
	lab_close(&l);
}
END_TEST

/* ---- what is kept apart ---- */

START_TEST(pieces_of_different_datagrams_never_meet)
{
	static const struct {
		const char *what;
		uint16_t off; /* a byte of the second piece to change, 0: see below */
		const char *kind;
	} cases[] = {
		{"source", IP(15), "udp4"},
		{"destination", IP(19), "udp4"},
		{"identification", IP(5), "udp4"},
		{"protocol", IP(9), "udp4"},
		{"source", IP(23), "udp6"},
		{"destination", IP(39), "udp6"},
		{"identification", T6(7), "udp6"},
		{"VLAN", 0, "udp4"},
		{"origin", 0, "udp6"},
	};
	struct lab l;

	lab_open(&l, &plain);
	for (size_t i = 0; i < WEIR_ARRAY_LEN(cases); i++) {
		struct bytes whole = base_frame(cases[i].kind, 500);
		struct bytes first = piece_of(&whole, 3, 0, 256),
			     last = piece_of(&whole, 3, 256, 508), other = last;

		if (cases[i].off) {
			other.at[cases[i].off] ^= 5;
			fix_sums(&other);
		}
		if (cases[i].what[0] == 'V')
			add_tag(&other, 0x8100, 5);
		ck_assert(!feed(&l, &first, D(NONE)));
		l.origin = cases[i].what[0] == 'o';
		ck_assert_msg(!feed(&l, &other, D(NONE)), "%s", cases[i].what);
		l.origin = 0;
		ck_assert(feed(&l, &last, D(NONE)));
		check_whole(&l, &whole);
	}
	ck_assert_uint_eq(weir_frag_held(l.frag), WEIR_ARRAY_LEN(cases));
	lab_close(&l);
}
END_TEST

/* RFC 8200 section 4.5: the next header of later fragments does not count. */
START_TEST(over_ipv6_the_protocol_of_later_pieces_does_not_count)
{
	struct lab l;
	struct bytes whole = base_frame("udp6", 500), f;

	lab_open(&l, &plain);
	f = piece_of(&whole, 3, 256, 508);
	f.at[T6(0)] = 6;
	ck_assert(!feed(&l, &f, D(NONE)));
	f = piece_of(&whole, 3, 0, 256);
	ck_assert(feed(&l, &f, D(NONE)));
	check_whole(&l, &whole);
	lab_close(&l);
}
END_TEST

/* ---- what is refused ---- */

START_TEST(an_overlap_refuses_the_whole_datagram)
{
	static const struct {
		const char *what;
		size_t a_from, a_to, b_from, b_to; /* of 3008; a piece to 3008 is the last */
	} cases[] = {
		{"the second begins early", 0, 1000, 992, 2000},
		{"the second ends late", 1000, 2000, 0, 1008},
		{"the second is within the first", 0, 1000, 8, 992},
		{"the second covers the first", 8, 992, 0, 1000},
		{"the same beginning, shorter", 0, 1000, 0, 992},
		{"the same beginning, longer", 0, 1000, 0, 1008},
		{"the same end", 8, 1000, 16, 1000},
		{"the last and one over it", 2000, 3008, 1992, 2008},
		{"a piece past the last one's end", 2992, 3000, 2000, 2992 + 16},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(cases); i++)
		for (int v6 = 0; v6 < 2; v6++) {
			struct lab l;
			struct bytes whole = base_frame(v6 ? "udp6" : "udp4", 3000), f;

			lab_open(&l, &plain);
			f = piece_of(&whole, 1, cases[i].a_from, cases[i].a_to);
			ck_assert(!feed(&l, &f, D(NONE)));
			f = piece_of(&whole, 1, cases[i].b_from, cases[i].b_to);
			ck_assert_msg(!feed(&l, &f, D(FRAG_OVERLAP)), "%s", cases[i].what);
			check_pool_is_full(); /* the one that was there is gone, too */
			f = piece_of(&whole, 1, 2400, 2408);
			ck_assert(!feed(&l, &f, D(FRAG_OVERLAP)));
			l.now_ns += 31 * WEIR_NS_PER_S;
			weir_frag_expire(l.frag, l.now_ns, &l.stats);
			ck_assert_uint_eq(l.stats.drop[D(FRAG_TIMEOUT)], 0);
			ck_assert_uint_eq(weir_frag_held(l.frag), 0);
			f = piece_of(&whole, 1, 0, 1000);
			ck_assert(!feed(&l, &f, D(NONE)));
			lab_close(&l);
		}
}
END_TEST

START_TEST(lengths_that_disagree_refuse_the_datagram)
{
	static const struct {
		const char *what;
		size_t a_from, a_to;
		bool a_last;
		size_t b_from, b_to;
		bool b_last;
	} cases[] = {
		{"two ends, the second earlier", 800, 1000, true, 400, 600, true},
		{"two ends, the second later", 400, 600, true, 800, 1000, true},
		{"an end before what is there", 800, 1000, false, 400, 600, true},
		{"more behind the end", 400, 600, true, 800, 1000, false},
		{"more to come at the end", 400, 600, true, 600, 800, false},
		{"a piece up to the end that says that more comes", 600, 800, true, 400, 800,
		 false},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(cases); i++) {
		struct lab l;
		struct bytes whole = base_frame("udp4", 1992), f;

		lab_open(&l, &plain);
		for (int k = 0; k < 2; k++) {
			bool last = k ? cases[i].b_last : cases[i].a_last;

			f = piece_of(&whole, 1, k ? cases[i].b_from : cases[i].a_from,
				     k ? cases[i].b_to : cases[i].a_to);
			f.at[IP(6)] = (uint8_t)((f.at[IP(6)] & 0x1f) | (last ? 0 : 0x20));
			fix_sums(&f);
			ck_assert_msg(!feed(&l, &f, k ? D(FRAG_OVERLAP) : D(NONE)), "%s",
				      cases[i].what);
		}
		check_pool_is_full();
		lab_close(&l);
	}
}
END_TEST

START_TEST(a_piece_that_came_twice_is_dropped_alone)
{
	struct lab l;

	lab_open(&l, &plain);
	for (size_t i = 0; i < WEIR_ARRAY_LEN(kinds); i++) {
		struct bytes whole = base_frame(kinds[i], 1000), first, last;

		first = piece_of(&whole, 3, 0, 504);
		last = piece_of(&whole, 3, 504, payload_of(&whole));
		ck_assert(!feed(&l, &last, D(NONE)));
		ck_assert(!feed(&l, &last, D(FRAG_OVERLAP)));
		ck_assert(feed(&l, &first, D(NONE)));
		check_whole(&l, &whole);
	}
	lab_close(&l);
}
END_TEST

START_TEST(a_datagram_in_too_many_pieces_is_refused)
{
	struct lab l;
	struct bytes whole = base_frame("udp4", 8 * 200 - 8), f;

	lab_open(&l, &plain);
	for (size_t i = 0; i < 128; i++) {
		f = piece_of(&whole, 1, 8 * i, 8 * i + 8);
		ck_assert(!feed(&l, &f, D(NONE)));
	}
	f = piece_of(&whole, 1, 8 * 128, 8 * 129);
	ck_assert(!feed(&l, &f, D(FRAG_QUOTA)));
	check_pool_is_full();
	ck_assert(!feed(&l, &f, D(FRAG_QUOTA)));
	lab_close(&l);
}
END_TEST

/* ---- what bounds it ---- */

/* A first piece from 10.0.0.`host`, or 2001:db8:0:`host`::1. */
static struct bytes piece_from(const char *kind, uint8_t host, uint32_t id)
{
	struct bytes whole = base_frame(kind, 1000);

	whole.at[kind[3] == '6' ? IP(15) : IP(15)] = host;
	return piece_of(&whole, id, 0, 504);
}

START_TEST(a_source_has_its_quota_of_datagrams)
{
	static const char *const both[] = {"udp4", "udp6"};
	struct weir_frag_cfg cfg = {.datagrams = 16, .per_source = 3};
	struct lab l;
	struct bytes f;

	lab_open(&l, &cfg);
	for (size_t i = 0; i < 2; i++) {
		for (uint32_t id = 0; id < 5; id++) {
			f = piece_from(both[i], 1, id);
			feed(&l, &f, id < 3 ? D(NONE) : D(FRAG_QUOTA));
		}
		f = piece_from(both[i], 2, 1);
		feed(&l, &f, D(NONE));
	}
	ck_assert_uint_eq(weir_frag_held(l.frag), 8);
	/* Another address of the same /64 is the same source. */
	f = piece_from("udp6", 1, 99);
	f.at[IP(23)] = 77;
	feed(&l, &f, D(FRAG_QUOTA));
	/* Once one is complete there is room for another. */
	f = base_frame("udp4", 1000);
	f = piece_of(&f, 1, 504, 1008);
	f.at[IP(15)] = 1;
	fix_sums(&f);
	ck_assert(feed(&l, &f, D(NONE)));
	rte_pktmbuf_free(l.made.mbuf);
	f = piece_from("udp4", 1, 7);
	feed(&l, &f, D(NONE));
	lab_close(&l);
}
END_TEST

START_TEST(a_full_table_forgets_its_oldest_datagram)
{
	struct weir_frag_cfg cfg = {.datagrams = 8};
	struct lab l;
	struct bytes f;

	lab_open(&l, &cfg);
	for (uint8_t host = 1; host <= 20; host++) {
		f = piece_from(host % 2 ? "udp4" : "udp6", host, 1);
		feed(&l, &f, D(NONE));
		ck_assert_uint_eq(weir_frag_held(l.frag), RTE_MIN(host, 8));
		ck_assert_uint_eq(rte_mempool_in_use_count(pool()), RTE_MIN(host, 8));
	}
	ck_assert_uint_eq(weir_frag_use(l.frag).size, 8);
	ck_assert_uint_eq(weir_frag_use(l.frag).peak, 8);
	ck_assert_uint_eq(weir_frag_use(l.frag).full, 12);
	weir_frag_expire(l.frag, l.now_ns, &l.stats);
	weir_frag_expire(l.frag, l.now_ns, &l.stats);
	ck_assert_uint_eq(l.stats.drop[D(FRAG_TABLE_FULL)], 12);
	ck_assert_uint_eq(l.stats.drop[D(FRAG_TIMEOUT)], 0);
	lab_close(&l);
}
END_TEST

START_TEST(a_table_for_nothing_takes_nothing)
{
	struct weir_frag_cfg cfg = {.datagrams = 0};
	struct bytes f = piece_from("udp4", 1, 1);
	struct lab l;

	lab_open(&l, &cfg);
	feed(&l, &f, D(FRAG_TABLE_FULL));
	lab_close(&l);
}
END_TEST

/* `n` pieces of 8 bytes of one datagram. */
static void feed_many(struct lab *l, uint8_t host, uint32_t id, size_t n, enum weir_drop last)
{
	struct bytes whole = base_frame("udp4", 1016);

	whole.at[IP(15)] = host;
	for (size_t i = 0; i < n; i++) {
		struct bytes f = piece_of(&whole, id, 8 * i, 8 * i + 8);

		feed(l, &f, i + 1 < n ? D(NONE) : last);
	}
}

START_TEST(a_source_has_its_share_of_the_buffers)
{
	struct weir_frag_cfg cfg = {.datagrams = 64, .buffers = 256};
	struct lab l;

	lab_open(&l, &cfg);
	feed_many(&l, 1, 1, 100, D(NONE));
	feed_many(&l, 1, 2, 29, D(FRAG_QUOTA)); /* more than half of all */
	ck_assert_uint_eq(rte_mempool_in_use_count(pool()), 100);
	feed_many(&l, 2, 1, 100, D(NONE));
	ck_assert_uint_eq(weir_frag_held(l.frag), 3);
	weir_frag_expire(l.frag, l.now_ns, &l.stats);
	ck_assert_uint_eq(l.stats.drop[D(FRAG_TABLE_FULL)], 0);
	lab_close(&l);
}
END_TEST

START_TEST(old_datagrams_make_room_when_buffers_run_out)
{
	struct weir_frag_cfg cfg = {.datagrams = 64, .buffers = 200};
	struct lab l;

	lab_open(&l, &cfg);
	for (uint8_t host = 1; host <= 10; host++) {
		feed_many(&l, host, 1, 90, D(NONE));
		ck_assert_uint_le(rte_mempool_in_use_count(pool()), 200);
	}
	ck_assert_uint_eq(weir_frag_held(l.frag), 2);
	weir_frag_expire(l.frag, l.now_ns, &l.stats);
	ck_assert_uint_eq(l.stats.drop[D(FRAG_TABLE_FULL)], 8);
	lab_close(&l);
}
END_TEST

START_TEST(the_oldest_datagram_is_spared_while_it_is_the_one_that_grows)
{
	struct weir_frag_cfg cfg = {.datagrams = 64, .buffers = 200};
	struct bytes whole = base_frame("udp4", 1016);
	struct lab l;

	whole.at[IP(15)] = 1;
	lab_open(&l, &cfg);
	feed_many(&l, 1, 1, 100, D(NONE));
	feed_many(&l, 2, 1, 100, D(NONE));
	for (size_t i = 100; i < 127; i++) {
		struct bytes f = piece_of(&whole, 1, 8 * i, 8 * i + 8);

		ck_assert(!feed(&l, &f, D(NONE)));
	}
	ck_assert_uint_eq(weir_frag_held(l.frag), 1);
	ck_assert_uint_eq(rte_mempool_in_use_count(pool()), 127);
	whole = piece_of(&whole, 1, 1016, 1024);
	ck_assert(feed(&l, &whole, D(NONE)));
	rte_pktmbuf_free(l.made.mbuf);
	lab_close(&l);
}
END_TEST

START_TEST(no_more_than_a_quarter_of_a_pool_waits)
{
	struct weir_frag_cfg cfg = {.datagrams = 64, .buffers = 100000};
	struct lab l;

	lab_open(&l, &cfg);
	for (uint8_t host = 1; host <= 10; host++)
		feed_many(&l, host, 1, 90, D(NONE));
	ck_assert_uint_le(rte_mempool_in_use_count(pool()), pool()->size / 4);
	ck_assert_uint_ge(rte_mempool_in_use_count(pool()), pool()->size / 4 - 90);
	lab_close(&l);
}
END_TEST

START_TEST(segments_count_as_buffers)
{
	struct weir_frag_cfg cfg = {.datagrams = 64, .buffers = 128};
	struct bytes whole = base_frame("udp4", 6000);
	struct lab l;

	lab_open(&l, &cfg);
	for (uint32_t id = 0; id < 50; id++) {
		struct bytes f = piece_of(&whole, id, 0, 5000);

		feed_mbuf(&l, mbuf_in_segments(&f, 2000, 4000),
			  3 * (id + 1) <= 128 ? D(NONE) : D(FRAG_QUOTA));
	}
	ck_assert_uint_eq(rte_mempool_in_use_count(pool()), 42 * 3);
	lab_close(&l);
}
END_TEST

START_TEST(what_is_too_old_is_forgotten)
{
	struct weir_frag_cfg cfg = {.datagrams = 16, .timeout_ns = 5 * WEIR_NS_PER_S};
	struct lab l;
	struct bytes f;

	lab_open(&l, &cfg);
	for (uint8_t host = 1; host <= 8; host++) {
		f = piece_from("udp4", host, 1);
		feed(&l, &f, D(NONE));
		l.now_ns += WEIR_NS_PER_S;
		weir_frag_expire(l.frag, l.now_ns, &l.stats);
		ck_assert_uint_eq(weir_frag_held(l.frag), RTE_MIN(host, 4));
	}
	ck_assert_uint_eq(l.stats.drop[D(FRAG_TIMEOUT)], 4);
	/* A later piece does not make it younger. */
	f = base_frame("udp4", 1000);
	f.at[IP(15)] = 5;
	f = piece_of(&f, 1, 512, 520);
	feed(&l, &f, D(NONE));
	l.now_ns += WEIR_NS_PER_S;
	weir_frag_expire(l.frag, l.now_ns, &l.stats);
	ck_assert_uint_eq(l.stats.drop[D(FRAG_TIMEOUT)], 5);
	ck_assert_uint_eq(weir_frag_held(l.frag), 3);
	lab_close(&l);
}
END_TEST

START_TEST(the_default_timeout_is_half_a_minute)
{
	struct lab l;
	struct bytes f = piece_from("udp4", 1, 1);

	lab_open(&l, &plain);
	feed(&l, &f, D(NONE));
	weir_frag_expire(l.frag, l.now_ns + 30 * WEIR_NS_PER_S - 1, &l.stats);
	ck_assert_uint_eq(weir_frag_held(l.frag), 1);
	weir_frag_expire(l.frag, l.now_ns + 30 * WEIR_NS_PER_S, &l.stats);
	ck_assert_uint_eq(weir_frag_held(l.frag), 0);
	lab_close(&l);
}
END_TEST

/* As in a capture whose frames are not in order. */
START_TEST(a_clock_that_goes_back_ends_nothing_early)
{
	struct lab l;
	struct bytes f = piece_from("udp4", 1, 1);

	lab_open(&l, &plain);
	feed(&l, &f, D(NONE));
	weir_frag_expire(l.frag, l.now_ns - 1, &l.stats);
	weir_frag_expire(l.frag, 0, &l.stats);
	ck_assert_uint_eq(weir_frag_held(l.frag), 1);
	lab_close(&l);
}
END_TEST

START_TEST(many_sources_come_and_go)
{
	struct weir_frag_cfg cfg = {.datagrams = 100};
	struct lab l;

	lab_open(&l, &cfg);
	for (uint32_t i = 0; i < 3000; i++) {
		struct bytes f = piece_from("udp4", (uint8_t)(1 + i % 200), i);

		f.at[IP(14)] = (uint8_t)(i / 200);
		fix_sums(&f);
		feed(&l, &f, D(NONE));
		l.now_ns += WEIR_NS_PER_S / 2;
		weir_frag_expire(l.frag, l.now_ns, &l.stats);
	}
	ck_assert_uint_eq(weir_frag_held(l.frag), 59);
	ck_assert_uint_eq(l.stats.drop[D(FRAG_TIMEOUT)], 3000 - 59);
	lab_close(&l);
}
END_TEST

Suite *pkt_frag_suite(void)
{
	return WEIR_SUITE(
		"pkt fragments", pieces_in_any_order_become_the_datagram,
		the_fragment_size_is_that_of_the_largest, the_largest_datagrams_come_together,
		a_datagram_that_its_first_header_makes_too_long_is_refused,
		the_first_fragments_headers_are_those_of_the_whole,
		padding_and_segments_of_fragments_make_no_difference,
		pieces_with_and_without_a_priority_tag_come_together,
		what_the_device_said_of_a_piece_is_not_said_of_the_whole,
		pieces_of_different_datagrams_never_meet,
		over_ipv6_the_protocol_of_later_pieces_does_not_count,
		an_overlap_refuses_the_whole_datagram, lengths_that_disagree_refuse_the_datagram,
		a_piece_that_came_twice_is_dropped_alone, a_datagram_in_too_many_pieces_is_refused,
		a_source_has_its_quota_of_datagrams, a_full_table_forgets_its_oldest_datagram,
		a_table_for_nothing_takes_nothing, a_source_has_its_share_of_the_buffers,
		old_datagrams_make_room_when_buffers_run_out,
		the_oldest_datagram_is_spared_while_it_is_the_one_that_grows,
		no_more_than_a_quarter_of_a_pool_waits, segments_count_as_buffers,
		what_is_too_old_is_forgotten, the_default_timeout_is_half_a_minute,
		a_clock_that_goes_back_ends_nothing_early, many_sources_come_and_go);
}
