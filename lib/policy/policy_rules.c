/* SPDX-License-Identifier: BSD-3-Clause */
/* Kinds AccessPolicy and EgressPolicy: documents to rules. */
#include "policy_impl.h"

#include <stdio.h>
#include <stdlib.h>

#define ACCESS_PRIORITY 1000
#define EGRESS_PRIORITY 2000
#define RULE_NAME_MAX   253
#define SUGGEST_WITHIN  4 /* edits, less than */

static const char *const mode_words[] = {"off", "detect", "enforce", NULL};
static const char *const action_words[] = {"allow", "deny", "drop", NULL};
static const char *const change_words[] = {"reevaluate", "keep", NULL};
static const char *const proto_words[] = {"any", "tcp", "udp", "icmp", "icmpv6", "sctp", NULL};
static const uint16_t proto_numbers[] = {PROTO_ANY, 6, 17, 1, 58, 132};

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

/* Spares most pairs the distance itself, which cannot be smaller than the lengths'. */
static bool near_in_length(const char *a, const char *b)
{
	size_t x = strlen(a), y = strlen(b);

	return x > y ? x - y < SUGGEST_WITHIN : y - x < SUGGEST_WITHIN;
}

static const char *nearest_group(const struct docs *d, const char *text)
{
	const struct group *groups = d->groups.items;
	unsigned int best = SUGGEST_WITHIN;
	const char *found = NULL;

	/* What is past the report's length is not kept, and a suggestion for it is wasted. */
	if (weir_conf_errors(d->r) >= WEIR_CONF_MESSAGES_MAX)
		return NULL;
	for (uint32_t i = 0; i < d->groups.n; i++) {
		const char *name = weir_names_get(d->group_names, groups[i].name);
		unsigned int distance =
			near_in_length(text, name) ? weir_edit_distance(text, name) : best;

		if (distance < best && distance < strlen(name)) {
			best = distance;
			found = name;
		}
	}
	return found;
}

bool docs_unknown_group(struct docs *d, const struct weir_conf_node *n)
{
	const char *near = nearest_group(d, n->text);

	weir_conf_error(d->r, n->pos, "no Group '%s'%s%s%s", n->text,
			near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "");
	return false;
}

/* The group of an address or CIDR that stands in a rule: one for all rules that have it. */
static bool add_inline(struct docs *d, const struct weir_conf_node *n)
{
	char text[WEIR_PREFIX_TEXT];
	struct weir_prefix prefix;
	uint32_t group;

	if (!docs_read_prefix(d, n, &prefix))
		return false;
	weir_prefix_format(&prefix, text);
	group = docs_group_by_name(d, text);
	if (group == GROUP_ANY) {
		group = docs_add_group(d, text, n->pos);
		docs_add_member(d, group, &prefix);
		d->n_inline++;
	}
	return add_group_ref(d, group);
}

/* "any", a group's name, or an address or CIDR. */
static bool read_side_one(struct docs *d, const struct weir_conf_node *n)
{
	uint32_t group;

	if (!weir_conf_expect(n, WEIR_CONF_SCALAR, "a group or CIDR", d->r))
		return false;
	if (strcmp(n->text, "any") == 0)
		return add_group_ref(d, GROUP_ANY);
	if (docs_is_address(n->text) || strchr(n->text, '/'))
		return add_inline(d, n);
	group = docs_group_by_name(d, n->text);
	return group == GROUP_ANY ? docs_unknown_group(d, n) : add_group_ref(d, group);
}

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* Each group of the list once; any beside others is any. */
static void tidy_side(struct docs *d, uint32_t first)
{
	uint32_t *list = (uint32_t *)d->groups_of_rules.items + first;
	uint32_t n = d->groups_of_rules.n - first, kept = 1;

	qsort(list, n, sizeof(*list), by_number);
	for (uint32_t i = 1; i < n && list[0] != GROUP_ANY; i++)
		if (list[i] != list[kept - 1])
			list[kept++] = list[i];
	d->groups_of_rules.n = first + kept;
}

/* False: reported. A side that is left out is any. */
static bool read_side(struct docs *d, const struct weir_conf_node *map, const char *key,
		      uint32_t *first, uint32_t *n)
{
	const struct weir_conf_node *list = weir_conf_get(map, key);
	bool good = true;

	*first = d->groups_of_rules.n;
	if (!list)
		good = add_group_ref(d, GROUP_ANY);
	else if (list->kind != WEIR_CONF_SEQUENCE)
		good = read_side_one(d, list);
	else
		weir_conf_foreach (m, list)
			good = read_side_one(d, m) && good;
	if (list && list->kind == WEIR_CONF_SEQUENCE && !list->count) {
		weir_conf_error(d->r, list->pos, "%s is empty; 'any' is every address", key);
		good = false;
	}
	if (good)
		tidy_side(d, *first);
	*n = d->groups_of_rules.n - *first;
	return good;
}

