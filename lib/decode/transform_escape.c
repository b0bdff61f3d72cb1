/* SPDX-License-Identifier: BSD-3-Clause */
/* Escapes of JavaScript, CSS, C, HTML and SQL. */
#include "decode_impl.h"

uint8_t octal_escape(struct weir_bytes in, size_t at, bool byte_only, size_t *used)
{
	size_t max = byte_only && in.ptr[at] > '3' ? 2 : 3;
	unsigned int value = 0;
	size_t n = 0;

	while (n < max && at + n < in.len && is_octal(in.ptr[at + n]))
		value = value << 3 | (unsigned int)(in.ptr[at + n++] - '0');
	*used = n;
	return (uint8_t)value;
}

/* What a letter after a backslash stands for in C and JavaScript; itself for others. */
static uint8_t control_letter(uint8_t c)
{
	static const char letters[] = "abfnrtv", controls[] = "\a\b\f\n\r\t\v";
	const char *at = c ? strchr(letters, c) : NULL;

	return at ? (uint8_t)controls[at - letters] : c;
}

/* The byte that is meant by what stands at `at`, behind a backslash. Returns how many bytes do. */
typedef size_t escape_fn(struct weir_bytes in, size_t at, uint8_t *out);

/* A backslash at the end stands for itself. */
static inline size_t unescape(struct weir_bytes in, uint8_t *out, const struct weir_watch *watch,
			      escape_fn *escape)
{
	struct looks looks = {watch, LOOK_EVERY};
	size_t n = 0;

	for (size_t i = 0; i < in.len; n++) {
		if (!look_at(&looks, i))
			return STOPPED;
		if (in.ptr[i] == '\\' && i + 1 < in.len)
			i += 1 + escape(in, i + 1, &out[n]);
		else
			out[n] = in.ptr[i++];
	}
	return n;
}

static size_t octal_or_letter(struct weir_bytes in, size_t at, bool byte_only, uint8_t *out)
{
	size_t used = 1;

	*out = is_octal(in.ptr[at]) ? octal_escape(in, at, byte_only, &used)
				    : control_letter(in.ptr[at]);
	return used;
}

/* ECMAScript's, and octal ones. */
static size_t js_escape(struct weir_bytes in, size_t at, uint8_t *out)
{
	if (in.ptr[at] == 'u' && is_hex_pair(in, at + 1) && is_hex_pair(in, at + 3)) {
		*out = narrow(hex_pair(in, at + 1), hex_pair(in, at + 3));
		return 5;
	}
	if (in.ptr[at] == 'x' && is_hex_pair(in, at + 1)) {
		*out = hex_pair(in, at + 1);
		return 3;
	}
	return octal_or_letter(in, at, true, out);
}

size_t t_js_decode_watched(struct weir_bytes in, uint8_t *out, const struct weir_watch *watch)
{
	return unescape(in, out, watch, js_escape);
}

size_t t_js_decode(struct weir_bytes in, uint8_t *out)
{
	return t_js_decode_watched(in, out, NULL);
}

/* The byte that `digits` (1 to 6) hexadecimal digits at `at` stand for: the last two, narrowed
 * where the digits make a full-width form. */
static uint8_t css_code(struct weir_bytes in, size_t at, size_t digits)
{
	uint8_t low, high;

	if (digits == 1)
		return (uint8_t)weir_hex_value(in.ptr[at]);
	low = hex_pair(in, at + digits - 2);
	if (digits < 4 || (digits >= 5 && in.ptr[at] != '0') ||
	    (digits == 6 && in.ptr[at + 1] != '0'))
		return low;
	high = hex_pair(in, at + digits - 4);
	return narrow(high, low);
}

/* CSS 2 section 4.1.3. */
size_t t_css_decode_watched(struct weir_bytes in, uint8_t *out, const struct weir_watch *watch)
{
	struct looks looks = {watch, LOOK_EVERY};
	size_t n = 0;

	for (size_t i = 0; i < in.len;) {
		size_t digits = 0;

		if (!look_at(&looks, i))
			return STOPPED;
		if (in.ptr[i] != '\\') {
			out[n++] = in.ptr[i++];
			continue;
		}
		if (++i == in.len)
			break; /* a backslash before nothing goes on into nothing */
		while (digits < 6 && i + digits < in.len && weir_hex_value(in.ptr[i + digits]) >= 0)
			digits++;
		if (digits) {
			out[n++] = css_code(in, i, digits);
			i += digits;
			i += i < in.len && is_space(in.ptr[i]);
		} else if (in.ptr[i] == '\n') {
			i++;
		} else {
			out[n++] = in.ptr[i++];
		}
	}
	return n;
}

size_t t_css_decode(struct weir_bytes in, uint8_t *out)
{
	return t_css_decode_watched(in, out, NULL);
}

