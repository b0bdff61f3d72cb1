/* SPDX-License-Identifier: BSD-3-Clause */
/* The one decision function. */
#include "policy_impl.h"

/* Parts are in order of protocol, PROTO_ANY last. */
static const struct proto_part *find_part(const struct view *v, const struct pair *pair,
					  uint8_t proto)
{
	const struct proto_part *parts =
		(const struct proto_part *)v->parts.items + pair->first_part;
	const struct proto_part *last = &parts[pair->n_parts - 1];

	for (const struct proto_part *p = parts; p <= last; p++)
		if (p->proto == proto)
			return p;
	return last->proto == PROTO_ANY ? last : NULL;
}

static uint32_t find_port(const struct view *v, const struct proto_part *part, uint16_t port)
{
	const struct interval *all = (const struct interval *)v->intervals.items + part->first;
	uint32_t lo = 0, hi = part->n;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (all[mid].hi < port)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < part->n && all[lo].lo <= port ? all[lo].rank : RANK_NONE;
}

/* What is looked for, and the lowest ranks found so far. */
struct matching {
	const struct asking *a;
	const struct view *v;
	struct matched found;
};

static bool fits(const struct asking *a, const struct rule *rule)
{
	const struct docs *d = &a->p->docs;

	if (a->name && rule->tls != RULE_TLS_NONE && !rule_fits_name(d, rule, a->name))
		return false;
	return !a->identity || !rule->n_identities || rule_fits_identity(d, rule, a->identity);
}

/* Of rules that ask for names or identities the first that these fit, or any where they are not
 * known. */
static void find_named(struct matching *m, const struct proto_part *part)
{
	const struct interval *all = (const struct interval *)m->v->named.items + part->first_named;
	const struct asking *a = m->a;

	for (uint32_t i = 0; i < part->n_named && all[i].rank < m->found.best; i++) {
		if (a->q->dport < all[i].lo || all[i].hi < a->q->dport)
			continue;
		if (fits(a, rule_at(a->p, all[i].rank)))
			m->found.best = all[i].rank;
		else if (all[i].rank < m->found.missed)
			m->found.missed = all[i].rank;
	}
}

static void match_pair(struct matching *m, const struct pair *pair)
{
	const struct proto_part *part;
	uint32_t rank;

	if (pair->best >= m->found.best)
		return;
	part = find_part(m->v, pair, m->a->q->proto);
	rank = part ? find_port(m->v, part, m->a->q->dport) : RANK_NONE;
	if (rank < m->found.best)
		m->found.best = rank;
	if (part && part->n_named)
		find_named(m, part);
}

/* The first of pairs [at, end) that is not before `group`. */
static uint32_t seek_pair(const struct pair *pairs, uint32_t at, uint32_t end, uint32_t group)
{
	while (at < end) {
		uint32_t mid = at + (end - at) / 2;

		if (pairs[mid].to < group)
			at = mid + 1;
		else
			end = mid;
	}
	return at;
}

static uint32_t seek_member(const uint32_t *members, uint32_t at, uint32_t end, uint32_t group)
{
	while (at < end) {
		uint32_t mid = at + (end - at) / 2;

		if (member_group(members[mid]) < group)
			at = mid + 1;
		else
			end = mid;
	}
	return at;
}

/*
 * All pairs of one group as source with the groups of `dst`. Both are in order, and each leaps over
 * what the other has not: an address in a thousand groups costs no more than there are pairs.
 */
static void match_row(struct matching *m, uint32_t from, const struct class *dst)
{
	const struct row *row = &m->v->rows[from];
	const struct pair *pairs = m->v->pairs.items;
	const uint32_t *members = m->a->p->classes.member.items;
	uint32_t at = row->first, i = dst->first, end = dst->first + dst->n;

	if (row->first == row->end || row->best >= m->found.best)
		return;
	if (pairs[at].to == GROUP_ANY)
		match_pair(m, &pairs[at++]);
	while (at < row->end && i < end) {
		uint32_t group = member_group(members[i]);

		if (pairs[at].to == group) {
			match_pair(m, &pairs[at++]);
			i++;
		} else if (pairs[at].to < group) {
			at = seek_pair(pairs, at + 1, row->end, group);
		} else {
			i = seek_member(members, i + 1, end, pairs[at].to);
		}
	}
}

