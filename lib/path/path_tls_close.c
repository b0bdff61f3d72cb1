/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How a connection whose TLS weir ends comes to its end. How one side ends is done to the other in
 * its own words: close_notify, a bare FIN or a reset, so that a stream that was cut off is no whole
 * one on the other side either.
 */
#include "path_tls.h"

static void forget_keys(struct path_tls *x, unsigned int leg)
{
	struct path_tls_leg *l = &x->leg[leg];

	weir_tls_records_wipe(x->w->tls->crypto, &l->records);
	weir_tls_conn_destroy(l->conn);
	l->conn = NULL;
}

void path_tls_let_go(struct path_tls *x, unsigned int leg)
{
	path_tls_drop(x, leg, x->leg[leg].held);
	forget_keys(x, leg);
}

/* ---- one side ---- */

/* Nothing more is said to the peer of `leg`. Servers whose handshake is not done have been told
 * nothing, and it is no failure of theirs that it ends here. */
static void say_end(struct path_tls *x, unsigned int leg, bool cut)
{
	struct path_tls_leg *l = &x->leg[leg];

	if (l->shut)
		return;
	if (leg == PATH_SERVER && path_tls_has_handshake(l)) {
		path_tls_let_go(x, leg);
		l->state = PATH_TLS_FAILED;
	}
	if (!cut)
		path_tls_alert(x, leg, WEIR_TLS_CLOSE_NOTIFY);
	l->shut = true;
	weir_tcp_shut(x->w->tcp, x->k->conn, leg);
}

static void stop_hearing(struct path_tls *x, unsigned int leg)
{
	x->leg[leg].unheard = true;
	path_tls_drop(x, leg, x->leg[leg].held);
}

/* And so what the other one says goes nowhere. */
static void shut(struct path_tls *x, unsigned int leg, bool cut)
{
	say_end(x, leg, cut);
	stop_hearing(x, !leg);
}

/* Where the other peer was cut off, what came of it must not look whole; who keeps the ends apart
 * has words of its own for that. */
void path_tls_shut(struct path_tls *x, unsigned int leg)
{
	shut(x, leg, !x->keeps_ends && path_tls_is_cut(x, !leg));
}

void path_tls_leave(struct path_tls *x, unsigned int leg)
{
	struct weir_tcp_leg_info info;

	weir_tcp_leg_info(x->k->conn, leg, &info);
	if (info.state == WEIR_TCP_HANDSHAKE)
		weir_tcp_abort(x->w->tcp, x->k->conn, 1, x->w->now_ns);
	else
		weir_tcp_abort_leg(x->w->tcp, x->k->conn, leg, x->w->now_ns);
	path_tls_let_go(x, leg);
	x->leg[leg].state = PATH_TLS_FAILED;
	x->leg[leg].shut = true;
}

void path_tls_abort_leg(struct path_tls *x, unsigned int leg)
{
	path_tls_leave(x, leg);
	stop_hearing(x, !leg);
	shut(x, !leg, false);
}

void path_tls_finish(struct path_tls *x, unsigned int leg)
{
	say_end(x, leg, false);
}

bool path_tls_is_cut(const struct path_tls *x, unsigned int leg)
{
	const struct weir_tcp_conn *c = x->k->conn;

	if (x->leg[leg].state == PATH_TLS_PLAIN)
		return weir_tcp_is_gone(c, leg) && !weir_tcp_is_ended(c, leg);
	return x->leg[leg].cut;
}

bool path_tls_is_torn(const struct path_tls *x, unsigned int leg)
{
	return x->leg[leg].torn;
}

/* ---- both ---- */

static void note_stop(struct path_tls *x, uint8_t verdict, uint16_t reason)
{
	x->k->stopped = verdict;
	x->k->stop_reason = reason;
	weir_count_drop(&x->w->stats, (enum weir_drop)reason);
}

void path_tls_stop(struct path_tls *x, uint8_t verdict, uint16_t reason)
{
	if (x->dead)
		return;
	x->dead = true;
	note_stop(x, verdict, reason);
	if (x->k->http)
		path_http_abandon(x->k->http);
	if (verdict == WEIR_VERDICT_DROP) {
		weir_tcp_abort(x->w->tcp, x->k->conn, 2, x->w->now_ns);
		return;
	}
	shut(x, PATH_CLIENT, true);
	path_tls_abort_leg(x, PATH_SERVER);
}

void path_tls_refuse(struct path_tls *x, uint16_t reason)
{
	x->refused = reason;
	x->leg[PATH_CLIENT].news = true;
	note_stop(x, WEIR_VERDICT_DENY, reason);
	path_tls_leave(x, PATH_SERVER);
}

/* ---- failures ---- */

static void on_server_failure(struct path_tls *x)
{
	say_end(x, PATH_SERVER, true);
	x->leg[PATH_CLIENT].news = true;
	if (path_tls_explain_failure(x, x->k->http && path_http_is_active(x->k->http)))
		return;
	path_tls_alert(x, PATH_CLIENT, weir_tls_error_alert(WEIR_TLS_E_MEMORY));
	path_tls_stop(x, WEIR_VERDICT_DENY, WEIR_DROP_TLS);
}

