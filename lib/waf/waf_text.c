/* SPDX-License-Identifier: BSD-3-Clause */
/* Text with macros: compiled to pieces, and expanded for a transaction. */
#include "waf_compile.h"
#include "waf_tx.h"

static struct waf_piece compile_piece(struct weir_waf *w, const struct weir_sec_piece *p)
{
	struct waf_piece piece = {.kind = WAF_PIECE_TEXT, .text = p->text, .name = WAF_NO_NAME};

	if (!p->is_macro)
		return piece;
	piece.kind = WAF_PIECE_MACRO;
	piece.variable = p->variable;
	waf_use_macro(w, p->variable, p->text);
	if (p->variable == WEIR_SEC_V_TX) {
		piece.name = waf_name_intern(w, p->text);
		if (piece.name != WAF_NO_NAME)
			piece.kind = WAF_PIECE_TX;
	}
	return piece;
}

bool waf_compile_text(struct weir_waf *w, const struct weir_sec_text *t, struct waf_text *out)
{
	*out = (struct waf_text){.constant = !t->has_macro};
	if (!t->has_macro) {
		out->text = t->n_pieces ? t->pieces[0].text : (struct weir_bytes){0};
		return true;
	}
	out->piece = weir_arena_alloc(&w->arena, t->n_pieces * sizeof(*out->piece));
	if (!out->piece)
		return false;
	for (uint16_t i = 0; i < t->n_pieces; i++)
		out->piece[out->n++] = compile_piece(w, &t->pieces[i]);
	return true;
}

static struct weir_bytes piece_text(struct weir_waf_tx *tx, const struct waf_piece *p)
{
	struct weir_bytes text = {0};

	if (p->kind == WAF_PIECE_TEXT)
		return p->text;
	if (p->kind == WAF_PIECE_MACRO)
		return waf_variable_text(tx, p->variable, p->text);
	(void)waf_tx_get(tx, p->name, &text);
	return text;
}

static struct weir_bytes joined(struct weir_waf_tx *tx, const struct waf_text *t,
				struct weir_bytes *part)
{
	size_t len = 0, at = 0;
	uint8_t *out;

	for (uint16_t i = 0; i < t->n; i++) {
		part[i] = piece_text(tx, &t->piece[i]);
		len += part[i].len;
	}
	out = weir_arena_alloc(&tx->arena, len);
	if (!out)
		return (struct weir_bytes){0};
	for (uint16_t i = 0; i < t->n; i++) {
		if (part[i].len)
			memcpy(out + at, part[i].ptr, part[i].len);
		at += part[i].len;
	}
	return weir_bytes_of(out, len);
}

#define PIECES_FEW 16

struct weir_bytes waf_expand(struct weir_waf_tx *tx, const struct waf_text *t)
{
	struct weir_bytes few[PIECES_FEW], *part = few;

	if (t->constant)
		return t->text;
	if (t->n == 1)
		return piece_text(tx, &t->piece[0]);
	if (t->n > PIECES_FEW)
		part = weir_arena_alloc(&tx->arena, t->n * sizeof(*part));
	return part ? joined(tx, t, part) : (struct weir_bytes){0};
}
