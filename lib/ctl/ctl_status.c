/* SPDX-License-Identifier: BSD-3-Clause */
/* The commands status, ports, config and explain: what weir is, has and would do. */
#include "ctl_impl.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include <weir_pkt.h>

static void add_time(struct weir_json *j, const char *key, uint64_t unix_ns)
{
	time_t seconds = (time_t)(unix_ns / WEIR_NS_PER_S);
	char text[32];
	struct tm t;

	gmtime_r(&seconds, &t);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &t);
	weir_json_str(j, key, text);
}

static void add_policy_size(struct weir_json *j, const struct weir_policy *policy)
{
	struct weir_policy_size size = weir_policy_size(policy);

	weir_json_object(j, "policy");
	weir_json_u64(j, "policies", size.policies);
	weir_json_u64(j, "rules", size.rules);
	weir_json_u64(j, "groups", size.groups);
	weir_json_u64(j, "prefixes", size.prefixes);
	weir_json_u64(j, "services", size.services);
	weir_json_u64(j, "threats", size.threats);
	weir_json_u64(j, "bytes", size.bytes);
	weir_json_end_object(j);
}

static void add_generation(const struct weir_ctl *c, struct weir_json *j)
{
	const struct weir_generation *g = weir_path_generation(c->cfg.path);
	uint64_t unix_ns = ctl_unix_ns();

	weir_json_object(j, "generation");
	weir_json_u64(j, "number", g->number);
	weir_json_str(j, "source", g->source ? g->source : "");
	add_time(j, "loaded", g->loaded_unix_ns);
	weir_json_u64(j, "age_s",
		      unix_ns > g->loaded_unix_ns ? (unix_ns - g->loaded_unix_ns) / WEIR_NS_PER_S
						  : 0);
	weir_json_u64(j, "reloads", c->reload.good);
	weir_json_u64(j, "refused", c->reload.refused);
	weir_json_bool(j, "loading", c->reload.running);
	add_policy_size(j, g->policy);
	ctl_add_programs(c, j, "waf");
	weir_json_end_object(j);
}

static void add_worker(const struct weir_ctl *c, struct weir_json *j, unsigned int i)
{
	const struct weir_stats *stats = weir_path_stats(c->cfg.path, i);
	const struct ctl_rate *rate = &c->watch.rate[i];
	struct weir_path_gauges g;

	weir_path_gauges(c->cfg.path, i, &g);
	weir_json_object(j, NULL);
	weir_json_u64(j, "id", i);
	weir_json_u64(j, "cpu", weir_path_cpu(c->cfg.path, i));
	weir_json_u64(j, "generation", stats->count[WEIR_COUNT_GENERATION]);
	weir_json_double(j, "busy", rate->busy_part);
	weir_json_double(j, "packets_per_s", rate->packets_a_second);
	weir_json_double(j, "bytes_per_s", rate->bytes_a_second);
#define GAUGE(field, text) weir_json_u64(j, #field, g.field);
	WEIR_PATH_GAUGES(GAUGE)
#undef GAUGE
	weir_json_end_object(j);
}

static void add_workers(const struct weir_ctl *c, struct weir_json *j)
{
	weir_json_array(j, "workers");
	for (unsigned int i = 0; i < weir_path_workers(c->cfg.path); i++)
		add_worker(c, j, i);
	weir_json_end_array(j);
}

static void add_port(const struct weir_ctl *c, struct weir_json *j, unsigned int i)
{
	const struct weir_port *port = &c->cfg.ports->port[i];
	const struct ctl_link *link = &c->links.port[i];

	weir_json_object(j, NULL);
	weir_json_str(j, "name", weir_names_get(c->cfg.names, port->name));
	weir_json_str(j, "link", ctl_link_name(link->state));
	weir_json_u64(j, "link_changes", link->changes);
	weir_json_u64(j, "link_since_s", (c->now_ns - link->since_ns) / WEIR_NS_PER_S);
	weir_port_describe(port, j, "device");
	weir_json_end_object(j);
}

static void add_ports(const struct weir_ctl *c, struct weir_json *j)
{
	weir_json_array(j, "ports");
	for (unsigned int i = 0; c->cfg.ports && i < c->cfg.ports->n; i++)
		add_port(c, j, i);
	weir_json_end_array(j);
}

static void add_wires(const struct weir_ctl *c, struct weir_json *j)
{
	const struct weir_conf *conf = c->cfg.conf;

	weir_json_array(j, "wires");
	for (unsigned int i = 0; i < conf->n_wires; i++) {
		weir_json_object(j, NULL);
		weir_json_str(j, "name", conf->wires[i].name);
		weir_json_array(j, "ports");
		weir_json_str(j, NULL, conf->ports[conf->wires[i].port[0]].name);
		weir_json_str(j, NULL, conf->ports[conf->wires[i].port[1]].name);
		weir_json_end_array(j);
		weir_json_bool(j, "carry_link", conf->wires[i].carry_link);
		weir_json_end_object(j);
	}
	weir_json_end_array(j);
}

