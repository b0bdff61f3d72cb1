/* SPDX-License-Identifier: BSD-3-Clause */
/* The timer wheel, by itself and against a list of all timers. */
#include <weir_test.h>

#include <weir_timer.h>

#define TICK_NS (1ULL << WEIR_TIMER_TICK_SHIFT)
#define DAY_NS  (86400 * WEIR_NS_PER_S)
#define MANY    512
#define ALL     1000000

struct item {
	struct weir_timer timer;
	uint64_t expires_ns; /* what it was armed for */
	bool armed;
	unsigned int fired;
};

/* A wheel, its timers, and what a callback is to do. */
struct bed {
	struct weir_timer_wheel wheel;
	struct item item[MANY];
	uint64_t now_ns;
	uint64_t last_tick; /* of the last that fired in this advance */
	unsigned int fired;
	void (*then)(struct bed *b, struct item *it);
};

/* 2 MiB of pointers would be much for a stack. */
static struct bed *make_bed(uint64_t now_ns)
{
	struct bed *b = calloc(1, sizeof(*b));

	ck_assert_ptr_nonnull(b);
	b->now_ns = now_ns;
	weir_timer_wheel_init(&b->wheel, now_ns);
	return b;
}

static void arm(struct bed *b, struct item *it, uint64_t expires_ns)
{
	it->expires_ns = expires_ns;
	it->armed = true;
	weir_timer_arm(&b->wheel, &it->timer, expires_ns);
}

static void cancel(struct bed *b, struct item *it)
{
	it->armed = false;
	weir_timer_cancel(&b->wheel, &it->timer);
}

static void on_fire(void *ctx, struct weir_timer *t)
{
	struct bed *b = ctx;
	struct item *it = (struct item *)t; /* its first member */

	ck_assert(it->armed && !weir_timer_armed(t) && it->expires_ns <= b->now_ns &&
		  t->expires_tick >= b->last_tick);
	b->last_tick = t->expires_tick;
	it->armed = false;
	it->fired++;
	b->fired++;
	if (b->then)
		b->then(b, it);
}

static unsigned int advance(struct bed *b, uint64_t now_ns, unsigned int budget)
{
	b->now_ns = now_ns;
	b->last_tick = 0;
	return weir_timer_advance(&b->wheel, now_ns, budget, on_fire, b);
}

/* ---- by itself ---- */

START_TEST(a_timer_fires_within_a_tick_and_never_before_its_time)
{
	static const uint64_t after_ns[] = {
		0,
		1,
		TICK_NS - 1,
		TICK_NS,
		TICK_NS + 1,
		255 * TICK_NS,
		256 * TICK_NS,
		257 * TICK_NS,
		65535 * TICK_NS,
		65536 * TICK_NS,
		65537 * TICK_NS,
		(1ULL << 24) * TICK_NS - 1,
		(1ULL << 24) * TICK_NS,
		30 * DAY_NS,
		52 * DAY_NS,
		53 * DAY_NS,
		400 * DAY_NS,
	};
	static const uint64_t starts_ns[] = {0,
					     1,
					     255 * TICK_NS,
					     256 * TICK_NS - 1,
					     65535 * TICK_NS + 7,
					     1700000000123456789ULL};

	for (size_t s = 0; s < WEIR_ARRAY_LEN(starts_ns); s++)
		for (size_t i = 0; i < WEIR_ARRAY_LEN(after_ns); i++) {
			struct bed *b = make_bed(starts_ns[s]);
			uint64_t expires_ns = starts_ns[s] + after_ns[i];

			arm(b, &b->item[0], expires_ns);
			ck_assert(weir_timer_armed(&b->item[0].timer));
			if (expires_ns > starts_ns[s])
				ck_assert_uint_eq(advance(b, expires_ns - 1, ALL), 0);
			ck_assert_uint_eq(advance(b, expires_ns + TICK_NS, ALL), 1);
			ck_assert_uint_eq(b->wheel.armed, 0);
			free(b);
		}
}
END_TEST

START_TEST(a_timer_fires_at_its_tick_when_the_clock_goes_tick_by_tick)
{
	struct bed *b = make_bed(77 * TICK_NS);
	unsigned int early = 0;

	arm(b, &b->item[0], 77 * TICK_NS + 70000 * TICK_NS);
	for (unsigned int tick = 78; tick < 70077; tick++)
		early += advance(b, tick * TICK_NS, ALL);
	ck_assert_uint_eq(early, 0);
	ck_assert_uint_eq(advance(b, 70077 * TICK_NS, ALL), 1);
	free(b);
}
END_TEST

