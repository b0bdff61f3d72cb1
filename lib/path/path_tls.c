/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A connection whose TLS weir ends: with the client it speaks as the Service, with the servers in
 * the clear or as their client. What stands on its streams (path_stream.h) sees the plaintext of
 * both. How it ends is for path_tls_close.c.
 */
#include "path_tls.h"
#include "path_names.h"

#include <stdio.h>

#include <rte_malloc.h>

#define TIMER_BUDGET   64
#define HANDSHAKES_MAX 2048u                 /* with clients at a time: some 100 MB of libssl */
#define RETRY_NS       (10 * WEIR_NS_PER_MS) /* when a buffer was missing */
/* Beside handshakes, who may have a name that finds no place in w->names at a time: those that are
 * just about to begin one, or to end it. */
#define NAMES_BESIDE 64

/* ---- legs ---- */

bool path_tls_is_over(const struct path_tls *x, unsigned int leg)
{
	return weir_tcp_is_ended(x->k->conn, leg) || weir_tcp_is_gone(x->k->conn, leg);
}

bool path_tls_is_ended(const struct path_tls *x, unsigned int leg)
{
	const struct path_tls_leg *l = &x->leg[leg];

	return l->state == PATH_TLS_PLAIN ? path_tls_is_over(x, leg) : l->ended;
}

bool path_tls_is_open(const struct path_tls *x)
{
	return !path_tls_has_handshake(&x->leg[PATH_CLIENT]) &&
	       !path_tls_has_handshake(&x->leg[PATH_SERVER]);
}

void path_tls_tell_room(struct path_tls *x, unsigned int leg)
{
	x->leg[leg].told_room = true;
}

bool path_tls_is_up(const struct path_tls *x, unsigned int leg)
{
	enum path_tls_state s = x->leg[leg].state;

	return s == PATH_TLS_OPEN || s == PATH_TLS_PLAIN;
}

enum weir_event_alpn path_tls_alpn(const struct path_tls *x, unsigned int leg)
{
	return x->leg[leg].info.alpn;
}

bool path_tls_has_server(const struct path_tls *x)
{
	return x->service->upstream_tls;
}

bool path_tls_speaks_http2(const struct path_tls *x)
{
	return x->service->http2 && path_http2_is_possible(x->w);
}

bool path_tls_may_translate(const struct path_tls *x)
{
	return x->translates;
}

/* ---- passing on ---- */

static uint32_t cut_views(struct weir_bytes *views, unsigned int *n, uint32_t most)
{
	uint32_t len = 0;

	for (unsigned int i = 0; i < *n; i++) {
		if (views[i].len >= most - len) {
			views[i].len = most - len;
			*n = i + 1;
			return most;
		}
		len += (uint32_t)views[i].len;
	}
	return len;
}

void path_tls_pass(struct path_tls *x, unsigned int leg, uint32_t n)
{
	while (n) {
		struct weir_bytes views[PATH_TLS_VIEWS];
		unsigned int n_views = path_tls_read(x, leg, 0, views, PATH_TLS_VIEWS);
		uint32_t len = cut_views(views, &n_views, RTE_MIN(n, path_tls_most(x, !leg)));
		int error;

		if (!len)
			return;
		error = path_tls_put(x, !leg, views, n_views, len);
		if (error == -WEIR_EAGAIN) {
			x->retry |= !path_tls_has_handshake(&x->leg[!leg]);
			return;
		}
		/* Who is not spoken with any more misses it. */
		path_tls_discard(x, leg, len);
		n -= len;
	}
}

int path_tls_write(struct path_tls *x, unsigned int leg, struct weir_bytes bytes, size_t *done)
{
	for (*done = 0; *done < bytes.len;) {
		uint32_t len = (uint32_t)RTE_MIN(bytes.len - *done, (size_t)path_tls_most(x, leg));
		struct weir_bytes part = weir_bytes_of(bytes.ptr + *done, len);
		int error = path_tls_put(x, leg, &part, 1, len);

		if (error)
			return error == -WEIR_EAGAIN ? -WEIR_ENOMEM : error;
		*done += len;
	}
	return 0;
}

/* ---- working ---- */

