/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whom the client asks for, in the ClientHello's server_name. It is needed until the servers have
 * been asked for it, and afterwards for records. Most clients ask for the same few, so it has a
 * place among the worker's names; where those have no room for another, one is lent for as long as
 * it takes, and records do not tell it.
 */
#include "path_names.h"
#include "path_tls.h"

bool path_tls_set_sni(struct path_tls *x, struct weir_bytes name)
{
	char text[WEIR_TLS_NAME_MAX + 1];

	if (name.len > WEIR_TLS_NAME_MAX)
		return false;
	path_tls_cut_sni(x);
	path_name_put(x->w, x->sni);
	x->sni = 0;
	if (!name.len)
		return true;
	memcpy(text, name.ptr, name.len);
	text[name.len] = '\0';
	x->sni = path_name_note(x->w, &(struct weir_policy_name){.source = WEIR_NAME_SNI,
								 .state = WEIR_NAME_GOOD,
								 .text = text});
	if (x->sni)
		return true;
	x->lent_sni = weir_pool_take(x->w->tls->names);
	if (x->lent_sni)
		memcpy(x->lent_sni, text, name.len + 1);
	return x->lent_sni;
}

const char *path_tls_sni(const struct path_tls *x)
{
	if (x->lent_sni)
		return x->lent_sni;
	return x->sni ? path_name_of(x->w, x->sni).text : "";
}

void path_tls_cut_sni(struct path_tls *x)
{
	if (x->lent_sni)
		weir_pool_give(x->w->tls->names, x->lent_sni);
	x->lent_sni = NULL;
}
