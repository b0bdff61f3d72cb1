/* SPDX-License-Identifier: BSD-3-Clause */
/* Policy documents: kind, metadata, spec; groups first, since policies name them in any order. */
#include "policy_impl.h"

#include <ctype.h>
#include <stdlib.h>

#define NAME_MAX_BYTES 253

bool docs_init(struct docs *d, struct weir_names *names, struct weir_conf_report *r)
{
	d->names = names;
	d->r = r;
	d->defaults = policy_defaults_initial;
	d->group_names = weir_names_create();
	d->patterns = weir_names_create();
	if (d->group_names)
		docs_add_group(d, "any", (struct weir_conf_pos){0});
	return d->group_names && d->patterns && !d->no_memory;
}

void docs_fini(struct docs *d)
{
	weir_names_destroy(d->group_names);
	weir_names_destroy(d->patterns);
	array_fini(&d->groups);
	array_fini(&d->group_of_name);
	array_fini(&d->members);
	array_fini(&d->rules);
	array_fini(&d->groups_of_rules);
	array_fini(&d->protos);
	array_fini(&d->ranges);
	array_fini(&d->shapes);
	array_fini(&d->keys);
	array_fini(&d->bypasses);
	array_fini(&d->policies);
	array_fini(&d->policy_of_name);
	array_fini(&d->rule_names);
	array_fini(&d->services);
	array_fini(&d->service_of_name);
	array_fini(&d->bindings);
	docs_free_threats(d);
	docs_free_tls(d);
	docs_free_texts(d);
}

/* ---- groups ---- */

uint32_t docs_group_by_name(const struct docs *d, const char *name)
{
	uint32_t id = weir_names_intern(d->group_names, name);

	return id < d->group_of_name.n ? ((const uint32_t *)d->group_of_name.items)[id] : GROUP_ANY;
}

uint32_t docs_add_group(struct docs *d, const char *name, struct weir_conf_pos pos)
{
	uint32_t id = weir_names_intern(d->group_names, name);
	uint32_t *number = array_at(&d->group_of_name, id);
	struct group *g = array_add(&d->groups, sizeof(*g));

	if (!id || !number || !g) {
		d->no_memory = true;
		return GROUP_ANY;
	}
	*g = (struct group){.name = id, .pos = pos};
	*number = d->groups.n - 1;
	return *number;
}

bool docs_read_each(struct docs *d, const struct weir_conf_node *n, docs_read_fn *read,
		    const char *empty)
{
	bool good = true;

	if (n->kind != WEIR_CONF_SEQUENCE)
		return read(d, n);
	weir_conf_foreach (m, n)
		good = read(d, m) && good;
	if (!n->count)
		weir_conf_error(d->r, n->pos, "%s is empty%s", n->key, empty);
	return good && n->count;
}

bool docs_add_number(struct docs *d, struct array *to, uint32_t number)
{
	uint32_t *slot = array_add(to, sizeof(*slot));

	if (slot)
		*slot = number;
	else
		d->no_memory = true;
	return slot != NULL;
}

bool docs_read_numbers(struct docs *d, const struct weir_conf_node *n,
		       const struct number_list *how, struct slice *out)
{
	bool good;

	out->first = how->to->n;
	good = docs_read_each(d, n, how->read, how->empty);
	array_tidy(how->to, out->first);
	out->n = how->to->n - out->first;
	return good;
}

bool docs_is_address(const char *text)
{
	struct weir_prefix p;

	return weir_prefix_parse(text, &p) != -WEIR_EFORMAT;
}

bool docs_read_prefix(struct docs *d, const struct weir_conf_node *n, struct weir_prefix *out)
{
	char text[WEIR_PREFIX_TEXT];
	int rc;

	if (!weir_conf_expect(n, WEIR_CONF_SCALAR, "a CIDR", d->r))
		return false;
	rc = weir_prefix_parse(n->text, out);
	if (rc == -WEIR_EINVAL)
		weir_conf_error(d->r, n->pos,
				"'%s' has bits set below its prefix, did you mean '%s'?", n->text,
				weir_prefix_format(out, text));
	else if (rc < 0)
		weir_conf_error(d->r, n->pos,
				"'%s' is not an address or CIDR (10.0.0.0/8, 2001:db8::/32)",
				n->text);
	return rc == 0;
}

