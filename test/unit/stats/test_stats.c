/* SPDX-License-Identifier: BSD-3-Clause */
/* The lists of names, which metrics, records and documentation share, and sums over workers. */
#include "stats_test.h"

#include <ctype.h>

typedef const char *(*text_fn)(unsigned int);

static const char *drop_name(unsigned int i)
{
	return weir_drop_name((enum weir_drop)i);
}

static const char *drop_text(unsigned int i)
{
	return weir_drop_text((enum weir_drop)i);
}

static const char *counter_name(unsigned int i)
{
	return weir_counter_name((enum weir_counter)i);
}

static const char *counter_text(unsigned int i)
{
	return weir_counter_text((enum weir_counter)i);
}

static const char *stage_name(unsigned int i)
{
	return weir_stage_name((enum weir_stage)i);
}

static const struct {
	text_fn name, text;
	unsigned int n;
} lists[] = {
	{drop_name, drop_text, WEIR_DROP_END},
	{counter_name, counter_text, WEIR_COUNT_END},
	{stage_name, stage_name, WEIR_STAGE_END},
};

static bool is_metric_name(const char *s)
{
	if (!islower((unsigned char)*s))
		return false;
	for (; *s; s++)
		if (!islower((unsigned char)*s) && !isdigit((unsigned char)*s) && *s != '_')
			return false;
	return true;
}

START_TEST(every_name_is_a_metric_name_and_unique)
{
	for (size_t l = 0; l < WEIR_ARRAY_LEN(lists); l++)
		for (unsigned int i = 0; i < lists[l].n; i++) {
			ck_assert_msg(is_metric_name(lists[l].name(i)), "%s", lists[l].name(i));
			for (unsigned int k = 0; k < i; k++)
				ck_assert_str_ne(lists[l].name(i), lists[l].name(k));
		}
}
END_TEST

/* HELP lines of the exposition format end at a newline and escape backslashes. */
START_TEST(every_text_says_something_on_one_line)
{
	for (size_t l = 0; l < WEIR_ARRAY_LEN(lists); l++)
		for (unsigned int i = 0; i < lists[l].n; i++) {
			ck_assert_uint_gt(strlen(lists[l].text(i)), 1);
			ck_assert_ptr_null(strpbrk(lists[l].text(i), "\n\r\\"));
			for (unsigned int k = 0; k < i; k++)
				ck_assert_str_ne(lists[l].text(i), lists[l].text(k));
		}
}
END_TEST

START_TEST(numbers_outside_the_lists_are_unknown)
{
	for (size_t l = 0; l < WEIR_ARRAY_LEN(lists); l++) {
		ck_assert_str_eq(lists[l].name(lists[l].n), "unknown");
		ck_assert_str_eq(lists[l].text(lists[l].n), "unknown");
		ck_assert_str_eq(lists[l].name(UINT32_MAX), "unknown");
	}
}
END_TEST

START_TEST(no_drop_is_called_none)
{
	ck_assert_str_eq(weir_drop_name(WEIR_DROP_NONE), "none");
	ck_assert_str_eq(weir_drop_name(WEIR_DROP_POLICY_DENY), "policy_deny");
}
END_TEST

/* Fills every word differently, so that a field that is left out shows. */
static void fill(struct weir_stats *s, uint64_t from)
{
	uint64_t *arrays[] = {s->count, s->drop, s->stage_cycles, s->stage_packets, s->http_cycles};
	size_t sizes[] = {WEIR_COUNT_END, WEIR_DROP_END, WEIR_STAGE_END, WEIR_STAGE_END,
			  WEIR_HTTP_WORK_END};

	for (size_t a = 0; a < WEIR_ARRAY_LEN(arrays); a++)
		for (size_t i = 0; i < sizes[a]; i++)
			arrays[a][i] = from++;
}

START_TEST(sums_are_of_every_word)
{
	struct weir_stats a, b, want;

	memset(&a, 0, sizeof(a));
	memset(&b, 0, sizeof(b));
	memset(&want, 0, sizeof(want));
	fill(&a, 1000);
	fill(&b, 5000);
	for (unsigned int i = 0; i < WEIR_COUNT_END; i++)
		want.count[i] = a.count[i] + b.count[i];
	for (unsigned int i = 0; i < WEIR_DROP_END; i++)
		want.drop[i] = a.drop[i] + b.drop[i];
	for (unsigned int i = 0; i < WEIR_STAGE_END; i++) {
		want.stage_cycles[i] = a.stage_cycles[i] + b.stage_cycles[i];
		want.stage_packets[i] = a.stage_packets[i] + b.stage_packets[i];
	}
	for (unsigned int i = 0; i < WEIR_HTTP_WORK_END; i++)
		want.http_cycles[i] = a.http_cycles[i] + b.http_cycles[i];
	want.count[WEIR_COUNT_GENERATION] = a.count[WEIR_COUNT_GENERATION];
	weir_stats_add(&a, &b);
	ck_assert_mem_eq(&a, &want, sizeof(want));
}
END_TEST

static const struct {
	uint64_t workers[3], sum;
} generations[] = {
	{{3, 3, 3}, 3}, {{3, 2, 3}, 2}, {{1, 2, 3}, 1}, {{3, 2, 1}, 1}, {{0, 0, 0}, 0},
	{{0, 2, 3}, 2}, {{2, 0, 3}, 2}, {{3, 2, 0}, 2}, {{0, 0, 5}, 5},
};

START_TEST(the_generation_of_many_is_the_lowest_that_any_worker_saw)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(generations); i++) {
		struct weir_stats sum, worker;

		memset(&sum, 0, sizeof(sum));
		memset(&worker, 0, sizeof(worker));
		for (unsigned int w = 0; w < 3; w++) {
			worker.count[WEIR_COUNT_GENERATION] = generations[i].workers[w];
			weir_stats_add(&sum, &worker);
		}
		ck_assert_uint_eq(sum.count[WEIR_COUNT_GENERATION], generations[i].sum);
	}
}
END_TEST

START_TEST(counting_touches_its_own_word_only)
{
	struct weir_stats s, want;

	memset(&s, 0, sizeof(s));
	memset(&want, 0, sizeof(want));
	weir_count(&s, WEIR_COUNT_RX_BYTES, 1500);
	weir_count(&s, WEIR_COUNT_RX_BYTES, 64);
	weir_count_drop(&s, WEIR_DROP_TX_LINK_DOWN);
	want.count[WEIR_COUNT_RX_BYTES] = 1564;
	want.drop[WEIR_DROP_TX_LINK_DOWN] = 1;
	ck_assert_mem_eq(&s, &want, sizeof(want));
}
END_TEST

Suite *stats_suite(void)
{
	return WEIR_SUITE("stats", every_name_is_a_metric_name_and_unique,
			  every_text_says_something_on_one_line,
			  numbers_outside_the_lists_are_unknown, no_drop_is_called_none,
			  sums_are_of_every_word,
			  the_generation_of_many_is_the_lowest_that_any_worker_saw,
			  counting_touches_its_own_word_only);
}
