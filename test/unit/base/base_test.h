/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BASE_TEST_H
#define BASE_TEST_H

#include <weir_base.h>
#include <weir_test.h>

Suite *addr_suite(void);
Suite *arena_suite(void);
Suite *bytes_suite(void);
Suite *cache_suite(void);
Suite *error_suite(void);
Suite *json_suite(void);
Suite *names_suite(void);
Suite *siphash_suite(void);

/* Runs `f` in a child and asserts that it ended with an invariant's line on stderr and SIGABRT. */
void assert_invariant_fails(void (*f)(void), const char *line_has);

#endif
