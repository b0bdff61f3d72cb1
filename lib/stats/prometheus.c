/* SPDX-License-Identifier: BSD-3-Clause */
/* The workers' counters as Prometheus text (exposition format 0.0.4). */
#include <weir_stats.h>

static uint64_t read_word(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

static void counter_family(struct weir_buf *out, enum weir_counter c,
			   const struct weir_stats *const *workers, const unsigned int *lcores,
			   unsigned int n)
{
	const char *name = weir_counter_name(c);
	bool gauge = c == WEIR_COUNT_GENERATION;

	weir_buf_printf(out, "# HELP weir_%s%s %s\n# TYPE weir_%s%s %s\n", name,
			gauge ? "" : "_total", weir_counter_text(c), name, gauge ? "" : "_total",
			gauge ? "gauge" : "counter");
	for (unsigned int w = 0; w < n; w++)
		weir_buf_printf(out, "weir_%s%s{worker=\"%u\"} %llu\n", name, gauge ? "" : "_total",
				lcores[w], (unsigned long long)read_word(&workers[w]->count[c]));
}

void weir_stats_prometheus(struct weir_buf *out, const struct weir_stats *const *workers,
			   const unsigned int *lcores, unsigned int n)
{
	for (unsigned int c = 0; c < WEIR_COUNT_END; c++)
		counter_family(out, (enum weir_counter)c, workers, lcores, n);
	weir_buf_str(out, "# HELP weir_drops_total packets not passed on, by reason\n"
			  "# TYPE weir_drops_total counter\n");
	for (unsigned int d = 1; d < WEIR_DROP_END; d++)
		for (unsigned int w = 0; w < n; w++)
			weir_buf_printf(out, "weir_drops_total{reason=\"%s\",worker=\"%u\"} %llu\n",
					weir_drop_name((enum weir_drop)d), lcores[w],
					(unsigned long long)read_word(&workers[w]->drop[d]));
}
