/* SPDX-License-Identifier: BSD-3-Clause */
/* Small answers, and what the other renderers need. */
#include "weirctl.h"

const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

json_int_t int_of(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

double number_of(const json_t *object, const char *key)
{
	return json_number_value(json_object_get(object, key));
}

const char *duration(double seconds, char text[32])
{
	unsigned long long s = seconds > 0 ? (unsigned long long)seconds : 0;

	if (s >= 86400)
		snprintf(text, 32, "%llud %lluh", s / 86400, s % 86400 / 3600);
	else if (s >= 3600)
		snprintf(text, 32, "%lluh %llum", s / 3600, s % 3600 / 60);
	else if (s >= 60)
		snprintf(text, 32, "%llum %llus", s / 60, s % 60);
	else
		snprintf(text, 32, "%.*fs", seconds < 10 ? 1 : 0, seconds > 0 ? seconds : 0.0);
	return text;
}

const char *scaled(double value, char text[32])
{
	static const char units[] = {'k', 'M', 'G', 'T', 'P'};
	size_t unit = 0;

	if (value < 10000) {
		snprintf(text, 32, "%.0f", value);
		return text;
	}
	for (value /= 1000; value >= 1000 && unit + 1 < sizeof(units); unit++)
		value /= 1000;
	snprintf(text, 32, "%.*f%c", value < 100 ? 1 : 0, value, units[unit]);
	return text;
}

static void print_report(const json_t *answer, FILE *to)
{
	const json_t *report = json_object_get(answer, "report");
	const json_t *line;
	size_t i;

	json_array_foreach (report, i, line)
		fprintf(to, "%s\n", json_string_value(line) ? json_string_value(line) : "");
}

void render_refusal(const json_t *answer)
{
	print_report(answer, stderr);
	fprintf(stderr, "weirctl: %s\n", text_of(answer, "error"));
}

void render_reload(const json_t *answer)
{
	const json_t *waf = json_object_get(answer, "waf");

	print_report(answer, stdout);
	printf("generation %lld published; loaded in %.1f ms, published in %.2f ms\n",
	       (long long)int_of(answer, "generation"), number_of(answer, "load_ms"),
	       number_of(answer, "publish_ms"));
	if (waf)
		printf("threat policies: %lld rules in %lld programs, %s in %lld ms\n",
		       (long long)int_of(waf, "rules"), (long long)int_of(waf, "programs"),
		       json_is_true(json_object_get(waf, "cached")) ? "from the cache" : "compiled",
		       (long long)int_of(waf, "load_ms"));
}

void render_text(const json_t *answer)
{
	fputs(text_of(answer, "text"), stdout);
}

void render_version(const json_t *answer)
{
	printf("weirctl %s\nweir    %s\n", WEIR_VERSION, text_of(answer, "version"));
}

void render_stop(const json_t *answer)
{
	puts("weir stops");
}

void render_drops(const json_t *answer)
{
	static const char *const head[] = {">PACKETS", "REASON", "MEANING", NULL};
	const json_t *drop, *drops = json_object_get(answer, "drops");
	struct table t = table_begin(head);
	size_t i;

	json_array_foreach (drops, i, drop) {
		table_cell(&t, "%lld", (long long)int_of(drop, "count"));
		table_cell(&t, "%s", text_of(drop, "reason"));
		table_cell(&t, "%s", text_of(drop, "text"));
	}
	table_cell(&t, "%lld", (long long)int_of(answer, "total"));
	table_cell(&t, "total");
	table_cell(&t, "%s", "");
	table_end(&t);
}
