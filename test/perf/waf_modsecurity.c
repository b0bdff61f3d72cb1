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

static void count(struct sum *s, double us, const struct modsecurity_result *r)
{
	s->us += us;
	s->transactions++;
	s->refused += r->status != 0;
}

static void run_pass(struct modsecurity *m, const struct tool_request_list *all,
		     struct sum sum[CLASSES])
{
	for (uint32_t i = 0; i < all->n; i++) {
		const struct tool_request *one = &all->request[i];
		struct modsecurity_input in = {.client = "192.0.2.1", .request = one->raw};
		struct modsecurity_result result;
		double begun = tool_cpu_us(), took;

		modsecurity_run(m, &in, &result);
		took = tool_cpu_us() - begun;
		count(&sum[one->label], took, &result);
		count(&sum[MIX], took, &result);
	}
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

static bool measure(struct modsecurity *m, const char *path, int passes)
{
	struct sum warm[CLASSES] = {0}, sum[CLASSES] = {0};
	struct tool_request_list all;
	bool good = tool_requests_load(&all, path, "waf_modsecurity");

	if (good) {
		run_pass(m, &all, warm);
		for (int i = 0; i < passes; i++)
			run_pass(m, &all, sum);
		report(sum);
	}
	tool_requests_unload(&all);
	return good;
}

int main(int argc, char **argv)
{
	struct modsecurity *m;
	bool good;

	if (argc < 4 || atoi(argv[2]) < 1) {
		fprintf(stderr, "usage: %s REQUESTS PASSES RULES…\n", argv[0]);
		return 2;
	}
	m = modsecurity_create(prologue, (const char *const *)argv + 3, (unsigned int)argc - 3);
	if (!m)
		return 1;
	good = measure(m, argv[1], atoi(argv[2]));
	modsecurity_destroy(m);
	return good ? 0 : 1;
}
