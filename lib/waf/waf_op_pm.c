/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * @pm and @pmFromFile: phrases in any case of ASCII letters, in one database of literals. The
 * phrase that ends first is the one told, the longest of those that end there, as ModSecurity v2's
 * automaton finds it.
 */
#include <stdlib.h>

#include "waf_cache.h"
#include "waf_op_impl.h"

#define SET_PHRASES_MAX 32 /* with more the set of their first bytes says little */
/* Places where a word that is known only now is looked for, between two looks at the clock. */
#define WORDS_LOOK 16384

/* ---- compiling ---- */

static bool compile(struct waf_op *op, const struct op_source *from)
{
	struct weir_buf why = {0};
	size_t size = 0;

	op->pm.db = waf_database_create(from->cfg->cache, op->pm.phrases, op->pm.n_phrases, &why);
	if (!op->pm.db)
		weir_conf_error(from->report, from->pos, "the phrases cannot be compiled: %s",
				why.ptr ? why.ptr : "out of memory");
	else if (hs_database_size(op->pm.db, &size) == HS_SUCCESS)
		op->bytes += size;
	weir_buf_fini(&why);
	return op->pm.db != NULL;
}

/* In lower case; by length, so that equal ones stand together. */
static int by_text(const void *a, const void *b)
{
	const struct weir_bytes *x = a, *y = b;

	if (x->len != y->len)
		return x->len < y->len ? -1 : 1;
	return memcmp(x->ptr, y->ptr, x->len);
}

/* Each once and in lower case: files have many twice. */
static bool take_phrases(struct waf_op *op, const struct op_source *from)
{
	const struct weir_sec_test *test = from->test;
	struct weir_bytes *to = weir_arena_alloc(from->arena, test->n_phrases * sizeof(*to));
	uint32_t n = 0, kept = 0;

	for (uint32_t i = 0; to && i < test->n_phrases; i++) {
		struct weir_bytes p = test->phrases[i];
		uint8_t *at = weir_arena_alloc(from->arena, p.len);

		if (!at)
			return false;
		for (size_t k = 0; k < p.len; k++)
			at[k] = weir_lower(p.ptr[k]);
		if (p.len)
			to[n++] = weir_bytes_of(at, p.len);
		op->bytes += p.len + sizeof(p);
	}
	if (!to)
		return false;
	qsort(to, n, sizeof(*to), by_text);
	for (uint32_t i = 0; i < n; i++)
		if (!kept || by_text(&to[kept - 1], &to[i]) != 0)
			to[kept++] = to[i];
	op->pm.phrases = to;
	op->pm.n_phrases = kept;
	return true;
}

static bool create(struct waf_op *op, const struct op_source *from)
{
	if (op->has_macro || !from->test->n_phrases)
		return true;
	if (!take_phrases(op, from)) {
		weir_conf_error(from->report, from->pos, "out of memory");
		return false;
	}
	return !op->pm.n_phrases || compile(op, from);
}

static void destroy(struct waf_op *op)
{
	hs_free_database(op->pm.db);
	op->pm.db = NULL;
}

/* ---- asking ---- */

/* The earliest end that was seen, and the longest phrase that ends there; length 0: none. */
struct found {
	const struct weir_bytes *phrases; /* by identity */
	size_t end, len;
};

static void note(struct found *f, size_t end, size_t len)
{
	if (f->len && (end > f->end || (end == f->end && len <= f->len)))
		return;
	f->end = end;
	f->len = len;
}

static int on_first(unsigned int id, unsigned long long start, unsigned long long end,
		    unsigned int flags, void *context)
{
	struct found *f = context;

	note(f, end, f->phrases[id].len);
	return 1;
}

static int on_each(unsigned int id, unsigned long long start, unsigned long long end,
		   unsigned int flags, void *context)
{
	struct found *f = context;

	note(f, end, f->phrases[id].len);
	return 0;
}

static void tell(const struct found *f, struct weir_bytes value, struct waf_op_match *want)
{
	want->capture[0] = weir_bytes_of(value.ptr + f->end - f->len, f->len);
	want->n_captures = 1;
}

/* Hyperscan does not say which of several matches it tells first, so what stands before the end of
 * the one it did tell is looked at again, all of it. */
static enum waf_outcome scan_piece(const struct waf_op *op, struct waf_scratch *s,
				   struct weir_bytes piece, struct waf_op_match *want)
{
	const char *text = (const char *)piece.ptr;
	struct found f = {.phrases = op->pm.phrases};
	hs_error_t rc;

