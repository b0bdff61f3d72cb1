/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf_test.h"

WEIR_TEST_MAIN(report_suite, yaml_suite, read_suite, number_suite, paths_suite, device_suite,
	       ports_suite, wires_suite, appliance_suite, dump_suite, restart_suite)
