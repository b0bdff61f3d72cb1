/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A phase: the steps that are live, in the order of the file. Live are those without a prefilter
 * and those whose slot a value of this transaction has made hot; all others cost nothing. A step
 * asks its rule about each value of its targets; a rule that matches with all its links acts, is
 * told, and may end the transaction or skip ahead. Semantics are those of ModSecurity 2.9.
 */
#include "waf_screen.h"
#include "waf_tx.h"

/* ---- asking about one value ---- */

struct asking {
	struct weir_waf_tx *tx;
	const struct waf_rule *rule;
	struct weir_bytes argument;
	unsigned int matches, asked;
	bool ran; /* the operator, since the last look at the clock */
};

/* A capture that is part of the value lives as long as that; others are the operator's own. */
static struct weir_bytes kept(struct weir_waf_tx *tx, struct weir_bytes value,
			      struct weir_bytes capture)
{
	if (value.ptr && capture.ptr >= value.ptr && capture.ptr <= value.ptr + value.len)
		return capture;
	return weir_arena_copy(&tx->arena, capture);
}

/* TX:0 to TX:9 are what this match captured, and no other's. */
static void keep_captures(struct weir_waf_tx *tx, const struct waf_op_match *m,
			  struct weir_bytes value)
{
	for (unsigned int i = 0; i < WAF_CAPTURES; i++)
		waf_tx_unset(tx, (uint16_t)(tx->waf->captures + i));
	for (unsigned int i = 0; i < m->n_captures; i++)
		if (m->capture[i].ptr)
			waf_tx_set_text(tx, (uint16_t)(tx->waf->captures + i),
					kept(tx, value, m->capture[i]));
}

static void note_matched(struct weir_waf_tx *tx, const struct waf_seen *seen,
			 struct weir_bytes value)
{
	struct waf_matched *m = weir_arena_alloc(&tx->arena, sizeof(*m));

	tx->matched = (struct waf_matched){
		.variable = seen->variable,
		.count = seen->count,
		.name = seen->name,
		.value = value,
	};
	if (!m)
		return;
	*m = tx->matched;
	m->next = NULL;
	*tx->all_last = m;
	tx->all_last = &m->next;
}

/* The first that would be refused is told; once something is, that. */
static void settle(struct weir_waf_tx *tx, const struct waf_rule *rule, uint8_t verdict,
		   uint16_t status)
{
	bool acts = tx->engine == WEIR_SEC_ON && tx->verdict == WEIR_WAF_PASS;

	if (tx->phase == WEIR_SEC_PHASES || (!acts && tx->would != WEIR_WAF_PASS))
		return;
	if (acts)
		tx->verdict = verdict;
	tx->would = verdict;
	tx->status = status;
	tx->decided_phase = tx->phase;
	tx->deciding = rule ? tx->waf->rule[rule->number]->sec->id : 0;
	if (verdict == WEIR_WAF_REDIRECT)
		tx->location = waf_expand(tx, &rule->redirect);
}

/* Judging stops here: what was not looked at is not let through, unless nothing is refused at all.
 */
void waf_exceed(struct weir_waf_tx *tx)
{
	if (tx->turns.abandoned)
		return;
	if (tx->waf->limits_exceeded != WAF_NO_NAME)
		waf_tx_set_text(tx, tx->waf->limits_exceeded, weir_bytes_str("1"));
	settle(tx, tx->rule, WEIR_WAF_BUDGET, 503);
}

static bool ask(struct asking *a, const struct waf_seen *seen, struct waf_value *v)
{
	struct weir_waf_tx *tx = a->tx;
	struct waf_op_match m = {.n_captures = 0};
	enum waf_outcome outcome;

	if (!a->rule->op) {
		outcome = WAF_MATCH;
	} else if (a->rule->slot >= 0 && !waf_is_candidate(tx, a->rule, v)) {
		return false;
	} else {
		tx->work.candidates++;
		a->ran = true;
		outcome = waf_op_run(a->rule->op, tx->part->ops, v->bytes, a->argument,
				     a->rule->sec->capture ? &m : NULL);
	}
	if (weir_unlikely(outcome == WAF_LIMIT))
		waf_exceed(tx);
	if (weir_unlikely(tx->begin.explain != NULL))
		waf_explain(tx, a->rule, outcome == WAF_MATCH ? "matched" : "no match", seen,
			    v->bytes);
	if (outcome != WAF_MATCH)
		return false;
	a->matches++;
	note_matched(tx, seen, v->bytes);
	if (a->rule->sec->capture)
		keep_captures(tx, &m, v->bytes);
	if (a->rule->n_actions)
		waf_act(tx, a->rule);
	return true;
}

