/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of scan/ share. */
#ifndef SCAN_IMPL_H
#define SCAN_IMPL_H

#include <weir_scan.h>

#include <stdatomic.h>

#include <hs.h>

#define SCAN_PORT_WORDS (65536 / 64)

/* ---- as read ---- */

struct scan_pattern {
	unsigned int flags; /* HS_FLAG_* */
	hs_expr_ext_t ext;
	const char *file;
	uint32_t line, column; /* of the expression */
	bool described;        /* the side-car has it */
	struct weir_scan_rule rule;
};

/* Patterns of all files in the order in which they stand there. */
struct scan_patterns {
	struct scan_pattern *at;
	uint32_t n, room;
	uint32_t *slot; /* by id: open addressing, index + 1, 0: free */
	uint32_t n_slots;
	char **file; /* the names that patterns have */
	uint32_t n_files;
};

/* scan_patterns.c: adds those of a file; what is wrong is reported. */
void scan_read_patterns(struct scan_patterns *p, const char *path, struct weir_conf_report *r);
void scan_patterns_fini(struct scan_patterns *p);

/* scan_ids.c */
/* NULL: there is none. */
struct scan_pattern *scan_find(const struct scan_patterns *p, uint32_t id);
/* From now on its id means p->at[index]. False: no memory. */
WEIR_MUST_CHECK bool scan_remember(struct scan_patterns *p, uint32_t index);

/* scan_sidecar.c: about the patterns from index `first` on, which `path` (NAME.hs) has. */
void scan_read_sidecar(struct scan_patterns *p, uint32_t first, const char *path,
		       struct weir_names *names, struct weir_conf_report *r);

/* scan_files.c */
void scan_read_paths(struct scan_patterns *p, const struct weir_scan_cfg *cfg,
		     struct weir_conf_report *r);

/* ---- compiled ---- */

/* Those of one direction, as Hyperscan takes them. */
struct scan_set {
	uint32_t n;
	unsigned int mode;
	const struct scan_pattern **from;
	const char **expression;
	unsigned int *flags;
	unsigned int *id;
	const hs_expr_ext_t **ext;
};

/* scan_cache.c: the key is over all that a database depends on. False: no memory. */
WEIR_MUST_CHECK bool scan_key_of(const struct scan_set *set, struct weir_cache_key *out);
/* NULL: none, or not one that can be used. */
hs_database_t *scan_cache_read(const char *folder, const struct weir_cache_key *key);
void scan_cache_write(const char *folder, const struct weir_cache_key *key,
		      const hs_database_t *hs);

/* Of one direction. */
struct scan_side {
	hs_database_t *hs; /* NULL: no rule is about it */
	bool any_port;     /* a rule is about every port */
	uint64_t ports[SCAN_PORT_WORDS];
};

/* Owned by one worker while the database is in use. */
struct scan_worker {
	hs_scratch_t *scratch; /* for both sides */
	hs_stream_t **free[2]; /* opened beforehand; the first n_free are free */
	uint32_t n_free[2];
	_Atomic uint32_t open; /* worker writes, control reads */
} __attribute__((aligned(WEIR_CACHE_LINE)));

struct weir_scan_db {
	struct weir_scan_rule *rules; /* by id */
	uint32_t n_rules;
	uint32_t n_streams; /* of each direction and worker */
	uint32_t refs;      /* control only */
	unsigned int n_workers;
	struct scan_worker *worker;
	struct weir_scan_info info;
	struct scan_side side[2]; /* to server, to client */
};

/* scan_stream.c */
WEIR_MUST_CHECK int scan_workers_create(struct weir_scan_db *db);
void scan_db_destroy(struct weir_scan_db *db);

#endif
