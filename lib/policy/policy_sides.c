/* SPDX-License-Identifier: BSD-3-Clause */
/* From whom, to whom: the groups, and addresses in the place of groups, that rules name. */
#include "policy_impl.h"

#define SUGGEST_WITHIN 4 /* edits, less than */

/* Spares most pairs the distance itself, which cannot be smaller than the lengths'. */
static bool near_in_length(const char *a, const char *b)
{
	size_t x = strlen(a), y = strlen(b);

	return x > y ? x - y < SUGGEST_WITHIN : y - x < SUGGEST_WITHIN;
}

static const char *nearest_group(const struct docs *d, const char *text)
{
	const struct group *groups = d->groups.items;
	unsigned int best = SUGGEST_WITHIN;
	const char *found = NULL;

	/* What is past the report's length is not kept, and a suggestion for it is wasted. */
	if (weir_conf_errors(d->r) >= WEIR_CONF_MESSAGES_MAX)
		return NULL;
	for (uint32_t i = 0; i < d->groups.n; i++) {
		const char *name = weir_names_get(d->group_names, groups[i].name);
		unsigned int distance =
			near_in_length(text, name) ? weir_edit_distance(text, name) : best;

		if (distance < best && distance < strlen(name)) {
			best = distance;
			found = name;
		}
	}
	return found;
}

bool docs_unknown_group(struct docs *d, const struct weir_conf_node *n)
{
	const char *near = nearest_group(d, n->text);

	weir_conf_error(d->r, n->pos, "no Group '%s'%s%s%s", n->text,
			near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "");
	return false;
}

/* The group of an address or CIDR that stands in a rule: one for all rules that have it. */
static bool add_inline(struct docs *d, const struct weir_conf_node *n)
{
	char text[WEIR_PREFIX_TEXT];
	struct weir_prefix prefix;
	uint32_t group;

	if (!docs_read_prefix(d, n, &prefix))
		return false;
	weir_prefix_format(&prefix, text);
	group = docs_group_by_name(d, text);
	if (group == GROUP_ANY) {
		group = docs_add_group(d, text, n->pos);
		docs_add_member(d, group, &prefix);
		d->n_inline++;
	}
	return docs_add_number(d, &d->groups_of_rules, group);
}

/* "any", a group's name, or an address or CIDR. */
static bool read_one(struct docs *d, const struct weir_conf_node *n)
{
	uint32_t group;

	if (!weir_conf_expect(n, WEIR_CONF_SCALAR, "a group or CIDR", d->r))
		return false;
	if (strcmp(n->text, "any") == 0)
		return docs_add_number(d, &d->groups_of_rules, GROUP_ANY);
	if (docs_is_address(n->text) || strchr(n->text, '/'))
		return add_inline(d, n);
	group = docs_group_by_name(d, n->text);
	return group == GROUP_ANY ? docs_unknown_group(d, n)
				  : docs_add_number(d, &d->groups_of_rules, group);
}

bool docs_read_side(struct docs *d, const struct weir_conf_node *map, const char *key,
		    struct slice *out)
{
	const struct number_list how = {&d->groups_of_rules, read_one, "; 'any' is every address"};
	const struct weir_conf_node *list = weir_conf_get(map, key);
	const uint32_t *groups;

	if (!list) {
		*out = (struct slice){d->groups_of_rules.n, 1};
		return docs_add_number(d, &d->groups_of_rules, GROUP_ANY);
	}
	if (!docs_read_numbers(d, list, &how, out))
		return false;
	groups = d->groups_of_rules.items;
	if (groups[out->first] == GROUP_ANY) /* beside others it is any, too */
		out->n = 1;
	return true;
}
