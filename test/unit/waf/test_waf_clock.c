/* SPDX-License-Identifier: BSD-3-Clause */
/* A call's time, with ticks that the test makes up. */
#include "waf_clock.h"
#include "waf_test.h"

#define BUDGET 1000
#define STEP   300

/* Looks at the clock every `step` ticks; the tick at which it is over first. */
static uint64_t run_in_steps(struct waf_clock *c, uint64_t now, uint64_t step)
{
	while (!waf_clock_is_over(c, now))
		now += step;
	return now;
}

START_TEST(time_is_over_when_the_budget_is)
{
	struct waf_clock c = {0};

	waf_clock_start(&c, 5000, BUDGET, STEP);
	ck_assert(!waf_clock_is_over(&c, 5000));
	ck_assert_uint_eq(run_in_steps(&c, 5000, 100), 5000 + BUDGET + 100);
	ck_assert(waf_clock_is_over(&c, 7000));
	ck_assert(waf_clock_is_over(&c, 17000)); /* nobody has looked meanwhile */
}
END_TEST

START_TEST(without_a_budget_time_is_never_over)
{
	struct waf_clock c = {0};

	waf_clock_start(&c, 5000, 0, STEP);
	ck_assert(!waf_clock_is_over(&c, 5001));
	ck_assert(!waf_clock_is_over(&c, UINT64_MAX));
}
END_TEST

/* A step of just the length that a step may have is the caller's own time. */
START_TEST(steps_are_not_given_back)
{
	struct waf_clock c = {0};

	waf_clock_start(&c, 5000, BUDGET, STEP);
	ck_assert_uint_eq(run_in_steps(&c, 5000, STEP), 5000 + 4 * STEP);
	ck_assert_uint_eq(c.lost, 0);
}
END_TEST

static const struct gap_row {
	uint64_t gap, lost;
} gap_rows[] = {
	{STEP, 0},
	{STEP + 1, STEP + 1},
	{BUDGET, BUDGET},
	{5 * BUDGET, 5 * BUDGET},
	{WAF_CREDIT_TIMES * BUDGET, WAF_CREDIT_TIMES *BUDGET},
};

START_TEST(what_others_had_of_the_core_is_given_back)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(gap_rows); i++) {
		const struct gap_row *row = &gap_rows[i];
		struct waf_clock c = {0};

		waf_clock_start(&c, 5000, BUDGET, STEP);
		ck_assert(!waf_clock_is_over(&c, 5200));
		ck_assert(!waf_clock_is_over(&c, 5200 + row->gap));
		ck_assert_uint_eq(c.lost, row->lost);
		ck_assert_uint_eq(run_in_steps(&c, 5200 + row->gap, 100),
				  5000 + BUDGET + 100 + row->lost);
	}
}
END_TEST

/* Were all gaps the caller's own, it would end all the same. */
START_TEST(no_more_is_given_back_than_so_many_budgets)
{
	struct waf_clock c = {0};

	waf_clock_start(&c, 5000, BUDGET, STEP);
	ck_assert_uint_le(run_in_steps(&c, 5000, STEP + 1),
			  5000 + (WAF_CREDIT_TIMES + 1) * BUDGET + STEP + 1);
	ck_assert_uint_eq(c.lost, WAF_CREDIT_TIMES * BUDGET);
	waf_clock_start(&c, 5000, BUDGET, STEP);
	ck_assert(waf_clock_is_over(&c, 5000 + 100 * BUDGET));
}
END_TEST

START_TEST(what_is_stopped_stays_over)
{
	struct waf_clock c = {0};

	waf_clock_start(&c, 5000, BUDGET, STEP);
	waf_clock_stop(&c);
	ck_assert(waf_clock_is_over(&c, 5001));
	ck_assert(waf_clock_is_over(&c, 5001 + 2 * STEP));
	ck_assert_uint_eq(c.lost, 0);
	ck_assert(!waf_clock_wait(&c));
}
END_TEST

static bool give_more(void *ctx)
{
	struct waf_clock *c = ctx;

	waf_clock_start(c, 9000, BUDGET, STEP);
	return true;
}

START_TEST(who_has_more_time_gives_it_when_it_is_waited_for)
{
	struct waf_clock c = {.more = give_more, .ctx = &c};

	waf_clock_start(&c, 5000, BUDGET, STEP);
	ck_assert_uint_eq(run_in_steps(&c, 5000, 100), 6100);
	ck_assert(waf_clock_wait(&c));
	ck_assert(!waf_clock_is_over(&c, 9100));
}
END_TEST

START_TEST(a_step_fits_into_what_is_left_or_into_the_next_call)
{
	struct waf_clock c = {.more = give_more, .ctx = &c}, last = {0};

	waf_clock_start(&c, 5000, BUDGET, STEP);
	ck_assert(waf_clock_fits(&c, 5100, BUDGET - 100));
	ck_assert_uint_lt(c.until, 9000);
	ck_assert(waf_clock_fits(&c, 5200, BUDGET));
	ck_assert_uint_gt(c.until, 9000); /* it has been waited for */
	ck_assert(!waf_clock_fits(&c, 9000, BUDGET + 1));
	waf_clock_start(&last, 5000, BUDGET, STEP);
	ck_assert(!waf_clock_fits(&last, 5200, BUDGET));
	waf_clock_start(&last, 5000, 0, STEP);
	ck_assert(waf_clock_fits(&last, 5200, BUDGET));
}
END_TEST

Suite *waf_clock_suite(void)
{
	return WEIR_SUITE("waf clock", time_is_over_when_the_budget_is,
			  without_a_budget_time_is_never_over, steps_are_not_given_back,
			  what_others_had_of_the_core_is_given_back,
			  no_more_is_given_back_than_so_many_budgets, what_is_stopped_stays_over,
			  who_has_more_time_gives_it_when_it_is_waited_for,
			  a_step_fits_into_what_is_left_or_into_the_next_call);
}
