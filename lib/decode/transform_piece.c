/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where a long value may be cut, so that what a transformation makes of the pieces is what it makes
 * of the whole: behind bytes that no escape, entity or comment that began before them reaches.
 */
#include "decode_impl.h"

/* Bytes before a cut that are looked at. */
#define BEHIND 8

static bool is_alnum(uint8_t c)
{
	return (uint8_t)((c | 0x20) - 'a') < 26 || (uint8_t)(c - '0') < 10;
}

static bool is_among(const uint8_t *end, unsigned int n, const char *set)
{
	for (unsigned int i = 1; i <= n; i++)
		if (end[-(int)i] && strchr(set, end[-(int)i]))
			return true;
	return false;
}

static bool anywhere(const uint8_t *end)
{
	return true;
}

static bool behind_percent(const uint8_t *end)
{
	return *end == '%' || !is_among(end, 2, "%");
}

/* Nothing of a hexadecimal number. */
static bool behind_sign(const uint8_t *end)
{
	return !is_alnum(end[-1]);
}

/* NULL: only the whole will do; weir_transform_watched() looks at the clock within most of them. */
static bool (*const may_cut[WEIR_T_END])(const uint8_t *end) = {
	[WEIR_T_HEXENCODE] = anywhere,        [WEIR_T_LOWERCASE] = anywhere,
	[WEIR_T_PARITYEVEN7BIT] = anywhere,   [WEIR_T_PARITYODD7BIT] = anywhere,
	[WEIR_T_PARITYZERO7BIT] = anywhere,   [WEIR_T_REMOVENULLS] = anywhere,
	[WEIR_T_REMOVEWHITESPACE] = anywhere, [WEIR_T_REPLACENULLS] = anywhere,
	[WEIR_T_SQLHEXDECODE] = behind_sign,  [WEIR_T_UPPERCASE] = anywhere,
	[WEIR_T_URLDECODE] = behind_percent,  [WEIR_T_URLENCODE] = anywhere,
};

/* Whole groups of digits; after what is none nothing more is decoded. */
static size_t piece_of_base64(struct weir_bytes in, size_t least)
{
	size_t n = (least + 3) & ~(size_t)3;

	for (size_t i = 0; i < n && n < in.len; i++)
		if (!is_alnum(in.ptr[i]) && in.ptr[i] != '+' && in.ptr[i] != '/')
			return in.len;
	return n < in.len ? n : in.len;
}

size_t weir_transform_piece(enum weir_transform t, struct weir_bytes in, size_t least)
{
	size_t n = least < BEHIND ? BEHIND : least;

	if (t == WEIR_T_BASE64DECODE)
		return piece_of_base64(in, n);
	if (!may_cut[t] || n >= in.len)
		return in.len;
	while (n < in.len && !may_cut[t](in.ptr + n))
		n++;
	return n;
}
