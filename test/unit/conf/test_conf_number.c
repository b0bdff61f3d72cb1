/* SPDX-License-Identifier: BSD-3-Clause */
/* Numbers, durations and sizes: what each text means, and why the others mean nothing. */
#include "conf_test.h"

typedef bool (*reader_fn)(const struct weir_conf_node *map, const char *key, uint64_t min,
			  uint64_t max, uint64_t *out, struct weir_conf_report *r);

struct number_row {
	const char *value;
	uint64_t want;
	const char *said;
};

#define UNTOUCHED 4711

static void assert_numbers(reader_fn read, uint64_t min, uint64_t max,
			   const struct number_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct weir_conf_report *r = weir_conf_report_create();
		struct weir_buf text = {0};
		struct weir_conf_docs *d;
		uint64_t got = UNTOUCHED;
		bool good;

		weir_buf_printf(&text, "v: %s\n", rows[i].value);
		d = docs_of(text.ptr);
		good = read(weir_conf_doc(d, 0), "v", min, max, &got, r);
		ck_assert_msg(good == !*rows[i].said, "%s", rows[i].value);
		ck_assert_msg(got == (good ? rows[i].want : UNTOUCHED), "%s", rows[i].value);
		assert_said(r, rows[i].value, rows[i].said);
		weir_conf_docs_destroy(d);
		weir_buf_fini(&text);
	}
}

#define AT "t.yaml:1:4: error: "

static const struct number_row numbers[] = {
	{"0", 0, ""},
	{"7", 7, ""},
	{"'8'", 8, ""},
	{"18446744073709551615", UINT64_MAX, ""},
	{"18446744073709551616", 0,
	 AT "v must be a number, not '18446744073709551616': it has more than 64 bits\n"},
	{"99999999999999999999999", 0,
	 AT "v must be a number, not '99999999999999999999999': it has more than 64 bits\n"},
	{"+1", 0, AT "v must be a number, not '+1': write it without a sign\n"},
	{"-1", 0, AT "v must be a number, not '-1': write it without a sign\n"},
	{"-0", 0, AT "v must be a number, not '-0': write it without a sign\n"},
	{"0x10", 0, AT "v must be a number, not '0x10': numbers are decimal here\n"},
	{"0o17", 0, AT "v must be a number, not '0o17': numbers are decimal here\n"},
	{"0b11", 0, AT "v must be a number, not '0b11': numbers are decimal here\n"},
	{"010", 0,
	 AT "v must be a number, not '010': leave out the leading zero, which YAML 1.1 reads as "
	    "octal\n"},
	{"00", 0,
	 AT "v must be a number, not '00': leave out the leading zero, which YAML 1.1 reads as "
	    "octal\n"},
	{"1_000", 0, AT "v must be a number, not '1_000': write its digits without separators\n"},
	{"1,000", 0, AT "v must be a number, not '1,000': write its digits without separators\n"},
	{"1.5", 0, AT "v must be a number, not '1.5': write it as a whole number, digits only\n"},
	{"1e6", 0, AT "v must be a number, not '1e6': write it as a whole number, digits only\n"},
	{"1:30", 0, AT "v must be a number, not '1:30': write digits only\n"},
	{"10k", 0, AT "v must be a number, not '10k': write digits only\n"},
	{"' 1'", 0, AT "v must be a number, not ' 1': write digits only\n"},
	{"'1 '", 0, AT "v must be a number, not '1 ': write digits only\n"},
	{"''", 0, AT "v must be a number, not '': write digits only\n"},
	{"many", 0, AT "v must be a number, not 'many': write digits only\n"},
	{"\xd9\xa1", 0, AT "v must be a number, not '\xd9\xa1': write digits only\n"},
	{"~", 0, AT "v is empty: it must be a value\n"},
	{"[1]", 0, AT "v must be a value, not a list\n"},
	{"{a: 1}", 0, AT "v must be a value, not a mapping\n"},
};

START_TEST(numbers_are_decimal_digits)
{
	assert_numbers(weir_conf_u64, 0, UINT64_MAX, numbers, WEIR_ARRAY_LEN(numbers));
}
END_TEST

static const struct number_row ranged[] = {
	{"9", 0, AT "v must lie between 10 and 20, not 9\n"},
	{"10", 10, ""},
	{"20", 20, ""},
	{"21", 0, AT "v must lie between 10 and 20, not 21\n"},
};

START_TEST(numbers_lie_in_their_range)
{
	assert_numbers(weir_conf_u64, 10, 20, ranged, WEIR_ARRAY_LEN(ranged));
}
END_TEST

#define TIMES "write 250ms, 30s, 5m, 2h or 1d\n"

