/* SPDX-License-Identifier: BSD-3-Clause */
/* Pattern files as Hyperscan's tools read them: `id:/expression/flags{parameters}`, a line each. */
#include "scan_impl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define FILE_MAX_BYTES (64 << 20)
#define LINE_MAX_BYTES 16384
#define RULES_MAX      100000

struct reading {
	struct scan_patterns *patterns;
	struct weir_conf_report *r;
	const char *path; /* owned by `patterns` */
	uint32_t line;
	const char *text; /* of the line */
};

static struct weir_conf_pos place(const struct reading *g, const char *at)
{
	return (struct weir_conf_pos){g->path, g->line, (uint32_t)(at - g->text) + 1};
}

static void error_at(const struct reading *g, const char *at, const char *text)
{
	weir_conf_error(g->r, place(g, at), "%s", text);
}

/* ---- flags ---- */

/*
 * V asks for patterns that can match nothing at all: they would match everywhere, and are refused.
 * O tells Hyperscan's tests that matches must come in order. The words tell what a flag does to a
 * stream of bytes from anybody.
 */
static const struct {
	char letter;
	unsigned int flag;
	const char *warning, *error;
} flags[] = {
	{'i', HS_FLAG_CASELESS, NULL, NULL},
	{'s', HS_FLAG_DOTALL, NULL, NULL},
	{'m', HS_FLAG_MULTILINE, NULL, NULL},
	{'H', HS_FLAG_SINGLEMATCH, NULL, NULL},
	{'V', 0, NULL, NULL},
	{'O', 0, NULL, NULL},
	{'8', HS_FLAG_UTF8, "flag 8: what is found in bytes that are not UTF-8 is undefined", NULL},
	{'W', HS_FLAG_UCP, NULL, NULL},
	{'P', HS_FLAG_PREFILTER, "flag P: it may match more than the expression says", NULL},
	{'L', HS_FLAG_SOM_LEFTMOST, NULL, NULL},
	{'C', 0, NULL,
	 "flag C: Hyperscan tells a stream's combination only with a later match, when its bytes "
	 "have gone on"},
	{'Q', 0, NULL, "flag Q: a pattern that is never told is for combinations alone"},
};

