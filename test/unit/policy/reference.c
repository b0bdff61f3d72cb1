/* SPDX-License-Identifier: BSD-3-Clause */
/* The naive decider: every rule in order, every prefix of its groups. Shares no code with policy/.
 */
#include "reference.h"

#include <stdlib.h>

struct ref_rule {
	int from, to; /* group, -1: any */
	int proto;    /* -1: any */
	int lo, hi;   /* ports; lo -1: all */
	unsigned int priority;
	int mode; /* 0 off, 1 detect, 2 enforce */
	int action;
};

struct ref_prefix {
	struct weir_prefix prefix;
	unsigned int group;
};

struct reference {
	uint64_t random;
	unsigned int groups;
	unsigned int n_prefixes;
	unsigned int n_rules;
	struct ref_prefix *prefixes;
	struct ref_rule *rules; /* in order of priority, then of the file */
	struct weir_buf yaml;
};

static uint32_t draw(struct reference *r, uint32_t below)
{
	r->random = r->random * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(r->random >> 33) % below;
}

static struct weir_prefix draw_prefix(struct reference *r)
{
	struct weir_prefix p;
	char text[WEIR_PREFIX_TEXT];
	struct weir_buf b = {0};

	/* Few first bytes, so that prefixes lie in each other. */
	if (draw(r, 4)) {
		weir_buf_printf(&b, "10.%u.%u.%u/%u", draw(r, 8), draw(r, 64), draw(r, 256),
				8 + draw(r, 25));
	} else {
		weir_buf_printf(&b, "fd00:%x:%x::%x/%u", draw(r, 8), draw(r, 64), draw(r, 65536),
				16 + draw(r, 113));
	}
	strncpy(text, b.ptr, sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	weir_buf_fini(&b);
	if (weir_prefix_parse(text, &p) == -WEIR_EFORMAT)
		abort();
	return p; /* host bits are cleared */
}

static void make_groups(struct reference *r)
{
	char text[WEIR_PREFIX_TEXT];

	for (unsigned int i = 0; i < r->n_prefixes; i++) {
		r->prefixes[i].prefix = draw_prefix(r);
		r->prefixes[i].group = i < r->groups ? i : draw(r, r->groups);
	}
	for (unsigned int g = 0; g < r->groups; g++) {
		weir_buf_printf(&r->yaml, "kind: Group\nmetadata: {name: g%u}\nspec: {cidrs: [", g);
		for (unsigned int i = 0; i < r->n_prefixes; i++)
			if (r->prefixes[i].group == g)
				weir_buf_printf(&r->yaml, "'%s', ",
						weir_prefix_format(&r->prefixes[i].prefix, text));
		weir_buf_str(&r->yaml, "]}\n---\n");
	}
}

static struct ref_rule draw_rule(struct reference *r)
{
	static const int protos[] = {-1, 6, 6, 6, 17, 17, 1};
	struct ref_rule rule = {
		.from = draw(r, 20) ? (int)draw(r, r->groups) : -1,
		.to = draw(r, 20) ? (int)draw(r, r->groups) : -1,
		.proto = protos[draw(r, 7)],
		.lo = -1,
		.priority = draw(r, 50),
		.mode = (int[]){2, 2, 2, 2, 2, 2, 1, 0}[draw(r, 8)],
		.action = (int)draw(r, 3),
	};

	if ((rule.proto == 6 || rule.proto == 17) && draw(r, 3)) {
		rule.lo = (int)draw(r, 2000);
		rule.hi = rule.lo + (int)(draw(r, 2) ? 0 : draw(r, 500));
	}
	return rule;
}

static void write_side(struct weir_buf *b, const char *key, int group)
{
	if (group < 0)
		weir_buf_printf(b, "%s: any, ", key);
	else
		weir_buf_printf(b, "%s: g%d, ", key, group);
}

static void write_rule(struct reference *r, unsigned int i, const struct ref_rule *rule)
{
	static const char *const modes[] = {"off", "detect", "enforce"};
	static const char *const actions[] = {"allow", "deny", "drop"};
	struct weir_buf *b = &r->yaml;

	weir_buf_printf(b, "kind: AccessPolicy\nmetadata: {name: p%u}\nspec: {", i);
	write_side(b, "from", rule->from);
	write_side(b, "to", rule->to);
	if (rule->proto >= 0)
		weir_buf_printf(b, "protocol: %d, ", rule->proto);
	if (rule->lo >= 0)
		weir_buf_printf(b, "ports: ['%d-%d'], ", rule->lo, rule->hi);
	weir_buf_printf(b, "priority: %u, mode: %s, action: %s}\n---\n", rule->priority,
			modes[rule->mode], actions[rule->action]);
}

struct reference *reference_create(unsigned int groups, unsigned int prefixes, unsigned int rules,
				   uint64_t seed)
{
	struct reference *r = calloc(1, sizeof(*r));

	r->random = seed;
	r->groups = groups;
	r->n_prefixes = prefixes;
	r->n_rules = rules;
	r->prefixes = calloc(prefixes, sizeof(*r->prefixes));
	r->rules = calloc(rules, sizeof(*r->rules));
	make_groups(r);
	for (unsigned int i = 0; i < rules; i++) {
		r->rules[i] = draw_rule(r);
		write_rule(r, i, &r->rules[i]);
	}
	return r;
}

void reference_destroy(struct reference *r)
{
	free(r->prefixes);
	free(r->rules);
	weir_buf_fini(&r->yaml);
	free(r);
}

const char *reference_yaml(const struct reference *r)
{
	return r->yaml.ptr;
}

/* An address in some prefix, of `family` when one is found soon (0: any). */
static struct weir_addr draw_addr(struct reference *r, unsigned int family)
{
	struct weir_prefix p = r->prefixes[draw(r, r->n_prefixes)].prefix;

