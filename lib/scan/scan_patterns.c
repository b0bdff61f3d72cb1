/* SPDX-License-Identifier: BSD-3-Clause */
/* Pattern files as Hyperscan's tools read them: `id:/expression/flags{parameters}`, a line each. */
#include "scan_impl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define LINE_MAX_BYTES 16384
#define RULES_MAX      100000

struct reading {
	struct scan_patterns *patterns;
	struct weir_conf_report *r;
	const char *path;
	uint32_t first; /* index of this file's first */
	uint32_t line;
	const char *text;
	bool good;
};

static void error_at(struct reading *g, const char *at, const char *text)
{
	struct weir_conf_pos pos = {g->path, g->line, (uint32_t)(at - g->text) + 1};

	weir_conf_error(g->r, pos, "%s", text);
	g->good = false;
}

/* ---- flags ---- */

/* C and Q are not taken: in a stream Hyperscan tells a combination only at a later match or the
 * end, which is too late to stop anything. V asks for patterns that match nothing at all: they
 * would match everywhere, and are refused. */
static const struct {
	char letter;
	unsigned int flag;
} flags[] = {
	{'i', HS_FLAG_CASELESS},
	{'s', HS_FLAG_DOTALL},
	{'m', HS_FLAG_MULTILINE},
	{'H', HS_FLAG_SINGLEMATCH},
	{'V', 0},
	{'8', HS_FLAG_UTF8},
	{'W', HS_FLAG_UCP},
	{'P', HS_FLAG_PREFILTER},
	{'L', HS_FLAG_SOM_LEFTMOST},
};

static bool take_flag(struct scan_pattern *p, char letter)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(flags); i++)
		if (flags[i].letter == letter) {
			p->flags |= flags[i].flag;
			return true;
		}
	return false;
}

/* ---- {name=value,…} ---- */

static const struct {
	const char *name;
	unsigned long long flag;
	size_t offset;
	bool wide;
} parameters[] = {
	{"min_offset", HS_EXT_FLAG_MIN_OFFSET, offsetof(hs_expr_ext_t, min_offset), true},
	{"max_offset", HS_EXT_FLAG_MAX_OFFSET, offsetof(hs_expr_ext_t, max_offset), true},
	{"min_length", HS_EXT_FLAG_MIN_LENGTH, offsetof(hs_expr_ext_t, min_length), true},
	{"edit_distance", HS_EXT_FLAG_EDIT_DISTANCE, offsetof(hs_expr_ext_t, edit_distance), false},
	{"hamming_distance", HS_EXT_FLAG_HAMMING_DISTANCE,
	 offsetof(hs_expr_ext_t, hamming_distance), false},
};

static void set_parameter(struct scan_pattern *p, size_t i, unsigned long long value)
{
	uint8_t *at = (uint8_t *)&p->ext + parameters[i].offset;
	unsigned int narrow = (unsigned int)value;

	p->ext.flags |= parameters[i].flag;
	if (parameters[i].wide)
		memcpy(at, &value, sizeof(value));
	else
		memcpy(at, &narrow, sizeof(narrow));
}

/* `at` stands after the brace; returns where it stands after the closing one, NULL: reported. */
static const char *read_parameters(struct reading *g, struct scan_pattern *p, const char *at)
{
	while (*at != '}') {
		size_t len = strcspn(at, "=,}"), i;
		char *end;
		unsigned long long value;

		for (i = 0; i < WEIR_ARRAY_LEN(parameters); i++)
			if (strlen(parameters[i].name) == len &&
			    memcmp(parameters[i].name, at, len) == 0)
				break;
		if (i == WEIR_ARRAY_LEN(parameters) || at[len] != '=') {
			error_at(g, at,
				 "a parameter is min_offset=, max_offset=, min_length=, "
				 "edit_distance= or hamming_distance=");
			return NULL;
		}
		errno = 0;
		value = strtoull(at + len + 1, &end, 10);
		if (end == at + len + 1 || errno || at[len + 1] == '-') {
			error_at(g, at + len + 1, "a number must stand here");
			return NULL;
		}
		set_parameter(p, i, value);
		at = end;
		while (*at == ',' || *at == ' ')
			at++;
		if (!*at) {
			error_at(g, at, "'}' is missing");
			return NULL;
		}
	}
	return at + 1;
}

/* ---- a line ---- */

static const char *read_id(struct reading *g, struct scan_pattern *p)
{
	char *end;
	unsigned long id;

	errno = 0;
	id = strtoul(g->text, &end, 10);
	if (end == g->text || *end != ':' || errno || id > UINT32_MAX || *g->text == '-' ||
	    *g->text == '+') {
		error_at(g, g->text, "a line is id:/expression/flags");
		return NULL;
	}
	p->rule.id = (uint32_t)id;
	return end + 1;
}