static const struct number_row durations[] = {
	{"1ms", 1000000, ""},
	{"250ms", 250 * WEIR_NS_PER_MS, ""},
	{"30s", 30 * WEIR_NS_PER_S, ""},
	{"5m", 300 * WEIR_NS_PER_S, ""},
	{"2h", 7200 * WEIR_NS_PER_S, ""},
	{"'1d'", 86400 * WEIR_NS_PER_S, ""},
	{"48h", 2 * 86400 * WEIR_NS_PER_S, ""},
	{"0s", 0, AT "v must lie between 1ms and 2d, not 0s\n"},
	{"49h", 0, AT "v must lie between 1ms and 2d, not 49h\n"},
	{"3d", 0, AT "v must lie between 1ms and 2d, not 3d\n"},
	{"300000000000d", 0, AT "v: '300000000000d' has more than 64 bits\n"},
	{"30", 0, AT "v: no unit in '30', " TIMES},
	{"30 s", 0, AT "v: unknown unit in '30 s', " TIMES},
	{"30S", 0, AT "v: unknown unit in '30S', " TIMES},
	{"30us", 0, AT "v: unknown unit in '30us', " TIMES},
	{"1h30m", 0, AT "v: unknown unit in '1h30m', " TIMES},
	{"1.5s", 0, AT "v: unknown unit in '1.5s', " TIMES},
	{"5w", 0, AT "v: unknown unit in '5w', " TIMES},
	{"05s", 0,
	 AT "v must be a number with its unit, such as 250ms, 30s, 5m, 2h or 1d, not '05s'\n"},
	{"-5s", 0,
	 AT "v must be a number with its unit, such as 250ms, 30s, 5m, 2h or 1d, not '-5s'\n"},
	{"s", 0,
	 AT "v must be a number with its unit, such as 250ms, 30s, 5m, 2h or 1d, not 's'\n"},
	{"99999999999999999999s", 0,
	 AT "v must be a number with its unit, such as 250ms, 30s, 5m, 2h or 1d, not "
	    "'99999999999999999999s'\n"},
	{"~", 0, AT "v is empty: it must be a value\n"},
	{"[1s]", 0, AT "v must be a value, not a list\n"},
};

START_TEST(durations_have_a_unit_and_lie_in_their_range)
{
	assert_numbers(weir_conf_duration, WEIR_NS_PER_MS, 2 * 86400 * WEIR_NS_PER_S, durations,
		       WEIR_ARRAY_LEN(durations));
}
END_TEST

static const struct number_row odd_durations[] = {
	{"1h", 0, AT "v must lie between 0ms and 90s, not 1h\n"},
	{"0ms", 0, ""},
	{"90s", 90 * WEIR_NS_PER_S, ""},
};

START_TEST(ranges_are_written_in_the_largest_unit_that_fits)
{
	static const struct number_row tiny = {"0s", 0,
					       AT "v must lie between 1ms and 1001ms, not 0s\n"};

	assert_numbers(weir_conf_duration, 0, 90 * WEIR_NS_PER_S, odd_durations,
		       WEIR_ARRAY_LEN(odd_durations));
	assert_numbers(weir_conf_duration, 1, 1001 * WEIR_NS_PER_MS, &tiny, 1);
}
END_TEST

#define SIZES "write 4096 (bytes), 64KiB, 512MiB or 2GiB\n"

static const struct number_row sizes[] = {
	{"4096", 4096, ""},
	{"64KiB", 65536, ""},
	{"512MiB", 512ull << 20, ""},
	{"'2GiB'", 2ull << 30, ""},
	{"1", 0, AT "v must lie between 4KiB and 2GiB, not 1\n"},
	{"3GiB", 0, AT "v must lie between 4KiB and 2GiB, not 3GiB\n"},
	{"2147483649", 0, AT "v must lie between 4KiB and 2GiB, not 2147483649\n"},
	{"99999999999GiB", 0, AT "v: '99999999999GiB' has more than 64 bits\n"},
	{"64KB", 0, AT "v: unknown unit in '64KB', " SIZES},
	{"64k", 0, AT "v: unknown unit in '64k', " SIZES},
	{"64 KiB", 0, AT "v: unknown unit in '64 KiB', " SIZES},
	{"1TiB", 0, AT "v: unknown unit in '1TiB', " SIZES},
	{"KiB", 0,
	 AT "v must be a number with its unit, such as 4096 (bytes), 64KiB, 512MiB or 2GiB, not "
	    "'KiB'\n"},
	{"0x1000", 0, AT "v: unknown unit in '0x1000', " SIZES},
};

START_TEST(sizes_have_binary_units)
{
	assert_numbers(weir_conf_size, 4096, 2ull << 30, sizes, WEIR_ARRAY_LEN(sizes));
}
END_TEST

Suite *number_suite(void)
{
	return WEIR_SUITE("conf number", numbers_are_decimal_digits, numbers_lie_in_their_range,
			  durations_have_a_unit_and_lie_in_their_range,
			  ranges_are_written_in_the_largest_unit_that_fits,
			  sizes_have_binary_units);
}
