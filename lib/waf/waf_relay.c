/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rules that hand each value on, in a TX variable named after it, for a second link to find among
 * those that are not allowed; CRS does so with the names of headers:
 *     SecRule REQUEST_HEADERS_NAMES "@rx ^.*$" "…,capture,setvar:'tx.name_%{tx.0}=/%{tx.0}/',chain"
 *         SecRule TX:/^name_/ "@within /proxy/ /if/"
 * The first link matches everything, and nobody else acts on what it leaves behind: only values
 * that the second can match, or whose name another rule may take for its own, need be handed on.
 * These have a literal in them, which makes it a rule to be screened. Where a rule that tells of
 * what was captured last may match all values are handed on, so that it tells the same.
 */
#include "waf_cond.h"
#include "waf_screen_build.h"

/* ---- what a match leaves behind ---- */

/* What of that a chain has made itself, so far. */
struct made {
	bool captures, match;
};

static bool is_capture(const struct weir_waf *w, uint16_t number)
{
	return number >= w->captures && number < w->captures + WAF_CAPTURES;
}

/* Whether the text is told only of what is made. */
static bool text_is_own(const struct weir_waf *w, const struct waf_text *t, struct made made)
{
	for (unsigned int i = 0; i < t->n; i++) {
		const struct waf_piece *p = &t->piece[i];

		if (p->kind == WAF_PIECE_TX && is_capture(w, p->name) && !made.captures)
			return false;
		if (p->kind == WAF_PIECE_MACRO && !made.match &&
		    waf_source(p->variable)->kind == WAF_FROM_MATCHES)
			return false;
	}
	return true;
}

static bool target_is_own(const struct weir_waf *w, const struct waf_target *t, struct made made)
{
	unsigned int kind = waf_source(t->variable)->kind;

	if (kind != WAF_FROM_TX)
		return kind != WAF_FROM_MATCHES || made.match;
	if (made.captures)
		return true;
	if (t->selector == WEIR_SEC_NAME)
		return !is_capture(w, t->name_number);
	for (uint16_t i = w->captures; t->numbers && i < w->captures + WAF_CAPTURES; i++)
		if (waf_word_has(t->numbers, i))
			return false;
	return t->numbers != NULL;
}

static bool link_is_own(const struct weir_waf *w, const struct waf_rule *link, struct made *made)
{
	for (unsigned int i = 0; i < link->n_targets; i++)
		if (!target_is_own(w, &link->target[i], *made))
			return false;
	if (!text_is_own(w, &link->argument, *made))
		return false;
	made->match |= link->op != NULL;
	made->captures |= link->op && link->sec->capture;
	for (unsigned int i = 0; i < link->n_actions; i++)
		if (!text_is_own(w, &link->action[i].name, *made) ||
		    !text_is_own(w, &link->action[i].value, *made))
			return false;
	return true;
}

static bool links_are_own(const struct weir_waf *w, const struct waf_rule *starter,
			  struct made *made)
{
	for (const struct waf_rule *link = starter; link; link = link->next)
		if (!link_is_own(w, link, made))
			return false;
	return true;
}

/* Whether the rule matches and acts as it does whatever was matched before. */
static bool acts_alone(const struct weir_waf *w, const struct waf_rule *starter)
{
	struct made made = {0};

	return links_are_own(w, starter, &made);
}

/* Some rule of CRS has no captures of its own and tells of them nevertheless. */
static bool tells_of_others(const struct weir_waf *w, const struct waf_rule *starter)
{
	struct made made = {0};

	return !links_are_own(w, starter, &made) || !text_is_own(w, &starter->msg, made) ||
	       !text_is_own(w, &starter->logdata, made) ||
	       !text_is_own(w, &starter->redirect, made);
}

/* ---- the shape ---- */

struct relay {
	const struct weir_waf *w;
	const struct waf_rule *first, *second;
	struct weir_bytes prefix;        /* of the names */
	struct weir_bytes opens, closes; /* what stands around the value */
	struct weir_bytes within;
};

static bool is_text(const struct waf_piece *p)
{
	return p->kind == WAF_PIECE_TEXT && p->text.len;
}

