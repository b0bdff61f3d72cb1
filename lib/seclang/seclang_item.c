/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lists of NAME:VALUE, as targets and actions are written, by the rules of ModSecurity 2's
 * msre_parse_generic; and the plain values in them: numbers, words of a few, ids.
 */
#include <stdio.h>

#include "seclang_impl.h"

static bool ends_name(uint8_t c)
{
	return c == '|' || c == ':' || c == ',' || is_space(c);
}

static bool ends_value(uint8_t c)
{
	return c == '|' || c == ',' || is_space(c);
}

static size_t skip(struct weir_bytes t, size_t i, bool (*is)(uint8_t))
{
	while (i < t.len && is(t.ptr[i]))
		i++;
	return i;
}

static size_t skip_until(struct weir_bytes t, size_t i, bool (*is)(uint8_t))
{
	while (i < t.len && !is(t.ptr[i]))
		i++;
	return i;
}

/* Behind a value in single quotes, where \' and \\ are undone; any other backslash stays, which
 * ModSecurity would refuse. Returns 0 for a quote that is not closed. */
static size_t quoted_value(struct weir_seclang *s, struct word w, size_t i, struct word *out)
{
	uint8_t *text = weir_arena_alloc(&s->arena, w.text.len - i + 1);
	uint32_t *at = weir_arena_alloc(&s->scratch, (w.text.len - i + 1) * sizeof(*at));
	const uint8_t *p = w.text.ptr;
	size_t n = 0;

	if (!text || !at)
		return 0;
	for (; i < w.text.len && p[i] != '\''; i++) {
		at[n] = w.at[i];
		if (p[i] == '\\' && i + 1 < w.text.len && (p[i + 1] == '\'' || p[i + 1] == '\\'))
			i++;
		text[n++] = p[i];
	}
	if (i >= w.text.len)
		return 0;
	at[n] = w.at[i];
	*out = (struct word){{text, n}, at};
	return i + 1;
}

/* Behind the slash that closes an expression, which may have separators inside; 0: none closes. */
static size_t end_of_regex(struct weir_bytes t, size_t i)
{
	for (i++; i < t.len && !is_space(t.ptr[i]); i++) {
		if (t.ptr[i] == '\\')
			i++;
		else if (t.ptr[i] == '/' && (i + 1 == t.len || ends_value(t.ptr[i + 1])))
			return i + 1;
	}
	return 0;
}

/* XPath begins with a slash, too. */
static bool is_xml(struct weir_bytes name)
{
	while (name.len && (*name.ptr == '!' || *name.ptr == '&'))
		name.ptr++, name.len--;
	return weir_bytes_is_case(name, "XML");
}

static int read_value(struct weir_seclang *s, struct word w, enum item_list kind, size_t *pos,
		      struct item *out)
{
	size_t from = *pos, end = 0;

	out->has_value = true;
	if (w.text.ptr[from] == '\'') {
		end = quoted_value(s, w, from + 1, &out->value);
		if (!end)
			return complain(s, place(s, w, from),
					"the quote that opens here is not closed") -
			       1;
		*pos = end;
		return 1;
	}
	if (kind == ITEMS_TARGETS && w.text.ptr[from] == '/' && !is_xml(out->name.text))
		end = end_of_regex(w.text, from);
	if (!end)
		end = skip_until(w.text, from, ends_value);
	out->value = word_part(w, from, end - from);
	*pos = end;
	return 1;
}

int next_item(struct weir_seclang *s, struct word w, enum item_list kind, size_t *pos,
	      struct item *out)
{
	struct weir_bytes t = w.text;
	size_t i = skip(t, *pos, is_space), end = skip_until(t, i, ends_name);
	int found = 1;

	if (i == t.len)
		return 0;
	*out = (struct item){.name = word_part(w, i, end - i), .value = word_part(w, end, 0)};
	if (end < t.len && t.ptr[end] == ':') {
		end++;
		if (end < t.len && t.ptr[end] != ',' && t.ptr[end] != '|')
			found = read_value(s, w, kind, &end, out);
		*pos = skip(t, end, ends_value);
		return found;
	}
	end = skip(t, end, is_space);
	*pos = end + 1 < t.len ? end + 1 : t.len;
	if (end < t.len && t.ptr[end] != ',' && t.ptr[end] != '|')
		return complain(s, place(s, w, end), "a comma or the end must stand here") - 1;
	return 1;
}

/* ---- plain values ---- */

bool parse_number(struct weir_seclang *s, struct word w, uint64_t min, uint64_t max, uint64_t *out)
{
	uint64_t n = 0;
	bool good = w.text.len > 0;

	for (size_t i = 0; good && i < w.text.len; i++) {
		uint8_t digit = (uint8_t)(w.text.ptr[i] - '0');

		good = digit < 10 && n <= (UINT64_MAX - digit) / 10;
		n = n * 10 + digit;
	}
	if (!good || n < min || n > max)
		return complain(s, place(s, w, 0),
				"a number from %llu to %llu must stand here, not \"%.*s\"",
				(unsigned long long)min, (unsigned long long)max, SHOW(w.text));
	*out = n;
	return true;
}

int parse_choice(struct weir_seclang *s, struct word w, const char *const *names, unsigned int n)
{
	char list[160];
	size_t len = 0;

	for (unsigned int i = 0; i < n; i++)
		if (weir_bytes_is_case(w.text, names[i]))
			return (int)i;
	for (unsigned int i = 0; i < n && len < sizeof(list); i++)
		len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s",
					i == 0       ? ""
					: i == n - 1 ? " or "
						     : ", ",
					names[i]);
	complain(s, place(s, w, 0), "%s must stand here, not \"%.*s\"", list, SHOW(w.text));
	return -1;
}

static bool ends_id(uint8_t c)
{
	return c == ',' || c == '"' || c == '\'' || is_space(c);
}

static bool parse_range(struct weir_seclang *s, struct word w, struct id_range *out)
{
	const uint8_t *dash = memchr(w.text.ptr, '-', w.text.len);
	size_t at = dash ? (size_t)(dash - w.text.ptr) : w.text.len;
	uint64_t first, last;

	if (!parse_number(s, word_part(w, 0, at), 0, UINT32_MAX, &first))
		return false;
	last = first;
	if (dash &&
	    !parse_number(s, word_part(w, at + 1, w.text.len - at - 1), 0, UINT32_MAX, &last))
		return false;
	if (last < first)
		return complain(s, place(s, w, 0), "the range %.*s is empty", SHOW(w.text));
	*out = (struct id_range){(uint32_t)first, (uint32_t)last};
	return true;
}

bool parse_ids(struct weir_seclang *s, struct word w, struct list *out)
{
	size_t i = skip(w.text, 0, ends_id);

	if (i == w.text.len)
		return complain(s, place(s, w, 0), "a rule's id is missing");
	while (i < w.text.len) {
		size_t end = skip_until(w.text, i, ends_id);
		struct id_range *r = list_add(&s->arena, out, sizeof(*r));

		if (!r || !parse_range(s, word_part(w, i, end - i), r))
			return false;
		i = skip(w.text, end, ends_id);
	}
	return true;
}