START_TEST(a_time_past_all_clocks_never_fires)
{
	struct bed *b = make_bed(5);

	arm(b, &b->item[0], UINT64_MAX);
	ck_assert_uint_eq(advance(b, 1000 * DAY_NS, ALL), 0);
	ck_assert_uint_eq(b->wheel.armed, 1);
	free(b);
}
END_TEST

START_TEST(a_time_already_past_fires_at_the_next_advance)
{
	struct bed *b = make_bed(DAY_NS);

	arm(b, &b->item[0], 1);
	ck_assert_uint_eq(advance(b, DAY_NS, ALL), 1);
	arm(b, &b->item[0], 1);
	ck_assert_uint_eq(advance(b, DAY_NS, ALL), 0);
	ck_assert_uint_eq(advance(b, DAY_NS + TICK_NS, ALL), 1);
	free(b);
}
END_TEST

START_TEST(arming_again_moves_and_cancelling_twice_does_nothing)
{
	struct bed *b = make_bed(0);

	arm(b, &b->item[0], 10 * TICK_NS);
	arm(b, &b->item[0], 1000 * TICK_NS);
	ck_assert_uint_eq(b->wheel.armed, 1);
	ck_assert_uint_eq(advance(b, 999 * TICK_NS, ALL), 0);
	arm(b, &b->item[0], 1005 * TICK_NS);
	ck_assert_uint_eq(advance(b, 1004 * TICK_NS, ALL), 0);
	cancel(b, &b->item[0]);
	cancel(b, &b->item[0]);
	cancel(b, &b->item[1]);
	ck_assert_uint_eq(b->wheel.armed, 0);
	ck_assert_uint_eq(advance(b, 5000 * TICK_NS, ALL), 0);
	free(b);
}
END_TEST

START_TEST(a_clock_that_goes_back_fires_nothing)
{
	struct bed *b = make_bed(DAY_NS);

	ck_assert_uint_eq(advance(b, 2 * DAY_NS, ALL), 0);
	arm(b, &b->item[0], 2 * DAY_NS + WEIR_NS_PER_S);
	ck_assert_uint_eq(advance(b, DAY_NS, ALL), 0);
	ck_assert_uint_eq(advance(b, 2 * DAY_NS + 2 * WEIR_NS_PER_S, ALL), 1);
	free(b);
}
END_TEST

START_TEST(what_a_budget_leaves_fires_at_the_next_calls_in_order)
{
	struct bed *b = make_bed(0);

	for (unsigned int i = 0; i < MANY; i++)
		arm(b, &b->item[i], (i / 4 * 97) * TICK_NS);
	for (unsigned int i = 0; i < MANY; i += 3) {
		unsigned int due = MANY - i < 3 ? MANY - i : 3;

		ck_assert_uint_eq(advance(b, DAY_NS, 3), due);
		for (unsigned int j = 0; j < i / 4 * 4; j++)
			ck_assert_uint_eq(b->item[j].fired, 1);
	}
	ck_assert_uint_eq(b->fired, MANY);
	ck_assert_uint_eq(advance(b, DAY_NS, 0), 0);
	free(b);
}
END_TEST

/* ---- inside callbacks ---- */

static void arm_again_at_once(struct bed *b, struct item *it)
{
	arm(b, it, b->now_ns);
}

START_TEST(a_timer_that_arms_itself_again_fires_once_an_advance)
{
	struct bed *b = make_bed(0);

	b->then = arm_again_at_once;
	arm(b, &b->item[0], 0);
	for (unsigned int i = 1; i <= 100; i++) {
		ck_assert_uint_eq(advance(b, i * DAY_NS, ALL), 1);
		ck_assert_uint_eq(b->wheel.armed, 1);
	}
	free(b);
}
END_TEST

/* Cancels the next one, which may stand in the same slot, and arms the one after for long ago. */
static void disturb(struct bed *b, struct item *it)
{
	size_t i = (size_t)(it - b->item);

	if (i % 3 == 0) {
		cancel(b, &b->item[i + 1]);
		arm(b, &b->item[i + 2], 0);
	}
}

