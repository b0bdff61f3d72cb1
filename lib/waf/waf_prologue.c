/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The prologue: rules of phase 1 that depend on nothing but TX, and that come to the same in every
 * transaction. They are run once, when the program is made, and each transaction begins with what
 * they have left in TX. Others may stand between them that look at the transaction, as long as it
 * makes no difference which of the two comes first; these stay, as bystanders.
 */
#include "waf_compile.h"
#include "waf_tx.h"

struct prologue {
	struct weir_waf *w;
	struct weir_waf_tx *tx;
	uint64_t *touched; /* TX by number: what bystanders read or write */
	uint64_t *removed; /* rules by number: what bystanders may take out, or some target of */
	uint64_t *done;    /* steps that have been run, or are never come to */
};

/* ---- what a rule does with TX ---- */

static bool note_name(const struct weir_waf *w, uint64_t *names, uint16_t number)
{
	if (number == WAF_NO_NAME || number >= w->n_names)
		return false;
	waf_word_set(names, number);
	return true;
}

/* False: a name of run time. */
static bool note_text(const struct weir_waf *w, uint64_t *names, const struct waf_text *t)
{
	for (unsigned int i = 0; i < t->n; i++)
		if (t->piece[i].kind == WAF_PIECE_TX) {
			if (!note_name(w, names, t->piece[i].name))
				return false;
		} else if (t->piece[i].kind == WAF_PIECE_MACRO &&
			   waf_source(t->piece[i].variable)->kind == WAF_FROM_TX) {
			return false;
		}
	return true;
}

static bool note_target(const struct weir_waf *w, uint64_t *names, const struct waf_target *t)
{
	if (waf_source(t->variable)->kind != WAF_FROM_TX)
		return true;
	if (t->selector == WEIR_SEC_NAME)
		return note_name(w, names, t->name_number);
	return false;
}

static bool note_action(const struct weir_waf *w, uint64_t *names, const struct waf_action *a)
{
	if (!note_text(w, names, &a->name) || !note_text(w, names, &a->value))
		return false;
	return a->kind != WAF_DO_SETVAR || a->collection != WEIR_SEC_V_TX ||
	       note_name(w, names, a->name_number);
}

/* Adds the names of TX that the rule or one of its links reads or writes. False: they cannot be
 * told. */
static bool note_names(const struct weir_waf *w, uint64_t *names, const struct waf_rule *rule)
{
	for (; rule; rule = rule->next) {
		if (!note_text(w, names, &rule->argument) || !note_text(w, names, &rule->msg) ||
		    !note_text(w, names, &rule->logdata) || !note_text(w, names, &rule->redirect))
			return false;
		for (unsigned int i = 0; i < rule->n_targets; i++)
			if (!note_target(w, names, &rule->target[i]))
				return false;
		for (unsigned int i = 0; i < rule->n_actions; i++)
			if (!note_action(w, names, &rule->action[i]))
				return false;
		for (unsigned int i = 0; rule->sec->capture && i < WAF_CAPTURES; i++)
			waf_word_set(names, w->captures + i);
	}
	return true;
}

/* ---- those that are run ---- */

static bool text_is_of_tx(const struct waf_text *t)
{
	for (unsigned int i = 0; i < t->n; i++)
		if (t->piece[i].kind == WAF_PIECE_MACRO)
			return false;
	return true;
}

static bool action_is_of_tx(const struct waf_action *a)
{
	return a->kind == WAF_DO_SETVAR && a->name_number != WAF_NO_NAME &&
	       text_is_of_tx(&a->value);
}

static bool link_is_of_tx(const struct waf_rule *rule)
{
	if (rule->sec->capture || !text_is_of_tx(&rule->argument) || rule->n_excluded)
		return false;
	for (unsigned int i = 0; i < rule->n_targets; i++)
		if (rule->target[i].name_number == WAF_NO_NAME)
			return false;
	for (unsigned int i = 0; i < rule->n_actions; i++)
		if (!action_is_of_tx(&rule->action[i]))
			return false;
	return true;
}

/* It may act on TX, or tell; not both, for what it tells must be told each time. */
static bool depends_on_tx_alone(const struct waf_rule *starter)
{
	bool told = waf_rule_tells(starter);

	for (const struct waf_rule *rule = starter; rule; rule = rule->next)
		if (!link_is_of_tx(rule) || (told && rule->n_actions))
			return false;
	return true;
}

static bool meets(const uint64_t *a, const uint64_t *b, size_t words)
{
	for (size_t i = 0; i < words; i++)
		if (a[i] & b[i])
			return true;
	return false;
}

