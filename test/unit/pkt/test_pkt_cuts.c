/* SPDX-License-Identifier: BSD-3-Clause */
/* Every good frame cut short at every byte, in segments at every byte, and at a page's end. */
#include "fixture.h"

#include <stdio.h>

#include <sys/mman.h>
#include <unistd.h>

static size_t l3_of(const struct bytes *f, bool *v6)
{
	size_t off = 12;

	while (f->at[off] == 0x81 || f->at[off] == 0x88)
		off += 4;
	*v6 = f->at[off] == 0x86;
	return off + 2;
}

/* The reason that a frame without its end has: lengths inside it still tell of all. */
static enum weir_drop reason_of_cut(const struct bytes *whole, size_t len)
{
	bool v6;
	size_t l3 = l3_of(whole, &v6), header = (whole->at[l3] & 0xf) * 4u;

	if (len < l3)
		return D(ETH_TRUNCATED);
	if (v6)
		return len < l3 + 40 ? D(IPV6_TRUNCATED) : D(IPV6_BAD_LENGTH);
	if (len < l3 + 20)
		return D(IPV4_TRUNCATED);
	return len < l3 + header ? D(IPV4_BAD_HEADER_LENGTH) : D(IPV4_BAD_TOTAL_LENGTH);
}

START_TEST(every_frame_cut_at_every_byte_has_the_reason_of_that_place)
{
	struct bytes whole;

	for (size_t i = 0; good_frame(i, &whole); i++) {
		check_drop(&whole, D(NONE), "whole");
		for (size_t len = 0; len < whole.len; len++) {
			struct bytes f = whole;
			char what[64];

			f.len = len;
			snprintf(what, sizeof(what), "frame %zu cut to %zu", i, len);
			check_drop(&f, reason_of_cut(&whole, len), what);
		}
	}
}
END_TEST

/* ---- segments ---- */

static void check_tuple(const struct weir_pkt_tuple *a, const struct weir_pkt_tuple *b)
{
	ck_assert_uint_eq(a->family, b->family);
	ck_assert_uint_eq(a->proto, b->proto);
	ck_assert_uint_eq(a->sport, b->sport);
	ck_assert_uint_eq(a->dport, b->dport);
	ck_assert_uint_eq(a->vlan, b->vlan);
	ck_assert_uint_eq(a->vlan_inner, b->vlan_inner);
	ck_assert_mem_eq(a->src, b->src, a->family == 4 ? 4 : 16);
	ck_assert_mem_eq(a->dst, b->dst, a->family == 4 ? 4 : 16);
}

static void check_same(const struct weir_pkt *a, const struct weir_pkt *b)
{
	ck_assert_uint_eq(a->drop, b->drop);
	ck_assert_uint_eq(a->kind, b->kind);
	ck_assert_uint_eq(a->flags, b->flags);
	ck_assert_uint_eq(a->ether_type, b->ether_type);
	ck_assert_uint_eq(a->l3_off, b->l3_off);
	ck_assert_uint_eq(a->l3_len, b->l3_len);
	ck_assert_uint_eq(a->l4_off, b->l4_off);
	ck_assert_uint_eq(a->payload_off, b->payload_off);
	ck_assert_uint_eq(a->payload_len, b->payload_len);
	check_tuple(&a->tuple, &b->tuple);
	if (a->tuple.proto == WEIR_PROTO_TCP) {
		ck_assert_uint_eq(a->seq, b->seq);
		ck_assert_uint_eq(a->ack, b->ack);
		ck_assert_uint_eq(a->window, b->window);
		ck_assert_uint_eq(a->tcp_flags, b->tcp_flags);
		ck_assert_uint_eq(a->wscale, b->wscale);
	}
	if (a->flags & WEIR_PKT_ICMP_ERROR) {
		check_tuple(&a->quote, &b->quote);
		ck_assert_uint_eq(a->quote_seq, b->quote_seq);
	}
}

static void check_bytes(const struct rte_mbuf *m, const struct bytes *f)
{
	uint8_t copy[4096];

	ck_assert_uint_eq(rte_pktmbuf_pkt_len(m), f->len);
	ck_assert_uint_le(f->len, sizeof(copy));
	ck_assert_mem_eq(rte_pktmbuf_read(m, 0, (uint32_t)f->len, copy), f->at, f->len);
	ck_assert_int_eq(rte_mbuf_check(m, 1, NULL), 0);
}

static void check_segments(const struct bytes *f, size_t a, size_t b)
{
	struct rte_mbuf *whole = mbuf_of(f->at, f->len), *m = mbuf_in_segments(f, a, b);
	struct weir_pkt p, q;

	weir_pkt_parse(&q, whole, WEIR_PKT_CHECKSUM_VERIFY);
	ck_assert_uint_eq(q.drop, D(NONE));
	weir_pkt_parse(&p, m, WEIR_PKT_CHECKSUM_VERIFY);
	check_same(&p, &q);
	check_bytes(m, f);
	rte_pktmbuf_free(m);
	rte_pktmbuf_free(whole);
}

START_TEST(two_segments_make_no_difference)
{
	struct bytes f;

	for (size_t i = 0; good_frame(i, &f); i++)
		for (size_t cut = 1; cut < f.len; cut++)
			check_segments(&f, cut, 0);
	check_pool_is_full();
}
END_TEST

START_TEST(three_segments_make_no_difference)
{
	struct bytes f;

	for (size_t i = 0; good_frame(i, &f); i++)
		for (size_t a = 1; a < f.len - 1; a++)
			for (size_t b = a + 1; b < f.len; b += 5 + a % 7)
				check_segments(&f, a, b);
	check_pool_is_full();
}
END_TEST