/* ---- protocol, ports ---- */

static bool add_proto(struct docs *d, uint16_t proto)
{
	uint16_t *slot = array_add(&d->protos, sizeof(*slot));

	if (slot)
		*slot = proto;
	else
		d->no_memory = true;
	return slot != NULL;
}

static bool read_proto_one(struct docs *d, const struct weir_conf_node *n)
{
	unsigned int word = 0;
	uint64_t number = 0;

	if (n->kind == WEIR_CONF_SCALAR && n->text[0] >= '0' && n->text[0] <= '9')
		return weir_conf_node_u64(n, 0, 255, &number, d->r) &&
		       add_proto(d, (uint16_t)number);
	return weir_conf_node_word(n, proto_words, &word, d->r) &&
	       add_proto(d, proto_numbers[word]);
}

static int by_proto(const void *a, const void *b)
{
	return (int)*(const uint16_t *)a - (int)*(const uint16_t *)b;
}

/* Each protocol once; any beside others is any. */
static void tidy_protos(struct docs *d, uint32_t first)
{
	uint16_t *list = (uint16_t *)d->protos.items + first;
	uint32_t n = d->protos.n - first, kept = 1;

	qsort(list, n, sizeof(*list), by_proto);
	if (list[n - 1] == PROTO_ANY)
		list[0] = PROTO_ANY;
	for (uint32_t i = 1; i < n && list[0] != PROTO_ANY; i++)
		if (list[i] != list[kept - 1])
			list[kept++] = list[i];
	d->protos.n = first + kept;
}

/* False: reported. Left out, it is any. */
static bool read_protos(struct docs *d, const struct weir_conf_node *map, struct rule *rule)
{
	const struct weir_conf_node *list = weir_conf_get(map, "protocol");
	bool good = true;

	rule->proto = d->protos.n;
	if (!list)
		good = add_proto(d, PROTO_ANY);
	else if (list->kind != WEIR_CONF_SEQUENCE)
		good = read_proto_one(d, list);
	else
		weir_conf_foreach (m, list)
			good = read_proto_one(d, m) && good;
	if (list && list->kind == WEIR_CONF_SEQUENCE && !list->count) {
		weir_conf_error(d->r, list->pos, "protocol is empty; 'any' is every protocol");
		good = false;
	}
	if (good)
		tidy_protos(d, rule->proto);
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

static const uint16_t with_ports[] = {6, 17, 132}, with_types[] = {1, 58};

/* Of any protocol, a rule with ports means those that have ports. */
static void narrow_to_ports(struct docs *d, struct rule *rule)
{
	uint16_t *protos = (uint16_t *)d->protos.items + rule->proto;

	if (protos[0] != PROTO_ANY)
		return;
	d->protos.n = rule->proto;
	for (size_t i = 0; i < WEIR_ARRAY_LEN(with_ports); i++)
		add_proto(d, with_ports[i]);
	rule->n_proto = d->protos.n - rule->proto;
}

static int by_first_port(const void *a, const void *b)
{
	return (int)((const struct range *)a)->lo - (int)((const struct range *)b)->lo;
}

/* In order, those that overlap or touch as one. */
static void tidy_ranges(struct docs *d, uint32_t first)
{
	struct range *list = (struct range *)d->ranges.items + first;
	uint32_t n = d->ranges.n - first, kept = 1;

	qsort(list, n, sizeof(*list), by_first_port);
	for (uint32_t i = 1; i < n; i++)
		if (list[i].lo > list[kept - 1].hi + 1)
			list[kept++] = list[i];
		else if (list[i].hi > list[kept - 1].hi)
			list[kept - 1].hi = list[i].hi;
	d->ranges.n = first + kept;
}

bool docs_read_ranges(struct docs *d, const struct weir_conf_node *list, unsigned long max,
		      uint32_t *first, uint32_t *n)
{
	bool good = true;

	*first = d->ranges.n;
	if (list->kind != WEIR_CONF_SEQUENCE)
		good = read_range(d, list, max);
	else
		weir_conf_foreach (m, list)
			good = read_range(d, m, max) && good;
	if (list->kind == WEIR_CONF_SEQUENCE && !list->count) {
		weir_conf_error(d->r, list->pos, "%s is empty; leave it out for all", list->key);
		good = false;
	}
	if (good)
		tidy_ranges(d, *first);
	*n = d->ranges.n - *first;
	return good;
}

/* `ports` go with TCP, UDP and SCTP, `types` with ICMP; both are the same dimension. */
static bool read_ranges(struct docs *d, const struct weir_conf_node *map, struct rule *rule)
{
	const struct weir_conf_node *ports = weir_conf_get(map, "ports");
	const struct weir_conf_node *types = weir_conf_get(map, "types");

	if (ports && types) {
		weir_conf_error(d->r, types->key_pos, "a rule has ports or types, not both");
		return false;
	}
	if (ports)
		narrow_to_ports(d, rule);
	if (ports && !has_only(d, rule, with_ports, WEIR_ARRAY_LEN(with_ports))) {
		weir_conf_error(d->r, ports->key_pos, "ports need 'protocol: tcp', udp or sctp");
		return false;
	}
	if (types && !has_only(d, rule, with_types, WEIR_ARRAY_LEN(with_types))) {
		weir_conf_error(d->r, types->key_pos, "types need 'protocol: icmp' or icmpv6");
		return false;
	}
	if (ports)
		return docs_read_ranges(d, ports, 65535, &rule->range, &rule->n_range);
	return !types || docs_read_ranges(d, types, 255, &rule->range, &rule->n_range);
}

/* ---- rules ---- */

/* Under how many pairs of keys it is found, see policy_asked.c. */
static uint64_t pairs_of_keys(const struct rule *rule)
{
	return rule_asks(rule) ? (rule->names.n + 1ULL) * (rule->identities.n + 1ULL) : 1;
}

/* What the rule adds to the compiled form at most. */
static bool fits(struct docs *d, const struct rule *rule, struct weir_conf_pos pos)
{
	uint64_t pairs = (uint64_t)rule->n_from * rule->n_to;
	uint64_t parts = (uint64_t)rule->n_proto * (rule->n_range ? rule->n_range : 1);
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
	};
	bool inspect = (h->flags & WEIR_DECISION_INSPECT) != 0;

	read_rule_name(d, map, number, &rule);
	if (map != h->spec)
		weir_conf_bool(map, "inspect", &inspect, d->r);
	rule.flags = (uint8_t)((h->flags & ~WEIR_DECISION_INSPECT) |
			       (inspect ? WEIR_DECISION_INSPECT : 0));
	return rule;
}

