/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Values that a transformation is seen to leave as they are, though bytes stand in them that it is
 * triggered by: dates have hyphens, numbers have points, prose has spaces. True must be right;
 * false tells nothing.
 */
#include "decode_impl.h"

/* No segment that is empty, "." or "..", or that could be one. */
static bool path_is_normal(struct weir_bytes in, bool windows)
{
	const uint8_t *at = in.ptr, *end = in.ptr + in.len;

	if (!in.len)
		return true;
	if (in.ptr[0] == '.' || (windows && memchr(in.ptr, '\\', in.len)))
		return false;
	while ((at = memchr(at, '/', (size_t)(end - at))) && ++at < end)
		if (*at == '/' || *at == '.')
			return false;
	return true;
}

static bool is_white(uint8_t c)
{
	return (uint8_t)(c - '\t') < 5 || c == ' ' || c == 0xa0;
}

static bool has_no_white_space(struct weir_bytes in)
{
	for (size_t i = 0; i < in.len; i++)
		if (is_white(in.ptr[i]))
			return false;
	return true;
}

/* White space is single spaces. */
static bool spaces_are_single(struct weir_bytes in)
{
	bool space = false;

	for (size_t i = 0; i < in.len; i++) {
		uint8_t c = in.ptr[i];

		if ((uint8_t)(c - '\t') < 5 || c == 0xa0 || (c == ' ' && space))
			return false;
		space = c == ' ';
	}
	return true;
}

/* Neither a comment of C's, SQL's or HTML's, nor an end of one. */
static bool has_no_comment(struct weir_bytes in)
{
	for (size_t i = 0; i < in.len; i++) {
		uint8_t c = in.ptr[i], next = i + 1 < in.len ? in.ptr[i + 1] : 0;

		if (c == '#' || (c == '-' && next == '-') || (c == '/' && next == '*') ||
		    (c == '*' && next == '/'))
			return false;
	}
	return true;
}

/* Lower case, spaces single and none before '/' and '(', nothing that shells pass over. */
static bool is_plain_command(struct weir_bytes in)
{
	bool space = false;

	for (size_t i = 0; i < in.len; i++) {
		uint8_t c = in.ptr[i];

		switch (c) {
		case '"':
		case '\'':
		case '\\':
		case '^':
		case ',':
		case ';':
		case '\t':
		case '\r':
		case '\n':
			return false;
		case ' ':
		case '/':
		case '(':
			if (space)
				return false;
			break;
		default:
			if (weir_lower(c) != c)
				return false;
		}
		space = c == ' ';
	}
	return true;
}

/* Longer ones are no glance. */
#define LEN_MAX (128u << 10)

bool weir_transform_leaves(enum weir_transform t, struct weir_bytes in)
{
	if (in.len > LEN_MAX)
		return false;
	switch (t) {
	case WEIR_T_NORMALIZEPATH:
		return path_is_normal(in, false);
	case WEIR_T_NORMALIZEPATHWIN:
		return path_is_normal(in, true);
	case WEIR_T_COMPRESSWHITESPACE:
		return spaces_are_single(in);
	case WEIR_T_REMOVEWHITESPACE:
		return has_no_white_space(in);
	case WEIR_T_TRIM:
	case WEIR_T_TRIMLEFT:
	case WEIR_T_TRIMRIGHT:
		return !in.len || (!is_white(in.ptr[0]) && !is_white(in.ptr[in.len - 1]));
	case WEIR_T_REMOVECOMMENTS:
	case WEIR_T_REMOVECOMMENTSCHAR:
	case WEIR_T_REPLACECOMMENTS:
		return has_no_comment(in);
	case WEIR_T_CMDLINE:
		return is_plain_command(in);
	default:
		return false;
	}
}

size_t weir_transform_most(enum weir_transform t, struct weir_bytes in)
{
	struct weir_bytes glance = weir_bytes_of(in.ptr, in.len < LEN_MAX ? in.len : LEN_MAX);
	size_t run = t == WEIR_T_BASE64DECODE ? transform_base64_run(glance) : LEN_MAX;

	return run < LEN_MAX ? run * 3 / 4 : weir_transform_bound(t, in.len);
}
