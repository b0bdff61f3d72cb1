/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rules claim their ports in the order they are tried, each what is left of them: disjoint
 * intervals, in which the first match is one binary search.
 */
#include "policy_impl.h"

#include <stdlib.h>

static void add_free(struct claims *c, uint32_t lo, uint32_t hi)
{
	struct range *r = array_add(&c->free, sizeof(*r));

	if (r)
		*r = (struct range){(uint16_t)lo, (uint16_t)hi};
	else
		c->good = false;
}

void claims_begin(struct claims *c)
{
	c->first = c->intervals->n;
	c->free.n = 0;
	add_free(c, 0, 65535);
}

static void add_interval(struct claims *c, uint16_t lo, uint16_t hi, uint32_t rank)
{
	struct interval *i = array_add(c->intervals, sizeof(*i));

	if (i)
		*i = (struct interval){.lo = lo, .hi = hi, .rank = rank};
	else
		c->good = false;
}

/* Gives the rule what earlier rules left of lo..hi. */
static void claim(struct claims *c, uint16_t lo, uint16_t hi, uint32_t rank)
{
	uint32_t n = c->free.n;

	for (uint32_t i = 0; i < n; i++) {
		struct range *list = c->free.items, r = list[i];
		uint16_t from = r.lo > lo ? r.lo : lo, to = r.hi < hi ? r.hi : hi;

		if (from > to)
			continue;
		add_interval(c, from, to, rank);
		/* What is left of the gap: one piece in its place, a second one at the end. */
		if (r.lo < from && r.hi > to)
			add_free(c, to + 1u, r.hi);
		list = c->free.items;
		if (r.lo < from)
			list[i] = (struct range){r.lo, (uint16_t)(from - 1)};
		else if (r.hi > to)
			list[i] = (struct range){(uint16_t)(to + 1), r.hi};
		else
			list[i] = (struct range){1, 0}; /* empty */
	}
}

static void drop_empty_gaps(struct claims *c)
{
	struct range *list = c->free.items;
	uint32_t n = 0;

	for (uint32_t i = 0; i < c->free.n; i++)
		if (list[i].lo <= list[i].hi)
			list[n++] = list[i];
	c->free.n = n;
}

void claims_add(struct claims *c, const struct rule *rule, uint32_t rank)
{
	const struct range *ranges = (const struct range *)c->d->ranges.items + rule->ranges.first;

	if (!rule->ranges.n)
		claim(c, 0, 65535, rank);
	for (uint32_t i = 0; i < rule->ranges.n; i++)
		claim(c, ranges[i].lo, ranges[i].hi, rank);
	drop_empty_gaps(c);
}

bool claims_left(const struct claims *c)
{
	return c->good && c->free.n;
}

static int by_port(const void *a, const void *b)
{
	const struct interval *x = a, *y = b;

	return (int)x->lo - (int)y->lo;
}

struct slice claims_end(struct claims *c)
{
	struct slice ports = {.first = c->first, .n = c->intervals->n - c->first};

	if (ports.n)
		qsort((struct interval *)c->intervals->items + ports.first, ports.n,
		      sizeof(struct interval), by_port);
	return ports;
}

uint32_t ports_find(const struct array *intervals, struct slice ports, uint16_t port)
{
	const struct interval *all = (const struct interval *)intervals->items + ports.first;
	uint32_t lo = 0, hi = ports.n;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (all[mid].hi < port)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < ports.n && all[lo].lo <= port ? all[lo].rank : RANK_NONE;
}