static void add_events(const struct weir_ctl *c, struct weir_json *j)
{
	struct weir_conf conf = ctl_effective_conf(c);
	struct weir_event_writer_stats s;

	if (!c->cfg.writer)
		return;
	s = weir_event_writer_stats(c->cfg.writer);
	weir_json_object(j, "events");
	if (conf.event_file)
		weir_json_str(j, "file", conf.event_file);
	else
		weir_json_null(j, "file");
	weir_json_u64(j, "records", s.records);
	weir_json_u64(j, "written", s.written);
	weir_json_u64(j, "write_errors", s.write_errors);
	weir_json_end_object(j);
}

bool ctl_cmd_status(struct ctl_call *call)
{
	const struct weir_ctl *c = call->ctl;
	struct weir_json *j = &call->j;

	weir_json_str(j, "version", c->cfg.version);
	weir_json_i64(j, "pid", getpid());
	add_time(j, "started", c->start_unix_ns);
	weir_json_u64(j, "uptime_s", (c->now_ns - c->start_ns) / WEIR_NS_PER_S);
	weir_json_bool(j, "hugepages", c->cfg.have_hugepages);
	add_generation(c, j);
	add_workers(c, j);
	add_ports(c, j);
	add_wires(c, j);
	add_events(c, j);
	weir_json_array(j, "warnings");
	ctl_watch_warnings(c, j);
	weir_json_end_array(j);
	return true;
}

bool ctl_cmd_ports(struct ctl_call *call)
{
	add_ports(call->ctl, &call->j);
	add_wires(call->ctl, &call->j);
	return true;
}

bool ctl_cmd_config(struct ctl_call *call)
{
	struct weir_conf conf = ctl_effective_conf(call->ctl);
	struct weir_buf text = {0};

	weir_conf_dump(&conf, &text);
	weir_json_str(&call->j, "file", conf.file ? conf.file : "");
	weir_json_str(&call->j, "text", text.len && !text.failed ? text.ptr : "");
	call->out->failed |= text.failed;
	weir_buf_fini(&text);
	return true;
}

/* ---- explain ---- */

static bool read_query(struct ctl_call *call, struct weir_policy_query *q)
{
	uint64_t port = 0;
	bool icmp;

	*q = (struct weir_policy_query){.proto = WEIR_PROTO_TCP};
	if (!ctl_arg_addr(call, "from", &q->src) || !ctl_arg_addr(call, "to", &q->dst) ||
	    !ctl_arg_proto(call, "protocol", &q->proto))
		return false;
	if (!q->src.family || !q->dst.family)
		return ctl_fail(call, "%s: an IP address is wanted", q->src.family ? "to" : "from");
	if (q->src.family != q->dst.family)
		return ctl_fail(call, "from and to are of different IP versions");
	icmp = q->proto == WEIR_PROTO_ICMP || q->proto == WEIR_PROTO_ICMPV6;
	if (!ctl_arg_uint(call, "port", 0, icmp ? UINT8_MAX : UINT16_MAX, &port))
		return false;
	if (weir_event_has_ports(q->proto) && !port)
		return ctl_fail(call, "port: the destination's port is wanted");
	q->dport = (uint16_t)port;
	return true;
}

/* Whom the client asks for, by the SNI of its ClientHello; "" is none. False: reported. */
static bool read_sni(struct ctl_call *call, struct weir_policy_name *name,
		     char text[WEIR_TLS_NAME_MAX + 1], bool *given)
{
	const json_t *v = json_object_get(call->args, "sni");

	*given = v != NULL;
	if (!v)
		return true;
	if (!json_is_string(v))
		return ctl_fail(call, "sni: a string is wanted");
	*name = (struct weir_policy_name){
		.source = WEIR_NAME_SNI,
		.state = weir_name_state_of(weir_tls_name_read(
			weir_bytes_of(json_string_value(v), json_string_length(v)), text)),
		.text = text,
	};
	return true;
}

/* Who the client is, by what its certificate would say; "" is none. False: reported. */
static bool read_identity(struct ctl_call *call, struct weir_policy_identity *identity,
			  char text[WEIR_TLS_ID_MAX + 1], bool *given)
{
	const json_t *v = json_object_get(call->args, "identity");

	*given = v != NULL;
	if (!v)
		return true;
	if (!json_is_string(v) ||
	    !weir_policy_identity_read(weir_bytes_of(json_string_value(v), json_string_length(v)),
				       text, identity))
		return ctl_fail(call, "identity: spiffe://domain/path, dns:NAME or cn:NAME is "
				      "wanted, or nothing for no certificate");
	return true;
}

bool ctl_cmd_explain(struct ctl_call *call)
{
	const struct weir_generation *g = weir_path_generation(call->ctl->cfg.path);
	char text[WEIR_TLS_NAME_MAX + 1], id[WEIR_TLS_ID_MAX + 1];
	struct weir_policy_identity identity;
	struct weir_policy_name name;
	struct weir_policy_query q;
	bool named, identified;

	if (!read_query(call, &q) || !read_sni(call, &name, text, &named) ||
	    !read_identity(call, &identity, id, &identified))
		return false;
	weir_json_u64(&call->j, "generation", g->number);
	weir_policy_explain(
		g->policy,
		&(struct weir_policy_explaining){.q = &q,
						 .name = named ? &name : NULL,
						 .identity = identified ? &identity : NULL,
						 .names = call->ctl->cfg.names},
		&call->j, "explain");
	return true;
}
