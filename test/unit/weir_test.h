/* SPDX-License-Identifier: BSD-3-Clause */
/* What every unit test program shares: one main over the suites of its files. */
#ifndef WEIR_TEST_H
#define WEIR_TEST_H

#include <check.h>
#include <stdlib.h>

/*
 * Check writes down the place of each assertion that holds, to name the last one when its child
 * has crashed. Without fork nobody reads that, and it is a system call each: most of the time of
 * tests that look at every byte. Places of assertions that fail are told all the same.
 */
#define _mark_point(file, line) ((void)0)

/*
 * Put `WEIR_TEST_MAIN(suite_a, suite_b)` into one file of a module's tests; each argument is a
 * function `Suite *suite_a(void)`. Tests run without fork: EAL does not survive one, and the
 * sanitizers see more.
 */
typedef Suite *(*weir_suite_fn)(void);

static inline int weir_test_run(const weir_suite_fn *suites, size_t n)
{
	SRunner *runner = srunner_create(NULL);
	int failed;

	for (size_t i = 0; i < n; i++)
		srunner_add_suite(runner, suites[i]());
	srunner_set_fork_status(runner, CK_NOFORK);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#define WEIR_TEST_MAIN(...)                                                       \
	int main(void)                                                            \
	{                                                                         \
		static const weir_suite_fn suites[] = {__VA_ARGS__};              \
                                                                                  \
		return weir_test_run(suites, sizeof(suites) / sizeof(suites[0])); \
	}

/* A suite of one case from a list of tests: WEIR_SUITE("pkt parse", test_a, test_b). */
#define WEIR_SUITE(name, ...) weir_suite_of(name, NULL, (const TTest *[]){__VA_ARGS__, NULL})
/* The same, with what is to be done before them, once: each suite runs alone, too
 * (CK_RUN_SUITE="pkt parse"). */
#define WEIR_SUITE_AFTER(setup, name, ...) \
	weir_suite_of(name, setup, (const TTest *[]){__VA_ARGS__, NULL})

static inline Suite *weir_suite_of(const char *name, void (*setup)(void), const TTest **tests)
{
	Suite *s = suite_create(name);
	TCase *c = tcase_create(name);

	tcase_set_timeout(c, 60);
	if (setup)
		tcase_add_unchecked_fixture(c, setup, NULL);
	for (; *tests; tests++)
		tcase_add_test(c, *tests);
	suite_add_tcase(s, c);
	return s;
}

#endif
