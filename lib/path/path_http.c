/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A connection of HTTP that is inspected, and one of HTTP/1.1 in particular (for the other see
 * path_http2.c): bytes come in, and it is decided how many of them go on. Nothing of a request
 * reaches the server before it was judged as far as its rules ask, nothing of a response the
 * client; till then bytes stay where TCP has put them, and the window bounds them. What is not well
 * formed goes nowhere.
 */
#include "path_http.h"
#include "path_stream.h"

#include <weir_log.h>

#include <stdio.h>

#include <rte_malloc.h>

#define TIMER_BUDGET 64
/* When spans were missing to pass bytes on, it is tried again so much later. */
#define RETRY_NS (10 * WEIR_NS_PER_MS)

/* ---- ends ---- */

/* The flow stays closed for its peers' repetitions: they would else be taken for a connection that
 * began before weir. */
static void be_dead(struct path_http *x)
{
	x->dead = true;
	if (x->k->stopped) /* it was refused before */
		return;
	x->k->stopped = WEIR_VERDICT_DENY;
	x->k->stop_reason = WEIR_DROP_HTTP;
}

void path_http_abort(struct path_http *x)
{
	if (x->dead)
		return;
	be_dead(x);
	weir_tcp_abort(x->w->tcp, x->k->conn, 3, x->w->now_ns);
}

void path_http_leave_server(struct path_http *x)
{
	if (x->dead)
		return;
	be_dead(x);
	if (weir_likely(!x->k->translator)) {
		path_stream_abort_leg(x->w, x->k, 1);
		return;
	}
	path_stream_shut(x->w, x->k, 0);
	path_stream_shut(x->w, x->k, 1);
}

void path_http_close(struct path_http *x)
{
	if (x->dead)
		return;
	x->dead = true;
	path_stream_shut(x->w, x->k, 0);
	path_stream_shut(x->w, x->k, 1);
}

const char *path_http_bad(struct path_http *x, ssize_t error)
{
	enum weir_http_error e = (enum weir_http_error)(-error);

	x->w->http->bad[e]++;
	return weir_http_error_name(e);
}

void path_http_be_tunnel(struct path_http *x)
{
	x->tunnel = true;
	weir_count(&x->w->stats, WEIR_COUNT_HTTP_TUNNELS, 1);
}

/* ---- what it is judged by ---- */

static void forget_program(struct path_http *x)
{
	if (x->program)
		path_program_put(x->w, x->program);
	x->program = NULL;
}

/* HTTP/1.1 goes over to the newest generation between requests, HTTP/2 with each new one. */
bool path_http_renew(struct path_http *x)
{
	const struct weir_generation *gen = x->w->gen;
	const struct weir_flow *f = x->k->flow;
	const struct weir_service *service;

	if (x->generation == gen->number)
		return x->program;
	forget_program(x);
	x->generation = gen->number;
	service = weir_policy_service(gen->policy, &f->addr[1], f->port[1]);
	if (!service)
		return false;
	x->service = *service;
	x->service.limits.headers = RTE_MIN(service->limits.headers, PATH_HTTP_HEADERS_MAX);
	if (f->decision.flags & WEIR_DECISION_HTTP && service->threat != WEIR_NO_THREAT)
		x->program = path_program_get(x->w, gen, service->threat);
	return x->program;
}

static bool is_between_requests(const struct path_http *x)
{
	return !x->first && x->side[0].state == PATH_HTTP_HEAD &&
	       x->side[1].state == PATH_HTTP_HEAD && !x->side[0].since_ns && !x->side[1].since_ns;
}

/* ---- time ---- */

/* The client is waited for; 0: it is not. A body that waits for a slow server, or to be judged, is
 * none of the client's fault. */
