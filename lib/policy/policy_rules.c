/* SPDX-License-Identifier: BSD-3-Clause */
/* Kinds AccessPolicy and EgressPolicy: documents to rules. */
#include "policy_impl.h"

#include <stdio.h>

#define ACCESS_PRIORITY 1000
#define EGRESS_PRIORITY 2000
#define RULE_NAME_MAX   253

static const char *const mode_words[] = {"off", "detect", "enforce", NULL};
static const char *const action_words[] = {"allow", "deny", "drop", NULL};
static const char *const change_words[] = {"reevaluate", "keep", NULL};

/* What stands in a policy's spec beside its rules. */
struct header {
	const struct weir_conf_node *spec;
	uint32_t name;
	uint32_t priority;
	enum mode mode;
	uint8_t flags;
	bool missing_sni;   /* missingSni: allow */
	uint16_t intercept; /* place in docs.tls; WEIR_NO_TLS: none */
};

/* Under how many pairs of keys it is found, see policy_asked.c. */
static uint64_t pairs_of_keys(const struct rule *rule)
{
	return rule_asks(rule) ? (rule->names.n + 1ULL) * (rule->identities.n + 1ULL) : 1;
}

/* What the rule adds to the compiled form at most. */
static bool fits(struct docs *d, const struct rule *rule, struct weir_conf_pos pos)
{
	uint64_t pairs = (uint64_t)rule->from.n * rule->to.n;
	uint64_t parts = (uint64_t)rule->protos.n * (rule->ranges.n ? rule->ranges.n : 1);
	uint64_t keys = pairs_of_keys(rule);
	bool before = d->n_parts <= PARTS_MAX;

	if (pairs > PARTS_MAX || keys > PARTS_MAX)
		d->n_parts = PARTS_MAX + 1ULL;
	else
		d->n_parts += pairs * parts * keys;
	if (d->n_parts <= PARTS_MAX)
		return true;
	if (before)
		weir_conf_error(
			d->r, pos,
			"this rule's from, to, protocol, ports, names and identities make over %u "
			"combinations together with those of the rules before; put addresses into "
			"Groups",
			PARTS_MAX);
	return false;
}

static void add_rule(struct docs *d, struct rule rule, struct weir_conf_pos pos)
{
	struct rule *slot;

	/* A policy that is off has been checked, and that is all. */
	if (rule.mode == MODE_OFF || !fits(d, &rule, pos))
		return;
	slot = array_add(&d->rules, sizeof(*slot));
	if (!slot) {
		d->no_memory = true;
		return;
	}
	if (rule.verdict != WEIR_VERDICT_ALLOW)
		rule.flags = 0;
	rule.order = d->rules.n - 1;
	*slot = rule;
}

static void read_header(struct docs *d, const struct weir_conf_node *spec, struct header *h)
{
	static const char *const missing_words[] = {"deny", "allow", NULL};
	unsigned int mode = h->mode, change = d->defaults.keep_on_change, missing = 0;
	uint64_t priority = h->priority;
	bool inspect = false;

	weir_conf_u64(spec, "priority", 0, 65535, &priority, d->r);
	weir_conf_word(spec, "mode", mode_words, &mode, d->r);
	weir_conf_word(spec, "onChange", change_words, &change, d->r);
	weir_conf_bool(spec, "inspect", &inspect, d->r);
	weir_conf_word(spec, "missingSni", missing_words, &missing, d->r);
	h->missing_sni = missing == 1;
	h->intercept = docs_read_intercept(d, h->name, spec);
	h->spec = spec;
	h->priority = (uint32_t)priority;
	h->mode = (enum mode)mode;
	d->n_enforced += h->mode == MODE_ENFORCE;
	h->flags = (uint8_t)((change == 1 ? WEIR_DECISION_KEEP : 0) |
			     (inspect ? WEIR_DECISION_INSPECT : 0));
}

/* Events and explain name rules, so within a policy (always the last one read) names differ. */
static uint32_t add_rule_name(struct docs *d, const char *name, struct weir_conf_pos pos)
{
	uint32_t id = weir_names_intern(d->names, name);
	uint32_t *user = array_at(&d->rule_names, id);

	if (!id || !user)
		d->no_memory = true;
	else if (*user == d->policies.n)
		weir_conf_error(d->r, pos, "this policy has a rule '%s' already", name);
	else
		*user = d->policies.n;
	return id;
}