struct matched view_match(const struct asking *a, const struct view *v)
{
	struct matching m = {.a = a, .v = v, .found = {RANK_NONE, RANK_NONE}};
	const uint32_t *members = a->p->classes.member.items;

	match_row(&m, GROUP_ANY, a->dst);
	for (uint32_t i = 0; i < a->src->n; i++)
		match_row(&m, member_group(members[a->src->first + i]), a->dst);
	return m.found;
}

static bool has_state_here(uint8_t proto)
{
	return proto == 1 || proto == 6 || proto == 17 || proto == 58;
}

static uint16_t reason_of(enum weir_verdict v, enum weir_drop denied)
{
	return (uint16_t)(v == WEIR_VERDICT_ALLOW ? WEIR_DROP_NONE : denied);
}

/* Nothing matched. */
static void fall_back(const struct asking *a, unsigned int view, struct weir_policy_decision *out)
{
	const struct weir_policy_defaults *d = &a->p->docs.defaults;

	*out = (struct weir_policy_decision){.policy = a->p->default_name,
					     .intercept = WEIR_NO_TLS};
	if (!has_state_here(a->q->proto)) {
		out->verdict = d->unknown_protocol;
		out->reason = reason_of(d->unknown_protocol, WEIR_DROP_UNKNOWN_PROTOCOL);
	} else if (a->src->named[view] || a->dst->named[view]) {
		out->verdict = WEIR_VERDICT_DENY;
		out->reason = WEIR_DROP_DEFAULT_DENY;
	} else {
		out->verdict = d->unmatched;
		out->reason = reason_of(d->unmatched, WEIR_DROP_NO_POLICY);
	}
	if (out->verdict == WEIR_VERDICT_ALLOW && d->keep_on_change)
		out->flags = WEIR_DECISION_KEEP;
}

/* The rule that matches asks for a name, and it fits. */
static void add_interception(const struct asking *a, const struct rule *rule,
			     struct weir_policy_decision *out)
{
	if (rule->tls != RULE_TLS_INTERCEPT)
		return;
	if (a->name->state == WEIR_NAME_GOOD)
		out->bypass = intercept_bypass(&a->p->docs, rule->intercept, a->name->text);
	if (out->bypass)
		return;
	out->flags |= WEIR_DECISION_INTERCEPT | WEIR_DECISION_INSPECT;
	out->intercept = rule->intercept;
}

/* What the rule that matches still has to see of the flow: first the one, then the other. */
static void add_questions(const struct asking *a, const struct rule *rule,
			  struct weir_policy_decision *out)
{
	if (rule->tls != RULE_TLS_NONE && !a->name)
		out->flags |= WEIR_DECISION_NAMES;
	else if (rule->n_identities && !a->identity)
		out->flags |= WEIR_DECISION_IDENTITY;
	else if (rule->tls != RULE_TLS_NONE)
		add_interception(a, rule, out);
}

static void take_rule(const struct asking *a, const struct rule *rule,
		      struct weir_policy_decision *out)
{
	*out = (struct weir_policy_decision){
		.policy = rule->policy,
		.rule = rule->name,
		.verdict = rule->verdict,
		.flags = rule->flags,
		.reason = rule->verdict == WEIR_VERDICT_DROP
				  ? WEIR_DROP_POLICY_DROP
				  : reason_of((enum weir_verdict)rule->verdict,
					      WEIR_DROP_POLICY_DENY),
		.intercept = WEIR_NO_TLS,
	};
	add_questions(a, rule, out);
}

/* An earlier rule has asked for a name or an identity, and this one is why it did not match. */
static uint16_t reason_of_miss(const struct asking *a, const struct rule *rule)
{
	static const uint16_t names[] = {
#define REASON(id, text, reason) WEIR_DROP_##reason,
		WEIR_NAME_STATES(REASON)};
	static const uint16_t identities[] = {WEIR_IDENTITY_STATES(REASON)};
#undef REASON

	if (a->name && rule->tls != RULE_TLS_NONE && !rule_fits_name(&a->p->docs, rule, a->name))
		return names[a->name->state];
	return identities[a->identity->state];
}

