/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who listens at an address and port: bindings in order of family, prefix length (long ones first),
 * address and port, so that a look-up is a binary search for each length that occurs.
 */
#include "policy_impl.h"

#include <stdlib.h>

static int by_place(const void *a, const void *b)
{
	const struct binding *x = a, *y = b;
	int order = (int)x->prefix.addr.family - (int)y->prefix.addr.family;

	if (order == 0)
		order = (int)y->prefix.len - (int)x->prefix.len;
	if (order == 0)
		order = memcmp(x->prefix.addr.bytes, y->prefix.addr.bytes, 16);
	if (order == 0)
		order = (int)x->ports.lo - (int)y->ports.lo;
	if (order == 0)
		order = (int)x->service - (int)y->service;
	return order;
}

static bool same_length(const struct binding *a, const struct binding *b)
{
	return a->prefix.addr.family == b->prefix.addr.family && a->prefix.len == b->prefix.len;
}

static bool overlap(const struct binding *a, const struct binding *b)
{
	return same_length(a, b) && memcmp(a->prefix.addr.bytes, b->prefix.addr.bytes, 16) == 0 &&
	       b->ports.lo <= a->ports.hi;
}

static void report(struct docs *d, const struct binding *a, const struct binding *b)
{
	const struct service *services = d->services.items;
	const struct service *first = &services[a->service < b->service ? a->service : b->service];
	const struct service *second = &services[a->service < b->service ? b->service : a->service];
	char text[WEIR_PREFIX_TEXT];

	weir_conf_error(d->r, second->pos,
			"Service '%s' listens at %s port %u, and so does '%s' at %s:%u:%u",
			weir_names_get(d->names, second->is.name),
			weir_prefix_format(&b->prefix, text), b->ports.lo,
			weir_names_get(d->names, first->is.name), first->pos.file, first->pos.line,
			first->pos.column);
}

/* What a service says twice becomes one; what two services say is an error, once a service. */
static bool tidy(struct docs *d)
{
	struct binding *list = d->bindings.items;
	uint32_t kept = 0;
	uint16_t told = UINT16_MAX;
	bool good = true;

	for (uint32_t i = 0; i < d->bindings.n; i++) {
		struct binding *last = kept ? &list[kept - 1] : NULL;

		if (!last || !overlap(last, &list[i])) {
			list[kept++] = list[i];
		} else if (last->service != list[i].service) {
			if (told != list[i].service)
				report(d, last, &list[i]);
			told = list[i].service;
			good = false;
		} else if (list[i].ports.hi > last->ports.hi) {
			last->ports.hi = list[i].ports.hi;
		}
	}
	d->bindings.n = kept;
	return good;
}

static bool find_lengths(struct weir_policy *p)
{
	const struct binding *list = p->docs.bindings.items;
	struct length *l = NULL;

	for (uint32_t i = 0; i < p->docs.bindings.n; i++) {
		if (!l || !same_length(&list[l->first], &list[i])) {
			l = array_add(&p->lengths, sizeof(*l));
			if (!l)
				return false;
			l->family = list[i].prefix.addr.family;
			l->len = list[i].prefix.len;
			l->first = i;
		}
		l->end = i + 1;
	}
	return true;
}

bool listen_build(struct weir_policy *p)
{
	const struct service *services = p->docs.services.items;

	if (p->docs.bindings.n)
		qsort(p->docs.bindings.items, p->docs.bindings.n, sizeof(struct binding), by_place);
	for (uint32_t i = 0; i < p->docs.services.n; i++)
		p->has_services |= services[i].is.threat != WEIR_NO_THREAT ||
				   services[i].is.tls != WEIR_NO_TLS ||
				   services[i].is.passthrough ||
				   weir_service_translates(&services[i].is);
	return tidy(&p->docs) && find_lengths(p);
}

/* ---- the look-up ---- */

/* The bytes of `a` that a prefix of that length has. */
static void mask(const struct weir_addr *a, unsigned int len, uint8_t out[16])
{
	unsigned int bits = len + (a->family == 4 ? 96 : 0), whole = bits / 8;

	memset(out, 0, 16);
	memcpy(out, a->bytes, whole);
	if (bits % 8)
		out[whole] = (uint8_t)(a->bytes[whole] & (0xff00u >> bits % 8));
}

/* Whether `b` stands at the address and port, or before them. */
static bool not_after(const struct binding *b, const uint8_t addr[16], uint16_t port)
{
	int order = memcmp(b->prefix.addr.bytes, addr, 16);

	return order ? order < 0 : b->ports.lo <= port;
}

/* Of one length: the last that is not after, if it has the address and the port. */
static const struct binding *find(const struct binding *list, const struct length *l,
				  const uint8_t addr[16], uint16_t port)
{
	uint32_t lo = l->first, hi = l->end;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (not_after(&list[mid], addr, port))
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == l->first || list[lo - 1].ports.hi < port ||
	    memcmp(list[lo - 1].prefix.addr.bytes, addr, 16) != 0)
		return NULL;
	return &list[lo - 1];
}

const struct weir_service *weir_policy_service(const struct weir_policy *p,
					       const struct weir_addr *addr, uint16_t port)
{
	const struct length *lengths = p->lengths.items;
	const struct service *services = p->docs.services.items;

	for (uint32_t i = 0; i < p->lengths.n; i++) {
		const struct binding *b;
		uint8_t masked[16];

		if (lengths[i].family != addr->family)
			continue;
		mask(addr, lengths[i].len, masked);
		b = find(p->docs.bindings.items, &lengths[i], masked, port);
		if (b)
			return &services[b->service].is;
	}
	return NULL;
}
