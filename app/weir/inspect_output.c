/* SPDX-License-Identifier: BSD-3-Clause */
/* What became of a request, as a line of JSON. */
#include "inspect.h"

static bool is_bad_request(const struct tool_outcome *o)
{
	return o->bad_request || o->no_head;
}

const char *inspect_verdict(const struct tool_outcome *o, const struct weir_waf_result *r)
{
	if (o->tx && r->verdict != WEIR_WAF_PASS)
		return weir_waf_verdict_name(r->verdict);
	if (is_bad_request(o))
		return "bad_request";
	if (!o->tx)
		return weir_waf_verdict_name(WEIR_WAF_MEMORY);
	if (o->bad_response || o->no_response_head)
		return "bad_response";
	return weir_waf_verdict_name(WEIR_WAF_PASS);
}

unsigned int inspect_status(const struct tool_outcome *o, const struct weir_waf_result *r)
{
	if (o->tx && r->verdict != WEIR_WAF_PASS)
		return r->status;
	if (is_bad_request(o))
		return o->no_head ? 400 : weir_http_error_status(o->bad_request);
	if (!o->tx)
		return 503;
	if (o->bad_response || o->no_response_head)
		return 502;
	return o->status ? o->status : 200;
}

const char *inspect_bad(const struct tool_outcome *o)
{
	if (o->bad_request)
		return weir_http_error_name(o->bad_request);
	if (o->bad_response)
		return weir_http_error_name(o->bad_response);
	return o->no_head || o->no_response_head ? "incomplete" : NULL;
}

/* ---- JSON ---- */

static void write_id(struct weir_json *j, const json_t *id)
{
	if (json_is_string(id))
		weir_json_bytes(j, "id",
				weir_bytes_of(json_string_value(id), json_string_length(id)));
	else if (json_is_integer(id))
		weir_json_i64(j, "id", json_integer_value(id));
	else
		weir_json_null(j, "id");
}

static void write_match(struct weir_json *j, const struct weir_waf_match *m)
{
	weir_json_object(j, NULL);
	weir_json_u64(j, "id", m->id);
	weir_json_u64(j, "phase", m->phase);
	if (m->severity != WEIR_SEC_NO_SEVERITY)
		weir_json_u64(j, "severity", m->severity);
	weir_json_bytes(j, "msg", m->msg);
	weir_json_bytes(j, "target", m->target);
	weir_json_bytes(j, "data", m->data);
	weir_json_bytes(j, "value", m->value);
	if (m->detect_only)
		weir_json_bool(j, "detect_only", true);
	weir_json_end_object(j);
}

/* Rules without `log` do their work in silence, here as in the records. */
static void write_matches(struct weir_json *j, const struct weir_waf_result *r)
{
	weir_json_array(j, "rules");
	for (uint32_t i = 0; i < r->n_matches; i++)
		if (r->matches[i].logged)
			weir_json_u64(j, NULL, r->matches[i].id);
	weir_json_end_array(j);
	weir_json_object(j, "scores");
	weir_json_i64(j, "inbound", r->inbound_score);
	weir_json_i64(j, "outbound", r->outbound_score);
	weir_json_end_object(j);
	weir_json_array(j, "matches");
	for (uint32_t i = 0; i < r->n_matches; i++)
		if (r->matches[i].logged)
			write_match(j, &r->matches[i]);
	weir_json_end_array(j);
	if (r->matches_lost)
		weir_json_u64(j, "matches_lost", r->matches_lost);
}

static void write_explained(struct weir_json *j, const struct inspect_explained *all)
{
	weir_json_array(j, "explain");
	for (const struct inspect_explained_one *one = all->first; one; one = one->next) {
		weir_json_object(j, NULL);
		weir_json_u64(j, "rule", one->e.rule);
		weir_json_u64(j, "link", one->e.link);
		weir_json_u64(j, "phase", one->e.phase);
		weir_json_str(j, "outcome", one->e.outcome);
		weir_json_bytes(j, "target", one->e.target);
		weir_json_bytes(j, "value", one->e.value);
		weir_json_end_object(j);
	}
	weir_json_end_array(j);
}

static void write_messages(struct weir_json *j, const struct tool_outcome *o,
			   const struct weir_waf_result *r)
{
	const char *bad = inspect_bad(o);

	if (bad)
		weir_json_str(j, "bad", bad);
	if (o->cut)
		weir_json_bool(j, "cut", true);
	if (o->trailing)
		weir_json_u64(j, "trailing", o->trailing);
	if (r->request_partial || r->response_partial)
		weir_json_str(j, "partial", r->request_partial ? "request" : "response");
}

static void write_stages(struct weir_json *j, const double *us, const struct inspect_calls *calls)
{
	static const char *const names[TOOL_STAGE_END] = {
		[TOOL_PARSE] = "parse",     [TOOL_BEGIN] = "begin",       [TOOL_HEAD] = "head",
		[TOOL_BODY] = "body",       [TOOL_RESPONSE] = "response", [TOOL_END] = "end",
		[TOOL_DESTROY] = "destroy",
	};

	weir_json_object(j, "times");
	for (unsigned int i = 0; i < TOOL_DESTROY; i++)
		weir_json_double(j, names[i], us[i]);
	weir_json_double(j, "longest_call", calls->longest_us);
	weir_json_end_object(j);
	weir_json_u64(j, "calls", calls->n);
}

void inspect_write_json(const json_t *id, const struct inspect_told *t, struct weir_buf *out)
{
	const struct tool_outcome *o = t->outcome;
	struct weir_json j = weir_json_into(out);
	struct weir_waf_result r = {0};

	if (o->tx)
		weir_waf_tx_result(o->tx, &r);
	weir_json_object(&j, NULL);
	write_id(&j, id);
	weir_json_str(&j, "verdict", inspect_verdict(o, &r));
	if (r.would != r.verdict)
		weir_json_str(&j, "would", weir_waf_verdict_name(r.would));
	weir_json_u64(&j, "status", inspect_status(o, &r));
	if (r.phase)
		weir_json_u64(&j, "phase", r.phase);
	if (r.rule)
		weir_json_u64(&j, "rule", r.rule);
	if (r.location.len)
		weir_json_bytes(&j, "location", r.location);
	write_messages(&j, o, &r);
	write_matches(&j, &r);
	if (t->explained)
		write_explained(&j, t->explained);
	weir_json_double(&j, "us", t->us);
	if (t->stages)
		write_stages(&j, t->stages, t->calls);
	if (t->bytes)
		weir_json_u64(&j, "bytes", t->bytes);
	weir_json_end_object(&j);
	weir_buf_str(out, "\n");
}

void inspect_write_error(const json_t *id, unsigned long long line, const char *why,
			 struct weir_buf *out)
{
	struct weir_json j = weir_json_into(out);

	weir_json_object(&j, NULL);
	write_id(&j, id);
	weir_json_str(&j, "error", why);
	weir_json_u64(&j, "line", line);
	weir_json_end_object(&j);
	weir_buf_str(out, "\n");
}
