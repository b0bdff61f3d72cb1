/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is known before any transaction: TX variables that the configuration has pinned, those that
 * the prologue (waf_prologue.c) has set and no rule behind it writes, and the tests that they
 * decide: a paranoia level's rules are skipped or not.
 */
#include "waf_compile.h"

/* ---- pins ---- */

static void pin(struct weir_waf *w, const char *name, uint32_t value)
{
	uint16_t number = waf_name_find(w, weir_bytes_str(name));

	if (number == WAF_NO_NAME || !value)
		return;
	w->pinned[number] = true;
	w->tx_kind[number] = WAF_NUMBER;
	w->tx_var[number].number = value;
}

static void mark_pinned(struct weir_waf *w, struct waf_rule *rule)
{
	for (; rule; rule = rule->next)
		for (unsigned int i = 0; i < rule->n_actions; i++)
			if (rule->action[i].name_number != WAF_NO_NAME)
				rule->action[i].pinned = w->pinned[rule->action[i].name_number];
}

/* By the names of CRS 4 and of CRS 3; those that no rule writes down do nothing. */
void waf_pin(struct weir_waf *w)
{
	const struct weir_waf_options *o = &w->options;
	uint32_t detection = o->detection_paranoia ? o->detection_paranoia : o->paranoia;

	pin(w, "blocking_paranoia_level", o->paranoia);
	pin(w, "detection_paranoia_level", detection);
	pin(w, "paranoia_level", o->paranoia);
	pin(w, "executing_paranoia_level", detection);
	pin(w, "inbound_anomaly_score_threshold", o->inbound_threshold);
	pin(w, "outbound_anomaly_score_threshold", o->outbound_threshold);
	for (uint32_t i = 0; i < w->n_rules; i++)
		mark_pinned(w, w->rule[i]);
}

/* ---- constants: TX that no rule writes but those of the prologue ---- */

/* Whether a name with macros in it can become `name`: what stands before the first macro tells. */
static bool may_become(const struct waf_text *t, struct weir_bytes name)
{
	struct weir_bytes first;

	if (t->constant)
		return false; /* it has a number */
	if (t->piece[0].kind != WAF_PIECE_TEXT)
		return true;
	first = t->piece[0].text;
	return first.len <= name.len &&
	       weir_bytes_equal_case(first, weir_bytes_of(name.ptr, first.len));
}

static void note_written(struct weir_waf *w, const struct waf_action *a)
{
	if (a->kind != WAF_DO_SETVAR || a->collection != WEIR_SEC_V_TX || a->pinned)
		return;
	if (a->name_number != WAF_NO_NAME) {
		w->constant[a->name_number] = false;
		return;
	}
	for (uint16_t i = 0; i < w->n_names; i++)
		if (may_become(&a->name, w->name[i]))
			w->constant[i] = false;
}

static void find_constants(struct weir_waf *w)
{
	for (uint16_t i = 0; i < w->n_names; i++)
		w->constant[i] = (i < w->captures || i >= w->captures + WAF_CAPTURES) &&
				 i != w->limits_exceeded;
	for (unsigned int phase = 1; phase <= WEIR_SEC_PHASES; phase++) {
		const struct waf_phase *p = &w->phase[phase];

		for (uint32_t i = 0; i < p->n; i++)
			for (const struct waf_rule *r = p->step[i].rule; r; r = r->next)
				for (unsigned int k = 0; k < r->n_actions; k++)
					note_written(w, &r->action[k]);
	}
}

/* ---- gates ---- */

static bool is_number_test(uint8_t op)
{
	return op == WEIR_SEC_O_EQ || op == WEIR_SEC_O_GE || op == WEIR_SEC_O_GT ||
	       op == WEIR_SEC_O_LE || op == WEIR_SEC_O_LT;
}

/* A test of which the outcome is known. */
static bool is_constant(const struct weir_waf *w, const struct waf_rule *rule)
{
	const struct waf_target *t = rule->target;

	return rule->op && rule->n_targets == 1 && !rule->n_excluded && !rule->node &&
	       rule->argument.constant && is_number_test(rule->sec->test.op) &&
	       t->name_number != WAF_NO_NAME && !t->count && w->constant[t->name_number] &&
	       w->tx_kind[t->name_number] != WAF_UNSET;
}

bool waf_rule_passes(const struct waf_rule *rule)
{
	return rule->sec->disruptive == WEIR_SEC_PASS || rule->sec->disruptive == WEIR_SEC_BLOCK;
}

