/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whom the clients of a worker's flows asked for: each name once, with how many flows have it. A
 * flow is forwarded long after its ClientHello is gone, and a reload must ask policy about it
 * again. Where there is no room for another name its flows do not survive the next reload.
 */
#include "path_impl.h"

#include <stdio.h>

#include <rte_malloc.h>

#define NAMES   4096 /* a MiB; a cluster asks for some hundreds */
#define BUCKETS (NAMES * 2)

struct name {
	uint32_t next; /* in its bucket, or of the free ones; 0: the last */
	uint32_t flows;
	uint16_t bucket;
	uint8_t state;
	uint8_t source;
	char text[WEIR_TLS_NAME_MAX + 1];
};

struct path_names {
	struct weir_siphash_key key;
	uint32_t free;
	uint32_t bucket[BUCKETS];
	struct name name[NAMES + 1]; /* number 0 is none */
};

_Static_assert(BUCKETS - 1 <= UINT16_MAX, "a bucket's number fits");

struct path_names *path_names_create(const struct weir_siphash_key *key)
{
	struct path_names *n = rte_zmalloc(NULL, sizeof(*n), WEIR_CACHE_LINE);

	if (!n)
		return NULL;
	n->key = *key;
	n->free = 1;
	for (uint32_t i = 1; i < NAMES; i++)
		n->name[i].next = i + 1;
	return n;
}

void path_names_destroy(struct path_names *n)
{
	rte_free(n);
}

static const char *text_of(const struct weir_policy_name *name)
{
	return name->state == WEIR_NAME_GOOD ? name->text : "";
}

static uint16_t bucket_of(const struct path_names *n, const struct weir_policy_name *name)
{
	uint64_t words[(WEIR_TLS_NAME_MAX + 1) / 8] = {0};
	size_t len = strlen(text_of(name));

	memcpy(words, text_of(name), len);
	return (uint16_t)((weir_siphash13(&n->key, words, (unsigned int)(len + 8) / 8) +
			   name->state) %
			  BUCKETS);
}

static uint32_t find(const struct path_names *n, uint16_t bucket,
		     const struct weir_policy_name *name)
{
	uint32_t id = n->bucket[bucket];

	while (id && (n->name[id].state != name->state || n->name[id].source != name->source ||
		      strcmp(n->name[id].text, text_of(name)) != 0))
		id = n->name[id].next;
	return id;
}

static uint32_t add(struct path_names *n, uint16_t bucket, const struct weir_policy_name *name)
{
	uint32_t id = n->free;
	struct name *to = &n->name[id];

	if (!id)
		return 0;
	n->free = to->next;
	to->bucket = bucket;
	to->state = (uint8_t)name->state;
	to->source = (uint8_t)name->source;
	snprintf(to->text, sizeof(to->text), "%s", text_of(name));
	to->next = n->bucket[bucket];
	n->bucket[bucket] = id;
	return id;
}

uint32_t path_name_get(struct path_worker *w, const struct weir_policy_name *name)
{
	uint16_t bucket = bucket_of(w->names, name);
	uint32_t id = find(w->names, bucket, name);

	if (!id)
		id = add(w->names, bucket, name);
	if (id)
		w->names->name[id].flows++;
	else
		weir_count(&w->stats, WEIR_COUNT_NAMES_LOST, 1);
	return id;
}

void path_name_put(struct path_worker *w, uint32_t id)
{
	struct path_names *n = w->names;
	struct name *gone = &n->name[id];
	uint32_t *at = &n->bucket[gone->bucket];

	if (!id || --gone->flows)
		return;
	while (*at != id)
		at = &n->name[*at].next;
	*at = gone->next;
	gone->next = n->free;
	n->free = id;
}

struct weir_policy_name path_name_of(const struct path_worker *w, uint32_t id)
{
	const struct name *n = &w->names->name[id];

	if (!id)
		return (struct weir_policy_name){.state = WEIR_NAME_UNSEEN};
	return (struct weir_policy_name){
		.source = (enum weir_name_source)n->source,
		.state = (enum weir_name_state)n->state,
		.text = n->text,
	};
}
