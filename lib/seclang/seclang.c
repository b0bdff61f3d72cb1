/* SPDX-License-Identifier: BSD-3-Clause */
/* The set of rules from its making to its end. */
#include <stdlib.h>

#include "seclang_impl.h"

void *list_add(struct weir_arena *a, struct list *l, size_t size)
{
	if (l->n == l->cap) {
		uint32_t cap = l->cap ? l->cap * 2 : 4;
		void *items = weir_arena_alloc(a, cap * size);

		if (!items)
			return NULL;
		if (l->n)
			memcpy(items, l->items, l->n * size);
		l->items = items;
		l->cap = cap;
	}
	return memset((uint8_t *)l->items + l->n++ * size, 0, size);
}

bool list_join(struct weir_arena *arena, struct list *out, const struct list *a,
	       const struct list *b, size_t size)
{
	size_t n = (size_t)a->n + b->n;

	*out = (struct list){0};
	if (n == 0)
		return true;
	out->items = weir_arena_alloc(arena, n * size);
	if (!out->items)
		return false;
	if (a->n)
		memcpy(out->items, a->items, a->n * size);
	if (b->n)
		memcpy((uint8_t *)out->items + a->n * size, b->items, b->n * size);
	out->n = out->cap = (uint32_t)n;
	return true;
}

bool set_failed(struct weir_seclang *s)
{
	s->failed = true;
	return false;
}

/* What ModSecurity 2 puts under rules without SecDefaultAction: log,auditlog,pass. */
static void default_actions(struct weir_seclang *s)
{
	for (uint8_t p = 1; p <= WEIR_SEC_PHASES; p++)
		s->defaults[p] = (struct action_set){.has = HAS_PHASE | HAS_DISRUPTIVE | HAS_LOG |
							    HAS_AUDIT_LOG,
						     .phase = p,
						     .disruptive = WEIR_SEC_PASS,
						     .log = true,
						     .audit_log = true};
}

struct weir_seclang *weir_seclang_create(void)
{
	struct weir_seclang *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	weir_arena_init(&s->arena, &weir_arena_malloc, ARENA_BYTES_MAX);
	weir_arena_init(&s->scratch, &weir_arena_malloc, ARENA_BYTES_MAX);
	default_actions(s);
	default_settings(&s->settings);
	return s;
}

void weir_seclang_destroy(struct weir_seclang *s)
{
	if (!s)
		return;
	forget_updates(s);
	weir_arena_reset(&s->scratch);
	weir_arena_reset(&s->arena);
	free(s);
}

/* One call's outcome; what failed before stays failed. */
static void begin(struct weir_seclang *s, struct weir_conf_report *r, bool *before)
{
	weir_assert(!s->finished);
	s->report = r;
	*before = s->failed;
	s->failed = false;
}

static bool end(struct weir_seclang *s, bool before)
{
	bool good = !s->failed;

	if (good && (s->arena.failed || s->scratch.failed))
		good = complain(s, ((struct weir_conf_pos){0}), "out of memory");
	s->failed = s->failed || before;
	s->report = NULL;
	return good;
}

bool weir_seclang_add(struct weir_seclang *s, const char *pattern, struct weir_conf_report *r)
{
	bool before;

	begin(s, r, &before);
	/* Read or not is in s->failed, as for all that stands inside. */
	(void)read_pattern(s, pattern, false, (struct weir_conf_pos){.file = pattern});
	return end(s, before);
}

bool weir_seclang_add_text(struct weir_seclang *s, const char *name, const char *folder,
			   struct weir_bytes text, struct weir_conf_report *r)
{
	struct weir_bytes n = weir_arena_copy(&s->arena, weir_bytes_of(name, strlen(name) + 1));
	struct weir_bytes f = weir_arena_copy(&s->arena, weir_bytes_of(folder, strlen(folder) + 1));
	struct source src = {
		.name = (const char *)n.ptr, .folder = (const char *)f.ptr, .rest = text};
	bool before;

	begin(s, r, &before);
	if (n.ptr && f.ptr) {
		hash_bytes(s, text);
		(void)read_source(s, &src);
	}
	return end(s, before);
}

static bool take_rules(struct weir_seclang *s)
{
	struct rule **r = s->rules.items;

	s->out = weir_arena_alloc(&s->arena, (s->rules.n + 1) * sizeof(struct weir_sec_rule *));
	if (!s->out)
		return false;
	for (uint32_t i = 0; i < s->rules.n; i++)
		if (!r[i]->removed)
			s->out[s->n_out++] = &r[i]->rule;
	return true;
}

bool weir_seclang_finish(struct weir_seclang *s, struct weir_conf_report *r)
{
	bool before, good;

	begin(s, r, &before);
	weir_arena_reset(&s->scratch);
	/* Rules that were read with errors are not to be changed any more. */
	good = before || apply_updates(s);
	good = check_rules(s) && good;
	good = finish_settings(s) && take_rules(s) && good;
	forget_updates(s);
	s->finished = true;
	return end(s, before) && good && !before;
}

struct weir_sec_rule *const *weir_seclang_rules(const struct weir_seclang *s, uint32_t *n)
{
	*n = s->n_out;
	return s->out;
}

const struct weir_sec_settings *weir_seclang_settings(const struct weir_seclang *s)
{
	return &s->settings;
}

uint64_t weir_seclang_hash(const struct weir_seclang *s)
{
	return s->hash;
}
