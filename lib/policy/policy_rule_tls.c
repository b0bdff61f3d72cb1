/* SPDX-License-Identifier: BSD-3-Clause */
/* What a rule asks of a flow's TLS: a ClientHello, a name in it, a certificate of the client. */
#include "policy_impl.h"

static bool check_tls(struct docs *d, const struct weir_conf_node *n, const struct rule *rule)
{
	if (rule->verdict != WEIR_VERDICT_ALLOW)
		weir_conf_error(d->r, n->key_pos,
				"%s needs 'action: allow': a client may well hide its name",
				n->key);
	else if (rule->tls == RULE_TLS_SNI && !rule->names.n)
		weir_conf_error(d->r, n->key_pos, "'tls: sni' needs names");
	else if (rule->tls == RULE_TLS_ANY && rule->names.n)
		weir_conf_error(d->r, n->key_pos, "'tls: any' takes all names: 'sni' asks for one");
	else if (rule->tls == RULE_TLS_INTERCEPT && rule->intercept == WEIR_NO_TLS)
		weir_conf_error(
			d->r, n->key_pos,
			"'tls: intercept' needs the policy's intercept.certificateAuthority");
	else
		return true;
	return false;
}

/* What the rule takes without being told: every name where it lists none, and none at all where the
 * policy says so. */
static bool complete_names(struct docs *d, struct rule *rule, bool missing_sni)
{
	uint32_t key = rule->names.n ? KEY_NO_NAME : KEY_ANY;

	if (rule->names.n && !missing_sni)
		return true;
	if (!rule->names.n)
		rule->names.first = d->keys.n;
	if (!docs_add_number(d, &d->keys, key))
		return false;
	array_tidy(&d->keys, rule->names.first);
	rule->names.n = d->keys.n - rule->names.first;
	return true;
}

bool rule_read_tls(struct docs *d, const struct weir_conf_node *map, struct rule *rule,
		   bool missing_sni)
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
	if (names && word == RULE_TLS_NONE) {
		weir_conf_error(d->r, tls->key_pos, "names need that TLS is looked at");
		return false;
	}
	return word == RULE_TLS_NONE ||
	       (check_tls(d, tls ? tls : names, rule) && rule_narrow_to_tcp(d, map, rule) &&
		complete_names(d, rule, missing_sni));
}

bool rule_read_identities(struct docs *d, const struct weir_conf_node *map, struct rule *rule)
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
	return rule_narrow_to_tcp(d, map, rule);
}
