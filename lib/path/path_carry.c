/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Flows whose content is inspected: weir carries their TCP connections itself (lib/tcp), so that
 * what was inspected is what is delivered. What a peer sends ends here and is sent anew.
 */
#include "path_event.h"
#include "path_names.h"
#include "path_stream.h"

#define ADVANCE_BUDGET 256

static uint16_t port_of_leg(const struct path_worker *w, const struct weir_flow *f,
			    unsigned int leg)
{
	return w->path->conf->wires[f->wire].port[f->side ^ leg];
}

static void let_go(struct path_worker *w, struct path_carried *k)
{
	k->flow->flags &= (uint8_t)~WEIR_FLOW_F_CARRIED;
	if (k->hello)
		path_hello_end(k->hello);
	if (k->http)
		path_http_end(k->http);
	if (k->tls) {
		w->told_tls.of = k->flow;
		path_tls_describe(k->tls, w->told_tls.tls, w->told_tls.sni, &w->told_tls.identity);
		path_tls_end(k->tls);
	}
	path_scan_end(w, k);
	*k = (struct path_carried){0};
}

/* ---- what the connections ask for ---- */

static WEIR_COLD void trace_sent(struct path_worker *w, const struct weir_flow *f, unsigned int leg,
				 uint16_t port, struct rte_mbuf *m)
{
	struct weir_pkt p;

	if (!path_is_traced(w, f))
		return;
	weir_pkt_parse(&p, m, WEIR_PKT_CHECKSUM_IGNORE);
	path_event_trace(w, w->side[port].name, WEIR_EVENT_SENT, &p, f, !leg, WEIR_DROP_NONE);
}

static void on_send(void *ctx, struct weir_tcp_conn *c, unsigned int leg, struct rte_mbuf *m)
{
	const struct path_carried *k = weir_tcp_user(c);
	struct path_worker *w = ctx;
	uint16_t port = port_of_leg(w, k->flow, leg);

	if (weir_unlikely(atomic_load_explicit(&w->path->link_down[port], memory_order_relaxed))) {
		weir_count_drop(&w->stats, WEIR_DROP_TX_LINK_DOWN);
		path_free(w, m);
		return;
	}
	if (weir_unlikely(w->trace != NULL))
		trace_sent(w, k->flow, leg, port, m);
	path_send(w, port, m);
}

/* What completes a match does not go on. With `drop` the sender is not told; its peer is reset in
 * any case, or a repetition could still reach it when the flow is forgotten. */
void path_carry_stop(struct path_worker *w, struct path_carried *k, unsigned int leg, bool reset)
{
	weir_count(&w->stats, WEIR_COUNT_STREAMS_STOPPED, 1);
	weir_count_drop(&w->stats, WEIR_DROP_STREAM_RULE);
	if (weir_unlikely(path_is_traced(w, k->flow)))
		path_event_stopped(w, k->flow, (uint8_t)leg, path_stream_readable(k, leg),
				   reset ? WEIR_VERDICT_DENY : WEIR_VERDICT_DROP);
	k->stopped = reset ? WEIR_VERDICT_DENY : WEIR_VERDICT_DROP;
	k->stop_reason = WEIR_DROP_STREAM_RULE;
	weir_tcp_abort(w->tcp, k->conn, reset ? 3u : 2u >> leg, w->now_ns);
}

/* TLS that failed, or who showed which certificate, is no verdict on the next connection from
 * there. */
static bool is_of_connection(uint16_t reason)
{
	return reason == WEIR_DROP_TLS || reason == WEIR_DROP_IDENTITY_DENIED ||
	       reason == WEIR_DROP_IDENTITY_MISSING || reason == WEIR_DROP_IDENTITY_UNSEEN;
}

/* A reset may be lost, and a sender repeats: what still comes of the connection is refused, for it
 * would else be taken for one that began before weir. */
