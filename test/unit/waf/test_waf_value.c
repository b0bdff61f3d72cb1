/* SPDX-License-Identifier: BSD-3-Clause */
#include "waf_lab.h"
#include "waf_test.h"

#include <stdio.h>

START_TEST(numbers_are_read_as_atoi_reads_them)
{
	static const struct {
		const char *text;
		int64_t number;
	} rows[] = {
		{"", 0},
		{"0", 0},
		{"12", 12},
		{" \t12", 12},
		{"+12", 12},
		{"-12", -12},
		{"12abc", 12},
		{"abc", 0},
		{"- 1", 0},
		{"--1", 0},
		{"1-1", 1},
		{"0x10", 0},
		{"00012", 12},
		{"-", 0},
		{"9223372036854775807", INT64_MAX},
		{"9223372036854775808", INT64_MAX},
		{"99999999999999999999999", INT64_MAX},
		{"-99999999999999999999999", INT64_MIN},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++)
		ck_assert_msg(waf_text_number(weir_bytes_str(rows[i].text)) == rows[i].number, "%s",
			      rows[i].text);
	ck_assert_int_eq(waf_text_number((struct weir_bytes){0}), 0);
}
END_TEST

START_TEST(numbers_are_written_as_they_are_read)
{
	static const int64_t numbers[] = {0, 1, -1, 10, INT64_MAX, INT64_MIN, 1234567890123};
	struct weir_waf_tx tx = {0};
	char text[32];

	weir_arena_init(&tx.arena, &weir_arena_malloc, 1 << 20);
	for (size_t i = 0; i < WEIR_ARRAY_LEN(numbers); i++) {
		snprintf(text, sizeof(text), "%lld", (long long)numbers[i]);
		ck_assert(weir_bytes_is_case(waf_number_text(&tx, numbers[i]), text));
	}
	weir_arena_reset(&tx.arena);
}
END_TEST

/* Of a program with chains: each node's result is what its steps make of the value. */
struct bench {
	struct waf_lab lab;
	uint8_t out[2][4096];
};

static struct weir_bytes by_hand(struct bench *b, uint16_t node, struct weir_bytes value)
{
	const struct waf_node *n = &b->lab.waf->node[node];
	uint8_t *out;
	struct weir_bytes from;

	if (!node)
		return value;
	from = by_hand(b, n->parent, value);
	out = from.ptr == b->out[0] ? b->out[1] : b->out[0];
	ck_assert_uint_le(weir_transform_bound(n->transform, from.len), sizeof(b->out[0]));
	return weir_bytes_of(out, weir_transform_run(n->transform, from, out, NULL));
}

static void check_value(struct bench *b, struct weir_bytes bytes)
{
	struct waf_value v;

	waf_value_init(&v, bytes);
	for (uint16_t node = 0; node < b->lab.waf->n_nodes; node++) {
		struct waf_value *r = waf_value_result(b->lab.tx, &v, node);

		ck_assert_ptr_nonnull(r);
		ck_assert(weir_bytes_equal(r->bytes, by_hand(b, node, bytes)));
		ck_assert_ptr_eq(waf_value_result(b->lab.tx, &v, node), r);
		/* equal results of a value are one */
		for (uint16_t other = 0; other < node; other++) {
			struct waf_value *o = waf_value_result(b->lab.tx, &v, other);

			ck_assert((o == r) == weir_bytes_equal(o->bytes, r->bytes));
		}
	}
}

static const char chains[] =
	"SecRule ARGS '@rx a' 'id:1,phase:2,pass,t:urlDecodeUni,t:lowercase,t:removeNulls'\n"
	"SecRule ARGS '@rx a' 'id:2,phase:2,pass,t:lowercase,t:htmlEntityDecode,t:jsDecode'\n"
	"SecRule ARGS '@rx a' 'id:3,phase:2,pass,t:urlDecodeUni,t:length,t:hexEncode'\n"
	"SecRule ARGS '@rx a' "
	"'id:4,phase:2,pass,t:replaceComments,t:compressWhitespace,t:cmdLine'\n"
	"SecRule ARGS '@rx a' 'id:5,phase:2,pass,t:base64Decode,t:urlDecode,t:normalizePath'\n";

