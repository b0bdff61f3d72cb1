/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A record as one line of JSON: Suricata's eve.json names and our own object `weir`. Written piece
 * by piece without printf: a gateway under attack makes hundreds of thousands of these a second.
 */
#include "event_impl.h"

#include <weir_flow.h>
#include <weir_policy.h>
#include <weir_stats.h>

/* ---- values ---- */

/* `value` in exactly `n` digits. */
static void put_digits(char *to, unsigned int n, unsigned int value)
{
	while (n--) {
		to[n] = (char)('0' + value % 10);
		value /= 10;
	}
}

struct date {
	unsigned int year, month, day;
};

/* Without gmtime(), which takes a lock and looks after time zones. Years begin in March here, so
 * that the leap day is the last one, and an era of 400 of them in the year 0. */
static struct date date_of(uint64_t days_since_1970)
{
	unsigned int days = (unsigned int)(days_since_1970 + 719468), day = days % 146097;
	unsigned int year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	unsigned int month; /* 0: March */

	day -= year * 365 + year / 4 - year / 100;
	month = (5 * day + 2) / 153;
	return (struct date){.year = days / 146097 * 400 + year + (month >= 10),
			     .month = month < 10 ? month + 3 : month - 9,
			     .day = day - (153 * month + 2) / 5 + 1};
}

/* As Suricata writes it: "2026-01-31T23:59:59.123456+0000". */
static void add_time(struct weir_buf *out, uint64_t unix_ns)
{
	char text[] = "\"0000-00-00T00:00:00.000000+0000\"";
	uint64_t seconds = unix_ns / WEIR_NS_PER_S;
	unsigned int second = (unsigned int)(seconds % 86400);
	struct date date = date_of(seconds / 86400);

	put_digits(text + 1, 4, date.year);
	put_digits(text + 6, 2, date.month);
	put_digits(text + 9, 2, date.day);
	put_digits(text + 12, 2, second / 3600);
	put_digits(text + 15, 2, second / 60 % 60);
	put_digits(text + 18, 2, second % 60);
	put_digits(text + 21, 6, (unsigned int)(unix_ns % WEIR_NS_PER_S / WEIR_NS_PER_US));
	weir_buf_add(out, text, sizeof(text) - 1);
}

static void add_addr(struct weir_buf *out, const struct weir_addr *a)
{
	char text[WEIR_ADDR_TEXT];

	if (a->family != 4) {
		weir_buf_str(out, weir_addr_format(a, text));
		return;
	}
	for (unsigned int i = 12; i < 16; i++) {
		if (i > 12)
			LIT(out, ".");
		weir_buf_u64(out, a->bytes[i]);
	}
}

/* Without a way out, so that the compiler can look at many bytes at a time. */
static bool is_plain(struct weir_bytes text)
{
	bool special = false;

	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.ptr[i];

		special |= (c < 0x20) | (c > 0x7e) | (c == '"') | (c == '\\');
	}
	return !special;
}

void event_add_bytes(struct weir_buf *out, struct weir_bytes text)
{
	struct weir_json j = weir_json_into(out);

	if (!is_plain(text)) {
		weir_json_bytes(&j, NULL, text);
		return;
	}
	LIT(out, "\"");
	weir_buf_add(out, text.ptr, text.len);
	LIT(out, "\"");
}

void event_add_text(struct weir_buf *out, const char *text)
{
	event_add_bytes(out, weir_bytes_str(text));
}

static void add_hex(struct weir_buf *out, uint8_t value)
{
	static const char digit[] = "0123456789abcdef";
	const char text[] = {'"', digit[value >> 4], digit[value & 15], '"'};

	weir_buf_add(out, text, sizeof(text));
}

/* ---- members; each begins with the comma, since `timestamp` is always first ---- */

