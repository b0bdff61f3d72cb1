/* SPDX-License-Identifier: BSD-3-Clause */
/* Conditions of regular expressions: none are derived yet, so each is asked about every value. */
#include "waf_need.h"

int waf_need_of_regex(struct weir_bytes pattern, bool caseless, uint32_t max_literals,
		      struct weir_arena *a, struct waf_need *out)
{
	*out = (struct waf_need){0};
	return 0;
}

static bool has_one_of(const struct waf_set *set, struct weir_bytes value)
{
	for (size_t i = 0; i < value.len; i++)
		if (waf_set_has(set, value.ptr[i]))
			return true;
	return false;
}

static bool stands_at(struct weir_bytes literal, struct weir_bytes value, size_t at)
{
	for (size_t i = 0; i < literal.len; i++)
		if (weir_lower(value.ptr[at + i]) != literal.ptr[i])
			return false;
	return true;
}

static bool has_literal(const struct waf_literals *l, struct weir_bytes value)
{
	for (uint32_t i = 0; i < l->n; i++)
		for (size_t at = 0; at + l->literal[i].len <= value.len; at++)
			if (stands_at(l->literal[i], value, at))
				return true;
	return false;
}

bool waf_need_is_met(const struct waf_need *need, struct weir_bytes value)
{
	if (need->never || value.len < need->min_len)
		return false;
	for (unsigned int i = 0; i < need->n_sets; i++)
		if (!has_one_of(&need->set[i], value))
			return false;
	for (unsigned int i = 0; i < need->n_literals; i++)
		if (!has_literal(&need->literals[i], value))
			return false;
	return true;
}
