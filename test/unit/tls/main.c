/* SPDX-License-Identifier: BSD-3-Clause */
#include "conn_test.h"
#include "hello_test.h"
#include "tls_test.h"

WEIR_TEST_MAIN(error_suite, keys_suite, record_suite, seal_suite, open_suite, take_suite,
	       message_suite, post_suite, openssl_suite, hello_suite, ja_suite, libssl_suite,
	       server_hello_suite, cert_suite, roots_suite, server_suite, client_suite_tls,
	       ticket_suite, session_suite, info_suite, id_suite, handshake_suite, handover_suite,
	       kept_suite, memory_suite, x25519_suite, mint_suite, mint_leaf_suite,
	       mint_names_suite, ca_suite)
