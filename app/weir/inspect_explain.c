/* SPDX-License-Identifier: BSD-3-Clause */
/* What the engine says about its rules while it judges, kept for later. */
#include "inspect.h"

#define EXPLAINED_BYTES (256ULL << 20)

void inspect_explained_init(struct inspect_explained *all)
{
	weir_arena_init(&all->arena, &weir_arena_malloc, EXPLAINED_BYTES);
	all->first = NULL;
	all->last = &all->first;
}

void inspect_explained_fini(struct inspect_explained *all)
{
	weir_arena_reset(&all->arena);
	all->first = NULL;
	all->last = &all->first;
}

void inspect_explained_add(void *ctx, const struct weir_waf_explained *e)
{
	struct inspect_explained *all = ctx;
	struct inspect_explained_one *one = weir_arena_zalloc(&all->arena, sizeof(*one));

	if (!one)
		return;
	one->e = *e;
	one->e.target = weir_arena_copy(&all->arena, e->target);
	one->e.value = weir_arena_copy(&all->arena, e->value);
	*all->last = one;
	all->last = &one->next;
}
