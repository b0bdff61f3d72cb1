/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SCAN_TEST_H
#define SCAN_TEST_H

#include <weir_scan.h>

#include "weir_test.h"

/* A folder of the test's own, and files in it. */
const char *folder(void);
void write_file(const char *name, const char *text);
void write_bytes(const char *name, const char *bytes, size_t len);
void remove_files(void);

struct weir_names *names(void);

struct load {
	const char *path; /* NULL: the folder */
	const char *cache;
	uint32_t streams;     /* 0: 8 */
	unsigned int workers; /* 0: 1 */
};
/* Loads the path; what is reported, with the folder's name taken out, must be `said`. */
struct weir_scan_db *load_said(const struct load *how, const char *said);
/* From one file with these patterns and this side-car (NULL: none). */
struct weir_scan_db *db_of(const char *patterns, const char *sidecar);
void put(struct weir_scan_db *db);

#endif
