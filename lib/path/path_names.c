/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whom the clients of a worker's flows asked for, and who they are: each once. A flow lasts long
 * after its ClientHello and its handshake are gone, and a reload must ask policy about it again.
 * Where there is no room for another name or identity, its flows do not survive the next reload.
 */
#include "path_names.h"

#include <weir_tls_hello.h>

#define NAMES      4096 /* a MiB; a cluster asks for some hundreds */
#define IDENTITIES 1024 /* 2 MiB, for the longest */

bool path_names_create(struct path_worker *w)
{
	w->names = path_texts_create(&w->key, NAMES, WEIR_TLS_NAME_MAX);
	w->identities = path_texts_create(&w->key, IDENTITIES, WEIR_TLS_ID_MAX);
	return w->names && w->identities;
}

void path_names_destroy(struct path_worker *w)
{
	path_texts_destroy(w->names);
	path_texts_destroy(w->identities);
	w->names = w->identities = NULL;
}

size_t path_names_bytes(void)
{
	return path_texts_bytes(NAMES, WEIR_TLS_NAME_MAX) +
	       path_texts_bytes(IDENTITIES, WEIR_TLS_ID_MAX);
}

/* ---- names ---- */

struct weir_policy_name path_name_of_hello(const struct weir_tls_hello *hello)
{
	return (struct weir_policy_name){
		.source = WEIR_NAME_SNI,
		.state = weir_name_state_of(hello->sni),
		.text = hello->name,
	};
}

static uint32_t get_name(struct path_worker *w, const struct weir_policy_name *name, uint32_t most)
{
	uint32_t id = path_text_get(w->names, (uint8_t)name->state,
				    name->state == WEIR_NAME_GOOD ? name->text : "", most);

	if (!id)
		weir_count(&w->stats, WEIR_COUNT_NAMES_LOST, 1);
	return id;
}

uint32_t path_name_get(struct path_worker *w, const struct weir_policy_name *name)
{
	return get_name(w, name, NAMES);
}

uint32_t path_name_note(struct path_worker *w, const struct weir_policy_name *name)
{
	return get_name(w, name, NAMES / 2);
}

void path_name_put(struct path_worker *w, uint32_t id)
{
	path_text_put(w->names, id);
}

struct weir_policy_name path_name_of(const struct path_worker *w, uint32_t id)
{
	struct weir_policy_name name = {.source = WEIR_NAME_SNI, .state = WEIR_NAME_UNSEEN};
	uint8_t state;

	if (!id)
		return name;
	name.text = path_text_of(w->names, id, &state);
	name.state = (enum weir_name_state)state;
	return name;
}

/* ---- identities ---- */

uint32_t path_identity_get(struct path_worker *w, const struct weir_policy_identity *identity)
{
	uint32_t id = path_text_get(w->identities, (uint8_t)identity->state,
				    identity->state == WEIR_IDENTITY_GOOD ? identity->text : "",
				    IDENTITIES);

	if (!id)
		weir_count(&w->stats, WEIR_COUNT_IDENTITIES_LOST, 1);
	return id;
}

void path_identity_put(struct path_worker *w, uint32_t id)
{
	path_text_put(w->identities, id);
}

struct weir_policy_identity path_identity_of(const struct path_worker *w, uint32_t id)
{
	struct weir_policy_identity identity = {.state = WEIR_IDENTITY_UNSEEN, .text = ""};
	uint8_t state;

	if (!id)
		return identity;
	identity.text = path_text_of(w->identities, id, &state);
	identity.state = (enum weir_identity_state)state;
	return identity;
}
