/* SPDX-License-Identifier: BSD-3-Clause */
#include "conn_test.h"

WEIR_TEST_MAIN(cert_suite, roots_suite, server_suite, client_suite_tls, ticket_suite, info_suite,
	       handshake_suite, handover_suite, kept_suite, memory_suite)
