/* SPDX-License-Identifier: BSD-3-Clause */
/* Kinds AccessPolicy and EgressPolicy: documents to rules. */
#include "policy_impl.h"

#include <stdlib.h>

#define ACCESS_PRIORITY 1000
#define EGRESS_PRIORITY 2000

static const char *const mode_words[] = {"off", "detect", "enforce", NULL};
static const char *const action_words[] = {"allow", "deny", "drop", NULL};
static const char *const change_words[] = {"reevaluate", "keep", NULL};
static const char *const proto_words[] = {"any", "tcp", "udp", "icmp", "icmpv6", "sctp", NULL};
static const uint16_t proto_numbers[] = {PROTO_ANY, 6, 17, 1, 58, 132};

/* What stands in a policy's spec beside its rules. */
struct header {
	uint32_t name;
	uint32_t priority;
	enum mode mode;
	uint8_t flags;
};

/* ---- from, to ---- */

static bool add_group_ref(struct docs *d, uint32_t group)
{
	uint32_t *slot = array_add(&d->groups_of_rules, sizeof(*slot));

	if (slot)
		*slot = group;
	else
		d->no_memory = true;
	return slot != NULL;
}

static bool looks_like_address(const char *text)
{
	struct weir_prefix p;

	return strchr(text, '/') || strchr(text, ':') || weir_prefix_parse(text, &p) == 0;
}

static const char *nearest_group(const struct docs *d, const char *text)
{
	const struct group *groups = d->groups.items;
	unsigned int best = 4;
	const char *found = NULL;

	for (uint32_t i = 0; i < d->groups.n; i++) {
		const char *name = weir_names_get(d->names, groups[i].name);
		unsigned int distance = weir_edit_distance(text, name);

		if (distance < best && distance < strlen(name)) {
			best = distance;
			found = name;
		}
	}
	return found;
}

static bool unknown_group(struct docs *d, const struct weir_conf_node *n)
{
	const char *near = nearest_group(d, n->text);

	weir_conf_error(d->r, n->pos, "no Group '%s'%s%s%s", n->text,
			near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "");
	return false;
}

/* "any", a group's name, or an address or CIDR, which makes a group of its own. */
static bool read_side_one(struct docs *d, const struct weir_conf_node *n)
{
	uint32_t name, group;

	if (!weir_conf_expect(n, WEIR_CONF_SCALAR, "a group or CIDR", d->r))
		return false;
	if (strcmp(n->text, "any") == 0)
		return add_group_ref(d, GROUP_ANY);
	name = weir_names_intern(d->names, n->text);
	group = docs_group_by_name(d, name);
	if (group == GROUP_ANY) {
		if (!looks_like_address(n->text))
			return unknown_group(d, n);
		group = docs_add_group(d, name, n->pos);
		if (!docs_add_member(d, group, n))
			return false;
	}
	return add_group_ref(d, group);
}

static bool read_side(struct docs *d, const struct weir_conf_node *map, const char *key,
		      uint32_t *first, uint32_t *n)
{
	const struct weir_conf_node *list = weir_conf_get(map, key);
	bool good = true;

	*first = d->groups_of_rules.n;
	if (!weir_conf_require(map, key, d->r))
		return false;
	if (list->kind != WEIR_CONF_SEQUENCE)
		good = read_side_one(d, list);
	else if (!list->count)
		weir_conf_error(d->r, list->pos, "%s is empty; 'any' is every address", key);
	else
		weir_conf_foreach(m, list) good = read_side_one(d, m) && good;
	*n = d->groups_of_rules.n - *first;
	return good;
}

/* ---- protocol, ports ---- */

static bool read_proto_one(struct docs *d, const struct weir_conf_node *n)
{
	unsigned int word = 0;
	uint64_t number = 0;
	uint16_t *slot;
	bool good;

	if (n->kind == WEIR_CONF_SCALAR && n->text[0] >= '0' && n->text[0] <= '9')
		good = weir_conf_node_u64(n, 0, 255, &number, d->r);
	else
		good = weir_conf_node_word(n, proto_words, &word, d->r);
	if (!good)
		return false;
	slot = array_add(&d->protos, sizeof(*slot));
	if (!slot) {
		d->no_memory = true;
		return false;
	}
	*slot = n->text[0] >= '0' && n->text[0] <= '9' ? (uint16_t)number : proto_numbers[word];
	return true;
}

static bool read_protos(struct docs *d, const struct weir_conf_node *map, struct rule *rule)
{
	static const struct weir_conf_node any = {.kind = WEIR_CONF_SCALAR, .text = "any"};
	const struct weir_conf_node *list = weir_conf_get(map, "protocol");
	bool good = true;

	rule->proto = d->protos.n;
	if (!list)
		list = &any;
	if (list->kind == WEIR_CONF_SEQUENCE && list->count)
		weir_conf_foreach(m, list) good = read_proto_one(d, m) && good;
	else
		good = read_proto_one(d, list);
	rule->n_proto = d->protos.n - rule->proto;
	return good;
}