static bool hands_on(struct relay *y)
{
	const struct waf_rule *r = y->first;
	const struct waf_action *a = r->action;
	const struct waf_piece *name = a->name.piece, *value = a->value.piece;

	if (r->n_actions != 1 || a->kind != WAF_DO_SETVAR || a->collection != WEIR_SEC_V_TX ||
	    a->how != WEIR_SEC_SET || !a->is_dynamic || a->name.n != 2 || a->value.n != 3)
		return false;
	if (!is_text(&name[0]) || name[1].kind != WAF_PIECE_TX || name[1].name != y->w->captures ||
	    !is_text(&value[0]) || value[1].kind != WAF_PIECE_TX ||
	    value[1].name != y->w->captures || !is_text(&value[2]))
		return false;
	y->prefix = name[0].text;
	y->opens = value[0].text;
	y->closes = value[2].text;
	return r->sec->test.op == WEIR_SEC_O_RX && weir_bytes_is(r->argument.text, "^.*$") &&
	       r->argument.constant && !r->sec->test.negated && r->sec->capture &&
	       !r->sec->multi_match && !r->n_excluded;
}

static bool begins_with(struct weir_bytes text, struct weir_bytes begin)
{
	return text.len >= begin.len &&
	       weir_bytes_equal_case(weir_bytes_of(text.ptr, begin.len), begin);
}

/* What it says in each transaction. */
static bool constant_text(const struct weir_waf *w, const struct waf_text *t,
			  struct weir_bytes *out)
{
	uint16_t number;

	if (t->constant) {
		*out = t->text;
		return true;
	}
	number = t->n == 1 && t->piece[0].kind == WAF_PIECE_TX ? t->piece[0].name : WAF_NO_NAME;
	if (number == WAF_NO_NAME || !w->constant[number] || w->tx_kind[number] != WAF_TEXT)
		return false;
	*out = w->tx_var[number].text;
	return true;
}

static bool looks_up(struct relay *y)
{
	const struct waf_rule *r = y->second;
	const struct waf_target *t = r->target;

	return !r->next && r->op && r->n_targets == 1 && !r->n_excluded && !r->node &&
	       r->sec->test.op == WEIR_SEC_O_WITHIN && !r->sec->test.negated &&
	       !r->sec->multi_match && t->variable == WEIR_SEC_V_TX && !t->count &&
	       t->selector == WEIR_SEC_REGEX && t->prefix.len &&
	       begins_with(y->prefix, t->prefix) && constant_text(y->w, &r->argument, &y->within);
}

/* Of all values that matched the last one may be told, for that is the second link's. */
static bool tells_last(const struct weir_waf *w, const struct waf_text *t)
{
	for (unsigned int i = 0; i < t->n; i++) {
		const struct waf_piece *p = &t->piece[i];

		if (p->kind == WAF_PIECE_TX && is_capture(w, p->name))
			return false;
		if (p->kind == WAF_PIECE_MACRO &&
		    waf_source(p->variable)->kind == WAF_FROM_MATCHES &&
		    p->variable != WEIR_SEC_V_MATCHED_VAR &&
		    p->variable != WEIR_SEC_V_MATCHED_VAR_NAME)
			return false;
	}
	return true;
}

static bool tells_of_the_last(const struct relay *y)
{
	const struct waf_rule *r = y->second;

	for (unsigned int i = 0; i < r->n_actions; i++)
		if (!tells_last(y->w, &r->action[i].name) || !tells_last(y->w, &r->action[i].value))
			return false;
	return tells_last(y->w, &y->first->msg) && tells_last(y->w, &y->first->logdata) &&
	       tells_last(y->w, &y->first->redirect);
}

/* ---- what makes a value worth it ---- */

static bool add(struct weir_arena *a, struct waf_literals *l, struct weir_bytes text)
{
	struct weir_bytes *grown = weir_arena_alloc(a, (l->n + 1) * sizeof(*grown));
	uint8_t *lower = weir_arena_alloc(a, text.len);

	if (!text.len || !grown || !lower)
		return false;
	for (size_t i = 0; i < text.len; i++)
		lower[i] = weir_lower(text.ptr[i]);
	if (l->n)
		memcpy(grown, l->literal, l->n * sizeof(*grown));
	grown[l->n++] = weir_bytes_of(lower, text.len);
	l->literal = grown;
	return true;
}

/* A value that is found begins with what stands between one of `opens` and the next of `closes`. */
static bool add_found(const struct relay *y, struct weir_arena *a, struct waf_literals *l)
{
	struct weir_bytes rest = y->within;

	while (rest.len) {
		const uint8_t *at = memmem(rest.ptr, rest.len, y->opens.ptr, y->opens.len);
		const uint8_t *begin, *last = rest.ptr + rest.len, *end;

		if (!at)
			return true;
		begin = at + y->opens.len;
		end = memmem(begin, (size_t)(last - begin), y->closes.ptr, y->closes.len);
		if (!end)
			return true;
		if (!add(a, l, weir_bytes_of(begin, (size_t)(end - begin))))
			return false;
		rest = weir_bytes_of(at + 1, (size_t)(last - at) - 1);
	}
	return true;
}

