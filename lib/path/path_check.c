/* SPDX-License-Identifier: BSD-3-Clause */
/* What must hold of connections that weir carries, between two calls; for tests. */
#include "path_http2.h"
#include "path_stream.h"
#include "path_tls.h"

/* What a worker's connections hold, all in all. */
struct held {
	uint32_t carried, scans, http, calls, exchanges, streams, texts;
	uint32_t tls; /* or their hello is waited for */
	uint32_t names, plain_mbufs;
};

static void check_side(const struct path_http *x, unsigned int leg)
{
	const struct path_http_side *s = &x->side[leg];
	uint64_t offset = path_stream_offset(x->k, leg);

	weir_assert(offset <= s->free && s->free <= s->at && s->at <= s->clean);
	weir_assert(s->clean <= offset + path_stream_readable(x->k, leg));
	if (s->state == PATH_HTTP_BODY && s->fate == PATH_HTTP_PASS)
		weir_assert(s->free == s->at);
}

static void check_queue(const struct path_http *x)
{
	bool reading = !x->reading;
	uint16_t n = 0;

	for (const struct path_exchange *e = x->first; e; e = e->next, n++) {
		reading |= e == x->reading;
		weir_assert(!e->begun || (e == x->first && e->forwarded));
		weir_assert(!e->refused || !e->forwarded);
	}
	weir_assert(reading && n == x->outstanding);
	weir_assert(n <= PATH_HTTP_OUTSTANDING);
}

static void check_way(const struct path_http2_way *way)
{
	weir_assert(way->ahead <= way->body.bytes && way->held <= way->body.bytes);
	weir_assert(way->fate != PATH_HTTP_DISCARD || (!way->body.bytes && !way->unread));
	weir_assert(!way->over || way->gone || way->fate == PATH_HTTP_DISCARD);
}

static void check_http2(const struct path_http2 *h)
{
	uint32_t n = 0, late = 0;
	size_t ahead = 0;

	for (const struct path_http2_stream *s = h->streams; s; s = s->next, n++) {
		weir_assert(s->h == h && (s->client || s->server || h->wire == s));
		weir_assert(!s->e.refused || !s->e.begun);
		check_way(&s->way[PATH_TO_SERVER]);
		check_way(&s->way[PATH_TO_CLIENT]);
		ahead += s->way[PATH_TO_SERVER].ahead + s->way[PATH_TO_CLIENT].ahead;
		late += s->late;
	}
	weir_assert(n == h->n_streams && n == h->x->outstanding);
	weir_assert(ahead == h->ahead && late == h->n_late);
}

static void check_http(const struct path_http *x)
{
	if (x->h2) {
		check_http2(x->h2);
		return;
	}
	check_queue(x);
	weir_assert(!x->dead || !x->first);
	/* A reset takes away what was not read. */
	if (x->dead || x->tunnel || !path_stream_is_open(x->k))
		return;
	check_side(x, PATH_TO_SERVER);
	check_side(x, PATH_TO_CLIENT);
}

static void count_texts(const struct path_http *x, struct held *held)
{
	for (const struct path_exchange *e = x->first; e; e = e->next)
		held->texts += e->texts.more != NULL;
	if (!x->h2)
		return;
	for (const struct path_http2_stream *s = x->h2->streams; s; s = s->next)
		held->texts += s->e.texts.more != NULL;
}

static void check_tls(const struct path_carried *k, struct held *held)
{
	weir_assert(k->tls->k == k && !k->tls->working && !k->hello);
	held->tls++;
	held->names += k->tls->lent_sni != NULL;
	for (unsigned int leg = 0; leg < 2; leg++) {
		const struct path_tls_leg *l = &k->tls->leg[leg];
		uint32_t bytes = 0;

		for (const struct rte_mbuf *m = l->first; m; m = m->next, held->plain_mbufs++) {
			weir_assert(m->next || m == l->last);
			bytes += m->data_len;
		}
		weir_assert(bytes == l->held && !l->first == !l->held);
		weir_assert(l->state != PATH_TLS_PLAIN || !l->first);
	}
}

static void check_flow(const struct weir_flow *f, struct held *held)
{
	const struct path_carried *k = path_carried_of_const(f);

	if (!(f->flags & WEIR_FLOW_F_CARRIED))
		return;
	weir_assert(k->flow == f);
	weir_tcp_check(k->conn);
	held->carried++;
	held->scans += k->scan != NULL;
	held->tls += k->hello != NULL;
	if (k->tls)
		check_tls(k, held);
	if (!k->http)
		return;
	weir_assert(k->http->k == k);
	check_http(k->http);
	count_texts(k->http, held);
	held->http++;
	held->calls += k->http->call != NULL;
	if (k->http->h2)
		held->streams += k->http->outstanding;
	else
		held->exchanges += k->http->outstanding;
}

static void check_worker(const struct path_worker *w)
{
	struct held held = {0};

	for (uint32_t i = 0; i < weir_flow_capacity(w->flows); i++) {
		const struct weir_flow *f = weir_flow_at(w->flows, i);

		if (f)
			check_flow(f, &held);
	}
	weir_assert(weir_pool_used(w->scans) == held.scans);
	weir_assert(weir_tcp_count(w->tcp) == held.carried);
	weir_assert(!w->tls || weir_pool_used(w->tls->connections) == held.tls);
	weir_assert(!w->tls || weir_pool_used(w->tls->names) == held.names);
	weir_assert(!w->tls || w->tls->mbufs.used == held.plain_mbufs);
	if (!w->http)
		return;
	weir_assert(weir_pool_used(w->http->connections) == held.http);
	weir_assert(weir_pool_used(w->http->calls) == held.calls);
	weir_assert(weir_pool_used(w->http->exchanges) == held.exchanges);
	weir_assert(weir_pool_used(w->http->texts) == held.texts);
	weir_assert(!w->http2 || w->http2->streams == held.streams);
}

void weir_path_check(const struct weir_path *p)
{
	for (unsigned int i = 0; i < p->n_workers; i++)
		check_worker(p->worker[i]);
}
