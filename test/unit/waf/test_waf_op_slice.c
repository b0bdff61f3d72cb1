/* SPDX-License-Identifier: BSD-3-Clause */
/* Long values under a clock: the same comes of them, or the limit does. */
#include "op_test.h"
#include "waf_test.h"

#define FAR    (1ULL << 62)
#define LENGTH 3000

/* Bytes of few kinds, so that expressions match now and then. */
static void fill(uint8_t *out, size_t len, uint64_t *state)
{
	static const char alphabet[] = "aaabbcc xyz'<>=();/*-\n1union select";

	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)alphabet[next_random(state) % (sizeof(alphabet) - 1)];
}

static enum waf_outcome ask(struct op_test *t, const uint8_t *value, size_t len)
{
	return waf_op_run(t->op, t->s, weir_bytes_of(value, len), (struct weir_bytes){0},
			  &t->match);
}

static void check_same(struct op_test *t, const uint8_t *value, size_t len)
{
	struct waf_clock far = {.until = FAR, .step = FAR};
	struct waf_op_match plain;
	enum waf_outcome outcome;

	waf_scratch_clock(t->s, NULL);
	outcome = ask(t, value, len);
	plain = t->match;
	waf_scratch_clock(t->s, &far);
	ck_assert_int_eq(ask(t, value, len), outcome);
	ck_assert_uint_eq(t->match.n_captures, plain.n_captures);
	for (unsigned int i = 0; i < t->match.n_captures; i++) {
		ck_assert_ptr_eq(t->match.capture[i].ptr, plain.capture[i].ptr);
		ck_assert_uint_eq(t->match.capture[i].len, plain.capture[i].len);
	}
	waf_scratch_clock(t->s, NULL);
}

START_TEST(slices_come_to_what_one_call_does)
{
	static const size_t lengths[] = {96, 97, 128, 129, 500, 1024, LENGTH};
	uint8_t value[LENGTH];
	uint64_t state = 99;
	struct op_test t;

	for (size_t p = 0; p < waf_n_patterns; p++) {
		op_test_init(&t, WEIR_SEC_O_RX, waf_patterns[p]);
		for (size_t k = 0; t.op && k < WEIR_ARRAY_LEN(lengths); k++) {
			fill(value, lengths[k], &state);
			check_same(&t, value, lengths[k]);
		}
		op_test_fini(&t);
	}
}
END_TEST

START_TEST(a_match_is_found_wherever_it_begins)
{
	static const char *const patterns[] = {
		"xyz",       "(?<=a)xyz", "\\bxyz", "x\\Kyz$",  "(x)(q)?yz", "x{1,3}(?=yz)",
		"(?:xyz|)$", "^xyz",      ".*xyz",  "(?m)^xyz", "\\Gxyz",    "(*COMMIT)xyz"};
	uint8_t value[LENGTH];
	struct op_test t;

	for (size_t p = 0; p < WEIR_ARRAY_LEN(patterns); p++) {
		op_test_init(&t, WEIR_SEC_O_RX, patterns[p]);
		for (size_t at = 0; at + 3 <= LENGTH; at += at < 300 || at > 2900 ? 1 : 37) {
			memset(value, at % 2 ? 'a' : '\n', sizeof(value));
			memcpy(value + at, "xyz", 3);
			check_same(&t, value, sizeof(value));
		}
		op_test_fini(&t);
	}
}
END_TEST

/* Each start reads all that follows, and its machine code never reaches the match limit. */
START_TEST(a_value_that_would_take_hours_ends_with_the_clock)
{
	size_t len = 8 << 20;
	uint8_t *value = malloc(len);
	struct waf_clock soon = {0};
	struct op_test t;

	memset(value, 'a', len);
	op_test_init(&t, WEIR_SEC_O_RX, "a[^b]*c");
	waf_clock_start(&soon, waf_ticks(), 1000000, FAR);
	waf_scratch_clock(t.s, &soon);
	ck_assert_int_eq(op_test_ask_bytes(&t, value, len), WAF_LIMIT);
	value[len - 1] = 'c';
	waf_scratch_clock(t.s, NULL);
	ck_assert_int_eq(op_test_ask_bytes(&t, value, len), WAF_MATCH);
	op_test_fini(&t);
	free(value);
}
END_TEST

START_TEST(a_start_that_needs_more_than_others_gets_it)
{
	static char value[2000];
	struct op_test t;

	/* Some thousand counts, below the operator's limit and above that of a slice. */
	memset(value, 'a', sizeof(value) - 1);
	value[sizeof(value) - 2] = 'd';
	op_test_init(&t, WEIR_SEC_O_RX, "(?:a|b)*(?:a|c)*d|aaa$");
	check_same(&t, (const uint8_t *)value, 200);
	op_test_fini(&t);
	op_test_init_limits(&t, "^(?:a|b)*dd", 50000);
	check_same(&t, (const uint8_t *)value, sizeof(value) - 1);
	op_test_fini(&t);
	op_test_init_limits(&t, "^(?:a|b)*dd", 100);
	check_same(&t, (const uint8_t *)value, sizeof(value) - 1);
	ck_assert_int_eq(op_test_ask(&t, value), WAF_LIMIT);
	op_test_fini(&t);
}
END_TEST

Suite *waf_op_slice_suite(void)
{
	return WEIR_SUITE("waf op slice", slices_come_to_what_one_call_does,
			  a_match_is_found_wherever_it_begins,
			  a_value_that_would_take_hours_ends_with_the_clock,
			  a_start_that_needs_more_than_others_gets_it);
}
