/* SPDX-License-Identifier: BSD-3-Clause */
#include "http2_test.h"

WEIR_TEST_MAIN(head_suite, send_suite, flood_suite, peer_suite, flow_suite, small_suite)