static bool parse_port(const char *text, const char **end, unsigned long max, uint16_t *out)
{
	char *after;
	unsigned long n;

	if (*text < '0' || *text > '9')
		return false;
	n = strtoul(text, &after, 10);
	*end = after;
	*out = (uint16_t)n;
	return n <= max && after - text <= 5;
}

static bool read_range(struct docs *d, const struct weir_conf_node *n, unsigned long max)
{
	struct range r, *slot;
	const char *end = NULL;
	bool good;

	if (!weir_conf_expect(n, WEIR_CONF_SCALAR, "a number", d->r))
		return false;
	good = parse_port(n->text, &end, max, &r.lo);
	r.hi = r.lo;
	if (good && *end == '-')
		good = parse_port(end + 1, &end, max, &r.hi);
	if (!good || *end || r.hi < r.lo) {
		weir_conf_error(d->r, n->pos, "'%s' is not a number up to %lu or a range \"a-b\"",
				n->text, max);
		return false;
	}
	slot = array_add(&d->ranges, sizeof(*slot));
	if (slot)
		*slot = r;
	else
		d->no_memory = true;
	return slot != NULL;
}

static bool has_only(const struct docs *d, const struct rule *rule, const uint16_t *allowed,
		     unsigned int n)
{
	const uint16_t *protos = d->protos.items;

	for (uint32_t i = 0; i < rule->n_proto; i++) {
		unsigned int k = 0;

		while (k < n && allowed[k] != protos[rule->proto + i])
			k++;
		if (k == n)
			return false;
	}
	return true;
}

/* `ports` go with TCP, UDP and SCTP, `types` with ICMP; both are the same dimension. */
static bool read_ranges(struct docs *d, const struct weir_conf_node *map, struct rule *rule)
{
	static const uint16_t with_ports[] = {6, 17, 132}, with_types[] = {1, 58};
	const struct weir_conf_node *ports = weir_conf_get(map, "ports");
	const struct weir_conf_node *types = weir_conf_get(map, "types");
	const struct weir_conf_node *list = ports ? ports : types;
	bool good = true;

	rule->range = d->ranges.n;
	if (!list)
		return true;
	if (ports ? !has_only(d, rule, with_ports, 3) : !has_only(d, rule, with_types, 2)) {
		weir_conf_error(d->r, list->key_pos,
				ports ? "ports need 'protocol: tcp', udp or sctp"
				      : "types need 'protocol: icmp' or icmpv6");
		return false;
	}
	if (list->kind != WEIR_CONF_SEQUENCE)
		good = read_range(d, list, ports ? 65535 : 255);
	else if (!list->count)
		weir_conf_error(d->r, list->pos, "%s is empty; leave it out for all", list->key);
	else
		weir_conf_foreach(m, list) good = read_range(d, m, ports ? 65535 : 255) && good;
	rule->n_range = d->ranges.n - rule->range;
	return good;
}

/* ---- rules ---- */

static void add_rule(struct docs *d, struct rule rule)
{
	struct rule *slot = array_add(&d->rules, sizeof(*slot));

	if (!slot) {
		d->no_memory = true;
		return;
	}
	rule.order = d->rules.n - 1;
	*slot = rule;
}

static void read_header(struct docs *d, const struct weir_conf_node *spec, struct header *h)
{
	unsigned int mode = h->mode, change = d->defaults.keep_on_change;
	uint64_t priority = h->priority;
	bool inspect = false;

	weir_conf_u64(spec, "priority", 0, 65535, &priority, d->r);
	weir_conf_word(spec, "mode", mode_words, &mode, d->r);
	weir_conf_word(spec, "onChange", change_words, &change, d->r);
	weir_conf_bool(spec, "inspect", &inspect, d->r);
	h->priority = (uint32_t)priority;
	h->mode = (enum mode)mode;
	h->flags = (uint8_t)((change == 1 ? WEIR_DECISION_KEEP : 0) |
			     (inspect ? WEIR_DECISION_INSPECT : 0));
}

static struct rule begin_rule(struct docs *d, const struct header *h,
			      const struct weir_conf_node *map)
{
	struct rule rule = {
		.policy = h->name,
		.priority = h->priority,
		.mode = h->mode,
		.flags = h->flags,
	};
	bool inspect = (h->flags & WEIR_DECISION_INSPECT) != 0;
	const char *name = NULL;

	weir_conf_str(map, "name", &name, d->r);
	if (name)
		rule.name = weir_names_intern(d->names, name);
	if (weir_conf_bool(map, "inspect", &inspect, d->r))
		rule.flags = (uint8_t)((rule.flags & ~WEIR_DECISION_INSPECT) |
				       (inspect ? WEIR_DECISION_INSPECT : 0));
	return rule;
}

