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

/* RANK_NONE: none. */
struct matched {
	uint32_t best;   /* the first rule that matches */
	uint32_t missed; /* the first one that would, were it another name or identity */
};

/* What is looked for, and the lowest ranks found so far. */
struct matching {
	const struct asking *a;
	const struct view *v;
	struct matched found;
};

static uint32_t lower(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* The first rule of the part that takes one of these keys each, at the port. */
static uint32_t find_asked(const struct matching *m, uint32_t part, const struct keys *names,
			   const struct keys *identities)
{
	uint32_t best = RANK_NONE;

	for (uint32_t n = 0; n < names->n; n++)
		for (uint32_t i = 0; i < identities->n; i++) {
			const struct asked *found =
				asked_find(m->v, part, names->key[n], identities->key[i]);

			if (found)
				best = lower(best, ports_find(&m->v->intervals, found->ports,
							      m->a->q->dport));
		}
	return best;
}

/* The first rule that asks at this port, whatever it takes: was it not this client, it is missed.
 */
static uint32_t first_that_asks(const struct matching *m, uint32_t part)
{
	bool both = m->a->p->has_identities;
	const struct asked *all =
		asked_find(m->v, part, KEY_UNKNOWN, both ? KEY_UNKNOWN : KEY_UNASKED);

	return ports_find(&m->v->intervals, all->ports, m->a->q->dport);
}

static void match_asked(struct matching *m, uint32_t part)
{
	uint32_t first = first_that_asks(m, part), fits;

	if (first >= m->found.best)
		return;
	fits = find_asked(m, part, &m->a->names, &m->a->identities);
	if (fits != first)
		m->found.missed = lower(m->found.missed, first);
	m->found.best = lower(m->found.best, fits);
}

static void match_pair(struct matching *m, const struct pair *pair)
{
	const struct proto_part *part;

	if (pair->best >= m->found.best)
		return;
	part = find_part(m->v, pair, m->a->q->proto);
	if (!part)
		return;
	m->found.best =
		lower(m->found.best, ports_find(&m->v->intervals, part->ports, m->a->q->dport));
	if (part->asks)
		match_asked(m, (uint32_t)(part - (const struct proto_part *)m->v->parts.items));
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

static struct matched view_match(const struct asking *a, const struct view *v)
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
	out->bypass = intercept_bypass(&a->p->docs, rule->intercept, &a->names);
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
	else if (rule->identities.n && !a->identity)
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

	if (!keys_fit(&a->names, &a->p->docs, rule->names))
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

/* What goes to a protected service is inspected, and so is what weir decrypts or translates,
 * whatever the rule that allows it says. */
static void add_service(const struct weir_policy *p, const struct weir_policy_query *q,
			struct weir_policy_decision *out)
{
	const struct weir_service *s = weir_policy_service(p, &q->dst, q->dport);

	if (s && (s->threat != WEIR_NO_THREAT || weir_service_translates(s)))
		out->flags |= WEIR_DECISION_HTTP | WEIR_DECISION_INSPECT;
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
static void take_identity(struct asking *a, const struct weir_policy_identity *identity)
{
	static const struct weir_policy_identity unseen = {.state = WEIR_IDENTITY_UNSEEN};

	a->identity = identity;
	if (!a->p->has_identities) {
		a->identities.n = 0;
		keys_add(&a->identities, KEY_UNASKED);
		return;
	}
	if (!policy_verifies_clients(a->p, a->q))
		a->identity = &unseen;
	keys_of_identity(&a->p->docs, a->identity, &a->identities);
}

void asking_begin(struct asking *a, const struct weir_policy *p, const struct weir_policy_query *q,
		  const struct weir_policy_name *name, const struct weir_policy_identity *identity)
{
	a->p = p;
	a->q = q;
	a->name = name;
	a->src = class_of(&p->classes, &q->src);
	a->dst = class_of(&p->classes, &q->dst);
	keys_of_name(&p->docs, name, &a->names);
	take_identity(a, identity);
}

void asking_decide(const struct asking *a, struct weir_policy_decision *out)
{
	const struct weir_policy *p = a->p;

	decide_in(a, VIEW_ENFORCED, out);
	if (weir_unlikely(p->has_detect) && out->verdict == WEIR_VERDICT_ALLOW)
		add_hypothesis(a, out);
	if (p->has_services && out->verdict == WEIR_VERDICT_ALLOW && a->q->proto == PROTO_TCP)
		add_service(p, a->q, out);
}

void weir_policy_decide(const struct weir_policy *p, const struct weir_policy_query *q,
			struct weir_policy_decision *out)
{
	weir_policy_decide_identity(p, q, NULL, NULL, out);
}

void weir_policy_decide_name(const struct weir_policy *p, const struct weir_policy_query *q,
			     const struct weir_policy_name *name, struct weir_policy_decision *out)
{
	weir_policy_decide_identity(p, q, name, NULL, out);
}

void weir_policy_decide_identity(const struct weir_policy *p, const struct weir_policy_query *q,
				 const struct weir_policy_name *name,
				 const struct weir_policy_identity *identity,
				 struct weir_policy_decision *out)
{
	struct asking a;

	asking_begin(&a, p, q, name, identity);
	asking_decide(&a, out);
}

const char *weir_verdict_name(enum weir_verdict v)
{
	static const char *const names[] = {"allow", "deny", "drop"};

	return v < WEIR_ARRAY_LEN(names) ? names[v] : "unknown";
}
