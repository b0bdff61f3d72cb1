/* SPDX-License-Identifier: BSD-3-Clause */
#include "op_test.h"
#include "waf_lab.h"
#include "waf_test.h"

WEIR_TEST_MAIN(waf_action_suite, waf_body_suite, waf_budget_suite, waf_cache_suite, waf_chain_suite,
	       waf_clock_suite, waf_compile_suite, cond_suite, waf_ctl_suite, waf_fiber_suite,
	       waf_fold_suite, waf_grpc_suite, waf_prologue_suite, waf_mark_suite, waf_memory_suite,
	       waf_name_suite, need_suite, need_benign_suite, need_sound_suite, waf_op_suite,
	       waf_op_card_suite, waf_op_inject_suite, waf_op_ip_suite, waf_op_number_suite,
	       waf_op_pm_suite, waf_op_rx_suite, waf_op_slice_suite, waf_op_sqli_suite,
	       waf_op_text_suite, waf_op_validate_suite, regex_suite, waf_relay_suite,
	       waf_request_suite, waf_result_suite, waf_run_suite, waf_screen_suite,
	       waf_store_suite, waf_target_suite, waf_text_suite, waf_turn_suite, waf_tx_suite,
	       waf_use_suite, waf_value_suite, waf_var_suite)
