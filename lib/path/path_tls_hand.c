/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Handshakes with both peers. The client's begins with its first bytes, the servers' as soon as it
 * is known for whom: both may be under way at a time. Once done, libssl's object goes, but where
 * its keys could not be had, or a ticket is waited for.
 */
#include "path_event.h"
#include "path_tls.h"

#define HELLO_AHEAD 2048

/* ---- what was agreed upon ---- */

static void *take_info(void *context, size_t bytes)
{
	struct path_tls_worker *t = context;

	return bytes <= sizeof(t->info) ? t->info : NULL;
}

static void give_info(void *context, void *chunk, size_t bytes)
{
	(void)context;
	(void)chunk;
	(void)bytes;
}

static uint8_t alpn_of(int protocol)
{
	if (protocol == PATH_TLS_H2)
		return WEIR_EVENT_ALPN_HTTP2;
	return protocol == PATH_TLS_HTTP1 ? WEIR_EVENT_ALPN_HTTP1 : WEIR_EVENT_ALPN_NONE;
}

struct weir_arena_source path_tls_info_source(struct path_tls_worker *t)
{
	return (struct weir_arena_source){take_info, give_info, t};
}

/* *alpn is the protocol that was agreed upon; -1: none. 0, or negative. */
static int note_info(struct path_tls *x, unsigned int leg, int *alpn)
{
	const struct weir_arena_source source = path_tls_info_source(x->w->tls);
	struct path_tls_leg *l = &x->leg[leg];
	struct weir_tls_info info;
	struct weir_arena a;

	weir_arena_init(&a, &source, PATH_TLS_INFO_MAX);
	/* What has no room there is a list of names that are not used here. */
	(void)!weir_tls_conn_info(l->conn, &a, &info);
	l->info = (struct weir_event_tls){
		.cipher = info.cipher,
		.version = info.version,
		.handshake_us = (uint32_t)((x->w->now_ns - l->begun_ns) / WEIR_NS_PER_US),
		.alpn = alpn_of(info.alpn),
		.resumed = info.resumed,
		.shown = info.has_cert,
		.verified = info.verified,
	};
	if (leg == PATH_CLIENT && !path_tls_set_sni(x, info.sni))
		return -WEIR_TLS_E_MEMORY;
	*alpn = info.alpn;
	return 0;
}

static void count(struct path_tls *x, unsigned int leg)
{
	struct weir_stats *s = &x->w->stats;
	bool client = leg == PATH_CLIENT;

	weir_count(s, client ? WEIR_COUNT_TLS_HANDSHAKES : WEIR_COUNT_TLS_SERVER_HANDSHAKES, 1);
	if (x->leg[leg].info.resumed)
		weir_count(s, client ? WEIR_COUNT_TLS_RESUMED : WEIR_COUNT_TLS_SERVER_RESUMED, 1);
	if (x->leg[leg].kept)
		weir_count(s, WEIR_COUNT_TLS_KEPT, 1);
}

/* 0, or what is wrong with it all the same. */
static int finish(struct path_tls *x, unsigned int leg)
{
	struct path_tls_leg *l = &x->leg[leg];
	int alpn, error = note_info(x, leg, &alpn);

	if (error)
		return error;
	if (leg == PATH_CLIENT) {
		path_tls_unlist(x);
		path_tls_put_leaf(x);
		path_tls_note_client(x);
	} else if (x->service->intercepts) {
		error = path_tls_mint(x, alpn);
	} else {
		path_tls_note_choice(x, alpn);
	}
	if (error)
		return error;
	l->kept = !weir_tls_take_records(l->conn, &l->records);
	if (!l->kept && !weir_tls_wants_ticket(l->conn)) {
		weir_tls_conn_destroy(l->conn);
		l->conn = NULL;
	}
	l->state = PATH_TLS_OPEN;
	l->said_ns = x->w->now_ns; /* the handshake's beginning was there */
	if (leg == PATH_CLIENT && x->leg[PATH_SERVER].state != PATH_TLS_IDLE)
		path_tls_cut_sni(x);
	count(x, leg);
	if (leg == PATH_CLIENT)
		path_tls_judge_client(x);
	return 0;
}

