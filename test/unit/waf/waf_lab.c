/* SPDX-License-Identifier: BSD-3-Clause */
#include "waf_lab.h"

#include <stdio.h>

static const char prelude[] = "SecRuleEngine On\nSecRequestBodyAccess On\nSecResponseBodyAccess "
			      "On\nSecResponseBodyMimeType text/plain text/html\n";

static struct weir_waf *compile(const char *rules, const struct weir_waf_options *o,
				struct weir_conf_report *r)
{
	struct weir_seclang *s = weir_seclang_create();
	bool good = weir_seclang_add_text(s, "prelude", "/", weir_bytes_str(prelude), r);

	good = weir_seclang_add_text(s, "rules", "/", weir_bytes_str(rules), r) && good;
	if (weir_seclang_finish(s, r) && good)
		return weir_waf_create(s, o, r);
	weir_seclang_destroy(s);
	return NULL;
}

struct weir_waf *lab_compile(const char *rules, const struct weir_waf_options *o)
{
	static const struct weir_waf_options none;
	struct weir_conf_report *r = weir_conf_report_create();
	struct weir_waf *w = compile(rules, o ? o : &none, r);
	struct weir_buf text = {0};

	weir_conf_report_text(r, &text);
	ck_assert_msg((w != NULL) == (weir_conf_errors(r) == 0), "%s\n%s", rules, text.ptr);
	if (!w)
		fprintf(stderr, "%s\n%s", rules, text.ptr);
	weir_buf_fini(&text);
	weir_conf_report_destroy(r);
	return w;
}

void lab_init_worker(struct waf_lab *lab, const char *rules, const struct weir_waf_options *o,
		     const struct weir_waf_worker_cfg *cfg)
{
	*lab = (struct waf_lab){.begin = {.unix_ns = 1000 * WEIR_NS_PER_S, .id = 1}};
	ck_assert(weir_addr_parse("192.0.2.1", &lab->begin.peer.client) == 0);
	ck_assert(weir_addr_parse("198.51.100.2", &lab->begin.peer.server) == 0);
	lab->begin.peer.client_port = 40000;
	lab->begin.peer.server_port = 80;
	lab->waf = lab_compile(rules, o);
	ck_assert_ptr_nonnull(lab->waf);
	lab->worker = weir_waf_worker_create(cfg);
	ck_assert_ptr_nonnull(lab->worker);
}

void lab_init_options(struct waf_lab *lab, const char *rules, const struct weir_waf_options *o)
{
	static const struct weir_waf_worker_cfg cfg = {
		.bytes = 64 << 20, .collection_keys = 16, .seed = 7};

	lab_init_worker(lab, rules, o, &cfg);
}

void lab_init(struct waf_lab *lab, const char *rules)
{
	lab_init_options(lab, rules, NULL);
}

static void forget(struct waf_lab *lab)
{
	uint64_t used, max;

	if (lab->tx)
		weir_waf_tx_destroy(lab->tx);
	lab->tx = NULL;
	weir_waf_worker_memory(lab->worker, &used, &max);
	ck_assert_uint_eq(used, 0);
}

void lab_fini(struct waf_lab *lab)
{
	forget(lab);
	weir_waf_worker_destroy(lab->worker);
	weir_waf_destroy(lab->waf);
}

/* ---- steps ---- */

/* The bytes are gone when the head was taken, as they are on the wire. */
enum weir_waf_verdict lab_request_head(struct waf_lab *lab, const char *head)
{
	size_t len = strlen(head);
	uint8_t *bytes = malloc(len);
	enum weir_waf_verdict v;
	ssize_t n;

	forget(lab);
	lab->judged = false;
	memcpy(bytes, head, len);
	n = weir_http_request_parse(weir_bytes_of(bytes, len), &weir_http_limits_default,
				    lab->header, &lab->head);
	ck_assert_msg(n == (ssize_t)len, "%zd: %s", n, head);
	lab->tx = weir_waf_tx_begin(lab->waf, lab->worker, 0, &lab->begin);
	lab->begin.id++;
	if (!lab->tx) {
		free(bytes);
		return WEIR_WAF_MEMORY;
	}
	v = weir_waf_request_head(lab->tx, &lab->head);
	memset(bytes, '#', len);
	free(bytes);
	return v;
}

