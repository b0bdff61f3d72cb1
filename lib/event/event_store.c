/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where a worker takes the large records of transactions from, and the writer gives them back to.
 * The pool's ring is of the kind in which who gives never waits for another who does: the writer
 * is an ordinary thread and may be stopped by the kernel at any place.
 */
#include "event_impl.h"

#include <weir_log.h>

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_errno.h>
#include <rte_mempool.h>

#define MATCHES_BYTES (WEIR_EVENT_MATCHES * sizeof(struct weir_event_match))
/* Of so many records one may have matches. */
#define MATCHES_PART 4
/* What a pool adds to each object, at most: its head, its place in the ring, padding. */
#define POOL_BYTES 128

struct weir_event_store {
	struct rte_mempool *records;
	struct rte_mempool *matches;
	/* worker writes, control reads: times that there was none left */
	uint64_t no_record, no_matches;
};

static uint32_t matches_of(uint32_t records)
{
	return (records + MATCHES_PART - 1) / MATCHES_PART;
}

static struct rte_mempool *make_pool(const char *name, uint32_t n, size_t bytes)
{
	struct rte_mempool *pool =
		rte_mempool_create_empty(name, n, (unsigned int)bytes, 0, 0, SOCKET_ID_ANY, 0);

	if (!pool)
		return NULL;
	if (rte_mempool_set_ops_byname(pool, "ring_mt_rts", NULL) == 0 &&
	    rte_mempool_populate_default(pool) >= 0)
		return pool;
	rte_mempool_free(pool);
	return NULL;
}

static bool make_pools(struct weir_event_store *s, const char *name, uint32_t records)
{
	char matches[RTE_MEMPOOL_NAMESIZE];

	snprintf(matches, sizeof(matches), "%s_m", name);
	s->records = make_pool(name, records, sizeof(struct weir_event_http));
	s->matches = make_pool(matches, matches_of(records), MATCHES_BYTES);
	return s->records && s->matches;
}

struct weir_event_store *weir_event_store_create(const char *name, uint32_t records)
{
	struct weir_event_store *s = calloc(1, sizeof(*s));

	if (s && make_pools(s, name, records))
		return s;
	weir_error("cannot make the store %s of %u transactions: %s (log.transactions)", name,
		   records, rte_strerror(rte_errno));
	weir_event_store_destroy(s);
	return NULL;
}

uint64_t weir_event_store_bytes(uint32_t records)
{
	return records * (sizeof(struct weir_event_http) + POOL_BYTES) +
	       matches_of(records) * (MATCHES_BYTES + POOL_BYTES);
}

void weir_event_store_destroy(struct weir_event_store *s)
{
	if (!s)
		return;
	rte_mempool_free(s->records);
	rte_mempool_free(s->matches);
	free(s);
}

struct weir_event_http *weir_event_http_take(struct weir_event_store *s)
{
	struct weir_event_http *h;
	void *object;

	if (!s)
		return NULL;
	if (rte_mempool_get(s->records, &object) < 0) {
		s->no_record++;
		return NULL;
	}
	h = object;
	/* The record was last read by another core: what need not be written is not. */
	memset(h, 0, offsetof(struct weir_event_http, method));
	h->method[0] = h->host[0] = h->path[0] = h->user_agent[0] = h->protocol[0] =
		h->identity.text[0] = '\0';
	return h;
}

bool weir_event_http_take_matches(struct weir_event_store *s, struct weir_event_http *h)
{
	void *object;

	if (rte_mempool_get(s->matches, &object) < 0) {
		s->no_matches++;
		return false;
	}
	h->match = object;
	return true;
}

void weir_event_http_give(struct weir_event_http *h)
{
	if (!h)
		return;
	if (h->match)
		rte_mempool_put(rte_mempool_from_obj(h->match), h->match);
	rte_mempool_put(rte_mempool_from_obj(h), h);
}

static struct weir_use use_of(const struct rte_mempool *pool, uint64_t full)
{
	return (struct weir_use){
		.used = rte_mempool_in_use_count(pool),
		.size = pool->size,
		.peak = WEIR_USE_UNKNOWN,
		.full = full,
	};
}

struct weir_event_store_uses weir_event_store_uses(const struct weir_event_store *s)
{
	return (struct weir_event_store_uses){
		.records = use_of(s->records, s->no_record),
		.matches = use_of(s->matches, s->no_matches),
	};
}
