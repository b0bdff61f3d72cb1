/* SPDX-License-Identifier: BSD-3-Clause */
/* Configuration, policy and EAL as the sub-commands need them. */
#include "weir.h"

#include <weir_event.h>
#include <weir_flow.h>
#include <weir_log.h>
#include <weir_mem.h>
#include <weir_tcp.h>

#include <sched.h>
#include <stdlib.h>

/* A hash entry and its share of the buckets for each family, and the flow itself. */
#define FLOW_BYTES   (sizeof(struct weir_flow) + 2 * 128)
#define POLICY_BYTES (96ULL << 20)
#define SPARE_BYTES  (32ULL << 20)

static void print_report(const struct weir_conf_report *r)
{
	struct weir_buf text = {0};

	weir_conf_report_text(r, &text);
	if (text.len)
		fputs(text.ptr, stderr);
	weir_buf_fini(&text);
}

struct weir_conf *setup_conf(const char *path)
{
	struct weir_conf_report *r = weir_conf_report_create();
	struct weir_conf *conf = r ? weir_conf_load(path, r) : NULL;

	if (r)
		print_report(r);
	weir_conf_report_destroy(r);
	return conf;
}

struct weir_policy *setup_policy(const struct weir_conf *conf, struct weir_names *names)
{
	struct weir_conf_report *r = weir_conf_report_create();
	struct weir_policy *policy = NULL;

	if (!r)
		return NULL;
	policy = weir_policy_load((const char *const *)conf->policy, conf->n_policy, names, r);
	print_report(r);
	weir_conf_report_destroy(r);
	return policy;
}

bool setup_rules(const struct weir_conf *conf, unsigned int workers, struct weir_names *names,
		 struct weir_scan_db **out)
{
	struct weir_conf_report *r = weir_conf_report_create();
	int error;

	*out = NULL;
	if (!r)
		return false;
	error = weir_path_load_rules(conf, conf, workers, names, r, out);
	print_report(r);
	weir_conf_report_destroy(r);
	return error == 0;
}

bool setup_waf(const struct weir_policy *policy, const struct weir_conf *conf, unsigned int workers,
	       const struct weir_names *names, struct weir_programs **out)
{
	struct weir_conf_report *r = weir_conf_report_create();
	int error;

	*out = NULL;
	if (!r)
		return false;
	error = weir_path_load_waf(policy, conf, conf, workers, names, r, out);
	print_report(r);
	weir_conf_report_destroy(r);
	return error == 0;
}

/* Its report is made here. */
bool setup_tls(const struct weir_tls_loading *cfg, struct weir_tls_services **out)
{
	struct weir_tls_loading loading = *cfg;
	int error;

	*out = NULL;
	loading.report = weir_conf_report_create();
	if (!loading.report)
		return false;
	error = weir_path_load_tls(&loading, out);
	print_report(loading.report);
	weir_conf_report_destroy(loading.report);
	return error == 0;
}

void setup_workers(struct weir_conf *conf)
{
	cpu_set_t allowed;
	uint16_t first = UINT16_MAX;

	if (conf->n_workers || sched_getaffinity(0, sizeof(allowed), &allowed))
		return;
	for (uint16_t cpu = 0; cpu < CPU_SETSIZE && conf->n_workers < WEIR_CONF_WORKERS_MAX;
	     cpu++) {
		if (!CPU_ISSET(cpu, &allowed))
			continue;
		if (first == UINT16_MAX)
			first = cpu;
		else
			conf->workers[conf->n_workers++] = cpu;
	}
	if (conf->n_workers == 0 && first != UINT16_MAX)
		conf->workers[conf->n_workers++] = first;
}

uint64_t setup_table_bytes(const struct weir_conf *conf, unsigned int workers)
{
	uint64_t events = (conf->event_ring * sizeof(struct weir_event) +
			   weir_event_store_bytes(conf->event_transactions)) *
			  workers;

	return conf->connections * (uint64_t)FLOW_BYTES + workers * weir_path_worker_bytes() +
	       conf->inspected * (uint64_t)weir_path_inspected_bytes() + events + POLICY_BYTES +
	       SPARE_BYTES;
}

int setup_tool_eal(const char *program, uint64_t need_bytes)
{
	struct weir_eal_cfg eal = {
		.program = program,
		.need_bytes = need_bytes,
		.hugepages = false,
		.pci = false,
		.quiet = true,
	};
	struct weir_buf why = {0};
	int rc = weir_eal_start(&eal, &why);

	if (rc < 0)
		weir_error("%s", why.len ? why.ptr : weir_strerror(rc));
	weir_buf_fini(&why);
	return rc;
}
