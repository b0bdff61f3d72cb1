/* SPDX-License-Identifier: BSD-3-Clause */
#include "waf_lab.h"

#include <brotli/encode.h>
#include <stdio.h>
#include <zlib.h>

/* What variables hold after a body was read, by the name of each. */
#define TOLD "SecAction 'id:9,phase:2,pass,logdata:"

START_TEST(bodies_are_read_by_their_processor)
{
	static const struct {
		const char *tell, *type, *body, *data;
	} rows[] = {
		{"%{ARGS_POST.a}-%{REQUEST_BODY}-%{REQUEST_BODY_LENGTH}", FORM, "a=x%20y&b",
		 "x y-a=x%20y&b-9"},
		{"%{ARGS_POST.json.a}-%{ARGS_POST.json.b.0}-%{REQUEST_BODY}", "application/json",
		 "{\"a\":1,\"b\":[true]}", "1-true-"},
		{"%{REQBODY_ERROR}", "application/json", "{\"a\":1}", "0"},
		{"%{REQBODY_ERROR}", "application/json", "{\"a\":", "1"},
		{"%{REQBODY_ERROR}", "text/xml", "<a></b>", "1"},
		{"%{REQBODY_ERROR}", "text/xml", "<a/>", "0"},
		{"%{XML}", "text/xml", "<a>b<c>d</c></a>", "bd"},
		{"%{ARGS_POST.a}%{REQUEST_BODY}", "text/plain", "a=x", ""},
		{"%{FULL_REQUEST_LENGTH}", FORM, "a=x", "99"},
		{"%{ARGS_COMBINED_SIZE}", FORM, "a=xy&b=z", "5"},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		char rules[300];
		struct waf_lab lab;

		snprintf(rules, sizeof(rules), TOLD "%s'\n", rows[i].tell);
		lab_init(&lab, rules);
		lab_post(&lab, rows[i].type, rows[i].body);
		ck_assert_str_eq(lab_data(&lab, 9), rows[i].data);
		lab_fini(&lab);
	}
}
END_TEST

#define PART(head, body) "--b\r\nContent-Disposition: form-data; " head "\r\n\r\n" body "\r\n"

START_TEST(parts_are_arguments_or_files)
{
	struct waf_lab lab;

	lab_init(&lab,
		 TOLD "%{ARGS_POST.a}-%{FILES.f}-%{FILES_NAMES}-%{FILES_SIZES.f}-"
		      "%{FILES_COMBINED_SIZE}-%{FILES_TMP_CONTENT.f}-%{MULTIPART_FILENAME}-"
		      "%{MULTIPART_NAME}-%{REQUEST_BODY}'\n"
		      "SecRule &ARGS_POST '@eq 1' 'id:1,phase:2,pass'\n"
		      "SecRule MULTIPART_PART_HEADERS:f '@contains filename' 'id:2,phase:2,pass'\n"
		      "SecRule MULTIPART_STRICT_ERROR '@eq 0' 'id:3,phase:2,pass'\n");
	ck_assert_str_eq(lab_post(&lab, "multipart/form-data; boundary=b",
				  PART("name=\"a\"", "x")
					  PART("name=\"f\"; filename=\"g\"", "12345") "--b--\r\n"),
			 "9 1 2 3");
	ck_assert_str_eq(lab_data(&lab, 9), "x-g-f-5-5-12345-g-a-");
	lab_fini(&lab);
}
END_TEST

START_TEST(what_is_wrong_with_parts_is_flagged)
{
	static const struct {
		const char *type, *body, *ids;
	} rows[] = {
		{"multipart/form-data; boundary=b", PART("name=\"a\"", "x") "--b--\r\n", ""},
		{"multipart/form-data; boundary=b",
		 "before\r\n" PART("name=\"a\"", "x") "--b--\r\n", "1 2"},
		{"multipart/form-data; boundary=b",
		 "--b\nContent-Disposition: form-data; name=\"a\"\n\nx\n--b--\n", "1 3"},
		{"multipart/form-data; boundary=b", PART("name=\"a\"", "x"), "1 4"},
		{"multipart/form-data; boundary=\"b\"", PART("name=\"a\"", "x") "--b--\r\n", "1 5"},
		{"multipart/form-data", PART("name=\"a\"", "x") "--b--\r\n", "1 4"},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct waf_lab lab;

		lab_init(&lab, "SecRule MULTIPART_STRICT_ERROR '@eq 1' 'id:1,phase:2,pass'\n"
			       "SecRule MULTIPART_DATA_BEFORE '@eq 1' 'id:2,phase:2,pass'\n"
			       "SecRule MULTIPART_LF_LINE '@eq 1' 'id:3,phase:2,pass'\n"
			       "SecRule REQBODY_ERROR '@eq 1' 'id:4,phase:2,pass'\n"
			       "SecRule MULTIPART_BOUNDARY_QUOTED '@eq 1' 'id:5,phase:2,pass'\n");
		ck_assert_msg(!strcmp(lab_post(&lab, rows[i].type, rows[i].body), rows[i].ids),
			      "%s: %s", rows[i].body, lab_ids(&lab));
		lab_fini(&lab);
	}
}
END_TEST