/* ---- going on ---- */

/* Gives libssl what has come; *used is whether that was anything. */
static int feed(struct path_tls *x, unsigned int leg, bool *used)
{
	struct path_tls_out o = {x, leg};
	const struct weir_tls_writer writer = path_tls_writer(&o);
	struct weir_bytes views[PATH_TLS_VIEWS];
	unsigned int n = weir_tcp_read(x->k->conn, leg, 0, views, PATH_TLS_VIEWS);
	size_t len;
	int rc = weir_tls_handshake(x->leg[leg].conn, views, n, &len, &writer);

	*used = len > 0;
	(void)weir_tcp_discard(x->w->tcp, x->k->conn, leg, (uint32_t)len);
	return rc;
}

void path_tls_unlist(struct path_tls *x)
{
	struct path_tls_worker *t = x->w->tls;

	if (!x->listed)
		return;
	x->listed = false;
	*(x->older ? &x->older->newer : &t->oldest) = x->newer;
	*(x->newer ? &x->newer->older : &t->newest) = x->older;
	weir_use_give(&t->handshakes, 1);
}

/* Each takes tens of kilobytes of libssl: who has had the longest time for it makes room. */
static void list(struct path_tls *x)
{
	struct path_tls_worker *t = x->w->tls;

	if (t->handshakes.used == t->handshakes.size) {
		t->handshakes.full++;
		path_tls_fail(t->oldest, PATH_CLIENT, -WEIR_TLS_E_MEMORY);
	}
	x->listed = true;
	x->newer = NULL;
	x->older = t->newest;
	*(x->older ? &x->older->newer : &t->oldest) = x;
	t->newest = x;
	weir_use_take(&t->handshakes, 1);
}

/* Bits for ALPN. */
static uint32_t spoken(const struct path_tls *x, bool http2)
{
	if (x->service->intercepts)
		return x->offered;
	if (!x->service->http)
		return 0;
	return PATH_TLS_BIT(PATH_TLS_HTTP1) | (http2 ? PATH_TLS_BIT(PATH_TLS_H2) : 0);
}

/* Whether the client's hello has been told of, or never can be. */
static bool hear_client(struct path_tls *x)
{
	const struct weir_tls_hello *hello = NULL;
	struct weir_tcp_conn *c = x->k->conn;
	size_t need = x->need;
	ssize_t used;

	if (x->heard)
		return true;
	used = path_hello_read(x->w, x->k, &hello, &need);
	x->need = (uint32_t)need;
	if (used == 0 && !path_tls_is_over(x, PATH_CLIENT)) {
		weir_tcp_want(x->w->tcp, c, PATH_CLIENT, x->need + HELLO_AHEAD);
		if (!weir_tcp_is_full(x->w->tcp, c, PATH_CLIENT))
			return false;
	}
	x->heard = true;
	if (used > 0) {
		path_tls_note_name(x, hello);
		path_event_hello(x->w, x->k->flow, NULL, hello);
	}
	return true;
}

static void begin_client(struct path_tls *x)
{
	struct path_tls_leg *l = &x->leg[PATH_CLIENT];
	struct weir_tls_accept_opts opts = {
		.alpn = spoken(x, path_tls_speaks_http2(x)),
		.identity = x->identity,
	};

	if (!x->listed)
		list(x);
	l->conn = weir_tls_accept(x->service->server[x->w->id], &opts);
	l->state = PATH_TLS_HANDSHAKE;
	l->begun_ns = x->w->now_ns;
	if (!l->conn)
		path_tls_fail(x, PATH_CLIENT, -WEIR_TLS_E_MEMORY);
}

