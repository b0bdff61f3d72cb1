/* SPDX-License-Identifier: BSD-3-Clause */
#include "weir_test.h"

Suite *waf_op_suite(void);
Suite *waf_op_card_suite(void);
Suite *waf_op_inject_suite(void);
Suite *waf_op_ip_suite(void);
Suite *waf_op_number_suite(void);
Suite *waf_op_pm_suite(void);
Suite *waf_op_rx_suite(void);
Suite *waf_op_sqli_suite(void);
Suite *waf_op_text_suite(void);
Suite *waf_op_validate_suite(void);

WEIR_TEST_MAIN(waf_op_suite, waf_op_card_suite, waf_op_inject_suite, waf_op_ip_suite,
	       waf_op_number_suite, waf_op_pm_suite, waf_op_rx_suite, waf_op_sqli_suite,
	       waf_op_text_suite, waf_op_validate_suite)
