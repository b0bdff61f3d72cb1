/* SPDX-License-Identifier: BSD-3-Clause */
#include "op_test.h"

#include <stdio.h>

#define WORDS_MAX 64

static uint32_t split(struct weir_bytes text, struct weir_bytes words[WORDS_MAX])
{
	uint32_t n = 0;

	for (size_t i = 0; i < text.len && n < WORDS_MAX;) {
		size_t start = i;

		while (i < text.len && text.ptr[i] != ' ')
			i++;
		if (i > start)
			words[n++] = weir_bytes_of(text.ptr + start, i - start);
		i++;
	}
	return n;
}

static void create(struct op_test *t, struct weir_sec_test *test, uint32_t match_limit)
{
	struct waf_op_cfg cfg = {.match_limit = match_limit, .depth_limit = match_limit};
	struct weir_conf_pos pos = {.file = "test.conf", .line = 1, .column = 1};
	struct weir_bytes words[WORDS_MAX];

	*t = (struct op_test){0};
	weir_arena_init(&t->arena, &weir_arena_malloc, 64 << 20);
	t->report = weir_conf_report_create();
	if (!test->phrases) {
		test->phrases = words;
		test->n_phrases = split(test->argument.source, words);
	}
	t->op = waf_op_create(test, &cfg, pos, &t->arena, t->report);
	ck_assert_int_eq(t->op == NULL, weir_conf_errors(t->report) != 0);
	if (!t->op)
		return;
	ck_assert_uint_gt(waf_op_bytes(t->op), 0);
	t->s = waf_scratch_create(&t->op, 1);
	ck_assert_ptr_nonnull(t->s);
}

void op_test_init_bytes(struct op_test *t, enum weir_sec_operator op, bool negated,
			struct weir_bytes argument)
{
	struct weir_sec_test test = {.op = (uint8_t)op, .negated = negated};

	test.argument.source = argument;
	test.argument.has_macro = weir_bytes_find(argument, weir_bytes_str("%{")) >= 0;
	create(t, &test, 100000);
}

void op_test_init(struct op_test *t, enum weir_sec_operator op, const char *argument)
{
	bool negated = argument[0] == '!';

	op_test_init_bytes(t, op, negated, weir_bytes_str(argument + negated));
}

void op_test_init_limits(struct op_test *t, const char *pattern, uint32_t match_limit)
{
	struct weir_sec_test test = {.op = WEIR_SEC_O_RX, .negated = pattern[0] == '!'};

	test.argument.source = weir_bytes_str(pattern + test.negated);
	create(t, &test, match_limit);
}

void op_test_fini(struct op_test *t)
{
	waf_scratch_destroy(t->s);
	waf_op_destroy(t->op);
	weir_conf_report_destroy(t->report);
	weir_arena_reset(&t->arena);
}

/* The value stands in memory of exactly its length, so that a sanitizer sees a read past it. */
static enum waf_outcome ask(struct op_test *t, struct weir_bytes value, struct weir_bytes argument)
{
	uint8_t *copy = weir_arena_alloc(&t->arena, value.len + 1);
	enum waf_outcome outcome, without;

	ck_assert_ptr_nonnull(copy);
	if (value.len)
		memcpy(copy, value.ptr, value.len);
	value = weir_bytes_of(copy, value.len);
	memset(&t->match, 0x55, sizeof(t->match));
	outcome = waf_op_run(t->op, t->s, value, argument, &t->match);
	without = waf_op_run(t->op, t->s, value, argument, NULL);
	ck_assert_int_eq(outcome, without);
	ck_assert_uint_le(t->match.n_captures, WAF_CAPTURES);
	return outcome;
}

enum waf_outcome op_test_ask_bytes(struct op_test *t, const void *value, size_t len)
{
	return ask(t, weir_bytes_of(value, len), (struct weir_bytes){0});
}

enum waf_outcome op_test_ask(struct op_test *t, const char *value)
{
	return ask(t, weir_bytes_str(value), (struct weir_bytes){0});
}

enum waf_outcome op_test_ask_macro(struct op_test *t, const char *value, const char *argument)
{
	return ask(t, weir_bytes_str(value), weir_bytes_str(argument));
}

bool op_test_need(struct op_test *t, struct weir_bytes value)
{
	struct waf_need need;

	ck_assert_int_eq(waf_op_need(t->op, &t->arena, &need), 0);
	return waf_need_is_met(&need, value);
}

const char *op_test_capture(struct op_test *t, unsigned int i)
{
	struct weir_bytes c = t->match.capture[i];
	char *text;

	ck_assert_uint_lt(i, t->match.n_captures);
	if (!c.ptr)
		return "(none)";
	text = weir_arena_zalloc(&t->arena, c.len + 1);
	ck_assert_ptr_nonnull(text);
	memcpy(text, c.ptr, c.len);
	return text;
}

static void check_row(const struct op_row *row, bool negated)
{
	struct op_test t;
	enum waf_outcome outcome, wanted = row->matches != negated ? WAF_MATCH : WAF_NO_MATCH;
	struct weir_bytes value = weir_bytes_str(row->value);

	op_test_init_bytes(&t, row->op, negated, weir_bytes_str(row->argument));
	ck_assert_msg(t.op, "\"%s\" is refused", row->argument);
	outcome = op_test_ask(&t, row->value);
	ck_assert_msg(outcome == wanted, "%d %s\"%s\" of \"%s\" gives %d", row->op,
		      negated ? "!" : "", row->argument, row->value, outcome);
	ck_assert_msg(!row->matches || op_test_need(&t, value), "%d \"%s\" of \"%s\": no need",
		      row->op, row->argument, row->value);
	op_test_fini(&t);
}

void op_test_rows(const struct op_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		check_row(&rows[i], false);
		check_row(&rows[i], true);
	}
}