START_TEST(callbacks_may_cancel_and_arm_their_neighbours)
{
	struct bed *b = make_bed(0);

	b->then = disturb;
	/* Armed last fires first within a slot: the 0th of each three before the others. */
	for (unsigned int i = 30; i-- > 0;)
		arm(b, &b->item[i], 200 * TICK_NS);
	advance(b, 200 * TICK_NS, ALL);
	for (unsigned int i = 0; i < 30; i++)
		ck_assert_uint_eq(b->item[i].fired, i % 3 == 0);
	advance(b, 202 * TICK_NS, ALL);
	for (unsigned int i = 0; i < 30; i++)
		ck_assert_uint_eq(b->item[i].fired, i % 3 != 1);
	ck_assert_uint_eq(b->wheel.armed, 0);
	free(b);
}
END_TEST

/* ---- against a list ---- */

static uint64_t random_span_ns(unsigned int *seed)
{
	uint64_t r = (uint64_t)rand_r(seed) << 31 | (uint64_t)rand_r(seed);

	switch (rand_r(seed) % 6) {
	case 0:
		return 0;
	case 1:
		return r % (3 * TICK_NS);
	case 2:
		return r % (300 * TICK_NS);
	case 3:
		return r % (70000 * TICK_NS);
	case 4:
		return r % DAY_NS;
	default:
		return r % (100 * DAY_NS);
	}
}

static void arm_some_again(struct bed *b, struct item *it)
{
	if ((it - b->item) % 4 == 0)
		arm(b, it, b->now_ns + (it->expires_ns * 2654435761U) % DAY_NS);
	if ((it - b->item) % 4 == 1)
		cancel(b, &b->item[(it->expires_ns >> 7) % MANY]);
}

/* True when the wheel holds what the list says. An assertion a timer would be slow. */
static bool agrees(const struct bed *b, bool all_fired)
{
	uint64_t now_tick = b->now_ns >> WEIR_TIMER_TICK_SHIFT;
	uint64_t armed = 0;

	for (unsigned int i = 0; i < MANY; i++) {
		const struct item *it = &b->item[i];

		if (it->armed != weir_timer_armed(&it->timer))
			return false;
		if (all_fired && it->armed && it->timer.expires_tick <= now_tick)
			return false;
		armed += it->armed;
	}
	return b->wheel.armed == armed;
}

static void random_step(struct bed *b, unsigned int *seed)
{
	struct item *it = &b->item[(unsigned int)rand_r(seed) % MANY];
	int op = rand_r(seed) % 16;

	if (op < 10)
		arm(b, it, b->now_ns + random_span_ns(seed) - rand_r(seed) % 5);
	else if (op < 12)
		cancel(b, it);
	else if (op < 13)
		advance(b, b->now_ns, 1 + (unsigned int)rand_r(seed) % 5);
	else
		advance(b, b->now_ns + random_span_ns(seed) / (op == 15 ? 1 : 1000),
			op == 13 ? 3 : ALL);
}

START_TEST(a_hundred_thousand_random_steps_agree_with_a_list)
{
	struct bed *b = make_bed(1700000000000000000ULL);
	unsigned int seed = 7;

	b->then = arm_some_again;
	for (unsigned int i = 0; i < 100000; i++) {
		random_step(b, &seed);
		if (i % 16 == 0)
			advance(b, b->now_ns, ALL);
		ck_assert(agrees(b, i % 16 == 0));
	}
	ck_assert_uint_gt(b->fired, 10000);
	b->then = NULL;
	advance(b, b->now_ns + 200 * DAY_NS, ALL);
	ck_assert(agrees(b, true));
	ck_assert_uint_eq(b->wheel.armed, 0);
	free(b);
}
END_TEST

static Suite *timer_suite(void)
{
	return WEIR_SUITE("timer", a_timer_fires_within_a_tick_and_never_before_its_time,
			  a_timer_fires_at_its_tick_when_the_clock_goes_tick_by_tick,
			  a_time_past_all_clocks_never_fires,
			  a_time_already_past_fires_at_the_next_advance,
			  arming_again_moves_and_cancelling_twice_does_nothing,
			  a_clock_that_goes_back_fires_nothing,
			  what_a_budget_leaves_fires_at_the_next_calls_in_order,
			  a_timer_that_arms_itself_again_fires_once_an_advance,
			  callbacks_may_cancel_and_arm_their_neighbours,
			  a_hundred_thousand_random_steps_agree_with_a_list);
}

WEIR_TEST_MAIN(timer_suite)
