/* SPDX-License-Identifier: BSD-3-Clause */
#include "event_test.h"

#include <weir_test.h>

WEIR_TEST_MAIN(event_encode_suite, event_http_suite, event_ring_suite, event_store_suite,
	       event_writer_suite)
