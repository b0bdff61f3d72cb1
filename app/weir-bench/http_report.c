/* SPDX-License-Identifier: BSD-3-Clause */
/* What `weir-bench http` has found, as tables and as JSON. */
#include "http.h"

#include <stdlib.h>

#define ROUNDS_MAX 1000

static const char *const stage_name[HTTP_STAGE_END] = {
#define X(id, text) [HTTP_STAGE_##id] = text,
	HTTP_STAGES(X)
#undef X
};

static const char *const class_name[TOOL_LABELS + 1] = {
	[TOOL_GET] = "get",       [TOOL_FORM] = "form",  [TOOL_JSON] = "json",
	[TOOL_ATTACK] = "attack", [TOOL_LABELS] = "mix",
};

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* The median over a request's rounds of a word of its samples. */
static double median(const struct http_figures *f, const struct http_sample *s, size_t offset)
{
	uint64_t value[ROUNDS_MAX];

	for (uint64_t i = 0; i < f->opt->rounds; i++)
		memcpy(&value[i], (const char *)&s[i] + offset, sizeof(value[i]));
	qsort(value, f->opt->rounds, sizeof(*value), by_value);
	return (double)value[f->opt->rounds / 2];
}

/* Cycles a request: the mean over requests with that label (TOOL_LABELS: all). */
static double mean(const struct http_figures *f, const struct http_sample *s, unsigned int label,
		   size_t offset)
{
	double sum = 0;
	uint32_t n = 0;

	for (uint32_t i = 0; i < f->n; i++) {
		if (label != TOOL_LABELS && label != f->request[i].label)
			continue;
		sum += median(f, &s[i * f->opt->rounds], offset);
		n++;
	}
	return n ? sum / n : 0;
}

static double us(const struct http_figures *f, const struct http_sample *s, unsigned int label)
{
	return mean(f, s, label, offsetof(struct http_sample, total)) * f->cycle_s * 1e6;
}

static size_t stage_offset(unsigned int stage)
{
	return offsetof(struct http_sample, stage) + stage * sizeof(uint64_t);
}

/* ---- text ---- */

static void print_head(const struct http_figures *f, const char *what)
{
	printf("\n%-40s", what);
	for (unsigned int w = 0; w < HTTP_WAYS; w++)
		if (f->kept[w])
			printf(" %10s", http_way_name[w]);
	putchar('\n');
}

static void print_us(const struct http_figures *f, const char *what,
		     struct http_sample *const samples[HTTP_WAYS], unsigned int label)
{
	printf("%-40s", what);
	for (unsigned int w = 0; w < HTTP_WAYS; w++)
		if (samples[w])
			printf(" %10.2f", us(f, samples[w], label));
	putchar('\n');
}

static void print_rate(const struct http_figures *f, const char *what,
		       struct http_sample *const samples[HTTP_WAYS])
{
	printf("%-40s", what);
	for (unsigned int w = 0; w < HTTP_WAYS; w++)
		if (samples[w])
			printf(" %10.0f", 1e6 / us(f, samples[w], TOOL_LABELS));
	putchar('\n');
}

static void print_stage(const struct http_figures *f, unsigned int stage)
{
	printf("%-40s", stage_name[stage]);
	for (unsigned int w = 0; w < HTTP_WAYS; w++)
		if (f->kept[w])
			printf(" %10.0f", mean(f, f->kept[w], TOOL_LABELS, stage_offset(stage)));
	putchar('\n');
}

static void report_text(const struct http_figures *f)
{
	printf("%u requests, %llu rounds in turns, one core, %.2f GHz; %.1f %% refused by the "
	       "rules\n",
	       f->n, (unsigned long long)f->opt->rounds, 1e-9 / f->cycle_s,
	       f->transactions ? 100.0 * (double)f->refused / (double)f->transactions : 0);
	print_head(f, "requests a second");
	print_rate(f, "connections kept", f->kept);
	print_rate(f, "a connection each", f->closed);
	print_head(f, "us a request, connections kept");
	for (unsigned int label = 0; label <= TOOL_LABELS; label++)
		print_us(f, class_name[label], f->kept, label);
	print_us(f, "mix, a connection each", f->closed, TOOL_LABELS);
	print_head(f, "cycles a request, connections kept");
	for (unsigned int stage = 0; stage < HTTP_STAGE_END; stage++)
		print_stage(f, stage);
}

/* ---- JSON ---- */

static void add_way(struct weir_json *j, const struct http_figures *f, unsigned int w)
{
	weir_json_object(j, http_way_name[w]);
	weir_json_double(j, "kept_per_s", 1e6 / us(f, f->kept[w], TOOL_LABELS));
	weir_json_double(j, "closed_per_s", 1e6 / us(f, f->closed[w], TOOL_LABELS));
	weir_json_object(j, "us");
	for (unsigned int label = 0; label <= TOOL_LABELS; label++)
		weir_json_double(j, class_name[label], us(f, f->kept[w], label));
	weir_json_end_object(j);
	weir_json_object(j, "cycles");
	for (unsigned int stage = 0; stage < HTTP_STAGE_END; stage++)
		weir_json_double(j, stage_name[stage],
				 mean(f, f->kept[w], TOOL_LABELS, stage_offset(stage)));
	weir_json_end_object(j);
	weir_json_end_object(j);
}

static void report_json(const struct http_figures *f)
{
	struct weir_buf out = {0};
	struct weir_json j = weir_json_into(&out);

	weir_json_object(&j, NULL);
	weir_json_u64(&j, "requests", f->n);
	weir_json_u64(&j, "rounds", f->opt->rounds);
	weir_json_u64(&j, "transactions", f->transactions);
	weir_json_u64(&j, "refused", f->refused);
	for (unsigned int w = 0; w < HTTP_WAYS; w++)
		if (f->kept[w])
			add_way(&j, f, w);
	weir_json_end_object(&j);
	printf("%s\n", out.ptr ? out.ptr : "{}");
	weir_buf_fini(&out);
}

void http_report(const struct http_figures *f)
{
	if (f->opt->json)
		report_json(f);
	else
		report_text(f);
}
