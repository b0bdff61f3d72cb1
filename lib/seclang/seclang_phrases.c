/* SPDX-License-Identifier: BSD-3-Clause */
/* The words of @pm, the members of @ipMatch, and data files of either. */
#include <stdlib.h>

#include "seclang_impl.h"

static bool add_phrase(struct weir_seclang *s, struct list *out, struct weir_bytes b)
{
	struct weir_bytes *p = list_add(&s->arena, out, sizeof(*p));

	if (p)
		*p = b;
	return p != NULL;
}

/* ---- |68 65 78| and backslashes ---- */

/* Behind a group of hexadecimal pairs between bars, its bytes in `out`; 0: it is none. */
static size_t hex_group(struct weir_bytes in, size_t i, uint8_t *out, size_t *n)
{
	size_t made = 0;
	int high = -1;

	for (i++; i < in.len && in.ptr[i] != '|'; i++) {
		int v = weir_hex_value(in.ptr[i]);

		if (in.ptr[i] == ' ')
			continue;
		if (v < 0)
			return 0;
		if (high >= 0)
			out[made++] = (uint8_t)(high << 4 | v);
		high = high >= 0 ? -1 : v;
	}
	if (i >= in.len || high >= 0 || !made)
		return 0;
	*n += made;
	return i + 1;
}

/*
 * ModSecurity 2's parse_pm_content: \: \; \\ \" lose their backslash, and text with any other
 * escape stays as it is. Deviation: so do bars with something else than pairs between them, of
 * which ModSecurity drops what it does not understand.
 */
static struct weir_bytes undo_escapes(struct weir_seclang *s, struct weir_bytes in)
{
	uint8_t *out = weir_arena_alloc(&s->arena, in.len + 1);
	size_t n = 0;

	if (!out)
		return in;
	for (size_t i = 0; i < in.len;) {
		size_t behind = in.ptr[i] == '|' ? hex_group(in, i, out + n, &n) : 0;

		if (behind) {
			i = behind;
			continue;
		}
		if (in.ptr[i] == '\\') {
			if (i + 1 == in.len || !memchr(":;\\\"", in.ptr[i + 1], 4))
				return in;
			i++;
		}
		out[n++] = in.ptr[i++];
	}
	return (struct weir_bytes){out, n};
}

static struct weir_bytes trim(struct weir_bytes b)
{
	while (b.len && is_space(*b.ptr))
		b.ptr++, b.len--;
	while (b.len && is_space(b.ptr[b.len - 1]))
		b.len--;
	return b;
}

static struct weir_bytes next_word(struct weir_bytes *in)
{
	struct weir_bytes w = trim(*in);
	size_t end = 0;

	while (end < w.len && !is_space(w.ptr[end]))
		end++;
	*in = (struct weir_bytes){w.ptr + end, w.len - end};
	return (struct weir_bytes){w.ptr, end};
}

static bool take(struct weir_seclang *s, struct word w, const struct list *l,
		 struct weir_sec_test *out)
{
	out->phrases = l->items;
	out->n_phrases = l->n;
	return l->n || complain(s, place(s, w, 0), "no phrase is left to look for");
}

bool phrases_of_text(struct weir_seclang *s, struct word w, struct weir_sec_test *out)
{
	struct weir_bytes t = trim(w.text), word;
	struct list l = {0};

	if (t.len > 1 && t.ptr[0] == '"' && t.ptr[t.len - 1] == '"')
		t = (struct weir_bytes){t.ptr + 1, t.len - 2};
	t = undo_escapes(s, t);
	while ((word = next_word(&t)).len)
		if (!add_phrase(s, &l, word))
			return false;
	return take(s, w, &l, out);
}

/* ---- addresses ---- */

/* NULL, or what is wrong with it. Bits behind the prefix do not count, as in ModSecurity. */
static const char *wrong_address(struct weir_bytes b)
{
	char text[WEIR_PREFIX_TEXT];
	struct weir_prefix p;

	if (b.len >= sizeof(text))
		return "not an address";
	memcpy(text, b.ptr, b.len);
	text[b.len] = 0;
	return weir_prefix_parse(text, &p) == -WEIR_EFORMAT ? "not an address" : NULL;
}

bool addresses_of_text(struct weir_seclang *s, struct word w, struct weir_sec_test *out)
{
	struct list l = {0};
	size_t from = 0;

	for (size_t i = 0; i <= w.text.len; i++) {
		struct word one;

		if (i < w.text.len && w.text.ptr[i] != ',' && !is_space(w.text.ptr[i]))
			continue;
		one = word_part(w, from, i - from);
		from = i + 1;
		if (one.text.len == 0)
			continue;
		if (wrong_address(one.text))
			return complain(s, place(s, one, 0), "'%.*s' is not an address",
					SHOW(one.text));
		if (!add_phrase(s, &l, one.text))
			return false;
	}
	return take(s, w, &l, out);
}

/* ---- files ---- */

static bool take_file_line(struct weir_seclang *s, struct weir_conf_pos at, bool addresses,
			   struct weir_bytes line, struct list *out)
{
	struct weir_bytes b = trim(line);

	if (b.len == 0 || *b.ptr == '#')
		return true;
	if (addresses && wrong_address(b))
		return complain(s, at, "'%.*s' is not an address", SHOW(b));
	b = addresses ? b : trim(undo_escapes(s, b));
	return b.len == 0 || add_phrase(s, out, weir_arena_copy(&s->arena, b));
}

static bool take_file(struct weir_seclang *s, const char *path, struct weir_bytes text,
		      bool addresses, struct list *out)
{
	struct weir_bytes name = weir_arena_copy(&s->arena, weir_bytes_of(path, strlen(path) + 1));
	struct weir_conf_pos at = {.file = (const char *)name.ptr, .column = 1};
	bool good = true;

	while (text.len && name.ptr) {
		const uint8_t *end = memchr(text.ptr, '\n', text.len);
		size_t len = end ? (size_t)(end - text.ptr) : text.len;

		at.line++;
		good = take_file_line(s, at, addresses, weir_bytes_of(text.ptr, len), out) && good;
		len += end ? 1 : 0;
		text = (struct weir_bytes){text.ptr + len, text.len - len};
	}
	return good;
}

bool phrases_of_files(struct weir_seclang *s, struct word w, bool addresses,
		      struct weir_sec_test *out)
{
	struct weir_bytes names = w.text, name;
	struct list l = {0};
	bool good = true;

	while ((name = next_word(&names)).len) {
		struct weir_conf_pos at = place(s, w, (size_t)(name.ptr - w.text.ptr));
		const char *path = path_from_here(s, name);
		struct weir_bytes text;
		uint8_t *bytes = read_file(s, path, at, &text, NULL);

		good = bytes && take_file(s, path, text, addresses, &l) && good;
		free(bytes);
	}
	return good && take(s, w, &l, out);
}
