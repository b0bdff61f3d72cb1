/* SPDX-License-Identifier: BSD-3-Clause */
#include "../../../app/weir-bench/options.h"
#include "weir_test.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

Suite *bench_options_suite(void);

static const char *const words[] = {"ring", "null", NULL};

struct into {
	uint64_t number, ns, rate;
	const char *text;
	struct bench_texts texts;
	unsigned int word;
	struct weir_addr addr;
	struct bench_cpus cpus;
	struct bench_sizes sizes;
	bool flag;
};

#define AT(field) offsetof(struct into, field)
static const struct bench_option options[] = {
	{"number", "N", "a number", bench_parse_u64, AT(number), 1, 1000000},
	{"time", "TIME", "a time", bench_parse_duration, AT(ns), WEIR_NS_PER_MS,
	 WEIR_NS_PER_S * 3600},
	{"rate", "PPS", "a rate", bench_parse_rate, AT(rate), 1, 1000000},
	{"text", "TEXT", "a text", bench_parse_text, AT(text)},
	{"texts", "TEXT", "one more text", bench_parse_texts, AT(texts)},
	{"word", "WORD", "a word", bench_parse_word, AT(word), .words = words},
	{"addr", "ADDRESS", "an address", bench_parse_addr, AT(addr)},
	{"cpus", "LIST", "CPUs", bench_parse_cpus, AT(cpus)},
	{"sizes", "BYTES", "sizes", bench_parse_sizes, AT(sizes)},
	{"flag", NULL, "a flag", bench_parse_flag, AT(flag)},
};

static const struct bench_command command = {
	.name = "test",
	.about = "Tests options.",
	.options = options,
	.n_options = WEIR_ARRAY_LEN(options),
};

static const char *parse_one(const char *name, const char *text, struct into *into)
{
	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(options); i++)
		if (strcmp(options[i].name, name) == 0)
			return options[i].parse(&options[i], text,
						(char *)into + options[i].offset);
	ck_abort_msg("no option %s", name);
	return NULL;
}

START_TEST(texts_are_gathered_until_there_is_no_room)
{
	struct into into = {0};

	for (unsigned int i = 0; i < BENCH_TEXTS_MAX; i++)
		ck_assert_ptr_null(parse_one("texts", i ? "b" : "a", &into));
	ck_assert_uint_eq(into.texts.n, BENCH_TEXTS_MAX);
	ck_assert_str_eq(into.texts.text[0], "a");
	ck_assert_str_eq(into.texts.text[BENCH_TEXTS_MAX - 1], "b");
	ck_assert_str_eq(parse_one("texts", "c", &into), "too many of them");
}
END_TEST

START_TEST(numbers_have_suffixes)
{
	static const struct {
		const char *name, *text;
		uint64_t want;
	} rows[] = {
		{"number", "1", 1},           {"number", "100k", 100000},
		{"number", "1m", 1000000},    {"number", "0.5M", 500000},
		{"rate", "2.5k", 2500},       {"rate", "max", 0},
		{"time", "5", 5000000000},    {"time", "1.5s", 1500000000},
		{"time", "250ms", 250000000}, {"time", "2m", 120000000000},
		{"time", "1000us", 1000000},
	};

	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct into into = {.rate = 99};
		const char *wrong = parse_one(rows[i].name, rows[i].text, &into);
		uint64_t got = rows[i].name[0] == 'n'   ? into.number
			       : rows[i].name[0] == 'r' ? into.rate
							: into.ns;

		ck_assert_msg(!wrong, "%s: %s", rows[i].text, wrong);
		ck_assert_msg(got == rows[i].want, "%s: %llu", rows[i].text,
			      (unsigned long long)got);
	}
}
END_TEST

START_TEST(what_is_wrong_is_said)
{
	static const struct {
		const char *name, *text, *why;
	} rows[] = {
		{"number", "", "not a number"},
		{"number", "-1", "not a number"},
		{"number", "x", "not a number"},
		{"number", "0", "out of range"},
		{"number", "1000001", "out of range"},
		{"number", "2g", "out of range"},
		{"number", "1.5", "not a whole number, or too large"},
		{"number", "1e300", "not a whole number, or too large"},
		{"number", "1kk", "not a number"},
		{"rate", "0", "out of range"},
		{"rate", "fast", "not a number"},
		{"time", "soon", "not a duration"},
		{"time", "5h", "not a duration (5, 5s, 500ms, 20us, 1m)"},
		{"time", "1us", "out of range"},
		{"time", "61m", "out of range"},
		{"text", "", "empty"},
		{"word", "disc", "not one of its words"},
		{"addr", "10.0.0", "not an IPv4 or IPv6 address"},
		{"cpus", "", "not CPU numbers with commas between"},
		{"cpus", "1,", "not CPU numbers with commas between"},
		{"cpus", "1-3", "not CPU numbers with commas between"},
		{"cpus", "1,2,1", "the same CPU twice"},
		{"cpus", "99999", "no such CPU"},
		{"cpus", "0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16", "too many CPUs (16 at most)"},
		{"sizes", "63", "out of range"},
		{"sizes", "1519", "out of range"},
		{"sizes", "mix", "not a number"},
	};

	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct into into = {0};
		const char *wrong = parse_one(rows[i].name, rows[i].text, &into);

		ck_assert_msg(wrong != NULL, "--%s %s", rows[i].name, rows[i].text);
		ck_assert_str_eq(wrong, rows[i].why);
	}
}
END_TEST

