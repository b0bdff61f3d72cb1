/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * CPU time of a transaction in Debian's libmodsecurity, over a file of requests as `weir-bench waf`
 * takes it:
 *
 *   waf_modsecurity REQUESTS PASSES RULES…    {"get":{"us":…,"transactions":…,"refused":…},…}
 */
#include "../../app/waf/tool_waf.h"
#include "../waf/modsecurity.h"

#include <stdlib.h>
#include <time.h>

#define MIX     TOOL_LABELS
#define CLASSES (TOOL_LABELS + 1)

static const char prologue[] = "SecRuleEngine On\n"
			       "SecRequestBodyAccess On\n"
			       "SecResponseBodyAccess On\n"
			       "SecAuditEngine Off\n";
static const char *const class_name[CLASSES] = {"get", "form", "json", "attack", "mix"};

struct sum {
	double us;
	unsigned int transactions, refused;
};

static double cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void count(struct sum *s, double us, const struct modsecurity_result *r)
{
	s->us += us;
	s->transactions++;
	s->refused += r->status != 0;
}

/* 0, or -WEIR_EFORMAT. */
static int run_pass(struct modsecurity *m, struct weir_bytes file, struct sum sum[CLASSES])
{
	struct tool_requests all;
	struct tool_request one;
	int rc = tool_requests_open(&all, file);

	while (rc == 0 && (rc = tool_requests_next(&all, &one)) > 0) {
		struct modsecurity_input in = {.client = "192.0.2.1", .request = one.raw};
		struct modsecurity_result result;
		double begun = cpu_us(), took;

		modsecurity_run(m, &in, &result);
		took = cpu_us() - begun;
		count(&sum[one.label], took, &result);
		count(&sum[MIX], took, &result);
		rc = 0;
	}
	return rc;
}

static void report(const struct sum sum[CLASSES])
{
	printf("{");
	for (unsigned int i = 0, n = 0; i < CLASSES; i++)
		if (sum[i].transactions)
			printf("%s\"%s\":{\"us\":%.3f,\"transactions\":%u,\"refused\":%u}",
			       n++ ? "," : "", class_name[i], sum[i].us / sum[i].transactions,
			       sum[i].transactions, sum[i].refused);
	printf("}\n");
}

static int measure(struct modsecurity *m, const char *path, int passes)
{
	struct sum warm[CLASSES] = {0}, sum[CLASSES] = {0};
	struct weir_buf file = {0};
	int rc = tool_read_file(path, &file);

	if (rc == 0)
		rc = run_pass(m, weir_bytes_of(file.ptr, file.len), warm);
	for (int i = 0; rc == 0 && i < passes; i++)
		rc = run_pass(m, weir_bytes_of(file.ptr, file.len), sum);
	if (rc == 0)
		report(sum);
	else
		fprintf(stderr, "waf_modsecurity: %s: %s\n", path, weir_strerror(rc));
	weir_buf_fini(&file);
	return rc == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
	struct modsecurity *m;
	int rc;

	if (argc < 4 || atoi(argv[2]) < 1) {
		fprintf(stderr, "usage: %s REQUESTS PASSES RULES…\n", argv[0]);
		return 2;
	}
	m = modsecurity_create(prologue, (const char *const *)argv + 3, (unsigned int)argc - 3);
	if (!m)
		return 1;
	rc = measure(m, argv[1], atoi(argv[2]));
	modsecurity_destroy(m);
	return rc;
}
