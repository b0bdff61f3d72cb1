/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Flows that policy allows by whom their clients ask for. Their connections are TCP's, so that both
 * peers have finished the handshake; what the client says then is held until its ClientHello is
 * whole, and policy is asked. Not a byte of it reaches the server before. What is refused ends with
 * an alert that the client understands; what is allowed goes on as it came.
 */
#include "path_event.h"
#include "path_names.h"
#include "path_tls.h"

#include <weir_tls_hello.h>

#include <rte_malloc.h>

#define TIMER_BUDGET 64
#define VIEWS        64
#define ROOM_AHEAD   2048
/* A ClientHello as it comes: in its records, of which a quarter may be headers. */
#define BYTES_MAX (WEIR_TLS_HELLO_MAX + (16u << 10))

#define ACCESS_DENIED 49 /* alerts (RFC 8446 section 6.2) */
#define DECODE_ERROR  50

struct path_hello {
	struct path_worker *w;
	struct path_carried *k;
	struct weir_timer timer;
	size_t need; /* bytes, before it is of use to look again */
};

/* It ends before TLS begins for its connection. */
_Static_assert(sizeof(struct path_hello) <= sizeof(struct path_tls), "it has that one's place");

struct path_hello_worker {
	struct weir_timer_wheel wheel;
	/* worker only: what was read last */
	struct weir_tls_hello hello;
	struct weir_tls_server_hello answer;
	uint8_t bytes[BYTES_MAX];
	uint8_t room[WEIR_TLS_HELLO_MAX];
};

/* ---- reading ---- */

/* All that can be read, as far as it has room. */
static struct weir_bytes gather(struct path_worker *w, const struct path_carried *k,
				unsigned int leg)
{
	size_t want = RTE_MIN((size_t)weir_tcp_readable(k->conn, leg), sizeof(w->hello->bytes));
	struct weir_bytes views[VIEWS];
	uint8_t *to = w->hello->bytes;
	size_t at = 0;

	while (at < want) {
		unsigned int n = weir_tcp_read(k->conn, leg, (uint32_t)at, views, VIEWS);

		weir_assert(n > 0);
		for (unsigned int i = 0; i < n && at < want; i++) {
			size_t part = RTE_MIN(views[i].len, want - at);

			memcpy(to + at, views[i].ptr, part);
			at += part;
		}
	}
	return weir_bytes_of(to, at);
}

/* What is of use to look at; empty: `need` bytes are not here yet. */
static struct weir_bytes view_of(struct path_worker *w, const struct path_carried *k,
				 unsigned int leg, size_t need)
{
	uint32_t readable = weir_tcp_readable(k->conn, leg);

	return readable && readable >= need ? gather(w, k, leg) : (struct weir_bytes){0};
}

/* More is needed than there is room for. */
static bool is_too_long(const struct path_hello_worker *h, struct weir_bytes view, size_t need)
{
	return view.len >= sizeof(h->bytes) || need > sizeof(h->bytes);
}

ssize_t path_hello_read(struct path_worker *w, struct path_carried *k,
			const struct weir_tls_hello **out, size_t *need)
{
	struct path_hello_worker *h = w->hello;
	struct weir_bytes view = view_of(w, k, 0, *need);
	ssize_t used;

	if (!view.len)
		return 0;
	used = weir_tls_hello_parse(&view, 1, h->room, sizeof(h->room), &h->hello);
	*out = &h->hello;
	*need = h->hello.need;
	if (used == 0 && is_too_long(h, view, *need))
		return -WEIR_TLS_E_HELLO_SIZE;
	return used;
}

int path_hello_read_answer(struct path_worker *w, struct path_carried *k,
			   const struct weir_tls_server_hello **out, size_t *need)
{
	struct path_hello_worker *h = w->hello;
	struct weir_bytes view = view_of(w, k, 1, *need);
	int rc;

	if (!view.len)
		return 0;
	rc = weir_tls_server_hello_parse(&view, 1, h->room, sizeof(h->room), &h->answer);
	*out = &h->answer;
	*need = h->answer.need;
	if (rc == 0 && is_too_long(h, view, *need))
		return -WEIR_TLS_E_HELLO_SIZE;
	return rc;
}

/* ---- refusing ---- */

bool path_hello_alert(struct path_worker *w, struct path_carried *k, uint8_t alert)
{
	const uint8_t record[] = {WEIR_TLS_ALERT, 3, 3, 0, 2, 2, alert};

	return weir_tcp_write(w->tcp, k->conn, 0, weir_bytes_of(record, sizeof(record))) == 0;
}

/* Who can be told in TLS's words is; its connection then ends as if the server had said so. */
static void refuse(struct path_worker *w, struct path_carried *k,
		   const struct weir_policy_decision *d, bool is_tls)
{
	bool deny = d->verdict == WEIR_VERDICT_DENY;
	uint8_t alert = d->reason == WEIR_DROP_HELLO_BAD ? DECODE_ERROR : ACCESS_DENIED;
	struct weir_tcp_leg_info server;

	weir_count(&w->stats, WEIR_COUNT_NAMES_DENIED, 1);
	weir_count(&w->stats, WEIR_COUNT_FLOWS_DENIED, 1);
	weir_count_drop(&w->stats, (enum weir_drop)d->reason);
	k->stopped = d->verdict;
	k->stop_reason = d->reason;
	k->flow->decision.policy = d->policy;
	k->flow->decision.rule = d->rule;
	/* One that weir asks itself has not answered yet: there is nothing to be reset alone. */
	weir_tcp_leg_info(k->conn, 1, &server);
	if (deny && is_tls && server.state != WEIR_TCP_HANDSHAKE && path_hello_alert(w, k, alert))
		weir_tcp_abort_leg(w->tcp, k->conn, 1, w->now_ns);
	else
		weir_tcp_abort(w->tcp, k->conn, deny ? 3 : 2, w->now_ns);
}

