/* SPDX-License-Identifier: BSD-3-Clause */
#include "tls_test.h"

START_TEST(every_error_has_a_name_and_a_text)
{
	for (int e = 1; e < WEIR_TLS_ERROR_END; e++) {
		ck_assert_uint_gt(strlen(weir_tls_error_name((enum weir_tls_error)e)), 0);
		ck_assert_uint_gt(strlen(weir_tls_error_text((enum weir_tls_error)e)), 0);
	}
	ck_assert_str_eq(weir_tls_error_name(WEIR_TLS_E_RECORD_MAC), "RECORD_MAC");
	ck_assert_uint_eq(weir_tls_error_alert(WEIR_TLS_E_RECORD_MAC), 20);
	ck_assert_uint_eq(weir_tls_error_alert(WEIR_TLS_E_TRUNCATED), WEIR_TLS_NO_ALERT);
}
END_TEST

Suite *error_suite(void)
{
	return WEIR_SUITE("tls error", every_error_has_a_name_and_a_text);
}
