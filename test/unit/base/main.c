/* SPDX-License-Identifier: BSD-3-Clause */
#include "base_test.h"

WEIR_TEST_MAIN(error_suite, bytes_suite, addr_suite, siphash_suite, json_suite, names_suite,
	       arena_suite, cache_suite)
