/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What workers tell: one decision record a flow, and for packets without a flow at most one record
 * a reason a second, counted. A full ring is a counter, never a wait.
 */
#include "path_event.h"
#include "path_names.h"

#include <weir_tls_hello.h>

#include <stdio.h>

struct weir_addr path_addr(const uint8_t *bytes, uint8_t family)
{
	if (family == 4)
		return weir_addr_v4((uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
				    (uint32_t)bytes[2] << 8 | bytes[3]);
	if (family == 6)
		return weir_addr_v6(bytes);
	return (struct weir_addr){0};
}

static void post(struct path_worker *w, struct weir_event *e)
{
	e->unix_ns = path_unix_ns(w);
	e->generation = w->gen->number;
	e->worker = (uint8_t)w->id;
	if (!weir_event_post(w->ring, e))
		weir_count(&w->stats, WEIR_COUNT_EVENTS_LOST, 1);
}

static void add_tuple(struct weir_event *e, const struct weir_pkt *p)
{
	const struct weir_pkt_tuple *t = &p->tuple;

	if (p->drop || p->kind == WEIR_PKT_NON_IP)
		return; /* not read as far as that */
	e->src = path_addr(t->src, t->family);
	e->dst = path_addr(t->dst, t->family);
	e->sport = t->sport;
	e->dport = t->dport;
	e->proto = t->proto;
	e->vlan = t->vlan;
	e->vlan_inner = t->vlan_inner;
}

void path_event_decision(struct path_worker *w, const struct path_burst *b,
			 const struct weir_pkt *p, const struct weir_policy_decision *d,
			 uint64_t flow_id)
{
	struct weir_event e = {
		.type = WEIR_EVENT_DECISION,
		.flow_id = flow_id,
		.policy = d->policy,
		.rule = d->rule,
		.reason = d->reason,
		.verdict = d->verdict,
		.decision_flags = d->flags,
		.port = b->in->name,
	};

	add_tuple(&e, p);
	post(w, &e);
}

static void add_flow(struct weir_event *e, const struct weir_flow *f)
{
	e->flow_id = f->id;
	e->src = f->addr[0];
	e->dst = f->addr[1];
	e->sport = f->port[0];
	e->dport = f->port[1];
	e->proto = f->proto;
	e->vlan = f->vlan;
	e->vlan_inner = f->vlan_inner;
	e->policy = f->decision.policy;
	e->rule = f->decision.rule;
	e->reason = f->decision.reason;
	e->verdict = f->decision.verdict;
	e->decision_flags = f->decision.flags;
}

/* The port on the initiator's side of the flow's wire. */
static uint32_t initiator_port(const struct path_worker *w, const struct weir_flow *f)
{
	return w->side[w->path->conf->wires[f->wire].port[f->side]].name;
}

void path_event_flow(struct path_worker *w, const struct weir_flow *f, enum weir_flow_end why)
{
	uint64_t wall = path_unix_ns(w) - w->now_ns;
	struct weir_event e = {
		.type = WEIR_EVENT_FLOW,
		.packets = {f->packets[0], f->packets[1]},
		.bytes = {f->bytes[0], f->bytes[1]},
		.start_unix_ns = f->start_ns + wall,
		.state = f->state,
		.end = (uint8_t)why,
		.midstream = (f->flags & WEIR_FLOW_F_MIDSTREAM) != 0,
		.tcp_flags = {f->tcp_flags[0], f->tcp_flags[1]},
		.port = initiator_port(w, f),
	};

	add_flow(&e, f);
	if (f->name)
		snprintf(e.sni, sizeof(e.sni), "%s", path_name_of(w, f->name).text);
	if (w->told_tls.of == f) {
		w->told_tls.of = NULL;
		memcpy(e.tls, w->told_tls.tls, sizeof(e.tls));
		if (*w->told_tls.sni)
			memcpy(e.sni, w->told_tls.sni, sizeof(e.sni));
		e.identity = w->told_tls.identity;
	}
	post(w, &e);
}

/* ---- ClientHellos ---- */

static void add_protocols(const struct weir_tls_hello *hello, char out[WEIR_EVENT_ALPN])
{
	struct weir_bytes left = hello->alpn, protocol;
	size_t at = 0;

	while (weir_tls_alpn_next(&left, &protocol) &&
	       at + (at != 0) + protocol.len < WEIR_EVENT_ALPN) {
		if (at)
			out[at++] = ',';
		memcpy(out + at, protocol.ptr, protocol.len);
		at += protocol.len;
	}
	out[at] = '\0';
}

static void describe(const struct weir_tls_hello *hello, struct weir_event_hello *out)
{
	bool good = hello->sni == WEIR_TLS_SNI_NAME;
	struct weir_bytes name = good ? weir_bytes_str(hello->name) : hello->server_name;

	*out = (struct weir_event_hello){
		.version = hello->version,
		.name_state = (uint8_t)weir_name_state_of(hello->sni),
		.has_ech = hello->has_ech,
	};
	if (name.len)
		memcpy(out->sni, name.ptr, RTE_MIN(name.len, sizeof(out->sni) - 1));
	add_protocols(hello, out->alpn);
	weir_tls_ja3(hello, out->ja3);
	weir_tls_ja4(hello, true, out->ja4);
}

static void add_decision(struct weir_event *e, const struct weir_policy_decision *d)
{
	e->policy = d->policy;
	e->rule = d->rule;
	e->reason = d->reason;
	e->verdict = d->verdict;
	e->decision_flags = d->flags;
}

void path_event_hello(struct path_worker *w, const struct weir_flow *f,
		      const struct weir_policy_decision *d, const struct weir_tls_hello *hello)
{
	struct weir_event e = {.type = WEIR_EVENT_HELLO, .port = initiator_port(w, f)};

	add_flow(&e, f);
	if (d)
		add_decision(&e, d);
	describe(hello, &e.hello);
	e.hello.bypass = d ? d->bypass : 0;
	post(w, &e);
}

void path_event_server(struct path_worker *w, const struct weir_flow *f,
		       const struct weir_event_server *server)
{
	struct weir_event e = {.type = WEIR_EVENT_SERVER, .port = initiator_port(w, f)};

	add_flow(&e, f);
	e.server = *server;
	post(w, &e);
}

void path_event_pinned(struct path_worker *w, const struct weir_flow *f, const char *name)
{
	struct weir_event e = {.type = WEIR_EVENT_PINNED, .port = initiator_port(w, f)};

	add_flow(&e, f);
	snprintf(e.hello.sni, sizeof(e.hello.sni), "%s", name);
	post(w, &e);
}

void path_event_refused(struct path_worker *w, const struct weir_flow *f,
			const struct weir_policy_decision *d,
			const struct weir_policy_identity *identity)
{
	struct weir_event e = {.type = WEIR_EVENT_DECISION, .port = initiator_port(w, f)};

	add_flow(&e, f);
	add_decision(&e, d);
	if (identity)
		weir_event_identity_set(&e.identity, identity->text);
	post(w, &e);
}

void path_event_alert(struct path_worker *w, const struct weir_flow *f, uint8_t dir,
		      const struct weir_scan_rule *rule, uint64_t offset, const char *context)
{
	struct weir_event e = {
		.type = WEIR_EVENT_ALERT,
		.dir = dir,
		.signature = rule->id,
		.message = rule->message,
		.severity = rule->severity,
		.action = rule->action,
		.offset = offset,
		.port = initiator_port(w, f),
	};

	_Static_assert(WEIR_EVENT_CONTEXT == WEIR_SCAN_CONTEXT, "a context fits the record");
	add_flow(&e, f);
	if (rule->action != WEIR_SCAN_ALERT) {
		e.reason = WEIR_DROP_STREAM_RULE;
		e.verdict = rule->action == WEIR_SCAN_RESET ? WEIR_VERDICT_DENY : WEIR_VERDICT_DROP;
	}
	memcpy(e.context, context, sizeof(e.context));
	post(w, &e);
	weir_count(&w->stats, WEIR_COUNT_ALERTS, 1);
}

void path_event_transaction(struct path_worker *w, const struct weir_flow *f,
			    struct weir_event_http *http)
{
	struct weir_event e = {.type = WEIR_EVENT_HTTP, .http = http, .port = initiator_port(w, f)};

