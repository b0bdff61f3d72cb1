/* SPDX-License-Identifier: BSD-3-Clause */
/* A program's life: a rule tree is compiled once, and then only read. */
#include <stdlib.h>
#include <time.h>

#include "waf_cache.h"
#include "waf_compile.h"
#include "waf_screen.h"

#define PROGRAM_MAX (1ULL << 30) /* bytes of its arena */

/* ---- parts that workers have for themselves ---- */

static bool make_parts(struct weir_waf *w)
{
	size_t bytes = w->options.n_workers * sizeof(*w->part);

	w->part = aligned_alloc(WEIR_CACHE_LINE, bytes);
	if (!w->part)
		return false;
	memset(w->part, 0, bytes);
	for (unsigned int i = 0; i < w->options.n_workers; i++) {
		w->part[i].count = calloc(w->n_rules + 1, sizeof(*w->part[i].count));
		w->part[i].ops = waf_scratch_create(w->ops, w->n_ops);
		if (!w->part[i].count || !w->part[i].ops)
			return false;
	}
	return true;
}

static void destroy_parts(struct weir_waf *w)
{
	for (unsigned int i = 0; w->part && i < w->options.n_workers; i++) {
		waf_scratch_destroy(w->part[i].ops);
		free(w->part[i].count);
	}
	free(w->part);
}

/* ---- TX as it begins ---- */

static bool make_tx(struct weir_waf *w)
{
	w->tx_kind = weir_arena_zalloc(&w->arena, w->n_names + 1u);
	w->tx_var = weir_arena_zalloc(&w->arena, (w->n_names + 1u) * sizeof(*w->tx_var));
	w->pinned = weir_arena_zalloc(&w->arena, (w->n_names + 1u) * sizeof(*w->pinned));
	w->constant = weir_arena_zalloc(&w->arena, (w->n_names + 1u) * sizeof(*w->constant));
	return w->tx_kind && w->tx_var && w->pinned && w->constant;
}

/* TX:0 to TX:9 stand in a row. */
static bool name_captures(struct weir_waf *w)
{
	for (char c = '0'; c <= '9'; c++)
		if (waf_name_intern(w, weir_bytes_of(&c, 1)) != c - '0')
			return false;
	w->captures = 0;
	return true;
}

static uint16_t first_of(const struct weir_waf *w, const char *a, const char *b)
{
	uint16_t number = waf_name_find(w, weir_bytes_str(a));

	return number != WAF_NO_NAME ? number : waf_name_find(w, weir_bytes_str(b));
}

/* ---- what no prefilter stands before ---- */

static bool make_always(struct weir_waf *w)
{
	for (unsigned int phase = 1; phase <= WEIR_SEC_PHASES; phase++) {
		struct waf_phase *p = &w->phase[phase];

		p->always = weir_arena_zalloc(&w->arena, (waf_words(p->n) + 1) * 8);
		if (!p->always)
			return false;
		for (uint32_t i = 0; i < p->n; i++)
			if (!p->step[i].screened)
				waf_word_set(p->always, i);
	}
	return true;
}

static uint8_t engine_of(const struct weir_waf *w)
{
	switch (w->options.mode) {
	case WEIR_WAF_OFF:
		return WEIR_SEC_OFF;
	case WEIR_WAF_DETECT:
		return WEIR_SEC_DETECTION_ONLY;
	case WEIR_WAF_ENFORCE:
		return WEIR_SEC_ON;
	case WEIR_WAF_AS_RULES:
		break;
	}
	return w->settings->engine;
}

/* ---- compiling ---- */

/* The rules and the options that change what is compiled. */
static struct weir_cache_key key_of(const struct weir_waf *w)
{
	const struct weir_waf_options *o = &w->options;
	uint64_t words[] = {w->hash,
			    (uint64_t)o->mode,
			    o->paranoia,
			    o->detection_paranoia,
			    o->inbound_threshold,
			    o->outbound_threshold,
			    o->response_off,
			    o->no_prefilter};
	struct weir_cache_key key = {{0}};

	weir_cache_key_add(&key, weir_bytes_of(words, sizeof(words)));
	for (uint32_t i = 0; i < o->n_overrides; i++) {
		const struct weir_waf_override *one = &o->overrides[i];
		uint64_t of[] = {one->first, one->last, (uint64_t)one->mode};

		weir_cache_key_add(&key, weir_bytes_of(of, sizeof(of)));
	}
	return key;
}

/* Ticks of the time-stamp counter and nanoseconds, over what compiling took. */
static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * WEIR_NS_PER_S + (uint64_t)now.tv_nsec;
}