/* "a=evil" as zlib's gzip and deflate have it. */
static const char gzip_text[] = "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x4b\xb4\x4d\x2d\xcb\xcc"
				"\x01\x00\x25\xef\x64\x87\x06\x00\x00\x00";
static const char deflate_text[] = "\x78\x9c\x4b\xb4\x4d\x2d\xcb\xcc\x01\x00\x07\xb1\x02\x4f";

static const char *post_coded(struct waf_lab *lab, const char *coding, const char *body, size_t len)
{
	char head[400];

	snprintf(head, sizeof(head),
		 "POST / HTTP/1.1\r\nHost: a\r\nContent-Type: " FORM "\r\nContent-Encoding: %s\r\n"
		 "Content-Length: %zu\r\n\r\n",
		 coding, len);
	if (lab_request_head(lab, head) == WEIR_WAF_PASS)
		(void)lab_request_body(lab, weir_bytes_of(body, len));
	lab_end(lab);
	return lab_ids(lab);
}

START_TEST(content_codings_are_undone)
{
	static const struct {
		const char *coding, *body;
		size_t len;
		const char *ids;
	} rows[] = {
		{"gzip", gzip_text, sizeof(gzip_text) - 1, "1"},
		{"GZip", gzip_text, sizeof(gzip_text) - 1, "1"},
		{"identity", "a=evil", 6, "1"},
		{"identity, , gzip", gzip_text, sizeof(gzip_text) - 1, "1"},
		{"deflate", deflate_text, sizeof(deflate_text) - 1, "1"},
		/* what cannot be undone is an error */
		{"gzip", gzip_text, 10, "2"},
		{"gzip", "a=evil", 6, "1 2"},
		{"zstd", "a=evil", 6, "1 2"},
		{"gzip, gzip, gzip, gzip, gzip", gzip_text, sizeof(gzip_text) - 1, "2"},
	};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
		struct waf_lab lab;
		const char *ids;

		lab_init(&lab, "SecRule ARGS:a '@streq evil' 'id:1,phase:2,pass'\n"
			       "SecRule REQBODY_ERROR '@eq 1' 'id:2,phase:2,pass'\n");
		ids = post_coded(&lab, rows[i].coding, rows[i].body, rows[i].len);
		ck_assert_msg(!strcmp(ids, rows[i].ids), "%s %zu: %s", rows[i].coding, rows[i].len,
			      ids);
		lab_fini(&lab);
	}
}
END_TEST

#define BOMB_BYTES (4 << 20)

/* `bits`: of deflateInit2()'s window, or 0 for brotli. */
static size_t pack(int bits, const uint8_t *plain, size_t len, uint8_t *packed, size_t room)
{
	z_stream z = {.next_in = (Bytef *)(uintptr_t)plain, .avail_in = (uInt)len};

	if (!bits) {
		ck_assert(BrotliEncoderCompress(5, BROTLI_DEFAULT_WINDOW, BROTLI_MODE_GENERIC, len,
						plain, &room, packed));
		return room;
	}
	z.next_out = packed;
	z.avail_out = (uInt)room;
	ck_assert_int_eq(deflateInit2(&z, 9, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
	ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	return room - z.avail_out;
}

static const struct {
	const char *coding;
	int bits;
} bombs[] = {{"gzip", MAX_WBITS + 16}, {"deflate", MAX_WBITS}, {"br", 0}};

static uint8_t bomb[BOMB_BYTES], bomb_packed[16384];

/* "a=evil&pad=xxx…&last=evil", packed. */
static size_t make_bomb(int bits)
{
	static const char begin[] = "a=evil&pad=", end[] = "&last=evil";

	memset(bomb, 'x', sizeof(bomb));
	memcpy(bomb, begin, sizeof(begin) - 1);
	memcpy(bomb + sizeof(bomb) - (sizeof(end) - 1), end, sizeof(end) - 1);
	return pack(bits, bomb, sizeof(bomb), bomb_packed, sizeof(bomb_packed));
}

/* It is judged by its first bytes, and as one that could not be read. */
START_TEST(a_body_that_inflates_beyond_the_limit_is_an_error)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(bombs); i++) {
		size_t n = make_bomb(bombs[i].bits);
		struct waf_lab lab;
		const char *ids;

		lab_init(&lab, "SecRequestBodyLimit 20000\n"
			       "SecRule ARGS:a '@streq evil' 'id:1,phase:2,pass'\n"
			       "SecRule REQBODY_ERROR '@eq 1' 'id:2,phase:2,pass'\n"
			       "SecRule ARGS:last '@streq evil' 'id:3,phase:2,pass'\n"
			       "SecRule ARGS:pad '@rx ^x{19989}$' 'id:4,phase:2,pass'\n");
		ids = post_coded(&lab, bombs[i].coding, (const char *)bomb_packed, n);
		ck_assert_msg(!strcmp(ids, "1 2 4"), "%s: %s", bombs[i].coding, ids);
		lab_fini(&lab);
	}
}
END_TEST

