/* SPDX-License-Identifier: BSD-3-Clause */
#include "stats_test.h"

WEIR_TEST_MAIN(stats_suite, hist_suite, prometheus_suite)
