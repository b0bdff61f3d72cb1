/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Addresses to classes: a class is a set of groups, and an address belongs to every group with a
 * prefix that covers it. Prefixes are walked in order of address, shorter first, with a stack of
 * those that cover the current one, so that each inherits what its parents have; equal sets share a
 * class.
 *
 * The FIB is the tree kind (RTE_FIB_DUMMY, rte_rib underneath): it is asked twice a flow, not a
 * packet, and a DIR24-8 table would cost 64 MiB a family and generation, two of which live during a
 * reload.
 */
#include "policy_impl.h"

#include <stdio.h>
#include <stdlib.h>

#include <rte_fib.h>
#include <rte_fib6.h>
#include <rte_lcore.h>

#define DEPTH_MAX 130

struct building {
	struct classes *c;
	const struct docs *d;
	struct member *sorted;
	uint32_t n;
	uint32_t *index; /* class by hash of its set; open addressing */
	uint32_t mask;
	struct array set; /* uint32_t: the set at hand */
	uint32_t v4, v6;  /* distinct prefixes */
	bool too_many;
	bool good;
};

static int by_address(const void *a, const void *b)
{
	const struct member *x = a, *y = b;
	int order = (int)x->prefix.addr.family - (int)y->prefix.addr.family;

	if (order == 0)
		order = memcmp(x->prefix.addr.bytes, y->prefix.addr.bytes, 16);
	if (order == 0)
		order = (int)x->prefix.len - (int)y->prefix.len;
	if (order == 0)
		order = x->group < y->group ? -1 : x->group > y->group;
	return order;
}

static bool same_prefix(const struct weir_prefix *a, const struct weir_prefix *b)
{
	return a->len == b->len && a->addr.family == b->addr.family &&
	       memcmp(a->addr.bytes, b->addr.bytes, 16) == 0;
}

/* ---- sets of members ---- */

static void set_add(struct building *b, uint32_t member)
{
	uint32_t *slot = array_add(&b->set, sizeof(*slot));

	if (slot)
		*slot = member;
	else
		b->good = false;
}

/* Each group once: in order, what is not MEMBER_WHOLE comes first and stays. */
static void set_sort(struct building *b)
{
	uint32_t *set = b->set.items, n = 0;

	if (b->set.n)
		qsort(set, b->set.n, sizeof(*set), array_by_number);
	for (uint32_t i = 0; i < b->set.n; i++)
		if (n == 0 || member_group(set[n - 1]) != member_group(set[i]))
			set[n++] = set[i];
	b->set.n = n;
}

static uint32_t set_hash(const struct building *b)
{
	const uint32_t *set = b->set.items;
	uint64_t h = 0xcbf29ce484222325ULL;

	for (uint32_t i = 0; i < b->set.n; i++)
		h = (h ^ set[i]) * 0x100000001b3ULL;
	return (uint32_t)(h ^ h >> 32);
}

static bool is_set(const struct building *b, uint32_t class)
{
	const struct class *k = (const struct class *)b->c->class.items + class;

	return k->n == b->set.n && memcmp((const uint32_t *)b->c->member.items + k->first,
					  b->set.items, k->n * sizeof(uint32_t)) == 0;
}

static uint32_t new_class(struct building *b)
{
	struct class *k = array_add(&b->c->class, sizeof(*k));
	const uint32_t *set = b->set.items;

	if (!k || b->c->member.n + b->set.n > CLASS_MEMBERS_MAX) {
		b->good = false;
		b->too_many = k != NULL;
		return 0;
	}
	k->first = b->c->member.n;
	k->n = b->set.n;
	for (uint32_t i = 0; i < b->set.n; i++) {
		uint32_t *slot = array_add(&b->c->member, sizeof(*slot));

		if (slot)
			*slot = set[i];
		else
			b->good = false;
	}
	return b->c->class.n - 1;
}

/* The class of the set at hand, made when it is new. */
static uint32_t class_of_set(struct building *b)
{
	uint32_t at = set_hash(b) & b->mask;

	while (b->index[at] && !is_set(b, b->index[at]))
		at = (at + 1) & b->mask;
	if (!b->index[at])
		b->index[at] = new_class(b);
	return b->index[at];
}

/* ---- prefixes ---- */

static bool add_route(struct classes *c, const struct weir_prefix *p, uint32_t class)
{
	if (p->addr.family == 4)
		return rte_fib_add(c->v4, weir_addr_to_v4(&p->addr), p->len, class) == 0;
	return rte_fib6_add(c->v6, p->addr.bytes, p->len, class) == 0;
}