static const char *event_type_name(uint8_t type)
{
	static const char *const names[] = {
		[WEIR_EVENT_DECISION] = "decision", [WEIR_EVENT_FLOW] = "flow",
		[WEIR_EVENT_DROP] = "drop",         [WEIR_EVENT_FAILURE] = "failure",
		[WEIR_EVENT_LINK] = "link",         [WEIR_EVENT_RELOAD] = "reload",
		[WEIR_EVENT_TRACE] = "trace",       [WEIR_EVENT_ALERT] = "alert",
		[WEIR_EVENT_HTTP] = "http",         [WEIR_EVENT_HELLO] = "tls",
		[WEIR_EVENT_PINNED] = "tls",        [WEIR_EVENT_SERVER] = "tls",
	};

	return type < WEIR_ARRAY_LEN(names) ? names[type] : "unknown";
}

const char *weir_event_proto_name(uint8_t proto)
{
	switch (proto) {
	case WEIR_PROTO_TCP:
		return "TCP";
	case WEIR_PROTO_UDP:
		return "UDP";
	case WEIR_PROTO_ICMP:
		return "ICMP";
	case WEIR_PROTO_ICMPV6:
		return "IPv6-ICMP";
	case WEIR_PROTO_SCTP:
		return "SCTP";
	default:
		return NULL;
	}
}

bool weir_event_has_ports(uint8_t proto)
{
	return proto == WEIR_PROTO_TCP || proto == WEIR_PROTO_UDP || proto == WEIR_PROTO_SCTP;
}

static void add_side(struct weir_buf *out, const char *ip_key, const struct weir_addr *a,
		     const char *port_key, const uint16_t *port)
{
	weir_buf_str(out, ip_key);
	add_addr(out, a);
	LIT(out, "\"");
	if (!port)
		return;
	weir_buf_str(out, port_key);
	weir_buf_u64(out, *port);
}

static void add_vlan(struct weir_buf *out, const struct weir_event *e)
{
	LIT(out, ",\"vlan\":[");
	weir_buf_u64(out, e->vlan);
	if (e->vlan_inner) {
		LIT(out, ",");
		weir_buf_u64(out, e->vlan_inner);
	}
	LIT(out, "]");
}

static void add_addresses(struct weir_buf *out, const struct weir_event *e)
{
	const char *proto = weir_event_proto_name(e->proto);
	bool ports = weir_event_has_ports(e->proto);

	if (e->vlan)
		add_vlan(out, e);
	if (!e->src.family)
		return;
	add_side(out, ",\"src_ip\":\"", &e->src, ",\"src_port\":", ports ? &e->sport : NULL);
	add_side(out, ",\"dest_ip\":\"", &e->dst, ",\"dest_port\":", ports ? &e->dport : NULL);
	LIT(out, ",\"proto\":\"");
	if (proto)
		weir_buf_str(out, proto);
	else
		weir_buf_u64(out, e->proto); /* Suricata has a number as text here, too */
	LIT(out, "\"");
}

static void add_flow(struct weir_buf *out, const struct weir_event *e)
{
	LIT(out, ",\"flow\":{\"pkts_toserver\":");
	weir_buf_u64(out, e->packets[0]);
	MEMBER_U64(out, "pkts_toclient", e->packets[1]);
	MEMBER_U64(out, "bytes_toserver", e->bytes[0]);
	MEMBER_U64(out, "bytes_toclient", e->bytes[1]);
	LIT(out, ",\"start\":");
	add_time(out, e->start_unix_ns);
	LIT(out, ",\"end\":");
	add_time(out, e->unix_ns);
	MEMBER_U64(out, "age",
		   e->unix_ns > e->start_unix_ns ? (e->unix_ns - e->start_unix_ns) / WEIR_NS_PER_S
						 : 0);
	LIT(out, ",\"state\":\"");
	weir_buf_str(out, weir_flow_state_name((enum weir_flow_state)e->state));
	LIT(out, "\",\"reason\":\"");
	weir_buf_str(out, weir_flow_end_name((enum weir_flow_end)e->end));
	LIT(out, "\"}");
}

