/* SPDX-License-Identifier: BSD-3-Clause */
/* A datagram that came in fragments leaves in fragments that come together again. */
#include "frag_lab.h"

#include <weir_mem.h>

static const struct weir_frag_cfg plain = {.datagrams = 16};

/* Cuts `whole` at every `step` bytes, feeds that, and leaves the datagram in the lab. */
static void put_together(struct lab *l, const struct bytes *whole, uint32_t id, size_t step,
			 unsigned int tags)
{
	size_t total = payload_of(whole);
	bool done = false;

	for (size_t from = 0; from < total; from += step) {
		struct bytes f = piece_of(whole, id, from, RTE_MIN(from + step, total));

		for (unsigned int t = 0; t < tags; t++)
			add_tag(&f, 0x8100, (uint16_t)(0x6007 + t));
		done = feed(l, &f, D(NONE));
	}
	ck_assert(done);
	ck_assert_uint_eq(l->made.drop, D(NONE));
}

START_TEST(what_was_cut_is_cut_again_as_it_came)
{
	static const char *const kinds[] = {"udp4", "udp6", "icmp4", "tcp6"};
	struct lab l;

	lab_open(&l, &plain);
	for (size_t i = 0; i < WEIR_ARRAY_LEN(kinds); i++)
		for (size_t step = 64; step < 3000; step += 8 * 33)
			for (unsigned int tags = 0; tags <= 2; tags++) {
				struct bytes whole = base_frame(kinds[i], 4000);
				size_t total = payload_of(&whole);
				struct rte_mbuf *cut[128];
				int n;

				put_together(&l, &whole, 0x8765, step, tags);
				n = weir_frag_cut(&l.made, pool(), cut, 128);
				ck_assert_int_eq(n, (int)((total + step - 1) / step));
				for (int k = 0; k < n; k++) {
					size_t from = step * (size_t)k;
					struct bytes want = piece_of(&whole, 0x8765, from,
								     RTE_MIN(from + step, total));

					for (unsigned int t = 0; t < tags; t++)
						add_tag(&want, 0x8100, (uint16_t)(0x6007 + t));
					ck_assert_uint_eq(rte_pktmbuf_pkt_len(cut[k]), want.len);
					ck_assert_mem_eq(rte_pktmbuf_mtod(cut[k], void *), want.at,
							 want.len);
					rte_pktmbuf_free(cut[k]);
				}
				check_pool_is_full();
			}
	lab_close(&l);
}
END_TEST

START_TEST(the_largest_datagram_is_cut)
{
	static const char *const kinds[] = {"icmp4", "icmp6"};
	struct lab l;

	lab_open(&l, &plain);
	for (size_t i = 0; i < 2; i++) {
		struct bytes whole = base_frame(kinds[i], i ? 65527 : 65507);
		struct rte_mbuf *cut[128];
		bool done = false;
		int n;

		put_together(&l, &whole, 9, i ? 1448 : 1480, 0);
		n = weir_frag_cut(&l.made, pool(), cut, 128);
		ck_assert_int_eq(n, i ? 46 : 45);
		for (int k = n - 1; k >= 0; k--)
			done = feed_mbuf(&l, cut[k], D(NONE));
		ck_assert(done);
		check_whole(&l, &whole);
	}
	lab_close(&l);
}
END_TEST

/* RFC 791 section 3.1: only options with the copied flag stand in all fragments. */
START_TEST(options_are_copied_as_they_say)
{
	static const uint8_t options[12] = {7, 4, 4, 0, 148, 4, 0, 0, 1, 68, 3, 0};
	static const uint8_t later[12] = {1, 1, 1, 1, 148, 4, 0, 0, 1, 1, 1, 1};
	struct bytes whole = base_frame("udp4", 1000), f;
	struct rte_mbuf *cut[16];
	struct lab l;
	int n;

	lab_open(&l, &plain);
	f = piece_of(&whole, 3, 504, 1008);
	ck_assert(!feed(&l, &f, D(NONE)));
	f = piece_of(&whole, 3, 0, 504);
	add_ipv4_options(&f, options, sizeof(options));
	ck_assert(feed(&l, &f, D(NONE)));
	n = weir_frag_cut(&l.made, pool(), cut, 16);
	ck_assert_int_eq(n, 2);
	for (int k = 0; k < n; k++) {
		struct weir_pkt p;

		weir_pkt_parse(&p, cut[k], WEIR_PKT_CHECKSUM_VERIFY);
		ck_assert_uint_eq(p.drop, D(NONE));
		ck_assert_uint_eq(p.frag_offset, k * 504);
		ck_assert_uint_le(p.l3_len, 504 + 32);
		ck_assert_mem_eq(rte_pktmbuf_mtod_offset(cut[k], uint8_t *, T4(0)),
				 k ? later : options, 12);
		rte_pktmbuf_free(cut[k]);
	}
	lab_close(&l);
}
END_TEST

