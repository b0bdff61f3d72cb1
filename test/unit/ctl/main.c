/* SPDX-License-Identifier: BSD-3-Clause */
#include "fixture.h"

#include <weir_test.h>

WEIR_TEST_MAIN(ctl_answer_suite, ctl_client_suite, ctl_http_suite, ctl_link_suite,
	       ctl_metrics_suite, ctl_pools_suite, ctl_reload_suite, ctl_socket_suite,
	       ctl_trace_suite, ctl_waf_suite)
