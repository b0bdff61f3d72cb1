/* SPDX-License-Identifier: BSD-3-Clause */
#include "conn_test.h"

WEIR_TEST_MAIN(handover_suite)