static bool take_flag(const struct reading *g, struct scan_pattern *p, const char *at)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(flags); i++) {
		if (flags[i].letter != *at)
			continue;
		p->flags |= flags[i].flag;
		if (flags[i].warning)
			weir_conf_warning(g->r, place(g, at), "%s", flags[i].warning);
		if (flags[i].error)
			error_at(g, at, flags[i].error);
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

static size_t find_parameter(const char *name, size_t len)
{
	size_t i = 0;

	while (i < WEIR_ARRAY_LEN(parameters) &&
	       (strlen(parameters[i].name) != len || memcmp(parameters[i].name, name, len) != 0))
		i++;
	return i;
}

/* `at` stands before a name; returns where it stands after the number, NULL: reported. */
static const char *read_parameter(const struct reading *g, struct scan_pattern *p, const char *at)
{
	size_t len = strcspn(at, "=,}"), i = find_parameter(at, len);
	unsigned long long value;
	char *end;

	if (i == WEIR_ARRAY_LEN(parameters) || at[len] != '=') {
		error_at(g, at,
			 "a parameter is min_offset=, max_offset=, min_length=, edit_distance= or "
			 "hamming_distance=");
		return NULL;
	}
	at += len + 1;
	errno = 0;
	value = strtoull(at, &end, 10);
	if (*at < '0' || *at > '9' || errno || (!parameters[i].wide && value > UINT32_MAX)) {
		error_at(g, at, "a number must stand here");
		return NULL;
	}
	set_parameter(p, i, value);
	return end;
}

/* `at` stands after the brace; returns where it stands after the closing one, NULL: reported. */
static const char *read_parameters(const struct reading *g, struct scan_pattern *p, const char *at)
{
	while (*at != '}') {
		at = read_parameter(g, p, at);
		if (!at)
			return NULL;
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

/* Returns where it stands after the colon, NULL: reported. */
static const char *read_id(const struct reading *g, struct scan_pattern *p)
{
	unsigned long id;
	char *end;

	errno = 0;
	id = strtoul(g->text, &end, 10);
	if (*g->text < '0' || *g->text > '9' || *end != ':' || errno || id > UINT32_MAX) {
		error_at(g, g->text, "a line is id:/expression/flags");
		return NULL;
	}
	p->rule.id = (uint32_t)id;
	return end + 1;
}

static void read_flags(const struct reading *g, struct scan_pattern *p, const char *at)
{
	for (; *at && *at != '{'; at++)
		if (*at != ' ' && !take_flag(g, p, at)) {
			error_at(g, at, "flags are of i s m H V O 8 W P L");
			return;
		}
	if (*at == '{')
		at = read_parameters(g, p, at + 1);
	while (at && *at == ' ')
		at++;
	if (at && *at)
		error_at(g, at, "nothing may follow the flags");
}

static void read_expression(const struct reading *g, struct scan_pattern *p, const char *at)
{
	const char *end = strrchr(at, '/');

	if (*at != '/' || end == at) {
		error_at(g, at, "the expression must stand between slashes");
		return;
	}
	if (end == at + 1) {
		error_at(g, at + 1, "the expression is empty");
		return;
	}
	p->column = (uint32_t)(at - g->text) + 2;
	p->rule.expression = strndup(at + 1, (size_t)(end - at) - 1);
	if (!p->rule.expression)
		error_at(g, at, "out of memory");
	read_flags(g, p, end + 1);
}

static void take_id(const struct reading *g, struct scan_pattern *p)
{
	const struct scan_pattern *before = scan_find(g->patterns, p->rule.id);

	if (before)
		weir_conf_error(g->r, place(g, g->text), "id %u stands already in %s on line %u",
				p->rule.id, before->file, before->line);
	if (!scan_remember(g->patterns, (uint32_t)(p - g->patterns->at)))
		error_at(g, g->text, "out of memory");
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

/* False: there can be no more. */
static bool read_line(const struct reading *g)
{
	struct scan_pattern *p = g->patterns->n < RULES_MAX ? add(g->patterns) : NULL;
	const char *at;

	if (!p) {
		error_at(g, g->text,
			 g->patterns->n < RULES_MAX ? "out of memory"
						    : "more than 100000 patterns");
		return false;
	}
	p->file = g->path;
	p->line = g->line;
	at = read_id(g, p);
	if (!at)
		return true;
	take_id(g, p);
	read_expression(g, p, at);
	/* Told once a stream; where a match begins cannot be asked for so. */
	if (!(p->flags & HS_FLAG_SOM_LEFTMOST))
		p->flags |= HS_FLAG_SINGLEMATCH;
	return true;
}

/* ---- a file ---- */

/* Without what ends the line, and what Hyperscan's tools leave out there, too; -1: reported. */
static ssize_t trim(const struct reading *g, char *text, ssize_t len)
{
	if (len > LINE_MAX_BYTES) {
		error_at(g, text, "the line is longer than 16 KiB");
		return -1;
	}
	if (memchr(text, 0, (size_t)len)) {
		error_at(g, text + strlen(text), "a zero byte; write \\x00");
		return -1;
	}
	while (len && strchr("\n\r\t ", text[len - 1]))
		text[--len] = 0;
	return len;
}

static void read_lines(struct reading *g, FILE *f)
{
	char *text = NULL;
	size_t room = 0;
	ssize_t len;
	bool more = true;

	while (more && (len = getline(&text, &room, f)) >= 0) {
		g->line++;
		g->text = text;
		len = trim(g, text, len);
		if (len > 0 && text[0] != '#')
			more = read_line(g);
	}
	free(text);
	if (more && !feof(f))
		weir_conf_error(g->r, (struct weir_conf_pos){.file = g->path}, "cannot be read: %s",
				strerror(errno));
}

static const char *keep_name(struct scan_patterns *p, const char *path)
{
	char **file = realloc(p->file, (p->n_files + 1) * sizeof(*file));
	char *name = file ? strdup(path) : NULL;

	if (file)
		p->file = file;
	if (name)
		p->file[p->n_files++] = name;
	return name;
}

/* NULL: reported. What is not a file could keep us waiting. */
static FILE *open_file(const char *path, struct weir_conf_report *r)
{
	struct weir_conf_pos whole = {.file = path};
	struct stat st;
	FILE *f = NULL;

	if (stat(path, &st) == 0) {
		if (!S_ISREG(st.st_mode) || st.st_size > FILE_MAX_BYTES) {
			weir_conf_error(r, whole, "is %s",
					S_ISREG(st.st_mode) ? "larger than 64 MiB" : "not a file");
			return NULL;
		}
		f = fopen(path, "re");
	}
	if (!f)
		weir_conf_error(r, whole, "cannot be read: %s", strerror(errno));
	return f;
}

void scan_read_patterns(struct scan_patterns *p, const char *path, struct weir_conf_report *r)
{
	struct reading g = {.patterns = p, .r = r, .path = keep_name(p, path)};
	FILE *f = open_file(path, r);

	if (f && g.path)
		read_lines(&g, f);
	else if (f)
		weir_conf_error(r, (struct weir_conf_pos){.file = path}, "out of memory");
	if (f)
		fclose(f);
}

void scan_patterns_fini(struct scan_patterns *p)
{
	for (uint32_t i = 0; i < p->n; i++)
		free(p->at[i].rule.expression);
	for (uint32_t i = 0; i < p->n_files; i++)
		free(p->file[i]);
	free(p->file);
	free(p->slot);
	free(p->at);
	*p = (struct scan_patterns){0};
}