START_TEST(segments_of_large_frames_make_no_difference)
{
	static const char *const kinds[] = {"tcp4", "udp6", "icmp4", "syn6"};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(kinds); i++) {
		struct bytes f = base_frame(kinds[i], 3000);

		for (size_t a = 1; a < f.len; a += 1 + a / 16)
			for (size_t b = a + 1; b < f.len; b += 401)
				check_segments(&f, a, b);
	}
}
END_TEST

START_TEST(padding_in_segments_of_its_own_makes_no_difference)
{
	struct bytes f = base_frame("tcp4", 0);
	size_t len = f.len;

	memset(f.at + len, 0xee, 300);
	f.len = len + 300;
	check_segments(&f, len, 0);
	check_segments(&f, len, len + 2);
	check_segments(&f, len + 100, len + 200);
	check_segments(&f, 20, len + 200);
}
END_TEST

START_TEST(empty_segments_make_no_difference)
{
	struct bytes f = base_frame("tcp6", 300);
	struct rte_mbuf *m = mbuf_of(f.at, 0);
	struct weir_pkt p;

	ck_assert_int_eq(rte_pktmbuf_chain(m, mbuf_of(f.at, 60)), 0);
	ck_assert_int_eq(rte_pktmbuf_chain(m, mbuf_of(f.at, 0)), 0);
	ck_assert_int_eq(rte_pktmbuf_chain(m, mbuf_of(f.at + 60, f.len - 60)), 0);
	ck_assert_int_eq(rte_pktmbuf_chain(m, mbuf_of(f.at, 0)), 0);
	weir_pkt_parse(&p, m, WEIR_PKT_CHECKSUM_VERIFY);
	ck_assert_uint_eq(p.drop, D(NONE));
	check_bytes(m, &f);
	rte_pktmbuf_free(m);
	check_pool_is_full();
}
END_TEST

/* ---- at the end of a page: no room to join anything, and no byte to read too far ---- */

struct edge {
	uint8_t *page; /* followed by one that cannot be read */
	size_t size;
	struct rte_mbuf_ext_shared_info info;
};

static void keep_buffer(void *addr, void *opaque)
{
}

static void edge_open(struct edge *e)
{
	e->size = (size_t)sysconf(_SC_PAGESIZE);
	e->page =
		mmap(NULL, 2 * e->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(e->page, MAP_FAILED);
	ck_assert_int_eq(mprotect(e->page + e->size, e->size, PROT_NONE), 0);
	e->info.free_cb = keep_buffer;
}

static struct rte_mbuf *at_edge(struct edge *e, const uint8_t *bytes, size_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool());
	uint8_t *at = e->page + e->size - len;

	ck_assert_ptr_nonnull(m);
	memcpy(at, bytes, len);
	rte_mbuf_ext_refcnt_set(&e->info, 1);
	rte_pktmbuf_attach_extbuf(m, at, RTE_BAD_IOVA, (uint16_t)len, &e->info);
	m->data_off = 0;
	ck_assert_ptr_nonnull(rte_pktmbuf_append(m, (uint16_t)len));
	return m;
}

START_TEST(nothing_is_read_past_a_frames_end)
{
	struct edge e;
	struct bytes f;

	edge_open(&e);
	for (size_t i = 0; good_frame(i, &f); i++)
		for (size_t len = 0; len <= f.len; len++) {
			struct rte_mbuf *m = at_edge(&e, f.at, len);
			struct weir_pkt p;

			weir_pkt_parse(&p, m, WEIR_PKT_CHECKSUM_VERIFY);
			ck_assert_uint_eq(p.drop, len < f.len ? reason_of_cut(&f, len) : D(NONE));
			rte_pktmbuf_free(m);
		}
	munmap(e.page, 2 * e.size);
	check_pool_is_full();
}
END_TEST

START_TEST(headers_that_cannot_be_joined_are_refused)
{
	struct edge e;
	struct bytes f;

	edge_open(&e);
	for (size_t i = 0; good_frame(i, &f); i++)
		for (size_t cut = 1; cut < f.len; cut++) {
			struct rte_mbuf *m = at_edge(&e, f.at, cut);
			struct weir_pkt p;

			ck_assert_int_eq(rte_pktmbuf_chain(m, mbuf_of(f.at + cut, f.len - cut)), 0);
			weir_pkt_parse(&p, m, WEIR_PKT_CHECKSUM_VERIFY);
			ck_assert_msg(p.drop == D(NONE) || p.drop == D(HEADERS_SEGMENTED) ||
					      p.drop == D(ICMP_ERROR_BAD_QUOTE),
				      "frame %zu cut at %zu: %s", i, cut,
				      weir_drop_name((enum weir_drop)p.drop));
			if (p.drop == D(NONE))
				ck_assert_uint_le(p.payload_off, cut);
			check_bytes(m, &f);
			rte_pktmbuf_free(m);
		}
	munmap(e.page, 2 * e.size);
	check_pool_is_full();
}
END_TEST

Suite *pkt_cuts_suite(void)
{
	return WEIR_SUITE("pkt cuts", every_frame_cut_at_every_byte_has_the_reason_of_that_place,
			  two_segments_make_no_difference, three_segments_make_no_difference,
			  segments_of_large_frames_make_no_difference,
			  padding_in_segments_of_its_own_makes_no_difference,
			  empty_segments_make_no_difference, nothing_is_read_past_a_frames_end,
			  headers_that_cannot_be_joined_are_refused);
}
