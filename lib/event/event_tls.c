/* SPDX-License-Identifier: BSD-3-Clause */
/* TLS as part of a record: eve's object of what was agreed with the client, and our own of both. */
#include "event_impl.h"

#include <weir_tls_error.h>

static bool is_there(const struct weir_event_tls *t)
{
	return t->cipher || t->failure;
}

const char *event_tls_version(uint16_t version)
{
	static const char *const names[] = {"SSLv3", "TLSv1", "TLS 1.1", "TLS 1.2", "TLS 1.3"};

	return version >> 8 == 3 && (version & 0xff) < WEIR_ARRAY_LEN(names) ? names[version & 0xff]
									     : "UNDETERMINED";
}

static void add_text(struct weir_buf *out, const char *key, struct weir_bytes text)
{
	weir_buf_str(out, key);
	event_add_bytes(out, text);
}

void event_add_tls(struct weir_buf *out, const struct weir_event_tls tls[2], const char *sni,
		   size_t sni_room)
{
	struct weir_bytes name = weir_bytes_of(sni, strnlen(sni, sni_room));

	if (!is_there(&tls[0]) && !name.len)
		return;
	LIT(out, ",\"tls\":{");
	if (tls[0].cipher)
		add_text(out, "\"version\":", weir_bytes_str(event_tls_version(tls[0].version)));
	else
		LIT(out, "\"version\":\"UNDETERMINED\"");
	if (name.len)
		add_text(out, ",\"sni\":", name);
	if (tls[0].resumed)
		LIT(out, ",\"session_resumed\":true");
	LIT(out, "}");
}

static const char *failure_name(uint8_t failure)
{
	return failure < WEIR_TLS_ERROR_END ? weir_tls_error_name((enum weir_tls_error)failure)
					    : "unknown";
}

static void add_leg(struct weir_buf *out, const char *key, const struct weir_event_tls *t)
{
	weir_buf_str(out, key);
	LIT(out, "{\"handshake_us\":");
	weir_buf_u64(out, t->handshake_us);
	if (t->cipher) {
		add_text(out, ",\"version\":", weir_bytes_str(event_tls_version(t->version)));
		add_text(out, ",\"cipher\":", weir_bytes_str(t->cipher));
		weir_buf_str(out, t->resumed ? ",\"resumed\":true" : ",\"resumed\":false");
	}
	if (t->alpn == WEIR_EVENT_ALPN_HTTP1)
		LIT(out, ",\"alpn\":\"http/1.1\"");
	else if (t->alpn == WEIR_EVENT_ALPN_HTTP2)
		LIT(out, ",\"alpn\":\"h2\"");
	if (t->shown)
		weir_buf_str(out, t->verified ? ",\"verified\":true" : ",\"verified\":false");
	if (t->failure)
		add_text(out, ",\"failure\":", weir_bytes_str(failure_name(t->failure)));
	LIT(out, "}");
}

void event_add_tls_legs(struct weir_buf *out, const struct weir_event_tls tls[2])
{
	if (!is_there(&tls[0]) && !is_there(&tls[1]))
		return;
	LIT(out, ",\"tls\":{");
	if (is_there(&tls[0]))
		add_leg(out, "\"client\":", &tls[0]);
	if (is_there(&tls[1]))
		add_leg(out, is_there(&tls[0]) ? ",\"server\":" : "\"server\":", &tls[1]);
	LIT(out, "}");
}

void weir_event_identity_set(struct weir_event_identity *to, const char *text)
{
	size_t len = strnlen(text, sizeof(to->text));

	to->is_cut = len == sizeof(to->text);
	len -= to->is_cut;
	memcpy(to->text, text, len);
	to->text[len] = '\0';
}

void event_add_identity(struct weir_buf *out, const struct weir_event_identity *identity)
{
	struct weir_bytes text =
		weir_bytes_of(identity->text, strnlen(identity->text, sizeof(identity->text)));

	if (text.len)
		add_text(out, ",\"identity\":", text);
	if (text.len && identity->is_cut)
		LIT(out, ",\"identity_cut\":true");
}