static bool read_expression(struct reading *g, struct scan_pattern *p, const char *at)
{
	const char *end = strrchr(at, '/'), *brace;

	if (*at != '/' || end == at) {
		error_at(g, at, "the expression must stand between slashes");
		return false;
	}
	if (end == at + 1) {
		error_at(g, at + 1, "the expression is empty");
		return false;
	}
	p->column = (uint32_t)(at - g->text) + 2;
	p->expression = strndup(at + 1, (size_t)(end - at) - 1);
	for (at = end + 1; *at && *at != '{'; at++)
		if (*at != ' ' && !take_flag(p, *at)) {
			error_at(g, at, "flags are of i s m H V 8 W P L");
			return false;
		}
	brace = at;
	if (*brace == '{' && !(at = read_parameters(g, p, brace + 1)))
		return false;
	while (*at == ' ')
		at++;
	if (*at) {
		error_at(g, at, "nothing may follow the flags");
		return false;
	}
	return true;
}

static struct scan_pattern *add(struct scan_patterns *p)
{
	if (p->n == p->room) {
		uint32_t room = p->room ? 2 * p->room : 64;
		struct scan_pattern *at = realloc(p->at, room * sizeof(*at));

		if (!at)
			return NULL;
		p->at = at;
		p->room = room;
	}
	memset(&p->at[p->n], 0, sizeof(p->at[0]));
	return &p->at[p->n++];
}

struct scan_pattern *scan_find(struct scan_patterns *p, uint32_t first, uint32_t id)
{
	for (uint32_t i = first; i < p->n; i++)
		if (p->at[i].rule.id == id)
			return &p->at[i];
	return NULL;
}

static void report_twice(struct reading *g, const struct scan_pattern *before)
{
	struct weir_conf_pos pos = {g->path, g->line, 1};

	weir_conf_error(g->r, pos, "id %u stands already in %s on line %u", before->rule.id,
			before->file, before->line);
	g->good = false;
}

static void read_line(struct reading *g)
{
	struct scan_pattern *p = add(g->patterns), *before;
	const char *at;

	if (!p || g->patterns->n > RULES_MAX) {
		error_at(g, g->text, p ? "more than 100000 patterns" : "out of memory");
		return;
	}
	p->rule = (struct weir_scan_rule){
		.severity = WEIR_SCAN_HIGH,
		.action = WEIR_SCAN_ALERT,
		.directions = WEIR_SCAN_TO_SERVER | WEIR_SCAN_TO_CLIENT,
	};
	p->file = strdup(g->path);
	p->line = g->line;
	at = read_id(g, p);
	if (!at || !read_expression(g, p, at))
		return;
	before = scan_find(g->patterns, 0, p->rule.id);
	if (before != p)
		report_twice(g, before);
	/* Told once a stream; a start of match cannot be asked for so. */
	if (!(p->flags & HS_FLAG_SOM_LEFTMOST))
		p->flags |= HS_FLAG_SINGLEMATCH;
}

static void read_lines(struct reading *g, FILE *f)
{
	char text[LINE_MAX_BYTES];

	g->text = text;
	while (fgets(text, sizeof(text), f)) {
		size_t len = strlen(text);

		g->line++;
		if (len == sizeof(text) - 1 && text[len - 1] != '\n') {
			error_at(g, text, "the line is longer than 16 KiB");
			return;
		}
		while (len && (text[len - 1] == '\n' || text[len - 1] == '\r'))
			text[--len] = 0;
		if (len && text[0] != '#')
			read_line(g);
	}
}

bool scan_read_patterns(struct scan_patterns *p, const char *path, struct weir_conf_report *r)
{
	struct reading g = {.patterns = p, .r = r, .path = path, .first = p->n, .good = true};
	struct weir_conf_pos whole = {.file = path};
	FILE *f = fopen(path, "r");

	if (!f) {
		weir_conf_error(r, whole, "cannot be read: %s", strerror(errno));
		return false;
	}
	read_lines(&g, f);
	if (ferror(f)) {
		weir_conf_error(r, whole, "cannot be read: %s", strerror(errno));
		g.good = false;
	}
	fclose(f);
	return g.good;
}

void scan_patterns_fini(struct scan_patterns *p)
{
	for (uint32_t i = 0; i < p->n; i++) {
		free(p->at[i].expression);
		free(p->at[i].file);
	}
	free(p->at);
	*p = (struct scan_patterns){0};
}
