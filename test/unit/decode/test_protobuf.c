/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "decode_test.h"

static const struct weir_protobuf_limits wide = {.depth = 32, .values = 1000};

static int parse(struct weir_bytes in, const struct weir_protobuf_limits *limits, struct told *told)
{
	struct weir_param_sink sink = {.param = tell, .context = told};
	struct weir_arena a;
	uint8_t *exact = malloc(in.len + 1);
	int rc;

	if (in.len)
		memcpy(exact + 1, in.ptr, in.len);
	weir_arena_init(&a, &weir_arena_malloc, 1 << 20);
	rc = weir_protobuf_parse(weir_bytes_of(exact + 1, in.len), "grpc", limits, &a, &sink);
	weir_arena_reset(&a);
	free(exact);
	return rc;
}

#define X16 "0123456789abcdef"
#define X32 "0123456789abcdef0123456789abcdef"

#define IN(text) (text), sizeof(text) - 1
static const struct {
	const char *in;
	size_t len;
	const char *told;
} inputs[] = {
	{IN(""), ""},
	/* Numbers of any type are passed over. */
	{IN("\x08\x96\x01"), ""},
	{IN("\x0a\3abc\x10\1\x1a\2de"), "grpc.1=abc;grpc.3=de;"},
	{IN("\x09\1\2\3\4\5\6\7\xff\x12\3abc\x1d\1\2\3\xff"), "grpc.2=abc;"},
	{IN("\xa2\x06\3abc"), "grpc.100=abc;"},
	{IN("\xfa\xff\xff\xff\x0f\3abc"), "grpc.536870911=abc;"},
	/* An empty field, and one that comes again. */
	{IN("\x0a\0\x0a\1x\x0a\1y"), "grpc.1=x;grpc.1=y;"},
	/* Messages in messages; "\3" and so on are no text. */
	{IN("\x0a\5\x12\3abc"), "grpc.1.2=abc;"},
	{IN("\x0a\x07\x12\5\x1a\3abc"), "grpc.1.2.3=abc;"},
	/* A group's fields are those of what is around it. */
	{IN("\x0b\x12\3abc\x0c"), "grpc.2=abc;"},
	/* Where the head of a field may be the beginning of a text it is read as such, too. */
	{IN("\x12 " X32), "grpc.2=" X32 ";"},
	{IN("\x12"
	    "0" X32 X16),
	 "grpc=0" X32 X16 ";grpc.2=" X32 X16 ";"},
	{IN("\x0a\3abc\"\1d"), "grpc.1=abc;grpc.4=d;"},
	{IN("b " X32 "b " X32), "grpc=b " X32 "b " X32 ";grpc.12=" X32 ";grpc.12=" X32 ";"},
	{IN("\x0a\5Hello\x12\4\x5a\x5a\x5a\x5a"), "grpc.1=Hello;grpc.2=ZZZZ;"},
	/* What is no message is text, or has some. */
	{IN("hello"), "grpc=hello;"},
	{IN("\xff\xfe select\0 1=1;\xff"
	    "ab\xff"),
	 "grpc= select  1=1;;"},
	{IN("\x0a\x09\xff\xff\xffRoots\xff"), "grpc.1=Roots;"},
	{IN("\x0a\x06gr\xc3\xbc\xc3\x9f"), "grpc.1=gr\xc3\xbc\xc3\x9f;"},
	/* Cut off, of a length that is not there, of a tag that is none. */
	{IN("\x0a\x0a/etc/pass"), "grpc=\n\n/etc/pass;"},
	{IN("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f/etc/"), "grpc=/etc/;"},
	{IN("\x02\5abcde"), "grpc=abcde;"},
	{IN("\x0e\5abcde"), "grpc=abcde;"},
};

START_TEST(text_is_named_by_the_numbers_on_the_way_to_it)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(inputs); i++) {
		struct told told = {0};

		ck_assert_int_eq(parse(weir_bytes_of(inputs[i].in, inputs[i].len), &wide, &told),
				 0);
		ck_assert_msg(strcmp(told_text(&told), inputs[i].told) == 0,
			      "%zu: got %s, wanted %s", i, told_text(&told), inputs[i].told);
		weir_buf_fini(&told.text);
	}
}
END_TEST

