/* SPDX-License-Identifier: BSD-3-Clause */
/* The commands flows and events: what passes now, and what was recorded of late. */
#include "ctl_impl.h"

#include <stdio.h>
#include <stdlib.h>

#include <weir_flow.h>

#define LIMIT_DEFAULT 100

static void add_addr(struct weir_json *j, const char *key, const struct weir_addr *a)
{
	char text[WEIR_ADDR_TEXT];

	weir_json_str(j, key, weir_addr_format(a, text));
}

static void add_proto(struct weir_json *j, uint8_t proto)
{
	const char *name = weir_event_proto_name(proto);
	char number[8];

	snprintf(number, sizeof(number), "%u", proto);
	weir_json_str(j, "proto", name ? name : number);
}

static void add_vlans(struct weir_json *j, const struct weir_flow *f)
{
	if (!f->vlan)
		return;
	weir_json_array(j, "vlan");
	weir_json_u64(j, NULL, f->vlan);
	if (f->vlan_inner)
		weir_json_u64(j, NULL, f->vlan_inner);
	weir_json_end_array(j);
}

static void add_tuple(const struct weir_ctl *c, struct weir_json *j, const struct weir_flow *f)
{
	weir_json_u64(j, "flow_id", f->id);
	if (f->wire < c->cfg.conf->n_wires)
		weir_json_str(j, "wire", c->cfg.conf->wires[f->wire].name);
	add_vlans(j, f);
	add_addr(j, "src_ip", &f->addr[0]);
	if (weir_event_has_ports(f->proto))
		weir_json_u64(j, "src_port", f->port[0]);
	add_addr(j, "dest_ip", &f->addr[1]);
	if (weir_event_has_ports(f->proto))
		weir_json_u64(j, "dest_port", f->port[1]);
	else if (f->port[0])
		weir_json_u64(j, "icmp_id", f->port[0]);
	add_proto(j, f->proto);
}

static void add_decision(const struct weir_ctl *c, struct weir_json *j, const struct weir_flow *f)
{
	const struct weir_flow_decision *d = &f->decision;

	weir_json_str(j, "policy", weir_names_get(c->cfg.names, d->policy));
	if (d->rule)
		weir_json_str(j, "rule", weir_names_get(c->cfg.names, d->rule));
	weir_json_str(j, "verdict", weir_verdict_name((enum weir_verdict)d->verdict));
	if (d->reason)
		weir_json_str(j, "reason", weir_drop_name((enum weir_drop)d->reason));
	if (d->flags & WEIR_DECISION_WOULD_DENY)
		weir_json_bool(j, "would_deny", true);
	if (d->flags & WEIR_DECISION_INSPECT)
		weir_json_bool(j, "inspect", true);
	weir_json_u64(j, "generation", d->generation);
}

/* The connection's leg that faces one of its peers. */
static void add_leg(struct weir_json *j, const char *peer, const struct weir_tcp_leg_info *l,
		    uint64_t scanned)
{
	weir_json_object(j, NULL);
	weir_json_str(j, "peer", peer);
	weir_json_str(j, "state", weir_tcp_state_name(l->state));
	weir_json_u64(j, "rtt_us", l->srtt_us);
	weir_json_u64(j, "rto_us", l->rto_us);
	weir_json_u64(j, "mss", l->mss);
	weir_json_u64(j, "cwnd", l->cwnd);
	if (l->ssthresh != UINT32_MAX)
		weir_json_u64(j, "ssthresh", l->ssthresh);
	weir_json_u64(j, "peer_window", l->window_in);
	weir_json_u64(j, "window", l->window_out);
	weir_json_u64(j, "unread", l->unread);
	weir_json_u64(j, "behind_gaps", l->gaps);
	weir_json_u64(j, "unsent", l->unsent);
	weir_json_u64(j, "unacked", l->unacked);
	weir_json_u64(j, "resent", l->resent);
	weir_json_u64(j, "timeouts", l->timeouts);
	weir_json_u64(j, "scanned", scanned);
	weir_json_end_object(j);
}