/* What bystanders before it touch or take out is none of its own. */
static bool is_free(const struct prologue *p, const struct waf_rule *rule)
{
	size_t words = waf_words(p->w->n_names);
	uint64_t *names = weir_arena_zalloc(&p->tx->arena, words * sizeof(*names));

	return names && note_names(p->w, names, rule) && !meets(names, p->touched, words) &&
	       !waf_word_has(p->removed, rule->number);
}

/* ---- bystanders ---- */

static bool ctl_stands_by(struct prologue *p, const struct waf_action *a)
{
	if (a->ctl == WEIR_SEC_CTL_RULE_ENGINE)
		return false;
	if (a->ctl >= WEIR_SEC_CTL_RULE_REMOVE_BY_ID)
		for (size_t i = 0; i < waf_words(p->w->n_rules); i++)
			p->removed[i] |= a->rules[i];
	return true;
}

/* Whatever it finds, the next rule is asked; and what may be found is not what was matched before
 * it, or told. */
static bool stands_by(struct prologue *p, const struct waf_step *step)
{
	if (step->skip_to || !waf_rule_passes(step->rule) ||
	    !note_names(p->w, p->touched, step->rule))
		return false;
	for (const struct waf_rule *rule = step->rule; rule; rule = rule->next) {
		for (unsigned int i = 0; i < rule->n_targets; i++)
			if (waf_source(rule->target[i].variable)->kind == WAF_FROM_MATCHES)
				return false;
		for (unsigned int i = 0; i < rule->n_actions; i++)
			if (rule->action[i].kind == WAF_DO_CTL &&
			    !ctl_stands_by(p, &rule->action[i]))
				return false;
	}
	return true;
}

/* ---- all of it ---- */

/* Returns the next step, or `i` where the prologue ends. */
static uint32_t run_step(struct prologue *p, const struct waf_phase *phase, uint32_t i)
{
	const struct waf_step *step = &phase->step[i];
	uint32_t to = i + 1;
	bool matched;

	if (!depends_on_tx_alone(step->rule) || !is_free(p, step->rule))
		return stands_by(p, step) ? to : i;
	matched = waf_ask_rule(p->tx, step->rule);
	if (matched && waf_rule_tells(step->rule))
		return i;
	if (matched && step->skip_to)
		to = step->skip_to;
	for (uint32_t k = i; k < to; k++)
		waf_word_set(p->done, k);
	return to;
}

static bool run_steps(struct prologue *p)
{
	struct weir_waf *w = p->w;
	struct waf_phase *phase = &w->phase[1];

	p->touched = weir_arena_zalloc(&w->arena, waf_words(w->n_names) * sizeof(uint64_t));
	p->removed = weir_arena_zalloc(&w->arena, waf_words(w->n_rules + 1) * sizeof(uint64_t));
	p->done = weir_arena_zalloc(&w->arena, waf_words(phase->n + 1) * sizeof(uint64_t));
	if (!p->touched || !p->removed || !p->done)
		return false;
	/* Any rule that takes too long sets it. */
	if (w->limits_exceeded != WAF_NO_NAME)
		waf_word_set(p->touched, w->limits_exceeded);
	for (uint32_t i = 0, to = 0; i < phase->n; i = to) {
		to = run_step(p, phase, i);
		if (to == i)
			break;
	}
	return waf_drop_steps(w, phase, p->done);
}

static bool keep_tx(struct weir_waf *w, const struct weir_waf_tx *tx)
{
	for (uint16_t i = 0; i < w->n_names; i++) {
		w->tx_kind[i] = tx->tx_kind[i];
		w->tx_var[i] = tx->tx_var[i];
		if (w->tx_kind[i] == WAF_TEXT)
			w->tx_var[i].text = weir_arena_copy(&w->arena, tx->tx_var[i].text);
	}
	return !w->arena.failed;
}

bool waf_run_prologue(struct weir_waf *w)
{
	struct weir_waf_worker_cfg cfg = {.bytes = 1 << 20, .collection_keys = 1};
	struct weir_waf_worker *worker = weir_waf_worker_create(&cfg);
	struct weir_waf_begin begin = {.id = 1};
	struct prologue p = {.w = w};
	bool good = false;

	p.tx = worker ? weir_waf_tx_begin(w, worker, 0, &begin) : NULL;
	if (p.tx) {
		good = run_steps(&p) && !p.tx->arena.failed && keep_tx(w, p.tx);
		weir_waf_tx_destroy(p.tx);
	}
	weir_waf_worker_destroy(worker);
	return good;
}
