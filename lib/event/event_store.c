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

#include <rte_errno.h>
#include <rte_mempool.h>

struct weir_event_store; /* it is the pool */

static struct rte_mempool *pool_of(struct weir_event_store *s)
{
	return (struct rte_mempool *)s;
}

static struct rte_mempool *make_pool(const char *name, uint32_t records)
{
	struct rte_mempool *pool = rte_mempool_create_empty(
		name, records, sizeof(struct weir_event_http), 0, 0, SOCKET_ID_ANY, 0);

	if (!pool)
		return NULL;
	if (rte_mempool_set_ops_byname(pool, "ring_mt_rts", NULL) == 0 &&
	    rte_mempool_populate_default(pool) >= 0)
		return pool;
	rte_mempool_free(pool);
	return NULL;
}

struct weir_event_store *weir_event_store_create(const char *name, uint32_t records)
{
	struct rte_mempool *pool = make_pool(name, records);

	if (!pool)
		weir_error("cannot make the store %s of %u transactions: %s (log.transactions)",
			   name, records, rte_strerror(rte_errno));
	return (struct weir_event_store *)pool;
}

void weir_event_store_destroy(struct weir_event_store *s)
{
	rte_mempool_free(pool_of(s));
}

struct weir_event_http *weir_event_http_take(struct weir_event_store *s)
{
	struct weir_event_http *h;
	void *object;

	if (!s || rte_mempool_get(pool_of(s), &object) < 0)
		return NULL;
	h = object;
	/* The record was last read by another core: what need not be written is not. */
	memset(h, 0, offsetof(struct weir_event_http, method));
	h->method[0] = h->host[0] = h->path[0] = h->user_agent[0] = h->protocol[0] =
		h->identity.text[0] = '\0';
	return h;
}

void weir_event_http_give(struct weir_event_http *h)
{
	if (h)
		rte_mempool_put(rte_mempool_from_obj(h), h);
}
