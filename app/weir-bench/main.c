/* SPDX-License-Identifier: BSD-3-Clause */
/* weir-bench: a packet source and sink on DPDK, and benches that need no second machine. */
#include "bench.h"

#include <weir_log.h>

#include <stdio.h>

static const struct bench_command *const commands[] = {
	&bench_traffic, &bench_lcore,    &bench_inspect, &bench_http, &bench_https, &bench_events,
	&bench_line,    &bench_pingpong, &bench_scan,    &bench_tls,  &bench_waf,
};

static void print_help(FILE *to)
{
	struct weir_buf out = {0};

	weir_buf_str(&out, "weir-bench COMMAND [options]\n\n");
	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(commands); i++) {
		bench_options_help(commands[i], &out);
		weir_buf_str(&out, "\n");
	}
	weir_buf_str(&out,
		     "Numbers may end in k, m, g (thousand, million, thousand million); durations "
		     "in us,\n"
		     "ms, s, m and are seconds without. Sizes are bytes on the wire with the FCS.\n"
		     "Exit code: 0 done, 1 could not run, 2 wrong usage.\n");
	fputs(out.ptr ? out.ptr : "", to);
	weir_buf_fini(&out);
}

int main(int argc, char **argv)
{
	weir_log_set_level(WEIR_LOG_NOTICE);
	if (argc >= 2)
		for (unsigned int i = 0; i < WEIR_ARRAY_LEN(commands); i++)
			if (strcmp(argv[1], commands[i]->name) == 0)
				return commands[i]->run(argc - 1, argv + 1);
	if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)) {
		print_help(stdout);
		return BENCH_OK;
	}
	if (argc >= 2)
		fprintf(stderr, "weir-bench: %s: no such command\n", argv[1]);
	print_help(stderr);
	return BENCH_USAGE;
}
