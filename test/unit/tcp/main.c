/* SPDX-License-Identifier: BSD-3-Clause */
#include "lab.h"
#include "weir_test.h"

int main(void)
{
	static const weir_suite_fn suites[] = {tcp_rules_suite, tcp_own_suite, tcp_cookie_suite,
					       tcp_line_suite, tcp_middle_suite};

	lab_start();
	return weir_test_run(suites, WEIR_ARRAY_LEN(suites));
}
