/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whom the client asks for, in the ClientHello's server_name. It is needed whole until the servers
 * have been asked for it, and afterwards as far as a record tells it. Few are longer than that:
 * those are lent the rest of the room for as long as it takes.
 */
#include "path_tls.h"

bool path_tls_set_sni(struct path_tls *x, struct weir_bytes name)
{
	size_t told = RTE_MIN(name.len, sizeof(x->sni) - 1);

	if (name.len > WEIR_TLS_NAME_MAX)
		return false;
	path_tls_cut_sni(x);
	if (name.len > told) {
		x->long_sni = weir_pool_take(x->w->tls->names);
		if (!x->long_sni)
			return false;
		memcpy(x->long_sni, name.ptr, name.len);
		x->long_sni[name.len] = '\0';
	}
	if (told)
		memcpy(x->sni, name.ptr, told);
	x->sni[told] = '\0';
	return true;
}

const char *path_tls_sni(const struct path_tls *x)
{
	return x->long_sni ? x->long_sni : x->sni;
}

void path_tls_cut_sni(struct path_tls *x)
{
	if (x->long_sni)
		weir_pool_give(x->w->tls->names, x->long_sni);
	x->long_sni = NULL;
}
