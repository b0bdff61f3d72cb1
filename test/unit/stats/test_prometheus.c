/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The metrics text is read back by a strict reader of the exposition format 0.0.4: HELP, TYPE, then
 * that family's samples and no other, each family once, each sample once.
 */
#include "stats_test.h"

#include <stdio.h>

#define FAMILIES_MAX 256

struct reader {
	char families[FAMILIES_MAX][64];
	unsigned int n_families;
	unsigned int samples; /* of the family being read */
	bool typed;
	bool counter;
};

static void read_help(struct reader *m, const char *line)
{
	const char *name = line + strlen("# HELP ");
	size_t len = strcspn(name, " ");

	ck_assert_msg(m->n_families == 0 || (m->typed && m->samples > 0), "no samples before: %s",
		      line);
	ck_assert_uint_lt(m->n_families, FAMILIES_MAX);
	ck_assert_uint_lt(len, sizeof(m->families[0]));
	ck_assert_msg(name[len] == ' ' && name[len + 1], "no help text: %s", line);
	for (unsigned int i = 0; i < m->n_families; i++)
		ck_assert_msg(strlen(m->families[i]) != len ||
				      memcmp(m->families[i], name, len) != 0,
			      "family twice: %s", line);
	memcpy(m->families[m->n_families], name, len);
	m->families[m->n_families++][len] = '\0';
	m->samples = 0;
	m->typed = false;
}

static void read_type(struct reader *m, const char *line)
{
	char name[64], type[16];
	const char *family;

	ck_assert_uint_gt(m->n_families, 0);
	family = m->families[m->n_families - 1];
	ck_assert_int_eq(sscanf(line, "# TYPE %63s %15s", name, type), 2);
	ck_assert_str_eq(name, family);
	ck_assert_msg(!m->typed && m->samples == 0, "late: %s", line);
	m->typed = true;
	m->counter = strcmp(type, "counter") == 0;
	ck_assert_msg(m->counter || strcmp(type, "gauge") == 0, "%s", line);
	if (m->counter)
		ck_assert_str_eq(family + strlen(family) - strlen("_total"), "_total");
}

/* Skips `name="value"`; NULL when it is none. */
static const char *skip_label(const char *p)
{
	size_t name = strspn(p, "abcdefghijklmnopqrstuvwxyz_");

	if (!name || p[name] != '=' || p[name + 1] != '"')
		return NULL;
	p += name + 2;
	p += strcspn(p, "\"\\\n");
	return *p == '"' ? p + 1 : NULL;
}

static void read_sample(struct reader *m, const char *line)
{
	const char *family = m->families[m->n_families - 1], *p = line + strlen(family);

	ck_assert_msg(m->typed && strncmp(line, family, strlen(family)) == 0, "stray: %s", line);
	ck_assert_msg(*p == '{', "%s", line);
	do {
		p = skip_label(p + 1);
		ck_assert_msg(p != NULL, "label: %s", line);
	} while (*p == ',');
	ck_assert_msg(p[0] == '}' && p[1] == ' ', "%s", line);
	p += 2;
	ck_assert_msg(*p && strspn(p, "0123456789") == strlen(p), "value: %s", line);
	m->samples++;
}

static void read_all(struct reader *m, char *text)
{
	size_t len = strlen(text);
	char *save = NULL;

	ck_assert_msg(len > 0 && text[len - 1] == '\n', "the last line has no end");
	ck_assert_ptr_null(strstr(text, "\n\n"));
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (strncmp(line, "# HELP ", 7) == 0)
			read_help(m, line);
		else if (strncmp(line, "# TYPE ", 7) == 0)
			read_type(m, line);
		else
			read_sample(m, line);
	}
}

/* Two workers whose words all differ. */
static void fill(struct weir_stats s[2])
{
	memset(s, 0, 2 * sizeof(*s));
	for (unsigned int w = 0; w < 2; w++) {
		for (unsigned int i = 0; i < WEIR_COUNT_END; i++)
			s[w].count[i] = 1000 * (w + 1) + i;
		for (unsigned int i = 0; i < WEIR_DROP_END; i++)
			s[w].drop[i] = 5000 * (w + 1) + i;
	}
}