static bool step(struct path_tls *x, unsigned int leg)
{
	struct path_tls_leg *l = &x->leg[leg];
	bool news;

	if (path_tls_hand(x, leg))
		x->leg[!leg].news = true; /* it may have waited for that */
	if (l->state != PATH_TLS_PLAIN)
		return path_tls_open(x, leg);
	news = l->news;
	l->news = false;
	if (l->unheard)
		path_tls_discard(x, leg, path_tls_readable(x, leg));
	return news && !l->unheard;
}

/* For its handshake, or for a ticket, which has as long from what was said last to the server. 0:
 * nothing is waited for. */
static uint64_t end_of_wait(const struct path_tls *x, const struct path_tls_leg *l)
{
	uint64_t since_ns = 0;

	if (path_tls_has_handshake(l))
		since_ns = l->begun_ns;
	else if (path_tls_waits_for_ticket(l))
		since_ns = l->said_ns;
	return since_ns ? since_ns + x->service->handshake_timeout_ns : 0;
}

/* 0: nothing is waited for. */
static uint64_t deadline(const struct path_tls *x)
{
	uint64_t when = 0;

	for (unsigned int leg = 0; leg < 2; leg++) {
		const struct path_tls_leg *l = &x->leg[leg];
		uint64_t end = end_of_wait(x, l);

		if (end && (!when || end < when))
			when = end;
	}
	return when;
}

static void set_timer(struct path_tls *x)
{
	uint64_t when = x->retry ? x->w->now_ns + RETRY_NS : deadline(x);

	if (when && !x->dead)
		weir_timer_arm(&x->w->tls->wheel, &x->timer, when);
	else
		weir_timer_cancel(&x->w->tls->wheel, &x->timer);
}

static void work(struct path_tls *x)
{
	bool more = true;

	if (x->working)
		return;
	x->working = true;
	while (more) {
		more = false;
		for (unsigned int leg = 0; leg < 2; leg++) {
			if (!step(x, leg) || x->dead)
				continue;
			path_carry_bytes(x->w, x->k, leg);
			more = true;
		}
		if (!x->dead)
			path_tls_begin_server(x);
		/* What happened on one leg may be news to who reads the other. */
		more |= x->leg[PATH_CLIENT].news || x->leg[PATH_SERVER].news;
	}
	if (!x->dead)
		path_tls_end_streams(x);
	x->working = false;
	set_timer(x);
}

void path_tls_input(struct path_tls *x, unsigned int leg)
{
	x->leg[leg].news |= x->leg[leg].state == PATH_TLS_PLAIN || x->leg[leg].told_room;
	x->leg[leg].told_room = false;
	work(x);
}

void path_tls_flush(struct path_tls *x)
{
	work(x);
}

/* ---- timers ---- */

static void end_wait(struct path_tls *x, unsigned int leg)
{
	if (path_tls_has_handshake(&x->leg[leg]))
		path_tls_fail(x, leg, -WEIR_TLS_E_TIMEOUT);
	else
		path_tls_give_up_ticket(&x->leg[leg]);
}

static void on_timer(void *ctx, struct weir_timer *t)
{
	struct path_tls *x =
		(struct path_tls *)(void *)((uint8_t *)t - offsetof(struct path_tls, timer));
	struct path_worker *w = ctx;

	if (!weir_tcp_is_open(x->k->conn)) { /* that has a time of its own */
		weir_timer_arm(&w->tls->wheel, t, w->now_ns + WEIR_NS_PER_S);
		return;
	}
	for (unsigned int leg = 0; leg < 2 && !x->dead; leg++) {
		struct path_tls_leg *l = &x->leg[leg];

		l->news |= x->retry && !l->unheard;
		if (end_of_wait(x, l) && end_of_wait(x, l) <= w->now_ns)
			end_wait(x, leg);
	}
	x->retry = false;
	work(x);
}

void path_tls_turn(struct path_worker *w)
{
	if (w->tls->wheel.armed)
		weir_timer_advance(&w->tls->wheel, w->now_ns, TIMER_BUDGET, on_timer, w);
}

/* ---- beginning and end ---- */