void docs_add_member(struct docs *d, uint32_t group, const struct weir_prefix *prefix)
{
	struct member *m = array_add(&d->members, sizeof(*m));

	if (m)
		*m = (struct member){.prefix = *prefix, .group = group};
	else
		d->no_memory = true;
}

static void read_cidrs(struct docs *d, const struct weir_conf_node *spec, uint32_t group)
{
	const struct weir_conf_node *cidrs = weir_conf_get(spec, "cidrs");
	struct weir_prefix prefix;

	if (!weir_conf_require(spec, "cidrs", d->r) ||
	    !weir_conf_expect(cidrs, WEIR_CONF_SEQUENCE, "cidrs", d->r))
		return;
	if (!cidrs->count)
		weir_conf_error(d->r, cidrs->pos, "cidrs is empty: nobody would be in the Group");
	weir_conf_foreach (n, cidrs) {
		if (docs_read_prefix(d, n, &prefix))
			docs_add_member(d, group, &prefix);
	}
}

static void read_group(struct docs *d, const char *name, struct weir_conf_pos pos,
		       const struct weir_conf_node *spec)
{
	static const char *const keys[] = {"cidrs", "description", NULL};
	uint32_t before = docs_group_by_name(d, name);
	const struct group *first = (const struct group *)d->groups.items + before;

	weir_conf_known_keys(spec, keys, d->r);
	if (strcmp(name, "any") == 0)
		weir_conf_error(d->r, pos, "'any' means every address and cannot be a Group");
	else if (docs_is_address(name))
		weir_conf_error(d->r, pos, "a Group's name cannot be an address");
	else if (before != GROUP_ANY)
		weir_conf_error(d->r, pos, "there is already a Group '%s' at %s:%u:%u", name,
				first->pos.file, first->pos.line, first->pos.column);
	else
		read_cidrs(d, spec, docs_add_group(d, name, pos));
}

/* ---- documents ---- */

enum kind { KIND_GROUP, KIND_ACCESS, KIND_EGRESS, KIND_SERVICE, KIND_THREAT, KIND_DEFAULTS, KINDS };
static const char *const kind_words[] = {
	"Group", "AccessPolicy", "EgressPolicy", "Service", "ThreatPolicy", "Defaults", NULL};

struct document {
	const struct weir_conf_node *spec;
	const char *name;         /* "" for Defaults without one */
	struct weir_conf_pos pos; /* of the name */
	enum kind kind;
};

/* As Kubernetes has them: so a name can be a command's argument, a label, a file's name. */
static bool is_name(const char *text)
{
	size_t len = strlen(text);

	if (len == 0 || len > NAME_MAX_BYTES || !isalnum((unsigned char)text[0]) ||
	    !isalnum((unsigned char)text[len - 1]))
		return false;
	for (; *text; text++)
		if (!isalnum((unsigned char)*text) && !strchr("._-", *text))
			return false;
	return true;
}

static bool read_name(struct docs *d, const struct weir_conf_node *root, struct document *out)
{
	static const char *const keys[] = {"name", "labels", "annotations", NULL};
	const struct weir_conf_node *meta = weir_conf_get(root, "metadata");

	if (!meta && out->kind == KIND_DEFAULTS)
		return true;
	if (!weir_conf_require(root, "metadata", d->r) ||
	    !weir_conf_expect(meta, WEIR_CONF_MAPPING, "metadata", d->r))
		return false;
	weir_conf_known_keys(meta, keys, d->r);
	if (!weir_conf_require(meta, "name", d->r) ||
	    !weir_conf_str(meta, "name", &out->name, d->r))
		return false;
	out->pos = weir_conf_get(meta, "name")->pos;
	if (is_name(out->name))
		return true;
	weir_conf_error(d->r, out->pos,
			"a name is up to 253 letters, digits, '-', '_' and '.', with a letter or "
			"digit at both ends");
	return false;
}