void path_tls_fail(struct path_tls *x, unsigned int leg, int error)
{
	struct path_tls_leg *l = &x->leg[leg];
	enum weir_tls_error e = (enum weir_tls_error) - error;
	bool client = leg == PATH_CLIENT;

	if (l->state == PATH_TLS_FAILED)
		return;
	if (!client && path_tls_is_http2_refusal(x))
		path_tls_learn_http2(x);
	x->w->tls->bad[leg][e]++;
	weir_count(&x->w->stats, client ? WEIR_COUNT_TLS_FAILED : WEIR_COUNT_TLS_SERVER_FAILED, 1);
	if (e == WEIR_TLS_E_TIMEOUT)
		weir_count(&x->w->stats, WEIR_COUNT_TLS_TIMEOUTS, 1);
	if (path_tls_has_handshake(l) && l->begun_ns)
		l->info.handshake_us = (uint32_t)((x->w->now_ns - l->begun_ns) / WEIR_NS_PER_US);
	l->info.failure = (uint8_t)e;
	if (client)
		path_tls_note_refusal(x, error);
	if (l->state == PATH_TLS_OPEN)
		(void)path_tls_post(x, leg);
	l->state = PATH_TLS_FAILED;
	forget_keys(x, leg); /* what was opened belongs to whoever reads it */
	if (!client) {
		on_server_failure(x);
		return;
	}
	path_tls_unlist(x);
	path_tls_stop(x, WEIR_VERDICT_DENY, WEIR_DROP_TLS);
}

const char *path_tls_failure(const struct path_tls *x)
{
	if (x->refused)
		return weir_drop_name((enum weir_drop)x->refused);
	if (path_tls_server_failure(x) && x->http2_only)
		return PATH_HTTP2_ONLY;
	return path_tls_server_failure(x) ? weir_tls_error_name(path_tls_server_failure(x)) : NULL;
}

bool path_tls_is_refused(const struct path_tls *x)
{
	return x->refused != 0;
}

/* ---- what the end of one side is to the other ---- */

void path_tls_keep_ends(struct path_tls *x)
{
	x->keeps_ends = true;
}

/* Its peer has reset it, and TCP does that to the other one by itself, behind what was passed. */
static bool is_reset_through(const struct path_tls *x, unsigned int leg)
{
	const struct weir_tcp_conn *c = x->k->conn;

	return weir_tcp_is_gone(c, leg) && !weir_tcp_is_ended(c, leg) && !x->leg[leg].shut;
}

/* In the clear there is one word for the end, and it says that all was said: who has begun to say
 * something is better reset. */
static void end_other(struct path_tls *x, unsigned int leg)
{
	if (x->leg[leg].torn && x->leg[!leg].state == PATH_TLS_PLAIN) {
		path_tls_leave(x, !leg);
		shut(x, leg, true);
	} else {
		shut(x, !leg, path_tls_is_cut(x, leg));
	}
}

/* Before its handshake could begin the client has gone. If without a word, it has failed in
 * nothing: so do those who only see whether a port is open. */
static void note_early_end(struct path_tls *x)
{
	struct path_tls_leg *l = &x->leg[PATH_CLIENT];

	if (l->state != PATH_TLS_IDLE || !path_tls_is_over(x, PATH_CLIENT))
		return;
	if (weir_tcp_readable(x->k->conn, PATH_CLIENT)) {
		path_tls_fail(x, PATH_CLIENT, -WEIR_TLS_E_TRUNCATED);
		return;
	}
	l->state = PATH_TLS_FAILED;
	l->ended = true;
}

/* It has reset the connection after it had said all, as the system of one does that closes its
 * socket in a download: without this the servers would go on for nobody. */
static bool is_client_lost(const struct path_tls *x)
{
	return weir_tcp_is_gone(x->k->conn, PATH_CLIENT) && !x->leg[PATH_CLIENT].shut &&
	       x->leg[PATH_SERVER].shut;
}

void path_tls_end_streams(struct path_tls *x)
{
	note_early_end(x);
	if (x->keeps_ends)
		return;
	if (is_client_lost(x)) {
		if (x->k->http)
			path_http_abandon(x->k->http);
		path_tls_leave(x, PATH_SERVER);
		return;
	}
	for (unsigned int leg = 0; leg < 2; leg++) {
		const struct path_tls_leg *to = &x->leg[!leg];

		if (!path_tls_is_ended(x, leg) || path_tls_readable(x, leg) || to->shut)
			continue;
		if (leg == PATH_SERVER && path_tls_has_handshake(to))
			continue;
		if (!is_reset_through(x, leg))
			end_other(x, leg);
	}
	if (x->leg[PATH_SERVER].state == PATH_TLS_FAILED && path_tls_is_ended(x, PATH_CLIENT) &&
	    !path_tls_readable(x, PATH_CLIENT))
		say_end(x, PATH_CLIENT, false);
}