START_TEST(imix_is_seven_to_four_to_one)
{
	unsigned int small = 0, middle = 0, large = 0;
	struct into into = {0};

	ck_assert_ptr_null(parse_one("sizes", "imix", &into));
	for (unsigned int i = 0; i < into.sizes.n; i++) {
		small += into.sizes.size[i] == 64;
		middle += into.sizes.size[i] == 594;
		large += into.sizes.size[i] == 1518;
	}
	ck_assert_uint_eq(small, 7);
	ck_assert_uint_eq(middle, 4);
	ck_assert_uint_eq(large, 1);
}
END_TEST

/* Sends what the parser says nowhere, and back again. */
static void swap_output(int out, int err)
{
	fflush(stdout);
	fflush(stderr);
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
}

static int parse(struct into *into, int argc, const char *const *argv)
{
	int out = dup(STDOUT_FILENO), err = dup(STDERR_FILENO),
	    nowhere = open("/dev/null", O_WRONLY);
	char *copy[8] = {0};
	int parsed;

	ck_assert_int_ge(nowhere, 0);
	for (int i = 0; i < argc; i++)
		copy[i] = strdup(argv[i]);
	swap_output(nowhere, nowhere);
	parsed = bench_options_parse(&command, argc, copy, into);
	swap_output(out, err);
	close(out);
	close(err);
	close(nowhere);
	/* getopt_long permutes them, but they are all there. */
	for (int i = 0; i < argc; i++)
		free(copy[i]);
	return parsed;
}

START_TEST(a_command_line_fills_its_struct)
{
	const char *const argv[] = {"test",       "--number", "7",   "--flag",
				    "--cpus=3,5", "--word",   "null"};
	struct into into = {.ns = 42};

	ck_assert_int_eq(parse(&into, 7, argv), BENCH_GO_ON);
	ck_assert_uint_eq(into.number, 7);
	ck_assert(into.flag);
	ck_assert_uint_eq(into.cpus.n, 2);
	ck_assert_uint_eq(into.cpus.cpu[1], 5);
	ck_assert_uint_eq(into.word, 1);
	ck_assert_uint_eq(into.ns, 42);
}
END_TEST

START_TEST(a_wrong_command_line_is_refused)
{
	static const struct {
		const char *argv[4];
		int argc;
		int want;
	} rows[] = {
		{{"test", "--nmber", "7"}, 3, BENCH_USAGE},
		{{"test", "--number"}, 2, BENCH_USAGE},
		{{"test", "--number", "x"}, 3, BENCH_USAGE},
		{{"test", "--flag=1"}, 2, BENCH_USAGE},
		{{"test", "more"}, 2, BENCH_USAGE},
		{{"test", "--flag", "--help"}, 3, BENCH_OK},
		{{"test"}, 1, BENCH_GO_ON},
	};

	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct into into = {0};

		ck_assert_msg(parse(&into, rows[i].argc, rows[i].argv) == rows[i].want, "row %u",
			      i);
	}
}
END_TEST

START_TEST(help_names_every_option)
{
	struct weir_buf out = {0};

	bench_options_help(&command, &out);
	for (unsigned int i = 0; i < WEIR_ARRAY_LEN(options); i++) {
		ck_assert_ptr_nonnull(strstr(out.ptr, options[i].name));
		ck_assert_ptr_nonnull(strstr(out.ptr, options[i].help));
	}
	weir_buf_fini(&out);
}
END_TEST

Suite *bench_options_suite(void)
{
	return WEIR_SUITE("bench options", numbers_have_suffixes,
			  texts_are_gathered_until_there_is_no_room, what_is_wrong_is_said,
			  imix_is_seven_to_four_to_one, a_command_line_fills_its_struct,
			  a_wrong_command_line_is_refused, help_names_every_option);
}