/* ---- whom clients may ask for ---- */

/* Left out, it is TCP here. */
static bool narrow_to_tcp(struct docs *d, const struct weir_conf_node *map, struct rule *rule)
{
	const struct weir_conf_node *n = weir_conf_get(map, "protocol");
	uint16_t *protos = (uint16_t *)d->protos.items + rule->proto;

	if (n && (rule->n_proto != 1 || protos[0] != PROTO_TCP)) {
		weir_conf_error(d->r, n->key_pos, "names, tls and identities need 'protocol: tcp'");
		return false;
	}
	protos[0] = PROTO_TCP;
	rule->n_proto = 1;
	d->protos.n = rule->proto + 1;
	return true;
}

static bool check_tls(struct docs *d, const struct header *h, const struct weir_conf_node *n,
		      const struct rule *rule)
{
	if (rule->verdict != WEIR_VERDICT_ALLOW)
		weir_conf_error(d->r, n->key_pos,
				"%s needs 'action: allow': a client may well hide its name",
				n->key);
	else if (rule->tls == RULE_TLS_SNI && !rule->names.n)
		weir_conf_error(d->r, n->key_pos, "'tls: sni' needs names");
	else if (rule->tls == RULE_TLS_ANY && rule->names.n)
		weir_conf_error(d->r, n->key_pos, "'tls: any' takes all names: 'sni' asks for one");
	else if (rule->tls == RULE_TLS_INTERCEPT && h->intercept == WEIR_NO_TLS)
		weir_conf_error(
			d->r, n->key_pos,
			"'tls: intercept' needs the policy's intercept.certificateAuthority");
	else
		return true;
	return false;
}

/* What the rule takes without being told: every name where it lists none, and none at all where the
 * policy says so. */
static bool complete_names(struct docs *d, const struct header *h, struct rule *rule)
{
	uint32_t key = rule->names.n ? KEY_NO_NAME : KEY_ANY;

	if (rule->names.n && !h->missing_sni)
		return true;
	if (!rule->names.n)
		rule->names.first = d->keys.n;
	if (!docs_add_key(d, key))
		return false;
	array_tidy(&d->keys, rule->names.first);
	rule->names.n = d->keys.n - rule->names.first;
	return true;
}

