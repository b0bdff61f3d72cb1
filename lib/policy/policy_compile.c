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
	struct claims claims;
	struct asking_rules asking;
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
		p->has_identities |= rules[i].identities.n > 0;
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

	for (uint32_t f = 0; f < rule->from.n; f++)
		for (uint32_t t = 0; t < rule->to.n; t++) {
			struct edge *e = array_add(&b->edges, sizeof(*e));

			if (!e) {
				b->good = false;
				return;
			}
			e->key = (uint64_t)groups[rule->from.first + f] << 32 |
				 groups[rule->to.first + t];
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

/* ---- protocols ---- */

static bool rule_has_proto(const struct weir_policy *p, const struct rule *rule, uint16_t proto)
{
	const uint32_t *protos = p->docs.protos.items;

	for (uint32_t i = 0; i < rule->protos.n; i++)
		if (protos[rule->protos.first + i] == proto ||
		    protos[rule->protos.first + i] == PROTO_ANY)
			return true;
	return false;
}

/* A rule that asks for names or identities may not match after all: later ones get its ports all
 * the same. */
static void claim_rule(struct building *b, uint32_t rank)
{
	const struct rule *rule = rule_at(b->p, rank);
	uint32_t *slot;

	if (!rule_asks(rule)) {
		claims_add(&b->claims, rule, rank);
		return;
	}
	slot = array_add(&b->asking.ranks, sizeof(*slot));
	if (slot)
		*slot = rank;
	else
		b->good = false;
}

/* The part of one protocol (PROTO_ANY: of those without a part of their own) of a pair's edges. */
static void add_part(struct building *b, const struct edge *edges, uint32_t n, uint16_t proto)
{
	uint32_t at = b->view->parts.n;
	struct proto_part *part = array_add(&b->view->parts, sizeof(*part));

	if (!part) {
		b->good = false;
		return;
	}
	claims_begin(&b->claims);
	for (uint32_t i = 0; b->good && claims_left(&b->claims) && i < n; i++)
		if (rule_has_proto(b->p, rule_at(b->p, edges[i].rank), proto))
			claim_rule(b, edges[i].rank);
	*part = (struct proto_part){
		.proto = proto,
		.asks = b->asking.ranks.n > 0,
		.ports = claims_end(&b->claims),
	};
	if (part->asks)
		b->good = asked_add_part(&b->asking, at) && b->good;
	b->good = b->good && b->claims.good;
}

static void mark_protos(const struct weir_policy *p, const struct edge *edges, uint32_t n,
			bool *present)
{
	const uint32_t *protos = p->docs.protos.items;

	for (uint32_t i = 0; i < n; i++) {
		const struct rule *rule = rule_at(p, edges[i].rank);

		for (uint32_t k = 0; k < rule->protos.n; k++)
			present[protos[rule->protos.first + k]] = true;
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

		for (uint32_t i = 0; takes_part(b, rule) && i < rule->from.n; i++)
			named[groups[rule->from.first + i]] = true;
		for (uint32_t i = 0; takes_part(b, rule) && i < rule->to.n; i++)
			named[groups[rule->to.first + i]] = true;
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

static struct building begin_view(struct weir_policy *p, unsigned int which)
{
	struct view *v = &p->view[which];

	return (struct building){
		.p = p,
		.view = v,
		.all = which == VIEW_ALL,
		.claims = {.d = &p->docs, .intervals = &v->intervals, .good = true},
		.asking = {.p = p, .view = v},
		.good = true,
	};
}

static bool build_view(struct weir_policy *p, unsigned int which)
{
	struct building b = begin_view(p, which);

	b.asking.claims = &b.claims;
	for (uint32_t rank = 0; b.good && rank < p->n_ranked; rank++)
		if (takes_part(&b, rule_at(p, rank)))
			add_edges(&b, rank);
	if (b.edges.n)
		qsort(b.edges.items, b.edges.n, sizeof(struct edge), by_key);
	b.view->rows = calloc(p->docs.groups.n, sizeof(*b.view->rows));
	b.good = b.good && b.view->rows;
	add_pairs(&b);
	b.good = b.good && asked_index(b.view) && mark_named(&b, which);
	array_fini(&b.edges);
	array_fini(&b.claims.free);
	array_fini(&b.asking.ranks);
	array_fini(&b.asking.entries);
	return b.good;
}

void view_fini(struct view *v)
{
	free(v->rows);
	array_fini(&v->pairs);
	array_fini(&v->parts);
	array_fini(&v->intervals);
	array_fini(&v->asked);
	free(v->asked_index);
}

bool policy_compile(struct weir_policy *p)
{
	return rank_rules(p) && classes_build(&p->classes, &p->docs) &&
	       build_view(p, VIEW_ENFORCED) && (!p->has_detect || build_view(p, VIEW_ALL));
}
