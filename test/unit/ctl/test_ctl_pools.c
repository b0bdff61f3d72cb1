/* SPDX-License-Identifier: BSD-3-Clause */
/* The command pools: of each pool the worker that is worst off, or all. */
#include "fixture.h"

#include <weir_test.h>

static const json_t *pool_at(const json_t *answer, size_t i)
{
	return json_array_get(json_object_get(answer, "pools"), i);
}

START_TEST(of_each_pool_the_fullest_worker_is_told)
{
	static const struct {
		struct weir_use use[FAKE_WORKERS];
		unsigned int worker;
	} rows[] = {
		{{{1, 9, 1, 0}, {1, 9, 1, 0}}, 0},
		{{{1, 9, 1, 0}, {2, 9, 2, 0}}, 1},
		{{{1, 9, 3, 0}, {2, 9, 2, 0}}, 0}, /* it once had more */
		{{{1, 9, 3, 0}, {2, 9, 2, 1}}, 1}, /* that was not enough */
		{{{1, 9, WEIR_USE_UNKNOWN, 0}, {2, 9, WEIR_USE_UNKNOWN, 0}}, 1},
		{{{1, 9, WEIR_USE_UNKNOWN, 2}, {2, 9, WEIR_USE_UNKNOWN, 1}}, 0},
	};
	struct fixture *f = fixture_create();

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		const json_t *p;
		json_t *answer;

		for (unsigned int w = 0; w < FAKE_WORKERS; w++)
			f->path.pools[w][0] = rows[i].use[w];
		answer = ask(f, "{\"cmd\":\"pools\"}");
		ck_assert_uint_eq(json_array_size(json_object_get(answer, "pools")),
				  WEIR_PATH_POOL_END);
		p = pool_at(answer, 0);
		ck_assert_msg((unsigned int)int_of(p, "worker") == rows[i].worker, "row %zu", i);
		json_decref(answer);
	}
	fixture_destroy(f);
}
END_TEST

START_TEST(all_of_a_pool_is_told)
{
	struct fixture *f = fixture_create();
	const json_t *p;
	json_t *answer;

	f->path.pools[1][0] = (struct weir_use){3, 100, 40, 2};
	f->path.pools[0][WEIR_PATH_POOL_MBUFS].peak = WEIR_USE_UNKNOWN;
	answer = ask(f, "{\"cmd\":\"pools\",\"all\":true}");
	ck_assert_uint_eq(json_array_size(json_object_get(answer, "pools")),
			  FAKE_WORKERS * WEIR_PATH_POOL_END);
	p = pool_at(answer, 1);
	ck_assert_str_eq(text_of(p, "name"), "flows");
	ck_assert_int_eq(int_of(p, "worker"), 1);
	ck_assert_int_eq(int_of(p, "used"), 3);
	ck_assert_int_eq(int_of(p, "size"), 100);
	ck_assert_int_eq(int_of(p, "peak"), 40);
	ck_assert_int_eq(int_of(p, "full"), 2);
	ck_assert_str_eq(text_of(p, "key"), "memory.connections");
	p = pool_at(answer, FAKE_WORKERS * WEIR_PATH_POOL_MBUFS);
	ck_assert(json_is_null(json_object_get(p, "peak")));
	json_decref(answer);
	fixture_destroy(f);
}
END_TEST

Suite *ctl_pools_suite(void)
{
	return WEIR_SUITE("ctl pools", of_each_pool_the_fullest_worker_is_told,
			  all_of_a_pool_is_told);
}