/* multiMatch: before the first transformation, and after each that has changed something. */
static void ask_at_each_step(struct asking *a, const struct waf_seen *seen)
{
	struct waf_value *last = NULL;

	for (unsigned int i = 0; i < a->rule->n_nodes; i++) {
		struct waf_value *v = waf_value_result(a->tx, seen->value, a->rule->nodes[i]);

		if (!v || v == last)
			continue;
		last = v;
		ask(a, seen, v);
	}
}

static bool goes_on(struct asking *a, const struct waf_seen *seen)
{
	if (a->tx->verdict != WEIR_WAF_PASS)
		return false;
	if (seen->value->bytes.len < WAF_SHORT && !a->ran && ++a->asked % WAF_EVERY)
		return true;
	a->ran = false;
	return !waf_is_late(a->tx);
}

static bool on_value(void *ctx, const struct waf_seen *seen)
{
	struct asking *a = ctx;
	struct waf_value *v;

	if (a->rule->sec->multi_match) {
		ask_at_each_step(a, seen);
	} else {
		v = waf_value_result(a->tx, seen->value, a->rule->node);
		if (v)
			ask(a, seen, v);
	}
	return goes_on(a, seen);
}

/* ---- asking a rule ---- */

static bool ask_link(struct weir_waf_tx *tx, const struct waf_rule *rule)
{
	struct asking a = {.tx = tx, .rule = rule};

	tx->rule = rule;
	if (!rule->op) {
		if (weir_unlikely(tx->begin.explain != NULL))
			waf_explain(tx, rule, "matched", NULL, (struct weir_bytes){0});
		waf_act(tx, rule);
		return true;
	}
	if (!rule->argument.constant)
		a.argument = waf_expand(tx, &rule->argument);
	waf_for_each_value(tx, rule, on_value, &a);
	return a.matches != 0;
}

bool waf_ask_rule(struct weir_waf_tx *tx, const struct waf_rule *rule)
{
	tx->all = NULL;
	tx->all_last = &tx->all;
	for (; rule; rule = rule->next)
		if (!ask_link(tx, rule))
			return false;
	return true;
}

/* ---- what a match leads to ---- */

static uint8_t verdict_of(uint8_t disruptive)
{
	switch ((enum weir_sec_disruptive)disruptive) {
	case WEIR_SEC_DENY:
		return WEIR_WAF_DENY;
	case WEIR_SEC_DROP:
		return WEIR_WAF_DROP;
	case WEIR_SEC_REDIRECT:
		return WEIR_WAF_REDIRECT;
	case WEIR_SEC_PASS:
	case WEIR_SEC_BLOCK: /* where the default action is pass */
	case WEIR_SEC_ALLOW:
	case WEIR_SEC_ALLOW_PHASE:
	case WEIR_SEC_ALLOW_REQUEST:
	case WEIR_SEC_NO_DISRUPTIVE:
		break;
	}
	return WEIR_WAF_PASS;
}

static bool is_allow(uint8_t disruptive)
{
	return disruptive == WEIR_SEC_ALLOW || disruptive == WEIR_SEC_ALLOW_PHASE ||
	       disruptive == WEIR_SEC_ALLOW_REQUEST;
}

static void disrupt(struct weir_waf_tx *tx, const struct waf_rule *rule)
{
	uint8_t verdict = verdict_of(rule->sec->disruptive);

	if (rule->detect_only)
		return;
	if (verdict != WEIR_WAF_PASS)
		settle(tx, rule, verdict, rule->sec->status);
	else if (is_allow(rule->sec->disruptive) && tx->engine == WEIR_SEC_ON)
		tx->allowed = rule->sec->disruptive;
}

