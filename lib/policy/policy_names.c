/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whom rules let clients ask for: hosts' names, and "*." before a name for all names below it. They
 * are compared in the one form that weir_tls_name_read() gives; what is no name fits none.
 */
#include "policy_impl.h"

#include <stdlib.h>

#define BELOW "*."

/* ---- reading ---- */

static bool report(struct docs *d, const struct weir_conf_node *n, enum weir_tls_sni what)
{
	static const char *const why[WEIR_TLS_SNI_END] = {
		[WEIR_TLS_SNI_NONE] = "no name; leave names out for all",
		[WEIR_TLS_SNI_ADDRESS] = "an address, which 'to' takes",
		[WEIR_TLS_SNI_LONG] = "too long: 253 bytes, and 63 a label, are the most",
		[WEIR_TLS_SNI_BAD] = "no host's name (letters, digits, '-', '_' and dots; others "
				     "as xn--…), or \"*.\" and one",
	};

	weir_conf_error(d->r, n->pos, "'%s' is %s", n->text, why[what]);
	return false;
}

static bool add_host(struct docs *d, const char *text, bool below)
{
	const char *kept = docs_keep_text(d, strdup(text));
	struct host *h = kept ? array_add(&d->hosts, sizeof(*h)) : NULL;

	if (h)
		*h = (struct host){.text = kept, .below = below};
	else
		d->no_memory = true;
	return h != NULL;
}

static bool read_host(struct docs *d, const struct weir_conf_node *n)
{
	char text[WEIR_TLS_NAME_MAX + 1];
	enum weir_tls_sni what;
	const char *from;
	bool below;

	if (!weir_conf_expect(n, WEIR_CONF_SCALAR, "a name", d->r))
		return false;
	below = strncmp(n->text, BELOW, strlen(BELOW)) == 0;
	from = n->text + (below ? strlen(BELOW) : 0);
	what = weir_tls_name_read(weir_bytes_str(from), text);
	if (below && what == WEIR_TLS_SNI_NONE)
		what = WEIR_TLS_SNI_BAD;
	return what == WEIR_TLS_SNI_NAME ? add_host(d, text, below) : report(d, n, what);
}

static int by_host(const void *a, const void *b)
{
	const struct host *x = a, *y = b;

	return x->below != y->below ? (int)x->below - (int)y->below : strcmp(x->text, y->text);
}

/* In order, each once. */
static void tidy(struct docs *d, uint32_t first)
{
	struct host *list = (struct host *)d->hosts.items + first;
	uint32_t n = d->hosts.n - first, kept = 1;

	qsort(list, n, sizeof(*list), by_host);
	for (uint32_t i = 1; i < n; i++)
		if (by_host(&list[i], &list[kept - 1]) != 0)
			list[kept++] = list[i];
	d->hosts.n = first + kept;
}

bool docs_read_names(struct docs *d, const struct weir_conf_node *list, uint32_t *first,
		     uint32_t *n)
{
	bool good = true;

	*first = d->hosts.n;
	if (list->kind != WEIR_CONF_SEQUENCE)
		good = read_host(d, list);
	else
		weir_conf_foreach (m, list)
			good = read_host(d, m) && good;
	if (list->kind == WEIR_CONF_SEQUENCE && !list->count) {
		weir_conf_error(d->r, list->pos, "names is empty: nobody could be asked for");
		good = false;
	}
	if (good)
		tidy(d, *first);
	*n = d->hosts.n - *first;
	return good;
}

/* ---- asking ---- */

static bool has(const struct docs *d, uint32_t first, uint32_t n, struct host wanted)
{
	const struct host *list = (const struct host *)d->hosts.items + first;

	return bsearch(&wanted, list, n, sizeof(*list), by_host) != NULL;
}

bool hosts_have(const struct docs *d, uint32_t first, uint32_t n, const char *name)
{
	if (has(d, first, n, (struct host){.text = name}))
		return true;
	for (const char *dot = strchr(name, '.'); dot; dot = strchr(dot + 1, '.'))
		if (has(d, first, n, (struct host){.text = dot + 1, .below = true}))
			return true;
	return false;
}

bool rule_fits_name(const struct docs *d, const struct rule *rule,
		    const struct weir_policy_name *name)
{
	if (name->state == WEIR_NAME_MISSING)
		return !rule->n_hosts || rule->missing_sni;
	if (name->state != WEIR_NAME_GOOD)
		return false;
	return !rule->n_hosts || hosts_have(d, rule->hosts, rule->n_hosts, name->text);
}

enum weir_name_state weir_name_state_of(enum weir_tls_sni sni)
{
	if (sni == WEIR_TLS_SNI_NONE)
		return WEIR_NAME_MISSING;
	return sni == WEIR_TLS_SNI_NAME ? WEIR_NAME_GOOD : WEIR_NAME_BAD;
}

const char *weir_name_state_name(enum weir_name_state s)
{
	static const char *const names[] = {
#define NAME(id, name, reason) name,
		WEIR_NAME_STATES(NAME)
#undef NAME
	};

	return s < WEIR_NAME_STATE_END ? names[s] : "unknown";
}
