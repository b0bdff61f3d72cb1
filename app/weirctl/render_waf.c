/* SPDX-License-Identifier: BSD-3-Clause */
/* Rules of threat policies and what became of transactions. */
#include "weirctl.h"

void print_programs(const json_t *generation)
{
	const json_t *p, *programs = json_object_get(generation, "waf");
	size_t i;

	json_array_foreach (programs, i, p) {
		bool cached = json_is_true(json_object_get(p, "cached"));

		printf("threat policy %s, mode %s", text_of(p, "policy"), text_of(p, "mode"));
		if (json_object_get(p, "rules"))
			printf(": %lld rules, %.1f MiB, %s in %lld ms",
			       (long long)int_of(p, "rules"), number_of(p, "bytes") / (1 << 20),
			       cached ? "from the cache" : "compiled",
			       (long long)int_of(p, "load_ms"));
		putchar('\n');
	}
}

/* ---- rules ---- */

void render_rules(const json_t *answer)
{
	static const char *const head[] = {">HITS", ">EVALUATED", ">MEAN",   ">SHARE", ">RULE",
					   "PHASE", "POLICY",     "MESSAGE", NULL};
	const json_t *r, *rules = json_object_get(answer, "rules");
	struct table t = table_begin(head);
	char a[32];
	size_t i;

	json_array_foreach (rules, i, r) {
		table_cell(&t, "%s", scaled(number_of(r, "hits"), a));
		table_cell(&t, "%s", scaled(number_of(r, "evaluated"), a));
		table_cell(&t, "%.2f us", number_of(r, "mean_us"));
		table_cell(&t, "%.1f%%", number_of(r, "share") * 100);
		table_cell(&t, "%lld", (long long)int_of(r, "id"));
		table_cell(&t, "%lld", (long long)int_of(r, "phase"));
		table_cell(&t, "%s", text_of(r, "policy"));
		table_cell(&t, "%.72s", text_of(r, "msg")); /* some have paragraphs */
	}
	table_end(&t);
	if ((size_t)int_of(answer, "total") > json_array_size(rules))
		printf("%zu of %lld rules that were asked (--count)\n", json_array_size(rules),
		       (long long)int_of(answer, "total"));
}

/* ---- transactions ---- */

/* "deny", "would deny", "bad chunk_size", "pass". */
static void print_verdict(const json_t *weir)
{
	const char *bad = text_of(weir, "bad"), *verdict = text_of(weir, "verdict");
	const char *would = text_of(weir, "would");

	if (*bad)
		printf(" bad %s", bad);
	else if (strcmp(verdict, "pass") == 0 && *would && strcmp(would, "pass") != 0)
		printf(" would %s", would);
	else
		printf(" %s", verdict);
}

static void print_request(const json_t *http)
{
	const char *method = text_of(http, "http_method");

	if (json_object_get(http, "status"))
		printf(" %lld", (long long)int_of(http, "status"));
	if (*method)
		printf(" %s %s%s", method, text_of(http, "hostname"), text_of(http, "url"));
}

static void print_grounds(const json_t *record)
{
	const json_t *weir = json_object_get(record, "weir");
	const json_t *alert = json_object_get(record, "alert");

	printf(", %s by %s", text_of(weir, "service"), text_of(weir, "policy"));
	if (int_of(weir, "rule"))
		printf(" rule %lld", (long long)int_of(weir, "rule"));
	if (alert)
		printf(" (%s)", text_of(alert, "signature"));
	printf(", inbound %lld, %lld us, %s\n",
	       (long long)int_of(json_object_get(weir, "scores"), "inbound"),
	       (long long)int_of(weir, "waf_us"), text_of(weir, "id"));
}

void render_tx(const json_t *answer)
{
	const json_t *r, *records = json_object_get(answer, "transactions");
	char time[16];
	size_t i;

	json_array_foreach (records, i, r) {
		printf("%s", time_of_day(r, time));
		print_verdict(json_object_get(r, "weir"));
		print_request(json_object_get(r, "http"));
		printf(" from %s", text_of(r, "src_ip"));
		print_grounds(r);
	}
}