/* `names` and `tls`; false: reported. */
static bool read_tls(struct docs *d, const struct header *h, const struct weir_conf_node *map,
		     struct rule *rule)
{
	static const char *const words[] = {"none", "sni", "any", "intercept", NULL};
	const struct weir_conf_node *names = weir_conf_get(map, "names");
	const struct weir_conf_node *tls = weir_conf_get(map, "tls");
	unsigned int word = names ? RULE_TLS_SNI : RULE_TLS_NONE;

	if (names && !docs_read_names(d, names, &rule->names))
		return false;
	if (!weir_conf_word(map, "tls", words, &word, d->r))
		return false;
	rule->tls = (uint8_t)word;
	rule->intercept = h->intercept;
	if (names && word == RULE_TLS_NONE) {
		weir_conf_error(d->r, tls->key_pos, "names need that TLS is looked at");
		return false;
	}
	return word == RULE_TLS_NONE || (check_tls(d, h, tls ? tls : names, rule) &&
					 narrow_to_tcp(d, map, rule) && complete_names(d, h, rule));
}

/* ---- who clients must be ---- */

/* False: reported. */
static bool read_identities(struct docs *d, const struct weir_conf_node *map, struct rule *rule)
{
	const struct weir_conf_node *list = weir_conf_get(map, "identities");

	if (!list)
		return true;
	if (!docs_read_identities(d, list, &rule->identities))
		return false;
	if (rule->verdict != WEIR_VERDICT_ALLOW) {
		weir_conf_error(d->r, list->key_pos,
				"identities needs 'action: allow': a client may well show another "
				"certificate, or none");
		return false;
	}
	return narrow_to_tcp(d, map, rule);
}

static void read_access_rule(struct docs *d, const struct header *h,
			     const struct weir_conf_node *map, uint32_t number)
{
	struct rule rule = begin_rule(d, h, map, number);
	unsigned int action = 0;
	bool good = read_side(d, map, "from", &rule.from, &rule.n_from);

	good = read_side(d, map, "to", &rule.to, &rule.n_to) && good;
	good = read_protos(d, map, &rule) && read_ranges(d, map, &rule) && good;
	good = weir_conf_require(map, "action", d->r) &&
	       weir_conf_word(map, "action", action_words, &action, d->r) && good;
	rule.verdict = (uint8_t)action;
	if (good && read_tls(d, h, map, &rule) && read_identities(d, map, &rule))
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

static void read_egress_rule(struct docs *d, const struct header *h, const struct rule *from,
			     const struct weir_conf_node *map, uint32_t number)
{
	struct rule rule = begin_rule(d, h, map, number);
	bool named = weir_conf_get(map, "names") || weir_conf_get(map, "tls");
	bool good = (named || weir_conf_require(map, "to", d->r)) &&
		    read_side(d, map, "to", &rule.to, &rule.n_to);

	rule.from = from->from;
	rule.n_from = from->n_from;
	rule.verdict = WEIR_VERDICT_ALLOW;
	if (read_protos(d, map, &rule) && read_ranges(d, map, &rule) && good &&
	    read_tls(d, h, map, &rule))
		add_rule(d, rule, map->pos);
}

/* What its allow rules leave: after all rules of all policies, so that two policies of one group
 * add up instead of the first one's rest hiding the second. */
static void add_rest(struct docs *d, const struct header *h, const struct rule *from,
		     unsigned int action, struct weir_conf_pos pos)
{
	struct rule rest = {
		.policy = h->name,
		.name = add_rule_name(d, "otherwise", pos),
		.from = from->from,
		.n_from = from->n_from,
		.to = d->groups_of_rules.n,
		.n_to = 1,
		.proto = d->protos.n,
		.n_proto = 1,
		.priority = PRIORITY_REST + h->priority,
		.verdict = (uint8_t)action,
		.mode = h->mode,
	};

	if (add_proto(d, PROTO_ANY) && add_group_ref(d, GROUP_ANY))
		add_rule(d, rest, pos);
}

static void read_allow_list(struct docs *d, const struct header *h, const struct rule *from,
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
	struct rule from = {0};
	unsigned int rest = 0;

	weir_conf_known_keys(spec, keys, d->r);
	read_header(d, spec, &h);
	weir_conf_word(spec, "otherwise", rest_words, &rest, d->r);
	if (!weir_conf_require(spec, "from", d->r) ||
	    !read_side(d, spec, "from", &from.from, &from.n_from))
		return;
	if (weir_conf_get(spec, "allow"))
		read_allow_list(d, &h, &from, spec);
	add_rest(d, &h, &from, rest + 1, spec->pos);
}
