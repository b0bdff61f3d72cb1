/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Keys: what rules take of names and identities, as numbers. All that a client's name or identity
 * may fit are known by its text alone, a few for each label or segment, so that rules need not be
 * compared with it.
 */
#include "policy_impl.h"

#include <stdlib.h>

static uint32_t key_of(uint32_t pattern)
{
	return pattern ? KEY_PATTERNS + pattern - 1 : 0;
}

uint32_t docs_pattern(struct docs *d, const char *text)
{
	uint32_t id = weir_names_intern(d->patterns, text);

	if (!id)
		d->no_memory = true;
	return key_of(id);
}

void keys_add(struct keys *k, uint32_t key)
{
	weir_assert(k->n < KEYS_MAX);
	k->key[k->n++] = key;
}

void keys_add_pattern(struct keys *k, const struct docs *d, const char *text)
{
	uint32_t key = key_of(weir_names_find(d->patterns, text));

	if (key)
		keys_add(k, key);
}

void keys_add_host(struct keys *k, const struct docs *d, const char *host, size_t len)
{
	char text[WEIR_TLS_NAME_MAX + 1];

	if (!len || len > WEIR_TLS_NAME_MAX)
		return;
	memcpy(text, host, len);
	text[len] = '\0';
	keys_add_pattern(k, d, text);
	for (char *dot = strchr(text + 1, '.'); dot; dot = strchr(dot + 1, '.')) {
		dot[-1] = '*';
		keys_add_pattern(k, d, dot - 1);
	}
}

bool keys_fit(const struct keys *k, const struct docs *d, struct slice list)
{
	const uint32_t *wanted = (const uint32_t *)d->keys.items + list.first;

	if (!list.n || k->key[0] == KEY_UNKNOWN)
		return true;
	for (uint32_t i = 0; i < k->n; i++)
		if (bsearch(&k->key[i], wanted, list.n, sizeof(*wanted), array_by_number))
			return true;
	return false;
}