static void add_legs(struct weir_json *j, const struct weir_path_flow *p)
{
	weir_json_array(j, "legs");
	add_leg(j, "client", &p->leg[0], p->scanned[0]);
	add_leg(j, "server", &p->leg[1], p->scanned[1]);
	weir_json_end_array(j);
}

static void add_http(struct weir_json *j, const struct weir_path_flow *p)
{
	weir_json_object(j, "http");
	weir_json_str(j, "version", p->http2 ? "2" : "1.1");
	weir_json_u64(j, "requests", p->requests);
	weir_json_u64(j, "responses", p->responses);
	weir_json_u64(j, "outstanding", p->outstanding);
	weir_json_end_object(j);
}

static void add_flow(const struct weir_ctl *c, struct weir_json *j, const struct weir_path_flow *p)
{
	const struct weir_flow *f = &p->flow;

	weir_json_object(j, NULL);
	add_tuple(c, j, f);
	weir_json_str(j, "state", weir_flow_state_name((enum weir_flow_state)f->state));
	weir_json_double(j, "age_s", (double)(p->age_ns / WEIR_NS_PER_MS) / 1e3);
	weir_json_double(j, "idle_s", (double)(p->idle_ns / WEIR_NS_PER_MS) / 1e3);
	weir_json_u64(j, "pkts_toserver", f->packets[0]);
	weir_json_u64(j, "pkts_toclient", f->packets[1]);
	weir_json_u64(j, "bytes_toserver", f->bytes[0]);
	weir_json_u64(j, "bytes_toclient", f->bytes[1]);
	if (f->flags & WEIR_FLOW_F_MIDSTREAM)
		weir_json_bool(j, "midstream", true);
	add_decision(c, j, f);
	if (p->carried && *p->identity.text)
		weir_json_str(j, "identity", p->identity.text);
	if (p->carried && p->identity.is_cut)
		weir_json_bool(j, "identity_cut", true);
	if (p->carried)
		add_legs(j, p);
	if (p->http)
		add_http(j, p);
	weir_json_u64(j, "worker", p->worker);
	weir_json_end_object(j);
}

static void add_flows(struct ctl_call *call, const struct weir_path_flow *flow, unsigned int n,
		      uint64_t total)
{
	weir_json_u64(&call->j, "total", total);
	weir_json_array(&call->j, "flows");
	for (unsigned int i = 0; i < n; i++)
		add_flow(call->ctl, &call->j, &flow[i]);
	weir_json_end_array(&call->j);
}

bool ctl_cmd_flows(struct ctl_call *call)
{
	uint64_t limit = LIMIT_DEFAULT, total = 0;
	struct weir_path_filter filter;
	struct weir_path_flow *flow;
	int n;

	if (!ctl_arg_filter(call, &filter) ||
	    !ctl_arg_uint(call, "limit", 0, CTL_FLOWS_MAX, &limit))
		return false;
	flow = calloc(limit + 1, sizeof(*flow));
	if (!flow)
		return ctl_fail(call, "no memory for %llu flows", (unsigned long long)limit);
	n = weir_path_flows(call->ctl->cfg.path, &filter, flow, (unsigned int)limit,
			    CTL_FLOWS_WAIT_MS, &total);
	if (n >= 0)
		add_flows(call, flow, (unsigned int)n, total);
	else
		ctl_fail(call, "the workers did not answer within %u ms: %s", CTL_FLOWS_WAIT_MS,
			 weir_strerror(n));
	free(flow);
	return n >= 0;
}

bool ctl_cmd_events(struct ctl_call *call)
{
	struct weir_buf lines = {0};
	uint64_t n = 20;

	if (!ctl_arg_uint(call, "n", 1, CTL_EVENTS_MAX, &n))
		return false;
	if (call->ctl->cfg.writer)
		weir_event_writer_recent(call->ctl->cfg.writer, (unsigned int)n, &lines);
	weir_json_array(&call->j, "events");
	if (lines.len) {
		/* Each line is an object already. */
		for (char *p = lines.ptr; (p = strchr(p, '\n')); p++)
			*p = ',';
		weir_buf_add(call->out, lines.ptr, lines.len - 1);
	}
	weir_json_end_array(&call->j);
	call->out->failed |= lines.failed;
	weir_buf_fini(&lines);
	return true;
}
