/* SPDX-License-Identifier: BSD-3-Clause */
/* The command pools, and what the metrics say of them: what workers have a fixed number of. */
#include "ctl_impl.h"

#include <stddef.h>

static const struct pool {
	const char *name, *key, *text;
} pools[WEIR_PATH_POOL_END] = {
#define POOL(id, name, key, text) {name, key, text},
	WEIR_PATH_POOLS(POOL)
#undef POOL
};

/* By worker and enum weir_path_pool. */
struct pool_uses {
	unsigned int n_workers;
	struct weir_use of[WEIR_CONF_WORKERS_MAX][WEIR_PATH_POOL_END];
};

static void read_uses(const struct weir_ctl *c, struct pool_uses *u)
{
	u->n_workers = weir_path_workers(c->cfg.path);
	for (unsigned int w = 0; w < u->n_workers; w++)
		weir_path_pools(c->cfg.path, w, u->of[w]);
}

/* ---- the command ---- */

/* The most that is known to have been used. */
static uint64_t peak_of(const struct weir_use *u)
{
	return u->peak == WEIR_USE_UNKNOWN ? u->used : u->peak;
}

static bool is_fuller(const struct weir_use *a, const struct weir_use *b)
{
	if (a->full != b->full)
		return a->full > b->full;
	if (peak_of(a) != peak_of(b))
		return peak_of(a) > peak_of(b);
	return a->used > b->used;
}

static unsigned int fullest(const struct pool_uses *u, unsigned int pool)
{
	unsigned int worker = 0;

	for (unsigned int w = 1; w < u->n_workers; w++)
		if (is_fuller(&u->of[w][pool], &u->of[worker][pool]))
			worker = w;
	return worker;
}

static void add_pool(struct weir_json *j, const struct pool *p, unsigned int worker,
		     const struct weir_use *u)
{
	weir_json_object(j, NULL);
	weir_json_str(j, "name", p->name);
	weir_json_u64(j, "worker", worker);
	weir_json_u64(j, "used", u->used);
	weir_json_u64(j, "size", u->size);
	if (u->peak == WEIR_USE_UNKNOWN)
		weir_json_null(j, "peak");
	else
		weir_json_u64(j, "peak", u->peak);
	weir_json_u64(j, "full", u->full);
	weir_json_str(j, "key", p->key);
	weir_json_str(j, "text", p->text);
	weir_json_end_object(j);
}

bool ctl_cmd_pools(struct ctl_call *call)
{
	struct pool_uses u;
	bool all = false;

	if (!ctl_arg_bool(call, "all", &all))
		return false;
	read_uses(call->ctl, &u);
	weir_json_array(&call->j, "pools");
	for (unsigned int p = 0; p < WEIR_PATH_POOL_END; p++) {
		unsigned int most = fullest(&u, p);

		for (unsigned int w = 0; w < u.n_workers; w++)
			if (all || w == most)
				add_pool(&call->j, &pools[p], w, &u.of[w][p]);
	}
	weir_json_end_array(&call->j);
	return true;
}

/* ---- metrics ---- */

static const struct family {
	const char *name, *type, *help;
	size_t offset; /* in struct weir_use */
} families[] = {
	{"used", "gauge", "how much of a pool is in use", offsetof(struct weir_use, used)},
	{"size", "gauge", "how much there is", offsetof(struct weir_use, size)},
	{"peak", "gauge", "the most that was in use at a time, where that is known",
	 offsetof(struct weir_use, peak)},
	{"full_total", "counter", "times that a pool had too little left",
	 offsetof(struct weir_use, full)},
};

static void add_family(struct weir_buf *out, const struct family *f, const struct pool_uses *u)
{
	weir_buf_printf(out, "# HELP weir_pool_%s %s\n# TYPE weir_pool_%s %s\n", f->name, f->help,
			f->name, f->type);
	for (unsigned int p = 0; p < WEIR_PATH_POOL_END; p++)
		for (unsigned int w = 0; w < u->n_workers; w++) {
			uint64_t value;

			memcpy(&value, (const char *)&u->of[w][p] + f->offset, sizeof(value));
			if (value != WEIR_USE_UNKNOWN)
				weir_buf_printf(
					out, "weir_pool_%s{pool=\"%s\",worker=\"%u\"} %llu\n",
					f->name, pools[p].name, w, (unsigned long long)value);
		}
}

void ctl_add_pool_metrics(struct weir_buf *out, const struct weir_ctl *c)
{
	struct pool_uses u;

	read_uses(c, &u);
	for (size_t i = 0; i < WEIR_ARRAY_LEN(families); i++)
		add_family(out, &families[i], &u);
}
