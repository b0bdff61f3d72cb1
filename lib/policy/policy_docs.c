/* SPDX-License-Identifier: BSD-3-Clause */
/* Policy documents: kind, metadata, spec; groups first, since policies name them in any order. */
#include "policy_impl.h"

#include <stdlib.h>

void *array_add(struct array *a, size_t size)
{
	if (a->n == a->cap) {
		uint32_t cap = a->cap ? a->cap * 2 : 64;
		void *grown = realloc(a->items, cap * size);

		if (!grown)
			return NULL;
		a->items = grown;
		a->cap = cap;
	}
	return memset((char *)a->items + size * a->n++, 0, size);
}

void array_fini(struct array *a)
{
	free(a->items);
	*a = (struct array){0};
}

void docs_fini(struct docs *d)
{
	array_fini(&d->groups);
	array_fini(&d->group_of_name);
	array_fini(&d->members);
	array_fini(&d->rules);
	array_fini(&d->groups_of_rules);
	array_fini(&d->protos);
	array_fini(&d->ranges);
	array_fini(&d->policy_pos);
}

/* ---- groups ---- */

uint32_t docs_group_by_name(const struct docs *d, uint32_t name)
{
	return name < d->group_of_name.n ? ((const uint32_t *)d->group_of_name.items)[name]
					 : GROUP_ANY;
}

uint32_t docs_add_group(struct docs *d, uint32_t name, struct weir_conf_pos pos)
{
	struct group *g = array_add(&d->groups, sizeof(*g));

	while (g && d->group_of_name.n <= name)
		if (!array_add(&d->group_of_name, sizeof(uint32_t)))
			g = NULL;
	if (!g) {
		d->no_memory = true;
		return GROUP_ANY;
	}
	*g = (struct group){.name = name, .pos = pos};
	((uint32_t *)d->group_of_name.items)[name] = d->groups.n - 1;
	return d->groups.n - 1;
}

bool docs_add_member(struct docs *d, uint32_t group, const struct weir_conf_node *n)
{
	char text[WEIR_PREFIX_TEXT];
	struct weir_prefix prefix;
	struct member *m;
	int rc;

	if (!weir_conf_expect(n, WEIR_CONF_SCALAR, "a CIDR", d->r))
		return false;
	rc = weir_prefix_parse(n->text, &prefix);
	if (rc == -WEIR_EINVAL) {
		weir_conf_error(d->r, n->pos,
				"'%s' has bits set below its prefix, did you mean '%s'?", n->text,
				weir_prefix_format(&prefix, text));
		return false;
	}
	if (rc < 0) {
		weir_conf_error(d->r, n->pos,
				"'%s' is not an address or CIDR (10.0.0.0/8, 2001:db8::/32)",
				n->text);
		return false;
	}
	m = array_add(&d->members, sizeof(*m));
	if (m)
		*m = (struct member){.prefix = prefix, .group = group};
	else
		d->no_memory = true;
	return m != NULL;
}

static void read_group(struct docs *d, const struct weir_conf_node *root, uint32_t name,
		       const struct weir_conf_node *spec)
{
	static const char *const keys[] = {"cidrs", "description", NULL};
	uint32_t before = docs_group_by_name(d, name), group;
	const struct weir_conf_node *cidrs;

	weir_conf_known_keys(spec, keys, d->r);
	if (before != GROUP_ANY) {
		weir_conf_error(d->r, root->pos, "there is already a Group '%s' on line %u",
				weir_names_get(d->names, name),
				((const struct group *)d->groups.items)[before].pos.line);
		return;
	}
	if (strcmp(weir_names_get(d->names, name), "any") == 0) {
		weir_conf_error(d->r, root->pos, "'any' means every address and cannot be a Group");
		return;
	}
	group = docs_add_group(d, name, root->pos);
	cidrs = weir_conf_get(spec, "cidrs");
	if (!weir_conf_require(spec, "cidrs", d->r) ||
	    !weir_conf_expect(cidrs, WEIR_CONF_SEQUENCE, "cidrs", d->r))
		return;
	weir_conf_foreach(n, cidrs) docs_add_member(d, group, n);
}

/* ---- documents ---- */

enum kind { KIND_GROUP, KIND_ACCESS, KIND_EGRESS, KIND_DEFAULTS };
static const char *const kind_words[] = {"Group", "AccessPolicy", "EgressPolicy", "Defaults", NULL};

struct document {
	const struct weir_conf_node *root;
	const struct weir_conf_node *spec;
	uint32_t name;
	enum kind kind;
};