static struct weir_buf text_of_two(struct weir_stats s[2])
{
	const struct weir_stats *workers[] = {&s[0], &s[1]};
	static const unsigned int lcores[] = {1, 17};
	struct weir_buf b = {0};

	weir_stats_prometheus(&b, workers, lcores, 2);
	ck_assert(!b.failed);
	return b;
}

START_TEST(the_text_is_well_formed)
{
	struct reader m = {0};
	struct weir_stats s[2];
	struct weir_buf b;

	fill(s);
	b = text_of_two(s);
	read_all(&m, b.ptr);
	ck_assert_uint_eq(m.n_families, WEIR_COUNT_END + 1);
	ck_assert_str_eq(m.families[m.n_families - 1], "weir_drops_total");
	ck_assert_uint_eq(m.samples, 2 * (WEIR_DROP_END - 1));
	weir_buf_fini(&b);
}
END_TEST

static void assert_line(const struct weir_buf *b, const char *line)
{
	const char *at = strstr(b->ptr, line);

	ck_assert_msg(at != NULL, "not there: %s", line);
	ck_assert_msg(at == b->ptr || at[-1] == '\n', "not a line: %s", line);
	ck_assert_ptr_null(strstr(at + 1, line));
}

START_TEST(every_counter_and_drop_of_every_worker_is_there_once)
{
	struct weir_stats s[2];
	struct weir_buf b;
	char line[160];

	fill(s);
	b = text_of_two(s);
	for (unsigned int i = 0; i < WEIR_COUNT_END; i++)
		for (unsigned int w = 0; w < 2; w++) {
			snprintf(line, sizeof(line), "weir_%s%s{worker=\"%u\"} %u\n",
				 weir_counter_name((enum weir_counter)i),
				 i == WEIR_COUNT_GENERATION ? "" : "_total", w ? 17 : 1,
				 1000 * (w + 1) + i);
			assert_line(&b, line);
		}
	for (unsigned int i = 1; i < WEIR_DROP_END; i++)
		for (unsigned int w = 0; w < 2; w++) {
			snprintf(line, sizeof(line),
				 "weir_drops_total{reason=\"%s\",worker=\"%u\"} %u\n",
				 weir_drop_name((enum weir_drop)i), w ? 17 : 1, 5000 * (w + 1) + i);
			assert_line(&b, line);
		}
	weir_buf_fini(&b);
}
END_TEST

START_TEST(the_generation_is_a_gauge_and_the_rest_are_counters)
{
	struct weir_stats s[2];
	struct weir_buf b;

	fill(s);
	b = text_of_two(s);
	assert_line(&b, "# TYPE weir_generation gauge\n");
	assert_line(&b, "# TYPE weir_rx_packets_total counter\n");
	assert_line(&b, "# TYPE weir_drops_total counter\n");
	weir_buf_fini(&b);
}
END_TEST

START_TEST(the_text_is_added_to_what_stands_there)
{
	struct weir_stats s[2];
	const struct weir_stats *workers[] = {&s[0]};
	struct weir_buf b = {0};

	fill(s);
	weir_buf_str(&b, "weir_up 1\n");
	weir_stats_prometheus(&b, workers, &(unsigned int){0}, 1);
	ck_assert_int_eq(strncmp(b.ptr, "weir_up 1\n# HELP weir_", 22), 0);
	weir_buf_fini(&b);
}
END_TEST

Suite *prometheus_suite(void)
{
	return WEIR_SUITE("stats prometheus", the_text_is_well_formed,
			  every_counter_and_drop_of_every_worker_is_there_once,
			  the_generation_is_a_gauge_and_the_rest_are_counters,
			  the_text_is_added_to_what_stands_there);
}
