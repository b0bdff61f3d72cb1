/* SPDX-License-Identifier: BSD-3-Clause */
/* What only the whole set shows: chains with an end, ids that are unique, markers that are there.
 */
#include <stdio.h>
#include <stdlib.h>

#include "seclang_impl.h"

static bool check_chain_end(struct weir_seclang *s)
{
	return !s->starter ||
	       complain(s, s->starter->rule.pos, "the chain that begins here has no end");
}

/* ---- ids ---- */

struct numbered {
	uint32_t id, order;
	struct weir_conf_pos at;
};

static int by_id(const void *a, const void *b)
{
	const struct numbered *x = a, *y = b;

	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

/* Rules that were removed keep their ids, as in ModSecurity. */
static bool check_ids(struct weir_seclang *s)
{
	struct rule **r = s->rules.items;
	struct numbered *n = weir_arena_alloc(&s->scratch, (s->rules.n + 1) * sizeof(*n));
	uint32_t count = 0;
	bool good = true;

	if (!n)
		return false;
	for (uint32_t i = 0; i < s->rules.n; i++)
		if (r[i]->rule.id)
			n[count++] = (struct numbered){r[i]->rule.id, i, r[i]->set.id_at};
	qsort(n, count, sizeof(*n), by_id);
	for (uint32_t i = 1, first = 0; i < count; i++) {
		if (n[i].id != n[first].id)
			first = i;
		else
			good = complain(s, n[i].at, "id %u stands already at %s:%u:%u", n[i].id,
					n[first].at.file, n[first].at.line, n[first].at.column);
	}
	return good;
}

/* ---- markers ---- */

static bool is_mark(const struct weir_sec_rule *r, struct weir_bytes name)
{
	char id[16];

	if (r->kind == WEIR_SEC_MARKER)
		return weir_bytes_equal(r->marker, name);
	snprintf(id, sizeof(id), "%u", r->id);
	return r->id && weir_bytes_is(name, id);
}

/* The last place of each name that skipAfter used is remembered, for there are few of them. */
struct mark {
	struct weir_bytes name;
	uint32_t at; /* the last rule of this name; UINT32_MAX: none */
};

static struct mark *find_mark(struct weir_seclang *s, struct list *marks, struct weir_bytes name)
{
	struct rule **r = s->rules.items;
	struct mark *m = marks->items;

	for (uint32_t i = 0; i < marks->n; i++)
		if (weir_bytes_equal(m[i].name, name))
			return &m[i];
	m = list_add(&s->scratch, marks, sizeof(*m));
	if (!m)
		return NULL;
	*m = (struct mark){name, UINT32_MAX};
	for (uint32_t i = 0; i < s->rules.n; i++)
		if (!r[i]->removed && is_mark(&r[i]->rule, name))
			m->at = i;
	return m;
}

/* Without its marker the rest of the phase is skipped, in ModSecurity and here. */
static bool check_markers(struct weir_seclang *s)
{
	struct rule **r = s->rules.items;
	struct list marks = {0};

	for (uint32_t i = 0; i < s->rules.n; i++) {
		const struct weir_sec_rule *rule = &r[i]->rule;
		const struct mark *m;

		if (r[i]->removed || rule->skip_after.len == 0)
			continue;
		m = find_mark(s, &marks, rule->skip_after);
		if (!m)
			return false;
		if (m->at == UINT32_MAX || m->at <= i)
			weir_conf_warning(s->report, rule->pos,
					  "no SecMarker '%.*s' follows: the rest of the phase is "
					  "skipped",
					  SHOW(rule->skip_after));
	}
	return true;
}

bool check_rules(struct weir_seclang *s)
{
	bool good = check_chain_end(s);

	good = check_ids(s) && good;
	return check_markers(s) && good;
}
