/* SPDX-License-Identifier: BSD-3-Clause */
/* Percent-encoding and UTF-8 written as %uXXXX. */
#include <stdio.h>

#include "decode_impl.h"

/* `%XX` at `i` into *c and how many bytes it takes; an escape that is none is its own '%'. */
static size_t percent_escape(struct weir_bytes in, size_t i, uint8_t *c)
{
	if (!is_hex_pair(in, i + 1)) {
		*c = '%';
		return 1;
	}
	*c = hex_pair(in, i + 1);
	return 3;
}

size_t t_url_decode(struct weir_bytes in, uint8_t *out)
{
	size_t n = 0;

	for (size_t i = 0; i < in.len;) {
		uint8_t c = in.ptr[i];

		if (c == '%') {
			i += percent_escape(in, i, &out[n++]);
		} else {
			out[n++] = c == '+' ? ' ' : c;
			i++;
		}
	}
	return n;
}

/* `%uXXXX` at `i`, four good digits. */
static uint8_t unicode_escape(struct weir_bytes in, size_t i, const struct weir_unicode_map *map)
{
	uint8_t hi = hex_pair(in, i + 2), lo = hex_pair(in, i + 4);

	if (map && map->byte[hi << 8 | lo])
		return map->byte[hi << 8 | lo];
	return narrow(hi, lo);
}

size_t t_url_decode_uni(struct weir_bytes in, uint8_t *out, const struct weir_unicode_map *map,
			const struct weir_watch *watch)
{
	struct looks looks = {watch, LOOK_EVERY};
	size_t n = 0;

	for (size_t i = 0; i < in.len;) {
		uint8_t c = in.ptr[i];

		if (!look_at(&looks, i))
			return STOPPED;
		if (c != '%') {
			out[n++] = c == '+' ? ' ' : c;
			i++;
		} else if (i + 1 >= in.len || weir_lower(in.ptr[i + 1]) != 'u') {
			i += percent_escape(in, i, &out[n++]);
		} else if (is_hex_pair(in, i + 2) && is_hex_pair(in, i + 4)) {
			out[n++] = unicode_escape(in, i, map);
			i += 6;
		} else {
			out[n++] = in.ptr[i++];
			out[n++] = in.ptr[i++];
		}
	}
	return n;
}

static bool is_plain(uint8_t c)
{
	return c == '*' || (uint8_t)(c - '0') < 10 || (uint8_t)(weir_lower(c) - 'a') < 26;
}

size_t t_url_encode(struct weir_bytes in, uint8_t *out)
{
	static const char digits[] = "0123456789abcdef";
	size_t n = 0;

	for (size_t i = 0; i < in.len; i++) {
		uint8_t c = in.ptr[i];

		if (c == ' ') {
			out[n++] = '+';
		} else if (is_plain(c)) {
			out[n++] = c;
		} else {
			out[n++] = '%';
			out[n++] = (uint8_t)digits[c >> 4];
			out[n++] = (uint8_t)digits[c & 15];
		}
	}
	return n;
}

/* Bytes and code point of the sequence at `i` by its lead byte, over-long ones too: what a careless
 * decoder downstream would make of it is what rules must see. 0: none begins here. */
static unsigned int sequence(struct weir_bytes in, size_t i, uint32_t *code)
{
	uint8_t c = in.ptr[i];
	unsigned int len = c < 0xc0 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;

	if (!len || in.len - i < len)
		return 0;
	*code = c & (0xff >> (len + 1));
	for (unsigned int k = 1; k < len; k++) {
		if ((in.ptr[i + k] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (in.ptr[i + k] & 0x3f);
	}
	return len;
}

/* %uXXXX, with as many digits as it takes. */
static size_t put_code(uint8_t *out, uint32_t code)
{
	unsigned int digits = code > 0xfffff ? 6 : code > 0xffff ? 5 : 4;

	out[0] = '%';
	out[1] = 'u';
	for (unsigned int i = 0; i < digits; i++)
		out[2 + i] = (uint8_t) "0123456789abcdef"[code >> 4 * (digits - 1 - i) & 15];
	return 2 + digits;
}

size_t t_utf8_to_unicode_watched(struct weir_bytes in, uint8_t *out, const struct weir_watch *watch)
{
	struct looks looks = {watch, LOOK_EVERY};
	size_t n = 0;

	for (size_t i = 0; i < in.len;) {
		uint32_t code = 0;
		unsigned int len = sequence(in, i, &code);

		if (!look_at(&looks, i))
			return STOPPED;
		if (!len) {
			/* ModSecurity leaves NUL out. */
			if (in.ptr[i])
				out[n++] = in.ptr[i];
			i++;
			continue;
		}
		n += put_code(out + n, code);
		i += len;
	}
	return n;
}

size_t t_utf8_to_unicode(struct weir_bytes in, uint8_t *out)
{
	return t_utf8_to_unicode_watched(in, out, NULL);
}

unsigned int weir_utf8_next(struct weir_bytes in, uint32_t *code)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	unsigned int len;

	if (!in.len)
		return 0;
	if (in.ptr[0] < 0x80) {
		*code = in.ptr[0];
		return 1;
	}
	len = sequence(in, 0, code);
	if (!len || *code < least[len] || *code > 0x10ffff || (*code >= 0xd800 && *code < 0xe000))
		return 0;
	return len;
}

/* Bytes of ASCII at the start of `in`, or most of them. */
static size_t ascii_run(struct weir_bytes in)
{
	uint64_t word;
	size_t n = 0;

	for (; n + sizeof(word) <= in.len; n += sizeof(word)) {
		memcpy(&word, in.ptr + n, sizeof(word));
		if (word & 0x8080808080808080ULL)
			return n;
	}
	while (n < in.len && in.ptr[n] < 0x80)
		n++;
	return n;
}

bool weir_utf8_is_valid(struct weir_bytes in)
{
	uint32_t code;

	for (;;) {
		size_t n = ascii_run(in);

		if (n == in.len)
			return true;
		if (!n)
			n = weir_utf8_next(in, &code);
		if (!n)
			return false;
		in = weir_bytes_of(in.ptr + n, in.len - n);
	}
}