struct path_tls *path_tls_open_service(struct path_worker *w, struct path_carried *k,
				       const struct path_tls_service *s)
{
	struct path_tls *x = weir_pool_take(w->tls->connections);

	if (!x) {
		path_tls_service_put(w, s);
		return NULL;
	}
	*x = (struct path_tls){.w = w, .k = k, .service = s};
	x->leg[PATH_CLIENT].state = PATH_TLS_IDLE;
	x->leg[PATH_SERVER].state = s->upstream_tls ? PATH_TLS_IDLE : PATH_TLS_PLAIN;
	x->leg[PATH_CLIENT].begun_ns = w->now_ns;
	x->leg[PATH_CLIENT].want = x->leg[PATH_SERVER].want = PATH_TLS_HELD;
	x->heard = k->flow->name != 0;
	x->translates =
		path_http2_is_possible(w) &&
		(s->http2_upstream == WEIR_SERVICE_HTTP2_UPSTREAM || path_tls_knows_http2(x));
	weir_tcp_keep_ends(k->conn);
	k->tls = x;
	set_timer(x);
	return x;
}

bool path_tls_begin(struct path_worker *w, struct path_carried *k)
{
	const struct weir_flow *f = k->flow;
	const struct weir_service *service =
		weir_policy_service(w->gen->policy, &f->addr[1], f->port[1]);
	const struct path_tls_service *s =
		service && w->tls ? path_tls_service_get(w, w->gen, service->tls) : NULL;

	return s && path_tls_open_service(w, k, s);
}

void path_tls_end(struct path_tls *x)
{
	struct path_tls_worker *t = x->w->tls;

	weir_timer_cancel(&t->wheel, &x->timer);
	path_tls_unlist(x);
	path_tls_note_refusal(x, -WEIR_TLS_E_TRUNCATED);
	path_tls_let_go(x, PATH_CLIENT);
	path_tls_let_go(x, PATH_SERVER);
	path_tls_put_leaf(x);
	path_tls_cut_sni(x);
	path_name_put(x->w, x->sni);
	path_identity_put(x->w, x->client);
	path_tls_service_put(x->w, x->service);
	x->k->tls = NULL;
	weir_pool_give(t->connections, x);
}

void path_tls_describe(const struct path_tls *x, struct weir_event_tls tls[2],
		       char sni[WEIR_EVENT_SNI], struct weir_event_identity *identity)
{
	const char *name = path_tls_sni(x);
	size_t len = strnlen(name, WEIR_EVENT_SNI - 1);

	tls[0] = x->leg[PATH_CLIENT].info;
	tls[1] = x->leg[PATH_SERVER].info;
	memcpy(sni, name, len);
	sni[len] = '\0';
	path_tls_identity_told(x, identity);
}

/* ---- a worker's part ---- */

int path_tls_worker_create(struct path_worker *w, uint32_t connections)
{
	struct path_tls_worker *t = rte_zmalloc(NULL, sizeof(*t), WEIR_CACHE_LINE);
	char name[24];

	if (!t)
		return -WEIR_ENOMEM;
	w->tls = t;
	weir_timer_wheel_init(&t->wheel, w->now_ns);
	snprintf(name, sizeof(name), "tl_%u_%x", w->id, (unsigned int)((uintptr_t)w >> 6));
	t->connections = weir_pool_create(name, connections, sizeof(struct path_tls));
	name[1] = 'n';
	t->handshakes.size = RTE_MIN(connections, HANDSHAKES_MAX);
	t->names = weir_pool_create(name, (uint32_t)t->handshakes.size + NAMES_BESIDE,
				    WEIR_TLS_NAME_MAX + 1);
	t->crypto = weir_tls_crypto_create(true);
	t->leaf_reader = weir_tls_leaf_reader_create();
	t->mbufs.size = w->pool->size / 4;
	return t->connections && t->names && t->crypto && t->leaf_reader ? 0 : -WEIR_ENOMEM;
}

void path_tls_worker_destroy(struct path_worker *w)
{
	struct path_tls_worker *t = w->tls;

	if (!t)
		return;
	if (t->names)
		weir_pool_destroy(t->names);
	if (t->connections)
		weir_pool_destroy(t->connections);
	weir_tls_crypto_destroy(t->crypto);
	weir_tls_leaf_reader_destroy(t->leaf_reader);
	rte_free(t);
	w->tls = NULL;
}

uint64_t weir_path_bad_tls(const struct weir_path *p, unsigned int worker, unsigned int leg,
			   enum weir_tls_error e)
{
	return p->worker[worker]->tls->bad[leg][e];
}

size_t path_tls_bytes_each(void)
{
	return sizeof(struct path_tls);
}

size_t path_tls_worker_bytes(void)
{
	return (HANDSHAKES_MAX + NAMES_BESIDE) * (WEIR_TLS_NAME_MAX + 1);
}
