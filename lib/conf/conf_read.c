/* SPDX-License-Identifier: BSD-3-Clause */
/* Typed readers over a tree: each says what is wrong at its place, and suggests what was meant. */
#include "conf_impl.h"

#include <ctype.h>

#define SUGGEST_WITHIN 3

const struct weir_conf_node *weir_conf_get(const struct weir_conf_node *map, const char *key)
{
	if (!map || map->kind != WEIR_CONF_MAPPING)
		return NULL;
	weir_conf_foreach (m, map) {
		if (strcmp(m->key, key) == 0)
			return m;
	}
	return NULL;
}

bool weir_conf_is_null(const struct weir_conf_node *n)
{
	static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};

	if (n->kind != WEIR_CONF_SCALAR || n->quoted)
		return false;
	for (size_t i = 0; i < WEIR_ARRAY_LEN(nulls); i++)
		if (strcmp(n->text, nulls[i]) == 0)
			return true;
	return false;
}

static const char *kind_name(enum weir_conf_kind kind)
{
	static const char *const names[] = {"a value", "a list", "a mapping"};

	return names[kind];
}

bool weir_conf_expect(const struct weir_conf_node *n, enum weir_conf_kind kind, const char *what,
		      struct weir_conf_report *r)
{
	if (weir_conf_is_null(n)) {
		weir_conf_error(r, n->pos, "%s is empty: it must be %s", what, kind_name(kind));
		return false;
	}
	if (n->kind == kind)
		return true;
	weir_conf_error(r, n->pos, "%s must be %s, not %s", what, kind_name(kind),
			kind_name(n->kind));
	return false;
}

/* Up to half of a short word may be wrong: "mut" for "mtu", but not "foo" for "mtu". */
static bool near_enough(unsigned int distance, const char *word)
{
	return distance <= SUGGEST_WITHIN && distance <= (strlen(word) + 1) / 2;
}

const char *conf_nearest(const char *text, const char *const *words)
{
	unsigned int best = SUGGEST_WITHIN + 1;
	const char *found = NULL;

	for (; *words; words++) {
		unsigned int d = weir_edit_distance(text, *words);

		if (strcasecmp(text, *words) == 0)
			return *words;
		if (d < best && near_enough(d, *words)) {
			best = d;
			found = *words;
		}
	}
	return found;
}

bool weir_conf_known_keys(const struct weir_conf_node *map, const char *const *keys,
			  struct weir_conf_report *r)
{
	bool good = true;

	weir_conf_foreach (m, map) {
		const char *const *k = keys;
		const char *near;

		while (*k && strcmp(*k, m->key) != 0)
			k++;
		if (*k)
			continue;
		near = conf_nearest(m->key, keys);
		weir_conf_error(r, m->key_pos, "unknown key '%s'%s%s%s", m->key,
				near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "");
		good = false;
	}
	return good;
}

bool weir_conf_require(const struct weir_conf_node *map, const char *key,
		       struct weir_conf_report *r)
{
	const struct weir_conf_node *n = weir_conf_get(map, key);

	if (n && !weir_conf_is_null(n))
		return true;
	weir_conf_error(r, n ? n->pos : map->pos, n ? "'%s' is empty" : "'%s' is missing", key);
	return false;
}

/* The scalar at `key`; NULL when absent (*good stays) or wrong (*good falls). */
static const struct weir_conf_node *scalar(const struct weir_conf_node *map, const char *key,
					   bool *good, struct weir_conf_report *r)
{
	const struct weir_conf_node *n = weir_conf_get(map, key);

	if (!n)
		return NULL;
	if (weir_conf_expect(n, WEIR_CONF_SCALAR, key, r))
		return n;
	*good = false;
	return NULL;
}

bool weir_conf_str(const struct weir_conf_node *map, const char *key, const char **out,
		   struct weir_conf_report *r)
{
	bool good = true;
	const struct weir_conf_node *n = scalar(map, key, &good, r);

	if (n)
		*out = n->text;
	return good;
}