/* "#3" for the third of a list, when it has no name of its own. */
static uint32_t numbered_name(struct docs *d, uint32_t number, struct weir_conf_pos pos)
{
	char text[16];

	snprintf(text, sizeof(text), "#%u", number);
	return add_rule_name(d, text, pos);
}

/* `number` counts from 1 in the policy's list; 0: the policy has just one rule. */
static void read_rule_name(struct docs *d, const struct weir_conf_node *map, uint32_t number,
			   struct rule *rule)
{
	const struct weir_conf_node *n = weir_conf_get(map, "name");
	const char *name = NULL;

	if (!weir_conf_str(map, "name", &name, d->r))
		return;
	if (name && (!*name || strlen(name) > RULE_NAME_MAX || name[0] == '#'))
		weir_conf_error(d->r, n->pos,
				"a rule's name has 1 to %u bytes and does not begin with '#'",
				RULE_NAME_MAX);
	else if (name)
		rule->name = add_rule_name(d, name, n->pos);
	else if (number)
		rule->name = numbered_name(d, number, map->pos);
}

static struct rule begin_rule(struct docs *d, const struct header *h,
			      const struct weir_conf_node *map, uint32_t number)
{
	struct rule rule = {
		.policy = h->name,
		.priority = h->priority,
		.mode = h->mode,
		.intercept = h->intercept,
	};
	bool inspect = (h->flags & WEIR_DECISION_INSPECT) != 0;

	read_rule_name(d, map, number, &rule);
	if (map != h->spec)
		weir_conf_bool(map, "inspect", &inspect, d->r);
	rule.flags = (uint8_t)((h->flags & ~WEIR_DECISION_INSPECT) |
			       (inspect ? WEIR_DECISION_INSPECT : 0));
	return rule;
}

/* ---- access ---- */

static void read_access_rule(struct docs *d, const struct header *h,
			     const struct weir_conf_node *map, uint32_t number)
{
	struct rule rule = begin_rule(d, h, map, number);
	unsigned int action = 0;
	bool good = docs_read_side(d, map, "from", &rule.from);

	good = docs_read_side(d, map, "to", &rule.to) && good;
	good = rule_read_protos(d, map, &rule) && rule_read_ranges(d, map, &rule) && good;
	good = weir_conf_require(map, "action", d->r) &&
	       weir_conf_word(map, "action", action_words, &action, d->r) && good;
	rule.verdict = (uint8_t)action;
	if (good && rule_read_tls(d, map, &rule, h->missing_sni) &&
	    rule_read_identities(d, map, &rule))
		add_rule(d, rule, map->pos);
}

/* The list of mappings at `key`, each with no keys but `keys`. */
static const struct weir_conf_node *rule_list(struct docs *d, const struct weir_conf_node *spec,
					      const char *key, const char *const *keys)
{
	const struct weir_conf_node *list = weir_conf_get(spec, key);
	bool good = true;

	if (!weir_conf_expect(list, WEIR_CONF_SEQUENCE, key, d->r))
		return NULL;
	weir_conf_foreach (m, list)
		good = weir_conf_expect(m, WEIR_CONF_MAPPING, "a rule", d->r) &&
		       weir_conf_known_keys(m, keys, d->r) && good;
	return good ? list : NULL;
}

static void read_rule_list(struct docs *d, const struct header *h,
			   const struct weir_conf_node *spec)
{
	static const char *const keys[] = {"name",    "from",        "to",  "protocol",   "ports",
					   "types",   "names",       "tls", "identities", "action",
					   "inspect", "description", NULL};
	const struct weir_conf_node *list = rule_list(d, spec, "rules", keys);
	uint32_t number = 0;

	if (!list)
		return;
	if (!list->count)
		weir_conf_error(d->r, list->pos, "rules is empty: the policy would do nothing");
	weir_conf_foreach (m, list) {
		number++;
		read_access_rule(d, h, m, list->count > 1 ? number : 0);
	}
}

