/* SPDX-License-Identifier: BSD-3-Clause */
#include "random_policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <weir_test.h>

struct making {
	const struct random_cfg *cfg;
	struct dice dice;
	struct ref_policy *ref;
	struct weir_buf *yaml;
	uint32_t max_prefixes, max_rules;
	uint32_t n_policies;
};

uint32_t dice_below(struct dice *d, uint32_t end)
{
	d->state ^= d->state >> 12;
	d->state ^= d->state << 25;
	d->state ^= d->state >> 27;
	return (uint32_t)((d->state * 0x2545f4914f6cdd1dULL >> 32) * end >> 32);
}

bool dice_one_in(struct dice *d, uint32_t n)
{
	return dice_below(d, n) == 0;
}

/* ---- addresses ---- */

/* One in four out of few values a byte, so that many prefixes nest and overlap there. */
struct weir_addr random_addr(struct dice *d)
{
	uint8_t v6[16] = {0xfd, (uint8_t)dice_below(d, 3)};
	bool dense = dice_one_in(d, 4);

	if (!dense && dice_one_in(d, 2))
		return weir_addr_v4(11u << 24 | dice_below(d, 1 << 24));
	if (dice_below(d, 3))
		return weir_addr_v4(10u << 24 | dice_below(d, 8) << 16 | dice_below(d, 16) << 8 |
				    dice_below(d, 256));
	for (unsigned int i = 2; i < 6 && !dense; i++)
		v6[i] = (uint8_t)dice_below(d, 256);
	for (unsigned int i = dense ? 2 : 6; i < 16; i++)
		v6[i] = (uint8_t)dice_below(d, i < 6 || i == 15 ? 8 : 2);
	return weir_addr_v6(v6);
}

struct weir_addr random_addr_in(struct dice *d, const struct ref_prefix *p)
{
	struct weir_addr a = p->addr;
	unsigned int first = p->addr.family == 4 ? 96u + p->len : p->len;

	for (unsigned int bit = first; bit < 128; bit++)
		if (dice_one_in(d, 2))
			a.bytes[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
	return a;
}

static struct ref_prefix random_prefix(struct dice *d, uint32_t one_whole_in)
{
	struct ref_prefix p = {.addr = random_addr(d)};
	unsigned int max = p.addr.family == 4 ? 32 : 128, shift = 128 - max;