typedef enum weir_waf_verdict (*feed_fn)(struct weir_waf_tx *tx, struct weir_bytes content,
					 bool *judged);

static enum weir_waf_verdict feed(struct waf_lab *lab, struct weir_bytes body, feed_fn to)
{
	enum weir_waf_verdict v = WEIR_WAF_PASS;

	while (body.len && v == WEIR_WAF_PASS && !lab->judged) {
		size_t n = lab->piece && lab->piece < body.len ? lab->piece : body.len;
		uint8_t *copy = malloc(n);

		memcpy(copy, body.ptr, n);
		v = to(lab->tx, weir_bytes_of(copy, n), &lab->judged);
		free(copy);
		body = weir_bytes_of(body.ptr + n, body.len - n);
	}
	return v;
}

enum weir_waf_verdict lab_request_body(struct waf_lab *lab, struct weir_bytes body)
{
	enum weir_waf_verdict v = feed(lab, body, weir_waf_request_body);

	return v == WEIR_WAF_PASS ? weir_waf_request_end(lab->tx) : v;
}

enum weir_waf_verdict lab_response_head(struct waf_lab *lab, const char *head)
{
	size_t len = strlen(head);
	uint8_t *bytes = malloc(len);
	const struct weir_http_head request = {.method = weir_bytes_str("GET")};
	struct weir_http_head response;
	enum weir_waf_verdict v;
	ssize_t n;

	memcpy(bytes, head, len);
	n = weir_http_response_parse(weir_bytes_of(bytes, len), &weir_http_limits_default, &request,
				     lab->response_header, &response);
	ck_assert_msg(n == (ssize_t)len, "%zd: %s", n, head);
	v = weir_waf_response_head(lab->tx, &response);
	memset(bytes, '#', len);
	free(bytes);
	return v;
}

enum weir_waf_verdict lab_response_body(struct waf_lab *lab, struct weir_bytes body)
{
	enum weir_waf_verdict v = feed(lab, body, weir_waf_response_body);

	return v == WEIR_WAF_PASS ? weir_waf_response_end(lab->tx) : v;
}

void lab_end(struct waf_lab *lab)
{
	if (!lab->tx) {
		lab->result = (struct weir_waf_result){.verdict = WEIR_WAF_MEMORY, .status = 503};
		return;
	}
	weir_waf_tx_end(lab->tx);
	weir_waf_tx_result(lab->tx, &lab->result);
}

/* ---- all of it ---- */

static const char *take_request(struct waf_lab *lab, const char *head, const char *body)
{
	if (lab_request_head(lab, head) == WEIR_WAF_PASS)
		(void)lab_request_body(lab, weir_bytes_str(body));
	lab_end(lab);
	return lab_ids(lab);
}

const char *lab_get_with(struct waf_lab *lab, const char *uri, const char *headers)
{
	struct weir_buf head = {0};
	const char *ids;

	weir_buf_printf(&head, "GET %s HTTP/1.1\r\nHost: a\r\n%s\r\n", uri, headers);
	ids = take_request(lab, head.ptr, "");
	weir_buf_fini(&head);
	return ids;
}

const char *lab_get(struct waf_lab *lab, const char *uri)
{
	return lab_get_with(lab, uri, "");
}

const char *lab_post(struct waf_lab *lab, const char *type, const char *body)
{
	struct weir_buf head = {0};
	const char *ids;

	weir_buf_printf(&head,
			"POST / HTTP/1.1\r\nHost: a\r\nContent-Type: %s\r\nContent-Length: "
			"%zu\r\n\r\n",
			type, strlen(body));
	ids = take_request(lab, head.ptr, body);
	weir_buf_fini(&head);
	return ids;
}

