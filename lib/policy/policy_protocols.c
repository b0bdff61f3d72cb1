/* SPDX-License-Identifier: BSD-3-Clause */
/* Which protocol, and which of its ports or types: what rules and Services say of them. */
#include "policy_impl.h"

#include <stdlib.h>

#define PORT_MAX 65535
#define TYPE_MAX 255

static const char *const proto_words[] = {"any", "tcp", "udp", "icmp", "icmpv6", "sctp", NULL};
static const uint8_t numbers_of_words[] = {0, 6, 17, 1, 58, 132};
static const uint32_t with_ports[] = {6, 17, 132}, with_types[] = {1, 58};

/* ---- protocols ---- */

static bool read_proto(struct docs *d, const struct weir_conf_node *n)
{
	unsigned int word = 0;
	uint64_t number = 0;

	if (n->kind == WEIR_CONF_SCALAR && n->text[0] >= '0' && n->text[0] <= '9')
		return weir_conf_node_u64(n, 0, 255, &number, d->r) &&
		       docs_add_number(d, &d->protos, (uint32_t)number);
	return weir_conf_node_word(n, proto_words, &word, d->r) &&
	       docs_add_number(d, &d->protos, word ? numbers_of_words[word] : PROTO_ANY);
}

/* The rule has this protocol alone; its own are the last ones read. */
static void set_proto(struct docs *d, struct rule *rule, uint32_t proto)
{
	uint32_t *protos = (uint32_t *)d->protos.items + rule->protos.first;

	protos[0] = proto;
	rule->protos.n = 1;
	d->protos.n = rule->protos.first + 1;
}

bool rule_read_protos(struct docs *d, const struct weir_conf_node *map, struct rule *rule)
{
	const struct number_list how = {&d->protos, read_proto, "; 'any' is every protocol"};
	const struct weir_conf_node *list = weir_conf_get(map, "protocol");

	if (!list) {
		rule->protos = (struct slice){d->protos.n, 1};
		return docs_add_number(d, &d->protos, PROTO_ANY);
	}
	if (!docs_read_numbers(d, list, &how, &rule->protos))
		return false;
	if (((const uint32_t *)d->protos.items)[d->protos.n - 1] == PROTO_ANY)
		set_proto(d, rule, PROTO_ANY); /* beside others it is any, too */
	return true;
}

bool rule_narrow_to_tcp(struct docs *d, const struct weir_conf_node *map, struct rule *rule)
{
	const struct weir_conf_node *n = weir_conf_get(map, "protocol");
	const uint32_t *protos = (const uint32_t *)d->protos.items + rule->protos.first;

	if (n && (rule->protos.n != 1 || protos[0] != PROTO_TCP)) {
		weir_conf_error(d->r, n->key_pos, "names, tls and identities need 'protocol: tcp'");
		return false;
	}
	set_proto(d, rule, PROTO_TCP);
	return true;
}

/* ---- ports and types ---- */

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

static bool read_port(struct docs *d, const struct weir_conf_node *n)
{
	return read_range(d, n, PORT_MAX);
}

static bool read_type(struct docs *d, const struct weir_conf_node *n)
{
	return read_range(d, n, TYPE_MAX);
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

static bool read_ranges(struct docs *d, const struct weir_conf_node *list,
			bool (*read)(struct docs *d, const struct weir_conf_node *n),
			struct slice *out)
{
	bool good;

	out->first = d->ranges.n;
	good = docs_read_each(d, list, read, "; leave it out for all");
	if (good)
		tidy_ranges(d, out->first);
	out->n = d->ranges.n - out->first;
	return good;
}

bool docs_read_ports(struct docs *d, const struct weir_conf_node *list, struct slice *out)
{
	return read_ranges(d, list, read_port, out);
}

/* ---- of rules ---- */

static bool has_only(const struct docs *d, const struct rule *rule, const uint32_t *allowed,
		     unsigned int n)
{
	const uint32_t *protos = (const uint32_t *)d->protos.items + rule->protos.first;

	for (uint32_t i = 0; i < rule->protos.n; i++) {
		unsigned int k = 0;

		while (k < n && allowed[k] != protos[i])
			k++;
		if (k == n)
			return false;
	}
	return true;
}

/* Of any protocol, a rule with ports means those that have ports. */
static void narrow_to_ports(struct docs *d, struct rule *rule)
{
	const uint32_t *protos = (const uint32_t *)d->protos.items + rule->protos.first;

	if (protos[0] != PROTO_ANY)
		return;
	d->protos.n = rule->protos.first;
	for (size_t i = 0; i < WEIR_ARRAY_LEN(with_ports); i++)
		(void)docs_add_number(d, &d->protos, with_ports[i]);
	rule->protos.n = d->protos.n - rule->protos.first;
}

bool rule_read_ranges(struct docs *d, const struct weir_conf_node *map, struct rule *rule)
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
		return docs_read_ports(d, ports, &rule->ranges);
	return !types || read_ranges(d, types, read_type, &rule->ranges);
}
