/* SPDX-License-Identifier: BSD-3-Clause */
#include "op_test.h"
#include "waf_test.h"

WEIR_TEST_MAIN(regex_suite, cond_suite, need_suite, need_sound_suite, need_benign_suite,
	       waf_op_suite, waf_op_card_suite, waf_op_inject_suite, waf_op_ip_suite,
	       waf_op_number_suite, waf_op_pm_suite, waf_op_rx_suite, waf_op_sqli_suite,
	       waf_op_text_suite, waf_op_validate_suite, waf_cache_suite)
