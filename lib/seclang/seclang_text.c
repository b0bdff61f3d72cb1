/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Text with macros: %{NAME}, %{NAME.member} or %{NAME:member}. What follows %{ and is no letter
 * belongs to the text: %{2} in a regular expression is two per cent signs.
 */
#include "seclang_impl.h"

#define PIECES_MAX 1024

static bool add_literal(struct weir_seclang *s, struct list *pieces, struct word w)
{
	struct weir_sec_piece *p;

	if (w.text.len == 0)
		return true;
	p = list_add(&s->arena, pieces, sizeof(*p));
	if (p)
		p->text = w.text;
	return p != NULL;
}

/* `w` stands between the braces. */
static bool add_macro(struct weir_seclang *s, struct list *pieces, struct word w)
{
	struct weir_sec_piece *p = list_add(&s->arena, pieces, sizeof(*p));
	size_t end = 0;

	if (!p)
		return false;
	p->is_macro = true;
	while (end < w.text.len && w.text.ptr[end] != '.' && w.text.ptr[end] != ':')
		end++;
	if (!find_variable(s, word_part(w, 0, end), &p->variable, &p->text))
		return false;
	if (end < w.text.len)
		p->text = word_part(w, end + 1, w.text.len - end - 1).text;
	if (p->text.len && !weir_sec_variable_is_collection(p->variable))
		return complain(s, place(s, w, 0), "%s has no members",
				weir_sec_variable_name(p->variable));
	if (!p->text.len && needs_member(p->variable))
		return complain(s, place(s, w, 0), "%s needs a member: %%{%s.name}",
				weir_sec_variable_name(p->variable),
				weir_sec_variable_name(p->variable));
	return true;
}

/* Where the next macro begins, or the length of the text. */
static size_t find_macro(struct weir_bytes t, size_t i)
{
	for (; i + 2 < t.len; i++)
		if (t.ptr[i] == '%' && t.ptr[i + 1] == '{' &&
		    (uint8_t)(weir_lower(t.ptr[i + 2]) - 'a') < 26)
			return i;
	return t.len;
}

static bool take_pieces(struct weir_seclang *s, struct word w, struct weir_sec_text *out,
			struct list *pieces)
{
	struct weir_bytes t = w.text;

	for (size_t i = 0; i < t.len;) {
		size_t open = find_macro(t, i), end;
		const uint8_t *close;

		if (!add_literal(s, pieces, word_part(w, i, open - i)))
			return false;
		if (open == t.len)
			break;
		close = memchr(t.ptr + open, '}', t.len - open);
		if (!close)
			return complain(s, place(s, w, open), "the macro is not closed by '}'");
		end = (size_t)(close - t.ptr);
		if (!add_macro(s, pieces, word_part(w, open + 2, end - open - 2)))
			return false;
		out->has_macro = true;
		i = end + 1;
	}
	if (pieces->n > PIECES_MAX)
		return complain(s, place(s, w, 0), "a text has over %u macros", PIECES_MAX / 2);
	return true;
}

bool parse_text(struct weir_seclang *s, struct word w, struct weir_sec_text *out)
{
	struct list pieces = {0};

	*out = (struct weir_sec_text){.source = w.text};
	if (!take_pieces(s, w, out, &pieces))
		return false;
	out->pieces = pieces.items;
	out->n_pieces = (uint16_t)pieces.n;
	return true;
}

bool plain_text(struct weir_seclang *s, struct word w, struct weir_sec_text *out)
{
	struct list pieces = {0};

	*out = (struct weir_sec_text){.source = w.text};
	if (!add_literal(s, &pieces, w))
		return false;
	out->pieces = pieces.items;
	out->n_pieces = (uint16_t)pieces.n;
	return true;
}