static void on_match(struct weir_waf_tx *tx, const struct waf_rule *rule)
{
	if (rule->sec->severity < tx->highest_severity)
		tx->highest_severity = rule->sec->severity;
	tx->rule = rule;
	if (rule->sec->log)
		waf_record_match(tx, rule);
	disrupt(tx, rule);
}

/* ---- steps ---- */

static bool run_step(struct weir_waf_tx *tx, const struct waf_rule *rule)
{
	struct waf_rule_count *count = &tx->part->count[rule->number];
	uint64_t start = tx->timed ? waf_ticks() - tx->away : 0;
	bool matched;

	tx->work.steps++;
	matched = waf_ask_rule(tx, rule);
	count->evaluated++;
	count->hits += matched;
	if (tx->timed)
		count->ticks += waf_ticks() - tx->away - start;
	if (matched)
		on_match(tx, rule);
	return matched;
}

/* Steps whose slots have become hot. */
static void liven(struct weir_waf_tx *tx, unsigned int phase)
{
	const struct waf_screen *screen = tx->waf->screen;

	if (weir_unlikely(tx->unscreened)) {
		memset(tx->live, 0xff, waf_words(tx->waf->phase[phase].n) * sizeof(*tx->live));
		return;
	}
	for (unsigned int w = 0; w < WAF_SLOT_WORDS; w++)
		for (uint64_t left = tx->hot[w]; left; left &= left - 1) {
			const struct waf_slot *s =
				&screen->slot[w * 64 + (unsigned int)__builtin_ctzll(left)];

			if (s->phase == phase)
				waf_word_set(tx->live, s->step);
		}
}

static bool is_over(const struct weir_waf_tx *tx)
{
	return tx->verdict != WEIR_WAF_PASS || tx->allowed || tx->engine == WEIR_SEC_OFF;
}

static void run_steps(struct weir_waf_tx *tx, const struct waf_phase *p)
{
	uint32_t i = 0;

	for (;;) {
		const struct waf_step *s;

		i = (uint32_t)waf_word_next(tx->live, i, p->n);
		if (i == p->n)
			return;
		s = &p->step[i++];
		if (weir_unlikely(tx->removed != NULL) &&
		    waf_word_has(tx->removed, s->rule->number))
			continue;
		if (run_step(tx, s->rule) && s->skip_to)
			i = s->skip_to;
		if (is_over(tx) || waf_is_late(tx)) /* in detect mode too: others wait */
			return;
	}
}

/* What `allow` leaves to be done ends with the phase, or with the request. */
static void end_allowance(struct weir_waf_tx *tx)
{
	if (tx->allowed == WEIR_SEC_ALLOW_PHASE ||
	    (tx->allowed == WEIR_SEC_ALLOW_REQUEST && tx->phase > 2))
		tx->allowed = 0;
}

static void run_all(struct weir_waf_tx *tx, const struct waf_phase *p)
{
	if (!p->n)
		return;
	waf_screen(tx);
	if (waf_is_late(tx))
		return;
	memcpy(tx->live, p->always, waf_words(p->n) * sizeof(*tx->live));
	liven(tx, tx->phase);
	run_steps(tx, p);
}

/* Always runs, and nothing that it finds is a verdict. */
static void run_last_phase(struct weir_waf_tx *tx, const struct waf_phase *p)
{
	uint8_t verdict = tx->verdict, allowed = tx->allowed;

	tx->verdict = WEIR_WAF_PASS;
	tx->allowed = 0;
	if (!is_over(tx))
		run_all(tx, p);
	tx->verdict = verdict;
	tx->allowed = allowed;
}

void waf_run_phase(struct weir_waf_tx *tx, unsigned int phase)
{
	const struct waf_phase *p = &tx->waf->phase[phase];

	tx->phase = (uint8_t)phase;
	if (phase == WEIR_SEC_PHASES) {
		run_last_phase(tx, p);
		return;
	}
	if (is_over(tx))
		return;
	run_all(tx, p);
	if (phase <= 2)
		tx->inbound_score = waf_score(tx, 0);
	end_allowance(tx);
	if (weir_unlikely(tx->arena.failed) && tx->verdict == WEIR_WAF_PASS) {
		tx->verdict = WEIR_WAF_MEMORY;
		tx->status = 503;
		tx->decided_phase = (uint8_t)phase;
	}
}
