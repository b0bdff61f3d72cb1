/* SPDX-License-Identifier: BSD-3-Clause */
/* Fragments in any order become the datagram; what cannot is refused, and no buffer is lost. */
#include "fixture.h"

Suite *pkt_frag_suite(void);

struct lab {
	struct weir_frag *frag;
	uint64_t now_ns;
	struct bytes whole; /* the last datagram that came out */
	struct weir_pkt made;
};

static struct lab lab_create(uint32_t datagrams, uint32_t per_source)
{
	struct weir_frag_cfg cfg = {.datagrams = datagrams, .per_source = per_source};
	struct lab l = {.now_ns = WEIR_NS_PER_S};

	pool();
	l.frag = weir_frag_create(&cfg);
	ck_assert_ptr_nonnull(l.frag);
	return l;
}

static void lab_destroy(struct lab *l)
{
	weir_frag_destroy(l->frag);
	ck_assert_uint_eq(rte_mempool_in_use_count(pool()), 0);
}

/* IPv4 piece [from, to) of the datagram's payload. */
static struct bytes piece4(const struct bytes *whole, uint16_t id, size_t from, size_t to)
{
	struct bytes f = {.len = 34 + to - from};
	bool more = 34 + to < whole->len;
	uint16_t field = (uint16_t)(from / 8 | (more ? 0x2000 : 0)),
		 len = (uint16_t)(20 + to - from);
	uint32_t sum = 0;

	memcpy(f.at, whole->at, 34);
	memcpy(f.at + 34, whole->at + 34 + from, to - from);
	f.at[16] = (uint8_t)(len >> 8);
	f.at[17] = (uint8_t)len;
	f.at[18] = (uint8_t)(id >> 8);
	f.at[19] = (uint8_t)id;
	f.at[20] = (uint8_t)(field >> 8);
	f.at[21] = (uint8_t)field;
	f.at[24] = f.at[25] = 0;
	for (size_t i = 14; i < 34; i += 2)
		sum += (uint32_t)f.at[i] << 8 | f.at[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	sum = ~((sum & 0xffff) + (sum >> 16));
	f.at[24] = (uint8_t)(sum >> 8);
	f.at[25] = (uint8_t)sum;
	return f;
}

static struct bytes piece6(const struct bytes *whole, uint32_t id, size_t from, size_t to)
{
	struct bytes f = {.len = 62 + to - from};
	bool more = 54 + to < whole->len;
	uint16_t field = (uint16_t)(from | more), len = (uint16_t)(8 + to - from);

	memcpy(f.at, whole->at, 54);
	f.at[18] = (uint8_t)(len >> 8);
	f.at[19] = (uint8_t)len;
	f.at[54] = f.at[20];
	f.at[20] = 44;
	f.at[56] = (uint8_t)(field >> 8);
	f.at[57] = (uint8_t)field;
	f.at[58] = (uint8_t)(id >> 24);
	f.at[59] = (uint8_t)(id >> 16);
	f.at[60] = (uint8_t)(id >> 8);
	f.at[61] = (uint8_t)id;
	memcpy(f.at + 62, whole->at + 54 + from, to - from);
	return f;
}

/* True when a datagram came out; it is kept in the lab. */
static bool feed(struct lab *l, const struct bytes *f, enum weir_drop want)
{
	struct weir_frag_made made;
	enum weir_drop drop;
	struct rte_mbuf *m;
	struct weir_pkt p;

	weir_pkt_parse(&p, mbuf_of(f->at, f->len), WEIR_PKT_CHECKSUM_VERIFY);
	ck_assert_uint_eq(p.drop, WEIR_DROP_NONE);
	ck_assert(p.flags & WEIR_PKT_FRAGMENT);
	m = weir_frag_add(l->frag, &p, l->now_ns, &made, &drop);
	ck_assert_msg(drop == want, "%s", weir_drop_name(drop));
	if (!m)
		return false;
	weir_pkt_parse(&l->made, m, WEIR_PKT_CHECKSUM_VERIFY);
	l->made.frag_size = made.frag_size;
	l->made.frag_id = made.frag_id;
	l->made.flags |= WEIR_PKT_REASSEMBLED;
	l->whole.len = rte_pktmbuf_pkt_len(m);
	memcpy(l->whole.at, rte_pktmbuf_read(m, 0, (uint32_t)l->whole.len, l->whole.at),
	       l->whole.len);
	return true;
}

static struct bytes filled(const char *kind, size_t payload)
{
	struct bytes f = base_frame(kind, payload);