static void add_tcp(struct weir_buf *out, const struct weir_event *e)
{
	LIT(out, ",\"tcp\":{\"tcp_flags\":");
	add_hex(out, e->tcp_flags[0] | e->tcp_flags[1]);
	LIT(out, ",\"tcp_flags_ts\":");
	add_hex(out, e->tcp_flags[0]);
	LIT(out, ",\"tcp_flags_tc\":");
	add_hex(out, e->tcp_flags[1]);
	LIT(out, ",\"state\":\"");
	weir_buf_str(out, weir_flow_state_name((enum weir_flow_state)e->state));
	LIT(out, "\"}");
}

static void add_trace(struct weir_buf *out, const struct weir_event *e)
{
	LIT(out, ",\"trace\":{\"direction\":");
	if (e->dir)
		LIT(out, "\"to_client\"");
	else
		LIT(out, "\"to_server\"");
	if (e->step == WEIR_EVENT_SENT)
		LIT(out, ",\"step\":\"sent\"");
	else if (e->step == WEIR_EVENT_STOPPED)
		LIT(out, ",\"step\":\"stopped\"");
	MEMBER_U64(out, "len", e->len);
	LIT(out, ",\"state\":\"");
	weir_buf_str(out, weir_flow_state_name((enum weir_flow_state)e->state));
	LIT(out, "\"");
	if (e->proto == WEIR_PROTO_TCP && e->step != WEIR_EVENT_STOPPED) {
		LIT(out, ",\"tcp_flags\":");
		add_hex(out, e->trace_tcp_flags);
		MEMBER_U64(out, "seq", e->seq);
		MEMBER_U64(out, "ack", e->ack);
		MEMBER_U64(out, "window", e->window);
	}
	LIT(out, "}");
}

static void add_alert(struct weir_buf *out, const struct weir_event *e,
		      const struct weir_names *names)
{
	static const char *const wanted[] = {"alert", "reset", "drop"};
	char context[WEIR_EVENT_CONTEXT + 1] = {0};

	/* eve knows allowed and blocked; which of the two ways stands in `weir`. */
	LIT(out, ",\"alert\":{\"action\":\"");
	weir_buf_str(out, e->action ? "blocked" : "allowed");
	LIT(out, "\",\"signature_id\":");
	weir_buf_u64(out, e->signature);
	LIT(out, ",\"signature\":");
	event_add_text(out, weir_names_get(names, e->message));
	MEMBER_U64(out, "severity", e->severity);
	LIT(out, "},\"direction\":\"");
	weir_buf_str(out, e->dir ? "to_client" : "to_server");
	LIT(out, "\",\"stream\":{\"action\":\"");
	weir_buf_str(out, wanted[e->action < WEIR_ARRAY_LEN(wanted) ? e->action : 0]);
	LIT(out, "\"");
	MEMBER_U64(out, "offset", e->offset);
	LIT(out, ",\"context\":");
	memcpy(context, e->context, sizeof(e->context));
	event_add_text(out, context);
	LIT(out, "}");
}

/* ---- the object `weir` ---- */

void event_add_name(struct weir_buf *out, const struct weir_names *names, const char *key,
		    uint32_t id)
{
	if (!id)
		return;
	weir_buf_str(out, key);
	event_add_text(out, weir_names_get(names, id));
}

/* Of a transaction `policy` and `rule` are those that judged it. */
static void add_deciders(struct weir_buf *out, const struct weir_event *e,
			 const struct weir_names *names)
{
	bool http = e->type == WEIR_EVENT_HTTP;

	event_add_name(out, names, http ? ",\"access_policy\":" : ",\"policy\":", e->policy);
	event_add_name(out, names, http ? ",\"access_rule\":" : ",\"rule\":", e->rule);
}

