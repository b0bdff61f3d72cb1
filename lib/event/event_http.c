/* SPDX-License-Identifier: BSD-3-Clause */
/* A transaction as part of a record: eve's names for HTTP, and what the rules made of it. */
#include "event_impl.h"

#include <stddef.h>

#include <weir_waf.h>

/* What an array of a record holds: a record is a worker's memory, and nothing is taken on trust. */
#define FIELD(array) weir_bytes_of(array, strnlen(array, sizeof(array)))

/* A text that is left out when it is empty. */
static void add_member(struct weir_buf *out, const char *key, struct weir_bytes text)
{
	if (!text.len)
		return;
	weir_buf_str(out, key);
	event_add_bytes(out, text);
}

void event_http_prefetch(const struct weir_event_http *h)
{
	const size_t end = offsetof(struct weir_event_http, rules);

	for (size_t at = 0; at < end; at += WEIR_CACHE_LINE)
		__builtin_prefetch((const char *)h + at);
}

static unsigned int matches(const struct weir_event_http *h)
{
	if (!h->match)
		return 0;
	return h->n_matches < WEIR_EVENT_MATCHES ? h->n_matches : WEIR_EVENT_MATCHES;
}

static const char *verdict_name(uint8_t verdict)
{
	return verdict <= WEIR_WAF_MORE ? weir_waf_verdict_name((enum weir_waf_verdict)verdict)
					: "unknown";
}

static void add_i32(struct weir_buf *out, int32_t value)
{
	if (value < 0)
		LIT(out, "-");
	weir_buf_u64(out, value < 0 ? (uint64_t) - (int64_t)value : (uint64_t)value);
}

/* As UNIQUE_ID and the refusal show it. */
static void add_id(struct weir_buf *out, uint64_t id)
{
	char text[WEIR_HEX_U64];

	LIT(out, ",\"id\":\"");
	weir_buf_add(out, weir_hex_u64(id, text), WEIR_HEX_U64 - 1);
	LIT(out, "\"");
}

/* ---- eve ---- */

/* Of SecLang's 0 EMERGENCY to 7 DEBUG eve's 1 critical to 4 low. */
static unsigned int eve_severity(uint8_t severity)
{
	if (severity <= 2)
		return 1;
	return severity == 3 ? 2 : severity == 4 ? 3 : 4;
}

static const struct weir_event_match *decider(const struct weir_event_http *h)
{
	for (unsigned int i = 0; i < matches(h); i++)
		if (h->match[i].rule == h->rule)
			return &h->match[i];
	return NULL;
}

static void add_alert(struct weir_buf *out, const struct weir_event_http *h)
{
	const struct weir_event_match *m = h->rule ? decider(h) : NULL;
	struct weir_bytes text = m ? FIELD(m->msg) : weir_bytes_str(h->bad ? h->bad : "");

	if (!text.len)
		text = weir_bytes_str(verdict_name(h->would));
	LIT(out, ",\"alert\":{\"action\":\"");
	weir_buf_str(out, h->verdict == WEIR_WAF_PASS && !h->bad ? "allowed" : "blocked");
	LIT(out, "\",\"signature_id\":");
	weir_buf_u64(out, h->rule);
	LIT(out, ",\"signature\":");
	event_add_bytes(out, text);
	/* What weir stops on its own account is grave, whatever no rule says of it. */
	MEMBER_U64(out, "severity", m ? eve_severity(m->severity) : 1);
	LIT(out, "}");
}

void event_add_http(struct weir_buf *out, const struct weir_event_http *h)
{
	/* Readers of JSON take integers of 63 bits; all 64 stand in weir.id. */
	MEMBER_U64(out, "tx_id", h->tx_id & INT64_MAX);
	if (h->verdict != WEIR_WAF_PASS || h->would != WEIR_WAF_PASS || (h->bad && !h->cut))
		add_alert(out, h);
	LIT(out, ",\"http\":{\"length\":");
	weir_buf_u64(out, h->response_bytes);
	add_member(out, ",\"hostname\":", FIELD(h->host));
	add_member(out, ",\"url\":", FIELD(h->path));
	add_member(out, ",\"http_user_agent\":", FIELD(h->user_agent));
	add_member(out, ",\"http_method\":", FIELD(h->method));
	add_member(out, ",\"protocol\":", FIELD(h->protocol));
	if (h->status)
		MEMBER_U64(out, "status", h->status);
	LIT(out, "}");
	event_add_tls(out, h->tls, h->sni, sizeof(h->sni));
}