static bool may_begin_alike(struct weir_bytes a, struct weir_bytes b)
{
	return begins_with(a, b) || begins_with(b, a);
}

/* Whether another rule may make a variable that the second link takes. */
static bool is_made_by(const struct relay *y, const struct waf_action *a)
{
	struct weir_bytes prefix = y->second->target->prefix;

	if (a == y->first->action || a->kind != WAF_DO_SETVAR || a->collection != WEIR_SEC_V_TX)
		return false;
	if (a->name.constant)
		return begins_with(a->name.text, prefix);
	return !is_text(&a->name.piece[0]) || may_begin_alike(a->name.piece[0].text, prefix);
}

/* Some beginning of `part` is the end of `prefix`, or it is within. */
static bool reaches_into(struct weir_bytes part, struct weir_bytes prefix)
{
	if (waf_literal_in(prefix, part))
		return true;
	for (size_t n = 1; n <= prefix.len && n < part.len; n++)
		if (weir_bytes_equal_case(weir_bytes_of(part.ptr, n),
					  weir_bytes_of(prefix.ptr + prefix.len - n, n)))
			return true;
	return false;
}

/* Another rule's selector may take a variable of ours for its own: then that is handed on, too. */
static bool add_taken(const struct relay *y, const struct waf_target *t, struct weir_arena *a,
		      struct waf_literals *l)
{
	if (t == y->second->target || waf_source(t->variable)->kind != WAF_FROM_TX ||
	    t->selector == WEIR_SEC_NAME)
		return true;
	if (t->selector != WEIR_SEC_REGEX)
		return false;
	if (t->prefix.len)
		return !may_begin_alike(t->prefix, y->prefix);
	return t->part.len && !reaches_into(t->part, y->prefix) && add(a, l, t->part);
}

static bool add_others_of(const struct relay *y, const struct waf_rule *starter,
			  struct weir_arena *a, struct waf_literals *l)
{
	for (const struct waf_rule *r = starter; r; r = r->next) {
		for (unsigned int i = 0; i < r->n_actions; i++)
			if (is_made_by(y, &r->action[i]))
				return false;
		for (unsigned int i = 0; i < r->n_targets; i++)
			if (!add_taken(y, &r->target[i], a, l))
				return false;
	}
	return acts_alone(y->w, starter);
}

static bool add_others(const struct relay *y, struct weir_arena *a, struct waf_literals *l)
{
	for (unsigned int phase = 1; phase <= WEIR_SEC_PHASES; phase++)
		for (uint32_t i = 0; i < y->w->phase[phase].n; i++)
			if (!add_others_of(y, y->w->phase[phase].step[i].rule, a, l))
				return false;
	return true;
}

bool waf_relay_need(struct weir_waf *w, const struct waf_rule *starter, struct waf_need *out)
{
	struct relay y = {.w = w, .first = starter, .second = starter->next};
	struct waf_need need = {.n_literals = 1, .min_len = 1};

	if (!y.second || !starter->op || !hands_on(&y) || !looks_up(&y) || !tells_of_the_last(&y) ||
	    !add_found(&y, &w->arena, &need.literals[0]) ||
	    !add_others(&y, &w->arena, &need.literals[0]))
		return false;
	need.never = !need.literals[0].n;
	*out = need;
	return true;
}

/* ---- what is told of them ---- */

static uint32_t slot_of(const struct waf_screen *screen, unsigned int phase, uint32_t step)
{
	uint32_t i = 0;

	while (i < screen->n_slots &&
	       (screen->slot[i].phase != phase || screen->slot[i].step != step))
		i++;
	return i;
}

/* Of a phase from `first` to `last`. */
static bool has_relay(const struct waf_screen *screen, unsigned int first, unsigned int last)
{
	for (unsigned int i = 0; i < screen->n_slots; i++)
		if (waf_bits_has(&screen->relays, i) && screen->slot[i].phase >= first &&
		    screen->slot[i].phase <= last)
			return true;
	return false;
}

void waf_relay_watch(const struct weir_waf *w, struct waf_screen *screen)
{
	for (unsigned int phase = 1; phase <= WEIR_SEC_PHASES; phase++)
		for (uint32_t i = 0; i < w->phase[phase].n && has_relay(screen, 1, phase); i++) {
			uint32_t slot = slot_of(screen, phase, i);

			if (!tells_of_others(w, w->phase[phase].step[i].rule))
				continue;
			if (slot == screen->n_slots || has_relay(screen, 1, phase - 1))
				screen->overheard = true;
			else
				waf_bits_set(&screen->overhear, slot);
		}
}
