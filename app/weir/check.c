/* SPDX-License-Identifier: BSD-3-Clause */
/* `weir check`: everything that can be wrong with a configuration, before it runs. */
#include "weir.h"

#include <getopt.h>
#include <stdlib.h>

#include <rte_eal.h>

#define CHECK_BYTES (192ULL << 20)

struct options {
	const char *file;
	bool dump;
};

static const char help[] =
	"usage: weir check [-c FILE] [--dump]\n\n"
	"Reads FILE and its policy, says everything that is wrong as FILE:LINE:COLUMN: error: …,\n"
	"and ends with 0 when it can be used, else 1.\n\n"
	"  -c, --config FILE  the appliance file (" WEIR_DEFAULT_CONF ")\n"
	"  -d, --dump         print the effective configuration, defaults filled in\n";

/* -1 to go on, else the exit code. */
static int parse_options(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {
		{"config", required_argument, NULL, 'c'},
		{"dump", no_argument, NULL, 'd'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "c:dh", longs, NULL)) != -1) {
		if (c == 'c')
			o->file = optarg;
		else if (c == 'd')
			o->dump = true;
		else if (c == 'h')
			return fputs(help, stdout), EXIT_OK;
		else
			return fputs(help, stderr), EXIT_USAGE;
	}
	return optind < argc ? (fputs(help, stderr), EXIT_USAGE) : -1;
}

static void print_summary(const struct options *o, const struct weir_conf *conf,
			  const struct weir_names *names, const struct weir_policy *policy,
			  const struct weir_scan_db *scan, const struct weir_programs *programs)
{
	struct weir_policy_size size = weir_policy_size(policy);
	struct weir_scan_info info = {0};
	struct weir_waf_info waf = {0};

	if (scan)
		weir_scan_db_info(scan, &info);
	printf("%s: good: %u ports, %u wires, %u groups, %u prefixes, %u policies, %u rules, "
	       "%u stream rules, %u services, %u threat policies\n",
	       o->file, conf->n_ports, conf->n_wires, size.groups, size.prefixes, size.policies,
	       size.rules, info.rules, size.services, size.threats);
	for (uint16_t i = 0; i < weir_programs_count(programs); i++) {
		const struct weir_program *p = weir_programs_at(programs, i);

		if (!p->waf)
			continue;
		weir_waf_info(p->waf, &waf);
		printf("%s: good: ThreatPolicy %s: %u rules, %.1f MiB, %s in %u ms\n", o->file,
		       weir_names_get(names, p->name), waf.rules, (double)waf.bytes / (1 << 20),
		       waf.cached ? "from the cache" : "compiled", waf.load_ms);
	}
}

static int check(const struct options *o, const struct weir_conf *conf)
{
	struct weir_names *names = weir_names_create();
	struct weir_policy *policy = NULL;
	struct weir_scan_db *scan = NULL;
	struct weir_programs *programs = NULL;
	struct weir_tls_loading tls_cfg = {.n_workers = 1, .names = names};
	struct weir_tls_services *tls = NULL;
	struct weir_buf text = {0};
	bool good;

	if (names && setup_tool_eal("weir-check", CHECK_BYTES) == 0)
		policy = setup_policy(conf, names);
	good = policy && setup_rules(conf, 1, names, &scan);
	good = policy && setup_waf(policy, conf, 1, names, &programs) && good;
	tls_cfg.policy = policy;
	good = policy && setup_tls(&tls_cfg, &tls) && good;
	if (good && o->dump) {
		weir_conf_dump(conf, &text);
		fputs(text.ptr, stdout);
	} else if (good) {
		print_summary(o, conf, names, policy, scan, programs);
	}
	weir_buf_fini(&text);
	weir_assert(!scan || weir_scan_db_put(scan));
	weir_programs_destroy(programs);
	weir_tls_services_destroy(tls);
	weir_policy_destroy(policy);
	weir_names_destroy(names);
	rte_eal_cleanup();
	return good ? EXIT_OK : EXIT_BAD;
}

int weir_cmd_check(int argc, char **argv)
{
	struct options o = {.file = WEIR_DEFAULT_CONF};
	int rc = parse_options(argc, argv, &o);
	struct weir_conf *conf;

	if (rc >= 0)
		return rc;
	conf = setup_conf(o.file);
	if (!conf)
		return EXIT_BAD;
	rc = check(&o, conf);
	weir_conf_destroy(conf);
	return rc;
}
