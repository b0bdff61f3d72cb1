/* SPDX-License-Identifier: BSD-3-Clause */
/* The transformations one by one; transform.c has the table. Each writes to `out`, which never
 * overlaps `in`, and returns the bytes written. */
#ifndef WEIR_DECODE_IMPL_H
#define WEIR_DECODE_IMPL_H

#include <weir_decode.h>

/* C's isspace() in the C locale. */
static inline bool is_space(uint8_t c)
{
	return c == ' ' || (uint8_t)(c - '\t') < 5;
}

static inline bool is_octal(uint8_t c)
{
	return (uint8_t)(c - '0') < 8;
}

static inline bool is_hex_pair(struct weir_bytes in, size_t at)
{
	return at + 1 < in.len && weir_hex_value(in.ptr[at]) >= 0 &&
	       weir_hex_value(in.ptr[at + 1]) >= 0;
}

static inline uint8_t hex_pair(struct weir_bytes in, size_t at)
{
	return (uint8_t)(weir_hex_value(in.ptr[at]) << 4 | weir_hex_value(in.ptr[at + 1]));
}

/* The low byte of a code point of four digits; full-width forms (U+FF01 to U+FF5E) are the ASCII
 * that they look like. */
static inline uint8_t narrow(uint8_t high, uint8_t low)
{
	return high == 0xff && low > 0 && low < 0x5f ? (uint8_t)(low + 0x20) : low;
}

/* Up to three octal digits from `at`; *used is how many. Three only when they make one byte. */
uint8_t octal_escape(struct weir_bytes in, size_t at, bool byte_only, size_t *used);

/* Digits that base64Decode reads. */
size_t transform_base64_run(struct weir_bytes in);
/* Bytes of input between two looks of the caller at the clock. */
#define LOOK_EVERY 16384

static inline bool may_go_on(const struct weir_param_sink *sink)
{
	return !sink->go_on || sink->go_on(sink->context);
}

/* Of a transformation that goes on where it was: the place of the next look. */
#define STOPPED SIZE_MAX
struct looks {
	const struct weir_watch *watch; /* NULL: nobody looks */
	size_t next;
};
/* False: it is to stop. */
static inline bool look_at(struct looks *l, size_t i)
{
	if (weir_likely(i < l->next) || !l->watch)
		return true;
	l->next = i + LOOK_EVERY;
	return l->watch->go_on(l->watch->context);
}

/* `len` bytes from `at` on. Memory that was never used before takes longer than the copy. */
static inline bool copy_watched(struct looks *l, struct weir_bytes in, size_t at, size_t len,
				uint8_t *out)
{
	l->next = at; /* it has looked further already */
	for (size_t n; len; at += n, out += n, len -= n) {
		n = len < LOOK_EVERY ? len : LOOK_EVERY;
		memcpy(out, in.ptr + at, n);
		if (!look_at(l, at))
			return false;
	}
	return true;
}

/* What is asked for when to stop returns STOPPED then. */
typedef size_t watched_fn(struct weir_bytes in, uint8_t *out, const struct weir_watch *watch);
watched_fn t_cmd_line_watched, t_compress_whitespace_watched, t_css_decode_watched,
	t_escape_seq_decode_watched, t_html_entity_decode_watched, t_js_decode_watched,
	t_normalize_path_watched, t_normalize_path_win_watched, t_remove_comments_watched,
	t_remove_comments_char_watched, t_replace_comments_watched, t_trim_watched,
	t_trim_left_watched, t_trim_right_watched, t_utf8_to_unicode_watched;

typedef size_t transform_fn(struct weir_bytes in, uint8_t *out);
transform_fn t_base64_decode, t_base64_decode_ext, t_base64_encode, t_cmd_line,
	t_compress_whitespace, t_css_decode, t_escape_seq_decode, t_hex_decode, t_hex_encode,
	t_html_entity_decode, t_js_decode, t_length, t_lowercase, t_md5, t_normalize_path,
	t_normalize_path_win, t_parity_even, t_parity_odd, t_parity_zero, t_remove_comments,
	t_remove_comments_char, t_remove_nulls, t_remove_whitespace, t_replace_comments,
	t_replace_nulls, t_sha1, t_sql_hex_decode, t_trim, t_trim_left, t_trim_right, t_uppercase,
	t_url_decode, t_url_encode, t_utf8_to_unicode;
size_t t_url_decode_uni(struct weir_bytes in, uint8_t *out, const struct weir_unicode_map *map,
			const struct weir_watch *watch);

#endif