static void add_class_members(struct building *b, uint32_t class)
{
	const struct class *k = (const struct class *)b->c->class.items + class;

	for (uint32_t i = 0; i < k->n; i++)
		set_add(b, ((const uint32_t *)b->c->member.items)[k->first + i]);
}

struct level {
	const struct weir_prefix *prefix;
	uint32_t class;
};

/* All members with the prefix at `at`; returns the place after them. */
static uint32_t add_prefix(struct building *b, uint32_t at, struct level *stack,
			   unsigned int *depth)
{
	const struct weir_prefix *p = &b->sorted[at].prefix;
	uint32_t next = at;

	while (*depth && !weir_prefix_contains(stack[*depth - 1].prefix, &p->addr))
		(*depth)--;
	b->set.n = 0;
	if (*depth)
		add_class_members(b, stack[*depth - 1].class);
	for (; next < b->n && same_prefix(&b->sorted[next].prefix, p); next++)
		set_add(b, b->sorted[next].group << 1 | (p->len ? 0 : MEMBER_WHOLE));
	set_sort(b);
	stack[*depth] = (struct level){.prefix = p, .class = class_of_set(b)};
	b->good = b->good && add_route(b->c, p, stack[*depth].class);
	(*depth)++;
	return next;
}

static void walk(struct building *b)
{
	struct level stack[DEPTH_MAX];
	unsigned int depth = 0;
	uint32_t at = 0;

	new_class(b); /* 0: no group */
	while (b->good && at < b->n)
		at = add_prefix(b, at, stack, &depth);
}

static void count_prefixes(struct building *b)
{
	for (uint32_t i = 0; i < b->n; i++) {
		if (i && same_prefix(&b->sorted[i - 1].prefix, &b->sorted[i].prefix))
			continue;
		if (b->sorted[i].prefix.addr.family == 4)
			b->v4++;
		else
			b->v6++;
	}
}

static bool make_fibs(struct building *b)
{
	char name[32];
	struct rte_fib_conf v4 = {.type = RTE_FIB_DUMMY, .max_routes = (int)b->v4 + 16};
	struct rte_fib6_conf v6 = {.type = RTE_FIB6_DUMMY, .max_routes = (int)b->v6 + 16};

	/* Two names: both trees name their node pools after themselves. */
	snprintf(name, sizeof(name), "pol4_%zx", (uintptr_t)b->c >> 4);
	b->c->v4 = rte_fib_create(name, (int)rte_socket_id(), &v4);
	snprintf(name, sizeof(name), "pol6_%zx", (uintptr_t)b->c >> 4);
	b->c->v6 = rte_fib6_create(name, (int)rte_socket_id(), &v6);
	return b->c->v4 && b->c->v6;
}

static bool prepare(struct building *b)
{
	uint32_t size = 64;

	while (size < b->n * 2)
		size *= 2;
	b->mask = size - 1;
	b->index = calloc(size, sizeof(*b->index));
	b->sorted = calloc(b->n + 1, sizeof(*b->sorted));
	if (!b->index || !b->sorted)
		return false;
	if (b->n)
		memcpy(b->sorted, b->d->members.items, b->n * sizeof(*b->sorted));
	qsort(b->sorted, b->n, sizeof(*b->sorted), by_address);
	count_prefixes(b);
	return make_fibs(b);
}

bool classes_build(struct classes *c, const struct docs *d)
{
	struct building b = {.c = c, .d = d, .n = d->members.n};

	b.good = prepare(&b);
	if (b.good)
		walk(&b);
	if (b.too_many)
		weir_conf_error(d->r, (struct weir_conf_pos){.file = "policy"},
				"too many groups share their addresses with others: over %u groups "
				"in all combinations that occur",
				CLASS_MEMBERS_MAX);
	free(b.index);
	free(b.sorted);
	array_fini(&b.set);
	return b.good;
}

void classes_fini(struct classes *c)
{
	rte_fib_free(c->v4);
	rte_fib6_free(c->v6);
	array_fini(&c->class);
	array_fini(&c->member);
}

const struct class *class_of(const struct classes *c, const struct weir_addr *a)
{
	uint64_t class = 0;

	if (a->family == 4) {
		uint32_t ip = weir_addr_to_v4(a);

		rte_fib_lookup_bulk(c->v4, &ip, &class, 1);
	} else if (a->family == 6) {
		uint8_t ip[1][RTE_FIB6_IPV6_ADDR_SIZE];

		memcpy(ip[0], a->bytes, sizeof(ip[0]));
		rte_fib6_lookup_bulk(c->v6, ip, &class, 1);
	}
	return (const struct class *)c->class.items + class;
}
