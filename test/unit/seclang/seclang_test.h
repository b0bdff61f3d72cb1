/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SECLANG_TEST_H
#define SECLANG_TEST_H

#include <weir_seclang.h>

#include "weir_test.h"

/* What is reported about a text named "t", finished, with the folder's name taken out. */
const char *said(const char *text);
/* The set of a text about which nothing is to be said. */
struct weir_seclang *good(const char *text);
/* The rule of that number, from 0. */
const struct weir_sec_rule *rule_at(const struct weir_seclang *s, uint32_t i);
/* The only rule of "SecRule %s"; until the next call. */
const struct weir_sec_rule *only(const char *rest);
uint32_t n_rules(const struct weir_seclang *s);

/* "ARGS|!ARGS:a|&TX:/b/", as it came out. */
const char *targets_text(const struct weir_sec_rule *r);
/* Pieces in brackets: [a][%TX.b]. */
const char *text_text(const struct weir_sec_text *t);

/* A folder of the test's own, which said() counts from, and files in it. */
const char *folder(void);
void write_bytes(const char *name, const char *bytes, size_t len);
void write_file(const char *name, const char *text);
void remove_files(void);

struct said_row {
	const char *text, *said;
};
void check_said(const struct said_row *rows, size_t n);
#define CHECK_SAID(rows) check_said(rows, WEIR_ARRAY_LEN(rows))

/* Of weir_bytes. */
#define assert_bytes(b, expected) ck_assert_str_eq(bytes_text(b), expected)
const char *bytes_text(struct weir_bytes b);

#endif
