/* SPDX-License-Identifier: BSD-3-Clause */
/* Names and sums of the counters. */
#include <weir_stats.h>

struct text {
	const char *name;
	const char *text;
};

static const struct text drops[WEIR_DROP_END] = {[WEIR_DROP_NONE] = {"none", "not dropped"},
#define WEIR_DROP_TEXT(id, name, text) [WEIR_DROP_##id] = {name, text},
						 WEIR_DROPS(WEIR_DROP_TEXT)
#undef WEIR_DROP_TEXT
};

static const struct text counters[WEIR_COUNT_END] = {
#define WEIR_COUNTER_TEXT(id, name, text) [WEIR_COUNT_##id] = {name, text},
	WEIR_COUNTERS(WEIR_COUNTER_TEXT)
#undef WEIR_COUNTER_TEXT
};

static const char *const stages[WEIR_STAGE_END] = {
#define WEIR_STAGE_TEXT(id, name) [WEIR_STAGE_##id] = name,
	WEIR_STAGES(WEIR_STAGE_TEXT)
#undef WEIR_STAGE_TEXT
};

static const char *const http_work[WEIR_HTTP_WORK_END] = {
#define WEIR_HTTP_WORK_TEXT(id, name) [WEIR_HTTP_WORK_##id] = name,
	WEIR_HTTP_WORK(WEIR_HTTP_WORK_TEXT)
#undef WEIR_HTTP_WORK_TEXT
};

const char *weir_drop_name(enum weir_drop d)
{
	return d < WEIR_DROP_END ? drops[d].name : "unknown";
}

const char *weir_drop_text(enum weir_drop d)
{
	return d < WEIR_DROP_END ? drops[d].text : "unknown";
}

const char *weir_counter_name(enum weir_counter c)
{
	return c < WEIR_COUNT_END ? counters[c].name : "unknown";
}

const char *weir_counter_text(enum weir_counter c)
{
	return c < WEIR_COUNT_END ? counters[c].text : "unknown";
}

const char *weir_stage_name(enum weir_stage s)
{
	return s < WEIR_STAGE_END ? stages[s] : "unknown";
}

const char *weir_http_work_name(enum weir_http_work w)
{
	return w < WEIR_HTTP_WORK_END ? http_work[w] : "unknown";
}

static uint64_t read_word(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

static void add_words(uint64_t *into, const uint64_t *from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		into[i] += read_word(&from[i]);
}

void weir_stats_add(struct weir_stats *into, const struct weir_stats *from)
{
	uint64_t before = into->count[WEIR_COUNT_GENERATION];
	uint64_t theirs = read_word(&from->count[WEIR_COUNT_GENERATION]);

	add_words(into->count, from->count, WEIR_COUNT_END);
	add_words(into->drop, from->drop, WEIR_DROP_END);
	add_words(into->stage_cycles, from->stage_cycles, WEIR_STAGE_END);
	add_words(into->stage_packets, from->stage_packets, WEIR_STAGE_END);
	add_words(into->http_cycles, from->http_cycles, WEIR_HTTP_WORK_END);
	into->count[WEIR_COUNT_GENERATION] = !theirs                     ? before
					     : before && before < theirs ? before
									 : theirs;
}