static void refuse_rest(struct path_worker *w, struct weir_flow *f, uint8_t verdict,
			uint16_t reason)
{
	f->decision.verdict = verdict;
	f->decision.reason = reason;
	path_event_flow(w, f, WEIR_FLOW_END_POLICY);
	if (is_of_connection(reason))
		weir_flow_close(w->flows, f, w->now_ns);
	else
		weir_flow_deny(w->flows, f, w->now_ns);
}

static WEIR_COLD void on_scan_failure(struct path_worker *w, struct path_carried *k)
{
	path_note_drop(w, NULL, NULL, WEIR_DROP_SCAN_EXHAUSTED);
	if (weir_policy_defaults(w->gen->policy)->on_memory == WEIR_FAIL_OPEN) {
		if (!k->unscanned)
			weir_count(&w->stats, WEIR_COUNT_UNSCANNED, 1);
		k->unscanned = true;
		return;
	}
	weir_count_drop(&w->stats, WEIR_DROP_SCAN_EXHAUSTED);
	weir_tcp_abort(w->tcp, k->conn, 3, w->now_ns);
}

static void pass(struct path_worker *w, struct path_carried *k, unsigned int leg, uint32_t clean)
{
	if (k->http)
		path_http_bytes(k->http, leg, clean);
	else
		path_stream_pass(w, k, leg, clean);
}

void path_carry_bytes(struct path_worker *w, struct path_carried *k, unsigned int leg)
{
	uint32_t clean;
	bool reset;

	if (weir_unlikely(k->look) && !path_look(w, k, leg))
		return;
	if (path_stream_is_translated(k, leg))
		path_translate_input(k->translator);
	clean = path_stream_readable(k, leg);
	if (clean && !k->unscanned && !(k->http && path_http_scans(k->http))) {
		switch (path_scan(w, k, leg, &clean, &reset)) {
		case PATH_SCAN_PASS:
			break;
		case PATH_SCAN_STOP:
			if (!k->http)
				path_stream_pass(w, k, leg, clean);
			path_carry_stop(w, k, leg, reset);
			return;
		case PATH_SCAN_FAILED:
			on_scan_failure(w, k);
			if (!k->unscanned)
				return;
			clean = path_stream_readable(k, leg);
			break;
		}
	}
	pass(w, k, leg, clean);
}

static void on_bytes(void *ctx, struct weir_tcp_conn *c, unsigned int leg)
{
	struct path_carried *k = weir_tcp_user(c);

	if (weir_unlikely(k->hello != NULL))
		path_hello_input(k->hello, leg);
	else if (weir_unlikely(k->tls != NULL))
		path_tls_input(k->tls, leg);
	else
		path_carry_bytes(ctx, k, leg);
}

static void on_end(void *ctx, struct weir_tcp_conn *c, enum weir_tcp_end why)
{
	static const enum weir_flow_end ends[] = {
		[WEIR_TCP_END_CLOSED] = WEIR_FLOW_END_CLOSED,
		[WEIR_TCP_END_TIMEOUT] = WEIR_FLOW_END_EXPIRED,
		[WEIR_TCP_END_EVICTED] = WEIR_FLOW_END_EVICTED,
		[WEIR_TCP_END_ABORTED] = WEIR_FLOW_END_POLICY,
	};
	struct path_worker *w = ctx;
	struct path_carried *k = weir_tcp_user(c);
	struct weir_flow *f = k->flow;
	uint8_t stopped = k->stopped;
	uint16_t reason = k->stop_reason;

	let_go(w, k);
	if (stopped != WEIR_VERDICT_ALLOW)
		refuse_rest(w, f, stopped, reason);
	else if (why == WEIR_TCP_END_RESET)
		weir_flow_close(w->flows, f, w->now_ns);
	else
		weir_flow_remove(w->flows, f, ends[why], w->now_ns);
}

const struct weir_tcp_ops path_tcp_ops = {
	.send = on_send,
	.on_bytes = on_bytes,
	.on_end = on_end,
};

