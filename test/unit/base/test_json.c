/* SPDX-License-Identifier: BSD-3-Clause */
/* JSON text: structure, escapes, and bytes that are not UTF-8. */
#include "base_test.h"

#include <math.h>

static void assert_text(struct weir_buf *b, const char *want)
{
	ck_assert_str_eq(b->ptr, want);
	weir_buf_fini(b);
}

START_TEST(commas_stand_between_members_only)
{
	struct weir_buf b = {0};
	struct weir_json j = weir_json_into(&b);

	weir_json_object(&j, NULL);
	weir_json_str(&j, "a", "x");
	weir_json_array(&j, "b");
	weir_json_u64(&j, NULL, 1);
	weir_json_i64(&j, NULL, -2);
	weir_json_object(&j, NULL);
	weir_json_end_object(&j);
	weir_json_array(&j, NULL);
	weir_json_end_array(&j);
	weir_json_end_array(&j);
	weir_json_bool(&j, "c", true);
	weir_json_bool(&j, "d", false);
	weir_json_null(&j, "e");
	weir_json_double(&j, "f", 0.5);
	weir_json_end_object(&j);
	assert_text(&b,
		    "{\"a\":\"x\",\"b\":[1,-2,{},[]],\"c\":true,\"d\":false,\"e\":null,\"f\":0.5}");
}
END_TEST

START_TEST(numbers_keep_their_extremes)
{
	struct weir_buf b = {0};
	struct weir_json j = weir_json_into(&b);

	weir_json_array(&j, NULL);
	weir_json_u64(&j, NULL, UINT64_MAX);
	weir_json_i64(&j, NULL, INT64_MIN);
	weir_json_i64(&j, NULL, INT64_MAX);
	weir_json_double(&j, NULL, 1e300);
	weir_json_double(&j, NULL, -0.25);
	weir_json_end_array(&j);
	assert_text(&b,
		    "[18446744073709551615,-9223372036854775808,9223372036854775807,1e+300,-0.25]");
}
END_TEST

START_TEST(numbers_that_json_does_not_have_are_null)
{
	struct weir_buf b = {0};
	struct weir_json j = weir_json_into(&b);

	weir_json_array(&j, NULL);
	weir_json_double(&j, NULL, NAN);
	weir_json_double(&j, NULL, INFINITY);
	weir_json_double(&j, NULL, -INFINITY);
	weir_json_end_array(&j);
	assert_text(&b, "[null,null,null]");
}
END_TEST

#define BAD "\\ufffd"

static const struct {
	const char *in, *out;
} strings[] = {
	{"", ""},
	{"plain text", "plain text"},
	{"\"\\/", "\\\"\\\\/"},
	{"\n\r\t", "\\n\\r\\t"},
	{"\b\f\x01\x1f\x7f", "\\u0008\\u000c\\u0001\\u001f\\u007f"},
	{"gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f"},
	/* the edges of each length (RFC 3629 section 4) */
	{"\xc2\x80", "\xc2\x80"},
	{"\xdf\xbf", "\xdf\xbf"},
	{"\xe0\xa0\x80", "\xe0\xa0\x80"},
	{"\xed\x9f\xbf", "\xed\x9f\xbf"},
	{"\xee\x80\x80", "\xee\x80\x80"},
	{"\xef\xbf\xbf", "\xef\xbf\xbf"},
	{"\xf0\x90\x80\x80", "\xf0\x90\x80\x80"},
	{"\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"},
	/* lone continuation bytes, overlong forms, surrogates, past U+10FFFF, never-used bytes */
	{"\x80", BAD},
	{"a\xbf z", "a" BAD " z"},
	{"\xc0\xaf", BAD BAD},
	{"\xc1\x81", BAD BAD},
	{"\xe0\x9f\xbf", BAD BAD BAD},
	{"\xf0\x8f\xbf\xbf", BAD BAD BAD BAD},
	{"\xed\xa0\x80", BAD BAD BAD},
	{"\xf4\x90\x80\x80", BAD BAD BAD BAD},
	{"\xf5\x80\x80\x80", BAD BAD BAD BAD},
	{"\xfe\xff", BAD BAD},
	/* sequences cut short, by the end and by another character */
	{"\xc3", BAD},
	{"\xe2\x82", BAD BAD},
	{"\xf0\x9f\x98", BAD BAD BAD},
	{"\xc3x", BAD "x"},
	{"\xe2\x82x", BAD BAD "x"},
	{"\xf0\x9f\x98x", BAD BAD BAD "x"},
	{"\xe2\x82\"", BAD BAD "\\\""},
};

