/* SPDX-License-Identifier: BSD-3-Clause */
/* A ClientHello as a record: eve's object of what was offered, and what came of it in our own. */
#include "event_impl.h"

#include <weir_policy.h>

static void add_protocols(struct weir_buf *out, const char *alpn)
{
	bool first = true;

	LIT(out, ",\"client_alpns\":[");
	while (*alpn) {
		size_t len = strcspn(alpn, ",");

		if (!first)
			LIT(out, ",");
		event_add_bytes(out, weir_bytes_of(alpn, len));
		alpn += len + (alpn[len] == ',');
		first = false;
	}
	LIT(out, "]");
}

void event_add_hello(struct weir_buf *out, const struct weir_event_hello *h)
{
	/* What was agreed upon is not known yet. */
	LIT(out, ",\"tls\":{\"version\":\"UNDETERMINED\"");
	if (*h->sni) {
		LIT(out, ",\"sni\":");
		event_add_text(out, h->sni);
	}
	if (*h->ja3) {
		LIT(out, ",\"ja3\":{\"hash\":");
		event_add_text(out, h->ja3);
		LIT(out, "}");
	}
	if (*h->ja4) {
		LIT(out, ",\"ja4\":");
		event_add_text(out, h->ja4);
	}
	if (*h->alpn)
		add_protocols(out, h->alpn);
	LIT(out, "}");
}

void event_add_hello_members(struct weir_buf *out, const struct weir_event *e,
			     const struct weir_names *names)
{
	const struct weir_event_hello *h = &e->hello;

	LIT(out, ",\"hello\":{\"name\":");
	event_add_text(out, weir_name_state_name((enum weir_name_state)h->name_state));
	if (h->version) {
		LIT(out, ",\"version\":");
		event_add_text(out, event_tls_version(h->version));
	}
	weir_buf_str(out, h->has_ech ? ",\"ech\":true}" : ",\"ech\":false}");
	if (e->decision_flags & WEIR_DECISION_INTERCEPT)
		LIT(out, ",\"intercept\":true");
	event_add_name(out, names, ",\"bypass\":", h->bypass);
	if (e->type == WEIR_EVENT_PINNED)
		LIT(out, ",\"pinned_suspected\":true");
}
