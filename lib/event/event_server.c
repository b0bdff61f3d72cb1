/* SPDX-License-Identifier: BSD-3-Clause */
/* What a server has answered to a ClientHello in the clear, as a record. */
#include "event_impl.h"

#include <time.h>

/* As Suricata writes the days of certificates. */
static void add_time(struct weir_buf *out, const char *key, int64_t seconds)
{
	time_t when = (time_t)seconds;
	char text[32];
	struct tm t;

	if (!gmtime_r(&when, &t) || !strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &t))
		return;
	event_add_field(out, key, text, sizeof(text));
}

void event_add_server(struct weir_buf *out, const struct weir_event_server *s)
{
	LIT(out, ",\"tls\":{\"version\":");
	event_add_text(out, event_tls_version(s->version));
	event_add_field(out, ",\"sni\":", s->sni, sizeof(s->sni));
	event_add_field(out, ",\"subject\":", s->subject, sizeof(s->subject));
	event_add_field(out, ",\"issuerdn\":", s->issuer, sizeof(s->issuer));
	event_add_list(out, ",\"subjectaltname\":", s->names, sizeof(s->names));
	if (s->certificate == WEIR_EVENT_CERT_SHOWN)
		add_time(out, ",\"notafter\":", s->not_after);
	if (s->certificate == WEIR_EVENT_CERT_RESUMED)
		LIT(out, ",\"session_resumed\":true");
	LIT(out, "}");
}

void event_add_server_members(struct weir_buf *out, const struct weir_event_server *s)
{
	static const char *const names[] = {
		[WEIR_EVENT_CERT_SHOWN] = "shown",
		[WEIR_EVENT_CERT_HIDDEN] = "hidden",
		[WEIR_EVENT_CERT_RESUMED] = "resumed",
		[WEIR_EVENT_CERT_BAD] = "bad",
	};

	LIT(out, ",\"server\":{\"certificate\":");
	event_add_text(out,
		       s->certificate < WEIR_ARRAY_LEN(names) ? names[s->certificate] : "unknown");
	LIT(out, "}");
}