/* ---- our own ---- */

static void add_verdicts(struct weir_buf *out, const struct weir_event_http *h)
{
	LIT(out, ",\"verdict\":\"");
	weir_buf_str(out, verdict_name(h->verdict));
	LIT(out, "\",\"would\":\"");
	weir_buf_str(out, verdict_name(h->would));
	if (h->detect)
		LIT(out, "\",\"mode\":\"detect\"");
	else
		LIT(out, "\",\"mode\":\"enforce\"");
	if (h->rule)
		MEMBER_U64(out, "rule", h->rule);
	if (h->phase)
		MEMBER_U64(out, "phase", h->phase);
	if (h->bad)
		add_member(out, ",\"bad\":", weir_bytes_str(h->bad));
	if (h->answered_by_weir)
		LIT(out, ",\"answered\":true");
	if (h->request_partial || h->response_partial)
		add_member(out, ",\"partial\":",
			   weir_bytes_str(h->request_partial ? "request" : "response"));
	LIT(out, ",\"scores\":{\"inbound\":");
	add_i32(out, h->inbound_score);
	LIT(out, ",\"outbound\":");
	add_i32(out, h->outbound_score);
	LIT(out, "}");
}

static void add_match(struct weir_buf *out, const struct weir_event_match *m)
{
	LIT(out, "{\"id\":");
	weir_buf_u64(out, m->rule);
	add_member(out, ",\"msg\":", FIELD(m->msg));
	add_member(out, ",\"target\":", FIELD(m->target));
	add_member(out, ",\"data\":", FIELD(m->data));
	if (m->severity <= 7)
		MEMBER_U64(out, "severity", m->severity);
	MEMBER_U64(out, "phase", m->phase);
	if (m->detect_only)
		LIT(out, ",\"detect_only\":true");
	LIT(out, "}");
}

static void add_rules(struct weir_buf *out, const struct weir_event_http *h)
{
	LIT(out, ",\"rules\":[");
	for (unsigned int i = 0; i < h->n_rules && i < WEIR_EVENT_RULES; i++) {
		if (i)
			LIT(out, ",");
		weir_buf_u64(out, h->rules[i]);
	}
	LIT(out, "]");
	if (h->rules_more)
		MEMBER_U64(out, "rules_more", h->rules_more);
}

static void add_matches(struct weir_buf *out, const struct weir_event_http *h)
{
	LIT(out, ",\"matches\":[");
	for (unsigned int i = 0; i < matches(h); i++) {
		if (i)
			LIT(out, ",");
		add_match(out, &h->match[i]);
	}
	LIT(out, "]");
	if (h->matches_more)
		MEMBER_U64(out, "matches_more", h->matches_more);
}

void event_add_transaction(struct weir_buf *out, const struct weir_event *e,
			   const struct weir_names *names)
{
	const struct weir_event_http *h = e->http;

	add_id(out, h->tx_id);
	event_add_name(out, names, ",\"service\":", h->service);
	event_add_name(out, names, ",\"policy\":", h->threat);
	if (h->stream)
		MEMBER_U64(out, "stream", h->stream);
	add_verdicts(out, h);
	add_rules(out, h);
	add_matches(out, h);
	event_add_identity(out, &h->identity);
	event_add_tls_legs(out, h->tls);
	MEMBER_U64(out, "request_bytes", h->request_bytes);
	MEMBER_U64(out, "response_bytes", h->response_bytes);
	MEMBER_U64(out, "waf_us", h->waf_ns / WEIR_NS_PER_US);
	MEMBER_U64(out, "total_us", h->total_ns / WEIR_NS_PER_US);
}
