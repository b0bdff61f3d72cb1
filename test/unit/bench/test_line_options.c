/* SPDX-License-Identifier: BSD-3-Clause */
#include "../../../app/weir-bench/line_options.h"
#include "weir_test.h"

Suite *bench_line_options_suite(void);

static const struct bench_option *option(const char *name)
{
	for (unsigned int i = 0; i < LINE_OPTIONS; i++)
		if (strcmp(line_option_table[i].name, name) == 0)
			return &line_option_table[i];
	ck_abort_msg("no option %s", name);
	return NULL;
}

static const char *set(struct line_options *o, const char *name, const char *text)
{
	const struct bench_option *p = option(name);

	return p->parse(p, text, (char *)o + p->offset);
}

START_TEST(the_table_has_as_many_rows_as_it_says)
{
	for (unsigned int i = 0; i < LINE_OPTIONS; i++)
		ck_assert_ptr_nonnull(line_option_table[i].name);
}
END_TEST

START_TEST(a_value_is_for_both_directions_or_for_each)
{
	static const struct {
		const char *name, *text;
		size_t offset; /* in struct line_cfg */
		bool wide;     /* 64 bits */
		uint64_t there, back;
	} rows[] = {
		{"loss", "1%", offsetof(struct line_cfg, loss), false, 10000000, 10000000},
		{"loss", "0.01,2.5%", offsetof(struct line_cfg, loss), false, 10000000, 25000000},
		{"loss", "0,100%", offsetof(struct line_cfg, loss), false, 0, LINE_ALWAYS},
		{"loss", "0.0000001%", offsetof(struct line_cfg, loss), false, 1, 1},
		{"burst-begin", "1", offsetof(struct line_cfg, burst_begin), false, LINE_ALWAYS,
		 LINE_ALWAYS},
		{"delay", "50ms", offsetof(struct line_cfg, delay_ns), true, 50000000, 50000000},
		{"delay", "20us,0", offsetof(struct line_cfg, delay_ns), true, 20000, 0},
		{"rate", "100mbit", offsetof(struct line_cfg, rate_bps), true, 100000000,
		 100000000},
		{"rate", "1g,64kbit", offsetof(struct line_cfg, rate_bps), true, 1000000000, 64000},
		{"rate", "max,2500bit", offsetof(struct line_cfg, rate_bps), true, 0, 2500},
		{"queue", "1m", offsetof(struct line_cfg, queue_bytes), true, 1000000, 1000000},
		{"reorder-by", "3,0", offsetof(struct line_cfg, reorder_by), false, 3, 0},
		{"capacity", "65536", offsetof(struct line_cfg, capacity), false, 65536, 65536},
	};

	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		uint64_t wanted[2] = {rows[i].there, rows[i].back};
		struct line_options o;
		const char *wrong;

		line_options_default(&o);
		wrong = set(&o, rows[i].name, rows[i].text);
		ck_assert_msg(!wrong, "%s %s: %s", rows[i].name, rows[i].text, wrong);
		for (unsigned int way = 0; way < 2; way++) {
			const char *at = (const char *)&o.cfg[way] + rows[i].offset;
			uint64_t got = rows[i].wide ? *(const uint64_t *)at : *(const uint32_t *)at;

			ck_assert_msg(got == wanted[way], "%s %s, %u: %llu", rows[i].name,
				      rows[i].text, way, (unsigned long long)got);
		}
	}
}
END_TEST

START_TEST(yes_and_no_are_for_both_directions_too)
{
	struct line_options o;

	line_options_default(&o);
	ck_assert_ptr_null(set(&o, "jitter-reorders", "yes"));
	ck_assert(o.cfg[LINE_THERE].jitter_reorders && o.cfg[LINE_BACK].jitter_reorders);
	ck_assert_ptr_null(set(&o, "jitter-reorders", "no,yes"));
	ck_assert(!o.cfg[LINE_THERE].jitter_reorders && o.cfg[LINE_BACK].jitter_reorders);
}
END_TEST