static uint64_t deadline_of_client(const struct path_http *x)
{
	const struct path_http_side *s = &x->side[PATH_TO_SERVER];
	const struct weir_service *service = &x->service;

	if (x->h2 && !x->dead)
		return path_http2_deadline(x->h2);
	if (x->dead || x->tunnel || s->judging || !(x->program || x->k->translator))
		return 0;
	if (s->state == PATH_HTTP_BODY && service->body_timeout_ns)
		return s->since_ns + service->body_timeout_ns;
	if (s->state != PATH_HTTP_HEAD || !path_exchange_may_begin(x))
		return 0;
	if (s->since_ns)
		return service->header_timeout_ns ? s->since_ns + service->header_timeout_ns : 0;
	if (x->first || !service->idle_timeout_ns)
		return 0;
	return x->idle_ns + service->idle_timeout_ns;
}

static uint64_t deadline(const struct path_http *x)
{
	const struct path_translator *t = x->k->translator;
	uint64_t when = deadline_of_client(x);
	uint64_t of_server = weir_unlikely(t != NULL) ? path_translate_deadline(t) : 0;

	return !when || (of_server && of_server < when) ? of_server : when;
}

/* A deadline moves with each request, mostly away. The timer stays where it is then, and on_timer
 * looks again. */
static void set_timer(struct path_http *x, bool settled)
{
	uint64_t when = settled ? deadline(x) : x->w->now_ns + RETRY_NS;
	bool early = weir_timer_armed(&x->timer) &&
		     x->timer.expires_tick <= when >> WEIR_TIMER_TICK_SHIFT;

	if (when && !early)
		weir_timer_arm(&x->w->http->wheel, &x->timer, when);
}

/* ---- steps ---- */

static bool run_tunnel(struct path_http *x)
{
	bool settled = true;

	forget_program(x); /* it may stay for days, and rules of old generations with it */

	for (unsigned int leg = 0; leg < 2; leg++) {
		x->side[leg].at = x->side[leg].free = x->side[leg].clean;
		settled &= path_http_settle(x, leg);
	}
	return settled;
}

static bool run_http(struct path_http *x)
{
	bool more = true, settled[2] = {true, true};

	while (more && !x->dead && !x->tunnel) {
		more = false;
		for (unsigned int leg = 0; leg < 2 && !x->dead && !x->tunnel; leg++) {
			settled[leg] = path_http_settle(x, leg);
			if (settled[leg])
				more |= leg == PATH_TO_SERVER ? path_http_step_request(x)
							      : path_http_step_response(x);
		}
	}
	for (unsigned int leg = 0; leg < 2 && !x->dead; leg++)
		settled[leg] = path_http_settle(x, leg);
	return (settled[0] || x->k->translator) && settled[1];
}

/* The servers have reset the connection. */
static bool is_reset_by_server(const struct path_http *x)
{
	const struct weir_tcp_conn *c = x->k->conn;

	return !x->dead && weir_tcp_is_gone(c, 1) && !weir_tcp_is_gone(c, 0);
}

/* Nothing comes of them any more, so they are told now. */
static void end_exchanges(struct path_http *x)
{
	bool cut = is_reset_by_server(x);

	while (x->first) {
		x->first->cut |= cut && x->first->forwarded && !x->first->answered;
		path_exchange_end(x);
	}
}

/* What is left to be said stands in TCP's queues. */
static void end_all(struct path_http *x)
{
	end_exchanges(x);
	path_http_end_call(x);
	if (x->h2)
		path_http2_end(x->h2);
	if (x->k->translator)
		path_translate_end(x->k->translator);
}

/* ---- running ---- */

/* All has been said: by a server that says no more, or to a client that does not. */
static bool is_over(const struct path_http *x)
{
	return !path_stream_readable(x->k, 1) &&
	       (x->side[PATH_TO_CLIENT].state == PATH_HTTP_OVER ||
		(x->side[PATH_TO_SERVER].state == PATH_HTTP_OVER && !x->first));
}

/* A client that is gone waits for nothing any more. */
static void end_for_client(struct path_http *x)
{
	x->dead = true;
	path_stream_shut(x->w, x->k, 1);
}

