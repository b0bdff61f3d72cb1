/* SPDX-License-Identifier: BSD-3-Clause */
/* Default actions under a rule's own, and the rule as it acts out of both. */
#include "seclang_impl.h"

#define TAKE(bit, field) out->field = (child->has & (bit)) ? child->field : parent->field

bool merge_actions(struct weir_seclang *s, const struct action_set *parent,
		   const struct action_set *child, struct action_set *out)
{
	struct weir_arena *a = &s->arena;

	*out = (struct action_set){.has = parent->has | child->has};
	TAKE(HAS_ID, id);
	TAKE(HAS_ID, id_at);
	TAKE(HAS_PHASE, phase);
	TAKE(HAS_PHASE, phase_at);
	TAKE(HAS_DISRUPTIVE, disruptive);
	TAKE(HAS_DISRUPTIVE, disruptive_at);
	TAKE(HAS_STATUS, status);
	TAKE(HAS_LOG, log);
	TAKE(HAS_AUDIT_LOG, audit_log);
	TAKE(HAS_SEVERITY, severity);
	TAKE(HAS_MSG, msg);
	TAKE(HAS_LOGDATA, logdata);
	TAKE(HAS_REV, rev);
	TAKE(HAS_VER, ver);
	TAKE(HAS_MATURITY, maturity);
	TAKE(HAS_ACCURACY, accuracy);
	TAKE(HAS_SKIP, skip);
	TAKE(HAS_SKIP_AFTER, skip_after);
	TAKE(HAS_REDIRECT, redirect);
	return list_join(a, &out->tags, &parent->tags, &child->tags,
			 sizeof(struct weir_sec_text)) &&
	       list_join(a, &out->transforms, &parent->transforms, &child->transforms, 1) &&
	       list_join(a, &out->actions, &parent->actions, &child->actions,
			 sizeof(struct weir_sec_action));
}

/* t:none forgets those before it. */
static bool resolve_transforms(struct weir_seclang *s, struct rule *r)
{
	const uint8_t *t = r->set.transforms.items;
	uint32_t from = 0;

	for (uint32_t i = 0; i < r->set.transforms.n; i++)
		if (t[i] == TRANSFORM_NONE)
			from = i + 1;
	if (r->set.transforms.n - from > UINT8_MAX)
		return complain(s, r->rule.pos, "a rule has over %u transformations", UINT8_MAX);
	r->rule.n_transforms = (uint8_t)(r->set.transforms.n - from);
	r->rule.transforms = weir_arena_alloc(&s->arena, r->rule.n_transforms + 1U);
	if (!r->rule.transforms)
		return false;
	for (uint8_t i = 0; i < r->rule.n_transforms; i++)
		r->rule.transforms[i] = t[from + i];
	return true;
}

/* A redirect's status is one that redirects, as ModSecurity's perform_interception has it. */
static uint16_t redirect_status(const struct action_set *set)
{
	switch ((set->has & HAS_STATUS) ? set->status : 0) {
	case 301:
	case 303:
	case 307:
	case 308:
		return set->status;
	default:
		return 302;
	}
}

static void resolve_disruptive(struct rule *r)
{
	struct weir_sec_rule *out = &r->rule;

	out->disruptive = r->set.disruptive;
	out->blocks = out->disruptive == WEIR_SEC_BLOCK;
	if (out->blocks && r->base.disruptive != WEIR_SEC_PASS)
		out->disruptive = r->base.disruptive;
	out->redirect = r->set.redirect;
	if (out->disruptive == WEIR_SEC_REDIRECT)
		out->status = redirect_status(&r->set);
	else
		out->status = (r->set.has & HAS_STATUS) ? r->set.status : 403;
}

bool resolve_rule(struct weir_seclang *s, struct rule *r)
{
	struct weir_sec_rule *out = &r->rule;
	const struct action_set *set = &r->set;

	out->phase = set->phase;
	out->multi_match = set->has & HAS_MULTI_MATCH;
	out->capture = set->has & HAS_CAPTURE;
	out->log = set->log;
	out->audit_log = set->audit_log;
	out->severity = (set->has & HAS_SEVERITY) ? set->severity : WEIR_SEC_NO_SEVERITY;
	out->msg = set->msg;
	out->logdata = set->logdata;
	out->rev = set->rev;
	out->ver = set->ver;
	out->maturity = set->maturity;
	out->accuracy = set->accuracy;
	out->tags = set->tags.items;
	out->n_tags = (uint16_t)set->tags.n;
	out->actions = set->actions.items;
	out->n_actions = (uint16_t)set->actions.n;
	out->skip = set->skip;
	out->skip_after = set->skip_after;
	resolve_disruptive(r);
	if (set->tags.n > UINT16_MAX || set->actions.n > UINT16_MAX)
		return complain(s, out->pos, "too many actions in one rule");
	return resolve_transforms(s, r);
}
