/* SPDX-License-Identifier: BSD-3-Clause */
/* Flows, records and traced packets, a line each; and what policy says to a flow. */
#include "weirctl.h"

/* "10.0.0.1:443", "[2001:db8::1]:443", or the address alone where there is no port. */
static const char *endpoint(const json_t *o, const char *ip_key, const char *port_key,
			    char text[80])
{
	const char *ip = text_of(o, ip_key);
	long long port = int_of(o, port_key);

	if (!port)
		snprintf(text, 80, "%s", ip);
	else
		snprintf(text, 80, strchr(ip, ':') ? "[%s]:%lld" : "%s:%lld", ip, port);
	return text;
}

/* "policy/rule" */
static const char *who_decided(const json_t *o, char text[160])
{
	const char *rule = text_of(o, "rule");

	snprintf(text, 160, "%s%s%s", text_of(o, "policy"), *rule ? "/" : "", rule);
	return text;
}

static const char *verdict_of(const json_t *o)
{
	return json_is_true(json_object_get(o, "would_deny")) ? "would deny"
							      : text_of(o, "verdict");
}

/* ---- flows ---- */

static void flow_row(struct table *t, const json_t *f)
{
	char a[160], b[80];

	table_cell(t, "%s", text_of(f, "proto"));
	table_cell(t, "%s", endpoint(f, "src_ip", "src_port", b));
	table_cell(t, "%s", endpoint(f, "dest_ip", "dest_port", b));
	table_cell(t, "%s", text_of(f, "state"));
	table_cell(t, "%s", duration(number_of(f, "age_s"), a));
	table_cell(t, "%s", duration(number_of(f, "idle_s"), a));
	table_cell(t, "%s", scaled(number_of(f, "pkts_toserver"), a));
	table_cell(t, "%s", scaled(number_of(f, "pkts_toclient"), a));
	table_cell(t, "%s",
		   scaled(number_of(f, "bytes_toserver") + number_of(f, "bytes_toclient"), a));
	table_cell(t, "%s", verdict_of(f));
	table_cell(t, "%s", who_decided(f, a));
	table_cell(t, "%lld", (long long)int_of(f, "flow_id"));
}

static void leg_row(struct table *t, const json_t *f, const json_t *leg)
{
	static const char *const keys[] = {"cwnd",   "peer_window", "window", "unread",
					   "unsent", "unacked",     "scanned"};
	char a[160];

	table_cell(t, "%lld", (long long)int_of(f, "flow_id"));
	table_cell(t, "%s", text_of(leg, "peer"));
	table_cell(t, "%s", text_of(leg, "state"));
	table_cell(t, "%.1f ms", number_of(leg, "rtt_us") / 1e3);
	for (size_t i = 0; i < WEIR_ARRAY_LEN(keys); i++)
		table_cell(t, "%s", scaled(number_of(leg, keys[i]), a));
	table_cell(t, "%lld", (long long)int_of(leg, "resent"));
	table_cell(t, "%lld", (long long)int_of(leg, "timeouts"));
}

/* A table of some of the flows; nothing where it has no rows. */
static void end_part(struct table *t, const char *title)
{
	if (!t->cells) {
		weir_buf_fini(&t->text);
		return;
	}
	printf("\n%s:\n", title);
	table_end(t);
}

/* Of the connections that weir carries itself: a line for each peer. */
static void render_legs(const json_t *flows)
{
	static const char *const head[] = {
		"ID",      "PEER",    "STATE",    ">RTT",     ">CWND",   ">TAKES",    ">OFFERED",
		">UNREAD", ">UNSENT", ">UNACKED", ">SCANNED", ">RESENT", ">TIMEOUTS", NULL};
	struct table t = table_begin(head);
	const json_t *flow, *leg;
	size_t i, k;

	json_array_foreach (flows, i, flow)
		json_array_foreach (json_object_get(flow, "legs"), k, leg)
			leg_row(&t, flow, leg);
	end_part(&t, "carried by weir itself, by peer");
}

/* Of those that are read as HTTP: how far they are. */
static void render_http(const json_t *flows)
{
	static const char *const head[] = {"ID",         "VERSION",      ">REQUESTS",
					   ">RESPONSES", ">OUTSTANDING", NULL};
	static const char *const keys[] = {"requests", "responses", "outstanding"};
	struct table t = table_begin(head);
	const json_t *flow;
	char a[160];
	size_t i;

	json_array_foreach (flows, i, flow) {
		const json_t *http = json_object_get(flow, "http");

		if (!http)
			continue;
		table_cell(&t, "%lld", (long long)int_of(flow, "flow_id"));
		table_cell(&t, "%s", json_string_value(json_object_get(http, "version")) ?: "");
		for (size_t k = 0; k < WEIR_ARRAY_LEN(keys); k++)
			table_cell(&t, "%s", scaled(number_of(http, keys[k]), a));
	}
	end_part(&t, "read as HTTP");
}

/* Of those whose clients have shown a certificate: who they are. */
static void render_identities(const json_t *flows)
{
	static const char *const head[] = {"ID", "CLIENT", NULL};
	struct table t = table_begin(head);
	const json_t *flow;
	size_t i;

	json_array_foreach (flows, i, flow) {
		if (!*text_of(flow, "identity"))
			continue;
		table_cell(&t, "%lld", (long long)int_of(flow, "flow_id"));
		table_cell(&t, "%s", text_of(flow, "identity"));
	}
	end_part(&t, "by certificate");
}

