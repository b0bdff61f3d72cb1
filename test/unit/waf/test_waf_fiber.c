/* SPDX-License-Identifier: BSD-3-Clause */
/* Work on stacks of its own, by turns. */
#include <stdio.h>

#include "waf_fiber.h"
#include "waf_test.h"

struct counting {
	struct waf_fiber *fiber;
	unsigned int n, upto;
	double sum;
	char text[64];
};

static void count(void *ctx)
{
	struct counting *c = ctx;
	double own = 0.5; /* lives on the stack, over all turns */

	for (c->n = 0; c->n < c->upto; c->n++) {
		own += c->n;
		waf_fiber_pause(c->fiber);
	}
	c->sum = own;
	/* Wants its stack aligned. */
	snprintf(c->text, sizeof(c->text), "%.1f %Lf", own, (long double)own);
}

START_TEST(work_goes_on_where_it_paused)
{
	struct waf_fibers *all = waf_fibers_create(1);
	struct counting c = {.fiber = waf_fiber_take(all), .upto = 3};

	waf_fiber_begin(c.fiber, count, &c);
	for (unsigned int i = 0; i < 3; i++) {
		ck_assert(!waf_fiber_run(c.fiber));
		ck_assert_uint_eq(c.n, i);
	}
	ck_assert(waf_fiber_run(c.fiber));
	ck_assert_str_eq(c.text, "3.5 3.500000");
	waf_fiber_give(all, c.fiber);
	waf_fibers_destroy(all);
}
END_TEST

START_TEST(each_has_a_stack_of_its_own)
{
	struct waf_fibers *all = waf_fibers_create(8);
	struct counting c[8];

	for (unsigned int i = 0; i < 8; i++) {
		c[i] = (struct counting){.fiber = waf_fiber_take(all), .upto = i + 1};
		waf_fiber_begin(c[i].fiber, count, &c[i]);
	}
	ck_assert_ptr_null(waf_fiber_take(all));
	for (unsigned int turn = 0; turn < 9; turn++)
		for (unsigned int i = 0; i < 8; i++)
			if (turn <= i + 1)
				ck_assert_int_eq(waf_fiber_run(c[i].fiber), turn == i + 1);
	for (unsigned int i = 0; i < 8; i++) {
		ck_assert(c[i].sum == 0.5 + i * (i + 1) / 2.0);
		waf_fiber_give(all, c[i].fiber);
	}
	ck_assert_uint_eq(waf_fibers_use(all).size, 8);
	ck_assert_uint_eq(waf_fibers_use(all).used, 0);
	ck_assert_uint_eq(waf_fibers_use(all).peak, 8);
	ck_assert_uint_eq(waf_fibers_use(all).full, 1);
	waf_fibers_destroy(all);
}
END_TEST

START_TEST(a_stack_serves_one_after_the_other)
{
	struct waf_fibers *all = waf_fibers_create(1);

	for (unsigned int i = 0; i < 100; i++) {
		struct counting c = {.fiber = waf_fiber_take(all), .upto = 0};

		ck_assert_ptr_nonnull(c.fiber);
		waf_fiber_begin(c.fiber, count, &c);
		ck_assert(waf_fiber_run(c.fiber));
		waf_fiber_give(all, c.fiber);
	}
	waf_fibers_destroy(all);
}
END_TEST

Suite *waf_fiber_suite(void)
{
	return WEIR_SUITE("waf fiber", work_goes_on_where_it_paused, each_has_a_stack_of_its_own,
			  a_stack_serves_one_after_the_other);
}
