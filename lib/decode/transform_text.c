/* SPDX-License-Identifier: BSD-3-Clause */
/* Case, white space, comments, NUL bytes, parity, and what shells ignore. */
#include <stdio.h>

#include "decode_impl.h"

#define NBSP 0xa0 /* no-break space in Latin-1 */

size_t t_lowercase(struct weir_bytes in, uint8_t *out)
{
	for (size_t i = 0; i < in.len; i++)
		out[i] = weir_lower(in.ptr[i]);
	return in.len;
}

size_t t_uppercase(struct weir_bytes in, uint8_t *out)
{
	for (size_t i = 0; i < in.len; i++)
		out[i] = (uint8_t)(in.ptr[i] - 'a') < 26 ? (uint8_t)(in.ptr[i] - 32) : in.ptr[i];
	return in.len;
}

size_t t_length(struct weir_bytes in, uint8_t *out)
{
	char text[24];
	int n = snprintf(text, sizeof(text), "%zu", in.len);

	memcpy(out, text, (size_t)n);
	return (size_t)n;
}

static bool is_white(uint8_t c)
{
	return is_space(c) || c == NBSP;
}

size_t t_compress_whitespace_watched(struct weir_bytes in, uint8_t *out,
				     const struct weir_watch *watch)
{
	struct looks looks = {watch, LOOK_EVERY};
	size_t n = 0;
	bool white = false;

	for (size_t i = 0; i < in.len; i++) {
		bool is = is_white(in.ptr[i]);

		if (!look_at(&looks, i))
			return STOPPED;
		if (!is)
			out[n++] = in.ptr[i];
		else if (!white)
			out[n++] = ' ';
		white = is;
	}
	return n;
}

size_t t_compress_whitespace(struct weir_bytes in, uint8_t *out)
{
	return t_compress_whitespace_watched(in, out, NULL);
}

size_t t_remove_whitespace(struct weir_bytes in, uint8_t *out)
{
	size_t n = 0;

	for (size_t i = 0; i < in.len; i++)
		if (!is_white(in.ptr[i]))
			out[n++] = in.ptr[i];
	return n;
}

static size_t trim_sides(struct weir_bytes in, uint8_t *out, bool left, bool right,
			 const struct weir_watch *watch)
{
	struct looks looks = {watch, LOOK_EVERY};
	size_t start = 0, end = in.len;

	for (; left && start < end && is_space(in.ptr[start]); start++)
		if (!look_at(&looks, start))
			return STOPPED;
	looks.next = 0;
	for (; right && end > start && is_space(in.ptr[end - 1]); end--)
		if (!look_at(&looks, in.len - end))
			return STOPPED;
	looks.next = 0;
	return copy_watched(&looks, in, start, end - start, out) ? end - start : STOPPED;
}

size_t t_trim_watched(struct weir_bytes in, uint8_t *out, const struct weir_watch *watch)
{
	return trim_sides(in, out, true, true, watch);
}

size_t t_trim_left_watched(struct weir_bytes in, uint8_t *out, const struct weir_watch *watch)
{
	return trim_sides(in, out, true, false, watch);
}

size_t t_trim_right_watched(struct weir_bytes in, uint8_t *out, const struct weir_watch *watch)
{
	return trim_sides(in, out, false, true, watch);
}

size_t t_trim(struct weir_bytes in, uint8_t *out)
{
	return trim_sides(in, out, true, true, NULL);
}

size_t t_trim_left(struct weir_bytes in, uint8_t *out)
{
	return trim_sides(in, out, true, false, NULL);
}

size_t t_trim_right(struct weir_bytes in, uint8_t *out)
{
	return trim_sides(in, out, false, true, NULL);
}

size_t t_remove_nulls(struct weir_bytes in, uint8_t *out)
{
	size_t n = 0;

	for (size_t i = 0; i < in.len; i++)
		if (in.ptr[i])
			out[n++] = in.ptr[i];
	return n;
}

size_t t_replace_nulls(struct weir_bytes in, uint8_t *out)
{
	for (size_t i = 0; i < in.len; i++)
		out[i] = in.ptr[i] ? in.ptr[i] : ' ';
	return in.len;
}

/* `text` is at most four bytes; the first tells most apart. */
static inline bool has(struct weir_bytes in, size_t i, const char *text)
{
	do
		if (i >= in.len || in.ptr[i++] != (uint8_t)*text)
			return false;
	while (*++text);
	return true;
}

