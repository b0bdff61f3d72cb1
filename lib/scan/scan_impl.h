/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of scan/ share. */
#ifndef SCAN_IMPL_H
#define SCAN_IMPL_H

#include <weir_scan.h>

#include <stdatomic.h>

#include <hs.h>

#define SCAN_PORT_WORDS (65536 / 64)

/* A pattern as it was read. */
struct scan_pattern {
	char *expression;
	unsigned int flags; /* HS_FLAG_* */
	hs_expr_ext_t ext;
	char *file;
	uint32_t line, column;
	bool described; /* the side-car has it */
	struct weir_scan_rule rule;
};

struct scan_patterns {
	struct scan_pattern *at;
	uint32_t n, room;
};

/* Owned by one worker while the database is in use. */
struct scan_worker {
	hs_scratch_t *scratch;
	hs_stream_t **free; /* opened beforehand; the first n_free are free */
	uint32_t n_free;
	_Atomic uint32_t open; /* worker writes, control reads */
} __attribute__((aligned(WEIR_CACHE_LINE)));

struct weir_scan_db {
	hs_database_t *hs;
	struct weir_scan_rule *rules; /* by id */
	uint32_t n_rules;
	uint32_t n_streams;
	uint32_t refs; /* control only */
	unsigned int n_workers;
	struct scan_worker *worker;
	struct weir_scan_info info;
	bool any_port[2]; /* a direction has a rule for every port */
	uint64_t ports[2][SCAN_PORT_WORDS];
};

/* scan_patterns.c: adds those of a file. False: reported. */
bool scan_read_patterns(struct scan_patterns *p, const char *path, struct weir_conf_report *r);
struct scan_pattern *scan_find(struct scan_patterns *p, uint32_t first, uint32_t id);
void scan_patterns_fini(struct scan_patterns *p);

/* scan_sidecar.c: about the patterns from index `first` on, which `path` (NAME.hs) has. */
bool scan_read_sidecar(struct scan_patterns *p, uint32_t first, const char *path,
		       struct weir_names *names, struct weir_conf_report *r);

/* scan_files.c */
bool scan_read_paths(struct scan_patterns *p, const struct weir_scan_cfg *cfg,
		     struct weir_conf_report *r);

/* scan_cache.c: 128 bits over all that the database depends on. */
struct scan_key {
	uint64_t half[2];
};
struct scan_key scan_key_of(const struct scan_patterns *p);
/* NULL: none, or not one that can be used. */
hs_database_t *scan_cache_read(const char *folder, const struct scan_key *key);
void scan_cache_write(const char *folder, const struct scan_key *key, const hs_database_t *hs);

/* scan_stream.c */
int scan_workers_create(struct weir_scan_db *db);
void scan_db_destroy(struct weir_scan_db *db);

#endif