/* ANSI C's. What is no escape loses its backslash. */
static size_t c_escape(struct weir_bytes in, size_t at, uint8_t *out)
{
	if ((in.ptr[at] == 'x' || in.ptr[at] == 'X') && is_hex_pair(in, at + 1)) {
		*out = hex_pair(in, at + 1);
		return 3;
	}
	return octal_or_letter(in, at, false, out);
}

size_t t_escape_seq_decode_watched(struct weir_bytes in, uint8_t *out,
				   const struct weir_watch *watch)
{
	return unescape(in, out, watch, c_escape);
}

size_t t_escape_seq_decode(struct weir_bytes in, uint8_t *out)
{
	return t_escape_seq_decode_watched(in, out, NULL);
}

/* Digits from `at` in `base` (10 or 16) as a byte, in the way of strtol: what is too large for a
 * long is its largest. Returns the place after them. */
static size_t number_entity(struct weir_bytes in, size_t at, unsigned int base, uint8_t *c,
			    struct looks *looks)
{
	uint64_t value = 0;
	size_t start = at;

	for (; at < in.len; at++) {
		int digit = weir_hex_value(in.ptr[at]);

		if (digit < 0 || digit >= (int)base)
			break;
		if (!look_at(looks, at))
			return STOPPED;
		value = value > INT64_MAX / 16 ? INT64_MAX : value * base + (unsigned int)digit;
	}
	if (at > start)
		*c = (uint8_t)value;
	return at;
}

static bool is_alnum(uint8_t c)
{
	return (uint8_t)(c - '0') < 10 || (uint8_t)(weir_lower(c) - 'a') < 26;
}

#define NAME_MAX_BYTES 5 /* with more it is none */

/* `&name` at `i`; returns the place after the name, or `i` when it is none that is known. */
static size_t named_entity(struct weir_bytes in, size_t i, uint8_t *c)
{
	static const struct {
		const char *name;
		uint8_t c;
	} names[] = {{"quot", '"'}, {"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"nbsp", 0xa0}};
	size_t end = i + 1;

	while (end < in.len && end - i <= NAME_MAX_BYTES && is_alnum(in.ptr[end]))
		end++;
	for (size_t k = 0; k < WEIR_ARRAY_LEN(names); k++) {
		if (weir_bytes_is_case(weir_bytes_of(in.ptr + i + 1, end - i - 1), names[k].name)) {
			*c = names[k].c;
			return end;
		}
	}
	return i;
}

/* Returns the place after the entity at `i`, without its semicolon, or `i` where none is; or
 * STOPPED. */
static size_t entity(struct weir_bytes in, size_t i, uint8_t *c, struct looks *looks)
{
	size_t digits = i + 2, end;
	unsigned int base = 10;

	if (i + 1 >= in.len || in.ptr[i + 1] != '#')
		return named_entity(in, i, c);
	if (digits < in.len && weir_lower(in.ptr[digits]) == 'x') {
		base = 16;
		digits++;
	}
	end = number_entity(in, digits, base, c, looks);
	return end > digits ? end : i;
}

size_t t_html_entity_decode_watched(struct weir_bytes in, uint8_t *out,
				    const struct weir_watch *watch)
{
	struct looks looks = {watch, LOOK_EVERY};
	size_t n = 0;

	for (size_t i = 0; i < in.len;) {
		uint8_t c = in.ptr[i];
		size_t end = c == '&' ? entity(in, i, &c, &looks) : i;

		if (end == STOPPED || !look_at(&looks, i))
			return STOPPED;
		out[n++] = c;
		if (end == i)
			i++;
		else
			i = end + (end < in.len && in.ptr[end] == ';');
	}
	return n;
}

size_t t_html_entity_decode(struct weir_bytes in, uint8_t *out)
{
	return t_html_entity_decode_watched(in, out, NULL);
}

size_t t_hex_decode(struct weir_bytes in, uint8_t *out)
{
	size_t n = 0;

	for (size_t i = 0; i + 1 < in.len; i += 2) {
		int hi = weir_hex_value(in.ptr[i]), lo = weir_hex_value(in.ptr[i + 1]);

		out[n++] = (uint8_t)((hi < 0 ? 0 : hi) << 4 | (lo < 0 ? 0 : lo));
	}
	return n;
}

size_t t_hex_encode(struct weir_bytes in, uint8_t *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < in.len; i++) {
		out[2 * i] = (uint8_t)digits[in.ptr[i] >> 4];
		out[2 * i + 1] = (uint8_t)digits[in.ptr[i] & 15];
	}
	return 2 * in.len;
}

/* MySQL's 0x6162 is the string "ab". */
size_t t_sql_hex_decode(struct weir_bytes in, uint8_t *out)
{
	size_t n = 0;

	for (size_t i = 0; i < in.len;) {
		if (in.ptr[i] != '0' || i + 1 >= in.len || weir_lower(in.ptr[i + 1]) != 'x' ||
		    !is_hex_pair(in, i + 2)) {
			out[n++] = in.ptr[i++];
			continue;
		}
		for (i += 2; is_hex_pair(in, i); i += 2)
			out[n++] = hex_pair(in, i);
	}
	return n;
}
