/* SPDX-License-Identifier: BSD-3-Clause */
/* Texts of sets and bytes, and rules out of a folder. */
#include <ctype.h>
#include <glob.h>
#include <stdio.h>

#include "waf_test.h"

void buf_bytes(struct weir_buf *b, struct weir_bytes bytes)
{
	for (size_t i = 0; i < bytes.len; i++) {
		if (isprint(bytes.ptr[i]))
			weir_buf_add(b, bytes.ptr + i, 1);
		else
			weir_buf_printf(b, "\\x%02x", bytes.ptr[i]);
	}
}

void buf_set(struct weir_buf *b, const struct waf_set *set)
{
	unsigned int n = 0, c, end;
	bool most;

	for (c = 0; c < 256; c++)
		n += waf_set_has(set, (uint8_t)c);
	most = n > 128;
	if (most)
		weir_buf_str(b, "^");
	for (c = 0; c < 256; c = end) {
		uint8_t first = (uint8_t)c, last;

		end = c + 1;
		if (waf_set_has(set, first) == most)
			continue;
		while (end < 256 && waf_set_has(set, (uint8_t)end) != most)
			end++;
		last = (uint8_t)(end - 1);
		buf_bytes(b, weir_bytes_of(&first, 1));
		if (end - c > 2)
			weir_buf_str(b, "-");
		if (end - c > 1)
			buf_bytes(b, weir_bytes_of(&last, 1));
	}
}

/* ---- rules ---- */

static char *read_file(const char *name)
{
	FILE *f = fopen(name, "r");
	struct weir_buf text = {0};
	char piece[4096];
	size_t n;

	ck_assert_msg(f != NULL, "%s", name);
	while ((n = fread(piece, 1, sizeof(piece), f)) > 0)
		weir_buf_add(&text, piece, n);
	fclose(f);
	return text.ptr;
}

/* Comments blank, lines that go on joined. */
static void join_lines(char *text)
{
	bool comment = false;

	for (char *c = text; c && *c; c++) {
		if (c == text || c[-1] == '\n')
			comment = *c == '#';
		if (*c == '\n')
			comment = false;
		else if (comment)
			*c = ' ';
		else if (c[0] == '\\' && c[1] == '\n')
			c[0] = c[1] = ' ';
	}
}

/* Cuts the quoted operator at `at` out; \" stands for a quote. Returns what follows. */
static char *unquote(char *at, struct weir_bytes *out)
{
	char *to = at;

	out->ptr = (const uint8_t *)at;
	for (; *at && *at != '"'; at++) {
		if (at[0] == '\\' && at[1] == '"')
			at++;
		else if (at[0] == '\\' && at[1])
			*to++ = *at++;
		*to++ = *at;
	}
	out->len = (size_t)(to - (char *)(uintptr_t)out->ptr);
	return at;
}

static bool tell_line(char *line, char *end, crs_fn tell, void *context)
{
	struct crs_rule rule = {0};
	char *rx, *level, *rest;

	*end = 0;
	rx = strncmp(line, "SecRule ", 8) == 0 ? strstr(line, "@rx ") : NULL;
	if (!rx)
		return false;
	level = strstr(line, "paranoia-level/");
	rule.level = level ? (unsigned int)(level[15] - '0') : 0;
	rule.on_arguments = rx[-1] == '"';
	rx[-1] = 0;
	rule.on_arguments &= strncmp(line, "SecRule ARGS", 12) == 0 || strstr(line, "|ARGS");
	rest = unquote(rx + 4, &rule.pattern);
	ck_assert(rest <= end);
	tell(context, &rule);
	return true;
}

static unsigned int tell_file(char *text, crs_fn tell, void *context)
{
	unsigned int n = 0;

	while (text && *text) {
		char *end = strchr(text, '\n'), *line = text;

		if (!end)
			end = text + strlen(text);
		text = *end ? end + 1 : end;
		while (line < end && isspace((unsigned char)*line))
			line++;
		n += tell_line(line, end, tell, context);
	}
	return n;
}

unsigned int crs_rules(const char *folder, crs_fn tell, void *context)
{
	char pattern[4096];
	unsigned int n = 0;
	glob_t found;

	if (!folder || !*folder)
		return 0;
	snprintf(pattern, sizeof(pattern), "%s/*.conf", folder);
	if (glob(pattern, 0, NULL, &found) != 0)
		return 0;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		char *text = read_file(found.gl_pathv[i]);

		join_lines(text);
		n += tell_file(text, tell, context);
		free(text);
	}
	globfree(&found);
	return n;
}