	for (size_t i = f.len - payload; i < f.len; i++)
		f.at[i] = (uint8_t)(i * 7);
	fix_sums(&f);
	return f;
}

static void shuffle(size_t *order, size_t n, unsigned int seed)
{
	for (size_t i = n - 1; i > 0; i--) {
		size_t k = (seed = seed * 1103515245 + 12345) / 65536 % (i + 1), t = order[i];

		order[i] = order[k];
		order[k] = t;
	}
}

START_TEST(pieces_in_any_order_become_the_datagram)
{
	struct lab l = lab_create(16, 0);
	struct bytes v4 = filled("udp4", 7000), v6 = filled("udp6", 7000);

	for (unsigned int seed = 0; seed < 200; seed++) {
		const struct bytes *whole = seed % 2 ? &v6 : &v4;
		size_t l4 = seed % 2 ? 54 : 34, total = whole->len - l4;
		size_t step = 8 * (20 + seed % 100), n = (total + step - 1) / step, order[64];
		bool done = false;

		for (size_t i = 0; i < n; i++)
			order[i] = i;
		shuffle(order, n, seed);
		for (size_t i = 0; i < n; i++) {
			size_t from = order[i] * step,
			       to = from + step < total ? from + step : total;
			struct bytes f = seed % 2 ? piece6(whole, seed, from, to)
						  : piece4(whole, (uint16_t)seed, from, to);

			ck_assert(!done);
			done = feed(&l, &f, WEIR_DROP_NONE);
		}
		ck_assert(done);
		ck_assert_uint_eq(l.made.drop, WEIR_DROP_NONE);
		ck_assert_uint_eq(l.whole.len, whole->len);
		ck_assert_mem_eq(l.whole.at + l4, whole->at + l4, total);
		rte_pktmbuf_free(l.made.mbuf);
	}
	ck_assert_uint_eq(weir_frag_held(l.frag), 0);
	lab_destroy(&l);
}
END_TEST

START_TEST(overlaps_refuse_the_datagram_and_twins_themselves)
{
	struct lab l = lab_create(16, 0);
	struct bytes whole = filled("udp4", 3000);
	struct bytes a = piece4(&whole, 1, 0, 1000), over = piece4(&whole, 1, 992, 2000),
		     rest = piece4(&whole, 1, 1000, whole.len - 34);

	ck_assert(!feed(&l, &a, WEIR_DROP_NONE));
	ck_assert(!feed(&l, &over, WEIR_DROP_FRAG_OVERLAP));
	ck_assert(!feed(&l, &rest, WEIR_DROP_FRAG_OVERLAP)); /* nothing more of it is taken */
	a = piece4(&whole, 2, 0, 1000);
	rest = piece4(&whole, 2, 1000, whole.len - 34);
	ck_assert(!feed(&l, &a, WEIR_DROP_NONE));
	ck_assert(!feed(&l, &a, WEIR_DROP_FRAG_OVERLAP));
	ck_assert(feed(&l, &rest, WEIR_DROP_NONE));
	rte_pktmbuf_free(l.made.mbuf);
	lab_destroy(&l);
}
END_TEST

START_TEST(lengths_that_disagree_refuse_the_datagram)
{
	struct lab l = lab_create(16, 0);
	struct bytes whole = filled("udp4", 3000), shorter = filled("udp4", 1500);
	struct bytes last = piece4(&whole, 1, 2000, whole.len - 34);
	struct bytes early = piece4(&shorter, 1, 1000, shorter.len - 34);

	ck_assert(!feed(&l, &last, WEIR_DROP_NONE));
	ck_assert(!feed(&l, &early, WEIR_DROP_FRAG_OVERLAP));
	lab_destroy(&l);
}
END_TEST

START_TEST(quota_table_and_time_bound_what_is_held)
{
	struct lab l = lab_create(8, 3);
	struct bytes whole = filled("udp4", 3000);
	struct weir_stats stats = {0};

	for (uint16_t id = 0; id < 5; id++) {
		struct bytes f = piece4(&whole, id, 0, 1000);

		feed(&l, &f, id < 3 ? WEIR_DROP_NONE : WEIR_DROP_FRAG_QUOTA);
	}
	for (uint8_t host = 0; host < 10; host++) {
		struct bytes other = whole, f;

		other.at[29] = (uint8_t)(100 + host);
		f = piece4(&other, 1, 0, 1000);
		feed(&l, &f, host < 5 ? WEIR_DROP_NONE : WEIR_DROP_FRAG_TABLE_FULL);
	}
	ck_assert_uint_eq(weir_frag_held(l.frag), 8);
	l.now_ns += 29 * WEIR_NS_PER_S;
	weir_frag_expire(l.frag, l.now_ns, &stats);
	ck_assert_uint_eq(weir_frag_held(l.frag), 8);
	l.now_ns += 2 * WEIR_NS_PER_S;
	weir_frag_expire(l.frag, l.now_ns, &stats);
	ck_assert_uint_eq(weir_frag_held(l.frag), 0);
	ck_assert_uint_eq(stats.drop[WEIR_DROP_FRAG_TIMEOUT], 8);
	lab_destroy(&l);
}
END_TEST

START_TEST(what_was_cut_is_cut_again_and_comes_together_again)
{
	static const char *const kinds[] = {"udp4", "udp6"};
	struct lab l = lab_create(16, 0);

	for (size_t i = 0; i < 2; i++) {
		struct bytes whole = filled(kinds[i], 8000);
		size_t l4 = i ? 54 : 34, total = whole.len - l4;
		struct rte_mbuf *cut[64];
		bool done = false;
		int n;

		for (size_t from = 0; from < total; from += 1448) {
			size_t to = from + 1448 < total ? from + 1448 : total;
			struct bytes f =
				i ? piece6(&whole, 7, from, to) : piece4(&whole, 7, from, to);

			done = feed(&l, &f, WEIR_DROP_NONE);
		}
		ck_assert(done);
		n = weir_frag_cut(&l.made, pool(), cut, 64);
		ck_assert_int_eq(n, 6);
		done = false;
		for (int k = 0; k < n; k++) {
			struct bytes f = {.len = rte_pktmbuf_pkt_len(cut[k])};

			memcpy(f.at, rte_pktmbuf_mtod(cut[k], void *), f.len);
			rte_pktmbuf_free(cut[k]);
			ck_assert_uint_le(f.len, 14 + 1496);
			ck_assert_uint_eq(parse(&f).frag_id, 7);
			done = feed(&l, &f, WEIR_DROP_NONE);
		}
		ck_assert(done);
		ck_assert_mem_eq(l.whole.at + l4, whole.at + l4, total);
		rte_pktmbuf_free(l.made.mbuf);
	}
	lab_destroy(&l);
}
END_TEST

Suite *pkt_frag_suite(void)
{
	return WEIR_SUITE("pkt fragments", pieces_in_any_order_become_the_datagram,
			  overlaps_refuse_the_datagram_and_twins_themselves,
			  lengths_that_disagree_refuse_the_datagram,
			  quota_table_and_time_bound_what_is_held,
			  what_was_cut_is_cut_again_and_comes_together_again);
}
