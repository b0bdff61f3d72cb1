/* SPDX-License-Identifier: BSD-3-Clause */
/* SecRule, SecAction, SecMarker and SecDefaultAction; chains. */
#include "seclang_impl.h"

static bool append_rule(struct weir_seclang *s, struct rule *r)
{
	struct rule **slot = list_add(&s->arena, &s->rules, sizeof(struct rule *));

	if (slot)
		*slot = r;
	return slot != NULL;
}

static struct rule *new_rule(struct weir_seclang *s, uint8_t kind, struct weir_conf_pos pos)
{
	struct rule *r = weir_arena_zalloc(&s->arena, sizeof(*r));

	if (!r)
		return NULL;
	r->rule.kind = kind;
	r->rule.pos = pos;
	r->rule.severity = WEIR_SEC_NO_SEVERITY;
	return r;
}

/* ---- actions with those of SecDefaultAction ---- */

/* Whose default actions apply: the starter's phase, the rule's own, or phase 2. */
static uint8_t phase_of(const struct weir_seclang *s, const struct action_set *own)
{
	if (s->starter)
		return s->starter->set.phase;
	return (own->has & HAS_PHASE) ? own->phase : 2;
}

/* A link only says what it matches and what it sets; the starter acts for the chain. */
static void strip_link(struct rule *r)
{
	r->rule.disruptive = WEIR_SEC_NO_DISRUPTIVE;
	r->rule.blocks = false;
	r->rule.skip = 0;
	r->rule.skip_after = (struct weir_bytes){0};
}

bool may_disrupt(struct weir_seclang *s, uint8_t phase, uint8_t disruptive, struct weir_conf_pos at)
{
	if (phase != 5 || (disruptive != WEIR_SEC_DENY && disruptive != WEIR_SEC_DROP &&
			   disruptive != WEIR_SEC_REDIRECT))
		return true;
	return complain(s, at, "in phase 5 the response has been sent: no deny, drop or redirect");
}

static bool settle(struct weir_seclang *s, struct rule *r, const struct action_set *own)
{
	uint8_t phase = phase_of(s, own);

	r->base = s->defaults[phase];
	if (!merge_actions(s, &r->base, own, &r->set))
		return false;
	/* Whether it is chained is the rule's own say. */
	r->set.has = (r->set.has & ~(uint32_t)HAS_CHAIN) | (own->has & HAS_CHAIN);
	r->set.phase = phase;
	r->rule.id = own->id;
	if (!resolve_rule(s, r))
		return false;
	if (s->starter) {
		strip_link(r);
		return true;
	}
	return may_disrupt(s, phase, r->rule.disruptive, r->set.disruptive_at);
}

/* ---- chains ---- */

static bool add_to_chain(struct weir_seclang *s, struct rule *r, const struct action_set *own)
{
	bool chained = own->has & HAS_CHAIN;

	if (s->starter)
		s->last->rule.chain = &r->rule;
	else if (!append_rule(s, r))
		return false;
	if (!s->starter && chained)
		s->starter = r;
	s->last = r;
	if (!chained)
		s->starter = s->last = NULL;
	return true;
}

static bool has_id(struct weir_seclang *s, const struct directive *d, const struct action_set *own)
{
	bool link = s->starter || s->lost;

	/* Behind a starter whose actions could not be read stand its links. */
	s->lost = s->lost && !s->starter && !(own->has & HAS_ID) && (own->has & HAS_CHAIN);
	return link || (own->has & HAS_ID) ||
	       complain(s, place(s, d->word[0], 0), "a rule needs an id");
}

static bool finish_rule(struct weir_seclang *s, const struct directive *d, struct rule *r,
			const struct word *actions)
{
	struct action_set own = {0};
	bool good = true;

	if (actions)
		good = parse_actions(s, *actions, s->starter ? OF_LINK : OF_STARTER, &own);
	good = has_id(s, d, &own) && good;
	good = settle(s, r, &own) && good;
	return add_to_chain(s, r, &own) && good;
}

/* ---- the directives ---- */

bool do_rule(struct weir_seclang *s, const struct directive *d, unsigned int value)
{
	struct rule *r = new_rule(s, WEIR_SEC_RULE, place(s, d->word[0], 0));
	struct list targets = {0};
	bool good;

	if (!r)
		return false;
	good = parse_targets(s, d->word[1], OF_RULE, &targets);
	good = parse_test(s, d->word[2], &r->rule.test) && good;
	r->rule.targets = targets.items;
	r->rule.n_targets = (uint16_t)targets.n;
	return finish_rule(s, d, r, d->n > 2 ? &d->word[3] : NULL) && good;
}

bool do_action(struct weir_seclang *s, const struct directive *d, unsigned int value)
{
	struct rule *r = new_rule(s, WEIR_SEC_ACTION, place(s, d->word[0], 0));

	return r && finish_rule(s, d, r, &d->word[1]);
}

static bool no_chain_is_open(struct weir_seclang *s, struct weir_conf_pos at)
{
	struct rule *r = s->starter;

	s->starter = s->last = NULL;
	return !r || complain(s, at, "the chain that begins at %s:%u has no end", r->rule.pos.file,
			      r->rule.pos.line);
}

bool do_marker(struct weir_seclang *s, const struct directive *d, unsigned int value)
{
	struct weir_conf_pos at = place(s, d->word[0], 0);
	bool good = no_chain_is_open(s, at);
	struct rule *r = new_rule(s, WEIR_SEC_MARKER, at);

	if (!r)
		return false;
	if (d->word[1].text.len == 0)
		return complain(s, place(s, d->word[1], 0), "a marker needs a name");
	r->rule.marker = d->word[1].text;
	r->rule.disruptive = WEIR_SEC_NO_DISRUPTIVE;
	return append_rule(s, r) && good;
}

/* Deviation: ModSecurity 2 keeps one list, the last, whatever phase it names. The manual, version 3
 * and the Core Rule Set's own set-up, which has one for each phase, mean a list a phase. */
bool do_default_action(struct weir_seclang *s, const struct directive *d, unsigned int value)
{
	struct word w = d->word[1];
	struct action_set own;

	if (!parse_actions(s, w, OF_DEFAULT, &own))
		return false;
	if (!(own.has & HAS_DISRUPTIVE) || own.disruptive == WEIR_SEC_BLOCK)
		return complain(s, place(s, w, 0),
				"SecDefaultAction needs a disruptive action that is not 'block'");
	if (!(own.has & HAS_PHASE))
		return complain(s, place(s, w, 0), "SecDefaultAction needs a phase");
	if (!may_disrupt(s, own.phase, own.disruptive, own.disruptive_at))
		return false;
	if (own.transforms.n)
		weir_conf_warning(s->report, place(s, w, 0),
				  "transformations in SecDefaultAction are deprecated");
	/* What neither says is as in a rule without any default. */
	if (!(own.has & HAS_LOG))
		own.log = true;
	if (!(own.has & HAS_AUDIT_LOG))
		own.audit_log = true;
	s->defaults[own.phase] = own;
	return true;
}