void render_flows(const json_t *answer)
{
	static const char *const head[] = {"PROTO",  "FROM",  "TO",    "STATE",  ">AGE",
					   ">IDLE",  ">SENT", ">BACK", ">BYTES", "VERDICT",
					   "POLICY", "ID",    NULL};
	const json_t *flow, *flows = json_object_get(answer, "flows");
	struct table t = table_begin(head);
	size_t i;

	json_array_foreach (flows, i, flow)
		flow_row(&t, flow);
	table_end(&t);
	if ((size_t)int_of(answer, "total") > json_array_size(flows))
		printf("%zu of %lld flows that match (--limit)\n", json_array_size(flows),
		       (long long)int_of(answer, "total"));
	render_legs(flows);
	render_http(flows);
	render_identities(flows);
}

/* ---- records ---- */

const char *time_of_day(const json_t *e, char text[16])
{
	const char *t = strchr(text_of(e, "timestamp"), 'T');

	snprintf(text, 16, "%.15s", t ? t + 1 : "");
	return text;
}

static void print_ends(const json_t *e)
{
	char from[80], to[80];

	if (!*text_of(e, "src_ip"))
		return;
	printf(" %s %s > %s", text_of(e, "proto"), endpoint(e, "src_ip", "src_port", from),
	       endpoint(e, "dest_ip", "dest_port", to));
}

static void print_decision(const json_t *weir)
{
	const char *reason = text_of(weir, "reason"), *detail = text_of(weir, "detail");
	char who[160];

	if (*text_of(weir, "verdict"))
		printf(" %s", verdict_of(weir));
	if (*text_of(weir, "policy"))
		printf(" by %s", who_decided(weir, who));
	if (*reason)
		printf(" (%s)", reason);
	if (*text_of(weir, "identity"))
		printf(" client %s", text_of(weir, "identity"));
	if (int_of(weir, "count"))
		printf(" %lld packets", (long long)int_of(weir, "count"));
	if (*detail)
		printf(" %s", detail);
}

static void print_amounts(const json_t *flow)
{
	char age[32], sent[32], back[32];

	if (!flow)
		return;
	printf(" %s/%s bytes in %s, %s", scaled(number_of(flow, "bytes_toserver"), sent),
	       scaled(number_of(flow, "bytes_toclient"), back),
	       duration(number_of(flow, "age"), age), text_of(flow, "reason"));
}

void render_events(const json_t *answer)
{
	const json_t *e, *events = json_object_get(answer, "events");
	char time[16];
	size_t i;

	json_array_foreach (events, i, e) {
		const char *port = text_of(e, "in_iface");

		printf("%s %-8s", time_of_day(e, time), text_of(e, "event_type"));
		if (*port)
			printf(" %s", port);
		print_ends(e);
		print_amounts(json_object_get(e, "flow"));
		print_decision(json_object_get(e, "weir"));
		putchar('\n');
	}
}

/* ---- traces ---- */

/* "SA" for the flags' byte as two hex digits. */
static const char *flag_letters(const char *hex, char text[16])
{
	static const char letters[] = "FSRPAUEC";
	unsigned int flags = 0, n = 0;

	if (sscanf(hex, "%2x", &flags) != 1)
		flags = 0;
	for (unsigned int i = 0; letters[i]; i++)
		if (flags & 1u << i)
			text[n++] = letters[i];
	if (!n)
		text[n++] = '.';
	text[n] = '\0';
	return text;
}

/* Of what came, of what weir sends for a connection that it carries, of what it stopped. */
static const char *arrow(const json_t *t)
{
	bool back = strcmp(text_of(t, "direction"), "to_client") == 0;
	const char *step = text_of(t, "step");

	if (strcmp(step, "sent") == 0)
		return back ? "<<" : ">>";
	if (strcmp(step, "stopped") == 0)
		return back ? "|<" : ">|";
	return back ? "<" : ">";
}

static void print_packet(const json_t *e, const json_t *t)
{
	char from[80], to[80], flags[16], time[16];

	printf("%s %s %s %s %s len %lld %s", time_of_day(e, time), text_of(e, "proto"),
	       endpoint(e, "src_ip", "src_port", from), arrow(t),
	       endpoint(e, "dest_ip", "dest_port", to), (long long)int_of(t, "len"),
	       text_of(t, "state"));
	if (json_object_get(t, "seq"))
		printf(" [%s] seq %lld ack %lld win %lld",
		       flag_letters(text_of(t, "tcp_flags"), flags), (long long)int_of(t, "seq"),
		       (long long)int_of(t, "ack"), (long long)int_of(t, "window"));
}

void render_trace(const json_t *line)
{
	const json_t *packet = json_object_get(line, "trace");

	if (packet) {
		print_packet(line, packet);
		print_decision(json_object_get(line, "weir"));
		putchar('\n');
	} else if (json_object_get(line, "done")) {
		printf("%lld packets", (long long)int_of(line, "packets"));
		if (int_of(line, "lost"))
			printf(", %lld lost", (long long)int_of(line, "lost"));
		putchar('\n');
	}
}