static bool compile(struct weir_waf *w, struct weir_conf_report *r)
{
	if (!name_captures(w) || !waf_compile_rules(w, r) || !make_tx(w) || !make_parts(w) ||
	    !waf_resolve_names(w))
		return false;
	waf_pin(w);
	w->limits_exceeded = waf_name_find(w, weir_bytes_str("msc_pcre_limits_exceeded"));
	if (!waf_make_screen(w) || !waf_run_prologue(w))
		return false;
	if (!waf_fold_gates(w))
		return false;
	w->scores[0] = first_of(w, "blocking_inbound_anomaly_score", "anomaly_score");
	w->scores[1] = first_of(w, "blocking_outbound_anomaly_score", "outbound_anomaly_score");
	w->engine = engine_of(w);
	return waf_build_screen(w, r) && make_always(w);
}

/* With what earlier programs have left in the cache. */
static bool compile_cached(struct weir_waf *w, struct weir_conf_report *r)
{
	struct weir_cache_key key = key_of(w);
	bool good;

	w->cache = waf_cache_open(w->options.cache, &key);
	good = w->cache && compile(w, r);
	if (good) {
		w->cached = w->options.cache && !waf_cache_made(w->cache);
		waf_cache_close(w->cache);
	} else {
		waf_cache_discard(w->cache);
	}
	w->cache = NULL;
	return good;
}

struct weir_waf *weir_waf_create(struct weir_seclang *rules, const struct weir_waf_options *o,
				 struct weir_conf_report *r)
{
	struct weir_waf *w = calloc(1, sizeof(*w));
	unsigned int errors = weir_conf_errors(r);
	uint64_t start_ns = now_ns(), start_ticks = waf_ticks();

	if (!w) {
		weir_seclang_destroy(rules);
		return NULL;
	}
	w->source = rules;
	w->settings = weir_seclang_settings(rules);
	w->options = *o;
	if (!w->options.n_workers)
		w->options.n_workers = 1;
	w->hash = weir_seclang_hash(rules);
	weir_arena_init(&w->arena, &weir_arena_malloc, PROGRAM_MAX);
	if (!compile_cached(w, r)) {
		if (weir_conf_errors(r) == errors)
			weir_conf_error(r, (struct weir_conf_pos){.file = "rules"},
					"no memory for the program");
		weir_waf_destroy(w);
		return NULL;
	}
	w->load_ms = (uint32_t)((now_ns() - start_ns) / WEIR_NS_PER_MS);
	w->ns_per_tick = (double)(now_ns() - start_ns) / (double)(waf_ticks() - start_ticks);
	return w;
}

void weir_waf_destroy(struct weir_waf *w)
{
	if (!w)
		return;
	waf_destroy_screen(w);
	destroy_parts(w);
	for (uint32_t i = 0; i < w->n_ops; i++)
		waf_op_destroy(w->ops[i]);
	free(w->ops);
	weir_arena_reset(&w->arena);
	weir_seclang_destroy(w->source);
	free(w);
}

/* ---- what is to be known of it ---- */

void weir_waf_info(const struct weir_waf *w, struct weir_waf_info *out)
{
	*out = (struct weir_waf_info){
		.rules = w->n_rules,
		.prefiltered = w->screen->n_slots,
		.bytes = w->arena.taken + sizeof(*w->screen),
		.hash = w->hash,
		.load_ms = w->load_ms,
		.cached = w->cached,
	};
	for (uint32_t i = 0; i < w->n_ops; i++)
		out->bytes += waf_op_bytes(w->ops[i]);
	out->bytes += waf_screen_bytes(w);
}

static void add_counts(const struct weir_waf *w, uint32_t number, double ns_per_tick,
		       struct weir_waf_rule_stat *out)
{
	for (unsigned int i = 0; i < w->options.n_workers; i++) {
		const struct waf_rule_count *c = &w->part[i].count[number];

		out->evaluated += __atomic_load_n(&c->evaluated, __ATOMIC_RELAXED);
		out->hits += __atomic_load_n(&c->hits, __ATOMIC_RELAXED);
		out->ns += (uint64_t)((double)__atomic_load_n(&c->ticks, __ATOMIC_RELAXED) *
				      WAF_TIMED_EVERY * ns_per_tick);
	}
}

uint32_t weir_waf_rule_stats(const struct weir_waf *w, struct weir_waf_rule_stat *out, uint32_t max)
{
	double ns_per_tick = w->ns_per_tick;
	uint32_t n = 0;

	for (uint32_t i = 0; i < w->n_rules && n < max; i++) {
		const struct weir_sec_rule *sec = w->rule[i]->sec;

		if (!sec->id)
			continue;
		out[n] = (struct weir_waf_rule_stat){
			.id = sec->id, .phase = sec->phase, .msg = sec->msg.source};
		add_counts(w, i, ns_per_tick, &out[n++]);
	}
	return n;
}
