/* SPDX-License-Identifier: BSD-3-Clause */
/* Rules to databases: read, compiled or taken from the cache, and what workers need made. */
#include "scan_impl.h"

#include <stdlib.h>
#include <time.h>

static uint64_t clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---- what Hyperscan says of an expression, at its place ---- */

static void report(const struct scan_pattern *p, hs_compile_error_t *e, struct weir_conf_report *r)
{
	struct weir_conf_pos pos = {p->file, p->line, p->column};

	weir_conf_error(r, pos, "%s", e ? e->message : "Hyperscan does not say what is wrong");
	hs_free_compile_error(e);
}

static void check_one(const struct scan_pattern *p, struct weir_conf_report *r)
{
	struct weir_conf_pos pos = {p->file, p->line, p->column};
	hs_compile_error_t *error = NULL;
	hs_expr_info_t *info = NULL;

	if (hs_expression_ext_info(p->rule.expression, p->flags | HS_FLAG_ALLOWEMPTY, &p->ext,
				   &info, &error) != HS_SUCCESS)
		report(p, error, r);
	else if (info->min_width == 0)
		weir_conf_error(r, pos, "it can match nothing at all, and so matches everywhere");
	free(info);
}

/* Each on its own, so that all that are wrong are told at once. */
static void check_each(const struct scan_patterns *p, struct weir_conf_report *r)
{
	for (uint32_t i = 0; i < p->n; i++)
		if (p->at[i].rule.expression)
			check_one(&p->at[i], r);
}

/* Some are refused only when they are compiled: those that would become too large. */
static void compile_each(const struct scan_set *set, struct weir_conf_report *r)
{
	for (uint32_t i = 0; i < set->n; i++) {
		hs_compile_error_t *error = NULL;
		hs_database_t *hs = NULL;

		if (hs_compile_ext_multi(&set->expression[i], &set->flags[i], &set->id[i],
					 &set->ext[i], 1, set->mode, NULL, &hs,
					 &error) != HS_SUCCESS)
			report(set->from[i], error, r);
		hs_free_database(hs);
	}
}

/* ---- a direction's patterns ---- */

static bool set_init(struct scan_set *set, uint32_t room)
{
	*set = (struct scan_set){
		.mode = HS_MODE_STREAM,
		.from = calloc(room, sizeof(*set->from)),
		.expression = calloc(room, sizeof(*set->expression)),
		.flags = calloc(room, sizeof(*set->flags)),
		.id = calloc(room, sizeof(*set->id)),
		.ext = calloc(room, sizeof(*set->ext)),
	};
	return set->from && set->expression && set->flags && set->id && set->ext;
}

static void set_fini(struct scan_set *set)
{
	free(set->from);
	free(set->expression);
	free(set->flags);
	free(set->id);
	free(set->ext);
}

static void set_add(struct scan_set *set, const struct scan_pattern *p)
{
	uint32_t i = set->n++;

	set->from[i] = p;
	set->expression[i] = p->rule.expression;
	set->flags[i] = p->flags;
	set->id[i] = p->rule.id;
	set->ext[i] = &p->ext;
	if (p->flags & HS_FLAG_SOM_LEFTMOST)
		set->mode |= HS_MODE_SOM_HORIZON_LARGE;
}

static void set_fill(struct scan_set *set, const struct scan_patterns *p, uint8_t direction)
{
	for (uint32_t i = 0; i < p->n; i++)
		if (p->at[i].rule.directions & direction)
			set_add(set, &p->at[i]);
}

static hs_database_t *compile(const struct scan_set *set, struct weir_conf_report *r)
{
	unsigned int before = weir_conf_errors(r);
	hs_compile_error_t *error = NULL;
	hs_database_t *hs = NULL;

	if (hs_compile_ext_multi(set->expression, set->flags, set->id, set->ext, set->n, set->mode,
				 NULL, &hs, &error) == HS_SUCCESS)
		return hs;
	compile_each(set, r);
	if (weir_conf_errors(r) == before) {
		report(set->from[error && error->expression >= 0 ? error->expression : 0], error,
		       r);
		return NULL;
	}
	hs_free_compile_error(error);
	return NULL;
}

/* ---- a database of both directions ---- */

static int fill_side(struct weir_scan_db *db, unsigned int d, const struct scan_set *set,
		     const struct weir_scan_cfg *cfg, struct weir_conf_report *r)
{
	struct scan_side *side = &db->side[d];
	struct weir_cache_key key;

	if (!scan_key_of(set, &key))
		return -WEIR_ENOMEM;
	db->info.hash ^= key.half[d];
	side->hs = cfg->cache ? scan_cache_read(cfg->cache, &key) : NULL;
	if (side->hs)
		return 0;
	db->info.cached = false;
	side->hs = compile(set, r);
	if (!side->hs)
		return -WEIR_EFORMAT;
	if (cfg->cache)
		scan_cache_write(cfg->cache, &key, side->hs);
	return 0;
}