START_TEST(strings_come_out_escaped_and_as_utf8)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(strings); i++) {
		struct weir_buf b = {0}, want = {0};
		struct weir_json j = weir_json_into(&b);

		weir_buf_printf(&want, "{\"%s\":\"%s\"}", strings[i].out, strings[i].out);
		weir_json_object(&j, NULL);
		weir_json_str(&j, strings[i].in, strings[i].in);
		weir_json_end_object(&j);
		ck_assert_str_eq(b.ptr, want.ptr);
		weir_buf_fini(&b);
		weir_buf_fini(&want);
	}
}
END_TEST

START_TEST(bytes_may_hold_a_nul_and_end_anywhere)
{
	struct weir_buf b = {0};
	struct weir_json j = weir_json_into(&b);

	weir_json_bytes(&j, NULL, (struct weir_bytes){(const uint8_t *)"a\0\xe2\x82\xac", 4});
	assert_text(&b, "\"a\\u0000" BAD BAD "\"");
	j = weir_json_into(&b);
	weir_json_bytes(&j, NULL, (struct weir_bytes){NULL, 0});
	assert_text(&b, "\"\"");
}
END_TEST

/* Each input is a copy of exactly its length, so that a sanitizer sees a read past it. */
START_TEST(no_cut_of_a_text_is_read_past_its_end)
{
	static const char text[] = "a\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80\"\\\n";

	for (size_t len = 0; len < sizeof(text); len++) {
		uint8_t *copy = malloc(len ? len : 1);
		struct weir_buf b = {0};
		struct weir_json j = weir_json_into(&b);

		ck_assert_ptr_nonnull(copy);
		memcpy(copy, text, len);
		weir_json_bytes(&j, NULL, (struct weir_bytes){copy, len});
		ck_assert_uint_ge(b.len, 2);
		ck_assert_int_eq(b.ptr[b.len - 1], '"');
		weir_buf_fini(&b);
		free(copy);
	}
}
END_TEST

START_TEST(values_nest_to_the_depth_that_is_promised)
{
	struct weir_buf b = {0};
	struct weir_json j = weir_json_into(&b);

	for (unsigned int i = 1; i < WEIR_JSON_DEPTH; i++)
		weir_json_array(&j, NULL);
	for (unsigned int i = 1; i < WEIR_JSON_DEPTH; i++)
		weir_json_end_array(&j);
	assert_text(&b, "[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]");
}
END_TEST

static void nest_too_deeply(void)
{
	struct weir_buf b = {0};
	struct weir_json j = weir_json_into(&b);

	for (unsigned int i = 0; i < WEIR_JSON_DEPTH; i++)
		weir_json_array(&j, NULL);
}

static void close_too_much(void)
{
	struct weir_buf b = {0};
	struct weir_json j = weir_json_into(&b);

	weir_json_end_object(&j);
}

START_TEST(wrong_nesting_is_a_broken_invariant)
{
	assert_invariant_fails(nest_too_deeply, "WEIR_JSON_DEPTH");
	assert_invariant_fails(close_too_much, "depth > 0");
}
END_TEST

Suite *json_suite(void)
{
	return WEIR_SUITE(
		"base json", commas_stand_between_members_only, numbers_keep_their_extremes,
		numbers_that_json_does_not_have_are_null, strings_come_out_escaped_and_as_utf8,
		bytes_may_hold_a_nul_and_end_anywhere, no_cut_of_a_text_is_read_past_its_end,
		values_nest_to_the_depth_that_is_promised, wrong_nesting_is_a_broken_invariant);
}
