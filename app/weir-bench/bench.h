/* SPDX-License-Identifier: BSD-3-Clause */
/* The sub-commands of weir-bench. */
#ifndef BENCH_H
#define BENCH_H

#include "options.h"

extern const struct bench_command bench_traffic, bench_events, bench_http, bench_https,
	bench_inspect, bench_lcore, bench_line, bench_pingpong, bench_scan, bench_tls, bench_waf;

#endif