/* That of a flow. */
static bool tells_verdict(uint8_t type)
{
	return type != WEIR_EVENT_LINK && type != WEIR_EVENT_RELOAD && type != WEIR_EVENT_HTTP;
}

static void add_verdict(struct weir_buf *out, const struct weir_event *e)
{
	if (e->reason) {
		LIT(out, ",\"reason\":\"");
		weir_buf_str(out, weir_drop_name((enum weir_drop)e->reason));
		LIT(out, "\"");
	}
	if (!tells_verdict(e->type))
		return;
	LIT(out, ",\"verdict\":\"");
	weir_buf_str(out, weir_verdict_name((enum weir_verdict)e->verdict));
	LIT(out, "\"");
	if (e->decision_flags & WEIR_DECISION_WOULD_DENY)
		LIT(out, ",\"mode\":\"detect\",\"would_deny\":true");
	if (e->decision_flags & WEIR_DECISION_INSPECT)
		LIT(out, ",\"inspect\":true");
	if (e->midstream)
		LIT(out, ",\"midstream\":true");
}

static bool tells_hello(uint8_t type)
{
	return type == WEIR_EVENT_HELLO || type == WEIR_EVENT_PINNED;
}

static void add_weir(struct weir_buf *out, const struct weir_event *e,
		     const struct weir_names *names)
{
	LIT(out, ",\"weir\":{\"generation\":");
	weir_buf_u64(out, e->generation);
	if (e->type != WEIR_EVENT_LINK && e->type != WEIR_EVENT_RELOAD)
		MEMBER_U64(out, "worker", e->worker);
	add_deciders(out, e, names);
	add_verdict(out, e);
	if (e->type == WEIR_EVENT_DROP || e->type == WEIR_EVENT_FAILURE)
		MEMBER_U64(out, "count", e->count);
	if (e->src.family && !weir_event_has_ports(e->proto) && e->sport)
		MEMBER_U64(out, "icmp_id", e->sport);
	event_add_name(out, names, ",\"detail\":", e->detail);
	if (e->type == WEIR_EVENT_HTTP)
		event_add_transaction(out, e, names);
	if (e->type == WEIR_EVENT_FLOW || e->type == WEIR_EVENT_DECISION)
		event_add_identity(out, &e->identity);
	if (e->type == WEIR_EVENT_FLOW)
		event_add_tls_legs(out, e->tls);
	if (tells_hello(e->type))
		event_add_hello_members(out, e, names);
	if (e->type == WEIR_EVENT_SERVER)
		event_add_server_members(out, &e->server);
	LIT(out, "}");
}

void weir_event_encode(const struct weir_event *e, const struct weir_names *names,
		       struct weir_buf *out)
{
	LIT(out, "{\"timestamp\":");
	add_time(out, e->unix_ns);
	if (e->flow_id)
		MEMBER_U64(out, "flow_id", e->flow_id);
	event_add_name(out, names, ",\"in_iface\":", e->port);
	LIT(out, ",\"event_type\":\"");
	weir_buf_str(out, event_type_name(e->type));
	LIT(out, "\"");
	add_addresses(out, e);
	if (e->type == WEIR_EVENT_FLOW) {
		add_flow(out, e);
		if (e->proto == WEIR_PROTO_TCP)
			add_tcp(out, e);
		event_add_tls(out, e->tls, e->sni, sizeof(e->sni));
	}
	if (e->type == WEIR_EVENT_TRACE)
		add_trace(out, e);
	if (e->type == WEIR_EVENT_ALERT)
		add_alert(out, e, names);
	if (e->type == WEIR_EVENT_HTTP)
		event_add_http(out, e->http);
	if (tells_hello(e->type))
		event_add_hello(out, &e->hello);
	if (e->type == WEIR_EVENT_SERVER)
		event_add_server(out, &e->server);
	add_weir(out, e, names);
	LIT(out, "}");
}
