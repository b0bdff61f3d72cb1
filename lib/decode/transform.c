/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of transformations: names, what they may grow to, and what they are triggered by. */
#include <strings.h>

#include "decode_impl.h"

/* Sets of bytes, 64 a word. */
#define SET(c, w) ((c) / 64 == (w) ? 1ULL << ((c) % 64) : 0)
#define ONE(c)                                             \
	{                                                  \
		SET(c, 0), SET(c, 1), SET(c, 2), SET(c, 3) \
	}
#define SPACES     0x0000000100003e00ULL /* space, \t to \r */
#define NBSP_WORD  (1ULL << (0xa0 - 128))
#define UPPER_WORD 0x0000000007fffffeULL
#define LOWER_WORD 0x07fffffe00000000ULL

static const uint64_t backslash[4] = ONE('\\');
static const uint64_t ampersand[4] = ONE('&');
static const uint64_t star[4] = ONE('*');
static const uint64_t nul[4] = ONE(0);
static const uint64_t upper[4] = {0, UPPER_WORD, 0, 0};
static const uint64_t lower[4] = {0, LOWER_WORD, 0, 0};
static const uint64_t high[4] = {0, 0, ~0ULL, ~0ULL};
static const uint64_t high_or_nul[4] = {SET(0, 0), 0, ~0ULL, ~0ULL};
static const uint64_t spaces[4] = {SPACES, 0, NBSP_WORD, 0};
static const uint64_t ends[4] = {SPACES, 0, 0, 0};
static const uint64_t escapes[4] = {SET('%', 0) | SET('+', 0), 0, 0, 0};
static const uint64_t path_parts[4] = {SET('/', 0) | SET('.', 0), 0, 0, 0};
static const uint64_t path_parts_win[4] = {SET('/', 0) | SET('.', 0), SET('\\', 1), 0, 0};
static const uint64_t comments[4] = {SET('*', 0) | SET('-', 0) | SET('#', 0), 0, 0, 0};
static const uint64_t sql_hex[4] = {0, SET('x', 1) | SET('X', 1), 0, 0};
static const uint64_t shell[4] = {SPACES | SET('"', 0) | SET('\'', 0) | SET(',', 0) | SET(';', 0) |
					  SET('/', 0) | SET('(', 0),
				  UPPER_WORD | SET('\\', 1) | SET('^', 1), 0, 0};

/* A result has at most len * num / den + add bytes. */
static const struct transform {
	const char *name;
	transform_fn *run; /* NULL: urlDecodeUni, which takes a map */
	const uint64_t *triggers;
	uint8_t num, den, add;
} transforms[WEIR_T_END] = {
	[WEIR_T_BASE64DECODE] = {"base64Decode", t_base64_decode, NULL, 1, 1, 3},
	[WEIR_T_BASE64DECODEEXT] = {"base64DecodeExt", t_base64_decode_ext, NULL, 1, 1, 3},
	[WEIR_T_BASE64ENCODE] = {"base64Encode", t_base64_encode, NULL, 4, 3, 8},
	[WEIR_T_CMDLINE] = {"cmdLine", t_cmd_line, shell, 1, 1, 0},
	[WEIR_T_COMPRESSWHITESPACE] = {"compressWhitespace", t_compress_whitespace, spaces, 1, 1,
				       0},
	[WEIR_T_CSSDECODE] = {"cssDecode", t_css_decode, backslash, 1, 1, 0},
	[WEIR_T_ESCAPESEQDECODE] = {"escapeSeqDecode", t_escape_seq_decode, backslash, 1, 1, 0},
	[WEIR_T_HEXDECODE] = {"hexDecode", t_hex_decode, NULL, 1, 1, 0},
	[WEIR_T_HEXENCODE] = {"hexEncode", t_hex_encode, NULL, 2, 1, 0},
	[WEIR_T_HTMLENTITYDECODE] = {"htmlEntityDecode", t_html_entity_decode, ampersand, 1, 1, 0},
	[WEIR_T_JSDECODE] = {"jsDecode", t_js_decode, backslash, 1, 1, 0},
	[WEIR_T_LENGTH] = {"length", t_length, NULL, 0, 1, 24},
	[WEIR_T_LOWERCASE] = {"lowercase", t_lowercase, upper, 1, 1, 0},
	[WEIR_T_MD5] = {"md5", t_md5, NULL, 0, 1, 16},
	[WEIR_T_NORMALIZEPATH] = {"normalizePath", t_normalize_path, path_parts, 1, 1, 1},
	[WEIR_T_NORMALIZEPATHWIN] = {"normalizePathWin", t_normalize_path_win, path_parts_win, 1, 1,
				     1},
	[WEIR_T_PARITYEVEN7BIT] = {"parityEven7bit", t_parity_even, NULL, 1, 1, 0},
	[WEIR_T_PARITYODD7BIT] = {"parityOdd7bit", t_parity_odd, NULL, 1, 1, 0},
	[WEIR_T_PARITYZERO7BIT] = {"parityZero7bit", t_parity_zero, high, 1, 1, 0},
	[WEIR_T_REMOVECOMMENTS] = {"removeComments", t_remove_comments, comments, 1, 1, 1},
	[WEIR_T_REMOVECOMMENTSCHAR] = {"removeCommentsChar", t_remove_comments_char, comments, 1, 1,
				       0},
	[WEIR_T_REMOVENULLS] = {"removeNulls", t_remove_nulls, nul, 1, 1, 0},
	[WEIR_T_REMOVEWHITESPACE] = {"removeWhitespace", t_remove_whitespace, spaces, 1, 1, 0},
	[WEIR_T_REPLACECOMMENTS] = {"replaceComments", t_replace_comments, star, 1, 1, 0},
	[WEIR_T_REPLACENULLS] = {"replaceNulls", t_replace_nulls, nul, 1, 1, 0},
	[WEIR_T_SHA1] = {"sha1", t_sha1, NULL, 0, 1, 20},
	[WEIR_T_SQLHEXDECODE] = {"sqlHexDecode", t_sql_hex_decode, sql_hex, 1, 1, 0},
	[WEIR_T_TRIM] = {"trim", t_trim, ends, 1, 1, 0},
	[WEIR_T_TRIMLEFT] = {"trimLeft", t_trim_left, ends, 1, 1, 0},
	[WEIR_T_TRIMRIGHT] = {"trimRight", t_trim_right, ends, 1, 1, 0},
	[WEIR_T_UPPERCASE] = {"uppercase", t_uppercase, lower, 1, 1, 0},
	[WEIR_T_URLDECODE] = {"urlDecode", t_url_decode, escapes, 1, 1, 0},
	[WEIR_T_URLDECODEUNI] = {"urlDecodeUni", NULL, escapes, 1, 1, 0},
	[WEIR_T_URLENCODE] = {"urlEncode", t_url_encode, NULL, 3, 1, 0},
	[WEIR_T_UTF8TOUNICODE] = {"utf8toUnicode", t_utf8_to_unicode, high_or_nul, 3, 1, 0},
};