static bool run_translated(struct path_http *x)
{
	struct path_translator *t = x->k->translator;
	bool settled = true;

	if (weir_tcp_is_gone(x->k->conn, 0)) {
		end_for_client(x);
		return true;
	}
	if (is_between_requests(x))
		(void)path_http_renew(x);
	do
		settled = run_http(x);
	while (!x->dead && path_translate_go_on(t));
	if (!x->dead && is_over(x))
		path_http_close(x);
	return x->dead || (settled && path_translate_is_settled(t));
}

static bool is_through(const struct path_http_side *s)
{
	return s->state == PATH_HTTP_OVER && !s->judging;
}

/* TCP may keep a connection for a minute behind its end (TIME-WAIT). */
static bool run_plain(struct path_http *x)
{
	bool settled = run_http(x);

	if (is_through(&x->side[PATH_TO_SERVER]) && is_through(&x->side[PATH_TO_CLIENT]))
		end_exchanges(x);
	return settled;
}

/* False: again in a moment. */
static bool run_any(struct path_http *x)
{
	if (x->protocol == PATH_HTTP_UNKNOWN && !path_http_choose_protocol(x))
		return true;
	if (x->h2)
		return x->dead || path_http2_run(x->h2);
	if (weir_unlikely(x->k->translator != NULL))
		return x->dead || run_translated(x);
	if (!x->dead && !x->tunnel && is_between_requests(x) && !path_http_renew(x))
		path_http_be_tunnel(x);
	return x->dead || x->tunnel || run_plain(x);
}

void path_http_run(struct path_http *x)
{
	uint64_t tsc = rte_rdtsc();
	bool settled = true;

	x->running = true;
	x->w->http->judged_ns = 0;
	if (!x->dead && !x->tunnel)
		settled = run_any(x);
	if (!x->dead && x->tunnel)
		settled = run_tunnel(x);
	x->running = false;
	if (x->dead)
		end_all(x);
	set_timer(x, settled || x->dead);
	(void)path_http_spent(x->w, WEIR_HTTP_WORK_ALL, tsc);
}

void path_http_abandon(struct path_http *x)
{
	x->dead = true;
	if (!x->running)
		end_exchanges(x);
}

void path_http_bytes(struct path_http *x, unsigned int leg, uint32_t clean)
{
	x->side[leg].clean = path_stream_offset(x->k, leg) + clean;
	path_http_run(x);
}

/* ---- timers ---- */

static void on_deadline(struct path_http *x)
{
	if (x->h2) {
		path_http2_on_deadline(x->h2);
		path_http_run(x);
		return;
	}
	if (x->k->translator && path_translate_tick(x->k->translator)) {
		path_http_run(x);
		return;
	}
	weir_count(&x->w->stats, WEIR_COUNT_HTTP_TIMEOUTS, 1);
	if (x->side[PATH_TO_SERVER].state == PATH_HTTP_HEAD && !x->side[PATH_TO_SERVER].since_ns)
		path_http_close(x);
	else
		path_http_on_slow_client(x);
	path_http_run(x);
}

static void on_timer(void *ctx, struct weir_timer *t)
{
	struct path_http *x =
		(struct path_http *)(void *)((uint8_t *)t - offsetof(struct path_http, timer));
	struct path_worker *w = ctx;
	uint64_t when = deadline(x);
	struct path_carried *k = x->k;

	if (!when || when > w->now_ns)
		path_http_run(x);
	else if (!path_stream_is_open(x->k))
		weir_timer_arm(&w->http->wheel, t, w->now_ns + WEIR_NS_PER_S);
	else
		on_deadline(x);
	path_stream_flush(k);
}

static void evict(struct path_http *x)
{
	struct path_carried *k = x->k;

	path_http2_evict(x->w);
	path_http_run(x);
	path_stream_flush(k);
}

