/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A worker's memory for HTTP/2 (memory.http2): blocks of 64 KiB, from which the sessions of
 * lib/http2 take, and connections, which are cut from blocks and used again. Pages that
 * nobody ever needs are never touched.
 */
#include "path_translate.h"

#include <stdlib.h>
#include <sys/mman.h>

#define BLOCK (64u << 10)

/* Stands in what waits to be used again. */
struct path_http2_free {
	struct path_http2_free *next;
};

/* ---- blocks ---- */

/* The first place where `n` blocks lie free in a row; n_blocks: none. */
static uint32_t find_run(const struct path_http2_worker *w, uint32_t n)
{
	uint32_t free = 0;

	for (uint32_t i = 0; i < w->n_blocks;) {
		if (w->runs[i]) {
			free = 0;
			i += w->runs[i];
			continue;
		}
		i++;
		if (++free == n)
			return i - n;
	}
	return w->n_blocks;
}

static void *take(void *context, size_t bytes)
{
	struct path_http2_worker *w = context;
	uint32_t n = (uint32_t)((bytes + BLOCK - 1) / BLOCK);
	uint32_t at = bytes <= (size_t)w->n_blocks * BLOCK ? find_run(w, n) : w->n_blocks;

	if (at == w->n_blocks) {
		w->use.full++;
		return NULL;
	}
	w->runs[at] = n;
	weir_use_take(&w->use, (uint64_t)n * BLOCK);
	return w->blocks + (size_t)at * BLOCK;
}

static void give(void *context, void *chunk, size_t bytes)
{
	struct path_http2_worker *w = context;
	size_t at = (size_t)((uint8_t *)chunk - w->blocks) / BLOCK;

	weir_assert(w->runs[at] == (bytes + BLOCK - 1) / BLOCK);
	weir_use_give(&w->use, (uint64_t)w->runs[at] * BLOCK);
	w->runs[at] = 0;
}

/* ---- objects ---- */

static void *take_object(struct path_http2_worker *w, struct path_http2_free **list, size_t size)
{
	struct path_http2_free *first = *list;
	uint8_t *block;

	size = (size + WEIR_CACHE_LINE - 1) & ~(size_t)(WEIR_CACHE_LINE - 1);
	if (!first) {
		block = take(w, BLOCK);
		for (size_t at = 0; block && at + size <= BLOCK; at += size) {
			struct path_http2_free *f = (void *)(block + at);

			f->next = *list;
			*list = f;
		}
		first = *list;
	}
	if (first)
		*list = first->next;
	return first;
}

static void give_object(struct path_http2_free **list, void *object)
{
	struct path_http2_free *f = object;

	f->next = *list;
	*list = f;
}

struct path_http2 *path_http2_take_connection(struct path_http2_worker *w)
{
	return take_object(w, &w->free_connections, sizeof(struct path_http2));
}

void path_http2_give_connection(struct path_http2_worker *w, struct path_http2 *h)
{
	give_object(&w->free_connections, h);
}

struct path_translator *path_http2_take_translator(struct path_http2_worker *w)
{
	return take_object(w, &w->free_translators, sizeof(struct path_translator));
}

void path_http2_give_translator(struct path_http2_worker *w, struct path_translator *t)
{
	give_object(&w->free_translators, t);
}

/* ---- a worker's part ---- */

static bool make_workers(struct path_http2_worker *w)
{
	struct weir_http2_limits limits = weir_http2_limits_default;

	limits.memory = RTE_MIN(PATH_HTTP2_MEMORY, (size_t)w->n_blocks * BLOCK / 2);
	limits.streams = PATH_HTTP2_STREAMS;
	limits.stream_window = PATH_HTTP2_WINDOW;
	limits.session_window = PATH_HTTP2_STREAMS * PATH_HTTP2_WINDOW;
	limits.connect = true; /* it is refused by weir, with a page */
	w->of_clients = weir_http2_create(&w->source, &limits);
	limits.stream_window = PATH_HTTP2_SERVER_WINDOW;
	limits.session_window = PATH_HTTP2_SERVER_SESSION;
	w->of_servers = weir_http2_create(&w->source, &limits);
	return w->of_clients && w->of_servers;
}

int path_http2_worker_create(struct path_worker *worker, uint64_t bytes)
{
	struct path_http2_worker *w;
	void *map;

	if (!bytes)
		return 0;
	w = calloc(1, sizeof(*w));
	if (!w)
		return -WEIR_ENOMEM;
	worker->http2 = w;
	w->source = (struct weir_arena_source){take, give, w};
	map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED)
		return -WEIR_ENOMEM;
	w->blocks = map;
	w->n_blocks = (uint32_t)(bytes / BLOCK);
	w->use.size = (uint64_t)w->n_blocks * BLOCK;
	w->runs = calloc(w->n_blocks, sizeof(*w->runs));
	return w->runs && make_workers(w) ? 0 : -WEIR_ENOMEM;
}

void path_http2_worker_destroy(struct path_worker *worker)
{
	struct path_http2_worker *w = worker->http2;

	if (!w)
		return;
	weir_http2_destroy(w->of_servers);
	weir_http2_destroy(w->of_clients);
	if (w->blocks)
		(void)munmap(w->blocks, (size_t)w->n_blocks * BLOCK);
	free(w->runs);
	free(w);
	worker->http2 = NULL;
}

bool path_http2_is_possible(const struct path_worker *w)
{
	return w->http2 != NULL;
}

void path_http2_memory(const struct path_worker *w, uint64_t *used, uint64_t *max)
{
	*used = w->http2 ? w->http2->use.used : 0;
	*max = w->http2 ? w->http2->use.size : 0;
}

uint64_t weir_path_bad_http2(const struct weir_path *p, unsigned int worker, unsigned int leg,
			     enum weir_http2_error e)
{
	const struct path_http2_worker *w = p->worker[worker]->http2;

	return w ? w->bad[leg][e] : 0;
}