static bool open_document(struct docs *d, const struct weir_conf_node *root, struct document *out)
{
	static const char *const keys[] = {"apiVersion", "kind", "metadata", "spec", NULL};
	static const char *const versions[] = {"weir/v1", NULL};
	static const struct weir_conf_node empty = {.kind = WEIR_CONF_MAPPING};
	unsigned int kind = 0, version = 0;

	if (!weir_conf_expect(root, WEIR_CONF_MAPPING, "a policy document", d->r) ||
	    !weir_conf_require(root, "kind", d->r) ||
	    !weir_conf_word(root, "kind", kind_words, &kind, d->r))
		return false;
	*out = (struct document){.name = "", .pos = root->pos, .kind = (enum kind)kind};
	weir_conf_known_keys(root, keys, d->r);
	weir_conf_word(root, "apiVersion", versions, &version, d->r);
	if (!read_name(d, root, out))
		return false;
	out->spec = weir_conf_get(root, "spec");
	if (!out->spec && out->kind == KIND_DEFAULTS)
		out->spec = &empty;
	return out->spec ? weir_conf_expect(out->spec, WEIR_CONF_MAPPING, "spec", d->r)
			 : weir_conf_require(root, "spec", d->r);
}

/*
 * Names of policies are what events, counters and explain speak of, so they must be unique.
 * Returns the interned name, 0 when it cannot be used.
 */
static uint32_t add_policy(struct docs *d, const struct document *doc)
{
	uint32_t id = weir_names_intern(d->names, doc->name);
	uint32_t *number = array_at(&d->policy_of_name, id);
	struct weir_conf_pos *pos;

	if (strcmp(doc->name, "default") == 0) {
		weir_conf_error(d->r, doc->pos,
				"'default' stands for what no policy decides and cannot be one");
		return 0;
	}
	if (number && *number) {
		pos = (struct weir_conf_pos *)d->policies.items + *number - 1;
		weir_conf_error(d->r, doc->pos, "there is already a policy '%s' at %s:%u:%u",
				doc->name, pos->file, pos->line, pos->column);
		return 0;
	}
	pos = array_add(&d->policies, sizeof(*pos));
	if (!id || !number || !pos) {
		d->no_memory = true;
		return 0;
	}
	*pos = doc->pos;
	*number = d->policies.n;
	return id;
}

static void read_document(struct docs *d, const struct document *doc)
{
	uint32_t name;

	switch (doc->kind) {
	case KIND_DEFAULTS:
		docs_read_defaults(d, doc->pos, doc->spec);
		break;
	case KIND_GROUP:
		read_group(d, doc->name, doc->pos, doc->spec);
		break;
	case KIND_ACCESS:
		name = add_policy(d, doc);
		if (name)
			docs_read_access(d, name, doc->spec);
		break;
	case KIND_EGRESS:
		name = add_policy(d, doc);
		if (name)
			docs_read_egress(d, name, doc->spec);
		break;
	case KIND_SERVICE:
		docs_read_service(d, doc->name, doc->pos, doc->spec);
		break;
	case KIND_THREAT:
		name = add_policy(d, doc);
		if (name)
			docs_read_threat(d, name, doc->pos, doc->spec);
		break;
	case KINDS:
		break;
	}
}

static void open_file(struct docs *d, const struct weir_conf_docs *file, struct array *all)
{
	for (uint32_t i = 0; i < weir_conf_doc_count(file); i++) {
		struct document doc, *slot;

		if (!open_document(d, weir_conf_doc(file, i), &doc))
			continue;
		slot = array_add(all, sizeof(*slot));
		if (slot)
			*slot = doc;
		else
			d->no_memory = true;
	}
}

/* Defaults first, since policies inherit from them; then groups, since policies name them, and
 * services before what protects them. */
void docs_read(struct docs *d, const struct weir_conf_docs *const *files, unsigned int n)
{
	static const bool turn[][KINDS] = {
		{[KIND_DEFAULTS] = true},
		{[KIND_GROUP] = true},
		{[KIND_ACCESS] = true, [KIND_EGRESS] = true, [KIND_SERVICE] = true},
		{[KIND_THREAT] = true},
	};
	struct array all = {0};

	for (unsigned int i = 0; i < n; i++)
		open_file(d, files[i], &all);
	for (size_t t = 0; t < WEIR_ARRAY_LEN(turn); t++)
		for (uint32_t i = 0; i < all.n; i++) {
			const struct document *doc = (const struct document *)all.items + i;

			if (turn[t][doc->kind])
				read_document(d, doc);
		}
	array_fini(&all);
	docs_assign_threats(d);
}
