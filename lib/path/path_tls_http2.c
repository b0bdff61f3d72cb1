/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Servers that take nothing but HTTP/2. Where a Service leaves it to them (http2Upstream: auto),
 * who comes with HTTP/1.1 has them offered only that, for most would choose HTTP/2 for nothing: it
 * is translated then, and has no WebSocket. A server that takes no HTTP/1.1 fails that client, and
 * there is no second connection for it. So it is remembered for those that come after: they offer
 * both. What is remembered is forgotten as soon as the server chooses otherwise; it outlives a
 * reload, for it is of the servers, and each worker has its own.
 */
#include "path_tls.h"

#define REMEMBERED_NS           (600 * WEIR_NS_PER_S)
#define NO_APPLICATION_PROTOCOL 120 /* alert (RFC 7301 section 3.2) */

static bool is_of(const struct path_tls *x, const struct path_tls_http2_server *s)
{
	const struct weir_flow *f = x->k->flow;

	return s->until_ns > x->w->now_ns && s->port == f->port[1] &&
	       memcmp(&s->addr, &f->addr[1], sizeof(s->addr)) == 0;
}

static struct path_tls_http2_server *find(const struct path_tls *x)
{
	struct path_tls_worker *t = x->w->tls;

	for (unsigned int i = 0; i < t->n_http2_servers; i++)
		if (is_of(x, &t->http2_servers[i]))
			return &t->http2_servers[i];
	return NULL;
}

/* A free place, or that of the server which was seen last of all the longest time ago. */
static struct path_tls_http2_server *place(struct path_tls_worker *t)
{
	struct path_tls_http2_server *oldest = &t->http2_servers[0];

	if (t->n_http2_servers < PATH_TLS_HTTP2_SERVERS)
		return &t->http2_servers[t->n_http2_servers++];
	for (unsigned int i = 1; i < t->n_http2_servers; i++)
		if (t->http2_servers[i].until_ns < oldest->until_ns)
			oldest = &t->http2_servers[i];
	return oldest;
}

/* Few are looked through, and only beside a handshake. */
bool path_tls_knows_http2(const struct path_tls *x)
{
	return x->service->upstream_tls && x->service->http && !x->service->intercepts &&
	       x->service->http2_upstream == WEIR_SERVICE_AS_CLIENT && find(x);
}

void path_tls_learn_http2(struct path_tls *x)
{
	const struct weir_flow *f = x->k->flow;
	struct path_tls_http2_server *s = find(x);

	x->http2_only = true;
	if (x->service->http2_upstream != WEIR_SERVICE_AS_CLIENT)
		return;
	if (!s) {
		s = place(x->w->tls);
		weir_count(&x->w->stats, WEIR_COUNT_TLS_HTTP2_ONLY, 1);
	}
	*s = (struct path_tls_http2_server){
		.addr = f->addr[1],
		.port = f->port[1],
		.until_ns = x->w->now_ns + REMEMBERED_NS,
	};
}

/* Of what it was offered it has chosen. */
void path_tls_note_choice(struct path_tls *x, int alpn)
{
	struct path_tls_http2_server *s = x->offered_http2 ? find(x) : NULL;

	if (s)
		s->until_ns = alpn == PATH_TLS_H2 ? x->w->now_ns + REMEMBERED_NS : 0;
}

bool path_tls_is_http2_refusal(const struct path_tls *x)
{
	const struct path_tls_leg *l = &x->leg[PATH_SERVER];

	return x->service->http && !x->service->intercepts && !x->offered_http2 && l->conn &&
	       weir_tls_conn_failure(l->conn).alert_received == NO_APPLICATION_PROTOCOL;
}