/* ---- a flow's life ---- */

/* Where nothing protects a Service, HTTP is read only by who may have to translate it. */
static bool is_read_as_http(const struct path_carried *k)
{
	return k->flow->decision.flags & WEIR_DECISION_HTTP ||
	       (k->tls && (path_tls_speaks_http2(k->tls) || path_tls_may_translate(k->tls)));
}

/* What is read out of its bytes. A replay has no keys: there TLS stays what it is. False: no room.
 */
static bool begin_content(struct path_worker *w, struct path_carried *k)
{
	uint8_t flags = k->flow->decision.flags;

	if (flags & WEIR_DECISION_TLS && !w->gen->tls)
		return true;
	if (flags & WEIR_DECISION_TLS && !path_tls_begin(w, k))
		return false;
	if (!is_read_as_http(k) || path_http_begin(w, k))
		return true;
	if (k->tls)
		path_tls_end(k->tls);
	return false;
}

/* First of all whom the client asks for, where that decides about all the rest. */
static bool begin_reading(struct path_worker *w, struct path_carried *k)
{
	if (k->flow->decision.flags & WEIR_DECISION_NAMES)
		return path_hello_begin(w, k);
	return begin_content(w, k);
}

static void hand_over(struct path_worker *w, struct path_carried *k)
{
	for (unsigned int leg = 0; leg < 2; leg++)
		if (k->tls)
			path_tls_input(k->tls, leg);
		else
			path_carry_bytes(w, k, leg);
}

/* Of TLS that stays closed HTTP cannot be read. */
static void close_content(struct weir_flow *f)
{
	if (!(f->decision.flags & WEIR_DECISION_TLS))
		f->decision.flags &= (uint8_t)~WEIR_DECISION_HTTP;
}

/* What is a Service's weir ends as that. */
static bool is_intercepted(const struct path_worker *w, const struct weir_policy_decision *d)
{
	return d->flags & WEIR_DECISION_INTERCEPT && !(d->flags & WEIR_DECISION_TLS) && w->gen->tls;
}

static bool begin_intercepted(struct path_worker *w, struct path_carried *k, uint16_t tls,
			      const struct weir_tls_hello *hello)
{
	if (!path_tls_begin_intercepted(w, k, tls, hello))
		return false;
	if (!(k->flow->decision.flags & WEIR_DECISION_HTTP) || path_http_begin(w, k))
		return true;
	path_tls_end(k->tls);
	return false;
}

void path_carry_go_on(struct path_worker *w, struct path_carried *k,
		      const struct weir_policy_decision *d, const struct weir_tls_hello *hello)
{
	bool begun;

	if (hello && is_intercepted(w, d)) {
		begun = begin_intercepted(w, k, d->intercept, hello);
	} else {
		if (hello)
			close_content(k->flow);
		begun = begin_content(w, k);
	}
	k->look = hello && !k->tls && !k->http ? PATH_LOOK_ANSWER : PATH_LOOK_DONE;
	if (begun) {
		hand_over(w, k);
		return;
	}
	path_note_drop(w, NULL, NULL, WEIR_DROP_FLOW_TABLE_FULL);
	weir_count_drop(&w->stats, WEIR_DROP_FLOW_TABLE_FULL);
	weir_tcp_abort(w->tcp, k->conn, 3, w->now_ns);
}

bool path_carry_is_held(const struct weir_flow *f)
{
	return f->flags & WEIR_FLOW_F_CARRIED && path_carried_of_const(f)->hello;
}

bool path_carry_identity(const struct path_worker *w, const struct weir_flow *f,
			 struct weir_policy_identity *out)
{
	if (f->flags & WEIR_FLOW_F_CARRIED && path_carried_of_const(f)->tls)
		return path_tls_identity(path_carried_of_const(f)->tls, out);
	*out = path_identity_of(w, 0);
	return true;
}

