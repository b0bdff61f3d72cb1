/* SPDX-License-Identifier: BSD-3-Clause */
#include <jansson.h>

#include "decode_test.h"

static const struct weir_json_limits wide = {.depth = 512, .values = 1000};

static int parse(struct weir_bytes in, const struct weir_json_limits *limits, struct told *told)
{
	struct weir_param_sink sink = {.param = tell, .context = told};
	struct weir_decode_error error;
	struct weir_arena a;
	uint8_t *exact = malloc(in.len + 1);
	int rc;

	if (in.len)
		memcpy(exact + 1, in.ptr, in.len);
	weir_arena_init(&a, &weir_arena_malloc, 1 << 20);
	rc = weir_json_parse(weir_bytes_of(exact + 1, in.len), "json", limits, &a, &sink, &error);
	ck_assert((rc == 0) == (error.text == NULL));
	weir_arena_reset(&a);
	free(exact);
	return rc;
}

static const struct {
	const char *text, *told;
} good[] = {
	{"{}", ""},
	{" [ ] ", ""},
	{"1", "json=1;"},
	{"{\"a\":{\"b\":[1,\"x\",true,false,null,{\"c\":-0.5e+3}]}}",
	 "json.a.b.0=1;json.a.b.1=x;json.a.b.2=true;json.a.b.3=false;json.a.b.4=;"
	 "json.a.b.5.c=-0.5e+3;"},
	{"[[],[[1]],{}]", "json.1.0.0=1;"},
	{"{\"a\\u0062\":\"\\u00e9\\ud83d\\ude00\\ud800x\\n\\/\"}",
	 "json.ab=\xc3\xa9\xf0\x9f\x98\x80\xef\xbf\xbdx\n/;"},
	{"{\"a\":1,\"a\":2}", "json.a=1;json.a=2;"},
};

START_TEST(scalars_are_named_by_their_way)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(good); i++) {
		struct told told = {0};

		ck_assert_int_eq(parse(weir_bytes_str(good[i].text), &wide, &told), 0);
		ck_assert_str_eq(told_text(&told), good[i].told);
		weir_buf_fini(&told.text);
	}
}
END_TEST

static const char *const texts[] = {
	"",         " ",           "{",
	"[",        "]",           "{]",
	"[}",       "[1,]",        "[,1]",
	"{\"a\"}",  "{\"a\":}",    "{\"a\":1,}",
	"{a:1}",    "{'a':1}",     "[1 2]",
	"1 2",      "01",          "-",
	"1.",       ".5",          "1e",
	"+1",       "--1",         "tru",
	"truex",    "nul",         "\"",
	"\"\\\"",   "\"\\x\"",     "\"\\u12\"",
	"\"\t\"",   "\"\xff\"",    "\"\xc0\xaf\"",
	"[1]x",     "{}{}",        "[\"a\",]",
	"NaN",      "0",           "-0",
	"1E5",      "[0.0]",       "\"\\\\\"",
	"[[[[]]]]", "{\"\":\"\"}",
};

START_TEST(what_jansson_refuses_is_refused_and_the_other_way_round)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(texts); i++) {
		json_error_t error;
		json_t *oracle = json_loadb(texts[i], strlen(texts[i]),
					    JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
		struct told told = {0};
		int rc = parse(weir_bytes_str(texts[i]), &wide, &told);

		ck_assert_msg((rc == 0) == (oracle != NULL), "%s: %d", texts[i], rc);
		json_decref(oracle);
		weir_buf_fini(&told.text);
	}
}
END_TEST

START_TEST(a_document_cut_anywhere_is_malformed)
{
	static const char text[] = "{\"a\":[1,2,{\"b\":\"c\\u0041\"}],\"d\":true}";

	for (size_t n = 0; n + 1 < sizeof(text); n++) {
		struct told told = {0};

		ck_assert_int_eq(parse(weir_bytes_of(text, n), &wide, &told), -WEIR_EFORMAT);
		weir_buf_fini(&told.text);
	}
}
END_TEST

START_TEST(depth_and_values_are_bounded)
{
	struct weir_json_limits small = {.depth = 3, .values = 2};
	struct told told = {0};

	ck_assert_int_eq(parse(weir_bytes_str("[[[1]]]"), &small, &told), 0);
	ck_assert_int_eq(parse(weir_bytes_str("[[[[1]]]]"), &small, &told), -WEIR_ELIMIT);
	ck_assert_int_eq(parse(weir_bytes_str("[1,2,3]"), &small, &told), -WEIR_ELIMIT);
	told.max = told.n + 1;
	ck_assert_int_eq(parse(weir_bytes_str("[1,2]"), &small, &told), -WEIR_ELIMIT);
	weir_buf_fini(&told.text);
}
END_TEST

Suite *json_suite(void)
{
	return WEIR_SUITE("decode json", scalars_are_named_by_their_way,
			  what_jansson_refuses_is_refused_and_the_other_way_round,
			  a_document_cut_anywhere_is_malformed, depth_and_values_are_bounded);
}