START_TEST(bad_values_are_refused_with_their_reason)
{
	static const struct {
		const char *name, *text, *wrong;
	} rows[] = {
		{"loss", "", "not a share"},
		{"loss", "x", "not a share"},
		{"loss", "-1%", "not a share"},
		{"loss", "nan", "not a share"},
		{"loss", "1%%", "not a share"},
		{"loss", "1 %", "not a share"},
		{"loss", "101%", "more than all"},
		{"loss", "1.5", "more than all"},
		{"loss", "1%,", "not a share"},
		{"loss", ",1%", "not a share"},
		{"loss", "1%,2%,3%", "not a share"},
		{"loss", "0.00000000000000000000000000000001", "too long"},
		{"delay", "5 ms", "not a duration"},
		{"delay", "2h", "not a duration"},
		{"delay", "70m", "out of range"},
		{"rate", "100byte", "not a number"},
		{"rate", "bit", "not a number"},
		{"rate", "10", "out of range"},
		{"reorder-by", "1001", "out of range"},
		{"capacity", "0", "out of range"},
		{"capacity", "100,65537", "out of range"},
		{"jitter-reorders", "perhaps", "neither yes nor no"},
		{"for", "0", "out of range"},
	};

	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct line_options o;
		const char *wrong;

		line_options_default(&o);
		wrong = set(&o, rows[i].name, rows[i].text);
		ck_assert_msg(wrong && strncmp(wrong, rows[i].wrong, strlen(rows[i].wrong)) == 0,
			      "--%s %s: %s", rows[i].name, rows[i].text, wrong ? wrong : "taken");
	}
}
END_TEST

START_TEST(both_ends_are_needed_and_bursts_must_end)
{
	struct line_options o;

	line_options_default(&o);
	ck_assert_str_eq(line_options_check(&o), "--a and --b, the line's two ends, are needed");
	o.device[0] = o.device[1] = "iface:x";
	ck_assert_ptr_null(line_options_check(&o));
	o.cfg[LINE_BACK].burst_begin = 1;
	o.cfg[LINE_BACK].burst_end = 0;
	ck_assert_str_eq(line_options_check(&o), "--burst-end 0: a burst would never end");
}
END_TEST

START_TEST(a_whole_command_line_is_read)
{
	const struct bench_command command = {
		.name = "line", .options = line_option_table, .n_options = LINE_OPTIONS};
	const char *const argv[] = {"line", "--a",     "iface:x",  "--b",      "vdev:y", "--loss",
				    "1%",   "--delay", "50ms",     "--jitter", "5ms,0",  "--seed",
				    "7",    "--poll",  "--for=5s", NULL};
	struct line_options o;

	line_options_default(&o);
	ck_assert_int_eq(bench_options_parse(&command, WEIR_ARRAY_LEN(argv) - 1,
					     (char **)(uintptr_t)argv, &o),
			 BENCH_GO_ON);
	ck_assert_str_eq(o.device[0], "iface:x");
	ck_assert_str_eq(o.device[1], "vdev:y");
	ck_assert_uint_eq(o.cfg[LINE_THERE].jitter_ns, 5 * WEIR_NS_PER_MS);
	ck_assert_uint_eq(o.cfg[LINE_BACK].jitter_ns, 0);
	ck_assert_uint_eq(o.seed, 7);
	ck_assert_uint_eq(o.run_ns, 5 * WEIR_NS_PER_S);
	ck_assert(o.poll);
}
END_TEST

Suite *bench_line_options_suite(void)
{
	return WEIR_SUITE("bench line options", the_table_has_as_many_rows_as_it_says,
			  a_value_is_for_both_directions_or_for_each,
			  yes_and_no_are_for_both_directions_too,
			  bad_values_are_refused_with_their_reason,
			  both_ends_are_needed_and_bursts_must_end, a_whole_command_line_is_read);
}
