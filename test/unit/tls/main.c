/* SPDX-License-Identifier: BSD-3-Clause */
#include "tls_test.h"

WEIR_TEST_MAIN(hello_suite, ja_suite, client_suite, server_hello_suite, mint_suite)