bool weir_conf_bool(const struct weir_conf_node *map, const char *key, bool *out,
		    struct weir_conf_report *r)
{
	static const char *const words[] = {
		"false", "true", "no", "yes",   "off",  "on", "False", "True", "No",
		"Yes",   "Off",  "On", "FALSE", "TRUE", "NO", "YES",   "OFF",  "ON",
	};
	bool good = true;
	const struct weir_conf_node *n = scalar(map, key, &good, r);

	if (!n)
		return good;
	for (size_t i = 0; i < WEIR_ARRAY_LEN(words); i++)
		if (strcmp(n->text, words[i]) == 0 && !n->quoted) {
			*out = i % 2;
			return true;
		}
	weir_conf_error(r, n->pos, "%s must be true or false%s, not '%s'", key,
			n->quoted ? " without quotes" : "", n->text);
	return false;
}

/* ---- words ---- */

static void list_words(const char *const *words, struct weir_buf *out)
{
	for (size_t i = 0; words[i]; i++)
		weir_buf_printf(out, "%s%s", i == 0 ? "" : words[i + 1] ? ", " : " or ", words[i]);
}

bool weir_conf_node_word(const struct weir_conf_node *n, const char *const *words,
			 unsigned int *out, struct weir_conf_report *r)
{
	const char *what = n->key ? n->key : "this", *near;
	struct weir_buf list = {0};

	if (!weir_conf_expect(n, WEIR_CONF_SCALAR, what, r))
		return false;
	for (unsigned int i = 0; words[i]; i++)
		if (strcmp(n->text, words[i]) == 0) {
			*out = i;
			return true;
		}
	near = conf_nearest(n->text, words);
	list_words(words, &list);
	if (near)
		weir_conf_error(r, n->pos, "%s cannot be '%s', did you mean '%s'?", what, n->text,
				near);
	else
		weir_conf_error(r, n->pos, "%s cannot be '%s': it is %s", what, n->text,
				list.ptr ? list.ptr : "something else");
	weir_buf_fini(&list);
	return false;
}

bool weir_conf_word(const struct weir_conf_node *map, const char *key, const char *const *words,
		    unsigned int *out, struct weir_conf_report *r)
{
	const struct weir_conf_node *n = weir_conf_get(map, key);

	return !n || weir_conf_node_word(n, words, out, r);
}

/* ---- what the appliance's parts have in common ---- */

bool conf_is_auto(const struct weir_conf_node *n)
{
	return n && n->kind == WEIR_CONF_SCALAR && !n->quoted && strcmp(n->text, "auto") == 0;
}

bool conf_has_control(const char *text)
{
	for (; *text; text++)
		if (iscntrl((unsigned char)*text))
			return true;
	return false;
}

static bool good_name(const char *name)
{
	size_t len = strlen(name);

	for (const char *p = name; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("_.-", *p))
			return false;
	return len > 0 && len <= WEIR_CONF_NAME_MAX;
}

bool conf_take_name(struct conf_reading *g, const struct weir_conf_node *map,
		    char out[WEIR_CONF_NAME_MAX + 1])
{
	const char *name = NULL;

	if (!weir_conf_require(map, "name", g->report) ||
	    !weir_conf_str(map, "name", &name, g->report))
		return false;
	if (!good_name(name)) {
		weir_conf_error(g->report, weir_conf_get(map, "name")->pos,
				"'%s' is no name: 1 to %d letters, digits, '_', '.' and '-'", name,
				WEIR_CONF_NAME_MAX);
		return false;
	}
	strcpy(out, name);
	return true;
}

const struct weir_conf_node *conf_take_list(struct conf_reading *g,
					    const struct weir_conf_node *map, const char *key,
					    bool required)
{
	const struct weir_conf_node *n = weir_conf_get(map, key);

	if (required && !weir_conf_require(map, key, g->report))
		return NULL;
	if (!n || !weir_conf_expect(n, WEIR_CONF_SEQUENCE, key, g->report))
		return NULL;
	return n;
}