	for (int i = 0; i < 100 && family && p.addr.family != family; i++)
		p = r->prefixes[draw(r, r->n_prefixes)].prefix;
	family = p.addr.family;
	for (unsigned int bit = (family == 4 ? 96u : 0u) + p.len; bit < 128; bit++)
		if (draw(r, 2))
			p.addr.bytes[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	if (draw(r, 16) == 0)
		p.addr.bytes[13] ^= 0x80; /* perhaps in no group */
	return p.addr;
}

struct weir_policy_query reference_query(struct reference *r)
{
	static const uint8_t protos[] = {6, 6, 6, 17, 17, 1, 47};
	struct weir_policy_query q = {.src = draw_addr(r, 0)};

	q.dst = draw_addr(r, q.src.family);
	if (q.dst.family != q.src.family)
		q.dst = q.src;
	q.proto = protos[draw(r, 7)];
	q.dport = q.proto == 6 || q.proto == 17 ? (uint16_t)draw(r, 2600) : 0;
	return q;
}

/* in[g]: whether the address is in group g. */
static void groups_of(const struct reference *r, const struct weir_addr *a, bool *in)
{
	memset(in, 0, r->groups);
	for (unsigned int i = 0; i < r->n_prefixes; i++)
		if (weir_prefix_contains(&r->prefixes[i].prefix, a))
			in[r->prefixes[i].group] = true;
}

static bool rule_matches(const struct ref_rule *rule, const bool *src, const bool *dst,
			 const struct weir_policy_query *q)
{
	return (rule->from < 0 || src[rule->from]) && (rule->to < 0 || dst[rule->to]) &&
	       (rule->proto < 0 || rule->proto == q->proto) &&
	       (rule->lo < 0 || (rule->lo <= q->dport && q->dport <= rule->hi));
}

struct answer {
	int action;
	int rule; /* -1: by default */
	const char *reason;
};

static struct answer by_default(const struct reference *r, const bool *src, const bool *dst,
				const struct weir_policy_query *q, int least_mode)
{
	bool named = false;

	if (q->proto == 47)
		return (struct answer){2, -1, "unknown_protocol"};
	for (unsigned int i = 0; i < r->n_rules; i++) {
		const struct ref_rule *rule = &r->rules[i];

		if (rule->mode < least_mode)
			continue;
		named |= rule->from >= 0 && (src[rule->from] || dst[rule->from]);
		named |= rule->to >= 0 && (src[rule->to] || dst[rule->to]);
	}
	return (struct answer){1, -1, named ? "default_deny" : "no_policy"};
}

static struct answer answer_of(const struct reference *r, const bool *src, const bool *dst,
			       const struct weir_policy_query *q, int least_mode)
{
	static const char *const reasons[] = {"", "policy_deny", "policy_drop"};
	int best = -1;

	for (unsigned int i = 0; i < r->n_rules; i++)
		if (r->rules[i].mode >= least_mode && rule_matches(&r->rules[i], src, dst, q) &&
		    (best < 0 || r->rules[i].priority < r->rules[best].priority))
			best = (int)i;
	if (best < 0)
		return by_default(r, src, dst, q, least_mode);
	return (struct answer){r->rules[best].action, best, reasons[r->rules[best].action]};
}

void reference_decide(const struct reference *r, const struct weir_policy_query *q,
		      struct weir_buf *out)
{
	static const char *const actions[] = {"allow", "deny", "drop"};
	bool *src = calloc(r->groups, 1), *dst = calloc(r->groups, 1);
	struct answer a, would;
	bool would_deny = false;
	int action;

	groups_of(r, &q->src, src);
	groups_of(r, &q->dst, dst);
	a = answer_of(r, src, dst, q, 2);
	action = a.action;
	if (a.action == 0) {
		would = answer_of(r, src, dst, q, 1);
		would_deny = would.action != 0;
		if (would_deny)
			a = would;
	}
	free(src);
	free(dst);
	weir_buf_printf(out, "%s ", actions[action]);
	if (a.rule >= 0)
		weir_buf_printf(out, "p%d", a.rule);
	else
		weir_buf_str(out, "default");
	weir_buf_printf(out, "  %s %d", a.reason, would_deny);
}
