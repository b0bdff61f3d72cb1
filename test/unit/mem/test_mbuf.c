/* SPDX-License-Identifier: BSD-3-Clause */
/* Packet buffer pools. */
#include <weir_test.h>

#include <weir_mem.h>

#include "suites.h"

#include <rte_mbuf.h>

START_TEST(a_frame_fits_behind_the_headroom)
{
	static const uint16_t frames[] = {64, 1518, 1522, 2048, 9018, 65000};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(frames); i++) {
		struct rte_mempool *pool = weir_mbuf_pool_create("frame", 15, frames[i], 0);
		struct rte_mbuf *m;

		ck_assert_ptr_nonnull(pool);
		m = rte_pktmbuf_alloc(pool);
		ck_assert_ptr_nonnull(m);
		ck_assert_uint_ge(rte_pktmbuf_tailroom(m), frames[i]);
		ck_assert_uint_lt(rte_pktmbuf_tailroom(m), frames[i] + WEIR_CACHE_LINE);
		ck_assert_uint_eq(rte_pktmbuf_headroom(m), RTE_PKTMBUF_HEADROOM);
		rte_pktmbuf_free(m);
		rte_mempool_free(pool);
	}
}
END_TEST

START_TEST(a_pool_gives_exactly_its_count_whatever_the_cache)
{
	static const unsigned int caches[] = {0, 1, 32, 256, 512, 100000};
	struct rte_mbuf *m[65];

	for (size_t i = 0; i < WEIR_ARRAY_LEN(caches); i++) {
		struct rte_mempool *pool = weir_mbuf_pool_create("count", 63, 256, caches[i]);

		ck_assert_ptr_nonnull(pool);
		for (unsigned int n = 0; n < 63; n++) {
			m[n] = rte_pktmbuf_alloc(pool);
			ck_assert_ptr_nonnull(m[n]);
		}
		ck_assert_ptr_null(rte_pktmbuf_alloc(pool));
		for (unsigned int n = 0; n < 63; n++)
			rte_pktmbuf_free(m[n]);
		ck_assert_uint_eq(rte_mempool_avail_count(pool), 63);
		rte_mempool_free(pool);
	}
}
END_TEST

START_TEST(what_cannot_be_had_is_null)
{
	struct rte_mempool *pool = weir_mbuf_pool_create("twice", 15, 256, 0);

	ck_assert_ptr_nonnull(pool);
	ck_assert_ptr_null(weir_mbuf_pool_create("twice", 15, 256, 0));
	ck_assert_ptr_null(weir_mbuf_pool_create("large", 15, UINT16_MAX, 0));
	ck_assert_ptr_null(weir_mbuf_pool_create("many", 1U << 24, 9018, 0));
	ck_assert_ptr_null(weir_mbuf_pool_create("none", 0, 256, 0));
	rte_mempool_free(pool);
}
END_TEST

Suite *mbuf_suite(void)
{
	return WEIR_SUITE_AFTER(
		start_eal_unless_started, "mem mbuf", a_frame_fits_behind_the_headroom,
		a_pool_gives_exactly_its_count_whatever_the_cache, what_cannot_be_had_is_null);
}