START_TEST(extension_headers_stand_where_they_have_to)
{
	struct bytes whole = base_frame("udp6", 1000), first, rest;
	struct rte_mbuf *cut[16];
	bool done = false;
	struct lab l;
	int n;

	add_ext(&whole, 60, 8); /* for the last destination: part of what is cut */
	lab_open(&l, &plain);
	first = piece_of(&whole, 3, 0, 504);
	rest = piece_of(&whole, 3, 504, 1016);
	add_ext(&first, 43, 24);
	add_ext(&first, 60, 8); /* for every destination */
	add_ext(&first, 0, 8);
	ck_assert(!feed(&l, &rest, D(NONE)));
	ck_assert(feed(&l, &first, D(NONE)));
	n = weir_frag_cut(&l.made, pool(), cut, 16);
	ck_assert_int_gt(n, 1);
	for (int k = 0; k < n; k++) {
		struct weir_pkt p;

		weir_pkt_parse(&p, cut[k], WEIR_PKT_CHECKSUM_VERIFY);
		ck_assert_uint_eq(p.drop, D(NONE));
		ck_assert_uint_eq(p.frag_hdr_off, T6(40));
		ck_assert_uint_le(p.l3_len, 40 + 40 + 8 + 504);
		done = feed_mbuf(&l, cut[k], D(NONE));
	}
	ck_assert(done);
	add_ext(&whole, 43, 24);
	add_ext(&whole, 60, 8);
	add_ext(&whole, 0, 8);
	check_whole(&l, &whole);
	lab_close(&l);
}
END_TEST

START_TEST(padding_of_a_datagram_is_not_cut)
{
	struct bytes f = base_frame("udp4", 100);
	struct rte_mbuf *cut[4];
	struct weir_pkt p;

	memset(f.at + f.len, 0xee, 50);
	f.len += 50;
	weir_pkt_parse(&p, mbuf_of(f.at, f.len), WEIR_PKT_CHECKSUM_VERIFY);
	p.frag_size = 100;
	ck_assert_int_eq(weir_frag_cut(&p, pool(), cut, 4), 2);
	ck_assert_uint_eq(rte_pktmbuf_pkt_len(cut[0]), 14 + 20 + 80);
	ck_assert_uint_eq(rte_pktmbuf_pkt_len(cut[1]), 14 + 20 + 28);
	rte_pktmbuf_free_bulk(cut, 2);
	check_pool_is_full();
}
END_TEST

START_TEST(fragments_larger_than_a_buffer_are_chains)
{
	struct rte_mempool *small = weir_mbuf_pool_create("cut", 255, 256, 0);
	struct bytes whole = base_frame("udp6", 30000);
	struct rte_mbuf *cut[16];
	bool done = false;
	struct lab l;
	int n;

	ck_assert_ptr_nonnull(small);
	lab_open(&l, &plain);
	put_together(&l, &whole, 9, 8000, 2);
	n = weir_frag_cut(&l.made, small, cut, 16);
	ck_assert_int_eq(n, 4);
	for (int k = 0; k < n; k++) {
		struct bytes f = {.len = rte_pktmbuf_pkt_len(cut[k])};

		ck_assert_int_eq(rte_mbuf_check(cut[k], 1, NULL), 0);
		ck_assert_uint_gt(cut[k]->nb_segs, 8);
		memcpy(f.at, rte_pktmbuf_read(cut[k], 0, (uint32_t)f.len, f.at), f.len);
		rte_pktmbuf_free(cut[k]);
		done = feed(&l, &f, D(NONE));
	}
	ck_assert(done);
	add_tag(&whole, 0x8100, 0x6007);
	add_tag(&whole, 0x8100, 0x6008);
	ck_assert_uint_eq(l.whole.len, whole.len);
	ck_assert_mem_eq(l.whole.at, whole.at, whole.len);
	rte_pktmbuf_free(l.made.mbuf);
	ck_assert_uint_eq(rte_mempool_in_use_count(small), 0);
	rte_mempool_free(small);
	lab_close(&l);
}
END_TEST

START_TEST(what_cannot_be_cut_is_freed_with_its_reason)
{
	static const struct {
		const char *what;
		uint32_t buffers; /* of the pool to cut into */
		unsigned int max;
		uint16_t frag_size;
		int rc;
	} cases[] = {
		{"enough of everything", 63, 16, 528, 3},
		{"too few places", 63, 2, 528, -WEIR_ELIMIT},
		{"no places", 63, 0, 528, -WEIR_ELIMIT},
		{"too few buffers", 1, 16, 528, -WEIR_ENOMEM},
		{"a size without room for 8 bytes", 63, 16, 27, -WEIR_EINVAL},
		{"a size with room for 8 bytes", 63, 16, 28, -WEIR_ELIMIT},
		{"size 0", 63, 16, 0, -WEIR_EINVAL},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(cases); i++) {
		struct rte_mempool *mp = weir_mbuf_pool_create("cut", cases[i].buffers, 2048, 0);
		struct bytes f = base_frame("udp4", 1400);
		struct rte_mbuf *cut[16];
		struct weir_pkt p;
		int rc;

		ck_assert_ptr_nonnull(mp);
		weir_pkt_parse(&p, mbuf_of(f.at, f.len), WEIR_PKT_CHECKSUM_VERIFY);
		p.frag_size = cases[i].frag_size;
		rc = weir_frag_cut(&p, mp, cut, cases[i].max);
		ck_assert_msg(rc == cases[i].rc, "%s: %d", cases[i].what, rc);
		if (rc > 0)
			rte_pktmbuf_free_bulk(cut, (unsigned int)rc);
		ck_assert_uint_eq(rte_mempool_in_use_count(mp), 0);
		rte_mempool_free(mp);
		check_pool_is_full();
	}
}
END_TEST

Suite *pkt_frag_cut_suite(void)
{
	return WEIR_SUITE("pkt fragments out", what_was_cut_is_cut_again_as_it_came,
			  the_largest_datagram_is_cut, options_are_copied_as_they_say,
			  extension_headers_stand_where_they_have_to,
			  padding_of_a_datagram_is_not_cut,
			  fragments_larger_than_a_buffer_are_chains,
			  what_cannot_be_cut_is_freed_with_its_reason);
}