	p.len = (uint8_t)(dice_one_in(d, 4) ? max : max - dice_below(d, max / 4));
	if (dice_one_in(d, 200))
		p.len = (uint8_t)(8 + dice_below(d, max - 7));
	if (dice_one_in(d, one_whole_in))
		p.len = 0;
	for (unsigned int bit = shift + p.len; bit < 128; bit++)
		p.addr.bytes[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
	return p;
}

static const char *prefix_text(const struct ref_prefix *p, char text[WEIR_PREFIX_TEXT + 2])
{
	struct weir_prefix w = {.addr = p->addr, .len = p->len};
	char bare[WEIR_PREFIX_TEXT];

	snprintf(text, WEIR_PREFIX_TEXT + 2, "\"%s\"", weir_prefix_format(&w, bare));
	return text;
}

static void add_prefix(struct making *m, struct ref_prefix p)
{
	ck_assert_uint_lt(m->ref->n_prefixes, m->max_prefixes);
	m->ref->prefixes[m->ref->n_prefixes++] = p;
}

/* ---- documents ---- */

static void add_groups(struct making *m)
{
	char text[WEIR_PREFIX_TEXT + 2];

	for (uint32_t g = 0; g < m->cfg->groups; g++) {
		uint32_t n = 1 + dice_below(&m->dice, 2 * m->cfg->prefixes / m->cfg->groups - 1);

		weir_buf_printf(m->yaml,
				"---\nkind: Group\nmetadata: { name: g%u }\nspec: { cidrs: [", g);
		for (uint32_t i = 0; i < n; i++) {
			struct ref_prefix p = random_prefix(&m->dice, m->cfg->prefixes);

			p.group = g;
			add_prefix(m, p);
			weir_buf_printf(m->yaml, "%s%s", i ? ", " : "", prefix_text(&p, text));
		}
		weir_buf_str(m->yaml, "] }\n");
	}
	m->ref->n_groups = m->cfg->groups;
}

static const char *word(enum weir_verdict v)
{
	static const char *const words[] = {"allow", "deny", "drop"};

	return words[v];
}

static void add_defaults(struct making *m)
{
	weir_buf_printf(m->yaml,
			"---\nkind: Defaults\nspec: { unmatched: %s, unknownProtocol: %s, "
			"onChange: %s }\n",
			word(m->cfg->unmatched), word(m->cfg->unknown_protocol),
			m->cfg->keep ? "keep" : "reevaluate");
}

/* `, KEY: [ … ]` */
static void add_side(struct making *m, const char *key, bool may_be_any, uint32_t *groups,
		     unsigned int *n)
{
	char text[WEIR_PREFIX_TEXT + 2];

	if (may_be_any && dice_one_in(&m->dice, 12)) {
		weir_buf_printf(m->yaml, ", %s: any", key);
		return;
	}
	*n = 1 + dice_below(&m->dice, REF_SIDE_MAX);
	weir_buf_printf(m->yaml, ", %s: [", key);
	for (unsigned int i = 0; i < *n; i++) {
		if (dice_below(&m->dice, 8)) {
			groups[i] = dice_below(&m->dice, m->cfg->groups);
			weir_buf_printf(m->yaml, "%sg%u", i ? ", " : "", groups[i]);
		} else {
			struct ref_prefix p = random_prefix(&m->dice, m->cfg->prefixes);

			p.group = groups[i] = m->ref->n_groups++;
			add_prefix(m, p);
			weir_buf_printf(m->yaml, "%s%s", i ? ", " : "", prefix_text(&p, text));
		}
	}
	weir_buf_str(m->yaml, "]");
}

static void add_ranges(struct making *m, struct ref_rule *r, const char *key, uint32_t end)
{
	r->n_range = 1 + dice_below(&m->dice, REF_RANGES_MAX);
	weir_buf_printf(m->yaml, ", %s: [", key);
	for (unsigned int i = 0; i < r->n_range; i++) {
		uint32_t lo = dice_below(&m->dice, dice_one_in(&m->dice, 2) ? 64 : end);
		uint32_t hi = dice_one_in(&m->dice, 2) ? lo : lo + dice_below(&m->dice, end - lo);

		r->range[i] = (struct ref_range){(uint16_t)lo, (uint16_t)hi};
		if (lo == hi)
			weir_buf_printf(m->yaml, "%s%u", i ? ", " : "", lo);
		else
			weir_buf_printf(m->yaml, "%s%u-%u", i ? ", " : "", lo, hi);
	}
	weir_buf_str(m->yaml, "]");
}

static void add_protocol(struct making *m, struct ref_rule *r)
{
	static const struct {
		const char *yaml;
		uint8_t proto[REF_PROTO_MAX];
		unsigned int n;
		enum { NEITHER, PORTS, TYPES } kind;
	} rows[] = {
		{"tcp", {6}, 1, PORTS},
		{"tcp", {6}, 1, PORTS},
		{"udp", {17}, 1, PORTS},
		{"[tcp, udp]", {6, 17}, 2, PORTS},
		{"[sctp, 17, tcp]", {132, 17, 6}, 3, PORTS},
		{"icmp", {1}, 1, TYPES},
		{"[icmp, icmpv6]", {1, 58}, 2, TYPES},
		{"[47, tcp]", {47, 6}, 2, NEITHER},
		{"any", {0}, 0, NEITHER},
	};
	size_t i = dice_below(&m->dice, WEIR_ARRAY_LEN(rows));

	weir_buf_printf(m->yaml, ", protocol: %s", rows[i].yaml);
	memcpy(r->proto, rows[i].proto, sizeof(r->proto));
	r->n_proto = rows[i].n;
	if (rows[i].kind == PORTS && dice_below(&m->dice, 4))
		add_ranges(m, r, "ports", 65536);
	else if (rows[i].kind == TYPES && dice_one_in(&m->dice, 2))
		add_ranges(m, r, "types", 256);
}

static struct ref_rule *new_rule(struct making *m, const struct ref_rule *from)
{
	ck_assert_uint_lt(m->ref->n_rules, m->max_rules);
	m->ref->rules[m->ref->n_rules] = *from;
	return &m->ref->rules[m->ref->n_rules++];
}

/* What all rules of a policy have in common, and the text for it. */
static struct ref_rule begin_policy(struct making *m, const char *kind)
{
	static const char *const modes[] = {"off", "detect", "enforce"};
	struct dice *d = &m->dice;
	struct ref_rule r = {
		.priority = 100 * dice_below(d, 20),
		.mode = m->cfg->modes && dice_one_in(d, 4) ? dice_below(d, 2) : REF_ENFORCE,
		.inspect = dice_one_in(d, 4),
		.keep = dice_one_in(d, 2),
	};

