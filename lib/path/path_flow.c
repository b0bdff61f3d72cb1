/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is done with a packet of a known flow, and how a flow begins: decided once by policy, and
 * remembered until it ends or a reload asks again.
 */
#include "path_carried.h"
#include "path_event.h"
#include "path_names.h"

static const struct weir_policy_defaults *defaults(const struct path_worker *w)
{
	return weir_policy_defaults(w->gen->policy);
}

void path_flow_remember(const struct path_worker *w, struct weir_flow *f,
			const struct weir_policy_decision *d)
{
	f->decision = (struct weir_flow_decision){
		.generation = w->gen->number,
		.policy = d->policy,
		.rule = d->rule,
		.reason = d->reason,
		.verdict = d->verdict,
		.flags = d->flags,
	};
}

/* ---- asking policy ---- */

static struct weir_policy_query query_of(const struct weir_pkt *p)
{
	struct weir_policy_query q = {
		.src = path_addr(p->tuple.src, p->tuple.family),
		.dst = path_addr(p->tuple.dst, p->tuple.family),
		.dport = p->tuple.dport,
		.proto = p->tuple.proto,
	};

	if (q.proto == WEIR_PROTO_ICMP || q.proto == WEIR_PROTO_ICMPV6)
		q.dport = p->icmp_type;
	return q;
}

static struct weir_policy_query turned(const struct weir_policy_query *q, const struct weir_pkt *p)
{
	return (struct weir_policy_query){
		.src = q->dst, .dst = q->src, .dport = p->tuple.sport, .proto = q->proto};
}

/*
 * A segment without its connection's beginning: who began it cannot be known, so policy is asked
 * for the sender first and then for the other side. *other tells that the latter was allowed.
 */
static void decide_midstream(const struct path_worker *w, const struct weir_pkt *p,
			     struct weir_policy_decision *d, bool *other)
{
	struct weir_policy_query q = query_of(p);
	struct weir_policy_query back = turned(&q, p);
	struct weir_policy_decision d_back;

	weir_policy_decide(w->gen->policy, &q, d);
	if (d->verdict == WEIR_VERDICT_ALLOW)
		return;
	weir_policy_decide(w->gen->policy, &back, &d_back);
	if (d_back.verdict != WEIR_VERDICT_ALLOW)
		return;
	*d = d_back;
	*other = true;
}

/* ---- refusing ---- */

static void refuse(struct path_worker *w, const struct path_burst *b, struct weir_pkt *p,
		   const struct weir_policy_decision *d)
{
	if (d->verdict == WEIR_VERDICT_DENY)
		path_answer(w, b, p);
	path_drop_told(w, p, (enum weir_drop)d->reason);
}

/* A flow that policy refuses is remembered, so that it has one record and its packets cost one
 * lookup; when the share of the table for such flows is used up, each packet is decided for itself.
 */
static void begin_refused(struct path_worker *w, const struct path_burst *b, struct weir_pkt *p,
			  const struct weir_policy_decision *d)
{
	struct weir_flow *f = weir_flow_add(w->flows, p, b->in->wire, b->in->side, true, w->now_ns);
	bool reopen;

	if (!f) {
		weir_count(&w->stats, WEIR_COUNT_DENIED_UNTRACKED, 1);
		path_note_drop(w, b, p, (enum weir_drop)d->reason);
		refuse(w, b, p, d);
		return;
	}
	w->flows_begun++;
	path_flow_remember(w, f, d);
	weir_count(&w->stats, WEIR_COUNT_FLOWS_DENIED, 1);
	path_event_decision(w, b, p, d, f->id);
	(void)weir_flow_track(w->flows, f, p, 0, w->now_ns, &reopen);
	refuse(w, b, p, d);
}

/* ---- failure modes ---- */

static void fail(struct path_worker *w, const struct path_burst *b, struct weir_pkt *p,
		 enum weir_failure mode, enum weir_drop reason)
{
	if (mode == WEIR_FAIL_OPEN) {
		weir_count(&w->stats, WEIR_COUNT_FORWARDED_STATELESS, 1);
		path_forward(w, b, p);
		return;
	}
	if (mode == WEIR_FAIL_RESET)
		path_answer(w, b, p);
	path_drop(w, b, p, reason);
}

static WEIR_COLD void on_table_full(struct path_worker *w, const struct path_burst *b,
				    struct weir_pkt *p)
{
	if (defaults(w)->on_memory == WEIR_FAIL_OPEN)
		path_note_drop(w, b, p, WEIR_DROP_FLOW_TABLE_FULL);
	fail(w, b, p, defaults(w)->on_memory, WEIR_DROP_FLOW_TABLE_FULL);
}

static void on_bad_state(struct path_worker *w, const struct path_burst *b, struct weir_pkt *p,
			 enum weir_drop reason)
{
	fail(w, b, p, defaults(w)->on_state, reason);
}

