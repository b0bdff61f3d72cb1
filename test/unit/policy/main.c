/* SPDX-License-Identifier: BSD-3-Clause */
/* EAL without hugepages for the address tables, then all suites of this folder. */
#include "fixture.h"

#include <stdio.h>

#include <weir_mem.h>

int main(void)
{
	static const weir_suite_fn suites[] = {
		policy_suite,    classes_suite,    compile_suite, decide_suite, defaults_suite,
		docs_suite,      explain_suite,    files_suite,   rules_suite,  service_suite,
		listen_suite,    threat_suite,     exclude_suite, tls_suite,    names_suite,
		intercept_suite, identities_suite, asked_suite,
	};
	struct weir_eal_cfg eal = {.program = "test_policy", .need_bytes = 64 << 20, .quiet = true};
	struct weir_buf why = {0};

	if (weir_eal_start(&eal, &why) < 0) {
		fprintf(stderr, "%s\n", why.ptr);
		return EXIT_FAILURE;
	}
	weir_buf_fini(&why);
	return weir_test_run(suites, WEIR_ARRAY_LEN(suites));
}
