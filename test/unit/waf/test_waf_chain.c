/* SPDX-License-Identifier: BSD-3-Clause */
#include "waf_lab.h"
#include "waf_test.h"

static void init(struct weir_waf *w)
{
	*w = (struct weir_waf){0};
	weir_arena_init(&w->arena, &weir_arena_malloc, 64 << 20);
}

START_TEST(no_transformation_is_node_0)
{
	struct weir_waf w;

	init(&w);
	ck_assert_uint_eq(waf_node_of(&w, NULL, 0), 0);
	ck_assert_uint_eq(w.n_nodes, 1);
	weir_arena_reset(&w.arena);
}
END_TEST

START_TEST(chains_share_what_they_begin_with)
{
	static const uint8_t a[] = {WEIR_T_URLDECODEUNI, WEIR_T_LOWERCASE};
	static const uint8_t b[] = {WEIR_T_URLDECODEUNI, WEIR_T_LOWERCASE, WEIR_T_REMOVENULLS};
	static const uint8_t c[] = {WEIR_T_LOWERCASE, WEIR_T_URLDECODEUNI};
	struct weir_waf w;
	uint16_t na, nb, nc;

	init(&w);
	na = waf_node_of(&w, a, 2);
	nb = waf_node_of(&w, b, 3);
	nc = waf_node_of(&w, c, 2);
	ck_assert_uint_eq(w.node[nb].parent, na);
	ck_assert_uint_ne(na, nc);
	ck_assert_uint_eq(waf_node_of(&w, a, 2), na);
	ck_assert_uint_eq(waf_node_of(&w, b, 2), na);
	ck_assert_uint_eq(w.n_nodes, 1 + 3 + 2);
	weir_arena_reset(&w.arena);
}
END_TEST

START_TEST(what_follows_a_step_that_changes_any_value_may_change_any_value)
{
	static const uint8_t chain[] = {WEIR_T_LOWERCASE, WEIR_T_LENGTH, WEIR_T_LOWERCASE};
	struct weir_waf w;

	init(&w);
	ck_assert_uint_ne(waf_node_of(&w, chain, 3), WAF_NO_NODE);
	ck_assert(!w.node[waf_node_of(&w, chain, 1)].always);
	ck_assert(w.node[waf_node_of(&w, chain, 2)].always);
	ck_assert(w.node[waf_node_of(&w, chain, 3)].always);
	weir_arena_reset(&w.arena);
}
END_TEST

START_TEST(each_node_is_its_parents_result_and_one_more_step)
{
	struct weir_waf w;
	uint64_t random = 99;

	init(&w);
	for (unsigned int i = 0; i < 300; i++) {
		uint8_t chain[6];
		unsigned int n = next_random(&random) % 7;
		uint16_t node;

		for (unsigned int k = 0; k < n; k++)
			chain[k] = (uint8_t)(next_random(&random) % WEIR_T_END);
		node = waf_node_of(&w, chain, n);
		ck_assert_uint_lt(node, w.n_nodes);
		while (n--) {
			ck_assert_uint_eq(w.node[node].transform, chain[n]);
			node = w.node[node].parent;
		}
		ck_assert_uint_eq(node, 0);
	}
	weir_arena_reset(&w.arena);
}
END_TEST

Suite *waf_chain_suite(void)
{
	return WEIR_SUITE("waf chains of transformations", no_transformation_is_node_0,
			  chains_share_what_they_begin_with,
			  what_follows_a_step_that_changes_any_value_may_change_any_value,
			  each_node_is_its_parents_result_and_one_more_step);
}
