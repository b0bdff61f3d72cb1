/* SPDX-License-Identifier: BSD-3-Clause */
/* All suites of flow/, after one start of EAL. */
#include "fixture.h"

int main(void)
{
	static const weir_suite_fn suites[] = {key_suite, siphash_suite, table_suite, state_suite,
					       tcp_suite, window_suite,  age_suite};

	fixture_start();
	return weir_test_run(suites, WEIR_ARRAY_LEN(suites));
}