bool path_carry_begin(struct path_worker *w, const struct path_burst *b, const struct weir_pkt *p,
		      struct weir_flow *f, bool look)
{
	struct weir_tcp_open open = {
		.mtu = {w->side[b->port].mtu, w->side[b->in->peer].mtu},
	};
	struct weir_tcp_conn *c = p->tcp_flags & WEIR_TCP_SYN
					  ? weir_tcp_open(w->tcp, p, &open, w->now_ns)
					  : weir_tcp_open_by_cookie(w->tcp, p, &open, w->now_ns);
	struct path_carried *k = path_carried_of(f);

	if (!c)
		return false;
	*k = (struct path_carried){
		.flow = f, .conn = c, .look = look ? PATH_LOOK_HELLO : PATH_LOOK_FIRST};
	if (!begin_reading(w, k)) {
		weir_tcp_forget(w->tcp, c);
		*k = (struct path_carried){0};
		return false;
	}
	weir_tcp_set_user(c, k);
	f->flags |= WEIR_FLOW_F_CARRIED;
	weir_count(&w->stats, WEIR_COUNT_FLOWS_INSPECTED, 1);
	return true;
}

void path_carry_forget(struct path_worker *w, struct weir_flow *f)
{
	struct path_carried *k = path_carried_of(f);

	weir_tcp_forget(w->tcp, k->conn);
	let_go(w, k);
}

/* ---- release ---- */

/* Policy asks for it, and there is a rule about this port, or there may be one any day. */
static bool is_to_be_inspected(const struct path_worker *w, const struct weir_flow *f)
{
	const struct weir_scan_db *db = w->gen->scan;

	return f->decision.flags & WEIR_DECISION_INSPECT &&
	       (!db || weir_scan_applies(db, WEIR_SCAN_TO_SERVER, f->port[1]) ||
		weir_scan_applies(db, WEIR_SCAN_TO_CLIENT, f->port[1]));
}

/* Its TLS is told of first. */
static bool is_waited_for(const struct path_carried *k)
{
	return k->look == PATH_LOOK_HELLO || k->look == PATH_LOOK_ANSWER;
}

/* There is nothing to inspect (any more), and nothing is under way: both peers' numbers are the
 * same on either leg, so the flow is forwarded from here on as if it always had been. */
bool path_carry_release(struct path_worker *w, struct weir_flow *f)
{
	struct path_carried *k = path_carried_of(f);
	struct weir_flow_tcp side[2];

	if (k->hello || k->stopped || is_waited_for(k) || is_to_be_inspected(w, f) || k->tls ||
	    (k->http && path_http_is_active(k->http)) || !weir_tcp_is_quiet(k->conn))
		return false;
	for (unsigned int leg = 0; leg < 2; leg++) {
		struct weir_tcp_edge e;

		weir_tcp_edge(k->conn, leg, &e);
		side[leg] = (struct weir_flow_tcp){
			.start = e.seq_start,
			.end = e.seq_next,
			.max_end = e.seq_end,
			.max_win = e.window ? e.window : 1,
			.ack = e.ack,
			.acked = true,
			.scale = e.scale,
			.scale_sent = e.scale_sent,
		};
	}
	path_carry_forget(w, f);
	weir_flow_resume(f, side);
	weir_count(&w->stats, WEIR_COUNT_FLOWS_RELEASED, 1);
	return true;
}

/* The forwarding path's word for where the two legs stand. */
static enum weir_flow_state state_of(const struct weir_tcp_conn *c)
{
	if (!weir_tcp_is_answered(c))
		return WEIR_FLOW_SYN_SENT;
	if (!weir_tcp_is_open(c))
		return WEIR_FLOW_SYN_RECEIVED;
	if (weir_tcp_is_past(c))
		return WEIR_FLOW_TIME_WAIT;
	return weir_tcp_is_closing(c) ? WEIR_FLOW_FIN_WAIT : WEIR_FLOW_ESTABLISHED;
}

