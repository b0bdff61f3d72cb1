/* SPDX-License-Identifier: BSD-3-Clause */
#include "http_test.h"

WEIR_TEST_MAIN(head_suite, body_suite, grpc_suite)
