/* SPDX-License-Identifier: BSD-3-Clause */
/* Rules to a database: read, compiled or taken from the cache, and what workers need made. */
#include "scan_impl.h"

#include <stdlib.h>
#include <time.h>

static uint64_t clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* What Hyperscan says of one expression, at its place. */
static void report(const struct scan_patterns *p, const hs_compile_error_t *e,
		   struct weir_conf_report *r)
{
	struct weir_conf_pos pos = {0};

	if (e->expression >= 0 && (uint32_t)e->expression < p->n) {
		const struct scan_pattern *one = &p->at[e->expression];

		pos = (struct weir_conf_pos){one->file, one->line, one->column};
	}
	weir_conf_error(r, pos, "%s", e->message);
}

/* Each on its own, so that all that are wrong are told at once. */
static bool check_each(const struct scan_patterns *p, struct weir_conf_report *r)
{
	bool good = true;

	for (uint32_t i = 0; i < p->n; i++) {
		const struct scan_pattern *one = &p->at[i];
		hs_compile_error_t *error = NULL;
		hs_expr_info_t *info = NULL;

		if (hs_expression_ext_info(one->expression, one->flags, &one->ext, &info, &error) !=
		    HS_SUCCESS) {
			error->expression = (int)i;
			report(p, error, r);
			hs_free_compile_error(error);
			good = false;
		}
		free(info);
	}
	return good;
}

struct columns {
	const char **expression;
	unsigned int *flags;
	unsigned int *id;
	const hs_expr_ext_t **ext;
};

static bool columns_init(struct columns *c, const struct scan_patterns *p)
{
	c->expression = calloc(p->n, sizeof(*c->expression));
	c->flags = calloc(p->n, sizeof(*c->flags));
	c->id = calloc(p->n, sizeof(*c->id));
	c->ext = calloc(p->n, sizeof(*c->ext));
	if (!c->expression || !c->flags || !c->id || !c->ext)
		return false;
	for (uint32_t i = 0; i < p->n; i++) {
		c->expression[i] = p->at[i].expression;
		c->flags[i] = p->at[i].flags;
		c->id[i] = p->at[i].rule.id;
		c->ext[i] = &p->at[i].ext;
	}
	return true;
}

static void columns_fini(struct columns *c)
{
	free(c->expression);
	free(c->flags);
	free(c->id);
	free(c->ext);
}

static hs_database_t *compile(const struct scan_patterns *p, struct weir_conf_report *r)
{
	hs_compile_error_t *error = NULL;
	hs_database_t *hs = NULL;
	struct columns c = {0};
	unsigned int mode = HS_MODE_STREAM;

	for (uint32_t i = 0; i < p->n; i++)
		if (p->at[i].flags & HS_FLAG_SOM_LEFTMOST)
			mode |= HS_MODE_SOM_HORIZON_LARGE;
	if (columns_init(&c, p) && hs_compile_ext_multi(c.expression, c.flags, c.id, c.ext, p->n,
							mode, NULL, &hs, &error) != HS_SUCCESS) {
		report(p, error, r);
		hs_free_compile_error(error);
		hs = NULL;
	}
	columns_fini(&c);
	return hs;
}

/* ---- which ports a direction's rules are about ---- */

static void note_ports(struct weir_scan_db *db, const struct weir_scan_rule *rule)
{
	for (unsigned int d = 0; d < 2; d++) {
		if (!(rule->directions & (1u << d)))
			continue;
		db->any_port[d] |= rule->n_ports == 0;
		for (unsigned int i = 0; i < rule->n_ports; i++)
			for (uint32_t port = rule->ports[i].first; port <= rule->ports[i].last;
			     port++)
				db->ports[d][port / 64] |= 1ULL << port % 64;
	}
}

static int by_id(const void *a, const void *b)
{
	const struct weir_scan_rule *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

/* In the order of their ids, by which a match finds its rule. */
static bool take_rules(struct weir_scan_db *db, const struct scan_patterns *p)
{
	db->rules = calloc(p->n, sizeof(*db->rules));
	if (!db->rules)
		return false;
	db->n_rules = p->n;
	for (uint32_t i = 0; i < p->n; i++) {
		db->rules[i] = p->at[i].rule;
		note_ports(db, &db->rules[i]);
	}
	qsort(db->rules, db->n_rules, sizeof(*db->rules), by_id);
	return true;
}

static int build(const struct weir_scan_cfg *cfg, const struct scan_patterns *p,
		 struct weir_conf_report *r, struct weir_scan_db *db)
{
	struct scan_key key = scan_key_of(p);
	size_t bytes = 0;

	db->hs = cfg->cache ? scan_cache_read(cfg->cache, &key) : NULL;
	db->info.cached = db->hs != NULL;
	if (!db->hs) {
		if (!check_each(p, r) || !(db->hs = compile(p, r)))
			return -WEIR_EFORMAT;
		if (cfg->cache)
			scan_cache_write(cfg->cache, &key, db->hs);
	}
	if (!take_rules(db, p) || scan_workers_create(db) < 0)
		return -WEIR_ENOMEM;
	if (hs_database_size(db->hs, &bytes) == HS_SUCCESS)
		db->info.database_bytes = bytes;
	if (hs_stream_size(db->hs, &bytes) == HS_SUCCESS)
		db->info.stream_bytes = bytes;
	db->info.rules = p->n;
	db->info.hash = key.half[0];
	return 0;
}

static int load_patterns(const struct weir_scan_cfg *cfg, const struct scan_patterns *p,
			 struct weir_conf_report *r, struct weir_scan_db **out)
{
	uint64_t begun_ms = clock_ms();
	struct weir_scan_db *db;
	int error;

	if (p->n == 0)
		return 0;
	db = calloc(1, sizeof(*db));
	if (!db)
		return -WEIR_ENOMEM;
	db->refs = 1;
	db->n_workers = cfg->n_workers;
	db->n_streams = cfg->streams;
	error = build(cfg, p, r, db);
	if (error) {
		scan_db_destroy(db);
		return error;
	}
	db->info.load_ms = (uint32_t)(clock_ms() - begun_ms);
	*out = db;
	return 0;
}

int weir_scan_load(const struct weir_scan_cfg *cfg, struct weir_conf_report *r,
		   struct weir_scan_db **out)
{
	struct scan_patterns p = {0};
	int error = -WEIR_EFORMAT;

	*out = NULL;
	if (scan_read_paths(&p, cfg, r))
		error = load_patterns(cfg, &p, r, out);
	scan_patterns_fini(&p);
	return error;
}
