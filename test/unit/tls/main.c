/* SPDX-License-Identifier: BSD-3-Clause */
#include "conn_test.h"
#include "tls_test.h"

WEIR_TEST_MAIN(error_suite, keys_suite, record_suite, seal_suite, open_suite, take_suite,
	       message_suite, post_suite, openssl_suite, cert_suite, roots_suite, server_suite,
	       client_suite_tls, ticket_suite, session_suite, info_suite, handshake_suite,
	       handover_suite, kept_suite, memory_suite)
