/* SPDX-License-Identifier: BSD-3-Clause */
/* libmodsecurity by its C interface. */
#include "modsecurity.h"

#include <glob.h>
#include <modsecurity/modsecurity.h>
#include <modsecurity/rules_set.h>
#include <modsecurity/transaction.h>
#include <stdio.h>
#include <stdlib.h>

struct modsecurity {
	ModSecurity *engine;
	RulesSet *rules;
};

/* A match as text; what the request has in it comes behind file, line and id. */
static void on_log(void *ctx, const void *message)
{
	struct modsecurity_result *out = ctx;
	const char *at = message;

	while ((at = strstr(at, "[file \""))) {
		unsigned int line, id;

		if (sscanf(at, "[file \"%*[^\"]\"] [line \"%u\"] [id \"%u\"]", &line, &id) == 2) {
			if (out->n_ids < MODSECURITY_IDS_MAX)
				out->id[out->n_ids++] = id;
			return;
		}
		at++;
	}
}

static bool add_pattern(RulesSet *rules, const char *pattern)
{
	const char *error = NULL;
	bool good = true;
	glob_t found;

	if (glob(pattern, 0, NULL, &found) != 0) {
		fprintf(stderr, "%s: no such file\n", pattern);
		return false;
	}
	for (size_t i = 0; good && i < found.gl_pathc; i++) {
		good = msc_rules_add_file(rules, found.gl_pathv[i], &error) >= 0;
		if (!good)
			fprintf(stderr, "%s\n", error ? error : found.gl_pathv[i]);
	}
	globfree(&found);
	return good;
}

struct modsecurity *modsecurity_create(const char *text, const char *const *pattern, unsigned int n)
{
	struct modsecurity *m = calloc(1, sizeof(*m));
	const char *error = NULL;
	bool good;

	if (!m)
		return NULL;
	m->engine = msc_init();
	m->rules = msc_create_rules_set();
	msc_set_connector_info(m->engine, "weir-test");
	msc_set_log_cb(m->engine, on_log);
	good = msc_rules_add(m->rules, text, &error) >= 0;
	if (!good)
		fprintf(stderr, "%s\n", error ? error : "the rules' beginning will not do");
	for (unsigned int i = 0; good && i < n; i++)
		good = add_pattern(m->rules, pattern[i]);
	if (!good) {
		modsecurity_destroy(m);
		return NULL;
	}
	return m;
}

void modsecurity_destroy(struct modsecurity *m)
{
	msc_rules_cleanup(m->rules);
	msc_cleanup(m->engine);
	free(m);
}

/* ---- a transaction ---- */

/* True once the rules want it refused. */
static bool intervened(Transaction *t, struct modsecurity_result *out)
{
	ModSecurityIntervention it = {.status = 200};

	if (!msc_intervention(t, &it))
		return false;
	if (it.disruptive)
		out->status = it.status;
	/* The rule that refuses is told here and not to on_log. */
	if (it.log)
		on_log(out, it.log);
	free(it.url);
	free(it.log);
	return it.disruptive;
}

static void add_body(Transaction *t, int (*append)(Transaction *, const unsigned char *, size_t),
		     const struct weir_http_head *head, struct weir_bytes rest)
{
	struct weir_http_body body;
	struct weir_bytes content;

	weir_http_body_init(&body, head, &weir_http_limits_default);
	while (!body.done && rest.len) {
		ssize_t n = weir_http_body_feed(&body, rest, &content);

		if (n < 0)
			return;
		if (content.len)
			append(t, content.ptr, content.len);
		rest = weir_bytes_of(rest.ptr + n, rest.len - (size_t)n);
	}
}

static void start(Transaction *t, const struct modsecurity_input *in,
		  const struct weir_http_head *head)
{
	char method[256], *uri = strndup((const char *)head->target.ptr, head->target.len);

	snprintf(method, sizeof(method), "%.*s", (int)head->method.len,
		 (const char *)head->method.ptr);
	msc_process_connection(t, in->client, 40000, "127.0.0.1", 80);
	msc_process_uri(t, uri ? uri : "/", method, head->minor ? "1.1" : "1.0");
	free(uri);
	for (uint16_t i = 0; i < head->n_headers; i++)
		msc_add_n_request_header(t, head->headers[i].name.ptr, head->headers[i].name.len,
					 head->headers[i].value.ptr, head->headers[i].value.len);
}

static void run_response(Transaction *t, const struct modsecurity_input *in,
			 const struct weir_http_head *request, struct modsecurity_result *out)
{
	struct weir_http_header headers[128];
	struct weir_http_head head;
	ssize_t n = weir_http_response_parse(in->response, &weir_http_limits_default, request,
					     headers, &head);

	if (n <= 0)
		return;
	for (uint16_t i = 0; i < head.n_headers; i++)
		msc_add_n_response_header(t, headers[i].name.ptr, headers[i].name.len,
					  headers[i].value.ptr, headers[i].value.len);
	msc_process_response_headers(t, head.status, head.minor ? "HTTP/1.1" : "HTTP/1.0");
	if (intervened(t, out))
		return;
	add_body(t, msc_append_response_body, &head,
		 weir_bytes_of(in->response.ptr + n, in->response.len - (size_t)n));
	msc_process_response_body(t);
	(void)intervened(t, out);
}

static void run_phases(Transaction *t, const struct modsecurity_input *in,
		       const struct weir_http_head *head, size_t head_bytes,
		       struct modsecurity_result *out)
{
	start(t, in, head);
	msc_process_request_headers(t);
	if (intervened(t, out))
		return;
	add_body(t, msc_append_request_body, head,
		 weir_bytes_of(in->request.ptr + head_bytes, in->request.len - head_bytes));
	msc_process_request_body(t);
	if (!intervened(t, out) && in->has_response)
		run_response(t, in, head, out);
}

void modsecurity_run(struct modsecurity *m, const struct modsecurity_input *in,
		     struct modsecurity_result *out)
{
	struct weir_http_header headers[128];
	struct weir_http_head head;
	ssize_t n = weir_http_request_parse(in->request, &weir_http_limits_default, headers, &head);
	Transaction *t;

	out->bad_request = n <= 0;
	out->status = 0;
	out->n_ids = 0;
	if (n <= 0)
		return;
	t = msc_new_transaction(m->engine, m->rules, out);
	run_phases(t, in, &head, (size_t)n, out);
	msc_process_logging(t);
	msc_transaction_cleanup(t);
}
