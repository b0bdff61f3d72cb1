/* SPDX-License-Identifier: BSD-3-Clause */
#include "decode_test.h"

#define TYPE "multipart/form-data; boundary=b"
#define PART "--b\r\nContent-Disposition: form-data; name=\"n\"\r\n\r\nv\r\n"
#define END_ "--b--\r\n"

/* "name[filename]=body|headers;" */
static bool tell_part(void *context, const struct weir_part *p)
{
	struct told *t = context;

	weir_buf_add(&t->text, p->name.ptr, p->name.len);
	if (p->is_file)
		weir_buf_printf(&t->text, "[%.*s]", (int)p->filename.len, p->filename.ptr);
	weir_buf_printf(&t->text, "=%.*s|%u;", (int)p->body.len, p->body.ptr, p->n_headers);
	return true;
}

static int parse(const char *type, struct weir_bytes body, struct told *told, uint32_t *flags)
{
	struct weir_part_sink sink = {.part = tell_part, .context = told};
	struct weir_multipart_limits limits = {.parts = 5, .headers = 3};
	struct weir_decode_error error;
	struct weir_arena a;
	int rc;

	weir_arena_init(&a, &weir_arena_malloc, 1 << 20);
	rc = weir_multipart_parse(body, weir_bytes_str(type), &limits, &a, &sink, flags, &error);
	weir_arena_reset(&a);
	return rc;
}

static const struct {
	const char *type, *body, *told;
	uint32_t flags;
	int rc;
} rows[] = {
	{TYPE, PART END_, "n=v|1;", 0, 0},
	{TYPE, PART PART END_, "n=v|1;n=v|1;", 0, 0},
	{TYPE,
	 "--b\r\nContent-Disposition: form-data; name=f; filename=\"a\\\"b\"\r\nContent-Type: x\r\n"
	 "\r\na\r\n--c\nb\r\n" END_,
	 "f[a\"b]=a\r\n--c\nb|2;", WEIR_MULTIPART_UNMATCHED_BOUNDARY, 0},
	{TYPE, "--b\r\nContent-Disposition: form-data; name=\"n\"\r\n\r\n\r\n" END_, "n=|1;", 0, 0},
	{TYPE, "x\r\n" PART END_ "y", "n=v|1;",
	 WEIR_MULTIPART_DATA_BEFORE | WEIR_MULTIPART_DATA_AFTER, 0},
	{TYPE, "--b\nContent-Disposition: form-data; name=\"n\"\n\nv\n--b--\n", "n=v|1;",
	 WEIR_MULTIPART_LF_LINE, 0},
	{TYPE, "--b\r\nContent-Disposition: form-data; name='n'\r\n\r\nv\r\n" END_, "n=v|1;",
	 WEIR_MULTIPART_INVALID_QUOTING, 0},
	{TYPE, "--b\r\nContent-Disposition: form-data;\r\n name=\"n\"\r\n\r\nv\r\n" END_, "n=v|1;",
	 WEIR_MULTIPART_HEADER_FOLDING, 0},
	{TYPE, "--b\r\nContent-Disposition: form-data\r\n\r\nv\r\n" END_, "=v|1;",
	 WEIR_MULTIPART_INVALID_PART, 0},
	{"multipart/form-data; boundary=\"b\"", PART END_, "n=v|1;", WEIR_MULTIPART_BOUNDARY_QUOTED,
	 0},
	{"multipart/form-data boundary=b", PART END_, "n=v|1;", WEIR_MULTIPART_MISSING_SEMICOLON,
	 0},
	{"multipart/form-data; boundary= b", PART END_, "n=v|1;",
	 WEIR_MULTIPART_BOUNDARY_WHITESPACE, 0},
	{"multipart/form-data; boundary=----WebKitFormBoundary",
	 "------WebKitFormBoundary\r\nContent-Disposition: form-data; name=\"n\"\r\n\r\nv\r\n"
	 "------WebKitFormBoundary--\r\n",
	 "n=v|1;", 0, 0},
	{"multipart/form-data; xboundary=b", PART END_, "", 0, -WEIR_EFORMAT},
	{TYPE, PART, "n=v\r\n|1;", WEIR_MULTIPART_INCOMPLETE, -WEIR_EFORMAT},
	{"multipart/form-data", PART END_, "", 0, -WEIR_EFORMAT},
	{"multipart/form-data; boundary=", PART END_, "", 0, -WEIR_EFORMAT},
	{TYPE "; boundary=c", PART END_, "", 0, -WEIR_EFORMAT},
	{TYPE, "--b\r\n\r\nv\r\n" END_, "", 0, -WEIR_EFORMAT},
	{TYPE, "--b\r\nX\r\n\r\nv\r\n" END_, "", WEIR_MULTIPART_INVALID_HEADER, -WEIR_EFORMAT},
	{TYPE, "--b\r\nContent-Disposition: form-data; name=a; name=b\r\n\r\nv\r\n" END_, "", 0,
	 -WEIR_EFORMAT},
	{TYPE, "--b\r\nContent-Disposition: form-data; name=\"a\r\n\r\nv\r\n" END_, "", 0,
	 -WEIR_EFORMAT},
	{TYPE, "--b\r\nContent-Disposition: attachment; name=a\r\n\r\nv\r\n" END_, "", 0,
	 -WEIR_EFORMAT},
	{TYPE, PART PART PART PART PART PART END_, "n=v|1;n=v|1;n=v|1;n=v|1;n=v|1;",
	 WEIR_MULTIPART_FILE_LIMIT, -WEIR_ELIMIT},
};

START_TEST(parts_and_liberties_are_told)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct told told = {0};
		uint32_t flags = 0;
		int rc = parse(rows[i].type, weir_bytes_str(rows[i].body), &told, &flags);

		ck_assert_msg(rc == rows[i].rc, "row %zu: %d", i, rc);
		ck_assert_msg(flags == rows[i].flags, "row %zu: flags %#x", i, flags);
		ck_assert_msg(strcmp(told_text(&told), rows[i].told) == 0, "row %zu: %s", i,
			      told_text(&told));
		weir_buf_fini(&told.text);
	}
}
END_TEST

START_TEST(a_body_cut_anywhere_is_incomplete)
{
	static const char text[] = PART "--b\r\nContent-Disposition: form-data; name=f; "
					"filename=\"x\"\r\n\r\nabc\r\n--b--";

	for (size_t n = 0; n + 1 < sizeof(text); n++) {
		uint8_t *exact = malloc(n + 1);
		struct told told = {0};
		uint32_t flags = 0;

		memcpy(exact, text, n);
		ck_assert_int_eq(parse(TYPE, weir_bytes_of(exact, n), &told, &flags),
				 -WEIR_EFORMAT);
		weir_buf_fini(&told.text);
		free(exact);
	}
}
END_TEST

Suite *multipart_suite(void)
{
	return WEIR_SUITE("decode multipart", parts_and_liberties_are_told,
			  a_body_cut_anywhere_is_incomplete);
}