	add_flow(&e, f);
	if (http->answered_by_weir) {
		e.verdict = WEIR_VERDICT_DENY;
		e.reason = WEIR_DROP_HTTP;
	}
	post(w, &e);
}

bool path_is_traced(const struct path_worker *w, const struct weir_flow *f)
{
	return w->trace && path_unix_ns(w) <= w->trace->until_unix_ns &&
	       path_filter_matches(&w->trace->filter, f);
}

void path_event_stopped(struct path_worker *w, const struct weir_flow *f, uint8_t dir, uint32_t len,
			uint8_t verdict)
{
	struct weir_event e = {
		.type = WEIR_EVENT_TRACE,
		.dir = dir,
		.step = WEIR_EVENT_STOPPED,
		.len = len,
		.port = initiator_port(w, f),
	};

	add_flow(&e, f);
	e.state = f->state;
	e.reason = WEIR_DROP_STREAM_RULE;
	e.verdict = verdict;
	post(w, &e);
}

void path_event_trace(struct path_worker *w, uint32_t port, enum weir_event_step step,
		      const struct weir_pkt *p, const struct weir_flow *f, uint8_t dir,
		      enum weir_drop reason)
{
	struct weir_event e = {
		.type = WEIR_EVENT_TRACE,
		.dir = dir,
		.step = (uint8_t)step,
		.state = f->state,
		.len = p->l3_len,
		.port = port,
	};

