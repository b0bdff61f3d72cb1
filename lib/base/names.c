/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Interned names: an append-only array of chunks that never move, so that a reader needs no lock,
 * and an open-addressed index over it for the writers.
 */
#include <weir_base.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#define CHUNK_NAMES 1024
#define CHUNKS_MAX  1024

struct chunk {
	_Atomic(char *) name[CHUNK_NAMES];
};

struct weir_names {
	pthread_mutex_t lock;
	uint32_t count; /* under lock; names[1..count) exist */
	uint32_t *index;
	uint32_t index_size; /* a power of two, at least twice `count` */
	/* A chunk's pointer is released after it is filled with NULLs, a name after its text is
	 * written; both pair with the acquire loads in weir_names_get. */
	_Atomic(struct chunk *) chunk[CHUNKS_MAX];
};

static const struct weir_siphash_key index_key = {{0x6e616d65, 0x696e6465}};

static uint64_t hash_text(const char *text)
{
	uint64_t words[8] = {0};
	uint64_t h = 0;
	size_t len = strlen(text);

	for (size_t at = 0; at <= len; at += sizeof(words) - 8) {
		size_t n = len - at < sizeof(words) - 8 ? len - at : sizeof(words) - 8;

		memset(words, 0, sizeof(words));
		memcpy(words, text + at, n);
		words[7] = h + n;
		h = weir_siphash13(&index_key, words, 8);
	}
	return h;
}

struct weir_names *weir_names_create(void)
{
	struct weir_names *n = calloc(1, sizeof(*n));

	if (!n)
		return NULL;
	n->count = 1;
	n->index_size = 256;
	n->index = calloc(n->index_size, sizeof(*n->index));
	if (!n->index) {
		free(n);
		return NULL;
	}
	pthread_mutex_init(&n->lock, NULL);
	return n;
}

void weir_names_destroy(struct weir_names *n)
{
	if (!n)
		return;
	for (uint32_t id = 1; id < n->count; id++)
		free(atomic_load(
			&atomic_load(&n->chunk[id / CHUNK_NAMES])->name[id % CHUNK_NAMES]));
	for (unsigned int c = 0; c < CHUNKS_MAX; c++)
		free(atomic_load(&n->chunk[c]));
	free(n->index);
	pthread_mutex_destroy(&n->lock);
	free(n);
}

const char *weir_names_get(const struct weir_names *n, uint32_t id)
{
	struct chunk *chunk;
	const char *text;

	if (id == 0 || id >= CHUNK_NAMES * CHUNKS_MAX)
		return "";
	chunk = atomic_load_explicit(&n->chunk[id / CHUNK_NAMES], memory_order_acquire);
	if (!chunk)
		return "";
	text = atomic_load_explicit(&chunk->name[id % CHUNK_NAMES], memory_order_acquire);
	return text ? text : "";
}

/* The slot that holds `text`, or the empty one where it belongs. */
static uint32_t find_slot(const struct weir_names *n, const char *text)
{
	uint32_t mask = n->index_size - 1;
	uint32_t slot = (uint32_t)hash_text(text) & mask;

	while (n->index[slot] && strcmp(weir_names_get(n, n->index[slot]), text) != 0)
		slot = (slot + 1) & mask;
	return slot;
}

static bool grow_index(struct weir_names *n)
{
	uint32_t *old = n->index;
	uint32_t *grown;

	if (n->count * 2 < n->index_size)
		return true;
	grown = calloc(n->index_size * 2, sizeof(*grown));
	if (!grown)
		return false;
	n->index = grown;
	n->index_size *= 2;
	for (uint32_t id = 1; id < n->count; id++)
		n->index[find_slot(n, weir_names_get(n, id))] = id;
	free(old);
	return true;
}

static uint32_t append(struct weir_names *n, const char *text)
{
	uint32_t id = n->count;
	struct chunk *chunk;
	char *copy;

	if (id >= CHUNK_NAMES * CHUNKS_MAX || !grow_index(n))
		return 0;
	chunk = atomic_load(&n->chunk[id / CHUNK_NAMES]);
	if (!chunk) {
		chunk = calloc(1, sizeof(*chunk));
		if (!chunk)
			return 0;
		atomic_store_explicit(&n->chunk[id / CHUNK_NAMES], chunk, memory_order_release);
	}
	copy = strdup(text);
	if (!copy)
		return 0;
	atomic_store_explicit(&chunk->name[id % CHUNK_NAMES], copy, memory_order_release);
	n->index[find_slot(n, text)] = id;
	n->count++;
	return id;
}

uint32_t weir_names_intern(struct weir_names *n, const char *text)
{
	uint32_t id;

	if (!*text)
		return 0;
	pthread_mutex_lock(&n->lock);
	id = n->index[find_slot(n, text)];
	if (!id)
		id = append(n, text);
	pthread_mutex_unlock(&n->lock);
	return id;
}

uint32_t weir_names_find(const struct weir_names *n, const char *text)
{
	return n->index[find_slot(n, text)];
}
