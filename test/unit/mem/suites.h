/* SPDX-License-Identifier: BSD-3-Clause */
/* The suites of this folder; test_eal.c, whose subject is EAL's start, comes first. */
#ifndef SUITES_H
#define SUITES_H

#include <weir_test.h>

/* EAL, for suites that run without that. */
void start_eal_unless_started(void);
Suite *pool_suite(void);
Suite *mbuf_suite(void);
Suite *room_suite(void);

#endif
