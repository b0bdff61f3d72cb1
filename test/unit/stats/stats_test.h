/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef STATS_TEST_H
#define STATS_TEST_H

#include <weir_stats.h>
#include <weir_test.h>

Suite *hist_suite(void);
Suite *prometheus_suite(void);
Suite *stats_suite(void);

#endif
