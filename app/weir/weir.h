/* SPDX-License-Identifier: BSD-3-Clause */
/* What the sub-commands of `weir` share. */
#ifndef WEIR_APP_H
#define WEIR_APP_H

#include <weir_base.h>
#include <weir_conf.h>
#include <weir_path.h>
#include <weir_policy.h>

#include <stdio.h>

#define WEIR_DEFAULT_CONF "/etc/weir/weir.yaml"

/* Exit codes of the program. */
enum { EXIT_OK = 0, EXIT_BAD = 1, EXIT_USAGE = 2 };

/* Each takes what follows its name on the command line, argv[0] being the name. */
int weir_cmd_run(int argc, char **argv);
int weir_cmd_check(int argc, char **argv);
int weir_cmd_replay(int argc, char **argv);
int weir_cmd_doctor(int argc, char **argv);
int weir_cmd_inspect(int argc, char **argv);

/* setup.c */

/* Loads the appliance file, prints what is wrong with it; NULL when it cannot be used. */
struct weir_conf *setup_conf(const char *path);
/* Loads its policy (EAL must run), prints what is wrong; NULL when it cannot be used. */
struct weir_policy *setup_policy(const struct weir_conf *conf, struct weir_names *names);
/* Loads its stream rules, prints what is wrong; false when they cannot be used. *out NULL: none. */
WEIR_MUST_CHECK bool setup_rules(const struct weir_conf *conf, unsigned int workers,
				 struct weir_names *names, struct weir_scan_db **out);
/* Compiles the rules of its threat policies, prints what is wrong; false when they cannot be used.
 * *out NULL: none. */
WEIR_MUST_CHECK bool setup_waf(const struct weir_policy *policy, const struct weir_conf *conf,
			       unsigned int workers, const struct weir_names *names,
			       struct weir_programs **out);
/* Fills in the default: every CPU that this process may use but the first. */
WEIR_MUST_CHECK bool setup_tls(const struct weir_tls_loading *cfg, struct weir_tls_services **out);
void setup_workers(struct weir_conf *conf);
/* Starts EAL without hugepages, files or devices, for check and replay. 0, or negative, printed. */
WEIR_MUST_CHECK int setup_tool_eal(const char *program, uint64_t need_bytes);
/* Bytes that flow tables, rings and policy of `conf` need. */
uint64_t setup_table_bytes(const struct weir_conf *conf, unsigned int workers);

#endif
