/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SecUnicodeMapFile FILE CODEPAGE. The file has a code page's number, its name in words, and then
 * pairs CODE:BYTE in hexadecimal, for each page.
 */
#include <stdlib.h>

#include "seclang_impl.h"

static struct weir_bytes next_token(struct weir_bytes *in)
{
	struct weir_bytes t = {in->ptr, 0};

	while (in->len && is_space(*in->ptr))
		in->ptr++, in->len--;
	t.ptr = in->ptr;
	while (in->len && !is_space(*in->ptr))
		in->ptr++, in->len--, t.len++;
	return t;
}

static bool hex_number(struct weir_bytes b, uint32_t max, uint32_t *out)
{
	*out = 0;
	for (size_t i = 0; i < b.len; i++) {
		int v = weir_hex_value(b.ptr[i]);

		if (v < 0 || i > 7)
			return false;
		*out = *out << 4 | (uint32_t)v;
	}
	return b.len && *out <= max;
}

static bool is_page(struct weir_bytes token, uint64_t wanted)
{
	uint64_t n = 0;

	for (size_t i = 0; i < token.len; i++) {
		if ((uint8_t)(token.ptr[i] - '0') > 9 || i > 9)
			return false;
		n = n * 10 + token.ptr[i] - '0';
	}
	return token.len && n == wanted;
}

/* Pairs up to the next token that is none, once they have begun. False: no such page, or a pair
 * that is no pair. */
static bool read_page(struct weir_bytes text, uint64_t page, struct weir_unicode_map *map)
{
	bool found = false, begun = false;
	struct weir_bytes t;

	while ((t = next_token(&text)).len) {
		const uint8_t *colon = memchr(t.ptr, ':', t.len);
		size_t at = colon ? (size_t)(colon - t.ptr) : 0;
		uint32_t code, byte;

		if (begun && !colon)
			break;
		found = found || (!colon && is_page(t, page));
		if (!found || !colon)
			continue;
		if (!hex_number(weir_bytes_of(t.ptr, at), 0xffff, &code) ||
		    !hex_number(weir_bytes_of(colon + 1, t.len - at - 1), 0xff, &byte))
			return false;
		map->byte[code] = (uint8_t)byte;
		begun = true;
	}
	return begun;
}

bool do_unicode_map(struct weir_seclang *s, const struct directive *d, unsigned int value)
{
	struct word file = d->word[1];
	struct weir_unicode_map *map;
	struct weir_bytes text;
	uint8_t *bytes;
	uint64_t page;
	bool good;

	if (!parse_number(s, d->word[2], 1, 99999, &page))
		return false;
	bytes = read_file(s, path_from_here(s, file.text), place(s, file, 0), &text, NULL);
	map = bytes ? weir_arena_zalloc(&s->arena, sizeof(*map)) : NULL;
	good = map && read_page(text, page, map);
	free(bytes);
	if (map && !good)
		complain(s, place(s, d->word[2], 0), "no map of code page %llu in '%.*s'",
			 (unsigned long long)page, SHOW(file.text));
	if (good)
		s->settings.unicode_map = map;
	return good;
}