bool path_carry_may_reopen(const struct weir_flow *f, uint8_t dir, const struct weir_pkt *p)
{
	return weir_tcp_may_reopen(path_carried_of_const(f)->conn, dir, p);
}

enum weir_drop path_carry(struct path_worker *w, const struct path_burst *b, struct weir_pkt *p,
			  struct weir_flow *f, uint8_t dir)
{
	struct weir_tcp_conn *c = path_carried_of(f)->conn;
	bool verified = b->in->checksum != WEIR_PKT_CHECKSUM_IGNORE;
	struct weir_pkt copy = *p; /* the frame is gone afterwards */
	enum weir_drop reason = weir_tcp_input(w->tcp, c, dir, p, verified, w->now_ns);

	if (weir_unlikely(reason != WEIR_DROP_NONE)) {
		path_note_drop(w, b, NULL, reason);
		weir_count_drop(&w->stats, reason);
		return reason;
	}
	weir_flow_note(w->flows, f, &copy, dir, state_of(c), w->now_ns);
	return WEIR_DROP_NONE;
}

void path_carry_describe(const struct weir_flow *f, struct weir_path_flow *out)
{
	const struct path_carried *k = path_carried_of_const(f);

	for (unsigned int leg = 0; leg < 2; leg++) {
		weir_tcp_leg_info(k->conn, leg, &out->leg[leg]);
		out->scanned[leg] = k->scan ? k->scan[leg].scanned - k->scan[leg].first : 0;
	}
	weir_event_identity_set(&out->identity, "");
	if (k->tls)
		path_tls_identity_told(k->tls, &out->identity);
	if (k->http)
		path_http_describe(k->http, out);
}

/* ---- ICMP ---- */

/* The next hop's MTU of "fragmentation needed" (RFC 1191 section 4) or Packet Too Big (RFC 4443
 * section 3.2); 0 for all other errors. */
static uint16_t mtu_told(const struct weir_pkt *p)
{
	const uint8_t *icmp = rte_pktmbuf_mtod_offset(p->mbuf, const uint8_t *, p->l4_off);
	bool v6 = p->tuple.proto == WEIR_PROTO_ICMPV6;
	uint32_t mtu;

	if (v6 ? p->icmp_type != 2 : (p->icmp_type != 3 || p->icmp_code != 4))
		return 0;
	if (rte_pktmbuf_data_len(p->mbuf) < p->l4_off + 8u)
		return 0;
	mtu = (uint32_t)icmp[6] << 8 | icmp[7];
	if (v6)
		mtu |= (uint32_t)icmp[4] << 24 | (uint32_t)icmp[5] << 16;
	return mtu > UINT16_MAX ? UINT16_MAX : (uint16_t)mtu;
}

/* `dir` is that of the quoted packet. True: `p` is for weir, which sends narrower from now on;
 * false: its peer may hear of it, if the quote is *good. */
bool path_carry_icmp(struct path_worker *w, const struct weir_pkt *p, struct weir_flow *f,
		     uint8_t dir, bool *good)
{
	struct weir_tcp_conn *c = path_carried_of(f)->conn;
	uint16_t mtu = mtu_told(p);

	*good = weir_tcp_is_under_way(c, !dir, p->quote_seq);
	if (!*good || !mtu || !weir_tcp_is_open(c))
		return false;
	weir_tcp_on_icmp(w->tcp, c, !dir, p->quote_seq, mtu, w->now_ns);
	return true;
}

/* ---- the turn ---- */

void path_carry_turn(struct path_worker *w)
{
	path_hello_turn(w);
	path_tls_turn(w);
	path_http_turn(w);
	weir_tcp_advance(w->tcp, w->now_ns, ADVANCE_BUDGET);
	weir_tcp_flush(w->tcp, w->now_ns);
}
