/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef HTTP_TEST_H
#define HTTP_TEST_H

#include <weir_http.h>
#include <weir_test.h>

Suite *head_suite(void);
Suite *body_suite(void);
Suite *grpc_suite(void);

#endif
