/* SPDX-License-Identifier: BSD-3-Clause */
/* The commands certs and pinned, what the metrics say of TLS, and the keys of session tickets,
 * which are changed while weir runs. */
#include "ctl_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <weir_log.h>

void ctl_tickets_step(struct weir_ctl *c, uint64_t now_ns)
{
	if (!c->cfg.tickets || now_ns - c->rotated_ns < ctl_loaded_conf(c)->ticket_rotation_ns)
		return;
	c->rotated_ns = now_ns;
	if (weir_tls_tickets_rotate(c->cfg.tickets))
		weir_error("no randomness for a new key of session tickets: the old one stays");
	else
		c->rotations++;
}

/* ---- certificates ---- */

static void add_time(struct weir_json *j, const char *key, int64_t unix_s)
{
	char text[32];
	time_t t = (time_t)unix_s;
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	weir_json_str(j, key, text);
}

static void add_fingerprint(struct weir_json *j, const uint8_t sha256[32])
{
	char text[65];

	for (unsigned int i = 0; i < 32; i++)
		snprintf(text + 2 * i, 3, "%02x", sha256[i]);
	weir_json_str(j, "sha256", text);
}

static void add_cert(struct weir_json *j, const char *service, const struct weir_tls_cert_info *c)
{
	int64_t now = (int64_t)(ctl_unix_ns() / WEIR_NS_PER_S);

	weir_json_object(j, NULL);
	weir_json_str(j, "service", service);
	weir_json_str(j, "subject", c->subject);
	weir_json_str(j, "issuer", c->issuer);
	weir_json_array(j, "names");
	for (unsigned int i = 0; i < c->n_names; i++)
		weir_json_str(j, NULL, c->names[i]);
	weir_json_end_array(j);
	weir_json_str(j, "key", c->key);
	add_time(j, "not_before", c->not_before);
	add_time(j, "not_after", c->not_after);
	weir_json_i64(j, "seconds_left", c->not_after - now);
	if (c->ocsp_until)
		add_time(j, "ocsp_until", c->ocsp_until);
	add_fingerprint(j, c->sha256);
	weir_json_end_object(j);
}

bool ctl_cmd_certs(struct ctl_call *call)
{
	const struct weir_tls_services *all = weir_path_generation(call->ctl->cfg.path)->tls;
	const struct weir_tls_cert_info *info;

	weir_json_array(&call->j, "certs");
	for (uint16_t i = 0; i < weir_tls_services_count(all); i++)
		for (uint32_t k = 0; (info = weir_tls_services_cert(all, i, k)); k++)
			add_cert(&call->j,
				 weir_names_get(call->ctl->cfg.names,
						weir_tls_services_name(all, i)),
				 info);
	weir_json_end_array(&call->j);
	return true;
}

/* ---- servers whose certificates clients know better ---- */

static int by_count(const void *a, const void *b)
{
	const struct weir_event_pinned *x = a, *y = b;

	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	return strcmp(x->name, y->name);
}

static void add_pinned(struct ctl_call *call, const struct weir_event_pinned *p)
{
	const struct weir_names *names = call->ctl->cfg.names;
	char text[WEIR_ADDR_TEXT];

	weir_json_object(&call->j, NULL);
	weir_json_str(&call->j, "name", p->name);
	weir_json_u64(&call->j, "clients", p->count);
	weir_json_str(&call->j, "last_client", weir_addr_format(&p->client, text));
	add_time(&call->j, "last", (int64_t)(p->last_unix_ns / WEIR_NS_PER_S));
	weir_json_str(&call->j, "policy", weir_names_get(names, p->policy));
	weir_json_str(&call->j, "rule", weir_names_get(names, p->rule));
	weir_json_end_object(&call->j);
}

bool ctl_cmd_pinned(struct ctl_call *call)
{
	struct weir_event_pinned *all = calloc(WEIR_EVENT_PINNED_MAX, sizeof(*all));
	unsigned int n = 0;

	if (!all)
		return ctl_fail(call, "no memory");
	if (call->ctl->cfg.writer)
		n = weir_event_writer_pinned(call->ctl->cfg.writer, all, WEIR_EVENT_PINNED_MAX);
	qsort(all, n, sizeof(*all), by_count);
	weir_json_array(&call->j, "pinned");
	for (unsigned int i = 0; i < n; i++)
		add_pinned(call, &all[i]);
	weir_json_end_array(&call->j);
	free(all);
	return true;
}

/* ---- metrics ---- */

static void add_errors(struct weir_buf *out, const struct weir_ctl *c, unsigned int leg)
{
	for (unsigned int e = 1; e < WEIR_TLS_ERROR_END; e++)
		for (unsigned int w = 0; w < weir_path_workers(c->cfg.path); w++)
			weir_buf_printf(out,
					"weir_tls_errors_total{side=\"%s\",error=\"%s\",worker=\"%"
					"u\"} %llu\n",
					leg ? "server" : "client",
					weir_tls_error_name((enum weir_tls_error)e), w,
					(unsigned long long)weir_path_bad_tls(
						c->cfg.path, w, leg, (enum weir_tls_error)e));
}

static void add_expiry(struct weir_buf *out, const struct weir_ctl *c)
{
	const struct weir_tls_services *all = weir_path_generation(c->cfg.path)->tls;
	const struct weir_tls_cert_info *info;

	weir_buf_str(out, "# HELP weir_tls_certificate_not_after_seconds when it expires\n"
			  "# TYPE weir_tls_certificate_not_after_seconds gauge\n");
	for (uint16_t i = 0; i < weir_tls_services_count(all); i++)
		for (uint32_t k = 0; (info = weir_tls_services_cert(all, i, k)); k++)
			weir_buf_printf(
				out,
				"weir_tls_certificate_not_after_seconds{service=\"%s\","
				"place=\"%u\"} %lld\n",
				weir_names_get(c->cfg.names, weir_tls_services_name(all, i)), k,
				(long long)info->not_after);
}

void ctl_add_tls_metrics(struct weir_buf *out, const struct weir_ctl *c)
{
	weir_buf_str(out, "# HELP weir_tls_errors_total TLS that was wrong so\n"
			  "# TYPE weir_tls_errors_total counter\n");
	add_errors(out, c, 0);
	add_errors(out, c, 1);
	weir_buf_printf(out,
			"# HELP weir_tls_ticket_rotations_total new keys of session tickets\n"
			"# TYPE weir_tls_ticket_rotations_total counter\n"
			"weir_tls_ticket_rotations_total %llu\n",
			(unsigned long long)c->rotations);
	if (weir_tls_services_count(weir_path_generation(c->cfg.path)->tls))
		add_expiry(out, c);
}
