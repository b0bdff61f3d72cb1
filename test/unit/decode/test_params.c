/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>

#include "decode_test.h"

/* What a parser tells of `text`; its result must be `rc`. */
static void expect_form(const char *text, const char *want, unsigned int bad_wanted)
{
	struct told told = {0};
	struct weir_param_sink sink = {.param = tell, .context = &told};
	struct weir_arena a;
	unsigned int bad = 0;

	weir_arena_init(&a, &weir_arena_malloc, 1 << 20);
	ck_assert_int_eq(weir_form_parse(weir_bytes_str(text), '&', &a, &sink, &bad), 0);
	ck_assert_str_eq(told_text(&told), want);
	ck_assert_uint_eq(bad, bad_wanted);
	weir_buf_fini(&told.text);
	weir_arena_reset(&a);
}

START_TEST(forms_are_pairs)
{
	expect_form("", "", 0);
	expect_form("a=1&b=%20+x&c", "a=1;b=  x;c=;", 0);
	expect_form("&&a=b=c&=d&", "a=b=c;=d;", 0);
	expect_form("%61%3d=%zz%", "a==%zz%;", 2);
}
END_TEST

START_TEST(a_sink_that_has_enough_ends_a_form)
{
	struct told told = {.max = 2};
	struct weir_param_sink sink = {.param = tell, .context = &told};
	struct weir_arena a;
	unsigned int bad = 0;

	weir_arena_init(&a, &weir_arena_malloc, 1 << 20);
	ck_assert_int_eq(weir_form_parse(weir_bytes_str("a&b&c"), '&', &a, &sink, &bad),
			 -WEIR_ELIMIT);
	weir_buf_fini(&told.text);
	weir_arena_reset(&a);
}
END_TEST

static const struct {
	const char *text, *told;
} cookie_rows[] = {
	{"a=1; b=\"%20\";d=e=f", "a=1;b=\"%20\";d=e=f;"},
	{"a;; ;\v;b", "a=;b=;"},
	{" \t\v\f\r\na=1;\vb=2", "a=1;b=2;"},
	{"a =1;b= 2;c=3 ; d = 4 ;e ", "a =1;b= 2;c=3 ;d = 4 ;e =;"},
	{"=1;\v=2", "=1;=2;"},
	{"", ""},
};

START_TEST(cookies_keep_their_bytes_but_for_white_space_before_them)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(cookie_rows); i++) {
		struct told told = {0};
		struct weir_param_sink sink = {.param = tell, .context = &told};

		ck_assert_int_eq(weir_cookies_parse(weir_bytes_str(cookie_rows[i].text), &sink), 0);
		ck_assert_str_eq(told_text(&told), cookie_rows[i].told);
		weir_buf_fini(&told.text);
	}
}
END_TEST

struct xml_row {
	const char *text, *content, *attributes;
	int rc;
};

static const struct xml_row xml_rows[] = {
	{"<a x='1'>b<c y=\"&lt;\">d</c>&amp;</a>", "bd&", "x=1;y=<;", 0},
	{"<a><![CDATA[<b>]]></a>", "<b>", "", 0},
	{"<a>", "", "", -WEIR_EFORMAT},
	{"", "", "", -WEIR_EFORMAT},
	{"no", "", "", -WEIR_EFORMAT},
	{"<!DOCTYPE a [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><a>&e;</a>", "", "",
	 -WEIR_EFORMAT},
	{"<!DOCTYPE a [<!ENTITY e \"x\"><!ENTITY f \"&e;&e;\">]><a>&f;</a>", "", "", -WEIR_EFORMAT},
	{"<a><a><a><a><a/></a></a></a></a>", "", "", -WEIR_ELIMIT},
};

START_TEST(xml_is_text_and_attributes_and_never_entities)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(xml_rows); i++) {
		struct weir_xml_limits limits = {.depth = 4, .attributes = 10};
		struct told told = {0};
		struct weir_param_sink sink = {.param = tell, .context = &told};
		struct weir_decode_error error;
		struct weir_xml xml;
		struct weir_arena a;

		weir_arena_init(&a, &weir_arena_malloc, 1 << 20);
		ck_assert_int_eq(weir_xml_parse(weir_bytes_str(xml_rows[i].text), &limits, &a,
						&sink, &xml, &error),
				 xml_rows[i].rc);
		if (!xml_rows[i].rc) {
			ck_assert(weir_bytes_is(xml.text, xml_rows[i].content));
			ck_assert_str_eq(told_text(&told), xml_rows[i].attributes);
		}
		weir_buf_fini(&told.text);
		weir_arena_reset(&a);
	}
}
END_TEST

static const struct {
	const char *before, *unit, *after;
	const char *wanted; /* NULL: it is read */
} long_rows[] = {
	{"<!DOCTYPE a [<!ENTITY e \"", "ha", "\">]><a/>",
	 "a document type, or a comment before the document, is too long"},
	{"<!DOCTYPE a [", "<!ENTITY e 'x'>", "]><a/>",
	 "a document type, or a comment before the document, is too long"},
	{"<!--", "a", "--><a/>", "a document type, or a comment before the document, is too long"},
	{"<a><!--", "a", "--></a>", "markup that is too long"},
	{"<a b='", "a", "'/>", "an element with too many attributes, or too long"},
	{"<a>", "b&lt;", "</a>", NULL},
	{"<a><![CDATA[", "b]", "]]></a>", NULL},
	{"<a><![CDATA[b]]>", "<![CDATA[c]]>", "</a>", NULL},
};

START_TEST(xml_that_would_be_read_at_once_is_refused)
{
	const size_t size = 600000;
	char *text = malloc(size + 1000);

	for (size_t i = 0; i < WEIR_ARRAY_LEN(long_rows); i++) {
		struct weir_xml_limits limits = {.depth = 4, .attributes = 10};
		struct told told = {0};
		struct weir_param_sink sink = {.param = tell, .context = &told};
		struct weir_decode_error error;
		struct weir_xml xml;
		struct weir_arena a;
		size_t n = (size_t)sprintf(text, "%s", long_rows[i].before);

		while (n < size)
			n += (size_t)sprintf(text + n, "%s", long_rows[i].unit);
		n += (size_t)sprintf(text + n, "%s", long_rows[i].after);
		weir_arena_init(&a, &weir_arena_malloc, 4 << 20);
		ck_assert_int_eq(
			weir_xml_parse(weir_bytes_of(text, n), &limits, &a, &sink, &xml, &error),
			long_rows[i].wanted ? -WEIR_ELIMIT : 0);
		if (long_rows[i].wanted)
			ck_assert_str_eq(error.text, long_rows[i].wanted);
		weir_buf_fini(&told.text);
		weir_arena_reset(&a);
	}
	free(text);
}
END_TEST

Suite *params_suite(void)
{
	return WEIR_SUITE("decode params", forms_are_pairs, a_sink_that_has_enough_ends_a_form,
			  cookies_keep_their_bytes_but_for_white_space_before_them,
			  xml_is_text_and_attributes_and_never_entities,
			  xml_that_would_be_read_at_once_is_refused);
}