START_TEST(a_result_is_what_the_steps_of_its_chain_make_of_the_value)
{
	static const char bytes[] = "aB%41%25%00 \t&lt;/*x*/\\u0061../9+=\x00\xc3\xa9'\"^";
	static struct bench b;
	uint64_t random = 5;

	lab_init(&b.lab, chains);
	lab_get(&b.lab, "/");
	for (unsigned int i = 0; i < 300; i++) {
		uint8_t text[64];
		size_t len = next_random(&random) % sizeof(text);

		for (size_t k = 0; k < len; k++)
			text[k] = (uint8_t)bytes[next_random(&random) % (sizeof(bytes) - 1)];
		check_value(&b, weir_arena_copy(&b.lab.tx->arena, weir_bytes_of(text, len)));
	}
	lab_fini(&b.lab);
}
END_TEST

START_TEST(a_value_that_no_step_changes_is_its_own_result)
{
	struct weir_waf_work before, after;
	struct waf_value v;
	struct waf_lab lab;

	lab_init(&lab, chains);
	lab_get(&lab, "/");
	weir_waf_tx_work(lab.tx, &before);
	waf_value_init(&v, weir_bytes_str("plain"));
	for (uint16_t node = 0; node < lab.waf->n_nodes; node++)
		if (!lab.waf->node[node].always)
			ck_assert_ptr_eq(waf_value_result(lab.tx, &v, node), &v);
	weir_waf_tx_work(lab.tx, &after);
	ck_assert_uint_eq(after.transforms, before.transforms);
	lab_fini(&lab);
}
END_TEST

/* The decoded text is what lower case changes, which the value itself is not. */
START_TEST(what_a_step_makes_is_changed_by_the_next_though_the_value_is_not)
{
	static const char *const rules =
		"SecRule ARGS '@rx a' 'id:1,phase:2,pass,t:urlDecodeUni,t:lowercase'\n"
		"SecRule ARGS '@rx a' 'id:2,phase:2,pass,t:lowercase,t:urlDecodeUni'\n"
		"SecRule ARGS '@rx a' 'id:3,phase:2,pass,t:base64Decode,t:lowercase'\n";
	static const struct {
		unsigned int rule;
		const char *value, *result;
	} rows[] = {
		{0, "%41b", "ab"},   {1, "%41b", "Ab"},     {2, "QUI=", "ab"},
		{0, "%2541", "%41"}, {0, "plain", "plain"},
	};
	struct waf_lab lab;

	lab_init(&lab, rules);
	lab_get(&lab, "/");
	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct waf_value v, *r;

		waf_value_init(&v, weir_bytes_str(rows[i].value));
		r = waf_value_result(lab.tx, &v, lab.waf->rule[rows[i].rule]->node);
		ck_assert_ptr_nonnull(r);
		ck_assert_msg(weir_bytes_is(r->bytes, rows[i].result), "%s", rows[i].value);
	}
	lab_fini(&lab);
}
END_TEST

/* Nothing that is so short is asked about: that is known, and no reason to ask every rule. */
START_TEST(a_value_too_short_for_its_only_chain_is_screened_all_the_same)
{
	struct waf_lab lab;

	lab_init(&lab, "SecRule ARGS_GET '@rx attack' 'id:1,phase:1,pass,t:base64Decode'\n");
	lab_get(&lab, "/?a=b");
	ck_assert(!lab.tx->unscreened);
	lab_fini(&lab);
}
END_TEST

/* What cannot be kept is not judged: values take memory of the transaction, and that is bounded. */
START_TEST(more_results_than_there_is_room_for_are_no_results)
{
	static const struct weir_waf_worker_cfg cfg = {.bytes = 64 << 20, .collection_keys = 1};
	static const struct weir_waf_options o = {.tx_bytes = 1 << 20};
	struct waf_value v, *r = &v;
	struct waf_lab lab;
	char text[32];
	unsigned int i;

	lab_init_worker(&lab, "SecRule ARGS '@rx a' 'id:1,phase:2,pass,t:uppercase'\n", &o, &cfg);
	lab_get(&lab, "/");
	for (i = 0; i < 100000 && r; i++) {
		snprintf(text, sizeof(text), "v%u", i);
		waf_value_init(&v, weir_bytes_str(text));
		r = waf_value_result(lab.tx, &v, 1);
	}
	ck_assert_uint_lt(i, 100000);
	ck_assert(lab.tx->arena.failed);
	lab_fini(&lab);
}
END_TEST

Suite *waf_value_suite(void)
{
	return WEIR_SUITE("waf values", numbers_are_read_as_atoi_reads_them,
			  numbers_are_written_as_they_are_read,
			  a_result_is_what_the_steps_of_its_chain_make_of_the_value,
			  a_value_that_no_step_changes_is_its_own_result,
			  what_a_step_makes_is_changed_by_the_next_though_the_value_is_not,
			  a_value_too_short_for_its_only_chain_is_screened_all_the_same,
			  more_results_than_there_is_room_for_are_no_results);
}
