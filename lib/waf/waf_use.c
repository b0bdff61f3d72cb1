/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which lists of a transaction the rules ask for, and what of them. A program of few rules asks for
 * little, and whatever else a request shows costs it nothing.
 */
#include "waf_compile.h"
#include "waf_source.h"

/* Looking for more names than that costs as much as filling in what has them. */
#define WANTED_MAX 8

static bool want_name(struct weir_waf *w, unsigned int list, struct weir_bytes name)
{
	struct waf_wanted *wanted;
	unsigned int n = 0;

	for (const struct waf_wanted *i = w->wanted[list]; i; i = i->next, n++)
		if (weir_bytes_equal_case(i->name, name))
			return true;
	wanted = n < WANTED_MAX ? weir_arena_alloc(&w->arena, sizeof(*wanted)) : NULL;
	if (!wanted)
		return false;
	*wanted = (struct waf_wanted){.next = w->wanted[list], .name = name};
	w->wanted[list] = wanted;
	return true;
}

static void use_list(struct weir_waf *w, unsigned int list, enum waf_use use,
		     struct weir_bytes name)
{
	uint8_t *uses = &w->uses[list];

	if (*uses != WAF_UNUSED && *uses != use)
		*uses = WAF_READ; /* what is counted is all of it, what is named a part */
	else if (use == WAF_NAMED && !want_name(w, list, name))
		*uses = WAF_READ;
	else
		*uses = (uint8_t)use;
}

/* Some variables are others by another name, and some are of two lists. */
static void use_variable(struct weir_waf *w, uint8_t variable, enum waf_use use,
			 struct weir_bytes name)
{
	const struct waf_source *source = waf_source(variable);

	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(source->list); i++)
		if (source->list[i] != WAF_LISTS)
			use_list(w, source->list[i], use, name);
}

void waf_use_target(struct weir_waf *w, const struct weir_sec_target *t)
{
	enum waf_use use = WAF_READ;

	if (t->selector == WEIR_SEC_NAME)
		use = WAF_NAMED;
	else if (t->selector == WEIR_SEC_ALL && t->count && !t->excluded)
		use = WAF_COUNTED;
	use_variable(w, t->variable, use, t->name);
}

void waf_use_macro(struct weir_waf *w, uint8_t variable, struct weir_bytes name)
{
	use_variable(w, variable, name.len ? WAF_NAMED : WAF_READ, name);
}

bool waf_is_wanted(const struct weir_waf *w, unsigned int list, struct weir_bytes name)
{
	if (w->uses[list] != WAF_NAMED)
		return w->uses[list] == WAF_READ;
	for (const struct waf_wanted *i = w->wanted[list]; i; i = i->next)
		if (weir_bytes_equal_case(i->name, name))
			return true;
	return false;
}