const char *lab_answer(struct waf_lab *lab, const char *type, const char *body)
{
	struct weir_buf head = {0};
	bool goes_on = lab_request_head(lab, "GET / HTTP/1.1\r\nHost: a\r\n\r\n") == WEIR_WAF_PASS;

	weir_buf_printf(&head, "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n",
			type, strlen(body));
	goes_on = goes_on && weir_waf_request_end(lab->tx) == WEIR_WAF_PASS;
	if (goes_on && lab_response_head(lab, head.ptr) == WEIR_WAF_PASS)
		(void)lab_response_body(lab, weir_bytes_str(body));
	weir_buf_fini(&head);
	lab_end(lab);
	return lab_ids(lab);
}

/* ---- what came of it ---- */

const char *lab_ids(struct waf_lab *lab)
{
	size_t at = 0;

	lab->text[0] = 0;
	for (uint32_t i = 0; i < lab->result.n_matches && at + 16 < sizeof(lab->text); i++)
		at += (size_t)snprintf(lab->text + at, sizeof(lab->text) - at, "%s%u", i ? " " : "",
				       lab->result.matches[i].id);
	return lab->text;
}

static const struct weir_waf_match *find(const struct waf_lab *lab, uint32_t id)
{
	for (uint32_t i = 0; i < lab->result.n_matches; i++)
		if (lab->result.matches[i].id == id)
			return &lab->result.matches[i];
	return NULL;
}

static const char *show(struct waf_lab *lab, struct weir_bytes b)
{
	snprintf(lab->text, sizeof(lab->text), "%.*s", (int)b.len, (const char *)b.ptr);
	return lab->text;
}

const char *lab_data(struct waf_lab *lab, uint32_t id)
{
	const struct weir_waf_match *m = find(lab, id);

	return m ? show(lab, m->data) : "(none)";
}

const char *lab_target(struct waf_lab *lab, uint32_t id)
{
	const struct weir_waf_match *m = find(lab, id);

	return m ? show(lab, m->target) : "(none)";
}

const char *lab_value(struct waf_lab *lab, uint32_t id)
{
	const struct weir_waf_match *m = find(lab, id);

	return m ? show(lab, m->value) : "(none)";
}

const char *lab_verdict(struct waf_lab *lab)
{
	const struct weir_waf_result *r = &lab->result;

	if (r->verdict == WEIR_WAF_PASS)
		return "pass";
	snprintf(lab->text, sizeof(lab->text), "%s %u %u %u", weir_waf_verdict_name(r->verdict),
		 r->status, r->phase, r->rule);
	return lab->text;
}

static void check_row(const struct lab_row *row, const struct weir_waf_options *o)
{
	struct waf_lab lab;
	const char *ids;

	lab_init_options(&lab, row->rules, o);
	ids = lab_get(&lab, row->uri);
	ck_assert_msg(strcmp(ids, row->ids) == 0, "%s%s\nmatches  %s\nexpected %s", row->rules,
		      row->uri, ids, row->ids);
	lab_fini(&lab);
}

void lab_rows(const struct lab_row *rows, size_t n)
{
	static const struct weir_waf_options with, without = {.no_prefilter = true};

	for (size_t i = 0; i < n; i++) {
		check_row(&rows[i], &with);
		check_row(&rows[i], &without);
	}
}

static void check_told(const char *rules, const struct lab_told *row,
		       const struct weir_waf_options *o)
{
	struct waf_lab lab;
	const char *data;

	lab_init_options(&lab, rules, o);
	lab_get(&lab, row->uri);
	data = lab_data(&lab, 9);
	ck_assert_msg(strcmp(data, row->data) == 0, "%s%s\ntold     %s\nexpected %s", row->rules,
		      row->uri, data, row->data);
	lab_fini(&lab);
}

void lab_told_rows(const char *teller, const struct lab_told *rows, size_t n)
{
	static const struct weir_waf_options with, without = {.no_prefilter = true};

	for (size_t i = 0; i < n; i++) {
		struct weir_buf rules = {0};

		weir_buf_str(&rules, rows[i].rules);
		weir_buf_str(&rules, teller);
		check_told(rules.ptr, &rows[i], &with);
		check_told(rules.ptr, &rows[i], &without);
		weir_buf_fini(&rules);
	}
}