bool path_tls_hand(struct path_tls *x, unsigned int leg)
{
	struct path_tls_leg *l = &x->leg[leg];
	bool used = true;
	int rc = WEIR_TLS_WANT;

	if (leg == PATH_CLIENT && l->state == PATH_TLS_IDLE && weir_tcp_readable(x->k->conn, leg) &&
	    !path_tls_waits_for_server(x) && hear_client(x))
		begin_client(x);
	if (l->state != PATH_TLS_HANDSHAKE)
		return false;
	while (rc == WEIR_TLS_WANT && used && weir_tcp_readable(x->k->conn, leg))
		rc = feed(x, leg, &used);
	if (rc == WEIR_TLS_WANT && path_tls_is_over(x, leg))
		rc = -WEIR_TLS_E_TRUNCATED;
	if (rc == WEIR_TLS_DONE) {
		int error = finish(x, leg);

		rc = error ? error : rc;
	}
	if (rc < 0)
		path_tls_fail(x, leg, rc);
	return rc == WEIR_TLS_DONE;
}

/* ---- the servers' side ---- */

/* Who is asked for by no name is asked for by address. */
static const char *server_name(const struct path_tls *x, char text[WEIR_ADDR_TEXT])
{
	if (x->service->server_name[0])
		return x->service->server_name;
	return *path_tls_sni(x) ? path_tls_sni(x) : weir_addr_format(&x->k->flow->addr[1], text);
}

/* Whether it is known for whom, and in which protocol, the servers are to be asked. */
static bool is_client_known(const struct path_tls *x)
{
	const struct path_tls_leg *l = &x->leg[PATH_CLIENT];

	if (l->state == PATH_TLS_IDLE)
		return x->service->intercepts;
	if (path_tls_waits_for_identity(x))
		return false;
	return l->state != PATH_TLS_HANDSHAKE ||
	       (x->service->server_name[0] &&
		(!x->service->http2 || weir_tls_conn_alpn(l->conn) >= 0));
}

static bool may_begin(struct path_tls *x)
{
	struct weir_tcp_leg_info info;

	if (x->leg[PATH_SERVER].state != PATH_TLS_IDLE || !is_client_known(x))
		return false;
	/* It was asked by weir itself, and has not answered yet. */
	weir_tcp_leg_info(x->k->conn, PATH_SERVER, &info);
	x->retry |= info.state == WEIR_TCP_HANDSHAKE;
	return info.state != WEIR_TCP_HANDSHAKE;
}

static bool is_http2_client(const struct path_tls *x)
{
	const struct path_tls_leg *l = &x->leg[PATH_CLIENT];

	return l->state == PATH_TLS_HANDSHAKE ? weir_tls_conn_alpn(l->conn) == PATH_TLS_H2
					      : l->info.alpn == WEIR_EVENT_ALPN_HTTP2;
}

/* Who speaks HTTP/1.1 may ask for what HTTP/2 has not, so its servers are asked for HTTP/2 only
 * where the Service says so, or they are known to take nothing else. */
static bool offers_http2(const struct path_tls *x)
{
	return path_tls_may_translate(x) ||
	       (x->service->http2_upstream == WEIR_SERVICE_AS_CLIENT && is_http2_client(x));
}

void path_tls_begin_server(struct path_tls *x)
{
	struct path_tls_leg *l = &x->leg[PATH_SERVER];
	struct weir_tls_connect_opts opts;
	char text[WEIR_ADDR_TEXT];
	bool used;
	int rc;

	if (!may_begin(x))
		return;
	x->offered_http2 = offers_http2(x);
	opts = (struct weir_tls_connect_opts){.alpn = spoken(x, x->offered_http2)};
	if (x->service->intercepts)
		list(x); /* its client's handshake takes over from this one */
	opts.name = server_name(x, text);
	l->state = PATH_TLS_HANDSHAKE;
	l->begun_ns = x->w->now_ns;
	l->conn = weir_tls_connect(x->service->client[x->w->id], &opts);
	if (!x->service->intercepts)
		path_tls_cut_sni(x);
	rc = l->conn ? feed(x, PATH_SERVER, &used) : -WEIR_TLS_E_MEMORY;
	if (rc < 0)
		path_tls_fail(x, PATH_SERVER, rc);
}
