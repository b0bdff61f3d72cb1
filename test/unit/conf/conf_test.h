/* SPDX-License-Identifier: BSD-3-Clause */
/* Loading texts and comparing what is said about them, whole. */
#ifndef CONF_TEST_H
#define CONF_TEST_H

#include <weir_conf.h>
#include <weir_test.h>

Suite *appliance_suite(void);
Suite *device_suite(void);
Suite *dump_suite(void);
Suite *number_suite(void);
Suite *paths_suite(void);
Suite *ports_suite(void);
Suite *read_suite(void);
Suite *report_suite(void);
Suite *restart_suite(void);
Suite *wires_suite(void);
Suite *yaml_suite(void);

/* Lines 1 and 2 of a good file; more lines may follow. */
#define TWO_PORTS "ports: [ {name: a, device: 'iface:a0'}, {name: b, device: 'iface:b0'} ]\n"
#define ONE_WIRE  "wires: [ {name: w0, ports: [a, b]} ]\n"

/* A text and all that is said about it. */
struct said_row {
	const char *text;
	const char *said;
};

struct weir_bytes bytes_of(const char *text);

/* The report's text is `want`, which is destroyed after. */
void assert_said(struct weir_conf_report *r, const char *text, const char *want);

/* Documents of "t.yaml", without any message. */
struct weir_conf_docs *docs_of(const char *text);

/* The configuration of "/etc/weir/t.yaml"; asserts that nothing but `said` was said. */
struct weir_conf *conf_of(const char *text, const char *said);

/* Each text, after `before`, is refused as "t.yaml", with these words and no others. */
void assert_refused(const char *before, const struct said_row *rows, size_t n);

#endif