bool waf_rule_tells(const struct waf_rule *starter)
{
	return starter->sec->log || !waf_rule_passes(starter) ||
	       starter->sec->severity != WEIR_SEC_NO_SEVERITY;
}

/* A rule that does nothing but skip. */
static bool is_gate(const struct waf_rule *rule)
{
	return !rule->next && !rule->n_actions && !waf_rule_tells(rule);
}

static bool test_matches(struct weir_waf *w, const struct waf_rule *rule)
{
	uint16_t number = rule->target->name_number;
	struct weir_bytes text = w->tx_var[number].text;
	char digits[24];

	if (w->tx_kind[number] == WAF_NUMBER)
		text = weir_bytes_of(digits, (size_t)snprintf(digits, sizeof(digits), "%lld",
							      (long long)w->tx_var[number].number));
	return waf_op_run(rule->op, w->part[0].ops, text, (struct weir_bytes){0}, NULL) ==
	       WAF_MATCH;
}

/* A ctl that takes the gate out must take all behind it out as well; one that takes the gate's only
 * target must not be there. */
static bool ctl_opens(const struct waf_action *a, const struct waf_phase *p, uint32_t gate,
		      uint32_t end)
{
	if (a->kind != WAF_DO_CTL || a->ctl < WEIR_SEC_CTL_RULE_REMOVE_BY_ID ||
	    !waf_word_has(a->rules, p->step[gate].rule->number))
		return false;
	if (a->ctl >= WEIR_SEC_CTL_RULE_REMOVE_TARGET_BY_ID)
		return a->target.variable == WEIR_SEC_V_TX;
	for (uint32_t i = gate; i < end; i++)
		if (!waf_word_has(a->rules, p->step[i].rule->number))
			return true;
	return false;
}

static bool may_be_opened(const struct weir_waf *w, const struct waf_phase *p, uint32_t gate,
			  uint32_t end)
{
	for (uint32_t i = 0; i < w->n_rules; i++)
		for (const struct waf_rule *rule = w->rule[i]; rule; rule = rule->next)
			for (unsigned int k = 0; k < rule->n_actions; k++)
				if (ctl_opens(&rule->action[k], p, gate, end))
					return true;
	return false;
}

/* Somebody before the gate leads behind it. */
static bool is_entered(const struct waf_phase *p, uint32_t gate, uint32_t end)
{
	for (uint32_t i = 0; i < gate; i++)
		if (p->step[i].skip_to > gate && p->step[i].skip_to < end)
			return true;
	return false;
}

bool waf_drop_steps(struct weir_waf *w, struct waf_phase *p, const uint64_t *dead)
{
	uint32_t *moved = weir_arena_alloc(&w->arena, (p->n + 1) * sizeof(*moved));
	uint32_t n = 0;

	if (!moved)
		return false;
	for (uint32_t i = 0; i < p->n; i++) {
		moved[i] = n;
		if (!waf_word_has(dead, i))
			p->step[n++] = p->step[i];
	}
	moved[p->n] = n;
	p->n = n;
	for (uint32_t i = 0; i < n; i++)
		if (p->step[i].skip_to)
			p->step[i].skip_to = moved[p->step[i].skip_to];
	return true;
}

static bool fold_phase(struct weir_waf *w, struct waf_phase *p)
{
	uint64_t *dead = weir_arena_zalloc(&w->arena, (waf_words(p->n) + 1) * sizeof(*dead));

	if (!dead)
		return false;
	for (uint32_t i = 0; i < p->n; i++) {
		const struct waf_rule *rule = p->step[i].rule;
		uint32_t end = p->step[i].skip_to;

		if (waf_word_has(dead, i) || !is_constant(w, rule))
			continue;
		if (!test_matches(w, rule))
			waf_word_set(dead, i);
		else if (is_gate(rule) && end && !is_entered(p, i, end) &&
			 !may_be_opened(w, p, i, end))
			for (uint32_t k = i; k < end; k++)
				waf_word_set(dead, k);
	}
	return waf_drop_steps(w, p, dead);
}

bool waf_fold_gates(struct weir_waf *w)
{
	find_constants(w);
	for (unsigned int phase = 1; phase <= WEIR_SEC_PHASES; phase++)
		if (!fold_phase(w, &w->phase[phase]))
			return false;
	return true;
}