static bool read_name(struct docs *d, const struct weir_conf_node *root, uint32_t *out)
{
	static const char *const keys[] = {"name", "labels", "annotations", NULL};
	const struct weir_conf_node *meta = weir_conf_get(root, "metadata");
	const char *name = NULL;

	if (!weir_conf_require(root, "metadata", d->r) ||
	    !weir_conf_expect(meta, WEIR_CONF_MAPPING, "metadata", d->r))
		return false;
	weir_conf_known_keys(meta, keys, d->r);
	if (!weir_conf_require(meta, "name", d->r) || !weir_conf_str(meta, "name", &name, d->r))
		return false;
	if (!*name || strlen(name) > 253) {
		weir_conf_error(d->r, weir_conf_get(meta, "name")->pos,
				"a name has 1 to 253 characters");
		return false;
	}
	*out = weir_names_intern(d->names, name);
	return true;
}

static bool open_document(struct docs *d, const struct weir_conf_node *root, struct document *out)
{
	static const char *const keys[] = {"apiVersion", "kind", "metadata", "spec", NULL};
	static const struct weir_conf_node empty = {.kind = WEIR_CONF_MAPPING};
	unsigned int kind = 0;

	out->root = root;
	if (!weir_conf_expect(root, WEIR_CONF_MAPPING, "a policy document", d->r) ||
	    !weir_conf_require(root, "kind", d->r) ||
	    !weir_conf_word(root, "kind", kind_words, &kind, d->r))
		return false;
	out->kind = (enum kind)kind;
	weir_conf_known_keys(root, keys, d->r);
	if (!read_name(d, root, &out->name))
		return false;
	out->spec = weir_conf_get(root, "spec");
	if (!out->spec && out->kind == KIND_DEFAULTS)
		out->spec = &empty;
	return out->spec ? weir_conf_expect(out->spec, WEIR_CONF_MAPPING, "spec", d->r)
			 : weir_conf_require(root, "spec", d->r);
}

struct named_pos {
	uint32_t name;
	struct weir_conf_pos pos;
};

/* Names of policies are what events, counters and explain speak of: they must be unique. */
static void note_policy(struct docs *d, const struct document *doc)
{
	const struct named_pos *all = d->policy_pos.items;
	struct named_pos *n;

	for (uint32_t i = 0; i < d->policy_pos.n; i++)
		if (all[i].name == doc->name) {
			weir_conf_error(d->r, doc->root->pos,
					"there is already a policy '%s' on line %u",
					weir_names_get(d->names, doc->name), all[i].pos.line);
			return;
		}
	n = array_add(&d->policy_pos, sizeof(*n));
	if (n)
		*n = (struct named_pos){.name = doc->name, .pos = doc->root->pos};
	else
		d->no_memory = true;
	d->n_policies++;
}

static void read_document(struct docs *d, const struct document *doc, bool groups)
{
	if ((doc->kind == KIND_GROUP) != groups)
		return;
	d->n_documents++;
	switch (doc->kind) {
	case KIND_GROUP:
		read_group(d, doc->root, doc->name, doc->spec);
		break;
	case KIND_ACCESS:
		note_policy(d, doc);
		docs_read_access(d, doc->root, doc->name, doc->spec);
		break;
	case KIND_EGRESS:
		note_policy(d, doc);
		docs_read_egress(d, doc->root, doc->name, doc->spec);
		break;
	case KIND_DEFAULTS:
		break; /* read before all others */
	}
}

/* `doc` of all files, in order. */
static struct document *open_all(struct docs *d, const struct weir_conf_docs *const *files,
				 unsigned int n, uint32_t *count)
{
	struct array all = {0};

	for (unsigned int i = 0; i < n; i++)
		for (uint32_t k = 0; k < weir_conf_doc_count(files[i]); k++) {
			struct document doc = {0}, *slot;

			if (!open_document(d, weir_conf_doc(files[i], k), &doc))
				continue;
			slot = array_add(&all, sizeof(*slot));
			if (slot)
				*slot = doc;
			else
				d->no_memory = true;
		}
	*count = all.n;
	return all.items;
}

void docs_read(struct docs *d, const struct weir_conf_docs *const *files, unsigned int n)
{
	uint32_t count = 0;
	struct document *all = open_all(d, files, n, &count);

	d->defaults = policy_defaults_initial;
	docs_add_group(d, weir_names_intern(d->names, "any"), (struct weir_conf_pos){0});
	for (uint32_t i = 0; i < count; i++)
		if (all[i].kind == KIND_DEFAULTS)
			docs_read_defaults(d, all[i].root, all[i].spec);
	for (uint32_t i = 0; i < count; i++)
		read_document(d, &all[i], true);
	for (uint32_t i = 0; i < count; i++)
		read_document(d, &all[i], false);
	free(all);
}
