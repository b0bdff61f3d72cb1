/* SPDX-License-Identifier: BSD-3-Clause */
/* How full each pool of a worker is. Control reads what its worker writes, a word at a time. */
#include "path_http2.h"
#include "path_names.h"
#include "path_tls.h"

#include <weir_scan.h>

static struct weir_use use_of(const struct weir_pool *p)
{
	return p ? weir_pool_use(p) : (struct weir_use){0};
}

/* DPDK does not tell what was the most of them. */
static struct weir_use mbufs_of(const struct path_worker *w)
{
	return (struct weir_use){
		.used = rte_mempool_in_use_count(w->pool),
		.size = w->pool->size,
		.peak = WEIR_USE_UNKNOWN,
		.full = w->stats.drop[WEIR_DROP_MBUF_EXHAUSTED],
	};
}

static void add_tcp(const struct path_worker *w, struct weir_use *out)
{
	struct weir_tcp_uses tcp = weir_tcp_uses(w->tcp);

	out[WEIR_PATH_POOL_INSPECTED] = tcp.connections;
	out[WEIR_PATH_POOL_TCP_QUEUES] = tcp.queues;
	out[WEIR_PATH_POOL_TCP_SPANS] = tcp.spans;
	out[WEIR_PATH_POOL_TCP_BLOCKS] = tcp.blocks;
}

static void add_tls(const struct path_worker *w, struct weir_use *out)
{
	const struct path_tls_worker *t = w->tls;

	out[WEIR_PATH_POOL_TLS_CONNECTIONS] = use_of(t->connections);
	out[WEIR_PATH_POOL_TLS_HANDSHAKES] = t->handshakes;
	out[WEIR_PATH_POOL_TLS_NAMES] = use_of(t->names);
	out[WEIR_PATH_POOL_TLS_MBUFS] = t->mbufs;
}

static void add_http(const struct path_worker *w, struct weir_use *out)
{
	const struct path_http_worker *h = w->http;

	out[WEIR_PATH_POOL_HTTP_CONNECTIONS] = use_of(h->connections);
	out[WEIR_PATH_POOL_HTTP_EXCHANGES] = use_of(h->exchanges);
	out[WEIR_PATH_POOL_HTTP_CALLS] = use_of(h->calls);
	out[WEIR_PATH_POOL_HTTP_TEXTS] = use_of(h->texts);
	if (w->http2)
		out[WEIR_PATH_POOL_HTTP2_BYTES] = w->http2->use;
}

static void add_waf(const struct path_worker *w, struct weir_use *out)
{
	struct weir_waf_uses waf;

	if (!w->waf)
		return;
	waf = weir_waf_worker_uses(w->waf);
	out[WEIR_PATH_POOL_WAF_BYTES] = waf.bytes;
	out[WEIR_PATH_POOL_WAF_TURNS] = waf.turns;
	out[WEIR_PATH_POOL_WAF_COLLECTIONS] = waf.collections;
}

static void add_records(const struct path_worker *w, struct weir_use *out)
{
	struct weir_event_store_uses store;

	out[WEIR_PATH_POOL_RECORDS] = weir_event_ring_use(w->ring);
	if (!w->store)
		return;
	store = weir_event_store_uses(w->store);
	out[WEIR_PATH_POOL_TRANSACTIONS] = store.records;
	out[WEIR_PATH_POOL_TRANSACTION_MATCHES] = store.matches;
}

void weir_path_pools(const struct weir_path *p, unsigned int worker,
		     struct weir_use out[WEIR_PATH_POOL_END])
{
	const struct path_worker *w = p->worker[worker];

	memset(out, 0, WEIR_PATH_POOL_END * sizeof(*out));
	out[WEIR_PATH_POOL_FLOWS] = weir_flow_use(w->flows);
	out[WEIR_PATH_POOL_MBUFS] = mbufs_of(w);
	out[WEIR_PATH_POOL_DATAGRAMS] = weir_frag_use(w->frags);
	out[WEIR_PATH_POOL_NAMES] = path_texts_use(w->names);
	out[WEIR_PATH_POOL_IDENTITIES] = path_texts_use(w->identities);
	out[WEIR_PATH_POOL_STREAM_RULES] = use_of(w->scans);
	add_tcp(w, out);
	add_tls(w, out);
	add_http(w, out);
	add_waf(w, out);
	add_records(w, out);
}
