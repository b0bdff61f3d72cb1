/* SPDX-License-Identifier: BSD-3-Clause */
/* Numbers for the names of TX that rules write down, so that a score is an array's member. */
#include "waf_compile.h"

static int compare(struct weir_bytes a, struct weir_bytes b)
{
	size_t least = a.len < b.len ? a.len : b.len;
	int c = least ? memcmp(a.ptr, b.ptr, least) : 0;

	if (c)
		return c;
	return a.len < b.len ? -1 : a.len > b.len;
}

/* The place of `lower` in the sorted index, or where it would stand. */
static uint16_t place_of(const struct weir_waf *w, struct weir_bytes lower, bool *found)
{
	uint16_t low = 0, high = w->n_names;

	*found = false;
	while (low < high) {
		uint16_t middle = (uint16_t)((low + high) / 2);
		int c = compare(w->name[w->by_name[middle]], lower);

		if (c == 0) {
			*found = true;
			return middle;
		}
		if (c < 0)
			low = (uint16_t)(middle + 1);
		else
			high = middle;
	}
	return low;
}

uint16_t waf_name_find(const struct weir_waf *w, struct weir_bytes lower)
{
	bool found;
	uint16_t at = place_of(w, lower, &found);

	return found ? w->by_name[at] : WAF_NO_NAME;
}

static bool grow(struct weir_waf *w)
{
	uint16_t cap = (uint16_t)(w->cap_names ? w->cap_names * 2 : 256);
	struct weir_bytes *name = weir_arena_alloc(&w->arena, cap * sizeof(*name));
	uint16_t *by_name = weir_arena_alloc(&w->arena, cap * sizeof(*by_name));

	if (!name || !by_name || cap <= w->cap_names)
		return false;
	if (w->n_names) {
		memcpy(name, w->name, w->n_names * sizeof(*name));
		memcpy(by_name, w->by_name, w->n_names * sizeof(*by_name));
	}
	w->name = name;
	w->by_name = by_name;
	w->cap_names = cap;
	return true;
}

/* WAF_NO_NAME when there is no room for more: the name is then looked up each time. */
uint16_t waf_name_intern(struct weir_waf *w, struct weir_bytes name)
{
	struct weir_bytes lower = weir_arena_copy(&w->arena, name);
	uint16_t at;
	bool found;

	for (size_t i = 0; i < lower.len; i++)
		((uint8_t *)(uintptr_t)lower.ptr)[i] = weir_lower(lower.ptr[i]);
	at = place_of(w, lower, &found);
	if (found)
		return w->by_name[at];
	if (w->n_names == w->cap_names && !grow(w))
		return WAF_NO_NAME;
	memmove(&w->by_name[at + 1], &w->by_name[at],
		(size_t)(w->n_names - at) * sizeof(*w->by_name));
	w->by_name[at] = w->n_names;
	w->name[w->n_names] = lower;
	return w->n_names++;
}
