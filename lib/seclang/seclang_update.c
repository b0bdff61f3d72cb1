/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SecRuleUpdateTargetBy*, SecRuleUpdateActionById and SecRuleRemoveBy*: read where they stand, done
 * after the last file. As in ModSecurity 2 they are about the rules that stand before them.
 */
#include "seclang_impl.h"

enum update_kind { UPDATE_TARGET, UPDATE_ACTION, REMOVE };

struct update {
	uint8_t kind;
	uint8_t match;   /* enum rule_match */
	uint32_t before; /* rules that it is about */
	struct weir_conf_pos at;
	struct list ids; /* struct id_range */
	struct regex *regex;
	struct list targets, replaced; /* struct weir_sec_target */
	uint32_t link;                 /* of UPDATE_ACTION: 0 is the starter */
	struct action_set set;
};

static struct update *new_update(struct weir_seclang *s, const struct directive *d, uint8_t kind,
				 uint8_t match)
{
	struct update *u = list_add(&s->arena, &s->updates, sizeof(*u));

	if (!u)
		return NULL;
	u->kind = kind;
	u->match = match;
	u->before = s->rules.n;
	u->at = place(s, d->word[0], 0);
	return u;
}

/* ---- reading ---- */

static bool parse_match(struct weir_seclang *s, struct word w, struct update *u)
{
	if (u->match == BY_ID)
		return parse_ids(s, w, &u->ids);
	u->regex = regex_compile(s, w, REGEX_TAG);
	return u->regex != NULL;
}

bool do_update_target(struct weir_seclang *s, const struct directive *d, unsigned int match)
{
	struct update *u = new_update(s, d, UPDATE_TARGET, (uint8_t)match);
	bool good;

	if (!u)
		return false;
	good = parse_match(s, d->word[1], u);
	good = parse_targets(s, d->word[2], OF_UPDATE, &u->targets) && good;
	if (d->n > 2)
		good = parse_targets(s, d->word[3], OF_UPDATE, &u->replaced) && good;
	return good;
}

/* ID or ID:LINK */
static bool parse_id_and_link(struct weir_seclang *s, struct word w, struct update *u)
{
	const uint8_t *colon = memchr(w.text.ptr, ':', w.text.len);
	size_t at = colon ? (size_t)(colon - w.text.ptr) : w.text.len;
	struct id_range *r = list_add(&s->arena, &u->ids, sizeof(*r));
	uint64_t id, link = 0;

	if (!r || !parse_number(s, word_part(w, 0, at), 1, UINT32_MAX, &id))
		return false;
	if (colon && !parse_number(s, word_part(w, at + 1, w.text.len - at - 1), 0, 1000, &link))
		return false;
	*r = (struct id_range){(uint32_t)id, (uint32_t)id};
	u->link = (uint32_t)link;
	return true;
}

bool do_update_action(struct weir_seclang *s, const struct directive *d, unsigned int value)
{
	struct update *u = new_update(s, d, UPDATE_ACTION, BY_ID);
	bool good;

	if (!u)
		return false;
	good = parse_id_and_link(s, d->word[1], u);
	return parse_actions(s, d->word[2], u->link ? OF_LINK : OF_ACTION_UPDATE, &u->set) && good;
}

bool do_remove(struct weir_seclang *s, const struct directive *d, unsigned int match)
{
	bool good = true;

	for (unsigned int i = 1; i <= d->n; i++) {
		struct update *u = new_update(s, d, REMOVE, (uint8_t)match);

		good = u && parse_match(s, d->word[i], u) && good;
	}
	return good;
}

/* ---- which rules ---- */

static bool has_id_in(const struct weir_sec_rule *r, const struct list *ids)
{
	const struct id_range *range = ids->items;

	for (uint32_t i = 0; i < ids->n; i++)
		if (r->id >= range[i].first && r->id <= range[i].last)
			return true;
	return false;
}

static bool is_meant(const struct update *u, const struct rule *r)
{
	if (r->removed || r->rule.kind == WEIR_SEC_MARKER)
		return false;
	if (u->match == BY_ID)
		return has_id_in(&r->rule, &u->ids);
	if (u->match == BY_MSG)
		return (r->set.has & HAS_MSG) && regex_matches(u->regex, r->rule.msg.source);
	for (uint16_t i = 0; i < r->rule.n_tags; i++)
		if (regex_matches(u->regex, r->rule.tags[i].source))
			return true;
	return false;
}

/* ---- targets ---- */

static bool same_target(const struct weir_sec_target *a, const struct weir_sec_target *b)
{
	if (a->variable != b->variable || a->selector != b->selector || a->count != b->count ||
	    a->excluded != b->excluded)
		return false;
	/* \s and \S are two expressions. */
	return a->selector == WEIR_SEC_REGEX ? weir_bytes_equal(a->name, b->name)
					     : weir_bytes_equal_case(a->name, b->name);
}