static void decide_in(const struct asking *a, unsigned int view, struct weir_policy_decision *out)
{
	struct matched m = view_match(a, &a->p->view[view]);

	if (m.best == RANK_NONE)
		fall_back(a, view, out);
	else
		take_rule(a, rule_at(a->p, m.best), out);
	if (m.missed < m.best && out->verdict != WEIR_VERDICT_ALLOW)
		out->reason = reason_of_miss(a, rule_at(a->p, m.missed));
}

/* What the policies in mode detect would have done about an allowed flow; they may have to see its
 * name or identity for that. */
static void add_hypothesis(const struct asking *a, struct weir_policy_decision *out)
{
	struct weir_policy_decision would;

	decide_in(a, VIEW_ALL, &would);
	out->flags |= would.flags & (WEIR_DECISION_NAMES | WEIR_DECISION_IDENTITY);
	if (would.verdict == WEIR_VERDICT_ALLOW)
		return;
	out->policy = would.policy;
	out->rule = would.rule;
	out->reason = would.reason;
	out->flags |= WEIR_DECISION_WOULD_DENY;
}

/* What goes to a protected service is inspected, and so is what weir decrypts, whatever the rule
 * that allows it says. */
static void add_service(const struct weir_policy *p, const struct weir_policy_query *q,
			struct weir_policy_decision *out)
{
	const struct weir_service *s = weir_policy_service(p, &q->dst, q->dport);

	if (s && s->threat != WEIR_NO_THREAT)
		out->flags |= WEIR_DECISION_THREAT | WEIR_DECISION_INSPECT;
	out->look = s && s->passthrough;
	if (s && s->tls != WEIR_NO_TLS)
		out->flags |= WEIR_DECISION_TLS | WEIR_DECISION_INSPECT;
}

bool policy_verifies_clients(const struct weir_policy *p, const struct weir_policy_query *q)
{
	const struct weir_service *s =
		q->proto == PROTO_TCP ? weir_policy_service(p, &q->dst, q->dport) : NULL;

	return s && s->tls != WEIR_NO_TLS &&
	       weir_policy_tls(p, s->tls)->verify_client != WEIR_TLS_CLIENT_NONE;
}

/* Where nobody is verified now, nobody is anybody, whatever an older policy's Service has seen. */
static void decide(struct asking *a, struct weir_policy_decision *out)
{
	static const struct weir_policy_identity unseen = {.state = WEIR_IDENTITY_UNSEEN};
	const struct weir_policy *p = a->p;

	a->src = class_of(&p->classes, &a->q->src);
	a->dst = class_of(&p->classes, &a->q->dst);
	if (weir_unlikely(p->has_identities && !policy_verifies_clients(p, a->q)))
		a->identity = &unseen;
	decide_in(a, VIEW_ENFORCED, out);
	if (weir_unlikely(p->has_detect) && out->verdict == WEIR_VERDICT_ALLOW)
		add_hypothesis(a, out);
	if (p->has_services && out->verdict == WEIR_VERDICT_ALLOW && a->q->proto == PROTO_TCP)
		add_service(p, a->q, out);
}

void weir_policy_decide(const struct weir_policy *p, const struct weir_policy_query *q,
			struct weir_policy_decision *out)
{
	decide(&(struct asking){.p = p, .q = q}, out);
}

void weir_policy_decide_name(const struct weir_policy *p, const struct weir_policy_query *q,
			     const struct weir_policy_name *name, struct weir_policy_decision *out)
{
	decide(&(struct asking){.p = p, .q = q, .name = name}, out);
}

void weir_policy_decide_identity(const struct weir_policy *p, const struct weir_policy_query *q,
				 const struct weir_policy_name *name,
				 const struct weir_policy_identity *identity,
				 struct weir_policy_decision *out)
{
	decide(&(struct asking){.p = p, .q = q, .name = name, .identity = identity}, out);
}

const char *weir_verdict_name(enum weir_verdict v)
{
	static const char *const names[] = {"allow", "deny", "drop"};

	return v < WEIR_ARRAY_LEN(names) ? names[v] : "unknown";
}
