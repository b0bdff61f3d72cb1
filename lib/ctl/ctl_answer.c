/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One request to one answer: the line is read as JSON, its command looked up, its keys checked
 * against what that command knows, and what the command wrote kept only when it succeeded.
 */
#include "ctl_impl.h"

#include <weir_log.h>

#define FILTER_KEYS "any", "src", "dst", "port", "proto", "denied", "flow_id"
#define KEYS_MAX    10

/* ---- the small commands ---- */

static bool cmd_version(struct ctl_call *call)
{
	weir_json_str(&call->j, "version", call->ctl->cfg.version);
	return true;
}

static bool cmd_metrics(struct ctl_call *call)
{
	struct weir_buf text = {0};

	weir_ctl_metrics(call->ctl, &text);
	weir_json_str(&call->j, "text", text.failed ? "" : text.ptr);
	call->out->failed |= text.failed;
	weir_buf_fini(&text);
	return true;
}

static bool cmd_stop(struct ctl_call *call)
{
	weir_notice("asked to stop on the control socket");
	weir_ctl_stop(call->ctl);
	weir_json_bool(&call->j, "stopping", true);
	return true;
}

static const struct command {
	const char *name;
	ctl_command_fn run;
	const char *keys[KEYS_MAX + 1]; /* beside "cmd" */
} commands[] = {
	{"status", ctl_cmd_status, {NULL}},
	{"flows", ctl_cmd_flows, {FILTER_KEYS, "limit"}},
	{"drops", ctl_cmd_drops, {"all"}},
	{"stats", ctl_cmd_stats, {NULL}},
	{"pools", ctl_cmd_pools, {"all"}},
	{"reload", ctl_cmd_reload, {NULL}},
	{"explain", ctl_cmd_explain, {"from", "to", "protocol", "port", "sni", "identity"}},
	{"trace", ctl_cmd_trace, {FILTER_KEYS, "count", "seconds"}},
	{"events", ctl_cmd_events, {"n"}},
	{"rules", ctl_cmd_rules, {"view", "by", "count"}},
	{"tx", ctl_cmd_tx, {"denied", "count"}},
	{"certs", ctl_cmd_certs, {NULL}},
	{"pinned", ctl_cmd_pinned, {NULL}},
	{"metrics", cmd_metrics, {NULL}},
	{"ports", ctl_cmd_ports, {NULL}},
	{"config", ctl_cmd_config, {NULL}},
	{"version", cmd_version, {NULL}},
	{"stop", cmd_stop, {NULL}},
};

/* ---- looking up, with suggestions ---- */

static const struct command *find_command(struct ctl_call *call, const char *name)
{
	const char *best = NULL;
	unsigned int nearest = 3;

	for (size_t i = 0; i < WEIR_ARRAY_LEN(commands); i++) {
		unsigned int d = weir_edit_distance(name, commands[i].name);

		if (d == 0)
			return &commands[i];
		if (d < nearest && d < strlen(commands[i].name)) {
			nearest = d;
			best = commands[i].name;
		}
	}
	ctl_fail(call, "no command '%.64s'%s%s%s", name, best ? ", did you mean '" : "",
		 best ? best : "", best ? "'?" : "");
	return NULL;
}

static bool key_is_known(struct ctl_call *call, const struct command *cmd, const char *key)
{
	const char *best = NULL;
	unsigned int nearest = 3;

	if (strcmp(key, "cmd") == 0)
		return true;
	for (const char *const *known = cmd->keys; *known; known++) {
		unsigned int d = weir_edit_distance(key, *known);

		if (d == 0)
			return true;
		if (d < nearest) {
			nearest = d;
			best = *known;
		}
	}
	return ctl_fail(call, "%s: unknown key '%.64s'%s%s%s", cmd->name, key,
			best ? ", did you mean '" : "", best ? best : "", best ? "'?" : "");
}

static bool keys_are_known(struct ctl_call *call, const struct command *cmd)
{
	const char *key;
	json_t *value;

	json_object_foreach (call->args, key, value) {
		if (!key_is_known(call, cmd, key))
			return false;
	}
	return true;
}

static bool dispatch(struct ctl_call *call)
{
	const json_t *name = json_object_get(call->args, "cmd");
	const struct command *cmd;

	if (!json_is_object(call->args))
		return ctl_fail(call, "a request is a JSON object, {\"cmd\": \"status\"}");
	if (!json_is_string(name))
		return ctl_fail(call, "\"cmd\" is missing or not a string");
	cmd = find_command(call, json_string_value(name));
	return cmd && keys_are_known(call, cmd) && cmd->run(call);
}

/* ---- answers ---- */

void ctl_add_report(struct weir_json *j, const struct weir_buf *report)
{
	const char *at = report->ptr, *end = at + report->len;

	weir_json_array(j, "report");
	while (at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		size_t len = (size_t)((stop ? stop : end) - at);

		weir_json_bytes(j, NULL, (struct weir_bytes){(const uint8_t *)at, len});
		at += len + 1;
	}
	weir_json_end_array(j);
}

void ctl_answer_error(struct weir_buf *out, const char *error, const struct weir_buf *report)
{
	struct weir_json j = weir_json_into(out);

	weir_json_object(&j, NULL);
	weir_json_bool(&j, "ok", false);
	weir_json_str(&j, "error", error);
	if (report && report->len)
		ctl_add_report(&j, report);
	weir_json_end_object(&j);
}

static void cut(struct weir_buf *b, size_t len)
{
	b->len = len;
	if (b->ptr)
		b->ptr[len] = '\0';
}

static void run_call(struct ctl_call *call)
{
	size_t start = call->out->len;

	call->j = weir_json_into(call->out);
	weir_json_object(&call->j, NULL);
	weir_json_bool(&call->j, "ok", true);
	if (!dispatch(call)) {
		cut(call->out, start);
		ctl_answer_error(call->out, call->error, &call->report);
		return;
	}
	if (call->deferred) {
		cut(call->out, start);
		return;
	}
	if (call->report.len)
		ctl_add_report(&call->j, &call->report);
	weir_json_end_object(&call->j);
}

void ctl_answer(struct weir_ctl *c, struct ctl_client *client, const char *request, size_t len,
		struct weir_buf *out)
{
	struct ctl_call call = {.ctl = c, .client = client, .out = out};
	json_error_t error;
	json_t *args;

	if (len > CTL_REQUEST_MAX) {
		ctl_answer_error(out, "the request is longer than 65536 bytes", NULL);
		return;
	}
	args = json_loadb(request, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
	if (!args) {
		ctl_fail(&call, "not JSON: %s at byte %d", error.text, error.position);
		ctl_answer_error(out, call.error, NULL);
		return;
	}
	call.args = args;
	run_call(&call);
	json_decref(args);
	weir_buf_fini(&call.report);
}

void weir_ctl_answer(struct weir_ctl *c, const char *request, size_t len, struct weir_buf *out)
{
	if (len && request[0] == '/') {
		if (len == strlen("/metrics") && memcmp(request, "/metrics", len) == 0)
			weir_ctl_metrics(c, out);
		else
			ctl_answer_error(out, "no such target, there is /metrics only", NULL);
		return;
	}
	ctl_answer(c, NULL, request, len, out);
}