/* One rule right in the spec, or a list of them; not both. */
static bool check_access_keys(struct docs *d, const struct weir_conf_node *spec)
{
	static const char *const keys[] = {"priority",    "mode",       "onChange", "inspect",
					   "rules",       "from",       "to",       "protocol",
					   "ports",       "types",      "action",   "name",
					   "description", "names",      "tls",      "missingSni",
					   "intercept",   "identities", NULL};
	static const char *const of_one[] = {"from",   "to",   "protocol", "ports", "types",
					     "action", "name", "names",    "tls",   "identities"};
	bool good = weir_conf_known_keys(spec, keys, d->r);

	for (size_t i = 0; weir_conf_get(spec, "rules") && i < WEIR_ARRAY_LEN(of_one); i++) {
		const struct weir_conf_node *n = weir_conf_get(spec, of_one[i]);

		if (!n)
			continue;
		weir_conf_error(d->r, n->key_pos, "'%s' belongs into one of the rules", of_one[i]);
		good = false;
	}
	return good;
}

void docs_read_access(struct docs *d, uint32_t name, const struct weir_conf_node *spec)
{
	struct header h = {.name = name, .priority = ACCESS_PRIORITY, .mode = MODE_ENFORCE};

	if (!check_access_keys(d, spec))
		return;
	read_header(d, spec, &h);
	if (weir_conf_get(spec, "rules"))
		read_rule_list(d, &h, spec);
	else
		read_access_rule(d, &h, spec, 0);
}

/* ---- egress ---- */

static void read_egress_rule(struct docs *d, const struct header *h, const struct slice *from,
			     const struct weir_conf_node *map, uint32_t number)
{
	struct rule rule = begin_rule(d, h, map, number);
	bool named = weir_conf_get(map, "names") || weir_conf_get(map, "tls");
	bool good = (named || weir_conf_require(map, "to", d->r)) &&
		    docs_read_side(d, map, "to", &rule.to);

	rule.from = *from;
	rule.verdict = WEIR_VERDICT_ALLOW;
	if (rule_read_protos(d, map, &rule) && rule_read_ranges(d, map, &rule) && good &&
	    rule_read_tls(d, map, &rule, h->missing_sni))
		add_rule(d, rule, map->pos);
}

/* What its allow rules leave: after all rules of all policies, so that two policies of one group
 * add up instead of the first one's rest hiding the second. */
static void add_rest(struct docs *d, const struct header *h, const struct slice *from,
		     unsigned int action, struct weir_conf_pos pos)
{
	struct rule rest = {
		.policy = h->name,
		.name = add_rule_name(d, "otherwise", pos),
		.from = *from,
		.to = {d->groups_of_rules.n, 1},
		.protos = {d->protos.n, 1},
		.priority = PRIORITY_REST + h->priority,
		.verdict = (uint8_t)action,
		.mode = h->mode,
	};

	if (docs_add_number(d, &d->protos, PROTO_ANY) &&
	    docs_add_number(d, &d->groups_of_rules, GROUP_ANY))
		add_rule(d, rest, pos);
}

static void read_allow_list(struct docs *d, const struct header *h, const struct slice *from,
			    const struct weir_conf_node *spec)
{
	static const char *const keys[] = {"name",  "to",  "protocol", "ports",       "types",
					   "names", "tls", "inspect",  "description", NULL};
	const struct weir_conf_node *list = rule_list(d, spec, "allow", keys);
	uint32_t number = 0;

	if (list)
		weir_conf_foreach (m, list)
			read_egress_rule(d, h, from, m, ++number);
}

void docs_read_egress(struct docs *d, uint32_t name, const struct weir_conf_node *spec)
{
	static const char *const keys[] = {"priority",   "mode",      "onChange",  "inspect",
					   "from",       "allow",     "otherwise", "description",
					   "missingSni", "intercept", NULL};
	static const char *const rest_words[] = {"deny", "drop", NULL};
	struct header h = {.name = name, .priority = EGRESS_PRIORITY, .mode = MODE_ENFORCE};
	struct slice from;
	unsigned int rest = 0;

	weir_conf_known_keys(spec, keys, d->r);
	read_header(d, spec, &h);
	weir_conf_word(spec, "otherwise", rest_words, &rest, d->r);
	if (!weir_conf_require(spec, "from", d->r) || !docs_read_side(d, spec, "from", &from))
		return;
	if (weir_conf_get(spec, "allow"))
		read_allow_list(d, &h, &from, spec);
	add_rest(d, &h, &from, rest + 1, spec->pos);
}