/* ---- passing on ---- */

static WEIR_COLD void trace(struct path_worker *w, const struct path_burst *b,
			    const struct weir_pkt *p, const struct weir_flow *f, uint8_t dir,
			    enum weir_drop reason)
{
	if (path_is_traced(w, f))
		path_event_trace(w, b->in->name, WEIR_EVENT_RECEIVED, p, f, dir, reason);
}

/* The same for a flow that weir carries itself. */
static void carry(struct path_worker *w, const struct path_burst *b, struct weir_pkt *p,
		  struct weir_flow *f, uint8_t dir)
{
	struct weir_pkt copy;
	enum weir_drop reason;

	if (weir_unlikely(path_carry_may_reopen(f, dir, p))) {
		weir_flow_remove(w->flows, f, WEIR_FLOW_END_REUSED, w->now_ns);
		path_new_flow(w, b, p);
		return;
	}
	copy = *p;
	reason = path_carry(w, b, p, f, dir);
	if (weir_unlikely(w->trace != NULL))
		trace(w, b, &copy, f, dir, reason);
}

/* Counts the packet into its flow and sends it on, unless the flow's state forbids it. */
static void pass(struct path_worker *w, const struct path_burst *b, struct weir_pkt *p,
		 struct weir_flow *f, uint8_t dir)
{
	bool reopen = false;
	enum weir_drop reason;

	if (f->flags & WEIR_FLOW_F_CARRIED && !path_carry_release(w, f)) {
		carry(w, b, p, f, dir);
		return;
	}
	reason = weir_flow_track(w->flows, f, p, dir, w->now_ns, &reopen);
	if (weir_unlikely(reopen)) {
		weir_flow_remove(w->flows, f, WEIR_FLOW_END_REUSED, w->now_ns);
		path_new_flow(w, b, p);
		return;
	}
	if (weir_unlikely(w->trace != NULL))
		trace(w, b, p, f, dir, reason);
	if (weir_unlikely(reason != WEIR_DROP_NONE)) {
		on_bad_state(w, b, p, reason);
		return;
	}
	path_forward(w, b, p);
}

/* ---- beginning ---- */

/* Both need the connection's beginning. */
static bool wants_inspection(const struct weir_policy_decision *d, const struct weir_pkt *p)
{
	return d->flags & (WEIR_DECISION_INSPECT | WEIR_DECISION_NAMES) &&
	       p->tuple.proto == WEIR_PROTO_TCP && p->tcp_flags & WEIR_TCP_SYN;
}

/* What is only told of is not worth the trouble in a flood. */
static bool wants_look(const struct path_worker *w, const struct weir_policy_decision *d,
		       const struct weir_pkt *p)
{
	return d->look && p->tcp_flags & WEIR_TCP_SYN && !weir_tcp_is_flooded(w->tcp);
}

static void note_begin(struct path_worker *w, struct weir_flow *f,
		       const struct weir_policy_decision *d)
{
	w->flows_begun++;
	path_flow_remember(w, f, d);
	weir_count(&w->stats, WEIR_COUNT_FLOWS_CREATED, 1);
	if (f->flags & WEIR_FLOW_F_MIDSTREAM)
		weir_count(&w->stats, WEIR_COUNT_FLOWS_MIDSTREAM, 1);
	if (d->flags & WEIR_DECISION_WOULD_DENY)
		weir_count(&w->stats, WEIR_COUNT_FLOWS_WOULD_DENY, 1);
}

/* weir answers in the server's place and remembers nothing; see begin_by_cookie. */
static WEIR_COLD void answer_by_cookie(struct path_worker *w, const struct path_burst *b,
				       struct weir_pkt *p)
{
	struct rte_mbuf *m = weir_tcp_answer_by_cookie(w->tcp, p, w->side[b->port].mtu, w->now_ns);

	path_free(w, p->mbuf);
	if (m)
		path_send(w, b->port, m);
}

static void begin_allowed(struct path_worker *w, const struct path_burst *b, struct weir_pkt *p,
			  const struct weir_policy_decision *d, bool sender_responds)
{
	uint8_t side = sender_responds ? !b->in->side : b->in->side;
	struct weir_pkt as_initiator = *p;
	struct weir_flow *f;
	bool inspect = wants_inspection(d, p);

	if (weir_unlikely(inspect && weir_tcp_is_flooded(w->tcp))) {
		answer_by_cookie(w, b, p);
		return;
	}
	if (sender_responds) {
		as_initiator.tuple.src = p->tuple.dst;
		as_initiator.tuple.dst = p->tuple.src;
		as_initiator.tuple.sport = p->tuple.dport;
		as_initiator.tuple.dport = p->tuple.sport;
	}
	f = weir_flow_add(w->flows, &as_initiator, b->in->wire, side, false, w->now_ns);
	if (weir_unlikely(!f)) {
		on_table_full(w, b, p);
		return;
	}
	note_begin(w, f, d);
	if ((inspect || wants_look(w, d, p)) && !path_carry_begin(w, b, p, f, d->look) && inspect) {
		weir_flow_remove(w->flows, f, WEIR_FLOW_END_EVICTED, w->now_ns);
		on_table_full(w, b, p);
		return;
	}
	pass(w, b, p, f, sender_responds);
}