	add_flow(&e, f);
	e.reason = reason;
	if (p->tuple.proto == WEIR_PROTO_TCP) {
		e.trace_tcp_flags = p->tcp_flags;
		e.window = p->window;
		e.seq = p->seq;
		e.ack = p->ack;
	}
	post(w, &e);
}

static enum weir_event_type untold_type(enum weir_drop reason)
{
	return reason == WEIR_DROP_FLOW_TABLE_FULL || reason == WEIR_DROP_MBUF_EXHAUSTED ||
			       reason == WEIR_DROP_HTTP_EXHAUSTED
		       ? WEIR_EVENT_FAILURE
		       : WEIR_EVENT_DROP;
}

/* `p` and `b` may be NULL when nothing is known of the packet any more. */
static void tell(struct path_worker *w, const struct path_burst *b, const struct weir_pkt *p,
		 enum weir_drop reason, uint64_t count)
{
	struct weir_event e = {
		.type = (uint8_t)untold_type(reason),
		.reason = reason,
		.verdict = WEIR_VERDICT_DROP,
		.count = count,
		.port = b ? b->in->name : 0,
	};

	if (p)
		add_tuple(&e, p);
	post(w, &e);
}

void path_note_drop(struct path_worker *w, const struct path_burst *b, const struct weir_pkt *p,
		    enum weir_drop reason)
{
	struct path_untold *u = &w->untold[reason];
	uint64_t second = w->now_ns / WEIR_NS_PER_S;

	u->count++;
	if (u->second == second)
		return;
	tell(w, b, p, reason, u->count);
	*u = (struct path_untold){.second = second};
}

void path_tell_untold(struct path_worker *w)
{
	uint64_t second = w->now_ns / WEIR_NS_PER_S;

	for (unsigned int reason = 1; reason < WEIR_DROP_END; reason++) {
		struct path_untold *u = &w->untold[reason];

		if (!u->count || u->second == second)
			continue;
		tell(w, NULL, NULL, (enum weir_drop)reason, u->count);
		*u = (struct path_untold){.second = second};
	}
}