const char *weir_transform_name(enum weir_transform t)
{
	return transforms[t].name;
}

int weir_transform_find(const char *name)
{
	for (int t = 0; t < WEIR_T_END; t++)
		if (strcasecmp(name, transforms[t].name) == 0)
			return t;
	if (strcasecmp(name, "normalisePath") == 0)
		return WEIR_T_NORMALIZEPATH;
	if (strcasecmp(name, "normalisePathWin") == 0)
		return WEIR_T_NORMALIZEPATHWIN;
	return -WEIR_ENOTFOUND;
}

size_t weir_transform_bound(enum weir_transform t, size_t len)
{
	return len * transforms[t].num / transforms[t].den + transforms[t].add;
}

const uint64_t *weir_transform_triggers(enum weir_transform t)
{
	return transforms[t].triggers;
}

/* Those of which a long value has no place to be cut at. */
static watched_fn *const watched[WEIR_T_END] = {
	[WEIR_T_CMDLINE] = t_cmd_line_watched,
	[WEIR_T_COMPRESSWHITESPACE] = t_compress_whitespace_watched,
	[WEIR_T_CSSDECODE] = t_css_decode_watched,
	[WEIR_T_ESCAPESEQDECODE] = t_escape_seq_decode_watched,
	[WEIR_T_HTMLENTITYDECODE] = t_html_entity_decode_watched,
	[WEIR_T_JSDECODE] = t_js_decode_watched,
	[WEIR_T_NORMALIZEPATH] = t_normalize_path_watched,
	[WEIR_T_NORMALIZEPATHWIN] = t_normalize_path_win_watched,
	[WEIR_T_REMOVECOMMENTS] = t_remove_comments_watched,
	[WEIR_T_REMOVECOMMENTSCHAR] = t_remove_comments_char_watched,
	[WEIR_T_REPLACECOMMENTS] = t_replace_comments_watched,
	[WEIR_T_TRIM] = t_trim_watched,
	[WEIR_T_TRIMLEFT] = t_trim_left_watched,
	[WEIR_T_TRIMRIGHT] = t_trim_right_watched,
	[WEIR_T_UTF8TOUNICODE] = t_utf8_to_unicode_watched,
};

bool weir_transform_watched(enum weir_transform t, struct weir_bytes in, uint8_t *out,
			    const struct weir_unicode_map *map, const struct weir_watch *watch,
			    size_t *len)
{
	if (t == WEIR_T_URLDECODEUNI)
		*len = t_url_decode_uni(in, out, map, watch);
	else
		*len = watched[t] ? watched[t](in, out, watch)
				  : weir_transform_run(t, in, out, map);
	return *len != STOPPED;
}

size_t weir_transform_run(enum weir_transform t, struct weir_bytes in, uint8_t *out,
			  const struct weir_unicode_map *map)
{
	return transforms[t].run ? transforms[t].run(in, out)
				 : t_url_decode_uni(in, out, map, NULL);
}
