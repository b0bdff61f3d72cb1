/* SPDX-License-Identifier: BSD-3-Clause */
#include "reference.h"

#include <stdlib.h>

static int by_rank(const void *a, const void *b)
{
	const struct ref_rule *x = a, *y = b;

	if (x->rest != y->rest)
		return x->rest ? 1 : -1;
	if (x->priority != y->priority)
		return x->priority < y->priority ? -1 : 1;
	return x->place < y->place ? -1 : 1;
}

void ref_sort(struct ref_policy *p)
{
	for (uint32_t i = 0; i < p->n_rules; i++)
		p->rules[i].place = i;
	qsort(p->rules, p->n_rules, sizeof(*p->rules), by_rank);
}

void ref_fini(struct ref_policy *p)
{
	free(p->prefixes);
	free(p->rules);
}

static bool covers(const struct ref_prefix *p, const struct weir_addr *a)
{
	unsigned int bits = p->addr.family == 4 ? 96u + p->len : p->len;

	if (p->addr.family != a->family)
		return false;
	for (unsigned int bit = 0; bit < bits; bit++)
		if ((p->addr.bytes[bit / 8] ^ a->bytes[bit / 8]) >> (7 - bit % 8) & 1)
			return false;
	return true;
}

uint8_t *ref_membership(const struct ref_policy *p, const struct weir_addr *a)
{
	uint8_t *in = calloc(p->n_groups + 1, 1);

	for (uint32_t i = 0; i < p->n_prefixes; i++)
		if (covers(&p->prefixes[i], a))
			in[p->prefixes[i].group] |= p->prefixes[i].len ? 3 : 1;
	return in;
}

static bool in_side(const uint32_t *groups, unsigned int n, const uint8_t *in)
{
	for (unsigned int i = 0; i < n; i++)
		if (in[groups[i]])
			return true;
	return n == 0;
}

static bool has_proto(const struct ref_rule *r, uint8_t proto)
{
	for (unsigned int i = 0; i < r->n_proto; i++)
		if (r->proto[i] == proto)
			return true;
	return r->n_proto == 0;
}

static bool has_port(const struct ref_rule *r, uint16_t port)
{
	for (unsigned int i = 0; i < r->n_range; i++)
		if (r->range[i].lo <= port && port <= r->range[i].hi)
			return true;
	return r->n_range == 0;
}

static bool in_view(const struct ref_rule *r, bool all)
{
	return r->mode == REF_ENFORCE || (all && r->mode == REF_DETECT);
}

static bool names_side(const struct ref_policy *p, const uint8_t *in, bool all)
{
	for (uint32_t i = 0; i < p->n_rules; i++) {
		const struct ref_rule *r = &p->rules[i];

		if (!in_view(r, all))
			continue;
		for (unsigned int k = 0; k < r->n_from; k++)
			if (in[r->from[k]] & 2)
				return true;
		for (unsigned int k = 0; k < r->n_to; k++)
			if (in[r->to[k]] & 2)
				return true;
	}
	return false;
}

static struct ref_decision of_rule(const struct ref_rule *r)
{
	bool allow = r->verdict == WEIR_VERDICT_ALLOW;

	return (struct ref_decision){
		.policy = r->policy,
		.rule = r->name,
		.verdict = r->verdict,
		.reason = allow                             ? WEIR_DROP_NONE
			  : r->verdict == WEIR_VERDICT_DENY ? WEIR_DROP_POLICY_DENY
							    : WEIR_DROP_POLICY_DROP,
		.inspect = allow && r->inspect,
		.keep = allow && r->keep,
	};
}

static struct ref_decision of_default(const struct ref_policy *p, enum weir_verdict verdict,
				      enum weir_drop reason)
{
	bool allow = verdict == WEIR_VERDICT_ALLOW;

	return (struct ref_decision){
		.policy = "default",
		.rule = "",
		.verdict = verdict,
		.reason = allow ? WEIR_DROP_NONE : reason,
		.keep = allow && p->keep,
	};
}

static struct ref_decision decide_in(const struct ref_policy *p, const struct ref_query *q,
				     bool all)
{
	for (uint32_t i = 0; i < p->n_rules; i++) {
		const struct ref_rule *r = &p->rules[i];

		if (has_proto(r, q->proto) && has_port(r, q->port) && in_view(r, all) &&
		    in_side(r->from, r->n_from, q->src) && in_side(r->to, r->n_to, q->dst))
			return of_rule(r);
	}
	if (q->proto != 1 && q->proto != 6 && q->proto != 17 && q->proto != 58)
		return of_default(p, p->unknown_protocol, WEIR_DROP_UNKNOWN_PROTOCOL);
	if (names_side(p, q->src, all) || names_side(p, q->dst, all))
		return of_default(p, WEIR_VERDICT_DENY, WEIR_DROP_DEFAULT_DENY);
	return of_default(p, p->unmatched, WEIR_DROP_NO_POLICY);
}

struct ref_decision ref_decide(const struct ref_policy *p, const struct ref_query *q)
{
	struct ref_decision effective = decide_in(p, q, false);
	struct ref_decision would;

	if (effective.verdict != WEIR_VERDICT_ALLOW)
		return effective;
	would = decide_in(p, q, true);
	if (would.verdict == WEIR_VERDICT_ALLOW)
		return effective;
	effective.policy = would.policy;
	effective.rule = would.rule;
	effective.reason = would.reason;
	effective.would_deny = true;
	return effective;
}