	snprintf(r.policy, sizeof(r.policy), "p%u", m->n_policies++);
	weir_buf_printf(m->yaml,
			"---\napiVersion: weir/v1\nkind: %s\nmetadata: { name: %s }\nspec:\n"
			"  priority: %u\n  mode: %s\n  inspect: %s\n  onChange: %s\n",
			kind, r.policy, r.priority, modes[r.mode], r.inspect ? "true" : "false",
			r.keep ? "keep" : "reevaluate");
	return r;
}

static void add_access(struct making *m)
{
	struct ref_rule head = begin_policy(m, "AccessPolicy");
	uint32_t n = 2 + dice_below(&m->dice, 6);

	weir_buf_str(m->yaml, "  rules:\n");
	for (uint32_t i = 0; i < n; i++) {
		struct ref_rule *r = new_rule(m, &head);
		uint32_t action = dice_below(&m->dice, 4);

		r->verdict = action < 2 ? WEIR_VERDICT_ALLOW : (enum weir_verdict)(action - 1);
		snprintf(r->name, sizeof(r->name), "r%u", i);
		weir_buf_printf(m->yaml, "  - { name: %s, action: %s", r->name, word(r->verdict));
		add_side(m, "from", true, r->from, &r->n_from);
		add_side(m, "to", r->n_from > 0, r->to, &r->n_to);
		add_protocol(m, r);
		weir_buf_str(m->yaml, " }\n");
	}
}

static void add_egress(struct making *m)
{
	struct ref_rule head = begin_policy(m, "EgressPolicy"), *rest;
	uint32_t n = dice_below(&m->dice, 4), g = dice_below(&m->dice, m->cfg->groups);

	head.n_from = 1;
	head.from[0] = g;
	weir_buf_printf(m->yaml, "  from: g%u\n  otherwise: %s\n  allow:%s\n", g,
			n % 2 ? "drop" : "deny", n ? "" : " []");
	for (uint32_t i = 0; i < n; i++) {
		struct ref_rule *r = new_rule(m, &head);

		r->verdict = WEIR_VERDICT_ALLOW;
		snprintf(r->name, sizeof(r->name), "#%u", i + 1);
		weir_buf_str(m->yaml, "  - { description: x");
		add_side(m, "to", r->n_from > 0, r->to, &r->n_to);
		add_protocol(m, r);
		weir_buf_str(m->yaml, " }\n");
	}
	rest = new_rule(m, &head);
	rest->rest = true;
	rest->verdict = n % 2 ? WEIR_VERDICT_DROP : WEIR_VERDICT_DENY;
	strcpy(rest->name, "otherwise");
}

void random_policy(const struct random_cfg *cfg, struct ref_policy *out, struct weir_buf *yaml)
{
	struct making m = {
		.cfg = cfg,
		.dice = {cfg->seed},
		.ref = out,
		.yaml = yaml,
		.max_prefixes = 2 * cfg->prefixes + 8 * cfg->rules + 64,
		.max_rules = cfg->rules + 64,
	};

	*out = (struct ref_policy){
		.unmatched = cfg->unmatched,
		.unknown_protocol = cfg->unknown_protocol,
		.keep = cfg->keep,
		.prefixes = calloc(m.max_prefixes, sizeof(*out->prefixes)),
		.rules = calloc(m.max_rules, sizeof(*out->rules)),
	};
	add_defaults(&m);
	add_groups(&m);
	while (out->n_rules < cfg->rules)
		if (dice_below(&m.dice, 30))
			add_access(&m);
		else
			add_egress(&m);
	ref_sort(out);
}
