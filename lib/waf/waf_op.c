/* SPDX-License-Identifier: BSD-3-Clause */
/* Operators by name: how each is made, asked and freed; the scratch of a worker. */
#include <stdlib.h>

#include "waf_op_impl.h"

#define JIT_STACK_START 32768
#define JIT_STACK_MAX   (512 << 10)

/* ---- those that need no file of their own ---- */

static enum waf_outcome always(const struct waf_op *op, struct waf_scratch *s,
			       struct weir_bytes value, struct weir_bytes argument,
			       struct waf_op_match *want)
{
	return WAF_MATCH;
}

static enum waf_outcome never(const struct waf_op *op, struct waf_scratch *s,
			      struct weir_bytes value, struct weir_bytes argument,
			      struct waf_op_match *want)
{
	return WAF_NO_MATCH;
}

static int never_need(const struct waf_op *op, struct weir_arena *a, struct waf_need *out)
{
	out->never = true;
	return 0;
}

/* They ask others over the net, or a database that is not there: neither is for a worker. */
static bool outside_create(struct waf_op *op, const struct op_source *from)
{
	weir_conf_warning(from->report, from->pos, "@%s never matches here",
			  weir_sec_operator_name(op->op));
	return true;
}

static const struct op_kind unconditional = {.run = always};
static const struct op_kind no_match = {.run = never, .need = never_need};
static const struct op_kind outside = {.create = outside_create, .run = never, .need = never_need};

static const struct op_kind *const kinds[WEIR_SEC_O_END] = {
	[WEIR_SEC_O_BEGINSWITH] = &waf_kind_begins_with,
	[WEIR_SEC_O_CONTAINS] = &waf_kind_contains,
	[WEIR_SEC_O_CONTAINSWORD] = &waf_kind_contains_word,
	[WEIR_SEC_O_DETECTSQLI] = &waf_kind_detect_sqli,
	[WEIR_SEC_O_DETECTXSS] = &waf_kind_detect_xss,
	[WEIR_SEC_O_ENDSWITH] = &waf_kind_ends_with,
	[WEIR_SEC_O_EQ] = &waf_kind_eq,
	[WEIR_SEC_O_GE] = &waf_kind_ge,
	[WEIR_SEC_O_GEOLOOKUP] = &outside,
	[WEIR_SEC_O_GT] = &waf_kind_gt,
	[WEIR_SEC_O_IPMATCH] = &waf_kind_ip_match,
	[WEIR_SEC_O_IPMATCHFROMFILE] = &waf_kind_ip_match,
	[WEIR_SEC_O_LE] = &waf_kind_le,
	[WEIR_SEC_O_LT] = &waf_kind_lt,
	[WEIR_SEC_O_NOMATCH] = &no_match,
	[WEIR_SEC_O_PM] = &waf_kind_pm,
	[WEIR_SEC_O_PMFROMFILE] = &waf_kind_pm,
	[WEIR_SEC_O_RBL] = &outside,
	[WEIR_SEC_O_RX] = &waf_kind_rx,
	[WEIR_SEC_O_STREQ] = &waf_kind_streq,
	[WEIR_SEC_O_STRMATCH] = &waf_kind_strmatch,
	[WEIR_SEC_O_UNCONDITIONALMATCH] = &unconditional,
	[WEIR_SEC_O_VALIDATEBYTERANGE] = &waf_kind_byte_range,
	[WEIR_SEC_O_VALIDATEURLENCODING] = &waf_kind_url_encoding,
	[WEIR_SEC_O_VALIDATEUTF8ENCODING] = &waf_kind_utf8_encoding,
	[WEIR_SEC_O_VERIFYCC] = &waf_kind_verify_cc,
	[WEIR_SEC_O_VERIFYSSN] = &waf_kind_verify_ssn,
	[WEIR_SEC_O_VERIFYCPF] = &waf_kind_verify_cpf,
	[WEIR_SEC_O_WITHIN] = &waf_kind_within,
};

/* ---- operators ---- */

struct waf_op *waf_op_create(const struct weir_sec_test *test, const struct waf_op_cfg *cfg,
			     struct weir_conf_pos pos, struct weir_arena *arena,
			     struct weir_conf_report *r)
{
	struct op_source from = {test, cfg, pos, arena, r};
	struct waf_op *op = weir_arena_zalloc(arena, sizeof(*op));