/* ---- judging ---- */

static void count_allowed(struct path_worker *w, const struct weir_policy_decision *d)
{
	weir_count(&w->stats, WEIR_COUNT_NAMES_ALLOWED, 1);
	if (d->flags & WEIR_DECISION_WOULD_DENY)
		weir_count(&w->stats, WEIR_COUNT_FLOWS_WOULD_DENY, 1);
	if (d->bypass)
		weir_count(&w->stats, WEIR_COUNT_TLS_BYPASSED, 1);
}

/* `hello` is NULL where there is none. The connection is not held any more, or is over. */
static void judge(struct path_hello *x, const struct weir_policy_name *name,
		  const struct weir_tls_hello *hello)
{
	struct path_worker *w = x->w;
	struct path_carried *k = x->k;
	struct weir_flow *f = k->flow;
	struct weir_policy_query q = path_flow_query(f);
	struct weir_policy_decision d;

	path_hello_end(x);
	weir_policy_decide_name(w->gen->policy, &q, name, &d);
	f->name = path_name_get(w, name);
	if (hello)
		path_event_hello(w, f, &d, hello);
	else if (d.verdict != WEIR_VERDICT_ALLOW)
		path_event_refused(w, f, &d, NULL);
	if (d.verdict != WEIR_VERDICT_ALLOW) {
		refuse(w, k, &d, hello || name->state == WEIR_NAME_MALFORMED);
		return;
	}
	count_allowed(w, &d);
	path_flow_remember(w, f, &d);
	path_carry_go_on(w, k, &d, hello);
}

static void judge_hello(struct path_hello *x, const struct weir_tls_hello *hello)
{
	struct weir_policy_name name = path_name_of_hello(hello);

	judge(x, &name, hello);
}

/* There is no ClientHello to tell of. */
static void judge_without(struct path_hello *x, enum weir_name_state state)
{
	judge(x, &(struct weir_policy_name){.source = WEIR_NAME_SNI, .state = state, .text = ""},
	      NULL);
}

static enum weir_name_state state_of_error(ssize_t error)
{
	return error == -WEIR_TLS_E_NO_HELLO ? WEIR_NAME_NO_TLS : WEIR_NAME_MALFORMED;
}

/* More is needed of who can send more. */
static void wait(struct path_hello *x)
{
	struct path_worker *w = x->w;
	struct weir_tcp_conn *c = x->k->conn;

	if (weir_tcp_is_ended(c, 0) || weir_tcp_is_gone(c, 0)) {
		judge_without(x, weir_tcp_readable(c, 0) ? WEIR_NAME_MALFORMED : WEIR_NAME_NO_TLS);
		return;
	}
	weir_tcp_want(w->tcp, c, 0, (uint32_t)x->need + ROOM_AHEAD);
	if (weir_tcp_is_full(w->tcp, c, 0))
		judge_without(x, WEIR_NAME_MALFORMED);
}

/* Who lets the server speak first speaks no TLS. */
void path_hello_input(struct path_hello *x, unsigned int leg)
{
	const struct weir_tls_hello *hello = NULL;
	ssize_t used = path_hello_read(x->w, x->k, &hello, &x->need);

	if (used > 0)
		judge_hello(x, hello);
	else if (used < 0)
		judge_without(x, state_of_error(used));
	else if (leg == 1 && weir_tcp_readable(x->k->conn, 1))
		judge_without(x, WEIR_NAME_NO_TLS);
	else
		wait(x);
}

/* ---- timers ---- */

static void arm(struct path_hello *x)
{
	const struct weir_policy_defaults *d = weir_policy_defaults(x->w->gen->policy);

	weir_timer_arm(&x->w->hello->wheel, &x->timer, x->w->now_ns + d->timeouts.client_hello_ns);
}

static void on_timer(void *ctx, struct weir_timer *t)
{
	struct path_hello *x =
		(struct path_hello *)(void *)((uint8_t *)t - offsetof(struct path_hello, timer));

	(void)ctx;
	if (weir_tcp_is_open(x->k->conn))
		judge_without(x, WEIR_NAME_LATE);
	else
		arm(x); /* TCP's handshake has a time of its own */
}

void path_hello_turn(struct path_worker *w)
{
	if (w->hello->wheel.armed)
		weir_timer_advance(&w->hello->wheel, w->now_ns, TIMER_BUDGET, on_timer, w);
}

/* ---- beginning and end ---- */

bool path_hello_begin(struct path_worker *w, struct path_carried *k)
{
	struct path_hello *x = weir_pool_take(w->tls->connections);

	if (!x)
		return false;
	*x = (struct path_hello){.w = w, .k = k};
	k->hello = x;
	arm(x);
	return true;
}

void path_hello_end(struct path_hello *x)
{
	weir_timer_cancel(&x->w->hello->wheel, &x->timer);
	x->k->hello = NULL;
	weir_pool_give(x->w->tls->connections, x);
}

/* ---- a worker's part ---- */

int path_hello_worker_create(struct path_worker *w)
{
	struct path_hello_worker *h = rte_zmalloc(NULL, sizeof(*h), WEIR_CACHE_LINE);

	if (!h)
		return -WEIR_ENOMEM;
	w->hello = h;
	weir_timer_wheel_init(&h->wheel, w->now_ns);
	return 0;
}

void path_hello_worker_destroy(struct path_worker *w)
{
	rte_free(w->hello);
	w->hello = NULL;
}