void path_http_turn(struct path_worker *w)
{
	struct path_http *victim = path_http2_victim(w);

	if (weir_unlikely(victim != NULL))
		evict(victim);
	if (w->http)
		weir_timer_advance(&w->http->wheel, w->now_ns, TIMER_BUDGET, on_timer, w);
}

/* ---- beginning and end of a connection ---- */

bool path_http_begin(struct path_worker *w, struct path_carried *k)
{
	struct path_http *x = w->http ? weir_pool_take(w->http->connections) : NULL;

	if (!x)
		return false;
	*x = (struct path_http){.w = w, .k = k, .idle_ns = w->now_ns};
	path_http_expect_head(x, PATH_TO_SERVER);
	path_http_expect_head(x, PATH_TO_CLIENT);
	k->http = x;
	if (!path_http_renew(x) && !k->tls && !weir_service_translates(&x->service)) {
		x->protocol = PATH_HTTP_1;
		path_http_be_tunnel(x);
	}
	set_timer(x, true);
	return true;
}

void path_http_end(struct path_http *x)
{
	struct path_http_worker *h = x->w->http;

	end_all(x);
	weir_timer_cancel(&h->wheel, &x->timer);
	path_http_stop_waiting(x);
	forget_program(x);
	x->k->http = NULL;
	weir_pool_give(h->connections, x);
}

bool path_http_is_active(const struct path_http *x)
{
	return !x->tunnel;
}

/* Nor need they see what goes nowhere. */
bool path_http_scans(const struct path_http *x)
{
	return x->protocol == PATH_HTTP_2 || x->dead;
}

void path_http_describe(const struct path_http *x, struct weir_path_flow *out)
{
	out->http = !x->tunnel;
	out->http2 = x->protocol == PATH_HTTP_2;
	out->requests = x->requests;
	out->responses = x->responses;
	out->outstanding = x->outstanding;
}

/* ---- a worker's part ---- */

int path_http_worker_create(struct path_worker *w, uint32_t connections)
{
	struct path_http_worker *h = rte_zmalloc(NULL, sizeof(*h), WEIR_CACHE_LINE);
	char name[24];

	if (!h)
		return -WEIR_ENOMEM;
	w->http = h;
	weir_timer_wheel_init(&h->wheel, w->now_ns);
	h->last_waiting = &h->waiting;
	snprintf(name, sizeof(name), "hc_%u_%x", w->id, (unsigned int)((uintptr_t)w >> 6));
	h->connections = weir_pool_create(name, connections, sizeof(struct path_http));
	name[1] = 'x';
	h->exchanges = weir_pool_create(name, connections + PATH_HTTP_OUTSTANDING,
					sizeof(struct path_exchange));
	name[1] = 'g';
	h->calls = weir_pool_create(name, connections, sizeof(struct path_http_call));
	name[1] = 't';
	h->texts =
		weir_pool_create(name, connections / PATH_HTTP_TEXTS_EVERY + PATH_HTTP_TEXTS_LEAST,
				 PATH_HTTP_TEXTS_MAX);
	return h->connections && h->exchanges && h->calls && h->texts ? 0 : -WEIR_ENOMEM;
}

void path_http_worker_destroy(struct path_worker *w)
{
	struct path_http_worker *h = w->http;

	if (!h)
		return;
	if (h->texts)
		weir_pool_destroy(h->texts);
	if (h->calls)
		weir_pool_destroy(h->calls);
	if (h->exchanges)
		weir_pool_destroy(h->exchanges);
	if (h->connections)
		weir_pool_destroy(h->connections);
	rte_free(h);
	w->http = NULL;
}

uint64_t weir_path_bad_http(const struct weir_path *p, unsigned int worker, enum weir_http_error e)
{
	return p->worker[worker]->http->bad[e];
}

size_t path_http_bytes_each(void)
{
	return sizeof(struct path_http) + sizeof(struct path_exchange) +
	       sizeof(struct path_http_call) + PATH_HTTP_TEXTS_MAX / PATH_HTTP_TEXTS_EVERY;
}