	rc = hs_scan(op->pm.db, text, (unsigned int)piece.len, 0, s->hs, on_first, &f);
	if (!f.len)
		return rc == HS_SUCCESS ? WAF_NO_MATCH : WAF_LIMIT;
	if (want) {
		rc = hs_scan(op->pm.db, text, (unsigned int)f.end, 0, s->hs, on_each, &f);
		tell(&f, piece, want);
	}
	return WAF_MATCH;
}

/* A phrase that stands across two pieces is in the second: it begins with as much of the first as
 * all but the last byte of the longest. What ends first is in the first piece that has any. */
static enum waf_outcome scan(const struct waf_op *op, struct waf_scratch *s,
			     struct weir_bytes value, struct waf_op_match *want)
{
	size_t both = op->pm.phrases[op->pm.n_phrases - 1].len - 1;
	size_t most = OP_PIECE + both;

	while (value.len) {
		struct weir_bytes piece = value;
		enum waf_outcome outcome;

		if (piece.len > most)
			piece.len = most;
		outcome = scan_piece(op, s, piece, want);
		if (outcome != WAF_NO_MATCH || piece.len == value.len)
			return outcome;
		value = weir_bytes_of(value.ptr + OP_PIECE, value.len - OP_PIECE);
		if (op_is_late(s))
			return WAF_LIMIT;
	}
	return WAF_NO_MATCH;
}

/* ---- phrases that are known only now ---- */

static bool is_space(uint8_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The next word of *rest, which becomes what follows it; empty: there is none. */
static struct weir_bytes next_word(struct weir_bytes *rest)
{
	struct weir_bytes word;
	size_t start = 0, end;

	while (start < rest->len && is_space(rest->ptr[start]))
		start++;
	end = start;
	while (end < rest->len && !is_space(rest->ptr[end]))
		end++;
	word = weir_bytes_of(rest->ptr + start, end - start);
	*rest = weir_bytes_of(rest->ptr + end, rest->len - end);
	return word;
}

/* False: there is no time for it. */
static bool find_word(struct waf_scratch *s, struct weir_bytes word, struct weir_bytes value,
		      struct found *f)
{
	for (size_t i = 0; i + word.len <= value.len; i++) {
		if (i % WORDS_LOOK == WORDS_LOOK - 1 && op_is_late(s))
			return false;
		if (weir_bytes_equal_case(weir_bytes_of(value.ptr + i, word.len), word)) {
			note(f, i + word.len, word.len);
			return true;
		}
	}
	return true;
}

static enum waf_outcome search(struct waf_scratch *s, struct weir_bytes words,
			       struct weir_bytes value, struct waf_op_match *want)
{
	struct found f = {0};
	struct weir_bytes word;

	while ((word = next_word(&words)).len)
		if (!find_word(s, word, value, &f))
			return WAF_LIMIT;
	if (f.len && want)
		tell(&f, value, want);
	return op_outcome(f.len != 0);
}

static enum waf_outcome run(const struct waf_op *op, struct waf_scratch *s, struct weir_bytes value,
			    struct weir_bytes argument, struct waf_op_match *want)
{
	if (weir_unlikely(op->has_macro))
		return search(s, argument, value, want);
	return op->pm.db ? scan(op, s, value, want) : WAF_NO_MATCH;
}

/* ---- conditions ---- */

/* For phrases of one byte a set says the same at less cost, if they are few. */
static void need_first_bytes(const struct waf_op *op, struct waf_need *out)
{
	struct waf_set set = {0};

	if (op->pm.n_phrases > SET_PHRASES_MAX)
		return;
	for (uint32_t i = 0; i < op->pm.n_phrases; i++) {
		uint8_t c = op->pm.phrases[i].ptr[0];

		waf_set_add(&set, c);
		if (c >= 'a' && c <= 'z')
			waf_set_add(&set, (uint8_t)(c - 32));
	}
	waf_need_add_set(out, &set);
}

static int need(const struct waf_op *op, struct weir_arena *a, struct waf_need *out)
{
	if (op->has_macro)
		return 0;
	out->never = !op->pm.n_phrases;
	if (out->never)
		return 0;
	/* They are in the order of their lengths. */
	out->min_len = (uint32_t)op->pm.phrases[0].len;
	if (out->min_len == 1) {
		need_first_bytes(op, out);
		return 0;
	}
	return waf_need_add_literals(out, op->pm.phrases, op->pm.n_phrases, a);
}

const struct op_kind waf_kind_pm = {.create = create, .destroy = destroy, .run = run, .need = need};
