/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Programs of threat policies: compiled by control with their generation, held by connections while
 * they need them, gone when the generation is and the last connection has given them back. The
 * programs of a generation live and die together.
 */
#include "path_impl.h"

#include <stdlib.h>

/* A program and whose it is: what a connection gives back leads to its generation's others. */
struct path_program {
	struct weir_program is;
	struct weir_programs *of;
	uint64_t hash; /* of the rules */
	bool shares;   /* is.waf belongs to an earlier one */
};

struct weir_programs {
	struct path_users user[WEIR_CONF_WORKERS_MAX];
	struct weir_programs *next; /* of those that wait; control only */
	uint16_t n;
	struct path_program program[];
};

/* ---- the set ---- */

static struct weir_programs *make_set(uint16_t n)
{
	size_t size = sizeof(struct weir_programs) + n * sizeof(struct path_program);
	struct weir_programs *p;

	size = (size + WEIR_CACHE_LINE - 1) & ~(size_t)(WEIR_CACHE_LINE - 1);
	p = aligned_alloc(WEIR_CACHE_LINE, size);
	if (!p)
		return NULL;
	memset(p, 0, size);
	p->n = n;
	for (uint16_t i = 0; i < n; i++)
		p->program[i].of = p;
	return p;
}

void weir_programs_destroy(struct weir_programs *p)
{
	if (!p)
		return;
	weir_assert(path_users_count(p->user) == 0);
	for (uint16_t i = 0; i < p->n; i++)
		if (!p->program[i].shares)
			weir_waf_destroy(p->program[i].is.waf);
	free(p);
}

uint16_t weir_programs_count(const struct weir_programs *p)
{
	return p ? p->n : 0;
}

const struct weir_program *weir_programs_at(const struct weir_programs *p, uint16_t i)
{
	weir_assert(i < weir_programs_count(p));
	return &p->program[i].is;
}

/* ---- loading ---- */

struct loading {
	const struct weir_policy *policy;
	const struct weir_conf *running;
	const struct weir_names *names;
	struct weir_conf_report *r;
	struct weir_programs *set;
	const char *cache;
	unsigned int n_workers;
};

/* A text of weir's own, named so that a message about it leads to the policy that it is of. */
static bool add_own(struct loading *l, struct weir_seclang *s, const struct weir_threat_policy *t,
		    const char *text)
{
	struct weir_buf name = {0};
	bool good;

	if (!*text)
		return true;
	weir_buf_printf(&name, "ThreatPolicy '%s'", weir_names_get(l->names, t->name));
	good = !name.failed && weir_seclang_add_text(s, name.ptr, "/", weir_bytes_str(text), l->r);
	weir_buf_fini(&name);
	return good;
}

/* Everything is read even where something is wrong, so that all of it is told. */
static bool read_all(struct loading *l, struct weir_seclang *s, const struct weir_threat_policy *t)
{
	bool good = add_own(l, s, t, t->first);

	for (uint16_t i = 0; i < t->n_rules; i++)
		good = weir_seclang_add(s, t->rules[i], l->r) && good;
	good = add_own(l, s, t, t->last) && good;
	return good && weir_seclang_finish(s, l->r);
}

static bool same_overrides(const struct weir_waf_options *a, const struct weir_waf_options *b)
{
	for (uint32_t i = 0; i < a->n_overrides && i < b->n_overrides; i++)
		if (a->overrides[i].first != b->overrides[i].first ||
		    a->overrides[i].last != b->overrides[i].last ||
		    a->overrides[i].mode != b->overrides[i].mode)
			return false;
	return a->n_overrides == b->n_overrides;
}

static bool same_options(const struct weir_waf_options *a, const struct weir_waf_options *b)
{
	return a->mode == b->mode && a->paranoia == b->paranoia &&
	       a->detection_paranoia == b->detection_paranoia &&
	       a->inbound_threshold == b->inbound_threshold &&
	       a->outbound_threshold == b->outbound_threshold &&
	       a->request_body_limit == b->request_body_limit &&
	       a->response_body_limit == b->response_body_limit &&
	       a->request_over == b->request_over && a->response_over == b->response_over &&
	       a->response_off == b->response_off && a->budget_ns == b->budget_ns &&
	       same_overrides(a, b);
}

/* What an earlier policy has compiled of the same rules and options; NULL: none has. */
static struct weir_waf *find_same(const struct loading *l, uint16_t i)
{
	const struct path_program *all = l->set->program;

	for (uint16_t k = 0; k < i; k++)
		if (all[k].is.waf && all[k].hash == all[i].hash &&
		    same_options(&weir_policy_threat(l->policy, k)->waf,
				 &weir_policy_threat(l->policy, i)->waf))
			return all[k].is.waf;
	return NULL;
}

