/* SPDX-License-Identifier: BSD-3-Clause */
/* Everything that is counted or measured as Prometheus text (exposition format 0.0.4). */
#include "ctl_impl.h"

#include <stddef.h>

struct family {
	const char *name;
	const char *help;
	size_t offset; /* of the value in its struct */
};

static void head(struct weir_buf *out, const char *name, const char *type, const char *help)
{
	weir_buf_printf(out, "# HELP weir_%s %s\n# TYPE weir_%s %s\n", name, help, name, type);
}

/* Label values escape backslash, quote and newline. */
static void label(struct weir_buf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '\n') {
			weir_buf_str(out, "\\n");
			continue;
		}
		if (*text == '\\' || *text == '"')
			weir_buf_add(out, "\\", 1);
		weir_buf_add(out, text, 1);
	}
}

static void sample(struct weir_buf *out, const char *name, uint64_t value)
{
	weir_buf_printf(out, "weir_%s %llu\n", name, (unsigned long long)value);
}

static void gauge(struct weir_buf *out, const char *name, const char *help, uint64_t value)
{
	head(out, name, "gauge", help);
	sample(out, name, value);
}

static void counter(struct weir_buf *out, const char *name, const char *help, uint64_t value)
{
	head(out, name, "counter", help);
	sample(out, name, value);
}

/* ---- workers ---- */

static const struct family worker_gauges[] = {
#define GAUGE(field, text) {#field, text, offsetof(struct weir_path_gauges, field)},
	WEIR_PATH_GAUGES(GAUGE)
#undef GAUGE
};

static void add_worker_gauges(struct weir_buf *out, const struct weir_ctl *c)
{
	unsigned int n = weir_path_workers(c->cfg.path);
	struct weir_path_gauges gauges[WEIR_CONF_WORKERS_MAX];

	for (unsigned int w = 0; w < n; w++)
		weir_path_gauges(c->cfg.path, w, &gauges[w]);
	for (size_t i = 0; i < WEIR_ARRAY_LEN(worker_gauges); i++) {
		const struct family *f = &worker_gauges[i];

		head(out, f->name, "gauge", f->help);
		for (unsigned int w = 0; w < n; w++) {
			uint32_t value;

			memcpy(&value, (const char *)&gauges[w] + f->offset, sizeof(value));
			weir_buf_printf(out, "weir_%s{worker=\"%u\"} %u\n", f->name, w, value);
		}
	}
}

static const char *stage_name(unsigned int i)
{
	return weir_stage_name((enum weir_stage)i);
}

static const char *http_work_name(unsigned int i)
{
	return weir_http_work_name((enum weir_http_work)i);
}

/* Words of struct weir_stats that stand in a row, told apart by a label. */
struct row {
	const char *name, *help, *label;
	const char *(*label_of)(unsigned int i);
	unsigned int n;
	size_t offset;
};

static const struct row worker_rows[] = {
	{"stage_cycles_total", "cycles spent by stage, sampled", "stage", stage_name,
	 WEIR_STAGE_END, offsetof(struct weir_stats, stage_cycles)},
	{"stage_packets_total", "packets that stage cycles are over", "stage", stage_name,
	 WEIR_STAGE_END, offsetof(struct weir_stats, stage_packets)},
	{"http_cycles_total", "cycles spent on HTTP by kind of work, `all` has the others in it",
	 "work", http_work_name, WEIR_HTTP_WORK_END, offsetof(struct weir_stats, http_cycles)},
};

static void add_row(struct weir_buf *out, const struct weir_ctl *c, const struct row *r)
{
	head(out, r->name, "counter", r->help);
	for (unsigned int i = 0; i < r->n; i++)
		for (unsigned int w = 0; w < weir_path_workers(c->cfg.path); w++) {
			struct weir_stats copy = {0};
			uint64_t value;

			weir_stats_add(&copy, weir_path_stats(c->cfg.path, w));
			memcpy(&value, (const char *)&copy + r->offset + i * sizeof(value),
			       sizeof(value));
			weir_buf_printf(out, "weir_%s{%s=\"%s\",worker=\"%u\"} %llu\n", r->name,
					r->label, r->label_of(i), w, (unsigned long long)value);
		}
}

