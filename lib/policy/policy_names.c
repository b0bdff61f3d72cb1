/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whom rules let clients ask for: hosts' names, and "*." before a name for all names below it. They
 * are compared in the one form that weir_tls_name_read() gives; what is no name fits none.
 */
#include "policy_impl.h"

#include <stdio.h>

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
	char pattern[sizeof(BELOW) + WEIR_TLS_NAME_MAX];
	uint32_t key;

	snprintf(pattern, sizeof(pattern), "%s%s", below ? BELOW : "", text);
	key = docs_pattern(d, pattern);
	return key && docs_add_number(d, &d->keys, key);
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

bool docs_read_names(struct docs *d, const struct weir_conf_node *list, struct slice *out)
{
	const struct number_list how = {&d->keys, read_host, ": nobody could be asked for"};

	return docs_read_numbers(d, list, &how, out);
}

/* ---- asking ---- */

void keys_of_name(const struct docs *d, const struct weir_policy_name *name, struct keys *out)
{
	out->n = 0;
	keys_add(out, name ? KEY_UNASKED : KEY_UNKNOWN);
	if (!name || (name->state != WEIR_NAME_GOOD && name->state != WEIR_NAME_MISSING))
		return;
	keys_add(out, KEY_ANY);
	if (name->state == WEIR_NAME_MISSING)
		keys_add(out, KEY_NO_NAME);
	else
		keys_add_host(out, d, name->text, strlen(name->text));
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