static bool is_among(const struct weir_sec_target *t, const struct list *l)
{
	const struct weir_sec_target *item = l->items;

	for (uint32_t i = 0; i < l->n; i++)
		if (same_target(t, item + i))
			return true;
	return false;
}

static bool add_target(struct weir_seclang *s, struct list *l, const struct weir_sec_target *t)
{
	struct weir_sec_target *slot = list_add(&s->arena, l, sizeof(*slot));

	if (slot)
		*slot = *t;
	return slot != NULL;
}

/* New targets take the place of those that are replaced, and are added where nothing is to be. A
 * rule that has none of those to be replaced stays as it is. */
static bool update_targets(struct weir_seclang *s, const struct update *u, struct weir_sec_rule *r)
{
	const struct weir_sec_target *added = u->targets.items;
	struct list out = {0};

	for (uint16_t i = 0; i < r->n_targets; i++)
		if (!is_among(&r->targets[i], &u->replaced) && !add_target(s, &out, &r->targets[i]))
			return false;
	if (u->replaced.n && out.n == r->n_targets)
		return true;
	for (uint32_t i = 0; i < u->targets.n; i++)
		if (!is_among(&added[i], &out) && !add_target(s, &out, &added[i]))
			return false;
	if (out.n > UINT16_MAX)
		return complain(s, u->at, "a rule would have over %u targets", UINT16_MAX);
	r->targets = out.items;
	r->n_targets = (uint16_t)out.n;
	return true;
}

/* A chain's links as well as its starter: ModSecurity 2 does not tell them apart here. */
static bool update_chain(struct weir_seclang *s, const struct update *u, struct rule *r)
{
	for (struct weir_sec_rule *link = &r->rule; link; link = link->chain)
		if (link->kind == WEIR_SEC_RULE && !update_targets(s, u, link))
			return false;
	return true;
}

/* ---- actions ---- */

static struct rule *link_of(struct rule *r, uint32_t number)
{
	struct weir_sec_rule *link = &r->rule;

	for (; link && number; number--)
		link = link->chain;
	return (struct rule *)link;
}

static bool may_update(struct weir_seclang *s, const struct update *u, const struct rule *r)
{
	const struct action_set *set = &u->set;

	if ((set->has & HAS_ID) && set->id != r->rule.id)
		return complain(s, set->id_at, "a rule's id cannot be changed");
	if ((set->has & HAS_PHASE) && set->phase != r->rule.phase)
		return complain(s, set->phase_at, "a rule's phase cannot be changed");
	if ((set->has & HAS_CHAIN) && !r->rule.chain)
		return complain(s, u->at, "rule %u begins no chain", r->rule.id);
	return true;
}

static bool update_action(struct weir_seclang *s, const struct update *u, struct rule *starter)
{
	struct rule *r = link_of(starter, u->link);
	struct action_set merged;
	uint8_t disruptive;

	if (!r)
		return complain(s, u->at, "the chain of rule %u has no link %u", starter->rule.id,
				u->link);
	if (!may_update(s, u, r) || !merge_actions(s, &r->set, &u->set, &merged))
		return false;
	r->set = merged;
	disruptive = r->rule.disruptive;
	if (!resolve_rule(s, r))
		return false;
	if (u->link) {
		r->rule.disruptive = disruptive;
		r->rule.blocks = false;
		return true;
	}
	return may_disrupt(s, r->rule.phase, r->rule.disruptive, r->set.disruptive_at);
}

/* ---- all of them ---- */

static bool apply_to(struct weir_seclang *s, const struct update *u, struct rule *r)
{
	switch ((enum update_kind)u->kind) {
	case UPDATE_TARGET:
		return update_chain(s, u, r);
	case UPDATE_ACTION:
		return update_action(s, u, r);
	case REMOVE:
		r->removed = true;
		return true;
	}
	return true;
}

static bool apply(struct weir_seclang *s, const struct update *u)
{
	struct rule **r = s->rules.items;
	bool good = true, found = false;

	for (uint32_t i = 0; i < u->before; i++)
		if (is_meant(u, r[i])) {
			found = true;
			good = apply_to(s, u, r[i]) && good;
		}
	if (!found)
		weir_conf_warning(s->report, u->at, "no rule before this line is meant by it");
	return good;
}

void forget_updates(struct weir_seclang *s)
{
	struct update *u = s->updates.items;

	for (uint32_t i = 0; i < s->updates.n; i++)
		regex_destroy(u[i].regex);
	s->updates = (struct list){0};
}

bool apply_updates(struct weir_seclang *s)
{
	const struct update *u = s->updates.items;
	bool good = true;

	/* What could not be read has been told; it must not change anything. */
	for (uint32_t i = 0; i < s->updates.n && !s->failed; i++)
		good = apply(s, &u[i]) && good;
	return good;
}
