/* SPDX-License-Identifier: BSD-3-Clause */
/* A ClientHello as a record: eve's object of what was offered, and what came of it in our own. */
#include "event_impl.h"

#include <weir_policy.h>

void event_add_list(struct weir_buf *out, const char *key, const char *text, size_t room)
{
	size_t len = strnlen(text, room);

	if (!len)
		return;
	weir_buf_str(out, key);
	LIT(out, "[");
	for (size_t at = 0; at < len;) {
		const char *comma = memchr(text + at, ',', len - at);
		size_t end = comma ? (size_t)(comma - text) : len;

		if (at)
			LIT(out, ",");
		event_add_bytes(out, weir_bytes_of(text + at, end - at));
		at = end + 1;
	}
	LIT(out, "]");
}

void event_add_field(struct weir_buf *out, const char *key, const char *text, size_t room)
{
	size_t len = strnlen(text, room);

	if (!len)
		return;
	weir_buf_str(out, key);
	event_add_bytes(out, weir_bytes_of(text, len));
}

void event_add_hello(struct weir_buf *out, const struct weir_event_hello *h)
{
	/* What was agreed upon is not known yet. */
	LIT(out, ",\"tls\":{\"version\":\"UNDETERMINED\"");
	event_add_field(out, ",\"sni\":", h->sni, sizeof(h->sni));
	if (*h->ja3) {
		event_add_field(out, ",\"ja3\":{\"hash\":", h->ja3, sizeof(h->ja3));
		LIT(out, "}");
	}
	event_add_field(out, ",\"ja4\":", h->ja4, sizeof(h->ja4));
	event_add_list(out, ",\"client_alpns\":", h->alpn, sizeof(h->alpn));
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