static void read_access_rule(struct docs *d, const struct header *h,
			     const struct weir_conf_node *map)
{
	struct rule rule = begin_rule(d, h, map);
	unsigned int action = 0;
	bool good = read_side(d, map, "from", &rule.from, &rule.n_from);

	good = read_side(d, map, "to", &rule.to, &rule.n_to) && good;
	good = read_protos(d, map, &rule) && read_ranges(d, map, &rule) && good;
	good = weir_conf_require(map, "action", d->r) &&
	       weir_conf_word(map, "action", action_words, &action, d->r) && good;
	rule.verdict = (uint8_t)action;
	if (good)
		add_rule(d, rule);
}

/* The list of mappings at `key`, each with no keys but `keys`. */
static const struct weir_conf_node *rule_list(struct docs *d, const struct weir_conf_node *spec,
					      const char *key, const char *const *keys)
{
	const struct weir_conf_node *list = weir_conf_get(spec, key);
	bool good = true;

	if (!weir_conf_expect(list, WEIR_CONF_SEQUENCE, key, d->r))
		return NULL;
	weir_conf_foreach(m, list) good = weir_conf_expect(m, WEIR_CONF_MAPPING, "a rule", d->r) &&
					  weir_conf_known_keys(m, keys, d->r) && good;
	return good ? list : NULL;
}

void docs_read_access(struct docs *d, const struct weir_conf_node *root, uint32_t name,
		      const struct weir_conf_node *spec)
{
	static const char *const short_keys[] = {"priority", "mode",   "onChange",    "inspect",
						 "from",     "to",     "protocol",    "ports",
						 "types",    "action", "description", NULL};
	static const char *const long_keys[] = {"priority", "mode",        "onChange", "inspect",
						"rules",    "description", NULL};
	static const char *const rule_keys[] = {"name",        "from",  "to",     "protocol",
						"ports",       "types", "action", "inspect",
						"description", NULL};
	struct header h = {.name = name, .priority = ACCESS_PRIORITY, .mode = MODE_ENFORCE};
	const struct weir_conf_node *list = weir_conf_get(spec, "rules");

	if (!weir_conf_known_keys(spec, list ? long_keys : short_keys, d->r))
		return;
	read_header(d, spec, &h);
	if (!list) {
		read_access_rule(d, &h, spec);
		return;
	}
	list = rule_list(d, spec, "rules", rule_keys);
	if (list)
		weir_conf_foreach(m, list) read_access_rule(d, &h, m);
}

/* ---- egress ---- */

static void read_egress_rule(struct docs *d, const struct header *h, const struct rule *from,
			     const struct weir_conf_node *map)
{
	struct rule rule = begin_rule(d, h, map);
	bool good = read_side(d, map, "to", &rule.to, &rule.n_to);

	rule.from = from->from;
	rule.n_from = from->n_from;
	rule.verdict = WEIR_VERDICT_ALLOW;
	if (read_protos(d, map, &rule) && read_ranges(d, map, &rule) && good)
		add_rule(d, rule);
}

/* What its allow rules leave: after all rules of all policies, so that two policies of one group
 * add up instead of the first one's rest hiding the second. */
static void add_rest(struct docs *d, const struct header *h, const struct rule *from,
		     unsigned int action)
{
	struct rule rest = {
		.policy = h->name,
		.name = weir_names_intern(d->names, "otherwise"),
		.from = from->from,
		.n_from = from->n_from,
		.to = d->groups_of_rules.n,
		.n_to = 1,
		.proto = d->protos.n,
		.n_proto = 1,
		.range = d->ranges.n,
		.priority = PRIORITY_LAST,
		.verdict = (uint8_t)action,
		.flags = h->flags & WEIR_DECISION_KEEP,
		.mode = h->mode,
	};
	uint16_t *proto = array_add(&d->protos, sizeof(*proto));

	if (!proto || !add_group_ref(d, GROUP_ANY)) {
		d->no_memory = true;
		return;
	}
	*proto = PROTO_ANY;
	add_rule(d, rest);
}

void docs_read_egress(struct docs *d, const struct weir_conf_node *root, uint32_t name,
		      const struct weir_conf_node *spec)
{
	static const char *const keys[] = {"priority",  "mode",        "onChange",
					   "inspect",   "from",        "allow",
					   "otherwise", "description", NULL};
	static const char *const rule_keys[] = {"name",  "to",      "protocol",    "ports",
						"types", "inspect", "description", NULL};
	static const char *const rest_words[] = {"deny", "drop", NULL};
	struct header h = {.name = name, .priority = EGRESS_PRIORITY, .mode = MODE_ENFORCE};
	unsigned int rest = 0;
	struct rule from = {0};
	const struct weir_conf_node *list;

	weir_conf_known_keys(spec, keys, d->r);
	read_header(d, spec, &h);
	weir_conf_word(spec, "otherwise", rest_words, &rest, d->r);
	if (!read_side(d, spec, "from", &from.from, &from.n_from))
		return;
	list = weir_conf_get(spec, "allow") ? rule_list(d, spec, "allow", rule_keys) : NULL;
	if (list)
		weir_conf_foreach(m, list) read_egress_rule(d, &h, &from, m);
	add_rest(d, &h, &from, rest + 1);
}
