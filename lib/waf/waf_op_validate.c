/* SPDX-License-Identifier: BSD-3-Clause */
/* @validateByteRange, @validateUrlEncoding and @validateUtf8Encoding: what is not valid matches. */
#include <weir_decode.h>

#include "waf_op_impl.h"

/* ---- @validateByteRange "9,10,13,32-126" ---- */

/* A number of 0 to 255 at *at of `text`, with spaces around it; -1: none. */
static int read_byte(struct weir_bytes text, size_t *at)
{
	size_t i = *at, first;
	int n = 0;

	while (i < text.len && text.ptr[i] == ' ')
		i++;
	for (first = i; i < text.len && (uint8_t)(text.ptr[i] - '0') < 10 && n <= 255; i++)
		n = n * 10 + text.ptr[i] - '0';
	if (i == first || n > 255)
		return -1;
	while (i < text.len && text.ptr[i] == ' ')
		i++;
	*at = i;
	return n;
}

/* "N" or "N-M" at *at. */
static bool read_range(struct weir_bytes text, size_t *at, struct waf_set *set)
{
	int first = read_byte(text, at), last = first;

	if (first >= 0 && *at < text.len && text.ptr[*at] == '-') {
		++*at;
		last = read_byte(text, at);
	}
	for (int c = first; c >= 0 && c <= last; c++)
		waf_set_add(set, (uint8_t)c);
	return first >= 0 && last >= first;
}

static bool read_ranges(struct weir_bytes text, struct waf_set *set)
{
	size_t at = 0;

	while (at < text.len) {
		if (!read_range(text, &at, set))
			return false;
		if (at < text.len && text.ptr[at++] != ',')
			return false;
	}
	return true;
}

static bool create_byte_range(struct waf_op *op, const struct op_source *from)
{
	if (read_ranges(op->argument, &op->bytes_allowed))
		return true;
	weir_conf_error(from->report, from->pos,
			"@validateByteRange takes numbers of 0 to 255 and ranges: 9,10,32-126");
	return false;
}

static enum waf_outcome run_byte_range(const struct waf_op *op, struct waf_scratch *s,
				       struct weir_bytes value, struct weir_bytes argument,
				       struct waf_op_match *want)
{
	for (size_t i = 0; i < value.len; i++) {
		if (!waf_set_has(&op->bytes_allowed, value.ptr[i]))
			return WAF_MATCH;
		if (weir_unlikely(i % OP_PIECE == OP_PIECE - 1) && op_is_late(s))
			return WAF_LIMIT;
	}
	return WAF_NO_MATCH;
}

static int need_byte_range(const struct waf_op *op, struct weir_arena *a, struct waf_need *out)
{
	struct waf_set set;
	bool any = false;

	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(set.bits); i++) {
		set.bits[i] = ~op->bytes_allowed.bits[i];
		any |= set.bits[i] != 0;
	}
	out->never = !any;
	out->min_len = 1;
	if (any)
		waf_need_add_set(out, &set);
	return 0;
}

/* ---- @validateUrlEncoding ---- */

static enum waf_outcome run_url_encoding(const struct waf_op *op, struct waf_scratch *s,
					 struct weir_bytes value, struct weir_bytes argument,
					 struct waf_op_match *want)
{
	const uint8_t *at = value.ptr, *end = value.ptr + value.len;

	while (at < end && (at = memchr(at, '%', (size_t)(end - at)))) {
		if (end - at < 3 || weir_hex_value(at[1]) < 0 || weir_hex_value(at[2]) < 0)
			return WAF_MATCH;
		at += 3;
	}
	return WAF_NO_MATCH;
}

static int need_url_encoding(const struct waf_op *op, struct weir_arena *a, struct waf_need *out)
{
	struct waf_set set = {0};

	waf_set_add(&set, '%');
	waf_need_add_set(out, &set);
	return 0;
}

/* ---- @validateUtf8Encoding ---- */

/* Deviation: what lies beyond U+10FFFF is not valid (RFC 3629); ModSecurity v2 means to refuse it
 * and looks at the first byte only. */
static enum waf_outcome run_utf8_encoding(const struct waf_op *op, struct waf_scratch *s,
					  struct weir_bytes value, struct weir_bytes argument,
					  struct waf_op_match *want)
{
	return op_outcome(!weir_utf8_is_valid(value));
}

static int need_utf8_encoding(const struct waf_op *op, struct weir_arena *a, struct waf_need *out)
{
	struct waf_set set = {.bits = {0, 0, UINT64_MAX, UINT64_MAX}};

	waf_need_add_set(out, &set);
	return 0;
}

const struct op_kind waf_kind_byte_range = {
	.create = create_byte_range, .run = run_byte_range, .need = need_byte_range};
const struct op_kind waf_kind_url_encoding = {.run = run_url_encoding, .need = need_url_encoding};
const struct op_kind waf_kind_utf8_encoding = {.run = run_utf8_encoding,
					       .need = need_utf8_encoding};