START_TEST(a_response_that_inflates_beyond_the_limit_is_judged_by_its_first_bytes)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(bombs); i++) {
		size_t n = make_bomb(bombs[i].bits);
		char head[200];
		struct waf_lab lab;

		lab_init(&lab, "SecResponseBodyAccess On\nSecResponseBodyMimeType text/plain\n"
			       "SecResponseBodyLimit 20000\n"
			       "SecRule RESPONSE_BODY '@rx ^a=evil&pad=x{19989}$' "
			       "'id:1,phase:4,pass'\n");
		snprintf(head, sizeof(head),
			 "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
			 "Content-Encoding: %s\r\nContent-Length: %zu\r\n\r\n",
			 bombs[i].coding, n);
		ck_assert_int_eq(lab_request_head(&lab, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
				 WEIR_WAF_PASS);
		ck_assert_int_eq(weir_waf_request_end(lab.tx), WEIR_WAF_PASS);
		ck_assert_int_eq(lab_response_head(&lab, head), WEIR_WAF_PASS);
		ck_assert_int_eq(lab_response_body(&lab, weir_bytes_of(bomb_packed, n)),
				 WEIR_WAF_PASS);
		lab_end(&lab);
		ck_assert_msg(!strcmp(lab_ids(&lab), "1"), "%s: %s", bombs[i].coding,
			      lab_ids(&lab));
		lab_fini(&lab);
	}
}
END_TEST

/* A coding about a coding: each layer has the limit. */
START_TEST(a_bomb_in_two_layers_is_an_error_too)
{
	static uint8_t inner[16384];
	size_t n = make_bomb(0);
	struct waf_lab lab;
	const char *ids;

	memcpy(inner, bomb_packed, n);
	n = pack(0, inner, n, bomb_packed, sizeof(bomb_packed));
	lab_init(&lab, "SecRequestBodyLimit 20000\n"
		       "SecRule ARGS:a '@streq evil' 'id:1,phase:2,pass'\n"
		       "SecRule REQBODY_ERROR '@eq 1' 'id:2,phase:2,pass'\n");
	ids = post_coded(&lab, "br, br", (const char *)bomb_packed, n);
	ck_assert_str_eq(ids, "1 2");
	lab_fini(&lab);
}
END_TEST

START_TEST(pieces_of_a_body_come_to_the_same)
{
	struct waf_lab lab;

	lab_init(&lab, "SecRule ARGS:a '@streq evil' 'id:1,phase:2,pass'\n"
		       "SecRule ARGS:last '@streq x' 'id:2,phase:2,pass'\n");
	for (lab.piece = 1; lab.piece < 30; lab.piece++)
		ck_assert_str_eq(lab_post(&lab, FORM, "first=1&a=evil&last=x"), "1 2");
	lab_fini(&lab);
}
END_TEST

Suite *waf_body_suite(void)
{
	return WEIR_SUITE("waf body", bodies_are_read_by_their_processor,
			  parts_are_arguments_or_files, what_is_wrong_with_parts_is_flagged,
			  content_codings_are_undone,
			  a_body_that_inflates_beyond_the_limit_is_an_error,
			  a_response_that_inflates_beyond_the_limit_is_judged_by_its_first_bytes,
			  a_bomb_in_two_layers_is_an_error_too, pieces_of_a_body_come_to_the_same);
}
