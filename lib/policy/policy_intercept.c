/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How a policy opens the TLS of flows that its rules have intercepted: by whose authority leaves
 * are made, whom servers must be certified by, and which names are left alone. Files are named here
 * and read by path/.
 */
#include "policy_impl.h"

#include <stdlib.h>

/* The names of one entry, told apart from those of others by its place. */
static bool add_bypasses(struct docs *d, struct slice names, uint32_t reason, uint32_t order)
{
	for (uint32_t i = 0; i < names.n; i++) {
		struct bypass *slot = array_add(&d->bypasses, sizeof(*slot));

		if (!slot) {
			d->no_memory = true;
			return false;
		}
		*slot = (struct bypass){
			.key = ((const uint32_t *)d->keys.items)[names.first + i],
			.reason = reason,
			.order = order,
		};
	}
	return true;
}

static bool read_bypass(struct docs *d, const struct weir_conf_node *map, uint32_t order)
{
	static const char *const keys[] = {"names", "reason", NULL};
	const char *reason = NULL;
	struct slice names;

	if (!weir_conf_expect(map, WEIR_CONF_MAPPING, "a bypass", d->r) ||
	    !weir_conf_known_keys(map, keys, d->r) || !weir_conf_require(map, "names", d->r) ||
	    !weir_conf_require(map, "reason", d->r) ||
	    !weir_conf_str(map, "reason", &reason, d->r) ||
	    !docs_read_names(d, weir_conf_get(map, "names"), &names))
		return false;
	if (!*reason) {
		weir_conf_error(d->r, weir_conf_get(map, "reason")->pos,
				"an empty reason: records and people are told it");
		return false;
	}
	return add_bypasses(d, names, weir_names_intern(d->names, reason), order);
}

static int by_key(const void *a, const void *b)
{
	const struct bypass *x = a, *y = b;

	return x->key < y->key ? -1 : x->key > y->key;
}

static int by_key_and_order(const void *a, const void *b)
{
	const struct bypass *x = a, *y = b;
	int order = by_key(a, b);

	return order ? order : (int)x->order - (int)y->order;
}

/* In order, each name once: with its first reason. */
static void tidy_bypasses(struct docs *d, uint32_t first)
{
	struct bypass *list = (struct bypass *)d->bypasses.items + first;
	uint32_t n = d->bypasses.n - first, kept = 1;

	if (!n)
		return;
	qsort(list, n, sizeof(*list), by_key_and_order);
	for (uint32_t i = 1; i < n; i++)
		if (list[i].key != list[kept - 1].key)
			list[kept++] = list[i];
	d->bypasses.n = first + kept;
}

static void read_bypasses(struct docs *d, const struct weir_conf_node *map, struct service_tls *t)
{
	const struct weir_conf_node *list = weir_conf_get(map, "bypass");
	uint32_t order = 0;

	t->bypass = d->bypasses.n;
	if (!list || !weir_conf_expect(list, WEIR_CONF_SEQUENCE, "bypass", d->r))
		return;
	weir_conf_foreach (n, list)
		(void)read_bypass(d, n, order++);
	tidy_bypasses(d, t->bypass);
	t->n_bypass = d->bypasses.n - t->bypass;
}

static void read_upstream(struct docs *d, const struct weir_conf_node *map,
			  struct weir_service_tls *t)
{
	static const char *const keys[] = {"verify", "ca", "crl", NULL};
	const struct weir_conf_node *upstream = weir_conf_get(map, "upstream");

	t->roots.system = true;
	t->upstream_pos = t->pos;
	if (!upstream || !weir_conf_expect(upstream, WEIR_CONF_MAPPING, "upstream", d->r))
		return;
	weir_conf_known_keys(upstream, keys, d->r);
	docs_read_verify(d, upstream, t);
}

uint16_t docs_read_intercept(struct docs *d, uint32_t policy, const struct weir_conf_node *spec)
{
	static const char *const keys[] = {"certificateAuthority", "upstream", "bypass",
					   "handshakeTimeout", NULL};
	const struct weir_conf_node *map = weir_conf_get(spec, "intercept");
	struct service_tls *t;

	if (!map || !weir_conf_expect(map, WEIR_CONF_MAPPING, "intercept", d->r) ||
	    !weir_conf_known_keys(map, keys, d->r) ||
	    !weir_conf_require(map, "certificateAuthority", d->r))
		return WEIR_NO_TLS;
	t = docs_add_tls(d, map);
	if (!t)
		return WEIR_NO_TLS;
	t->is.service = policy;
	t->is.intercepts = t->is.upstream_tls = true;
	t->is.verify = WEIR_TLS_VERIFY_FULL;
	if (docs_read_cert(d, weir_conf_get(map, "certificateAuthority"), &t->is.authority) &&
	    t->is.authority.files.ocsp)
		weir_conf_error(d->r, t->is.authority.pos, "an authority has no 'ocsp'");
	docs_read_handshake_timeout(d, map, &t->is);
	read_upstream(d, map, &t->is);
	read_bypasses(d, map, t);
	return (uint16_t)(d->tls.n - 1);
}

uint32_t intercept_bypass(const struct docs *d, uint16_t intercept, const struct keys *names)
{
	const struct service_tls *t = (const struct service_tls *)d->tls.items + intercept;
	const struct bypass *list = (const struct bypass *)d->bypasses.items + t->bypass;
	const struct bypass *first = NULL;

	for (uint32_t i = 0; t->n_bypass && i < names->n; i++) {
		const struct bypass wanted = {.key = names->key[i]};
		const struct bypass *found =
			bsearch(&wanted, list, t->n_bypass, sizeof(*list), by_key);

		if (found && (!first || found->order < first->order))
			first = found;
	}
	return first ? first->reason : 0;
}
