/* SPDX-License-Identifier: BSD-3-Clause */
#include "tls_test.h"

WEIR_TEST_MAIN(error_suite, keys_suite, record_suite, seal_suite, open_suite, take_suite,
	       message_suite, post_suite, openssl_suite)
