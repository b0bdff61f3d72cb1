/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Texts that many flows of a worker have, each kept once with how many they are. Which they are of
 * is part of them: a byte of the caller's. Numbers stand for them, and 0 for none.
 */
#include "path_names.h"

#include <rte_malloc.h>

struct text {
	uint32_t next; /* in its bucket, or of the free ones; 0: the last */
	uint32_t users;
	uint32_t bucket;
	uint8_t kind;
	char text[];
};

struct path_texts {
	struct weir_siphash_key key;
	struct weir_use use;
	uint32_t n_buckets;
	uint32_t stride; /* bytes of a text's place */
	size_t max;      /* bytes of a text */
	uint32_t free;
	uint32_t *bucket;
	uint8_t *places; /* of number 1 and so on */
};

struct weir_use path_texts_use(const struct path_texts *t)
{
	return t->use;
}

static struct text *place_of(const struct path_texts *t, uint32_t id)
{
	return (struct text *)(void *)(t->places + (size_t)(id - 1) * t->stride);
}

static uint32_t stride_of(size_t max)
{
	return RTE_ALIGN_CEIL((uint32_t)(sizeof(struct text) + max + 1), 8u);
}

size_t path_texts_bytes(uint32_t n, size_t max)
{
	return sizeof(struct path_texts) + (size_t)n * (2 * sizeof(uint32_t) + stride_of(max));
}

struct path_texts *path_texts_create(const struct weir_siphash_key *key, uint32_t n, size_t max)
{
	struct path_texts *t = rte_zmalloc(NULL, sizeof(*t), WEIR_CACHE_LINE);

	if (!t)
		return NULL;
	weir_assert(max <= PATH_TEXT_MAX);
	t->key = *key;
	t->use.size = n;
	t->n_buckets = n * 2;
	t->max = max;
	t->stride = stride_of(max);
	t->bucket = rte_zmalloc(NULL, t->n_buckets * sizeof(*t->bucket), WEIR_CACHE_LINE);
	t->places = rte_zmalloc(NULL, (size_t)n * t->stride, WEIR_CACHE_LINE);
	if (!t->bucket || !t->places) {
		path_texts_destroy(t);
		return NULL;
	}
	t->free = 1;
	for (uint32_t i = 1; i < n; i++)
		place_of(t, i)->next = i + 1;
	return t;
}

void path_texts_destroy(struct path_texts *t)
{
	if (!t)
		return;
	rte_free(t->bucket);
	rte_free(t->places);
	rte_free(t);
}

static uint32_t bucket_of(const struct path_texts *t, uint8_t kind, const char *text)
{
	uint64_t words[PATH_TEXT_MAX / 8 + 1];
	size_t len = strlen(text), n = len / 8 + 1;

	words[n - 1] = 0;
	memcpy(words, text, len);
	return (uint32_t)((weir_siphash13(&t->key, words, (unsigned int)n) + kind) % t->n_buckets);
}

static uint32_t add(struct path_texts *t, uint32_t bucket, uint8_t kind, const char *text)
{
	uint32_t id = t->free;
	struct text *to;

	to = place_of(t, id);
	t->free = to->next;
	*to = (struct text){.next = t->bucket[bucket], .bucket = bucket, .kind = kind};
	memcpy(to->text, text, strlen(text) + 1);
	t->bucket[bucket] = id;
	weir_use_take(&t->use, 1);
	return id;
}

uint32_t path_text_get(struct path_texts *t, uint8_t kind, const char *text, uint32_t most)
{
	uint32_t bucket, id;

	if (strlen(text) > t->max)
		return 0;
	bucket = bucket_of(t, kind, text);
	id = t->bucket[bucket];
	while (id && (place_of(t, id)->kind != kind || strcmp(place_of(t, id)->text, text) != 0))
		id = place_of(t, id)->next;
	if (!id && (t->use.used >= most || !t->free)) {
		t->use.full++;
		return 0;
	}
	if (!id)
		id = add(t, bucket, kind, text);
	place_of(t, id)->users++;
	return id;
}

void path_text_put(struct path_texts *t, uint32_t id)
{
	struct text *gone;
	uint32_t *at;

	if (!id)
		return;
	gone = place_of(t, id);
	if (--gone->users)
		return;
	at = &t->bucket[gone->bucket];
	while (*at != id)
		at = &place_of(t, *at)->next;
	*at = gone->next;
	gone->next = t->free;
	t->free = id;
	weir_use_give(&t->use, 1);
}

const char *path_text_of(const struct path_texts *t, uint32_t id, uint8_t *kind)
{
	const struct text *is = place_of(t, id);

	*kind = is->kind;
	return is->text;
}
