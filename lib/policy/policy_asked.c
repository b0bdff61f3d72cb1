/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rules that ask for names or identities. Of one protocol between one pair of groups they are
 * entered under each pair of a name's and an identity's key that they take, with the first match by
 * port resolved there; so what is known of a client finds its first rule by a look-up for each pair
 * of keys that it fits, however many rules there are.
 *
 * The table is built once, of a size that is known then, and never changed: an array of numbers
 * with open addressing on the heap. rte_hash would take hugepages and a name of its own for each.
 */
#include "policy_impl.h"

#include <stdlib.h>

#include <rte_jhash.h>

/* A rule under one pair of keys, while compiling. */
struct entry {
	uint32_t name, identity;
	uint32_t rank;
};

/* ---- building ---- */

static bool add_entry(struct asking_rules *a, struct entry entry)
{
	struct entry *slot = array_add(&a->entries, sizeof(*slot));

	if (slot)
		*slot = entry;
	return slot != NULL;
}

/* What the rule takes: number `i` of list.n keys, or that it does not ask. */
static uint32_t key_at(const struct docs *d, struct slice list, uint32_t i)
{
	return list.n ? ((const uint32_t *)d->keys.items)[list.first + i] : KEY_UNASKED;
}

/* Where no rule asks for identities, none is looked up either. */
static bool add_name(struct asking_rules *a, const struct rule *rule, uint32_t rank, uint32_t name)
{
	uint32_t n = rule->identities.n ? rule->identities.n : 1;

	if (a->p->has_identities && !add_entry(a, (struct entry){name, KEY_UNKNOWN, rank}))
		return false;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t identity = key_at(&a->p->docs, rule->identities, i);

		if (!add_entry(a, (struct entry){name, identity, rank}))
			return false;
	}
	return true;
}

static bool add_rule(struct asking_rules *a, uint32_t rank)
{
	const struct rule *rule = rule_at(a->p, rank);
	uint32_t n = rule->names.n ? rule->names.n : 1;

	if (!add_name(a, rule, rank, KEY_UNKNOWN))
		return false;
	for (uint32_t i = 0; i < n; i++)
		if (!add_name(a, rule, rank, key_at(&a->p->docs, rule->names, i)))
			return false;
	return true;
}

static int by_keys(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->name != y->name)
		return x->name < y->name ? -1 : 1;
	if (x->identity != y->identity)
		return x->identity < y->identity ? -1 : 1;
	return x->rank < y->rank ? -1 : x->rank > y->rank;
}

static bool same_keys(const struct entry *a, const struct entry *b)
{
	return a->name == b->name && a->identity == b->identity;
}

/* All entries under one pair of keys. */
static bool add_asked(struct asking_rules *a, uint32_t part, const struct entry *entries,
		      uint32_t n)
{
	struct asked *asked = array_add(&a->view->asked, sizeof(*asked));

	if (!asked)
		return false;
	claims_begin(a->claims);
	for (uint32_t i = 0; i < n && claims_left(a->claims); i++)
		claims_add(a->claims, rule_at(a->p, entries[i].rank), entries[i].rank);
	*asked = (struct asked){
		.part = part,
		.name = entries->name,
		.identity = entries->identity,
		.ports = claims_end(a->claims),
	};
	return a->claims->good;
}

bool asked_add_part(struct asking_rules *a, uint32_t part)
{
	const uint32_t *ranks = a->ranks.items;
	const struct entry *entries;
	bool good = true;

	a->entries.n = 0;
	for (uint32_t i = 0; good && i < a->ranks.n; i++)
		good = add_rule(a, ranks[i]);
	a->ranks.n = 0;
	entries = a->entries.items;
	qsort(a->entries.items, a->entries.n, sizeof(*entries), by_keys);
	for (uint32_t i = 0, n = 0; good && i < a->entries.n; i += n) {
		for (n = 1; i + n < a->entries.n; n++)
			if (!same_keys(&entries[i], &entries[i + n]))
				break;
		good = add_asked(a, part, &entries[i], n);
	}
	return good;
}

/* ---- the table ---- */

/* The slot that has it, or the empty one where it belongs. */
static uint32_t find_slot(const struct view *v, uint32_t part, uint32_t name, uint32_t identity)
{
	const struct asked *all = v->asked.items;
	uint32_t slot = rte_jhash_3words(part, name, identity, 0) & v->asked_mask;

	for (; v->asked_index[slot]; slot = (slot + 1) & v->asked_mask) {
		const struct asked *a = &all[v->asked_index[slot] - 1];

		if (a->part == part && a->name == name && a->identity == identity)
			break;
	}
	return slot;
}

bool asked_index(struct view *v)
{
	const struct asked *all = v->asked.items;

	v->asked_mask = rte_align32pow2(v->asked.n * 2 + 1) - 1;
	v->asked_index = calloc(v->asked_mask + 1, sizeof(*v->asked_index));
	for (uint32_t i = 0; v->asked_index && i < v->asked.n; i++)
		v->asked_index[find_slot(v, all[i].part, all[i].name, all[i].identity)] = i + 1;
	return v->asked_index != NULL;
}

const struct asked *asked_find(const struct view *v, uint32_t part, uint32_t name,
			       uint32_t identity)
{
	uint32_t at = v->asked_index[find_slot(v, part, name, identity)];

	return at ? (const struct asked *)v->asked.items + at - 1 : NULL;
}
