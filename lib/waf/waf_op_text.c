/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Operators that compare bytes, case-sensitively: @streq, @beginsWith, @endsWith, @contains,
 * @containsWord, @strmatch and @within. An empty argument is found in every value; an empty value
 * is within every argument.
 */
#include "waf_op_impl.h"

/* ---- comparing ---- */

static enum waf_outcome run_streq(const struct waf_op *op, struct waf_scratch *s,
				  struct weir_bytes value, struct weir_bytes argument,
				  struct waf_op_match *want)
{
	return op_outcome(weir_bytes_equal(value, op_argument(op, argument)));
}

static enum waf_outcome run_begins_with(const struct waf_op *op, struct waf_scratch *s,
					struct weir_bytes value, struct weir_bytes argument,
					struct waf_op_match *want)
{
	struct weir_bytes text = op_argument(op, argument);

	if (!text.len)
		return WAF_MATCH;
	return op_outcome(value.len >= text.len && memcmp(value.ptr, text.ptr, text.len) == 0);
}

static enum waf_outcome run_ends_with(const struct waf_op *op, struct waf_scratch *s,
				      struct weir_bytes value, struct weir_bytes argument,
				      struct waf_op_match *want)
{
	struct weir_bytes text = op_argument(op, argument);

	if (!text.len)
		return WAF_MATCH;
	return op_outcome(value.len >= text.len &&
			  memcmp(value.ptr + value.len - text.len, text.ptr, text.len) == 0);
}

/* memmem is linear, which one memchr after the other is not. */
static const uint8_t *find(struct weir_bytes hay, struct weir_bytes needle)
{
	return hay.len < needle.len ? NULL : memmem(hay.ptr, hay.len, needle.ptr, needle.len);
}

static enum waf_outcome run_contains(const struct waf_op *op, struct waf_scratch *s,
				     struct weir_bytes value, struct weir_bytes argument,
				     struct waf_op_match *want)
{
	struct weir_bytes text = op_argument(op, argument);

	return op_outcome(!text.len || find(value, text));
}

static bool is_word(uint8_t c)
{
	return (uint8_t)(weir_lower(c) - 'a') < 26 || (uint8_t)(c - '0') < 10 || c == '_';
}

static enum waf_outcome run_contains_word(const struct waf_op *op, struct waf_scratch *s,
					  struct weir_bytes value, struct weir_bytes argument,
					  struct waf_op_match *want)
{
	struct weir_bytes text = op_argument(op, argument), rest = value;
	const uint8_t *at, *end = value.ptr + value.len;

	if (!text.len)
		return WAF_MATCH;
	while ((at = find(rest, text))) {
		bool begins = at == value.ptr || !is_word(at[-1]);

		if (begins && (at + text.len == end || !is_word(at[text.len])))
			return WAF_MATCH;
		rest = weir_bytes_of(at + 1, (size_t)(end - at) - 1);
	}
	return WAF_NO_MATCH;
}

static enum waf_outcome run_within(const struct waf_op *op, struct waf_scratch *s,
				   struct weir_bytes value, struct weir_bytes argument,
				   struct waf_op_match *want)
{
	return op_outcome(!value.len || find(op_argument(op, argument), value));
}

/* ---- @strmatch's bytes in hexadecimal ---- */

/* Undoes |68 65 78| in `in`; returns the bytes written, -1: it is not well formed. */
static ssize_t undo_hex(struct weir_bytes in, uint8_t *out)
{
	ssize_t n = 0;
	bool hex = false;
	int high, low;

	for (size_t i = 0; i < in.len; i++) {
		uint8_t c = in.ptr[i];

		if (c == '|') {
			hex = !hex;
		} else if (!hex) {
			out[n++] = c;
		} else if (c != ' ') {
			high = weir_hex_value(c);
			low = i + 1 < in.len ? weir_hex_value(in.ptr[i + 1]) : -1;
			if (high < 0 || low < 0)
				return -1;
			out[n++] = (uint8_t)(high << 4 | low);
			i++;
		}
	}
	return hex ? -1 : n;
}

static bool create_strmatch(struct waf_op *op, const struct op_source *from)
{
	uint8_t *text;
	ssize_t n;

	if (op->has_macro)
		return true;
	text = weir_arena_alloc(from->arena, op->argument.len);
	n = text ? undo_hex(op->argument, text) : 0;
	if (!text || n < 0) {
		weir_conf_error(from->report, from->pos, "%s",
				text ? "bytes between | and | are written as |68 65 78|"
				     : "out of memory");
		return false;
	}
	op->argument = weir_bytes_of(text, (size_t)n);
	return true;
}

/* ---- conditions ---- */

/* The argument stands in the value. One byte is a set: there its case counts. */
static int need(const struct waf_op *op, struct weir_arena *a, struct waf_need *out)
{
	struct waf_set set = {0};

	if (op->has_macro || !op->argument.len)
		return 0;
	out->min_len = (uint32_t)op->argument.len;
	if (out->min_len > 1)
		return waf_need_add_literals(out, &op->argument, 1, a);
	waf_set_add(&set, op->argument.ptr[0]);
	waf_need_add_set(out, &set);
	return 0;
}

const struct op_kind waf_kind_streq = {.run = run_streq, .need = need};
const struct op_kind waf_kind_begins_with = {.run = run_begins_with, .need = need};
const struct op_kind waf_kind_ends_with = {.run = run_ends_with, .need = need};
const struct op_kind waf_kind_contains = {.run = run_contains, .need = need};
const struct op_kind waf_kind_contains_word = {.run = run_contains_word, .need = need};
const struct op_kind waf_kind_strmatch = {
	.create = create_strmatch, .run = run_contains, .need = need};
const struct op_kind waf_kind_within = {.run = run_within};