/* A comment, ended or not, becomes one space. */
size_t t_replace_comments_watched(struct weir_bytes in, uint8_t *out,
				  const struct weir_watch *watch)
{
	struct looks looks = {watch, LOOK_EVERY};
	size_t n = 0;
	bool inside = false;

	for (size_t i = 0; i < in.len;) {
		if (!look_at(&looks, i))
			return STOPPED;
		if (!inside && has(in, i, "/*")) {
			inside = true;
			i += 2;
		} else if (inside && has(in, i, "*/")) {
			inside = false;
			out[n++] = ' ';
			i += 2;
		} else if (inside) {
			i++;
		} else {
			out[n++] = in.ptr[i++];
		}
	}
	if (inside)
		out[n++] = ' ';
	return n;
}

size_t t_replace_comments(struct weir_bytes in, uint8_t *out)
{
	return t_replace_comments_watched(in, out, NULL);
}

/* C's and HTML's comments go; `--` and `#` comment the rest out. */
size_t t_remove_comments_watched(struct weir_bytes in, uint8_t *out, const struct weir_watch *watch)
{
	struct looks looks = {watch, LOOK_EVERY};
	const char *end = NULL;
	size_t n = 0;

	for (size_t i = 0; i < in.len;) {
		if (!look_at(&looks, i))
			return STOPPED;
		if (end) {
			bool here = has(in, i, end);

			i += here ? strlen(end) : 1;
			end = here ? NULL : end;
		} else if (has(in, i, "/*")) {
			end = "*/";
			i += 2;
		} else if (has(in, i, "<!--")) {
			end = "-->";
			i += 4;
		} else if (has(in, i, "--") || in.ptr[i] == '#') {
			out[n++] = ' ';
			return n;
		} else {
			out[n++] = in.ptr[i++];
		}
	}
	if (end)
		out[n++] = ' ';
	return n;
}

size_t t_remove_comments(struct weir_bytes in, uint8_t *out)
{
	return t_remove_comments_watched(in, out, NULL);
}

size_t t_remove_comments_char_watched(struct weir_bytes in, uint8_t *out,
				      const struct weir_watch *watch)
{
	struct looks looks = {watch, LOOK_EVERY};
	static const char *const marks[] = {"/*", "*/", "<!--", "-->", "--", "#"};
	size_t n = 0;

	for (size_t i = 0; i < in.len;) {
		size_t m = 0;

		if (!look_at(&looks, i))
			return STOPPED;
		while (m < WEIR_ARRAY_LEN(marks) && !has(in, i, marks[m]))
			m++;
		if (m < WEIR_ARRAY_LEN(marks))
			i += strlen(marks[m]);
		else
			out[n++] = in.ptr[i++];
	}
	return n;
}

size_t t_remove_comments_char(struct weir_bytes in, uint8_t *out)
{
	return t_remove_comments_char_watched(in, out, NULL);
}

/* What cmd.exe and shells pass over goes, white space and separators become one space, and none is
 * left before '/' and '('. */
size_t t_cmd_line_watched(struct weir_bytes in, uint8_t *out, const struct weir_watch *watch)
{
	struct looks looks = {watch, LOOK_EVERY};
	size_t n = 0;
	bool space = false;

	for (size_t i = 0; i < in.len; i++) {
		uint8_t c = in.ptr[i];

		if (!look_at(&looks, i))
			return STOPPED;
		switch (c) {
		case '"':
		case '\'':
		case '\\':
		case '^':
			break;
		case ' ':
		case ',':
		case ';':
		case '\t':
		case '\r':
		case '\n':
			if (!space)
				out[n++] = ' ';
			space = true;
			break;
		case '/':
		case '(':
			n -= space;
			out[n++] = c;
			space = false;
			break;
		default:
			out[n++] = weir_lower(c);
			space = false;
		}
	}
	return n;
}

size_t t_cmd_line(struct weir_bytes in, uint8_t *out)
{
	return t_cmd_line_watched(in, out, NULL);
}

static size_t set_parity(struct weir_bytes in, uint8_t *out, bool odd)
{
	for (size_t i = 0; i < in.len; i++) {
		uint8_t c = in.ptr[i] & 0x7f;
		bool ones = __builtin_parity(c);

		out[i] = ones != odd ? (uint8_t)(c | 0x80) : c;
	}
	return in.len;
}

size_t t_parity_even(struct weir_bytes in, uint8_t *out)
{
	return set_parity(in, out, false);
}

size_t t_parity_odd(struct weir_bytes in, uint8_t *out)
{
	return set_parity(in, out, true);
}

size_t t_parity_zero(struct weir_bytes in, uint8_t *out)
{
	for (size_t i = 0; i < in.len; i++)
		out[i] = in.ptr[i] & 0x7f;
	return in.len;
}
