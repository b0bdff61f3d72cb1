/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef HELLO_TEST_H
#define HELLO_TEST_H

#include <weir_test.h>

Suite *hello_suite(void);
Suite *ja_suite(void);
Suite *libssl_suite(void);
Suite *server_hello_suite(void);
Suite *mint_suite(void);
Suite *mint_leaf_suite(void);
Suite *mint_names_suite(void);
Suite *ca_suite(void);

#endif
