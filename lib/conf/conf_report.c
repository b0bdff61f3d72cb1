/* SPDX-License-Identifier: BSD-3-Clause */
/* What is wrong with a file, and where. Messages quote the file, so they are made safe to print. */
#include <weir_conf.h>

#include <stdlib.h>

#define TEXT_MAX 500 /* bytes of a message: values in files have no end */

struct weir_conf_report {
	char *line[WEIR_CONF_MESSAGES_MAX]; /* without newline; NULL: no memory for it */
	unsigned int kept;
	unsigned int errors;
	unsigned int warnings;
};

struct weir_conf_report *weir_conf_report_create(void)
{
	return calloc(1, sizeof(struct weir_conf_report));
}

void weir_conf_report_destroy(struct weir_conf_report *r)
{
	if (!r)
		return;
	for (unsigned int i = 0; i < r->kept; i++)
		free(r->line[i]);
	free(r);
}

/* C0, DEL, and C1 in its UTF-8 form (0xc2 0x80..0x9f): what moves a terminal's cursor. */
static bool is_control(const unsigned char *p)
{
	return *p < 0x20 || *p == 0x7f || (p[0] == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f);
}

static void add_printable(struct weir_buf *line, const char *text, size_t max)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t len = strlen(text), keep = len > max ? max : len;

	while (keep < len && keep > 0 && (p[keep] & 0xc0) == 0x80)
		keep--;
	for (size_t i = 0; i < keep; i++)
		if (is_control(p + i))
			weir_buf_printf(line, "\\x%02x", p[i] == 0xc2 ? p[++i] : p[i]);
		else
			weir_buf_add(line, p + i, 1);
	if (keep < len)
		weir_buf_str(line, "…");
}

WEIR_PRINTF(4, 0)
static void add(struct weir_conf_report *r, struct weir_conf_pos at, const char *kind,
		const char *format, va_list args)
{
	struct weir_buf text = {0}, line = {0};

	if (r->kept == WEIR_CONF_MESSAGES_MAX)
		return;
	weir_buf_vprintf(&text, format, args);
	add_printable(&line, at.file ? at.file : "weir", SIZE_MAX);
	if (at.line)
		weir_buf_printf(&line, ":%u:%u", at.line, at.column);
	weir_buf_printf(&line, ": %s: ", kind);
	add_printable(&line, text.ptr ? text.ptr : "out of memory", TEXT_MAX);
	weir_buf_fini(&text);
	r->line[r->kept++] = line.ptr;
}

void weir_conf_error(struct weir_conf_report *r, struct weir_conf_pos at, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add(r, at, "error", format, args);
	va_end(args);
	r->errors++;
}

void weir_conf_warning(struct weir_conf_report *r, struct weir_conf_pos at, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add(r, at, "warning", format, args);
	va_end(args);
	r->warnings++;
}

unsigned int weir_conf_errors(const struct weir_conf_report *r)
{
	return r->errors;
}

unsigned int weir_conf_warnings(const struct weir_conf_report *r)
{
	return r->warnings;
}

void weir_conf_report_text(const struct weir_conf_report *r, struct weir_buf *out)
{
	for (unsigned int i = 0; i < r->kept; i++)
		weir_buf_printf(out, "%s\n", r->line[i] ? r->line[i] : "weir: out of memory");
	if (r->errors + r->warnings > r->kept)
		weir_buf_printf(out, "weir: and %u more\n", r->errors + r->warnings - r->kept);
}