/* Whatever stands around it, and wherever it is cut. */
START_TEST(text_of_eight_characters_is_never_hidden)
{
	static const char attack[] = "<script>";
	uint8_t in[200];
	unsigned int messages = 0;

	srand(7);
	for (unsigned int round = 0; round < 50000; round++) {
		static const uint8_t heads[] = {0x0a, 0x62, 0x20, 0x08, 0x09, 0x0d, 0x41, 0x30};
		struct told told = {0};
		size_t at = (size_t)rand() % 100, len = at + 8 + (size_t)rand() % 90;

		for (size_t i = 0; i < len; i++)
			in[i] = rand() % 2 ? heads[(size_t)rand() % sizeof(heads)]
					   : (uint8_t)rand();
		memcpy(in + at, attack, 8);
		ck_assert_int_eq(parse(weir_bytes_of(in, len), &wide, &told), 0);
		messages += strstr(told_text(&told), ";grpc.") != NULL;
		ck_assert_ptr_nonnull(memmem(told.text.ptr, told.text.len, attack, 8));
		weir_buf_fini(&told.text);
	}
	ck_assert_uint_gt(messages, 100); /* that were read as text, too */
}
END_TEST

/* A field of bytes in a field of bytes, and so on, around `text`. */
static size_t nest(unsigned int depth, const char *text, uint8_t out[256])
{
	size_t len = strlen(text);

	memcpy(out, text, len);
	while (depth--) {
		memmove(out + 2, out, len);
		out[0] = 0x0a;
		out[1] = (uint8_t)len;
		len += 2;
	}
	return len;
}

START_TEST(depth_and_values_are_bounded)
{
	struct weir_protobuf_limits small = {.depth = 3, .values = 2};
	struct told told = {0};
	uint8_t in[256];

	ck_assert_int_eq(parse(weir_bytes_of(in, nest(3, "abcde", in)), &small, &told), 0);
	ck_assert_str_eq(told_text(&told), "grpc.1.1.1=abcde;");
	ck_assert_int_eq(parse(weir_bytes_of(in, nest(4, "abcde", in)), &small, &told), 0);
	ck_assert_str_eq(told_text(&told), "grpc.1.1.1=abcde;grpc.1.1.1=abcde;");
	weir_buf_fini(&told.text);
	told = (struct told){0};
	ck_assert_int_eq(parse(weir_bytes_of(in, nest(100, "abcde", in)),
			       &(struct weir_protobuf_limits){UINT32_MAX, 2}, &told),
			 0);
	ck_assert_ptr_nonnull(strstr(told_text(&told), "abcde;"));
	ck_assert_int_eq(parse(weir_bytes_str("\x0a\1a\x0a\1b\x0a\1c"), &small, &told),
			 -WEIR_ELIMIT);
	told.max = told.n + 1;
	ck_assert_int_eq(parse(weir_bytes_str("\x0a\1a\x0a\1b"), &small, &told), -WEIR_ELIMIT);
	weir_buf_fini(&told.text);
}
END_TEST

static bool say_no(void *context)
{
	(*(unsigned int *)context)++;
	return false;
}

START_TEST(it_ends_when_there_is_no_time)
{
	static uint8_t in[200000];
	unsigned int asked = 0;
	struct weir_param_sink sink = {.param = tell, .context = &asked, .go_on = say_no};
	struct weir_arena a;

	for (unsigned int kind = 0; kind < 3; kind++) {
		memset(in, kind == 0 ? 'a' : kind == 1 ? 0xff : 0, sizeof(in));
		for (size_t i = 0; kind == 2 && i < sizeof(in); i += 2)
			in[i] = 0x0a;
		asked = 0;
		weir_arena_init(&a, &weir_arena_malloc, 1 << 20);
		ck_assert_int_eq(weir_protobuf_parse(weir_bytes_of(in, sizeof(in)), "grpc", &wide,
						     &a, &sink),
				 -WEIR_ELIMIT);
		ck_assert_uint_gt(asked, 0);
		weir_arena_reset(&a);
	}
}
END_TEST

Suite *protobuf_suite(void)
{
	return WEIR_SUITE("decode protobuf", text_is_named_by_the_numbers_on_the_way_to_it,
			  text_of_eight_characters_is_never_hidden, depth_and_values_are_bounded,
			  it_ends_when_there_is_no_time);
}