/* The initiator has acknowledged what answer_by_cookie sent: its flow begins now, as if this were
 * the SYN. False: it has not. */
static bool begin_by_cookie(struct path_worker *w, const struct path_burst *b, struct weir_pkt *p)
{
	struct weir_policy_query q = query_of(p);
	struct weir_policy_decision d;
	struct weir_pkt as_syn = *p;
	struct weir_flow *f;

	if (weir_likely(!weir_tcp_is_cookie(w->tcp, p, w->now_ns)))
		return false;
	weir_policy_decide(w->gen->policy, &q, &d);
	if (d.verdict != WEIR_VERDICT_ALLOW ||
	    !(d.flags & (WEIR_DECISION_INSPECT | WEIR_DECISION_NAMES))) {
		path_answer(w, b, p);
		path_drop(w, b, p, WEIR_DROP_TCP_BAD_STATE); /* policy has changed since */
		return true;
	}
	as_syn.tcp_flags = WEIR_TCP_SYN;
	f = weir_flow_add(w->flows, &as_syn, b->in->wire, b->in->side, false, w->now_ns);
	if (f)
		note_begin(w, f, &d);
	if (f && !path_carry_begin(w, b, p, f, d.look)) {
		weir_flow_remove(w->flows, f, WEIR_FLOW_END_EVICTED, w->now_ns);
		f = NULL;
	}
	if (f)
		pass(w, b, p, f, 0);
	else
		on_table_full(w, b, p);
	return true;
}

static void refuse_midstream(struct path_worker *w, const struct path_burst *b, struct weir_pkt *p)
{
	if (defaults(w)->midstream == WEIR_VERDICT_DENY)
		path_answer(w, b, p);
	path_drop(w, b, p, WEIR_DROP_TCP_MIDSTREAM);
}

static bool is_judged_at(const struct weir_policy *policy, const struct weir_addr *addr,
			 uint16_t port)
{
	const struct weir_service *s = weir_policy_service(policy, addr, port);

	return s && s->threat != WEIR_NO_THREAT &&
	       weir_policy_threat(policy, s->threat)->waf.mode != WEIR_WAF_DETECT;
}

/* Requests to a Service that a threat policy protects are judged from their first byte: whoever
 * sends when weir has forgotten, or never known, the connection would go unjudged. */
static bool is_to_be_judged(const struct path_worker *w, const struct weir_pkt *p)
{
	const struct weir_policy *policy = w->gen->policy;
	struct weir_policy_query q = query_of(p);

	return is_judged_at(policy, &q.dst, q.dport) ||
	       is_judged_at(policy, &q.src, p->tuple.sport);
}

static void begin_midstream(struct path_worker *w, const struct path_burst *b, struct weir_pkt *p)
{
	struct weir_policy_decision d;
	bool sender_responds = false;

	if (begin_by_cookie(w, b, p))
		return;
	if (defaults(w)->midstream != WEIR_VERDICT_ALLOW) {
		refuse_midstream(w, b, p);
		return;
	}
	decide_midstream(w, p, &d, &sender_responds);
	if (d.verdict != WEIR_VERDICT_ALLOW) {
		begin_refused(w, b, p, &d);
		return;
	}
	/* A reset ends what weir does not know: it needs no flow of its own. */
	if (p->tcp_flags & WEIR_TCP_RST) {
		weir_count(&w->stats, WEIR_COUNT_FORWARDED_STATELESS, 1);
		path_forward(w, b, p);
		return;
	}
	if (d.flags & (WEIR_DECISION_NAMES | WEIR_DECISION_IDENTITY) || is_to_be_judged(w, p)) {
		path_answer(w, b, p);
		path_drop(w, b, p, WEIR_DROP_TCP_MIDSTREAM);
		return;
	}
	begin_allowed(w, b, p, &d, sender_responds);
}

/* ICMP that may begin a flow: queries (RFC 792, 4443); all else answers something, or misleads. */
static bool icmp_begins_flow(const struct weir_pkt *p)
{
	if (p->tuple.proto == WEIR_PROTO_ICMP)
		return p->icmp_type == 8 || p->icmp_type == 13 || p->icmp_type == 15 ||
		       p->icmp_type == 17;
	if (p->tuple.proto == WEIR_PROTO_ICMPV6)
		return p->icmp_type == 128 || p->icmp_type == 139;
	return true;
}