static void add_bad_http(struct weir_buf *out, const struct weir_ctl *c)
{
	head(out, "http_malformed_total", "counter", "messages of HTTP that were malformed so");
	for (unsigned int e = 1; e < WEIR_HTTP_ERROR_END; e++)
		for (unsigned int w = 0; w < weir_path_workers(c->cfg.path); w++)
			weir_buf_printf(
				out, "weir_http_malformed_total{error=\"%s\",worker=\"%u\"} %llu\n",
				weir_http_error_name((enum weir_http_error)e), w,
				(unsigned long long)weir_path_bad_http(c->cfg.path, w,
								       (enum weir_http_error)e));
}

static void add_bad_http2(struct weir_buf *out, const struct weir_ctl *c)
{
	head(out, "http2_errors_total", "counter", "sessions and streams of HTTP/2 that ended so");
	for (unsigned int leg = 0; leg < 2; leg++)
		for (unsigned int e = 1; e < WEIR_HTTP2_ERROR_END; e++)
			for (unsigned int w = 0; w < weir_path_workers(c->cfg.path); w++)
				weir_buf_printf(
					out,
					"weir_http2_errors_total{side=\"%s\",error=\"%s\",worker="
					"\"%u\"} %llu\n",
					leg ? "server" : "client",
					weir_http2_error_name((enum weir_http2_error)e), w,
					(unsigned long long)weir_path_bad_http2(
						c->cfg.path, w, leg, (enum weir_http2_error)e));
}

static void add_workers(struct weir_buf *out, const struct weir_ctl *c)
{
	const struct weir_stats *stats[WEIR_CONF_WORKERS_MAX];
	unsigned int ids[WEIR_CONF_WORKERS_MAX];
	unsigned int n = weir_path_workers(c->cfg.path);

	for (unsigned int w = 0; w < n; w++) {
		stats[w] = weir_path_stats(c->cfg.path, w);
		ids[w] = w;
	}
	weir_stats_prometheus(out, stats, ids, n);
	for (size_t i = 0; i < WEIR_ARRAY_LEN(worker_rows); i++)
		add_row(out, c, &worker_rows[i]);
	add_bad_http(out, c);
	add_bad_http2(out, c);
	ctl_add_tls_metrics(out, c);
	add_worker_gauges(out, c);
	ctl_add_pool_metrics(out, c);
}

/* ---- ports ---- */

#define COUNTER(field, help)                                                              \
	{                                                                                 \
		"port_" #field "_total", help, offsetof(struct weir_port_counters, field) \
	}

static const struct family port_counters[] = {
	COUNTER(rx_packets, "frames that the port received"),
	COUNTER(rx_bytes, "bytes that the port received"),
	COUNTER(tx_packets, "frames that the port sent"),
	COUNTER(tx_bytes, "bytes that the port sent"),
	COUNTER(rx_missed, "frames that the device dropped since weir was too slow"),
	COUNTER(rx_errors, "frames that the device could not receive"),
	COUNTER(tx_errors, "frames that the device could not send"),
	COUNTER(rx_no_buffer, "times that the device had no packet buffer"),
};

static void port_sample(struct weir_buf *out, const struct weir_ctl *c, unsigned int port,
			const char *name, uint64_t value)
{
	weir_buf_printf(out, "weir_%s{port=\"", name);
	label(out, weir_names_get(c->cfg.names, c->cfg.ports->port[port].name));
	weir_buf_printf(out, "\"} %llu\n", (unsigned long long)value);
}