static int build_side(struct weir_scan_db *db, unsigned int d, const struct scan_patterns *p,
		      const struct weir_scan_cfg *cfg, struct weir_conf_report *r)
{
	struct scan_set set;
	int error = 0;

	if (!set_init(&set, p->n))
		error = -WEIR_ENOMEM;
	else
		set_fill(&set, p, (uint8_t)(1u << d));
	if (set.n)
		error = fill_side(db, d, &set, cfg, r);
	set_fini(&set);
	return error;
}

static void note_ports(struct scan_side *side, const struct weir_scan_rule *rule)
{
	side->any_port |= rule->n_ports == 0;
	for (unsigned int i = 0; i < rule->n_ports; i++)
		for (uint32_t port = rule->ports[i].first; port <= rule->ports[i].last; port++)
			side->ports[port / 64] |= 1ULL << port % 64;
}

static int by_id(const void *a, const void *b)
{
	const struct weir_scan_rule *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

/* Takes the rules, expressions and all, in the order of their ids, by which a match finds its. */
static int take_rules(struct weir_scan_db *db, struct scan_patterns *p)
{
	db->rules = calloc(p->n, sizeof(*db->rules));
	if (!db->rules)
		return -WEIR_ENOMEM;
	db->n_rules = p->n;
	for (uint32_t i = 0; i < p->n; i++) {
		db->rules[i] = p->at[i].rule;
		p->at[i].rule.expression = NULL;
		for (unsigned int d = 0; d < 2; d++)
			if (db->rules[i].directions & (1u << d))
				note_ports(&db->side[d], &db->rules[i]);
	}
	qsort(db->rules, db->n_rules, sizeof(*db->rules), by_id);
	return 0;
}

static void fill_info(struct weir_scan_db *db)
{
	db->info.rules = db->n_rules;
	for (unsigned int d = 0; d < 2; d++) {
		size_t bytes = 0;

		if (!db->side[d].hs)
			continue;
		if (hs_database_size(db->side[d].hs, &bytes) == HS_SUCCESS)
			db->info.database_bytes += bytes;
		if (hs_stream_size(db->side[d].hs, &bytes) == HS_SUCCESS)
			db->info.stream_bytes += bytes;
	}
}

static int build(struct weir_scan_db *db, const struct weir_scan_cfg *cfg, struct scan_patterns *p,
		 struct weir_conf_report *r)
{
	int error = 0;

	db->info.cached = true;
	for (unsigned int d = 0; d < 2 && !error; d++)
		error = build_side(db, d, p, cfg, r);
	if (!error)
		error = take_rules(db, p);
	if (!error)
		error = scan_workers_create(db);
	if (!error)
		fill_info(db);
	return error;
}

static int make_db(const struct weir_scan_cfg *cfg, struct scan_patterns *p,
		   struct weir_conf_report *r, struct weir_scan_db **out)
{
	struct weir_scan_db *db;
	int error;

	if (hs_valid_platform() != HS_SUCCESS) {
		weir_conf_error(r, (struct weir_conf_pos){.file = p->at[0].file},
				"this CPU lacks SSSE3, which Hyperscan needs");
		return -WEIR_EFORMAT;
	}
	db = calloc(1, sizeof(*db));
	if (!db)
		return -WEIR_ENOMEM;
	db->refs = 1;
	db->n_workers = cfg->n_workers;
	db->n_streams = (cfg->streams + 1) / 2;
	error = build(db, cfg, p, r);
	if (error)
		scan_db_destroy(db);
	else
		*out = db;
	return error;
}

int weir_scan_load(const struct weir_scan_cfg *cfg, struct weir_conf_report *r,
		   struct weir_scan_db **out)
{
	unsigned int before = weir_conf_errors(r);
	uint64_t begun_ms = clock_ms();
	struct scan_patterns p = {0};
	int error = 0;

	*out = NULL;
	scan_read_paths(&p, cfg, r);
	check_each(&p, r);
	if (weir_conf_errors(r) != before)
		error = -WEIR_EFORMAT;
	else if (p.n)
		error = make_db(cfg, &p, r, out);
	if (error == -WEIR_ENOMEM)
		weir_conf_error(r, (struct weir_conf_pos){.file = "rules.stream"}, "out of memory");
	if (*out)
		(*out)->info.load_ms = (uint32_t)(clock_ms() - begun_ms);
	scan_patterns_fini(&p);
	return error;
}
