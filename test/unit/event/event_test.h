/* SPDX-License-Identifier: BSD-3-Clause */
/* What the event tests share. */
#ifndef EVENT_TEST_H
#define EVENT_TEST_H

#include <weir_event.h>

#include <weir_test.h>

Suite *event_encode_suite(void);
Suite *event_http_suite(void);
Suite *event_ring_suite(void);
Suite *event_store_suite(void);
Suite *event_writer_suite(void);

/* Rings need EAL; once a process, without hugepages. */
void start_eal_once(void);

#endif
