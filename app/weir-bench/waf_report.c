/* SPDX-License-Identifier: BSD-3-Clause */
/* What `weir-bench waf` has found, as a table and as JSON. */
#include "waf.h"

#include <stdlib.h>

const char *const waf_class_name[WAF_CLASSES] = {
	[TOOL_GET] = "get",       [TOOL_FORM] = "form", [TOOL_JSON] = "json",
	[TOOL_ATTACK] = "attack", [WAF_MIX] = "mix",
};

static const char *const stage_name[TOOL_STAGE_END] = {
#define X(id, text) [TOOL_##id] = text,
	TOOL_STAGES(X)
#undef X
};

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *value, unsigned int n)
{
	qsort(value, n, sizeof(*value), by_value);
	return value[n / 2];
}

static double each(const struct waf_class *c, uint64_t sum)
{
	return c->transactions ? (double)sum / (double)c->transactions : 0;
}

/* ---- text ---- */

static void print_row(struct waf_figures *f, unsigned int i)
{
	struct waf_class *c = &f->class[i];
	double middle = median(c->us, f->rounds);

	if (!c->transactions)
		return;
	printf("%-7s %9.2f %9.2f %9.2f %8.0f%% %8.1f %10.1f %9.0f %10.1f %7.0f\n",
	       waf_class_name[i], middle, c->us[0], c->us[f->rounds - 1], 100 * each(c, c->refused),
	       each(c, c->values), each(c, c->transforms), each(c, c->scanned_bytes),
	       each(c, c->candidates), each(c, c->steps));
}

static void print_stages(const struct waf_figures *f)
{
	printf("\n%-26s", "us by stage");
	for (unsigned int i = 0; i < WAF_CLASSES; i++)
		printf(" %9s", waf_class_name[i]);
	for (unsigned int s = 0; s < TOOL_STAGE_END; s++) {
		printf("\n%-26s", stage_name[s]);
		for (unsigned int i = 0; i < WAF_CLASSES; i++) {
			const struct waf_class *c = &f->class[i];

			printf(" %9.2f",
			       c->transactions ? c->stage_us[s] / (double)c->transactions : 0);
		}
	}
	printf("\n");
}

void waf_report_text(struct waf_figures *f, bool stages)
{
	printf("%u rules, %u of them prefiltered, %.1f MB, loaded in %u ms%s; at most %.1f KiB a "
	       "transaction; medians of %u rounds\n",
	       f->info.rules, f->info.prefiltered, (double)f->info.bytes / 1e6, f->info.load_ms,
	       f->info.cached ? " from the cache" : "", (double)f->memory_max / 1024, f->rounds);
	printf("%-7s %9s %9s %9s %9s %8s %10s %9s %10s %7s\n", "class", "us", "least", "most",
	       "refused", "values", "transforms", "scanned", "candidates", "steps");
	print_row(f, WAF_MIX);
	for (unsigned int i = 0; i < TOOL_LABELS; i++)
		print_row(f, i);
	if (stages)
		print_stages(f);
}

static int by_time(const void *a, const void *b)
{
	const struct weir_waf_rule_stat *x = a, *y = b;

	return (x->ns < y->ns) - (x->ns > y->ns);
}

void waf_report_rules(const struct weir_waf *waf, uint64_t max)
{
	struct weir_waf_rule_stat *all;
	struct weir_waf_info info;
	uint32_t n;

	weir_waf_info(waf, &info);
	all = calloc(info.rules + 1, sizeof(*all));
	n = all ? weir_waf_rule_stats(waf, all, info.rules + 1) : 0;
	if (n)
		qsort(all, n, sizeof(*all), by_time);
	fprintf(stderr, "%10s %5s %10s %10s %10s  %s\n", "rule", "phase", "us", "asked", "hits",
		"message");
	for (uint32_t i = 0; i < n && i < max; i++)
		fprintf(stderr, "%10u %5u %10.0f %10llu %10llu  %.*s\n", all[i].id, all[i].phase,
			(double)all[i].ns / 1e3, (unsigned long long)all[i].evaluated,
			(unsigned long long)all[i].hits, (int)all[i].msg.len,
			(const char *)all[i].msg.ptr);
	free(all);
}

/* ---- JSON ---- */

static void add_stages(struct weir_json *j, const struct waf_class *c)
{
	weir_json_object(j, "stage_us");
	for (unsigned int s = 0; s < TOOL_STAGE_END; s++)
		weir_json_double(j, stage_name[s], c->stage_us[s] / (double)c->transactions);
	weir_json_end_object(j);
}

static void add_class(struct weir_json *j, struct waf_figures *f, unsigned int i, bool stages)
{
	struct waf_class *c = &f->class[i];

	if (!c->transactions)
		return;
	weir_json_object(j, waf_class_name[i]);
	weir_json_double(j, "us", median(c->us, f->rounds));
	weir_json_u64(j, "transactions", c->transactions);
	weir_json_u64(j, "refused", c->refused);
	weir_json_double(j, "values", each(c, c->values));
	weir_json_double(j, "transforms", each(c, c->transforms));
	weir_json_double(j, "scanned_bytes", each(c, c->scanned_bytes));
	weir_json_double(j, "candidates", each(c, c->candidates));
	weir_json_double(j, "steps", each(c, c->steps));
	if (stages)
		add_stages(j, c);
	weir_json_end_object(j);
}

void waf_report_json(struct waf_figures *f, bool stages)
{
	struct weir_buf out = {0};
	struct weir_json j = weir_json_into(&out);

	weir_json_object(&j, NULL);
	weir_json_u64(&j, "rules", f->info.rules);
	weir_json_u64(&j, "prefiltered", f->info.prefiltered);
	weir_json_u64(&j, "bytes", f->info.bytes);
	weir_json_u64(&j, "load_ms", f->info.load_ms);
	weir_json_u64(&j, "transaction_bytes_max", f->memory_max);
	weir_json_u64(&j, "rounds", f->rounds);
	for (unsigned int i = 0; i < WAF_CLASSES; i++)
		add_class(&j, f, i, stages);
	weir_json_end_object(&j);
	printf("%s\n", out.ptr ? out.ptr : "{}");
	weir_buf_fini(&out);
}
