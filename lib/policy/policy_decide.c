/* SPDX-License-Identifier: BSD-3-Clause */
/* The one decision function. */
#include "policy_impl.h"

static const struct pair *find_pair(const struct view *v, uint64_t key)
{
	uint64_t h = (key + 1) * 0x9e3779b97f4a7c15ULL;
	uint32_t at = (uint32_t)(h >> 32) & v->mask;

	for (; v->pairs[at].n_parts; at = (at + 1) & v->mask)
		if (v->pairs[at].key == key)
			return &v->pairs[at];
	return NULL;
}

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

static uint32_t match_pair(const struct view *v, uint32_t from, uint32_t to, uint8_t proto,
			   uint16_t port)
{
	const struct pair *pair = find_pair(v, (uint64_t)from << 32 | to);
	const struct proto_part *part = pair ? find_part(v, pair, proto) : NULL;

	return part ? find_port(v, part, port) : RANK_NONE;
}

/* The groups of a class, and GROUP_ANY after them. */
static uint32_t nth_group(const struct weir_policy *p, const struct class *k, uint32_t i)
{
	return i < k->n ? ((const uint32_t *)p->classes.member.items)[k->first + i] : GROUP_ANY;
}

uint32_t view_match(const struct weir_policy *p, const struct view *v, const struct class *src,
		    const struct class *dst, uint8_t proto, uint16_t port)
{
	uint32_t best = RANK_NONE;

	for (uint32_t s = 0; s <= src->n; s++)
		for (uint32_t d = 0; d <= dst->n; d++) {
			uint32_t rank = match_pair(v, nth_group(p, src, s), nth_group(p, dst, d),
						   proto, port);

			if (rank < best)
				best = rank;
		}
	return best;
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
static void fall_back(const struct weir_policy *p, unsigned int view, const struct class *src,
		      const struct class *dst, uint8_t proto, struct weir_policy_decision *out)
{
	const struct weir_policy_defaults *d = &p->docs.defaults;

	out->policy = p->default_name;
	out->rule = 0;
	out->flags = d->keep_on_change ? WEIR_DECISION_KEEP : 0;
	if (!has_state_here(proto)) {
		out->verdict = d->unknown_protocol;
		out->reason = reason_of(d->unknown_protocol, WEIR_DROP_UNKNOWN_PROTOCOL);
	} else if (src->named[view] || dst->named[view]) {
		out->verdict = WEIR_VERDICT_DENY;
		out->reason = WEIR_DROP_DEFAULT_DENY;
	} else {
		out->verdict = d->unmatched;
		out->reason = reason_of(d->unmatched, WEIR_DROP_NO_POLICY);
	}
}

static void decide_in(const struct weir_policy *p, unsigned int view, const struct class *src,
		      const struct class *dst, const struct weir_policy_query *q,
		      struct weir_policy_decision *out)
{
	uint32_t rank = view_match(p, &p->view[view], src, dst, q->proto, q->dport);
	const struct rule *rule;

	if (rank == RANK_NONE) {
		fall_back(p, view, src, dst, q->proto, out);
		return;
	}
	rule = rule_at(p, rank);
	*out = (struct weir_policy_decision){
		.policy = rule->policy,
		.rule = rule->name,
		.verdict = rule->verdict,
		.flags = rule->flags,
		.reason = rule->verdict == WEIR_VERDICT_DROP
				  ? WEIR_DROP_POLICY_DROP
				  : reason_of((enum weir_verdict)rule->verdict,
					      WEIR_DROP_POLICY_DENY),
	};
}

/* What the policies in mode detect would have done about an allowed flow. */
static void add_hypothesis(const struct weir_policy *p, const struct class *src,
			   const struct class *dst, const struct weir_policy_query *q,
			   struct weir_policy_decision *out)
{
	struct weir_policy_decision would;

	decide_in(p, VIEW_ALL, src, dst, q, &would);
	if (would.verdict == WEIR_VERDICT_ALLOW)
		return;
	out->policy = would.policy;
	out->rule = would.rule;
	out->reason = would.reason;
	out->flags |= WEIR_DECISION_WOULD_DENY;
}

void weir_policy_decide(const struct weir_policy *p, const struct weir_policy_query *q,
			struct weir_policy_decision *out)
{
	const struct class *src = class_of(&p->classes, &q->src);
	const struct class *dst = class_of(&p->classes, &q->dst);

	decide_in(p, VIEW_ENFORCED, src, dst, q, out);
	if (weir_unlikely(p->has_detect) && out->verdict == WEIR_VERDICT_ALLOW)
		add_hypothesis(p, src, dst, q, out);
}

const char *weir_verdict_name(enum weir_verdict v)
{
	static const char *const names[] = {"allow", "deny", "drop"};

	return v < WEIR_ARRAY_LEN(names) ? names[v] : "unknown";
}
