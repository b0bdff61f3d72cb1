/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rules to what decides: for each pair of groups that rules name, and each protocol, disjoint ports
 * with the rule that wins there. First match by rank is resolved here, once, so that a decision is
 * two binary searches a pair that occurs, however many rules there are.
 */
#include "policy_impl.h"

#include <stdlib.h>

/* A rule between a pair of groups, while compiling. */
struct edge {
	uint64_t key;
	uint32_t rank;
};

struct building {
	struct weir_policy *p;
	struct view *view;
	bool all; /* with detect rules */
	struct array edges;
	struct array free; /* struct range: what no earlier rule took, of the part at hand */
	bool good;
};

/* ---- the order of rules ---- */

struct ranking {
	uint32_t priority;
	uint32_t order;
};

static int by_rank(const void *a, const void *b)
{
	const struct ranking *x = a, *y = b;

	if (x->priority != y->priority)
		return x->priority < y->priority ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

static bool rank_rules(struct weir_policy *p)
{
	const struct rule *rules = p->docs.rules.items;
	struct ranking *order = calloc(p->docs.rules.n + 1, sizeof(*order));

	p->ranked = calloc(p->docs.rules.n + 1, sizeof(*p->ranked));
	for (uint32_t i = 0; order && p->ranked && i < p->docs.rules.n; i++) {
		if (rules[i].mode == MODE_OFF)
			continue;
		p->has_detect |= rules[i].mode == MODE_DETECT;
		p->has_identities |= rules[i].n_identities > 0;
		order[p->n_ranked++] = (struct ranking){rules[i].priority, rules[i].order};
	}
	if (order)
		qsort(order, p->n_ranked, sizeof(*order), by_rank);
	for (uint32_t i = 0; order && p->ranked && i < p->n_ranked; i++)
		p->ranked[i] = order[i].order;
	free(order);
	return order && p->ranked;
}

/* ---- pairs of groups ---- */

static bool takes_part(const struct building *b, const struct rule *rule)
{
	return rule->mode == MODE_ENFORCE || b->all;
}

static void add_edges(struct building *b, uint32_t rank)
{
	const struct rule *rule = rule_at(b->p, rank);
	const uint32_t *groups = b->p->docs.groups_of_rules.items;

	for (uint32_t f = 0; f < rule->n_from; f++)
		for (uint32_t t = 0; t < rule->n_to; t++) {
			struct edge *e = array_add(&b->edges, sizeof(*e));

			if (!e) {
				b->good = false;
				return;
			}
			e->key = (uint64_t)groups[rule->from + f] << 32 | groups[rule->to + t];
			e->rank = rank;
		}
}

static int by_key(const void *a, const void *b)
{
	const struct edge *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return x->rank < y->rank ? -1 : x->rank > y->rank;
}

/* ---- ports ---- */

static bool rule_has_proto(const struct weir_policy *p, const struct rule *rule, uint16_t proto)
{
	const uint16_t *protos = p->docs.protos.items;

	for (uint32_t i = 0; i < rule->n_proto; i++)
		if (protos[rule->proto + i] == proto || protos[rule->proto + i] == PROTO_ANY)
			return true;
	return false;
}

static void add_interval(struct building *b, struct array *to, struct range r, uint32_t rank)
{
	struct interval *i = array_add(to, sizeof(*i));

	if (i)
		*i = (struct interval){.lo = r.lo, .hi = r.hi, .rank = rank};
	else
		b->good = false;
}

static void add_free(struct building *b, uint32_t lo, uint32_t hi)
{
	struct range *r = array_add(&b->free, sizeof(*r));

	if (r)
		*r = (struct range){(uint16_t)lo, (uint16_t)hi};
	else
		b->good = false;
}

/* Gives the rule what earlier rules left of lo..hi. */
static void claim(struct building *b, uint16_t lo, uint16_t hi, uint32_t rank)
{
	uint32_t n = b->free.n;

	for (uint32_t i = 0; i < n; i++) {
		struct range *list = b->free.items, r = list[i];
		uint16_t from = r.lo > lo ? r.lo : lo, to = r.hi < hi ? r.hi : hi;

		if (from > to)
			continue;
		add_interval(b, &b->view->intervals, (struct range){from, to}, rank);
		/* What is left of the gap: one piece in its place, a second one at the end. */
		if (r.lo < from && r.hi > to)
			add_free(b, to + 1u, r.hi);
		list = b->free.items;
		if (r.lo < from)
			list[i] = (struct range){r.lo, (uint16_t)(from - 1)};
		else if (r.hi > to)
			list[i] = (struct range){(uint16_t)(to + 1), r.hi};
		else
			list[i] = (struct range){1, 0}; /* empty */
	}
}

static void drop_empty_gaps(struct building *b)
{
	struct range *list = b->free.items;
	uint32_t n = 0;

	for (uint32_t i = 0; i < b->free.n; i++)
		if (list[i].lo <= list[i].hi)
			list[n++] = list[i];
	b->free.n = n;
}

static int by_port(const void *a, const void *b)
{
	const struct interval *x = a, *y = b;

	return (int)x->lo - (int)y->lo;
}

/* A rule that asks for names or identities may not match after all: later ones get its ports all
 * the same. */
static void add_named(struct building *b, const struct rule *rule, uint32_t rank)
{
	const struct range *ranges = b->p->docs.ranges.items;

	if (!rule->n_range)
		add_interval(b, &b->view->named, (struct range){0, 65535}, rank);
	for (uint32_t i = 0; i < rule->n_range; i++)
		add_interval(b, &b->view->named, ranges[rule->range + i], rank);
}

static void claim_rule(struct building *b, uint32_t rank)
{
	const struct rule *rule = rule_at(b->p, rank);
	const struct range *ranges = b->p->docs.ranges.items;

	if (rule_asks(rule)) {
		add_named(b, rule, rank);
		return;
	}
	if (!rule->n_range)
		claim(b, 0, 65535, rank);
	for (uint32_t i = 0; i < rule->n_range; i++)
		claim(b, ranges[rule->range + i].lo, ranges[rule->range + i].hi, rank);
	drop_empty_gaps(b);
}

/* The part of one protocol (PROTO_ANY: of those without a part of their own) of a pair's edges. */
static void add_part(struct building *b, const struct edge *edges, uint32_t n, uint16_t proto)
{
	struct proto_part *part = array_add(&b->view->parts, sizeof(*part));
	uint32_t first = b->view->intervals.n, first_named = b->view->named.n;

	if (!part) {
		b->good = false;
		return;
	}
	b->free.n = 0;
	add_free(b, 0, 65535);
	for (uint32_t i = 0; b->good && b->free.n && i < n; i++)
		if (rule_has_proto(b->p, rule_at(b->p, edges[i].rank), proto))
			claim_rule(b, edges[i].rank);
	*part = (struct proto_part){
		.proto = proto,
		.first = first,
		.n = b->view->intervals.n - first,
		.first_named = first_named,
		.n_named = b->view->named.n - first_named,
	};
	if (part->n)
		qsort((struct interval *)b->view->intervals.items + first, part->n,
		      sizeof(struct interval), by_port);
}

static void mark_protos(const struct weir_policy *p, const struct edge *edges, uint32_t n,
			bool *present)
{
	const uint16_t *protos = p->docs.protos.items;

	for (uint32_t i = 0; i < n; i++) {
		const struct rule *rule = rule_at(p, edges[i].rank);

		for (uint32_t k = 0; k < rule->n_proto; k++)
			present[protos[rule->proto + k]] = true;
	}
}

static void add_pair(struct building *b, const struct edge *edges, uint32_t n)
{
	bool present[PROTO_ANY + 1] = {0};
	struct pair *pair = array_add(&b->view->pairs, sizeof(*pair));
	struct row *row = &b->view->rows[edges[0].key >> 32];

	if (!pair) {
		b->good = false;
		return;
	}
	*pair = (struct pair){.to = (uint32_t)edges[0].key,
			      .best = edges[0].rank,
			      .first_part = b->view->parts.n};
	if (row->end == 0)
		*row = (struct row){.first = b->view->pairs.n - 1, .best = pair->best};
	row->end = b->view->pairs.n;
	if (pair->best < row->best)
		row->best = pair->best;
	mark_protos(b->p, edges, n, present);
	for (unsigned int proto = 0; proto <= PROTO_ANY; proto++)
		if (present[proto])
			add_part(b, edges, n, (uint16_t)proto);
	pair->n_parts = b->view->parts.n - pair->first_part;
}

/* Edges are in order of `from`, then `to`: so are pairs, and a row is a piece of them. */
static void add_pairs(struct building *b)
{
	const struct edge *edges = b->edges.items;
	uint32_t n = 0;

	for (uint32_t i = 0; b->good && i < b->edges.n; i += n) {
		n = 1;
		while (i + n < b->edges.n && edges[i + n].key == edges[i].key)
			n++;
		add_pair(b, edges + i, n);
	}
}

/* ---- which classes a view's policies name ---- */

static bool mark_named(struct building *b, unsigned int view)
{
	const uint32_t *groups = b->p->docs.groups_of_rules.items;
	bool *named = calloc(b->p->docs.groups.n + 1, sizeof(*named));
	struct class *classes = b->p->classes.class.items;
	const uint32_t *members = b->p->classes.member.items;

	for (uint32_t rank = 0; named && rank < b->p->n_ranked; rank++) {
		const struct rule *rule = rule_at(b->p, rank);

		for (uint32_t i = 0; takes_part(b, rule) && i < rule->n_from; i++)
			named[groups[rule->from + i]] = true;
		for (uint32_t i = 0; takes_part(b, rule) && i < rule->n_to; i++)
			named[groups[rule->to + i]] = true;
	}
	for (uint32_t k = 0; named && k < b->p->classes.class.n; k++)
		for (uint32_t i = 0; i < classes[k].n; i++) {
			uint32_t member = members[classes[k].first + i];

			classes[k].named[view] |=
				!(member & MEMBER_WHOLE) && named[member_group(member)];
		}
	free(named);
	return named != NULL;
}

/* ---- all ---- */

static bool build_view(struct weir_policy *p, unsigned int which)
{
	struct building b = {
		.p = p, .view = &p->view[which], .all = which == VIEW_ALL, .good = true};

	for (uint32_t rank = 0; b.good && rank < p->n_ranked; rank++)
		if (takes_part(&b, rule_at(p, rank)))
			add_edges(&b, rank);
	if (b.edges.n)
		qsort(b.edges.items, b.edges.n, sizeof(struct edge), by_key);
	b.view->rows = calloc(p->docs.groups.n, sizeof(*b.view->rows));
	b.good = b.good && b.view->rows;
	add_pairs(&b);
	b.good = b.good && mark_named(&b, which);
	array_fini(&b.edges);
	array_fini(&b.free);
	return b.good;
}

void view_fini(struct view *v)
{
	free(v->rows);
	array_fini(&v->pairs);
	array_fini(&v->parts);
	array_fini(&v->intervals);
	array_fini(&v->named);
}

bool policy_compile(struct weir_policy *p)
{
	return rank_rules(p) && classes_build(&p->classes, &p->docs) &&
	       build_view(p, VIEW_ENFORCED) && (!p->has_detect || build_view(p, VIEW_ALL));
}