	weir_assert(test->op < WEIR_SEC_O_END && kinds[test->op]);
	if (!op) {
		weir_conf_error(r, pos, "out of memory");
		return NULL;
	}
	op->kind = kinds[test->op];
	op->op = test->op;
	op->negated = test->negated;
	op->has_macro = test->argument.has_macro;
	op->argument = weir_arena_copy(arena, test->argument.source);
	op->bytes = sizeof(*op) + op->argument.len;
	if (op->argument.len != test->argument.source.len) {
		weir_conf_error(r, pos, "out of memory");
		return NULL;
	}
	if (op->kind->create && !op->kind->create(op, &from)) {
		waf_op_destroy(op);
		return NULL;
	}
	return op;
}

void waf_op_destroy(struct waf_op *op)
{
	if (op && op->kind->destroy)
		op->kind->destroy(op);
}

size_t waf_op_bytes(const struct waf_op *op)
{
	return op->bytes;
}

int waf_op_need(const struct waf_op *op, struct weir_arena *a, struct waf_need *out)
{
	*out = (struct waf_need){0};
	return op->kind->need ? op->kind->need(op, a, out) : 0;
}

enum waf_outcome waf_op_run(const struct waf_op *op, struct waf_scratch *s, struct weir_bytes value,
			    struct weir_bytes argument, struct waf_op_match *want)
{
	enum waf_outcome outcome;

	if (want)
		want->n_captures = 0;
	outcome = op->kind->run(op, s, value, argument, want);
	if (!op->negated || outcome == WAF_LIMIT)
		return outcome;
	return op_outcome(outcome == WAF_NO_MATCH);
}

/* ---- conditions ---- */

int waf_need_add_literals(struct waf_need *need, const struct weir_bytes *literals, uint32_t n,
			  struct weir_arena *a)
{
	struct waf_literals *l = &need->literals[need->n_literals];
	uint8_t *at;

	weir_assert(need->n_literals < WAF_NEED_LITERALS);
	l->literal = weir_arena_alloc(a, n * sizeof(*l->literal));
	if (!l->literal)
		return -WEIR_ENOMEM;
	for (uint32_t i = 0; i < n; i++) {
		at = weir_arena_alloc(a, literals[i].len);
		if (!at)
			return -WEIR_ENOMEM;
		for (size_t k = 0; k < literals[i].len; k++)
			at[k] = weir_lower(literals[i].ptr[k]);
		l->literal[i] = weir_bytes_of(at, literals[i].len);
	}
	l->n = n;
	need->n_literals++;
	return 0;
}

void waf_need_add_set(struct waf_need *need, const struct waf_set *set)
{
	weir_assert(need->n_sets < WAF_NEED_SETS);
	need->set[need->n_sets++] = *set;
}

/* ---- scratch ---- */

static bool grow_for(struct waf_scratch *s, const struct waf_op *op)
{
	switch (op->op) {
	case WEIR_SEC_O_PM:
	case WEIR_SEC_O_PMFROMFILE:
		return !op->pm.db || hs_alloc_scratch(op->pm.db, &s->hs) == HS_SUCCESS;
	case WEIR_SEC_O_DETECTSQLI:
	case WEIR_SEC_O_DETECTXSS:
		if (!s->text)
			s->text = malloc(OP_TEXT_MAX + OP_TEXT_PADDING);
		return s->text != NULL;
	case WEIR_SEC_O_RX:
		if (op->has_macro && !s->compiled)
			s->compiled = waf_rx_compiled_create();
		return !op->has_macro || s->compiled;
	default:
		return true;
	}
}

struct waf_scratch *waf_scratch_create(struct waf_op *const *ops, uint32_t n)
{
	struct waf_scratch *s = calloc(1, sizeof(*s));
	bool ok;

	if (!s)
		return NULL;
	s->match_data = pcre2_match_data_create(WAF_CAPTURES, NULL);
	s->match_context = pcre2_match_context_create(NULL);
	s->jit_stack = pcre2_jit_stack_create(JIT_STACK_START, JIT_STACK_MAX, NULL);
	ok = s->match_data && s->match_context && s->jit_stack;
	if (ok)
		pcre2_jit_stack_assign(s->match_context, NULL, s->jit_stack);
	for (uint32_t i = 0; ok && i < n; i++)
		ok = grow_for(s, ops[i]);
	if (!ok) {
		waf_scratch_destroy(s);
		return NULL;
	}
	return s;
}

void waf_scratch_clock(struct waf_scratch *s, struct waf_clock *clock)
{
	s->clock = clock;
}

void waf_scratch_destroy(struct waf_scratch *s)
{
	if (!s)
		return;
	waf_rx_compiled_destroy(s->compiled);
	free(s->text);
	hs_free_scratch(s->hs);
	pcre2_jit_stack_free(s->jit_stack);
	pcre2_match_context_free(s->match_context);
	pcre2_match_data_free(s->match_data);
	free(s);
}