static void add_ports(struct weir_buf *out, const struct weir_ctl *c)
{
	struct weir_port_counters counters[WEIR_CONF_PORTS_MAX];
	unsigned int n = c->cfg.ports ? c->cfg.ports->n : 0;

	for (unsigned int p = 0; p < n; p++)
		weir_port_counters(&c->cfg.ports->port[p], &counters[p]);
	for (size_t i = 0; i < WEIR_ARRAY_LEN(port_counters); i++) {
		const struct family *f = &port_counters[i];

		head(out, f->name, "counter", f->help);
		for (unsigned int p = 0; p < n; p++) {
			uint64_t value;

			memcpy(&value, (const char *)&counters[p] + f->offset, sizeof(value));
			port_sample(out, c, p, f->name, value);
		}
	}
	head(out, "port_up", "gauge", "whether the port has a link");
	for (unsigned int p = 0; p < n; p++)
		port_sample(out, c, p, "port_up", c->links.port[p].state == CTL_LINK_UP);
	head(out, "port_link_changes_total", "counter", "changes of the port's link");
	for (unsigned int p = 0; p < n; p++)
		port_sample(out, c, p, "port_link_changes_total", c->links.port[p].changes);
}

/* ---- the rest ---- */

static void add_policy(struct weir_buf *out, const struct weir_ctl *c)
{
	const struct weir_generation *g = weir_path_generation(c->cfg.path);
	struct weir_policy_size size = weir_policy_size(g->policy);
	struct ctl_waf_sum waf = ctl_sum_programs(g->programs);

	gauge(out, "published_generation", "number of the generation that is published", g->number);
	gauge(out, "published_generation_loaded_seconds", "when it was loaded, unix time",
	      g->loaded_unix_ns / WEIR_NS_PER_S);
	gauge(out, "policy_groups", "groups", size.groups);
	gauge(out, "policy_prefixes", "prefixes in groups", size.prefixes);
	gauge(out, "policy_policies", "policies", size.policies);
	gauge(out, "policy_rules", "rules of policies", size.rules);
	gauge(out, "policy_bytes", "size of the compiled policy, about", size.bytes);
	gauge(out, "policy_services", "services", size.services);
	gauge(out, "policy_threats", "threat policies", size.threats);
	gauge(out, "waf_programs", "compiled rule sets of threat policies", waf.programs);
	gauge(out, "waf_rules", "rules in them", waf.rules);
	gauge(out, "waf_bytes", "size of them", waf.bytes);
	head(out, "reloads_total", "counter", "loads of the configuration since the start");
	sample(out, "reloads_total{result=\"published\"}", c->reload.good);
	sample(out, "reloads_total{result=\"refused\"}", c->reload.refused);
}

static void add_events(struct weir_buf *out, const struct weir_ctl *c)
{
	struct weir_event_writer_stats s = {0};

	if (c->cfg.writer)
		s = weir_event_writer_stats(c->cfg.writer);
	counter(out, "event_records_total", "records that the event writer took", s.records);
	counter(out, "event_written_total", "records written to the event file", s.written);
	counter(out, "event_write_errors_total", "records that could not be written",
		s.write_errors);
}

static void add_process(struct weir_buf *out, const struct weir_ctl *c)
{
	head(out, "build_info", "gauge", "1, labelled with the version");
	weir_buf_str(out, "weir_build_info{version=\"");
	label(out, c->cfg.version);
	weir_buf_str(out, "\"} 1\n");
	gauge(out, "start_time_seconds", "when weir started, unix time",
	      c->start_unix_ns / WEIR_NS_PER_S);
	gauge(out, "uptime_seconds", "seconds since the start",
	      (c->now_ns - c->start_ns) / WEIR_NS_PER_S);
	gauge(out, "hugepages", "whether packet memory is in hugepages", c->cfg.have_hugepages);
	gauge(out, "control_clients", "clients on the control socket", c->n_clients);
}

void weir_ctl_metrics(struct weir_ctl *c, struct weir_buf *out)
{
	add_process(out, c);
	add_policy(out, c);
	add_workers(out, c);
	add_ports(out, c);
	add_events(out, c);
}
