/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Text to directives and words, as Apache's reader of configurations does it, which ModSecurity 2
 * rules are written for: a backslash ends a line that goes on, \\ in an argument is one backslash.
 */
#include "seclang_impl.h"

bool is_space(uint8_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* ---- lines ---- */

/* The next line of the file without its end. */
static struct weir_bytes take_line(struct source *src)
{
	const uint8_t *end = memchr(src->rest.ptr, '\n', src->rest.len);
	struct weir_bytes l = {src->rest.ptr, end ? (size_t)(end - src->rest.ptr) : src->rest.len};
	size_t used = l.len + (end ? 1 : 0);

	src->rest.ptr += used;
	src->rest.len -= used;
	src->line++;
	if (end && l.len && l.ptr[l.len - 1] == '\r')
		l.len--;
	return l;
}

static void add_part(struct line *out, struct weir_bytes l, uint32_t line, uint32_t column)
{
	struct part p = {.offset = (uint32_t)out->text.len, .line = line, .column = column};

	weir_buf_add(&out->parts, &p, sizeof(p));
	weir_buf_add(&out->text, l.ptr, l.len);
}

/* Lines up to one that does not go on. False when they are too long together. */
static bool join_lines(struct source *src, struct line *out)
{
	bool goes_on = true, first = true, fits = true;

	weir_buf_reset(&out->text);
	weir_buf_reset(&out->parts);
	while (goes_on && src->rest.len) {
		struct weir_bytes l = take_line(src);
		uint32_t column = 1;

		goes_on = l.len && l.ptr[l.len - 1] == '\\';
		l.len -= goes_on;
		for (; first && l.len && is_space(*l.ptr); column++)
			l.ptr++, l.len--;
		fits = fits && out->text.len + l.len <= LINE_BYTES_MAX;
		if (fits)
			add_part(out, l, src->line, column);
		first = false;
	}
	return fits;
}

static void trim_end(struct weir_buf *text)
{
	while (text->len && is_space((uint8_t)text->ptr[text->len - 1]))
		text->len--;
}

/* As Apache has it, a comment that ends in a backslash takes the next line with it, which may be a
 * rule that nobody means to lose. */
static void warn_of_lost_lines(struct weir_seclang *s, const struct line *l)
{
	const struct part *p = (const struct part *)l->parts.ptr;
	size_t n = l->parts.len / sizeof(*p);

	for (size_t i = 1; i < n; i++) {
		size_t at = p[i].offset;

		while (at < l->text.len && is_space((uint8_t)l->text.ptr[at]))
			at++;
		if (at < l->text.len && l->text.ptr[at] != '#')
			weir_conf_warning(s->report, (struct weir_conf_pos){l->file, p[i].line, 1},
					  "this line belongs to the comment before it, which ends "
					  "in a backslash");
	}
}

bool next_line(struct weir_seclang *s, struct source *src, struct line *out)
{
	out->file = src->name;
	while (src->rest.len) {
		uint32_t line = src->line + 1;
		bool fits = join_lines(src, out);

		trim_end(&out->text);
		if (!fits)
			complain(s, ((struct weir_conf_pos){src->name, line, 1}),
				 "a directive has over %u bytes", LINE_BYTES_MAX);
		else if (out->text.failed || out->parts.failed)
			complain(s, ((struct weir_conf_pos){src->name, line, 1}), "out of memory");
		else if (out->text.len && out->text.ptr[0] != '#')
			return true;
		else if (out->text.len)
			warn_of_lost_lines(s, out);
	}
	return false;
}

/* ---- places ---- */

static struct weir_conf_pos place_in_line(const struct line *l, uint32_t offset)
{
	const struct part *p = (const struct part *)l->parts.ptr;
	size_t n = l->parts.len / sizeof(*p), i = 0;

	for (size_t step = n; step; step /= 2)
		while (i + step < n && p[i + step].offset <= offset)
			i += step;
	return (struct weir_conf_pos){l->file, p[i].line, p[i].column + offset - p[i].offset};
}

struct weir_conf_pos place(const struct weir_seclang *s, struct word w, size_t i)
{
	return place_in_line(s->line, w.at[i < w.text.len ? i : w.text.len]);
}

/* ---- words ---- */

struct word word_part(struct word w, size_t from, size_t len)
{
	return (struct word){{w.text.ptr + from, len}, w.at + from};
}

struct word word_trim(struct word w)
{
	size_t from = 0, end = w.text.len;

	while (from < end && is_space(w.text.ptr[from]))
		from++;
	while (end > from && is_space(w.text.ptr[end - 1]))
		end--;
	return word_part(w, from, end - from);
}

const char *word_string(struct weir_seclang *s, struct weir_bytes b)
{
	char *text = weir_arena_alloc(&s->scratch, b.len + 1);

	if (!text)
		return "";
	memcpy(text, b.ptr, b.len);
	text[b.len] = 0;
	return text;
}

/* The bytes [from, end) of the line, \\ and, in quotes, the quote behind a backslash undone. */
static bool unescape(struct weir_seclang *s, struct weir_bytes line, size_t from, size_t end,
		     uint8_t quote, struct word *out)
{
	uint8_t *text = weir_arena_alloc(&s->arena, end - from + 1);
	uint32_t *at = weir_arena_alloc(&s->scratch, (end - from + 1) * sizeof(*at));
	size_t n = 0;

	if (!text || !at)
		return false;
	for (size_t i = from; i < end; i++) {
		at[n] = (uint32_t)i;
		if (line.ptr[i] == '\\' && i + 1 < end &&
		    (line.ptr[i + 1] == '\\' || (quote && line.ptr[i + 1] == quote)))
			i++;
		text[n++] = line.ptr[i];
	}
	at[n] = (uint32_t)end;
	*out = (struct word){{text, n}, at};
	return true;
}

static size_t end_of_quoted(struct weir_bytes line, size_t i, uint8_t quote)
{
	while (i < line.len && line.ptr[i] != quote)
		i += line.ptr[i] == '\\' && i + 1 < line.len &&
				     (line.ptr[i + 1] == quote || line.ptr[i + 1] == '\\')
			     ? 2
			     : 1;
	return i;
}

static size_t end_of_bare(struct weir_bytes line, size_t i)
{
	while (i < line.len && !is_space(line.ptr[i]))
		i++;
	return i;
}

bool split_words(struct weir_seclang *s, const struct line *l, struct list *words)
{
	struct weir_bytes line = weir_bytes_of(l->text.ptr, l->text.len);
	size_t i = 0;

	while (i < line.len) {
		uint8_t quote = line.ptr[i] == '"' || line.ptr[i] == '\'' ? line.ptr[i] : 0;
		size_t from = i + (quote ? 1 : 0);
		size_t end = quote ? end_of_quoted(line, from, quote) : end_of_bare(line, from);
		struct word *w;

		if (quote && end >= line.len)
			return complain(s, place_in_line(l, (uint32_t)i),
					"the quote that opens here is not closed");
		w = list_add(&s->scratch, words, sizeof(*w));
		if (!w || !unescape(s, line, from, end, quote, w))
			return false;
		i = end + (quote ? 1 : 0);
		while (i < line.len && is_space(line.ptr[i]))
			i++;
	}
	return true;
}
