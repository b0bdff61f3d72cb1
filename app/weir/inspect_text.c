/* SPDX-License-Identifier: BSD-3-Clause */
/* What became of a request, for people. */
#include "inspect.h"

#define SHOWN_BYTES 200

/* Printable ASCII as it is, the rest as \xNN, so that a terminal obeys nothing of it. */
static void add_shown(struct weir_buf *out, struct weir_bytes text)
{
	for (size_t i = 0; i < text.len && i < SHOWN_BYTES; i++) {
		uint8_t c = text.ptr[i];

		if (c >= 0x20 && c < 0x7f && c != '\\')
			weir_buf_add(out, &c, 1);
		else
			weir_buf_printf(out, "\\x%02x", c);
	}
	if (text.len > SHOWN_BYTES)
		weir_buf_printf(out, "… (%zu bytes)", text.len);
}

static void add_field(struct weir_buf *out, const char *name, struct weir_bytes text)
{
	if (!text.len)
		return;
	weir_buf_printf(out, "    %-7s ", name);
	add_shown(out, text);
	weir_buf_str(out, "\n");
}

static void add_match(struct weir_buf *out, const struct weir_waf_match *m)
{
	static const char *const severity[] = {"emergency", "alert",  "critical", "error",
					       "warning",   "notice", "info",     "debug"};

	weir_buf_printf(out, "  rule %u, phase %u", m->id, m->phase);
	if (m->severity < WEIR_ARRAY_LEN(severity))
		weir_buf_printf(out, ", %s", severity[m->severity]);
	weir_buf_printf(out, "%s%s\n", m->logged ? "" : ", not logged",
			m->detect_only ? ", detects only" : "");
	add_field(out, "message", m->msg);
	add_field(out, "target", m->target);
	add_field(out, "value", m->value);
	add_field(out, "data", m->data);
}

static void add_verdict(struct weir_buf *out, const struct tool_outcome *o,
			const struct weir_waf_result *r)
{
	const char *bad = inspect_bad(o);

	weir_buf_printf(out, "%s, status %u", inspect_verdict(o, r), inspect_status(o, r));
	if (r->rule)
		weir_buf_printf(out, ", by rule %u in phase %u", r->rule, r->phase);
	if (r->would != r->verdict)
		weir_buf_printf(out, " (enforced it would be %s)", weir_waf_verdict_name(r->would));
	weir_buf_str(out, "\n");
	if (bad)
		weir_buf_printf(out, "bad message: %s\n",
				o->bad_request    ? weir_http_error_text(o->bad_request)
				: o->bad_response ? weir_http_error_text(o->bad_response)
						  : "it ends before its head does");
	if (o->cut)
		weir_buf_str(out, "the body is cut short\n");
	if (o->trailing)
		weir_buf_printf(out, "%zu bytes after the request were not looked at\n",
				o->trailing);
	if (r->request_partial || r->response_partial)
		weir_buf_printf(out, "only the first bytes of the %s's body were judged\n",
				r->request_partial ? "request" : "response");
}

static void add_explained(struct weir_buf *out, const struct inspect_explained *all)
{
	weir_buf_str(out, "rules:\n");
	for (const struct inspect_explained_one *one = all->first; one; one = one->next) {
		weir_buf_printf(out, "  %u", one->e.rule);
		if (one->e.link)
			weir_buf_printf(out, " link %u", one->e.link);
		weir_buf_printf(out, " phase %u: %s", one->e.phase, one->e.outcome);
		if (one->e.target.len) {
			weir_buf_str(out, ": ");
			add_shown(out, one->e.target);
			weir_buf_str(out, " = ");
			add_shown(out, one->e.value);
		}
		weir_buf_str(out, "\n");
	}
}

void inspect_write_text(const struct inspect_told *t, struct weir_buf *out)
{
	struct weir_waf_result r = {0};

	if (t->outcome->tx)
		weir_waf_tx_result(t->outcome->tx, &r);
	add_verdict(out, t->outcome, &r);
	weir_buf_printf(out, "anomaly score: inbound %d, outbound %d; %.0f us of CPU time\n",
			r.inbound_score, r.outbound_score, t->us);
	for (uint32_t i = 0; i < r.n_matches; i++)
		if (r.matches[i].logged || t->explained)
			add_match(out, &r.matches[i]);
	if (r.matches_lost)
		weir_buf_printf(out, "  and %u more\n", r.matches_lost);
	if (t->explained)
		add_explained(out, t->explained);
}
