/* SPDX-License-Identifier: BSD-3-Clause */
/* Object pools. */
#include <weir_test.h>

#include <weir_mem.h>

#include "suites.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define COUNT 1000

START_TEST(objects_are_zeroed_aligned_apart_and_keep_their_place)
{
	struct weir_pool *p = weir_pool_create("objects", COUNT, 100);
	uint8_t *object[COUNT];

	ck_assert_ptr_nonnull(p);
	ck_assert_str_eq(weir_pool_name(p), "objects");
	ck_assert_uint_eq(weir_pool_count(p), COUNT);
	for (uint32_t i = 0; i < COUNT; i++) {
		object[i] = weir_pool_take(p);
		ck_assert_ptr_nonnull(object[i]);
		ck_assert_uint_eq((uintptr_t)object[i] % WEIR_CACHE_LINE, 0);
		for (unsigned int b = 0; b < 100; b++)
			ck_assert_uint_eq(object[i][b], 0);
		/* If two were one, the second would not be zero. */
		memset(object[i], 0xff, 100);
		ck_assert_ptr_eq(weir_pool_at(p, weir_pool_index(p, object[i])), object[i]);
	}
	ck_assert_uint_eq(weir_pool_used(p), COUNT);
	for (uint32_t i = 0; i < COUNT; i++)
		weir_pool_give(p, object[i]);
	weir_pool_destroy(p);
}
END_TEST

START_TEST(an_empty_pool_gives_null_until_something_comes_back)
{
	struct weir_pool *p = weir_pool_create("two", 2, 8);
	void *a = weir_pool_take(p), *b = weir_pool_take(p);

	ck_assert_ptr_nonnull(a);
	ck_assert_ptr_nonnull(b);
	ck_assert_ptr_null(weir_pool_take(p));
	ck_assert_uint_eq(weir_pool_used(p), 2);
	weir_pool_give(p, a);
	ck_assert_uint_eq(weir_pool_used(p), 1);
	ck_assert_ptr_eq(weir_pool_take(p), a);
	ck_assert_ptr_null(weir_pool_take(p));
	weir_pool_destroy(p);
}
END_TEST

START_TEST(its_use_tells_the_most_and_how_often_it_was_not_enough)
{
	struct weir_pool *p = weir_pool_create("three", 3, 8);
	void *a = weir_pool_take(p), *b = weir_pool_take(p), *c;
	struct weir_use use;

	weir_pool_give(p, a);
	use = weir_pool_use(p);
	ck_assert_uint_eq(use.size, 3);
	ck_assert_uint_eq(use.used, 1);
	ck_assert_uint_eq(use.peak, 2);
	ck_assert_uint_eq(use.full, 0);
	a = weir_pool_take(p);
	c = weir_pool_take(p);
	ck_assert_ptr_null(weir_pool_take(p));
	ck_assert_ptr_null(weir_pool_take(p));
	weir_pool_give(p, a);
	weir_pool_give(p, b);
	weir_pool_give(p, c);
	use = weir_pool_use(p);
	ck_assert_uint_eq(use.used, 0);
	ck_assert_uint_eq(use.peak, 3);
	ck_assert_uint_eq(use.full, 2);
	weir_pool_destroy(p);
}
END_TEST

START_TEST(taken_tells_what_is_out_through_random_use)
{
	struct weir_pool *p = weir_pool_create("random", COUNT, 64);
	bool out[COUNT] = {false};
	uint32_t used = 0;
	unsigned int seed = 1;

	for (unsigned int i = 0; i < 100000; i++) {
		uint32_t place = (uint32_t)rand_r(&seed) % COUNT;

		if (out[place]) {
			weir_pool_give(p, weir_pool_at(p, place));
			out[place] = false;
			used--;
		} else {
			void *object = weir_pool_take(p);

			ck_assert_ptr_nonnull(object);
			ck_assert(!out[weir_pool_index(p, object)]);
			out[weir_pool_index(p, object)] = true;
			used++;
		}
		ck_assert_uint_eq(weir_pool_used(p), used);
	}
	for (uint32_t place = 0; place < COUNT; place++)
		ck_assert_int_eq(weir_pool_taken(p, place), out[place]);
	weir_pool_destroy(p);
}
END_TEST

START_TEST(a_pool_that_does_not_fit_is_null)
{
	ck_assert_ptr_null(weir_pool_create("vast", UINT32_MAX, 4096));
	ck_assert_ptr_null(weir_pool_create("overflow", (1U << 31) + 1, (size_t)1 << 33));
	ck_assert_ptr_null(weir_pool_create("none", 0, 64));
	weir_pool_destroy(NULL);
}
END_TEST

/* ---- misuse ends the process ---- */

static struct weir_pool *misused(void)
{
	return weir_pool_create("misused", 4, 64);
}

static void give_twice(void)
{
	struct weir_pool *p = misused();
	void *a = weir_pool_take(p);

	(void)weir_pool_take(p);
	weir_pool_give(p, a);
	weir_pool_give(p, a);
}

static void give_what_was_never_taken(void)
{
	struct weir_pool *p = misused();

	(void)weir_pool_take(p);
	weir_pool_give(p, weir_pool_at(p, 3));
}

static void give_the_middle_of_an_object(void)
{
	struct weir_pool *p = misused();

	weir_pool_give(p, (char *)weir_pool_take(p) + 8);
}

static void give_what_lies_outside(void)
{
	struct weir_pool *p = misused();
	char elsewhere[64];

	weir_pool_give(p, elsewhere);
}

static void ask_past_the_end(void)
{
	(void)weir_pool_at(misused(), 4);
}

static int status_of(void (*misuse)(void))
{
	int status;
	pid_t child = fork();

	ck_assert_int_ge(child, 0);
	if (child == 0) {
		/* The assertion's line belongs to nobody here. */
		dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
		misuse();
		_exit(0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	return status;
}

START_TEST(misuse_ends_the_process)
{
	static void (*const misuses[])(void) = {give_twice, give_what_was_never_taken,
						give_the_middle_of_an_object,
						give_what_lies_outside, ask_past_the_end};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(misuses); i++) {
		int status = status_of(misuses[i]);

		ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT,
			      "row %zu: status %d", i, status);
	}
}
END_TEST

Suite *pool_suite(void)
{
	return WEIR_SUITE_AFTER(start_eal_unless_started, "mem pool",
				objects_are_zeroed_aligned_apart_and_keep_their_place,
				an_empty_pool_gives_null_until_something_comes_back,
				its_use_tells_the_most_and_how_often_it_was_not_enough,
				taken_tells_what_is_out_through_random_use,
				a_pool_that_does_not_fit_is_null, misuse_ends_the_process);
}