/* Takes `s`. */
static bool compile(struct loading *l, struct weir_seclang *s, uint16_t i)
{
	const struct weir_threat_policy *t = weir_policy_threat(l->policy, i);
	struct path_program *p = &l->set->program[i];
	struct weir_waf_options o = t->waf;

	p->hash = weir_seclang_hash(s);
	p->is.waf = find_same(l, i);
	if (p->is.waf) {
		p->shares = true;
		weir_seclang_destroy(s);
		return true;
	}
	o.cache = l->cache;
	o.n_workers = l->n_workers;
	p->is.waf = weir_waf_create(s, &o, l->r);
	return p->is.waf != NULL;
}

static bool load_rules(struct loading *l, uint16_t i)
{
	const struct weir_threat_policy *t = weir_policy_threat(l->policy, i);
	struct weir_seclang *s = weir_seclang_create();

	if (s && read_all(l, s, t))
		return compile(l, s, i);
	weir_seclang_destroy(s);
	return false;
}

static bool load_one(struct loading *l, uint16_t i)
{
	const struct weir_threat_policy *t = weir_policy_threat(l->policy, i);
	const char *name = weir_names_get(l->names, t->name);

	l->set->program[i].is = (struct weir_program){
		.name = t->name,
		.mode = (uint8_t)t->waf.mode,
		.json_refusals = t->json_refusals,
		.on_error = t->on_error,
		.turn_ns = t->waf.budget_ns ? t->waf.budget_ns / 10 : WEIR_NS_PER_MS,
	};
	if (t->waf.mode == WEIR_WAF_OFF)
		return true;
	if (!l->running->waf_bytes) {
		weir_conf_error(l->r, t->pos,
				"ThreatPolicy '%s' cannot act: weir runs without memory for "
				"transactions (memory.waf)",
				name);
		return false;
	}
	if (load_rules(l, i))
		return true;
	weir_conf_error(l->r, t->pos, "the rules of ThreatPolicy '%s' cannot be used", name);
	return false;
}

int weir_path_load_waf(const struct weir_policy *policy, const struct weir_conf *conf,
		       const struct weir_conf *running, unsigned int n_workers,
		       const struct weir_names *names, struct weir_conf_report *r,
		       struct weir_programs **out)
{
	struct loading l = {
		.policy = policy,
		.running = running,
		.names = names,
		.r = r,
		.cache = conf->rule_cache,
		.n_workers = n_workers,
	};
	uint16_t n = weir_policy_threats(policy);
	bool good = true;

	*out = NULL;
	if (!n)
		return 0;
	l.set = make_set(n);
	if (!l.set) {
		weir_conf_error(r, (struct weir_conf_pos){.file = "policy"}, "out of memory");
		return -WEIR_ENOMEM;
	}
	for (uint16_t i = 0; i < n; i++)
		good = load_one(&l, i) && good;
	if (good) {
		*out = l.set;
		return 0;
	}
	weir_programs_destroy(l.set);
	return -WEIR_EFORMAT;
}

/* ---- connections ---- */

const struct weir_program *path_program_get(struct path_worker *w,
					    const struct weir_generation *gen, uint16_t threat)
{
	struct weir_programs *set = gen->programs;

	if (threat >= weir_programs_count(set) || !set->program[threat].is.waf || !w->waf)
		return NULL;
	path_users_add(&set->user[w->id], 1);
	return &set->program[threat].is;
}

const struct weir_program *path_program_hold(struct path_worker *w,
					     const struct weir_program *program)
{
	path_users_add(&((const struct path_program *)program)->of->user[w->id], 1);
	return program;
}

void path_program_put(struct path_worker *w, const struct weir_program *program)
{
	/* It is the first member. */
	path_users_add(&((const struct path_program *)program)->of->user[w->id], (uint32_t)-1);
}

/* ---- programs of generations that no worker reads any more; control ---- */

void path_retire_programs(struct weir_path *p, struct weir_generation *g)
{
	path_free_retired_programs(p);
	if (g->programs) {
		g->programs->next = p->retired_programs;
		p->retired_programs = g->programs;
		g->programs = NULL;
	}
	path_free_retired_programs(p);
}

void path_free_retired_programs(struct weir_path *p)
{
	struct weir_programs **at = &p->retired_programs, *set;

	while ((set = *at)) {
		if (path_users_count(set->user)) {
			at = &set->next;
			continue;
		}
		*at = set->next;
		weir_programs_destroy(set);
	}
}
