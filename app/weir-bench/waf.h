/* SPDX-License-Identifier: BSD-3-Clause */
/* The parts of `weir-bench waf`. */
#ifndef BENCH_WAF_H
#define BENCH_WAF_H

#include "../waf/tool_waf.h"

#define WAF_ROUNDS_MAX 99
#define WAF_MIX        TOOL_LABELS /* all requests, in the order of the file */
#define WAF_CLASSES    (TOOL_LABELS + 1)

/* Per class of requests; sums over the last round but for `us`. */
struct waf_class {
	double us[WAF_ROUNDS_MAX]; /* of CPU time a transaction, a round each */
	double stage_us[TOOL_STAGE_END];
	uint64_t transactions, refused;
	uint64_t values, transforms, scanned_bytes, candidates, steps;
};

struct waf_figures {
	struct waf_class class[WAF_CLASSES];
	unsigned int rounds;
	struct weir_waf_info info;
	uint64_t memory_max; /* bytes that one transaction had at most */
};

/* Names of classes, as the table and JSON have them. */
extern const char *const waf_class_name[WAF_CLASSES];

/* waf_report.c; both sort the rounds. */
void waf_report_text(struct waf_figures *f, bool stages);
void waf_report_json(struct waf_figures *f, bool stages);
/* The `max` rules that took most of the time, by the engine's own samples. */
void waf_report_rules(const struct weir_waf *waf, uint64_t max);

#endif
