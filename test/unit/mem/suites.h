/* SPDX-License-Identifier: BSD-3-Clause */
/* The suites of this folder; they run after test_eal.c has started EAL. */
#ifndef SUITES_H
#define SUITES_H

#include <weir_test.h>

Suite *pool_suite(void);
Suite *mbuf_suite(void);
Suite *room_suite(void);

#endif