void path_new_flow(struct path_worker *w, const struct path_burst *b, struct weir_pkt *p)
{
	struct weir_policy_query q;
	struct weir_policy_decision d;

	/* With RSS a miss may mean that the flow lives elsewhere. */
	if (w->n_workers > 1 && !b->handed && path_steer(w, b, p, &p->tuple))
		return;
	if (p->tuple.proto == WEIR_PROTO_TCP &&
	    (p->tcp_flags & (WEIR_TCP_SYN | WEIR_TCP_ACK | WEIR_TCP_RST)) != WEIR_TCP_SYN) {
		begin_midstream(w, b, p);
		return;
	}
	if (!icmp_begins_flow(p)) {
		path_drop(w, b, p, WEIR_DROP_ICMP_UNSOLICITED);
		return;
	}
	q = query_of(p);
	weir_policy_decide(w->gen->policy, &q, &d);
	if (d.verdict == WEIR_VERDICT_ALLOW)
		begin_allowed(w, b, p, &d, false);
	else
		begin_refused(w, b, p, &d);
}

/* ---- known flows ---- */

/* True when `p` has been dealt with because its flow's decision turned. */
static WEIR_COLD bool turned_by_reload(struct path_worker *w, const struct path_burst *b,
				       struct weir_pkt *p, struct weir_flow *f, uint8_t dir)
{
	struct weir_policy_decision d;
	enum path_outcome outcome = path_reload_ask(w, f, p, dir, &d);

	if (outcome == PATH_STANDS)
		return false;
	weir_flow_remove(w->flows, f, WEIR_FLOW_END_POLICY, w->now_ns);
	if (outcome == PATH_NOW_REFUSED)
		begin_refused(w, b, p, &d);
	else
		path_new_flow(w, b, p);
	return true;
}

/* Who sits on one side of a wire cannot speak for the other. Of TCP alone: datagrams may have the
 * same addresses on both sides (DHCP from 0.0.0.0). */
static bool is_forged(const struct path_burst *b, const struct weir_flow *f, uint8_t dir)
{
	return (f->side ^ dir) != b->in->side && f->proto == WEIR_PROTO_TCP;
}

void path_known_flow(struct path_worker *w, const struct path_burst *b, struct weir_pkt *p,
		     struct weir_flow *f, uint8_t dir)
{
	struct weir_policy_decision d;
	bool reopen;

	if (weir_unlikely(f->decision.generation != w->gen->number) &&
	    turned_by_reload(w, b, p, f, dir))
		return;
	if (weir_unlikely(is_forged(b, f, dir))) {
		path_drop(w, b, p, WEIR_DROP_TCP_WRONG_SIDE);
		return;
	}
	if (weir_likely(f->decision.verdict == WEIR_VERDICT_ALLOW)) {
		pass(w, b, p, f, dir);
		return;
	}
	d = (struct weir_policy_decision){.reason = f->decision.reason,
					  .verdict = f->decision.verdict};
	(void)weir_flow_track(w->flows, f, p, dir, w->now_ns, &reopen);
	if (reopen) { /* its connection was closed, and not by policy */
		weir_flow_remove(w->flows, f, WEIR_FLOW_END_REUSED, w->now_ns);
		path_new_flow(w, b, p);
		return;
	}
	if (weir_unlikely(w->trace != NULL))
		trace(w, b, p, f, dir, (enum weir_drop)d.reason);
	refuse(w, b, p, &d);
}

/* ---- ending ---- */

void path_on_flow_end(void *ctx, struct weir_flow *f, enum weir_flow_end why, uint64_t now_ns)
{
	static const enum weir_counter counters[] = {
		[WEIR_FLOW_END_CLOSED] = WEIR_COUNT_FLOWS_CLOSED,
		[WEIR_FLOW_END_EXPIRED] = WEIR_COUNT_FLOWS_EXPIRED,
		[WEIR_FLOW_END_EVICTED] = WEIR_COUNT_FLOWS_EVICTED,
		[WEIR_FLOW_END_POLICY] = WEIR_COUNT_FLOWS_CLOSED,
		[WEIR_FLOW_END_REUSED] = WEIR_COUNT_FLOWS_CLOSED,
		[WEIR_FLOW_END_STOP] = WEIR_COUNT_FLOWS_CLOSED,
	};
	struct path_worker *w = ctx;

	w->flows_ended++;
	if (f->flags & WEIR_FLOW_F_CARRIED)
		path_carry_forget(w, f);
	/* Of what was refused the one record went out then. */
	if (f->decision.verdict == WEIR_VERDICT_ALLOW) {
		weir_count(&w->stats, counters[why], 1);
		path_event_flow(w, f, why);
	}
	path_name_put(w, f->name);
}
